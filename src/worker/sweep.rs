//! Sweeps: opened after every gate, cut into batches, closed when all of them
//! are over; or only surveyed, for a preview or a rehearsal.

mod cut;
mod error;
mod gates;
mod saved;
mod survey;
mod terms;
mod trace;
mod whole;

pub(super) use cut::of_sweep;
pub use cut::{close, cut};
pub use error::SweepError;
pub(super) use gates::{gates, share_of};
pub use saved::Selections;
pub use survey::{Client, Mode, Survey, Surveyor, count, survey};
pub use trace::{Trace, TracedChange, TracedRow, TracedTable, trace};
pub use whole::{Finding, WholeDatabase};

pub use crate::ledger::{Bound, Request};

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;

use cut::{cut_saved, in_batches};
use terms::{chosen, digest_of, one_value_each, one_value_listed};

use super::selection::Selection;
use super::{Context, Loaded, Planner, journal, retention};
use crate::database::{Store, query};
use crate::domain::key::{join, json_of_keys};
use crate::domain::nearest::nearest;
use crate::domain::sweep::SweepKind;
use crate::domain::today::Today;
use crate::ledger::{self, Ledger, NewBatch, NewSweep, State};
use crate::sql::select::{Wanted, filter};

/// Clients selected at once: each look for the next ones can cost as much as
/// all that are due, so it is not done for every batch.
const SELECTED: usize = 8_000;

/// What a sweep notes when a reader kept the write-ahead log from being emptied.
pub const LOG_NOT_EMPTIED: &str = "former values may still be in the database's file, as another program keeps reading \
     an older state of it; the next checkpoint removes them";

/// A request that has met its plan.
pub(super) struct Prepared {
    pub(super) loaded: Arc<Loaded>,
    pub(super) selection: Selection,
    pub(super) filters: Vec<String>,
    pub(super) cutoff: Option<NaiveDate>,
    pub(super) today: NaiveDate,
    /// The time zone in which that is a day.
    pub(super) zone: Tz,
    /// Whether the database is older than the journal, which then counts.
    pub(super) restored: bool,
    /// All clients there are, if they were selected already.
    pub(super) selected: Option<Vec<String>>,
    pub(super) saved: Option<ledger::Selection>,
    /// The most clients that the brake lets it take, and the most rows of each table.
    pub(super) allowance: Option<u64>,
    pub(super) row_allowance: Option<BTreeMap<String, u64>>,
}

impl Prepared {
    pub(super) fn wanted(&self) -> Wanted<'_> {
        self.wanted_on(self.today)
    }

    pub(super) fn selections<'a>(&'a self, store: &'a Store, ledger: Option<&'a Ledger>) -> Selections<'a> {
        Selections { store, ledger, plan: &self.loaded.plan, today: Today { day: self.today, zone: self.zone } }
    }

    pub(super) fn wanted_on(&self, today: NaiveDate) -> Wanted<'_> {
        Wanted {
            plan: &self.loaded.plan,
            filters: &self.filters,
            today,
            cutoff: self.cutoff,
            zone: self.zone,
            restored: self.restored,
        }
    }
}

/// Checks a request against the plan as it is now; `checked` against the data too, as for anything that may start a sweep.
pub(super) async fn prepare(
    store: &Store,
    planner: &Planner,
    ledger: Option<&Ledger>,
    request: &Request,
    checked: bool,
) -> Result<Prepared, SweepError> {
    let loaded = if checked { planner.plan_checked(store).await? } else { planner.plan(store).await? };
    let plan = &loaded.plan;
    if let Some(ledger) = ledger {
        same_clients(ledger, &loaded).await?;
    }
    match request.kind {
        SweepKind::Due if plan.client.to_anonymize_on.is_none() => return Err(SweepError::NoDate),
        SweepKind::Period if plan.retention.is_none() => return Err(SweepError::NoPeriod),
        SweepKind::List if request.keys.is_empty() && request.selection.is_none() => return Err(SweepError::EmptyList),
        _ => {}
    }
    let filters = conditions(&loaded, &request.filters)?;
    if matches!(request.kind, SweepKind::Due | SweepKind::Period) {
        one_value_each(plan, &request.filters)?;
    }
    let length = chosen(plan, request)?;
    let cutoff = length.map(|length| length.before(request.today)).transpose()?;
    let prepared = Prepared {
        selection: Selection::of(request.kind),
        filters,
        cutoff,
        today: request.today,
        zone: request.zone,
        restored: request.kind == SweepKind::Replay && request.force,
        selected: None,
        saved: match &request.selection {
            Some(name) => Some(Selections { store, ledger, plan, today: request.day() }.find(name).await?),
            None => None,
        },
        allowance: None,
        row_allowance: None,
        loaded,
    };
    // Clients who failed come from sweeps of their own.
    if request.kind == SweepKind::List && !request.retry {
        one_value_listed(store, ledger, request, &prepared).await?;
    }
    Ok(prepared)
}

