//! `proof` of a generic source: what a request has to bring. Layer 4.
//!
//! Not the proving, which the source does, and not the secrets: [`super::sources`] reads those.

use wilco_packs::sheet::{Keys, Table, Value};
use wilco_systems::generic::{DEFAULT_TOLERANCE_SECS, Encoding, HmacProof, Proof, Stamp, is_header};

pub(super) const PROOF: Keys = Keys::of(&["bearer", "hmac", "standard_webhooks"]);
pub(super) const HMAC: Keys = Keys::of(&["header", "prefix", "encoding", "algorithm", "timestamp"]);
pub(super) const STAMP: Keys = Keys::of(&["header", "tolerance"]);
pub(super) const BEARER: Keys = Keys::of(&["header"]);

const AN_HMAC: &str = "{ hmac = { header = \"x-signature\", prefix = \"sha256=\" } }";

/// The proof of a source; a token where nothing is said. `None` where it is wrong, which was told.
pub(super) fn proof(source: &Table<'_>) -> Option<Proof> {
    let Some(value) = source.get("proof") else { return Some(Proof::default()) };
    let table = value.table("`proof`", PROOF)?;
    let found: Vec<_> =
        table.entries().into_iter().filter(|entry| PROOF.known.contains(&entry.name())).collect();
    match found.as_slice() {
        [one] => match one.name() {
            "hmac" => hmac(one).map(Proof::Hmac),
            "bearer" => bearer(one),
            _ => one_way(one).then_some(Proof::StandardWebhooks),
        },
        [] => {
            if !table.has_slips() {
                value.wrong(
                    "`proof` is empty",
                    format!("Write `proof = {{ bearer = true }}` or `proof = {AN_HMAC}`."),
                );
            }
            None
        }
        [_, second, ..] => {
            second.wrong("a source has one proof, and here are two", "Remove one of them.");
            None
        }
    }
}

fn bearer(value: &Value<'_>) -> Option<Proof> {
    if value.is_table() {
        let table = value.table("`bearer`", BEARER)?;
        let name = table.need("header", "header = \"x-token\"")?;
        return Some(Proof::Bearer { header: Some(header(&name)?) });
    }
    one_way(value).then_some(Proof::Bearer { header: None })
}

/// What is either there or left out: `true`.
fn one_way(value: &Value<'_>) -> bool {
    match value.flag() {
        Some(true) => true,
        Some(false) => {
            value.wrong(
                format!("`{} = false` is no proof", value.name()),
                "Leave `proof` out, or name another.",
            );
            false
        }
        None => false,
    }
}

fn hmac(value: &Value<'_>) -> Option<HmacProof> {
    let table = value.table("`hmac`", HMAC)?;
    let name = table.need("header", "header = \"x-signature\"").and_then(|value| header(&value));
    let prefix = table.get("prefix").and_then(|value| value.text("\"sha256=\""));
    let encoding = encoding(&table);
    let algorithm = algorithm(&table);
    let timestamp = match table.get("timestamp") {
        Some(value) => Some(stamp(&value)?),
        None => None,
    };
    algorithm?;
    Some(HmacProof {
        header: name?,
        prefix: prefix.map(|text| text.text.to_owned()).unwrap_or_default(),
        encoding: encoding?,
        timestamp,
    })
}

fn encoding(table: &Table<'_>) -> Option<Encoding> {
    let Some(value) = table.get("encoding") else { return Some(Encoding::default()) };
    let text = value.words("\"hex\"")?;
    match text.text {
        "hex" => Some(Encoding::Hex),
        "base64" => Some(Encoding::Base64),
        other => {
            text.wrong(format!("there is no encoding `{other}`"), "Write `hex` or `base64`.");
            None
        }
    }
}

fn algorithm(table: &Table<'_>) -> Option<()> {
    let Some(value) = table.get("algorithm") else { return Some(()) };
    let text = value.words("\"sha256\"")?;
    if text.text == "sha256" {
        return Some(());
    }
    text.wrong(format!("this version has no HMAC with `{}`", text.text), "Write `sha256`, or leave it out.");
    None
}

fn stamp(value: &Value<'_>) -> Option<Stamp> {
    let table = value.table("`timestamp`", STAMP)?;
    let name = table.need("header", "header = \"x-timestamp\"").and_then(|value| header(&value));
    let tolerance = match table.get("tolerance") {
        Some(value) => value.seconds("\"5m\"")?,
        None => DEFAULT_TOLERANCE_SECS,
    };
    Some(Stamp { header: name?, tolerance_secs: tolerance })
}

/// The name of a header, in lower case.
fn header(value: &Value<'_>) -> Option<String> {
    let text = value.words("\"x-signature\"")?;
    let name = text.text.to_ascii_lowercase();
    if !is_header(&name) {
        let what = format!("`{}` cannot be the name of a header", text.text);
        text.wrong(what, "Use letters, digits and -, as in `x-signature`.");
        return None;
    }
    Some(name)
}
