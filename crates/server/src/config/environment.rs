//! The environment, read once: the only place that does. Layer 4.

use std::{collections::BTreeMap, env, fmt, path::PathBuf};

/// What the environment says to Wilco.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `WILCO_LISTEN`: where to listen, before `listen` and `PORT`.
    pub listen: Option<String>,
    /// `PORT`: listen on this port of every address.
    pub port: Option<String>,
    /// `WILCO_DATABASE`: the database, before `DATABASE_URL` and `database`.
    pub database: Option<String>,
    /// `DATABASE_URL`: the database, as hosting services name it.
    pub database_url: Option<String>,
    /// `WILCO_URL`: the server that the command line speaks to.
    pub url: Option<String>,
    /// `WILCO_TOKEN`: the token that the command line speaks with.
    pub token: Option<String>,
    /// `PATH`: the folders in which programs are looked for.
    pub path: Option<String>,
    /// The variables that `wilco.toml` names.
    pub named: Variables,
}

/// Variables that are looked up by the names that `wilco.toml` gives: secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum Variables {
    /// Those of this process.
    OfProcess,
    /// These alone.
    Given(BTreeMap<String, String>),
}

impl Default for Variables {
    fn default() -> Self {
        Self::Given(BTreeMap::new())
    }
}

impl Variables {
    /// The variable of this name. One that is empty or no UTF-8 counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::OfProcess => variable(name),
            Self::Given(given) => given.get(name).filter(|value| !value.trim().is_empty()).cloned(),
        }
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfProcess => f.write_str("OfProcess"),
            Self::Given(given) => f.debug_set().entries(given.keys()).finish(),
        }
    }
}

/// Where the files of whoever runs the command line are, and how their terminal should look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Personal {
    /// The folder for what they set: `XDG_CONFIG_HOME`, else `~/.config`.
    pub config: Option<PathBuf>,
    /// The folder for what is merely remembered: `XDG_STATE_HOME`, else `~/.local/state`.
    pub state: Option<PathBuf>,
    /// `NO_COLOR`: they want no colours.
    pub plain: bool,
    /// `LC_ALL`, else `LC_CTYPE`, else `LANG`, names a locale without UTF-8: they want nothing but ASCII drawn.
    pub ascii: bool,
}

impl Personal {
    /// What the environment of this process says. A folder that is not named from the root counts as absent.
    #[must_use]
    pub fn from_process() -> Self {
        let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = folder("HOME");
        let below = |name: &str| home.as_ref().map(|home| home.join(name));
        Self {
            config: folder("XDG_CONFIG_HOME").or_else(|| below(".config")),
            state: folder("XDG_STATE_HOME").or_else(|| below(".local/state")),
            plain: variable("NO_COLOR").is_some(),
            ascii: ["LC_ALL", "LC_CTYPE", "LANG"]
                .into_iter()
                .find_map(variable)
                .is_some_and(|locale| is_ascii(&locale)),
        }
    }
}

impl Environment {
    /// The environment of this process. A variable that is empty or no UTF-8 counts as absent.
    #[must_use]
    pub fn from_process() -> Self {
        Self {
            listen: variable("WILCO_LISTEN"),
            port: variable("PORT"),
            database: variable("WILCO_DATABASE"),
            database_url: variable("DATABASE_URL"),
            url: variable("WILCO_URL"),
            token: variable("WILCO_TOKEN"),
            path: variable("PATH"),
            named: Variables::OfProcess,
        }
    }
}

/// Whether a locale is one without UTF-8, such as `C` and `de_DE@euro`.
fn is_ascii(locale: &str) -> bool {
    let locale = locale.to_lowercase();
    !locale.contains("utf-8") && !locale.contains("utf8")
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

impl fmt::Debug for Environment {
    /// Says which variables are set, never to what: some are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = [
            ("WILCO_LISTEN", &self.listen),
            ("PORT", &self.port),
            ("WILCO_DATABASE", &self.database),
            ("DATABASE_URL", &self.database_url),
            ("WILCO_URL", &self.url),
            ("WILCO_TOKEN", &self.token),
            ("PATH", &self.path),
        ];
        let set = set.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name);
        let named = match &self.named {
            Variables::OfProcess => Vec::new(),
            Variables::Given(given) => given.keys().map(String::as_str).collect(),
        };
        f.debug_set().entries(set.chain(named)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_says_whether_more_than_ascii_is_wanted() {
        let wanted = |locale: &str| !is_ascii(locale);
        assert!(["en_US.UTF-8", "C.utf8", "de_DE.Utf-8@euro"].into_iter().all(wanted));
        assert!(!["C", "POSIX", "de_DE@euro", "en_US.ISO-8859-1"].into_iter().any(wanted));
    }

    #[test]
    fn no_value_is_ever_printed() {
        let named = Variables::Given([("HOOK".to_owned(), "hunter2".to_owned())].into());
        let environment =
            Environment { token: Some("hunter2".into()), named: named.clone(), ..Environment::default() };
        assert_eq!(format!("{environment:?}"), r#"{"WILCO_TOKEN", "HOOK"}"#);
        assert_eq!(format!("{named:?}"), r#"{"HOOK"}"#);
        assert_eq!((named.get("HOOK").as_deref(), named.get("OTHER")), (Some("hunter2"), None));
    }
}
