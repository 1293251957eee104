//! What people say and do in our rooms.
//!
//! Not what becomes of it: whether a line is an order is for others to tell. Only fresh, original words of people arrive:
//! no notice, no echo of ours, nothing by a bot, nothing that tells of the past, and nothing of which the end is missing.
//! Layer 2.

use jiff::{SignedDuration, Timestamp};
use wilco_contract::{
    ids::{Account, Place},
    input::{Happens, Input, Message},
};

use super::{Line, Moment, Out, RoomState, Session, WHO, account, command};
use crate::irc::text;

/// The tags by which networks mark what a bot says.
const BOT: [&str; 3] = ["bot", "draft/bot", "inspircd.org/bot"];
/// By how much a server's clock and ours may differ.
pub(super) const SKEW: SignedDuration = SignedDuration::from_secs(10);
/// The longest id of a message that is taken from the network, in bytes.
const LONGEST_ID: usize = 128;

/// Something that was said.
struct Heard {
    place: Place,
    from: Account,
    text: String,
    to_us: bool,
}

impl Session {
    /// Somebody said something.
    pub(super) fn said(&mut self, line: &Line<'_>, at: Moment) {
        let Some(nick) = line.nick() else { return };
        let target = line.param(0);
        if let Some(then) = self.past_of(line) {
            if then.heard {
                self.said_then(line, (nick, &then.room), at);
            }
            return;
        }
        if self.is_us(nick) {
            if let Some(id) = line.tag("msgid").filter(|id| is_id(id)) {
                let server = &self.server;
                self.queue.echoed(|known| server.same(known, target), id);
            }
            return;
        }
        let replayed = line.tag("batch").is_some_and(|batch| self.replays.contains(batch));
        if replayed || is_bot(line) {
            return;
        }
        if line.cut {
            return tracing::warn!(
                nick,
                target,
                "A line that is longer than it may be was left out: its end is missing."
            );
        }
        let words = match words(line) {
            Ok(words) => words,
            Err(asked) => return self.asked(nick, asked, at),
        };
        let from = self.speaker(line, nick);
        let direct = !self.server.is_room(target);
        let room = if direct {
            if !self.is_us(target) {
                return;
            }
            self.people.spoke(&from, &self.server.fold(nick), nick, at.up);
            ["@", &from].concat().into()
        } else {
            let Some(room) = self.room(target).filter(|room| room.is_in()) else { return };
            room.name.clone()
        };
        if self.caps.contains("account-tag") {
            let folded = self.server.fold(nick);
            self.people.is_now(&folded, line.tag("account").unwrap_or_default());
        }
        let Some(heard) = self.heard_as(words, (&room, &from)) else { return };
        self.said += 1;
        let id = line.tag("msgid").filter(|id| is_id(id));
        if let Some(id) = id {
            self.past.hears(id);
        }
        let id = id.map_or_else(|| format!("{}-{}", self.epoch, self.said), ToOwned::to_owned);
        self.arrives(line, id, Heard { to_us: direct || heard.to_us, ..heard }, at);
    }

    /// Somebody said something in a room of ours while we were away. Who has their nick now may be another, so only the
    /// account counts that the server keeps with the line; and without an id nobody could tell whether it was heard.
    fn said_then(&mut self, line: &Line<'_>, (nick, room): (&str, &str), at: Moment) {
        let id = line.tag("msgid").filter(|id| is_id(id));
        let told = line.tag("account").filter(|_| self.caps.contains("account-tag")).and_then(account);
        let ours = self.is_us(nick) || (told.is_some() && told == self.account);
        let (Some(id), false) = (id, ours || line.cut || is_bot(line)) else { return };
        let Ok(words) = words(line) else { return };
        if !self.past.hears(id) {
            return;
        }
        let from = told.unwrap_or_else(|| self.guest(nick));
        let id = id.to_owned();
        if let Some(heard) = self.heard_as(words, (room, &from)) {
            self.arrives(line, id, heard, at);
        }
    }

    /// What was said, where and by whom, without our name in front; `None` where nothing is left of it.
    fn heard_as(&self, words: &str, (room, from): (&str, &str)) -> Option<Heard> {
        let connector = self.settings.name.as_str();
        let place = Place::parse(&[connector, ":", room].concat()).ok()?;
        let from = Account::parse(&[connector, ":", from].concat()).ok()?;
        let text = text::clean(words);
        let named = self.named_us(&text).map(ToOwned::to_owned);
        let (to_us, text) = (named.is_some(), named.unwrap_or(text));
        (!text.trim().is_empty()).then_some(Heard { place, from, text, to_us })
    }

