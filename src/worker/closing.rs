//! The last look at a batch: what is committed was verified, and no session could
//! change the answer in between.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::TryStreamExt;

use super::batch::{Applied, BatchFault, Failing, Work};
use super::residue;
use crate::database::{Connection, FaultKind, Statement, StoreError, query, query_as, query_scalar};
use crate::domain::dialect::Closing;
use crate::domain::value::json_of;
use crate::sql::batch::Statements;
use crate::sql::closing::Check;
use crate::traces::Span;

/// Times that the tables are to be locked.
const LOCK_ATTEMPTS: u32 = 5;
/// Milliseconds for which those who write to the tables are waited for, each time.
const PATIENCE: i64 = 100;
/// The same where no session is waited for.
const AT_ONCE: i64 = 1;
/// How long other sessions may keep a table from being locked until the last look is taken without that.
const LONG: Duration = Duration::from_secs(5);
/// After how long the next failure has nothing to do with the last: longer than a batch takes.
const ANOTHER_TIME: Duration = Duration::from_mins(10);
/// How long a batch waits for its turn to write before it asks again.
const TURN_PAUSE: Duration = Duration::from_millis(10);
/// Times that it asks: half a minute.
const TURN_ATTEMPTS: u32 = 3_000;

/// Since when other sessions have kept a table from being locked, and when they last did.
#[derive(Debug, Clone, Copy)]
struct Times {
    since: Instant,
    last: Instant,
}

impl Times {
    fn is_for_long(self, now: Instant) -> bool {
        now - self.last < ANOTHER_TIME && now - self.since >= LONG
    }
}

/// The tables that other sessions kept from being locked.
#[derive(Debug, Default)]
pub(super) struct Occupied {
    tables: Mutex<BTreeMap<String, Times>>,
    /// Whether it was said which tables the account may not lock.
    is_said: AtomicBool,
}

impl Occupied {
    /// The table could not be locked. What was long before is another time.
    fn note(&self, table: &str, now: Instant) {
        let mut tables = self.tables.lock().expect("no thread panics with it");
        let times = tables.get(table).filter(|times| now - times.last < ANOTHER_TIME);
        let times = Times { since: times.map_or(now, |times| times.since), last: now };
        tables.insert(table.to_owned(), times);
    }

    fn is_over(&self, table: &str) {
        self.tables.lock().expect("no thread panics with it").remove(table);
    }

    fn is_for_long(&self, table: &str, now: Instant) -> bool {
        let tables = self.tables.lock().expect("no thread panics with it");
        tables.get(table).is_some_and(|times| times.is_for_long(now))
    }
}

/// Waits until no other batch is writing.
///
/// # Errors
///
/// [`BatchFault::Crowded`] after half a minute.
pub(super) async fn take_turn(connection: &mut Connection, work: &Work<'_>) -> Result<(), BatchFault> {
    let Some(closing) = work.statements.last_look.closing else { return Ok(()) };
    for _ in 0..TURN_ATTEMPTS {
        if query_scalar(closing.turn).fetch_one(&mut *connection).await? {
            return Ok(());
        }
        tokio::time::sleep(TURN_PAUSE).await;
    }
    Err(BatchFault::Crowded)
}

/// What tells whether other sessions have written since: taken before anything is read.
pub(super) async fn since(connection: &mut Connection, statements: &Statements) -> Result<String, StoreError> {
    match statements.last_look.closing {
        Some(closing) => query_scalar(closing.since).fetch_one(connection).await,
        None => Ok(String::new()),
    }
}

