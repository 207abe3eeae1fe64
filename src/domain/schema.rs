//! What a live database looks like: the facts that a policy is checked against.

mod tenants;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::dialect::Dialect;

/// The tables of a database, by name, as they were when they were read.
#[derive(Debug, Clone, Serialize)]
pub struct Schema {
    /// What kind of database it is.
    pub dialect: Dialect,
    /// Ordinary tables. The ledger's own and the database's internal ones are left out.
    pub tables: BTreeMap<String, LiveTable>,
    /// Views and virtual tables, which Lethe leaves alone, with what they are (`view`, `virtual table`).
    pub others: BTreeMap<String, String>,
    /// Of each materialized view that shows others, by itself or through views, which these are.
    pub shows: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct LiveTable {
    /// Its name, as the database spells it.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<LiveColumn>,
    /// Primary key and unique indexes.
    pub unique: Vec<Unique>,
    /// The columns of every index, in order, unique ones included.
    pub indexes: Vec<Index>,
    pub foreign_keys: Vec<ForeignKey>,
    /// Triggers, and rules that rewrite statements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
    /// CHECK constraints as SQL expressions.
    pub checks: Vec<String>,
    /// Whether the database enforces the declared types (a STRICT table).
    pub strict: bool,
    /// The columns that identify a row, hidden ones included; empty where every row has an address.
    #[serde(skip)]
    pub identity: Vec<String>,
    /// What keeps the number of a row that was deleted from being given to a new one, where nothing does.
    #[serde(skip)]
    pub gives_keys_again: Option<&'static str>,
    /// Whether a row that is written may delete others, which have a value that is to be unique, or may not be written
    /// for their sake.
    #[serde(skip)]
    pub replaces: bool,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct LiveColumn {
    /// Its name, as the database spells it.
    pub name: String,
    /// The declared type, as written; may be empty.
    pub declared: String,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// Whether the database computes it.
    pub generated: bool,
    /// The columns that the database computes it from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub made_of: Vec<String>,
    /// Its place in the primary key, counted from 1; 0 if it is no part of it.
    pub primary_key: u32,
    /// How its values compare, if not byte by byte: `NOCASE`, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// The type that a domain is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// What the type means, where the database itself says so; else its declaration is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<Kind>,
}

/// A primary key or unique index.
#[derive(Debug, Clone, Serialize)]
pub struct Unique {
    /// Its columns, in order; `None` stands for an expression.
    pub columns: Vec<Option<String>>,
    /// Whether it covers only some rows, or excludes more than equal ones.
    pub partial: bool,
    /// The columns that its expressions are made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub made_of: Vec<String>,
    /// Whether two rows cannot both have NULL.
    #[serde(skip)]
    pub nulls_equal: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct Index {
    /// Its columns, in order; `None` stands for an expression.
    pub columns: Vec<Option<String>>,
    /// Whether it covers only some rows.
    pub partial: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    /// The table they refer to, as the database spells it.
    pub references: String,
    /// The columns over there.
    pub referenced: Vec<String>,
    /// Whether deleting the row over there deletes the row here.
    pub cascades: bool,
    /// Whether deleting the row over there changes these columns (`SET NULL`, `SET DEFAULT`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resets: bool,
    /// Whether changing what they refer to does so.
    #[serde(skip)]
    pub renews: bool,
}

/// A trigger, or a rule that rewrites statements.
#[derive(Debug, Clone, Serialize)]
pub struct Trigger {
    pub name: String,
    /// Whether it fires when a row is changed or deleted.
    #[serde(skip)]
    pub on_change: bool,
    /// Whether it fires when a row is deleted.
    pub on_delete: bool,
    /// Whether it may wait for the end of the transaction.
    #[serde(skip)]
    pub deferred: bool,
    /// The tables from which its text deletes rows, without their schema.
    pub deletes_from: Vec<String>,
    /// Whether it can delete rows at all, as far as its text says.
    pub may_delete: bool,
    /// Its text in small letters, if it changes or deletes rows: the tables in which it does are named there.
    #[serde(skip)]
    pub writes: Option<String>,
}

/// What a declared type means for comparing and replacing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Characters.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers with decimals, money.
    Number,
    /// A date or a moment.
    Date,
    /// True or false.
    Boolean,
    Bytes,
    /// Not declared, or nothing known.
    Unknown,
}

/// What stands in a column that was emptied, if it may be NULL.
pub const NULL: &str = "NULL";

impl Schema {
    /// A schema without tables.
    pub fn empty(dialect: Dialect) -> Self {
        Self { dialect, tables: BTreeMap::new(), others: BTreeMap::new(), shows: BTreeMap::new() }
    }

    /// Looks a table up by name, ignoring upper and lower case as SQL does.
    pub fn table(&self, name: &str) -> Option<&LiveTable> {
        self.tables.get(name).or_else(|| self.tables.values().find(|table| table.name.eq_ignore_ascii_case(name)))
    }
}

impl Kind {
    /// Whether values of the two can be the same.
    pub fn compares_with(self, other: Self) -> bool {
        let number = |kind| matches!(kind, Self::Integer | Self::Number);
        self == other || self == Self::Unknown || other == Self::Unknown || (number(self) && number(other))
    }
}

impl LiveTable {
    /// Looks a column up by name, ignoring upper and lower case as SQL does.
    pub fn column(&self, name: &str) -> Option<&LiveColumn> {
        let alike = || self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        self.columns.iter().find(|column| column.name == name).or_else(alike)
    }

    pub fn is_called(&self, column: &LiveColumn, name: &str) -> bool {
        self.column(name).is_some_and(|found| found.name == column.name)
    }

    /// Whether these columns identify one row, by a primary key or a whole unique index.
    pub fn is_unique(&self, columns: &[String]) -> bool {
        self.unique.iter().any(|unique| !unique.partial && are_among(&unique.columns, columns))
    }

    /// The columns that decide whether two rows have the same in what is unique: of expressions and generated columns,
    /// those that these are made of.
    pub fn decide(&self, unique: &Unique) -> BTreeSet<String> {
        let plain = unique.columns.iter().flatten().flat_map(|own| match self.column(own) {
            Some(column) if !column.made_of.is_empty() => column.made_of.clone(),
            _ => vec![own.clone()],
        });
        plain.chain(unique.made_of.iter().cloned()).collect()
    }

    /// Whether an index starts with these columns, in any order.
    pub fn is_indexed(&self, columns: &[String]) -> bool {
        let starts_with = |own: &[Option<String>]| own.get(..columns.len()).is_some_and(|own| are_among(own, columns));
        self.indexes.iter().any(|index| !index.partial && starts_with(&index.columns))
    }
}

fn are_among(own: &[Option<String>], columns: &[String]) -> bool {
    let is_among = |own: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(own));
    own.iter().all(|own| own.as_ref().is_some_and(is_among))
}

impl LiveColumn {
    /// What the declared type means, by SQLite's rules of affinity and the words people use.
    pub fn kind(&self) -> Kind {
        if let Some(told) = self.told {
            return told;
        }
        let declared = self.declared.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        if declared.is_empty() || declared == "ANY" {
            Kind::Unknown
        } else if has(&["BOOL", "BIT"]) {
            Kind::Boolean
        } else if has(&["DATE", "TIME"]) {
            Kind::Date
        } else if has(&["CHAR", "TEXT", "CLOB", "STRING", "JSON", "UUID", "ENUM"]) {
            Kind::Text
        } else if has(&["INT", "SERIAL"]) {
            Kind::Integer
        } else if has(&["BLOB", "BINARY", "IMAGE", "BYTEA"]) {
            Kind::Bytes
        } else if has(&["REAL", "FLOA", "DOUB", "NUM", "DEC", "MONEY"]) {
            Kind::Number
        } else {
            Kind::Unknown
        }
    }

