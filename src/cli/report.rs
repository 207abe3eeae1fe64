//! `lethe report`: what an auditor can keep.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::output::{Output, print};
use super::{Failure, setup};
use crate::domain::clock::Clock;
use crate::domain::reading::trouble;
use crate::ledger::Ledger;
use crate::report::{About, Month, Register, ReportOptions};
use crate::worker::Planner;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Report on a sweep, its pending deliveries and what remains.
    Sweep {
        /// The sweep's number; `lethe status` lists the last ones.
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        sweep: i64,
        /// Include the rare values of quasi-identifiers; keep such a report inside the company.
        #[arg(long)]
        values: bool,
        #[command(flatten)]
        to: To,
    },
    /// Report on all sweeps of a month, in the configured time zone.
    Month {
        /// The month, such as 2026-11.
        month: Month,
        /// Include the rare values of quasi-identifiers; keep such a report inside the company.
        #[arg(long)]
        values: bool,
        #[command(flatten)]
        to: To,
    },
    /// Print the time limits for erasure for the records of processing (GDPR Art. 30(1)(f)): periods, starts, legal bases.
    Register {
        #[command(flatten)]
        to: To,
    },
}

/// Where a report goes.
#[derive(Debug, clap::Args)]
pub(super) struct To {
    /// Write it to a new file instead of printing it.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn execute(command: Command, file: &Path, out: Output) -> Result<(), Failure> {
    let (config, store) = setup::store(file).await?;
    match command {
        Command::Sweep { sweep, values, to } => {
            if !Ledger::exists(&store).await? {
                return Err(super::status::no_sweep(sweep));
            }
            let service = setup::service_of(&config, setup::context_of(&config, store).await?).await?;
            let report = service.sweep_report(sweep, ReportOptions { values }).await?;
            to.give(&report, report.html("en"), out)
        }
        Command::Month { month, values, to } => {
            if !Ledger::exists(&store).await? {
                return Err(Failure::new(
                    "no sweep was ever opened in this database",
                    "a month is reported once it has had one; `lethe report register` needs none",
                ));
            }
            let service = setup::service_of(&config, setup::context_of(&config, store).await?).await?;
            let report = service.month_report(month, ReportOptions { values }).await?;
            to.give(&report, report.html("en"), out)
        }
        Command::Register { to } => {
            let jobs = if config.jobs.exists() { setup::jobs(&config.jobs)? } else { Vec::new() };
            let planner = Planner::new(config.policy.clone());
            let about = About::new(&store, &setup::actor(), Clock::System.now());
            let report = Register::make(&store, &planner, about, &jobs).await?;
            to.give(&report, report.html(), out)
        }
    }
}

impl To {
    /// Prints a report, or writes it to its file.
    fn give(&self, report: &impl Serialize, html: askama::Result<String>, out: Output) -> Result<(), Failure> {
        let text = if out.json {
            serde_json::to_string_pretty(report).expect("plain data")
        } else {
            html.map_err(|_| {
                Failure::fault("the page could not be created", "`--json` gives the same report to a program")
            })?
        };
        let Some(path) = &self.output else {
            print(text.trim_end());
            return Ok(());
        };
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Failure::new(
                format!("`{}` already exists", path.display()),
                "an existing report is not overwritten: name another file, or move this one",
            ),
            kind => Failure::new(
                format!("`{}` cannot be written: {}", path.display(), trouble(kind)),
                "check the folder, or leave `--output` out to print the report",
            ),
        };
        let mut file = std::fs::File::create_new(path).map_err(failed)?;
        file.write_all(text.trim_end().as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
        out.data(&serde_json::json!({ "output": path }), || format!("The report is in `{}`.", path.display()));
        Ok(())
    }
}
