//! What is told of old rows: a preview, a rehearsal, and what a sweep deleted.

use std::collections::BTreeMap;

use super::Failure;
use super::output::{Output, number, titled};
use crate::database::Store;
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
pub(super) async fn preview(
    store: &Store,
    planner: &Planner,
    ledger: Option<&Ledger>,
    request: &Request,
    out: Output,
) -> Result<(), Failure> {
    let store = ledger.map_or(store, Ledger::store);
    let found = look(store, planner, ledger, request.day(), Mode::Preview).await?;
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
            "No row is old, so nothing was rehearsed, and this rehearsal permits no live sweep."
        };
        format!("{}\n{verdict}", text(&found, "deleted, and rolled back"))
    });
    Ok(())
}

fn text(found: &[TableRows], word: &str) -> String {
    let row = |own: &TableRows| [own.table.clone(), own.cutoff.to_string(), number(own.rows), number(own.of)];
    titled(["table", "rows before", word, "of"], found.iter().map(row))
}

/// What a sweep deleted, a line each table.
pub(super) fn gone(rows: &BTreeMap<String, u64>) -> String {
    if rows.is_empty() {
        return "No old row was deleted.\n".to_owned();
    }
    titled(["table", "old rows deleted"], rows.iter().map(|(table, rows)| [table.clone(), number(*rows)]))
}
