//! Reading a transcript.
//!
//! A statement begins in the first column; lines that are indented by two spaces or more go on with it. Layer 2.

mod acts;

use serde::Deserialize;
use serde_json::{Map, Value};
use wilco_contract::{
    action::Outcome,
    ids::{Account, ActionName, Origin, PersonId, Place, SourceName},
    plan::StepPlan,
    reply::{Field, PressKind},
    values::{Args, read_seconds},
};

use super::{Ends, Sent, Speaker, Statement, Transcript, What};
use crate::problem::{Problem, nearest};

const FORMS: &str = "A statement is `ana in web:ops: text`, `ana presses confirm`, `ana joins web:ops`, \
                     `ana leaves web:ops`, `ana sets the topic in web:ops: text`, `ana reacts 👍`, `ana edits: text`, `github sends push: {…}`, `wilco: text`, `wilco edits: text`, \
                     `wilco says nothing`, `+5m`, `outside: action {…} => {…}`, `plan: action {…} => {…}`, \
                     `audit: kind who`, or `config: file`.";

/// Reads a transcript; `file` is how problems name it.
///
/// # Errors
/// All that is wrong with it.
pub fn parse(file: &str, text: &str) -> Result<Transcript, Vec<Problem>> {
    let mut transcript = Transcript { file: file.into(), config: None, statements: Vec::new() };
    let mut problems = Vec::new();
    for part in parts(text) {
        match part.and_then(|part| statement(&part)) {
            Ok((line, Read::Config(path))) => {
                let first = transcript.config.is_none() && transcript.statements.is_empty();
                if first {
                    transcript.config = Some(path);
                } else {
                    let wrong = Wrong::at(line, 1, "`config` stands after another statement")
                        .do_("Make it the first one.");
                    problems.push(wrong.in_file(file));
                }
            }
            Ok((line, Read::What(what))) => transcript.statements.push(Statement { line, what: *what }),
            Err(wrong) => problems.push(wrong.in_file(file)),
        }
    }
    if problems.is_empty() { Ok(transcript) } else { Err(problems) }
}

enum Read {
    Config(String),
    What(Box<What>),
}

/// What is wrong, before the file's name is known.
struct Wrong {
    line: u32,
    column: u32,
    what: String,
    remedy: String,
    nearest: Option<String>,
}

impl Wrong {
    fn at(line: u32, column: u32, what: impl Into<String>) -> Self {
        Self { line, column, what: what.into(), remedy: String::new(), nearest: None }
    }

