//! What the command line says.
//!
//! Not what is measured: that is in the measures.

use std::collections::HashMap;
use std::time::Instant;

pub(crate) type Outcome<T> = Result<T, String>;
pub(crate) fn context<E: std::fmt::Display>(what: &str) -> impl Fn(E) -> String + '_ {
    move |e| format!("{what}: {e}")
}

pub(crate) struct Options(pub(crate) HashMap<String, String>);
impl Options {
    pub(crate) fn get(&self, k: &str) -> Option<&str> {
        self.0.get(k).map(|s| s.as_str())
    }
    pub(crate) fn text(&self, k: &str, d: &str) -> String {
        self.get(k).unwrap_or(d).to_string()
    }
    pub(crate) fn number(&self, k: &str, d: u64) -> u64 {
        self.get(k).map_or(d, |v| v.parse().unwrap_or_else(|_| panic!("--{k} wants a number")))
    }
    pub(crate) fn float(&self, k: &str, d: f64) -> f64 {
        self.get(k).map_or(d, |v| v.parse().unwrap_or_else(|_| panic!("--{k} wants a number")))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Clock(pub(crate) Instant);
impl Clock {
    pub(crate) fn ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}

pub(crate) fn percentile(v: &[f64], p: f64) -> f64 {
    if v.is_empty() {
        return f64::NAN;
    }
    v[((v.len() as f64 * p).ceil() as usize).clamp(1, v.len()) - 1]
}

/// How times in milliseconds are spread.
pub(crate) fn spread(v: &mut [f64]) -> Row {
    v.sort_by(|a, b| a.total_cmp(b));
    vec![
        ("p50_ms", percentile(v, 0.5)),
        ("p95_ms", percentile(v, 0.95)),
        ("p99_ms", percentile(v, 0.99)),
        ("max_ms", percentile(v, 1.0)),
    ]
}

pub(crate) type Row = Vec<(&'static str, f64)>;
