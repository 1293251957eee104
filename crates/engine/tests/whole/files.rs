//! Files that people sent: whoever sends them keeps them in the store, and the engine sweeps out what is over.

use wilco_contract::{
    file::{FileId, SWEPT},
    store::{Batch, Record, When},
};
use wilco_testkit::store_suite::files::{begun, part, sent};

use crate::world::{World, commands, policy};

#[tokio::test]
async fn files_that_are_over_are_forgotten_hourly_however_many_there_are() {
    let world = World::on_plain(policy(), commands()).await.recovered().await;
    let (now, many) = (world.time(), u8::try_from(2 * SWEPT + 1).expect("a small number"));
    let later = |secs| now + jiff::SignedDuration::from_secs(secs);
    for number in 0..=many {
        // The last one is kept for longer.
        let until = later(if number == many { 9_000 } else { 30 });
        let file = wilco_contract::file::KeptFile { at: now, until, ..sent(number, 0, 0) };
        let records = vec![begun(&file), Record::File(Box::new(file)), part(number, 0, b"abc")];
        world.store.commit(Batch { at: now, records }, When::Now).await.expect("written");
    }
    let has = async |number: u8| {
        let id = FileId([number; 16]);
        world.store.file_part(&id, 0).await.expect("a read").is_some()
    };
    world.step(40).await;
    assert!(has(0).await, "a start has other things to do");
    world.step(60).await;
    for number in 0..many {
        assert!(!has(number).await, "{number} is over");
    }
    assert!(has(many).await);
    world.step(3_600).await;
    assert!(has(many).await);
    world.step(2 * 3_600).await;
    assert!(!has(many).await);
}
