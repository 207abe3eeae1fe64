//! Reviews: the clients that a sweep would take, held until a second person approves them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::{Ledger, moment};
use crate::database::{StoreError, from_row, query, query_as, query_scalar};

/// A review.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Review {
    /// Its number.
    #[serde(skip)]
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// What was asked for: job or kind, filters, limit, length.
    #[serde(serialize_with = "as_json")]
    #[schema(value_type = Object)]
    pub asked: String,
    /// The digest of the plan.
    pub digest: String,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_at: String,
    /// How many clients have been looked at, while it is made.
    pub looked_at: i64,
    /// How many are to be looked at.
    pub to_look_at: i64,
    /// How many clients would be anonymized.
    pub clients: i64,
    /// How many a person took out.
    pub removed: i64,
    /// How many were refused.
    pub refused: i64,
    /// How many for each reason.
    #[serde(serialize_with = "as_json")]
    #[schema(value_type = Object)]
    pub reasons: String,
    /// `making`, `waiting`, `failed`, `approved`, `rejected`, `expired` or `deleted`.
    pub state: String,
    /// Why it failed.
    pub note: Option<String>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<String>,
    /// The sweep that the approval opened.
    pub sweep: Option<i64>,
}

from_row!(Review {
    id,
    name,
    asked,
    digest,
    made_by,
    made_at,
    looked_at,
    to_look_at,
    clients,
    removed,
    refused,
    reasons,
    state,
    note,
    decided_by,
    decided_at,
    sweep
});

/// Writes JSON that is kept as a text as what it is.
pub(super) fn as_json<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_str::<serde_json::Value>(text).unwrap_or_default().serialize(serializer)
}

/// What a review was found to hold.
#[derive(Debug)]
pub struct Held<'a> {
    pub digest: &'a str,
    /// How many were refused.
    pub refused: u64,
    /// How many for each reason, as JSON.
    pub reasons: &'a str,
    /// The clients, as the ledger writes keys.
    pub clients: &'a [String],
}

/// Which reviews, or workbooks given back, are wanted.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// A part of the review's name.
    pub name: Option<String>,
    /// The state. Reviews that were deleted are there only if this asks for them.
    pub state: Option<String>,
    pub made_by: Option<String>,
    /// Made on or after this day.
    pub since: Option<NaiveDate>,
}

impl Sought {
    /// Patterns of `LIKE` with `!` before what it takes literally, and the first moment.
    pub(super) fn patterns(&self) -> [String; 4] {
        let literally = |text: &str| {
            let special = |own| matches!(own, '%' | '_' | '!');
            text.chars().flat_map(|own| special(own).then_some('!').into_iter().chain([own])).collect::<String>()
        };
        let all = || "%".to_owned();
        [
            self.name.as_deref().map_or_else(all, |own| format!("%{}%", literally(&own.to_lowercase()))),
            self.state.as_deref().map_or_else(all, literally),
            self.made_by.as_deref().map_or_else(all, literally),
            self.since.map(|day| day.to_string()).unwrap_or_default(),
        ]
    }
}

impl Ledger {
    /// Begins a review, and returns its number; `None` if one of that name is being made or waits.
    pub async fn begin_review(&self, name: &str, asked: &str, by: &str) -> Result<Option<i64>, StoreError> {
        let mut writer = self.writer().await;
        query_scalar(
            "INSERT INTO lethe_reviews (name, asked, digest, made_by, made_at, alive_at, state) \
             VALUES ($1, $2, '', $3, $4, $4, 'making') \
             ON CONFLICT (name) WHERE state IN ('making', 'waiting') DO NOTHING RETURNING id",
        )
        .bind(name)
        .bind(asked)
        .bind(by)
        .bind(self.now())
        .fetch_optional(&mut **writer)
        .await
    }

