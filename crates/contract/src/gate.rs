//! The gate: the one function that decides, and the only maker of [`Permitted`].
//!
//! Not a place for exceptions: whatever door an order came by, it is asked here, and what no rule grants is denied.
//! Pure and total; what flags and targets are about is in `gate/flags.rs`. Layer 0.

mod flags;
mod whom;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    command::{Effect, Spec},
    expr::Condition,
    ids::{Account, CommandId, Hash, OpId, PersonId, Place, RoleName},
    operation::{Given, GivenKind},
    plan::Plan,
    policy::{ADMIN, CONFIRM_SECS, COUNTDOWN_SECS, Flags, Grant, Grantee, Policy, Requirement},
    principal::{Principal, ProgramKind, Scope},
    values::Args,
};

pub use self::{
    flags::{ALONE, FORCE, Most, granted_in_writing, most_targets, too_many},
    whom::{approvers, named},
};

/// A question to the gate.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Who asks, resolved under the policy that decides.
    pub who: &'a Principal,
    /// The command.
    pub spec: &'a Spec,
    /// Its arguments, resolved; never the words that were said.
    pub args: &'a Args,
    /// Where it was asked.
    pub place: &'a Place,
    /// When.
    pub now: Timestamp,
    /// What it will do; none yet for "may they plan it?" and for reads.
    pub plan: Option<&'a Plan>,
    /// The decisions so far.
    pub given: &'a [Given],
    /// The operation that a permission would be for.
    pub operation: Option<&'a OpId>,
    /// The order's flags that are rights of their own.
    pub flags: Flags,
}

/// The answer, with everything that was considered.
#[derive(Debug)]
pub struct Verdict {
    /// The answer.
    pub decision: Decision,
    /// What was considered, in order, for `why`.
    pub considered: Vec<Considered>,
}

/// What the gate decided.
#[derive(Debug)]
pub enum Decision {
    /// It may be planned. Ask again with the plan.
    Plan,
    /// It may run.
    Allow(Permitted),
    /// It needs these first.
    Needs(Vec<Need>),
    /// It may not.
    Deny(Denial),
}

/// The permission to run one call. Only the gate makes it; it cannot be copied.
#[derive(Debug)]
pub struct Permitted {
    who: String,
    operation: Option<OpId>,
    plan: Option<Hash>,
}

impl Permitted {
    /// Whose order was permitted.
    #[must_use]
    pub fn who(&self) -> &str {
        &self.who
    }

    /// The operation it is for; none for a read.
    #[must_use]
    pub fn operation(&self) -> Option<&OpId> {
        self.operation.as_ref()
    }

    /// The plan it is for; none for a read.
    #[must_use]
    pub fn plan(&self) -> Option<Hash> {
        self.plan
    }
}

/// One rule that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// The rule: where it stands, or the name of a built-in one.
    pub rule: String,
    /// Whether it applied.
    pub applied: bool,
    /// What it said, or why it did not apply.
    pub note: String,
}

/// Something that is needed before a start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// What kind of yes.
    pub kind: GivenKind,
    /// How many persons.
    pub count: u32,
    /// Who; absent: whoever the command is granted to.
    pub by: Option<Grantee>,
    /// How long they have, in seconds.
    pub within_secs: u64,
    /// The rule that asks for it.
    pub rule: String,
    /// Whose yes counts already.
    pub have: Vec<PersonId>,
}

impl Need {
    /// Whether enough have said yes.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.have.len() >= self.count as usize
    }
}

/// A no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// What happened, in a sentence.
    pub text: String,
    /// The rule that says so.
    pub rule: String,
    /// Who could, if anybody.
    pub who_can: Option<String>,
    /// What the asker can do instead.
    pub you_can: Option<String>,
}

/// The name of the rule that what nothing grants is denied.
pub const NO_GRANT: &str = "no grant";

/// Decides.
#[must_use]
pub fn gate(policy: &Policy, ask: Ask<'_>) -> Verdict {
    let mut considered = Vec::new();
    let decision = decide(policy, &ask, &mut considered);
    Verdict { decision, considered }
}

