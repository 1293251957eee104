//! `wilco check`: transcripts that come true, transcripts that do not, and packs that do not fit together.

use std::{fs, path::Path};

use wilco_server::{
    check::{Report, check},
    config::Environment,
};

const CONFIG: &str = r#"
[connector.web]
rooms = ["deploys"]

[server.webapp]
url = "http://127.0.0.1:9"

[person.ana]
roles = ["developer"]
[person.ben]
roles = ["developer", "lead"]
[person.cy]

[[grant]]
command = "webapp.*"
to = ["role:developer"]

[[require]]
command = "webapp.ship"
approve = 1
by = "role:lead"
"#;

const PACK: &str = r#"
[pack]
name = "webapp"

[[command]]
id = "ship"
words = ["ship <app>"]
about = "Ship to production"
effect = "write"
lock = "{{ app }}"
examples = ["ship billing"]

[[command.step]]
id = "ship"
uses = "exec.run"
with = { argv = ["true", "{{ app }}"] }

[[command.verify]]
uses = "http.get"
with = { server = "webapp", expect = { contains = "{{ steps.ship.version }}" } }

[[command]]
id = "look"
words = ["look at <app>"]
about = "Look at it"
effect = "read"

[[command.step]]
uses = "http.get"
with = { server = "webapp", path = ["{{ app }}"] }
"#;

/// An ops repo of these files beside [`CONFIG`] and [`PACK`], checked.
fn checked(files: &[(&str, &str)]) -> Report {
    let root = tempfile::tempdir().expect("a folder");
    write(root.path(), "wilco.toml", CONFIG);
    write(root.path(), "packs/webapp/pack.toml", PACK);
    for (name, text) in files {
        write(root.path(), name, text);
    }
    check(root.path(), &Environment::default(), None)
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

/// Each transcript, followed by what is told of it.
fn each(stories: &[&str]) -> String {
    stories
        .iter()
        .map(|story| {
            let report = checked(&[("x.chat", story)]);
            assert!(!report.is_good(), "this came true:\n{story}");
            format!("## {story}\n{report}\n\n")
        })
        .collect()
}

#[test]
fn the_demo_is_good() {
    let report = check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("demo"), &Environment::default(), None);
    // Its source takes events from anybody, so that a line from a shell shows how one comes in.
    let told: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    assert!(
        report.is_good() && told.len() == 1 && told[0].contains("`[source.demo]` takes events"),
        "{report}"
    );
    assert!(!report.transcripts.is_empty(), "the demo has a story");
}

#[test]
fn stories_come_true() {
    let report = checked(&[
        ("packs/webapp/ship.chat", SHIP),
        ("packs/webapp/refused.chat", REFUSED),
        ("packs/webapp/stopped.chat", STOPPED),
        ("unknown.chat", UNKNOWN),
        ("other.toml", "name = 'otto'\npacks = []\n[person.dora]\nroles = ['admin']\n"),
        (
            "other.chat",
            "config: other.toml\ndora in web:ops: otto ping\nwilco: pong\ndora in web:ops: wilco ping\nwilco says nothing\n",
        ),
    ]);
    assert!(report.is_good(), "{report}");
    assert_eq!(report.to_string(), "2 commands in packs, 5 transcripts played, all true.");
}

const SHIP: &str = r#"# One asks, another approves, and it is proved.
plan: exec.run {"argv": ["true", "billing"]} => {"will": ["ship billing"], "inputs": {"sha": "abc"}}
outside: exec.run => {"summary": "shipped", "outputs": {"version": "v2"}}
outside: http.get {"expect": {"contains": "v2"}} => {"summary": "it runs v2"}

ana in web:deploys: wilco ship billing
wilco in web:ops: <op> awaiting approval: ship billing
  - ship billing
  …
wilco: <op> awaiting approval: ship billing
  …
  Plan: <hash>
  …
ana presses approve on <op>
wilco in web:ops: …
  You gave this order, so somebody else has to approve it.
  …
ben in web:ops: wilco approve <op>
wilco edits in web:ops: <op> succeeded: ship billing
  …shipped
  …it runs v2
  …
wilco edits in web:deploys: <op> succeeded…
  …
audit: operation.approved @ben
audit: operation.planned @ana "sha":"abc"

# The next operation, and one that was waiting too long.
ana in web:ops: wilco ship webapp
+59m
wilco says nothing
+2m
wilco edits: <op2> expired: ship webapp
  …
"#;

const REFUSED: &str = r#"
outside: http.get {"path": ["billing"]} => {"text": "all is well"}
cy in web:ops: wilco ship billing
wilco: …may not use `webapp.ship`…
  …
web:stranger in web:ops: wilco look at billing
wilco: …may not use `webapp.look`…
  …
audit: order.refused @cy webapp.ship
cy in web:@cy: look at billing
wilco: all is well
cy in web:ops: wilco, on it
wilco says nothing
outside: http.get => fails "the page does not answer"
cy in web:ops: wilco look at billing
wilco: …The page does not answer…
"#;

const STOPPED: &str = r#"
outside: exec.run => waits
ana in web:ops: wilco ship billing
ben presses approve
ana presses abort
wilco edits: <op> aborted…
  …
