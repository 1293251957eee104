//! What a restarted Wilco finds: each of the four answers, and that nothing is begun twice.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use serde_json::json;
use wilco_contract::{
    action::{Action, ActionError, DynAction, Recovery},
    clock::Cancel,
};
use wilco_systems::host::ExecRun;
use wilco_testkit::fakes::{self, FakeHttp, HeardLines};

use super::{
    Test,
    bench::{self, Bench, block, kill, lives, program, shell, wait_for_file, wait_until, with},
};

pub(crate) const TESTS: &[Test] = &[
    ("a_run_outlives_a_killed_wilco", a_run_outlives_a_killed_wilco),
    ("an_end_that_nobody_saw_is_read", an_end_that_nobody_saw_is_read),
    ("what_was_never_begun_cannot_begin_any_more", what_was_never_begun_cannot_begin_any_more),
    ("a_killed_guard_leaves_it_unknown", a_killed_guard_leaves_it_unknown),
    ("of_many_guards_one_begins", of_many_guards_one_begins),
    ("a_followed_run_can_be_stopped", a_followed_run_can_be_stopped),
    ("the_same_key_is_not_run_again", the_same_key_is_not_run_again),
];

/// How many effects there were.
fn effects(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap_or_default().lines().count()
}

/// Is a Wilco that begins a run in this folder. It is killed before the run's end.
pub(crate) fn wilco(base: &OsStr) {
    block(async {
        let base = Path::new(base);
        let exec = ExecRun::new(bench::home(base));
        let tools = fakes::tools(Arc::new(FakeHttp::default()), Arc::new(HeardLines::default()));
        let effect = base.join("effect");
        let step = program(&["effect", effect.to_str().expect("a path"), "1000"]);
        let _ = DynAction::run(&exec, &fakes::cx(fakes::intent("exec.run", step), tools)).await;
    });
}

fn a_run_outlives_a_killed_wilco() {
    block(async {
        let bench = Bench::new();
        let own = std::env::current_exe().expect("an executable");
        let mut wilco = Command::new(own).arg("wilco").arg(&bench.path).spawn().expect("a Wilco");
        let effect = bench.path.join("effect");
        wait_for_file(&effect).await;
        wilco.kill().expect("it was there to be killed");
        wilco.wait().expect("it ended");
        let step = program(&["effect", effect.to_str().expect("a path"), "1000"]);
        match bench.recover(step).await {
            Recovery::Done(Ok(outcome)) => assert_eq!(outcome.summary.as_deref(), Some("end")),
            other => panic!("{other:?}"),
        }
        assert_eq!(effects(&effect), 1);
        assert_eq!(bench.heard()[1..], ["effect", "end"]);
    });
}

fn an_end_that_nobody_saw_is_read() {
    block(async {
        for (line, good) in [("echo fine", true), ("echo wrong >&2; exit 4", false)] {
            let bench = Bench::new();
            let first = bench.run(shell(line)).await;
            assert_eq!(first.is_ok(), good);
            assert_eq!(bench.recover(shell(line)).await, Recovery::Done(first));
        }
    });
}

fn what_was_never_begun_cannot_begin_any_more() {
    block(async {
        let bench = Bench::new();
        let step = shell("echo >>effect");
        assert_eq!(bench.recover(step.clone()).await, Recovery::NotStarted);
        // A guard that was started before the restart and is slow.
        std::fs::write(
            bench.run_dir().join("request.json"),
            json!({ "version": 1, "argv": ["sh", "-c", "echo >>effect"], "cwd": bench.path, "stdin": "",
                "timeout_ms": 9000, "keep": false, "durable": true })
            .to_string(),
        )
        .expect("a file");
        let mut guard = guard(&bench);
        assert_eq!(guard.wait().expect("it ends").code(), Some(3));
        assert_eq!(effects(&bench.path.join("effect")), 0);
        assert_eq!(bench.recover(step).await, Recovery::NotStarted);
    });
}

