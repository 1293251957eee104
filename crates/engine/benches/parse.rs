//! What reading one order costs: from the text in a room to the command with its arguments, among 1 000 commands.
//!
//! The budget is 5 µs; it must not grow with the number of commands, and with a line's length it grows as the length.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;
use wilco_contract::{
    command::{ArgSpec, Command, Effect, Spec},
    ids::{CommandId, Origin},
    pattern::Pattern,
    values::{ArgType, Asked, Moment},
};
use wilco_engine::{
    catalogue::{Catalogue, Reading},
    parse::{Addressed, Names, read_line},
};

fn command(id: &str, words: &[String], args: Vec<ArgSpec>) -> Command {
    Command {
        spec: Spec {
            id: CommandId::parse(id).expect("an id"),
            words: words.iter().map(|words| Pattern::parse(words).expect("a pattern")).collect(),
            about: "Does something".into(),
            effect: Effect::Write,
            args,
            examples: Vec::new(),
            require: Vec::new(),
            rate: None,
            lock: None,
            timeout_secs: 60,
            home: None,
            letter: 'o',
        },
        origin: Origin::built_in(),
        steps: Vec::new(),
        verify: Vec::new(),
        on_failure: wilco_contract::command::OnFailure::Stop,
        vars: wilco_contract::values::Args::new(),
    }
}

fn arg(name: &str, kind: ArgType, default: Option<serde_json::Value>) -> ArgSpec {
    ArgSpec { name: name.into(), kind, about: String::new(), required: true, default }
}

/// So many commands: a third begins with a word of its own, a third shares its first word, a third its last one.
fn catalogue(size: usize) -> Catalogue {
    let apps = || ArgType::Choice(vec!["webapp".into(), "billing".into()]);
    let mut all = vec![
        command("core.ping", &["ping [<token>]".into()], vec![]),
        command(
            "web.ship",
            &["ship <app> [at] <ref>".into(), "put <ref> on <app>".into()],
            vec![arg("app", apps(), None), arg("ref", ArgType::Ref, None)],
        ),
        command(
            "web.logs",
            &["logs <app> [errors] [last <span>]".into()],
            vec![
                arg("app", ArgType::Word, None),
                arg("span", ArgType::Duration, Some(json!(600))),
                arg("lines", ArgType::Integer, Some(json!(100))),
            ],
        ),
        command("core.say", &["say <text...>".into()], vec![]),
    ];
    for number in all.len()..size {
        let (words, id) = (number / 3, format!("p{}.do{number}", number % 50));
        let words = match number % 3 {
            0 => format!("verb{words} <app> [at] <ref>"),
            1 => format!("logs service{words} [last <span>]"),
            _ => format!("show <app> part{words} [of <env>]"),
        };
        all.push(command(&id, &[words], vec![]));
    }
    Catalogue::build(all).expect("no collisions")
}

const ORDERS: [(&str, &str); 7] = [
    ("a read", "wilco ping 8c1f0d"),
    ("a deploy", "wilco ship webapp at v1.42.0"),
    ("with options", "wilco logs api errors last 15m"),
    ("with flags", "wilco ship --app webapp --ref v1 --dry-run --because \"it is Friday\""),
    ("from a phone", "Wilco, ship webapp v1 —because “it is Friday”."),
    ("the last word tells", "wilco show webapp part7 of prod"),
    ("a sentence", "wilco say The release of webapp is done, thanks to everybody who helped with it"),
];

/// Long lines: their kind, how they begin, what they repeat.
const LONG: [(&str, &str, &str); 8] = [
    ("words", "wilco say ", "the release is done "),
    ("one word", "wilco ping ", "a"),
    ("quotes", "wilco ship ", "\"a b\" "),
    ("quotes that stay open", "wilco ship ", "\" "),
    ("flags", "wilco ship webapp ", "--because=x "),
    ("values", "wilco logs api ", "lines=5 "),
    ("a command's words again", "wilco ", "show webapp part7 "),
    ("full-width signs", "wilco ship ", "－－ｘ＝“ｙ” "),
];

fn reading(c: &mut Criterion) {
    let names = Names { name: "wilco".into(), aliases: vec!["hubot".into()], prefixes: vec![".".into()] };
    let zone = jiff::tz::TimeZone::UTC;
    let when = Some(Moment { now: jiff::Timestamp::UNIX_EPOCH, zone: &zone });
    let asked = Asked { connector: "irc", when, ..Asked::default() };
    let read = |catalogue: &Catalogue, text: &str| match read_line(text, &names, false) {
        Addressed::ToUs(line) => catalogue.read(&line, &asked),
        Addressed::NotToUs => Reading::Empty,
    };
    let thousand = catalogue(1000);
    let mut group = c.benchmark_group("order");
    for (name, text) in ORDERS {
        assert!(matches!(read(&thousand, text), Reading::Order(_)), "{text}");
        group.bench_function(name, |b| b.iter(|| read(&thousand, black_box(text))));
    }
    group.finish();

    let mut group = c.benchmark_group("size");
    for size in [10, 100, 1000, 10_000] {
        let catalogue = catalogue(size);
        let text = black_box("wilco ship webapp at v1.42.0");
        group.bench_function(BenchmarkId::from_parameter(size), |b| b.iter(|| read(&catalogue, text)));
    }
    group.finish();

    // A byte costs the same in a line of a kilobyte as in the longest one, whatever the line is made of.
    let mut group = c.benchmark_group("length");
    for (name, front, part) in LONG {
        for kib in [1, 8, 32, 63] {
            let text = format!("{front}{}", part.repeat((kib << 10) / part.len()));
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::new(name, format!("{kib} KiB")), |b| {
                b.iter(|| read(&thousand, black_box(&text)));
            });
        }
    }
    group.finish();

    let mut group = c.benchmark_group("other");
    let chatter = "the release of webapp looks good to me, thanks";
    group.bench_function("not said to us", |b| b.iter(|| read_line(black_box(chatter), &names, false)));
    group.bench_function("near no command", |b| b.iter(|| read(&thousand, black_box("wilco, on it"))));
    group.bench_function("did you mean", |b| b.iter(|| read(&thousand, black_box("wilco shpi webapp v1"))));
    let Reading::Order(order) = read(&thousand, ORDERS[1].1) else { panic!("an order") };
    group.bench_function("said in full", |b| b.iter(|| black_box(&order).said()));
    group.sample_size(10);
    group.bench_function("build 1 000", |b| b.iter(|| catalogue(1000)));
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
