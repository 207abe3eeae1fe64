//! The steps of a sweep, from its opening until what it left is delivered.

use serde::Serialize;

use super::failure::Failure;
use super::status::Shown;
use crate::ledger::{Ledger, Outstanding, State, Through};

/// A step of a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Step {
    /// `opened`, `selected`, `batches`, `closed` or `delivered`.
    pub step: &'static str,
    /// How many: clients selected and cut into batches, batches that are over, or deliveries that are made.
    pub done: u64,
    /// How many there are to do, as far as that is known.
    pub of: u64,
    /// When it began; none if it has not.
    pub began_at: Option<String>,
    /// When it ended; none while it goes on.
    pub ended_at: Option<String>,
}

/// The steps of a sweep so far.
pub(super) async fn steps(
    ledger: &Ledger,
    shown: &Shown,
    outstanding: &[Outstanding],
    through: &[Through],
) -> Result<Vec<Step>, Failure> {
    let Shown { sweep, progress, .. } = shown;
    let begun = Some(sweep.opened_at.clone());
    let once = |step, at: Option<String>| Step { step, done: 0, of: 0, began_at: at.clone(), ended_at: at };
    let mut all = vec![once("opened", begun.clone())];
    let batches = progress.open_batches + progress.done_batches;
    // One that a gate refused selected nothing.
    if sweep.state == State::Running || batches > 0 || sweep.cut {
        let (done, of) = (progress.clients, progress.clients);
        all.push(Step { step: "selected", done, of, began_at: begun, ended_at: sweep.cut_at.clone() });
    }
    if batches > 0 {
        let (first, last) = ledger.batches_done(sweep.id).await?;
        let is_over = progress.open_batches == 0 && (sweep.cut || sweep.state != State::Running);
        let ended_at = last.filter(|_| is_over);
        all.push(Step { step: "batches", done: progress.done_batches, of: batches, began_at: first, ended_at });
    }
    if sweep.closed_at.is_some() {
        all.push(once("closed", sweep.closed_at.clone()));
    }
    let count = |own: i64| u64::try_from(own).unwrap_or(0);
    let done: u64 = through.iter().map(|own| count(own.deliveries)).sum();
    let left: u64 = outstanding.iter().map(|own| count(own.open) + count(own.failed)).sum();
    if done + left > 0 {
        let last = through.iter().map(|own| own.last_at.clone()).max();
        let began_at = outstanding.iter().map(|own| own.since.clone()).min().or_else(|| last.clone());
        let ended_at = last.filter(|_| left == 0);
        all.push(Step { step: "delivered", done, of: done + left, began_at, ended_at });
    }
    Ok(all)
}
