//! The settings of `wilco.toml`: names, addresses, places, limits, servers.
//!
//! Not people and rules: [`super::people`] and [`super::rules`] read those. Layer 4.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use url::Url;
use wilco_contract::{ids::Place, policy::Zone};
use wilco_engine::Limits;
use wilco_packs::{
    Problem, rules,
    sheet::{Keys, Sheet, Table, Text, Value},
};
use wilco_store_sql::{Durability, Options};
use wilco_web::{FileRules, PublicUrl, Room};

use super::{
    ENVIRONMENT, Environment, PackFolder,
    connectors::{DEFAULT_ROOM, room_problem},
};

/// The keys of `[audit]`.
pub(super) const AUDIT: Keys = Keys::of(&["checkpoints"]);
/// The keys of `[limits]`.
pub(super) const LIMITS: Keys = Keys::of(&["per_person", "lane"]);
/// The keys of `[files]`.
pub(super) const FILES: Keys = Keys::of(&["keep", "megabytes"]);
/// The keys of `[server.x]`.
pub(super) const SERVER: Keys = Keys::of(&["url"]);

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7777);
const DEFAULT_DATABASE: &str = "sqlite:wilco.db";
const DEFAULT_LIMITS: Limits = Limits { per_person: Some((30, 60)), lane: Some(16) };

pub(super) fn name(root: &Table<'_>) -> String {
    let text = root.get("name").and_then(|value| value.words("\"wilco\""));
    text.and_then(|text| own_name(&text)).unwrap_or_else(|| "wilco".into())
}

pub(super) fn aliases(root: &Table<'_>) -> Vec<String> {
    let texts = root.get("aliases").and_then(|value| value.texts("[\"hubot\"]")).unwrap_or_default();
    texts.iter().filter_map(own_name).collect()
}

fn own_name(text: &Text<'_>) -> Option<String> {
    let name = text.text.to_lowercase();
    let fits = !name.is_empty()
        && name.chars().count() <= 32
        && name.starts_with(char::is_alphanumeric)
        && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    if !fits {
        let what = format!("`{}` cannot be a name that people address Wilco by", text.text);
        text.wrong(what, "Use one word of letters, digits, - and _, at most 32 of them.");
    }
    fits.then_some(name)
}

pub(super) fn prefixes(root: &Table<'_>) -> Vec<String> {
    let Some(value) = root.get("prefixes") else { return vec![".".into()] };
    let texts = value.texts("[\".\", \"!\"]").unwrap_or_default();
    let fits = |text: &Text<'_>| {
        let sign = !text.text.is_empty()
            && text.text.chars().count() <= 3
            && text.text.chars().all(|c| !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control());
        if !sign {
            let what = format!("`{}` cannot be a prefix", text.text);
            text.wrong(
                what,
                "Use one to three signs that are no letters, digits or spaces, such as `.` or `!`.",
            );
        }
        sign
    };
    texts.into_iter().filter(fits).map(|text| text.text.to_owned()).collect()
}

pub(super) fn listen(root: &Table<'_>, environment: &Environment) -> SocketAddr {
    let written = root.get("listen").and_then(|value| value.words("\"127.0.0.1:7777\""));
    let written = written.and_then(|text| {
        let read = address(text.text);
        if read.is_none() {
            let what = format!("`{}` is no address to listen on", text.text);
            text.wrong(what, "Write an IP address and a port: `listen = \"127.0.0.1:7777\"`.");
        }
        read
    });
    if let Some(text) = &environment.listen {
        return address(text).unwrap_or_else(|| {
            let what = format!("WILCO_LISTEN is `{text}`, which is no address to listen on");
            wrong_environment(root.sheet(), what, "Set it to an IP address and a port: 127.0.0.1:7777.");
            DEFAULT_LISTEN
        });
    }
    if let Some(text) = &environment.port {
        return match text.trim().parse() {
            Ok(port) => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
            Err(_) => {
                let what = format!("PORT is `{text}`, which is no port");
                wrong_environment(root.sheet(), what, "Set it to a number up to 65535, or unset it.");
                DEFAULT_LISTEN
            }
        };
    }
    written.unwrap_or(DEFAULT_LISTEN)
}

fn address(text: &str) -> Option<SocketAddr> {
    let text = text.trim();
    match text.strip_prefix("localhost:") {
        Some(port) => Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port.parse().ok()?)),
        None => text.parse().ok(),
    }
}

fn wrong_environment(sheet: &Sheet, what: String, remedy: &str) {
    sheet.add(Problem::of(ENVIRONMENT, what, remedy));
}

