//! `lethe status`: tonight, the last nights, and what needs attention.

use std::path::Path;

use super::client::minute;
use super::jobs::next_of;
use super::output::{Output, Tone, batches, counted, number, table, titled, toned};
use super::sweep::result_table;
use super::{Failure, retention, setup};
use crate::domain::access::Right;
use crate::domain::hint::Face;
use crate::domain::outcome::Outcome;
use crate::domain::sweep::SweepKind;
use crate::domain::text::escaped;
use crate::ledger::{FailedClient, OutcomePage, State};
use crate::service::attention::{Attention, Severity};
pub(super) use crate::service::status::no_sweep;
use crate::service::status::{MOST_FAILURES, Shown, Status};
use crate::worker::Context;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Show only this sweep, with its refusals by reason.
    sweep: Option<i64>,
    /// With a sweep: list its clients with this outcome, and the reasons.
    #[arg(long, requires = "sweep", value_name = "OUTCOME", value_parser = outcome)]
    clients: Option<Outcome>,
    /// List failed clients, with the reasons.
    #[arg(long, conflicts_with = "sweep")]
    failures: bool,
    /// How many sweeps to show.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    last: u32,
}

pub(super) async fn execute(args: &Args, file: &Path, out: Output) -> Result<(), Failure> {
    let (config, service) = setup::reading(file, Right::Read, "view sweeps").await?;
    let Some(service) = service else {
        if let Some(id) = args.sweep {
            return Err(no_sweep(id));
        }
        let never = Attention::new(Severity::Notice, "no sweep was ever opened");
        out.data(&serde_json::json!({ "sweeps": [], "attention": [never] }), || {
            "No sweep was ever opened in this database.\n\nNext: `lethe policy check`, then `lethe sweep --due --rehearse`."
                .to_owned()
        });
        return Ok(());
    };
    service.allow(Right::Read, "view sweeps").await?;
    let context = service.context;
    if args.failures {
        return failures(&context, out).await;
    }
    if let (Some(id), Some(outcome)) = (args.sweep, args.clients) {
        return clients(&context, id, outcome, out).await;
    }
    if let Some(id) = args.sweep {
        return one(&context, id, out).await;
    }
    let status = Status::of(&context, &config.jobs, args.last, Face::Command).await?;
    out.data(&status, || text(&status));
    Ok(())
}

fn text(status: &Status) -> String {
    let mut text = toned(Tone::Strong, &status.night.sentence()) + "\n\n";
    if !status.sweeps.is_empty() {
        text += &sweep_table(&status.sweeps);
    }
    if !status.jobs.is_empty() {
        text += "\n";
        let rows = status.jobs.iter().filter(|job| job.error.is_none()).map(|job| {
            let next = next_of(job, |at| minute(at) + " UTC");
            [job.job.clone(), job.kind.clone(), next]
        });
        text += &titled(["job", "kind", "next tick"], rows);
    }
    let backup = status.last_backup.as_deref().map_or_else(|| "never".to_owned(), |at| minute(at) + " UTC");
    let open: i64 = status.deliveries.iter().map(|own| own.open).sum();
    let waiting = if open > 0 { format!("   to deliver {open}") } else { String::new() };
    text += &format!("\nOn hold {}   failed {}{waiting}   last backup {backup}\n", status.holds, status.failures);
    if let Some(journal) = &status.journal {
        text += &format!("{}\n", journal.line());
    }
    if status.attention.is_empty() {
        text += &toned(Tone::Good, "Nothing needs attention.");
    } else {
        text += &format!("\n{}\n", toned(Tone::Bad, "Needs attention"));
        let rows = status.attention.iter().map(|own| {
            let since = own.since.as_deref().map(|at| format!(" (since {} UTC)", minute(at))).unwrap_or_default();
            vec![String::new(), own.severity.as_str().to_owned(), format!("{}{since}", own.text)]
        });
        text += &table(&rows.collect::<Vec<_>>());
    }
    text
}

