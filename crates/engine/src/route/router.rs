//! The router: takes events up from the journal in its order, and writes what rooms are to be shown of them.
//!
//! Not what an event does to the board ([`crate::board`]) and not the sending ([`crate::outbox`]). One task, so that
//! the order of events is the order in which they are told. What it wrote is written together with how far it got:
//! after a restart it goes on there. Layer 1.

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::FutureExt as _;
use wilco_contract::{
    event::{Trace, TracePlace, TraceRule, Unrouted},
    ids::{ObjectId, Place, Seq},
    input::{Input, RuleOrder},
    route::Group,
    slot::{ParcelKind, Shown, ShownSlot},
    store::{Batch, Record, StoreError, When},
};

use super::{Judged, judge, moment, muted, names, needs_payload, rules};
use crate::{
    board::{Changes, Moment, Telling, digest_mark, object_of},
    core::{Core, Live},
    outbox,
    planning::later,
};

/// How many events are told in one turn.
const TURN: usize = 400;
/// From this many events on a turn is part of a flood: the next one lets some more come first, since a slot that
/// changes ten times in a breath is written, read and shown once. Who comes alone waits for nobody.
const FLOOD: usize = 4;
/// How long it lets them come.
const BREATH: Duration = Duration::from_millis(10);
/// The longest pause after the store could not be read or written, in seconds.
const LONGEST_PAUSE_SECS: i64 = 30;

/// Routes events until the engine stops.
pub(crate) async fn run(core: Arc<Core>) {
    let (mut pause, mut pace) = (1, Pace { at_once: TURN, early: true, looks: Looks::default() });
    while !core.is_stopping() {
        match AssertUnwindSafe(turn(&core, &mut pace)).catch_unwind().await {
            Ok(Ok(told)) => {
                let more = told == pace.at_once;
                (pause, pace.at_once, pace.early) = (1, TURN, true);
                if !more && told < FLOOD {
                    wait(&core).await;
                } else if !more {
                    breathe(&core).await;
                }
            }
            // One of these events brings it down. Alone it shows which; then it is passed over.
            Err(_) => {
                tracing::error!("The router made a mistake.");
                forget(&core).await;
                if pace.at_once == 1 {
                    pass_over(&core).await;
                }
                (pace.at_once, pace.early) = (1, false);
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "Events could not be routed; trying again.");
                forget(&core).await;
                pace.early = false;
                tokio::select! {
                    () = core.clock.until(later(core.clock.now(), pause)) => {}
                    () = core.stopped() => return,
                }
                pause = (pause * 2).min(LONGEST_PAUSE_SECS);
            }
        }
    }
}

/// Begins anew from what is stored: what is at hand may be ahead of it, or what was written was not heard of.
async fn forget(core: &Arc<Core>) {
    core.board().forget();
    let stored = async {
        for known in core.store.due_slots().await? {
            core.board().put(known);
        }
        outbox::recover(core).await
    };
    if let Err(error) = stored.await {
        tracing::error!(%error, "What waits could not be read.");
    }
}

/// Passes over the next event, which cannot be told; its trace says so.
async fn pass_over(core: &Core) {
    let passed = async {
        let Some(stored) = core.store.unrouted(1).await?.into_iter().next() else { return Ok(()) };
        let note = "it could not be told, and Wilco's log says more".to_owned();
        let considered = vec![TraceRule { rule: "wilco".to_owned(), note }];
        core.commit(vec![Record::Routed(Trace { event: stored.seq, considered, places: Vec::new() })]).await
    };
    if let Err(error) = passed.await {
        tracing::error!(%error, "An event that cannot be told could not be passed over.");
    }
}

