//! The HTTP client against real sockets.

use std::{
    collections::BTreeMap, io::Read as _, io::Write as _, net::TcpListener, sync::Arc, thread, time::Duration,
};

use jiff::Timestamp;
use url::Url;
use wilco_contract::http::{Http, HttpError, HttpRequest, HttpResponse};
use wilco_runtime::{
    clock::{SteppedClock, SystemClock},
    http::HttpClient,
};

/// Listens for one call and answers it with these bytes, then hangs up; says what it was asked.
fn serve(answer: Vec<u8>) -> (Url, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/base/", listener.local_addr().expect("an address"));
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a caller");
        let mut asked = Vec::new();
        while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut part = [0; 4096];
            let read = stream.read(&mut part).expect("a request");
            asked.extend_from_slice(&part[..read]);
        }
        // A client that has enough may hang up before the end; that is its right.
        let _ = stream.write_all(&answer);
        String::from_utf8_lossy(&asked).into_owned()
    });
    (Url::parse(&url).expect("an address"), asked)
}

fn request() -> HttpRequest {
    HttpRequest {
        server: "web".into(),
        method: "GET",
        path: vec!["a b".into()],
        query: vec![("q".into(), "1&2".into())],
        headers: vec![("x-sign".into(), "yes".into())],
        body: None,
        max_bytes: 1000,
        timeout: Duration::from_secs(10),
        waits: false,
    }
}

async fn ask(url: Url, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    HttpClient::new(BTreeMap::from([("web".into(), url)]), Arc::new(SystemClock)).send(request).await
}

#[tokio::test]
async fn a_call_is_one_request_with_encoded_parts() {
    let (url, asked) = serve(b"HTTP/1.1 200 OK\r\nX-Made-By: h\r\nContent-Length: 2\r\n\r\nhi".to_vec());
    let answer = ask(url, request()).await.expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice(), answer.cut), (200, b"hi".as_slice(), false));
    assert!(answer.headers.contains(&("x-made-by".into(), "h".into())));
    let asked = asked.join().expect("the server ended");
    assert!(asked.starts_with("GET /base/a%20b?q=1%262 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("x-sign: yes\r\n"), "{asked}");
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let (url, _asked) =
        serve(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".to_vec());
    assert_eq!(ask(url, request()).await.map(|answer| answer.status), Ok(302));
}

#[tokio::test]
async fn a_body_is_read_up_to_its_cap() {
    let mut long = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n".to_vec();
    long.resize(5_000_000, b'x');
    let (url, _asked) = serve(long);
    let answer = ask(url, request()).await.expect("an answer");
    assert_eq!((answer.body.len(), answer.cut), (1000, true));
}

#[tokio::test]
async fn what_never_reached_the_server_is_told_from_what_may_have() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let error = ask(Url::parse(&closed).expect("an address"), request()).await.expect_err("nobody is there");
    assert!(matches!(&error, HttpError::NotSent { why, .. } if why.contains("refused")), "{error}");

    let (url, _asked) = serve(Vec::new());
    let error = ask(url, request()).await.expect_err("it hung up");
    assert!(matches!(error, HttpError::Unknown { .. }), "{error}");

    let (url, _asked) = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec());
    let error = ask(url, request()).await.expect_err("it hung up half way");
    assert!(matches!(error, HttpError::Unknown { .. }), "{error}");
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url =
        Url::parse(&format!("http://{}", silent.local_addr().expect("an address"))).expect("an address");
    let error = ask(url, HttpRequest { timeout: Duration::from_millis(50), ..request() }).await;
    assert!(matches!(&error, Err(HttpError::Unknown { why, .. }) if why.contains("50ms")), "{error:?}");
}

#[tokio::test]
async fn only_named_servers_can_be_called() {
    let url = Url::parse("http://127.0.0.1:1").expect("an address");
    let error = ask(url.clone(), HttpRequest { server: "other".into(), ..request() }).await;
    assert_eq!(error, Err(HttpError::NoSuchServer("other".into())));
    let error = ask(url, HttpRequest { path: vec!["..".into()], ..request() }).await;
    assert!(matches!(error, Err(HttpError::NotSent { .. })), "{error:?}");
}

/// A server that takes no connection: five calls fail, and the sixth is not made until its time has come.
#[tokio::test]
async fn a_server_that_fails_again_and_again_is_left_alone_and_says_so() {
    let clock = Arc::new(SteppedClock::new(Timestamp::UNIX_EPOCH));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let url = Url::parse(&url).expect("an address");
    let client = HttpClient::new(BTreeMap::from([("web".into(), url.clone())]), clock.clone());
    for _ in 0..5 {
        let error = client.send(request()).await;
        assert!(matches!(error, Err(HttpError::NotSent { .. })), "{error:?}");
    }
    let error = client.send(request()).await.expect_err("it is left alone");
    let told =
        "the server `web` failed 5 times in a row; it is tried again at 00:00:10 UTC; it was not called";
    assert_eq!(error.to_string(), told);
    let error = client.send(HttpRequest { waits: true, ..request() }).await;
    assert!(
        matches!(error, Err(HttpError::NotSent { .. })),
        "whoever waits for it is let through: {error:?}"
    );
    clock.advance(Duration::from_secs(10));
    let error = client.send(request()).await;
    assert!(matches!(error, Err(HttpError::NotSent { .. })), "one call tries: {error:?}");
    let alone = client.left_alone();
    assert_eq!(alone.len(), 1);
    assert!(alone[0].1.contains("6 times") && alone[0].1.contains("00:00:30"), "{alone:?}");
    client.serve(BTreeMap::from([("web".into(), url.join("elsewhere").expect("an address"))]));
    assert!(client.left_alone().is_empty(), "at another address it is another server");
}
