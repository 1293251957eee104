//! One requirement, through every door: whichever way an order is given, one approval by a lead stands before it, or
//! it is denied. The whole is one table, which a change of any door has to change visibly.

mod house;

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Value, json};
use wilco_contract::{
    ids::Account,
    input::{Input, Press},
    operation::{Operation, State},
    reply::PressKind,
};
use wilco_engine::{Decide, PlanSeen};

use self::house::{House, needed, place};

/// A door, and what came of the order behind it.
struct Row {
    door: &'static str,
    said: String,
    whom: String,
    outcome: String,
    /// How often the action was begun.
    calls: usize,
}

struct Table {
    house: House,
    rows: Vec<Row>,
    messages: u32,
}

/// What stands before what is said in the thread of the first line.
const IN_THREAD: &str = "> ";
/// What an order waits for by whichever door it was given.
const WAITS: &str = "awaiting approval: 1 approval by role:lead, rule wilco.toml:";
/// The room beside the page.
const ROOM: &str = "irc:#ops";

impl Table {
    /// Adds what came of an order: the operation that is new, or what was answered.
    async fn row(
        &mut self,
        door: &'static str,
        (whom, said): (&str, &str),
        before: usize,
        answer: Option<String>,
    ) {
        let operations = self.house.operations().await;
        let new = operations.get(before..).unwrap_or_default();
        assert!(new.len() <= 1, "{door}: one order is one operation");
        let (whom, outcome) = match (new.first(), answer) {
            (Some(operation), _) => (operation.asker.key(), needed(operation)),
            (None, Some(answer)) => (whom.to_owned(), brief(&answer)),
            (None, None) => (whom.to_owned(), "nothing".to_owned()),
        };
        let calls = self.house.ship.begun().len();
        assert!(new.is_empty() || outcome.starts_with(WAITS), "{door}: {outcome}");
        self.rows.push(Row { door, said: without_ids(said), whom, outcome, calls });
        if let Some(operation) = new.first().filter(|operation| !operation.state.is_final()) {
            self.end(operation).await;
        }
    }

    /// Says no to an operation, so that the next one stands by itself.
    async fn end(&self, operation: &Operation) {
        let who = self.house.engine.resolve(&Account::parse("irc:ana").expect("an account"));
        let plan = PlanSeen::Hash(operation.plan.hash);
        let no = Decide { who, press: PressKind::Deny, operation: operation.id.clone(), plan, because: None };
        self.house.engine.decide(no).await.expect("a lead may");
        self.house.settle().await;
    }

    /// What somebody says on the network beside the page, and what comes of it.
    async fn says(&mut self, door: &'static str, account: &str, room: &str, lines: &[&str]) {
        let before = self.house.operations().await.len();
        let texts = self.house.network.texts().len();
        let thread = format!("m{}", self.messages + 1);
        for line in lines {
            self.messages += 1;
            let id = format!("m{}", self.messages);
            match line.strip_prefix(IN_THREAD) {
                Some(answer) => self.house.reply(account, (room, &id, &thread), answer).await,
                None => self.house.say(account, (room, &id), line).await,
            }
        }
        let answer = (self.house.network.texts().len() > texts).then(|| self.house.last_text());
        let whom = self.house.whom(account);
        self.row(door, (&whom, &lines.join(" / ")), before, answer).await;
    }

    /// Adds an order that was begun.
    async fn begun(&mut self, door: &'static str, said: &str, at: usize) {
        let operation = self.house.operations().await[at].clone();
        assert_eq!(operation.state, State::Succeeded, "{door}");
        let (whom, outcome) = (operation.asker.key(), needed(&operation));
        self.rows.push(Row {
            door,
            said: said.to_owned(),
            whom,
            outcome,
            calls: self.house.ship.begun().len(),
        });
    }

    /// What somebody says of an operation, whose id stands for `<id>`, and what is answered.
    async fn says_of(&mut self, door: &'static str, account: &str, (said, of): (&str, &Operation)) {
        let count = self.house.operations().await.len();
        self.messages += 1;
        let id = format!("m{}", self.messages);
        self.house.say(account, (ROOM, &id), &said.replace("<id>", of.id.as_str())).await;
        let (whom, answer) = (self.house.whom(account), Some(self.house.last_text()));
        self.row(door, (&whom, said), count, answer).await;
    }

    /// What is asked at the API, and what comes of it.
    async fn asks(&mut self, door: &'static str, whom: &str, caller: &house::Caller, body: Value) {
        let before = self.house.operations().await.len();
        let (status, answer) = caller.ask(Method::POST, "calls", Some(&body)).await;
        let said = body["order"].as_str().map_or_else(|| body.to_string(), str::to_owned);
        self.row(door, (whom, &said), before, Some(answered(status, &answer))).await;
    }

