//! What happens to an input: read it, ask the gate, plan, wait for decisions, run once, tell, remember.
//!
//! Not a connector, a store or an action: it sees those through the joints of `contract`. It names no vendor, opens
//! no socket, reads no clock and starts no task except through the traits it is given. Layer 1.

pub mod catalogue;
pub mod compose;
pub mod listen;
pub mod parse;
pub mod route;

mod alias;
mod board;
mod breaker;
mod calls;
mod core;
mod dialogue;
mod edited;
mod hints;
mod history;
mod inbox;
mod intake;
mod keyed;
mod lanes;
mod life;
mod limits;
mod lines;
mod links;
mod locks;
mod memory;
mod orders;
mod outbox;
mod own;
mod pictures;
mod planning;
mod programs;
mod reacted;
mod reads;
mod reload;
mod repeats;
mod schedule;
mod slot;
mod span;
mod stop_words;
pub mod telemetry;
mod tell;
mod tries;
mod trigger;
mod waits;
mod ways;
mod worded;
mod words;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{broadcast, mpsc, watch};
use wilco_contract::{
    action::DynAction,
    clock::{Chance, Clock, Spawn},
    command::Command,
    connector::{Arrival, Caps, DeliveryKey, Directory, Outbox, Standings},
    gate::{Ask, Decision, Denial, Need},
    http::Http,
    ids::{Account, CommandId, Hash, OpId, PersonId, Place},
    listen::Listener,
    operation::Operation,
    policy::{Flags, Policy},
    principal::Principal,
    reply::{PressKind, Reply},
    route::{Route, Rule, SourceRule},
    schedule::Schedule,
    secrets::Secrets,
    source::{RawHook, Source},
    store::{LogLine, Store, StoreError},
    values::Args,
};

use crate::{
    catalogue::{Catalogue, Collision, Reserved},
    core::{Core, Live},
    inbox::{Understood, Wishes},
    orders::From,
    ways::Way,
};
pub use intake::{NotTaken, SourceHealth, Taken};
pub use reload::{Changes, Reloader};
pub use worded::Worded;

/// What the engine is built from.
pub struct Parts {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The way to start tasks.
    pub spawn: Arc<dyn Spawn>,
    /// Where ids come from.
    pub chance: Arc<dyn Chance>,
    /// Calls to named servers.
    pub http: Arc<dyn Http>,
    /// All actions of the outside world; the engine adds its own.
    pub actions: Vec<Arc<dyn DynAction>>,
    /// The senders of webhooks.
    pub sources: Vec<Arc<dyn Source>>,
}

/// What the configuration says.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Its own name, which addresses it.
    pub name: String,
    /// Further names.
    pub aliases: Vec<String>,
    /// Signs that address it when a letter follows.
    pub prefixes: Vec<String>,
    /// The home room of operations whose command names none.
    pub home: Place,
    /// Where people find the page, without a slash at the end.
    pub public_url: String,
    /// Who may do what.
    pub policy: Policy,
    /// The packs' commands; the engine adds its own.
    pub commands: Vec<Command>,
    /// What steps refer to as `{ secret = "NAME" }`.
    pub secrets: Secrets,
    /// Limits.
    pub limits: Limits,
    /// Where events go.
    pub events: EventSetup,
    /// What the packs listen for.
    pub listeners: Vec<Listener>,
    /// What the packs have due at times.
    pub schedules: Vec<Schedule>,
}

/// What the configuration and the packs say of events.
#[derive(Debug, Clone, Default)]
pub struct EventSetup {
    /// The routes, in the order in which they are looked at.
    pub routes: Vec<Route>,
    /// The rules that run a command.
    pub rules: Vec<Rule>,
    /// What is said of each source.
    pub sources: Vec<SourceRule>,
}

/// Limits on what people may ask at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Orders per person in a span of so many seconds; `None`: unlimited.
    pub per_person: Option<(u32, u64)>,
    /// Orders that wait in a lane; `None`: unlimited, and the reader stops reading instead.
    pub lane: Option<usize>,
}

