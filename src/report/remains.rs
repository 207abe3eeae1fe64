//! What remains of an anonymized client, and what still leads to it, as the
//! policy says.

use serde::Serialize;

use super::words::counted;
use crate::policy::{Action, Branch, Class, Column, Generalize, Link, Policy, Rows, Table};

#[derive(Debug, Clone, Serialize)]
pub struct Remains {
    /// In plain words.
    pub said: Vec<String>,
    pub client_table: String,
    /// The columns of its key, which stay.
    pub key: Vec<String>,
    /// Tables whose rows stay, whole or in part.
    pub tables: Vec<Remaining>,
    /// Tables whose rows of the client all go.
    pub deleted: Vec<String>,
}

/// One table whose rows stay.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Remaining {
    pub table: String,
    /// How a row leads to its client.
    pub reached_by: Vec<String>,
    /// Whether rows go under a condition.
    pub some_rows_go: bool,
    /// Columns that stay as they are and are not personal data.
    pub unchanged: Vec<String>,
    /// Columns with personal data that stay as they are.
    pub kept: Vec<Kept>,
    /// Columns of which something stays.
    pub coarsened: Vec<Coarsened>,
    /// Columns that are changed only in rows for which a condition holds.
    pub in_some_rows: Vec<String>,
    /// Columns that are replaced or emptied in every row.
    pub changed: usize,
}

/// Personal data that stays.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    pub column: String,
    /// Why, as the policy says.
    pub why: String,
}

/// Data of which something stays.
#[derive(Debug, Clone, Serialize)]
pub struct Coarsened {
    pub column: String,
    pub to: String,
}

impl Remains {
    /// Reads it off a policy.
    pub(super) fn of(policy: &Policy) -> Self {
        let mut remains = Self {
            said: Vec::new(),
            client_table: policy.client.table.clone(),
            key: policy.client.key.as_slice().to_vec(),
            tables: Vec::new(),
            deleted: Vec::new(),
        };
        for (name, table) in policy.tables.iter().filter(|(_, table)| table.free.is_none()) {
            if matches!(table.rows, Some(Rows::All(_))) {
                remains.deleted.push(name.clone());
            } else {
                remains.tables.push(remaining(policy, name, table));
            }
        }
        let is_client = |own: &Remaining| own.table.eq_ignore_ascii_case(&policy.client.table);
        remains.tables.sort_by_key(|own| !is_client(own));
        remains.said = remains.words();
        remains
    }

    fn words(&self) -> Vec<String> {
        let mut said = vec![format!(
            "The client’s key ({}) is kept. A person who has it in another list, file or system can still identify \
             the client there.",
            self.key.iter().map(|column| format!("{}.{column}", self.client_table)).collect::<Vec<_>>().join(", ")
        )];
        let others = self.tables.len().saturating_sub(1);
        if others > 0 {
            said.push(format!(
                "Rows of {} are kept besides the client’s own, and all rows of one client still lead to the same key. A \
                 person who was involved may recognize the combination (dates, amounts, places).",
                counted(others, "table")
            ));
        }
        let count = |of: fn(&Remaining) -> usize| self.tables.iter().map(of).sum::<usize>();
        let columns = |count: usize| {
            (counted(count, "column"), if count == 1 { ("is kept", "is changed") } else { ("are kept", "are changed") })
        };
        let kept = count(|own| own.kept.len());
        if kept > 0 {
            let (columns, (stay, _)) = columns(kept);
            said.push(format!("{columns} with personal data {stay}, for the reasons that the policy gives."));
        }
        let partly = count(|own| own.in_some_rows.len());
        if partly > 0 {
            let (columns, (_, are)) = columns(partly);
            said.push(format!(
                "{columns} {are} only in some rows: those for which a condition of the policy holds, or that belong to \
                 the client in one of several ways. In other rows the former value is kept."
            ));
        }
        said.push(
            "Whether what remains is anonymous in the sense of the law (GDPR, recital 26) is for the controller to \
             judge. This report gives figures for it, and claims nothing."
                .to_owned(),
        );
        said
    }
}

pub(super) fn remaining(policy: &Policy, name: &str, table: &Table) -> Remaining {
    let mut own = Remaining { table: name.to_owned(), some_rows_go: table.rows.is_some(), ..Remaining::default() };
    if name.eq_ignore_ascii_case(&policy.client.table) {
        own.reached_by.push("the client’s own row".to_owned());
    }
    own.reached_by.extend(table.client.iter().flat_map(|links| &links.0).map(way));
    let keys = table.keys.iter().map(|(key, said)| (format!("{name} “{key}”"), said));
    for (column, said) in table.columns.iter().map(|(column, said)| (column.clone(), said)).chain(keys) {
        sort(&mut own, column, said);
    }
    own
}

/// Puts a column where it belongs.
fn sort(own: &mut Remaining, column: String, said: &Column) {
    let branches = said.branches().unwrap_or_default();
    let conditional = branches.last().is_some_and(|last| last.condition.is_some() || last.link.is_some());
    match branches.as_slice() {
        [] if said.class == Class::NonPersonal => own.unchanged.push(column),
        [] => own.kept.push(Kept { column, why: said.keep.clone().unwrap_or_default() }),
        _ if conditional => own.in_some_rows.push(column),
        branches => match branches.iter().find_map(rest) {
            Some(to) => own.coarsened.push(Coarsened { column, to }),
            None => own.changed += 1,
        },
    }
}

/// What an action leaves of a value.
fn rest(branch: &Branch) -> Option<String> {
    match &branch.action {
        Action::Generalize(Generalize::Year) => Some("the year".to_owned()),
        Action::Generalize(Generalize::Month) => Some("the month".to_owned()),
        Action::Generalize(Generalize::Decade) => Some("the decade".to_owned()),
        Action::Generalize(Generalize::First(1)) => Some("the first character".to_owned()),
        Action::Generalize(Generalize::First(first)) => Some(format!("the first {first} characters")),
        Action::Redact(paths) => Some(format!("the document without {}", paths.join(", "))),
        Action::Copy(other) => Some(format!("the value of {other}")),
        Action::Constant(_) | Action::Text(_) | Action::Clear => None,
    }
}

fn way(link: &Link) -> String {
    let mut way = link.column.as_slice().join(" + ");
    if let Some(through) = &link.through {
        way += &format!(" through {through}");
    }
    if let Some(condition) = &link.condition {
        way += &format!(" where {condition}");
    }
    way
}
