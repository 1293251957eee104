//! What comes in from rooms: is it said to us, is it kept, and in which turn is it worked off.
//!
//! Not what becomes of an order: [`crate::orders`]. Nothing is acknowledged to a network before it is committed or
//! needs no keeping. Layer 1.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use wilco_contract::{
    command::Command,
    connector::{Ack, Arrival, DeliveryKey},
    ids::{OpId, Place, Seq},
    input::{Input, Message, Press, is_thumbs_up},
    policy::Flags,
    principal::Principal,
    reply::{PressKind, Reply},
    store::{AuditEntry, Record, StoreError},
};

use crate::{
    Answer, Decide, NotDecided, PlanSeen, RefusedKind, alias,
    catalogue::Reading,
    core::Core,
    dialogue::{self, Lacking, Turn, Whole},
    edited,
    hints::{self, Of},
    lanes::{Entered, Queued, Waiting},
    life, listen,
    orders::{self, From, Given},
    parse::{self, Addressed},
    planning, reacted, reads,
    route::rules,
    stop_words::{self, open_no},
    telemetry, trigger,
    waits::answers,
    words,
};

/// How old an order may be and still be run, in seconds.
const STALE_SECS: i64 = 120;

/// How many commands a line that is none suggests.
const MAX_SUGGESTED: usize = 3;

/// The words that overtake orders which wait.
pub(crate) const CONTROL: [&str; 5] = ["confirm", "approve", "deny", "abort", "yes"];

/// Whether words are of control: they overtake orders that wait, and no limit holds them up.
pub(crate) fn is_control(words: &str) -> bool {
    let mut words = words.split_whitespace();
    let first = parse::lower(words.next().unwrap_or_default());
    // Other words may begin with this one; with an operation behind it, it is an answer.
    CONTROL.contains(&&*first)
        || (first == "answer" && words.next().is_some_and(|word| OpId::parse(word).is_ok()))
}

/// Takes in what arrived. Returns once it is kept, so that a reader that waits for it reads no faster than that.
pub(crate) async fn accept(core: &Arc<Core>, arrival: Arrival) {
    let Arrival { input, kept, ack, .. } = arrival;
    match input {
        Input::Message(message) => hear(core, message, kept, ack).await,
        Input::Press(press) => pressed(core, press, kept, ack).await,
        Input::Happened(happening) => match reacted::press(core, &happening) {
            Some(press) => pressed(core, press, None, ack).await,
            None => {
                listen::happened(core, &happening).await;
                acknowledge(ack);
            }
        },
        Input::Edited(edit) => {
            edited::heard(core, edit);
            acknowledge(ack);
        }
        // No connector yields one; the router's and the engine's own are begun where they are written.
        Input::Rule(_) | Input::Trigger(_) => acknowledge(ack),
    }
}

fn acknowledge(ack: Option<Ack>) {
    if let Some(ack) = ack {
        ack.send();
    }
}

async fn hear(core: &Arc<Core>, message: Message, kept: Option<Seq>, ack: Option<Ack>) {
    core.hear(&message.place);
    let wanted = dialogue::wants(core, &message) || answers::wants(core, &message);
    // Where yes or no was asked, yes is an answer.
    let order = order_in(core, &message).filter(|_| !(wanted && is_yes(&parse::clean(&message.text))));
    if order.is_none() && !wanted {
        // Chatter: neither stored nor copied, and answered where a listener hears it.
        listen::heard(core, &message, kept).await;
        return acknowledge(ack);
    }
    if kept.is_none()
        && ack.is_none()
        && let Some(said) = &order
        && let Some(meant) = reads::meant(core, &message, said)
    {
        return reads::take(core, Queued { message, order, meant, input: None }).await;
    }
    let input = match keep(core, Input::Message(message.clone()), kept).await {
        Ok(input) => input,
        Err(StoreError::Conflict(_)) => {
            telemetry::repeated(&message.place);
            return acknowledge(ack);
        }
        Err(error) => {
            // Not acknowledged: a network that can delivers it again.
            if let Some(order) = order.filter(|order| is_control(order)) {
                let core_here = core.clone();
                let turn = async move { unkept(&core_here, &message, &order, &error).await };
                return core.spawn.spawn("control", Box::pin(turn));
            }
            return post(core, &message, &orders::unwritten(&error)).await;
        }
    };
    acknowledge(ack);
    if is_fresh(core, message.at) {
        take(core, Waiting { message, order, input }).await;
    } else {
        too_late(core, message, input);
    }
}

