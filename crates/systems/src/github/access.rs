//! Who may what: people, teams, repositories, protection, keys, apps.
//!
//! Not who may what in Wilco: nothing here is asked by its gate. Each is a line of its own, so that the room has the
//! whole story. Layer 2.

use wilco_contract::event::Level;

use super::{
    lenient::Part,
    payload::{Changes, From, Named},
    telling::{Telling, called},
    words::{count, list, name, spaced},
};

/// How many repositories a line names.
const NAMED_REPOSITORIES: usize = 3;

/// What a value was before, where the payload says it.
fn before<'a>(part: Option<&'a Part<From<'a>>>) -> Option<&'a str> {
    part?.get()?.from.get()
}

/// The changes of a payload.
fn changes<'a>(t: &Telling<'a>) -> Option<&'a Changes<'a>> {
    t.body.changes.get()
}

/// The organization, where the payload has one.
fn owner(t: &Telling<'_>) -> String {
    let called = called(&t.body.organization);
    if called.is_empty() { t.repo.clone() } else { called }
}

/// The name, or what stands for it.
fn or(name: String, other: &str) -> String {
    if name.is_empty() { other.to_owned() } else { name }
}

pub(super) fn member(t: &mut Telling<'_>) {
    let whom = or(called(&t.body.member), "somebody");
    let (repo, who) = (t.repo.clone(), t.who.clone());
    let changes = changes(t);
    let given = changes.and_then(|changes| {
        let given = [changes.role_name.get(), changes.permission.get()];
        given.into_iter().flatten().find_map(|change| change.to.get())
    });
    let given = given.map_or_else(String::new, |given| format!(" as {}", name(given)));
    let line = match t.action {
        // Who takes up an invitation does it themselves.
        "added" if whom == who => format!("{who} joined {repo}{given}"),
        "added" => format!("{who} added {whom} to {repo}{given}"),
        "removed" if whom == who => format!("{who} left {repo}"),
        "removed" => format!("{who} removed {whom} from {repo}"),
        "edited" => {
            let old = before(changes.map(|changes| &changes.old_permission))
                .or_else(|| before(changes.map(|changes| &changes.permission)));
            let old = old.map_or_else(String::new, |old| format!(" (was {})", name(old)));
            format!("{who} changed what {whom} may in {repo}{given}{old}")
        }
        _ => format!("member {whom} of {repo} {} by {who}", t.done()),
    };
    t.say(Level::Normal, line);
}

pub(super) fn membership(t: &mut Telling<'_>) {
    let whom = or(called(&t.body.member), "somebody");
    let team = team_name(t.body.team.get());
    let of = owner(t);
    let line = match t.action {
        "added" if whom == t.who => format!("{whom} joined {team} of {of}"),
        "removed" if whom == t.who => format!("{whom} left {team} of {of}"),
        "added" => format!("{} added {whom} to {team} of {of}", t.who),
        "removed" => format!("{} removed {whom} from {team} of {of}", t.who),
        _ => format!("{whom} {} in {team} of {of} by {}", t.done(), t.who),
    };
    t.say(Level::Normal, line);
}

/// A team's name: `the team github`.
fn team_name(team: Option<&Named<'_>>) -> String {
    match team.and_then(|team| team.name.get().or(team.slug.get())) {
        Some(team) => format!("the team {}", name(team)),
        None => "a team".to_owned(),
    }
}

pub(super) fn team(t: &mut Telling<'_>) {
    let team = t.body.team.get();
    let called = team_name(team);
    if let Some(team) = team {
        t.url(&team.html_url);
    }
    let (who, of, repo) = (t.who.clone(), owner(t), t.repo.clone());
    let may = team.and_then(|team| team.permission.get());
    let may = may.map_or_else(String::new, |may| format!(" ({})", name(may)));
    let line = match t.action {
        "added_to_repository" => format!("{who} gave {called} access to {repo}{may}"),
        "removed_from_repository" => format!("{who} took {called}'s access to {repo}"),
        "created" | "deleted" | "edited" => format!("{who} {} {called} of {of}", t.action),
        _ => format!("{called} of {of} {} by {who}", t.done()),
    };
    t.say(Level::Normal, line);
}

