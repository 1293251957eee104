//! Events through the real engine: one line an object, its story in the thread, nothing twice, nothing lost.

use jiff::{SignedDuration, Timestamp};
use wilco_contract::{
    event::{Did, Event, Level},
    expr::Condition,
    ids::{ObjectId, Origin, Place, Seq, SourceName},
    route::{DEFAULT_GROUP, DEFAULT_KEEP_SECS, Group, Route, SourceRule},
    source::RawHook,
};
use wilco_engine::{EventSetup, NotTaken, Taken};
use wilco_testkit::network::MemoryNetwork;

use crate::world::{World, place};

pub(crate) fn origin(line: u32) -> Origin {
    Origin { file: "wilco.toml".into(), line, column: 1 }
}

pub(crate) fn to(line: u32, when: Option<&str>, place: &str) -> Route {
    Route {
        when: when.map(|when| Condition::parse(when).expect("a condition")),
        to: vec![Place::parse(place).expect("a place")],
        say: None,
        level: None,
        group: DEFAULT_GROUP,
        drop: false,
        origin: origin(line),
    }
}

pub(crate) fn routes(routes: Vec<Route>) -> EventSetup {
    EventSetup { routes, ..EventSetup::default() }
}

fn all_to_ops() -> EventSetup {
    routes(vec![to(1, None, "web:ops")])
}

/// An event about an issue; the id tells it from others.
pub(crate) fn issue(id: &str, number: u64, at: &str, state: &str) -> Event {
    let at: Timestamp = format!("2026-11-23T{at}Z").parse().expect("a time");
    let source = SourceName::parse("github").expect("a name");
    let mut event = Event::new(source, id, "issues", at);
    event.level = Level::Normal;
    event.action = Some(if state == "open" { "opened" } else { "closed" }.into());
    event.object = Some(ObjectId::parse(&format!("github:acme/webapp#{number}")).expect("an object"));
    event.reference = Some(format!("webapp#{number}"));
    event.repo = Some("acme/webapp".into());
    event.title = Some(format!("Title {number}"));
    event.state = Some(state.into());
    event.done = state != "open";
    event.line = format!("Issue webapp#{number} {state}");
    event.head = Some(format!("Issue webapp#{number} Title {number} — {state}"));
    event.url = Some(format!("https://github.com/acme/webapp/issues/{number}"));
    event
}

pub(crate) async fn send(world: &World, events: &[Event]) -> Result<Taken, NotTaken> {
    let body = serde_json::to_vec(events).expect("JSON");
    let headers: [(&str, &[u8]); 1] = [("x-proof", b"right")];
    let hook = RawHook { headers: &headers, body: &body, received_at: world.time() };
    let taken = world.engine.hook("github", hook).await;
    world.settle().await;
    taken
}

async fn sent(world: &World, event: Event) {
    assert_eq!(send(world, &[event]).await, Ok(Taken { new: 1, repeated: 0 }));
}

/// The messages at the top of the room, and those in threads.
fn shown(world: &World) -> (Vec<String>, Vec<String>) {
    let all = world.network.shown();
    let (top, threaded): (Vec<_>, Vec<_>) = all.into_iter().partition(|shown| shown.thread.is_none());
    let texts = |shown: Vec<wilco_testkit::network::Shown>| {
        shown.into_iter().map(|shown| shown.reply.plain()).collect()
    };
    (texts(top), texts(threaded))
}

async fn did(world: &World, event: u64) -> Did {
    let events = world.store.latest_events(&Default::default(), Seq(0), 500).await.expect("events");
    let seq = events[events.len() - usize::try_from(event).expect("small")].seq;
    let trace = world.store.trace(seq).await.expect("a read").expect("it was routed");
    trace.places[0].did
}

const URL: &str = " · https://github.com/acme/webapp/issues/90";

#[tokio::test]
async fn an_object_has_one_line_that_is_edited_and_its_story_in_the_thread() {
    let world = World::of_events(all_to_ops()).await;
    let mut opened = issue("1", 90, "10:00:00", "open");
    (opened.text, opened.quote) = (Some(format!("It fails.\n{}", "x".repeat(900))), true);
    sent(&world, opened).await;
    sent(&world, issue("2", 90, "10:01:00", "closed")).await;
    let (top, thread) = shown(&world);
    assert_eq!(top, [format!("Issue webapp#90 Title 90 — closed{URL}")]);
    assert!(thread[0].starts_with("> It fails.\n> xxx") && thread[0].chars().count() < 310, "{thread:?}");
    assert_eq!(thread[1], format!("Issue webapp#90 closed{URL}"));
    assert_eq!((did(&world, 1).await, did(&world, 2).await), (Did::Posted, Did::Threaded));
}

