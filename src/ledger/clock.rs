//! Moments in the ledger that are ahead of the clock, because it was wrong when they were written. Left as they
//! are they would hold work up until the clock reaches them.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Ledger, moment};
use crate::database::{StoreError, from_row, query, query_as, query_scalar};

/// Clocks of several hosts, and one that is corrected by a little, may differ by so much.
pub const APART: TimeDelta = TimeDelta::minutes(5);

/// No time zone is further than this from UTC.
const ZONES: TimeDelta = TimeDelta::hours(16);

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

from_row!(Reset { what, at, was });

/// A kind of moment.
struct Kind {
    what: &'static str,
    table: &'static str,
    column: &'static str,
    /// Which rows are meant.
    only: &'static str,
    /// How far ahead it may rightly be; `None` for as long as a lease.
    ahead: Option<TimeDelta>,
    /// What becomes of one that is further ahead than that; `$2` is now.
    set: &'static str,
}

// Holds and outcomes keep theirs: the journal has the same moments, by which the two are compared.
const KINDS: [Kind; 20] = [
    Kind {
        what: "ticks of jobs",
        table: "lethe_jobs",
        column: "checked_at",
        only: "TRUE",
        ahead: Some(APART),
        set: "checked_at = $2",
    },
    // Or the tick would find that it has had its sweep, when it comes.
    Kind {
        what: "ticks of sweeps",
        table: "lethe_sweeps",
        column: "tick",
        only: "tick IS NOT NULL",
        ahead: Some(APART),
        set: "tick = NULL, note = COALESCE(note || '; ', '') || 'the clock was ahead: reset on ' || substr(CAST($2 AS TEXT), 1, 10) \
              || ', its tick was ' || tick",
    },
    Kind {
        what: "batches",
        table: "lethe_batches",
        column: "run_at",
        only: "state IN ('ready', 'running')",
        ahead: Some(APART),
        set: "run_at = $2",
    },
    Kind {
        what: "leases of batches",
        table: "lethe_batches",
        column: "lease_until",
        only: "state = 'running'",
        ahead: None,
        set: "lease_until = $2",
    },
    // A receiver may ask for a pause of a day.
    Kind {
        what: "deliveries",
        table: "lethe_deliveries",
        column: "run_at",
        only: "state = 'open'",
        ahead: Some(TimeDelta::days(2)),
        set: "run_at = $2, lease_until = CASE WHEN lease_until > $2 THEN $2 ELSE lease_until END",
    },
    Kind {
        what: "leases of deliveries",
        table: "lethe_deliveries",
        column: "lease_until",
        only: "state = 'open'",
        ahead: None,
        set: "lease_until = $2",
    },
    Kind {
        what: "the journal's lease",
        table: "lethe_journal",
        column: "lease_until",
        only: "lease_until IS NOT NULL",
        ahead: Some(TimeDelta::minutes(10)),
        set: "lease_until = $2",
    },
    // When it was really made is not known, so it is no recent backup.
    Kind {
        what: "backups",
        table: "lethe_backups",
        column: "made_at",
        only: "TRUE",
        ahead: Some(APART),
        set: "note = COALESCE(note || '; ', '') || 'acknowledged for ' || made_at || ' by a clock that was ahead, reset on ' \
              || substr(CAST($2 AS TEXT), 1, 10), made_at = '1970-01-01T00:00:00.000Z'",
    },
    // The client is told anew.
    Kind {
        what: "notices",
        table: "lethe_notices",
        column: "sent_at",
        only: "ended_at IS NULL",
        ahead: Some(APART),
        set: "ended_at = $2, ended_by = 'lapsed'",
    },
    // Or the batch would seem to be worked on, and the night to have been lately.
    Kind {
        what: "ends of batches",
        table: "lethe_batches",
        column: "done_at",
        only: "done_at IS NOT NULL",
        ahead: Some(APART),
        set: "done_at = $2",
    },
    Kind {
        what: "ends of sweeps",
        table: "lethe_sweeps",
        column: "closed_at",
        only: "closed_at IS NOT NULL",
        ahead: Some(APART),
        set: "closed_at = $2",
    },
    // Or people would not be told that the journal is away until the clock reaches it.
    since("the journal's trouble", "lethe_journal", "error_at", "error IS NOT NULL", "error_at = $2"),
    // The same of deliveries that wait.
    since("deliveries that wait", "lethe_deliveries", "made_at", "state = 'open'", "made_at = $2"),
    // Or the next alert would pass for the one that is over.
    since("ends of alerts", "lethe_alerts", "over_at", "over_at IS NOT NULL", "over_at = $2"),
    // Or clients' names would be kept for longer, and a review whose process has ended would never be given up.
    since("reviews", "lethe_reviews", "made_at", "state = 'waiting'", "made_at = $2"),
    since("reviews in the making", "lethe_reviews", "alive_at", "state = 'making'", "alive_at = $2"),
    since("imports", "lethe_imports", "alive_at", "state = 'reading'", "alive_at = $2"),
    since("selections", "lethe_selections", "begun_at", "saved_at IS NULL", "begun_at = $2"),
    since("hashes of clients", "lethe_recognized", "kept_at", "TRUE", "kept_at = $2"),
    since(
        "sessions",
        "lethe_sessions",
        "used_at",
        "TRUE",
        "used_at = $2, made_at = CASE WHEN made_at > $2 THEN $2 ELSE made_at END",
    ),
];

