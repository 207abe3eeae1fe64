//! In which order tables have their turn, and what must not change before all have had it.

use std::collections::{BTreeMap, BTreeSet};

use super::Path;
use super::builder::Builder;
use crate::domain::schema::LiveTable;
use crate::policy::Table;

/// The mapped tables: each before the tables it is reached through and, as far
/// as that allows, before those it refers to; the client table last.
pub(super) fn in_order<'a>(builder: &Builder<'a>) -> Vec<&'a LiveTable> {
    let client = builder.client_table;
    let mapped: Vec<(&'a LiveTable, &'a Table)> = builder
        .policy
        .tables
        .iter()
        .filter(|(_, rule)| rule.free.is_none())
        .filter_map(|(name, rule)| Some((builder.schema.table(name)?, rule)))
        .filter(|(table, _)| table.name != client.name)
        .collect();
    let places: BTreeMap<&str, usize> =
        mapped.iter().enumerate().map(|(at, (table, _))| (table.name.as_str(), at)).collect();
    let place = |name: &String| places.get(builder.schema.table(name)?.name.as_str()).copied();
    let (mut comers, mut referrers) = (vec![Vec::new(); mapped.len()], vec![Vec::new(); mapped.len()]);
    for (at, (table, rule)) in mapped.iter().enumerate() {
        let through = rule.client.iter().flat_map(|links| &links.0).filter_map(|link| link.through.as_ref());
        through.filter_map(place).for_each(|parent| comers[parent].push(at));
        let references = table.foreign_keys.iter().map(|key| &key.references);
        references.filter_map(place).filter(|parent| *parent != at).for_each(|parent| referrers[parent].push(at));
    }
    let mut left: Vec<usize> = (0..mapped.len()).collect();
    let mut done = Vec::new();
    while !left.is_empty() {
        let is_left = |others: &[usize]| others.iter().any(|other| left.binary_search(other).is_ok());
        let free = (0..left.len()).filter(|&at| !is_left(&comers[left[at]]));
        let free = free.min_by_key(|&at| is_left(&referrers[left[at]]));
        // Two tables may lead to each other, by different links; foreign keys may go round in a circle.
        let mutual = |own: usize| comers[own].iter().all(|other| !is_left(&[*other]) || comers[*other].contains(&own));
        let next = free.or_else(|| (0..left.len()).find(|&at| mutual(left[at]))).unwrap_or(0);
        done.push(mapped[left.remove(next)].0);
    }
    done.push(client);
    done
}

/// The columns of a table by which it refers to rows that the policy deletes.
pub(super) fn referring_to_rows_that_go(builder: &Builder, table: &LiveTable) -> BTreeSet<String> {
    let goes = |name: &String| builder.rule_of(name).is_some_and(|rule| rule.rows.is_some());
    table.foreign_keys.iter().filter(|key| goes(&key.references)).flat_map(|key| key.columns.iter().cloned()).collect()
}

/// Tables that others are reached through.
pub(super) fn parents(builder: &Builder) -> BTreeSet<String> {
    let links = builder.policy.tables.values().filter_map(|table| table.client.as_ref()).flat_map(|links| &links.0);
    links
        .filter_map(|link| link.through.as_ref())
        .filter_map(|name| builder.schema.table(name).map(|table| table.name.clone()))
        .collect()
}

/// The columns that ways to clients run over, as (table, column): changing one
/// before the residue check would hide its rows.
pub(super) fn travelled_columns(builder: &mut Builder) -> BTreeSet<(String, String)> {
    let mut columns = BTreeSet::new();
    let client = builder.client_table.name.clone();
    for table in in_order(builder) {
        let paths = builder.quiet_paths(table);
        for path in paths {
            for (at, hop) in path.hops.iter().enumerate() {
                let next = path.hops.get(at + 1).map_or(&client, |next| &next.table);
                columns.extend(hop.columns.iter().map(|column| (hop.table.clone(), column.clone())));
                columns.extend(hop.matches.iter().map(|column| (next.clone(), column.clone())));
                if let Some(condition) = &hop.condition {
                    columns.extend(condition.columns.iter().map(|column| (hop.table.clone(), column.clone())));
                }
            }
        }
    }
    columns
}

impl Builder<'_> {
    /// The ways of a table: what is wrong with them, and their conditions, are
    /// recorded when the table itself is built.
    pub(super) fn quiet_paths(&mut self, table: &LiveTable) -> Vec<Path> {
        let mark = self.mark();
        let paths = self.table_paths(table, "");
        self.rewind(mark);
        paths
    }
}
