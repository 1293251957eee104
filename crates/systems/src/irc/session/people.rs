//! Who is in our rooms, and who they are.
//!
//! A nick is nobody: whoever has no account of the network's services is a guest. Layer 2.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

/// The most people that are kept; whoever is beyond speaks all the same, and is in no list.
const MOST: usize = 50_000;
/// How long a nick that spoke to us is taken for the same account, where we share no room in which we would see it go.
const DIRECT: Duration = Duration::from_secs(120);
/// The longest id of an account, in bytes.
const LONGEST: usize = 128;

/// The people, by their nick as the server compares it.
#[derive(Debug, Default)]
pub(super) struct People {
    known: HashMap<String, Known>,
    /// Who spoke to us alone, by account: the nick as the server compares it, as it is written, and when.
    direct: HashMap<String, (String, String, Duration)>,
}

#[derive(Debug, Default)]
struct Known {
    nick: String,
    account: Option<String>,
    away: bool,
    rooms: BTreeSet<String>,
}

/// The id of a network's account: the same for the same account, and never that of a guest.
pub(crate) fn account(given: &str) -> Option<String> {
    let fits = !given.is_empty()
        && given.len() <= LONGEST
        && !given.starts_with(['~', '*', '@'])
        && given != "0"
        && !given.chars().any(|c| c.is_control() || c.is_whitespace());
    fits.then(|| given.to_ascii_lowercase())
}

/// What the id of whoever has no account begins with.
pub(super) const GUEST: &str = "~";

/// The id of whoever has no account.
pub(super) fn guest(folded: &str) -> String {
    format!("{GUEST}{folded}")
}

impl People {
    pub(super) fn enters(&mut self, folded: &str, nick: &str, room: &str) {
        if self.known.len() >= MOST && !self.known.contains_key(folded) {
            return;
        }
        let known = self.known.entry(folded.to_owned()).or_default();
        nick.clone_into(&mut known.nick);
        known.rooms.insert(room.to_owned());
    }

    pub(super) fn leaves(&mut self, folded: &str, room: &str) {
        let Some(known) = self.known.get_mut(folded) else { return };
        known.rooms.remove(room);
        if known.rooms.is_empty() {
            self.goes(folded);
        }
    }

    /// Out of sight: whoever has the nick next may be another.
    pub(super) fn goes(&mut self, folded: &str) {
        self.known.remove(folded);
        self.direct.retain(|_, (nick, ..)| nick != folded);
    }

    /// We see the room no more.
    pub(super) fn forget(&mut self, room: &str) {
        let gone: Vec<_> = self
            .known
            .iter()
            .filter(|(_, known)| known.rooms.contains(room))
            .map(|(nick, _)| nick.clone())
            .collect();
        for nick in gone {
            self.leaves(&nick, room);
        }
    }

    pub(super) fn renames(&mut self, from: &str, to: &str, nick: &str) {
        let Some(mut known) = self.known.remove(from) else { return self.goes(from) };
        self.goes(from);
        nick.clone_into(&mut known.nick);
        self.known.insert(to.to_owned(), known);
    }

    /// Takes in which account somebody has now; one that cannot be is none.
    pub(super) fn is_now(&mut self, folded: &str, given: &str) {
        if let Some(known) = self.known.get_mut(folded) {
            known.account = account(given);
        }
    }

    /// Takes in whether somebody says that they are away.
    pub(super) fn is_away(&mut self, folded: &str, away: bool) {
        if let Some(known) = self.known.get_mut(folded) {
            known.away = away;
        }
    }

    /// Whether an account is in a room of ours, and if so whether it is there by a nick that is not away.
    pub(super) fn presence(&self, id: &str, tracked: bool) -> Option<bool> {
        let theirs = self.known.iter().filter(|(nick, known)| self.id(nick, known, tracked) == id);
        theirs.map(|(_, known)| !known.away).reduce(|one, other| one || other)
    }

    /// The account as it was last told, where they share a room with us.
    pub(super) fn account_of(&self, folded: &str) -> Option<&str> {
        self.known.get(folded)?.account.as_deref()
    }

    /// Somebody spoke to us alone.
    pub(super) fn spoke(&mut self, id: &str, folded: &str, nick: &str, up: Duration) {
        self.direct.retain(|_, (.., at)| *at + DIRECT > up);
        if self.direct.len() < MOST {
            self.direct.insert(id.to_owned(), (folded.to_owned(), nick.to_owned(), up));
        }
    }

    /// The nick by which an account can be reached. Whether accounts are `tracked` says whether what was told holds.
    pub(super) fn nick_of(&self, id: &str, tracked: bool, up: Duration) -> Option<&str> {
        let direct = self.direct.get(id).filter(|(.., at)| *at + DIRECT > up);
        if let Some((folded, nick, _)) = direct
            && self.known.get(folded).is_none_or(|known| !tracked || self.id(folded, known, tracked) == id)
        {
            return Some(nick);
        }
        self.known
            .iter()
            .find(|(nick, known)| self.id(nick, known, tracked) == id)
            .map(|(_, known)| known.nick.as_str())
    }

    /// The rooms of ours in which a nick is.
    pub(super) fn rooms_of(&self, folded: &str) -> Vec<String> {
        self.known.get(folded).map(|known| known.rooms.iter().cloned().collect()).unwrap_or_default()
    }

    /// The ids of those in a room.
    pub(super) fn members(&self, room: &str, tracked: bool) -> BTreeSet<String> {
        let there = self.known.iter().filter(|(_, known)| known.rooms.contains(room));
        there.map(|(nick, known)| self.id(nick, known, tracked)).collect()
    }

    fn id(&self, folded: &str, known: &Known, tracked: bool) -> String {
        known.account.clone().filter(|_| tracked).unwrap_or_else(|| guest(folded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1);

    #[test]
    fn no_account_is_that_of_a_guest() {
        assert_eq!(account("Ana"), Some("ana".to_owned()));
        for none in ["", "*", "0", "~ana", "@ana", "a b", "a\u{7}"] {
            assert_eq!(account(none), None, "{none:?}");
        }
    }

    #[test]
    fn whoever_takes_a_nick_is_not_who_had_it() {
        let mut people = People::default();
        people.enters("ana", "Ana", "#ops");
        people.is_now("ana", "ana");
        people.spoke("ana", "ana", "Ana", NOW);
        assert_eq!(people.nick_of("ana", true, NOW), Some("Ana"));
        people.renames("ana", "ana_away", "Ana_away");
        assert_eq!(people.nick_of("ana", true, NOW), Some("Ana_away"));
        people.goes("ana_away");
        people.enters("ana", "ana", "#ops");
        assert_eq!(people.nick_of("ana", true, NOW), None);
        assert_eq!(people.members("#ops", true), BTreeSet::from(["~ana".to_owned()]));
        people.is_now("ana", "ben");
        assert_eq!(people.members("#ops", true), BTreeSet::from(["ben".to_owned()]));
        assert_eq!(people.members("#ops", false), BTreeSet::from(["~ana".to_owned()]));
        people.forget("#ops");
        assert_eq!(people.members("#ops", true), BTreeSet::new());
    }

    #[test]
    fn who_spoke_to_us_alone_is_answered_for_a_while() {
        let mut people = People::default();
        people.spoke("ana", "ana", "Ana", NOW);
        assert_eq!(people.nick_of("ana", true, NOW + DIRECT - NOW), Some("Ana"));
        assert_eq!(people.nick_of("ana", true, NOW + DIRECT), None);
    }
}
