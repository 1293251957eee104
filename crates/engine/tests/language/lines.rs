//! What people type, and what it means: a table.

use wilco_contract::input::MAX_TEXT;
use wilco_engine::{
    catalogue::Reading,
    parse::{Addressed, Names, read_line},
};

use crate::sample::{asked, catalogue, show};

/// What the tests call us.
pub(crate) fn names() -> Names {
    Names { name: "wilco".into(), aliases: vec!["hubot".into()], prefixes: vec![".".into()] }
}

/// What a text in a room means; `-` where it is not said to us.
pub(crate) fn said(text: &str) -> String {
    match read_line(text, &names(), false) {
        Addressed::NotToUs => "-".to_owned(),
        Addressed::ToUs(line) => show(&catalogue().read(&line, &asked())),
    }
}

fn check(table: &[(&str, &str)]) {
    let wrong: Vec<_> = table
        .iter()
        .map(|(text, expected)| (text, said(text), expected))
        .filter(|(_, said, expected)| said != *expected)
        .map(|(text, said, expected)| format!("{text:?}\n   means    {said}\n   expected {expected}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn orders_are_addressed_and_matched() {
    check(&[
        ("wilco ping", "core.ping"),
        ("WILCO PING", "core.ping"),
        ("@wilco ping abc", "core.ping token=\"abc\""),
        ("wilco: ping", "core.ping"),
        ("hubot, ping", "core.ping"),
        (".ping", "core.ping"),
        ("ping", "-"),
        ("wilco", "empty"),
        ("wilco ship webapp v1", "web.ship app=\"webapp\" ref=\"v1\""),
        ("wilco Ship WEBAPP at v1", "web.ship app=\"webapp\" ref=\"v1\""),
        ("wilco ship webapp at at", "web.ship app=\"webapp\" ref=\"at\""),
        ("wilco ship webapp at", "web.ship app=\"webapp\" ref=\"at\""),
        ("wilco release webapp", "web.release"),
        ("wilco logs api", "web.logs app=\"api\" span=600 lines=100"),
        ("wilco logs api errors last 15m", "web.logs app=\"api\" span=900 lines=100"),
        ("wilco logs api last 1h30m", "web.logs app=\"api\" span=5400 lines=100"),
        ("wilco stage api", "web.stage app=\"api\""),
        ("wilco stage api/feature/x", "web.stage app=\"api\" ref=\"feature/x\""),
        ("wilco stage api to prod", "web.stage app=\"api\" env=\"prod\""),
        ("wilco stage api/v2 to prod", "web.stage app=\"api\" ref=\"v2\" env=\"prod\""),
        ("wilco move 7 to db-2", "shard.move shard=7 server=\"db-2\""),
        ("wilco turn on scrubber", "net.turn what=\"scrubber\""),
        ("wilco turn up again scrubber", "net.turn what=\"scrubber\""),
        ("wilco 状态 支付", "cn.status app=\"支付\""),
        ("wilco announce #ops", "core.announce room=\"irc:#ops\""),
        ("wilco announce web:ops", "core.announce room=\"web:ops\""),
        ("wilco page @Ana", "core.page who=\"ana\""),
    ]);
}

#[test]
fn flags_and_names_may_stand_for_places() {
    check(&[
        ("wilco ship --app webapp --ref v1", "web.ship app=\"webapp\" ref=\"v1\""),
        ("wilco ship --app=webapp v1", "web.ship app=\"webapp\" ref=\"v1\""),
        ("wilco ship v1 --app webapp", "web.ship app=\"webapp\" ref=\"v1\""),
        ("wilco ship webapp ref=v1", "web.ship app=\"webapp\" ref=\"v1\""),
        ("wilco ship webapp at ref=\"v1\"", "web.ship app=\"webapp\" ref=\"v1\""),
        ("wilco --APP webapp ship v1", "web.ship app=\"webapp\" ref=\"v1\""),
        ("wilco logs api --lines 5", "web.logs app=\"api\" span=600 lines=5"),
        ("wilco logs api --span 10m last", "web.logs app=\"api\" span=600 lines=100"),
        ("wilco logs api --follow", "web.logs app=\"api\" span=600 lines=100 follow=true"),
        ("wilco logs --follow api", "web.logs app=\"api\" span=600 lines=100 follow=true"),
        ("wilco logs --follow no api", "web.logs app=\"api\" span=600 lines=100 follow=false"),
        ("wilco logs -- --follow", "web.logs app=\"--follow\" span=600 lines=100"),
        ("wilco logs -- lines=5", "web.logs app=\"lines=5\" span=600 lines=100"),
        ("wilco logs \"lines=5\"", "web.logs app=\"lines=5\" span=600 lines=100"),
        ("wilco logs x=5", "web.logs app=\"x=5\" span=600 lines=100"),
        ("wilco stage api --ref v2", "web.stage app=\"api\" ref=\"v2\""),
        ("wilco release webapp --dry-run", "web.release --dry-run"),
        ("wilco plan release webapp", "web.release --dry-run"),
        ("wilco PLAN release webapp --force", "web.release --dry-run --force"),
        ("wilco release --dry_run webapp --alone --json", "web.release --dry-run --alone --json"),
        ("wilco release webapp --because \"it is Friday\"", "web.release --because \"it is Friday\""),
        ("wilco release webapp --because=friday", "web.release --because \"friday\""),
        ("wilco release webapp --help", "help web.release"),
        ("wilco ship --help", "help web.ship"),
        ("wilco --help", "help"),
    ]);
}

#[test]
fn phones_and_keyboards_are_undone() {
    check(&[
        ("wilco release webapp —dry-run", "web.release --dry-run"),
        ("wilco release webapp –because “it is Friday”", "web.release --because \"it is Friday\""),
        ("wilco release webapp.", "web.release"),
        ("wilco logs ‘my app’", "web.logs app=\"my app\" span=600 lines=100"),
        ("wilco\u{a0}release\u{202f}webapp", "web.release"),
        ("wilco　ｒｅｌｅａｓｅ　ｗｅｂａｐｐ", "web.release"),
        ("wilco，状态 支付。", "cn.status app=\"支付\""),
        ("wilco：状态　支付", "cn.status app=\"支付\""),
        ("wilco logs api lines＝５", "web.logs app=\"api\" span=600 lines=5"),
        ("`wilco release webapp`", "web.release"),
        ("wilco `release webapp`", "web.release"),
        ("wilco stage api／v2", "web.stage app=\"api\" ref=\"v2\""),
        ("wilco ship webapp v1.2.", "web.ship app=\"webapp\" ref=\"v1.2\""),
        ("\u{202b}wilco سجل webapp\u{202c}", "rtl.logs app=\"webapp\""),
        ("\u{200f}wilco\u{200f} سجل \u{200f}מערכת", "rtl.logs app=\"מערכת\""),
        ("wilco rele\u{200b}ase web\u{ad}app", "web.release"),
        ("\u{1b}[1mwilco release webapp\u{1b}[0m", "web.release"),
        ("wilco get <https://a.example/x?a=1&amp;b=2>", "net.get url=\"https://a.example/x?a=1&b=2\""),
        (
            "wilco get <http://a.example|a.example>",
            "! net.get: `url`: `a.example` is not an address that starts with `https://` or `http://`",
        ),
        ("wilco release\r\n\twebapp", "web.release"),
    ]);
}

#[test]
fn what_takes_all_that_is_left_stays_as_it_was_typed() {
    check(&[
        ("wilco say hello  there", "core.say text=\"hello  there\""),
        ("wilco say “Don’t”  --force, please.", "core.say text=\"“Don’t”  --force, please.\""),
        ("wilco say 你好，世界。", "core.say text=\"你好，世界。\""),
        ("wilco say it's 5\" wide", "core.say text=\"it's 5\\\" wide\""),
        ("wilco say a\nb", "core.say text=\"a\\nb\""),
        ("wilco say 'tis fine", "core.say text=\"'tis fine\""),
        ("wilco say --dry-run hello --force", "core.say text=\"hello --force\" --dry-run"),
        ("wilco say -- --force", "core.say text=\"--force\""),
        ("wilco say --text \"a  b\"", "core.say text=\"a  b\""),
        ("wilco say a | b > c", "core.say text=\"a | b > c\""),
        ("wilco say", "? core.say lacks text: say <text...>"),
        ("wilco call api {\"a\": [\"b c\", 1]}", "net.call body={\"a\":[\"b c\",1]} server=\"api\""),
    ]);
}

#[test]
fn what_does_not_fit_is_said() {
    check(&[
        ("wilco ship webapp", "? web.ship lacks ref: ship <app> [at] <ref>"),
        ("wilco ship", "? web.ship lacks app, ref: ship <app> [at] <ref>"),
        ("wilco ship --ref v1", "? web.ship lacks app: ship <app> [at] <ref>"),
        ("wilco move 7", "? shard.move lacks server: move <shard> to <server>"),
        ("wilco ship shop v1", "! web.ship: `app`: `shop` is not one of webapp, billing"),
        ("wilco ship it", "! web.ship: `app`: `it` is not one of webapp, billing"),
        (
            "wilco ship webapp --upload-pack=x",
            "! web.ship: `web.ship` has no flag `--upload-pack`; it has `--app`, `--ref`",
        ),
        ("wilco ship webapp v1 --ap x", "! web.ship: `web.ship` has no flag `--ap`; the nearest is `--app`"),
        ("wilco logs api --line 5", "! web.logs: `web.logs` has no flag `--line`; the nearest is `--lines`"),
        (
            "wilco release webapp --dryrun",
            "! web.release: `web.release` has no flag `--dryrun`; the nearest is `--dry-run`",
        ),
        (
            "wilco release webapp --now",
            "! web.release: `web.release` has no flag `--now`; it has none of its own",
        ),
        ("wilco ship webapp v1 --app billing", "! web.ship: `app` is given twice"),
        ("wilco ship --app webapp --app billing v1", "! web.ship: `app` is given twice"),
        ("wilco ship webapp --ref", "! web.ship: `--ref` needs a value behind it: a commit, tag or branch"),
        (
            "wilco release webapp --because",
            "! web.release: `--because` needs a reason behind it, in quotes: `--because \"…\"`",
        ),
        ("wilco release webapp --force=yes", "! web.release: `--force` takes no value, but was given `yes`"),
        (
            "wilco ship webapp \"v1",
            "! web.ship: the quote that opens at character 13, before `v1`, is never closed",
        ),
        (
            "wilco ship webapp “v1",
            "! web.ship: the quote that opens at character 13, before `v1`, is never closed",
        ),
        ("wilco stage api/", "! web.stage: `api/` needs something on both sides of `/`"),
        ("wilco move seven to db", "! shard.move: `shard`: `seven` is not a whole number"),
        (
            "wilco logs api last soon",
            "! web.logs: `span`: `soon` is not a span of time such as `90s`, `2h` or `1h30m`",
        ),
        ("wilco plan", "! `plan` shows what an order would do, and needs the order behind it"),
        ("wilco call api {\"a\": 1", "! net.call: `body`: `{\"a\": 1` is not JSON"),
    ]);
}

#[test]
fn what_comes_near_is_named_and_chatter_is_left_alone() {
    check(&[
        ("wilco relase webapp", "near release webapp"),
        ("wilco release webap", "near release webapp"),
        ("wilco release", "near release webapp"),
        ("wilco release webapp now", "near release webapp"),
        ("wilco pign", "near ping [<token>]"),
        ("wilco logs", "? web.logs lacks app: logs <app> [errors] [last <span>]"),
        ("wilco stauts webapp", "near status [<app>]"),
        ("wilco status looks good to me", "near status [<app>]"),
        ("wilco turn op scrubber", "near turn (on|up again) <what>"),
        ("wilco, on it", "near "),
        ("wilco, thanks", "near "),
        ("wilco, hello", "near "),
        ("wilco is great", "near "),
        ("wilco 👍", "near "),
        ("wilco, don't \"do that", "near "),
        ("wilco \"ping\"", "near "),
        ("wilco --force", "near "),
        ("wilco plan is to go home", "near "),
        ("wilco 7", "near "),
        ("wilco / | > <", "near "),
    ]);
}

#[test]
fn long_and_hostile_lines_are_read_at_once() {
    let long = "x".repeat(MAX_TEXT + 1);
    let Reading::Malformed { what, .. } = catalogue().read(&long, &asked()) else { panic!("too long") };
    assert!(what.contains("at most 65536 bytes"), "{what}");
    // Time in proportion to the line: each of these would take minutes otherwise.
    let head = "wilco logs api ";
    for piece in [
        "--app ",
        "--x ",
        "app=1 ",
        "lines=1 ",
        "\"",
        "' ",
        "“ ",
        "\\\" ",
        "&amp;",
        "<http://",
        "<http://a|",
        "\u{1b}[",
        "-- ",
        "api ",
        "—",
        "friday ",
        "18:00 ",
        "2 h ",
        "1h30m ",
        "--at friday ",
        "--span 2 ",
        "at=1 ",
        "in ",
        "@me ",
        "&gt; | ",
        "| first 1 ",
        "| wherr ",
        "| where a > ",
        "> #ops ",
        "( | sort a ",
    ] {
        let text = format!("{head}{}", piece.repeat((MAX_TEXT - head.len()) / piece.len()));
        assert_ne!(said(&text), "-", "{piece}");
        for other in [
            "wilco say ",
            "wilco remind ",
            "wilco freeze until ",
            "wilco keep ",
            "wilco page ",
            "wilco find ",
            "wilco ",
        ] {
            assert_ne!(said(&text.replace(head, other)), "-", "{other}{piece}");
        }
    }
}
