//! Answers that are longer than a message of their network.
//!
//! Not the cutting of one message into several: a connector that can does that, and its limit says so. Layer 1.

use std::borrow::Cow;

use wilco_contract::{
    ids::Place,
    reply::{Block, Reply},
};

use crate::core::Core;

/// The answer as a place can show it: where it is too long, the first rows of its table and how many more there are.
///
/// # Errors
/// Where nothing of it can be shown, in a sentence without a full stop.
pub(crate) fn fitting<'a>(core: &Core, place: &Place, reply: &'a Reply) -> Result<Cow<'a, Reply>, String> {
    let Some(most) = core.ways.to(place).map(|way| way.caps.max_bytes) else {
        return Ok(Cow::Borrowed(reply));
    };
    if surely_fits(reply, most) {
        return Ok(Cow::Borrowed(reply));
    }
    let bytes = size(reply);
    if bytes <= most {
        return Ok(Cow::Borrowed(reply));
    }
    first_rows(reply, most).map(Cow::Owned).ok_or_else(|| {
        format!("the answer has {bytes} bytes, and a message in `{place}` at most {most}; say `… | first 20`")
    })
}

/// Whether a few words are so short that nothing needs to be counted: six bytes are the most that one becomes, and a
/// block has some 40 around it.
fn surely_fits(reply: &Reply, most: usize) -> bool {
    let words = |block: &Block| match block {
        Block::Text { text } => Some(6 * text.len() + 64),
        _ => None,
    };
    reply.blocks.iter().map(words).sum::<Option<usize>>().is_some_and(|bytes| bytes + 64 <= most)
}

/// Networks count what they are sent, as words or with its shape. A chart counts as its summary: each network draws it
/// as large as it has room for.
fn size(reply: &Reply) -> usize {
    let said = |block: &Block| match block {
        Block::Chart(chart) => Block::Text { text: chart.summary().to_owned() },
        other => other.clone(),
    };
    let has_charts = reply.blocks.iter().any(|block| matches!(block, Block::Chart(_)));
    let reply = if has_charts {
        Cow::Owned(Reply { blocks: reply.blocks.iter().map(said).collect() })
    } else {
        Cow::Borrowed(reply)
    };
    let shaped = serde_json::to_vec(&*reply).map_or(usize::MAX, |json| json.len());
    shaped.max(reply.plain().len())
}

/// As many rows of the one table as there is room for.
fn first_rows(reply: &Reply, most: usize) -> Option<Reply> {
    let tables = reply.blocks.iter().enumerate().filter_map(|(at, block)| match block {
        Block::Table { columns, rows } => Some((at, columns, rows)),
        _ => None,
    });
    let mut tables: Vec<_> = tables.collect();
    let (at, columns, rows) = tables.pop().filter(|_| tables.is_empty())?;
    let cut = |count: usize| {
        let table = Block::Table { columns: columns.clone(), rows: rows[..count].to_vec() };
        let more = Block::Text { text: format!("{} more; say `… | first 20`.", rows.len() - count) };
        let before = reply.blocks[..at].iter().cloned();
        let after = reply.blocks[at + 1..].iter().cloned();
        Reply { blocks: before.chain([table, more]).chain(after).collect() }
    };
    let (mut fits, mut beyond) = (0, rows.len());
    while beyond - fits > 1 {
        let middle = usize::midpoint(fits, beyond);
        if size(&cut(middle)) <= most {
            fits = middle;
        } else {
            beyond = middle;
        }
    }
    (fits > 0).then(|| cut(fits))
}

#[cfg(test)]
mod tests {
    use wilco_contract::chart::{Along, Chart, ChartKind, MAX_POINTS, Series, Sketch};

    use super::*;

    #[test]
    fn a_chart_counts_as_its_summary() {
        let sketch = Sketch {
            kind: ChartKind::Line,
            title: "load".to_owned(),
            unit: "%".to_owned(),
            along: Along::Labels((0..MAX_POINTS).map(|at| format!("host-{at}")).collect()),
            series: vec![Series { name: "load".to_owned(), values: vec![Some(1.5); MAX_POINTS] }],
        };
        let chart = Chart::draw(sketch).expect("a chart");
        let reply = Reply::text("before").and(Block::Chart(Box::new(chart.clone())));
        let told = Reply::text("before").and(Block::Text { text: chart.summary().to_owned() });
        assert_eq!(size(&reply), size(&told));
        assert!(size(&reply) < 200);
    }

    #[test]
    fn what_surely_fits_does() {
        for text in ["", "pong", "\u{1}\u{1}\u{1}", "a \"b\" \\ c", "🦀🦀"] {
            let reply = Reply::text(text.repeat(9)).and(Block::Text { text: text.to_owned() });
            let most = (0..).find(|most| surely_fits(&reply, *most)).expect("it is short");
            assert!(size(&reply) <= most, "{text}");
        }
        assert!(!surely_fits(&Reply { blocks: vec![Block::Code { text: String::new() }] }, 1_000));
    }
}
