//! What Wilco says, as blocks that every network shows as well as it can.
//!
//! Not a renderer: each connector has its own. [`Reply::plain`] is the text that everything can fall back to. Layer 0.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    chart::{Chart, Look},
    event::Level,
    ids::{Account, Hash, ObjectId, OpId, Seq},
    operation::State,
};

/// Something to say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The parts, from top to bottom.
    pub blocks: Vec<Block>,
}

/// One part of a reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// Text in a small subset of Markdown: `**bold**`, `` `code` ``, `[text](https://…)`, lists with `- `.
    Text {
        /// The text.
        text: String,
    },
    /// The state of an operation: icon, word and title.
    Status {
        /// Which operation.
        operation: OpId,
        /// Its state.
        state: State,
        /// What it does, in a line.
        title: String,
    },
    /// What is the matter with something outside, in a line. Its text is from outside: it is shown as it is, and
    /// nothing in it is markup.
    Event {
        /// The event that brought it about.
        event: Seq,
        /// What it is about.
        object: Option<ObjectId>,
        /// The object's state, in one word of the source's: `firing`, `merged`.
        state: Option<String>,
        /// How loud it is.
        level: Level,
        /// The line.
        text: String,
        /// Where to look at it.
        url: Option<String>,
    },
    /// Words from outside, shown as they are: nothing in them is markup.
    Quote {
        /// The words.
        text: String,
    },
    /// Names with values.
    Fields {
        /// The rows.
        fields: Vec<Field>,
    },
    /// Text to be shown as it is.
    Code {
        /// The text.
        text: String,
    },
    /// Rows under headings.
    Table {
        /// The headings.
        columns: Vec<String>,
        /// The rows, each as long as the headings.
        rows: Vec<Vec<String>>,
    },
    /// Numbers over times or names, always with their summary.
    Chart(Box<Chart>),
    /// A picture, always with its summary.
    Image {
        /// Where it is, on this server.
        url: String,
        /// What it shows, in words.
        alt: String,
    },
    /// Buttons.
    Choices {
        /// The buttons, the likeliest first.
        choices: Vec<Choice>,
    },
    /// Lines to say: each a button where the network has them.
    Offers {
        /// The lines, the likeliest first.
        offers: Vec<Offer>,
    },
    /// What an order lacks: a form where the network has forms. Others show the text beside it, which asks for the same.
    Ask {
        /// Who gave the order, and fills the form in.
        whom: Account,
        /// How the order begins, as it is said there: our name, the command's words, what is given already. `--name value`
        /// for each of the blanks, in quotes where it has to be, and what stands behind them make it whole.
        line: String,
        /// What stands behind the blanks: ` | first 3`, or nothing.
        behind: String,
        /// What it lacks, in the order in which it is asked for.
        blanks: Vec<Blank>,
        /// Until when an answer is waited for.
        until: Timestamp,
    },
    /// How far something is.
    Progress {
        /// The parts.
        steps: Vec<Progress>,
    },
    /// An order that was not accepted.
    Refusal {
        /// What happened, in a sentence.
        text: String,
        /// The rule that said so: a file with its line, or the name of a built-in rule.
        rule: Option<String>,
        /// Who could.
        who_can: Option<String>,
        /// What the asker can do instead.
        you_can: Option<String>,
    },
    /// A way on.
    Link {
        /// What is there.
        text: String,
        /// Where: a path on this server, or an absolute address.
        url: String,
    },
    /// A file to take away.
    File {
        /// Its name.
        name: String,
        /// Where it is, on this server.
        url: String,
        /// Its size in bytes.
        bytes: u64,
        /// Whether it is a picture of a kind that can do nothing but be looked at, told by its bytes.
        #[serde(default)]
        picture: bool,
        /// From when on it is not there any more; none where nobody knows of an end.
        #[serde(default)]
        until: Option<Timestamp>,
    },
}

/// The name of the field that tells what an operation needs, and who could give it.
pub const NEEDS: &str = "Needs";

/// A name with a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

impl Field {
    /// A row.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The word on it.
    pub label: String,
    /// What it does.
    pub press: PressKind,
    /// The operation it speaks of.
    pub operation: OpId,
    /// The plan that the person saw: the press counts for this one only.
    pub plan: Hash,
    /// How much weight it has.
    pub weight: Weight,
}

/// A line that whoever presses says, where the message stands: as themselves, and judged like what they type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The word on the button.
    pub label: String,
    /// What is said by it.
    pub says: String,
}

/// A value that an order lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blank {
    /// The argument's name, as a flag has it.
    pub name: String,
    /// The name of its type: `word`, `text`, `integer`, `number`, `bool`, `json`, `choice`, ….
    pub kind: String,
    /// What fits, as a noun phrase.
    pub fits: String,
    /// What it is, in a line; may be empty.
    pub about: String,
    /// What may be chosen; empty where that is not known, or much fits.
    pub choices: Vec<String>,
    /// A value that would fit.
    pub example: Option<String>,
}

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PressKind {
    /// The asker confirms their own order.
    Confirm,
    /// Another person approves it.
    Approve,
    /// A person who could approve says no.
    Deny,
    /// Stop it.
    Abort,
}

