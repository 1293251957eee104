//! What neither of the real servers offers: the past of a room, on a server that the test plays.

use futures_util::StreamExt as _;
use wilco_contract::{
    connector::{Cursor, DeliveryKey, Post, SendError, Session},
    ids::Place,
    input::{Input, Message},
    reply::Reply,
};
use wilco_runtime::dial::Tls;
use wilco_testkit::scripted::{Peer, Scripted};

use crate::suite::{connector, settings};

const CAPS: &str =
    "account-tag batch draft/chathistory echo-message labeled-response message-tags server-time";

/// A connection that the server let into `#ops`.
async fn greeted(server: &Scripted) -> Peer {
    let mut peer = server.accept().await;
    peer.lets_in("wilco", CAPS, "CHATHISTORY=3 CASEMAPPING=ascii").await;
    peer.admits("wilco", "#ops", "ana").await;
    peer
}

/// The next message, and where to go on after it.
async fn message(session: &mut Session) -> (Message, Option<Cursor>) {
    loop {
        let arrival = session.arrivals.next().await.expect("the connection stands");
        if let Input::Message(message) = arrival.input {
            return (message, arrival.cursor);
        }
    }
}

fn said(id: &str, time: &str, text: &str) -> String {
    format!("@time={time};msgid={id};account=ana :ana!a@h PRIVMSG #ops :{text}")
}

#[tokio::test]
async fn what_was_said_while_we_were_away_arrives_once_with_its_time() {
    let server = Scripted::listen().await;
    let connector = connector(settings(server.port(), Tls::Off));
    let (session, mut peer) = tokio::join!(connector.connect(None), greeted(&server));
    let mut session = session.expect("it connects");
    // At first nothing is asked for: there was no before.
    peer.says(&said("m1", "2020-11-23T10:00:00.000Z", "before")).await;
    let (before, cursor) = message(&mut session).await;
    assert_eq!((before.id.as_str(), before.at.to_string().as_str()), ("m1", "2020-11-23T10:00:00Z"));
    assert!(!peer.heard().iter().any(|line| line.starts_with("CHATHISTORY")), "{:?}", peer.heard());
    drop(peer);
    assert!(session.arrivals.next().await.is_none(), "the connection ended");

    let playing = async {
        let mut peer = greeted(&server).await;
        let asked = peer.hears("CHATHISTORY").await;
        assert_eq!(asked, "CHATHISTORY AFTER #ops timestamp=2020-11-23T09:59:30.000Z 3");
        // The page is full, so the next one is asked for.
        let page = [
            "BATCH +a chathistory #ops".to_owned(),
            format!("@batch=a;{}", &said("m1", "2020-11-23T10:00:00.000Z", "before")[1..]),
            format!("@batch=a;{}", &said("m2", "2020-11-23T10:05:00.000Z", "wilco: ping 2")[1..]),
            // Without an id nobody could tell whether it was heard.
            "@batch=a;time=2020-11-23T10:04:00.000Z :ana!a@h PRIVMSG #ops :no id".to_owned(),
            "BATCH -a".to_owned(),
        ];
        peer.says(&page.join("\r\n")).await;
        let asked = peer.hears("CHATHISTORY").await;
        assert_eq!(asked, "CHATHISTORY AFTER #ops timestamp=2020-11-23T10:05:00.000Z 3");
        let page = [
            "BATCH +b chathistory #ops".to_owned(),
            // The same words under another id are said twice.
            format!("@batch=b;{}", &said("m3", "2020-11-23T10:06:00.000Z", "wilco: ping 2")[1..]),
            "BATCH -b".to_owned(),
            // A batch that nobody asked for gives no orders.
            "BATCH +c chathistory #ops".to_owned(),
            format!("@batch=c;{}", &said("m4", "2020-11-23T10:08:00.000Z", "not asked for")[1..]),
            "BATCH -c".to_owned(),
            "@msgid=m5;account=ana :ana!a@h PRIVMSG #ops :now".to_owned(),
        ];
        peer.says(&page.join("\r\n")).await;
        peer
    };
    let (session, _peer) = tokio::join!(connector.connect(cursor), playing);
    let mut session = session.expect("it connects again");
    let mut heard: Vec<(String, String, String, bool)> = Vec::new();
    while heard.last().is_none_or(|(text, ..)| text != "now") {
        let (message, cursor) = message(&mut session).await;
        heard.push((message.text, message.id, message.at.to_string(), cursor.is_some()));
    }
    let told: Vec<_> = heard.iter().map(|(text, id, ..)| (text.as_str(), id.as_str())).collect();
    assert_eq!(told, [("wilco: ping 2", "m2"), ("wilco: ping 2", "m3"), ("now", "m5")]);
    let at: Vec<_> = heard.iter().take(2).map(|(.., at, _)| at.as_str()).collect();
    assert_eq!(at, ["2020-11-23T10:05:00Z", "2020-11-23T10:06:00Z"]);
    assert!(heard[2].3, "from now on one can go on after what was said last");
}

#[tokio::test]
async fn an_answer_with_a_label_goes_to_the_post_that_caused_it() {
    let server = Scripted::listen().await;
    let connector = connector(settings(server.port(), Tls::Off));
    let (session, mut peer) = tokio::join!(connector.connect(None), greeted(&server));
    let session = session.expect("it connects");
    let place = Place::parse("irc:#ops").expect("a place");
    let post = |text: &'static str| {
        let (outbox, place) = (session.outbox.clone(), place.clone());
        async move {
            let (reply, key) = (Reply::text(text), DeliveryKey(text.to_owned()));
            let post = Post { place: &place, thread: None, reply: &reply, key: &key };
            outbox.post(post).await.map(|receipt| receipt.id)
        }
    };
    let playing = async {
        let label = |line: String| {
            let label = line.strip_prefix("@label=").and_then(|rest| rest.split_once(' '));
            label.map(|(label, _)| label.to_owned()).unwrap_or_else(|| panic!("no label: {line}"))
        };
        let (first, second) = (label(peer.hears("first").await), label(peer.hears("second").await));
        // Both went to one room: only the label tells which of them is refused.
        peer.says(&format!("@label={second} :irc.example.org 404 wilco #ops :Cannot send")).await;
        peer.says(&format!(
            "@label={first} :irc.example.org BATCH +x labeled-response\r\n\
             @batch=x;msgid=our1 :wilco!w@host.example PRIVMSG #ops :first\r\n\
             @batch=x :irc.example.org 301 wilco ana :away\r\n:irc.example.org BATCH -x"
        ))
        .await;
        peer
    };
    let (first, second, peer) = tokio::join!(post("first"), post("second"), playing);
    assert_eq!(first.expect("it is posted"), "our1");
    assert!(matches!(second, Err(SendError::NotSent { .. })), "{second:?}");
    assert!(!peer.heard().iter().any(|line| line.starts_with("PING")), "a label asks for its answer itself");
}
