//! What a session says to what a server says.

mod rare;

use wilco_contract::{
    connector::Presence,
    input::{Happens, Message},
    source::Secret,
};
use wilco_runtime::dial::{Address, Tls};

use super::*;
use crate::irc::{RoomSettings, Sasl, line::Reader};

/// A session with its server's side of the wire.
struct Wire {
    session: Session,
    reader: Reader,
    up: Duration,
}

fn settings() -> Settings {
    Settings {
        name: "irc".into(),
        addresses: vec![Address { host: "irc.example.org".into(), port: 6_697, tls: Tls::Off }],
        nick: "wilco".into(),
        sasl: None,
        rooms: vec!["#ops".into()],
        rate: None,
        called: "wilco".into(),
        console: "http://localhost:7777".into(),
        pictures: true,
    }
}

fn begin() -> Begin {
    Begin { epoch: "e".into(), nonce: "nonce".into(), password: None, past: Past::default(), since: None }
}

impl Wire {
    fn new(settings: Settings) -> Self {
        Self {
            session: Session::new(Arc::new(settings), begin()),
            reader: Reader::default(),
            up: Duration::ZERO,
        }
    }

    /// One that is in `#ops` of a server with accounts.
    fn live() -> Self {
        let mut wire = Self::new(settings());
        wire.server("CAP * LS * :account-tag=x server-time echo-message batch\r\nCAP * LS :message-tags account-notify extended-join sts=port");
        wire.server(
            "CAP * ACK :account-notify account-tag batch echo-message extended-join message-tags server-time",
        );
        wire.server(":irc.example.org 001 wilco :Welcome to it wilco!w@host.example");
        wire.server(
            ":irc.example.org 005 wilco CASEMAPPING=ascii WHOX NICKLEN=20 :are supported by this server",
        );
        wire.server(":irc.example.org 376 wilco :End of MOTD");
        wire.server(":wilco!w@host.example JOIN #Ops wilco :Wilco");
        wire.server(":irc.example.org 353 wilco = #ops :@ana +zed wilco");
        wire.server(":irc.example.org 366 wilco #ops :End of NAMES");
        wire.server(":irc.example.org 354 wilco 152 ana H Ana");
        wire.server(":irc.example.org 354 wilco 152 zed H 0");
        wire.server(":irc.example.org 315 wilco #ops :End of WHO");
        wire.lines();
        assert!(wire.session.take_out().iter().any(|out| matches!(out, Out::Ready)));
        wire
    }

    /// The server says something.
    fn server(&mut self, lines: &str) {
        let moment = self.moment();
        let session = &mut self.session;
        self.reader.feed(format!("{lines}\r\n").as_bytes(), |line| session.hear(&line, moment));
    }

    fn moment(&self) -> Moment {
        Moment { wall: "2026-11-23T10:00:00Z".parse().expect("a time"), up: self.up }
    }

    /// Time passes, second by second.
    fn pass(&mut self, secs: u64) {
        for _ in 0..secs {
            self.up += Duration::from_secs(1);
            let moment = self.moment();
            self.session.tick(moment);
        }
    }

    /// What is sent.
    fn lines(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Next::Line(line) = self.session.next(self.up) {
            lines.push(line);
        }
        lines
    }

    /// What arrived: place, account and text.
    fn arrived(&mut self) -> Vec<(String, String, String)> {
        let said = |said: Message| (said.place.to_string(), said.from.to_string(), said.text);
        self.messages().into_iter().map(said).collect()
    }

    fn messages(&mut self) -> Vec<Message> {
        let arrived = self.session.take_out().into_iter().filter_map(|out| match out {
            Out::Arrive(input) => match *input {
                Input::Message(message) => Some(message),
                _ => None,
            },
            _ => None,
        });
        arrived.collect()
    }

    /// The one message that arrived.
    fn message(&mut self) -> Message {
        let [message] = self.messages().try_into().expect("one message arrives");
        message
    }

    /// What happened beside: place, account and what.
    fn happened(&mut self) -> Vec<(String, String, Happens)> {
        let arrived = self.session.take_out().into_iter().filter_map(|out| match out {
            Out::Arrive(input) => match *input {
                Input::Happened(what) => Some((what.place.to_string(), what.from.to_string(), what.what)),
                _ => None,
            },
            _ => None,
        });
        arrived.collect()
    }

