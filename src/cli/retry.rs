//! `lethe retry`: let clients that failed, and deliveries that were given up, be tried again.

use std::path::Path;

use super::deliveries::deliveries;
use super::output::{Output, counted};
use super::{Failure, setup};
use crate::domain::key::Key;
use crate::domain::sweep::SweepKind;
use crate::worker::Request;
use crate::worker::deliver::deliver_now;
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
    let mut failed = context.ledger.failures(u32::MAX).await?;
    if let Some(key) = &args.key {
        let key = super::client::ledger_key(&context, key).await?;
        failed.retain(|client| client.client_key == key);
        if failed.is_empty() {
            return Err(Failure::new(
                format!("client `{key}` has not failed"),
                "`lethe status --failures` lists those that have",
            ));
        }
    }
    let retried = if args.key.is_none() { context.ledger.retry_deliveries().await? } else { 0 };
    let also = if retried > 0 { format!("{} will be tried again.", deliveries(retried)) } else { String::new() };
    if failed.is_empty() {
        if args.wait {
            deliver_now(&context).await?;
        }
        out.data(&serde_json::json!({ "sweeps": [], "clients": 0, "deliveries": retried }), || {
            if also.is_empty() { "No client has failed.".to_owned() } else { also }
        });
        return Ok(());
    }
    let today = context.ledger.clock().now().with_timezone(&config.time_zone).date_naive();
    let clients = failed.len() as u64;
    let (back, failed): (Vec<_>, Vec<_>) = failed.into_iter().partition(|client| client.kind == "replay");
    let (forced, others): (Vec<_>, Vec<_>) = failed.into_iter().partition(|client| client.force != 0);
    let mut sweeps = Vec::new();
    // Who was on a list that passed over the retention period is tried again under the same terms.
    for (force, failed) in [(false, others), (true, forced)] {
        let keys = failed
            .iter()
            .map(|client| Key::parse(&client.client_key, parts))
            .collect::<Result<Vec<Key>, String>>()
            .map_err(|what| Failure::new(what, "the key of the policy has changed since"))?;
        if keys.is_empty() {
            continue;
        }
        let request = Request { force, retry: true, ..Request::of_clients(keys, today) };
        sweeps.extend(open(&context, &request).await?);
    }
    if !back.is_empty() {
        // They were anonymized once, and a replay finds them by what has come back of them.
        let keys: Vec<&str> = back.iter().map(|client| client.client_key.as_str()).collect();
        context.ledger.release_by_keys(&serde_json::to_string(&keys).unwrap_or_default()).await?;
        let request = Request { kind: SweepKind::Replay, over_brake: true, ..Request::of_clients(Vec::new(), today) };
        sweeps.extend(open(&context, &request).await?);
    }
    if args.wait {
        for id in sweeps {
            super::sweep::wait(&context, id, out).await?;
        }
        return Ok(());
    }
    out.data(&serde_json::json!({ "sweeps": sweeps, "clients": clients, "deliveries": retried }), || {
        let text = format!("{} will be tried again; a running `lethe run` does it.", counted(clients, "client"));
        if also.is_empty() { text } else { format!("{text} {also}") }
    });
    Ok(())
}
