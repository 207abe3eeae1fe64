//! Reviews: the clients that a sweep would take, held until a second person approves them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{Ledger, NewImport, moment};
use crate::database::{Connection, StoreError, row};
use crate::domain::value::json_of;

/// What is noted of a review whose process has ended before it was made.
const CUT_SHORT: &str = "its making was cut short: make it again";

row! {
    /// A review.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Review {
        /// Its number.
        pub id: i64,
        /// What people call it.
        pub name: String,
        /// What was asked for: job or kind, filters, limit, length.
        #[schema(value_type = Object)]
        pub asked: serde_json::Value,
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
        #[schema(value_type = Object)]
        pub reasons: BTreeMap<String, u64>,
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

/// A decision about a review, bound to what the person who makes it has seen.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The review's number.
    pub review: i64,
    /// The digest of its plan, as it was seen.
    pub digest: String,
    /// How many clients it held, as it was seen. A review only ever loses clients, so the same number is the same clients.
    pub clients: i64,
    /// How many of them are left.
    pub kept: i64,
    /// `approved` or `rejected`.
    pub state: &'static str,
    pub by: String,
    /// The workbook that decides it, noted in the same transaction.
    pub import: Option<NewImport>,
}

/// Which reviews, or imports, are wanted.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Sought {
    /// A part of the review's name.
    pub name: Option<String>,
    /// The state. Reviews that were deleted are there only if this is `deleted`.
    pub state: Option<String>,
    /// Who made it.
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
        sql!(query_scalar, "reviews/begin_review", name, asked, by, self.now()).fetch_optional(self).await
    }

    /// Records the progress of a review, and that its process is alive.
    pub async fn review_goes_on(&self, review: i64, looked_at: u64, to_look_at: u64) -> Result<(), StoreError> {
        sql!(query, "reviews/review_goes_on", review, looked_at, to_look_at, self.now()).run(self).await
    }

    /// Fills a review that is being made: from now on it waits. `false` if it was deleted meanwhile.
    pub async fn fill_review(&self, review: i64, held: &Held<'_>) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let clients = sql!(query, "reviews/fill", review, json_of(held.clients)).with("clients", &self.keys_given());
        let mut transaction = writer.begin().await?;
        let is_being_made =
            sql!(query, "reviews/fill_review", review, held.digest, held.refused, held.reasons, held.clients.len())
                .took_effect(&mut *transaction)
                .await?;
        if !is_being_made {
            return Ok(false);
        }
        clients.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The texts of the JSON array in `$2`, as a query of one column.
    pub(super) fn keys_given(&self) -> String {
        self.store.dialect().ledger_keys_in("$2")
    }

    /// Notes why a review could not be made.
    pub async fn fail_review(&self, review: i64, why: &str) -> Result<(), StoreError> {
        sql!(query, "reviews/fail_review", review, why).run(self).await
    }

    /// Ends reviews that were not decided since one moment, and those without progress since another.
    pub async fn tidy_reviews(&self, made: DateTime<Utc>, alive: DateTime<Utc>) -> Result<(), StoreError> {
        let (made, alive) = (moment(made), moment(alive));
        // A look costs less than a turn of the writer.
        let any: bool = sql!(query_scalar, "reviews/any_old", &made, &alive).fetch_one(self.readers()).await?;
        if !any {
            return Ok(());
        }
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        sql!(query, "reviews/end_old", &made, &alive, CUT_SHORT).execute(&mut *transaction).await?;
        sql!(query, "reviews/forget_expired").execute(&mut *transaction).await?;
        sql!(query, "imports/forget_expired").execute(&mut *transaction).await?;
        self.end_dead_imports(&mut transaction, &alive).await?;
        transaction.commit().await
    }

    /// Reviews, those that wait first, then the newest.
    pub async fn reviews(&self, sought: &Sought, most: u32) -> Result<Vec<Review>, StoreError> {
        let [name, state, made_by, since] = sought.patterns();
        sql!(query_as, "reviews/reviews", name, state, made_by, since, most).fetch_all(self.readers()).await
    }

    /// The review of a name that waits, or else the last one of that name that was not deleted.
    pub async fn review(&self, name: &str) -> Result<Option<Review>, StoreError> {
        sql!(query_as, "reviews/review", name).fetch_optional(self.readers()).await
    }

    /// The clients of a review that waits, in key order.
    pub async fn reviewed(&self, review: i64) -> Result<Vec<String>, StoreError> {
        sql!(query_scalar, "reviews/reviewed", review).fetch_all(self.readers()).await
    }

    /// Leaves these clients on a review that waits, as it was seen, and notes the
    /// workbook that says so. `false` if the review has changed.
    pub async fn narrow_review(
        &self,
        seen: &Decision,
        keys: &[String],
        import: &NewImport,
    ) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let others =
            sql!(query, "reviews/forget_others", seen.review, json_of(keys)).with("clients", &self.keys_given());
        let mut transaction = writer.begin().await?;
        let is_as_seen = sql!(query, "reviews/narrow_review", seen.review, seen.kept, &seen.digest, seen.clients)
            .took_effect(&mut *transaction)
            .await?;
        if !is_as_seen {
            return Ok(false);
        }
        others.execute(&mut *transaction).await?;
        self.end_import(&mut transaction, import, None).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Decides a review inside a transaction, and forgets its clients. `false`
    /// if it is not, any more, what was seen: then nothing was written.
    pub async fn claim_review(&self, connection: &mut Connection, decision: &Decision) -> Result<bool, StoreError> {
        let is_as_seen = sql!(
            query,
            "reviews/claim_review",
            decision.review,
            &decision.digest,
            decision.clients,
            decision.state,
            &decision.by,
            self.now(),
            decision.kept
        )
        .took_effect(&mut *connection)
        .await?;
        if !is_as_seen {
            return Ok(false);
        }
        self.forget_reviewed(connection, decision.review).await?;
        Ok(true)
    }

    /// Notes the sweep that a decision opened, in the transaction that opens it.
    pub async fn decided_by_sweep(
        &self,
        connection: &mut Connection,
        decision: &Decision,
        sweep: i64,
    ) -> Result<(), StoreError> {
        sql!(query, "reviews/decided_by_sweep", decision.review, sweep).run(&mut *connection).await?;
        if let Some(import) = &decision.import {
            self.end_import(connection, import, Some(sweep)).await?;
        }
        Ok(())
    }

    async fn forget_reviewed(&self, connection: &mut Connection, review: i64) -> Result<(), StoreError> {
        sql!(query, "reviews/forget_reviewed", review).run(&mut *connection).await?;
        self.forget_imported(connection, review).await
    }

    /// Rejects a review that waits. `false` if it is not, any more, what was seen.
    pub async fn reject_review(&self, decision: &Decision) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let claimed = self.claim_review(&mut transaction, decision).await?;
        transaction.commit().await?;
        Ok(claimed)
    }

    /// Deletes a review in whatever state it is. `false` if it was deleted before.
    pub async fn delete_review(&self, review: i64, by: &str) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let is_news =
            sql!(query, "reviews/delete_review", review, by, self.now()).took_effect(&mut *transaction).await?;
        self.forget_reviewed(&mut transaction, review).await?;
        transaction.commit().await?;
        Ok(is_news)
    }
}
