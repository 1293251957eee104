//! What happens to code: pushes, branches, tags, releases, and who follows it.
//!
//! Not the checks of it: `checks` has those. Layer 2.

use wilco_contract::event::Level;

use super::{
    lenient::Part,
    telling::Telling,
    words::{bare, count, first_line, fit, key, name, said, sha, short},
};

/// How many commits a line names.
const NAMED_COMMITS: usize = 2;
/// The longest title of a commit in a line.
const MAX_COMMIT: usize = 45;

pub(super) fn push(t: &mut Telling<'_>) {
    let body = t.body;
    let full = body.r#ref.as_str();
    let branch = name(bare(full));
    let (repo, who) = (t.repo.clone(), t.who.clone());
    if let Some(repository) = body.repository.get() {
        t.at(&[&repository.pushed_at]);
    }
    t.url(&body.compare);
    if full.starts_with("refs/tags/") {
        // `create` and `delete` tell tags.
        let done = if body.deleted.0 { "removed" } else { "pushed" };
        return t.say(Level::Off, format!("{repo} tag {branch} {done} by {who}"));
    }
    t.branch(bare(full));
    let is_default = t.default_branch() == Some(bare(full));
    let (before, after) = (sha(body.before.as_str()), sha(body.after.as_str()));
    if body.deleted.0 {
        let mark = if is_default { "⚠ " } else { "" };
        let level = if is_default { Level::Loud } else { Level::Off };
        return t.say(level, format!("{mark}{repo} {branch} deleted by {who}"));
    }
    let commits = count(body.commits.count, "commit");
    if body.forced.0 && !body.created.0 {
        let from_to = format!("{}-{}", key(body.before.as_str()), key(body.after.as_str()));
        t.about(&format!("/push/{from_to}"), &format!("{repo} {branch} {before}→{after}"));
        let new = match body.commits.count {
            0 => String::new(),
            number => format!(" · {}", count(number, "new commit")),
        };
        return t
            .say_head(Level::Normal, format!("⚠ {who} force-pushed {repo} {branch} {before}→{after}{new}"));
    }
    let titles = body.commits.kept.iter().filter_map(Part::get);
    let titles = titles.map(|commit| first_line(commit.message.as_str(), MAX_COMMIT));
    let mut titles: Vec<_> = titles.filter(|title| !title.is_empty()).take(NAMED_COMMITS).collect();
    titles.iter_mut().for_each(|title| *title = format!("\"{title}\""));
    if !titles.is_empty() && body.commits.count > titles.len() {
        titles.push(format!("+{}", body.commits.count - titles.len()));
    }
    let titles = if titles.is_empty() { String::new() } else { format!(" — {}", titles.join(", ")) };
    if !is_default {
        let made = if body.created.0 { " (new)" } else { "" };
        return t.say(Level::Off, format!("{repo} {branch}{made}: {commits} by {who}{titles}"));
    }
    if let Some(id) = body.after.get() {
        t.about(&format!("/commit/{}", key(id)), &format!("{repo} {after}"));
    }
    t.say_head(Level::Normal, format!("{repo} {branch}: {commits} by {who}{titles}"));
}

