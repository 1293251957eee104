//! Events, where they went, and what rooms are to be shown of them, in memory.
//!
//! Not the rules of what fits: [`super::known`] has those. Layer 1.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use jiff::Timestamp;
use wilco_contract::{
    connector::Receipt,
    event::{Arrived, EventFilter, Payload, StoredEvent, Trace, Unrouted},
    ids::{ObjectId, Place, Seq, SourceName},
    route::Mute,
    slot::{Line, Parcel, ParcelKind, Shown, ShownSlot, Slot},
    store::{Events, Page, Slots, StoreError},
};

use super::MemoryStore;

/// All of it.
#[derive(Default)]
pub(super) struct Told {
    events: BTreeMap<Seq, StoredEvent>,
    /// Whose payload an event came in.
    payload_of: HashMap<Seq, Seq>,
    payloads: BTreeMap<Seq, Payload>,
    traces: HashMap<Seq, Trace>,
    routed: Seq,
    slots: BTreeMap<u64, ShownSlot>,
    /// The newest slot of an object in a place.
    objects: HashMap<(Place, ObjectId), u64>,
    lines: BTreeMap<u64, Line>,
    last_number: u64,
    mutes: BTreeMap<(Place, String), Mute>,
}

impl Told {
    /// Takes in an event. `first` is the one in the same batch that brought the payload.
    pub(super) fn event(&mut self, seq: Seq, received_at: Timestamp, arrived: Arrived, first: Option<Seq>) {
        let Arrived { event, payload } = arrived;
        let mark = payload.as_ref().map(Payload::mark);
        if let Some(of) = first {
            self.payload_of.insert(seq, of);
        }
        if let Some(payload) = payload {
            self.payloads.insert(seq, payload);
        }
        self.events.insert(seq, StoredEvent { seq, received_at, event, payload: mark });
    }

    pub(super) fn forget(&mut self, events: &[Seq]) {
        for seq in events {
            self.payloads.remove(seq);
        }
    }

    pub(super) fn mute(&mut self, mute: Mute) {
        self.mutes.insert((mute.place.clone(), mute.what.clone()), mute);
    }

    pub(super) fn unmute(&mut self, place: Place, what: String) {
        self.mutes.remove(&(place, what));
    }

    pub(super) fn routed(&mut self, trace: Trace) {
        self.routed = self.routed.max(trace.event);
        self.traces.insert(trace.event, trace);
    }

    pub(super) fn slot(&mut self, slot: Slot) {
        self.last_number = self.last_number.max(slot.number).max(slot.turn);
        for member in &slot.members {
            let newest = self.objects.entry((slot.place.clone(), member.object.clone())).or_default();
            *newest = slot.number.max(*newest);
        }
        let before = self.slots.remove(&slot.number);
        let shown = before.filter(|before| before.slot.post == slot.post).map(|before| before.shown);
        self.slots.insert(slot.number, ShownSlot { slot, shown: shown.unwrap_or_default() });
    }

    pub(super) fn line(&mut self, line: Line) {
        self.last_number = self.last_number.max(line.number);
        self.lines.insert(line.number, line);
    }

    pub(super) fn shown(&mut self, slot: u64, post: u32, shown: Shown) {
        let Some(known) = self.slots.get_mut(&slot).filter(|known| known.slot.post == post) else { return };
        known.shown.version = known.shown.version.max(shown.version);
        known.shown.receipt = shown.receipt.or(known.shown.receipt.take());
    }

    pub(super) fn said(&mut self, line: u64) {
        self.lines.remove(&line);
    }

    fn listed<'a>(&'a self, filter: &'a EventFilter) -> impl DoubleEndedIterator<Item = &'a StoredEvent> {
        self.events.values().filter(move |stored| {
            filter.source.as_ref().is_none_or(|source| stored.event.source == *source)
                && filter.object.as_ref().is_none_or(|object| stored.event.object.as_ref() == Some(object))
        })
    }

    fn thread(&self, thread: Option<u64>) -> Option<Receipt> {
        self.slots.get(&thread?)?.shown.receipt.clone()
    }

    fn waiting(&self) -> impl Iterator<Item = &ShownSlot> {
        self.slots.values().filter(|known| known.shown.version < known.slot.version)
    }

    fn parcels(&self, place: &Place, limit: usize) -> Vec<Parcel> {
        let mut found: Vec<(bool, u64, Parcel)> = Vec::new();
        for known in self.waiting().filter(|known| known.slot.place == *place) {
            let parcel = Parcel {
                what: ParcelKind::Slot(Box::new(known.clone())),
                thread: self.thread(known.slot.thread),
            };
            found.push((known.shown.version > 0, known.slot.turn, parcel));
        }
        for line in self.lines.values().filter(|line| line.place == *place) {
            let parcel =
                Parcel { what: ParcelKind::Line(Box::new(line.clone())), thread: self.thread(line.thread) };
            found.push((false, line.number, parcel));
        }
        found.sort_by_key(|(edit, turn, _)| (*edit, *turn));
        found.into_iter().take(limit).map(|(_, _, parcel)| parcel).collect()
    }
}