    /// Whether it holds moments, of which the day depends on the time zone.
    pub fn is_moment(&self) -> bool {
        self.told == Some(Kind::Date) && self.compares_as().ends_with("with time zone")
    }

    /// What stands in it when it is emptied, as a literal: nothing, a text without characters, a list without elements, or
    /// an object without members.
    pub fn empty(&self) -> &'static str {
        let has_braces = self.declared.ends_with("[]") || self.declared.starts_with("json");
        match () {
            () if !self.not_null => NULL,
            () if self.told.is_some() && has_braces => "'{}'",
            () => "''",
        }
    }

    /// The type that a key of its own compares as.
    pub fn compares_as(&self) -> &str {
        match (&self.base, self.told) {
            (Some(base), _) => base,
            (None, Some(_)) => &self.declared,
            (None, None) => self.affinity(),
        }
    }

    /// The type that SQLite reads a declared type as, for comparing: empty for none.
    ///
    /// Source: <https://www.sqlite.org/datatype3.html#determination_of_column_affinity>.
    pub fn affinity(&self) -> &'static str {
        let declared = self.declared.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        if has(&["INT"]) {
            "INTEGER"
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            "TEXT"
        } else if declared.is_empty() || has(&["BLOB"]) {
            ""
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            "REAL"
        } else {
            "NUMERIC"
        }
    }

    /// The most characters the declared type allows, as in `VARCHAR(40)`.
    pub fn max_length(&self) -> Option<usize> {
        if self.kind() != Kind::Text {
            return None;
        }
        let (_, inner) = self.declared.split_once('(')?;
        inner.split([')', ',']).next()?.trim().parse().ok()
    }
}
