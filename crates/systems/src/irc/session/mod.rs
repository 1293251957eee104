//! The protocol without a socket: lines and time go in, lines, arrivals and ends come out.
//!
//! Not the rendering of what is said, and no loop: it never connects again. Layer 2.

mod deliver;
mod happens;
mod heard;
mod history;
mod labels;
mod people;
mod register;
mod rooms;
mod server;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use wilco_contract::{
    connector::{ConnectError, Presence, SendError},
    input::Input,
    retry::Retry,
    source::Secret,
};
use wilco_runtime::rate::{Bucket, Rate};

use self::{
    deliver::Queue,
    people::{GUEST, People},
    register::Register,
    rooms::{Room, RoomState},
    server::Server,
};
use super::{
    Settings,
    line::{Line, command},
};

pub(super) use self::{deliver::Next, history::Past, people::account};

/// After so long without a word from the server it is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(60);
/// How long it may take to say so.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the nick that we want is asked for while somebody else has it.
const REGAIN: Duration = Duration::from_secs(60);
/// How long entering the rooms may hold up that we are there.
const ENTERING: Duration = Duration::from_secs(15);
/// The mark on the answers to a `WHO` of ours.
const WHO: &str = "152";
/// Where our address is not known yet, it is taken for one of this length: `!user@host`.
const ADDRESS: usize = 1 + 11 + 1 + 63;

/// A moment: the time of day, and how long the connection has stood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) wall: Timestamp,
    pub(super) up: Duration,
}

/// What comes out.
#[derive(Debug)]
pub(super) enum Out {
    /// Somebody said or did something.
    Arrive(Box<Input>),
    /// We are known, and in the rooms that take us.
    Ready,
    /// What became of a post: the network's id of it.
    Posted(u64, Result<String, SendError>),
    /// Whoever runs Wilco has to know this.
    News(String),
    /// The connection is of no more use.
    End(ConnectError),
}

/// How far we are.
#[derive(Debug, PartialEq, Eq)]
enum Stage {
    /// Saying who we are.
    Registering,
    /// Entering the rooms, since then.
    Entering(Duration),
    Live,
    /// Nothing more is said.
    Ended,
}

/// What a connection begins with, beside its settings.
pub(super) struct Begin {
    /// Begins the ids of messages that the network gives none.
    pub(super) epoch: String,
    /// Unpredictable, for the proof of who we are.
    pub(super) nonce: String,
    /// What the server wants of everybody.
    pub(super) password: Option<Secret>,
    /// What was heard by connections before.
    pub(super) past: Past,
    /// Up to when all was heard.
    pub(super) since: Option<Timestamp>,
}

/// One connection.
pub(super) struct Session {
    settings: Arc<Settings>,
    epoch: String,
    nonce: String,
    stage: Stage,
    register: Register,
    /// What the server was asked for and does.
    caps: BTreeSet<String>,
    server: Server,
    nick: String,
    /// The rest of our address, as others see it: `!user@host`.
    address: Option<String>,
    people: People,
    rooms: Vec<Room>,
    queue: Queue,
    /// The batches that are open and tell of the past.
    replays: BTreeSet<String>,
    /// The batches that are open and answer one line of ours, with its label.
    labelled: HashMap<String, String>,
    past: Past,
    since: Option<Timestamp>,
    /// What was asked of the past and is not told yet, and the rooms of which it was asked.
    asked_past: Vec<history::Asked>,
    caught_up: BTreeSet<String>,
    /// By how much the server's clock is behind ours, where that is more than a little.
    skew: SignedDuration,
    /// The account of the network's services that is ours, as the server says.
    account: Option<String>,
    /// Whether the server is to tell when our nick is free.
    monitors: bool,
    answers: Bucket,
    heard: Duration,
    asked: Option<Duration>,
    regain: Duration,
    said: u64,
    out: Vec<Out>,
}

