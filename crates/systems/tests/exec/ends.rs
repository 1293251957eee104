//! How programs end: well, badly, late, never, and what they leave behind.

use std::time::Duration;

use serde_json::json;
use wilco_contract::{
    action::{ActionError, Stream},
    clock::Cancel,
};
use wilco_testkit::fakes;

use super::{
    Test,
    bench::{Bench, block, kill, lives, program, shell, wait_for_file, wait_until, why, with},
};

pub(crate) const TESTS: &[Test] = &[
    ("a_flood_is_bounded_and_does_not_block", a_flood_is_bounded_and_does_not_block),
    ("what_never_ends_is_stopped_in_time", what_never_ends_is_stopped_in_time),
    ("what_ignores_being_asked_is_killed", what_ignores_being_asked_is_killed),
    ("a_signal_is_named", a_signal_is_named),
    ("what_forks_away_is_found_and_ended", what_forks_away_is_found_and_ended),
    ("what_is_to_stay_stays", what_is_to_stay_stays),
    ("a_chattering_child_does_not_hold_up_the_end", a_chattering_child_does_not_hold_up_the_end),
    ("bytes_that_are_no_text_are_shown", bytes_that_are_no_text_are_shown),
    ("what_cannot_be_begun_is_explained", what_cannot_be_begun_is_explained),
    ("a_wish_to_stop_is_heard", a_wish_to_stop_is_heard),
    ("a_wish_to_stop_may_come_before_the_beginning", a_wish_to_stop_may_come_before_the_beginning),
    ("a_missing_guard_is_a_known_failure", a_missing_guard_is_a_known_failure),
];

