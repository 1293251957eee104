//! What one event does to the board in one place.
//!
//! In this order: a post of its own, where the route says so; an object without a line gets one, joins one, or is
//! counted; an object with a line has it brought up to date, and gets a line in its thread, unless the event is late,
//! alike, muted, or one of too many. Layer 1.

use jiff::{SignedDuration, Timestamp};
use wilco_contract::{
    event::{Did, Event, Level, TracePlace},
    ids::{Hash, ObjectId, Place, Seq},
    slot::{Member, Slot, SlotKind},
};

use super::{Board, FAR, Moment, OLD, Telling, object_of, show};

/// The same is not told twice within this.
const ALIKE: SignedDuration = SignedDuration::from_mins(10);
/// So many changes of state …
const FLAPS: usize = 4;
/// … within this are flapping …
pub(super) const FLAP_SPAN: SignedDuration = SignedDuration::from_mins(30);
/// … until there was none for this long.
pub(super) const CALM: SignedDuration = SignedDuration::from_mins(20);
/// What comes back after this long at an end is told at the end of the room.
const COME_BACK: SignedDuration = SignedDuration::from_mins(30);
/// The most objects in one line.
const MEMBERS: usize = 50;
/// The most parts of an object whose order is known.
const PARTS: usize = 64;

/// An object as an event leaves it.
pub(super) fn member(event: &Event, seq: Seq, object: ObjectId, now: Timestamp) -> Member {
    Member {
        object,
        reference: event
            .reference
            .clone()
            .or_else(|| event.title.clone())
            .unwrap_or_else(|| event.kind.clone()),
        line: event.head.clone().unwrap_or_else(|| event.line.clone()),
        url: event.url.clone(),
        title: event.title.clone(),
        state: event.state.clone(),
        done: event.done,
        since: now,
        level: event.level,
        newest: event.at,
        stands: event.at,
        parts: event.part.iter().map(|part| (part.clone(), event.at)).collect(),
        event: seq,
        changes: Vec::new(),
        like: None,
    }
}

/// Whether an object's state goes to and fro.
pub(super) fn is_flapping(member: &Member, now: Timestamp) -> bool {
    let recent = member.changes.iter().filter(|at| now.duration_since(**at) < FLAP_SPAN).count();
    recent >= FLAPS && member.changes.last().is_some_and(|at| now.duration_since(*at) < CALM)
}

/// What makes two events alike.
fn likeness(telling: Telling<'_>) -> Hash {
    let event = telling.event;
    let parts = [
        Some(event.kind.as_str()),
        event.action.as_deref(),
        event.part.as_deref(),
        event.state.as_deref(),
        event.title.as_deref(),
        Some(telling.line()),
        event.text.as_deref(),
    ];
    Hash::of(parts.map(|part| part.unwrap_or("\u{0}")).join("\u{1}").as_bytes())
}

impl Board {
    /// Tells an event in a place. The slot of its object there was read before, if there is one.
    pub(crate) fn tell(&mut self, moment: &Moment, place: &Place, telling: Telling<'_>) -> TracePlace {
        let (did, slot, note) = self.told(moment, place, telling);
        TracePlace { place: place.clone(), level: telling.level, did, note, slot }
    }

    fn told(
        &mut self,
        moment: &Moment,
        place: &Place,
        telling: Telling<'_>,
    ) -> (Did, Option<u64>, Option<String>) {
        if telling.group.is_none() {
            if telling.muted {
                return (Did::Muted, None, None);
            }
            self.say(moment, place, None, (show::line(telling, true), telling));
            return (Did::Posted, None, None);
        }
        let object = object_of(telling.event, telling.seq);
        let known = self.slot_of(place, &object).filter(|number| {
            let slot = self.slots.get(number);
            slot.is_some_and(|slot| slot.kind == SlotKind::Objects)
        });
        match known {
            Some(number) => self.told_again(moment, number, &object, telling),
            None => self.told_first(moment, place, object, telling),
        }
    }

    /// Tells of an object that has no line here.
    fn told_first(
        &mut self,
        moment: &Moment,
        place: &Place,
        object: ObjectId,
        telling: Telling<'_>,
    ) -> (Did, Option<u64>, Option<String>) {
        let Telling { event, seq, level, .. } = telling;
        if telling.muted {
            return (Did::Muted, None, None);
        }
        match level {
            Level::Off => return (Did::Kept, None, None),
            Level::Digest => {
                let (did, slot) = self.digest(moment, place, telling);
                return (did, Some(slot), None);
            }
            Level::Thread | Level::Normal | Level::Loud => {}
        }
        let mut new = member(event, seq, object, moment.now);
        new.level = level.max(Level::Normal);
        new.like = Some((likeness(telling), moment.now));
        let own_head = level == Level::Thread && event.head.is_none() && event.title.is_some();
        if own_head {
            // The thread hangs from a line that names the object; what happened is told in the thread.
            let title = event.title.as_deref().unwrap_or_default();
            new.line =
                if new.reference == title { title.to_owned() } else { format!("{} {title}", new.reference) };
        } else if let Some(say) = telling.say {
            say.clone_into(&mut new.line);
        }
        if let Some(family) = event.family.as_ref().filter(|_| level != Level::Loud)
            && let Some(number) = self.room(place).joinable(family, moment.now)
            && self.slots.get(&number).is_some_and(|slot| slot.members.len() < MEMBERS)
        {
            return self.joined(moment, number, new, telling);
        }
        if !self.room(place).spend(moment.now, level == Level::Loud) {
            let (did, slot) = self.overflow(moment, place, telling);
            return (did, Some(slot), Some("the room has had its lines for now".to_owned()));
        }
        let number = self.open(moment, place, SlotKind::Objects, new);
        if let (Some(family), Some(secs)) = (&event.family, telling.group) {
            let until = crate::planning::later(moment.now, i64::try_from(secs).unwrap_or(30));
            self.room(place).let_join(family, number, moment.now, until);
            if let Some(slot) = self.slots.get_mut(&number) {
                slot.family = Some((family.clone(), until));
            }
        }
        self.show(moment, number);
        let _ = self.thread_on(moment, number, telling, own_head);
        (if own_head { Did::Threaded } else { Did::Posted }, Some(number), None)
    }

