//! After a restore: the ledger takes over what the journal knows, and a
//! `replay` sweep makes the database as it says.

use super::super::sweep::{Request, SweepError, new_sweep};
use super::super::{Context, gate};
use super::verify::known;
use super::{begun, holds, strange};
use crate::database::query_as;
use crate::domain::sweep::SweepKind;
use crate::journal::{Chain, HASHED, Journal};
use crate::ledger::{Known, OF_A_HOLD, Segment, State};
use crate::sql::replay::all_keys;

/// Client keys hashed at a time.
const AT_ONCE: usize = 5_000;

/// What stands with the sweep.
const NOTE: &str = "after a restore: does again what the journal knows and the database had lost";

/// Takes over what the journal has behind the ledger's end, and opens the
/// replay; or ends it, if it is through. Safe to be killed in and to be called
/// again at any point.
///
/// # Errors
///
/// [`SweepError`] if the journal is away or not whole, or there is no plan to
/// replay under; live sweeps wait on.
pub(super) async fn take_over(context: &Context, journal: &Journal) -> Result<(), SweepError> {
    let ledger = &context.ledger;
    let mut head = begun(context).await?;
    if let Some(id) = head.replay {
        let state = ledger.sweep(id).await?.map_or(State::Stopped, |sweep| sweep.state);
        if state == State::Running {
            return Ok(());
        }
        ledger.end_replay(id, state == State::Done).await?;
        if state == State::Done {
            tracing::info!(sweep = id, "what the journal knows has been done again; live sweeps go on");
            return Ok(());
        }
    }
    // Before anybody can be taken again, and whole before the ledger's end moves on.
    holds::take_over(context, journal, &head).await?;
    let from = head.number;
    while let Some(content) = journal.place().get(head.segment + 1).await? {
        let number = head.segment + 1;
        let mut chain = Chain::behind(head.number, &head.hash);
        let records = chain
            .follow(&content, journal.key())
            .map_err(|fault| strange(journal, format!("segment {number}: {fault}")))?;
        let known: Vec<Known> = records.iter().filter(|record| record.kind != OF_A_HOLD).map(known).collect();
        let known = serde_json::to_string(&known).unwrap_or_default();
        ledger.take_over(&known, &Segment { segment: number, number: chain.number, hash: chain.hash }).await?;
        head = begun(context).await?;
    }
    if head.number > from {
        tracing::info!(from, to = head.number, "the ledger has taken over what the journal knows");
    }
    let loaded = context.planner.plan(&context.store).await?;
    if ledger.hashed(HASHED).await? > 0 {
        name_clients(context, journal).await?;
    }
    // A plan that the journal has outcomes of was rehearsed when they came about.
    if !ledger.was_used(&loaded.plan.digest).await? {
        gate::rehearsed(context, &loaded.plan.digest).await?;
    }
    let mut request = Request::of_clients(Vec::new(), ledger.clock().now().date_naive());
    request.kind = SweepKind::Replay;
    let mut sweep = new_sweep(context, &request, loaded.plan.digest.clone());
    sweep.note = Some(NOTE.to_owned());
    if let Some(id) = ledger.open_replay(&sweep).await? {
        tracing::warn!(sweep = id, "a replay has been opened, and goes before all other sweeps");
        context.wake.notify_one();
    }
    Ok(())
}

/// Finds the clients of hashes.
async fn name_clients(context: &Context, journal: &Journal) -> Result<(), SweepError> {
    let ledger = &context.ledger;
    let mut behind = None;
    loop {
        let (pairs, next) = names(context, journal, behind.as_deref()).await?;
        ledger.name_clients(&serde_json::to_string(&pairs).unwrap_or_default()).await?;
        behind = next;
        if behind.is_none() {
            break;
        }
    }
    let unnamed = ledger.hashed(HASHED).await?;
    if unnamed > 0 {
        tracing::info!(records = unnamed, "records of the journal are about clients that the database does not have");
    }
    Ok(())
}

/// A page of all clients there are: how the journal names each, and its key;
/// and the key behind which the next page begins.
pub(super) async fn names(
    context: &Context,
    journal: &Journal,
    behind: Option<&str>,
) -> Result<(Vec<(String, String)>, Option<String>), SweepError> {
    let loaded = context.planner.plan(&context.store).await?;
    let sql = all_keys(&loaded.plan.client, behind.is_some());
    let mut connection = context.store.readers().acquire().await?;
    let rows: Vec<(String, String)> =
        query_as(&sql).bind(behind).bind(i64::try_from(AT_ONCE).unwrap_or(i64::MAX)).fetch_all(&mut connection).await?;
    let next = if rows.len() < AT_ONCE { None } else { rows.last().map(|(key, _)| key.clone()) };
    Ok((rows.into_iter().map(|(_, client)| (journal.name_of(&client), client)).collect(), next))
}
