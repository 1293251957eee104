//! Whether what happened fits what a transcript says.
//!
//! Not a regular expression: `…` stands for anything within a line, alone on a line for any number of lines. Layer 2.

use serde_json::Value;

/// Whether a text fits what is expected.
#[must_use]
pub fn fits(expected: &str, text: &str) -> bool {
    let expected: Vec<_> = expected.trim_end().lines().map(str::trim_end).collect();
    let lines: Vec<_> = text.trim_end().lines().map(str::trim_end).collect();
    wild(&expected, &lines, |pattern| *pattern == "…", |pattern, line| fits_line(pattern, line))
}

fn fits_line(pattern: &str, line: &str) -> bool {
    let (pattern, line): (Vec<_>, Vec<_>) = (pattern.chars().collect(), line.chars().collect());
    wild(&pattern, &line, |sign| *sign == '…', |sign, other| sign == other)
}

/// Matches with wildcards, in time that is the product of both lengths at worst.
fn wild<P, T>(pattern: &[P], text: &[T], any: impl Fn(&P) -> bool, same: impl Fn(&P, &T) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p).is_some_and(&any) {
            retry = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|sign| same(sign, &text[t])) {
            p += 1;
            t += 1;
        } else if let Some((star, from)) = retry {
            // What the last wildcard took was too little: let it take one more.
            retry = Some((star, from + 1));
            p = star + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(any)
}

/// Whether a value has all that is expected: objects may have more keys, texts may use `…`.
#[must_use]
pub fn fits_json(expected: &Value, value: &Value) -> bool {
    match (expected, value) {
        (Value::Object(expected), Value::Object(fields)) => expected
            .iter()
            .all(|(key, expected)| fields.get(key).is_some_and(|value| fits_json(expected, value))),
        (Value::Array(expected), Value::Array(items)) => {
            expected.len() == items.len()
                && expected.iter().zip(items).all(|(expected, item)| fits_json(expected, item))
        }
        (Value::String(expected), Value::String(text)) => fits(expected, text),
        (Value::Number(expected), Value::Number(number)) => expected.as_f64() == number.as_f64(),
        (expected, value) => expected == value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_ellipsis_stands_for_anything() {
        for (expected, text, fit) in [
            ("pong x", "pong x", true),
            ("pong x", "pong x\nmore", false),
            ("pong …", "pong x", true),
            ("pong…", "pong", true),
            ("…a…b", "xxabxb", true),
            ("…a…b", "xxabxbc", false),
            ("first\n…\nlast", "first\nlast", true),
            ("first\n…\nlast", "first\n1\n2\nlast", true),
            ("first\n…", "first", true),
            ("first\n…\nlast", "first\nlast\nmore", false),
            ("", "", true),
            ("", "something", false),
            ("a  ", "a", true),
        ] {
            assert_eq!(fits(expected, text), fit, "{expected:?} {text:?}");
        }
    }

    #[test]
    fn a_value_may_have_more_than_is_expected() {
        let value = json!({"argv": ["./ship", "webapp"], "stdin": {"ref": "v2", "n": 1}});
        assert!(fits_json(&json!({}), &value));
        assert!(fits_json(&json!({"argv": ["./…", "webapp"], "stdin": {"n": 1.0}}), &value));
        assert!(!fits_json(&json!({"argv": ["./ship"]}), &value));
        assert!(!fits_json(&json!({"dir": null}), &value));
    }
}
