//! Keeps the journal: writes to it what waits in the ledger's outbox, one
//! process at a time, and notices when the journal is ahead of the ledger.

mod holds;
mod restore;
mod verify;

pub use verify::{Verdict, verify};

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::Context;
use super::sweep::SweepError;
use super::watch::Alert;
use crate::database::StoreError;
use crate::journal::{Chain, Journal, JournalError, Record, START, seal};
use crate::ledger::{Head, Segment, Waiting};

/// The most records of a segment.
const MOST_RECORDS: usize = 5_000;
/// How often the outbox is looked at.
const ROUND: Duration = Duration::from_secs(1);
/// The longest pause while the journal cannot be written.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How journal and ledger stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The journal ends where the ledger says, or with the segment that is being written.
    Agrees,
    /// The journal goes on where the ledger ends: the database came back from a backup.
    Ahead,
}

/// Keeps the journal for one process.
pub struct Keeper {
    context: Context,
    lease: String,
    /// Whether the journal's end was compared with the ledger's, and not only looked for.
    compared: bool,
}

impl Keeper {
    /// A keeper that has looked at nothing yet.
    #[must_use]
    pub fn new(context: &Context) -> Self {
        Self { context: context.clone(), lease: Ulid::new().to_string(), compared: false }
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
    /// but for a segment that somebody was killed over.
    pub async fn first_look(&mut self) -> Result<(), SweepError> {
        self.turn(0).await
    }

    async fn turn(&mut self, most: usize) -> Result<(), SweepError> {
        let Some(journal) = self.context.journal.clone() else { return Ok(()) };
        let worked = self.work(&journal, most).await;
        if worked.is_err() {
            self.compared = false;
        }
        let ledger = &self.context.ledger;
        let Some(head) = ledger.journal().await? else { return worked };
        match &worked {
            // Of the database, not of the journal.
            Err(SweepError::Store(_)) => {}
            Err(error) => {
                let what = error.brief();
                if ledger.journal_trouble(&head, Some(&what)).await? {
                    tracing::warn!(error = what, hint = %error.hint(), "the journal cannot be written");
                }
            }
            Ok(()) if head.error.is_some() && ledger.backlog().await?.records == 0 => {
                ledger.journal_trouble(&head, None).await?;
            }
            Ok(()) => {}
        }
        worked
    }

    async fn work(&mut self, journal: &Journal, most: usize) -> Result<(), SweepError> {
        let ledger = self.context.ledger.clone();
        let mut head = begun(&self.context).await?;
        if look(&self.context, journal, &head, !self.compared).await? == Standing::Ahead {
            head = begun(&self.context).await?;
        }
        self.compared = true;
        let has_work =
            head.restored_at.is_some() || head.staged.is_some() || most > 0 && ledger.backlog().await?.records > 0;
        if !has_work || !ledger.take_shipping(&self.lease).await? {
            return Ok(());
        }
        let shipped = self.ship_all(journal, most).await;
        ledger.leave_shipping(&self.lease).await?;
        shipped
    }

    async fn ship_all(&mut self, journal: &Journal, most: usize) -> Result<(), SweepError> {
        let mut segments = 0;
        loop {
            let head = begun(&self.context).await?;
            if head.restored_at.is_some() {
                restore::take_over(&self.context, journal).await?;
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

/// Where the journal stands, begun if it never was.
async fn begun(context: &Context) -> Result<Head, StoreError> {
    if let Some(head) = context.ledger.journal().await? {
        return Ok(head);
    }
    context.ledger.begin_journal(START).await?;
    Ok(context.ledger.journal().await?.unwrap_or_else(|| Head {
        segment: 0,
        number: 0,
        hash: START.to_owned(),
        staged: None,
        shipped_at: None,
        error: None,
        error_at: None,
        restored_at: None,
        replay: None,
    }))
}

/// Looks whether the journal is ahead of the ledger, before a sweep is opened.
/// A journal that is away keeps nobody from work.
///
/// # Errors
///
/// [`SweepError::Restored`] if live sweeps have to wait, or the ledger's.
pub async fn before_opening(context: &Context) -> Result<(), SweepError> {
    if let Some(journal) = &context.journal {
        let head = begun(context).await?;
        if let Err(error) = look(context, journal, &head, true).await {
            match error {
                SweepError::Journal(error) => tracing::warn!(%error, "the journal could not be looked at"),
                error => return Err(error),
            }
        }
    }
    match context.ledger.journal().await? {
        Some(Head { restored_at: Some(_), replay, .. }) => Err(SweepError::Restored { replay }),
        _ => Ok(()),
    }
}

/// What a person is told when the database came back from a backup.
pub(super) const RESTORED: &str = "the journal is ahead of the ledger: the database came back from a backup; live sweeps wait until \
                        what the journal knows has been done again";

/// What that event is called.
pub(super) const RESTORED_EVENT: &str = "restored-database";

/// Compares journal and ledger; where the journal is ahead, live sweeps wait from now on.
async fn look(context: &Context, journal: &Journal, head: &Head, compare: bool) -> Result<Standing, SweepError> {
    let standing = standing(context, journal, head, compare).await?;
    if standing == Standing::Ahead && context.ledger.notice_restore().await? {
        context.alert(&Alert::new(RESTORED_EVENT, RESTORED_EVENT, RESTORED)).await?;
    }
    Ok(standing)
}

async fn standing(
    context: &Context,
    journal: &Journal,
    head: &Head,
    mut compare: bool,
) -> Result<Standing, SweepError> {
    let mut head = head.clone();
    loop {
        let place = journal.place();
        if head.segment > 0 && !compare && !place.has(head.segment).await? {
            return Err(gone(journal, head.segment).into());
        }
        // The next one may be the one that is being written.
        let next = head.segment + 1 + i64::from(head.staged.is_some());
        let is_ahead = place.has(next).await?;
        if is_ahead {
            let now = begun(context).await?;
            if now.segment != head.segment || now.staged != head.staged {
                head = now;
                continue;
            }
            compare = true;
        }
        if compare && head.segment > 0 {
            ends_as_known(journal, &head).await?;
        }
        return Ok(if is_ahead { Standing::Ahead } else { Standing::Agrees });
    }
}

/// That the journal's segment which is the ledger's last ends as the ledger knows.
async fn ends_as_known(journal: &Journal, head: &Head) -> Result<(), JournalError> {
    let Some(content) = journal.place().get(head.segment).await? else { return Err(gone(journal, head.segment)) };
    let text = String::from_utf8_lossy(&content);
    let last = text.lines().next_back().unwrap_or_default();
    if text.ends_with('\n') && last.ends_with(&format!("\"hash\":\"{}\"}}", head.hash)) {
        return Ok(());
    }
    Err(strange(
        journal,
        format!("segment {} does not end with record {} as it was written", head.segment, head.number),
    ))
}

fn gone(journal: &Journal, segment: i64) -> JournalError {
    strange(journal, format!("segment {segment}, which was written, is not there"))
}

fn strange(journal: &Journal, what: String) -> JournalError {
    JournalError::Strange { place: journal.place().shown().to_owned(), what }
}

/// Writes one segment; `false` if nothing waits.
///
/// Killed between any two of its steps, it does the same again: what the
/// segment holds was chosen before it is written, and one that is there
/// already is recognized.
async fn ship(context: &Context, journal: &Journal) -> Result<bool, SweepError> {
    let ledger = &context.ledger;
    let mut head = begun(context).await?;
    if head.staged.is_none() {
        if !ledger.stage(&head, MOST_RECORDS).await? {
            return Ok(false);
        }
        head = begun(context).await?;
    }
    let Some(ids) = &head.staged else { return Ok(true) };
    let waiting = ledger.staged(ids).await?;
    if waiting.is_empty() {
        ledger.unstage().await?;
        return Ok(true);
    }
    let (content, number, hash) = segment(journal, &head, &waiting);
    let mut written = Segment { segment: head.segment + 1, number, hash };
    if !journal.place().put(written.segment, content).await? {
        let Some(there) = recognized(journal, &head, &waiting, written.segment).await? else {
            if ledger.notice_restore().await? {
                context.alert(&Alert::new(RESTORED_EVENT, RESTORED_EVENT, RESTORED)).await?;
            }
            return Ok(true);
        };
        written = there;
    }
    if ledger.shipped(ids, &written).await? {
        tracing::debug!(segment = written.segment, records = waiting.len(), "written to the journal");
    }
    Ok(true)
}

/// The lines of a segment, its last record's number and hash.
fn segment(journal: &Journal, head: &Head, waiting: &[Waiting]) -> (Vec<u8>, i64, String) {
    let mut content = Vec::new();
    let (mut number, mut previous) = (head.number, head.hash.clone());
    for one in waiting {
        number += 1;
        let record = Record {
            number,
            at: one.at.clone(),
            sweep: one.sweep,
            kind: one.kind.clone(),
            plan: one.digest.clone(),
            outcome: one.outcome.clone(),
            previous,
            ..journal.record(&one.client_key)
        };
        let (line, hash) = seal(&record, journal.key());
        content.extend_from_slice(line.as_bytes());
        content.push(b'\n');
        previous = hash;
    }
    (content, number, previous)
}

/// The segment that is there in place of the one to be written, if it says the same.
async fn recognized(
    journal: &Journal,
    head: &Head,
    waiting: &[Waiting],
    number: i64,
) -> Result<Option<Segment>, JournalError> {
    let Some(content) = journal.place().get(number).await? else { return Err(gone(journal, number)) };
    let mut chain = Chain::behind(head.number, &head.hash);
    let records = chain
        .follow(&content, journal.key())
        .map_err(|fault| strange(journal, format!("segment {number}: {fault}")))?;
    let says_same = |(record, own): (&Record, &Waiting)| {
        let client = match &record.client {
            Some(client) => *client == own.client_key,
            None => record.client_name() == journal.name_of(&own.client_key),
        };
        client && record.sweep == own.sweep && record.outcome == own.outcome && record.at == own.at
    };
    let same = records.len() == waiting.len() && records.iter().zip(waiting).all(says_same);
    Ok(same.then_some(Segment { segment: number, number: chain.number, hash: chain.hash }))
}