#[tokio::test]
async fn a_repeat_is_acknowledged_and_told_once() {
    let world = World::of_events(all_to_ops()).await;
    sent(&world, issue("1", 90, "10:00:00", "open")).await;
    assert_eq!(send(&world, &[issue("1", 90, "10:00:00", "open")]).await, Ok(Taken { new: 0, repeated: 1 }));
    let both = [
        issue("1", 90, "10:00:00", "open"),
        issue("2", 91, "10:00:00", "open"),
        issue("2", 91, "10:00:00", "open"),
    ];
    assert_eq!(send(&world, &both).await, Ok(Taken { new: 1, repeated: 2 }));
    assert_eq!(shown(&world).0.len(), 2);
    // The same under another id, soon after.
    sent(&world, issue("3", 90, "10:00:00", "open")).await;
    assert_eq!(did(&world, 3).await, Did::Alike);
    assert!(shown(&world).1.is_empty());
}

#[tokio::test]
async fn what_comes_late_changes_nothing_that_is_newer() {
    let world = World::of_events(all_to_ops()).await;
    sent(&world, issue("1", 90, "10:00:00", "open")).await;
    sent(&world, issue("2", 90, "10:05:00", "closed")).await;
    sent(&world, issue("3", 90, "10:03:00", "reopened")).await;
    assert_eq!(shown(&world).0, [format!("Issue webapp#90 Title 90 — closed{URL}")]);
    assert_eq!(did(&world, 3).await, Did::Late);
    // A comment that comes late is told all the same.
    let mut comment = issue("4", 90, "10:02:00", "open");
    (comment.state, comment.head, comment.level) = (None, None, Level::Thread);
    comment.line = "cy on webapp#90: late".into();
    sent(&world, comment).await;
    assert_eq!(did(&world, 4).await, Did::Threaded);
    assert_eq!(shown(&world).0.len(), 1);
}

#[tokio::test]
async fn parts_of_an_object_have_an_order_of_their_own() {
    let world = World::of_events(all_to_ops()).await;
    let alert = |id: &str, part: &str, at: &str, state: &str| {
        let mut event = issue(id, 90, at, state);
        event.part = Some(part.into());
        event.line = format!("{part} {state} {at}");
        event
    };
    sent(&world, alert("1", "api-1", "10:05:00", "open")).await;
    sent(&world, alert("2", "api-2", "10:01:00", "open")).await;
    sent(&world, alert("3", "api-1", "10:06:00", "closed")).await;
    sent(&world, alert("4", "api-1", "10:05:00", "reopened")).await;
    let all = [did(&world, 1).await, did(&world, 2).await, did(&world, 3).await, did(&world, 4).await];
    assert_eq!(all, [Did::Posted, Did::Threaded, Did::Threaded, Did::Late]);
}

#[tokio::test]
async fn a_family_shares_a_line_for_half_a_minute() {
    let world = World::of_events(all_to_ops()).await;
    let new = |id: &str, number| {
        let mut event = issue(id, number, "10:00:00", "open");
        event.family = Some("issues opened in acme/webapp".into());
        event
    };
    for number in 90..94 {
        sent(&world, new(&number.to_string(), number)).await;
        world.step(5).await;
    }
    let (top, thread) = shown(&world);
    let line = "4 issues opened in acme/webapp: webapp#90 Title 90, webapp#91 Title 91, webapp#92 Title 92, webapp#93 Title 93";
    assert_eq!(top, [line]);
    assert_eq!(thread.len(), 3, "{thread:?}");
    world.step(30).await;
    sent(&world, new("95", 95)).await;
    sent(&world, issue("96", 91, "10:02:00", "closed")).await;
    let (top, thread) = shown(&world);
    assert_eq!(top.len(), 2);
    assert!(top[0].contains("webapp#91 Title 91 (closed)"), "{top:?}");
    assert_eq!(
        thread.last().map(String::as_str),
        Some("Issue webapp#91 closed · https://github.com/acme/webapp/issues/91")
    );
}

