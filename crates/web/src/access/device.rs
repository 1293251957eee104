//! Device codes: how a terminal gets the session of a person who lets it in on the page.
//!
//! Not the sessions, which `access` keeps. Nothing of this is stored: a code lives ten minutes, and a restart voids it.
//! The person's yes and the session are two steps, so that the secret of a session never waits here. Layer 3.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use wilco_contract::{
    access::{AccessEvent, Session},
    clock::Chance,
    ids::{Hash, PersonId},
    principal::Principal,
    store::{AuditEntry, Batch, Record, When},
};

use super::{Access, AccessError, Secret};
use crate::text;

/// How long a code counts.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// How often a device may ask whether it was let in, in seconds.
pub(crate) const POLL_SECS: u8 = 2;
/// How many codes live at once: more would only make guessing easier.
const CODES: usize = 1_000;
/// How many codes live at once for one address, and for all of an IPv6 /64, which one machine can have, so that one cannot take all of them.
const CODES_PER_ADDRESS: usize = 50;
/// How long a yes waits at least for its terminal to come for it.
const YES_LIFE: SignedDuration = SignedDuration::from_secs(60);
/// How many codes that do not exist a person may type within [`CODE_LIFE`].
const MISSES: u32 = 10;
/// The longest name of a client that is shown, in characters.
const MAX_CLIENT: usize = 80;
/// The signs of a code: no letter that is taken for a digit, and no U.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many signs a code has: 40 bits.
const CODE_SIGNS: usize = 8;

/// All codes that live.
#[derive(Default)]
pub(super) struct Devices(Mutex<Table>);

#[derive(Default)]
struct Table {
    /// By the hash of the device's secret.
    asks: HashMap<Hash, Ask>,
    /// What was let in, as long as its code lives: whoever said yes may not have heard that it counted, and says it again.
    let_in: Vec<LetIn>,
    misses: HashMap<PersonId, Misses>,
}

/// A yes that counted.
struct LetIn {
    person: PersonId,
    code: UserCode,
    seen: String,
    until: Timestamp,
}

/// What a person typed that was no code.
struct Misses {
    count: u32,
    until: Timestamp,
}

/// A device that asks to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    code: UserCode,
    /// What it calls itself: its own words.
    pub(crate) client: String,
    /// The address that it asked from.
    pub(crate) from: String,
    /// When it asked.
    pub(crate) asked_at: Timestamp,
    /// Until when its code counts.
    pub(crate) expires_at: Timestamp,
    /// What a person's yes or no is bound to: which ask they were shown.
    pub(crate) seen: String,
    polled_at: Option<Timestamp>,
    said: Option<Said>,
}

/// What a person said to it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Yes(PersonId),
    No,
}

/// A device's beginning.
pub(crate) struct Begun {
    /// For the person to type on the page.
    pub(crate) code: UserCode,
    /// For the device to ask with.
    pub(crate) secret: Secret,
    /// Until when.
    pub(crate) expires_at: Timestamp,
}

/// What a device hears.
pub(crate) enum Polled {
    /// Nobody answered yet.
    Waiting,
    /// It has a session of this person.
    LetIn {
        /// The session's secret: it is shown this once.
        session: Secret,
        /// Whose it is.
        person: PersonId,
    },
}

/// A code for people to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserCode([u8; CODE_SIGNS]);

impl UserCode {
    fn draw(chance: &dyn Chance) -> Self {
        let bytes = chance.bytes();
        // 256 is a multiple of 32, so every sign is as likely.
        Self(std::array::from_fn(|at| SIGNS[usize::from(bytes[at] % 32)]))
    }

