//! Answers that carry the label of what they answer.
//!
//! Not what waits for them: [`super::deliver`]. A server that labels its answers gives each line of a post one: an error,
//! our own words, an `ACK`, or a batch of several. Layer 2.

use wilco_contract::retry::Retry;

use super::{Line, SILENCE, Session, heard::is_id};

/// What a server calls this.
pub(super) const LABELS: &str = "labeled-response";
/// How many batches of answers may be open; what is in further ones counts as answers of their own.
const OPEN: usize = 64;

impl Session {
    /// Takes in what an answer says of a line of ours; whether there is no more in it.
    pub(super) fn labelled(&mut self, line: &Line<'_>) -> bool {
        if line.command == "BATCH"
            && let Some(label) = line.param(0).strip_prefix('-').and_then(|ended| self.labelled.remove(ended))
        {
            self.answered(&label);
            return true;
        }
        let within = line.tag("batch").and_then(|batch| self.labelled.get(batch)).cloned();
        let Some(label) = line.tag("label").map(ToOwned::to_owned).or_else(|| within.clone()) else {
            return false;
        };
        let is_error = line.command.len() == 3 && line.command.starts_with(['4', '5']);
        let (mut over, mut last) = (false, within.is_none());
        match &*line.command {
            "BATCH" => {
                if let Some(begun) = line.param(0).strip_prefix('+').filter(|_| line.param(1) == LABELS) {
                    over = true;
                    if self.labelled.len() < OPEN {
                        self.labelled.insert(begun.to_owned(), label.clone());
                        last = false;
                    }
                }
            }
            "PRIVMSG" if line.nick().is_some_and(|nick| self.is_us(nick)) => {
                if let Some(id) = line.tag("msgid").filter(|id| is_id(id)) {
                    self.queue.echoed_label(&label, id);
                }
                over = true;
            }
            "ACK" => over = true,
            "FAIL" => over = self.queue.refused_label(&label, line.last(), Retry::After(SILENCE)),
            error if is_error => {
                let (retry, why) = self.refusal(error, line.param(1), line.last());
                over = self.queue.refused_label(&label, &why, retry);
            }
            _ => {}
        }
        if last {
            self.answered(&label);
        }
        over
    }

    fn answered(&mut self, label: &str) {
        let done = self.queue.answered_label(label);
        self.done(done);
    }

    /// What the refusal of a post says, and whether another try makes sense.
    pub(super) fn refusal(&self, number: &str, target: &str, why: &str) -> (Retry, String) {
        let retry = if number == "401" { Retry::Backoff } else { Retry::After(SILENCE) };
        (retry, format!("`{target}`: {why}"))
    }
}
