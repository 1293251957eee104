//! Orders that rules give: through the gate like anybody's, each once, answered where the event is told.
//!
//! Not when a rule speaks up: [`super::judge`] says so. A rule never confirms or approves; what a write needs, a
//! person gives. Layer 1.

use std::sync::Arc;

use wilco_contract::{
    ids::Seq,
    input::RuleOrder,
    principal::Principal,
    reply::{Block, Reply},
    store::Record,
};

use crate::{
    breaker,
    core::Core,
    inbox::{self, Wishes},
    orders::From,
    outbox,
    programs::{self, Came, STALE_SECS},
    words,
};

/// Gives a rule's order, whose record is written, in a task of its own.
pub(crate) fn begin(core: &Arc<Core>, input: Seq, order: RuleOrder) {
    let core_here = core.clone();
    core.spawn.spawn("rule", Box::pin(async move { give(&core_here, input, order).await }));
}

async fn give(core: &Arc<Core>, input: Seq, order: RuleOrder) {
    let who = Principal::Rule { name: order.rule.clone(), event: order.event, signed: order.signed };
    if core.clock.now().duration_since(order.at).as_secs() > STALE_SECS {
        let at = words::time(core, order.at);
        let text = format!("The event came at {at}, which is too long ago. It was not run.");
        return answer(core, &order, Reply::refusal(text), Some(input)).await;
    }
    if !breaker::passes(core, &order.place, &who.key()).await {
        return inbox::handled(core, Some(input)).await;
    }
    let from = From {
        who,
        place: order.place.clone(),
        thread: None,
        in_room: false,
        said_at: order.at,
        input: Some(input),
        key: Some(format!("rule/{}", order.id)),
    };
    let wishes = Wishes { because: Some(format!("event {}", order.event)), dry_run: false };
    match programs::give(core, from, &order.order, wishes).await {
        Came::Nothing => inbox::handled(core, Some(input)).await,
        Came::Left | Came::Said => {}
        // Its record says that the order was handled.
        Came::Operation(operation) => {
            let text = format!("{} is {}.", operation.id, operation.state);
            answer(core, &order, Reply::text(text), None).await;
        }
        Came::Told(reply) => answer(core, &order, reply, Some(input)).await,
    }
}

/// Says what came of it, in the thread of the event's line, and that it needs no more work.
async fn answer(core: &Arc<Core>, order: &RuleOrder, reply: Reply, input: Option<Seq>) {
    let head = Block::Text { text: format!("Rule `{}`, event {}:", order.rule, order.event) };
    // Words of the event may stand in it, so nothing in it is markup.
    let words = Block::Code { text: order.order.clone() };
    let content = Reply { blocks: [head, words].into_iter().chain(reply.blocks).collect() };
    let line = outbox::line(core, &order.place, order.slot, content);
    let handled = input.map(|input| Record::Handled { input });
    let records: Vec<_> = [line].into_iter().chain(handled).collect();
    programs::write(core, &format!("rule:{}", order.rule), &order.place, records).await;
}
