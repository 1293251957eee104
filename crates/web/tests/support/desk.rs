//! A desk that does as it is told and remembers what it was asked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::broadcast;
use wilco_contract::{
    command::Command,
    connector::Arrival,
    gate::{Denial, Need, named},
    ids::{Account, CommandId, PersonId, Place, RoleName},
    operation::Operation,
    policy::Policy,
    principal::Principal,
    reply::{PressKind, Reply},
    source::RawHook,
    values::Args,
};
use wilco_engine::{
    Answer, Call, Decide, EventSetup, NotDecided, NotTaken, Notice, SourceHealth, Taken, Worded,
};
use wilco_web::Desk;

/// Answers a decision.
pub(crate) type Decides = Box<dyn Fn(&Decide) -> Result<Arc<Operation>, NotDecided> + Send + Sync>;
/// Answers a call; it may panic, as anything may.
pub(crate) type Calls = Box<dyn Fn(&Call) -> Answer + Send + Sync>;
/// Answers a request of a source; it may panic, as anything may.
pub(crate) type Hooks = Box<dyn Fn(&Hooked) -> Result<Taken, NotTaken> + Send + Sync>;

/// A request of a source, as it was handed in.
#[derive(Debug, Clone)]
pub(crate) struct Hooked {
    pub(crate) source: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) received_at: Timestamp,
}

