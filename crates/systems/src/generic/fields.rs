//! The fields of an event, filled in from a payload.
//!
//! Not a judgement on the payload: a template that cannot be filled in leaves its field out, and the line says so. Layer 2.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use wilco_contract::{
    event::{
        Event, Labels, Level, MAX_FIELD, MAX_ID, MAX_LABELS, MAX_LINE, MAX_WORDS, one_line, some_lines,
        web_address,
    },
    expr::{Names, value_in},
    ids::{Hash, ObjectId, SourceName},
};

use super::settings::Templates;

/// The longest word for a state, in characters.
const MAX_STATE: usize = 60;
/// The states that are an end, where no condition says which are.
const ENDS: [&str; 5] = ["resolved", "closed", "ok", "success", "done"];
/// From here on a number of the time counts milliseconds: as seconds it would be after the year 5000.
const MILLIS: f64 = 1e11;

/// Fills in an event of a payload. `id` is its id where no template gives one.
pub(super) fn event(
    templates: &Templates,
    source: &SourceName,
    payload: &Value,
    id: String,
    received_at: Timestamp,
) -> Event {
    let mut filling = Filling { templates, names: Names::new(&Payload { payload }), missed: Vec::new() };
    let fill = &mut filling;
    let kind = fill.line_of("kind", MAX_FIELD).unwrap_or_else(|| "event".to_owned());
    let given_id = fill.text_of("id").map(|given| if given.len() > MAX_ID { hashed(&given) } else { given });
    let at = fill.text_of("at").and_then(|text| time(&text)).unwrap_or(received_at).min(received_at);
    let state = fill.line_of("state", MAX_STATE);
    let done = fill.done(state.as_deref());
    let level = fill.text_of("level").and_then(|name| Level::parse(name.trim())).unwrap_or(Level::Normal);
    let text = fill.text_of("text").map(|text| some_lines(&text, MAX_WORDS)).filter(|text| !text.is_empty());
    let mut event = Event {
        action: fill.line_of("action", MAX_FIELD),
        done,
        labels: fill.labels(),
        level,
        object: fill.text_of("object").and_then(|thing| object(source, &thing)),
        quote: text.is_some(),
        reference: fill.line_of("reference", MAX_FIELD),
        repo: fill.line_of("repo", MAX_FIELD),
        severity: fill.line_of("severity", MAX_FIELD),
        state,
        text,
        title: fill.line_of("title", MAX_FIELD),
        url: fill.text_of("url").and_then(|url| web_address(url.trim())),
        ..Event::new(source.clone(), given_id.unwrap_or(id), kind, at)
    };
    let line = fill.line_of("line", MAX_LINE).unwrap_or_else(|| plain_line(&event));
    let head = fill.line_of("head", MAX_LINE);
    event.line = told(line, &fill.missed);
    event.head = event.object.is_some().then(|| head.unwrap_or_else(|| event.line.clone()));
    event
}

#[derive(serde::Serialize)]
struct Payload<'a> {
    payload: &'a Value,
}

/// A payload that templates are filled in with, and the fields whose template could not be.
struct Filling<'a> {
    templates: &'a Templates,
    names: Names,
    missed: Vec<&'static str>,
}

impl Filling<'_> {
    fn value_of(&mut self, field: &'static str) -> Option<Value> {
        let template = self.templates.texts.get(field)?;
        let value = value_in(template, &self.names);
        if value.is_err() {
            self.missed.push(field);
        }
        value.ok().filter(|value| !value.is_null())
    }

    /// A field as text; nothing where it is empty.
    fn text_of(&mut self, field: &'static str) -> Option<String> {
        let text = text(self.value_of(field)?);
        (!text.trim().is_empty()).then_some(text)
    }

    fn line_of(&mut self, field: &'static str, max: usize) -> Option<String> {
        let text = one_line(&self.text_of(field)?, max);
        (!text.is_empty()).then_some(text)
    }

    fn done(&mut self, state: Option<&str>) -> bool {
        let Some(condition) = &self.templates.done else {
            return state.is_some_and(|state| ENDS.iter().any(|end| state.eq_ignore_ascii_case(end)));
        };
        condition.holds_in(&self.names).unwrap_or_else(|_| {
            self.missed.push("done");
            false
        })
    }

    /// A list of names, or of tables with a `name`; or a table of names with values.
    fn labels(&mut self) -> Labels {
        match self.value_of("labels") {
            Some(Value::Array(items)) => {
                let name = |item: Value| match item {
                    Value::Object(mut fields) => fields.remove("name").filter(Value::is_string),
                    Value::Null | Value::Array(_) => None,
                    plain => Some(plain),
                };
                let names = items.into_iter().filter_map(name).map(|item| one_line(&text(item), MAX_FIELD));
                Labels::Names(names.filter(|name| !name.is_empty()).take(MAX_LABELS).collect())
            }
            Some(Value::Object(fields)) => {
                let fits = |name: &str| {
                    (1..=MAX_FIELD).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
                };
                let fields = fields.into_iter().filter(|(name, value)| fits(name) && !value.is_null());
                let fields = fields.map(|(name, value)| (name, one_line(&text(value), MAX_FIELD)));
                Labels::Values(fields.take(MAX_LABELS).collect::<BTreeMap<_, _>>())
            }
            _ => Labels::default(),
        }
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn hashed(text: &str) -> String {
    Hash::of(text.as_bytes()).to_string()
}

/// The object of this name; of a name that is too long or odd, its hash.
fn object(source: &SourceName, thing: &str) -> Option<ObjectId> {
    let plain = thing.len() <= MAX_ID && one_line(thing, MAX_ID) == thing;
    let thing = if plain { thing.to_owned() } else { hashed(thing) };
    ObjectId::parse(&format!("{source}:{thing}")).ok()
}

/// A time as text: RFC 3339, or a number of seconds or milliseconds since 1970.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0)?;
    let millis = if number < MILLIS { number * 1_000.0 } else { number };
    // What is no time at all is none: the range of times is within that of the whole numbers.
    if millis > 253_402_300_799_000.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is positive and below the end of the year 9999")]
    Timestamp::from_millisecond(millis as i64).ok()
}

/// What an event is, where no template says it: title and state.
fn plain_line(event: &Event) -> String {
    let what = event.title.clone().or_else(|| event.reference.clone());
    let what = what.unwrap_or_else(|| format!("{} {}", event.source, event.kind));
    let how = event.state.as_deref().or(event.action.as_deref());
    let line = how.map_or_else(|| what.clone(), |how| format!("{what}: {how}"));
    one_line(&line, MAX_LINE)
}

/// A line that says which templates could not be filled in.
fn told(line: String, missed: &[&str]) -> String {
    if missed.is_empty() {
        return line;
    }
    let fields = missed.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
    let templates = if missed.len() == 1 { "the template" } else { "the templates" };
    let note = one_line(&format!("[{templates} of {fields} could not be filled in]"), MAX_LINE / 2);
    let room = MAX_LINE.saturating_sub(note.chars().count() + 1);
    format!("{} {note}", one_line(&line, room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_the_ways_in_which_programs_write_it() {
        let at = Some(Timestamp::from_millisecond(1_700_000_000_500).expect("a time"));
        for text in
            ["2023-11-14T22:13:20.5Z", "2023-11-14T23:13:20.5+01:00", "1700000000.5", " 1700000000500 "]
        {
            assert_eq!(time(text), at, "{text}");
        }
        for wrong in ["", "soon", "-1", "NaN", "inf", "1e300", "0"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }
}
