//! A catalogue with something of everything, for the tests of the language.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::LazyLock,
};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use wilco_contract::{
    command::{ArgSpec, Command, Effect, Spec},
    ids::{Account, CommandId, Origin, PersonId, Place},
    pattern::Pattern,
    policy::Person,
    values::{ArgType, Asked, Moment},
};
use wilco_engine::catalogue::{Catalogue, Reading};

/// A command that does nothing.
pub(crate) fn command(id: &str, words: &[&str], args: Vec<ArgSpec>) -> Command {
    Command {
        spec: Spec {
            id: CommandId::parse(id).expect("an id"),
            words: words.iter().map(|words| Pattern::parse(words).expect("a pattern")).collect(),
            about: format!("Does {id}"),
            effect: Effect::Write,
            args,
            examples: vec![words[0].to_owned()],
            require: Vec::new(),
            rate: None,
            lock: None,
            timeout_secs: 60,
            home: None,
            letter: 'o',
        },
        origin: Origin { file: format!("packs/{id}/pack.toml").into(), line: 7, column: 1 },
        steps: Vec::new(),
        verify: Vec::new(),
        on_failure: wilco_contract::command::OnFailure::Stop,
        vars: wilco_contract::values::Args::new(),
    }
}

/// The same, one that reads.
pub(crate) fn reading(command: Command) -> Command {
    Command { spec: Spec { effect: Effect::Read, ..command.spec }, ..command }
}

/// A required argument.
pub(crate) fn arg(name: &str, kind: ArgType) -> ArgSpec {
    ArgSpec { name: name.to_owned(), kind, about: format!("The {name}"), required: true, default: None }
}

/// An argument that may be left out.
pub(crate) fn optional(name: &str, kind: ArgType) -> ArgSpec {
    ArgSpec { required: false, ..arg(name, kind) }
}

pub(crate) fn default(name: &str, kind: ArgType, value: serde_json::Value) -> ArgSpec {
    ArgSpec { default: Some(value), ..arg(name, kind) }
}

/// What the readings depend on: Bo asks in `irc:#ops`, on Tuesday, the 24th of November 2026, at noon in Berlin.
struct Here {
    place: Place,
    who: PersonId,
    people: BTreeMap<PersonId, Person>,
    berlin: TimeZone,
    apia: TimeZone,
}

static HERE: LazyLock<Here> = LazyLock::new(|| {
    let id = |id: &str| PersonId::parse(id).expect("an id");
    let person = |name: &str, account: &str| Person {
        name: name.to_owned(),
        email: None,
        accounts: [Account::parse(account).expect("an account")].into(),
        roles: BTreeSet::new(),
        origin: Origin::built_in(),
    };
    Here {
        place: Place::parse("irc:#ops").expect("a place"),
        who: id("bo"),
        people: [
            (id("ana"), person("Ana Lima", "irc:ana_")),
            (id("bo"), person("Bo", "irc:bo")),
            (id("xiaoming"), person("小明", "irc:xm")),
        ]
        .into(),
        berlin: TimeZone::get("Europe/Berlin").expect("a zone"),
        apia: TimeZone::get("Pacific/Apia").expect("a zone"),
    }
});

fn at(now: &str) -> Timestamp {
    now.parse().expect("a time")
}

/// Who asks, where and when.
pub(crate) fn asked() -> Asked<'static> {
    Asked {
        connector: "irc",
        place: Some(&HERE.place),
        who: Some(&HERE.who),
        when: Some(Moment { now: at("2026-11-24T11:00:00Z"), zone: &HERE.berlin }),
        people: Some(&HERE.people),
    }
}

/// Somebody else, somewhere else, a year later.
pub(crate) fn elsewhere() -> Asked<'static> {
    let when = Some(Moment { now: at("2027-12-25T23:59:59Z"), zone: &HERE.apia });
    Asked { connector: "web", place: None, who: None, when, people: Some(&HERE.people) }
}

