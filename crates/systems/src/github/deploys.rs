//! Deployments: one line from the order to its end, and who has to let it go on.
//!
//! Not Wilco's own operations, which have lines of their own. Layer 2.

use wilco_contract::event::Level;

use super::{
    lenient::{Part, Text},
    payload::Deployment,
    telling::{Telling, called},
    words::{first_line, fit, key, list, name, sha, spaced},
};

/// How many of those who may decide a line names.
const NAMED_REVIEWERS: usize = 3;

/// Sets what all events of a deployment have; says what goes and where to.
fn about(t: &mut Telling<'_>, deployment: &Deployment<'_>) -> (String, String) {
    let (reference, commit) = (name(deployment.r#ref.as_str()), sha(deployment.sha.as_str()));
    // Many deploy a commit by its full name.
    let what = match (reference.as_str(), commit.as_str()) {
        ("", _) => commit,
        (_, "") => reference,
        _ if reference.starts_with(&commit) => commit,
        _ => format!("{reference} ({commit})"),
    };
    let what = if what.is_empty() { t.repo.clone() } else { format!("{} {what}", t.repo) };
    let environment = deployment.environment.get().unwrap_or("an environment");
    let to = name(environment);
    if let Some(id) = deployment.id.0 {
        t.about(&format!("/deployment/{id}"), &format!("{} → {to}", t.repo));
    }
    t.title(&format!("{} → {environment}", t.repo));
    t.branch(deployment.r#ref.as_str());
    (what, to)
}

pub(super) fn deployment(t: &mut Telling<'_>) {
    let Some(deployment) = t.body.deployment.get() else { return t.plain(Level::Off, "deployment", "") };
    let (what, to) = about(t, deployment);
    t.at(&[&deployment.updated_at, &deployment.created_at]);
    t.state("pending", false);
    t.say_head(Level::Normal, format!("{what} is being deployed to {to} — {}", t.who));
}

pub(super) fn status(t: &mut Telling<'_>) {
    let body = t.body;
    let (Some(deployment), Some(status)) = (body.deployment.get(), body.deployment_status.get()) else {
        return t.plain(Level::Off, "deployment status", "");
    };
    let (what, to) = about(t, deployment);
    t.at(&[&status.updated_at, &status.created_at]);
    for url in [&status.environment_url, &status.target_url, &status.log_url] {
        t.url(url);
    }
    let by = called(&deployment.creator);
    let by = if by.is_empty() { t.who.clone() } else { by };
    let why = first_line(status.description.as_str(), 80);
    let why = if why.is_empty() { why } else { format!(": {why}") };
    match status.state.as_str() {
        "success" => {
            t.state("success", true);
            t.say_head(Level::Normal, format!("✔ {what} deployed to {to} — {by}"));
        }
        state @ ("failure" | "error") => {
            t.state(state, true);
            t.say_head(Level::Normal, format!("✘ {what} not deployed to {to}{why} — {by}"));
        }
        // A newer one took its place; what this one's line says stays true.
        "inactive" => t.say(Level::Off, format!("{what} is no longer active in {to}")),
        state => {
            t.state(state, false);
            t.say_head(Level::Off, format!("{what} is being deployed to {to} ({}) — {by}", spaced(state)));
        }
    }
}

/// A deployment waits for somebody's yes, or has got an answer.
pub(super) fn review(t: &mut Telling<'_>) {
    let body = t.body;
    let run = body.workflow_run.get();
    let job = body.workflow_job_run.get();
    let environments = [&body.environment].into_iter().chain(job.map(|job| &job.environment));
    let environment = environments.filter_map(Text::get).next().unwrap_or("an environment");
    let to = name(environment);
    let called_run = run.and_then(|run| run.name.get()).unwrap_or("");
    if let Some(run) = run {
        t.url(&run.html_url);
        t.branch(run.head_branch.as_str());
        if let Some(id) = run.id.0 {
            t.about(&format!("/run/{id}/{}", key(environment)), &format!("{} → {to}", t.repo));
        }
    }
    t.title(&format!("{} → {environment}", t.repo));
    t.at(&[&body.since]);
    let who = match body.approver.get() {
        Some(approver) => name(approver.called()),
        None => t.who.clone(),
    };
    let repo = t.repo.clone();
    match t.action {
        "approved" => {
            t.state("approved", true);
            t.say_head(
                Level::Normal,
                fit(&format!("✔ {repo}: deployment to {to} approved:"), called_run, &format!(" — {who}")),
            );
        }
        "rejected" => {
            t.state("rejected", true);
            t.say_head(
                Level::Normal,
                fit(&format!("✘ {repo}: deployment to {to} rejected:"), called_run, &format!(" — {who}")),
            );
        }
        _ => {
            let reviewers =
                body.reviewers.kept.iter().filter_map(Part::get).filter_map(|one| one.reviewer.get());
            let asked = list(reviewers.map(|one| one.called()), body.reviewers.count, NAMED_REVIEWERS);
            let asks = if asked.is_empty() { String::new() } else { format!(" · asks {asked}") };
            t.state("waiting", false);
            let before = format!("✋ {repo}: deployment to {to} waits for approval:");
            t.say_head(Level::Normal, fit(&before, called_run, &format!(" — {who}{asks}")));
        }
    }
}
