//! Sweeps in the ledger.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::figures::{sums, tally};
use super::{Ledger, Request, moment, parse_moment};
use crate::database::{Connection, StoreError, from_text, query, query_as, query_scalar, row};
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
        query_scalar(
            "INSERT INTO lethe_sweeps (job, tick, skipped, kind, filters, cap, force, today, cutoff, digest, \
             state, note, opened_by, opened_at, closed_at, over_brake, terms, zone, allowance, row_allowance, client_table) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) \
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(&request.job)
        .bind(request.tick.map(moment))
        .bind(request.skipped)
        .bind(request.kind.as_str())
        .bind(json_of(&request.filters))
        .bind(request.cap)
        .bind(i64::from(request.force))
        .bind(request.today.to_string())
        .bind(sweep.cutoff.map(|day| day.to_string()))
        .bind(sweep.digest)
        .bind(sweep.state.as_str())
        .bind(&sweep.note)
        .bind(sweep.opened_by)
        .bind(now)
        .bind(closed)
        .bind(i64::from(request.over_brake))
        .bind(&sweep.terms)
        .bind(request.zone.name())
        .bind(sweep.allowance)
        .bind(sweep.row_allowance.map(json_of))
        .bind(sweep.client_table)
        .fetch_optional(connection)
        .await
    }

    pub async fn sweep(&self, id: i64) -> Result<Option<Sweep>, StoreError> {
        query_as("SELECT * FROM lethe_sweeps WHERE id = $1").bind(id).fetch_optional(self.readers()).await
    }

    /// The running sweep that a person started on these terms.
    pub async fn running_on(&self, terms: &str) -> Result<Option<i64>, StoreError> {
        query_scalar("SELECT id FROM lethe_sweeps WHERE terms = $1 AND state = 'running'")
            .bind(terms)
            .fetch_optional(self.readers())
            .await
    }

    /// Sweeps that are running, oldest first.
    pub async fn running_sweeps(&self) -> Result<Vec<Sweep>, StoreError> {
        query_as("SELECT * FROM lethe_sweeps WHERE state = 'running' ORDER BY id").fetch_all(self.readers()).await
    }

    /// The sweep of a job that is running, if one is.
    pub async fn running_of_job(&self, job: &str) -> Result<Option<i64>, StoreError> {
        query_scalar("SELECT min(id) FROM lethe_sweeps WHERE job = $1 AND state = 'running'")
            .bind(job)
            .fetch_one(self.readers())
            .await
    }

    /// Records that a tick, and those missed before it, joined a sweep that is still running. Returns whether it was
    /// this call that did: the sweep's own tick and one that joined before are not counted.
    pub async fn join_sweep(&self, id: i64, tick: DateTime<Utc>, skipped: u64) -> Result<bool, StoreError> {
        let joined = query(
            "UPDATE lethe_sweeps SET joined = joined + $3, joined_at = $2 WHERE id = $1 AND state = 'running' \
             AND COALESCE(tick, '') < $2 AND COALESCE(joined_at, '') < $2",
        )
        .bind(id)
        .bind(moment(tick))
        .bind(skipped.saturating_add(1))
        .execute(self)
        .await?;
        Ok(joined > 0)
    }

    /// The last sweeps, newest first.
    pub async fn last_sweeps(&self, most: u32) -> Result<Vec<Sweep>, StoreError> {
        self.sweeps(&SweepPage { limit: most, ..SweepPage::default() }).await
    }

    /// The sweeps that a morning is about, newest first: those of ticks since two days ago, or since the last night
    /// where that is longer ago; those that run; and those that did not end and that no later one made good.
    pub async fn of_last_night(&self) -> Result<Vec<Sweep>, StoreError> {
        let last: Option<String> =
            query_scalar("SELECT max(opened_at) FROM lethe_sweeps WHERE tick IS NOT NULL AND kind <> 'retention'")
                .fetch_one(self.readers())
                .await?;
        let recent = self.clock.now() - RECENT;
        let since = last.as_deref().and_then(parse_moment).map_or(recent, |last| recent.min(last - NIGHT));
        query_as(
            "SELECT s.* FROM lethe_sweeps AS s WHERE s.state = 'running' OR (s.opened_at >= $1 AND (s.tick IS NOT NULL \
             OR (s.state IN ('stopped', 'braked') AND NOT EXISTS (SELECT 1 FROM lethe_sweeps AS later \
             WHERE later.id > s.id AND later.state = 'done' AND coalesce(later.job, '') = coalesce(s.job, ''))))) \
             ORDER BY s.id DESC LIMIT 100",
        )
        .bind(moment(since))
        .fetch_all(self.readers())
        .await
    }

    /// A page of sweeps, newest first.
    pub async fn sweeps(&self, page: &SweepPage) -> Result<Vec<Sweep>, StoreError> {
        let until = page.until.and_then(|day| day.succ_opt()).map_or_else(|| "~".to_owned(), |day| day.to_string());
        query_as(
            "SELECT * FROM lethe_sweeps WHERE id < $1 AND ($2 = '' OR job = $2) AND ($3 = '' OR kind = $3) \
             AND ($4 = '' OR state = $4) AND opened_at >= $5 AND opened_at < $6 ORDER BY id DESC LIMIT $7",
        )
        .bind(page.before.unwrap_or(i64::MAX))
        .bind(page.job.clone().unwrap_or_default())
        .bind(page.kind.map_or("", SweepKind::as_str))
        .bind(page.state.map_or("", State::as_str))
        .bind(page.since.map(|day| day.to_string()).unwrap_or_default())
        .bind(until)
        .bind(page.limit)
        .fetch_all(self.readers())
        .await
    }

    /// How far a sweep is.
    pub async fn progress(&self, sweep: i64) -> Result<Progress, StoreError> {
        let row = query(format!(
            "SELECT {}, CAST(COALESCE(sum(clients) FILTER (WHERE state <> 'split'), 0) AS BIGINT), \
             count(*) FILTER (WHERE state IN ('ready', 'running')), count(*) FILTER (WHERE state = 'done'), \
             count(*) FILTER (WHERE state = 'ready' AND run_at > $2) FROM lethe_batches WHERE sweep = $1",
            sums()
        ))
        .bind(sweep)
        .bind(self.now())
        .fetch_one(self.readers())
        .await?;
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
        query_as("SELECT min(done_at), max(done_at) FROM lethe_batches WHERE sweep = $1 AND state = 'done'")
            .bind(sweep)
            .fetch_one(self.readers())
            .await
    }

    /// Says something of a sweep that has ended, for those who look at it.
    pub async fn note_sweep(&self, id: i64, note: &str) -> Result<(), StoreError> {
        query("UPDATE lethe_sweeps SET note = $2 WHERE id = $1").bind(id).bind(note).run(self).await
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
            query("UPDATE lethe_sweeps SET state = $4, note = $2, closed_at = $3 WHERE id = $1 AND state = 'running'")
                .bind(id)
                .bind(note)
                .bind(self.now())
                .bind(state.as_str())
                .took_effect(&mut *transaction)
                .await?;
        query(
            "UPDATE lethe_batches SET state = 'cancelled', keys = NULL, lease = NULL \
             WHERE sweep = $1 AND state IN ('ready', 'running')",
        )
        .bind(id)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        drop(writer);
        if is_ended {
            self.trace_end(id).await;
        }
        Ok(())
    }

    /// Closes a sweep whose batches are all over. Returns whether it was this call that did.
    pub async fn close_sweep(&self, sweep: &Sweep) -> Result<bool, StoreError> {
        let is_closed = query(
            "UPDATE lethe_sweeps SET state = 'done', closed_at = $2 WHERE id = $1 AND state = 'running' AND cut = 1 \
             AND NOT EXISTS (SELECT 1 FROM lethe_batches WHERE sweep = $1 AND state IN ('ready', 'running'))",
        )
        .bind(sweep.id)
        .bind(self.now())
        .took_effect(self)
        .await?;
        if is_closed {
            self.trace_end(sweep.id).await;
        }
        Ok(is_closed)
    }
}
