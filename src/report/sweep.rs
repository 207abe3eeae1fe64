//! The report of one sweep.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::now::Now;
use super::outside::Outside;
use super::policy::{Current, PolicyFacts};
use super::remains::Remains;
use super::unchecked::{Unchecked, unchecked};
use super::words::reason;
use super::{About, ReportOptions};
use crate::database::StoreError;
use crate::domain::outcome::{Outcome, Tally};
use crate::ledger::{Reason, Sweep, moment};
use crate::policy::{Class, Policy};
use crate::worker::sweep::SweepError;
use crate::worker::{Context, gate};

#[derive(Debug, Clone, Serialize)]
pub struct SweepReport {
    /// Always `sweep`.
    pub report: &'static str,
    /// Who made it, when, and of what.
    pub about: About,
    pub sweep: Asked,
    /// Under which plan.
    pub policy: PolicyFacts,
    pub clients: Clients,
    /// Why clients were refused; a client with two reasons counts for both.
    pub refusals: Vec<Told>,
    /// Why clients failed that had not failed so before.
    pub failures: Vec<Told>,
    /// Old rows that were deleted, by table; of sweeps that take rows.
    pub old_rows: Vec<OldRows>,
    /// What leaves the database: journal and deliveries, as they stand now.
    pub outside: Outside,
    /// What the ledger does not keep, as it is now.
    pub now: Now,
    /// What remains of an anonymized client, as the policy is now.
    pub remains: Option<Remains>,
    /// What was not checked, as policy and schema are now.
    pub not_checked: Vec<Unchecked>,
}

/// Old rows of a table that were deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OldRows {
    pub table: String,
    /// How many.
    pub rows: u64,
}

