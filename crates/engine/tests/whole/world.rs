//! A small world around the real engine: memory store, memory network, stepped clock, scripted actions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;
use wilco_contract::{
    clock::{Spawn, Task},
    command::{ArgSpec, Command, Effect, Spec, Step},
    connector::{Arrival, Caps},
    expr::Condition,
    http::{Http, HttpError, HttpRequest, HttpResponse},
    ids::{Account, ActionName, CommandId, Origin, PersonId, Place, RoleName},
    input::{Input, Message},
    listen::Listener,
    operation::{Operation, State},
    pattern::Pattern,
    policy::{Flags, Glob, Grant, Grantee, Person, Policy, Requirement},
    principal::Principal,
    reply::PressKind,
    schedule::Schedule,
    secrets::Secrets,
    source::Secret,
    store::Store,
    values::{ArgType, Args},
};
use wilco_engine::{
    Answer, Call, CallWhat, Decide, Engine, EventSetup, Limits, NotDecided, Parts, PlanSeen, Setup,
};
use wilco_runtime::{chance::SeededChance, clock::SteppedClock, memory_store::MemoryStore};
use wilco_testkit::{
    aborting_store::AbortingStore,
    action::ScriptedAction,
    network::{MemoryNetwork, people::Act},
    sender::Sender,
};

/// Tasks of the test's own runtime.
struct Here;

impl Spawn for Here {
    #[expect(clippy::disallowed_methods, reason = "the test's runtime ends with the test")]
    fn spawn(&self, _: &'static str, task: Task) {
        tokio::spawn(task);
    }
}

struct NoHttp;

#[async_trait::async_trait]
impl Http for NoHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        Err(HttpError::NoSuchServer(request.server))
    }
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) network: Arc<MemoryNetwork>,
    pub(crate) clock: Arc<SteppedClock>,
    pub(crate) deploy: Arc<ScriptedAction>,
    pub(crate) read: Arc<ScriptedAction>,
}

pub(crate) fn person(name: &str, roles: &[&str], accounts: &[&str]) -> (PersonId, Person) {
    let person = Person {
        name: name.to_uppercase(),
        email: None,
        accounts: accounts.iter().map(|account| Account::parse(account).expect("an account")).collect(),
        roles: roles.iter().map(|role| RoleName::parse(role).expect("a role")).collect(),
        origin: Origin::built_in(),
    };
    (PersonId::parse(name).expect("a name"), person)
}

fn origin(line: u32) -> Origin {
    Origin { file: "wilco.toml".into(), line, column: 1 }
}

pub(crate) fn requirement(line: u32, command: &str) -> Requirement {
    Requirement {
        command: Some(Glob(command.to_owned())),
        when: None,
        confirm: false,
        approve: 0,
        by: None,
        within_secs: 3_600,
        step_up: false,
        deny: None,
        max_targets: None,
        origin: origin(line),
    }
}

pub(crate) fn policy() -> Policy {
    let grant = |line, command: &str, to: &[&str]| Grant {
        command: Glob(command.to_owned()),
        effect: None,
        to: to.iter().map(|to| Grantee::parse(to).expect("a grantee")).collect(),
        rooms: None,
        when: None,
        flags: Flags::NONE,
        origin: origin(line),
    };
    Policy {
        people: [
            person("you", &["developer"], &["web:you", "irc:you2"]),
            person("ana", &["lead", "developer"], &["web:ana"]),
            person("bo", &["developer"], &["web:bo"]),
        ]
        .into(),
        grants: vec![
            grant(10, "app.*", &["role:developer", "token:ci", "operator"]),
            grant(11, "wilco.*", &["role:lead"]),
        ],
        requirements: vec![
            Requirement { confirm: true, ..requirement(20, "app.stage") },
            Requirement {
                approve: 1,
                by: Some(Grantee::parse("role:lead").expect("a role")),
                within_secs: 600,
                ..requirement(21, "app.release")
            },
            Requirement {
                deny: Some("Production is frozen.".to_owned()),
                when: Some(Condition::parse("args.app == 'frozen'").expect("a condition")),
                ..requirement(22, "app.*")
            },
        ],
        ..Policy::default()
    }
}

