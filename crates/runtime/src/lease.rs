//! Keeps a lease: takes it when it is free, renews it, says when somebody else has it.
//!
//! Not what is done under it, and not what refuses the commits of whoever lost it: the store does that, by the token.
//! Layer 1.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use wilco_contract::{
    clock::Clock,
    lease::{Fence, Holder, Lease},
    store::{AuditEntry, Batch, Record, Store, StoreError, When},
};

use crate::telemetry;

/// For how long a lease is good without being renewed. The clocks of two machines may differ by seconds, and a disk may
/// take some to write.
pub const GOOD_FOR: Duration = Duration::from_secs(30);
/// How often it is renewed.
pub const RENEWED: Duration = Duration::from_secs(10);
/// The pause before a renewal that could not be written is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// A lease that is ours.
#[derive(Clone)]
pub struct Tenure {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    lease: Lease,
}

/// What came of wanting one.
pub enum Taken {
    /// It is ours.
    Ours(Tenure),
    /// Somebody else has it.
    Theirs(Lease),
}

/// Takes a lease if it is free, or if its holder `has_ended` as is known for certain.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn take(
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    (name, holder): (&str, &Holder),
    has_ended: impl Fn(&Holder) -> bool,
) -> Result<Taken, StoreError> {
    let now = clock.now();
    let stored = store.leases().await?.into_iter().find(|lease| lease.name == name);
    let token = stored.as_ref().map_or(1, |stored| stored.token + 1);
    let lease = Lease { name: name.to_owned(), holder: holder.clone(), token, until: good_until(now) };
    let mut records = Vec::new();
    if let Some(stored) = stored {
        if now < stored.until {
            if !has_ended(&stored.holder) {
                return Ok(Taken::Theirs(stored));
            }
            // Nobody else can say so for it any more.
            records.push(Record::Lease(Lease { until: now, ..stored.clone() }));
        }
        if stored.until != Timestamp::MIN {
            records.push(Record::Audit(taken_over(&lease, &stored)));
        }
    }
    records.push(Record::Lease(lease.clone()));
    match store.commit(Batch { at: now, records }, When::Now).await {
        Ok(_) => {
            let shown = u32::try_from(token).unwrap_or(u32::MAX);
            metrics::gauge!(telemetry::LEASE_TOKEN, "lease" => lease.name.clone()).set(f64::from(shown));
            Ok(Taken::Ours(Tenure { store: store.clone(), clock: clock.clone(), lease }))
        }
        Err(StoreError::Conflict(_)) => {
            // Somebody was quicker.
            let now = store.leases().await?.into_iter().find(|lease| lease.name == name);
            now.map(Taken::Theirs).ok_or_else(|| StoreError::Corrupt(format!("the lease `{name}` is gone")))
        }
        Err(error) => Err(error),
    }
}

fn good_until(now: Timestamp) -> Timestamp {
    now.checked_add(GOOD_FOR).unwrap_or(Timestamp::MAX)
}

/// That somebody goes on for one who did not give it back, for the record.
fn taken_over(lease: &Lease, from: &Lease) -> AuditEntry {
    AuditEntry {
        kind: "lease.taken_over".to_owned(),
        who: "wilco".to_owned(),
        account: None,
        operation: None,
        command: None,
        place: None,
        text: format!("{} goes on for {}, which did not end in order.", lease.holder, from.holder),
        rule: None,
    }
}

impl Tenure {
    /// What tells its holder's commits from those of earlier ones.
    #[must_use]
    pub fn fence(&self) -> Fence {
        Fence { name: self.lease.name.clone(), token: self.lease.token }
    }

    /// Renews it until somebody else has it: who that is, as far as it can be told.
    pub async fn keep(&self) -> String {
        let mut pause = RENEWED;
        loop {
            self.clock.moment(pause).await;
            match self.renew(good_until(self.clock.now())).await {
                Ok(()) => pause = RENEWED,
                Err(StoreError::Conflict(_) | StoreError::Fenced(_)) => {
                    let leases = self.store.leases().await.unwrap_or_default();
                    let theirs = leases.into_iter().find(|lease| lease.name == self.lease.name);
                    return theirs
                        .map_or_else(|| "another Wilco".to_owned(), |lease| lease.holder.to_string());
                }
                Err(error) => {
                    tracing::warn!(%error, lease = self.lease.name, "A lease could not be renewed; trying again.");
                    pause = AGAIN;
                }
            }
        }
    }

