//! Sweeps in the ledger.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::figures::tally;
use super::{Ledger, Request, moment, parse_moment};
use crate::database::{Connection, StoreError, from_text, row};
use crate::domain::outcome::Tally;
use crate::domain::sweep::SweepKind;
use crate::domain::value::json_of;
use crate::domain::words::words;

/// Sweeps opened within so many hours before the last one are of the same night.
pub const NIGHT: TimeDelta = TimeDelta::hours(12);
/// How far back a morning looks for what did not end.
const RECENT: TimeDelta = TimeDelta::days(2);

words! {
    "the states are";
    /// Where a sweep stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum State {
        /// Being cut into batches and worked on.
        Running = "running",
        /// Every client has an outcome.
        Done = "done",
        /// Refused, or ended before its time; the note says why.
        Stopped = "stopped",
        /// It would have taken more than the brake allows, and asks.
        Braked = "braked",
    }
}

/// A page of sweeps, newest first.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SweepPage {
    /// Only sweeps of this job.
    pub job: Option<String>,
    /// Only this kind.
    pub kind: Option<SweepKind>,
    /// Only this state.
    pub state: Option<State>,
    /// Only those opened on or after this day, UTC.
    pub since: Option<NaiveDate>,
    /// Only those opened on or before this day, UTC.
    pub until: Option<NaiveDate>,
    /// Only sweeps before this one.
    pub before: Option<i64>,
    /// So many at most, up to 200.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: u32,
}

/// How many are on a page whose size is not said.
pub(super) fn fifty() -> u32 {
    50
}

/// A sweep about to be opened.
#[derive(Debug, Clone)]
pub struct NewSweep<'a> {
    pub request: &'a Request,
    /// For a period sweep, the first day on which activity keeps a client.
    pub cutoff: Option<NaiveDate>,
    /// The digest of the plan; empty if there was none.
    pub digest: &'a str,
    /// The table of its clients; `None` if there was no plan.
    pub client_table: Option<&'a str>,
    /// Where it stands from the start.
    pub state: State,
    /// Why it was stopped or braked.
    pub note: Option<String>,
    /// The digest of what a person asked for: one sweep runs for the same terms.
    pub terms: Option<String>,
    pub opened_by: &'a str,
    /// The most clients that its brake lets it take; `None` is no limit.
    pub allowance: Option<u64>,
    /// The most rows of each table, of retention sweeps; a table that is missing has no limit.
    pub row_allowance: Option<&'a BTreeMap<String, u64>>,
}

row! {
    /// A sweep as the ledger has it.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Sweep {
        /// Its number.
        pub id: i64,
        /// The job.
        pub job: Option<String>,
        /// The scheduled moment.
        pub tick: Option<String>,
        /// Earlier ticks that nothing ran for.
        pub skipped: i64,
        /// The kind.
        pub kind: SweepKind,
        /// Filter names and values.
        pub filters: BTreeMap<String, Vec<String>>,
        /// The most clients to anonymize.
        pub cap: Option<u64>,
        /// Whether the retention period is passed over.
        pub force: bool,
        /// Whether a person released the brake.
        pub over_brake: bool,
        /// The day, in the job's time zone.
        pub today: NaiveDate,
        /// The first day on which activity keeps a client.
        pub cutoff: Option<NaiveDate>,
        /// The digest of the plan.
        pub digest: String,
        /// Where it stands.
        pub state: State,
        /// Why it was stopped or braked.
        pub note: Option<String>,
        /// The last key that was cut into a batch.
        #[serde(skip)]
        pub position: Option<String>,
        /// Whether all clients have been cut into batches.
        #[serde(skip)]
        pub cut: bool,
        /// When they had been.
        #[serde(skip)]
        pub cut_at: Option<String>,
        /// Whether the cap ended it before all clients were checked.
        pub capped: bool,
        /// The time zone in which it has its day; `None` if an earlier version of Lethe opened it.
        #[serde(skip)]
        pub zone: Option<String>,
        /// The most clients that its brake lets it take.
        #[serde(skip)]
        pub allowance: Option<u64>,
        /// The most rows of each table, of retention sweeps; a table that is missing has no limit.
        #[serde(skip)]
        pub row_allowance: Option<BTreeMap<String, u64>>,
        /// Later ticks of its job that joined it while it ran.
        pub joined: i64,
        /// Who opened it.
        pub opened_by: String,
        /// When it was opened.
        pub opened_at: String,
        /// When it ended.
        pub closed_at: Option<String>,
    }
}

/// How far a sweep is.
#[derive(Debug, Clone, Copy, Default, Serialize, utoipa::ToSchema)]
pub struct Progress {
    /// Outcomes so far.
    #[serde(flatten)]
    pub tally: Tally,
    /// Clients cut into batches so far.
    pub clients: u64,
    /// Batches not yet over.
    pub open_batches: u64,
    /// Those of them that pause before they are tried again.
    pub pausing_batches: u64,
    /// Batches over.
    pub done_batches: u64,
}

from_text!(State, SweepKind);

impl Ledger {
    /// Writes a new sweep inside a transaction; `None` if the job's tick has one
    /// already, or one of the same terms is running.
    pub async fn insert_sweep(
        &self,
        connection: &mut Connection,
        sweep: &NewSweep<'_>,
    ) -> Result<Option<i64>, StoreError> {
        let (now, request) = (self.now(), sweep.request);
        let closed = (sweep.state != State::Running).then(|| now.clone());
        sql!(
            query_scalar,
            "sweeps/insert",
            &request.job,
            request.tick.map(moment),
            request.skipped,
            request.kind.as_str(),
            json_of(&request.filters),
            request.cap,
            i64::from(request.force),
            request.today.to_string(),
            sweep.cutoff.map(|day| day.to_string()),
            sweep.digest,
            sweep.state.as_str(),
            &sweep.note,
            sweep.opened_by,
            now,
            closed,
            i64::from(request.over_brake),
            &sweep.terms,
            request.zone.name(),
            sweep.allowance,
            sweep.row_allowance.map(json_of),
            sweep.client_table
        )
        .fetch_optional(connection)
        .await
    }

