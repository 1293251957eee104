//! Text from outside, made harmless: control characters, direction tricks and invisible letters are taken out.
//!
//! Not a reader of markup: text stays text, and nobody here makes HTML of it. Layer 3.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use wilco_contract::reply::Reply;

/// The text without what could act on a terminal, reorder what is read, or hide in it. Line ends become `\n`.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    Cow::Owned(text.chars().map(|c| if c == '\r' { '\n' } else { c }).filter(|c| !acts(*c)).collect())
}

/// The reply with every text in it [`clean`].
pub(crate) fn clean_reply(reply: &Reply) -> Reply {
    let Ok(mut value) = serde_json::to_value(reply) else { return reply.clone() };
    if clean_value(&mut value) == 0 {
        return reply.clone();
    }
    // The tags are plain ASCII and stay as they are, so what was a reply still is one.
    serde_json::from_value(value).unwrap_or_else(|_| Reply::text(clean(&reply.plain())))
}

/// The value as JSON, with every text in it [`clean`].
pub(crate) fn clean_json<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(value)?;
    // Written as JSON, a sign that acts is either itself or one of these escapes; `\\n` and `\\t` are none.
    let escaped = ["\\u", "\\r", "\\b", "\\f"].iter().any(|escape| json.contains(escape));
    if !escaped && !json.chars().any(acts) {
        return Ok(json);
    }
    let mut value = serde_json::to_value(value)?;
    clean_value(&mut value);
    serde_json::to_string(&value)
}

/// Takes what acts on a terminal or on the order of reading out of all texts of a value, in place; says how many had
/// some.
pub fn clean_value(value: &mut Value) -> usize {
    match value {
        Value::String(text) => match clean(text) {
            Cow::Borrowed(_) => 0,
            Cow::Owned(cleaned) => {
                *text = cleaned;
                1
            }
        },
        Value::Array(items) => items.iter_mut().map(clean_value).sum(),
        // Names of members are ours, or are looked up by name and never shown.
        Value::Object(fields) => fields.values_mut().map(clean_value).sum(),
        _ => 0,
    }
}

/// Whether a character acts on a terminal, on the order of reading, or is not seen.
pub(crate) fn acts(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Marks, embeddings, overrides and isolates that change the direction of reading.
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => true,
        // Letters that nobody sees. The joiners U+200C and U+200D stay: scripts and emoji need them.
        '\u{200B}'
        | '\u{2060}'..='\u{2064}'
        | '\u{206A}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' => true,
        '\u{E0000}'..='\u{E007F}' => true,
        // Line ends that are none for most readers.
        '\u{2028}' | '\u{2029}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use wilco_contract::{
        chart::{Along, Chart, ChartKind, Series, Sketch},
        reply::{Block, Field},
    };

    use super::*;

    #[test]
    fn what_acts_is_taken_out_and_what_says_stays() {
        for (given, kept) in [
            ("plain text\n\twith lines", "plain text\n\twith lines"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("\u{1b}[31mred\u{1b}[0m\u{7}", "[31mred[0m"),
            ("ab\u{202e}txt.exe\u{2066}", "abtxt.exe"),
            ("pay\u{200b}load\u{feff}\u{e0041}", "payload"),
            ("👩\u{200d}🚒 می\u{200c}خواهم", "👩\u{200d}🚒 می\u{200c}خواهم"),
            ("<b onclick=alert(1)>@everyone", "<b onclick=alert(1)>@everyone"),
        ] {
            assert_eq!(clean(given), kept);
        }
    }

    #[test]
    fn json_is_cleaned_in_its_texts_only() {
        let given = serde_json::json!({ "a": ["x\u{1b}[1m", "y\r\n", "C:\\users"], "n": 1 });
        let kept = r#"{"a":["x[1m","y\n","C:\\users"],"n":1}"#;
        assert_eq!(clean_json(&given).expect("json"), kept);
    }

    #[test]
    fn every_text_of_a_reply_is_cleaned() {
        let reply = Reply::text("a\u{1b}[2J")
            .and(Block::Fields { fields: vec![Field::new("na\u{202e}me", "va\u{0}lue")] })
            .and(Block::Table { columns: vec!["c\u{7}".into()], rows: vec![vec!["r\u{2066}".into()]] });
        let expected = Reply::text("a[2J")
            .and(Block::Fields { fields: vec![Field::new("name", "value")] })
            .and(Block::Table { columns: vec!["c".into()], rows: vec![vec!["r".into()]] });
        assert_eq!(clean_reply(&reply), expected);
        assert_eq!(clean_reply(&expected), expected);
    }

    #[test]
    fn every_text_of_a_chart_is_cleaned_and_its_summary_with_it() {
        let chart = |label: &str| {
            let series = vec![Series { name: label.to_owned(), values: vec![Some(1.0), None] }];
            let along = Along::Labels(vec![label.to_owned(), "b".to_owned()]);
            let (title, unit) = (label.to_owned(), label.to_owned());
            let chart =
                Chart::draw(Sketch { kind: ChartKind::Bars, title, unit, along, series }).expect("a chart");
            Reply { blocks: vec![Block::Chart(Box::new(chart))] }
        };
        assert_eq!(clean_reply(&chart("we\u{202e}b\u{200b}")), chart("web"));
    }
}