fn guard(bench: &Bench) -> std::process::Child {
    let own = std::env::current_exe().expect("an executable");
    let mut guard = Command::new(own);
    guard.arg("guard").arg(bench.run_dir()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    guard.spawn().expect("a guard")
}

fn a_killed_guard_leaves_it_unknown() {
    block(async {
        let bench = Bench::new();
        let step = shell("echo $$ >pid; echo >>effect; exec sleep 60");
        let killing = async {
            let pid: i32 = wait_for_file(&bench.path.join("pid")).await.trim().parse().expect("a number");
            let effect = bench.path.join("effect");
            wait_until("there is an effect", || effects(&effect) == 1).await;
            kill(bench.guard().await);
            pid
        };
        let (result, pid) = tokio::join!(bench.run(step.clone()), killing);
        assert!(
            matches!(&result, Err(ActionError::Unknown { what }) if what.contains("was not seen")),
            "{result:?}"
        );
        wait_until("the program has ended with its guard", || !lives(pid)).await;
        let recovery = bench.recover(step).await;
        assert!(matches!(&recovery, Recovery::Unknown(why) if why.contains("was not seen")), "{recovery:?}");
        assert_eq!(effects(&bench.path.join("effect")), 1);
    });
}

fn of_many_guards_one_begins() {
    block(async {
        for _ in 0..5 {
            let bench = Bench::new();
            std::fs::create_dir_all(bench.run_dir()).expect("a folder");
            std::fs::write(
                bench.run_dir().join("request.json"),
                json!({ "version": 1, "argv": ["sh", "-c", "echo >>effect"], "cwd": bench.path, "stdin": "",
                    "timeout_ms": 9000, "keep": false, "durable": true })
                .to_string(),
            )
            .expect("a file");
            let guards: Vec<_> = (0..4).map(|_| guard(&bench)).collect();
            let began = guards.into_iter().map(|mut guard| guard.wait().expect("it ends").code());
            let began: Vec<_> = began.collect();
            assert_eq!(began.iter().filter(|code| **code == Some(0)).count(), 1, "{began:?}");
            assert_eq!(effects(&bench.path.join("effect")), 1);
            let recovery = bench.recover(shell("echo >>effect")).await;
            assert!(matches!(recovery, Recovery::Done(Ok(_))), "{recovery:?}");
        }
    });
}

fn a_followed_run_can_be_stopped() {
    block(async {
        let bench = Bench::new();
        let step = with(program(&["sleep"]), json!({}));
        // Wilco stops listening, as in a restart; the run goes on.
        tokio::select! {
            _ = bench.run(step.clone()) => panic!("it never ends by itself"),
            () = bench.lines.wait_for("sleeping") => {}
        }
        let mut tools = bench.tools();
        tools.cancel = Cancel::when(std::future::ready(()));
        let exec = ExecRun::new(bench::home(&bench.path));
        let recovery = Action::recover(&exec, &tools, &fakes::intent("exec.run", step.clone())).await;
        assert!(matches!(recovery, Recovery::Done(Err(ActionError::Aborted { .. }))), "{recovery:?}");

        // The same by its deadline.
        let bench = Bench::new();
        tokio::select! {
            _ = bench.run(step.clone()) => panic!("it never ends by itself"),
            () = bench.lines.wait_for("sleeping") => {}
        }
        let mut late = fakes::intent("exec.run", step);
        late.deadline = late.at;
        let exec = ExecRun::new(bench::home(&bench.path));
        match Action::recover(&exec, &bench.tools(), &late).await {
            Recovery::Done(Err(ActionError::Failed { what })) => {
                assert!(what.contains("did not end"), "{what}");
            }
            other => panic!("{other:?}"),
        }
    });
}

fn the_same_key_is_not_run_again() {
    block(async {
        let bench = Bench::new();
        bench.run(shell("echo >>effect")).await.expect("a good end");
        let again = bench.run(shell("echo >>effect")).await;
        assert!(matches!(again, Err(ActionError::Unknown { .. })), "{again:?}");
        assert_eq!(effects(&bench.path.join("effect")), 1);
    });
}
