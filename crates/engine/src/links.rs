//! Accounts that people linked to themselves: by a code that they got as who they are, and said from the other account.
//!
//! Not the accounts of `wilco.toml`, which come first: what stands there is nobody else's. Codes are kept in memory
//! alone, as hashes; what was linked is kept in the store. Layer 1.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use wilco_contract::{
    action::{ActionError, Intent, Outcome},
    connector::DeliveryKey,
    ids::{Account, Hash, PersonId, Place},
    memory::{MemoryEvent, Namespace, Remembered},
    policy::Policy,
    principal::Principal,
    reply::Reply,
    store::{AuditEntry, Record, StoreError},
};

use crate::{
    core::{Core, Live},
    hints,
    limits::{Rated, Rates},
    memory,
    tell::{self, Nothing},
    words,
};

type Told = Result<Outcome, ActionError>;

/// How long a code counts.
const LIFE: SignedDuration = SignedDuration::from_mins(10);
/// How many codes a person gets, and how many an account may say, in so many seconds.
const OWN: (u32, u64) = (5, 600);
/// How many codes all accounts together may say in so many seconds: of a million million codes.
const ALL: (u32, u64) = (100, 600);
/// The signs of a code: none of them is taken for another.
const SIGNS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// How many signs a code has.
const LENGTH: usize = 8;
/// How many linked accounts are read at a start.
const MOST: usize = 100_000;

/// What was linked, and the codes that wait to be said.
#[derive(Default)]
pub(crate) struct Links {
    state: Mutex<State>,
    /// One change of who is who at a time.
    changing: Mutex<()>,
    asked: Rates,
    said: Rates,
}

#[derive(Default)]
struct State {
    codes: HashMap<Hash, Code>,
    linked: BTreeMap<Account, Linked>,
    /// Those of them that the policy in force has from here.
    joined: BTreeSet<Account>,
}

/// Whoever says this from an account of the network is who got it.
#[derive(Clone)]
struct Code {
    person: PersonId,
    /// By which account they got it.
    by: Account,
    network: String,
    until: Timestamp,
}

/// Whose an account is.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Linked {
    person: PersonId,
    /// By which other account of theirs.
    by: Account,
    at: Timestamp,
    /// How often what the store has under this name was changed.
    #[serde(skip)]
    version: u64,
}

impl Links {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change under the lock is one step, so a panic elsewhere leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while who is who changes.
    pub(crate) fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to the people of a configuration what was linked, before it comes into force.
    pub(crate) fn join(&self, policy: &mut Policy) {
        let mut state = self.state();
        state.joined.clear();
        let State { linked, joined, .. } = &mut *state;
        for (account, whose) in linked {
            // What the file says of an account holds.
            let in_file = policy.people.values().any(|person| person.accounts.contains(account));
            let person = policy.people.get_mut(&whose.person).filter(|_| !in_file);
            if let Some(person) = person {
                person.accounts.insert(account.clone());
                joined.insert(account.clone());
            }
        }
    }
}

fn namespace() -> Namespace {
    Namespace { pack: "wilco".to_owned(), name: Some("accounts".to_owned()), person: None }
}

/// Learns what was linked before the start.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn load(core: &Core) -> Result<(), StoreError> {
    let stored = core.store.all_remembered(&namespace(), core.clock.now(), MOST).await?;
    let read = |entry: Remembered| {
        let account = Account::parse(&entry.key).ok()?;
        let linked: Linked = serde_json::from_value(entry.value).ok()?;
        Some((account, Linked { version: entry.version, ..linked }))
    };
    core.links.state().linked = stored.into_iter().filter_map(read).collect();
    change(core, |policy| core.links.join(policy));
    Ok(())
}

/// Brings a change of who is who into force.
fn change(core: &Core, change: impl FnOnce(&mut Policy)) {
    let _one = core.links.changing();
    let live = core.live.load_full();
    let mut setup = live.setup.clone();
    change(&mut setup.policy);
    let (names, catalogue, listen) = (live.names.clone(), live.catalogue.clone(), live.listen.clone());
    core.live.store(Arc::new(Live { setup, names, catalogue, listen }));
}

/// The arguments of `link me on`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct NetworkArgs {
    /// The connector of the other account.
    network: String,
}

