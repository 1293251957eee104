//! Files that people send into rooms: taken in part by part, found by their id, forgotten after a while.
//!
//! Not the message that shows one: the connector commits it together with the file's becoming whole. Nor the sweeping of
//! what is over, which is the engine's. No more of a file is in memory than a part. Layer 3.

mod body;
mod giving;
mod name;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Body;
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use wilco_contract::{
    file::{FileId, FileKind, FilePart, KeptFile, MAX_FILE, MAX_FILES, PART},
    ids::{Hash, Place},
    store::{Batch, Record, StoreError, When},
};

use self::body::{Coming, WITHIN, too_long};
pub(crate) use self::{
    giving::give,
    name::{disposition, harmless},
};
use crate::{door::Door, guard::Caller, problem::Problem, rate::Rate};

/// How long the answer to a file may take: what it may take to arrive, and the wait for a turn before it.
pub(crate) const DEADLINE: Duration = WITHIN.saturating_add(Duration::from_secs(30));
/// How many files come in at once; with a part and what is on its way each, some 3 MiB.
const TAKEN_AT_ONCE: usize = 8;
/// How many of these one sender has.
const OF_ONE: usize = 2;
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// Files of one sender in a second, on average: 12 in a minute.
const PER_SECOND: f64 = 0.2;
/// Files of one sender at once, after a pause.
const BURST: f64 = 20.0;
/// How long a file that was begun counts, in seconds, where its end is never told: as after a kill.
const BEGUN_SECS: i64 = 600;

/// What `wilco.toml` says of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRules {
    /// How long one is kept, in seconds.
    pub keep_secs: i64,
    /// How many bytes all have together at most.
    pub bytes: u64,
}

impl Default for FileRules {
    fn default() -> Self {
        Self { keep_secs: 30 * 24 * 60 * 60, bytes: 1_000_000_000 }
    }
}

/// What the door keeps in mind about files.
pub(crate) struct Files {
    rules: FileRules,
    rate: Rate,
    taking: Arc<Semaphore>,
    giving: giving::Turns,
    /// How many come in, by sender.
    senders: Arc<Mutex<HashMap<String, usize>>>,
    /// One at a time asks for room and books it.
    booking: tokio::sync::Mutex<()>,
}

impl Files {
    pub(crate) fn new(rules: FileRules) -> Self {
        Self {
            rules,
            rate: Rate::new(PER_SECOND, BURST),
            taking: Arc::new(Semaphore::new(TAKEN_AT_ONCE)),
            giving: giving::Turns::new(),
            senders: Arc::default(),
            booking: tokio::sync::Mutex::new(()),
        }
    }

    /// What to say of a file that is not found.
    pub(crate) fn nowhere(&self) -> Problem {
        let days = self.rules.keep_secs / (24 * 60 * 60);
        let kept = if days > 0 { format!("{days} days") } else { format!("{} s", self.rules.keep_secs) };
        Problem::not_found(format!("There is no such file, or not any more: a file is kept for {kept}."))
    }
}

/// One of the files that a sender has on their way.
struct Turn {
    sender: String,
    senders: Arc<Mutex<HashMap<String, usize>>>,
    _taking: OwnedSemaphorePermit,
}

impl Turn {
    async fn of(files: &Files, sender: String) -> Result<Self, Problem> {
        files.rate.take(&sender).map_err(|pause| {
            Problem::too_many(
                "You send more than 12 files in a minute; this one was not taken. Try again in a moment.",
            )
            .retry_after(pause.as_secs() + 1)
        })?;
        let busy = || {
            Problem::unavailable("Too many files are being sent just now. Nothing was sent; try again soon.")
        };
        let taking = timeout(PATIENCE, Arc::clone(&files.taking).acquire_owned()).await;
        let taking = taking.ok().and_then(Result::ok).ok_or_else(busy)?;
        let senders = Arc::clone(&files.senders);
        {
            let mut counts = senders.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(sender.clone()).or_default();
            if *count >= OF_ONE {
                return Err(Problem::too_many(format!(
                    "You send {OF_ONE} files already. Wait until one of them is there; this one was not taken."
                )));
            }
            *count += 1;
        }
        Ok(Self { sender, senders, _taking: taking })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut counts = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.sender) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.sender);
            }
        }
    }
}

/// A file whose parts are stored, and which is forgotten unless it becomes whole.
pub(crate) struct Sent {
    /// As it is once it is whole.
    pub(crate) file: KeptFile,
    begun: Begun,
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.file.fmt(f)
    }
}

impl Sent {
    /// It may be whole from here on: what is being committed says so. Where that comes to nothing, a sweep forgets it once
    /// the time of what was begun is over.
    pub(crate) fn may_stand(mut self) -> Doubtful {
        self.begun.over = true;
        Doubtful(self.begun)
    }
}

/// A file of which nobody knows yet whether it is whole.
pub(crate) struct Doubtful(Begun);

impl Doubtful {
    /// It is not: it is forgotten now.
    pub(crate) fn forget(mut self) {
        self.0.over = false;
    }
}

struct Begun {
    door: Arc<Door>,
    id: FileId,
    over: bool,
}