#[tokio::test]
async fn what_is_too_much_for_a_room_is_counted_in_one_line() {
    let world = World::of_events(all_to_ops()).await;
    for number in 0..60 {
        sent(&world, issue(&number.to_string(), number, "10:00:00", "open")).await;
    }
    let mut loud = issue("loud", 500, "10:00:00", "open");
    loud.level = Level::Loud;
    sent(&world, loud).await;
    let (top, _) = shown(&world);
    assert_eq!(top.len(), 22, "20 lines, one that counts, one that is loud: {top:#?}");
    assert!(
        top[20].starts_with("40 more since 10:00 UTC: 40 × issues opened acme/webapp; last:"),
        "{}",
        top[20]
    );
    world.step(601).await;
    sent(&world, issue("later", 501, "10:11:00", "open")).await;
    assert_eq!(shown(&world).0.len(), 23, "the next ten minutes have lines of their own");
}

#[tokio::test]
async fn a_storm_about_one_object_fills_neither_room_nor_thread() {
    let world = World::of_events(all_to_ops()).await;
    for number in 0..500 {
        let mut event = issue(&number.to_string(), 90, "10:00:00", "open");
        event.line = format!("comment {number}");
        event.head = Some(format!("Issue webapp#90 — {number} comments"));
        sent(&world, event).await;
    }
    let (top, thread) = shown(&world);
    assert_eq!(top, [format!("Issue webapp#90 — 499 comments{URL}")]);
    assert_eq!(thread.len(), 21, "{thread:#?}");
    assert!(
        thread[20].starts_with("479 more here: 479 × issues opened acme/webapp; last: comment 499"),
        "{}",
        thread[20]
    );
}

#[tokio::test]
async fn what_goes_to_and_fro_is_folded_until_it_is_calm() {
    let world = World::of_events(all_to_ops()).await;
    for minute in 0..8 {
        let state = if minute % 2 == 0 { "open" } else { "closed" };
        let at = format!("10:{minute:02}:00");
        sent(&world, issue(&minute.to_string(), 90, &at, state)).await;
        world.step(60).await;
    }
    let (top, thread) = shown(&world);
    assert_eq!(top.len(), 1);
    assert!(
        top[0].starts_with("⟳ Issue webapp#90 Title 90 — closed — flapping (7 changes in 30 min)"),
        "{top:?}"
    );
    assert_eq!(thread.len(), 3, "{thread:?}");
    world.step(20 * 60).await;
    assert_eq!(shown(&world).0, [format!("Issue webapp#90 Title 90 — closed{URL}")], "it is calm again");
}

#[tokio::test]
async fn what_stands_far_above_is_told_anew() {
    let world = World::of_events(all_to_ops()).await;
    sent(&world, issue("1", 90, "10:00:00", "open")).await;
    for number in 0..201 {
        world.say("web:you", &format!("m{number}"), "chatter").await;
    }
    sent(&world, issue("2", 90, "10:01:00", "closed")).await;
    let (top, _) = shown(&world);
    assert_eq!(top.len(), 2);
    assert_eq!(top[1], format!("Issue webapp#90 Title 90 — closed{URL}\nFirst told 2026-11-23 10:00 UTC."));
    world.step(8 * 86_400).await;
    sent(&world, issue("3", 90, "10:02:00", "reopened")).await;
    assert_eq!(shown(&world).0.len(), 3, "and after a week");
}

#[tokio::test]
async fn what_is_quiet_is_told_once_a_day() {
    let world = World::of_events(all_to_ops()).await;
    for number in 0..3 {
        let mut star = issue(&number.to_string(), 90, "10:00:00", "open");
        (star.level, star.kind, star.action, star.object) = (Level::Digest, "star".into(), None, None);
        star.line = format!("star by ana-{number}");
        sent(&world, star).await;
    }
    assert_eq!(shown(&world).0, ["3 quiet ones today: 3 × star acme/webapp; last: star by ana-2"]);
    world.step(86_400).await;
    let mut star = issue("4", 90, "10:00:00", "open");
    (star.level, star.object) = (Level::Digest, None);
    sent(&world, star).await;
    assert_eq!(shown(&world).0.len(), 2);
}

#[tokio::test]
async fn what_is_off_is_kept_and_only_brings_a_line_up_to_date() {
    let world = World::of_events(all_to_ops()).await;
    let mut quiet = issue("1", 90, "10:00:00", "open");
    quiet.level = Level::Off;
    sent(&world, quiet.clone()).await;
    assert!(shown(&world).0.is_empty());
    assert_eq!(did(&world, 1).await, Did::Kept);
    sent(&world, issue("2", 90, "10:01:00", "open")).await;
    quiet.id = "3".into();
    quiet.at += SignedDuration::from_mins(5);
    quiet.head = Some("Issue webapp#90 Title 90 — 4 commits".into());
    sent(&world, quiet).await;
    assert_eq!(shown(&world), (vec![format!("Issue webapp#90 Title 90 — 4 commits{URL}")], vec![]));
}