/// An order from a door other than a room's text.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who gives it.
    pub who: Principal,
    /// What.
    pub what: CallWhat,
    /// Where; `None` answers the caller alone, and an operation stands in its home room. A plan alone is made as if it
    /// had been asked for there, and the caller alone is answered.
    pub place: Option<Place>,
    /// The asker's reason.
    pub because: Option<String>,
    /// Plan only.
    pub dry_run: bool,
    /// The caller's key that makes a repeated request recognisable.
    pub key: Option<String>,
}

/// What a [`Call`] asks for.
#[derive(Debug, Clone)]
pub enum CallWhat {
    /// Words, without a name in front.
    Order(String),
    /// A command by id.
    Command(CommandId, Args),
}

/// What came of an order.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A read was answered, or a plan shown.
    Done {
        /// The answer.
        reply: Reply,
        /// The answer as rows, where it is one.
        rows: Option<Vec<serde_json::Value>>,
    },
    /// An operation came of it.
    Operation(Arc<Operation>),
    /// It was not accepted. `unknown` when no command was meant, so that a caller can tell.
    Refused {
        /// Why, and what to do.
        reply: Reply,
        /// Why it was not.
        kind: RefusedKind,
    },
}

/// Why an order was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedKind {
    /// No such command.
    Unknown,
    /// The words or arguments do not fit the command.
    Malformed,
    /// The gate said no.
    Denied,
    /// Too many at once.
    Limited,
    /// Too many at once, of which the asker was told already.
    StillLimited,
    /// It failed, and nothing was changed.
    Failed,
    /// The record could not be written, so nothing was started.
    Unavailable,
}

/// A person's decision about an operation.
#[derive(Debug, Clone)]
pub struct Decide {
    /// Who.
    pub who: Principal,
    /// Which decision.
    pub press: PressKind,
    /// About which operation.
    pub operation: OpId,
    /// About which plan.
    pub plan: PlanSeen,
    /// Why, in their words; shown with a no.
    pub because: Option<String>,
}

/// Which plan a person decided about. A yes counts for no other; a no by its hash neither, as who names one
/// is told that it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanSeen {
    /// The one with this hash, as a button names it.
    Hash(Hash),
    /// The one that was there when these words were said.
    At(Timestamp),
}

/// Why a decision did not count.
#[derive(Debug, Clone)]
pub enum NotDecided {
    /// There is no such operation.
    NoSuchOperation,
    /// The plan is another one now, or the operation is past deciding: how it stands now.
    Changed(Arc<Operation>),
    /// A rule says no.
    Denied(Denial),
    /// It could not be written; nothing was decided.
    Unavailable(String),
}

/// Something that happened, for live pages.
#[derive(Debug, Clone)]
pub enum Notice {
    /// An operation has a new state.
    Operation(Arc<Operation>),
    /// A run said something.
    Line(LogLine),
}

/// The engine. A handle: clones are the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Core>);

/// How many of the newest operations have their messages brought up to date at a start.
const SHOWN_AGAIN: usize = 50;

impl Engine {
    /// Builds the engine. It does nothing until [`Self::recover`].
    ///
    /// # Errors
    /// When commands collide.
    pub fn new(parts: Parts, setup: Setup) -> Result<Self, Vec<Collision>> {
        let live = Self::live(setup, None)?;
        Ok(Self(Arc::new_cyclic(|core| Core::new(parts, own::actions(core), live))))
    }

    /// What a setup comes to. Listeners that stay as they were `before` are not made ready again.
    fn live(mut setup: Setup, before: Option<&Live>) -> Result<Live, Vec<Collision>> {
        let commands = own::commands().into_iter().chain(setup.commands.iter().cloned()).collect();
        let names = parse::Names {
            name: setup.name.clone(),
            aliases: setup.aliases.clone(),
            prefixes: setup.prefixes.clone(),
        };
        let listeners = std::mem::take(&mut setup.listeners);
        let listen = match before.map(|before| &before.listen).filter(|listen| listen.is_of(&listeners)) {
            Some(same) => Arc::clone(same),
            None => Arc::new(listen::Matcher::new(listeners)),
        };
        Ok(Live { catalogue: Catalogue::build(commands)?, names, listen, setup })
    }

    /// The commands that the engine itself provides.
    #[must_use]
    pub fn own_commands() -> Vec<Command> {
        own::commands()
    }