impl Session {
    /// A connection that was just made.
    pub(super) fn new(settings: Arc<Settings>, begin: Begin) -> Self {
        let Begin { epoch, nonce, password, past, since } = begin;
        let mut session = Self {
            epoch,
            nonce,
            stage: Stage::Registering,
            register: Register::default(),
            caps: BTreeSet::new(),
            server: Server::default(),
            nick: settings.nick.clone(),
            address: None,
            people: People::default(),
            rooms: settings.rooms.iter().map(Room::new).collect(),
            queue: Queue::new(settings.rate),
            replays: BTreeSet::new(),
            labelled: HashMap::new(),
            past,
            since,
            asked_past: Vec::new(),
            caught_up: BTreeSet::new(),
            skew: SignedDuration::ZERO,
            account: None,
            monitors: false,
            answers: Bucket::new(Some(Rate { count: 1, span: Duration::from_secs(5), burst: 3 })),
            heard: Duration::ZERO,
            asked: None,
            regain: REGAIN,
            said: 0,
            out: Vec::new(),
            settings,
        };
        session.begin(password.as_ref());
        session
    }

    /// What came out since this was last asked.
    pub(super) fn take_out(&mut self) -> Vec<Out> {
        std::mem::take(&mut self.out)
    }

    /// What is to be sent next.
    pub(super) fn next(&mut self, up: Duration) -> Next {
        self.queue.next(up)
    }

    /// How many lines wait to be sent.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether the server takes our answers more slowly than it asks.
    pub(super) fn is_behind(&self) -> bool {
        self.queue.is_behind()
    }

    /// The most bytes of a line's rest that the server sends.
    pub(super) fn max_body(&self) -> usize {
        self.server.body
    }

    /// How many bytes of text fit into one line to this target: others see our address before it.
    pub(super) fn room_for(&self, target: &str) -> usize {
        let address = self.address.as_ref().map_or(ADDRESS, String::len);
        let around = ":".len() + self.nick.len() + address + " PRIVMSG ".len() + target.len() + " :".len();
        self.server.body.saturating_sub(around).max(64)
    }

    /// Where a post to this room of a place goes.
    ///
    /// # Errors
    /// When nothing can be said there now.
    pub(super) fn target(&self, room: &str, up: Duration) -> Result<Arc<str>, SendError> {
        let not_sent = |what: String, retry| Err(SendError::NotSent { what, retry });
        if let Some(id) = room.strip_prefix('@') {
            return match self.people.nick_of(id, self.is_tracked(), up) {
                Some(nick) => Ok(nick.into()),
                None => not_sent(format!("nobody with the account `{id}` is in sight"), Retry::Backoff),
            };
        }
        match self.room(room) {
            None => not_sent(format!("`{room}` is no room of this connector"), Retry::Never),
            Some(room) => match &room.state {
                RoomState::Out { why, .. } => {
                    not_sent(format!("we are not in `{}`: {why}", room.name), Retry::Backoff)
                }
                RoomState::Asked(_) => not_sent(format!("we are not in `{}` yet", room.name), Retry::Backoff),
                RoomState::In(_) | RoomState::Naming(_) => Ok(room.name.clone()),
            },
        }
    }

    /// Says these lines; what became of them comes out by the number, which grows from post to post.
    pub(super) fn post(&mut self, number: u64, target: Arc<str>, lines: &[String]) {
        self.queue.post(number, target, lines);
    }

    /// Takes what was written for taken, while nothing is read.
    pub(super) fn held_up(&mut self, up: Duration) {
        (self.heard, self.asked) = (up, None);
        let done = self.queue.trust();
        self.done(done);
    }

    /// The connection is gone.
    pub(super) fn lost(&mut self) {
        self.stage = Stage::Ended;
        let done = self.queue.lost();
        self.done(done);
    }

    /// Says good-bye.
    pub(super) fn quit(&mut self) {
        self.queue.urgent(command("QUIT", &["Wilco stops"]));
    }

    /// Whether we are in this room, or somebody with this account is in sight.
    pub(super) fn has(&self, room: &str, up: Duration) -> bool {
        self.target(room, up).is_ok()
    }

    /// The accounts in a room.
    pub(super) fn members(&self, room: &str) -> BTreeSet<String> {
        let name = self.room(room).filter(|room| room.is_in()).map(|room| &room.name);
        name.map(|name| self.people.members(name, self.is_tracked())).unwrap_or_default()
    }

