//! Schedules: waits for what is due, and gives its order once, whatever happens meanwhile.
//!
//! Not the times, which `contract` tells, nor the order, which [`crate::trigger`] gives. That something was due and the
//! order of it are one commit, and a store takes no due time twice: a restart, or a second node, finds it taken.
//! Layer 1.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::Notify;
use wilco_contract::{
    ids::Place,
    input::{Input, Trigger},
    principal::{Program, ProgramKind},
    schedule::{LATE_SECS, Missed, Schedule, ScheduleEvent, ScheduleState},
    store::{Batch, Record, StoreError, When},
};

use crate::{
    breaker,
    core::{Core, Live},
    planning::later,
    trigger,
};

/// After a failure of the store it is tried again after so many seconds.
const PAUSE_SECS: i64 = 5;

/// How the schedules stand.
#[derive(Default)]
pub(crate) struct Schedules {
    states: Mutex<BTreeMap<String, ScheduleState>>,
    /// Rung when it has to be looked at again.
    bell: Notify,
}

impl Schedules {
    fn states(&self) -> MutexGuard<'_, BTreeMap<String, ScheduleState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How one stands; none where it never began.
    pub(crate) fn state(&self, name: &str) -> Option<ScheduleState> {
        self.states().get(name).cloned()
    }

    /// Looks again at what is due when: one was paused or resumed, or there are others.
    pub(crate) fn look_again(&self) {
        self.bell.notify_one();
    }

    fn put(&self, state: ScheduleState) {
        self.states().insert(state.name.clone(), state);
    }
}

/// The zone of a schedule's times.
pub(crate) fn zone(live: &Live, schedule: &Schedule) -> TimeZone {
    schedule.zone.as_ref().unwrap_or(&live.setup.policy.zone).0.clone()
}

/// Where a schedule belongs.
pub(crate) fn place(live: &Live, schedule: &Schedule) -> Place {
    schedule.place.clone().unwrap_or_else(|| live.setup.home.clone())
}

/// Reads how schedules stood and begins to wait for what is due.
pub(crate) async fn recover(core: &Arc<Core>) -> Result<(), StoreError> {
    load(core).await?;
    let core_here = core.clone();
    core.spawn.spawn("schedule", Box::pin(async move { run(&core_here).await }));
    Ok(())
}

async fn load(core: &Core) -> Result<(), StoreError> {
    for state in core.store.schedules().await? {
        core.schedules.put(state);
    }
    Ok(())
}

async fn run(core: &Arc<Core>) {
    loop {
        let next = look(core).await;
        let due = async {
            match next {
                Some(next) => core.clock.until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = core.schedules.bell.notified() => {}
            () = core.stopped() => return,
        }
    }
}

/// Gives the orders of all that is due, and tells when to look again.
async fn look(core: &Arc<Core>) -> Option<Timestamp> {
    let live = core.live.load_full();
    let mut next: Option<Timestamp> = None;
    for schedule in &live.setup.schedules {
        let again = match one(core, &live, schedule).await {
            Ok(again) => again,
            Err(error) => {
                tracing::error!(schedule = schedule.name, %error, "What is due could not be written; trying again.");
                Some(later(core.clock.now(), PAUSE_SECS))
            }
        };
        next = [next, again].into_iter().flatten().min();
    }
    next
}

/// Gives the order of one schedule, if it is due. When it is due next; none while it is paused.
async fn one(core: &Arc<Core>, live: &Live, schedule: &Schedule) -> Result<Option<Timestamp>, StoreError> {
    let now = core.clock.now();
    let name = &schedule.name;
    let Some(state) = core.schedules.state(name) else {
        write(core, ScheduleEvent::Began { name: name.clone(), at: now }, None).await?;
        return Ok(schedule.when.next(now, &zone(live, schedule)));
    };
    if state.paused.is_some() {
        return Ok(None);
    }
    let zone = zone(live, schedule);
    let mut seen = state.seen;
    if let Some(due) = schedule.when.last(seen, now, &zone) {
        seen = due;
        let is_missed = now.duration_since(due).as_secs() > LATE_SECS;
        if is_missed && schedule.missed == Missed::Skip {
            core.schedules.put(ScheduleState { seen: due, ..state });
        } else {
            fire(core, live, schedule, due).await?;
        }
    }
    // A clock that was set back makes nothing due again.
    Ok(schedule.when.next(seen.max(now), &zone))
}

async fn fire(core: &Arc<Core>, live: &Live, schedule: &Schedule, due: Timestamp) -> Result<(), StoreError> {
    let program = Program { kind: ProgramKind::Schedule, name: schedule.name.clone() };
    let order = Trigger {
        id: format!("schedule/{}/{due}", schedule.name),
        program: program.clone(),
        set_off_by: None,
        order: schedule.run.clone(),
        place: place(live, schedule),
        thread: None,
        at: due,
        late: schedule.missed == Missed::Once,
    };
    let passes = breaker::passes(core, &order.place, &program.to_string()).await;
    let fired = ScheduleEvent::Fired { name: schedule.name.clone(), due };
    if let Some(input) = write(core, fired, passes.then(|| order.clone())).await? {
        trigger::begin(core, input, order);
    }
    Ok(())
}

/// Writes what happened, with the order that it sets off. The order's number; none where somebody else was first.
async fn write(
    core: &Core,
    event: ScheduleEvent,
    order: Option<Trigger>,
) -> Result<Option<wilco_contract::ids::Seq>, StoreError> {
    let name = event.name().to_owned();
    let has_order = order.is_some();
    let records = std::iter::once(Record::Schedule(event.clone()));
    let records = records.chain(order.map(|order| Record::Input(Input::Trigger(order)))).collect();
    match core.store.commit(Batch { at: core.clock.now(), records }, When::Now).await {
        Ok(seq) => {
            let known = core.schedules.state(&name);
            if let Ok(state) = ScheduleState::after(known.as_ref(), &event) {
                core.schedules.put(state);
            }
            Ok(seq.filter(|_| has_order))
        }
        Err(StoreError::Conflict(_)) => load(core).await.map(|()| None),
        Err(error) => Err(error),
    }
}

/// Pauses a schedule, or lets it go on.
pub(crate) async fn set(core: &Core, event: ScheduleEvent) -> Result<(), StoreError> {
    write(core, event, None).await?;
    core.schedules.look_again();
    Ok(())
}
