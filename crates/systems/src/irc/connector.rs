//! The connector: one connection, its bytes, and the ways in and out.
//!
//! Not the protocol, which [`super::session`] has, and no second try. Layer 2.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::stream;
use jiff::Timestamp;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until, timeout},
};
use wilco_contract::{
    clock::{Chance, Clock, Spawn},
    connector::{
        Arrival, Caps, ConnectError, Connector, Cursor, Directory, News, Outbox, Post, Presence, Receipt,
        SendError, Session, Tells,
    },
    ids::{Account, Place, hex},
    input::Input,
    reply::Reply,
    retry::Retry,
    source::Secret,
};
use wilco_runtime::dial::{Address, Duplex, dial};

use super::{
    Settings,
    handed::{Handed, Said},
    line::Reader,
    render::{self, Look},
    session::{self, Begin, Moment, Next, Out, Past},
};

/// How long it may take until we are known and in our rooms: servers look names up, and services are slow.
const REGISTERING: Duration = Duration::from_secs(90);
/// How many messages wait for whoever reads them; with more, nothing is read.
const BACKLOG: usize = 1_024;
/// How many of them are handed on at once.
const ARRIVALS: usize = 64;
/// How many lines wait to be sent where nothing slows them, and where a rate does; with more, no further posts are
/// taken, so that whoever says much waits and is told so.
const WAITING: usize = 1_024;
const WAITING_AT_A_RATE: usize = 16;
/// How many posts wait to be taken.
const POSTS: usize = 64;
/// How many bytes are read or written at once.
const AT_ONCE: usize = 16 * 1_024;
/// How often the protocol looks at the time.
const TICK: Duration = Duration::from_secs(1);
/// How long what was said may take to be taken by the server at the end, where nothing slows it, and where a rate does.
const PARTING: Duration = Duration::from_secs(1);
const PARTING_AT_A_RATE: Duration = Duration::from_secs(4);
/// What a message holds: twenty lines of some eighty signs.
const MAX_BYTES: usize = 1_600;

/// What IRC tells beside what is said.
pub const TELLS: Tells = Tells { presence: true, topics: true, ..Tells::NOTHING };

/// What a connector is made of.
pub struct Parts {
    /// What `wilco.toml` says.
    pub settings: Settings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from that the network does not give.
    pub chance: Arc<dyn Chance>,
    /// The way to start tasks.
    pub spawn: Arc<dyn Spawn>,
    /// Who tells what became of it.
    pub news: Arc<dyn News>,
}

/// A network.
pub struct IrcConnector {
    parts: Parts,
    settings: Arc<Settings>,
    password: Option<Secret>,
    past: Past,
    handed: Arc<Handed>,
    /// Which of its servers is next.
    next: AtomicUsize,
}

impl IrcConnector {
    /// A network that is not connected.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let settings = Arc::new(parts.settings.clone());
        let (past, handed) = (Past::default(), Arc::default());
        Self { parts, settings, password: None, past, handed, next: AtomicUsize::new(0) }
    }

    /// The same, on servers that want this of everybody.
    #[must_use]
    pub fn with_password(mut self, password: Option<Secret>) -> Self {
        self.password = password;
        self
    }
}

#[async_trait]
impl Connector for IrcConnector {
    async fn connect(&self, resume: Option<Cursor>) -> Result<Session, ConnectError> {
        let at = self.next.load(Ordering::Relaxed);
        let address = self.settings.addresses.get(at % self.settings.addresses.len().max(1));
        let address =
            address.ok_or_else(|| ConnectError { what: "it has no server".into(), retry: Retry::Never })?;
        let resume = resume.and_then(|cursor| cursor.0.parse().ok());
        let session = self.connect_to(address, resume.or_else(|| self.past.since())).await;
        if session.is_err() {
            // Another one may be there.
            self.next.store(at.wrapping_add(1), Ordering::Relaxed);
        }
        session
    }
}

