//! One batch: all clients in it are checked, and those whom nothing keeps are
//! anonymized, in one transaction and a handful of statements.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::NaiveDate;

use super::{closing, kept, residue};
use crate::database::{Connection, Fault, FaultKind, StoreError, query, query_scalar};
use crate::domain::key::split;
use crate::domain::outcome::{Outcome, Tally};
use crate::domain::residue::Former;
use crate::ledger::{Batch, Ledger, NewBatch, moment};
use crate::plan::Plan;
use crate::sql::batch::{self as sql, Statements};
use crate::traces::Span;

/// Times that the rules are applied to what triggers write anew. What is left then fails its clients.
const MOST_ROUNDS: usize = 8;

/// Clients that must not be taken, by their place in the batch, with the
/// reasons as a JSON array.
pub type Failing = BTreeMap<i64, String>;

#[derive(Debug)]
pub struct Work<'a> {
    pub plan: &'a Plan,
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
}

/// Why a batch cannot go through as it is.
#[derive(Debug)]
pub enum BatchFault {
    /// Some client's rows refuse the change; which is not known.
    Rows {
        fault: Fault,
        /// The rule that was refused, by its place in the order of rules, if it was one.
        rule: Option<usize>,
    },
    /// Former values are left in these clients' rows.
    Residue(Failing),
    /// A rule did not take effect for these clients, or something keeps them now that did not at the beginning.
    Overtaken(Failing),
    /// Another session waits for rows of these clients, and may hold what this one would have to wait for.
    WaitedFor,
    /// Other batches were writing for all of its time.
    Crowded,
    /// Other sessions write to the tables, which cannot be locked for that.
    Occupied,
    /// A key-value table holds a key that the policy does not know.
    UnknownKey { table: String, key: String },
    /// A rule applied to its own result changes rows of these tables (rehearsals only).
    NotSettled(Vec<String>),
    /// Another session holds a lock, or stood in the way.
    Busy(StoreError),
    /// The database is away, locked or full.
    Unavailable(StoreError),
}

impl BatchFault {
    /// Some client's rows refuse the change, in these words.
    pub(super) fn rows(words: impl Into<String>) -> Self {
        Self::Rows { fault: Fault { code: String::new(), kind: FaultKind::Rows, words: words.into() }, rule: None }
    }
}

impl From<StoreError> for BatchFault {
    fn from(error: StoreError) -> Self {
        match error.fault().kind {
            FaultKind::Rows | FaultKind::Statement => Self::Rows { fault: error.fault().clone(), rule: None },
            FaultKind::Busy => Self::Busy(error),
            FaultKind::Unavailable => Self::Unavailable(error),
        }
    }
}

/// Checks all clients in the batch: after this, each has a state, and those to
/// be anonymized stand in `lethe_taken`. With `locking`, no other session can change
/// their rows of the client table until the transaction is over.
pub async fn look(
    connection: &mut Connection,
    work: &Work<'_>,
    failing: &Failing,
    locking: bool,
) -> Result<Done, BatchFault> {
    let dialect = work.plan.client.dialect;
    for empty in sql::empty() {
        query(empty).execute(&mut *connection).await?;
    }
    let lock = if locking { &work.statements.lock } else { &work.statements.pass };
    if let Some(lock) = lock {
        query(lock).bind(work.keys).execute(&mut *connection).await?;
    }
    let fill = if all_fail(work.keys, failing) { &work.statements.fill_failing } else { &work.statements.fill };
    query(fill).bind(work.keys).bind(&work.plan.digest).execute(&mut *connection).await?;
    if let Some(each_once) = work.statements.each_once {
        query(each_once).execute(&mut *connection).await?;
    }
    // Before the guards: one that cannot read a client is not asked again.
    if !failing.is_empty() {
        let failing = crate::domain::value::json_of(failing);
        query(sql::fail(dialect)).bind(failing).execute(&mut *connection).await?;
    }
    let notice = work.statements.notices.iter().filter_map(|notices| notices.reason.as_ref());
    for reason in work.statements.reasons.iter().chain(notice) {
        query(reason).execute(&mut *connection).await?;
    }
    query(sql::refuse(dialect)).execute(&mut *connection).await?;
    let mut done = Done::default();
    if let Some(room) = work.room {
        done.over = query(sql::CAP).bind(room).took_effect(&mut *connection).await?;
    }
    query(&work.statements.take).execute(&mut *connection).await?;
    query(sql::DONE).execute(&mut *connection).await?;
    done.tally = count(connection).await?;
    Ok(done)
}

