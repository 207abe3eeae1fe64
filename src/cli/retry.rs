//! `lethe retry`: let clients that failed, and deliveries that were given up, be tried again.

use std::path::Path;

use super::confirm::confirm;
use super::deliveries::deliveries;
use super::output::{Output, counted};
use super::{Failure, setup};
use crate::domain::access::Right;
use crate::worker::SweepError;
use crate::worker::deliver::deliver_now;
use crate::worker::journal::before_opening;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only this client.
    key: Option<String>,
    /// Retry without asking for confirmation: anonymization cannot be undone.
    #[arg(long, env = "LETHE_YES")]
    yes: bool,
    /// Process the sweep in this process, and wait for its end.
    #[arg(long)]
    wait: bool,
}

pub(super) async fn execute(args: Args, file: &Path, out: Output) -> Result<(), Failure> {
    let (_, service) = setup::service(file).await?;
    let context = &service.context;
    let failed = service.to_retry(args.key.as_deref()).await?;
    if !failed.is_empty() {
        let clients = counted(failed.len(), "client");
        let what = format!("{clients} that failed would be retried, and anonymization cannot be undone");
        let hint = "`lethe status --failures` lists failed clients; to confirm, add `--yes`";
        confirm(&what, "Try again?", hint, args.yes)?;
    }
    let (sweeps, clients) = service.retry_these(failed).await?;
    let mut retried = 0;
    if args.key.is_none() && service.caller.limit.is_none() {
        service.allow(Right::Bulk, "retry deliveries").await?;
        retried = context.ledger.retry_deliveries().await?;
    }
    let also = if retried > 0 { format!("{} will be retried.", deliveries(retried)) } else { String::new() };
    if args.wait {
        for id in &sweeps {
            super::sweep::wait(context, *id, out).await?;
        }
        if sweeps.is_empty() {
            // A copy of another ledger is noticed before it delivers anything.
            match before_opening(context).await {
                Ok(()) | Err(SweepError::Restored { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            deliver_now(context).await?;
        }
    }
    if args.wait && !sweeps.is_empty() {
        return Ok(());
    }
    out.data(&serde_json::json!({ "sweeps": sweeps, "clients": clients, "deliveries": retried }), || {
        if clients == 0 {
            return if also.is_empty() { "No client has failed.".to_owned() } else { also };
        }
        let text = format!("{} will be retried; a running `lethe run` does it.", counted(clients, "client"));
        if also.is_empty() { text } else { format!("{text} {also}") }
    });
    Ok(())
}