pub(crate) struct TestDesk {
    people: Mutex<BTreeMap<PersonId, Vec<&'static str>>>,
    calls: Mutex<Vec<Call>>,
    decisions: Mutex<Vec<Decide>>,
    decides: Mutex<Option<Decides>>,
    answers: Mutex<Option<Calls>>,
    takes: Mutex<Duration>,
    /// With the one place where it may be used, if it is no other.
    commands: Mutex<Vec<(Option<&'static str>, Arc<Command>)>>,
    limits: Mutex<BTreeMap<&'static str, usize>>,
    hooked: Mutex<Vec<Hooked>>,
    hooks: Mutex<Option<Hooks>>,
    sources: Mutex<Vec<SourceHealth>>,
    policy: Mutex<Policy>,
    events: Mutex<EventSetup>,
    notices: broadcast::Sender<Notice>,
}

impl Default for TestDesk {
    fn default() -> Self {
        let people = [("ana", vec!["developer"]), ("ben", vec!["lead"]), ("kim", vec!["admin"])];
        Self {
            people: Mutex::new(people.into_iter().map(|(id, roles)| (super::person(id), roles)).collect()),
            calls: Mutex::default(),
            decisions: Mutex::default(),
            decides: Mutex::default(),
            answers: Mutex::default(),
            takes: Mutex::default(),
            commands: Mutex::default(),
            limits: Mutex::default(),
            hooked: Mutex::default(),
            hooks: Mutex::default(),
            sources: Mutex::default(),
            policy: Mutex::default(),
            events: Mutex::default(),
            notices: broadcast::Sender::new(64),
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TestDesk {
    pub(crate) fn remove(&self, name: &str) {
        lock(&self.people).remove(&super::person(name));
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    pub(crate) fn decisions(&self) -> Vec<Decide> {
        lock(&self.decisions).clone()
    }

    pub(crate) fn decide_with(&self, decides: Decides) {
        *lock(&self.decides) = Some(decides);
    }

    pub(crate) fn answer_with(&self, answers: Calls) {
        *lock(&self.answers) = Some(answers);
    }

    /// How long each call takes from now on.
    pub(crate) fn take(&self, takes: Duration) {
        *lock(&self.takes) = takes;
    }

    pub(crate) fn offer(&self, command: Command) {
        lock(&self.commands).push((None, Arc::new(command)));
    }

    /// A command that may be used in one place alone.
    pub(crate) fn offer_in(&self, place: &'static str, command: Command) {
        lock(&self.commands).push((Some(place), Arc::new(command)));
    }

    /// From now on there is a source of this name that takes bodies of so many bytes.
    pub(crate) fn listen_to(&self, source: &'static str, max_body: usize) {
        lock(&self.limits).insert(source, max_body);
    }

    pub(crate) fn hooked(&self) -> Vec<Hooked> {
        lock(&self.hooked).clone()
    }

    pub(crate) fn hook_with(&self, hooks: Hooks) {
        *lock(&self.hooks) = Some(hooks);
    }

    pub(crate) fn list_source(&self, source: SourceHealth) {
        lock(&self.sources).push(source);
    }

    pub(crate) fn rule_by(&self, policy: Policy) {
        *lock(&self.policy) = policy;
    }

    pub(crate) fn route_by(&self, events: EventSetup) {
        *lock(&self.events) = events;
    }

    pub(crate) fn tell(&self, notice: Notice) {
        // Nobody may be listening.
        let _ = self.notices.send(notice);
    }
}

#[async_trait]
impl Desk for TestDesk {
    async fn accept(&self, arrival: Arrival) {
        if let Some(ack) = arrival.ack {
            ack.send();
        }
    }

    async fn call(&self, call: Call) -> Answer {
        lock(&self.calls).push(call.clone());
        let takes = *lock(&self.takes);
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        match &*lock(&self.answers) {
            Some(answers) => answers(&call),
            None => Answer::Done { reply: Reply::text("pong"), rows: None },
        }
    }

    async fn decide(&self, decide: Decide) -> Result<Arc<Operation>, NotDecided> {
        lock(&self.decisions).push(decide.clone());
        match &*lock(&self.decides) {
            Some(decides) => decides(&decide),
            None => Err(NotDecided::NoSuchOperation),
        }
    }

    fn may_press(&self, _: &Operation, who: &Principal) -> Vec<PressKind> {
        who.person().map(|_| PressKind::Approve).into_iter().collect()
    }

    fn who_approves(&self, _: &Operation, need: &Need) -> Option<String> {
        need.by.as_ref().map(|by| named(&lock(&self.policy), by, None))
    }

    fn commands_for(&self, _: &Principal, place: &Place) -> Vec<Arc<Command>> {
        let commands = lock(&self.commands);
        let here = commands.iter().filter(|(only, _)| only.is_none_or(|only| only == place.as_str()));
        here.map(|(_, command)| Arc::clone(command)).collect()
    }

    fn commands_seen(&self, who: &Principal, place: &Place) -> Vec<(Arc<Command>, Option<Denial>)> {
        let commands = lock(&self.commands);
        let all = commands.iter().map(|(only, command)| {
            let here = only.is_none_or(|only| only == place.as_str());
            let denial = || Denial {
                text: format!("{who} may not use `{}` in {place}.", command.spec.id),
                rule: "no grant".into(),
                who_can: Some("role:admin".into()),
                you_can: None,
            };
            (Arc::clone(command), (!here).then(denial))
        });
        all.collect()
    }

    fn resolve(&self, account: &Account) -> Principal {
        let found = PersonId::parse(account.id()).ok().and_then(|id| self.person(&id));
        found
            .filter(|_| account.connector() == "web")
            .unwrap_or(Principal::Guest { account: account.clone() })
    }

    fn person(&self, id: &PersonId) -> Option<Principal> {
        let roles = lock(&self.people).get(id)?.clone();
        Some(Principal::Person {
            id: id.clone(),
            name: format!("Name of {id}"),
            roles: roles.into_iter().map(|role| RoleName::parse(role).expect("a role")).collect(),
            account: Account::parse(&format!("web:{id}")).expect("an account"),
        })
    }

    fn people(&self) -> Vec<(PersonId, String)> {
        lock(&self.people).keys().map(|id| (id.clone(), format!("Name of {id}"))).collect()
    }

    fn policy(&self) -> Policy {
        lock(&self.policy).clone()
    }

    fn event_setup(&self) -> EventSetup {
        lock(&self.events).clone()
    }

    fn in_words(&self, _: &Principal, _: &Place, (command, args): (&CommandId, &Args)) -> Worded {
        match args.get("ref").and_then(|value| value.as_str()) {
            _ if command.as_str() != "webapp.ship" => Worded::Unknown,
            Some("") => Worded::Malformed("`ref`: `` is not a commit".into()),
            Some(text) => Worded::Whole(format!("ship webapp {text}")),
            None => Worded::Begun("ship webapp".into(), vec!["ref".into()]),
        }
    }

    fn zone_name(&self) -> String {
        "Europe/Berlin".into()
    }

    fn prefixes(&self) -> Vec<String> {
        vec![".".into()]
    }

    async fn hook(&self, source: &str, hook: RawHook<'_>) -> Result<Taken, NotTaken> {
        let headers = hook.headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        let hooked = Hooked {
            source: source.to_owned(),
            headers,
            body: hook.body.to_vec(),
            received_at: hook.received_at,
        };
        lock(&self.hooked).push(hooked.clone());
        match &*lock(&self.hooks) {
            Some(hooks) => hooks(&hooked),
            None => Ok(Taken { new: 1, repeated: 0 }),
        }
    }

    fn hook_limit(&self, source: &str) -> Option<usize> {
        lock(&self.limits).get(source).copied()
    }

    fn sources(&self) -> Vec<SourceHealth> {
        lock(&self.sources).clone()
    }

    fn watch(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }
}