pub(crate) fn command(id: &str, words: &str, effect: Effect, uses: &str) -> Command {
    Command {
        spec: Spec {
            id: CommandId::parse(id).expect("an id"),
            words: vec![Pattern::parse(words).expect("a pattern")],
            about: format!("does {id}"),
            effect,
            args: vec![ArgSpec {
                name: "app".to_owned(),
                kind: ArgType::Word,
                about: "which app".to_owned(),
                required: true,
                default: None,
            }],
            examples: Vec::new(),
            require: Vec::new(),
            rate: None,
            lock: (effect > Effect::Read).then(|| "{{ app }}/production".to_owned()),
            timeout_secs: 600,
            home: None,
            letter: 'd',
        },
        origin: origin(1),
        steps: vec![Step {
            id: "do".to_owned(),
            uses: ActionName::parse(uses).expect("an action"),
            with: json!({"app": "{{ app }}"}),
            effect: Some(effect),
            undo: None,
            when: None,
            for_each: None,
            retry: None,
            origin: origin(2),
        }],
        verify: Vec::new(),
        on_failure: wilco_contract::command::OnFailure::Stop,
        vars: Args::new(),
    }
}

pub(crate) fn commands() -> Vec<Command> {
    vec![
        command("app.stage", "stage <app>", Effect::Write, "test.deploy"),
        command("app.release", "release <app>", Effect::Write, "test.deploy"),
        command("app.restart", "restart <app>", Effect::Write, "test.deploy"),
        command("app.status", "status <app>", Effect::Read, "test.read"),
    ]
}

fn setup(policy: Policy, commands: Vec<Command>, events: EventSetup) -> Setup {
    let secrets = Secrets::new([("TOKEN".to_owned(), Secret::new("hunter2-hunter2"))].into());
    Setup {
        secrets,
        name: "wilco".to_owned(),
        aliases: vec!["hubot".to_owned()],
        prefixes: vec![".".to_owned()],
        home: place(),
        public_url: "http://localhost:7777".to_owned(),
        policy,
        commands,
        limits: Limits { per_person: Some((30, 60)), lane: Some(16) },
        events,
        listeners: Vec::new(),
        schedules: Vec::new(),
    }
}

pub(crate) fn place() -> Place {
    Place::parse("web:ops").expect("a place")
}

/// A store that lets so many commits through and dies with whoever brings the next, as a process would; and how many it
/// let through.
pub(crate) fn dying(store: Arc<dyn Store>, commits: u64) -> (Arc<AbortingStore>, Arc<AtomicU64>) {
    let counted = Arc::new(AtomicU64::new(0));
    let count = counted.clone();
    let dies = move |commit| {
        assert!(commit <= commits, "the process ends before this commit");
        count.store(commit, Ordering::SeqCst);
    };
    (Arc::new(AbortingStore::new(store, None, dies)), counted)
}

