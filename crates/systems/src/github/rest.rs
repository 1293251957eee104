//! The other events: the webhook itself, sites, packages, boards, money.
//!
//! Most of it is kept and told nowhere, with a line for whoever looks. Layer 2.

use wilco_contract::event::Level;

use super::{
    payload::Named,
    telling::{Telling, called},
    words::{bare, first_line, fit, list, name, sha, spaced},
};

/// How many kinds of events a line names.
const NAMED_EVENTS: usize = 4;

/// A webhook was set up, or removed.
pub(super) fn hook(t: &mut Telling<'_>, is_ping: bool) {
    let hook = t.body.hook.get();
    let (repo, who) = (t.repo.clone(), t.who.clone());
    if let Some(hook) = hook {
        t.at(&[&hook.updated_at]);
    }
    if is_ping {
        let events = hook.map(|hook| &hook.events);
        let names = events.map_or_else(String::new, |events| {
            let all = events.kept.iter().any(|event| event.is("*"));
            let names = list(events.kept.iter().map(|event| event.as_str()), events.count, NAMED_EVENTS);
            if all { "everything".to_owned() } else { names }
        });
        let names = if names.is_empty() { names } else { format!(", it sends {names}") };
        t.words(&t.body.zen, false);
        t.say(Level::Normal, format!("{repo}: the webhook works{names}"));
    } else {
        t.say(
            Level::Normal,
            format!("⚠ {repo}: webhook {} by {who}, nothing comes from it any more", t.done()),
        );
    }
}

/// A site was built, or could not be.
pub(super) fn page_build(t: &mut Telling<'_>) {
    let Some(build) = t.body.build.get() else { return t.plain(Level::Off, "page build", "") };
    t.at(&[&build.updated_at]);
    let (repo, who) = (t.repo.clone(), t.who.clone());
    if build.status.is("errored") {
        let why = build.error.get().map_or("", |error| error.message.as_str());
        let why = first_line(why, 100);
        let colon = if why.is_empty() { "" } else { ":" };
        t.say(Level::Normal, fit(&format!("✘ {repo} pages could not be built ({who}){colon}"), &why, ""));
    } else {
        let status = spaced(build.status.as_str());
        t.say(Level::Off, format!("{repo} pages {status} by {who}"));
    }
}

pub(super) fn package(t: &mut Telling<'_>) {
    let package = t.body.package.get().or_else(|| t.body.registry_package.get());
    let Some(package) = package else { return t.plain(Level::Off, "package", "") };
    t.url(&package.html_url);
    let called = name(package.name.as_str());
    let version = package.package_version.get().map_or("", |version| version.version.as_str());
    let version = if version.is_empty() { String::new() } else { format!(" {}", name(version)) };
    let sort = spaced(package.package_type.as_str());
    let sort = if sort.is_empty() { sort } else { format!("{sort} ") };
    let line = format!("{}: {sort}package {called}{version} {} by {}", t.repo, t.done(), t.who);
    t.say(Level::Off, line);
}

/// A repository that was brought in from elsewhere.
pub(super) fn import(t: &mut Telling<'_>) {
    let (repo, who, status) = (t.repo.clone(), t.who.clone(), spaced(t.body.status.as_str()));
    let is_bad = matches!(t.body.status.as_str(), "failure" | "cancelled");
    let level = if is_bad { Level::Normal } else { Level::Off };
    let mark = if is_bad { "✘ " } else { "" };
    t.say(level, format!("{mark}{repo} import by {who}: {status}"));
}

/// What waits in a merge queue. Its pull requests tell it.
pub(super) fn merge_group(t: &mut Telling<'_>) {
    let Some(group) = t.body.merge_group.get() else { return t.plain(Level::Off, "merge group", "") };
    let (branch, commit) = (name(bare(group.base_ref.as_str())), sha(group.head_sha.as_str()));
    t.branch(bare(group.base_ref.as_str()));
    t.say(Level::Off, format!("{} {branch} merge queue: {commit} {}", t.repo, t.done()));
}

pub(super) fn sponsorship(t: &mut Telling<'_>) {
    let Some(given) = t.body.sponsorship.get() else { return t.plain(Level::Off, "sponsorship", "") };
    let (from, to) = (called(&given.sponsor), called(&given.sponsorable));
    let tier = called(&given.tier);
    let tier = if tier.is_empty() { tier } else { format!(" ({tier})") };
    t.say(Level::Off, format!("sponsorship of {to} by {from}{tier}: {}", t.done()));
}

/// What is known by name and needs no words of its own.
pub(super) fn other(t: &mut Telling<'_>, kind: &str) {
    let body = t.body;
    let titled = |part: Option<&Named<'_>>| part.map_or_else(String::new, |part| part.called().to_owned());
    let (thing, title) = match kind {
        "label" => ("label", titled(body.label.get())),
        "milestone" => ("milestone", titled(body.milestone.get())),
        "team_add" => {
            // `team` says the same, with who did it and what may be done.
            let team = titled(body.team.get());
            let line = fit(&format!("{}: team", t.repo), &team, " added");
            return t.say(Level::Off, line);
        }
        "project" => ("project", titled(body.project.get())),
        "project_column" => ("project column", titled(body.project_column.get())),
        "project_card" => ("project card", String::new()),
        "projects_v2" => ("project", titled(body.projects_v2.get())),
        "projects_v2_item" => {
            let item = body.projects_v2_item.get().map_or("", |item| item.content_type.as_str());
            let item = match item {
                "Issue" => "project item (issue)",
                "PullRequest" => "project item (pull request)",
                "DraftIssue" => "project item (draft)",
                _ => "project item",
            };
            (item, String::new())
        }
        "repository_dispatch" => {
            let line = format!("{}: dispatch \"{}\" by {}", t.repo, name(t.action), t.who);
            return t.say(Level::Off, line);
        }
        "workflow_dispatch" => {
            let branch = name(bare(body.r#ref.as_str()));
            t.branch(bare(body.r#ref.as_str()));
            let line = format!("{} {branch}: workflow started by {}", t.repo, t.who);
            return t.say(Level::Off, line);
        }
        "github_app_authorization" => {
            let line = format!("authorization of the app {} by {}", t.done(), t.who);
            return t.say(Level::Off, line);
        }
        "marketplace_purchase" => {
            let purchase = body.marketplace_purchase.get();
            let (account, plan) = purchase
                .map(|purchase| (called(&purchase.account), called(&purchase.plan)))
                .unwrap_or_default();
            return t.say(Level::Off, format!("marketplace: {account} {} {plan}", t.done()));
        }
        "security_and_analysis" => {
            let line = format!("{} changed the safety settings of {}", t.who, t.repo);
            return t.say(Level::Normal, line);
        }
        "secret_scanning_alert_location" => ("place of a secret scanning alert", String::new()),
        "secret_scanning_scan" => ("secret scan", String::new()),
        "custom_property" | "custom_property_values" => ("custom property", String::new()),
        "sub_issues" => ("sub-issue", String::new()),
        "issue_dependencies" => ("dependency of an issue", String::new()),
        _ => return,
    };
    t.plain(Level::Off, thing, &title);
}
