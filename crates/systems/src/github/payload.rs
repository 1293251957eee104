//! The parts of GitHub's payloads that are told: one shape for all events, all of it optional.
//!
//! Not GitHub's schema: what no line needs is skipped while it is read. A secret's value and a key's text have no
//! field here, so no line can show them. Layer 2.

use serde::Deserialize;

use super::lenient::{Flag, Many, Number, Part, Text, When};

/// An object of a payload whose fields may all be missing.
macro_rules! shape {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize)]
        #[serde(default, bound(deserialize = "'de: 'a"))]
        pub(super) struct $name<'a> {
            $(pub(super) $field: $type,)*
        }
    };
}

shape! {
    /// A whole payload.
    Body {
        action: Text<'a>,
        after: Text<'a>,
        alert: Part<Alert<'a>>,
        approver: Part<Named<'a>>,
        assignee: Part<Named<'a>>,
        before: Text<'a>,
        blocked_user: Part<Named<'a>>,
        branches: Many<Part<Branch<'a>>>,
        build: Part<Build<'a>>,
        changes: Part<Changes<'a>>,
        check_run: Part<Run<'a>>,
        check_suite: Part<Run<'a>>,
        comment: Part<Comment<'a>>,
        commit: Part<StatusCommit<'a>>,
        commits: Many<Part<Commit<'a>>>,
        compare: Text<'a>,
        context: Text<'a>,
        created: Flag,
        deleted: Flag,
        deployment: Part<Deployment<'a>>,
        deployment_status: Part<DeploymentStatus<'a>>,
        description: Text<'a>,
        discussion: Part<Item<'a>>,
        environment: Text<'a>,
        forced: Flag,
        forkee: Part<Repository<'a>>,
        hook: Part<Hook<'a>>,
        installation: Part<Installation<'a>>,
        invitation: Part<Named<'a>>,
        issue: Part<Item<'a>>,
        key: Part<Named<'a>>,
        label: Part<Named<'a>>,
        marketplace_purchase: Part<Purchase<'a>>,
        member: Part<Named<'a>>,
        membership: Part<Membership<'a>>,
        merge_group: Part<MergeGroup<'a>>,
        milestone: Part<Named<'a>>,
        organization: Part<Named<'a>>,
        package: Part<Package<'a>>,
        pages: Many<Part<Page<'a>>>,
        personal_access_token_request: Part<TokenRequest<'a>>,
        project: Part<Named<'a>>,
        project_column: Part<Named<'a>>,
        projects_v2: Part<Named<'a>>,
        projects_v2_item: Part<BoardItem<'a>>,
        pull_request: Part<Item<'a>>,
        reason: Text<'a>,
        r#ref: Text<'a>,
        ref_type: Text<'a>,
        registry_package: Part<Package<'a>>,
        release: Part<Release<'a>>,
        repositories: Many<Part<Repository<'a>>>,
        repositories_added: Many<Part<Repository<'a>>>,
        repositories_removed: Many<Part<Repository<'a>>>,
        repository: Part<Repository<'a>>,
        repository_advisory: Part<Advisory<'a>>,
        repository_ruleset: Part<Named<'a>>,
        requested_reviewer: Part<Named<'a>>,
        requested_team: Part<Named<'a>>,
        review: Part<Review<'a>>,
        reviewers: Many<Part<Reviewer<'a>>>,
        rule: Part<Named<'a>>,
        security_advisory: Part<Advisory<'a>>,
        sender: Part<Named<'a>>,
        sha: Text<'a>,
        since: When<'a>,
        sponsorship: Part<Sponsorship<'a>>,
        starred_at: When<'a>,
        state: Text<'a>,
        status: Text<'a>,
        target_url: Text<'a>,
        team: Part<Named<'a>>,
        updated_at: When<'a>,
        user: Part<Named<'a>>,
        workflow: Part<Named<'a>>,
        workflow_job: Part<Run<'a>>,
        workflow_job_run: Part<Run<'a>>,
        workflow_run: Part<Run<'a>>,
        zen: Text<'a>,
    }
}

