//! What people and programs say in the page's rooms.
//!
//! Not the reading of it: whether a text is an order is the engine's business, so what a person says is committed as
//! a message and as an input at once. What a program says gives no orders: it has `POST /calls` for them. Layer 3.

use std::time::Duration;

use jiff::Timestamp;
use wilco_contract::{
    connector::DeliveryKey,
    file::{FileId, KeptFile},
    ids::{Hash, Place, Seq, hex},
    input::{Input, MAX_TEXT, Message},
    principal::Principal,
    reply::{Block, Reply},
    store::{AuditEntry, Batch, Record, RoomMessage, Speaker, SpeakerKind, StoreError, When},
};

use super::WebConnector;
use crate::{api::FILES, files::Sent, telemetry, text, whole::whole};

/// How long a message waits for room before it is turned away, not committed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Something to say.
#[derive(Debug)]
pub(crate) struct Say {
    /// Who says it; no guest.
    pub(crate) who: Principal,
    /// Where.
    pub(crate) place: Place,
    /// In which thread: the number of a message in it.
    pub(crate) thread: Option<Seq>,
    /// What.
    pub(crate) text: String,
    /// What makes a repeat recognisable.
    pub(crate) key: Option<String>,
    /// The file that they send with it, whose parts are stored.
    pub(crate) file: Option<Sent>,
}

/// A file that is sent with a key that was used before.
pub(crate) struct Again<'a> {
    /// Where.
    pub(crate) place: &'a Place,
    /// In which thread: the number of a message in it.
    pub(crate) thread: Option<Seq>,
    /// The words beside it.
    pub(crate) words: &'a str,
    /// Its name, made harmless.
    pub(crate) name: &'a str,
    /// How many bytes it has, and their hash.
    pub(crate) told: (u64, Hash),
}

/// Why it was not said. Nothing was committed, as far as is known: after an error of the store it may stand all the same.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NotSaid {
    /// Nothing is left of the text.
    Empty,
    /// It has so many bytes, which is too many.
    TooLong(usize),
    /// There is no such message in this place to hang it from.
    NoThread(Seq),
    /// The key was used for another message.
    OtherText,
    /// Too much waits for the engine.
    Busy,
    /// It could not be written.
    Store(StoreError),
    /// The task that wrote it panicked.
    Lost,
}

impl From<StoreError> for NotSaid {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl WebConnector {
    /// Says it. A repeated key returns the message that it made the first time.
    pub(crate) async fn say(&self, say: Say) -> Result<RoomMessage, NotSaid> {
        if say.text.len() > MAX_TEXT {
            return Err(NotSaid::TooLong(say.text.len()));
        }
        let words = text::clean(&say.text).into_owned();
        if words.trim().is_empty() && say.file.is_none() {
            return Err(NotSaid::Empty);
        }
        let store = &self.0.parts.store;
        let thread = self.thread(&say.place, say.thread).await?;
        let own = format!("{}/", say.who.key());
        let key = match &say.key {
            Some(key) => DeliveryKey(own + key),
            None => DeliveryKey(own + &hex(&self.0.parts.chance.bytes())),
        };
        let (text, reply) = match &say.file {
            Some(sent) => with_file(&words, &sent.file),
            None => (words.clone(), Reply::default()),
        };
        let hash = say.file.as_ref().map(|sent| sent.file.hash);
        let message = RoomMessage {
            seq: Seq(0),
            changed: Seq(0),
            at: self.0.parts.clock.now(),
            place: say.place,
            thread: thread.as_ref().map(|thread| thread.seq),
            from: speaker(&say.who),
            text,
            reply,
            version: 1,
            operation: None,
            key: Some(key.clone()),
        };
        if say.key.is_some()
            && let Some(first) = store.message_by_key(&key).await?
        {
            return self.the_same(first, &message, hash).await;
        }
        let thread = thread.and_then(|thread| thread.key).map(|key| key.0);
        let audit = say.file.as_ref().map(|sent| audit(&say.who, &sent.file));
        // A file is no order: what stands beside it may be one, as ever.
        let heard = RoomMessage { text: words, ..message.clone() };
        let input = input(&say.who, &heard, thread).filter(|_| !heard.text.trim().is_empty());
        match self.commit(message.clone(), input, audit.zip(say.file)).await {
            // The same key at the same moment: the other one stands.
            Err(NotSaid::Store(StoreError::Conflict(why))) => match store.message_by_key(&key).await? {
                Some(first) => self.the_same(first, &message, hash).await,
                None => Err(NotSaid::Store(StoreError::Conflict(why))),
            },
            other => other,
        }
    }

