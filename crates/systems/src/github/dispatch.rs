//! Which words tell which event.
//!
//! Not the words. A kind that has no row is kept and told nowhere. Layer 2.

use wilco_contract::event::{Event, Level};
use wilco_contract::ids::SourceName;

use super::{
    access, alerts, checks, code, deploys, issues,
    payload::Body,
    pulls, rest,
    telling::Telling,
    words::{cap, name},
};

/// Tells an event of which source, kind and time are known.
pub(super) fn tell(source: &SourceName, body: &Body<'_>, event: Event) -> Event {
    let mut telling = Telling::new(source, body, event);
    let t = &mut telling;
    let kind = t.event.kind.clone();
    match kind.as_str() {
        "push" => code::push(t),
        "create" | "delete" => code::reference(t, kind == "create"),
        "release" => code::release(t),
        "commit_comment" => code::commit_comment(t),
        "gollum" => code::gollum(t),
        "star" | "watch" => code::star(t),
        "fork" => code::fork(t),
        "pull_request" => pulls::pull_request(t),
        "pull_request_review" => pulls::review(t),
        "pull_request_review_comment" => pulls::review_comment(t),
        "pull_request_review_thread" => pulls::review_thread(t),
        "issues" => issues::issue(t),
        "issue_comment" => issues::comment(t),
        "discussion" => issues::discussion(t),
        "discussion_comment" => issues::discussion_comment(t),
        "check_suite" => checks::suite(t),
        "check_run" => checks::single(t),
        "workflow_run" => checks::workflow(t),
        "workflow_job" => checks::job(t),
        "status" => checks::status(t),
        "deployment" => deploys::deployment(t),
        "deployment_status" => deploys::status(t),
        "deployment_review" | "deployment_protection_rule" => deploys::review(t),
        "dependabot_alert" | "repository_vulnerability_alert" => alerts::dependency(t),
        "code_scanning_alert" => alerts::scan(t),
        "secret_scanning_alert" => alerts::secret(t),
        "repository_advisory" | "security_advisory" => alerts::advisory(t, kind == "repository_advisory"),
        "member" => access::member(t),
        "membership" => access::membership(t),
        "team" => access::team(t),
        "organization" => access::organization(t),
        "repository" => access::repository(t),
        "public" => access::public(t),
        "branch_protection_rule" | "repository_ruleset" => access::protection(t),
        "branch_protection_configuration" => access::all_protection(t),
        "deploy_key" => access::deploy_key(t),
        "installation" | "installation_repositories" => access::installation(t),
        "org_block" => access::block(t),
        "personal_access_token_request" => access::token_request(t),
        "ping" | "meta" => rest::hook(t, kind == "ping"),
        "page_build" => rest::page_build(t),
        "package" | "registry_package" => rest::package(t),
        "repository_import" => rest::import(t),
        "merge_group" => rest::merge_group(t),
        "sponsorship" => rest::sponsorship(t),
        other => rest::other(t, other),
    }
    if telling.event.line.is_empty() {
        let line = format!("unknown event `{}` of {}", name(&kind), telling.repo);
        telling.event.level = Level::Off;
        telling.event.line = cap(line);
    }
    telling.event
}
