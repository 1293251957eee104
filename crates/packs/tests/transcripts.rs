//! Transcripts, right and wrong.

use serde_json::json;
use wilco_contract::{
    ids::{Place, SourceName},
    reply::PressKind,
};
use wilco_packs::transcript::{Act, Ends, Sent, Speaker, Statement, What, parse};

const STORY: &str = r#"# A release, by two people.
config: other.toml

plan: exec.run {"argv": ["./release"]} => {"will": ["ship v2"], "inputs": {"sha": "abc"}}
outside: exec.run {
    "argv": ["./release"]
  } => {"summary": "shipped", "outputs": {"version": "v2"}}
outside: http.get => fails "the service does not answer"
outside: exec.run {} => unknown "it was cut off"
outside: exec.run => waits

ana in web:ops: wilco release webapp
web:stranger in web:ops:
  wilco release
    webapp
wilco: <op> awaiting approval: release webapp
  …

  Say `approve <op>`.
wilco in web:@ana: a word
ben presses approve on <op>
wilco edits: <op> succeeded…
wilco edits in web:ops: x
ana presses abort
+6m
wilco says nothing
audit: operation.approved @ben web:ben in time
audit: operation.moved wilco
"#;

#[test]
fn a_story_is_read() {
    let story = parse("packs/webapp/release.chat", STORY).expect("right");
    assert_eq!(story.config.as_deref(), Some("other.toml"));
    let lines: Vec<_> = story.statements.iter().map(|statement| statement.line).collect();
    assert_eq!(lines, [4, 5, 8, 9, 10, 12, 13, 16, 20, 21, 22, 23, 24, 25, 26, 27, 28]);
    let what = |at: usize| &story.statements[at].what;
    assert!(
        matches!(what(0), What::Plans { plan: Ok(plan), .. } if plan.will == ["ship v2"] && plan.targets.is_empty())
    );
    assert!(matches!(what(1), What::Outside { args, ends: Ends::Done(outcome), .. }
        if *args == json!({"argv": ["./release"]}) && outcome.outputs == json!({"version": "v2"})));
    assert!(matches!(what(2), What::Outside { args, ends: Ends::Fails(_), .. } if *args == json!({})));
    assert!(matches!(what(3), What::Outside { ends: Ends::Unknown(_), .. }));
    assert!(matches!(what(4), What::Outside { ends: Ends::Waits, .. }));
    assert!(matches!(what(5), What::Says { who: Speaker::Person(ana), place, text, reply: false }
        if ana.as_str() == "ana" && place.as_str() == "web:ops" && text == "wilco release webapp"));
    assert!(
        matches!(what(6), What::Says { who: Speaker::Account(_), text, .. } if text == "wilco release\n  webapp")
    );
    assert!(matches!(what(7), What::Expects { place: None, text }
        if text == "<op> awaiting approval: release webapp\n…\n\nSay `approve <op>`."));
    assert!(matches!(what(8), What::Expects { place: Some(place), .. } if place.as_str() == "web:@ana"));
    assert!(matches!(what(9), What::Presses { press: PressKind::Approve, on: Some(on), .. } if on == "<op>"));
    assert!(matches!(what(10), What::ExpectsEdit { place: None, text } if text == "<op> succeeded…"));
    assert!(matches!(what(12), What::Presses { press: PressKind::Abort, on: None, .. }));
    assert_eq!(what(13), &What::Clock { seconds: 360 });
    assert_eq!(what(14), &What::ExpectsNothing);
    assert!(matches!(what(15), What::Audit { kind, who, contains: Some(text) }
        if kind == "operation.approved" && who == "@ben" && text == "web:ben in time"));
    let last = Statement {
        line: 28,
        what: What::Audit { kind: "operation.moved".into(), who: "wilco".into(), contains: None },
    };
    assert_eq!(story.statements.last(), Some(&last));
}

