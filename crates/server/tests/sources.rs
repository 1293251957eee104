//! `[source.x]` of `wilco.toml`, right and wrong: what a tired person is told.

use std::{fs, path::Path};

use wilco_contract::source::RawHook;
use wilco_packs::Problem;
use wilco_server::{
    app,
    config::{self, Config, Environment, Variables},
    registry,
};
use wilco_systems::generic::{Encoding, HmacProof, Proof, Stamp};

/// What must never be printed.
const VALUE: &str = "wrong-horse-battery";

fn load(text: &str) -> Result<Config, Vec<Problem>> {
    load_with(text, &[("HOOK", VALUE), ("OLD", "stable"), ("BLANK", "  "), ("BAD", "whsec_%%")])
}

fn load_with(text: &str, given: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("wilco.toml"), text).expect("written");
    fs::write(folder.path().join("right"), format!("{VALUE}\r\n")).expect("written");
    fs::write(folder.path().join("empty"), "\n").expect("written");
    fs::write(folder.path().join("long"), vec![b'x'; 70_000]).expect("written");
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let environment = Environment { named: Variables::Given(given), ..Environment::default() };
    config::load(&folder.path().join("wilco.toml"), &environment)
}

fn right(text: &str) -> Config {
    load(text).unwrap_or_else(|problems| panic!("{}", lines(&problems)))
}

/// A configuration that finds secrets of these names.
fn right_with(text: &str, names: &[&str]) -> Config {
    let given: Vec<_> = names.iter().map(|name| (*name, VALUE)).collect();
    load_with(text, &given).unwrap_or_else(|problems| panic!("{}", lines(&problems)))
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
    let said: String = texts.iter().map(|text| format!("## {text}\n{}\n", told(text))).collect();
    assert!(!said.contains(VALUE));
    said
}

const WHOLE: &str = r#"
[connector.web]
rooms = ["deploys"]

[source.alertmanager]
secret = { env = "HOOK" }
to     = ["web:ops", "web:deploys", "web:ops"]
keep   = "30d"

[source.deploybot]
kind   = "generic"
secret = [{ env = "HOOK" }, { file = "right" }, { env = "OLD" }]
event  = { id = "{{ payload.id }}", object = "{{ payload.host }}", title = "{{ payload.title }}", done = "payload.state == 'over'" }

[source.deploybot.proof.hmac]
header    = "X-Signature"
prefix    = "sha256="
encoding  = "base64"
algorithm = "sha256"
timestamp = { header = "X-Timestamp", tolerance = "2m" }

[source.standard]
kind   = "generic"
secret = { env = "OLD" }
proof  = { standard_webhooks = true }

[source.token]
kind   = "generic"
secret = { env = "OLD" }
proof  = { bearer = { header = "X-Token" } }
event  = { id = "{{ payload.id }}" }

[source.plain]
kind   = "generic"
secret = { env = "OLD" }
event  = { id = "{{ payload.id }}" }
"#;

#[test]
fn everything_that_is_written_is_read() {
    let config = right(WHOLE);
    assert_eq!(lines(&config.warnings), "");
    let said: Vec<_> =
        config.sources.iter().map(|source| (source.parts.name.as_str(), source.kind)).collect();
    assert_eq!(
        said,
        [
            ("alertmanager", "alertmanager"),
            ("deploybot", "generic"),
            ("standard", "generic"),
            ("token", "generic"),
            ("plain", "generic"),
        ]
    );
    let rule = &config.sources[0].rule;
    assert_eq!(rule.to.iter().map(|place| place.as_str()).collect::<Vec<_>>(), ["web:ops", "web:deploys"]);
    assert_eq!((rule.keep_secs, rule.origin.to_string()), (30 * 86_400, "wilco.toml:5".to_owned()));
    let bot = &config.sources[1];
    assert_eq!((bot.rule.keep_secs, bot.rule.to.len()), (14 * 86_400, 0));
    let exposed: Vec<_> = bot.parts.secrets.iter().map(|secret| secret.expose()).collect();
    assert_eq!(exposed, [VALUE.as_bytes(), VALUE.as_bytes(), b"stable"]);
    assert_eq!(bot.parts.generic.event.len(), 4);
    assert_eq!(
        bot.parts.generic.proof,
        Proof::Hmac(HmacProof {
            header: "x-signature".into(),
            prefix: "sha256=".into(),
            encoding: Encoding::Base64,
            timestamp: Some(Stamp { header: "x-timestamp".into(), tolerance_secs: 120 }),
        })
    );
    let proofs: Vec<_> = config.sources[2..].iter().map(|source| &source.parts.generic.proof).collect();
    assert_eq!(
        proofs,
        [
            &Proof::StandardWebhooks,
            &Proof::Bearer { header: Some("x-token".into()) },
            &Proof::Bearer { header: None },
        ]
    );
    assert!(!format!("{config:?}").contains(VALUE));
}

#[test]
fn the_examples_in_the_documents_are_true() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (document, count) in [("alertmanager.md", 1), ("generic.md", 2)] {
        let text = fs::read_to_string(docs.join(document)).expect("a document");
        let blocks = text.split("```toml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0));
        let names = ["ALERTMANAGER_SECRET", "DEPLOYBOT_SECRET", "CI_SECRET"];
        let read: Vec<_> = blocks.map(|block| right_with(block, &names)).collect();
        assert_eq!(read.len(), count, "{document}");
        assert!(read.iter().all(|config| config.sources.len() == 1 && config.warnings.is_empty()));
    }
}

