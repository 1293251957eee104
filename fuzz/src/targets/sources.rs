//! The targets that read requests: each source, and the explanation of where their events go.
//!
//! Not the HTTP door: a request comes here whole, with whatever bytes stand in its headers.

use std::sync::LazyLock;

use jiff::Timestamp;
use wilco_contract::{
    event::Level,
    expr::Condition,
    ids::{Origin, Place, SourceName},
    route::{Group, Route, Rule, SourceRule},
    source::{RawHook, Secret, Source, Verified},
};
use wilco_engine::EventSetup;
use wilco_systems::{
    alertmanager::AlertmanagerSource,
    generic::{Encoding, FIELDS, GenericSource, HmacProof, Proof, Settings, Stamp},
    github::GithubSource,
};

use super::events::{demand, demand_plain};
use crate::explain::{Request, explain};

/// The most header lines that are read.
const MAX_HEADERS: usize = 20;

/// GitHub's requests.
pub(super) fn github(input: &[u8]) {
    static SOURCE: LazyLock<GithubSource> = LazyLock::new(|| GithubSource::new(name("github"), secrets()));
    take(&*SOURCE, input);
}

/// Alertmanager's requests.
pub(super) fn alertmanager(input: &[u8]) {
    static SOURCE: LazyLock<AlertmanagerSource> =
        LazyLock::new(|| AlertmanagerSource::new(name("alerts"), secrets()));
    take(&*SOURCE, input);
}

/// Requests of anybody else, as several configurations read them.
pub(super) fn generic(input: &[u8]) {
    static SOURCES: LazyLock<Vec<GenericSource>> = LazyLock::new(|| {
        let stamp = Stamp { header: "x-time".into(), tolerance_secs: 300 };
        let hmac = |encoding, timestamp| {
            Proof::Hmac(HmacProof { header: "x-proof".into(), prefix: "v0=".into(), encoding, timestamp })
        };
        [
            (Proof::Bearer { header: None }, own_fields()),
            (hmac(Encoding::Hex, Some(stamp)), made_fields()),
            (hmac(Encoding::Base64, None), whole_fields()),
            (Proof::StandardWebhooks, Vec::new()),
        ]
        .into_iter()
        .map(|(proof, fields)| generic_source(proof, fields))
        .collect()
    });
    SOURCES.iter().for_each(|source| take(source, input));
}

/// Files of `wilco explain`, whichever source they are given to.
pub(super) fn requests(input: &[u8]) {
    static SOURCES: LazyLock<Vec<Box<dyn Source>>> = LazyLock::new(|| {
        vec![
            Box::new(GithubSource::new(name("github"), secrets())),
            Box::new(AlertmanagerSource::new(name("alerts"), Vec::new())),
            Box::new(generic_source(Proof::default(), own_fields())),
        ]
    });
    static SETUP: LazyLock<EventSetup> = LazyLock::new(setup);
    let request = Request::read(input);
    for (name, value) in &request.headers {
        assert!(!name.is_empty() && name.is_ascii() && !value.contains('\n'), "a header that is none");
    }
    assert!(input.ends_with(&request.body), "a body that was not sent");
    for source in SOURCES.iter() {
        let told = explain(&SETUP, source.as_ref(), &request, now());
        assert_eq!(
            told,
            explain(&SETUP, source.as_ref(), &request, now()),
            "it depends on more than its input"
        );
        let (Ok(text) | Err(text)) = told;
        text.lines().for_each(|line| demand_plain("a line of the explanation", line, usize::MAX));
    }
}

/// Lets a source verify and decode a request, and demands what must hold.
fn take(source: &dyn Source, input: &[u8]) {
    let (headers, body) = request(input);
    let hook = RawHook { headers: &headers, body, received_at: now() };
    let proof = source.verify(&hook);
    assert_eq!(proof, source.verify(&hook), "the same proof is taken once and refused once");
    if let Err(why) = &proof {
        demand_plain("the refusal", &why.to_string(), 600);
    }
    // Whether it was proven changes nothing else, so half of the inputs try each.
    let signed = body.len() % 2 == 0;
    let read = source.decode(&hook, Verified { signed });
    assert_eq!(read, source.decode(&hook, Verified { signed }), "it depends on more than its input");
    demand(&read);
    for event in read.iter().flat_map(|read| &read.events) {
        assert_eq!(event.signed, signed, "an event says of its proof what is not so");
        assert_eq!(&event.source, source.name(), "an event of another source");
    }
}

/// An input as a request: header lines, an empty line, and the body; without those, it is all body.
fn request(input: &[u8]) -> (Vec<(&str, &[u8])>, &[u8]) {
    let (mut headers, mut rest) = (Vec::new(), input);
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        if line.is_empty() {
            return (headers, rest);
        }
        let Some(header) = header(line).filter(|_| headers.len() < MAX_HEADERS) else { break };
        headers.push(header);
    }
    (Vec::new(), input)
}