    /// Whether somebody with this account is there.
    pub(super) fn presence(&self, id: &str) -> Presence {
        match self.people.presence(id, self.is_tracked()) {
            _ if !self.caps.contains("away-notify") => Presence::Unknown,
            Some(true) => Presence::Here,
            Some(false) => Presence::Away,
            None => Presence::Gone,
        }
    }

    /// Time passes.
    pub(super) fn tick(&mut self, at: Moment) {
        let up = at.up;
        match self.stage {
            Stage::Ended | Stage::Registering => {}
            Stage::Entering(since) => {
                if since + ENTERING <= up || !self.rooms.iter().any(Room::is_open) {
                    self.stage = Stage::Live;
                    self.past.begins(at.wall);
                    self.out.push(Out::Ready);
                }
            }
            Stage::Live => {
                self.enter(up);
                self.want_nick(up);
            }
        }
        if self.asked.is_some_and(|asked| asked + PATIENCE <= up) || self.queue.is_overdue(up) {
            return self.end("the server answers no more", Retry::Backoff);
        }
        if self.asked.is_none() && self.heard + SILENCE <= up {
            self.asked = Some(up);
            self.queue.urgent(command("PING", &["are you there"]));
        }
    }

    /// A line came.
    pub(super) fn hear(&mut self, line: &Line<'_>, at: Moment) {
        (self.heard, self.asked) = (at.up, None);
        if self.stage == Stage::Ended {
            return;
        }
        if !self.labelled(line) {
            self.hear_one(line, at);
        }
        if matches!(self.stage, Stage::Entering(_)) {
            self.tick(at);
        }
    }

    fn hear_one(&mut self, line: &Line<'_>, at: Moment) {
        match &*line.command {
            "PING" => self.queue.urgent(command("PONG", &[line.last()])),
            "PONG" => {
                self.clock(line, at.wall);
                let done = self.queue.answered(line.last());
                self.done(done);
            }
            "PRIVMSG" => self.said(line, at),
            "JOIN" | "PART" | "KICK" | "QUIT" | "NICK" | "ACCOUNT" | "CHGHOST" | "INVITE" | "BATCH" => {
                self.moved(line, at);
            }
            "TOPIC" => self.topic(line, at),
            "AWAY" => {
                if let Some(nick) = line.nick() {
                    self.people.is_away(&self.server.fold(nick), !line.params.is_empty());
                }
            }
            "FAIL" if line.param(0) == "CHATHISTORY" => self.past_fails(line),
            "731" => {
                for nick in line.last().split(',') {
                    self.free(nick, at);
                }
            }
            "353" | "354" | "366" | "315" => self.named(line, at),
            "005" => {
                for token in line.params.iter().skip(1) {
                    self.server.learn(token);
                }
            }
            "376" | "422" if self.stage == Stage::Registering => {
                self.stage = Stage::Entering(at.up);
                self.enter(at.up);
            }
            "396" => {
                if let Some((user, _)) = self.address.as_deref().and_then(|address| address.split_once('@')) {
                    self.address = Some(format!("{user}@{}", line.param(1)));
                }
            }
            "ERROR" if self.stage == Stage::Registering && register::is_about_password(line.last()) => {
                self.not_registered("464", line.last());
            }
            "ERROR" => {
                let retry =
                    if self.stage == Stage::Registering { Retry::After(SILENCE) } else { Retry::Backoff };
                self.end(&format!("the server closed the connection: {}", line.last()), retry);
            }
            "902" | "904" | "905" | "906" | "908" if self.stage == Stage::Registering => {
                // What it would take instead comes with a refusal of its own.
                if line.command != "908" {
                    self.not_proven(&line.command, line.last());
                }
            }
            number if number.starts_with(['4', '5']) && number.len() == 3 => self.refused(line, at),
            _ => {
                if line.command == "001" {
                    self.clock(line, at.wall);
                }
                self.registering(line);
            }
        }
    }

