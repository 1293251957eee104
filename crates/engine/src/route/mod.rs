//! Where events go, and what they set off.
//!
//! Not what comes in: `intake` takes that. Layer 1.

mod judge;
pub(crate) mod keep;
pub(crate) mod order;
pub(crate) mod router;
pub(crate) mod rules;
mod trial;

use wilco_contract::event::{Event, Labels};

pub(crate) use order::put_values;

pub use judge::{Judged, RuleOrder, Target, judge, names, needs_payload};
pub use trial::{MAX_TRIED, Term, Trial, Tried, terms, try_on};

use crate::{board::Moment, core::Core};

/// The moment, with the zone that days begin in.
pub(crate) fn moment(core: &Core) -> Moment {
    Moment { now: core.clock.now(), zone: core.with_policy(|policy| policy.zone.0.clone()) }
}

/// Whether a mute of this, in lower case, speaks of an event.
pub(crate) fn muted(event: &Event, what: &str) -> bool {
    let is = |text: &str| text.to_lowercase() == what;
    let repo = event.repo.as_deref();
    let named = [
        Some(event.source.as_str()),
        Some(event.kind.as_str()),
        repo,
        repo.and_then(|repo| repo.rsplit('/').next()),
        event.object.as_ref().map(|object| object.as_str()),
        event.reference.as_deref(),
        event.title.as_deref(),
    ];
    named.into_iter().flatten().any(is)
        || match &event.labels {
            Labels::Names(names) => names.iter().any(|name| is(name)),
            Labels::Values(values) => values.values().any(|value| is(value)),
        }
}
