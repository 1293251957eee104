//! What people ask and wish about listeners and schedules: `schedules`, `pause schedule`, `resume schedule`,
//! `resume listener`, `resume rule`.
//!
//! Not the waiting: [`crate::schedule`] does it. Layer 1.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use wilco_contract::{
    action::{ActionError, Intent, Outcome},
    reply::Reply,
    schedule::{Schedule, ScheduleEvent},
};

use super::{Nothing, Told, listed, unavailable};
use crate::{
    core::{Core, Live},
    schedule, words,
};

/// The arguments of what speaks of one by its name.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct NameArgs {
    /// Its name, as in `webapp.nightly`; `nightly` where only one is called so.
    name: String,
}

pub(crate) async fn schedules(core: &Arc<Core>, _: &Intent, _: Nothing) -> Told {
    let live = core.live.load_full();
    if live.setup.schedules.is_empty() {
        return listed(
            &[],
            Vec::new(),
            Reply::text("There are no schedules. A pack declares them with `[[schedule]]`."),
        );
    }
    let rows = live.setup.schedules.iter().map(|one| row(core, &live, one)).collect();
    Ok(Outcome { rows: Some(rows), ..Outcome::default() })
}

fn row(core: &Core, live: &Live, schedule: &Schedule) -> Value {
    let state = core.schedules.state(&schedule.name);
    let (zone, now) = (schedule::zone(live, schedule), core.clock.now());
    // In its own zone, as that is the one that its times are written in.
    let said = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string();
    let paused = state.as_ref().and_then(|state| state.paused.clone());
    let next = match &paused {
        Some((by, at)) => format!("paused by {by} since {}", words::time(core, *at)),
        None => schedule.when.next(now, &zone).map(said).unwrap_or_default(),
    };
    json!({
        "schedule": schedule.name,
        "when": schedule.when.to_string(),
        "runs": schedule.run,
        "in": schedule::place(live, schedule),
        "next": next,
        "last": state.and_then(|state| state.fired).map(said).unwrap_or_default(),
    })
}

/// The schedule that somebody means.
fn named(live: &Live, name: &str) -> Result<Schedule, ActionError> {
    let name = name.trim().trim_start_matches("schedule:");
    let all = &live.setup.schedules;
    let own = |schedule: &&Schedule| schedule.name.split_once('.').is_some_and(|(_, own)| own == name);
    if let Some(found) = all.iter().find(|schedule| schedule.name == name) {
        return Ok(found.clone());
    }
    match all.iter().filter(own).collect::<Vec<_>>().as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(ActionError::failed(format!(
            "there is no schedule `{name}`; say `schedules` for those that are"
        ))),
        several => {
            let names: Vec<_> = several.iter().map(|schedule| format!("`{}`", schedule.name)).collect();
            Err(ActionError::failed(format!("several are called so: say {}", names.join(" or "))))
        }
    }
}

pub(crate) async fn pause_schedule(core: &Arc<Core>, intent: &Intent, args: NameArgs) -> Told {
    let name = named(&core.live.load(), &args.name)?.name;
    if core.schedules.state(&name).is_some_and(|state| state.paused.is_some()) {
        return done(format!("`{name}` was paused already"));
    }
    let by = intent.asker.key();
    let event = ScheduleEvent::Paused { name: name.clone(), by, at: core.clock.now() };
    schedule::set(core, event).await.map_err(|error| unavailable(&error))?;
    done(format!("`{name}` is paused until somebody says `resume schedule {name}`"))
}

pub(crate) async fn resume_schedule(core: &Arc<Core>, intent: &Intent, args: NameArgs) -> Told {
    let live = core.live.load_full();
    let found = named(&live, &args.name)?;
    let (name, now) = (found.name.clone(), core.clock.now());
    let was_stopped = core.breaker.resume(&format!("schedule:{name}"), now);
    if core.schedules.state(&name).is_some_and(|state| state.paused.is_some()) {
        let event = ScheduleEvent::Resumed { name: name.clone(), by: intent.asker.key(), at: now };
        schedule::set(core, event).await.map_err(|error| unavailable(&error))?;
    } else if !was_stopped {
        return done(format!("`{name}` was not paused"));
    }
    let next = found.when.next(now, &schedule::zone(&live, &found));
    let next = next.map(|next| format!(", next at {}", words::time(core, next))).unwrap_or_default();
    done(format!("`{name}` goes on{next}"))
}

pub(crate) async fn resume_listener(core: &Arc<Core>, _: &Intent, args: NameArgs) -> Told {
    resume(core, &format!("listener:{}", args.name.trim()))
}

pub(crate) async fn resume_rule(core: &Arc<Core>, _: &Intent, args: NameArgs) -> Told {
    resume(core, &format!("rule:{}", args.name.trim()))
}

fn resume(core: &Core, program: &str) -> Told {
    if core.breaker.resume(program, core.clock.now()) {
        return done(format!("`{program}` goes on"));
    }
    done(format!("`{program}` was not stopped"))
}

fn done(summary: String) -> Told {
    Ok(Outcome { summary: Some(summary), ..Outcome::default() })
}
