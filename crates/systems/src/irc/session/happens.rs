//! What happens in our rooms beside what is said: who comes, who leaves, and what a room's topic becomes.
//!
//! Not what is kept of it: [`super::people`] knows who is there. What we do ourselves, what a bot does and what tells of
//! the past never arrives. Layer 2.

use wilco_contract::{
    ids::{Account, Place},
    input::{Happening, Happens, Input},
};

use super::{Line, Moment, Out, Session, heard::is_bot};
use crate::irc::text;

impl Session {
    /// Somebody did something in a room of ours.
    pub(super) fn happened(
        &mut self,
        line: &Line<'_>,
        (room, nick): (&str, &str),
        what: Happens,
        at: Moment,
    ) {
        let past = line.tag("batch").is_some_and(|batch| self.replays.contains(batch));
        let there = self.room(room).filter(|room| room.is_in()).map(|room| room.name.clone());
        let Some(room) = there.filter(|_| !past && !is_bot(line) && !self.is_us(nick)) else { return };
        // A tag tells whose line it is, and whoever is made to leave did not send it.
        let sent = line.nick().is_some_and(|by| self.server.same(by, nick));
        let from = if sent { self.speaker(line, nick) } else { self.known_as(nick) };
        let connector = &self.settings.name;
        let place = Place::parse(&format!("{connector}:{room}"));
        let from = Account::parse(&format!("{connector}:{from}"));
        let (Ok(place), Ok(from)) = (place, from) else { return };
        self.said += 1;
        let id = format!("{}-{}", self.epoch, self.said);
        let happening = Happening { id, place, from, what, at: self.said_at(line, at) };
        self.out.push(Out::Arrive(Box::new(Input::Happened(happening))));
    }

    /// A room has another topic.
    pub(super) fn topic(&mut self, line: &Line<'_>, at: Moment) {
        let Some(nick) = line.nick().map(ToOwned::to_owned) else { return };
        let topic = text::clean(line.last());
        self.happened(line, (line.param(0), &nick), Happens::Topic { topic }, at);
    }

    /// The rooms in which somebody is whom we see no more.
    pub(super) fn left_all(&mut self, line: &Line<'_>, nick: &str, at: Moment) {
        for room in self.people.rooms_of(&self.server.fold(nick)) {
            self.happened(line, (&room, nick), Happens::Left, at);
        }
    }
}