    /// The actions that the engine itself provides, for checkers: they belong to no engine, and do nothing.
    #[must_use]
    pub fn own_actions() -> Vec<Arc<dyn DynAction>> {
        own::actions(&std::sync::Weak::new())
    }

    /// Makes a connector's way out known, or replaces it after it connected anew.
    pub fn attach(
        &self,
        connector: &str,
        caps: Caps,
        outbox: Arc<dyn Outbox>,
        directory: Arc<dyn Directory>,
    ) {
        self.0.ways.attach(connector, Way { caps, outbox, directory });
        self.0.places.attached(connector);
    }

    /// Makes known who says how connectors stand.
    pub fn connectors_stand_as(&self, standings: Arc<dyn Standings>) {
        // Whoever comes second finds the first.
        let _ = self.0.standings.set(standings);
    }

    /// Takes up what was under way before a restart: locks, operations, accepted orders. Once, after the connectors
    /// that are at hand were attached and before anything is accepted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recover(&self) -> Result<(), StoreError> {
        let core = &self.0;
        core.count_operations().await?;
        core.locks.load(core.store.locks().await?);
        links::load(core).await?;
        alias::load(core).await?;
        // What operations say from here on is numbered after all that was said.
        let last = core.store.last_number().await?;
        core.board().number_after(last);
        let states: Vec<_> =
            wilco_contract::operation::State::ALL.into_iter().filter(|state| !state.is_final()).collect();
        let mut after = 0;
        loop {
            let page = wilco_contract::store::Page { after, limit: 200 };
            let operations = core.store.operations(&states, page).await?;
            let Some((last, _)) = operations.last() else { break };
            after = *last;
            for (_, operation) in operations {
                life::begin(core, Arc::new(operation));
            }
        }
        self.show_again().await?;
        inbox::recover(core).await?;
        schedule::recover(core).await?;
        self.begin_events().await
    }

    /// Goes on with events where it stopped: with routing them, showing them, forgetting their payloads.
    async fn begin_events(&self) -> Result<(), StoreError> {
        let core = &self.0;
        core.load_mutes().await?;
        let due = core.store.due_slots().await?;
        {
            let mut board = core.board();
            for known in due {
                board.put(known);
            }
        }
        outbox::recover(core).await?;
        core.spawn.spawn("router", Box::pin(route::router::run(core.clone())));
        core.spawn.spawn("retention", Box::pin(route::keep::run(core.clone())));
        Ok(())
    }

    /// Brings the messages of operations that ended just before the restart up to date.
    async fn show_again(&self) -> Result<(), StoreError> {
        for operation in self.0.store.latest_operations(SHOWN_AGAIN).await? {
            if operation.state.is_final() {
                let (_, seen) = watch::channel(Arc::new(operation));
                let (tell, _) = mpsc::channel(1);
                self.0.spawn.spawn("slot", Box::pin(slot::keep(self.0.clone(), seen, tell)));
            }
        }
        Ok(())
    }

    /// Takes in something that arrived. Returns once it is kept or needs no keeping; what becomes of it comes later.
    pub async fn accept(&self, arrival: Arrival) {
        inbox::accept(&self.0, arrival).await;
    }

    /// Takes in a request that was sent to a source. It is kept when this returns.
    ///
    /// # Errors
    /// When nothing of it was kept.
    pub async fn hook(&self, source: &str, hook: RawHook<'_>) -> Result<Taken, NotTaken> {
        intake::take(&self.0, source, hook).await
    }

    /// The longest body that a source takes, in bytes; `None` where there is no such source.
    #[must_use]
    pub fn hook_limit(&self, source: &str) -> Option<usize> {
        self.0.sources.max_body(source)
    }

    /// How the sources are, by name.
    #[must_use]
    pub fn sources(&self) -> Vec<SourceHealth> {
        self.0.sources.health()
    }

    /// Gives an order that did not come as text in a room, and waits for what comes of it at first: a read's answer, or
    /// the operation that will go on.
    pub async fn call(&self, call: Call) -> Answer {
        let core = &self.0;
        let heard = match &call.what {
            CallWhat::Order(words) => inbox::called(core, words, &call.who, call.place.as_ref()),
            CallWhat::Command(id, _) => Some(id.as_str().trim_start_matches("wilco.").to_owned()),
        };
        let is_control = heard.as_deref().is_some_and(inbox::is_control);
        if let Some((answer, _)) = orders::beyond_limit(core, &call.who).filter(|_| !is_control) {
            return answer;
        }
        let said_at = core.clock.now();
        let Call { who, what, place, because, dry_run, key } = call;
        let home = core.live.load().setup.home.clone();
        if let Some(place) = &place
            && let Err(answer) = self.open(place, &who).await
        {
            return answer;
        }
        let told = place.as_ref().filter(|_| !dry_run);
        let echoed = match (told, &what) {
            (Some(place), CallWhat::Order(words)) => self.echo(place, &who, words).await,
            (Some(place), CallWhat::Command(id, _)) => self.echo(place, &who, id.as_str()).await,
            (None, _) => Ok(None),
        };
        let thread = match echoed {
            Ok(thread) => thread,
            Err(answer) => return answer,
        };
        let in_room = place.is_some();
        let from = From {
            who,
            place: place.clone().unwrap_or(home),
            thread: thread.clone(),
            in_room,
            said_at,
            input: None,
            key,
        };
        let (reading, line) = match &what {
            CallWhat::Order(_) => match heard {
                Some(order) => alias::read(core, &from, &order),
                None => (catalogue::Reading::Empty, None),
            },
            CallWhat::Command(id, args) => {
                let live = core.live.load();
                let asked = from.asked(&live.setup.policy);
                (live.catalogue.order(id, args, Reserved::default(), &asked), None)
            }
        };
        let said = inbox::follow(core, from, reading, Wishes { because, dry_run }).await;
        let answer = match alias::echo(said, line) {
            Understood::Answer(answer) => answer,
            Understood::Silence => Answer::Refused {
                reply: Reply::refusal("There is no such command. Say `help` to see what there is."),
                kind: RefusedKind::Unknown,
            },
        };
        if let (Some(place), Answer::Done { reply, .. } | Answer::Refused { reply, .. }) = (told, &answer) {
            let key = DeliveryKey(format!("call/{:032x}", u128::from_le_bytes(core.chance.bytes())));
            if let Err(error) = core.ways.post(place, thread.as_deref(), reply, &key).await {
                tracing::warn!(%place, %error, "An answer was not shown.");
            }
        }
        answer
    }

    /// Whether somebody may give an order in a room by another door.
    async fn open(&self, place: &Place, who: &Principal) -> Result<(), Answer> {
        let refused =
            |text: String| Err(Answer::Refused { reply: Reply::refusal(text), kind: RefusedKind::Failed });
        let Some(way) = self.0.ways.to(place) else {
            return refused(format!("There is no connector `{}`.", place.connector()));
        };
        if !way.directory.exists(place).await {
            return refused(format!("There is no place `{place}`."));
        }
        // Whoever has no account is let in by what let them ask.
        let theirs = self.with_policy(|policy| orders::accounts(policy, who, place.connector()));
        if who.account().is_some() && !orders::is_open_to(&way, &theirs, place).await {
            return refused(format!("`{place}` is not open to {who}."));
        }
        Ok(())
    }

    /// Shows in a room which order is given there by another door. The thread that it opens.
    async fn echo(&self, place: &Place, who: &Principal, words: &str) -> Result<Option<String>, Answer> {
        let name = match who {
            Principal::Person { name, .. } => name.clone(),
            other => other.to_string(),
        };
        let key = DeliveryKey(format!("echo/{:032x}", u128::from_le_bytes(self.0.chance.bytes())));
        let text = Reply::text(format!("{name} gave an order from elsewhere: {words}"));
        match self.0.ways.post(place, None, &text, &key).await {
            Ok(receipt) => Ok(Some(receipt.id)),
            Err(error) => {
                let text = format!("The order could not be shown in {place}, so it was not given: {error}.");
                Err(Answer::Refused { reply: Reply::refusal(text), kind: RefusedKind::Failed })
            }
        }
    }

    /// Takes a person's decision, and returns the operation as it then stands.
    ///
    /// # Errors
    /// When the decision did not count.
    pub async fn decide(&self, decide: Decide) -> Result<Arc<Operation>, NotDecided> {
        life::decisions::decide(&self.0, decide).await
    }

    /// What this principal may press on an operation now.
    #[must_use]
    pub fn may_press(&self, operation: &Operation, who: &Principal) -> Vec<PressKind> {
        let presses = [PressKind::Confirm, PressKind::Approve, PressKind::Deny, PressKind::Abort];
        let fits = |press: &PressKind| match press {
            // Deny is for what waits; what runs is stopped.
            PressKind::Deny => operation.state.awaits() && operation.asker.key() != who.key(),
            _ => true,
        };
        let mut may = presses.to_vec();
        may.retain(|press| {
            fits(press) && life::decisions::may_press(&self.0, operation, who, *press).is_ok()
        });
        may
    }

    /// Who could give an approval that the operation needs, for people to read; `None` where nobody could.
    #[must_use]
    pub fn who_approves(&self, operation: &Operation, need: &Need) -> Option<String> {
        words::who_approves(&self.0, operation, need)
    }

    /// The commands that this principal may use in this place, by id.
    #[must_use]
    pub fn commands_for(&self, who: &Principal, place: &Place) -> Vec<Arc<Command>> {
        let live = self.0.live.load_full();
        let all = live.catalogue.commands();
        all.iter().filter(|command| may_use(&self.0, command, who, place)).cloned().collect()
    }

    /// All commands, by id, each with the rule's no where this principal may not use it in this place.
    #[must_use]
    pub fn commands_seen(&self, who: &Principal, place: &Place) -> Vec<(Arc<Command>, Option<Denial>)> {
        let live = self.0.live.load_full();
        let all = live.catalogue.commands().iter();
        all.map(|command| (command.clone(), why_not(&self.0, command, who, place))).collect()
    }

    /// Looks at the rules.
    pub fn with_policy<T>(&self, look: impl FnOnce(&Policy) -> T) -> T {
        self.0.with_policy(look)
    }

    /// The signs that address it when a letter follows.
    #[must_use]
    pub fn prefixes(&self) -> Vec<String> {
        self.0.live.load().setup.prefixes.clone()
    }

    /// What is configured of events.
    #[must_use]
    pub fn event_setup(&self) -> EventSetup {
        self.0.live.load().setup.events.clone()
    }

    /// Who stands behind an account.
    #[must_use]
    pub fn resolve(&self, account: &Account) -> Principal {
        self.with_policy(|policy| policy.resolve(account))
    }

    /// A person speaking on the page; `None` where there is no such person.
    #[must_use]
    pub fn person(&self, id: &PersonId) -> Option<Principal> {
        let account = Account::parse(&format!("web:{id}")).ok()?;
        self.with_policy(|policy| policy.person(id, account))
    }

    /// An operation in its newest state.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn operation(&self, id: &OpId) -> Result<Option<Arc<Operation>>, StoreError> {
        self.0.operation(id).await
    }

    /// What happens from now on, for live pages. Who lags behind reads anew.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Notice> {
        self.0.notices.subscribe()
    }

    /// How many operations have not ended.
    #[must_use]
    pub fn living(&self) -> usize {
        self.0.living_count()
    }

    /// Begins no more calls. What runs outside goes on and is taken up at the next start.
    pub fn stop(&self) {
        self.0.stop();
    }
}

/// Whether a principal may at least plan a command in a place; for help, completions and suggestions.
fn may_use(core: &Core, command: &Command, who: &Principal, place: &Place) -> bool {
    why_not(core, command, who, place).is_none()
}

/// Why a principal may not even plan a command in a place; `None` where they may.
fn why_not(core: &Core, command: &Command, who: &Principal, place: &Place) -> Option<Denial> {
    let (args, given) = (planning::complete(command, Args::new()), []);
    let ask = Ask {
        who,
        spec: &command.spec,
        args: &args,
        place,
        now: core.clock.now(),
        plan: None,
        given: &given,
        operation: None,
        flags: Flags::NONE,
    };
    match core.gate(ask).decision {
        Decision::Deny(denial) => Some(denial),
        Decision::Plan | Decision::Allow(_) | Decision::Needs(_) => None,
    }
}
