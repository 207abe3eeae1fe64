//! Moments in the ledger that are ahead of the clock, because it was wrong when they were written. Left as they
//! are they would hold work up until the clock reaches them.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Ledger, moment};
use crate::database::{StoreError, query, query_scalar, row};

/// Clocks of several hosts, and one that is corrected by a little, may differ by so much.
pub const APART: TimeDelta = TimeDelta::minutes(5);

/// No time zone is further than this from UTC.
const ZONES: TimeDelta = TimeDelta::hours(16);

row! {
    /// Moments that were ahead of the clock and were reset.
    #[derive(Debug, Clone, Serialize)]
    pub struct Reset {
        /// What they were moments of.
        pub what: String,
        /// When they were reset.
        pub at: String,
        /// The furthest of them.
        pub was: String,
    }
}

/// A kind of moment: what it is of, its table and column, which rows are meant, how far ahead it may rightly be (`None`
/// for as long as a lease), and what becomes of one that is further ahead than that; `$2` is now.
type Kind = (&'static str, &'static str, &'static str, &'static str, Option<TimeDelta>, &'static str);

// Holds and outcomes keep theirs: the journal has the same moments, by which the two are compared.
const KINDS: [Kind; 20] = [
    ("ticks of jobs", "lethe_jobs", "checked_at", "TRUE", Some(APART), "checked_at = $2"),
    // Or the tick would find that it has had its sweep, when it comes.
    ("ticks of sweeps", "lethe_sweeps", "tick", "tick IS NOT NULL", Some(APART), NO_TICK),
    ("batches", "lethe_batches", "run_at", "state IN ('ready', 'running')", Some(APART), "run_at = $2"),
    ("leases of batches", "lethe_batches", "lease_until", "state = 'running'", None, "lease_until = $2"),
    // A receiver may ask for a pause of a day.
    ("deliveries", "lethe_deliveries", "run_at", "state = 'open'", Some(TimeDelta::days(2)), AT_ONCE),
    ("leases of deliveries", "lethe_deliveries", "lease_until", "state = 'open'", None, "lease_until = $2"),
    (
        "the journal's lease",
        "lethe_journal",
        "lease_until",
        "lease_until IS NOT NULL",
        Some(TimeDelta::minutes(10)),
        "lease_until = $2",
    ),
    ("backups", "lethe_backups", "made_at", "TRUE", Some(APART), NO_BACKUP),
    // The client is told anew.
    ("notices", "lethe_notices", "sent_at", "ended_at IS NULL", Some(APART), "ended_at = $2, ended_by = 'lapsed'"),
    // Or the batch would seem to be worked on, and the night to have been lately.
    ("ends of batches", "lethe_batches", "done_at", "done_at IS NOT NULL", Some(APART), "done_at = $2"),
    ("ends of sweeps", "lethe_sweeps", "closed_at", "closed_at IS NOT NULL", Some(APART), "closed_at = $2"),
    // Or people would not be told that the journal is away until the clock reaches it.
    ("the journal's trouble", "lethe_journal", "error_at", "error IS NOT NULL", Some(APART), "error_at = $2"),
    // The same of deliveries that wait.
    ("deliveries that wait", "lethe_deliveries", "made_at", "state = 'open'", Some(APART), "made_at = $2"),
    // Or the next alert would pass for the one that is over.
    ("ends of alerts", "lethe_alerts", "over_at", "over_at IS NOT NULL", Some(APART), "over_at = $2"),
    // Or clients' names would be kept for longer, and a review whose process has ended would never be given up.
    ("reviews", "lethe_reviews", "made_at", "state = 'waiting'", Some(APART), "made_at = $2"),
    ("reviews in the making", "lethe_reviews", "alive_at", "state = 'making'", Some(APART), "alive_at = $2"),
    ("imports", "lethe_imports", "alive_at", "state = 'reading'", Some(APART), "alive_at = $2"),
    ("selections", "lethe_selections", "begun_at", "saved_at IS NULL", Some(APART), "begun_at = $2"),
    ("hashes of clients", "lethe_recognized", "kept_at", "TRUE", Some(APART), "kept_at = $2"),
    ("sessions", "lethe_sessions", "used_at", "TRUE", Some(APART), USED),
];

const USED: &str = "used_at = $2, made_at = CASE WHEN made_at > $2 THEN $2 ELSE made_at END";

const NO_TICK: &str = "tick = NULL, note = COALESCE(note || '; ', '') || 'the clock was ahead: reset on ' \
     || substr(CAST($2 AS TEXT), 1, 10) || ', its tick was ' || tick";
const AT_ONCE: &str = "run_at = $2, lease_until = CASE WHEN lease_until > $2 THEN $2 ELSE lease_until END";
/// When it was really made is not known, so it is not a recent backup.
const NO_BACKUP: &str = "note = COALESCE(note || '; ', '') || 'acknowledged for ' || made_at \
     || ' by a clock that was ahead, reset on ' || substr(CAST($2 AS TEXT), 1, 10), made_at = '1970-01-01T00:00:00.000Z'";

impl Ledger {
    /// Resets the moments that are ahead of the clock, stops sweeps whose day is, and notes what was reset.
    pub async fn reset_moments_ahead(&self) -> Result<Vec<Reset>, StoreError> {
        let now = self.clock.now();
        let leased = TimeDelta::from_std(self.lease).unwrap_or(TimeDelta::MAX).checked_add(&APART);
        let mut resets = Vec::new();
        for (what, table, column, only, ahead, set) in KINDS {
            let Some(bound) = ahead.or(leased).and_then(|ahead| now.checked_add_signed(ahead)) else { continue };
            let bound = moment(bound);
            let furthest = format!("SELECT max({column}) FROM {table} WHERE {column} > $1 AND {only}");
            let furthest: Option<String> = query_scalar(furthest).bind(&bound).fetch_one(self.readers()).await?;
            let Some(was) = furthest else { continue };
            let reset = format!("UPDATE {table} SET {set} WHERE {column} > $1 AND {only}");
            let at = moment(now);
            let mut writer = self.writer().await;
            let mut transaction = writer.begin().await?;
            query(reset).bind(&bound).bind(&at).execute(&mut *transaction).await?;
            sql!(query, "clock/note_reset", what, &at, &was).execute(&mut *transaction).await?;
            transaction.commit().await?;
            resets.push(Reset { what: what.to_owned(), at, was });
        }
        let day = (now + ZONES).date_naive();
        for sweep in self.running_sweeps().await?.into_iter().filter(|sweep| sweep.today > day) {
            let note = format!("the clock was ahead: the sweep was opened for {}, which is in the future", sweep.today);
            tracing::warn!(sweep = sweep.id, note, "sweep stopped");
            self.stop_sweep(sweep.id, &note).await?;
        }
        Ok(resets)
    }

    /// What was reset since a moment, the latest first.
    pub async fn resets(&self, since: DateTime<Utc>) -> Result<Vec<Reset>, StoreError> {
        sql!(query_as, "clock/resets", moment(since), moment(self.clock.now() + APART)).fetch_all(self.readers()).await
    }

    /// Whether a moment of the ledger is further ahead of the clock than clocks may differ.
    pub fn is_ahead(&self, at: DateTime<Utc>) -> bool {
        at > self.clock.now() + APART
    }
}