    fn told(&self) -> String {
        let head = ["door", "what was said", "as", "what came of it", "calls"].map(str::to_owned);
        let cells = |row: &Row| {
            let calls = row.calls.to_string();
            [row.door.to_owned(), row.said.clone(), row.whom.clone(), row.outcome.clone(), calls]
        };
        let rows: Vec<_> = [head].into_iter().chain(self.rows.iter().map(cells)).collect();
        let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
        let widths: [usize; 5] = std::array::from_fn(width);
        let mut text = String::new();
        for row in &rows {
            let cells: Vec<_> =
                row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            let _ = writeln!(text, "{}", cells.join(" | ").trim_end());
        }
        text
    }
}

/// An answer of the API in a line.
fn answered(status: u16, answer: &Value) -> String {
    let rule = answer["rule"].as_str().map_or_else(String::new, |rule| format!("\nRule: {rule}."));
    let text = answer["detail"].as_str().or_else(|| answer["text"].as_str()).unwrap_or_default();
    format!("{status}: {text}{rule}")
}

/// The first line of an answer, and the rule that it names or what it says of needs.
fn brief(answer: &str) -> String {
    let first = answer.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let more = answer.lines().skip(1).find(|line| line.starts_with("Rule: ") || line.starts_with("Needs: "));
    let more = more.map(|line| format!(" {}", line.split(" Who can").next().unwrap_or(line)));
    let text = format!("{first}{}", more.unwrap_or_default());
    without_ids(&text)
}

