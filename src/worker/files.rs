//! Files that go with the clients of a batch: written down as deliveries in its transaction.

use super::batch::{BatchFault, Work};
use crate::database::{Connection, query};
use crate::sql::files::OPEN;

/// Writes down what the rows of those taken name, before anything changes.
pub(super) async fn remember(
    connection: &mut Connection,
    work: &Work<'_>,
    sweep: i64,
    moment: &str,
) -> Result<(), BatchFault> {
    for (_, sql) in &work.statements.files.remember {
        query(sql).bind(sweep).bind(moment).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Takes out what other rows still name, after everything has changed.
pub(super) async fn spare(connection: &mut Connection, work: &Work<'_>) -> Result<(), BatchFault> {
    let files = &work.statements.files;
    if files.remember.is_empty() {
        return Ok(());
    }
    if let Some(lock) = files.one_at_a_time {
        query(lock).execute(&mut *connection).await?;
    }
    for (_, sql) in &files.spare {
        query(sql).execute(&mut *connection).await?;
    }
    query(OPEN).execute(connection).await?;
    Ok(())
}
