//! What the orders of rules, listeners and schedules have in common: nobody waits for them.
//!
//! Not when one speaks up, nor in which words it is answered. Layer 1.

use std::sync::Arc;

use wilco_contract::{ids::Place, operation::Operation, reply::Reply, store::Record};

use crate::{
    Answer, RefusedKind,
    core::Core,
    inbox::{self, Understood, Wishes},
    orders::{self, From},
    outbox,
    planning::later,
};

/// How late an order may come and still be run, in seconds.
pub(crate) const STALE_SECS: i64 = 600;
/// The longest pause after the store could not write, in seconds.
const LONGEST_PAUSE_SECS: i64 = 30;

/// What came of an order.
pub(crate) enum Came {
    /// Nothing that is to be told; it needs no more work.
    Nothing,
    /// It is left for the next start: it was accepted.
    Left,
    /// An operation, whose record says that the order was handled.
    Operation(Arc<Operation>),
    /// Its answer was said elsewhere, and that it was handled is written.
    Said,
    /// This is to be told.
    Told(Reply),
}

/// Gives an order within its program's limit.
pub(crate) async fn give(core: &Arc<Core>, from: From, words: &str, wishes: Wishes) -> Came {
    if let Some((answered, tell)) = orders::beyond_limit(core, &from.who) {
        return match answered {
            Answer::Refused { reply, .. } if tell => Came::Told(reply),
            _ => Came::Nothing,
        };
    }
    match inbox::understand(core, from, words, wishes).await {
        Understood::Silence => Came::Told(Reply::refusal("There is no such command.")),
        Understood::Answer(Answer::Operation(operation)) => Came::Operation(operation),
        Understood::Answer(Answer::Refused { kind: RefusedKind::Unavailable, .. }) if core.is_stopping() => {
            Came::Left
        }
        Understood::Answer(Answer::Done { reply, .. }) if reply.blocks.is_empty() => Came::Said,
        Understood::Answer(Answer::Refused { kind: RefusedKind::StillLimited, .. }) => Came::Nothing,
        Understood::Answer(Answer::Done { reply, .. } | Answer::Refused { reply, .. }) => Came::Told(reply),
    }
}

/// Writes what came of an order until it is written or Wilco stops, and has it shown.
pub(crate) async fn write(core: &Arc<Core>, program: &str, place: &Place, records: Vec<Record>) {
    let mut pause = 1;
    while let Err(error) = core.commit(records.clone()).await {
        tracing::error!(program, %error, "What came of an order could not be written; trying again.");
        tokio::select! {
            () = core.clock.until(later(core.clock.now(), pause)) => pause = (pause * 2).min(LONGEST_PAUSE_SECS),
            () = core.stopped() => return,
        }
    }
    outbox::ring(core, place);
}
