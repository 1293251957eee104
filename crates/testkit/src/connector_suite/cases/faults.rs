//! What goes wrong on the way to the network: pieces, stalls, cuts, a server that is killed, one that does not believe us.
//!
//! Not the pauses between tries: `wilco_runtime::supervise` has them, and is asked here only whether it parks. For tests
//! only.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::{sync::mpsc, time::timeout};
use wilco_contract::{
    connector::{
        Arrival, Caps, ConnectError, Connector, Cursor, DeliveryKey, Post, Receipt, SendError, Session,
    },
    ids::Place,
    reply::Reply,
    retry::Retry,
};
use wilco_runtime::{
    chance::SeededChance,
    clock::SystemClock,
    supervise::{self, Ends, Healths, Receiver, Seat, Supervisor},
};

use super::super::{Disbelieved, Line, PATIENCE, Rig, Way, ours};
use crate::proxy::Whose;

/// What comes in pieces, torn at any byte, is read as what it was, in both directions.
pub async fn bytes_that_come_one_by_one_are_the_same_lines(rig: &dyn Rig) {
    let Some(way) = rig.way() else { return };
    way.faults().change(|faults| faults.piece = Some(1));
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    for number in 0..5 {
        let text = format!("line {number} with 👩\u{200d}🚒");
        rig.say(&ana, &room, None, &text).await.expect("it is said");
        assert_eq!(line.message().await.text, text);
        line.posted(&room, None, &format!("answer {number} with 👩\u{200d}🚒")).await;
    }
    let expected: Vec<_> = (0..5).map(|number| format!("answer {number} with 👩\u{200d}🚒")).collect();
    assert_eq!(texts(rig, &room).await, expected);
}

/// What a stall held up arrives when it is over: all of it, and nothing twice.
pub async fn a_stall_loses_and_doubles_nothing(rig: &dyn Rig) {
    let Some(way) = rig.way() else { return };
    let mut line = Line::open(rig, None).await;
    let ([ana, ben], room) = (rig.people(), rig.room());
    way.faults().change(|faults| faults.stall = true);
    let saying = async {
        for number in 0..5 {
            rig.say(&ana, &room, None, &format!("heard {number}")).await.expect("it is said");
        }
    };
    let posting = join_all((0..5).map(|number| post(&line.session, &room, format!("told {number}"))));
    let passing = async {
        under_way().await;
        way.faults().change(|faults| faults.stall = false);
    };
    let ((), posted, ()) = tokio::join!(saying, posting, passing);
    posted.into_iter().for_each(|posted| assert!(posted.is_ok(), "{posted:?}"));
    rig.say(&ben, &room, None, "after").await.expect("it is said");
    for number in 0..5 {
        assert_eq!(line.message().await.text, format!("heard {number}"));
    }
    assert_eq!(line.message().await.text, "after");
    let mut told = texts(rig, &room).await;
    told.sort();
    assert_eq!(told, (0..5).map(|number| format!("told {number}")).collect::<Vec<_>>());
}

/// What was being posted when the connection was cut is told to be in doubt, what came too late not to be sent; and the
/// next connection is whole.
pub async fn what_was_under_way_at_a_cut_is_in_doubt_and_the_next_connection_is_whole(rig: &dyn Rig) {
    let Some(way) = rig.way() else { return };
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    way.faults().change(|faults| faults.stall = true);
    let cutting = async {
        under_way().await;
        way.faults().cut();
    };
    let (posted, ()) = tokio::join!(post(&line.session, &room, "under way".into()), cutting);
    match way {
        Way::ToServer(_) => {
            assert!(matches!(posted, Err(SendError::Unknown { .. })), "{posted:?}");
            line.ends(PATIENCE).await;
            let late = post(&line.session, &room, "too late".into()).await;
            assert!(is_tried_again(&late), "{late:?}");
        }
        // What we say ourselves needs no way.
        Way::ToUs(_) => assert!(posted.is_ok(), "{posted:?}"),
    }
    way.faults().change(|faults| faults.stall = false);
    let mut line = Line::open(rig, None).await;
    line.posted(&room, None, "certain").await;
    rig.say(&ana, &room, None, "after").await.expect("it is said");
    assert_eq!(line.message().await.text, "after");
    let told = texts(rig, &room).await;
    let certain: Vec<_> = told.iter().filter(|text| *text != "under way").collect();
    assert_eq!(certain, ["certain"]);
    let doubtful = told.len() - certain.len();
    assert!(doubtful <= 1 && (posted.is_err() || doubtful == 1), "{told:?}");
}

/// A connection on which nothing arrives any more, though nobody ended it, is given up, and what is said then is not
/// taken for said. Where people come to us there is no connection that we could wait on.
pub async fn a_half_open_connection_is_noticed(rig: &dyn Rig) {
    let Some(Way::ToServer(faults)) = rig.way() else { return };
    let mut line = Line::open(rig, None).await;
    faults.change(|faults| faults.drop = Some(Whose::Both));
    // Now nothing happens but that time passes.
    rig.hurry();
    let posted =
        timeout(rig.notices_within(), post(&line.session, &rig.room(), "into the void".into())).await;
    assert!(matches!(posted, Ok(Err(SendError::Unknown { .. }))), "{posted:?}");
    line.ends(PATIENCE).await;
    let late = post(&line.session, &rig.room(), "too late".into()).await;
    assert!(is_tried_again(&late), "{late:?}");
}

