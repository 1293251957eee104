//! `wilco.toml`, read strictly: what it says, or all that is wrong with it.
//!
//! Not the packs: `check` reads those, and then asks [`Config::cross_check`] whether both fit. Layer 4.

mod connectors;
mod cross;
mod environment;
mod people;
mod proofs;
mod routes;
mod rules;
mod schema;
mod secrets;
mod settings;
mod sources;
mod triggers;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use url::Url;
use wilco_contract::{
    connector::Tells,
    ids::Place,
    policy::Policy,
    route::{Route, Rule},
    values::Args,
};
use wilco_engine::Limits;
use wilco_packs::{
    Problem, read_text,
    sheet::{Keys, Sheet, Table},
};
use wilco_store_sql::Durability;
use wilco_web::{FileRules, Room};

use crate::reload::{self, Mark};

pub use connectors::ConnectorSetup;
pub(crate) use connectors::no_room;
pub use environment::{Environment, Personal, Variables};
pub(crate) use schema::schema;
pub use secrets::{SecretAt, SecretFile};
pub use sources::SourceSetup;

/// What `wilco.toml` and the environment say.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file that it was read from.
    pub file: PathBuf,
    /// The mark of that file, taken before it was read.
    pub(crate) mark: Option<Mark>,
    /// The folder of `wilco.toml`, absolute: the ops repo.
    pub base: PathBuf,
    /// Wilco's own name, in lower case.
    pub name: String,
    /// Further names.
    pub aliases: Vec<String>,
    /// Signs that address it when a letter follows.
    pub prefixes: Vec<String>,
    /// Where the page and the API listen.
    pub listen: SocketAddr,
    /// Where people find the page, without a slash at the end.
    pub public_url: String,
    /// The database's file, absolute.
    pub database: PathBuf,
    /// When a commit counts as safe.
    pub durability: Durability,
    /// The home room of operations whose command names none.
    pub home: Place,
    /// Folders of packs, absolute, each with how messages name it.
    pub packs: Vec<PackFolder>,
    /// Lists of words by name, for arguments that are one of them.
    pub lists: wilco_packs::Lists,
    /// The folder of keys, absolute.
    pub keys: PathBuf,
    /// The files that signed checkpoints go to, absolute.
    pub checkpoints: Vec<PathBuf>,
    /// How long files that people send are kept, and how much of them.
    pub files: FileRules,
    /// Limits on what people may ask at once.
    pub limits: Limits,
    /// The servers that actions may call, by name.
    pub servers: BTreeMap<String, Url>,
    /// Variables for the packs' templates and conditions.
    pub vars: Args,
    /// Where secrets are that steps refer to, by name.
    pub secrets: BTreeMap<String, SecretAt>,
    /// The folders in which programs are looked for, as in `PATH`; nothing where that is not known.
    pub search: Option<String>,
    /// The rooms of all connectors, the page's first, in the order in which they are shown.
    pub rooms: Vec<Room>,
    /// The networks beside the page.
    pub connectors: Vec<ConnectorSetup>,
    /// Who is who, and who may do what.
    pub policy: Policy,
    /// Where events go, before what the packs say.
    pub routes: Vec<Route>,
    /// What events set off, before what the packs say.
    pub rules: Vec<Rule>,
    /// Who may send events.
    pub sources: Vec<SourceSetup>,
    /// What is probably not as it was meant, though it can be used.
    pub warnings: Vec<Problem>,
}

/// A folder of packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackFolder {
    /// Where it is, absolute.
    pub path: PathBuf,
    /// How messages name it: as it was written.
    pub display: String,
    /// Whether it was written, so that it has to be there.
    pub named: bool,
}

/// The name of the file, and of the source of the problems in it.
pub const FILE: &str = "wilco.toml";

/// The name under which problems with the environment are told.
const ENVIRONMENT: &str = "environment";

const KEYS: Keys = Keys::of(&[
    "name",
    "aliases",
    "prefixes",
    "listen",
    "public_url",
    "database",
    "durability",
    "home",
    "zone",
    "packs",
    "lists",
    "keys",
    "limits",
    "files",
    "audit",
    "connector",
    "source",
    "server",
    "person",
    "grant",
    "require",
    "route",
    "rule",
    "vars",
    "secret",
]);

