//! Links to pictures of charts, for networks that draw none: the chart is kept, and its picture is drawn when somebody
//! follows the link.
//!
//! Not the drawing, which the HTTP door does. Layer 1.

use wilco_contract::{
    chart::{ChartId, KEPT_SECS, KeptChart},
    ids::Place,
    reply::{Block, Reply},
    store::Record,
};

use crate::{core::Core, planning::later};

/// The most charts of one reply that get a link.
const MAX_LINKS: usize = 8;

/// The reply as it is said in a place: each chart with the address of its picture where the network wants that. Where
/// the charts cannot be kept, they are said without one.
pub(crate) async fn linked(core: &Core, place: &Place, mut reply: Reply) -> Reply {
    let wants = core.ways.to(place).is_some_and(|way| way.caps.pictures);
    if !wants || !reply.blocks.iter().any(|block| matches!(block, Block::Chart(_))) {
        return reply;
    }
    let plain = reply.clone();
    let at = core.clock.now();
    let mut records = Vec::new();
    let charts = reply.blocks.iter_mut().filter_map(|block| match block {
        Block::Chart(chart) => Some(chart),
        _ => None,
    });
    for chart in charts.take(MAX_LINKS) {
        let id = ChartId(core.chance.bytes());
        let (place, until) = (place.clone(), later(at, KEPT_SECS));
        let kept = KeptChart { id, place, at, until, chart: (**chart).clone() };
        records.push(Record::Chart(Box::new(kept)));
        **chart = chart.clone().with_picture(id.path());
    }
    match core.commit(records).await {
        Ok(()) => reply,
        Err(error) => {
            tracing::warn!(%place, %error, "A chart could not be kept, so it is said without a link.");
            plain
        }
    }
}
