//! The measure of the disk: what one wait for it costs, which bounds whoever keeps what it accepted.
//!
//! Not of a system: it writes a file of its own where the systems have their state.

use std::fs::File;
use std::io::Write;
use std::time::Instant;

use crate::options::{Options, Outcome, Row, context, percentile};
use crate::process::free_port;

/// `--count` times 4 KiB at the end of a file, each with `fdatasync`.
pub(crate) fn disk(o: &Options) -> Outcome<Row> {
    let folder = o.text("tmp", &std::env::temp_dir().to_string_lossy());
    let path =
        std::path::Path::new(&folder).join(format!("bench-disk-{}-{}", std::process::id(), free_port()));
    let mut file = File::create(&path).map_err(context("disk"))?;
    let mut waits = vec![];
    let outcome = (0..o.number("count", 1000)).try_for_each(|_| {
        let began = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        waits.push(began.elapsed().as_secs_f64() * 1e3);
        Ok::<_, std::io::Error>(())
    });
    let _ = std::fs::remove_file(&path);
    outcome.map_err(context("disk"))?;
    waits.sort_by(f64::total_cmp);
    Ok(vec![
        ("p50_ms", percentile(&waits, 0.5)),
        ("p99_ms", percentile(&waits, 0.99)),
        ("max_ms", percentile(&waits, 1.0)),
    ])
}
