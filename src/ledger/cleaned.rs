//! Columns that were emptied for one client by request.

use serde::Serialize;

use super::Ledger;
use crate::database::{Connection, StoreError, row};

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
        sql!(
            query,
            "cleaned/record_cleaned",
            client_key,
            &cleaned.name,
            cleaned.changed,
            digest,
            &cleaned.cleaned_by,
            &cleaned.cleaned_at
        )
        .run(connection)
        .await
    }

    /// What was emptied for a client, oldest first.
    pub async fn cleaned(&self, client_key: &str) -> Result<Vec<Cleaned>, StoreError> {
        sql!(query_as, "cleaned/cleaned", client_key).fetch_all(self.readers()).await
    }

    /// Whether a client is on hold, asked in the transaction that is about to write.
    pub async fn is_on_hold(&self, connection: &mut Connection, client_key: &str) -> Result<bool, StoreError> {
        sql!(query_scalar, "cleaned/is_on_hold", client_key).fetch_one(connection).await
    }
}
