//! The connectors of `wilco.toml`: the page's rooms, and networks with theirs.
//!
//! Not the connecting: what is wrong with a server shows when it is connected to. Layer 4.

use std::path::Path;

use wilco_contract::{
    ids::{Hash, Origin, Place},
    source::Secret,
};
use wilco_packs::{
    Problem,
    sheet::{Keys, Table, Text, Value},
};
use wilco_runtime::{
    dial::{Address, Tls},
    rate::Rate,
};
use wilco_systems::{
    CONNECTOR_KINDS, ConnectorSettings,
    irc::{self, RoomSettings, Sasl},
};
use wilco_web::Room;

use super::{
    Environment,
    secrets::{from_file, read_secret},
};

/// The room of the page that is there by itself.
pub(super) const DEFAULT_ROOM: &str = "web:ops";
/// How fast lines are sent where nothing is said: most networks bear it.
const DEFAULT_RATE: Rate = Rate { count: 2, span: std::time::Duration::from_secs(1), burst: 5 };
/// How the password of a server is written.
const SERVER_PASSWORD: &str = "{ env = \"IRC_SERVER_PASSWORD\" }";
/// The ports of IRC, with TLS and without.
const PORTS: (u16, u16) = (6_697, 6_667);

pub(super) const WEB: Keys = Keys::of(&["kind", "rooms"]);
/// The keys of a room of the page.
pub(super) const ROOM: Keys = Keys::of(&["name", "topic"]);
pub(super) const IRC: Keys =
    Keys::of(&["kind", "server", "tls", "nick", "sasl", "password", "rooms", "rate", "pictures"]);
/// The keys of a room of IRC that is kept with a key.
pub(super) const IRC_ROOM: Keys = Keys::of(&["room", "key"]);
pub(super) const TLS: Keys = Keys::of(&["authorities", "pins"]);
pub(super) const SASL: Keys = Keys::of(&["account", "password", "certificate"]);

/// A connector of `wilco.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorSetup {
    /// Its name, which begins its places.
    pub name: String,
    /// What it is told.
    pub settings: ConnectorSettings,
}

/// What connectors are told beside their table.
pub(super) struct Around<'a> {
    pub(super) environment: &'a Environment,
    /// The folder of `wilco.toml`.
    pub(super) base: &'a Path,
    /// By which name people address Wilco.
    pub(super) called: &'a str,
    /// Where the page is.
    pub(super) console: &'a str,
}

/// All `[connector.x]`: the rooms of all of them, the page's first, and the networks.
pub(super) fn connectors(root: &Table<'_>, around: &Around<'_>) -> (Vec<Room>, Vec<ConnectorSetup>) {
    let ops = Place::parse(DEFAULT_ROOM).expect("a place");
    let mut rooms = vec![Room { place: ops, name: "ops".into(), topic: String::new() }];
    let (mut theirs, mut setups) = (Vec::new(), Vec::new());
    let connectors = root.get("connector").and_then(|value| value.open_table("`[connector]`"));
    for entry in connectors.iter().flat_map(Table::entries) {
        if entry.name() == "web" {
            page(&entry, &mut rooms);
            continue;
        }
        // A name that is none would make no place.
        if Place::parse(&format!("{}:x", entry.name())).is_err() {
            let what = format!("`{}` cannot be the name of a connector", entry.name());
            entry.add(Problem::at(&entry.origin(), what, "Use lower-case letters, digits, - and _."));
            continue;
        }
        if kind(&entry).is_none() {
            continue;
        }
        if let Some((settings, password)) = network(&entry, around) {
            theirs.extend(settings.rooms.iter().filter_map(|room| {
                let place = Place::parse(&format!("{}:{}", settings.name, room.name)).ok()?;
                Some(Room { place, name: room.name.clone(), topic: String::new() })
            }));
            let (name, settings) = (settings.name.clone(), ConnectorSettings::Irc(settings, password));
            setups.push(ConnectorSetup { name, settings });
        }
    }
    rooms.extend(theirs);
    (rooms, setups)
}

