//! `lethe demo`: a made-up company, from its database to the morning after.

mod make;

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::output::{Output, counted, number, table};
use super::sweep::{reason_lines, seconds, work_off};
use super::{Failure, setup};
use crate::config::Config;
use crate::database::{Store, query};
use crate::demo::{SHIPPED, Shipped};
use crate::domain::clock::Clock;
use crate::domain::outcome::Tally;
use crate::domain::sweep::SweepKind;
use crate::plan::ClientPlan;
use crate::sql::name;
use crate::worker::sweep::{SweepError, open};
use crate::worker::{Context, Request};

/// Create the database of an invented company, and anonymize ten thousand clients in a minute.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shipped policy to show.
    #[arg(long, value_name = "NAME", default_value = SHIPPED[0].name,
          value_parser = clap::builder::PossibleValuesParser::new(SHIPPED.iter().map(|own| own.name)))]
    policy: String,
    /// The folder for the company, `lethe-demo` or `lethe-demo-NAME` if left out; an existing one is used as it is.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl Args {
    fn shipped(&self) -> &'static Shipped {
        Shipped::named(&self.policy).unwrap_or(&SHIPPED[0])
    }

    fn folder(&self) -> PathBuf {
        let shipped = self.shipped();
        let own = if shipped.name == SHIPPED[0].name {
            "lethe-demo".to_owned()
        } else {
            format!("lethe-demo-{}", shipped.name)
        };
        self.folder.clone().unwrap_or_else(|| own.into())
    }
}

#[derive(Serialize)]
struct Story {
    policy: &'static str,
    folder: PathBuf,
    clients: u64,
    made_now: bool,
    rehearsals: Vec<JobResult>,
    sweeps: Vec<JobResult>,
    /// Clients anonymized by now, tonight's included.
    anonymized: u64,
    before_and_after: Vec<Change>,
}

#[derive(Serialize)]
struct JobResult {
    job: String,
    description: String,
    sweep: Option<i64>,
    #[serde(flatten)]
    tally: Tally,
    refusals: std::collections::BTreeMap<String, u64>,
    seconds: f64,
}

#[derive(Serialize)]
struct Change {
    column: String,
    before: String,
    after: String,
}

pub(super) async fn execute(args: &Args, out: Output) -> Result<(), Failure> {
    let (shipped, folder) = (args.shipped(), &args.folder());
    let made_now = !make::is_there(folder, shipped)?;
    if made_now {
        make::company(folder, shipped).await?;
    }
    let config = Config::read(&folder.join("lethe.toml"))?;
    let store = Store::open(config.settings()?).await?;
    let context = setup::context_of(&config, store).await?;
    let plan = std::sync::Arc::clone(&context.planner.plan(&context.store).await?);
    let client = &plan.plan.client;
    let clients = count(&context, &format!("SELECT count(*) FROM {}", name(&client.table))).await?;
    if made_now {
        say(out, &format!("{} with {} is in `{}`.", shipped.company, counted(clients, "client"), folder.display()));
    } else {
        say(out, &format!("Continuing with the company in `{}`.", folder.display()));
    }
    make::backup(&context, folder).await?;

    let mut jobs = setup::jobs(&config.jobs)?;
    // Nothing has come back in a company that was just made, and no rows of its own are old.
    jobs.retain(|job| matches!(job.kind, SweepKind::Due | SweepKind::Period));
    let mut story = Story {
        policy: shipped.name,
        folder: folder.clone(),
        clients,
        made_now,
        rehearsals: Vec::new(),
        sweeps: Vec::new(),
        anonymized: 0,
        before_and_after: Vec::new(),
    };
    let mut shown: Option<(String, Vec<(String, String)>)> = None;
    if context.ledger.rehearsal(&plan.plan.digest).await?.is_none() {
        for job in &jobs {
            say(out, &format!("Rehearsing {}: everything is done, checked, and rolled back ...", job.name));
            let request = Request::of_job(job, Clock::System.now());
            let mut first = None;
            let found = crate::service::sweeps::rehearse(&context, &request, &mut |client| {
                if client.outcome == crate::domain::outcome::Outcome::Anonymized && first.is_none() {
                    first = Some(client.key);
                }
            })
            .await?;
            super::rehearsal::passed(&found)?;
            if shown.is_none()
                && let Some(key) = first
            {
                shown = Some((key.clone(), client_row(&context, client, shipped.shown, &key).await?));
            }
            story.rehearsals.push(JobResult {
                job: job.name.clone(),
                description: job.description.clone().unwrap_or_default(),
                sweep: None,
                tally: found.tally,
                refusals: found.refusals,
                seconds: found.took.as_secs_f64(),
            });
        }
    }
    for job in &jobs {
        say(out, &format!("Running {} through queue and worker ...", job.name));
        let started = Instant::now();
        let request = Request::of_job(job, Clock::System.now());
        let id = match open(&context, &request).await {
            Ok(Some(id)) => id,
            Ok(None) => continue,
            Err(SweepError::NotRehearsed) => {
                return Err(Failure::new(
                    "no client of this company is due any longer, and its policy has changed since",
                    format!("remove the folder `{}` to start over", folder.display()),
                ));
            }
            Err(error) => return Err(error.into()),
        };
        let sweep = work_off(&context, id).await?;
        story.sweeps.push(JobResult {
            job: job.name.clone(),
            description: job.description.clone().unwrap_or_default(),
            sweep: Some(sweep.id),
            tally: context.ledger.progress(id).await?.tally,
            refusals: context.ledger.refusals(id).await?,
            seconds: started.elapsed().as_secs_f64(),
        });
    }
    if let Some((key, before)) = &shown {
        let after = client_row(&context, client, shipped.shown, key).await?;
        let pairs = before.iter().zip(after).filter(|(before, after)| !before.1.is_empty() || !after.1.is_empty());
        story.before_and_after = pairs
            .map(|(before, after)| Change { column: before.0.clone(), before: before.1.clone(), after: after.1 })
            .collect();
    }
    let done = match &client.anonymized {
        Some(flag) => format!("SELECT count(*) FROM {} WHERE {}", name(&client.table), name(flag)),
        None => "SELECT count(DISTINCT client_key) FROM lethe_outcomes WHERE outcome = 'anonymized'".to_owned(),
    };
    story.anonymized = count(&context, &done).await?;
    out.data(&story, || tell(&story, &plan.plan));
    Ok(())
}

