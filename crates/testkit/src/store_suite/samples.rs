//! Records to commit, as plain as they can be.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use wilco_contract::{
    command::{Command, Effect, Spec},
    connector::DeliveryKey,
    event::{Arrived, Event, Level, Payload},
    ids::{Account, CommandId, Hash, ObjectId, OpId, Origin, PersonId, Place, Seq, SourceName},
    input::{Input, Message},
    operation::{OpEvent, Operation, State},
    plan::{PLAN_VERSION, Plan, PlanBody},
    principal::Principal,
    reply::Reply,
    slot::{Line, Member, Slot, SlotKind},
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

/// A source.
///
/// # Panics
/// When the name is not well formed.
#[must_use]
pub fn source(name: &str) -> SourceName {
    SourceName::parse(name).expect("a source")
}

/// An object.
///
/// # Panics
/// When the name is not well formed.
#[must_use]
pub fn object(name: &str) -> ObjectId {
    ObjectId::parse(name).expect("an object")
}

/// An event of a source.
#[must_use]
pub fn event(by: &str, id: &str) -> Event {
    Event::new(source(by), id, "issues", at(0))
}

/// An event of a source, with a payload or without.
#[must_use]
pub fn arrived(by: &str, id: &str, body: Option<&str>) -> Arrived {
    Arrived { event: event(by, id), payload: body.map(|body| Payload::pack(body.as_bytes())) }
}

/// A slot without members, in its first version.
#[must_use]
pub fn slot(room: &str, number: u64) -> Slot {
    Slot {
        number,
        place: place(room),
        thread: None,
        kind: SlotKind::Objects,
        turn: number,
        post: 1,
        content: Reply::text(format!("slot {number}")),
        version: 1,
        told: 1,
        opened_at: at(0),
        posted_at: at(0),
        place_count: 0,
        due: None,
        expires_at: at(3_600),
        members: Vec::new(),
        counts: Vec::new(),
        family: None,
        threaded: Vec::new(),
        fold: None,
    }
}

/// An object as a slot has it.
#[must_use]
pub fn member(name: &str) -> Member {
    Member {
        object: object(name),
        reference: name.to_owned(),
        line: "Fix it".to_owned(),
        url: None,
        title: None,
        state: Some("open".to_owned()),
        done: false,
        since: at(0),
        level: Level::Normal,
        parts: Vec::new(),
        newest: at(0),
        stands: at(0),
        event: Seq(1),
        changes: Vec::new(),
        like: None,
    }
}

/// A line to say.
#[must_use]
pub fn line(room: &str, number: u64) -> Line {
    Line {
        number,
        place: place(room),
        thread: None,
        content: Reply::text(format!("line {number}")),
        event: Some(Seq(1)),
        expires_at: at(3_600),
    }
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
            rate: None,
            lock: None,
            timeout_secs: 600,
            home: None,
            letter: 'o',
        },
        origin: Origin::built_in(),
        steps: Vec::new(),
        verify: Vec::new(),
        on_failure: wilco_contract::command::OnFailure::Stop,
        vars: Args::new(),
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
        flags: wilco_contract::policy::Flags::NONE,
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
        plan: Plan {
            body,
            hash,
            will: Vec::new(),
            now: Vec::new(),
            steps: Vec::new(),
            items: std::collections::BTreeMap::new(),
            forced: None,
        },
        needs: Vec::new(),
        given: Vec::new(),
        state: State::Planned,
        why: None,
        failure: None,
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
