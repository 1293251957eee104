//! Pull requests: their one line, and what is said and decided about them.
//!
//! Not the comments on the whole of one: GitHub sends those as `issue_comment`. Layer 2.

use wilco_contract::event::Level;

use super::{
    lenient::{Number, Part},
    payload::Item,
    telling::{Telling, between, called},
    words::{count, first_line, fit, lasting, list, name, said, short, spaced},
};

/// How many of those who are asked to look a line names.
const NAMED_REVIEWERS: usize = 3;
/// How much of a review's words stands in its line.
const MAX_SAID: usize = 120;

/// Sets what all events about a pull request have, and says how people call it.
fn about(t: &mut Telling<'_>, pull: &Item<'_>) -> String {
    let reference = t.about_number(pull.number);
    t.title(pull.title.as_str());
    t.url(&pull.html_url);
    t.at(&[&pull.updated_at]);
    t.labels(&pull.labels);
    if let Some(base) = pull.base.get() {
        t.branch(base.r#ref.as_str());
    }
    reference
}

/// What it changes: ` · +40 −12 in 3 files`.
fn size(pull: &Item<'_>) -> String {
    let (Number(Some(added)), Number(Some(removed)), Number(Some(files))) =
        (pull.additions, pull.deletions, pull.changed_files)
    else {
        return String::new();
    };
    let files = count(usize::try_from(files).unwrap_or(usize::MAX), "file");
    format!(" · +{added} −{removed} in {files}")
}

/// Who is asked to look at it: ` · asks bo`.
fn asks(pull: &Item<'_>) -> String {
    let (people, teams) = (&pull.requested_reviewers, &pull.requested_teams);
    let named = people.kept.iter().chain(&teams.kept).filter_map(Part::get).map(|one| one.called());
    let asked = list(named, people.count + teams.count, NAMED_REVIEWERS);
    if asked.is_empty() { asked } else { format!(" · asks {asked}") }
}

/// How many commits it has, where there are several.
fn commits(pull: &Item<'_>) -> String {
    match pull.commits.0 {
        Some(number) if number > 1 => format!(" · {number} commits"),
        _ => String::new(),
    }
}

/// Its own line, where the payload says enough for it: one within an event about something else says less.
fn head(pull: &Item<'_>, reference: &str) -> Option<String> {
    pull.additions.0?;
    pull.title.get()?;
    let draft = if pull.draft.0 { "Draft PR" } else { "PR" };
    let before = format!("{draft} {reference}");
    let after = match (pull.state.as_str(), pull.merged.0) {
        (_, true) => {
            let by = called(&pull.merged_by);
            let by = if by.is_empty() { by } else { format!(" by {by}") };
            format!(" — merged{by}{}", size(pull))
        }
        // Who closed it stands only in the event that closed it.
        ("closed", false) => return None,
        _ => format!(" — {}{}{}{}", called(&pull.user), size(pull), commits(pull), asks(pull)),
    };
    Some(fit(&before, pull.title.as_str(), &after))
}

pub(super) fn pull_request(t: &mut Telling<'_>) {
    let Some(pull) = t.body.pull_request.get() else { return t.plain(Level::Off, "pull request", "") };
    let reference = about(t, pull);
    t.event.head = head(pull, &reference);
    let who = t.who.clone();
    let told = |rest: String| fit(&format!("PR {reference}"), pull.title.as_str(), &format!(" — {rest}"));
    match t.action {
        "opened" | "ready_for_review" => {
            t.state("open", false);
            t.words(&pull.body, t.action == "opened");
            if t.action == "opened" {
                t.family("pull requests opened");
                let opened = t.event.head.clone().unwrap_or_else(|| told(format!("opened by {who}")));
                t.say(Level::Normal, opened);
            } else {
                t.say(Level::Normal, told(format!("ready for review, by {who}{}{}", size(pull), asks(pull))));
            }
        }
        "closed" if pull.merged.0 => {
            let took = between(&pull.created_at, pull.merged_at.get().or_else(|| pull.closed_at.get()));
            let took = took.map_or_else(String::new, |took| format!(" after {}", lasting(took)));
            t.state("merged", true);
            t.say_head(Level::Normal, told(format!("merged by {who}{took}")));
        }
        "closed" => {
            t.state("closed", true);
            t.say_head(Level::Normal, told(format!("closed unmerged by {who}")));
        }
        "reopened" => {
            t.state("open", false);
            t.say(Level::Normal, told(format!("reopened by {who}")));
        }
        "synchronize" => t.say(Level::Off, told(format!("changed by {who}{}{}", size(pull), commits(pull)))),
        "edited" => t.say(Level::Off, told(format!("edited by {who}"))),
        "converted_to_draft" => t.say(Level::Thread, format!("{who} made {reference} a draft")),
        "review_requested" | "review_request_removed" => {
            let asked = [called(&t.body.requested_reviewer), called(&t.body.requested_team)];
            let asked =
                asked.into_iter().find(|asked| !asked.is_empty()).unwrap_or_else(|| "somebody".into());
            let line = if t.action == "review_requested" {
                format!("{who} asks {asked} to review {reference}")
            } else {
                format!("{who} no longer asks {asked} to review {reference}")
            };
            t.say(Level::Thread, line);
        }
        "assigned" | "unassigned" => assigned(t, &reference),
        "labeled" | "unlabeled" => labelled(t, &reference, "pull requests"),
        "auto_merge_enabled" => t.say(Level::Thread, format!("{who} lets {reference} merge when all is met")),
        "auto_merge_disabled" => {
            let why = reason(t);
            t.say(Level::Thread, format!("{reference} no longer merges by itself, by {who}{why}"));
        }
        "enqueued" => t.say(Level::Thread, format!("{reference} is in the merge queue, by {who}")),
        "dequeued" => {
            let why = reason(t);
            t.say(Level::Thread, format!("{reference} left the merge queue{why}"));
        }
        _ => {
            let line = format!("{reference} {} by {who}", t.done());
            t.say(Level::Off, line);
        }
    }
}

/// Why something was done, where the payload says it.
fn reason(t: &Telling<'_>) -> String {
    t.body.reason.get().map_or_else(String::new, |reason| format!(": {}", spaced(reason).to_lowercase()))
}

/// Somebody was given an issue or pull request, or relieved of it.
pub(super) fn assigned(t: &mut Telling<'_>, reference: &str) {
    let whom = called(&t.body.assignee);
    let is_own = whom == t.who;
    let line = match (t.action, whom.as_str()) {
        ("assigned", "") => format!("{reference} assigned by {}", t.who),
        ("assigned", _) if is_own => format!("{whom} took {reference}"),
        ("assigned", _) => format!("{} assigned {reference} to {whom}", t.who),
        (_, "") => format!("{reference} unassigned by {}", t.who),
        _ if is_own => format!("{whom} gave {reference} back"),
        _ => format!("{} took {reference} from {whom}", t.who),
    };
    t.say(Level::Thread, line);
}

/// A label was put on an issue or pull request, or taken off.
pub(super) fn labelled(t: &mut Telling<'_>, reference: &str, things: &str) {
    let label = called(&t.body.label);
    let label = if label.is_empty() { "a label".to_owned() } else { label };
    if t.action == "labeled" {
        t.family(&format!("{things} labelled {label}"));
        t.say(Level::Thread, format!("{} labelled {reference}: {label}", t.who));
    } else {
        t.say(Level::Thread, format!("{} took the label off {reference}: {label}", t.who));
    }
}

pub(super) fn review(t: &mut Telling<'_>) {
    let body = t.body;
    let (Some(review), Some(pull)) = (body.review.get(), body.pull_request.get()) else {
        return t.plain(Level::Off, "review", "");
    };
    let reference = about(t, pull);
    t.url(&review.html_url);
    t.at(&[&review.submitted_at, &pull.updated_at]);
    let who = t.who.clone();
    let words = said(&short(review.body.as_str(), MAX_SAID));
    let is_long = review.body.as_str().trim().chars().count() > MAX_SAID;
    match t.action {
        "submitted" => {
            t.words(&review.body, is_long);
            match review.state.as_str() {
                "approved" => t.say(Level::Thread, format!("✔ {who} approved {reference}{words}")),
                "changes_requested" => {
                    t.say(Level::Thread, format!("✋ {who} wants changes on {reference}{words}"));
                }
                // Comments on lines come one by one, and make an empty review around them.
                _ if words.is_empty() => t.say(Level::Off, format!("{who} reviewed {reference}")),
                _ => t.say(Level::Thread, format!("{who} reviewed {reference}{words}")),
            }
        }
        "dismissed" => {
            let whose = called(&review.user);
            let whose = match whose.as_str() {
                "" => "a".to_owned(),
                _ if whose == who => "their own".to_owned(),
                _ => format!("{whose}'s"),
            };
            t.say(Level::Thread, format!("{who} dismissed {whose} review of {reference}"));
        }
        _ => {
            let line = format!("review of {reference} {} by {who}", t.done());
            t.say(Level::Off, line);
        }
    }
}

pub(super) fn review_comment(t: &mut Telling<'_>) {
    let body = t.body;
    let (Some(comment), Some(pull)) = (body.comment.get(), body.pull_request.get()) else {
        return t.plain(Level::Off, "review comment", "");
    };
    let reference = about(t, pull);
    t.url(&comment.html_url);
    t.at(&[&comment.updated_at, &comment.created_at]);
    let file = name(comment.path.as_str().rsplit('/').next().unwrap_or(""));
    let place = if file.is_empty() { String::new() } else { format!(", {file}") };
    let who = t.who.clone();
    if t.action == "created" {
        let words = short(comment.body.as_str(), MAX_SAID);
        t.words(&comment.body, words.ends_with('…'));
        t.say(Level::Thread, format!("{who} on {reference}{place}{}", said(&words)));
    } else {
        let line = format!("comment on {reference}{place} {} by {who}", t.done());
        t.say(Level::Off, line);
    }
}

pub(super) fn review_thread(t: &mut Telling<'_>) {
    let Some(pull) = t.body.pull_request.get() else { return t.plain(Level::Off, "review thread", "") };
    let reference = about(t, pull);
    let line = match t.action {
        "resolved" => format!("{} resolved a review thread of {reference}", t.who),
        "unresolved" => format!("{} reopened a review thread of {reference}", t.who),
        _ => format!("review thread of {reference} {} by {}", t.done(), t.who),
    };
    t.say(Level::Thread, line);
}

/// The first line of a commit's message, in quotes.
pub(super) fn message(text: &str) -> String {
    let first = first_line(text, 60);
    if first.is_empty() { first } else { format!("\"{first}\"") }
}
