//! `wilco chat`: a room of the page in a terminal, line by line.
//!
//! Not a network of its own: it is a client of the API, so it works while every chat network is down, and what is typed
//! is said in the room, where all see it. Layer 4.

mod complete;
mod feed;
mod pipe;
mod room;
mod said;
mod screen;
mod sse;
mod talk;

use std::io::IsTerminal as _;

use serde::Deserialize;

use self::{room::Room, said::Colours};
use super::{Failure, client::Client, on_runtime, terminal};
use crate::config::Personal;

/// What `me` answers, as far as it is needed here.
#[derive(Debug, Clone, Deserialize)]
struct Me {
    kind: String,
    id: String,
    name: String,
    wilco: Wilco,
    rooms: Vec<MyRoom>,
}

#[derive(Debug, Clone, Deserialize)]
struct Wilco {
    name: String,
    home: String,
    zone: String,
}

#[derive(Debug, Clone, Deserialize)]
struct MyRoom {
    place: String,
    topic: String,
    direct: bool,
}

impl Me {
    /// Whether what they say may be an order.
    fn is_person(&self) -> bool {
        self.kind == "person"
    }

    /// As whom they speak, and what comes of it.
    fn introduced(&self) -> String {
        match self.kind.as_str() {
            "person" => format!("You are {} (@{}).", self.name, self.id),
            "operator" => {
                "You speak as the local operator: people read what you say, and it gives no orders. `wilco \
                           login` makes you yourself, `wilco run` gives orders."
                    .into()
            }
            _ => format!(
                "You speak as the token `{}`: people read what you say, and it gives no orders. `wilco login` makes \
                 you yourself, `wilco run` gives orders.",
                self.id
            ),
        }
    }

    /// The place that a word means; absent: the home room, else the first.
    fn place(&self, word: Option<&str>) -> Result<String, Failure> {
        let Some(word) = word else {
            let home = self.rooms.iter().find(|room| room.place == self.wilco.home);
            let first = home.or_else(|| self.rooms.iter().find(|room| !room.direct)).or(self.rooms.first());
            return first
                .map(|room| room.place.clone())
                .ok_or_else(|| Failure::Failed("There is no room here that you may read.".into()));
        };
        let plain = word.strip_prefix('#').unwrap_or(word);
        let place = if plain.contains(':') { plain.to_owned() } else { format!("web:{plain}") };
        if self.rooms.iter().any(|room| room.place == place) {
            return Ok(place);
        }
        let rooms: Vec<_> = self.rooms.iter().map(|room| format!("`{}`", room.place)).collect();
        Err(Failure::Failed(format!(
            "There is no room `{word}` here for you; there are {}.",
            rooms.join(", ")
        )))
    }
}

/// Talks in a room until the end of what is typed.
pub(crate) fn run(place: Option<&str>) -> Result<(), Failure> {
    let personal = Personal::from_process();
    let is_seen = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let colours = Colours(std::io::stdout().is_terminal() && !personal.plain);
    on_runtime(async {
        let client = Client::find()?;
        let answer = client.read(&["me"], &[]).await?;
        let me: Me = serde_json::from_value(answer).map_err(|_| {
            Failure::Failed(format!(
                "{} does not say who you are; is this the address of a Wilco?",
                client.server()
            ))
        })?;
        let place = me.place(place)?;
        let room = Room::new(client, me, place, colours);
        if is_seen {
            return talk::talk(room, &personal).await;
        }
        terminal::notice(&room.me.introduced());
        pipe::pipe(room).await
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me(home: &str) -> Me {
        let room = |place: &str, direct| MyRoom { place: place.into(), topic: String::new(), direct };
        Me {
            kind: "person".into(),
            id: "ana".into(),
            name: "Ana Lima".into(),
            wilco: Wilco { name: "wilco".into(), home: home.into(), zone: "UTC".into() },
            rooms: vec![room("web:ops", false), room("web:deploys", false), room("web:@ana", true)],
        }
    }

    #[test]
    fn a_place_is_meant_by_its_name_or_left_out() {
        let place = |home: &str, word: Option<&str>| me(home).place(word).ok();
        assert_eq!(place("web:deploys", None).as_deref(), Some("web:deploys"));
        assert_eq!(
            place("irc:#ops", None).as_deref(),
            Some("web:ops"),
            "a home elsewhere is not followed here"
        );
        for word in ["deploys", "#deploys", "web:deploys"] {
            assert_eq!(place("web:ops", Some(word)).as_deref(), Some("web:deploys"), "{word}");
        }
        assert_eq!(place("web:ops", Some("@ana")).as_deref(), Some("web:@ana"));
        let Err(Failure::Failed(why)) = me("web:ops").place(Some("nowhere")) else { panic!("refused") };
        assert_eq!(
            why,
            "There is no room `nowhere` here for you; there are `web:ops`, `web:deploys`, `web:@ana`."
        );
    }
}
