//! Conditions and requirements as files write them, for packs and `wilco.toml` alike.
//!
//! Not their meaning: `contract::gate` decides. Layer 2.

use std::collections::BTreeSet;

use wilco_contract::{
    command::Effect,
    expr::Condition,
    gate::CONDITION_NAMES,
    policy::{DEFAULT_WITHIN_SECS, Grantee, Requirement},
    values::read_seconds,
};

use crate::{
    problem::Problem,
    sheet::{Keys, Table, Text, Value},
};

/// The keys of a requirement in a pack; `wilco.toml` adds `command`.
pub const REQUIREMENT: Keys =
    Keys::of(&["approve", "by", "within", "confirm", "when", "step_up", "deny", "max_targets"]);

/// Reads a condition and checks its names. `args` are the arguments it may name; `None`: any.
pub fn condition(value: &Value<'_>, args: Option<&BTreeSet<String>>) -> Option<Condition> {
    let text = value.words("\"args.app == 'billing'\"")?;
    let condition = match Condition::parse(text.text) {
        Ok(condition) => condition,
        Err(error) => {
            text.wrong(
                format!("this condition cannot be read: {error}"),
                "Write a condition such as `args.app == 'billing' and 'lead' in who.roles`.",
            );
            return None;
        }
    };
    let mut fits = true;
    for name in condition.names() {
        if !known(&name, args) {
            fits = false;
            text.add(unknown_name(&text, &name, args));
        }
    }
    fits.then_some(condition)
}

fn known(name: &str, args: Option<&BTreeSet<String>>) -> bool {
    if name == "args" || CONDITION_NAMES.contains(&name) {
        return true;
    }
    match (name.strip_prefix("args."), args) {
        (Some(_), None) => true,
        (Some(arg), Some(args)) => args.contains(arg.split('.').next().unwrap_or(arg)),
        (None, _) => false,
    }
}

fn unknown_name(text: &Text<'_>, name: &str, args: Option<&BTreeSet<String>>) -> Problem {
    let args: Vec<String> = args.into_iter().flatten().map(|arg| format!("args.{arg}")).collect();
    let known: Vec<&str> = args.iter().map(String::as_str).chain(CONDITION_NAMES).collect();
    let listed = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let open = if args.is_empty() { ", `args.` with an argument's name" } else { "" };
    let what = format!("the condition names `{name}`, which is not defined");
    Problem::at(&text.origin_of_word(name), what, format!("A condition may use {listed}{open}."))
        .near(name, known)
}

/// Reads a requirement. `args` are the arguments that its condition may name; `None`: any.
pub fn requirement(table: &Table<'_>, args: Option<&BTreeSet<String>>) -> Option<Requirement> {
    let confirm = table.get("confirm").and_then(|value| value.flag()).unwrap_or(false);
    let approve = table.get("approve").map_or(Some(0), |value| approvals(&value));
    let by = table.get("by").map(|value| approver(&value));
    let within = table.get("within").map(|value| value.seconds("\"24h\""));
    let when = table.get("when").map(|value| condition(&value, args));
    let step_up = table.get("step_up").and_then(|value| value.flag()).unwrap_or(false);
    let deny = table
        .get("deny")
        .map(|value| value.words("\"Frozen until Monday.\"").map(|text| text.text.to_owned()));

    let most = table.get("max_targets").map(|value| max_targets(&value));

    if step_up && let Some(value) = table.get("step_up") {
        let what = "`step_up` is not supported in this version: what this rule matches is denied";
        let problem = Problem::at(&value.origin(), what, "Ask for `approve` or `confirm` until it is.");
        value.add(problem.warning());
    }
    let approve = approve?;
    if let (Some(value), 0) = (table.get("by"), approve) {
        let problem = Problem::at(
            &value.origin(),
            "`by` says who may approve, but nothing asks for an approval",
            "Add `approve = 1`, or remove `by`.",
        );
        value.add(problem);
    }
    if !confirm && approve == 0 && !step_up && deny.is_none() && most.is_none() {
        if table.has_slips() {
            return None;
        }
        table.sheet().add(Problem::at(
            &table.origin(),
            "this rule asks for nothing",
            "Add `confirm = true`, `approve = 1`, `max_targets = 5` or `deny = \"why\"`, or remove the rule.",
        ));
        return None;
    }
    Some(Requirement {
        command: None,
        when: transpose(when)?,
        confirm,
        approve,
        by: transpose(by)?,
        within_secs: transpose(within)?.unwrap_or(DEFAULT_WITHIN_SECS),
        step_up,
        deny: transpose(deny)?,
        max_targets: transpose(most)?,
        origin: table.origin(),
    })
}

