//! A sweep as a span: from when it was opened until it ended, in whichever process.

use std::time::SystemTime;

use super::{Ledger, State, Sweep, parse_moment};
use crate::domain::outcome::Tally;
use crate::traces::{self, Shared, Span, number};

/// Outcomes as what a span says of them.
pub fn counts(tally: &Tally) -> [(&'static str, u64); 6] {
    [
        ("lethe.clients.anonymized", tally.anonymized),
        ("lethe.clients.refused", tally.refused),
        ("lethe.clients.already", tally.already),
        ("lethe.clients.not_due", tally.not_due),
        ("lethe.clients.not_found", tally.not_found),
        ("lethe.clients.failed", tally.failed),
    ]
}

impl Sweep {
    /// The ids of its span, which any process can tell from its row.
    fn trace(&self) -> Shared {
        Shared::of(&format!("{} {} {}", self.id, self.opened_at, self.digest))
    }

    /// A span below that of the sweep, begun at `since` or now.
    pub fn span(&self, name: &'static str, since: Option<SystemTime>) -> Span {
        Span::below(name, || self.trace(), since).with("lethe.sweep.id", self.id)
    }
}

impl Ledger {
    /// Tells the span of a sweep that has ended. What cannot be read is not told.
    pub(super) async fn trace_end(&self, id: i64) {
        if !traces::is_on() {
            return;
        }
        let (Ok(Some(sweep)), Ok(progress)) = (self.sweep(id).await, self.progress(id).await) else { return };
        let opened = parse_moment(&sweep.opened_at).map(SystemTime::from);
        let span = Span::shared("sweep", sweep.trace(), opened)
            .with("lethe.sweep.id", sweep.id)
            .with("lethe.sweep.kind", sweep.kind.as_str())
            .with("lethe.job", sweep.job.clone().unwrap_or_default())
            .with("lethe.clients", number(progress.clients))
            .with("lethe.batches", number(progress.done_batches));
        let counts = counts(&progress.tally).into_iter();
        let span = counts.fold(span, |span, (name, count)| span.with(name, number(count)));
        drop(span.failed(sweep.state != State::Done));
    }
}
