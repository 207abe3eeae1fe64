//! What a rehearsal finds beyond the rows of its clients, in the whole database.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Prepared;
use crate::database::{Bounds, Connection, StoreError, hits, query, query_scalar, texts_of};
use crate::domain::plan::{Plan, Step};
use crate::domain::policy::OnResidue;
use crate::domain::residue::{Former, Several};
use crate::domain::schema::{LiveColumn, LiveTable};
use crate::sql::others::{Shared, of_others, shared};

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
    /// read them, or a value is no text in UTF-8.
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

/// Numbers of rows or clients by table and column.
pub(super) type Counts = BTreeMap<(String, Option<String>), u64>;

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
        let accepted = &self.prepared.loaded.plan.policy.accepted;
        let finding = |((table, column), count): ((String, Option<String>), u64)| {
            let accepted = accepted.iter().find(|own| own.is_of(&table, column.as_deref()));
            Finding { accepted: accepted.map(|own| own.reason.clone()), table, column, count }
        };
        WholeDatabase {
            clients: self.clients,
            tables: self.tables.len(),
            found: self.found.into_iter().map(finding).collect(),
            changed: self.changed.into_iter().map(finding).collect(),
            unread: self.unread,
        }
    }

    /// Counts what the rules are about to change for the clients taken, and others have too.
    pub(super) async fn before(&self, connection: &mut Connection) -> Result<Counts, StoreError> {
        let mut counts = Counts::new();
        for own in &self.shared {
            let row = query(&own.sql).fetch_one(&mut *connection).await?;
            for (at, column) in own.columns.iter().enumerate() {
                let count = u64::try_from(row.get::<i64>(at)?).unwrap_or(0);
                if count > 0 {
                    *counts.entry((own.table.clone(), column.clone())).or_default() += count;
                }
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
        let bounds = Bounds { clients: clients.len(), rows: SEARCHED_ROWS, until: begun + self.left };
        let (plan, schema) = (&self.prepared.loaded.plan, &self.prepared.loaded.schema);
        let strangers = schema.strangers(&plan.client.table);
        let mut tables: Vec<&LiveTable> =
            schema.tables.values().filter(|table| !strangers.contains(&table.name)).collect();
        // Those that no link reaches first: nothing else looks at them.
        tables.sort_by_key(|table| step_of(plan, table).is_some());
        let (mut found, mut shared) = (Vec::new(), BTreeSet::new());
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
            let read = of_table(connection, self.prepared, table, &columns, &values, &bounds).await;
            let Ok(mut read) = read else {
                connection.run_script("ROLLBACK TO SAVEPOINT lethe_search; RELEASE SAVEPOINT lethe_search").await?;
                self.unread.insert(table.name.clone());
                continue;
            };
            connection.run_script("RELEASE SAVEPOINT lethe_search").await?;
            self.tables.insert(table.name.clone());
            if !read.is_whole {
                self.unread.insert(table.name.clone());
            }
            found.append(&mut read.found);
            shared.append(&mut read.shared);
        }
        let mut places: BTreeMap<(String, Option<String>), Vec<usize>> = BTreeMap::new();
        for (table, column, value) in found.into_iter().filter(|(.., value)| !shared.contains(value)) {
            places.entry((table, Some(column))).or_default().push(value);
        }
        for (place, values_there) in places {
            *self.found.entry(place).or_default() += values.clients(&values_there) as u64;
        }
        self.left = self.left.saturating_sub(begun.elapsed());
        Ok(())
    }
}

/// What was found in a table: values by column, and the values that clients who stay have too.
#[derive(Default)]
struct OfTable {
    found: Vec<(String, String, usize)>,
    shared: BTreeSet<usize>,
    is_whole: bool,
}

async fn of_table(
    connection: &mut Connection,
    prepared: &Prepared,
    table: &LiveTable,
    columns: &[&LiveColumn],
    values: &Several,
    bounds: &Bounds,
) -> Result<OfTable, StoreError> {
    let plan = &prepared.loaded.plan;
    let step = step_of(plan, table);
    let identity = step.map(|_| table.identity.as_slice());
    let read = hits(connection, plan.client.dialect, table, columns, identity, values, bounds).await?;
    let mut own = OfTable { is_whole: read.is_read && !read.has_more, ..OfTable::default() };
    // In the row of another client, its own name is no former value of somebody else; nor is a single word.
    let may_be_theirs = |column: &str, value: usize| is_identifying(plan, table, column) || values.is_word(value);
    let mut theirs = HashSet::new();
    if let Some(step) = step {
        let weighed = read.columns.iter().flat_map(|(column, found)| {
            found.iter().filter(|(value, _)| may_be_theirs(column, **value)).flat_map(|(_, rows)| rows)
        });
        let rows: BTreeSet<&str> = weighed.map(String::as_str).collect();
        if !rows.is_empty() {
            let rows = format!("[{}]", rows.into_iter().collect::<Vec<_>>().join(","));
            let asked = of_others(&prepared.wanted(), step, &table.identity);
            let found: Vec<String> = query_scalar(&asked).bind(rows).fetch_all(&mut *connection).await?;
            theirs.extend(found);
        }
    }
    for (column, found) in read.columns {
        for (value, rows) in found {
            if may_be_theirs(&column, value) && rows.iter().any(|row| theirs.contains(row)) {
                own.shared.insert(value);
            } else {
                own.found.push((table.name.clone(), column.clone(), value));
            }
        }
    }
    Ok(own)
}

fn step_of<'a>(plan: &'a Plan, table: &LiveTable) -> Option<&'a Step> {
    plan.steps.iter().find(|step| step.table == table.name)
}

fn is_identifying(plan: &Plan, table: &LiveTable, column: &str) -> bool {
    plan.identifying.iter().any(|own| own.table == table.name && own.columns.iter().any(|own| own == column))
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