/// Since when something is so, which is no later than now.
const fn since(
    what: &'static str,
    table: &'static str,
    column: &'static str,
    only: &'static str,
    set: &'static str,
) -> Kind {
    Kind { what, table, column, only, ahead: Some(APART), set }
}

impl Ledger {
    /// Resets the moments that are ahead of the clock, stops sweeps whose day is, and notes what was reset.
    pub async fn reset_moments_ahead(&self) -> Result<Vec<Reset>, StoreError> {
        let now = self.clock.now();
        let leased = TimeDelta::from_std(self.lease).unwrap_or(TimeDelta::MAX).checked_add(&APART);
        let mut resets = Vec::new();
        for kind in &KINDS {
            let Kind { what, table, column, only, ahead, set } = kind;
            let Some(bound) = ahead.or(leased).and_then(|ahead| now.checked_add_signed(ahead)) else { continue };
            let bound = moment(bound);
            let furthest = format!("SELECT max({column}) FROM {table} WHERE {column} > $1 AND {only}");
            let furthest: Option<String> = query_scalar(furthest).bind(&bound).fetch_one(self.readers()).await?;
            let Some(was) = furthest else { continue };
            let reset = format!("UPDATE {table} SET {set} WHERE {column} > $1 AND {only}");
            let at = moment(now);
            let mut writer = self.writer().await;
            let run = async {
                let mut transaction = writer.begin().await?;
                query(reset).bind(&bound).bind(&at).execute(&mut *transaction).await?;
                let noted = "INSERT INTO lethe_resets (what, at, was) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
                query(noted).bind(*what).bind(&at).bind(&was).execute(&mut *transaction).await?;
                transaction.commit().await
            };
            run.await?;
            resets.push(Reset { what: (*what).to_owned(), at, was });
        }
        let day = (now + ZONES).date_naive();
        for sweep in self.running_sweeps().await?.into_iter().filter(|sweep| sweep.today > day) {
            let note = format!("the clock was ahead: the sweep was opened for {}, which has not come", sweep.today);
            tracing::warn!(sweep = sweep.id, note, "sweep stopped");
            self.stop_sweep(sweep.id, &note).await?;
        }
        Ok(resets)
    }

    /// What was reset since a moment, the latest first.
    pub async fn resets(&self, since: DateTime<Utc>) -> Result<Vec<Reset>, StoreError> {
        query_as("SELECT what, at, was FROM lethe_resets WHERE at >= $1 AND at <= $2 ORDER BY at DESC, what")
            .bind(moment(since))
            .bind(moment(self.clock.now() + APART))
            .fetch_all(self.readers())
            .await
    }

    /// Whether a moment of the ledger is further ahead of the clock than clocks may differ.
    #[must_use]
    pub fn is_ahead(&self, at: DateTime<Utc>) -> bool {
        at > self.clock.now() + APART
    }
}
