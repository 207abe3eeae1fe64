//! Outcomes in the ledger.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Ledger, Sweep};
use crate::database::{Connection, StoreError, from_row, query, query_as};

/// Writes a JSON array that is kept as a text as what it is.
// What a field is serialized with takes it as it is.
#[allow(clippy::ref_option)]
fn as_list<S: serde::Serializer>(json: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    reasons_of(json.as_ref()).serialize(serializer)
}

/// The names of the reasons in what was read from the ledger.
///
/// # Panics
///
/// If it is not a list, which reading refuses.
pub fn reasons_of(json: Option<&String>) -> Vec<String> {
    json.map_or_else(Vec::new, |json| serde_json::from_str(json).expect("a list, as it was when it was read"))
}

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
    /// Names of the reasons, a JSON array; `None` if there are none.
    #[serde(serialize_with = "as_list")]
    #[schema(value_type = Vec<String>)]
    pub reasons: Option<String>,
    /// When it was first so.
    pub at: String,
    /// The last sweep that had the same outcome for the same reasons.
    pub last_sweep: i64,
    /// When that was.
    pub last_at: String,
}

from_row!(Record { sweep, job, opened_by, outcome, reasons, at, last_sweep, last_at } json reasons: Vec<String>);

/// A client that failed.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FailedClient {
    /// Its key.
    pub client_key: String,
    /// Why, a JSON array.
    #[serde(serialize_with = "as_list")]
    #[schema(value_type = Vec<String>)]
    pub reasons: Option<String>,
    /// The sweep.
    pub sweep: i64,
    /// When.
    pub at: String,
    /// 1 if that sweep passed over the retention period.
    pub force: i64,
    /// The kind of that sweep.
    pub kind: String,
}

from_row!(FailedClient { client_key, reasons, sweep, at, force, kind } json reasons: Vec<String>);

/// What became of a client in one sweep.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Listed {
    /// Its key.
    pub client_key: String,
    /// The outcome.
    pub outcome: String,
    /// Names of the reasons, a JSON array; `None` if there are none.
    #[serde(serialize_with = "as_list")]
    #[schema(value_type = Vec<String>)]
    pub reasons: Option<String>,
    /// When it was first so.
    pub at: String,
}

from_row!(Listed { client_key, outcome, reasons, at } json reasons: Vec<String>);

/// Which clients of a sweep are wanted.
#[derive(Debug, Clone, Default)]
pub struct OutcomePage {
    /// Only this outcome.
    pub outcome: Option<String>,
    /// Only with this reason.
    pub reason: Option<String>,
    /// Only clients with this in their key, in capitals or small letters.
    pub key: Option<String>,
    /// Only behind this key.
    pub behind: Option<String>,
    /// So many at most.
    pub most: u32,
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
        query(
            "INSERT INTO lethe_outcomes (client_key, sweep, outcome, reasons, at, last_sweep, last_at, digest) \
             VALUES ($1, $2, 'failed', $3, $4, $2, $4, $5) ON CONFLICT (client_key, sweep) DO NOTHING",
        )
        .bind(key)
        .bind(sweep.id)
        .bind(serde_json::json!([reason]).to_string())
        .bind(self.now())
        .bind(&sweep.digest)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// What became of the clients that had their outcome in a sweep, or have
    /// it from an earlier one and had it in this one last; in key order.
    pub async fn outcomes(&self, sweep: i64, page: &OutcomePage) -> Result<Vec<Listed>, StoreError> {
        // A reason stands in quotes in its array, so taking it out changes the text.
        let reason = page.reason.as_ref().map(|reason| serde_json::Value::from(reason.as_str()).to_string());
        query_as(
            "SELECT client_key, outcome, reasons, at FROM lethe_outcomes WHERE (sweep = $1 OR last_sweep = $1) \
             AND ($2 IS NULL OR outcome = $2) AND ($3 IS NULL OR replace(reasons, $3, '') <> reasons) \
             AND ($4 IS NULL OR client_key > $4) AND ($6 IS NULL OR replace(lower(client_key), lower($6), '') <> lower(client_key)) \
             ORDER BY client_key, sweep LIMIT $5",
        )
        .bind(sweep)
        .bind(&page.outcome)
        .bind(reason)
        .bind(&page.behind)
        .bind(i64::from(page.most))
        .bind(page.key.as_ref().filter(|own| !own.is_empty()))
        .fetch_all(self.readers())
        .await
    }

    /// A client's history, oldest first.
    pub async fn history(&self, client_key: &str) -> Result<Vec<Record>, StoreError> {
        query_as(
            "SELECT o.sweep, s.job, s.opened_by, o.outcome, o.reasons, o.at, o.last_sweep, o.last_at FROM lethe_outcomes AS o \
             JOIN lethe_sweeps AS s ON s.id = o.sweep WHERE o.client_key = $1 ORDER BY o.sweep",
        )
        .bind(client_key)
        .fetch_all(self.readers())
        .await
    }

    /// How many clients a sweep refused for each reason; a client with two counts twice.
    pub async fn refusals(&self, sweep: i64) -> Result<BTreeMap<String, u64>, StoreError> {
        let each = self.store.dialect().members("b.reasons");
        let rows: Vec<(String, i64)> = query_as(format!(
            "SELECT r.key, CAST(sum(CAST(r.value AS BIGINT)) AS BIGINT) FROM lethe_batches AS b, {each} WHERE b.sweep = $1 GROUP BY r.key"
        ))
        .bind(sweep)
        .fetch_all(self.readers())
        .await?;
        Ok(rows.into_iter().map(|(reason, clients)| (reason, u64::try_from(clients).unwrap_or(0))).collect())
    }

    /// Clients whose last outcome is `failed`.
    pub async fn failures(&self, most: u32) -> Result<Vec<FailedClient>, StoreError> {
        query_as(
            "SELECT o.client_key, o.reasons, o.sweep, o.at, s.force, s.kind FROM lethe_outcomes AS o JOIN lethe_sweeps AS s ON s.id = o.last_sweep \
             WHERE o.outcome = 'failed' AND o.sweep = \
             (SELECT max(l.sweep) FROM lethe_outcomes AS l WHERE l.client_key = o.client_key) ORDER BY o.client_key LIMIT $1",
        )
        .bind(i64::from(most))
        .fetch_all(self.readers())
        .await
    }

    /// Lets failed clients be tried again: those in a JSON array of keys as the ledger writes them.
    pub async fn release_by_keys(&self, keys: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        self.release_failures(&mut writer, keys).await
    }

    /// Lets failed clients be tried again, inside a transaction: those in a JSON array of keys.
    pub async fn release_failures(&self, connection: &mut Connection, keys: &str) -> Result<(), StoreError> {
        let named = self.store.dialect().ledger_keys_in("$1");
        query(format!(
            "UPDATE lethe_outcomes SET digest = '' WHERE outcome = 'failed' AND client_key IN ({named}) \
             AND sweep = (SELECT max(l.sweep) FROM lethe_outcomes AS l WHERE l.client_key = lethe_outcomes.client_key)"
        ))
        .bind(keys)
        .execute(connection)
        .await?;
        Ok(())
    }
}
