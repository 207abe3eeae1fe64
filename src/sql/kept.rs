//! Whether every client is still there at the end of a transaction.

use chrono::NaiveDate;

use super::link::CLIENT;
use super::watched::Watch;
use super::{Scope, key_columns, row, tuple};
use crate::plan::Plan;

/// What is asked before a transaction commits. No client's row is ever deleted by a rule.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Counts the clients of the batch whose rows are gone, where they can be.
    pub missing: Option<String>,
    /// Where triggers could delete others, a number that changes when rows of
    /// the client table are deleted: asked before the first rule and after the last.
    pub deletions: Option<String>,
    /// The tables of which no other client's row may change while a batch is under way.
    pub watches: Vec<Watch>,
}

impl Kept {
    /// Makes the statements of a plan.
    pub fn of(plan: &Plan) -> Self {
        let client = &plan.client;
        let scope = Scope::new(client, NaiveDate::MIN);
        let own = key_columns("b", client.key.len());
        let found: Vec<String> = key_columns("b", client.key.len()).map(|key| format!("{key} IS NOT NULL")).collect();
        Self {
            // A client that another session has locked is its to delete.
            missing: plan.reacts.then(|| format!(
                "SELECT count(*) FROM lethe_batch AS b WHERE b.state <> 'busy' AND {} AND NOT EXISTS (SELECT 1 FROM {} WHERE {} = {})",
                found.join(" AND "),
                scope.clients(),
                tuple(CLIENT, &client.key),
                row(own)
            )),
            deletions: plan.counts_clients.then(|| client.dialect.deletions(&client.table)),
            watches: Vec::new(),
        }
    }
}
