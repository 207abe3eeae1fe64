//! `lethe demo`: a made-up company, from its database to the morning after.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection, Row};

use super::config::Config;
use super::output::{Output, counted, number, table};
use super::sweep::{reason_lines, seconds, work_off};
use super::{Failure, setup};
use crate::demo::{Size, generate};
use crate::domain::clock::Clock;
use crate::domain::outcome::Tally;
use crate::store::{Store, statement};
use crate::worker::sweep::{Mode, SweepError, open, survey};
use crate::worker::{Context, Request};

const POLICY: &str = include_str!("../../policies/np-retail/policy.toml");
const JOBS: [(&str, &str); 2] = [
    ("nightly-due.toml", include_str!("../../jobs/nightly-due.toml")),
    ("nightly-period.toml", include_str!("../../jobs/nightly-period.toml")),
];
/// How a folder of the demonstration's begins its configuration.
const MARK: &str = "# Made by `lethe demo`";
const CONFIG: &str = "# Made by `lethe demo`; `lethe --config FOLDER/lethe.toml …` uses it.\n\
                      database = \"company.db\"\npolicy = \"policy.toml\"\njobs = \"jobs\"\n\
                      time_zone = \"Europe/Copenhagen\"\n";
/// What the made-up company is made from.
const SEED: u64 = 25_052_018;

/// Make a company's database, and anonymize its clients: ten thousand, in a minute.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder for the company; one that is there is gone on with.
    #[arg(long, default_value = "lethe-demo", value_name = "FOLDER")]
    folder: PathBuf,
}

#[derive(Serialize)]
struct Story {
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
    let folder = &args.folder;
    let database = folder.join("company.db");
    let made_now = !is_demo(folder)?;
    if made_now {
        make(folder, &database).await?;
    }
    let config = Config::read(&folder.join("lethe.toml"))?;
    let store = Store::open(config.settings()?).await?;
    let context = setup::context_of(&config, store).await?;
    let clients = count(&context, "SELECT count(*) FROM customers").await?;
    if made_now {
        say(out, &format!("A company with {} is in `{}`.", counted(clients, "client"), folder.display()));
    } else {
        say(out, &format!("Going on with the company in `{}`.", folder.display()));
    }
    let plan = std::sync::Arc::clone(&context.planner.plan(&context.store).await?);
    back_up(&context, folder).await?;

