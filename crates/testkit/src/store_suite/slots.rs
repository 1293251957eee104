//! Slots and lines: what has to be shown, how far that has got, and mutes.

use std::sync::Arc;

use wilco_contract::{
    connector::Receipt,
    ids::Place,
    reply::Reply,
    route::Mute,
    slot::{Line, ParcelKind, Shown, ShownSlot, Slot},
    store::{Batch, Record, Store, When},
};
use wilco_runtime::{chance::SeededChance, memory_store::MemoryStore};

use super::samples::{at, batch, line, member, object, place, slot};

async fn commit(store: &Arc<dyn Store>, records: impl IntoIterator<Item = Record>) {
    assert_eq!(store.commit(batch(records), When::Now).await, Ok(None), "it stands beside the journal");
}

fn new(slot: Slot) -> Record {
    Record::Slot(Box::new(slot))
}

fn say(line: Line) -> Record {
    Record::Line(Box::new(line))
}

fn receipt(id: &str) -> Receipt {
    Receipt { place: place("web:ops"), id: id.to_owned() }
}

fn shown(slot: u64, post: u32, version: u64, id: Option<&str>) -> Record {
    Record::Shown { slot, post, version, receipt: id.map(receipt) }
}

async fn how_far(store: &Arc<dyn Store>, number: u64) -> (u64, Option<String>) {
    let Shown { version, receipt } = store.slot(number).await.expect("a read").expect("the slot").shown;
    (version, receipt.map(|receipt| receipt.id))
}

/// What waits: its number, whether it is an edit, and the message that opened its thread.
async fn waiting(store: &Arc<dyn Store>, at: &str, limit: usize) -> Vec<(u64, bool, Option<String>)> {
    let parcels = store.parcels(&place(at), limit).await.expect("parcels");
    let read = parcels.into_iter().map(|parcel| {
        let edit = matches!(&parcel.what, ParcelKind::Slot(slot) if slot.shown.version > 0);
        (parcel.what.number(), edit, parcel.thread.map(|receipt| receipt.id))
    });
    read.collect()
}

/// Changing what it shows takes nothing back; an older word changes nothing.
pub async fn a_slot_keeps_how_far_it_was_shown(store: Arc<dyn Store>) {
    commit(&store, [new(slot("web:ops", 1))]).await;
    assert_eq!(how_far(&store, 1).await, (0, None));
    assert_eq!(store.slot(2).await, Ok(None));
    commit(&store, [shown(1, 1, 1, Some("a"))]).await;
    assert_eq!(how_far(&store, 1).await, (1, Some("a".into())));
    let second = Slot { version: 2, content: Reply::text("two"), ..slot("web:ops", 1) };
    commit(&store, [new(second.clone())]).await;
    let expected = ShownSlot { slot: second, shown: Shown { receipt: Some(receipt("a")), version: 1 } };
    assert_eq!(store.slot(1).await, Ok(Some(expected)));
    commit(&store, [shown(1, 1, 2, None)]).await;
    commit(&store, [shown(1, 1, 1, None)]).await;
    assert_eq!(
        how_far(&store, 1).await,
        (2, Some("a".into())),
        "without another receipt the one before stays"
    );
    commit(&store, [shown(9, 1, 1, Some("x"))]).await;
    assert_eq!(store.slot(9).await, Ok(None), "showing makes no slot");
}

/// Another `post`: nothing of it was shown yet.
pub async fn posting_anew_begins_anew(store: Arc<dyn Store>) {
    commit(&store, [new(slot("web:ops", 1)), shown(1, 1, 1, Some("a")), new(slot("web:ops", 2))]).await;
    assert_eq!(waiting(&store, "web:ops", 9).await, [(2, false, None)]);
    let anew = Slot { post: 2, turn: 3, version: 2, ..slot("web:ops", 1) };
    commit(&store, [new(anew)]).await;
    assert_eq!(how_far(&store, 1).await, (0, None));
    assert_eq!(waiting(&store, "web:ops", 9).await, [(2, false, None), (1, false, None)]);
    assert_eq!(store.slot_at(&receipt("a")).await, Ok(None));
}

