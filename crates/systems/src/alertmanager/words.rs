//! What people read of alerts: the line of one, and the line of its group.
//!
//! Not where it goes, nor whether it was told before. Layer 2.

use jiff::{SignedDuration, Timestamp};
use wilco_contract::event::{MAX_LINE, one_line};

use super::payload::{Alert, Notification, RESOLVED, Texts};

/// Which labels say what an alert is about: the first that is there does.
const SUBJECT: [&str; 9] =
    ["instance", "pod", "host", "node", "service", "job", "app", "deployment", "namespace"];
/// Which labels say where that is: the first of each row that is there.
const SCOPE: [&[&str]; 2] = [&["env", "environment", "stage"], &["cluster", "region", "datacenter", "dc"]];
/// Which annotations say in a line what is wrong.
const SUMMARY: [&str; 3] = ["summary", "message", "title"];
/// How long a part of a line may be, in characters, so that one part leaves room for the others.
const PART: usize = 60;

/// An alert's own name.
pub(super) fn name<'a>(alert: &'a Alert, of: &'a Notification) -> &'a str {
    let labels = [&alert.labels, &of.common_labels, &of.group_labels];
    labels.iter().find_map(|labels| given(labels, "alertname")).unwrap_or("alert")
}

/// How bad an alert is, in the rule's word.
pub(super) fn severity<'a>(alert: &'a Alert, of: &'a Notification) -> Option<&'a str> {
    given(&alert.labels, "severity").or_else(|| given(&of.common_labels, "severity"))
}

/// Whether somebody should look at once.
pub(super) fn is_urgent(severity: &str) -> bool {
    matches!(severity.to_ascii_lowercase().as_str(), "critical" | "crit" | "page" | "emergency")
}

/// The name that the alerts of a group share, or that of the first.
pub(super) fn group_name(of: &Notification) -> &str {
    let labels = [&of.group_labels, &of.common_labels];
    let shared = labels.iter().find_map(|labels| given(labels, "alertname"));
    shared.unwrap_or_else(|| of.alerts.first().map_or("alert", |alert| name(alert, of)))
}

/// What an alert did: `firing: HighLatency api-3 (prod-eu): p99 2.3 s`, `resolved: HighLatency api-3 after 14 min`.
pub(super) fn line(alert: &Alert, of: &Notification) -> String {
    let subject = subject(&[&alert.labels, &of.common_labels]);
    let what = joined(&[&one_line(name(alert, of), PART), subject.as_deref().unwrap_or("")]);
    let said = if alert.is_firing() {
        let scope = scope(&[&alert.labels, &of.common_labels]);
        let summary = summary(alert).map(|text| format!(": {text}")).unwrap_or_default();
        format!("firing: {what}{scope}{summary}")
    } else {
        let after = lasted(alert.began(), alert.ended()).map(|time| format!(" after {time}"));
        format!("resolved: {what}{}", after.unwrap_or_default())
    };
    one_line(&said, MAX_LINE)
}

/// How a group stands: `CRIT HighLatency api (prod-eu): 3 firing, 1 resolved — p99 2.3 s`.
pub(super) fn head(of: &Notification, left_out: u64) -> String {
    let firing = of.alerts.iter().filter(|alert| alert.is_firing()).count();
    let over = of.alerts.len() - firing;
    // What the group was made by stays the same as its alerts come and go, so it is asked first.
    let subject = subject(&[&of.group_labels, &of.common_labels]);
    let name = one_line(group_name(of), PART);
    let scope = scope(&[&of.group_labels, &of.common_labels]);
    let what = format!("{}{scope}", joined(&[&name, subject.as_deref().unwrap_or("")]));
    let more = if left_out > 0 { format!(" and {left_out} more") } else { String::new() };
    let said = if is_over(of) {
        let began = of.alerts.iter().filter_map(Alert::began).min();
        let after = lasted(began, of.alerts.iter().filter_map(Alert::ended).max());
        let after = after.map(|time| format!(" after {time}")).unwrap_or_default();
        let count = if over > 1 || left_out > 0 { format!(", {}", counted(over)) } else { String::new() };
        format!("{what}: resolved{after}{count}{more}")
    } else {
        let mark = worst(of).map(|severity| format!("{} ", mark(severity))).unwrap_or_default();
        let over = if over > 0 { format!(", {over} resolved") } else { String::new() };
        let summary = shared_summary(of).map(|text| format!(" — {text}")).unwrap_or_default();
        format!("{mark}{what}: {firing} firing{over}{more}{summary}")
    };
    one_line(&said, MAX_LINE)
}