shape! {
    /// Whatever has a name: a person, a team, a label, a milestone, a rule.
    Named {
        created_at: When<'a>,
        enforcement: Text<'a>,
        html_url: Text<'a>,
        login: Text<'a>,
        name: Text<'a>,
        number: Number,
        permission: Text<'a>,
        read_only: Flag,
        role: Text<'a>,
        slug: Text<'a>,
        title: Text<'a>,
        updated_at: When<'a>,
    }
}

impl Named<'_> {
    /// How it is called.
    pub(super) fn called(&self) -> &str {
        [&self.login, &self.name, &self.title, &self.slug].into_iter().find_map(Text::get).unwrap_or("")
    }
}

shape! {
    Repository {
        default_branch: Text<'a>,
        full_name: Text<'a>,
        html_url: Text<'a>,
        name: Text<'a>,
        pushed_at: When<'a>,
        updated_at: When<'a>,
    }
}

shape! {
    /// An issue, a pull request, a discussion.
    Item {
        additions: Number,
        base: Part<Branch<'a>>,
        body: Text<'a>,
        category: Part<Named<'a>>,
        changed_files: Number,
        closed_at: When<'a>,
        commits: Number,
        created_at: When<'a>,
        deletions: Number,
        draft: Flag,
        html_url: Text<'a>,
        labels: Many<Part<Named<'a>>>,
        merged: Flag,
        merged_at: When<'a>,
        merged_by: Part<Named<'a>>,
        number: Number,
        pull_request: Part<Linked<'a>>,
        requested_reviewers: Many<Part<Named<'a>>>,
        requested_teams: Many<Part<Named<'a>>>,
        state: Text<'a>,
        state_reason: Text<'a>,
        title: Text<'a>,
        updated_at: When<'a>,
        user: Part<Named<'a>>,
    }
}

shape! {
    /// What says that an issue is a pull request.
    Linked {
        html_url: Text<'a>,
    }
}

shape! {
    Branch {
        commit: Part<Sha<'a>>,
        name: Text<'a>,
        r#ref: Text<'a>,
    }
}

shape! {
    Sha {
        sha: Text<'a>,
    }
}

shape! {
    Comment {
        body: Text<'a>,
        commit_id: Text<'a>,
        created_at: When<'a>,
        html_url: Text<'a>,
        path: Text<'a>,
        updated_at: When<'a>,
        user: Part<Named<'a>>,
    }
}

shape! {
    Review {
        body: Text<'a>,
        html_url: Text<'a>,
        state: Text<'a>,
        submitted_at: When<'a>,
        user: Part<Named<'a>>,
    }
}

shape! {
    Commit {
        author: Part<Author<'a>>,
        id: Text<'a>,
        message: Text<'a>,
    }
}

shape! {
    Author {
        name: Text<'a>,
        username: Text<'a>,
    }
}

shape! {
    /// The commit of a `status`.
    StatusCommit {
        author: Part<Named<'a>>,
        commit: Part<Commit<'a>>,
        html_url: Text<'a>,
    }
}

shape! {
    /// A run of checks: of a workflow, one of its jobs, a suite, a single check.
    Run {
        actor: Part<Named<'a>>,
        app: Part<Named<'a>>,
        check_suite: Part<Suite<'a>>,
        completed_at: When<'a>,
        conclusion: Text<'a>,
        created_at: When<'a>,
        environment: Text<'a>,
        event: Text<'a>,
        head_branch: Text<'a>,
        head_commit: Part<Commit<'a>>,
        head_repository: Part<Repository<'a>>,
        head_sha: Text<'a>,
        html_url: Text<'a>,
        id: Number,
        name: Text<'a>,
        started_at: When<'a>,
        status: Text<'a>,
        updated_at: When<'a>,
        workflow_name: Text<'a>,
    }
}

shape! {
    Suite {
        head_branch: Text<'a>,
    }
}

shape! {
    Deployment {
        created_at: When<'a>,
        creator: Part<Named<'a>>,
        environment: Text<'a>,
        id: Number,
        r#ref: Text<'a>,
        sha: Text<'a>,
        updated_at: When<'a>,
    }
}

shape! {
    DeploymentStatus {
        created_at: When<'a>,
        description: Text<'a>,
        environment: Text<'a>,
        environment_url: Text<'a>,
        log_url: Text<'a>,
        state: Text<'a>,
        target_url: Text<'a>,
        updated_at: When<'a>,
    }
}