    fn end(&mut self) -> Option<ConnectError> {
        self.session.take_out().into_iter().find_map(|out| match out {
            Out::End(error) => Some(error),
            _ => None,
        })
    }

    fn posted(&mut self) -> Vec<(u64, String)> {
        let posted = self.session.take_out().into_iter().filter_map(|out| match out {
            Out::Posted(number, Ok(id)) => Some((number, id)),
            Out::Posted(number, Err(error)) => Some((number, error.to_string())),
            _ => None,
        });
        posted.collect()
    }

    fn post(&mut self, number: u64, room: &str, lines: &[&str]) {
        let target = self.session.target(room, self.up).expect("it can be said there");
        let lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
        self.session.post(number, target, &lines);
    }
}

fn said(place: &str, from: &str, text: &str) -> (String, String, String) {
    (place.to_owned(), from.to_owned(), text.to_owned())
}

#[test]
fn it_asks_for_what_is_offered_and_enters_its_rooms() {
    let mut wire = Wire::new(settings());
    assert_eq!(wire.lines(), ["CAP LS 302", "NICK wilco", "USER wilco 0 * Wilco"]);
    wire.server("CAP * LS * :account-tag multi-prefix\r\nCAP * LS :server-time sasl=PLAIN");
    assert_eq!(wire.lines(), ["CAP REQ :account-tag server-time"]);
    wire.server("CAP * NAK :account-tag server-time");
    assert_eq!(wire.lines(), ["CAP REQ account-tag", "CAP REQ server-time"]);
    wire.server("CAP * NAK :account-tag\r\nCAP * ACK :server-time");
    assert_eq!(wire.lines(), ["CAP END"]);
    wire.server(":s.example 433 * wilco :Nickname is already in use");
    assert_eq!(wire.lines(), ["NICK wilco_"]);
    wire.server(":s.example 001 wilco_ :Welcome\r\n:s.example 422 wilco_ :No MOTD");
    assert_eq!(wire.lines(), ["JOIN #ops"]);
    wire.server(":wilco_!w@h JOIN :#ops\r\n:s.example 366 wilco_ #ops :End\r\nPING :token");
    assert_eq!(wire.lines(), ["PONG token"]);
    assert!(matches!(wire.session.take_out().as_slice(), [Out::Ready]));
    wire.server(
        "CAP wilco_ NEW :account-tag chghost\r\nCAP wilco_ ACK :account-tag\r\nCAP wilco_ DEL :account-tag",
    );
    assert_eq!(wire.lines(), ["CAP REQ :account-tag chghost"]);
    assert!(!wire.session.caps.contains("account-tag"));
    wire.pass(61);
    assert!(wire.lines().contains(&"NICK wilco".to_owned()), "the nick that we want is asked for again");
    wire.server(":other!o@h QUIT :bye\r\n:wilco!o@h NICK :gone");
    assert_eq!(wire.lines(), ["NICK wilco"]);
    wire.server(":wilco_!w@h NICK :wilco");
    wire.pass(200);
    assert!(!wire.lines().iter().any(|line| line.starts_with("NICK")));
}

#[test]
fn a_server_gives_us_nothing_that_we_did_not_ask_for() {
    let mut wire = Wire::live();
    wire.server("CAP wilco ACK :-echo-message tls oper");
    assert!(!wire.session.caps.iter().any(|cap| ["echo-message", "tls", "oper"].contains(&cap.as_str())));
    for number in 0..100 {
        wire.server(&format!("CAP wilco NEW :a{number} b{number} c{number} d{number}"));
    }
    assert!(wire.session.register.offered.len() <= register::OFFERED);
    (0..5_000).for_each(|number| wire.server(&format!("PING {number}")));
    assert!(wire.session.is_behind(), "a server that takes no answers is read no further");
    wire.lines();
    assert!(!wire.session.is_behind());
}