/// The kind: what is written, or the connector's name.
fn kind(entry: &Value<'_>) -> Option<&'static str> {
    let table = entry.open_table(&format!("`[connector.{}]`", entry.name()))?;
    let written = match table.get("kind") {
        Some(value) => Some(value.words("\"irc\"")?),
        None => None,
    };
    let given = written.as_ref().map_or(entry.name(), |text| text.text);
    if let Some(kind) = CONNECTOR_KINDS.into_iter().find(|kind| *kind == given) {
        return Some(kind);
    }
    let what = format!("this version has no connector of the kind `{given}`");
    let origin = written.as_ref().map_or_else(|| entry.origin(), Text::origin);
    let remedy = if written.is_some() { "Write `irc`." } else { "Add `kind = \"irc\"`, or remove it." };
    entry.add(Problem::at(&origin, what, remedy).near(given, CONNECTOR_KINDS.into_iter().chain(["web"])));
    None
}

/// An IRC network, and the password that its servers want of everybody.
fn network(entry: &Value<'_>, around: &Around<'_>) -> Option<(irc::Settings, Option<Secret>)> {
    let name = entry.name();
    let table = entry.table(&format!("`[connector.{name}]`"), IRC)?;
    // All of it is looked at before any of it is given up, so that all problems are told.
    let tls = tls(&table, around.base);
    let (sasl, certificate) = sasl(&table, around);
    let example = "server = \"irc.example.org:6697\"";
    let servers = table.need("server", example).and_then(|value| servers(&value, tls.as_ref()));
    let nick = match table.get("nick") {
        Some(value) => value.words("\"wilco\"").and_then(|text| nick(&text)),
        None => Some(around.called.to_owned()).filter(|name| irc::is_nick(name)).or_else(|| {
            let what = format!("`{}` cannot be a nick on IRC", around.called);
            entry.add(Problem::at(&entry.origin(), what, "Write `nick = \"wilco\"`."));
            None
        }),
    };
    let password = match table.get("password") {
        Some(value) => read_secret(&value, SERVER_PASSWORD, around.environment, around.base).map(Some),
        None => Some(None),
    };
    let rooms = rooms_of(&table, around);
    let rate = rate(&table);
    let pictures = table.get("pictures").map_or(Some(true), |value| value.flag());
    let tls = match (tls?, certificate) {
        (Tls::On { authorities, pins, .. }, ours) => Tls::On { authorities, pins, ours },
        (Tls::Off, None) => Tls::Off,
        (Tls::Off, Some(_)) => {
            entry.add(Problem::at(
                &entry.origin(),
                "a certificate proves nothing without TLS",
                "Remove `tls = false`, or `certificate`.",
            ));
            return None;
        }
    };
    let servers = servers?;
    let far = servers.iter().any(|(host, _)| !is_here(host));
    let says_one = matches!(sasl, Some(Some(Sasl::Password { .. }))) || matches!(password, Some(Some(_)));
    if tls == Tls::Off && says_one && far {
        let what = "without TLS everybody on the way to the server can read the password";
        entry.add(Problem::at(&entry.origin(), what, "Remove `tls = false`.").warning());
    }
    let settings = irc::Settings {
        name: name.to_owned(),
        addresses: servers.into_iter().map(|(host, port)| Address { host, port, tls: tls.clone() }).collect(),
        nick: nick?,
        sasl: sasl?,
        rooms: rooms?,
        rate: rate?,
        pictures: pictures?,
        called: around.called.to_owned(),
        console: around.console.to_owned(),
    };
    Some((settings, password?))
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// One server, or several of one network.
fn servers(value: &Value<'_>, tls: Option<&Tls>) -> Option<Vec<(String, u16)>> {
    let example = "\"irc.example.org:6697\"";
    if value.is_text() {
        return Some(vec![server_of(&value.words(example)?, tls)?]);
    }
    let texts = value.texts(&format!("[{example}]"))?;
    if texts.is_empty() {
        value.wrong("`server` is empty", format!("Write `server = {example}`, or a list of servers."));
        return None;
    }
    let servers: Vec<_> = texts.iter().map(|text| server_of(text, tls)).collect();
    servers.into_iter().collect()
}

/// A host with a port, which the kind of connection has by itself.
fn server_of(text: &Text<'_>, tls: Option<&Tls>) -> Option<(String, u16)> {
    let given = text.text.trim();
    let default = if tls == Some(&Tls::Off) { PORTS.1 } else { PORTS.0 };
    let (host, port) = match given.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, Some(default)),
        Some((host, port)) => (host, port.strip_prefix(':').and_then(|port| port.parse().ok())),
        None => match given.split_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (given, Some(default)),
        },
    };
    let fits = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:".contains(c));
    let found = port.filter(|port| *port > 0 && fits).map(|port| (host.to_owned(), port));
    if found.is_none() {
        let what = format!("`{given}` is no address of an IRC server");
        text.wrong(what, "Write a host and a port: `server = \"irc.example.org:6697\"`.");
    }
    found
}

