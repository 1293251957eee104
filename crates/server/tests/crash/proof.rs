//! What must hold whatever happened: nothing acknowledged is missing, each effect happened once and had its yes, the room
//! shows each operation once and at its end, and the audit log is whole.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::time::{Duration, Instant};

use crate::rig::{Client, LOOK, Repo, client::NoAnswer, server};

/// How long the room may be behind.
pub(crate) const BEHIND: Duration = Duration::from_secs(10);

/// What is left in the end.
pub(crate) struct Left {
    messages: Vec<Value>,
    operations: Vec<Value>,
}

const MESSAGES: &str = "rooms/web%3Aops/messages";

/// Looks at what is left.
pub(crate) async fn look(client: &Client) -> Result<Left, NoAnswer> {
    Ok(Left { messages: client.all(MESSAGES).await?, operations: client.all("operations").await? })
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("`{name}` of {value}"))
}

impl Left {
    /// Proves it against what was acknowledged and what happened.
    pub(crate) fn holds(&self, repo: &Repo, acknowledged: &[Value]) {
        let effects = repo.effects();
        self.messages_are_there_once(acknowledged);
        for operation in &self.operations {
            let id = text(operation, "id");
            let times = effects.iter().filter(|(of, _)| of == id).count();
            match text(operation, "state") {
                // These have their own log.
                "succeeded" | "failed"
                    if matches!(text(operation, "command"), "app.count" | "app.spread") =>
                {
                    assert_eq!(times, 0, "{id} has no effect of these: {effects:?}");
                }
                "succeeded" => assert_eq!(times, 1, "{id} has its effect once: {effects:?}\n{operation}"),
                "needs_human" => assert!(times <= 1, "{id} has its effect at most once: {effects:?}"),
                other => panic!("{id} is {other}: {operation}"),
            }
        }
        for (id, step) in &effects {
            let operation = self.operations.iter().find(|operation| text(operation, "id") == id);
            had_its_yes(operation.unwrap_or_else(|| panic!("{id} had an effect and is unknown")), step);
        }
    }

    /// The operations that calls were answered with are there, each of its order.
    pub(crate) fn has_operations(&self, called: &BTreeMap<String, String>) {
        for (order, id) in called {
            let found = self.operations.iter().find(|operation| text(operation, "id") == id);
            assert_eq!(
                found.map(|operation| text(operation, "order")),
                Some(order.as_str()),
                "{id} was answered"
            );
        }
    }

    fn messages_are_there_once(&self, acknowledged: &[Value]) {
        let mut people: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        for message in self.messages.iter().filter(|message| message["from"]["kind"] == "person") {
            *people.entry((text(&message["from"], "id"), text(message, "text"))).or_default() += 1;
        }
        // Each text was said once, with a key of its own, and sent again where no answer came.
        let twice: Vec<_> = people.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "said once and there more often: {twice:?}");
        for said in acknowledged {
            let found = self.messages.iter().find(|message| message["id"] == said["id"]);
            assert_eq!(found.map(|message| text(message, "text")), Some(text(said, "text")), "acknowledged");
        }
        let mut orders: BTreeMap<&str, u32> = BTreeMap::new();
        for operation in &self.operations {
            *orders.entry(text(operation, "order")).or_default() += 1;
        }
        let twice: Vec<_> = orders.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "given once and there more often: {twice:?}");
        for said in acknowledged {
            let order = text(said, "text").trim_start_matches("wilco ");
            let is_word = ["confirm", "status", "answer"].iter().any(|word| order.starts_with(word));
            assert!(is_word || orders.contains_key(order), "`{order}` was acknowledged and came to nothing");
        }
    }
}

/// An effect is that of a step which the right person had said yes to before.
fn had_its_yes(operation: &Value, step: &str) {
    let (kind, may): (&str, &dyn Fn(&str) -> bool) = match text(operation, "command") {
        "app.release" => ("approve", &|person| person != text(&operation["asker"], "id")),
        "app.stage" | "app.rollback" => ("confirm", &|person| person == text(&operation["asker"], "id")),
        other => panic!("{other} has no effects here"),
    };
    assert_eq!(text(operation, "command").strip_prefix("app."), Some(step), "its own step");
    let begun: jiff::Timestamp = text(operation, "started_at").parse().expect("a time");
    let given = operation["given"].as_array().expect("a list").iter().any(|given| {
        let at: jiff::Timestamp = text(given, "at").parse().expect("a time");
        text(given, "kind") == kind && may(text(given, "person")) && at <= begun
    });
    assert!(given, "it had its yes before it began: {operation}");
}

/// The room shows each operation in one message, which in the end shows its end.
pub(crate) async fn room_shows_ends(client: &Client) -> Result<(), NoAnswer> {
    let until = Instant::now() + BEHIND;
    loop {
        let left = look(client).await?;
        let behind: Vec<_> =
            left.operations.iter().filter_map(|operation| not_shown(operation, &left.messages)).collect();
        if behind.is_empty() {
            return Ok(());
        }
        assert!(Instant::now() < until, "{}", behind.join("\n"));
        tokio::time::sleep(LOOK).await;
    }
}

/// Why the room does not show this operation as it is.
fn not_shown(operation: &Value, messages: &[Value]) -> Option<String> {
    let id = text(operation, "id");
    let status = |block: &&Value| block["type"] == "status" && block["operation"] == id;
    let shown: Vec<_> = messages
        .iter()
        .filter_map(|message| message["blocks"].as_array().expect("blocks").iter().find(status))
        .collect();
    match shown.as_slice() {
        [one] if one["state"] == operation["state"] => None,
        other => Some(format!("{id} is {} and shown as {other:?}", operation["state"])),
    }
}

/// `wilco audit verify` finds the log whole.
pub(crate) async fn audit_is_whole(repo: &Repo) {
    let output = server::wilco(repo, &["audit", "verify"]).output().await.expect("a process");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}
