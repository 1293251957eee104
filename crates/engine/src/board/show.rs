//! What slots and lines say.
//!
//! Text from outside is data here: it stands in blocks in which nothing is markup, and no network is told to call
//! everybody. Layer 1.

use std::fmt::Write as _;

use wilco_contract::{
    event::{Level, MAX_LINE, one_line, some_lines},
    ids::ObjectId,
    reply::{Block, Reply},
    slot::{Member, Slot, SlotKind},
};

use super::{Moment, Telling, tell};

/// How much of other people's words is shown in a thread, in characters.
const QUOTED: usize = 300;
/// How long a title may be in a line that stands for several.
const SHORT_TITLE: usize = 40;

/// What a slot shows.
pub(super) fn content(slot: &Slot, moment: &Moment) -> Reply {
    let Some(first) = slot.members.first() else { return Reply::default() };
    let mut reply = match slot.kind {
        SlotKind::Objects if slot.members.len() == 1 => alone(first, moment),
        SlotKind::Objects => several(slot),
        SlotKind::Overflow => counted(slot, &format!("more since {}", time(slot, moment))),
        SlotKind::Digest => counted(slot, "quiet ones today"),
        SlotKind::Fold => counted(slot, "more here"),
    };
    if slot.post > 1 {
        let text = format!("First told {}.", date_time(slot.opened_at, moment));
        reply.blocks.push(Block::Text { text });
    }
    reply
}

fn alone(member: &Member, moment: &Moment) -> Reply {
    let mut text = member.line.clone();
    if tell::is_flapping(member, moment.now) {
        let changes = member.changes.len();
        let minutes = tell::FLAP_SPAN.as_secs() / 60;
        let calm = tell::CALM.as_secs() / 60;
        text = format!(
            "⟳ {} — flapping ({changes} changes in {minutes} min); further changes are folded until {calm} min of calm",
            one_line(&text, 100)
        );
    }
    event(member, Some(member.object.clone()), &text)
}

fn several(slot: &Slot) -> Reply {
    let family = slot.family.as_ref().map_or("events", |(family, _)| family.as_str());
    let mut text = format!("{} {family}:", slot.members.len());
    for (at, member) in slot.members.iter().enumerate() {
        let title = member.title.as_deref().map(|title| one_line(title, SHORT_TITLE)).unwrap_or_default();
        let mut part = format!(" {}", member.reference);
        if !title.is_empty() && title != member.reference {
            let _ = write!(part, " {title}");
        }
        if member.done
            && let Some(state) = &member.state
        {
            let _ = write!(part, " ({state})");
        }
        let left = slot.members.len() - at;
        if text.chars().count() + part.chars().count() + 14 > MAX_LINE {
            let _ = write!(text, " and {left} more");
            break;
        }
        text.push_str(&part);
        if left > 1 {
            text.push(',');
        }
    }
    let newest = slot.members.iter().max_by_key(|member| member.event).expect("a slot has members");
    let mut reply = event(newest, None, &text);
    if let Some(Block::Event { url, state, .. }) = reply.blocks.first_mut() {
        (*url, *state) = (None, None);
    }
    reply
}

fn counted(slot: &Slot, what: &str) -> Reply {
    let total: u64 = slot.counts.iter().map(|count| count.count).sum();
    let mut counts: Vec<_> = slot.counts.iter().collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.count));
    let parts: Vec<_> = counts.iter().map(|count| format!("{} × {}", count.count, count.what)).collect();
    let first = &slot.members[0];
    let head = one_line(&format!("{total} {what}: {}", parts.join(", ")), MAX_LINE - 60);
    let mut reply = event(first, None, &format!("{head}; last: {}", one_line(&first.line, 50)));
    if let Some(Block::Event { url, state, .. }) = reply.blocks.first_mut() {
        (*url, *state) = (None, None);
    }
    reply
}

fn event(member: &Member, object: Option<ObjectId>, text: &str) -> Reply {
    let block = Block::Event {
        event: member.event,
        object,
        state: member.state.clone(),
        level: member.level,
        text: unmentioned(&one_line(text, MAX_LINE + 60)),
        url: member.url.clone(),
    };
    Reply { blocks: vec![block] }
}

/// What is said of an event by itself: its line, and the beginning of its words where they are worth it.
pub(super) fn line(telling: Telling<'_>, with_line: bool) -> Reply {
    let event = telling.event;
    let mut blocks = Vec::new();
    if with_line {
        blocks.push(Block::Event {
            event: telling.seq,
            object: event.object.clone(),
            state: event.state.clone(),
            level: telling.level.max(Level::Thread),
            text: unmentioned(&one_line(telling.line(), MAX_LINE)),
            url: event.url.clone(),
        });
    }
    if let Some(text) = event.text.as_ref().filter(|text| event.quote && !text.trim().is_empty()) {
        blocks.push(Block::Quote { text: unmentioned(&some_lines(text, QUOTED)) });
    }
    Reply { blocks }
}

/// The words by which networks call everybody.
const EVERYBODY: [&str; 5] = ["everyone", "here", "channel", "all", "room"];

/// Text in which a mention of everybody is none: a sign that cannot be seen parts the `@` from the word. Done last, as
/// such signs are what is taken out of text from outside.
pub(super) fn unmentioned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        out.push_str(before);
        out.push('@');
        let word: String =
            after.chars().take_while(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        if EVERYBODY.contains(&word.as_str()) {
            out.push('\u{2060}');
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn time(slot: &Slot, moment: &Moment) -> String {
    slot.opened_at.to_zoned(moment.zone.clone()).strftime("%H:%M %Z").to_string()
}

fn date_time(at: jiff::Timestamp, moment: &Moment) -> String {
    at.to_zoned(moment.zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_by_what_comes_from_outside() {
        let parted = "@\u{2060}everyone look, a@\u{2060}Here and @\u{2060}channel, not @hereby or @ana @";
        assert_eq!(unmentioned("@everyone look, a@Here and @channel, not @hereby or @ana @"), parted);
    }
}