    fn end(&mut self, what: &str, retry: Retry) {
        if self.stage != Stage::Ended {
            self.stage = Stage::Ended;
            self.out.push(Out::End(ConnectError { what: super::text::clean(what), retry }));
        }
    }

    fn done(&mut self, done: Vec<deliver::Done>) {
        self.out.extend(done.into_iter().map(|(number, end)| Out::Posted(number, end)));
    }

    fn room(&self, name: &str) -> Option<&Room> {
        self.rooms.iter().find(|room| self.server.same(&room.name, name))
    }

    /// The room's configured name and the room.
    fn room_mut(&mut self, name: &str) -> Option<&mut Room> {
        let server = &self.server;
        self.rooms.iter_mut().find(|room| server.same(&room.name, name))
    }

    fn is_us(&self, nick: &str) -> bool {
        self.server.same(nick, &self.nick)
    }

    /// Whether we are told of each change of who has which account, so that what was told last holds.
    fn is_tracked(&self) -> bool {
        self.server.whox && ["account-notify", "extended-join"].iter().all(|cap| self.caps.contains(*cap))
    }

    /// Who speaks: the account that the server itself says, or else a guest.
    fn speaker(&self, line: &Line<'_>, nick: &str) -> String {
        if !self.caps.contains("account-tag") {
            return self.known_as(nick);
        }
        line.tag("account").and_then(account).unwrap_or_else(|| self.guest(nick))
    }

    /// Who has a nick, as it was last told where that holds, or else a guest.
    fn known_as(&self, nick: &str) -> String {
        let guest = self.guest(nick);
        // A nick as the server compares it is a guest's id without its sign.
        let folded = guest.strip_prefix(GUEST).unwrap_or_default();
        let told = self.people.account_of(folded).filter(|_| self.is_tracked()).map(ToOwned::to_owned);
        told.unwrap_or(guest)
    }

    /// The id of whoever has this nick and no account.
    fn guest(&self, nick: &str) -> String {
        self.server.fold_behind(GUEST, nick)
    }

    /// Enters the rooms that are due.
    fn enter(&mut self, up: Duration) {
        for room in &mut self.rooms {
            if room.is_due(up) {
                let ask = room.ask(up);
                self.queue.urgent(ask);
            }
        }
    }

    /// Asks for the nick that we want, where we have another.
    fn want_nick(&mut self, up: Duration) {
        let wanted = self.server.nick_for(&self.settings.nick).to_owned();
        let has_it = self.is_us(&wanted);
        if self.regain <= up && !has_it {
            self.regain = up + REGAIN;
            self.queue.urgent(command("NICK", &[&wanted]));
        }
        if self.server.monitor && self.monitors == has_it {
            self.monitors = !has_it;
            let sign = if self.monitors { "+" } else { "-" };
            self.queue.urgent(command("MONITOR", &[sign, &wanted]));
        }
    }

    /// The server says no to something.
    fn refused(&mut self, line: &Line<'_>, at: Moment) {
        let (number, target, why) = (&*line.command, line.param(1).to_owned(), line.last().to_owned());
        if self.stage == Stage::Registering {
            return self.not_registered(number, &why);
        }
        if matches!(number, "431" | "432" | "433" | "436" | "437" | "438") && !self.server.is_room(&target) {
            // Somebody else still has the nick that we want.
            return;
        }
        if let Some(room) = self.room_mut(&target)
            && let RoomState::Asked(_) = room.state
        {
            tracing::warn!(room = &*room.name, why, "A room does not let us in; it is tried again.");
            let name = room.name.clone();
            if room.out(why.clone(), at.up) {
                self.out.push(Out::News(format!(
                    "Wilco cannot enter `{name}`: {}. Let it in there; until then it tries again, at first after 5 s, then \
                     ever more seldom.",
                    super::text::clean(&why)
                )));
            }
            return;
        }
        let (server, (retry, told)) = (&self.server, self.refusal(number, &target, &why));
        if !self.queue.refused(|known| server.same(known, &target), &told, retry) {
            tracing::debug!(number, target, why, "The server refused something.");
        }
    }
}

#[cfg(test)]
mod tests;