impl PressKind {
    /// The word that gives the same order in text.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Abort => "abort",
        }
    }
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The one solid button.
    Primary,
    /// Beside it.
    Plain,
    /// Ends something.
    Bad,
}

/// One part of something under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: StepMark,
    /// What came of it, in a line.
    pub note: Option<String>,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepMark {
    /// Not yet begun.
    Waiting,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// Ended badly.
    Failed,
    /// Nobody can tell.
    Unknown,
    /// Never begun, as the operation ended before.
    Skipped,
}

impl StepMark {
    fn sign(self) -> &'static str {
        match self {
            Self::Waiting => "·",
            Self::Running => "…",
            Self::Done => "✓",
            Self::Failed => "✗",
            Self::Unknown => "?",
            Self::Skipped => "–",
        }
    }
}

impl Reply {
    /// A reply of one text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { blocks: vec![Block::Text { text: text.into() }] }
    }

    /// A refusal.
    pub fn refusal(text: impl Into<String>) -> Self {
        Self { blocks: vec![Block::Refusal { text: text.into(), rule: None, who_can: None, you_can: None }] }
    }

    /// The same reply with one more block.
    #[must_use]
    pub fn and(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// The reply as plain text, one thing a line, for text networks, the terminal and transcripts.
    #[must_use]
    pub fn plain(&self) -> String {
        self.plain_in(Look::default())
    }

    /// The same, with its charts drawn like this.
    #[must_use]
    pub fn plain_in(&self, look: Look) -> String {
        let mut out = String::new();
        for block in &self.blocks {
            block.write_plain(&mut out, look);
        }
        out.truncate(out.trim_end().len());
        out
    }
}

impl Block {
    fn write_plain(&self, out: &mut String, look: Look) {
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Text { text } | Self::Code { text } => writeln!(out, "{}", text.trim_end()),
            Self::Status { operation, state, title } => writeln!(out, "{operation} {state}: {title}"),
            Self::Event { text, url: Some(url), .. } => writeln!(out, "{text} · {url}"),
            Self::Event { text, .. } => writeln!(out, "{text}"),
            Self::Quote { text } => text.lines().try_for_each(|line| writeln!(out, "> {line}")),
            Self::Fields { fields } => {
                fields.iter().try_for_each(|field| writeln!(out, "{}: {}", field.name, field.value))
            }
            Self::Table { columns, rows } => {
                out.push_str(&aligned(columns, rows));
                Ok(())
            }
            Self::Chart(chart) => {
                let picture = chart.url().map(|url| format!("Picture: {url}"));
                chart.lines(look).into_iter().chain(picture).try_for_each(|line| writeln!(out, "{line}"))
            }
            Self::Image { url, alt } => writeln!(out, "{alt} {url}"),
            Self::Choices { choices } => {
                let words: Vec<_> = choices
                    .iter()
                    .map(|choice| format!("`{} {}`", choice.press.word(), choice.operation))
                    .collect();
                writeln!(out, "Say {}.", words.join(" or "))
            }
            Self::Offers { offers } => {
                let words: Vec<_> = offers.iter().map(|offer| format!("`{}`", offer.says)).collect();
                writeln!(out, "Say {}.", words.join(" or "))
            }
            Self::Ask { .. } => Ok(()),
            Self::Progress { steps } => steps.iter().try_for_each(|step| match &step.note {
                Some(note) => writeln!(out, "{} {}: {note}", step.state.sign(), step.name),
                None => writeln!(out, "{} {}", step.state.sign(), step.name),
            }),
            Self::Refusal { text, rule, who_can, you_can } => {
                let mut line = text.clone();
                for (label, fact) in [("Rule", rule), ("Who can", who_can), ("You can", you_can)] {
                    if let Some(fact) = fact {
                        let _ = write!(line, "\n{label}: {fact}");
                    }
                }
                writeln!(out, "{line}")
            }
            Self::Link { text, url } => writeln!(out, "{text}: {url}"),
            Self::File { name, url, bytes, .. } => writeln!(out, "{name} ({bytes} bytes): {url}"),
        };
    }
}

fn aligned(columns: &[String], rows: &[Vec<String>]) -> String {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).chain(columns.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns.len()).map(width).collect();
    let mut out = String::new();
    for row in std::iter::once(columns).chain(rows.iter().map(Vec::as_slice)) {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned() {
        let rows = vec![vec!["webapp".into(), "v2".into()], vec!["api".into(), "v10".into()]];
        let reply = Reply { blocks: vec![Block::Table { columns: vec!["app".into(), "runs".into()], rows }] };
        assert_eq!(reply.plain(), "app     runs\nwebapp  v2\napi     v10");
    }

    #[test]
    fn a_refusal_names_rule_and_help() {
        let reply = Reply {
            blocks: vec![Block::Refusal {
                text: "You may not release.".into(),
                rule: Some("wilco.toml:41".into()),
                who_can: Some("role:lead".into()),
                you_can: None,
            }],
        };
        assert_eq!(reply.plain(), "You may not release.\nRule: wilco.toml:41\nWho can: role:lead");
    }
}
