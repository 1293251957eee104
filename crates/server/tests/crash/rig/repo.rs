//! An ops repo whose effects can be counted: each run of a step appends one line to a file outside Wilco.
//!
//! Not the demo: these programs need nothing but a POSIX shell, and take a moment only.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tempfile::TempDir;
use wilco_contract::ids::hex;

/// The ports that repos may have lie below those that systems give to outgoing connections, so that a port is still
/// free when its server comes back.
const PORTS: u32 = 12_000;
const FIRST_PORT: u32 = 20_000;

const CONFIG: &str = r#"listen = "127.0.0.1:@port"
durability = "@durability"

[limits]
per_person = "unlimited"
lane = "unlimited"

[person.you]
name = "You"
accounts = ["irc:you"]
roles = ["admin", "developer"]

[person.ana]
name = "Ana Lima"
roles = ["lead", "developer"]

[person.ben]
name = "Ben Okafor"
roles = ["lead"]

[[grant]]
command = "app.*"
effect = "write"
to = ["role:developer"]

[[require]]
command = "app.stage"
confirm = true

[[require]]
command = "app.release"
approve = 1
by = "role:lead"

[[require]]
command = "app.rollback"
confirm = true
"#;

/// The order `command` runs the step of its own name, and then looks for its effect.
const COMMAND: &str = r#"
[[command]]
id = "@command"
words = ["@command <app> <ticket>"]
about = "Do what a @command does"
effect = "write"
letter = "d"
lock = "{{ app }}"
timeout = "1m"
args.app = { choices = ["red", "blue", "green", "yellow"], about = "Which application" }
args.ticket = { about = "What tells one order from another" }
examples = ["@command red t1"]

[[command.step]]
id = "@command"
uses = "exec.run"
with = { argv = ["./effect.sh", "@command", "@seconds"] }

[[command.verify]]
id = "look"
uses = "exec.run"
effect = "read"
with = { argv = ["./look.sh"] }
"#;

const STATUS: &str = r#"
[[command]]
id = "status"
words = ["status"]
about = "How many effects there are"
effect = "read"
timeout = "10s"
examples = ["status"]

[[command.step]]
uses = "exec.run"
effect = "read"
with = { argv = ["./status.sh"] }
"#;

/// Asks, waits and counts; and spreads something, fails, and takes it back. Nothing of this needs a yes.
const WAITS: &str = r#"
[[command]]
id = "count"
words = ["count <ticket>"]
about = "Ask, wait and count"
effect = "write"
letter = "c"
lock = "count"
timeout = "1m"
args.ticket = { about = "What tells one order from another" }

[[command.step]]
id = "which"
uses = "ask"
with = { question = "Which one?", choices = ["one", "two"] }

[[command.step]]
id = "pause"
uses = "wait"
with = { for = "1s" }

[[command.step]]
id = "add"
uses = "memory.add"
with = { key = "{{ steps.which.answer }}" }

[[command]]
id = "counted"
words = ["counted"]
about = "How often it was counted"
effect = "read"

[[command.step]]
uses = "memory.get"
with = { key = "one", default = 0 }

[[command]]
id = "spread"
words = ["spread <ticket>"]
about = "Spread something that cannot be spread"
effect = "write"
letter = "s"
timeout = "1m"
on_failure = "undo"
args.ticket = { about = "What tells one order from another" }

[[command.step]]
id = "put"
uses = "exec.run"
for_each = ["a", "b"]
with = { argv = ["./spread.sh", "put", "{{ item }}"] }
undo = { uses = "exec.run", with = { argv = ["./spread.sh", "take", "{{ item }}"] } }

[[command.step]]
id = "fail"
uses = "exec.run"
with = { argv = ["./spread.sh", "fail", "-"] }
"#;

