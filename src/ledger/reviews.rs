//! Reviews: the clients that a sweep would take, held until a second person approves them.

use serde::Serialize;
use sqlx::FromRow;

use super::Ledger;
use crate::domain::schema::Dialect;
use crate::store::{StoreError, begin};

/// A review.
#[derive(Debug, Clone, FromRow, Serialize, utoipa::ToSchema)]
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
    /// How many clients would be anonymized.
    pub clients: i64,
    /// How many were refused.
    pub refused: i64,
    /// How many for each reason.
    #[serde(serialize_with = "as_json")]
    #[schema(value_type = Object)]
    pub reasons: String,
    /// `waiting`, `approved` or `rejected`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<String>,
    /// The sweep that the approval opened.
    pub sweep: Option<i64>,
}

/// Writes JSON that is kept as a text as what it is.
fn as_json<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_str::<serde_json::Value>(text).unwrap_or_default().serialize(serializer)
}

/// A review to be.
#[derive(Debug)]
pub struct NewReview<'a> {
    /// What people call it.
    pub name: &'a str,
    /// What was asked for, as JSON.
    pub asked: &'a str,
    /// The digest of the plan.
    pub digest: &'a str,
    /// Who makes it.
    pub made_by: &'a str,
    /// How many were refused.
    pub refused: i64,
    /// How many for each reason, as JSON.
    pub reasons: &'a str,
    /// The clients, as the ledger writes keys.
    pub clients: &'a [String],
}

impl Ledger {
    /// Adds a review with its clients; `false` if one of that name waits.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be written.
    pub async fn add_review(&self, review: &NewReview<'_>) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let clients = match self.store.dialect() {
            Dialect::Sqlite => {
                "INSERT INTO lethe_reviewed (review, client_key) SELECT $1, CAST(value AS TEXT) FROM json_each($2)"
            }
            Dialect::Postgres => {
                "INSERT INTO lethe_reviewed (review, client_key) \
                 SELECT CAST($1 AS BIGINT), e #>> '{}' FROM jsonb_array_elements(CAST($2 AS JSONB)) AS e"
            }
        };
        let run = async {
            let mut transaction = begin(&mut writer).await?;
            let id: Option<i64> = sqlx::query_scalar(
                "INSERT INTO lethe_reviews (name, asked, digest, made_by, made_at, clients, refused, reasons, state) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting') \
                 ON CONFLICT (name) WHERE state = 'waiting' DO NOTHING RETURNING id",
            )
            .bind(review.name)
            .bind(review.asked)
            .bind(review.digest)
            .bind(review.made_by)
            .bind(self.now())
            .bind(i64::try_from(review.clients.len()).unwrap_or(i64::MAX))
            .bind(review.refused)
            .bind(review.reasons)
            .fetch_optional(&mut *transaction)
            .await?;
            let Some(id) = id else { return Ok(false) };
            sqlx::query(clients)
                .bind(id)
                .bind(serde_json::to_string(review.clients).unwrap_or_default())
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok::<bool, sqlx::Error>(true)
        };
        run.await.map_err(|error| self.fault(&error))
    }

    /// Reviews, those that wait first, then the last decided.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be read.
    pub async fn reviews(&self, most: u32) -> Result<Vec<Review>, StoreError> {
        sqlx::query_as("SELECT * FROM lethe_reviews ORDER BY (state <> 'waiting'), id DESC LIMIT $1")
            .bind(i64::from(most))
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.fault(&error))
    }

    /// The review of a name that waits, or else the last one of that name.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be read.
    pub async fn review(&self, name: &str) -> Result<Option<Review>, StoreError> {
        sqlx::query_as("SELECT * FROM lethe_reviews WHERE name = $1 ORDER BY (state <> 'waiting'), id DESC LIMIT 1")
            .bind(name)
            .fetch_optional(self.readers())
            .await
            .map_err(|error| self.fault(&error))
    }

    /// The clients of a review that waits, in key order.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be read.
    pub async fn reviewed(&self, review: i64) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar("SELECT client_key FROM lethe_reviewed WHERE review = $1 ORDER BY client_key")
            .bind(review)
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.fault(&error))
    }

    /// Decides a review that waits: approved by a sweep that was opened, or
    /// rejected without one. Its clients are forgotten. `false` if somebody has decided it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be written.
    pub async fn decide_review(&self, review: i64, sweep: Option<i64>, by: &str) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let run = async {
            let mut transaction = begin(&mut writer).await?;
            let decided = sqlx::query(
                "UPDATE lethe_reviews SET state = $2, sweep = $3, decided_by = $4, decided_at = $5 \
                 WHERE id = $1 AND state = 'waiting'",
            )
            .bind(review)
            .bind(if sweep.is_some() { "approved" } else { "rejected" })
            .bind(sweep)
            .bind(by)
            .bind(self.now())
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            sqlx::query("DELETE FROM lethe_reviewed WHERE review = $1").bind(review).execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok::<bool, sqlx::Error>(decided > 0)
        };
        run.await.map_err(|error| self.fault(&error))
    }
}