    let jobs = setup::jobs(&config.jobs)?;
    let mut story = Story {
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
            let found = survey((&context).into(), &request, Mode::Rehearsal, &mut |client| {
                if client.outcome == crate::domain::outcome::Outcome::Anonymized && first.is_none() {
                    first = Some(client.key);
                }
            })
            .await?;
            if found.tally.anonymized > 0 {
                context.ledger.record_rehearsal(&found.digest, &found.tally, &context.actor).await?;
            }
            if shown.is_none()
                && let Some(key) = first
            {
                shown = Some((key.clone(), client_row(&context, &key).await?));
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
                    "nobody is due in this company any more, and its policy has changed since",
                    format!("remove the folder `{}` to begin anew", folder.display()),
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
        let after = client_row(&context, key).await?;
        let pairs = before.iter().zip(after).filter(|(before, after)| !before.1.is_empty() || !after.1.is_empty());
        story.before_and_after = pairs
            .map(|(before, after)| Change { column: before.0.clone(), before: before.1.clone(), after: after.1 })
            .collect();
    }
    story.anonymized = count(&context, "SELECT count(*) FROM customers WHERE anonymized = 1").await?;
    out.data(&story, || tell(&story, &plan.plan));
    Ok(())
}

/// Progress, for a person.
fn say(out: Output, line: &str) {
    if !out.json {
        eprintln!("{line}");
    }
}

/// Whether a folder is the demonstration's, whole.
///
/// # Errors
///
/// [`Failure`] if something else is in it: that is nobody's to overwrite.
fn is_demo(folder: &Path) -> Result<bool, Failure> {
    let marked = std::fs::read_to_string(folder.join("lethe.toml")).is_ok_and(|text| text.starts_with(MARK));
    let empty = std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if !marked && !empty {
        return Err(Failure::new(
            format!("the folder `{}` holds something else than a demonstration", folder.display()),
            "choose another with `--folder`; nothing in it was touched",
        ));
    }
    Ok(marked && folder.join("company.db").exists())
}

async fn make(folder: &Path, database: &Path) -> Result<(), Failure> {
    let unwritable = |error: std::io::Error| {
        Failure::new(
            format!("the folder `{}` cannot be written ({})", folder.display(), error.kind()),
            "choose another with `--folder`",
        )
    };
    std::fs::create_dir_all(folder.join("jobs")).map_err(unwritable)?;
    std::fs::write(folder.join("lethe.toml"), CONFIG).map_err(unwritable)?;
    std::fs::write(folder.join("policy.toml"), POLICY).map_err(unwritable)?;
    for (name, text) in JOBS {
        std::fs::write(folder.join("jobs").join(name), text).map_err(unwritable)?;
    }
    // Made under another name first: a database that is there is a whole one.
    let unfinished = folder.join("company.db.unfinished");
    let _ = std::fs::remove_file(&unfinished);
    let today = Clock::System.now().with_timezone(&chrono_tz::Europe::Copenhagen).date_naive();
    let faulty = |_: sqlx::Error| Failure::fault("the company could not be made", "is there room on the disk?");
    let mut connection = SqliteConnectOptions::new()
        .filename(&unfinished)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(faulty)?;
    generate(&mut connection, &Size::demo(), SEED, today).await.map_err(faulty)?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.map_err(faulty)?;
    connection.close().await.map_err(faulty)?;
    std::fs::rename(&unfinished, database).map_err(unwritable)
}

/// Makes a real backup, and acknowledges it.
async fn back_up(context: &Context, folder: &Path) -> Result<(), Failure> {
    let copy = folder.join("backup.db");
    let _ = std::fs::remove_file(&copy);
    let sql = format!("VACUUM INTO {}", crate::sql::text(&copy.display().to_string()));
    statement(&sql).execute(context.store.readers()).await.map_err(|error| context.store.fault(&error))?;
    let now = context.ledger.clock().now();
    context.ledger.record_backup(now, &context.actor, Some("backup.db")).await?;
    Ok(())
}

async fn count(context: &Context, sql: &'static str) -> Result<u64, Failure> {
    let count: i64 = sqlx::query_scalar(sql)
        .fetch_one(context.store.readers())
        .await
        .map_err(|error| context.store.fault(&error))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The columns of a client that a reader understands at a glance.
async fn client_row(context: &Context, key: &str) -> Result<Vec<(String, String)>, Failure> {
    let columns = [
        "customer_no",
        "name",
        "address",
        "post_code",
        "city",
        "email",
        "phone_no",
        "birth_date",
        "customer_posting_group",
        "blocked",
        "anonymized",
        "anonymized_date",
    ];
    let list: Vec<String> = columns.iter().map(|column| format!("COALESCE(CAST({column} AS TEXT), '')")).collect();
    let sql = format!("SELECT {} FROM customers WHERE customer_no = ?1", list.join(", "));
    let row = statement(&sql)
        .bind(key)
        .fetch_one(context.store.readers())
        .await
        .map_err(|error| context.store.fault(&error))?;
    Ok(columns.iter().enumerate().map(|(at, column)| ((*column).to_owned(), row.get(at))).collect())
}

fn tell(story: &Story, plan: &crate::domain::plan::Plan) -> String {
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
        "\n{} of {} clients are anonymized by now: {} tonight, {} earlier. Their invoices and statistics stay.\n",
        number(story.anonymized),
        number(story.clients),
        number(tonight),
        number(story.anonymized.saturating_sub(tonight))
    );
    if story.sweeps.iter().all(|result| result.tally.anonymized == 0) {
        text += "Nobody was due today who had not been anonymized before: running it twice changes nothing.\n";
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
    text += &format!(
        "\nLook at next\n  lethe --config {config} status                what ran, and what needs attention\n  \
         lethe --config {config} policy show           what happens to each column\n  \
         lethe --config {config} sweep --due --preview  what tonight would do\n  \
         {}  the policy, to read and change\n",
        story.folder.join("policy.toml").display()
    );
    text
}
