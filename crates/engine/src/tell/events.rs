//! What people ask and wish about events: `why`, `routes`, `mute`, `unmute`.
//!
//! Not the routing: [`crate::route`] does it, and left behind what `why` shows here. Layer 1.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::{
    action::{ActionError, Intent, Outcome},
    event::{Did, EventFilter, StoredEvent, TracePlace, some_lines},
    ids::{ObjectId, OpId, Seq},
    reply::{Block, Reply},
    route::{Group, Mute, Route},
    store::Record,
};

use super::{Nothing, Told, listed, reply, unavailable};
use crate::{core::Core, planning::later, words};

/// How much of a payload is shown, in characters.
const SHOWN: usize = 3_000;
/// How many of the newest events are looked through for a word that is no number.
const LOOKED_THROUGH: usize = 500;
/// The longest mute, in seconds.
const LONGEST_MUTE_SECS: i64 = 30 * 86_400;

/// The arguments of `why`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct WhyArgs {
    /// An operation's id, an event's number, or what an event is about.
    what: String,
}

pub(crate) async fn why(core: &Arc<Core>, _: &Intent, args: WhyArgs) -> Told {
    if OpId::parse(&args.what).is_ok() {
        return super::why_operation(core, &args.what).await;
    }
    let Some(stored) = find(core, &args.what).await? else {
        let what = format!(
            "`{}` is no operation such as `d-7F3K`, no event's number, and nothing that one of the last \
             {LOOKED_THROUGH} events was about",
            args.what
        );
        return Err(ActionError::failed(what));
    };
    shown(core, &stored).await
}

/// The event of a number, or the newest one about an object or whatever people call it.
async fn find(core: &Core, what: &str) -> Result<Option<StoredEvent>, ActionError> {
    let failed = |error| unavailable(&error);
    if let Ok(number) = what.trim_start_matches(['e', '#']).parse::<u64>() {
        let found = core.store.event(Seq(number)).await.map_err(failed)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    if let Ok(object) = ObjectId::parse(what) {
        let filter = EventFilter { object: Some(object), source: None };
        let found = core.store.latest_events(&filter, Seq(0), 1).await.map_err(failed)?;
        if let Some(stored) = found.into_iter().next() {
            return Ok(Some(stored));
        }
    }
    let all = EventFilter::default();
    let newest = core.store.latest_events(&all, Seq(0), LOOKED_THROUGH).await.map_err(failed)?;
    let called = |stored: &StoredEvent| {
        let event = &stored.event;
        let names = [event.reference.as_deref(), event.title.as_deref(), event.delivery.as_deref()];
        names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(what))
    };
    Ok(newest.into_iter().find(called))
}

async fn shown(core: &Core, stored: &StoredEvent) -> Told {
    let event = &stored.event;
    let trace = core.store.trace(stored.seq).await.map_err(|error| unavailable(&error))?;
    let action = event.action.as_deref().map(|action| format!(" {action}")).unwrap_or_default();
    let line = Block::Event {
        event: stored.seq,
        object: event.object.clone(),
        state: event.state.clone(),
        level: event.level,
        text: if event.line.is_empty() { "No line.".to_owned() } else { event.line.clone() },
        url: event.url.clone(),
    };
    // Words from outside stand in blocks in which nothing is markup.
    let mut lines = vec![
        format!("Event {}: {} {}{action}", stored.seq, event.source, event.kind),
        format!("Level: {}", event.level.as_str()),
        format!("Received: {}", words::time(core, stored.received_at)),
        format!("Signed: {}", if event.signed { "yes" } else { "no: it triggers no write" }),
    ];
    let more =
        [("Object", event.object.as_ref().map(ObjectId::as_str)), ("Delivery", event.delivery.as_deref())];
    for (name, value) in more {
        lines.extend(value.map(|value| format!("{name}: {value}")));
    }
    match &trace {
        None => lines.push("It was not routed yet.".to_owned()),
        Some(trace) => {
            if trace.considered.is_empty() {
                lines.push("No route matched, and its source has no `to`.".to_owned());
            }
            lines.extend(trace.considered.iter().map(|rule| format!("{}: {}", rule.rule, rule.note)));
            lines.extend(trace.places.iter().map(place));
        }
    }
    let mut blocks = vec![line, Block::Code { text: lines.join("\n") }];
    let payload = core.store.payload(stored.seq).await.map_err(|error| unavailable(&error))?;
    match payload.map(|payload| payload.unpack()) {
        None => blocks.push(Block::Text { text: "The payload was forgotten, as it was old.".to_owned() }),
        Some(Err(error)) => blocks.push(Block::Text { text: format!("{error}.") }),
        Some(Ok(body)) => {
            let text = String::from_utf8_lossy(&body);
            blocks.push(Block::Code { text: some_lines(&text, SHOWN) });
        }
    }
    blocks.push(Block::Link { text: "The whole of it".into(), url: format!("/events/{}", stored.seq) });
    reply(Reply { blocks })
}

