//! What is said to nobody and what happens beside lines: what listeners make of it, and what they say or have run.
//!
//! Not orders: those are said to us, by people. A line gives a listener its words and no rights: what a listener runs,
//! it runs in its own name, through the gate. What nobody heeds is neither stored nor copied. Layer 1.

mod matcher;

use std::sync::Arc;

use jiff::Timestamp;
use wilco_contract::{
    connector::DeliveryKey,
    expr::Names,
    ids::{Account, PersonId, Place, Seq},
    input::{Happening, Happens, Input, Message, Trigger},
    listen::{Does, Listener, Whose, say},
    principal::{Principal, Program, ProgramKind},
    reply::Reply,
    store::{Batch, Record, StoreError, When},
};

pub use self::matcher::{Hit, MAX_HEARD, MOST_HITS, Matcher};
use crate::{breaker, core::Core, inbox, parse, route::order, trigger};

/// What sets a listener off: a line, or something beside lines.
struct Cause<'a> {
    /// The network's id of it.
    id: &'a str,
    place: &'a Place,
    /// The thread of what comes of it; none: the room itself.
    thread: Option<&'a str>,
    /// The person who did it; none where nobody we know did.
    by: Option<&'a PersonId>,
    at: Timestamp,
}

/// Something that is set off.
enum SetOff {
    /// This is said.
    Say(String, Reply),
    /// This is run.
    Run(Box<Trigger>),
}

/// Listens to a line that is said to nobody. Returns once what it sets off is kept.
pub(crate) async fn heard(core: &Arc<Core>, message: &Message, kept: Option<Seq>) {
    let live = core.live.load_full();
    let text = parse::clean(&message.text);
    let hits = live.listen.hits(&text, &message.place);
    if !hits.is_empty() && inbox::is_fresh(core, message.at) && !core.repeats.has(&message.place, &message.id)
    {
        let by = core.with_policy(|policy| policy.resolve(&message.from));
        let who = whose(&by, &message.from);
        let cause = Cause {
            id: &message.id,
            place: &message.place,
            thread: Some(message.thread.as_ref().unwrap_or(&message.id)),
            by: by.person(),
            at: message.at,
        };
        for hit in hits {
            set_off(core, hit.listener, &cause, &hit.hear.names(&hit.groups, &who)).await;
        }
    }
    inbox::handled(core, kept).await;
}

/// Heeds what happened beside lines. Returns once what it sets off is kept.
pub(crate) async fn happened(core: &Arc<Core>, happening: &Happening) {
    let live = core.live.load_full();
    let heeding = live.listen.heeding(happening);
    let is_late = !inbox::is_fresh(core, happening.at);
    if heeding.is_empty() || is_late || core.repeats.has(&happening.place, &happening.id) {
        return;
    }
    let by = core.with_policy(|policy| policy.resolve(&happening.from));
    let thread = match &happening.what {
        Happens::Reacted { on, .. } => Some(on.thread.as_ref().unwrap_or(&on.id)),
        Happens::Joined | Happens::Left | Happens::Topic { .. } => None,
    };
    let cause = Cause {
        id: &happening.id,
        place: &happening.place,
        thread: thread.map(String::as_str),
        by: by.person(),
        at: happening.at,
    };
    let names = happening.what.names(&whose(&by, &happening.from));
    for listener in heeding {
        set_off(core, listener, &cause, &names).await;
    }
}

fn whose<'a>(by: &'a Principal, account: &'a Account) -> Whose<'a> {
    match by {
        Principal::Person { id, name, .. } => Whose { id: Some(id.as_str()), name, account },
        _ => Whose { id: None, name: account.id(), account },
    }
}

/// Has a listener do what it does, unless it does nothing or too much.
async fn set_off(core: &Arc<Core>, listener: &Listener, cause: &Cause<'_>, names: &Names) {
    let Some(set_off) = does(listener, cause, names) else { return };
    if breaker::passes(core, cause.place, &format!("listener:{}", listener.name)).await {
        begin(core, cause, set_off).await;
    }
}

/// What a listener does. Where nobody we know stands behind what set it off, nothing is run.
fn does(listener: &Listener, cause: &Cause<'_>, names: &Names) -> Option<SetOff> {
    // One thing sets a listener off once, however often its network delivers it.
    let id = format!("listener/{}/{}", listener.name, cause.id);
    match &listener.does {
        Does::Say(template) => match say(template, names) {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some(SetOff::Say(id, Reply::text(text))),
            Err(error) => {
                tracing::warn!(listener = listener.name, at = %listener.origin, %error, "It has nothing to say.");
                None
            }
        },
        Does::Run(template) => {
            let by = cause.by?;
            match order::fill(template, names) {
                Ok(order) => Some(SetOff::Run(Box::new(Trigger {
                    id,
                    program: Program { kind: ProgramKind::Listener, name: listener.name.clone() },
                    set_off_by: Some(by.clone()),
                    order,
                    place: cause.place.clone(),
                    thread: cause.thread.map(str::to_owned),
                    at: cause.at,
                    late: false,
                }))),
                Err(why) => {
                    let text = format!("Listener `{}` gives no order: {why}.", listener.name);
                    Some(SetOff::Say(id, Reply::refusal(text)))
                }
            }
        }
    }
}

async fn begin(core: &Arc<Core>, cause: &Cause<'_>, set_off: SetOff) {
    match set_off {
        SetOff::Say(id, reply) => {
            let (core_here, place) = (core.clone(), cause.place.clone());
            let thread = cause.thread.map(str::to_owned);
            let said = async move {
                let key = DeliveryKey(format!("{place}/{id}"));
                if let Err(error) = core_here.ways.post(&place, thread.as_deref(), &reply, &key).await {
                    tracing::warn!(%place, %error, "What a listener says was not shown.");
                }
            };
            core.spawn.spawn("listener", Box::pin(said));
        }
        SetOff::Run(trigger) => {
            let records = vec![Record::Input(Input::Trigger((*trigger).clone()))];
            let batch = Batch { at: core.clock.now(), records };
            match core.store.commit(batch, When::Now).await {
                Ok(Some(input)) => trigger::begin(core, input, *trigger),
                // The network brought it before.
                Err(StoreError::Conflict(_)) | Ok(None) => {}
                Err(error) => tracing::error!(%error, "What a listener wants to run could not be kept."),
            }
        }
    }
}
