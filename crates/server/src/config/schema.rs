//! `wilco.toml` as a JSON schema for editors, made of the lists of keys that its readers go by.
//!
//! Not the readers, which say more and say it with its place: `wilco check` asks those. Layer 4.

use serde_json::{Map, Value as Json, json};
use wilco_packs::shape::{
    self, DRAFT, about, by_name, count, either, flag, list, one_of, some_texts, table, texts, words,
};
use wilco_systems::generic;

use super::{connectors, people, proofs, rules, secrets, settings, sources};

/// The schema of `wilco.toml`.
pub(crate) fn schema() -> Json {
    let room = "The home room of operations whose command names none: `web:ops`";
    let rows = vec![
        ("name", words("What people call Wilco by")),
        ("aliases", texts("Further names")),
        ("prefixes", texts("One to three signs that begin an order when a letter follows: `.`")),
        ("listen", words("An IP address and a port: `127.0.0.1:7777`")),
        ("public_url", words("Where people find the page: `https://wilco.example.com`")),
        ("database", words("`sqlite:` and the path of a file")),
        (
            "durability",
            one_of(&["full", "process"], "What a commit survives: a loss of power, or its process"),
        ),
        ("home", words(room)),
        ("zone", words("The zone of conditions and of times told to people: `Europe/Berlin`")),
        ("packs", texts("Folders of packs")),
        ("lists", shape::lists()),
        ("keys", words("A folder that only Wilco's account can read")),
        ("limits", about(limits(), "What people may ask at once")),
        ("files", about(files(), "Files that people send into the page's rooms")),
        ("audit", about(audit(), "The audit log")),
        ("connector", about(networks(), "Where people talk")),
        ("source", about(sources(), "Who may send events")),
        ("server", about(by_name(&server()), "The servers that actions may call, by name")),
        ("person", about(by_name(&person()), "Who is who; their name is `@NAME` in rules")),
        ("grant", list(&grant(), "Who may do what")),
        ("require", list(&requirement(), "What a granted order then needs")),
        ("route", list(&shape::route(true), "Where events go")),
        ("rule", list(&shape::rule(), "What events set off")),
        ("vars", shape::vars()),
        ("secret", about(by_name(&secret()), "Where secrets are that steps refer to")),
    ];
    let mut whole = table(super::KEYS, &[], rows);
    whole["$schema"] = Json::from(DRAFT);
    whole["title"] = Json::from("The configuration of Wilco");
    whole["definitions"] = json!({ "source": source(false), "generic": source(true) });
    whole
}

fn limits() -> Json {
    let lane = either(&[count(0, ""), json!({ "const": "unlimited" })]);
    let rows = vec![
        ("per_person", words("Orders in a span of time: `30/1m`; or `unlimited`")),
        ("lane", about(lane, "Orders of one person that wait in one place, or `unlimited`")),
    ];
    table(settings::LIMITS, &[], rows)
}

fn files() -> Json {
    let rows = vec![
        ("keep", words("How long a file is kept; absent: `30d`")),
        ("megabytes", count(1, "How much all files may have together; absent: 1000")),
    ];
    table(settings::FILES, &[], rows)
}

fn audit() -> Json {
    table(settings::AUDIT, &[], vec![("checkpoints", texts("Where signed checkpoints go: `file:PATH`"))])
}

fn networks() -> Json {
    let room = table(
        connectors::ROOM,
        &["name"],
        vec![
            ("name", words("Lower-case letters, digits, - and _")),
            ("topic", json!({ "type": "string", "description": "What it is for" })),
        ],
    );
    let rooms = list(&either(&[words(""), room]), "The page's rooms, beside `ops`");
    let web =
        table(connectors::WEB, &[], vec![("kind", one_of(&["web"], "May be left out")), ("rooms", rooms)]);
    let mut other = irc();
    other["required"] = json!(["kind", "server", "rooms"]);
    json!({
        "type": "object",
        "properties": { "web": about(web, "The page"), "irc": about(irc(), "An IRC network") },
        "additionalProperties": about(other, "A network of the kind that `kind` names"),
    })
}

