//! Device codes: a terminal gets the session of a person who lets it in on the page, and nobody else gets anything.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use wilco_contract::store::Page;

use crate::support::{Server, client::Client, empty};

/// A terminal that asked to be let in.
struct Terminal {
    client: Client,
    code: String,
    secret: String,
}

async fn asks(server: &Server, name: &str) -> Terminal {
    let client = server.client();
    let begun = client.post("/api/v1/device", &json!({ "client": name })).await;
    assert_eq!(begun.status, 201, "{}", begun.text());
    let begun = begun.json();
    let text = |name: &str| begun[name].as_str().expect("a text").to_owned();
    assert_eq!(text("open"), format!("http://localhost:{}/login/device", server.address.port()));
    assert_eq!(begun["interval_secs"], 2);
    Terminal { client, code: text("user_code"), secret: text("device_secret") }
}

impl Terminal {
    async fn poll(&self) -> crate::support::client::Answer {
        self.client.post("/api/v1/device/token", &json!({ "device_secret": self.secret })).await
    }

    /// The session that it gets, as a client that speaks with it.
    async fn session(&self) -> Client {
        let answer = self.poll().await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        self.client.with_bearer(answer.json()["session"].as_str().expect("a session"))
    }
}

async fn look(person: &Client, code: &str) -> Value {
    let answer = person.post("/api/v1/device/look", &json!({ "code": code })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn answers(person: &Client, what: &str, code: &str) -> crate::support::client::Answer {
    let seen = look(person, code).await["seen"].clone();
    person.post(&format!("/api/v1/device/{what}"), &json!({ "code": code, "seen": seen })).await
}

#[tokio::test]
async fn a_person_lets_their_terminal_in_and_it_acts_as_them() {
    let server = Server::start().await;
    let terminal = asks(&server, "wilco 0.1.0 on laptop").await;
    assert_eq!(terminal.poll().await.status, 202);
    let ana = server.signed_in("ana").await;
    let seen = look(&ana, &terminal.code.to_lowercase().replace('-', " ")).await;
    let expected = json!({
        "client": "wilco 0.1.0 on laptop", "from": "127.0.0.1",
        "asked_at": "2026-01-05T09:00:00Z", "expires_at": "2026-01-05T09:10:00Z", "seen": seen["seen"],
    });
    assert_eq!(seen, expected);
    assert_eq!(answers(&ana, "accept", &terminal.code).await.status, 204);
    server.clock.advance(Duration::from_secs(2));
    let session = terminal.session().await;

    let me = session.get("/api/v1/me").await.json();
    assert_eq!((&me["kind"], &me["id"], &me["csrf"]), (&json!("person"), &json!("ana"), &Value::Null));
    // No browser sends it by itself: it needs neither the page's host nor its proof.
    let elsewhere = session.with("host", "wilco.internal");
    assert_eq!(elsewhere.post("/api/v1/calls", &json!({ "order": "ping 1" })).await.status, 200);
    let call = server.desk.calls().pop().expect("a call");
    assert_eq!(call.who.person().map(ToString::to_string).as_deref(), Some("ana"));

    let kept = server.operator().get("/api/v1/audit?kind=access.device").await.json();
    let texts: Vec<_> = kept["items"].as_array().expect("items").iter().map(|row| &row["text"]).collect();
    assert_eq!(texts, ["session opened by device code, for “wilco 0.1.0 on laptop” from 127.0.0.1"]);
    assert_eq!(kept["items"][0]["who"], "@ana");

    let ended = session.delete("/api/v1/session").await;
    assert_eq!((ended.status, ended.header("set-cookie")), (204, ""));
    session.get("/api/v1/me").await.problem(401);
    assert_eq!(ana.get("/api/v1/me").await.status, 200, "the page's session goes on");
}

#[tokio::test]
async fn a_yes_is_good_for_one_session() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    for _ in 0..20 {
        let terminal = asks(&server, "wilco").await;
        assert_eq!(answers(&ana, "accept", &terminal.code).await.status, 204);
        let (one, other) = tokio::join!(terminal.poll(), terminal.poll());
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert!(statuses == [201, 410] || statuses == [201, 429], "{statuses:?}");
        terminal.poll().await.problem(410);
        // The code is used up as well.
        let again = json!({ "code": terminal.code });
        ana.post("/api/v1/device/look", &again).await.problem(404);
        server.clock.advance(Duration::from_secs(601));
    }
}

#[tokio::test]
async fn a_yes_that_is_said_again_is_the_same_and_anybody_elses_is_none() {
    let server = Server::start().await;
    let (ana, ben) = (server.signed_in("ana").await, server.signed_in("ben").await);
    let terminal = asks(&server, "wilco").await;
    let seen = look(&ana, &terminal.code).await["seen"].clone();
    let yes = json!({ "code": terminal.code, "seen": seen });
    let said = async |person: &Client, yes: &Value| person.post("/api/v1/device/accept", yes).await;
    assert_eq!((said(&ana, &yes).await.status, said(&ana, &yes).await.status), (204, 204));
    terminal.session().await;
    // More often than a person may be wrong, and as they may type it anew.
    let typed = json!({ "code": terminal.code.to_lowercase().replace('-', " "), "seen": seen });
    for _ in 0..12 {
        assert_eq!(said(&ana, &typed).await.status, 204);
    }
    // It gives nothing more, and is nobody else's.
    terminal.poll().await.problem(410);
    said(&ben, &yes).await.problem(404);
    said(&ana, &json!({ "code": terminal.code, "seen": "" })).await.problem(404);
    ana.post("/api/v1/device/look", &json!({ "code": terminal.code })).await.problem(404);
    ana.post("/api/v1/device/deny", &yes).await.problem(404);
    let kept = server.operator().get("/api/v1/audit?kind=access.device").await.json();
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(1), "{kept}");
    // What was turned away stays so.
    let denied = asks(&server, "wilco").await;
    let no = json!({ "code": denied.code, "seen": look(&ana, &denied.code).await["seen"] });
    assert_eq!(ana.post("/api/v1/device/deny", &no).await.status, 204);
    said(&ana, &no).await.problem(404);
    // The code has ended.
    server.clock.advance(Duration::from_secs(599));
    assert_eq!(said(&ana, &yes).await.status, 204);
    server.clock.advance(Duration::from_secs(1));
    said(&ana, &yes).await.problem(404);
}

