//! Hashes by which clients anonymized before are recognized under a new key, and who was.

use serde::Serialize;

use super::Ledger;
use crate::database::{Connection, StoreError, query, query_as, query_scalar, row};

row! {
    /// A client under a new key whose values are those of a client anonymized before.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Returned {
        /// Its key.
        pub client: String,
        /// The key of the client anonymized.
        pub former: String,
        /// When it was last recognized.
        pub found_at: String,
        /// Who confirmed that it is the same person; a replay takes it then.
        pub confirmed_by: Option<String>,
        /// When.
        pub confirmed_at: Option<String>,
    }
}

/// Those whom no sweep has anonymized under their new key yet.
const WAITING: &str = "FROM lethe_returned AS r WHERE NOT EXISTS \
     (SELECT 1 FROM lethe_outcomes AS o WHERE o.client_key = r.client_key AND o.outcome = 'anonymized')";

/// Keeps hashes of clients, inside the transaction that anonymizes them: `pairs` is a JSON array of `[hash, client key]`.
/// The first time counts.
pub async fn keep_hashes(connection: &mut Connection, pairs: &str, now: &str) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO lethe_recognized (hash, client_key, kept_at) SELECT p.hash, p.client, $2 FROM {} AS p WHERE TRUE \
         ON CONFLICT (hash, client_key) DO NOTHING",
        connection.dialect().pairs
    );
    query(&sql).bind(pairs).bind(now).run(connection).await
}

/// The places in the batch of clients taken only because a person confirmed who they are, and who have none of that
/// client's hashes now. `pairs` is a JSON array of `[hash, client key]`.
pub async fn not_recognized(connection: &mut Connection, pairs: &str) -> Result<Vec<i64>, StoreError> {
    let sql = format!(
        "SELECT CAST(b.n AS BIGINT) FROM lethe_taken AS t JOIN lethe_batch AS b ON b.n = t.n \
         JOIN lethe_returned AS r ON r.client_key = b.key WHERE r.confirmed_at IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM lethe_outcomes AS o WHERE o.client_key = b.key AND o.outcome = 'anonymized') AND NOT EXISTS \
         (SELECT 1 FROM {} AS p JOIN lethe_recognized AS k ON k.hash = p.hash \
         WHERE p.client = b.key AND k.client_key = r.former_key)",
        connection.dialect().pairs
    );
    query_scalar(&sql).bind(pairs).fetch_all(connection).await
}

impl Ledger {
    /// Whether there are hashes: kept before a day, or at all without one.
    pub async fn has_hashes(&self, before: Option<&str>) -> Result<bool, StoreError> {
        sql!(query_scalar, "recognized/has_hashes", before).fetch_one(self.readers()).await
    }

    /// Forgets hashes kept before a day; all of them without one.
    pub async fn forget_hashes(&self, before: Option<&str>) -> Result<(), StoreError> {
        if !self.has_hashes(before).await? {
            return Ok(());
        }
        sql!(query, "recognized/forget_hashes", before).run(self).await
    }

    /// Whom these hashes belong to: of each client that no sweep has anonymized, the client anonymized that has one of
    /// its hashes. `pairs` is a JSON array of `[hash, client key]`.
    pub async fn formers(&self, pairs: &str) -> Result<Vec<(String, String)>, StoreError> {
        let sql = format!(
            "SELECT p.client, min(k.client_key) FROM {} AS p JOIN lethe_recognized AS k ON k.hash = p.hash \
             WHERE k.client_key <> p.client AND NOT EXISTS \
             (SELECT 1 FROM lethe_outcomes AS o WHERE o.client_key = p.client AND o.outcome = 'anonymized') GROUP BY p.client",
            self.store.dialect().pairs
        );
        query_as(&sql).bind(pairs).fetch_all(self.readers()).await
    }

    /// Notes who was recognized: `pairs` is a JSON array of `[former key, client key]`. A confirmation is of one former
    /// client.
    pub async fn note_returned(&self, pairs: &str, now: &str) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO lethe_returned (client_key, former_key, found_at) SELECT p.client, p.hash, $2 FROM {} AS p WHERE TRUE \
             ON CONFLICT (client_key) DO UPDATE SET found_at = excluded.found_at, former_key = excluded.former_key, \
             confirmed_by = CASE WHEN lethe_returned.former_key = excluded.former_key THEN lethe_returned.confirmed_by END, \
             confirmed_at = CASE WHEN lethe_returned.former_key = excluded.former_key THEN lethe_returned.confirmed_at END",
            self.store.dialect().pairs
        );
        query(&sql).bind(pairs).bind(now).run(self).await
    }

    /// Forgets whom a pass that began at this moment did not recognize, confirmed or not. Those anonymized stay.
    pub async fn forget_returned(&self, begun: &str) -> Result<(), StoreError> {
        sql!(query, "recognized/forget_returned", begun).run(self).await
    }

    /// Notes that a person has confirmed who a client is.
    pub async fn confirm_returned(&self, client: &str, by: &str) -> Result<(), StoreError> {
        sql!(query, "recognized/confirm_returned", client, by, self.now()).run(self).await
    }

    /// Clients under a new key whom no sweep has anonymized yet, in key order; with a key, that one only.
    pub async fn returned(&self, client: Option<&str>, most: u32) -> Result<Vec<Returned>, StoreError> {
        let sql = format!(
            "SELECT r.client_key AS client, r.former_key AS former, r.found_at, r.confirmed_by, r.confirmed_at {WAITING} \
             AND ($1 IS NULL OR r.client_key = $1) ORDER BY r.client_key LIMIT $2"
        );
        query_as(&sql).bind(client).bind(most).fetch_all(self.readers()).await
    }

    /// How many of them wait for a person to confirm who they are.
    pub async fn count_returned(&self) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) {WAITING} AND r.confirmed_at IS NULL");
        query_scalar(&sql).fetch_one(self.readers()).await
    }
}
