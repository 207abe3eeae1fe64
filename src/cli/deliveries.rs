//! `lethe deliveries`: what is still to be done outside of the database.

use std::path::Path;

use serde::Serialize;

use super::client::minute;
use super::output::{Output, number, table, titled};
use super::{Failure, setup};
use crate::domain::access::Right;
use crate::ledger::{Outstanding, StuckFile, Through};
pub(super) use crate::service::deliveries::deliveries;
use crate::worker::Context;
use crate::worker::deliver::{roots, stuck::in_vain};

/// The most files listed one by one.
const MOST: u32 = 1000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only the files of this client, with their paths.
    key: Option<String>,
    /// Mark abandoned deliveries as done by an operator.
    #[arg(long)]
    settled: bool,
    /// With --settled: only deliveries to this root or webhook, including pending ones if `lethe.toml` does not declare it.
    #[arg(long, value_name = "NAME", requires = "settled")]
    to: Option<String>,
    /// Accept the folder or bucket of this root even if it is empty or has been replaced.
    #[arg(long, value_name = "ROOT", conflicts_with_all = ["key", "settled"])]
    accept: Option<String>,
}

#[derive(Serialize)]
struct Shown {
    outstanding: Vec<Outstanding>,
    /// Files that were given up, by client.
    files: Vec<StuckFile>,
}

pub(super) async fn execute(args: &Args, file: &Path, out: Output) -> Result<(), Failure> {
    let nothing = || "No deliveries are pending.".to_owned();
    let (_, Some(service)) = setup::reading(file, Right::Read, "view deliveries").await? else {
        out.data(&Shown { outstanding: Vec::new(), files: Vec::new() }, nothing);
        return Ok(());
    };
    let (right, what) = if args.accept.is_some() {
        (Right::Configure, "accept a root")
    } else if args.settled {
        (Right::Bulk, "settle deliveries")
    } else {
        (Right::Read, "view deliveries")
    };
    service.allow(right, what).await?;
    let context = service.context;
    if let Some(root) = &args.accept {
        return accept(&context, root, out).await;
    }
    let ledger = &context.ledger;
    let key = match &args.key {
        Some(key) => Some(super::client::ledger_key(&context, key).await?),
        None => None,
    };
    if args.settled {
        return settle(&context, key.as_deref(), args.to.as_deref(), out).await;
    }
    let mut outstanding = ledger.outstanding(None).await?;
    if key.is_some() {
        outstanding.clear();
    }
    let shown = Shown { outstanding, files: ledger.stuck_files(key.as_deref(), MOST).await? };
    out.data(&shown, || match key {
        Some(key) if shown.files.is_empty() => format!("No file of client {key} was abandoned."),
        Some(_) => files(&shown.files),
        None if shown.outstanding.is_empty() => nothing(),
        None => text(&shown),
    });
    Ok(())
}

fn text(shown: &Shown) -> String {
    let rows = shown.outstanding.iter().map(|own| {
        let sweep = if own.sweep == 0 { "-".to_owned() } else { own.sweep.to_string() };
        let (open, failed, why) = (number(own.open), number(own.failed), own.error.clone().unwrap_or_default());
        [sweep, own.kind.clone(), own.target.clone(), open, failed, minute(&own.since), why]
    });
    let mut text = titled(["sweep", "what", "where", "pending", "abandoned", "since", "why"], rows);
    if !shown.files.is_empty() {
        text += &format!("\n{}", files(&shown.files));
    }
    text + "\nPending deliveries are retried automatically. Fix the cause of the others, then `lethe retry`; \
            `lethe deliveries KEY` shows a client's paths, and `lethe deliveries KEY --settled` marks what you have handled."
}

fn files(files: &[StuckFile]) -> String {
    let rows = files.iter().map(|own| {
        let why = own.error.clone().unwrap_or_default();
        let path = own.path.as_ref().map(|path| format!("{path:?}")).unwrap_or_default();
        [own.client_key.clone(), own.kind.clone(), own.target.clone(), why, path]
    });
    let has_paths = files.iter().any(|own| own.path.is_some());
    titled(["client", "what", "where", "why", if has_paths { "path" } else { "" }], rows)
}

async fn accept(context: &Context, root: &str, out: Output) -> Result<(), Failure> {
    let hint = "`[files]` in `lethe.toml` says where it is";
    let accepted = roots::accept(context, root).await?;
    accepted.map_err(|fault| Failure::new(format!("root `{root}` cannot be accepted: {fault}"), hint))?;
    out.data(&serde_json::json!({ "accepted": root }), || format!("Root `{root}` is accepted as it is."));
    Ok(())
}

async fn settle(context: &Context, key: Option<&str>, to: Option<&str>, out: Output) -> Result<(), Failure> {
    if key.is_none() && to.is_none() {
        return Err(Failure::new(
            "no client and no target is named",
            "name a client, or a root or webhook with `--to`",
        ));
    }
    let waiting = match to {
        Some(to) => in_vain(context, to).await?,
        None => Vec::new(),
    };
    let settled = context.ledger.settle_deliveries(key, to, &waiting).await?;
    if settled == 0 {
        return Err(Failure::new("none of these deliveries was abandoned", "`lethe deliveries` lists what was"));
    }
    out.data(&serde_json::json!({ "settled": settled }), || format!("{} counted as done.", deliveries(settled)));
    Ok(())
}

/// What of a sweep is done outside of the database, and what is not yet.
pub(super) fn of_sweep(outstanding: &[Outstanding], through: &[Through]) -> String {
    let mut rows: Vec<Vec<String>> = through
        .iter()
        .map(|own| {
            let what = match own.result.as_str() {
                "missing" => "were not there",
                "named" => "are kept, as another row names them",
                "alike" => "are kept for good, as another row may name them in another form",
                "settled" => "were settled by an operator",
                result => result,
            };
            vec![format!("{}s of {}", own.kind, own.target), number(own.deliveries), what.to_owned()]
        })
        .collect();
    for own in outstanding {
        let name = format!("{}s of {}", own.kind, own.target);
        for (deliveries, what) in [(own.open, "wait"), (own.failed, "abandoned; see `lethe deliveries`")] {
            if deliveries > 0 {
                rows.push(vec![name.clone(), number(deliveries), what.to_owned()]);
            }
        }
    }
    if rows.is_empty() { String::new() } else { format!("\n{}", table(&rows)) }
}