fn tls(table: &Table<'_>, base: &Path) -> Option<Tls> {
    let on = |authorities, pins| Tls::On { authorities, pins, ours: None };
    let Some(value) = table.get("tls") else { return Some(on(None, Vec::new())) };
    if !value.is_table() {
        return Some(if value.flag()? { on(None, Vec::new()) } else { Tls::Off });
    }
    let table = value.table("`tls`", TLS)?;
    let authorities = match table.get("authorities") {
        Some(file) => Some(from_file(&file, base, "the file of authorities")?.expose().to_vec()),
        None => None,
    };
    let example = "[\"sha256:…\"]";
    let texts = table.get("pins").and_then(|value| value.texts(example)).unwrap_or_default();
    let pin = |text: &Text<'_>| {
        let hex: String =
            text.text.strip_prefix("sha256:").unwrap_or_default().chars().filter(|c| *c != ':').collect();
        let hash = Hash::parse(&hex.to_lowercase()).ok();
        if hash.is_none() {
            let what = format!("`{}` is no fingerprint of a certificate", text.text);
            let remedy = "Write `sha256:` and 64 hex digits, as `openssl x509 -noout -fingerprint -sha256` prints them.";
            text.wrong(what, remedy);
        }
        hash
    };
    let pins: Vec<_> = texts.iter().map(pin).collect();
    Some(on(authorities, pins.into_iter().collect::<Option<_>>()?))
}

type OurCertificate = Option<Secret>;

/// How we say who we are, `None` where that is wrong, and the certificate where it takes one.
fn sasl(table: &Table<'_>, around: &Around<'_>) -> (Option<Option<Sasl>>, OurCertificate) {
    let Some(value) = table.get("sasl") else { return (Some(None), None) };
    let Some(table) = value.table("`sasl`", SASL) else { return (None, None) };
    if let Some(file) = table.get("certificate") {
        if table.get("account").is_some() || table.get("password").is_some() {
            value.wrong("`sasl` has a certificate and a password", "Keep one of them.");
            return (None, None);
        }
        return match from_file(&file, around.base, "the certificate") {
            Some(certificate) => (Some(Some(Sasl::Certificate)), Some(certificate)),
            None => (None, None),
        };
    }
    let account = table.need("account", "account = \"wilco\"").and_then(|value| value.words("\"wilco\""));
    let example = "{ env = \"IRC_PASSWORD\" }";
    let password = table.need("password", &format!("password = {example}"));
    let password = password.and_then(|value| read_secret(&value, example, around.environment, around.base));
    let both = account
        .zip(password)
        .map(|(account, password)| Some(Sasl::Password { account: account.text.to_owned(), password }));
    (both, None)
}

fn nick(text: &Text<'_>) -> Option<String> {
    if irc::is_nick(text.text) {
        return Some(text.text.to_owned());
    }
    let what = format!("`{}` cannot be a nick on IRC", text.text);
    text.wrong(what, "Use letters, digits and `-_[]\\^{}|`, beginning with no digit, at most 30 of them.");
    None
}

fn rooms_of(table: &Table<'_>, around: &Around<'_>) -> Option<Vec<RoomSettings>> {
    let value = table.need("rooms", "rooms = [\"#ops\"]")?;
    let items = value.list("[\"#ops\"]")?;
    if items.is_empty() {
        value.wrong("`rooms` is empty, so nobody would be heard", "Write `rooms = [\"#ops\"]`.");
        return None;
    }
    let mut rooms: Vec<RoomSettings> = Vec::new();
    let mut whole = true;
    for item in &items {
        let Some((text, key)) = room_of(item, around) else {
            whole = false;
            continue;
        };
        if !irc::is_room(text.text) {
            let mut problem = Problem::at(
                &text.origin(),
                format!("`{}` cannot be the name of a room on IRC", text.text),
                "Write it as the network does, with `#` in front and without spaces.",
            );
            let with = format!("#{}", text.text);
            problem.nearest = irc::is_room(&with).then_some(with);
            text.add(problem);
            whole = false;
        } else if rooms.iter().any(|room| room.name.eq_ignore_ascii_case(text.text)) {
            text.wrong(format!("the room `{}` stands twice", text.text), "Remove one of them.");
            whole = false;
        } else {
            rooms.push(RoomSettings { name: text.text.to_owned(), key });
        }
    }
    whole.then_some(rooms)
}