pub(super) fn public_url(root: &Table<'_>, listen: SocketAddr) -> String {
    let default = || format!("http://localhost:{}", listen.port());
    let Some(text) = root.get("public_url").and_then(|value| value.words("\"https://wilco.example.com\""))
    else {
        return default();
    };
    if PublicUrl::parse(text.text).is_err() {
        let what = format!("`{}` cannot be the page's address", text.text);
        text.wrong(what, "Write `http://` or `https://`, a host, and a port if need be, without a path.");
        return default();
    }
    text.text.trim_end_matches('/').to_owned()
}

pub(super) fn database(root: &Table<'_>, base: &Path, environment: &Environment) -> PathBuf {
    let written = root.get("database").and_then(|value| value.words("\"sqlite:wilco.db\""));
    let from_file = written.and_then(|text| {
        let read = sqlite(text.text, base);
        if let Err((what, remedy)) = &read {
            text.wrong(what, remedy);
        }
        read.ok()
    });
    let variables = [("WILCO_DATABASE", &environment.database), ("DATABASE_URL", &environment.database_url)];
    let set = variables.into_iter().find_map(|(name, value)| value.as_ref().map(|value| (name, value)));
    if let Some((name, value)) = set {
        match sqlite(value.trim(), base) {
            Ok(path) => return path,
            Err((_, remedy)) => {
                // The address may hold a password, so it is not repeated.
                let what = format!("{name} is not the address of a database that this version knows");
                wrong_environment(root.sheet(), what, &format!("{remedy} Or unset {name}."));
            }
        }
    }
    from_file.or_else(|| sqlite(DEFAULT_DATABASE, base).ok()).unwrap_or_else(|| base.join("wilco.db"))
}

fn sqlite(address: &str, base: &Path) -> Result<PathBuf, (String, String)> {
    let remedy = "Write `sqlite:` and the path of a file: `sqlite:wilco.db`.".to_owned();
    let scheme = address.split(':').next().unwrap_or(address);
    if matches!(scheme, "postgres" | "postgresql") {
        return Err(("PostgreSQL is not supported in this version".to_owned(), remedy));
    }
    let read = Options::from_url(address, base, Durability::Full);
    read.map(|options| options.path)
        .map_err(|_| (format!("`{address}` is no database that Wilco knows"), remedy))
}

pub(super) fn durability(root: &Table<'_>) -> Durability {
    let Some(text) = root.get("durability").and_then(|value| value.words("\"full\"")) else {
        return Durability::Full;
    };
    match text.text {
        "full" => Durability::Full,
        "process" => Durability::Process,
        other => {
            let what = format!("there is no durability `{other}`");
            let remedy =
                "Write `full` (survives a loss of power) or `process` (survives the end of the process).";
            text.add(Problem::at(&text.origin(), what, remedy).near(other, ["full", "process"]));
            Durability::Full
        }
    }
}

pub(super) fn zone(root: &Table<'_>) -> Zone {
    let Some(text) = root.get("zone").and_then(|value| value.words("\"Europe/Berlin\"")) else {
        return Zone::default();
    };
    match jiff::tz::TimeZone::get(text.text) {
        Ok(zone) => Zone(zone),
        Err(_) => {
            let what = format!("there is no time zone `{}`", text.text);
            text.wrong(
                what,
                "Write a name such as `Europe/Berlin` or `UTC`; other than UTC needs the package tzdata.",
            );
            Zone::default()
        }
    }
}

/// A path as it was written.
pub(super) fn path(root: &Table<'_>, key: &str) -> Option<PathBuf> {
    root.get(key)?.words("\"wilco.keys\"").map(|text| PathBuf::from(text.text))
}

pub(super) fn packs(root: &Table<'_>, base: &Path) -> Vec<PackFolder> {
    let folder = |display: &str, named| PackFolder {
        path: base.join(display),
        display: display.trim_end_matches('/').to_owned(),
        named,
    };
    let Some(value) = root.get("packs") else { return vec![folder("packs", false)] };
    let mut folders: Vec<PackFolder> = Vec::new();
    for text in value.texts("[\"packs\"]").unwrap_or_default() {
        let new = folder(text.text, true);
        if text.text.trim().is_empty() || folders.iter().any(|known| known.path == new.path) {
            text.wrong(format!("`{}` is empty or stands twice", text.text), "Remove it.");
        } else if !new.path.is_dir() {
            let what = format!("there is no folder `{}` beside this file", text.text);
            text.wrong(what, "Make it, or correct the name.");
        } else {
            folders.push(new);
        }
    }
    folders
}