#[test]
fn what_people_do_beside_saying_something_is_read() {
    let text = "\
ana joins web:ops
web:stranger leaves web:@ana
ana sets the topic in web:ops:
  the release
  of v2
ana reacts 👍
ana reacts 👀 on <op2>
ana edits: wilco ship webapp
ana in web:ops: ben joins web:ops and ana edits: nothing
ana sets the topic in web:ops:
";
    let story = parse("a.chat", text).expect("right");
    let acts: Vec<_> = story
        .statements
        .iter()
        .filter_map(|statement| match &statement.what {
            What::Does { act, .. } => Some(act.clone()),
            _ => None,
        })
        .collect();
    let place = |text: &str| Place::parse(text).expect("a place");
    assert_eq!(
        acts,
        [
            Act::Joins(place("web:ops")),
            Act::Leaves(place("web:@ana")),
            Act::Topic { place: place("web:ops"), text: "the release\nof v2".into() },
            Act::Reacts { sign: "👍".into(), on: None },
            Act::Reacts { sign: "👀".into(), on: Some("<op2>".into()) },
            Act::Edits("wilco ship webapp".into()),
            Act::Topic { place: place("web:ops"), text: String::new() },
        ]
    );
    assert!(matches!(&story.statements[6].what, What::Says { text, .. } if text.starts_with("ben joins")));
}

#[test]
fn every_wrong_statement_is_told() {
    let text = r#"  too early
ana says hello
ana in web:ops wilco ping
ana in ops: wilco ping
ana in web:ops:
Ana in web:ops: wilco ping
ana presses aprove
wilco answers: pong
ana joins ops
ana reacts 👍 👀
ana edits:
ana sets the topic in web:ops
wilco:
 one space
+soon
  +6m
outsied: exec.run => {}
outside: exec.run {"argv": [} => {}
outside: exec.run {
  "argv": ["x"]
  "dir": "y"
  } => {}
outside: exec.run {}
outside: exec.run {} => fails
outside: exec.run {} => {"sumary": "x"}
outside: exec.run {} => {} {}
outside: run {} => {}
plan: exec.run {} => waits
audit: operation.approved
github sends
github sends push
github sends push: {"a": }
github sends push: {} {}
github sends pull request: {}
github sends push from
Git Hub sends push: {}
GitHub sends push: {}
# a comment
  that goes on
config: late.toml
"#;
    let problems = parse("x.chat", text).expect_err("wrong");
    let told: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    insta::assert_snapshot!(told);
}

#[test]
fn what_a_source_sends_is_read() {
    let text = r#"github sends pull_request: {"action": "opened",
    "number": 8}
alertmanager sends:
  {"alerts": []}
github sends push from payloads/push one.json
sensor sends from reading.json
ana in web:ops: wilco note ben sends push: {}
"#;
    let story = parse("x.chat", text).expect("right");
    let sent = |source: &str, kind: Option<&str>, body: Sent| What::Sends {
        source: SourceName::parse(source).expect("a source"),
        kind: kind.map(str::to_owned),
        body,
    };
    let whats: Vec<_> = story.statements.iter().map(|statement| &statement.what).collect();
    assert_eq!(
        whats[0],
        &sent("github", Some("pull_request"), Sent::Json(json!({"action": "opened", "number": 8})))
    );
    assert_eq!(whats[1], &sent("alertmanager", None, Sent::Json(json!({"alerts": []}))));
    assert_eq!(whats[2], &sent("github", Some("push"), Sent::File("payloads/push one.json".into())));
    assert_eq!(whats[3], &sent("sensor", None, Sent::File("reading.json".into())));
    assert!(matches!(whats[4], What::Says { text, .. } if text == "wilco note ben sends push: {}"));
}

#[test]
fn whatever_is_missing_is_told_and_nothing_breaks() {
    for end in (0..STORY.len()).filter(|end| STORY.is_char_boundary(*end)) {
        for problem in parse("x.chat", &STORY[..end]).err().unwrap_or_default() {
            assert!(problem.line > 0 && problem.column > 0 && !problem.remedy.is_empty(), "{problem}");
        }
        let rest = &STORY[end..];
        // From the middle of a line on, most of it is no statement; what matters is that it is told.
        let _ = parse("x.chat", rest);
    }
}
