//! What people are told of, once for each event.

use chrono::{DateTime, Utc};
use ulid::Ulid;

use super::{Ledger, Sweep, moment};
use crate::database::StoreError;

/// A message to one target, about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The webhook, or what else it goes by.
    pub target: String,
    pub event: &'static str,
    /// What it says, as JSON.
    pub body: String,
}

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
        let is_news = sql!(query, "alerts/raise", event, kind, &now).took_effect(&mut *transaction).await?;
        for message in messages.iter().filter(|_| is_news) {
            sql!(
                query,
                "alerts/send",
                &message.target,
                message.event,
                &message.body,
                Ulid::new().to_string().to_lowercase(),
                &now
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(is_news)
    }

    /// Notes that an event is over, so that the next one is news.
    pub async fn is_over(&self, event: &str) -> Result<(), StoreError> {
        if !self.stands(event).await? {
            return Ok(());
        }
        sql!(query, "alerts/is_over", event, self.now()).run(self).await
    }

    /// Whether an event is not over, or was over only since this moment or later: then it is not over any more.
    pub async fn stands_again(&self, event: &str, since: DateTime<Utc>) -> Result<bool, StoreError> {
        if self.stands(event).await? {
            return Ok(true);
        }
        sql!(query, "alerts/stands_again", event, moment(since)).took_effect(self).await
    }

    /// The events of a kind that are not over.
    pub async fn standing_events(&self, kind: &str) -> Result<Vec<String>, StoreError> {
        sql!(query_scalar, "alerts/standing_events", kind).fetch_all(self.readers()).await
    }

    /// Notes that the events with this prefix are over, save these.
    pub async fn are_over_but(&self, prefix: &str, events: &[String]) -> Result<(), StoreError> {
        let standing: Vec<String> =
            sql!(query_scalar, "alerts/standing_with_prefix", prefix).fetch_all(self.readers()).await?;
        for event in standing.iter().filter(|event| !events.contains(event)) {
            self.is_over(event).await?;
        }
        Ok(())
    }

    /// A look costs less than a turn of the writer.
    async fn stands(&self, event: &str) -> Result<bool, StoreError> {
        sql!(query_scalar, "alerts/stands", event).fetch_one(self.readers()).await
    }

    /// Sweeps that run, and those that ended since a moment and of whose end
    /// was not reported, oldest first.
    pub async fn untold_sweeps(&self, since: DateTime<Utc>) -> Result<Vec<Sweep>, StoreError> {
        sql!(query_as, "alerts/untold_sweeps", moment(since)).fetch_all(self.readers()).await
    }

    /// Whether, since a moment, the last sweep of each job that had one is done.
    pub async fn all_done(&self, since: DateTime<Utc>) -> Result<bool, StoreError> {
        sql!(query_scalar, "alerts/all_done", moment(since)).fetch_one(self.readers()).await
    }
}
