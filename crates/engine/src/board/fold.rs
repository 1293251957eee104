//! What is too much to be told line by line, and is counted instead: of a room, of a thread, of a day.
//!
//! Not the budgets themselves: [`super::room`] has a room's. Layer 1.

use jiff::ToSpan;
use wilco_contract::{
    event::{Did, Event, Level},
    ids::Place,
    reply::Reply,
    slot::{Count, Line, SlotKind},
};

use super::{Board, Moment, Telling, digest_mark, mark, room::SPAN, show, tell};

/// The most lines in a thread within [`SPAN`]; what is more is counted in one line.
const THREAD_LINES: usize = 20;
/// The most kinds of things that a line counts apart; others count as `other`.
const COUNTED_APART: usize = 12;

/// Counts one more of something.
pub(super) fn count(counts: &mut Vec<Count>, what: &str) {
    let what = if counts.len() >= COUNTED_APART && counts.iter().all(|count| count.what != what) {
        "other"
    } else {
        what
    };
    match counts.iter_mut().find(|count| count.what == what) {
        Some(count) => count.count += 1,
        None => counts.push(Count { what: what.to_owned(), count: 1 }),
    }
}

/// What an event counts as.
fn what(event: &Event) -> String {
    if let Some(family) = &event.family {
        return family.clone();
    }
    let kind = event.kind.replace('_', " ");
    let name = event.repo.as_deref().or(event.title.as_deref());
    let action = event.action.as_deref().filter(|action| *action != event.kind);
    let mut out = kind;
    for part in [action, name].into_iter().flatten() {
        out.push(' ');
        out.push_str(part);
    }
    wilco_contract::event::one_line(&out, 60)
}

impl Board {
    /// Counts an event in the room's line for what is too much.
    pub(super) fn overflow(&mut self, moment: &Moment, place: &Place, telling: Telling<'_>) -> (Did, u64) {
        let open = self.room(place).overflow.filter(|(_, last)| moment.now.duration_since(*last) < SPAN);
        let open = open.map(|(number, _)| number).filter(|number| self.slots.contains_key(number));
        let number = open.unwrap_or_else(|| {
            let object = mark(&format!("wilco:overflow/{}", self.last_number + 1));
            let mut member = tell::member(telling.event, telling.seq, object, moment.now);
            member.level = Level::Normal;
            self.open(moment, place, SlotKind::Overflow, member)
        });
        self.room(place).overflow = Some((number, moment.now));
        self.count_on(moment, number, telling);
        self.set_due(number, Some(moment.now + SPAN));
        (Did::Folded, number)
    }

    /// Counts an event in the room's digest of the day. The digest's slot was read before, if there is one.
    pub(super) fn digest(&mut self, moment: &Moment, place: &Place, telling: Telling<'_>) -> (Did, u64) {
        let object = digest_mark(moment);
        let number = self.slot_of(place, &object).unwrap_or_else(|| {
            let mut member = tell::member(telling.event, telling.seq, object, moment.now);
            member.level = Level::Digest;
            self.open(moment, place, SlotKind::Digest, member)
        });
        self.count_on(moment, number, telling);
        let tomorrow = moment.now.to_zoned(moment.zone.clone());
        let tomorrow = tomorrow.start_of_day().and_then(|day| day.checked_add(1.day()));
        self.set_due(number, tomorrow.ok().map(|day| day.timestamp()));
        (Did::Counted, number)
    }

    fn count_on(&mut self, moment: &Moment, number: u64, telling: Telling<'_>) {
        if let Some(slot) = self.slots.get_mut(&number) {
            count(&mut slot.counts, &what(telling.event));
            let member = &mut slot.members[0];
            telling.line().clone_into(&mut member.line);
            member.event = telling.seq;
            member.url = None;
        }
        self.show(moment, number);
    }

    /// Says a line in a slot's thread, or counts it where the thread has had enough.
    pub(super) fn thread_on(
        &mut self,
        moment: &Moment,
        number: u64,
        telling: Telling<'_>,
        with_line: bool,
    ) -> Did {
        let Some(slot) = self.slots.get_mut(&number) else { return Did::Kept };
        slot.threaded.retain(|at| moment.now.duration_since(*at) < SPAN);
        if slot.threaded.len() >= THREAD_LINES {
            return self.fold(moment, number, telling);
        }
        let place = slot.place.clone();
        if !telling.threads && with_line && !self.room(&place).spend(moment.now, telling.level == Level::Loud)
        {
            return self.overflow(moment, &place, telling).0;
        }
        let Some(slot) = self.slots.get_mut(&number) else { return Did::Kept };
        let content = show::line(telling, with_line);
        if content.blocks.is_empty() {
            return Did::Edited;
        }
        slot.threaded.push(moment.now);
        slot.fold = None;
        self.dirty.insert(number);
        self.say(moment, &place, Some(number), (content, telling));
        Did::Threaded
    }

    fn fold(&mut self, moment: &Moment, number: u64, telling: Telling<'_>) -> Did {
        let Some((place, fold)) = self.slots.get(&number).map(|slot| (slot.place.clone(), slot.fold)) else {
            return Did::Kept;
        };
        let fold = fold.filter(|fold| self.slots.contains_key(fold)).unwrap_or_else(|| {
            let object = mark(&format!("wilco:fold/{}", self.last_number + 1));
            let member = tell::member(telling.event, telling.seq, object, moment.now);
            let fold = self.open(moment, &place, SlotKind::Fold, member);
            if let Some(slot) = self.slots.get_mut(&fold) {
                slot.thread = Some(number);
            }
            fold
        });
        if let Some(slot) = self.slots.get_mut(&number) {
            slot.fold = Some(fold);
        }
        self.dirty.insert(number);
        self.count_on(moment, fold, telling);
        self.set_due(fold, Some(moment.now + SPAN));
        Did::Folded
    }

    /// Lets a line of an event be said.
    pub(super) fn say(
        &mut self,
        moment: &Moment,
        place: &Place,
        thread: Option<u64>,
        (content, telling): (Reply, Telling<'_>),
    ) {
        if thread.is_none() || !telling.threads {
            self.room(place).posted();
        }
        let line = self.line(moment, place, thread, content);
        self.lines.push(Line { event: Some(telling.seq), ..line });
    }
}
