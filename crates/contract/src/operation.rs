//! Operations: the durable execution of a command that changes something, as a row of events and what they add up to.
//!
//! Not the driving of it: `engine/life` does. [`Operation::apply`] is the only way an operation changes, so
//! that the journal's events replayed give the stored row. Layer 0.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    action::{Intent, Outcome},
    command::Command,
    connector::Receipt,
    gate::Need,
    ids::{Account, Hash, OpId, PersonId, Place},
    plan::Plan,
    principal::Principal,
    reply::StepMark,
    values::Args,
};

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its plan is made and shown.
    Planned,
    /// The asker has to confirm.
    AwaitingConfirm,
    /// Others have to approve.
    AwaitingApproval,
    /// It may start, and waits for its lock.
    Queued,
    /// Its steps run.
    Running,
    /// It was paused.
    Paused,
    /// Its verify steps run.
    Verifying,
    /// It was told to stop.
    Aborting,
    /// It did what it should, and that was verified where the command says how.
    Succeeded,
    /// It did not.
    Failed,
    /// It was stopped, or never allowed to start.
    Aborted,
    /// Nobody decided in time.
    Expired,
    /// Nobody can tell what happened; a person has to look.
    NeedsHuman,
}

impl State {
    /// All states, in the order of an operation's life.
    pub const ALL: [Self; 13] = [
        Self::Planned,
        Self::AwaitingConfirm,
        Self::AwaitingApproval,
        Self::Queued,
        Self::Running,
        Self::Paused,
        Self::Verifying,
        Self::Aborting,
        Self::Succeeded,
        Self::Failed,
        Self::Aborted,
        Self::Expired,
        Self::NeedsHuman,
    ];

    /// Whether nothing more happens by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Aborted | Self::Expired | Self::NeedsHuman)
    }

    /// Whether somebody has to decide.
    #[must_use]
    pub fn awaits(self) -> bool {
        matches!(self, Self::AwaitingConfirm | Self::AwaitingApproval)
    }

    /// Its name in the API and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::AwaitingConfirm => "awaiting_confirm",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Verifying => "verifying",
            Self::Aborting => "aborting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
            Self::Expired => "expired",
            Self::NeedsHuman => "needs_human",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether an operation may go from here to there.
    #[must_use]
    pub fn may_become(self, to: Self) -> bool {
        use State::{
            Aborted, Aborting, AwaitingApproval, AwaitingConfirm, Expired, Failed, NeedsHuman, Paused,
            Planned, Queued, Running, Succeeded, Verifying,
        };
        match self {
            Planned => matches!(to, AwaitingConfirm | AwaitingApproval | Queued | Aborted | Failed),
            AwaitingConfirm => matches!(to, AwaitingApproval | Queued | Aborted | Expired | Failed),
            AwaitingApproval => matches!(to, Queued | Aborted | Expired | Failed),
            Queued => {
                // From queued to queued only the reason changes: whom it waits for.
                matches!(
                    to,
                    AwaitingConfirm | AwaitingApproval | Queued | Running | Aborted | Expired | Failed
                )
            }
            Running => {
                matches!(to, Paused | Verifying | Aborting | Succeeded | Failed | Aborted | NeedsHuman)
            }
            Paused => matches!(to, Running | Aborting | Failed | NeedsHuman),
            Verifying => matches!(to, Aborting | Succeeded | Failed | NeedsHuman),
            Aborting => matches!(to, Aborted | Succeeded | Failed | NeedsHuman),
            Succeeded | Failed | Aborted | Expired | NeedsHuman => false,
        }
    }
}

impl fmt::Display for State {
    /// In words for people: `awaiting approval`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AwaitingConfirm => "awaiting confirmation",
            Self::AwaitingApproval => "awaiting approval",
            Self::NeedsHuman => "needs a human",
            other => other.as_str(),
        })
    }
}

/// A person's yes to a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Which kind of yes.
    pub kind: GivenKind,
    /// Who.
    pub person: PersonId,
    /// By which account.
    pub account: Account,
    /// When.
    pub at: Timestamp,
    /// To which plan.
    pub plan: Hash,
}

/// The kinds of yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenKind {
    /// By the asker.
    Confirm,
    /// By another person.
    Approve,
    /// By nobody: everybody could stop what its asker starts alone, and in time nobody did. It counts as the asker's.
    Countdown,
}

