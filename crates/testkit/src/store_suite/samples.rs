//! Records to commit, as plain as they can be.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use wilco_contract::{
    command::{Command, Effect, Spec},
    connector::DeliveryKey,
    ids::{Account, CommandId, Hash, OpId, Origin, PersonId, Place, Seq},
    input::{Input, Message},
    operation::{OpEvent, Operation, State},
    plan::{PLAN_VERSION, Plan, PlanBody},
    principal::Principal,
    reply::Reply,
    store::{AuditEntry, Batch, Record, RoomMessage, Speaker, SpeakerKind},
    values::Args,
};

/// So many seconds after a fixed time.
#[must_use]
pub fn at(seconds: i64) -> Timestamp {
    let start = Timestamp::new(1_790_000_000, 0).expect("a time in 2026");
    start.checked_add(SignedDuration::from_secs(seconds)).expect("a time soon after")
}

/// A batch at [`at`]`(0)`.
#[must_use]
pub fn batch(records: impl IntoIterator<Item = Record>) -> Batch {
    Batch { at: at(0), records: records.into_iter().collect() }
}

/// A place.
///
/// # Panics
/// When the name is not well formed.
#[must_use]
pub fn place(name: &str) -> Place {
    Place::parse(name).expect("a place")
}

/// An operation's id by its number.
#[must_use]
pub fn op_id(number: u64) -> OpId {
    OpId::new('o', number, 4)
}

/// A hash by a word.
#[must_use]
pub fn hash(word: &str) -> Hash {
    Hash::of(word.as_bytes())
}

/// A person.
///
/// # Panics
/// When the name is not well formed.
#[must_use]
pub fn person(name: &str) -> PersonId {
    PersonId::parse(name).expect("a person")
}

/// Something to remember: a kind, by somebody, saying something.
#[must_use]
pub fn audit(kind: &str, who: &str, text: &str) -> AuditEntry {
    AuditEntry {
        kind: kind.to_owned(),
        who: who.to_owned(),
        account: None,
        operation: None,
        command: None,
        place: Some(place("web:ops")),
        text: text.to_owned(),
        rule: None,
    }
}

/// A read that was audited.
#[must_use]
pub fn read(text: &str) -> Record {
    Record::Audit(audit("order.read", "@ana", text))
}

/// A message by a person.
#[must_use]
pub fn message(room: &str, text: &str) -> RoomMessage {
    RoomMessage {
        seq: Seq(0),
        changed: Seq(0),
        at: at(0),
        place: place(room),
        thread: None,
        from: Speaker { kind: SpeakerKind::Person, id: "ana".to_owned(), name: "Ana Lima".to_owned() },
        text: text.to_owned(),
        reply: Reply::default(),
        version: 1,
        operation: None,
        key: None,
    }
}

/// A message with a key.
#[must_use]
pub fn keyed(room: &str, text: &str, key: &str) -> RoomMessage {
    RoomMessage { key: Some(DeliveryKey(key.to_owned())), ..message(room, text) }
}

/// An order by Ana.
#[must_use]
pub fn input(room: &str, id: &str, text: &str) -> Input {
    Input::Message(Message {
        id: id.to_owned(),
        place: place(room),
        thread: None,
        from: Account::parse("web:ana").expect("an account"),
        text: text.to_owned(),
        at: at(0),
        to_us: true,
    })
}

/// A new operation, with the record of its beginning.
#[must_use]
pub fn planned(number: u64, key: Option<&str>) -> (Operation, Record) {
    let mut operation = blank(number);
    operation.key = key.map(str::to_owned);
    let event = OpEvent::Planned { operation: Box::new(operation.clone()) };
    step(operation, event)
}

/// The operation one event later, with the record of it.
///
/// # Panics
/// When the event does not fit.
#[must_use]
pub fn step(mut operation: Operation, event: OpEvent) -> (Operation, Record) {
    operation.apply(&event).expect("an event that fits");
    let record = Record::Operation { event, now: Arc::new(operation.clone()) };
    (operation, record)
}

/// The operation in another state, with the record of it.
#[must_use]
pub fn moved(operation: Operation, to: State) -> (Operation, Record) {
    step(operation, OpEvent::Moved { to, at: at(1), why: None, by: None, expires_at: None })
}

fn blank(number: u64) -> Operation {
    let command = Command {
        spec: Spec {
            id: CommandId::parse("demo.stage").expect("a command id"),
            words: Vec::new(),
            about: "Stage the demo".to_owned(),
            effect: Effect::Write,
            args: Vec::new(),
            examples: Vec::new(),
            require: Vec::new(),
            lock: None,
            timeout_secs: 600,
            home: None,
            letter: 'o',
        },
        origin: Origin::built_in(),
        steps: Vec::new(),
        verify: Vec::new(),
    };
    let args: Args = serde_json::from_str(r#"{"ref": "v1", "share": 1.0, "hosts": 3}"#).expect("arguments");
    let body = PlanBody {
        version: PLAN_VERSION,
        command: command.spec.id.clone(),
        definition: command.digest(),
        args: args.clone(),
        principal: "@ana".to_owned(),
        place: place("web:ops"),
        targets: vec!["demo/staging".to_owned()],
        inputs: Args::default(),
        steps: Vec::new(),
        undo: Vec::new(),
        cost_ceiling: None,
    };
    let hash = Hash::of_json(&body).expect("a plan is JSON");
    Operation {
        id: op_id(number),
        command,
        asker: Principal::Person {
            id: person("ana"),
            name: "Ana Lima".to_owned(),
            roles: Vec::new(),
            account: Account::parse("web:ana").expect("an account"),
        },
        order: "stage demo v1".to_owned(),
        args,
        place: place("web:ops"),
        thread: None,
        home: place("web:ops"),
        because: None,
        key: None,
        retry_of: None,
        plan: Plan { body, hash, will: Vec::new(), now: Vec::new(), steps: Vec::new() },
        needs: Vec::new(),
        given: Vec::new(),
        state: State::Planned,
        why: None,
        lock: None,
        runs: Vec::new(),
        slots: Vec::new(),
        created_at: at(0),
        replanned_at: None,
        expires_at: None,
        started_at: None,
        deadline: None,
        ended_at: None,
        version: 0,
    }
}
