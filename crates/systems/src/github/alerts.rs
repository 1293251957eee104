//! Alerts about safety: dependencies, code, secrets, advisories.
//!
//! Never a secret's value: the payload's shape has no field for it. Layer 2.

use wilco_contract::event::Level;

use super::{
    payload::{Advisory, Alert, Named},
    telling::Telling,
    words::{fit, name, spaced},
};

/// How loud an alert of this severity is.
fn loudness(severity: &str) -> Level {
    if matches!(severity, "high" | "critical") { Level::Loud } else { Level::Normal }
}

/// An alert, in the words that all kinds have.
struct Alarm<'a> {
    /// What gave it: `dependabot`.
    by: &'a str,
    /// What stands in the object's id.
    sort: &'a str,
    /// What is wrong.
    title: String,
    severity: &'a str,
    /// How loud it is when it is new.
    level: Level,
}

/// Tells an alert that is new, or that came to an end.
fn told(t: &mut Telling<'_>, alert: &Alert<'_>, alarm: &Alarm<'_>) {
    t.event.number = alert.number.0;
    let called =
        alert.number.0.map_or_else(|| alarm.by.to_owned(), |number| format!("{} #{number}", alarm.by));
    let id = alert.number.0.map(|number| number.to_string());
    // The older kind of event has no number at times.
    if let Some(id) = id.or_else(|| alert.id.0.map(|id| format!("id-{id}"))) {
        t.about(&format!("/{}/{id}", alarm.sort), &format!("{} {called}", t.repo));
    }
    t.title(&alarm.title);
    t.url(&alert.html_url);
    t.severity(alarm.severity);
    t.at(&[&alert.updated_at, &alert.dismissed_at, &alert.fixed_at, &alert.created_at]);
    let severity =
        if alarm.severity.is_empty() { String::new() } else { format!(" ({})", name(alarm.severity)) };
    let (repo, who) = (t.repo.clone(), t.who.clone());
    let reason = [&alert.dismissed_reason, &alert.resolution].into_iter().find_map(|text| text.get());
    let reason = reason.map_or_else(String::new, |reason| format!(" as {}", spaced(reason)));
    let action = t.action;
    match action {
        "created" | "create" | "reopened" | "reopened_by_user" | "auto_reopened" | "reintroduced"
        | "appeared_in_branch" | "publicly_leaked" => {
            let again = match action {
                "created" | "create" => String::new(),
                "appeared_in_branch" => " on another branch".to_owned(),
                "publicly_leaked" => " leaked in public".to_owned(),
                _ => " again".to_owned(),
            };
            t.state("open", false);
            if again.is_empty() {
                t.family(&format!("{} alerts", alarm.by));
            }
            let level = if action == "appeared_in_branch" { Level::Thread } else { alarm.level };
            t.say_head(level, fit(&format!("⚠ {repo} {called}{again}:"), &alarm.title, &severity));
        }
        "fixed" | "resolved" | "resolve" | "dismissed" | "dismiss" | "auto_dismissed" | "closed_by_user" => {
            let (done, by) = match action {
                "fixed" => ("fixed", String::new()),
                "auto_dismissed" => ("dismissed", " by a rule".to_owned()),
                "resolved" | "resolve" => ("resolved", format!(" by {who}")),
                _ => ("dismissed", format!(" by {who}")),
            };
            let mark = if done == "dismissed" { "" } else { "✔ " };
            t.state(done, true);
            t.say_head(
                Level::Thread,
                fit(&format!("{mark}{repo} {called} {done}{by}{reason}:"), &alarm.title, &severity),
            );
        }
        _ => {
            let action = t.done();
            t.say(Level::Off, fit(&format!("{repo} {called} {action}:"), &alarm.title, &severity));
        }
    }
}

