//! `[access]`: which accounts of the operating system may do what.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Config;
use crate::domain::access::Rights;

/// The variable with the token of a caller who does not operate this machine.
pub const TOKEN: &str = "LETHE_TOKEN";

/// `[access]`, if it is there.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct AccessConfig(Option<Entries>);

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    /// Accounts of the operating system and their rights.
    operators: BTreeMap<String, Rights>,
}

impl Config {
    /// The rights of an account. Without `[access]`, an account that can read the configuration has the database's
    /// password anyway, and may do everything.
    pub fn rights(&self, account: &str) -> Rights {
        match &self.access.0 {
            None => Rights::all(),
            Some(entries) => entries.operators.get(account).cloned().unwrap_or_default(),
        }
    }
}
