//! Checks: what turns a default branch red or green.
//!
//! Only the default branch is told, and only runs for its own commits: a fork's branch may have the same name. A
//! failure is told; a success is off and turns the line green where there is one. Layer 2.

use wilco_contract::event::Level;

use super::{
    lenient::{Part, Text, When},
    payload::{Named, Run},
    pulls::message,
    telling::{Telling, called},
    words::{fit, key, name, sha, spaced},
};

/// The slug of GitHub's own app for workflows. `workflow_run` tells the same by the workflow's name.
const ACTIONS: &str = "github-actions";

/// What came of a check.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Green,
    Red,
    /// Neither: cancelled, skipped, still running.
    Open,
}

impl Outcome {
    fn of(conclusion: &str) -> Self {
        match conclusion {
            "success" => Self::Green,
            "failure" | "timed_out" | "startup_failure" | "error" => Self::Red,
            _ => Self::Open,
        }
    }
}

/// A check of a branch: what it is called, and in which words it is told.
struct Check<'a> {
    branch: &'a str,
    /// What stands in the object's id: `workflow`.
    sort: &'a str,
    called: &'a str,
    /// Who changed what: `ana, "Bump gem"`.
    change: String,
}

/// Tells what came of a check of the default branch.
fn told(t: &mut Telling<'_>, check: &Check<'_>, outcome: Outcome) {
    let branch = name(check.branch);
    let called = name(check.called);
    let repo = t.repo.clone();
    t.branch(check.branch);
    t.title(check.called);
    t.about(
        &format!("@{}/{}/{}", key(check.branch), check.sort, key(check.called)),
        &format!("{repo} {branch} {called}"),
    );
    let change = if check.change.is_empty() { String::new() } else { format!(" ({})", check.change) };
    if outcome == Outcome::Red {
        t.state("failure", false);
        t.say_head(Level::Normal, fit(&format!("✘ {repo} {branch} red:"), check.called, &change));
    } else {
        t.state("success", true);
        t.say_head(Level::Off, fit(&format!("✔ {repo} {branch} green:"), check.called, &change));
    }
}

/// Who and what: `ana, "Bump gem"`.
fn change(who: &str, title: &str) -> String {
    let title = message(title);
    match (who, title.as_str()) {
        ("", _) => title,
        (_, "") => who.to_owned(),
        _ => format!("{who}, {title}"),
    }
}

/// Who and what a run is for.
fn run_change(run: &Run<'_>, sender: &str) -> String {
    let commit = run.head_commit.get();
    let author = commit.and_then(|commit| commit.author.get());
    let author = author.map(|author| author.username.get().or(author.name.get()).unwrap_or(""));
    let who = [called(&run.actor), name(author.unwrap_or("")), sender.to_owned()];
    let who = who.into_iter().find(|who| !who.is_empty()).unwrap_or_default();
    change(&who, commit.map_or("", |commit| commit.message.as_str()))
}

/// Tells what is off, and why there is no more to it: `webapp changes: CI completed, success`.
fn aside(t: &mut Telling<'_>, thing: &str, branch: &Text<'_>, run: (&Text<'_>, &Text<'_>)) {
    let (status, conclusion) = run;
    let branch = branch.get().map(|branch| format!(" {}", name(branch))).unwrap_or_default();
    let came = [conclusion.get(), status.get()].into_iter().flatten().next().unwrap_or("");
    let action = t.done();
    let came = spaced(came);
    let came = if came.is_empty() || came == action { String::new() } else { format!(", {came}") };
    t.say(Level::Off, fit(&format!("{}{branch}:", t.repo), thing, &format!(" {action}{came}")));
}

pub(super) fn workflow(t: &mut Telling<'_>) {
    let Some(run) = t.body.workflow_run.get() else { return t.plain(Level::Off, "workflow run", "") };
    let called = [run.name.get(), t.body.workflow.get().and_then(|workflow| workflow.name.get())];
    let called = called.into_iter().flatten().next().unwrap_or("workflow");
    set(t, run, &[&run.updated_at]);
    let own = t.body.repository.get().map_or("", |repository| repository.full_name.as_str());
    let of = run.head_repository.get().map_or(own, |repository| repository.full_name.as_str());
    // A pull request's run has the branch of its head, which in a fork may be called as ours.
    let is_ours = of == own && !matches!(run.event.as_str(), "pull_request" | "pull_request_target");
    let outcome = Outcome::of(run.conclusion.as_str());
    let is_default = run.head_branch.get().is_some() && run.head_branch.get() == t.default_branch();
    if t.action == "completed" && is_default && is_ours && outcome != Outcome::Open {
        let change = run_change(run, &t.who);
        let check = Check { branch: run.head_branch.as_str(), sort: "workflow", called, change };
        told(t, &check, outcome);
    } else {
        aside(t, called, &run.head_branch, (&run.status, &run.conclusion));
    }
}

