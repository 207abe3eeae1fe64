//! `lethe policy trace`: what would happen to one client, row by row.

use std::path::Path;

use crate::cli::access::permit;
use crate::cli::output::{Output, counted, reason};
use crate::cli::{Failure, setup};
use crate::config::Config;
use crate::domain::access::Right;
use crate::domain::clock::Clock;
use crate::domain::outcome::Outcome;
use crate::domain::text::escaped;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::service::clients::trace_of;
use crate::worker::sweep::{Surveyor, Trace, TracedRow, TracedTable};

pub(super) async fn execute(key: &str, rows: usize, file: &Path, out: Output) -> Result<(), Failure> {
    let config = Config::read(file)?;
    let store = setup::opened(&config).await?;
    let planner = config.planner();
    let plan = &planner.plan(&store).await?.plan;
    let traced = if Ledger::exists(&store).await? {
        setup::service(file).await?.1.trace(key, rows).await?
    } else {
        permit(&config, Right::Configure, "trace a client")?;
        let today = Clock::System.now().with_timezone(&config.time_zone).date_naive();
        trace_of(Surveyor::without_ledger(&store, &planner, 1), plan, key, (today, config.time_zone), rows).await?
    };
    out.data(&traced, || text(&traced, plan));
    Ok(())
}

fn text(traced: &Trace, plan: &Plan) -> String {
    let client = &traced.client;
    let because = client.reasons.iter().map(|name| reason(Some(plan), name)).collect::<Vec<_>>().join("; ");
    let mut text = format!("Client {}: ", escaped(&client.key));
    text += &match client.outcome {
        Outcome::Anonymized => "it is due, and nothing keeps it. The next sweep does this:\n".to_owned(),
        Outcome::Already => "it was anonymized. A replay would do this:\n".to_owned(),
        Outcome::NotDue | Outcome::NotFound => "it is not due. Were it due, this would happen:\n".to_owned(),
        Outcome::Refused => format!("it is kept: {because}. Otherwise this would happen:\n"),
        Outcome::Failed => format!("it fails: {because}. Otherwise this would happen:\n"),
    };
    let reached: Vec<&TracedTable> = traced.tables.iter().filter(|own| !own.rows.is_empty()).collect();
    for own in &reached {
        let more = if own.more { " or more" } else { "" };
        text += &format!("\n{}: {}{more}, by {}\n", own.table, counted(own.rows.len(), "row"), own.link);
        text.extend(own.rows.iter().filter(|row| !row.stays()).map(of_row));
        match own.stay() {
            0 => {}
            1 => text += "  1 row is unchanged\n",
            many => text += &format!("  {many} rows are unchanged\n"),
        }
    }
    let without = traced.tables.len() - reached.len();
    if without > 0 {
        text += &format!("\nNo row was found by {}.\n", counted(without, "other link"));
    }
    text += &elsewhere(traced);
    text + "\nNothing was changed. What triggers of the database would do is not shown."
}

fn of_row(row: &TracedRow) -> String {
    let value =
        |own: &Option<String>| own.as_deref().map_or_else(|| "NULL".to_owned(), |own| format!("'{}'", escaped(own)));
    let of_key = |own: &Option<String>| escaped(own.as_deref().unwrap_or("NULL"));
    let key: Vec<String> = row.key.iter().map(|(name, own)| format!("{name} = {}", of_key(own))).collect();
    let key = if key.is_empty() { "a row without a key".to_owned() } else { key.join(", ") };
    if row.deleted {
        return format!("  {key}: deleted\n");
    }
    let mut text = format!("  {key}\n");
    for own in &row.changes {
        text += &format!("    {}: {} becomes {}\n", own.column, value(&own.before), value(&own.after));
    }
    text
}

fn elsewhere(traced: &Trace) -> String {
    let searched = &traced.elsewhere;
    if searched.tables == 0 && searched.left.is_empty() {
        return String::new();
    }
    let tables = counted(searched.tables, "table");
    let mut text = format!("\nIts values were searched for in {tables} that no link reaches");
    text += if searched.found.is_empty() { ": none was found.\n" } else { ", and are in:\n" };
    for own in &searched.found {
        text += &format!("  {}.{}\n", own.table, own.column);
    }
    if !searched.left.is_empty() {
        text += &format!("note: not all of {} could be read\n", searched.left.join(", "));
    }
    text
}
