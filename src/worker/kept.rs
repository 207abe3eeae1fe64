//! That no client is deleted in passing: by a trigger, or by a foreign key of what a trigger deletes.

use super::batch::BatchFault;
use crate::database::{Connection, StoreError, query_scalar};
use crate::sql::kept::Kept;

/// What a batch's transaction that deleted a client says in the ledger.
const GONE: &str = "the database deleted a client along: a trigger, or a foreign key of rows that one deletes";

/// What the database says before the first rule.
pub(super) async fn before(connection: &mut Connection, kept: &Kept) -> Result<Option<i64>, StoreError> {
    match &kept.deletions {
        Some(deletions) => Ok(Some(query_scalar(deletions).fetch_one(connection).await?)),
        None => Ok(None),
    }
}

/// Whether clients were deleted since then, by what the database says now.
pub(super) async fn are_gone(
    connection: &mut Connection,
    kept: &Kept,
    earlier: Option<i64>,
) -> Result<bool, StoreError> {
    Ok(before(connection, kept).await? != earlier)
}

/// Refuses a batch that deleted clients, its own or others.
pub(super) async fn check(connection: &mut Connection, kept: &Kept, earlier: Option<i64>) -> Result<(), BatchFault> {
    let missing: i64 = match &kept.missing {
        Some(missing) => query_scalar(missing).fetch_one(&mut *connection).await?,
        None => 0,
    };
    if missing == 0 && !are_gone(connection, kept, earlier).await? {
        return Ok(());
    }
    Err(BatchFault::rows(GONE))
}
