//! Keeps the journal: writes to it what waits in the ledger's outbox, one
//! process at a time, and notices when the journal is ahead of the ledger.

mod decide;
mod holds;
mod restore;
mod standing;
mod verify;

pub use decide::{adopt, renew, replay, rotate};
pub(super) use standing::{HALTED_EVENT, RESTORED, RESTORED_EVENT, alert_halted};
pub use verify::{Verdict, verify};

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::Context;
use super::sweep::SweepError;
use super::watch::{AWAY, AWAY_EVENT, Alert, shown};
use crate::journal::{Chain, Journal, JournalError, OF_A_KEY, Record, seal};
use crate::ledger::{Head, Segment, Waiting, parse_moment};
use standing::{ahead, begun, chain_behind, halt_of, look, may_seal, origin_of, recognized, resume, sealing};

/// The most records of a segment.
const MOST_RECORDS: usize = 5_000;
/// How often the outbox is checked.
const ROUND: Duration = Duration::from_secs(1);
/// The longest pause while the journal cannot be written.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a replay that a gate refuses waits: to count its clients reads much.
const GATED: Duration = Duration::from_secs(60);

/// Keeps the journal for one process.
pub struct Keeper {
    context: Context,
    lease: String,
    /// Whether the whole journal was compared with the ledger, and not only its end.
    compared: bool,
    /// When a gate refused the replay.
    gated: Option<Instant>,
    /// Since when this process cannot reach the journal.
    away: Option<DateTime<Utc>>,
}

impl Keeper {
    /// A keeper that has not checked anything yet.
    #[must_use]
    pub fn new(context: &Context) -> Self {
        Self { context: context.clone(), lease: Ulid::new().to_string(), compared: false, gated: None, away: None }
    }

