//! The company's own saved selections: which there are, and whom each of them names.

use super::link::{CLIENT, Looks};
use super::{Scope, column, key_columns, key_names, name, row, tuple};
use crate::domain::today::Today;
use crate::plan::{Plan, SelectionsPlan};

/// The rows of selections, each with its name and its client, as the beginning of a query; those of one name where
/// a literal of it is given.
fn found(scope: Scope, own: &SelectionsPlan, of: Option<&str>) -> String {
    let called = column(&own.table, &own.name.column);
    let looks = Looks { conditions: conditions(scope, own, of), results: vec![scope.dialect.as_text(&called)] };
    let way = |path| {
        let (from, key) = scope.join_from(path, &looks);
        format!("SELECT {}.lethe_0, {key} FROM {from}", name(&own.table))
    };
    let ways: Vec<String> = own.paths.iter().map(way).collect();
    format!("WITH lethe_found (lethe_name, {}) AS ({})", key_names(scope.client.key.len()), ways.join(" UNION "))
}

fn conditions(scope: Scope, own: &SelectionsPlan, of: Option<&str>) -> Vec<String> {
    let called = column(&own.table, &own.name.column);
    let mut conditions: Vec<String> = own.condition.iter().map(|condition| condition.sql(scope.today)).collect();
    conditions.push(match of {
        Some(literal) => {
            format!("{} IN ({literal})", scope.dialect.filtered(&called, own.name.kind, &own.name.declared))
        }
        None => format!("{called} IS NOT NULL"),
    });
    conditions
}

/// How many selections with clients have this name; `None` if a row does not stand for a selection, or none can have
/// the name.
pub fn of_one_name(plan: &Plan, own: &SelectionsPlan, today: Today, called: &str) -> Option<String> {
    let scope = Scope::new(&plan.client, today);
    let literal = scope.dialect.filter_value(own.name.kind, &own.name.declared, called)?;
    let results: Vec<String> = own.identity.iter().map(|key| column(&own.table, key)).collect();
    let looks = Looks { conditions: conditions(scope, own, Some(&literal)), results };
    let keys: Vec<String> = (0..own.identity.len()).map(|at| format!("{}.lethe_{at}", name(&own.table))).collect();
    let way = |path| format!("SELECT DISTINCT {} FROM {}", keys.join(", "), scope.join_from(path, &looks).0);
    let ways: Vec<String> = own.paths.iter().map(way).collect();
    (!keys.is_empty()).then(|| format!("SELECT count(*) FROM ({}) AS lethe_found", ways.join(" UNION ")))
}

/// Each selection with the number of its clients, by name. `$1` is the most rows.
pub fn named(plan: &Plan, own: &SelectionsPlan, today: Today) -> String {
    let scope = Scope::new(&plan.client, today);
    format!(
        "{} SELECT lethe_found.lethe_name, count(*) FROM lethe_found JOIN {} \
         GROUP BY lethe_found.lethe_name ORDER BY lethe_found.lethe_name LIMIT $1",
        found(scope, own, None),
        scope.clients_on(&row(key_columns("lethe_found", plan.client.key.len()))),
    )
}

/// The clients of one selection as a query without its columns; `None` if no selection can have this name.
fn clients(scope: Scope, own: &SelectionsPlan, name: &str) -> Option<(String, String)> {
    let literal = scope.dialect.filter_value(own.name.kind, &own.name.declared, name)?;
    let from = format!(
        "FROM {} WHERE {} IN (SELECT {} FROM lethe_found)",
        scope.clients(),
        tuple(CLIENT, &scope.client.key),
        key_names(scope.client.key.len())
    );
    Some((found(scope, own, Some(&literal)), from))
}

/// How many clients a selection has.
pub fn count(plan: &Plan, own: &SelectionsPlan, today: Today, name: &str) -> Option<String> {
    let (found, from) = clients(Scope::new(&plan.client, today), own, name)?;
    Some(format!("{found} SELECT count(*) {from}"))
}

/// The next clients of a selection in key order. `$1` is the last key as JSON, if `behind` one; `$2` the most rows.
pub fn page(plan: &Plan, own: &SelectionsPlan, today: Today, name: &str, behind: bool) -> Option<String> {
    let scope = Scope::new(&plan.client, today);
    let (found, from) = clients(scope, own, name)?;
    let key = tuple(CLIENT, &plan.client.key);
    let after = if behind { format!(" AND {key} > {}", scope.key_of("$1")) } else { String::new() };
    Some(format!("{found} SELECT {} {from}{after} ORDER BY {} LIMIT $2", scope.key_json(CLIENT), scope.keys()))
}
