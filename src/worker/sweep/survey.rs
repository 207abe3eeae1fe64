//! Walks through a whole sweep without opening it: a preview looks at
//! all clients and changes nothing, a rehearsal does everything and rolls it back.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::whole::{Look, WholeDatabase};
use super::{Prepared, Request, SweepError, prepare};
use crate::database::{Store, Writer, query};
use crate::domain::key::{Key, join, json_of_keys};
use crate::domain::outcome::{Outcome, Tally};
use crate::domain::sweep::SweepKind;
use crate::ledger::{Ledger, Selection, stand_in};
use crate::sql::batch::{LOOKED_AT, Statements, statements};
use crate::worker::batch::{self, BatchFault, Done, Failing, Work};
use crate::worker::{Context, Planner, closing, replay};

/// How far a survey goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Check all clients; write nothing.
    Preview,
    /// Do everything, twice, and roll it back.
    Rehearsal,
}

/// What a survey found.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
pub struct Survey {
    /// Clients by outcome.
    #[serde(flatten)]
    pub tally: Tally,
    /// Refused clients by reason; a client with two reasons counts twice.
    pub refusals: BTreeMap<String, u64>,
    /// Failed clients by reason.
    pub failures: BTreeMap<String, u64>,
    /// Batches looked at.
    pub batches: u64,
    /// How long it took.
    #[serde(serialize_with = "seconds")]
    #[schema(value_type = f64)]
    pub took: Duration,
    /// The digest of the plan.
    pub digest: String,
    /// What a rehearsal found in the whole database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole_database: Option<WholeDatabase>,
    /// Whether a rehearsal passed, so that the policy may be used live: clients were anonymized, none failed, and the
    /// policy accepts whatever was found in the whole database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
}

impl Survey {
    /// Whether a rehearsal found in the whole database what the policy does not accept.
    #[must_use]
    pub fn has_findings(&self) -> bool {
        self.whole_database.as_ref().is_some_and(|whole| whole.not_accepted().next().is_some())
    }
}

fn seconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((took.as_secs_f64() * 1000.0).round() / 1000.0)
}

/// One client of a survey.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Client {
    /// Its key.
    pub key: String,
    /// What would become of it.
    pub outcome: Outcome,
    /// Names of the reasons.
    pub reasons: Vec<String>,
}

/// What a survey needs; a preview does without a ledger.
pub struct Surveyor<'a> {
    pub(super) store: &'a Store,
    pub(super) planner: &'a Planner,
    pub(super) ledger: Option<&'a Ledger>,
    batch_size: usize,
    /// Clients of a rehearsal whose former values are looked for in the whole database.
    searched: usize,
    checked: bool,
}

impl<'a> From<&'a Context> for Surveyor<'a> {
    fn from(context: &'a Context) -> Self {
        Self {
            store: &context.store,
            planner: &context.planner,
            ledger: Some(&context.ledger),
            batch_size: context.limits.batch_size,
            searched: context.limits.rehearsal_clients,
            checked: true,
        }
    }
}

impl<'a> Surveyor<'a> {
    /// The same, whatever the data holds that the policy does not know: for a look at clients that starts nothing.
    #[must_use]
    pub fn unchecked(self) -> Self {
        Self { checked: false, ..self }
    }

    /// For a preview of a database in which nothing was ever written by Lethe.
    #[must_use]
    pub fn without_ledger(store: &'a Store, planner: &'a Planner, batch_size: usize) -> Self {
        Self { store, planner, ledger: None, batch_size, searched: 0, checked: true }
    }
}

/// Walks through a sweep; `each` is told of every client looked at.
///
/// # Errors
///
/// [`SweepError`] if the sweep could not begin, or a rehearsal shows that it
/// must not.
pub async fn survey(
    surveyor: Surveyor<'_>,
    request: &Request,
    mode: Mode,
    each: &mut (dyn FnMut(Client) + Send),
) -> Result<Survey, SweepError> {
    let Surveyor { store, planner, ledger, .. } = surveyor;
    let prepared = prepare(store, planner, ledger, request, surveyor.checked).await?;
    let mut walk = Walk {
        store,
        ledger,
        request,
        mode,
        statements: statements(&prepared.wanted(), request.kind, request.force),
        another_day: statements(&prepared.wanted_on(batch::another_day(request.today)), request.kind, request.force),
        prepared: &prepared,
        survey: Survey { digest: prepared.loaded.plan.digest.clone(), ..Survey::default() },
        whole: (mode == Mode::Rehearsal).then(|| Look::new(&prepared, surveyor.searched)),
        each,
    };
    if mode == Mode::Rehearsal {
        // As if all clients had been notified long ago: else nothing would be tried.
        walk.statements.notices.iter_mut().for_each(|notices| notices.reason = None);
    }
    let started = Instant::now();
    if let (Mode::Rehearsal, Some(ledger)) = (mode, ledger) {
        let mut writer = ledger.writer().await;
        walk.all(&mut writer, surveyor.batch_size).await?;
    } else {
        let mut connection = store.writer().await?;
        if ledger.is_none() {
            stand_in(&mut connection).await?;
        }
        walk.all(&mut connection, surveyor.batch_size).await?;
    }
    let mut survey = walk.survey;
    survey.took = started.elapsed();
    if let Some(whole) = walk.whole {
        survey.whole_database = Some(whole.result());
        let is_clean = survey.tally.failed == 0 && !survey.has_findings();
        survey.passed = Some(survey.tally.anonymized > 0 && is_clean);
    }
    Ok(survey)
}

