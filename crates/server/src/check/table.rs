//! The permission table: who may do what, and what it then needs, in the home room.
//!
//! Not a second gate: each cell is the gate's own answer. Layer 4.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use jiff::Timestamp;
use wilco_contract::{
    command::{ArgSpec, Command, Effect},
    gate::{Ask, Decision, Need, gate},
    ids::{Account, CommandId, Hash, Seq},
    operation::GivenKind,
    plan::{PLAN_VERSION, Plan, PlanBody},
    policy::{Flag, Flags, Grant, Grantee, Requirement},
    principal::{Principal, Program, ProgramKind, Scope},
    values::{ArgType, Args},
};

use crate::config::Config;

/// The time that conditions see: Monday, 5 January 2026, 12:00 UTC.
pub(super) const NOON: i64 = 1_767_614_400;

/// A cell of what is denied.
const DENIED: &str = "deny";
/// A cell of what somebody may approve, in the row of them as an approver.
pub(super) const APPROVES: &str = "approves";
/// What stands before a flag, as the cell of somebody who may give an order with it, in a row of its own.
pub(super) const WITH: &str = "with --";
/// What stands before an approver's name.
pub(super) const APPROVER: &str = "approver ";
/// A cell of a rule as it is written, in one of the two rows that follow.
const WRITTEN: &str = "written";
/// The row of grants as they are written.
pub(super) const GRANTS: &str = "grant";
/// The row of requirements as they are written.
pub(super) const REQUIREMENTS: &str = "requirement";

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
        match grantee {
            Grantee::Token(name) => {
                columns.push((format!("token:{name} (order)"), token(name, Scope::Order)));
            }
            Grantee::Program(kind, name) if kind == "rule" => {
                let rule = Principal::Rule { name: name.clone(), event: Seq(0), signed: true };
                columns.push((grantee.to_string(), rule));
            }
            Grantee::Program(kind, name) => {
                let kinds = [ProgramKind::Listener, ProgramKind::Schedule];
                let Some(kind) = kinds.into_iter().find(|known| known.as_str() == kind) else { continue };
                let program = Program { kind, name: name.clone() };
                columns.push((grantee.to_string(), Principal::Program { program, set_off_by: None }));
            }
            _ => {}
        }
    }
    columns
}

/// Who may do what, with which needs: by person or program, then by command, each cell as the table has it. What is
/// denied is not listed. Beside them, who may give what with a flag that is a right of its own, who may approve what, and the grants and requirements as they are written: what
/// they say of other rooms and under other conditions no cell shows.
pub type Rights = BTreeMap<String, BTreeMap<String, String>>;

/// The permission table as a value that can be compared with another time's.
#[must_use]
pub fn rights(config: &Config, commands: &[Command]) -> Rights {
    let row = |who: &Principal| {
        let cells = commands.iter().map(|command| (command.spec.id.to_string(), cell(config, command, who)));
        cells.filter(|(_, cell)| cell != DENIED).collect()
    };
    let columns = columns(config);
    let mut rights: Rights = columns.iter().map(|(heading, who)| (heading.clone(), row(who))).collect();
    for (heading, who) in &columns {
        for flag in Flag::ALL {
            let (name, mine) = (flag.as_str(), commands.iter().filter(|it| has_right(config, it, who, flag)));
            let mine: BTreeMap<_, _> =
                mine.map(|command| (command.spec.id.to_string(), format!("{WITH}{name}"))).collect();
            if !mine.is_empty() {
                rights.insert(format!("--{name} {heading}"), mine);
            }
        }
        let mine = commands.iter().filter(|command| may_approve(config, command, who));
        let mine: BTreeMap<_, _> =
            mine.map(|command| (command.spec.id.to_string(), APPROVES.to_owned())).collect();
        if !mine.is_empty() {
            rights.insert(format!("{APPROVER}{heading}"), mine);
        }
    }
    let written = |texts: Vec<String>| texts.into_iter().map(|text| (text, WRITTEN.to_owned())).collect();
    rights.insert(GRANTS.to_owned(), written(config.policy.grants.iter().map(grant_text).collect()));
    let ours = config.policy.requirements.iter().map(|requirement| requirement_text(requirement, None));
    let packs = commands.iter().flat_map(|command| {
        command.spec.require.iter().map(|requirement| requirement_text(requirement, Some(&command.spec.id)))
    });
    rights.insert(REQUIREMENTS.to_owned(), written(ours.chain(packs).collect()));
    rights
}