    fn joined(
        &mut self,
        moment: &Moment,
        number: u64,
        new: Member,
        telling: Telling<'_>,
    ) -> (Did, Option<u64>, Option<String>) {
        if let Some(slot) = self.slots.get_mut(&number) {
            self.objects.insert((slot.place.clone(), new.object.clone()), number);
            slot.members.push(new);
        }
        self.show(moment, number);
        let _ = self.thread_on(moment, number, telling, true);
        (Did::Grouped, Some(number), None)
    }

    /// Tells of an object that has a line here.
    fn told_again(
        &mut self,
        moment: &Moment,
        number: u64,
        object: &ObjectId,
        telling: Telling<'_>,
    ) -> (Did, Option<u64>, Option<String>) {
        let Telling { event, level, .. } = telling;
        let now = moment.now;
        let Some(slot) = self.slots.get_mut(&number) else { return (Did::Kept, None, None) };
        let far = now.duration_since(slot.posted_at) > OLD;
        let Some(at) = slot.members.iter().position(|member| member.object == *object) else {
            return (Did::Kept, None, None);
        };
        let known = &mut slot.members[at];
        let says = event.state.is_some() || event.head.is_some();
        let late = says && is_late(known, event);
        let changes_state = event.state.is_some() && event.state != known.state;
        if late && (changes_state || event.part.is_some() || level < Level::Thread) {
            return (Did::Late, Some(number), Some("something newer was known already".to_owned()));
        }
        let like = likeness(telling);
        let alike = known.like.is_some_and(|(before, at)| before == like && now.duration_since(at) < ALIKE);
        let came_back =
            changes_state && known.done && !event.done && now.duration_since(known.since) >= COME_BACK;
        if !late {
            take_over(known, telling, now);
        }
        let flapping = is_flapping(known, now);
        let due = flapping.then(|| known.changes.last().map(|at| *at + CALM)).flatten();
        if level >= Level::Thread && !alike {
            known.like = Some((like, now));
        }
        let silent = if telling.muted {
            Some((Did::Muted, None))
        } else if alike && level >= Level::Thread {
            Some((Did::Alike, Some("the same was told just before".to_owned())))
        } else if flapping && changes_state {
            Some((Did::Folded, Some("its state goes to and fro".to_owned())))
        } else {
            None
        };
        if due.is_some() {
            self.set_due(number, due);
        }
        if let Some((did, note)) = silent {
            if did == Did::Alike {
                // Nothing that anybody would miss after a restart.
                self.show_again(moment, number);
            } else {
                self.show(moment, number);
            }
            return (did, Some(number), note);
        }
        if level < Level::Thread {
            let changed = self.show(moment, number);
            return (if changed { Did::Edited } else { Did::Kept }, Some(number), None);
        }
        if (far || came_back || self.is_far(number)) && self.spend_anew(number, level, now) {
            self.post_anew(moment, number);
        }
        self.show(moment, number);
        let did = self.thread_on(moment, number, telling, true);
        (did, Some(number), None)
    }

    fn is_far(&self, number: u64) -> bool {
        let Some(slot) = self.slots.get(&number) else { return false };
        let count = self.rooms.get(&slot.place).map_or(0, |room| room.count);
        count.saturating_sub(slot.place_count) > FAR
    }

    fn spend_anew(&mut self, number: u64, level: Level, now: Timestamp) -> bool {
        let Some(place) = self.slots.get(&number).map(|slot: &Slot| slot.place.clone()) else { return false };
        self.room(&place).spend(now, level == Level::Loud)
    }
}

/// Whether something newer is known of how it stands. What says nothing of that, as a comment, comes when it comes.
fn is_late(known: &Member, event: &Event) -> bool {
    match &event.part {
        Some(part) => known.parts.iter().any(|(name, newest)| name == part && event.at < *newest),
        None => event.at < known.stands,
    }
}

/// Brings an object up to date.
fn take_over(known: &mut Member, telling: Telling<'_>, now: Timestamp) {
    let Telling { event, seq, .. } = telling;
    known.newest = known.newest.max(event.at);
    if event.state.is_some() || event.head.is_some() {
        known.stands = known.stands.max(event.at);
    }
    known.event = seq;
    if let Some(part) = &event.part {
        known.parts.retain(|(name, _)| name != part);
        if known.parts.len() == PARTS {
            known.parts.remove(0);
        }
        known.parts.push((part.clone(), event.at));
    }
    if let Some(head) = &event.head {
        head.clone_into(&mut known.line);
        if let Some(say) = telling.say {
            say.clone_into(&mut known.line);
        }
    }
    if event.title.is_some() {
        known.title.clone_from(&event.title);
    }
    if let Some(state) = &event.state {
        if known.state.as_ref() != Some(state) {
            known.changes.retain(|at| now.duration_since(*at) < FLAP_SPAN);
            // The last few are all that is counted.
            if known.changes.len() >= 64 {
                known.changes.remove(0);
            }
            known.changes.push(now);
            known.since = now;
        }
        known.state = Some(state.clone());
        known.done = event.done;
        known.level = telling.level.max(Level::Normal);
        if event.head.is_some() && event.url.is_some() {
            known.url.clone_from(&event.url);
        }
    }
}
