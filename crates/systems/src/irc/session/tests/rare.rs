//! What a session makes of what few servers offer: labels, the past, who is away, free nicks, keys.

use super::*;

/// One in `#ops` of a server that also has these capabilities and says this in `005`.
fn live_with(caps: &str, supports: &str, change: impl FnOnce(&mut Settings, &mut Begin)) -> Wire {
    let (mut settings, mut begin) = (settings(), begin());
    change(&mut settings, &mut begin);
    let session = Session::new(Arc::new(settings), begin);
    let mut wire = Wire { session, reader: Reader::default(), up: Duration::ZERO };
    let caps = format!("account-tag batch message-tags server-time {caps}");
    wire.server(&format!("CAP * LS :{caps}\r\nCAP * ACK :{caps}\r\n:s.example 001 wilco :Welcome wilco!w@h"));
    wire.server(&format!(":s.example 005 wilco CASEMAPPING=ascii {supports} :are supported"));
    wire.server(":s.example 376 wilco :End\r\n:wilco!w@h JOIN #ops\r\n:s.example 366 wilco #ops :End");
    wire
}

#[test]
fn a_password_comes_first_and_a_key_with_its_room() {
    let mut wire = live_with("", "", |settings, begin| {
        begin.password = Some(Secret::new("sesame open"));
        settings.rooms = vec![RoomSettings { name: "#ops".into(), key: Some(Secret::new("swordfish")) }];
    });
    let lines = wire.lines();
    assert_eq!(lines[..2], ["PASS :sesame open", "CAP LS 302"]);
    assert!(lines.contains(&"JOIN #ops swordfish".to_owned()), "{lines:?}");
    wire.server(":ana!a@h KICK #ops wilco\r\n:ana!a@h INVITE wilco #ops");
    assert_eq!(wire.lines(), ["JOIN #ops swordfish"]);
    for (password, remedy) in [(None, "write `password`"), (Some(Secret::new("x")), "correct `password`")] {
        let mut wire = Wire {
            session: Session::new(Arc::new(settings()), Begin { password, ..begin() }),
            reader: Reader::default(),
            up: Duration::ZERO,
        };
        wire.server(":s 464 * :Password incorrect");
        assert!(wire.end().is_some_and(|error| error.what.contains(remedy) && error.retry == Retry::Never));
    }
}

#[test]
fn each_line_with_a_label_is_answered_by_it_and_needs_no_ping() {
    let mut wire = live_with("echo-message labeled-response", "", |_, _| {});
    wire.lines();
    wire.post(1, "#ops", &["a", "b"]);
    wire.post(2, "#ops", &["c"]);
    assert_eq!(
        wire.lines(),
        ["@label=p1.0 PRIVMSG #ops a", "@label=p1.1 PRIVMSG #ops b", "@label=p2.0 PRIVMSG #ops c"]
    );
    // Whatever the second post meets is not the first one's.
    wire.server("@label=p2.0 :s.example 404 wilco #ops :Cannot send");
    wire.server(
        "@label=p1.0;msgid=m1 :wilco!w@h PRIVMSG #ops a\r\n@label=p1.0;msgid=m1 :wilco!w@h PRIVMSG #ops a",
    );
    assert_eq!(wire.posted(), [], "the first one is answered by half");
    wire.server("@label=p1.1 :s.example ACK");
    assert_eq!(wire.posted(), [(1, "m1".to_owned()), (2, "not sent: `#ops`: Cannot send".to_owned())]);
    assert_eq!(wire.lines(), [""; 0]);
    // A batch is one answer, and what is in it is none by itself.
    wire.post(3, "#ops", &["d"]);
    wire.lines();
    wire.server("@label=p3.0 BATCH +b labeled-response\r\n@batch=b :s.example 301 wilco ana :away");
    assert_eq!(wire.posted(), []);
    wire.server("@batch=b;msgid=m3 :wilco!w@h PRIVMSG #ops d\r\nBATCH -b");
    assert_eq!(wire.posted(), [(3, "m3".to_owned())]);
    // Labels that are none of ours change nothing.
    wire.server("@label=p9.0 :s ACK\r\n@label=x :s 404 wilco #ops :no\r\n@label=p3.7 :s ACK");
    assert!(wire.end().is_none());
    // A server that owes an answer for too long is not there.
    wire.post(4, "#ops", &["e"]);
    wire.lines();
    for _ in 0..61 {
        wire.pass(1);
        wire.server(":ana!a@h NOTICE #ops :traffic");
    }
    assert!(wire.end().is_some());
    // Without batches a label could not be told from what is in one.
    let mut wire = live_with("labeled-response", "", |_, _| {});
    wire.server("CAP wilco DEL :batch");
    wire.lines();
    wire.post(1, "#ops", &["a"]);
    assert_eq!(wire.lines(), ["PRIVMSG #ops a", "PING w1"]);
}

