//! The connection with faults: that each fault is what it is said to be, and ends.
//!
//! Not what a connector makes of them: the cases of `connector_suite!` say that.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};
use wilco_testkit::proxy::{Proxy, Whose};

const PATIENCE: Duration = Duration::from_secs(20);
/// How long something is waited for that must not come.
const NEVER: Duration = Duration::from_millis(50);

/// A server that a test plays itself, with the way to it.
struct Way {
    server: TcpListener,
    proxy: Proxy,
}

impl Way {
    async fn new() -> Self {
        let server = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let proxy = Proxy::before(server.local_addr().expect("an address").port()).await;
        Self { server, proxy }
    }

    /// A connection's two ends: the client's and the server's.
    async fn connect(&self) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(("127.0.0.1", self.proxy.port())).await.expect("it takes us");
        let (server, _) = timeout(PATIENCE, self.server.accept()).await.expect("in time").expect("it comes");
        (client, server)
    }
}

async fn say(end: &mut TcpStream, text: &str) {
    end.write_all(text.as_bytes()).await.expect("it is sent");
}

/// What arrives next, exactly so long as what is expected.
async fn hear(end: &mut TcpStream, expected: &str) {
    let mut bytes = vec![0; expected.len()];
    timeout(PATIENCE, end.read_exact(&mut bytes)).await.expect("in time").expect("it arrives");
    assert_eq!(String::from_utf8_lossy(&bytes), expected);
}

/// Nothing arrives, not even an end.
async fn hears_nothing(end: &mut TcpStream) {
    let mut byte = [0];
    assert!(timeout(NEVER, end.read(&mut byte)).await.is_err(), "something arrived: {byte:?}");
}

/// The connection ends, with nothing before it.
async fn ends(end: &mut TcpStream) {
    let mut byte = [0];
    let read = timeout(PATIENCE, end.read(&mut byte)).await.expect("in time");
    assert!(read.is_err() || read.is_ok_and(|count| count == 0), "{byte:?} arrived");
}

#[tokio::test]
async fn without_faults_it_is_a_connection_and_ends_as_one() {
    let way = Way::new().await;
    let (mut client, mut server) = way.connect().await;
    say(&mut client, "hello\n").await;
    hear(&mut server, "hello\n").await;
    say(&mut server, "welcome\n").await;
    drop(server);
    hear(&mut client, "welcome\n").await;
    ends(&mut client).await;
}

#[tokio::test]
async fn what_is_stalled_passes_afterwards() {
    let way = Way::new().await;
    let (mut client, mut server) = way.connect().await;
    way.proxy.change(|faults| faults.stall = true);
    say(&mut client, "held up\n").await;
    hears_nothing(&mut server).await;
    way.proxy.change(|faults| faults.stall = false);
    hear(&mut server, "held up\n").await;
}

#[tokio::test]
async fn what_is_late_is_whole_and_in_order_and_no_later_than_that() {
    const LATE: Duration = Duration::from_millis(150);
    let way = Way::new().await;
    let (mut client, mut server) = way.connect().await;
    way.proxy.change(|faults| faults.delay = Some(LATE));
    let began = Instant::now();
    // Ten at once are late once, not ten times.
    for number in 0..10 {
        say(&mut server, &format!("line {number}\n")).await;
    }
    hears_nothing(&mut client).await;
    way.proxy.change(|faults| faults.delay = None);
    say(&mut server, "behind them\n").await;
    for number in 0..10 {
        hear(&mut client, &format!("line {number}\n")).await;
    }
    hear(&mut client, "behind them\n").await;
    let took = began.elapsed();
    assert!(took >= LATE && took < 10 * LATE, "{took:?}");
}

#[tokio::test]
async fn what_is_dropped_is_gone_for_good_and_nobody_is_told() {
    for (whose, client_is_heard, server_is_heard) in
        [(Whose::Client, false, true), (Whose::Server, true, false), (Whose::Both, false, false)]
    {
        let way = Way::new().await;
        let (mut client, mut server) = way.connect().await;
        way.proxy.change(|faults| faults.drop = Some(whose));
        say(&mut client, "to the server\n").await;
        say(&mut server, "to the client\n").await;
        match client_is_heard {
            true => hear(&mut server, "to the server\n").await,
            false => hears_nothing(&mut server).await,
        }
        match server_is_heard {
            true => hear(&mut client, "to the client\n").await,
            false => hears_nothing(&mut client).await,
        }
        way.proxy.change(|faults| faults.drop = None);
        // There are no holes: whoever lost something hears nothing more, and no end.
        if !client_is_heard {
            say(&mut client, "later\n").await;
            drop(client);
            hears_nothing(&mut server).await;
        } else {
            say(&mut server, "later\n").await;
            drop(server);
            hears_nothing(&mut client).await;
        }
        // The next one is whole.
        let (mut client, mut server) = way.connect().await;
        say(&mut client, "again\n").await;
        hear(&mut server, "again\n").await;
        say(&mut server, "welcome\n").await;
        hear(&mut client, "welcome\n").await;
    }
}

#[tokio::test]
async fn whoever_comes_while_all_is_dropped_is_taken_and_hears_nothing() {
    let way = Way::new().await;
    way.proxy.change(|faults| faults.drop = Some(Whose::Both));
    let (mut client, mut server) = way.connect().await;
    say(&mut client, "hello\n").await;
    say(&mut server, "welcome\n").await;
    hears_nothing(&mut client).await;
    hears_nothing(&mut server).await;
    way.proxy.cut();
    ends(&mut client).await;
    ends(&mut server).await;
}

#[tokio::test]
async fn each_line_of_the_server_comes_twice_however_it_was_written() {
    let way = Way::new().await;
    let (mut client, mut server) = way.connect().await;
    way.proxy.change(|faults| (faults.repeat, faults.piece) = (true, Some(1)));
    say(&mut server, "one\ntw").await;
    hear(&mut client, "one\none\n").await;
    hears_nothing(&mut client).await;
    say(&mut server, "o\n").await;
    hear(&mut client, "two\ntwo\n").await;
    say(&mut client, "mine\n").await;
    hear(&mut server, "mine\n").await;
    hears_nothing(&mut server).await;
}

#[tokio::test]
async fn a_cut_ends_what_stands_and_not_what_comes() {
    let way = Way::new().await;
    let (mut client, mut server) = way.connect().await;
    way.proxy.change(|faults| faults.stall = true);
    say(&mut client, "under way\n").await;
    way.proxy.cut();
    way.proxy.change(|faults| faults.stall = false);
    ends(&mut client).await;
    ends(&mut server).await;
    let (mut client, mut server) = way.connect().await;
    say(&mut client, "again\n").await;
    hear(&mut server, "again\n").await;
}
