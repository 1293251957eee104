//! What a team does on IRC.

use std::{fs, time::Duration};

use rustix::process::Signal;
use serde_json::{Value, json};
use wilco_testkit::proxy::Proxy;

use crate::{
    people::{Person, Words},
    rig::{Client, LOOK, Repo, Server},
    servers::Network,
};

/// A network, an ops repo that names it, and a server that is on it.
pub(crate) struct Town {
    pub(crate) network: Network,
    pub(crate) repo: Repo,
    pub(crate) server: Server,
    pub(crate) you: Client,
}

impl Town {
    pub(crate) async fn new(network: Network, more: &str) -> Self {
        let port = network.port;
        Self::of(Repo::new("process"), network, port, more).await
    }

    /// One that tells each event of GitHub in the room.
    async fn hooked(network: Network, port: u16) -> Self {
        let repo = Repo::new("process");
        repo.hear_github("\n[[route]]\nto = [\"irc:#ops\"]\ngroup = \"none\"\n");
        Self::of(repo, network, port, "").await
    }

    pub(crate) async fn of(repo: Repo, network: Network, port: u16, more: &str) -> Self {
        on_irc(&repo, port, more);
        let server = up(&repo).await;
        let you = Client::sign_in(&repo, server.secret()).await.expect("an answer");
        Self { network, repo, server, you }
    }

    /// Somebody comes into the room, and finds Wilco there.
    pub(crate) async fn person(&self, nick: &str) -> Person {
        let person = Person::come(self.network.port, nick).await;
        person.enter("#ops").await;
        person.meets("wilco", "#ops").await;
        person
    }

    /// GitHub tells that an issue was opened.
    async fn opens(&self, number: usize) {
        opens(&self.you, number).await;
    }

    /// Wilco is told to stop, and does.
    async fn stops(&mut self) {
        self.server.signal(Signal::TERM);
        let ended = tokio::time::timeout(Duration::from_secs(10), self.server.ended()).await;
        let status = ended.expect("it ends within 10 s");
        assert!(status.success(), "{}", self.server.said());
    }

