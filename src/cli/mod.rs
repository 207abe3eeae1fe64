//! The command line: reads what was asked, calls what does it, prints what
//! came of it. Data goes to stdout, everything else to stderr.

mod access;
mod alerts;
mod backup;
mod client;
mod confirm;
mod deliveries;
mod demo;
mod doctor;
mod hold;
mod jobs;
mod journal;
mod list;
pub mod log;
mod notify;
mod output;
mod pause;
mod policy;
mod rehearsal;
mod report;
mod retention;
mod retry;
mod returned;
mod review;
mod run;
mod selection;
mod setup;
mod status;
mod sweep;
mod sweeps;
mod token;
mod workbook;

pub use crate::service::failure::Failure;

use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser, Subcommand};

use output::Output;

/// Anonymizes the clients in a company's own database when they are due, unattended.
#[derive(Debug, Parser)]
#[command(name = "lethe", version, propagate_version = true, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// Options that every command takes.
#[derive(Debug, clap::Args)]
struct Global {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", env = "LETHE_CONFIG", default_value = "lethe.toml")]
    config: PathBuf,
    /// Print the result as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create the database of an invented company, and anonymize ten thousand clients in a minute.
    Demo(demo::Args),
    /// Draft, check and show the policy.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Start, preview or rehearse a sweep.
    Sweep(sweep::Args),
    /// Save a named list of clients, for sweeps over them.
    #[command(subcommand)]
    Selection(selection::Command),
    /// Have a second person approve the clients of a sweep before it starts.
    #[command(subcommand)]
    Review(review::Command),
    /// Run the scheduler and a worker until stopped.
    Run,
    /// Run only the scheduler: it opens sweeps at their ticks; workers process them.
    Scheduler,
    /// Run only a worker: it processes open sweeps.
    Worker,
    /// Show the next and the last nights, and what needs attention.
    Status(status::Args),
    /// List sweeps, newest first, by job, kind, state and day.
    Sweeps(sweeps::Args),
    /// List the jobs, with their next and last runs.
    Jobs(jobs::Args),
    /// Pause a job, or all work: no sweep starts, and running ones wait.
    Pause(pause::PauseArgs),
    /// Resume a job, or all work.
    Resume(pause::ResumeArgs),
    /// Print a report, as a page or as JSON.
    #[command(subcommand)]
    Report(report::Command),
    /// Show a client's history, and what a sweep would do with it now.
    Client(client::Args),
    /// List anonymized clients who have come back under a new key, or confirm one.
    Returned(returned::Args),
    /// Place, release and list holds: a client on hold is refused by every sweep.
    #[command(subcommand)]
    Hold(hold::Command),
    /// Show pending work outside the database: files to delete, messages to send.
    Deliveries(deliveries::Args),
    /// Retry failed clients and abandoned deliveries.
    Retry(retry::Args),
    /// Record that a backup was taken.
    #[command(subcommand)]
    Backup(backup::Command),
    /// Verify the journal, show its state, or begin a new one.
    #[command(subcommand)]
    Journal(journal::Command),
    /// Create, revoke and list the tokens of the HTTP API and the pages.
    #[command(subcommand)]
    Token(token::Command),
    /// Test the alerts that notify operators.
    #[command(subcommand)]
    Alerts(alerts::Command),
    /// Check everything that a sweep relies on.
    Doctor,
    /// Print the HTTP API's `OpenAPI` document.
    Openapi,
    /// Print the man page, or write one per command into a folder.
    Man {
        /// The folder to write into, one file per command.
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// Print a shell completion script.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

impl Cli {
    /// Whether logs go to a program rather than to a person.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.global.json
    }

    /// Whether the command runs for long and its log is what is looked at.
    #[must_use]
    pub fn is_service(&self) -> bool {
        matches!(self.command, Command::Run | Command::Scheduler | Command::Worker)
    }
}

/// What is wrong with the arguments, for a program.
#[must_use]
pub fn usage(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let (what, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let what = what.trim().strip_prefix("error: ").unwrap_or(what).replace('\n', " ");
    Failure::new(what, rest.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Does what was asked.
pub async fn execute(cli: Cli) -> Result<(), Failure> {
    let out = Output { json: cli.global.json };
    let file = &cli.global.config;
    let done = match cli.command {
        Command::Demo(args) => Box::pin(demo::execute(&args, out)).await,
        Command::Policy(command) => Box::pin(policy::execute(command, file, out)).await,
        Command::Sweep(args) => Box::pin(sweep::execute(args, file, out)).await,
        Command::Selection(command) => selection::execute(command, file, out).await,
        Command::Review(command) => review::execute(command, file, out).await,
        Command::Run => run::execute(run::Part::Everything, file).await,
        Command::Scheduler => run::execute(run::Part::Scheduler, file).await,
        Command::Worker => run::execute(run::Part::Worker, file).await,
        Command::Status(args) => status::execute(&args, file, out).await,
        Command::Sweeps(args) => sweeps::execute(args, file, out).await,
        Command::Jobs(args) => jobs::execute(&args, file, out).await,
        Command::Pause(args) => pause::pause(args, file, out).await,
        Command::Resume(args) => pause::resume(args, file, out).await,
        Command::Report(command) => report::execute(command, file, out).await,
        Command::Client(args) => client::execute(&args, file, out).await,
        Command::Returned(args) => returned::execute(&args, file, out).await,
        Command::Hold(command) => hold::execute(command, file, out).await,
        Command::Deliveries(args) => deliveries::execute(&args, file, out).await,
        Command::Retry(args) => retry::execute(args, file, out).await,
        Command::Backup(command) => backup::execute(command, file, out).await,
        Command::Journal(command) => Box::pin(journal::execute(command, file, out)).await,
        Command::Token(command) => token::execute(command, file, out).await,
        Command::Alerts(command) => alerts::execute(command, file, out).await,
        Command::Doctor => doctor::execute(file, out).await,
        Command::Openapi => {
            output::print(&crate::http::document().to_pretty_json().unwrap_or_default());
            Ok(())
        }
        Command::Man { folder } => man(folder.as_deref()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "lethe", &mut script);
            output::print(String::from_utf8_lossy(&script).trim_end());
            Ok(())
        }
    };
    done.and_then(|()| output::delivered())
}

/// Prints the program's man page, or writes those of all commands.
fn man(folder: Option<&Path>) -> Result<(), Failure> {
    let mut page = Vec::new();
    let written = match folder {
        Some(folder) => clap_mangen::generate_to(Cli::command(), folder),
        None => clap_mangen::Man::new(Cli::command()).render(&mut page),
    };
    let hint = "name an existing folder that you can write to";
    written.map_err(|error| Failure::new(format!("the man pages cannot be written: {}", error.kind()), hint))?;
    if folder.is_none() {
        output::print(String::from_utf8_lossy(&page).trim_end());
    }
    Ok(())
}
