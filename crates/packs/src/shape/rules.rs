//! The tables that packs and `wilco.toml` share, as a JSON schema for editors.
//!
//! Not their reading: [`crate::rules`], [`crate::routes`] and [`crate::pack`] do that. Layer 2.

use serde_json::{Value as Json, json};

use super::{Row, about, by_name, count, flag, one_of, some_texts, table, text, words};
use crate::{routes, sheet::Keys};

/// A text that is no name of an argument or a variable.
const NAMES: &str = "^[a-z][a-z0-9_]{0,63}$";

/// The words for an effect.
pub(super) fn effect(about: &str) -> Json {
    one_of(&["read", "write", "destructive"], about)
}

/// A requirement with these keys, which may be more than those of a pack.
#[must_use]
pub fn requirement(keys: Keys, needed: &[&str], more: Vec<Row>) -> Json {
    let mut rows = vec![
        ("approve", count(0, "How many other people have to approve the plan")),
        ("by", words("Who may approve: `role:lead` or `@ana`; absent: whoever could give the order")),
        ("within", words("How long they have: `24h`; absent: an hour")),
        ("confirm", flag("The asker looks at the plan and confirms it")),
        ("when", words("A condition: `args.app == 'billing'`; one that cannot be told denies")),
        ("step_up", flag("Not supported in this version: what it matches is denied")),
        ("deny", words("The order is denied, and this says why")),
        ("max_targets", count(1, "The most that its plan may touch without `--force`")),
    ];
    rows.extend(more);
    table(keys, needed, rows)
}

/// A route; `may_drop`: whether its file may keep events out of every room.
#[must_use]
pub fn route(may_drop: bool) -> Json {
    let drop = if may_drop { json!({ "type": "boolean" }) } else { json!({ "const": false }) };
    let rows = vec![
        ("when", words("A condition: `event.source == 'github'`; absent: every event fits")),
        ("to", some_texts("Places: `web:ops`")),
        ("say", words("A template of the line, in place of the source's own")),
        ("level", one_of(&["loud", "normal", "thread", "digest"], "How loud it is")),
        ("group", words("Within which time events of a family share a line: `30s`; or `none`")),
        ("drop", about(drop, "What fits goes nowhere; only in `wilco.toml`")),
    ];
    if !may_drop {
        return table(routes::ROUTE, &["to"], rows);
    }
    let drops = json!({ "required": ["drop"], "properties": { "drop": { "const": true } } });
    let mut route = table(routes::ROUTE, &[], rows);
    route["anyOf"] = json!([{ "required": ["to"] }, drops]);
    route
}

/// A rule.
#[must_use]
pub fn rule() -> Json {
    let rows = vec![
        ("name", words("Grants name it as `rule:NAME`")),
        ("when", words("A condition: `event.state == 'firing'`")),
        ("run", words("A template of an order, without Wilco's name")),
    ];
    table(routes::RULE, &["name", "when", "run"], rows)
}

/// `[vars]`.
#[must_use]
pub fn vars() -> Json {
    let named = json!({ "type": "object", "propertyNames": { "pattern": NAMES } });
    about(named, "Variables for templates and conditions: `{{ vars.region }}`")
}

/// `[lists]`.
#[must_use]
pub fn lists() -> Json {
    let words = some_texts("The words of the list");
    about(by_name(&words), "Lists of words, for `choices = { list = \"apps\" }`")
}

/// Arguments or whatever else has such names.
pub(super) fn by_arg_name(of: &Json) -> Json {
    let mut named = by_name(of);
    named["propertyNames"] = json!({ "pattern": NAMES });
    named
}

/// A condition over a step's names.
pub(super) fn condition(about: &str) -> Json {
    text(about)
}