fn a_flood_is_bounded_and_does_not_block() {
    block(async {
        let bench = Bench::new();
        let memory = async {
            let guard = bench.guard().await;
            let mut most = 0;
            while let Ok(status) = std::fs::read_to_string(format!("/proc/{guard}/status")) {
                let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                let Some(size) =
                    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
                else {
                    break;
                };
                most = most.max(size);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            most
        };
        let (result, memory) = tokio::join!(bench.run(program(&["flood", "1073741824"])), memory);
        let outcome = result.expect("a good end");
        assert_eq!(outcome.summary.as_deref(), Some("the end"));
        assert!(
            outcome.text.is_some_and(|text| text.starts_with("… 1073676296 bytes before this are left out"))
        );
        assert!(memory > 0 && memory < 40_000, "the guard took {memory} kB");
        let files = std::fs::read_dir(bench.run_dir()).expect("a folder");
        let kept: u64 = files.map(|file| file.expect("a file").metadata().expect("a file").len()).sum();
        assert!(kept < 2 << 20, "{kept} bytes are kept");
        let lines = bench.lines.all();
        assert!(lines.iter().any(|(stream, line)| *stream == Stream::Note && line.contains("left out")));
        assert_eq!(lines.last(), Some(&(Stream::Out, "the end".to_owned())));
    });
}

fn what_never_ends_is_stopped_in_time() {
    block(async {
        let bench = Bench::new();
        let why = why(bench.run(with(program(&["sleep"]), json!({ "timeout": 1 }))).await);
        assert!(why.contains("did not end within 1 s and was stopped"), "{why}");
    });
}

fn what_ignores_being_asked_is_killed() {
    block(async {
        let bench = Bench::new();
        let line = "trap '' TERM; echo $$ >pid; while :; do sleep 0.1; done";
        let step = with(shell(line), json!({ "timeout": 1 }));
        assert!(why(bench.run(step).await).contains("did not end within 1 s"));
        let pid = wait_for_file(&bench.path.join("pid")).await;
        assert!(!lives(pid.trim().parse().expect("a number")));
    });
}

fn a_signal_is_named() {
    block(async {
        let bench = Bench::new();
        let why = why(bench.run(shell("echo last words; kill -SEGV $$")).await);
        assert!(why.ends_with("was ended by the signal SIGSEGV."), "{why}");
        assert_eq!(bench.heard(), ["last words"]);
    });
}

fn what_forks_away_is_found_and_ended() {
    block(async {
        let bench = Bench::new();
        let note = bench.path.join("note");
        let wait = "i=0; while [ ! -s note ] && [ $i -lt 500 ]; do sleep 0.02; i=$((i+1)); done; echo gone";
        let own = std::env::current_exe().expect("an executable");
        let line = format!("{} program away note; {wait}", own.display());
        assert_eq!(bench.run(shell(&line)).await.expect("a good end").summary.as_deref(), Some("gone"));
        let pid = wait_for_file(&note).await.trim().parse().expect("a number");
        assert!(!lives(pid), "{pid} is still there");
        assert!(bench.heard().iter().any(|line| line.contains("ended 1 processes")), "{:?}", bench.heard());
    });
}

fn what_is_to_stay_stays() {
    block(async {
        let bench = Bench::new();
        let note = bench.path.join("note");
        let step = program(&["away", note.to_str().expect("a path")]);
        bench.run(with(step, json!({ "background": "keep" }))).await.expect("a good end");
        let pid = wait_for_file(&note).await.trim().parse().expect("a number");
        let guard = bench.guard().await;
        wait_until("the guard has ended", || !lives(guard)).await;
        assert!(lives(pid), "{pid} has ended");
        kill(pid);
        wait_until("it is gone", || !lives(pid)).await;
    });
}

fn a_chattering_child_does_not_hold_up_the_end() {
    block(async {
        let bench = Bench::new();
        let own = std::env::current_exe().expect("an executable");
        let line = format!("{} program chatter & echo $! >pid; echo begun", own.display());
        bench.run(shell(&line)).await.expect("a good end");
        assert!(!lives(wait_for_file(&bench.path.join("pid")).await.trim().parse().expect("a number")));

        // One that stays is no longer listened to.
        let bench = Bench::new();
        bench.run(with(shell(&line), json!({ "background": "keep" }))).await.expect("a good end");
        let pid = wait_for_file(&bench.path.join("pid")).await.trim().parse().expect("a number");
        kill(pid);
    });
}

fn bytes_that_are_no_text_are_shown() {
    block(async {
        let bench = Bench::new();
        let outcome =
            bench.run(shell(r"printf 'a\377b\n\300\n' >&2; printf 'c\377'")).await.expect("a good end");
        assert_eq!(outcome.text.as_deref(), Some("c\u{fffd}"));
        let mut lines = bench.lines.all();
        lines.sort_by_key(|(stream, _)| *stream == Stream::Out);
        let expected = [(Stream::Err, "a\u{fffd}b"), (Stream::Err, "\u{fffd}"), (Stream::Out, "c\u{fffd}")];
        assert_eq!(lines, expected.map(|(stream, text)| (stream, text.to_owned())));
    });
}

fn what_cannot_be_begun_is_explained() {
    block(async {
        for (name, content, mode, hint) in [
            ("plain", "echo hi\n", 0o644, "is not executable"),
            (
                "script",
                "#!/no/such/interpreter\n",
                0o755,
                "needs an interpreter that was not found: `#!/no/such/",
            ),
        ] {
            let bench = Bench::new();
            let path = bench.path.join(name);
            std::fs::write(&path, content).expect("a file");
            let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
            std::fs::set_permissions(&path, mode).expect("a file");
            let why = why(bench.run(json!({ "argv": [format!("./{name}")] })).await);
            assert!(why.contains(hint), "{why}");
        }
        let why = why(Bench::new().run(json!({ "argv": ["wilco-no-such-program"] })).await);
        assert_eq!(why, "`wilco-no-such-program` was not found; install it, or write its full path.");
    });
}

fn a_wish_to_stop_is_heard() {
    block(async {
        let bench = Bench::new();
        let (wish, wished) = tokio::sync::oneshot::channel::<()>();
        let mut tools = bench.tools();
        tools.cancel = Cancel::when(async {
            let _ = wished.await;
        });
        let step = shell("trap 'echo tidying; exit 3' TERM; echo begun; while :; do sleep 0.05; done");
        let run = bench.run_as(fakes::intent("exec.run", step), tools);
        let wishing = async {
            bench.lines.wait_for("begun").await;
            wish.send(()).expect("it runs");
        };
        let (result, ()) = tokio::join!(run, wishing);
        assert!(
            matches!(&result, Err(ActionError::Aborted { what }) if what.contains("on request")),
            "{result:?}"
        );
        // A shell also remarks that what it waited for was ended, so it is not alone.
        assert!(bench.heard().iter().any(|line| line == "tidying"), "{:?}", bench.heard());
    });
}

fn a_wish_to_stop_may_come_before_the_beginning() {
    block(async {
        let bench = Bench::new();
        let mut tools = bench.tools();
        tools.cancel = Cancel::when(std::future::ready(()));
        let result = bench.run_as(fakes::intent("exec.run", program(&["sleep"])), tools).await;
        assert!(matches!(&result, Err(ActionError::Aborted { .. })), "{result:?}");
    });
}

fn a_missing_guard_is_a_known_failure() {
    block(async {
        let bench = Bench::new();
        let mut home = super::bench::home(&bench.path);
        home.guard = vec!["/no/such/wilco".into(), "guard".into()];
        let exec = wilco_systems::host::ExecRun::new(home);
        let cx = fakes::cx(fakes::intent("exec.run", shell("true")), bench.tools());
        let why = why(wilco_contract::action::DynAction::run(&exec, &cx).await);
        assert!(why.starts_with("The guard could not be started"), "{why}");
    });
}