/// A connection that is silent, though nobody ended it, is given up as well where nothing is said on it.
pub async fn a_connection_that_nobody_is_behind_is_noticed(rig: &dyn Rig) {
    let Some(Way::ToServer(faults)) = rig.way() else { return };
    let mut line = Line::open(rig, None).await;
    faults.change(|faults| faults.stall = true);
    rig.hurry();
    line.ends(rig.notices_within()).await;
}

/// A server that is killed and started again is come back to, and nothing that is said from then on is lost or doubled.
pub async fn a_server_that_is_killed_is_come_back_to(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    rig.say(&ana, &room, None, "before").await.expect("it is said");
    let arrival = line.arrival().await;
    let cursor = arrival.cursor;
    if let Some(ack) = arrival.ack {
        ack.send();
    }
    line.posted(&room, None, "told before").await;
    let killed = rig.kill().await;
    if killed {
        line.ends(PATIENCE).await;
        let late = post(&line.session, &room, "too late".into()).await;
        assert!(is_tried_again(&late), "{late:?}");
        let error = rig.connector().connect(cursor.clone()).await.map(|_| ()).expect_err("nobody is there");
        assert!(error.retry != Retry::Never && !error.what.is_empty(), "it may come back: {error}");
        rig.revive().await;
    }
    let mut again = Line::open(rig, cursor).await;
    if !killed {
        line.ends(PATIENCE).await;
    }
    for number in 0..5 {
        rig.say(&ana, &room, None, &format!("after {number}")).await.expect("it is said");
        assert_eq!(again.message().await.text, format!("after {number}"));
        let posted = post(&again.session, &room, format!("answer {number}")).await;
        assert!(posted.is_ok(), "{posted:?}");
    }
    let told = texts(rig, &room).await;
    let told: Vec<_> = told.iter().filter(|text| *text != "told before").collect();
    assert_eq!(
        told,
        (0..5).map(|number| format!("answer {number}")).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    rig.say(&ana, &room, None, "the end").await.expect("it is said");
    assert_eq!(again.message().await.text, "the end");
}

/// Who is not believed is told so with what to correct and without the secret, and is not tried again until somebody says
/// so. Where nobody asks who we are, we are let in without a word.
pub async fn what_is_not_believed_is_told_plainly_and_parks(rig: &dyn Rig) {
    let Some(Disbelieved { connector, secret, names }) = rig.disbelieved().await else {
        Line::open(rig, None).await;
        return;
    };
    let error = connector.connect(None).await.map(|_| ()).expect_err("it is not let in");
    assert_eq!(error.retry, Retry::Never, "the same will never be believed: {error}");
    assert!(error.what.contains(names) && error.what.contains("correct"), "it says what to correct: {error}");
    assert!(!error.what.contains(secret), "it does not say the secret: {error}");

    let (tell, mut told) = mpsc::unbounded_channel();
    let tried = Arc::new(Counted { connector, times: AtomicUsize::new(0) });
    let seat = Seat::new(tried.clone());
    let supervisor = Supervisor {
        name: "suite".into(),
        seat: seat.clone(),
        receiver: Arc::new(Told(tell)),
        clock: Arc::new(SystemClock),
        chance: Arc::new(SeededChance::new(1)),
        healths: Healths::default(),
    };
    let kept = supervisor.begin(Ends::never());
    let watching = async {
        let mut next = async || timeout(PATIENCE, told.recv()).await.expect("in time").expect("it is kept");
        assert_eq!(next().await, format!("parked: {}", error.what));
        under_way().await;
        assert_eq!(tried.times.load(Ordering::SeqCst), 1, "it was tried once");
        seat.replace(rig.connector());
        seat.retry();
        assert_eq!(next().await, "mended");
    };
    tokio::select! {
        () = kept => panic!("it is kept until it is told to stop"),
        () = watching => {}
    }
}

/// A connector, and how often it was tried.
struct Counted {
    connector: Arc<dyn Connector>,
    times: AtomicUsize,
}

#[async_trait]
impl Connector for Counted {
    async fn connect(&self, resume: Option<Cursor>) -> Result<Session, ConnectError> {
        self.times.fetch_add(1, Ordering::SeqCst);
        self.connector.connect(resume).await
    }
}

/// Hears what becomes of a connector.
struct Told(mpsc::UnboundedSender<String>);

#[async_trait]
impl Receiver for Told {
    fn attach(&self, _: &str, _: Caps, _: Arc<supervise::Line>) {}

    async fn parked(&self, _: &str, why: &str) {
        // Who listens may have heard enough.
        let _ = self.0.send(format!("parked: {why}"));
    }

    async fn mended(&self, _: &str) {
        let _ = self.0.send("mended".into());
    }

    async fn stalled(&self, _: &str) {}

    async fn accept(&self, _: Arrival) {}
}

/// Posts it under a key of its own, without counting.
async fn post(session: &Session, place: &Place, text: String) -> Result<Receipt, SendError> {
    let (key, reply) = (DeliveryKey(format!("suite/{text}")), Reply::text(text));
    session.outbox.post(Post { place, thread: None, reply: &reply, key: &key }).await
}

/// Whether it was not sent, and will be tried again.
fn is_tried_again(posted: &Result<Receipt, SendError>) -> bool {
    matches!(posted, Err(SendError::NotSent { retry, .. }) if *retry != Retry::Never)
}

/// Gives everybody else their turn until what was begun is under way.
async fn under_way() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// What we said in the room, as the first person's client shows it.
async fn texts(rig: &dyn Rig, room: &Place) -> Vec<String> {
    ours(rig, room).await.into_iter().map(|shown| shown.text).collect()
}
