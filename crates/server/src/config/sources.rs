//! The sources of `wilco.toml`: who may send events, and what proves them.
//!
//! Not the routes: those say where events go. What a kind of source makes of its settings is checked by the source.
//! Layer 4.

use std::path::Path;

use wilco_contract::{
    ids::{Place, SourceName},
    route::{DEFAULT_KEEP_SECS, SourceRule},
    source::Secret,
};
use wilco_packs::{
    Problem,
    sheet::{Keys, Table, Value},
};
use wilco_systems::{SourceParts, generic};
use wilco_web::Room;

use super::{Environment, connectors::room_problem, proofs, secrets::read_secret};

pub(super) const COMMON: Keys = Keys::of(&["kind", "secret", "unsigned", "to", "keep"]);
pub(super) const GENERIC: Keys = Keys::of(&["kind", "secret", "unsigned", "to", "keep", "proof", "event"]);

/// A source of `wilco.toml`.
#[derive(Debug, Clone)]
pub struct SourceSetup {
    /// What kind it is of.
    pub kind: &'static str,
    /// What it is made of.
    pub parts: SourceParts,
    /// What is said of its events.
    pub rule: SourceRule,
}

/// Where secrets are looked for, which rooms there are, and which source is read.
struct Around<'a> {
    environment: &'a Environment,
    /// The folder of `wilco.toml`.
    base: &'a Path,
    rooms: &'a [Room],
    name: &'a str,
}

impl Around<'_> {
    /// A secret as it may be written.
    fn example(&self) -> String {
        format!("{{ env = \"{}_SECRET\" }}", self.name.to_uppercase().replace('-', "_"))
    }
}

/// All `[source.x]`.
pub(super) fn sources(
    root: &Table<'_>,
    environment: &Environment,
    base: &Path,
    rooms: &[Room],
) -> Vec<SourceSetup> {
    let tables = root.get("source").and_then(|value| value.open_table("`[source]`"));
    let entries = tables.iter().flat_map(Table::entries);
    entries
        .filter_map(|entry| source(&entry, &Around { environment, base, rooms, name: entry.name() }))
        .collect()
}

fn source(entry: &Value<'_>, around: &Around<'_>) -> Option<SourceSetup> {
    let Ok(name) = SourceName::parse(entry.name()) else {
        let what = format!("`{}` cannot be the name of a source", entry.name());
        let remedy = "Use lower-case letters, digits, - and _; what kind it is goes into `kind`.";
        entry.add(Problem::at(&entry.origin(), what, remedy));
        return None;
    };
    let what = format!("`[source.{name}]`");
    let open = entry.open_table(&what)?;
    let kind = kind(entry, &open)?;
    let table = entry.table(&what, if kind == "generic" { GENERIC } else { COMMON })?;
    // All of it is looked at before any of it is given up, so that all problems are told.
    let secrets = proven(entry, &table, around);
    let proof = proofs::proof(&table);
    let rule = SourceRule {
        source: name.clone(),
        to: table.get("to").map(|value| places(&value, around.rooms)).unwrap_or_default(),
        keep_secs: table.get("keep").and_then(|value| value.seconds("\"14d\"")).unwrap_or(DEFAULT_KEEP_SECS),
        origin: entry.origin(),
    };
    let whole = secrets.is_some() && proof.is_some();
    let generic = generic::Settings { proof: proof.unwrap_or_default(), event: event(&table) };
    let parts = SourceParts { name, secrets: secrets.unwrap_or_default(), generic };
    if let Err(problems) = wilco_systems::source(kind, parts.clone()) {
        for (field, what) in problems {
            tell(entry, &field, what);
        }
        return None;
    }
    if whole && kind == "generic" && table.get("event").is_none_or(|event| event.is_table()) {
        without_id(entry, &parts.generic);
    }
    whole.then_some(SourceSetup { kind, parts, rule })
}

/// Tells what tells a repeat where no template does.
fn without_id(entry: &Value<'_>, settings: &generic::Settings) {
    let what = match &settings.proof {
        _ if settings.event.contains_key("id") => return,
        // The header `webhook-id` does.
        generic::Proof::StandardWebhooks => return,
        generic::Proof::Hmac(hmac) if hmac.timestamp.is_some() => {
            "so an event that its sender signs anew, to try again, is told twice"
        }
        _ => "so a body that is the same to the byte counts as a repeat for ever, and is told once",
    };
    let what = format!("`[source.{}]` names no `id` of an event, {what}", entry.name());
    let remedy = "Add to its `event` what is the same when an event comes again, and no other has: \
                  `id = \"{{ payload.id }}\"`.";
    entry.add(Problem::at(&entry.origin(), what, remedy).warning());
}

