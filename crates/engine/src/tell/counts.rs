//! How much there was of something, hour by hour or day by day: `events per hour`, `operations per day`.
//!
//! Not metrics, which `/metrics` has: what stands in the store is counted anew each time, as far back as is bearable,
//! and what was not counted is a gap. Layer 1.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use wilco_contract::{
    action::{ActionError, Intent, Outcome},
    chart::{Along, Chart, ChartKind, Series, Sketch},
    event::EventFilter,
    ids::{Seq, SourceName},
    operation::State,
    reply::{Block, Reply},
};

use super::{Told, reply, unavailable};
use crate::core::Core;

/// The spans that are counted by.
pub(crate) const SPANS: [&str; 2] = ["hour", "day"];
/// How many hours are shown.
const HOURS: i32 = 24;
/// How many days are shown.
const DAYS: i32 = 30;
/// The most events that are counted.
const MOST_EVENTS: usize = 10_000;
/// How many of them are read at once.
const PAGE: usize = 500;
/// The most operations that are counted; each is read whole.
const MOST_OPERATIONS: usize = 1_000;

/// The arguments of `events per`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct EventArgs {
    /// By what they are counted: `hour` or `day`.
    span: String,
    /// The source that they are from; not said: any.
    source: Option<String>,
}

/// The arguments of `operations per`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct OperationArgs {
    /// By what they are counted: `hour` or `day`.
    span: String,
}

pub(crate) async fn events(core: &Arc<Core>, _: &Intent, args: EventArgs) -> Told {
    let source = args.source.as_deref().map(SourceName::parse).transpose();
    let source = source.map_err(|error| ActionError::failed(error.to_string()))?;
    let filter = EventFilter { object: None, source };
    let mut counts = Counts::new(core, &args.span, 1)?;
    let (mut before, mut looked) = (Seq(0), 0);
    'all: while looked < MOST_EVENTS {
        let page =
            core.store.latest_events(&filter, before, PAGE).await.map_err(|error| unavailable(&error))?;
        let Some(last) = page.last() else { break };
        (before, looked) = (last.seq, looked + page.len());
        for stored in &page {
            if !counts.add(stored.received_at, &[0]) {
                break 'all;
            }
        }
        if looked >= MOST_EVENTS {
            counts.known_since(last.received_at);
        }
    }
    let what = args.source.map_or_else(|| "events".to_owned(), |source| format!("events from {source}"));
    counts.told(&what, &["events"], &args.span)
}

pub(crate) async fn operations(core: &Arc<Core>, _: &Intent, args: OperationArgs) -> Told {
    let newest = core.store.latest_operations(MOST_OPERATIONS).await.map_err(|error| unavailable(&error))?;
    let mut counts = Counts::new(core, &args.span, 2)?;
    let whole = newest.iter().all(|op| {
        let series: &[usize] = if op.state == State::Failed { &[0, 1] } else { &[0] };
        counts.add(op.created_at, series)
    });
    if let Some(last) = newest.last().filter(|_| whole && newest.len() == MOST_OPERATIONS) {
        counts.known_since(last.created_at);
    }
    counts.told("operations", &["operations", "failed"], &args.span)
}

/// How many there are of each kind, in each span up to now.
struct Counts {
    /// When each span began, the oldest first; never empty.
    starts: Vec<Zoned>,
    /// By kind, then by span; none where not all was counted.
    series: Vec<Vec<Option<u32>>>,
}

impl Counts {
    fn new(core: &Core, span: &str, kinds: usize) -> Result<Self, ActionError> {
        let zone = core.with_policy(|policy| policy.zone.0.clone());
        let starts = starts(&core.clock.now().to_zoned(zone), span)
            .ok_or_else(|| ActionError::failed(format!("`{span}` is no span; there are `hour` and `day`")))?;
        let series = vec![vec![Some(0); starts.len()]; kinds];
        Ok(Self { starts, series })
    }

    /// Which span a time is in; none before the first.
    fn at(&self, at: Timestamp) -> Option<usize> {
        self.starts.partition_point(|start| start.timestamp() <= at).checked_sub(1)
    }

    /// Counts something for these kinds; false where it was before all spans.
    fn add(&mut self, at: Timestamp, kinds: &[usize]) -> bool {
        let Some(span) = self.at(at) else { return false };
        for kind in kinds {
            if let Some(count) = self.series[*kind][span].as_mut() {
                *count += 1;
            }
        }
        true
    }

    /// That nothing was counted before this time: its span and those before it are gaps.
    fn known_since(&mut self, at: Timestamp) {
        let Some(span) = self.at(at) else { return };
        for counts in &mut self.series {
            counts[..=span].fill(None);
        }
    }