/// An operation, as its events add up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Its id.
    pub id: OpId,
    /// The command, whole, as it was when the order was given.
    pub command: Command,
    /// Who asked.
    pub asker: Principal,
    /// The order in its full form, as it could be said again.
    pub order: String,
    /// The arguments, resolved.
    pub args: Args,
    /// Where it was asked.
    pub place: Place,
    /// The thread where it was asked.
    pub thread: Option<String>,
    /// Where it stands.
    pub home: Place,
    /// The asker's reason, in their words.
    pub because: Option<String>,
    /// The caller's key that makes a repeated request recognisable.
    pub key: Option<String>,
    /// The operation that this one tries again.
    pub retry_of: Option<OpId>,
    /// What it will do.
    pub plan: Plan,
    /// What it needs before it may start, as of the last look.
    pub needs: Vec<Need>,
    /// The decisions so far.
    pub given: Vec<Given>,
    /// Where it stands.
    pub state: State,
    /// Why it stands there, in a sentence.
    pub why: Option<String>,
    /// The key it holds or waits for.
    pub lock: Option<String>,
    /// Why it fails, while what its command does after a failure goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Its calls, steps first, then verify steps, then what is done after a failure.
    pub runs: Vec<Run>,
    /// Its messages that are kept up to date.
    pub slots: Vec<Slot>,
    /// When it came to be, with its first plan.
    pub created_at: Timestamp,
    /// When its plan was made anew, if it was: words that were said before speak of another plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replanned_at: Option<Timestamp>,
    /// When the waiting ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When its first step began.
    pub started_at: Option<Timestamp>,
    /// When its run must have ended.
    pub deadline: Option<Timestamp>,
    /// When it reached a final state.
    pub ended_at: Option<Timestamp>,
    /// How many events it had.
    pub version: u64,
}

/// One call within an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The step's name.
    pub step: String,
    /// Whether it is a verify step.
    pub verify: bool,
    /// Where it stands.
    pub mark: StepMark,
    /// The call, once it was about to be made.
    pub intent: Option<Intent>,
    /// How many times it was begun; more than one only where it was certain that the one before never began.
    pub attempts: u32,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// Why it did not come to a good end.
    pub error: Option<String>,
    /// Which of its command's steps it is, where that is not told by its position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<RunOf>,
    /// How often it failed and was tried again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u32,
    /// When it may be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// What somebody answered, where it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// A person's answer to what a step asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What they said, as a value of what was asked for.
    pub value: Value,
    /// Who.
    pub by: PersonId,
    /// By which account.
    pub account: Account,
    /// When.
    pub at: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Which step of a command a call is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunOf {
    /// Among which steps.
    pub kind: RunKind,
    /// Which of them; verify steps are counted after all others.
    pub step: usize,
    /// For which item: its number, from 0, and itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<(usize, Value)>,
}

/// What a call is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// To do or to verify what was ordered.
    Step,
    /// To undo a step.
    Undo,
    /// Because the operation failed.
    OnFailure,
}

impl Run {
    /// A call that waits to be made.
    #[must_use]
    pub fn waiting(step: &str, verify: bool) -> Self {
        Self {
            step: step.to_owned(),
            verify,
            mark: StepMark::Waiting,
            intent: None,
            attempts: 0,
            ended_at: None,
            outcome: None,
            error: None,
            of: None,
            failed: 0,
            not_before: None,
            answer: None,
        }
    }

    /// What it is made for.
    #[must_use]
    pub fn kind(&self) -> RunKind {
        self.of.as_ref().map_or(RunKind::Step, |of| of.kind)
    }

    /// The item that it is made for.
    #[must_use]
    pub fn item(&self) -> Option<&(usize, Value)> {
        self.of.as_ref().and_then(|of| of.item.as_ref())
    }

    /// Its name among all calls of the operation, from its step's: `ship`, `ship.2`, `undo.ship`. Safe as a file name.
    #[must_use]
    pub fn name(&self) -> String {
        let of = match self.kind() {
            RunKind::Step => "",
            RunKind::Undo => "undo.",
            RunKind::OnFailure => "on_failure.",
        };
        match self.item() {
            Some((at, _)) => format!("{of}{}.{}", self.step, at + 1),
            None => format!("{of}{}", self.step),
        }
    }
}