#[tokio::test]
async fn a_no_a_late_yes_and_a_restart_let_nobody_in() {
    let store = empty();
    let server = Server::start_on(Arc::clone(&store)).await;
    let (ana, ben) = (server.signed_in("ana").await, server.signed_in("ben").await);
    let denied = asks(&server, "wilco").await;
    assert_eq!(answers(&ben, "deny", &denied.code).await.status, 204);
    let late = json!({ "code": denied.code, "seen": "" });
    ana.post("/api/v1/device/accept", &late).await.problem(404);
    let problem = denied.poll().await.problem(403);
    assert_eq!(problem["detail"], "Somebody said no on the page.");
    denied.poll().await.problem(410);
    let kept = server.operator().get("/api/v1/audit?kind=access.device").await.json();
    assert_eq!(kept["items"][0]["text"], "a device code was refused: “wilco” from 127.0.0.1");
    assert_eq!(kept["items"][0]["who"], "@ben");

    let unanswered = asks(&server, "wilco").await;
    let seen = look(&ana, &unanswered.code).await["seen"].clone();
    let unfetched = asks(&server, "wilco").await;
    server.clock.advance(Duration::from_secs(599));
    assert_eq!(answers(&ana, "accept", &unfetched.code).await.status, 204);
    let fetched = asks(&server, "wilco").await;
    server.clock.advance(Duration::from_secs(1));
    let yes = json!({ "code": unanswered.code, "seen": seen });
    ana.post("/api/v1/device/accept", &yes).await.problem(404);
    unanswered.poll().await.problem(410);
    server.clock.advance(Duration::from_secs(59));
    unfetched.poll().await.problem(410);
    // A yes at the last moment is one: the page says so, and the terminal has a minute to come for it.
    server.clock.advance(Duration::from_secs(539));
    assert_eq!(answers(&ana, "accept", &fetched.code).await.status, 204);
    server.clock.advance(Duration::from_secs(59));
    assert_eq!(fetched.session().await.get("/api/v1/me").await.status, 200);

    let waiting = asks(&server, "wilco").await;
    assert_eq!(answers(&ana, "accept", &waiting.code).await.status, 204);
    server.stop().await;
    let anew = Server::start_on(store).await;
    let told = anew.client().post("/api/v1/device/token", &json!({ "device_secret": waiting.secret })).await;
    let detail = told.problem(410)["detail"].clone();
    assert!(detail.as_str().is_some_and(|text| text.contains("say `wilco login` again")), "{detail}");
}

#[tokio::test]
async fn a_yes_is_for_what_was_looked_at() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let (own, other) = (asks(&server, "wilco on laptop").await, asks(&server, "wilco on laptop").await);
    let seen = look(&ana, &own.code).await["seen"].clone();
    let mixed = json!({ "code": other.code, "seen": seen });
    ana.post("/api/v1/device/accept", &mixed).await.problem(409);
    assert_eq!((own.poll().await.status, other.poll().await.status), (202, 202));
    assert!(!seen.as_str().is_some_and(|seen| own.secret.contains(seen)));
    // What a person looks at holds nothing that a device could ask with.
    let poll = json!({ "device_secret": seen });
    server.client().post("/api/v1/device/token", &poll).await.problem(410);
    let poll = json!({ "device_secret": own.code });
    server.client().post("/api/v1/device/token", &poll).await.problem(410);
}