#[test]
fn an_account_is_proven_or_the_connection_is_of_no_use() {
    let password = Sasl::Password { account: "wilco".into(), password: Secret::new("sesame") };
    let begin = |sasl| {
        let mut wire = Wire::new(Settings { sasl: Some(sasl), ..settings() });
        wire.server("CAP * LS :sasl=PLAIN,EXTERNAL server-time\r\nCAP * ACK :server-time sasl");
        wire
    };
    let mut wire = begin(password.clone());
    assert_eq!(wire.lines()[3..], ["CAP REQ :server-time sasl", "AUTHENTICATE PLAIN"]);
    wire.server("AUTHENTICATE +");
    assert_eq!(wire.lines(), ["AUTHENTICATE d2lsY28Ad2lsY28Ac2VzYW1l"]);
    wire.server(":s.example 900 * * wilco :You are now logged in\r\n:s.example 903 * :Fine");
    assert_eq!(wire.lines(), ["CAP END"]);
    wire.server(":s.example 001 wilco :Welcome");
    assert!(wire.end().is_none());

    let mut wire = begin(Sasl::Certificate);
    wire.server("AUTHENTICATE +");
    assert_eq!(wire.lines()[4..], ["AUTHENTICATE EXTERNAL", "AUTHENTICATE +"]);

    // What SCRAM cannot do is done plainly, and then it is over; nobody is believed who says that all is well too early.
    let mut wire = Wire::new(Settings { sasl: Some(password.clone()), ..settings() });
    wire.server("CAP * LS :sasl=PLAIN,SCRAM-SHA-256\r\nCAP * ACK :sasl\r\nAUTHENTICATE +");
    assert_eq!(wire.lines()[4..], ["AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE biwsbj13aWxjbyxyPW5vbmNl"]);
    wire.server(":s.example 904 * :SASL authentication failed\r\nAUTHENTICATE +");
    assert_eq!(wire.lines(), ["AUTHENTICATE PLAIN", "AUTHENTICATE d2lsY28Ad2lsY28Ac2VzYW1l"]);
    wire.server(":s.example 904 * :SASL authentication failed");
    assert_eq!(wire.end().map(|error| error.retry), Some(Retry::Never));
    let mut wire = Wire::new(Settings { sasl: Some(password.clone()), ..settings() });
    wire.server(
        "CAP * LS :sasl=SCRAM-SHA-256\r\nCAP * ACK :sasl\r\nAUTHENTICATE +\r\n:s.example 903 * :Fine",
    );
    assert!(wire.end().is_some_and(|error| error.what.contains("another one than it says")));

    let mut wire = begin(password.clone());
    wire.server(":s.example 904 * :SASL authentication failed");
    let error = wire.end().expect("an end");
    assert_eq!(error.retry, Retry::Never);
    assert!(error.what.contains("account `wilco`") && error.what.contains("wilco.toml"), "{error}");

    let mut wire = Wire::new(Settings { sasl: Some(password.clone()), ..settings() });
    wire.server("CAP * LS :server-time\r\nCAP * ACK :server-time");
    assert_eq!(wire.end().expect("an end").retry, Retry::After(SILENCE));
    let mut wire = Wire::new(Settings { sasl: Some(password), ..settings() });
    wire.server(":s.example 421 * CAP :Unknown command\r\n:s.example 001 wilco :Welcome");
    assert!(wire.end().is_some(), "a server without capabilities lets anybody in");
}

#[test]
fn a_refusal_says_whether_another_try_makes_sense() {
    for (line, retry) in [
        (":s 432 * wilco :Erroneous nickname", Retry::Never),
        (":s 464 * :Password incorrect", Retry::Never),
        (":s 465 * :You are banned", Retry::After(SILENCE * 10)),
        ("ERROR :Access denied: Bad password?", Retry::Never),
        ("ERROR :Closing link: too fast", Retry::After(SILENCE)),
        ("ERROR :Too many bad password attempts, try again later", Retry::After(SILENCE)),
    ] {
        let mut wire = Wire::new(settings());
        wire.server(line);
        assert_eq!(wire.end().map(|error| error.retry), Some(retry), "{line}");
    }
    let mut wire = Wire::new(settings());
    for _ in 0..NICKS_AND_ONE {
        wire.server(":s 433 * x :in use");
    }
    assert!(wire.end().is_some());
}

const NICKS_AND_ONE: usize = 6;

