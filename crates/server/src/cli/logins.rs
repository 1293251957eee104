//! Logins: the sessions that `wilco login` got, by the address of their server, in a file of their owner's alone.
//!
//! Not the getting of them: `login` does that. No value of one is ever printed. Layer 4.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::config::Personal;

/// The longest file that is read, in bytes.
const MAX_FILE: u64 = 256 * 1024;
/// What the secret of a session begins with.
const PREFIX: &str = "wilco_s_";

/// The file of logins.
#[derive(Debug)]
pub(crate) struct Logins {
    path: PathBuf,
}

/// A login at a server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// Whose session it is.
    pub(crate) person: String,
    /// The session's secret.
    session: String,
}

/// What the file holds.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    logins: BTreeMap<String, Login>,
}

/// Why logins cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginsError {
    /// There is no folder to keep them in.
    #[error("there is no folder for logins: set `XDG_CONFIG_HOME` or `HOME`")]
    NoFolder,
    /// The file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Others could read it.
    #[error("{0} can be read by others, so the logins in it are not used; say `chmod go= {0}`")]
    Open(PathBuf),
    /// It is somebody else's.
    #[error("{0} belongs to somebody else, so the logins in it are not used; move it away")]
    NotOurs(PathBuf),
    /// It is no file of logins.
    #[error("{path} is no file of logins ({error}); move it away, and say `wilco login` again")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// The server sent something else than a session.
    #[error("the server sent no session; is this the address of a Wilco?")]
    NoSession,
}

impl Login {
    /// A login with this session.
    pub(crate) fn new(person: &str, session: &str) -> Result<Self, LoginsError> {
        let fits = session.starts_with(PREFIX)
            && session.len() < 200
            && session.bytes().all(|byte| byte.is_ascii_graphic());
        if !fits || person.is_empty() || person.len() > 200 {
            return Err(LoginsError::NoSession);
        }
        Ok(Self { person: person.to_owned(), session: session.to_owned() })
    }

    /// The session's secret, for its server and nobody else.
    pub(crate) fn secret(&self) -> &str {
        &self.session
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login(@{})", self.person)
    }
}

impl Logins {
    /// The logins of whoever runs this.
    pub(crate) fn of(personal: &Personal) -> Result<Self, LoginsError> {
        let folder = personal.config.as_ref().ok_or(LoginsError::NoFolder)?;
        Ok(Self { path: folder.join("wilco/logins.json") })
    }

    /// The login at this server, if there is one.
    pub(crate) fn at(&self, server: &str) -> Result<Option<Login>, LoginsError> {
        Ok(self.read()?.logins.remove(server))
    }

    /// Keeps a login, in place of another one at this server.
    pub(crate) fn keep(&self, server: &str, login: Login) -> Result<(), LoginsError> {
        let mut kept = self.read()?;
        kept.logins.insert(server.to_owned(), login);
        self.write(&kept)
    }

    /// Forgets the login at this server.
    pub(crate) fn forget(&self, server: &str) -> Result<(), LoginsError> {
        let mut kept = self.read()?;
        kept.logins.remove(server);
        self.write(&kept)
    }

    fn read(&self) -> Result<Kept, LoginsError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
            Err(error) => return Err(self.io(error)),
        };
        // Of the file that was opened, not of its name, which may by now be another's.
        let about = file.metadata().map_err(|error| self.io(error))?;
        if about.uid() != rustix::process::geteuid().as_raw() {
            return Err(LoginsError::NotOurs(self.path.clone()));
        }
        if about.mode() & 0o077 != 0 {
            return Err(LoginsError::Open(self.path.clone()));
        }
        let mut text = String::new();
        file.take(MAX_FILE).read_to_string(&mut text).map_err(|error| self.io(error))?;
        serde_json::from_str(&text).map_err(|error| LoginsError::Damaged {
            path: self.path.clone(),
            // Where, and not what: a part of a secret could stand in the rest.
            error: format!("line {}, column {}", error.line(), error.column()),
        })
    }

    /// Writes the file whole, beside its place, and puts it there.
    fn write(&self, kept: &Kept) -> Result<(), LoginsError> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| LoginsError::Io { path: folder.to_owned(), error })?;
        let new = self.path.with_extension(format!("new-{}", std::process::id()));
        let put = || {
            // What an earlier process of this number left is nobody's.
            let _ = fs::remove_file(&new);
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
            file.write_all(serde_json::to_string_pretty(kept)?.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        put().map_err(|error| {
            let _ = fs::remove_file(&new);
            self.io(error)
        })
    }

    fn io(&self, error: io::Error) -> LoginsError {
        LoginsError::Io { path: self.path.clone(), error }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn logins(folder: &Path) -> Logins {
        Logins::of(&Personal { config: Some(folder.to_owned()), ..Personal::default() }).expect("a folder")
    }

    #[test]
    fn a_login_is_kept_by_its_server_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let logins = logins(folder.path());
        let login = Login::new("ana", "wilco_s_abc").expect("a session");
        assert_eq!(logins.at("http://a:1").expect("read"), None);
        logins.keep("http://a:1", login.clone()).expect("kept");
        logins.keep("http://b:1", Login::new("ben", "wilco_s_def").expect("a session")).expect("kept");
        assert_eq!(logins.at("http://a:1").expect("read"), Some(login.clone()));
        assert_eq!(logins.at("http://a:2").expect("read"), None);
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&logins.path), mode(&folder.path().join("wilco"))), (0o600, 0o700));
        logins.forget("http://a:1").expect("forgotten");
        assert_eq!(logins.at("http://a:1").expect("read"), None);
        assert!(logins.at("http://b:1").expect("read").is_some());
        assert!(!format!("{login:?}").contains("abc"));
    }

    #[test]
    fn a_file_that_others_can_read_or_that_is_none_is_refused_and_shows_no_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let logins = logins(folder.path());
        logins.keep("http://a:1", Login::new("ana", "wilco_s_abc").expect("a session")).expect("kept");
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&logins.path, fs::Permissions::from_mode(mode)).expect("set");
            let error = logins.at("http://a:1").expect_err("refused").to_string();
            assert!(error.contains("chmod go="), "{error}");
            let login = Login::new("ana", "wilco_s_abc").expect("a session");
            assert!(logins.keep("http://a:1", login).is_err(), "nor is it added to");
        }
        fs::set_permissions(&logins.path, fs::Permissions::from_mode(0o600)).expect("set");
        for text in ["", "{", "[]", r#"{"logins": {"x": {"person": "ana", "session": "wilco_s_abc"}"#] {
            fs::write(&logins.path, text).expect("written");
            let error = logins.at("http://a:1").expect_err("refused").to_string();
            assert!(error.contains("is no file of logins") && !error.contains("abc"), "{error}");
        }
    }

    #[test]
    fn what_is_no_session_is_not_kept() {
        for bad in ["", "wilco_abc", "wilco_s_a b", "wilco_s_a\nb", "wilco_s_é"] {
            assert!(Login::new("ana", bad).is_err(), "{bad}");
        }
        assert!(Login::new("ana", &format!("wilco_s_{}", "a".repeat(500))).is_err());
        assert!(Login::new("", "wilco_s_abc").is_err());
    }
}
