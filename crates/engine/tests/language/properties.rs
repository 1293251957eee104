//! What holds for every line and every order.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};
use wilco_contract::{
    command::Effect,
    ids::Place,
    values::{ArgType, Args},
};
use wilco_engine::{
    catalogue::{Order, Reading, Reserved},
    compose::{Key, Match, Show, Sign, Stage, Test, Then},
    parse::clean,
};

use crate::{
    lines::said,
    sample::{asked, catalogue, elsewhere, show},
};

/// Any text, with the signs that mean something more often than chance has them.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z0-9._/-]{1,8}",
        2 => "\\PC{0,6}",
        2 => select(vec!["\"", "'", "\\", "=", " ", "  ", "--", "“", "’", "。", "\u{a0}", "\n", ".", "/", "&gt;", "#ops", "@", "|", " | ", " > ", "first 3", "web:ops"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// A word that may stand in an order.
fn word() -> impl Strategy<Value = String> {
    let words = vec![
        "ping",
        "say",
        "ship",
        "put",
        "on",
        "at",
        "release",
        "webapp",
        "billing",
        "stage",
        "api/v2",
        "to",
        "logs",
        "errors",
        "last",
        "10m",
        "status",
        "move",
        "7",
        "turn",
        "off",
        "again",
        "call",
        "[1]",
        "limit",
        "most",
        "状态",
        "--app",
        "--app=webapp",
        "ref=v1",
        "--ref",
        "--follow",
        "yes",
        "lines=3",
        "--lines",
        "--dry-run",
        "--because",
        "--help",
        "--force",
        "--",
        "plan",
        "\"a b\"",
        "'",
        "\"",
        "—json",
        "x.",
        "get",
        "https://a.example",
        "announce",
        "#ops",
        "page",
        "@ana",
        "me",
        "remind",
        "friday",
        "18:00",
        "tomorrow",
        "in",
        "2",
        "hours",
        "9",
        "am",
        "UTC",
        "--at",
        "--span",
        "until",
        "GiB",
        "--text",
        "--nope",
        "|",
        ">",
        "｜",
        "＞",
        "first",
        "where",
        "wher",
        "count",
        "json",
        "web:ops",
        "state=failed",
        "state ==",
        "'a'",
        "(",
        ")",
        "|first",
    ];
    prop_oneof![8 => select(words).prop_map(str::to_owned), 1 => text()]
}

/// Lines that are orders, or nearly.
fn line() -> impl Strategy<Value = String> {
    let orders = vec![
        "ping x",
        "say hello",
        "ship webapp at v1",
        "put v1 on billing",
        "release webapp",
        "stage api/v2 to prod",
        "status",
        "logs api errors last 15m",
        "logs --app api --follow",
        "move 7 to db",
        "turn up again it",
        "call api {\"a\": [1, \"b c\"]}",
        "limit 1.5 4KiB",
        "limit 7 to 10kB at most",
        "状态 支付",
        "announce #ops",
        "page @ana",
        "remind friday 18:00 we ship",
        "remind in 2 hours --because x tea",
        "restore main to yesterday 23:15",
        "freeze until friday at 18:00 CET",
        "keep 2 TB of main",
        "scale api to 3",
        "get https://a.example",
        "status | where state == 'failed' and age > 3 | first 3",
        "status api | where state=failed owner!=\"a b\" | sort age desc, name | csv > #ops",
        "logs api | where line ~ 'disk | first 1' | json > here",
        "find \"a b\" | count by state",
        "find a b | last 7",
        "services | where (age > b:c | lower) | columns a b | table",
        "ask @ana | columns \"held by\" desc",
        "plan release webapp --because \"a b\"",
        "",
    ];
    (select(orders), prop::collection::vec((any::<prop::sample::Index>(), word()), 0..4)).prop_map(
        |(order, more)| {
            let mut words: Vec<_> = order.split(' ').map(str::to_owned).collect();
            for (at, word) in more {
                let at = at.index(words.len() + 1);
                words.insert(at, word);
            }
            words.join(" ")
        },
    )
}

/// A value of this type, as a program gives it.
fn value(kind: &ArgType) -> BoxedStrategy<Value> {
    match kind {
        ArgType::Word | ArgType::Text => text().prop_map(Value::from).boxed(),
        ArgType::Integer => any::<i64>().prop_map(Value::from).boxed(),
        ArgType::Number => {
            any::<f64>().prop_filter("JSON has no others", |n| n.is_finite()).prop_map(Value::from).boxed()
        }
        ArgType::Bool => any::<bool>().prop_map(Value::from).boxed(),
        ArgType::Duration => (0_u64..366 * 86_400).prop_map(Value::from).boxed(),
        ArgType::Bytes => any::<u64>().prop_map(Value::from).boxed(),
        ArgType::Url => "https://[a-z.]{1,9}/[a-z?&=<>\"'.]{0,9}".prop_map(Value::from).boxed(),
        ArgType::Person => {
            select(vec!["@ana", "ana lima", "me", "irc:ana_", "BO"]).prop_map(Value::from).boxed()
        }
        ArgType::Time => time().prop_map(Value::from).boxed(),
        ArgType::ChoiceOf { .. } => text().prop_map(Value::from).boxed(),
        ArgType::Room => "(here|#[a-z]{1,8}|web:[a-z ]{1,8}[a-z.])".prop_map(Value::from).boxed(),
        ArgType::Ref => "[a-zA-Z0-9][a-z0-9/=\"'-]{0,9}".prop_map(Value::from).boxed(),
        ArgType::Choice(words) => select(words.clone()).prop_map(Value::from).boxed(),
        ArgType::Json => prop_oneof![
            text().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            (text(), any::<i32>()).prop_map(|(text, number)| json!({"k": [text, number], "--x": null})),
        ]
        .boxed(),
    }
}

/// A time as a person says it.
fn time() -> impl Strategy<Value = String> {
    prop_oneof![
        "(today|tomorrow|yesterday|monday|Fri|sunday at) (1?[0-9]|2[0-3]):[0-5][0-9]",
        "(0[4-9]|1[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?(| UTC| CET|[+-]0[0-9]:[03]0)",
        "(1[0-2]|[4-9])(am|pm)",
        "20[2-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9])[ T](0[4-9]|1[0-9]):[0-5][0-9](Z|[+-]0[0-9]:[03]0|)",
        "in [1-9][0-9]?(m| hours|d)",
        "[1-9](ms|s) ago",
        Just("now".to_owned()),
    ]
}

/// What may stand behind an order that reads.
fn then() -> impl Strategy<Value = Then> {
    let column =
        || prop_oneof![3 => "[a-z_]{1,6}", 1 => text().prop_filter("a name", |name| !name.is_empty())];
    let columns = move || {
        prop::collection::vec(column(), 1..4).prop_map(|mut names| {
            names.sort();
            names.dedup();
            names
        })
    };
    let sign = select(vec![Sign::Is, Sign::IsNot, Sign::Has]);
    let short = ("[a-z_][a-z0-9_-]{0,5}", sign, text());
    let short = short.prop_map(|(column, sign, value)| Match { column, sign, value });
    let stage = prop_oneof![
        prop::collection::vec(short, 1..3).prop_map(|all| Stage::Where(Test::Short(all))),
        (1_usize..10_000).prop_map(Stage::First),
        (1_usize..10_000).prop_map(Stage::Last),
        columns().prop_map(Stage::Columns),
        prop_oneof![Just(Vec::new()), columns()].prop_map(Stage::Count),
        (columns(), any::<bool>())
            .prop_map(|(names, down)| names.into_iter().map(|column| Key { column, down }).collect())
            .prop_map(Stage::Sort),
    ];
    let show = prop::option::of(select(vec![Show::Table, Show::Csv]));
    let to = prop::option::of("(irc:#[a-z]{1,8}|web:[a-z]{1,8}|web:@ana)");
    (prop::collection::vec(stage, 0..8), show, to).prop_map(|(stages, show, to)| {
        let to = to.map(|to| Place::parse(&to).expect("a place"));
        Then { stages, show, to }
    })
}

/// Conditions as people write them, well formed or not.
fn condition() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "state",
        "age",
        "row['held by']",
        "==",
        "!=",
        ">",
        "<",
        "and",
        "or",
        "not",
        "in",
        "(",
        ")",
        "['a', 'b']",
        "'a | first 3'",
        "\"it's > web:ops\"",
        "‘x’",
        "3",
        "|lower",
        "| lower",
        "|",
        "first",
        "web:ops",
        "#ops",
        "here",
        "state=failed",
        "a=='b'",
        "it's",
        "is defined",
        "~",
        "=",
        "state!='x'",
        ".",
        "，",
        "＝",
    ]);
    prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.join(" "))
}

