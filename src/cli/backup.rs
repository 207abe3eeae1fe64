//! `lethe backup`: say that a backup was made.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::output::Output;
use super::{Failure, setup};
use crate::domain::access::Right;
use crate::domain::text::{LONGEST_TEXT, said};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Record that a backup was taken; live sweeps need a recent one.
    Acknowledge {
        /// When it was taken, such as 2026-01-31T02:00:00Z; now if left out.
        #[arg(long, value_name = "TIME")]
        at: Option<DateTime<Utc>>,
        /// Its location or name.
        #[arg(long)]
        note: Option<String>,
    },
}

pub(super) async fn execute(command: Command, file: &Path, out: Output) -> Result<(), Failure> {
    let (_, service) = setup::service(file).await?;
    service.allow(Right::Bulk, "acknowledge a backup").await?;
    let context = service.context;
    let Command::Acknowledge { at, note } = command;
    let now = context.ledger.clock().now();
    let made = at.unwrap_or(now);
    if made > now {
        return Err(Failure::new(
            "a backup cannot have been taken in the future",
            "`--at` is the time at which it was taken",
        ));
    }
    if let Some(note) = &note {
        said(note, LONGEST_TEXT)
            .map_err(|what| Failure::new(format!("the note cannot be kept: {what}"), what.hint()))?;
    }
    context.ledger.record_backup(made, &context.actor, note.as_deref()).await?;
    out.data(&serde_json::json!({ "backup": made }), || {
        format!("A backup of {} is acknowledged.", made.format("%Y-%m-%d %H:%M UTC"))
    });
    Ok(())
}
