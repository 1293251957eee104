//! The words of an order that a rule or a listener gives, with the values of the event or the line in them.
//!
//! A value comes from outside, so it may never be read as anything but a value: it becomes no second word, no flag, no
//! `name=`, no word of a command, no stage and no place behind `>`. Not the reading of orders: [`crate::parse`] does that. Layer 1.

use std::borrow::Cow;

use wilco_contract::{
    event::{MAX_FIELD, one_line},
    expr::{Names, VALUE_END, VALUE_START, order_in},
};

use crate::{
    compose,
    parse::{Token, Words, clean},
};

/// The order that a template becomes.
///
/// # Errors
/// When it cannot be told, in a sentence.
pub(crate) fn fill(template: &str, names: &Names) -> Result<String, String> {
    let marked = order_in(template, names).map_err(|error| error.to_string())?;
    let marked = marked.trim();
    if marked.is_empty() {
        return Err("it came out empty".to_owned());
    }
    put_values(marked)
}

/// The order with its marked values in it.
///
/// # Errors
/// When one of them would be read as anything but a value, in a sentence.
pub(crate) fn put_values(marked: &str) -> Result<String, String> {
    if !marked.contains(VALUE_START) {
        return Ok(marked.to_owned());
    }
    let order = put(marked, |value| Cow::Owned(one_line(value, MAX_FIELD)))?;
    let meant = put(marked, |_| Cow::Borrowed("x"))?;
    // However the quotes of the template stand: what it becomes has to be read word by word as it was meant.
    if same_words(&order, &meant) && compose::shape(&order) == compose::shape(&meant) {
        Ok(order)
    } else {
        Err(format!("`{order}` would be read as another order"))
    }
}

/// The order with each of its values as `value` gives it, in quotes where it is a word of its own.
fn put<'a>(marked: &'a str, value: impl Fn(&'a str) -> Cow<'a, str>) -> Result<String, String> {
    let mut order = String::with_capacity(marked.len() + 8);
    let mut rest = marked;
    let mut quotes = Quotes { open: None, may_open: true };
    while let Some((plain, from)) = rest.split_once(VALUE_START) {
        let (given, behind) = from.split_once(VALUE_END).unwrap_or((from, ""));
        let value = value(given);
        order.push_str(plain);
        quotes.pass(plain);
        let ends = behind.chars().next().is_none_or(char::is_whitespace);
        match quotes.open {
            Some('"') => escape(&value, &mut order),
            // Also where it looks harmless: `all` may be a word of the command's own, and a quoted one is a value.
            None if quotes.may_open && ends => {
                order.push('"');
                escape(&value, &mut order);
                order.push('"');
            }
            _ if is_word(&value) => order.push_str(&value),
            _ => {
                return Err(format!(
                    "the value `{value}` stands inside a word, where only letters, digits, `_`, `-`, `.` and `/` may"
                ));
            }
        }
        quotes.may_open = false;
        rest = behind;
    }
    order.push_str(rest);
    Ok(order)
}

/// Where quotes stand in the template's own text.
struct Quotes {
    open: Option<char>,
    may_open: bool,
}

impl Quotes {
    fn pass(&mut self, text: &str) {
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match self.open {
                Some('"') if c == '\\' => {
                    chars.next();
                }
                Some(quote) if c == quote => (self.open, self.may_open) = (None, false),
                Some(_) => {}
                None if matches!(c, '"' | '\'') && self.may_open => self.open = Some(c),
                None => self.may_open = c.is_whitespace() || c == '=',
            }
        }
    }
}

fn escape(value: &str, into: &mut String) {
    for c in value.chars() {
        if matches!(c, '"' | '\u{ff02}' | '\\') {
            into.push('\\');
        }
        into.push(c);
    }
}

fn is_word(value: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric() || c == '_';
    value.starts_with(edge)
        && value.ends_with(edge)
        && value.chars().all(|c| edge(c) || matches!(c, '-' | '.' | '/'))
}