/// A message of an operation that is edited as the operation goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Where it belongs.
    pub place: Place,
    /// The thread it belongs to.
    pub thread: Option<String>,
    /// Where it stands, once it was posted.
    pub receipt: Option<Receipt>,
    /// What it asks, where it is no status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<Asks>,
}

/// A message that asks for what a step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asks {
    /// Which of [`Operation::runs`] needs it.
    pub run: usize,
    /// In the thread of which of [`Operation::slots`] it stands.
    pub under: usize,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Well.
    Done(Outcome),
    /// Badly, as is known.
    Failed(String),
    /// Stopped on a wish.
    Aborted(String),
    /// Nobody can tell how.
    Unknown(String),
    /// It was never begun, and cannot begin any more.
    NotStarted,
}

/// What happens to an operation. The journal keeps these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum OpEvent {
    /// It came to be.
    Planned {
        /// As it began.
        operation: Box<Operation>,
    },
    /// A person said yes.
    Given {
        /// To what, and when.
        given: Given,
    },
    /// It went to another state.
    Moved {
        /// Which.
        to: State,
        /// When.
        at: Timestamp,
        /// Why, in a sentence.
        why: Option<String>,
        /// By whom, if by somebody.
        by: Option<String>,
        /// When the waiting in this state ends by itself.
        expires_at: Option<Timestamp>,
    },
    /// What it needs was looked at again.
    Needs {
        /// What it needs.
        needs: Vec<Need>,
    },
    /// Its plan was made anew; what had been given is void.
    Replanned {
        /// The new plan.
        plan: Box<Plan>,
        /// When it was made.
        at: Timestamp,
        /// What changed, a line each.
        changes: Vec<String>,
    },
    /// A call is about to be made.
    RunStarted {
        /// Which of [`Operation::runs`].
        run: usize,
        /// The call.
        intent: Box<Intent>,
    },
    /// A call asks somebody, in these messages.
    Asked {
        /// Which of [`Operation::runs`].
        run: usize,
        /// The messages, which stand behind [`Operation::slots`].
        slots: Vec<Slot>,
    },
    /// What a call asked was answered.
    Answered {
        /// Which of [`Operation::runs`].
        run: usize,
        /// What, by whom.
        answer: Answer,
    },
    /// A step's condition does not hold, so its call is not made.
    RunSkipped {
        /// Which of [`Operation::runs`].
        run: usize,
        /// When that was found.
        at: Timestamp,
        /// Why, in a line.
        why: String,
    },
    /// A step turned out to be made once for each of these.
    Expanded {
        /// Which of [`Operation::runs`]; as many as there are items stand in its place.
        run: usize,
        /// For what.
        items: Vec<Value>,
    },
    /// A call that failed is to be made again.
    Retrying {
        /// Which of [`Operation::runs`].
        run: usize,
        /// Not before this time.
        not_before: Timestamp,
    },
    /// It failed, and does what its command says for that.
    Failing {
        /// Why it failed, in a sentence.
        why: String,
        /// The calls to be made, in order.
        runs: Vec<Run>,
    },
    /// A call ended.
    RunEnded {
        /// Which of [`Operation::runs`].
        run: usize,
        /// When.
        at: Timestamp,
        /// How.
        end: RunEnd,
    },
    /// One of its messages was posted.
    Posted {
        /// Which of [`Operation::slots`].
        slot: usize,
        /// Where it stands.
        receipt: Receipt,
    },
}

/// An event that does not fit the operation it was applied to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an operation that is {from} cannot take this: {what}")]
pub struct BadEvent {
    /// Where the operation stood.
    pub from: State,
    /// What it was told.
    pub what: String,
}

impl OpEvent {
    /// Its name in the journal.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Planned { .. } => "operation.planned",
            Self::Given { given } => match given.kind {
                GivenKind::Confirm => "operation.confirmed",
                GivenKind::Approve => "operation.approved",
                GivenKind::Countdown => "operation.counted_down",
            },
            Self::Moved { .. } => "operation.moved",
            Self::Needs { .. } => "operation.needs",
            Self::Replanned { .. } => "operation.replanned",
            Self::RunStarted { .. } => "operation.run_started",
            Self::Asked { .. } => "operation.asked",
            Self::Answered { .. } => "operation.answered",
            Self::RunSkipped { .. } => "operation.run_skipped",
            Self::Expanded { .. } => "operation.expanded",
            Self::Retrying { .. } => "operation.retrying",
            Self::Failing { .. } => "operation.failing",
            Self::RunEnded { .. } => "operation.run_ended",
            Self::Posted { .. } => "operation.posted",
        }
    }
}

