//! Reading ways in and locks. Layer 2.

use std::cmp::Reverse;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};
use wilco_contract::{
    access::{LoginLink, Session, Token},
    ids::Hash,
    store::{Access, Lock, Locks, StoreError},
};

use crate::{error::read_error, row::Read, store::SqliteStore};

const LOCKS: &str = "SELECT key, owner, reason, at, expires_at FROM locks ORDER BY key";
const LINK: &str = "SELECT hash, person, made_by, expires_at, used_at FROM links WHERE hash = ?";
const SESSION: &str = "SELECT hash, person, created_at, seen_at, ended_at FROM sessions WHERE hash = ?";
/// A session has few neighbours: this looks at all there ever were. The second that a time begins with is less than all
/// the times within it as text, too.
const OPEN_SESSIONS: &str = "SELECT hash, person, created_at, seen_at, ended_at FROM sessions \
                             WHERE ended_at IS NULL AND seen_at >= ?";
const TOKEN: &str = "SELECT hash, name, scope, made_by, created_at, expires_at, revoked_at FROM tokens \
                     WHERE hash = ?";
const TOKENS: &str = "SELECT hash, name, scope, made_by, created_at, expires_at, revoked_at FROM tokens \
                      ORDER BY name, created_at";

#[async_trait]
impl Locks for SqliteStore {
    async fn locks(&self) -> Result<Vec<Lock>, StoreError> {
        let rows = sqlx::query(LOCKS).fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(lock).collect()).map_err(read_error)
    }
}

#[async_trait]
impl Access for SqliteStore {
    async fn link(&self, hash: Hash) -> Result<Option<LoginLink>, StoreError> {
        let row = sqlx::query(LINK).bind(&hash.0[..]).fetch_optional(&self.reads).await;
        row.and_then(|row| row.as_ref().map(link).transpose()).map_err(read_error)
    }

    async fn session(&self, hash: Hash) -> Result<Option<Session>, StoreError> {
        let row = sqlx::query(SESSION).bind(&hash.0[..]).fetch_optional(&self.reads).await;
        row.and_then(|row| row.as_ref().map(session).transpose()).map_err(read_error)
    }

    async fn open_sessions(&self, since: Timestamp) -> Result<Vec<Session>, StoreError> {
        let second = since.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let rows = sqlx::query(OPEN_SESSIONS).bind(second).fetch_all(&self.reads).await;
        let found: Result<Vec<_>, _> = rows.and_then(|rows| rows.iter().map(session).collect());
        let mut found = found.map_err(read_error)?;
        found.retain(|session| session.seen_at >= since);
        found.sort_by_key(|session| Reverse((session.seen_at, session.hash.0)));
        Ok(found)
    }

    async fn token(&self, hash: Hash) -> Result<Option<Token>, StoreError> {
        let row = sqlx::query(TOKEN).bind(&hash.0[..]).fetch_optional(&self.reads).await;
        row.and_then(|row| row.as_ref().map(token).transpose()).map_err(read_error)
    }

    async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let rows = sqlx::query(TOKENS).fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(token).collect()).map_err(read_error)
    }
}

fn lock(row: &SqliteRow) -> Result<Lock, sqlx::Error> {
    Ok(Lock {
        key: row.try_get(0)?,
        owner: row.json(1)?,
        reason: row.try_get(2)?,
        at: row.time(3)?,
        expires_at: row.time(4)?,
    })
}

fn link(row: &SqliteRow) -> Result<LoginLink, sqlx::Error> {
    Ok(LoginLink {
        hash: row.hash(0)?,
        person: row.name(1)?,
        by: row.try_get(2)?,
        expires_at: row.time(3)?,
        used_at: row.maybe_time(4)?,
    })
}

fn session(row: &SqliteRow) -> Result<Session, sqlx::Error> {
    Ok(Session {
        hash: row.hash(0)?,
        person: row.name(1)?,
        created_at: row.time(2)?,
        seen_at: row.time(3)?,
        ended_at: row.maybe_time(4)?,
    })
}

fn token(row: &SqliteRow) -> Result<Token, sqlx::Error> {
    Ok(Token {
        hash: row.hash(0)?,
        name: row.try_get(1)?,
        scope: row.name(2)?,
        by: row.try_get(3)?,
        created_at: row.time(4)?,
        expires_at: row.time(5)?,
        revoked_at: row.maybe_time(6)?,
    })
}

/// Every statement of this file that is about one thing, for the test that asks for their plans; the others list
/// a whole table, in the order of an index.
#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [LINK, SESSION, TOKEN].map(str::to_owned).into()
}
