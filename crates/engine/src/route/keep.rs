//! How long payloads are kept: what is older than its source says is forgotten, the events stay. And when what is over is
//! swept out: what commands remember, charts with a link, and files that people sent.
//!
//! Not the store's own tidying. The journal says what was forgotten, and its chain stays whole. Layer 1.

use std::sync::Arc;

use wilco_contract::store::{Forgotten, Record, StoreError};

use crate::{core::Core, memory, planning::later};

/// How long after a start it is first looked, in seconds: a start has other things to do.
const FIRST_SECS: i64 = 60;
/// The pause between two looks at the payloads, in seconds.
const PAUSE_SECS: i64 = 3_600;
/// The pause between two looks at what commands remember, in seconds: what is over counts for no limit there.
const SWEEP_SECS: i64 = 60;
/// The pause between two looks at the charts that have a link, in seconds: nobody finds one that is over.
const CHARTS_SECS: i64 = 24 * 60 * 60;
/// The pause between two looks at the files that people sent, in seconds: nobody finds one that is over.
const FILES_SECS: i64 = 60 * 60;
/// How many are forgotten at once.
const AT_ONCE: usize = 200;

/// Forgets old payloads until the engine stops, what commands remembered for a while, and charts and
/// files that are over.
pub(crate) async fn run(core: Arc<Core>) {
    let mut payloads = later(core.clock.now(), FIRST_SECS);
    let mut charts = payloads;
    let mut files = payloads;
    loop {
        tokio::select! {
            () = core.clock.until(later(core.clock.now(), SWEEP_SECS)) => {}
            () = core.stopped() => return,
        }
        if let Err(error) = memory::sweep(&core).await {
            tracing::warn!(%error, "What is over could not be swept out of the memory; trying again in a minute.");
        }
        let before = core.clock.now();
        if charts <= before {
            charts = later(before, CHARTS_SECS);
            if let Err(error) = core.commit(vec![Record::ChartsSwept { before }]).await {
                tracing::warn!(%error, "Charts that are over could not be forgotten; trying again in a day.");
            }
        }
        if files <= before {
            files = later(before, FILES_SECS);
            if let Err(error) = sweep_files(&core).await {
                tracing::warn!(%error, "Files that are over could not be forgotten; trying again in an hour.");
            }
        }
        if core.clock.now() < payloads {
            continue;
        }
        payloads = later(core.clock.now(), PAUSE_SECS);
        if let Err(error) = forget(&core).await {
            tracing::warn!(%error, "Old payloads could not be forgotten; trying again in an hour.");
        }
    }
}

/// Forgets all files that are over, a few in each commit, so that others are written between them.
async fn sweep_files(core: &Core) -> Result<(), StoreError> {
    let before = core.clock.now();
    while !core.is_stopping() && core.store.files_are_over(before).await? {
        core.commit(vec![Record::FilesSwept { before }]).await?;
    }
    Ok(())
}

async fn forget(core: &Core) -> Result<(), StoreError> {
    let live = core.live.load_full();
    for rule in &live.setup.events.sources {
        let keep = i64::try_from(rule.keep_secs).unwrap_or(i64::MAX);
        let before = later(core.clock.now(), keep.saturating_neg());
        loop {
            let events = core.store.old_payloads(&rule.source, before, AT_ONCE).await?;
            if events.is_empty() || core.is_stopping() {
                break;
            }
            let forgotten = Forgotten { source: rule.source.clone(), before, events };
            core.commit(vec![Record::Forgotten(forgotten)]).await?;
        }
    }
    Ok(())
}