pub(super) fn checkpoints(root: &Table<'_>, base: &Path) -> Option<Vec<PathBuf>> {
    let table = root.get("audit")?.table("`[audit]`", AUDIT)?;
    let texts = table.get("checkpoints")?.texts("[\"file:wilco.keys/checkpoints\"]")?;
    let read = |text: &Text<'_>| {
        let path = text.text.strip_prefix("file:").filter(|path| !path.is_empty());
        if path.is_none() {
            let what = format!("`{}` is no place that this version can keep checkpoints in", text.text);
            text.wrong(what, "Write `file:` and a path: `file:wilco.keys/checkpoints`.");
        }
        path.map(|path| base.join(path))
    };
    Some(texts.iter().filter_map(read).collect())
}

pub(super) fn limits(root: &Table<'_>) -> Limits {
    let Some(table) = root.get("limits").and_then(|value| value.table("`[limits]`", LIMITS)) else {
        return DEFAULT_LIMITS;
    };
    let mut limits = DEFAULT_LIMITS;
    if let Some(text) = table.get("per_person").and_then(|value| value.words("\"30/1m\"")) {
        match (text.text, rules::rate(text.text)) {
            ("unlimited", _) => limits.per_person = None,
            (_, Some(rate)) => limits.per_person = Some(rate),
            (other, None) => {
                let what = format!("`{other}` is no number of orders in a span of time");
                text.wrong(what, "Write `per_person = \"30/1m\"` or `per_person = \"unlimited\"`.");
            }
        }
    }
    if let Some(value) = table.get("lane") {
        limits.lane = lane(&value);
    }
    limits
}

pub(super) fn files(root: &Table<'_>) -> FileRules {
    let mut rules = FileRules::default();
    let Some(table) = root.get("files").and_then(|value| value.table("`[files]`", FILES)) else {
        return rules;
    };
    if let Some(value) = table.get("keep") {
        let secs = value.seconds("\"30d\"").and_then(|secs| i64::try_from(secs).ok());
        rules.keep_secs = secs.unwrap_or(rules.keep_secs);
    }
    if let Some(value) = table.get("megabytes") {
        match value.count("1000") {
            Some(0) => value.wrong("`megabytes = 0` would refuse every file", "Write `megabytes = 1000`."),
            Some(count) => rules.bytes = count.saturating_mul(1_000_000),
            None => {}
        }
    }
    rules
}

fn lane(value: &Value<'_>) -> Option<usize> {
    if value.is_text() {
        if value.text("16").is_some_and(|text| text.text == "unlimited") {
            return None;
        }
        value.wrong("`lane` is a number of orders", "Write `lane = 16` or `lane = \"unlimited\"`.");
        return DEFAULT_LIMITS.lane;
    }
    let count = value.count("16")?;
    if count == 0 {
        value.wrong("`lane = 0` would refuse every order", "Write `lane = 16` or `lane = \"unlimited\"`.");
    }
    usize::try_from(count).ok()
}

pub(super) fn servers(root: &Table<'_>) -> BTreeMap<String, Url> {
    let Some(tables) = root.get("server").and_then(|value| value.open_table("`[server]`")) else {
        return BTreeMap::new();
    };
    let mut servers = BTreeMap::new();
    for entry in tables.entries() {
        let Some(table) = entry.table(&format!("`[server.{}]`", entry.name()), SERVER) else {
            continue;
        };
        let example = "\"https://webapp.example.com\"";
        let Some(text) =
            table.need("url", &format!("url = {example}")).and_then(|value| value.words(example))
        else {
            continue;
        };
        if let Some(url) = server_url(&text) {
            servers.insert(entry.name().to_owned(), url);
        }
    }
    servers
}

fn server_url(text: &Text<'_>) -> Option<Url> {
    let url =
        Url::parse(text.text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url else {
        let what = format!("`{}` is no address of a server", text.text);
        text.wrong(what, "Write `http://` or `https://`, a host, and a port or path if need be.");
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() {
        text.wrong(
            "a name or password stands in this address",
            "Remove it: it would show in logs and messages.",
        );
        return None;
    }
    if url.query().is_some() || url.fragment().is_some() {
        let what = format!("`{}` has a query or fragment", text.text);
        text.wrong(what, "Remove what begins with `?` or `#`; actions add their own query.");
        return None;
    }
    Some(url)
}

pub(super) fn home(root: &Table<'_>, rooms: &[Room]) -> Place {
    let default = Place::parse(DEFAULT_ROOM).expect("a place");
    let Some(text) = root.get("home").and_then(|value| value.words("\"web:ops\"")) else { return default };
    match Place::parse(text.text) {
        Ok(place) => {
            if let Some(problem) = room_problem(&place, rooms, &text.origin()) {
                text.add(problem);
            }
            place
        }
        Err(error) => {
            text.wrong(error.to_string(), "Write the connector, a colon and the room: `web:ops`.");
            default
        }
    }
}
