//! What was seen in a few rows of each table, for a first draft of a policy.
//! Values are looked at and forgotten; none of them is written anywhere.

use std::collections::{BTreeMap, BTreeSet};

/// What was seen in each table.
pub type Samples = BTreeMap<String, Sampled>;

/// A few rows of one table.
#[derive(Debug, Clone, Default)]
pub struct Sampled {
    /// Values as text, row by row, in the order of the table's columns.
    pub rows: Vec<Vec<Option<String>>>,
    /// The distinct values of each column.
    pub columns: BTreeMap<String, Seen>,
}

#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// A few distinct values that are not blank.
    pub values: Vec<String>,
    pub has_null: bool,
    /// Whether a text was empty, or only spaces.
    pub has_blank: bool,
}

/// Values of which the database is asked whether a column holds them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    pub table: String,
    pub column: String,
    pub values: BTreeSet<String>,
}

/// For each table and column asked about, the values that it holds.
pub type Answers = BTreeMap<(String, String), BTreeSet<String>>;
