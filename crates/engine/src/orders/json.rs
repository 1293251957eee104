//! Answers as JSON, for orders with `--json`.
//!
//! Not a read's own answer, whose rows and outputs are JSON from the beginning, nor the HTTP door's shapes. Layer 1.

use serde_json::{Value, json};
use wilco_contract::{
    operation::Operation,
    reply::{Block, Reply},
};

use crate::{Answer, compose::Row};

fn code(json: &Value) -> Reply {
    Reply { blocks: vec![Block::Code { text: format!("{json:#}") }] }
}

/// An answer in words, as JSON: `{"text"}`.
pub(crate) fn done(reply: &Reply) -> Reply {
    code(&json!({"text": reply.plain()}))
}

/// Rows, as JSON.
pub(crate) fn rows(rows: &[Row]) -> Reply {
    code(&Value::from_iter(rows.iter().cloned()))
}

/// A refusal as JSON: `{"refused", "rule", "who_can", "you_can"}`, without what is not known.
pub(crate) fn refusal(reply: &Reply) -> Reply {
    let refusals: Vec<_> =
        reply.blocks.iter().filter(|block| matches!(block, Block::Refusal { .. })).collect();
    let [Block::Refusal { text, rule, who_can, you_can }] = refusals[..] else {
        return code(&json!({"refused": reply.plain()}));
    };
    let mut all = json!({"refused": text});
    for (name, value) in [("rule", rule), ("who_can", who_can), ("you_can", you_can)] {
        if let Some(value) = value {
            all[name] = Value::from(value.as_str());
        }
    }
    code(&all)
}

/// That an operation came of an order, as JSON: `{"operation", "state", "hash", "order"}`.
pub(crate) fn operation(operation: &Operation) -> Reply {
    code(&json!({
        "operation": operation.id,
        "state": operation.state,
        "hash": operation.plan.hash,
        "order": operation.order,
    }))
}

/// The same answer, a refusal as JSON.
pub(crate) fn answer(answer: Answer) -> Answer {
    match answer {
        Answer::Refused { reply, kind } => Answer::Refused { reply: refusal(&reply), kind },
        other => other,
    }
}
