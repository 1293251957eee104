//! What somebody gave before: listing it, and giving it again.
//!
//! Not a list of its own: the journal has it all. In a room only what was given there is shown, so that nothing said
//! elsewhere comes up before others. Layer 1.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use wilco_contract::{
    action::{ActionError, Intent, Outcome},
    ids::{CommandId, OpId, Place, Seq},
    operation::OpEvent,
    principal::Principal,
    reply::{Block, Reply},
    store::{AuditEntry, JournalRow, StoreError},
};

use crate::{core::Core, hints, tell, words};

/// How many orders `history` lists.
const LISTED: usize = 15;
/// How far back `history` and `again` go, in orders.
pub(crate) const MOST: usize = 100;
/// How many records are looked through for them.
const LOOKED_THROUGH: usize = 2_000;
/// How many records are read at once.
const PAGE: usize = 200;

/// An order that was given.
pub(crate) struct Past {
    pub(crate) at: Timestamp,
    pub(crate) command: CommandId,
    /// In its full form.
    pub(crate) said: String,
    operation: Option<OpId>,
}

/// The orders of somebody, the newest first: those of a room in it, all of them in a direct conversation.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn past(core: &Core, who: &Principal, place: &Place) -> Result<Vec<Past>, StoreError> {
    // Reads are written behind; the one just before counts, too.
    core.store.flush().await?;
    let (mut found, mut before, mut looked) = (Vec::new(), Seq(0), 0);
    while found.len() < MOST && looked < LOOKED_THROUGH {
        let rows = core.store.given(&who.key(), before, PAGE).await?;
        let Some(last) = rows.last() else { break };
        (before, looked) = (last.seq, looked + rows.len());
        found.extend(rows.into_iter().filter_map(|row| one(row, place)));
    }
    found.truncate(MOST);
    Ok(found)
}

/// An order from its record; none where it was said elsewhere, or its text was erased.
fn one(row: JournalRow, place: &Place) -> Option<Past> {
    let here = |other: &Place| place.direct().is_some() || other == place;
    let body = row.body?;
    if let Some(id) = row.operation {
        let Ok(OpEvent::Planned { operation }) = serde_json::from_value(body) else { return None };
        let said = operation.order.clone();
        let command = operation.command.spec.id.clone();
        return here(&operation.place).then_some(Past { at: row.at, command, said, operation: Some(id) });
    }
    let entry: AuditEntry = serde_json::from_value(body).ok()?;
    let command = entry.command.filter(|command| command.as_str() != "wilco.history")?;
    here(&entry.place?).then_some(Past { at: row.at, command, said: entry.text, operation: None })
}

/// What to look for.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct HistoryArgs {
    /// Words that stand in the orders.
    words: Option<String>,
}

pub(crate) async fn history(
    core: &Arc<Core>,
    intent: &Intent,
    args: HistoryArgs,
) -> Result<Outcome, ActionError> {
    let failed = |error: StoreError| ActionError::failed(error.to_string());
    let past = past(core, &intent.asker, &intent.place).await.map_err(failed)?;
    let wanted = args.words.unwrap_or_default().to_lowercase();
    let named = (1_u64..).zip(&past).filter(|(_, past)| past.said.to_lowercase().contains(&wanted));
    let (mut rows, mut objects) = (Vec::new(), Vec::new());
    for (number, past) in named.take(LISTED) {
        let operation = match &past.operation {
            Some(id) => core.operation(id).await.map_err(failed)?,
            None => None,
        };
        let became = operation.map_or_else(String::new, |op| format!("{} {}", op.id, op.state));
        let when = words::time(core, past.at);
        objects.push(json!({"number": number, "when": when, "order": past.said, "became": became}));
        rows.push(vec![number.to_string(), when, past.said.clone(), became]);
    }
    if rows.is_empty() {
        let text = if wanted.is_empty() {
            "You gave no order here yet."
        } else {
            "No order of yours here has these words."
        };
        return tell::listed(&[], Vec::new(), Reply::text(text));
    }
    let columns = ["", "when", "order", "became"].map(str::to_owned).to_vec();
    let again =
        format!("Say `{}again <number>` to give one of them again.", hints::before(core, &intent.place));
    let reply = Reply { blocks: vec![Block::Table { columns, rows }] }.and(Block::Text { text: again });
    let rows: Vec<Value> = objects;
    Ok(Outcome { text: Some(reply.plain()), reply: Some(reply), rows: Some(rows), ..Outcome::default() })
}
