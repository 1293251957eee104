//! Ways in: one-time links, sessions of pages and terminals, tokens, and the local operator's key.
//!
//! Not the guard of the routes: `guard` asks here who a caller is. Secrets are kept as their SHA-256 only; they have
//! 256 bits, so a slow hash would add nothing. Layer 3.

mod device;
mod secret;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use wilco_contract::{
    access::{AccessEvent, LoginLink, Session, Token},
    clock::{Chance, Clock},
    ids::{Hash, PersonId},
    principal::{Principal, Scope},
    store::{Batch, Record, Store, StoreError, When},
};

use self::device::Devices;
pub use self::secret::OperatorKey;
pub(crate) use self::{
    device::{Ask, Begun, POLL_SECS, Polled},
    secret::{Secret, same},
};
use crate::{desk::Desk, public_url::PublicUrl};

/// How long a link can be redeemed.
const LINK_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// How long a session lives without being used.
const IDLE: SignedDuration = SignedDuration::from_hours(12);
/// How exactly a session's last use is known.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// The longest life of a token.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Ways in. Clones are the same ones.
#[derive(Clone)]
pub struct Access {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    desk: Arc<dyn Desk>,
    public_url: PublicUrl,
    devices: Arc<Devices>,
}

/// A one-time link that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedLink {
    /// Whose session it makes.
    pub person: PersonId,
    /// The address to open: `<public_url>/login#<secret>`.
    pub url: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A token that was made.
pub(crate) struct IssuedToken {
    pub(crate) secret: Secret,
    pub(crate) token: Token,
}

/// Why something about ways in was not done.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AccessError {
    /// There is no such person.
    #[error("there is no person `{0}`; `wilco.toml` names the people as `[person.<name>]`")]
    NoSuchPerson(PersonId),
    /// The link was used, has ended, or never was.
    #[error("this link was used or has ended; ask for a new one with `wilco invite PERSON`")]
    LinkGone,
    /// No device asks with this code.
    #[error(
        "nothing asks with this code: it was answered, has ended, or never was. Compare it with the terminal, or say \
         `wilco login` there again"
    )]
    NoSuchCode,
    /// A person typed too many codes that are none.
    #[error("too many codes that are none were typed; wait 10 minutes")]
    CodeGuessed,
    /// What asks is not what was looked at.
    #[error("this is not the terminal that you looked at; look again before you let it in")]
    OtherDevice,
    /// Too many devices ask at once.
    #[error("too many terminals ask to be let in; try again in a few minutes")]
    TooManyCodes,
    /// A device asks too often.
    #[error("this asks too often; wait {POLL_SECS} seconds between two askings")]
    PolledTooSoon,
    /// A person said no to the device.
    #[error("somebody said no on the page")]
    DeviceRefused,
    /// No such device asks.
    #[error("this code was answered, has ended, or Wilco was started anew since; say `wilco login` again")]
    DeviceGone,
    /// A living token has this name.
    #[error("there is a token `{0}` already; revoke it first, or take another name")]
    TokenExists(String),
    /// There is no living token of this name.
    #[error("there is no token `{0}`")]
    NoSuchToken(String),
    /// The life of a token is nothing or too long.
    #[error("a token lives at least a minute and at most 366 days")]
    TokenLife,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a caller proved who they are.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// By a session, of a page or a terminal.
    Session(Session),
    /// By a token.
    Token(Hash),
    /// By the operator's key.
    Operator,
}

