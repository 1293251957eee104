//! The gate as a table: who may do what, where, when, and what it then needs.

use jiff::Timestamp;
use serde_json::json;
use wilco_contract::{
    command::{Effect, Spec},
    expr::Condition,
    gate::{Ask, Decision, Need, approvers, gate},
    ids::{Account, CommandId, Hash, Origin, PersonId, Place, RoleName},
    operation::{Given, GivenKind},
    plan::{PLAN_VERSION, Plan, PlanBody},
    policy::{Flag, Flags, Glob, Grant, Grantee, Person, Policy, Requirement},
    principal::{Principal, Scope},
    values::Args,
};

fn origin(line: u32) -> Origin {
    Origin { file: "wilco.toml".into(), line, column: 1 }
}

fn spec(id: &str, effect: Effect) -> Spec {
    Spec {
        id: CommandId::parse(id).expect("an id"),
        words: Vec::new(),
        about: String::new(),
        effect,
        args: Vec::new(),
        examples: Vec::new(),
        require: Vec::new(),
        rate: None,
        lock: None,
        timeout_secs: 60,
        home: None,
        letter: 'o',
    }
}

fn grant(command: &str, to: &str) -> Grant {
    Grant {
        command: Glob(command.to_owned()),
        effect: None,
        to: vec![Grantee::parse(to).expect("a grantee")],
        rooms: None,
        when: None,
        flags: Flags::NONE,
        origin: origin(1),
    }
}

fn requirement(command: &str) -> Requirement {
    Requirement {
        command: Some(Glob(command.to_owned())),
        when: None,
        confirm: false,
        approve: 0,
        by: None,
        within_secs: 3_600,
        step_up: false,
        deny: None,
        max_targets: None,
        origin: origin(2),
    }
}

fn policy(grants: Vec<Grant>, requirements: Vec<Requirement>) -> Policy {
    let person = |name: &str, roles: &[&str]| {
        let roles = roles.iter().map(|role| RoleName::parse(role).expect("a role")).collect();
        let person = Person {
            name: name.to_owned(),
            email: None,
            accounts: [].into(),
            roles,
            origin: Origin::built_in(),
        };
        (PersonId::parse(name).expect("a name"), person)
    };
    let people = [
        person("ana", &["lead"]),
        person("bo", &["dev"]),
        person("cy", &["lead", "admin"]),
        person("di", &[]),
    ];
    Policy { people: people.into(), grants, requirements, ..Policy::default() }
}

fn plan() -> Plan {
    let body = PlanBody {
        version: PLAN_VERSION,
        command: CommandId::parse("web.ship").expect("an id"),
        definition: Hash::ZERO,
        args: Args::new(),
        principal: "@bo".to_owned(),
        place: place(),
        targets: vec!["a".to_owned(), "b".to_owned()],
        inputs: Args::new(),
        steps: Vec::new(),
        undo: Vec::new(),
        cost_ceiling: Some(900),
        flags: Flags::NONE,
    };
    Plan {
        hash: Hash::of(b"plan"),
        body,
        will: Vec::new(),
        now: Vec::new(),
        steps: Vec::new(),
        items: std::collections::BTreeMap::new(),
        forced: None,
    }
}

fn place() -> Place {
    Place::parse("web:ops").expect("a place")
}

/// What the gate says, in a word or two. `who` is a person, `guest`, `operator`, `token` or `reader`.
fn says(policy: &Policy, who: &str, spec: &Spec, given: &[Given], planned: bool) -> String {
    says_with(policy, who, spec, given, (planned, Flags::NONE))
}

/// The same of an order with flags.
fn says_with(policy: &Policy, who: &str, spec: &Spec, given: &[Given], how: (bool, Flags)) -> String {
    match decided(policy, who, spec, given, how) {
        Decision::Plan => "plan".to_owned(),
        Decision::Allow(_) => "allow".to_owned(),
        Decision::Needs(needs) => {
            let needs =
                needs.iter().map(|need| format!("{:?} {}/{}", need.kind, need.have.len(), need.count));
            needs.collect::<Vec<_>>().join(", ")
        }
        Decision::Deny(denial) => format!("deny {}", denial.rule),
    }
}

