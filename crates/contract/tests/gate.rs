//! The gate as a table: who may do what, where, when, and what it then needs.

use jiff::Timestamp;
use serde_json::json;
use wilco_contract::{
    command::{Effect, Spec},
    expr::Condition,
    gate::{Ask, Decision, gate},
    ids::{Account, CommandId, Hash, Origin, PersonId, Place, RoleName},
    operation::{Given, GivenKind},
    plan::{PLAN_VERSION, Plan, PlanBody},
    policy::{Glob, Grant, Grantee, Person, Policy, Requirement},
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
    };
    Plan {
        hash: Hash::of(b"plan"),
        body,
        will: Vec::new(),
        now: Vec::new(),
        steps: Vec::new(),
        items: std::collections::BTreeMap::new(),
    }
}

fn place() -> Place {
    Place::parse("web:ops").expect("a place")
}

/// What the gate says, in a word or two. `who` is a person, `guest`, `operator`, `token` or `reader`.
fn says(policy: &Policy, who: &str, spec: &Spec, given: &[Given], planned: bool) -> String {
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
    };
    match gate(policy, ask).decision {
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