/// Answers an order that came while we were away: the world may have gone on since it was said.
fn too_late(core: &Arc<Core>, message: Message, input: Seq) {
    let at = words::time(core, message.at);
    let text =
        format!("This order came at {at}, when I was away. It was not run; give it again if it still holds.");
    // Beside all else: the network may not be there yet, and a start waits for none.
    let core_here = core.clone();
    let answer = async move {
        post(&core_here, &message, &Reply::text(text)).await;
        handled(&core_here, Some(input)).await;
    };
    core.spawn.spawn("answer", Box::pin(answer));
}

/// A word about an operation that could not be kept. A no to what starts soon is told it all the same: it must not be
/// lost because of that.
async fn unkept(core: &Arc<Core>, message: &Message, order: &str, error: &StoreError) {
    let reply = match open_no(core, order) {
        Some((press, operation)) => {
            let who = core.with_policy(|policy| policy.resolve(&message.from));
            let plan = PlanSeen::At(message.at);
            let decide = Decide { who, press, operation: operation.clone(), plan, because: None };
            match orders::decided(life::decisions::decide(core, decide).await, &operation, press) {
                Answer::Done { reply, .. } | Answer::Refused { reply, .. } => reply,
                Answer::Operation(_) => return,
            }
        }
        None => Reply::refusal(format!(
            "What you said could not be written, so it does not count: {error}. Say it again."
        )),
    };
    post(core, message, &reply).await;
}

/// Lets a kept order take its turn; a word of control takes it at once, and so does an answer.
async fn take(core: &Arc<Core>, waiting: Waiting) {
    let order = waiting.order.as_deref();
    if order.is_some_and(is_control) || answers::overtakes(core, &waiting.message, order) {
        let core_here = core.clone();
        let turn = async move { work_off(&core_here, waiting).await };
        return core.spawn.spawn("control", Box::pin(turn));
    }
    line_up(core, waiting.into()).await;
}

/// Lets an order wait for those that its speaker gave there before.
pub(crate) async fn line_up(core: &Arc<Core>, queued: Queued) {
    let limit = core.live.load().setup.limits.lane;
    let key = (queued.message.place.clone(), queued.message.from.clone());
    match core.lanes.enter(&key, queued, limit).await {
        Entered::Waits => {}
        Entered::First => {
            let core_here = core.clone();
            let lane = async move {
                while let Some(queued) = core_here.lanes.next(&key) {
                    turn(&core_here, queued).await;
                }
            };
            core.spawn.spawn("lane", Box::pin(lane));
        }
        Entered::Full { tell, queued } => {
            handled(core, queued.input).await;
            if tell {
                let who = core.with_policy(|policy| policy.resolve(&queued.message.from));
                let most = limit.unwrap_or_default();
                let text = format!(
                    "{most} of your orders wait here already, so I take no more until one of them is done."
                );
                let reply = Reply::refusal(text);
                core.note(limited(&who, &queued.message, &reply)).await;
                post(core, &queued.message, &reply).await;
            }
        }
    }
}

/// The turn of an order in its lane.
async fn turn(core: &Arc<Core>, queued: Queued) {
    let Queued { message, order, meant, input } = queued;
    let input = match (input, &order) {
        (Some(input), _) => Some(input),
        (None, Some(order)) if !reads::is_asked(core, &message) => {
            return give(core, message, order, None, meant).await;
        }
        // Since it was heard its speaker was asked something, so it may be an answer.
        (None, _) => keep_late(core, &message).await,
    };
    if let Some(input) = input {
        work_off(core, Waiting { message, order, input }).await;
    }
}

/// Keeps an order that was taken for a read when it was heard. `None` where it cannot be: whoever has to know was told.
async fn keep_late(core: &Core, message: &Message) -> Option<Seq> {
    match keep(core, Input::Message(message.clone()), None).await {
        Ok(input) => return Some(input),
        Err(StoreError::Conflict(_)) => telemetry::repeated(&message.place),
        Err(error) => post(core, message, &orders::unwritten(&error)).await,
    }
    None
}

/// That somebody gave more orders than the limits let through, for the record.
fn limited(who: &Principal, message: &Message, reply: &Reply) -> AuditEntry {
    AuditEntry {
        kind: "order.limited".to_owned(),
        who: who.key(),
        account: Some(message.from.clone()),
        operation: None,
        command: None,
        place: Some(message.place.clone()),
        text: reply.plain(),
        rule: Some("limits".to_owned()),
    }
}

