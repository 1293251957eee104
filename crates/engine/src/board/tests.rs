//! What holds of the board whatever events come, in whatever order.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proptest::prelude::*;
use wilco_contract::{
    event::{Event, Level, MAX_LINE},
    ids::{ObjectId, Place, Seq, SourceName},
    reply::Block,
    slot::{Shown, ShownSlot, SlotKind},
};

use super::{Board, Moment, Telling};

/// An event as the strategy draws it: object, minute, state, level, family, group.
type Drawn = (u8, i64, u8, u8, bool, bool);

fn event((object, minute, state, level, family, _): Drawn, number: usize) -> Event {
    let source = SourceName::parse("github").expect("a name");
    let at = Timestamp::from_second(1_800_000_000 + minute * 60).expect("a time");
    let mut event = Event::new(source, number.to_string(), "issues", at);
    event.object = Some(ObjectId::parse(&format!("github:a/b#{object}")).expect("an object"));
    event.title = Some(format!("<b>@everyone</b> {object} {}", "long ".repeat(usize::from(object) * 9)));
    event.state = [None, Some("open"), Some("closed")][usize::from(state % 3)].map(str::to_owned);
    event.done = state % 3 == 2;
    event.level =
        [Level::Off, Level::Digest, Level::Thread, Level::Normal, Level::Loud][usize::from(level % 5)];
    event.line = format!("line {number} of {object}");
    event.head = (state % 3 != 0).then(|| format!("head {number} of {object}"));
    event.family = family.then(|| "issues opened in a/b".to_owned());
    event
}

proptest! {
    #[test]
    fn rooms_are_never_flooded_and_slots_always_say_something(
        drawn in proptest::collection::vec((0..30u8, 0..90i64, any::<u8>(), any::<u8>(), any::<bool>(), any::<bool>()), 1..250),
        pause in 0..90i64,
    ) {
        let mut board = Board::default();
        let place = Place::parse("web:ops").expect("a place");
        let mut now = Timestamp::from_second(1_800_006_000).expect("a time");
        let (mut posts, mut loud) = (0usize, 0usize);
        let began = now;
        for (number, drawn) in drawn.iter().enumerate() {
            let moment = Moment { now, zone: TimeZone::UTC };
            let event = event(*drawn, number);
            loud += usize::from(event.level == Level::Loud);
            let telling = Telling {
                seq: Seq(number as u64 + 1),
                event: &event,
                level: event.level,
                group: Some(30),
                say: None,
                muted: drawn.5 && number % 7 == 0,
                threads: true,
            };
            board.tell(&moment, &place, telling);
            board.look(&moment);
            let changes = board.take_changes();
            for slot in &changes.slots {
                prop_assert!(slot.version >= 1 && !slot.members.is_empty());
                let Some(Block::Event { text, .. }) = slot.content.blocks.first() else {
                    return Err(TestCaseError::fail(format!("{slot:?} shows no line")));
                };
                prop_assert!(!text.is_empty() && text.chars().filter(|c| *c != '\u{2060}').count() <= MAX_LINE + 60, "{text}");
                prop_assert_eq!(slot.kind == SlotKind::Fold, slot.thread.is_some());
                prop_assert!(slot.due.is_none_or(|due| due > now));
            }
            posts += changes.slots.iter().filter(|slot| slot.post > 1 || slot.version == 1).filter(|slot| slot.thread.is_none()).count();
            prop_assert!(changes.lines.iter().all(|line| line.thread.is_some() && !line.content.blocks.is_empty()));
            now += SignedDuration::from_secs(pause);
        }
        let spans = usize::try_from(now.duration_since(began).as_secs() / 600 + 1).expect("small");
        // Twenty lines a span at any time, one that counts each span, one digest a day; loud ones are exempt.
        prop_assert!(posts <= 21 * spans + loud + 2, "{posts} posts in {spans} spans, {loud} loud");
    }

    #[test]
    fn a_board_that_was_stored_goes_on_as_if_it_had_not_been(
        drawn in proptest::collection::vec((0..4u8, 0..90i64, any::<u8>(), any::<u8>(), Just(false), Just(false)), 2..40),
        cut in 0..40usize,
    ) {
        let place = Place::parse("web:ops").expect("a place");
        let tell = |board: &mut Board, number: usize| {
            let now = Timestamp::from_second(1_800_006_000 + number as i64 * 40).expect("a time");
            let moment = Moment { now, zone: TimeZone::UTC };
            let event = event(drawn[number], number);
            let telling =
                Telling { seq: Seq(number as u64 + 1), event: &event, level: event.level, group: Some(30), say: None, muted: false, threads: true };
            let did = board.tell(&moment, &place, telling).did;
            let mut stored = std::collections::BTreeMap::new();
            for slot in board.take_changes().slots {
                stored.insert(slot.number, slot);
            }
            (did, stored)
        };
        let (mut whole, mut first) = (Board::default(), Board::default());
        let mut kept = std::collections::BTreeMap::new();
        let cut = cut.min(drawn.len());
        for number in 0..cut {
            tell(&mut whole, number);
            kept.extend(tell(&mut first, number).1);
        }
        let mut second = Board::default();
        second.number_after(first.last_number);
        second.count_from(&place, 0);
        for slot in kept.into_values() {
            // As it comes back from the store.
            let json = serde_json::to_string(&slot).expect("JSON");
            second.put(ShownSlot { slot: serde_json::from_str(&json).expect("a slot"), shown: Shown::default() });
        }
        for number in cut..drawn.len() {
            prop_assert_eq!(tell(&mut whole, number).0, tell(&mut second, number).0, "event {}", number);
        }
    }
}