/// How many clients a sweep would look at.
pub async fn count(context: &Context, request: &Request) -> Result<u64, SweepError> {
    let store = &context.store;
    let prepared = prepare(store, &context.planner, Some(&context.ledger), request, false).await?;
    let mut connection = store.readers().acquire().await?;
    let wanted = prepared.wanted();
    let selected = prepared.selection.count(&mut connection, &wanted).await;
    let saved = prepared.saved.map_or(0, |saved| u64::try_from(saved.clients).unwrap_or(0));
    Ok(selected? + request.keys.len() as u64 + saved)
}

struct Walk<'a> {
    store: &'a Store,
    ledger: Option<&'a Ledger>,
    request: &'a Request,
    mode: Mode,
    prepared: &'a Prepared,
    statements: Statements,
    another_day: Statements,
    survey: Survey,
    /// A rehearsal's.
    whole: Option<Look<'a>>,
    each: &'a mut (dyn FnMut(Client) + Send),
}

impl Walk<'_> {
    async fn all(&mut self, connection: &mut Writer, size: usize) -> Result<(), SweepError> {
        connection.make_tables(&self.prepared.loaded.plan).await?;
        for keys in self.request.keys.chunks(size) {
            if self.batch(connection, &json_of_keys(keys)).await? {
                return Ok(());
            }
        }
        if let Some(saved) = &self.prepared.saved {
            return self.saved(connection, saved, size).await;
        }
        let mut behind: Option<String> = None;
        let mut round = Round::default();
        loop {
            let wanted = self.prepared.wanted();
            let page = self.prepared.selection.page(connection, &wanted, behind.as_deref(), size).await?;
            for keys in page.keys.chunks(size) {
                if self.batch(connection, keys).await? {
                    return Ok(());
                }
            }
            if page.last {
                return Ok(());
            }
            if round.closes(page.position.as_deref()) {
                return Err(SweepError::Endless);
            }
            behind = page.position;
        }
    }

    /// Checks all clients of a saved selection.
    async fn saved(&mut self, connection: &mut Writer, saved: &Selection, size: usize) -> Result<(), SweepError> {
        let selections = self.prepared.selections(self.store, self.ledger);
        let (mut behind, mut left) = (None, saved.clients);
        while left > 0 {
            let page = selections.page(saved, behind.as_ref(), size).await?;
            let Some(last) = page.last() else { return Err(super::saved::changed(saved)) };
            behind = Some(last.clone());
            left -= i64::try_from(page.len()).unwrap_or(i64::MAX);
            if self.batch(connection, &json_of_keys(&page)).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Looks at one batch, in parts if one of its clients stands in the way.
    /// Returns whether the cap has been reached.
    async fn batch(&mut self, connection: &mut Writer, keys: &[String]) -> Result<bool, SweepError> {
        let mut parts: Vec<Vec<String>> = vec![keys.to_vec()];
        while let Some(part) = parts.pop() {
            let mut failing = Failing::new();
            let done = loop {
                match self.attempt(connection, &join(&part), &failing).await {
                    Ok(done) => break Some(done),
                    Err(BatchFault::Rows { fault, .. }) if part.len() == 1 && !failing.is_empty() => {
                        // Not even looking at it goes through.
                        self.unseen(&part[0], &fault.words);
                        break None;
                    }
                    Err(BatchFault::Rows { fault, .. }) if part.len() == 1 => {
                        failing.insert(0, serde_json::json!([fault.words]).to_string());
                    }
                    Err(BatchFault::Rows { .. }) => {
                        let (front, back) = part.split_at(part.len() / 2);
                        parts.push(back.to_vec());
                        parts.push(front.to_vec());
                        break None;
                    }
                    Err(BatchFault::Residue(found) | BatchFault::Overtaken(found))
                        if found.keys().all(|place| failing.contains_key(place)) =>
                    {
                        return Err(SweepError::Endless);
                    }
                    Err(BatchFault::Residue(found) | BatchFault::Overtaken(found)) => failing.extend(found),
                    Err(BatchFault::UnknownKey { table, key }) => return Err(SweepError::UnknownKey { table, key }),
                    Err(BatchFault::NotSettled(tables)) => return Err(SweepError::NotSettled(tables)),
                    Err(BatchFault::Busy(error) | BatchFault::Unavailable(error)) => {
                        return Err(error.into());
                    }
                    Err(BatchFault::Crowded | BatchFault::Occupied | BatchFault::WaitedFor) => {
                        unreachable!("a rehearsal locks no tables")
                    }
                }
            };
            let Some(done) = done else { continue };
            self.survey.tally += done.tally;
            self.survey.batches += 1;
            if done.over {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn attempt(&mut self, connection: &mut Writer, keys: &str, failing: &Failing) -> Result<Done, BatchFault> {
        let room = self.request.cap.map(|cap| cap.saturating_sub(self.survey.tally.anonymized));
        let work = Work { plan: &self.prepared.loaded.plan, statements: &self.statements, keys, room };
        self.store.fix(connection).await.map_err(BatchFault::Unavailable)?;
        connection.make_tables(&self.prepared.loaded.plan).await?;
        let is_preview = self.mode == Mode::Preview;
        let mut transaction = if is_preview { connection.begin_reading().await? } else { connection.begin().await? };
        let mut done = batch::look(&mut transaction, &work, failing, !is_preview).await?;
        if self.request.kind == SweepKind::Replay {
            done.tally = replay::note(&mut transaction, &self.prepared.wanted(), false).await?;
        }
        if let Some(whole) = &mut self.whole {
            let others = whole.before(&mut transaction).await?;
            let since = closing::since(&mut transaction, &self.statements).await?;
            let applied = batch::apply(&mut transaction, &work, since).await?;
            closing::look(&mut transaction, &work, &applied, None).await?;
            let unsettled = batch::unsettled(&mut transaction, &self.another_day).await?;
            if !unsettled.is_empty() {
                return Err(BatchFault::NotSettled(unsettled));
            }
            whole.search(&mut transaction, &work, applied.former).await?;
            whole.note(others);
        }
        for row in query(LOOKED_AT).fetch_all(&mut *transaction).await? {
            let reasons: Option<Vec<String>> = row.get(2)?;
            self.tell(row.get(0)?, &row.get::<String>(1)?, reasons.into_iter().flatten().collect());
        }
        transaction.rollback().await?;
        Ok(done)
    }

    /// Counts a client as failed that cannot even be looked at.
    fn unseen(&mut self, key: &str, why: &str) {
        self.survey.tally.failed += 1;
        self.survey.batches += 1;
        *self.survey.failures.entry(why.to_owned()).or_default() += 1;
        let key = Key::from_json(key).map_or_else(|_| key.to_owned(), |key| key.to_string());
        (self.each)(Client { key, outcome: Outcome::Failed, reasons: vec![why.to_owned()] });
    }

    fn tell(&mut self, key: String, state: &str, reasons: Vec<String>) {
        let Ok(outcome) = state.parse::<Outcome>() else { return };
        let counts = match outcome {
            Outcome::Refused => Some(&mut self.survey.refusals),
            Outcome::Failed => Some(&mut self.survey.failures),
            _ => None,
        };
        if let Some(counts) = counts {
            for reason in &reasons {
                *counts.entry(reason.clone()).or_default() += 1;
            }
        }
        (self.each)(Client { key, outcome, reasons });
    }
}

/// Notices that a walk along the keys comes back to where it was, in a memory of one key.
///
/// Source: R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980.
#[derive(Debug, Default)]
struct Round {
    kept: Option<String>,
    steps: u64,
    keeps_at: u64,
}

impl Round {
    /// Takes the next step of the walk. Returns whether it has been here before.
    fn closes(&mut self, position: Option<&str>) -> bool {
        if self.steps > 0 && self.kept.as_deref() == position {
            return true;
        }
        if self.steps >= self.keeps_at {
            self.kept = position.map(str::to_owned);
            self.keeps_at = (self.steps + 1) * 2;
        }
        self.steps += 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_that_comes_back_is_noticed_and_one_that_goes_on_is_not() {
        let mut straight = Round::default();
        assert!((0..10_000).all(|at| !straight.closes(Some(&at.to_string()))));
        for length in [1, 2, 3, 7, 100] {
            let mut round = Round::default();
            let steps = (0..10_000).position(|at: usize| round.closes(Some(&(at.max(5) % length).to_string())));
            assert!(steps.is_some_and(|steps| steps < 10 * length + 50), "{length}");
        }
    }
}
