//! An answer that is said somewhere else: `status webapp > #ops`.
//!
//! Not the answer, which is made as any other. Whoever has something said in a place has to be able to read there, and
//! the order has to be theirs to give there. Layer 1.

use std::sync::Arc;

use wilco_contract::{
    connector::DeliveryKey,
    gate::{Ask, Decision, NO_GRANT, granted_in_writing},
    ids::{Account, Place},
    policy::Policy,
    principal::{Principal, Scope},
    reply::{Block, Reply},
    store::{AuditEntry, Record},
};

use super::{From, Given, ask, entry, failed, fitting, json, refused, unavailable};
use crate::{Answer, RefusedKind, core::Core, outbox, ways::Way, words};

/// The rule of direct conversations.
const OWN: &str = "nothing is said in somebody else's direct conversation";
/// The rule of rooms.
const READS: &str = "whoever has something said in a place can read there";

/// Looks whether an order may be answered in another place.
///
/// # Errors
/// Why it may not.
pub(super) async fn may(core: &Arc<Core>, from: &From, given: &Given, to: &Place) -> Result<(), Answer> {
    let Some(way) = core.ways.to(to) else {
        return Err(failed(&format!(
            "there is no connector `{}`, so nothing can be said in `{to}`",
            to.connector()
        )));
    };
    if !way.directory.exists(to).await {
        return Err(failed(&format!("there is no place `{to}`")));
    }
    if matches!(from.who, Principal::Token { scope: Scope::Read, .. }) {
        let what = "A token with the scope `read` says nothing in a room.".to_owned();
        return Err(no(core, from, given, (to, "scope read", what)).await);
    }
    let accounts = core.with_policy(|policy| accounts(policy, &from.who, to.connector()));
    if let Some(whose) = to.direct() {
        if !accounts.iter().any(|account| account.id() == whose) {
            let what = format!("`{to}` is a direct conversation, and not yours.");
            return Err(no(core, from, given, (to, OWN, what)).await);
        }
    } else if from.who.account().is_some() && !is_open_to(&way, &accounts, to).await {
        let what = if accounts.is_empty() {
            format!(
                "You have no account on `{}`, so nobody can tell whether `{to}` is open to you.",
                to.connector()
            )
        } else {
            format!("`{to}` is not open to you.")
        };
        return Err(no(core, from, given, (to, READS, what)).await);
    }
    let there_asked = Ask { place: to, ..ask(core, from, given, None) };
    // Nobody gave these a way to be heard in rooms; what every one of them may read is not meant as one.
    if matches!(from.who, Principal::Token { .. } | Principal::Operator)
        && !core.with_policy(|policy| granted_in_writing(policy, &there_asked))
    {
        let what = format!(
            "No grant lets {} have the answer of `{}` said in `{to}`.",
            from.who, given.command.spec.id
        );
        return Err(no(core, from, given, (to, NO_GRANT, what)).await);
    }
    // As if it were given there: what is not to be had in a room is not had there by a detour.
    match core.gate(there_asked).decision {
        Decision::Allow(_) => Ok(()),
        Decision::Deny(denial) => {
            core.note(there(entry("order.refused", from, given, &denial.text, Some(&denial.rule)), to)).await;
            Err(refused(words::denial(&denial), RefusedKind::Denied))
        }
        Decision::Plan | Decision::Needs(_) => {
            Err(failed(&format!("in `{to}` the order needs somebody's yes, so its answer is not said there")))
        }
    }
}

async fn no(core: &Core, from: &From, given: &Given, (to, rule, what): (&Place, &str, String)) -> Answer {
    core.note(there(entry("order.refused", from, given, &what, Some(rule)), to)).await;
    let text = format!("{what} Nothing was said.");
    let refusal = Block::Refusal { text, rule: Some(rule.to_owned()), who_can: None, you_can: None };
    refused(Reply { blocks: vec![refusal] }, RefusedKind::Denied)
}

fn there(entry: AuditEntry, to: &Place) -> AuditEntry {
    AuditEntry { place: Some(to.clone()), ..entry }
}

/// Whether one of these accounts may read a place.
pub(crate) async fn is_open_to(way: &Way, accounts: &[Account], place: &Place) -> bool {
    for account in accounts {
        if way.directory.may_read(account, place).await {
            return true;
        }
    }
    false
}

/// The accounts that somebody has on a network; none for who is no human.
pub(crate) fn accounts(policy: &Policy, who: &Principal, connector: &str) -> Vec<Account> {
    let own = who.account().cloned();
    let known = who.person().and_then(|id| {
        let web = (connector == "web").then(|| Account::parse(&format!("web:{id}")).ok()).flatten();
        let others = policy.people.get(id)?.accounts.iter().cloned();
        Some(web.into_iter().chain(others))
    });
    own.into_iter()
        .chain(known.into_iter().flatten())
        .filter(|account| account.connector() == connector)
        .collect()
}

/// Says an answer in another place, and tells the asker that it did.
pub(super) async fn say(
    core: &Arc<Core>,
    from: &From,
    given: &Given,
    (to, reply): (&Place, Reply),
) -> Answer {
    let head = whose(given, &from.who, to);
    let content = Reply { blocks: [head].into_iter().chain(reply.blocks).collect() };
    let content = match fitting(core, to, &content) {
        Ok(content) => content.into_owned(),
        Err(what) => return failed(&what),
    };
    if matches!(from.who, Principal::Rule { .. } | Principal::Program { .. }) {
        return stand(core, from, to, content).await;
    }
    let key = match &from.key {
        // Worked off again after a restart, or asked for again with the same key, it is shown once.
        Some(key) => format!("elsewhere/{}/{key}", from.who.key()),
        None => format!("elsewhere/{:032x}", u128::from_le_bytes(core.chance.bytes())),
    };
    if let Err(error) = core.ways.post(to, None, &content, &DeliveryKey(key)).await {
        return failed(&format!("the answer could not be said in `{to}`: {error}"));
    }
    let short = to.connector() == from.place.connector() && to.room().starts_with('#');
    let told = Reply::text(format!("Said in {}.", if short { to.room() } else { to.as_str() }));
    Answer::Done { reply: if given.json { json::done(&told) } else { told }, rows: None }
}

/// Nobody waits for a program's answer, so it stands in the store until it is shown, and nothing else is said of it.
async fn stand(core: &Arc<Core>, from: &From, to: &Place, content: Reply) -> Answer {
    let handled = from.input.map(|input| Record::Handled { input });
    let records = [outbox::line(core, to, None, content)].into_iter().chain(handled).collect();
    if let Err(error) = core.commit(records).await {
        return unavailable(&error);
    }
    outbox::ring(core, to);
    Answer::Done { reply: Reply::default(), rows: None }
}

/// Who asked for an answer, and in which words: others read it who did not see the order.
fn whose(given: &Given, who: &Principal, to: &Place) -> Block {
    let name = match who {
        Principal::Person { id, .. } => id.to_string(),
        other => other.to_string(),
    };
    let order = given.said.strip_suffix(&format!(" > {to}")).unwrap_or(&given.said);
    let plain = |c: char| c.is_alphanumeric() || "-_.:@# ".contains(c);
    if order.contains(['`', '\n']) || !name.chars().all(plain) {
        // Words of an order and names from outside are shown as they are, whatever signs are in them.
        return Block::Code { text: format!("{name}: {order}") };
    }
    Block::Text { text: format!("{name}: `{order}`") }
}