/// Reads a configuration.
///
/// # Errors
/// All that is wrong with it; at least one of the problems is an error.
pub fn load(path: &Path, environment: &Environment) -> Result<Config, Vec<Problem>> {
    let file = path.file_name().map_or_else(|| FILE.into(), |name| name.to_string_lossy());
    if !path.exists() {
        let what = format!("there is no file `{}`", path.display());
        let remedy = "Go to the folder of your ops repo, or begin one with `wilco init DIR`; `wilco up` in an empty folder \
                      lays out the demo.";
        return Err(vec![Problem::of(&file, what, remedy)]);
    }
    let mark = reload::mark(path);
    let text = read_text(path, &file).map_err(|problem| vec![problem])?;
    let base = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let base = std::path::absolute(base).map_err(|error| {
        vec![Problem::of(&file, format!("its folder cannot be found: {error}"), "Check its permissions.")]
    })?;
    let sheet = Sheet::new(&file, text);
    let read = sheet.parse().map(|tables| read(&Table::root(&sheet, &tables, KEYS), &base, environment));
    let problems = sheet.into_problems();
    match read {
        Some(config) if !problems.iter().any(Problem::is_error) => {
            Ok(Config { file: path.to_owned(), mark, warnings: problems, ..config })
        }
        _ => Err(problems),
    }
}

/// Reads all that can be read. Where something is wrong its default stands in, so that more can be found.
fn read(root: &Table<'_>, base: &Path, environment: &Environment) -> Config {
    let listen = settings::listen(root, environment);
    let keys = base.join(settings::path(root, "keys").unwrap_or_else(|| "wilco.keys".into()));
    let (name, public_url) = (settings::name(root), settings::public_url(root, listen));
    let around = connectors::Around { environment, base, called: &name, console: &public_url };
    let (rooms, connectors) = connectors::connectors(root, &around);
    let sources = sources::sources(root, environment, base, &rooms);
    let zone = settings::zone(root);
    let people = people::people(root, &connectors);
    let policy = Policy {
        grants: rules::grants(root, &people, &rooms),
        requirements: rules::requirements(root, &people),
        people,
        zone,
    };
    Config {
        file: PathBuf::new(),
        mark: None,
        base: base.to_owned(),
        name,
        aliases: settings::aliases(root),
        prefixes: settings::prefixes(root),
        listen,
        public_url,
        database: settings::database(root, base, environment),
        durability: settings::durability(root),
        home: settings::home(root, &rooms),
        packs: settings::packs(root, base),
        lists: root.get("lists").map(|value| wilco_packs::lists(&value)).unwrap_or_default(),
        checkpoints: settings::checkpoints(root, base).unwrap_or_else(|| vec![keys.join("checkpoints")]),
        keys,
        files: settings::files(root),
        limits: settings::limits(root),
        servers: settings::servers(root),
        vars: root.get("vars").map(|value| wilco_packs::vars(&value)).unwrap_or_default(),
        secrets: secrets::secrets(root, environment, base),
        search: environment.path.clone(),
        rooms,
        connectors,
        policy,
        routes: routes::routes(root),
        rules: routes::rules(root),
        sources,
        warnings: Vec::new(),
    }
}

impl Config {
    /// The value of each secret; runs the programs that say one.
    ///
    /// # Errors
    /// When a program does not say one.
    pub async fn secret_values(&self) -> anyhow::Result<BTreeMap<String, wilco_contract::source::Secret>> {
        secrets::values(&self.secrets, &self.base).await
    }

    /// All connectors by name, the page first, with what each tells beside what is said.
    pub(crate) fn networks(&self) -> impl Iterator<Item = (&str, Tells)> {
        let theirs = self.connectors.iter();
        let theirs = theirs.map(|connector| (connector.name.as_str(), connector.settings.tells()));
        std::iter::once(("web", wilco_web::TELLS)).chain(theirs)
    }

    /// Where this machine's own programs find the server.
    #[must_use]
    pub fn local_url(&self) -> String {
        let mut at = self.listen;
        if at.ip().is_unspecified() {
            at.set_ip(if at.is_ipv4() {
                std::net::Ipv4Addr::LOCALHOST.into()
            } else {
                std::net::Ipv6Addr::LOCALHOST.into()
            });
        }
        format!("http://{at}")
    }
}