impl IrcConnector {
    async fn connect_to(&self, address: &Address, since: Option<Timestamp>) -> Result<Session, ConnectError> {
        let stream = dial(address).await?;
        let (arrive, arrivals) = mpsc::channel(ARRIVALS);
        let (ask, asks) = mpsc::channel(POSTS);
        let (tell, told) = oneshot::channel();
        let chance = &self.parts.chance;
        let (epoch, nonce) = (hex(&chance.bytes()[..6]), hex(&chance.bytes()));
        let begin = Begin { epoch, nonce, password: self.password.clone(), past: self.past.clone(), since };
        let connection = Connection {
            settings: self.settings.clone(),
            clock: self.parts.clock.clone(),
            news: self.parts.news.clone(),
            handed: self.handed.clone(),
            session: session::Session::new(self.settings.clone(), begin),
            reader: Reader::default(),
            asks,
            arrive,
            backlog: VecDeque::new(),
            ready: Some(tell),
            posts: HashMap::new(),
            number: 0,
            began: Instant::now(),
            output: Vec::new(),
        };
        self.parts.spawn.spawn("irc", Box::pin(connection.run(stream)));
        let what = || format!("the server {} did not let us in within {} s", address, REGISTERING.as_secs());
        let ended = || ConnectError { what: "the connection ended".into(), retry: Retry::Backoff };
        match timeout(REGISTERING, told).await {
            Ok(known) => known.unwrap_or_else(|_| Err(ended()))?,
            Err(_) => return Err(ConnectError { what: what(), retry: Retry::Backoff }),
        }
        let line = Arc::new(Line { settings: self.settings.clone(), ask, handed: self.handed.clone() });
        let arrivals = stream::unfold(arrivals, |mut arrivals| async move {
            arrivals.recv().await.map(|arrival| (arrival, arrivals))
        });
        Ok(Session {
            caps: Caps {
                edits: false,
                threads: false,
                buttons: false,
                keys: false,
                pictures: self.settings.pictures,
                max_bytes: MAX_BYTES,
                tells: TELLS,
            },
            arrivals: Box::pin(arrivals),
            outbox: line.clone(),
            directory: line,
        })
    }
}

/// Who waits for what becomes of a post.
enum Tell {
    /// Somebody, until the server has it.
    Taken(Told),
    /// Somebody, until it is in its turn.
    Queued(Told),
    /// Nobody.
    Nobody,
}

/// The way to whoever waits.
type Told = oneshot::Sender<Result<String, SendError>>;

/// What the ways out ask of the connection.
enum Ask {
    /// Say these lines in a room of ours or to an account.
    Post { said: Said, tell: Tell },
    /// Whether something can be said there.
    Has { room: String, tell: oneshot::Sender<bool> },
    /// Whether somebody is there.
    Presence { id: String, tell: oneshot::Sender<Presence> },
    /// Who is in a room.
    Members { room: String, tell: oneshot::Sender<BTreeSet<String>> },
}

/// The ways out.
struct Line {
    settings: Arc<Settings>,
    ask: mpsc::Sender<Ask>,
    handed: Arc<Handed>,
}

impl Line {
    fn room<'a>(&self, place: &'a Place) -> Option<&'a str> {
        (place.connector() == self.settings.name).then(|| place.room())
    }

    async fn has(&self, place: &Place) -> bool {
        let Some(room) = self.room(place) else { return false };
        let (tell, told) = oneshot::channel();
        self.ask.send(Ask::Has { room: room.to_owned(), tell }).await.is_ok() && told.await.unwrap_or(false)
    }

    async fn ids(&self, place: &Place) -> BTreeSet<String> {
        let Some(room) = self.room(place) else { return BTreeSet::new() };
        let (tell, told) = oneshot::channel();
        match self.ask.send(Ask::Members { room: room.to_owned(), tell }).await {
            Ok(()) => told.await.unwrap_or_default(),
            Err(_) => BTreeSet::new(),
        }
    }
}

#[async_trait]
impl Outbox for Line {
    async fn post(&self, post: Post<'_>) -> Result<Receipt, SendError> {
        let id = self.told(post, Tell::Taken).await?;
        Ok(Receipt { place: post.place.clone(), id })
    }

    async fn say(&self, post: Post<'_>) -> Result<(), SendError> {
        if self.settings.rate.is_none() && !self.handed.doubts(post.place) {
            // Nothing slows what is said, so it is in its turn behind all that was handed over before, also where the
            // connection ends: whoever says it goes on, and what many say leaves together.
            return self.ask(post, Tell::Nobody).await;
        }
        self.told(post, Tell::Queued).await.map(drop)
    }

