//! Alertmanager as a source: each alert of a notification is an event, and their group is the object.
//!
//! Not a judgement on alerts: what is grouped, held back or repeated is Alertmanager's own business, and what it repeats
//! is known by its id. Layer 2.

mod payload;
mod words;

use std::collections::BTreeSet;

use jiff::Timestamp;
use wilco_contract::{
    event::{Event, Labels, Level, MAX_FIELD, MAX_LABELS, MAX_WORDS, one_line, some_lines, web_address},
    ids::{Hash, ObjectId, SourceName},
    source::{BadPayload, BadSignature, Decoded, RawHook, Secret, Source, Verified},
};

use self::payload::{Alert, Notification};
use crate::proof;

/// The longest notification, in bytes: what Alertmanager cuts into alerts of a kilobyte is a thousand of them.
const MAX_BODY: usize = 1 << 20;
/// The most alerts of a notification that become events; the others are counted.
const MAX_ALERTS: usize = 5_000;
/// The longest group key that stands in an object's name as it is, in bytes.
const MAX_KEY: usize = 200;

/// The source.
#[derive(Debug, Clone)]
pub struct AlertmanagerSource {
    name: SourceName,
    secrets: Vec<Secret>,
}

impl AlertmanagerSource {
    /// A source of this name. Without secrets it takes requests from anybody.
    #[must_use]
    pub fn new(name: SourceName, secrets: Vec<Secret>) -> Self {
        Self { name, secrets }
    }
}

impl Source for AlertmanagerSource {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "alertmanager"
    }

    fn max_body(&self) -> usize {
        MAX_BODY
    }

    fn is_signed(&self) -> bool {
        !self.secrets.is_empty()
    }

    fn verify(&self, hook: &RawHook<'_>) -> Result<Verified, BadSignature> {
        if !self.is_signed() {
            return Ok(Verified { signed: false });
        }
        let Some(given) = hook.header("authorization") else {
            let what = "There is no header `Authorization`. Set `http_config.authorization.credentials` of the \
                        receiver in Alertmanager to the source's secret.";
            return Err(BadSignature::Missing(what.to_owned()));
        };
        let token = proof::bearer(given).map(|token| token.as_bytes().to_vec());
        let proven = token.or_else(|| proof::password(given));
        if proven.is_some_and(|given| proof::is_one_of(&given, &self.secrets)) {
            return Ok(Verified { signed: true });
        }
        let what = "What stands in `Authorization` is none of the source's secrets. Compare \
                    `http_config.authorization.credentials` of the receiver in Alertmanager with `wilco.toml`.";
        Err(BadSignature::Wrong(what.to_owned()))
    }

    fn decode(&self, hook: &RawHook<'_>, verified: Verified) -> Result<Decoded, BadPayload> {
        let read = serde_json::from_slice(hook.body);
        // What is wrong may quote the notification, however long that is.
        let mut notification: Notification = read.map_err(|error: serde_json::Error| {
            let what = one_line(&error.to_string(), MAX_FIELD);
            BadPayload(format!("This is no notification of Alertmanager: {what}."))
        })?;
        is_readable(&notification)?;
        let beyond = notification.alerts.len().saturating_sub(MAX_ALERTS);
        notification.alerts.truncate(MAX_ALERTS);
        let left_out =
            notification.truncated_alerts.saturating_add(u64::try_from(beyond).unwrap_or(u64::MAX));
        Ok(Decoded { events: self.events(&notification, left_out, hook.received_at, verified) })
    }
}

fn is_readable(notification: &Notification) -> Result<(), BadPayload> {
    match notification.version.as_str() {
        "4" => {}
        "" => {
            let what = "This is no notification of Alertmanager: it has no `version`. Point a receiver's \
                        `webhook_configs` here, or use a source of the kind `generic` for other senders.";
            return Err(BadPayload(what.to_owned()));
        }
        other => {
            return Err(BadPayload(format!(
                "Version `{}` of the webhook is not known, only `4`, which Alertmanager sends since 0.6. Use a source \
                 of the kind `generic` for other senders.",
                one_line(other, 20)
            )));
        }
    }
    if notification.alerts.is_empty() {
        let what = "The notification has no alerts, so it says nothing. Alertmanager sends at least one.";
        return Err(BadPayload(what.to_owned()));
    }
    Ok(())
}