    fn told(self, what: &str, names: &[&str], span: &str) -> Told {
        let rows: Vec<Value> = self
            .starts
            .iter()
            .enumerate()
            .map(|(at, start)| {
                let mut row = json!({"at": start.timestamp().to_string()});
                for (name, counts) in names.iter().zip(&self.series) {
                    row[*name] = json!(counts[at]);
                }
                row
            })
            .collect();
        if self.series.iter().flatten().all(|count| *count == Some(0)) {
            let none = reply(Reply::text(format!(
                "There were no {what} in the last {} {span}s.",
                self.starts.len()
            )))?;
            return Ok(Outcome { rows: Some(rows), ..none });
        }
        let zone = self.starts.last().map_or(jiff::tz::TimeZone::UTC, |start| start.time_zone().clone());
        let series = names.iter().zip(self.series).map(|(name, counts)| Series {
            name: (*name).to_owned(),
            values: counts.into_iter().map(|count| count.map(f64::from)).collect(),
        });
        let sketch = Sketch {
            kind: ChartKind::Bars,
            title: format!("{what} per {span}, the last not over"),
            unit: String::new(),
            along: Along::Times(self.starts.iter().map(Zoned::timestamp).collect(), zone),
            series: series.collect(),
        };
        let chart = Chart::draw(sketch).map_err(|misfit| ActionError::failed(misfit.to_string()))?;
        Ok(Outcome { rows: Some(rows), ..reply(Reply { blocks: vec![Block::Chart(Box::new(chart))] })? })
    }
}

/// When the spans up to now began, on the clocks of its zone; none where there is no such span.
fn starts(now: &Zoned, span: &str) -> Option<Vec<Zoned>> {
    match span {
        "hour" => {
            let begun = SignedDuration::new(
                i64::from(now.minute()) * 60 + i64::from(now.second()),
                now.subsec_nanosecond(),
            );
            let hour = now.timestamp().checked_sub(begun).ok()?;
            let ago = |hours: i32| hour.checked_sub(SignedDuration::from_hours(i64::from(hours))).ok();
            let zone = now.time_zone();
            (0..HOURS).rev().map(|hours| Some(ago(hours)?.to_zoned(zone.clone()))).collect()
        }
        "day" => {
            let ago =
                |days: i32| now.date().checked_sub(days.days()).ok()?.to_zoned(now.time_zone().clone()).ok();
            (0..DAYS).rev().map(ago).collect()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(now: &str, span: &str) -> Vec<String> {
        let now: Zoned = now.parse().expect("a time");
        starts(&now, span)
            .expect("spans")
            .iter()
            .map(|start| start.strftime("%Y-%m-%d %H:%M %Z").to_string())
            .collect()
    }

    #[test]
    fn spans_begin_on_the_clocks_of_their_zone() {
        let hours = begun("2026-03-29T03:20:10+02:00[Europe/Berlin]", "hour");
        assert_eq!(hours.len(), 24);
        assert_eq!(hours[22..], ["2026-03-29 01:00 CET", "2026-03-29 03:00 CEST"]);
        let days = begun("2026-03-29T03:20:10+02:00[Europe/Berlin]", "day");
        assert_eq!(
            (days.len(), days[0].as_str(), days[29].as_str()),
            (30, "2026-02-28 00:00 CET", "2026-03-29 00:00 CET")
        );
        assert_eq!(begun("2026-01-05T14:40:00+05:45[Asia/Kathmandu]", "hour")[23], "2026-01-05 14:00 +0545");
    }

    #[test]
    fn what_was_not_counted_is_a_gap() {
        let now: Zoned = "2026-01-05T14:40:00[UTC]".parse().expect("a time");
        let starts = starts(&now, "hour").expect("hours");
        let at = |hours: i64| now.timestamp().checked_sub(SignedDuration::from_hours(hours)).expect("a time");
        let mut counts = Counts { series: vec![vec![Some(0); starts.len()]], starts };
        assert!(counts.add(at(0), &[0]) && counts.add(at(0), &[0]) && counts.add(at(2), &[0]));
        assert!(!counts.add(at(24), &[0]), "before all spans");
        counts.known_since(at(2));
        let told = counts.told("events", &["events"], "hour").expect("a chart");
        let text = told.text.unwrap_or_default().replace('\n', " ");
        assert!(text.contains("last 2, min 0 at 5 Jan 13:00, max 2 at 5 Jan 14:00, 22 gaps"), "{text}");
        let rows = told.rows.expect("rows");
        assert_eq!(
            (&rows[21]["events"], &rows[22]["events"], &rows[23]["events"]),
            (&Value::Null, &json!(0), &json!(2))
        );
    }
}
