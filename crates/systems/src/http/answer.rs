//! What a server answered, and what of it a step expects and takes on.
//!
//! Not the asking. Layer 2.

use std::time::Duration;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use wilco_contract::{action::Outcome, http::HttpResponse};

use crate::scalar;

/// The most of an answer that is read, in bytes.
pub(super) const MOST: usize = 64 << 10;

/// What an answer must be like.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    /// Its status.
    #[serde(default)]
    #[schemars(range(min = 100, max = 599))]
    pub(super) status: Option<u16>,
    /// A text that is in its body.
    #[serde(default, deserialize_with = "scalar::text")]
    pub(super) contains: Option<String>,
}

impl Expect {
    /// What is not as expected.
    pub(super) fn missed(&self, status: u16, body: &str) -> Option<String> {
        if let Some(expected) = self.status.filter(|expected| *expected != status) {
            return Some(format!("it answered with status {status}, not {expected}"));
        }
        let text = self.contains.as_ref().filter(|text| !body.contains(text.as_str()))?;
        Some(format!("its answer `{}` does not contain `{text}`", start(body, 80)))
    }

    /// The outcome of an answer that is as expected. `rows` says where in its JSON the rows are; without it they are
    /// the whole of it, where that is a list.
    ///
    /// # Errors
    /// When there are no rows where they should be.
    pub(super) fn outcome(
        &self,
        shown: &str,
        answer: &HttpResponse,
        rows: Option<&str>,
    ) -> Result<Outcome, String> {
        let body = String::from_utf8_lossy(&answer.body);
        let read = if answer.cut { None } else { serde_json::from_str::<Value>(&body).ok() };
        let rows = match (rows, &read) {
            (None, Some(Value::Array(items))) => Some(as_rows(items)),
            (None, _) => None,
            (Some(at), Some(json)) => match json.pointer(at) {
                Some(Value::Array(items)) => Some(as_rows(items)),
                Some(_) => return Err(format!("what its answer has at `{at}` is no list")),
                None => return Err(format!("its answer has nothing at `{at}`")),
            },
            (Some(_), None) if answer.cut => {
                return Err(format!("its answer is longer than {MOST} bytes, so its rows cannot be read"));
            }
            (Some(_), None) => return Err(format!("its answer `{}` is no JSON", start(&body, 80))),
        };
        let first = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let begin = start(first, 120);
        let summary = match (&self.contains, &rows) {
            (Some(text), _) => format!("{shown} answers {} with `{text}`", answer.status),
            (None, Some(rows)) => format!("{shown} answers {} with {} rows", answer.status, rows.len()),
            (None, None) if begin.is_empty() => format!("{shown} answers {}", answer.status),
            (None, None) => format!("{shown} answers {}: {begin}", answer.status),
        };
        let mut outputs = json!({ "status": answer.status, "body": body });
        // Twice the same bytes would be twice as much to keep.
        if let Some(json) = read.filter(Value::is_object) {
            outputs["json"] = json;
        }
        Ok(Outcome {
            summary: Some(summary),
            outputs,
            text: Some(body.trim_end().to_owned()),
            rows,
            ..Outcome::default()
        })
    }
}

/// Rows are objects; what is none becomes one.
fn as_rows(items: &[Value]) -> Vec<Value> {
    let row = |item: &Value| if item.is_object() { item.clone() } else { json!({ "value": item }) };
    items.iter().map(row).collect()
}

/// The beginning of a text.
pub(super) fn start(text: &str, most: usize) -> String {
    text.trim().chars().take(most).collect::<String>().trim().to_owned()
}

/// How long a request may take: what is left of the time, and at most so many seconds.
pub(super) fn within(left: SignedDuration, most: u64) -> Duration {
    Duration::try_from(left).map_or(Duration::ZERO, |left| left.min(Duration::from_secs(most)))
}

/// Whether a text can be where rows are: nothing for the whole, or `/` and a key, several times.
pub(super) fn pointer<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let text = scalar::text(input)?;
    match text {
        Some(text) if !text.is_empty() && !text.starts_with('/') => Err(serde::de::Error::custom(format!(
            "`{text}` does not say where the rows are: write `/{text}`"
        ))),
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(body: &str, at: Option<&str>) -> Result<Option<Vec<Value>>, String> {
        let answer = HttpResponse { status: 200, headers: vec![], body: body.into(), cut: false };
        Expect::default().outcome("web/x", &answer, at).map(|outcome| outcome.rows)
    }

    #[test]
    fn rows_are_a_list_or_where_the_step_says() {
        assert_eq!(rows(r#"[{"a": 1}, 2]"#, None), Ok(Some(vec![json!({"a": 1}), json!({"value": 2})])));
        assert_eq!(
            rows(r#"{"data": {"items": [{"a": 1}]}}"#, Some("/data/items")),
            Ok(Some(vec![json!({"a": 1})]))
        );
        assert_eq!(rows(r#"{"data": []}"#, None), Ok(None));
        assert_eq!(rows("plain", None), Ok(None));
        assert_eq!(
            rows(r#"{"data": 1}"#, Some("/data")),
            Err("what its answer has at `/data` is no list".into())
        );
        assert_eq!(rows(r#"{"data": 1}"#, Some("/items")), Err("its answer has nothing at `/items`".into()));
        assert_eq!(rows("plain", Some("/items")), Err("its answer `plain` is no JSON".into()));
    }
}
