//! `lethe doctor`: checks everything that a sweep relies on.

mod indexes;

use std::path::Path;

use serde::Serialize;

use super::output::{Output, counted, table};
use super::{Failure, setup};
use crate::config::Config;
use crate::database::{Change, FIRST, Store, query};
use crate::domain::clock::Clock;
use crate::domain::hint::{Act, Face};
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::service::journal::{JournalStatus, UNKNOWN, has_segments};
use crate::worker::deliver::roots::{self, RootState};
use crate::worker::sweep::same_clients;
use crate::worker::{Planner, gate};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Good,
    Note,
    Bad,
}

#[derive(Debug, Serialize)]
struct Finding {
    verdict: Verdict,
    about: &'static str,
    what: String,
    /// SQL that fixes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
}

impl Finding {
    fn text(&self) -> String {
        match &self.statement {
            Some(statement) => format!("{}: {statement}", self.what),
            None => self.what.clone(),
        }
    }
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, verdict: Verdict, about: &'static str, what: impl Into<String>) {
        self.0.push(Finding { verdict, about, what: what.into(), statement: None });
    }

    /// A statement for a person with the right to run it.
    fn prescribe(&mut self, verdict: Verdict, about: &'static str, what: String, statement: Option<String>) {
        self.0.push(Finding { verdict, about, what, statement });
    }

    /// A change to the role's rights.
    fn change(&mut self, verdict: Verdict, change: &Change) {
        self.prescribe(verdict, "role", change.why.clone(), change.statement.clone());
    }
}

pub(super) async fn execute(file: &Path, out: Output) -> Result<(), Failure> {
    let config = Config::read(file)?;
    let mut findings = Findings(Vec::new());
    findings.add(Verdict::Good, "configuration", format!("`{}` and the environment are read", file.display()));
    let opened = match Store::open(config.settings()?).await {
        Ok(store) => setup::of_policy(&config, &store).await,
        Err(error) => Err(error),
    };
    let store = match opened {
        Err(error) => {
            findings.add(Verdict::Bad, "database", format!("{error}; {}", error.hint()));
            None
        }
        Ok(store) => Some(store),
    };
    if let Some(store) = &store {
        database(&config, store, &mut findings).await?;
    }
    redis(&config, store.as_ref().map_or(FIRST, Store::ledger), &mut findings).await;
    files(&config, store.as_ref(), &mut findings).await?;
    jobs(&config, &mut findings);
    alerts(&config, &mut findings);
    traces(&config, &mut findings).await;
    let bad = findings.0.iter().filter(|finding| finding.verdict == Verdict::Bad).count();
    out.data(&findings.0, || {
        let mark = |verdict| match verdict {
            Verdict::Good => "ok",
            Verdict::Note => "note",
            Verdict::Bad => "FAIL",
        };
        let mut rows: Vec<Vec<String>> = Vec::new();
        for (verdict, about, what) in subjects(&findings.0) {
            let more = what.iter().skip(1).map(|own| vec![String::new(), String::new(), own.clone()]);
            rows.push(vec![mark(verdict).to_owned(), about.to_owned(), what[0].clone()]);
            rows.extend(more);
        }
        table(&rows)
    });
    if bad > 0 {
        return Err(Failure::new(
            format!("{} failed", counted(bad, "check")),
            "fix what is marked FAIL, and run `lethe doctor` again",
        ));
    }
    Ok(())
}

