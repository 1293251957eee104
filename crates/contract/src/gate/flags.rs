//! What the gate says of an order's flags that are rights of their own, and of how much a plan may touch.
//!
//! Not the grants and requirements as such: [`super`] looks at those first. Layer 0.

use super::{Ask, Considered, Denial, Names, beyond_scope, capitalised, matching, whom::granted_to};
use crate::{
    command::Effect,
    operation::GivenKind,
    policy::{COUNTDOWN_SECS, Flag, Grant, Policy},
};

/// The name of the rule that `--force` is granted by itself.
pub const FORCE: &str = "force is a right of its own";
/// The name of the rules about `--alone`.
pub const ALONE: &str = "alone is a right of its own";

/// How much a plan may touch: so many targets, by this rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Most {
    /// How many.
    pub targets: u32,
    /// The rule that says so.
    pub rule: String,
}

/// The least that the requirements which hold let a plan touch; none where nothing bounds it. A requirement of which
/// nobody can tell whether it holds denies by itself.
#[must_use]
pub fn most_targets(policy: &Policy, ask: &Ask<'_>) -> Option<Most> {
    let names = Names::new(policy, ask);
    let holding = matching(policy, ask)
        .filter(|rule| rule.max_targets.is_some())
        .filter(|rule| rule.when.as_ref().is_none_or(|when| names.hold(when) == Ok(true)));
    let all = holding.filter_map(|rule| Some((rule.max_targets?, rule.origin.to_string())));
    all.min_by_key(|(targets, _)| *targets).map(|(targets, rule)| Most { targets, rule })
}

/// That a plan would touch too much.
#[must_use]
pub fn too_many(policy: &Policy, ask: &Ask<'_>, most: &Most, count: usize) -> Denial {
    let who_can = holders(policy, ask, Flag::Force);
    let force = if who_can.is_empty() { "" } else { ", or have it given with `--force`" };
    Denial {
        text: format!(
            "It would touch {count} targets, and at most {} are let through at once.",
            most.targets
        ),
        rule: most.rule.clone(),
        who_can: (!who_can.is_empty()).then(|| format!("{}, with `--force`", who_can.join(", "))),
        you_can: Some(format!("Narrow the order{force}.")),
    }
}

/// Whether the plan touches no more than it may, or is forced.
pub(super) fn bounded(
    policy: &Policy,
    ask: &Ask<'_>,
    considered: &mut Vec<Considered>,
) -> Result<(), Denial> {
    let Some(plan) = ask.plan else { return Ok(()) };
    let Some(most) = most_targets(policy, ask) else { return Ok(()) };
    let count = plan.body.targets.len();
    let beyond = u64::try_from(count).unwrap_or(u64::MAX) > u64::from(most.targets);
    let mut note = format!("{count} of at most {} targets", most.targets);
    if beyond {
        note = format!("{count} targets, at most {}", most.targets);
        if ask.flags.force {
            note = format!("forced by {}: {note}", ask.who);
        }
    }
    considered.push(Considered { rule: most.rule.clone(), applied: true, note });
    if beyond && !ask.flags.force { Err(too_many(policy, ask, &most, count)) } else { Ok(()) }
}

/// Whether each flag of the order is granted beside the order. The rule that grants `--alone`, where it is there.
pub(super) fn rights(
    policy: &Policy,
    ask: &Ask<'_>,
    names: &Names<'_>,
    considered: &mut Vec<Considered>,
) -> Result<Option<String>, Denial> {
    let mut alone = None;
    for flag in ask.flags.iter() {
        let rule = right(policy, ask, names, flag)?;
        considered.push(Considered {
            rule: rule.clone(),
            applied: true,
            note: format!("grants `--{}` beside it", flag.as_str()),
        });
        if flag == Flag::Alone {
            alone = Some(rule);
        }
    }
    Ok(alone)
}

/// Whether a grant that is written down covers the order, rather than one of those by default.
#[must_use]
pub fn granted_in_writing(policy: &Policy, ask: &Ask<'_>) -> bool {
    let names = Names::new(policy, ask);
    policy.grants.iter().any(|grant| covers(grant, ask, &names))
}

fn covers(grant: &Grant, ask: &Ask<'_>, names: &Names<'_>) -> bool {
    grant.command.matches(ask.spec.id.as_str())
        && grant.effect.is_none_or(|strongest| ask.spec.effect <= strongest)
        && grant.covers_place(ask.place)
        && grant.to.iter().any(|grantee| grantee.covers(ask.who))
        && !beyond_scope(ask)
        && grant.when.as_ref().is_none_or(|when| names.hold(when) == Ok(true))
}

fn right(policy: &Policy, ask: &Ask<'_>, names: &Names<'_>, flag: Flag) -> Result<String, Denial> {
    let rule = match flag {
        Flag::Force => FORCE,
        Flag::Alone => ALONE,
    };
    let denied = |text: String, who_can: Vec<String>, you_can: &str| Denial {
        text,
        rule: rule.into(),
        who_can: (!who_can.is_empty()).then(|| who_can.join(", ")),
        you_can: Some(you_can.into()),
    };
    if flag == Flag::Alone && ask.who.person().is_none() {
        let text = format!("Only a person starts something alone, as themselves; {} is not one.", ask.who);
        return Err(denied(text, Vec::new(), "Give the order without `--alone`."));
    }
    let mut grants = policy.grants.iter();
    if let Some(grant) = grants.find(|grant| grant.flags.has(flag) && covers(grant, ask, names)) {
        return Ok(grant.origin.to_string());
    }
    let (id, name) = (&ask.spec.id, flag.as_str());
    let text = format!("{} may not give `{id}` with `--{name}` in {}.", capitalised(ask.who), ask.place);
    Err(denied(text, holders(policy, ask, flag), &format!("Give the order without `--{name}`.")))
}

/// Whom a grant gives this flag for the command.
fn holders(policy: &Policy, ask: &Ask<'_>, flag: Flag) -> Vec<String> {
    let grants = policy.grants.iter().filter(|grant| {
        grant.flags.has(flag) && grant.command.matches(ask.spec.id.as_str()) && ask.spec.effect > Effect::Read
    });
    // One that is theirs and does not hold now helps others alone.
    let is_theirs =
        |grant: &Grant| grant.covers_place(ask.place) && grant.to.iter().any(|to| to.covers(ask.who));
    let whom = |grant| granted_to(policy, ask, (grant, ask.who.person().filter(|_| is_theirs(grant))));
    let mut all: Vec<_> = grants.flat_map(whom).collect();
    all.sort();
    all.dedup();
    all
}

/// When the countdown of what its asker starts alone is over: so long after they confirmed this plan.
pub(super) fn countdown_ends(ask: &Ask<'_>) -> Option<jiff::Timestamp> {
    let plan = ask.plan?.hash;
    let mut confirms = ask.given.iter().filter(|given| {
        given.kind == GivenKind::Confirm && given.plan == plan && ask.who.person() == Some(&given.person)
    });
    let span = jiff::SignedDuration::from_secs(i64::try_from(COUNTDOWN_SECS).unwrap_or(i64::MAX));
    confirms.next().and_then(|confirm| confirm.at.checked_add(span).ok())
}