pub(crate) fn commands() -> Vec<Command> {
    let apps = ArgType::Choice(vec!["webapp".into(), "billing".into()]);
    vec![
        reading(command("core.ping", &["ping [<token>]"], vec![])),
        command("core.say", &["say <text...>"], vec![]),
        command("core.announce", &["announce <room>"], vec![arg("room", ArgType::Room)]),
        command("core.page", &["page <who>"], vec![arg("who", ArgType::Person)]),
        command(
            "web.ship",
            &["ship <app> [at] <ref>", "put <ref> on <app>"],
            vec![arg("app", apps), arg("ref", ArgType::Ref)],
        ),
        command("web.release", &["release webapp"], vec![]),
        command("web.stage", &["stage <app>[/<ref>] [to <env>]"], vec![]),
        reading(command("web.status", &["status [<app>]"], vec![])),
        reading(command(
            "web.logs",
            &["logs <app> [errors] [last <span>]"],
            vec![
                arg("app", ArgType::Word),
                default("span", ArgType::Duration, json!(600)),
                default("lines", ArgType::Integer, json!(100)),
                optional("follow", ArgType::Bool),
            ],
        )),
        reading(command("core.find", &["find [<words...>]"], vec![optional("words", ArgType::Text)])),
        reading(command("core.ask", &["ask <who> <question...>"], vec![arg("who", ArgType::Person)])),
        command("shard.move", &["move <shard> to <server>"], vec![arg("shard", ArgType::Integer)]),
        command("net.turn", &["turn (on|up again) <what>"], vec![]),
        command("net.get", &["get <url>"], vec![arg("url", ArgType::Url)]),
        command("net.call", &["call <server> <body...>"], vec![arg("body", ArgType::Json)]),
        command(
            "net.limit",
            &["limit <rate> <burst>", "limit <rate> to <burst> at most"],
            vec![arg("rate", ArgType::Number), optional("burst", ArgType::Bytes)],
        ),
        command("core.remind", &["remind <at> <text...>"], vec![arg("at", ArgType::Time)]),
        command("core.freeze", &["freeze until <until...>"], vec![arg("until", ArgType::Time)]),
        command("core.tell", &["tell <who> <text...>"], vec![arg("who", ArgType::Person)]),
        command(
            "core.mute",
            &["mute <room> [for <span>]"],
            vec![arg("room", ArgType::Room), default("span", ArgType::Duration, json!(3600))],
        ),
        command("db.restore", &["restore <db> to <at>"], vec![arg("at", ArgType::Time)]),
        command("db.keep", &["keep <size> of <db>"], vec![arg("size", ArgType::Bytes)]),
        reading(command("web.services", &["services"], vec![])),
        command(
            "web.scale",
            &["scale <service> to <count>"],
            vec![
                arg("service", ArgType::ChoiceOf { run: "services".into(), column: None }),
                arg("count", ArgType::Integer),
            ],
        ),
        command("cn.status", &["状态 <app>"], vec![]),
        command("rtl.logs", &["سجل <app>"], vec![]),
    ]
}

pub(crate) fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::build(commands()).expect("no collisions"));
    &CATALOGUE
}

/// A reading in a line.
pub(crate) fn show(reading: &Reading) -> String {
    match reading {
        Reading::Order(order) => {
            let mut line = order.command.spec.id.to_string();
            for (name, value) in &order.args {
                let _ = write!(line, " {name}={value}");
            }
            let flags = &order.flags;
            for (set, flag) in [
                (flags.dry_run, "dry-run"),
                (flags.force, "force"),
                (flags.alone, "alone"),
                (flags.json, "json"),
            ] {
                if set {
                    let _ = write!(line, " --{flag}");
                }
            }
            if let Some(because) = &flags.because {
                let _ = write!(line, " --because {because:?}");
            }
            let _ = write!(line, "{}", flags.then);
            line
        }
        Reading::Help { command: None } => "help".to_owned(),
        Reading::Help { command: Some(command) } => format!("help {}", command.spec.id),
        Reading::Incomplete { command, missing, usage, flags, .. } => {
            format!("? {} lacks {}: {usage}{}", command.spec.id, missing.join(", "), flags.then)
        }
        Reading::Malformed { command: None, what, .. } => format!("! {what}"),
        Reading::Malformed { command: Some(command), what, usage } => {
            assert!(!usage.is_empty());
            format!("! {}: {what}", command.spec.id)
        }
        Reading::Unknown { near } => {
            let usages: Vec<_> = near.iter().map(|(usage, _)| usage.as_str()).collect();
            format!("near {}", usages.join(", "))
        }
        Reading::Empty => "empty".to_owned(),
    }
}
