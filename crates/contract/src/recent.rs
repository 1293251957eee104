//! The newest of something, by key: of more than so many the oldest is forgotten.
//!
//! Not a store: it is as long as whoever has it, and it reads no clock. Layer 0.

use std::{
    borrow::Borrow,
    collections::{HashMap, VecDeque},
    hash::Hash,
};

/// The newest of something, by key.
#[derive(Debug, Clone)]
pub struct Recent<K, V = ()> {
    most: usize,
    by_key: HashMap<K, V>,
    /// The oldest first.
    order: VecDeque<K>,
}

impl<K: Clone + Eq + Hash, V> Recent<K, V> {
    /// Nothing yet; at most so many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, by_key: HashMap::new(), order: VecDeque::new() }
    }

    /// Remembers something; whether it was not known. What was known takes the new value and becomes no younger.
    pub fn put(&mut self, key: K, value: V) -> bool {
        if self.by_key.insert(key.clone(), value).is_some() {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
        true
    }

    /// What is known of it.
    #[must_use]
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.by_key.get(key)
    }

    /// Whether something is known of it.
    #[must_use]
    pub fn has<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.by_key.contains_key(key)
    }

    /// Of how many something is known.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_key.len()
    }

    /// Forgets all of it.
    pub fn clear(&mut self) {
        self.by_key.clear();
        self.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_and_what_is_said_again_is_no_news() {
        let mut recent = Recent::new(3);
        assert!((0..5).all(|number| recent.put(number, "one")));
        assert!(!recent.put(2, "two") && recent.get(&2) == Some(&"two"));
        assert!(recent.put(5, "one") && !recent.has(&2), "it is no younger than it was");
        assert_eq!((recent.by_key.len(), recent.order.len(), recent.count()), (3, 3, 3));
        recent.clear();
        assert_eq!((recent.count(), recent.order.len()), (0, 0));
        assert!(recent.put(5, "one"));
    }
}
