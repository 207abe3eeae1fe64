//! What leaves the database: the journal's head, and what is still to be delivered.

use serde::Serialize;

use super::words::{minute, number};
use crate::database::StoreError;
use crate::ledger::{Outstanding, Through};
use crate::worker::Context;

/// What leaves the database, as it stands now.
#[derive(Debug, Clone, Serialize)]
pub struct Outside {
    /// Where the journal stands; `None` if none is kept.
    pub journal: Option<JournalFacts>,
    /// Deliveries that are through: of one sweep.
    pub through: Vec<Through>,
    /// Deliveries that are not: of one sweep, or of all.
    pub outstanding: Vec<Outstanding>,
}

/// Where the journal stands.
#[derive(Debug, Clone, Serialize)]
pub struct JournalFacts {
    /// The last record.
    pub number: i64,
    /// Its hash: nothing before it can be changed without changing this.
    pub hash: String,
    /// When it was written.
    pub written_at: Option<String>,
    /// Outcomes that wait to be written.
    pub waiting: i64,
    /// Why nothing can be written.
    pub error: Option<String>,
}

impl Outside {
    /// Asks the ledger: of one sweep, or of all.
    pub(super) async fn ask(context: &Context, sweep: Option<i64>) -> Result<Self, StoreError> {
        let ledger = &context.ledger;
        let journal = match ledger.journal().await? {
            Some(head) => Some(JournalFacts {
                number: head.number,
                hash: head.hash,
                written_at: head.shipped_at,
                waiting: ledger.backlog().await?.records,
                error: head.error,
            }),
            None => None,
        };
        let through = match sweep {
            Some(sweep) => ledger.through(sweep).await?,
            None => Vec::new(),
        };
        Ok(Self { journal, through, outstanding: ledger.outstanding(sweep).await? })
    }

    /// Deliveries that are not through.
    pub fn open(&self) -> i64 {
        self.outstanding.iter().map(|own| own.open + own.failed).sum()
    }

    /// In plain words, line by line.
    pub(super) fn said(&self) -> Vec<String> {
        let mut said = Vec::new();
        said.push(match &self.journal {
            None => "No journal is kept.".to_owned(),
            Some(own) => {
                let written = own.written_at.as_deref().map(|at| format!(", written {} UTC", minute(at)));
                let error = own.error.as_ref().map(|error| format!("; nothing can be written: {error}"));
                format!(
                    "The journal’s last record is {}{}; {} wait to be written{}.",
                    number(own.number),
                    written.unwrap_or_default(),
                    number(own.waiting),
                    error.unwrap_or_default()
                )
            }
        });
        for own in &self.through {
            said.push(format!("{} {} to {}: {}.", number(own.deliveries), own.kind, own.target, own.result));
        }
        for own in &self.outstanding {
            said.push(format!(
                "Not complete, {} to {}: {} pending, {} abandoned, since {} UTC.",
                own.kind,
                own.target,
                number(own.open),
                number(own.failed),
                minute(&own.since)
            ));
        }
        said
    }
}