/// Whoever was showing the posting before comes too late.
pub async fn late_word_of_an_older_posting_changes_nothing(store: Arc<dyn Store>) {
    commit(&store, [new(slot("web:ops", 1))]).await;
    commit(&store, [new(Slot { post: 2, version: 2, ..slot("web:ops", 1) })]).await;
    commit(&store, [shown(1, 1, 1, Some("old"))]).await;
    assert_eq!(how_far(&store, 1).await, (0, None));
    commit(&store, [shown(1, 2, 2, Some("new")), shown(1, 1, 9, Some("old"))]).await;
    assert_eq!(how_far(&store, 1).await, (2, Some("new".into())));
    assert_eq!(store.slot_at(&receipt("old")).await, Ok(None));
}

/// Posts and lines by turn, then edits; each with the message of its thread, and only of the place.
pub async fn parcels_come_in_their_turn_edits_last(store: Arc<dyn Store>) {
    let thread = |number| Slot { thread: Some(1), ..slot("web:ops", number) };
    commit(
        &store,
        [
            new(slot("web:ops", 1)),
            shown(1, 1, 1, Some("opener")),
            new(slot("web:ops", 2)),
            say(Line { thread: Some(1), ..line("web:ops", 3) }),
            new(thread(4)),
            say(line("web:ops", 5)),
            say(Line { thread: Some(2), ..line("web:ops", 6) }),
            new(slot("web:dev", 7)),
        ],
    )
    .await;
    let opener = || Some("opener".to_owned());
    let posts =
        [(2, false, None), (3, false, opener()), (4, false, opener()), (5, false, None), (6, false, None)];
    assert_eq!(waiting(&store, "web:ops", 99).await, posts);
    assert_eq!(waiting(&store, "web:ops", 3).await, posts[..3]);
    assert_eq!(waiting(&store, "web:dev", 9).await, [(7, false, None)]);
    // Another content of the first: an edit, after all posts. One that is posted anew takes its turn with them.
    let edited = Slot { version: 2, ..slot("web:ops", 1) };
    let anew = Slot { post: 2, turn: 8, version: 2, ..slot("web:ops", 2) };
    commit(&store, [shown(2, 1, 1, Some("two")), new(anew), new(edited), new(thread(9))]).await;
    let mut expected = posts[1..].to_vec();
    expected.extend([(2, false, None), (9, false, opener()), (1, true, None)]);
    assert_eq!(waiting(&store, "web:ops", 99).await, expected);
    assert_eq!(waiting(&store, "web:ops", 6).await, expected[..6]);
    assert_eq!(waiting(&store, "web:ops", 0).await, []);
    assert_eq!(store.waiting_places().await, Ok(vec![place("web:dev"), place("web:ops")]));
    let all = [(2, 2), (4, 1), (9, 1)].map(|(number, post)| shown(number, post, 2, None));
    commit(&store, all).await;
    let rest = [3, 5, 6].map(|line| Record::Said { line });
    commit(&store, rest.into_iter().chain([shown(1, 1, 2, None)])).await;
    assert_eq!(waiting(&store, "web:ops", 99).await, []);
    assert_eq!(store.waiting_places().await, Ok(vec![place("web:dev")]));
}

/// A line comes back as it was, and goes once it was said.
pub async fn a_line_waits_until_it_is_said(store: Arc<dyn Store>) {
    let long = Line { content: Reply::text("é \u{0} \"x\""), ..line("web:ops", 1) };
    commit(&store, [say(long.clone()), say(line("web:dev", 2))]).await;
    let parcels = store.parcels(&place("web:ops"), 9).await.expect("parcels");
    assert_eq!(parcels.len(), 1);
    assert_eq!(parcels[0].what, ParcelKind::Line(Box::new(long)));
    commit(&store, [Record::Said { line: 1 }, Record::Said { line: 77 }]).await;
    assert_eq!(store.parcels(&place("web:ops"), 9).await, Ok(Vec::new()));
    assert_eq!(store.waiting_places().await, Ok(vec![place("web:dev")]));
    commit(&store, [say(line("web:ops", 3)), Record::Said { line: 3 }]).await;
    assert_eq!(store.parcels(&place("web:ops"), 9).await, Ok(Vec::new()), "made and said in one group");
}

