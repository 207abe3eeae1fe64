//! What people are told of, once for each event.

use chrono::{DateTime, Utc};
use ulid::Ulid;

use super::{Ledger, Sweep, moment};
use crate::database::{StoreError, query, query_as, query_scalar};

/// A message to one target, about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The webhook, or what else it goes by.
    pub target: String,
    pub event: &'static str,
    /// What it says, as JSON.
    pub body: String,
}

/// Sweeps that ran or ended since `$1` and whose end was not reported.
const UNTOLD: &str = "SELECT s.* FROM lethe_sweeps AS s WHERE COALESCE(s.closed_at, $1) >= $1 AND s.opened_by <> 'the journal' \
     AND NOT EXISTS (SELECT 1 FROM lethe_alerts AS a WHERE a.event = 'sweep:' || s.id AND a.over_at IS NULL) ORDER BY s.id";

impl Ledger {
    /// Notes an event and writes down the messages that tell of it, in one
    /// transaction. Returns whether it is news: one that stands is told no more.
    pub async fn raise(&self, event: &str, kind: &str, messages: &[NewMessage]) -> Result<bool, StoreError> {
        if self.stands(event).await? {
            return Ok(false);
        }
        let mut writer = self.writer().await;
        let now = self.now();
        let mut transaction = writer.begin().await?;
        let raised =
            query("INSERT INTO lethe_alerts (event, kind, raised_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(event)
                .bind(kind)
                .bind(&now)
                .execute(&mut *transaction)
                .await?;
        for message in messages.iter().filter(|_| raised > 0) {
            query(
                "INSERT INTO lethe_deliveries (kind, target, sweep, event, body, message, state, run_at, made_at) \
                 VALUES ('message', $1, 0, $2, $3, $4, 'open', $5, $5)",
            )
            .bind(&message.target)
            .bind(message.event)
            .bind(&message.body)
            .bind(Ulid::new().to_string().to_lowercase())
            .bind(&now)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(raised > 0)
    }

    /// Notes that an event is over, so that the next one is news.
    pub async fn is_over(&self, event: &str) -> Result<(), StoreError> {
        if !self.stands(event).await? {
            return Ok(());
        }
        query("UPDATE lethe_alerts SET over_at = $2 WHERE event = $1 AND over_at IS NULL")
            .bind(event)
            .bind(self.now())
            .run(self)
            .await
    }

    /// Whether an event is not over, or was over only since this moment or later: then it is not over any more.
    pub async fn stands_again(&self, event: &str, since: DateTime<Utc>) -> Result<bool, StoreError> {
        if self.stands(event).await? {
            return Ok(true);
        }
        query(
            "UPDATE lethe_alerts SET over_at = NULL WHERE id = (SELECT max(id) FROM lethe_alerts WHERE event = $1) AND over_at >= $2",
        )
        .bind(event)
        .bind(moment(since))
        .took_effect(self)
        .await
    }

    /// The events of a kind that are not over.
    pub async fn standing_events(&self, kind: &str) -> Result<Vec<String>, StoreError> {
        query_scalar("SELECT event FROM lethe_alerts WHERE kind = $1 AND over_at IS NULL")
            .bind(kind)
            .fetch_all(self.readers())
            .await
    }

    /// Notes that the events with this prefix are over, save these.
    pub async fn are_over_but(&self, prefix: &str, events: &[String]) -> Result<(), StoreError> {
        let standing: Vec<String> =
            query_scalar("SELECT event FROM lethe_alerts WHERE event LIKE $1 || '%' AND over_at IS NULL")
                .bind(prefix)
                .fetch_all(self.readers())
                .await?;
        for event in standing.iter().filter(|event| !events.contains(event)) {
            self.is_over(event).await?;
        }
        Ok(())
    }

    /// A look costs less than a turn of the writer.
    async fn stands(&self, event: &str) -> Result<bool, StoreError> {
        query_scalar("SELECT count(*) > 0 FROM lethe_alerts WHERE event = $1 AND over_at IS NULL")
            .bind(event)
            .fetch_one(self.readers())
            .await
    }

    /// Sweeps that run, and those that ended since a moment and of whose end
    /// was not reported, oldest first.
    pub async fn untold_sweeps(&self, since: DateTime<Utc>) -> Result<Vec<Sweep>, StoreError> {
        query_as(UNTOLD).bind(moment(since)).fetch_all(self.readers()).await
    }

    /// Whether, since a moment, the last sweep of each job that had one is done.
    pub async fn all_done(&self, since: DateTime<Utc>) -> Result<bool, StoreError> {
        query_scalar(
            "SELECT count(*) = 0 FROM lethe_sweeps WHERE id IN (SELECT max(id) FROM lethe_sweeps WHERE job IS NOT NULL \
             AND opened_at >= $1 GROUP BY job) AND state <> 'done'",
        )
        .bind(moment(since))
        .fetch_one(self.readers())
        .await
    }
}