/// Counts the clients of the batch by what is to become of them.
pub(super) async fn count(connection: &mut Connection) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    for row in query(sql::COUNT).fetch_all(connection).await? {
        let state: String = row.get(0)?;
        if let Ok(outcome) = state.parse::<Outcome>() {
            tally.count(outcome, row.get(1)?);
        }
    }
    Ok(tally)
}

/// Whether only clients are left that must not be taken.
fn all_fail(keys: &str, failing: &Failing) -> bool {
    split(keys).is_some_and(|keys| !keys.is_empty() && keys.len() == failing.len())
}

/// Applies the rules to those taken, and looks for what is left of them.
///
/// # Errors
///
/// [`BatchFault`]; the transaction must then be rolled back.
pub async fn apply(connection: &mut Connection, work: &Work<'_>, since: String) -> Result<Applied, BatchFault> {
    let statements = work.statements;
    let last_look = &statements.last_look;
    for (_, lock) in &statements.shared {
        query(lock).execute(&mut *connection).await?;
    }
    for (table, unknown) in &statements.unknown_keys {
        if let Some(row) = query(unknown).fetch_optional(&mut *connection).await? {
            return Err(BatchFault::UnknownKey { table: table.clone(), key: row.get(0)? });
        }
    }
    let step = Span::step("former values");
    let former = residue::former_values(connection, work).await?;
    drop(step);
    let step = Span::step("rules");
    let clients = kept::before(connection, &statements.kept).await?;
    kept::watch(connection, &statements.kept).await?;
    let (changes, last_changes) = (statements.changes.iter(), statements.last_changes.iter());
    let (mut rules, mut written_anew) = (0.., false);
    for ((_, change), rule) in changes.zip(&mut rules) {
        let rows = query(change).execute(&mut *connection).await.map_err(|error| of_rule(error, rule))?;
        written_anew |= rows > 0 && rule >= statements.repeated;
    }
    if written_anew {
        settle(connection, statements).await?;
    }
    drop(step);
    let step = Span::step("residue");
    search(connection, statements, &former).await?;
    let mut missed = Failing::new();
    for check in &last_look.early {
        closing::check(connection, check, &mut missed).await?;
    }
    drop(step);
    let _step = Span::step("last rules");
    // What comes after the last rules is checked with all others.
    let checks = last_look.after_last.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    for (((_, change), check), rule) in last_changes.zip(checks).zip(rules) {
        query(change).execute(&mut *connection).await.map_err(|error| of_rule(error, rule))?;
        if let Some(check) = check {
            closing::check(connection, check, &mut missed).await?;
        }
    }
    if !missed.is_empty() {
        return Err(BatchFault::Overtaken(missed));
    }
    if let Some(check) = work.plan.client.dialect.check_constraints_now {
        // What is checked at the end is checked while it can still be told whose fault it is.
        query(check).execute(&mut *connection).await?;
    }
    if statements.is_deferred {
        settle(connection, statements).await?;
    }
    if statements.searched_twice {
        search(connection, statements, &former).await?;
    }
    kept::check(connection, &statements.kept, clients).await?;
    Ok(Applied { former, since })
}

/// Applies the rules to what triggers write anew, which may make other triggers do so.
async fn settle(connection: &mut Connection, statements: &Statements) -> Result<(), BatchFault> {
    for _ in 0..MOST_ROUNDS {
        let mut rows = 0;
        for (_, change) in &statements.again {
            rows += query(change).execute(&mut *connection).await?;
        }
        if rows == 0 {
            break;
        }
    }
    Ok(())
}