    fn do_(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    fn in_file(self, file: &str) -> Problem {
        let origin = Origin { file: file.into(), line: self.line, column: self.column };
        let mut problem = Problem::at(&origin, self.what, self.remedy);
        problem.nearest = self.nearest;
        problem
    }
}

/// A statement's lines, each without its indentation, with where they begin.
struct Part {
    /// The first line.
    head: String,
    line: u32,
    /// The lines that go on with it: column of the first character, text.
    more: Vec<(u32, String)>,
}

fn parts(text: &str) -> Vec<Result<Part, Wrong>> {
    let mut parts: Vec<Result<Part, Wrong>> = Vec::new();
    for (number, raw) in (1u32..).zip(text.lines()) {
        let line = raw.trim_end();
        let indent = line.len() - line.trim_start_matches(' ').len();
        if indent >= 2 || (line.is_empty() && number > 1) {
            match parts.last_mut() {
                Some(Ok(part)) if part.head.is_empty() && !line.is_empty() => {
                    parts.push(Err(Wrong::at(number, 1, "this line goes on with a comment")
                        .do_("Begin each line of a comment with `#`.")));
                }
                Some(Ok(part)) => part.more.push((number, line.to_owned())),
                Some(Err(_)) => {}
                None if line.is_empty() => {}
                None => parts.push(Err(Wrong::at(number, 1, "this line goes on with nothing")
                    .do_("Begin the first statement in the first column."))),
            }
        } else if indent == 1 || line.starts_with('\t') {
            parts.push(Err(Wrong::at(number, 1, "this line is indented by one space or a tab")
                .do_("Indent by two spaces or more to go on with a statement; begin a new one in the first column.")));
        } else if line.starts_with('#') {
            // A comment ends the statement before it; it has no lines that go on.
            parts.push(Ok(Part { head: String::new(), line: number, more: Vec::new() }));
        } else {
            parts.push(Ok(Part { head: line.to_owned(), line: number, more: Vec::new() }));
        }
    }
    parts.retain(|part| !matches!(part, Ok(part) if part.head.is_empty()));
    parts
}

/// A text that may go over several lines, with where each begins.
struct Body {
    text: String,
    /// Line and column, from 1, of the first character of each line of the text.
    starts: Vec<(u32, u32)>,
}

impl Part {
    /// The text behind the first `column - 1` characters of the head, and the lines that follow, less what they are all
    /// indented by.
    fn body(&self, from: usize) -> Body {
        let first = &self.head[from..];
        let column = self.head[..from].chars().count() + first.chars().take_while(|c| *c == ' ').count() + 1;
        let (mut lines, mut starts) = (Vec::new(), Vec::new());
        if !first.trim().is_empty() {
            lines.push(first.trim().to_owned());
            starts.push((self.line, u32::try_from(column).unwrap_or(u32::MAX)));
        }
        let written = || self.more.iter().filter(|(_, line)| !line.is_empty());
        let common =
            written().map(|(_, line)| line.len() - line.trim_start_matches(' ').len()).min().unwrap_or(0);
        let end = self.more.iter().rposition(|(_, line)| !line.is_empty()).map_or(0, |last| last + 1);
        for (number, line) in &self.more[..end] {
            lines.push(line.get(common..).unwrap_or_default().to_owned());
            starts.push((*number, u32::try_from(common + 1).unwrap_or(u32::MAX)));
        }
        Body { text: lines.join("\n"), starts }
    }

    fn wrong(&self, what: impl Into<String>) -> Wrong {
        Wrong::at(self.line, 1, what)
    }

