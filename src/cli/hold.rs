//! `lethe hold`: keep a client out of every sweep until released.

use std::path::Path;

use serde_json::json;

use super::output::Output;
use super::{Failure, setup};
use crate::domain::access::Right;
use crate::worker::Context;
use crate::worker::journal::Keeper;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Place a hold: sweeps refuse the client until it is released.
    Add {
        /// The client's key.
        key: String,
        /// The reason, for others who see it later; do not name a person.
        #[arg(long)]
        reason: String,
    },
    /// Release a hold: the client's date and period apply again.
    Release {
        /// The client's key.
        key: String,
    },
    /// List the holds in force.
    List {
        /// Include released holds.
        #[arg(long)]
        all: bool,
    },
}

pub(super) async fn execute(command: Command, file: &Path, out: Output) -> Result<(), Failure> {
    let service = match command {
        Command::List { .. } => setup::reading(file, Right::Read, "view holds").await?.1,
        _ => Some(setup::service(file).await?.1),
    };
    let Some(service) = service else {
        out.data(&json!([]), || "No holds.".to_owned());
        return Ok(());
    };
    match command {
        Command::Add { key, reason } => {
            let key = service.place_hold(&key, &reason).await?;
            tell(&service.context).await;
            out.data(&json!({ "client": key, "hold": "placed" }), || {
                format!("Client {key} is on hold. No sweep takes it until `lethe hold release {key}`.")
            });
        }
        Command::Release { key } => {
            let key = service.release_hold(&key).await?;
            tell(&service.context).await;
            out.data(&json!({ "client": key, "hold": "released" }), || {
                format!("Client {key} is no longer on hold, and its date and period apply again.")
            });
        }
        Command::List { all } => {
            let holds = service.holds(all).await?;
            out.list(&holds, "No holds.", ["client", "since", "by", "reason", ""], |hold| {
                let released = hold.released_at.as_ref().map(|at| format!("released {}", &at[..10]));
                let (since, by) = (hold.placed_at[..10].to_owned(), hold.placed_by.clone());
                [hold.client_key.clone(), since, by, hold.reason.clone(), released.unwrap_or_default()]
            });
        }
    }
    Ok(())
}

/// Tells the journal at once, and not when a sweep is worked on next: were the
/// database lost meanwhile, no other record would show it.
async fn tell(context: &Context) {
    if let Err(error) = Keeper::new(context).round().await {
        tracing::warn!(error = error.brief(), "the journal is updated later");
    }
}
