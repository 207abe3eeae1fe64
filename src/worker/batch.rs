//! One batch: everybody in it is looked at, and those whom nothing keeps are
//! anonymized, in one transaction and a handful of statements.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::domain::outcome::{Outcome, Tally};
use crate::domain::plan::Plan;
use crate::domain::policy::{Action, Literal};
use crate::domain::residue::Former;
use crate::sql::batch::{self as sql, Search, Statements};
use crate::store::{Fault, statement};

/// Clients that must not be taken, by their place in the batch, with the
/// reasons as a JSON array.
pub type Failing = BTreeMap<i64, String>;

/// What a batch works on.
#[derive(Debug)]
pub struct Work<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its statements, for the sweep's day.
    pub statements: &'a Statements,
    /// The clients' keys, a JSON array.
    pub keys: &'a str,
    /// Clients that may still be anonymized, if the sweep has a cap.
    pub room: Option<u64>,
}

/// What came of a batch.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    /// Clients by outcome.
    pub tally: Tally,
    /// Whether the cap kept clients from being looked at.
    pub over: bool,
    /// The place of the last client looked at, if the cap kept others out.
    pub last_within_cap: Option<i64>,
}

/// Why a batch cannot go through as it is.
#[derive(Debug)]
pub enum BatchFault {
    /// Some client's rows refuse the change; which is not known.
    Rows(Fault),
    /// Former values are left in these clients' rows.
    Residue(Failing),
    /// A key-value table holds a key that the policy does not know.
    UnknownKey {
        /// The table.
        table: String,
        /// The key.
        key: String,
    },
    /// A rule applied to its own result changes rows of these tables (rehearsals only).
    NotSettled(Vec<String>),
    /// The database is away, locked or full.
    Unavailable(sqlx::Error),
}

impl From<sqlx::Error> for BatchFault {
    fn from(error: sqlx::Error) -> Self {
        let fault = Fault::of(&error);
        if fault.is_of_the_rows() { Self::Rows(fault) } else { Self::Unavailable(error) }
    }
}

