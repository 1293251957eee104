//! A long run: people give orders and webhooks arrive, while the connection stalls, is late, torn, cut and lost, and the
//! server is killed and comes back.
//!
//! `script/soak` plays it for twenty minutes, `script/test` for a few seconds with one incident of each short kind. What
//! has to hold is in [`judge`]; who is in the room in [`crowd`].

mod chaos;
mod crowd;
mod judge;

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::process::Signal;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use wilco_testkit::proxy::Proxy;

use self::{
    chaos::{Chance, Chaos, Kind},
    crowd::{Guest, Notes, ROOMS, lock},
    judge::{Order, Record, judge},
};
use super::{rig::Repo, servers::Network, stories::Town};

/// How long what waited may take to be told at the end, and a last order to be answered.
const AT_LAST: Duration = Duration::from_secs(120);
/// How often the memory is looked at.
const SAMPLE: Duration = Duration::from_secs(10);
/// The pauses between two orders of a person, and between two webhooks, in milliseconds: from and to.
const ORDERS: (u64, u64) = (300, 1_500);
const WEBHOOKS: (u64, u64) = (100, 500);

/// What all that happens in a run shares.
struct Run {
    began: Instant,
    record: Mutex<Record>,
    notes: Arc<Mutex<Notes>>,
    over: AtomicBool,
}

impl Run {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    /// How many webhooks were told in the room that heard least of them.
    fn told(&self) -> usize {
        let notes = lock(&self.notes);
        let of = |room: &str| {
            notes.heard.iter().filter(|heard| heard.room == room && heard.text.contains("webapp#")).count()
        };
        ROOMS.map(of).into_iter().min().unwrap_or_default()
    }

    fn heard(&self, text: &str) -> bool {
        lock(&self.notes).heard.iter().any(|heard| heard.text.contains(text))
    }
}

/// How long and with which chance: what `script/soak` says, or a few seconds.
fn asked_for() -> (Option<Duration>, u64) {
    let number = |name| std::env::var_os(name)?.to_str()?.parse::<u64>().ok();
    let minutes = number("SOAK_MINUTES").map(|minutes| Duration::from_secs(60 * minutes));
    (minutes, number("SOAK_SEED").unwrap_or(1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_leaves_nobody_deaf_loses_no_webhook_and_takes_no_memory() {
    let (length, seed) = asked_for();
    let network = Network::inspircd();
    let proxy = Proxy::before(network.port).await;
    let repo = Repo::new("process");
    let rooms = ROOMS.map(|room| format!("\"irc:{room}\"")).join(", ");
    repo.hear_github(&format!("\n[[route]]\nto = [{rooms}]\ngroup = \"none\"\n"));
    let port = network.port;
    let town = Arc::new(tokio::sync::Mutex::new(Town::of(repo, network, proxy.port(), "").await));
    let pid = town.lock().await.server.pid();
    let you = town.lock().await.you.clone();

    let began = Instant::now();
    let run = Arc::new(Run {
        began,
        record: Mutex::default(),
        notes: Arc::default(),
        over: AtomicBool::new(false),
    });
    let guest = |nick, notes| Arc::new(Guest::come(port, nick, notes, began));
    let guests = [guest("zed", Some(run.notes.clone())), guest("ana", None), guest("ben", None)];
    for guest in &guests {
        guest.is_there().await;
    }
    town.lock().await.stands("connected").await;
    let mut tasks = Vec::new();
    for (at, guest) in guests.iter().enumerate() {
        tasks.push(start(orders(run.clone(), guest.clone(), at, Chance::new(seed + 10 + at as u64))));
    }
    tasks.push(start(webhooks(run.clone(), you, Chance::new(seed + 1))));
    tasks.push(start(memory(run.clone(), pid)));

    let kinds = if length.is_some() { Kind::ALL } else { Kind::SHORT };
    let mut chaos =
        Chaos { run: &run, town: &town, proxy: &proxy, guests: &guests, chance: Chance::new(seed) };
    chaos.rounds(kinds, length).await;
    run.over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.expect("nobody in a run panics");
    }
    settle(&run, &guests).await;

    let mut town = town.lock().await;
    town.server.signal(Signal::TERM);
    let ended = town.server.ended().await;
    let mut record = lock(&run.record).clone();
    record.heard.clone_from(&lock(&run.notes).heard);
    let mut verdict = judge(&record);
    if !ended.success() {
        verdict.wrong.push(format!("it ended with {ended}"));
    }
    let said = town.server.said();
    verdict.wrong.extend(said.lines().filter(|line| line.contains("panicked")).map(ToOwned::to_owned));
    let told = format!("seed: {seed}\n{}wrong: {:#?}\n", verdict.figures, verdict.wrong);
    let samples = record.memory.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("soak.txt");
    let all = format!(
        "{told}memory in KiB, every {} s: {samples}\nincidents: {:#?}\nlog:\n{said}",
        SAMPLE.as_secs(),
        record.incidents
    );
    fs::write(&file, all).expect("written");
    println!("{told}All of it is in {}.", file.display());
    assert!(verdict.wrong.is_empty(), "{told}");
}

#[expect(clippy::disallowed_methods, reason = "people and senders are no tasks of Wilco")]
fn start(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(task)
}

/// Somebody gives orders, each under a name of its own.
async fn orders(run: Arc<Run>, guest: Arc<Guest>, who: usize, mut chance: Chance) {
    let mut number = 0;
    while run.goes_on() {
        sleep(Duration::from_millis(chance.between(ORDERS))).await;
        let (name, room) = (format!("p{who}n{number}"), ROOMS[chance.below(2) as usize]);
        // Looked at before: who is cut off while it is being said is owed nothing.
        let said = run.now();
        if guest.say(room, &format!("wilco: ping {name}")).await {
            lock(&run.record).orders.push(Order { name, said });
            number += 1;
        }
    }
}

/// GitHub tells that one issue after the other was opened.
async fn webhooks(run: Arc<Run>, you: super::rig::Client, mut chance: Chance) {
    while run.goes_on() {
        sleep(Duration::from_millis(chance.between(WEBHOOKS))).await;
        let number = lock(&run.record).accepted;
        super::stories::opens(&you, number).await;
        lock(&run.record).accepted += 1;
    }
}

/// Looks how much memory the server has.
async fn memory(run: Arc<Run>, pid: u32) {
    let mut next = run.began;
    while run.goes_on() {
        if Instant::now() >= next {
            next += SAMPLE;
            let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process that lives");
            let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
            let kib = resident.trim().trim_end_matches(" kB").parse().expect("a number");
            lock(&run.record).memory.push(kib);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// All that was accepted is told in time, and each person has a last order answered.
async fn settle(run: &Run, guests: &[Arc<Guest>]) {
    let accepted = lock(&run.record).accepted;
    let told = async {
        while run.told() < accepted {
            sleep(Duration::from_millis(50)).await;
        }
    };
    // What is missing is told by the judge.
    let _ = timeout(AT_LAST, told).await;
    for (who, guest) in guests.iter().enumerate() {
        let (name, said) = (format!("p{who}last"), run.now());
        assert!(guest.say(ROOMS[0], &format!("wilco: ping {name}")).await, "they are there");
        lock(&run.record).orders.push(Order { name: name.clone(), said });
        let answered = async {
            while !run.heard(&format!("pong {name}")) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = timeout(AT_LAST, answered).await;
    }
    lock(&run.record).end = run.now();
}
