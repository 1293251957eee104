//! Listeners and schedules as packs write them.
//!
//! Not their meaning: the engine matches lines and waits for times. Whether their places and orders are there is found
//! where all of those are known. Layer 2.

use std::collections::BTreeMap;

use wilco_contract::{
    expr::{Names, order_in, template_names},
    ids::{Account, Origin, Place, RoleName},
    input::{Happens, ReactedTo, WrittenBy},
    listen::{Does, Hear, Listener, On, Whose, say},
    policy::{Glob, Zone},
    schedule::{Cadence, Cron, LONGEST_SECS, Missed, SHORTEST_SECS, Schedule},
    values::read_duration,
};

use crate::{
    problem::Problem,
    sheet::{Keys, Sheet, Table, Text, Value},
    template::FUNCTIONS,
};

/// The keys of a listener.
pub(crate) const LISTENER: Keys = Keys::of(&["id", "hear", "on", "reaction", "say", "run", "rooms"]);
/// The keys of a schedule.
pub(crate) const SCHEDULE: Keys = Keys::of(&["name", "cron", "every", "zone", "missed", "run", "place"]);

/// The longest sign that a reaction may have, in bytes: some are put together of several.
const MAX_SIGN: usize = 64;

/// Reads a listener; `None`, with the problems reported, where it cannot be used.
pub(crate) fn listener(table: &Table<'_>, pack: &str) -> Option<Listener> {
    let on = on(table);
    let does = does(table, on.as_ref());
    let rooms = table.get("rooms").map(|value| rooms(&value));
    let own = match (table.get("id"), &does) {
        (Some(value), _) => slug(&value, "listener"),
        (None, Some(Does::Run(order))) => first_word(table, order, "id"),
        // Nothing grants anything to it, so its name is for people only.
        (None, _) => Some(format!("line-{}", table.origin().line)),
    };
    Some(Listener {
        name: format!("{pack}.{}", own?),
        on: on?,
        does: does?,
        rooms: match rooms {
            None => None,
            Some(rooms) => Some(rooms?),
        },
        origin: table.origin(),
    })
}

