//! SIGKILL at random moments, while two people give orders as fast as they are done, confirm, approve and look.
//!
//! Not the ends at commits: those are exact, and these come at moments that nobody chose.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};
use wilco_contract::clock::Chance;
use wilco_runtime::chance::{OsChance, SeededChance};

use crate::{
    ALONE,
    page::Page,
    proof,
    rig::{Client, Repo, Server, client::NoAnswer, server},
};

/// How many operations of one person may be under way.
const AT_ONCE: usize = 6;
/// How long what is under way may take when nobody kills any more.
const PATIENCE: Duration = Duration::from_secs(30);
const UNDER_WAY: &str =
    "operations?limit=500&state=planned,awaiting_confirm,awaiting_approval,queued,running,verifying";

/// What the people and the killer share.
struct Load {
    repo: Repo,
    /// Whether the kills are over: then no more orders are given.
    over: Cell<bool>,
    /// Requests that got no answer.
    unanswered: Cell<u32>,
    /// Messages, as they were acknowledged.
    acknowledged: RefCell<Vec<Value>>,
    /// Operations that a call was answered with, by their order.
    called: RefCell<BTreeMap<String, String>>,
}

impl Load {
    fn count_unanswered(&self) {
        self.unanswered.set(self.unanswered.get() + 1);
    }
}

/// A person and what they do.
struct Person<'a> {
    load: &'a Load,
    client: Client,
    name: &'static str,
    apps: [&'static str; 2],
    commands: &'static [&'static str],
    chance: SeededChance,
}

fn below(chance: &SeededChance, most: u64) -> u64 {
    u64::from_le_bytes(chance.bytes()[..8].try_into().expect("8 bytes")) % most
}

