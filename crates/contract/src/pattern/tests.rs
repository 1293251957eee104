//! The grammar of patterns, in examples and in properties.

use proptest::prelude::*;

use super::*;

fn literal(word: &str) -> Item {
    Item::Literal(word.to_owned())
}

fn arg(name: &str) -> Item {
    Item::Arg { name: name.to_owned(), rest: false }
}

#[test]
fn each_part_of_the_grammar_is_read() {
    let table = [
        ("Ship it", vec![literal("ship"), literal("it")]),
        ("ship <app> <ref>", vec![literal("ship"), arg("app"), arg("ref")]),
        ("say <text...>", vec![literal("say"), Item::Arg { name: "text".into(), rest: true }]),
        ("ship [at] <ref>", vec![literal("ship"), Item::Optional(vec![literal("at")]), arg("ref")]),
        (
            "logs [last <span> [ago]]",
            vec![
                literal("logs"),
                Item::Optional(vec![literal("last"), arg("span"), Item::Optional(vec![literal("ago")])]),
            ],
        ),
        (
            "turn (on|off again) <app>",
            vec![
                literal("turn"),
                Item::Either(vec![vec![literal("on")], vec![literal("off"), literal("again")]]),
                arg("app"),
            ],
        ),
        (
            "stage <app>[/<ref>]",
            vec![literal("stage"), Item::Glued { name: "app".into(), sign: '/', after: "ref".into() }],
        ),
        (
            r"stage <app>[\|<ref>]",
            vec![literal("stage"), Item::Glued { name: "app".into(), sign: '|', after: "ref".into() }],
        ),
        (r"a\<b\>\[\]\(\)\|\\", vec![literal(r"a<b>[]()|\")]),
        ("  状态   <app> ", vec![literal("状态"), arg("app")]),
        (
            "x [say <text...>]",
            vec![
                literal("x"),
                Item::Optional(vec![literal("say"), Item::Arg { name: "text".into(), rest: true }]),
            ],
        ),
    ];
    for (source, items) in table {
        assert_eq!(Pattern::parse(source).map(|pattern| pattern.items), Ok(items), "{source}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let table = [
        ("", 0, "at least one word"),
        ("   ", 3, "at least one word"),
        ("ship <app", 5, "`<` is never closed"),
        ("ship <>", 6, "lower-case letters"),
        ("ship <App>", 6, "lower-case letters"),
        ("ship <a-b>", 6, "lower-case letters"),
        ("ship app>", 8, "`>` without its `<`"),
        ("ship [at", 5, "`[` is never closed"),
        ("ship at]", 7, "closes nothing"),
        ("ship (a|b", 5, "`(` is never closed"),
        ("ship (a|b]", 9, "closes nothing"),
        ("ship []", 6, "holds nothing"),
        ("ship (a|)", 8, "empty side"),
        ("ship (a)", 5, "two sides"),
        ("ship a|b", 6, "only inside"),
        ("ship [a|b]", 7, "[(at|to)]"),
        ("ship a[b]", 6, "split by spaces"),
        ("ship <a>b", 8, "split by spaces"),
        ("ship <a><b>", 8, "split by spaces"),
        ("ship <a>[<b>]", 9, "starts with a sign"),
        ("ship <a>[=<b>]", 9, "starts with a sign"),
        ("ship <a>[/b]", 10, "one argument"),
        ("ship <a>[/<b...>]", 16, "one word"),
        ("ship <a...>[/<b>]", 5, "nothing can be glued"),
        ("ship <a>[/<b>", 8, "never closed"),
        ("ship <a...> now", 5, "only stand last"),
        ("ship [<a...>] now", 6, "only stand last"),
        ("ship <a> to <a>", 12, "twice"),
        ("ship <a>[/<a>]", 10, "twice"),
        (r"ship \n", 5, "escapes only"),
        (r"ship \", 5, "escapes only"),
        ("ship --now", 5, "begins a flag"),
        ("ship \"it\"", 5, "quote"),
        ("ship it.", 5, "full stop"),
        ("ship \u{7}", 5, "control character"),
        ("<app>", 0, "word of its own"),
        ("[please] <app>", 0, "word of its own"),
        ("x [a] [b] [c] [d] [e] [f] [g] [h] [i]", 0, "256 ways"),
        ("x [[[[[[[[[a]]]]]]]]]", 11, "8 deep"),
    ];
    for (source, at, what) in table {
        let error = Pattern::parse(source).expect_err(source);
        assert_eq!(error.at, at, "{source}: {error}");
        assert!(error.what.contains(what), "{source}: {error}");
    }
    assert_eq!(Pattern::parse(&"a ".repeat(300)).expect_err("too long").at, MAX_PATTERN);
    assert!(Pattern::parse(&"a ".repeat(100)).expect_err("too many items").what.contains("60 items"));
}

#[test]
fn the_sides_of_an_alternative_may_share_a_name() {
    let pattern = Pattern::parse("go (to <place>|home from <place>) [by <means>]").expect("well formed");
    assert_eq!(pattern.args(), ["place", "means"]);
    assert!(pattern.always_has("place") && !pattern.always_has("means"));
    let glued = Pattern::parse("stage <app>[/<ref>]").expect("well formed");
    assert_eq!(glued.args(), ["app", "ref"]);
    assert!(glued.always_has("app") && !glued.always_has("ref"));
}

/// Sources that are mostly well formed.
fn source() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z]{1,6}",
        "[A-Z状é]{1,3}",
        "[a-d]{1,2}".prop_map(|name| format!("<{name}>")),
        "[e-h]{1,2}".prop_map(|name| format!("<{name}>[/<{name}z>]")),
        Just(r"\<\|\\".to_owned()),
    ];
    let item = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(|items| format!("[{}]", items.join(" "))),
            (inner.clone(), inner).prop_map(|(one, two)| format!("({one}|{two})")),
        ]
    });
    prop::collection::vec(item, 0..5).prop_map(|items| format!("go {}", items.join("  ")))
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "\\PC{0,60}", signs in r#"[a<>\[\]()|\\ ./"'=-]{0,60}"#) {
        for source in [text, signs] {
            if let Err(error) = Pattern::parse(&source) {
                prop_assert!(error.at <= source.chars().count(), "{}", error);
                prop_assert!(!error.what.is_empty());
            }
        }
    }

    #[test]
    fn a_source_reads_back(source in source()) {
        if let Ok(pattern) = Pattern::parse(&source) {
            prop_assert_eq!(pattern.source(), &source);
            let json = serde_json::to_string(&pattern).expect("a string");
            let again: Pattern = serde_json::from_str(&json).expect("the same string");
            prop_assert_eq!(again, pattern);
        }
    }
}
