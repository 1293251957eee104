//! The words of single events that the examples do not show.

use serde_json::{Value, json};
use wilco_contract::event::{Event, Labels, Level};

use crate::event;

/// An event of acme/webapp by ana, of which the rest is given.
fn told(kind: &str, mut body: Value) -> Event {
    body["repository"] = json!({"name": "webapp", "full_name": "acme/webapp", "default_branch": "main",
        "html_url": "https://github.com/acme/webapp", "pushed_at": 1_557_933_641});
    body["sender"] = json!({"login": "ana"});
    event(kind, &body)
}

fn says(event: &Event) -> (&str, Level) {
    (&event.line, event.level)
}

fn object(event: &Event) -> &str {
    event.object.as_ref().map_or("", |object| object.as_str())
}

fn push(reference: &str, more: &Value) -> Event {
    let commits: Vec<_> =
        ["Fix login\n\nlong story", "Bump gem", "Third"].map(|m| json!({"message": m})).into();
    let mut body = json!({"ref": reference, "before": "a1b2c3d4e5", "after": "c3d4e5f6a7", "commits": commits,
        "compare": "https://github.com/acme/webapp/compare/a...c"});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    told("push", body)
}

#[test]
fn a_push_to_the_default_branch_is_told_and_others_are_not() {
    let main = push("refs/heads/main", &json!({}));
    assert_eq!(
        says(&main),
        ("webapp main: 3 commits by ana — \"Fix login\", \"Bump gem\", +1", Level::Normal)
    );
    assert_eq!(main.url.as_deref(), Some("https://github.com/acme/webapp/compare/a...c"));
    assert_eq!((main.branch.as_deref(), main.at.as_second()), (Some("main"), 1_557_933_641));
    assert_eq!(push("refs/heads/login", &json!({})).level, Level::Off);
    assert_eq!(push("refs/heads/main", &json!({"deleted": true})).level, Level::Loud);
    for branch in ["main", "login"] {
        let forced = push(&format!("refs/heads/{branch}"), &json!({"forced": true, "commits": []}));
        let line = format!("⚠ ana force-pushed webapp {branch} a1b2c3d→c3d4e5f");
        assert_eq!(says(&forced), (line.as_str(), Level::Normal));
    }
}

/// A pull request, of which the rest is given.
fn pull(action: &str, more: &Value) -> Event {
    let mut pull = json!({"number": 812, "title": "Fix login", "state": "open", "user": {"login": "ana"},
        "additions": 40, "deletions": 12, "changed_files": 3, "commits": 4, "body": "Because.\n\nOf this.",
        "requested_reviewers": [{"login": "bo"}], "requested_teams": [{"name": "web"}],
        "base": {"ref": "main"}, "labels": [{"name": "bug"}],
        "created_at": "2026-11-20T10:00:00Z", "updated_at": "2026-11-21T13:00:00Z",
        "html_url": "https://github.com/acme/webapp/pull/812"});
    pull.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    told("pull_request", json!({"action": action, "pull_request": pull, "reason": "CI_FAILURE"}))
}

