//! The permission table: who may do what, and what it then needs, in the home room.
//!
//! Not a second gate: each cell is the gate's own answer. Layer 4.

use std::{collections::BTreeSet, fmt::Write as _};

use jiff::Timestamp;
use wilco_contract::{
    command::{ArgSpec, Command, Effect},
    gate::{Ask, Decision, Need, gate},
    ids::{Account, Hash},
    operation::GivenKind,
    plan::{PLAN_VERSION, Plan, PlanBody},
    policy::Grantee,
    principal::{Principal, Scope},
    values::{ArgType, Args},
};

use crate::config::Config;

/// The time that conditions see: Monday, 5 January 2026, 12:00 UTC.
const NOON: i64 = 1_767_614_400;

/// Who the columns stand for, with their headings.
fn columns(config: &Config) -> Vec<(String, Principal)> {
    let people = config.policy.people.keys().filter_map(|id| {
        let account = Account::parse(&format!("web:{id}")).ok()?;
        Some((format!("@{id}"), config.policy.person(id, account)?))
    });
    let guest = Account::parse("web:somebody").map(|account| Principal::Guest { account });
    let token = |name: &str, scope| Principal::Token { name: name.to_owned(), scope };
    let mut columns: Vec<_> = people.collect();
    columns.extend(guest.ok().map(|guest| ("guest".to_owned(), guest)));
    columns.push(("operator".to_owned(), Principal::Operator));
    columns.push(("token (read)".to_owned(), token("any", Scope::Read)));
    columns.push(("token (order)".to_owned(), token("any", Scope::Order)));
    let named: BTreeSet<_> = config.policy.grants.iter().flat_map(|grant| &grant.to).collect();
    for grantee in named {
        if let Grantee::Token(name) = grantee {
            columns.push((format!("token:{name} (order)"), token(name, Scope::Order)));
        }
    }
    columns
}

/// The table as text: a row for each command, a column for each person, guests, the operator and tokens. Conditions
/// see sample arguments: the default, the first choice, or any value that fits.
#[must_use]
pub fn permission_table(config: &Config, commands: &[Command]) -> String {
    let columns = columns(config);
    let mut rows = vec![vec![format!("in {}", config.home), "effect".to_owned()]];
    rows[0].extend(columns.iter().map(|(heading, _)| heading.clone()));
    for command in commands {
        let mut row = vec![command.spec.id.to_string(), command.spec.effect.to_string()];
        row.extend(columns.iter().map(|(_, who)| cell(config, command, who)));
        rows.push(row);
    }
    aligned(&rows)
}

/// What the gate says to one order: `allow`, `confirm`, `approve 1 role:lead`, `deny`.
fn cell(config: &Config, command: &Command, who: &Principal) -> String {
    let args: Args = command.spec.args.iter().map(|arg| (arg.name.clone(), sample(arg))).collect();
    let plan = plan(config, command, &args, who);
    let ask = Ask {
        who,
        spec: &command.spec,
        args: &args,
        place: &config.home,
        now: Timestamp::from_second(NOON).unwrap_or(Timestamp::UNIX_EPOCH),
        plan: (command.spec.effect > Effect::Read).then_some(&plan),
        given: &[],
        operation: None,
    };
    match gate(&config.policy, ask).decision {
        Decision::Allow(_) => "allow".to_owned(),
        Decision::Plan => "plan".to_owned(),
        Decision::Deny(_) => "deny".to_owned(),
        Decision::Needs(needs) => needs.iter().map(need).collect::<Vec<_>>().join(" + "),
    }
}

fn need(need: &Need) -> String {
    match need.kind {
        GivenKind::Confirm => "confirm".to_owned(),
        GivenKind::Approve => match &need.by {
            Some(by) => format!("approve {} {by}", need.count),
            None => format!("approve {}", need.count),
        },
    }
}

fn sample(arg: &ArgSpec) -> serde_json::Value {
    if let Some(default) = &arg.default {
        return default.clone();
    }
    match &arg.kind {
        ArgType::Integer | ArgType::Number | ArgType::Duration | ArgType::Bytes => 1.into(),
        ArgType::Bool => true.into(),
        ArgType::Json => serde_json::Value::Null,
        ArgType::Choice(words) => words.first().map(String::as_str).into(),
        _ => "sample".into(),
    }
}

/// A plan that touches one thing, as conditions may count.
fn plan(config: &Config, command: &Command, args: &Args, who: &Principal) -> Plan {
    let body = PlanBody {
        version: PLAN_VERSION,
        command: command.spec.id.clone(),
        definition: Hash::ZERO,
        args: args.clone(),
        principal: who.key(),
        place: config.home.clone(),
        targets: vec!["one".to_owned()],
        inputs: Args::new(),
        steps: Vec::new(),
        undo: Vec::new(),
        cost_ceiling: None,
    };
    Plan {
        body,
        hash: Hash::ZERO,
        will: Vec::new(),
        now: Vec::new(),
        steps: Vec::new(),
        items: std::collections::BTreeMap::new(),
    }
}

fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |at: usize| {
        rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", cells.join("  ").trim_end());
    }
    out
}
