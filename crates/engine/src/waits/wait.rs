//! `wait`: for a span of time, or until a time.
//!
//! Not for a condition: a step that looks may be tried again. Layer 1.

use std::{borrow::Cow, sync::Weak, time::Duration};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de::Error as _};
use wilco_contract::{
    action::{Action, ActionError, ActionSpec, Cx, Intent, Look, Outcome, Recovery, Tools},
    command::Effect,
    ids::ActionName,
    plan::StepPlan,
};

use super::{LONGEST_SECS, WAIT};
use crate::{core::Core, planning::later, span::Span, words};

/// The arguments of `wait` as a step has them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// For how long: `10m`, at most 7 days.
    #[serde(rename = "for")]
    span: Option<Span>,
    /// Until when: an argument of the type `time`, or `2026-01-05T14:00:00Z`.
    #[serde(default, deserialize_with = "moment")]
    #[schemars(with = "Option<String>", extend("examples" = ["2026-01-05T14:00:00Z"]))]
    until: Option<Timestamp>,
}

fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    let moment = text.parse().map_err(|_| {
        D::Error::custom(format!("`{text}` is not a time with its zone, such as `2026-01-05T14:00:00Z`"))
    });
    moment.map(Some)
}

/// What `wait` waits for.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) enum WaitArgs {
    /// For so long.
    For(Span),
    /// Until then.
    Until(Timestamp),
}

impl JsonSchema for WaitArgs {
    fn schema_name() -> Cow<'static, str> {
        "Wait".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Written::json_schema(generator)
    }
}

impl TryFrom<Written> for WaitArgs {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match (written.span, written.until) {
            (Some(span), None) if span.0 > LONGEST_SECS => {
                Err(format!("{} is longer than 7 days, which are the most", span.said()))
            }
            (Some(span), None) => Ok(Self::For(span)),
            (None, Some(until)) => Ok(Self::Until(until)),
            _ => Err("`for` or `until` is needed, and not both".to_owned()),
        }
    }
}

impl WaitArgs {
    /// When it is over, if it begins now.
    pub(super) fn until(self, now: Timestamp) -> Result<Timestamp, String> {
        let most = i64::try_from(LONGEST_SECS).unwrap_or(i64::MAX);
        match self {
            Self::For(span) => Ok(later(now, span.secs())),
            Self::Until(until) if until.duration_since(now) > SignedDuration::from_secs(most) => {
                Err(format!("{until} is more than 7 days away, which are the most"))
            }
            // What is past is not waited for, and its call is in time all the same.
            Self::Until(until) => Ok(until.max(now)),
        }
    }
}

/// The action.
pub(super) struct Wait {
    pub(super) core: Weak<Core>,
}

/// Waits to the moment that the call was committed with.
async fn wait(tools: &Tools, intent: &Intent) -> Result<Outcome, ActionError> {
    futures_util::select_biased! {
        () = tools.cancel.cancelled().fuse() => {
            Err(ActionError::Aborted { what: "It was stopped while it waited.".to_owned() })
        }
        () = tools.clock.until(intent.deadline).fuse() => {
            Ok(Outcome { summary: Some("waited".to_owned()), ..Outcome::default() })
        }
    }
}

#[async_trait]
impl Action for Wait {
    type Args = WaitArgs;

    fn spec(&self) -> ActionSpec {
        ActionSpec {
            name: ActionName::parse(WAIT).expect("our own names are well formed"),
            about: "waits for a while, or until a time",
            effect: Effect::Read,
            effect_by_step: false,
            abortable: true,
            lag: Duration::ZERO,
        }
    }

    async fn plan(&self, look: &Look, args: &WaitArgs) -> Result<StepPlan, ActionError> {
        args.until(look.clock.now()).map_err(ActionError::failed)?;
        let will = match args {
            WaitArgs::For(span) => format!("waits {}", span.said()),
            WaitArgs::Until(until) => {
                let said = self.core.upgrade().map(|core| words::time(&core, *until));
                format!("waits until {}", said.unwrap_or_else(|| until.to_string()))
            }
        };
        Ok(StepPlan { will: vec![will], ..StepPlan::default() })
    }

    async fn run(&self, cx: &Cx, _: WaitArgs, _: &StepPlan) -> Result<Outcome, ActionError> {
        if !cx.intent().waits {
            return Err(ActionError::failed("a read is answered at once, so that it cannot wait"));
        }
        wait(cx.tools(), cx.intent()).await
    }

    async fn recover(&self, tools: &Tools, intent: &Intent) -> Recovery {
        Recovery::Done(wait(tools, intent).await)
    }
}