impl World {
    pub(crate) async fn new() -> Self {
        let store = Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7))));
        Self::on(store, policy(), commands()).await
    }

    /// A world on a store that may have seen another one: a restart.
    pub(crate) async fn on(store: Arc<dyn Store>, policy: Policy, commands: Vec<Command>) -> Self {
        let clock = Arc::new(SteppedClock::new("2026-11-23T10:00:00Z".parse().expect("a time")));
        Self::build(store, policy, commands, clock, Arc::default())
    }

    /// A world with these commands on a store of its own.
    pub(crate) async fn on_new(policy: Policy, commands: Vec<Command>) -> Self {
        Self::on(Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7)))), policy, commands).await
    }

    /// The same, with a network that can do nothing but show one line after the other.
    pub(crate) async fn on_plain(policy: Policy, commands: Vec<Command>) -> Self {
        let store = Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7))));
        let clock = Arc::new(SteppedClock::new("2026-11-23T10:00:00Z".parse().expect("a time")));
        let outside = (clock, Arc::default(), MemoryNetwork::PLAIN);
        Self::of(store, policy, commands, EventSetup::default(), outside)
    }

    /// The same world after a restart: store, network and clock stay.
    pub(crate) async fn restarted(&self, policy: Policy, commands: Vec<Command>) -> Self {
        Self::build(self.store.clone(), policy, commands, self.clock.clone(), self.network.clone())
    }

    /// A world on what is left of another one: its store, clock and network.
    pub(crate) fn of_store(
        store: Arc<dyn Store>,
        clock: Arc<SteppedClock>,
        network: Arc<MemoryNetwork>,
        commands: Vec<Command>,
    ) -> Self {
        Self::build(store, policy(), commands, clock, network)
    }

    /// A world in which events come in, and go where this says.
    pub(crate) async fn of_events(events: EventSetup) -> Self {
        Self::of_events_under(policy(), events).await
    }

    pub(crate) async fn of_events_under(policy: Policy, events: EventSetup) -> Self {
        let store = Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7))));
        let clock = Arc::new(SteppedClock::new("2026-11-23T10:00:00Z".parse().expect("a time")));
        let outside = (clock, Arc::default(), MemoryNetwork::CAPS);
        Self::of(store, policy, commands(), events, outside).recovered().await
    }

    /// A world in which events come in on this store, with a network that can do this.
    pub(crate) async fn of_events_on(store: Arc<dyn Store>, events: EventSetup, caps: Caps) -> Self {
        let clock = Arc::new(SteppedClock::new("2026-11-23T10:00:00Z".parse().expect("a time")));
        Self::of(store, policy(), commands(), events, (clock, Arc::default(), caps)).recovered().await
    }

    /// The same after a restart, with a network that can do this.
    pub(crate) async fn again(&self, events: EventSetup, caps: Caps) -> Self {
        self.again_under(policy(), events, caps).await
    }

    pub(crate) async fn again_under(&self, policy: Policy, events: EventSetup, caps: Caps) -> Self {
        self.engine.stop();
        self.settle().await;
        let outside = (self.clock.clone(), self.network.clone(), caps);
        Self::of(self.store.clone(), policy, commands(), events, outside).recovered().await
    }

    fn build(
        store: Arc<dyn Store>,
        policy: Policy,
        commands: Vec<Command>,
        clock: Arc<SteppedClock>,
        network: Arc<MemoryNetwork>,
    ) -> Self {
        Self::of(store, policy, commands, EventSetup::default(), (clock, network, MemoryNetwork::CAPS))
    }

    /// A world with listeners and schedules, on a store that may have seen another one, at this time.
    pub(crate) async fn of_triggers(
        store: Arc<dyn Store>,
        now: &str,
        policy: Policy,
        (listeners, schedules): (Vec<Listener>, Vec<Schedule>),
    ) -> Self {
        let clock = Arc::new(SteppedClock::new(now.parse().expect("a time")));
        let setup = Setup { listeners, schedules, ..setup(policy, commands(), EventSetup::default()) };
        Self::with(store, setup, (clock, Arc::default(), MemoryNetwork::CAPS)).recovered().await
    }

    fn of(
        store: Arc<dyn Store>,
        policy: Policy,
        commands: Vec<Command>,
        events: EventSetup,
        outside: (Arc<SteppedClock>, Arc<MemoryNetwork>, Caps),
    ) -> Self {
        Self::with(store, setup(policy, commands, events), outside)
    }

    fn with(
        store: Arc<dyn Store>,
        setup: Setup,
        (clock, network, caps): (Arc<SteppedClock>, Arc<MemoryNetwork>, Caps),
    ) -> Self {
        let deploy = Arc::new(ScriptedAction::new("test.deploy", Effect::Write));
        let read = Arc::new(ScriptedAction::new("test.read", Effect::Read));
        let parts = Parts {
            store: store.clone(),
            clock: clock.clone(),
            spawn: Arc::new(Here),
            chance: Arc::new(SeededChance::new(11)),
            http: Arc::new(NoHttp),
            actions: vec![deploy.clone(), read.clone()],
            sources: vec![Arc::new(Sender::signed("github")), Arc::new(Sender::unsigned("open"))],
        };
        let engine = Engine::new(parts, setup).unwrap_or_else(|_| panic!("the test's commands collide"));
        engine.attach("web", caps, network.clone(), network.clone());
        Self { engine, store, network, clock, deploy, read }
    }

    /// The configuration is another one from now on.
    pub(crate) fn reload(&self, policy: Policy, commands: Vec<Command>) {
        let setup = setup(policy, commands, EventSetup::default());
        self.engine.reload(setup).unwrap_or_else(|_| panic!("the test's commands collide"));
    }

    /// Its secrets are others from now on.
    pub(crate) fn reload_secrets(&self, values: &[(&str, &str)]) {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value)));
        let secrets = Secrets::new(values.collect());
        let setup = Setup { secrets, ..setup(policy(), commands(), EventSetup::default()) };
        self.engine.reload(setup).unwrap_or_else(|_| panic!("the test's commands collide"));
    }

    pub(crate) async fn recovered(self) -> Self {
        self.engine.recover().await.expect("the store can be read");
        self.settle().await;
        self
    }

    /// Lets everything that can go on go on.
    pub(crate) async fn settle(&self) {
        for _ in 0..300 {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn step(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
        self.settle().await;
    }

    pub(crate) fn who(&self, account: &str) -> Principal {
        self.engine.resolve(&Account::parse(account).expect("an account"))
    }

    pub(crate) async fn call(&self, account: &str, id: &str, app: &str) -> Answer {
        self.call_as(self.who(account), id, app).await
    }

    pub(crate) async fn call_as(&self, who: Principal, id: &str, app: &str) -> Answer {
        let args: Args = [("app".to_owned(), json!(app))].into_iter().collect();
        let what = CallWhat::Command(CommandId::parse(id).expect("an id"), args);
        let call = Call { who, what, place: None, because: None, dry_run: false, key: None };
        let answer = self.engine.call(call).await;
        self.settle().await;
        answer
    }

    /// Gives an order that becomes an operation.
    pub(crate) async fn order(&self, account: &str, id: &str, app: &str) -> Arc<Operation> {
        match self.call(account, id, app).await {
            Answer::Operation(operation) => operation,
            other => panic!("no operation came of it: {other:?}"),
        }
    }

    pub(crate) async fn press(
        &self,
        account: &str,
        press: PressKind,
        op: &Operation,
    ) -> Result<Arc<Operation>, NotDecided> {
        self.press_as(self.who(account), press, op, PlanSeen::Hash(op.plan.hash)).await
    }

    pub(crate) async fn press_as(
        &self,
        who: Principal,
        press: PressKind,
        op: &Operation,
        plan: PlanSeen,
    ) -> Result<Arc<Operation>, NotDecided> {
        let decide = Decide { who, press, operation: op.id.clone(), plan, because: None };
        let decided = self.engine.decide(decide).await;
        self.settle().await;
        decided
    }

    pub(crate) async fn now(&self, op: &Operation) -> Arc<Operation> {
        self.engine.operation(&op.id).await.expect("the store can be read").expect("the operation is there")
    }

    pub(crate) async fn state(&self, op: &Operation) -> State {
        self.now(op).await.state
    }

    /// Says something in the room, and lets it be worked off.
    pub(crate) async fn say(&self, account: &str, id: &str, text: &str) {
        self.engine.accept(self.arrival(account, id, text)).await;
        self.settle().await;
    }

    /// Says something in the thread of a message.
    pub(crate) async fn reply(&self, account: &str, id: &str, thread: &str, text: &str) {
        self.reply_at((account, id), thread, text, self.time()).await;
    }

    /// The same, said at this time.
    pub(crate) async fn reply_at(
        &self,
        (account, id): (&str, &str),
        thread: &str,
        text: &str,
        at: Timestamp,
    ) {
        let mut arrival = self.arrival(account, id, text);
        if let Input::Message(message) = &mut arrival.input {
            message.thread = Some(thread.to_owned());
            message.at = at;
        }
        self.engine.accept(arrival).await;
        self.settle().await;
    }

    /// Says something in the direct conversation.
    pub(crate) async fn whisper(&self, account: &str, id: &str, text: &str) {
        let mut arrival = self.arrival(account, id, text);
        if let Input::Message(message) = &mut arrival.input {
            message.place = Place::parse("web:@you").expect("a place");
        }
        self.engine.accept(arrival).await;
        self.settle().await;
    }

    pub(crate) fn arrival(&self, account: &str, id: &str, text: &str) -> Arrival {
        let message = Message {
            id: id.to_owned(),
            place: place(),
            thread: None,
            from: Account::parse(account).expect("an account"),
            text: text.to_owned(),
            at: self.time(),
            to_us: false,
        };
        Arrival { input: Input::Message(message), cursor: None, kept: None, ack: None }
    }

    /// Does something in the room beside saying something.
    pub(crate) async fn act(&self, account: &str, act: Act<'_>) {
        self.act_at(account, act, self.time()).await;
    }

    /// The same, at a time that the network names.
    pub(crate) async fn act_at(&self, account: &str, act: Act<'_>, at: Timestamp) {
        let who = Account::parse(account).expect("an account");
        if let Some(arrival) = self.network.does(&who, &place(), act, at) {
            self.engine.accept(arrival).await;
        }
        self.settle().await;
    }

    /// Changes what somebody said in the room under this id.
    pub(crate) async fn edit(&self, account: &str, id: &str, text: &str) {
        self.edit_at(account, id, text, self.time()).await;
    }

    /// The same, at a time that the network names.
    pub(crate) async fn edit_at(&self, account: &str, id: &str, text: &str, at: Timestamp) {
        let Input::Message(message) = self.arrival(account, id, "").input else { return };
        self.engine.accept(self.network.edits(&message, text, at)).await;
        self.settle().await;
    }

    pub(crate) fn time(&self) -> Timestamp {
        use wilco_contract::clock::Clock as _;
        self.clock.now()
    }

    pub(crate) fn last_text(&self) -> String {
        self.network.texts().last().cloned().unwrap_or_default()
    }
}
