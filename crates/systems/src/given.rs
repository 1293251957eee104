//! Texts that a step gives, or refers to as a secret.
//!
//! Not the secrets: a call has those that its step refers to, for as long as it runs. Layer 2.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use wilco_contract::secrets::Secrets;

use crate::scalar::Scalar;

/// A text, or where to find it.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Given {
    /// As it is.
    Text(String),
    /// The secret of this name in `wilco.toml`.
    Secret {
        /// The name.
        secret: String,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Plain(Scalar),
    Secret(Reference),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    secret: String,
}

impl Given {
    /// The text, where it is no secret.
    pub(crate) fn plain(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Secret { .. } => None,
        }
    }

    /// The text.
    ///
    /// # Errors
    /// When the secret is not there.
    pub(crate) fn text<'a>(&'a self, secrets: &'a Secrets) -> Result<&'a str, String> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Secret { secret } => secrets.text(secret),
        }
    }
}

/// Each with its text, by name.
///
/// # Errors
/// When a secret is not there.
pub(crate) fn filled(
    all: &BTreeMap<String, Given>,
    secrets: &Secrets,
) -> Result<Vec<(String, String)>, String> {
    all.iter().map(|(name, value)| Ok((name.clone(), value.text(secrets)?.to_owned()))).collect()
}

/// Texts and secrets by name, without those that were left out.
pub(crate) fn by_name<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<String, Given>, D::Error> {
    let written = BTreeMap::<String, Written>::deserialize(input)?;
    Ok(written.into_iter().filter_map(|(name, value)| Some((name, given(value)?))).collect())
}

/// A text or a secret that may be left out.
pub(crate) fn one<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Given>, D::Error> {
    Written::deserialize(input).map(given)
}

fn given(written: Written) -> Option<Given> {
    match written {
        Written::Plain(scalar) => scalar.text().map(Given::Text),
        Written::Secret(Reference { secret }) => Some(Given::Secret { secret }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wilco_contract::source::Secret;

    use super::*;

    #[test]
    fn a_text_and_a_secret_are_told_apart() {
        let written = json!({ "a": 1, "b": { "secret": "TOKEN" }, "c": null });
        let given = by_name(written).expect("texts");
        let secrets = Secrets::new([("TOKEN".to_owned(), Secret::new("hunter2"))].into());
        let read = |name: &str| given[name].text(&secrets);
        assert_eq!((read("a"), read("b")), (Ok("1"), Ok("hunter2")));
        assert_eq!((given.len(), given["b"].plain()), (2, None));
        assert!(given["b"].text(&Secrets::default()).is_err_and(|why| why.contains("[secret.TOKEN]")));
        assert!(by_name(json!({ "a": { "secret": "TOKEN", "more": 1 } })).is_err());
        assert_eq!(format!("{:?}", given["b"]), "Secret { secret: \"TOKEN\" }");
    }
}
