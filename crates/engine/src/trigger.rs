//! Orders that listeners and schedules give: through the gate like anybody's, each once, in their own name.
//!
//! Not when one speaks up: [`crate::listen`] and [`crate::schedule`] say so. None of them ever confirms or approves;
//! what a write needs, a person gives, and not the one whose line set it off. Layer 1.

use std::sync::Arc;

use wilco_contract::{
    connector::DeliveryKey,
    ids::Seq,
    input::Trigger,
    principal::{Principal, ProgramKind},
    reply::{Block, Reply},
    store::Record,
};

use crate::{
    core::Core,
    inbox::{self, Wishes},
    orders::From,
    outbox,
    programs::{self, Came, STALE_SECS},
    words,
};

/// Gives an order, whose record is written, in a task of its own.
pub(crate) fn begin(core: &Arc<Core>, input: Seq, order: Trigger) {
    let core_here = core.clone();
    core.spawn.spawn("trigger", Box::pin(async move { give(&core_here, input, order).await }));
}

async fn give(core: &Arc<Core>, input: Seq, order: Trigger) {
    let who = Principal::Program { program: order.program.clone(), set_off_by: order.set_off_by.clone() };
    // One that is to be made up for is always run.
    if !order.late && core.clock.now().duration_since(order.at).as_secs() > STALE_SECS {
        let at = words::time(core, order.at);
        let text = format!("This was to be run at {at}, which is too long ago. It was not run.");
        return answer(core, &order, Reply::refusal(text), input).await;
    }
    let from = From {
        who,
        place: order.place.clone(),
        thread: order.thread.clone(),
        in_room: true,
        said_at: order.at,
        input: Some(input),
        key: Some(format!("{}/{}", order.place, order.id)),
    };
    match programs::give(core, from, &order.order, Wishes::default()).await {
        Came::Nothing => inbox::handled(core, Some(input)).await,
        // The status of an operation stands in the place.
        Came::Left | Came::Said | Came::Operation(_) => {}
        Came::Told(reply) => answer(core, &order, reply, input).await,
    }
}

/// Says what came of it, and that it needs no more work.
async fn answer(core: &Arc<Core>, order: &Trigger, reply: Reply, input: Seq) {
    let kind = match order.program.kind {
        ProgramKind::Listener => "Listener",
        ProgramKind::Schedule => "Schedule",
    };
    let head = Block::Text { text: format!("{kind} `{}`:", order.program.name) };
    // Words of a line may stand in it, so nothing in it is markup.
    let words = Block::Code { text: order.order.clone() };
    let content = Reply { blocks: [head, words].into_iter().chain(reply.blocks).collect() };
    let Some(thread) = &order.thread else { return stand(core, order, content, input).await };
    let key = DeliveryKey(format!("{}/{}", order.place, order.id));
    if let Err(error) = core.ways.post(&order.place, Some(thread), &content, &key).await {
        tracing::warn!(place = %order.place, %error, "An answer was not shown.");
    }
    inbox::handled(core, Some(input)).await;
}

/// Nobody waits for it, so it stands in the store until it is shown.
async fn stand(core: &Arc<Core>, order: &Trigger, content: Reply, input: Seq) {
    let records = [outbox::line(core, &order.place, None, content), Record::Handled { input }];
    programs::write(core, &order.program.to_string(), &order.place, records.to_vec()).await;
}
