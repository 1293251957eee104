//! Lines that are said to nobody: what listeners hear in them, and what they say or have run.
//!
//! Not orders: those are said to us, by people. A line gives a listener its words and no rights: what a listener runs,
//! it runs in its own name, through the gate. A line that nobody hears is neither stored nor copied. Layer 1.

mod matcher;

use std::sync::Arc;

use wilco_contract::{
    connector::DeliveryKey,
    ids::{PersonId, Seq},
    input::{Input, Message, Trigger},
    listen::{Does, say},
    principal::{Program, ProgramKind},
    reply::Reply,
    store::{Batch, Record, StoreError, When},
};

pub use self::matcher::{Hit, MAX_HEARD, MOST_HITS, Matcher};
use crate::{breaker, core::Core, inbox, parse, route::order, trigger};

/// How old a line may be and still be heard, in seconds.
const STALE_SECS: i64 = 120;

/// Something that a line sets off.
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
    let fresh = || core.clock.now().duration_since(message.at).as_secs() <= STALE_SECS;
    if !hits.is_empty() && fresh() {
        let by = core.with_policy(|policy| policy.resolve(&message.from)).person().cloned();
        for hit in hits {
            let Some(set_off) = set_off(message, &hit, by.as_ref()) else { continue };
            if breaker::passes(core, &message.place, &format!("listener:{}", hit.listener.name)).await {
                begin(core, message, set_off).await;
            }
        }
    }
    inbox::handled(core, kept).await;
}

/// What a hit sets off. Where nobody we know stands behind the line, nothing is run.
fn set_off(message: &Message, hit: &Hit<'_>, by: Option<&PersonId>) -> Option<SetOff> {
    let listener = hit.listener;
    let names = listener.hear.names(&hit.groups);
    // One line sets a listener off once, however often its network delivers it.
    let id = format!("listener/{}/{}", listener.name, message.id);
    match &listener.does {
        Does::Say(template) => match say(template, &names) {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some(SetOff::Say(id, Reply::text(text))),
            Err(error) => {
                tracing::warn!(listener = listener.name, at = %listener.origin, %error, "It has nothing to say.");
                None
            }
        },
        Does::Run(template) => {
            let by = by?;
            match order::fill(template, &names) {
                Ok(order) => Some(SetOff::Run(Box::new(Trigger {
                    id,
                    program: Program { kind: ProgramKind::Listener, name: listener.name.clone() },
                    set_off_by: Some(by.clone()),
                    order,
                    place: message.place.clone(),
                    thread: Some(thread(message)),
                    at: message.at,
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

fn thread(message: &Message) -> String {
    message.thread.clone().unwrap_or_else(|| message.id.clone())
}

async fn begin(core: &Arc<Core>, message: &Message, set_off: SetOff) {
    match set_off {
        SetOff::Say(id, reply) => {
            let (core_here, place, thread) = (core.clone(), message.place.clone(), thread(message));
            let said = async move {
                let key = DeliveryKey(format!("{place}/{id}"));
                if let Err(error) = core_here.ways.post(&place, Some(&thread), &reply, &key).await {
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
                // The network brought the line before.
                Err(StoreError::Conflict(_)) | Ok(None) => {}
                Err(error) => tracing::error!(%error, "What a listener wants to run could not be kept."),
            }
        }
    }
}
