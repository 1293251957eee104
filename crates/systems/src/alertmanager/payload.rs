//! A notification as Alertmanager sends it: version 4 of its webhook.
//!
//! Not what it means to people: [`super::words`] has that. Everything may be missing; what is not known is passed over.
//! Layer 2.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// Labels or annotations.
pub(super) type Texts = BTreeMap<String, String>;

/// A notification: what has changed in a group of alerts, and how the group stands.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Notification {
    /// `4`.
    #[serde(deserialize_with = "text")]
    pub(super) version: String,
    #[serde(deserialize_with = "text")]
    pub(super) group_key: String,
    /// How many alerts were left out.
    #[serde(deserialize_with = "count")]
    pub(super) truncated_alerts: u64,
    #[serde(deserialize_with = "text")]
    pub(super) status: String,
    #[serde(deserialize_with = "text")]
    pub(super) receiver: String,
    #[serde(deserialize_with = "texts")]
    pub(super) group_labels: Texts,
    #[serde(deserialize_with = "texts")]
    pub(super) common_labels: Texts,
    #[serde(deserialize_with = "texts")]
    pub(super) common_annotations: Texts,
    #[serde(rename = "externalURL", deserialize_with = "text")]
    pub(super) external_url: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) alerts: Vec<Alert>,
}

/// An alert.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Alert {
    #[serde(deserialize_with = "text")]
    pub(super) status: String,
    #[serde(deserialize_with = "texts")]
    pub(super) labels: Texts,
    #[serde(deserialize_with = "texts")]
    pub(super) annotations: Texts,
    #[serde(deserialize_with = "text")]
    pub(super) starts_at: String,
    #[serde(deserialize_with = "text")]
    pub(super) ends_at: String,
    #[serde(rename = "generatorURL", deserialize_with = "text")]
    pub(super) generator_url: String,
    #[serde(deserialize_with = "text")]
    pub(super) fingerprint: String,
}

impl Alert {
    pub(super) fn is_firing(&self) -> bool {
        self.status != RESOLVED
    }

    /// Since when it fires.
    pub(super) fn began(&self) -> Option<Timestamp> {
        time(&self.starts_at)
    }

    /// When it was over, where it is.
    pub(super) fn ended(&self) -> Option<Timestamp> {
        time(&self.ends_at).filter(|_| !self.is_firing())
    }
}

/// The status of what is over.
pub(super) const RESOLVED: &str = "resolved";

/// A time; Alertmanager writes the first day of the year 1 where there is none.
fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok().filter(|at: &Timestamp| at.as_second() > 0)
}

/// What is null is as good as absent.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A text, a number or a truth, as text; anything else is as good as absent.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(serde_json::Number),
    Truth(bool),
    Other(serde::de::IgnoredAny),
}

impl Scalar {
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string()),
            Self::Truth(truth) => Some(truth.to_string()),
            Self::Other(_) => None,
        }
    }
}

fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Scalar::deserialize(from)?.text().unwrap_or_default())
}

fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(text(from)?.parse().unwrap_or_default())
}

fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Texts, D::Error> {
    let found: BTreeMap<String, Scalar> = or_default(from)?;
    Ok(found.into_iter().filter_map(|(name, value)| Some((name, value.text()?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_null_or_of_another_type_does_no_harm() {
        let read = |text: &str| serde_json::from_str::<Notification>(text);
        let odd = read(
            r#"{"version": 4, "truncatedAlerts": "x", "groupLabels": null, "commonLabels": {"a": 1, "b": null, "c": {}},
                "alerts": [{"labels": {"n": true}, "startsAt": 3, "new": [[]]}], "more": {"a": []}}"#,
        );
        let odd = odd.expect("read");
        assert_eq!((odd.version.as_str(), odd.truncated_alerts), ("4", 0));
        assert_eq!(odd.common_labels, [("a".to_owned(), "1".to_owned())].into());
        assert_eq!(odd.alerts[0].labels["n"], "true");
        assert_eq!((odd.alerts[0].began(), odd.alerts[0].ended()), (None, None));
        assert!(read("{}").expect("read").alerts.is_empty());
        // A list counts as a notification without fields, which says nothing; what is no notification at all is none.
        let list = read("[]").expect("read");
        assert!(list.version.is_empty() && list.alerts.is_empty());
        for wrong in ["null", "7", "\"x\"", "{", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_year_1_is_no_time() {
        assert_eq!(time("0001-01-01T00:00:00Z"), None);
        assert!(time("2023-02-06T13:08:45.828Z").is_some() && time("2023-02-06T13:08:45+02:00").is_some());
    }
}
