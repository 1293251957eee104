//! The action `http.get`: a look at a server that `wilco.toml` names, and what is expected to be seen.
//!
//! Not a probe that goes on: it looks until what is expected is there, or its time is over. Layer 2.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::{
    action::{Action, ActionError, ActionSpec, Cx, Intent, Look, Outcome, Recovery, Tools},
    command::Effect,
    http::{HttpError, HttpRequest, HttpResponse},
    ids::ActionName,
    plan::StepPlan,
    secrets::Secrets,
};

use super::answer::{self, Expect, MOST};
use crate::{
    given::{self, Given},
    scalar,
};

/// The longest that one look may take, where the step says nothing, in seconds.
const TIMEOUT: u64 = 10;
/// How long to wait before looking again.
const AGAIN: SignedDuration = SignedDuration::from_millis(500);

/// The action.
#[derive(Debug, Clone, Copy, Default)]
pub struct HttpGet;

/// What a step with `http.get` says.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetArgs {
    /// The server, by its name in `wilco.toml`: `[server.NAME]`.
    server: String,
    /// The path below the server's address, a part each: `["api", "version"]`.
    #[serde(default, deserialize_with = "scalar::all")]
    path: Vec<String>,
    /// The query, by name.
    #[serde(default, deserialize_with = "scalar::by_name")]
    query: BTreeMap<String, String>,
    /// Headers, by name. A value may be `{ secret = "NAME" }`.
    #[serde(default, deserialize_with = "given::by_name")]
    headers: BTreeMap<String, Given>,
    /// What the answer must be like; where it is not given, any answer will do.
    #[serde(default)]
    expect: Expect,
    /// Where in the JSON of the answer the rows are, as in `/data/items`; absent: the whole, where it is a list.
    #[serde(default, deserialize_with = "answer::pointer")]
    rows: Option<String>,
    /// The longest that one look may take, in seconds; 10 where it is not given.
    #[serde(default)]
    #[schemars(range(min = 1))]
    timeout: Option<u64>,
    /// For how long to look again, twice a second, until the answer is as expected, in seconds; 0 looks once.
    #[serde(default)]
    within: u64,
}

impl GetArgs {
    fn request(&self, secrets: &Secrets, left: SignedDuration) -> Result<HttpRequest, String> {
        Ok(HttpRequest {
            server: self.server.clone(),
            method: "GET",
            path: self.path.clone(),
            query: self.query.clone().into_iter().collect(),
            headers: given::filled(&self.headers, secrets)?,
            body: None,
            max_bytes: MOST,
            timeout: answer::within(left, self.timeout.unwrap_or(TIMEOUT)),
            waits: self.within > 0,
        })
    }

    /// What is looked at, as people would name it.
    fn shown(&self) -> String {
        format!("{}/{}", self.server, self.path.join("/"))
    }
}

#[async_trait]
impl Action for HttpGet {
    type Args = GetArgs;

    fn spec(&self) -> ActionSpec {
        ActionSpec {
            name: ActionName::parse("http.get").expect("a well-formed name"),
            about: "Look at a server that wilco.toml names, and check its answer",
            effect: Effect::Read,
            effect_by_step: false,
            abortable: true,
            lag: Duration::ZERO,
        }
    }

    async fn plan(&self, _: &Look, _: &GetArgs) -> Result<StepPlan, ActionError> {
        Ok(StepPlan::default())
    }

    async fn run(&self, cx: &Cx, args: GetArgs, _: &StepPlan) -> Result<Outcome, ActionError> {
        look(cx.tools(), &args, cx.intent().deadline).await
    }

    async fn recover(&self, _: &Tools, _: &Intent) -> Recovery {
        // Looking again is as good as having looked.
        Recovery::NotStarted
    }
}

/// Looks until the answer is as expected, or the time is over.
async fn look(tools: &Tools, args: &GetArgs, deadline: Timestamp) -> Result<Outcome, ActionError> {
    let within = SignedDuration::from_secs(i64::try_from(args.within).unwrap_or(i64::MAX));
    let last = tools.clock.now().saturating_add(within).unwrap_or(deadline).min(deadline);
    loop {
        let request = args.request(&tools.secrets, deadline.duration_since(tools.clock.now()));
        let request = request.map_err(|why| ActionError::failed(format!("`{}`: {why}.", args.shown())))?;
        let answer = tokio::select! {
            answer = tools.http.send(request) => answer,
            () = tools.cancel.cancelled() => return Err(stopped(args)),
        };
        let (why, again) = match answer {
            Ok(answer) => match judge(args, &answer) {
                Ok(outcome) => return Ok(outcome),
                Err(why) => (why, true),
            },
            Err(error @ HttpError::NoSuchServer(_)) => (error.to_string(), false),
            Err(error) => (error.to_string(), true),
        };
        let next = tools.clock.now().saturating_add(AGAIN).unwrap_or(deadline);
        if !again || next > last {
            let waited = if args.within > 0 && again {
                format!(" (looked for {} s)", args.within)
            } else {
                String::new()
            };
            return Err(ActionError::failed(format!("`{}`: {why}{waited}.", args.shown())));
        }
        tokio::select! {
            () = tools.clock.until(next) => {}
            () = tools.cancel.cancelled() => return Err(stopped(args)),
        }
    }
}