fn irc() -> Json {
    let tls = table(
        connectors::TLS,
        &[],
        vec![
            ("authorities", words("A file with the certificates that may vouch for the server")),
            ("pins", texts("Fingerprints of the server's certificate: `sha256:…`")),
        ],
    );
    let mut sasl = table(
        connectors::SASL,
        &[],
        vec![
            ("account", words("Our account with the network's services")),
            (
                "password",
                about(
                    place_of_secret(table(secrets::FOUND, &[], from())),
                    "Its password: `{ env = \"NAME\" }`",
                ),
            ),
            ("certificate", words("A file with our certificate and its key, in the place of a password")),
        ],
    );
    sasl["oneOf"] = json!([
        { "required": ["account", "password"], "not": { "required": ["certificate"] } },
        { "required": ["certificate"], "not": { "anyOf": [{ "required": ["account"] }, { "required": ["password"] }] } },
    ]);
    let room = table(
        connectors::IRC_ROOM,
        &["room"],
        vec![
            ("room", words("Its name: `#ops`")),
            (
                "key",
                about(
                    place_of_secret(table(secrets::FOUND, &[], from())),
                    "What opens it: `{ env = \"NAME\" }`",
                ),
            ),
        ],
    );
    let rooms = json!({ "type": "array", "items": either(&[words(""), room]), "minItems": 1 });
    let rows = vec![
        ("kind", one_of(&["irc"], "May be left out where the connector is called `irc`")),
        (
            "server",
            about(
                either(&[words(""), some_texts("")]),
                "A host and a port, or several of one network: `irc.example.org:6697`",
            ),
        ),
        ("tls", about(either(&[flag(""), tls]), "How the server proves itself; `false`: not at all")),
        ("nick", words("What it is called there; absent: `name`")),
        ("sasl", about(sasl, "How it proves who it is")),
        (
            "password",
            about(
                place_of_secret(table(secrets::FOUND, &[], from())),
                "What the server wants of everybody: `{ env = \"NAME\" }`",
            ),
        ),
        ("rooms", about(rooms, "The rooms that it is in: `#ops`")),
        ("rate", words("Lines in a span of time: `2/s burst 5`; or `unlimited`")),
        ("pictures", flag("Whether charts come with a link to their picture; absent: true")),
    ];
    table(connectors::IRC, &["server", "rooms"], rows)
}

/// `[source.x]`: a source's kind is its name where none is written.
fn sources() -> Json {
    let is = |kind: &str| json!({ "properties": { "kind": { "const": kind } }, "required": ["kind"] });
    let (common, generic) =
        (json!({ "$ref": "#/definitions/source" }), json!({ "$ref": "#/definitions/generic" }));
    let kinds = wilco_systems::source_kinds();
    let named: Map<String, Json> = kinds
        .map(|kind| {
            let shape = if kind == "generic" {
                let other = json!({ "properties": { "kind": { "not": { "const": "generic" } } }, "required": ["kind"] });
                json!({ "if": other, "then": common, "else": generic })
            } else {
                json!({ "if": is("generic"), "then": generic, "else": common })
            };
            (kind.to_owned(), about(shape, "A source of the kind that it is called, unless `kind` says another"))
        })
        .collect();
    let mut other = json!({ "if": is("generic"), "then": generic, "else": common });
    other["required"] = json!(["kind"]);
    json!({ "type": "object", "properties": named, "additionalProperties": other })
}

