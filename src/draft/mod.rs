//! The first draft of a policy, made from a live schema and a few samples.
//!
//! What `lethe policy init` does once the database has been read: pure, no
//! input or output. It may import from [`domain`](crate::domain) only.
//!
//! A guess that is certain is written as a line of the policy. One that is not
//! is written as a comment under a `# TODO`, so that the column stays
//! unclassified and `lethe policy check` refuses the policy until a person has
//! decided. Sampled values steer the guesses; none is quoted but short status
//! words and owner types, which name no one.

mod client;
mod due;
mod guess;
mod link;
mod rule;
mod sample;
mod vocabulary;
mod words;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::domain::nearest::nearest;
use crate::domain::schema::Schema;

/// A few distinct non-empty values of each column, as text, by table and column.
pub type Samples = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// What the person said, where they said it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The table with one row a client.
    pub client_table: Option<String>,
    /// The column, or columns, that identify a client.
    pub key: Option<Vec<String>>,
}

/// A first policy, for people to read and finish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The text of `policy.toml`.
    pub text: String,
    /// The client table, as the database spells it.
    pub client_table: String,
    /// How many tables the policy lists, the client table included.
    pub tables: usize,
    /// How many columns it lists, decided or not.
    pub columns: usize,
    /// The places that wait for a decision, as `table.column`, in the order of the text.
    pub uncertain: Vec<String>,
}

/// Why no draft can be made of a schema.
///
/// `Display` says what is wrong; [`hint`](Self::hint) says what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The database is empty.
    #[error("the database has no tables")]
    NoTables,

    /// The table named by the person does not exist.
    #[error("there is no table `{table}`")]
    UnknownTable {
        table: String,
        /// The most similar table.
        nearest: Option<String>,
    },

    /// The client table named by the person is a view or a virtual table.
    #[error("`{table}` is a {what}, not a table")]
    NotATable {
        table: String,
        /// What it is instead.
        what: String,
    },

    /// No table looks like a table of clients.
    #[error("no table looks like the table of clients")]
    NoClientTable {
        /// Tables with personal-looking columns, most of them first.
        candidates: Vec<String>,
    },

    /// Several tables look equally like a table of clients.
    #[error("several tables could be the table of clients: {}", quoted(candidates))]
    SeveralClientTables {
        /// The tables, the likeliest first.
        candidates: Vec<String>,
    },

    /// The client table has neither a primary key nor a unique index to go by.
    #[error("table `{table}` has no primary key and no unique index that could identify a client")]
    NoKey { table: String },

    /// The key named by the person is not in the client table.
    #[error("table `{table}` has no column `{column}`")]
    UnknownKeyColumn {
        table: String,
        column: String,
        /// The most similar column.
        nearest: Option<String>,
    },

    /// The key named by the person does not identify one row.
    #[error("{} of table `{table}` may repeat: no primary key or unique index covers it", quoted(key))]
    KeyNotUnique {
        table: String,
        /// The columns as given.
        key: Vec<String>,
    },
}

impl DraftError {
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoTables => "`lethe doctor` shows which database is read".to_owned(),
            Self::UnknownTable { nearest: Some(name), .. } | Self::UnknownKeyColumn { nearest: Some(name), .. } => {
                format!("did you mean `{name}`?")
            }
            Self::UnknownTable { .. } | Self::NotATable { .. } => {
                "pass `--client TABLE` with the table that has one row a client".to_owned()
            }
            Self::NoClientTable { candidates } if candidates.is_empty() => {
                "pass `--client TABLE`; no table has columns that look personal".to_owned()
            }
            Self::NoClientTable { candidates } => {
                format!("pass `--client TABLE`; these have columns that look personal: {}", quoted(candidates))
            }
            Self::SeveralClientTables { candidates } => {
                let first = candidates.first().map_or("TABLE", String::as_str);
                format!("pass `--client TABLE`, such as `--client {first}`")
            }
            Self::NoKey { .. } => "add a unique index over the columns that identify a client, or pass `--key COLUMN` \
                 once there is one"
                .to_owned(),
            Self::UnknownKeyColumn { .. } => {
                "pass `--key COLUMN` with a column of that table, or leave `--key` out".to_owned()
            }
            Self::KeyNotUnique { .. } => {
                "pass `--key COLUMN` with a column that is unique, or leave `--key` out".to_owned()
            }
        }
    }
}

/// Writes a draft policy for a schema.
///
/// # Errors
///
/// [`DraftError`] if the client table or its key cannot be told, or the person
/// named one that is not there.
pub fn draft(schema: &Schema, samples: &Samples, wishes: &Wishes) -> Result<Draft, DraftError> {
    let known = link::references(schema);
    let client = client::find(schema, &known, wishes)?;
    let reach = link::reach(schema, samples, &client);
    let due = due::find(samples, &client, &reach);
    Ok(write::policy(schema, samples, &client, &reach, &due))
}

/// The names in backticks, with commas.
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The most similar name, for a hint.
fn similar<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> Option<String> {
    nearest(name, known.map(String::as_str)).map(str::to_owned)
}

/// The sampled values of one column; none if it was not sampled.
fn values<'a>(samples: &'a Samples, table: &str, column: &str) -> &'a [String] {
    samples.get(table).and_then(|columns| columns.get(column)).map_or(&[], Vec::as_slice)
}
