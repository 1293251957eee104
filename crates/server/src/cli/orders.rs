//! `wilco run`, `invite` and `token`: orders to a running server. Layer 4.
//!
//! Not the server: these are clients of its API.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use wilco_contract::{
    chart::Look,
    operation::State,
    reply::{Block, Reply},
    values,
};

use super::{
    Failure,
    client::{Ask, Client, Got, fresh_key},
    on_runtime, terminal,
};
use crate::config::Personal;

/// How often an operation is looked at while it is waited for.
const LOOK: Duration = Duration::from_millis(250);
/// The widest chart, in columns: a wider one says no more.
const MAX_CHART: usize = 100;

/// An order from the command line.
pub(crate) struct Order {
    pub(crate) order: String,
    pub(crate) place: Option<String>,
    pub(crate) because: Option<String>,
    pub(crate) json: bool,
    pub(crate) detach: bool,
    /// What a repeat is known by; absent: a new one.
    pub(crate) key: Option<String>,
}

/// Gives an order and waits for its end.
pub(crate) fn run(order: &Order) -> Result<(), Failure> {
    on_runtime(async {
        let client = Client::find()?;
        let got = give(&client, order).await?;
        match got.status.as_u16() {
            200 => {
                answered(order, &got);
                Ok(())
            }
            202 => {
                let id = got.body["operation"].as_str().unwrap_or_default().to_owned();
                follow(&client, order, &id, &got).await
            }
            _ => {
                if order.json {
                    terminal::line(&got.body.to_string());
                    return Err(Failure::Told);
                }
                Err(got.refused())
            }
        }
    })
}

/// Gives it. Where nobody can tell whether it was taken, what is said has the key with which it is given again safely.
async fn give(client: &Client, order: &Order) -> Result<Got, Failure> {
    let body = json!({"order": order.order, "place": order.place, "because": order.because});
    let key = order.key.clone().map_or_else(fresh_key, Ok)?;
    let ask = Ask { method: Method::POST, path: &["calls"], query: &[], body: Some(&body), key: Some(&key) };
    client.send(ask).await.map_err(|away| {
        if !away.is_open {
            return away.into();
        }
        Failure::Failed(format!("{away}.\nWith `--key {key}` the same again makes no second operation."))
    })
}

fn answered(order: &Order, got: &Got) {
    if order.json {
        terminal::line(&got.body.to_string());
    } else {
        terminal::line(&shown(&got.body, look(&Personal::from_process(), terminal::columns())));
    }
}

/// How charts are drawn for whoever asked.
fn look(personal: &Personal, columns: Option<usize>) -> Look {
    let usual = Look::default();
    // The last column stays free: there terminals differ about where they are.
    let width = columns.map_or(usual.width, |columns| columns.saturating_sub(1).min(MAX_CHART));
    Look { width, ascii: personal.ascii, ..usual }
}

/// An answer as text, its charts drawn like this.
fn shown(body: &Value, look: Look) -> String {
    let text = body["text"].as_str().unwrap_or_default();
    let has_charts =
        body["blocks"].as_array().is_some_and(|all| all.iter().any(|block| block["type"] == "chart"));
    // No block of a later server makes an answer unreadable.
    let blocks =
        has_charts.then(|| serde_json::from_value::<Vec<Block>>(body["blocks"].clone()).ok()).flatten();
    blocks.map_or_else(|| text.to_owned(), |blocks| Reply { blocks }.plain_in(look))
}