/// Waits for events, for a slot whose time has come, or for the end.
async fn wait(core: &Core) {
    let due = core.board().next_due();
    let due = async {
        match due {
            Some(at) => core.clock.until(at).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = core.store.arrived() => {}
        () = core.bell.notified() => {}
        () = due => {}
        () = core.stopped() => {}
    }
}

/// An event that was judged.
struct Judgement {
    stored: Arc<Unrouted>,
    judged: Judged,
}

/// Lets some more events come.
async fn breathe(core: &Core) {
    tokio::select! {
        () = core.clock.moment(BREATH) => {}
        () = core.stopped() => {}
    }
}

/// How a turn goes.
struct Pace {
    /// How many events it takes at most.
    at_once: usize,
    /// Whether what is new may leave before it is written: not after a turn that could not be written, whose events
    /// would be told again each time.
    early: bool,
    looks: Looks,
}

/// Whether the configuration looks into payloads: found out once for each.
#[derive(Default)]
struct Looks {
    of: Weak<Live>,
    reach: bool,
}

impl Looks {
    fn reach_payloads(&mut self, live: &Arc<Live>) -> bool {
        if !std::ptr::eq(self.of.as_ptr(), Arc::as_ptr(live)) {
            *self = Self { of: Arc::downgrade(live), reach: needs_payload(&live.setup.events) };
        }
        self.reach
    }
}

/// Tells the next events, and returns how many these were.
async fn turn(core: &Arc<Core>, pace: &mut Pace) -> Result<usize, StoreError> {
    let events = core.store.unrouted(pace.at_once).await?;
    let told = events.len();
    let moment = moment(core);
    let live = core.live.load_full();
    let setup = &live.setup.events;
    let payloads = pace.looks.reach_payloads(&live);
    let mut judgements = Vec::with_capacity(events.len());
    for stored in events {
        let payload = if payloads { payload(core, &stored).await? } else { None };
        let names = names(&stored.event, payload.as_ref());
        judgements.push(Judgement { judged: judge(setup, &stored.event, &names), stored });
    }
    fetch(core, &moment, &judgements).await?;
    let mutes = core.mutes_at(moment.now);
    let mut records = Vec::new();
    let mut orders = Vec::new();
    let mut places = HashSet::new();
    let new;
    {
        let mut board = core.board();
        let last_number = board.last_number();
        for Judgement { stored, judged } in judgements {
            let event = &stored.event;
            let mut places_told: Vec<TracePlace> = Vec::with_capacity(judged.targets.len());
            for target in &judged.targets {
                let telling = Telling {
                    seq: stored.seq,
                    event,
                    level: target.level,
                    group: match target.group {
                        Group::Within(secs) => Some(secs),
                        Group::None => None,
                    },
                    say: target.say.as_deref(),
                    threads: core.ways.to(&target.place).is_none_or(|way| way.caps.threads),
                    muted: mutes.iter().any(|mute| mute.place == target.place && muted(event, &mute.what)),
                };
                places_told.push(board.tell(&moment, &target.place, telling));
            }
            for order in &judged.orders {
                if let Ok(words) = &order.order {
                    orders.push(rule_order(core, &stored, (&order.rule, words), places_told.first()));
                }
            }
            let trace = Trace { event: stored.seq, considered: judged.considered, places: places_told };
            records.push(Record::Routed(trace));
        }
        board.look(&moment);
        let changes = board.take_changes();
        let early = pace.early && told < FLOOD;
        new = if early { news(core, &changes, last_number) } else { HashMap::new() };
        for slot in changes.slots {
            places.insert(slot.place.clone());
            records.push(Record::Slot(Box::new(slot)));
        }
        for line in changes.lines {
            places.insert(line.place.clone());
            records.push(Record::Line(Box::new(line)));
        }
    }
    if records.is_empty() {
        return Ok(told);
    }
    // The only records of the batch that are numbered, so that they follow each other up to the last one.
    records.extend(orders.iter().cloned().map(|order| Record::Input(Input::Rule(order))));
    let last = commit(core, Batch { at: moment.now, records }, (new, places)).await?;
    core.board().shrink();
    if let Some(last) = last {
        let first = last.0 + 1 - orders.len() as u64;
        for (seq, order) in (first..).zip(orders) {
            rules::begin(core, Seq(seq), order);
        }
    }
    Ok(told)
}

/// What is new, by its place, where nothing else is to be sent there: it may leave while it is being written. What
/// breaks in between is told again, from its event; so a network that knows a repeat gets none of it.
fn news(core: &Core, changes: &Changes, last_number: u64) -> HashMap<Place, Vec<ParcelKind>> {
    let is_new = |number: u64, thread: Option<u64>| number > last_number && thread.is_none();
    let mut news: HashMap<Place, Vec<ParcelKind>> = HashMap::new();
    let mut others: HashSet<&Place> = HashSet::new();
    for slot in &changes.slots {
        if is_new(slot.number, slot.thread) && slot.version > 0 {
            let new = ShownSlot { slot: slot.clone(), shown: Shown::default() };
            news.entry(slot.place.clone()).or_default().push(ParcelKind::Slot(Box::new(new)));
        } else {
            others.insert(&slot.place);
        }
    }
    for line in &changes.lines {
        if is_new(line.number, line.thread) {
            news.entry(line.place.clone()).or_default().push(ParcelKind::Line(Box::new(line.clone())));
        } else {
            others.insert(&line.place);
        }
    }
    news.retain(|place, _| !others.contains(place) && core.ways.to(place).is_some_and(|way| !way.caps.keys));
    for parcels in news.values_mut() {
        // What is new was given its number for its turn.
        parcels.sort_unstable_by_key(ParcelKind::number);
    }
    news
}

/// Commits a turn, and has sent what it brings: its news from here on, the other places once it is written.
async fn commit(
    core: &Arc<Core>,
    batch: Batch,
    (news, mut places): (HashMap<Place, Vec<ParcelKind>>, HashSet<Place>),
) -> Result<Option<Seq>, StoreError> {
    let mut commit = core.store.commit(batch, When::Now);
    let mut handed = Vec::new();
    // Looked at once, it is in the store's queue.
    let last = match (&mut commit).now_or_never() {
        Some(last) => last?,
        None => {
            for (place, parcels) in news {
                if let Some(written) = outbox::hand(core, &place, parcels) {
                    places.remove(&place);
                    handed.push(written);
                }
            }
            commit.await?
        }
    };
    for written in handed {
        // Who does not listen any more looks by itself.
        let _ = written.send(());
    }
    for place in places {
        outbox::ring(core, &place);
    }
    Ok(last)
}

async fn payload(core: &Core, stored: &Unrouted) -> Result<Option<serde_json::Value>, StoreError> {
    let Some(payload) = core.store.payload(stored.seq).await? else { return Ok(None) };
    // What is damaged, or no JSON, has no names below it; `wilco audit verify` tells of the first.
    Ok(payload.unpack().ok().and_then(|body| serde_json::from_slice(&body).ok()))
}

/// Takes the slots to hand that these events may change.
async fn fetch(core: &Core, moment: &Moment, judgements: &[Judgement]) -> Result<(), StoreError> {
    let mut wanted: Vec<(Place, ObjectId)> = Vec::new();
    let mut places: Vec<Place> = Vec::new();
    {
        let board = core.board();
        let mut asked = HashSet::new();
        for Judgement { stored, judged } in judgements {
            for target in &judged.targets {
                for object in [object_of(&stored.event, stored.seq), digest_mark(moment)] {
                    let key = (target.place.clone(), object);
                    if !board.knows(&key.0, &key.1) && asked.insert(key.clone()) {
                        wanted.push(key);
                    }
                }
                if !board.counts(&target.place) && !places.contains(&target.place) {
                    places.push(target.place.clone());
                }
            }
        }
    }
    for place in places {
        let count = core.store.place_count(&place).await?;
        core.board().count_from(&place, count);
    }
    if !wanted.is_empty() {
        let found = core.store.slots_of(&wanted).await?;
        let mut board = core.board();
        for (_, known) in found {
            board.put(known);
        }
    }
    core.count_heard();
    Ok(())
}

fn rule_order(
    core: &Core,
    stored: &Unrouted,
    (rule, words): (&str, &str),
    told: Option<&TracePlace>,
) -> RuleOrder {
    let home = || core.live.load().setup.home.clone();
    RuleOrder {
        id: format!("{rule}/{}", stored.seq),
        rule: rule.to_owned(),
        event: stored.seq,
        signed: stored.event.signed,
        order: words.to_owned(),
        place: told.map_or_else(home, |told| told.place.clone()),
        slot: told.and_then(|told| told.slot),
        at: stored.received_at,
    }
}