#[test]
fn the_account_is_who_speaks_and_a_nick_is_nobody() {
    let mut wire = Wire::live();
    wire.server("@account=Ana;msgid=m1;time=2026-11-23T09:59:58.000Z :Ana!a@h PRIVMSG #OPS :wilco: ping 1");
    let message = wire.message();
    assert_eq!(
        (message.from.as_str(), message.place.as_str(), message.id.as_str()),
        ("irc:ana", "irc:#ops", "m1")
    );
    assert_eq!((message.at.to_string().as_str(), message.to_us), ("2026-11-23T10:00:00Z", false));
    for (told, at) in
        [("09:55:00", "09:55:00"), ("09:59:51", "10:00:00"), ("10:00:07", "10:00:00"), ("soon", "10:00:00")]
    {
        wire.server(&format!("@account=ana;time=2026-11-23T{told}.000Z :ana!a@h PRIVMSG #ops :told"));
        let message = wire.message();
        assert_eq!(message.at.to_string(), format!("2026-11-23T{at}Z"), "{told}");
    }
    wire.server(":ana!evil@h PRIVMSG #ops :release it");
    wire.server("@account=~ana :x!x@h PRIVMSG #ops :release it");
    wire.server("@account=ben :ben!b@h PRIVMSG wilco :\u{1}ACTION waves \u{3}04at\u{3} us\u{1}");
    assert_eq!(
        wire.arrived(),
        [
            said("irc:#ops", "irc:~ana", "release it"),
            said("irc:#ops", "irc:~x", "release it"),
            said("irc:@ben", "irc:ben", "waves at us"),
        ]
    );
    assert_eq!(wire.session.target("@ben", wire.up).ok(), Some("ben".into()));
}

#[test]
fn without_tags_what_is_tracked_counts_and_without_that_nothing_does() {
    let mut wire = Wire::live();
    wire.session.caps.remove("account-tag");
    wire.server(":ana!a@h PRIVMSG #ops :one\r\n:zed!z@h PRIVMSG #ops :two\r\n:zed!z@h ACCOUNT zed\r\n:zed!z@h PRIVMSG #ops :three");
    wire.server(":zed!z@h NICK :zoe\r\n:zoe!z@h PRIVMSG #ops :four\r\n:zed!other@h JOIN #ops * :Other\r\n:zed!other@h PRIVMSG #ops :five");
    let from: Vec<_> = wire.arrived().into_iter().map(|(_, from, _)| from).collect();
    assert_eq!(from, ["irc:ana", "irc:~zed", "irc:zed", "irc:zed", "irc:~zed"]);
    wire.session.caps.remove("account-notify");
    wire.server(":ana!a@h PRIVMSG #ops :six");
    assert_eq!(wire.arrived(), [said("irc:#ops", "irc:~ana", "six")]);
}

#[test]
fn a_line_that_begins_with_our_nick_is_said_to_us() {
    let mut wire = Wire::live();
    wire.server(":wilco!w@h NICK Wilco_\r\n:ana!a@h PRIVMSG #ops :wilco_: ping 1\r\n:ana!a@h PRIVMSG #ops :wilco_ is here");
    wire.server(":ana!a@h PRIVMSG #ops :wilco: ping 2\r\n:ana!a@h PRIVMSG #ops :Wilco_, ");
    let heard: Vec<_> = wire.messages().into_iter().map(|said| (said.text, said.to_us)).collect();
    let expected =
        [("ping 1", true), ("wilco_ is here", false), ("wilco: ping 2", false), ("Wilco_, ", false)];
    assert_eq!(heard, expected.map(|(text, to_us)| (text.to_owned(), to_us)));
}

#[test]
fn what_gives_no_orders_does_not_arrive() {
    let mut wire = Wire::live();
    wire.server(":ana!a@h NOTICE #ops :wilco: ping 1");
    wire.server(":wilco!w@h PRIVMSG #ops :wilco: ping 2");
    wire.server("@bot :robot!r@h PRIVMSG #ops :wilco: ping 3");
    wire.server(
        ":irc.example.org BATCH +old chathistory #ops\r\n@batch=old :ana!a@h PRIVMSG #ops :wilco: ping 4",
    );
    wire.server(
        "@batch=old :irc.example.org BATCH +inner x\r\n@batch=inner :ana!a@h PRIVMSG #ops :wilco: ping 5",
    );
    wire.server(&format!(":ana!a@h PRIVMSG #ops :wilco: ping 6{}", "x".repeat(600)));
    wire.server(":ana!a@h PRIVMSG #other :wilco: ping 7\r\n:ana!a@h PRIVMSG @#ops :wilco: ping 8");
    wire.server(":irc.example.org PRIVMSG #ops :wilco: ping 9\r\n:ana!a@h PRIVMSG #ops :\u{3}\u{2}");
    assert_eq!(wire.arrived(), []);
    assert_eq!(wire.lines(), [""; 0]);
    wire.server("BATCH -old\r\n@batch=old :ana!a@h PRIVMSG #ops :fresh");
    assert_eq!(wire.arrived().len(), 1);
}

