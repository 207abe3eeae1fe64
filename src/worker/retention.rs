//! Old rows, by the periods of their tables: a batch of such a sweep is a table,
//! and so many of its rows as one transaction deletes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use serde::Serialize;

use super::sweep::{Mode, Request, SweepError, of_sweep, share_of};
use super::{Context, Loaded, Planner};
use super::{closing, gate, kept};
use crate::database::{Connection, Store, StoreError, Writer, query, query_scalar};
use crate::domain::outcome::Tally;
use crate::domain::today::Today;
use crate::ledger::{Batch, Done, Finish, Ledger, NewBatch, Sweep, moment, stand_in};
use crate::plan::Plan;
use crate::queue::Claim;
use crate::sql::batch;
use crate::sql::kept::Kept;
use crate::sql::retention::{OldRows, held_since, hold_back};

/// The most rows deleted in one transaction.
const ROWS: u64 = 5_000;
/// How long a table waits that cannot have its turn now.
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableRows {
    pub table: String,
    /// Rows of a day before this one are old.
    pub cutoff: NaiveDate,
    /// Old rows; of a rehearsal, those that were deleted and rolled back.
    pub rows: u64,
    /// All rows.
    pub of: u64,
}

/// What the ledger calls the rehearsal of a plan's row retention: it proves
/// nothing of what is done to clients, nor the other way round.
#[must_use]
pub fn rehearsal_name(digest: &str) -> String {
    format!("{digest}:retention")
}

fn old_rows(plan: &Plan, today: Today) -> Result<Vec<OldRows<'_>>, SweepError> {
    let old = |own| -> Result<OldRows<'_>, SweepError> {
        let own: &crate::plan::RowRetention = own;
        Ok(OldRows {
            client: &plan.client,
            plan: own,
            today: today.day,
            cutoff: own.length.before(today.day)?,
            zone: today.zone,
        })
    };
    plan.row_retention.iter().map(old).collect()
}

/// Counts the old rows of each table, or in a rehearsal deletes some of each and
/// rolls that back.
///
/// # Errors
///
/// [`SweepError`] if the sweep could not begin, or rows could not be deleted.
pub async fn look(
    store: &Store,
    planner: &Planner,
    ledger: Option<&Ledger>,
    today: impl Into<Today>,
    mode: Mode,
) -> Result<Vec<TableRows>, SweepError> {
    let loaded = planner.plan(store).await?;
    let tables = old_rows(&loaded.plan, today.into())?;
    if tables.is_empty() {
        return Err(SweepError::NoRetention);
    }
    let mut writer = store.writer().await?;
    let looked = async {
        if ledger.is_none() {
            stand_in(&mut writer).await?;
        }
        writer.make_tables(&loaded.plan).await?;
        // A preview waits for no writer.
        let mut transaction = match mode {
            Mode::Preview => writer.begin_reading().await?,
            Mode::Rehearsal => writer.begin().await?,
        };
        begun(&mut transaction, &loaded.plan).await?;
        let kept_clients = Kept::of(&loaded.plan);
        let mut found = Vec::new();
        for old in tables {
            let rows = match mode {
                Mode::Preview => count(&mut transaction, &old.count()).await?,
                Mode::Rehearsal => {
                    let there = count(&mut transaction, &old.count()).await?;
                    let clients = kept::before(&mut transaction, &kept_clients).await?;
                    let gone = query(old.delete(ROWS)).execute(&mut *transaction).await?;
                    if kept::are_gone(&mut transaction, &kept_clients, clients).await? {
                        return Ok(Err(SweepError::ClientsGone { table: old.plan.table.clone() }));
                    }
                    if gone < there.min(ROWS) {
                        return Ok(Err(SweepError::RowsStay { table: old.plan.table.clone(), rows: there - gone }));
                    }
                    gone
                }
            };
            let of = count(&mut transaction, &old.all()).await?;
            let of = if mode == Mode::Rehearsal { of + rows } else { of };
            found.push(TableRows { table: old.plan.table.clone(), cutoff: old.cutoff, rows, of });
        }
        transaction.rollback().await?;
        Ok::<_, StoreError>(Ok(found))
    };
    looked.await?
}

/// Empties the temporary tables, and puts the clients on hold where their rows are looked for.
async fn begun(connection: &mut Connection, plan: &Plan) -> Result<(), StoreError> {
    for empty in batch::empty() {
        query(empty).execute(&mut *connection).await?;
    }
    query(hold_back(&plan.client)).execute(&mut *connection).await?;
    Ok(())
}

