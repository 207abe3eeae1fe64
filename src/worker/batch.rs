//! One batch: everybody in it is looked at, and those whom nothing keeps are
//! anonymized, in one transaction and a handful of statements.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use chrono::NaiveDate;
use sqlx::Row;

use crate::domain::key::join;
use crate::domain::outcome::{Outcome, Tally};
use crate::domain::plan::Plan;
use crate::domain::policy::{Action, Literal};
use crate::domain::residue::Former;
use crate::domain::schema::Dialect;
use crate::ledger::{Batch, Ledger, NewBatch, moment};
use crate::sql::batch::{self as sql, Statements};
use crate::sql::residue::{Bulk, FIELD, LINE, Search};
use crate::store::{Connection, Fault, FaultKind, statement};
use crate::traces::Span;

/// Clients that must not be taken, by their place in the batch, with the
/// reasons as a JSON array.
pub type Failing = BTreeMap<i64, String>;

/// What a batch works on.
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
    /// The place of the last client looked at, if the cap kept others out.
    pub last_within_cap: Option<i64>,
}

/// Why a batch cannot go through as it is.
#[derive(Debug)]
pub enum BatchFault {
    /// Some client's rows refuse the change; which is not known.
    Rows {
        /// Why.
        fault: Fault,
        /// The rule that was refused, by its place in the order of rules, if it was one.
        rule: Option<usize>,
    },
    /// Former values are left in these clients' rows.
    Residue(Failing),
    /// A key-value table holds a key that the policy does not know.
    UnknownKey { table: String, key: String },
    /// A rule applied to its own result changes rows of these tables (rehearsals only).
    NotSettled(Vec<String>),
    /// Another session holds a lock, or stood in the way.
    Busy(sqlx::Error),
    /// The database is away, locked or full.
    Unavailable(sqlx::Error),
}

impl From<sqlx::Error> for BatchFault {
    fn from(error: sqlx::Error) -> Self {
        let fault = Fault::of(&error);
        match fault.kind {
            FaultKind::Rows => Self::Rows { fault, rule: None },
            FaultKind::Busy => Self::Busy(error),
            FaultKind::Away => Self::Unavailable(error),
        }
    }
}

/// Looks at everybody in the batch: after this, each has a state, and those to
/// be anonymized stand in `lethe_taken`. With `locking`, nobody else can change
/// their rows of the client table until the transaction is over.
pub async fn look(
    connection: &mut Connection,
    work: &Work<'_>,
    failing: &Failing,
    locking: bool,
) -> Result<Done, BatchFault> {
    let dialect = work.plan.client.dialect;
    for empty in sql::EMPTY {
        sqlx::query(empty).execute(&mut *connection).await?;
    }
    let lock = if locking { &work.statements.lock } else { &work.statements.pass };
    if let Some(lock) = lock {
        statement(lock).bind(work.keys).execute(&mut *connection).await?;
    }
    let fill = if all_fail(work.keys, failing) { &work.statements.fill_failing } else { &work.statements.fill };
    statement(fill).bind(work.keys).bind(&work.plan.digest).execute(&mut *connection).await?;
    // Before the guards: one that cannot read a client is not asked again.
    if !failing.is_empty() {
        let failing = serde_json::to_string(failing).unwrap_or_default();
        sqlx::query(sql::fail(dialect)).bind(failing).execute(&mut *connection).await?;
    }
    let notice = work.statements.notices.iter().filter_map(|notices| notices.reason.as_ref());
    for reason in work.statements.reasons.iter().chain(notice) {
        statement(reason).execute(&mut *connection).await?;
    }
    sqlx::query(sql::refuse(dialect)).execute(&mut *connection).await?;
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
    done.tally = count(connection).await?;
    Ok(done)
}

/// Counts the clients of the batch by what is to become of them.
pub(super) async fn count(connection: &mut Connection) -> Result<Tally, sqlx::Error> {
    let mut tally = Tally::default();
    for row in sqlx::query(sql::COUNT).fetch_all(connection).await? {
        let state: String = row.get(0);
        if let Ok(outcome) = state.parse::<Outcome>() {
            tally.count(outcome, u64::try_from(row.get::<i64, _>(1)).unwrap_or(0));
        }
    }
    Ok(tally)
}

/// Whether nobody is left but clients that must not be taken.
fn all_fail(keys: &str, failing: &Failing) -> bool {
    let keys: Vec<serde::de::IgnoredAny> = serde_json::from_str(keys).unwrap_or_default();
    !keys.is_empty() && keys.len() == failing.len()
}