#[test]
fn a_pull_request_has_one_line_that_follows_it() {
    let opened = pull("opened", &json!({"commits": 1}));
    let line = "PR webapp#812 Fix login — ana · +40 −12 in 3 files · asks bo, web";
    assert_eq!((says(&opened), opened.head.as_deref()), ((line, Level::Normal), Some(line)));
    assert_eq!(
        (object(&opened), opened.reference.as_deref()),
        ("github:acme/webapp#812", Some("webapp#812"))
    );
    assert_eq!((opened.state.as_deref(), opened.done, opened.number), (Some("open"), false, Some(812)));
    assert_eq!(opened.family.as_deref(), Some("pull requests opened in acme/webapp"));
    assert_eq!((opened.text.as_deref(), opened.quote), (Some("Because.\n\nOf this."), true));
    assert_eq!(opened.labels, Labels::Names(vec!["bug".into()]));
    assert_eq!(opened.at.to_string(), "2026-11-21T13:00:00Z");

    let changed = pull("synchronize", &json!({}));
    assert_eq!(changed.level, Level::Off);
    let line = "PR webapp#812 Fix login — ana · +40 −12 in 3 files · 4 commits · asks bo, web";
    assert_eq!(changed.head.as_deref(), Some(line));

    let merged =
        pull("closed", &json!({"state": "closed", "merged": true, "merged_at": "2026-11-21T13:00:00Z"}));
    let line = "PR webapp#812 Fix login — merged by ana after 1 d 3 h";
    assert_eq!((says(&merged), merged.head.as_deref()), ((line, Level::Normal), Some(line)));
    assert_eq!((merged.state.as_deref(), merged.done, merged.family), (Some("merged"), true, None));

    let closed = pull("closed", &json!({"state": "closed"}));
    assert_eq!(says(&closed), ("PR webapp#812 Fix login — closed unmerged by ana", Level::Normal));
    let draft = pull("converted_to_draft", &json!({"draft": true}));
    assert!(draft.head.expect("a line").starts_with("Draft PR webapp#812 Fix login"));
    // A label on one that is closed says nothing of who closed it, and leaves the line.
    assert_eq!(pull("labeled", &json!({"state": "closed"})).head, None);
    assert_eq!(
        says(&pull("dequeued", &json!({}))),
        ("webapp#812 left the merge queue: ci failure", Level::Thread)
    );
}

#[test]
fn reviews_and_comments_stand_in_the_thread() {
    let pull = json!({"number": 812, "title": "Fix login"});
    let review = |state: &str, body: &str| {
        let review = json!({"state": state, "body": body, "submitted_at": "2026-11-21T13:00:00Z"});
        told("pull_request_review", json!({"action": "submitted", "review": review, "pull_request": pull}))
    };
    assert_eq!(says(&review("approved", "")), ("✔ ana approved webapp#812", Level::Thread));
    let line = "✋ ana wants changes on webapp#812: \"Not yet.\"";
    assert_eq!(says(&review("changes_requested", "Not yet.")), (line, Level::Thread));
    assert_eq!(review("commented", "").level, Level::Off);
    let long = review("commented", &"word ".repeat(100));
    assert!(long.quote && long.line.ends_with("…\"") && object(&long) == "github:acme/webapp#812");

    let comment = |body: &str| {
        let issue = json!({"number": 812, "title": "Fix login", "pull_request": {"html_url": "https://a.b"}});
        told("issue_comment", json!({"action": "created", "issue": issue, "comment": {"body": body}}))
    };
    let short = comment("Nice.");
    assert_eq!((says(&short), short.quote), (("ana on webapp#812: \"Nice.\"", Level::Thread), false));
    assert!(comment(&"word ".repeat(100)).quote);
}

#[test]
fn an_issue_is_told_from_its_opening_to_its_end() {
    let issue = |action: &str, state: &str, more: Value| {
        let labels = json!([{"name": "bug"}, {"name": "p1"}]);
        let issue = json!({"number": 90, "title": "Login fails on Safari", "user": {"login": "cy"}, "state": state,
            "labels": labels, "body": "It does.", "state_reason": more["why"]});
        told(
            "issues",
            json!({"action": action, "issue": issue, "label": {"name": "p1"}, "assignee": {"login": "bo"}}),
        )
    };
    let opened = issue("opened", "open", json!({}));
    assert_eq!(says(&opened), ("Issue webapp#90 Login fails on Safari — cy · bug, p1", Level::Normal));
    assert_eq!(opened.family.as_deref(), Some("issues opened in acme/webapp"));
    let closed = issue("closed", "closed", json!({"why": "not_planned"}));
    assert_eq!(
        says(&closed),
        ("Issue webapp#90 Login fails on Safari — closed as not planned by ana", Level::Normal)
    );
    assert!(closed.done && closed.head.is_some());
    let labelled = issue("labeled", "open", json!({}));
    assert_eq!(says(&labelled), ("ana labelled webapp#90: p1", Level::Thread));
    assert_eq!(labelled.family.as_deref(), Some("issues labelled p1 in acme/webapp"));
    assert_eq!(says(&issue("assigned", "open", json!({}))), ("ana assigned webapp#90 to bo", Level::Thread));
}