/// A dependency with a known weakness; the older kind of event is told like the newer.
pub(super) fn dependency(t: &mut Telling<'_>) {
    let Some(alert) = t.body.alert.get() else { return t.plain(Level::Off, "dependency alert", "") };
    let package = alert.dependency.get().and_then(|dependency| dependency.package.get());
    let package = package.map_or(alert.affected_package_name.as_str(), |package| package.name.as_str());
    let advisory = alert.security_advisory.get();
    let weakness = alert.security_vulnerability.get().map(|advisory| &advisory.severity);
    let severities = [weakness, advisory.map(|advisory| &advisory.severity), Some(&alert.severity)];
    let severity = severities.into_iter().flatten().find_map(|severity| severity.get()).unwrap_or("");
    let summary = advisory.map_or(alert.external_identifier.as_str(), |advisory| advisory.summary.as_str());
    let package = if summary.contains(package) { "" } else { package };
    let title = [package, summary].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
    let alarm = Alarm { by: "dependabot", sort: "dependabot", title, severity, level: loudness(severity) };
    told(t, alert, &alarm);
}

/// Something that a scan of the code found.
pub(super) fn scan(t: &mut Telling<'_>) {
    let Some(alert) = t.body.alert.get() else { return t.plain(Level::Off, "code scanning alert", "") };
    let rule = alert.rule.get();
    let severity = rule.and_then(|rule| rule.security_severity_level.get().or(rule.severity.get()));
    let severity = severity.unwrap_or("");
    let title = rule.and_then(|rule| rule.description.get().or(rule.id.get())).unwrap_or("");
    let tool = alert.tool.get().map_or("", Named::called);
    let by = if tool.is_empty() { "code scan".to_owned() } else { name(tool) };
    let title = title.to_owned();
    let alarm = Alarm { by: &by, sort: "code-scanning", title, severity, level: loudness(severity) };
    t.branch(t.body.r#ref.as_str().strip_prefix("refs/heads/").unwrap_or(""));
    told(t, alert, &alarm);
}

/// A secret in the code, by its kind only.
pub(super) fn secret(t: &mut Telling<'_>) {
    let Some(alert) = t.body.alert.get() else { return t.plain(Level::Off, "secret scanning alert", "") };
    let kinds = [&alert.secret_type_display_name, &alert.secret_type];
    let title = kinds.into_iter().find_map(|kind| kind.get()).unwrap_or("a secret").to_owned();
    // One that works, or that everybody can read, does not wait.
    let is_hot = alert.publicly_leaked.0 || alert.validity.is("active") || t.action == "publicly_leaked";
    let level = if is_hot { Level::Loud } else { Level::Normal };
    let severity = if is_hot { "critical" } else { "" };
    told(t, alert, &Alarm { by: "secret", sort: "secret-scanning", title, severity, level });
}

/// An advisory: of the repository itself, or of the world's packages, which no room waits for.
pub(super) fn advisory(t: &mut Telling<'_>, is_own: bool) {
    let given: Option<&Advisory<'_>> =
        if is_own { t.body.repository_advisory.get() } else { t.body.security_advisory.get() };
    let Some(advisory) = given else { return t.plain(Level::Off, "advisory", "") };
    let id = name(advisory.ghsa_id.as_str());
    let severity = name(advisory.severity.as_str());
    t.severity(&severity);
    t.title(advisory.summary.as_str());
    t.url(&advisory.html_url);
    t.at(&[&advisory.updated_at]);
    let after = if severity.is_empty() { severity.clone() } else { format!(" ({severity})") };
    let action = t.done();
    if is_own {
        let (repo, done) = (t.repo.clone(), t.action == "published");
        t.about(&format!("/advisory/{id}"), &format!("{repo} {id}"));
        t.state(&action, done);
        let level = loudness(&severity);
        t.say_head(
            level,
            fit(&format!("⚠ {repo} advisory {id} {action}:"), advisory.summary.as_str(), &after),
        );
    } else {
        t.say(Level::Off, fit(&format!("advisory {id} {action}:"), advisory.summary.as_str(), &after));
    }
}
