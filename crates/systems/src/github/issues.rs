//! Issues, their comments, and discussions.
//!
//! Comments on pull requests are here as well, as GitHub sends them as comments on issues. Layer 2.

use wilco_contract::event::Level;

use super::{
    lenient::Part,
    payload::{Comment, Item},
    pulls,
    telling::{Telling, called},
    words::{fit, list, name, said, short},
};

/// How much of a comment stands in its line.
const MAX_SAID: usize = 160;
/// How many labels a line names.
const NAMED_LABELS: usize = 3;

/// Sets what all events about an issue have, and says how people call it.
fn about(t: &mut Telling<'_>, issue: &Item<'_>) -> String {
    let reference = t.about_number(issue.number);
    t.title(issue.title.as_str());
    t.url(&issue.html_url);
    t.at(&[&issue.updated_at]);
    t.labels(&issue.labels);
    reference
}

/// An issue's labels: ` · bug, p1`.
fn labels(issue: &Item<'_>) -> String {
    let names = issue.labels.kept.iter().filter_map(Part::get).map(|label| label.called());
    let names = list(names, issue.labels.count, NAMED_LABELS);
    if names.is_empty() { names } else { format!(" · {names}") }
}

/// An open issue's own line.
fn head(issue: &Item<'_>, reference: &str) -> Option<String> {
    issue.title.get()?;
    let author = called(&issue.user);
    let author = if author.is_empty() { author } else { format!(" — {author}") };
    Some(fit(&format!("Issue {reference}"), issue.title.as_str(), &format!("{author}{}", labels(issue))))
}

pub(super) fn issue(t: &mut Telling<'_>) {
    let Some(issue) = t.body.issue.get() else { return t.plain(Level::Off, "issue", "") };
    let reference = about(t, issue);
    let who = t.who.clone();
    let told = |rest: String| fit(&format!("Issue {reference}"), issue.title.as_str(), &format!(" — {rest}"));
    if issue.state.is("open") {
        t.event.head = head(issue, &reference);
    }
    match t.action {
        "opened" => {
            t.state("open", false);
            t.family("issues opened");
            t.words(&issue.body, true);
            let line = t.event.head.clone().unwrap_or_else(|| told(format!("opened by {who}")));
            t.say(Level::Normal, line);
        }
        "closed" => {
            let why = match issue.state_reason.as_str() {
                "not_planned" => " as not planned",
                "duplicate" => " as a duplicate",
                _ => "",
            };
            t.state("closed", true);
            t.say_head(Level::Normal, told(format!("closed{why} by {who}")));
        }
        "reopened" => {
            t.state("open", false);
            t.say(Level::Normal, told(format!("reopened by {who}")));
        }
        "deleted" => {
            t.state("deleted", true);
            t.say_head(Level::Normal, told(format!("deleted by {who}")));
        }
        "transferred" => {
            let changes = t.body.changes.get();
            let repo = changes.and_then(|changes| changes.new_repository.get());
            let to = name(repo.map_or("", |repo| repo.full_name.as_str()));
            let number = changes.and_then(|changes| changes.new_issue.get()).and_then(|issue| issue.number.0);
            let to = match (to.as_str(), number) {
                ("", _) => String::new(),
                (_, None) => format!(" to {to}"),
                (_, Some(number)) => format!(" to {to}#{number}"),
            };
            t.state("transferred", true);
            t.say_head(Level::Normal, told(format!("moved{to} by {who}")));
        }
        "labeled" | "unlabeled" => pulls::labelled(t, &reference, "issues"),
        "assigned" | "unassigned" => pulls::assigned(t, &reference),
        "edited" => t.say(Level::Off, told(format!("edited by {who}"))),
        "milestoned" | "demilestoned" => {
            let milestone = called(&t.body.milestone);
            let milestone = if milestone.is_empty() { "its milestone".into() } else { milestone };
            let line = match t.action {
                "milestoned" => format!("{who} put {reference} into {milestone}"),
                _ => format!("{who} took {reference} out of {milestone}"),
            };
            t.say(Level::Off, line);
        }
        _ => {
            let line = format!("{reference} {} by {who}", t.done());
            t.say(Level::Off, line);
        }
    }
}

/// Tells a comment on an issue, a pull request or a discussion.
fn commented(t: &mut Telling<'_>, comment: &Comment<'_>, reference: &str, level: Level) {
    t.url(&comment.html_url);
    t.at(&[&comment.updated_at, &comment.created_at]);
    if t.action == "created" {
        let words = short(comment.body.as_str(), MAX_SAID);
        t.words(&comment.body, words.ends_with('…'));
        let line = format!("{} on {reference}{}", t.who, said(&words));
        t.say(level, line);
    } else {
        let line = format!("comment on {reference} {} by {}", t.done(), t.who);
        t.say(Level::Off, line);
    }
}

pub(super) fn comment(t: &mut Telling<'_>) {
    let body = t.body;
    let (Some(issue), Some(comment)) = (body.issue.get(), body.comment.get()) else {
        return t.plain(Level::Off, "comment", "");
    };
    let reference = about(t, issue);
    commented(t, comment, &reference, Level::Thread);
}

pub(super) fn discussion(t: &mut Telling<'_>) {
    let Some(discussion) = t.body.discussion.get() else { return t.plain(Level::Off, "discussion", "") };
    let reference = about(t, discussion);
    let who = t.who.clone();
    let category = called(&discussion.category);
    let told = |rest: String| {
        fit(&format!("Discussion {reference}"), discussion.title.as_str(), &format!(" — {rest}"))
    };
    let line = match t.action {
        "created" => {
            t.state("open", false);
            t.words(&discussion.body, true);
            t.family("discussions begun");
            let category = if category.is_empty() { category } else { format!(" · {category}") };
            let line = told(format!("{who}{category}"));
            t.event.head = Some(line.clone());
            line
        }
        "closed" | "deleted" => {
            t.event.done = true;
            t.event.state = Some(t.action.to_owned());
            told(format!("{} by {who}", t.action))
        }
        "labeled" | "unlabeled" => {
            let label = called(&t.body.label);
            let done = if t.action == "labeled" { "labelled" } else { "no longer labelled" };
            told(format!("{done} {label} by {who}"))
        }
        "transferred" => {
            let changes = t.body.changes.get().and_then(|changes| changes.new_repository.get());
            let to = name(changes.map_or("", |repo| repo.full_name.as_str()));
            if to.is_empty() {
                told(format!("moved by {who}"))
            } else {
                told(format!("moved to {to} by {who}"))
            }
        }
        "category_changed" if !category.is_empty() => told(format!("moved to {category} by {who}")),
        _ => told(format!("{} by {who}", t.done())),
    };
    t.say(Level::Off, line);
}

pub(super) fn discussion_comment(t: &mut Telling<'_>) {
    let body = t.body;
    let (Some(discussion), Some(comment)) = (body.discussion.get(), body.comment.get()) else {
        return t.plain(Level::Off, "discussion comment", "");
    };
    let reference = about(t, discussion);
    commented(t, comment, &reference, Level::Off);
}
