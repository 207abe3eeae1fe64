//! The last look at a batch: what is committed was verified, and nobody could
//! change the answer in between.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::TryStreamExt;

use super::batch::{Applied, BatchFault, Failing, Work};
use super::residue;
use crate::database::{Connection, Fault, FaultKind, query, query_as, query_scalar};
use crate::domain::dialect::Closing;
use crate::sql::closing::Check;
use crate::traces::Span;

/// Times that the tables are to be locked, a tenth of a second each.
const LOCK_ATTEMPTS: u32 = 5;
/// How long other sessions may keep the tables from being locked until the last look is taken without that.
const LONG: Duration = Duration::from_secs(5);
/// After how long the next failure has nothing to do with the last: longer than a batch takes.
const ANOTHER_TIME: Duration = Duration::from_mins(10);
/// How long a batch waits for its turn to write before it asks again.
const TURN_PAUSE: Duration = Duration::from_millis(10);
/// Times that it asks: half a minute.
const TURN_ATTEMPTS: u32 = 3_000;

/// Since when other sessions have kept the tables from being locked, and when they last did.
#[derive(Debug, Default)]
pub(super) struct Occupied(Mutex<Option<(Instant, Instant)>>);

impl Occupied {
    /// The tables could not be locked. What was long before is another time.
    fn note(&self, now: Instant) {
        let mut times = self.0.lock().expect("nobody panics with it");
        let since = times.filter(|(_, last)| now - *last < ANOTHER_TIME).map_or(now, |(since, _)| since);
        *times = Some((since, now));
    }

    fn is_over(&self) {
        *self.0.lock().expect("nobody panics with it") = None;
    }

    fn is_for_long(&self, now: Instant) -> bool {
        let times = *self.0.lock().expect("nobody panics with it");
        times.is_some_and(|(since, last)| now - last < ANOTHER_TIME && now - since >= LONG)
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

/// Verifies that every rule took effect and that nothing keeps a client now that did not before.
/// With `locking`, nobody else writes to the tables from here to the end of the transaction, unless somebody has
/// for so long that the night would be lost.
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
    let mut kept = Failing::new();
    for rule in &last_look.rules {
        check(connection, rule, &mut kept).await?;
    }
    let kept_since = last_look.kept_since.as_ref().map(|sql| sql.replace("{since}", &applied.since));
    for sql in last_look.kept.iter().chain(&kept_since) {
        let found: Vec<(i64, String)> = query_as(sql).fetch_all(&mut *connection).await?;
        for (client, name) in found {
            let reason = format!("kept by {name} when it was to be committed");
            kept.entry(client).or_insert_with(|| serde_json::json!([reason]).to_string());
        }
    }
    if !applied.former.is_empty() {
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
            let words = format!("the rule of {place} did not take effect");
            return Err(BatchFault::Rows {
                fault: Fault { code: String::new(), kind: FaultKind::Rows, words },
                rule: None,
            });
        };
        failing.entry(client).or_insert_with(|| serde_json::json!([format!("rule:{place}")]).to_string());
    }
    Ok(())
}

/// Keeps others from writing to these tables, as far as the account may.
async fn lock(
    connection: &mut Connection,
    closing: &Closing,
    tables: &[String],
    occupied: &Occupied,
) -> Result<(), BatchFault> {
    let tables = serde_json::to_string(tables).expect("texts are JSON");
    let lockable: Vec<String> = query_scalar(closing.lockable).bind(tables).fetch_all(&mut *connection).await?;
    if lockable.is_empty() {
        return Ok(());
    }
    let lock = closing.lock.replace("{tables}", &lockable.join(", "));
    for _ in 0..if occupied.is_for_long(Instant::now()) { 1 } else { LOCK_ATTEMPTS } {
        if query_scalar(closing.is_waited_for).fetch_one(&mut *connection).await? {
            return Err(BatchFault::WaitedFor);
        }
        connection.run_script("SAVEPOINT lethe_lock").await?;
        match connection.run_script(&lock).await {
            Ok(()) => {
                occupied.is_over();
                return Ok(());
            }
            Err(error) if error.fault().kind == FaultKind::Busy => {
                connection.run_script("ROLLBACK TO SAVEPOINT lethe_lock").await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let now = Instant::now();
    occupied.note(now);
    if occupied.is_for_long(now) {
        tracing::warn!("other sessions have been writing to the tables for long: verified without locking them");
        return Ok(());
    }
    Err(BatchFault::Occupied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tables_that_were_never_free_for_long_are_done_without_a_lock() {
        let (occupied, begun) = (Occupied::default(), Instant::now());
        let after = |seconds| begun + Duration::from_secs(seconds);
        for at in 0..5 {
            occupied.note(after(at));
            assert!(!occupied.is_for_long(after(at)), "{at} s");
        }
        occupied.note(after(5));
        assert!(occupied.is_for_long(after(5)));
        // The next night is another time, and so is what comes after they were free.
        assert!(!occupied.is_for_long(after(80_000)));
        occupied.note(after(80_000));
        assert!(!occupied.is_for_long(after(80_000)));
        for at in 80_001..80_006 {
            occupied.note(after(at));
        }
        assert!(occupied.is_for_long(after(80_005)));
        occupied.is_over();
        assert!(!occupied.is_for_long(after(80_005)));
    }
}
