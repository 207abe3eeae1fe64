//! What a rehearsal finds in the rest of the database, and a person has accepted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A finding of rehearsals that was looked at: it may stay, for a reason.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The table.
    pub table: String,
    /// The column; every column, and the deletion of rows, where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Why it may stay.
    pub reason: String,
}

impl Accepted {
    /// Whether this is about a column of a table, or its rows.
    pub fn is_of(&self, table: &str, column: Option<&str>) -> bool {
        let is_column = |own: &String| column.is_some_and(|column| own.eq_ignore_ascii_case(column));
        self.table.eq_ignore_ascii_case(table) && self.column.as_ref().is_none_or(is_column)
    }
}