/// What sets it off: a line or something else, one of both.
fn on(table: &Table<'_>) -> Option<On> {
    let signs = table.get("reaction").map(|value| (signs(&value), value));
    let read = match (table.get("hear"), table.get("on")) {
        (Some(_), Some(on)) => {
            let what = "a listener hears lines or heeds something else, and this has `hear` and `on`";
            on.wrong(what, "Write two listeners.");
            return None;
        }
        (None, Some(value)) => {
            let text = value.words("\"join\"")?;
            match text.text {
                "join" => On::Join,
                "leave" => On::Leave,
                "topic" => On::Topic,
                "reaction" => {
                    return match signs {
                        None => Some(On::Reaction(Vec::new())),
                        Some((signs, _)) => signs.map(On::Reaction),
                    };
                }
                other => {
                    let remedy =
                        "Write `join`, `leave`, `topic` or `reaction`; for lines write `hear` instead.";
                    let problem = Problem::at(&text.origin(), format!("`on` cannot be `{other}`"), remedy);
                    text.add(problem.near(other, ["join", "leave", "topic", "reaction"]));
                    return None;
                }
            }
        }
        (hearing, None) => {
            let value = match hearing {
                Some(value) => value,
                None => table.need("hear", r#"hear = 'deploy service_(\d+)'` or `on = "join""#)?,
            };
            On::Line(hear(&value)?)
        }
    };
    if let Some((_, value)) = signs {
        value.wrong("only `on = \"reaction\"` has a `reaction`", "Remove it, or write `on = \"reaction\"`.");
        return None;
    }
    Some(read)
}

/// The signs that it heeds: one, or a list of them.
fn signs(value: &Value<'_>) -> Option<Vec<String>> {
    const EXAMPLE: &str = "[\"👍\", \"👀\"]";
    let texts = if value.is_text() { vec![value.words("\"👍\"")?] } else { value.texts(EXAMPLE)? };
    if texts.is_empty() {
        value.wrong("`reaction` is empty, so it heeds nothing", "Name a sign, or remove `reaction`.");
        return None;
    }
    for text in &texts {
        if text.text.trim().is_empty() || text.text.len() > MAX_SIGN {
            let what = format!("`{}` is no sign", text.text);
            text.wrong(what, "Write the sign itself, as `👍`, or the network's word for one that has none.");
            return None;
        }
    }
    Some(texts.iter().map(|text| text.text.trim().to_owned()).collect())
}

fn hear(value: &Value<'_>) -> Option<Hear> {
    let text = value.words(r"'deploy service_(\d+)'")?;
    match Hear::parse(text.text) {
        Ok(hear) => Some(hear),
        Err(error) => {
            let what = format!("this regular expression cannot be used: {error}");
            text.wrong(
                what,
                r"Write one such as 'deploy service_(\d+)', in single quotes, so that `\` stays.",
            );
            None
        }
    }
}

/// What it says or runs: one of both.
fn does(table: &Table<'_>, on: Option<&On>) -> Option<Does> {
    let (says, runs) = (table.get("say"), table.get("run"));
    if let (Some(_), Some(run)) = (&says, &runs) {
        run.wrong("a listener says something or runs something, not both", "Write two listeners.");
        return None;
    }
    if let Some(value) = says {
        let text = value.words("\"deploying {{ m[1] }}\"")?;
        return filled(&text, on, |template, names| say(template, names).map(drop))
            .then(|| Does::Say(text.text.to_owned()));
    }
    let value = table.need("run", "run = \"stage {{ m[1] }}\"")?;
    let text = value.words("\"stage {{ m[1] }}\"")?;
    filled(&text, on, |template, names| order_in(template, names).map(drop))
        .then(|| Does::Run(text.text.to_owned()))
}

/// The names that a template may use here: whether this is one, and which there are, in words.
fn known(on: &On) -> (fn(&str) -> bool, &'static str) {
    match on {
        On::Line(_) => (
            |name| name == "m" || name.starts_with("m."),
            "`m`: `m[0]` is what was matched, `m[1]` its first group; and `who.name`, `who.id`, `who.account`",
        ),
        On::Join | On::Leave => (|_| false, "`who.name`, `who.id` and `who.account`"),
        On::Topic => (|name| name == "topic", "`topic`, `who.name`, `who.id` and `who.account`"),
        On::Reaction(_) => (
            |name| matches!(name, "reaction" | "message.text" | "message.account" | "message.ours"),
            "`reaction`, `message.text`, `message.account`, `message.ours`, `who.name`, `who.id` and `who.account`",
        ),
    }
}

/// Names as they may be, to try a template with.
fn sample(on: &On) -> Option<Names> {
    let account = Account::parse("web:sample").ok()?;
    let who = Whose { id: Some("sample"), name: "sample", account: &account };
    let what = match on {
        On::Line(hear) => return Some(hear.names(&vec![Some("sample"); hear.groups().len()], &who)),
        On::Join => Happens::Joined,
        On::Leave => Happens::Left,
        On::Topic => Happens::Topic { topic: "sample".to_owned() },
        On::Reaction(_) => {
            let (id, text) = ("sample".to_owned(), Some("sample".to_owned()));
            let on = ReactedTo { id, thread: None, by: WrittenBy::Account(account.clone()), text };
            Happens::Reacted { sign: "👍".to_owned(), on }
        }
    };
    Some(what.names(&who))
}

/// Whether a template can be filled in with what sets the listener off; what is wrong is reported.
fn filled(
    text: &Text<'_>,
    on: Option<&On>,
    fill: impl Fn(&str, &Names) -> Result<(), wilco_contract::expr::ExprError>,
) -> bool {
    let names = match template_names(text.text) {
        Ok(names) => names,
        Err(error) => {
            let remedy = "Write `{{ m[1] }}` for the first group, `{% if … %} … {% endif %}` for a choice.";
            text.wrong(format!("this template cannot be read: {error}"), remedy);
            return false;
        }
    };
    // Without it nobody knows which names there are.
    let Some(on) = on else { return true };
    let (is_of_this, there_are) = known(on);
    let is_known = |name: &&String| {
        let name = name.as_str();
        is_of_this(name) || matches!(name, "who.name" | "who.id" | "who.account") || FUNCTIONS.contains(&name)
    };
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        let what = format!("the template names `{name}`, which is not defined");
        text.add(Problem::at(&text.origin_of_word(name), what, format!("Here it may use {there_are}.")));
        return false;
    }
    let Some(names) = sample(on) else { return true };
    if let Err(error) = fill(text.text, &names) {
        let what = format!("this template fails when it is tried: {error}");
        let remedy = match on.hear() {
            Some(hear) => format!(
                "`m[0]` is the whole match, `m[1]` the first group; groups of this pattern: {}.",
                hear.groups().len() - 1
            ),
            None => format!("Here it may use {there_are}."),
        };
        text.wrong(what, remedy);
        return false;
    }
    true
}

