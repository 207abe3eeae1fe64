//! Holds: they keep a client out until released.

use serde::Serialize;

use super::{Known, Ledger};
use crate::database::{Scalars, Statement, StoreError, row};
use crate::domain::value::json_of;

/// What the journal calls a record of a hold, in place of a sweep's kind.
pub const OF_A_HOLD: &str = "hold";
/// In place of an outcome: the hold was placed.
pub const PLACED: &str = "placed";
/// In place of an outcome: the hold was released.
pub const RELEASED: &str = "released";

/// Who placed and released what is known from the journal alone.
const OF_JOURNAL: &str = "the journal";
/// The journal holds no reasons, as people write them.
const NO_REASON: &str = "known from the journal, which does not say why";

row! {
    /// A hold.
    #[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
    pub struct Hold {
        /// Its number.
        pub id: i64,
        /// The client's key.
        pub client_key: String,
        /// Why it was placed.
        pub reason: String,
        /// Who placed it.
        pub placed_by: String,
        /// When.
        pub placed_at: String,
        /// Who released it.
        pub released_by: Option<String>,
        /// When.
        pub released_at: Option<String>,
    }
}

impl Ledger {
    /// Places a hold; `false` if the client is on hold already.
    pub async fn place_hold(&self, client_key: &str, reason: &str, by: &str) -> Result<bool, StoreError> {
        let now = self.now();
        self.change_hold(PLACED, client_key, sql!(query_scalar, "holds/place", client_key, now, reason, by)).await
    }

    /// Releases a client's hold; `false` if there is none.
    pub async fn release_hold(&self, client_key: &str, by: &str) -> Result<bool, StoreError> {
        self.change_hold(RELEASED, client_key, sql!(query_scalar, "holds/release", client_key, self.now(), by)).await
    }

    /// Changes a hold, and puts that into the outbox if there is a journal. The statement returns the moment that it wrote.
    async fn change_hold(
        &self,
        what: &str,
        client_key: &str,
        change: Statement<'_, Scalars<String>>,
    ) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let at = change.fetch_optional(&mut *transaction).await?;
        if let Some(at) = &at {
            sql!(query, "holds/to_journal", client_key, what, at).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(at.is_some())
    }

    /// Takes over what the journal knows of holds, in its order. Does nothing
    /// about what the ledger has.
    pub async fn take_over_holds(&self, known: &[Known]) -> Result<u64, StoreError> {
        // What had been written to the journal before the backup was made.
        let written = sql!(query, "holds/forget_written", json_of(known)).with("rows", &self.rows());
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        written.execute(&mut *transaction).await?;
        let mut changed = 0;
        // One by one, as the last of several about a client counts.
        for one in known {
            let statement = if one.outcome == PLACED {
                sql!(query, "holds/place_again", &one.client, &one.at, OF_JOURNAL, NO_REASON)
            } else {
                sql!(query, "holds/release_again", &one.client, &one.at, OF_JOURNAL)
            };
            changed += statement.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(changed)
    }

    /// Holds, newest first: those in force, or all; of one client, or of all.
    pub async fn holds(&self, client_key: Option<&str>, released_too: bool) -> Result<Vec<Hold>, StoreError> {
        sql!(query_as, "holds/holds", client_key, i64::from(released_too)).fetch_all(self.readers()).await
    }
}