    /// Gives it back, so that nobody has to wait until it runs out.
    ///
    /// # Errors
    /// When that could not be written, or when it is somebody else's by now.
    pub async fn give_back(&self) -> Result<(), StoreError> {
        self.renew(Timestamp::MIN).await
    }

    async fn renew(&self, until: Timestamp) -> Result<(), StoreError> {
        let records = vec![Record::Lease(Lease { until, ..self.lease.clone() })];
        self.store.commit(Batch { at: self.clock.now(), records }, When::Now).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chance::SeededChance, clock::SteppedClock, memory_store::MemoryStore};

    fn holder(id: &str) -> Holder {
        Holder { id: id.to_owned(), machine: "m".to_owned(), process: 7, since: Timestamp::UNIX_EPOCH }
    }

    struct House {
        store: Arc<dyn Store>,
        clock: Arc<SteppedClock>,
    }

    impl House {
        fn new() -> Self {
            let store = Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7))));
            Self { store, clock: Arc::new(SteppedClock::new(Timestamp::UNIX_EPOCH)) }
        }

        async fn take(&self, id: &str, ended: bool) -> Taken {
            let clock: Arc<dyn Clock> = self.clock.clone();
            take(&self.store, &clock, ("wilco", &holder(id)), |_| ended).await.expect("an answer")
        }

        async fn ours(&self, id: &str, ended: bool) -> Tenure {
            match self.take(id, ended).await {
                Taken::Ours(tenure) => tenure,
                Taken::Theirs(lease) => panic!("it is {}'s", lease.holder.id),
            }
        }

        async fn taken_over(&self) -> usize {
            let all = wilco_contract::store::Page { after: 0, limit: 99 };
            let audit = self.store.audit(&wilco_contract::store::AuditFilter::default(), all).await;
            audit.expect("the audit").iter().filter(|row| row.kind == "lease.taken_over").count()
        }
    }

    #[tokio::test]
    async fn the_second_waits_until_the_first_ends_or_its_time_is_over() {
        let house = House::new();
        let first = house.ours("one", false).await;
        assert!(matches!(house.take("two", false).await, Taken::Theirs(lease) if lease.holder.id == "one"));
        first.give_back().await.expect("given back");
        let second = house.ours("two", false).await;
        assert_eq!((first.fence().token, second.fence().token), (1, 2));
        assert_eq!(house.taken_over().await, 0, "it was given back");
        house.clock.advance(GOOD_FOR);
        assert_eq!(house.ours("three", false).await.fence().token, 3);
        assert_eq!(house.taken_over().await, 1, "it ran out");
        assert_eq!(house.ours("four", true).await.fence().token, 4);
        assert_eq!(house.taken_over().await, 2, "its holder is known to have ended");
    }

    #[tokio::test]
    async fn whoever_lost_it_learns_so_and_writes_nothing_more() {
        let house = House::new();
        let first = house.ours("one", false).await;
        house.store.fence(first.fence());
        // Somebody else comes by another way to the same rows.
        let second = house.ours("two", true).await;
        let nothing = Batch {
            at: Timestamp::UNIX_EPOCH,
            records: vec![Record::Handled { input: wilco_contract::ids::Seq(1) }],
        };
        let refused = house.store.commit(nothing.clone(), When::Now).await;
        assert!(matches!(refused, Err(StoreError::Fenced(_))), "{refused:?}");
        assert_eq!(first.keep().await, "process 7 since 1970-01-01 00:00:00 UTC");
        assert!(first.give_back().await.is_err());
        house.store.fence(second.fence());
        assert!(house.store.commit(nothing, When::Now).await.is_ok());
    }
}
