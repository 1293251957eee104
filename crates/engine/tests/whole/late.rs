//! What is said long before it arrives: a network told of it only when it could.

use jiff::SignedDuration;
use wilco_contract::input::Input;

use crate::world::World;

#[tokio::test]
async fn an_order_that_comes_late_is_answered_and_not_run() {
    let world = World::new().await.recovered().await;
    for (id, text, late) in
        [("1", "wilco restart shop", 121), ("2", "wilco restart web", 120), ("3", "just words", 500)]
    {
        let mut arrival = world.arrival("web:you", id, text);
        if let Input::Message(message) = &mut arrival.input {
            message.at = world.time() - SignedDuration::from_secs(late);
        }
        world.engine.accept(arrival).await;
        world.settle().await;
    }
    let texts = world.network.texts();
    let late: Vec<_> = texts.iter().filter(|text| text.contains("when I was away")).collect();
    assert_eq!(
        late,
        [
            "This order came at 09:57:59 UTC, when I was away. It was not run; give it again if it still holds."
        ]
    );
    let ran: Vec<_> = texts.iter().filter(|text| text.contains("restart")).collect();
    assert!(!ran.is_empty() && ran.iter().all(|text| text.contains("restart web")), "{texts:?}");
    // It needs no more work after a restart.
    assert!(world.store.unhandled().await.expect("the store can be read").is_empty());
}

#[tokio::test]
async fn an_approval_that_comes_late_approves_nothing() {
    let world = World::new().await.recovered().await;
    let op = world.order("web:you", "app.release", "shop").await;
    world.step(300).await;
    let mut arrival = world.arrival("web:ana", "1", &format!("wilco approve {}", op.id));
    if let Input::Message(message) = &mut arrival.input {
        message.at = world.time() - SignedDuration::from_secs(200);
    }
    world.engine.accept(arrival).await;
    world.settle().await;
    assert_eq!(world.state(&op).await, wilco_contract::operation::State::AwaitingApproval);
    world.say("web:ana", "2", &format!("wilco approve {}", op.id)).await;
    assert_ne!(world.state(&op).await, wilco_contract::operation::State::AwaitingApproval);
}