    /// The message that opened the thread of this one.
    async fn thread(&self, place: &Place, seq: Option<Seq>) -> Result<Option<RoomMessage>, NotSaid> {
        let Some(seq) = seq else { return Ok(None) };
        let found = self.0.parts.store.message(seq).await?.filter(|message| message.place == *place);
        let Some(found) = found else { return Err(NotSaid::NoThread(seq)) };
        Ok(Some(if found.thread.is_some() { root(self, &found).await? } else { found }))
    }

    /// The first message of a key, where the one that came again says the same. Its text has the name and the size of
    /// its file.
    async fn the_same(
        &self,
        first: RoomMessage,
        again: &RoomMessage,
        hash: Option<Hash>,
    ) -> Result<RoomMessage, NotSaid> {
        let same = first.place == again.place && first.thread == again.thread && first.text == again.text;
        if same && self.same_bytes(&first, hash).await? { Ok(first) } else { Err(NotSaid::OtherText) }
    }

    /// Whether these are the bytes of the file that a message shows; what kind they are follows from them.
    async fn same_bytes(&self, first: &RoomMessage, hash: Option<Hash>) -> Result<bool, StoreError> {
        let (id, until, hash) = match (shown(first), hash) {
            (Some((id, until)), Some(hash)) => (id, until, hash),
            (shown, hash) => return Ok(shown.is_none() && hash.is_none()),
        };
        let now = self.0.parts.clock.now();
        Ok(match self.0.parts.store.file(&id, now).await? {
            Some(kept) => kept.hash == hash,
            // Once it is over, its name and its size have to do.
            None => until.is_some_and(|until| until <= now),
        })
    }

    /// The first message of a key, where this file with these words came again.
    pub(crate) async fn sent_again(
        &self,
        first: RoomMessage,
        again: Again<'_>,
    ) -> Result<RoomMessage, NotSaid> {
        let Again { place, thread, words, name, told: (bytes, hash) } = again;
        let thread = self.thread(place, thread).await?.map(|thread| thread.seq);
        let text = with_line(&text::clean(words), &line(name, bytes));
        let again = RoomMessage { place: place.clone(), thread, text, ..first.clone() };
        self.the_same(first, &again, Some(hash)).await
    }

    /// The message that a speaker's key has made before.
    pub(crate) async fn said_before(
        &self,
        who: &Principal,
        key: &str,
    ) -> Result<Option<RoomMessage>, StoreError> {
        self.0.parts.store.message_by_key(&DeliveryKey(format!("{}/{key}", who.key()))).await
    }

