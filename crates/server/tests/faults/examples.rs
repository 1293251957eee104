//! Every payload of GitHub's examples, signed and posted to the real program: each is stored as it was sent, once.
//!
//! Not what is to be told of each: the reviewed table of the source's own tests says that, and here it holds as well.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};
use wilco_contract::{
    ids::Seq,
    store::{Events as _, Page},
};
use wilco_store_sql::SqliteStore;
use wilco_testkit::github_examples::{COUNT, examples, reviewed, row};

use crate::{
    rig::{Client, LOOK, Repo, server::wilco},
    town::Town,
};

/// How many connections are open at once.
const CONNECTIONS: usize = 16;
/// How long routing may be behind.
const BEHIND: Duration = Duration::from_secs(30);

/// A request: its kind, its delivery, its body.
struct Sent {
    kind: String,
    delivery: String,
    body: String,
}

fn requests() -> Vec<Sent> {
    let all = examples().into_iter().flat_map(|kind| {
        let name = kind.name;
        kind.examples.into_iter().map(move |body| (name.clone(), body))
    });
    let request = |(number, (kind, body)): (usize, (String, Box<serde_json::value::RawValue>))| Sent {
        kind,
        delivery: format!("00000000-0000-4000-8000-{number:012}"),
        body: body.get().to_owned(),
    };
    all.enumerate().map(request).collect()
}

/// Posts them all; each has to be answered with this.
async fn post(client: &Client, requests: &[Sent], answer: &Value) {
    let posts = stream::iter(requests).map(|Sent { kind, delivery, body }| async move {
        let answered = client.hook(kind, delivery, body).await?;
        assert_eq!((answered.status, &answered.body), (200, answer), "{kind} {delivery}");
        Ok::<_, crate::rig::client::NoAnswer>(())
    });
    posts.buffer_unordered(CONNECTIONS).try_collect::<Vec<_>>().await.expect("answers");
}

/// The events by their delivery, as the API lists them once each went its way.
async fn routed(client: &Client) -> BTreeMap<String, Value> {
    let until = Instant::now() + BEHIND;
    loop {
        let all = client.all("events").await.expect("an answer");
        let waiting = all.iter().filter(|event| event["places"].is_null()).count();
        if waiting == 0 {
            let count = all.len();
            let delivery = |event: &Value| event["delivery"].as_str().expect("a delivery").to_owned();
            let events: BTreeMap<_, _> = all.into_iter().map(|event| (delivery(&event), event)).collect();
            assert_eq!(events.len(), count, "a delivery is stored once");
            return events;
        }
        assert!(Instant::now() < until, "{waiting} events are not routed");
        sleep(LOOK).await;
    }
}

/// How often it met an end that nobody foresaw.
fn panics(said: &str) -> Vec<&str> {
    let told = ["panicked", "made a mistake"];
    said.lines().filter(|line| told.iter().any(|told| line.contains(told))).collect()
}

#[tokio::test]
async fn every_example_of_github_is_stored_as_it_was_sent_and_once() {
    let requests = requests();
    assert_eq!(requests.len(), COUNT);
    let repo = Repo::new("process");
    repo.hear_github("to = [\"web:ops\"]\n");
    let mut town = Town::of(repo).await;
    post(&town.you, &requests, &json!({"new": 1, "repeated": 0})).await;
    let events = routed(&town.you).await;
    assert_eq!(events.len(), COUNT);
    post(&town.you, &requests, &json!({"new": 0, "repeated": 1})).await;
    assert_eq!(routed(&town.you).await, events, "a repeat changes nothing");
    let listed: Vec<&Value> = requests.iter().map(|sent| &events[&sent.delivery]).collect();
    for (sent, event) in requests.iter().zip(&listed) {
        let id = event["id"].as_str().expect("an id");
        let answer = town.you.get(&format!("events/{id}/payload?whole=true")).await.expect("an answer");
        let shown = answer.body["text"].as_str().unwrap_or_else(|| panic!("a payload: {answer}"));
        assert_eq!((&answer.body["length"], &answer.body["cut"]), (&json!(sent.body.len()), &json!(false)));
        let meant = |text| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(meant(shown), meant(&sent.body), "{} {}", sent.kind, sent.delivery);
    }
    town.stop().await;
    let said = town.server.said();
    assert_eq!(panics(&said), Vec::<&str>::new(), "{said}");
    let verified = wilco(&town.repo, &["audit", "verify"]).output().await.expect("an end");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));

    // Past the API, which writes some characters so that they do no harm.
    let store = SqliteStore::open_read_only(&town.repo.path("wilco.db")).await.expect("a database");
    let page = Page { after: 0, limit: 2 * COUNT };
    assert_eq!(store.events(&Default::default(), page).await.expect("a read").len(), COUNT);
    let reviewed = reviewed();
    assert_eq!(reviewed.len(), COUNT);
    for ((sent, listed), reviewed) in requests.iter().zip(listed).zip(reviewed) {
        let seq = Seq(listed["id"].as_str().and_then(|id| id.parse().ok()).expect("a number"));
        let stored = store.event(seq).await.expect("a read").expect("an event");
        assert_eq!(stored.event.id, sent.delivery);
        assert!(stored.event.signed, "{}", sent.delivery);
        assert_eq!(row(&stored.event), reviewed, "{}", sent.delivery);
        let said = (stored.event.line.as_str(), stored.event.level.as_str());
        assert_eq!((&listed["line"], &listed["level"]), (&json!(said.0), &json!(said.1)));
        let payload = store.payload(seq).await.expect("a read").expect("a payload");
        let body = payload.unpack().expect("it is whole");
        assert!(body == sent.body.as_bytes(), "{} {} is stored otherwise", sent.kind, sent.delivery);
    }
    store.close().await.expect("closed");
}
