//! `lethe hold`: keep a client out of every sweep until released.

use std::path::Path;

use serde_json::json;

use super::output::{Output, table};
use super::{Failure, setup};
use crate::ledger::Ledger;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Place a hold: the client is refused until it is released.
    Add {
        /// The client's key.
        key: String,
        /// Why, for those who see it later; name no person.
        #[arg(long)]
        reason: String,
    },
    /// Release a hold: the client is due again by itself.
    Release {
        /// The client's key.
        key: String,
    },
    /// List the holds in force.
    List {
        /// Released ones too.
        #[arg(long)]
        all: bool,
    },
}

pub(super) async fn execute(command: Command, file: &Path, out: Output) -> Result<(), Failure> {
    if let Command::List { .. } = command {
        let (_, store) = setup::store(file).await?;
        if !Ledger::exists(&store).await? {
            out.data(&json!([]), || "No holds.".to_owned());
            return Ok(());
        }
    }
    let (_, context) = setup::context(file).await?;
    match command {
        Command::Add { key, reason } => {
            let key = super::client::ledger_key(&context, &key).await?;
            if reason.trim().is_empty() {
                return Err(Failure::new("a hold needs a reason", "say why with `--reason \"…\"`"));
            }
            let history = context.ledger.history(&key).await?;
            if history.last().is_some_and(|last| last.outcome == "anonymized") {
                return Err(Failure::new(
                    format!("client {key} was anonymized on {}", &history[history.len() - 1].at[..10]),
                    "what is gone cannot be held; a backup of before may still have it",
                ));
            }
            if !context.ledger.place_hold(&key, reason.trim(), &context.actor).await? {
                return Err(Failure::new(format!("client `{key}` is on hold already"), "`lethe hold list` shows it"));
            }
            out.data(&json!({ "client": key, "hold": "placed" }), || {
                format!("Client {key} is on hold. No sweep takes it until `lethe hold release {key}`.")
            });
        }
        Command::Release { key } => {
            let key = super::client::ledger_key(&context, &key).await?;
            if !context.ledger.release_hold(&key, &context.actor).await? {
                return Err(Failure::new(format!("client `{key}` is not on hold"), "`lethe hold list` shows who is"));
            }
            out.data(&json!({ "client": key, "hold": "released" }), || {
                format!("Client {key} is no longer on hold, and is due again as its date or period says.")
            });
        }
        Command::List { all } => {
            let holds = context.ledger.holds(None, all).await?;
            out.data(&holds, || {
                if holds.is_empty() {
                    return "No holds.".to_owned();
                }
                let mut rows = vec![["client", "since", "by", "reason", ""].map(str::to_owned).to_vec()];
                rows.extend(holds.iter().map(|hold| {
                    let released = hold.released_at.as_ref().map(|at| format!("released {}", &at[..10]));
                    vec![
                        hold.client_key.clone(),
                        hold.placed_at[..10].to_owned(),
                        hold.placed_by.clone(),
                        hold.reason.clone(),
                        released.unwrap_or_default(),
                    ]
                }));
                table(&rows)
            });
        }
    }
    Ok(())
}