pub(super) fn organization(t: &mut Telling<'_>) {
    let (who, of) = (t.who.clone(), owner(t));
    let member = t.body.membership.get();
    let whom = or(member.map_or_else(String::new, |member| called(&member.user)), "somebody");
    let role = member.and_then(|member| member.role.get());
    let role = role.map_or_else(String::new, |role| format!(" as {}", spaced(role)));
    let line = match t.action {
        "member_added" => format!("{whom} joined {of}{role}, by {who}"),
        "member_removed" => format!("{who} removed {whom} from {of}"),
        "member_invited" => {
            let invited = [called(&t.body.user), called(&t.body.invitation)];
            let invited =
                invited.into_iter().find(|invited| !invited.is_empty()).unwrap_or("somebody".into());
            format!("{who} invited {invited} to {of}")
        }
        "renamed" => {
            let old = before(changes(t).map(|changes| &changes.login)).filter(|old| *old != of);
            let old = old.map_or_else(String::new, |old| format!(" from {}", name(old)));
            format!("{who} renamed the organization{old} to {of}")
        }
        "deleted" => format!("⚠ {who} deleted the organization {of}"),
        _ => format!("organization {of} {} by {who}", t.done()),
    };
    t.say(Level::Normal, line);
}

/// A repository became public. GitHub sends two events for it, and the second is told like the first.
pub(super) fn public(t: &mut Telling<'_>) {
    visibility(t, true);
}

fn visibility(t: &mut Telling<'_>, is_public: bool) {
    let state = if is_public { "public" } else { "private" };
    let (repo, who) = (t.repo.clone(), t.who.clone());
    t.about("/visibility", &format!("{repo} visibility"));
    t.title(&repo);
    t.state(state, false);
    if let Some(repository) = t.body.repository.get() {
        t.at(&[&repository.updated_at]);
    }
    if is_public {
        t.say_head(Level::Loud, format!("⚠ {who} made {repo} public"));
    } else {
        t.say_head(Level::Normal, format!("{who} made {repo} private"));
    }
}

pub(super) fn repository(t: &mut Telling<'_>) {
    let (repo, who) = (t.repo.clone(), t.who.clone());
    let changes = changes(t);
    let line = match t.action {
        "publicized" => return visibility(t, true),
        "privatized" => return visibility(t, false),
        "created" => {
            t.family("repositories created");
            format!("{who} created the repository {repo}")
        }
        "deleted" => format!("⚠ {who} deleted the repository {repo}"),
        "renamed" => {
            let old = changes.and_then(|changes| changes.repository.get());
            let old = before(old.map(|change| &change.name)).filter(|old| *old != repo);
            let old = old.map_or_else(String::new, |old| format!(" from {}", name(old)));
            format!("{who} renamed the repository{old} to {repo}")
        }
        "transferred" => {
            let old = changes.and_then(|changes| changes.owner.get()).and_then(|owner| owner.from.get());
            let old = old.map(|old| or(called(&old.organization), &called(&old.user)));
            let old =
                old.filter(|old| !old.is_empty()).map_or_else(String::new, |old| format!(" from {old}"));
            let to = name(t.body.repository.get().map_or("", |repository| repository.full_name.as_str()));
            format!("{who} moved the repository {repo}{old} to {}", or(to, "another owner"))
        }
        "edited" => {
            let old = before(changes.map(|changes| &changes.default_branch));
            let now = name(t.default_branch().unwrap_or(""));
            match old {
                Some(old) => {
                    format!("{who} changed the default branch of {repo} from {} to {now}", name(old))
                }
                None => format!("{who} edited the settings of {repo}"),
            }
        }
        "archived" | "unarchived" => format!("{who} {} the repository {repo}", t.action),
        _ => format!("repository {repo} {} by {who}", t.done()),
    };
    t.say(Level::Normal, line);
}

/// What protects branches: a rule, or a set of rules.
pub(super) fn protection(t: &mut Telling<'_>) {
    let rule = t.body.repository_ruleset.get().or_else(|| t.body.rule.get());
    let called = or(name(rule.map_or("", Named::called)), "a rule");
    let is_off = rule.is_some_and(|rule| rule.enforcement.is("disabled"));
    if let Some(rule) = rule {
        t.at(&[&rule.updated_at]);
    }
    let (repo, who) = (t.repo.clone(), t.who.clone());
    let (level, line) = match t.action {
        "created" if !is_off => (Level::Normal, format!("{who} protected {called} in {repo}")),
        "deleted" => (Level::Loud, format!("⚠ {who} removed the protection of {called} in {repo}")),
        _ if is_off => (Level::Loud, format!("⚠ {who} switched off the protection of {called} in {repo}")),
        "edited" => (Level::Normal, format!("{who} changed the protection of {called} in {repo}")),
        _ => (Level::Normal, format!("protection of {called} in {repo} {} by {who}", t.done())),
    };
    t.say(level, line);
}