impl OldRows {
    pub(super) fn of(rows: BTreeMap<String, u64>) -> Vec<Self> {
        rows.into_iter().map(|(table, rows)| Self { table, rows }).collect()
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    pub id: i64,
    /// The job; `None` if it was started by hand without one.
    pub job: Option<String>,
    pub opened_by: String,
    /// The scheduled moment; `None` if it was started by hand.
    pub tick: Option<String>,
    /// Earlier ticks that it stands for.
    pub skipped: i64,
    pub kind: String,
    pub day: NaiveDate,
    /// The first day on which activity kept a client.
    pub cutoff: Option<NaiveDate>,
    /// Filter names and values.
    pub filters: BTreeMap<String, Vec<String>>,
    /// The most clients it was to anonymize.
    pub limit: Option<u64>,
    /// The digest of the plan; empty if there was none.
    #[serde(skip)]
    pub digest: String,
    /// Whether date and period were passed over.
    pub force: bool,
    /// Whether a person answered its brake.
    pub over_brake: bool,
    /// Where it stands: `done`, `running`, `stopped`, `braked`.
    pub state: &'static str,
    /// Why it was stopped or braked, or what else is to be known.
    pub note: Option<String>,
    /// Whether its limit ended it before all clients were checked.
    pub limit_reached: bool,
    pub opened_at: String,
    pub closed_at: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct Clients {
    /// All that were looked at.
    pub looked_at: u64,
    #[serde(flatten)]
    pub tally: Tally,
    /// Failures that stood from earlier sweeps.
    pub failed_before: u64,
    /// Chosen, and not looked at yet; or never, if the sweep was stopped.
    pub left: u64,
}

/// A reason, how people read it, and how many clients have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    pub reason: String,
    pub text: String,
    /// How many clients have it.
    pub clients: u64,
}

impl SweepReport {
    /// Makes the report of a sweep; `None` if there is no such sweep.
    pub async fn make(
        context: &Context,
        id: i64,
        today: NaiveDate,
        options: ReportOptions,
    ) -> Result<Option<Self>, StoreError> {
        let ledger = &context.ledger;
        let Some(sweep) = ledger.sweep(id).await? else { return Ok(None) };
        let current = Current::read(context).await?;
        let progress = ledger.progress(id).await?;
        let refused = ledger.refusals(id).await?.into_iter().map(|(reason, clients)| Reason { reason, clients });
        let failures = told(&current, ledger.failures_of(id).await?);
        let looked_at = progress.tally.looked_at();
        let newly: u64 = ledger.newly(Outcome::Failed, id).await?;
        Ok(Some(Self {
            report: "sweep",
            about: About::now(context),
            policy: PolicyFacts::of(context, &current, &sweep.digest, sweep.kind.as_str()).await?,
            clients: Clients {
                looked_at,
                tally: progress.tally,
                failed_before: progress.tally.failed.saturating_sub(newly),
                left: progress.clients.saturating_sub(looked_at),
            },
            refusals: told(&current, refused.collect()),
            failures,
            old_rows: OldRows::of(ledger.rows_by_table(id, id).await?),
            outside: Outside::ask(context, Some(id)).await?,
            now: Now::ask(context, current.plan(), today, options).await?,
            remains: current.policy().map(Remains::of),
            not_checked: not_checked(context, &current).await?,
            sweep: Asked::of(sweep, current.policy()),
        }))
    }
}

/// Reasons in words, most frequent first.
pub(super) fn told(current: &Current, reasons: Vec<Reason>) -> Vec<Told> {
    let plan = current.loaded().map(|loaded| &loaded.plan);
    let mut told: Vec<Told> = reasons
        .into_iter()
        .map(|own| Told { text: reason(plan, &own.reason), reason: own.reason, clients: own.clients })
        .collect();
    told.sort_by(|one, other| other.clients.cmp(&one.clients).then_with(|| one.reason.cmp(&other.reason)));
    told
}

/// What was not checked, if the policy is a plan.
pub(super) async fn not_checked(context: &Context, current: &Current) -> Result<Vec<Unchecked>, StoreError> {
    let Current::Plan(loaded) = current else { return Ok(Vec::new()) };
    let policy = &loaded.plan.policy;
    let backup = match gate::last_backup(context).await {
        Ok(backup) => backup,
        Err(SweepError::Store(error)) => return Err(error),
        Err(_) => None,
    };
    Ok(unchecked(policy, loaded, backup.map(moment)))
}

impl Asked {
    pub(super) fn of(sweep: Sweep, policy: Option<&Policy>) -> Self {
        Self {
            filters: shown(sweep.filters, policy),
            id: sweep.id,
            job: sweep.job,
            opened_by: sweep.opened_by,
            tick: sweep.tick,
            skipped: sweep.skipped,
            kind: sweep.kind.to_string(),
            day: sweep.today,
            cutoff: sweep.cutoff,
            limit: sweep.cap,
            digest: sweep.digest,
            force: sweep.force,
            over_brake: sweep.over_brake,
            state: sweep.state.as_str(),
            note: sweep.note,
            limit_reached: sweep.capped,
            opened_at: sweep.opened_at,
            closed_at: sweep.closed_at,
        }
    }

    /// What people call it: by its job, or by hand.
    pub fn name(&self) -> &str {
        self.job.as_deref().unwrap_or("by hand")
    }
}

/// Filters as they may be shown: what was asked of a column that is no
/// non-personal one could be a client's data, so only its number is shown.
fn shown(filters: BTreeMap<String, Vec<String>>, policy: Option<&Policy>) -> BTreeMap<String, Vec<String>> {
    let is_open = |name: &String| {
        policy.is_some_and(|policy| {
            let table = policy.tables.iter().find(|(table, _)| table.eq_ignore_ascii_case(&policy.client.table));
            let column = policy.filters.get(name).zip(table).and_then(|(filter, (_, table))| {
                table.columns.iter().find(|(own, _)| own.eq_ignore_ascii_case(filter.column())).map(|(_, said)| said)
            });
            column.is_some_and(|said| said.class == Class::NonPersonal)
        })
    };
    filters
        .into_iter()
        .map(|(name, values)| {
            let values = if is_open(&name) { values } else { vec![super::words::counted(values.len(), "value")] };
            (name, values)
        })
        .collect()
}