fn decided(
    policy: &Policy,
    who: &str,
    spec: &Spec,
    given: &[Given],
    (planned, flags): (bool, Flags),
) -> Decision {
    let account = Account::parse(&format!("web:{who}")).expect("an account");
    let who = match who {
        "guest" => Principal::Guest { account },
        "operator" => Principal::Operator,
        "token" => Principal::Token { name: "ci".to_owned(), scope: Scope::Order },
        "reader" => Principal::Token { name: "ci".to_owned(), scope: Scope::Read },
        person => policy.person(&PersonId::parse(person).expect("a name"), account).expect("a person"),
    };
    let args: Args = [("app".to_owned(), json!("web"))].into_iter().collect();
    let plan = plan();
    let place = place();
    let ask = Ask {
        who: &who,
        spec,
        args: &args,
        place: &place,
        now: "2026-11-23T10:00:00Z".parse::<Timestamp>().expect("a time"),
        plan: planned.then_some(&plan),
        given,
        operation: None,
        flags,
    };
    gate(policy, ask).decision
}

fn given(kind: GivenKind, person: &str, at: &str) -> Given {
    Given {
        kind,
        person: PersonId::parse(person).expect("a name"),
        account: Account::parse(&format!("web:{person}")).expect("an account"),
        at: at.parse().expect("a time"),
        plan: Hash::of(b"plan"),
    }
}

#[test]
fn reads_are_for_all_linked_persons_unless_a_grant_names_them_in_full() {
    let read = spec("web.status", Effect::Read);
    let open = policy(vec![grant("web.*", "role:lead")], Vec::new());
    for (who, answer) in [
        ("di", "allow"),
        ("ana", "allow"),
        ("reader", "allow"),
        ("token", "allow"),
        ("operator", "allow"),
        ("guest", "deny no grant"),
    ] {
        assert_eq!(says(&open, who, &read, &[], false), answer, "{who}");
    }
    let named = policy(vec![grant("web.status", "role:lead")], Vec::new());
    for (who, answer) in
        [("di", "deny no grant"), ("ana", "allow"), ("reader", "deny no grant"), ("operator", "allow")]
    {
        assert_eq!(says(&named, who, &read, &[], false), answer, "{who}");
    }
    let ping = spec("wilco.ping", Effect::Read);
    assert_eq!(says(&open, "guest", &ping, &[], false), "allow");
}

#[test]
fn a_write_needs_a_grant_whoever_asks() {
    let write = spec("web.ship", Effect::Write);
    for who in ["ana", "bo", "cy", "di", "guest", "operator", "token", "reader"] {
        assert_eq!(says(&policy(Vec::new(), Vec::new()), who, &write, &[], true), "deny no grant", "{who}");
    }
    let granted = policy(vec![grant("web.*", "token:ci"), grant("web.*", "operator")], Vec::new());
    for (who, answer) in
        [("token", "allow"), ("reader", "deny no grant"), ("operator", "allow"), ("bo", "deny no grant")]
    {
        assert_eq!(says(&granted, who, &write, &[], true), answer, "{who}");
    }
    assert_eq!(says(&granted, "token", &write, &[], false), "plan");
    let built_in = spec("wilco.unlock", Effect::Write);
    assert_eq!(says(&granted, "cy", &built_in, &[], true), "allow", "the built-ins are role:admin's");
    assert_eq!(says(&granted, "ana", &built_in, &[], true), "deny no grant");
}

#[test]
fn a_refusal_names_who_may() {
    let policy = policy(vec![grant("web.*", "token:ci"), grant("wilco.unlock", "@bo")], Vec::new());
    for (id, able) in
        [("web.ship", Some("token:ci")), ("wilco.unlock", Some("@bo, role:admin (@cy)")), ("db.drop", None)]
    {
        let decision = decided(&policy, "ana", &spec(id, Effect::Write), &[], (true, Flags::NONE));
        let Decision::Deny(denial) = decision else { panic!("{id}: {decision:?}") };
        assert_eq!(denial.who_can.as_deref(), able, "{id}");
    }
}