shape! {
    /// Who may let a deployment go on.
    Reviewer {
        reviewer: Part<Named<'a>>,
    }
}

shape! {
    Release {
        body: Text<'a>,
        html_url: Text<'a>,
        name: Text<'a>,
        prerelease: Flag,
        published_at: When<'a>,
        tag_name: Text<'a>,
        updated_at: When<'a>,
    }
}

shape! {
    /// An alert of any kind.
    Alert {
        affected_package_name: Text<'a>,
        created_at: When<'a>,
        dependency: Part<Dependency<'a>>,
        dismissed_at: When<'a>,
        dismissed_reason: Text<'a>,
        external_identifier: Text<'a>,
        fixed_at: When<'a>,
        html_url: Text<'a>,
        id: Number,
        number: Number,
        publicly_leaked: Flag,
        resolution: Text<'a>,
        rule: Part<ScanRule<'a>>,
        secret_type: Text<'a>,
        secret_type_display_name: Text<'a>,
        security_advisory: Part<Advisory<'a>>,
        security_vulnerability: Part<Advisory<'a>>,
        severity: Text<'a>,
        state: Text<'a>,
        tool: Part<Named<'a>>,
        updated_at: When<'a>,
        validity: Text<'a>,
    }
}

shape! {
    Dependency {
        package: Part<Named<'a>>,
    }
}

shape! {
    ScanRule {
        description: Text<'a>,
        id: Text<'a>,
        security_severity_level: Text<'a>,
        severity: Text<'a>,
    }
}

shape! {
    Advisory {
        ghsa_id: Text<'a>,
        html_url: Text<'a>,
        severity: Text<'a>,
        state: Text<'a>,
        summary: Text<'a>,
        updated_at: When<'a>,
    }
}

shape! {
    Hook {
        events: Many<Text<'a>>,
        r#type: Text<'a>,
        updated_at: When<'a>,
    }
}

shape! {
    Membership {
        role: Text<'a>,
        user: Part<Named<'a>>,
    }
}

shape! {
    Installation {
        account: Part<Named<'a>>,
        app_slug: Text<'a>,
    }
}

shape! {
    MergeGroup {
        base_ref: Text<'a>,
        head_sha: Text<'a>,
    }
}

shape! {
    Package {
        html_url: Text<'a>,
        name: Text<'a>,
        package_type: Text<'a>,
        package_version: Part<PackageVersion<'a>>,
    }
}

shape! {
    PackageVersion {
        version: Text<'a>,
    }
}

shape! {
    /// A page of a wiki.
    Page {
        html_url: Text<'a>,
        title: Text<'a>,
    }
}

shape! {
    /// A build of a site.
    Build {
        error: Part<Message<'a>>,
        status: Text<'a>,
        updated_at: When<'a>,
    }
}

shape! {
    Message {
        message: Text<'a>,
    }
}

shape! {
    BoardItem {
        content_type: Text<'a>,
    }
}

shape! {
    Sponsorship {
        sponsor: Part<Named<'a>>,
        sponsorable: Part<Named<'a>>,
        tier: Part<Named<'a>>,
    }
}

shape! {
    Purchase {
        account: Part<Named<'a>>,
        plan: Part<Named<'a>>,
    }
}

shape! {
    TokenRequest {
        owner: Part<Named<'a>>,
        token_name: Text<'a>,
    }
}

shape! {
    /// What was there before.
    Changes {
        default_branch: Part<From<'a>>,
        login: Part<From<'a>>,
        name: Part<From<'a>>,
        new_issue: Part<Item<'a>>,
        new_repository: Part<Repository<'a>>,
        old_permission: Part<From<'a>>,
        owner: Part<OwnerChange<'a>>,
        permission: Part<From<'a>>,
        repository: Part<RepositoryChange<'a>>,
        role_name: Part<From<'a>>,
    }
}

shape! {
    From {
        from: Text<'a>,
        to: Text<'a>,
    }
}

shape! {
    RepositoryChange {
        name: Part<From<'a>>,
    }
}

shape! {
    OwnerChange {
        from: Part<OwnerBefore<'a>>,
    }
}

shape! {
    OwnerBefore {
        organization: Part<Named<'a>>,
        user: Part<Named<'a>>,
    }
}