/// The order in a message, without our name; `None` for chatter.
fn order_in(core: &Core, message: &Message) -> Option<String> {
    let live = core.live.load();
    let to_us = message.to_us || message.place.direct().is_some();
    let who = || live.setup.policy.resolve(&message.from);
    let spoken = || from(who(), message, message.at, None);
    match parse::read_line(&message.text, &live.names, to_us) {
        Addressed::ToUs(order) => {
            Some(stop_words::read(core, &order, spoken, true).unwrap_or_else(|| order.into_owned()))
        }
        Addressed::NotToUs => {
            let text = parse::clean(&message.text);
            if is_yes(&text) {
                return orders::sole_waiting(core, &who(), &message.place)
                    .ok()
                    .map(|id| format!("confirm {id}"));
            }
            // Whoever sees a countdown has no time to think of how one speaks to us.
            let stop = stop_words::read(core, &text, spoken, false);
            stop.filter(|order| stop_words::is_open(order) || open_no(core, order).is_some())
        }
    }
}

/// The order in words that are said to us by another door; `None` where nothing is left of them.
pub(crate) fn called(core: &Core, words: &str, who: &Principal, place: Option<&Place>) -> Option<String> {
    let live = core.live.load();
    let spoken = || From {
        who: who.clone(),
        place: place.unwrap_or(&live.setup.home).clone(),
        thread: None,
        in_room: place.is_some(),
        said_at: core.clock.now(),
        input: None,
        key: None,
    };
    match parse::read_line(words, &live.names, true) {
        Addressed::ToUs(order) => {
            Some(stop_words::read(core, &order, spoken, true).unwrap_or_else(|| order.into_owned()))
        }
        Addressed::NotToUs => None,
    }
}

pub(crate) fn is_yes(text: &str) -> bool {
    let text = text.trim().trim_end_matches('.');
    text.eq_ignore_ascii_case("yes") || is_thumbs_up(text)
}

/// Commits an order before it is acknowledged, unless its connector did.
async fn keep(core: &Core, input: Input, kept: Option<Seq>) -> Result<Seq, StoreError> {
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let batch = wilco_contract::store::Batch { at: core.clock.now(), records: vec![Record::Input(input)] };
    let seq = core.store.commit(batch, wilco_contract::store::When::Now).await?;
    seq.ok_or_else(|| StoreError::Corrupt("an input got no number".to_owned()))
}

/// Says that an input needs no more work. Written behind: an order that is worked off twice is recognised.
pub(crate) async fn handled(core: &Core, input: Option<Seq>) {
    let Some(input) = input else { return };
    if let Err(error) = core.commit_soon(vec![Record::Handled { input }]).await {
        tracing::error!(%error, "A handled order could not be recorded as such.");
    }
}

/// Works off one order and says what came of it.
async fn work_off(core: &Arc<Core>, waiting: Waiting) {
    if let Some(reply) = answers::torn(core, &waiting) {
        post(core, &waiting.message, &reply).await;
        return handled(core, Some(waiting.input)).await;
    }
    match dialogue::turn(core, &waiting).await {
        Turn::NotMine => {}
        Turn::Taken => return,
        Turn::Whole(whole) => return give_whole(core, *whole).await,
    }
    if answers::turn(core, &waiting).await {
        return;
    }
    let Waiting { message, order, input } = waiting;
    match order {
        Some(order) => give(core, message, &order, Some(input), None).await,
        None => listen::heard(core, &message, Some(input)).await,
    }
}

/// Gives an order and says what came of it.
async fn give(
    core: &Arc<Core>,
    message: Message,
    order: &str,
    input: Option<Seq>,
    meant: Option<Box<reads::Meant>>,
) {
    let (mut from, meant) = match meant.and_then(|meant| meant.today(core)) {
        Some((from, reading)) => (from, Some(reading)),
        None => {
            let who = core.with_policy(|policy| policy.resolve(&message.from));
            (from(who, &message, message.at, input), None)
        }
    };
    let beyond = if is_control(order) { None } else { orders::beyond_limit(core, &from.who) };
    if let Some((answer, tell)) = beyond {
        handled(core, input).await;
        if let (Answer::Refused { reply, .. }, true) = (answer, tell) {
            core.note(limited(&from.who, &message, &reply)).await;
            post(core, &message, &reply).await;
        }
        return;
    }
    let order = if is_yes(order) { "confirm" } else { order };
    let (reading, line) = match meant {
        Some(reading) => (reading, None),
        None => alias::read(core, &from, order),
    };
    if from.input.is_none() && !reads::only_reads(&reading) {
        // Since it was heard its words came to mean something else.
        from.input = keep_late(core, &message).await;
        if from.input.is_none() {
            return;
        }
    }
    let input = from.input;
    let reading = match reading {
        Reading::Incomplete { command, missing, given, flags, usage }
            if !is_control(order) && crate::may_use(core, &command, &from.who, &from.place) =>
        {
            if let Some(answer) = orders::misflagged(core, &from, (&command, &given), &flags).await {
                return tell(core, &message, input, Understood::Answer(answer)).await;
            }
            let input = input.expect("what does more than read is kept");
            let lacking = Lacking { command, missing, given, flags, usage };
            return dialogue::open(core, &message, input, lacking).await;
        }
        reading => reading,
    };
    edited::gave(core, &message, &reading);
    let json = asks_json(&reading, order);
    let said = answer(core, from, reading, json).await;
    tell(core, &message, input, alias::echo(said, line)).await;
}

