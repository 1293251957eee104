//! Whether the configuration and the commands fit each other.
//!
//! Not either of them alone: both were read before. Layer 4.

use wilco_contract::{
    command::{Command, Effect},
    expr::Condition,
    ids::Origin,
    policy::Glob,
};
use wilco_packs::Problem;

use super::{
    Config,
    connectors::room_problem,
    rules::{approvers_problem, no_command},
};

impl Config {
    /// What does not fit between the rules and all commands, those that Wilco itself has and those of the packs.
    #[must_use]
    pub fn cross_check(&self, commands: &[Command]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let ids: Vec<_> = commands.iter().map(|command| command.spec.id.as_str()).collect();
        for grant in &self.policy.grants {
            let matched = matched(&grant.command, commands);
            if matched.is_empty() {
                problems.push(no_command(&grant.command, &grant.origin, &ids, "this grants nothing"));
            }
            problems.extend(grant.when.as_ref().and_then(|when| unknown_args(when, &grant.origin, &matched)));
        }
        for requirement in &self.policy.requirements {
            let matched =
                requirement.command.as_ref().map(|glob| matched(glob, commands)).unwrap_or_default();
            if let Some(glob) = requirement.command.as_ref().filter(|_| matched.is_empty()) {
                problems.push(no_command(glob, &requirement.origin, &ids, "this protects nothing"));
            }
            let unknown =
                requirement.when.as_ref().and_then(|when| unknown_args(when, &requirement.origin, &matched));
            problems.extend(unknown);
        }
        for command in commands {
            problems.extend(self.homeless(command));
            let short = |requirement| approvers_problem(requirement, &self.policy.people);
            problems.extend(command.spec.require.iter().filter_map(short));
            problems.extend(self.useless(command));
        }
        problems
    }

    fn homeless(&self, command: &Command) -> Option<Problem> {
        room_problem(command.spec.home.as_ref()?, &self.rooms, &command.origin)
    }

    /// A warning at a command that nobody may use.
    fn useless(&self, command: &Command) -> Option<Problem> {
        let spec = &command.spec;
        let granted = self.policy.grants.iter().any(|grant| {
            grant.command.matches(spec.id.as_str())
                && grant.effect.is_none_or(|strongest| spec.effect <= strongest)
        });
        if spec.effect == Effect::Read || granted || spec.id.as_str().starts_with("wilco.") {
            return None;
        }
        let what = format!("nothing grants `{}`, so nobody can use it", spec.id);
        let remedy = format!("Add a `[[grant]]` with `command = \"{}\"` and `to` to `wilco.toml`.", spec.id);
        Some(Problem::at(&command.origin, what, remedy).warning())
    }
}

fn matched<'a>(glob: &Glob, commands: &'a [Command]) -> Vec<&'a Command> {
    commands.iter().filter(|command| glob.matches(command.spec.id.as_str())).collect()
}

/// An error where a condition names an argument that none of the commands has: it would never hold, or deny them all.
fn unknown_args(when: &Condition, origin: &Origin, commands: &[&Command]) -> Option<Problem> {
    if commands.is_empty() {
        return None;
    }
    let args: Vec<&str> =
        commands.iter().flat_map(|command| &command.spec.args).map(|arg| arg.name.as_str()).collect();
    let names = when.names();
    let unknown = names.iter().filter_map(|name| name.strip_prefix("args.")).find(|name| {
        let first = name.split('.').next().unwrap_or(name);
        !args.contains(&first)
    })?;
    let what = format!("the condition names `args.{unknown}`, and no command that the rule matches has it");
    Some(
        Problem::at(origin, what, "Correct the argument's name, or the rule's `command`.")
            .near(unknown, args),
    )
}
