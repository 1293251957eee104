//! What a command with its arguments is in words, before anybody says it: for forms.
//!
//! Not the giving of it: nothing is planned, kept or counted, and no right is asked for. Layer 1.

use wilco_contract::{
    ids::{CommandId, Place},
    principal::Principal,
    values::Args,
};

use crate::{
    Engine,
    catalogue::{Reading, Reserved},
    orders::From,
};

/// A command with its arguments, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worded {
    /// It is whole.
    Whole(String),
    /// It lacks something: how it begins, and the names of what it lacks.
    Begun(String, Vec<String>),
    /// It cannot be meant as it stands: why, without a full stop.
    Malformed(String),
    /// There is no such command.
    Unknown,
}

impl Engine {
    /// What a command with its arguments is in words, without a name in front, as this principal would say it there.
    #[must_use]
    pub fn in_words(&self, who: &Principal, place: &Place, (command, args): (&CommandId, &Args)) -> Worded {
        let core = &self.0;
        let from = From {
            who: who.clone(),
            place: place.clone(),
            thread: None,
            in_room: true,
            said_at: core.clock.now(),
            input: None,
            key: None,
        };
        let live = core.live.load_full();
        let asked = from.asked(&live.setup.policy);
        match live.catalogue.order(command, args, Reserved::default(), &asked) {
            Reading::Order(order) => Worded::Whole(order.said()),
            Reading::Incomplete { command, missing, given, flags, .. } => {
                let (front, behind) = live.catalogue.begun(&command, given, flags);
                Worded::Begun(format!("{front}{behind}"), missing)
            }
            Reading::Malformed { what, .. } => Worded::Malformed(what),
            Reading::Help { .. } | Reading::Unknown { .. } | Reading::Empty => Worded::Unknown,
        }
    }
}
