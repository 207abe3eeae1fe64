//! The policy as it is written: where client data lives, what class each
//! column has, what happens to it, and what keeps a client.
//!
//! These types mirror `policy.toml`. They know nothing of a live schema; that
//! meeting is the [plan](crate::plan).

mod accepted;
mod action;
mod filter;
mod json_schema;
mod link;
mod reason;
mod shorthand;
mod template;

pub use accepted::Accepted;
pub use action::{Action, Branch, BranchSpec, Class, Column, FileKind, Generalize, Literal, OnResidue};
pub use filter::Filter;
pub use json_schema::json_schema;
pub use link::{Compare, Exclusive, Link, Links, Names};
pub use reason::{Reason, Translated};
pub use shorthand::{Blanks, Everywhere, Family, FreeTables, matches};
pub use template::{Part, Template};

use std::collections::{BTreeMap, BTreeSet};

use action::is_default;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::period::Period;
use crate::domain::reading::{Slip, TextError};

/// One company's policy, as its file says it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What people call this version of the policy, such as `2026-03`; reports say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The table of clients and its own columns of note.
    pub client: Client,
    /// What a job or an operator may filter on: a name and the client column behind it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filters: BTreeMap<String, Filter>,
    /// Where the company saves selections of clients by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selections: Vec<OwnSelections>,
    /// How long a client without activity is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Retention>,
    /// What a client is told beforehand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// By what a client anonymized before is recognized under a new key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recognize: Option<Recognize>,
    /// What refuses a client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Guard>,
    /// How former values are looked for after the change.
    #[serde(default)]
    pub residue: ResidueRule,
    /// What is done when a sweep is through.
    #[serde(default, skip_serializing_if = "is_default")]
    pub after: After,
    /// What holds for columns of a name in every table that does not say otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub everywhere: Everywhere,
    /// Tables that are handled alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<Family>,
    /// Tables free of client data, with one reason for each list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub free: Vec<FreeTables>,
    /// What a rehearsal may find without failing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Accepted>,
    /// Every table that reaches the client table, by name.
    pub tables: BTreeMap<String, Table>,
}

/// What is done when a sweep is through.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// Materialized views to refresh, since they show what their tables held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refresh: Vec<String>,
}

/// The table of clients.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The table with one row a client.
    pub table: String,
    /// The column, or columns, that identify a client.
    pub key: Names,
    /// The column with the day from which a client is to be anonymized.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_anonymize_on: Option<String>,
    /// On what that day rests: the law, the contract, the decision; for the register of processing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// A true/false column that Lethe sets when a client is anonymized.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymized: Option<String>,
    /// A date column that Lethe fills with the day a client was anonymized; the first day stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymized_on: Option<String>,
}

/// Selections of clients that the company saves in a table of its own: each row stands for a client in one of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnSelections {
    /// The table of the rows.
    pub table: String,
    /// The column with the selection's name.
    pub name: String,
    /// How a row belongs to its client; the link of `[tables.…]` where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Links>,
    /// Only rows for which this SQL expression holds count.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// The period without activity after which a client is due.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// A calendar period such as `6 years`.
    pub length: Period,
    /// The periods that a job or an operator may choose instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choices: Option<Choices>,
    /// On what the period rests: the law, the contract, the decision; for the register of processing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// Where activity is recorded.
    #[serde(default)]
    pub activity: Vec<Activity>,
    /// The client column that starts the period of a client without any activity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// What a client without any activity is, in place of `otherwise`: due at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_activity: Option<DueWord>,
}

/// The word `due`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DueWord {
    /// Due at once.
    Due,
}

/// Periods to choose from: the shortest, and each that is so many steps longer, up to the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// The shortest, such as `12 months`.
    pub from: Period,
    /// The longest, such as `84 months`.
    pub to: Period,
    /// How far one is from the next, such as `6 months`.
    pub step: Period,
}

impl Choices {
    /// Whether a period is among them; in whole months, none with days is.
    pub fn has(&self, length: Period) -> bool {
        let [Some(from), Some(to), Some(step), Some(length)] =
            [self.from, self.to, self.step, length].map(Period::whole_months)
        else {
            return false;
        };
        (from..=to).contains(&length) && (length - from) % step == 0
    }

    /// All of them, the shortest first.
    pub fn all(&self) -> impl Iterator<Item = Period> + use<> {
        let [from, to, step] = [self.from, self.to, self.step].map(|own| own.whole_months().unwrap_or(0));
        (from..=to).step_by(step.max(1) as usize).map(Period::of_months)
    }
}

impl std::fmt::Display for Choices {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{} to {} in steps of {}", self.from, self.to, self.step)
    }
}

/// Clients who are due are notified first, and anonymized later if they are still due.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// A calendar period such as `14 days`, from when the webhook has been told.
    pub length: Period,
}