/// Sweeps, a line each.
pub(super) fn sweep_table(sweeps: &[Shown]) -> String {
    let rows = sweeps.iter().map(|shown| {
        let Shown { sweep, progress, rows: gone } = shown;
        let tally = progress.tally;
        let mut notes = Vec::new();
        if sweep.skipped > 0 {
            notes.push(format!("covers {} missed earlier", counted(sweep.skipped, "tick")));
        }
        if sweep.joined > 0 {
            notes.push(format!("joined by {}", counted(sweep.joined, "later tick")));
        }
        if sweep.kind == SweepKind::Retention {
            notes.push(counted(gone.values().sum::<u64>(), "old row"));
        }
        if sweep.capped {
            notes.push("limit reached".to_owned());
        }
        if sweep.over_brake {
            notes.push("over the brake".to_owned());
        }
        notes.extend(sweep.note.clone().filter(|_| sweep.state == State::Done));
        if sweep.state == State::Running {
            notes.push(format!("{} waiting", batches(progress.open_batches)));
        }
        [
            sweep.id.to_string(),
            shown.by(),
            sweep.kind.to_string(),
            minute(&sweep.opened_at),
            sweep.state.as_str().to_owned(),
            number(tally.anonymized),
            number(tally.refused),
            number(tally.failed),
            notes.join(", "),
        ]
    });
    titled(["sweep", "job", "kind", "opened", "state", "anonymized", "refused", "failed", ""], rows)
}

async fn one(context: &Context, id: i64, out: Output) -> Result<(), Failure> {
    let Some(sweep) = context.ledger.sweep(id).await? else {
        return Err(no_sweep(id));
    };
    let progress = context.ledger.progress(id).await?;
    let refused = context.ledger.refusals(id).await?;
    let rows = context.ledger.rows_by_table(id, id).await?;
    let loaded = context.planner.plan(&context.store).await.ok();
    let outstanding = context.ledger.outstanding(Some(id)).await?;
    let through = context.ledger.through(id).await?;
    let shown = serde_json::json!({
        "sweep": sweep, "progress": progress, "refusals": refused, "rows": rows, "outstanding": outstanding, "delivered": through,
    });
    out.data(&shown, || {
        let name = sweep.job.clone().unwrap_or_else(|| format!("by {}", sweep.opened_by));
        let mut text = format!("Sweep {id} ({}, {name}) is {}", sweep.kind, sweep.state.as_str());
        if let Some(note) = &sweep.note {
            text += &format!(": {note}");
        }
        text += &format!("\nOpened {}, day {}", minute(&sweep.opened_at), sweep.today);
        if let Some(closed) = &sweep.closed_at {
            text += &format!(", ended {}", minute(closed));
        }
        if let Some(tick) = &sweep.tick {
            text += &format!(", for the tick of {}", minute(tick));
        }
        text += "\n\n";
        if sweep.kind == SweepKind::Retention {
            text += &retention::gone(&rows);
        } else if let Some(loaded) = &loaded {
            let failures = std::collections::BTreeMap::new();
            text += &result_table(&progress.tally, &refused, &failures, &loaded.plan, "anonymized");
        }
        text += &super::deliveries::of_sweep(&outstanding, &through);
        text + &format!("\nPlan {}", sweep.digest.get(..12).unwrap_or("none"))
    });
    Ok(())
}

fn outcome(word: &str) -> Result<Outcome, String> {
    word.parse().map_err(|()| "the outcomes are anonymized, refused, failed, already, not_due, not_found".to_owned())
}

/// How many clients are read at once.
const AT_ONCE: u32 = 1_000;

/// Prints a sweep's clients as they are read, a line each: key, outcome, reasons.
async fn clients(context: &Context, id: i64, outcome: Outcome, out: Output) -> Result<(), Failure> {
    context.ledger.sweep(id).await?.ok_or_else(|| no_sweep(id))?;
    let mut page = OutcomePage { outcome: Some(outcome), limit: AT_ONCE, ..OutcomePage::default() };
    loop {
        let listed = context.ledger.outcomes(id, &page).await?;
        for own in &listed {
            if out.json {
                super::output::print(&crate::domain::text::json(&crate::domain::value::json_of(own)));
                continue;
            }
            super::output::print(
                format!("{}\t{}\t{}", escaped(&own.client_key), own.outcome, own.reasons.join(", ")).trim_end(),
            );
        }
        match listed.last() {
            Some(last) if listed.len() == AT_ONCE as usize => page.after = Some(last.client_key.clone()),
            _ => return Ok(()),
        }
    }
}

async fn failures(context: &Context, out: Output) -> Result<(), Failure> {
    let failures: Vec<FailedClient> = context.ledger.failures(MOST_FAILURES).await?;
    out.data(&failures, || {
        if failures.is_empty() {
            return "No client has failed.".to_owned();
        }
        let rows = failures.iter().map(|failed| {
            let reasons: Vec<String> = failed.reasons.iter().map(|name| super::output::reason(None, name)).collect();
            [failed.client_key.clone(), minute(&failed.at), failed.sweep.to_string(), reasons.join("; ")]
        });
        let table = titled(["client", "since", "sweep", "why"], rows);
        format!("{table}\nFix the cause, then `lethe retry` (all) or `lethe retry KEY`.")
    });
    Ok(())
}
