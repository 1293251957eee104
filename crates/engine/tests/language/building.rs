//! Building a catalogue: which pattern goes first, what collides, what is declared.

use serde_json::json;
use wilco_contract::{
    ids::CommandId,
    values::{ArgType, Args},
};
use wilco_engine::catalogue::{Catalogue, Collision, Reading, Reserved};

use crate::sample::{arg, asked, catalogue, command, default, optional, show};

#[test]
fn the_more_specific_pattern_is_meant() {
    let catalogue = Catalogue::build(vec![
        command("d.now", &["deploy now"], vec![]),
        command(
            "d.env",
            &["deploy <env>"],
            vec![arg("env", ArgType::Choice(vec!["prod".into(), "now".into()]))],
        ),
        command("d.app", &["deploy <app>"], vec![]),
        command("d.two", &["deploy <app> <count>"], vec![arg("count", ArgType::Integer)]),
        command("d.rest", &["deploy <text...>"], vec![]),
    ])
    .expect("no collisions");
    let read = |line: &str| show(&catalogue.read(line, &asked()));
    assert_eq!(read("deploy now"), "d.now");
    assert_eq!(read("deploy PROD"), "d.env env=\"prod\"");
    assert_eq!(read("deploy api"), "d.app app=\"api\"");
    assert_eq!(read("deploy \"now\""), "d.env env=\"now\"");
    assert_eq!(read("deploy api 3"), "d.two count=3 app=\"api\"");
    // A whole order that reads goes before one whose values do not fit.
    assert_eq!(read("deploy api now"), "d.rest text=\"api now\"");
    assert_eq!(read("deploy a b c"), "d.rest text=\"a b c\"");
    // Two that lack as much are both named.
    assert_eq!(read("deploy"), "near deploy <app>, deploy <env>");
    // Only flags can still mean two commands, and then nothing is guessed.
    let two = Catalogue::build(vec![
        command("a.logs", &["logs"], vec![optional("app", ArgType::Word)]),
        command("b.logs", &["logs <app>"], vec![]),
    ])
    .expect("no collisions");
    let Reading::Malformed { command: None, what, .. } = two.read("logs --app x", &asked()) else {
        panic!("not ambiguous")
    };
    assert!(what.contains("`a.logs`") && what.contains("`b.logs`"), "{what}");
}

#[test]
fn patterns_that_tie_are_refused_with_both_places() {
    let refused = |commands| -> Vec<String> {
        let collisions = Catalogue::build(commands).expect_err("a collision");
        collisions.iter().map(Collision::to_string).collect()
    };
    assert_eq!(
        refused(vec![command("a.one", &["logs <app>"], vec![]), command("b.two", &["Logs <host>"], vec![])]),
        [
            "`logs <app>` (`a.one`, packs/a.one/pack.toml:7) and `Logs <host>` (`b.two`, packs/b.two/pack.toml:7) could \
          mean the same line: change the words of one of them"
        ]
    );
    let choice = |words: &[&str]| ArgType::Choice(words.iter().map(|&word| word.to_owned()).collect());
    let ties = [
        ("logs", "logs [<app>]", vec![], vec![]),
        ("logs <app>", "logs <app>[/<ref>]", vec![], vec![]),
        ("logs [all] <app>", "logs all <other>", vec![], vec![]),
        ("say <text...>", "say <words...>", vec![], vec![]),
        ("turn (on|off)", "turn off", vec![], vec![]),
        ("logs <app>", "logs <n>", vec![], vec![arg("n", ArgType::Integer)]),
        ("go <a>", "go <b>", vec![arg("a", choice(&["x", "y"]))], vec![arg("b", choice(&["Y", "z"]))]),
        ("go <a>", "go", vec![default("a", ArgType::Word, json!("x"))], vec![]),
    ];
    for (one, other, of_one, of_other) in ties {
        let found = refused(vec![command("a.one", &[one], of_one), command("b.two", &[other], of_other)]);
        assert_eq!(found.len(), 1, "{one} / {other}: {found:?}");
    }
    assert_eq!(refused(vec![command("a.one", &["go <a>", "go <b>"], vec![])]).len(), 1);
    assert_eq!(
        refused(vec![command("a.one", &["x"], vec![]), command("a.one", &["y"], vec![])]),
        [
            "two commands are called `a.one`, at packs/a.one/pack.toml:7 and at packs/a.one/pack.toml:7: rename one of them"
        ]
    );
    let reserved = refused(vec![command("a.one", &["x"], vec![arg("dry_run", ArgType::Bool)])]);
    assert!(reserved[0].contains("`dry_run`, which is a flag of every order"), "{reserved:?}");
}