#[tokio::test]
async fn routes_add_up_and_without_one_the_source_says_where() {
    let mut loud = to(2, Some("event.title == 'Title 90'"), "web:ops");
    loud.level = Some(Level::Loud);
    let mut dropping = to(3, Some("event.number == 7"), "web:ops");
    dropping.drop = true;
    let mut saying = to(4, Some("event.kind == 'issues' and event.state == 'open'"), "web:web");
    saying.say = Some("{{ event.reference or event.title }}: {{ event.nothing }}".into());
    let erring = to(5, Some("event.payload.a.b == 1"), "web:web");
    let mut setup = routes(vec![loud, dropping, saying, erring]);
    setup.sources = vec![SourceRule {
        source: SourceName::parse("github").expect("a name"),
        to: vec![place()],
        keep_secs: DEFAULT_KEEP_SECS,
        origin: origin(9),
    }];
    let world = World::of_events(setup).await;
    sent(&world, issue("1", 90, "10:00:00", "open")).await;
    let mut places: Vec<_> = world.network.shown().iter().map(|shown| shown.place.to_string()).collect();
    places.sort();
    assert_eq!(places, ["web:ops", "web:web"]);
    sent(&world, issue("2", 91, "10:00:00", "closed")).await;
    assert_eq!(world.network.shown().last().map(|shown| shown.place.clone()), Some(place()), "no route fits");
    let mut dropped = issue("3", 92, "10:00:00", "open");
    dropped.number = Some(7);
    sent(&world, dropped).await;
    assert_eq!(world.network.shown().len(), 3);
    world.say("web:you", "1", "wilco why webapp#90").await;
    let why = world.last_text();
    for part in [
        "wilco.toml:2: to web:ops, loud",
        "web:ops at level loud: posted",
        "wilco.toml:4: its `say` fails",
        "Signed: yes",
    ] {
        assert!(why.contains(part), "{part} in {why}");
    }
    assert!(why.contains("\"title\":\"Title 90\""), "the payload is shown: {why}");
}

#[tokio::test]
async fn without_groups_every_delivery_is_a_post_of_its_own() {
    let mut route = to(1, None, "web:ops");
    route.group = Group::None;
    let world = World::of_events(routes(vec![route])).await;
    for number in 0..50 {
        let mut event = issue(&number.to_string(), 90, "10:00:00", "open");
        event.level = Level::Off;
        sent(&world, event).await;
    }
    sent(&world, issue("late", 90, "09:00:00", "open")).await;
    let (top, thread) = shown(&world);
    assert_eq!((top.len(), thread.len()), (51, 0));
}

#[tokio::test]
async fn a_mute_is_an_order_and_ends_by_itself() {
    let world = World::of_events(all_to_ops()).await;
    world.say("web:bo", "1", "wilco mute acme/webapp for 2h").await;
    assert!(world.last_text().contains("may not use `wilco.mute`"), "{}", world.last_text());
    world.say("web:ana", "2", "wilco mute acme/webapp for 2h").await;
    let before = world.network.shown().len();
    sent(&world, issue("1", 90, "10:00:00", "open")).await;
    assert_eq!(did(&world, 1).await, Did::Muted);
    assert_eq!(world.network.shown().len(), before);
    world.say("web:you", "3", "wilco routes").await;
    assert!(world.last_text().contains("`acme/webapp` until 12:00:00 UTC, by @ana"), "{}", world.last_text());
    let world = world.again(all_to_ops(), MemoryNetwork::CAPS).await;
    sent(&world, issue("2", 90, "10:01:00", "closed")).await;
    assert_eq!(did(&world, 2).await, Did::Muted, "a restart does not end it");
    world.step(7_200).await;
    sent(&world, issue("3", 90, "12:01:00", "open")).await;
    assert_eq!(did(&world, 3).await, Did::Posted);
}

