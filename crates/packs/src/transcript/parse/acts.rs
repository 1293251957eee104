//! What people do beside saying something: `ana joins web:ops`, `ana reacts 👍`, `ana edits: text`.
//!
//! Layer 2.

use wilco_contract::ids::Place;

use super::{Part, Wrong, place, speaker};
use crate::transcript::{Act, What};

/// Reads such a statement; `None` where it is none.
pub(super) fn act(part: &Part) -> Result<Option<What>, Wrong> {
    let head = part.head.as_str();
    let Some((who, rest)) = head.split_once(' ') else { return Ok(None) };
    let from = |rest: &str| head.len() - rest.len();
    let act = if let Some(room) = rest.strip_prefix("joins ") {
        Act::Joins(alone(part, room)?)
    } else if let Some(room) = rest.strip_prefix("leaves ") {
        Act::Leaves(alone(part, room)?)
    } else if let Some(rest) = rest.strip_prefix("sets the topic in ") {
        let (place, behind) = place(part, rest, from(rest))?;
        Act::Topic { place, text: part.body(behind).text }
    } else if let Some(rest) = rest.strip_prefix("reacts ") {
        part.alone()?;
        let (sign, on) = match rest.split_once(" on ") {
            Some((sign, on)) => (sign.trim(), Some(on.trim().to_owned())),
            None => (rest.trim(), None),
        };
        if sign.is_empty() || sign.contains(' ') || on.as_deref() == Some("") {
            let wrong = part.wrong("a reaction is one sign");
            return Err(wrong.do_("Write `ana reacts 👍` or `ana reacts 👍 on <op>`."));
        }
        Act::Reacts { sign: sign.to_owned(), on }
    } else if let Some(text) = rest.strip_prefix("edits:") {
        let text = part.body(from(text)).text;
        if text.is_empty() {
            let wrong = part.wrong("nothing is said here");
            return Err(wrong.do_("Write what becomes of what they last said."));
        }
        Act::Edits(text)
    } else {
        return Ok(None);
    };
    Ok(Some(What::Does { who: speaker(part, who)?, act }))
}

/// The place that ends a statement of one line.
fn alone(part: &Part, text: &str) -> Result<Place, Wrong> {
    part.alone()?;
    Place::parse(text.trim()).map_err(|error| {
        part.wrong(error.to_string()).do_("Write the connector, a colon and the room: `ana joins web:ops`.")
    })
}