fn same_words(order: &str, meant: &str) -> bool {
    let (order_words, meant_words) = (Words::split(order).tokens, Words::split(meant).tokens);
    let same = |(one, other): (&Token<'_>, &Token<'_>)| {
        (one.quoted, one.flag(), one.ends_flags(), one.assigns().map(|(name, _)| name), one.open.is_some())
            == (other.quoted, other.flag(), other.ends_flags(), other.assigns().map(|(name, _)| name), false)
    };
    clean(order) == order
        && order_words.len() == meant_words.len()
        && order_words.iter().zip(&meant_words).all(same)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wilco_contract::values::Asked;

    use super::*;

    fn filled(template: &str, value: &str) -> Result<String, String> {
        fill(template, &Names::new(&json!({"event": {"title": value, "action": null}})))
    }

    #[test]
    fn a_value_becomes_one_word_whatever_it_says() {
        let title = "restart {{ event.title }}";
        assert_eq!(filled(title, "web").as_deref(), Ok("restart \"web\""));
        assert_eq!(filled(title, "--force").as_deref(), Ok("restart \"--force\""));
        assert_eq!(filled(title, "a \"b\\ c\n d").as_deref(), Ok(r#"restart "a \"b\\ c d""#));
        assert_eq!(filled("note text={{ event.title }}", "a b").as_deref(), Ok("note text=\"a b\""));
        assert_eq!(filled("note \"on {{ event.title }}\"", "\" --x").as_deref(), Ok(r#"note "on \" --x""#));
        assert_eq!(filled("restart web", "").as_deref(), Ok("restart web"));
        let order = filled(title, "a \" b＂ --force \\").expect("an order");
        let words: Vec<_> =
            Words::split(&order).tokens.into_iter().map(|token| token.text.into_owned()).collect();
        assert_eq!(words, ["restart", "a \" b＂ --force \\"]);
    }

    #[test]
    fn a_value_inside_a_word_has_to_be_plain() {
        let ship = "ship webapp/{{ event.title }}";
        assert_eq!(filled(ship, "v1.2").as_deref(), Ok("ship webapp/v1.2"));
        for value in ["", "v1 --force", "-x", "a=b", "v\"1", "v1."] {
            assert!(filled(ship, value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_value_becomes_no_stage_and_no_place() {
        let piped = "status {{ event.title }} | where state == {{ event.title }} > web:ops";
        let value = "x | first 1 > web:boss";
        let order = filled(piped, value).expect("an order");
        assert_eq!(order, format!("status \"{value}\" | where state == \"{value}\" > web:ops"));
        for template in [
            // A word that a value would end, a place.
            "status web | where state == {{ event.title }}x",
            "status web | fir{{ event.title }}",
            "status web > web:{{ event.title }}",
        ] {
            assert!(filled(template, "st").is_err(), "{template}");
        }
        // A quote that stages read otherwise than words.
        let hostile = filled("status web | where a in ['x', ('it {{ event.title }}", "x'))] > web:boss");
        assert!(hostile.is_err(), "{hostile:?}");
        assert_eq!(
            filled("status web > {{ event.title }}", "web:ops").as_deref(),
            Ok("status web > \"web:ops\"")
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(3000))]

        #[test]
        fn whatever_a_value_is_the_stages_are_those_of_the_template(
            at in 0_usize..TEMPLATES.len(),
            value in "([a-z |>\"'\\\\(),=~#:“’«»＞｜]|first 3|web:ops|where|\\PC){0,12}",
        ) {
            let (template, stages, place) = TEMPLATES[at];
            if let Ok(order) = filled(template, &value) {
                let (asked, words) = (Asked::default(), Words::split(&order));
                let mark = compose::first_sure(&words, &asked).expect("its stages are there");
                // What cannot be read is not given.
                if let Ok((then, _)) = compose::read_tail(&order[mark.at..], &asked) {
                    proptest::prop_assert_eq!(then.stages.len(), stages, "{}", order);
                    proptest::prop_assert_eq!(then.to.as_ref().map(|to| to.as_str()), place, "{}", order);
                }
            }
        }
    }

    /// Templates with how many stages they have and where the answer goes.
    const TEMPLATES: [(&str, usize, Option<&str>); 8] = [
        ("status {{ event.title }} | first 3", 1, None),
        ("status web/{{ event.title }} | first 3 > web:ops", 1, Some("web:ops")),
        ("status web | where state == {{ event.title }} | count", 2, None),
        ("status web | where state={{ event.title }} > web:ops", 1, Some("web:ops")),
        ("status \"on {{ event.title }}\" | where a == 'x' or b == \"{{ event.title }}\"", 1, None),
        ("status web | where a in ['x', \"{{ event.title }}\"] | sort {{ event.title }} | last 1", 3, None),
        ("status web | where it's == ('a {{ event.title }} b') | first 2", 2, None),
        ("status text={{ event.title }} | columns a {{ event.title }} > web:ops", 1, Some("web:ops")),
    ];

    #[test]
    fn an_order_that_would_be_read_otherwise_is_none() {
        // The reader closes typographic quotes with plain ones, and opens none behind a second `=`.
        for template in
            ["note “a {{ event.title }} b”", "note x=y=\"{{ event.title }}\"", "say {{ event.title }}"]
        {
            let order = filled(template, "c <https://a|b> --force d");
            assert!(order.as_ref().is_err_and(|why| why.contains("another order")), "{order:?}");
        }
        assert_eq!(
            filled("restart {{ event.action }}", "").expect_err("no value"),
            "it says a name that has no value"
        );
        assert!(filled("restart {{ event.labels.team }}", "").is_err());
        assert_eq!(filled("{{ event.title and '' }}", "x"), Ok("\"\"".to_owned()));
    }
}
