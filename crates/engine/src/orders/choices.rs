//! Choices that a command tells: whether a value is one of them, for whoever gives the order.
//!
//! Not the reading of words, which knows no answers of commands. The command is run as the asker, through the gate.
//! Layer 1.

use std::sync::Arc;

use serde_json::Value;
use wilco_contract::{
    command::Effect,
    pattern::Pattern,
    policy::Flags,
    reply::{Block, Reply},
    values::{self, ArgType, BadValue},
};

use super::{From, Given, about, refused};
use crate::{
    Answer, RefusedKind,
    catalogue::{Order, Reading},
    core::Core,
};

/// Looks whether the values of an order are among what their commands tell, and writes them as those do.
pub(crate) async fn settle(core: &Arc<Core>, from: &From, order: &mut Order) -> Result<(), Answer> {
    let command = order.command.clone();
    for arg in &command.spec.args {
        let ArgType::ChoiceOf { run, column } = &arg.kind else { continue };
        let Some(given) = order.args.get(&arg.name).and_then(Value::as_str).map(str::to_owned) else {
            continue;
        };
        let known = told(core, from, run, column.as_deref())
            .await
            .map_err(|answer| about_arg(&arg.name, run, answer))?;
        match values::choice(&known, &given) {
            Ok(found) => order.set(&arg.name, Value::from(found)),
            Err(expected) => {
                let expected = if known.is_empty() {
                    format!("one of those that `{run}` tells: there are none")
                } else {
                    expected
                };
                let bad = BadValue { given: given.chars().take(80).collect(), expected };
                let usage = command.spec.words.first().map_or("", Pattern::source);
                let text = format!("`{}`: {bad}. Say `{usage}`.", arg.name);
                return Err(refused(Reply::refusal(text), RefusedKind::Malformed));
            }
        }
    }
    Ok(())
}

/// The same answer, saying for which argument the order was run.
fn about_arg(name: &str, run: &str, answer: Answer) -> Answer {
    let Answer::Refused { mut reply, kind } = answer else { return answer };
    for block in &mut reply.blocks {
        if let Block::Refusal { text, .. } = block {
            *text = format!("What `{name}` may be is told by `{run}`, and that was not done: {text}");
        }
    }
    Answer::Refused { reply, kind }
}

/// What an order tells the asker, as words.
async fn told(core: &Arc<Core>, from: &From, run: &str, column: Option<&str>) -> Result<Vec<String>, Answer> {
    let no_read = || refused(Reply::refusal("it is no read.".to_owned()), RefusedKind::Failed);
    let reading = {
        let live = core.live.load();
        live.catalogue.read(run, &from.asked(&live.setup.policy))
    };
    let Reading::Order(order) = reading else { return Err(no_read()) };
    let only_reads = order.command.spec.effect == Effect::Read && order.flags.then.to.is_none();
    if !only_reads || about::wish(&order.command).is_some() {
        return Err(no_read());
    }
    let given = Given {
        said: order.said(),
        then: order.flags.then,
        command: order.command,
        args: order.args,
        because: None,
        dry_run: false,
        flags: Flags::NONE,
        json: false,
        retry_of: None,
    };
    match super::read_as_asked(core, from, given).await {
        Answer::Done { rows: Some(rows), .. } => {
            Ok(rows.iter().filter_map(|row| cell(row, column)).collect())
        }
        Answer::Done { reply, rows: None } if column.is_none() => Ok(lines(&reply)),
        Answer::Done { .. } | Answer::Operation(_) => {
            let text = "it told no rows, so that there is no such column.".to_owned();
            Err(refused(Reply::refusal(text), RefusedKind::Failed))
        }
        answer @ Answer::Refused { .. } => Err(answer),
    }
}

/// The value of a row in a column, or in its first one.
fn cell(row: &Value, column: Option<&str>) -> Option<String> {
    let value = match (row, column) {
        (Value::Object(fields), Some(column)) => fields.get(column)?,
        (Value::Object(fields), None) => fields.values().next()?,
        (value, None) => value,
        (_, Some(_)) => return None,
    };
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The lines of what a program said.
fn lines(reply: &Reply) -> Vec<String> {
    let texts = reply.blocks.iter().filter_map(|block| match block {
        Block::Code { text } => Some(text),
        _ => None,
    });
    texts
        .flat_map(|text| text.lines())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}
