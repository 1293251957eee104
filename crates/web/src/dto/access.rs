//! Who the caller is, ways in, and the audit.
//!
//! Not the secrets: a few answers hold one, for the one who asked for it. Layer 3.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use wilco_contract::{access::Token, ids::PersonId, principal::Scope, store::JournalRow};

use crate::access::{Ask, Begun, IssuedLink, IssuedToken, POLL_SECS, Secret};

/// Who the caller is, and where they are.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Me {
    /// `person`, `operator` or `token`.
    pub(crate) kind: &'static str,
    /// The person or token.
    pub(crate) id: String,
    /// The name for people to read.
    pub(crate) name: String,
    /// A person's roles.
    pub(crate) roles: Vec<String>,
    /// What a page sends as `X-CSRF-Token`; null without a session.
    pub(crate) csrf: Option<String>,
    /// The server.
    pub(crate) wilco: Wilco,
    /// The rooms that the caller may read.
    pub(crate) rooms: Vec<MyRoom>,
}

/// The server.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Wilco {
    /// Its name.
    pub(crate) name: String,
    /// The signs that begin an order in place of the name when a letter follows.
    pub(crate) prefixes: Vec<String>,
    /// The home room of operations whose command names none.
    pub(crate) home: String,
    /// Where people find the page.
    pub(crate) public_url: String,
    /// The zone that times are told in.
    pub(crate) zone: String,
    /// The most bytes of a file that is sent into a room.
    pub(crate) file_bytes: u64,
}

/// A room that the caller may read.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Room")]
pub(crate) struct MyRoom {
    /// Its place.
    pub(crate) place: String,
    /// Its name for people to read.
    pub(crate) name: String,
    /// What it is for, in a line.
    pub(crate) topic: String,
    /// Whether it is a direct conversation.
    pub(crate) direct: bool,
    /// The id of its newest message; null where nothing was said yet.
    pub(crate) newest: Option<String>,
}

/// A one-time link for a person.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Invited {
    /// The person.
    person: String,
    /// The address to open.
    url: String,
    /// Until when.
    #[schemars(with = "String")]
    expires_at: Timestamp,
}

/// A terminal that asks to be let in.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DeviceBegun {
    /// What a person types on the page: `KXD4-7F3Q`.
    user_code: String,
    /// What the terminal asks with, and shows nobody.
    device_secret: String,
    /// Where a person types the code.
    open: String,
    /// Until when the code counts.
    #[schemars(with = "String")]
    expires_at: Timestamp,
    /// How many seconds to wait between two askings.
    interval_secs: u8,
}

/// A terminal's session, with its secret: this once.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DeviceLetIn {
    /// What to send as `Authorization: Bearer …`.
    session: String,
    /// Whose it is.
    person: String,
}

/// What asks to be let in.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DeviceAsk {
    /// What it calls itself: its own words, which nobody checked.
    client: String,
    /// The address that it asked from.
    from: String,
    /// When it asked.
    #[schemars(with = "String")]
    asked_at: Timestamp,
    /// Until when its code counts.
    #[schemars(with = "String")]
    expires_at: Timestamp,
    /// What to send with the answer.
    seen: String,
}

/// A token, with its secret: this once.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TokenMade {
    /// Its name.
    name: String,
    /// The token itself.
    token: String,
    /// `read` or `order`.
    #[schemars(with = "String")]
    scope: Scope,
    /// When it ends.
    #[schemars(with = "String")]
    expires_at: Timestamp,
}

/// A token, without its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Token")]
pub(crate) struct TokenRow {
    /// Its name.
    name: String,
    /// `read` or `order`.
    #[schemars(with = "String")]
    scope: Scope,
    /// Who made it.
    by: String,
    /// When it was made.
    #[schemars(with = "String")]
    created_at: Timestamp,
    /// When it ends.
    #[schemars(with = "String")]
    expires_at: Timestamp,
    /// When it was revoked.
    #[schemars(with = "Option<String>")]
    revoked_at: Option<Timestamp>,
}

