//! `lethe retry`: let clients that failed be tried again.

use std::collections::BTreeMap;
use std::path::Path;

use super::output::{Output, counted};
use super::{Failure, setup};
use crate::domain::job::Brake;
use crate::domain::key::Key;
use crate::domain::sweep::SweepKind;
use crate::worker::Request;
use crate::worker::sweep::open;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only this client.
    key: Option<String>,
    /// Work on it here and wait for the end.
    #[arg(long)]
    wait: bool,
}

pub(super) async fn execute(args: Args, file: &Path, out: Output) -> Result<(), Failure> {
    let (config, context) = setup::context(file).await?;
    let parts = context.planner.plan(&context.store).await?.plan.client.key.len();
    let key = match &args.key {
        Some(key) => Some(super::client::ledger_key(&context, key).await?),
        None => None,
    };
    let released = context.ledger.release_failures(key.as_deref()).await?;
    if released.is_empty() {
        return match key {
            Some(key) => Err(Failure::new(format!("client {key} has not failed"), "`lethe status --failures` lists those that have")),
            None => {
                out.data(&serde_json::json!({ "clients": 0 }), || "No client has failed.".to_owned());
                Ok(())
            }
        };
    }
    let keys = released
        .iter()
        .map(|key| Key::parse(key, parts).map_err(|what| Failure::new(what, "the key of the policy has changed since")))
        .collect::<Result<Vec<Key>, Failure>>()?;
    let request = Request {
        job: None,
        tick: None,
        skipped: 0,
        kind: SweepKind::List,
        filters: BTreeMap::new(),
        cap: None,
        force: false,
        today: context.ledger.clock().now().with_timezone(&config.time_zone).date_naive(),
        brake: Brake::default(),
        over_brake: false,
        keys,
    };
    let Some(id) = open(&context, &request).await? else { return Ok(()) };
    if args.wait {
        return super::sweep::wait(&context, id, out).await;
    }
    let clients = released.len() as u64;
    out.data(&serde_json::json!({ "sweep": id, "clients": clients }), || {
        format!("Sweep {id} tries {} again; a running `lethe run` works on it.", counted(clients, "client"))
    });
    Ok(())
}