fn stopped(args: &GetArgs) -> ActionError {
    ActionError::Aborted {
        what: format!("Looking at `{}` was stopped; nothing was changed by it.", args.shown()),
    }
}

fn judge(args: &GetArgs, answer: &HttpResponse) -> Result<Outcome, String> {
    let body = String::from_utf8_lossy(&answer.body);
    if let Some(why) = args.expect.missed(answer.status, &body) {
        return Err(why);
    }
    args.expect.outcome(&args.shown(), answer, args.rows.as_deref())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use wilco_contract::{action::DynAction, clock::Cancel};
    use wilco_testkit::fakes::{self, FakeHttp, HeardLines};

    use super::*;

    async fn run(http: &Arc<FakeHttp>, args: Value) -> Result<Outcome, ActionError> {
        let tools = fakes::tools(Arc::clone(http) as _, Arc::new(HeardLines::default()));
        DynAction::run(&HttpGet, &fakes::cx(fakes::intent("http.get", args), tools)).await
    }

    async fn why(http: FakeHttp, args: Value) -> String {
        run(&Arc::new(http), args).await.expect_err("not as expected").to_string()
    }

    #[tokio::test]
    async fn what_is_seen_is_told() {
        let http = Arc::new(FakeHttp::default().answer("web", 200, "\nrevision ab\n"));
        let args = json!({ "server": "web", "path": ["version"], "query": { "q": "1" } });
        let outcome = run(&http, args).await.expect("an answer");
        assert_eq!(outcome.summary.as_deref(), Some("web/version answers 200: revision ab"));
        assert_eq!(outcome.outputs["status"], 200);
        let asked = http.asked();
        assert_eq!((asked[0].method, asked[0].path.as_slice()), ("GET", ["version".to_owned()].as_slice()));
        assert_eq!(asked[0].query, [("q".to_owned(), "1".to_owned())]);
        assert!(asked[0].timeout <= Duration::from_secs(TIMEOUT));
    }

    #[tokio::test]
    async fn what_is_not_as_expected_is_said() {
        let version = |expect: Value| json!({ "server": "web", "path": ["version"], "expect": expect });
        let web = || FakeHttp::default().answer("web", 503, "busy");
        let said = why(web(), version(json!({ "status": 200 }))).await;
        assert_eq!(said, "`web/version`: it answered with status 503, not 200.");
        let said = why(web(), version(json!({ "contains": "ab" }))).await;
        assert_eq!(said, "`web/version`: its answer `busy` does not contain `ab`.");
        assert!(run(&Arc::new(web()), version(json!({}))).await.is_ok());
        let said = why(web(), json!({ "server": "api", "within": 60 })).await;
        assert!(said.contains("names no server `api`"), "{said}");
    }

    #[tokio::test]
    async fn it_looks_again_until_it_is_there() {
        let refused = HttpError::NotSent { server: "web".into(), why: "refused".into() };
        let http = Arc::new(FakeHttp::default().fail("web", refused.clone()).answer("web", 200, "ab"));
        let args = json!({ "server": "web", "expect": { "contains": "ab" }, "within": 30 });
        assert!(run(&http, args).await.is_ok());
        assert_eq!(http.asked().len(), 2);
        let args = json!({ "server": "web", "expect": { "status": 200 }, "within": 1 });
        let said = why(FakeHttp::default().fail("web", refused), args).await;
        assert_eq!(said, "`web/`: `web` was not reached: refused (looked for 1 s).");
    }

    #[tokio::test]
    async fn it_stops_on_a_wish() {
        let http = Arc::new(FakeHttp::default().answer("web", 500, ""));
        let mut tools = fakes::tools(http, Arc::new(HeardLines::default()));
        tools.cancel = Cancel::when(std::future::ready(()));
        let args = json!({ "server": "web", "expect": { "status": 200 }, "within": 3600 });
        let result = DynAction::run(&HttpGet, &fakes::cx(fakes::intent("http.get", args), tools)).await;
        assert!(matches!(result, Err(ActionError::Aborted { .. })), "{result:?}");
    }
}