fn rooms(value: &Value<'_>) -> Option<Vec<Glob>> {
    let texts = value.texts("[\"web:ops\"]")?;
    if texts.is_empty() {
        value.wrong("`rooms` is empty, so it hears nothing", "Name a room, or remove `rooms`.");
        return None;
    }
    for text in &texts {
        if !text.text.contains([':', '*']) {
            let what = format!("`{}` is no place", text.text);
            text.wrong(
                what,
                "Write the connector, a colon and the room: `web:ops`, or `web:*` for all of them.",
            );
            return None;
        }
    }
    Some(texts.iter().map(|text| Glob(text.text.to_owned())).collect())
}

/// Reads a schedule; `None`, with the problems reported, where it cannot be used.
pub(crate) fn schedule(table: &Table<'_>, pack: &str) -> Option<Schedule> {
    let run = table.need("run", "run = \"status webapp\"").and_then(|value| order(&value));
    let when = cadence(table);
    let zone = table.get("zone").map(|value| zone(&value));
    let missed = table.get("missed").map_or(Some(Missed::default()), |value| missed(&value));
    let place = table.get("place").map(|value| place(&value));
    let own = match (table.get("name"), &run) {
        (Some(value), _) => slug(&value, "schedule"),
        (None, Some(run)) => first_word(table, run, "name"),
        (None, None) => None,
    };
    Some(Schedule {
        name: format!("{pack}.{}", own?),
        when: when?,
        zone: match zone {
            None => None,
            Some(zone) => Some(zone?),
        },
        missed: missed?,
        run: run?,
        place: match place {
            None => None,
            Some(place) => Some(place?),
        },
        origin: table.origin(),
    })
}

/// The order of a schedule: no template, as there is nothing to fill in.
fn order(value: &Value<'_>) -> Option<String> {
    let text = value.words("\"status webapp\"")?;
    if text.text.contains("{{") || text.text.contains("{%") {
        let what = "the order of a schedule is given as it stands, and no template is filled in";
        text.wrong(what, "Write the values themselves.");
        return None;
    }
    Some(text.text.trim().to_owned())
}

