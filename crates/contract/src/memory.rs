//! What commands remember: JSON values by key, in namespaces that belong to a pack each.
//!
//! Not who may see one, nor the limits: the engine holds those. Here is what is stored, and what of it fits what is
//! there. Layer 0.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{OpId, PersonId};

/// A namespace. Nobody but its pack's own commands can name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Namespace {
    /// Whose pack's it is.
    pub pack: String,
    /// Its name within the pack, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whose own it is, where each person has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
}

impl fmt::Display for Namespace {
    /// In a word: `webapp`, `webapp/karma`, `webapp/karma@ana`. No two have the same one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pack)?;
        if let Some(name) = &self.name {
            write!(f, "/{name}")?;
        }
        if let Some(person) = &self.person {
            write!(f, "@{person}")?;
        }
        Ok(())
    }
}

impl Namespace {
    /// Reads what its `Display` wrote; `None` where it never did.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, person) = match text.split_once('@') {
            Some((rest, person)) => (rest, Some(PersonId::parse(person).ok()?)),
            None => (text, None),
        };
        let (pack, name) = match rest.split_once('/') {
            Some((pack, name)) => (pack, Some(name.to_owned())),
            None => (rest, None),
        };
        Some(Self { pack: pack.to_owned(), name, person })
    }
}

/// Something that is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// Where.
    pub namespace: Namespace,
    /// Under which key.
    pub key: String,
    /// What.
    pub value: Value,
    /// How many changes it has had, from 1, since it was there for the first time or was forgotten.
    pub version: u64,
    /// When it was set.
    pub at: Timestamp,
    /// Until when it is kept; absent: until it is forgotten.
    pub until: Option<Timestamp>,
}

impl Remembered {
    /// Whether its time is over: then it counts as not there.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// How much room it takes, in bytes: its key and its value as JSON.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.key.len() + self.value.to_string().len()) as u64
    }
}

/// How much a namespace holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespaceSize {
    /// Which.
    pub namespace: Namespace,
    /// How many keys.
    pub keys: u64,
    /// How many bytes, as [`Remembered::bytes`] counts.
    pub bytes: u64,
}

/// Something that happened to what is remembered. The journal keeps these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum MemoryEvent {
    /// A value was set. A version that does not follow the one that is stored is a conflict, so that of two who change
    /// the same value at once one looks again.
    Set {
        /// What is remembered from now on.
        entry: Remembered,
        /// By whose call.
        by: MemoryCall,
    },
    /// A value was forgotten. That it is there with this version has to be so.
    Forgot {
        /// Where.
        namespace: Namespace,
        /// Which.
        key: String,
        /// In which version.
        version: u64,
        /// By whose call.
        by: MemoryCall,
    },
    /// Everything whose time was over by then is gone for good.
    Swept {
        /// By when.
        before: Timestamp,
    },
}

/// The call by which something changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryCall {
    /// The key of its intent, so that a restart finds out whether it was made.
    pub key: String,
    /// Its operation; none where it was a read.
    pub operation: Option<OpId>,
    /// Whose order it was, as [`crate::principal::Principal::key`].
    pub who: String,
}

impl MemoryEvent {
    /// Its name in the journal.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Set { .. } => "memory.set",
            Self::Forgot { .. } => "memory.forgot",
            Self::Swept { .. } => "memory.swept",
        }
    }

    /// The call that made it; none for what Wilco does by itself.
    #[must_use]
    pub fn by(&self) -> Option<&MemoryCall> {
        match self {
            Self::Set { by, .. } | Self::Forgot { by, .. } => Some(by),
            Self::Swept { .. } => None,
        }
    }

    /// The namespace and key that it speaks of, where it is one.
    #[must_use]
    pub fn entry(&self) -> Option<(&Namespace, &str)> {
        match self {
            Self::Set { entry, .. } => Some((&entry.namespace, &entry.key)),
            Self::Forgot { namespace, key, .. } => Some((namespace, key)),
            Self::Swept { .. } => None,
        }
    }
}

/// Whether a change follows what is stored of it: its version, 0 where there is none.
///
/// # Errors
/// When it does not, in a sentence.
pub fn follows(stored: u64, event: &MemoryEvent) -> Result<(), String> {
    match event {
        MemoryEvent::Set { entry, .. } if entry.version != stored + 1 => Err(format!(
            "`{}` in {} is at version {stored}, and version {} does not follow it",
            entry.key, entry.namespace, entry.version
        )),
        MemoryEvent::Forgot { namespace, key, version, .. } if *version != stored || stored == 0 => {
            Err(format!("`{key}` in {namespace} is at version {stored}, and not {version}"))
        }
        _ => Ok(()),
    }
}
