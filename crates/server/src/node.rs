//! This Wilco among others: who it is, and waiting for its turn.
//!
//! Not the lease itself, which `runtime` keeps, and not the lock of the database's file, which its store has. Layer 4.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::net::TcpListener;
use wilco_contract::{
    clock::{Cancel, Chance, Clock},
    lease::{Holder, WHOLE},
    store::{Store, StoreError},
};
use wilco_runtime::{
    clock::SystemClock,
    lease::{self, Taken, Tenure},
};

use crate::{cli::terminal, config::Config};

/// How often it is looked whether the other one has ended.
const LOOK: Duration = Duration::from_millis(100);
/// How often that is looked at before anything is said of it: one that was told to end needs a moment.
const SILENT: u32 = 10;
/// How often a lease of another machine is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Waits until no other process has the database. Whether there was one.
pub(crate) async fn until_free(config: &Config) -> bool {
    let Some(holder) = wilco_store_sql::holder_of(&config.database) else { return false };
    for _ in 0..SILENT {
        SystemClock.moment(LOOK).await;
        if wilco_store_sql::holder_of(&config.database).is_none() {
            return true;
        }
    }
    let listener = TcpListener::bind(config.listen).await;
    let shown = config.database.display();
    let where_it_is = match &listener {
        Ok(_) => format!("Until then {} answers `/readyz` with that.", config.listen),
        Err(_) => format!("Until then it answers nobody: somebody else has {}.", config.listen),
    };
    terminal::notice(&format!(
        "The database `{shown}` is in use by {holder}. This Wilco waits, and takes over when that one ends. {where_it_is}"
    ));
    let ended = free(&config.database);
    match listener {
        Ok(listener) => tokio::select! {
            () = ended => {}
            served = wilco_web::serve(listener, wilco_web::standby(holder), Cancel::never()) => {
                if let Err(error) = served {
                    tracing::error!(%error, "The HTTP door closed.");
                }
                free(&config.database).await;
            }
        },
        Err(_) => ended.await,
    }
    terminal::notice(&format!("The database `{shown}` is free, so this Wilco takes over."));
    true
}

async fn free(database: &Path) {
    while wilco_store_sql::holder_of(database).is_some() {
        SystemClock.moment(LOOK).await;
    }
}

/// Takes the lease of whoever does what is done once, as soon as nobody else has it.
///
/// # Errors
/// When the store cannot be read or written.
pub(crate) async fn turn(
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    chance: &dyn Chance,
) -> Result<Tenure, StoreError> {
    let id = format!("{:032x}", u128::from_le_bytes(chance.bytes()));
    let us = Holder { id, machine: machine(), process: std::process::id(), since: clock.now() };
    let mut told = false;
    loop {
        // We have the lock of the database's file, which holds among the processes of a machine: there whoever had it
        // before has ended.
        let here = |holder: &Holder| holder.machine == us.machine;
        let theirs = match lease::take(store, clock, (WHOLE, &us), here).await? {
            Taken::Ours(tenure) => return Ok(tenure),
            Taken::Theirs(lease) => lease,
        };
        if !told {
            terminal::notice(&format!(
                "{} on another machine had this database until just now. This Wilco waits until {} whether it is still \
                 there.",
                theirs.holder,
                theirs.until.strftime("%H:%M:%S UTC")
            ));
            told = true;
        }
        clock.moment(LOOK_AGAIN).await;
    }
}

/// The machine, for as long as it is up.
fn machine() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    match boot.trim() {
        "" => rustix::system::uname().nodename().to_string_lossy().into_owned(),
        boot => boot.to_owned(),
    }
}
