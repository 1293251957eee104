//! What `wilco.toml` says of a generic source: its proof and the templates of its events, checked before anything runs.
//!
//! Not the filling in: [`super::fields`] does that with each payload. Layer 2.

use std::collections::BTreeMap;

use wilco_contract::{
    event::Level,
    expr::{Condition, template_names},
    source::Secret,
};

use crate::proof;

/// The fields of an event that a template may give.
pub const FIELDS: &[&str] = &[
    "id",
    "object",
    "kind",
    "action",
    "title",
    "state",
    "done",
    "level",
    "line",
    "head",
    "text",
    "url",
    "severity",
    "reference",
    "repo",
    "at",
    "labels",
];

/// How far a sender's clock may be off, where nothing is said, in seconds.
pub const DEFAULT_TOLERANCE_SECS: u64 = 300;

/// What the language has beside names.
const FUNCTIONS: [&str; 4] = ["range", "dict", "namespace", "debug"];

/// How requests are proven and read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// How the sender proves who they are.
    pub proof: Proof,
    /// The template of each field, by its name in [`FIELDS`]; of `done` it is a condition.
    pub event: BTreeMap<String, String>,
}

/// How a sender proves who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The secret itself stands in a header.
    Bearer {
        /// The header, in lower case; absent: `Authorization: Bearer`.
        header: Option<String>,
    },
    /// An HMAC-SHA256 of the body stands in a header.
    Hmac(HmacProof),
    /// The headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, as Standard Webhooks has them.
    StandardWebhooks,
}

impl Default for Proof {
    fn default() -> Self {
        Self::Bearer { header: None }
    }
}

/// Where an HMAC stands, and what it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HmacProof {
    /// The header that it stands in, in lower case.
    pub header: String,
    /// What stands before it: `sha256=`.
    pub prefix: String,
    /// How it is written.
    pub encoding: Encoding,
    /// The time that it covers together with the body, as `<time>.<body>`; absent: it covers the body alone.
    pub timestamp: Option<Stamp>,
}

/// How an HMAC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// In hex digits.
    #[default]
    Hex,
    /// In base64.
    Base64,
}

/// A time that a signature covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The header that it stands in, in lower case, in seconds since 1970.
    pub header: String,
    /// How far it may be from now, either way, in seconds.
    pub tolerance_secs: u64,
}

/// Whether a text can be the name of a header.
#[must_use]
pub fn is_header(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    (1..=100).contains(&name.len()) && name.bytes().all(fits)
}

/// The templates of an event, each of which can be read.
#[derive(Debug, Clone)]
pub(super) struct Templates {
    pub(super) texts: BTreeMap<String, String>,
    pub(super) done: Option<Condition>,
}

/// Reads the templates.
pub(super) fn templates(event: BTreeMap<String, String>) -> Result<Templates, Vec<(String, String)>> {
    let mut problems = Vec::new();
    let mut done = None;
    let mut texts = event;
    if let Some(source) = texts.remove("done") {
        match Condition::parse(&source) {
            Ok(condition) => {
                let names = condition.names();
                problems.extend(
                    names.iter().find_map(|name| foreign(name)).map(|what| ("done".to_owned(), what)),
                );
                done = Some(condition);
            }
            Err(error) => {
                problems.push(("done".to_owned(), format!("this condition cannot be read: {error}")));
            }
        }
    }
    for (field, source) in &texts {
        problems.extend(problem(field, source).map(|what| (field.clone(), what)));
    }
    if problems.is_empty() { Ok(Templates { texts, done }) } else { Err(problems) }
}

fn problem(field: &str, source: &str) -> Option<String> {
    if !FIELDS.contains(&field) {
        return Some(format!("an event has no field `{field}` that a template could give"));
    }
    let names = match template_names(source) {
        Ok(names) => names,
        Err(error) => return Some(format!("this template cannot be read: {error}")),
    };
    if let Some(what) = names.iter().find_map(|name| foreign(name)) {
        return Some(what);
    }
    let is_plain = !source.contains("{{") && !source.contains("{%");
    if field == "level" && is_plain && Level::parse(source.trim()).is_none() {
        return Some(format!("there is no level `{source}`; there are off, digest, thread, normal and loud"));
    }
    if field == "labels" && !(source.trim().starts_with("{{") && source.trim().ends_with("}}")) {
        return Some("`labels` has to name a list or a table, as in `{{ payload.labels }}`".to_owned());
    }
    None
}

/// What is wrong with a name that is not below `payload`.
fn foreign(name: &str) -> Option<String> {
    let known = name == "payload" || name.starts_with("payload.") || FUNCTIONS.contains(&name);
    (!known).then(|| format!("it names `{name}`, and there is only `payload`: write `payload.{name}`"))
}

/// The secrets as they are used: what Standard Webhooks writes as `whsec_` and base64 is decoded.
pub(super) fn keys(secrets: Vec<Secret>, proof: &Proof) -> Result<Vec<Secret>, Vec<(String, String)>> {
    if *proof != Proof::StandardWebhooks {
        return Ok(secrets);
    }
    let read = |secret: Secret| {
        let Some(encoded) = secret.expose().strip_prefix(b"whsec_") else { return Some(secret) };
        let key = std::str::from_utf8(encoded).ok().and_then(proof::base64).filter(|key| !key.is_empty());
        key.map(Secret::new)
    };
    secrets.into_iter().map(read).collect::<Option<_>>().ok_or_else(|| {
        vec![("secret".to_owned(), "what follows `whsec_` in this secret is no base64".to_owned())]
    })
}
