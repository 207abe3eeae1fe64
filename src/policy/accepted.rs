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
    /// An SQL condition over the table's columns: only findings in these rows may stay.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Why it may stay.
    pub reason: String,
}
