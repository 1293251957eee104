//! Links to pictures of charts: where nothing is drawn an answer has one, and the chart is kept behind it.

use serde_json::json;
use wilco_contract::{
    action::Outcome,
    chart::{Chart, ChartId, KEPT_SECS},
    ids::Place,
    reply::{Block, Reply},
};
use wilco_engine::{Answer, Call, CallWhat};

use crate::world::{World, commands, place, policy};

const ORDER: &str = "wilco status x | chart name load in %";

fn chart(reply: &Reply) -> Option<Chart> {
    reply.blocks.iter().find_map(|block| match block {
        Block::Chart(chart) => Some((**chart).clone()),
        _ => None,
    })
}

fn reads(world: &World) {
    let rows = vec![json!({"name": "web", "load": 12.5}), json!({"name": "<b>db", "load": 80})];
    world.read.ends(Ok(Outcome { rows: Some(rows), ..Outcome::default() }));
}

async fn say(world: &World, id: &str, line: &str) {
    reads(world);
    world.say("web:you", id, line).await;
    world.store.flush().await.expect("written");
    world.step(2).await;
}

/// The chart that was said last in a place, whose address is of one form.
fn last_chart(world: &World, at: &Place) -> Chart {
    let shown = world.network.shown();
    let found = shown.iter().rev().filter(|shown| shown.place == *at).find_map(|shown| chart(&shown.reply));
    found.expect("a chart")
}

fn id_of(chart: &Chart) -> ChartId {
    let url = chart.url().expect("an address");
    let id = url.strip_prefix("/charts/").and_then(|file| file.strip_suffix(".png")).and_then(ChartId::parse);
    id.unwrap_or_else(|| panic!("{url} is of another form"))
}

#[tokio::test]
async fn where_nothing_is_drawn_a_chart_has_a_link_and_is_kept_behind_it() {
    let world = World::on_plain(policy(), commands()).await;
    say(&world, "1", ORDER).await;
    let first = last_chart(&world, &place());
    let id = id_of(&first);
    let (kept, _) = world.store.chart(&id, world.time()).await.expect("a read").expect("the chart");
    assert_eq!((kept.labels(), kept.series()), (first.labels(), first.series()));
    assert_eq!(kept.url(), None, "its own address is no part of it");
    say(&world, "2", ORDER).await;
    assert_ne!(id_of(&last_chart(&world, &place())), id, "each answer has its own");
    let over = world.time() + jiff::SignedDuration::from_secs(KEPT_SECS);
    assert_eq!(world.store.chart(&id, over).await, Ok(None));
}

#[tokio::test]
async fn where_it_is_drawn_it_has_none() {
    let world = World::new().await;
    say(&world, "1", ORDER).await;
    assert_eq!(last_chart(&world, &place()).url(), None);
}

#[tokio::test]
async fn one_that_is_said_elsewhere_has_what_that_place_wants() {
    let world = World::on_plain(policy(), commands()).await;
    say(&world, "1", &format!("{ORDER} > web:dev")).await;
    let dev = Place::parse("web:dev").expect("a place");
    let id = id_of(&last_chart(&world, &dev));
    assert!(world.store.chart(&id, world.time()).await.expect("a read").is_some());
}

#[tokio::test]
async fn what_is_handed_to_another_door_has_none() {
    let world = World::on_plain(policy(), commands()).await;
    reads(&world);
    let call = Call {
        who: world.who("web:you"),
        what: CallWhat::Order(ORDER.trim_start_matches("wilco ").to_owned()),
        place: None,
        because: None,
        dry_run: false,
        key: None,
    };
    let Answer::Done { reply, .. } = world.engine.call(call).await else { panic!("it is a read") };
    assert_eq!(chart(&reply).expect("a chart").url(), None);
}

#[tokio::test]
async fn charts_that_are_over_are_forgotten_after_a_start_and_daily() {
    let world = World::on_plain(policy(), commands()).await.recovered().await;
    let day = 24 * 60 * 60;
    let week = u64::try_from(KEPT_SECS).expect("a span");
    say(&world, "1", ORDER).await;
    let (daily, said) = (id_of(&last_chart(&world, &place())), world.time());
    // The store still finds at an earlier time what is over and was not yet swept.
    let is_there =
        async |world: &World, id: ChartId| world.store.chart(&id, said).await.expect("a read").is_some();
    // What is swept 60 seconds after the start is swept each day from then on.
    world.step(60).await;
    world.step(week - 90).await;
    assert!(is_there(&world, daily).await);
    world.step(day).await;
    assert!(!is_there(&world, daily).await);

    say(&world, "2", ORDER).await;
    let started = id_of(&last_chart(&world, &place()));
    world.engine.stop();
    world.settle().await;
    world.step(week).await;
    let world = world.restarted(policy(), commands()).await.recovered().await;
    assert!(is_there(&world, started).await);
    world.step(60).await;
    assert!(!is_there(&world, started).await);
}
