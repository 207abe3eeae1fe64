//! By what a client anonymized before is recognized under a new key.

use super::builder::Builder;
use crate::domain::period::Period;
use crate::policy::{Class, Column};

/// By what a client anonymized before is recognized under a new key.
#[derive(Debug, Clone)]
pub struct Recognition {
    /// The client table's columns that are compared, each once.
    pub columns: Vec<String>,
    /// Lists of them, by their places: clients that agree in one whole list are the same person.
    pub by: Vec<Vec<usize>>,
    /// How long hashes of them are kept.
    pub keep: Period,
}

const FIX: &str = "list columns of the client table, such as `by = [[\"email\"], [\"name\", \"birth_date\"]]`";

impl<'a> Builder<'a> {
    pub(super) fn recognition(&mut self) -> Option<Recognition> {
        let said = self.policy.recognize.as_ref()?;
        let mut own = Recognition { columns: Vec::new(), by: Vec::new(), keep: said.keep };
        if said.by.is_empty() {
            self.problem("recognize.by", "names no column", FIX);
        }
        for (at, list) in said.by.iter().enumerate() {
            let place = format!("recognize.by[{}]", at + 1);
            if list.is_empty() {
                self.problem(&place, "names no column", FIX);
                continue;
            }
            let Some(columns) = self.columns(self.client_table, list, &place) else { continue };
            let mut is_identifying = false;
            for column in &columns {
                let rule = self.said_of_client(column);
                is_identifying |= rule.is_some_and(|own| own.identifying);
                if self.key.contains(column) {
                    let fix = "name columns that stay the same when the client gets a new key";
                    self.problem(&place, format!("`{column}` is the client's key"), fix);
                }
                if rule.is_some_and(|own| own.class == Class::Sensitive) {
                    let what = format!("`{column}` is sensitive, and a hash of it would be kept");
                    self.problem(&place, what, "name other columns");
                }
            }
            if !is_identifying {
                let what = "none of these columns is identifying, so different people would be recognized as one";
                self.problem(&place, what, "add a column that has `identifying = true`");
            }
            let mut places = Vec::new();
            for column in columns {
                let known = own.columns.iter().position(|other| *other == column);
                places.push(known.unwrap_or(own.columns.len()));
                if known.is_none() {
                    own.columns.push(column);
                }
            }
            own.by.push(places);
        }
        Some(own)
    }

    /// What the policy says of a column of the client table.
    fn said_of_client(&self, column: &str) -> Option<&'a Column> {
        let is_it = |name: &str| self.client_table.column(name).is_some_and(|live| live.name == column);
        let said = self.rule_of(&self.client_table.name)?;
        said.columns.iter().find(|(name, _)| is_it(name)).map(|(_, said)| said)
    }
}
