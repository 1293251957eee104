//! Edits: what somebody makes of a message of theirs afterwards is never an order, and is offered as one.
//!
//! Not the saying of it: who presses the button says the line, as themselves, and it goes the way of any line. Only
//! fresh text gives orders, so that nobody's words become an order under the eyes of those who read them before, and no
//! order becomes another one after it was answered. Nothing of this is kept. Layer 1.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use wilco_contract::{
    connector::{Caps, DeliveryKey, Receipt, SendError},
    ids::Place,
    input::{Edited, Message},
    recent::Recent,
    reply::{Block, Offer, Reply},
};

use crate::{
    alias,
    catalogue::Reading,
    core::Core,
    hints,
    inbox::{is_fresh, is_yes},
    limits::Rated,
    orders::From,
    parse::{self, Addressed},
};

/// Of how many messages it is remembered which order they gave, and how their edits were answered.
const REMEMBERED: usize = 1_024;
/// The longest line that is offered, in bytes.
const MAX_OFFERED: usize = 2_048;
/// The longest label of a button, in characters.
const MAX_LABEL: usize = 60;

/// A message, by its place and the network's id.
type Key = (Place, String);

/// What is known of messages that may be edited. In memory: after a restart an edit is answered as that of a message
/// that gave no order.
pub(crate) struct Edits {
    /// The orders that messages gave.
    gave: Mutex<Recent<Key, String>>,
    answers: Mutex<Recent<Key, Answered>>,
}

impl Default for Edits {
    fn default() -> Self {
        Self { gave: Mutex::new(Recent::new(REMEMBERED)), answers: Mutex::new(Recent::new(REMEMBERED)) }
    }
}

/// How the newest edit of a message was answered.
#[derive(Clone)]
struct Answered {
    at: Timestamp,
    receipt: Receipt,
    reply: Reply,
}

fn lock<V>(recent: &Mutex<Recent<Key, V>>) -> MutexGuard<'_, Recent<Key, V>> {
    recent.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes which order a message gives, where its network tells of edits.
pub(crate) fn gave(core: &Core, message: &Message, reading: &Reading) {
    let Reading::Order(order) = reading else { return };
    if !core.ways.to(&message.place).is_some_and(|way| way.caps.tells.edits) {
        return;
    }
    let said = order.said();
    // A longer one would not be repeated to anybody.
    if said.len() <= MAX_OFFERED {
        lock(&core.edits.gave).put((message.place.clone(), message.id.clone()), said);
    }
}

/// Takes in an edit. What comes of it comes later; what is no order gets silence.
pub(crate) fn heard(core: &Arc<Core>, edited: Edited) {
    // How old the message is makes no difference.
    if !is_fresh(core, edited.at) {
        return;
    }
    let (words, most) = {
        let live = core.live.load();
        let to_us = edited.to_us || edited.place.direct().is_some();
        let words = match parse::read_line(&edited.text, &live.names, to_us) {
            Addressed::ToUs(words) => Some(words.into_owned()),
            Addressed::NotToUs => None,
        };
        (words, live.setup.limits.per_person)
    };
    if words.is_none() && !lock(&core.edits.answers).has(&key(&edited)) {
        return;
    }
    // As many edits as orders; what is beyond is not worth a word.
    let rated =
        core.rates.count(&format!("edits/{}", edited.from), edited.place.as_str(), most, core.clock.now());
    if !matches!(rated, Rated::Within) {
        return;
    }
    let core_here = core.clone();
    let turn = async move { answer(&core_here, &edited, words.as_deref()).await };
    core.spawn.spawn("edited", Box::pin(turn));
}

fn key(edited: &Edited) -> Key {
    (edited.place.clone(), edited.message.clone())
}

/// Answers an edit: one message for all edits of a message, in its newest version.
async fn answer(core: &Arc<Core>, edited: &Edited, words: Option<&str>) {
    let turn = core.keyed.turn("edited", &format!("{}/{}", edited.place, edited.message));
    let _turn = turn.lock().await;
    let key = key(edited);
    let known = lock(&core.edits.answers).get(&key).cloned();
    if known.as_ref().is_some_and(|known| edited.at < known.at) {
        return;
    }
    // What was offered and is meant no more is taken back, where that can be seen.
    let edits = core.ways.to(&edited.place).is_some_and(|way| way.caps.edits);
    let withdrawn = || {
        known.as_ref().filter(|_| edits).map(|_| Reply::text("An edit gives no order; this one offers none."))
    };
    let Some(reply) = words.and_then(|words| offer(core, edited, words)).or_else(withdrawn) else { return };
    match show(core, edited, &reply, known).await {
        Ok(receipt) => {
            lock(&core.edits.answers).put(key, Answered { at: edited.at, receipt, reply });
        }
        Err(error) => {
            tracing::warn!(place = %edited.place, %error, "The answer to an edit was not shown.");
        }
    }
}

