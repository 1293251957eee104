//! The page as a chat network: rooms and direct conversations that the store keeps.
//!
//! Not the HTTP routes: `api` has those, and posts what people say through [`WebConnector`]. At this joint the id of
//! a message is its delivery key, as it is known before the message is written; the API's ids are the journal numbers.
//! Layer 3.

mod bells;
mod presence;
mod said;
mod waiting;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream;
use wilco_contract::{
    clock::{Chance, Clock, Spawn},
    connector::{
        Caps, ConnectError, Connector, Cursor, DeliveryKey, Directory, Outbox, Post, Receipt, SendError,
        Session, Tells,
    },
    ids::{Account, OpId, PersonId, Place, Seq},
    principal::Principal,
    reply::{Block, Reply},
    retry::Retry,
    store::{Batch, Record, RoomMessage, Speaker, SpeakerKind, Store, StoreError, When},
};

pub(crate) use self::{
    bells::Bell,
    presence::Here,
    said::{Again, NotSaid, Say},
};
use self::{bells::Bells, presence::Presence, waiting::Waiting};
use crate::{desk::Desk, telemetry, text, whole::whole};

/// What the page tells beside lines: who comes into a room, and who leaves it.
pub const TELLS: Tells = Tells { presence: true, ..Tells::NOTHING };
/// The longest reply in bytes, as JSON.
const MAX_REPLY: usize = 256 * 1024;

/// What the page's rooms are built from.
pub struct ConnectorParts {
    /// Where messages are kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where keys come from that nobody chose.
    pub chance: Arc<dyn Chance>,
    /// The way to start tasks.
    pub spawn: Arc<dyn Spawn>,
    /// Who people are.
    pub desk: Arc<dyn Desk>,
    /// Under which name Wilco speaks.
    pub name: String,
    /// The rooms, in the order in which they are shown. Direct conversations exist by themselves.
    pub rooms: Vec<Room>,
}

/// A room of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its place: `web:ops`.
    pub place: Place,
    /// Its name for people to read.
    pub name: String,
    /// What it is for, in a line.
    pub topic: String,
}

/// The page's chat network. Clones are the same one.
#[derive(Clone)]
pub struct WebConnector(Arc<Shared>);

struct Shared {
    parts: ConnectorParts,
    bells: Bells,
    presence: Arc<Presence>,
    waiting: Arc<Waiting>,
}

impl WebConnector {
    /// A network of these rooms.
    #[must_use]
    pub fn new(parts: ConnectorParts) -> Self {
        let presence = Arc::new(Presence::new(Arc::clone(&parts.clock)));
        Self(Arc::new(Shared { parts, bells: Bells::default(), presence, waiting: Arc::default() }))
    }

    /// The rooms, in the order in which they are shown.
    pub(crate) fn rooms(&self) -> &[Room] {
        &self.0.parts.rooms
    }

    /// Under which name Wilco speaks.
    pub(crate) fn name(&self) -> &str {
        &self.0.parts.name
    }

    /// Whether there is such a room, or such a person to talk to directly.
    pub(crate) fn has(&self, place: &Place) -> bool {
        match place.direct() {
            _ if place.connector() != "web" => false,
            Some(person) => PersonId::parse(person).is_ok_and(|id| self.0.parts.desk.person(&id).is_some()),
            None => self.rooms().iter().any(|room| room.place == *place),
        }
    }

    /// Whether this principal may read and speak there: rooms are open to all but guests, a direct conversation to
    /// its person alone.
    pub(crate) fn is_open_to(&self, who: &Principal, place: &Place) -> bool {
        match place.direct() {
            Some(person) => who.person().is_some_and(|id| id.as_str() == person),
            None => !matches!(who, Principal::Guest { .. }),
        }
    }

    /// Sixteen bytes that nobody can guess.
    pub(crate) fn chance(&self) -> [u8; 16] {
        self.0.parts.chance.bytes()
    }

    /// A bell that rings when something changes in the place. Take it before reading, so that nothing falls between.
    pub(crate) fn bell(&self, place: &Place) -> Bell {
        self.0.bells.listen(place)
    }

    /// Who is in the place: whoever has a stream of it open.
    pub(crate) fn present(&self, place: &Place) -> Vec<Account> {
        self.0.presence.present(place)
    }

    /// Returns when somebody came or went somewhere.
    pub(crate) async fn comings_and_goings(&self) {
        self.0.presence.changes().await;
    }

    /// Shows the account as present until the answer is dropped.
    pub(crate) fn arrive(&self, place: &Place, account: Account) -> Here {
        self.0.presence.arrive(place, account)
    }

    /// The message that a thread hangs from, by the id that this joint gave it.
    async fn thread_of(&self, place: &Place, id: &str) -> Result<Option<Seq>, StoreError> {
        let found = self.0.parts.store.message_by_key(&DeliveryKey(id.to_owned())).await?;
        Ok(found
            .filter(|message| message.place == *place)
            .map(|message| message.thread.unwrap_or(message.seq)))
    }

    /// Writes a message and rings; both, whatever becomes of the caller.
    async fn write(&self, message: RoomMessage) -> Result<(), SendError> {
        let this = self.clone();
        let work = async move {
            let place = message.place.clone();
            let batch = Batch { at: message.at, records: vec![Record::Message(message)] };
            let written = this.0.parts.store.commit(batch, When::Now).await;
            this.0.bells.ring(&place);
            written
        };
        match whole(&self.0.parts.spawn, "web.post", work).await {
            Some(Ok(_)) => {
                metrics::counter!(telemetry::WEB_MESSAGES, "from" => "wilco").increment(1);
                Ok(())
            }
            Some(Err(error)) => Err(not_sent(&error)),
            None => Err(SendError::Unknown { what: "the task that wrote it panicked".into() }),
        }
    }
}