/// Gives a person a code, to them alone.
pub(crate) async fn begin(core: &Arc<Core>, intent: &Intent, args: NetworkArgs) -> Told {
    let Principal::Person { id, account, .. } = &intent.asker else {
        return no("only a person can be linked; sign in on the page, or speak by an account that is known");
    };
    let network = args.network.to_lowercase();
    let known = Place::parse(&format!("{network}:x")).ok().and_then(|place| core.ways.to(&place)).is_some();
    if network == "web" || !known {
        return no(format!("`{network}` is no network; say `connectors` for those that there are"));
    }
    let now = core.clock.now();
    if let Rated::BeyondTell(_) | Rated::Beyond(_) =
        core.links.asked.count(&intent.asker.key(), "link", Some(OWN), now)
    {
        return no(format!("you got {} codes in 10 minutes; the newest counts, or wait", OWN.0));
    }
    let code = draw(core.chance.bytes());
    let until = now.checked_add(LIFE).unwrap_or(now);
    let text = format!(
        "Say `link {code}` to me on {network}, alone, from the account that is yours there, until {}. It counts once; whoever \
         says it first is taken for you.",
        words::time(core, until)
    );
    // It is told before it counts, and to its person alone.
    let answer = if Place::alone_with(account).as_ref() == Some(&intent.place) {
        text
    } else {
        let Some(dm) = alone_with(core, account).await else {
            return no(
                "a code is for you alone, and you cannot be reached alone; ask for it where only we two are",
            );
        };
        let key = DeliveryKey(format!("link/{}", intent.key));
        if let Err(error) = core.ways.post(&dm, None, &Reply::text(text), &key).await {
            return no(format!("a code is for you alone, and could not be told: {error}"));
        }
        format!("You have a code in {dm}, where only we two are.")
    };
    let (person, by) = (id.clone(), account.clone());
    let mut state = core.links.state();
    state.codes.retain(|_, code| code.until > now && (code.person != person || code.network != network));
    state.codes.insert(Hash::of(code.as_bytes()), Code { person, by, network, until });
    drop(state);
    tell::said(Reply::text(answer))
}

/// The arguments of `link`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct CodeArgs {
    /// The code.
    code: String,
}

/// Links the account that says a code to whoever got it.
pub(crate) async fn end(core: &Arc<Core>, intent: &Intent, args: CodeArgs) -> Told {
    let account = match &intent.asker {
        Principal::Guest { account } => account,
        Principal::Person { id, account, .. } => {
            return no(format!(
                "the account {account} is @{id}'s already; say the code from the account that is to be linked"
            ));
        }
        other => return no(format!("the {} has no account on a network", other.kind())),
    };
    if !account.is_verified() {
        return no(format!(
            "nobody can tell whose {account} is, as the network does not say so. Rule: an account is linked that the network \
             verified. Log in to its services, and say the code again"
        ));
    }
    let now = core.clock.now();
    let count = |key: &str, most| core.links.said.count(key, "link", Some(most), now) == Rated::Within;
    if !count(account.as_str(), OWN) || !count("all", ALL) {
        return no("too many codes were said; wait 10 minutes");
    }
    let given = Hash::of(plain(&args.code).as_bytes());
    // Taken out at once: of two who say it at the same time one is linked.
    let code = {
        let mut state = core.links.state();
        let fits = state
            .codes
            .get(&given)
            .is_some_and(|code| code.until > now && code.network == account.connector());
        if fits { state.codes.remove(&given) } else { None }
    };
    let known = |code: &Code| core.with_policy(|policy| policy.people.contains_key(&code.person));
    let Some(code) = code.filter(known) else {
        return no(format!(
            "this code was used, has ended, or never was for {}; say `link me on {}` on the page for a new one",
            account.connector(),
            account.connector()
        ));
    };
    let version = core
        .store
        .remembered(&namespace(), account.as_str())
        .await
        .map_err(|error| tell::unavailable(&error))?;
    let version = version.map_or(0, |entry| entry.version) + 1;
    let linked = Linked { person: code.person.clone(), by: code.by.clone(), at: now, version };
    let told = format!("{account} is linked to @{} by a code that {} got", code.person, code.by);
    let entry = Remembered {
        namespace: namespace(),
        key: account.to_string(),
        value: json!(linked),
        version,
        at: now,
        until: None,
    };
    let event = MemoryEvent::Set { entry, by: memory::call(intent) };
    let audit = entry_of("account.linked", intent, (&code.person, account), told);
    let records = vec![Record::Memory(Box::new(event)), Record::Audit(audit)];
    if let Err(error) = core.commit(records).await {
        // Nothing was linked, so it may be said again.
        core.links.state().codes.insert(given, code);
        return Err(tell::unavailable(&error));
    }
    core.links.state().linked.insert(account.clone(), linked);
    change(core, |policy| {
        if let Some(person) = policy.people.get_mut(&code.person) {
            person.accounts.insert(account.clone());
            core.links.state().joined.insert(account.clone());
        }
    });
    let text = format!(
        "The account {account} is linked to you from now on, by the code that you got. If that was not you, say `unlink \
         {account}`."
    );
    tell_alone(core, intent, &code.by, text).await;
    tell::said(Reply::text(format!(
        "You are @{} from now on, by {account}. Say `{}unlink {account}` to end it.",
        code.person,
        hints::before(core, &intent.place)
    )))
}

/// The arguments of `unlink`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct AccountArgs {
    /// The account.
    account: String,
}