/// A text without the ids of operations and the numbers of events, which are others each time.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| word.len() == 6 && word.starts_with("o-");
    let is_number = |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_digit());
    let words = text.split(' ').map(|word| if is_id(word) || is_number(word) { "<id>" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn no_door_is_weaker_than_what_is_required() {
    let mut table = Table { house: House::open().await, rows: Vec::new(), messages: 0 };
    in_words(&mut table).await;
    by_the_api(&mut table).await;
    by_programs(&mut table).await;
    by_deciding(&mut table).await;
    for row in &table.rows {
        assert_eq!(row.calls, 0, "{}: nobody who may had approved", row.door);
    }
    by_right(&mut table).await;
    // The same order, approved by whom the requirement names: the action is there to be called.
    let before = table.house.operations().await.len();
    table.house.say("irc:you", (ROOM, "last"), "wilco release web").await;
    let operation = table.house.operations().await[before].clone();
    table.house.say("irc:ana", (ROOM, "yes"), &format!("wilco approve {}", operation.id)).await;
    let operation = table.house.operations().await[before].clone();
    let calls = table.house.ship.begun().len();
    assert_eq!((operation.state, calls), (State::Succeeded, 3));
    let (said, whom) = ("wilco approve <id>".to_owned(), "@ana".to_owned());
    table.rows.push(Row { door: "approval by a lead", said, whom, outcome: needed(&operation), calls });
    insta::assert_snapshot!(table.told());
    table.house.close();
}

async fn in_words(table: &mut Table) {
    table.says("room", "irc:you", ROOM, &["wilco release web"]).await;
    table.says("room, another way to address", "irc:you", ROOM, &["@wilco: release web"]).await;
    table.says("room, a prefix", "irc:you", ROOM, &[".release web"]).await;
    table.says("room, in capitals", "irc:you", ROOM, &["WILCO RELEASE web"]).await;
    table.says("room, from a phone", "irc:you", ROOM, &["Wilco, release \u{201c}web\u{201d}."]).await;
    table.says("room, said to nobody", "irc:you", ROOM, &["release web"]).await;
    table.says("direct conversation", "irc:you", "irc:@you", &["release web"]).await;
    table.says("alias of a person", "irc:you", ROOM, &["wilco alias ship = release web", "wilco ship"]).await;
    table.house.say("irc:ana", (ROOM, "named"), "wilco alias here roll = release web").await;
    table.says("alias of the room", "irc:you", ROOM, &["wilco roll"]).await;
    table
        .says("alias with values behind it", "irc:you", ROOM, &["wilco alias it = release", "wilco it web"])
        .await;
    table.says("missing argument, then its answer", "irc:you", ROOM, &["wilco release", "> web"]).await;
    table.says("missing argument, then a flag", "irc:you", ROOM, &["wilco release", "> web --force"]).await;
    table.says("again", "irc:you", ROOM, &["wilco status", "wilco release web", "wilco history"]).await;
    table.says("again, by its number", "irc:you", ROOM, &["wilco again 1"]).await;
    let id = table.house.operations().await.last().expect("an operation").id.to_string();
    table.says("retry", "irc:you", ROOM, &[&format!("wilco retry {id}")]).await;
    let flags = "--alone --because fire";
    table.says("again, with a flag", "irc:you", ROOM, &[&format!("wilco again 1 {flags}")]).await;
    table.says("retry, with a flag", "irc:you", ROOM, &[&format!("wilco retry {id} {flags}")]).await;
    table
        .says(
            "alias with a flag",
            "irc:you",
            ROOM,
            &[&format!("wilco alias now = release web {flags}"), "wilco now"],
        )
        .await;
    table
        .says(
            "alias with another flag",
            "irc:you",
            ROOM,
            &["wilco alias shipit = release web --force", "wilco shipit"],
        )
        .await;
    table.says("answered elsewhere", "irc:you", ROOM, &["wilco release web > web:ops"]).await;
    table.says("through a stage", "irc:you", ROOM, &["wilco release web | count"]).await;
    table.says("plan", "irc:you", ROOM, &["wilco plan release web"]).await;
    table.says("plan, as a flag", "irc:you", ROOM, &["wilco release web --dry-run"]).await;
    table.says("JSON", "irc:you", ROOM, &["wilco release web --json"]).await;
    table
        .says("alone, without the right", "irc:you", ROOM, &["wilco release web --alone --because fire"])
        .await;
    table.says("force, without the right", "irc:you", ROOM, &["wilco release web --force"]).await;
    table.says("force, with the right", "irc:max", ROOM, &["wilco release web --force"]).await;
    table.says("by a lead themselves", "irc:ana", ROOM, &["wilco release web"]).await;
    table.says("no role", "irc:eve", ROOM, &["wilco release web"]).await;
    table.says("no role, somebody else's alias", "irc:eve", ROOM, &["wilco ship"]).await;
    table.says("guest", "irc:stranger", ROOM, &["wilco release web"]).await;
    table.says("guest, direct conversation", "irc:stranger", "irc:@stranger", &["release web"]).await;
    table.says("second pack, same action", "irc:you", ROOM, &["wilco push web"]).await;
    table.says("second pack, which is granted and required of", "irc:max", ROOM, &["wilco push web"]).await;
    let before = table.house.operations().await.len();
    table.house.say("irc:you", (ROOM, "edited"), "wilco ping x").await;
    table.house.edit("irc:you", (ROOM, "edited"), "wilco release web").await;
    table
        .row("an order edited into another", ("@you", "wilco ping x / wilco release web"), before, None)
        .await;
    let offered = table.house.network.offers().pop().expect("the edit is offered");
    table.says("an edited order, by the button that offers it", "irc:you", ROOM, &[&offered]).await;
}

async fn by_the_api(table: &mut Table) {
    let (you, eve) = (table.house.signed_in("you").await, table.house.signed_in("eve").await);
    let (ci, reader) = (table.house.token("ci", "order").await, table.house.token("reader", "read").await);
    let (by_token, by_reader) = (table.house.bearer(&ci), table.house.bearer(&reader));
    let before = table.house.operations().await.len();
    let words = json!({ "text": "wilco release web" });
    let (status, _) = you.ask(Method::POST, "rooms/web%3Aops/messages", Some(&words)).await;
    assert_eq!(status, 201);
    table.house.until_operations(before + 1).await;
    table.row("the page, a message", ("@you", "wilco release web"), before, None).await;
    let edit = you.ask(Method::PUT, "rooms/web%3Aops/messages/1", Some(&words)).await;
    let edit = Some(answered(edit.0, &edit.1));
    table.row("the page, an edited message", ("@you", "wilco release web"), before + 1, edit).await;
    let form = json!({ "command": "app.release", "args": { "app": "web" } });
    let order = json!({ "order": "release web" });
    table.asks("the page, a form", "@you", &you, form.clone()).await;
    table
        .asks(
            "the page, a form without a value",
            "@you",
            &you,
            json!({ "command": "app.release", "args": {} }),
        )
        .await;
    table.asks("the page, no role", "@eve", &eve, form.clone()).await;
    table
        .asks(
            "the page, a flag as a value",
            "@you",
            &you,
            json!({ "command": "app.release", "args": { "app": "web", "force": true } }),
        )
        .await;
    table
        .asks("HTTP, an order in a room", "@you", &you, json!({ "order": "release web", "place": "web:ops" }))
        .await;
    table.asks("HTTP, token", "token:ci", &by_token, order.clone()).await;
    table.asks("HTTP, token, a form", "token:ci", &by_token, form).await;
    table
        .asks(
            "HTTP, token, alone",
            "token:ci",
            &by_token,
            json!({ "order": "release web --alone --because x" }),
        )
        .await;
    table.asks("HTTP, token that reads", "token:reader", &by_reader, order).await;
    let before = table.house.operations().await.len();
    let (status, answer) = by_token.ask(Method::POST, "rooms/web%3Aops/messages", Some(&words)).await;
    table.house.settle().await;
    let answer = Some(answered(status, &answer));
    table.row("HTTP, token, a message", ("token:ci", "wilco release web"), before, answer).await;
    let before = table.house.operations().await.len();
    let answer = Some(table.house.run("release web", Some(&ci)).await);
    table.row("command line, token", ("token:ci", "release web"), before, answer).await;
    let before = table.house.operations().await.len();
    let answer = Some(table.house.run("release web", None).await);
    table.row("command line, operator", ("operator", "release web"), before, answer).await;
}

async fn by_programs(table: &mut Table) {
    table.says("listener", "irc:you", ROOM, &["release web, somebody"]).await;
    table.says("listener, a guest's line", "irc:stranger", ROOM, &["release web, somebody"]).await;
    let before = table.house.operations().await.len();
    table.house.event("signed", "1").await;
    table.house.until_operations(before + 1).await;
    table.row("rule", ("rule:auto", "release web"), before, None).await;
    let before = table.house.operations().await.len();
    table.house.event("open", "2").await;
    table.house.step(2).await;
    let last = table.house.newest_in_home().await;
    let last = last.lines().skip(1).collect::<Vec<_>>().join("\n");
    table.row("rule, an event that nobody signed", ("rule:open", "release web"), before, Some(last)).await;
    let before = table.house.operations().await.len();
    table.house.step(60).await;
    table.row("schedule", ("schedule:app.night", "release web"), before, None).await;
}

/// Who says yes to an order that waits: each of these is nobody whom the requirement means.
async fn by_deciding(table: &mut Table) {
    let before = table.house.operations().await.len();
    table.house.say("irc:you", (ROOM, "waits"), "wilco release web").await;
    let operation = table.house.operations().await[before].clone();
    let waits = before + 1;
    let approve = "wilco approve <id>";
    for (door, account) in [
        ("approval by the asker", "irc:you"),
        ("approval by a person without the role", "irc:eve"),
        ("approval by a guest", "irc:stranger"),
    ] {
        table.says_of(door, account, (approve, &operation)).await;
    }
    for (door, account) in [("a thumbs-up by the asker", "irc:you"), ("a thumbs-up by a lead", "irc:ana")] {
        table.house.react(account, ROOM, "👍", &table.house.operations().await[before]).await;
        let whom = table.house.whom(account);
        let state = Some(needed(&table.house.operations().await[before]));
        table.row(door, (&whom, "👍"), waits, state).await;
    }
    for (door, account) in [("an answer by the asker", "irc:you"), ("an answer by a lead", "irc:ana")] {
        table.says_of(door, account, ("wilco answer <id> yes", &operation)).await;
    }
    let press = Press {
        id: "p1".to_owned(),
        place: place(ROOM),
        from: Account::parse("irc:eve").expect("an account"),
        press: PressKind::Approve,
        operation: operation.id.clone(),
        plan: operation.plan.hash,
        at: table.house.time(),
    };
    table.house.accept(Input::Press(press)).await;
    let answer = table.house.last_text().lines().skip(1).collect::<Vec<_>>().join("\n");
    table.row("a button, without the role", ("@eve", "Approve"), waits, Some(answer)).await;
    let token = table.house.token("other", "order").await;
    let path = format!("operations/{}/approve", operation.id);
    let plan = json!({ "plan": operation.plan.hash });
    let (status, answer) = table.house.bearer(&token).ask(Method::POST, &path, Some(&plan)).await;
    let answer = Some(answered(status, &answer));
    table.row("approval by a token", ("token:other", "approve"), waits, answer).await;
    let answer = Some(table.house.run(&format!("approve {}", operation.id), None).await);
    table.row("approval by the operator", ("operator", "approve <id>"), waits, answer).await;
    let state = table.house.operations().await[before].state;
    assert_eq!(state, State::AwaitingApproval, "nobody of these counted");
    table.end(&operation).await;
}

/// What is begun without an approval, as somebody was given the right to that: alone after the countdown, and by a
/// command of which nothing is required.
async fn by_right(table: &mut Table) {
    let before = table.house.operations().await.len();
    let said = "wilco release web --alone --because fire";
    table.house.say("irc:max", (ROOM, "alone"), said).await;
    for (account, state) in [
        ("irc:eve", State::AwaitingConfirm),
        ("irc:ana", State::AwaitingConfirm),
        ("irc:max", State::AwaitingApproval),
    ] {
        table.house.react(account, ROOM, "👍", &table.house.operations().await[before]).await;
        assert_eq!(
            table.house.operations().await[before].state,
            state,
            "the asker alone confirms: {account}"
        );
    }
    table.house.step(59).await;
    assert_eq!(table.house.ship.begun().len(), 0, "everybody may stop it");
    table.house.step(2).await;
    table.begun("alone, with the right, by a thumbs-up and its countdown", said, before).await;
    let said = "wilco shove web";
    table.house.say("irc:max", (ROOM, "shove"), said).await;
    table.begun("second pack, which is granted and not required of", said, before + 1).await;
}
