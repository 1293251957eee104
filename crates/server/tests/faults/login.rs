//! A person's login at a terminal, and what goes wrong with one.

use std::{
    os::unix::fs::PermissionsExt as _,
    process::{Output, Stdio},
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout},
    time::{Duration, timeout},
};

use crate::{
    rig::{Client, Repo, server::wilco},
    town::{Town, up},
};

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    /// The lines that were read while it ran.
    pub(crate) head: String,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// What a process said that has ended.
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        Self { code: output.status.code(), head: String::new(), out, err }
    }
}

/// Runs a command of the program under test.
pub(crate) async fn ran(repo: &Repo, args: &[&str]) -> Ran {
    let output = timeout(PATIENCE, wilco(repo, args).stdin(Stdio::null()).output());
    Ran::of(&output.await.expect("it ends").expect("a process"))
}

/// A `wilco login` that waits for an answer.
struct Login {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    head: String,
    code: String,
}

impl Login {
    async fn begin(repo: &Repo) -> Self {
        let mut command = wilco(repo, &["login"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("its words")).lines();
        let mut line = async || lines.next_line().await.expect("text").expect("a line");
        let open = line().await;
        assert_eq!(open, format!("Open {}/login/device and type this code there:", repo.url()));
        let code = line().await;
        let head = format!("{open}\n{code}\n");
        Self { child, lines, head, code: code.trim().to_owned() }
    }

    /// What this person's page does with its code.
    async fn answered(&self, person: &Client, what: &str) -> u16 {
        let seen = person.post("device/look", &json!({ "code": self.code })).await.expect("an answer");
        assert_eq!((seen.status, &seen.body["from"]), (200, &json!("127.0.0.1")), "{seen}");
        let client = seen.body["client"].as_str().expect("a name");
        assert!(client.starts_with(concat!("wilco ", env!("CARGO_PKG_VERSION"), " on ")), "{client}");
        let answer = json!({ "code": self.code, "seen": seen.body["seen"] });
        person.post(&format!("device/{what}"), &answer).await.expect("an answer").status
    }

    async fn ended(mut self) -> Ran {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("a process of ours");
        let (mut out, mut err) = (String::new(), String::new());
        while let Some(line) = self.lines.next_line().await.expect("text") {
            out += &(line + "\n");
        }
        let mut said = self.child.stderr.take().expect("its notices");
        said.read_to_string(&mut err).await.expect("text");
        Ran { code: status.code(), head: self.head, out, err }
    }
}

/// Logs a person in at the terminal of the repo.
pub(crate) async fn login(repo: &Repo, person: &Client) -> Ran {
    let login = Login::begin(repo).await;
    assert_eq!(login.answered(person, "accept").await, 204);
    login.ended().await
}

fn id(operation: &Value) -> &str {
    operation["id"].as_str().expect("an id")
}

#[tokio::test]
async fn a_login_makes_the_terminal_a_person_who_confirms_and_approves() {
    let town = Town::new().await;
    let repo = &town.repo;
    let before = ran(repo, &["run", "whoami"]).await;
    assert!(before.out.contains("local operator"), "{before:?}");

    let told = login(repo, &town.ana).await;
    let server = repo.url().replace("localhost", "127.0.0.1");
    assert_eq!(
        (told.code, told.out.as_str()),
        (Some(0), format!("You are @ana at {server} now.\n").as_str())
    );
    assert!(told.err.contains("It counts until ") && told.err.contains(" UTC."), "{told:?}");
    let file = repo.path("config/wilco/logins.json");
    let kept = std::fs::read_to_string(&file).expect("the logins");
    assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    let (_, session) = kept.split_once("wilco_s_").expect("a session");
    let session = &session[..43];
    assert!(
        !told.out.contains(session) && !told.err.contains(session) && !town.server.said().contains(session)
    );
    assert!(ran(repo, &["run", "whoami"]).await.out.contains("@ana"));

    // She approves what another ordered, confirms her own, and never approves that.
    let release = town.order("release red t1", "awaiting_approval").await;
    let approved = ran(repo, &["run", &format!("approve {}", id(&release))]).await;
    assert_eq!(approved.code, Some(0), "{approved:?}");
    assert_eq!(town.end(&release).await["state"], "succeeded");
    let staged = ran(repo, &["run", "stage red t2", "--detach"]).await;
    let staged_id = staged.out.trim();
    let confirmed = ran(repo, &["run", &format!("confirm {staged_id}")]).await;
    assert_eq!(confirmed.code, Some(0), "{confirmed:?}");
    let own = ran(repo, &["run", "release blue t3", "--detach"]).await;
    let own = ran(repo, &["run", &format!("approve {}", own.out.trim())]).await;
    assert_eq!(own.code, Some(1), "{own:?}");
    assert!(own.err.contains("somebody else has to approve"), "{own:?}");

    let audit = town.you.get("audit?kind=access.device_let_in").await.expect("an answer");
    assert_eq!(audit.body["items"][0]["who"], "@ana");
    // The session ended while it was not looked: the terminal says so, and acts as nobody else by itself.
    let as_terminal = Client::bearer(repo, &format!("wilco_s_{session}"));
    assert_eq!(as_terminal.get("me").await.expect("an answer").body["id"], "ana");
    let ended = ran(repo, &["login", "--end"]).await;
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (Some(0), format!("The login of @ana at {server} has ended.\n").as_str())
    );
    assert_eq!(as_terminal.get("me").await.expect("an answer").status, 401);
    assert!(ran(repo, &["run", "whoami"]).await.out.contains("local operator"));
    let again = ran(repo, &["login", "--end"]).await;
    assert_eq!(again.code, Some(1), "{again:?}");

