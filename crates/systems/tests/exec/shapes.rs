//! What programs are given and what their words become: input, limits, answers, plans, the guard on a terminal.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};
use wilco_contract::{action::ActionError, reply::Field};
use wilco_testkit::fakes;

use super::{
    Test,
    bench::{Bench, block, lives, program, shell, with},
};

pub(crate) const TESTS: &[Test] = &[
    ("a_program_is_told_about_its_run", a_program_is_told_about_its_run),
    ("a_step_may_say_what_is_read", a_step_may_say_what_is_read),
    ("limits_and_environment_are_laid_on", limits_and_environment_are_laid_on),
    ("an_answer_may_be_json", an_answer_may_be_json),
    ("the_folder_of_a_read_goes_with_it", the_folder_of_a_read_goes_with_it),
    ("a_plan_program_makes_the_plan", a_plan_program_makes_the_plan),
    ("a_bad_plan_program_is_explained", a_bad_plan_program_is_explained),
    ("without_a_plan_program_the_command_is_the_plan", without_a_plan_program_the_command_is_the_plan),
    ("the_guard_runs_on_a_terminal_too", the_guard_runs_on_a_terminal_too),
];

fn a_program_is_told_about_its_run() {
    block(async {
        let bench = Bench::new();
        let step = json!({ "argv": ["cat"], "args": { "app": "web" } });
        let mut intent = fakes::intent("exec.run", step);
        intent.plan.targets = vec!["web/production".into()];
        intent.plan.inputs.insert("revision".into(), "ab".into());
        let outcome = bench.run_as(intent, bench.tools()).await.expect("a good end");
        let told: Value = serde_json::from_str(&outcome.text.expect("a text")).expect("JSON");
        let expected = json!({
            "version": 1, "phase": "run", "args": { "app": "web" }, "operation": "d-7F3K", "step": "build",
            "key": "d-7F3K.build.1", "attempt": 1, "asker": "operator", "place": "web:ops",
            "plan": { "targets": ["web/production"], "inputs": { "revision": "ab" } },
        });
        assert_eq!(told, expected);
    });
}

