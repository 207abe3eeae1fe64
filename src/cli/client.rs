//! `lethe client`: a client's history, and what would become of it now.

use std::path::Path;

use super::confirm::confirm;
use super::output::{Output, counted, reason, titled};
use super::{Failure, setup};
use crate::domain::outcome::Outcome;
use crate::domain::text::escaped;
use crate::ledger::Cleaned;
pub(super) use crate::report::minute;
use crate::service::Service;
use crate::service::clients::ClientStatus;
pub(super) use crate::service::clients::{KEY_HINT, ledger_key};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The client's key; the parts of a composite key separated by commas.
    key: String,
    /// Set the client's to-anonymize-on date, such as 2027-01-31, or clear it with `never`.
    #[arg(long, value_name = "DAY")]
    to_anonymize_on: Option<String>,
    /// Empty this column in the client's rows; the policy must keep it and declare it `cleanable`. Repeat it for more columns.
    #[arg(long, value_name = "TABLE.COLUMN", conflicts_with = "to_anonymize_on")]
    clean: Vec<String>,
    /// Clean without asking for confirmation: this cannot be undone.
    #[arg(long, env = "LETHE_YES")]
    yes: bool,
}

pub(super) async fn execute(args: &Args, file: &Path, out: Output) -> Result<(), Failure> {
    let (_, service) = setup::service(file).await?;
    if let Some(day) = &args.to_anonymize_on {
        let day = (day != "never").then_some(day.as_str());
        let set = service.set_to_anonymize_on(&args.key, day).await?;
        out.data(&set, || match &set.to_anonymize_on {
            Some(day) => format!("Client {} is to be anonymized on {day}, or in the first sweep after it.", set.client),
            None => format!("Client {} no longer has a date on which it is to be anonymized.", set.client),
        });
        return Ok(());
    }
    if !args.clean.is_empty() {
        return clean(args, &service, out).await;
    }
    let shown = service.client(&args.key).await?;
    let loaded = service.loaded().await?;
    out.data(&shown, || text(&shown, &loaded.plan));
    Ok(())
}

async fn clean(args: &Args, service: &Service, out: Output) -> Result<(), Failure> {
    let what = format!("{} of client {} would be emptied, which cannot be undone", args.clean.join(", "), args.key);
    confirm(&what, "Empty it?", "to confirm, add `--yes`", args.yes)?;
    let done = service.clean(&args.key, &args.clean).await?;
    out.data(&done, || {
        let line = |own: &Cleaned| format!("{} is empty: {} changed", own.name, counted(own.changed, "row"));
        let lines: Vec<String> = done.cleaned.iter().map(line).collect();
        format!("Client {}:\n  {}", escaped(&done.client), lines.join("\n  "))
    });
    Ok(())
}

fn text(shown: &ClientStatus, plan: &crate::plan::Plan) -> String {
    let because = |names: &[String]| {
        let reasons: Vec<String> = names.iter().map(|name| reason(Some(plan), name)).collect();
        reasons.join("; ")
    };
    let now = match shown.would_be.outcome {
        Outcome::Anonymized => "is due: the next sweep that takes it anonymizes it".to_owned(),
        Outcome::Refused => format!("is due, and would be refused: {}", because(&shown.would_be.reasons)),
        Outcome::Already => "was anonymized".to_owned(),
        Outcome::NotDue => "is not due: neither its date nor its period has passed".to_owned(),
        Outcome::NotFound => "is no longer in the client table".to_owned(),
        Outcome::Failed => {
            format!("failed, and is not retried until `lethe retry`: {}", because(&shown.would_be.reasons))
        }
    };
    let mut text = format!("Client {} {now}.\n", escaped(&shown.client));
    if let Some(day) = &shown.to_anonymize_on {
        let last = shown.dates.last().filter(|own| own.day.as_ref() == Some(day));
        let by =
            last.map(|own| format!(", set by {} on {}", escaped(&own.set_by), &own.set_at[..10])).unwrap_or_default();
        text += &format!("To be anonymized on {day}{by}\n");
    }
    match &shown.estimated {
        Some(own) => {
            let from = match (&own.column, &own.since, &own.period) {
                (Some(column), Some(since), Some(period)) => format!("{period} after `{column}` ({since})"),
                (Some(column), ..) => format!("the day in `{column}`"),
                _ => "it has no activity".to_owned(),
            };
            text += &format!("Estimated cleanup date: {}, {from}\n", own.day);
        }
        None if shown.would_be.outcome == Outcome::NotDue => {
            text += "Estimated cleanup date: none: no date is set, and no date is known from which the period could begin\n";
        }
        None => {}
    }
    for own in &shown.cleaned {
        text += &format!("{} emptied on {} by {}\n", own.name, &own.cleaned_at[..10], escaped(&own.cleaned_by));
    }
    if let Some(own) = &shown.returned {
        let (client, former) = (escaped(&own.client), escaped(&own.former));
        text += &match &own.confirmed_by {
            Some(by) => format!("Was client {former}, as {} confirmed: the next replay takes it\n", escaped(by)),
            None => format!(
                "Is recognized as client {former}, who was anonymized: if it is the same person, \
                 `lethe returned --confirm {client} --as {former}`\n"
            ),
        };
    }
    for hold in &shown.holds {
        let (by, why) = (escaped(&hold.placed_by), escaped(&hold.reason));
        text += &format!("On hold since {} by {by}: {why}\n", &hold.placed_at[..10]);
    }
    for notice in &shown.notices {
        let sent =
            notice.sent_at.as_deref().map_or_else(|| "not sent yet".to_owned(), |at| format!("sent {}", minute(at)));
        let until = notice.until.as_ref().map(|day| format!(", until {day}")).unwrap_or_default();
        let ended = notice.ended_by.as_ref().map(|by| format!(", ended: {by}")).unwrap_or_default();
        text += &format!("Notice {sent}{until}{ended}\n");
    }
    if shown.files_left > 0 {
        text += &format!("Files or folders not deleted yet: {}; see `lethe deliveries`\n", shown.files_left);
    }
    if shown.history.is_empty() {
        return text + "\nNo sweep has processed it yet.";
    }
    let rows = shown.history.iter().map(|record| {
        let reasons = because(&record.reasons);
        let by = record.job.clone().unwrap_or_else(|| format!("by {}", record.opened_by));
        let sweep = format!("{} {by}", record.sweep);
        [minute(&record.at), minute(&record.last_at), record.outcome.clone(), sweep, reasons]
    });
    text + "\n" + &titled(["since", "until", "outcome", "sweep", "reasons"], rows)
}
