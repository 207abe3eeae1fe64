//! What came of the last night, for the first sentence of the morning.

use serde::Serialize;
use utoipa::ToSchema;

use super::status::Shown;
use crate::domain::sweep::SweepKind;
use crate::ledger::{NIGHT, State, parse_moment};
use crate::report::counted;

/// The last night: the sweeps that jobs opened, or people where no job has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Night {
    /// The day of its last sweep; `None` if no sweep was ever opened.
    pub day: Option<String>,
    /// Clients that were due.
    pub due: u64,
    pub anonymized: u64,
    pub refused: u64,
    pub failed: u64,
    /// Sweeps that are running.
    pub running: usize,
    /// Sweeps that were stopped or braked.
    pub stopped: usize,
    /// Clients whose last outcome is a failure, from this night or an earlier one.
    pub need_you: usize,
}

impl Night {
    /// The last night of these sweeps, the newest first.
    #[must_use]
    pub fn of(sweeps: &[Shown], failures: usize) -> Self {
        let by_jobs = sweeps.iter().any(|own| own.sweep.tick.is_some());
        let mut of_clients = sweeps
            .iter()
            .filter(|own| own.sweep.kind != SweepKind::Retention && (own.sweep.tick.is_some() || !by_jobs))
            .peekable();
        let mut night = Self { need_you: failures, ..Self::default() };
        let Some(last) = of_clients.peek().and_then(|own| parse_moment(&own.sweep.opened_at)) else { return night };
        night.day = of_clients.peek().map(|own| own.sweep.today.to_string());
        let same = |own: &&Shown| parse_moment(&own.sweep.opened_at).is_some_and(|at| last - at < NIGHT);
        for shown in of_clients.take_while(same) {
            let tally = shown.progress.tally;
            night.anonymized += tally.anonymized;
            night.refused += tally.refused;
            night.failed += tally.failed;
            night.running += usize::from(shown.sweep.state == State::Running);
            let is_stopped = matches!(shown.sweep.state, State::Stopped | State::Braked);
            night.stopped += usize::from(is_stopped && !sweeps.iter().any(|other| makes_good(other, shown)));
        }
        night.due = night.anonymized + night.refused + night.failed;
        night
    }

    #[must_use]
    pub fn sentence(&self) -> String {
        let Some(day) = &self.day else { return "No sweep was ever opened in this database.".to_owned() };
        let be = |count: u64| if count == 1 { "was" } else { "were" };
        let mut text = match (self.running, self.due) {
            (1.., _) => format!("A sweep is running: {} anonymized so far", counted(self.anonymized, "client")),
            (0, 0) => format!("On the night of {day}, no client was due"),
            (0, due) => format!(
                "In the night of {day}, {} of {} {} anonymized",
                crate::report::number(self.anonymized),
                counted(due, "due client"),
                be(self.anonymized)
            ),
        };
        if self.stopped > 0 {
            let need = if self.stopped == 1 { "needs" } else { "need" };
            text += &format!("; {} did not end and {need} you", counted(self.stopped, "sweep"));
        }
        if self.need_you > 0 {
            let need = if self.need_you == 1 { "needs" } else { "need" };
            text += &format!("; {} failed and {need} you", crate::report::number(self.need_you));
        }
        text + "."
    }
}

/// Whether a later sweep has done what one that did not end was opened for.
pub(super) fn makes_good(later: &Shown, stopped: &Shown) -> bool {
    let (later, stopped) = (&later.sweep, &stopped.sweep);
    let is_same = later.kind == stopped.kind && later.filters == stopped.filters;
    later.id > stopped.id && later.state == State::Done && (is_same || later.job == stopped.job)
}
