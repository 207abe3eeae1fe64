//! What a draft is made from: the schema, a few rows, and what the database
//! answered when it was asked whether columns hold certain values.

use crate::domain::sample::{Answers, Samples, Seen};
use crate::domain::schema::{LiveTable, Schema};

/// What a draft is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) schema: &'a Schema,
    pub(super) samples: &'a Samples,
    pub(super) answers: &'a Answers,
}

/// How many of a column's sampled values another column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) matched: usize,
    pub(super) of: usize,
}

impl Share {
    /// Fewer than half of them, of enough to say so.
    pub(super) fn refutes(self) -> bool {
        self.of >= 3 && self.matched * 2 < self.of
    }

    /// Nearly all of them, of enough to say so.
    pub(super) fn proves(self) -> bool {
        self.of >= 3 && self.matched * 10 >= self.of * 9
    }
}

impl<'a> Facts<'a> {
    pub(super) fn seen(&self, table: &str, column: &str) -> Option<&'a Seen> {
        self.samples.get(table)?.columns.get(column)
    }

    /// The sampled values of one column; none if it was not sampled.
    pub(super) fn values(&self, table: &str, column: &str) -> &'a [String] {
        self.seen(table, column).map_or(&[], |seen| seen.values.as_slice())
    }

    /// How many of the sampled rows hold a value in a column.
    pub(super) fn filled(&self, table: &LiveTable, column: &str) -> usize {
        self.pairs(table, column, column).into_iter().filter(|(value, _)| !value.trim().is_empty()).count()
    }

    /// How many of these values another column holds; `None` if it was not asked.
    pub(super) fn share<'v>(
        &self,
        values: impl Iterator<Item = &'v String>,
        target: &str,
        column: &str,
    ) -> Option<Share> {
        let held = self.answers.get(&(target.to_owned(), column.to_owned()))?;
        // Markers of none (0, -1) are not references.
        let asked = values.filter(|value| !["0", "-1"].contains(&value.as_str()) || held.contains(*value));
        let mut share = Share { matched: 0, of: 0 };
        for value in asked {
            share.of += 1;
            share.matched += usize::from(held.contains(value) || held.contains(&value.to_lowercase()));
        }
        (share.of > 0).then_some(share)
    }

    /// How many of the sampled values of a column another one holds.
    pub(super) fn share_of(&self, table: &LiveTable, own: &str, target: &str, column: &str) -> Option<Share> {
        self.share(self.values(&table.name, own).iter(), target, column)
    }

    /// The rows of a table as pairs of two of its columns.
    pub(super) fn pairs(&self, table: &LiveTable, one: &str, other: &str) -> Vec<(&'a str, &'a String)> {
        let at = |name: &str| table.columns.iter().position(|column| column.name == name);
        let (Some(one), Some(other), Some(sampled)) = (at(one), at(other), self.samples.get(&table.name)) else {
            return Vec::new();
        };
        let pair = |row: &'a Vec<Option<String>>| Some((row.get(one)?.as_deref()?, row.get(other)?.as_ref()?));
        sampled.rows.iter().filter_map(pair).collect()
    }
}