async fn count(connection: &mut Connection, sql: &str) -> Result<u64, StoreError> {
    query_scalar(sql).fetch_one(connection).await
}

/// What a `retention` sweep needs before it may begin: a plan that gives tables
/// a period, a rehearsal and a backup; and its brake, which counts the rows of
/// each table.
///
/// Returns the most rows that it may delete of each table; none for one without limit.
pub(super) async fn gates(
    context: &Context,
    request: &Request,
    loaded: &Loaded,
) -> Result<Option<BTreeMap<String, u64>>, SweepError> {
    if loaded.plan.row_retention.is_empty() {
        return Err(SweepError::NoRetention);
    }
    gate::rehearsed(context, &rehearsal_name(&loaded.plan.digest)).await?;
    gate::backed_up(context).await?;
    let share = request.brake.share.unwrap_or(context.limits.brake_share);
    if request.over_brake || share >= 1.0 {
        return Ok(None);
    }
    let found = look(&context.store, &context.planner, Some(&context.ledger), request.day(), Mode::Preview).await?;
    if let Some(own) = found.iter().find(|own| own.rows > share_of(own.of, share)) {
        return Err(SweepError::BrakedRows {
            table: own.table.clone(),
            would: own.rows,
            share,
            sweep: request.job.clone().unwrap_or_else(|| format!("--{}", request.kind)),
        });
    }
    Ok(Some(found.into_iter().map(|own| (own.table, share_of(own.of, share))).collect()))
}

/// The batches that a sweep begins with: one for each table.
pub(super) fn batches(loaded: &Loaded) -> Vec<NewBatch> {
    loaded.plan.row_retention.iter().map(|own| of_table(&own.table)).collect()
}

fn of_table(table: &str) -> NewBatch {
    NewBatch { keys: serde_json::json!([table]).to_string(), clients: 0, run_at: None, waits: 0 }
}

/// What came of one transaction.
enum Attempt {
    /// Committed.
    Done,
    /// Rolled back, as the batch is no longer ours.
    Lost,
    /// Policy or schema are not what they were.
    Changed,
    /// A replay goes first, a person has to decide, or a client was put on hold meanwhile.
    Waits,
    /// A later program has changed the ledger.
    Outdated,
    /// So many old rows are left, and the database deletes none of them.
    Stay(u64),
    /// Clients are deleted along.
    ClientsGone,
    /// The sweep would delete more rows of the table than its brake allows.
    OverBrake { allowed: u64, gone: u64, rows: u64 },
}

/// Deletes old rows of a claimed batch's table in one transaction, and leaves a
/// batch behind if there may be more.
///
/// Safe to run twice: what is gone is gone, and only the lease that claimed the
/// batch can commit.
pub(super) async fn work(context: &Context, claim: &Claim, batch: &Batch, sweep: &Sweep) -> Result<(), SweepError> {
    let ledger = &context.ledger;
    let Some(prepared) = of_sweep(context, sweep).await? else { return Ok(()) };
    let table: Vec<String> =
        serde_json::from_str(&batch.keys).map_err(|_| context.store.unreadable("lethe_batches.keys"))?;
    let old = old_rows(&prepared.loaded.plan, Today { day: sweep.today, zone: prepared.zone })?;
    let Some(old) = old.iter().find(|own| table.first() == Some(&own.plan.table)) else {
        return Ok(ledger.stop_sweep(sweep.id, "a table of the sweep no longer has a period").await?);
    };
    if claim.attempt > context.limits.attempts {
        let note = format!("old rows of `{}` could not be deleted: a worker died while processing it", old.plan.table);
        return Ok(context.stop_sweep(sweep.id, &note).await?);
    }
    let finish = async |finish: Finish, words: Option<String>| -> Result<(), SweepError> {
        ledger.finish_alone(claim, sweep.id, &finish, words.as_deref()).await?;
        Ok(())
    };
    let later = |pause: Duration| Finish::Later(moment(ledger.clock().now() + pause));
    let mut writer = ledger.writer().await;
    let attempted = attempt(context, &mut writer, &prepared.loaded, claim, sweep, old).await;
    drop(writer);
    let stuck = match attempted {
        Ok(Attempt::Done | Attempt::Lost) => return Ok(()),
        Ok(Attempt::Changed) => return finish(Finish::Later(ledger.now()), None).await,
        Ok(Attempt::Outdated) => {
            context.stop.cancel();
            return Ok(ledger.is_current().await?);
        }
        Ok(Attempt::Waits) => return finish(later(PAUSE), None).await,
        Ok(Attempt::OverBrake { allowed, gone, rows }) => {
            let table = &old.plan.table;
            let note =
                format!("its brake allows {allowed} rows of `{table}`: {gone} were deleted, and {rows} more were next");
            return Ok(context.brake_sweep(sweep.id, &note).await?);
        }
        Ok(Attempt::ClientsGone) => SweepError::ClientsGone { table: old.plan.table.clone() }.brief(),
        Ok(Attempt::Stay(rows)) => SweepError::RowsStay { table: old.plan.table.clone(), rows }.brief(),
        Err(error) => {
            let words = error.fault().words.clone();
            let why = format!("old rows of `{}` could not be deleted: {words}", old.plan.table);
            if error.is_damage() {
                return Ok(context.stop_sweep(sweep.id, &why).await?);
            }
            if !error.is_of_the_rows() {
                tracing::warn!(batch = batch.id, error = %error, "batch put off");
                context.store.has_room().await;
                return finish(later(PAUSE), Some(words)).await;
            }
            why
        }
    };
    // The other tables have their turn first; then a person has to look at this one.
    if ledger.others_go_on(sweep.id, batch.id).await? == 0 {
        return Ok(context.stop_sweep(sweep.id, &stuck).await?);
    }
    finish(later(context.limits.retry_after), Some(stuck)).await
}

