//! What a rehearsal finds beyond the rows of its clients, in the whole database.
//!
//! Names are common: a finding is only worth a person's time if the value is not another client's. So the clients to whom
//! the rows belong in which a value was found are asked for their own identifying values, by the statements that read
//! those of the clients rehearsed; what one of them has too is not a finding anywhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Prepared;
use crate::database::{Beside, Bounds, Connection, StoreError, hits, query, query_scalar, texts_of};
use crate::domain::residue::{Former, Several};
use crate::domain::schema::{LiveColumn, LiveTable};
use crate::domain::value;
use crate::plan::{Plan, Step};
use crate::policy::OnResidue;
use crate::sql::others::{Shared, hold_taken, of_taken, part, shared, take_owners, theirs};
use crate::worker::batch::{BatchFault, Work};
use crate::worker::residue;

/// How long a rehearsal searches, all its batches together.
const SEARCHED_FOR: Duration = Duration::from_secs(10);
/// Rows of each table that are read.
const SEARCHED_ROWS: usize = 200_000;
/// Values with fewer characters are too common to mean anything.
const SHORTEST: usize = 4;

/// What a rehearsal found in the whole database.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
pub struct WholeDatabase {
    /// Clients whose former values were looked for.
    pub clients: usize,
    /// Tables in which they were looked for.
    pub tables: usize,
    /// Columns in which former values are left; `count` is the number of these clients.
    pub found: Vec<Finding>,
    /// What the rules changed although clients who stay have the same rows, or use them; `count` is the number of rows.
    pub changed: Vec<Finding>,
    /// Tables that were not read, or not to their end: they have too many rows, the time was up, the account may not
    /// read them, or a value is not text in UTF-8.
    pub unread: BTreeSet<String>,
}

/// Something that a rehearsal found in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Finding {
    pub table: String,
    /// The column; `None` for rows that were deleted.
    pub column: Option<String>,
    pub count: u64,
    /// Why it may stay, if the policy says so.
    pub accepted: Option<String>,
}

impl WholeDatabase {
    /// What the policy does not accept.
    pub fn not_accepted(&self) -> impl Iterator<Item = &Finding> {
        self.found.iter().chain(&self.changed).filter(|own| own.accepted.is_none())
    }
}

/// Where something was found: the table, the column, and why it may stay there, if the policy says so.
type Where = (String, Option<String>, Option<String>);

/// Numbers of rows or clients.
pub(super) type Counts = BTreeMap<Where, u64>;

/// A look at the whole database, batch after batch.
pub(super) struct Look<'a> {
    prepared: &'a Prepared,
    shared: Vec<Shared>,
    /// The clients that are still to be looked for.
    room: usize,
    left: Duration,
    clients: usize,
    tables: BTreeSet<String>,
    unread: BTreeSet<String>,
    found: Counts,
    changed: Counts,
}

impl<'a> Look<'a> {
    pub(super) fn new(prepared: &'a Prepared, clients: usize) -> Self {
        Self {
            prepared,
            shared: shared(&prepared.wanted(), &prepared.loaded.schema),
            room: clients,
            left: SEARCHED_FOR,
            clients: 0,
            tables: BTreeSet::new(),
            unread: BTreeSet::new(),
            found: Counts::new(),
            changed: Counts::new(),
        }
    }

    pub(super) fn result(self) -> WholeDatabase {
        let finding = |((table, column, accepted), count): (Where, u64)| Finding { table, column, count, accepted };
        WholeDatabase {
            clients: self.clients,
            tables: self.tables.len(),
            found: self.found.into_iter().map(finding).collect(),
            changed: self.changed.into_iter().map(finding).collect(),
            unread: self.unread,
        }
    }

