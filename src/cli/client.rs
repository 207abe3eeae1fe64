//! `lethe client`: a client's history, and what would become of it now.

use std::path::Path;

use serde::Serialize;

use super::output::{Output, reason, table};
use super::{Failure, setup};
use crate::domain::key::Key;
use crate::domain::outcome::Outcome;
use crate::ledger::{Hold, Notice, Record};
pub(super) use crate::report::minute;
use crate::worker::sweep::{Client, Mode, survey};
use crate::worker::{Context, Request};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The client's key; the parts of a composite key separated by commas.
    key: String,
}

/// How a key is written.
pub(super) const KEY_HINT: &str =
    "write the key as the client table has it, the parts of a composite key separated by commas";

#[derive(Serialize)]
struct Shown {
    client: String,
    /// What would become of it, were it looked at now.
    would_be: Client,
    holds: Vec<Hold>,
    notices: Vec<Notice>,
    /// Its files and folders that are not gone yet.
    files_left: i64,
    history: Vec<Record>,
}

pub(super) async fn execute(args: &Args, file: &Path, out: Output) -> Result<(), Failure> {
    let (config, context) = setup::context(file).await?;
    let loaded = context.planner.plan(&context.store).await?;
    let today = context.ledger.clock().now().with_timezone(&config.time_zone).date_naive();
    let now = look(&context, &args.key, today).await?;
    let history = context.ledger.history(&now.key).await?;
    let holds = context.ledger.holds(Some(&now.key), false).await?;
    if now.outcome == Outcome::NotFound && history.is_empty() {
        return Err(nobody(&args.key));
    }
    let notices = context.ledger.notices(&now.key).await?;
    let files_left = context.ledger.files_left(&now.key).await?;
    let shown = Shown { client: now.key.clone(), would_be: now, holds, notices, files_left, history };
    out.data(&shown, || text(&shown, &loaded.plan));
    Ok(())
}

fn nobody(key: &str) -> Failure {
    Failure::new(format!("there is no client `{key}`"), "write the key as the client table has it")
}

/// What would become of a client today.
async fn look(context: &Context, key: &str, today: chrono::NaiveDate) -> Result<Client, Failure> {
    let loaded = context.planner.plan(&context.store).await?;
    let key = Key::parse(key, loaded.plan.client.key.len()).map_err(|what| Failure::new(what, KEY_HINT))?;
    let request = Request::of_clients(vec![key], today);
    let mut found = None;
    survey(context.into(), &request, Mode::Preview, &mut |client| found = Some(client)).await?;
    found.ok_or_else(|| Failure::new("the client could not be looked at", "`lethe doctor` checks the database"))
}

/// The key as the ledger writes it, of a client that exists.
pub(super) async fn ledger_key(context: &Context, key: &str) -> Result<String, Failure> {
    let today = context.ledger.clock().now().date_naive();
    let client = look(context, key, today).await?;
    if client.outcome == Outcome::NotFound {
        return Err(nobody(key));
    }
    Ok(client.key)
}

fn text(shown: &Shown, plan: &crate::domain::plan::Plan) -> String {
    let because = |names: &[String]| {
        let reasons: Vec<String> = names.iter().map(|name| reason(Some(plan), name)).collect();
        reasons.join("; ")
    };
    let now = match shown.would_be.outcome {
        Outcome::Anonymized => "is due: the next sweep that takes it anonymizes it".to_owned(),
        Outcome::Refused => format!("is due, and would be refused: {}", because(&shown.would_be.reasons)),
        Outcome::Already => "was anonymized".to_owned(),
        Outcome::NotDue => "is not due: neither its date nor its period has come".to_owned(),
        Outcome::NotFound => "is no longer in the client table".to_owned(),
        Outcome::Failed => {
            format!("failed, and is not tried again until `lethe retry`: {}", because(&shown.would_be.reasons))
        }
    };
    let mut text = format!("Client {} {now}.\n", shown.client);
    for hold in &shown.holds {
        text += &format!("On hold since {} by {}: {}\n", &hold.placed_at[..10], hold.placed_by, hold.reason);
    }
    for notice in &shown.notices {
        let sent =
            notice.sent_at.as_deref().map_or_else(|| "not sent yet".to_owned(), |at| format!("sent {}", minute(at)));
        let until = notice.until.as_ref().map(|day| format!(", until {day}")).unwrap_or_default();
        let ended = notice.ended_by.as_ref().map(|by| format!(", ended: {by}")).unwrap_or_default();
        text += &format!("Notice {sent}{until}{ended}\n");
    }
    if shown.files_left > 0 {
        text += &format!("Files or folders that are not gone yet: {}; see `lethe deliveries`\n", shown.files_left);
    }
    if shown.history.is_empty() {
        return text + "\nNo sweep has looked at it yet.";
    }
    let mut rows = vec![["since", "until", "outcome", "sweep", "reasons"].map(str::to_owned).to_vec()];
    for record in &shown.history {
        let reasons: Vec<String> =
            record.reasons.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        let by = record.job.clone().unwrap_or_else(|| format!("by {}", record.opened_by));
        rows.push(vec![
            minute(&record.at),
            minute(&record.last_at),
            record.outcome.clone(),
            format!("{} {by}", record.sweep),
            because(&reasons),
        ]);
    }
    text + "\n" + &table(&rows)
}