/// What is absent stays absent; what is there but wrong makes the whole wrong.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether the key is there, the inner one whether it is right"
)]
fn transpose<T>(found: Option<Option<T>>) -> Option<Option<T>> {
    match found {
        None => Some(None),
        Some(None) => None,
        Some(right) => Some(right),
    }
}

/// Reads the most targets that a plan may have.
pub(crate) fn max_targets(value: &Value<'_>) -> Option<u32> {
    let count = value.count("5")?;
    let fits = u32::try_from(count).ok().filter(|count| *count > 0);
    if fits.is_none() {
        let what = format!("`{} = {count}` lets no plan through that touches anything", value.name());
        value.wrong(what, "Write `max_targets = 5`; what is to be denied always has `deny = \"why\"`.");
    }
    fits
}

/// Reads how many in a span of time, `3/10m`: how many, and the seconds.
#[must_use]
pub fn rate(text: &str) -> Option<(u32, u64)> {
    let (count, span) = text.split_once('/')?;
    let count = count.trim().parse().ok().filter(|count| *count > 0)?;
    let span = read_seconds(span.trim())?;
    (span > 0).then_some((count, span))
}

fn approvals(value: &Value<'_>) -> Option<u32> {
    let count = value.count("1")?;
    let small = u32::try_from(count).ok().filter(|count| *count <= 100);
    if small.is_none() {
        value.wrong(
            format!("`approve = {count}` asks for more people than there are"),
            "Write `approve = 1`.",
        );
    }
    small
}

fn approver(value: &Value<'_>) -> Option<Grantee> {
    let grantee = grantee(&value.words("\"role:lead\"")?)?;
    if matches!(grantee, Grantee::Role(_) | Grantee::Person(_)) {
        return Some(grantee);
    }
    value.wrong(
        format!("`{grantee}` cannot approve: only a person does"),
        "Write `by = \"role:lead\"` or `by = \"@ana\"`.",
    );
    None
}

/// Reads `role:x`, `@x`, `guest` and so on; anything else is reported.
#[must_use]
pub fn grantee(text: &Text<'_>) -> Option<Grantee> {
    match Grantee::parse(text.text) {
        Ok(grantee) => Some(grantee),
        Err(_) => {
            text.wrong(
                format!("`{}` names nobody", text.text),
                "Write `role:x`, `@person`, `guest`, `operator` or `token:x`; names are lower-case letters, digits, - and _.",
            );
            None
        }
    }
}

/// Reads `read`, `write` or `destructive`; anything else is reported.
#[must_use]
pub fn effect(value: &Value<'_>) -> Option<Effect> {
    let text = value.words("\"write\"")?;
    match text.text {
        "read" => Some(Effect::Read),
        "write" => Some(Effect::Write),
        "destructive" => Some(Effect::Destructive),
        other => {
            let what = format!("there is no effect `{other}`");
            let remedy =
                "Write `read` (changes nothing), `write`, or `destructive` (no Wilco command undoes it).";
            text.add(Problem::at(&text.origin(), what, remedy).near(other, ["read", "write", "destructive"]));
            None
        }
    }
}