    pub async fn sweep(&self, id: i64) -> Result<Option<Sweep>, StoreError> {
        sql!(query_as, "sweeps/sweep", id).fetch_optional(self.readers()).await
    }

    /// The running sweep that a person started on these terms.
    pub async fn running_on(&self, terms: &str) -> Result<Option<i64>, StoreError> {
        sql!(query_scalar, "sweeps/running_on", terms).fetch_optional(self.readers()).await
    }

    /// Sweeps that are running, oldest first.
    pub async fn running_sweeps(&self) -> Result<Vec<Sweep>, StoreError> {
        sql!(query_as, "sweeps/running").fetch_all(self.readers()).await
    }

    /// The sweep of a job that is running, if one is.
    pub async fn running_of_job(&self, job: &str) -> Result<Option<i64>, StoreError> {
        sql!(query_scalar, "sweeps/running_of_job", job).fetch_one(self.readers()).await
    }

    /// Records that a tick, and those missed before it, joined a sweep that is still running. Returns whether it was
    /// this call that did: the sweep's own tick and one that joined before are not counted.
    pub async fn join_sweep(&self, id: i64, tick: DateTime<Utc>, skipped: u64) -> Result<bool, StoreError> {
        sql!(query, "sweeps/join", id, moment(tick), skipped.saturating_add(1)).took_effect(self).await
    }

    /// The last sweeps, newest first.
    pub async fn last_sweeps(&self, most: u32) -> Result<Vec<Sweep>, StoreError> {
        self.sweeps(&SweepPage { limit: most, ..SweepPage::default() }).await
    }

    /// The sweeps that a morning is about, newest first: those of ticks since two days ago, or since the last night
    /// where that is longer ago; those that run; and those that did not end and that no later one made good.
    pub async fn of_last_night(&self) -> Result<Vec<Sweep>, StoreError> {
        let last: Option<String> = sql!(query_scalar, "sweeps/last_tick").fetch_one(self.readers()).await?;
        let recent = self.clock.now() - RECENT;
        let since = last.as_deref().and_then(parse_moment).map_or(recent, |last| recent.min(last - NIGHT));
        sql!(query_as, "sweeps/of_last_night", moment(since)).fetch_all(self.readers()).await
    }

    /// A page of sweeps, newest first.
    pub async fn sweeps(&self, page: &SweepPage) -> Result<Vec<Sweep>, StoreError> {
        let until = page.until.and_then(|day| day.succ_opt()).map_or_else(|| "~".to_owned(), |day| day.to_string());
        sql!(
            query_as,
            "sweeps/sweeps",
            page.before.unwrap_or(i64::MAX),
            page.job.clone().unwrap_or_default(),
            page.kind.map_or("", SweepKind::as_str),
            page.state.map_or("", State::as_str),
            page.since.map(|day| day.to_string()).unwrap_or_default(),
            until,
            page.limit
        )
        .fetch_all(self.readers())
        .await
    }

    /// How far a sweep is.
    pub async fn progress(&self, sweep: i64) -> Result<Progress, StoreError> {
        let row = sql!(query, "sweeps/progress", sweep, self.now()).fetch_one(self.readers()).await?;
        let count = |at: usize| row.get::<u64>(at);
        Ok(Progress {
            tally: tally(&row)?,
            clients: count(6)?,
            open_batches: count(7)?,
            done_batches: count(8)?,
            pausing_batches: count(9)?,
        })
    }

    /// When the first and the last of a sweep's batches was over.
    pub async fn batches_done(&self, sweep: i64) -> Result<(Option<String>, Option<String>), StoreError> {
        sql!(query_as, "sweeps/batches_done", sweep).fetch_one(self.readers()).await
    }

    /// Says something of a sweep that has ended, for those who look at it.
    pub async fn note_sweep(&self, id: i64, note: &str) -> Result<(), StoreError> {
        sql!(query, "sweeps/note", id, note).run(self).await
    }

    /// Ends a sweep before its time; its open batches are cancelled.
    pub async fn stop_sweep(&self, id: i64, note: &str) -> Result<(), StoreError> {
        self.end_sweep(id, State::Stopped, note).await
    }

    /// Ends a sweep that would take more than its brake allows; its open batches are cancelled.
    pub async fn brake_sweep(&self, id: i64, note: &str) -> Result<(), StoreError> {
        self.end_sweep(id, State::Braked, note).await
    }

    async fn end_sweep(&self, id: i64, state: State, note: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let is_ended =
            sql!(query, "sweeps/end", id, note, self.now(), state.as_str()).took_effect(&mut *transaction).await?;
        sql!(query, "sweeps/cancel_batches", id).execute(&mut *transaction).await?;
        transaction.commit().await?;
        drop(writer);
        if is_ended {
            self.trace_end(id).await;
        }
        Ok(())
    }

    /// Closes a sweep whose batches are all over. Returns whether it was this call that did.
    pub async fn close_sweep(&self, sweep: &Sweep) -> Result<bool, StoreError> {
        let is_closed = sql!(query, "sweeps/close", sweep.id, self.now()).took_effect(self).await?;
        if is_closed {
            self.trace_end(sweep.id).await;
        }
        Ok(is_closed)
    }
}
