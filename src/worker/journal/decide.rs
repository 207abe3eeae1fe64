//! What an operator decides about the journal.

use std::time::Duration;

use super::super::Context;
use super::super::sweep::SweepError;
use super::Keeper;
use super::standing::{HALTED_EVENT, RESTORED_EVENT, begin, begun, look};
use crate::journal::Journal;

/// How often, and how long apart, a process waits for another one that keeps the journal.
const TRIES: (u32, Duration) = (20, Duration::from_millis(500));

/// This database is the one that the journal is about: what is in it counts,
/// regardless of the writer, if it follows from what the ledger knows.
pub async fn adopt(context: &Context, journal: &Journal) -> Result<(), SweepError> {
    begun(context, journal).await?;
    let last = journal.place().last().await?;
    let database = context.ledger.database_identity().await?;
    context.ledger.adopt_journal(&database, last).await?;
    context.over(HALTED_EVENT).await?;
    look(context, journal, true).await.map(drop)
}

/// This database begins a journal of its own, with all that the ledger has.
pub async fn renew(context: &Context, journal: &Journal) -> Result<(), SweepError> {
    context.ledger.forget_journal().await?;
    begin(context, journal).await?;
    for event in [HALTED_EVENT, RESTORED_EVENT] {
        context.over(event).await?;
    }
    Ok(())
}

/// The journal goes on under the configured key, from a record that says so.
///
/// # Errors
///
/// [`SweepError`] if the old key is not at hand, or the journal is away.
pub async fn rotate(context: &Context, journal: &Journal) -> Result<(), SweepError> {
    let head = begun(context, journal).await?;
    if head.segment == 0 {
        // Nothing is sealed yet.
        return Keeper::new(context).round().await;
    }
    let mark = head.key_mark.as_deref();
    let key = journal.key().filter(|_| mark.is_some() && journal.sealing(mark).is_ok());
    let Some(key) = key else {
        let what =
            if mark.is_none() { "was begun without a key" } else { "is sealed with a key that is not configured" };
        return Err(journal.wrong_key(what).into());
    };
    if mark != Some(key.mark()) {
        context.ledger.rotate_key(key.mark()).await?;
    }
    Keeper::new(context).round().await
}

/// Opens the replay that a restore makes necessary; `over_brake` if an operator
/// confirms that it may take so many. `None` if none is necessary any more.
///
/// # Errors
///
/// [`SweepError`] says which gate refuses, or that another process is at it.
pub async fn replay(context: &Context, over_brake: bool) -> Result<Option<i64>, SweepError> {
    if over_brake {
        context.ledger.confirm_replay().await?;
    }
    let mut keeper = Keeper::new(context);
    for _ in 0..TRIES.0 {
        keeper.first_look().await?;
        match context.ledger.journal().await? {
            Some(head) if head.restored_at.is_some() => {
                if head.replay.is_some() {
                    return Ok(head.replay);
                }
            }
            _ => return Ok(None),
        }
        tokio::time::sleep(TRIES.1).await;
    }
    Err(SweepError::Restored { replay: None })
}
