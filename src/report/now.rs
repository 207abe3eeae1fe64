//! What the ledger does not keep, as it is at this moment.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use serde::Serialize;

use super::ReportOptions;
use crate::database::{StoreError, query, query_as, query_scalar};
use crate::ledger::Standing;
use crate::plan::Plan;
use crate::sql::groups::{SMALL, groups, rare_values};
use crate::sql::select::{Wanted, due_count, lapsed_count, unrefused};
use crate::worker::{Context, Loaded};

/// More days than this, and a client is overdue.
const DAYS: [u64; 3] = [7, 30, 365];
/// The most rare values of a column that are listed.
const MOST_VALUES: i64 = 20;

/// What is true at the moment the report is made, whenever its sweep was.
#[derive(Debug, Clone, Serialize)]
pub struct Now {
    pub at: String,
    /// The day, in the configured time zone.
    pub day: NaiveDate,
    /// Due clients that are not anonymized yet; by date, by period.
    pub overdue: Vec<Overdue>,
    /// How clients stand that no sweep could take.
    pub standing: Standing,
    /// Whether anonymized clients can be told apart; `None` if the policy marks no quasi-identifier.
    pub groups: Option<Groups>,
    /// Why the policy is not a plan, so that overdue clients and groups could not be counted.
    pub no_plan: Option<String>,
}

/// Due clients that are not anonymized yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Overdue {
    /// What has come: `date` or `period`.
    pub by: &'static str,
    /// All of them, those of today included.
    pub clients: u64,
    /// Those of them who have waited for longer.
    pub longer: Vec<Longer>,
}

/// Clients who have waited for more than so many days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Longer {
    /// More than so many days.
    pub days: u64,
    /// So many clients.
    pub clients: u64,
    /// Those of them that were not refused when they were last checked.
    #[serde(skip)]
    pub unrefused: u64,
}

/// How many anonymized clients look alike in the columns that are marked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(clippy::struct_field_names)]
pub struct Groups {
    /// Below so many clients, a group is small.
    pub small: u64,
    /// Anonymized clients that were measured.
    pub clients: u64,
    /// Groups of clients with the same values in all columns.
    pub groups: u64,
    /// Clients in the smallest group: k. 0 if no client is anonymized.
    pub k: u64,
    pub small_groups: u64,
    pub clients_in_small_groups: u64,
    pub columns: Vec<GroupColumn>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GroupColumn {
    pub column: String,
    /// Different values, empty counted as one.
    pub values: u64,
    /// Values that only few clients have.
    pub rare_values: u64,
    /// The clients that have them.
    pub clients_with_rare_values: u64,
    /// What k would be without this column; `None` if it is the only one.
    pub k_without: Option<u64>,
    /// How many clients would be in small groups without it; `None` if it is the only one.
    pub clients_in_small_groups_without: Option<u64>,
    /// The rare values themselves, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rare: Option<Vec<RareValue>>,
}

/// A value that only few clients have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RareValue {
    /// The value; `None` is NULL.
    pub value: Option<String>,
    pub clients: u64,
}

impl Now {
    pub(super) async fn ask(
        context: &Context,
        plan: Result<&Loaded, String>,
        day: NaiveDate,
        options: ReportOptions,
    ) -> Result<Self, StoreError> {
        let mut now = Self {
            at: context.ledger.now(),
            day,
            overdue: Vec::new(),
            standing: context.ledger.standing().await?,
            groups: None,
            no_plan: None,
        };
        match plan {
            Ok(loaded) => {
                now.overdue = overdue(context, &loaded.plan, day).await?;
                now.groups = measure(context, &loaded.plan, options).await?;
            }
            Err(why) => now.no_plan = Some(why),
        }
        Ok(now)
    }
}