fn decide(policy: &Policy, ask: &Ask<'_>, considered: &mut Vec<Considered>) -> Decision {
    let names = Names::new(policy, ask);
    if let Some(denial) = unsigned(ask) {
        considered.push(Considered { rule: denial.rule.clone(), applied: true, note: denial.text.clone() });
        return Decision::Deny(denial);
    }
    let alone = granted(policy, ask, &names, considered)
        .and_then(|()| flags::rights(policy, ask, &names, considered));
    let alone = match alone {
        Ok(alone) => alone,
        Err(denial) => return Decision::Deny(denial),
    };
    if ask.spec.effect > Effect::Read && ask.plan.is_none() {
        return Decision::Plan;
    }
    let needs = needs(policy, ask, &names, considered)
        .and_then(|needs| flags::bounded(policy, ask, considered).map(|()| needs));
    let needs = match needs {
        Ok(needs) => with_countdown(ask, needs, alone),
        Err(denial) => return Decision::Deny(denial),
    };
    if suffices(&needs) {
        return Decision::Allow(Permitted {
            who: ask.who.key(),
            operation: ask.operation.cloned(),
            plan: ask.plan.map(|plan| plan.hash),
        });
    }
    Decision::Needs(needs)
}

/// What an order that is given alone needs: the asker's own yes, whatever the rules ask for, and that nobody stops it.
fn with_countdown(ask: &Ask<'_>, mut needs: Vec<Need>, alone: Option<String>) -> Vec<Need> {
    let Some(rule) = alone else { return needs };
    let need = |kind, within_secs| Need {
        kind,
        count: 1,
        by: None,
        within_secs,
        rule: rule.clone(),
        have: Vec::new(),
    };
    if !needs.iter().any(|need| need.kind == GivenKind::Confirm) {
        let have = confirmed(ask);
        needs.push(Need { have, ..need(GivenKind::Confirm, CONFIRM_SECS) });
    }
    let ends = flags::countdown_ends(ask);
    let over = ask.given.iter().filter(|given| {
        given.kind == GivenKind::Countdown
            && ask.plan.is_some_and(|plan| plan.hash == given.plan)
            && ask.who.person() == Some(&given.person)
            // Whoever wrote it down: before its time it is none.
            && ends.is_some_and(|ends| ends <= given.at)
    });
    let have = over.take(1).map(|given| given.person.clone()).collect();
    needs.push(Need { have, ..need(GivenKind::Countdown, COUNTDOWN_SECS) });
    needs
}

/// The asker, where they confirmed this plan.
fn confirmed(ask: &Ask<'_>) -> Vec<PersonId> {
    let mut confirms = ask.given.iter().filter(|given| {
        given.kind == GivenKind::Confirm
            && ask.plan.is_some_and(|plan| plan.hash == given.plan)
            && ask.who.person() == Some(&given.person)
    });
    confirms.next().map(|given| given.person.clone()).into_iter().collect()
}

/// Whether what is given suffices. A countdown that nobody stopped stands for the approvals, and they for it.
fn suffices(needs: &[Need]) -> bool {
    let met = |kind| {
        let mut all = needs.iter().filter(move |need| need.kind == kind).peekable();
        all.peek().is_some().then(|| all.all(Need::is_met))
    };
    let (confirmed, approved, unstopped) =
        (met(GivenKind::Confirm), met(GivenKind::Approve), met(GivenKind::Countdown));
    let others = match (approved, unstopped) {
        (None, None) => true,
        (approved, unstopped) => approved == Some(true) || unstopped == Some(true),
    };
    confirmed != Some(false) && others
}

/// Whether this person may say this yes (or no) to the operation now.
///
/// # Errors
/// With the rule, when they may not.
pub fn may_decide(
    policy: &Policy,
    ask: &Ask<'_>,
    presser: &Principal,
    press: GivenKind,
) -> Result<(), Denial> {
    let Some(person) = presser.person() else {
        return Err(Denial {
            text: format!("Only a person confirms or approves, as themselves; {presser} is not one."),
            rule: "only persons decide".into(),
            who_can: None,
            you_can: Some("Sign in on the page, or use a linked account.".into()),
        });
    };
    if press == GivenKind::Confirm {
        if ask.who.person() == Some(person) {
            return Ok(());
        }
        return Err(Denial {
            text: format!("Only {} can confirm this order, as it is theirs.", ask.who),
            rule: "the asker confirms".into(),
            who_can: Some(ask.who.to_string()),
            you_can: None,
        });
    }
    let names = Names::new(policy, ask);
    let needs = needs(policy, ask, &names, &mut Vec::new())?;
    let approvals: Vec<_> = needs.iter().filter(|need| need.kind == GivenKind::Approve).collect();
    let who_can = approvers(policy, ask, &approvals);
    if ask.who.behind() == Some(person) {
        let rule = approvals
            .first()
            .map_or_else(|| "asker and approver differ".to_owned(), |need| need.rule.clone());
        return Err(Denial {
            text: match ask.who {
                Principal::Program { .. } => {
                    "Your line set this off, so somebody else has to approve it.".into()
                }
                _ => "You gave this order, so somebody else has to approve it.".into(),
            },
            rule,
            who_can,
            you_can: None,
        });
    }
    if approvals.iter().any(|need| may_meet(policy, ask, need.by.as_ref(), presser)) {
        return Ok(());
    }
    let rule = approvals.first().map_or_else(|| NO_GRANT.to_owned(), |need| need.rule.clone());
    Err(Denial { text: "Your approval does not count for this order.".into(), rule, who_can, you_can: None })
}

