//! Operations and commands to show.

use std::sync::Arc;

use serde_json::json;
use wilco_contract::{
    command::{ArgSpec, Command, DEFAULT_TIMEOUT_SECS, Effect, Spec},
    gate::Need,
    ids::{CommandId, Hash, OpId, Origin},
    operation::{GivenKind, OpEvent, Operation, Run, State},
    pattern::Pattern,
    plan::{PLAN_VERSION, Plan, PlanBody},
    principal::Principal,
    reply::Field,
    store::{Batch, Record, When},
    values::{ArgType, Args},
};

use super::{Server, person, place};

pub(crate) fn id(number: u64) -> OpId {
    OpId::new('d', number, 4)
}

pub(crate) fn command() -> Command {
    let arg = |name: &str, kind, default| ArgSpec {
        name: name.into(),
        kind,
        about: format!("The {name}"),
        required: true,
        default,
    };
    Command {
        spec: Spec {
            id: CommandId::parse("webapp.release").expect("an id"),
            words: vec![Pattern::parse("release <app>").expect("a pattern")],
            about: "Release a revision".into(),
            effect: Effect::Write,
            args: vec![
                arg("app", ArgType::Choice(vec!["webapp".into(), "billing".into()]), Some(json!("webapp"))),
                arg("wait", ArgType::Duration, None),
            ],
            examples: vec!["release webapp".into()],
            require: Vec::new(),
            rate: None,
            lock: None,
            timeout_secs: DEFAULT_TIMEOUT_SECS,
            home: None,
            letter: 'd',
        },
        origin: Origin::built_in(),
        steps: Vec::new(),
        verify: Vec::new(),
        on_failure: wilco_contract::command::OnFailure::Stop,
        vars: Args::new(),
    }
}

impl Server {
    /// An operation of ana's that awaits approval, as planned; not stored.
    pub(crate) fn operation(&self, number: u64) -> Operation {
        let principal = wilco_web::Desk::person(self.desk.as_ref(), &person("ana")).expect("ana");
        let body = PlanBody {
            version: PLAN_VERSION,
            command: command().spec.id,
            definition: Hash::ZERO,
            args: Args::new(),
            principal: principal.key(),
            place: place("web:ops"),
            targets: vec!["webapp/production".into()],
            inputs: Args::new(),
            steps: Vec::new(),
            undo: vec!["rollback webapp".into()],
            cost_ceiling: None,
            flags: wilco_contract::policy::Flags::NONE,
        };
        let need = Need {
            kind: GivenKind::Approve,
            count: 1,
            by: None,
            within_secs: 3_600,
            rule: "wilco.toml:41".into(),
            have: Vec::new(),
        };
        let run = Run::waiting("ship", false);
        let plan = Plan {
            hash: Hash::of_json(&(number, &body)).expect("json"),
            body,
            will: vec!["webapp: v1 → v2".into()],
            now: vec![Field::new("production", "v1")],
            steps: Vec::new(),
            items: std::collections::BTreeMap::new(),
            forced: None,
        };
        planned(self, number, principal, plan, (need, run))
    }

    /// Stores it.
    pub(crate) async fn keep(&self, operation: Operation) -> Arc<Operation> {
        let now = Arc::new(operation);
        let mut planned = now.as_ref().clone();
        planned.version = 0;
        let event = OpEvent::Planned { operation: Box::new(planned) };
        let records = vec![Record::Operation { event, now: Arc::clone(&now) }];
        self.store.commit(Batch { at: now.created_at, records }, When::Now).await.expect("it is stored");
        now
    }
}

fn planned(
    server: &Server,
    number: u64,
    asker: Principal,
    plan: Plan,
    (need, run): (Need, Run),
) -> Operation {
    let now = wilco_contract::clock::Clock::now(server.clock.as_ref());
    Operation {
        id: id(number),
        command: command(),
        asker,
        order: "release webapp".into(),
        args: Args::new(),
        place: place("web:ops"),
        thread: None,
        home: place("web:deploys"),
        because: Some("the \u{202e}fix\u{1b}[1m is ready".into()),
        key: None,
        retry_of: None,
        plan,
        needs: vec![need],
        given: Vec::new(),
        state: State::AwaitingApproval,
        why: None,
        failure: None,
        lock: Some("webapp/production".into()),
        runs: vec![run],
        slots: Vec::new(),
        created_at: now,
        replanned_at: None,
        expires_at: None,
        started_at: None,
        deadline: None,
        ended_at: None,
        version: 1,
    }
}
