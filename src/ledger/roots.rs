//! The roots in which files are deleted, as they were when last seen.

use super::Ledger;
use crate::database::{StoreError, row};

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
        sql!(query_as, "roots/root", name).fetch_optional(self.readers()).await
    }

    /// Notes what a root looks like now.
    pub async fn see_root(&self, name: &str, root: &Root) -> Result<(), StoreError> {
        sql!(query, "roots/see_root", name, &root.mark, &root.location, self.now()).run(self).await
    }
}