fn not_sent(error: &StoreError) -> SendError {
    let retry = match error {
        // Whoever has taken over says it.
        StoreError::Unavailable(_) | StoreError::Fenced(_) => Retry::Backoff,
        StoreError::Conflict(_) | StoreError::Corrupt(_) => Retry::Never,
    };
    SendError::NotSent { what: error.to_string(), retry }
}

/// The reply as it is kept: harmless, and short enough.
fn fit(reply: &Reply) -> Result<Reply, SendError> {
    let reply = text::clean_reply(reply);
    let bytes = serde_json::to_vec(&reply).map_or(usize::MAX, |json| json.len());
    if bytes > MAX_REPLY {
        return Err(SendError::NotSent {
            what: format!("it has {bytes} bytes, and a message of the page has at most {MAX_REPLY}"),
            retry: Retry::Never,
        });
    }
    Ok(reply)
}

/// The operation that a reply speaks of.
pub(crate) fn operation_of(reply: &Reply) -> Option<&OpId> {
    reply.blocks.iter().find_map(|block| match block {
        Block::Status { operation, .. } => Some(operation),
        Block::Choices { choices } => choices.first().map(|choice| &choice.operation),
        _ => None,
    })
}

/// The event that a reply speaks of.
pub(crate) fn event_of(reply: &Reply) -> Option<Seq> {
    reply.blocks.iter().find_map(|block| match block {
        Block::Event { event, .. } => Some(*event),
        _ => None,
    })
}

#[async_trait]
impl Connector for WebConnector {
    async fn connect(&self, _resume: Option<Cursor>) -> Result<Session, ConnectError> {
        // No cursor is needed: what was not acked is still here, and after a restart the journal has it.
        let line = self.0.waiting.connect(&self.0.presence);
        let arrivals =
            stream::unfold(line, |line| async move { line.next().await.map(|arrival| (arrival, line)) });
        Ok(Session {
            caps: Caps {
                edits: true,
                threads: true,
                buttons: true,
                keys: true,
                pictures: false,
                max_bytes: MAX_REPLY,
                tells: TELLS,
            },
            arrivals: Box::pin(arrivals),
            outbox: Arc::new(self.clone()),
            directory: Arc::new(self.clone()),
        })
    }
}

#[async_trait]
impl Outbox for WebConnector {
    async fn post(&self, post: Post<'_>) -> Result<Receipt, SendError> {
        let Post { place, thread, reply, key } = post;
        if !self.has(place) {
            let what = format!("the page has no room `{place}`");
            return Err(SendError::NotSent { what, retry: Retry::Never });
        }
        let receipt = Receipt { place: place.clone(), id: key.0.clone() };
        let reply = fit(reply)?;
        let store = &self.0.parts.store;
        if store.message_by_key(key).await.map_err(|error| not_sent(&error))?.is_some() {
            return Ok(receipt);
        }
        let thread = match thread {
            Some(id) => {
                let root = self.thread_of(place, id).await.map_err(|error| not_sent(&error))?;
                if root.is_none() {
                    // Seen by all at the top of the room is better than not seen at all.
                    tracing::warn!(%place, thread = id, "there is no such thread; the message stands outside of it");
                }
                root
            }
            None => None,
        };
        let message = RoomMessage {
            seq: Seq(0),
            changed: Seq(0),
            at: self.0.parts.clock.now(),
            place: place.clone(),
            thread,
            from: Speaker { kind: SpeakerKind::Wilco, id: "wilco".into(), name: self.name().to_owned() },
            text: reply.plain(),
            operation: operation_of(&reply).cloned(),
            reply,
            version: 1,
            key: Some(key.clone()),
        };
        match self.write(message).await {
            Ok(()) => Ok(receipt),
            // The same key at the same moment: the other one stands.
            Err(_) if matches!(store.message_by_key(key).await, Ok(Some(_))) => Ok(receipt),
            Err(error) => Err(error),
        }
    }

    async fn edit(&self, at: &Receipt, reply: &Reply) -> Result<(), SendError> {
        let reply = fit(reply)?;
        let found = self
            .0
            .parts
            .store
            .message_by_key(&DeliveryKey(at.id.clone()))
            .await
            .map_err(|error| not_sent(&error))?;
        let Some(message) = found.filter(|message| message.place == at.place) else {
            let what = format!("`{}` has no message `{}`", at.place, at.id);
            return Err(SendError::NotSent { what, retry: Retry::Never });
        };
        if message.reply == reply {
            return Ok(());
        }
        let this = self.clone();
        let place = at.place.clone();
        let work = async move {
            let record = Record::Edited { message: message.seq, place: place.clone(), reply };
            let batch = Batch { at: this.0.parts.clock.now(), records: vec![record] };
            let written = this.0.parts.store.commit(batch, When::Now).await;
            this.0.bells.ring(&place);
            written
        };
        match whole(&self.0.parts.spawn, "web.post", work).await {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(not_sent(&error)),
            None => Err(SendError::Unknown { what: "the task that wrote it panicked".into() }),
        }
    }
}

#[async_trait]
impl Directory for WebConnector {
    async fn exists(&self, place: &Place) -> bool {
        self.has(place)
    }

    async fn may_read(&self, account: &Account, place: &Place) -> bool {
        self.has(place) && self.is_open_to(&self.0.parts.desk.resolve(account), place)
    }

    async fn members(&self, place: &Place) -> Vec<Account> {
        self.present(place)
    }

    async fn open_dm(&self, account: &Account) -> Option<Place> {
        let place = Place::alone_with(account)?;
        (account.connector() == "web" && self.has(&place)).then_some(place)
    }
}
