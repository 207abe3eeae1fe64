//! What is particular to a batch of a `replay` sweep: where each client's data
//! has come back.

use super::batch::count;
use crate::database::{Connection, StoreError, query};
use crate::domain::outcome::{RESTORED, Tally};
use crate::sql::replay::{NOTE_ALL, NOTHING_BACK, first_day, note as note_places, places};
use crate::sql::select::Wanted;

/// The day on which a client was anonymized stays the first.
pub(super) async fn keep_first_day(connection: &mut Connection, wanted: &Wanted<'_>) -> Result<(), StoreError> {
    if let Some(sql) = first_day(wanted) {
        query(&sql).execute(connection).await?;
    }
    Ok(())
}

/// Notes with all clients taken where their data has come back, and leaves those
/// alone of whom nothing has. After a restore all is back: that is said once,
/// and all clients to be anonymized are.
pub(super) async fn note(
    connection: &mut Connection,
    wanted: &Wanted<'_>,
    is_restore: bool,
) -> Result<Tally, StoreError> {
    if is_restore {
        let reasons = serde_json::json!([RESTORED]).to_string();
        query(NOTE_ALL).bind(reasons).execute(&mut *connection).await?;
        return count(connection).await;
    }
    for place in places(wanted) {
        query(&place).execute(&mut *connection).await?;
    }
    for sql in NOTHING_BACK {
        query(sql).execute(&mut *connection).await?;
    }
    query(note_places(wanted.plan.client.dialect)).execute(&mut *connection).await?;
    count(connection).await
}
