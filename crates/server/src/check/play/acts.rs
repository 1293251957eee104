//! What people of a transcript do beside saying something.
//!
//! Layer 4.

use wilco_contract::{
    clock::Clock as _,
    ids::Place,
    input::{Edited, Happening, Happens, Input, ReactedTo, WrittenBy},
};
use wilco_packs::transcript::{Act, Speaker};

use super::Play;

impl Play<'_> {
    pub(super) async fn act(&mut self, who: &Speaker, act: &Act) -> Result<(), String> {
        let (place, what) = match act {
            Act::Joins(place) => (place.clone(), Happens::Joined),
            Act::Leaves(place) => (place.clone(), Happens::Left),
            Act::Topic { place, text } => (place.clone(), Happens::Topic { topic: text.clone() }),
            Act::Reacts { sign, on } => {
                let (place, on) = self.reacted_to(on.as_deref())?;
                (place, Happens::Reacted { sign: sign.clone(), on })
            }
            Act::Edits(text) => return self.edit(who, text).await,
        };
        self.check_place(&place)?;
        let from = self.account(who, &place)?;
        self.messages += 1;
        self.place = Some(place.clone());
        let id = format!("h{}", self.messages);
        self.arrive(Input::Happened(Happening { id, place, from, what, at: self.clock.now() })).await
    }

    /// The message that a sign is put on, and its place.
    fn reacted_to(&self, on: Option<&str>) -> Result<(Place, ReactedTo), String> {
        let is_last = |place: &Place| self.place.as_ref() == Some(place);
        let id = match on {
            Some(on) => {
                let operation = self.named(&self.with_ids(on)?)?;
                let shown = operation.slots.iter().find_map(|slot| slot.receipt.as_ref());
                Some(shown.ok_or_else(|| format!("{} is shown nowhere yet", operation.id))?.id.clone())
            }
            None => None,
        };
        let posted = self.rooms.heard_from(0).into_iter().rev().filter(|heard| !heard.edit);
        let mut posted = posted.filter(|heard| match &id {
            Some(id) => heard.id == *id,
            None => is_last(&heard.place),
        });
        let heard = posted.next().ok_or("there is no message of Wilco's here yet to put a sign on")?;
        let on = ReactedTo {
            id: heard.id,
            thread: heard.thread,
            by: WrittenBy::Us,
            text: Some(self.with_placeholders(&heard.text)),
        };
        Ok((heard.place, on))
    }

    async fn edit(&mut self, who: &Speaker, text: &str) -> Result<(), String> {
        let said = self.said.iter().find(|(speaker, _)| speaker == who);
        let (_, message) = said.ok_or("they have said nothing yet that could be edited")?;
        let message = message.clone();
        self.messages += 1;
        self.place = Some(message.place.clone());
        let edited = Edited {
            id: format!("e{}", self.messages),
            message: message.id,
            place: message.place,
            thread: message.thread,
            from: message.from,
            text: self.with_ids(text)?,
            at: self.clock.now(),
            to_us: message.to_us,
        };
        self.arrive(Input::Edited(edited)).await
    }
}