/// Applies the rules to those taken, and looks for what is left of them.
///
/// # Errors
///
/// [`BatchFault`]; the transaction must then be rolled back.
pub async fn apply(connection: &mut Connection, work: &Work<'_>) -> Result<(), BatchFault> {
    let statements = work.statements;
    for (_, lock) in &statements.shared {
        statement(lock).execute(&mut *connection).await?;
    }
    for (table, unknown) in &statements.unknown_keys {
        if let Some(row) = statement(unknown).fetch_optional(&mut *connection).await? {
            return Err(BatchFault::UnknownKey { table: table.clone(), key: row.get(0) });
        }
    }
    let clients: i64 = sqlx::query_scalar(sql::TAKEN_PLACES).fetch_one(&mut *connection).await?;
    let step = Span::step("former values");
    let former = former_values(connection, work, clients).await?;
    drop(step);
    let step = Span::step("rules");
    let (changes, last_changes) = (statements.changes.iter(), statements.last_changes.iter());
    let mut rules = 0..;
    for ((_, change), rule) in changes.zip(&mut rules) {
        statement(change).execute(&mut *connection).await.map_err(|error| of_rule(error, rule))?;
    }
    drop(step);
    let step = Span::step("residue");
    let mut residue = Failing::new();
    if !former.is_empty() {
        for search in &statements.searches {
            look_for(connection, search, &former, clients, &mut residue).await?;
        }
    }
    if !residue.is_empty() {
        return Err(BatchFault::Residue(residue));
    }
    drop(step);
    let _step = Span::step("last rules");
    for ((_, change), rule) in last_changes.zip(rules) {
        statement(change).execute(&mut *connection).await.map_err(|error| of_rule(error, rule))?;
    }
    if work.plan.client.dialect == Dialect::Postgres {
        // What is checked at the end is checked while it can still be told whose fault it is.
        sqlx::query("SET CONSTRAINTS ALL IMMEDIATE").execute(&mut *connection).await?;
    }
    Ok(())
}

/// A driver's error where a rule was applied.
fn of_rule(error: sqlx::Error, rule: usize) -> BatchFault {
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
        if statement(change).execute(&mut *connection).await?.rows_affected() > 0 && !tables.contains(table) {
            tables.push(table.clone());
        }
    }
    Ok(tables)
}

/// Those whom another session had locked, as a batch of their own for later.
pub async fn busy(
    connection: &mut Connection,
    batch: &Batch,
    ledger: &Ledger,
) -> Result<Option<NewBatch>, sqlx::Error> {
    let places: Vec<i64> = sqlx::query_scalar(sql::BUSY).fetch_all(connection).await?;
    // Two batches that stand in each other's way must not meet again.
    let pause = BUSY_PAUSE.mul_f64(rand::random_range(0.5..1.0));
    let run_at = Some(moment(ledger.clock().now() + pause));
    Ok((!places.is_empty()).then(|| NewBatch { run_at, ..of_places(batch, &places) }))
}

/// The clients of a batch with these places, as a batch of their own.
pub fn of_places(batch: &Batch, places: &[i64]) -> NewBatch {
    let all: Vec<serde_json::Value> = serde_json::from_str(&batch.keys).unwrap_or_default();
    let keys = places.iter().filter_map(|place| all.get(usize::try_from(*place).ok()?));
    let keys: Vec<String> = keys.map(ToString::to_string).collect();
    NewBatch { keys: join(&keys), clients: keys.len(), after: batch.after.clone(), run_at: None }
}

/// Writes the outcomes of everybody looked at.
pub async fn record(connection: &mut Connection, sweep: i64, moment: &str, digest: &str) -> Result<(), sqlx::Error> {
    for latest in sql::LATEST {
        sqlx::query(latest).execute(&mut *connection).await?;
    }
    sqlx::query(sql::STAND).bind(sweep).bind(moment).bind(digest).execute(&mut *connection).await?;
    sqlx::query(sql::RECORD).bind(sweep).bind(moment).bind(digest).execute(&mut *connection).await?;
    Ok(())
}

