//! Orders from programs and forms, answered to the caller.
//!
//! Not text in a room: that goes by `messages`, and is answered there. Layer 3.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use wilco_contract::{
    ids::{CommandId, Place},
    input::MAX_TEXT,
    values::Args,
};
use wilco_engine::{Answer as Answered, Call, CallWhat, RefusedKind, Worded};

use super::Answer;
use crate::{
    door::Door,
    dto::{Blocks, Done, InWords, Started},
    extract::{Json, idempotency_key, open_place},
    guard::Caller,
    problem::Problem,
    text,
    whole::whole,
};

/// An order: in words, or as a command with its arguments.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// The order in words, without a name in front.
    order: Option<String>,
    /// The command's id.
    command: Option<String>,
    /// Its arguments by name.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, Value>")]
    args: Args,
    /// Where; absent: the caller alone is answered, and an operation stands in its home room.
    place: Option<String>,
    /// The asker's reason.
    because: Option<String>,
    /// Plan only, as it would be planned in `place`; the caller alone is told.
    #[serde(default)]
    dry_run: bool,
}

/// A command with its arguments.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// The command's id.
    command: String,
    /// Its arguments by name, as far as they are known.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, Value>")]
    args: Args,
    /// Where it would be said; absent: in the home room.
    place: Option<String>,
}

pub(super) async fn words(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Json(form): Json<Form>,
) -> Result<Answer<InWords>, Problem> {
    let place = match &form.place {
        Some(text) => Place::parse(text).map_err(|error| Problem::malformed(format!("{error}.")))?,
        None => door.home.clone(),
    };
    let id = CommandId::parse(&form.command).map_err(|error| Problem::malformed(format!("{error}.")))?;
    // That a value does not fit is what was asked for, and no fault of the asking.
    let (order, missing, wrong) = match door.desk.in_words(&caller.who, &place, (&id, &form.args)) {
        Worded::Whole(order) => (Some(order), Vec::new(), None),
        Worded::Begun(order, missing) => (Some(order), missing, None),
        Worded::Malformed(what) => (None, Vec::new(), Some(format!("{what}."))),
        Worded::Unknown => return Err(Problem::there_is_no("command", id.as_str())),
    };
    Ok(Answer::ok(InWords { order, missing, wrong }))
}

pub(super) async fn call(
    State(door): State<Arc<Door>>,
    caller: Caller,
    headers: HeaderMap,
    Json(order): Json<Order>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let place = match &order.place {
        Some(text) => Some(Place::parse(text).map_err(|error| Problem::malformed(format!("{error}.")))?),
        None => None,
    };
    if let Some(place) = place.as_ref().filter(|place| place.connector() == "web") {
        open_place(&door, &caller, place)?;
    }
    if place.is_some() && caller.only_reads() {
        // The room would be shown its words.
        return Err(Problem::denied("A token with the scope `read` says nothing in a room.")
            .with("rule", "scope read")
            .with(
                "you_can",
                "Leave out `place`, or make a token with `wilco token create NAME --scope order`.",
            ));
    }
    let what = what(order.order, order.command, order.args)?;
    let because = order.because.map(|because| text::clean(&because).into_owned());
    let call = Call { who: caller.who, what, place, because, dry_run: order.dry_run, key };
    let desk = Arc::clone(&door.desk);
    let answered = whole(&door.spawn, "web.call", async move { desk.call(call).await }).await;
    match answered {
        Some(Answered::Done { reply, rows }) => {
            let done = Done { text: reply.plain(), blocks: Blocks(reply.blocks), rows };
            Ok(Answer::ok(done).into_response())
        }
        Some(Answered::Operation(operation)) => {
            let started =
                Started { operation: operation.id.to_string(), hash: operation.plan.hash.to_string() };
            Ok(Answer(StatusCode::ACCEPTED, started).into_response())
        }
        Some(Answered::Refused { reply, kind }) => Err(refused(kind).with_reply(&text::clean_reply(&reply))),
        None => Err(Problem::internal("Wilco made a mistake. Look at the operations before you try again.")),
    }
}

fn what(order: Option<String>, command: Option<String>, args: Args) -> Result<CallWhat, Problem> {
    match (order, command) {
        (Some(order), None) if args.is_empty() => {
            if order.len() > MAX_TEXT {
                return Err(Problem::too_long(format!(
                    "The order has {} bytes, and one has at most {MAX_TEXT}.",
                    order.len()
                )));
            }
            Ok(CallWhat::Order(text::clean(&order).into_owned()))
        }
        (None, Some(command)) => {
            let id = CommandId::parse(&command).map_err(|error| Problem::malformed(format!("{error}.")))?;
            Ok(CallWhat::Command(id, args))
        }
        (Some(_), None) => {
            Err(Problem::malformed("`args` belongs to `command`; an `order` has its own in its words."))
        }
        _ => Err(Problem::malformed("Send either `order`, in words, or `command` with `args`.")),
    }
}

fn refused(kind: RefusedKind) -> Problem {
    match kind {
        RefusedKind::Unknown => Problem::not_found(""),
        RefusedKind::Malformed | RefusedKind::Failed => Problem::unfit(""),
        RefusedKind::Denied => Problem::denied(""),
        RefusedKind::Limited | RefusedKind::StillLimited => Problem::too_many(""),
        RefusedKind::Unavailable => Problem::unavailable(""),
    }
}
