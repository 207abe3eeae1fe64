//! The report of a month: all sweeps that were opened in it.

use std::collections::BTreeMap;

use chrono::{DateTime, Months, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::now::Now;
use super::outside::Outside;
use super::policy::{Current, PolicyFacts};
use super::remains::Remains;
use super::sweep::{Asked, OldRows, Told, not_checked, told};
use super::unchecked::Unchecked;
use super::{About, ReportOptions};
use crate::database::StoreError;
use crate::domain::outcome::Tally;
use crate::ledger::moment;
use crate::worker::Context;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month(NaiveDate);

impl std::str::FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_written_so = text.len() == 7 && text.is_ascii();
        let day = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok().filter(|_| is_written_so);
        day.map(Self).ok_or_else(|| "a month is written as `2026-11`".to_owned())
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}

impl Month {
    /// From when until before when it is, on the clocks of a time zone.
    pub fn bounds(self, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        let next = self.0.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX);
        (begin(self.0, zone), begin(next, zone))
    }

    /// As people write it: `November 2026`.
    pub fn in_words(self) -> String {
        self.0.format("%B %Y").to_string()
    }
}

/// The first moment of a day. Where the clocks skip midnight, the first one after it.
fn begin(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    let mut quarters = (0..=96).filter_map(|quarters| midnight.checked_add_signed(TimeDelta::minutes(quarters * 15)));
    let first = quarters.find_map(|at| zone.from_local_datetime(&at).earliest());
    first.map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}

#[derive(Debug, Clone, Serialize)]
pub struct MonthReport {
    /// Always `month`.
    pub report: &'static str,
    /// Who made it, when, and of what.
    pub about: About,
    pub month: String,
    #[serde(skip)]
    pub words: String,
    /// On whose clocks.
    pub time_zone: String,
    /// Its first moment.
    pub from: String,
    /// The first moment after it.
    pub until: String,
    pub is_over: bool,
    pub clients: MonthClients,
    /// The sweeps, by who started them.
    pub jobs: Vec<MonthJob>,
    /// Under which plans.
    pub policies: Vec<MonthPolicy>,
    /// Why clients were refused during the month; a client with two reasons counts for both.
    pub refusals: Vec<Told>,
    /// Why clients stood failed at any time of the month.
    pub failures: Vec<Told>,
    /// Old rows that were deleted, by table.
    pub old_rows: Vec<OldRows>,
    /// Every sweep that was opened.
    pub sweeps: Vec<MonthSweep>,
    /// What leaves the database: journal and deliveries, as they stand now.
    pub outside: Outside,
    /// What the ledger does not keep, as it is now.
    pub now: Now,
    /// What remains of an anonymized client, as the policy is now.
    pub remains: Option<Remains>,
    /// What was not checked, as policy and schema are now.
    pub not_checked: Vec<Unchecked>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct MonthClients {
    /// Clients anonymized by its sweeps.
    pub anonymized: u64,
    /// Clients that stood refused at any time of it, each counted once.
    pub refused: u64,
    /// Clients that stood failed at any time of it, each counted once.
    pub failed: u64,
}

/// The sweeps of one job, or those started by hand.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MonthJob {
    /// The job; `None` for sweeps started by hand without one.
    pub job: Option<String>,
    pub sweeps: u64,
    /// Sweeps that went through.
    pub done: u64,
    /// Sweeps stopped, or refused before they began.
    pub stopped: u64,
    /// Sweeps that their brake stopped.
    pub braked: u64,
    /// Ticks that nothing ran for.
    pub missed: u64,
    pub anonymized: u64,
    /// Clients that failed, once for each sweep.
    pub failed: u64,
}

/// A plan under which sweeps of the month ran.
#[derive(Debug, Clone, Serialize)]
pub struct MonthPolicy {
    #[serde(flatten)]
    pub policy: PolicyFacts,
    /// The first and the last sweep under it.
    pub sweeps: (i64, i64),
}

#[derive(Debug, Clone, Serialize)]
pub struct MonthSweep {
    #[serde(flatten)]
    pub sweep: Asked,
    pub clients: Tally,
}

impl MonthReport {
    /// Makes the report of a month.
    pub async fn make(context: &Context, month: Month, zone: Tz, options: ReportOptions) -> Result<Self, StoreError> {
        let ledger = &context.ledger;
        let now = ledger.clock().now();
        let (begins, ends) = month.bounds(zone);
        let (from, until) = (moment(begins), moment(ends));
        let current = Current::read(context).await?;
        let of = |(sweep, clients)| MonthSweep { clients, sweep: Asked::of(sweep, current.policy()) };
        let sweeps: Vec<MonthSweep> = ledger.sweeps_between(&from, &until).await?.into_iter().map(of).collect();
        Ok(Self {
            report: "month",
            about: About::now(context),
            month: month.to_string(),
            words: month.in_words(),
            time_zone: zone.name().to_owned(),
            is_over: now >= ends,
            clients: MonthClients {
                anonymized: sweeps.iter().map(|own| own.clients.anonymized).sum(),
                refused: ledger.clients_between("refused", &from, &until).await?,
                failed: ledger.clients_between("failed", &from, &until).await?,
            },
            jobs: jobs(&sweeps),
            policies: policies(context, &current, &sweeps).await?,
            refusals: told(&current, ledger.reasons_between("refused", &from, &until).await?),
            failures: told(&current, ledger.reasons_between("failed", &from, &until).await?),
            old_rows: match (sweeps.first(), sweeps.last()) {
                (Some(first), Some(last)) => OldRows::of(ledger.rows_by_table(first.sweep.id, last.sweep.id).await?),
                _ => Vec::new(),
            },
            sweeps,
            outside: Outside::ask(context, None).await?,
            now: Now::ask(context, current.plan(), now.with_timezone(&zone).date_naive(), options).await?,
            remains: current.policy().map(Remains::of),
            not_checked: not_checked(context, &current).await?,
            from,
            until,
        })
    }
}

fn jobs(sweeps: &[MonthSweep]) -> Vec<MonthJob> {
    let mut jobs: BTreeMap<Option<&str>, MonthJob> = BTreeMap::new();
    for MonthSweep { sweep, clients } in sweeps {
        let job = jobs.entry(sweep.job.as_deref()).or_default();
        job.job.clone_from(&sweep.job);
        job.sweeps += 1;
        match sweep.state {
            "done" => job.done += 1,
            "stopped" => job.stopped += 1,
            "braked" => job.braked += 1,
            _ => {}
        }
        job.missed += u64::try_from(sweep.skipped).unwrap_or(0);
        job.anonymized += clients.anonymized;
        job.failed += clients.failed;
    }
    jobs.into_values().collect()
}

async fn policies(context: &Context, current: &Current, sweeps: &[MonthSweep]) -> Result<Vec<MonthPolicy>, StoreError> {
    let mut found: Vec<(&str, (i64, i64))> = Vec::new();
    for MonthSweep { sweep, .. } in sweeps.iter().filter(|own| !own.sweep.digest.is_empty()) {
        match found.iter_mut().find(|(digest, _)| *digest == sweep.digest) {
            Some((_, (_, last))) => *last = sweep.id,
            None => found.push((&sweep.digest, (sweep.id, sweep.id))),
        }
    }
    let mut policies = Vec::new();
    for (digest, sweeps) in found {
        policies.push(MonthPolicy { policy: PolicyFacts::of(context, current, digest, "").await?, sweeps });
    }
    Ok(policies)
}