/// A branch or tag, made or removed.
pub(super) fn reference(t: &mut Telling<'_>, made: bool) {
    let body = t.body;
    let given = bare(body.r#ref.as_str());
    let called = name(given);
    let done = if made { "" } else { " deleted" };
    if body.ref_type.is("tag") {
        if let Some(repository) = body.repository.get() {
            t.at(&[&repository.pushed_at]);
        }
        t.about(&format!("/tag/{}", key(given)), &format!("{} {called}", t.repo));
        if made {
            t.family("tags");
        }
        t.state(if made { "created" } else { "deleted" }, !made);
        t.say_head(Level::Normal, format!("{} tag {called}{done} by {}", t.repo, t.who));
    } else {
        let done = if made { " created" } else { " deleted" };
        t.branch(given);
        t.say(Level::Off, format!("{} branch {called}{done} by {}", t.repo, t.who));
    }
}

pub(super) fn release(t: &mut Telling<'_>) {
    let Some(release) = t.body.release.get() else { return t.plain(Level::Off, "release", "") };
    let tag = name(release.tag_name.as_str());
    let (repo, who) = (t.repo.clone(), t.who.clone());
    t.about(&format!("/release/{}", key(release.tag_name.as_str())), &format!("{repo} {tag}"));
    t.url(&release.html_url);
    t.title(release.name.get().unwrap_or(release.tag_name.as_str()));
    let notes = first_line(release.body.as_str(), 100);
    let kind = if release.prerelease.0 { " released as a pre-release" } else { " released" };
    let told = if notes.is_empty() {
        // A name that only repeats the tag says nothing.
        let title = release.name.get().filter(|title| name(title) != tag).unwrap_or("");
        let colon = if title.is_empty() { "" } else { ":" };
        fit(&format!("{repo} {tag}{kind} by {who}{colon}"), title, "")
    } else {
        fit(&format!("{repo} {tag}{kind}:"), &notes, "")
    };
    match t.action {
        "published" => {
            t.at(&[&release.published_at, &release.updated_at]);
            t.state("published", true);
            t.family("releases");
            let more = release.body.as_str().trim().chars().count() > notes.chars().count();
            t.words(&release.body, more);
            t.say_head(Level::Normal, told);
        }
        "edited" => {
            t.at(&[&release.updated_at]);
            t.say(Level::Off, format!("{repo} {tag} release edited by {who}"));
            t.event.head = Some(told);
        }
        "deleted" | "unpublished" => {
            let done = if t.action == "deleted" { "deleted" } else { "unpublished" };
            t.state(done, true);
            t.say_head(Level::Thread, format!("{repo} {tag} release {done} by {who}"));
        }
        // GitHub sends these beside `published`.
        _ => t.plain(Level::Off, "release", release.tag_name.as_str()),
    }
}

pub(super) fn commit_comment(t: &mut Telling<'_>) {
    let Some(comment) = t.body.comment.get() else { return t.plain(Level::Off, "commit comment", "") };
    let commit = sha(comment.commit_id.as_str());
    if let Some(id) = comment.commit_id.get() {
        t.about(&format!("/commit/{}", key(id)), &format!("{} {commit}", t.repo));
    }
    t.url(&comment.html_url);
    t.at(&[&comment.created_at]);
    t.words(&comment.body, false);
    let words = said(&short(comment.body.as_str(), 100));
    t.say(Level::Off, format!("{} on {} {commit}{words}", t.who, t.repo));
}

pub(super) fn gollum(t: &mut Telling<'_>) {
    let pages = &t.body.pages;
    let first = pages.kept.first().and_then(Part::get);
    if let Some(page) = first {
        t.url(&page.html_url);
    }
    let title = first.map_or("", |page| page.title.as_str());
    let more =
        if pages.count > 1 { format!(" and {}", count(pages.count - 1, "other")) } else { String::new() };
    t.say(Level::Off, fit(&format!("{} wiki:", t.repo), title, &format!("{more} changed by {}", t.who)));
}

/// A star. GitHub sends `watch` beside `star`, for the same one.
pub(super) fn star(t: &mut Telling<'_>) {
    let (repo, who) = (t.repo.clone(), t.who.clone());
    t.at(&[&t.body.starred_at]);
    if t.action == "deleted" {
        return t.say(Level::Off, format!("{who} unstarred {repo}"));
    }
    t.about(&format!("/star/{}", key(&who)), &format!("{repo} by {who}"));
    t.state("starred", true);
    t.family("stars");
    t.say_head(Level::Digest, format!("{who} starred {repo}"));
}

pub(super) fn fork(t: &mut Telling<'_>) {
    let forkee = t.body.forkee.get();
    if let Some(forkee) = forkee {
        t.url(&forkee.html_url);
    }
    let to = forkee.map(|forkee| name(forkee.full_name.as_str())).filter(|to| !to.is_empty());
    let to = to.map_or_else(String::new, |to| format!(" to {to}"));
    t.family("forks");
    t.say(Level::Digest, format!("{} forked {}{to}", t.who, t.repo));
}