/// Verifies that every rule took effect and that nothing keeps a client now that did not before.
/// With `locking`, no other session writes to the tables from here to the end of the transaction, save to those that
/// another session has kept busy for so long that the night would be lost. What cannot have changed since it was read is
/// not read again then: a rehearsal reads everything.
///
/// # Errors
///
/// [`BatchFault`]; the transaction must then be rolled back.
pub(super) async fn look(
    connection: &mut Connection,
    work: &Work<'_>,
    applied: &Applied,
    locking: Option<&Occupied>,
) -> Result<(), BatchFault> {
    let _step = Span::step("last look");
    let last_look = &work.statements.last_look;
    if let (Some(closing), Some(occupied)) = (last_look.closing, locking) {
        lock(connection, closing, &last_look.tables, occupied).await?;
    }
    let is_alone = locking.is_some() && since(connection, work.statements).await? == applied.since;
    let mut kept = Failing::new();
    for rule in last_look.rules.iter().filter(|_| !is_alone || !last_look.is_certain) {
        check(connection, rule, &mut kept).await?;
    }
    let kept_since =
        last_look.kept_since.as_ref().filter(|_| !is_alone).map(|sql| sql.replace("{since}", &applied.since));
    for sql in last_look.kept.iter().chain(&kept_since) {
        let found: Vec<(i64, String)> = query_as(sql).fetch_all(&mut *connection).await?;
        for (client, name) in found {
            let reason = format!("kept by {name} when it was to be committed");
            kept.entry(client).or_insert_with(|| serde_json::json!([reason]).to_string());
        }
    }
    if !is_alone && !applied.former.is_empty() {
        for again in &last_look.again {
            residue::find(connection, &again.since(&applied.since), &applied.former, &mut kept).await?;
        }
    }
    if kept.is_empty() { Ok(()) } else { Err(BatchFault::Overtaken(kept)) }
}

/// Notes the clients for whom a rule did not take effect.
///
/// # Errors
///
/// [`BatchFault::Rows`] if it cannot be told whose rows they are.
pub(super) async fn check(connection: &mut Connection, check: &Check, failing: &mut Failing) -> Result<(), BatchFault> {
    let mut rows = query(&check.sql).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        let place: String = row.get(1)?;
        let Some(client) = row.get::<Option<i64>>(0)? else {
            return Err(BatchFault::rows(format!("the rule of {place} did not take effect")));
        };
        failing.entry(client).or_insert_with(|| serde_json::json!([format!("rule:{place}")]).to_string());
    }
    Ok(())
}

/// A table, and the statement that locks it.
type Lock = (String, String);

/// Keeps others from writing to these tables, as far as the account may.
async fn lock(
    connection: &mut Connection,
    closing: &Closing,
    tables: &[String],
    occupied: &Occupied,
) -> Result<(), BatchFault> {
    let (locks, refused) = locks(connection, closing, tables).await?;
    if !refused.is_empty() && !occupied.is_said.swap(true, Ordering::Relaxed) {
        let tables = refused.join(", ");
        tracing::warn!(
            tables,
            "the role may not lock these tables while a batch is verified; `deploy/postgres/role.sql` makes a function for that"
        );
    }
    let now = Instant::now();
    let (busy, free): (Vec<Lock>, Vec<Lock>) =
        locks.into_iter().partition(|(table, _)| occupied.is_for_long(table, now));
    let mut is_locked = free.is_empty();
    for attempt in 0..LOCK_ATTEMPTS {
        if is_locked {
            break;
        }
        if query_scalar(closing.is_waited_for).fetch_one(&mut *connection).await? {
            return Err(BatchFault::WaitedFor);
        }
        if attempt == 1 {
            unless_busy(connection, query(closing.end_vacuum).bind(statements(&free))).await?;
        }
        is_locked = try_lock(connection, closing, &free, PATIENCE).await?;
    }
    if !is_locked {
        note_busy(connection, closing, &free, occupied).await?;
        return Err(BatchFault::Occupied);
    }
    for (table, _) in &free {
        occupied.is_over(table);
    }
    let mut unlocked = Vec::new();
    for own in busy {
        if try_lock(connection, closing, std::slice::from_ref(&own), AT_ONCE).await? {
            occupied.is_over(&own.0);
        } else {
            occupied.note(&own.0, now);
            unlocked.push(own.0);
        }
    }
    if !unlocked.is_empty() {
        let tables = unlocked.join(", ");
        tracing::warn!(
            tables,
            "other sessions have been writing to these tables for long: verified without locking them"
        );
    }
    Ok(())
}

