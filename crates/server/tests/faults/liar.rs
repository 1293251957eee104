//! Servers that are none: what the command line does with an answer that never ends, or makes no sense.

use std::process::Stdio;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    process::Command,
    time::{Duration, Instant, timeout},
};

use crate::login::Ran;

const ME: &str = r#"{"kind":"person","id":"ana","name":"Ana\u001b[2J","roles":[],"csrf":null,"wilco":{"name":"wilco","home":"web:ops","public_url":"http://x","zone":"No/Where"},"rooms":[{"place":"web:ops","name":"ops","topic":"t","direct":false}]}"#;
const MESSAGES: &str = r#"{"items":[],"next":null,"stream":"7"}"#;

/// What the liar says to who follows the room.
#[derive(Clone, Copy)]
enum Lie {
    Endless,
    Garbage,
    Page,
    Backwards,
}

/// A server that knows who you are and lies about the room.
async fn liar(me: &'static str, lie: Lie) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    #[expect(clippy::disallowed_methods, reason = "it ends with its test")]
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            #[expect(clippy::disallowed_methods, reason = "it ends with its test")]
            tokio::spawn(answer(stream, me, lie));
        }
    });
    format!("http://{address}")
}

async fn answer(mut stream: TcpStream, me: &'static str, lie: Lie) {
    let mut request = Vec::new();
    let mut bytes = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut bytes).await {
            Ok(read) if read > 0 => request.extend_from_slice(&bytes[..read]),
            _ => return,
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let whole = |kind: &str, body: &str| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    let begin = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    // Whoever hangs up has heard enough.
    let _ = match (request.contains("/stream"), request.contains("/me "), lie) {
        (true, _, Lie::Endless) => {
            let _ = stream.write_all(begin.as_bytes()).await;
            let flood = [b'x'; 64 * 1024];
            while stream.write_all(&flood).await.is_ok() {}
            Ok(())
        }
        (true, _, Lie::Garbage) => {
            stream.write_all(format!("{begin}event: message\nid: 8\ndata: {{\"a\n\n").as_bytes()).await
        }
        (true, _, Lie::Backwards) => {
            stream.write_all(format!("{begin}event: message\nid: 7\ndata: {{}}\n\n").as_bytes()).await
        }
        (true, _, Lie::Page) => stream.write_all(whole("text/html", "<html>").as_bytes()).await,
        (false, true, _) => stream.write_all(whole("application/json", me).as_bytes()).await,
        (false, false, _) => stream.write_all(whole("application/json", MESSAGES).as_bytes()).await,
    };
}

async fn chat(url: &str) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wilco"));
    command.arg("chat").current_dir(folder.path()).env("WILCO_URL", url).env("WILCO_TOKEN", "x");
    command.env("XDG_CONFIG_HOME", folder.path()).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a process");
    // It stays open: only the server ends this.
    let stdin = child.stdin.take();
    let output = timeout(Duration::from_secs(60), child.wait_with_output()).await.expect("it ends");
    drop(stdin);
    let output = output.expect("a process of ours");
    Ran::of(&output)
}

#[tokio::test]
async fn a_stream_that_is_none_ends_the_talk_with_the_reason() {
    for (lie, what) in [
        (Lie::Endless, "an event of more than 4 MiB"),
        (Lie::Garbage, "an event that is no message"),
        (Lie::Backwards, "a message out of its turn"),
        (Lie::Page, "something that is no stream of events"),
    ] {
        let url = liar(ME, lie).await;
        let began = Instant::now();
        let told = chat(&url).await;
        assert_eq!(told.code, Some(1), "{told:?}");
        let reason = format!("{url} sent {what}, 5 times in a row; is this the address of a Wilco?\n");
        assert!(told.err.ends_with(&reason), "{told:?}");
        assert!(!told.err.contains('\u{1b}'), "a name from outside acts on no terminal");
        assert!(began.elapsed() < Duration::from_secs(40));
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_said_to_be_none() {
    for (me, what) in [
        ("<html>", "answered 200 OK with something that is no JSON; is this the address of a Wilco?"),
        ("[]", "does not say who you are; is this the address of a Wilco?"),
        ("null", "does not say who you are; is this the address of a Wilco?"),
    ] {
        let told = chat(&liar(me, Lie::Page).await).await;
        assert_eq!(told.code, Some(1));
        assert!(told.err.contains(what), "{told:?}");
    }
    let huge: &'static str = Box::leak(format!("\"{}\"", "x".repeat(9 * 1024 * 1024)).into_boxed_str());
    let told = chat(&liar(huge, Lie::Page).await).await;
    assert_eq!(told.code, Some(1));
    assert!(
        told.err.contains("sent more than 8 MiB as one answer"),
        "{}",
        &told.err[..300.min(told.err.len())]
    );
    let told = chat("ftp://example.org").await;
    assert_eq!(told.code, Some(2), "{told:?}");
}

/// A server that lets a terminal in at once; the result hears of each request's first line and credential.
async fn letting_in() -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (tell, heard) = tokio::sync::mpsc::unbounded_channel();
    #[expect(clippy::disallowed_methods, reason = "it ends with its test")]
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 8192];
            let length = stream.read(&mut bytes).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let first = request.lines().next().unwrap_or_default().to_owned();
            let body = if first.contains("/device/token") {
                r#"{"person":"ana","session":"wilco_s_abc"}"#
            } else {
                r#"{"user_code":"KXD4-7F3Q","device_secret":"s","open":"http://x","interval_secs":2,"expires_at":""}"#
            };
            let secret = if request.contains("Bearer wilco_s_abc") { " by wilco_s_abc" } else { "" };
            let _ = tell.send(first + secret);
            let answer = format!(
                "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: \
                 close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, heard)
}

#[tokio::test]
async fn a_session_that_cannot_be_kept_is_ended_where_it_was_made() {
    let (url, mut heard) = letting_in().await;
    let folder = tempfile::tempdir().expect("a folder");
    // Nothing is kept yet, and nothing can be.
    std::os::unix::fs::symlink(folder.path().join("nowhere"), folder.path().join("wilco")).expect("a link");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wilco"));
    command.arg("login").current_dir(folder.path()).env("WILCO_URL", url);
    command.env("XDG_CONFIG_HOME", folder.path()).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(Duration::from_secs(60), command.output()).await.expect("it ends");
    let told = Ran::of(&output.expect("a process of ours"));
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(!told.out.contains("You are @ana") && !told.err.contains("wilco_s_"), "{told:?}");
    let mut requests = Vec::new();
    while let Ok(request) = heard.try_recv() {
        requests.push(request);
    }
    assert_eq!(
        requests,
        [
            "POST /api/v1/device HTTP/1.1",
            "POST /api/v1/device/token HTTP/1.1",
            "DELETE /api/v1/session HTTP/1.1 by wilco_s_abc",
        ]
    );
}
