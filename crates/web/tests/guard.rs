//! Who is let in: every route by nobody, forged requests, links, sessions, tokens.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::support::{OPERATOR, Server, empty, person, secret};

/// All routes of the API, as it describes them, with names filled in: method, path, whether it is open.
async fn routes(server: &Server) -> Vec<(String, String, bool)> {
    let described = server.client().get("/api/v1/openapi.json").await.json();
    let mut routes = Vec::new();
    for (path, methods) in described["paths"].as_object().expect("paths") {
        for (method, route) in methods.as_object().expect("methods") {
            let path = path.replace("{place}", "web%3Aops").replace("{id}", "d-0007").replace("{name}", "ci");
            let open = route["security"].as_array().is_some_and(Vec::is_empty);
            routes.push((method.to_uppercase(), path, open));
        }
    }
    routes
}

#[tokio::test]
async fn nobody_is_let_in_anywhere() {
    let server = Server::start().await;
    server.keep(server.operation(7)).await;
    let routes = routes(&server).await;
    assert!(routes.len() >= 20, "{routes:?}");
    let mut open = Vec::new();
    for (method, path, is_open) in routes {
        if is_open {
            open.push(format!("{method} {path}"));
            continue;
        }
        for client in [
            server.client(),
            server.client().with("cookie", "wilco=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            server.client().with("cookie", "wilco="),
            server.client().with_bearer("wilco_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            server.client().with_bearer("wilco_s_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            server.client().with_bearer(&OPERATOR[1..]),
            server.client().with("authorization", "Basic b3BlcmF0b3I6"),
            server.client().with("authorization", "Bearer"),
        ] {
            let body = (method != "GET").then(|| "{}".to_owned());
            let answer = client.send(&method, &path, body).await;
            assert_eq!(answer.problem(401)["type"], "urn:wilco:problem:not-signed-in", "{method} {path}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    open.sort();
    let known = [
        "GET /api/v1/openapi.json",
        "POST /api/v1/device",
        "POST /api/v1/device/token",
        "POST /api/v1/session",
    ];
    assert_eq!(open, known, "these and no others are open");
}

#[tokio::test]
async fn every_route_that_changes_something_wants_proof_that_the_page_sent_it() {
    let server = Server::start().await;
    server.keep(server.operation(7)).await;
    let kim = server.signed_in("kim").await;
    for (method, path, open) in routes(&server).await {
        if open || method == "GET" {
            continue;
        }
        for forged in
            [kim.without("x-csrf-token"), kim.with("x-csrf-token", "x"), kim.with("x-csrf-token", "")]
        {
            let answer = forged.send(&method, &path, Some("{}".into())).await;
            assert_eq!(answer.problem(403)["type"], "urn:wilco:problem:foreign-request", "{method} {path}");
        }
    }
    assert_eq!(kim.get("/api/v1/me").await.status, 200, "not even the session was ended");
    assert!(server.desk.decisions().is_empty() && server.desk.calls().is_empty());
}

#[tokio::test]
async fn one_session_does_not_prove_another() {
    let server = Server::start().await;
    let (ana, ben) = (server.signed_in("ana").await, server.signed_in("ben").await);
    let proof = ben.get("/api/v1/me").await.json()["csrf"].as_str().expect("a proof").to_owned();
    let mixed = ana.with("x-csrf-token", &proof);
    mixed.post("/api/v1/calls", &json!({ "order": "ping 1" })).await.problem(403);
}

#[tokio::test]
async fn a_foreign_origin_is_not_heard() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let order = json!({ "order": "ping 1" });
    for origin in ["http://evil.example", "https://localhost", "null", "http://localhost:1", "file://"] {
        ana.with("origin", origin).post("/api/v1/calls", &order).await.problem(403);
        let link = server.access.issue_link(&person("ben"), "operator").await.expect("a link");
        let body = json!({ "secret": secret(&link.url) });
        server.client().with("origin", origin).post("/api/v1/session", &body).await.problem(403);
        assert_eq!(
            server.client().post("/api/v1/session", &body).await.status,
            204,
            "the link was not used up"
        );
    }
    for site in ["cross-site", "same-site"] {
        ana.with("sec-fetch-site", site).post("/api/v1/calls", &order).await.problem(403);
        ana.with("sec-fetch-site", site).get("/api/v1/me").await.problem(403);
    }
    let own = format!("http://localhost:{}", server.address.port());
    let page = ana.with("origin", &own).with("sec-fetch-site", "same-origin");
    assert_eq!(page.post("/api/v1/calls", &order).await.status, 200);
    assert_eq!(server.desk.calls().len(), 1);
}

#[tokio::test]
async fn another_host_is_not_ours() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let port = server.address.port();
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "localhost".to_owned(),
        "localhost:1".to_owned(),
    ] {
        let rebound = ana.with("host", &host);
        for path in ["/", "/login", "/o/d-0007", "/assets/index.html", "/api/v1/me"] {
            rebound.get(path).await.problem(421);
        }
        rebound.post("/api/v1/session", &json!({ "secret": "x" })).await.problem(421);
        // What carries its own proof, or says nothing, is heard under any name.
        let token = server.operator().with("host", &host);
        assert_eq!(token.get("/api/v1/me").await.status, 200);
        assert_eq!(token.get("/healthz").await.status, 200);
    }
    for host in [format!("127.0.0.1:{port}"), format!("[::1]:{port}"), format!("LOCALHOST:{port}")] {
        assert_eq!(ana.with("host", &host).get("/api/v1/me").await.status, 200, "{host}");
        assert_eq!(ana.with("host", &host).get("/").await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_link_counts_once_even_when_pressed_twice_at_once() {
    let server = Server::start().await;
    for _ in 0..20 {
        let link = server.access.issue_link(&person("ana"), "operator").await.expect("a link");
        let body = json!({ "secret": secret(&link.url) });
        let client = server.client();
        let (one, other) =
            tokio::join!(client.post("/api/v1/session", &body), client.post("/api/v1/session", &body));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 410]);
        client.post("/api/v1/session", &body).await.problem(410);
    }
}

#[tokio::test]
async fn a_link_ends_and_its_preview_does_not_use_it_up() {
    let server = Server::start().await;
    let link = server.access.issue_link(&person("ana"), "operator").await.expect("a link");
    assert!(
        link.url.starts_with(&format!("http://localhost:{}/login#", server.address.port())),
        "{}",
        link.url
    );
    // What a preview fetches is the page without what stands behind the sign.
    assert_eq!(server.client().get("/login").await.status, 200);
    server.clock.advance(Duration::from_secs(599));
    let body = json!({ "secret": secret(&link.url) });
    assert_eq!(server.client().post("/api/v1/session", &body).await.status, 204);
    let link = server.access.issue_link(&person("ana"), "operator").await.expect("a link");
    server.clock.advance(Duration::from_secs(600));
    server.client().post("/api/v1/session", &json!({ "secret": secret(&link.url) })).await.problem(410);
    server.client().post("/api/v1/session", &json!({ "secret": "nonsense" })).await.problem(410);
    // Who is not signed in is read no more of than a link could need.
    server.client().post("/api/v1/session", &json!({ "secret": "x".repeat(4_000) })).await.problem(410);
    server.client().post("/api/v1/session", &json!({ "secret": "x".repeat(4_100) })).await.problem(413);
}

#[tokio::test]
async fn the_cookie_is_the_browsers_alone() {
    let store = empty();
    for (scheme, name, secure) in [("http", "wilco", false), ("https", "__Host-wilco", true)] {
        let server = Server::start_at(Arc::clone(&store), scheme).await;
        let link = server.access.issue_link(&person("ana"), "operator").await.expect("a link");
        let answer = server.client().post("/api/v1/session", &json!({ "secret": secret(&link.url) })).await;
        let cookie = answer.header("set-cookie").to_owned();
        assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
        for part in ["Path=/", "HttpOnly", "SameSite=Strict"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(cookie.contains("; Secure"), secure);
        assert!(!cookie.contains("Domain"));
        assert_eq!(answer.header("strict-transport-security").is_empty(), !secure);
    }
}

#[tokio::test]
async fn a_session_ends_by_signing_out_by_idling_and_with_its_person() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let other = server.signed_in("ana").await;
    assert_eq!(ana.delete("/api/v1/session").await.status, 204);
    ana.get("/api/v1/me").await.problem(401);
    assert_eq!(other.get("/api/v1/me").await.status, 200, "each session ends by itself");

    // Used every eleven hours it lives on; left for twelve it is over.
    for _ in 0..3 {
        server.clock.advance(Duration::from_secs(11 * 3_600));
        assert_eq!(other.get("/api/v1/me").await.status, 200);
    }
    server.clock.advance(Duration::from_secs(12 * 3_600));
    other.get("/api/v1/me").await.problem(401);

    let ben = server.signed_in("ben").await;
    server.desk.remove("ben");
    ben.get("/api/v1/me").await.problem(401);
}

#[tokio::test]
async fn a_clock_that_jumps_back_locks_nobody_out() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    server.clock.jump("2020-01-01T00:00:00Z".parse().expect("a time"));
    assert_eq!(ana.get("/api/v1/me").await.status, 200);
}

#[tokio::test]
async fn a_token_ends_by_time_and_by_revocation() {
    let server = Server::start().await;
    let ci = server.token("ci", "read").await;
    let me = ci.get("/api/v1/me").await.json();
    assert_eq!((&me["kind"], &me["id"], &me["csrf"]), (&json!("token"), &json!("ci"), &Value::Null));
    let again = json!({ "name": "ci", "scope": "read", "expires_in_secs": 60 });
    server.operator().post("/api/v1/tokens", &again).await.problem(409);
    assert_eq!(server.operator().delete("/api/v1/tokens/ci").await.status, 204);
    ci.get("/api/v1/me").await.problem(401);
    server.operator().delete("/api/v1/tokens/ci").await.problem(404);

    let ci = server.token("ci", "order").await;
    server.clock.advance(Duration::from_secs(3_600));
    ci.get("/api/v1/me").await.problem(401);
    let listed = server.operator().get("/api/v1/tokens").await;
    assert_eq!(listed.json()["items"].as_array().map(Vec::len), Some(2));
    assert!(!listed.text().contains("wilco_"), "no secret is told twice");
    for (name, secs) in [("x", 59), ("x", 366 * 86_400 + 1), ("X", 60), ("", 60), ("a/b", 60)] {
        let wanted = json!({ "name": name, "scope": "read", "expires_in_secs": secs });
        server.operator().post("/api/v1/tokens", &wanted).await.problem(422);
    }
    let wanted = json!({ "name": "x", "scope": "admin", "expires_in_secs": 60 });
    server.operator().post("/api/v1/tokens", &wanted).await.problem(400);
}

#[tokio::test]
async fn ways_in_are_made_by_admins() {
    let server = Server::start().await;
    let wanted = json!({ "name": "x", "scope": "read", "expires_in_secs": 60 });
    for client in [server.signed_in("ana").await, server.token("ci", "order").await] {
        let problem = client.post("/api/v1/invites", &json!({ "person": "ben" })).await.problem(403);
        assert!(problem["who_can"].as_str().is_some_and(|who| who.contains("role:admin")), "{problem}");
        client.post("/api/v1/tokens", &wanted).await.problem(403);
        client.get("/api/v1/tokens").await.problem(403);
        client.delete("/api/v1/tokens/ci").await.problem(403);
    }
    let kept = server.operator().get("/api/v1/audit?kind=access.refused").await.json();
    let kept: Vec<_> = kept["items"].as_array().expect("items").iter().collect();
    assert_eq!(kept.len(), 8, "{kept:?}");
    assert_eq!((&kept[0]["who"], &kept[0]["text"]), (&json!("@ana"), &json!("@ana may not make a link.")));
    assert_eq!(kept[5]["who"], "token:ci");
    for client in [server.signed_in("kim").await, server.operator()] {
        let answer = client.post("/api/v1/invites", &json!({ "person": "@ben" })).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let url = answer.json()["url"].as_str().expect("an address").to_owned();
        let mut ben = server.client();
        ben.sign_in(secret(&url)).await;
        assert_eq!(ben.get("/api/v1/me").await.json()["id"], "ben");
        client.post("/api/v1/invites", &json!({ "person": "zed" })).await.problem(422);
    }
}

#[tokio::test]
async fn a_secret_stands_nowhere_but_with_its_owner() {
    let server = Server::start().await;
    let link = server.access.issue_link(&person("ana"), "operator").await.expect("a link");
    let mut ana = server.client();
    ana.sign_in(secret(&link.url)).await;
    server.token("ci", "read").await;
    let page = wilco_contract::store::Page { after: 0, limit: 100 };
    for record in server.store.sealed(page).await.expect("records") {
        let body = record.body.expect("a body");
        assert!(!body.contains(secret(&link.url)) && !body.contains("wilco_"), "{body}");
    }
    assert!(!ana.get("/api/v1/me").await.text().contains(secret(&link.url)));
}