/// Whether all of a group is over.
pub(super) fn is_over(of: &Notification) -> bool {
    match of.status.as_str() {
        RESOLVED => true,
        "firing" => false,
        _ => of.alerts.iter().all(|alert| !alert.is_firing()),
    }
}

/// What is wrong, in a line.
pub(super) fn summary(alert: &Alert) -> Option<String> {
    SUMMARY.iter().find_map(|name| given(&alert.annotations, name)).map(|text| one_line(text, MAX_LINE))
}

/// What is wrong with all of them; with one that fires, it is what is wrong with that one.
fn shared_summary(of: &Notification) -> Option<String> {
    let mut firing = of.alerts.iter().filter(|alert| alert.is_firing());
    let shared = SUMMARY.iter().find_map(|name| given(&of.common_annotations, name));
    match (shared, firing.next(), firing.next()) {
        (Some(text), ..) => Some(one_line(text, MAX_LINE)),
        (None, Some(only), None) => summary(only),
        _ => None,
    }
}

/// The severity of the worst that fires.
fn worst(of: &Notification) -> Option<&str> {
    let rank = |severity: &&str| match severity.to_ascii_lowercase().as_str() {
        word if is_urgent(word) => 3,
        "error" | "high" | "major" => 2,
        "warning" | "warn" | "medium" | "minor" => 1,
        _ => 0,
    };
    let firing = of.alerts.iter().filter(|alert| alert.is_firing());
    firing.filter_map(|alert| severity(alert, of)).max_by_key(rank)
}

fn mark(severity: &str) -> String {
    match severity.to_ascii_lowercase().as_str() {
        "critical" | "crit" => "CRIT".to_owned(),
        "warning" | "warn" => "WARN".to_owned(),
        other => one_line(other, 12).to_uppercase(),
    }
}

fn subject(labels: &[&Texts]) -> Option<String> {
    let found = labels.iter().find_map(|labels| SUBJECT.iter().find_map(|name| given(labels, name)));
    found.map(|text| one_line(text, PART))
}

/// Where it is, in brackets, with a space in front; nothing where no label says it.
fn scope(labels: &[&Texts]) -> String {
    let first =
        |names: &&[&str]| names.iter().find_map(|name| labels.iter().find_map(|labels| given(labels, name)));
    let mut parts: Vec<String> = SCOPE.iter().filter_map(first).map(|text| one_line(text, 30)).collect();
    parts.dedup();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

fn given<'a>(texts: &'a Texts, name: &str) -> Option<&'a str> {
    texts.get(name).map(String::as_str).filter(|text| !text.trim().is_empty())
}

fn joined(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

fn counted(alerts: usize) -> String {
    if alerts == 1 { "1 alert".to_owned() } else { format!("{alerts} alerts") }
}

/// How long something lasted, as people say it: `45 s`, `14 min`, `3 h 5 min`, `2 d 4 h`.
fn lasted(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<String> {
    let span: SignedDuration = to?.duration_since(from?);
    let seconds = u64::try_from(span.as_secs()).ok()?;
    let pair = |whole: u64, unit: &str, rest: u64, small: &str| {
        if rest == 0 { format!("{whole} {unit}") } else { format!("{whole} {unit} {rest} {small}") }
    };
    Some(match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => pair(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_said_as_people_say_it() {
        let from = Timestamp::from_second(1_000_000).ok();
        let said = |seconds: i64| lasted(from, Timestamp::from_second(1_000_000 + seconds).ok());
        let cases = [(0, "0 s"), (59, "59 s"), (840, "14 min"), (3_600, "1 h"), (11_100, "3 h 5 min")];
        for (seconds, words) in cases.into_iter().chain([(86_400, "1 d"), (187_200, "2 d 4 h")]) {
            assert_eq!(said(seconds).as_deref(), Some(words));
        }
        assert_eq!((said(-1), lasted(None, from)), (None, None));
    }
}