fn cadence(table: &Table<'_>) -> Option<Cadence> {
    match (table.get("cron"), table.get("every")) {
        (Some(_), Some(every)) => {
            every.wrong("a schedule has `cron` or `every`, not both", "Remove one of them.");
            None
        }
        (None, Some(every)) => {
            let text = every.words("\"1h\"")?;
            let secs = read_duration(text.text).map(|span| span.as_secs());
            let found = secs.filter(|secs| (SHORTEST_SECS..=LONGEST_SECS).contains(secs));
            if found.is_none() {
                let what = format!("`{}` is no span between a minute and a year", text.text);
                text.wrong(what, "Write `every = \"1h\"`, `\"15m\"`, `\"7d\"`.");
            }
            found.map(Cadence::Every)
        }
        (cron, None) => {
            let value = match cron {
                Some(value) => value,
                None => table.need("cron", "cron = \"0 9 * * 1-5\"")?,
            };
            let text = value.words("\"0 9 * * 1-5\"")?;
            match Cron::parse(text.text) {
                Ok(cron) => Some(Cadence::Cron(cron)),
                Err(error) => {
                    let remedy = "Write minute, hour, day of the month, month, day of the week: `0 9 * * 1-5` is \
                                  nine o'clock from Monday to Friday.";
                    text.wrong(format!("this cron expression cannot be read: {error}"), remedy);
                    None
                }
            }
        }
    }
}

fn zone(value: &Value<'_>) -> Option<Zone> {
    let text = value.words("\"Europe/Berlin\"")?;
    match jiff::tz::TimeZone::get(text.text) {
        Ok(zone) => Some(Zone(zone)),
        Err(_) => {
            text.wrong(
                format!("there is no time zone `{}`", text.text),
                "Write one such as `Europe/Berlin`.",
            );
            None
        }
    }
}

fn missed(value: &Value<'_>) -> Option<Missed> {
    let text = value.words("\"once\"")?;
    match text.text {
        "skip" => Some(Missed::Skip),
        "once" => Some(Missed::Once),
        other => {
            let what = format!("`missed` cannot be `{other}`");
            let remedy =
                "Write `skip` (what was missed is left out) or `once` (the last of it is made up for).";
            text.add(Problem::at(&text.origin(), what, remedy).near(other, ["skip", "once"]));
            None
        }
    }
}

fn place(value: &Value<'_>) -> Option<Place> {
    let text = value.words("\"web:ops\"")?;
    let place = Place::parse(text.text).ok();
    if place.is_none() {
        let what = format!("`{}` is no place", text.text);
        text.wrong(what, "Write the connector, a colon and the room: `web:ops`.");
    }
    place
}

fn slug(value: &Value<'_>, what: &str) -> Option<String> {
    let text = value.words("\"nightly\"")?;
    if RoleName::parse(text.text).is_ok() {
        return Some(text.text.to_owned());
    }
    let problem = format!("`{}` cannot be the name of a {what}", text.text);
    let remedy =
        format!("Use lower-case letters, digits, - and _: grants name it as `{what}:webapp.nightly`.");
    text.wrong(problem, remedy);
    None
}

/// The name of what has none: the first word of its order, which does not move when the file does.
fn first_word(table: &Table<'_>, order: &str, key: &str) -> Option<String> {
    let word = order.split_whitespace().next().unwrap_or_default();
    if RoleName::parse(word).is_ok() {
        return Some(word.to_owned());
    }
    let what = format!("this has no `{key}`, and `{word}` cannot be one");
    table.sheet().add(Problem::at(&table.origin(), what, format!("Add one, such as `{key} = \"nightly\"`.")));
    None
}

/// Reports every listener or schedule whose name an earlier one of its kind has: a grant would speak of both.
pub(crate) fn check_names(sheet: &Sheet, listeners: &[Listener], schedules: &[Schedule]) {
    let listeners = listeners.iter().map(|listener| ("listener", &listener.name, &listener.origin));
    let schedules = schedules.iter().map(|schedule| ("schedule", &schedule.name, &schedule.origin));
    let mut first: BTreeMap<(&str, &str), &Origin> = BTreeMap::new();
    for (kind, name, origin) in listeners.chain(schedules) {
        if let Some(earlier) = first.get(&(kind, name.as_str())) {
            let what = format!("two are called `{kind}:{name}`; the first stands at {earlier}");
            let key = if kind == "listener" { "id" } else { "name" };
            sheet.add(Problem::at(origin, what, format!("Give this one another `{key}`.")));
        } else {
            first.insert((kind, name), origin);
        }
    }
}
