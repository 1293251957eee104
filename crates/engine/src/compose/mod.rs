//! What may stand behind an order that reads: `| where …`, `| first 3`, `> #ops`.
//!
//! Not the order itself, which `catalogue` reads, nor who may have an answer said elsewhere, which `orders` asks the
//! gate. Rows in, rows out: all of this is pure. Layer 1.

mod chart;
mod condition;
mod mark;
mod rows;
mod show;
mod stage;
mod tail;
#[cfg(test)]
mod tests;

use std::fmt;

use wilco_contract::{
    ids::Place,
    reply::{Block, Field, Reply},
};

pub use chart::Drawing;
pub use condition::{Match, Sign, Test};
pub use stage::{Key, Stage};

pub(crate) use chart::draw;
pub(crate) use mark::{first_mark, first_sure, shape};
pub(crate) use rows::{Row, of as rows_of, run};
pub(crate) use show::{csv, table};
pub(crate) use tail::{Fault, nothing_behind, read as read_tail};

/// The most stages that an order may have.
pub const MAX_STAGES: usize = 8;
/// The most rows that stages take.
pub const MAX_ROWS: usize = 10_000;

/// What is done with the answer of an order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Then {
    /// What is made of its rows, in this order.
    pub stages: Vec<Stage>,
    /// How they are shown, where it is said.
    pub show: Option<Show>,
    /// Where it is said, in place of answering whoever asks.
    pub to: Option<Place>,
}

/// How rows are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Show {
    /// As a table, even where the order has words of its own for them.
    Table,
    /// As a chart.
    Chart(Drawing),
    /// As comma-separated values.
    Csv,
}

impl Then {
    /// Whether nothing is done: the asker gets the answer as it is.
    #[must_use]
    pub fn is_none(&self) -> bool {
        !self.takes_rows() && self.to.is_none()
    }

    /// Whether rows are needed for it.
    #[must_use]
    pub fn takes_rows(&self) -> bool {
        !self.stages.is_empty() || self.show.is_some()
    }
}

impl fmt::Display for Then {
    /// As it is read behind an order, each part with a space in front.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for stage in &self.stages {
            write!(f, " | {stage}")?;
        }
        match &self.show {
            Some(Show::Table) => f.write_str(" | table")?,
            Some(Show::Chart(drawing)) => write!(f, " | {drawing}")?,
            Some(Show::Csv) => f.write_str(" | csv")?,
            None => {}
        }
        self.to.as_ref().map_or(Ok(()), |to| write!(f, " > {to}"))
    }
}

/// A stage, for help and for errors.
struct Known {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
}

/// All stages.
const STAGES: [Known; 10] = [
    Known {
        name: "where",
        usage: "where <condition>",
        about: "Keeps the rows for which it holds: `where state=failed`, `where state == 'failed' and age > 3`",
    },
    Known {
        name: "sort",
        usage: "sort <column> [desc]",
        about: "Sorts by one column or several; numbers as numbers",
    },
    Known { name: "first", usage: "first <number>", about: "Keeps so many rows from the beginning" },
    Known { name: "last", usage: "last <number>", about: "Keeps so many rows from the end" },
    Known {
        name: "count",
        usage: "count [by <column>]",
        about: "Counts the rows, or those of each value of a column",
    },
    Known { name: "columns", usage: "columns <column> …", about: "Keeps these columns, in this order" },
    Known { name: "table", usage: "table", about: "Shows the rows as a table" },
    Known {
        name: "chart",
        usage: "chart [<over>] [<column> …]",
        about: "Draws columns of numbers over one of times or names: `chart at load in %`",
    },
    Known { name: "json", usage: "json", about: "Shows them as JSON, like `--json`" },
    Known { name: "csv", usage: "csv", about: "Shows them as comma-separated values" },
];

fn names() -> impl Iterator<Item = &'static str> + Clone {
    STAGES.iter().map(|stage| stage.name)
}

fn usage(name: &str) -> &'static str {
    STAGES.iter().find(|stage| stage.name == name).map_or("", |stage| stage.usage)
}

/// Words for which help tells of all stages.
const TOPICS: [&str; 7] = ["|", ">", "pipe", "pipes", "stage", "stages", "rows"];

/// What help says about a stage, or about all of them; `None` where the word means neither.
pub(crate) fn help(word: &str) -> Option<Reply> {
    let word = word.trim().trim_start_matches('|').trim().to_lowercase();
    let word = if word.is_empty() { "|" } else { &word };
    if let Some(stage) = STAGES.iter().find(|stage| stage.name == word) {
        return Some(Reply::text(format!("`… | {}` – {}.", stage.usage, stage.about)));
    }
    if !TOPICS.contains(&word) {
        return None;
    }
    let mut fields: Vec<_> =
        STAGES.iter().map(|stage| Field::new(format!("| {}", stage.usage), stage.about)).collect();
    fields.push(Field::new("> <place>", "Says the answer there, as in `> web:ops`; at the very end"));
    let text = "Behind an order that reads, stages go on with its rows:".to_owned();
    Some(Reply { blocks: vec![Block::Text { text }, Block::Fields { fields }] })
}