/// What came of an event in a place, in a line.
fn place(place: &TracePlace) -> String {
    let did = match place.did {
        Did::Posted => "posted",
        Did::Edited => "its line was brought up to date",
        Did::Threaded => "told in its line's thread",
        Did::Grouped => "joined a line of its family",
        Did::Counted => "counted in the digest",
        Did::Folded => "counted in a line for several",
        Did::Kept => "kept, told nowhere",
        Did::Alike => "not told, as the same was told just before",
        Did::Late => "not told, as something newer was known",
        Did::Muted => "not told, as it is muted there",
        Did::Dropped => "dropped",
    };
    let note = place.note.as_deref().map(|note| format!(" ({note})")).unwrap_or_default();
    format!("{} at level {}: {did}{note}", place.place, place.level.as_str())
}

pub(crate) async fn routes(core: &Arc<Core>, intent: &Intent, _: Nothing) -> Told {
    let live = core.live.load_full();
    let setup = &live.setup.events;
    let row = |route: &Route| {
        let to: Vec<_> = route.to.iter().map(ToString::to_string).collect();
        let level = match (route.drop, route.level) {
            (true, _) => "dropped",
            (false, None) => "as it is",
            (false, Some(level)) => level.as_str(),
        };
        let group = match route.group {
            Group::None => "none".to_owned(),
            Group::Within(secs) => format!("{secs}s"),
        };
        let when = route.when.as_ref().map_or("always", |when| when.source());
        vec![when.to_owned(), to.join(" "), level.to_owned(), group, route.origin.to_string()]
    };
    let mut rows: Vec<_> = setup.routes.iter().map(row).collect();
    for rule in setup.sources.iter().filter(|rule| !rule.to.is_empty()) {
        let to: Vec<_> = rule.to.iter().map(ToString::to_string).collect();
        let when = format!("{}, when no route matches", rule.source);
        rows.push(vec![when, to.join(" "), "as it is".into(), "30s".into(), rule.origin.to_string()]);
    }
    for rule in &setup.rules {
        let does = format!("runs `{}` as rule:{}", rule.run, rule.name);
        rows.push(vec![
            rule.when.source().to_owned(),
            does,
            String::new(),
            String::new(),
            rule.origin.to_string(),
        ]);
    }
    let names = ["when", "where", "level", "group", "from"];
    if rows.is_empty() {
        let none = Reply::text(
            "No events come in: there is no `[source.…]` with `to`, and no `[[route]]`, in `wilco.toml` or the packs.",
        );
        return listed(&names, rows, none);
    }
    let columns = names.map(str::to_owned).to_vec();
    let mut answer = Reply { blocks: vec![Block::Table { columns, rows: rows.clone() }] };
    let mutes: Vec<_> =
        core.mutes_at(core.clock.now()).into_iter().filter(|mute| mute.place == intent.place).collect();
    if !mutes.is_empty() {
        let lines: Vec<_> = mutes
            .iter()
            .map(|mute| format!("- `{}` until {}, by {}", mute.what, words::time(core, mute.until), mute.by))
            .collect();
        answer.blocks.push(Block::Text { text: format!("Muted here:\n{}", lines.join("\n")) });
    }
    listed(&names, rows, answer)
}

/// The arguments of `mute`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct MuteArgs {
    /// What not to be told of.
    what: String,
    /// For how long, in seconds.
    span: i64,
}

pub(crate) async fn mute(core: &Arc<Core>, intent: &Intent, args: MuteArgs) -> Told {
    let now = core.clock.now();
    let until = later(now, args.span.clamp(1, LONGEST_MUTE_SECS));
    let mute = Mute {
        place: intent.place.clone(),
        what: args.what.trim().to_lowercase(),
        by: intent.asker.key(),
        at: now,
        until,
    };
    core.commit(vec![Record::Muted(mute.clone())]).await.map_err(|error| unavailable(&error))?;
    let summary = format!("`{}` is muted in {} until {}", mute.what, mute.place, words::time(core, until));
    core.mute(mute);
    Ok(Outcome { summary: Some(summary), ..Outcome::default() })
}

/// The arguments of `unmute`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct UnmuteArgs {
    /// What to be told of again.
    what: String,
}

pub(crate) async fn unmute(core: &Arc<Core>, intent: &Intent, args: UnmuteArgs) -> Told {
    let what = args.what.trim().to_lowercase();
    let place = intent.place.clone();
    if !core.mutes_at(core.clock.now()).iter().any(|mute| mute.place == place && mute.what == what) {
        return Err(ActionError::failed(format!(
            "`{what}` is not muted in {place}; say `routes` for what is"
        )));
    }
    let record = Record::Unmuted { place: place.clone(), what: what.clone(), by: intent.asker.key() };
    core.commit(vec![record]).await.map_err(|error| unavailable(&error))?;
    core.unmute(&place, &what);
    Ok(Outcome { summary: Some(format!("`{what}` is told in {place} again")), ..Outcome::default() })
}