/// Not those of lines that were said, nor the turns that were taken.
pub async fn numbers_never_come_again(store: Arc<dyn Store>) {
    assert_eq!(store.last_number().await, Ok(0));
    commit(&store, [say(line("web:ops", 5))]).await;
    commit(&store, [Record::Said { line: 5 }]).await;
    assert_eq!(store.last_number().await, Ok(5));
    commit(&store, [new(slot("web:ops", 4))]).await;
    assert_eq!(store.last_number().await, Ok(5));
    commit(&store, [new(Slot { turn: 9, post: 2, ..slot("web:ops", 4) })]).await;
    commit(&store, [new(Slot { turn: 7, post: 3, ..slot("web:ops", 4) })]).await;
    assert_eq!(store.last_number().await, Ok(9));
    commit(&store, [say(line("web:ops", 10)), Record::Said { line: 10 }]).await;
    assert_eq!(store.last_number().await, Ok(10));
}

/// One for a place and a thing; the same again replaces it.
pub async fn a_mute_stands_until_it_is_taken_back(store: Arc<dyn Store>) {
    let mute = |at_place: &str, what: &str, until| Mute {
        place: place(at_place),
        what: what.to_owned(),
        by: "@ana".to_owned(),
        at: at(0),
        until: at(until),
    };
    let set = async |mute: Mute| {
        store.commit(batch([Record::Muted(mute)]), When::Now).await.expect("a commit").expect("a number")
    };
    set(mute("web:ops", "github", 10)).await;
    set(mute("web:dev", "github", 20)).await;
    set(mute("web:ops", "acme/webapp", 30)).await;
    let last = set(mute("web:ops", "github", 40)).await;
    assert_eq!(last.0, 4, "each stands in the journal");
    let expected =
        [mute("web:ops", "github", 40), mute("web:ops", "acme/webapp", 30), mute("web:dev", "github", 20)];
    assert_eq!(store.mutes().await, Ok(expected.to_vec()));
    let back = |what: &str| Record::Unmuted {
        place: place("web:ops"),
        what: what.to_owned(),
        by: "@ben".to_owned(),
    };
    store.commit(batch([back("github"), back("nothing")]), When::Now).await.expect("a commit");
    assert_eq!(store.mutes().await, Ok(expected[1..].to_vec()));
    let again = [back("acme/webapp"), Record::Muted(mute("web:ops", "acme/webapp", 5))];
    store.commit(batch(again), When::Now).await.expect("a commit");
    assert_eq!(store.mutes().await.map(|mutes| mutes.len()), Ok(2));
}

/// By place and id; of several the newest slot.
pub async fn receipts_are_found(store: Arc<dyn Store>) {
    commit(&store, [new(slot("web:ops", 1)), new(slot("web:ops", 2)), new(slot("web:ops", 3))]).await;
    commit(&store, [shown(1, 1, 1, Some("a")), shown(2, 1, 1, Some("b")), shown(3, 1, 1, Some("b"))]).await;
    let found = async |at: &Receipt| store.slot_at(at).await.expect("a read").map(|found| found.slot.number);
    assert_eq!(found(&receipt("a")).await, Some(1));
    assert_eq!(found(&receipt("b")).await, Some(3));
    assert_eq!(found(&receipt("c")).await, None);
    assert_eq!(found(&Receipt { place: place("web:dev"), id: "a".into() }).await, None);
}

/// Each in its place, in the order that was asked for; changing an older slot does not bring it back.
pub async fn the_newest_slot_of_an_object_counts(store: Arc<dyn Store>) {
    let of = |number, names: &[&str]| Slot {
        members: names.iter().map(|name| member(name)).collect(),
        ..slot("web:ops", number)
    };
    let (a, b, c) = ("github:acme/webapp#1", "github:acme/webapp#2", "github:acme/webapp#3");
    commit(&store, [new(of(1, &[a])), new(of(2, &[a, b]))]).await;
    commit(&store, [new(of(3, &[b]))]).await;
    commit(&store, [new(Slot { version: 2, ..of(2, &[a, b]) })]).await;
    commit(&store, [new(Slot { place: place("web:dev"), ..of(4, &[a]) })]).await;
    let find = async |wanted: &[(&str, &str)]| {
        let wanted: Vec<_> = wanted.iter().map(|(at, about)| (place(at), object(about))).collect();
        let found = store.slots_of(&wanted).await.expect("slots");
        assert!(found.iter().all(|(key, _)| wanted.contains(key)));
        found.into_iter().map(|(_, found)| (found.slot.number, found.slot.version)).collect::<Vec<_>>()
    };
    assert_eq!(find(&[]).await, []);
    assert_eq!(find(&[("web:ops", a), ("web:ops", b), ("web:ops", c)]).await, [(2, 2), (3, 1)]);
    assert_eq!(find(&[("web:dev", b), ("web:dev", a), ("web:ops", b)]).await, [(4, 1), (3, 1)]);
    // More than one statement asks for.
    let many: Vec<_> = (0..300).map(|number| format!("github:acme/many#{number}")).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    commit(&store, [new(of(9, &names))]).await;
    let wanted: Vec<_> = names.iter().map(|name| ("web:ops", *name)).collect();
    assert_eq!(find(&wanted).await, [(9, 1); 300]);
}