#[test]
fn patterns_that_some_token_tells_apart_are_kept() {
    let choice = |words: &[&str]| ArgType::Choice(words.iter().map(|&word| word.to_owned()).collect());
    let kept = Catalogue::build(vec![
        command("a.one", &["go <a>"], vec![arg("a", choice(&["x", "y"]))]),
        command("b.two", &["go <b>"], vec![arg("b", choice(&["z"]))]),
        command("c.three", &["go <c>", "go [<c>] slowly", "go [please] [please] slowly"], vec![]),
        command("d.four", &["go <text...>"], vec![]),
        command("e.five", &["plan <what>"], vec![]),
    ])
    .expect("no collisions");
    let read = |line: &str| show(&kept.read(line, &asked()));
    assert_eq!(read("go z"), "b.two b=\"z\"");
    assert_eq!(read("go there"), "c.three c=\"there\"");
    assert_eq!(read("go slowly"), "c.three");
    assert_eq!(read("plan holidays"), "e.five what=\"holidays\"");
}

#[test]
fn what_only_a_pattern_names_is_declared() {
    let catalogue = catalogue();
    let args = |id: &str| -> Vec<String> {
        let command = catalogue.command(&CommandId::parse(id).expect("an id")).expect("it is there");
        let args = command.spec.args.iter();
        args.map(|arg| format!("{}{}: {}", arg.name, if arg.required { "" } else { "?" }, arg.kind)).collect()
    };
    assert_eq!(args("core.ping"), ["token?: a word"]);
    assert_eq!(args("core.say"), ["text: a text"]);
    assert_eq!(args("web.stage"), ["app: a word", "ref?: a word", "env?: a word"]);
    assert_eq!(args("net.call"), ["body: JSON", "server: a word"]);
    let ids: Vec<_> = catalogue.commands().iter().map(|command| command.spec.id.as_str()).collect();
    assert!(ids.is_sorted());
}

#[test]
fn the_digest_changes_with_what_a_command_does() {
    let digest = |about: &str| {
        let mut one = command("a.one", &["x"], vec![]);
        one.spec.about = about.to_owned();
        Catalogue::build(vec![one, command("b.two", &["y"], vec![])]).expect("no collisions").digest()
    };
    assert_eq!(digest("same"), digest("same"));
    assert_ne!(digest("same"), digest("other"));
}

#[test]
fn programs_give_values_instead_of_words() {
    let order = |id: &str, args: serde_json::Value| {
        let args: Args = serde_json::from_value(args).expect("an object");
        show(&catalogue().order(&CommandId::parse(id).expect("an id"), &args, Reserved::default(), &asked()))
    };
    assert_eq!(
        order("web.ship", json!({"ref": "v1", "app": "Webapp"})),
        "web.ship app=\"webapp\" ref=\"v1\""
    );
    assert_eq!(
        order("web.logs", json!({"app": "api", "span": "2h", "lines": 5, "follow": true})),
        "web.logs app=\"api\" span=7200 lines=5 follow=true"
    );
    assert_eq!(
        order("web.logs", json!({"app": "api", "span": 90, "lines": null})),
        "web.logs app=\"api\" span=90 lines=100"
    );
    assert_eq!(
        order("net.call", json!({"server": "api", "body": "x"})),
        "net.call body=\"x\" server=\"api\""
    );
    assert_eq!(order("core.announce", json!({"room": "#ops"})), "core.announce room=\"irc:#ops\"");
    assert_eq!(order("web.ship", json!({"app": "webapp"})), "? web.ship lacks ref: ship <app> [at] <ref>");
    assert_eq!(
        order("web.ship", json!({"app": "webapp", "reff": "v1"})),
        "! web.ship: `web.ship` has no argument `reff`; the nearest is `ref`"
    );
    assert_eq!(order("web.logs", json!({"app": ["api"]})), "! web.logs: `app`: `[\"api\"]` is not a word");
    assert_eq!(
        order("web.logs", json!({"app": "api", "lines": 1.5})),
        "! web.logs: `lines`: `1.5` is not a whole number"
    );
    assert_eq!(order("web.none", json!({})), "near ");
}
