//! Listeners that nothing can set off, as no connector tells of what they wait for.
//!
//! Not the hearing: the engine does that. Layer 4.

use wilco_contract::{
    connector::Tells,
    listen::{Listener, On},
    policy::Glob,
};
use wilco_packs::Problem;

/// Warns of each listener that waits for what none of these connectors tells of where it listens.
pub(super) fn unheard(listeners: &[Listener], connectors: &[(&str, Tells)]) -> Vec<Problem> {
    listeners.iter().filter_map(|listener| one(listener, connectors)).collect()
}

fn one(listener: &Listener, connectors: &[(&str, Tells)]) -> Option<Problem> {
    let (what, is_told): (&str, fn(&Tells) -> bool) = match &listener.on {
        On::Line(_) => return None,
        On::Join => ("who comes into a room", |tells| tells.presence),
        On::Leave => ("who leaves a room", |tells| tells.presence),
        On::Topic => ("topics", |tells| tells.topics),
        On::Reaction(_) => ("signs on messages", |tells| tells.reactions),
    };
    let here = |name: &str| match &listener.rooms {
        None => true,
        Some(rooms) => rooms.iter().any(|room| reaches(room, name)),
    };
    let there: Vec<_> = connectors.iter().filter(|(name, _)| here(name)).collect();
    if there.iter().any(|(_, tells)| is_told(tells)) {
        return None;
    }
    let place = match &there[..] {
        [] => "there is no connector for its `rooms`".to_owned(),
        there => {
            let names: Vec<_> = there.iter().map(|(name, _)| format!("`{name}`")).collect();
            format!("{} does not tell of them", names.join(", "))
        }
    };
    let text = format!("the listener `{}` waits for {what}, and nothing sets it off: {place}", listener.name);
    let remedy = "Remove it, or let it listen where that is told; transcripts can play it all the same.";
    Some(Problem::at(&listener.origin, text, remedy).warning())
}

/// Whether a place of this connector may fit. A star before the colon may stand for any name.
fn reaches(room: &Glob, connector: &str) -> bool {
    match room.0.split_once(':') {
        Some((name, _)) => Glob(name.to_owned()).matches(connector),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use wilco_contract::{ids::Origin, listen::Does};

    use super::*;

    fn told(on: On, rooms: Option<&str>) -> Option<String> {
        let rooms = rooms.map(|room| vec![Glob(room.to_owned())]);
        let does = Does::Say("x".to_owned());
        let listener = Listener { name: "p.l".to_owned(), on, does, rooms, origin: Origin::built_in() };
        let connectors = [
            ("web", Tells { presence: true, ..Tells::NOTHING }),
            ("talk", Tells { topics: true, ..Tells::NOTHING }),
        ];
        unheard(&[listener], &connectors).pop().map(|problem| problem.to_string())
    }

    #[test]
    fn only_where_no_connector_in_its_rooms_tells_of_it() {
        for fine in [
            told(On::Join, None),
            told(On::Topic, None),
            told(On::Topic, Some("talk:*")),
            told(On::Topic, Some("t*:ops")),
            told(On::Leave, Some("*")),
        ] {
            assert_eq!(fine, None);
        }
        let topic = told(On::Topic, Some("web:*")).expect("told");
        assert!(topic.contains("waits for topics, and nothing sets it off: `web` does not"), "{topic}");
        let join = told(On::Join, Some("talk:*")).expect("told");
        assert!(join.contains("who comes into a room") && join.contains("`talk`"), "{join}");
        let sign = told(On::Reaction(Vec::new()), None).expect("told");
        assert!(sign.contains("signs on messages") && sign.contains("`web`, `talk`"), "{sign}");
        let nowhere = told(On::Leave, Some("irc:*")).expect("told");
        assert!(nowhere.contains("there is no connector for its `rooms`"), "{nowhere}");
    }
}