/// Counts those whose date, or period, came on a day or before.
/// The clients whose time has come and who are not anonymized, by date and by period.
pub async fn overdue(context: &Context, plan: &Plan, today: NaiveDate) -> Result<Vec<Overdue>, StoreError> {
    let mut all = Vec::new();
    if plan.client.to_anonymize_on.is_some() {
        let count = |day| due_count(&wanted(plan, day, None));
        all.push(waiting(context, plan, "date", today, count).await?);
    }
    if let Some(retention) = &plan.retention {
        // No client can have waited since before the calendar begins.
        let count = |day: NaiveDate| match retention.length.before(day) {
            Ok(cutoff) => lapsed_count(&wanted(plan, today, Some(cutoff))),
            Err(_) => "SELECT CAST(0 AS BIGINT)".to_owned(),
        };
        all.push(waiting(context, plan, "period", today, count).await?);
    }
    Ok(all)
}

fn wanted(plan: &Plan, today: NaiveDate, cutoff: Option<NaiveDate>) -> Wanted<'_> {
    Wanted { plan, filters: &[], today, cutoff, zone: Tz::UTC, restored: false }
}

async fn waiting(
    context: &Context,
    plan: &Plan,
    by: &'static str,
    today: NaiveDate,
    count: impl Fn(NaiveDate) -> String,
) -> Result<Overdue, StoreError> {
    let clients = one(context, count(today)).await?;
    let mut longer = Vec::new();
    for days in DAYS {
        let since = today.checked_sub_days(Days::new(days + 1)).unwrap_or(NaiveDate::MIN);
        let clients = if clients == 0 { 0 } else { one(context, count(since)).await? };
        let unrefused = if clients == 0 { 0 } else { one(context, unrefused(plan, &count(since))).await? };
        longer.push(Longer { days, clients, unrefused });
    }
    Ok(Overdue { by, clients, longer })
}

async fn one(context: &Context, sql: String) -> Result<u64, StoreError> {
    // A text of its own: sweeps prepare the same statement on these connections with a parameter.
    let count: i64 = query_scalar(format!("SELECT ({sql})")).fetch_one(context.store.readers()).await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

async fn measure(context: &Context, plan: &Plan, options: ReportOptions) -> Result<Option<Groups>, StoreError> {
    let columns = &plan.quasi_identifiers;
    if columns.is_empty() {
        return Ok(None);
    }
    let rows = query(groups(&plan.client, columns)).fetch_all(context.store.readers()).await?;
    let mut found = Groups { small: SMALL, ..Groups::default() };
    found.columns = columns.iter().map(|name| GroupColumn { column: name.clone(), ..GroupColumn::default() }).collect();
    for row in rows {
        let count = |at: usize| row.get::<u64>(at);
        let (groups, k, clients, small_groups, small_clients) = (count(2)?, count(3)?, count(4)?, count(5)?, count(6)?);
        let what: String = row.get(0)?;
        let place = usize::try_from(row.get::<i64>(1)?).ok();
        match (what.as_str(), place.and_then(|at| found.columns.get_mut(at))) {
            ("without", Some(column)) => {
                column.k_without = Some(k);
                column.clients_in_small_groups_without = Some(small_clients);
            }
            ("alone", Some(column)) => {
                column.values = groups;
                column.rare_values = small_groups;
                column.clients_with_rare_values = small_clients;
            }
            _ => {
                (found.groups, found.k, found.clients) = (groups, k, clients);
                (found.small_groups, found.clients_in_small_groups) = (small_groups, small_clients);
            }
        }
    }
    if options.values {
        for column in &mut found.columns {
            let rows: Vec<(Option<String>, i64)> = query_as(rare_values(&plan.client, &column.column))
                .bind(MOST_VALUES)
                .fetch_all(context.store.readers())
                .await?;
            let rare = rows
                .into_iter()
                .map(|(value, clients)| RareValue { value, clients: u64::try_from(clients).unwrap_or(0) });
            column.rare = Some(rare.collect());
        }
    }
    Ok(Some(found))
}
