//! Hashes by which clients anonymized before are recognized under a new key, and who was.

use serde::Serialize;

use super::Ledger;
use crate::database::{Connection, StoreError, row};

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

/// Keeps hashes of clients, inside the transaction that anonymizes them: `pairs` is a JSON array of `[hash, client key]`.
/// The first time counts.
pub async fn keep_hashes(connection: &mut Connection, pairs: &str, now: &str) -> Result<(), StoreError> {
    let keep = sql!(query, "recognized/keep_hashes", pairs, now).with("pairs", connection.dialect().pairs);
    keep.run(connection).await
}

/// The places in the batch of clients taken only because a person confirmed who they are, and who have none of that
/// client's hashes now. `pairs` is a JSON array of `[hash, client key]`.
pub async fn not_recognized(connection: &mut Connection, pairs: &str) -> Result<Vec<i64>, StoreError> {
    let others = sql!(query_scalar, "recognized/not_recognized", pairs).with("pairs", connection.dialect().pairs);
    others.fetch_all(connection).await
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
        let formers = sql!(query_as, "recognized/formers", pairs).with("pairs", self.store.dialect().pairs);
        formers.fetch_all(self.readers()).await
    }

    /// Notes who was recognized: `pairs` is a JSON array of `[former key, client key]`. A confirmation is of one former
    /// client.
    pub async fn note_returned(&self, pairs: &str, now: &str) -> Result<(), StoreError> {
        sql!(query, "recognized/note_returned", pairs, now).with("pairs", self.store.dialect().pairs).run(self).await
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
        sql!(query_as, "recognized/returned", client, most).fetch_all(self.readers()).await
    }

    /// How many of them wait for a person to confirm who they are.
    pub async fn count_returned(&self) -> Result<u64, StoreError> {
        sql!(query_scalar, "recognized/count_returned").fetch_one(self.readers()).await
    }
}