    /// Keeps the journal until `stop`, and once more after it, so that what was
    /// committed last is written too.
    pub async fn keep(mut self, stop: CancellationToken) {
        let mut pause = ROUND;
        while !stop.is_cancelled() {
            pause = match self.round().await {
                Ok(()) => ROUND,
                Err(error) => {
                    tracing::debug!(error = error.brief(), "the journal is tried again");
                    (pause * 2).min(LONGEST_PAUSE)
                }
            };
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
        let last = tokio::time::timeout(self.context.limits.drain, self.round()).await;
        if let Ok(Err(error)) = last {
            tracing::debug!(error = error.brief(), "what is not in the journal yet is written at the next start");
        }
    }

    /// Looks at the journal, and does what there is to do. Trouble is noted in the ledger.
    pub async fn round(&mut self) -> Result<(), SweepError> {
        self.turn(usize::MAX).await
    }

    /// Looks at the journal before anything else is done: whether it is ahead,
    /// and what follows from that. What waits to be written goes on waiting,
    /// except for a segment whose writer was killed.
    pub async fn first_look(&mut self) -> Result<(), SweepError> {
        self.turn(0).await
    }

    async fn turn(&mut self, most: usize) -> Result<(), SweepError> {
        let Some(journal) = self.context.journal.clone() else { return Ok(()) };
        let worked = self.work(&journal, most).await;
        if worked.is_err() {
            self.compared = false;
        }
        let Some(head) = self.context.ledger.journal().await? else { return worked };
        self.tell_of_itself(&worked, &head).await?;
        let ledger = &self.context.ledger;
        match &worked {
            // Not of the journal.
            Err(SweepError::Store(_) | SweepError::Stopping) => {}
            Err(error) => {
                let why = if let SweepError::Journal(error) = error { halt_of(error) } else { None };
                let what = error.brief();
                let is_news = match why {
                    Some(why) => ledger.halt_sweeps(&head, why, &what).await?,
                    None => ledger.journal_trouble(&head, Some(&what)).await?,
                };
                if is_news {
                    tracing::warn!(error = what, hint = %error.hint(), "the journal cannot be written");
                }
            }
            // What halted is for the look that finds it gone.
            Ok(())
                if head.error.is_some()
                    && head.halted_at.is_none()
                    && head.restored_at.is_none()
                    && ledger.backlog().await?.records == 0 =>
            {
                ledger.journal_trouble(&head, None).await?;
            }
            Ok(()) => {}
        }
        worked
    }

    /// Alerts where this process has not reached the journal for long, and another one has, which clears what is noted.
    async fn tell_of_itself(&mut self, worked: &Result<(), SweepError>, head: &Head) -> Result<(), SweepError> {
        let event = format!("{AWAY_EVENT}:{}", self.lease);
        let Err(SweepError::Journal(error @ JournalError::Away { .. })) = worked else {
            if worked.is_ok() && self.away.take().is_some() {
                self.context.over(&event).await?;
            }
            return Ok(());
        };
        let now = self.context.ledger.clock().now();
        let since = *self.away.get_or_insert(now);
        let noted = head.error_at.as_deref().and_then(parse_moment);
        if now - since > AWAY && noted.is_none_or(|at| now - at <= AWAY) {
            let text =
                format!("a process cannot reach the journal since {}, and another one can: {error}", shown(since));
            self.context.alert(&Alert::new(event, AWAY_EVENT, text)).await?;
        }
        Ok(())
    }

    async fn work(&mut self, journal: &Journal, most: usize) -> Result<(), SweepError> {
        let ledger = self.context.ledger.clone();
        // Also after the stop: a ledger that a later version has changed is not written to.
        ledger.is_current().await?;
        let is_whole = !self.compared;
        look(&self.context, journal, is_whole).await?;
        self.compared = true;
        let head = begun(&self.context, journal).await?;
        let replays = head.restored_at.is_some() && self.gated.is_none_or(|at| at.elapsed() > GATED);
        let waits = head.restored_at.is_none() && most > 0 && ledger.backlog().await?.records > 0;
        if !replays && !waits && head.staged.is_none() || !ledger.take_shipping(&self.lease).await? {
            return Ok(());
        }
        let shipped = self.ship_all(journal, most, is_whole).await;
        ledger.leave_shipping(&self.lease).await?;
        shipped
    }

    async fn ship_all(&mut self, journal: &Journal, most: usize, is_whole: bool) -> Result<(), SweepError> {
        if !is_whole {
            // Nothing is added to a journal that is not whole; the process that writes compares all of it.
            look(&self.context, journal, true).await?;
        }
        let mut segments = 0;
        loop {
            let head = begun(&self.context, journal).await?;
            if head.restored_at.is_some() {
                let taken = restore::take_over(&self.context, journal).await;
                self.gated = taken.as_ref().is_err_and(|error| !error.may_pass()).then(Instant::now);
                taken?;
            }
            if head.staged.is_none() && segments >= most || !ship(&self.context, journal).await? {
                return Ok(());
            }
            segments += 1;
            if !self.context.ledger.take_shipping(&self.lease).await? {
                return Ok(());
            }
        }
    }
}

/// Compares the journal with the ledger before a sweep is opened. A journal that
/// is away does not stop work.
///
/// # Errors
///
/// [`SweepError::Restored`] or [`SweepError::Journal`] if live sweeps have to
/// wait, or the ledger's.
pub async fn before_opening(context: &Context) -> Result<(), SweepError> {
    let looked = match &context.journal {
        Some(journal) => look(context, journal, true).await.map(drop),
        None => Ok(()),
    };
    let head = context.ledger.journal().await?;
    match (looked, head) {
        (Err(SweepError::Journal(error)), head) if halt_of(&error).is_none() => {
            tracing::warn!(%error, "the journal could not be compared");
            // It was halted before it went away.
            if head.is_some_and(|head| head.halted_at.is_some()) {
                return Err(error.into());
            }
        }
        (Err(error), _) => return Err(error),
        // There is no journal to be wrong any more.
        (Ok(()), Some(head)) if context.journal.is_none() && head.halted_at.is_some() => {
            resume(context).await?;
        }
        (Ok(()), _) => {}
    }
    match context.ledger.journal().await? {
        Some(Head { restored_at: Some(_), replay, .. }) => Err(SweepError::Restored { replay }),
        _ => Ok(()),
    }
}

/// Writes one segment; `false` if nothing waits.
///
/// Killed between any two of its steps, it does the same again: what the
/// segment holds was chosen before it is written, and one that is there
/// already is recognized.
async fn ship(context: &Context, journal: &Journal) -> Result<bool, SweepError> {
    let ledger = &context.ledger;
    let mut head = begun(context, journal).await?;
    if head.staged.is_none() {
        if !ledger.stage(&head, MOST_RECORDS).await? {
            return Ok(false);
        }
        head = begun(context, journal).await?;
    }
    let Some(ids) = &head.staged else { return Ok(true) };
    let waiting = ledger.staged(ids).await?;
    if waiting.is_empty() {
        ledger.unstage(ids).await?;
        return Ok(true);
    }
    may_seal(context, journal, &head).await?;
    let (content, mut chain) = segment(journal, &head, &waiting)?;
    let number = head.segment + 1;
    if !journal.place().put(number, content).await? {
        let Some(there) = recognized(journal, &head, &waiting, number).await? else {
            // Unless another process has noted it meanwhile.
            let now = begun(context, journal).await?;
            if now.segment == head.segment && now.staged == head.staged {
                ahead(context, journal, &head).await?;
            }
            return Ok(true);
        };
        chain = there;
    }
    let written = Segment { segment: number, number: chain.number, hash: chain.hash };
    if ledger.shipped(ids, &written, chain.mark.as_deref()).await? {
        tracing::debug!(segment = number, records = waiting.len(), "written to the journal");
    }
    journal.agreed(written.segment, &written.hash);
    Ok(true)
}

/// The lines of a segment, and how the chain goes on behind it.
fn segment(journal: &Journal, head: &Head, waiting: &[Waiting]) -> Result<(Vec<u8>, Chain), JournalError> {
    let key = sealing(journal, head)?;
    let mut chain = chain_behind(head);
    let mut content = Vec::new();
    for one in waiting {
        let record = Record {
            number: chain.number + 1,
            at: one.at.clone(),
            sweep: one.sweep,
            kind: one.kind.clone(),
            plan: one.digest.clone(),
            origin: origin_of(head),
            outcome: one.outcome.clone(),
            previous: chain.hash,
            ..Journal::record(&one.client_key, key)
        };
        let (line, hash) = seal(&record, key);
        content.extend_from_slice(line.as_bytes());
        content.push(b'\n');
        let mark = if record.kind == OF_A_KEY { Some(record.plan) } else { record.key };
        chain = Chain { number: record.number, hash, mark };
    }
    Ok((content, chain))
}