const SPREAD: &str = r#"#!/bin/sh
read -r told
operation=${told#*\"operation\":\"}
operation=${operation%%\"*}
echo "$operation $1.$2" >> ../../spread.log
[ "$1" != fail ]
"#;

/// The commands, each with how long its step takes, in seconds.
const COMMANDS: [(&str, &str); 4] =
    [("stage", "0.03"), ("release", "0.03"), ("rollback", "0.03"), ("hold", "3")];

const EFFECT: &str = r#"#!/bin/sh
read -r told
operation=${told#*\"operation\":\"}
operation=${operation%%\"*}
echo "$operation $1" >> ../../effects.log
echo "began $1 for $operation"
sleep "$2"
echo "did $1 for $operation"
"#;

const LOOK: &str = r#"#!/bin/sh
read -r told
operation=${told#*\"operation\":\"}
operation=${operation%%\"*}
grep "^$operation " ../../effects.log
"#;

const HOOK_SECRET: &str = "a secret of the test";

const STATUS_PROGRAM: &str = "#!/bin/sh\nwc -l < ../../effects.log\n";

/// An ops repo in a folder of its own, which goes with it.
pub(crate) struct Repo {
    folder: TempDir,
    port: u32,
}

impl Repo {
    /// An empty folder with a port of its own.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), port: free_port() }
    }

    /// Makes one with this `durability`.
    pub(crate) fn new(durability: &str) -> Self {
        let repo = Self::empty();
        let config = CONFIG.replace("@port", &repo.port.to_string()).replace("@durability", durability);
        repo.write("wilco.toml", &config);
        repo.write("effects.log", "");
        let mut pack = "[pack]\nname = \"app\"\nabout = \"What the tests ship\"\n".to_owned();
        for (command, seconds) in COMMANDS {
            pack += &COMMAND.replace("@command", command).replace("@seconds", seconds);
        }
        fs::create_dir_all(repo.path("packs/app")).expect("a folder");
        repo.write("spread.log", "");
        repo.write("packs/app/pack.toml", &(pack + STATUS + WAITS));
        let programs =
            [("effect.sh", EFFECT), ("look.sh", LOOK), ("status.sh", STATUS_PROGRAM), ("spread.sh", SPREAD)];
        for (name, text) in programs {
            let program = format!("packs/app/{name}");
            repo.write(&program, text);
            fs::set_permissions(repo.path(&program), fs::Permissions::from_mode(0o755)).expect("set");
        }
        repo
    }

    /// Has it take requests that are signed as GitHub does, and what else this says.
    pub(crate) fn hear_github(&self, more: &str) {
        self.write("hook.secret", HOOK_SECRET);
        let config = fs::read_to_string(self.path("wilco.toml")).expect("a configuration");
        let source = "\n[source.github]\nsecret = { file = \"hook.secret\" }\n";
        self.write("wilco.toml", &(config + source + more));
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// The path of something in it.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where its server is found.
    pub(crate) fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The effects so far, in order: the operation and the step.
    pub(crate) fn effects(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.path("effects.log")).expect("the effects");
        let effect = |line: &str| {
            let (operation, step) = line.split_once(' ').expect("an operation and a step");
            (operation.to_owned(), step.to_owned())
        };
        text.lines().map(effect).collect()
    }

    /// The local operator's key.
    pub(crate) fn operator_key(&self) -> String {
        fs::read_to_string(self.path("wilco.keys/operator")).expect("a key").trim().to_owned()
    }
}

/// What stands in `X-Hub-Signature-256` of a request with this body.
pub(crate) fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(HOOK_SECRET.as_bytes()).expect("any key fits");
    mac.update(body);
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

/// A port on which nobody listens, and which no other repo of this process got.
fn free_port() -> u32 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    loop {
        // Processes that run side by side begin far from each other.
        let at = std::process::id().wrapping_mul(601).wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = FIRST_PORT + at % PORTS;
        if TcpListener::bind(format!("127.0.0.1:{port}")).is_ok() {
            return port;
        }
    }
}
