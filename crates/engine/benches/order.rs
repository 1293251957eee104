//! What an order that only reads costs: from the line that a network brings until what is said of it is taken over by
//! the network, for the engine alone. The audit goes to a store in memory.
//!
//! `ping` is the engine's own; `say` is a pack's, whose step fills in a template.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;
use wilco_contract::{
    clock::Clock as _,
    command::{ArgSpec, Command, Effect, OnFailure, Spec, Step},
    connector::{Caps, Outbox, Post, Receipt, SendError, Tells},
    ids::{ActionName, CommandId, Origin, Place},
    pattern::Pattern,
    policy::{Flags, Glob, Grant, Grantee, Policy},
    reply::Reply,
    values::{ArgType, Args},
};
use wilco_runtime::clock::SteppedClock;
use wilco_testkit::network::MemoryNetwork;

mod running;

/// How many orders are given in one go.
const ORDERS: usize = 1_000;

/// A network that counts what it is told.
#[derive(Default)]
struct Counting(AtomicUsize);

#[async_trait]
impl Outbox for Counting {
    async fn post(&self, post: Post<'_>) -> Result<Receipt, SendError> {
        assert!(post.reply.plain().contains("ong"), "{}", post.reply.plain());
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Receipt { place: post.place.clone(), id: String::new() })
    }

    async fn edit(&self, _: &Receipt, _: &Reply) -> Result<(), SendError> {
        Ok(())
    }
}

/// A pack's command with one step, which fills in a template.
fn say() -> Command {
    let token = ArgSpec {
        name: "token".to_owned(),
        kind: ArgType::Word,
        about: String::new(),
        required: true,
        default: None,
    };
    let step = Step {
        id: "answer".to_owned(),
        uses: ActionName::parse("text.answer").expect("a name"),
        with: json!({"text": "pong {{ token }}"}),
        effect: None,
        undo: None,
        when: None,
        for_each: None,
        retry: None,
        origin: Origin::built_in(),
    };
    Command {
        spec: Spec {
            id: CommandId::parse("bench.say").expect("an id"),
            words: vec![Pattern::parse("say <token>").expect("a pattern")],
            about: "Answers as ping does".to_owned(),
            effect: Effect::Read,
            args: vec![token],
            examples: Vec::new(),
            require: Vec::new(),
            rate: None,
            lock: None,
            timeout_secs: 600,
            home: None,
            letter: 'o',
        },
        origin: Origin::built_in(),
        steps: vec![step],
        verify: Vec::new(),
        on_failure: OnFailure::Stop,
        vars: Args::new(),
    }
}

/// A policy under which everybody may give these commands.
fn everybody(commands: &str) -> Policy {
    let grant = Grant {
        command: Glob(commands.to_owned()),
        effect: None,
        to: vec![Grantee::Guest],
        rooms: None,
        when: None,
        flags: Flags::NONE,
        origin: Origin::built_in(),
    };
    Policy { grants: vec![grant], ..Policy::default() }
}

fn order(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let place = Place::parse("web:ops").expect("a place");
    let clock = Arc::new(SteppedClock::new("2026-11-23T10:00:00Z".parse().expect("a time")));
    let mut group = criterion.benchmark_group("an order answered");
    group.throughput(Throughput::Elements(ORDERS as u64)).sample_size(10);
    for order in ["wilco ping 8c1f0d", "wilco say 8c1f0d"] {
        let policy = everybody("bench.*");
        let engine = running::engine(&place, policy, (vec![say()], Vec::new()), &clock);
        let network = Arc::new(Counting::default());
        // As most networks, it tells of no edits.
        let caps = Caps { tells: Tells::NOTHING, ..MemoryNetwork::CAPS };
        engine.attach("web", caps, network.clone(), Arc::new(MemoryNetwork::default()));
        runtime.block_on(engine.recover()).expect("the store can be read");
        let mut given = 0;
        group.bench_function(order, |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    for _ in 0..ORDERS {
                        given += 1;
                        let arrival =
                            running::arrival(&place, (&given.to_string(), black_box(order)), clock.now());
                        engine.accept(arrival).await;
                    }
                    while network.0.load(Ordering::Relaxed) < given {
                        tokio::task::yield_now().await;
                    }
                });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, order);
criterion_main!(benches);
