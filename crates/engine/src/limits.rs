//! How many orders a person may give in a span of time.
//!
//! Not the lanes: those bound what waits. It counts in memory: a restart begins anew. Layer 1.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// Whether an order is within the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rated {
    /// It is.
    Within,
    /// It is the first one beyond: the person is told, with the seconds until the next is taken.
    BeyondTell(u64),
    /// It is another one beyond; the person was told.
    Beyond(u64),
}

/// One person's span: when it began, how long it is, how many orders fell into it.
struct Span {
    since: Timestamp,
    secs: u64,
    orders: u32,
}

#[derive(Default)]
pub(crate) struct Rates(Mutex<HashMap<String, Span>>);

/// From this many remembered persons on, the past spans are swept out.
const SWEEP: usize = 4_096;

impl Rates {
    /// Counts an order. `limit` is (orders, seconds); `None` counts nothing.
    pub(crate) fn count(&self, who: &str, limit: Option<(u32, u64)>, now: Timestamp) -> Rated {
        let Some((most, secs)) = limit else { return Rated::Within };
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |span: &Span| now.duration_since(span.since).as_secs().unsigned_abs();
        if spans.len() > SWEEP {
            spans.retain(|_, span| age(span) < span.secs);
        }
        let span = spans.entry(who.to_owned()).or_insert(Span { since: now, secs, orders: 0 });
        if age(span) >= secs {
            *span = Span { since: now, secs, orders: 0 };
        }
        span.orders = span.orders.saturating_add(1);
        let left = secs.saturating_sub(age(span)).max(1);
        if span.orders <= most {
            Rated::Within
        } else if span.orders == most.saturating_add(1) {
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
        let count = |second| rates.count("@ana", Some((2, 60)), at(second));
        assert_eq!([count(0), count(1)], [Rated::Within; 2]);
        assert_eq!(count(10), Rated::BeyondTell(50));
        assert_eq!(count(11), Rated::Beyond(49));
        assert_eq!(count(60), Rated::Within);
        assert_eq!(rates.count("@bo", Some((2, 60)), at(11)), Rated::Within);
        assert_eq!(rates.count("@ana", None, at(11)), Rated::Within);
    }
}
