//! The command line: what can be said to `wilco` on a terminal.
//!
//! Not the work: each command has a file of its own. Exit codes: 0 done, 1 refused, failed or no such order, 2 usage.
//! Layer 4.

mod audit;
mod chat;
mod check;
mod client;
mod explain;
mod init;
mod login;
mod logins;
mod orders;
pub(crate) mod terminal;
mod up;

use std::{future::Future, path::PathBuf, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand};

/// A ChatOps server: operations where the team talks.
#[derive(Debug, Parser)]
#[command(name = "wilco", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the server: with `--config`, else with `./wilco.toml`, else with a demo under `./wilco-demo`.
    Up {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Begins an ops repo: a configuration, a pack with its program and its transcript, schemas for editors.
    Init {
        /// The folder; it is made where it is missing, and nothing in it is written over.
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
    /// Checks an ops repo: configuration, packs, transcripts.
    Check {
        /// The ops repo.
        #[arg(default_value = ".", value_name = "DIR")]
        dir: PathBuf,
        /// Another state of it, as a checkout of the main branch: says which rights are gained against that one.
        /// Without, it is what Wilco last ran with here.
        #[arg(long, value_name = "DIR")]
        against: Option<PathBuf>,
    },
    /// Makes this terminal yours: prints a code that you accept on the page. What it orders, confirms and approves
    /// afterwards is yours.
    Login {
        /// Ends that.
        #[arg(long)]
        end: bool,
    },
    /// Talks in a room of a running server. Lines from a pipe are said one after the other, and their answers printed.
    Chat {
        /// The room; without it the home room.
        #[arg(value_name = "PLACE")]
        place: Option<String>,
    },
    /// Makes a one-time link with which a person signs in on the page.
    Invite {
        /// The person, as in `[person.ana]`.
        person: String,
    },
    /// Gives an order to a running server, prints the answer, and waits for the end.
    Run {
        /// The order, without a name in front: "status webapp".
        order: String,
        /// The place where it is given; without it a read answers here alone, a write stands in its home room.
        #[arg(long, value_name = "PLACE")]
        place: Option<String>,
        /// The reason, kept with the operation.
        #[arg(long, value_name = "TEXT")]
        because: Option<String>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// Does not wait for an operation's end.
        #[arg(long)]
        detach: bool,
        /// What a repeat is known by: the same order with the same key makes one operation. Without, each is a new one.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Programs' tokens.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// The audit log.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Says of a webhook in a file what it would come to: what happened, where it goes and why. Starts nothing.
    Explain {
        /// The source, as in `[source.github]`.
        source: String,
        /// The body, or header lines, an empty line and the body; `-` reads it from stdin.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// A header of the request: "X-GitHub-Event: push".
        #[arg(long = "header", value_name = "HEADER")]
        headers: Vec<String>,
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Prints the JSON schema of a kind of file, for editors.
    Schema {
        /// Which kind: `config` is `wilco.toml`, `pack` is `pack.toml`.
        kind: init::Kind,
    },
    #[command(hide = true)]
    /// Runs a program under limits, and ends with it whatever it started. Used by the server itself.
    Guard {
        /// A run folder of the server, or `--` and a program with its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        argv: Vec<std::ffi::OsString>,
    },
    /// Prints completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Makes a token and prints it, once.
    Create {
        /// Its name.
        name: String,
        /// What it may do: `read` sees what every linked person may see, `order` gives orders granted to it.
        #[arg(long, default_value = "read", value_parser = ["read", "order"])]
        scope: String,
        /// How long it lives.
        #[arg(long, default_value = "90d", value_name = "SPAN")]
        expires: String,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lists tokens.
    List {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ends a token.
    Revoke {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Proves that no record was changed, cut or rewritten, or names the first that was. Also while the server runs.
    Verify {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Further files of signed checkpoints.
        #[arg(long, value_name = "FILE")]
        against: Vec<PathBuf>,
    },
    /// Prints the log, one record of JSON a line.
    Export {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Refused or failed; told already.
    Told,
    /// Refused or failed, and why.
    Failed(String),
    /// The command line itself is wrong.
    Usage(String),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(format!("{:#}", error.into()))
    }
}

/// Runs the command line and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|word| word == "guard") {
        // Read before anything else: its arguments are another program's.
        return ExitCode::from(u8::try_from(wilco_systems::host::guard::run()).unwrap_or(1));
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            // A closed pipe is nobody's fault.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Told) => ExitCode::from(1),
        Err(Failure::Failed(what)) => {
            terminal::notice(&what);
            ExitCode::from(1)
        }
        Err(Failure::Usage(what)) => {
            terminal::notice(&what);
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        // Taken before the command line was read; listed for `--help`.
        Command::Guard { .. } => Ok(()),
        Command::Up { config } => up::run(config.as_deref()),
        Command::Init { dir } => init::run(&dir),
        Command::Schema { kind } => {
            init::schema(kind);
            Ok(())
        }
        Command::Check { dir, against } => check::run(&dir, against.as_deref()),
        Command::Login { end: false } => login::run(),
        Command::Login { end: true } => login::end(),
        Command::Chat { place } => chat::run(place.as_deref()),
        Command::Invite { person } => orders::invite(&person),
        Command::Run { order, place, because, json, detach, key } => {
            orders::run(&orders::Order { order, place, because, json, detach, key })
        }
        Command::Token { command: TokenCommand::Create { name, scope, expires, json } } => {
            orders::token_create(&name, &scope, &expires, json)
        }
        Command::Token { command: TokenCommand::List { json } } => orders::token_list(json),
        Command::Token { command: TokenCommand::Revoke { name } } => orders::token_revoke(&name),
        Command::Audit { command: AuditCommand::Verify { config, against } } => {
            audit::verify(config.as_deref(), &against)
        }
        Command::Audit { command: AuditCommand::Export { config } } => audit::export(config.as_deref()),
        Command::Explain { source, file, headers, config } => {
            explain::run(&explain::Question { source, file, headers, config })
        }
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "wilco", &mut text);
            terminal::print(&String::from_utf8_lossy(&text));
            Ok(())
        }
    }
}

/// The configuration that a command means: the one named, `./wilco.toml`, or the demo's.
fn config_path(named: Option<&std::path::Path>) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(named.to_owned());
    }
    let here = PathBuf::from("wilco.toml");
    let demo = PathBuf::from(crate::demo::FOLDER).join("wilco.toml");
    [here, demo].into_iter().find(|path| path.exists())
}

/// A runtime for a command that talks to a server.
fn on_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