    /// Reads a code as people type it: any case, with or without blanks and dashes, `O` for `0`, `I` and `L` for `1`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let signs = text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| match c {
            'o' | 'O' => '0',
            'i' | 'I' | 'l' | 'L' => '1',
            c => c.to_ascii_uppercase(),
        });
        let mut code = [0; CODE_SIGNS];
        let mut count = 0;
        for sign in signs {
            let sign = u8::try_from(sign).ok().filter(|sign| SIGNS.contains(sign))?;
            *code.get_mut(count)? = sign;
            count += 1;
        }
        (count == CODE_SIGNS).then_some(Self(code))
    }

    /// The code in two groups: `KXD4-7F3Q`.
    pub(crate) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let (first, last) = text.split_at(CODE_SIGNS / 2);
        format!("{first}-{last}")
    }
}

/// What a client calls itself, in one harmless line.
fn client_name(said: &str) -> String {
    let cleaned = text::clean(said);
    let line = cleaned.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_CLIENT) {
        _ if line.is_empty() => "a program without a name".to_owned(),
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What addresses are counted by: an IPv6 address by its /64, any other as it is.
fn network(from: &str) -> String {
    match from.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).to_string(),
        Ok(address) => address.to_string(),
        Err(_) => from.to_owned(),
    }
}

impl Devices {
    /// The table, without what has ended.
    fn living(&self, now: Timestamp) -> MutexGuard<'_, Table> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.asks.retain(|_, ask| now < ask.expires_at);
        table.let_in.retain(|yes| now < yes.until);
        table.misses.retain(|_, misses| now < misses.until);
        table
    }
}

impl Table {
    /// Whether another code may live that is asked for from there.
    fn has_room(&self, from: &str) -> bool {
        let network = network(from);
        let from_there = self.asks.values().filter(|ask| self::network(&ask.from) == network).count();
        self.asks.len() < CODES && from_there < CODES_PER_ADDRESS
    }

    /// Whether this is the yes that this person said already, to the same ask.
    fn has_let_in(&self, person: &PersonId, code: &str, seen: &str) -> bool {
        let code = UserCode::read(code);
        let same =
            |yes: &LetIn| yes.person == *person && Some(&yes.code) == code.as_ref() && yes.seen == seen;
        self.let_in.iter().any(same)
    }

    /// The ask with this code, for this person; what they type at random is counted.
    fn find(&mut self, person: &PersonId, code: &str, now: Timestamp) -> Result<&mut Ask, AccessError> {
        if self.misses.get(person).is_some_and(|misses| misses.count >= MISSES) {
            return Err(AccessError::CodeGuessed);
        }
        let code = UserCode::read(code);
        let found = self.asks.values_mut().find(|ask| Some(&ask.code) == code.as_ref() && ask.said.is_none());
        found.ok_or_else(|| {
            let fresh = Misses { count: 0, until: now + CODE_LIFE };
            self.misses.entry(person.clone()).or_insert(fresh).count += 1;
            AccessError::NoSuchCode
        })
    }
}

impl Access {
    /// Begins: a code for a person to type, and a secret for the device to ask with.
    pub(crate) fn begin_device(&self, client: &str, from: &str) -> Result<Begun, AccessError> {
        let now = self.clock.now();
        let mut table = self.devices.living(now);
        if !table.has_room(from) {
            return Err(AccessError::TooManyCodes);
        }
        let secret = Secret::draw(self.chance.as_ref());
        let mut code = UserCode::draw(self.chance.as_ref());
        while table.asks.values().any(|ask| ask.code == code) {
            code = UserCode::draw(self.chance.as_ref());
        }
        let expires_at = now + CODE_LIFE;
        let ask = Ask {
            code: code.clone(),
            client: client_name(client),
            from: from.to_owned(),
            asked_at: now,
            expires_at,
            // A hash of the hash: it names the ask, and opens nothing.
            seen: Hash::of(&secret.hash().0).to_string(),
            polled_at: None,
            said: None,
        };
        table.asks.insert(secret.hash(), ask);
        Ok(Begun { code, secret, expires_at })
    }

