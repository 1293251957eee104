//! A TCP connection with faults: it stalls, is cut, comes in pieces, or says each line twice, as a test wishes.
//!
//! Not a network: the server behind it is a real one. For tests only.

use std::{net::Ipv4Addr, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// What is wrong with the connections. Nothing, by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Nothing passes, and nobody is told.
    pub stall: bool,
    /// What passes comes in pieces of so many bytes.
    pub piece: Option<usize>,
    /// Each line of the server comes twice.
    pub repeat: bool,
    /// The number of cuts so far: each ends all connections.
    pub cuts: u32,
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
                // Where nobody is behind it, the connection ends.
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await {
                    let ((from_client, to_client), (from_server, to_server)) =
                        (client.into_split(), server.into_split());
                    start(pass(From::Client, from_client, to_server, told.subscribe()));
                    start(pass(From::Server, from_server, to_client, told.subscribe()));
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

fn start(task: impl Future<Output = ()> + Send + 'static) {
    #[expect(clippy::disallowed_methods, reason = "a test's own network is no task of Wilco")]
    tokio::spawn(task);
}

/// Passes on what one side sends, until it ends or is cut.
async fn pass(
    from: From,
    mut reading: OwnedReadHalf,
    mut writing: OwnedWriteHalf,
    mut faults: watch::Receiver<Faults>,
) {
    let cuts = faults.borrow().cuts;
    let mut until = faults.clone();
    let passing = async {
        let (mut bytes, mut line) = (vec![0; 4_096], Vec::new());
        while let Ok(count) = reading.read(&mut bytes).await {
            if count == 0 || faults.wait_for(|faults| !faults.stall).await.is_err() {
                return;
            }
            let now = *faults.borrow();
            let mut passed = Vec::new();
            if now.repeat && from == From::Server {
                for byte in bytes.iter().take(count) {
                    line.push(*byte);
                    if *byte == b'\n' {
                        passed.extend_from_slice(&line);
                        passed.append(&mut line);
                    }
                }
            } else {
                passed.append(&mut line);
                passed.extend(bytes.iter().take(count));
            }
            for piece in passed.chunks(now.piece.unwrap_or(usize::MAX).max(1)) {
                if writing.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::select! {
        () = passing => {}
        // A test that is over ends it as well.
        _ = until.wait_for(|faults| faults.cuts > cuts) => {}
    }
}
