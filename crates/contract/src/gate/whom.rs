//! Who could, in words: whom a rule names, and who that is now.
//!
//! Not who may: [`super`] decides that. Layer 0.

use super::{Ask, Grant, Need, Policy, may_meet};
use crate::{
    ids::{Account, PersonId},
    policy::Grantee,
};

/// How many people are told by their names: a line is read on a phone.
const MOST_NAMES: usize = 3;

/// Whom a rule names, for people to read: a role with who has it now, `role:lead (@ana)`, all others by their names.
/// `but` is who is told so, where they cannot help themselves.
#[must_use]
pub fn named(policy: &Policy, to: &Grantee, but: Option<&PersonId>) -> String {
    let Grantee::Role(role) = to else { return to.to_string() };
    let all = policy.holders(role);
    let others: Vec<_> = all.iter().copied().filter(|id| Some(*id) != but).collect();
    match (others.is_empty(), all.is_empty()) {
        (true, true) => format!("{to} (nobody has it)"),
        (true, false) => format!("{to} (nobody else has it)"),
        (false, _) => format!("{to} ({})", people(&others)),
    }
}

/// Persons by their names, and how many more there are.
fn people(all: &[&PersonId]) -> String {
    let names: Vec<_> = all.iter().take(MOST_NAMES).map(|id| format!("@{id}")).collect();
    let more = all.len() - names.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", names.join(", "))
}

/// Whom a grant names but one, with the rooms in which they could where this one is none of them.
pub(super) fn granted_to(
    policy: &Policy,
    ask: &Ask<'_>,
    (grant, but): (&Grant, Option<&PersonId>),
) -> Vec<String> {
    let elsewhere = grant.rooms.as_ref().filter(|_| !grant.covers_place(ask.place));
    let rooms = elsewhere.map(|rooms| {
        let rooms: Vec<_> = rooms.iter().map(ToString::to_string).collect();
        format!(" in {}", rooms.join(" or "))
    });
    let rooms = rooms.unwrap_or_default();
    let others = grant.to.iter().filter(|to| !matches!(to, Grantee::Person(only) if Some(only) == but));
    others.map(|to| format!("{}{rooms}", named(policy, to, but))).collect()
}

/// Who could give what is still needed, for people to read.
#[must_use]
pub fn approvers(policy: &Policy, ask: &Ask<'_>, needs: &[&Need]) -> Option<String> {
    let mut told: Vec<String> = Vec::new();
    for need in needs {
        let who = match &need.by {
            Some(Grantee::Person(only)) if ask.who.behind() == Some(only) => {
                Some(format!("nobody, as the rule names only @{only}"))
            }
            Some(by) => Some(named(policy, by, ask.who.behind())),
            None => granted(policy, ask),
        };
        told.extend(who.filter(|who| !told.contains(who)));
    }
    (!told.is_empty()).then(|| told.join(", "))
}

/// Those to whom the command is granted, other than who stands behind the order.
fn granted(policy: &Policy, ask: &Ask<'_>) -> Option<String> {
    let able = policy.people.iter().filter(|(id, person)| {
        let web = || Account::parse(&format!("web:{id}")).ok();
        let account = person.accounts.first().cloned().or_else(web);
        let principal = account.and_then(|account| policy.person(id, account));
        ask.who.behind() != Some(*id) && principal.is_some_and(|who| may_meet(policy, ask, None, &who))
    });
    let able: Vec<_> = able.map(|(id, _)| id).collect();
    (!able.is_empty()).then(|| people(&able))
}
