//! The first draft of a policy, made from a live schema and a few samples.
//!
//! What `lethe policy init` does once the database has been read: pure, no
//! input or output.
//!
//! A guess that is certain is written as a line of the policy. One that is not
//! is written as a comment under a `# TODO`, so that the column stays
//! unclassified and `lethe policy check` refuses the policy until a person has
//! decided. Sampled values steer the guesses; none is quoted but short status
//! words and owner types, which name no one.

mod client;
mod due;
mod facts;
mod guess;
mod kind;
mod link;
mod questions;
mod refused;
mod rule;
mod sample;
mod vocabulary;
mod words;
mod write;

#[cfg(test)]
mod tests;

pub use questions::questions;
pub use refused::Refused;

use crate::domain::nearest::nearest;
use crate::domain::sample::{Answers, Samples};
use crate::domain::schema::Schema;
use crate::plan::{Plan, Problem};
use crate::policy::Policy;
use facts::Facts;

/// What the person said, where they said it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DraftOptions {
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
    /// The tables of activity, in the order of the text.
    pub activity: Vec<String>,
}

/// A table that may hold the clients, and what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub table: String,
    /// How many other tables refer to it.
    pub references: usize,
    /// How many of its columns look personal.
    pub people: usize,
    /// Whether it has rows; `None` if it was not sampled.
    pub has_rows: Option<bool>,
}

impl std::fmt::Display for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let empty = if self.has_rows == Some(false) { ", no rows" } else { "" };
        write!(
            f,
            "`{}` ({} {} to it, {} {} personal{empty})",
            self.table,
            self.references,
            if self.references == 1 { "table refers" } else { "tables refer" },
            self.people,
            if self.people == 1 { "column looks" } else { "columns look" },
        )
    }
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
    #[error("table `{table}` not found")]
    UnknownTable {
        table: String,
        /// The most similar table.
        nearest: Option<String>,
    },

    /// The client table named by the person is a view or a virtual table.
    #[error("`{table}` is a {what}, not a table")]
    NotATable { table: String, what: String },

    /// No table looks like a table of clients.
    #[error("no table looks like the table of clients")]
    NoClientTable {
        /// Tables with personal-looking columns, most of them first.
        candidates: Vec<String>,
    },

    /// Several tables look equally like a table of clients.
    #[error("several tables could be the table of clients: {}", named(candidates))]
    SeveralClientTables {
        /// The tables, the likeliest first.
        candidates: Vec<Candidate>,
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
                let first = candidates.first().map_or("TABLE", |own| own.table.as_str());
                let all: Vec<String> = candidates.iter().map(ToString::to_string).collect();
                format!("pass `--client TABLE`, such as `--client {}`: {}", shell(first), all.join(", "))
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

/// Writes a draft policy for a schema, without what was refused before.
///
/// The draft is checked against the schema: with each `# TODO` accepted as
/// written, it is a plan as far as the schema alone can tell.
///
/// # Errors
///
/// [`DraftError`] if the client table or its key cannot be told, or the person
/// named one that is not there.
pub fn draft(
    schema: &Schema,
    samples: &Samples,
    answers: &Answers,
    options: &DraftOptions,
    refused: &mut Refused,
) -> Result<Draft, DraftError> {
    const ROUNDS: usize = 8;
    let facts = Facts { schema, samples, answers };
    let known = link::references(&facts);
    let client = client::find(&facts, &known, options)?;
    let mut reach = link::reach(&facts, &client);
    reach.mislead(&refused.misled);
    reach.add(&client, &refused.found);
    reach.forget(&refused.links);
    let mut drafted = write(&facts, &client, &reach, refused);
    for _ in 0..ROUNDS {
        let problems = problems(&drafted.text, schema);
        if problems.is_empty() || !refused.take(schema, &drafted.activity, &problems) {
            break;
        }
        reach.forget(&refused.links);
        drafted = write(&facts, &client, &reach, refused);
    }
    Ok(drafted)
}

fn write(facts: &Facts, client: &client::ClientTable, reach: &link::Reach, refused: &Refused) -> Draft {
    let mut due = due::find(facts, client, reach);
    due.forget(refused);
    write::policy(facts, client, reach, &due, refused)
}

/// What to add to a policy for the tables in which values of its clients were found, as comments.
///
/// # Errors
///
/// As [`draft`].
pub fn for_found(
    schema: &Schema,
    samples: &Samples,
    options: &DraftOptions,
    policy: &str,
    refused: &mut Refused,
) -> Result<String, DraftError> {
    let facts = Facts { schema, samples, answers: &Answers::new() };
    let client = client::find(&facts, &link::references(&facts), options)?;
    let (reach, due) = (link::reach(&facts, &client), due::Due::default());
    loop {
        let text = write::for_found(&facts, &client, &reach, &due, refused);
        if !refused.take(schema, &[], &problems(&format!("{policy}\n{text}"), schema)) {
            return Ok(text);
        }
    }
}

/// What keeps a draft, with every suggestion accepted, from being a plan.
fn problems(text: &str, schema: &Schema) -> Vec<Problem> {
    match Policy::parse(&accepted(text)) {
        Ok(policy) => Plan::build(&policy, schema).err().map_or_else(Vec::new, |error| error.0),
        Err(_) => Vec::new(),
    }
}

/// A draft with every `# TODO` accepted as it is written.
#[must_use]
pub fn accepted(text: &str) -> String {
    let plain = |line: &str| line.strip_prefix("# ").or(line.strip_prefix('#')).unwrap_or(line).to_owned();
    let (mut after_todo, mut in_table) = (false, false);
    let mut lines = String::new();
    for line in text.lines() {
        let own = if in_table { plain(line) } else { line.to_owned() };
        lines += &if after_todo { plain(&own) } else { own.clone() };
        lines.push('\n');
        in_table = (in_table && !line.is_empty()) || line.starts_with(write::TABLE);
        after_todo = own.starts_with("# TODO decide");
    }
    lines
}

/// A word as a shell takes it.
fn shell(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|mark| mark.is_ascii_alphanumeric() || "_-./".contains(mark));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn named(candidates: &[Candidate]) -> String {
    quoted(&candidates.iter().map(|own| own.table.clone()).collect::<Vec<_>>())
}

/// The names in backticks, with commas.
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The most similar name, for a hint.
fn similar<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> Option<String> {
    nearest(name, known.map(String::as_str)).map(str::to_owned)
}