async fn follow(client: &Client, order: &Order, id: &str, accepted: &Got) -> Result<(), Failure> {
    if order.detach {
        terminal::line(&if order.json { accepted.body.to_string() } else { id.to_owned() });
        return Ok(());
    }
    let mut before = None;
    loop {
        let operation = client.done(Method::GET, &["operations", id], None).await?;
        let state = operation["state"].as_str().and_then(State::parse);
        let now = Some((state, starts_alone(&operation).map(str::to_owned)));
        if now != before {
            before = now;
            terminal::notice(&told(id, &operation));
        }
        if state.is_some_and(State::is_final) {
            return ended(order, id, &operation);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// While an operation counts down: when it starts, unless somebody stops it.
fn starts_alone(operation: &Value) -> Option<&str> {
    operation["alone"]["starts_at"].as_str()
}

fn told(id: &str, operation: &Value) -> String {
    let state = operation["state"]
        .as_str()
        .and_then(State::parse)
        .map_or_else(String::new, |state| state.to_string());
    let why = operation["why"].as_str().map_or_else(String::new, |why| format!(": {why}"));
    let mut lines = vec![format!("{id} {state}{why}")];
    let waits = operation["state"].as_str().and_then(State::parse).is_some_and(State::awaits);
    if waits {
        let will = operation["plan"]["will"].as_array().into_iter().flatten().filter_map(Value::as_str);
        lines.extend(will.map(|line| format!("  {line}")));
        let alone = starts_alone(operation);
        if let Some(at) = alone {
            let at = at.parse::<jiff::Timestamp>();
            let at = at.map_or_else(|_| "its time".to_owned(), |at| at.strftime("%H:%M:%S UTC").to_string());
            lines.push(format!("  starts alone at {at} unless somebody stops it: `abort {id}`"));
        }
        // In a countdown nobody's approval is waited for.
        let waited = |need: &&Value| need["met"] != true && (alone.is_none() || need["kind"] != "approve");
        for need in operation["needs"].as_array().into_iter().flatten().filter(waited) {
            let by = need["who"].as_str().or(need["by"].as_str()).unwrap_or("whoever may give it");
            let what = match (need["kind"].as_str(), need["count"].as_u64()) {
                (Some("confirm"), _) => "confirmation".to_owned(),
                (_, Some(count)) if count > 1 => format!("{count} approvals"),
                _ => "1 approval".to_owned(),
            };
            let rule = need["rule"].as_str().unwrap_or_default();
            lines.push(format!("  needs {what} by {by} ({rule})"));
        }
    }
    lines.join("\n")
}

fn ended(order: &Order, id: &str, operation: &Value) -> Result<(), Failure> {
    if order.json {
        terminal::line(&operation.to_string());
    } else {
        let notes =
            operation["steps"].as_array().into_iter().flatten().filter_map(|step| step["note"].as_str());
        let notes: Vec<_> = notes.collect();
        terminal::line(&if notes.is_empty() { id.to_owned() } else { notes.join("\n") });
    }
    if operation["state"] == State::Succeeded.as_str() { Ok(()) } else { Err(Failure::Told) }
}

/// Makes a one-time link for a person.
pub(crate) fn invite(person: &str) -> Result<(), Failure> {
    on_runtime(async {
        let person = person.trim_start_matches('@');
        let invited =
            Client::find()?.done(Method::POST, &["invites"], Some(&json!({"person": person}))).await?;
        terminal::line(invited["url"].as_str().unwrap_or_default());
        terminal::notice(&format!(
            "A one-time link for @{person}, until {}. Whoever opens it is signed in as them.",
            to_the_second(invited["expires_at"].as_str().unwrap_or_default())
        ));
        Ok(())
    })
}

/// Makes a token.
pub(crate) fn token_create(name: &str, scope: &str, expires: &str, json: bool) -> Result<(), Failure> {
    let Some(expires) = values::read_seconds(expires) else {
        return Err(Failure::Usage(format!("`{expires}` is not a span of time such as `90d`")));
    };
    on_runtime(async {
        let body = json!({"name": name, "scope": scope, "expires_in_secs": expires});
        let token = Client::find()?.done(Method::POST, &["tokens"], Some(&body)).await?;
        terminal::line(&if json {
            token.to_string()
        } else {
            token["token"].as_str().unwrap_or_default().to_owned()
        });
        Ok(())
    })
}

/// Lists tokens.
pub(crate) fn token_list(json: bool) -> Result<(), Failure> {
    on_runtime(async {
        let tokens = Client::find()?.done(Method::GET, &["tokens"], None).await?;
        if json {
            terminal::line(&tokens.to_string());
            return Ok(());
        }
        for token in tokens["items"].as_array().into_iter().flatten() {
            let text = |name: &str| token[name].as_str().unwrap_or_default().to_owned();
            let end = token["revoked_at"].as_str().map_or_else(
                || format!("until {}", to_the_second(&text("expires_at"))),
                |at| format!("revoked {}", to_the_second(at)),
            );
            terminal::line(&format!("{}  {}  by {}  {end}", text("name"), text("scope"), text("by")));
        }
        Ok(())
    })
}

/// Ends a token.
pub(crate) fn token_revoke(name: &str) -> Result<(), Failure> {
    on_runtime(async {
        Client::find()?.done(Method::DELETE, &["tokens", name], None).await?;
        terminal::notice(&format!("The token `{name}` is revoked."));
        Ok(())
    })
}

/// A time of the API as people read it.
fn to_the_second(at: &str) -> String {
    at.parse::<jiff::Timestamp>().map_or_else(|_| at.to_owned(), |at| at.strftime("%FT%TZ").to_string())
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn an_order_whose_answer_was_lost_is_given_again_under_its_key() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let Ok(client) = Client::new(base.parse().expect("an address"), None, false) else {
            panic!("a client")
        };
        let mut order = Order {
            order: "stage red t1".into(),
            place: None,
            because: None,
            json: false,
            detach: false,
            key: None,
        };
        let mut keys = Vec::new();
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"] {
            let server = async {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let mut read = vec![0; 4096];
                let length = stream.read(&mut read).await.expect("a request");
                stream.write_all(answer.as_bytes()).await.expect("written");
                String::from_utf8_lossy(&read[..length]).to_lowercase()
            };
            let (got, request) = tokio::join!(give(&client, &order), server);
            let (_, key) = request.split_once("idempotency-key: ").expect("a key");
            keys.push(key.lines().next().unwrap_or_default().to_owned());
            match got {
                Err(Failure::Failed(why)) => {
                    let (first, rest) = why.split_once('\n').expect("two lines");
                    assert!(first.ends_with("; it may or may not have been taken."), "{why}");
                    assert_eq!(
                        rest,
                        format!("With `--key {}` the same again makes no second operation.", keys[0])
                    );
                    order.key = Some(keys[0].clone());
                }
                Ok(got) => assert_eq!(got.status, 200),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(keys[0], keys[1]);
    }

    #[test]
    fn charts_fit_the_terminal_and_its_signs() {
        let chart = json!({
            "type": "chart", "kind": "bars", "title": "load", "unit": "%", "labels": ["web", "api"],
            "series": [{ "name": "load", "values": [50, 25] }],
        });
        let mut body = json!({ "text": "as the server drew it", "blocks": [chart] });
        let in_c = Personal { ascii: true, ..Personal::default() };
        let narrow = look(&in_c, Some(25));
        assert_eq!(
            shown(&body, narrow),
            "load\nweb ############### 50 %\napi ######## 25 %\nmax 50 % (web), min 25 %\n(api)"
        );
        assert_eq!(look(&Personal::default(), None), Look::default());
        assert_eq!(look(&Personal::default(), Some(300)).width, MAX_CHART);
        let later = json!({ "type": "later", "what": 1 });
        body["blocks"].as_array_mut().expect("blocks").push(later);
        assert_eq!(shown(&body, narrow), "as the server drew it");
        assert_eq!(shown(&json!({ "text": "pong" }), narrow), "pong");
    }

    #[test]
    fn a_countdown_says_when_it_starts_and_asks_for_no_approval() {
        let mut operation = json!({
            "state": "awaiting_approval", "plan": { "will": ["ships"] },
            "needs": [{ "kind": "approve", "count": 1, "by": "role:lead", "rule": "wilco.toml:3", "met": false }],
            "alone": { "in_place_of": ["wilco.toml:3"], "starts_at": "2026-01-05T09:01:00Z", "unstopped_at": null },
        });
        assert_eq!(
            told("d-7KXD", &operation),
            "d-7KXD awaiting approval\n  ships\n  starts alone at 09:01:00 UTC unless somebody stops it: `abort d-7KXD`"
        );
        operation["alone"] = Value::Null;
        assert_eq!(
            told("d-7KXD", &operation),
            "d-7KXD awaiting approval\n  ships\n  needs 1 approval by role:lead (wilco.toml:3)"
        );
        operation["needs"][0]["who"] = json!("role:lead (@ana)");
        assert!(
            told("d-7KXD", &operation).ends_with("  needs 1 approval by role:lead (@ana) (wilco.toml:3)")
        );
        operation["needs"][0]["count"] = json!(2);
        operation["needs"][0]["who"] = Value::Null;
        assert!(told("d-7KXD", &operation).ends_with("  needs 2 approvals by role:lead (wilco.toml:3)"));
        operation["needs"][0] =
            json!({ "kind": "confirm", "count": 1, "by": "@ana", "rule": "wilco.toml:4" });
        assert!(told("d-7KXD", &operation).ends_with("  needs confirmation by @ana (wilco.toml:4)"));
    }
}
