//! Where values of a few clients stand in the whole database.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::TryStreamExt;

use super::evidence::{self, Evidence, Names};
use super::{Connection, StoreError, own_rows, query, query_scalar};
use crate::domain::dialect::Dialect;
use crate::domain::residue::{Former, Several};
use crate::domain::schema::{Kind, LiveColumn, LiveTable, Schema};
use crate::plan::{Compared, Plan};
use crate::sql::{name, relation};
use serde::Serialize;

/// Characters read of each value.
const CHARACTERS: usize = 8_000;
/// How long it is looked for what names the clients whose values were found, all tables together.
const LINKED_FOR: Duration = Duration::from_secs(10);

/// How far a search goes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Clients whose values are looked for.
    pub clients: usize,
    /// Rows read of each table.
    pub rows: usize,
    /// When to stop.
    pub until: Instant,
    /// Whether a single word counts, such as a last name, where no other value of its client is in the same row.
    pub lone_words: bool,
}

/// A column in which values of clients stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    pub table: String,
    pub column: String,
    /// How many of the clients looked for.
    pub clients: usize,
    /// What in its table's rows names these clients; none where nothing does, or it was not looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Evidence>,
    /// Whether the plan links the table, by columns that are blank in its first rows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_linked: bool,
}

/// A link that leads to clients other than those whose values its rows hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Misled {
    pub table: String,
    pub columns: Vec<String>,
    /// The table it leads over; none where it leads to the client table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// What a search came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Searched {
    /// Clients whose values were looked for.
    pub clients: usize,
    /// Tables that were read.
    pub tables: usize,
    pub found: Vec<Found>,
    /// Links of which the rows say that they lead to other clients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub misled: Vec<Misled>,
    /// Columns that stay although they hold values of the row's own client, with the number of clients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<(String, String, usize)>,
    /// Tables that were not read to the end: the time was up, the account may not read them, or a value is
    /// no text in UTF-8.
    pub left: Vec<String>,
}

/// The identifying values of the first clients, with their keys where these are texts, and what may name them elsewhere.
pub(super) async fn clients(
    connection: &mut Connection,
    plan: &Plan,
    schema: &Schema,
    most: usize,
) -> Result<(Vec<Former>, Vec<Names>), StoreError> {
    let Some(table) = schema.table(&plan.client.table) else { return Ok((Vec::new(), Vec::new())) };
    let sources = plan.identifying.iter().filter(|source| source.table == table.name && source.condition.is_none());
    let mut columns: Vec<&String> = sources.flat_map(|source| &source.columns).collect();
    let is_text = |name: &&String| table.column(name).is_some_and(|column| column.kind() == Kind::Text);
    columns.extend(plan.client.key.iter().filter(is_text));
    if columns.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut names = Names::of_clients(plan, table);
    let texts = columns.iter().map(|own| format!("CAST({} AS TEXT)", name(own)));
    let texts: Vec<String> = texts.chain(names.iter().map(|own| own.texts(&table.name))).collect();
    let from = relation(schema.dialect, &table.name);
    let sql = format!("SELECT {} FROM {from} LIMIT {most}", texts.join(", "));
    let mut all = Vec::new();
    for row in query(&sql).fetch_all(connection).await? {
        let mut former = Former::new(plan.min_length.max(4));
        for at in 0..columns.len() {
            if let Some(value) = row.get::<Option<String>>(at)? {
                former.add(&value);
            }
        }
        for (at, own) in names.iter_mut().enumerate() {
            let at = columns.len() + 2 * at;
            own.add(row.get(at)?, row.get(at + 1)?, all.len());
        }
        all.push(former);
    }
    Ok((all, names))
}

/// The tables that the plan links by columns that are NULL, 0 or empty in all of their first rows.
pub(super) async fn unlinked<'a>(
    connection: &mut Connection,
    plan: &Plan,
    schema: &'a Schema,
    rows: usize,
) -> Result<Vec<&'a LiveTable>, StoreError> {
    let mut all = Vec::new();
    for step in plan.steps.iter().filter(|step| step.table != plan.client.table) {
        let Some(table) = schema.table(&step.table) else { continue };
        let columns: BTreeSet<&String> = step.paths.iter().flat_map(|path| &path.hops[0].columns).collect();
        let columns: Vec<String> = columns.into_iter().map(|own| name(own)).collect();
        let links: Vec<String> =
            columns.iter().map(|own| format!("NULLIF(NULLIF(CAST({own} AS TEXT), '0'), '')")).collect();
        let sql = format!(
            "SELECT count(*), count(COALESCE({}, NULL)) FROM (SELECT {} FROM {} LIMIT {rows}) AS few",
            links.join(", "),
            columns.join(", "),
            relation(schema.dialect, &table.name)
        );
        let row = query(&sql).fetch_one(&mut *connection).await?;
        if row.get::<i64>(0)? > 0 && row.get::<i64>(1)? == 0 {
            all.push(table);
        }
    }
    Ok(all)
}