impl Operation {
    /// Takes one event in.
    ///
    /// # Errors
    /// When the event does not fit; the operation is then as it was.
    pub fn apply(&mut self, event: &OpEvent) -> Result<(), BadEvent> {
        let from = self.state;
        let bad = move |what: String| BadEvent { from, what };
        match event {
            OpEvent::Planned { operation } => {
                if operation.id != self.id || self.version != 0 {
                    return Err(bad("to begin again".into()));
                }
                *self = operation.as_ref().clone();
            }
            OpEvent::Given { given } => {
                if !self.state.awaits() || given.plan != self.plan.hash {
                    return Err(bad(format!("a yes to the plan {}", given.plan.short())));
                }
                self.given.push(given.clone());
            }
            OpEvent::Moved { to, at, why, expires_at, .. } => {
                if !self.state.may_become(*to) {
                    return Err(bad(format!("to become {to}")));
                }
                self.state = *to;
                self.why.clone_from(why);
                self.expires_at = *expires_at;
                if to.is_final() {
                    self.ended_at = Some(*at);
                    for run in &mut self.runs {
                        if run.mark == StepMark::Waiting {
                            run.mark = StepMark::Skipped;
                        }
                    }
                }
            }
            OpEvent::Needs { needs } => self.needs.clone_from(needs),
            OpEvent::Replanned { plan, at, .. } => {
                if self.started_at.is_some() || self.state.is_final() {
                    return Err(bad("to be planned again".into()));
                }
                self.plan = plan.as_ref().clone();
                self.replanned_at = Some(*at);
                self.given.clear();
            }
            OpEvent::RunStarted { run, intent } => {
                let state = self.state;
                let slot = self.runs.get_mut(*run).filter(|run| run.mark == StepMark::Waiting);
                let Some(slot) = slot.filter(|_| matches!(state, State::Running | State::Verifying)) else {
                    return Err(bad(format!("to start call {run}")));
                };
                slot.mark = StepMark::Running;
                slot.error = None;
                slot.attempts += 1;
                slot.intent = Some(intent.as_ref().clone());
                self.started_at.get_or_insert(intent.at);
                if !intent.waits {
                    self.deadline.get_or_insert(intent.deadline);
                }
            }
            OpEvent::Asked { run, slots } => {
                if self.open_question(*run).is_none() {
                    return Err(bad(format!("to ask for call {run}")));
                }
                self.slots.extend(slots.iter().cloned());
            }
            OpEvent::Answered { run, answer } => {
                let Some(asking) = self.open_question(*run) else {
                    return Err(bad(format!("an answer to call {run}")));
                };
                asking.answer = Some(answer.clone());
            }
            OpEvent::RunSkipped { run, at, why } => {
                let state = self.state;
                let slot = self.runs.get_mut(*run).filter(|run| run.mark == StepMark::Waiting);
                let Some(slot) = slot.filter(|_| matches!(state, State::Running | State::Verifying)) else {
                    return Err(bad(format!("to skip call {run}")));
                };
                slot.mark = StepMark::Skipped;
                slot.ended_at = Some(*at);
                slot.outcome = Some(Outcome { summary: Some(why.clone()), ..Outcome::default() });
                self.started_at.get_or_insert(*at);
            }
            OpEvent::Expanded { run, items } => {
                let is_whole = |run: &&Run| run.mark == StepMark::Waiting && run.item().is_none();
                let Some(whole) = self.runs.get(*run).filter(is_whole).cloned() else {
                    return Err(bad(format!("to make call {run} for several items")));
                };
                // From here on a position tells nothing.
                for (at, run) in self.runs.iter_mut().enumerate() {
                    run.of.get_or_insert(RunOf { kind: RunKind::Step, step: at, item: None });
                }
                let of = self.runs[*run].of.clone();
                let each = items.iter().enumerate().map(|(at, item)| Run {
                    of: of.clone().map(|of| RunOf { item: Some((at, item.clone())), ..of }),
                    ..whole.clone()
                });
                self.runs.splice(run..=run, each);
            }
            OpEvent::Retrying { run, not_before } => {
                let Some(slot) = self.runs.get_mut(*run).filter(|run| run.mark == StepMark::Failed) else {
                    return Err(bad(format!("to make call {run} again")));
                };
                slot.mark = StepMark::Waiting;
                slot.failed += 1;
                slot.ended_at = None;
                slot.not_before = Some(*not_before);
            }
            OpEvent::Failing { why, runs } => {
                if self.failure.is_some() || !matches!(self.state, State::Running | State::Verifying) {
                    return Err(bad("to fail".into()));
                }
                for run in self.runs.iter_mut().filter(|run| run.mark == StepMark::Waiting) {
                    run.mark = StepMark::Skipped;
                }
                self.failure = Some(why.clone());
                self.why = Some(why.clone());
                self.runs.extend(runs.iter().cloned());
            }
            OpEvent::RunEnded { run, at, end } => {
                let Some(slot) = self.runs.get_mut(*run).filter(|run| run.mark == StepMark::Running) else {
                    return Err(bad(format!("to end call {run}")));
                };
                slot.ended_at = Some(*at);
                // While it only waited, its time stood still.
                let waited = slot.intent.as_ref().filter(|intent| intent.waits).map(|intent| intent.at);
                if let (Some(since), Some(deadline)) = (waited, self.deadline) {
                    let moved = deadline.checked_add(at.duration_since(since));
                    self.deadline = Some(moved.unwrap_or(Timestamp::MAX));
                }
                slot.mark = match end {
                    RunEnd::Done(outcome) => {
                        slot.outcome = Some(outcome.clone());
                        StepMark::Done
                    }
                    RunEnd::Failed(what) | RunEnd::Aborted(what) => {
                        slot.error = Some(what.clone());
                        StepMark::Failed
                    }
                    RunEnd::Unknown(what) => {
                        slot.error = Some(what.clone());
                        StepMark::Unknown
                    }
                    RunEnd::NotStarted => {
                        slot.ended_at = None;
                        StepMark::Waiting
                    }
                };
            }
            OpEvent::Posted { slot, receipt } => {
                let Some(slot) = self.slots.get_mut(*slot) else {
                    return Err(bad(format!("message {slot}")));
                };
                slot.receipt = Some(receipt.clone());
            }
        }
        self.version += 1;
        Ok(())
    }

