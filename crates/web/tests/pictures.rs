//! Pictures of charts that have a link: who sees them, for how long, and what else may stand there.

use std::time::Duration;

use wilco_contract::{
    chart::{ChartId, KEPT_SECS, KeptChart},
    clock::Clock as _,
    store::{Batch, Record, When},
};
use wilco_testkit::store_suite::charts::kept;

use crate::support::{Server, empty};

/// Keeps a chart as the engine does, from now on; its id.
async fn keep(server: &Server) -> ChartId {
    let at = server.clock.now();
    let until = at + jiff::SignedDuration::from_secs(KEPT_SECS);
    let kept = KeptChart { at, until, ..kept(7, 0, 0) };
    let id = kept.id;
    let batch = Batch { at, records: vec![Record::Chart(Box::new(kept))] };
    server.store.commit(batch, When::Now).await.expect("written");
    id
}

/// The sides of a PNG, as its first bytes tell.
fn sides(png: &[u8]) -> (u32, u32) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

#[tokio::test]
async fn whoever_has_the_link_sees_the_picture() {
    let server = Server::start().await;
    let path = keep(&server).await.path();
    // Nobody is signed in, and the host is one that somebody else's proxy says.
    let stranger = server.client().with("host", "previews.example.com");
    let answer = stranger.get(&path).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    assert_eq!(answer.header("cache-control"), "public, max-age=86400, immutable");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(answer.header("x-robots-tag"), "noindex");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none';"));
    assert_eq!(answer.header("set-cookie"), "");
    let (wide, high) = sides(&answer.body);
    assert!(wide == 1520 && (200..2_400).contains(&high), "{wide} by {high}");
    let head = stranger.send("HEAD", &path, None).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), answer.body.len().to_string());
    let dark = stranger.get(&format!("{path}?theme=dark")).await;
    assert_ne!(dark.body, answer.body);
    assert_eq!(stranger.get(&format!("{path}?theme=%ff&x")).await.body, answer.body);
    assert_eq!(stranger.send("POST", &path, None).await.status, 405);
}

#[tokio::test]
async fn it_is_there_after_a_restart_and_for_seven_days() {
    let store = empty();
    let first = Server::start_on(store.clone()).await;
    let path = keep(&first).await.path();
    first.stop().await;
    let server = Server::start_on(store).await;
    let secs = u64::try_from(KEPT_SECS).expect("a span");
    let day = 24 * 60 * 60;
    server.clock.advance(Duration::from_secs(secs - day - 1));
    // Others keep it for a day, and not for longer than it is there.
    for (wait, age) in [(0, day), (1, day), (1, day - 1), (day - 2, 1)] {
        server.clock.advance(Duration::from_secs(wait));
        let answer = server.client().get(&path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), format!("public, max-age={age}, immutable"));
    }
    server.clock.advance(Duration::from_secs(1));
    // Though it was drawn a moment ago.
    let over = server.client().get(&path).await.problem(404);
    assert_eq!(over["detail"], "There is no such chart, or not any more: a link is good for seven days.");
}

#[tokio::test]
async fn what_is_no_link_is_told_in_a_sentence() {
    let server = Server::start().await;
    let id = keep(&server).await.to_string();
    let client = server.client();
    let other = ChartId([0; 16]);
    for file in [
        format!("{other}.png"),
        format!("{id}.svg"),
        id.clone(),
        format!("{}.png", id.to_uppercase()),
        format!("{id}0.png"),
        format!("{}.png", &id[1..]),
        format!("%00{}.png", &id[1..]),
        format!("..%2f{id}.png"),
        "..%2f..%2fetc%2fpasswd".to_owned(),
        "%ff%fe.png".to_owned(),
        "'%20OR%201=1--.png".to_owned(),
        "a".repeat(4_000),
    ] {
        let answer = client.get(&format!("/charts/{file}")).await;
        let told = answer.problem(404);
        assert_eq!(
            told["detail"], "There is no such chart, or not any more: a link is good for seven days.",
            "{file}"
        );
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    client.get(&format!("/charts/x/{id}.png")).await.problem(404);
    client.get("/charts/").await.problem(404);
}
