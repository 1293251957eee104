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
    dialogue, hints, inbox,
    lanes::Waiting,
    life::{self, Told},
    orders,
    parse::{self, Addressed},
    words,
};

/// The word that stops the operation instead of answering.
const CANCEL: &str = "cancel";
/// The answer that is a plan's confirmation, too.
const YES: &str = "yes";

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
    let stopping = || Err(NotAnswered::Unavailable("Wilco is stopping; answer again in a moment".to_owned()));
    if core.is_stopping() {
        return stopping();
    }
    if let Some(living) = core.find(id) {
        let (tell, told) = oneshot::channel();
        let answered = Told::Answer { given, answer: tell };
        if living.tell.send(answered).await.is_ok()
            && let Ok(answered) = told.await
        {
            return answered;
        }
        if core.is_stopping() {
            // It may still wait for an answer; nobody took this one.
            return stopping();
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
        Err(NotAnswered::NotAsking(operation)) if asking(&operation).is_some() => {
            let text = format!("{id} asks something else by now; look at its question and answer again.");
            refused(text, RefusedKind::Failed)
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

/// An operation that asks, with what it asks.
type Open = (Arc<Operation>, AskArgs);

/// What was asked where a message stands before it was said; of several, what its speaker may answer.
fn open_there(core: &Core, message: &Message) -> Vec<Open> {
    let ids = core.asking.ids();
    if ids.is_empty() {
        return Vec::new();
    }
    let direct = message.place.direct().is_some();
    let threads = || core.ways.to(&message.place).is_some_and(|way| way.caps.threads);
    if !direct && !threads() {
        // One line after the other: nobody can tell talk from answers, which name their operation there.
        return Vec::new();
    }
    let open = ids.iter().filter_map(|id| {
        let op = core.find(id)?.operation;
        let (run, intent, args) = asking(&op)?;
        let mut slots = op.slots.iter().filter(|slot| slot.place == message.place);
        let here = slots.any(|slot| {
            let asks = slot.asks.filter(|asks| asks.run == run);
            asks.is_some_and(|asks| direct || stands_there(slot, op.slots.get(asks.under), message))
        });
        (here && intent.at <= message.at).then_some((op, args))
    });
    let mut open: Vec<_> = open.collect();
    if open.len() > 1 {
        let who = core.with_policy(|policy| policy.resolve(&message.from));
        open.retain(|one| may_answer(core, one, &who));
        open.sort_by_key(|(op, _)| op.id.to_string());
    }
    open
}

/// Whether somebody may answer a question.
fn may_answer(core: &Core, (op, args): &Open, who: &Principal) -> bool {
    core.with_policy(|policy| args.may_answer(policy, op, who)).is_ok()
}

/// Whether a message stands in the thread of a question.
fn stands_there(slot: &Slot, under: Option<&Slot>, message: &Message) -> bool {
    let Some(thread) = message.thread.as_deref() else { return false };
    let receipt = |slot: &Slot| slot.receipt.as_ref().map(|receipt| receipt.id.clone());
    let head = under.and_then(|under| under.thread.clone().or_else(|| receipt(under)));
    head.as_deref() == Some(thread) || receipt(slot).as_deref() == Some(thread)
}

/// Whether words are an answer that a question offers.
fn offers(args: &AskArgs, said: &str) -> bool {
    args.offers(said) || (inbox::is_yes(said) && args.offers(YES))
}

/// Whether words that are not said to us are looked at as an answer to this. Others who say what is offered are told
/// who can.
fn takes(core: &Core, message: &Message, one: &Open, said: &str) -> bool {
    let who = core.with_policy(|policy| policy.resolve(&message.from));
    let may = may_answer(core, one, &who);
    let (_, args) = one;
    if inbox::is_yes(said) {
        // A bare yes confirms a plan, unless yes is what was asked for.
        let waits = || orders::waits_here(core, &who, &message.place);
        return may && (args.offers(YES) || (args.sounds_like(said) && !waits()));
    }
    args.offers(said) || (may && (is_cancel(said) || args.sounds_like(said)))
}

/// Whether an operation asks something where this was said.
pub(crate) fn asks(core: &Core, message: &Message) -> bool {
    !open_there(core, message).is_empty()
}

/// Whether words that are not said to us are looked at as an answer.
pub(crate) fn wants(core: &Core, message: &Message) -> bool {
    let open = open_there(core, message);
    if open.is_empty() {
        return false;
    }
    let text = parse::clean(&message.text);
    let said = text.trim();
    match &open[..] {
        _ if said.is_empty() => false,
        [one] => takes(core, message, one, said),
        several => several.iter().any(|(_, args)| offers(args, said)),
    }
}

/// Whether what is said to us is an answer to this, and no order.
fn is_answer(core: &Core, message: &Message, one: &Open, order: &str) -> bool {
    let said = order.trim();
    let offered = offers(&one.1, said);
    if inbox::is_control(order) && (!offered || !takes(core, message, one, said)) {
        return false;
    }
    let who = core.with_policy(|policy| policy.resolve(&message.from));
    let (reading, _) = alias::read(core, &inbox::from(who, message, message.at, None), order);
    let is_order = !matches!(reading, Reading::Unknown { .. } | Reading::Empty);
    // In a direct conversation all is said to us; there a word that was offered is an answer.
    let named =
        || matches!(parse::read_line(&message.text, &core.live.load().names, false), Addressed::ToUs(_));
    !is_order || is_cancel(said) || (offered && !named())
}

/// Whether words are an answer of somebody who may give it: it waits behind no order of theirs.
pub(crate) fn overtakes(core: &Core, message: &Message, order: Option<&str>) -> bool {
    let open = open_there(core, message);
    let [one] = &open[..] else { return false };
    let who = core.with_policy(|policy| policy.resolve(&message.from));
    // What an order lacks is asked for in its lane.
    if !may_answer(core, one, &who) || dialogue::wants(core, message) {
        return false;
    }
    match order {
        Some(order) => is_answer(core, message, one, order),
        None => takes(core, message, one, parse::clean(&message.text).trim()),
    }
}

/// What to say where a bare yes may be meant for several things: plans of the speaker's that wait, and a question.
pub(crate) fn torn(core: &Core, waiting: &Waiting) -> Option<Reply> {
    let Waiting { message, order, .. } = waiting;
    let clean = parse::clean(&message.text);
    if !inbox::is_yes(order.as_deref().unwrap_or(&clean)) {
        return None;
    }
    let who = core.with_policy(|policy| policy.resolve(&message.from));
    let plans = orders::waiting_here(core, &who, &message.place);
    if plans.is_empty() {
        return None;
    }
    let name = hints::before(core, &message.place);
    let lacks = if order.is_none() { dialogue::yes_for(core, message) } else { None };
    let others: Vec<_> = match lacks {
        Some(lacks) => vec![format!("`true` for `{lacks}`")],
        None => {
            let open = open_there(core, message);
            let asked = open.iter().filter(|one| one.1.offers(YES) && may_answer(core, one, &who));
            asked.map(|(op, _)| format!("`{name}answer {} yes`", op.id)).collect()
        }
    };
    let last = others.last()?;
    let confirms = plans.iter().map(|plan| format!("`{name}confirm {}`", plan.id));
    let before: Vec<_> = confirms.chain(others[..others.len() - 1].iter().cloned()).collect();
    let many = if before.len() == 1 { "Two" } else { "Several" };
    Some(Reply::text(format!("{many} things wait for your yes here: {} or {last}.", before.join(", "))))
}

/// What to say where several questions are open, of which nobody can tell the one that is meant.
fn which(core: &Core, message: &Message, open: &[Open]) -> Reply {
    let name = hints::before(core, &message.place);
    let all: Vec<_> = open.iter().map(|(op, _)| format!("`{name}answer {} …`", op.id)).collect();
    Reply::text(format!("Several operations ask something here. Say {}.", all.join(" or ")))
}

fn is_cancel(said: &str) -> bool {
    said.trim_end_matches('.').eq_ignore_ascii_case(CANCEL)
}

/// Takes somebody's words where an operation asks. `true` where they were an answer, or stopped it; all that follows was
/// said and written then.
pub(crate) async fn turn(core: &Arc<Core>, waiting: &Waiting) -> bool {
    let Waiting { message, order, input } = waiting;
    let open = open_there(core, message);
    let is_one = match order {
        Some(order) => open.iter().any(|one| is_answer(core, message, one, order)),
        None => wants(core, message),
    };
    if !is_one {
        return false;
    }
    let [(op, args)] = &open[..] else {
        inbox::post(core, message, &which(core, message, &open)).await;
        inbox::handled(core, Some(*input)).await;
        return true;
    };
    let clean = parse::clean(&message.text);
    let mut said = order.as_deref().map_or(clean.as_ref(), |order| order).trim();
    if inbox::is_yes(said) && args.offers(YES) {
        said = YES;
    }
    let who = core.with_policy(|policy| policy.resolve(&message.from));
    let answer = if is_cancel(said) && !args.offers(said) {
        let plan = PlanSeen::At(message.at);
        let decide = Decide { who, press: PressKind::Abort, operation: op.id.clone(), plan, because: None };
        orders::decided(life::decisions::decide(core, decide).await, &op.id, PressKind::Abort)
    } else {
        let given = Given { who, said: said.to_owned(), said_at: message.at };
        let answered = give(core, &op.id, given).await;
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
        inbox::post(core, message, &reply).await;
    }
    inbox::handled(core, Some(*input)).await;
    true
}
