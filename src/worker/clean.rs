//! Columns that the policy keeps, emptied for one client by request, in one
//! transaction: the gates of a sweep come first, and what is left is counted
//! before it is committed.

use super::batch::{self, BatchFault, Failing, Work};
use super::sweep::{SweepError, gates};
use super::{Context, Request, journal, kept};
use crate::database::{Connection, StoreError, query, query_scalar};
use crate::domain::key::{join, json_of_keys};
use crate::ledger::{Cleaned, moment};
use crate::plan::Cleanable;
use crate::sql::batch::{Statements, TAKE_ANYWAY, statements};
use crate::sql::clean::{Clean, clean as clean_of};

/// The client of the batch, and what was found of it.
const ONE: &str = "SELECT key, state FROM lethe_batch ORDER BY n LIMIT 1";

/// Why nothing was emptied.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    #[error(transparent)]
    Sweep(#[from] SweepError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the policy does not let `{name}` be cleaned")]
    NotCleanable {
        name: String,
        /// Those that it does.
        known: Vec<String>,
    },
    #[error("client not found")]
    NotFound,
    #[error("the client is on hold, and nothing of it is changed until the hold is released")]
    OnHold,
    #[error("another session has locked the client's row")]
    Locked,
    #[error("the policy, the schema or the ledger changed meanwhile")]
    Changed,
    #[error("`{name}` is not empty afterwards in every row: a trigger or a rule of the database keeps the value")]
    Left { name: String },
    #[error("the database refused it: {words}")]
    Refused { words: String },
}

impl From<BatchFault> for CleanError {
    fn from(fault: BatchFault) -> Self {
        match fault {
            BatchFault::Rows { fault, .. } => Self::Refused { words: fault.words },
            BatchFault::Busy(error) | BatchFault::Unavailable(error) => Self::Store(error),
            _ => Self::Changed,
        }
    }
}

/// Empties columns for the one client of a request, and returns what was done to each.
///
/// # Errors
///
/// [`CleanError`] if a gate refuses, a column is not cleanable, the client is on hold, or a value is left; then nothing
/// is changed.
pub async fn clean(context: &Context, request: &Request, names: &[String]) -> Result<Vec<Cleaned>, CleanError> {
    let ledger = &context.ledger;
    ledger.is_current().await?;
    journal::before_opening(context).await?;
    let prepared = gates(context, request).await?;
    let plan = &prepared.loaded.plan;
    let columns: Vec<&Cleanable> = names.iter().map(|name| named(&plan.cleanable, name)).collect::<Result<_, _>>()?;
    let wanted = prepared.wanted();
    let statements = statements(&wanted, request.kind, request.force);
    let steps: Vec<(String, Clean)> = columns.iter().map(|own| (own.name(), clean_of(&wanted, own))).collect();
    let keys = join(&json_of_keys(&request.keys));
    let work = Work { plan, statements: &statements, keys: &keys, room: None };
    let mut writer = ledger.writer().await;
    writer.make_tables(plan).await?;
    let mut transaction = writer.begin().await?;
    if let Some(steady) = &statements.steady {
        query(steady).execute(&mut *transaction).await?;
    }
    let is_same = context.planner.still(&context.store, &mut transaction, &prepared.loaded).await?;
    if !is_same || !ledger.knows_tables(&mut transaction).await? || ledger.has_to_wait(&mut *transaction, 0).await? {
        return Err(CleanError::Changed);
    }
    let client = take(context, &mut transaction, &work).await?;
    let changed = empty(&mut transaction, &work, &steps).await?;
    let (by, at) = (&context.actor, moment(ledger.clock().now()));
    let mut all = Vec::new();
    for ((name, _), changed) in steps.into_iter().zip(changed) {
        let own = Cleaned { name, changed, cleaned_by: by.clone(), cleaned_at: at.clone() };
        ledger.record_cleaned(&mut transaction, (&client, &plan.digest), &own).await?;
        all.push(own);
    }
    transaction.commit().await?;
    drop(writer);
    // Former values are in the log until it is emptied; the next checkpoint does so too.
    if !matches!(context.store.checkpoint().await, Ok(true)) {
        tracing::warn!("{}", super::sweep::LOG_NOT_EMPTIED);
    }
    Ok(all)
}

fn named<'a>(all: &'a [Cleanable], name: &str) -> Result<&'a Cleanable, CleanError> {
    all.iter().find(|own| own.name().eq_ignore_ascii_case(name.trim())).ok_or_else(|| CleanError::NotCleanable {
        name: name.trim().to_owned(),
        known: all.iter().map(Cleanable::name).collect(),
    })
}

/// Locks the client and takes it, whatever guards say, and returns its key.
async fn take(context: &Context, connection: &mut Connection, work: &Work<'_>) -> Result<String, CleanError> {
    batch::look(connection, work, &Failing::new(), true).await?;
    let Some(row) = query(ONE).fetch_optional(&mut *connection).await? else { return Err(CleanError::NotFound) };
    let (key, state): (String, Option<String>) = (row.get(0)?, row.get(1)?);
    match state.as_deref() {
        Some("busy") => return Err(CleanError::Locked),
        // Dates and periods are passed over, so what is not due is beyond the filters.
        Some("not_found" | "not_due") => return Err(CleanError::NotFound),
        _ => {}
    }
    if context.ledger.is_on_hold(connection, &key).await? {
        return Err(CleanError::OnHold);
    }
    for anyway in TAKE_ANYWAY {
        query(anyway).execute(&mut *connection).await?;
    }
    query(&work.statements.take).execute(&mut *connection).await?;
    Ok(key)
}

/// Empties the columns, and returns how many rows each changed; refuses if a value is left.
async fn empty(
    connection: &mut Connection,
    work: &Work<'_>,
    steps: &[(String, Clean)],
) -> Result<Vec<i64>, CleanError> {
    let Statements { shared, kept: kept_clients, .. } = work.statements;
    for (_, lock) in shared {
        query(lock).execute(&mut *connection).await?;
    }
    let before = kept::before(connection, kept_clients).await?;
    let mut changed = Vec::new();
    for (_, own) in steps {
        let rows = query(&own.update).execute(&mut *connection).await.map_err(BatchFault::from)?;
        changed.push(i64::try_from(rows).unwrap_or(i64::MAX));
    }
    if let Some(check) = work.plan.client.dialect.check_constraints_now {
        query(check).execute(&mut *connection).await.map_err(BatchFault::from)?;
    }
    for (name, own) in steps {
        let left: i64 = query_scalar(&own.left).fetch_one(&mut *connection).await?;
        if left > 0 {
            return Err(CleanError::Left { name: name.clone() });
        }
    }
    kept::check(connection, kept_clients, before).await?;
    Ok(changed)
}
