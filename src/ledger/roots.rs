//! The roots in which files are deleted, as they were when last seen.

use super::Ledger;
use crate::database::{StoreError, query, query_as, row};

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Root {
        /// What its marker file holds, if it has one.
        pub mark: Option<String>,
        /// The folder's device, or the bucket's URL.
        pub location: String,
    }
}

impl Ledger {
    /// The root of this name; `None` if it was never seen.
    pub async fn root(&self, name: &str) -> Result<Option<Root>, StoreError> {
        query_as("SELECT mark, location FROM lethe_roots WHERE name = $1")
            .bind(name)
            .fetch_optional(self.readers())
            .await
    }

    /// Notes what a root looks like now.
    pub async fn see_root(&self, name: &str, root: &Root) -> Result<(), StoreError> {
        query(
            "INSERT INTO lethe_roots (name, mark, location, seen_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO UPDATE SET mark = excluded.mark, location = excluded.location, seen_at = excluded.seen_at",
        )
        .bind(name)
        .bind(&root.mark)
        .bind(&root.location)
        .bind(self.now())
        .run(self)
        .await
    }
}
