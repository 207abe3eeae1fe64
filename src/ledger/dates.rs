//! Who set the day on which a client is to be anonymized.

use serde::Serialize;

use super::Ledger;
use crate::database::{Connection, StoreError, row};

row! {
    /// A day that a person set or cleared.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct SetDate {
        /// The day; `None` where it was cleared.
        pub day: Option<String>,
        /// What it was.
        pub before: Option<String>,
        /// Who set it.
        pub set_by: String,
        /// When.
        pub set_at: String,
    }
}

impl Ledger {
    /// Notes who set a client's day, inside the transaction that sets it.
    pub async fn record_date(
        &self,
        connection: &mut Connection,
        client_key: &str,
        day: Option<&str>,
        before: Option<&str>,
        by: &str,
    ) -> Result<(), StoreError> {
        sql!(query, "dates/record_date", client_key, day, before, by, self.now()).run(connection).await
    }

    /// The days that were set for a client through Lethe, oldest first.
    pub async fn dates(&self, client_key: &str) -> Result<Vec<SetDate>, StoreError> {
        sql!(query_as, "dates/dates", client_key).fetch_all(self.readers()).await
    }
}
