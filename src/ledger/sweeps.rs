//! Sweeps in the ledger.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::{Ledger, moment};
use crate::database::{Connection, FromRow, Json, Row, StoreError, from_text, query, query_as, query_scalar};
use crate::domain::outcome::Tally;
use crate::domain::sweep::SweepKind;

/// Where a sweep stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Being cut into batches and worked on.
    Running,
    /// Everybody has an outcome.
    Done,
    /// Refused, or ended before its time; the note says why.
    Stopped,
    /// It would have taken more than the brake allows, and asks.
    Braked,
}

impl State {
    /// The word used in tables, logs and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Braked => "braked",
        }
    }
}

impl std::str::FromStr for State {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Running, Self::Done, Self::Stopped, Self::Braked].into_iter().find(|own| own.as_str() == text).ok_or(())
    }
}

/// A sweep about to be opened.
#[derive(Debug, Clone)]
pub struct NewSweep {
    /// The job; `None` for a sweep started by hand without one.
    pub job: Option<String>,
    /// The scheduled moment; `None` for a sweep started by hand.
    pub tick: Option<DateTime<Utc>>,
    /// Earlier ticks that nothing ran for.
    pub skipped: u64,
    pub kind: SweepKind,
    /// Filter names and values.
    pub filters: BTreeMap<String, Vec<String>>,
    /// The most clients to anonymize.
    pub cap: Option<u64>,
    /// Whether the retention period is passed over.
    pub force: bool,
    /// Whether somebody answered the brake.
    pub over_brake: bool,
    /// The day, in the job's time zone.
    pub today: NaiveDate,
    /// For a period sweep, the first day on which activity keeps a client.
    pub cutoff: Option<NaiveDate>,
    /// The digest of the plan; empty if there was none.
    pub digest: String,
    /// Where it stands from the start.
    pub state: State,
    /// Why it was stopped or braked.
    pub note: Option<String>,
    pub opened_by: String,
}

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
    /// Whether somebody answered the brake.
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
    /// Whether everybody has been cut into batches.
    #[serde(skip)]
    pub cut: bool,
    /// Whether the cap ended it before everybody was looked at.
    pub capped: bool,
    /// Who opened it.
    pub opened_by: String,
    /// When it was opened.
    pub opened_at: String,
    /// When it ended.
    pub closed_at: Option<String>,
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

impl FromRow for Sweep {
    fn from_row(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get("id")?,
            job: row.get("job")?,
            tick: row.get("tick")?,
            skipped: row.get("skipped")?,
            kind: row.get("kind")?,
            filters: row.get::<Json<_>>("filters")?.0,
            cap: row.get("cap")?,
            force: row.get("force")?,
            over_brake: row.get("over_brake")?,
            today: row.get("today")?,
            cutoff: row.get("cutoff")?,
            digest: row.get("digest")?,
            state: row.get("state")?,
            note: row.get("note")?,
            position: row.get("position")?,
            cut: row.get("cut")?,
            capped: row.get("capped")?,
            opened_by: row.get("opened_by")?,
            opened_at: row.get("opened_at")?,
            closed_at: row.get("closed_at")?,
        })
    }
}

impl Ledger {
    /// Writes a new sweep inside a transaction; `None` if the job's tick has one already.
    pub async fn insert_sweep(&self, connection: &mut Connection, sweep: &NewSweep) -> Result<Option<i64>, StoreError> {
        let now = self.now();
        let closed = (sweep.state != State::Running).then(|| now.clone());
        query_scalar(
            "INSERT INTO lethe_sweeps (job, tick, skipped, kind, filters, cap, force, today, cutoff, digest, \
             state, note, opened_by, opened_at, closed_at, over_brake) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
             ON CONFLICT (job, tick) DO NOTHING RETURNING id",
        )
        .bind(&sweep.job)
        .bind(sweep.tick.map(moment))
        .bind(i64::try_from(sweep.skipped).unwrap_or(i64::MAX))
        .bind(sweep.kind.as_str())
        .bind(serde_json::to_string(&sweep.filters).unwrap_or_default())
        .bind(sweep.cap.map(|cap| i64::try_from(cap).unwrap_or(i64::MAX)))
        .bind(i64::from(sweep.force))
        .bind(sweep.today.to_string())
        .bind(sweep.cutoff.map(|day| day.to_string()))
        .bind(&sweep.digest)
        .bind(sweep.state.as_str())
        .bind(&sweep.note)
        .bind(&sweep.opened_by)
        .bind(now)
        .bind(closed)
        .bind(i64::from(sweep.over_brake))
        .fetch_optional(connection)
        .await
    }

    /// The sweep of this number.
    pub async fn sweep(&self, id: i64) -> Result<Option<Sweep>, StoreError> {
        query_as("SELECT * FROM lethe_sweeps WHERE id = $1").bind(id).fetch_optional(self.readers()).await
    }

