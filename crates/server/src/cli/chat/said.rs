//! Messages as a terminal shows them: a line with time and speaker, what follows set in, changes in one line.
//!
//! Not the renderer of replies: a message brings its text. All of it is from outside: it is cleaned, and a text of
//! several lines cannot look like several messages. Layer 4.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use serde_json::Value;
use wilco_contract::{input::MAX_TEXT, operation::State, recent::Recent};

use crate::cli::terminal;

/// How many messages are remembered, to tell changes and to say what an answer answers.
const REMEMBERED: usize = 2_000;
/// What stands before the further lines of a message.
const SET_IN: &str = "    ";
/// The longest name of a speaker that is shown, in characters.
const MAX_NAME: usize = 60;
/// The longest id of a message and of a speaker that is taken, in bytes, far above those of any server.
const MAX_ID: usize = 1_000;
/// The fewest columns that lines are fitted to.
const MIN_COLUMNS: usize = 20;

/// A message, as the API gives it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Said {
    pub(super) id: String,
    at: Timestamp,
    pub(super) thread: Option<String>,
    pub(super) from: Speaker,
    pub(super) text: String,
    version: u64,
    /// What its status block says; no block of a later server makes a message unreadable.
    #[serde(skip)]
    pub(super) state: Option<State>,
}

/// Who said it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Speaker {
    pub(super) kind: String,
    pub(super) id: String,
    name: String,
}

impl Said {
    /// Reads a message; `None` where it is none.
    pub(super) fn read(mut value: Value) -> Option<Self> {
        wilco_web::clean_value(&mut value);
        let state = value["blocks"].as_array().into_iter().flatten().find_map(|block| {
            if block["type"] == "status" { block["state"].as_str().and_then(State::parse) } else { None }
        });
        let mut said: Self = serde_json::from_value(value).ok()?;
        let thread = said.thread.as_deref().unwrap_or_default();
        let ids = [said.id.as_str(), thread, &said.from.kind, &said.from.id, &said.from.name];
        if ids.iter().any(|id| id.len() > MAX_ID) {
            return None;
        }
        if said.text.len() > MAX_TEXT {
            said.text.truncate(said.text.floor_char_boundary(MAX_TEXT));
            said.text.push('…');
            said.text.shrink_to_fit();
        }
        said.state = state;
        Some(said)
    }

    fn speaker(&self) -> String {
        let one_line = |text: &str| {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            words.chars().take(MAX_NAME).collect::<String>()
        };
        match self.from.kind.as_str() {
            "person" => format!("@{}", one_line(&self.from.id)),
            "program" => format!("{} (program)", one_line(&self.from.name)),
            _ => one_line(&self.from.name),
        }
    }
}

/// Colours, where there are any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colours(pub(super) bool);

impl Colours {
    fn paint(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// What matters less.
    pub(super) fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn state(self, state: State, text: &str) -> String {
        let code = match state {
            State::Succeeded => "32",
            State::Failed | State::NeedsHuman => "31",
            _ if state.awaits() => "33",
            _ => return text.to_owned(),
        };
        self.paint(code, text)
    }
}

/// What was shown so far.
pub(super) struct Shown {
    zone: TimeZone,
    colours: Colours,
    /// By message.
    known: Recent<String, Known>,
    /// The day of the last line.
    day: Option<jiff::civil::Date>,
    /// How wide the terminal is; none where it is none.
    columns: fn() -> Option<usize>,
}

struct Known {
    speaker: String,
    state: Option<State>,
    /// A hash: the texts of so many messages would be much.
    text: u64,
    version: u64,
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Shown {
    /// Nothing yet; times are told in this zone.
    pub(super) fn new(zone: &str, colours: Colours) -> Self {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        Self { zone, colours, known: Recent::new(REMEMBERED), day: None, columns: terminal::columns }
    }

    /// The lines that show a message or a change of one; none where nothing of it needs to be read.
    pub(super) fn tell(&mut self, said: &Said) -> Option<String> {
        let changed = match self.known.get(&said.id) {
            None => {
                let whole = self.whole(said);
                return Some(self.fitted(whole));
            }
            Some(known) if known.version >= said.version => return None,
            Some(known) => self.change(known, said),
        };
        self.remember(said);
        changed.map(|text| self.fitted(text))
    }

    /// Remembers a message that stands on the screen already, as its speaker typed it.
    pub(super) fn remember(&mut self, said: &Said) {
        let known = Known {
            speaker: said.speaker(),
            state: said.state,
            text: hash(&said.text),
            version: said.version,
        };
        self.known.put(said.id.clone(), known);
    }

    /// Forgets all that was shown: the numbers of messages may mean others now.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    fn whole(&mut self, said: &Said) -> String {
        let at = said.at.to_zoned(self.zone.clone());
        let mut out = String::new();
        if self.day.replace(at.date()) != Some(at.date()) {
            out.push_str(&self.colours.faint(&at.strftime("%A, %-d %B %Y").to_string()));
            out.push('\n');
        }
        let speaker = said.speaker();
        let answered = said.thread.as_ref().filter(|thread| **thread != said.id);
        let answered = answered.and_then(|thread| self.known.get(thread)).map(|known| known.speaker.clone());
        let time = at.strftime("%H:%M:%S %Z").to_string();
        out.push_str(&format!("{} {}", self.colours.faint(&time), self.colours.strong(&speaker)));
        if let Some(answered) = answered {
            out.push_str(&self.colours.faint(&format!(" → {answered}")));
        }
        out.push_str(": ");
        out.push_str(&self.text(said));
        self.remember(said);
        out
    }

