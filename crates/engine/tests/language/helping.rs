//! Help, and orders in words.

use wilco_contract::{command::Command, values::ArgType};
use wilco_engine::catalogue::{Catalogue, MAX_NEAR, Reading};

use crate::sample::{arg, asked, catalogue, command};

fn said(line: &str) -> String {
    match catalogue().read(line, &asked()) {
        Reading::Order(order) => order.said(),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn an_order_is_said_in_full() {
    let table = [
        ("SHIP webapp v1", "ship webapp v1"),
        ("put v1 on billing --dry-run", "ship billing v1 --dry-run"),
        ("ship webapp at at", "ship webapp at"),
        (
            "release webapp --because 'it is \"Friday\"' --json",
            "release webapp --json --because \"it is \\\"Friday\\\"\"",
        ),
        ("logs api", "logs api last 10m"),
        ("logs 'my app' last 90m --lines 5 --follow", "logs \"my app\" last 1h30m --lines 5 --follow yes"),
        ("stage api/v2", "stage api/v2"),
        ("stage \"a/b\"", "stage \"a/b\""),
        ("stage \"a/b\" --ref v2", "stage \"a/b\" --ref v2"),
        ("turn up again it", "turn on it"),
        ("announce #ops", "announce irc:#ops"),
        ("page ana", "page @ana"),
        ("limit 1.50 4096", "limit 1.5 4KiB"),
        ("say  it's — \"fine\".", "say it's — \"fine\"."),
        ("say --force --text=\"--x\" --because y", "say --text \"--x\" --force --because \"y\""),
        ("say --force hello you", "say --force hello you"),
        ("call api {\"a\": 1}", "call api {\"a\":1}"),
        ("ping", "ping"),
    ];
    for (line, expected) in table {
        assert_eq!(said(line), expected, "{line}");
    }
}

#[test]
fn values_never_become_other_words() {
    let catalogue = Catalogue::build(vec![
        command("a.logs", &["logs <app>"], vec![]),
        command("b.api", &["logs api"], vec![]),
        command("c.env", &["logs <env>"], vec![arg("env", ArgType::Choice(vec!["prod".into()]))]),
        command("d.rest", &["logs <text...>"], vec![]),
        command("e.flag", &["note <a> <b...>"], vec![]),
    ])
    .expect("no collisions");
    let table = [
        ("logs web", "logs web"),
        ("logs \"api\"", "logs \"api\""),
        ("logs --app prod", "logs --app prod"),
        ("logs --text web", "logs --text web"),
        ("logs a b", "logs a b"),
        ("note x --b \"a=b\"", "note x --b \"a=b\""),
        ("note x -- a=1 b", "note x --b \"a=1 b\""),
        ("note x y a=1", "note x y a=1"),
    ];
    for (line, expected) in table {
        let Reading::Order(order) = catalogue.read(line, &asked()) else { panic!("{line}") };
        assert_eq!(order.said(), expected, "{line}");
        assert_eq!(catalogue.read(expected, &asked()), Reading::Order(order), "{line}");
    }
}

#[test]
fn help_is_short_and_grouped() {
    let few = |command: &Command| {
        !["net", "db", "shard", "rtl"].iter().any(|pack| command.spec.id.as_str().starts_with(pack))
    };
    let text = catalogue().help(&few, None).plain();
    assert!(text.lines().count() <= 25, "{text}");
    assert!(text.starts_with("**cn**\n`状态 <app>` – Does cn.status\n**core**\n"), "{text}");
    assert!(text.contains("\n**web**\n`logs <app> [errors] [last <span>]` – Does web.logs\n"), "{text}");
}

#[test]
fn help_shows_only_what_passes_the_filter() {
    let only = |command: &Command| command.spec.id.as_str() == "core.ping";
    let text = catalogue().help(&only, None).plain();
    assert!(
        text.starts_with("**core**\n`ping [<token>]` – Does core.ping\nSay `help <word>` for more."),
        "{text}"
    );
    let text = catalogue().help(&only, Some("ship")).plain();
    assert_eq!(text, "Nothing here is called `ship`. Say `help` for what you may say.");
    assert_eq!(catalogue().help(&|_| false, None).plain(), "There is nothing here that you may say.");
}

#[test]
fn help_says_all_about_one_command() {
    let table = [
        ("ship", "web.ship"),
        ("SHIP <app> [at] <ref>", "web.ship"),
        ("web.ship", "web.ship"),
        ("stage", "web.stage"),
    ];
    for (word, id) in table {
        let text = catalogue().help(&|_| true, Some(word)).plain();
        assert!(text.ends_with(&format!("Id: {id}")), "{word}: {text}");
    }
    assert_eq!(
        catalogue().help(&|_| true, Some(" logs ")).plain(),
        "`logs <app> [errors] [last <span>]` – Does web.logs\n\
         <app>: The app\n\
         <span>: The span: a span of time such as `90s`, `2h` or `1h30m` (`10m` if left out)\n\
         <lines>: The lines: a whole number (`100` if left out)\n\
         <follow>: The follow: yes or no (may be left out)\n\
         Effect: read\n\
         Example: `logs <app> [errors] [last <span>]`\n\
         Id: web.logs"
    );
    let text = catalogue().help(&|_| true, Some("ship")).plain();
    assert!(
        text.contains("\nAlso: `put <ref> on <app>`\n<app>: The app: one of webapp, billing\n"),
        "{text}"
    );
    let pack = catalogue().help(&|_| true, Some("net")).plain();
    assert_eq!(pack.lines().count(), 4, "{pack}");
}

#[test]
fn help_stays_short_with_many_commands() {
    let name = |pack: usize, number: usize| {
        (format!("pack{pack}.do{number}"), format!("do{pack} thing{number} <what>"))
    };
    let many = |packs: usize, each: usize| {
        let all = (0..packs).flat_map(|pack| (0..each).map(move |number| name(pack, number)));
        Catalogue::build(all.map(|(id, words)| command(&id, &[&words], vec![])).collect())
            .expect("no collisions")
    };
    let few_packs = many(3, 40);
    let text = few_packs.help(&|_| true, None).plain();
    assert!(text.starts_with("**pack0** – 40 orders; say `help pack0`\n"), "{text}");
    let pack = few_packs.help(&|_| true, Some("pack1")).plain();
    assert_eq!(pack.lines().count(), 25, "{pack}");
    assert!(pack.ends_with("… and 16 more; say `help <word>` to find them"), "{pack}");
    let many_packs = many(60, 2);
    let text = many_packs.help(&|_| true, None).plain();
    assert_eq!(text.lines().count(), 25, "{text}");
    assert!(text.contains("… and 37 more"), "{text}");
}

#[test]
fn what_comes_near_is_bounded() {
    let all =
        (0..1000).map(|number| command(&format!("p.do{number}"), &[&format!("go place{number}")], vec![]));
    let catalogue = Catalogue::build(all.collect()).expect("no collisions");
    let Reading::Unknown { near } = catalogue.read("go", &asked()) else { panic!("known") };
    assert_eq!(near.len(), MAX_NEAR);
    let Reading::Unknown { near } = catalogue.read("go palce7", &asked()) else { panic!("known") };
    assert_eq!(near[0].0, "go place7");
}