/// Looks for former values in what is left.
async fn search(
    connection: &mut Connection,
    statements: &Statements,
    former: &HashMap<i64, Former>,
) -> Result<(), BatchFault> {
    let mut left = Failing::new();
    if !former.is_empty() {
        for search in &statements.searches {
            residue::search(connection, search, former, &mut left).await?;
        }
    }
    if left.is_empty() { Ok(()) } else { Err(BatchFault::Residue(left)) }
}

/// What the last look at a batch needs to know.
#[derive(Debug)]
pub struct Applied {
    /// The former values of each client, by its place.
    pub former: HashMap<i64, Former>,
    /// When the transaction began, as the database counts.
    pub since: String,
}

/// A driver's error where a rule was applied.
fn of_rule(error: StoreError, rule: usize) -> BatchFault {
    match BatchFault::from(error) {
        BatchFault::Rows { fault, .. } => BatchFault::Rows { fault, rule: Some(rule) },
        other => other,
    }
}

/// The tables whose rules, made for another day, still change something after
/// they have been applied.
pub async fn unsettled(connection: &mut Connection, another_day: &Statements) -> Result<Vec<String>, BatchFault> {
    let mut tables = Vec::new();
    for (table, change) in another_day.changes.iter().chain(&another_day.last_changes) {
        if query(change).execute(&mut *connection).await? > 0 && !tables.contains(table) {
            tables.push(table.clone());
        }
    }
    Ok(tables)
}

/// Those whom another session had locked, as a batch of their own for later.
pub async fn busy(connection: &mut Connection, batch: &Batch, ledger: &Ledger) -> Result<Option<NewBatch>, StoreError> {
    let places: Vec<i64> = query_scalar(sql::BUSY).fetch_all(connection).await?;
    // Two batches that stand in each other's way must not meet again.
    let pause = backoff(BUSY_PAUSE, batch.waits + 1).mul_f64(rand::random_range(0.5..1.0));
    let run_at = Some(moment(ledger.clock().now() + pause));
    Ok((!places.is_empty()).then(|| NewBatch { run_at, waits: batch.waits + 1, ..of_places(batch, &places) }))
}

/// The clients of a batch with these places, as a batch of their own.
///
/// # Panics
///
/// If the batch's keys are not an array, from which the places would not have come.
#[must_use]
pub fn of_places(batch: &Batch, places: &[i64]) -> NewBatch {
    let all = split(&batch.keys).expect("what was filled into a table is an array");
    let of = |place: &i64| all[usize::try_from(*place).expect("places count from 0")].clone();
    let keys: Vec<String> = places.iter().map(of).collect();
    NewBatch::of(&keys)
}

/// Writes the outcomes of all clients checked.
pub async fn record(connection: &mut Connection, sweep: i64, moment: &str, digest: &str) -> Result<(), StoreError> {
    for latest in sql::LATEST {
        query(latest).execute(&mut *connection).await?;
    }
    query(sql::STAND).bind(sweep).bind(moment).bind(digest).execute(&mut *connection).await?;
    query(sql::RECORD).bind(sweep).bind(moment).bind(digest).execute(&mut *connection).await?;
    Ok(())
}

/// How long clients that another session has locked are left alone the first time, at most.
pub(super) const BUSY_PAUSE: Duration = Duration::from_secs(2);
/// The longest wait before a batch is taken up again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Doubles with each attempt, with up to a quarter of jitter.
pub(super) fn backoff(first: Duration, attempt: u32) -> Duration {
    let wait = first.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST_WAIT);
    wait.mul_f64(rand::random_range(1.0..1.25))
}

/// The day after a sweep's, on which its rules must have nothing left to do.
#[must_use]
pub fn another_day(today: NaiveDate) -> NaiveDate {
    today.succ_opt().unwrap_or(today)
}