/// Who could in place of `who`, where the gate denies.
fn who_could(policy: &Policy, who: &str, spec: &Spec, flags: Flags) -> Option<String> {
    match decided(policy, who, spec, &[], (true, flags)) {
        Decision::Deny(denial) => denial.who_can,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refusal_names_the_people_behind_a_role() {
    let write = spec("web.ship", Effect::Write);
    let mut rules = policy(
        vec![
            grant("web.*", "role:lead"),
            grant("web.*", "role:pilot"),
            Grant { flags: Flags::NONE.with(Flag::Force), ..grant("web.ship", "role:lead") },
            grant("web.ship", "token:ci"),
        ],
        Vec::new(),
    );
    let all = "role:lead (@ana, @cy), role:pilot (nobody has it), token:ci";
    assert_eq!(who_could(&rules, "bo", &write, Flags::NONE).as_deref(), Some(all));
    let forced = who_could(&rules, "token", &write, Flags::NONE.with(Flag::Force));
    assert_eq!(forced.as_deref(), Some("role:lead (@ana, @cy)"), "a flag names them as well");
    let guest = who_could(&rules, "guest", &write, Flags::NONE);
    assert_eq!(guest.as_deref(), Some("role:lead, role:pilot, token:ci"), "a guest learns no names");
    // A flag that a lead has, and not now, is not their own help.
    let mut closed = policy(vec![grant("web.*", "role:lead"), rules.grants[2].clone()], Vec::new());
    closed.grants[1].when = Condition::parse("who.id == 'cy'").ok();
    let now = who_could(&closed, "ana", &write, Flags::NONE.with(Flag::Force));
    assert_eq!(now.as_deref(), Some("role:lead (@cy)"));
    // More than a line holds.
    let lead = RoleName::parse("lead").expect("a role");
    for name in ["ed", "fa"] {
        let like = rules.people[&PersonId::parse("ana").expect("a name")].clone();
        rules.people.insert(PersonId::parse(name).expect("a name"), like);
    }
    rules.grants.truncate(1);
    let four = who_could(&rules, "bo", &write, Flags::NONE);
    assert_eq!(four.as_deref(), Some("role:lead (@ana, @cy, @ed and 1 more)"));
    // Where it is granted elsewhere, who asks may be one of them, there.
    rules.people.retain(|id, _| id.as_str() != "ed" && id.as_str() != "fa");
    let rooms = ["web:deploys", "irc:*"].map(|room| Glob(room.to_owned()));
    rules.grants[0].rooms = Some(rooms.to_vec());
    let elsewhere = who_could(&rules, "ana", &write, Flags::NONE);
    assert_eq!(elsewhere.as_deref(), Some("role:lead (@ana, @cy) in web:deploys or irc:*"));
    // Where the condition does not hold for who asks, somebody else can at most.
    rules.grants[0].rooms = None;
    rules.grants[0].when = Condition::parse("who.id == 'cy'").ok();
    assert_eq!(who_could(&rules, "ana", &write, Flags::NONE).as_deref(), Some("role:lead (@cy)"));
    for person in rules.people.iter_mut().filter(|(id, _)| id.as_str() == "cy").map(|(_, person)| person) {
        person.roles.remove(&lead);
    }
    let alone = who_could(&rules, "ana", &write, Flags::NONE);
    assert_eq!(alone.as_deref(), Some("role:lead (nobody else has it)"));
}

#[test]
fn what_is_needed_names_each_role_with_its_people() {
    let rules = policy(vec![grant("web.*", "@bo"), grant("web.*", "@ana")], Vec::new());
    let write = spec("web.ship", Effect::Write);
    let who = Principal::Person {
        id: PersonId::parse("ana").expect("a name"),
        name: "ana".to_owned(),
        roles: vec![RoleName::parse("lead").expect("a role")],
        account: Account::parse("web:ana").expect("an account"),
    };
    let (args, place, plan) = (Args::new(), place(), plan());
    let ask = Ask {
        who: &who,
        spec: &write,
        args: &args,
        place: &place,
        now: "2026-11-23T10:00:00Z".parse().expect("a time"),
        plan: Some(&plan),
        given: &[],
        operation: None,
        flags: Flags::NONE,
    };
    let need = |by: Option<&str>| Need {
        kind: GivenKind::Approve,
        count: 1,
        by: by.map(|by| Grantee::parse(by).expect("a grantee")),
        within_secs: 60,
        rule: "wilco.toml:2".to_owned(),
        have: Vec::new(),
    };
    for (by, told) in [
        (Some("role:lead"), "role:lead (@cy)"),
        (Some("role:pilot"), "role:pilot (nobody has it)"),
        (Some("@bo"), "@bo"),
        (Some("@ana"), "nobody, as the rule names only @ana"),
        (None, "@bo"),
    ] {
        assert_eq!(approvers(&rules, &ask, &[&need(by)]).as_deref(), Some(told), "{by:?}");
    }
    let (lead, admin) = (need(Some("role:lead")), need(Some("role:admin")));
    let both = approvers(&rules, &ask, &[&lead, &admin, &lead]);
    assert_eq!(both.as_deref(), Some("role:lead (@cy), role:admin (@cy)"));
}

#[test]
fn effect_room_and_condition_bound_a_grant() {
    let write = spec("web.ship", Effect::Write);
    let with = |change: &dyn Fn(&mut Grant)| {
        let mut one = grant("web.*", "@bo");
        change(&mut one);
        policy(vec![one], Vec::new())
    };
    let condition = |text: &str| Some(Condition::parse(text).expect("a condition"));
    let read_only = with(&|grant| grant.effect = Some(Effect::Read));
    assert_eq!(says(&read_only, "bo", &write, &[], true), "deny no grant");
    let up_to = with(&|grant| grant.effect = Some(Effect::Write));
    assert_eq!(says(&up_to, "bo", &write, &[], true), "allow");
    assert_eq!(says(&up_to, "bo", &spec("web.drop", Effect::Destructive), &[], true), "deny no grant");
    let elsewhere = with(&|grant| grant.rooms = Some(vec![Glob("irc:*".to_owned())]));
    assert_eq!(says(&elsewhere, "bo", &write, &[], true), "deny no grant");
    for (when, answer) in [
        ("args.app == 'web' and 'dev' in who.roles and now.weekday == 'monday' and now.hour == 10", "allow"),
        ("plan.count == 2 and plan.cost < 1000 and place == 'web:ops' and who.id == 'bo'", "allow"),
        ("plan.count > 2", "deny no grant"),
        ("args.nothing == 1", "deny no grant"),
    ] {
        assert_eq!(
            says(&with(&|grant| grant.when = condition(when)), "bo", &write, &[], true),
            answer,
            "{when}"
        );
    }
}

#[test]
fn requirements_add_up_and_a_condition_that_errs_denies() {
    let write = spec("web.ship", Effect::Write);
    let lead = Grantee::parse("role:lead").ok();
    let rules = vec![
        Requirement { confirm: true, ..requirement("web.*") },
        Requirement { approve: 2, by: lead, ..requirement("web.ship") },
    ];
    let policy_of = |rules| policy(vec![grant("web.*", "@bo"), grant("web.*", "@ana")], rules);
    let both = policy_of(rules);
    assert_eq!(says(&both, "bo", &write, &[], true), "Confirm 0/1, Approve 0/2");
    let confirm = given(GivenKind::Confirm, "bo", "2026-11-23T09:59:00Z");
    let ana = given(GivenKind::Approve, "ana", "2026-11-23T09:59:00Z");
    let cy = given(GivenKind::Approve, "cy", "2026-11-23T09:59:00Z");
    assert_eq!(
        says(&both, "bo", &write, &[confirm.clone(), ana.clone(), ana.clone()], true),
        "Confirm 1/1, Approve 1/2",
        "one count per person"
    );
    assert_eq!(says(&both, "bo", &write, &[confirm.clone(), ana.clone(), cy.clone()], true), "allow");
    let late = given(GivenKind::Approve, "cy", "2026-11-23T08:59:59Z");
    assert_eq!(
        says(&both, "bo", &write, &[confirm.clone(), ana.clone(), late], true),
        "Confirm 1/1, Approve 1/2"
    );
    let other = Given { plan: Hash::of(b"another plan"), ..cy.clone() };
    assert_eq!(says(&both, "bo", &write, &[confirm, ana, other], true), "Confirm 1/1, Approve 1/2");
    let own = given(GivenKind::Approve, "ana", "2026-11-23T09:59:00Z");
    let by_ana = given(GivenKind::Confirm, "ana", "2026-11-23T09:59:00Z");
    assert_eq!(
        says(&both, "ana", &write, &[by_ana, own, cy], true),
        "Confirm 1/1, Approve 1/2",
        "nobody approves their own order"
    );
    let unknown = Some(Condition::parse("args.nothing == 1").expect("a condition"));
    let errs = policy_of(vec![Requirement { when: unknown, confirm: true, ..requirement("web.*") }]);
    assert_eq!(says(&errs, "bo", &write, &[], true), "deny wilco.toml:2");
    let step_up = policy_of(vec![Requirement { step_up: true, ..requirement("web.*") }]);
    assert_eq!(says(&step_up, "bo", &write, &[], true), "deny wilco.toml:2");
}

#[test]
fn an_approval_without_a_role_is_for_whoever_may_give_the_order() {
    let write = spec("web.ship", Effect::Write);
    let rules = vec![Requirement { approve: 1, ..requirement("web.*") }];
    let policy = policy(vec![grant("web.*", "@bo"), grant("web.*", "@ana")], rules);
    let by = |person| [given(GivenKind::Approve, person, "2026-11-23T09:59:00Z")];
    assert_eq!(says(&policy, "bo", &write, &by("ana"), true), "allow");
    assert_eq!(says(&policy, "bo", &write, &by("di"), true), "Approve 0/1");
}

#[test]
fn a_packs_own_requirement_adds_to_the_configurations() {
    let mut write = spec("web.ship", Effect::Write);
    write.require = vec![Requirement { command: None, confirm: true, origin: origin(9), ..requirement("-") }];
    let policy =
        policy(vec![grant("web.*", "@bo")], vec![Requirement { approve: 1, ..requirement("web.*") }]);
    assert_eq!(says(&policy, "bo", &write, &[], true), "Approve 0/1, Confirm 0/1");
}

const FORCE: Flags = Flags { force: true, alone: false };
const ALONE: Flags = Flags { force: false, alone: true };

fn flagged(to: &str, flag: Flag) -> Grant {
    Grant { flags: Flags::NONE.with(flag), ..grant("web.*", to) }
}

#[test]
fn a_plan_touches_no_more_than_the_least_that_a_requirement_lets_through() {
    let mut write = spec("web.ship", Effect::Write);
    let most = |targets, when: Option<&str>| Requirement {
        max_targets: Some(targets),
        when: when.map(|when| Condition::parse(when).expect("a condition")),
        ..requirement("web.*")
    };
    let of = |rules| policy(vec![grant("web.*", "@bo"), flagged("@ana", Flag::Force)], rules);
    // The plan has two targets.
    assert_eq!(says(&of(vec![most(2, None), most(9, None)]), "bo", &write, &[], true), "allow");
    let one = of(vec![most(2, None), most(1, None)]);
    assert_eq!(says(&one, "bo", &write, &[], true), "deny wilco.toml:2");
    assert_eq!(says(&one, "bo", &write, &[], false), "plan", "before there is a plan nothing is counted");
    assert_eq!(says(&of(vec![most(1, Some("args.app == 'api'"))]), "bo", &write, &[], true), "allow");
    assert_eq!(says(&of(vec![most(9, Some("args.nothing"))]), "bo", &write, &[], true), "deny wilco.toml:2");
    assert_eq!(says_with(&one, "ana", &write, &[], (true, FORCE)), "allow");
    assert_eq!(says(&one, "ana", &write, &[], true), "deny wilco.toml:2", "a right that is not used is none");
    write.require = vec![Requirement { command: None, origin: origin(9), ..most(1, None) }];
    assert_eq!(says(&of(vec![most(2, None)]), "bo", &write, &[], true), "deny wilco.toml:9");
}

#[test]
fn a_flag_needs_a_grant_that_covers_the_order_and_has_the_flag() {
    let write = spec("web.ship", Effect::Write);
    let forced =
        |grants: Vec<Grant>, who| says_with(&policy(grants, Vec::new()), who, &write, &[], (true, FORCE));
    let denied = "deny force is a right of its own";
    let plain = || grant("web.*", "role:dev");
    assert_eq!(forced(vec![plain()], "bo"), denied);
    assert_eq!(forced(vec![plain(), flagged("role:dev", Flag::Force)], "bo"), "allow");
    assert_eq!(forced(vec![flagged("role:dev", Flag::Force)], "bo"), "allow", "it grants the order, too");
    assert_eq!(forced(vec![plain(), flagged("role:lead", Flag::Force)], "bo"), denied);
    assert_eq!(forced(vec![plain(), flagged("role:dev", Flag::Alone)], "bo"), denied, "one flag is no other");
    for (change, why) in [
        (Grant { command: Glob("db.*".into()), ..flagged("@bo", Flag::Force) }, "the command"),
        (Grant { rooms: Some(vec![Glob("irc:*".into())]), ..flagged("@bo", Flag::Force) }, "the place"),
        (Grant { effect: Some(Effect::Read), ..flagged("@bo", Flag::Force) }, "the effect"),
        (
            Grant { when: Condition::parse("args.app == 'api'").ok(), ..flagged("@bo", Flag::Force) },
            "the condition",
        ),
        (
            Grant { when: Condition::parse("args.nothing").ok(), ..flagged("@bo", Flag::Force) },
            "what nobody can tell",
        ),
    ] {
        assert_eq!(forced(vec![plain(), change], "bo"), denied, "{why}");
    }
    assert_eq!(forced(vec![flagged("token:ci", Flag::Force)], "token"), "allow");
    assert_eq!(forced(vec![flagged("token:ci", Flag::Force)], "reader"), "deny no grant");
    // What is granted by default is granted without flags.
    let built_in = spec("wilco.unlock", Effect::Write);
    let none = policy(Vec::new(), Vec::new());
    assert_eq!(says_with(&none, "cy", &built_in, &[], (true, Flags::NONE)), "allow");
    assert_eq!(says_with(&none, "cy", &built_in, &[], (true, FORCE)), denied);
}

#[test]
fn alone_is_for_persons_and_a_countdown_stands_for_approvals() {
    let write = spec("web.ship", Effect::Write);
    let lead = || Grantee::parse("role:lead").ok();
    let rules = vec![Requirement { approve: 1, by: lead(), ..requirement("web.*") }];
    let grants =
        vec![flagged("@bo", Flag::Alone), flagged("token:ci", Flag::Alone), flagged("operator", Flag::Alone)];
    let policy_of = |rules| policy(grants.clone(), rules);
    let rights = policy_of(rules);
    let alone = |given: &[Given]| says_with(&rights, "bo", &write, given, (true, ALONE));
    for nobody in ["token", "operator"] {
        let answer = says_with(&rights, nobody, &write, &[], (true, ALONE));
        assert_eq!(answer, "deny alone is a right of its own", "{nobody}");
    }
    assert_eq!(alone(&[]), "Approve 0/1, Confirm 0/1, Countdown 0/1");
    let confirm = given(GivenKind::Confirm, "bo", "2026-11-23T09:58:00Z");
    let over = given(GivenKind::Countdown, "bo", "2026-11-23T09:59:00Z");
    assert_eq!(alone(&[confirm.clone(), over.clone()]), "allow");
    assert_eq!(
        alone(std::slice::from_ref(&over)),
        "Approve 0/1, Confirm 0/1, Countdown 0/1",
        "nothing began to count down"
    );
    let waits = "Approve 0/1, Confirm 1/1, Countdown 0/1";
    let early = given(GivenKind::Countdown, "bo", "2026-11-23T09:58:59Z");
    assert_eq!(alone(&[confirm.clone(), early]), waits, "a second too early");
    let theirs = given(GivenKind::Countdown, "ana", "2026-11-23T09:59:00Z");
    assert_eq!(alone(&[confirm.clone(), theirs]), waits, "whose countdown it is");
    let other = Given { plan: Hash::of(b"another plan"), ..over.clone() };
    assert_eq!(alone(&[confirm.clone(), other]), waits, "of another plan");
    // Without the flag it counts for nothing.
    assert_eq!(says(&rights, "bo", &write, &[confirm.clone(), over.clone()], true), "Approve 0/1");
    let ana = given(GivenKind::Approve, "ana", "2026-11-23T09:58:30Z");
    assert_eq!(alone(&[confirm.clone(), ana]), "allow", "an approval is better");
    // What denies denies, and what needs nothing is confirmed and counted down all the same.
    let denies = policy_of(vec![Requirement { deny: Some("no".into()), ..requirement("web.*") }]);
    let both = [confirm, over];
    assert_eq!(says_with(&denies, "bo", &write, &both, (true, ALONE)), "deny wilco.toml:2");
    let step_up = policy_of(vec![Requirement { step_up: true, ..requirement("web.*") }]);
    assert_eq!(says_with(&step_up, "bo", &write, &both, (true, ALONE)), "deny wilco.toml:2");
    let nothing = policy_of(Vec::new());
    assert_eq!(says_with(&nothing, "bo", &write, &[], (true, ALONE)), "Confirm 0/1, Countdown 0/1");
}
