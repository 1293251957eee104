//! A room in a terminal: what is typed and shown, over every fault of the connection.

use std::process::Stdio;

use rustix::process::Signal;
use serde_json::json;
use tokio::{
    io::AsyncWriteExt as _,
    time::{Duration, sleep, timeout},
};

use crate::{
    login::{Ran, login, ran},
    pty::Pty,
    rig::{LOOK, Repo, server::wilco},
    town::{Town, up},
};

/// Pipes lines into `wilco chat`.
async fn piped(repo: &Repo, lines: &str) -> Ran {
    let mut command = wilco(repo, &["chat"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a process");
    let mut stdin = child.stdin.take().expect("its input");
    // One that ended early reads no more.
    let _ = stdin.write_all(lines.as_bytes()).await;
    drop(stdin);
    let output = timeout(Duration::from_secs(60), child.wait_with_output()).await.expect("it ends");
    let output = output.expect("a process of ours");
    Ran::of(&output)
}

/// What was printed, line by line, without times and days.
fn without_times(repo: &Repo, text: &str) -> Vec<String> {
    let text = as_in_the_page(repo, text);
    let lines = text.lines().filter(|line| !line.ends_with("day, 23 November 2026"));
    lines.map(|line| line.strip_prefix("14:05:20 UTC ").unwrap_or(line).to_owned()).collect()
}

/// The texts that persons said in the room, oldest first.
async fn said(town: &Town) -> Vec<String> {
    let all = town.you.all("rooms/web%3Aops/messages").await.expect("an answer");
    let all = all.iter().filter(|message| message["from"]["kind"] == "person");
    all.map(|message| message["text"].as_str().expect("a text").to_owned()).collect()
}

async fn until_said(town: &Town, text: &str) {
    while !said(town).await.iter().any(|known| known == text) {
        sleep(LOOK).await;
    }
}

#[tokio::test]
async fn lines_from_a_pipe_are_said_and_answered() {
    let town = Town::new().await;
    login(&town.repo, &town.you).await;
    let told = piped(&town.repo, "wilco ping\n\nhello there\nwilco stage red t1\n").await;
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(told.err, "You are You (@you).\n");
    let lines = without_times(&town.repo, &told.out);
    for line in ["@you: wilco ping", "wilco → @you: pong", "@you: hello there", "@you: wilco stage red t1"]
    {
        assert!(lines.iter().any(|known| known == line), "`{line}` in {lines:#?}");
    }
    let waits = lines.iter().any(|line| line.contains("awaiting confirmation: "));
    assert!(waits, "{lines:#?}");
    assert!(told.out.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");

    let long = piped(&town.repo, &format!("{}\nwilco ping\n", "x".repeat(70_000))).await;
    assert_eq!(long.code, Some(1), "what could not be said shows in the exit code");
    assert!(long.err.contains("Not said: a line of more than 65536 bytes"), "{}", long.err);
    assert!(long.out.contains(": pong"), "and holds up nothing");
    let wrong = ran(&town.repo, &["chat", "nowhere"]).await;
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.err.contains("There is no room `nowhere` here for you; there are `web:ops`"), "{wrong:?}");
}

#[tokio::test]
async fn a_pipe_ends_by_itself_in_a_busy_room_and_where_nothing_is_answered() {
    let town = Town::new().await;
    login(&town.repo, &town.you).await;
    let noise = async {
        for number in 0.. {
            town.ana.say("much to do", &number.to_string()).await.expect("an answer");
            sleep(Duration::from_millis(300)).await;
        }
    };
    let told = tokio::select! {
        told = piped(&town.repo, "/re nothing\nhello there\n") => told,
        () = noise => unreachable!("it has no end"),
    };
    assert_eq!(told.code, Some(1), "{told:?}");
    assert_eq!(
        told.err, "You are You (@you).\nNot said: nothing was said yet that `/re` could go on with\n",
        "and it was not said in the room"
    );
    let quiet = piped(&town.repo, "hello there\n").await;
    assert_eq!((quiet.code, quiet.err.as_str()), (Some(0), "You are You (@you).\n"), "talk needs no answer");
    assert_eq!(said(&town).await.iter().filter(|text| *text == "nothing").count(), 0);
}

#[tokio::test]
async fn a_program_talks_and_gives_no_orders() {
    let town = Town::new().await;
    let told = piped(&town.repo, "wilco stage red t1\n").await;
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(
        told.err.starts_with(
            "You speak as the local operator: people read what you say, and it gives no orders."
        )
    );
    assert_eq!(without_times(&town.repo, &told.out), ["local operator (program): wilco stage red t1"]);
    assert_eq!(town.you.all("operations").await.expect("an answer").len(), 0);
}

#[tokio::test]
async fn a_line_is_edited_while_others_speak() {
    let town = Town::new().await;
    login(&town.repo, &town.you).await;
    town.ana.say("before \u{1b}]0;owned\u{7}\u{9b}2J\u{202e}you came", "a").await.expect("an answer");
    let mut chat = Pty::start(wilco(&town.repo, &["chat"]));
    chat.shows("@ana: before ]0;owned2Jyou came").await;
    chat.shows("web:ops> ").await;
    chat.types("wilco pi");
    chat.shows("web:ops> wilco pi").await;
    town.ana.say("meanwhile", "b").await.expect("an answer");
    chat.shows("@ana: meanwhile\nweb:ops> wilco pi").await;
    chat.types("ng\r");
    chat.shows("wilco → @you: pong").await;
    assert_eq!(said(&town).await.last().map(String::as_str), Some("wilco ping"));

    // A word is completed from what this person may say, an operation from what waits.
    chat.types("wilco st\t");
    chat.shows("web:ops> wilco stage <app> <ticket>  — Do what a stage does").await;
    chat.types("re\tt1\r");
    chat.shows("awaiting confirmation").await;
    until_said(&town, "wilco stage red t1").await;
    let operation = town.you.operation("stage red t1", &["awaiting_confirm"]).await.expect("an answer");
    let id = operation["id"].as_str().expect("an id");
    chat.types(&format!("wilco confirm {id}\r"));
    chat.shows(&format!("~ {id} succeeded: ")).await;

    // What Wilco asks for is answered in the thread.
    chat.types("wilco stage\r");
    chat.shows("needs `app`").await;
    chat.types("/re blue\r");
    chat.shows("needs `ticket`").await;
    chat.types("/re t2\r");
    chat.shows("awaiting confirmation: stage blue t2").await;

    // What lacks the name is talk, and said to be.
    chat.types("status\r");
    chat.shows("Said to the people in web:ops. To give it as an order, put `wilco` in front.").await;
    chat.types("/nothing\r/who\r");
    chat.shows("There is no `/nothing` like this here").await;
    chat.shows("You are You (@you). This is web:ops at ").await;
    chat.types("/join @you\r");
    chat.shows("web:@you> ").await;
    chat.types("ping 7\r");
    chat.shows("wilco → @you: pong 7").await;
    // Two keys back in the history, then the end.
    chat.types("\u{1b}[A\u{1b}[A");
    chat.shows("web:@you> /join @you").await;
    chat.types("\u{15}\u{3}");
    chat.shows("Ctrl-D or `/quit` ends.").await;
    chat.types("\u{4}");
    assert_eq!(chat.ended().await, Some(0), "{}", chat.text());
    assert!(chat.is_as_before());
    let bytes = String::from_utf8(chat.bytes()).expect("text");
    assert!(!bytes.contains("\u{1b}]") && !bytes.contains('\u{9b}') && !bytes.contains('\u{202e}'));
    let history = std::fs::read_to_string(town.repo.path("state/wilco/chat_history")).expect("a history");
    assert!(history.contains("wilco ping\n") && history.contains("ping 7\n"), "{history}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(town.repo.path("state/wilco/chat_history")).expect("there").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_server_that_was_away_leaves_no_gap_and_makes_no_double() {
    let mut town = Town::new().await;
    login(&town.repo, &town.you).await;
    let mut chat = Pty::start(wilco(&town.repo, &["chat"]));
    chat.shows("web:ops> ").await;
    chat.types("first\r");
    until_said(&town, "first").await;
    town.server.signal(Signal::KILL);
    town.server.ended().await;
    chat.shows("Trying again.").await;
    chat.types("second\r");
    chat.shows("Not said yet: ").await;
    town.server = up(&town.repo).await;
    until_said(&town, "second").await;
    town.ana.say("third", "c").await.expect("an answer");
    chat.shows("is there again; nothing is missing.").await;
    chat.shows("@ana: third").await;
    assert_eq!(said(&town).await, ["first", "second", "third"]);
    assert_eq!((chat.count("@ana: third"), chat.count("@you: ")), (1, 0), "{}", chat.text());

    // The login ends: so does the talk, and the terminal is as it was.
    let ended = ran(&town.repo, &["login", "--end"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // What it wrote may be read after its end.
    chat.shows("This login has ended").await;
    assert_eq!(chat.ended().await, Some(1), "{}", chat.text());
    assert!(chat.is_as_before());
}

#[tokio::test]
async fn a_record_that_is_older_is_said_to_be_and_read_anew() {
    let mut town = Town::new().await;
    login(&town.repo, &town.you).await;
    town.ana.say("kept", "a").await.expect("an answer");
    let files = || {
        let all = std::fs::read_dir(town.repo.path("")).expect("the repo").map(|file| file.expect("a file"));
        let ours = all.filter(|file| file.file_name().to_string_lossy().starts_with("wilco.db"));
        ours.map(|file| file.path()).filter(|path| path.is_file()).collect::<Vec<_>>()
    };
    town.server.signal(Signal::TERM);
    town.server.ended().await;
    let backup: Vec<_> =
        files().into_iter().map(|path| (path.clone(), std::fs::read(path).expect("read"))).collect();
    assert!(!backup.is_empty());
    town.server = up(&town.repo).await;
    let mut chat = Pty::start(wilco(&town.repo, &["chat"]));
    chat.shows("@ana: kept").await;
    for (text, key) in [("lost 1", "b"), ("lost 2", "c"), ("lost 3", "d")] {
        town.ana.say(text, key).await.expect("an answer");
        chat.shows(&format!("@ana: {text}")).await;
    }
    town.server.signal(Signal::KILL);
    town.server.ended().await;
    files().iter().for_each(|path| std::fs::remove_file(path).expect("removed"));
    backup.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).expect("written"));
    town.server = up(&town.repo).await;
    chat.shows("The record there is older than what was shown here").await;
    // Its number is that of a message that was lost.
    town.ana.say("anew", "b").await.expect("an answer");
    chat.shows("@ana: anew").await;
    assert_eq!((chat.count("@ana: kept"), chat.count("@ana: anew")), (2, 1), "{}", chat.text());
    chat.types("\u{4}");
    assert_eq!(chat.ended().await, Some(0));
}

#[tokio::test]
async fn a_signal_gives_the_terminal_back() {
    let town = Town::new().await;
    let mut chat = Pty::start(wilco(&town.repo, &["chat"]));
    chat.shows("You speak as the local operator").await;
    chat.shows("web:ops> ").await;
    assert!(!chat.is_as_before());
    let pid = i32::try_from(chat.child.id().expect("it lives")).expect("a number");
    let pid = rustix::process::Pid::from_raw(pid).expect("not nobody");
    rustix::process::kill_process(pid, Signal::TERM).expect("a process of ours");
    assert_eq!(chat.ended().await, Some(0), "{}", chat.text());
    assert!(chat.is_as_before());
    assert_eq!(town.you.get("me").await.expect("an answer").body["id"], json!("you"));
}

/// The page about the command line.
fn page() -> String {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    std::fs::read_to_string(page).expect("a page")
}

/// The blocks of a kind in the page.
fn blocks(kind: &str) -> Vec<String> {
    let (page, begin) = (page(), format!("```{kind}\n"));
    let parts = page.split(&begin).skip(1);
    parts.map(|part| part.split_once("```").expect("its end").0.to_owned()).collect()
}

/// What was printed, with the times, days, names and addresses that the page has.
fn as_in_the_page(repo: &Repo, text: &str) -> String {
    let port = repo.url().rsplit_once(':').expect("a port").1.to_owned();
    let mut text = text.replace(&port, "7777");
    for (pattern, with) in [
        (r"\b\d\d:\d\d:\d\d UTC", "14:05:20 UTC"),
        (r"(until|Until:) \d\d:\d\d:\d\d UTC", "$1 14:15:20 UTC"),
        (r"(?m)\b[A-Z][a-z]+day, \d+ [A-Z][a-z]+ 20\d\d$", "Monday, 23 November 2026"),
        (r"\bd-[0-9A-Z]{4}\b", "d-7KXD"),
        (r"(?m)^  [0-9A-Z]{4}-[0-9A-Z]{4}$", "  KXD4-7F3Q"),
        (r"Plan: [0-9a-f]{8}", "Plan: ee7f6aa4"),
    ] {
        text = regex::Regex::new(pattern).expect("a pattern").replace_all(&text, with).into_owned();
    }
    text
}

#[tokio::test]
async fn the_page_about_the_command_line_comes_true() {
    let town = Town::new().await;
    let repo = &town.repo;
    let console = blocks("console");

    let release = town.order("release red t1", "awaiting_approval").await;
    let release = release["id"].as_str().expect("an id");
    let told = login(repo, &town.ana).await;
    let whole = format!("$ wilco login\n{}{}{}", told.head, told.err, told.out);
    assert_eq!(as_in_the_page(repo, &whole), console[0]);
    let mut shown = String::new();
    for (line, args) in [
        ("run whoami", vec!["run", "whoami"]),
        ("run \"approve d-7KXD\"", vec!["run", &format!("approve {release}")]),
        ("login --end", vec!["login", "--end"]),
    ] {
        let told = ran(repo, &args).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        shown += &format!("$ wilco {line}\n{}", told.out);
    }
    assert_eq!(as_in_the_page(repo, &shown), console[1]);

    login(repo, &town.you).await;
    let told = piped(repo, "wilco ping\n").await;
    let whole = format!("$ echo \"wilco ping\" | wilco chat\n{}{}", told.err, told.out);
    assert_eq!(as_in_the_page(repo, &whole), console[2]);

    // What is typed in the page is typed here, and each of its lines is shown, in their order.
    town.ana.say("shall I?", "e").await.expect("an answer");
    let mut chat = Pty::start(wilco(repo, &["chat"]));
    let text = blocks("text").remove(0);
    let mut operation = String::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("web:ops> ")) {
        chat.shows("web:ops> ").await;
        let before = chat.count("\n");
        chat.types(&format!("{}\r", line.replace("d-7KXD", &operation)));
        if line.contains("stage") {
            let waits = town.you.operation("stage red t1", &["awaiting_confirm"]).await.expect("an answer");
            waits["id"].as_str().expect("an id").clone_into(&mut operation);
            chat.shows(&format!("abort {operation}")).await;
        } else if line.contains("confirm") {
            chat.shows(&format!("~ {operation} succeeded")).await;
            town.ana.say("thanks", "f").await.expect("an answer");
            chat.shows("@ana: thanks").await;
        } else {
            chat.shows("Said to the people in web:ops.").await;
        }
        assert!(chat.count("\n") > before);
    }
    let shown = as_in_the_page(repo, &chat.text());
    let mut rest = shown.as_str();
    for line in text.lines().skip(1) {
        let found = rest.split_once(line);
        rest = found.unwrap_or_else(|| panic!("`{line}` is not behind what came before it:\n{shown}")).1;
    }
    chat.types("\u{4}");
    assert_eq!(chat.ended().await, Some(0));
}
