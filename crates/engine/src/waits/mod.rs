//! Steps that only wait: `ask` for somebody's answer, `wait` for a time.
//!
//! A call of theirs is committed with the moment at which it ends by itself, so that a restart waits on to the same
//! one. The time of its operation stands still meanwhile, and its lock is kept. Not the taking of an answer: the
//! operation's life does that, and [`answers`] brings it there. Layer 1.

pub(crate) mod answers;
pub(crate) mod ask;
pub(crate) mod wait;

use std::sync::{Arc, Weak};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wilco_contract::{
    action::{DynAction, Intent},
    command::Step,
    ids::ActionName,
    operation::{Operation, Run, State},
    principal::Principal,
    reply::StepMark,
};

use self::{ask::AskArgs, wait::WaitArgs};
use crate::{core::Core, words};

/// The action that asks.
pub(crate) const ASK: &str = "ask";
/// The action that waits for a time.
pub(crate) const WAIT: &str = "wait";
/// The longest that either of them waits, in seconds.
pub(crate) const LONGEST_SECS: u64 = 7 * 86_400;

/// Both actions.
pub(crate) fn actions(core: &Weak<Core>) -> Vec<Arc<dyn DynAction>> {
    vec![Arc::new(ask::Ask { core: core.clone() }), Arc::new(wait::Wait { core: core.clone() })]
}

fn decoded<A: DeserializeOwned>(uses: &ActionName, args: &Value) -> Result<A, String> {
    serde_json::from_value(args.clone())
        .map_err(|error| format!("the arguments of `{uses}` do not fit: {error}"))
}

/// When a call that waits and is begun now ends by itself; `None` for every other call.
///
/// # Errors
/// When that cannot be told, in a sentence.
pub(crate) fn until(uses: &ActionName, args: &Value, now: Timestamp) -> Result<Option<Timestamp>, String> {
    match uses.as_str() {
        ASK => decoded::<AskArgs>(uses, args).map(|ask| Some(ask.until(now))),
        WAIT => decoded::<WaitArgs>(uses, args)?.until(now).map(Some),
        _ => Ok(None),
    }
}

/// The call of an operation that waits now.
pub(crate) fn waiting(op: &Operation) -> Option<(usize, &Intent)> {
    let is_open = |run: &Run| run.mark == StepMark::Running && run.answer.is_none();
    let open = op.runs.iter().enumerate().filter(|(_, run)| is_open(run));
    open.filter_map(|(at, run)| Some((at, run.intent.as_ref()?))).find(|(_, intent)| intent.waits)
}

/// The call of an operation that asks now, with what it asks.
pub(crate) fn asking(op: &Operation) -> Option<(usize, &Intent, AskArgs)> {
    let (at, intent) = waiting(op).filter(|(_, intent)| intent.action.as_str() == ASK)?;
    Some((at, intent, decoded(&intent.action, &intent.args).ok()?))
}

/// The line in an operation's status that says what it waits for.
pub(crate) fn in_status(core: &Core, op: &Operation) -> Option<String> {
    if !matches!(op.state, State::Running | State::Verifying) {
        return None;
    }
    let (_, intent) = waiting(op)?;
    match intent.action.as_str() {
        ASK => ask::in_status(core, op, intent),
        _ => Some(format!("Waits until {}.", words::time(core, intent.deadline))),
    }
}

/// Why a step cannot be made for this asker: it would ask them, and they are nobody to be asked.
pub(crate) fn asks_nobody(step: &Step, who: &Principal) -> Option<String> {
    let of_asker = match step.with.get("of") {
        None | Some(Value::Null) => true,
        Some(of) => of == "asker",
    };
    (step.uses.as_str() == ASK && of_asker && who.person().is_none()).then(|| {
        format!(
            "step `{}` asks whoever gives the order, and {who} is no person; a person can give it, or `of` names whom to ask",
            step.id
        )
    })
}