/// All protection of a repository, switched at once.
pub(super) fn all_protection(t: &mut Telling<'_>) {
    let (repo, who) = (t.repo.clone(), t.who.clone());
    match t.action {
        "disabled" => t.say(Level::Loud, format!("⚠ {who} switched off all branch protection of {repo}")),
        _ => {
            let line = format!("branch protection of {repo} {} by {who}", t.done());
            t.say(Level::Normal, line);
        }
    }
}

pub(super) fn deploy_key(t: &mut Telling<'_>) {
    let key = t.body.key.get();
    let called = name(key.map_or("", Named::called));
    let called = if called.is_empty() { called } else { format!(" \"{called}\"") };
    let may = match key {
        Some(key) if t.action == "created" && key.read_only.0 => " (read only)",
        Some(_) if t.action == "created" => " (may write)",
        _ => "",
    };
    let (repo, who) = (t.repo.clone(), t.who.clone());
    let done = match t.action {
        "created" => format!("{who} added a deploy key to {repo}:{called}{may}"),
        "deleted" => format!("{who} removed a deploy key from {repo}:{called}"),
        _ => format!("deploy key{called} of {repo} {} by {who}", t.done()),
    };
    t.say(Level::Normal, done.trim_end_matches(':').to_owned());
}

/// An app, let in or out.
pub(super) fn installation(t: &mut Telling<'_>) {
    let body = t.body;
    let installation = body.installation.get();
    let account = installation.map_or_else(String::new, |installation| called(&installation.account));
    let account = or(account, &t.repo);
    let app = name(installation.map_or("", |installation| installation.app_slug.as_str()));
    let app = if app.is_empty() { "an app".to_owned() } else { format!("the app {app}") };
    let who = t.who.clone();
    let named = |repositories: &super::lenient::Many<Part<super::payload::Repository<'_>>>| {
        let names = repositories.kept.iter().filter_map(Part::get).map(|repository| repository.name.as_str());
        let names = list(names, repositories.count, NAMED_REPOSITORIES);
        if names.is_empty() {
            count(repositories.count, "repository").replace("repositorys", "repositories")
        } else {
            names
        }
    };
    let line = match t.action {
        "created" => format!("{who} installed {app} for {account}: {}", named(&body.repositories)),
        "deleted" => format!("{who} removed {app} from {account}"),
        "suspend" => format!("{who} suspended {app} for {account}"),
        "unsuspend" => format!("{who} let {app} go on for {account}"),
        "new_permissions_accepted" => format!("{who} gave {app} more rights for {account}"),
        "added" => format!("{who} gave {app} access in {account}: {}", named(&body.repositories_added)),
        "removed" => format!("{who} took {app}'s access in {account}: {}", named(&body.repositories_removed)),
        _ => format!("{app} of {account} {} by {who}", t.done()),
    };
    t.say(Level::Normal, line);
}

pub(super) fn block(t: &mut Telling<'_>) {
    let whom = or(called(&t.body.blocked_user), "somebody");
    let of = owner(t);
    // The organization itself is the sender, mostly.
    let place = if of == t.who { String::new() } else { format!(" in {of}") };
    let line = format!("{} {} {whom}{place}", t.who, t.done());
    t.say(Level::Normal, line);
}

/// Somebody wants a token that reaches into the organization.
pub(super) fn token_request(t: &mut Telling<'_>) {
    let request = t.body.personal_access_token_request.get();
    let token = name(request.map_or("", |request| request.token_name.as_str()));
    let token = if token.is_empty() { String::from("a token") } else { format!("the token \"{token}\"") };
    let whom = or(request.map_or_else(String::new, |request| called(&request.owner)), &t.who);
    let of = owner(t);
    match t.action {
        "created" => {
            t.say(Level::Normal, format!("✋ {whom} asks that {token} may reach into {of}"));
        }
        _ => {
            let line = format!("{token} of {whom} {} for {of} by {}", t.done(), t.who);
            t.say(Level::Normal, line);
        }
    }
}