impl Person<'_> {
    /// Gives orders, says yes and looks, until the kills are over and nothing is under way any more.
    async fn live(&self) {
        let mut tickets = 0;
        let mut until = None;
        loop {
            let mine = match self.client.get(UNDER_WAY).await {
                Ok(list) => self.say_yes(list.body["items"].as_array().expect("operations")).await,
                Err(no_answer) => Err(no_answer),
            };
            match mine {
                Ok(0) if self.load.over.get() => return,
                Ok(mine) if mine < AT_ONCE && !self.load.over.get() => {
                    tickets += 1;
                    let pick =
                        |most: usize| usize::try_from(below(&self.chance, most as u64)).expect("small");
                    let (command, app) = (self.commands[pick(self.commands.len())], self.apps[pick(2)]);
                    let order = format!("{command} {app} {}{tickets}", self.name);
                    if below(&self.chance, 3) == 0 {
                        self.call(&order).await;
                    } else {
                        self.say(&format!("wilco {order}")).await;
                    }
                }
                Ok(_) => {}
                Err(_) => self.load.count_unanswered(),
            }
            if let Ok(looked) = self.client.post("calls", &json!({ "order": "status" })).await {
                assert_eq!(looked.status, 200, "{looked}");
            }
            if self.load.over.get() {
                let until = *until.get_or_insert_with(|| Instant::now() + PATIENCE);
                assert!(Instant::now() < until, "still under way: {:?}", self.client.get(UNDER_WAY).await);
            }
            sleep(Duration::from_millis(10 + below(&self.chance, 60))).await;
        }
    }

    /// Says something until it is acknowledged; the words are the key.
    async fn say(&self, text: &str) {
        loop {
            match self.client.say(text, text).await {
                Ok(said) => {
                    assert_eq!(said.status, 201, "{said}");
                    return self.load.acknowledged.borrow_mut().push(said.body);
                }
                Err(_) => self.load.count_unanswered(),
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Gives an order by a call until it is answered; the order is the key.
    async fn call(&self, order: &str) {
        loop {
            match self.client.call(order, order).await {
                Ok(called) => {
                    assert_eq!(called.status, 202, "{called}");
                    let id = called.body["operation"].as_str().expect("an operation").to_owned();
                    self.load.called.borrow_mut().insert(order.to_owned(), id);
                    return;
                }
                Err(_) => self.load.count_unanswered(),
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Presses what this person may press, and says how many operations are theirs.
    async fn say_yes(&self, under_way: &[Value]) -> Result<usize, NoAnswer> {
        let is_mine = |operation: &&Value| operation["asker"]["id"] == self.name;
        for operation in under_way {
            let may = |press: &str| operation["may"].as_array().expect("a list").contains(&press.into());
            let Some(press) = ["confirm", "approve"].into_iter().find(|press| may(press)) else { continue };
            if press == "confirm" && below(&self.chance, 3) == 0 {
                self.say(&format!("wilco confirm {}", operation["id"].as_str().expect("an id"))).await;
                continue;
            }
            let pressed = self.client.press(operation, press).await?;
            // It may be past deciding by now: a press whose answer was lost had counted.
            assert!([200, 403, 409].contains(&pressed.status), "{pressed}");
        }
        Ok(under_way.iter().filter(is_mine).count())
    }
}

/// Kills the server so many times, some of them while it starts.
async fn kill(load: &Load, mut server: Server, kills: u32, chance: &SeededChance) -> Server {
    for _ in 0..kills {
        sleep(Duration::from_millis(30 + below(chance, 800))).await;
        server.signal(Signal::KILL);
        server.ended().await;
        if below(chance, 5) == 0 {
            let mut early = Server::spawn(server::wilco(&load.repo, &["up"]), &load.repo);
            sleep(Duration::from_millis(below(chance, 200))).await;
            early.signal(Signal::KILL);
            early.ended().await;
        }
        server = Server::up(&load.repo).await.unwrap_or_else(|(status, said)| panic!("{status}: {said}"));
    }
    load.over.set(true);
    server
}

/// The seed of this run: given, to repeat one, or new.
#[expect(clippy::disallowed_methods, reason = "a run can be repeated by its seed")]
fn seed() -> u64 {
    let given = std::env::var("WILCO_CRASH_SEED").ok().map(|seed| seed.parse().expect("a number"));
    given.unwrap_or_else(|| u64::from_le_bytes(OsChance.bytes()[..8].try_into().expect("8 bytes")))
}

async fn kill_under_load(kills: u32, durability: &str) {
    let seed = seed();
    println!("WILCO_CRASH_SEED={seed}");
    let repo = Repo::new(durability);
    let server = Server::up(&repo).await.unwrap_or_else(|(status, said)| panic!("{status}: {said}"));
    let you = Client::sign_in(&repo, server.secret()).await.expect("an answer");
    let ana = Client::invited(&repo, "ana").await.expect("an answer");
    let load = Load {
        repo,
        over: Cell::default(),
        unanswered: Cell::default(),
        acknowledged: RefCell::default(),
        called: RefCell::default(),
    };
    let person = |client: &Client, name, apps, commands, more| Person {
        load: &load,
        client: client.clone(),
        name,
        apps,
        commands,
        chance: SeededChance::new(seed.wrapping_add(more)),
    };
    let one = person(&you, "you", ["red", "blue"], &["stage", "release", "rollback"], 1);
    let other = person(&ana, "ana", ["green", "yellow"], &["stage", "rollback"], 2);
    let chance = SeededChance::new(seed);
    let page = Page::open(&ana).await;
    let people = futures_util::future::join(one.live(), other.live());
    let under_load = futures_util::future::join(kill(&load, server, kills, &chance), people);
    let (page, (_server, _)) = page.follow_while(under_load).await;
    let left = proof::look(&you).await.expect("an answer");
    left.holds(&load.repo, &load.acknowledged.borrow());
    left.has_operations(&load.called.borrow());
    proof::room_shows_ends(&you).await.expect("an answer");
    page.catch_up(&you).await;
    let locks = you.post("calls", &json!({ "order": "locks" })).await.expect("an answer");
    assert_eq!(locks.body["text"], "Nothing is locked.", "{locks}");
    proof::audit_is_whole(&load.repo).await;
    let effects = load.repo.effects().len();
    println!("{kills} kills, {effects} effects, {} requests without an answer.", load.unanswered.get());
    assert!(effects > kills as usize, "there was a load, not {effects} effects");
    assert!(load.unanswered.get() > 0, "kills came while people asked");
}

#[tokio::test]
async fn kills_under_load_lose_nothing_and_repeat_nothing() {
    let _alone = ALONE.lock().await;
    kill_under_load(30, "process").await;
}

#[tokio::test]
async fn kills_under_load_lose_nothing_with_full_durability() {
    let _alone = ALONE.lock().await;
    kill_under_load(6, "full").await;
}