    /// Sweeps that are running, oldest first.
    pub async fn running_sweeps(&self) -> Result<Vec<Sweep>, StoreError> {
        query_as("SELECT * FROM lethe_sweeps WHERE state = 'running' ORDER BY id").fetch_all(self.readers()).await
    }

    /// The last sweeps, newest first.
    pub async fn last_sweeps(&self, most: u32) -> Result<Vec<Sweep>, StoreError> {
        self.sweeps_before(None, most).await
    }

    /// The last sweeps before one, newest first.
    pub async fn sweeps_before(&self, before: Option<i64>, most: u32) -> Result<Vec<Sweep>, StoreError> {
        query_as("SELECT * FROM lethe_sweeps WHERE id < $1 ORDER BY id DESC LIMIT $2")
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(most))
            .fetch_all(self.readers())
            .await
    }

    /// How far a sweep is.
    pub async fn progress(&self, sweep: i64) -> Result<Progress, StoreError> {
        let row = query(
            "SELECT CAST(COALESCE(sum(anonymized), 0) AS BIGINT), CAST(COALESCE(sum(refused), 0) AS BIGINT), \
             CAST(COALESCE(sum(already), 0) AS BIGINT), CAST(COALESCE(sum(not_due), 0) AS BIGINT), \
             CAST(COALESCE(sum(not_found), 0) AS BIGINT), CAST(COALESCE(sum(failed), 0) AS BIGINT), \
             CAST(COALESCE(sum(clients) FILTER (WHERE state <> 'split'), 0) AS BIGINT), \
             count(*) FILTER (WHERE state IN ('ready', 'running')), count(*) FILTER (WHERE state = 'done'), \
             count(*) FILTER (WHERE state = 'ready' AND run_at > $2) FROM lethe_batches WHERE sweep = $1",
        )
        .bind(sweep)
        .bind(self.now())
        .fetch_one(self.readers())
        .await?;
        let count = |at: usize| row.get::<u64>(at);
        Ok(Progress {
            tally: Tally {
                anonymized: count(0)?,
                refused: count(1)?,
                already: count(2)?,
                not_due: count(3)?,
                not_found: count(4)?,
                failed: count(5)?,
            },
            clients: count(6)?,
            open_batches: count(7)?,
            done_batches: count(8)?,
            pausing_batches: count(9)?,
        })
    }

    /// Says something of a sweep that has ended, for those who look at it.
    pub async fn note_sweep(&self, id: i64, note: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        query("UPDATE lethe_sweeps SET note = $2 WHERE id = $1").bind(id).bind(note).execute(&mut **writer).await?;
        Ok(())
    }

    /// Takes a note back from every sweep that has it. Returns whether there was one.
    pub async fn clear_note(&self, note: &str) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let cleared =
            query("UPDATE lethe_sweeps SET note = NULL WHERE note = $1").bind(note).execute(&mut **writer).await?;
        Ok(cleared > 0)
    }

    /// Ends a sweep before its time; its open batches are cancelled.
    pub async fn stop_sweep(&self, id: i64, note: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let run = async {
            let mut transaction = writer.begin().await?;
            let stopped = query("UPDATE lethe_sweeps SET state = 'stopped', note = $2, closed_at = $3 WHERE id = $1 AND state = 'running'")
                .bind(id)
                .bind(note)
                .bind(self.now())
                .execute(&mut *transaction)
                .await?
                ;
            query("UPDATE lethe_batches SET state = 'cancelled', keys = NULL, lease = NULL WHERE sweep = $1 AND state IN ('ready', 'running')")
                .bind(id)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok::<bool, StoreError>(stopped > 0)
        };
        let stopped = run.await?;
        drop(writer);
        if stopped {
            self.trace_end(id).await;
        }
        Ok(())
    }

    /// Closes a sweep whose batches are all over. Returns whether it was this call that did.
    pub async fn close_sweep(&self, sweep: &Sweep) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let run = async {
            let mut transaction = writer.begin().await?;
            let closed = query(
                "UPDATE lethe_sweeps SET state = 'done', closed_at = $2 WHERE id = $1 AND state = 'running' AND cut = 1 \
                 AND NOT EXISTS (SELECT 1 FROM lethe_batches WHERE sweep = $1 AND state IN ('ready', 'running'))",
            )
            .bind(sweep.id)
            .bind(self.now())
            .execute(&mut *transaction)
            .await?
            ;
            transaction.commit().await?;
            Ok::<bool, StoreError>(closed > 0)
        };
        let closed = run.await?;
        drop(writer);
        if closed {
            self.trace_end(sweep.id).await;
        }
        Ok(closed)
    }
}