    /// Counts what the rules are about to change for the clients taken, and others have too.
    pub(super) async fn before(&mut self, connection: &mut Connection) -> Result<Counts, StoreError> {
        let mut counts = Counts::new();
        for own in &self.shared {
            connection.run_script("SAVEPOINT lethe_search").await?;
            let found = match count(connection, &self.prepared.loaded.plan, own).await {
                Err(error) if self.is_accepted_in_part(&own.table) => return Err(error),
                Err(_) => {
                    connection.run_script(UNDO).await?;
                    self.unread.insert(own.table.clone());
                    continue;
                }
                Ok(found) => found,
            };
            connection.run_script("RELEASE SAVEPOINT lethe_search").await?;
            for (place, rows) in found.into_iter().filter(|(_, rows)| *rows > 0) {
                *counts.entry(place).or_default() += rows;
            }
        }
        Ok(counts)
    }

    /// Notes what was counted before the rules of a batch, once these have been applied.
    pub(super) fn note(&mut self, counts: Counts) {
        for (place, count) in counts {
            *self.changed.entry(place).or_default() += count;
        }
    }

    /// Looks for the former values of these clients, by their places, in all tables.
    pub(super) async fn search(
        &mut self,
        connection: &mut Connection,
        work: &Work<'_>,
        former: HashMap<i64, Former>,
    ) -> Result<(), StoreError> {
        let mut former: Vec<(i64, Former)> = former.into_iter().collect();
        former.sort_by_key(|(place, _)| *place);
        former.truncate(self.room);
        self.room -= former.len();
        self.clients += former.len();
        let clients: Vec<Former> = former.into_iter().map(|(_, own)| own).collect();
        let values = Several::of(&clients, SHORTEST);
        if values.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let bounds =
            Bounds { clients: clients.len(), rows: SEARCHED_ROWS, until: begun + self.left, lone_words: false };
        let (plan, schema) = (&self.prepared.loaded.plan, &self.prepared.loaded.schema);
        let other_tenants = schema.other_tenants(&plan.client.table);
        let mut tables: Vec<&LiveTable> =
            schema.tables.values().filter(|table| !other_tenants.contains(&table.name)).collect();
        // After the clients' own those that no link reaches: nothing else looks at them.
        tables.sort_by_key(|table| (table.name != plan.client.table, step_of(plan, table).is_some()));
        let mut read = Vec::new();
        for table in tables {
            let columns: Vec<&LiveColumn> =
                texts_of(table).into_iter().filter(|column| !may_stay(plan, table, &column.name)).collect();
            if columns.is_empty() {
                continue;
            }
            if Instant::now() >= bounds.until {
                self.unread.insert(table.name.clone());
                continue;
            }
            connection.run_script("SAVEPOINT lethe_search").await?;
            let own = match of_table(connection, self.prepared, table, &columns, &values, &bounds).await {
                Err(error) if self.is_accepted_in_part(&table.name) => return Err(error),
                Err(_) => {
                    connection.run_script(UNDO).await?;
                    self.unread.insert(table.name.clone());
                    continue;
                }
                Ok(own) => own,
            };
            connection.run_script("RELEASE SAVEPOINT lethe_search").await?;
            self.tables.insert(table.name.clone());
            if !own.is_whole {
                self.unread.insert(table.name.clone());
            }
            read.push(own);
        }
        connection.run_script("SAVEPOINT lethe_search").await?;
        let theirs = had_by_owners(connection, self.prepared, work, &values, &read).await;
        // The owners of the rows that were found have been taken for it.
        connection.run_script(UNDO).await?;
        let mut shared: BTreeSet<usize> = theirs.into_iter().flatten().collect();
        let found = read.iter().flat_map(|own| own.found.values().flat_map(BTreeMap::keys)).copied();
        let left: BTreeSet<usize> = found.filter(|value| !shared.contains(value)).collect();
        if !left.is_empty() {
            connection.run_script("SAVEPOINT lethe_search").await?;
            let theirs = had_by_others(connection, self.prepared, &values, left).await;
            connection.run_script(UNDO).await?;
            shared.extend(theirs.into_iter().flatten());
        }
        let mut places: BTreeMap<Where, BTreeSet<usize>> = BTreeMap::new();
        for own in &read {
            for ((column, part), left) in own.left(&values, &shared) {
                let accepted = accepted(plan, &own.table.name, Some(column), part);
                places.entry((own.table.name.clone(), Some(column.clone()), accepted)).or_default().extend(left);
            }
        }
        for (place, left) in places {
            *self.found.entry(place).or_default() += values.clients(&left) as u64;
        }
        self.left = self.left.saturating_sub(begun.elapsed());
        Ok(())
    }