#[test]
fn a_client_is_answered_a_little_and_seldom() {
    let mut wire = Wire::live();
    for _ in 0..20 {
        wire.server(
            ":x!x@h PRIVMSG wilco :\u{1}VERSION\u{1}\r\n:x!x@h PRIVMSG wilco :\u{1}DCC SEND x 1 2 3\u{1}",
        );
    }
    assert_eq!(wire.lines(), ["NOTICE x :\u{1}VERSION Wilco\u{1}"; 3]);
    assert_eq!(wire.arrived(), []);
}

#[test]
fn a_post_is_sent_when_the_server_says_that_it_has_it() {
    let mut wire = Wire::live();
    wire.post(1, "#OPS", &["pong 1", "pong 2"]);
    wire.post(2, "@ana", &["hello"]);
    assert_eq!(
        wire.lines(),
        ["PRIVMSG #ops :pong 1", "PRIVMSG #ops :pong 2", "PRIVMSG ana hello", "PING w2"]
    );
    wire.server("@msgid=our1 :wilco!w@h PRIVMSG #ops :pong 1\r\n@msgid=our2 :wilco!w@h PRIVMSG #ops :pong 2");
    wire.server(":irc.example.org 401 wilco ana :No such nick");
    assert_eq!(wire.posted(), []);
    wire.server(":irc.example.org PONG irc.example.org :w2");
    assert_eq!(wire.posted(), [(1, "our1".to_owned()), (2, "not sent: `ana`: No such nick".to_owned())]);
    wire.post(3, "#ops", &["a", "b"]);
    wire.lines();
    wire.server(":irc.example.org 404 wilco #ops :Cannot send\r\nPONG x w3");
    assert!(wire.posted()[0].1.starts_with("it is unknown"), "a part of it may be there");
}

#[test]
fn what_was_begun_at_the_end_is_in_doubt_and_the_rest_was_not_sent() {
    let mut wire = Wire::live();
    wire.post(1, "#ops", &["one"]);
    wire.lines();
    wire.post(2, "#ops", &["two"]);
    wire.session.lost();
    let ends: Vec<_> = wire.posted().into_iter().map(|(_, end)| end.starts_with("not sent")).collect();
    assert_eq!(ends, [false, true]);
}

#[test]
fn while_nothing_is_read_what_is_written_counts() {
    let mut wire = Wire::live();
    wire.post(1, "#ops", &["one"]);
    wire.session.held_up(wire.up);
    assert_eq!(wire.posted(), []);
    wire.lines();
    wire.session.held_up(wire.up);
    assert_eq!(wire.posted(), [(1, "1".to_owned())]);
    for _ in 0..200 {
        wire.pass(1);
        wire.session.held_up(wire.up);
    }
    assert!(wire.end().is_none(), "what is not read is no silence");
}

#[test]
fn the_rate_holds_up_words_and_not_what_keeps_us_alive() {
    let mut wire = Wire::live();
    wire.session.queue = Queue::new("2/s burst 2".parse().ok());
    wire.post(1, "#ops", &["a", "b", "c"]);
    assert_eq!(wire.lines(), ["PRIVMSG #ops a", "PRIVMSG #ops b"]);
    assert_eq!(wire.session.next(wire.up), Next::Wait(Duration::from_millis(500)));
    wire.server("PING x");
    assert_eq!(wire.lines(), ["PONG x"]);
    wire.up += Duration::from_millis(500);
    assert_eq!(wire.lines(), ["PRIVMSG #ops c", "PING w1"]);
}

#[test]
fn a_room_that_is_lost_is_entered_again() {
    let mut wire = Wire::live();
    wire.server(":ana!a@h KICK #ops wilco :too loud");
    let why = wire.session.target("#ops", wire.up).expect_err("we are out").to_string();
    assert!(why.contains("ana removed us: too loud"), "{why}");
    assert!(wire.session.members("#ops").is_empty() && !wire.session.has("@ana", wire.up));
    let news = |wire: &mut Wire| -> Vec<String> {
        let out = wire.session.take_out().into_iter();
        out.filter_map(|out| if let Out::News(text) = out { Some(text) } else { None }).collect()
    };
    let told = news(&mut wire);
    assert!(
        told.len() == 1 && told[0].contains("Wilco is out of `#ops`: ana removed us: too loud."),
        "{told:?}"
    );
    wire.pass(4);
    assert_eq!(wire.lines(), [""; 0]);
    wire.pass(2);
    assert_eq!(wire.lines(), ["JOIN #ops"]);
    wire.server(":irc.example.org 474 wilco #ops :Cannot join channel (+b)");
    assert_eq!(news(&mut wire), [""; 0], "it was told that we are out");
    wire.server(":ana!a@h INVITE wilco #ops\r\n:ana!a@h INVITE wilco #elsewhere");
    assert_eq!(
        wire.lines(),
        ["JOIN #ops"],
        "who is invited needs not wait, and enters no room that nobody configured"
    );
    let error = wire.session.target("#nowhere", wire.up).expect_err("no such room");
    assert!(matches!(error, SendError::NotSent { retry: Retry::Never, .. }), "{error}");
}