fn may_meet(policy: &Policy, ask: &Ask<'_>, by: Option<&Grantee>, person: &Principal) -> bool {
    match by {
        Some(grantee) => grantee.covers(person),
        None => {
            let own = Ask { who: person, ..*ask };
            able_to(policy, &own, &Names::new(policy, &own), &mut Vec::new()).is_ok()
        }
    }
}

fn granted(
    policy: &Policy,
    ask: &Ask<'_>,
    names: &Names<'_>,
    considered: &mut Vec<Considered>,
) -> Result<(), Denial> {
    able_to(policy, ask, names, considered).map_err(|able| not_granted(policy, ask, able))
}

/// The grants that would have fitted somebody else, or elsewhere, each with whom it does not help.
type Able<'a> = Vec<(&'a Grant, Option<&'a PersonId>)>;

/// Whether a grant fits. Whom the others name is looked for only where somebody is told: it takes longer than this.
fn able_to<'a>(
    policy: &'a Policy,
    ask: &Ask<'a>,
    names: &Names<'_>,
    considered: &mut Vec<Considered>,
) -> Result<(), Able<'a>> {
    let id = &ask.spec.id;
    let mut named = false;
    let mut able = Able::new();
    for grant in &policy.grants {
        if !grant.command.matches(id.as_str()) {
            continue;
        }
        named |= grant.command.is_full();
        let mut note = |applied: bool, note: String| {
            considered.push(Considered { rule: grant.origin.to_string(), applied, note });
        };
        if let Some(strongest) = grant.effect.filter(|strongest| ask.spec.effect > *strongest) {
            note(false, format!("grants up to {strongest}, and this is {}", ask.spec.effect));
            continue;
        }
        if !grant.covers_place(ask.place) {
            note(false, format!("does not hold in {}", ask.place));
            able.push((grant, None));
            continue;
        }
        if !grant.to.iter().any(|grantee| grantee.covers(ask.who)) || beyond_scope(ask) {
            note(false, format!("grants it to {}", listed(grant).join(", ")));
            able.push((grant, None));
            continue;
        }
        match grant.when.as_ref().map_or(Ok(true), |when| names.hold(when)) {
            Ok(true) => {
                note(true, format!("grants it to {}", listed(grant).join(", ")));
                return Ok(());
            }
            Ok(false) => {
                note(false, "its condition does not hold".to_owned());
                able.push((grant, ask.who.person()));
            }
            Err(error) => note(false, format!("its condition cannot be told: {error}")),
        }
    }
    if let Some(rule) = granted_by_default(ask, named) {
        considered.push(Considered {
            rule: rule.to_owned(),
            applied: true,
            note: "granted by default".into(),
        });
        return Ok(());
    }
    considered.push(Considered {
        rule: NO_GRANT.into(),
        applied: true,
        note: "what no rule grants is denied".into(),
    });
    Err(able)
}

/// The denial where no grant fits. Who has which role, and what is granted where, is not told to guests.
fn not_granted(policy: &Policy, ask: &Ask<'_>, able: Able<'_>) -> Denial {
    let id = &ask.spec.id;
    let is_guest = matches!(ask.who, Principal::Guest { .. });
    // They have it without a grant.
    let own = is_own(id).then(|| RoleName::parse(ADMIN).ok()).flatten().map(Grantee::Role);
    let mut able: Vec<String> = if is_guest {
        able.into_iter().flat_map(|(grant, _)| listed(grant)).chain(own.map(|own| own.to_string())).collect()
    } else {
        let granted = able.into_iter().flat_map(|able| whom::granted_to(policy, ask, able));
        granted.chain(own.map(|own| named(policy, &own, None))).collect()
    };
    able.sort();
    able.dedup();
    Denial {
        text: format!("{} may not use `{id}` in {}.", capitalised(ask.who), ask.place),
        rule: NO_GRANT.into(),
        who_can: (!able.is_empty()).then(|| able.join(", ")),
        you_can: match ask.who {
            Principal::Guest { account } => Some(how_to_be_known(account)),
            _ => None,
        },
    }
}

