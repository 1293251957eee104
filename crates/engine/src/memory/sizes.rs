//! The word `memory`: how much the commands of each pack remember.
//!
//! Not what they remember: that is for their own commands to tell. Layer 1.

use std::sync::Arc;

use serde_json::json;
use wilco_contract::{
    action::{Intent, Outcome},
    memory::{Namespace, NamespaceSize},
    reply::{Block, Reply},
};

use super::{Told, unavailable};
use crate::{core::Core, tell::Nothing, words};

/// How much is remembered, by namespace; what is each person's own is one row.
pub(crate) async fn sizes(core: &Arc<Core>, _: &Intent, _: Nothing) -> Told {
    let sizes = core.store.memory_sizes(None, core.clock.now()).await.map_err(|error| unavailable(&error))?;
    let live = core.live.load_full();
    let has_commands = |pack: &str| {
        let mut all = live.catalogue.commands().iter();
        all.any(|command| command.spec.id.as_str().split('.').next() == Some(pack))
    };
    let mut rows: Vec<(String, u64, u64, String)> = Vec::new();
    for NamespaceSize { namespace, keys, bytes } in sizes {
        let own = namespace.person.is_some();
        let note = match (own, has_commands(&namespace.pack)) {
            (_, false) => "its pack is not there",
            (true, true) => "each person's own",
            (false, true) => "",
        };
        let bare = Namespace { person: None, ..namespace };
        let name = if own { format!("{bare}@…") } else { bare.to_string() };
        match rows.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, all_keys, all_bytes, _)) => {
                *all_keys += keys;
                *all_bytes += bytes;
            }
            None => rows.push((name, keys, bytes, note.to_owned())),
        }
    }
    if rows.is_empty() {
        let reply = Reply::text("No command remembers anything.");
        return Ok(Outcome {
            text: Some(reply.plain()),
            reply: Some(reply),
            rows: Some(Vec::new()),
            ..Outcome::default()
        });
    }
    let cells = rows.iter().map(|(name, keys, bytes, note)| {
        vec![name.clone(), keys.to_string(), words::size(*bytes), note.clone()]
    });
    let columns = ["namespace", "keys", "size", "note"].map(str::to_owned).to_vec();
    let reply = Reply { blocks: vec![Block::Table { columns, rows: cells.collect() }] };
    let row = |(name, keys, bytes, note): &(String, u64, u64, String)| json!({"namespace": name, "keys": keys, "bytes": bytes, "note": note});
    let objects = rows.iter().map(row).collect();
    Ok(Outcome { text: Some(reply.plain()), reply: Some(reply), rows: Some(objects), ..Outcome::default() })
}
