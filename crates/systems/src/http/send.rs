//! The action `http.send`: one request that changes something at a server that `wilco.toml` names.
//!
//! Not a look, which may be repeated: it sends once, and where no whole answer comes, nobody can tell whether the
//! server did it. Layer 2.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wilco_contract::{
    action::{Action, ActionError, ActionSpec, Cx, Intent, Look, Outcome, Recovery, Tools},
    command::Effect,
    http::{HttpError, HttpRequest},
    ids::ActionName,
    plan::StepPlan,
    secrets::Secrets,
};

use super::answer::{self, Expect, MOST, start};
use crate::{
    given::{self, Given},
    scalar,
};

/// The longest that a request may take, where the step says nothing, in seconds.
const TIMEOUT: u64 = 30;
/// The longest body that is sent, in bytes.
const MOST_SENT: usize = 1 << 20;
/// Statuses by which something between says that it does not know what the server did.
const NOBODY_KNOWS: [u16; 3] = [408, 502, 504];

/// The action.
#[derive(Debug, Clone, Copy, Default)]
pub struct HttpSend;

/// The methods that change something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    #[default]
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    fn word(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What a step with `http.send` says.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendArgs {
    /// The server, by its name in `wilco.toml`: `[server.NAME]`.
    server: String,
    /// `POST`, `PUT`, `PATCH` or `DELETE`; `POST` where it is not given.
    #[serde(default)]
    method: Method,
    /// The path below the server's address, a part each: `["api", "deploys"]`.
    #[serde(default, deserialize_with = "scalar::all")]
    path: Vec<String>,
    /// The query, by name.
    #[serde(default, deserialize_with = "scalar::by_name")]
    query: BTreeMap<String, String>,
    /// Headers, by name. A value may be `{ secret = "NAME" }`.
    #[serde(default, deserialize_with = "given::by_name")]
    headers: BTreeMap<String, Given>,
    /// What is sent as JSON. A value in it may be `{ secret = "NAME" }`.
    #[serde(default)]
    json: Option<Value>,
    /// What is sent as it is, in place of `json`. It may be `{ secret = "NAME" }`.
    #[serde(default, deserialize_with = "given::one")]
    body: Option<Given>,
    /// What the answer must be like; any status from 200 to 299 where it is not given.
    #[serde(default)]
    expect: Expect,
    /// Where in the JSON of the answer the rows are, as in `/data/items`; absent: the whole, where it is a list.
    #[serde(default, deserialize_with = "answer::pointer")]
    rows: Option<String>,
    /// A header by which the server knows a request that it had before: `Idempotency-Key`. Its value is the same for
    /// every attempt of a step, and with it a request is sent again after a restart.
    #[serde(default, deserialize_with = "scalar::text")]
    idempotency: Option<String>,
    /// The longest that it may take, in seconds; 30 where it is not given, never longer than the command.
    #[serde(default)]
    #[schemars(range(min = 1))]
    timeout: Option<u64>,
}

impl SendArgs {
    /// The request, with its secrets.
    ///
    /// # Errors
    /// What does not fit, in a sentence without its full stop.
    fn request(
        &self,
        intent: &Intent,
        secrets: &Secrets,
        left: SignedDuration,
    ) -> Result<HttpRequest, String> {
        let mut headers = given::filled(&self.headers, secrets)?;
        let says = |name: &str| self.headers.keys().any(|said| said.eq_ignore_ascii_case(name));
        if let Some(name) = &self.idempotency {
            if says(name) {
                return Err(format!("`{name}` stands in `headers` and in `idempotency`"));
            }
            headers.push((name.clone(), intent.key_of_all_attempts().to_owned()));
        }
        let body = match (&self.json, &self.body) {
            (Some(_), Some(_)) => return Err("it has `json` and `body`, and can send one of them".into()),
            (Some(json), None) => {
                if !says("content-type") {
                    headers.push(("content-type".into(), "application/json".into()));
                }
                Some(secrets.filled(json)?.to_string().into_bytes())
            }
            (None, Some(body)) => Some(body.text(secrets)?.as_bytes().to_vec()),
            (None, None) => None,
        };
        if body.as_ref().is_some_and(|body| body.len() > MOST_SENT) {
            return Err(format!("its body is longer than {MOST_SENT} bytes"));
        }
        Ok(HttpRequest {
            server: self.server.clone(),
            method: self.method.word(),
            path: self.path.clone(),
            query: self.query.clone().into_iter().collect(),
            headers,
            body,
            max_bytes: MOST,
            timeout: answer::within(left, self.timeout.unwrap_or(TIMEOUT)),
            waits: false,
        })
    }

    /// What is sent, as people would name it.
    fn shown(&self) -> String {
        format!("{} {}/{}", self.method.word(), self.server, self.path.join("/"))
    }
}

#[async_trait]
impl Action for HttpSend {
    type Args = SendArgs;

    fn spec(&self) -> ActionSpec {
        ActionSpec {
            name: ActionName::parse("http.send").expect("a well-formed name"),
            about: "Send a request to a server that wilco.toml names",
            effect: Effect::Write,
            effect_by_step: true,
            // What is under way cannot be called back; it ends soon by itself.
            abortable: false,
            lag: Duration::ZERO,
        }
    }

    async fn plan(&self, _: &Look, args: &SendArgs) -> Result<StepPlan, ActionError> {
        if args.json.is_some() && args.body.is_some() {
            return Err(ActionError::failed("It has `json` and `body`, and can send one of them."));
        }
        Ok(StepPlan { will: vec![format!("sends {}", args.shown())], ..StepPlan::default() })
    }

    async fn run(&self, cx: &Cx, args: SendArgs, _: &StepPlan) -> Result<Outcome, ActionError> {
        let (intent, tools) = (cx.intent(), cx.tools());
        let shown = args.shown();
        let left = intent.deadline.duration_since(tools.clock.now());
        let request = args.request(intent, &tools.secrets, left);
        let request =
            request.map_err(|why| ActionError::failed(format!("`{shown}` was not sent: {why}.")))?;
        let answer = match tools.http.send(request).await {
            Ok(answer) => answer,
            Err(error @ HttpError::Unknown { .. }) => {
                return Err(ActionError::unknown(format!("`{shown}` may have been done: {error}.")));
            }
            Err(error) => return Err(ActionError::failed(format!("`{shown}` was not sent: {error}."))),
        };
        let body = String::from_utf8_lossy(&answer.body);
        let said = if body.trim().is_empty() { String::new() } else { format!(": {}", start(&body, 200)) };
        let expected = args.expect.status.is_some_and(|status| status == answer.status);
        if NOBODY_KNOWS.contains(&answer.status) && !expected {
            let what =
                format!("`{shown}` may have been done: it answered with status {}{said}.", answer.status);
            return Err(ActionError::unknown(what));
        }
        if args.expect.status.is_none() && !(200..300).contains(&answer.status) {
            let what = format!("`{shown}`: it answered with status {}{said}.", answer.status);
            return Err(ActionError::failed(what));
        }
        if let Some(why) = args.expect.missed(answer.status, &body) {
            return Err(ActionError::failed(format!("`{shown}`: {why}.")));
        }
        args.expect
            .outcome(&shown, &answer, args.rows.as_deref())
            .map_err(|why| ActionError::failed(format!("`{shown}` was taken, but {why}.")))
    }

    async fn recover(&self, _: &Tools, intent: &Intent) -> Recovery {
        match serde_json::from_value::<SendArgs>(intent.args.clone()) {
            // The server knows it again, so sending it once more is as good as having sent it.
            Ok(args) if args.idempotency.is_some() => Recovery::NotStarted,
            Ok(args) => Recovery::Unknown(format!(
                "`{}` may have been sent before the restart, and has no `idempotency` header to send it again by",
                args.shown()
            )),
            Err(error) => Recovery::Unknown(format!("its arguments cannot be read: {error}")),
        }
    }
}
