//! The extract for the register of processing activities: which categories of
//! data are erased when, from when the time counts, and on what it rests.
//!
//! Source: GDPR Art. 30(1)(f), "the envisaged time limits for erasure of the
//! different categories of data".

use serde::Serialize;

use super::About;
use super::remains::{Remaining, remaining};
use crate::database::Store;
use crate::domain::job::Job;
use crate::domain::sweep::SweepKind;
use crate::policy::{Class, Policy, Rows, Table};
use crate::worker::{Loaded, PlanLoadError, Planner};

#[derive(Debug, Clone, Serialize)]
pub struct Register {
    /// Always `register`.
    pub report: &'static str,
    /// Who made it, when, and of what.
    pub about: About,
    /// What the policy calls its version.
    pub version: Option<String>,
    /// The plan's digest.
    pub digest: String,
    /// When data is erased.
    pub limits: Vec<Limit>,
    /// What data there is, table by table, and what becomes of it.
    pub categories: Vec<Category>,
    /// What keeps a client beyond its time.
    pub kept_while: Vec<String>,
    /// Tables that are said to hold no client data, and why.
    pub free: Vec<Free>,
    pub jobs: Vec<RegisterJob>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Limit {
    /// Whose data.
    pub of: String,
    /// From when the time counts.
    pub start: String,
    /// How long it is.
    pub length: String,
    pub then: String,
    /// On what the limit rests; `None` if the policy does not say.
    pub basis: Option<String>,
    /// The jobs, switched on, that see to it.
    pub jobs: Vec<String>,
}

/// What data a table has.
#[derive(Debug, Clone, Serialize)]
pub struct Category {
    pub table: String,
    /// Columns with special categories and secrets.
    pub sensitive: Vec<String>,
    /// Columns with other personal data.
    pub personal: Vec<String>,
    /// What happens to it when the time has come, line by line.
    pub then: Vec<String>,
}

/// A table that is said to hold no client data.
#[derive(Debug, Clone, Serialize)]
pub struct Free {
    pub table: String,
    pub why: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct RegisterJob {
    pub name: String,
    /// What people should know about it.
    pub description: Option<String>,
    pub kind: String,
    /// When: second, minute, hour, day of month, month, day of week.
    pub schedule: String,
    /// On whose clocks.
    pub time_zone: String,
    /// Whether it runs at all.
    pub enabled: bool,
    /// The most clients it anonymizes each time.
    pub limit: Option<u64>,
    /// Which clients it is restricted to.
    pub filters: Vec<String>,
}

impl Register {
    /// Reads it off the policy and these jobs.
    pub async fn make(store: &Store, planner: &Planner, about: About, jobs: &[Job]) -> Result<Self, PlanLoadError> {
        let loaded = planner.plan(store).await?;
        let policy = &loaded.plan.policy;
        let free = |(name, table): (&String, &Table)| {
            table.free.as_ref().map(|why| Free { table: name.clone(), why: why.clone() })
        };
        Ok(Self {
            report: "register",
            about,
            version: policy.version.clone(),
            digest: loaded.plan.digest.clone(),
            limits: limits(policy, &loaded, jobs),
            categories: policy.tables.iter().filter_map(|(name, table)| category(policy, name, table)).collect(),
            kept_while: policy
                .guards
                .iter()
                .map(|guard| guard.reason.text().to_owned())
                .chain(["is on hold, by a person’s word, until released".to_owned()])
                .collect(),
            free: policy.tables.iter().filter_map(free).collect(),
            jobs: jobs.iter().map(RegisterJob::of).collect(),
        })
    }
}

fn limits(policy: &Policy, loaded: &Loaded, jobs: &[Job]) -> Vec<Limit> {
    let of_kind = |kind: SweepKind| -> Vec<String> {
        jobs.iter().filter(|job| job.enabled && job.kind == kind).map(|job| job.name.clone()).collect()
    };
    let client = &loaded.plan.client;
    let mut limits = Vec::new();
    if let Some(date) = &client.to_anonymize_on {
        limits.push(Limit {
            of: "a client with a date of its own".to_owned(),
            start: format!("the day in {}.{date}", client.table),
            length: "on that day".to_owned(),
            then: "anonymized".to_owned(),
            basis: policy.client.basis.clone(),
            jobs: of_kind(SweepKind::Due),
        });
    }
    if let (Some(plan), Some(said)) = (&loaded.plan.retention, &policy.period) {
        let activity: Vec<String> = plan.activity.iter().map(|own| format!("{}.{}", own.table, own.date)).collect();
        let otherwise = plan.otherwise.as_ref().map(|otherwise| format!("{}.{otherwise}", client.table));
        let start = match (activity.is_empty(), otherwise) {
            (false, Some(otherwise)) => {
                format!("the last day in {}; of a client without any, {otherwise}", activity.join(" or "))
            }
            (false, None) if plan.due_without => {
                format!("the last day in {}; a client without any is due at once", activity.join(" or "))
            }
            (false, None) => format!("the last day in {}", activity.join(" or ")),
            (true, otherwise) => format!("the day in {}", otherwise.unwrap_or_default()),
        };
        limits.push(Limit {
            of: "a client without activity".to_owned(),
            start,
            length: plan.choices.map_or_else(
                || plan.length.to_string(),
                |choices| format!("{}, or as a job says {choices}", plan.length),
            ),
            then: "anonymized".to_owned(),
            basis: said.basis.clone(),
            jobs: of_kind(SweepKind::Period),
        });
    }
    for own in &loaded.plan.row_retention {
        let said = policy.tables.iter().find(|(name, _)| name.eq_ignore_ascii_case(&own.table));
        limits.push(Limit {
            of: format!("rows of {}", own.table),
            start: format!("the day in {}.{}", own.table, own.date),
            length: own.length.to_string(),
            then: "deleted".to_owned(),
            basis: said.and_then(|(_, table)| table.retention.as_ref()?.basis.clone()),
            jobs: of_kind(SweepKind::Retention),
        });
    }
    limits
}

fn category(policy: &Policy, name: &str, table: &Table) -> Option<Category> {
    if table.free.is_some() {
        return None;
    }
    let of = |class: Class| -> Vec<String> {
        let columns = table.columns.iter().filter(|(_, said)| said.class == class).map(|(column, _)| column.clone());
        let keys = table.keys.iter().filter(|(_, said)| said.class == class).map(|(key, _)| format!("“{key}”"));
        columns.chain(keys).collect()
    };
    let all_go = matches!(table.rows, Some(Rows::All(_)));
    let (sensitive, personal) = (of(Class::Sensitive), of(Class::Personal));
    // A table that merely leads to clients holds no category of its own.
    if sensitive.is_empty() && personal.is_empty() && table.rows.is_none() {
        return None;
    }
    let then = if all_go { vec!["all rows are deleted".to_owned()] } else { lines(&remaining(policy, name, table)) };
    Some(Category { table: name.to_owned(), sensitive, personal, then })
}

fn lines(own: &Remaining) -> Vec<String> {
    let mut lines = Vec::new();
    if own.some_rows_go {
        lines.push("some rows are deleted".to_owned());
    }
    match own.changed {
        0 => {}
        1 => lines.push("1 column is replaced or emptied".to_owned()),
        changed => lines.push(format!("{changed} columns are replaced or emptied")),
    }
    lines.extend(own.lines());
    lines.retain(|line| line != "some rows are deleted");
    lines
}

impl RegisterJob {
    fn of(job: &Job) -> Self {
        Self {
            name: job.name.clone(),
            description: job.description.clone(),
            kind: job.kind.to_string(),
            schedule: job.schedule.cron().to_owned(),
            time_zone: job.schedule.zone().name().to_owned(),
            enabled: job.enabled,
            limit: job.limit,
            filters: job
                .filters
                .iter()
                .map(|(name, values)| format!("{name} = {}", values.join(" or ")))
                .chain(job.length.map(|length| format!("period = {length}")))
                .collect(),
        }
    }
}
