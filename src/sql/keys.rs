//! Keys of key-value tables that the policy does not know.

use super::{Scope, name, relation, text};
use crate::domain::dialect::Dialect;
use crate::plan::{KnownKeys, Step};

/// One that rows of the clients taken have: its table, and the statement.
pub(super) fn unknown_keys(scope: Scope, step: &Step) -> Option<(String, String)> {
    let keys = step.keys.as_ref()?;
    let own = name(&keys.column);
    let known = keys.known.iter().map(|key| text(key)).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT COALESCE(CAST({own} AS TEXT), '') FROM {} WHERE {} AND COALESCE(CAST({own} AS TEXT), '') NOT IN ({known}) LIMIT 1",
        scope.relation(&step.table),
        scope.belongs(&step.paths)
    );
    Some((step.table.clone(), sql))
}

/// Every key of a key-value table, and every one that its catalogue defines, that the policy does not know.
pub fn all_unknown_keys(dialect: Dialect, step: &Step) -> Option<String> {
    let keys = step.keys.as_ref()?;
    let used = key_not_known(dialect, keys, &step.table, &keys.column);
    let defined = keys.catalogue.as_ref().map(|(table, column)| key_not_known(dialect, keys, table, column));
    let all: Vec<String> = [used].into_iter().chain(defined).collect();
    Some(format!("{} ORDER BY 1", all.join(" UNION ")))
}

fn key_not_known(dialect: Dialect, keys: &KnownKeys, table: &str, column: &str) -> String {
    let own = format!("COALESCE(CAST({} AS TEXT), '')", name(column));
    let known = keys.known.iter().map(|key| text(key)).collect::<Vec<_>>().join(", ");
    format!("SELECT DISTINCT {own} FROM {} WHERE {own} NOT IN ({known})", relation(dialect, table))
}

/// A key that the catalogue of a key-value table defines and the policy does not know.
pub(super) fn undefined_keys(scope: Scope, step: &Step) -> Option<(String, String)> {
    let keys = step.keys.as_ref()?;
    let (table, column) = keys.catalogue.as_ref()?;
    Some((step.table.clone(), format!("{} LIMIT 1", key_not_known(scope.dialect, keys, table, column))))
}
