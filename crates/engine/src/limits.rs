//! How many orders a person may give in a span of time.
//!
//! Not the lanes: those bound what waits. It counts in memory: a restart begins anew. Layer 1.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// Whether an order is within the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rated {
    /// It is.
    Within,
    /// It is the first one beyond in this place: the person is told, with the seconds until the next is taken.
    BeyondTell(u64),
    /// It is another one beyond; the person was told there.
    Beyond(u64),
}

/// One person's span: when it began, how long it is, how many orders fell into it.
struct Span {
    since: Timestamp,
    secs: u64,
    orders: u32,
    /// Where the person was told of it.
    told: HashSet<String>,
}

impl Span {
    fn new(since: Timestamp, secs: u64) -> Self {
        Self { since, secs, orders: 0, told: HashSet::new() }
    }
}

#[derive(Default)]
pub(crate) struct Rates(Mutex<HashMap<String, Span>>);

/// In so many places a person is told; who goes on in others knows it by then.
const MOST_TOLD: usize = 64;
/// From this many remembered persons on, the past spans are swept out.
const SWEEP: usize = 4_096;

impl Rates {
    /// Counts an order that was given at this door. `limit` is (orders, seconds); `None` counts nothing.
    pub(crate) fn count(&self, who: &str, door: &str, limit: Option<(u32, u64)>, now: Timestamp) -> Rated {
        let Some((most, secs)) = limit else { return Rated::Within };
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |span: &Span| now.duration_since(span.since).as_secs().unsigned_abs();
        if spans.len() > SWEEP {
            spans.retain(|_, span| age(span) < span.secs);
        }
        let span = spans.entry(who.to_owned()).or_insert_with(|| Span::new(now, secs));
        if age(span) >= secs {
            *span = Span::new(now, secs);
        }
        span.orders = span.orders.saturating_add(1);
        let left = secs.saturating_sub(age(span)).max(1);
        if span.orders <= most {
            Rated::Within
        } else if span.told.len() < MOST_TOLD && span.told.insert(door.to_owned()) {
            Rated::BeyondTell(left)
        } else {
            Rated::Beyond(left)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_order_beyond_is_told_once_and_a_new_span_begins_anew() {
        let rates = Rates::default();
        let at = |second: i64| Timestamp::from_second(second).expect("a time");
        let count = |second| rates.count("@ana", "web:ops", Some((2, 60)), at(second));
        assert_eq!([count(0), count(1)], [Rated::Within; 2]);
        assert_eq!(count(10), Rated::BeyondTell(50));
        assert_eq!(count(11), Rated::Beyond(49));
        // Who is told in one room reads it nowhere else.
        assert_eq!(rates.count("@ana", "web:deploys", Some((2, 60)), at(12)), Rated::BeyondTell(48));
        assert_eq!(rates.count("@ana", "web:deploys", Some((2, 60)), at(13)), Rated::Beyond(47));
        assert_eq!(count(60), Rated::Within);
        assert_eq!(rates.count("@bo", "web:ops", Some((2, 60)), at(11)), Rated::Within);
        assert_eq!(rates.count("@ana", "web:ops", None, at(11)), Rated::Within);
    }
}
