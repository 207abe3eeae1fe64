//! Outcomes in the ledger.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sweeps::fifty;
use super::{Ledger, Sweep};
use crate::database::{Connection, StoreError, row};
use crate::domain::outcome::Outcome;

row! {
    /// What became of a client, from one sweep until another.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Record {
        /// The sweep that first had this outcome.
        pub sweep: i64,
        /// The job of that sweep.
        pub job: Option<String>,
        /// Who opened that sweep.
        pub opened_by: String,
        /// The outcome.
        pub outcome: String,
        /// Names of the reasons.
        pub reasons: Vec<String>,
        /// When it was first so.
        pub at: String,
        /// The last sweep that had the same outcome for the same reasons.
        pub last_sweep: i64,
        /// When that was.
        pub last_at: String,
    }
}

row! {
    /// A client that failed.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct FailedClient {
        /// Its key.
        pub client_key: String,
        /// Why.
        pub reasons: Vec<String>,
        /// The sweep.
        pub sweep: i64,
        /// When.
        pub at: String,
        /// 1 if that sweep passed over the retention period.
        pub force: i64,
        /// The kind of that sweep.
        pub kind: String,
    }
}

row! {
    /// What became of a client in one sweep.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Listed {
        /// Its key.
        pub client_key: String,
        /// The outcome.
        pub outcome: String,
        /// Names of the reasons.
        pub reasons: Vec<String>,
        /// When it was first so.
        pub at: String,
    }
}

/// A page of outcomes, in the order of the clients' keys.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OutcomePage {
    /// Only this outcome.
    pub outcome: Option<Outcome>,
    /// Only refused or failed for this reason, by its name.
    pub reason: Option<String>,
    /// Only clients with this in their key, in capitals or small letters.
    pub key: Option<String>,
    /// Only clients behind this key: the last one of the page before.
    pub after: Option<String>,
    /// So many at most, up to 1,000.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 1000, default = 50)]
    pub limit: u32,
}

impl Ledger {
    /// Records inside a transaction that a client failed which cannot even be looked at.
    pub async fn record_unseen(
        &self,
        connection: &mut Connection,
        sweep: &Sweep,
        key: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        sql!(
            query,
            "outcomes/record_unseen",
            key,
            sweep.id,
            serde_json::json!([reason]).to_string(),
            self.now(),
            &sweep.digest
        )
        .run(connection)
        .await
    }

    /// What became of the clients that had their outcome in a sweep, or have
    /// it from an earlier one and had it in this one last; in key order.
    pub async fn outcomes(&self, sweep: i64, page: &OutcomePage) -> Result<Vec<Listed>, StoreError> {
        // A reason stands in quotes in its array, so taking it out changes the text.
        let reason = page.reason.as_ref().map(|reason| serde_json::Value::from(reason.as_str()).to_string());
        sql!(
            query_as,
            "outcomes/outcomes",
            sweep,
            page.outcome.map(Outcome::as_str),
            reason,
            &page.after,
            page.limit,
            page.key.as_ref().filter(|own| !own.is_empty())
        )
        .fetch_all(self.readers())
        .await
    }

    /// A client's history, oldest first.
    pub async fn history(&self, client_key: &str) -> Result<Vec<Record>, StoreError> {
        sql!(query_as, "outcomes/history", client_key).fetch_all(self.readers()).await
    }

    /// How many clients a sweep refused for each reason; a client with two counts twice.
    pub async fn refusals(&self, sweep: i64) -> Result<BTreeMap<String, u64>, StoreError> {
        let rows =
            sql!(query_as, "outcomes/refusals", sweep).with("reasons", &self.store.dialect().members("b.reasons"));
        let rows: Vec<(String, u64)> = rows.fetch_all(self.readers()).await?;
        Ok(rows.into_iter().collect())
    }

    /// Clients whose last outcome is `failed`.
    pub async fn failures(&self, most: u32) -> Result<Vec<FailedClient>, StoreError> {
        sql!(query_as, "outcomes/failures", most).fetch_all(self.readers()).await
    }

    /// Lets failed clients be tried again: those in a JSON array of keys as the ledger writes them.
    pub async fn release_by_keys(&self, keys: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        self.release_failures(&mut writer, keys).await
    }

    /// Lets failed clients be tried again, inside a transaction: those in a JSON array of keys.
    pub async fn release_failures(&self, connection: &mut Connection, keys: &str) -> Result<(), StoreError> {
        let named = self.store.dialect().ledger_keys_in("$1");
        sql!(query, "outcomes/release_failures", keys).with("clients", &named).run(connection).await
    }
}
