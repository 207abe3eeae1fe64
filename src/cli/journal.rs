//! `lethe journal`.

use std::path::Path;

use super::output::{Output, counted};
use super::{Failure, setup};
use crate::domain::access::Right;
use crate::ledger::Ledger;
use crate::service::journal::{JournalStatus, counted_records};
use crate::worker::Context;
use crate::worker::journal::{self as worker, verify};
use crate::worker::sweep::SweepError;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Verify that the journal is complete and matches the ledger, or name the first bad record.
    Verify,
    /// Show the journal's last record, and how many records are pending.
    Status,
    /// Continue the journal found at `journal.place`: it belongs to this database, which was restored or moved.
    Adopt,
    /// Begin a new journal in an empty location from the ledger: this database is a copy, or its journal was lost.
    #[command(alias = "renew")]
    New,
    /// Continue the journal under the new key in `journal.key_file`; `journal.old_key_files` names the previous one.
    Rotate,
}

pub(super) async fn execute(command: Command, file: &Path, out: Output) -> Result<(), Failure> {
    let (config, store) = setup::store(file).await?;
    if config.journal.place.is_none() {
        return Err(Failure::new(
            "no journal is configured",
            "set `journal.place` in `lethe.toml` to a folder outside the database; see `docs/operations.md`",
        ));
    }
    // To decide, no sweep is needed.
    let decides = matches!(command, Command::Adopt | Command::New);
    if !decides && !Ledger::exists(&store).await? {
        return Err(Failure::new(
            "no sweep was ever opened in this database, so it has no journal",
            "the first sweep makes the ledger, and `lethe run` begins the journal",
        ));
    }
    let service = setup::service_of(&config, setup::context_of(&config, store).await?).await?;
    let (right, what) = match command {
        Command::New => (Right::Configure, "begin another journal"),
        Command::Adopt => (Right::Configure, "adopt the journal"),
        Command::Rotate => (Right::Configure, "change the journal's key"),
        Command::Verify | Command::Status => (Right::Read, "read the journal"),
    };
    service.allow(right, what).await?;
    let context = service.context;
    match command {
        Command::Verify => check(&context, out).await,
        Command::Status => status(&context, out).await,
        Command::Adopt => adopt(&context, out).await,
        Command::New => renew(&context, out).await,
        Command::Rotate => rotate(&context, out).await,
    }
}

async fn check(context: &Context, out: Output) -> Result<(), Failure> {
    let Some(journal) = &context.journal else { return Ok(()) };
    let verdict = verify(context, journal).await?;
    out.data(&verdict, || {
        if !verdict.whole {
            return format!("The first {} are intact.", counted(verdict.records, "record"));
        }
        format!(
            "The journal is complete and matches the ledger.\n\n{} in {}, {} waiting\nlast hash {}",
            counted(verdict.records, "record"),
            counted(verdict.segments, "segment"),
            verdict.waiting,
            verdict.hash
        )
    });
    match verdict.what {
        None => Ok(()),
        Some(what) => Err(Failure::new(
            format!("the journal is damaged: {what}"),
            "all records before that one are intact; restore the journal from its own backup, and find out who changed it",
        )),
    }
}

async fn status(context: &Context, out: Output) -> Result<(), Failure> {
    let status = JournalStatus::of(context).await?;
    out.data(&status, || {
        let Some(status) = &status else { return "No journal is configured.".to_owned() };
        let mut text = status.line();
        for line in status.attention() {
            text += &format!("\n{line}");
        }
        text
    });
    Ok(())
}

async fn adopt(context: &Context, out: Output) -> Result<(), Failure> {
    let Some(journal) = &context.journal else { return Ok(()) };
    worker::adopt(context, journal).await?;
    status(context, out).await
}

async fn rotate(context: &Context, out: Output) -> Result<(), Failure> {
    let Some(journal) = &context.journal else { return Ok(()) };
    worker::rotate(context, journal).await?;
    status(context, out).await
}

async fn renew(context: &Context, out: Output) -> Result<(), Failure> {
    let Some(journal) = &context.journal else { return Ok(()) };
    let place = journal.place();
    if place.last().await.map_err(SweepError::from)? > 0 {
        return Err(Failure::new(
            format!("there is a journal at `{}`", place.shown()),
            "`lethe journal verify` reads it; set `journal.place` to an empty location for a new one",
        ));
    }
    worker::renew(context, journal).await?;
    let backlog = context.ledger.backlog().await?;
    out.data(&serde_json::json!({ "waiting": backlog.records }), || {
        format!("A new journal begins; {} wait to be written, which `lethe run` does.", counted_records(&backlog))
    });
    Ok(())
}