    async fn edit(&self, _at: &Receipt, _reply: &Reply) -> Result<(), SendError> {
        let what = "IRC cannot change what was said".to_owned();
        Err(SendError::NotSent { what, retry: Retry::Never })
    }
}

impl Line {
    /// Hands it to the connection, and waits for the end of that: the network's id of it, where it has one by then.
    async fn told(&self, post: Post<'_>, tell: fn(Told) -> Tell) -> Result<String, SendError> {
        let (told, telling) = oneshot::channel();
        self.ask(post, tell(told)).await?;
        let unknown =
            || SendError::Unknown { what: "the connection ended by a mistake; the log says which".into() };
        telling.await.map_err(|_| unknown())?
    }

    /// Hands it to the connection.
    async fn ask(&self, post: Post<'_>, tell: Tell) -> Result<(), SendError> {
        let not_sent = |what: String, retry| SendError::NotSent { what, retry };
        if self.room(post.place).is_none() {
            let what = format!("`{}` is no place of the connector `{}`", post.place, self.settings.name);
            return Err(not_sent(what, Retry::Never));
        }
        let look = Look { called: &self.settings.called, console: &self.settings.console };
        let lines = render::lines(post.reply, look);
        if lines.is_empty() {
            return Err(not_sent("there is nothing to say in it".into(), Retry::Never));
        }
        let operation = render::told_of(post.reply).cloned();
        let ask = Ask::Post { said: Said { place: post.place.clone(), lines, operation }, tell };
        self.ask.send(ask).await.map_err(|_| gone())
    }
}

#[async_trait]
impl Directory for Line {
    async fn exists(&self, place: &Place) -> bool {
        self.has(place).await
    }

    async fn may_read(&self, account: &Account, place: &Place) -> bool {
        match place.direct() {
            Some(id) => id == account.id() && self.has(place).await,
            None => self.ids(place).await.contains(account.id()),
        }
    }

    async fn members(&self, place: &Place) -> Vec<Account> {
        let ids = self.ids(place).await;
        ids.iter().filter_map(|id| Account::parse(&format!("{}:{id}", self.settings.name)).ok()).collect()
    }

    async fn presence(&self, account: &Account) -> Presence {
        if account.connector() != self.settings.name {
            return Presence::Unknown;
        }
        let (tell, told) = oneshot::channel();
        match self.ask.send(Ask::Presence { id: account.id().to_owned(), tell }).await {
            Ok(()) => told.await.unwrap_or_default(),
            Err(_) => Presence::Unknown,
        }
    }

    async fn open_dm(&self, account: &Account) -> Option<Place> {
        let place = Place::alone_with(account)?;
        self.has(&place).await.then_some(place)
    }
}

fn gone() -> SendError {
    SendError::NotSent { what: "the connection ended".into(), retry: Retry::Backoff }
}

/// Writes of what there is, or lets what was written go; how many bytes were written.
async fn put(writing: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() {
        return writing.flush().await.map(|()| 0);
    }
    match writing.write(bytes).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}

/// One connection while it stands.
struct Connection {
    settings: Arc<Settings>,
    clock: Arc<dyn Clock>,
    news: Arc<dyn News>,
    handed: Arc<Handed>,
    session: session::Session,
    reader: Reader,
    asks: mpsc::Receiver<Ask>,
    arrive: mpsc::Sender<Arrival>,
    /// What came and was not taken yet.
    backlog: VecDeque<Arrival>,
    /// Who waits for us to be known.
    ready: Option<oneshot::Sender<Result<(), ConnectError>>>,
    /// Who waits for the end of which post.
    posts: HashMap<u64, Told>,
    number: u64,
    began: Instant,
    output: Vec<u8>,
}