/// An entry of the audit.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
pub(crate) struct AuditRow {
    /// Its number.
    seq: u64,
    /// When.
    #[schemars(with = "String")]
    at: Timestamp,
    /// What kind of thing.
    kind: String,
    /// Who.
    who: Option<String>,
    /// About which operation.
    operation: Option<String>,
    /// What happened, in a line.
    text: String,
    /// The record; null once erased.
    body: Option<Value>,
    /// Its hash in the chain.
    hash: String,
}

/// How the record stood when it was last walked from its beginning.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Verified {
    /// Whether it is being walked now.
    pub(crate) running: bool,
    /// How many records the walk that runs has passed.
    pub(crate) passed: u64,
    /// How many records the last walk found to follow from each other; null where none has ended since the start.
    pub(crate) whole: Option<u64>,
    /// The hash of the last of them.
    pub(crate) hash: Option<String>,
    /// What is wrong, and where; null where nothing is.
    pub(crate) broken: Option<String>,
    /// When the last walk ended.
    #[schemars(with = "Option<String>")]
    pub(crate) at: Option<Timestamp>,
}

impl From<IssuedLink> for Invited {
    fn from(link: IssuedLink) -> Self {
        Self { person: link.person.to_string(), url: link.url, expires_at: link.expires_at }
    }
}

impl DeviceBegun {
    /// Of what began, to be answered at `open`.
    pub(crate) fn new(begun: &Begun, open: String) -> Self {
        Self {
            user_code: begun.code.text(),
            device_secret: begun.secret.text(),
            open,
            expires_at: begun.expires_at,
            interval_secs: POLL_SECS,
        }
    }
}

impl DeviceLetIn {
    /// A session of a person.
    pub(crate) fn new(session: &Secret, person: &PersonId) -> Self {
        Self { session: session.terminal_text(), person: person.to_string() }
    }
}

impl From<Ask> for DeviceAsk {
    fn from(ask: Ask) -> Self {
        Self {
            client: ask.client,
            from: ask.from,
            asked_at: ask.asked_at,
            expires_at: ask.expires_at,
            seen: ask.seen,
        }
    }
}

impl From<IssuedToken> for TokenMade {
    fn from(issued: IssuedToken) -> Self {
        let IssuedToken { secret, token } = issued;
        Self {
            name: token.name,
            token: secret.token_text(),
            scope: token.scope,
            expires_at: token.expires_at,
        }
    }
}

impl From<Token> for TokenRow {
    fn from(token: Token) -> Self {
        Self {
            name: token.name,
            scope: token.scope,
            by: token.by,
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
        }
    }
}

impl From<JournalRow> for AuditRow {
    fn from(row: JournalRow) -> Self {
        Self {
            seq: row.seq.0,
            at: row.at,
            text: line(&row),
            kind: row.kind,
            who: row.who,
            operation: row.operation.map(|id| id.to_string()),
            body: row.body,
            hash: row.hash.to_string(),
        }
    }
}

/// What an entry says, in a line: its own words where it has some, else the facts that its kind leaves open.
fn line(row: &JournalRow) -> String {
    let Some(body) = &row.body else { return "erased".into() };
    let fact = |path: &str| body.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(text) = fact("/text") {
        return text.to_owned();
    }
    let facts: Vec<&str> = match row.kind.as_str() {
        "operation.planned" => fact("/operation/order").into_iter().collect(),
        "operation.moved" => [fact("/to"), fact("/why")].into_iter().flatten().collect(),
        "operation.run_started" => {
            [fact("/intent/step"), fact("/intent/action")].into_iter().flatten().collect()
        }
        "operation.confirmed" | "operation.approved" | "operation.counted_down" => {
            let plan = fact("/given/plan").and_then(|plan| plan.get(..8));
            return plan.map(|plan| format!("plan {plan}")).unwrap_or_default();
        }
        "operation.replanned" => rows(body, "changes").iter().filter_map(Value::as_str).collect(),
        "operation.needs" => return rows(body, "needs").iter().map(needed).collect::<Vec<_>>().join("; "),
        "operation.run_ended" => {
            let words = ["/end/done/summary", "/end/failed", "/end/aborted", "/end/unknown"];
            words.into_iter().filter_map(fact).collect()
        }
        "operation.posted" => fact("/receipt/place").into_iter().collect(),
        "lock.taken" => [fact("/key"), fact("/reason")].into_iter().flatten().collect(),
        "access.session_ended" => {
            let whose = fact("/session/person").or_else(|| fact("/person"));
            return whose.map(|person| format!("a session of @{person} was ended")).unwrap_or_default();
        }
        "access.token_revoked" => {
            let name = fact("/token/name").or_else(|| fact("/name"));
            return name.map(|name| format!("the token `{name}` was revoked")).unwrap_or_default();
        }
        kind if kind.starts_with("access.link") => fact("/person").into_iter().collect(),
        kind if kind.starts_with("access.session") => fact("/person").into_iter().collect(),
        _ => [fact("/key"), fact("/name")].into_iter().flatten().collect(),
    };
    facts.join(": ")
}

