//! The people of `wilco.toml`. Layer 4.
//!
//! Not what they may do: [`super::rules`].

use std::collections::{BTreeMap, BTreeSet};

use wilco_contract::{
    ids::{Account, PersonId, RoleName},
    policy::Person,
};
use wilco_packs::{
    Problem,
    sheet::{Keys, Table, Text, Value},
};
use wilco_systems::{ConnectorSettings, irc};

use super::ConnectorSetup;

pub(super) const PERSON: Keys = Keys::of(&["name", "email", "accounts", "roles"]);

/// All `[person.x]`.
pub(super) fn people(root: &Table<'_>, connectors: &[ConnectorSetup]) -> BTreeMap<PersonId, Person> {
    let mut people = BTreeMap::new();
    let mut owners: BTreeMap<Account, PersonId> = BTreeMap::new();
    let tables = root.get("person").and_then(|value| value.open_table("`[person]`"));
    for entry in tables.iter().flat_map(Table::entries) {
        let Ok(id) = PersonId::parse(entry.name()) else {
            let what = format!("`{}` cannot be a person's name", entry.name());
            let remedy = "Use lower-case letters, digits, - and _; the full name goes into `name`.";
            entry.add(Problem::at(&entry.origin(), what, remedy));
            continue;
        };
        if let Some(person) = person(&entry, &id, &mut owners, connectors) {
            people.insert(id, person);
        }
    }
    people
}

fn person(
    entry: &Value<'_>,
    id: &PersonId,
    owners: &mut BTreeMap<Account, PersonId>,
    connectors: &[ConnectorSetup],
) -> Option<Person> {
    let table = entry.table(&format!("`[person.{id}]`"), PERSON)?;
    let name = table.get("name").and_then(|value| value.words("\"Ana Lima\""));
    let email = table.get("email").and_then(|value| value.words("\"ana@example.org\""));
    if let Some(email) = email.as_ref().filter(|email| !email.text.contains('@')) {
        email.wrong(format!("`{}` is no mail address", email.text), "Write `email = \"ana@example.org\"`.");
    }
    let mut accounts = BTreeSet::new();
    for text in table.get("accounts").and_then(|value| value.texts("[\"irc:ana\"]")).unwrap_or_default() {
        if let Some(account) = account(&text, id, connectors)
            && is_theirs(&text, &account, id, owners)
        {
            accounts.insert(account);
        }
    }
    let roles = table.get("roles").and_then(|value| value.texts("[\"developer\"]")).unwrap_or_default();
    Some(Person {
        name: name.map_or_else(|| id.to_string(), |name| name.text.to_owned()),
        email: email.map(|email| email.text.to_owned()),
        accounts,
        roles: roles.iter().filter_map(role).collect(),
        origin: entry.origin(),
    })
}

fn account(text: &Text<'_>, id: &PersonId, connectors: &[ConnectorSetup]) -> Option<Account> {
    let Ok(account) = Account::parse(text.text) else {
        let what = format!("`{}` is no account", text.text);
        text.wrong(what, "Write the network, a colon and the network's name for them: `irc:ana`.");
        return None;
    };
    if account.connector() == "web" && account.id() != id.as_str() {
        let what = format!("`{account}` is the page's account of the person `{}`", account.id());
        text.wrong(what, "Remove it: everybody has the page's account of their own name by themselves.");
        return None;
    }
    let connector = connectors.iter().find(|connector| connector.name == account.connector());
    match connector.map(|connector| &connector.settings) {
        Some(ConnectorSettings::Irc(..)) => account_on_irc(text, &account),
        None => Some(account),
    }
}

/// The account as the connector names it.
fn account_on_irc(text: &Text<'_>, account: &Account) -> Option<Account> {
    let id = irc::account_id(account.id());
    if id.is_none() {
        let what = format!("`{account}` is no account of the network's services, so it is nobody's own");
        let remedy = format!("Write the account that they are logged in to: `{}:ana`.", account.connector());
        text.wrong(what, remedy);
    }
    Account::parse(&format!("{}:{}", account.connector(), id?)).ok()
}

/// An account belongs to one person, or two could speak as one.
fn is_theirs(
    text: &Text<'_>,
    account: &Account,
    id: &PersonId,
    owners: &mut BTreeMap<Account, PersonId>,
) -> bool {
    match owners.insert(account.clone(), id.clone()) {
        None => true,
        Some(other) => {
            let what = format!("the account `{account}` is that of `{other}` already");
            text.wrong(what, "Leave it with one of them: what it says counts as that person's word.");
            false
        }
    }
}

fn role(text: &Text<'_>) -> Option<RoleName> {
    let bare = text.text.strip_prefix("role:").unwrap_or(text.text);
    match RoleName::parse(text.text) {
        Ok(role) => Some(role),
        Err(_) => {
            let what = format!("`{}` cannot be the name of a role", text.text);
            let mut problem = Problem::at(
                &text.origin(),
                what,
                "Use lower-case letters, digits, - and _, without `role:` in front.",
            );
            problem.nearest = RoleName::parse(bare).ok().map(|role| role.to_string());
            text.add(problem);
            None
        }
    }
}
