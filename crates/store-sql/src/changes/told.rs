//! What a group changes of events, where they went, and what rooms are to be shown of them.
//!
//! Not the rules of slots' contents: those are the engine's. Layer 2.

use std::collections::{BTreeMap, HashMap, btree_map::Entry};

use jiff::Timestamp;
use wilco_contract::{
    connector::Receipt,
    event::{Arrived, Payload, Trace},
    ids::{ObjectId, Place, Seq, SourceName},
    route::Mute,
    slot::{Line, Shown, Slot},
    store::Record,
};

/// What a group changes.
#[derive(Default)]
pub(crate) struct Told<'a> {
    pub(crate) events: Vec<EventRow<'a>>,
    pub(crate) payloads: Vec<PayloadRow<'a>>,
    pub(crate) forgotten: Vec<Seq>,
    pub(crate) traces: BTreeMap<Seq, &'a Trace>,
    /// Each slot's last state.
    pub(crate) slots: BTreeMap<u64, SlotChange<'a>>,
    /// The newest slot of each object that was in one.
    pub(crate) objects: BTreeMap<(&'a Place, &'a ObjectId), u64>,
    /// Each line; none once it was said.
    pub(crate) lines: BTreeMap<u64, Option<&'a Line>>,
    /// The highest number that was given; 0 where none was.
    pub(crate) last_number: u64,
    /// Each mute's last state; none once taken back.
    pub(crate) mutes: BTreeMap<(&'a Place, &'a str), Option<&'a Mute>>,
}

/// What leads to an event.
pub(crate) struct EventRow<'a> {
    pub(crate) seq: Seq,
    pub(crate) source: &'a SourceName,
    pub(crate) id: &'a str,
    pub(crate) object: Option<&'a ObjectId>,
    /// The event whose payload it came in.
    pub(crate) payload: Option<Seq>,
}

/// A payload to keep.
pub(crate) struct PayloadRow<'a> {
    pub(crate) seq: Seq,
    pub(crate) source: &'a SourceName,
    pub(crate) at: Timestamp,
    pub(crate) payload: &'a Payload,
}

/// How far a slot that is stored has got.
#[derive(Debug, Clone)]
pub(crate) struct StoredSlot {
    pub(crate) post: u32,
    pub(crate) shown: Shown,
}

/// All that happens to one slot.
pub(crate) struct SlotChange<'a> {
    /// What it is now, where that changed.
    pub(crate) slot: Option<&'a Slot>,
    /// Whether showing it has got on.
    pub(crate) got_on: bool,
    /// How far; of which posting.
    pub(crate) at: StoredSlot,
}

impl<'a> Told<'a> {
    /// Takes in a record of one of these, but for events. `stored` are the slots as they are.
    pub(super) fn take(&mut self, record: &'a Record, stored: &HashMap<u64, StoredSlot>) {
        match record {
            Record::Forgotten(forgotten) => self.forgotten.extend(&forgotten.events),
            Record::Muted(mute) => {
                self.mutes.insert((&mute.place, &mute.what), Some(mute));
            }
            Record::Unmuted { place, what, .. } => {
                self.mutes.insert((place, what), None);
            }
            Record::Routed(trace) => {
                self.traces.insert(trace.event, trace);
            }
            Record::Slot(slot) => self.slot(slot, stored),
            Record::Line(line) => {
                self.last_number = self.last_number.max(line.number);
                self.lines.insert(line.number, Some(line));
            }
            Record::Shown { slot, post, version, receipt } => {
                self.shown(*slot, *post, (*version, receipt.as_ref()), stored);
            }
            Record::Said { line } => {
                self.lines.insert(*line, None);
            }
            _ => {}
        }
    }

    /// Takes in an event. `payload` is the event whose payload it came in.
    pub(super) fn event(&mut self, seq: Seq, at: Timestamp, arrived: &'a Arrived, payload: Option<Seq>) {
        let Arrived { event, payload: own } = arrived;
        let (source, id, object) = (&event.source, event.id.as_str(), event.object.as_ref());
        self.events.push(EventRow { seq, source, id, object, payload });
        if let Some(payload) = own {
            self.payloads.push(PayloadRow { seq, source, at, payload });
        }
    }

    fn slot(&mut self, slot: &'a Slot, stored: &HashMap<u64, StoredSlot>) {
        self.last_number = self.last_number.max(slot.number).max(slot.turn);
        for member in &slot.members {
            let newest = self.objects.entry((&slot.place, &member.object)).or_default();
            *newest = slot.number.max(*newest);
        }
        let new = || StoredSlot { post: slot.post, shown: Shown::default() };
        let change = self.slots.entry(slot.number).or_insert_with(|| SlotChange {
            slot: None,
            got_on: false,
            at: stored.get(&slot.number).cloned().unwrap_or_else(new),
        });
        change.slot = Some(slot);
        if change.at.post != slot.post {
            change.at = new();
        }
    }

    fn shown(
        &mut self,
        slot: u64,
        post: u32,
        (version, receipt): (u64, Option<&Receipt>),
        stored: &HashMap<u64, StoredSlot>,
    ) {
        let change = match self.slots.entry(slot) {
            Entry::Occupied(change) => change.into_mut(),
            Entry::Vacant(free) => {
                let Some(at) = stored.get(&slot).cloned() else { return };
                free.insert(SlotChange { slot: None, got_on: false, at })
            }
        };
        if change.at.post != post {
            return;
        }
        change.got_on = true;
        let shown = &mut change.at.shown;
        shown.version = shown.version.max(version);
        if let Some(receipt) = receipt {
            shown.receipt = Some(receipt.clone());
        }
    }

    /// About how many rows these are.
    pub(super) fn rows(&self) -> usize {
        self.events.len()
            + self.payloads.len()
            + self.forgotten.len()
            + self.traces.len()
            + self.slots.len()
            + self.objects.len()
            + self.lines.len()
            + self.mutes.len()
    }
}
