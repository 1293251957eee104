//! The outside world, one folder a system.
//!
//! Not the order of things: what a command does, in which order and whether at all is decided elsewhere. A system tries
//! once and describes what happened; none knows another. Layer 2.

use std::sync::Arc;

use wilco_contract::{
    action::DynAction,
    clock::{Chance, Clock, Spawn},
    connector::{Connector, News, Tells},
    ids::SourceName,
    source::{Secret, Source},
};

pub mod alertmanager;
pub mod generic;
pub mod github;
mod given;
pub mod host;
pub mod http;
pub mod irc;
mod proof;
mod scalar;

pub use host::ExecHome;

/// All actions of the outside world, one row each.
#[must_use]
pub fn actions(home: ExecHome) -> Vec<Arc<dyn DynAction>> {
    vec![
        Arc::new(host::ExecRun::new(home)), // exec.run
        Arc::new(http::HttpGet),            // http.get
        Arc::new(http::HttpSend),           // http.send
    ]
}

/// What a source is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceParts {
    /// Its name in `wilco.toml`.
    pub name: SourceName,
    /// The secrets of which a sender proves one; none where it takes requests from anybody.
    pub secrets: Vec<Secret>,
    /// What a source of the kind `generic` is told beside.
    pub generic: generic::Settings,
}

/// A source, or what is wrong with which of its settings.
pub type MadeSource = Result<Arc<dyn Source>, Vec<(String, String)>>;

/// What makes a source.
type Make = fn(SourceParts) -> MadeSource;

/// All kinds of sources, one row each, called as their folders are.
const SOURCES: &[(&str, Make)] = &[
    ("alertmanager", |parts| Ok(Arc::new(alertmanager::AlertmanagerSource::new(parts.name, parts.secrets)))),
    ("github", |parts| Ok(Arc::new(github::GithubSource::new(parts.name, parts.secrets)))),
    ("generic", |parts| {
        generic::GenericSource::new(parts.name, parts.secrets, parts.generic)
            .map(|source| Arc::new(source) as _)
    }),
];

/// The kinds of sources.
pub fn source_kinds() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|(kind, _)| *kind)
}

/// Makes a source of a kind.
///
/// # Errors
/// When there is no such kind, or what is wrong with which of its settings.
pub fn source(kind: &str, parts: SourceParts) -> MadeSource {
    match SOURCES.iter().find(|(known, _)| *known == kind) {
        Some((_, make)) => make(parts),
        None => Err(vec![("kind".to_owned(), format!("there is no kind of source `{kind}`"))]),
    }
}

/// What the connectors of a kind are told by `wilco.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectorSettings {
    /// An IRC network, and the password that its servers want of everybody.
    Irc(irc::Settings, Option<Secret>),
}

impl ConnectorSettings {
    /// What a network of this kind tells beside what is said.
    #[must_use]
    pub fn tells(&self) -> Tells {
        match self {
            Self::Irc(..) => irc::TELLS,
        }
    }
}

/// What connectors are given beside.
#[derive(Clone)]
pub struct ConnectorParts {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub chance: Arc<dyn Chance>,
    /// The way to start tasks.
    pub spawn: Arc<dyn Spawn>,
    /// Who tells what became of them.
    pub news: Arc<dyn News>,
}

/// The kinds of connectors, called as their folders are.
pub const CONNECTOR_KINDS: [&str; 1] = ["irc"];

/// Makes a connector.
#[must_use]
pub fn connector(settings: ConnectorSettings, parts: ConnectorParts) -> Arc<dyn Connector> {
    let ConnectorParts { clock, chance, spawn, news } = parts;
    match settings {
        ConnectorSettings::Irc(settings, password) => Arc::new(
            irc::IrcConnector::new(irc::Parts { settings, clock, chance, spawn, news })
                .with_password(password),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::PathBuf};

    use super::*;

    #[test]
    fn every_folder_has_its_rows() {
        let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
        let entries = std::fs::read_dir(sources).expect("the sources").map(|entry| entry.expect("an entry"));
        let folders: BTreeSet<_> = entries
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().into_string().expect("a name"))
            .collect();
        let rows = || include_str!("lib.rs").lines().filter_map(|line| line.trim().strip_prefix("Arc::new("));
        let named = rows().filter_map(|row| Some(row.split_once("::")?.0.to_owned()));
        let named: BTreeSet<_> =
            named.chain(source_kinds().chain(CONNECTOR_KINDS).map(str::to_owned)).collect();
        assert_eq!(named, folders);

        let home = ExecHome { base: PathBuf::new(), runs: PathBuf::new(), guard: Vec::new() };
        let actions: Vec<_> = actions(home).iter().map(|action| action.spec().name.to_string()).collect();
        let said: Vec<_> = rows().filter_map(|row| Some(row.split_once("// ")?.1)).collect();
        assert_eq!(said, actions);
        assert_eq!(actions.iter().collect::<BTreeSet<_>>().len(), actions.len());
    }

    #[test]
    fn a_source_is_of_the_kind_and_name_that_were_asked_for() {
        let parts = |name| SourceParts {
            name: SourceName::parse(name).expect("a name"),
            secrets: Vec::new(),
            generic: generic::Settings::default(),
        };
        for kind in source_kinds() {
            let source = source(kind, parts("here")).unwrap_or_else(|problems| panic!("{problems:?}"));
            assert_eq!((source.kind(), source.name().as_str(), source.is_signed()), (kind, "here", false));
        }
        assert_eq!(
            source("gopher", parts("x")).err().map(|problems| problems[0].0.clone()),
            Some("kind".to_owned())
        );
    }
}
