//! A TCP connection with faults: it stalls, is late, is cut, loses all it is given without a word, comes in pieces, or
//! says each line twice, as a test wishes.
//!
//! Not a network: the server behind it is a real one. For tests only.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

/// How many reads are under way at once where they are late; with more, nothing is read.
const UNDER_WAY: usize = 256;

/// What is wrong with the connections. Nothing, by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Nothing passes, and nobody is told. What was held up passes afterwards.
    pub stall: bool,
    /// What passes takes so long.
    pub delay: Option<Duration>,
    /// What passes comes in pieces of so many bytes.
    pub piece: Option<usize>,
    /// Each line of the server comes twice.
    pub repeat: bool,
    /// What these say is thrown away, and nobody is told. A connection that lost something goes on losing, whatever
    /// changes here: TCP knows connections that are gone, none with holes.
    pub drop: Option<Whose>,
    /// The number of cuts so far: each ends all connections.
    pub cuts: u32,
}

/// Whose words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Those of whoever came through here.
    Client,
    /// Those of the server.
    Server,
    /// All.
    Both,
}

/// A way to a server on loopback.
pub struct Proxy {
    port: u16,
    faults: Arc<watch::Sender<Faults>>,
}

/// Who is sending.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Client,
    Server,
}

impl Proxy {
    /// A way to the server on this port, on a port of its own.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn before(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let faults = Arc::new(watch::Sender::new(Faults::default()));
        let told = faults.clone();
        start(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Whoever has a connection may cut it, whether or not it was passed on yet.
                let cuts = told.borrow().cuts;
                // Where nobody is behind it, the connection ends.
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await {
                    let ((from_client, to_client), (from_server, to_server)) =
                        (client.into_split(), server.into_split());
                    let passing = [
                        pass(From::Client, from_client, to_server, told.subscribe()),
                        pass(From::Server, from_server, to_client, told.subscribe()),
                    ];
                    for passing in passing {
                        start(until_cut(passing, cuts, told.subscribe()));
                    }
                }
            }
        });
        Self { port, faults }
    }

    /// Where it is.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes what is wrong.
    pub fn change(&self, change: impl FnOnce(&mut Faults)) {
        self.faults.send_modify(change);
    }

    /// Ends all connections, in the middle of whatever they were saying.
    pub fn cut(&self) {
        self.change(|faults| faults.cuts += 1);
    }
}

impl Faults {
    fn drops(&self, from: From) -> bool {
        match self.drop {
            Some(Whose::Both) => true,
            Some(Whose::Client) => from == From::Client,
            Some(Whose::Server) => from == From::Server,
            None => false,
        }
    }
}

fn start(task: impl Future<Output = ()> + Send + 'static) {
    #[expect(clippy::disallowed_methods, reason = "a test's own network is no task of Wilco")]
    tokio::spawn(task);
}

/// Bytes on their way, with when they are there.
type Passing = (Vec<u8>, Option<Instant>);

/// Does it until all connections are cut once more, or until the test that could cut them is over.
async fn until_cut(passing: impl Future<Output = ()>, cuts: u32, mut faults: watch::Receiver<Faults>) {
    tokio::select! {
        // What is cut says nothing more, whatever else changes at the same time.
        biased;
        _ = faults.wait_for(|faults| faults.cuts > cuts) => {}
        () = passing => {}
    }
}

/// Passes on what one side sends, until it ends.
async fn pass(from: From, reading: OwnedReadHalf, writing: OwnedWriteHalf, faults: watch::Receiver<Faults>) {
    let (send, sent) = mpsc::channel(UNDER_WAY);
    tokio::join!(take(from, reading, send, faults.clone()), give(writing, sent, faults));
}

/// Reads what comes. It ends with who sends it, but for one that lost something: nobody is told of that end.
async fn take(
    from: From,
    mut reading: OwnedReadHalf,
    send: mpsc::Sender<Passing>,
    faults: watch::Receiver<Faults>,
) {
    let (mut bytes, mut line, mut lost) = (vec![0; 4_096], Vec::new(), false);
    loop {
        let read = reading.read(&mut bytes).await.unwrap_or_default();
        let now = *faults.borrow();
        lost |= now.drops(from);
        if lost && read == 0 {
            return std::future::pending().await;
        }
        if lost {
            continue;
        }
        if read == 0 {
            return;
        }
        let mut passed = Vec::new();
        if now.repeat && from == From::Server {
            for byte in bytes.iter().take(read) {
                line.push(*byte);
                if *byte == b'\n' {
                    passed.extend_from_slice(&line);
                    passed.append(&mut line);
                }
            }
        } else {
            passed.append(&mut line);
            passed.extend(bytes.iter().take(read));
        }
        let there = now.delay.map(|delay| Instant::now() + delay);
        if send.send((passed, there)).await.is_err() {
            return;
        }
    }
}

/// Writes it, when it is there and nothing stalls.
async fn give(
    mut writing: OwnedWriteHalf,
    mut sent: mpsc::Receiver<Passing>,
    mut faults: watch::Receiver<Faults>,
) {
    while let Some((bytes, there)) = sent.recv().await {
        if let Some(there) = there {
            sleep_until(there).await;
        }
        let Ok(piece) = faults.wait_for(|faults| !faults.stall).await.map(|faults| faults.piece) else {
            return;
        };
        for piece in bytes.chunks(piece.unwrap_or(usize::MAX).max(1)) {
            if writing.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}