/// Gives an order that answers made whole. It was counted when it was begun.
async fn give_whole(core: &Arc<Core>, whole: Whole) {
    let Whole { message, said_at, input, order } = whole;
    let who = core.with_policy(|policy| policy.resolve(&message.from));
    let from = from(who, &message, said_at, input);
    let json = order.flags.json;
    let reading = Reading::Order(order);
    edited::gave(core, &message, &reading);
    let said = match answer(core, from, reading, json).await {
        // It was just told that the order is understood, so what came of it is told as well.
        Understood::Answer(Answer::Refused { reply, kind: RefusedKind::StillLimited }) => {
            Understood::Answer(Answer::Refused { reply, kind: RefusedKind::Limited })
        }
        said => said,
    };
    tell(core, &message, input, said).await;
}

pub(crate) fn from(who: Principal, message: &Message, said_at: Timestamp, input: Option<Seq>) -> From {
    let thread = message.thread.clone().unwrap_or_else(|| message.id.clone());
    From {
        who,
        place: message.place.clone(),
        thread: Some(thread),
        in_room: true,
        said_at,
        input,
        key: Some([message.place.as_str(), "/", &message.id].concat()),
    }
}

/// Says what came of an order, and that it needs no more work.
async fn tell(core: &Arc<Core>, message: &Message, input: Option<Seq>, said: Understood) {
    match said {
        Understood::Silence => handled(core, input).await,
        // Its record says that the order was handled, and its status message stands in the room.
        Understood::Answer(Answer::Operation(_)) => {}
        // Left for the next start: it was accepted.
        Understood::Answer(Answer::Refused { kind: RefusedKind::Unavailable, .. }) if core.is_stopping() => {}
        // It was told before, and nobody reads it thirty times.
        Understood::Answer(Answer::Refused { kind: RefusedKind::StillLimited, .. }) => {
            handled(core, input).await;
        }
        Understood::Answer(Answer::Done { reply, .. } | Answer::Refused { reply, .. }) => {
            post(core, message, &reply).await;
            handled(core, input).await;
        }
    }
}

/// What a door adds to the words of an order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) because: Option<String>,
    pub(crate) dry_run: bool,
}

/// What came of words.
pub(crate) enum Understood {
    /// They were near no command: nobody asked us.
    Silence,
    /// They were, or were meant to be, an order.
    Answer(Answer),
}

/// Reads words that a program says, and gives the order in them. Names for orders are people's.
pub(crate) async fn understand(core: &Arc<Core>, from: From, words: &str, wishes: Wishes) -> Understood {
    let live = core.live.load_full();
    let reading = live.catalogue.read(words, &from.asked(&live.setup.policy));
    follow(core, from, reading, wishes).await
}

/// Whether an order is to be answered as JSON.
fn asks_json(reading: &Reading, words: &str) -> bool {
    match reading {
        Reading::Order(order) => order.flags.json,
        _ => parse::asks_json(words),
    }
}

/// Gives an order that was read and answers it, as JSON where that was asked for.
async fn answer(core: &Arc<Core>, from: From, reading: Reading, json: bool) -> Understood {
    if !json {
        return follow(core, from, reading, Wishes::default()).await;
    }
    let told = from.clone();
    match follow(core, from, reading, Wishes::default()).await {
        Understood::Answer(Answer::Operation(operation)) => {
            let key = DeliveryKey(format!("answer/json/{}", operation.id));
            let reply = orders::json::operation(&operation);
            if let Err(error) = core.ways.post(&told.place, told.thread.as_deref(), &reply, &key).await {
                tracing::warn!(place = %told.place, %error, "An answer was not shown.");
            }
            Understood::Answer(Answer::Operation(operation))
        }
        Understood::Answer(answer) => Understood::Answer(orders::json::answer(answer)),
        Understood::Silence => Understood::Silence,
    }
}