/// What is said of an edit; `None` where it is no order, or none of theirs.
fn offer(core: &Core, edited: &Edited, words: &str) -> Option<Reply> {
    let from = From {
        who: core.with_policy(|policy| policy.resolve(&edited.from)),
        place: edited.place.clone(),
        thread: Some(thread(edited).to_owned()),
        in_room: true,
        said_at: edited.at,
        input: None,
        key: None,
    };
    let name = hints::before(core, &edited.place);
    let words = if is_yes(words) { "confirm" } else { words.trim() };
    // A flag that is a right of its own is typed, and never pressed.
    let (command, says, wrong, pressed) = match alias::read(core, &from, words).0 {
        Reading::Order(order) => {
            let rights = order.flags.force || order.flags.alone;
            (order.command.clone(), order.said(), None, !rights)
        }
        Reading::Incomplete { command, flags, .. } => {
            (command, words.to_owned(), None, !flags.force && !flags.alone)
        }
        Reading::Malformed { command: Some(command), what, usage } => (command, usage, Some(what), false),
        Reading::Malformed { .. } | Reading::Help { .. } | Reading::Unknown { .. } | Reading::Empty => {
            return None;
        }
    };
    if !crate::may_use(core, &command, &from.who, &from.place) {
        return None;
    }
    if let Some(wrong) = wrong {
        let wrong = wrong.trim_end_matches('.');
        return Some(Reply::text(format!(
            "An edit gives no order, and this would be none: {wrong}. Say `{name}{says}`."
        )));
    }
    let gave = lock(&core.edits.gave).get(&(edited.place.clone(), edited.message.clone())).cloned();
    if gave.as_ref() == Some(&says) {
        return None;
    }
    let (stands, this) = match gave {
        Some(gave) => (format!(" `{gave}` stands as it was given."), "this one"),
        None => (String::new(), "it"),
    };
    let line = format!("{name}{says}");
    let Some(blocks) = pressed.then(|| offered(line)).flatten() else {
        return Some(Reply::text(format!("An edit gives no order.{stands} To give {this}, say it anew.")));
    };
    let mut reply = Reply::text(format!("An edit gives no order.{stands} To give {this}:"));
    reply.blocks.extend(blocks);
    Some(reply)
}

/// A line as a button that says it, and whole above it where the button has no room for it: it is read before it is
/// pressed. `None` for what is too long to be pressed.
pub(crate) fn offered(line: String) -> Option<Vec<Block>> {
    if line.len() > MAX_OFFERED || line.contains('\n') {
        return None;
    }
    let label = label(&line);
    let whole = (label != line).then(|| Block::Code { text: line.clone() });
    let button = Block::Offers { offers: vec![Offer { label, says: line }] };
    Some(whole.into_iter().chain([button]).collect())
}

fn label(line: &str) -> String {
    if line.chars().count() <= MAX_LABEL {
        return line.to_owned();
    }
    let cut: String = line.chars().take(MAX_LABEL - 1).collect();
    format!("{}…", cut.trim_end())
}

fn thread(edited: &Edited) -> &str {
    edited.thread.as_deref().unwrap_or(&edited.message)
}

/// Shows the answer: where there is one already, in its place.
async fn show(
    core: &Core,
    edited: &Edited,
    reply: &Reply,
    known: Option<Answered>,
) -> Result<Receipt, SendError> {
    let Caps { edits, keys, .. } = core.ways.to(&edited.place).map_or(NO_CAPS, |way| way.caps);
    if let Some(known) = known.filter(|_| edits) {
        if known.reply != *reply {
            core.ways.edit(&known.receipt, reply).await?;
        }
        return Ok(known.receipt);
    }
    let message = format!("edited/{}/{}", edited.place, edited.message);
    // Where nothing can be changed in place, each edit has an answer of its own.
    let key = DeliveryKey(if edits { message } else { format!("{message}/{}", edited.id) });
    let receipt = core.ways.post(&edited.place, Some(thread(edited)), reply, &key).await?;
    if edits && keys {
        // The network may know the key from before a restart, and show what was said then.
        core.ways.edit(&receipt, reply).await?;
    }
    Ok(receipt)
}

/// What a connector can do that is not connected.
const NO_CAPS: Caps = Caps {
    edits: false,
    threads: false,
    buttons: false,
    keys: false,
    pictures: false,
    max_bytes: 0,
    tells: wilco_contract::connector::Tells::NOTHING,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let place = Place::parse("web:ops").expect("a place");
        let mut recent = Recent::new(REMEMBERED);
        for number in 0..REMEMBERED + 3 {
            recent.put((place.clone(), number.to_string()), number);
            recent.put((place.clone(), number.to_string()), number);
        }
        assert_eq!(recent.count(), REMEMBERED);
        assert!(!recent.has(&(place.clone(), "2".to_owned())));
        assert!(recent.has(&(place, "3".to_owned())));
    }
}