    /// What asks with this code, for a person to look at.
    pub(crate) fn look_at_device(&self, person: &PersonId, code: &str) -> Result<Ask, AccessError> {
        let now = self.clock.now();
        self.devices.living(now).find(person, code, now).map(|ask| ask.clone())
    }

    /// A person lets in what they saw: its next asking gets a session of theirs. Said again it is the same yes, which
    /// was used up or will be, and gives nothing more.
    pub(crate) fn let_device_in(&self, person: &PersonId, code: &str, seen: &str) -> Result<(), AccessError> {
        self.say_to_device(person, code, seen, Said::Yes(person.clone())).map(drop)
    }

    /// A person says no to what they saw.
    pub(crate) async fn turn_device_away(
        &self,
        who: &Principal,
        person: &PersonId,
        (code, seen): (&str, &str),
    ) -> Result<(), AccessError> {
        let Some(ask) = self.say_to_device(person, code, seen, Said::No)? else { return Ok(()) };
        let text = format!("a device code was refused: “{}” from {}", ask.client, ask.from);
        let records = vec![Record::Audit(entry("access.device_refused", who, text))];
        // It is refused already; that it could not be written changes nothing about that.
        if let Err(error) = self.store.commit(Batch { at: self.clock.now(), records }, When::Soon).await {
            tracing::warn!(%error, "a refused device code was not recorded");
        }
        Ok(())
    }

    /// `None` where this is a yes that counted before.
    fn say_to_device(
        &self,
        person: &PersonId,
        code: &str,
        seen: &str,
        said: Said,
    ) -> Result<Option<Ask>, AccessError> {
        let now = self.clock.now();
        let mut table = self.devices.living(now);
        let is_yes = matches!(said, Said::Yes(_));
        if is_yes && table.has_let_in(person, code, seen) {
            return Ok(None);
        }
        let ask = table.find(person, code, now)?;
        if ask.seen != seen {
            return Err(AccessError::OtherDevice);
        }
        if is_yes {
            // The person reads that it is let in, so it is, however late they said so.
            ask.expires_at = ask.expires_at.max(now + YES_LIFE);
        }
        ask.said = Some(said);
        let ask = ask.clone();
        if is_yes {
            let (person, code, seen) = (person.clone(), ask.code.clone(), ask.seen.clone());
            table.let_in.truncate(CODES - 1);
            table.let_in.insert(0, LetIn { person, code, seen, until: ask.expires_at });
        }
        Ok(Some(ask))
    }

    /// A device asks whether it was let in. A yes is good for one session, and so is its secret.
    pub(crate) async fn poll_device(&self, secret: &str) -> Result<Polled, AccessError> {
        let hash = Secret::read(secret).ok_or(AccessError::DeviceGone)?.hash();
        let now = self.clock.now();
        let (ask, person) = {
            let mut table = self.devices.living(now);
            let ask = table.asks.get_mut(&hash).ok_or(AccessError::DeviceGone)?;
            let since = ask.polled_at.map(|before| now.duration_since(before));
            ask.polled_at = Some(now);
            let pause = SignedDuration::from_secs(POLL_SECS.into());
            if since.is_some_and(|since| !since.is_negative() && since < pause) {
                return Err(AccessError::PolledTooSoon);
            }
            let Some(said) = ask.said.clone() else { return Ok(Polled::Waiting) };
            // Taken out before anything is written: of two that ask at once, one gets it.
            let ask = table.asks.remove(&hash).ok_or(AccessError::DeviceGone)?;
            match said {
                Said::Yes(person) => (ask, person),
                Said::No => return Err(AccessError::DeviceRefused),
            }
        };
        let who = self.desk.person(&person).ok_or(AccessError::DeviceGone)?;
        let session = Secret::draw(self.chance.as_ref());
        let opened = Session {
            hash: session.terminal_hash(),
            person: person.clone(),
            created_at: now,
            seen_at: now,
            ended_at: None,
        };
        let text = format!("session opened by device code, for “{}” from {}", ask.client, ask.from);
        let records = vec![
            Record::Access(AccessEvent::Session(opened)),
            Record::Audit(entry("access.device_let_in", &who, text)),
        ];
        match self.store.commit(Batch { at: now, records }, When::Now).await {
            Ok(_) => Ok(Polled::LetIn { session, person }),
            Err(error) => {
                // Nothing was written, so the person's yes still stands for as long as its code.
                self.devices.living(now).asks.insert(hash, ask);
                Err(error.into())
            }
        }
    }
}