/// What whoever is a guest by this account may do to be known.
#[must_use]
pub fn how_to_be_known(account: &Account) -> String {
    let network = account.connector();
    if account.is_verified() {
        format!(
            "Sign in on the page and say `link me on {network}` there, or ask an admin to write {account} into `wilco.toml`."
        )
    } else {
        format!("Log in to the services of {network}, so that it says whose account this is.")
    }
}

/// The name of the rule that what nobody signed triggers no write.
pub const UNSIGNED: &str = "unsigned events trigger no write";

/// Whoever sent the event did not prove who they are: whatever is granted to the rule, nothing is changed.
fn unsigned(ask: &Ask<'_>) -> Option<Denial> {
    let Principal::Rule { signed: false, event, .. } = ask.who else { return None };
    (ask.spec.effect > Effect::Read).then(|| Denial {
        text: format!("Event {event} was not signed, so it changes nothing."),
        rule: UNSIGNED.into(),
        who_can: None,
        you_can: Some("Give the source a `secret` in `wilco.toml` in place of `unsigned = true`.".into()),
    })
}

fn capitalised(who: &Principal) -> String {
    match who {
        Principal::Guest { account } => format!("Guest {account}"),
        Principal::Operator => "The local operator".into(),
        Principal::Rule { name, .. } => format!("Rule `{name}`"),
        Principal::Program { program, .. } if program.kind == ProgramKind::Listener => {
            format!("Listener `{}`", program.name)
        }
        Principal::Program { program, .. } => format!("Schedule `{}`", program.name),
        other => other.to_string(),
    }
}

fn beyond_scope(ask: &Ask<'_>) -> bool {
    matches!(ask.who, Principal::Token { scope: Scope::Read, .. }) && ask.spec.effect > Effect::Read
}

/// Whether it is a command of Wilco's own.
fn is_own(id: &CommandId) -> bool {
    id.as_str().starts_with("wilco.")
}

/// What every guest may use.
const FOR_GUESTS: [&str; 3] = ["wilco.help", "wilco.ping", "wilco.link"];

