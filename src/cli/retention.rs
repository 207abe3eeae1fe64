//! What is told of old rows: a preview, a rehearsal, and what a sweep deleted.

use std::collections::BTreeMap;

use super::Failure;
use super::output::{Output, number, table};
use super::setup;
use crate::config::Config;
use crate::domain::outcome::Tally;
use crate::domain::sweep::SweepKind;
use crate::ledger::Ledger;
use crate::worker::retention::{TableRows, look, rehearsal_name};
use crate::worker::sweep::Mode;
use crate::worker::{Context, Planner, Request};

/// Arguments that are about clients, where the sweep takes rows.
pub(super) fn no_clients(option: &str) -> Failure {
    Failure::new(
        format!("`{option}` is about clients, and a `retention` sweep takes rows"),
        "leave it out; the policy's `where` says which rows are deleted",
    )
}

/// Counts the old rows; writes nothing.
pub(super) async fn preview(config: &Config, request: &Request, out: Output) -> Result<(), Failure> {
    let store = setup::opened(config).await?;
    let planner = Planner::new(config.policy.clone());
    let context =
        if Ledger::exists(&store).await? { Some(setup::context_of(config, store.clone()).await?) } else { None };
    let ledger = context.as_ref().map(|context| &context.ledger);
    let store = ledger.map_or(&store, Ledger::store);
    let found = look(store, &planner, ledger, request.day(), Mode::Preview).await?;
    out.data(&serde_json::json!({ "tables": found }), || format!("{}\nNothing was written.", text(&found, "would go")));
    Ok(())
}

/// Deletes some old rows of each table and rolls that back.
pub(super) async fn rehearse(context: &Context, request: &Request, out: Output) -> Result<(), Failure> {
    let loaded = context.planner.plan_checked(&context.store).await?;
    let found = look(&context.store, &context.planner, Some(&context.ledger), request.day(), Mode::Rehearsal).await?;
    let counts = found.iter().any(|own| own.rows > 0);
    if counts {
        let name = rehearsal_name(&loaded.plan.digest);
        let of = (SweepKind::Retention, &BTreeMap::new());
        context.ledger.record_rehearsal(&name, &Tally::default(), of, true, &context.actor).await?;
    }
    out.data(&serde_json::json!({ "tables": found }), || {
        let verdict = if counts {
            "Old rows of each table were deleted and rolled back. The policy's row retention may now be used live."
        } else {
            "No row is old, so nothing was rehearsed, and live sweeps are still refused."
        };
        format!("{}\n{verdict}", text(&found, "deleted, and rolled back"))
    });
    Ok(())
}

fn text(found: &[TableRows], word: &str) -> String {
    let mut rows = vec![["table", "rows before", word, "of"].map(str::to_owned).to_vec()];
    for own in found {
        rows.push(vec![own.table.clone(), own.cutoff.to_string(), number(own.rows), number(own.of)]);
    }
    table(&rows)
}

/// What a sweep deleted, a line each table.
pub(super) fn gone(rows: &BTreeMap<String, u64>) -> String {
    let mut lines = vec![["table", "old rows deleted"].map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(|(table, rows)| vec![table.clone(), number(*rows)]));
    if rows.is_empty() { "No old row was deleted.\n".to_owned() } else { table(&lines) }
}
