//! A condition and a line that somebody tries on an event, and what each route that there is says to it.
//!
//! Not a way to route: nothing is kept or told. What is tried comes from whoever asks, so only a part of the language is
//! taken, in which nothing grows beyond its bounds; what is configured is read by [`judge`](super::judge()). Layer 1.

use wilco_contract::{
    event::{MAX_LINE, one_line},
    expr::{Condition, ExprError, Names, line_in, template_names},
    near,
    route::{EVENT_NAMES, is_event_name},
};

/// The longest condition or line that is tried, in characters.
pub const MAX_TRIED: usize = 500;
/// What may stand behind `|`: what makes no text longer than it was by more than a little.
const FILTERS: [&str; 21] = [
    "default",
    "d",
    "lower",
    "upper",
    "title",
    "capitalize",
    "trim",
    "length",
    "count",
    "first",
    "last",
    "int",
    "float",
    "string",
    "bool",
    "abs",
    "round",
    "sort",
    "unique",
    "replace",
    "join",
];
/// Those of them that make a text longer: one of them at most.
const GROWING: [&str; 2] = ["replace", "join"];
/// Words that a parenthesis may follow.
const WORDS: [&str; 8] = ["and", "or", "not", "in", "is", "if", "else", "elif"];

/// What is tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trial {
    /// A condition.
    pub when: Option<String>,
    /// A template of a line.
    pub say: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tried {
    /// Whether the condition holds, or why nobody can tell; none without one.
    pub when: Option<Result<bool, String>>,
    /// The parts of the condition that all have to hold; empty where it is one.
    pub terms: Vec<Term>,
    /// The line, or why there is none; none without a template.
    pub say: Option<Result<String, String>>,
}

/// A part of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// As it is written.
    pub text: String,
    /// Whether it holds, or why nobody can tell.
    pub holds: Result<bool, String>,
}

/// Tries a condition and a line on an event. `names` are those of [`names`](super::names), of that event.
#[must_use]
pub fn try_on(trial: &Trial, names: &Names) -> Tried {
    let mut tried = Tried::default();
    if let Some(when) = &trial.when {
        let read = bounded(when).and_then(|()| Condition::parse(when).map_err(|error| error.to_string()));
        let known = read.and_then(|when| known(when.names()).map(|()| when));
        if let Ok(when) = &known {
            tried.terms = terms(when, names);
        }
        tried.when = Some(known.and_then(|when| told(when.holds_in(names))));
    }
    if let Some(say) = &trial.say {
        tried.say = Some(line(say, names));
    }
    tried
}

/// The parts of a condition that are joined by `and`, and whether each holds; none where it is one part.
#[must_use]
pub fn terms(when: &Condition, names: &Names) -> Vec<Term> {
    let parts = parts(when.source());
    if parts.len() < 2 {
        return Vec::new();
    }
    let read: Result<Vec<_>, ExprError> = parts.iter().map(|part| Condition::parse(part)).collect();
    let Ok(read) = read else { return Vec::new() };
    read.iter()
        .map(|part| Term { text: part.source().to_owned(), holds: told(part.holds_in(names)) })
        .collect()
}

/// Whether a condition holds, or why nobody can tell, in words.
pub(crate) fn told(holds: Result<bool, ExprError>) -> Result<bool, String> {
    holds.map_err(|error| error.to_string())
}

fn line(say: &str, names: &Names) -> Result<String, String> {
    if say.contains("{%") {
        return Err("a line that is tried has no `{% … %}`; `wilco explain` takes all of the language".into());
    }
    for inner in say.split("{{").skip(1) {
        bounded(inner.split("}}").next().unwrap_or_default())?;
    }
    if say.chars().count() > MAX_TRIED {
        return Err(too_long());
    }
    let used = template_names(say).map_err(|error| error.to_string())?;
    known(used)?;
    let line = one_line(&line_in(say, names).map_err(|error| error.to_string())?, MAX_LINE);
    if line.is_empty() {
        Err("it comes out empty, so the event's own line would be used".into())
    } else {
        Ok(line)
    }
}

fn too_long() -> String {
    format!("what is tried has at most {MAX_TRIED} characters")
}

/// Whether all of these are names of an event.
fn known(names: impl IntoIterator<Item = String>) -> Result<(), String> {
    let Some(name) = names.into_iter().find(|name| !is_event_name(name)) else { return Ok(()) };
    let near = near::nearest(&name, EVENT_NAMES.into_iter());
    let near = near.map(|near| format!("; did you mean `{near}`")).unwrap_or_default();
    Err(format!("an event has no `{name}`{near}"))
}

/// Whether an expression keeps to the part of the language that is tried.
fn bounded(expression: &str) -> Result<(), String> {
    if expression.chars().count() > MAX_TRIED {
        return Err(too_long());
    }
    let mut growing = 0;
    let mut before = Token::Sign(' ');
    let tokens = tokens(expression);
    for (at, (_, token)) in tokens.iter().enumerate() {
        match *token {
            Token::Sign('*' | '~') => {
                return Err(
                    "what is tried has no `*` and no `~`; `wilco explain` takes all of the language".into()
                );
            }
            Token::Word(word) if before == Token::Sign('|') => {
                if !FILTERS.contains(&word) {
                    return Err(format!(
                        "what is tried has no `|{word}`; `wilco explain` takes all of the language"
                    ));
                }
                growing += usize::from(GROWING.contains(&word));
            }
            Token::Word(word) => {
                let called = matches!(tokens.get(at + 1), Some((_, Token::Sign('('))));
                if called
                    && !WORDS.contains(&word)
                    && before != Token::Word("is")
                    && before != Token::Word("not")
                {
                    return Err(format!("what is tried calls nothing, and so not `{word}(`"));
                }
            }
            Token::Sign(_) | Token::Text => {}
        }
        before = *token;
    }
    if growing > 1 {
        return Err("what is tried has one `|replace` or `|join` at most".into());
    }
    Ok(())
}