fn rows<'a>(body: &'a Value, name: &str) -> &'a [Value] {
    body[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What has to be given before a start: `2 approvals by role:lead (wilco.toml:41)`.
fn needed(need: &Value) -> String {
    let text = |name: &str| need[name].as_str().unwrap_or_default();
    let what = match (text("kind"), need["count"].as_u64().unwrap_or(1)) {
        ("approve", 1) => "1 approval".to_owned(),
        ("approve", count) => format!("{count} approvals"),
        ("confirm", _) => "confirmation".to_owned(),
        (other, _) => other.replace('_', " "),
    };
    let by = if text("by").is_empty() { String::new() } else { format!(" by {}", text("by")) };
    format!("{what}{by} ({})", text("rule"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wilco_contract::ids::{Hash, Seq};

    use super::*;

    #[test]
    fn an_entry_says_what_happened_in_a_line() {
        for (kind, body, text) in [
            ("order.read", json!({ "text": "status webapp" }), "status webapp"),
            ("operation.moved", json!({ "to": "failed", "why": "it broke" }), "failed: it broke"),
            ("operation.moved", json!({ "to": "running", "why": null }), "running"),
            ("operation.planned", json!({ "operation": { "order": "ship webapp" } }), "ship webapp"),
            (
                "operation.needs",
                json!({ "needs": [
                    { "kind": "confirm", "count": 1, "by": null, "rule": "wilco.toml:40" },
                    { "kind": "approve", "count": 2, "by": "role:lead", "rule": "wilco.toml:41" }
                ] }),
                "confirmation (wilco.toml:40); 2 approvals by role:lead (wilco.toml:41)",
            ),
            (
                "operation.approved",
                json!({ "given": { "plan": "0123456789abcdef", "person": "ana" } }),
                "plan 01234567",
            ),
            ("operation.confirmed", json!({ "given": {} }), ""),
            ("operation.run_ended", json!({ "end": { "done": { "summary": "v2 runs" } } }), "v2 runs"),
            ("operation.run_ended", json!({ "end": { "failed": "it broke" } }), "it broke"),
            ("operation.posted", json!({ "receipt": { "place": "web:ops" } }), "web:ops"),
            (
                "lock.taken",
                json!({ "key": "webapp/production", "reason": "d-7F3K" }),
                "webapp/production: d-7F3K",
            ),
            ("access.link_made", json!({ "person": "ana" }), "ana"),
            (
                "access.session_ended",
                json!({ "session": { "person": "ana" }, "by": "@kim" }),
                "a session of @ana was ended",
            ),
            ("access.session_ended", json!({ "person": "ana" }), "a session of @ana was ended"),
            ("access.token_revoked", json!({ "token": { "name": "ci" } }), "the token `ci` was revoked"),
        ] {
            let row = JournalRow {
                seq: Seq(1),
                at: Timestamp::UNIX_EPOCH,
                kind: kind.into(),
                who: None,
                operation: None,
                body: Some(body),
                hash: Hash::ZERO,
            };
            assert_eq!(line(&row), text, "{kind}");
        }
    }
}