/// Orders of every command, with values of every kind.
fn order() -> impl Strategy<Value = Order> {
    let commands = catalogue().commands();
    let flags = (
        then(),
        any::<[bool; 4]>(),
        prop::option::of("[a-z]".prop_flat_map(|a| text().prop_map(move |b| a.clone() + &b))),
    );
    (0..commands.len(), flags).prop_flat_map(move |(at, flags)| {
        let command = &commands[at];
        let values: Vec<_> = command
            .spec
            .args
            .iter()
            .map(|arg| match arg.required && arg.default.is_none() {
                true => value(&arg.kind).prop_map(Some).boxed(),
                false => prop::option::of(value(&arg.kind)).boxed(),
            })
            .collect();
        values.prop_map(move |values| {
            let given = command.spec.args.iter().zip(values);
            let args: Args = given.filter_map(|(arg, value)| Some((arg.name.clone(), value?))).collect();
            let (then, [dry_run, force, alone, json], because) = flags.clone();
            // What changes something has nothing behind it, and rows are shown in one way.
            let then = if command.spec.effect == Effect::Read { then } else { Then::default() };
            let json = json && then.show.is_none();
            let flags = Reserved { dry_run, because, force, alone, json, then };
            match catalogue().order(&command.spec.id, &args, flags, &asked()) {
                Reading::Order(order) => order,
                other => panic!("{}", show(&other)),
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_makes_the_reading_panic(any in any::<String>(), text in text(), line in line()) {
        for text in [any, text, line] {
            let to_us = format!("wilco {text}");
            prop_assert!(!said(&to_us).is_empty());
            prop_assert!(!said(&text).is_empty());
            let cleaned = clean(&text);
            prop_assert!(cleaned.len() <= text.len());
            prop_assert!(!cleaned.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
        }
    }

    #[test]
    fn an_order_that_was_read_is_said_so_that_it_reads_back(line in line()) {
        if let Reading::Order(order) = catalogue().read(&line, &asked()) {
            let said = order.said();
            prop_assert_eq!(catalogue().read(&said, &elsewhere()), Reading::Order(order), "{} -> {}", line, said);
        }
    }

    #[test]
    fn a_condition_that_was_read_is_said_so_that_it_reads_back(condition in condition(), more in any::<bool>()) {
        let more = if more { " | json" } else { "" };
        let line = format!("status | where {condition}{more}");
        if let Reading::Order(order) = catalogue().read(&line, &asked()) {
            let said = order.said();
            prop_assert_eq!(catalogue().read(&said, &elsewhere()), Reading::Order(order), "{} -> {}", line, said);
        }
    }

    #[test]
    fn every_order_is_said_so_that_it_reads_back(order in order()) {
        let said = order.said();
        prop_assert_eq!(catalogue().read(&said, &elsewhere()), Reading::Order(order), "{}", said);
    }

    #[test]
    fn how_an_order_begins_is_made_whole_by_the_names_of_the_rest(order in order(), kept in any::<u8>()) {
        let is_kept = |at: usize| kept & (1 << (at % 8)) != 0;
        let args = || order.args.iter().enumerate();
        let given = args().filter(|(at, _)| is_kept(*at)).map(|(_, (name, value))| (name.clone(), value.clone()));
        let (mut line, behind) = catalogue().begun(&order.command, given.collect(), order.flags.clone());
        for (_, (name, value)) in args().filter(|(at, _)| !is_kept(*at)) {
            let spec = order.command.spec.args.iter().find(|arg| arg.name == *name).expect("its own argument");
            let text = spec.kind.said(value).replace('\\', r"\\").replace('"', "\\\"");
            line += &format!(" --{} \"{text}\"", name.replace('_', "-"));
        }
        line += &behind;
        prop_assert_eq!(catalogue().read(&line, &elsewhere()), Reading::Order(order), "{}", line);
    }
}
