//! Why an event goes where it goes, offline: a request is read by its source and judged by the routes and rules.
//!
//! Not a second router: the engine's own judgement is told. Budgets, mutes and what was told before need a running
//! server, which answers `why`. Layer 4.

use std::fmt::Write as _;

use jiff::Timestamp;
use wilco_contract::{
    event::{Event, Level},
    route::Group,
    source::{BadSignature, RawHook, Source, Verified},
};
use wilco_engine::{
    EventSetup,
    route::{Judged, judge, names},
};

/// A request as it stands in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Its headers, the names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads a file: a body alone, or header lines, an empty line and the body. A line such as
    /// `POST /hooks/github HTTP/1.1` may stand first.
    #[must_use]
    pub fn read(file: &[u8]) -> Self {
        let mut headers = Vec::new();
        let mut rest = file;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            rest = &rest[end + 1..];
            if line.is_empty() && !headers.is_empty() {
                return Self { headers, body: rest.to_vec() };
            }
            let text = std::str::from_utf8(line).unwrap_or_default();
            match header(text) {
                Some(header) => headers.push(header),
                None if headers.is_empty() && text.starts_with("POST ") => {}
                None => break,
            }
        }
        // What only looked like headers is a body.
        Self { headers: Vec::new(), body: file.to_vec() }
    }
}

/// A header line: `X-GitHub-Event: push`.
#[must_use]
pub fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let well = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    well.then(|| (name.to_ascii_lowercase(), value.trim().to_owned()))
}

/// What would come of a request.
///
/// # Errors
/// When the source does not take it or cannot read it: why, in a sentence.
pub fn explain(
    setup: &EventSetup,
    source: &dyn Source,
    request: &Request,
    received_at: Timestamp,
) -> Result<String, String> {
    if request.body.len() > source.max_body() {
        let (is, most) = (request.body.len(), source.max_body());
        return Err(format!("The body has {is} bytes, and `{}` takes at most {most}.", source.name()));
    }
    let headers: Vec<(&str, &[u8])> =
        request.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let hook = RawHook { headers: &headers, body: &request.body, received_at };
    let proof = source.verify(&hook);
    let verified = proof.clone().unwrap_or(Verified { signed: false });
    let decoded = source
        .decode(&hook, verified)
        .map_err(|bad| format!("`{}` cannot read this: {}", source.name(), sentence(&bad.0)))?;
    let mut told = format!("{}\n", proven(proof.as_ref()));
    if decoded.events.is_empty() {
        told.push_str("\nNothing happened by it: there is no event in it.\n");
    }
    let payload = serde_json::from_slice(&request.body).ok();
    for event in &decoded.events {
        let judged = judge(setup, event, &names(event, payload.as_ref()));
        told.push('\n');
        told_event(&mut told, event);
        told_routes(&mut told, setup, event, &judged);
        told_places(&mut told, event, &judged);
        told_orders(&mut told, event, &judged);
    }
    Ok(told)
}

fn proven(proof: Result<&Verified, &BadSignature>) -> String {
    match proof {
        Ok(Verified { signed: true }) => "The sender proved who they are.".to_owned(),
        Ok(Verified { signed: false }) => {
            "This source takes requests that nobody proves; they trigger no write.".to_owned()
        }
        Err(bad) => format!("A server would refuse this request: {}", sentence(&bad.to_string())),
    }
}

/// The text with a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn row(told: &mut String, indent: usize, what: &str, text: &str) {
    // Writing into a text cannot fail.
    let _ = writeln!(told, "{:indent$}{what:<width$}{text}", "", width = 10);
}

fn told_event(told: &mut String, event: &Event) {
    let kind = [Some(event.kind.as_str()), event.action.as_deref()];
    let kind = kind.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let _ = writeln!(told, "{kind} from {}", event.source);
    if let Some(object) = &event.object {
        row(told, 2, "object", object.as_str());
    }
    row(told, 2, "level", &level(event.level));
    row(told, 2, "line", &event.line);
    if let Some(head) = &event.head {
        row(told, 2, "then", head);
    }
    if let Some(url) = &event.url {
        row(told, 2, "url", url);
    }
}

fn level(level: Level) -> String {
    match level {
        Level::Off => "off: kept, and told nowhere".to_owned(),
        other => other.as_str().to_owned(),
    }
}

fn told_routes(told: &mut String, setup: &EventSetup, event: &Event, judged: &Judged) {
    told.push_str("  routes\n");
    let notes = |origin: &str| {
        let all = judged.considered.iter().filter(|said| said.rule == origin);
        all.map(|said| said.note.as_str()).collect::<Vec<_>>().join("; ")
    };
    for route in &setup.routes {
        let origin = route.origin.to_string();
        let said = notes(&origin);
        let said = if said.is_empty() { "does not match".to_owned() } else { said };
        let _ = writeln!(told, "    {origin}: {said}");
    }
    let own = setup.sources.iter().find(|rule| rule.source == event.source);
    let own = own.filter(|rule| !rule.to.is_empty());
    let nowhere = "it would go nowhere".to_owned();
    let otherwise = own.map_or(nowhere, |rule| {
        let places: Vec<_> = rule.to.iter().map(ToString::to_string).collect();
        format!("it goes to {} ({})", places.join(", "), rule.origin)
    });
    let _ = writeln!(told, "    where none matches, {otherwise}");
}

fn told_places(told: &mut String, event: &Event, judged: &Judged) {
    told.push_str("  goes to\n");
    if let Some(route) = &judged.dropped_by {
        let _ = writeln!(told, "    no place: {route} drops it");
    } else if judged.targets.is_empty() {
        told.push_str("    no place\n");
    }
    for target in &judged.targets {
        let group = match target.group {
            Group::Within(seconds) => format!("shares a line within {seconds} s"),
            Group::None => "always a post of its own".to_owned(),
        };
        let group = if event.family.is_none() && target.group != Group::None { "" } else { group.as_str() };
        let comma = if group.is_empty() { "" } else { ", " };
        let _ = writeln!(told, "    {}: {}{comma}{group}", target.place, level(target.level));
        if let Some(say) = &target.say {
            let _ = writeln!(told, "      as: {say}");
        }
    }
}

fn told_orders(told: &mut String, event: &Event, judged: &Judged) {
    if judged.orders.is_empty() {
        return;
    }
    told.push_str("  sets off\n");
    for order in &judged.orders {
        let _ = match &order.order {
            Ok(words) => writeln!(told, "    rule:{}: `{words}`", order.rule),
            Err(why) => writeln!(told, "    rule:{}: nothing, as {}", order.rule, sentence(why)),
        };
    }
    if !event.signed {
        told.push_str("    Nobody proved who sent it, so none of these may write.\n");
    }
}
