//! The body of a request that brings a file: read as it comes, with a cap, a limit on stalls and a deadline.
//!
//! Not what becomes of the bytes. Layer 3.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout_at};
use wilco_contract::{file::MAX_FILE, ids::Hash};

use crate::problem::Problem;

/// How long a file may take to arrive: 10 MiB on a line of some 300 kbit/s.
pub(super) const WITHIN: Duration = Duration::from_mins(5);
/// How long nothing of it may come.
const STALL: Duration = Duration::from_secs(30);

/// A body that is read.
pub(super) struct Coming {
    /// How many bytes it says that it has; none where it does not say.
    pub(super) length: Option<u64>,
    stream: BodyDataStream,
    until: Instant,
    read: u64,
    hash: Sha256,
}

impl Coming {
    /// Begins to read; the time runs from here.
    pub(super) fn new(body: Body) -> Self {
        let length = body.size_hint().exact();
        let (stream, until) = (body.into_data_stream(), Instant::now() + WITHIN);
        Self { length, stream, until, read: 0, hash: Sha256::new() }
    }

    /// The next bytes; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let wait = self.until.min(Instant::now() + STALL);
        let next = timeout_at(wait, self.stream.next()).await.map_err(|_| {
            Problem::too_slow(format!(
                "The file did not arrive: nothing of it came for {} s, or all of it took longer than {} min. Nothing was \
                 sent.",
                STALL.as_secs(),
                WITHIN.as_secs() / 60
            ))
        })?;
        match next {
            None => Ok(None),
            Some(Ok(bytes)) => {
                self.read += bytes.len() as u64;
                if self.read > MAX_FILE {
                    return Err(too_long());
                }
                self.hash.update(&bytes);
                Ok(Some(bytes))
            }
            Some(Err(_)) => Err(Problem::malformed("The file broke off on its way. Nothing was sent.")),
        }
    }

    /// Reads all that is left and keeps nothing, so that whoever sends it hears the answer.
    pub(super) async fn pass(&mut self) -> Result<(), Problem> {
        while self.next().await?.is_some() {}
        Ok(())
    }

    /// How many bytes were read, and their hash.
    pub(super) fn told(self) -> (u64, Hash) {
        (self.read, Hash(self.hash.finalize().into()))
    }
}

/// What to say to a file that is too long.
pub(super) fn too_long() -> Problem {
    Problem::too_long(format!(
        "A file has at most {} MiB, and this one is larger. Nothing was sent.",
        MAX_FILE >> 20
    ))
    .with("you_can", "Put it where such files belong, and say where that is.")
}