/// That the keys in the ledger are those of the policy's clients. A table that is there no more was renamed.
pub async fn same_clients(ledger: &Ledger, loaded: &Loaded) -> Result<(), SweepError> {
    let own = &loaded.plan.client.table;
    match ledger.clients().await? {
        Some(other) if other != *own && loaded.schema.table(&other).is_some() => {
            Err(SweepError::OtherClients { own: own.clone(), other })
        }
        _ => Ok(()),
    }
}

/// Filters as conditions on the client table.
///
/// # Errors
///
/// [`SweepError`] if the policy declares no such filter, or a value cannot stand in its column.
pub fn conditions(loaded: &Loaded, filters: &BTreeMap<String, Vec<String>>) -> Result<Vec<String>, SweepError> {
    let known = &loaded.plan.filters;
    filters
        .iter()
        .map(|(name, values)| match known.get(name) {
            Some(own) => filter(&loaded.plan, own, values).map_err(|wanted| SweepError::FilterValue {
                name: name.clone(),
                column: own.column.clone(),
                wanted,
            }),
            None => Err(SweepError::UnknownFilter {
                name: name.clone(),
                nearest: nearest(name, known.keys().map(String::as_str)).map(str::to_owned),
                known: known.keys().cloned().collect(),
            }),
        })
        .collect()
}

/// Opens a sweep after every gate; `None` if the job's tick has one already, or has joined one that runs.
///
/// # Errors
///
/// [`SweepError`] says which gate refuses. A refused tick is recorded as a
/// stopped sweep, and a braked sweep as braked, so that the morning sees them;
/// while the database is away, or the work is paused, the tick is still due.
pub async fn open(context: &Context, request: &Request) -> Result<Option<i64>, SweepError> {
    context.ledger.is_current().await?;
    if let Some(pause) = context.ledger.pause_of(request.job.as_deref()).await? {
        return Err(SweepError::Paused(Box::new(pause)));
    }
    match journal::before_opening(context).await {
        // What the journal knows is what is to be done again first.
        Err(SweepError::Restored { .. }) if request.kind == SweepKind::Replay => {
            if let Some(id) = journal::replay(context, request.over_brake).await? {
                return Ok(Some(id));
            }
        }
        looked => looked?,
    }
    let (digest, refusal) = match gates(context, request).await {
        Ok(_) if context.stop.is_cancelled() => return Err(SweepError::Stopping),
        Ok(prepared) => match insert(context, request, &prepared).await {
            Ok(opened) => return Ok(opened),
            Err(error) => (prepared.loaded.plan.digest.clone(), error),
        },
        Err(error) => (String::new(), error),
    };
    if refusal.may_pass() {
        return Err(refusal);
    }
    let state = if matches!(refusal, SweepError::Braked { .. } | SweepError::BrakedRows { .. }) {
        State::Braked
    } else {
        State::Stopped
    };
    if request.tick.is_some() || state == State::Braked {
        let mut sweep = new_sweep(context, request, &digest);
        sweep.state = state;
        sweep.note = Some(refusal.brief());
        let mut writer = context.ledger.writer().await;
        context.ledger.insert_sweep(&mut writer, &sweep).await?;
    }
    Err(refusal)
}