pub(super) fn suite(t: &mut Telling<'_>) {
    let Some(run) = t.body.check_suite.get() else { return t.plain(Level::Off, "check suite", "") };
    let app = run.app.get();
    let called = app.and_then(|app| app.name.get()).unwrap_or("checks");
    set(t, run, &[&run.updated_at]);
    let outcome = Outcome::of(run.conclusion.as_str());
    let is_default = run.head_branch.get().is_some() && run.head_branch.get() == t.default_branch();
    let is_actions = app.is_some_and(|app| app.slug.is(ACTIONS));
    if t.action == "completed" && is_default && !is_actions && outcome != Outcome::Open {
        let change = run_change(run, &t.who);
        let check = Check { branch: run.head_branch.as_str(), sort: "checks", called, change };
        told(t, &check, outcome);
    } else {
        aside(t, called, &run.head_branch, (&run.status, &run.conclusion));
    }
}

/// A single check. Its suite tells what came of all.
pub(super) fn single(t: &mut Telling<'_>) {
    let Some(run) = t.body.check_run.get() else { return t.plain(Level::Off, "check run", "") };
    set(t, run, &[&run.completed_at, &run.started_at]);
    let none = Text::default();
    let branch = run.check_suite.get().map_or(&none, |suite| &suite.head_branch);
    t.branch(branch.as_str());
    aside(t, run.name.get().unwrap_or("check"), branch, (&run.status, &run.conclusion));
}

/// A job of a workflow. The workflow's run tells what came of all.
pub(super) fn job(t: &mut Telling<'_>) {
    let Some(run) = t.body.workflow_job.get() else { return t.plain(Level::Off, "workflow job", "") };
    set(t, run, &[&run.completed_at, &run.started_at, &run.created_at]);
    let called = run.name.get().unwrap_or("job");
    let called = match run.workflow_name.get() {
        Some(workflow) => format!("{} / {}", name(workflow), name(called)),
        None => called.to_owned(),
    };
    aside(t, &called, &run.head_branch, (&run.status, &run.conclusion));
}

/// Sets what all runs have.
fn set(t: &mut Telling<'_>, run: &Run<'_>, times: &[&When<'_>]) {
    t.url(&run.html_url);
    t.branch(run.head_branch.as_str());
    t.at(times);
}

pub(super) fn status(t: &mut Telling<'_>) {
    let body = t.body;
    let context = body.context.get().unwrap_or("status");
    let commit = body.commit.get();
    if let Some(commit) = commit {
        t.url(&commit.html_url);
    }
    t.url(&body.target_url);
    t.at(&[&body.updated_at]);
    // A branch is listed when it has the commit; it is red only by the one at its end.
    let ends_here = |branch: &&str| {
        let branches = body.branches.kept.iter().filter_map(Part::get);
        let mut named = branches.filter(|listed| listed.name.is(branch));
        named.any(|listed| {
            let end = listed.commit.get().and_then(|commit| commit.sha.get());
            end.is_none_or(|end| body.sha.is(end))
        })
    };
    let branch = t.default_branch().filter(ends_here);
    let outcome = Outcome::of(body.state.as_str());
    if let Some(branch) = branch.filter(|_| outcome != Outcome::Open) {
        let author = commit.and_then(|commit| commit.author.get()).map_or("", Named::called);
        let who = if author.is_empty() { t.who.clone() } else { name(author) };
        let title =
            commit.and_then(|commit| commit.commit.get()).map_or("", |commit| commit.message.as_str());
        let check = Check { branch, sort: "status", called: context, change: change(&who, title) };
        told(t, &check, outcome);
    } else {
        let commit = sha(body.sha.as_str());
        let commit = if commit.is_empty() { commit } else { format!(" {commit}") };
        let state = spaced(body.state.as_str());
        t.say(Level::Off, fit(&format!("{}{commit}:", t.repo), context, &format!(" is {state}")));
    }
}
