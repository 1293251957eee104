//! The stage that a transcript plays on: rooms, actions and servers that are nothing but what the transcript says.
//!
//! Not the play itself: [`super::play`] speaks the lines. Layer 4.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use schemars::Schema;
use serde_json::Value;
use wilco_contract::{
    action::{ActionError, ActionSpec, Cx, DynAction, Intent, Look, Outcome, Recovery, Tools},
    connector::{Caps, DeliveryKey, Directory, Outbox, Post, Receipt, SendError, Tells},
    http::{Http, HttpError, HttpRequest, HttpResponse},
    ids::{Account, ActionName, Place, SourceName},
    plan::StepPlan,
    reply::Reply,
    source::{BadPayload, BadSignature, Decoded, RawHook, Source, Verified},
};
use wilco_packs::transcript::{Ends, fits_json};

/// What Wilco did in a room.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// Where.
    pub(super) place: Place,
    /// Whether it changed a message, or posted a new one.
    pub(super) edit: bool,
    /// What the message says now, as plain text.
    pub(super) text: String,
    /// Which message it is.
    pub(super) id: String,
    /// In which thread it was posted.
    pub(super) thread: Option<String>,
}

/// The rooms: they keep what was posted, and take every message at once.
#[derive(Default)]
pub(super) struct Rooms {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    heard: Vec<Heard>,
    keys: HashMap<DeliveryKey, Receipt>,
}

impl Rooms {
    /// What these rooms can do: all that any network can.
    pub(super) const CAPS: Caps = Caps {
        edits: true,
        threads: true,
        buttons: true,
        keys: true,
        pictures: false,
        max_bytes: 256 * 1024,
        tells: Tells::ALL,
    };

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was heard from this number on.
    pub(super) fn heard_from(&self, from: usize) -> Vec<Heard> {
        self.kept().heard.get(from..).unwrap_or_default().to_vec()
    }

    /// How much was heard.
    pub(super) fn count(&self) -> usize {
        self.kept().heard.len()
    }
}

#[async_trait]
impl Outbox for Rooms {
    async fn post(&self, post: Post<'_>) -> Result<Receipt, SendError> {
        let mut kept = self.kept();
        if let Some(receipt) = kept.keys.get(post.key) {
            return Ok(receipt.clone());
        }
        let receipt = Receipt { place: post.place.clone(), id: format!("w{}", kept.heard.len() + 1) };
        kept.keys.insert(post.key.clone(), receipt.clone());
        kept.heard.push(Heard {
            place: post.place.clone(),
            edit: false,
            text: post.reply.plain(),
            id: receipt.id.clone(),
            thread: post.thread.map(str::to_owned),
        });
        Ok(receipt)
    }

    async fn edit(&self, at: &Receipt, reply: &Reply) -> Result<(), SendError> {
        let (place, id) = (at.place.clone(), at.id.clone());
        self.kept().heard.push(Heard { place, edit: true, text: reply.plain(), id, thread: None });
        Ok(())
    }
}

#[async_trait]
impl Directory for Rooms {
    async fn exists(&self, _: &Place) -> bool {
        true
    }

    async fn may_read(&self, _: &Account, _: &Place) -> bool {
        true
    }

    async fn members(&self, _: &Place) -> Vec<Account> {
        Vec::new()
    }

    async fn open_dm(&self, account: &Account) -> Option<Place> {
        Place::alone_with(account)
    }
}

/// No servers: every call is an action's, and those are scripted.
pub(super) struct NoServers;

#[async_trait]
impl Http for NoServers {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        Err(HttpError::NotSent { server: request.server, why: "a transcript calls no servers".to_owned() })
    }
}

/// What the outside does, as far as the transcript has said so.
#[derive(Default)]
pub(super) struct Script {
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    calls: Vec<(ActionName, Value, Ends)>,
    plans: Vec<(ActionName, Value, Result<StepPlan, String>)>,
    unscripted: Vec<(ActionName, Value)>,
    unplanned: Vec<(ActionName, Value)>,
}

impl Script {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, calls that fit end like this.
    pub(super) fn call(&self, action: ActionName, args: Value, ends: Ends) {
        self.said().calls.push((action, args, ends));
    }

    /// From now on, plans that fit look like this.
    pub(super) fn plan(&self, action: ActionName, args: Value, plan: Result<StepPlan, String>) {
        self.said().plans.push((action, args, plan));
    }

    /// A call that was made and that no line fits, if there was one.
    pub(super) fn unscripted(&self) -> Option<(ActionName, Value)> {
        self.said().unscripted.first().cloned()
    }