pub(super) fn new_sweep<'a>(context: &'a Context, request: &'a Request, digest: &'a str) -> NewSweep<'a> {
    NewSweep {
        request,
        cutoff: None,
        digest,
        client_table: None,
        state: State::Running,
        note: None,
        terms: None,
        opened_by: &context.actor,
        allowance: None,
        row_allowance: None,
    }
}

/// Opens a sweep. Where one on the same terms is running, a tick joins that one; a person's request is refused where
/// it may have been sent twice, and is given that sweep otherwise.
async fn insert(context: &Context, request: &Request, prepared: &Prepared) -> Result<Option<i64>, SweepError> {
    let ledger = &context.ledger;
    let terms = digest_of(request);
    let note = Selection::left_out(&context.store, prepared).await?;
    // Once more, as journal and clients may have taken long to read.
    ledger.is_current().await?;
    loop {
        if let Some(id) = write(context, request, prepared, (terms.clone(), note.clone())).await? {
            context.wake.notify_one();
            return Ok(Some(id));
        }
        if request.decision.is_some() {
            return Err(SweepError::Decided);
        }
        match (ledger.running_on(&terms).await?, request.tick) {
            (Some(running), Some(tick)) => {
                ledger.join_sweep(running, tick, request.skipped).await?;
                return Ok(None);
            }
            (Some(sweep), None) if request.once => return Err(SweepError::SameRunning { sweep }),
            (Some(running), None) => return Ok(Some(running)),
            (None, Some(_)) => return Ok(None),
            // It ended just then.
            (None, None) => {}
        }
    }
}

/// Writes a sweep; `None` if its tick has one already, or one for the same work runs.
async fn write(
    context: &Context,
    request: &Request,
    prepared: &Prepared,
    (terms, note): (String, Option<String>),
) -> Result<Option<i64>, SweepError> {
    let plan = &prepared.loaded.plan;
    let sweep = NewSweep {
        client_table: Some(&plan.client.table),
        cutoff: prepared.cutoff,
        allowance: prepared.allowance,
        row_allowance: prepared.row_allowance.as_ref(),
        terms: Some(terms),
        note,
        ..new_sweep(context, request, &plan.digest)
    };
    // A capped sweep is cut batch by batch, unless a preview showed all that it takes.
    let selected = prepared.selected.as_ref().filter(|_| request.cap.is_none() || request.bound.is_some());
    let batches: Vec<NewBatch> = match (request.kind, selected) {
        (SweepKind::Retention, _) => retention::batches(&prepared.loaded),
        (_, Some(selected)) => in_batches(selected, context.limits.most_clients()),
        (_, None) => in_batches(&json_of_keys(&request.keys), context.limits.batch_size),
    };
    let mut writer = context.ledger.writer().await;
    let mut transaction = writer.begin().await?;
    if !context.ledger.is_for(&mut transaction, &plan.client.table).await? {
        let (own, other) = (plan.client.table.clone(), context.ledger.clients().await?);
        return Err(SweepError::OtherClients { own, other: other.unwrap_or_default() });
    }
    if let Some(decision) = &request.decision
        && !context.ledger.claim_review(&mut transaction, decision).await?
    {
        return Err(SweepError::Decided);
    }
    let Some(id) = context.ledger.insert_sweep(&mut transaction, &sweep).await? else { return Ok(None) };
    if let Some(decision) = &request.decision {
        context.ledger.decided_by_sweep(&mut transaction, decision, id).await?;
    }
    if let Some(saved) = &prepared.saved
        && cut_saved(context, &mut transaction, id, prepared, saved).await? == 0
    {
        // Deleted, or saved anew, since it was looked for.
        return Err(saved::changed(saved));
    }
    if matches!(request.kind, SweepKind::List | SweepKind::Retention) || selected.is_some() {
        context.ledger.insert_batches(&mut transaction, id, &batches).await?;
        if request.retry {
            context.ledger.release_failures(&mut transaction, &join(&json_of_keys(&request.keys))).await?;
        }
        query("UPDATE lethe_sweeps SET cut = 1, cut_at = opened_at WHERE id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(Some(id))
}
