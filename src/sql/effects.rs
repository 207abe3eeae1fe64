//! What the rules would do to the rows of the clients taken, read and not done.

use super::change::differing;
use super::link::{Looks, OfRow, TAKEN};
use super::select::Wanted;
use super::{Scope, any_of, name};
use crate::domain::schema::{LiveColumn, Schema};
use crate::plan::{Compared, Path, Rule, Step};

/// Characters of a value that are shown: one more is read, if there is one.
pub const LONGEST: usize = 500;

/// Reads the rows of a table that one link reaches.
///
/// Each row gives the values of its key, whether it would be deleted, and for each column of `columns` its value, whether
/// it would change, and what it would hold then; values are texts of at most [`LONGEST`] characters and one.
#[derive(Debug, Clone)]
pub struct Effects {
    pub table: String,
    /// The way to the client, as people write it.
    pub link: String,
    pub key: Vec<String>,
    pub columns: Vec<String>,
    pub sql: String,
}

/// One for each way from a table to its clients, in the order of the plan; each reads `most` rows at most.
pub fn effects(wanted: &Wanted, schema: &Schema, most: usize) -> Vec<Effects> {
    let scope = wanted.scope();
    let ways = wanted.plan.steps.iter().flat_map(|step| step.paths.iter().map(move |path| (step, path)));
    ways.map(|(step, path)| reading(scope, step, path, schema, most)).collect()
}

fn reading(scope: Scope, step: &Step, path: &Path, schema: &Schema, most: usize) -> Effects {
    let read = |value: &str| format!("substr(CAST({value} AS TEXT), 1, {})", LONGEST + 1);
    let flag = |condition: &str| format!("CASE WHEN {condition} THEN 1 ELSE 0 END");
    let live: Vec<&LiveColumn> = schema.table(&step.table).iter().flat_map(|table| &table.columns).collect();
    let mut key: Vec<&LiveColumn> = live.iter().copied().filter(|own| own.primary_key > 0).collect();
    key.sort_by_key(|own| own.primary_key);
    let mut results: Vec<String> = key.iter().map(|own| read(&name(&own.name))).collect();
    let deletes = step.deletes.iter().filter(|own| own.paths.contains(path));
    let deletes = deletes.map(|own| match &own.condition {
        Some(condition) => scope.of_rows(&own.paths, &OfRow::new(condition, scope.today)),
        None => "TRUE".to_owned(),
    });
    results.push(flag(&any_of(deletes.collect())));
    let updates = step.updates.iter().chain(&step.unlinks).filter(|own| own.paths.contains(path));
    let mut rules: Vec<&Rule> = updates.flat_map(|own| &own.rules).collect();
    rules.sort_by_key(|rule| live.iter().position(|own| own.name == rule.column));
    for rule in &rules {
        let (own, value) = (name(&rule.column), scope.value(&step.table, rule));
        results.extend([read(&own), flag(&differing(rule, &own, &value)), read(&value)]);
    }
    let table = name(&step.table);
    let selected: Vec<String> = (0..results.len()).map(|at| format!("{table}.lethe_{at}")).collect();
    let from = scope.join(path, Looks { conditions: Vec::new(), results });
    Effects {
        table: step.table.clone(),
        link: written(path, &scope.client.table),
        key: key.into_iter().map(|own| own.name.clone()).collect(),
        columns: rules.iter().map(|rule| rule.column.clone()).collect(),
        sql: format!("SELECT {} FROM {from} WHERE {TAKEN}.n = 0 LIMIT {most}", selected.join(", ")),
    }
}

/// A way as `orders.customer_no = customers.no`, hop by hop.
fn written(path: &Path, client: &str) -> String {
    if path.name == "self" {
        return "its own key".to_owned();
    }
    let hops = path.hops.iter().enumerate().map(|(at, hop)| {
        let next = path.hops.get(at + 1).map_or(client, |next| next.table.as_str());
        let pairs = hop.columns.iter().zip(&hop.matches).zip(&hop.compared).map(|((own, other), compared)| {
            let how = match compared {
                Compared::AsEmails => " as e-mail addresses",
                Compared::Within(..) => " within a text",
                Compared::Plainly | Compared::By(_) | Compared::AsTexts => "",
            };
            format!("{}.{own} = {next}.{other}{how}", hop.table)
        });
        pairs.collect::<Vec<_>>().join(" and ")
    });
    hops.collect::<Vec<_>>().join(", ")
}
