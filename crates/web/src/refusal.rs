//! What the door itself refuses by a rule: told to the caller, and kept in the audit.
//!
//! Not the gate's refusals: the engine keeps those. Nor requests that are not heard at all. Layer 3.

use wilco_contract::{
    gate::Denial,
    ids::OpId,
    store::{AuditEntry, Batch, Record, When},
};

use crate::{door::Door, guard::Caller, problem::Problem};

/// What was refused.
pub(crate) struct Refused<'a> {
    /// The entry's kind: `access.refused`, `decision.refused`.
    pub(crate) kind: &'static str,
    /// About which operation.
    pub(crate) operation: Option<&'a OpId>,
    /// By which rule, and what to say of it.
    pub(crate) denial: Denial,
}

/// Keeps the refusal in the audit, and returns it as a problem. Where it cannot be kept it is a refusal all the same.
pub(crate) async fn refuse(door: &Door, caller: &Caller, refused: Refused<'_>) -> Problem {
    let key = caller.who.key();
    if let Err(pause) = door.rate.take(&key) {
        return Problem::too_many("You ask too much in a second; nothing was done. Try again in a moment.")
            .retry_after(pause.as_secs() + 1);
    }
    let Refused { kind, operation, denial } = refused;
    let entry = AuditEntry {
        kind: kind.to_owned(),
        who: key,
        account: caller.who.account().cloned(),
        operation: operation.cloned(),
        command: None,
        place: None,
        text: denial.text.clone(),
        rule: Some(denial.rule.clone()),
    };
    let batch = Batch { at: door.access.now(), records: vec![Record::Audit(entry)] };
    if let Err(error) = door.store.commit(batch, When::Soon).await {
        tracing::warn!(%error, "a refusal was not recorded");
    }
    Problem::denial(denial)
}
