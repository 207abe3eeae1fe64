//! That no client is deleted in passing, and no row of another client changed: by a trigger, or by a foreign key.

use super::batch::BatchFault;
use crate::database::{Connection, StoreError, query, query_scalar};
use crate::sql::kept::Kept;

/// What a batch's transaction that deleted a client says in the ledger.
const GONE: &str = "the database deleted a client along: a trigger, or a foreign key of rows that one deletes";

/// What a batch's transaction in which it changed rows of others says.
const HARMED: &str = "a trigger or a foreign key changed rows of other clients in";

/// What the database says before the first rule.
pub(super) async fn before(connection: &mut Connection, kept: &Kept) -> Result<Option<i64>, StoreError> {
    match &kept.deletions {
        Some(deletions) => Ok(Some(query_scalar(deletions).fetch_one(connection).await?)),
        None => Ok(None),
    }
}

/// Watches for changes to rows of other clients.
pub(super) async fn watch(connection: &mut Connection, kept: &Kept) -> Result<(), StoreError> {
    for sql in kept.watches.iter().flat_map(|own| &own.begin) {
        query(sql).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Whether clients were deleted since then, by what the database says now.
pub(super) async fn are_gone(
    connection: &mut Connection,
    kept: &Kept,
    earlier: Option<i64>,
) -> Result<bool, StoreError> {
    Ok(before(connection, kept).await? != earlier)
}

/// Refuses a batch that deleted clients, its own or others, or in which the database changed rows of others.
pub(super) async fn check(connection: &mut Connection, kept: &Kept, earlier: Option<i64>) -> Result<(), BatchFault> {
    let missing: i64 = match &kept.missing {
        Some(missing) => query_scalar(missing).fetch_one(&mut *connection).await?,
        None => 0,
    };
    if missing > 0 || are_gone(connection, kept, earlier).await? {
        return Err(BatchFault::rows(GONE));
    }
    for own in &kept.watches {
        if query_scalar::<i64>(&own.harmed).fetch_one(&mut *connection).await? > 0 {
            return Err(BatchFault::rows(format!("{HARMED} {}", own.table)));
        }
        for sql in &own.end {
            query(sql).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
