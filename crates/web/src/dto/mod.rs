//! The shapes of the API, as `openapi.json` describes them.
//!
//! Not the types of the middle: those may change, these are what the outside relies on. Layer 3.

mod access;
mod command;
mod connector;
mod event;
mod lock;
mod message;
mod object;
mod operation;
mod people;
mod room;
mod route;
mod source;

pub(crate) use self::{
    access::{
        AuditRow, DeviceAsk, DeviceBegun, DeviceLetIn, Invited, Me, MyRoom, TokenMade, TokenRow, Verified,
        Wilco,
    },
    command::{CommandRow, Done, InWords, Started},
    connector::ConnectorRow,
    event::{EventDetail, EventRow, PayloadText},
    lock::LockRow,
    message::{Blocks, Message, Messages},
    object::ObjectRow,
    operation::{LogRow, OperationDto},
    people::{GrantRow, PersonRow, RequirementRow, Rules, SessionRow},
    room::{Changed, InRoom, PersonHere, Unread},
    route::{RouteRow, SaidRow, TriedRow, WouldDo},
    source::SourceRow,
};

use schemars::JsonSchema;
use serde::Serialize;

/// A list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub(crate) struct List<T> {
    /// The entries.
    pub(crate) items: Vec<T>,
    /// What to send as `after` for the entries behind these, or as `before` where the newest come first; null at the
    /// end.
    pub(crate) next: Option<u64>,
}

impl<T> List<T> {
    /// A list that is whole.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// A page of what was read: one more than the limit says that there is more.
    pub(crate) fn page<U>(
        mut read: Vec<U>,
        limit: usize,
        number: impl Fn(&U) -> u64,
        shown: impl Fn(U) -> Option<T>,
    ) -> Self {
        let more = read.len() > limit;
        read.truncate(limit);
        let next = if more { read.last().map(number) } else { None };
        Self { items: read.into_iter().filter_map(shown).collect(), next }
    }
}
