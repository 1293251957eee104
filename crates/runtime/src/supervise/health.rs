//! How connectors stand: which, since when, and what went wrong last.
//!
//! Not what keeps them alive, which says so here. Layer 1.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use jiff::Timestamp;
use wilco_contract::connector::{Standing, Standings};

use super::Line;
use crate::telemetry;

/// How a connector stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It is connecting.
    Connecting,
    /// It is connected.
    Connected,
    /// It is tried again after a pause.
    Waiting {
        /// What happened.
        why: String,
    },
    /// It is not tried again: somebody has to do something first.
    Parked {
        /// What happened, and what to do.
        why: String,
    },
}

impl Health {
    /// In a word: `connecting`, `connected`, `waiting`, `parked`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Waiting { .. } => "waiting",
            Self::Parked { .. } => "parked",
        }
    }

    fn why(&self) -> Option<&String> {
        match self {
            Self::Connecting | Self::Connected => None,
            Self::Waiting { why } | Self::Parked { why } => Some(why),
        }
    }
}

/// How all connectors stand. Clones are the same list.
#[derive(Clone, Default)]
pub struct Healths(Arc<Mutex<BTreeMap<String, Row>>>);

struct Row {
    health: Health,
    since: Timestamp,
    /// What went wrong last, and when.
    last: Option<(Timestamp, String)>,
    line: Option<Arc<Line>>,
}

impl Healths {
    /// Says how one stands from now on.
    pub fn set(&self, connector: &str, health: Health, now: Timestamp) {
        let connected = health == Health::Connected;
        let gauge = metrics::gauge!(telemetry::CONNECTED, "connector" => connector.to_owned());
        gauge.set(if connected { 1.0 } else { 0.0 });
        let mut list = self.list();
        let row = list.entry(connector.to_owned()).or_insert_with(|| Row {
            health: health.clone(),
            since: now,
            last: None,
            line: None,
        });
        if let Some(why) = health.why() {
            row.last = Some((now, why.clone()));
        }
        // Trying again and again is one thing that lasts.
        let tries = |health: &Health| matches!(health, Health::Connecting | Health::Waiting { .. });
        if row.health.word() != health.word() && !(tries(&row.health) && tries(&health)) {
            row.since = now;
        }
        row.health = health;
    }

    /// Makes known what tells which places of a connector are left alone.
    pub(super) fn watch(&self, connector: &str, line: &Arc<Line>) {
        if let Some(row) = self.list().get_mut(connector) {
            row.line = Some(line.clone());
        }
    }

    /// How all stand, by name.
    #[must_use]
    pub fn all(&self) -> Vec<(String, Health)> {
        self.list().iter().map(|(name, row)| (name.clone(), row.health.clone())).collect()
    }

    /// How one stands.
    #[must_use]
    pub fn of(&self, connector: &str) -> Option<Health> {
        self.list().get(connector).map(|row| row.health.clone())
    }

    fn list(&self) -> MutexGuard<'_, BTreeMap<String, Row>> {
        // Each change under the lock is one step, so a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Standings for Healths {
    fn standings(&self) -> Vec<Standing> {
        let standing = |(connector, row): (&String, &Row)| {
            let shut = row.line.as_ref().map(|line| line.left_alone()).unwrap_or_default();
            let shut = shut.into_iter().map(|(place, shut)| format!("`{place}` {shut}"));
            let shut = Some(shut.collect::<Vec<_>>().join("; ")).filter(|shut| !shut.is_empty());
            let todo = matches!(row.health, Health::Parked { .. })
                .then(|| format!("Correct it, then order `connectors retry {connector}`."));
            Standing {
                connector: connector.clone(),
                state: row.health.word(),
                since: row.since,
                why: row.health.why().cloned().or(shut),
                last: row.last.clone(),
                todo,
            }
        };
        self.list().iter().map(standing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).expect("a time")
    }

    #[test]
    fn since_when_is_since_it_is_away_however_often_it_was_tried() {
        let healths = Healths::default();
        let since = |healths: &Healths| healths.standings()[0].since.as_second();
        healths.set("far", Health::Connecting, at(1));
        healths.set("far", Health::Connected, at(2));
        assert_eq!(since(&healths), 2);
        for secs in [3, 5, 7] {
            healths.set("far", Health::Waiting { why: format!("away at {secs}") }, at(secs));
            healths.set("far", Health::Connecting, at(secs + 1));
        }
        let standing = healths.standings().remove(0);
        assert_eq!((standing.since, standing.why, standing.todo), (at(3), None, None));
        assert_eq!(standing.last, Some((at(7), "away at 7".to_owned())));
        healths.set("far", Health::Connected, at(9));
        assert_eq!(since(&healths), 9);
        assert!(healths.standings()[0].last.is_some(), "what went wrong last stays to be seen");
        healths.set("far", Health::Parked { why: "no".to_owned() }, at(10));
        let todo = healths.standings().remove(0).todo.unwrap_or_default();
        assert!(todo.contains("connectors retry far"), "{todo}");
    }
}
