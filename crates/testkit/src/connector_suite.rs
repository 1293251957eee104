//! What every connector has to do, as named cases: [`connector_suite!`](crate::connector_suite!).
//!
//! Not a test of the network: a [`Rig`] has one at hand, real or fake, and speaks to it as people's own clients do.
//! For tests only.

pub mod cases;
mod rig;

use std::time::Duration;

use futures_util::StreamExt;
use wilco_contract::{
    connector::{Arrival, Connector, Cursor, DeliveryKey, Post, Receipt, SendError, Session},
    ids::Place,
    input::{Happening, Input, Message},
    reply::Reply,
};

pub use self::rig::{Act, Disbelieved, Expel, Pressed, Rig, Shown, Way};

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
            a_picture_and_a_file_are_shown_with_their_addresses
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
            bytes_that_come_one_by_one_are_the_same_lines
            a_stall_loses_and_doubles_nothing
            what_was_under_way_at_a_cut_is_in_doubt_and_the_next_connection_is_whole
            a_half_open_connection_is_noticed
            a_connection_that_nobody_is_behind_is_noticed
            a_server_that_is_killed_is_come_back_to
            what_is_not_believed_is_told_plainly_and_parks
            what_is_delivered_twice_is_one_message
            what_was_said_meanwhile_has_its_own_time
            a_shutdown_says_all_and_nothing_twice
            the_rate_is_honoured
            signs_of_all_scripts_pass_as_they_are
            bytes_that_are_no_text_are_refused_or_read_around
            what_is_no_markup_passes_as_it_is
            markup_is_shown_and_reads_back
            a_mass_mention_calls_nobody
            nobody_speaks_as_another
            who_is_there_is_known
            who_is_away_is_known
            who_is_removed_from_a_room_is_told_and_comes_back
            a_ban_is_told_and_its_end_too
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
        Self::of(&*rig.connector(), resume).await
    }

    async fn of(connector: &dyn Connector, resume: Option<Cursor>) -> Self {
        let session = connector.connect(resume).await.expect("the connector connects");
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

    /// The next message, acked, past what happens beside.
    async fn said(&mut self) -> Message {
        loop {
            match self.input().await {
                Input::Message(message) => return message,
                Input::Happened(_) => {}
                other => panic!("something else arrived instead of a message: {other:?}"),
            }
        }
    }

    /// Waits until the connection has ended; what arrives until then does not count.
    async fn ends(&mut self, within: Duration) {
        let ending = async { while self.session.arrivals.next().await.is_some() {} };
        tokio::time::timeout(within, ending).await.expect("the connection ends in time");
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

    /// Says it without waiting for what becomes of it, under a key that its text makes.
    async fn hands_over(&self, place: &Place, text: &str) {
        let (key, reply) = (DeliveryKey(format!("suite/{text}")), Reply::text(text));
        let post = Post { place, thread: None, reply: &reply, key: &key };
        self.session.outbox.say(post).await.expect("it is taken");
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
