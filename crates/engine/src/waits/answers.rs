//! Answers to what operations ask: which words are one, and the way to the operation.
//!
//! Not whether one counts: the operation's own life decides that, once, whichever door it came by. Layer 1.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::oneshot;
use wilco_contract::{
    connector::DeliveryKey,
    gate::Denial,
    ids::OpId,
    input::Message,
    operation::{Operation, Slot},
    principal::Principal,
    reply::{PressKind, Reply},
    store::AuditEntry,
};

use super::{ask::AskArgs, asking};
use crate::{
    Answer, Decide, PlanSeen, RefusedKind, alias,
    catalogue::Reading,
    core::Core,
    inbox,
    lanes::Waiting,
    life::{self, Told},
    orders,
    parse::{self, Addressed},
    words,
};

/// The word that stops the operation instead of answering.
const CANCEL: &str = "cancel";

/// The operations that ask something.
#[derive(Default)]
pub(crate) struct Asking(Mutex<HashSet<OpId>>);

impl Asking {
    fn all(&self) -> MutexGuard<'_, HashSet<OpId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in how an operation stands.
    pub(crate) fn saw(&self, op: &Operation) {
        if asking(op).is_some() {
            self.all().insert(op.id.clone());
        } else {
            self.forget(&op.id);
        }
    }

    /// Forgets an operation.
    pub(crate) fn forget(&self, id: &OpId) {
        self.all().remove(id);
    }

    fn ids(&self) -> Vec<OpId> {
        let all = self.all();
        // Most of the time nothing is asked, and this is looked at for every word in a room.
        if all.is_empty() { Vec::new() } else { all.iter().cloned().collect() }
    }
}

/// An answer that somebody gives.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) who: Principal,
    pub(crate) said: String,
    pub(crate) said_at: Timestamp,
}

/// Why an answer did not count.
#[derive(Debug)]
pub(crate) enum NotAnswered {
    /// There is no such operation.
    NoSuchOperation,
    /// It asks nothing now.
    NotAsking(Arc<Operation>),
    /// A rule says no.
    Denied(Denial),
    /// The words are no answer, and what would be.
    Misfit(String),
    /// It could not be written; nothing was answered.
    Unavailable(String),
}

/// Tells a living operation an answer and waits for what came of it.
///
/// # Errors
/// When it did not count.
pub(crate) async fn give(core: &Core, id: &OpId, given: Given) -> Result<Arc<Operation>, NotAnswered> {
    if core.is_stopping() {
        return Err(NotAnswered::Unavailable("Wilco is stopping; answer again in a moment".to_owned()));
    }
    if let Some(living) = core.find(id) {
        let (tell, told) = oneshot::channel();
        let answered = Told::Answer { given, answer: tell };
        if living.tell.send(answered).await.is_ok()
            && let Ok(answered) = told.await
        {
            return answered;
        }
    }
    match core.operation(id).await {
        Ok(Some(operation)) => Err(NotAnswered::NotAsking(operation)),
        Ok(None) => Err(NotAnswered::NoSuchOperation),
        Err(error) => Err(NotAnswered::Unavailable(error.to_string())),
    }
}

/// What to say of an answer that somebody gave.
pub(crate) fn told(answered: Result<Arc<Operation>, NotAnswered>, id: &OpId) -> Answer {
    let refused = |text: String, kind| Answer::Refused { reply: Reply::refusal(text), kind };
    match answered {
        Ok(operation) => {
            let last =
                operation.runs.iter().filter_map(|run| run.answer.as_ref()).max_by_key(|answer| answer.at);
            let by = last.map_or_else(String::new, |answer| format!(" by @{}", answer.by));
            Answer::Done {
                reply: Reply::text(format!("Answered{by}: {} goes on.", operation.id)),
                rows: None,
            }
        }
        Err(NotAnswered::NoSuchOperation) => {
            refused(format!("There is no operation {id}."), RefusedKind::Unknown)
        }
        Err(NotAnswered::NotAsking(operation)) => {
            refused(format!("{id} is {} and asks nothing now.", operation.state), RefusedKind::Failed)
        }
        Err(NotAnswered::Denied(denial)) => {
            Answer::Refused { reply: words::denial(&denial), kind: RefusedKind::Denied }
        }
        Err(NotAnswered::Misfit(what)) => refused(what, RefusedKind::Malformed),
        Err(NotAnswered::Unavailable(error)) => orders::unavailable(&error),
    }
}

/// That an answer did not count, for the record.
pub(crate) fn refused(op: &Operation, who: &Principal, denial: &Denial) -> AuditEntry {
    AuditEntry {
        kind: "answer.refused".into(),
        who: who.key(),
        account: who.account().cloned(),
        operation: Some(op.id.clone()),
        command: Some(op.command.spec.id.clone()),
        place: Some(op.place.clone()),
        text: denial.text.clone(),
        rule: Some(denial.rule.clone()),
    }
}

