//! The board: what stands in rooms because of events, and how each new event changes it.
//!
//! Not the deciding where an event goes ([`crate::route::judge`]), not the reading and writing ([`crate::route`]) and
//! not the sending ([`crate::outbox`]): given slots, an event and a place, it says what the slots are afterwards. It
//! waits for nothing and reads no clock. Layer 1.

mod fold;
mod room;
mod show;
mod tell;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use wilco_contract::{
    event::{Event, Level},
    ids::{ObjectId, Place, Seq, SourceName},
    reply::Reply,
    slot::{Line, Member, ShownSlot, Slot, SlotKind},
};

use self::room::RoomState;

/// How many slots are kept at hand between two turns.
const KEPT: usize = 4_096;
/// How long what is told of events is tried to be shown.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// A slot that is older is posted anew with its next change.
const OLD: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A notice of our own that is older is posted anew, and counts anew.
const NOTICED: SignedDuration = SignedDuration::from_hours(1);
/// A slot with more messages after it is posted anew with its next change.
const FAR: u64 = 200;

/// The board.
#[derive(Default)]
pub(crate) struct Board {
    slots: HashMap<u64, Slot>,
    /// Which version of a slot was shown, as far as that is known.
    seen: HashMap<u64, u64>,
    objects: HashMap<(Place, ObjectId), u64>,
    rooms: HashMap<Place, RoomState>,
    last_number: u64,
    dirty: BTreeSet<u64>,
    lines: Vec<Line>,
    /// When slots have to be looked at again.
    due: BTreeMap<(Timestamp, u64), ()>,
}

/// The moment in which events are told.
#[derive(Clone)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
}

/// An event that is to be told somewhere.
#[derive(Clone, Copy)]
pub(crate) struct Telling<'a> {
    pub(crate) seq: Seq,
    pub(crate) event: &'a Event,
    pub(crate) level: Level,
    /// How long events of its family may join its line, in seconds; none where each delivery is a post of its own.
    pub(crate) group: Option<u64>,
    /// The line in place of the event's own.
    pub(crate) say: Option<&'a str>,
    pub(crate) muted: bool,
    /// Whether the place has threads; without them a line in a thread is one of the room's.
    pub(crate) threads: bool,
}

impl Telling<'_> {
    /// The line of what happened.
    fn line(&self) -> &str {
        self.say.unwrap_or(&self.event.line)
    }
}

/// What changed, to be written.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) slots: Vec<Slot>,
    pub(crate) lines: Vec<Line>,
}

/// The object of an event, or one that stands for the event alone.
pub(crate) fn object_of(event: &Event, seq: Seq) -> ObjectId {
    event.object.clone().unwrap_or_else(|| mark(&format!("{}:event-{seq}", event.source)))
}

/// An object that no source knows, under which one of our own slots is found again.
fn mark(text: &str) -> ObjectId {
    ObjectId::parse(text).expect("our own names are well formed")
}

/// The digest of a day.
pub(crate) fn digest_mark(moment: &Moment) -> ObjectId {
    mark(&format!("wilco:digest/{}", moment.now.to_zoned(moment.zone.clone()).date()))
}

/// What could not be shown in a place.
pub(crate) fn lost_mark(place: &Place) -> ObjectId {
    let text = format!("wilco:lost/{place}");
    ObjectId::parse(&text).unwrap_or_else(|_| mark("wilco:lost"))
}

impl Board {
    /// Numbers go on after this one.
    pub(crate) fn number_after(&mut self, last: u64) {
        self.last_number = self.last_number.max(last);
    }