/// A finished run of the workflow CI.
fn run(branch: &str, conclusion: &str, more: &Value) -> Event {
    let mut run = json!({"name": "CI", "head_branch": branch, "conclusion": conclusion, "event": "push",
        "head_commit": {"message": "Bump gem"}, "head_repository": {"full_name": "acme/webapp"}, "status": "completed"});
    run.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    told("workflow_run", json!({"action": "completed", "workflow_run": run}))
}

#[test]
fn a_default_branch_turns_red_aloud_and_green_in_silence() {
    let red = run("main", "failure", &json!({}));
    assert_eq!(says(&red), ("✘ webapp main red: CI (ana, \"Bump gem\")", Level::Normal));
    assert_eq!((red.state.as_deref(), red.done), (Some("failure"), false));
    assert_eq!(object(&red), "github:acme/webapp@main/workflow/CI");
    let green = run("main", "success", &json!({}));
    assert_eq!(green.level, Level::Off);
    assert_eq!(green.head.as_deref(), Some("✔ webapp main green: CI (ana, \"Bump gem\")"));
    assert_eq!((green.state.as_deref(), green.done, &green.object), (Some("success"), true, &red.object));
    for aside in [
        run("login", "failure", &json!({})),
        run("main", "cancelled", &json!({})),
        run("main", "failure", &json!({"event": "pull_request"})),
        run("main", "failure", &json!({"head_repository": {"full_name": "eve/webapp"}})),
    ] {
        assert_eq!(
            (aside.level, &aside.state, &aside.head, &aside.object),
            (Level::Off, &None, &None, &None)
        );
    }
}

#[test]
fn suites_and_statuses_of_the_default_branch_are_told_likewise() {
    let suite = |slug: &str| {
        let suite = json!({"head_branch": "main", "conclusion": "timed_out", "app": {"name": "Linter", "slug": slug}});
        told("check_suite", json!({"action": "completed", "check_suite": suite}))
    };
    assert_eq!(says(&suite("linter")), ("✘ webapp main red: Linter (ana)", Level::Normal));
    assert_eq!(object(&suite("linter")), "github:acme/webapp@main/checks/Linter");
    assert_eq!(suite("github-actions").level, Level::Off, "its workflow's run tells it");

    let status = |state: &str, end: &str| {
        let branches =
            json!([{"name": "login", "commit": {"sha": "c0"}}, {"name": "main", "commit": {"sha": end}}]);
        let commit = json!({"commit": {"message": "Bump gem"}, "author": {"login": "bo"}});
        told(
            "status",
            json!({"state": state, "context": "ci/t", "sha": "c0", "branches": branches, "commit": commit}),
        )
    };
    assert_eq!(says(&status("error", "c0")), ("✘ webapp main red: ci/t (bo, \"Bump gem\")", Level::Normal));
    assert_eq!(status("success", "c0").state.as_deref(), Some("success"));
    // Something newer is at the end of the branch, and will have its own.
    assert_eq!(status("error", "c1").level, Level::Off);
    assert_eq!(says(&status("pending", "c0")), ("webapp c0: ci/t is pending", Level::Off));
}

#[test]
fn a_deployment_has_one_line_to_its_end() {
    let deployment = json!({"id": 7, "ref": "main", "sha": "c3d4e5f6", "environment": "production",
        "creator": {"login": "ana"}});
    let status = |state: &str| {
        let status =
            json!({"state": state, "description": "no space left", "log_url": "https://ci.example.org/7"});
        told(
            "deployment_status",
            json!({"action": "created", "deployment": deployment, "deployment_status": status}),
        )
    };
    let begun = told("deployment", json!({"action": "created", "deployment": deployment}));
    assert_eq!(says(&begun), ("webapp main (c3d4e5f) is being deployed to production — ana", Level::Normal));
    let failed = status("failure");
    let line = "✘ webapp main (c3d4e5f) not deployed to production: no space left — ana";
    assert_eq!((says(&failed), failed.head.as_deref()), ((line, Level::Normal), Some(line)));
    assert_eq!((&failed.object, failed.done), (&begun.object, true));
    assert_eq!(failed.url.as_deref(), Some("https://ci.example.org/7"));
    let queued = status("queued");
    assert_eq!((queued.level, queued.done), (Level::Off, false));
    assert_eq!((status("inactive").level, status("inactive").head), (Level::Off, None));
}

