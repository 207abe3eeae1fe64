//! After a restore: the ledger takes over what the journal knows, and a
//! `replay` sweep makes the database as it says.

use super::super::Context;
use super::super::sweep::{Request, SweepError, gates, new_sweep};
use super::super::watch::Alert;
use super::holds;
use super::standing::{RESTORED_EVENT, begun, chain_behind, records};
use super::verify::known;
use crate::database::query_as;
use crate::domain::key::KeyJson;
use crate::domain::sweep::SweepKind;
use crate::journal::{HASHED, Journal, OF_A_KEY};
use crate::ledger::{Known, OF_A_HOLD, Segment, State};
use crate::sql::replay::all_keys;

/// Client keys hashed at a time.
const AT_ONCE: usize = 5_000;

/// What stands with the sweep.
const NOTE: &str = "after a restore: replays what the journal contains and the database had lost";

/// What the event is called that a gate refuses the replay.
const WAITS_EVENT: &str = "replay-waits";

/// Takes over what the journal has behind the ledger's end, and opens the
/// replay after every gate; or ends it, if it is through. Safe to be killed in
/// and to be called again at any point.
///
/// # Errors
///
/// [`SweepError`] if the journal is away or not whole, there is no plan to
/// replay under, a gate refuses, or the process is stopping; live sweeps wait on.
pub(super) async fn take_over(context: &Context, journal: &Journal) -> Result<(), SweepError> {
    let ledger = &context.ledger;
    let mut head = begun(context, journal).await?;
    if let Some(id) = head.replay {
        let state = ledger.sweep(id).await?.map_or(State::Stopped, |sweep| sweep.state);
        if state == State::Running {
            return Ok(());
        }
        ledger.end_replay(id, state == State::Done).await?;
        if state == State::Done {
            context.over(RESTORED_EVENT).await?;
            tracing::info!(sweep = id, "the journal has been replayed; live sweeps continue");
            return Ok(());
        }
    }
    // Before anybody can be taken again, and whole before the ledger's end moves on.
    holds::take_over(context, journal, &head).await?;
    let from = head.number;
    loop {
        let segment = head.segment + 1;
        let mut chain = chain_behind(&head);
        let Some(records) = records(journal, &head, &mut chain, segment).await? else { break };
        let outcomes = records.iter().filter(|record| record.kind != OF_A_HOLD && record.kind != OF_A_KEY);
        let known = serde_json::json!(outcomes.map(known).collect::<Vec<Known>>()).to_string();
        let taken = Segment { segment, number: chain.number, hash: chain.hash };
        ledger.take_over(&known, &taken, chain.mark.as_deref()).await?;
        head = begun(context, journal).await?;
    }
    // Not before the end: to stop on the way is not to agree.
    journal.agreed(head.segment, &head.hash);
    if head.number > from {
        tracing::info!(from, to = head.number, "the ledger has taken over what the journal knows");
    }
    if ledger.hashed(HASHED).await? > 0 {
        name_clients(context, journal).await?;
    }
    let mut request = Request::of_clients(Vec::new(), ledger.clock().now().date_naive());
    request.kind = SweepKind::Replay;
    request.force = true;
    request.over_brake = head.over_brake != 0;
    let prepared = match gates(context, &request).await {
        Ok(prepared) => prepared,
        Err(error) => {
            if !error.may_pass() {
                let text = format!("the replay after a restore waits: {}; {}", error.brief(), error.hint());
                context.alert(&Alert::new(WAITS_EVENT, WAITS_EVENT, text)).await?;
            }
            return Err(error);
        }
    };
    context.over(WAITS_EVENT).await?;
    if context.stop.is_cancelled() {
        return Err(SweepError::Stopping);
    }
    let mut sweep = new_sweep(context, &request, &prepared.loaded.plan.digest);
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
        ledger.name_clients(&crate::domain::value::json_of(&pairs)).await?;
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
    let rows: Vec<(KeyJson, Vec<u8>)> = query_as(&sql).bind(behind).bind(AT_ONCE).fetch_all(&mut connection).await?;
    let next = if rows.len() < AT_ONCE { None } else { rows.last().map(|(KeyJson(key), _)| key.clone()) };
    // A key that is not UTF-8 was never recorded: its client always fails.
    let clients = rows.into_iter().filter_map(|(_, client)| String::from_utf8(client).ok());
    let named = |client: String| journal.names_of(&client).into_iter().map(move |name| (name, client.clone()));
    Ok((clients.flat_map(named).collect(), next))
}