/// A row for each subject: the worst verdict on it, and what it was given for.
fn subjects(findings: &[Finding]) -> Vec<(Verdict, &'static str, Vec<String>)> {
    let mut rows: Vec<(Verdict, &'static str, Vec<String>)> = Vec::new();
    for finding in findings {
        match rows.iter_mut().find(|own| own.1 == finding.about) {
            Some(own) if own.0 == Verdict::Good && finding.verdict != Verdict::Good => {
                (own.0, own.2) = (finding.verdict, vec![finding.text()]);
            }
            Some(own) if own.0 != Verdict::Good && finding.verdict == Verdict::Good => {}
            Some(own) => {
                own.0 = own.0.max(finding.verdict);
                own.2.push(finding.text());
            }
            None => rows.push((finding.verdict, finding.about, vec![finding.text()])),
        }
    }
    rows
}

async fn database(config: &Config, store: &Store, findings: &mut Findings) -> Result<(), Failure> {
    findings.add(Verdict::Good, "database", format!("`{}` is open", store.place()));
    writable(store, findings).await;
    remarks(store, findings).await;
    let planner = config.planner();
    role(&planner, store, findings).await?;
    let loaded = match planner.plan_checked(store).await {
        Ok(loaded) => loaded,
        Err(error) => {
            findings.add(Verdict::Bad, "policy", format!("{}; `lethe policy check` lists everything", error.brief()));
            return Ok(());
        }
    };
    let reach = loaded.plan.reach();
    findings.add(
        Verdict::Good,
        "policy",
        format!(
            "is valid: {} changed in {}, {}",
            counted(reach.columns, "column"),
            counted(reach.tables, "table"),
            counted(reach.guards, "guard")
        ),
    );
    if let Some(what) = &loaded.plan.client.given_again {
        findings.add(Verdict::Note, "keys", what);
    }
    for (name, kind) in loaded.schema.others.iter().filter(|(_, kind)| kind.as_str() == "virtual table") {
        findings.add(
            Verdict::Note,
            "coverage",
            format!("`{name}` is a {kind}: what it holds is not changed unless the tables behind it are mapped or triggers keep it up to date"),
        );
    }
    indexes::advise(store, &loaded.plan, &loaded.schema, findings).await;
    if !Ledger::exists(store).await? {
        findings.add(Verdict::Note, "ledger", "no sweep was ever opened here; the first one makes the ledger's tables");
        if let Some(journal) = config.journal.open(store)?
            && has_segments(&journal).await
        {
            findings.add(Verdict::Bad, "journal", UNKNOWN);
        }
        return Ok(());
    }
    let context = match setup::context_of(config, store.clone()).await {
        Ok(context) => context,
        Err(failure) => {
            findings.add(Verdict::Bad, "ledger", format!("{}; {}", failure.message, failure.hint));
            return Ok(());
        }
    };
    if let Err(error) = same_clients(&context.ledger, &loaded).await {
        findings.add(Verdict::Bad, "clients", format!("{error}; {}", error.hint()));
    }
    match gate::rehearsed(&context, &loaded.plan.digest).await {
        Ok(()) => findings.add(Verdict::Good, "rehearsal", "this policy was rehearsed on this schema"),
        Err(error) => findings.add(Verdict::Note, "rehearsal", format!("{error}; {}", error.hint())),
    }
    for pause in context.ledger.pauses(false).await? {
        let resume = Act::Resume(pause.job.clone()).at(Face::Command);
        findings.add(Verdict::Note, "pauses", format!("{}; {resume} resumes it", pause.line()));
    }
    match JournalStatus::of(&context).await {
        Ok(None) => findings.add(
            Verdict::Note,
            "journal",
            "none is configured: after a restore, Lethe would not know which clients were anonymized since the backup",
        ),
        Ok(Some(status)) => {
            let attention = status.attention();
            if attention.is_empty() {
                findings.add(Verdict::Good, "journal", status.line());
            }
            for what in attention {
                findings.add(Verdict::Bad, "journal", what);
            }
        }
        Err(failure) => findings.add(Verdict::Bad, "journal", format!("{}; {}", failure.message, failure.hint)),
    }
    match gate::backed_up(&context).await {
        Ok(()) => findings.add(Verdict::Good, "backup", "a recent one is acknowledged, or none is required"),
        Err(error) => findings.add(Verdict::Note, "backup", format!("{error}; {}", error.hint())),
    }
    Ok(())
}

/// What the role may do too little and too much, and the statements that change it.
async fn role(planner: &Planner, store: &Store, findings: &mut Findings) -> Result<(), Failure> {
    if let Some(version) = store.too_old().await? {
        findings.add(Verdict::Bad, "server", format!("is PostgreSQL {version}, and should be 13 or later"));
    }
    // Without a policy there is nothing to say, and the next check says so.
    let Ok(policy) = planner.policy() else { return Ok(()) };
    let schema = store.schema().await?;
    let unseen = policy.named_tables().into_iter().filter(|table| schema.table(table).is_none()).collect();
    for change in store.closed(&unseen).await? {
        findings.change(Verdict::Bad, &change);
    }
    let Ok(plan) = Plan::build(&policy, &schema) else { return Ok(()) };
    let Some(role) = store.role(&plan).await? else { return Ok(()) };
    for change in &role.missing {
        findings.change(Verdict::Bad, change);
    }
    for change in role.unlocked.iter().chain(&role.excess) {
        findings.change(Verdict::Note, change);
    }
    if role.missing.is_empty() {
        let and = if role.excess.is_empty() { ", and no more" } else { "" };
        findings.add(Verdict::Good, "role", format!("`{}` may do what the plan needs{and}", role.name));
    }
    Ok(())
}

/// Whether Redis answers, if one is configured.
async fn redis(config: &Config, ledger: i64, findings: &mut Findings) {
    let redis = match config.redis.open(ledger) {
        Ok(None) => return,
        Ok(Some(redis)) => redis,
        Err(failure) => return findings.add(Verdict::Bad, "redis", format!("{}; {}", failure.message, failure.hint)),
    };
    match redis.check().await {
        Ok(()) => {
            findings.add(Verdict::Good, "redis", format!("`{}` responds, and accepts batches", redis.place()));
        }
        Err(fault) => findings.add(Verdict::Bad, "redis", format!("{fault}; {}", fault.hint())),
    }
    if let Ok(Some(policy)) = redis.when_full().await
        && policy != "noeviction"
    {
        findings.add(
            Verdict::Note,
            "redis",
            format!("its `maxmemory-policy` is `{policy}`: when its memory is full it drops ids, which are staged again; `noeviction` keeps them"),
        );
    }
}

async fn writable(store: &Store, findings: &mut Findings) {
    let tried = async {
        let mut connection = store.writer().await?;
        let mut transaction = connection.begin().await?;
        query(store.dialect().write_test).execute(&mut *transaction).await?;
        transaction.rollback().await?;
        Ok::<(), crate::database::StoreError>(())
    };
    match tried.await {
        Ok(()) => findings.add(Verdict::Good, "writing", "a test write succeeded, and was rolled back"),
        Err(error) => findings.add(Verdict::Bad, "writing", format!("{error}; {}", error.hint())),
    }
}

async fn remarks(store: &Store, findings: &mut Findings) {
    match store.remarks().await {
        Ok(remarks) => remarks.into_iter().for_each(|(subject, remark)| findings.add(Verdict::Note, subject, remark)),
        Err(error) => findings.add(Verdict::Bad, "database", format!("{error}; {}", error.hint())),
    }
}

/// The roots of files are there, and those that were seen before.
async fn files(config: &Config, store: Option<&Store>, findings: &mut Findings) -> Result<(), Failure> {
    let ledger = match store {
        Some(store) if !config.targets.roots.is_empty() && Ledger::exists(store).await? => {
            // What is wrong with it was found above.
            Ledger::open(store, &Clock::System).await.ok()
        }
        _ => None,
    };
    for (name, root) in &config.targets.roots {
        let about = format!("root `{name}`, `{}`", root.shown());
        let accept = format!("`lethe deliveries --accept {name}`");
        let (verdict, what) = match roots::check(ledger.as_ref(), root, name).await? {
            Ok(RootState::Known) => (Verdict::Good, format!("root `{name}` exists")),
            Ok(RootState::New) => {
                (Verdict::Note, format!("{about}, was not seen before: check that it is the right one, and mounted"))
            }
            Ok(RootState::NewAndEmpty) => {
                let until = format!("until there are, or until {accept}, no file counts as deleted");
                (Verdict::Note, format!("{about}, was not seen before, and no files are in it; {until}"))
            }
            Ok(RootState::Strange(why)) => {
                let fix = format!("mount or restore what was there, or accept it with {accept}");
                (Verdict::Bad, format!("{about}: {why}; {fix}"))
            }
            Err(fault) => (Verdict::Bad, format!("{about}: {fault}")),
        };
        findings.add(verdict, "files", what);
    }
    Ok(())
}

/// Whether anybody is told when a night goes badly.
fn alerts(config: &Config, findings: &mut Findings) {
    let targets = &config.targets;
    if !targets.alert() {
        let what = "no alert is sent when a night fails: see \"Alerts\" in `docs/operations.md`";
        findings.add(Verdict::Note, "alerts", what);
    } else if targets.alerts.ping.is_none() {
        let what = "without `alerts.ping` no alert is sent if Lethe does not run at all";
        findings.add(Verdict::Note, "alerts", what);
    } else {
        findings.add(Verdict::Good, "alerts", "configured; `lethe alerts test` sends one");
    }
}

async fn traces(config: &Config, findings: &mut Findings) {
    match config.check_collector().await {
        None => {}
        Some(Ok(())) => findings.add(Verdict::Good, "traces", "the collector takes spans"),
        Some(Err(failure)) => findings.add(Verdict::Bad, "traces", format!("{}; {}", failure.message, failure.hint)),
    }
}

fn jobs(config: &Config, findings: &mut Findings) {
    let files = match setup::job_files(&config.jobs) {
        Ok(files) => files,
        // The folder's name that the README gives; it comes last there.
        Err(_) if config.jobs.ends_with("jobs") && !config.jobs.exists() => {
            let what = format!("folder `{}` does not exist yet: no job runs by itself", config.jobs.display());
            return findings.add(Verdict::Note, "jobs", what);
        }
        Err(failure) => {
            return findings.add(Verdict::Bad, "jobs", format!("{}; {}", failure.message, failure.hint));
        }
    };
    for (_, failure) in &files.faults {
        findings.add(Verdict::Bad, "jobs", format!("{}; {}", failure.message, failure.hint));
    }
    let names: Vec<String> = files.jobs.into_iter().map(|job| job.name).collect();
    if !names.is_empty() {
        findings.add(Verdict::Good, "jobs", names.join(", "));
    } else if files.faults.is_empty() {
        let what = format!("no job file in `{}`: no job runs", config.jobs.display());
        findings.add(Verdict::Note, "jobs", what);
    }
}