    std::fs::write(&file, &kept).expect("written");
    let stale = ran(repo, &["run", "whoami"]).await;
    assert_eq!(stale.code, Some(1));
    assert_eq!(
        stale.err,
        "This login has ended, or its person is gone; say `wilco login` again.\nYou can: Say `wilco login --end` to go \
         on without a login.\n"
    );
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("set");
    let open = ran(repo, &["run", "whoami"]).await;
    assert_eq!(open.code, Some(1));
    assert!(open.err.contains("can be read by others") && !open.err.contains(session), "{open:?}");
}

#[tokio::test]
async fn a_login_that_is_turned_away_or_cut_short_keeps_nothing() {
    let mut town = Town::new().await;
    let denied = Login::begin(&town.repo).await;
    assert_eq!(denied.answered(&town.ben, "deny").await, 204);
    let denied = denied.ended().await;
    assert_eq!(denied.code, Some(1));
    assert!(denied.err.ends_with("Somebody said no on the page.\n"), "{denied:?}");

    // The server goes away while the code waits, and knows nothing of it when it is there again.
    let cut = Login::begin(&town.repo).await;
    town.server.signal(Signal::KILL);
    town.server.ended().await;
    town.server = up(&town.repo).await;
    let cut = cut.ended().await;
    assert_eq!(cut.code, Some(1));
    assert!(cut.err.contains("Wilco was started anew since; say `wilco login` again."), "{cut:?}");
    assert!(!town.repo.path("config/wilco/logins.json").exists());

    // What was not ended there is not thrown away here.
    let kept = login(&town.repo, &town.ben).await;
    assert_eq!(kept.code, Some(0), "{kept:?}");
    town.server.signal(Signal::TERM);
    town.server.ended().await;
    let unended = ran(&town.repo, &["login", "--end"]).await;
    assert_eq!(unended.code, Some(1));
    assert!(
        unended.err.ends_with("The login is still kept here; say `wilco login --end` again.\n"),
        "{unended:?}"
    );
    town.server = up(&town.repo).await;
    let ended = ran(&town.repo, &["login", "--end"]).await;
    assert!(ended.out.starts_with("The login of @ben at "), "{ended:?}");
    town.server.signal(Signal::TERM);
    town.server.ended().await;
    let away = ran(&town.repo, &["login"]).await;
    assert_eq!(away.code, Some(1));
    assert!(away.err.contains("was not reached") && away.err.contains("is `wilco up` running?"), "{away:?}");
}