/// Looks at the rows that links lead to these clients, and for what names them in the tables where values of theirs were found.
pub(super) async fn link(
    connection: &mut Connection,
    plan: &Plan,
    schema: &Schema,
    (clients, mut names): (&[Former], Vec<Names>),
    rows: usize,
    searched: &mut Searched,
) -> Result<(), StoreError> {
    let bounds = Bounds { clients: clients.len(), rows, until: Instant::now() + LINKED_FOR, lone_words: true };
    let values = Several::of(clients, 0);
    let keys = names.iter().find_map(Names::keys);
    if !searched.found.is_empty() {
        evidence::add_reached(connection, plan, schema, &mut names).await?;
    }
    for some in searched.found.chunk_by_mut(|one, other| one.table == other.table) {
        let Some(table) = schema.table(&some[0].table) else { continue };
        let found = evidence::of_table(connection, schema.dialect, table, &values, &names, &bounds).await?;
        for own in some {
            own.link.clone_from(&found);
        }
    }
    if let Some(keys) = keys {
        let bounds = Bounds { until: Instant::now() + LINKED_FOR, ..bounds };
        own_rows::look(connection, plan, schema, &values, &keys, &bounds, searched).await?;
    }
    Ok(())
}

/// Looks for these clients' values in the first rows of each of these tables.
pub(super) async fn search(
    connection: &mut Connection,
    schema: &Schema,
    tables: &[&LiveTable],
    clients: &[Former],
    bounds: &Bounds,
) -> Result<Searched, StoreError> {
    let mut searched = Searched { clients: clients.len(), ..Searched::default() };
    let values = Several::of(clients, 0);
    for table in tables {
        let columns = texts_of(table);
        if columns.is_empty() || values.is_empty() {
            continue;
        }
        if Instant::now() >= bounds.until {
            searched.left.push(table.name.clone());
            continue;
        }
        let beside = Beside { identity: None, part: "CAST('' AS TEXT)" };
        let hits = match hits(connection, schema.dialect, table, &columns, beside, &values, bounds).await {
            Err(error) if error.is_forbidden() => {
                searched.left.push(table.name.clone());
                continue;
            }
            hits => hits?,
        };
        searched.tables += 1;
        if !hits.is_read {
            searched.left.push(table.name.clone());
        }
        for ((column, _), found) in &hits.columns {
            let count = values.clients(found.keys());
            searched.found.push(Found {
                table: table.name.clone(),
                column: column.clone(),
                clients: count,
                link: None,
                is_linked: false,
            });
        }
    }
    Ok(searched)
}

/// The columns of a table that may hold texts.
pub fn texts_of(table: &LiveTable) -> Vec<&LiveColumn> {
    table.columns.iter().filter(|own| matches!(own.kind(), Kind::Text | Kind::Unknown)).collect()
}

/// The identities that are kept of the rows that hold a value.
const ROWS_KEPT: usize = 20;

/// What was found in one table.
#[derive(Debug)]
pub struct Hits {
    /// The columns in which values can be read, in each part of the table: which values these are, and a few of the
    /// rows, by identity.
    pub columns: BTreeMap<(String, String), BTreeMap<usize, Vec<String>>>,
    /// Whether all was read before the time was up, and as texts.
    pub is_read: bool,
    /// Whether the table has more rows than were to be read.
    pub has_more: bool,
}

/// What is read of a row beside its texts.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// What identifies it, if rows are to be kept.
    pub identity: Option<&'a [String]>,
    /// A text in SQL; rows for which it differs are parts of the table.
    pub part: &'a str,
}