/// By what a client anonymized before is recognized under a new key: keyed hashes of these values are kept.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recognize {
    /// Lists of client columns, such as `[["email"], ["name", "birth_date"]]`: clients with the same values in all columns
    /// of one list are the same person.
    pub by: Vec<Vec<String>>,
    /// A calendar period such as `3 years`, from the anonymization: how long the hashes are kept.
    pub keep: Period,
}

/// One table whose dated rows count as activity.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Activity {
    /// The table of the rows.
    pub table: String,
    /// How a row belongs to its client; the link of `[tables.…]` where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Links>,
    /// The column with the day of the activity.
    pub date: String,
    /// Only rows for which this SQL expression holds count.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// What refuses a client: a row of `table` that belongs to it and meets the condition.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// A short name for scripts and filters, such as `open-documents`.
    pub name: String,
    /// What people read: `has open sales documents`.
    pub reason: Reason,
    /// The table that is looked at; the client table where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// How a row belongs to its client; the link of `[tables.…]` where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Links>,
    /// The SQL expression that refuses; any row at all where left out.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The column with the day of the row, for `within`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Only rows whose `date` lies within this calendar period before the sweep's day refuse, such as `6 years`; rows
    /// without a readable day refuse too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Period>,
}

/// How former identifying values are looked for after the change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResidueRule {
    /// Former values shorter than this many characters are not looked for.
    pub min_length: usize,
}

impl Default for ResidueRule {
    fn default() -> Self {
        Self { min_length: 4 }
    }
}

/// What happens to the rows of one table.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Why this table holds no client data although it reaches the client table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<String>,
    /// How a row belongs to its client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Links>,
    /// Which rows go altogether.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
    /// When old rows are deleted, for all clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<RowRetention>,
    /// The columns that make this a key-value table; its keys stand under `keys`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_value: Option<KeyValue>,
    /// Each key of a key-value table, with the class and action of its value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, Column>,
    /// Columns that are non-personal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub non_personal: Vec<String>,
    /// Each column, with its class and action.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, Column>,
}

/// When old rows of a table go, those of clients who stay too.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowRetention {
    /// A calendar period such as `2 years`: rows of an earlier day go.
    pub length: Period,
    /// The column with the day of the row.
    pub date: String,
    /// What happens to an old row: it is deleted.
    pub rows: DeleteWord,
    /// Only rows for which this SQL expression holds go.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// On what the period rests: the law, the contract, the decision; for the register of processing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
}

/// The two columns of a key-value table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyValue {
    /// The column that names the entry.
    pub key: String,
    /// The column that holds its value.
    pub value: String,
    /// Where the keys are defined: each key defined there needs a class, whether a row uses it or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<Catalogue>,
}

/// The table in which the keys of a key-value table are defined.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The table of definitions.
    pub table: String,
    /// Its column with the key.
    pub column: String,
}

/// Which rows of a table go altogether.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Rows {
    /// All rows of the client: `rows = "delete"`.
    All(DeleteWord),
    /// The rows for which one of the conditions holds: `rows = [{ delete = "status <> 'done'" }]`.
    Some(Vec<DeleteWhere>),
}

/// The word `delete`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeleteWord {
    /// Delete every row.
    Delete,
}

/// One condition under which a row is deleted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteWhere {
    /// An SQL expression over the table's columns.
    pub delete: String,
    /// Only rows that belong to the client by this link, where the table has several.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Rows;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("`\"delete\"`, or a list such as `[{ delete = \"status <> 'done'\" }]`")
            }
            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Rows, E> {
                match word {
                    "delete" => Ok(Rows::All(DeleteWord::Delete)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Rows, A::Error> {
                let mut conditions = Vec::new();
                while let Some(condition) = seq.next_element()? {
                    conditions.push(condition);
                }
                Ok(Rows::Some(conditions))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Policy {
    /// Reads a policy from the text of its file.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        toml::from_str(text).map_err(|error| {
            let slip = Slip::of(text, &error);
            let reference = "`docs/policy.md` describes every setting with an example; \
                             `schema/policy.schema.json` lets an editor check while you write";
            let what = format!("line {}: {}", slip.line.unwrap_or(1), slip.what);
            TextError::new(what, slip.fix.unwrap_or_else(|| reference.to_owned()))
        })
    }

    /// The tables it names, as it spells them.
    pub fn named_tables(&self) -> BTreeSet<String> {
        let guards = self.guards.iter().filter_map(|guard| guard.table.as_ref());
        let activity = self.period.iter().flat_map(|own| &own.activity).map(|own| &own.table);
        let selections = self.selections.iter().map(|own| &own.table);
        let listed = self.free.iter().map(|list| &list.tables).chain(self.families.iter().map(|family| &family.tables));
        let listed = listed.flatten().filter(|name| !name.contains('*'));
        self.tables
            .keys()
            .chain(guards)
            .chain(activity)
            .chain(selections)
            .chain(listed)
            .chain([&self.client.table])
            .cloned()
            .collect()
    }
}