    /// Whether findings in some rows of a table are accepted: if its rows cannot be told apart, nothing can be said of it.
    fn is_accepted_in_part(&self, table: &str) -> bool {
        self.prepared.loaded.plan.accepted.iter().any(|own| own.table == table && own.condition.is_some())
    }
}

/// Why what is found in a column may stay in this [`part`] of the table.
fn accepted(plan: &Plan, table: &str, column: Option<&String>, part: &str) -> Option<String> {
    let own = plan.accepted.iter().filter(|own| own.table == table).zip(part.chars());
    let mut own = own.filter(|(own, digit)| *digit == '1' && (own.column.is_none() || own.column.as_ref() == column));
    own.next().map(|(own, _)| own.reason.clone())
}

/// Ends the savepoint of a search, with what was done since.
const UNDO: &str = "ROLLBACK TO SAVEPOINT lethe_search; RELEASE SAVEPOINT lethe_search";

/// Counts the rows of each column.
async fn count(connection: &mut Connection, plan: &Plan, own: &Shared) -> Result<Vec<(Where, u64)>, StoreError> {
    let mut counts = Vec::new();
    for row in query(&own.sql).fetch_all(connection).await? {
        let part: String = row.get(0)?;
        for (at, column) in own.columns.iter().enumerate() {
            let accepted = accepted(plan, &own.table, column.as_ref(), &part);
            counts.push(((own.table.clone(), column.clone(), accepted), row.get::<u64>(at + 1)?));
        }
    }
    Ok(counts)
}

/// What was found in a table: values by column and [`part`], each with a few of its rows.
struct OfTable<'a> {
    table: &'a LiveTable,
    found: BTreeMap<(String, String), BTreeMap<usize, Vec<String>>>,
    is_whole: bool,
}

impl OfTable<'_> {
    /// The values that are left in each column once those that others have too count for nothing. A single word goes
    /// with them if it told of its client only because one of them is in the same row: an address that a couple shares
    /// may hold the name of one.
    fn left(&self, values: &Several, shared: &BTreeSet<usize>) -> Vec<(&(String, String), BTreeSet<usize>)> {
        let mut of_rows: BTreeMap<&String, BTreeSet<usize>> = BTreeMap::new();
        for (value, rows) in self.found.values().flatten() {
            for row in rows {
                of_rows.entry(row).or_default().insert(*value);
            }
        }
        let tells = |value: usize, row: &String| {
            of_rows.get(row).is_none_or(|all| {
                let own = all.difference(shared).copied().collect();
                // Not all rows of a value are kept: what it stood beside may be unknown.
                values.is_telling(value, &own) || !values.is_telling(value, all)
            })
        };
        let left = |found: &BTreeMap<usize, Vec<String>>| -> BTreeSet<usize> {
            let own = found.iter().filter(|(value, _)| !shared.contains(value));
            let own = own.filter(|(value, rows)| rows.is_empty() || rows.iter().any(|row| tells(**value, row)));
            own.map(|(value, _)| *value).collect()
        };
        let all = self.found.iter().map(|(place, found)| (place, left(found)));
        all.filter(|(_, left)| !left.is_empty()).collect()
    }
}

async fn of_table<'a>(
    connection: &mut Connection,
    prepared: &Prepared,
    table: &'a LiveTable,
    columns: &[&LiveColumn],
    values: &Several,
    bounds: &Bounds,
) -> Result<OfTable<'a>, StoreError> {
    let plan = &prepared.loaded.plan;
    let step = step_of(plan, table);
    let wanted = prepared.wanted();
    let beside = Beside { identity: step.map(|_| table.identity.as_slice()), part: &part(&wanted, &table.name) };
    let mut read = hits(connection, plan.client.dialect, table, columns, beside, values, bounds).await?;
    if let Some(step) = step.filter(|_| !read.columns.is_empty()) {
        let rows = json_of(read.columns.values().flat_map(BTreeMap::values).flatten());
        // What their own rows may keep has been looked at when the rules were applied.
        let own = among(connection, &of_taken(&wanted, step, &table.identity), &rows).await?;
        for found in read.columns.values_mut() {
            for rows in found.values_mut() {
                rows.retain(|row| !own.contains(row));
            }
            found.retain(|_, rows| !rows.is_empty());
        }
    }
    Ok(OfTable { table, is_whole: read.is_read && !read.has_more, found: read.columns })
}