#[test]
fn a_release_is_told_with_the_first_line_of_its_notes() {
    let release =
        json!({"tag_name": "v2.4.0", "name": "v2.4.0", "body": "\r\nFaster login\r\n\r\nAnd more."});
    let told = told("release", json!({"action": "published", "release": release}));
    assert_eq!(says(&told), ("webapp v2.4.0 released: Faster login", Level::Normal));
    assert!(told.quote && told.text.as_deref() == Some("Faster login\n\nAnd more."), "{:?}", told.text);
}

#[test]
fn an_alert_is_as_loud_as_it_is_bad_and_never_shows_a_secret() {
    let dependency = |severity: &str| {
        let alert = json!({"number": 3, "dependency": {"package": {"name": "rack"}},
            "security_advisory": {"summary": "Path traversal", "severity": severity}});
        told("dependabot_alert", json!({"action": "created", "alert": alert}))
    };
    assert_eq!(
        says(&dependency("high")),
        ("⚠ webapp dependabot #3: rack: Path traversal (high)", Level::Loud)
    );
    assert_eq!(dependency("critical").level, Level::Loud);
    assert_eq!(
        (dependency("medium").level, dependency("medium").severity.as_deref()),
        (Level::Normal, Some("medium"))
    );

    let secret = |more: Value| {
        let mut alert = json!({"number": 4, "secret_type": "aws_key", "secret_type_display_name": "AWS key",
            "secret": "AKIAEXAMPLE", "html_url": "https://github.com/acme/webapp/security/4"});
        alert.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        told("secret_scanning_alert", json!({"action": "created", "alert": alert}))
    };
    assert_eq!(says(&secret(json!({}))), ("⚠ webapp secret #4: AWS key", Level::Normal));
    assert_eq!(secret(json!({"validity": "active"})).level, Level::Loud);
    assert!(!format!("{:?}", secret(json!({}))).contains("AKIAEXAMPLE"));
    let advisory = json!({"ghsa_id": "GHSA-1", "summary": "Bad", "severity": "critical"});
    let own = told("repository_advisory", json!({"action": "published", "repository_advisory": advisory}));
    assert_eq!(says(&own), ("⚠ webapp advisory GHSA-1 published: Bad (critical)", Level::Loud));
}

#[test]
fn what_takes_protection_away_is_loud() {
    let ruleset = |action: &str, enforcement: &str| {
        let ruleset = json!({"name": "main only", "enforcement": enforcement});
        told("repository_ruleset", json!({"action": action, "repository_ruleset": ruleset}))
    };
    assert_eq!(says(&ruleset("created", "active")), ("ana protected main only in webapp", Level::Normal));
    assert_eq!(ruleset("edited", "active").level, Level::Normal);
    let off = "⚠ ana switched off the protection of main only in webapp";
    assert_eq!(says(&ruleset("edited", "disabled")), (off, Level::Loud));
    assert_eq!(ruleset("deleted", "active").level, Level::Loud);
    let all = told("branch_protection_configuration", json!({"action": "disabled"}));
    assert_eq!(says(&all), ("⚠ ana switched off all branch protection of webapp", Level::Loud));
    let (public, publicized) =
        (told("public", json!({})), told("repository", json!({"action": "publicized"})));
    assert_eq!(
        (says(&public), &public.object),
        ((publicized.line.as_str(), Level::Loud), &publicized.object)
    );
}