/// Looks for values in the first rows of a table, in one pass over these columns.
pub async fn hits(
    connection: &mut Connection,
    dialect: Dialect,
    table: &LiveTable,
    columns: &[&LiveColumn],
    beside: Beside<'_>,
    values: &Several,
    bounds: &Bounds,
) -> Result<Hits, StoreError> {
    let mut hits = Hits { columns: BTreeMap::new(), is_read: true, has_more: false };
    let identity = beside.identity.map_or_else(|| "NULL".to_owned(), |own| dialect.row_json(&table.name, own));
    let behind = format!("{identity}, {}", beside.part);
    let sql = rows(dialect, table, columns, &behind, bounds.rows + 1);
    let mut rows = query(&sql).fetch(&mut *connection);
    let mut read = 0;
    while let Some(row) = rows.try_next().await? {
        if read == bounds.rows {
            hits.has_more = true;
            break;
        }
        read += 1;
        if Instant::now() >= bounds.until {
            hits.is_read = false;
            break;
        }
        let mut found = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            let value = match row.get::<Option<String>>(at) {
                Ok(Some(value)) => value,
                Ok(None) => continue,
                Err(_) => {
                    hits.is_read = false;
                    continue;
                }
            };
            found.extend(values.found_in(&value).into_iter().map(|value| (&column.name, value)));
        }
        let all: BTreeSet<usize> = found.iter().map(|(_, value)| *value).collect();
        for (column, value) in found {
            if bounds.lone_words || values.is_telling(value, &all) {
                let place = (column.clone(), row.get::<String>(columns.len() + 1)?);
                let kept = hits.columns.entry(place).or_default().entry(value).or_default();
                if kept.len() < ROWS_KEPT {
                    kept.extend(row.get::<Option<String>>(columns.len())?);
                }
            }
        }
    }
    Ok(hits)
}

/// Rows that no client has, and one would by a link if case and outer spaces did not matter; or zeros before a value, where
/// columns of different types are compared as texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Near {
    pub table: String,
    pub column: String,
    /// Whether the link compares columns of different types as texts.
    pub as_texts: bool,
    /// At most [`MOST_NEAR`].
    pub rows: i64,
}

/// More rows than these are not counted.
pub const MOST_NEAR: i64 = 1_000;

/// Counts these rows for each link by an e-mail address that is compared as it is, and for each between different types.
pub(super) async fn near(connection: &mut Connection, plan: &Plan, schema: &Schema) -> Result<Vec<Near>, StoreError> {
    let mut all: Vec<Near> = Vec::new();
    let is_text = |table: &str, own: &str| {
        let column = schema.table(table).and_then(|table| table.column(own));
        column.is_some_and(|column| column.kind() == Kind::Text)
    };
    for path in plan.steps.iter().flat_map(|step| &step.paths).filter(|path| path.name != "self") {
        for (at, hop) in path.hops.iter().enumerate() {
            let next = path.hops.get(at + 1).map_or(&plan.client.table, |next| &next.table);
            let ([own], [other], [compared]) =
                (hop.columns.as_slice(), hop.matches.as_slice(), hop.compared.as_slice())
            else {
                continue;
            };
            let is_mail = [own, other].iter().any(|name| name.to_lowercase().contains("mail"));
            let are_mails = is_mail && is_text(&hop.table, own) && is_text(next, other);
            let as_texts = match compared {
                Compared::Plainly if are_mails => false,
                Compared::AsTexts => true,
                _ => continue,
            };
            if all.iter().any(|near| near.table == hop.table && near.column == *own) {
                continue;
            }
            let (from, next) = (schema.dialect.qualified(&hop.table), schema.dialect.qualified(next));
            let of = |table: &str, column: &str| {
                let column = format!("{table}.{}", name(column));
                if as_texts { format!("CAST({column} AS TEXT)") } else { column }
            };
            let (mine, theirs) = (of("a", own), of("b", other));
            let form = |text: &str| {
                let form = format!("lower(trim({text}))");
                if as_texts { format!("ltrim({form}, '0')") } else { form }
            };
            let sql = format!(
                "SELECT count(*) FROM (SELECT 1 FROM {from} AS a WHERE {mine} IS NOT NULL \
                 AND NOT EXISTS (SELECT 1 FROM {next} AS b WHERE {theirs} = {mine}) \
                 AND {0} <> '' AND {0} IN (SELECT {1} FROM {next} AS b) LIMIT {MOST_NEAR}) AS near",
                form(&mine),
                form(&theirs)
            );
            let rows: i64 = query_scalar(&sql).fetch_one(&mut *connection).await?;
            if rows > 0 {
                all.push(Near { table: hop.table.clone(), column: own.clone(), as_texts, rows });
            }
        }
    }
    Ok(all)
}

/// The first rows of a table as texts, each with this behind it.
pub(super) fn rows(dialect: Dialect, table: &LiveTable, columns: &[&LiveColumn], behind: &str, most: usize) -> String {
    let texts: Vec<String> = columns.iter().map(|own| cut(&name(&own.name))).collect();
    format!("SELECT {}, {behind} FROM {} LIMIT {most}", texts.join(", "), relation(dialect, &table.name))
}

/// The first characters of a value as a text.
pub(super) fn cut(column: &str) -> String {
    format!("substr(CAST({column} AS TEXT), 1, {CHARACTERS})")
}
