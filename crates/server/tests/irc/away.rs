//! What was said while Wilco was away, on a server that keeps the past: one that the test plays, as no real one here does.

use wilco_contract::clock::Clock as _;
use wilco_runtime::clock::SystemClock;
use wilco_testkit::scripted::{Peer, Scripted};

use crate::{
    rig::Repo,
    stories::{on_irc, up},
};

const CAPS: &str = "account-tag batch draft/chathistory message-tags server-time";

async fn greeted(server: &Scripted) -> Peer {
    let mut peer = server.accept().await;
    peer.lets_in("wilco", CAPS, "CHATHISTORY=100 CASEMAPPING=ascii").await;
    for room in ["#ops", "#deploys"] {
        peer.admits("wilco", room, "zed").await;
    }
    peer
}

/// An order that is older than two minutes is not run; whoever gave it is told so. A fresh one is run, once.
#[tokio::test]
async fn what_was_ordered_long_ago_is_answered_and_not_run() {
    let server = Scripted::listen().await;
    let repo = Repo::new("process");
    on_irc(&repo, server.port(), "");
    let (_wilco, mut peer) = tokio::join!(up(&repo), greeted(&server));
    let order = |id: &str, time: &str, words: &str| {
        format!("@time={time};msgid={id};account=you :you!y@h PRIVMSG #ops :wilco: {words}")
    };
    let now = || SystemClock.now().to_string();
    peer.says(&order("m1", &now(), "ping first")).await;
    peer.hears("pong first").await;
    drop(peer);
    let mut peer = greeted(&server).await;
    peer.hears("CHATHISTORY AFTER #ops timestamp=").await;
    let within = |line: String| format!("@batch=h;{}", &line[1..]);
    let long_ago = (SystemClock.now() - jiff::SignedDuration::from_mins(3)).to_string();
    let past = [
        "BATCH +h chathistory #ops".to_owned(),
        within(order("m1", &now(), "ping first")),
        within(order("m3", &now(), "ping third")),
        "BATCH -h".to_owned(),
    ];
    // What is from before our time is not heard; what a server plays late is.
    peer.says(&[past.join("\r\n"), order("m2", &long_ago, "stage red t1")].join("\r\n")).await;
    peer.hears_all(&["when I was away. It was not run; give it again if it still holds.", "pong third"])
        .await;
    peer.says(&order("m4", &now(), "ping last")).await;
    peer.hears("pong last").await;
    let firsts = peer.heard().iter().filter(|line| line.contains("pong first")).count();
    assert_eq!(firsts, 0, "what was heard before is not heard again: {:#?}", peer.heard());
    assert!(repo.effects().is_empty(), "nothing was staged");
}