/// Gives an order that was read, or says why it is none, in words that work where it was given.
pub(crate) async fn follow(core: &Arc<Core>, from: From, reading: Reading, wishes: Wishes) -> Understood {
    let of = match &reading {
        Reading::Help { .. } => Of::Help,
        Reading::Order(order) if order.command.spec.id.as_str() == "wilco.help" => Of::Help,
        _ => Of::Refusal,
    };
    let is_addressed = from.is_addressed();
    let said = followed(core, from, reading, wishes).await;
    if is_addressed { hints::in_answer(core, of, said) } else { said }
}

async fn followed(core: &Arc<Core>, from: From, reading: Reading, wishes: Wishes) -> Understood {
    let live = core.live.load_full();
    let in_room = from.is_addressed();
    let refused =
        |text: String, kind| Understood::Answer(Answer::Refused { reply: Reply::refusal(text), kind });
    let may = |command: &Command| crate::may_use(core, command, &from.who, &from.place);
    match reading {
        Reading::Empty => {
            let text = "Say `help` to see what I can do.".to_owned();
            Understood::Answer(Answer::Refused { reply: Reply::text(text), kind: RefusedKind::Unknown })
        }
        Reading::Help { command } => {
            let id = command.as_ref().map(|command| command.spec.id.as_str());
            let reply = live.catalogue.help(&may, id);
            Understood::Answer(Answer::Done { reply, rows: None })
        }
        Reading::Order(mut order) => {
            if let Err(answer) = orders::choices::settle(core, &from, &mut order).await {
                return Understood::Answer(answer);
            }
            // What is shown before is the order as it will be given.
            let dry_run = order.take_dry_run() || wishes.dry_run;
            let given = Given {
                json: order.flags.json,
                said: order.said(),
                then: order.flags.then,
                command: order.command,
                args: order.args,
                because: order.flags.because.or(wishes.because),
                dry_run,
                flags: Flags { force: order.flags.force, alone: order.flags.alone },
                retry_of: None,
            };
            Understood::Answer(orders::give(core, from, given).await)
        }
        Reading::Incomplete { command, .. }
            if command.spec.id == planning::own("abort")
                && let Some(which) = stop_words::which(core, &from) =>
        {
            refused(which, RefusedKind::Malformed)
        }
        Reading::Incomplete { command, missing, usage, .. } => {
            let described = |missing: &String| {
                let kind = command.spec.args.iter().find(|arg| arg.name == *missing).map(|arg| &arg.kind);
                kind.map_or_else(|| format!("`{missing}`"), |kind| format!("`{missing}` ({kind})"))
            };
            let missing: Vec<_> = missing.iter().map(described).collect();
            refused(format!("{} is missing. Say `{usage}`.", missing.join(" and ")), RefusedKind::Malformed)
        }
        Reading::Malformed { what, usage, .. } => {
            let usage = if usage.is_empty() { usage } else { format!(" Say `{usage}`.") };
            refused(format!("{}.{usage}", what.trim_end_matches('.')), RefusedKind::Malformed)
        }
        Reading::Unknown { near } => {
            let near = near
                .into_iter()
                .filter(|(_, id)| live.catalogue.command(id).is_some_and(|command| may(command)));
            let near: Vec<_> = near.take(MAX_SUGGESTED).map(|(usage, _)| format!("`{usage}`")).collect();
            if !near.is_empty() {
                let text = format!("There is no such command. Did you mean {}?", near.join(" or "));
                return Understood::Answer(Answer::Refused {
                    reply: Reply::text(text),
                    kind: RefusedKind::Unknown,
                });
            }
            if in_room {
                return Understood::Silence;
            }
            let text = "There is no such command. Say `help` to see what there is.".to_owned();
            refused(text, RefusedKind::Unknown)
        }
    }
}

/// Whether what was said or done then still counts.
pub(crate) fn is_fresh(core: &Core, at: Timestamp) -> bool {
    core.clock.now().duration_since(at).as_secs() <= STALE_SECS
}

