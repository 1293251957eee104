//! `http.send` and `http.get` against a small server that is real: sockets, bytes, ends in the middle.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};
use url::Url;
use wilco_contract::{
    action::{ActionError, DynAction, Intent, Outcome, Recovery, Tools},
    secrets::Secrets,
    source::Secret,
};
use wilco_runtime::{clock::SystemClock, http::HttpClient};
use wilco_systems::http::{HttpGet, HttpSend};
use wilco_testkit::fakes::{self, HeardLines};

/// A server that answers every request with the next of these, the last one over and over, and keeps what it was asked.
struct Server {
    url: Url,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What ends a connection without an answer.
const HANGS_UP: &str = "";

impl Server {
    fn of(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = Url::parse(&format!("http://{}/base", listener.local_addr().expect("an address")));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, answers) = (asked.clone(), answers.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        thread::spawn(move || {
            for (at, stream) in listener.incoming().enumerate() {
                let mut stream = stream.expect("a caller");
                kept.lock().expect("the list").push(read(&mut stream));
                let answer = answers.get(at).or(answers.last()).expect("an answer");
                // Whoever hung up has no use for it.
                let _ = stream.write_all(answer.as_bytes());
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        Self { url: url.expect("an address"), asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("the list").clone()
    }

    fn tools(&self) -> Tools {
        let http = Arc::new(HttpClient::new(
            BTreeMap::from([("web".to_owned(), self.url.clone())]),
            Arc::new(SystemClock),
        ));
        let secrets = Secrets::new([("TOKEN".to_owned(), Secret::new("hunter2"))].into());
        Tools { secrets, ..fakes::tools(http, Arc::new(HeardLines::default())) }
    }

    async fn send(&self, args: Value) -> Result<Outcome, ActionError> {
        self.send_as(fakes::intent("http.send", args)).await
    }

    async fn send_as(&self, intent: Intent) -> Result<Outcome, ActionError> {
        DynAction::run(&HttpSend, &fakes::cx(intent, self.tools())).await
    }
}

/// A whole request: its head, and as much body as it says.
fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return String::from_utf8_lossy(&bytes).into_owned();
            }
        }
        let read = stream.read(&mut part).expect("a request");
        assert!(read > 0, "the caller hung up in the middle");
        bytes.extend_from_slice(&part[..read]);
    }
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_request_is_sent_once_as_the_step_says() {
    let server = Server::of(&[&answer("201 Created", r#"{"id": 7}"#)]);
    let args = json!({
        "server": "web", "method": "PUT", "path": ["api", "a b"], "query": {"dry": 0},
        "headers": {"authorization": {"secret": "TOKEN"}},
        "json": {"ref": "v2", "key": {"secret": "TOKEN"}},
        "idempotency": "Idempotency-Key",
    });
    let outcome = server.send(args).await.expect("it is taken");
    assert_eq!(outcome.outputs["json"]["id"], 7);
    assert_eq!(outcome.summary.as_deref(), Some(r#"PUT web/api/a b answers 201: {"id": 7}"#));
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("PUT /base/api/a%20b?dry=0 HTTP/1.1\r\n"), "{}", asked[0]);
    for line in ["authorization: hunter2", "content-type: application/json", "idempotency-key: d-7F3K.build"]
    {
        assert!(asked[0].lines().any(|said| said == line), "{line}: {}", asked[0]);
    }
    let body = asked[0].split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body, json!({"key": "hunter2", "ref": "v2"}));
}

#[tokio::test]
async fn an_answer_that_says_no_is_a_known_failure() {
    let server = Server::of(&[&answer("409 Conflict", "locked by ben\n")]);
    let failed = server.send(json!({"server": "web", "path": ["x"]})).await.expect_err("it says no");
    let what = "`POST web/x`: it answered with status 409: locked by ben.";
    assert_eq!(failed, ActionError::failed(what));
    let right = json!({"server": "web", "expect": {"status": 409, "contains": "ben"}});
    assert!(server.send(right).await.is_ok());
    let wrong = server.send(json!({"server": "web", "expect": {"status": 200}})).await;
    assert_eq!(wrong, Err(ActionError::failed("`POST web/`: it answered with status 409, not 200.")));
}

#[tokio::test]
async fn what_may_have_been_done_is_not_called_a_failure() {
    for end in
        [HANGS_UP, "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf", &answer("504 Gateway Timeout", "")]
    {
        let unknown = Server::of(&[end]).send(json!({"server": "web", "path": ["x"]})).await;
        match unknown {
            Err(ActionError::Unknown { what }) => {
                assert!(what.starts_with("`POST web/x` may have been done"), "{what}");
            }
            other => panic!("{end}: {other:?}"),
        }
    }
    // Nobody listens there, so nothing was sent.
    let server = Server::of(&[HANGS_UP]);
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let nobody = Server {
        url: Url::parse(&format!("http://{gone}")).expect("an address"),
        asked: server.asked.clone(),
    };
    let failed = nobody.send(json!({"server": "web"})).await;
    assert!(matches!(failed, Err(ActionError::Failed { .. })), "{failed:?}");
}

#[tokio::test]
async fn after_a_restart_it_is_sent_again_only_where_the_server_knows_it() {
    let tools = Server::of(&[HANGS_UP]).tools();
    let recover =
        async |args: Value| DynAction::recover(&HttpSend, &tools, &fakes::intent("http.send", args)).await;
    let known = recover(json!({"server": "web", "idempotency": "Idempotency-Key"})).await;
    assert_eq!(known, Recovery::NotStarted);
    let unknown = recover(json!({"server": "web"})).await;
    assert!(matches!(unknown, Recovery::Unknown(_)), "{unknown:?}");
    // The second attempt has the key of the first.
    let server = Server::of(&[&answer("200 OK", "")]);
    let again = Intent {
        key: "d-7F3K.build.2".into(),
        ..fakes::intent("http.send", json!({"server": "web", "idempotency": "K"}))
    };
    server.send_as(again).await.expect("it is taken");
    assert!(server.asked()[0].contains("\r\nk: d-7F3K.build\r\n"), "{}", server.asked()[0]);
}

#[tokio::test]
async fn what_does_not_fit_is_not_sent() {
    let server = Server::of(&[HANGS_UP]);
    for (args, hint) in [
        (json!({"server": "web", "json": 1, "body": "x"}), "can send one of them"),
        (json!({"server": "web", "body": "x".repeat((1 << 20) + 1)}), "longer than"),
        (json!({"server": "web", "headers": {"k": "1"}, "idempotency": "K"}), "stands in `headers`"),
        (json!({"server": "web", "headers": {"k": {"secret": "NONE"}}}), "[secret.NONE]"),
        (json!({"server": "web", "headers": {"k": "a\nb"}}), "signs that a header cannot have"),
        (json!({"server": "other"}), "names no server `other`"),
        (json!({"server": "web", "method": "GET"}), "GET"),
    ] {
        let failed = server.send(args).await.expect_err("it does not fit");
        assert!(matches!(&failed, ActionError::Failed { what } if what.contains(hint)), "{hint}: {failed}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_look_has_headers_and_rows() {
    let server = Server::of(&[&answer("200 OK", r#"{"items": [{"app": "web", "up": true}]}"#)]);
    let args = json!({"server": "web", "rows": "/items", "headers": {"authorization": {"secret": "TOKEN"}}});
    let outcome = DynAction::run(&HttpGet, &fakes::cx(fakes::intent("http.get", args), server.tools())).await;
    let outcome = outcome.expect("an answer");
    assert_eq!(outcome.rows, Some(vec![json!({"app": "web", "up": true})]));
    assert_eq!(outcome.summary.as_deref(), Some("web/ answers 200 with 1 rows"));
    assert!(server.asked()[0].contains("authorization: hunter2\r\n"));
}