    /// What changed: the state of an operation, or another text of something that has none. Steps on the way are left
    /// out; the page shows them.
    fn change(&self, known: &Known, said: &Said) -> Option<String> {
        let is_news = match said.state {
            Some(state) => known.state != Some(state),
            None => known.text != hash(&said.text),
        };
        if !is_news {
            return None;
        }
        // What somebody has to decide on, or should know the reason of, is told in full.
        let in_full =
            said.state.is_some_and(|state| state.awaits() || (state.is_final() && state != State::Succeeded));
        let text = if in_full { self.text(said) } else { self.first_line(said) };
        Some(format!("{} {text}", self.colours.faint("~")))
    }

    /// The same lines, none wider than the terminal: it would go on at its left edge, where only messages begin.
    fn fitted(&self, text: String) -> String {
        match (self.columns)().filter(|columns| *columns >= MIN_COLUMNS) {
            Some(columns) => text.lines().map(|line| fitted(line, columns)).collect::<Vec<_>>().join("\n"),
            None => text,
        }
    }

    fn first_line(&self, said: &Said) -> String {
        let line = said.text.lines().next().unwrap_or_default();
        said.state.map_or_else(|| line.to_owned(), |state| self.colours.state(state, line))
    }

    fn text(&self, said: &Said) -> String {
        let mut lines = said.text.lines();
        lines.next();
        let rest: String = lines.map(|line| format!("\n{SET_IN}{line}")).collect();
        self.first_line(said) + &rest
    }
}

/// How many columns a sign takes at most. Rather too many than too few: a line that breaks early does no harm.
fn width(sign: char) -> usize {
    match sign {
        '\t' => 8,
        // What charts are drawn with.
        '│' | '▀'..='▟' | '\u{2800}'..='\u{28ff}' => 1,
        '\u{1100}'.. => 2,
        _ => 1,
    }
}

/// A line in parts of at most so many columns, each but the first set in. Colours take none.
fn fitted(line: &str, columns: usize) -> String {
    let (mut out, mut at, mut is_colour) = (String::with_capacity(line.len()), 0, false);
    for sign in line.chars() {
        is_colour |= sign == '\u{1b}';
        if is_colour {
            is_colour = sign != 'm';
        } else {
            // The last column stays free: there terminals differ about where they are.
            if at + width(sign) >= columns {
                out.push('\n');
                out.push_str(SET_IN);
                at = SET_IN.len();
            }
            at += width(sign);
        }
        out.push(sign);
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(id: u64, version: u64, text: &str) -> Value {
        json!({
            "id": id.to_string(), "at": "2026-01-05T13:05:20Z", "place": "web:ops", "thread": null,
            "from": { "kind": "wilco", "id": "wilco", "name": "wilco" }, "text": text, "blocks": [],
            "version": version, "operation": null, "event": null,
        })
    }

    fn status(id: u64, version: u64, state: &str, more: &str) -> Said {
        let mut value = message(id, version, &format!("d-7KXD {state}: ship webapp{more}"));
        value["blocks"] = json!([
            { "type": "later", "what": 1 },
            { "type": "status", "operation": "d-7KXD", "state": state, "title": "ship webapp" },
        ]);
        Said::read(value).expect("a message")
    }

    fn shown() -> Shown {
        Shown { columns: || None, ..Shown::new("Europe/Berlin", Colours(false)) }
    }

    #[test]
    fn a_message_has_its_time_with_zone_and_day_once() {
        let mut shown = shown();
        let mut ping = message(1, 1, "wilco ping");
        ping["from"] = json!({ "kind": "person", "id": "ana", "name": "Ana Lima" });
        let ping = Said::read(ping).expect("a message");
        let told = "Monday, 5 January 2026\n14:05:20 CET @ana: wilco ping";
        assert_eq!(shown.tell(&ping).as_deref(), Some(told));
        let mut pong = message(2, 1, "pong");
        pong["thread"] = json!("1");
        let pong = Said::read(pong).expect("a message");
        assert_eq!(shown.tell(&pong).as_deref(), Some("14:05:20 CET wilco → @ana: pong"));
        assert_eq!(shown.tell(&pong), None, "what comes twice is told once");
    }

    #[test]
    fn changes_of_state_are_told_in_a_line_and_steps_are_not() {
        let mut shown = shown();
        shown.tell(&status(1, 1, "planned", ""));
        let waits = shown.tell(&status(1, 2, "awaiting_approval", "\nwebapp goes from v1 to v2"));
        assert_eq!(
            waits.as_deref(),
            Some("~ d-7KXD awaiting_approval: ship webapp\n    webapp goes from v1 to v2")
        );
        assert_eq!(
            shown.tell(&status(1, 3, "running", "\nstep 1")).as_deref(),
            Some("~ d-7KXD running: ship webapp")
        );
        assert_eq!(shown.tell(&status(1, 4, "running", "\nstep 2")), None);
        assert_eq!(
            shown.tell(&status(1, 6, "succeeded", "")).as_deref(),
            Some("~ d-7KXD succeeded: ship webapp")
        );
        assert_eq!(shown.tell(&status(1, 5, "running", "")), None, "what is older changes nothing");
    }

    #[test]
    fn a_text_from_outside_neither_acts_nor_looks_like_another_message() {
        let mut shown = shown();
        let text = "hello\u{1b}]0;owned\u{7}\u{9b}2J\r\n14:05:21 CET wilco: d-7KXD succeeded\u{202e}";
        let mut value = message(1, 1, text);
        value["from"] = json!({ "kind": "program", "id": "x", "name": "wilco\n\u{1b}[2Jci" });
        let told = shown.tell(&Said::read(value).expect("a message")).expect("lines");
        assert_eq!(
            told,
            "Monday, 5 January 2026\n14:05:20 CET wilco [2Jci (program): hello]0;owned2J\n    \
             14:05:21 CET wilco: d-7KXD succeeded"
        );
        assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
    }

    #[test]
    fn the_gallery_in_a_terminal() {
        let mut shown = Shown { columns: || Some(80), ..shown() };
        let told = wilco_testkit::gallery::gallery().into_iter().zip(1..).map(|((name, reply), id)| {
            let said = Said::read(message(id, 1, &reply.plain())).expect("a message");
            let told = shown.tell(&said).expect("lines");
            assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{name}: {told:?}");
            format!("== {name}\n{told}\n")
        });
        insta::assert_snapshot!(told.collect::<String>());
    }

    #[test]
    fn a_line_that_is_padded_to_the_next_row_looks_like_no_message() {
        let mut shown = Shown { columns: || Some(40), ..shown() };
        let fake = "14:05:21 CET wilco: d-7KXD succeeded";
        for padding in
            [" ".repeat(200), "x".repeat(11), "界".repeat(50), "\t".repeat(3), "\u{2800}".repeat(60)]
        {
            let mut value = message(1, 1, &format!("hi{padding}{fake}\nand {padding}{fake}"));
            value["from"] = json!({ "kind": "person", "id": "eve", "name": "Eve" });
            shown.forget();
            let told = shown.tell(&Said::read(value).expect("a message")).expect("lines");
            let wide = |line: &str| line.chars().map(width).sum::<usize>();
            for (at, line) in told.lines().filter(|line| !line.ends_with("2026")).enumerate() {
                assert!(wide(line) < 40, "{line:?}");
                assert!(at == 0 || line.starts_with(SET_IN), "{line:?}");
            }
        }
        let coloured = Shown { columns: || Some(40), ..Shown::new("UTC", Colours(true)) };
        let painted = coloured.colours.faint(&"x".repeat(39));
        assert_eq!(coloured.fitted(painted.clone()), painted, "colours take no room");
    }

    #[test]
    fn what_a_liar_sends_is_remembered_small() {
        let long = "x".repeat(4 * 1024 * 1024);
        for field in ["id", "thread"] {
            let mut value = message(1, 1, "x");
            value[field] = json!(long);
            assert!(Said::read(value).is_none(), "{field}");
        }
        for field in ["kind", "id", "name"] {
            let mut value = message(1, 1, "x");
            value["from"][field] = json!(long);
            assert!(Said::read(value).is_none(), "{field}");
        }
        let said = Said::read(message(1, 1, &"é".repeat(MAX_TEXT))).expect("a message");
        assert!(said.text.len() <= MAX_TEXT + 3 && said.text.ends_with('…'));
        let mut shown = shown();
        shown.tell(&said);
        let known = shown.known.get("1").expect("it is remembered");
        assert_eq!((known.text, known.speaker.as_str()), (hash(&said.text), "wilco"));
    }

    #[test]
    fn what_is_no_message_is_none_and_what_is_remembered_is_bounded() {
        for bad in [json!(null), json!([]), json!({}), json!({ "id": 1 })] {
            assert!(Said::read(bad).is_none());
        }
        let mut shown = shown();
        for id in 0..10_000 {
            shown.tell(&Said::read(message(id, 1, "x")).expect("a message"));
        }
        assert_eq!(shown.known.count(), REMEMBERED);
        assert!(shown.known.has("9999") && !shown.known.has("1"));
    }

    #[test]
    fn colours_are_there_only_where_they_are_wanted() {
        let mut coloured = Shown { columns: || None, ..Shown::new("UTC", Colours(true)) };
        let told = coloured.tell(&status(1, 1, "failed", "")).expect("lines");
        assert!(told.contains("\u{1b}[31md-7KXD failed: ship webapp\u{1b}[0m"), "{told:?}");
        let told = shown().tell(&status(1, 1, "failed", "")).expect("lines");
        assert!(!told.contains('\u{1b}'), "{told:?}");
    }
}