#[test]
fn the_past_is_asked_for_where_there_was_one_and_tells_who_spoke_by_account_alone() {
    let since = |_: &mut Settings, begin: &mut Begin| {
        begin.since = Some("2026-11-23T09:00:00Z".parse().expect("a time"));
    };
    let asks = |wire: &mut Wire| {
        wire.lines().into_iter().filter(|line| line.starts_with("CHATHISTORY")).collect::<Vec<_>>()
    };
    assert!(asks(&mut live_with("draft/chathistory", "", |_, _| {})).is_empty(), "there was no before");
    assert!(asks(&mut live_with("", "CHATHISTORY=50", since)).is_empty(), "the server does not offer it");
    let mut wire = live_with("draft/chathistory", "CHATHISTORY=50", since);
    assert_eq!(asks(&mut wire), ["CHATHISTORY AFTER #ops timestamp=2026-11-23T08:59:30.000Z 50"]);
    assert!(!wire.session.is_caught_up());
    wire.server(":s.example 900 wilco wilco!w@h Wilco :You are now logged in\r\nBATCH +h chathistory #OPS");
    for (tags, nick, text) in [
        ("msgid=1;account=ana", "ana", "one"),
        // Who has the nick now may be another: without an account it was a guest.
        ("msgid=2", "ana", "two"),
        ("msgid=3;account=wilco", "wilco_", "ours"),
        ("msgid=4;account=robo;bot", "robo", "a bot"),
        ("account=ana", "ana", "no id"),
        ("msgid=1;account=ana", "ana", "one"),
        ("msgid=5;account=ana", "ana", "\u{1}VERSION\u{1}"),
        ("msgid=6;account=ana", "ana", "\u{1}ACTION waves\u{1}"),
    ] {
        let time = "time=2026-11-23T09:30:00.000Z";
        wire.server(&format!("@batch=h;{time};{tags} :{nick}!u@h PRIVMSG #ops :{text}"));
    }
    wire.server("@batch=h;msgid=7;account=ana :ana!a@h PRIVMSG #ops :no time\r\nBATCH -h");
    let told = wire.messages();
    assert!(told.iter().all(|said| said.at.to_string() == "2026-11-23T09:30:00Z"), "{told:?}");
    let told: Vec<_> = told.iter().map(|said| (said.from.as_str(), said.text.as_str())).collect();
    assert_eq!(told, [("irc:ana", "one"), ("irc:~ana", "two"), ("irc:ana", "waves")]);
    assert!(wire.session.is_caught_up());
    // Nobody's client is answered for what it asked then, and a room that is entered again asks for nothing.
    assert_eq!(wire.lines(), [""; 0]);
    wire.server(":ana!a@h KICK #ops wilco\r\n:ana!a@h INVITE wilco #ops\r\n:wilco!w@h JOIN #ops\r\n:s 366 wilco #ops :End");
    assert!(asks(&mut wire).is_empty());
    let mut wire = live_with("draft/chathistory", "", since);
    wire.server("FAIL CHATHISTORY MESSAGE_ERROR AFTER #ops :It is not to be had");
    assert!(wire.session.is_caught_up() && wire.end().is_none());
}