/// Whether somebody's approval counts for a requirement of a command, whatever its condition.
fn may_approve(config: &Config, command: &Command, who: &Principal) -> bool {
    let id = command.spec.id.as_str();
    let ours = config.policy.requirements.iter();
    let ours = ours.filter(|it| it.command.as_ref().is_some_and(|glob| glob.matches(id)));
    let mut all = ours.chain(&command.spec.require).filter(|requirement| requirement.approve > 0);
    matches!(who, Principal::Person { .. })
        && all.any(|requirement| match &requirement.by {
            Some(by) => by.covers(who),
            None => cell(config, command, who) != DENIED,
        })
}

fn grant_text(grant: &Grant) -> String {
    let list = |all: Vec<String>| all.join(", ");
    let mut text = format!("`{}`", grant.command);
    if let Some(effect) = grant.effect {
        let _ = write!(text, " up to {effect}");
    }
    let _ = write!(text, " to {}", list(grant.to.iter().map(ToString::to_string).collect()));
    if let Some(rooms) = &grant.rooms {
        let _ = write!(text, " in {}", list(rooms.iter().map(ToString::to_string).collect()));
    }
    if let Some(when) = &grant.when {
        let _ = write!(text, " when `{}`", when.source());
    }
    for flag in grant.flags.iter() {
        let _ = write!(text, " {WITH}{}", flag.as_str());
    }
    text
}

fn requirement_text(requirement: &Requirement, of: Option<&CommandId>) -> String {
    let command = requirement.command.as_ref().map(ToString::to_string);
    let command = command.or_else(|| of.map(ToString::to_string)).unwrap_or_default();
    let mut needs = Vec::new();
    if let Some(why) = &requirement.deny {
        needs.push(format!("deny \"{why}\""));
    }
    if requirement.confirm {
        needs.push("confirm".to_owned());
    }
    if requirement.approve > 0 {
        let by = requirement.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        needs.push(format!("approve {}{by} within {} s", requirement.approve, requirement.within_secs));
    }
    if requirement.step_up {
        needs.push("step up".to_owned());
    }
    if let Some(most) = requirement.max_targets {
        needs.push(format!("at most {most} targets"));
    }
    let when = requirement.when.as_ref().map(|when| format!(" when `{}`", when.source())).unwrap_or_default();
    format!("`{command}` needs {}{when}", needs.join(" + "))
}

/// The table as text: a row for each command, a column for each person, guests, the operator, tokens and programs; in
/// parentheses the flags that go with it. Conditions see sample arguments: the default, the first choice, or any value
/// that fits.
#[must_use]
pub fn permission_table(config: &Config, commands: &[Command]) -> String {
    let columns = columns(config);
    let mut rows = vec![vec![format!("in {}", config.home), "effect".to_owned()]];
    rows[0].extend(columns.iter().map(|(heading, _)| heading.clone()));
    for command in commands {
        let mut row = vec![command.spec.id.to_string(), command.spec.effect.to_string()];
        row.extend(columns.iter().map(|(_, who)| {
            let flags = Flag::ALL.into_iter().filter(|flag| has_right(config, command, who, *flag));
            let flags: Vec<_> = flags.map(Flag::as_str).collect();
            let cell = cell(config, command, who);
            if flags.is_empty() { cell } else { format!("{cell} ({})", flags.join(", ")) }
        }));
        rows.push(row);
    }
    aligned(&rows)
}

/// What the gate says to one order: `allow`, `confirm`, `approve 1 role:lead`, `deny`.
fn cell(config: &Config, command: &Command, who: &Principal) -> String {
    cell_with(config, command, who, Flags::NONE)
}

/// Whether somebody may give a command with a flag that is a right of its own.
fn has_right(config: &Config, command: &Command, who: &Principal, flag: Flag) -> bool {
    command.spec.effect > Effect::Read && cell_with(config, command, who, Flags::NONE.with(flag)) != DENIED
}

fn cell_with(config: &Config, command: &Command, who: &Principal, flags: Flags) -> String {
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
        flags,
    };
    match gate(&config.policy, ask).decision {
        Decision::Allow(_) => "allow".to_owned(),
        Decision::Plan => "plan".to_owned(),
        Decision::Deny(_) => DENIED.to_owned(),
        Decision::Needs(needs) => needs.iter().map(need).collect::<Vec<_>>().join(" + "),
    }
}

fn need(need: &Need) -> String {
    match need.kind {
        GivenKind::Confirm => "confirm".to_owned(),
        GivenKind::Countdown => "countdown".to_owned(),
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
        ArgType::Time => "2026-11-27T18:00:00+01:00".into(),
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
        flags: Flags::NONE,
    };
    Plan {
        body,
        hash: Hash::ZERO,
        will: Vec::new(),
        now: Vec::new(),
        steps: Vec::new(),
        items: BTreeMap::new(),
        forced: None,
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