/// The kind: what is written, or the source's name.
fn kind(entry: &Value<'_>, table: &Table<'_>) -> Option<&'static str> {
    let kinds = || wilco_systems::source_kinds();
    let written = match table.get("kind") {
        Some(value) => Some(value.words("\"generic\"")?),
        None => None,
    };
    let given = written.as_ref().map_or(entry.name(), |text| text.text);
    if let Some(kind) = kinds().find(|kind| *kind == given) {
        return Some(kind);
    }
    let listed = kinds().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
    let what = format!("there is no kind of source `{given}`");
    let origin = written.as_ref().map_or_else(|| entry.origin(), |text| text.origin());
    let remedy = if written.is_some() {
        format!("There are {listed}; `generic` takes JSON and forms of any sender.")
    } else {
        format!("Add `kind`: there are {listed}; `generic` takes JSON and forms of any sender.")
    };
    entry.add(Problem::at(&origin, what, remedy).near(given, kinds()));
    None
}

/// The secrets of a source that demands one; none of one that is said to take anything.
fn proven(entry: &Value<'_>, table: &Table<'_>, around: &Around<'_>) -> Option<Vec<Secret>> {
    let unsigned = match table.get("unsigned") {
        Some(value) => value.flag()?,
        None => false,
    };
    let example = around.example();
    match (table.get("secret"), unsigned) {
        (Some(value), false) => secrets(&value, around),
        (None, true) => {
            let what = format!(
                "`[source.{}]` takes events from anybody who reaches it, so they trigger no write",
                entry.name()
            );
            let remedy = format!(
                "To have senders prove themselves, write `secret = {example}` in place of `unsigned`."
            );
            entry.add(Problem::at(&entry.origin(), what, remedy).warning());
            Some(Vec::new())
        }
        (Some(value), true) => {
            let what = format!("`[source.{}]` has a secret, and is `unsigned`", entry.name());
            let remedy = "Remove one of them: with `unsigned = true` the secret is never looked at.";
            value.add(Problem::at(&value.origin(), what, remedy));
            None
        }
        (None, false) => {
            // A slip of a key was told already, and may be the secret.
            if !table.has_slips() {
                let what = format!("`[source.{}]` does not say what proves a sender", entry.name());
                let remedy = format!(
                    "Write `secret = {example}`, or `unsigned = true` to take events from anybody; they then trigger \
                     no write."
                );
                entry.add(Problem::at(&entry.origin(), what, remedy));
            }
            None
        }
    }
}

fn secrets(value: &Value<'_>, around: &Around<'_>) -> Option<Vec<Secret>> {
    if value.is_text() || value.is_table() {
        return Some(vec![secret(value, around)?]);
    }
    let items = value.list(&format!("[{}]", around.example()))?;
    if items.is_empty() {
        value.wrong(
            "`secret` is empty, so nothing could prove a sender",
            format!("Write `secret = {}`.", around.example()),
        );
        return None;
    }
    // All of them are looked at, so that all problems are told.
    let found: Vec<_> = items.iter().map(|item| secret(item, around)).collect();
    found.into_iter().collect()
}

fn secret(value: &Value<'_>, around: &Around<'_>) -> Option<Secret> {
    read_secret(value, &around.example(), around.environment, around.base)
}

/// The places that events go to where no route fits.
fn places(value: &Value<'_>, rooms: &[Room]) -> Vec<Place> {
    let mut places = Vec::new();
    for text in value.texts("[\"web:ops\"]").unwrap_or_default() {
        match Place::parse(text.text) {
            Ok(place) if place.direct().is_some() => {
                let what = format!("`{place}` is a direct conversation, and events are for rooms");
                text.wrong(what, "Name a room, such as `web:ops`.");
            }
            Ok(place) => match room_problem(&place, rooms, &text.origin()) {
                Some(problem) => text.add(problem),
                None if places.contains(&place) => {}
                None => places.push(place),
            },
            Err(error) => {
                text.wrong(error.to_string(), "Write the connector, a colon and the room: `web:ops`.");
            }
        }
    }
    places
}

/// The templates of a generic source's events; whether they can be read is asked of the source.
fn event(table: &Table<'_>) -> std::collections::BTreeMap<String, String> {
    let fields = table.get("event").and_then(|value| value.table("`event`", Keys::of(generic::FIELDS)));
    let fields =
        fields.iter().flat_map(Table::entries).filter(|entry| generic::FIELDS.contains(&entry.name()));
    fields
        .filter_map(|entry| {
            let text = entry.words("\"{{ payload.title }}\"")?;
            Some((entry.name().to_owned(), text.text.to_owned()))
        })
        .collect()
}

/// Tells of a problem that the source found, at the setting.
fn tell(entry: &Value<'_>, field: &str, what: String) {
    let path: &[&str] = if generic::FIELDS.contains(&field) { &["event", field] } else { &[field] };
    let remedy = "Correct it; templates and conditions are over `payload`, which is what the sender sent.";
    let remedy = if path.len() > 1 { remedy } else { "Correct it." };
    let value = entry.below(path);
    value.add(Problem::at(&value.value_origin(), what, remedy));
}
