//! The indexes that a plan needs and its database does not have, and what each
//! would save.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Findings, Verdict};
use crate::cli::output::counted;
use crate::database::Store;
use crate::domain::schema::Schema;
use crate::plan::Plan;
use crate::sql::name;

/// How often rows are looked up by these columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Often {
    /// For the rows of its clients.
    Batch,
    /// For those whose time has come.
    Night,
}

/// Notes each index that is missing, the one that would save most first. A table
/// that cannot be read is a finding too, and keeps none of the others back.
pub(super) async fn advise(store: &Store, plan: &Plan, schema: &Schema, findings: &mut Findings) {
    let mut missing = Vec::new();
    for ((table, columns), often) in missing_in(plan, schema) {
        match store.scan(&table, &columns[0]).await {
            Ok(scan) => missing.push((scan, often, table, columns)),
            Err(error) => findings.add(Verdict::Bad, "speed", format!("`{table}`: {error}; {}", error.hint())),
        }
    }
    missing.sort_by_key(|(scan, often, ..)| (std::cmp::Reverse(scan.takes), *often));
    for (scan, often, table, columns) in missing {
        let (nights, theirs) = match often {
            Often::Batch => ("every batch", "those of its clients"),
            Often::Night => ("every night", "due clients"),
        };
        let listed = columns.join(", ");
        let what = format!(
            "no index on `{table}` leads with `{listed}`: {nights} reads {}, {}, to find {theirs}; this index avoids that",
            counted(scan.rows, "row"),
            about(scan.takes),
        );
        let own = name(&format!("{}_{}", table.replace('.', "_"), columns.join("_")));
        let columns: Vec<String> = columns.iter().map(|column| name(column)).collect();
        let statement =
            format!("CREATE INDEX {own} ON {} ({});", store.dialect().qualified(&table), columns.join(", "));
        findings.prescribe(Verdict::Note, "speed", what, Some(statement));
    }
}

/// A time for people, with no more figures than were measured.
fn about(time: Duration) -> String {
    match time.as_millis() {
        0 => "in less than a millisecond".to_owned(),
        1..1_000 => format!("for about {} ms", time.as_millis()),
        1_000..120_000 => format!("for about {:.1} s", time.as_secs_f64()),
        _ => format!("for about {} minutes", time.as_secs() / 60),
    }
}

/// The tables and columns by which rows are looked up, where no index leads with them.
fn missing_in(plan: &Plan, schema: &Schema) -> BTreeMap<(String, Vec<String>), Often> {
    let mut needed = BTreeMap::new();
    let mut need = |table: &String, columns: &[String], often: Often| {
        let own = needed.entry((table.clone(), columns.to_vec())).or_insert(often);
        *own = often.min(*own);
    };
    let guards = plan.guards.iter().flat_map(|guard| &guard.paths);
    let activity = plan.retention.iter().flat_map(|own| &own.activity).flat_map(|own| &own.paths);
    for path in plan.steps.iter().flat_map(|step| &step.paths).chain(guards).chain(activity) {
        for (at, hop) in path.hops.iter().enumerate() {
            need(&hop.table, &hop.columns, Often::Batch);
            if let Some(next) = path.hops.get(at + 1) {
                need(&next.table, &hop.matches, Often::Batch);
            }
        }
    }
    for file in &plan.files {
        need(&file.table, std::slice::from_ref(&file.column), Often::Batch);
    }
    if let Some(date) = &plan.client.to_anonymize_on {
        need(&plan.client.table, std::slice::from_ref(date), Often::Night);
    }
    needed.retain(|(table, columns), _| {
        schema.table(table).is_some_and(|table| {
            !table.indexes.iter().any(|index| {
                index.columns.len() >= columns.len()
                    && index.columns[..columns.len()].iter().flatten().all(|own| columns.contains(own))
            })
        })
    });
    needed
}
