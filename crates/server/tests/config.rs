//! `wilco.toml`, right and wrong: what a tired person is told.

use std::{
    fs,
    path::{Path, PathBuf},
};

use wilco_contract::{
    command::Effect,
    ids::{Account, Origin, PersonId, Place},
    pattern::Pattern,
    policy::Grantee,
    source::Secret,
};
use wilco_packs::Problem;
use wilco_runtime::dial::Tls;
use wilco_server::config::{self, Config, Environment, Variables};
use wilco_store_sql::Durability;
use wilco_systems::{ConnectorSettings, irc::Sasl};

struct Repo(tempfile::TempDir);

impl Repo {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("packs")).expect("a folder");
        fs::write(folder.path().join("wilco.toml"), text).expect("written");
        Self(folder)
    }

    fn load(&self, environment: &Environment) -> Result<Config, Vec<Problem>> {
        config::load(&self.0.path().join("wilco.toml"), environment)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn load(text: &str) -> Result<Config, Vec<Problem>> {
    Repo::new(text).load(&Environment::default())
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

/// Each text, followed by what is told of it.
fn each(texts: &[&str]) -> String {
    let told = |text: &str| match load(text) {
        Ok(config) => format!("(it can be used)\n{}", lines(&config.warnings)),
        Err(problems) => lines(&problems),
    };
    texts.iter().map(|text| format!("## {text}\n{}\n", told(text))).collect()
}

#[test]
fn an_empty_file_has_all_defaults() {
    let repo = Repo::new("");
    let config = repo.load(&Environment::default()).expect("right");
    assert_eq!(config.name, "wilco");
    assert_eq!((config.aliases.len(), config.prefixes), (0, vec![".".to_owned()]));
    assert_eq!(config.listen.to_string(), "127.0.0.1:7777");
    assert_eq!(config.public_url, "http://localhost:7777");
    assert_eq!(config.database, repo.path("wilco.db"));
    assert_eq!(config.durability, Durability::Full);
    assert_eq!(config.home.as_str(), "web:ops");
    assert_eq!(config.packs[0].path, repo.path("packs"));
    assert_eq!(config.keys, repo.path("wilco.keys"));
    assert_eq!(config.checkpoints, [repo.path("wilco.keys/checkpoints")]);
    assert_eq!((config.limits.per_person, config.limits.lane), (Some((30, 60)), Some(16)));
    assert_eq!(config.rooms.iter().map(|room| room.place.as_str()).collect::<Vec<_>>(), ["web:ops"]);
    assert_eq!(config.policy.zone.0, jiff::tz::TimeZone::UTC);
    assert!(config.servers.is_empty() && config.warnings.is_empty());
    assert!(config.policy.people.is_empty() && config.policy.grants.is_empty());
}

const WHOLE: &str = r#"
name = "Wilco"
aliases = ["hubot"]
prefixes = [".", "!"]
listen = "localhost:8000"
public_url = "https://wilco.example.com/"
database = "sqlite:data/ops.db"
durability = "process"
home = "web:deploys"
zone = "UTC"
packs = ["packs"]
keys = "secret"

[limits]
per_person = "5/10s"
lane = "unlimited"

[audit]
checkpoints = ["file:/mnt/elsewhere/checkpoints"]

[connector.web]
rooms = ["deploys", { name = "ops", topic = "Everything" }]

[server.webapp]
url = "http://127.0.0.1:8080/base"

[person.ana]
name = "Ana Lima"
email = "ana@example.org"
accounts = ["irc:ana", "slack:U012AB3CD"]
roles = ["developer", "lead"]

[person.ben]
roles = ["lead"]

[[grant]]
command = "webapp.*"
effect = "write"
to = ["role:developer", "@ben", "token:ci", "operator", "guest"]
rooms = ["web:deploys", "web:*", "web:@ana"]
flags = ["alone", "force"]
when = "args.app != 'billing' or 'lead' in who.roles"

[[require]]
command = "webapp.ship"
when = "args.app == 'billing'"
approve = 1
by = "role:lead"
within = "24h"
max_targets = 5
"#;

#[test]
fn everything_that_is_written_is_read() {
    let repo = Repo::new(WHOLE);
    let config = repo.load(&Environment::default()).unwrap_or_else(|problems| panic!("{}", lines(&problems)));
    assert_eq!(lines(&config.warnings), "");
    assert_eq!((config.name.as_str(), config.aliases), ("wilco", vec!["hubot".to_owned()]));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(config.public_url, "https://wilco.example.com");
    assert_eq!(config.database, repo.path("data/ops.db"));
    assert_eq!(config.durability, Durability::Process);
    assert_eq!(config.keys, repo.path("secret"));
    assert_eq!(config.checkpoints, [Path::new("/mnt/elsewhere/checkpoints")]);
    assert_eq!((config.limits.per_person, config.limits.lane), (Some((5, 10)), None));
    let rooms: Vec<_> = config.rooms.iter().map(|room| (room.place.as_str(), room.topic.as_str())).collect();
    assert_eq!(rooms, [("web:ops", "Everything"), ("web:deploys", "")]);
    assert_eq!(config.servers["webapp"].as_str(), "http://127.0.0.1:8080/base");
    let ana = &config.policy.people[&PersonId::parse("ana").expect("a name")];
    assert_eq!((ana.name.as_str(), ana.email.as_deref()), ("Ana Lima", Some("ana@example.org")));
    assert!(ana.accounts.contains(&Account::parse("slack:U012AB3CD").expect("an account")));
    assert_eq!(ana.roles.len(), 2);
    let grant = &config.policy.grants[0];
    assert_eq!((grant.effect, grant.to.len()), (Some(Effect::Write), 5));
    assert!(grant.covers_place(&Place::parse("web:ops").expect("a place")));
    assert!(grant.flags.force && grant.flags.alone);
    assert_eq!(grant.origin.to_string(), "wilco.toml:36");
    let require = &config.policy.requirements[0];
    assert_eq!((require.approve, require.within_secs, require.max_targets), (1, 86_400, Some(5)));
    assert_eq!(require.by, Grantee::parse("role:lead").ok());
    assert_eq!(require.origin, Origin { file: "wilco.toml".into(), line: 44, column: 1 });
}

#[test]
fn the_environment_comes_before_the_file() {
    let repo = Repo::new("listen = '127.0.0.1:1'\ndatabase = 'sqlite:file.db'");
    let load = |environment: Environment| repo.load(&environment).expect("right");
    let text = |text: &str| Some(text.to_owned());
    let port = load(Environment { port: text("8080"), ..Environment::default() });
    assert_eq!(
        (port.listen.to_string(), port.local_url()),
        ("0.0.0.0:8080".into(), "http://127.0.0.1:8080".into())
    );
    let listen = load(Environment { listen: text("[::]:9"), port: text("8080"), ..Environment::default() });
    assert_eq!((listen.listen.to_string(), listen.local_url()), ("[::]:9".into(), "http://[::1]:9".into()));
    assert_eq!(listen.public_url, "http://localhost:9");
    let url = load(Environment { database_url: text("sqlite:url.db"), ..Environment::default() });
    assert_eq!(url.database, repo.path("url.db"));
    let own = load(Environment {
        database: text("sqlite:/own.db"),
        database_url: text("sqlite:url.db"),
        ..Environment::default()
    });
    assert_eq!(own.database, Path::new("/own.db"));
    let wrong = Environment {
        listen: text("everywhere"),
        database_url: text("postgres://wilco:hunter2@db/wilco"),
        ..Environment::default()
    };
    insta::assert_snapshot!(lines(&repo.load(&wrong).expect_err("wrong")));
    let wrong = Environment { port: text("http"), ..Environment::default() };
    insta::assert_snapshot!(lines(&repo.load(&wrong).expect_err("wrong")));
}

#[test]
fn a_file_that_is_not_there() {
    let problems =
        config::load(Path::new("/nowhere/wilco.toml"), &Environment::default()).expect_err("wrong");
    insta::assert_snapshot!(lines(&problems));
}

#[test]
fn settings_that_cannot_be() {
    insta::assert_snapshot!(each(&[
        "nmae = 'wilco'\n[limit]\nlane = 1",
        "name = 'will co'\naliases = ['', 'ok']\nprefixes = ['x', '. ']",
        "listen = '7777'\npublic_url = 'wilco.example.com/chat'",
        "database = 'postgres://db/wilco'",
        "database = 'wilco.db'\ndurability = 'ful'",
        "zone = 'Berlin'\nhome = 'web:dpeloys'\n[connector.web]\nrooms = ['deploys']",
        "home = 'irc:#ops'",
        "home = 'ops'",
        "packs = ['pakcs', 'packs', 'packs/']\nkeys = 3",
        "[limits]\nper_person = '30'\nlane = 0",
        "[limits]\nper_person = 30\nlane = 'many'\nper_room = 1",
        "[files]\nmegabytes = 0\nkeeep = '30d'",
        "[audit]\ncheckpoints = ['s3://bucket']",
        "[connector.irc]\nserver = 'irc.example.org'\n[connector.wbe]",
        "[connector.web]\nkind = 'wbe'\nrooms = ['#deploys', 'ops', 'ops', { topic = 'x' }, 3]",
        "[server.webapp]\nulr = 'http://x'\n[server.other]\nurl = 'ftp://x'\n[server.third]\nurl = 'http://a:b@x'",
        "[server.webapp]\nurl = 'http://x/?y'\n[server]\nx = 'http://x'",
        "name = \nlisten = ",
    ]));
}

const NETWORK: &str = r##"
home = "irc:#Ops"

[connector.irc]
server = "irc.example.org"
rooms = ["#Ops", "#deploys"]

[connector.libera]
kind = "irc"
server = ["[::1]:7000", "two.example.org"]
tls = false
nick = "wilco-bot"
sasl = { account = "Wilco", password = { env = "IRC_PASSWORD" } }
rooms = ["#wilco", { room = "#secret", key = { env = "IRC_KEY" } }]
rate = "unlimited"
pictures = false
password = { env = "IRC_PASSWORD" }

[person.ana]
accounts = ["irc:Ana"]

[[grant]]
command = "wilco.*"
to = ["@ana"]
rooms = ["irc:#Ops"]
"##;

#[test]
fn networks_are_read() {
    let named = [("IRC_PASSWORD", "sesame"), ("IRC_KEY", "swordfish")];
    let named = named.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = Environment { named: Variables::Given(named.into()), ..Environment::default() };
    let config =
        Repo::new(NETWORK).load(&environment).unwrap_or_else(|problems| panic!("{}", lines(&problems)));
    assert_eq!(
        lines(&config.warnings),
        "wilco.toml:8:12: warning: without TLS everybody on the way to the server can read the password\n    Remove `tls = false`.\n"
    );
    let rooms: Vec<_> = config.rooms.iter().map(|room| room.place.as_str()).collect();
    assert_eq!(rooms, ["web:ops", "irc:#Ops", "irc:#deploys", "libera:#wilco", "libera:#secret"]);
    let [ConnectorSettings::Irc(irc, None), ConnectorSettings::Irc(libera, Some(server))] =
        &config.connectors.iter().map(|setup| setup.settings.clone()).collect::<Vec<_>>()[..]
    else {
        panic!("two networks")
    };
    assert_eq!((irc.addresses[0].to_string(), irc.nick.as_str()), ("irc.example.org:6697".into(), "wilco"));
    assert!(matches!(irc.addresses[0].tls, Tls::On { .. }), "TLS unless it is said otherwise");
    assert_eq!(irc.rate.map(|rate| rate.to_string()), Some("2/s burst 5".to_owned()));
    assert!(irc.pictures && !libera.pictures, "links to pictures unless it is said otherwise");
    let addresses: Vec<_> = libera.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["[::1]:7000", "two.example.org:6667"]);
    assert_eq!(libera.nick, "wilco-bot");
    let keys: Vec<_> = libera.rooms.iter().map(|room| room.key.as_ref().map(Secret::expose)).collect();
    assert_eq!((keys, server.expose()), (vec![None, Some(&b"swordfish"[..])], &b"sesame"[..]));
    assert_eq!((libera.addresses[0].tls.clone(), libera.rate), (Tls::Off, None));
    let Some(Sasl::Password { account, password }) = &libera.sasl else { panic!("an account") };
    assert_eq!((account.as_str(), password.expose()), ("Wilco", &b"sesame"[..]));
    let ana = config.policy.people.values().next().expect("a person");
    let accounts: Vec<_> = ana.accounts.iter().map(|account| account.as_str()).collect();
    assert_eq!(accounts, ["irc:ana"], "as the connector names it");
}

#[test]
fn networks_that_cannot_be() {
    insta::assert_snapshot!(each(&[
        "[connector.irc]\nsevrer = 'irc.example.org'",
        "[connector.irc]\nserver = 'irc.example.org:port'\nrooms = []\nnick = '1st'\nrate = 'fast'\npictures = 'no'\ntls = 'yes'",
        "[connector.irc]\nserver = 'irc://x'\nrooms = ['ops', '#ops', '#OPS']\ntls = { pins = ['sha1:00'] }",
        "[connector.irc]\nserver = 'x'\nrooms = ['#ops']\nsasl = { account = 'wilco', password = 'sesame' }",
        "[connector.irc]\nserver = []\nrooms = ['#ops']\nsasl = { account = 'wilco' }",
        "[connector.irc]\nserver = 'x'\nrooms = ['#ops']\nsasl = { certificate = 'none.pem', account = 'wilco' }",
        "[connector.irc]\nserver = 'x'\nrooms = ['#ops']\nsasl = { certificate = 'none.pem' }",
        "[connector.IRC]\nkind = 'irc'\nserver = 'x'\nrooms = ['#ops']",
        "[connector.slack]\nserver = 'x'\n[connector.work]\nkind = 'irc'",
        "home = 'irc:#op'\n[connector.irc]\nserver = 'x'\nrooms = ['#ops']\n[person.ana]\naccounts = ['irc:~ana']",
    ]));
}

#[test]
fn people_that_cannot_be() {
    insta::assert_snapshot!(each(&[
        "[person.Ana]\nname = 'Ana'",
        "[person.ana]\nname = ''\nemial = 'x'\nemail = 'ana'\nroles = ['role:lead', 'Lead!']\naccounts = ['ana']",
        "[person.ana]\naccounts = ['irc:ana', 'web:ana']\n[person.ben]\naccounts = ['irc:ana', 'web:ana']",
        "person = ['ana']",
    ]));
}

#[test]
fn rules_that_cannot_be() {
    insta::assert_snapshot!(each(&[
        "[[grant]]\ncomand = 'x.*'\nto = []",
        "[[grant]]\ncommand = 'ship'\nto = 'role:lead'\neffect = 'wirte'",
        "[[grant]]\ncommand = 'x.*'\nto = ['lead']\nrooms = ['#ops']\nwhen = 'who.role == 1'",
        "[grant]\ncommand = 'x.*'",
        "[[require]]\ncommand = 'x.*'",
        "[[require]]\naprove = 1\ncommand = 'x.*'",
        "[[grant]]\ncommand = 'x.*'\nto = ['guest']\nflags = ['froce']",
        "[[grant]]\ncommand = 'x.*'\nto = ['guest']\nflags = []",
        "[[require]]\ncommand = 'x.*'\nmax_targets = 0",
        "[[require]]\ncommand = 'x.*'\napprove = 'one'\nwithin = 'soon'\nwhen = 'args.app =='",
    ]));
}

#[test]
fn rules_that_are_probably_not_meant() {
    insta::assert_snapshot!(each(&[
        "[person.ana]\nroles = ['lead']\n[[grant]]\ncommand = 'x.*'\nto = ['role:laed', '@anna', 'agent:x']",
        "[[grant]]\ncommand = 'x.*'\nto = ['guest']\nrooms = ['web:opps', 'irc:#ops']",
        "[person.ana]\nroles = ['lead']\n[[require]]\ncommand = 'x.*'\napprove = 2\nby = 'role:lead'",
        "[person.ana]\n[[require]]\ncommand = 'x.*'\napprove = 1\nby = '@anna'",
        "[[require]]\ncommand = 'x.*'\nstep_up = true",
        "[[grant]]\ncommand = 'x.*'\nto = ['token:ci']\nflags = ['alone', 'force']",
    ]));
}

#[test]
fn rules_have_to_fit_the_commands() {
    let config = load(
        "[person.ana]\nroles = ['lead']\n\
         [[grant]]\ncommand = 'wepapp.ship'\nto = ['@ana']\n\
         [[grant]]\ncommand = 'webapp.*'\nto = ['@ana']\nwhen = \"args.ap == 'x'\"\n\
         [[require]]\ncommand = 'webapp.shp'\nconfirm = true\n\
         [[require]]\ncommand = 'webapp.*'\nconfirm = true\nwhen = \"args.env == 'x' or args.app == 'y'\"\n\
         [[require]]\ncommand = '*'\nconfirm = true\nwhen = \"args.app == 'y' and args.operation == 'z'\"\n",
    )
    .unwrap_or_else(|problems| panic!("{}", lines(&problems)));
    let mut commands = wilco_engine::Engine::own_commands();
    let mut ship = commands[0].clone();
    ship.spec.id = wilco_contract::ids::CommandId::parse("webapp.ship").expect("an id");
    ship.spec.effect = Effect::Write;
    ship.spec.words = vec![Pattern::parse("ship <app>").expect("a pattern")];
    ship.spec.args[0].name = "app".into();
    ship.spec.home = Place::parse("web:deploys").ok();
    ship.origin = Origin { file: "packs/webapp/pack.toml".into(), line: 5, column: 1 };
    let mut burn = ship.clone();
    burn.spec.id = wilco_contract::ids::CommandId::parse("house.burn").expect("an id");
    burn.spec.home = None;
    commands.extend([ship, burn]);
    insta::assert_snapshot!(lines(&config.cross_check(&commands)));
}

#[test]
fn routes_and_rules_are_read_and_only_this_file_drops() {
    let config = load(
        "[[route]]\nwhen = \"event.kind == 'star'\"\ndrop = true\n\
         [[route]]\nwhen = \"event.source == 'github'\"\nto = ['web:ops']\n\
         [[rule]]\nname = 'restart'\nwhen = \"event.state == 'firing'\"\nrun = 'restart web'\n",
    )
    .expect("right");
    assert_eq!(config.routes.iter().map(|route| route.drop).collect::<Vec<_>>(), [true, false]);
    assert_eq!((config.routes[1].origin.line, config.rules[0].name.as_str()), (4, "restart"));
    insta::assert_snapshot!(each(&[
        "[[route]]\ndrop = true\nto = ['web:ops']\nlevel = 'loud'",
        "[[route]]\nwhen = \"event.kidn == 'star'\"\nto = ['web:ops']",
        "[[rule]]\nname = 'x'\nwhen = 'true'",
        "[rule]\nname = 'x'",
    ]));
}
