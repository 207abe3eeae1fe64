//! Holds: they keep a client out until released.

use serde::Serialize;
use sqlx::FromRow;

use super::Ledger;
use crate::store::StoreError;

/// A hold.
#[derive(Debug, Clone, FromRow, Serialize, utoipa::ToSchema)]
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

impl Ledger {
    /// Places a hold; `false` if the client is on hold already.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be written.
    pub async fn place_hold(&self, client_key: &str, reason: &str, by: &str) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let placed = sqlx::query(
            "INSERT INTO lethe_holds (client_key, reason, placed_by, placed_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (client_key) WHERE released_at IS NULL DO NOTHING",
        )
        .bind(client_key)
        .bind(reason)
        .bind(by)
        .bind(self.now())
        .execute(&mut **writer)
        .await
        .map_err(|error| self.fault(&error))?;
        Ok(placed.rows_affected() > 0)
    }

    /// Releases a client's hold; `false` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be written.
    pub async fn release_hold(&self, client_key: &str, by: &str) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let released = sqlx::query(
            "UPDATE lethe_holds SET released_by = $2, released_at = $3 WHERE client_key = $1 AND released_at IS NULL",
        )
        .bind(client_key)
        .bind(by)
        .bind(self.now())
        .execute(&mut **writer)
        .await
        .map_err(|error| self.fault(&error))?;
        Ok(released.rows_affected() > 0)
    }

    /// Holds, newest first: those in force, or all; of one client, or of everybody.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database cannot be read.
    pub async fn holds(&self, client_key: Option<&str>, released_too: bool) -> Result<Vec<Hold>, StoreError> {
        sqlx::query_as(
            "SELECT * FROM lethe_holds WHERE ($1 IS NULL OR client_key = $1) AND ($2 = 1 OR released_at IS NULL) ORDER BY id DESC",
        )
        .bind(client_key)
        .bind(i64::from(released_too))
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.fault(&error))
    }
}