/// Progress, for a person.
fn say(out: Output, line: &str) {
    if !out.json {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

async fn count(context: &Context, sql: &str) -> Result<u64, Failure> {
    let row = query(sql).fetch_one(context.store.readers()).await?;
    Ok(u64::try_from(row.get::<i64>(0)?).unwrap_or(0))
}

/// These columns of a client.
async fn client_row(
    context: &Context,
    client: &ClientPlan,
    columns: &[&str],
    key: &str,
) -> Result<Vec<(String, String)>, Failure> {
    let list: Vec<String> =
        columns.iter().map(|column| format!("COALESCE(CAST({} AS TEXT), '')", name(column))).collect();
    let sql = format!("SELECT {} FROM {} WHERE {} = ?1", list.join(", "), name(&client.table), name(&client.key[0]));
    let row = query(&sql).bind(key).fetch_one(context.store.readers()).await?;
    columns.iter().enumerate().map(|(at, column)| Ok(((*column).to_owned(), row.get(at)?))).collect()
}

fn tell(story: &Story, plan: &crate::plan::Plan) -> String {
    let mut text = String::from("\nThe morning after\n");
    for result in &story.sweeps {
        text += &format!(
            "\n{}: {} anonymized, {} refused, {} failed, in {}\n",
            result.job,
            number(result.tally.anonymized),
            number(result.tally.refused),
            number(result.tally.failed),
            seconds(Duration::from_secs_f64(result.seconds)),
        );
        if !result.description.is_empty() {
            text += &format!("  {}\n", result.description);
        }
        text += &reason_lines(&result.refusals, plan);
    }
    let tonight: u64 = story.sweeps.iter().map(|result| result.tally.anonymized).sum();
    text += &format!(
        "\n{} of {} clients are anonymized by now: {} tonight, {} earlier. The books and statistics are kept.\n",
        number(story.anonymized),
        number(story.clients),
        number(tonight),
        number(story.anonymized.saturating_sub(tonight))
    );
    if story.sweeps.iter().all(|result| result.tally.anonymized == 0) {
        text += "No client was due today that had not been anonymized before: running it twice changes nothing.\n";
    }
    if !story.before_and_after.is_empty() {
        text += "\nOne of them, before and after\n";
        let mut rows = Vec::new();
        for change in &story.before_and_after {
            let after = if change.after.is_empty() { "(empty)".to_owned() } else { change.after.clone() };
            let before = if change.before.is_empty() { "(empty)".to_owned() } else { change.before.clone() };
            rows.push(vec![format!("  {}", change.column), before, after]);
        }
        text += &table(&rows);
    }
    let config = story.folder.join("lethe.toml");
    let config = config.display();
    let preview = story.sweeps.first().map_or_else(String::new, |own| format!("sweep {} --preview", own.job));
    text += "\nNext\n";
    for (command, what) in [
        ("status", "what ran, and what needs attention"),
        ("policy show", "what happens to each column"),
        (preview.as_str(), "what the next night would do"),
    ] {
        text += &format!("  lethe --config {config} {command:<27}  {what}\n");
    }
    text += &format!("  {}  the policy, to read and change\n", story.folder.join("policy.toml").display());
    text
}
