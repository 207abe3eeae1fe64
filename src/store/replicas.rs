//! How far the replicas of a `PostgreSQL` server are behind it.

use super::{Store, StoreError};
use crate::domain::schema::Dialect;

/// How far the replica that is furthest behind is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// By so much write-ahead log; 0 too where there is no replica.
    Bytes(u64),
    /// There is one, and the role may not look at it.
    Hidden,
}

impl Store {
    /// Asks the server. Of a replica that applies nothing, as one that archives,
    /// counts what it has written down.
    pub async fn behind(&self) -> Result<Behind, StoreError> {
        if self.dialect() != Dialect::Postgres {
            return Ok(Behind::Bytes(0));
        }
        let (hidden, bytes): (bool, i64) = sqlx::query_as(
            "SELECT count(*) FILTER (WHERE state IS NULL) > 0, CAST(COALESCE(max(pg_wal_lsn_diff(pg_current_wal_lsn(), \
             COALESCE(replay_lsn, flush_lsn))) FILTER (WHERE state IN ('streaming', 'catchup')), 0) AS BIGINT) FROM pg_stat_replication",
        )
        .fetch_one(self.readers())
        .await
        .map_err(|error| self.fault(&error))?;
        Ok(if hidden { Behind::Hidden } else { Behind::Bytes(u64::try_from(bytes).unwrap_or(0)) })
    }
}
