//! Charts on a network that shows signs alone: the link beside them, and the picture behind it.

use std::time::Duration;

use rustix::process::Signal;

use crate::{
    people::Person,
    rig::Repo,
    servers::Network,
    stories::{Town, opens, up},
};

/// Lets whoever is in the room count events.
const COUNTS: &str = "\n[[grant]]\ncommand = \"wilco.*\"\neffect = \"read\"\nto = [\"guest\"]\n";

/// A town with events to count, and somebody in its room.
async fn town(more: &str) -> (Town, Person) {
    let (repo, network) = (Repo::new("process"), Network::ngircd());
    let port = network.port;
    repo.hear_github("");
    let town = Town::of(repo, network, port, &format!("{more}{COUNTS}")).await;
    let zed = town.person("zed").await;
    for number in 1..=3 {
        opens(&town.you, number).await;
    }
    (town, zed)
}

/// The lines of the answer, from its title, behind which the link is, to what the numbers come to.
async fn asks(zed: &Person) -> Vec<String> {
    zed.say("#ops", "wilco: events per hour | chart at events as bars").await;
    zed.hears("max 3 at").await;
    zed.say("#ops", "wilco: ping behind").await;
    zed.hears("pong behind").await;
    zed.heard().into_iter().filter(|words| words.nick == "wilco").map(|words| words.text).collect()
}

/// What a stranger gets: no session, no token.
async fn get(url: &str) -> (u16, String, Vec<u8>) {
    #[expect(clippy::disallowed_methods, reason = "a client of our own server needs no egress rules")]
    let http = reqwest::Client::builder();
    let http = http.no_proxy().timeout(Duration::from_secs(20)).build().expect("a client");
    let answer = http.get(url).send().await.expect("an answer");
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().expect("a type").to_owned());
    (answer.status().as_u16(), kind.unwrap_or_default(), answer.bytes().await.expect("a body").to_vec())
}

/// An order gives a link, whoever has it gets a picture, and after a restart they still do.
#[tokio::test]
async fn a_chart_has_a_link_to_its_picture_that_outlives_a_restart() {
    let (mut town, zed) = town("").await;
    let said = asks(&zed).await;
    let links: Vec<_> = said.iter().filter_map(|line| line.strip_prefix("Picture: ")).collect();
    let [link] = links[..] else { panic!("one link is in {said:#?}") };
    let id = link.strip_prefix(&format!("{}/charts/", town.repo.url())).expect("our address");
    assert_eq!(id.len(), 32 + ".png".len(), "{id}");
    let (status, kind, first) = get(link).await;
    assert_eq!((status, kind.as_str()), (200, "image/png"));
    assert_eq!(&first[..8], b"\x89PNG\r\n\x1a\n");

    town.server.signal(Signal::TERM);
    tokio::time::timeout(Duration::from_secs(10), town.server.ended()).await.expect("it ends");
    town.server = up(&town.repo).await;
    let (status, _, again) = get(link).await;
    assert_eq!(status, 200);
    assert!(first == again, "the same numbers are the same picture");
    assert_eq!(get(&link.replace("/charts/", "/charts/0")).await.0, 404);
}

/// Whoever wants no links gets none.
#[tokio::test]
async fn a_network_may_be_told_without_links() {
    let (_town, zed) = town("pictures = false\n").await;
    let said = asks(&zed).await;
    assert!(!said.iter().any(|line| line.contains("/charts/")), "{said:#?}");
}