impl AlertmanagerSource {
    /// An event for each alert, in the order in which it happened. All say the same of their group.
    fn events(
        &self,
        notification: &Notification,
        left_out: u64,
        received_at: Timestamp,
        verified: Verified,
    ) -> Vec<Event> {
        let key = group_key(notification);
        let over = words::is_over(notification);
        let group = Group {
            object: self.object(&key),
            key,
            head: words::head(notification, left_out),
            reference: one_line(words::group_name(notification), MAX_FIELD),
            state: if over { payload::RESOLVED } else { "firing" },
            over,
        };
        let mut known = BTreeSet::new();
        let mut events = Vec::with_capacity(notification.alerts.len());
        for alert in &notification.alerts {
            let id = id(&group.key, alert);
            if known.insert(id) {
                let began = Event::new(self.name.clone(), id.to_string(), "alert", at(alert, received_at));
                events.push(Event { signed: verified.signed, ..event(began, alert, notification, &group) });
            }
        }
        events.sort_by_key(|event| event.at);
        events
    }

    fn object(&self, key: &str) -> Option<ObjectId> {
        let plain = key.len() <= MAX_KEY && key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        let hashed = || Hash::of(key.as_bytes()).to_string();
        let thing = if plain { key.to_owned() } else { hashed() };
        ObjectId::parse(&format!("{}:{thing}", self.name)).ok()
    }
}

/// What all events of a notification share.
struct Group {
    object: Option<ObjectId>,
    key: String,
    head: String,
    reference: String,
    state: &'static str,
    over: bool,
}

fn event(event: Event, alert: &Alert, of: &Notification, group: &Group) -> Event {
    let severity = words::severity(alert, of);
    let summary = words::summary(alert);
    let description = alert.annotations.get("description").filter(|text| !text.trim().is_empty());
    let text = description.map(String::as_str).or(summary.as_deref());
    let text = text.map(|text| some_lines(text, MAX_WORDS)).filter(|text| !text.is_empty());
    let status = if alert.is_firing() { "firing" } else { payload::RESOLVED };
    Event {
        action: Some(status.to_owned()),
        done: group.over,
        head: Some(group.head.clone()),
        labels: labels(alert),
        level: if severity.is_some_and(words::is_urgent) { Level::Loud } else { Level::Normal },
        line: words::line(alert, of),
        object: group.object.clone(),
        // Alerts of a group have an order of their own each.
        part: Some(one_line(&alert.fingerprint, MAX_FIELD)).filter(|part| !part.is_empty()),
        // The line has the summary already.
        quote: alert.is_firing() && text.is_some() && text != summary,
        reference: Some(group.reference.clone()),
        severity: severity.map(|text| one_line(text, MAX_FIELD)),
        state: Some(group.state.to_owned()),
        text,
        title: Some(one_line(words::name(alert, of), MAX_FIELD)),
        url: web_address(&alert.generator_url).or_else(|| web_address(&of.external_url)),
        ..event
    }
}

/// When an alert did what it did; nothing happens after it was told.
fn at(alert: &Alert, received_at: Timestamp) -> Timestamp {
    let said = if alert.is_firing() { alert.began() } else { alert.ended() };
    said.unwrap_or(received_at).min(received_at)
}

/// What an alert's repeats have in common.
fn id(group: &str, alert: &Alert) -> Hash {
    let status = if alert.is_firing() { "firing" } else { payload::RESOLVED };
    let labels = if alert.fingerprint.is_empty() { format!("{:?}", alert.labels) } else { String::new() };
    let mut told = Vec::new();
    for part in [group, &alert.fingerprint, &labels, status, &alert.starts_at] {
        told.extend_from_slice(&part.len().to_le_bytes());
        told.extend_from_slice(part.as_bytes());
    }
    Hash::of(&told)
}

/// The key of the group; where there is none, what the group was made by.
fn group_key(of: &Notification) -> String {
    if of.group_key.is_empty() {
        format!("{}:{:?}", of.receiver, of.group_labels)
    } else {
        of.group_key.clone()
    }
}

fn labels(alert: &Alert) -> Labels {
    let fit = alert.labels.iter().filter(|(name, _)| {
        (1..=MAX_FIELD).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let read = fit.map(|(name, value)| (name.clone(), one_line(value, MAX_FIELD)));
    Labels::Values(read.take(MAX_LABELS).collect())
}
