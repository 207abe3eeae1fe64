//! What a live sweep needs before it may begin.

use chrono::{DateTime, TimeDelta, Utc};

use super::Context;
use super::sweep::SweepError;

/// Refuses a plan that was never rehearsed with at least one client.
///
/// # Errors
///
/// [`SweepError::NotRehearsed`], or the ledger's.
pub async fn rehearsed(context: &Context, digest: &str) -> Result<(), SweepError> {
    if !context.limits.rehearsal {
        return Ok(());
    }
    match context.ledger.rehearsal(digest).await? {
        Some(_) => Ok(()),
        None => Err(SweepError::NotRehearsed),
    }
}

/// A rehearsal of so many clients is enough for any sweep.
const ENOUGH: u64 = 100;
/// A rehearsal of fewer clients is enough for a sweep over so many times as many.
const TIMES: u64 = 10;

/// How many clients a sweep may take at most, if the plan was rehearsed only with a few clients of somebody's choice.
///
/// # Errors
///
/// The ledger's.
pub async fn rehearsed_for(context: &Context, digest: &str) -> Result<Option<(u64, u64)>, SweepError> {
    if !context.limits.rehearsal {
        return Ok(None);
    }
    let few = context.ledger.partly_rehearsed(digest).await?.filter(|clients| *clients < ENOUGH);
    Ok(few.map(|clients| (clients, clients * TIMES)))
}

/// When the last backup was made, by word of mouth or by the stamp file.
pub async fn last_backup(context: &Context) -> Result<Option<DateTime<Utc>>, SweepError> {
    let said = context.ledger.last_backup().await?;
    let stamped = context
        .limits
        .backup_stamp
        .as_ref()
        .and_then(|stamp| std::fs::metadata(stamp).ok())
        .and_then(|stamp| stamp.modified().ok())
        .map(DateTime::<Utc>::from)
        // A stamp of the future says nothing of when the backup was made.
        .filter(|at| !context.ledger.is_ahead(*at));
    Ok(said.max(stamped))
}

/// Refuses if the last acknowledged backup is too old, or there is none.
///
/// # Errors
///
/// [`SweepError::NoBackup`] or [`SweepError::OldBackup`], or the ledger's.
pub async fn backed_up(context: &Context) -> Result<(), SweepError> {
    let Some(most) = context.limits.backup_max_age else { return Ok(()) };
    let Some(made) = last_backup(context).await? else { return Err(SweepError::NoBackup { most }) };
    let age = context.ledger.clock().now() - made;
    if age > TimeDelta::from_std(most).unwrap_or(TimeDelta::MAX) {
        return Err(SweepError::OldBackup { made, most });
    }
    Ok(())
}
