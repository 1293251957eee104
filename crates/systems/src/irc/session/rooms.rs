//! The rooms that we are to be in, and whether we are.
//!
//! Not who else is there: [`super::people`]. Layer 2.

use std::{sync::Arc, time::Duration};

use super::command;
use crate::irc::RoomSettings;

/// The pause before a room is entered again, at first and at most.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(300);
/// How long an answer to a request to enter may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// After so long in a room the pause begins anew.
const SETTLED: Duration = Duration::from_secs(600);

/// A room.
#[derive(Debug)]
pub(super) struct Room {
    /// Its name, as it was configured.
    pub(super) name: Arc<str>,
    /// What opens it.
    key: Option<String>,
    pub(super) state: RoomState,
    pause: Duration,
}

/// Whether we are in a room.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RoomState {
    /// No, and why; it is tried again then.
    Out { why: String, again: Duration },
    /// We asked.
    Asked(Duration),
    /// Yes; who else is there is still being told.
    Naming(Duration),
    /// Yes.
    In(Duration),
}

impl Room {
    pub(super) fn new(settings: &RoomSettings) -> Self {
        let state = RoomState::Out { why: "it was not entered yet".into(), again: Duration::ZERO };
        let key = settings.key.as_ref().map(|key| String::from_utf8_lossy(key.expose()).into_owned());
        Self { name: settings.name.as_str().into(), key, state, pause: FIRST }
    }

    /// Asks to be let in.
    pub(super) fn ask(&mut self, up: Duration) -> String {
        self.state = RoomState::Asked(up);
        match &self.key {
            Some(key) => command("JOIN", &[&self.name, key]),
            None => command("JOIN", &[&self.name]),
        }
    }

    pub(super) fn is_in(&self) -> bool {
        matches!(self.state, RoomState::In(_) | RoomState::Naming(_))
    }

    /// Whether what is asked about it is still open.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, RoomState::Asked(_) | RoomState::Naming(_))
    }

    /// We are out, and try again after a pause that grows. Whether that is news: we had stayed, or it is the first time.
    pub(super) fn out(&mut self, why: String, up: Duration) -> bool {
        if let RoomState::In(since) = self.state
            && up.saturating_sub(since) >= SETTLED
        {
            self.pause = FIRST;
        }
        let is_news = self.pause == FIRST;
        self.state = RoomState::Out { why, again: up + self.pause };
        self.pause = (self.pause * 2).min(LONGEST);
        is_news
    }

    /// Whether it is to be entered now.
    pub(super) fn is_due(&mut self, up: Duration) -> bool {
        match self.state {
            RoomState::Asked(since) if since + PATIENCE <= up => {
                let _ = self.out("the server did not answer".into(), up);
                false
            }
            RoomState::Out { again, .. } => again <= up,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_until_we_have_stayed() {
        let at = Duration::from_secs;
        let mut room = Room::new(&"#ops".into());
        assert!(room.is_due(at(0)));
        let again = |room: &mut Room, up| {
            let _ = room.out("kicked".into(), at(up));
            let RoomState::Out { again, .. } = room.state else { panic!("we are out") };
            again.as_secs() - up
        };
        assert_eq!([again(&mut room, 10), again(&mut room, 20), again(&mut room, 40)], [5, 10, 20]);
        assert_eq!((0..6).map(|_| again(&mut room, 100)).collect::<Vec<_>>(), [40, 80, 160, 300, 300, 300]);
        room.state = RoomState::In(at(100));
        assert!(room.out("kicked".into(), at(700)), "that is news again");
        assert!(!room.out("kicked".into(), at(701)), "and this is not");
        room.state = RoomState::In(at(702));
        assert_eq!(again(&mut room, 1_302), 5);
        room.state = RoomState::Asked(at(700));
        assert!(!room.is_due(at(729)) && !room.is_due(at(730)) && !room.is_open());
    }
}