    /// The last number that was given.
    pub(crate) fn last_number(&self) -> u64 {
        self.last_number
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// A line that is made beside the board.
    pub(crate) fn line(
        &mut self,
        moment: &Moment,
        place: &Place,
        thread: Option<u64>,
        content: Reply,
    ) -> Line {
        let number = self.next_number();
        let expires_at = moment.now + LIFETIME;
        Line { number, place: place.clone(), thread, content, event: None, expires_at }
    }

    /// Whether the slot of this object in this place is at hand.
    pub(crate) fn knows(&self, place: &Place, object: &ObjectId) -> bool {
        self.objects.contains_key(&(place.clone(), object.clone()))
    }

    /// Takes a stored slot to hand.
    pub(crate) fn put(&mut self, known: ShownSlot) {
        let ShownSlot { slot, shown } = known;
        // What is at hand is newer than what was read.
        if self.slots.contains_key(&slot.number) {
            return;
        }
        if let Some(due) = slot.due {
            self.due.insert((due, slot.number), ());
        }
        for member in &slot.members {
            let known =
                self.objects.entry((slot.place.clone(), member.object.clone())).or_insert(slot.number);
            *known = slot.number.max(*known);
        }
        self.seen.insert(slot.number, shown.version);
        self.slots.insert(slot.number, slot);
    }

    /// Learns that a version of a slot was shown.
    pub(crate) fn shown(&mut self, number: u64, version: u64) {
        if self.slots.contains_key(&number) {
            self.seen.insert(number, version);
        }
    }

    /// Whether a place's count of messages is known.
    pub(crate) fn counts(&self, place: &Place) -> bool {
        self.rooms.contains_key(place)
    }

    /// Makes a place known that had had so many messages.
    pub(crate) fn count_from(&mut self, place: &Place, count: u64) {
        self.rooms.entry(place.clone()).or_insert_with(|| RoomState::new(count));
    }

    /// Counts messages that others said in a place.
    pub(crate) fn heard(&mut self, place: &Place, messages: u64) {
        if let Some(room) = self.rooms.get_mut(place) {
            room.count += messages;
        }
    }

    fn room(&mut self, place: &Place) -> &mut RoomState {
        self.rooms.entry(place.clone()).or_insert_with(|| RoomState::new(0))
    }

    fn slot_of(&self, place: &Place, object: &ObjectId) -> Option<u64> {
        let number = self.objects.get(&(place.clone(), object.clone()))?;
        self.slots.contains_key(number).then_some(*number)
    }

    /// Makes a slot of this member, which takes its turn now.
    fn open(&mut self, moment: &Moment, place: &Place, kind: SlotKind, member: Member) -> u64 {
        let number = self.next_number();
        let place_count = self.room(place).posted();
        self.objects.insert((place.clone(), member.object.clone()), number);
        let slot = Slot {
            number,
            place: place.clone(),
            thread: None,
            kind,
            turn: number,
            post: 1,
            content: Reply::default(),
            version: 0,
            told: 1,
            opened_at: moment.now,
            posted_at: moment.now,
            place_count,
            due: None,
            expires_at: moment.now + LIFETIME,
            members: vec![member],
            counts: Vec::new(),
            family: None,
            threaded: Vec::new(),
            fold: None,
        };
        self.slots.insert(number, slot);
        number
    }

    /// Shows a slot as it now is, and has it written. Whether it shows something else than before.
    fn show(&mut self, moment: &Moment, number: u64) -> bool {
        self.dirty.insert(number);
        self.show_again(moment, number)
    }

    /// Shows a slot as it now is. Where that is what it showed before, it is not written.
    fn show_again(&mut self, moment: &Moment, number: u64) -> bool {
        let Some(slot) = self.slots.get_mut(&number) else { return false };
        let content = show::content(slot, moment);
        if slot.version > 0 && slot.content == content {
            return false;
        }
        self.dirty.insert(number);
        slot.content = content;
        // What waits already goes on waiting for as long as it had: else what changes often would wait for ever.
        if self.seen.get(&number).is_none_or(|seen| *seen >= slot.version) {
            slot.expires_at = moment.now + LIFETIME;
        }
        slot.version += 1;
        true
    }

    /// Posts a slot anew: at the end of the room, as what stands far above is not seen.
    fn post_anew(&mut self, moment: &Moment, number: u64) {
        let turn = self.next_number();
        let Some(place) = self.slots.get(&number).map(|slot| slot.place.clone()) else { return };
        let place_count = self.room(&place).posted();
        if let Some(slot) = self.slots.get_mut(&number) {
            slot.turn = turn;
            slot.post += 1;
            slot.posted_at = moment.now;
            slot.place_count = place_count;
            slot.told = slot.version + 1;
            slot.threaded.clear();
            slot.fold = None;
            slot.expires_at = moment.now + LIFETIME;
        }
    }

    fn set_due(&mut self, number: u64, due: Option<Timestamp>) {
        let Some(slot) = self.slots.get_mut(&number) else { return };
        if slot.due == due {
            return;
        }
        if let Some(before) = slot.due {
            self.due.remove(&(before, number));
        }
        slot.due = due;
        if let Some(due) = due {
            self.due.insert((due, number), ());
        }
        self.dirty.insert(number);
    }

    /// When the next slot has to be looked at again.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// Looks at the slots whose time has come.
    pub(crate) fn look(&mut self, moment: &Moment) {
        while let Some((&(at, number), ())) = self.due.first_key_value() {
            if at > moment.now {
                return;
            }
            self.set_due(number, None);
            let changed = self.show(moment, number);
            if let Some(slot) = self.slots.get_mut(&number) {
                // Where the network cannot edit, this is the moment to say how it stands.
                if changed || matches!(slot.kind, SlotKind::Digest | SlotKind::Overflow) {
                    slot.told = slot.version;
                }
            }
        }
    }

    /// What changed since the last time, to be written before anything is sent.
    pub(crate) fn take_changes(&mut self) -> Changes {
        let dirty = std::mem::take(&mut self.dirty);
        let slots = dirty.iter().filter_map(|number| self.slots.get(number).cloned()).collect();
        Changes { slots, lines: std::mem::take(&mut self.lines) }
    }

    /// Lets go of slots that are at hand for no reason.
    pub(crate) fn shrink(&mut self) {
        if self.slots.len() <= KEPT {
            return;
        }
        let mut numbers: Vec<u64> = self.slots.keys().copied().collect();
        numbers.sort_unstable();
        let keep_from = numbers[numbers.len() - KEPT / 2];
        let Self { slots, rooms, .. } = self;
        slots.retain(|number, slot| {
            *number >= keep_from || slot.due.is_some() || rooms.values().any(|room| room.uses(*number))
        });
        self.objects.retain(|_, number| slots.contains_key(number));
        self.seen.retain(|number, _| slots.contains_key(number));
    }

    /// Forgets all that is at hand, as when it may not be what is stored.
    pub(crate) fn forget(&mut self) {
        self.slots.clear();
        self.seen.clear();
        self.objects.clear();
        self.dirty.clear();
        self.lines.clear();
        self.due.clear();
    }

    /// A line of our own about a source's or place's trouble, in a slot that is found again by its mark.
    pub(crate) fn notice(&mut self, moment: &Moment, place: &Place, object: &ObjectId, text: &str) -> u64 {
        let number = match self.slot_of(place, object) {
            Some(number) => number,
            None => self.open_notice(moment, place, object),
        };
        if let Some(slot) = self.slots.get_mut(&number) {
            text.clone_into(&mut slot.members[0].line);
            slot.members[0].level = Level::Loud;
        }
        self.show(moment, number);
        number
    }

    /// Counts one more for a notice of our own, and returns how many there are with it.
    pub(crate) fn count_in(&mut self, moment: &Moment, place: &Place, object: &ObjectId) -> u64 {
        let number = match self.slot_of(place, object) {
            Some(number) => number,
            None => self.open_notice(moment, place, object),
        };
        let Some(slot) = self.slots.get_mut(&number) else { return 1 };
        let old = moment.now.duration_since(slot.posted_at) > NOTICED;
        if old {
            slot.counts.clear();
        }
        fold::count(&mut slot.counts, "lost");
        let count = slot.counts.iter().map(|count| count.count).sum();
        if old {
            // Far above nobody would see it.
            self.post_anew(moment, number);
        }
        count
    }

    fn open_notice(&mut self, moment: &Moment, place: &Place, object: &ObjectId) -> u64 {
        let source = SourceName::parse("wilco").expect("our own names are well formed");
        let event = Event::new(source, "", "notice", moment.now);
        let member = tell::member(&event, Seq(0), object.clone(), moment.now);
        self.open(moment, place, SlotKind::Objects, member)
    }
}