#[test]
fn a_server_that_is_silent_is_asked_and_then_given_up() {
    let mut wire = Wire::live();
    wire.pass(60);
    assert_eq!(wire.lines(), ["PING :are you there"]);
    wire.server("PONG x :are you there");
    wire.pass(60);
    assert_eq!(wire.lines(), ["PING :are you there"]);
    wire.pass(29);
    assert!(wire.end().is_none());
    wire.pass(1);
    assert_eq!(wire.end().map(|error| error.retry), Some(Retry::Backoff));
    let mut wire = Wire::live();
    wire.post(1, "#ops", &["x"]);
    wire.lines();
    for _ in 0..61 {
        wire.pass(1);
        wire.server(":ana!a@h NOTICE #ops :traffic");
    }
    assert!(wire.end().is_some(), "it says much, and never that it has what we said");
}

#[test]
fn a_line_leaves_room_for_our_address() {
    let mut wire = Wire::live();
    let text = "x".repeat(wire.session.room_for("#ops"));
    let line = format!(":wilco!w@host.example PRIVMSG #ops :{text}\r\n");
    assert_eq!(line.len(), 512);
    wire.server(":irc.example.org 396 wilco longer.host.example :is now your hidden host");
    assert_eq!(wire.session.room_for("#ops"), text.len() - "longer.".len());
}

proptest::proptest! {
    #[test]
    fn no_line_breaks_it(lines in proptest::collection::vec("[@: a-z#0-9*+=;!\u{1}-]{0,40}|(:(ana|wilco)!u@h )?(JOIN|PART|KICK|NICK|QUIT|ACCOUNT|CHGHOST|INVITE|BATCH|PRIVMSG|CAP|433|353|354|366|474|404|001|005|376|PONG)( [#a-z+*w0-9]{0,8}){0,4}( :.{0,20})?", 0..40)) {
        let mut wire = Wire::live();
        for line in lines {
            wire.server(&line);
            wire.pass(1);
            for sent in wire.lines() {
                proptest::prop_assert!(!sent.contains(['\r', '\n', '\0']));
            }
        }
    }
}

#[test]
fn who_comes_and_leaves_and_what_the_topic_becomes_arrives() {
    let mut wire = Wire::live();
    let at = |who: &str, what| ("irc:#ops".to_owned(), format!("irc:{who}"), what);
    let topic = Happens::Topic { topic: "shipping".into() };
    wire.server("@account=Bea :bea!b@h JOIN #ops Bea :Bea");
    wire.server("@account=ana :ana!a@h TOPIC #ops :\u{2}shipping\u{2}");
    assert_eq!(wire.happened(), [at("bea", Happens::Joined), at("ana", topic)]);
    // Who is made to leave is told, not who made them, whose account the tag tells.
    wire.server("@account=ana :ana!a@h KICK #ops zed :enough");
    wire.server("@account=bea :bea!b@h QUIT :bye");
    wire.server("@account=ana :ana!a@h PART #ops");
    let left = |who| at(who, Happens::Left);
    assert_eq!(wire.happened(), [left("~zed"), left("bea"), left("ana")]);
}

#[test]
fn what_we_do_what_bots_do_and_what_tells_of_the_past_is_no_happening() {
    let mut wire = Wire::live();
    wire.server(":wilco!w@h TOPIC #ops :ours");
    wire.server("@bot;account=robo :robo!r@h JOIN #ops robo :Robo");
    wire.server(":irc.example.org BATCH +b chathistory #ops");
    wire.server("@batch=b;account=bea :bea!b@h JOIN #ops Bea :Bea");
    wire.server(":bea!b@h TOPIC #elsewhere :not ours");
    wire.server(":wilco!w@h PART #ops");
    assert_eq!(wire.happened(), []);
}
