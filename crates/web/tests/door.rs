//! The door itself: headers, files, health, the description, and its end.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wilco_runtime::supervise::Health;
use wilco_web::PublicUrl;

use crate::support::{Server, empty};

#[tokio::test]
async fn every_answer_carries_what_keeps_a_browser_in_bounds() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    for path in [
        "/",
        "/login",
        "/o/d-0007",
        "/healthz",
        "/readyz",
        "/api/v1/me",
        "/api/v1/nothing",
        "/nothing",
        "/assets/tokens.css",
    ] {
        let answer = ana.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert!(!answer.header("permissions-policy").is_empty());
        let kept = if path.starts_with("/assets/") { "no-cache" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), kept, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn the_page_stands_at_each_of_its_addresses_and_its_files_beside_it() {
    let server = Server::start().await;
    let client = server.client();
    let page = client.get("/").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for path in [
        "/login",
        "/r/web%3Aops",
        "/o/d-0007",
        "/waiting",
        "/commands",
        "/operations",
        "/events",
        "/events/12",
        "/objects",
        "/sources",
        "/connectors",
        "/audit",
    ] {
        assert_eq!(client.get(path).await.text(), page.text(), "{path}");
    }
    let file = client.get("/assets/tokens.css").await;
    assert_eq!((file.status, file.header("content-type")), (200, "text/css; charset=utf-8"));
    let tag = file.header("etag").to_owned();
    let fresh = client.with("if-none-match", &tag).get("/assets/tokens.css").await;
    assert_eq!((fresh.status, fresh.body.len(), fresh.header("etag")), (304, 0, tag.as_str()));
    assert_eq!(client.with("if-none-match", "\"other\"").get("/assets/tokens.css").await.status, 200);
    // The page names this version of its files, which never changes; another one's address has today's file.
    let page = page.text();
    let (mark, _) =
        page.split_once("/assets/").and_then(|(_, rest)| rest.split_once('/')).expect("an address");
    let named = client.get(&format!("/assets/{mark}/js/main.js")).await;
    assert_eq!((named.status, named.header("cache-control")), (200, "public, max-age=31536000, immutable"));
    let older = client.get("/assets/0123456789ab/js/main.js").await;
    assert_eq!((older.text(), older.header("cache-control")), (named.text(), "no-cache"));
    assert_eq!((named.header("content-encoding"), named.header("vary")), ("", "accept-encoding"));
    for (accepted, encoding) in
        [("gzip", "gzip"), ("br, gzip;q=0.5", "gzip"), ("gzip;q=0, br", ""), ("br", "")]
    {
        let file = client.with("accept-encoding", accepted).get("/assets/tokens.css").await;
        assert_eq!(file.header("content-encoding"), encoding, "{accepted}");
        assert_eq!(file.body.starts_with(&[0x1f, 0x8b]), encoding == "gzip", "{accepted}");
    }
    for path in [
        "/assets/",
        "/assets/nothing.css",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/Cargo.toml",
        "/wp-login.php",
    ] {
        client.get(path).await.problem(404);
    }
}

#[tokio::test]
async fn an_address_where_nothing_is_says_so_to_people_as_a_page_with_a_way_back() {
    let server = Server::start().await;
    let browser = server.client().with("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let page = browser.get("/wp-login.php").await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(page.text().contains("<a class=\"btn btn-primary\" href=\"/\">"), "{}", page.text());
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    // A program reads JSON, whatever it says that it takes.
    browser.get("/api/v1/nothing").await.problem(404);
    browser.post("/wp-login.php", &json!({})).await.problem(404);
    server.client().get("/wp-login.php").await.problem(404);
}

#[tokio::test]
async fn health_is_told_to_anybody_and_readiness_when_it_is_there() {
    let server = Server::start_early(empty(), "http").await;
    let anybody = server.client().with("host", "anything.example");
    assert_eq!(anybody.get("/healthz").await.status, 200);
    let early = anybody.get("/readyz").await;
    assert_eq!((early.status, early.json()), (503, json!({ "ready": false, "connectors": [] })));
    // An order that came before the old ones are taken up could be worked off twice.
    let answer = server.operator().post("/api/v1/calls", &json!({ "order": "ping 1" })).await;
    assert!(!answer.header("retry-after").is_empty());
    answer.problem(503);
    assert_eq!(server.operator().get("/api/v1/me").await.status, 200, "reading does no harm");
    let parked = Health::Parked { why: "the password of the account is wrong".into() };
    server.ready.connectors().set("irc", parked, Timestamp::UNIX_EPOCH);
    server.ready.connectors().set("web", Health::Connected, Timestamp::UNIX_EPOCH);
    server.ready.set();
    let ready = anybody.get("/readyz").await;
    assert_eq!(ready.status, 200, "a network that is down turns nothing");
    assert_eq!(
        ready.json(),
        json!({ "ready": true, "connectors": [
            { "name": "irc", "connected": false, "state": "parked" },
            { "name": "web", "connected": true, "state": "connected" }
        ]})
    );
    anybody.get("/metrics").await.problem(404);
}

