//! Schedules: what was due once is not due again.

use std::sync::Arc;

use wilco_contract::{
    schedule::{ScheduleEvent, ScheduleState},
    store::{Record, Store, StoreError, When},
};

use super::samples::{at, batch, input};

const NAME: &str = "webapp.nightly";

fn began(secs: i64) -> Record {
    Record::Schedule(ScheduleEvent::Began { name: NAME.to_owned(), at: at(secs) })
}

fn fired(due: i64) -> Record {
    Record::Schedule(ScheduleEvent::Fired { name: NAME.to_owned(), due: at(due) })
}

async fn write(store: &Arc<dyn Store>, record: Record) -> Result<(), StoreError> {
    store.commit(batch([record]), When::Now).await.map(drop)
}

async fn state(store: &Arc<dyn Store>) -> ScheduleState {
    store.schedules().await.expect("schedules").pop().expect("the schedule")
}

/// The fired record and what it sets off stand in one batch, and a due time that is not later is a conflict.
pub async fn a_schedule_is_due_once_and_never_earlier_than_before(store: Arc<dyn Store>) {
    assert!(matches!(write(&store, fired(60)).await, Err(StoreError::Conflict(_))), "it never began");
    write(&store, began(0)).await.expect("begun");
    assert!(matches!(write(&store, began(1)).await, Err(StoreError::Conflict(_))), "it began before");
    write(&store, fired(60)).await.expect("fired");
    for again in [60, 30, 0] {
        let both = batch([fired(again), Record::Input(input("web:ops", "again", "x"))]);
        assert!(matches!(store.commit(both, When::Now).await, Err(StoreError::Conflict(_))), "{again}");
    }
    assert!(
        store.unhandled().await.expect("inputs").is_empty(),
        "nothing of a batch that does not fit stands"
    );
    write(&store, fired(120)).await.expect("fired");
    let state = state(&store).await;
    assert_eq!((state.name.as_str(), state.seen, state.fired), (NAME, at(120), Some(at(120))));
}

/// A pause stands until it is taken back, and what would have been due meanwhile is not due afterwards.
pub async fn a_paused_schedule_is_not_due(store: Arc<dyn Store>) {
    let by = || "@ana".to_owned();
    write(&store, began(0)).await.expect("begun");
    let paused = ScheduleEvent::Paused { name: NAME.to_owned(), by: by(), at: at(10) };
    write(&store, Record::Schedule(paused)).await.expect("paused");
    assert!(matches!(write(&store, fired(60)).await, Err(StoreError::Conflict(_))));
    assert_eq!(state(&store).await.paused, Some((by(), at(10))));
    let resumed = ScheduleEvent::Resumed { name: NAME.to_owned(), by: by(), at: at(100) };
    write(&store, Record::Schedule(resumed)).await.expect("resumed");
    assert!(matches!(write(&store, fired(90)).await, Err(StoreError::Conflict(_))));
    write(&store, fired(120)).await.expect("fired");
    assert_eq!((state(&store).await.paused, state(&store).await.seen), (None, at(120)));
}

/// Two nodes, or two tasks of one, that find the same time due.
pub async fn of_two_that_fire_at_once_one_does(store: Arc<dyn Store>) {
    write(&store, began(0)).await.expect("begun");
    let (one, other) = futures_util::join!(write(&store, fired(60)), write(&store, fired(60)));
    assert_eq!([one, other].iter().filter(|fired| fired.is_ok()).count(), 1);
}