/// How the account locks these tables, and those that it may not lock.
async fn locks(
    connection: &mut Connection,
    closing: &Closing,
    tables: &[String],
) -> Result<(Vec<Lock>, Vec<String>), StoreError> {
    let tables: Vec<String> = tables.iter().map(|table| connection.named(table)).collect();
    let found: Vec<(String, Option<String>)> =
        query_as(closing.lockable).bind(json_of(&tables)).fetch_all(&mut *connection).await?;
    let (mut locks, mut refused) = (Vec::new(), Vec::new());
    for (table, statement) in found {
        match statement {
            Some(statement) => locks.push((table, statement)),
            None => refused.push(table),
        }
    }
    Ok((locks, refused))
}

/// Locks these tables, or none of them if others write to one for longer than so many milliseconds.
async fn try_lock(
    connection: &mut Connection,
    closing: &Closing,
    locks: &[Lock],
    most: i64,
) -> Result<bool, StoreError> {
    unless_busy(connection, lock_all(closing, locks, most)).await
}

fn lock_all(closing: &Closing, locks: &[Lock], most: i64) -> Statement<'static> {
    query(closing.lock).bind(statements(locks)).bind(most)
}

/// The statements of locks, as a JSON array.
fn statements(locks: &[Lock]) -> String {
    json_of(&locks.iter().map(|(_, statement)| statement).collect::<Vec<_>>())
}

/// Runs a statement that waits for locks. Has no effect and returns false if it waits too long.
async fn unless_busy(connection: &mut Connection, statement: Statement<'_>) -> Result<bool, StoreError> {
    connection.run_script("SAVEPOINT lethe_lock").await?;
    match statement.run(&mut *connection).await {
        Ok(()) => Ok(true),
        Err(error) if error.fault().kind == FaultKind::Busy => {
            connection.run_script("ROLLBACK TO SAVEPOINT lethe_lock").await?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Notes which of these tables could not be locked: those that cannot be now, or any of them. Locks none.
async fn note_busy(
    connection: &mut Connection,
    closing: &Closing,
    locks: &[Lock],
    occupied: &Occupied,
) -> Result<(), StoreError> {
    let mut held = Vec::new();
    for own in locks {
        if try_lock(connection, closing, std::slice::from_ref(own), AT_ONCE).await? {
            connection.run_script("ROLLBACK TO SAVEPOINT lethe_lock").await?;
        } else {
            held.push(own);
        }
    }
    let now = Instant::now();
    let held = if held.is_empty() { locks.iter().collect() } else { held };
    for (table, _) in held {
        occupied.note(table, now);
    }
    Ok(())
}

/// Keeps holds from being placed until the transaction ends, where another session could place one meanwhile. Returns
/// whether that is so.
///
/// # Errors
///
/// [`StoreError`], also if one is being placed right now.
pub(super) async fn keep_holds(connection: &mut Connection) -> Result<bool, StoreError> {
    let Some(closing) = connection.dialect().closing else { return Ok(false) };
    let (locks, _) = locks(connection, closing, &["lethe_holds".to_owned()]).await?;
    lock_all(closing, &locks, PATIENCE).run(connection).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tables_that_were_never_free_for_long_are_done_without_a_lock() {
        let (occupied, begun) = (Occupied::default(), Instant::now());
        let after = |seconds| begun + Duration::from_secs(seconds);
        let is_for_long = |at| occupied.is_for_long("orders", after(at));
        for at in 0..5 {
            occupied.note("orders", after(at));
            assert!(!is_for_long(at), "{at} s");
        }
        occupied.note("orders", after(5));
        assert!(is_for_long(5));
        assert!(!occupied.is_for_long("visits", after(5)), "another table");
        // The next night is another time, and so is what comes after they were free.
        assert!(!is_for_long(80_000));
        occupied.note("orders", after(80_000));
        assert!(!is_for_long(80_000));
        for at in 80_001..80_006 {
            occupied.note("orders", after(at));
        }
        assert!(is_for_long(80_005));
        occupied.is_over("orders");
        assert!(!is_for_long(80_005));
    }
}