/// Everything that the description refers to is there, and each of its paths answers.
#[tokio::test]
async fn the_description_describes_every_route() {
    let server = Server::start().await;
    let kim = server.signed_in("kim").await;
    let described = server.client().get("/api/v1/openapi.json").await.json();
    assert_eq!(described["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    references(&described, &mut names);
    for name in &names {
        let pointer = name.strip_prefix('#').expect("a place in the same file");
        assert!(described.pointer(pointer).is_some(), "{name} is there");
    }
    assert!(
        names.contains("#/components/schemas/Message") && names.contains("#/components/schemas/Operation")
    );
    let mut ids = BTreeSet::new();
    for (path, methods) in described["paths"].as_object().expect("paths") {
        for (method, route) in methods.as_object().expect("methods") {
            assert!(
                ids.insert(route["operationId"].as_str().expect("an id").to_owned()),
                "{path}: ids differ"
            );
            assert!(!route["summary"].as_str().expect("a summary").is_empty());
            let parameters = route["parameters"].as_array().expect("parameters");
            for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(
                    parameters.iter().any(|known| known["name"] == name && known["in"] == "path"),
                    "{path}: {name}"
                );
            }
            if path.ends_with("stream") {
                assert!(
                    parameters.iter().any(|known| known["name"] == "after" && known["required"] == false)
                );
                continue;
            }
            let path = path.replace("{place}", "web%3Aops").replace("{id}", "d-0007").replace("{name}", "ci");
            if path.ends_with("session") && method == "delete" {
                continue;
            }
            let answer = kim.send(&method.to_uppercase(), &path, Some("{}".into())).await;
            let detail =
                if answer.status == 404 { answer.json()["detail"].to_string() } else { String::new() };
            assert!(answer.status != 405 && !detail.contains("There is no page"), "{method} {path}");
        }
    }
    for name in ["List", "Which", "From"] {
        let found =
            described["components"]["schemas"].as_object().expect("schemas").keys().find(|key| *key == name);
        assert!(found.is_none(), "`{name}` says too little for a schema");
    }
}

fn references(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            names.extend(members.get("$ref").and_then(Value::as_str).map(ToOwned::to_owned));
            members.values().for_each(|value| references(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}

#[tokio::test]
async fn an_end_closes_streams_and_finishes_what_was_begun() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let mut room = ana.events("/api/v1/rooms/web%3Aops/stream").await;
    server.keep(server.operation(7)).await;
    let mut log = ana.events("/api/v1/operations/d-0007/log").await;
    log.event().await;
    let idle = TcpStream::connect(server.address).await.expect("it listens");
    let address = server.address;
    server.stop().await;
    assert_eq!((room.next().await, log.next().await), (None, None));
    drop(idle);
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn headers_without_end_are_cut_off() {
    let server = Server::start().await;
    for flood in [
        format!("GET / HTTP/1.1\r\n{}", "x-a: b\r\n".repeat(200)),
        format!("GET / HTTP/1.1\r\nx-a: {}\r\n", "b".repeat(500_000)),
        format!("GET /{} HTTP/1.1\r\n", "a".repeat(500_000)),
        "nonsense\r\n".to_owned(),
    ] {
        let mut stream = TcpStream::connect(server.address).await.expect("it listens");
        // It may be cut while it is still being written.
        let _ = stream.write_all(format!("{flood}\r\n").as_bytes()).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "{} … {}", &flood[..20], String::from_utf8_lossy(&answer));
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(server.client().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_client_that_never_ends_its_headers_is_left() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.expect("it listens");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: lo").await.expect("written");
    // Connections are taken in order, so the one before is taken by now.
    assert_eq!(server.client().get("/healthz").await.status, 200);
    tokio::time::pause();
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(40), stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "it was left within 40 s");
}

#[test]
fn an_address_with_a_path_is_refused_with_what_would_do() {
    let error = PublicUrl::parse("https://example.com/wilco").expect_err("it has a path");
    assert!(error.to_string().contains("without a path"), "{error}");
}
