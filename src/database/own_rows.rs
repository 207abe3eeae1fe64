//! What the rows of linked tables say: which links lead to clients other than those whose values the rows hold, and
//! which columns stay as they are although they hold values of the row's own client.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use futures::TryStreamExt;

use super::evidence::{FIRST, ROWS};
use super::search::{Bounds, Misled, Searched, cut, texts_of};
use super::{Connection, StoreError, query};
use crate::domain::residue::Several;
use crate::domain::schema::{LiveColumn, LiveTable, Schema};
use crate::plan::{Compared, Path, Plan, Step};
use crate::sql::name;

/// Reads the rows of these clients in each table that the plan links, by each of its links.
pub(super) async fn look(
    connection: &mut Connection,
    plan: &Plan,
    schema: &Schema,
    values: &Several,
    clients: &HashMap<String, usize>,
    bounds: &Bounds,
    searched: &mut Searched,
) -> Result<(), StoreError> {
    let [key] = plan.client.key.as_slice() else { return Ok(()) };
    let few = format!(
        "(SELECT {} AS k FROM {} LIMIT {}) AS few",
        name(key),
        schema.dialect.qualified(&plan.client.table),
        bounds.clients
    );
    for step in &plan.steps {
        let Some(table) = schema.table(&step.table) else { continue };
        let is_link =
            |own: &String| step.paths.iter().any(|path| path.hops.iter().any(|hop| hop.columns.contains(own)));
        let is_open = |own: &&LiveColumn| !is_link(&own.name) && !is_ruled(step, &own.name);
        let mut held: BTreeMap<&String, BTreeSet<usize>> = BTreeMap::new();
        let mut told = Vec::new();
        for path in step.paths.iter().filter(|path| is_plain(path)) {
            // What only a name says may lead to others, so all that the rows hold is read.
            let may_err = path.hops.len() > 1 && !is_declared(table, path);
            let mut columns = texts_of(table);
            columns.retain(|own| is_open(own) || may_err);
            if columns.is_empty() || Instant::now() >= bounds.until {
                continue;
            }
            let texts: Vec<String> = columns.iter().map(|own| cut(&format!("h0.{}", name(&own.name)))).collect();
            let sql = format!(
                "SELECT {}, CAST(few.k AS TEXT) FROM (SELECT * FROM {} LIMIT {FIRST}) AS h0{} JOIN {few} ON few.k = c.{} LIMIT {ROWS}",
                texts.join(", "),
                schema.dialect.qualified(&table.name),
                joined(plan, schema, path),
                name(key)
            );
            let (mut agree, mut differ) = (0, 0);
            let mut rows = query(&sql).fetch(&mut *connection);
            while let Some(row) = rows.try_next().await? {
                let Some(client) = clients.get(&row.get::<String>(columns.len())?) else { continue };
                let mut all = BTreeSet::new();
                for (at, column) in columns.iter().enumerate() {
                    // What is not UTF-8 names no client.
                    let Ok(Some(text)) = row.get::<Option<String>>(at) else { continue };
                    let found = values.found_in(&text);
                    if is_open(column) && values.owners(&found).contains(client) {
                        held.entry(&column.name).or_default().insert(*client);
                    }
                    all.extend(found);
                }
                if values.owners(&all).contains(client) {
                    agree += 1;
                } else if all.iter().any(|own| values.is_telling(*own, &all)) {
                    differ += 1;
                }
            }
            told.push((path, may_err, agree, differ));
        }
        // Where one link leads to them, another may lead to someone else: who pays, who referred.
        let is_told = told.iter().any(|(_, _, agree, differ)| agree > differ);
        let others =
            told.iter().filter(|(_, may_err, agree, differ)| *may_err && !is_told && *differ >= 3 && differ > agree);
        searched.misled.extend(others.map(|(path, ..)| Misled {
            table: table.name.clone(),
            columns: path.hops[0].columns.clone(),
            through: path.hops.get(1).map(|hop| hop.table.clone()),
        }));
        held.retain(|_, clients| clients.len() > 1);
        searched.kept.extend(held.into_iter().map(|(own, clients)| (table.name.clone(), own.clone(), clients.len())));
    }
    Ok(())
}

/// Whether a row's client can be read along a way.
fn is_plain(path: &Path) -> bool {
    path.hops
        .iter()
        .all(|hop| hop.condition.is_none() && hop.compared.iter().all(|compared| *compared == Compared::Plainly))
}

/// Whether a foreign key says so.
fn is_declared(table: &LiveTable, path: &Path) -> bool {
    path.hops.first().is_none_or(|hop| table.foreign_keys.iter().any(|key| key.columns == hop.columns))
}

/// Whether something happens to a column, or to all rows.
fn is_ruled(step: &Step, column: &str) -> bool {
    let updates = step.updates.iter().chain(&step.unlinks);
    !step.deletes.is_empty() || updates.flat_map(|own| &own.rules).any(|rule| rule.column == column)
}

/// The joins from `h0` to the client, `c`.
fn joined(plan: &Plan, schema: &Schema, path: &Path) -> String {
    let hops = path.hops.iter().enumerate().map(|(at, hop)| {
        let (next, table) = match path.hops.get(at + 1) {
            Some(next) => (format!("h{}", at + 1), &next.table),
            None => ("c".to_owned(), &plan.client.table),
        };
        let pairs = hop.columns.iter().zip(&hop.matches);
        let pairs: Vec<String> =
            pairs.map(|(own, other)| format!("{next}.{} = h{at}.{}", name(other), name(own))).collect();
        format!(" JOIN {} AS {next} ON {}", schema.dialect.qualified(table), pairs.join(" AND "))
    });
    hops.collect()
}