impl Connection {
    async fn run(mut self, stream: Box<dyn Duplex>) {
        let (mut reading, mut writing) = tokio::io::split(stream);
        let end = self.serve(&mut reading, &mut writing).await;
        self.session.lost();
        self.settle();
        self.asks.close();
        let goes_on = end.is_some();
        // Also what is being handed over in this moment.
        while let Some(ask) = self.asks.recv().await {
            match ask {
                Ask::Post { said, tell: Tell::Nobody } if goes_on => self.handed.leave(said),
                Ask::Post { said, tell } => self.answered(&said.place, tell, Err(gone())),
                _ => {}
            }
        }
        match (end, self.ready.take()) {
            (Some(error), Some(ready)) => {
                let _ = ready.send(Err(error));
            }
            (Some(error), None) => {
                tracing::warn!(connector = self.settings.name, why = error.what, "A connection ended.");
            }
            (None, _) => {}
        }
        // What was heard before the end was heard, and is not told again.
        for arrival in self.backlog.drain(..) {
            if self.arrive.send(arrival).await.is_err() {
                break;
            }
        }
    }

    /// Moves bytes until the connection ends: with the reason, or without one where nobody wants it any more.
    async fn serve(
        &mut self,
        reading: &mut (impl AsyncRead + Unpin),
        writing: &mut (impl AsyncWrite + Unpin),
    ) -> Option<ConnectError> {
        let lost = |why: &dyn std::fmt::Display| {
            Some(ConnectError { what: format!("the connection ended: {why}"), retry: Retry::Backoff })
        };
        let most = if self.settings.rate.is_some() { WAITING_AT_A_RATE } else { WAITING };
        let (arrive, mut bytes) = (self.arrive.clone(), vec![0; AT_ONCE]);
        let (mut tick, mut parting, mut unflushed) = (Instant::now() + TICK, None, false);
        let mut alarm = std::pin::pin!(sleep_until(tick));
        loop {
            let now = Instant::now();
            if tick <= now {
                tick = now + TICK;
                let moment = self.moment();
                self.session.tick(moment);
            }
            let wake = self.fill().map_or(tick, |wait| tick.min(now + wait));
            if alarm.deadline() != wake {
                alarm.as_mut().reset(wake);
            }
            let full = self.backlog.len() >= BACKLOG;
            let reads = !full && !self.session.is_behind();
            if full {
                self.session.held_up(self.began.elapsed());
            }
            if let Some(error) = self.settle() {
                return Some(error);
            }
            if parting.is_some_and(|until| until <= now || (self.is_idle())) {
                self.session.quit();
                self.fill();
                // Nobody waits for what becomes of it.
                let parted = async {
                    writing.write_all(&self.output).await?;
                    writing.shutdown().await
                };
                let _ = timeout(PARTING, parted).await;
                return None;
            }
            tokio::select! {
                read = reading.read(&mut bytes), if reads => match read {
                    Ok(0) => return lost(&"the server closed it"),
                    Ok(count) => self.hear(bytes.get(..count).unwrap_or_default()),
                    Err(error) => return lost(&error),
                },
                written = put(writing, &self.output), if unflushed || !self.output.is_empty() => match written {
                    Ok(count) => {
                        unflushed = count > 0;
                        self.output.drain(..count);
                    }
                    Err(error) => return lost(&error),
                },
                permit = arrive.reserve(), if !self.backlog.is_empty() && parting.is_none() => {
                    let mut next = permit.ok();
                    while let Some(permit) = next
                        && let Some(arrival) = self.backlog.pop_front()
                    {
                        permit.send(arrival);
                        next = arrive.try_reserve().ok();
                    }
                }
                () = arrive.closed(), if parting.is_none() => {
                    // What was said is still given time to be taken.
                    let most = if self.settings.rate.is_some() { PARTING_AT_A_RATE } else { PARTING };
                    parting = Some(Instant::now() + most);
                    self.backlog.clear();
                }
                Some(ask) = self.asks.recv(), if self.session.waiting() < most => {
                    self.answer(ask);
                    // What several say at once leaves at once.
                    while self.session.waiting() < most
                        && let Ok(ask) = self.asks.try_recv()
                    {
                        self.answer(ask);
                    }
                }
                () = &mut alarm => {}
            }
        }
    }

    /// Whether all that was said was taken.
    fn is_idle(&self) -> bool {
        self.posts.is_empty() && self.output.is_empty() && self.session.waiting() == 0 && self.asks.is_empty()
    }