/// The operation that asks where a message stands.
fn asked_there(core: &Core, message: &Message, said: &str) -> Option<(Arc<Operation>, AskArgs)> {
    let ids = core.asking.ids();
    if ids.is_empty() {
        return None;
    }
    let threads = core.ways.to(&message.place).is_some_and(|way| way.caps.threads);
    let open = ids.iter().filter_map(|id| {
        let op = core.find(id)?.operation;
        let (run, _, args) = asking(&op)?;
        let mut slots = op.slots.iter().filter(|slot| slot.place == message.place);
        let here = slots.any(|slot| {
            let asks = slot.asks.filter(|asks| asks.run == run);
            asks.is_some_and(|asks| {
                if message.place.direct().is_some() {
                    true
                } else if threads {
                    stands_there(slot, op.slots.get(asks.under), message)
                } else {
                    // One line after the other: only what was offered is an answer.
                    args.offers(said)
                }
            })
        });
        here.then_some((op, args))
    });
    let mut open: Vec<_> = open.collect();
    // Where two ask in one row, nobody knows which one is meant.
    if open.len() == 1 { open.pop() } else { None }
}

/// Whether a message stands in the thread of a question.
fn stands_there(slot: &Slot, under: Option<&Slot>, message: &Message) -> bool {
    let Some(thread) = message.thread.as_deref() else { return false };
    let receipt = |slot: &Slot| slot.receipt.as_ref().map(|receipt| receipt.id.clone());
    let head = under.and_then(|under| under.thread.clone().or_else(|| receipt(under)));
    head.as_deref() == Some(thread) || receipt(slot).as_deref() == Some(thread)
}

/// Whether words that are not said to us are looked at as an answer. Others who say what is offered are told who can.
pub(crate) fn wants(core: &Core, message: &Message) -> bool {
    let text = parse::clean(&message.text);
    let said = text.trim();
    let Some((op, args)) = asked_there(core, message, said) else { return false };
    let who = core.with_policy(|policy| policy.resolve(&message.from));
    let may = args.may_answer(&op, &who).is_ok();
    !said.is_empty() && (args.offers(said) || (may && (is_cancel(said) || args.sounds_like(said))))
}

fn is_cancel(said: &str) -> bool {
    said.trim_end_matches('.').eq_ignore_ascii_case(CANCEL)
}

/// Takes somebody's words where an operation asks. `true` where they were an answer, or stopped it; all that follows was
/// said and written then.
pub(crate) async fn turn(core: &Arc<Core>, waiting: &Waiting) -> bool {
    let Waiting { message, order, input } = waiting;
    let clean = parse::clean(&message.text);
    let said = order.as_deref().map_or(clean.as_ref(), |order| order).trim().to_owned();
    let Some((op, args)) = asked_there(core, message, &said) else { return false };
    if order.as_deref().is_some_and(inbox::is_control) && !args.offers(&said) {
        return false;
    }
    let who = core.with_policy(|policy| policy.resolve(&message.from));
    let offered = args.offers(&said);
    if let Some(order) = order {
        let from = inbox::from(who.clone(), message, message.at, None);
        let (reading, _) = alias::read(core, &from, order);
        let is_order = !matches!(reading, Reading::Unknown { .. } | Reading::Empty);
        // In a direct conversation all is said to us; there a word that was offered is an answer.
        let named =
            matches!(parse::read_line(&message.text, &core.live.load().names, false), Addressed::ToUs(_));
        if is_order && (named || !offered) && !is_cancel(&said) {
            return false;
        }
    } else if !wants(core, message) {
        return false;
    }
    let answer = if is_cancel(&said) && !offered {
        let decide =
            Decide { who, press: PressKind::Abort, operation: op.id.clone(), plan: PlanSeen::At(message.at) };
        orders::decided(life::decisions::decide(core, decide).await, &op.id, PressKind::Abort)
    } else {
        let answered = give(core, &op.id, Given { who, said, said_at: message.at }).await;
        if matches!(answered, Err(NotAnswered::Unavailable(_))) && core.is_stopping() {
            // Left for the next start: it was accepted.
            return true;
        }
        match told(answered, &op.id) {
            // The question shows it.
            Answer::Done { .. } => {
                inbox::handled(core, Some(*input)).await;
                return true;
            }
            other => other,
        }
    };
    if let Answer::Done { reply, .. } | Answer::Refused { reply, .. } = answer {
        let key = DeliveryKey(format!("answer/{}/{}", message.place, message.id));
        let thread = message.thread.as_deref().unwrap_or(&message.id);
        if let Err(error) = core.ways.post(&message.place, Some(thread), &reply, &key).await {
            tracing::warn!(place = %message.place, %error, "An answer was not shown.");
        }
    }
    inbox::handled(core, Some(*input)).await;
    true
}