    /// Notes how far the making of a review is, and that somebody is at it.
    pub async fn review_goes_on(&self, review: i64, looked_at: u64, to_look_at: u64) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let noted = query(
            "UPDATE lethe_reviews SET looked_at = $2, to_look_at = $3, alive_at = $4 WHERE id = $1 AND state = 'making'",
        )
        .bind(review)
        .bind(i64::try_from(looked_at).unwrap_or(i64::MAX))
        .bind(i64::try_from(to_look_at).unwrap_or(i64::MAX))
        .bind(self.now())
        .execute(&mut **writer)
        .await;
        noted.map(|_| ())
    }

    /// Fills a review that is being made: from now on it waits. `false` if it was deleted meanwhile.
    pub async fn fill_review(&self, review: i64, held: &Held<'_>) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let clients = format!(
            "INSERT INTO lethe_reviewed (review, client_key) SELECT CAST($1 AS BIGINT), own FROM ({}) AS given",
            self.texts()
        );
        let run = async {
            let mut transaction = writer.begin().await?;
            let filled = query(
                "UPDATE lethe_reviews SET state = 'waiting', looked_at = to_look_at, digest = $2, refused = $3, reasons = $4, clients = $5 \
                 WHERE id = $1 AND state = 'making'",
            )
            .bind(review)
            .bind(held.digest)
            .bind(i64::try_from(held.refused).unwrap_or(i64::MAX))
            .bind(held.reasons)
            .bind(i64::try_from(held.clients.len()).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await?
            ;
            if filled == 0 {
                return Ok(false);
            }
            query(clients)
                .bind(review)
                .bind(serde_json::to_string(held.clients).unwrap_or_default())
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok::<bool, StoreError>(true)
        };
        run.await
    }

    /// The texts of the JSON array in `$2`, as a query of one column.
    pub(super) fn texts(&self) -> String {
        format!("SELECT value AS own FROM ({}) AS given", self.store.dialect().ledger_keys_in("$2"))
    }

    /// Notes why a review could not be made.
    pub async fn fail_review(&self, review: i64, why: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let noted = query("UPDATE lethe_reviews SET state = 'failed', note = $2 WHERE id = $1 AND state = 'making'")
            .bind(review)
            .bind(why)
            .execute(&mut **writer)
            .await;
        noted.map(|_| ())
    }

    /// Ends reviews that nobody decided since one moment, and those whose making nobody is at since another.
    pub async fn tidy_reviews(&self, made: DateTime<Utc>, alive: DateTime<Utc>) -> Result<(), StoreError> {
        let old = "state = 'waiting' AND made_at < $1 OR state = 'making' AND alive_at < $2";
        let (made, alive) = (moment(made), moment(alive));
        let run = async {
            // A look costs less than a turn of the writer.
            let any: i64 = query_scalar(format!("SELECT count(*) FROM lethe_reviews WHERE {old}"))
                .bind(&made)
                .bind(&alive)
                .fetch_one(self.readers())
                .await?;
            if any == 0 {
                return Ok(());
            }
            let mut writer = self.writer().await;
            let mut transaction = writer.begin().await?;
            query(format!(
                "UPDATE lethe_reviews SET note = CASE state WHEN 'making' THEN 'its making was cut short: make it again' END, \
                 state = CASE state WHEN 'making' THEN 'failed' ELSE 'expired' END WHERE {old}"
            ))
            .bind(&made)
            .bind(&alive)
            .execute(&mut *transaction)
            .await?;
            query("DELETE FROM lethe_reviewed WHERE review IN (SELECT id FROM lethe_reviews WHERE state = 'expired')")
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await
        };
        run.await
    }

    /// Reviews, those that wait first, then the newest.
    pub async fn reviews(&self, sought: &Sought, most: u32) -> Result<Vec<Review>, StoreError> {
        let [name, state, made_by, since] = sought.patterns();
        query_as(
            "SELECT * FROM lethe_reviews WHERE lower(name) LIKE $1 ESCAPE '!' AND state LIKE $2 ESCAPE '!' \
             AND (state <> 'deleted' OR $2 = 'deleted') AND made_by LIKE $3 ESCAPE '!' AND made_at >= $4 \
             ORDER BY (state NOT IN ('making', 'waiting')), id DESC LIMIT $5",
        )
        .bind(name)
        .bind(state)
        .bind(made_by)
        .bind(since)
        .bind(i64::from(most))
        .fetch_all(self.readers())
        .await
    }

    /// The review of a name that waits, or else the last one of that name that was not deleted.
    pub async fn review(&self, name: &str) -> Result<Option<Review>, StoreError> {
        query_as(
            "SELECT * FROM lethe_reviews WHERE name = $1 AND state <> 'deleted' \
             ORDER BY (state NOT IN ('making', 'waiting')), id DESC LIMIT 1",
        )
        .bind(name)
        .fetch_optional(self.readers())
        .await
    }

    /// The clients of a review that waits, in key order.
    pub async fn reviewed(&self, review: i64) -> Result<Vec<String>, StoreError> {
        query_scalar("SELECT client_key FROM lethe_reviewed WHERE review = $1 ORDER BY client_key")
            .bind(review)
            .fetch_all(self.readers())
            .await
    }

    /// Leaves these clients on a review that waits, and no others. `false` if somebody has decided it.
    pub async fn narrow_review(&self, review: i64, keys: &[String]) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let others = format!(
            "DELETE FROM lethe_reviewed WHERE review = $1 AND client_key NOT IN (SELECT own FROM ({}) AS given)",
            self.texts()
        );
        let left = i64::try_from(keys.len()).unwrap_or(i64::MAX);
        let run = async {
            let mut transaction = writer.begin().await?;
            let waits = query(
                "UPDATE lethe_reviews SET removed = removed + clients - $2, clients = $2 WHERE id = $1 AND state = 'waiting'",
            )
            .bind(review)
            .bind(left)
            .execute(&mut *transaction)
            .await?
            ;
            if waits == 0 {
                return Ok(false);
            }
            query(others)
                .bind(review)
                .bind(serde_json::to_string(keys).unwrap_or_default())
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok::<bool, StoreError>(true)
        };
        run.await
    }

    /// Decides a review: approved by a sweep that was opened, rejected, or
    /// deleted in whatever state it is. Its clients are forgotten. `false` if
    /// somebody has decided it.
    pub async fn decide_review(
        &self,
        review: i64,
        state: &str,
        sweep: Option<i64>,
        by: &str,
    ) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let run = async {
            let mut transaction = writer.begin().await?;
            let decided = query(
                "UPDATE lethe_reviews SET state = $2, sweep = COALESCE($3, sweep), decided_by = $4, decided_at = $5 \
                 WHERE id = $1 AND (state = 'waiting' OR $2 = 'deleted')",
            )
            .bind(review)
            .bind(state)
            .bind(sweep)
            .bind(by)
            .bind(self.now())
            .execute(&mut *transaction)
            .await?;
            query("DELETE FROM lethe_reviewed WHERE review = $1").bind(review).execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok::<bool, StoreError>(decided > 0)
        };
        run.await
    }
}