    /// A call that is under way, waits, and has no answer yet.
    fn open_question(&mut self, run: usize) -> Option<&mut Run> {
        let found = self.runs.get_mut(run).filter(|run| run.mark == StepMark::Running)?;
        let waits = found.intent.as_ref().is_some_and(|intent| intent.waits);
        (waits && found.answer.is_none()).then_some(found)
    }

    /// Which step of the command a call is, and among which.
    #[must_use]
    pub fn step_of(&self, run: usize) -> Option<(RunKind, usize)> {
        let found = self.runs.get(run)?;
        Some(found.of.as_ref().map_or((RunKind::Step, run), |of| (of.kind, of.step)))
    }

    /// Whether it starts by itself unless somebody stops it: its asker starts it alone, and has confirmed that.
    #[must_use]
    pub fn counts_down(&self) -> bool {
        self.state == State::AwaitingApproval
            && self.plan.body.flags.alone
            && self.needs.iter().any(|need| need.kind == GivenKind::Countdown)
    }

    /// When nobody had stopped it in time, if that is why it may start.
    #[must_use]
    pub fn unstopped_at(&self) -> Option<Timestamp> {
        let mut all = self.given.iter().filter(|given| given.plan == self.plan.hash);
        all.find(|given| given.kind == GivenKind::Countdown).map(|given| given.at)
    }

    /// The approvals that a rule asks for, as of the last look.
    pub fn approvals(&self) -> impl Iterator<Item = &Need> {
        self.needs.iter().filter(|need| need.kind == GivenKind::Approve)
    }

    /// What it does, in a line.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_state_is_left_by_nothing_and_every_other_can_end() {
        for state in State::ALL {
            let ways: Vec<_> = State::ALL.into_iter().filter(|to| state.may_become(*to)).collect();
            assert_eq!(ways.is_empty(), state.is_final(), "{state}");
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
    }
}
