//! Notices: who was told beforehand, when, and until when they are left alone.

use serde::Serialize;

use super::Ledger;
use crate::database::{StoreError, row};

row! {
    /// A notice that a client has had, or is to have.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Notice {
        /// The sweep that selected the client.
        pub sweep: i64,
        /// When it did.
        pub asked_at: String,
        /// When the receiver had the message; `None` until then.
        pub sent_at: Option<String>,
        /// The last day on which the client is left alone.
        pub until: Option<String>,
        /// When it ended.
        pub ended_at: Option<String>,
        /// By what: an outcome, or `lapsed`.
        pub ended_by: Option<String>,
    }
}

impl Ledger {
    /// Notes that the clients in a JSON array have had their notice, and the last
    /// day on which they are left alone. The first time counts.
    pub async fn notice_sent(&self, keys: &str, until: &str) -> Result<(), StoreError> {
        let sent = sql!(query, "notices/notice_sent", keys, self.now(), until);
        sent.with("clients", &self.store.dialect().texts_in("$1")).run(self).await
    }

    /// Ends the notices of clients whom a sweep that has checked all clients did
    /// not find due any more.
    pub async fn end_notices(&self, sweep: i64) -> Result<(), StoreError> {
        sql!(query, "notices/end_notices", sweep, self.now()).run(self).await
    }

    /// The notices of a client, oldest first.
    pub async fn notices(&self, client_key: &str) -> Result<Vec<Notice>, StoreError> {
        sql!(query_as, "notices/notices", client_key).fetch_all(self.readers()).await
    }
}