fn source(generic: bool) -> Json {
    let kinds: Vec<_> = wilco_systems::source_kinds().collect();
    let secret = place_of_secret(table(secrets::FOUND, &[], from()));
    let several = json!({ "type": "array", "items": secret, "minItems": 1 });
    let mut rows = vec![
        ("kind", one_of(&kinds, "What sends; absent: the source's name")),
        ("secret", about(either(&[secret, several]), "What proves a sender: `{ env = \"NAME\" }`")),
        ("unsigned", flag("Takes events from anybody; they trigger no write")),
        ("to", texts("The rooms that its events go to where no route fits")),
        ("keep", words("How long payloads are kept; absent: `14d`")),
    ];
    if generic {
        rows.push(("proof", about(proof(), "What a request has to bring; absent: a token")));
        let fields = generic::FIELDS.iter().map(|field| (*field, words("A template over `payload`")));
        let event = table(wilco_packs::sheet::Keys::of(generic::FIELDS), &[], fields.collect());
        rows.push(("event", about(event, "What an event is, as templates over `payload`")));
    }
    let keys = if generic { sources::GENERIC } else { sources::COMMON };
    shape::with_one_of(table(keys, &[], rows), &["secret", "unsigned"])
}

fn proof() -> Json {
    let header = |needed: &[&str], keys| table(keys, needed, vec![("header", words("The name of a header"))]);
    let stamp = table(
        proofs::STAMP,
        &["header"],
        vec![
            ("header", words("The header with the time that is signed")),
            ("tolerance", words("How far from now it may be: `5m`")),
        ],
    );
    let hmac = table(
        proofs::HMAC,
        &["header"],
        vec![
            ("header", words("The header with the signature")),
            ("prefix", json!({ "type": "string", "description": "What stands before it: `sha256=`" })),
            ("encoding", one_of(&["hex", "base64"], "How it is written")),
            ("algorithm", one_of(&["sha256"], "May be left out")),
            ("timestamp", about(stamp, "The time that is signed with the body")),
        ],
    );
    let one_way = json!({ "const": true });
    let rows = vec![
        (
            "bearer",
            about(
                either(&[one_way.clone(), header(&["header"], proofs::BEARER)]),
                "The secret itself stands in a header",
            ),
        ),
        ("hmac", about(hmac, "The body is signed")),
        ("standard_webhooks", about(one_way, "As Standard Webhooks has it")),
    ];
    let mut proof = table(proofs::PROOF, &[], rows);
    proof["minProperties"] = Json::from(1);
    proof["maxProperties"] = Json::from(1);
    proof
}

/// Where a secret may be, in files that take no programs.
fn from() -> Vec<shape::Row> {
    vec![("env", words("The name of a variable")), ("file", words("The path of a file"))]
}

/// A secret is in one place.
fn place_of_secret(mut table: Json) -> Json {
    table["minProperties"] = Json::from(1);
    table["maxProperties"] = Json::from(1);
    table
}

fn secret() -> Json {
    let mut rows = from();
    rows.push(("command", some_texts("A program and its arguments, run at the start, that prints it")));
    place_of_secret(table(secrets::SECRET, &[], rows))
}

fn server() -> Json {
    table(settings::SERVER, &["url"], vec![("url", words("`https://webapp.example.com`"))])
}

fn person() -> Json {
    let rows = vec![
        ("name", words("The name for people to read")),
        ("email", words("A mail address")),
        ("accounts", texts("Accounts on networks: `irc:ana`")),
        ("roles", texts("Roles, named as you like; `admin` may use the built-in commands")),
    ];
    table(people::PERSON, &[], rows)
}

fn grant() -> Json {
    let flags = list(&json!({ "enum": ["force", "alone"] }), "");
    let rows = vec![
        ("command", words("A full id such as `webapp.ship`, or a pattern such as `webapp.*`")),
        ("effect", one_of(&["read", "write", "destructive"], "The strongest that it covers; absent: any")),
        (
            "to",
            some_texts(
                "`role:x`, `@person`, `guest`, `operator`, `token:x`, `rule:x`, `listener:x`, `schedule:x`",
            ),
        ),
        ("rooms", some_texts("Places or patterns such as `web:*`; absent: anywhere")),
        ("when", words("A condition: `args.app != 'billing'`")),
        ("flags", about(flags, "Flags that it covers beside the order: `--force`, `--alone`")),
    ];
    table(rules::GRANT, &["command", "to"], rows)
}

fn requirement() -> Json {
    let command = words("A full id such as `webapp.ship`, or a pattern such as `webapp.*`");
    shape::requirement(rules::REQUIRE, &["command"], vec![("command", command)])
}