    fn moment(&self) -> Moment {
        Moment { wall: self.clock.now(), up: self.began.elapsed() }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let moment = self.moment();
        let session = &mut self.session;
        self.reader.feed(bytes, |line| session.hear(&line, moment));
        self.reader.set_max_body(self.session.max_body());
    }

    /// Takes lines that may be sent now; how long until the next one may.
    fn fill(&mut self) -> Option<Duration> {
        let up = self.began.elapsed();
        while self.output.len() < AT_ONCE {
            match self.session.next(up) {
                Next::Line(line) => {
                    self.output.extend_from_slice(line.as_bytes());
                    self.output.extend_from_slice(b"\r\n");
                }
                Next::Wait(wait) => return Some(wait),
                Next::Nothing => return None,
            }
        }
        None
    }

    /// Hands on what came out of the session; the reason where that is its end.
    fn settle(&mut self) -> Option<ConnectError> {
        for out in self.session.take_out() {
            match out {
                Out::Arrive(input) => {
                    let at = match &*input {
                        Input::Message(message) if self.session.is_caught_up() => Some(message.at),
                        _ => None,
                    };
                    let cursor = at.map(|at| Cursor(at.to_string()));
                    self.backlog.push_back(Arrival { input: *input, cursor, kept: None, ack: None });
                }
                Out::Ready => {
                    if let Some(ready) = self.ready.take() {
                        self.take_left();
                        let _ = ready.send(Ok(()));
                    }
                }
                Out::Posted(number, end) => match (self.posts.remove(&number), end) {
                    (Some(tell), end) => {
                        let _ = tell.send(end);
                    }
                    (None, Err(error)) => {
                        tracing::warn!(connector = self.settings.name, %error, "An answer was not shown.");
                    }
                    (None, Ok(_)) => {}
                },
                Out::News(what) => self.news.tell(&self.settings.name, what),
                Out::End(error) => return Some(error),
            }
        }
        None
    }

    /// Says something in its turn.
    fn say(&mut self, said: Said, tell: Tell, up: Duration) {
        let Said { place, lines, operation } = said;
        match self.session.target(place.room(), up) {
            Ok(target) => {
                let way_on = || render::way_on(operation.as_ref(), &self.settings.console);
                let lines = render::fit(lines, self.session.room_for(&target), way_on);
                self.number += 1;
                self.session.post(self.number, target, &lines);
                match tell {
                    Tell::Taken(tell) => drop(self.posts.insert(self.number, tell)),
                    tell => self.answered(&place, tell, Ok(self.number.to_string())),
                }
            }
            Err(error) => self.answered(&place, tell, Err(error)),
        }
    }

    /// Says what the connection before this one had not taken.
    fn take_left(&mut self) {
        let (now, late) = self.handed.take();
        for said in late {
            self.answered(&said.place, Tell::Nobody, Err(gone()));
        }
        let up = self.began.elapsed();
        for said in now {
            self.say(said, Tell::Nobody, up);
        }
    }

    /// Tells what became of a post.
    fn answered(&self, place: &Place, tell: Tell, end: Result<String, SendError>) {
        match (tell, end) {
            // Nobody waits for it any more where this cannot be told.
            (Tell::Taken(tell), end) => drop(tell.send(end)),
            (Tell::Queued(tell), end) => {
                self.handed.knows(place, end.is_ok());
                drop(tell.send(end));
            }
            (Tell::Nobody, Err(error)) => {
                self.handed.knows(place, false);
                tracing::warn!(connector = self.settings.name, %place, %error, "An answer was not shown.");
            }
            (Tell::Nobody, Ok(_)) => {}
        }
    }

    fn answer(&mut self, ask: Ask) {
        let up = self.began.elapsed();
        match ask {
            Ask::Post { said, tell } => self.say(said, tell, up),
            Ask::Has { room, tell } => {
                let _ = tell.send(self.session.has(&room, up));
            }
            Ask::Presence { id, tell } => {
                let _ = tell.send(self.session.presence(&id));
            }
            Ask::Members { room, tell } => {
                let _ = tell.send(self.session.members(&room));
            }
        }
    }
}