#[test]
fn the_registry_makes_what_is_written() {
    let config = right(WHOLE);
    let sources = registry::sources(&config);
    assert_eq!(sources.len(), 5);
    assert!(sources.iter().all(|source| source.is_signed()));
    let header = format!("Bearer {VALUE}");
    let headers = [("authorization", header.as_bytes())];
    let hook = RawHook { headers: &headers, body: b"", received_at: jiff::Timestamp::UNIX_EPOCH };
    let proven: Vec<_> = sources.iter().map(|source| source.verify(&hook).is_ok()).collect();
    assert_eq!(proven, [true, false, false, false, false]);
    let setup = app::setup(&config, wilco_packs::Pack::default());
    let rules: Vec<_> = setup.events.sources.iter().map(|rule| rule.source.as_str()).collect();
    assert_eq!(rules, ["alertmanager", "deploybot", "standard", "token", "plain"]);
}

#[test]
fn what_takes_events_from_anybody_is_told_at_the_start() {
    let config = right("[source.alertmanager]\nunsigned = true\n");
    insta::assert_snapshot!(lines(&config.warnings));
    assert!(!registry::sources(&config)[0].is_signed());
}

#[test]
fn what_is_a_repeat_is_told_where_no_id_says_it() {
    let start = "[source.x]\nkind = 'generic'\nsecret = { env = 'HOOK' }\n";
    let texts = [
        "",
        "event = { line = '{{ payload.line }}' }\nproof = { hmac = { header = 'x' } }",
        "proof = { hmac = { header = 'x', timestamp = { header = 'y' } } }",
        "proof = { standard_webhooks = true }",
        "event = { id = '{{ payload.id }}' }",
    ];
    let texts: Vec<_> = texts.iter().map(|text| format!("{start}{text}")).collect();
    insta::assert_snapshot!(each(&texts.iter().map(String::as_str).collect::<Vec<_>>()));
}

#[test]
fn sources_that_cannot_be() {
    insta::assert_snapshot!(each(&[
        "[source.alertmanagr]\nsecret = { env = 'HOOK' }",
        "[source.x]\nkind = 'genric'\nsecret = { env = 'HOOK' }\n[source.X]\nunsigned = true",
        "[source.alertmanager]",
        "[source.alertmanager]\nsecert = { env = 'HOOK' }",
        "[source.alertmanager]\nsecret = { env = 'HOOK' }\nunsigned = true",
        "[source.alertmanager]\nunsigned = 'yes'",
        "[source.alertmanager]\nsecret = { env = 'HOOK' }\nproof = { bearer = true }",
        "source = ['alertmanager']",
        "[source.alertmanager]\nsecret = { env = 'HOOK' }\nto = ['web:opps', 'web:@ana', 'ops', 'irc:#ops']\nkeep = 'long'",
    ]));
}

#[test]
fn secrets_that_cannot_be() {
    insta::assert_snapshot!(each(&[
        "[source.alertmanager]\nsecret = 'hunter2'",
        "[source.alertmanager]\nsecret = ['hunter2', { env = 'NONE' }, { env = 'BLANK' }]",
        "[source.alertmanager]\nsecret = []",
        "[source.alertmanager]\nsecret = 7",
        "[source.alertmanager]\nsecret = {}",
        "[source.alertmanager]\nsecret = { evn = 'HOOK' }",
        "[source.alertmanager]\nsecret = { env = 'HOOK', file = 'right' }",
        "[source.alertmanager]\nsecret = [{ file = 'nowhere' }, { file = 'empty' }, { file = 'long' }]",
        "[source.x]\nkind = 'generic'\nproof = { standard_webhooks = true }\nsecret = { env = 'BAD' }\nevent = { url = '{{ url }}' }",
    ]));
}

#[test]
fn generic_sources_that_cannot_be() {
    let start = "[source.x]\nkind = 'generic'\nsecret = { env = 'HOOK' }\n";
    let texts = [
        "event = { titel = 'x', line = '{{ title }}', url = '{{ payload.url' }",
        "event = { done = 'state ==', level = 'louder', labels = 'bug', text = 3, kind = '' }",
        "event = 'x'",
        "proof = 'bearer'",
        "proof = {}",
        "proof = { bearer = true, hmac = { header = 'x' } }",
        "proof = { bearer = false }",
        "proof = { bearer = { header = 'x y' } }",
        "proof = { hmac = { prefix = 'sha256=' } }",
        "proof = { hmac = { hedaer = 'x', encoding = 'hexx', algorithm = 'sha1', timestamp = {} } }",
        "proof = { hmac = { header = 'x', timestamp = { header = 'y', tolerance = 'soon' } } }",
        "proof = { hamc = { header = 'x' } }\nto = ['ops']\nevent = { url = '{{ url }}' }",
    ];
    let texts: Vec<_> = texts.iter().map(|text| format!("{start}{text}")).collect();
    insta::assert_snapshot!(each(&texts.iter().map(String::as_str).collect::<Vec<_>>()));
}
