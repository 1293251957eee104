//! The engine, as the door sees it.
//!
//! Not the engine: it implements this. Tests of the door implement it by hand. Layer 3.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::broadcast;
use wilco_contract::{
    command::Command,
    connector::Arrival,
    gate::{Denial, Need},
    ids::{Account, CommandId, PersonId, Place},
    operation::Operation,
    policy::Policy,
    principal::Principal,
    reply::PressKind,
    source::RawHook,
    values::Args,
};
use wilco_engine::{
    Answer, Call, Decide, Engine, EventSetup, NotDecided, NotTaken, Notice, SourceHealth, Taken, Worded,
};

/// Where orders and decisions are handed in, and who people are.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Takes a message or press from a room. It never fails, and works in the background.
    async fn accept(&self, arrival: Arrival);

    /// Takes an order from a door other than a room's text, and answers it.
    async fn call(&self, call: Call) -> Answer;

    /// Takes a person's decision. Returns the operation as it stands after it.
    ///
    /// # Errors
    /// When it does not count, and why.
    async fn decide(&self, decide: Decide) -> Result<Arc<Operation>, NotDecided>;

    /// What this principal may press about the operation now.
    fn may_press(&self, operation: &Operation, who: &Principal) -> Vec<PressKind>;

    /// Who could give an approval that the operation needs, for people to read; `None` where nobody could.
    fn who_approves(&self, operation: &Operation, need: &Need) -> Option<String>;

    /// The commands that this principal may use in this place.
    fn commands_for(&self, who: &Principal, place: &Place) -> Vec<Arc<Command>>;

    /// All commands, each with the rule's no where this principal may not use it in this place.
    fn commands_seen(&self, who: &Principal, place: &Place) -> Vec<(Arc<Command>, Option<Denial>)>;

    /// Who stands behind an account: the person it belongs to, or a guest.
    fn resolve(&self, account: &Account) -> Principal;

    /// The person of this name, speaking by their account `web:<id>`, with today's roles; `None` where there is no
    /// such person.
    fn person(&self, id: &PersonId) -> Option<Principal>;

    /// All people, with their names for people to read.
    fn people(&self) -> Vec<(PersonId, String)>;

    /// Who is who, and the rules of who may do what.
    fn policy(&self) -> Policy;

    /// What is configured of events.
    fn event_setup(&self) -> EventSetup;

    /// What a command with its arguments is in words, as this principal would say it in this place.
    fn in_words(&self, who: &Principal, place: &Place, order: (&CommandId, &Args)) -> Worded;

    /// The zone that times are told in: `Europe/Berlin`.
    fn zone_name(&self) -> String;

    /// The signs that begin an order when a letter follows: `.`.
    fn prefixes(&self) -> Vec<String>;

    /// Takes in a request that was sent to a source. It is kept when this returns.
    ///
    /// # Errors
    /// When nothing of it was kept.
    async fn hook(&self, source: &str, hook: RawHook<'_>) -> Result<Taken, NotTaken>;

    /// The longest body that a source takes, in bytes; `None` where there is no such source.
    fn hook_limit(&self, source: &str) -> Option<usize>;

    /// How the sources are, by name.
    fn sources(&self) -> Vec<SourceHealth>;

    /// What happens to operations from now on.
    fn watch(&self) -> broadcast::Receiver<Notice>;
}

#[async_trait]
impl Desk for Engine {
    async fn accept(&self, arrival: Arrival) {
        Self::accept(self, arrival).await;
    }

    async fn call(&self, call: Call) -> Answer {
        Self::call(self, call).await
    }

    async fn decide(&self, decide: Decide) -> Result<Arc<Operation>, NotDecided> {
        Self::decide(self, decide).await
    }

    fn may_press(&self, operation: &Operation, who: &Principal) -> Vec<PressKind> {
        Self::may_press(self, operation, who)
    }

    fn who_approves(&self, operation: &Operation, need: &Need) -> Option<String> {
        Self::who_approves(self, operation, need)
    }

    fn commands_for(&self, who: &Principal, place: &Place) -> Vec<Arc<Command>> {
        Self::commands_for(self, who, place)
    }

    fn commands_seen(&self, who: &Principal, place: &Place) -> Vec<(Arc<Command>, Option<Denial>)> {
        Self::commands_seen(self, who, place)
    }

    fn resolve(&self, account: &Account) -> Principal {
        Self::resolve(self, account)
    }

    fn person(&self, id: &PersonId) -> Option<Principal> {
        Self::person(self, id)
    }

    fn people(&self) -> Vec<(PersonId, String)> {
        self.with_policy(|policy| {
            policy.people.iter().map(|(id, person)| (id.clone(), person.name.clone())).collect()
        })
    }

    fn policy(&self) -> Policy {
        self.with_policy(Policy::clone)
    }

    fn event_setup(&self) -> EventSetup {
        Self::event_setup(self)
    }

    fn in_words(&self, who: &Principal, place: &Place, order: (&CommandId, &Args)) -> Worded {
        Self::in_words(self, who, place, order)
    }

    fn zone_name(&self) -> String {
        self.with_policy(|policy| policy.zone.0.iana_name().unwrap_or("UTC").to_owned())
    }

    fn prefixes(&self) -> Vec<String> {
        Self::prefixes(self)
    }

    async fn hook(&self, source: &str, hook: RawHook<'_>) -> Result<Taken, NotTaken> {
        Self::hook(self, source, hook).await
    }

    fn hook_limit(&self, source: &str) -> Option<usize> {
        Self::hook_limit(self, source)
    }

    fn sources(&self) -> Vec<SourceHealth> {
        Self::sources(self)
    }

    fn watch(&self) -> broadcast::Receiver<Notice> {
        Self::watch(self)
    }
}
