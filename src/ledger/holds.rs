//! Holds: they keep a client out until released.

use serde::Serialize;

use super::{Known, Ledger};
use crate::database::{StoreError, query, query_as, query_scalar, row};

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

/// Whatever the clock was when it was placed; never before that, as the journal has it in this order.
const RELEASE: &str = "UPDATE lethe_holds SET released_by = $3, released_at = CASE WHEN placed_at > $2 THEN placed_at ELSE $2 END \
     WHERE client_key = $1 AND released_at IS NULL RETURNING released_at";

/// What the journal says of an earlier hold releases none that was placed since: that one still waits to be written there.
const RELEASE_AGAIN: &str = "UPDATE lethe_holds SET released_by = $3, released_at = CASE WHEN placed_at > $2 THEN placed_at ELSE $2 END \
     WHERE client_key = $1 AND released_at IS NULL AND NOT EXISTS (SELECT 1 FROM lethe_outbox AS o WHERE o.sweep = 0 \
     AND o.client_key = $1 AND o.outcome = 'placed' AND o.at = lethe_holds.placed_at)";

/// If another hold has been placed since, that one remains.
const PLACE_AGAIN: &str = "INSERT INTO lethe_holds (client_key, reason, placed_by, placed_at, released_by, released_at) \
     SELECT $1, $4, $3, $2, (SELECT $3 FROM lethe_holds WHERE client_key = $1 AND released_at IS NULL), \
     (SELECT placed_at FROM lethe_holds WHERE client_key = $1 AND released_at IS NULL) \
     WHERE NOT EXISTS (SELECT 1 FROM lethe_holds WHERE client_key = $1 AND placed_at = $2)";

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
        let place = "INSERT INTO lethe_holds (client_key, reason, placed_by, placed_at) VALUES ($1, $3, $4, $2) \
                     ON CONFLICT (client_key) WHERE released_at IS NULL DO NOTHING RETURNING placed_at";
        self.change_hold(PLACED, place, client_key, &[reason, by]).await
    }

    /// Releases a client's hold; `false` if there is none.
    pub async fn release_hold(&self, client_key: &str, by: &str) -> Result<bool, StoreError> {
        self.change_hold(RELEASED, RELEASE, client_key, &[by]).await
    }

    /// Changes a hold, and puts that into the outbox if there is a journal. `$1`
    /// is the client, `$2` the moment; the statement returns the moment that it wrote.
    async fn change_hold(
        &self,
        what: &str,
        sql: &'static str,
        client_key: &str,
        more: &[&str],
    ) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let change = query_scalar(sql).bind(client_key).bind(self.now());
        let change = more.iter().fold(change, |query, own| query.bind(*own));
        let at: Option<String> = change.fetch_optional(&mut *transaction).await?;
        if let Some(at) = &at {
            let tell = "INSERT INTO lethe_outbox (client_key, sweep, outcome, at, digest) SELECT $1, 0, $2, $3, '' \
                        WHERE EXISTS (SELECT 1 FROM lethe_journal)";
            query(tell).bind(client_key).bind(what).bind(at).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(at.is_some())
    }

    /// Takes over what the journal knows of holds, in its order. Does nothing
    /// about what the ledger has.
    pub async fn take_over_holds(&self, known: &[Known]) -> Result<u64, StoreError> {
        // What had been written to the journal before the backup was made.
        let written = format!(
            "DELETE FROM lethe_outbox WHERE sweep = 0 AND EXISTS (SELECT 1 FROM {} WHERE r.client = lethe_outbox.client_key \
             AND r.outcome = lethe_outbox.outcome AND r.at = lethe_outbox.at)",
            self.rows()
        );
        let all = serde_json::json!(known).to_string();
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        query(written).bind(all).execute(&mut *transaction).await?;
        let mut changed = 0;
        // One by one, as the last of several about a client counts.
        for one in known {
            let statement = if one.outcome == PLACED {
                query(PLACE_AGAIN).bind(&one.client).bind(&one.at).bind(OF_JOURNAL).bind(NO_REASON)
            } else {
                query(RELEASE_AGAIN).bind(&one.client).bind(&one.at).bind(OF_JOURNAL)
            };
            changed += statement.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(changed)
    }

    /// Holds, newest first: those in force, or all; of one client, or of all.
    pub async fn holds(&self, client_key: Option<&str>, released_too: bool) -> Result<Vec<Hold>, StoreError> {
        query_as(
            "SELECT * FROM lethe_holds WHERE ($1 IS NULL OR client_key = $1) AND ($2 = 1 OR released_at IS NULL) ORDER BY id DESC",
        )
        .bind(client_key)
        .bind(i64::from(released_too))
        .fetch_all(self.readers())
        .await
    }
}