impl Access {
    /// The ways in to this server.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        desk: Arc<dyn Desk>,
        public_url: PublicUrl,
    ) -> Self {
        Self { store, clock, chance, desk, public_url, devices: Arc::default() }
    }

    /// The address where people find the page.
    pub(crate) fn public_url(&self) -> &PublicUrl {
        &self.public_url
    }

    /// The time that ways in go by.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes a one-time link for a person. `by` is who made it, as [`Principal::key`].
    ///
    /// # Errors
    /// When there is no such person, or when it could not be written.
    pub async fn issue_link(&self, person: &PersonId, by: &str) -> Result<IssuedLink, AccessError> {
        if self.desk.person(person).is_none() {
            return Err(AccessError::NoSuchPerson(person.clone()));
        }
        let secret = Secret::draw(self.chance.as_ref());
        let expires_at = self.clock.now() + LINK_LIFE;
        let link = LoginLink {
            hash: secret.hash(),
            person: person.clone(),
            by: by.to_owned(),
            expires_at,
            used_at: None,
        };
        self.commit(vec![AccessEvent::Link(link)], When::Now).await?;
        let url = format!("{}/login#{}", self.public_url, secret.text());
        Ok(IssuedLink { person: person.clone(), url, expires_at })
    }

    /// Makes a session of a link, which then counts no more. Of two at once, one gets it.
    pub(crate) async fn redeem(&self, text: &str) -> Result<Secret, AccessError> {
        let given = Secret::read(text).ok_or(AccessError::LinkGone)?;
        let link = self.store.link(given.hash()).await?.ok_or(AccessError::LinkGone)?;
        let now = self.clock.now();
        if link.used_at.is_some() || link.expires_at <= now || self.desk.person(&link.person).is_none() {
            return Err(AccessError::LinkGone);
        }
        let secret = Secret::draw(self.chance.as_ref());
        let session = Session {
            hash: secret.hash(),
            person: link.person.clone(),
            created_at: now,
            seen_at: now,
            ended_at: None,
        };
        let used = LoginLink { used_at: Some(now), ..link };
        match self.commit(vec![AccessEvent::Link(used), AccessEvent::Session(session)], When::Now).await {
            Ok(()) => Ok(secret),
            Err(AccessError::Store(StoreError::Conflict(_))) => Err(AccessError::LinkGone),
            Err(error) => Err(error),
        }
    }

    /// The living session of this hash, with its person as they are today.
    pub(crate) async fn session(&self, hash: Hash) -> Result<Option<(Session, Principal)>, StoreError> {
        let Some(session) = self.store.session(hash).await? else { return Ok(None) };
        let Some(who) = self.alive(&session) else { return Ok(None) };
        let now = self.clock.now();
        if now.duration_since(session.seen_at) >= SEEN_EVERY {
            // A store keeps what ended ended, so this cannot wake a session that ends at the same moment.
            let seen = Session { seen_at: now, ..session.clone() };
            if let Err(error) = self.write(vec![AccessEvent::Session(seen)], When::Soon).await {
                // Whoever may look may look on while nothing can be written; at worst the session idles out early.
                tracing::warn!(%error, "a session's use was not recorded");
            }
        }
        Ok(Some((session, who)))
    }

    fn alive(&self, session: &Session) -> Option<Principal> {
        // A clock that jumped back makes a session look younger, never older.
        let idle = self.clock.now().duration_since(session.seen_at);
        (session.ended_at.is_none() && idle < IDLE).then(|| self.desk.person(&session.person)).flatten()
    }

    /// The sessions that live, the last used first.
    pub(crate) async fn open_sessions(&self) -> Result<Vec<Session>, StoreError> {
        let mut open = self.store.open_sessions(self.clock.now() - IDLE).await?;
        open.retain(|session| self.alive(session).is_some());
        Ok(open)
    }

    /// Ends a session at once. The record says by whom.
    pub(crate) async fn end(&self, session: &Session, by: &Principal) -> Result<(), AccessError> {
        let session = Session { ended_at: Some(self.clock.now()), ..session.clone() };
        self.commit(vec![AccessEvent::Ended { session, by: by.key() }], When::Now).await
    }

    /// Who a living token stands for.
    pub(crate) async fn token(&self, secret: &Secret) -> Result<Option<Principal>, StoreError> {
        self.token_by(secret.hash()).await
    }

    async fn token_by(&self, hash: Hash) -> Result<Option<Principal>, StoreError> {
        let token = self.store.token(hash).await?.filter(|token| self.lives(token));
        Ok(token.map(|token| Principal::Token { name: token.name, scope: token.scope }))
    }

    fn lives(&self, token: &Token) -> bool {
        token.revoked_at.is_none() && self.clock.now() < token.expires_at
    }

    /// Whether what a caller once proved still holds, for streams that stay open. An open stream is no use of its session:
    /// without any other the session ends, and the stream with it, or whoever stole one could read for ever.
    pub(crate) async fn still(&self, proof: &Proof) -> Result<bool, StoreError> {
        match proof {
            Proof::Operator => Ok(true),
            Proof::Token(hash) => Ok(self.token_by(*hash).await?.is_some()),
            Proof::Session(session) => {
                let stored = self.store.session(session.hash).await?;
                Ok(stored.is_some_and(|stored| self.alive(&stored).is_some()))
            }
        }
    }

    /// Makes a token.
    pub(crate) async fn make_token(
        &self,
        name: String,
        scope: Scope,
        life_secs: u64,
        by: String,
    ) -> Result<IssuedToken, AccessError> {
        let life =
            i64::try_from(life_secs).map(SignedDuration::from_secs).map_err(|_| AccessError::TokenLife)?;
        if life < SignedDuration::from_mins(1) || life > TOKEN_LIFE {
            return Err(AccessError::TokenLife);
        }
        if self.living(&name).await?.is_some() {
            return Err(AccessError::TokenExists(name));
        }
        let secret = Secret::draw(self.chance.as_ref());
        let now = self.clock.now();
        let token = Token {
            name: name.clone(),
            hash: secret.hash(),
            scope,
            by,
            created_at: now,
            expires_at: now + life,
            revoked_at: None,
        };
        match self.commit(vec![AccessEvent::Token(token.clone())], When::Now).await {
            Ok(()) => Ok(IssuedToken { secret, token }),
            Err(AccessError::Store(StoreError::Conflict(_))) => Err(AccessError::TokenExists(name)),
            Err(error) => Err(error),
        }
    }

    /// All tokens, also those that ended, by name.
    pub(crate) async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.store.tokens().await
    }

    /// Ends a token at once. The record says by whom.
    pub(crate) async fn revoke(&self, name: &str, by: &Principal) -> Result<(), AccessError> {
        let token = self.living(name).await?.ok_or_else(|| AccessError::NoSuchToken(name.to_owned()))?;
        let token = Token { revoked_at: Some(self.clock.now()), ..token };
        self.commit(vec![AccessEvent::Revoked { token, by: by.key() }], When::Now).await
    }

    async fn living(&self, name: &str) -> Result<Option<Token>, StoreError> {
        let tokens = self.store.tokens().await?;
        Ok(tokens.into_iter().find(|token| token.name == name && self.lives(token)))
    }

    async fn commit(&self, events: Vec<AccessEvent>, when: When) -> Result<(), AccessError> {
        Ok(self.write(events, when).await?)
    }

    async fn write(&self, events: Vec<AccessEvent>, when: When) -> Result<(), StoreError> {
        let records = events.into_iter().map(Record::Access).collect();
        self.store.commit(Batch { at: self.clock.now(), records }, when).await.map(drop)
    }
}
