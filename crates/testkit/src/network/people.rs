//! What people do in the network beside saying something: they come and go, give a room a topic, put a sign on a message,
//! change what they said. What we do ourselves there reaches nobody.
//!
//! For tests only.

use jiff::Timestamp;
use wilco_contract::{
    connector::Arrival,
    ids::{Account, Place},
    input::{Edited, Happening, Happens, Input, Message, ReactedTo, WrittenBy},
};

use super::MemoryNetwork;

/// Something that a person does.
#[derive(Debug, Clone, Copy)]
pub enum Act<'a> {
    /// They come into the room.
    Join,
    /// They leave it.
    Leave,
    /// They give it a topic.
    Topic(&'a str),
    /// They put a sign on the message with this id: one that is shown, or somebody's.
    React(&'a str, &'a str),
}

impl MemoryNetwork {
    /// The id of our account, on whichever connector.
    pub const OURS: &str = "wilco";

    /// What arrives when somebody does something; nothing where it is us.
    pub fn does(&self, who: &Account, place: &Place, act: Act<'_>, at: Timestamp) -> Option<Arrival> {
        let what = match act {
            Act::Join => Happens::Joined,
            Act::Leave => Happens::Left,
            Act::Topic(topic) => Happens::Topic { topic: topic.to_owned() },
            Act::React(sign, on) => Happens::Reacted { sign: sign.to_owned(), on: self.reacted_to(on) },
        };
        let happening = Happening { id: self.next_id(), place: place.clone(), from: who.clone(), what, at };
        (who.id() != Self::OURS).then(|| arrival(Input::Happened(happening)))
    }

    /// What arrives when somebody changes a message of theirs into this.
    pub fn edits(&self, message: &Message, text: &str, at: Timestamp) -> Arrival {
        let Message { id, place, thread, from, to_us, .. } = message.clone();
        let text = text.to_owned();
        arrival(Input::Edited(Edited {
            id: self.next_id(),
            message: id,
            place,
            thread,
            from,
            text,
            at,
            to_us,
        }))
    }

    fn next_id(&self) -> String {
        let mut inner = self.inner();
        inner.done += 1;
        format!("act-{}", inner.done)
    }

    fn reacted_to(&self, id: &str) -> ReactedTo {
        let inner = self.inner();
        let ours = id.parse::<usize>().ok().and_then(|at| inner.shown.get(at));
        ReactedTo {
            id: id.to_owned(),
            thread: ours.and_then(|shown| shown.thread.clone()),
            by: if ours.is_some() { WrittenBy::Us } else { WrittenBy::Unknown },
            text: ours.map(|shown| shown.reply.plain()),
        }
    }
}

fn arrival(input: Input) -> Arrival {
    Arrival { input, cursor: None, kept: None, ack: None }
}