    /// Waits until Wilco says of the connector that it stands so.
    pub(crate) async fn stands(&self, state: &str) {
        let mut last = Value::Null;
        for _ in 0..2_000 {
            let request = self.you.request(reqwest::Method::GET, "../../readyz");
            last = request.send().await.expect("an answer").json().await.expect("JSON");
            let connectors = last["connectors"].as_array().expect("a list");
            if connectors.iter().any(|row| row["name"] == "irc" && row["state"] == state) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("the connector is not {state}: {last}\n{}", self.server.said());
    }
}

/// Adds the network on this port to the configuration.
pub(crate) fn on_irc(repo: &Repo, port: u16, more: &str) {
    let path = repo.path("wilco.toml");
    let config = fs::read_to_string(&path).expect("a configuration");
    let connector = format!(
        "home = \"irc:#ops\"\n{config}\n[connector.irc]\nserver = \"127.0.0.1:{port}\"\ntls = false\nrooms = [\"#ops\", \"#deploys\"]\n\
         rate = \"unlimited\"\n{more}"
    );
    fs::write(path, connector).expect("written");
}

/// GitHub tells that an issue was opened, and is told that this was kept.
pub(crate) async fn opens(with: &Client, number: usize) {
    let body = json!({"action": "opened", "sender": {"login": "ana"},
        "issue": {"number": number, "title": "It fails", "state": "open", "user": {"login": "ana"},
            "updated_at": "2019-05-15T10:00:00Z"},
        "repository": {"full_name": "acme/webapp", "name": "webapp"}})
    .to_string();
    let delivery = format!("00000000-0000-4000-8000-{number:012}");
    let taken = with.hook("issues", &delivery, &body).await.expect("an answer");
    assert_eq!(taken.status, 200, "{taken}");
}

pub(crate) async fn up(repo: &Repo) -> Server {
    Server::up(repo).await.unwrap_or_else(|(status, said)| panic!("{status}: {said}"))
}

/// What Wilco said in the room, as this person heard it.
fn by_wilco(person: &Person) -> Vec<String> {
    let ours =
        person.heard().into_iter().filter(|words| words.nick.starts_with("wilco") && words.target == "#ops");
    ours.map(|words| words.text).collect()
}

/// On a server without accounts everybody is a guest, whatever their nick: they may `ping`, and release nothing.
#[tokio::test]
async fn on_a_server_without_accounts_everybody_is_a_guest() {
    let town = Town::new(Network::ngircd(), "").await;
    let (you, zed) = (town.person("you").await, town.person("zed").await);
    for (person, token) in [(&you, "one"), (&zed, "two")] {
        person.say("#ops", &format!("wilco: ping {token}")).await;
        let pong = person.hears(&format!("pong {token}")).await;
        let expected = Words { nick: "wilco".into(), target: "#ops".into(), text: format!("pong {token}") };
        assert_eq!(pong, expected);
    }
    // A person's nick is not that person.
    you.say("#ops", "wilco: stage red t1").await;
    you.hears("Guest irc:~you may not use `app.stage`").await;
    zed.say("wilco", "ping three").await;
    assert_eq!(zed.hears("pong three").await.target, "zed", "an answer to one alone goes to one alone");
    you.sync().await;
    assert!(!you.heard().iter().any(|words| words.text.contains("three")));
    // Nobody can tell who is in the room, so it is open to nobody by another door.
    let order = json!({ "order": "ping four", "place": "irc:#ops" });
    let refused = town.you.post("calls", &order).await.expect("an answer");
    assert_eq!(refused.status, 422, "{refused}");
    assert!(refused.to_string().contains("is not open to @you"), "{refused}");
    let operations = town.you.get("operations").await.expect("an answer").body;
    assert_eq!(operations["items"].as_array().map(Vec::len), Some(0));
}

/// The server is killed and comes back: Wilco comes back to its room, says nothing twice, and answers.
#[tokio::test]
async fn a_server_that_is_killed_finds_wilco_back_and_nothing_is_said_twice() {
    for network in [Network::ngircd(), Network::inspircd()] {
        let mut town = Town::new(network, "").await;
        let zed = town.person("zed").await;
        zed.say("#ops", "wilco: ping before").await;
        zed.hears("pong before").await;
        town.network.kill();
        town.stands("waiting").await;
        town.network.begin();
        let zed = town.person("zed").await;
        for number in 0..5 {
            zed.say("#ops", &format!("wilco: ping after{number}")).await;
        }
        zed.hears("pong after4").await;
        zed.sync().await;
        assert_eq!(by_wilco(&zed), (0..5).map(|number| format!("pong after{number}")).collect::<Vec<_>>());
        assert!(town.server.said().lines().all(|line| !line.contains("panicked")), "{}", town.server.said());
    }
}

/// An account of the network's services is a person; an order by one on IRC is approved by another on the page.
#[tokio::test]
async fn an_order_on_irc_is_approved_on_the_page() {
    let town = Town::new(Network::inspircd(), "").await;
    let ana = Client::invited(&town.repo, "ana").await.expect("an answer");
    let you = town.person("you").await;
    you.say("#ops", "wilco: release red t0").await;
    // Their nick alone is nobody.
    you.hears("Guest irc:~you may not use `app.release`").await;
    you.register().await;
    you.say("#ops", "wilco: release red t1").await;
    let asked = you.hears("awaiting approval: release red t1").await;
    assert_eq!(asked.target, "#ops");
    you.hears("approve d-").await;
    // An order by another door is said in the room with whose it is, and answered there.
    let order = json!({ "order": "ping one", "place": "irc:#ops" });
    let answer = town.you.post("calls", &order).await.expect("an answer");
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(you.hears("ping one").await.text, "You gave an order from elsewhere: ping one");
    you.hears("pong one").await;
    // Who asked is not who approves, whatever they come by.
    let operation = town.you.operation("release red t1", &["awaiting_approval"]).await.expect("an answer");
    let own = town.you.press(&operation, "approve").await.expect("an answer");
    assert_eq!(own.status, 403, "{own}");
    let approved = ana.press(&operation, "approve").await.expect("an answer");
    assert!((200..300).contains(&approved.status), "{approved}");
    let done = you.hears("succeeded: release red t1").await;
    assert_eq!(done.target, "#ops");
    let audit = ana.all("audit").await.expect("an answer");
    let by = |kind: &str, who: &str, account: &str| {
        let entry = audit.iter().find(|entry| entry["kind"] == kind && entry["operation"] == operation["id"]);
        let entry = entry.unwrap_or_else(|| panic!("no {kind}: {audit:#?}"));
        assert_eq!(entry["who"], who);
        assert!(entry["body"].to_string().contains(&format!("\"{account}\"")), "{entry}");
    };
    by("operation.planned", "@you", "irc:you");
    by("operation.approved", "@ana", "web:ana");
    assert_eq!(town.repo.effects().len(), 1);
}

/// Wilco says who it is; where the network does not believe it, the connector waits for somebody to mend that.
#[tokio::test]
async fn a_wrong_password_parks_the_connector_and_says_so() {
    let network = Network::inspircd();
    let owner = Person::come(network.port, "wilco").await;
    owner.register().await;
    drop(owner);
    let secrets = tempfile::tempdir().expect("a folder");
    let file = secrets.path().join("password");
    let sasl = format!("sasl = {{ account = \"wilco\", password = {{ file = \"{}\" }} }}\n", file.display());
    fs::write(&file, "wrong").expect("written");
    let town = Town::new(network, &sasl).await;
    town.stands("parked").await;
    let said = town.server.said();
    assert!(said.contains("the account `wilco`") && said.contains("wilco.toml"), "{said}");
    assert!(!said.contains("wrong"), "{said}");
    let told = town.you.call("connectors", "how").await.expect("an answer").body["text"].to_string();
    assert!(told.contains("parked") && told.contains("the account `wilco`"), "{told}");
    // The page goes on without it and tells of it, and with the right one it is tried again when somebody says so.
    let zed = Person::come(town.network.port, "zed").await;
    zed.enter("#ops").await;
    fs::write(&file, "sesame").expect("written");
    let again = town.you.call("connectors retry irc", "again").await.expect("an answer");
    assert_eq!(again.status, 202, "{again}");
    zed.hears("The connector `irc` was parked: ").await;
    zed.hears("The connector `irc`, which was parked, is connected.").await;
    let audit = town.you.all("audit").await.expect("an answer");
    let kinds: Vec<_> = audit.iter().filter_map(|entry| entry["kind"].as_str()).collect();
    assert!(["connector.parked", "connector.connected"].iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    zed.send("WHOIS wilco").await;
    assert!(zed.sees(" 330 ").await.contains("wilco wilco"), "the network knows whose account it is");
}

/// What comes in while the server is away is told afterwards: all of it, in order, once.
#[tokio::test]
async fn an_outage_loses_nothing_of_five_hundred_webhooks() {
    let network = Network::ngircd();
    let port = network.port;
    let mut town = Town::hooked(network, port).await;
    town.stands("connected").await;
    let before = memory(town.server.pid(), "VmRSS");
    town.network.kill();
    town.stands("waiting").await;
    for number in 0..500 {
        town.opens(number).await;
    }
    // Wilco waits until somebody is there to hear all of it.
    town.server.signal(Signal::STOP);
    town.network.begin();
    let zed = Person::come(town.network.port, "zed").await;
    zed.enter("#ops").await;
    town.server.signal(Signal::CONT);
    zed.hears("webapp#499 ").await;
    zed.sync().await;
    let told = by_wilco(&zed);
    assert_eq!(told.len(), 500, "{told:#?}");
    for (number, line) in told.iter().enumerate() {
        assert!(line.contains(&format!("webapp#{number} ")), "{number}: {line}");
    }
    let most = memory(town.server.pid(), "VmHWM");
    assert!(most <= before + 20 * 1_024, "{before} KiB before, {most} KiB at most");
}

/// A figure of a process's memory, in KiB, as Linux tells it.
fn memory(process: u32, figure: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    kib.expect("a figure in kB")
}

/// More orders than anything holds at once are answered all the same, each once and in order.
#[tokio::test]
async fn a_flood_is_answered_in_order() {
    let town = Town::new(Network::ngircd(), "").await;
    let zed = town.person("zed").await;
    let orders: Vec<_> = (0..3_000).map(|number| format!("PRIVMSG #ops :wilco: ping n{number}")).collect();
    zed.send(&orders.join("\r\n")).await;
    zed.hears("pong n2999").await;
    zed.sync().await;
    let expected: Vec<_> = (0..3_000).map(|number| format!("pong n{number}")).collect();
    assert!(by_wilco(&zed) == expected, "all are answered, once, in order: {} are", by_wilco(&zed).len());
}

/// A connection that is cut in the middle of telling loses nothing, and repeats at most one line for each cut.
#[tokio::test]
async fn cuts_in_the_middle_lose_nothing_and_repeat_at_most_one_line_each() {
    const CUTS: usize = 4;
    let network = Network::ngircd();
    let proxy = Proxy::before(network.port).await;
    let town = Town::hooked(network, proxy.port()).await;
    let zed = town.person("zed").await;
    for number in 0..50 * CUTS {
        town.opens(number).await;
        if number % 50 == 25 {
            proxy.cut();
        }
    }
    zed.hears(&format!("webapp#{} ", 50 * CUTS - 1)).await;
    zed.sync().await;
    let mut told = by_wilco(&zed);
    let all = told.len();
    told.dedup();
    assert!(all - told.len() <= CUTS, "{} of {all} lines are repeats", all - told.len());
    assert_eq!(told.len(), 50 * CUTS, "{told:#?}");
    for (number, line) in told.iter().enumerate() {
        assert!(line.contains(&format!("webapp#{number} ")), "{number}: {line}");
    }
}

/// Stopped in the middle of telling, Wilco says what is under way to its end, and the rest after its next start: all of
/// it, in order, once.
#[tokio::test]
async fn a_stop_in_the_middle_says_nothing_twice_and_loses_nothing() {
    const ALL: usize = 120;
    let network = Network::ngircd();
    let port = network.port;
    let mut town = Town::hooked(network, port).await;
    let zed = town.person("zed").await;
    for number in 0..ALL {
        town.opens(number).await;
        if number % 40 == 20 {
            town.stops().await;
            town.server = up(&town.repo).await;
        }
    }
    zed.hears(&format!("webapp#{} ", ALL - 1)).await;
    zed.sync().await;
    let told = by_wilco(&zed);
    assert_eq!(told.len(), ALL, "{told:#?}");
    for (number, line) in told.iter().enumerate() {
        assert!(line.contains(&format!("webapp#{number} ")), "{number}: {line}");
    }
}

/// An operation that goes on over a restart is told to its end, and its end at no later start again.
#[tokio::test]
async fn what_ends_over_a_restart_is_told_once() {
    let mut town = Town::new(Network::ngircd(), "").await;
    let zed = town.person("zed").await;
    let said = town.you.say("wilco hold red t1", "hold").await.expect("an answer");
    assert_eq!(said.status, 201, "{said}");
    zed.hears("hold red t1").await;
    town.stops().await;
    for start in 0..3 {
        town.server = up(&town.repo).await;
        zed.hears("succeeded: hold red t1").await;
        zed.meets("wilco", "#ops").await;
        zed.say("#ops", &format!("wilco: ping start{start}")).await;
        zed.hears(&format!("pong start{start}")).await;
        town.stops().await;
    }
    zed.sync().await;
    let ends = by_wilco(&zed).into_iter().filter(|line| line.contains("succeeded: hold red t1")).count();
    assert_eq!(ends, 1, "{:#?}", by_wilco(&zed));
}