/// By number from the end, by what is due, by the place's count.
pub async fn slots_are_listed(store: Arc<dyn Store>) {
    for number in 1..=5 {
        let due = (number % 2 == 0).then(|| at(60));
        commit(&store, [new(Slot { due, place_count: 10 * number, ..slot("web:ops", number) })]).await;
    }
    let latest = async |before, limit| {
        let found = store.latest_slots(before, limit).await.expect("slots");
        found.into_iter().map(|found| found.slot.number).collect::<Vec<_>>()
    };
    assert_eq!(latest(0, 2).await, [5, 4]);
    assert_eq!(latest(3, 9).await, [2, 1]);
    let due = async || {
        let found = store.due_slots().await.expect("slots");
        found.into_iter().map(|found| found.slot.number).collect::<Vec<_>>()
    };
    assert_eq!(due().await, [2, 4]);
    commit(&store, [new(Slot { version: 2, ..slot("web:ops", 2) })]).await;
    assert_eq!(due().await, [4]);
    assert_eq!(store.place_count(&place("web:ops")).await, Ok(50));
    assert_eq!(store.place_count(&place("web:dev")).await, Ok(0));
}

/// Numbers that look drawn, the same each time.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn change(&mut self) -> Record {
        let (number, post) = (1 + self.below(4), 1 + self.below(3) as u32);
        let version = 1 + self.below(6);
        match self.below(10) {
            0..4 => {
                let places = ["web:ops", "web:dev"];
                new(Slot {
                    post,
                    version,
                    turn: number + 4 * u64::from(post),
                    thread: (number > 2).then_some(1),
                    due: (version > 3).then(|| at(9)),
                    members: (0..self.below(3)).map(|n| member(&format!("github:a/b#{n}"))).collect(),
                    ..slot(places[(number % 2) as usize], number)
                })
            }
            4..8 => {
                let id = self.below(4);
                shown(number, post, version, (id > 0).then(|| format!("{id}")).as_deref())
            }
            8 => say(line("web:ops", 50 + number)),
            _ => Record::Said { line: 50 + number },
        }
    }
}

async fn all_of(store: &Arc<dyn Store>) -> String {
    let mut said = format!("{:?}", (store.latest_slots(0, 99).await, store.due_slots().await));
    said.push_str(&format!("{:?}", (store.waiting_places().await, store.last_number().await)));
    for name in ["web:ops", "web:dev"] {
        said.push_str(&format!("{:?}", store.parcels(&place(name), 99).await));
        let wanted: Vec<(Place, _)> =
            (0..3).map(|n| (place(name), object(&format!("github:a/b#{n}")))).collect();
        said.push_str(&format!("{:?}", store.slots_of(&wanted).await));
    }
    for id in ["1", "2", "3"] {
        said.push_str(&format!("{:?}", store.slot_at(&receipt(id)).await));
    }
    said
}

/// Whatever comes together, in one batch or several: it ends as when each comes alone.
pub async fn a_group_of_many_changes_to_one_slot_ends_like_one_by_one(store: Arc<dyn Store>) {
    let alone: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SeededChance::new(1))));
    let mut drawn = Drawn(7);
    for round in 0..120 {
        for _ in 0..=drawn.below(3) {
            let records: Vec<_> = (0..drawn.below(6)).map(|_| drawn.change()).collect();
            for record in &records {
                commit(&alone, [record.clone()]).await;
            }
            store.commit(Batch { at: at(0), records }, When::Soon).await.expect("a commit");
        }
        store.flush().await.expect("all is written");
        assert_eq!(all_of(&store).await, all_of(&alone).await, "round {round}");
    }
}
