//! Locks: keys that one owner holds at a time, with a queue in order of arrival.
//!
//! Not durable by itself: whoever takes a lock commits its record in the same batch as what the lock is for. Layer 1.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::Notify;
use wilco_contract::{
    ids::OpId,
    store::{Lock, LockOwner},
};

#[derive(Default)]
struct Table {
    held: HashMap<String, Lock>,
    waiting: HashMap<String, VecDeque<OpId>>,
}

#[derive(Default)]
pub(crate) struct LockTable {
    table: Mutex<Table>,
    changed: Notify,
    turn: tokio::sync::Mutex<()>,
}

/// What became of a wish for a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is held now, in memory; the record has to follow, or [`LockTable::release`].
    Yes,
    /// Somebody else holds it, or was here first.
    HeldBy(Box<Lock>),
    /// It is free, but another operation came first.
    Behind(OpId),
}

impl LockTable {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what is stored, at the start.
    pub(crate) fn load(&self, locks: Vec<Lock>) {
        self.table().held.extend(locks.into_iter().map(|lock| (lock.key.clone(), lock)));
    }

    /// Takes the lock if it is free, its holder's time is over, or the same owner holds it already.
    pub(crate) fn take(&self, lock: &Lock, now: Timestamp) -> Taken {
        let mut table = self.table();
        if let Some(held) =
            table.held.get(&lock.key).filter(|held| held.owner != lock.owner && held.expires_at > now)
        {
            let held = Box::new(held.clone());
            table.line_up(lock);
            return Taken::HeldBy(held);
        }
        if let Some(first) = table.waiting.get(&lock.key).and_then(VecDeque::front)
            && lock.owner != LockOwner::Operation(first.clone())
        {
            let first = first.clone();
            table.line_up(lock);
            return Taken::Behind(first);
        }
        table.leave(&lock.key, &lock.owner);
        table.held.insert(lock.key.clone(), lock.clone());
        Taken::Yes
    }

    /// Gives back what this owner holds, and leaves the queue.
    pub(crate) fn release(&self, key: &str, owner: &LockOwner) {
        let mut table = self.table();
        table.leave(key, owner);
        if table.held.get(key).is_some_and(|held| held.owner == *owner) {
            table.held.remove(key);
        }
        drop(table);
        self.changed.notify_waiters();
    }

    /// Replaces what is held by the same in a longer form.
    pub(crate) fn prolong(&self, lock: Lock) {
        self.table().held.insert(lock.key.clone(), lock);
    }

    /// The turn for giving back other people's locks: one at a time, from the look to the record.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// The holder of a lock.
    pub(crate) fn holder(&self, key: &str, now: Timestamp) -> Option<Lock> {
        self.table().held.get(key).filter(|held| held.expires_at > now).cloned()
    }

    /// All locks that hold, by key, each with the operations that wait for it.
    pub(crate) fn all(&self, now: Timestamp) -> Vec<(Lock, Vec<OpId>)> {
        let table = self.table();
        let held = table.held.values().filter(|lock| lock.expires_at > now);
        let waiting = |key: &String| table.waiting.get(key).into_iter().flatten().cloned().collect();
        let mut all: Vec<_> = held.map(|lock| (lock.clone(), waiting(&lock.key))).collect();
        all.sort_by(|(one, _), (other, _)| one.key.cmp(&other.key));
        all
    }

    /// Waits until some lock was given back since this was called.
    pub(crate) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }
}

impl Table {
    fn line_up(&mut self, lock: &Lock) {
        let LockOwner::Operation(id) = &lock.owner else { return };
        let queue = self.waiting.entry(lock.key.clone()).or_default();
        if !queue.contains(id) {
            queue.push_back(id.clone());
        }
    }

    fn leave(&mut self, key: &str, owner: &LockOwner) {
        let LockOwner::Operation(id) = owner else { return };
        if let Some(queue) = self.waiting.get_mut(key) {
            queue.retain(|waiting| waiting != id);
            if queue.is_empty() {
                self.waiting.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(owner: LockOwner, until: i64) -> Lock {
        let time = |second| Timestamp::from_second(second).expect("a time");
        Lock { key: "web".into(), owner, reason: String::new(), at: time(0), expires_at: time(until) }
    }

    fn operation(id: &str) -> LockOwner {
        LockOwner::Operation(OpId::parse(id).expect("an id"))
    }

    #[test]
    fn locks_are_taken_in_order_of_arrival_and_end_by_themselves() {
        let table = LockTable::default();
        let now = |second| Timestamp::from_second(second).expect("a time");
        let (one, two, three) = (operation("d-0001"), operation("d-0002"), operation("d-0003"));
        assert_eq!(table.take(&lock(one.clone(), 100), now(0)), Taken::Yes);
        assert!(matches!(table.take(&lock(two.clone(), 100), now(1)), Taken::HeldBy(_)));
        assert!(matches!(table.take(&lock(three.clone(), 100), now(2)), Taken::HeldBy(_)));
        table.release("web", &one);
        assert!(matches!(table.take(&lock(three.clone(), 100), now(3)), Taken::Behind(_)));
        assert_eq!(table.take(&lock(two, 100), now(3)), Taken::Yes);
        assert_eq!(table.take(&lock(three, 300), now(200)), Taken::Yes, "the holder's time is over");
        table.release("web", &operation("d-0003"));
        assert_eq!(table.holder("web", now(200)), None);
    }
}