#[async_trait]
impl Events for MemoryStore {
    async fn event(&self, seq: Seq) -> Result<Option<StoredEvent>, StoreError> {
        Ok(self.state().told.events.get(&seq).cloned())
    }

    async fn events(&self, filter: &EventFilter, page: Page) -> Result<Vec<StoredEvent>, StoreError> {
        let state = self.state();
        let later = state.told.listed(filter).filter(|stored| stored.seq.0 > page.after);
        Ok(later.take(page.limit).cloned().collect())
    }

    async fn latest_events(
        &self,
        filter: &EventFilter,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let state = self.state();
        let earlier = state.told.listed(filter).rev();
        Ok(earlier.filter(|stored| before.0 == 0 || stored.seq < before).take(limit).cloned().collect())
    }

    async fn has_event(&self, source: &SourceName, id: &str) -> Result<bool, StoreError> {
        Ok(self.state().known.events.contains(&(source.clone(), id.to_owned())))
    }

    async fn arrived(&self) {
        self.came.notified().await;
    }

    async fn unrouted(&self, limit: usize) -> Result<Vec<Arc<Unrouted>>, StoreError> {
        let state = self.state();
        let after = Seq(state.told.routed.0 + 1);
        let unrouted = |stored: &StoredEvent| {
            let StoredEvent { seq, received_at, event, .. } = stored.clone();
            Arc::new(Unrouted { seq, received_at, event })
        };
        Ok(state.told.events.range(after..).take(limit).map(|(_, stored)| unrouted(stored)).collect())
    }

    async fn trace(&self, event: Seq) -> Result<Option<Trace>, StoreError> {
        Ok(self.state().told.traces.get(&event).cloned())
    }

    async fn payload(&self, event: Seq) -> Result<Option<Payload>, StoreError> {
        let state = self.state();
        let of = state.told.payload_of.get(&event).copied().unwrap_or(event);
        Ok(state.told.payloads.get(&of).cloned())
    }

    async fn old_payloads(
        &self,
        source: &SourceName,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Seq>, StoreError> {
        let state = self.state();
        let old = state.told.payloads.keys().filter(|seq| {
            let stored = state.told.events.get(seq);
            stored.is_some_and(|stored| stored.event.source == *source && stored.received_at < before)
        });
        Ok(old.take(limit).copied().collect())
    }
}

#[async_trait]
impl Slots for MemoryStore {
    async fn slots_of(
        &self,
        wanted: &[(Place, ObjectId)],
    ) -> Result<Vec<((Place, ObjectId), ShownSlot)>, StoreError> {
        let state = self.state();
        let found = wanted.iter().filter_map(|key| {
            let number = state.told.objects.get(key)?;
            Some((key.clone(), state.told.slots.get(number)?.clone()))
        });
        Ok(found.collect())
    }

    async fn slot(&self, number: u64) -> Result<Option<ShownSlot>, StoreError> {
        Ok(self.state().told.slots.get(&number).cloned())
    }

    async fn slot_at(&self, at: &Receipt) -> Result<Option<ShownSlot>, StoreError> {
        let state = self.state();
        let mut known = state.told.slots.values().rev();
        Ok(known.find(|known| known.shown.receipt.as_ref() == Some(at)).cloned())
    }

    async fn due_slots(&self) -> Result<Vec<ShownSlot>, StoreError> {
        let state = self.state();
        Ok(state.told.slots.values().filter(|known| known.slot.due.is_some()).cloned().collect())
    }

    async fn latest_slots(&self, before: u64, limit: usize) -> Result<Vec<ShownSlot>, StoreError> {
        let state = self.state();
        let end = if before == 0 { u64::MAX } else { before };
        Ok(state.told.slots.range(..end).rev().take(limit).map(|(_, known)| known.clone()).collect())
    }

    async fn last_number(&self) -> Result<u64, StoreError> {
        Ok(self.state().told.last_number)
    }

    async fn place_count(&self, place: &Place) -> Result<u64, StoreError> {
        let state = self.state();
        let here = state.told.slots.values().filter(|known| known.slot.place == *place);
        Ok(here.map(|known| known.slot.place_count).max().unwrap_or(0))
    }

    async fn waiting_places(&self) -> Result<Vec<Place>, StoreError> {
        let state = self.state();
        let slots = state.told.waiting().map(|known| &known.slot.place);
        let places: BTreeSet<_> = slots.chain(state.told.lines.values().map(|line| &line.place)).collect();
        Ok(places.into_iter().cloned().collect())
    }

    async fn parcels(&self, place: &Place, limit: usize) -> Result<Vec<Parcel>, StoreError> {
        Ok(self.state().told.parcels(place, limit))
    }

    async fn mutes(&self) -> Result<Vec<Mute>, StoreError> {
        let mut mutes: Vec<_> = self.state().told.mutes.values().cloned().collect();
        mutes.sort_by_key(|mute| Reverse(mute.until));
        Ok(mutes)
    }
}
