//! Where the journal stands.

use serde::Serialize;

use super::failure::Failure;
use crate::journal::Journal;
use crate::ledger::{Backlog, Head};
use crate::report::{counted, minute};
use crate::worker::Context;
use crate::worker::journal::before_opening;
use crate::worker::sweep::SweepError;

/// What a person is told of a journal next to a database that has never written one.
pub const UNKNOWN: &str = "the journal at `journal.place` was not written by this database; live sweeps wait for \
                           `lethe journal adopt`, if it is this database's, or `lethe journal new` in an empty location";

/// Whether there is anything in a journal, as far as it can be read.
pub async fn has_segments(journal: &Journal) -> bool {
    journal.place().last().await.is_ok_and(|last| last > 0)
}

/// Where the journal stands.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct JournalStatus {
    /// The folder or bucket; `None` if none is configured any more.
    pub place: Option<String>,
    /// Its end, as the ledger knows it.
    #[serde(flatten)]
    pub head: Option<Head>,
    /// What waits to be written.
    pub backlog: Backlog,
    /// Whether there is a journal, and this database has never written one.
    #[serde(skip)]
    pub is_unknown: bool,
}

impl JournalStatus {
    /// As the ledger knows it, after a look whether the journal is ahead.
    pub async fn of(context: &Context) -> Result<Option<Self>, Failure> {
        let Some(journal) = &context.journal else {
            // Once there was one: what waits is not to be overlooked.
            return Ok(match context.ledger.journal().await? {
                None => None,
                head => Some(Self { place: None, head, backlog: context.ledger.backlog().await?, is_unknown: false }),
            });
        };
        if context.ledger.journal().await?.is_some() {
            match before_opening(context).await {
                // What stops sweeps is noted in the ledger.
                Ok(()) | Err(SweepError::Restored { .. } | SweepError::Journal(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let place = Some(journal.place().shown().to_owned());
        let head = context.ledger.journal().await?;
        let is_unknown = head.is_none() && has_segments(journal).await;
        Ok(Some(Self { place, head, backlog: context.ledger.backlog().await?, is_unknown }))
    }

    /// What an operator should look at.
    #[must_use]
    pub fn attention(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.is_unknown {
            all.push(UNKNOWN.to_owned());
        }
        let Some(head) = &self.head else { return all };
        if head.restored_at.is_some() {
            let by = head
                .replay
                .map_or_else(|| "no replay is open yet".to_owned(), |id| format!("sweep {id} replays the journal"));
            all.push(format!("the database was restored from a backup: live sweeps wait, {by}"));
        }
        if let Some(error) = &head.error {
            let since = head.error_at.as_deref().map(|at| format!(" since {} UTC", minute(at))).unwrap_or_default();
            let waits = if head.halted_at.is_some() { "; live sweeps wait" } else { "" };
            all.push(format!("{error}{since}{waits}; {} wait in the ledger", counted_records(&self.backlog)));
        } else if self.place.is_none() {
            all.push(format!(
                "`journal.place` is not set, and the ledger keeps a journal; {} wait in it",
                counted_records(&self.backlog)
            ));
        }
        all
    }

    #[must_use]
    pub fn line(&self) -> String {
        let place = self.place.as_deref().unwrap_or("nowhere");
        let Some(head) = &self.head else { return format!("Journal at {place}, nothing written yet") };
        let waiting = match self.backlog.records {
            0 => String::new(),
            _ => format!(", {} waiting", counted_records(&self.backlog)),
        };
        let hash = head.hash.get(..12).unwrap_or_default();
        format!("Journal at {place}: record {} ({hash}){waiting}", head.number)
    }
}

/// So many outcomes that wait.
#[must_use]
pub fn counted_records(backlog: &Backlog) -> String {
    counted(backlog.records, "outcome")
}