/// The former identifying values of each client taken, by its place.
async fn former_values(
    connection: &mut Connection,
    work: &Work<'_>,
    clients: i64,
) -> Result<HashMap<i64, Former>, BatchFault> {
    let mut all: HashMap<i64, Former> = HashMap::new();
    let placeholders = placeholders(work.plan);
    for former in &work.statements.former {
        for_each_line(connection, former, clients, |n, values, _| {
            let client = all.entry(n).or_insert_with(|| Former::new(work.plan.min_length));
            let former = values.filter(|value| !value.is_empty() && !placeholders.contains(value));
            former.for_each(|value| client.add(value));
        })
        .await?;
    }
    all.retain(|_, former| !former.is_empty());
    Ok(all)
}

/// How long clients that somebody else has locked are left alone, at most.
const BUSY_PAUSE: Duration = Duration::from_secs(2);

/// Clients whose texts are read first; what they hold tells how many more are read at once.
const FIRST_CLIENTS: i64 = 100;

/// Bytes of text to be read at once; bounds the memory of a batch.
const BYTES_AT_ONCE: usize = 1 << 20;

/// Reads the texts of the clients taken, whose places are below `clients`, and
/// gives each line to `each`: the client's place, its fields, and whether they
/// are as they stand in the database.
async fn for_each_line(
    connection: &mut Connection,
    bulk: &Bulk,
    clients: i64,
    mut each: impl FnMut(i64, std::str::Split<'_, char>, bool),
) -> Result<(), BatchFault> {
    let (mut from, mut at_once) = (0, FIRST_CLIENTS);
    while from < clients {
        let to = from + at_once - 1;
        let read = lines_between(connection, bulk, from, to, &mut each).await?;
        from = to + 1;
        let room = i64::try_from(BYTES_AT_ONCE / read.max(1)).unwrap_or(i64::MAX);
        at_once = at_once.saturating_mul(room).clamp(FIRST_CLIENTS, clients.max(FIRST_CLIENTS));
    }
    Ok(())
}

/// Reads those of the clients with places from `from` to `to`. Returns how many bytes they hold.
async fn lines_between(
    connection: &mut Connection,
    bulk: &Bulk,
    from: i64,
    to: i64,
    each: &mut impl FnMut(i64, std::str::Split<'_, char>, bool),
) -> Result<usize, BatchFault> {
    // A text that holds a character which parts lines or fields would be taken
    // for another client's: then everything is read again without them.
    for (sql, whole) in [(&bulk.whole, true), (&bulk.plain, false)] {
        let row = statement(sql).bind(from).bind(to).fetch_one(&mut *connection).await?;
        let Some(bytes) = row.try_get::<Option<&[u8]>, _>(0)? else { return Ok(0) };
        let text = String::from_utf8_lossy(bytes);
        let lines = usize::try_from(row.get::<i64, _>(1)).unwrap_or(0);
        let parts = text.matches([LINE, FIELD]).count() + 1;
        if whole && (parts != lines * bulk.fields || text.matches(LINE).count() + 1 != lines) {
            continue;
        }
        for line in text.split(LINE) {
            let mut fields = line.split(FIELD);
            if let Some(n) = fields.next().and_then(|n| n.parse().ok()) {
                each(n, fields, whole);
            }
        }
        return Ok(text.len());
    }
    Ok(0)
}

/// The constant texts that the plan's rules write: finding those is no residue.
fn placeholders(plan: &Plan) -> HashSet<&str> {
    let updates = plan.steps.iter().flat_map(|step| step.updates.iter().chain(&step.unlinks));
    let branches = updates.flat_map(|update| &update.rules).flat_map(|rule| &rule.branches);
    branches
        .filter_map(|branch| match &branch.action {
            Action::Text(template) => template.constant(),
            Action::Constant(Literal::Text(text)) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// Looks through one table; blanks what the policy lets it blank, and notes
/// the clients in whose rows something is left.
async fn look_for(
    connection: &mut Connection,
    search: &Search,
    former: &HashMap<i64, Former>,
    clients: i64,
    residue: &mut Failing,
) -> Result<(), BatchFault> {
    let mut blank: Vec<Vec<String>> = vec![Vec::new(); search.columns.len()];
    for_each_line(connection, &search.select, clients, |n, fields, whole| {
        let Some(former) = former.get(&n) else { return };
        for (at, text) in fields.enumerate() {
            if text.is_empty() || !former.found_in(text) {
                continue;
            }
            // What is not as it stands cannot be blanked by its value.
            if whole && search.blank[at].is_some() {
                blank[at].push(text.to_owned());
            } else {
                let reason = format!("residue:{}.{}", search.table, search.columns[at]);
                residue.entry(n).or_insert_with(|| serde_json::json!([reason]).to_string());
            }
        }
    })
    .await?;
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
