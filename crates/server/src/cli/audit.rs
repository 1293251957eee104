//! `wilco audit`: proves the log, or prints it. Reads the database beside a running server. Layer 4.
//!
//! Not the proof: `store-sql/verify` walks the chain.

use std::path::{Path, PathBuf};

use wilco_contract::store::{Journal as _, Page};
use wilco_store_sql::SqliteStore;

use super::{Failure, config_path, on_runtime, terminal};
use crate::{
    checkpoints,
    config::{self, Config, Environment},
    keys::Keys,
};

/// How many records are read at once.
const AT_ONCE: usize = 500;

fn config(named: Option<&Path>) -> Result<Config, Failure> {
    let path = config_path(named)
        .ok_or_else(|| Failure::Failed("There is no `wilco.toml` here. Go to the folder of your ops repo, or name the file with --config.".into()))?;
    config::load(&path, &Environment::from_process()).map_err(|problems| {
        Failure::Failed(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

/// Verifies the chain, the stored rows and the checkpoints.
pub(crate) fn verify(named: Option<&Path>, against: &[PathBuf]) -> Result<(), Failure> {
    let config = config(named)?;
    let key = Keys::open(&config.keys)?.audit()?.verifying_key();
    let mut heads = Vec::new();
    for path in config.checkpoints.iter().chain(against) {
        heads.extend(checkpoints::read(path, &key)?);
    }
    on_runtime(async {
        let store = SqliteStore::open_read_only(&config.database).await?;
        let verified = wilco_store_sql::verify::verify(&store, &heads).await?;
        terminal::line(&format!(
            "The audit log is whole: {} records, {} operations, {} checkpoints; the last hash is {}.",
            verified.records,
            verified.operations,
            heads.len(),
            verified.head.hash
        ));
        Ok(())
    })
}

/// Prints the log, one record a line.
pub(crate) fn export(named: Option<&Path>) -> Result<(), Failure> {
    let config = config(named)?;
    on_runtime(async {
        let store = SqliteStore::open_read_only(&config.database).await?;
        let mut after = 0;
        loop {
            let records = store.sealed(Page { after, limit: AT_ONCE }).await?;
            let Some(last) = records.last() else { return Ok(()) };
            after = last.seq.0;
            for record in records {
                let body = record.body.as_deref().unwrap_or("null");
                terminal::line(&format!(
                    "{{\"seq\":{},\"hash\":\"{}\",\"record\":{body}}}",
                    record.seq, record.hash
                ));
            }
        }
    })
}