/// Makes the temporary tables that batches of this plan use.
///
/// # Errors
///
/// The driver's.
pub async fn prepare(connection: &mut SqliteConnection, plan: &Plan) -> Result<(), sqlx::Error> {
    for drop in sql::DROP {
        sqlx::query(drop).execute(&mut *connection).await?;
    }
    for create in sql::temporary_tables(&plan.client) {
        statement(&create).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Looks at everybody in the batch: after this, each has a state, and those to
/// be anonymized stand in `lethe_taken`.
///
/// # Errors
///
/// [`BatchFault`] if the database refuses.
pub async fn look(
    connection: &mut SqliteConnection,
    work: &Work<'_>,
    failing: &Failing,
) -> Result<Done, BatchFault> {
    for empty in sql::EMPTY {
        sqlx::query(empty).execute(&mut *connection).await?;
    }
    statement(&work.statements.fill).bind(work.keys).bind(&work.plan.digest).execute(&mut *connection).await?;
    for reason in &work.statements.reasons {
        statement(reason).execute(&mut *connection).await?;
    }
    sqlx::query(sql::REFUSE).execute(&mut *connection).await?;
    if !failing.is_empty() {
        let failing = serde_json::to_string(failing).unwrap_or_default();
        sqlx::query(sql::FAIL).bind(failing).execute(&mut *connection).await?;
    }
    let mut done = Done::default();
    if let Some(room) = work.room {
        let room = i64::try_from(room).unwrap_or(i64::MAX);
        done.over = sqlx::query(sql::CAP).bind(room).execute(&mut *connection).await?.rows_affected() > 0;
        if done.over {
            done.last_within_cap = sqlx::query_scalar(sql::LAST_WITHIN_CAP).fetch_one(&mut *connection).await?;
        }
    }
    statement(&work.statements.take).execute(&mut *connection).await?;
    sqlx::query(sql::DONE).execute(&mut *connection).await?;
    for row in sqlx::query(sql::COUNT).fetch_all(&mut *connection).await? {
        let state: String = row.get(0);
        if let Ok(outcome) = state.parse::<Outcome>() {
            done.tally.count(outcome, u64::try_from(row.get::<i64, _>(1)).unwrap_or(0));
        }
    }
    Ok(done)
}

/// Applies the rules to those taken, and looks for what is left of them.
///
/// # Errors
///
/// [`BatchFault`]; the transaction must then be rolled back.
pub async fn apply(connection: &mut SqliteConnection, work: &Work<'_>) -> Result<(), BatchFault> {
    let statements = work.statements;
    for (table, unknown) in &statements.unknown_keys {
        if let Some(row) = statement(unknown).fetch_optional(&mut *connection).await? {
            return Err(BatchFault::UnknownKey { table: table.clone(), key: row.get(0) });
        }
    }
    let former = former_values(connection, work).await?;
    for (_, change) in &statements.changes {
        statement(change).execute(&mut *connection).await?;
    }
    let mut residue = Failing::new();
    if !former.is_empty() {
        for search in &statements.searches {
            look_for(connection, search, &former, &mut residue).await?;
        }
    }
    if !residue.is_empty() {
        return Err(BatchFault::Residue(residue));
    }
    for (_, change) in &statements.last_changes {
        statement(change).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The tables whose rules, made for another day, still change something after
/// they have been applied.
///
/// # Errors
///
/// [`BatchFault`] if the database refuses.
pub async fn unsettled(
    connection: &mut SqliteConnection,
    another_day: &Statements,
) -> Result<Vec<String>, BatchFault> {
    let mut tables = Vec::new();
    for (table, change) in another_day.changes.iter().chain(&another_day.last_changes) {
        if statement(change).execute(&mut *connection).await?.rows_affected() > 0 && !tables.contains(table) {
            tables.push(table.clone());
        }
    }
    Ok(tables)
}

/// Writes the outcomes of everybody looked at.
///
/// # Errors
///
/// The driver's.
pub async fn record(
    connection: &mut SqliteConnection,
    sweep: i64,
    moment: &str,
    digest: &str,
) -> Result<(), sqlx::Error> {
    for latest in sql::LATEST {
        sqlx::query(latest).execute(&mut *connection).await?;
    }
    sqlx::query(sql::STAND).bind(sweep).bind(moment).execute(&mut *connection).await?;
    sqlx::query(sql::RECORD).bind(sweep).bind(moment).bind(digest).execute(&mut *connection).await?;
    Ok(())
}

/// The former identifying values of each client taken, by its place.
async fn former_values(
    connection: &mut SqliteConnection,
    work: &Work<'_>,
) -> Result<HashMap<i64, Former>, BatchFault> {
    let mut all: HashMap<i64, Former> = HashMap::new();
    let mut empty = Former::new(work.plan.min_length);
    for placeholder in placeholders(work.plan) {
        empty.exclude(&placeholder);
    }
    for former in &work.statements.former {
        for row in statement(former).fetch_all(&mut *connection).await? {
            let client = all.entry(row.get(0)).or_insert_with(|| empty.clone());
            for at in 1..row.len() {
                if let Some(value) = text(&row, at)? {
                    client.add(value);
                }
            }
        }
    }
    all.retain(|_, former| !former.is_empty());
    Ok(all)
}

/// The constant texts that the plan's rules write: finding those is no residue.
fn placeholders(plan: &Plan) -> Vec<String> {
    let updates = plan.steps.iter().flat_map(|step| step.updates.iter().chain(&step.unlinks));
    let branches = updates.flat_map(|update| &update.rules).flat_map(|rule| &rule.branches);
    branches
        .filter_map(|branch| match &branch.action {
            Action::Text(template) => template.constant().map(str::to_owned),
            Action::Constant(Literal::Text(text)) => Some(text.clone()),
            _ => None,
        })
        .collect()
}

fn text(row: &SqliteRow, at: usize) -> Result<Option<&str>, sqlx::Error> {
    row.try_get(at)
}

/// Looks through one table; blanks what the policy lets it blank, and notes
/// the clients in whose rows something is left.
async fn look_for(
    connection: &mut SqliteConnection,
    search: &Search,
    former: &HashMap<i64, Former>,
    residue: &mut Failing,
) -> Result<(), BatchFault> {
    let mut blank: Vec<Vec<String>> = vec![Vec::new(); search.columns.len()];
    let rows = statement(&search.select).fetch_all(&mut *connection).await?;
    for row in rows {
        let n: i64 = row.get(0);
        let Some(former) = former.get(&n) else { continue };
        for (at, column) in search.columns.iter().enumerate() {
            let Some(found) = text(&row, at + 1)? else { continue };
            if !former.found_in(found) {
                continue;
            }
            if search.blank[at].is_some() {
                blank[at].push(found.to_owned());
            } else {
                let reason = format!("residue:{}.{column}", search.table);
                residue.entry(n).or_insert_with(|| serde_json::json!([reason]).to_string());
            }
        }
    }
    for (texts, sql) in blank.iter().zip(&search.blank) {
        if let Some(sql) = sql.as_ref().filter(|_| !texts.is_empty()) {
            let texts = serde_json::to_string(texts).unwrap_or_default();
            statement(sql).bind(texts).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// The day after a sweep's, on which its rules must have nothing left to do.
#[must_use]
pub fn another_day(today: NaiveDate) -> NaiveDate {
    today.succ_opt().unwrap_or(today)
}
