//! Values of a row as the types of the contract; what does not read as one is damage, and is said to be.
//!
//! Layer 2.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::{Row, sqlite::SqliteRow};
use wilco_contract::{
    chain::Salt,
    ids::{Hash, Seq},
};

/// Reads values by their place in the row, from 0.
pub(crate) trait Read {
    /// A number from 0.
    fn count(&self, at: usize) -> Result<u64, sqlx::Error>;
    /// A journal number.
    fn seq(&self, at: usize) -> Result<Seq, sqlx::Error>;
    /// A journal number, or nothing.
    fn maybe_seq(&self, at: usize) -> Result<Option<Seq>, sqlx::Error>;
    /// A time.
    fn time(&self, at: usize) -> Result<Timestamp, sqlx::Error>;
    /// A time that is kept as the microseconds since 1970.
    fn micros(&self, at: usize) -> Result<Timestamp, sqlx::Error>;
    /// A time, or nothing.
    fn maybe_time(&self, at: usize) -> Result<Option<Timestamp>, sqlx::Error>;
    /// A hash.
    fn hash(&self, at: usize) -> Result<Hash, sqlx::Error>;
    /// A salt, or nothing.
    fn maybe_salt(&self, at: usize) -> Result<Option<Salt>, sqlx::Error>;
    /// A name, or whatever else reads from a bare string.
    fn name<T: DeserializeOwned>(&self, at: usize) -> Result<T, sqlx::Error>;
    /// A name, or nothing.
    fn maybe_name<T: DeserializeOwned>(&self, at: usize) -> Result<Option<T>, sqlx::Error>;
    /// A value that is kept as JSON.
    fn json<T: DeserializeOwned>(&self, at: usize) -> Result<T, sqlx::Error>;
}

impl Read for SqliteRow {
    fn count(&self, at: usize) -> Result<u64, sqlx::Error> {
        let value: i64 = self.try_get(at)?;
        u64::try_from(value).map_err(|error| wrong(self, at, error))
    }

    fn seq(&self, at: usize) -> Result<Seq, sqlx::Error> {
        self.count(at).map(Seq)
    }

    fn maybe_seq(&self, at: usize) -> Result<Option<Seq>, sqlx::Error> {
        let value: Option<i64> = self.try_get(at)?;
        value.map(|value| u64::try_from(value).map(Seq).map_err(|error| wrong(self, at, error))).transpose()
    }

    fn time(&self, at: usize) -> Result<Timestamp, sqlx::Error> {
        let text: &str = self.try_get(at)?;
        text.parse().map_err(|error| wrong(self, at, error))
    }

    fn micros(&self, at: usize) -> Result<Timestamp, sqlx::Error> {
        Timestamp::from_microsecond(self.try_get(at)?).map_err(|error| wrong(self, at, error))
    }

    fn maybe_time(&self, at: usize) -> Result<Option<Timestamp>, sqlx::Error> {
        let text: Option<&str> = self.try_get(at)?;
        text.map(|text| text.parse().map_err(|error| wrong(self, at, error))).transpose()
    }

    fn hash(&self, at: usize) -> Result<Hash, sqlx::Error> {
        let bytes: &[u8] = self.try_get(at)?;
        bytes.try_into().map(Hash).map_err(|error| wrong(self, at, error))
    }

    fn maybe_salt(&self, at: usize) -> Result<Option<Salt>, sqlx::Error> {
        let bytes: Option<&[u8]> = self.try_get(at)?;
        bytes.map(|bytes| bytes.try_into().map_err(|error| wrong(self, at, error))).transpose()
    }

    fn name<T: DeserializeOwned>(&self, at: usize) -> Result<T, sqlx::Error> {
        let text: String = self.try_get(at)?;
        read_name(text).map_err(|error| wrong(self, at, error))
    }

    fn maybe_name<T: DeserializeOwned>(&self, at: usize) -> Result<Option<T>, sqlx::Error> {
        let text: Option<String> = self.try_get(at)?;
        text.map(|text| read_name(text).map_err(|error| wrong(self, at, error))).transpose()
    }

    fn json<T: DeserializeOwned>(&self, at: usize) -> Result<T, sqlx::Error> {
        let text: &str = self.try_get(at)?;
        serde_json::from_str(text).map_err(|error| wrong(self, at, error))
    }
}

fn read_name<T: DeserializeOwned>(text: String) -> Result<T, serde_json::Error> {
    serde_json::from_value(serde_json::Value::String(text))
}

fn wrong(row: &SqliteRow, at: usize, error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    let index = sqlx::Column::name(row.column(at)).to_owned();
    sqlx::Error::ColumnDecode { index, source: Box::new(error) }
}
