//! The outbox: sends what rooms are to be shown of events, in order, until it is shown or its time is up.
//!
//! Not a queue of its own: what waits stands in the store, so that it survives a restart and takes no memory. A place
//! has one task at a time; what is to be posted goes before what is to be edited. Whether a failed call is tried again
//! says the connector ([`crate::tries`]). Layer 1.

mod notes;

use std::{
    collections::{HashMap, VecDeque},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::sync::{Notify, oneshot};
use wilco_contract::{
    connector::{DeliveryKey, Receipt, SendError},
    event::some_lines,
    ids::Place,
    reply::Reply,
    retry::Retry,
    slot::{Parcel, ParcelKind, ShownSlot},
    store::{AuditEntry, Record, StoreError},
};

use self::notes::Notes;
use crate::{
    board::lost_mark,
    core::Core,
    planning::later,
    route::moment,
    telemetry,
    tries::{Next, Tries},
    words,
};

/// How much of what waits is read at once.
const AT_ONCE: usize = 64;
/// How many messages may have been sent of which that is not written yet, where a network does not know a repeat: after
/// a `kill -9` in the middle of a flood so many are shown twice in a place. Who sends one alone has that one.
const IN_DOUBT: usize = 4;

/// The places that are being sent to.
#[derive(Default)]
pub(crate) struct Places {
    busy: Mutex<HashMap<Place, Busy>>,
}

/// A place that is being sent to.
#[derive(Default)]
struct Busy {
    /// Whether it was rung again since it was last looked at.
    again: bool,
    /// Rung with it, so that who waits looks again.
    bell: Arc<Notify>,
    /// Whether its connector was attached since it was last looked at.
    attached: bool,
}

impl Places {
    fn busy(&self) -> MutexGuard<'_, HashMap<Place, Busy>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bell for a task of the place; none where it has one, which is rung.
    fn enter(&self, place: &Place) -> Option<Arc<Notify>> {
        let mut busy = self.busy();
        if let Some(known) = busy.get_mut(place) {
            known.again = true;
            known.bell.notify_one();
            return None;
        }
        Some(busy.entry(place.clone()).or_default().bell.clone())
    }

    /// The bell for a task of the place; none where it has one.
    fn enter_idle(&self, place: &Place) -> Option<Arc<Notify>> {
        let mut busy = self.busy();
        (!busy.contains_key(place)).then(|| busy.entry(place.clone()).or_default().bell.clone())
    }

    /// Whether the place's task may end: nobody rang since it looked.
    fn leave(&self, place: &Place) -> bool {
        let mut busy = self.busy();
        let Some(known) = busy.get_mut(place) else { return true };
        if std::mem::take(&mut known.again) {
            return false;
        }
        busy.remove(place);
        true
    }

    /// Lets what waits for a connector go at once.
    pub(crate) fn attached(&self, connector: &str) {
        for (_, known) in self.busy().iter_mut().filter(|(place, _)| place.connector() == connector) {
            known.attached = true;
            known.bell.notify_one();
        }
    }

    /// Whether the place's connector was attached since this was last asked.
    fn was_attached(&self, place: &Place) -> bool {
        self.busy().get_mut(place).is_some_and(|known| std::mem::take(&mut known.attached))
    }
}

/// Says that something waits to be sent to a place.
pub(crate) fn ring(core: &Arc<Core>, place: &Place) {
    if let Some(bell) = core.places.enter(place) {
        let sender = Sender::new(core, place, bell);
        core.spawn.spawn("outbox", Box::pin(sender.run()));
    }
}

/// Sends these to a place while they are being written, where nothing else waits for it: then whoever wrote them says
/// so there, or drops it where they could not be. Otherwise the place is to be rung once they are written.
pub(crate) fn hand(core: &Arc<Core>, place: &Place, parcels: Vec<ParcelKind>) -> Option<oneshot::Sender<()>> {
    let bell = core.places.enter_idle(place)?;
    let (says, written) = oneshot::channel();
    let mut sender = Sender::new(core, place, bell);
    sender.notes.after(written);
    sender.handed = parcels.into_iter().map(|what| Parcel { what, thread: None }).collect();
    core.spawn.spawn("outbox", Box::pin(sender.run()));
    Some(says)
}

/// Takes up what waited before a restart.
pub(crate) async fn recover(core: &Arc<Core>) -> Result<(), StoreError> {
    for place in core.store.waiting_places().await? {
        ring(core, &place);
    }
    Ok(())
}

/// Sends to one place.
struct Sender {
    core: Arc<Core>,
    place: Place,
    bell: Arc<Notify>,
    /// What is sent first, without looking for it in the store.
    handed: VecDeque<Parcel>,
    /// How the parcels went that are being tried again, by number.
    tries: HashMap<u64, Tries>,
    /// What came of parcels and is not written yet. Nothing more is read before it is: it would be sent again.
    notes: Notes,
    /// The place that hears of what was given up, to be rung once that is written.
    then_ring: Option<Place>,
}

/// What came of a parcel.
enum Sent {
    /// It needs no more sending: these records say so.
    Done(Vec<Record>),
    /// Not before this.
    Wait(Timestamp),
}

/// What came of a look at what waits.
enum Looked {
    /// Nothing waits.
    Nothing,
    /// There may be more.
    More,
    /// What is left waits until then.
    Until(Timestamp),
}

impl Sender {
    fn new(core: &Arc<Core>, place: &Place, bell: Arc<Notify>) -> Self {
        let (handed, tries, then_ring) = Default::default();
        let to = core.clone();
        let notes = Notes::new(move |records| {
            let core = to.clone();
            async move { core.commit(records).await }.boxed()
        });
        Self { core: core.clone(), place: place.clone(), bell, handed, tries, notes, then_ring }
    }

    async fn run(mut self) {
        while !self.core.is_stopping() {
            let now = self.core.clock.now();
            if self.core.places.was_attached(&self.place) {
                self.tries.values_mut().for_each(Tries::at_once);
            }
            let until = match AssertUnwindSafe(self.look()).catch_unwind().await {
                Ok(Ok(Looked::More)) => continue,
                Ok(Ok(Looked::Nothing)) => {
                    if self.core.places.leave(&self.place) {
                        return;
                    }
                    continue;
                }
                Ok(Ok(Looked::Until(until))) => until,
                Ok(Err(error)) => {
                    tracing::error!(place = %self.place, %error, "What waits to be sent cannot be read or written.");
                    later(now, 5)
                }
                Err(_) => {
                    tracing::error!(place = %self.place, "Sending made a mistake; trying again.");
                    self.notes.again();
                    later(now, 60)
                }
            };
            tokio::select! {
                () = self.core.clock.until(until) => {}
                () = self.bell.notified() => {}
                () = self.core.stopped() => return,
            }
        }
    }

    /// Writes what came of parcels.
    async fn write(&mut self) -> Result<(), StoreError> {
        self.notes.write().await?;
        if let Some(place) = self.then_ring.take() {
            ring(&self.core, &place);
        }
        Ok(())
    }

    /// Sends what waits, in order, as far as it goes now.
    async fn look(&mut self) -> Result<Looked, StoreError> {
        let mut parcels = std::mem::take(&mut self.handed);
        if parcels.is_empty() {
            self.write().await?;
            parcels = self.core.store.parcels(&self.place, AT_ONCE).await?.into();
        }
        if parcels.is_empty() {
            self.tries.clear();
            return Ok(Looked::Nothing);
        }
        let (mut wait, mut sent): (Option<Timestamp>, bool) = (None, false);
        // The messages that were shown in this round, for the threads that hang from them.
        let mut shown: HashMap<u64, Receipt> = HashMap::new();
        while let Some(mut parcel) = parcels.pop_front() {
            if self.core.is_stopping() {
                break;
            }
            let number = parcel.what.number();
            if shown.contains_key(&number) {
                continue;
            }
            if let Some(until) = self.not_before(&parcel) {
                wait = Some(wait.map_or(until, |wait| wait.min(until)));
                if is_edit(&parcel) {
                    continue;
                }
                // In order: what is to be posted after it waits, too.
                break;
            }
            if let Some(thread) = parcel.what.thread().filter(|_| parcel.thread.is_none()) {
                parcel.thread = shown.get(&thread).cloned();
                if parcel.thread.is_none()
                    && let Some(first) = self.thread_of(thread).await?
                {
                    parcels.push_front(parcel);
                    parcels.push_front(first);
                    continue;
                }
            }
            let outcome = if parcel.what.expires_at() <= self.core.clock.now() {
                self.give_up(&parcel, "it could not be shown in time").await?
            } else {
                self.send(&parcel).await?
            };
            match outcome {
                Sent::Done(records) => {
                    sent = true;
                    self.tries.remove(&number);
                    self.learn(&records, &mut shown);
                    self.notes.take(records);
                    if !self.has_keys() {
                        // A repeat would show twice, so little is sent before it is written.
                        self.notes.write_but(IN_DOUBT - 1).await?;
                    }
                }
                Sent::Wait(until) => {
                    wait = Some(wait.map_or(until, |wait| wait.min(until)));
                    if !is_edit(&parcel) {
                        break;
                    }
                }
            }
        }
        self.write().await?;
        Ok(wait.filter(|_| !sent).map_or(Looked::More, Looked::Until))
    }

    /// Until when a parcel that failed is left alone, unless its time is up before.
    fn not_before(&self, parcel: &Parcel) -> Option<Timestamp> {
        let (now, until) = (self.core.clock.now(), self.tries.get(&parcel.what.number())?.until?);
        (until > now && parcel.what.expires_at() > now).then(|| until.min(parcel.what.expires_at()))
    }

    /// The posting of the slot that a thread hangs from, where that waits as well.
    async fn thread_of(&self, thread: u64) -> Result<Option<Parcel>, StoreError> {
        let Some(known) = self.core.store.slot(thread).await? else { return Ok(None) };
        let waits = known.shown.receipt.is_none() && known.shown.version < known.slot.version;
        let what = ParcelKind::Slot(Box::new(known));
        Ok(waits.then_some(Parcel { what, thread: None }))
    }

    /// Takes in what was shown.
    fn learn(&self, records: &[Record], shown: &mut HashMap<u64, Receipt>) {
        for record in records {
            if let Record::Shown { slot, version, receipt, .. } = record {
                self.core.board().shown(*slot, *version);
                if let Some(receipt) = receipt {
                    shown.insert(*slot, receipt.clone());
                }
            }
        }
    }

    fn has_keys(&self) -> bool {
        self.core.ways.to(&self.place).is_some_and(|way| way.caps.keys)
    }

    fn has_edits(&self) -> bool {
        self.core.ways.to(&self.place).is_none_or(|way| way.caps.edits)
    }

    async fn send(&mut self, parcel: &Parcel) -> Result<Sent, StoreError> {
        let sent = match &parcel.what {
            ParcelKind::Line(line) => {
                let key = DeliveryKey(format!("line/{}", line.number));
                let posted = self.post(&line.content, parcel.thread.as_ref(), &key).await;
                if let Ok(receipt) = &posted {
                    self.core.loud.shown(line.number, receipt, self.core.clock.now());
                }
                posted.map(|_| Record::Said { line: line.number }).map_err(|error| (error, false))
            }
            ParcelKind::Slot(known) => {
                let shown_at = self.show(known, parcel.thread.as_ref()).await;
                shown_at.map(|receipt| shown(known, Some(receipt)))
            }
        };
        match sent {
            Ok(record) => {
                telemetry::sent("sent");
                Ok(Sent::Done(vec![record]))
            }
            Err((error, was_edit)) => {
                let harmless = was_edit || self.has_keys();
                let tries = self.tries.entry(parcel.what.number()).or_default();
                match tries.after(&error, harmless) {
                    Next::Wait(secs) => {
                        telemetry::sent("again");
                        let until = later(self.core.clock.now(), secs);
                        tries.until = Some(until);
                        Ok(Sent::Wait(until))
                    }
                    Next::GiveUp => self.give_up(parcel, &error.to_string()).await,
                }
            }
        }
    }

    async fn post(
        &self,
        content: &Reply,
        thread: Option<&Receipt>,
        key: &DeliveryKey,
    ) -> Result<Receipt, SendError> {
        let thread = thread.map(|receipt| receipt.id.as_str());
        self.core.ways.post(&self.place, thread, content, key).await
    }

    /// Posts a slot or edits its message; where the network cannot edit, only what is worth it is said anew. An error
    /// comes with whether it was an edit that failed, which may be repeated without harm.
    async fn show(&self, known: &ShownSlot, thread: Option<&Receipt>) -> Result<Receipt, (SendError, bool)> {
        let of = |was_edit: bool| move |error: SendError| (error, was_edit);
        let ShownSlot { slot, shown } = known;
        let key = |more: &str| DeliveryKey(format!("slot/{}/{}{more}", slot.number, slot.post));
        let Some(receipt) = &shown.receipt else {
            let posted = self.post(&slot.content, thread, &key("")).await.map_err(of(false))?;
            if slot.version > 1 && self.has_keys() && self.has_edits() {
                // The key may stand for an older version that was posted before a restart.
                self.core.ways.edit(&posted, &slot.content).await.map_err(of(true))?;
            }
            return Ok(posted);
        };
        if self.has_edits() {
            return match self.core.ways.edit(receipt, &slot.content).await {
                // The message is gone, so it is said anew.
                Err(SendError::NotSent { retry: Retry::Never, .. }) => {
                    let again = key(&format!("/again/{}", slot.version));
                    self.post(&slot.content, thread, &again).await.map_err(of(false))
                }
                other => other.map(|()| receipt.clone()).map_err(of(true)),
            };
        }
        if slot.told <= shown.version {
            return Ok(receipt.clone());
        }
        let anew = key(&format!("/{}", slot.version));
        self.post(&slot.content, thread, &anew).await.map_err(of(false))
    }

    /// Gives a parcel up, for the record and in the home room.
    async fn give_up(&mut self, parcel: &Parcel, why: &str) -> Result<Sent, StoreError> {
        telemetry::sent("given_up");
        tracing::warn!(place = %self.place, why, "Something was not shown.");
        let content = match &parcel.what {
            ParcelKind::Slot(known) => &known.slot.content,
            ParcelKind::Line(line) => &line.content,
        };
        let text = format!("{}: {}", why.trim_end_matches('.'), content.plain());
        let mut records = vec![
            match &parcel.what {
                ParcelKind::Slot(known) => shown(known, None),
                ParcelKind::Line(line) => Record::Said { line: line.number },
            },
            Record::Audit(AuditEntry {
                kind: "delivery.given_up".to_owned(),
                who: "wilco".to_owned(),
                account: None,
                operation: None,
                command: None,
                place: Some(self.place.clone()),
                text: some_lines(&text, 500),
                rule: None,
            }),
        ];
        let home = self.core.live.load().setup.home.clone();
        if home != self.place {
            records.extend(self.notice(&home, why).await?);
            self.then_ring = Some(home);
        }
        Ok(Sent::Done(records))
    }

    /// The home room's line about what could not be shown here.
    async fn notice(&self, home: &Place, why: &str) -> Result<Vec<Record>, StoreError> {
        let object = lost_mark(&self.place);
        let found = self.core.store.slots_of(&[(home.clone(), object.clone())]).await?;
        let moment = moment(&self.core);
        let mut board = self.core.board();
        for (_, known) in found {
            board.put(known);
        }
        let count = board.count_in(&moment, home, &object);
        let at = words::time(&self.core, moment.now);
        let lines = if count == 1 { "line" } else { "lines" };
        let text = format!(
            "{count} {lines} could not be shown in {}, the last one at {at}: {}",
            self.place,
            why.trim_end_matches('.')
        );
        board.notice(&moment, home, &object, &text);
        let changes = board.take_changes();
        let slots = changes.slots.into_iter().map(|slot| Record::Slot(Box::new(slot)));
        Ok(slots.chain(changes.lines.into_iter().map(|line| Record::Line(Box::new(line)))).collect())
    }
}

/// Whether it changes a message that is there.
fn is_edit(parcel: &Parcel) -> bool {
    matches!(&parcel.what, ParcelKind::Slot(known) if known.shown.version > 0)
}

fn shown(known: &ShownSlot, receipt: Option<Receipt>) -> Record {
    Record::Shown { slot: known.slot.number, post: known.slot.post, version: known.slot.version, receipt }
}

/// A line beside the board, to be said in a slot's thread or at the end of a room.
pub(crate) fn line(core: &Core, place: &Place, thread: Option<u64>, content: Reply) -> Record {
    let moment = moment(core);
    Record::Line(Box::new(core.board().line(&moment, place, thread, content)))
}