# Its time is over by itself.
ana in web:ops: wilco ship billing
ben presses approve
wilco edits: <op2> running…
  …
+11m
wilco edits: <op2> failed…
  …
ana in web:ops: wilco ship billing
ben presses deny on <op3>
wilco edits: <op3> aborted…
  …
"#;

const UNKNOWN: &str = r#"
outside: exec.run => unknown "the line was cut"
ana in web:ops: wilco ship billing
ben presses approve
wilco edits: <op> needs a human…
  …
plan: exec.run => fails "the registry does not answer"
ana in web:ops: wilco ship webapp
wilco: …the registry does not answer…
"#;

#[test]
fn what_does_not_come_true_is_told() {
    insta::assert_snapshot!(each(&[
        "ana in web:ops: wilco ping one\nwilco: pong two\n",
        "ana in web:ops: wilco ping one\nwilco in web:deploys: pong one\n",
        "ana in web:ops: wilco ping\nwilco says nothing\n",
        "ana in web:ops: wilco ping\nwilco: pong\nwilco: pong\n",
        "ana in web:ops: wilco ping\nwilco edits: pong\n",
        "wilco: pong\n",
        "ana in web:ops: wilco ship billing\nwilco edits: <op> succeeded…\n",
        "ana in web:ops: wilco ship billing\nben presses approve\nwilco edits: <op> succeeded…\n",
        "outside: exec.run => {}\nana in web:ops: wilco ship billing\nben presses approve\nwilco edits: <op> succeeded\n",
        "ana presses confirm\n",
        "ana in web:ops: wilco show <op2>\n",
        "ana in web:ops: wilco ship billing\nben presses approve on o-0000\n",
        "anna in web:ops: wilco ping\n",
        "ana in web:opps: wilco ping\n",
        "ana in irc:#ops: wilco ping\n",
        "outside: exec.rnu => {}\n",
        "ana in web:ops: wilco ship billing\naudit: operation.approved @ana\n",
        "ana in web:ops: wilco ship billing\naudit: operation.planned @ben\n",
        "ana in web:ops: wilco look at billing\n",
        "ana says hello\n",
    ]));
}

#[test]
fn a_story_whose_configuration_is_wrong_is_not_played() {
    let report = checked(&[("x.chat", "config: nowhere.toml\nana in web:ops: wilco ping\n")]);
    assert!(!report.is_good() && report.transcripts.is_empty());
    assert!(report.to_string().starts_with("nowhere.toml: there is no file"), "{report}");
}