/// Which of these rows a statement finds, by identity.
async fn among(connection: &mut Connection, sql: &str, rows: &str) -> Result<BTreeSet<String>, StoreError> {
    let found: Vec<String> = query_scalar(sql).bind(rows).fetch_all(connection).await?;
    Ok(found.into_iter().collect())
}

/// The values that were found in rows of clients who stay, and are theirs as well. These clients are taken for it.
async fn had_by_owners(
    connection: &mut Connection,
    prepared: &Prepared,
    work: &Work<'_>,
    values: &Several,
    read: &[OfTable<'_>],
) -> Result<BTreeSet<usize>, BatchFault> {
    let wanted = prepared.wanted();
    let mut found = BTreeSet::new();
    for own in read.iter().filter(|own| !own.found.is_empty()) {
        let Some(step) = step_of(&prepared.loaded.plan, own.table) else { continue };
        let rows = json_of(own.found.values().flatten().flat_map(|(_, rows)| rows));
        for take in take_owners(&wanted, step, &own.table.identity) {
            query(&take).bind(&rows).execute(&mut *connection).await?;
        }
        found.extend(own.found.values().flat_map(BTreeMap::keys));
    }
    if found.is_empty() {
        return Ok(found);
    }
    for hold in hold_taken(&wanted) {
        query(&hold).execute(&mut *connection).await?;
    }
    let owners = residue::former_values(connection, work).await?;
    found.retain(|value| owners.values().any(|owner| values.is_had_by(*value, owner)));
    Ok(found)
}

/// The values that are those of other clients who stay, too, whether or not their rows have been read.
async fn had_by_others(
    connection: &mut Connection,
    prepared: &Prepared,
    values: &Several,
    mut left: BTreeSet<usize>,
) -> Result<BTreeSet<usize>, StoreError> {
    let plan = &prepared.loaded.plan;
    let texts = value::json_of(&values.texts(&left).collect::<Vec<_>>());
    let mut others = Former::new(plan.min_length);
    for sql in theirs(&prepared.wanted()) {
        let found: Vec<String> = query_scalar(&sql).bind(&texts).fetch_all(&mut *connection).await?;
        for text in found {
            others.add(&text);
        }
    }
    left.retain(|value| values.is_had_by(*value, &others));
    Ok(left)
}

/// Identities as a JSON array, each once.
fn json_of<'a>(rows: impl Iterator<Item = &'a String>) -> String {
    let rows: BTreeSet<&str> = rows.map(String::as_str).collect();
    format!("[{}]", rows.into_iter().collect::<Vec<_>>().join(","))
}

fn step_of<'a>(plan: &'a Plan, table: &LiveTable) -> Option<&'a Step> {
    plan.steps.iter().find(|step| step.table == table.name)
}

/// Whether the policy has former values stay in this column: `residue = "keep"`.
fn may_stay(plan: &Plan, table: &LiveTable, column: &str) -> bool {
    let said = plan.policy.tables.iter().find(|(name, _)| name.eq_ignore_ascii_case(&table.name)).map(|(_, own)| own);
    let is_own = |name: &str| name.eq_ignore_ascii_case(column);
    said.is_some_and(|own| {
        let columns = own.columns.iter().filter(|(name, _)| is_own(name)).map(|(_, said)| said);
        let keys = own.keys.values().filter(|_| own.key_value.as_ref().is_some_and(|own| is_own(&own.value)));
        columns.chain(keys).any(|said| said.residue == OnResidue::Keep)
    })
}