/// A room by its name, or with what opens it.
fn room_of<'a>(item: &Value<'a>, around: &Around<'_>) -> Option<(Text<'a>, Option<Secret>)> {
    if !item.is_table() {
        return Some((item.words("[\"#ops\"]")?, None));
    }
    let table = item.table("a room", IRC_ROOM)?;
    let name = table.need("room", "room = \"#ops\"").and_then(|value| value.words("\"#ops\""));
    let Some(value) = table.get("key") else { return Some((name?, None)) };
    let key = read_secret(&value, "{ env = \"ROOM_KEY\" }", around.environment, around.base)?;
    if !irc::is_key(key.expose()) {
        value.wrong(
            "this cannot be the key of a room on IRC",
            "A key has no spaces, commas and colons, and at most 100 signs.",
        );
        return None;
    }
    Some((name?, Some(key)))
}

fn rate(table: &Table<'_>) -> Option<Option<Rate>> {
    let Some(value) = table.get("rate") else { return Some(Some(DEFAULT_RATE)) };
    let text = value.words("\"2/s burst 5\"")?;
    if text.text == "unlimited" {
        return Some(None);
    }
    match text.text.parse() {
        Ok(rate) => Some(Some(rate)),
        Err(_) => {
            let what = format!("`{}` is no number of lines in a span of time", text.text);
            text.wrong(what, "Write `rate = \"2/s burst 5\"` or `rate = \"unlimited\"`.");
            None
        }
    }
}

/// The page's rooms beside `ops`.
fn page(entry: &Value<'_>, rooms: &mut Vec<Room>) {
    let Some(table) = entry.table("`[connector.web]`", WEB) else { return };
    if let Some(text) =
        table.get("kind").and_then(|value| value.words("\"web\"")).filter(|kind| kind.text != "web")
    {
        text.wrong(format!("the connector `web` cannot be of the kind `{}`", text.text), "Remove `kind`.");
    }
    let listed = table.get("rooms").and_then(|value| value.list("[\"deploys\"]"));
    for item in listed.unwrap_or_default() {
        add_room(&item, rooms);
    }
}

fn add_room(item: &Value<'_>, rooms: &mut Vec<Room>) {
    let (name, topic) = if item.is_table() {
        let Some(table) = item.table("a room", ROOM) else { return };
        let name = table.need("name", "name = \"deploys\"").and_then(|value| value.words("\"deploys\""));
        let topic = table.get("topic").and_then(|value| value.text("\"What ships\""));
        (name, topic.map(|topic| topic.text.to_owned()).unwrap_or_default())
    } else {
        (item.words("[\"deploys\"]"), String::new())
    };
    let Some(name) = name else { return };
    let well = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let place = Place::parse(&format!("web:{}", name.text)).ok();
    let Some(place) = place.filter(|_| name.text.len() <= 64 && name.text.chars().all(well)) else {
        let bare = name.text.trim_start_matches('#').to_lowercase();
        let what = format!("`{}` cannot be the name of a room", name.text);
        let remedy = "Use lower-case letters, digits, - and _, without a sign in front.";
        let mut problem = Problem::at(&name.origin(), what, remedy);
        problem.nearest = (bare != name.text && !bare.is_empty() && bare.chars().all(well)).then_some(bare);
        name.add(problem);
        return;
    };
    let found = rooms.iter_mut().find(|room| room.place == place);
    match found {
        // `ops` is there by itself; writing it gives it a topic.
        Some(room) if room.name == "ops" && room.topic.is_empty() => room.topic = topic,
        Some(_) => name.wrong(format!("the room `{}` stands twice", name.text), "Remove one of them."),
        None => rooms.push(Room { place, name: name.text.to_owned(), topic }),
    }
}

/// Why a place is no room that is there, if it is not.
pub(super) fn room_problem(place: &Place, rooms: &[Room], at: &Origin) -> Option<Problem> {
    let (connector, room) = (place.connector(), place.room());
    if connector != "web" && !rooms.iter().any(|room| room.place.connector() == connector) {
        let what = format!("`{place}` is on the connector `{connector}`, which is not there");
        return Some(Problem::at(at, what, "Name a room of the page, such as `web:ops`."));
    }
    if place.direct().is_some() {
        let what = format!("`{place}` is a direct conversation, and a home is for everybody");
        return Some(Problem::at(at, what, "Name a room, such as `web:ops`."));
    }
    if rooms.iter().any(|room| room.place == *place) {
        return None;
    }
    let what = no_room(place);
    let remedy =
        format!("Add `{room}` to `rooms` of `[connector.{connector}]` in `wilco.toml`, or correct the name.");
    Some(Problem::at(at, what, remedy).near(place.as_str(), rooms.iter().map(|room| room.place.as_str())))
}

/// That a connector has no such room.
pub(crate) fn no_room(place: &Place) -> String {
    match place.connector() {
        "web" => format!("the page has no room `{place}`"),
        connector => format!("the connector `{connector}` has no room `{place}`"),
    }
}
