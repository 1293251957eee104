//! What is made of every block where nothing but text is shown, and how it is written in messages.

use wilco_contract::chart::Look;
use wilco_testkit::gallery::gallery;

/// The text with what nobody sees made visible.
fn seen(text: &str) -> String {
    let is_hidden = |sign: char| {
        sign != '\n'
            && (sign.is_control()
                || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'))
    };
    let sign =
        |sign: char| if is_hidden(sign) { sign.escape_default().to_string() } else { sign.to_string() };
    text.chars().map(sign).collect()
}

#[test]
fn every_block_as_plain_text() {
    let shown = gallery().into_iter().map(|(name, reply)| format!("== {name}\n{}\n", seen(&reply.plain())));
    insta::assert_snapshot!(shown.collect::<String>());
}

#[test]
fn charts_in_ascii() {
    let look = Look { width: 40, rows: 4, ascii: true };
    let charts = gallery().into_iter().filter(|(name, _)| name.starts_with("chart"));
    let shown = charts.map(|(name, reply)| format!("== {name}\n{}\n", reply.plain_in(look)));
    let shown: String = shown.collect();
    assert!(shown.is_ascii());
    insta::assert_snapshot!(shown);
}

#[test]
fn every_block_as_json() {
    let shown = gallery().into_iter().map(|(name, reply)| {
        let written = serde_json::to_string(&reply).expect("json");
        assert_eq!(
            serde_json::from_str::<wilco_contract::reply::Reply>(&written).expect("a reply"),
            reply,
            "{name}"
        );
        format!("== {name}\n{}\n", seen(&written))
    });
    insta::assert_snapshot!(shown.collect::<String>());
}