    fn arrives(&mut self, line: &Line<'_>, id: String, heard: Heard, at: Moment) {
        let Heard { place, from, text, to_us } = heard;
        let message = Message { id, place, thread: None, from, text, at: self.said_at(line, at), to_us };
        self.out.push(Out::Arrive(Box::new(Input::Message(message))));
    }

    /// When it was said: now, unless the server says that it was a while ago. Its clock and ours differ by seconds, and
    /// what is said to a plan must not seem older than the plan.
    pub(super) fn said_at(&self, line: &Line<'_>, at: Moment) -> Timestamp {
        let told = line.tag("time").filter(|_| self.caps.contains("server-time"));
        let told = told.and_then(|time| time.parse::<Timestamp>().ok()?.checked_add(self.skew).ok());
        told.filter(|told| at.wall.duration_since(*told) > SKEW).unwrap_or(at.wall)
    }

    /// What stands behind our nick, where a line begins with it and it is not the name that people call Wilco by: that
    /// one is read elsewhere, in all its forms.
    fn named_us<'a>(&self, text: &'a str) -> Option<&'a str> {
        if self.server.same(&self.nick, &self.settings.called) {
            return None;
        }
        let (name, words) = text.trim_start().split_once([':', ','])?;
        (self.is_us(name) && !words.trim().is_empty()).then(|| words.trim_start())
    }

    /// A client asks ours something. Little is answered, and seldom.
    fn asked(&mut self, nick: &str, asked: &str, at: Moment) {
        let (what, rest) = asked.split_once(' ').unwrap_or((asked, ""));
        let answer = match what {
            "VERSION" => "VERSION Wilco".to_owned(),
            "PING" => format!("PING {}", text::clean(rest).chars().take(64).collect::<String>()),
            _ => return,
        };
        if self.answers.take(at.up).is_ok() {
            self.queue.urgent(command("NOTICE", &[nick, &format!("\u{1}{answer}\u{1}")]));
        }
    }

    /// Somebody came, went, or is called otherwise.
    pub(super) fn moved(&mut self, line: &Line<'_>, at: Moment) {
        if line.command == "BATCH" {
            return self.batch(line);
        }
        let Some(nick) = line.nick() else { return };
        let (us, folded) = (self.is_us(nick), self.server.fold(nick));
        match &*line.command {
            "JOIN" if us => {
                if let Some((_, address)) = line.source.and_then(|source| source.split_once('!')) {
                    self.address = Some(format!("!{address}"));
                }
                if let Some(room) = self.room_mut(line.param(0)) {
                    room.state = RoomState::Naming(at.up);
                }
            }
            "JOIN" => {
                let Some(room) = self.room(line.param(0)).map(|room| room.name.clone()) else { return };
                self.people.enters(&folded, nick, &room);
                if self.caps.contains("extended-join") {
                    self.people.is_now(&folded, line.param(1));
                }
                self.happened(line, (&room, nick), Happens::Joined, at);
            }
            "PART" => self.gone(line, (nick, "we were made to leave"), at),
            "KICK" => {
                let why = format!("{nick} removed us: {}", text::clean(line.param(2)));
                self.gone(line, (line.param(1), &why), at);
            }
            "QUIT" => {
                self.left_all(line, nick, at);
                self.people.goes(&folded);
                self.free(nick, at);
            }
            "NICK" if us => line.param(0).clone_into(&mut self.nick),
            "NICK" => {
                self.people.renames(&folded, &self.server.fold(line.param(0)), line.param(0));
                self.free(nick, at);
            }
            "ACCOUNT" => self.people.is_now(&folded, line.param(0)),
            "CHGHOST" if us => self.address = Some(format!("!{}@{}", line.param(0), line.param(1))),
            "INVITE" => {
                let (room, by) = (line.param(1), self.speaker(line, nick));
                match self.room_mut(room).filter(|room| !room.is_in() && !room.is_open()) {
                    Some(room) => {
                        let enter = room.ask(at.up);
                        self.queue.urgent(enter);
                    }
                    None => tracing::info!(
                        room,
                        by,
                        "An invitation; `rooms` in `wilco.toml` says which rooms are entered."
                    ),
                }
            }
            _ => {}
        }
    }

    /// A nick is free; it may be the one that we want.
    pub(super) fn free(&mut self, nick: &str, at: Moment) {
        let nick = nick.split('!').next().unwrap_or(nick);
        if self.server.same(nick, self.server.nick_for(&self.settings.nick)) {
            self.regain = at.up;
            self.want_nick(at.up);
        }
    }

    fn gone(&mut self, line: &Line<'_>, (nick, why): (&str, &str), at: Moment) {
        let us = self.is_us(nick);
        let Some(room) = self.room_mut(line.param(0)) else { return };
        let name = room.name.clone();
        if us {
            tracing::warn!(room = &*name, why, "We are out of a room, and try to come back.");
            let is_news = room.out(why.to_owned(), at.up);
            self.people.forget(&name);
            if is_news {
                self.out.push(Out::News(format!(
                    "Wilco is out of `{name}`: {why}. It tries to come back, at first after 5 s, then ever more seldom; an \
                     invitation brings it back at once."
                )));
            }
        } else {
            self.happened(line, (&name, nick), Happens::Left, at);
            let folded = self.server.fold(nick);
            self.people.leaves(&folded, &name);
        }
    }

    /// A batch begins or ends. What is in one that tells of the past, or in one within it, gives no orders.
    fn batch(&mut self, line: &Line<'_>) {
        let name = line.param(0);
        if let Some(ended) = name.strip_prefix('-') {
            self.replays.remove(ended);
            self.past_ends(ended);
        } else if let Some(begun) = name.strip_prefix('+') {
            let past = ["history", "playback"].iter().any(|word| line.param(1).contains(word));
            if self.past_begins(begun, line) {
                return;
            }
            let within = line.tag("batch").is_some_and(|batch| self.replays.contains(batch));
            if (past || within) && self.replays.len() < 64 {
                self.replays.insert(begun.to_owned());
            }
        }
    }

    /// The server tells who is in a room.
    pub(super) fn named(&mut self, line: &Line<'_>, at: Moment) {
        match &*line.command {
            "353" => {
                let Some(room) = self.room(line.param(2)).map(|room| room.name.clone()) else { return };
                for name in line.last().split_whitespace() {
                    let nick = name.trim_start_matches(|c: char| "~&@%+!".contains(c));
                    let nick = nick.split('!').next().unwrap_or(nick);
                    if !nick.is_empty() && !self.is_us(nick) {
                        self.people.enters(&self.server.fold(nick), nick, &room);
                    }
                }
            }
            "366" => {
                let tracked = self.is_tracked();
                let Some(room) = self.room_mut(line.param(1)).filter(|room| room.is_open()) else { return };
                let name = room.name.clone();
                if tracked {
                    self.queue.urgent(command("WHO", &[&name, &format!("%tnfa,{WHO}")]));
                } else {
                    room.state = RoomState::In(at.up);
                }
                self.ask_past(&name);
            }
            "354" if line.param(1) == WHO => {
                let folded = self.server.fold(line.param(2));
                self.people.is_now(&folded, line.param(4));
                self.people.is_away(&folded, line.param(3).starts_with('G'));
            }
            "315" => {
                let room =
                    self.room_mut(line.param(1)).filter(|room| matches!(room.state, RoomState::Naming(_)));
                if let Some(room) = room {
                    room.state = RoomState::In(at.up);
                }
            }
            _ => {}
        }
    }
}

/// Whether the network says that a bot sent a line.
pub(super) fn is_bot(line: &Line<'_>) -> bool {
    BOT.iter().any(|tag| line.tag(tag).is_some())
}

/// The words of a line; of one that asks something of a client, what it asks.
fn words<'a>(line: &'a Line<'_>) -> Result<&'a str, &'a str> {
    let given = line.last();
    let Some(asked) = given.strip_prefix('\u{1}') else { return Ok(given) };
    let asked = asked.trim_end_matches('\u{1}');
    asked.strip_prefix("ACTION ").ok_or(asked)
}

/// Whether the network's id of a message can be kept.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_ID && !id.chars().any(char::is_control)
}