#[tokio::test]
async fn only_a_person_at_the_page_answers() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let first = asks(&server, "wilco").await;
    assert_eq!(answers(&ana, "accept", &first.code).await.status, 204);
    let session = first.session().await;
    let terminal = asks(&server, "wilco").await;
    let seen = look(&ana, &terminal.code).await["seen"].clone();
    let body = json!({ "code": terminal.code, "seen": seen });
    for client in [session, server.operator(), server.token("ci", "order").await] {
        client.post("/api/v1/device/look", &json!({ "code": terminal.code })).await.problem(403);
        client.post("/api/v1/device/accept", &body).await.problem(403);
        client.post("/api/v1/device/deny", &body).await.problem(403);
    }
    for forged in [
        ana.without("x-csrf-token"),
        ana.with("origin", "http://evil.example"),
        ana.with("sec-fetch-site", "cross-site"),
        ana.with("sec-fetch-site", "same-site"),
    ] {
        forged.post("/api/v1/device/accept", &body).await.problem(403);
    }
    // Another site cannot even begin one from a browser of ours, under whatever name it comes.
    let begin = json!({ "client": "wilco" });
    server.client().with("origin", "http://evil.example").post("/api/v1/device", &begin).await.problem(403);
    server.client().with("host", "evil.example").post("/api/v1/device", &begin).await.problem(421);
    let plain = server.client().with("content-type", "text/plain");
    plain.post("/api/v1/device", &begin).await.problem(415);
    let near = server.client().with("host", "127.0.0.1:1");
    near.with("origin", "http://evil.example").post("/api/v1/device", &begin).await.problem(403);
    near.with("origin", "http://127.0.0.1:2").post("/api/v1/device", &begin).await.problem(403);
    near.with("sec-fetch-site", "cross-site").post("/api/v1/device", &begin).await.problem(403);
    assert_eq!(terminal.poll().await.status, 202, "nobody answered");
}

#[tokio::test]
async fn codes_are_not_guessed_and_secrets_of_one_kind_open_no_other() {
    let server = Server::start().await;
    let (ana, ben) = (server.signed_in("ana").await, server.signed_in("ben").await);
    let terminal = asks(&server, "wilco").await;
    for guess in 0..10 {
        let guess = json!({ "code": format!("0000-000{guess}") });
        ana.post("/api/v1/device/look", &guess).await.problem(404);
    }
    let right = json!({ "code": terminal.code });
    let told = ana.post("/api/v1/device/look", &right).await;
    assert_eq!(told.header("retry-after"), "600");
    told.problem(429);
    assert_eq!(
        ben.post("/api/v1/device/look", &right).await.status,
        200,
        "one person's guesses hold up no other"
    );
    server.clock.advance(Duration::from_secs(600));
    let terminal = asks(&server, "wilco").await;
    assert_eq!(answers(&ana, "accept", &terminal.code).await.status, 204);

    let text = terminal.poll().await.json()["session"].as_str().expect("a session").to_owned();
    let bare = text.strip_prefix("wilco_s_").expect("it shows what it is");
    server.client().with("cookie", &format!("wilco={bare}")).get("/api/v1/me").await.problem(401);
    server.client().with_bearer(&format!("wilco_{bare}")).get("/api/v1/me").await.problem(401);
    server.client().with_bearer(bare).get("/api/v1/me").await.problem(401);
    // Nothing but a page keeps cookies, and its secret is no terminal's.
    let cookie = ana.header("cookie");
    let page = cookie.strip_prefix("wilco=").expect("a cookie");
    server.client().with_bearer(&format!("wilco_s_{page}")).get("/api/v1/me").await.problem(401);
    for record in server.store.sealed(Page { after: 0, limit: 200 }).await.expect("records") {
        let body = record.body.expect("a body");
        assert!(!body.contains(bare) && !body.contains(&terminal.secret), "{body}");
    }
}

#[tokio::test]
async fn a_terminals_session_ends_by_idling_and_with_its_person() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let terminal = asks(&server, "wilco").await;
        assert_eq!(answers(&ana, "accept", &terminal.code).await.status, 204);
        sessions.push(terminal.session().await);
    }
    server.clock.advance(Duration::from_secs(11 * 3_600));
    assert_eq!(sessions[0].get("/api/v1/me").await.status, 200);
    server.clock.advance(Duration::from_secs(3_600));
    sessions[1].get("/api/v1/me").await.problem(401);
    assert_eq!(sessions[0].get("/api/v1/me").await.status, 200);
    server.desk.remove("ana");
    sessions[0].get("/api/v1/me").await.problem(401);
    // A yes of somebody who is gone by then makes nothing.
    let ben = server.signed_in("ben").await;
    let terminal = asks(&server, "wilco").await;
    assert_eq!(answers(&ben, "accept", &terminal.code).await.status, 204);
    server.desk.remove("ben");
    terminal.poll().await.problem(410);
}

