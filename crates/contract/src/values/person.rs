//! People and places as somebody says them: `@ana`, `Ana Lima`, `irc:ana`, `me`; `#ops`, `here`.
//!
//! Layer 0.

use std::collections::BTreeMap;

use super::Asked;
use crate::{
    ids::{Account, PersonId, Place},
    near,
    policy::Person,
};

/// The person that a text means.
///
/// # Errors
/// What would fit, as a noun phrase.
pub(super) fn person(text: &str, asked: &Asked<'_>) -> Result<PersonId, String> {
    let (signed, name) = match text.strip_prefix('@') {
        Some(name) => (true, name),
        None => (false, text),
    };
    let slug = PersonId::parse(&name.to_lowercase()).ok();
    let known = |id: &PersonId| asked.people.is_none_or(|people| people.contains_key(id));
    if name.eq_ignore_ascii_case("me")
        && !(signed && asked.people.is_some_and(|_| slug.as_ref().is_some_and(known)))
    {
        let stranger =
            || "a person here: only whoever `wilco.toml` names can say it of themselves".to_owned();
        return asked.who.cloned().ok_or_else(stranger);
    }
    if let Some(id) = slug.filter(known) {
        return Ok(id);
    }
    let Some(people) = asked.people else { return Err("a person such as `@ana`".to_owned()) };
    if let Some(id) = by_account(text, name, people, asked.connector) {
        return Ok(id.clone());
    }
    let lower = name.to_lowercase();
    let called = |person: &Person| person.name.to_lowercase() == lower;
    let all: Vec<_> = people.iter().filter(|(_, person)| called(person)).map(|(id, _)| id).collect();
    match all[..] {
        [id] => Ok(id.clone()),
        [] => Err(match nearest(&lower, people) {
            Some(id) => format!("a person that is known here; the nearest is `@{id}`"),
            None => "a person that is known here".to_owned(),
        }),
        _ => {
            let all: Vec<_> = all.iter().map(|id| format!("`@{id}`")).collect();
            Err(format!("the name of one person: it is that of {}", all.join(" and ")))
        }
    }
}

/// Whose account it is, said in full or as on the asker's own network.
fn by_account<'a>(
    text: &str,
    name: &str,
    people: &'a BTreeMap<PersonId, Person>,
    connector: &str,
) -> Option<&'a PersonId> {
    let full = if text.contains(':') { text.to_owned() } else { format!("{connector}:{name}") };
    let account = Account::parse(&full).ok()?;
    if account.connector() == "web"
        && let Ok(id) = PersonId::parse(account.id())
    {
        return people.get_key_value(&id).map(|(id, _)| id);
    }
    let same = |other: &Account| other.as_str().eq_ignore_ascii_case(account.as_str());
    people.iter().find(|(_, person)| person.accounts.iter().any(same)).map(|(id, _)| id)
}

fn nearest<'a>(said: &str, people: &'a BTreeMap<PersonId, Person>) -> Option<&'a PersonId> {
    let names: Vec<_> = people
        .iter()
        .flat_map(|(id, person)| [(id.as_str().to_owned(), id), (person.name.to_lowercase(), id)])
        .collect();
    let near = near::nearest(said, names.iter().map(|(name, _)| name.as_str()))?;
    names.iter().find(|(name, _)| name == near).map(|(_, id)| *id)
}

/// The place that a text means.
///
/// # Errors
/// What would fit, as a noun phrase.
pub(super) fn room(text: &str, asked: &Asked<'_>) -> Result<Place, String> {
    if text.eq_ignore_ascii_case("here") {
        return asked
            .place
            .cloned()
            .ok_or_else(|| "a place outside a room; name one, such as `web:ops`".to_owned());
    }
    let full = if text.starts_with('#') && !text.contains(':') {
        format!("{}:{text}", asked.connector)
    } else {
        text.to_owned()
    };
    Place::parse(&full).map_err(|_| "a place such as `web:ops`".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ids::Origin;

    fn people() -> BTreeMap<PersonId, Person> {
        let person = |id: &str, name: &str, accounts: &[&str]| {
            let accounts: BTreeSet<_> =
                accounts.iter().map(|account| Account::parse(account).expect("an account")).collect();
            let person = Person {
                name: name.to_owned(),
                email: None,
                accounts,
                roles: BTreeSet::new(),
                origin: Origin::built_in(),
            };
            (PersonId::parse(id).expect("an id"), person)
        };
        [
            person("ana", "Ana Lima", &["irc:anal", "chat:U012"]),
            person("bo", "Bo", &["irc:Bo_"]),
            person("sam1", "Sam", &[]),
            person("sam2", "Sam", &[]),
            person("zoe", "Zoë", &["irc:bo"]),
        ]
        .into()
    }

    #[test]
    fn a_person_is_found_by_what_they_are_called() {
        let (people, me) = (people(), PersonId::parse("bo").expect("an id"));
        let asked = Asked { connector: "irc", who: Some(&me), people: Some(&people), ..Asked::default() };
        for (said, who) in [
            ("@ana", "ana"),
            ("ana", "ana"),
            ("ANA", "ana"),
            ("Ana Lima", "ana"),
            ("ana lima", "ana"),
            ("@anal", "ana"),
            ("anal", "ana"),
            ("irc:anal", "ana"),
            ("IRC:Anal", "a person that is known here"),
            ("chat:u012", "ana"),
            ("web:zoe", "zoe"),
            ("zoë", "zoe"),
            ("bo_", "bo"),
            // An id goes before an account of the same name.
            ("bo", "bo"),
            ("irc:bo", "zoe"),
            ("me", "bo"),
            ("@me", "bo"),
            ("sam", "the name of one person: it is that of `@sam1` and `@sam2`"),
            ("@aan", "a person that is known here; the nearest is `@ana`"),
            ("web:nobody", "a person that is known here"),
            ("", "a person that is known here"),
        ] {
            let found = person(said, &asked);
            assert_eq!(found.as_ref().map_or_else(String::as_str, PersonId::as_str), who, "{said}");
        }
        let stranger = Asked { who: None, ..asked };
        assert!(person("me", &stranger).is_err_and(|why| why.contains("`wilco.toml` names")));
    }

    #[test]
    fn a_place_is_here_or_named() {
        let here = Place::parse("irc:#web").expect("a place");
        let asked = Asked { connector: "irc", place: Some(&here), ..Asked::default() };
        let read = |said: &str| room(said, &asked).map(|place| place.to_string());
        assert_eq!(read("here").as_deref(), Ok("irc:#web"));
        assert_eq!(read("#ops").as_deref(), Ok("irc:#ops"));
        assert_eq!(read("web:ops").as_deref(), Ok("web:ops"));
        assert!(read("ops").is_err());
        assert!(room("here", &Asked::default()).is_err_and(|why| why.contains("outside a room")));
    }
}
