//! Columns that were emptied for one client by request.

use serde::Serialize;

use super::Ledger;
use crate::database::{Connection, StoreError, query, query_as, query_scalar, row};

row! {
    /// A column that was emptied for a client.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Cleaned {
        /// Table and column.
        pub name: String,
        /// How many rows were changed.
        pub changed: i64,
        /// Who asked for it.
        pub cleaned_by: String,
        /// When.
        pub cleaned_at: String,
    }
}

impl Ledger {
    /// Records that a column was emptied, inside the transaction that empties it.
    pub async fn record_cleaned(
        &self,
        connection: &mut Connection,
        (client_key, digest): (&str, &str),
        cleaned: &Cleaned,
    ) -> Result<(), StoreError> {
        query(
            "INSERT INTO lethe_cleaned (client_key, name, changed, digest, cleaned_by, cleaned_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(client_key)
        .bind(&cleaned.name)
        .bind(cleaned.changed)
        .bind(digest)
        .bind(&cleaned.cleaned_by)
        .bind(&cleaned.cleaned_at)
        .run(connection)
        .await
    }

    /// What was emptied for a client, oldest first.
    pub async fn cleaned(&self, client_key: &str) -> Result<Vec<Cleaned>, StoreError> {
        query_as("SELECT name, changed, cleaned_by, cleaned_at FROM lethe_cleaned WHERE client_key = $1 ORDER BY id")
            .bind(client_key)
            .fetch_all(self.readers())
            .await
    }

    /// Whether a client is on hold, asked in the transaction that is about to write.
    pub async fn is_on_hold(&self, connection: &mut Connection, client_key: &str) -> Result<bool, StoreError> {
        query_scalar("SELECT count(*) > 0 FROM lethe_holds WHERE client_key = $1 AND released_at IS NULL")
            .bind(client_key)
            .fetch_one(connection)
            .await
    }
}