#[tokio::test]
async fn a_flood_of_codes_and_of_askings_is_bounded() {
    let server = Server::start().await;
    let client = server.client();
    let begin = json!({ "client": "wilco" });
    for _ in 0..50 {
        assert_eq!(client.post("/api/v1/device", &begin).await.status, 201);
    }
    let problem = client.post("/api/v1/device", &begin).await;
    assert_eq!(problem.header("retry-after"), "60");
    problem.problem(503);
    server.clock.advance(Duration::from_secs(600));
    let terminal = asks(&server, "wilco").await;
    assert_eq!(terminal.poll().await.status, 202);
    server.clock.advance(Duration::from_secs(1));
    let soon = terminal.poll().await;
    assert_eq!(soon.header("retry-after"), "2");
    soon.problem(429);
    server.clock.advance(Duration::from_secs(2));
    assert_eq!(terminal.poll().await.status, 202);
    // A clock that jumped back keeps nobody waiting.
    server.clock.jump("2026-01-05T09:05:00Z".parse().expect("a time"));
    assert_eq!(terminal.poll().await.status, 202);
}

#[tokio::test]
async fn what_a_terminal_calls_itself_is_a_short_line_of_text() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let terminal = asks(&server, "wilco\r\non \u{1b}[2Jlap\u{202e}top <b>\u{200b}").await;
    assert_eq!(look(&ana, &terminal.code).await["client"], "wilco on [2Jlaptop <b>");
    let terminal = asks(&server, &"x".repeat(3_000)).await;
    let shown = look(&ana, &terminal.code).await["client"].as_str().expect("a name").chars().count();
    assert_eq!(shown, 81);
    let huge = json!({ "client": "x".repeat(5_000) });
    server.client().post("/api/v1/device", &huge).await.problem(413);
    assert_eq!(look(&ana, &asks(&server, "\u{7}").await.code).await["client"], "a program without a name");
}

#[tokio::test]
async fn behind_a_proxy_a_terminal_on_the_servers_machine_is_let_in_too() {
    let server = Server::start_at(empty(), "https").await;
    let public = format!("https://localhost:{}", server.address.port());
    let near = server.client().with("host", "127.0.0.1:7777");
    let begun = near.post("/api/v1/device", &json!({ "client": "wilco" })).await;
    assert_eq!(begun.status, 201, "{}", begun.text());
    let begun = begun.json();
    assert_eq!(begun["open"], format!("{public}/login/device"), "the page stays where it is");
    let poll = json!({ "device_secret": begun["device_secret"] });
    assert_eq!(near.post("/api/v1/device/token", &poll).await.status, 202);
    let elsewhere = server.client().with("host", "10.0.0.1:7777");
    let told = elsewhere.post("/api/v1/device", &json!({ "client": "wilco" })).await.problem(421);
    assert!(told["detail"].as_str().is_some_and(|text| text.contains("WILCO_URL")), "{told}");
    // The page itself is heard under its own name alone.
    near.post("/api/v1/session", &json!({ "secret": "x" })).await.problem(421);
}

#[tokio::test]
async fn an_admins_terminal_makes_nothing_that_outlives_its_login() {
    let server = Server::start().await;
    let kim = server.signed_in("kim").await;
    let terminal = asks(&server, "wilco").await;
    assert_eq!(answers(&kim, "accept", &terminal.code).await.status, 204);
    let session = terminal.session().await;
    let (link, token) =
        (json!({ "person": "ana" }), json!({ "name": "ci", "scope": "read", "expires_in_secs": 3_600 }));
    for (path, body) in [("/api/v1/invites", &link), ("/api/v1/tokens", &token)] {
        let told = session.post(path, body).await.problem(403);
        assert_eq!(told["rule"], "a terminal's login makes no ways in");
        assert_eq!(told["you_can"], "say it there, after `wilco login --end`");
    }
    assert_eq!(session.get("/api/v1/tokens").await.json()["items"], json!([]));
    // The page's own session and the operator's key do.
    for client in [kim, server.operator()] {
        assert_eq!(client.post("/api/v1/invites", &link).await.status, 201);
    }
    server.token("ci", "read").await;
    assert_eq!(session.delete("/api/v1/tokens/ci").await.status, 204, "to end one is no way in");
    let kept = server.operator().get("/api/v1/audit?kind=access.refused").await.json();
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(2));
}
