//! How often one person may give one command, and what an order's flags go with.
//!
//! Not how many orders a person may give at all: [`super::beyond_limit`]. Not rights: the gate has those. Layer 1.

use std::sync::Arc;

use wilco_contract::{
    command::{Command, Effect},
    gate::{ALONE, Decision, FORCE},
    policy::{Flag, Flags},
    reply::{Block, Reply},
    values::Args,
};

use super::{From, Given, about, ask, entry, refused};
use crate::{
    Answer, RefusedKind, catalogue::Reserved, compose::Then, core::Core, limits::Rated, planning::later,
    words,
};

/// Counts an order against its command's rate; `None` where it is within. A plan alone counts nothing.
pub(super) async fn beyond_rate(core: &Arc<Core>, from: &From, given: &Given) -> Option<Answer> {
    let rate = given.command.spec.rate.as_ref().filter(|_| !given.dry_run)?;
    let (id, now) = (&given.command.spec.id, core.clock.now());
    let (left, tell) = match core.command_rates.count(
        &format!("{} {id}", from.who.key()),
        // A room hears of it by itself, and so does whoever asks at another door.
        &if from.in_room { from.place.to_string() } else { String::new() },
        Some((rate.most, rate.secs)),
        now,
    ) {
        Rated::Within => return None,
        Rated::BeyondTell(left) => (left, true),
        Rated::Beyond(left) => (left, false),
    };
    let until = words::time(core, later(now, i64::try_from(left).unwrap_or(i64::MAX / 2)));
    let text = format!(
        "One person may give `{id}` {} in {}, so I take no more of it from {} until {until}. Nothing was done.",
        words::times(rate.most),
        words::span(rate.secs),
        from.who,
    );
    let rule = rate.origin.to_string();
    if tell {
        core.note(entry("order.limited", from, given, &text, Some(&rule))).await;
    }
    let refusal = Block::Refusal {
        text,
        rule: Some(rule),
        who_can: None,
        you_can: Some("`--dry-run` shows the plan, and does not count.".into()),
    };
    let kind = if tell { RefusedKind::Limited } else { RefusedKind::StillLimited };
    Some(refused(Reply { blocks: vec![refusal] }, kind))
}

/// What stands against the flags of an order before the rest of it is asked for: nobody answers for nothing.
pub(crate) async fn misflagged(
    core: &Arc<Core>,
    from: &From,
    (command, args): (&Arc<Command>, &Args),
    reserved: &Reserved,
) -> Option<Answer> {
    let given = Given {
        command: command.clone(),
        args: args.clone(),
        said: command.spec.id.to_string(),
        because: reserved.because.clone(),
        dry_run: reserved.dry_run,
        flags: Flags { force: reserved.force, alone: reserved.alone },
        json: false,
        then: Then::default(),
        retry_of: None,
    };
    // Where a condition may look at what is still missing, the whole order tells.
    let open = core.with_policy(|policy| {
        let of = |flag| policy.grants.iter().any(|it| it.flags.has(flag) && it.when.is_some());
        given.flags.iter().any(of)
    });
    if let Decision::Deny(denial) = core.gate(ask(core, from, &given, None)).decision
        && !open
        && [FORCE, ALONE].contains(&denial.rule.as_str())
    {
        core.note(entry("order.refused", from, &given, &denial.text, Some(&denial.rule))).await;
        return Some(refused(words::denial(&denial), RefusedKind::Denied));
    }
    misused(&given)
}

/// What is wrong with the flags of an order that its giver may give with them.
pub(super) fn misused(given: &Given) -> Option<Answer> {
    let malformed = |text: String| Some(refused(Reply::refusal(text), RefusedKind::Malformed));
    let flag = given.flags.iter().next()?;
    if given.command.spec.effect == Effect::Read && !about::hands_on(&given.command) {
        let (said, flag) = (given.command.spec.id.as_str(), flag.as_str());
        return malformed(format!("`{said}` changes nothing, so give it without `--{flag}`."));
    }
    let has_reason = given.because.as_ref().is_some_and(|because| !because.trim().is_empty());
    if given.flags.has(Flag::Alone) && !has_reason && !about::hands_on(&given.command) {
        let text = "`--alone` needs a reason that everybody reads: add `--because \"…\"`. Nothing was done.";
        return malformed(text.to_owned());
    }
    None
}