#[tokio::test]
async fn what_nobody_proved_is_refused_and_counted() {
    let world = World::of_events(all_to_ops()).await;
    let body = serde_json::to_vec(&[issue("1", 90, "10:00:00", "open")]).expect("JSON");
    for (proof, kind) in [(None, "There is no proof."), (Some("wrong"), "The proof is wrong.")] {
        let headers: Vec<(&str, &[u8])> =
            proof.iter().map(|proof: &&str| ("x-proof", proof.as_bytes())).collect();
        let hook = RawHook { headers: &headers, body: &body, received_at: world.time() };
        assert_eq!(world.engine.hook("github", hook).await, Err(NotTaken::NotProven(kind.into())));
    }
    let right: [(&str, &[u8]); 1] = [("x-proof", b"right")];
    let hook = RawHook { headers: &right, body: b"[{", received_at: world.time() };
    assert!(matches!(world.engine.hook("github", hook).await, Err(NotTaken::Unreadable(_))));
    assert_eq!(world.engine.hook("nobody", hook).await, Err(NotTaken::NoSuchSource));
    let health = &world.engine.sources()[0];
    assert_eq!((health.taken, health.refused, health.signed), (0, 3, true));
    assert!(health.refused_why.as_ref().is_some_and(|why| why.contains("no event")));
}

#[tokio::test]
async fn after_a_restart_it_goes_on_with_what_was_not_routed() {
    let world = World::of_events(EventSetup::default()).await;
    sent(&world, issue("1", 90, "10:00:00", "open")).await;
    world.engine.stop();
    world.settle().await;
    // Kept while nothing is routed any more.
    sent(&world, issue("2", 91, "10:00:00", "open")).await;
    let world = world.again(all_to_ops(), MemoryNetwork::CAPS).await;
    let (top, _) = shown(&world);
    assert_eq!(top, ["Issue webapp#91 Title 91 — open · https://github.com/acme/webapp/issues/91"]);
    // Its line is known after a restart.
    sent(&world, issue("3", 91, "10:01:00", "closed")).await;
    let world = world.again(all_to_ops(), MemoryNetwork::CAPS).await;
    sent(&world, issue("4", 91, "10:02:00", "open")).await;
    assert_eq!(
        shown(&world).0,
        ["Issue webapp#91 Title 91 — open · https://github.com/acme/webapp/issues/91"]
    );
}

#[tokio::test]
async fn old_payloads_are_forgotten_and_the_events_stay() {
    let mut setup = all_to_ops();
    setup.sources = vec![SourceRule {
        source: SourceName::parse("github").expect("a name"),
        to: vec![],
        keep_secs: 3 * 86_400,
        origin: origin(9),
    }];
    let world = World::of_events(setup).await;
    sent(&world, issue("1", 90, "10:00:00", "open")).await;
    let seq = world.store.latest_events(&Default::default(), Seq(0), 1).await.expect("events")[0].seq;
    world.step(2 * 86_400).await;
    assert!(world.store.payload(seq).await.expect("a read").is_some());
    world.step(86_400 + 3_700).await;
    assert!(world.store.payload(seq).await.expect("a read").is_none());
    assert!(world.store.event(seq).await.expect("a read").is_some());
    world.say("web:you", "1", &format!("wilco why {seq}")).await;
    assert!(world.last_text().contains("The payload was forgotten"), "{}", world.last_text());
}

#[tokio::test]
async fn a_comment_that_came_first_does_not_make_the_end_late() {
    let world = World::of_events(all_to_ops()).await;
    sent(&world, issue("1", 90, "10:00:00", "open")).await;
    let mut comment = issue("2", 90, "10:05:01", "open");
    (comment.state, comment.head, comment.level) = (None, None, Level::Thread);
    comment.line = "cy on webapp#90: done".into();
    sent(&world, comment).await;
    sent(&world, issue("3", 90, "10:05:00", "closed")).await;
    assert_eq!(shown(&world).0, [format!("Issue webapp#90 Title 90 — closed{URL}")]);
    assert_eq!(did(&world, 3).await, Did::Threaded);
}

#[tokio::test]
async fn what_is_alike_again_and_again_is_told_again_in_time() {
    let world = World::of_events(all_to_ops()).await;
    for minute in [0, 9, 18] {
        sent(&world, issue(&minute.to_string(), 90, "10:00:00", "open")).await;
        world.step(9 * 60).await;
    }
    let all = [did(&world, 1).await, did(&world, 2).await, did(&world, 3).await];
    assert_eq!(all, [Did::Posted, Did::Alike, Did::Threaded]);
}

#[tokio::test]
async fn without_threads_a_room_has_its_budget_for_their_lines_too() {
    let world = World::of_events(all_to_ops()).await.again(all_to_ops(), MemoryNetwork::PLAIN).await;
    for number in 0..100 {
        let mut event = issue(&number.to_string(), number % 5, "10:00:00", "open");
        event.line = format!("comment {number}");
        sent(&world, event).await;
    }
    let top = shown(&world).0;
    assert!(top.len() <= 22, "{top:#?}");
}
