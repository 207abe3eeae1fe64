//! Cutting a running sweep into batches, and closing it.

use chrono_tz::Tz;

use super::{LOG_NOT_EMPTIED, Prepared, SELECTED, SweepError, conditions};
use crate::database::{Connection, StoreError};
use crate::domain::sweep::SweepKind;
use crate::ledger::{self, NewBatch, Sweep};
use crate::worker::pace::batch_size;
use crate::worker::selection::{Selection, selecting};
use crate::worker::{Context, PlanLoadError, views};

/// Batches waiting below which more are cut.
const AHEAD: u64 = 8;
/// Batches that pause before they are tried again, above which no more are cut.
const MOST_PAUSING: u64 = 1_000;

/// Cuts a saved selection into batches, as it is now. Returns how many clients they have.
pub(super) async fn cut_saved(
    context: &Context,
    connection: &mut Connection,
    sweep: i64,
    prepared: &Prepared,
    saved: &ledger::Selection,
) -> Result<i64, StoreError> {
    let (ledger, size) = (&context.ledger, context.limits.batch_size);
    if saved.source.is_none() {
        return ledger.cut_selection(connection, sweep, saved, size).await;
    }
    let (mut clients, mut behind): (i64, Option<String>) = (0, None);
    loop {
        let selections = prepared.selections(&context.store, Some(ledger));
        let keys = selections.company_page(connection, saved, behind.as_deref(), SELECTED).await?;
        let Some(last) = keys.last() else { return Ok(clients) };
        behind = Some(last.clone());
        clients += i64::try_from(keys.len()).unwrap_or(i64::MAX);
        ledger.insert_batches(connection, sweep, &in_batches(&keys, size)).await?;
    }
}

/// Cuts the next batches of a running sweep. Returns whether there was anything to do.
pub async fn cut(context: &Context, sweep: &Sweep) -> Result<bool, SweepError> {
    if sweep.cut || context.ledger.has_to_wait(context.ledger.readers(), sweep.id).await? {
        return Ok(false);
    }
    let progress = context.ledger.progress(sweep.id).await?;
    // A capped sweep is cut batch by batch, as each one changes what room is left.
    let ahead = if sweep.cap.is_some() { 1 } else { AHEAD };
    // Those that pause, as a client is locked or failed, do not hold the others up.
    let pausing = progress.pausing_batches.min(MOST_PAUSING);
    if progress.open_batches >= ahead + pausing {
        return Ok(false);
    }
    let _span = sweep.span("cut", None);
    let Some(prepared) = of_sweep(context, sweep).await? else { return Ok(false) };
    let limits = &context.limits;
    let size = batch_size(limits.most_clients(), limits.batch_time, context.ledger.recent().await?);
    let most = if sweep.cap.is_some() { size } else { size.max(SELECTED) };
    let mut keys: Vec<String> = Vec::new();
    let mut position = sweep.position.clone();
    let mut last = sweep.cap.is_some_and(|cap| progress.tally.anonymized >= cap);
    let cap_used_up = last;
    let mut lent = selecting(&context.store, &prepared).await?;
    while keys.len() < size && !last {
        let page = prepared.selection.page((*lent).as_mut(), &prepared.wanted(), position.as_deref(), most).await;
        let page = match page {
            Ok(page) => page,
            // Asked again it would say the same, and hold up every other sweep.
            Err(error) if error.is_of_the_rows() || error.is_damage() => {
                context.stop_sweep(sweep.id, &format!("the clients could not be selected: {error}")).await?;
                return Ok(true);
            }
            Err(error) => return Err(error.into()),
        };
        if !page.last && page.position == position {
            let note = "the clients could not be selected: the search does not get past one of their keys";
            context.stop_sweep(sweep.id, note).await?;
            return Ok(true);
        }
        keys.extend(page.keys);
        position = page.position;
        last = page.last;
    }
    drop(lent);
    if cap_used_up {
        context.ledger.cap_used_up(sweep.id).await?;
        return Ok(true);
    }
    if sweep.cap.is_some() && keys.len() > size {
        // A range gave more than one batch: come back for the rest.
        keys.truncate(size);
        position = keys.last().cloned();
        last = false;
    }
    let batches = in_batches(&keys, size);
    let moved = context.ledger.cut(sweep.id, sweep.position.as_deref(), position.as_deref(), last, &batches).await?;
    context.wake.notify_one();
    Ok(moved)
}

pub(super) fn in_batches(keys: &[String], size: usize) -> Vec<NewBatch> {
    keys.chunks(size).map(NewBatch::of).collect()
}

/// A running sweep with its plan; `None` if policy or schema have changed
/// since it was opened, and it has been stopped.
pub(in crate::worker) async fn of_sweep(context: &Context, sweep: &Sweep) -> Result<Option<Prepared>, SweepError> {
    let loaded = match context.planner.plan(&context.store).await {
        Ok(loaded) => loaded,
        Err(PlanLoadError::Store(error)) => return Err(error.into()),
        Err(error) => {
            context.stop_sweep(sweep.id, &error.brief()).await?;
            return Ok(None);
        }
    };
    if loaded.plan.digest != sweep.digest {
        context.stop_sweep(sweep.id, "the policy or the schema changed after the sweep was opened").await?;
        return Ok(None);
    }
    Ok(Some(Prepared {
        selection: Selection::of(sweep.kind),
        filters: conditions(&loaded, &sweep.filters)?,
        cutoff: sweep.cutoff,
        today: sweep.today,
        zone: sweep.zone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC),
        restored: sweep.kind == SweepKind::Replay && sweep.force,
        selected: None,
        saved: None,
        allowance: None,
        row_allowance: None,
        loaded,
    }))
}

/// Closes a sweep whose batches are all over. Returns whether it did.
pub async fn close(context: &Context, sweep: &Sweep) -> Result<bool, SweepError> {
    // Asked first, as closing takes the lock that batches are written under.
    let progress = context.ledger.progress(sweep.id).await?;
    if progress.open_batches > 0 {
        let is_full = sweep.capped && sweep.cap.is_some_and(|cap| progress.tally.anonymized >= cap);
        if !is_full || progress.open_batches > progress.pausing_batches {
            return Ok(false);
        }
        // The limit leaves no room for those that pause, so nothing waits for them.
        context.ledger.leave_pausing(sweep.id).await?;
    }
    views::after(context, sweep).await?;
    let left_out = context.ledger.left_out(sweep.id).await?;
    let closed = context.ledger.close_sweep(sweep).await?;
    if closed {
        if left_out == 0 {
            context.ledger.end_notices(sweep.id).await?;
        } else {
            let who = if left_out == 1 { "1 client was".to_owned() } else { format!("{left_out} clients were") };
            let note = format!("{who} left to the next sweep: locked by another session, or failing, to the end");
            tracing::warn!(sweep = sweep.id, "{note}");
            context.ledger.note_sweep(sweep.id, &note).await?;
        }
        context.ledger.tidy_requests().await?;
        let tally = context.ledger.progress(sweep.id).await?.tally;
        tracing::info!(
            sweep = sweep.id,
            job = sweep.job.as_deref().unwrap_or("by hand"),
            anonymized = tally.anonymized,
            refused = tally.refused,
            failed = tally.failed,
            "sweep done"
        );
        // Former values must not stay in the write-ahead log either.
        if !context.store.checkpoint().await? {
            tracing::warn!(sweep = sweep.id, "{LOG_NOT_EMPTIED}");
            context.ledger.note_sweep(sweep.id, LOG_NOT_EMPTIED).await?;
        }
    }
    Ok(closed)
}