fn a_step_may_say_what_is_read() {
    block(async {
        let bench = Bench::new();
        let outcome = bench.run(json!({ "argv": ["cat"], "stdin": ["é", 1] })).await.expect("a good end");
        assert_eq!(outcome.text.as_deref(), Some(r#"["é",1]"#));
    });
}

fn limits_and_environment_are_laid_on() {
    block(async {
        let bench = Bench::new();
        let line = "ulimit -c; ulimit -n; grep NoNewPrivs /proc/self/status; env | cut -d= -f1 | sort | tr '\\n' ' '";
        let step = with(shell(line), json!({ "env": { "ZONE": "a b" } }));
        let text = bench.run(step).await.expect("a good end").text.expect("a text");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[..3], ["0", "1024", "NoNewPrivs:\t1"]);
        // A shell sets some of its own.
        let known = ["PATH", "HOME", "LANG", "TZ", "ZONE", "PWD", "OLDPWD", "SHLVL", "_"];
        assert!(lines[3].split(' ').all(|name| known.contains(&name)), "{}", lines[3]);
        assert!(lines[3].contains("ZONE"));
    });
}

fn an_answer_may_be_json() {
    block(async {
        let json_step = |line: &str| with(shell(line), json!({ "output": "json" }));
        let good = r#"echo working; echo '{"summary":"staged","outputs":{"revision":"ab"}}'"#;
        let outcome = Bench::new().run(json_step(good)).await.expect("a good end");
        assert_eq!(
            (outcome.summary.as_deref(), &outcome.outputs["revision"]),
            (Some("staged"), &json!("ab"))
        );
        let error = Bench::new().run(json_step("echo staged")).await.expect_err("no JSON").to_string();
        assert!(error.contains("what it does is done, but its answer cannot be used"), "{error}");
    });
}

fn the_folder_of_a_read_goes_with_it() {
    block(async {
        let bench = Bench::new();
        let mut intent = fakes::intent("exec.run", shell("echo hi"));
        intent.operation = None;
        intent.key = "read-1".into();
        bench.run_as(intent, bench.tools()).await.expect("a good end");
        assert_eq!(std::fs::read_dir(bench.path.join("runs")).expect("a folder").count(), 0);
        bench.run(shell("echo hi")).await.expect("a good end");
        assert!(bench.run_dir().is_dir());
    });
}

fn a_plan_program_makes_the_plan() {
    block(async {
        let bench = Bench::new();
        std::fs::write(bench.path.join("plan.sh"), PLAN).expect("a file");
        let step = with(shell("true"), json!({ "plan": ["sh", "plan.sh"], "args": { "app": "web" } }));
        let plan = bench.plan(step).await.expect("a plan");
        assert_eq!(plan.targets, ["web/production"]);
        assert_eq!(plan.inputs["told"]["phase"], "plan");
        assert_eq!(plan.inputs["told"]["args"], json!({ "app": "web" }));
        assert_eq!(plan.will, ["web will run ab"]);
        assert_eq!((plan.now, plan.undo.as_deref()), (vec![Field::new("runs", "cd")], Some("rollback web")));
        assert_eq!(std::fs::read_dir(bench.path.join("runs")).expect("a folder").count(), 0);
    });
}

const PLAN: &str = r#"
read told
printf '{"targets":["web/production"],"inputs":{"told":%s},"will":["web will run ab"],' "$told"
printf '"now":[{"name":"runs","value":"cd"}],"undo":"rollback web"}'
"#;

fn a_bad_plan_program_is_explained() {
    block(async {
        let bench = Bench::new();
        std::fs::write(bench.path.join("x.sh"), "true").expect("a file");
        let own = std::env::current_exe().expect("an executable");
        for (plan, hint) in [
            (json!(["sh", "-c", "echo nothing is staged >&2; exit 1"]), "nothing is staged (`sh -c"),
            (json!(["sh", "-c", "echo hello"]), "it is not JSON"),
            (json!(["sh", "-c", "echo '{\"will\":1}'"]), "its `will` does not fit"),
            (json!(["wilco-no-such-program"]), "was not found"),
            (json!([own, "program", "flood", "1000000"]), "is the most"),
            (json!(["sh", "-c", "echo '{\"inputs\":{\"program\":1}}'"]), "names an input `program`"),
        ] {
            let step = json!({ "argv": ["sh", "x.sh"], "plan": plan });
            match bench.plan(step).await {
                Err(ActionError::Failed { what }) => assert!(what.contains(hint), "{what}"),
                other => panic!("{other:?}"),
            }
        }
    });
}

fn without_a_plan_program_the_command_is_the_plan() {
    block(async {
        let bench = Bench::new();
        std::fs::write(bench.path.join("x.sh"), "true").expect("a file");
        let plan = bench.plan(json!({ "argv": ["sh", "x.sh", "a b"] })).await.expect("a plan");
        assert_eq!(plan.will, ["runs `sh x.sh \"a b\"`"]);
        let before = plan.inputs["program"]["x.sh"].clone();
        std::fs::write(bench.path.join("x.sh"), "false").expect("a file");
        let plan = bench.plan(json!({ "argv": ["sh", "x.sh", "a b"] })).await.expect("a plan");
        assert_ne!(plan.inputs["program"]["x.sh"], before);
    });
}

fn on_terminal(words: &[&str], folder: &Path) -> Output {
    let own = std::env::current_exe().expect("an executable");
    Command::new(own).arg("guard").args(words).current_dir(folder).output().expect("a guard")
}

fn the_guard_runs_on_a_terminal_too() {
    let root = tempfile::tempdir().expect("a folder");
    let run = |words: &[&str]| on_terminal(words, root.path());
    let said = run(&["--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!((said.status.code(), said.stdout.as_slice()), (Some(7), b"out\n".as_slice()));
    assert_eq!(run(&["--", "sh", "-c", "kill -KILL $$"]).status.code(), Some(137));
    let said = run(&["--", "wilco-no-such-program"]);
    assert_eq!(said.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&said.stderr).contains("was not found"));
    for usage in [&[][..], &["--"], &["a", "b"]] {
        assert_eq!(run(usage).status.code(), Some(2), "{usage:?}");
    }
    let Value::Array(argv) = program(&["away", "note"])["argv"].take() else { panic!("a list") };
    let line: Vec<_> = argv.iter().filter_map(Value::as_str).collect();
    let line = format!("{}; while [ ! -s note ]; do sleep 0.02; done", line.join(" "));
    assert_eq!(run(&["--", "sh", "-c", &line]).status.code(), Some(0));
    let note = std::fs::read_to_string(root.path().join("note")).expect("it was there");
    assert!(!lives(note.trim().parse().expect("a number")));
}