/// Ends a link: one's own, or as an admin anybody's.
pub(crate) async fn unlink(core: &Arc<Core>, intent: &Intent, args: AccountArgs) -> Told {
    let find = |given: &str| {
        let account = Account::parse(given).ok()?;
        let linked = core.links.state().linked.get(&account).cloned()?;
        Some((account, linked))
    };
    let found = find(&args.account).or_else(|| find(&args.account.to_lowercase()));
    let found = found.filter(|(_, linked)| may_see(&intent.asker, &linked.person));
    let Some((account, linked)) = found else {
        return no(format!(
            "`{}` is no linked account of yours; say `links` for them; those of `wilco.toml` are ended there",
            args.account
        ));
    };
    let forgot = MemoryEvent::Forgot {
        namespace: namespace(),
        key: account.to_string(),
        version: linked.version,
        by: memory::call(intent),
    };
    let told = format!("{account} is linked to @{} no more", linked.person);
    let audit = entry_of("account.unlinked", intent, (&linked.person, &account), told);
    let records = vec![Record::Memory(Box::new(forgot)), Record::Audit(audit)];
    core.commit(records).await.map_err(|error| tell::unavailable(&error))?;
    let joined = {
        let mut state = core.links.state();
        state.linked.remove(&account);
        state.joined.remove(&account)
    };
    if joined {
        change(core, |policy| {
            if let Some(person) = policy.people.get_mut(&linked.person) {
                person.accounts.remove(&account);
            }
        });
    }
    let summary = format!(
        "the account {account} is not @{}'s any more; whoever speaks by it is a guest",
        linked.person
    );
    Ok(Outcome { summary: Some(summary), ..Outcome::default() })
}

/// Lists what was linked: one's own, and for an admin everybody's.
pub(crate) async fn list(core: &Arc<Core>, intent: &Intent, _: Nothing) -> Told {
    let columns = ["account", "person", "by", "since"];
    let all = core.links.state().linked.clone();
    let row = |(account, linked): (Account, Linked)| {
        vec![
            account.to_string(),
            format!("@{}", linked.person),
            linked.by.to_string(),
            words::time(core, linked.at),
        ]
    };
    let seen = all.into_iter().filter(|(_, linked)| may_see(&intent.asker, &linked.person));
    let rows: Vec<_> = seen.map(row).collect();
    if rows.is_empty() {
        let before = hints::before(core, &intent.place);
        let none =
            format!("No accounts were linked by a code. Say `{before}link me on <network>` to get one.");
        return tell::listed(&columns, rows, Reply::text(none));
    }
    tell::tabled(&columns, rows)
}

fn may_see(who: &Principal, person: &PersonId) -> bool {
    who.person() == Some(person) || who.administers()
}

/// Where only this account and we are, as far as its network has such a place.
async fn alone_with(core: &Core, account: &Account) -> Option<Place> {
    let way = core.ways.to(&Place::alone_with(account)?)?;
    way.directory.open_dm(account).await
}

/// Tells somebody something by an account of theirs; where they cannot be reached the record has it.
async fn tell_alone(core: &Core, intent: &Intent, account: &Account, text: String) {
    let Some(dm) = alone_with(core, account).await else { return };
    let key = DeliveryKey(format!("linked/{}", intent.key));
    if let Err(error) = core.ways.post(&dm, None, &Reply::text(text), &key).await {
        tracing::warn!(%account, %error, "Somebody was not told that an account was linked to them.");
    }
}

/// An entry of the record, with whose account it is, and both accounts in its words.
fn entry_of(
    kind: &str,
    intent: &Intent,
    (person, account): (&PersonId, &Account),
    text: String,
) -> AuditEntry {
    let who = if kind == "account.linked" { format!("@{person}") } else { intent.asker.key() };
    AuditEntry {
        kind: kind.to_owned(),
        who,
        account: Some(account.clone()),
        operation: None,
        command: None,
        place: Some(intent.place.clone()),
        text,
        rule: None,
    }
}

fn no(why: impl Into<String>) -> Told {
    Err(ActionError::failed(why.into()))
}

/// A code as people read it: `ABCD-2345`.
fn draw(chance: [u8; 16]) -> String {
    let signs: String =
        chance.iter().take(LENGTH).map(|byte| char::from(SIGNS[usize::from(byte % 32)])).collect();
    let (one, other) = signs.split_at(LENGTH / 2);
    format!("{one}-{other}")
}

/// A code as it was drawn, however it was typed.
fn plain(given: &str) -> String {
    let signs: String = given.chars().filter(|c| c.is_ascii_alphanumeric()).take(LENGTH + 1).collect();
    let signs = signs.to_ascii_uppercase();
    if signs.len() == LENGTH { format!("{}-{}", &signs[..LENGTH / 2], &signs[LENGTH / 2..]) } else { signs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_was_typed() {
        let code = draw([0, 31, 32, 63, 255, 7, 8, 9, 1, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(code, "A9A9-9HJK");
        for typed in ["A9A9-9HJK", "a9a99hjk", " a9a9 9hjk "] {
            assert_eq!(plain(typed), code);
        }
        for other in ["", "A9A9-9HJ", "A9A9-9HJKK", "é"] {
            assert_ne!(plain(other), code);
        }
    }
}
