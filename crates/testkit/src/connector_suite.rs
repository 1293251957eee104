//! What every connector has to do, as named cases: [`connector_suite!`](crate::connector_suite!).
//!
//! Not a test of the network: a [`Rig`] has one at hand, real or fake, and speaks to it as people's own clients do.
//! For tests only.

pub mod cases;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::StreamExt;
use wilco_contract::{
    connector::{Arrival, Connector, Cursor, DeliveryKey, Post, Receipt, SendError, Session},
    ids::{Account, Place},
    input::{Happening, Input, Message, Press},
    reply::{Choice, Reply},
};

/// A connector on a fresh network, with two people in a room.
#[async_trait]
pub trait Rig: Send + Sync {
    /// The connector. It is the same one for the rig's life, and connected anew by the cases.
    fn connector(&self) -> Arc<dyn Connector>;

    /// A room in which both people are.
    fn room(&self) -> Place;

    /// A room that does not exist.
    fn missing_room(&self) -> Place;

    /// The accounts of two people.
    fn people(&self) -> [Account; 2];

    /// An account that may not read the room, where there can be one.
    fn stranger(&self) -> Option<Account>;

    /// Whether the network gives again what was not acked, and what was said while nobody was connected.
    fn remembers(&self) -> bool;

    /// Says something as this person's client would, in the thread of a message that it shows. The error is what the
    /// client says when the network refuses.
    async fn say(&self, who: &Account, place: &Place, thread: Option<&str>, text: &str)
    -> Result<(), String>;

    /// What this person's client shows of the place, oldest first; nothing where they may not look.
    async fn shows(&self, who: &Account, place: &Place) -> Vec<Shown>;

    /// Presses a button that this person's client shows.
    async fn press(&self, who: &Account, place: &Place, button: &Choice) -> Pressed;

    /// Whether this person is in the room already, in the sense in which coming and leaving is told.
    fn is_there(&self, _who: &Account) -> bool {
        false
    }

    /// Does something beside saying something, as this person's client would. Only asked for what the network tells.
    async fn act(&self, who: &Account, place: &Place, act: Act<'_>) {
        unreachable!("{who} cannot do this in {place}: {act:?}");
    }
}

/// Something that a person does beside saying something.
#[derive(Debug, Clone, Copy)]
pub enum Act<'a> {
    /// They come into the room, in which they were not.
    Join,
    /// They leave it.
    Leave,
    /// They give it this topic.
    Topic(&'a str),
    /// They put a sign on a message that their client shows.
    React {
        /// The sign.
        sign: &'a str,
        /// The message.
        on: &'a Shown,
    },
    /// They make this of a message of theirs that their client shows.
    Edit {
        /// The message.
        message: &'a Shown,
        /// What it says from now on.
        text: &'a str,
    },
}

/// A message as a client shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its id, as clients know it.
    pub id: String,
    /// The id of the message that opened its thread.
    pub thread: Option<String>,
    /// Whether it is by Wilco.
    pub ours: bool,
    /// Its text in its last version.
    pub text: String,
    /// Its buttons.
    pub buttons: Vec<Choice>,
}

/// What becomes of a press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pressed {
    /// It arrives.
    Arrives,
    /// The network's own door took it and answered it; this is what it handed in.
    Answered(Press),
}

/// The cases as tests of the calling crate, which needs `tokio` for them. The argument is a future that makes a rig.
#[macro_export]
macro_rules! connector_suite {
    ($rig:expr) => {
        $crate::connector_suite! { @cases $rig;
            what_is_said_arrives_in_order
            a_post_is_shown
            a_post_is_edited_in_place
            a_button_is_pressed
            a_thread_hangs_together
            the_same_key_is_shown_once
            our_own_messages_do_not_arrive
            a_long_post_is_shown_whole
            a_post_that_is_too_long_is_refused_or_split
            a_text_that_is_too_long_is_refused_or_split
            hostile_text_arrives_as_data
            hostile_text_is_shown_as_data
            a_room_that_is_not_there_is_said_to_be_so
            an_edit_of_nothing_is_refused
            a_new_connection_loses_and_doubles_nothing
            what_was_not_acked_comes_again
            a_direct_conversation_is_private
            only_members_may_read
            an_edit_is_no_message
            who_comes_and_who_leaves_is_told
            another_topic_is_told
            a_sign_on_a_message_is_told
        }
    };
    (@cases $rig:expr; $($case:ident)+) => {
        $(
            #[tokio::test]
            async fn $case() {
                $crate::connector_suite::cases::$case(&$rig.await).await;
            }
        )+
    };
}

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One connection under test.
struct Line {
    session: Session,
    posts: u32,
}

impl Line {
    async fn open(rig: &dyn Rig, resume: Option<Cursor>) -> Self {
        let session = rig.connector().connect(resume).await.expect("the connector connects");
        Self { session, posts: 0 }
    }

    /// The next arrival, not acked.
    async fn arrival(&mut self) -> Arrival {
        let next = tokio::time::timeout(PATIENCE, self.session.arrivals.next()).await;
        next.expect("something arrives in time").expect("the connection stands")
    }

    /// The next input, acked.
    async fn input(&mut self) -> Input {
        let arrival = self.arrival().await;
        if let Some(ack) = arrival.ack {
            ack.send();
        }
        arrival.input
    }

    /// The next message, acked.
    async fn message(&mut self) -> Message {
        match self.input().await {
            Input::Message(message) => message,
            other => panic!("something else arrived instead of a message: {other:?}"),
        }
    }

    /// The next happening, acked.
    async fn happening(&mut self) -> Happening {
        match self.input().await {
            Input::Happened(happening) => happening,
            other => panic!("something else arrived instead of a happening: {other:?}"),
        }
    }

    async fn post(
        &mut self,
        place: &Place,
        thread: Option<&str>,
        reply: &Reply,
    ) -> Result<Receipt, SendError> {
        self.posts += 1;
        let key = DeliveryKey(format!("suite/{}", self.posts));
        self.session.outbox.post(Post { place, thread, reply, key: &key }).await
    }

    async fn posted(&mut self, place: &Place, thread: Option<&str>, text: &str) -> Receipt {
        self.post(place, thread, &Reply::text(text)).await.expect("it is posted")
    }
}

/// What the first person's client shows of our messages in the place.
async fn ours(rig: &dyn Rig, place: &Place) -> Vec<Shown> {
    let [ana, _] = rig.people();
    rig.shows(&ana, place).await.into_iter().filter(|shown| shown.ours).collect()
}

/// The signs in a text that could act on a terminal or reorder what is read.
fn acting(text: &str) -> String {
    let acts = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(acts).collect()
}