    /// A statement that has no lines that go on.
    fn alone(&self) -> Result<(), Wrong> {
        match self.more.iter().find(|(_, line)| !line.is_empty()) {
            Some((number, _)) => {
                Err(Wrong::at(*number, 1, "this line goes on with a statement that has one line only")
                    .do_("Begin a new statement in the first column."))
            }
            None => Ok(()),
        }
    }
}

impl Body {
    fn wrong(&self, offset: usize, what: impl Into<String>) -> Wrong {
        let before = &self.text[..offset.min(self.text.len())];
        let row = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or("").chars().count();
        let (line, first) = self.starts.get(row).copied().unwrap_or((1, 1));
        Wrong::at(line, first + u32::try_from(column).unwrap_or(0), what)
    }
}

fn statement(part: &Part) -> Result<(u32, Read), Wrong> {
    let head = part.head.as_str();
    if let Some(path) = head.strip_prefix("config:") {
        part.alone()?;
        return Ok((part.line, Read::Config(path.trim().to_owned())));
    }
    let what = if let Some(span) = head.strip_prefix('+') {
        part.alone()?;
        clock(part, span)?
    } else if head.starts_with("outside:") {
        outside(&part.body("outside:".len()))?
    } else if head.starts_with("plan:") {
        plans(&part.body("plan:".len()))?
    } else if let Some(rest) = head.strip_prefix("audit:") {
        part.alone()?;
        audit(part, rest)?
    } else if head == "wilco says nothing" || head == "wilco says nothing." {
        part.alone()?;
        What::ExpectsNothing
    } else if let Some(found) = wilco(part)? {
        found
    } else if let Some(found) = sends(part)? {
        found
    } else if let Some(found) = acts::act(part)? {
        found
    } else if let Some((who, rest)) = head.split_once(" presses ") {
        part.alone()?;
        presses(part, who, rest)?
    } else if let Some((who, rest)) = head.split_once(" in ") {
        let (who, reply) = who.strip_suffix(" replies").map_or((who, false), |who| (who, true));
        let who = speaker(part, who)?;
        let (place, from) = place(part, rest, head.len() - rest.len())?;
        let body = part.body(from);
        if body.text.is_empty() {
            return Err(part
                .wrong("nothing is said here")
                .do_("Write the words after the place and a colon."));
        }
        What::Says { who, place, reply, text: body.text }
    } else {
        let word = head.split([' ', ':']).next().unwrap_or(head);
        let mut wrong = part.wrong(format!("`{head}` is no statement")).do_(FORMS);
        wrong.nearest = nearest(word, ["outside", "plan", "audit", "config", "wilco"]).map(str::to_owned);
        return Err(wrong);
    };
    Ok((part.line, Read::What(Box::new(what))))
}

fn clock(part: &Part, span: &str) -> Result<What, Wrong> {
    match read_seconds(span) {
        Some(seconds) if seconds > 0 => Ok(What::Clock { seconds }),
        _ => Err(Wrong::at(part.line, 2, format!("`{span}` is not a span of time"))
            .do_("Write `+90s`, `+6m` or `+2h`; at least a second.")),
    }
}

/// `wilco: text`, `wilco in PLACE: text`, `wilco edits: text`, `wilco edits in PLACE: text`.
fn wilco(part: &Part) -> Result<Option<What>, Wrong> {
    let head = part.head.as_str();
    let Some(mut rest) = head.strip_prefix("wilco").filter(|rest| rest.starts_with([' ', ':'])) else {
        return Ok(None);
    };
    let edits = rest.strip_prefix(" edits").filter(|rest| rest.starts_with([' ', ':']));
    rest = edits.unwrap_or(rest);
    let (place, from) = match (rest.strip_prefix(" in "), rest.strip_prefix(':')) {
        (Some(rest), _) => {
            place(part, rest, head.len() - rest.len()).map(|(place, from)| (Some(place), from))?
        }
        (None, Some(rest)) => (None, head.len() - rest.len()),
        (None, None) => {
            let what = format!("`{head}` is nothing that Wilco does");
            return Err(part.wrong(what).do_(
                "Write `wilco: text`, `wilco in web:ops: text`, `wilco edits: text` or `wilco says nothing`.",
            ));
        }
    };
    let text = part.body(from).text;
    if text.is_empty() {
        return Err(part.wrong("no text is expected here").do_("Write the text, or `wilco says nothing`."));
    }
    Ok(Some(if edits.is_some() { What::ExpectsEdit { place, text } } else { What::Expects { place, text } }))
}

/// `SOURCE sends: {…}`, `SOURCE sends KIND: {…}`, `SOURCE sends from FILE`, `SOURCE sends KIND from FILE`.
fn sends(part: &Part) -> Result<Option<What>, Wrong> {
    const FORM: &str =
        "Write `github sends push: {…}`, `alertmanager sends: {…}`, or `… sends push from FILE`.";
    let head = part.head.as_str();
    let Some((source, rest)) = head.split_once(' ') else { return Ok(None) };
    let Some(rest) =
        rest.strip_prefix("sends").filter(|rest| rest.is_empty() || rest.starts_with([' ', ':']))
    else {
        return Ok(None);
    };
    let source = SourceName::parse(source)
        .map_err(|error| part.wrong(error.to_string()).do_("Name a source as in `[source.github]`."))?;
    let colon = rest.find(':').unwrap_or(rest.len());
    let (kind, file) = match rest[..colon].split_once(" from") {
        Some((kind, path)) if path.is_empty() || path.starts_with(' ') => {
            (kind, Some(rest[kind.len() + 5..].trim()))
        }
        _ => (&rest[..colon], None),
    };
    let kind = Some(kind.trim()).filter(|kind| !kind.is_empty()).map(str::to_owned);
    if kind
        .as_ref()
        .is_some_and(|kind| !kind.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
    {
        let what = format!("`{}` is no kind of thing that is sent", kind.unwrap_or_default());
        return Err(part.wrong(what).do_(FORM));
    }
    let body = match file {
        Some(path) => {
            part.alone()?;
            if path.is_empty() {
                return Err(part.wrong("no file is named here").do_(FORM));
            }
            Sent::File(path.to_owned())
        }
        None if colon == rest.len() => return Err(part.wrong("nothing is sent here").do_(FORM)),
        None => {
            let body = part.body(head.len() - rest.len() + colon + 1);
            let (value, end) = json(&body, 0)?;
            end_of(&body, end)?;
            Sent::Json(value)
        }
    };
    Ok(Some(What::Sends { source, kind, body }))
}

/// The place at the start of `rest`, which stands at `offset` in the head; returns it with where the text begins.
fn place(part: &Part, rest: &str, offset: usize) -> Result<(Place, usize), Wrong> {
    let column = u32::try_from(part.head[..offset].chars().count() + 1).unwrap_or(u32::MAX);
    let end = rest.find(": ").or_else(|| rest.ends_with(':').then(|| rest.len() - 1));
    let Some(end) = end else {
        let wrong = Wrong::at(part.line, column, "no colon ends the place");
        return Err(
            wrong.do_("Write the place, a colon, a space and the text: `ana in web:ops: wilco ping`.")
        );
    };
    match Place::parse(&rest[..end]) {
        Ok(place) => Ok((place, offset + end + 1)),
        Err(error) => Err(Wrong::at(part.line, column, error.to_string())
            .do_("Write the connector, a colon and the room: `web:ops`.")),
    }
}

fn speaker(part: &Part, text: &str) -> Result<Speaker, Wrong> {
    let read = if text.contains(':') {
        Account::parse(text).map(Speaker::Account)
    } else {
        PersonId::parse(text).map(Speaker::Person)
    };
    read.map_err(|error| part.wrong(error.to_string()).do_(FORMS))
}

fn presses(part: &Part, who: &str, rest: &str) -> Result<What, Wrong> {
    let who = speaker(part, who)?;
    let (word, on) = match rest.split_once(" on ") {
        Some((word, on)) => (word.trim(), Some(on.trim())),
        None => (rest.trim(), None),
    };
    let kinds = [PressKind::Confirm, PressKind::Approve, PressKind::Deny, PressKind::Abort];
    let Some(press) = kinds.into_iter().find(|kind| kind.word() == word) else {
        let mut wrong = part.wrong(format!("there is no button `{word}`"));
        wrong.nearest = nearest(word, kinds.map(PressKind::word)).map(str::to_owned);
        return Err(wrong.do_("The buttons are `confirm`, `approve`, `deny` and `abort`."));
    };
    Ok(What::Presses { who, press, on: on.map(str::to_owned) })
}

fn audit(part: &Part, rest: &str) -> Result<What, Wrong> {
    let rest = rest.trim();
    let mut words = rest.splitn(3, ' ').filter(|word| !word.is_empty());
    let (Some(kind), Some(who)) = (words.next(), words.next()) else {
        let wrong = part.wrong("an audit entry has a kind and somebody");
        return Err(wrong.do_(
            "Write `audit: operation.approved @ana`, and after it what the entry contains, if you like.",
        ));
    };
    let contains = words.next().map(|text| text.trim().to_owned());
    Ok(What::Audit { kind: kind.to_owned(), who: who.to_owned(), contains })
}

/// `ACTION {partial} => …`: the action, the partial arguments, and where the rest begins.
fn call(body: &Body) -> Result<(ActionName, Value, usize), Wrong> {
    let text = body.text.as_str();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let action = ActionName::parse(&text[..end])
        .map_err(|error| body.wrong(0, error.to_string()).do_("Write `exec.run {…} => {…}`."))?;
    let from = end + text[end..].len() - text[end..].trim_start().len();
    let (args, from) =
        if text[from..].starts_with("=>") { (Value::Object(Map::new()), from) } else { json(body, from)? };
    if !args.is_object() {
        return Err(body
            .wrong(end + 1, "the arguments are no JSON object")
            .do_("Write `{\"name\": \"value\"}`."));
    }
    let Some(rest) = text[from..].trim_start().strip_prefix("=>") else {
        return Err(body.wrong(from, "`=>` is missing here").do_("Write `action {…} => {…}`."));
    };
    let rest = rest.trim_start();
    Ok((action, args, text.len() - rest.len()))
}

/// The JSON value at an offset, and where it ends.
fn json(body: &Body, from: usize) -> Result<(Value, usize), Wrong> {
    let text = &body.text[from..];
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match stream.next() {
        Some(Ok(value)) => Ok((value, from + stream.byte_offset())),
        Some(Err(error)) => {
            let line_start = match error.line() {
                0 | 1 => 0,
                line => text.match_indices('\n').nth(line - 2).map_or(0, |(at, _)| at + 1),
            };
            let offset = from + line_start + error.column().saturating_sub(1);
            let what = format!("this is not JSON: {}", plain(&error));
            Err(body
                .wrong(floor(&body.text, offset), what)
                .do_("Write JSON: names and texts in double quotes."))
        }
        None => Err(body.wrong(from, "something is missing here").do_("Write JSON, such as `{}`.")),
    }
}

fn floor(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line ").map_or_else(|| text.clone(), |(what, _)| what.to_owned())
}

fn end_of(body: &Body, at: usize) -> Result<(), Wrong> {
    if body.text[at..].trim().is_empty() {
        return Ok(());
    }
    let from = at + body.text[at..].len() - body.text[at..].trim_start().len();
    Err(body.wrong(from, "something stands behind the end of the statement").do_("Remove it."))
}

/// A word such as `fails`, followed by a text in double quotes.
fn word_and_text(body: &Body, from: usize, word: &str) -> Result<Option<String>, Wrong> {
    let Some(rest) = body.text[from..].strip_prefix(word) else { return Ok(None) };
    let at = body.text.len() - rest.trim_start().len();
    match json(body, at)? {
        (Value::String(text), end) => end_of(body, end).map(|()| Some(text)),
        _ => Err(body
            .wrong(at, format!("`{word}` is followed by a text in double quotes"))
            .do_(format!("Write `=> {word} \"what happened\"`."))),
    }
}

fn outside(body: &Body) -> Result<What, Wrong> {
    let (action, args, from) = call(body)?;
    let ends = if let Some(what) = word_and_text(body, from, "fails")? {
        Ends::Fails(what)
    } else if let Some(what) = word_and_text(body, from, "unknown")? {
        Ends::Unknown(what)
    } else if let Some(rest) = body.text[from..].strip_prefix("waits") {
        end_of(body, body.text.len() - rest.len())?;
        Ends::Waits
    } else if body.text[from..].starts_with('{') {
        let (value, end) = json(body, from)?;
        end_of(body, end)?;
        let outcome: OutcomeJson = read(body, from, value)?;
        Ends::Done(Box::new(outcome.into()))
    } else {
        return Err(body.wrong(from, "nothing says how the call ends").do_(
            "Write `=> {\"outputs\": {…}}`, `=> fails \"what\"`, `=> unknown \"what\"` or `=> waits`.",
        ));
    };
    Ok(What::Outside { action, args, ends })
}

fn plans(body: &Body) -> Result<What, Wrong> {
    let (action, args, from) = call(body)?;
    let plan = if let Some(what) = word_and_text(body, from, "fails")? {
        Err(what)
    } else if body.text[from..].starts_with('{') {
        let (value, end) = json(body, from)?;
        end_of(body, end)?;
        Ok(read::<PlanJson>(body, from, value)?.into())
    } else {
        return Err(body
            .wrong(from, "nothing says what the plan is")
            .do_("Write `=> {\"will\": [\"…\"]}` or `=> fails \"what\"`."));
    };
    Ok(What::Plans { action, args, plan })
}

fn read<T: for<'de> Deserialize<'de>>(body: &Body, from: usize, value: Value) -> Result<T, Wrong> {
    serde_json::from_value(value).map_err(|error| {
        body.wrong(from, plain(&error)).do_("Correct or remove it; every key may be left out.")
    })
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OutcomeJson {
    summary: Option<String>,
    outputs: Value,
    text: Option<String>,
    rows: Option<Vec<Value>>,
}

impl From<OutcomeJson> for Outcome {
    fn from(json: OutcomeJson) -> Self {
        Self { summary: json.summary, outputs: json.outputs, text: json.text, rows: json.rows, reply: None }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PlanJson {
    targets: Vec<String>,
    inputs: Args,
    will: Vec<String>,
    now: Vec<Field>,
    undo: Option<String>,
    cost_ceiling: Option<u64>,
}

impl From<PlanJson> for StepPlan {
    fn from(json: PlanJson) -> Self {
        let PlanJson { targets, inputs, will, now, undo, cost_ceiling } = json;
        Self { targets, inputs, will, now, undo, cost_ceiling }
    }
}