async fn attempt(
    context: &Context,
    writer: &mut Writer,
    loaded: &Loaded,
    claim: &Claim,
    sweep: &Sweep,
    old: &OldRows<'_>,
) -> Result<Attempt, StoreError> {
    writer.make_tables(&loaded.plan).await?;
    let mut transaction = writer.begin().await?;
    let attempted = within(context, &mut transaction, loaded, claim, sweep, old).await?;
    if matches!(attempted, Attempt::Done) {
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    Ok(attempted)
}

/// Everything between the beginning and the end of the transaction.
async fn within(
    context: &Context,
    transaction: &mut Connection,
    loaded: &Loaded,
    claim: &Claim,
    sweep: &Sweep,
    old: &OldRows<'_>,
) -> Result<Attempt, StoreError> {
    let (ledger, table, started) = (&context.ledger, &old.plan.table, Instant::now());
    if !context.planner.still(&context.store, transaction, loaded).await? {
        return Ok(Attempt::Changed);
    }
    if !ledger.knows_tables(transaction).await? {
        return Ok(Attempt::Outdated);
    }
    if ledger.has_to_wait(&mut *transaction, sweep.id).await? {
        return Ok(Attempt::Waits);
    }
    begun(transaction, &loaded.plan).await?;
    let kept_clients = Kept::of(&loaded.plan);
    let clients = kept::before(transaction, &kept_clients).await?;
    let rows = query(old.delete(ROWS)).execute(&mut *transaction).await?;
    if kept::are_gone(transaction, &kept_clients, clients).await? {
        return Ok(Attempt::ClientsGone);
    }
    if let Some(&allowed) = sweep.row_allowance.as_ref().and_then(|rows| rows.get(table)) {
        let gone = ledger.rows_gone_of(transaction, sweep.id, table).await?;
        if gone + rows > allowed {
            return Ok(Attempt::OverBrake { allowed, gone, rows });
        }
    }
    let left = if rows >= ROWS { ROWS } else { count(transaction, &old.count()).await? };
    if rows == 0 && left > 0 {
        return Ok(Attempt::Stay(left));
    }
    let more = if left > 0 { vec![of_table(table)] } else { Vec::new() };
    let done = Done { tally: Tally::default(), reasons: "{}".to_owned(), later: more, took: started.elapsed() };
    ledger.rows_gone(transaction, claim.batch, table, rows).await?;
    if rows > 0 && closing::keep_holds(transaction).await? {
        let placed = held_since(&loaded.plan.client);
        if query_scalar::<i64>(placed).fetch_optional(&mut *transaction).await?.is_some() {
            return Ok(Attempt::Waits);
        }
    }
    let is_ours = ledger.finish(transaction, claim, sweep.id, &Finish::Done(done), None).await?;
    Ok(if is_ours { Attempt::Done } else { Attempt::Lost })
}