impl Drop for Begun {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let (store, at, id) = (Arc::clone(&self.door.store), self.door.access.now(), self.id);
        let work = async move {
            let batch = Batch { at, records: vec![Record::FileDropped(id)] };
            if let Err(error) = store.commit(batch, When::Soon).await {
                tracing::warn!(%error, "a file that did not become whole was not forgotten; it is swept out later");
            }
        };
        self.door.spawn.spawn("web.file", Box::pin(work));
    }
}

/// A file that comes in.
pub(crate) struct Incoming {
    /// Who sends it.
    pub(crate) caller: Caller,
    /// Where to.
    pub(crate) place: Place,
    /// Its name, made harmless.
    pub(crate) name: String,
}

/// Takes a file in. It is not whole before the connector has committed what shows it.
///
/// # Errors
/// When it is too long, too slow, breaks off, or there is no room for it; nothing of it stays.
pub(crate) async fn take_in(door: &Arc<Door>, incoming: Incoming, body: Body) -> Result<Sent, Problem> {
    let mut coming = Coming::new(body);
    if coming.length.is_some_and(|length| length > MAX_FILE) {
        return Err(too_long());
    }
    let begun = async {
        let turn = Turn::of(&door.files, incoming.caller.who.key()).await?;
        book(door, &incoming, coming.length.unwrap_or(MAX_FILE)).await.map(|begun| (turn, begun))
    };
    let (_turn, mut sent) = match begun.await {
        Ok(begun) => begun,
        Err(problem) => {
            // A browser shows no answer to what it was not let finish.
            coming.pass().await?;
            return Err(problem);
        }
    };
    let (mut waiting, mut number) = (Vec::with_capacity(PART), 0);
    let mut first = Vec::new();
    while let Some(bytes) = coming.next().await? {
        if first.len() < 16 {
            first.extend(bytes.iter().take(16));
        }
        waiting.extend_from_slice(&bytes);
        while waiting.len() >= PART {
            let rest = waiting.split_off(PART);
            keep_part(door, FilePart { file: sent.file.id, number, bytes: waiting }).await?;
            (waiting, number) = (rest, number + 1);
        }
    }
    if !waiting.is_empty() {
        keep_part(door, FilePart { file: sent.file.id, number, bytes: waiting }).await?;
    }
    let (bytes, hash) = coming.told();
    if bytes == 0 {
        return Err(Problem::unfit("The file is empty. Nothing was sent."));
    }
    let at = door.access.now();
    sent.file.at = at;
    sent.file.until = later(at, door.files.rules.keep_secs);
    (sent.file.bytes, sent.file.hash, sent.file.kind) = (bytes, hash, FileKind::of(&first));
    sent.file.whole = true;
    Ok(sent)
}

/// How many bytes a file that is sent again has, and their hash; nothing of it is kept.
pub(crate) async fn measure(body: Body) -> Result<(u64, Hash), Problem> {
    let mut coming = Coming::new(body);
    coming.pass().await?;
    Ok(coming.told())
}

/// Books room for so many bytes.
async fn book(door: &Arc<Door>, incoming: &Incoming, bytes: u64) -> Result<Sent, Problem> {
    let at = door.access.now();
    let _one = door.files.booking.lock().await;
    loop {
        let kept = door.store.files_kept().await?;
        if kept.files < MAX_FILES && kept.bytes.saturating_add(bytes) <= door.files.rules.bytes {
            break;
        }
        // What is over goes now, if the engine's sweep has not come by yet.
        if !door.store.files_are_over(at).await? {
            return Err(full(door.files.rules));
        }
        let batch = Batch { at, records: vec![Record::FilesSwept { before: at }] };
        door.store.commit(batch, When::Now).await?;
    }
    let file = KeptFile {
        id: FileId(door.connector.chance()),
        place: incoming.place.clone(),
        name: incoming.name.clone(),
        kind: FileKind::Other,
        bytes,
        hash: Hash::ZERO,
        at,
        until: later(at, BEGUN_SECS),
        whole: false,
    };
    let begun = Begun { door: Arc::clone(door), id: file.id, over: false };
    let batch = Batch { at, records: vec![Record::File(Box::new(file.clone()))] };
    door.store.commit(batch, When::Now).await?;
    Ok(Sent { file, begun })
}

async fn keep_part(door: &Door, part: FilePart) -> Result<(), StoreError> {
    // Awaited, so that whoever sends faster than it can be written is slowed down and fills no memory.
    let batch = Batch { at: door.access.now(), records: vec![Record::FilePart(Box::new(part))] };
    door.store.commit(batch, When::Now).await.map(drop)
}

fn full(rules: FileRules) -> Problem {
    Problem::full(format!(
        "There is no room for another file: all together have at most {} MB and are {MAX_FILES} at most. Nothing was sent.",
        rules.bytes / 1_000_000
    ))
    .with("rule", "[files] in wilco.toml")
    .with("you_can", "Wait until older files are over, or have `megabytes` in `[files]` raised.")
}

fn later(at: Timestamp, secs: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(secs)).unwrap_or(Timestamp::MAX)
}