fn entry(kind: &str, who: &Principal, text: String) -> AuditEntry {
    AuditEntry {
        kind: kind.to_owned(),
        who: who.key(),
        account: who.account().cloned(),
        operation: None,
        command: None,
        place: None,
        text,
        rule: None,
    }
}

#[cfg(test)]
mod tests {
    use wilco_runtime::chance::OsChance;

    use super::*;

    #[test]
    fn a_code_reads_back_however_it_is_typed() {
        for _ in 0..200 {
            let code = UserCode::draw(&OsChance);
            let text = code.text();
            assert_eq!((text.len(), text.find('-')), (9, Some(4)), "{text}");
            for typed in [text.clone(), text.to_lowercase(), text.replace('-', " "), format!("  {text}\n")] {
                assert_eq!(UserCode::read(&typed), Some(code.clone()), "{typed}");
            }
        }
        assert_eq!(UserCode::read("ol1i-0000"), UserCode::read("0111-0000"));
        for bad in ["", "KXD4-7F3", "KXD4-7F3QQ", "KXD4-7F3U", "KXD4_7F3Q", "ＫXD4-7F3Q", "KXD4-7F3é"] {
            assert_eq!(UserCode::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn no_network_takes_all_codes_and_all_together_take_no_more_than_there_are() {
        let mut table = Table::default();
        let mut begin = |from: &str| {
            let has_room = table.has_room(from);
            if has_room {
                let ask = Ask {
                    code: UserCode::draw(&OsChance),
                    client: "wilco".into(),
                    from: from.into(),
                    asked_at: Timestamp::UNIX_EPOCH,
                    expires_at: Timestamp::UNIX_EPOCH + CODE_LIFE,
                    seen: String::new(),
                    polled_at: None,
                    said: None,
                };
                table.asks.insert(Secret::draw(&OsChance).hash(), ask);
            }
            has_room
        };
        // One machine with as many addresses as it likes.
        let got = (0..2_000).filter(|at| begin(&format!("2001:db8:1:2::{at:x}"))).count();
        assert_eq!(got, CODES_PER_ADDRESS);
        assert!(begin("2001:db8:1:3::1"), "the next network is another");
        assert_eq!((0..60).filter(|_| begin("192.0.2.1")).count(), CODES_PER_ADDRESS);
        assert!(!begin("::ffff:192.0.2.1"), "an address is the same however it is written");
        assert!(begin("192.0.2.2"));
        let got = (0..2_000).filter(|at| begin(&format!("198.51.{}.{}", at / 250, at % 250))).count();
        assert_eq!(got, CODES - 2 * CODES_PER_ADDRESS - 2);
        assert!(!begin("203.0.113.7"));
    }

    #[test]
    fn what_a_client_calls_itself_is_one_harmless_line() {
        for (said, shown) in [
            ("wilco 0.1.0 on laptop", "wilco 0.1.0 on laptop"),
            (" a\r\n\tb\u{1b}[2J\u{202e}c ", "a b[2Jc"),
            ("\u{200b} \u{7}", "a program without a name"),
            ("<b>Wilco</b>", "<b>Wilco</b>"),
        ] {
            assert_eq!(client_name(said), shown);
        }
        let long = client_name(&"é".repeat(5_000));
        assert_eq!(long.chars().count(), MAX_CLIENT + 1);
        assert!(long.ends_with('…'));
    }
}
