//! Materialized views that the policy names: refreshed when a sweep is through, each behind those that it shows. One
//! that cannot be is tried again until it can, and people are told; it delays no sweep.

use std::collections::BTreeSet;
use std::time::Duration;

use super::watch::Alert;
use super::{Context, Loaded, PlanLoadError};
use crate::database::{StoreError, query};
use crate::ledger::Sweep;

/// What the ledger calls a view that shows former values.
const KIND: &str = "stale-view";
/// What the event of a view begins with.
const EVENTS: &str = "view:";
/// How often a view is tried at once.
const TRIES: u32 = 3;
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// What needs a person about a view that stays as it was.
#[must_use]
pub fn stale(view: &str) -> String {
    format!("the materialized view `{view}` could not be refreshed, and shows former values; it is tried again")
}

/// The views that show former values.
pub async fn all_stale(context: &Context) -> Result<Vec<String>, StoreError> {
    let mut events = context.ledger.standing_events(KIND).await?;
    events.sort();
    Ok(events.iter().filter_map(|event| event.strip_prefix(EVENTS)).map(str::to_owned).collect())
}

/// Refreshes the views after a sweep.
pub(super) async fn after(context: &Context, sweep: &Sweep) -> Result<(), StoreError> {
    let Some(loaded) = loaded(context).await? else { return Ok(()) };
    let views: BTreeSet<String> = loaded.plan.refresh.iter().cloned().collect();
    let stale = refresh(context, &loaded, &views, TRIES).await?;
    if let Some((_, why)) = stale.first() {
        let names = stale.iter().map(|(view, _)| format!("`{view}`")).collect::<Vec<_>>().join(", ");
        let what = if stale.len() == 1 {
            format!("the materialized view {names} could not be refreshed, and shows former values: {why}")
        } else {
            format!("the materialized views {names} could not be refreshed, and show former values: {why}")
        };
        context.ledger.note_sweep(sweep.id, &what).await?;
    }
    Ok(())
}

/// Tries those again that show former values. One that the policy names no more is left alone.
pub(super) async fn again(context: &Context) -> Result<(), StoreError> {
    let stale = all_stale(context).await?;
    if stale.is_empty() {
        return Ok(());
    }
    let Some(loaded) = loaded(context).await? else { return Ok(()) };
    let named: BTreeSet<String> = stale.into_iter().filter(|view| loaded.plan.refresh.contains(view)).collect();
    let events: Vec<String> = named.iter().map(|view| event(view)).collect();
    context.ledger.are_over_but(EVENTS, &events).await?;
    refresh(context, &loaded, &named, 1).await.map(drop)
}

/// The plan, if there is one: what the policy wants now cannot be known else, and the next sweep says why.
async fn loaded(context: &Context) -> Result<Option<std::sync::Arc<Loaded>>, StoreError> {
    match context.planner.plan(&context.store).await {
        Ok(loaded) => Ok(Some(loaded)),
        Err(PlanLoadError::Store(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

fn event(view: &str) -> String {
    format!("{EVENTS}{view}")
}

/// Refreshes these views in order, and returns those that show former values, each with why.
async fn refresh(
    context: &Context,
    loaded: &Loaded,
    views: &BTreeSet<String>,
    tries: u32,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut stale: Vec<(String, String)> = Vec::new();
    for view in loaded.plan.refresh.iter().filter(|view| views.contains(*view)) {
        let shows = loaded.schema.shows.get(view);
        let behind = stale.iter().find(|(other, _)| shows.is_some_and(|own| own.contains(other)));
        let why = match behind {
            // It would take over what the other one still shows.
            Some((other, _)) => Some(format!("it shows `{other}`")),
            None => refused(context, loaded, view, tries).await?,
        };
        if let Some(why) = why {
            let text = format!("{} ({why})", self::stale(view));
            context.alert(&Alert::new(event(view), KIND, text)).await?;
            stale.push((view.clone(), why));
        } else {
            context.over(&event(view)).await?;
        }
    }
    Ok(stale)
}

/// Refreshes a view. Returns why it could not be, if so.
async fn refused(context: &Context, loaded: &Loaded, view: &str, tries: u32) -> Result<Option<String>, StoreError> {
    let mut tried = 1;
    loop {
        let refreshed = async {
            let mut writer = context.ledger.writer().await;
            let mut transaction = writer.begin().await?;
            for sql in loaded.plan.client.dialect.refresh(view) {
                query(&sql).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        };
        match refreshed.await {
            Ok(()) => return Ok(None),
            Err(error) if error.is_unreachable() => return Err(error),
            Err(_) if tried < tries => {
                tried += 1;
                context.stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
            }
            Err(error) => return Ok(Some(error.fault().words.clone())),
        }
    }
}