/// Answers a message in its thread. Once: who waits for an answer asks again.
pub(crate) async fn post(core: &Core, message: &Message, reply: &Reply) {
    let thread = message.thread.as_deref().unwrap_or(&message.id);
    let key = DeliveryKey(["answer/", message.place.as_str(), "/", &message.id].concat());
    let reply = orders::fitting(core, &message.place, reply)
        .unwrap_or_else(|what| Cow::Owned(Reply::refusal(format!("{what}."))));
    if let Err(error) = core.ways.say(&message.place, Some(thread), &reply, &key).await {
        tracing::warn!(place = %message.place, %error, "An answer was not shown.");
    }
}

async fn pressed(core: &Arc<Core>, press: Press, kept: Option<Seq>, ack: Option<Ack>) {
    let input = match keep(core, Input::Press(press.clone()), kept).await {
        Ok(input) => input,
        Err(StoreError::Conflict(_)) => return acknowledge(ack),
        Err(error) => {
            tracing::error!(%error, "A press could not be kept.");
            // Not acknowledged; a no is told to its operation all the same, which counts on being stoppable.
            if !matches!(press.press, PressKind::Deny | PressKind::Abort) {
                return;
            }
            let core_here = core.clone();
            let turn = async move { decide(&core_here, &press, None).await };
            return core.spawn.spawn("press", Box::pin(turn));
        }
    };
    acknowledge(ack);
    let core_here = core.clone();
    let turn = async move { decide(&core_here, &press, Some(input)).await };
    core.spawn.spawn("press", Box::pin(turn));
}

async fn decide(core: &Arc<Core>, press: &Press, input: Option<Seq>) {
    let who = core.with_policy(|policy| policy.resolve(&press.from));
    let plan = match press.press {
        PressKind::Confirm | PressKind::Approve => PlanSeen::Hash(press.plan),
        // A no needs no plan: the button may stand under a message that tells of an older one.
        PressKind::Deny | PressKind::Abort => PlanSeen::At(press.at),
    };
    let decide = Decide { who, press: press.press, operation: press.operation.clone(), plan, because: None };
    let decided = life::decisions::decide(core, decide).await;
    if matches!(decided, Err(NotDecided::Unavailable(_))) && core.is_stopping() {
        // Left for the next start: it was accepted.
        return;
    }
    if decided.is_err() {
        let answer = orders::decided(decided, &press.operation, press.press);
        if let Answer::Refused { reply, .. } = answer {
            let key = DeliveryKey(format!("answer/{}/{}", press.place, press.id));
            let reply = named(&reply, press);
            if let Err(error) = core.ways.post(&press.place, None, &reply, &key).await {
                tracing::warn!(place = %press.place, %error, "An answer was not shown.");
            }
        }
    }
    handled(core, input).await;
}

/// A refused press is told with whose it was: others see the room, too.
fn named(reply: &Reply, press: &Press) -> Reply {
    let verb = match press.press {
        PressKind::Confirm => "confirm",
        PressKind::Approve => "approve",
        PressKind::Deny => "deny",
        PressKind::Abort => "stop",
    };
    let mut named = Reply::text(format!("{} pressed {verb} on {}:", press.from, press.operation));
    named.blocks.extend(reply.blocks.clone());
    named
}

/// Takes up orders that were accepted and not worked off before a restart.
pub(crate) async fn recover(core: &Arc<Core>) -> Result<(), StoreError> {
    for (seq, input) in core.store.unhandled().await? {
        match input {
            Input::Message(message) => {
                let Some(order) = order_in(core, &message) else {
                    // An answer follows its order, which is asked for again in the same lane.
                    take(core, Waiting { message, order: None, input: seq }).await;
                    continue;
                };
                // A yes that names nothing was for what waited then; nobody knows any more what that was.
                let names_nothing = is_yes(&parse::clean(&message.text))
                    || is_yes(&order)
                    || order.trim().eq_ignore_ascii_case("confirm");
                if is_fresh(core, message.at) && !names_nothing {
                    take(core, Waiting { message, order: Some(order), input: seq }).await;
                } else {
                    too_late(core, message, seq);
                }
            }
            Input::Press(press) => {
                let core_here = core.clone();
                let turn = async move { decide(&core_here, &press, Some(seq)).await };
                core.spawn.spawn("press", Box::pin(turn));
            }
            // Neither is ever kept.
            Input::Happened(_) | Input::Edited(_) => handled(core, Some(seq)).await,
            Input::Rule(order) => rules::begin(core, seq, order),
            Input::Trigger(order) => trigger::begin(core, seq, order),
        }
    }
    Ok(())
}
