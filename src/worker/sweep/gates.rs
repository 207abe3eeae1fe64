//! What a sweep must pass before it opens: the plan, a rehearsal, a backup and its brake.

use super::{Mode, Prepared, Request, SELECTED, SweepError, prepare, survey};
use crate::domain::sweep::SweepKind;
use crate::worker::gate::Few;
use crate::worker::selection::{clients, selecting};
use crate::worker::{Context, gate, retention};

/// So many clients a person may name without the brake's share being asked: in a small company one is a large share.
const NAMED: u64 = 10;

/// Checks a request against everything that must hold before its sweep opens.
pub(in crate::worker) async fn gates(context: &Context, request: &Request) -> Result<Prepared, SweepError> {
    context.planner.check_anew().await;
    let mut prepared = prepare(&context.store, &context.planner, Some(&context.ledger), request, true).await?;
    if request.kind == SweepKind::Retention {
        prepared.row_allowance = retention::gates(context, request, &prepared.loaded).await?;
        return Ok(prepared);
    }
    if request.bound.as_ref().is_some_and(|bound| bound.digest != prepared.loaded.plan.digest) {
        return Err(SweepError::PreviewOutdated);
    }
    gate::rehearsed(context, &prepared.loaded.plan.digest).await?;
    gate::backed_up(context).await?;
    prepared.selected = match request.bound.as_ref().and_then(|bound| bound.keys.clone()) {
        Some(keys) => Some(keys),
        None => few(context, &prepared).await?,
    };
    if request.kind != SweepKind::Replay {
        enough_rehearsed(context, request, &prepared).await?;
    }
    if !request.over_brake {
        prepared.allowance = brake(context, request, &prepared).await?;
    }
    let seen = request.bound.as_ref().and_then(|bound| bound.most);
    prepared.allowance = prepared.allowance.into_iter().chain(seen).min();
    Ok(prepared)
}

/// Refuses a sweep that would anonymize more clients than its rehearsals account for.
async fn enough_rehearsed(context: &Context, request: &Request, prepared: &Prepared) -> Result<(), SweepError> {
    let few = gate::few_rehearsed(context, &prepared.loaded.plan.digest, request).await?;
    let Some(Few { most, rehearsed }) = few else { return Ok(()) };
    // Counting those selected is cheap, and guards only make it fewer.
    if selected(context, request, prepared).await?.min(request.cap.unwrap_or(u64::MAX)) <= most {
        return Ok(());
    }
    let clients = survey(context.into(), request, Mode::Preview, &mut |_| {}).await?.tally.anonymized;
    if clients <= most {
        return Ok(());
    }
    Err(SweepError::FewRehearsed { kind: request.kind, rehearsed, clients })
}

/// Those selected, if they are few and looking for them is dear: then it is done once.
async fn few(context: &Context, prepared: &Prepared) -> Result<Option<Vec<String>>, SweepError> {
    let mut lent = selecting(&context.store, prepared).await?;
    Ok(prepared.selection.few((*lent).as_mut(), &prepared.wanted(), SELECTED).await?)
}

/// How many clients a sweep selects.
async fn selected(context: &Context, request: &Request, prepared: &Prepared) -> Result<u64, SweepError> {
    let named = request.keys.len() as u64;
    let saved = prepared.saved.as_ref().map_or(0, |saved| u64::try_from(saved.clients).unwrap_or(0));
    if let Some(selected) = &prepared.selected {
        return Ok(selected.len() as u64 + named + saved);
    }
    let mut lent = selecting(&context.store, prepared).await?;
    Ok(prepared.selection.count((*lent).as_mut(), &prepared.wanted()).await? + named + saved)
}

/// Stops a sweep that would take more than its brake allows. Returns how many that is; `None` for no limit.
///
/// The answer is stored with the sweep and asked again of each batch, as more clients may be due by then.
async fn brake(context: &Context, request: &Request, prepared: &Prepared) -> Result<Option<u64>, SweepError> {
    let most = request.brake.clients;
    let share = request.brake.share.unwrap_or(context.limits.brake_share);
    let mut connection = context.store.readers().acquire().await?;
    let of_all = if share < 1.0 {
        let all = clients(&mut connection, &prepared.wanted()).await?;
        let named = if request.kind == SweepKind::List { NAMED } else { 0 };
        Some(share_of(all, share).max(named))
    } else {
        None
    };
    drop(connection);
    let Some(allowed) = most.into_iter().chain(of_all).min() else { return Ok(None) };
    // Counting those selected is cheap, and guards only make it fewer.
    let found = selected(context, request, prepared).await?;
    if found.min(request.cap.unwrap_or(u64::MAX)) <= allowed {
        return Ok(Some(allowed));
    }
    let would = survey(context.into(), request, Mode::Preview, &mut |_| {}).await?.tally.anonymized;
    if would <= allowed {
        return Ok(Some(allowed));
    }
    let sweep = request.job.clone().unwrap_or_else(|| format!("--{}", request.kind));
    Err(SweepError::Braked { would, most, share: of_all.filter(|own| would > *own).map(|_| share), sweep })
}

/// The whole number of clients, or rows, that a share of all comes to.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]
pub(in crate::worker) fn share_of(all: u64, share: f64) -> u64 {
    // A share such as 0.29 is a little less than that in binary.
    (all as f64 * share + 1e-6).floor() as u64
}