#[test]
fn packs_that_do_not_fit_together_are_told() {
    let other = |commands: &str| {
        let pack = format!("[pack]\nname = 'other'\n{commands}");
        checked(&[("packs/other/pack.toml", pack.as_str())]).to_string()
    };
    let command = |words: &str, more: &str| {
        other(&format!(
            "[[command]]\nid = 'ship'\nwords = ['{words}']\nabout = 'Ship'\neffect = 'read'\n{more}\n\
             [[command.step]]\nuses = 'http.get'\nwith = {{ server = 'webapp' }}\n"
        ))
    };
    let told = [
        command("ship <thing>", ""),
        command("ping", ""),
        command("sail <thing>", "examples = ['sail', 'ship x', 'sial x', 'sail home']"),
        command("sail <thing>", "home = 'web:dpeloys'"),
        other(
            "[[command]]\nid = 'x'\nwords = ['x']\nabout = 'X'\neffect = 'write'\n[[command.step]]\nuses = 'wilco.lock'\n",
        ),
        other(
            "[[command]]\nid = 'x'\nwords = ['x']\nabout = 'X'\neffect = 'write'\n[[command.step]]\nuses = 'say'\nwith = { to = 'web:ops', txt = 'x' }\n",
        ),
    ];
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn steps_that_ask_wait_or_remember_and_cannot_are_told() {
    let step = |effect: &str, step: &str| {
        let pack = format!(
            "[pack]\nname = 'other'\n[[command]]\nid = 'x'\nwords = ['x <n>']\nabout = 'X'\neffect = '{effect}'\n\
             args.n = {{ type = 'integer' }}\n[[command.step]]\n{step}\n"
        );
        let report = checked(&[("packs/other/pack.toml", pack.as_str())]).to_string();
        format!("{step}\n{report}")
    };
    let ask = "uses = 'ask'\nwith = { question = 'Which?' }";
    let told = [
        step("read", ask),
        step("read", "uses = 'wait'\nwith = { for = '10m' }"),
        step("write", &format!("{ask}\nretry = {{ times = 2 }}\nfor_each = ['a']")),
        step(
            "write",
            "uses = 'say'\nwith = { to = 'web:ops', text = 'x' }\nundo = { uses = 'ask', with = { question = 'Which?' } }",
        ),
        step("write", "uses = 'ask'\nwith = { question = 'Which?', choices = ['a', 'A'] }"),
        step("write", "uses = 'ask'\nwith = { question = 'Which?', choices = ['a'], type = 'word' }"),
        step("write", "uses = 'ask'\nwith = { question = 'Which?', type = 'wrod' }"),
        step("write", "uses = 'ask'\nwith = { question = 'Which?', of = 'token:ci' }"),
        step("write", "uses = 'ask'\nwith = { question = 'Which?', within = '8d', who = '@ana' }"),
        step("write", "uses = 'wait'\nwith = { for = '10 lightyears' }"),
        step("write", "uses = 'wait'\nwith = { for = '8d' }"),
        step("write", "uses = 'wait'\nwith = { for = '1h', until = '2026-01-05T10:00:00Z' }"),
        step("write", "uses = 'wait'\nwith = { until = 'tomorrow' }"),
        step("read", "uses = 'memory.set'\nwith = { key = 'k', value = 1 }"),
        step("read", "uses = 'memory.set'\neffect = 'read'\nwith = { key = 'k', value = 1 }"),
        step("read", "uses = 'memory.add'\neffect = 'read'\nwith = { key = 'k', mine = true }"),
        step("write", "uses = 'memory.add'\nwith = { key = 'k', by = 'two', pack = 'webapp' }"),
    ];
    insta::assert_snapshot!(told.join("\n\n"));
    let nobody = step("write", "uses = 'ask'\nwith = { question = 'Which?', of = 'role:laed' }");
    assert!(nobody.contains("the step `ask` asks `role:laed`, and there is nobody who is that"), "{nobody}");
    let fine = [
        step("write", "uses = 'memory.add'\nwith = { key = 'k', by = '{{ n }}', for = '{{ n }}' }"),
        step(
            "read",
            "uses = 'memory.set'\neffect = 'read'\nwith = { key = 'k', value = '{{ n }}', mine = true }",
        ),
        step(
            "write",
            "uses = 'ask'\nwith = { question = 'Which of {{ n }}?', choices = ['a', 'b'], of = '@ana' }",
        ),
    ];
    for told in fine {
        assert!(!told.contains("error") && !told.contains("there is nobody who is that"), "{told}");
    }
}

#[test]
fn listeners_that_no_connector_sets_off_are_told_and_the_rest_goes_on() {
    let listener = |on: &str, more: &str| {
        let pack =
            format!("[pack]\nname = 'other'\n[[listener]]\nid = 'l'\non = '{on}'\nsay = 'x'\n{more}\n");
        let report = checked(&[("packs/other/pack.toml", pack.as_str())]);
        assert!(report.is_good(), "{report}");
        report.to_string()
    };
    for on in ["join", "leave"] {
        let told = listener(on, "rooms = ['web:ops']");
        assert!(!told.contains("nothing sets it off"), "{told}");
    }
    for (on, what) in [("topic", "topics"), ("reaction", "signs on messages")] {
        let told = listener(on, "");
        let text = format!(
            "the listener `other.l` waits for {what}, and nothing sets it off: `web` does not tell of them"
        );
        assert!(told.contains(&text) && told.contains("pack.toml:3:1"), "{told}");
    }
}

#[test]
fn choices_that_no_read_tells_are_told() {
    let pack = |run: &str| {
        let choices = format!("args.app = {{ choices = {{ run = '{run}' }} }}\nexamples = ['ship x']");
        PACK.replace("examples = [\"ship billing\"]", &choices)
    };
    let told = |run: &str| checked(&[("packs/webapp/pack.toml", &pack(run))]).to_string();
    assert!(told("look at apps").starts_with("2 commands in packs"), "{}", told("look at apps"));
    for run in ["ship x", "look", "lok at apps"] {
        let told = told(run);
        let what = format!("the choices of `app` come from `{run}`, which is no order that only reads");
        assert!(told.contains(&what) && told.contains("pack.toml:5:1"), "{told}");
    }
}

#[test]
fn routes_and_rules_that_do_not_fit_are_told() {
    let config = "[[route]]\nto = ['web:opps', 'irc:#x', 'web:@ana']\n\
                  [[grant]]\ncommand = 'webapp.ship'\nto = ['rule:restrat', 'rule:ship']\n";
    let rule = |name: &str, run: &str| format!("[[rule]]\nname = '{name}'\nwhen = 'true'\nrun = '{run}'\n");
    let orders = [
        ("restart", "wilco ping"),
        ("ship", "ship {{ event.labels.app }}"),
        ("ship", "{{ event.title }}"),
        ("one", "shpi {{ event.title }}"),
        ("two", "ship"),
        ("three", "ping {% if event.title %}{{ event.title }}{% endif %}"),
    ];
    let pack: String = orders.iter().map(|(name, run)| rule(name, run)).collect();
    let pack = format!("[pack]\nname = 'other'\n{pack}\n[[route]]\nto = ['web:nowhere']\n");
    let report =
        checked(&[("wilco.toml", &format!("{CONFIG}{config}")), ("packs/other/pack.toml", pack.as_str())]);
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn a_folder_without_a_configuration() {
    let root = tempfile::tempdir().expect("a folder");
    let report = check(root.path(), &Environment::default(), None);
    assert!(!report.is_good());
    assert!(report.to_string().starts_with("wilco.toml: there is no file"), "{report}");
}
