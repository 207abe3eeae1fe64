//! `lethe review export` and `import`: a review as a workbook, taken out and given back.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Failure;
use super::client::minute;
use super::confirm::confirm;
use super::output::{Output, counted, number, word};
use super::review::{Which, size};
use crate::domain::reading::trouble;
use crate::ledger::Import;
use crate::service::Service;
use crate::service::workbooks::{File, LARGEST, Rest, RowError};

/// Errors of a workbook that are printed.
const PRINTED: usize = 20;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Export a review as a workbook: an archive with one XLSX file, one row per client.
    Export {
        /// Its name.
        name: String,
        /// The file to write; named after the review if left out.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Approve the clients that remain in a review's workbook, after a person has checked and saved it.
    Import {
        /// Its name.
        name: String,
        /// The workbook, saved by a spreadsheet program.
        file: PathBuf,
        /// Approve without asking for confirmation: anonymization cannot be undone.
        #[arg(long, env = "LETHE_YES")]
        yes: bool,
        /// Process the sweep in this process, and wait for its end.
        #[arg(long)]
        wait: bool,
    },
    /// Continue a refused import with the rows that have no errors; clients of other rows are kept.
    Continue {
        /// The number of the import.
        import: i64,
        /// Only if rows without errors have this number of clients.
        #[arg(long, value_name = "N")]
        clients: Option<i64>,
        /// Approve without asking for confirmation: anonymization cannot be undone.
        #[arg(long, env = "LETHE_YES")]
        yes: bool,
        /// Process the sweep in this process, and wait for its end.
        #[arg(long)]
        wait: bool,
    },
    /// List imported workbooks, newest first.
    Imports(Which),
    /// Write a workbook that lists the errors of an imported one.
    Errors {
        /// The number of the import.
        import: i64,
        /// The file to write; named after the review if left out.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

pub(super) async fn execute(command: Command, service: &Service, out: Output) -> Result<(), Failure> {
    match command {
        Command::Export { name, to } => {
            let file = service.export_review(&name).await?;
            let path = keep(file, to)?;
            out.data(&json!({ "review": name, "file": path }), || {
                format!(
                    "{} has the clients of review `{name}`, as they are now. It holds personal data: delete it when you are done.\n\n\
                     Open the workbook in it, delete the rows of clients to keep, save it as XLSX, then run\n  \
                     lethe review import {} FILE",
                    path.display(),
                    word(&name)
                )
            });
        }
        Command::Import { name, file, yes, wait } => {
            let review = service.review(&name).await?.review;
            if review.state == "waiting" && service.may_approve(&review) {
                let what = format!("{}: those left in the workbook are approved", size(&review));
                let hint = format!(
                    "if it is right, run `lethe review import {} {} --yes`",
                    word(&name),
                    word(&file.display().to_string())
                );
                confirm(&what, "Approve them?", &hint, yes)?;
            }
            let import = service.import_review(&name, bytes_of(&file)?).await?;
            if import.state == "refused" {
                return Err(refused(&import));
            }
            return accepted(&import, wait, service, out).await;
        }
        Command::Continue { import, clients, yes, wait } => {
            let found = service.import(import).await?;
            let now = Rest::from(&found);
            let seen = Rest { kept: clients.unwrap_or(now.kept), ..now };
            if found.state == "refused" && found.kept > 0 {
                let what = format!(
                    "import {import} has {} in rows without errors, and anonymization cannot be undone",
                    counted(found.kept, "client")
                );
                let again = format!("lethe review continue {import} --clients {} --yes", found.kept);
                let hint = format!("`lethe review errors {import}` writes the errors; if it is right, run `{again}`");
                confirm(&what, "Continue without the rows with errors?", &hint, yes)?;
            }
            return accepted(&service.continue_import(import, &seen).await?, wait, service, out).await;
        }
        Command::Imports(which) => {
            let imports = service.imports(&which.into()).await?;
            let columns = ["import", "review", "made", "by", "left", "taken out", "state", ""];
            out.list(&imports, "No imports.", columns, |own| {
                let sweep = own.sweep.map(|id| format!("sweep {id}"));
                let errors = RowError::of(own).map_or(0, |all| all.len());
                let more = sweep.or_else(|| (errors > 0).then(|| counted(errors, "error"))).unwrap_or_default();
                let (review, made, by) = (own.review.clone(), minute(&own.made_at), own.made_by.clone());
                let (left, out) = (number(own.kept), number(own.removed));
                [own.id.to_string(), review, made, by, left, out, own.state.clone(), more]
            });
        }
        Command::Errors { import, to } => {
            let path = keep(service.import_errors(import).await?, to)?;
            out.data(&json!({ "import": import, "file": path }), || {
                format!("{} says what is wrong, row by row.", path.display())
            });
        }
    }
    Ok(())
}

/// What follows a workbook that was accepted.
async fn accepted(import: &Import, wait: bool, service: &Service, out: Output) -> Result<(), Failure> {
    if let (true, Some(sweep)) = (wait, import.sweep) {
        return super::sweep::wait(&service.context, sweep, out).await;
    }
    out.data(import, || {
        let kept = counted(import.kept, "client");
        let left = format!("{kept} left, {} removed", number(import.removed));
        if let Some(sweep) = import.sweep {
            format!("{left}: sweep {sweep} is open, and a running `lethe run` processes it.")
        } else {
            let review = word(&import.review);
            format!("{left}. A second person approves them with `lethe review approve {review}`.")
        }
    });
    Ok(())
}

/// Writes a file that only its owner can read, and never overwrites another.
fn keep(file: File, to: Option<PathBuf>) -> Result<PathBuf, Failure> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let path = to.unwrap_or_else(|| PathBuf::from(file.name));
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let written = opened.and_then(|mut opened| opened.write_all(&file.bytes));
    match written {
        Ok(()) => Ok(path),
        Err(error) => Err(Failure::new(
            format!("{} cannot be written: {}", path.display(), trouble(error.kind())),
            "name another file with `--to`; an existing file is not overwritten",
        )),
    }
}

fn bytes_of(file: &Path) -> Result<Vec<u8>, Failure> {
    let size = std::fs::metadata(file).map(|own| own.len());
    if size.as_ref().is_ok_and(|size| *size > LARGEST as u64) {
        return Err(Failure::new(format!("{} is larger than 32 MiB", file.display()), "is it the workbook?"));
    }
    std::fs::read(file).map_err(|error| {
        let what = format!("{} cannot be read: {}", file.display(), trouble(error.kind()));
        Failure::new(what, "name the workbook that a spreadsheet program saved")
    })
}

/// A workbook that was not taken, with what is wrong with it.
fn refused(import: &Import) -> Failure {
    let errors = match RowError::of(import) {
        Ok(errors) => errors,
        Err(failure) => return failure,
    };
    let mut text = format!("the workbook was refused, and nothing was done ({})", counted(errors.len(), "error"));
    for own in errors.iter().take(PRINTED) {
        let row = own.row.map(|row| format!("row {row}: ")).unwrap_or_default();
        let column = own.column.as_deref().filter(|own| !own.is_empty()).map(|own| format!("`{own}` "));
        text += &format!("\n  {row}{}{}", column.unwrap_or_default(), own.what);
    }
    let more = if errors.len() > PRINTED { ", and all are" } else { "" };
    let fix = errors.first().map(|own| own.fix.clone()).unwrap_or_default();
    let mut hint = format!("{fix}{more}; `lethe review errors {}` writes them into a workbook", import.id);
    if import.kept > 0 {
        let kept = counted(import.kept, "client");
        hint += &format!("; or continue with the {kept} of rows without errors: `lethe review continue {}`", import.id);
    }
    Failure::new(text, hint)
}
