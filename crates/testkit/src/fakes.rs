//! Stand-ins for what surrounds an action: permissions, lines, servers.
//!
//! Not shortcuts around the gate: a permission comes from the real one, asked about a harmless read. For tests only.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use wilco_contract::{
    action::{Cx, Intent, Lines, Look, Stream, Tools},
    clock::{Cancel, Clock},
    command::{DEFAULT_LETTER, Effect, Spec},
    gate::{Ask, Decision, gate},
    http::{Http, HttpError, HttpRequest, HttpResponse},
    ids::{ActionName, CommandId, OpId, Place},
    plan::StepPlan,
    policy::{Flags, Policy},
    principal::Principal,
    secrets::Secrets,
    values::Args,
};
use wilco_runtime::clock::SystemClock;

/// How long [`intent`] and [`look`] leave.
const TIME: SignedDuration = SignedDuration::from_secs(60);

/// The context of a call that the gate permitted.
///
/// # Panics
/// When the gate does not permit the operator a read.
#[must_use]
pub fn cx(intent: Intent, tools: Tools) -> Cx {
    let spec = Spec {
        id: CommandId::parse("test.read").expect("a command id"),
        words: Vec::new(),
        about: "Reads".into(),
        effect: Effect::Read,
        args: Vec::new(),
        examples: Vec::new(),
        require: Vec::new(),
        rate: None,
        lock: None,
        timeout_secs: 60,
        home: None,
        letter: DEFAULT_LETTER,
    };
    let ask = Ask {
        who: &Principal::Operator,
        spec: &spec,
        args: &Args::new(),
        place: &intent.place,
        now: intent.at,
        plan: None,
        given: &[],
        operation: intent.operation.as_ref(),
        flags: Flags::NONE,
    };
    match gate(&Policy::default(), ask).decision {
        Decision::Allow(permitted) => Cx::new(&permitted, intent, tools).expect("the same operation"),
        other => panic!("the operator may read everything, but the gate says {other:?}"),
    }
}

/// A call of an action that belongs to the operation `d-7F3K`, with a minute left.
///
/// # Panics
/// When the name is not an action's.
#[must_use]
pub fn intent(action: &str, args: Value) -> Intent {
    let at = SystemClock.now();
    Intent {
        key: "d-7F3K.build.1".into(),
        operation: Some(OpId::parse("d-7F3K").expect("an id")),
        command: None,
        step: "build".into(),
        action: ActionName::parse(action).expect("an action's name"),
        effect: Effect::Write,
        asker: Principal::Operator,
        place: Place::parse("web:ops").expect("a place"),
        args,
        plan: StepPlan::default(),
        at,
        deadline: at + TIME,
        waits: false,
    }
}

/// What planning may use: the system's clock, these servers, a minute.
#[must_use]
pub fn look(http: Arc<dyn Http>) -> Look {
    Look { http, clock: Arc::new(SystemClock), deadline: SystemClock.now() + TIME }
}

/// The outside of a run: the system's clock, these servers, nobody who wishes it to stop.
#[must_use]
pub fn tools(http: Arc<dyn Http>, lines: Arc<dyn Lines>) -> Tools {
    Tools { http, clock: Arc::new(SystemClock), cancel: Cancel::never(), secrets: Secrets::default(), lines }
}

/// Hears lines and keeps them.
#[derive(Debug, Default)]
pub struct HeardLines(Mutex<Vec<(Stream, String)>>);

impl HeardLines {
    /// What was heard so far.
    pub fn all(&self) -> Vec<(Stream, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a line was heard that contains this text. Looks often, as lines come from other processes.
    ///
    /// # Panics
    /// When that takes longer than half a minute.
    pub async fn wait_for(&self, text: &str) {
        for _ in 0..3000 {
            if self.all().iter().any(|(_, line)| line.contains(text)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("`{text}` was not heard, only {:?}", self.all());
    }
}

impl Lines for HeardLines {
    fn beginning(&self, stream: Stream, text: &str, more: u64) {
        let more = if more == 0 { String::new() } else { format!(" … {more} bytes more") };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((stream, format!("{text}{more}")));
    }
}

/// Servers that give prepared answers, each the next one of its list, the last one again and again.
#[derive(Debug, Default)]
pub struct FakeHttp {
    answers: Mutex<BTreeMap<String, Vec<Result<HttpResponse, HttpError>>>>,
    asked: Mutex<Vec<HttpRequest>>,
}

impl FakeHttp {
    /// Prepares an answer of a server.
    #[must_use]
    pub fn answer(self, server: &str, status: u16, body: &str) -> Self {
        let answer = HttpResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec(), cut: false };
        self.prepare(server, Ok(answer))
    }

    /// Prepares an error of a server.
    #[must_use]
    pub fn fail(self, server: &str, error: HttpError) -> Self {
        self.prepare(server, Err(error))
    }

    fn prepare(self, server: &str, answer: Result<HttpResponse, HttpError>) -> Self {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.entry(server.to_owned()).or_default().push(answer);
        drop(answers);
        self
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<HttpRequest> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Http for FakeHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let server = request.server.clone();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let prepared = answers.get_mut(&server).ok_or(HttpError::NoSuchServer(server))?;
        if prepared.len() > 1 { prepared.remove(0) } else { prepared[0].clone() }
    }
}

/// The time that the system's clock shows, for tests that compare with it.
#[must_use]
pub fn now() -> Timestamp {
    SystemClock.now()
}
