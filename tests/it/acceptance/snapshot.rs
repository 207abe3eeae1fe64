//! Every row and column of a company, and what differs between two moments.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::common::place::Place;

/// A row: its columns by name. Flags are 0 and 1 on every kind of database.
pub type Row = BTreeMap<String, Value>;

/// The rows of each table by their primary key, its parts joined by `,`.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub tables: BTreeMap<String, BTreeMap<String, Row>>,
}

/// What became of one value, of a row that is new, or of one that is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub table: String,
    /// The primary key of the row.
    pub row: String,
    /// `+` for a row that is new, `-` for one that is gone.
    pub column: String,
    pub before: Value,
    pub after: Value,
}

impl Snapshot {
    pub(super) async fn of(place: &Place) -> Self {
        let mut tables = BTreeMap::new();
        let names = place.tables().await;
        let of_each = |sql: &dyn Fn(&str, &str) -> String| -> Vec<String> {
            names.iter().map(|(table, quoted)| sql(table, quoted)).collect()
        };
        let keys = place.answers(&of_each(&|table, quoted| keys(place, table, quoted))).await;
        let columns = place.answers(&of_each(&|table, _| columns(place, table))).await;
        let content: Vec<String> =
            names.iter().zip(&columns).map(|((_, quoted), columns)| as_json(place, quoted, columns)).collect();
        let content = place.answers(&content).await;
        for (((table, _), keys), content) in names.iter().zip(&keys).zip(content) {
            let mut rows = BTreeMap::new();
            for line in content {
                let mut row: Row = serde_json::from_str(&line).expect("a row as JSON");
                for value in row.values_mut() {
                    if let Value::Bool(flag) = value {
                        *value = Value::from(u8::from(*flag));
                    }
                }
                let parts: Vec<String> = keys.iter().map(|key| text(&row[key])).collect();
                // A table without a key: its rows as they are, the same ones counted.
                let base = if parts.is_empty() { line.clone() } else { parts.join(",") };
                let mut key = base.clone();
                for more in 2.. {
                    if !rows.contains_key(&key) {
                        break;
                    }
                    key = format!("{base} #{more}");
                }
                rows.insert(key, row);
            }
            tables.insert(table.clone(), rows);
        }
        Self { tables }
    }

    /// What has changed since an earlier moment, in the order of tables, rows and columns.
    pub fn changes_since(&self, before: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        let names: BTreeSet<&String> = before.tables.keys().chain(self.tables.keys()).collect();
        let none = BTreeMap::new();
        for table in names {
            let (old, new) = (before.tables.get(table).unwrap_or(&none), self.tables.get(table).unwrap_or(&none));
            let rows: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for row in rows {
                let mut note = |column: &str, before: &Value, after: &Value| {
                    changes.push(Change {
                        table: table.clone(),
                        row: row.clone(),
                        column: column.to_owned(),
                        before: before.clone(),
                        after: after.clone(),
                    });
                };
                match (old.get(row), new.get(row)) {
                    (Some(old), Some(new)) => {
                        for (column, before) in old.iter().filter(|(column, before)| new.get(*column) != Some(before)) {
                            note(column, before, new.get(column).unwrap_or(&Value::Null));
                        }
                    }
                    (None, _) => note("+", &Value::Null, &Value::Null),
                    (_, None) => note("-", &Value::Null, &Value::Null),
                }
            }
        }
        changes
    }

    /// The columns that differ from an earlier moment, as `table.column`; `table.-` where rows are
    /// gone, `table.+` where there are new ones.
    pub fn touched_since(&self, before: &Self) -> BTreeSet<String> {
        self.changes_since(before).into_iter().map(|own| format!("{}.{}", own.table, own.column)).collect()
    }

    /// The rows of a table.
    pub fn table(&self, name: &str) -> &BTreeMap<String, Row> {
        self.tables.get(name).unwrap_or_else(|| panic!("there is a table `{name}`"))
    }

    /// A row of a table by its primary key.
    pub fn row(&self, table: &str, key: &str) -> &Row {
        self.table(table).get(key).unwrap_or_else(|| panic!("there is a row `{key}` in `{table}`"))
    }

    /// A value as a text: NULL as `NULL`, numbers and flags as they are written.
    pub fn text(&self, table: &str, key: &str, column: &str) -> String {
        let row = self.row(table, key);
        text(row.get(column).unwrap_or_else(|| panic!("there is a column `{column}` in `{table}`")))
    }

    /// Where a text stands anywhere in the company, as `table.column`.
    pub fn mentions(&self, wanted: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (table, rows) in &self.tables {
            for row in rows.values() {
                for (column, _) in row.iter().filter(|(_, value)| text(value).contains(wanted)) {
                    found.insert(format!("{table}.{column}"));
                }
            }
        }
        found
    }
}

/// A value as a text.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The columns of a table's primary key, in order.
fn keys(place: &Place, table: &str, quoted: &str) -> String {
    match place {
        Place::File(_) => {
            format!("SELECT name FROM pragma_table_info({}) WHERE pk > 0 ORDER BY pk", literal(table))
        }
        Place::Server(_) => format!(
            "SELECT attname FROM pg_index, unnest(indkey) WITH ORDINALITY AS k (number, at), pg_attribute \
             WHERE indrelid = {}::regclass AND indisprimary AND attrelid = indrelid AND attnum = number ORDER BY at",
            literal(quoted)
        ),
    }
}

fn columns(place: &Place, table: &str) -> String {
    match place {
        Place::File(_) => format!("SELECT name FROM pragma_table_info({})", literal(table)),
        // There, a row is JSON by itself.
        Place::Server(_) => "SELECT 1 WHERE false".to_owned(),
    }
}

fn as_json(place: &Place, quoted: &str, columns: &[String]) -> String {
    match place {
        Place::File(_) => {
            let name = |column: &String| format!("\"{}\"", column.replace('"', "\"\""));
            let value =
                |column: &String| format!("CASE typeof({0}) WHEN 'blob' THEN hex({0}) ELSE {0} END", name(column));
            let pairs: Vec<String> =
                columns.iter().map(|column| format!("{}, {}", literal(column), value(column))).collect();
            format!("SELECT json_object({}) FROM {quoted}", pairs.join(", "))
        }
        Place::Server(_) => format!("SELECT CAST(row_to_json(t) AS TEXT) FROM {quoted} AS t"),
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
