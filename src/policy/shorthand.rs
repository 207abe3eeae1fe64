//! Short forms that say the same for many columns or tables at once. The
//! [plan](crate::plan) writes them out; nothing else reads them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::is_default;
use super::{Column, Links, Rows};

/// Decisions by column name, for every table of the policy that does not decide itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Everywhere {
    /// Columns of these names are non-personal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub non_personal: Vec<String>,
    /// Whether `replace` and `clear` leave blank values as they are.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blanks: Blanks,
    /// Columns of these names, each with its class and action.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, Column>,
}

/// What happens to blank values (NULL, and `''` in text columns) of personal columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Blanks {
    /// They are changed like any other value.
    #[default]
    Replaced,
    /// They stay blank.
    Stay,
}

/// Tables free of client data, all for one reason.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreeTables {
    /// Why these tables hold no client data.
    pub reason: String,
    /// The tables.
    pub tables: Vec<String>,
}

/// Tables that are handled alike. What a table says itself comes first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// The tables; `*` stands for any characters: `posted_*_lines`.
    #[schemars(length(min = 1))]
    pub tables: Vec<String>,
    /// How a row belongs to its client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Links>,
    /// Which rows are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
    /// Columns of these names are non-personal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub non_personal: Vec<String>,
    /// Columns of these names, each with its class and action.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, Column>,
}

impl Family {
    /// Whether one of its names or patterns means this table.
    pub fn has(&self, table: &str) -> bool {
        self.tables.iter().any(|pattern| matches(pattern, table))
    }
}

/// Whether a name fits a pattern with `*`, in upper or lower case.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_fits_whole_names() {
        for (pattern, name) in
            [("orders", "Orders"), ("posted_*", "posted_x"), ("*_lines", "a_lines"), ("a*b*c", "a1b2c")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("orders", "orders2"), ("posted_*_lines", "posted_lines"), ("a*b", "ab2"), ("*_x", "x")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