    /// The newest line counts.
    fn end_of(&self, action: &ActionName, args: &Value) -> Option<Ends> {
        let mut said = self.said();
        let found =
            said.calls.iter().rev().find(|(name, partial, _)| name == action && fits_json(partial, args));
        let ends = found.map(|(_, _, ends)| ends.clone());
        if ends.is_none() {
            said.unscripted.push((action.clone(), args.clone()));
        }
        ends
    }

    /// The plans that were asked for and that no line fits, since the last time this was asked.
    pub(super) fn take_unplanned(&self) -> Vec<(ActionName, Value)> {
        std::mem::take(&mut self.said().unplanned)
    }

    /// The newest line counts; without one, a plan says nothing.
    fn plan_of(&self, action: &ActionName, args: &Value) -> Result<StepPlan, String> {
        let mut said = self.said();
        let found =
            said.plans.iter().rev().find(|(name, partial, _)| name == action && fits_json(partial, args));
        let plan = found.map(|(_, _, plan)| plan.clone());
        plan.unwrap_or_else(|| {
            let missing = (action.clone(), args.clone());
            if !said.unplanned.contains(&missing) {
                said.unplanned.push(missing);
            }
            Ok(StepPlan::default())
        })
    }
}

/// An action that declares what the real one declares, and does what the transcript says.
pub(super) struct Scripted {
    real: Arc<dyn DynAction>,
    script: Arc<Script>,
}

impl Scripted {
    /// All these actions, scripted.
    pub(super) fn all(real: &[Arc<dyn DynAction>], script: &Arc<Script>) -> Vec<Arc<dyn DynAction>> {
        let scripted = |real: &Arc<dyn DynAction>| Self { real: real.clone(), script: script.clone() };
        real.iter().map(|real| Arc::new(scripted(real)) as Arc<dyn DynAction>).collect()
    }

    fn fits(&self, args: &Value) -> Result<(), ActionError> {
        let name = self.real.spec().name;
        self.real
            .check(args)
            .map_err(|error| ActionError::failed(format!("the arguments of `{name}` do not fit: {error}")))
    }
}

#[async_trait]
impl DynAction for Scripted {
    fn spec(&self) -> ActionSpec {
        self.real.spec()
    }

    fn schema(&self) -> Schema {
        self.real.schema()
    }

    fn check(&self, args: &Value) -> Result<(), String> {
        self.real.check(args)
    }

    async fn plan(&self, _: &Look, args: &Value) -> Result<StepPlan, ActionError> {
        self.fits(args)?;
        self.script.plan_of(&self.real.spec().name, args).map_err(ActionError::failed)
    }

    async fn run(&self, cx: &Cx) -> Result<Outcome, ActionError> {
        let intent = cx.intent();
        self.fits(&intent.args)?;
        match self.script.end_of(&self.real.spec().name, &intent.args) {
            Some(Ends::Done(outcome)) => Ok(*outcome),
            Some(Ends::Fails(what)) => Err(ActionError::failed(what)),
            Some(Ends::Unknown(what)) => Err(ActionError::unknown(what)),
            Some(Ends::Waits) => {
                let Tools { clock, cancel, .. } = cx.tools();
                let (over, stopped) = (clock.until(intent.deadline), cancel.cancelled());
                futures_util::select_biased! {
                    () = stopped.fuse() => {
                        Err(ActionError::Aborted { what: "It was stopped on request.".to_owned() })
                    }
                    () = over.fuse() => Err(ActionError::failed("It was stopped as its time was over.")),
                }
            }
            None => Err(ActionError::failed("the transcript does not say how this call ends")),
        }
    }

    async fn recover(&self, _: &Tools, _: &Intent) -> Recovery {
        Recovery::NotStarted
    }
}

/// A source whose senders prove themselves by being in the transcript, unless the configuration asks for no proof.
pub(super) struct Signed(Arc<dyn Source>);

impl Signed {
    /// All these sources, so.
    pub(super) fn all(real: Vec<Arc<dyn Source>>) -> Vec<Arc<dyn Source>> {
        real.into_iter().map(|source| Arc::new(Self(source)) as Arc<dyn Source>).collect()
    }
}

impl Source for Signed {
    fn name(&self) -> &SourceName {
        self.0.name()
    }

    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn max_body(&self) -> usize {
        self.0.max_body()
    }

    fn is_signed(&self) -> bool {
        self.0.is_signed()
    }

    fn verify(&self, _: &RawHook<'_>) -> Result<Verified, BadSignature> {
        Ok(Verified { signed: self.0.is_signed() })
    }

    fn decode(&self, hook: &RawHook<'_>, verified: Verified) -> Result<Decoded, BadPayload> {
        self.0.decode(hook, verified)
    }
}
