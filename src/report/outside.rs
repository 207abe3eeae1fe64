//! What leaves the database: the journal's head, and what is still to be delivered.

use std::collections::BTreeMap;

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
        // Of many sweeps, a target is one line.
        let mut targets = BTreeMap::new();
        for own in &self.outstanding {
            let (open, failed, since) = targets.entry((&own.kind, &own.target)).or_insert((0, 0, &own.since));
            *open += own.open;
            *failed += own.failed;
            *since = (*since).min(&own.since);
        }
        said.extend(targets.into_iter().map(|((kind, target), (open, failed, since))| {
            let (open, failed, since) = (number(open), number(failed), minute(since));
            format!("Not complete, {kind} to {target}: {open} pending, {failed} abandoned, since {since} UTC.")
        }));
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_one_line_however_many_sweeps_wait_for_it() {
        let waiting = |sweep, target: &str, open, failed, since: &str| Outstanding {
            sweep,
            kind: "message".to_owned(),
            target: target.to_owned(),
            open,
            failed,
            since: since.to_owned(),
            error: None,
        };
        let (late, early) = ("2026-12-02T01:00:00.000Z", "2026-12-01T01:00:00.000Z");
        let outstanding =
            vec![waiting(3, "crm", 2, 0, late), waiting(4, "crm", 1, 6, early), waiting(4, "erp", 1, 0, late)];
        let outside = Outside { journal: None, through: Vec::new(), outstanding };
        assert_eq!(
            outside.said()[1..],
            [
                "Not complete, message to crm: 3 pending, 6 abandoned, since 2026-12-01 01:00 UTC.",
                "Not complete, message to erp: 1 pending, 0 abandoned, since 2026-12-02 01:00 UTC.",
            ]
        );
    }
}
