//! `lethe deliveries`: what is still to be done outside of the database.

use std::path::Path;

use serde::Serialize;

use super::client::minute;
use super::output::{Output, number, table};
use super::{Failure, setup};
use crate::ledger::{Ledger, Outstanding, StuckFile, Through};
use crate::worker::Targets;

/// The most files listed one by one.
const MOST: u32 = 1000;

#[derive(Serialize)]
struct Shown {
    outstanding: Vec<Outstanding>,
    /// Files that were given up, by client.
    files: Vec<StuckFile>,
}

pub(super) async fn execute(file: &Path, out: Output) -> Result<(), Failure> {
    let (config, store) = setup::store(file).await?;
    let nothing = || "Nothing is to be delivered.".to_owned();
    if !Ledger::exists(&store).await? {
        out.data(&Shown { outstanding: Vec::new(), files: Vec::new() }, nothing);
        return Ok(());
    }
    let ledger = setup::context_of(&config, store).await?.ledger;
    let shown = Shown { outstanding: ledger.outstanding(None).await?, files: ledger.stuck_files(MOST).await? };
    out.data(&shown, || if shown.outstanding.is_empty() { nothing() } else { text(&shown) });
    Ok(())
}

fn text(shown: &Shown) -> String {
    let count = |count: i64| number(u64::try_from(count).unwrap_or(0));
    let mut rows = vec![["sweep", "what", "where", "waiting", "given up", "since", "why"].map(str::to_owned).to_vec()];
    for own in &shown.outstanding {
        rows.push(vec![
            if own.sweep == 0 { "-".to_owned() } else { own.sweep.to_string() },
            own.kind.clone(),
            own.target.clone(),
            count(own.open),
            count(own.failed),
            minute(&own.since),
            own.error.clone().unwrap_or_default(),
        ]);
    }
    let mut text = table(&rows);
    if !shown.files.is_empty() {
        let mut rows = vec![["client", "what", "where", "why"].map(str::to_owned).to_vec()];
        for own in &shown.files {
            let why = own.error.clone().unwrap_or_default();
            rows.push(vec![own.client_key.clone(), own.kind.clone(), own.target.clone(), why]);
        }
        text += &format!("\n{}", table(&rows));
    }
    text + "\nWhat waits is tried again by itself. Mend what stands in the way of the rest, then `lethe retry`."
}

/// What somebody should look at: what was given up, and what waits for a place
/// that the configuration does not have.
pub(super) fn attention(outstanding: &[Outstanding], targets: &Targets) -> Vec<String> {
    let sum = |of: fn(&Outstanding) -> i64| outstanding.iter().map(of).sum::<i64>();
    let mut all = Vec::new();
    if let Ok(failed @ 1..) = u64::try_from(sum(|own| own.failed)) {
        let be = if failed == 1 { "was" } else { "were" };
        let what = format!("{} {be} given up; `lethe deliveries` lists them", deliveries(failed));
        all.push(what);
    }
    let mut unknown: Vec<&str> = outstanding
        .iter()
        .filter(|own| !targets.knows(&own.kind, &own.target))
        .map(|own| own.target.as_str())
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    all.extend(
        unknown.into_iter().map(|name| format!("deliveries wait for `{name}`, which `lethe.toml` does not declare")),
    );
    all
}

/// So many deliveries.
pub(super) fn deliveries(count: u64) -> String {
    if count == 1 { "1 delivery".to_owned() } else { format!("{} deliveries", number(count)) }
}

/// What of a sweep is done outside of the database, and what is not yet.
pub(super) fn of_sweep(outstanding: &[Outstanding], through: &[Through]) -> String {
    let count = |count: i64| number(u64::try_from(count).unwrap_or(0));
    let mut rows: Vec<Vec<String>> = through
        .iter()
        .map(|own| {
            let what = match own.result.as_str() {
                "missing" => "were not there",
                "named" => "stay, as another row names them",
                result => result,
            };
            vec![format!("{}s of {}", own.kind, own.target), count(own.deliveries), what.to_owned()]
        })
        .collect();
    for own in outstanding {
        let name = format!("{}s of {}", own.kind, own.target);
        for (number, what) in [(own.open, "wait"), (own.failed, "given up; see `lethe deliveries`")] {
            if number > 0 {
                rows.push(vec![name.clone(), count(number), what.to_owned()]);
            }
        }
    }
    if rows.is_empty() { String::new() } else { format!("\n{}", table(&rows)) }
}