    /// Commits, hands over and rings; all of it, whatever becomes of the caller.
    async fn commit(
        &self,
        mut message: RoomMessage,
        input: Option<Input>,
        file: Option<(AuditEntry, Sent)>,
    ) -> Result<RoomMessage, NotSaid> {
        let room = tokio::time::timeout(PATIENCE, self.0.waiting.room(message.text.len())).await;
        let Ok(Some(room)) = room else { return Err(NotSaid::Busy) };
        let this = self.clone();
        let work = async move {
            let mut records = Vec::new();
            let file = file.map(|(audit, sent)| {
                records.extend([Record::File(Box::new(sent.file.clone())), Record::Audit(audit)]);
                sent.may_stand()
            });
            records.push(Record::Message(message.clone()));
            records.extend(input.clone().map(Record::Input));
            let written = this.0.parts.store.commit(Batch { at: message.at, records }, When::Now).await;
            // After any other error the message may stand all the same, and it needs its bytes.
            if let (Err(StoreError::Conflict(_)), Some(file)) = (&written, file) {
                file.forget();
            }
            let Some(last) = written? else {
                return Err(StoreError::Corrupt("a message got no number".into()).into());
            };
            message.seq = match input {
                // The numbers of a batch follow each other: the message stands before its input.
                Some(input) => {
                    this.0.waiting.push(last, input, room);
                    Seq(last.0 - 1)
                }
                None => last,
            };
            message.changed = message.seq;
            this.0.bells.ring(&message.place);
            let from = if message.from.kind == SpeakerKind::Person { "person" } else { "program" };
            metrics::counter!(telemetry::WEB_MESSAGES, "from" => from).increment(1);
            Ok(message)
        };
        whole(&self.0.parts.spawn, "web.say", work).await.unwrap_or(Err(NotSaid::Lost))
    }
}

/// What a message with a file says as text, by whose name a search finds it, and as blocks.
fn with_file(words: &str, file: &KeptFile) -> (String, Reply) {
    let KeptFile { id, name, kind, bytes, until, .. } = file;
    let text = with_line(words, &line(name, *bytes));
    let shown = Block::File {
        name: name.clone(),
        url: format!("{FILES}/{id}"),
        bytes: *bytes,
        picture: kind.is_picture(),
        until: Some(*until),
    };
    if words.is_empty() {
        return (text, Reply { blocks: vec![shown] });
    }
    (text, Reply { blocks: vec![Block::Quote { text: words.to_owned() }, shown] })
}

fn line(name: &str, bytes: u64) -> String {
    format!("File: {name} ({bytes} bytes)")
}

fn with_line(words: &str, line: &str) -> String {
    if words.is_empty() { line.to_owned() } else { format!("{words}\n{line}") }
}

/// The file that a message shows, and until when it is kept.
fn shown(message: &RoomMessage) -> Option<(FileId, Option<Timestamp>)> {
    message.reply.blocks.iter().find_map(|block| match block {
        Block::File { url, until, .. } => Some((FileId::parse(url.rsplit('/').next()?)?, *until)),
        _ => None,
    })
}

/// What the record keeps of a file for good, beside its message.
fn audit(who: &Principal, file: &KeptFile) -> AuditEntry {
    let KeptFile { name, kind, bytes, hash, .. } = file;
    AuditEntry {
        kind: "file.sent".to_owned(),
        who: who.key(),
        account: who.account().cloned(),
        operation: None,
        command: None,
        place: Some(file.place.clone()),
        text: format!("`{name}`, {bytes} bytes, {}, sha-256 {hash}", kind.media()),
        rule: None,
    }
}

/// The message that opened this one's thread.
async fn root(connector: &WebConnector, message: &RoomMessage) -> Result<RoomMessage, NotSaid> {
    let seq = message.thread.unwrap_or(message.seq);
    connector.0.parts.store.message(seq).await?.ok_or(NotSaid::NoThread(seq))
}

fn speaker(who: &Principal) -> Speaker {
    match who {
        Principal::Person { id, name, .. } => {
            Speaker { kind: SpeakerKind::Person, id: id.to_string(), name: name.clone() }
        }
        Principal::Token { name, .. } | Principal::Rule { name, .. } => {
            Speaker { kind: SpeakerKind::Program, id: name.clone(), name: name.clone() }
        }
        Principal::Program { program, .. } => {
            Speaker { kind: SpeakerKind::Program, id: program.to_string(), name: program.name.clone() }
        }
        Principal::Operator => {
            Speaker { kind: SpeakerKind::Program, id: "operator".into(), name: "local operator".into() }
        }
        Principal::Guest { account } => {
            Speaker { kind: SpeakerKind::Program, id: account.to_string(), name: account.id().to_owned() }
        }
    }
}

/// What the engine gets of it: only fresh words of a person are an input.
fn input(who: &Principal, message: &RoomMessage, thread: Option<String>) -> Option<Input> {
    let Principal::Person { account, .. } = who else { return None };
    Some(Input::Message(Message {
        id: message.key.clone()?.0,
        place: message.place.clone(),
        thread,
        from: account.clone(),
        text: message.text.clone(),
        at: message.at,
        to_us: message.place.direct().is_some(),
    }))
}