fn header(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(&line[..colon]).ok()?;
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let value = line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..]);
    name.bytes().all(fits).then_some((name, value))
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).expect("a time")
}

fn name(text: &str) -> SourceName {
    SourceName::parse(text).expect("a name")
}

fn secrets() -> Vec<Secret> {
    vec![Secret::new("old"), Secret::new("new")]
}

fn generic_source(proof: Proof, fields: Vec<(&str, String)>) -> GenericSource {
    let event = fields.into_iter().map(|(field, template)| (field.to_owned(), template)).collect();
    GenericSource::new(name("ci"), secrets(), Settings { proof, event }).expect("settings that can be")
}

/// Each field from the field of the payload that is called so.
fn own_fields() -> Vec<(&'static str, String)> {
    let template = |field: &str| match field {
        "done" => "payload.done".to_owned(),
        _ => format!("{{{{ payload.{field} }}}}"),
    };
    FIELDS.iter().map(|field| (*field, template(field))).collect()
}

/// Each field made of several, with what the language has.
fn made_fields() -> Vec<(&'static str, String)> {
    [
        ("id", "{{ payload.a }}-{{ payload.b }}"),
        ("object", "{{ payload.a or 'x' }}/{{ payload.list[1] }}"),
        ("kind", "{{ payload.a|lower|trim }}"),
        ("action", "{{ payload.n // payload.m }}{{ payload.n % payload.m }}"),
        ("title", "{{ payload.list|join(', ') }}"),
        ("state", "{{ payload.list|length }}"),
        ("done", "payload.n > payload.m or 'done' in payload.list"),
        ("level", "{{ payload.list|first }}"),
        ("line", "{% for item in payload.list %}{{ loop.index }} {{ item|upper }} {% endfor %}"),
        ("head", "{{ payload.a|replace('_', ' ')|title }} {{ payload.b[:50] }}"),
        ("text", "{% for key, value in payload|items %}{{ key }}: {{ value }}\n{% endfor %}"),
        ("url", "https://ci.example/{{ payload.a|urlencode }}"),
        ("severity", "{{ payload.list|sort|last }}"),
        ("reference", "{{ payload.n * payload.m }}"),
        ("repo", "{{ payload.n - payload.m }}"),
        ("at", "{{ payload.at / 1000 }}"),
        ("labels", "{{ payload.list|unique|list }}"),
    ]
    .map(|(field, template)| (field, template.to_owned()))
    .to_vec()
}

/// Each field from the whole payload.
fn whole_fields() -> Vec<(&'static str, String)> {
    let template = |field: &str| match field {
        "done" => "payload".to_owned(),
        "labels" => "{{ payload }}".to_owned(),
        "head" | "text" => "{{ payload|tojson }}!".to_owned(),
        "line" | "title" => "{{ payload|string }}".to_owned(),
        _ => "{{ payload }}".to_owned(),
    };
    FIELDS.iter().map(|field| (*field, template(field))).collect()
}

/// Routes and rules that look at everything an event has.
fn setup() -> EventSetup {
    let at = |line| Origin { file: "wilco.toml".into(), line, column: 1 };
    let place = |text: &str| Place::parse(text).expect("a place");
    let when = |text: &str| Condition::parse(text).expect("a condition");
    let route = |line, text: &str, say: &str| Route {
        when: Some(when(text)),
        to: vec![place("web:ops"), place("web:dev")],
        say: Some(say.to_owned()),
        level: (line % 2 == 0).then_some(Level::Loud),
        group: if line % 3 == 0 { Group::None } else { Group::Within(30) },
        drop: line == 5,
        origin: at(line),
    };
    let rule = |line, text: &str, run: &str| Rule {
        name: format!("rule-{line}"),
        when: when(text),
        run: run.to_owned(),
        origin: at(line),
    };
    let own = |source: &str| SourceRule {
        source: name(source),
        to: vec![place("web:ops")],
        keep_secs: 60,
        origin: at(1),
    };
    EventSetup {
        routes: vec![
            route(1, "event.kind == 'issues'", "{{ event.title }} {{ event.url }}"),
            route(2, "event.severity in ['critical', 'page']", "{{ event.labels|tojson }} {{ event.text }}"),
            route(3, "'bug' in event.labels", "{{ event }}"),
            route(
                4,
                "event.payload.a > 1 or event.number > 7",
                "{{ event.payload.a }} {{ event.actor.name or '-' }}",
            ),
            route(5, "event.branch == 'drop' or event.state == 'drop'", "x"),
            route(6, "true", "{{ event.line|upper }} {{ event.at }} {{ event.object }}"),
        ],
        rules: vec![
            rule(20, "true", "note {{ event.title }} by {{ event.actor.account }}"),
            rule(
                21,
                "event.labels.app",
                "restart {{ event.labels.app }} on {{ event.labels.instance or '-' }}",
            ),
            rule(22, "event.payload", "say \"{{ event.text }}\" {{ event.payload.a }}"),
        ],
        sources: ["github", "alerts"].map(own).to_vec(),
    }
}