/// A piece of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// A name or a number.
    Word(&'a str),
    /// A text in quotes.
    Text,
    /// Any other sign.
    Sign(char),
}

/// The pieces of an expression, each with the byte that it begins at.
fn tokens(text: &str) -> Vec<(usize, Token<'_>)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = if c == '\'' || c == '"' {
            found.push((at, Token::Text));
            quoted(rest, c)
        } else if is_word(c) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            found.push((at, Token::Word(&rest[..length])));
            length
        } else {
            if !c.is_whitespace() {
                found.push((at, Token::Sign(c)));
            }
            c.len_utf8()
        };
        at += length;
    }
    found
}

/// How many bytes a text in quotes has, with them.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// The parts that are joined by `and` outside of any parenthesis. One that is an `or` is one part.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    let mut from = 0;
    for (at, token) in tokens(text) {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Word("or" | "if" | "else") if depth == 0 => return vec![text.trim()],
            Token::Word("and") if depth == 0 => {
                found.push(text[from..at].trim());
                from = at + "and".len();
            }
            _ => {}
        }
    }
    found.push(text[from..].trim());
    found
}

#[cfg(test)]
mod tests {
    use wilco_contract::{event::Event, ids::SourceName};

    use super::*;
    use crate::route::names;

    fn names_of(text: &str) -> Names {
        let at = "2026-01-05T09:00:00Z".parse().expect("a time");
        let source = SourceName::parse("github").expect("a source");
        let event = Event {
            text: Some(text.into()),
            title: Some("Crash".into()),
            ..Event::new(source, "1", "issues", at)
        };
        names(&event, Some(&serde_json::json!({"a": ["x", "y"]})))
    }

    fn tried(when: &str, say: &str) -> Tried {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        try_on(&Trial { when: given(when), say: given(say) }, &names_of("words"))
    }

    #[test]
    fn a_condition_and_a_line_say_what_they_would() {
        let both = tried(
            "event.kind == 'issues' and event.title in ['Crash', 'and']",
            "look: {{ event.title|lower }}",
        );
        assert_eq!((both.when, both.say), (Some(Ok(true)), Some(Ok("look: crash".into()))));
        let terms: Vec<_> = both.terms.iter().map(|term| (term.text.as_str(), term.holds.clone())).collect();
        assert_eq!(
            terms,
            [("event.kind == 'issues'", Ok(true)), ("event.title in ['Crash', 'and']", Ok(true))]
        );
        assert_eq!(tried("event.kind == 'push'", "").when, Some(Ok(false)));
        assert!(tried("event.kind == 'push' or (event.title and event.text)", "").terms.is_empty());
        assert_eq!(tried("not (event.kind == 'push') and 'x' in event.payload.a", "").when, Some(Ok(true)));
        assert_eq!(tried("event.repo is none", "").when, Some(Ok(true)));
        assert_eq!(tried("", "{{ event.payload.a|join('-') }}").say, Some(Ok("x-y".into())));
        assert_eq!(tried("", "").when, None);
    }

    #[test]
    fn what_cannot_be_said_says_why() {
        let why = |when: &str| tried(when, "").when.expect("an answer").expect_err(when);
        assert_eq!(why("event.kin == 'x'"), "an event has no `event.kin`; did you mean `event.kind`");
        assert!(why("event.kind ==").contains("syntax error"), "{}", why("event.kind =="));
        assert!(why("event.payload.b.c == 1").contains("not defined"));
        let why = |say: &str| tried("", say).say.expect("an answer").expect_err(say);
        assert!(why("{{ event.branch }}").contains("no value"));
        assert!(why("{{ event.title").contains("syntax error"));
        assert!(why("{{ '' }}").contains("empty"));
    }

    #[test]
    fn what_could_grow_without_end_is_not_tried() {
        for bad in [
            "'x' * 100000000",
            "event.text ~ event.text",
            "range(100000)|length == 1",
            "event.title|center(100000000)",
            "event.title|replace('a', 'bb')|replace('b', 'cc')",
            "event.title|format('%9d')",
            "(event.title)|indent(9)",
            "event.title.upper()",
            "event.title|\nreplace('a', 'b')|join('x')",
            &"a".repeat(MAX_TRIED + 1),
        ] {
            let error = tried(bad, "").when.expect("an answer").expect_err(bad);
            assert!(error.starts_with("what is tried"), "{bad}: {error}");
            let said = tried("", &format!("{{{{ {bad} }}}}")).say.expect("an answer").expect_err(bad);
            assert!(said.starts_with("what is tried"), "{bad}: {said}");
        }
        let looped = tried("", "{% for a in range(9) %}x{% endfor %}").say.expect("an answer");
        assert!(looped.is_err_and(|why| why.contains("{% … %}")));
        assert_eq!(tried("'*' in '*~|center(9)'", "").when, Some(Ok(true)), "a text in quotes is a text");
    }
}
