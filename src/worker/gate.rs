//! What a live sweep needs before it may begin.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::Context;
use super::sweep::{Request, SweepError};
use crate::ledger::Extent;

/// Refuses a plan of which no rehearsal with at least one client passed.
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
pub const ENOUGH: u64 = 100;
/// A rehearsal of fewer clients is enough for a sweep over so many times as many.
pub const TIMES: u64 = 10;

/// What the rehearsals of a plan are enough for, where none is enough for a sweep of any size.
#[derive(Debug, Clone, Copy)]
pub struct Few {
    /// The most clients that a sweep may anonymize.
    pub most: u64,
    /// How many clients the largest rehearsal anonymized.
    pub rehearsed: u64,
}

/// What the rehearsals of a plan are enough for; `None` for a sweep of any size.
pub async fn few_rehearsed(context: &Context, digest: &str, request: &Request) -> Result<Option<Few>, SweepError> {
    if !context.limits.rehearsal {
        return Ok(None);
    }
    let rehearsals = context.ledger.rehearsals(digest).await?;
    if rehearsals.iter().any(|own| covers(own, request)) {
        return Ok(None);
    }
    let Some(&Extent { anonymized: rehearsed, .. }) = rehearsals.first() else { return Ok(None) };
    Ok(Some(Few { most: rehearsed.saturating_mul(TIMES), rehearsed }))
}

/// Whether a rehearsal is enough for a sweep of any size.
fn covers(own: &Extent, request: &Request) -> bool {
    let is_of_kind = own.kind == Some(request.kind) && (own.filters.is_empty() || are_same(own, request));
    // Lists that such a sweep made: by a review, or of clients who failed in it.
    let is_made = own.kind.is_some() && (request.decision.is_some() || request.retry);
    own.anonymized >= ENOUGH || own.whole && (is_of_kind || is_made)
}

fn are_same(own: &Extent, request: &Request) -> bool {
    let filters = |all: &BTreeMap<String, Vec<String>>| -> BTreeMap<String, BTreeSet<String>> {
        all.iter().map(|(name, values)| (name.clone(), values.iter().cloned().collect())).collect()
    };
    filters(&own.filters) == filters(&request.filters)
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
pub async fn backed_up(context: &Context) -> Result<(), SweepError> {
    let Some(most) = context.limits.backup_max_age else { return Ok(()) };
    let Some(made) = last_backup(context).await? else { return Err(SweepError::NoBackup { most }) };
    let age = context.ledger.clock().now() - made;
    if age > TimeDelta::from_std(most).unwrap_or(TimeDelta::MAX) {
        return Err(SweepError::OldBackup { made, most });
    }
    Ok(())
}