fn granted_by_default(ask: &Ask<'_>, named: bool) -> Option<&'static str> {
    let id = ask.spec.id.as_str();
    let read = ask.spec.effect == Effect::Read && !named;
    match ask.who {
        Principal::Guest { .. } if FOR_GUESTS.contains(&id) => Some("what guests may"),
        Principal::Person { .. } if read => Some("every read to linked persons"),
        Principal::Operator if ask.spec.effect == Effect::Read => Some("every read to the operator"),
        Principal::Token { .. } if read => Some("every read to tokens"),
        Principal::Person { .. } if is_own(&ask.spec.id) && ask.who.administers() => {
            Some("the built-ins to role:admin")
        }
        _ => None,
    }
}

fn listed(grant: &Grant) -> Vec<String> {
    grant.to.iter().map(ToString::to_string).collect()
}

fn needs(
    policy: &Policy,
    ask: &Ask<'_>,
    names: &Names<'_>,
    considered: &mut Vec<Considered>,
) -> Result<Vec<Need>, Denial> {
    let mut needs = Vec::new();
    for rule in matching(policy, ask) {
        let origin = rule.origin.to_string();
        match rule.when.as_ref().map_or(Ok(true), |when| names.hold(when)) {
            Ok(false) => {
                considered.push(Considered {
                    rule: origin,
                    applied: false,
                    note: "its condition does not hold".into(),
                });
                continue;
            }
            Err(error) => {
                let text = format!("Whether this rule applies cannot be told, so it is denied: {error}.");
                considered.push(Considered { rule: origin.clone(), applied: true, note: text.clone() });
                return Err(Denial { text, rule: origin, who_can: None, you_can: None });
            }
            Ok(true) => considered.push(Considered { rule: origin.clone(), applied: true, note: asks(rule) }),
        }
        if let Some(why) = &rule.deny {
            return Err(Denial { text: why.clone(), rule: origin, who_can: None, you_can: None });
        }
        if rule.step_up {
            let text = "This needs a step-up, which this version cannot take, so it is denied.".to_owned();
            return Err(Denial { text, rule: origin, who_can: None, you_can: None });
        }
        needs.extend(needs_of(policy, ask, rule));
    }
    Ok(needs)
}

/// The requirements that speak of the command, whether their conditions hold or not.
fn matching<'a>(policy: &'a Policy, ask: &Ask<'a>) -> impl Iterator<Item = &'a Requirement> {
    let id = ask.spec.id.as_str();
    let from_config = policy.requirements.iter();
    let from_config =
        from_config.filter(move |rule| rule.command.as_ref().is_some_and(|glob| glob.matches(id)));
    from_config.chain(&ask.spec.require)
}

fn needs_of(policy: &Policy, ask: &Ask<'_>, rule: &Requirement) -> Vec<Need> {
    let need = |kind, count, by: Option<Grantee>, within_secs: u64| Need {
        kind,
        count,
        have: have(policy, ask, kind, by.as_ref(), within_secs),
        by,
        within_secs,
        rule: rule.origin.to_string(),
    };
    let mut needs = Vec::new();
    if rule.confirm {
        if ask.who.person().is_some() {
            needs.push(need(GivenKind::Confirm, 1, None, CONFIRM_SECS));
        } else {
            // Who is no person cannot confirm: a person that the command is granted to does it for them.
            needs.push(need(GivenKind::Approve, 1, None, rule.within_secs));
        }
    }
    if rule.approve > 0 {
        needs.push(need(GivenKind::Approve, rule.approve, rule.by.clone(), rule.within_secs));
    }
    needs
}

/// The persons whose yes counts: to this plan, in time, by today's roles, each once.
fn have(
    policy: &Policy,
    ask: &Ask<'_>,
    kind: GivenKind,
    by: Option<&Grantee>,
    within_secs: u64,
) -> Vec<PersonId> {
    let mut people = Vec::new();
    for given in ask.given {
        let age = ask.now.duration_since(given.at).as_secs();
        let in_time = kind == GivenKind::Confirm || age <= i64::try_from(within_secs).unwrap_or(i64::MAX);
        let same_plan = ask.plan.is_some_and(|plan| plan.hash == given.plan);
        if given.kind != kind || !in_time || !same_plan || people.contains(&given.person) {
            continue;
        }
        let is_asker = ask.who.behind() == Some(&given.person);
        let counts = match kind {
            GivenKind::Confirm => is_asker,
            // Its time is looked at where it is needed.
            GivenKind::Countdown => false,
            GivenKind::Approve => {
                !is_asker
                    && policy
                        .person(&given.person, given.account.clone())
                        .is_some_and(|person| may_meet(policy, ask, by, &person))
            }
        };
        if counts {
            people.push(given.person.clone());
        }
    }
    people
}

fn asks(rule: &Requirement) -> String {
    let mut parts = Vec::new();
    if rule.confirm {
        parts.push("the asker has to confirm".to_owned());
    }
    if rule.approve > 0 {
        let by = rule.by.as_ref().map_or_else(|| "whoever may give it".to_owned(), ToString::to_string);
        parts.push(format!("{} more by {by} has to approve", rule.approve));
    }
    if rule.step_up {
        parts.push("the asker has to step up".to_owned());
    }
    if let Some(why) = &rule.deny {
        parts.push(format!("denied: {why}"));
    }
    if let Some(most) = rule.max_targets {
        parts.push(format!("at most {most} targets at once"));
    }
    parts.join("; ")
}

/// The names that conditions may use, made only when a condition asks.
struct Names<'a> {
    policy: &'a Policy,
    ask: &'a Ask<'a>,
}

/// The names that conditions may use, for checkers: `args.*` is open.
pub const CONDITION_NAMES: [&str; 9] = [
    "who.id",
    "who.roles",
    "who.kind",
    "place",
    "now.iso",
    "now.weekday",
    "now.hour",
    "plan.count",
    "plan.cost",
];

impl<'a> Names<'a> {
    fn new(policy: &'a Policy, ask: &'a Ask<'a>) -> Self {
        Self { policy, ask }
    }

    fn hold(&self, condition: &Condition) -> Result<bool, String> {
        let waits_for_plan = self.ask.plan.is_none() && self.ask.spec.effect > Effect::Read;
        if waits_for_plan && condition.names().iter().any(|name| name.starts_with("plan")) {
            // Asked again once the plan is there.
            return Ok(true);
        }
        condition.holds(&self.all()).map_err(|error| error.to_string())
    }

    fn all(&self) -> Value {
        let ask = self.ask;
        let now = ask.now.to_zoned(self.policy.zone.0.clone());
        let roles: Vec<_> = ask.who.roles().iter().map(ToString::to_string).collect();
        let mut names = json!({
            "args": ask.args,
            "who": {
                "id": ask.who.person().map_or_else(|| ask.who.key(), ToString::to_string),
                "roles": roles,
                "kind": ask.who.kind(),
            },
            "place": ask.place,
            "now": {
                "iso": now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
                "weekday": now.strftime("%A").to_string().to_lowercase(),
                "hour": now.hour(),
            },
        });
        if let Some(plan) = ask.plan {
            names["plan"] = json!({
                "count": plan.body.targets.len(),
                "cost": plan.body.cost_ceiling.unwrap_or(0),
            });
        }
        names
    }
}