#[test]
fn a_clock_that_is_wrong_makes_nothing_old() {
    let mut wire = live_with("", "", |_, _| {});
    wire.server("@time=2026-11-23T09:50:00.000Z :s.example PONG s.example :x");
    wire.server("@time=2026-11-23T09:50:00.000Z;account=ana :ana!a@h PRIVMSG #ops :now");
    assert_eq!(wire.message().at.to_string(), "2026-11-23T10:00:00Z");
    wire.server("@time=2026-11-23T09:40:00.000Z;account=ana :ana!a@h PRIVMSG #ops :before");
    assert_eq!(wire.message().at.to_string(), "2026-11-23T09:50:00Z");
}

#[test]
fn who_is_away_is_known_where_the_server_tells() {
    let mut wire = live_with("account-notify away-notify extended-join", "WHOX", |_, _| {});
    assert!(wire.lines().contains(&"WHO #ops %tnfa,152".to_owned()));
    wire.server(
        ":s 353 wilco = #ops :ana ben wilco\r\n:s 354 wilco 152 ana H ana\r\n:s 354 wilco 152 ben G*@ ben",
    );
    let mut stands = |line: &str| {
        wire.server(line);
        ["ana", "ben", "zed"].map(|id| wire.session.presence(id))
    };
    let (here, away) = (Presence::Here, Presence::Away);
    assert_eq!(stands(":s 315 wilco #ops :End"), [here, away, Presence::Gone]);
    assert_eq!(stands(":ana!a@h AWAY :lunch\r\n:ben!b@h AWAY"), [away, here, Presence::Gone]);
    assert_eq!(stands(":ben!b@h QUIT :bye"), [away, Presence::Gone, Presence::Gone]);
    let untold = live_with("account-notify extended-join", "WHOX", |_, _| {});
    assert_eq!(untold.session.presence("ana"), Presence::Unknown);
}

#[test]
fn a_nick_is_taken_as_soon_as_the_server_says_that_it_is_free() {
    let mut wire = live_with("", "MONITOR=100 NICKLEN=9", |_, _| {});
    wire.lines();
    wire.server(":wilco!w@h NICK wilco_");
    wire.pass(1);
    assert_eq!(wire.lines(), ["MONITOR + wilco"]);
    wire.server(":s 731 wilco_ :WILCO");
    assert_eq!(wire.lines(), ["NICK wilco"]);
    wire.server(":wilco_!w@h NICK wilco");
    wire.pass(1);
    assert_eq!(wire.lines(), ["MONITOR - wilco"]);
    // A nick that is longer than the server takes is cut, and then it is ours.
    let mut wire = live_with("", "NICKLEN=4", |_, _| {});
    wire.server(":wilco!w@h NICK wilc");
    wire.lines();
    wire.pass(200);
    assert!(!wire.lines().iter().any(|line| line.starts_with("NICK")));
}

#[test]
fn what_begins_a_room_is_what_the_server_says() {
    let mut wire = live_with("", "CHANTYPES=+ TARGMAX=PRIVMSG:1", |settings, _| {
        settings.rooms = vec!["+ops".into(), "#ops".into()];
    });
    wire.server(":wilco!w@h JOIN +ops\r\n:s 366 wilco +ops :End");
    let lines = wire.lines();
    assert!(["JOIN +ops", "JOIN #ops"].iter().all(|join| lines.iter().any(|line| line == join)), "{lines:?}");
    // Each line has one target, whatever the server would take.
    wire.post(1, "+ops", &["a"]);
    wire.post(2, "#ops", &["a"]);
    assert_eq!(wire.lines(), ["PRIVMSG +ops a", "PRIVMSG #ops a", "PING w2"]);
    wire.server("@account=ana :ana!a@h PRIVMSG +ops :hello");
    assert_eq!(wire.arrived(), [said("irc:+ops", "irc:ana", "hello")]);
}
