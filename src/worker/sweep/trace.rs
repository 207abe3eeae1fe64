//! What would happen to one client, row by row: everything is read, and nothing is changed.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::survey::{Client, Mode, Surveyor, survey};
use super::{Request, SweepError, prepare};
use crate::database::{Bounds, Connection, Row, Searched, StoreError, query};
use crate::domain::key::{join, json_of_keys};
use crate::domain::outcome::Outcome;
use crate::domain::residue::Former;
use crate::domain::schema::Kind;
use crate::ledger::stand_in;
use crate::sql::batch::{TAKE_ANYWAY, statements};
use crate::sql::effects::{Effects, LONGEST, effects};
use crate::worker::batch::{self, BatchFault, Failing, Work};
use crate::worker::residue;

/// How long other tables are searched.
const SEARCHED_FOR: Duration = Duration::from_secs(10);
/// Rows of each that are read.
const SEARCHED_ROWS: usize = 200_000;

/// What would happen to a client.
#[derive(Debug, Clone, Serialize)]
pub struct Trace {
    /// What would become of it, were it looked at now. Its rows are read whatever keeps it.
    pub client: Client,
    /// Its rows by table and link, in the order in which they would be changed.
    pub tables: Vec<TracedTable>,
    /// Where its values stand in tables that no link reaches.
    pub elsewhere: Searched,
}

/// The rows of a table that one link reaches.
#[derive(Debug, Clone, Serialize)]
pub struct TracedTable {
    pub table: String,
    pub link: String,
    pub rows: Vec<TracedRow>,
    /// Whether there are more rows than were read.
    pub more: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct TracedRow {
    /// The columns of its primary key, with their values.
    #[serde(serialize_with = "as_object")]
    pub key: Vec<(String, Option<String>)>,
    /// Whether the row would be deleted.
    pub deleted: bool,
    /// The columns that would change; empty in a row that would be deleted.
    pub changes: Vec<TracedChange>,
}

#[derive(Debug, Clone, Serialize)]
pub struct TracedChange {
    pub column: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl TracedTable {
    /// How many of its rows stay as they are.
    #[must_use]
    pub fn stay(&self) -> usize {
        self.rows.iter().filter(|row| row.stays()).count()
    }
}

impl TracedRow {
    /// Whether it stays as it is.
    #[must_use]
    pub fn stays(&self) -> bool {
        !self.deleted && self.changes.is_empty()
    }

    /// The values of its key.
    #[must_use]
    pub fn values(&self) -> String {
        self.key.iter().map(|(_, value)| value.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(", ")
    }
}

fn as_object<S: serde::Serializer>(key: &[(String, Option<String>)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(key.iter().map(|(name, value)| (name, value)))
}

/// Reads what would happen to the one client of a request; at most `rows` rows by each link.
pub async fn trace(surveyor: Surveyor<'_>, request: &Request, rows: usize) -> Result<Option<Trace>, SweepError> {
    let Surveyor { store, planner, ledger, .. } = surveyor;
    let mut client = None;
    survey(surveyor.unchecked(), request, Mode::Preview, &mut |own| client = Some(own)).await?;
    let Some(client) = client else { return Ok(None) };
    let mut trace = Trace { client, tables: Vec::new(), elsewhere: Searched::default() };
    if trace.client.outcome == Outcome::NotFound {
        return Ok(Some(trace));
    }
    let prepared = prepare(store, planner, ledger, request, false).await?;
    let (wanted, plan) = (prepared.wanted(), &prepared.loaded.plan);
    let statements = statements(&wanted, request.kind, request.force);
    let mut connection = store.writer().await?;
    if ledger.is_none() {
        stand_in(&mut connection).await?;
    }
    connection.make_tables(plan).await?;
    let keys = join(&json_of_keys(&request.keys));
    let work = Work { plan, statements: &statements, keys: &keys, room: None };
    let mut transaction = connection.begin_reading().await?;
    match batch::look(&mut transaction, &work, &Failing::new(), false).await {
        Ok(_) => {}
        Err(BatchFault::Busy(error) | BatchFault::Unavailable(error)) => return Err(error.into()),
        // It cannot even be looked at, which its outcome says.
        Err(_) => return Ok(Some(trace)),
    }
    for anyway in TAKE_ANYWAY {
        query(anyway).execute(&mut *transaction).await?;
    }
    query(&statements.take).execute(&mut *transaction).await?;
    for own in effects(&wanted, &prepared.loaded.schema, rows + 1) {
        trace.tables.push(read(&mut transaction, own, rows).await?);
    }
    let mut former = match residue::former_values(&mut transaction, &work).await {
        Ok(mut former) => former.remove(&0).unwrap_or_else(|| Former::new(plan.min_length)),
        Err(BatchFault::Busy(error) | BatchFault::Unavailable(error)) => return Err(error.into()),
        Err(_) => Former::new(plan.min_length),
    };
    transaction.rollback().await?;
    let table = prepared.loaded.schema.table(&plan.client.table);
    let is_text = |name: &String| table.and_then(|own| own.column(name)).is_some_and(|own| own.kind() == Kind::Text);
    for key in request.keys.iter().filter(|_| plan.client.key.iter().all(is_text)) {
        former.add(&key.to_string());
    }
    let bounds = Bounds { clients: 1, rows: SEARCHED_ROWS, until: Instant::now() + SEARCHED_FOR, lone_words: true };
    trace.elsewhere = store.search_for(plan, &prepared.loaded.schema, &[former], &bounds).await?;
    Ok(Some(trace))
}

async fn read(connection: &mut Connection, effects: Effects, most: usize) -> Result<TracedTable, StoreError> {
    let mut rows = Vec::new();
    for row in query(&effects.sql).fetch_all(connection).await? {
        rows.push(traced(&row, &effects)?);
    }
    let more = rows.len() > most;
    rows.truncate(most);
    Ok(TracedTable { table: effects.table, link: effects.link, rows, more })
}

fn traced(row: &Row, effects: &Effects) -> Result<TracedRow, StoreError> {
    let key = effects.key.iter().enumerate().map(|(at, name)| Ok((name.clone(), shown(row, at))));
    let key = key.collect::<Result<Vec<_>, StoreError>>()?;
    let deleted = row.get::<i64>(key.len())? == 1;
    let mut changes = Vec::new();
    for (at, column) in effects.columns.iter().enumerate().filter(|_| !deleted) {
        let first = key.len() + 1 + 3 * at;
        if row.get::<i64>(first + 1)? == 1 {
            changes.push(TracedChange {
                column: column.clone(),
                before: shown(row, first),
                after: shown(row, first + 2),
            });
        }
    }
    Ok(TracedRow { key, deleted, changes })
}

/// A value as it is shown to people: cut where it is long, and bytes that are not text say so.
fn shown(row: &Row, at: usize) -> Option<String> {
    let Ok(value) = row.get::<Option<String>>(at) else { return Some("(bytes that are not a text)".to_owned()) };
    value.map(|value| match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value,
    })
}
