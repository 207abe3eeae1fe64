//! How journal and ledger compare: whether they agree, or the database is older
//! than its journal; and what must stop live sweeps until a person decides.

use chrono::TimeDelta;
use ulid::Ulid;

use super::super::Context;
use super::super::sweep::SweepError;
use super::super::watch::Alert;
use crate::database::StoreError;
use crate::journal::{Chain, Fault, Flaw, Journal, JournalError, Key, Record, START, origin};
use crate::ledger::{Beginning, Halt, Head, Waiting, is_same};

/// What a person is told when the database was restored from a backup.
pub(in crate::worker) const RESTORED: &str = "the journal is ahead of the ledger: the database was restored from a backup; live sweeps wait until \
                        what the journal knows has been done again";
/// What that event is called.
pub(in crate::worker) const RESTORED_EVENT: &str = "restored-database";
/// What the event is called that live sweeps wait for a person to see to the journal.
pub(in crate::worker) const HALTED_EVENT: &str = "journal-halted";

/// Live sweeps that wait again so soon wait for the same reason.
const AGAIN: TimeDelta = TimeDelta::minutes(1);

/// How journal and ledger compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The journal ends where the ledger says, or with the segment that is being written.
    Agrees,
    /// The journal goes on where the ledger ends: the database was restored from a backup.
    Ahead,
}

/// The ledger's end of the journal, begun if it never was.
pub(super) async fn begun(context: &Context, journal: &Journal) -> Result<Head, SweepError> {
    let ledger = &context.ledger;
    loop {
        match ledger.journal().await? {
            Some(head) if head.ledger.is_some() => return Ok(head),
            Some(head) => {
                let key_mark = match head.segment {
                    0 => journal.key().map(|key| key.mark().to_owned()),
                    _ => sealed_with(journal, &head).await?,
                };
                ledger.complete_journal(&beginning(context, key_mark).await?).await?;
            }
            None => begin(context, journal).await?,
        }
    }
}

/// Begins a journal with all that the ledger has.
pub(super) async fn begin(context: &Context, journal: &Journal) -> Result<(), SweepError> {
    let key_mark = journal.key().map(|key| key.mark().to_owned());
    Ok(context.ledger.begin_journal(START, &beginning(context, key_mark).await?).await?)
}

async fn beginning(context: &Context, key_mark: Option<String>) -> Result<Beginning, SweepError> {
    let database = context.ledger.database_identity().await?;
    Ok(Beginning { ledger: Ulid::new().to_string(), database, key_mark })
}

/// The mark of the key that sealed the last record which the ledger knows.
async fn sealed_with(journal: &Journal, head: &Head) -> Result<Option<String>, JournalError> {
    let content = journal.place().get(head.segment).await?.ok_or_else(|| gone(journal, head.segment))?;
    let last = content.split(|byte| *byte == b'\n').rev().find(|line| !line.is_empty()).unwrap_or_default();
    let record: serde_json::Value = serde_json::from_slice(last)
        .map_err(|_| strange(journal, format!("segment {} does not end with a record", head.segment)))?;
    Ok(record["key"].as_str().map(str::to_owned))
}

/// Compares journal and ledger. Where the journal is ahead, live sweeps wait for
/// a replay; where it cannot be trusted, they wait for a person.
pub(super) async fn look(context: &Context, journal: &Journal, whole: bool) -> Result<Standing, SweepError> {
    let head = begun(context, journal).await?;
    // What stops live sweeps may be in a segment that is not compared every second.
    let whole = whole || head.halted_at.is_some();
    let looked = compare(context, journal, &head, whole).await;
    match &looked {
        Err(SweepError::Journal(error)) => {
            if let Some(why) = halt_of(error) {
                halt(context, &head, why, error).await?;
            }
        }
        Ok(_) if head.halted_at.is_some() => resume(context).await?,
        _ => {}
    }
    looked
}

/// Why live sweeps have to wait until a person has seen to it; `None` if the journal is only away.
pub(super) fn halt_of(error: &JournalError) -> Option<Halt> {
    match error {
        JournalError::Away { .. } => None,
        JournalError::Strange { .. } => Some(Halt::Damaged),
        JournalError::Undecided { .. } => Some(Halt::Origin),
        JournalError::Key { .. } => Some(Halt::Key),
    }
}

/// Lets live sweeps go on.
pub(super) async fn resume(context: &Context) -> Result<(), SweepError> {
    context.ledger.resume_sweeps().await?;
    Ok(context.over(HALTED_EVENT).await?)
}

async fn halt(context: &Context, head: &Head, why: Halt, error: &JournalError) -> Result<(), SweepError> {
    context.ledger.halt_sweeps(head, why, &error.to_string()).await?;
    let text = format!("live sweeps wait: {error}; {}", error.hint());
    Ok(alert_halted(context, text).await?)
}

/// Alerts that live sweeps wait. Where processes disagree, say about the key, one ends within seconds what another finds
/// again: that is one problem, and is told once.
pub(in crate::worker) async fn alert_halted(context: &Context, text: String) -> Result<(), StoreError> {
    let since = context.ledger.clock().now() - AGAIN;
    if context.ledger.stands_again(HALTED_EVENT, since).await? {
        return Ok(());
    }
    context.alert(&Alert::new(HALTED_EVENT, HALTED_EVENT, text)).await
}

async fn compare(context: &Context, journal: &Journal, head: &Head, whole: bool) -> Result<Standing, SweepError> {
    let database = context.ledger.database_identity().await?;
    if !is_same(head.database.as_deref().unwrap_or(""), &database) {
        let what = "the ledger was written in another database, so this one may be a copy of it".to_owned();
        return Err(undecided(journal, what).into());
    }
    let mut head = head.clone();
    loop {
        let first = if whole { 1 } else { head.segment.max(1) };
        let there = journal.place().from(first).await?;
        // Another process may have written meanwhile.
        let now = begun(context, journal).await?;
        if now.segment != head.segment || now.staged != head.staged {
            head = now;
            continue;
        }
        if let Some((missing, next)) = (first..).zip(&there).find(|(number, there)| number != *there) {
            let what = format!("segment {missing} is missing, but segment {next} exists");
            return Err(strange(journal, what).into());
        }
        let last = there.last().copied().unwrap_or(first - 1);
        if last < head.segment {
            return Err(gone(journal, last + 1).into());
        }
        if head.segment > 0 && (whole || last > head.segment) {
            is_as_known(context, journal, &head).await?;
        }
        if last > head.segment {
            let own = if last == head.segment + 1 { is_staged(context, journal, &head).await } else { Ok(false) };
            if !matches!(own, Ok(true)) {
                // Another process may have noted meanwhile that it is written.
                let now = begun(context, journal).await?;
                if now.segment != head.segment || now.staged != head.staged {
                    head = now;
                    continue;
                }
                own?;
                ahead(context, journal, &head).await?;
                return Ok(Standing::Ahead);
            }
        }
        may_seal(context, journal, &head).await?;
        if head.copied.is_some() {
            context.ledger.note_copy(head.segment, false).await?;
        }
        journal.agreed(head.segment, &head.hash);
        return Ok(Standing::Agrees);
    }
}

/// Whether the segment behind the ledger's end is the one that is being written, and says the same.
async fn is_staged(context: &Context, journal: &Journal, head: &Head) -> Result<bool, SweepError> {
    let Some(ids) = &head.staged else { return Ok(false) };
    let waiting = context.ledger.staged(ids).await?;
    Ok(recognized(journal, head, &waiting, head.segment + 1).await?.is_some())
}

/// The chain behind the ledger's end. Before the first segment any configured key will do.
pub(super) fn chain_behind(head: &Head) -> Chain {
    Chain::behind(head.number, &head.hash, head.key_mark.as_deref().filter(|_| head.segment > 0))
}

/// The key that seals the next record.
pub(super) fn sealing<'a>(journal: &'a Journal, head: &Head) -> Result<Option<&'a Key>, JournalError> {
    if head.segment == 0 { Ok(journal.key()) } else { journal.sealing(head.key_mark.as_deref()) }
}

/// That records may be written under the configured key.
pub(super) async fn may_seal(context: &Context, journal: &Journal, head: &Head) -> Result<(), SweepError> {
    let sealing = sealing(journal, head)?;
    match (sealing, journal.key()) {
        (Some(sealing), Some(key))
            if sealing.mark() != key.mark() && !context.ledger.rotates_to(key.mark()).await? =>
        {
            Err(journal.wrong_key("is sealed with another key than `journal.key_file` holds").into())
        }
        _ => Ok(()),
    }
}

/// The segment behind the ledger's end is there. Either the database came back
/// from a backup, and live sweeps wait from now on; or it is not its own.
pub(super) async fn ahead(context: &Context, journal: &Journal, head: &Head) -> Result<(), SweepError> {
    let segment = head.segment + 1;
    let mut chain = chain_behind(head);
    records(journal, head, &mut chain, segment).await?.ok_or_else(|| gone(journal, segment))?;
    let is_copied = head.copied == Some(segment);
    if segment > head.adopted && (is_copied || journal.has_agreed(head.segment, &head.hash)) {
        if !is_copied {
            context.ledger.note_copy(head.segment, true).await?;
        }
        let what = format!("segment {segment} was written while this database was in use, by a copy of it");
        return Err(undecided(journal, what).into());
    }
    if context.ledger.notice_restore().await? {
        context.alert(&Alert::new(RESTORED_EVENT, RESTORED_EVENT, RESTORED)).await?;
    }
    Ok(())
}

/// The records of a segment that the ledger does not know, if it is there: each
/// with its seal and behind the one before it, and written by this ledger in
/// this database, or adopted by an operator.
pub(super) async fn records(
    journal: &Journal,
    head: &Head,
    chain: &mut Chain,
    segment: i64,
) -> Result<Option<Vec<Record>>, JournalError> {
    let Some(content) = journal.place().get(segment).await? else { return Ok(None) };
    sealing(journal, head)?;
    let records = followed(journal, chain, segment, &content)?;
    are_own(journal, head, segment, &records)?;
    Ok(Some(records))
}

/// That this database has written these records, if no operator has adopted them.
fn are_own(journal: &Journal, head: &Head, segment: i64, records: &[Record]) -> Result<(), JournalError> {
    let own = origin_of(head);
    if segment > head.adopted && records.iter().any(|record| record.origin != own) {
        return Err(undecided(journal, format!("segment {segment} was written by another database")));
    }
    Ok(())
}

/// The records of a segment behind this chain.
fn followed(journal: &Journal, chain: &mut Chain, segment: i64, content: &[u8]) -> Result<Vec<Record>, JournalError> {
    chain.follow(content, journal.keys()).map_err(|fault| faulty(journal, chain, segment, &fault))
}

/// What is wrong with a segment. Under a wrong key the journal may be as it should be.
fn faulty(journal: &Journal, chain: &Chain, segment: i64, fault: &Fault) -> JournalError {
    match chain.wrong_key(fault) {
        Some(what) => journal.wrong_key(what),
        None => strange(journal, format!("segment {segment}: {fault}")),
    }
}

/// How the chain goes on behind the segment that is there in place of the one to be written, if it says the same.
///
/// # Errors
///
/// [`JournalError`] if the journal is away, the segment is not whole, or another database has written it.
pub(super) async fn recognized(
    journal: &Journal,
    head: &Head,
    waiting: &[Waiting],
    number: i64,
) -> Result<Option<Chain>, JournalError> {
    let key = sealing(journal, head)?;
    let content = journal.place().get(number).await?.ok_or_else(|| gone(journal, number))?;
    let mut chain = chain_behind(head);
    let records = followed(journal, &mut chain, number, &content)?;
    let says_same = |(record, own): (&Record, &Waiting)| {
        record.client_name() == Journal::record(&own.client_key, key).client_name()
            && record.sweep == own.sweep
            && record.outcome == own.outcome
            && record.at == own.at
    };
    if records.len() != waiting.len() || !records.iter().zip(waiting).all(says_same) {
        return Ok(None);
    }
    are_own(journal, head, number, &records)?;
    Ok(Some(chain))
}

/// What this ledger's records have in common.
pub(super) fn origin_of(head: &Head) -> Option<String> {
    Some(origin(head.ledger.as_deref()?, head.database.as_deref()?))
}

/// That the journal's segment which is the ledger's last is as it was written, and ends as the ledger knows.
async fn is_as_known(context: &Context, journal: &Journal, head: &Head) -> Result<(), SweepError> {
    let content = journal.place().get(head.segment).await?.ok_or_else(|| gone(journal, head.segment))?;
    if !content.ends_with(format!("\"hash\":\"{}\"}}\n", head.hash).as_bytes()) {
        let what = format!("segment {} does not end with record {} as it was written", head.segment, head.number);
        return Err(strange(journal, what).into());
    }
    let mut chain = Chain::default();
    if head.segment > 1 {
        let before = context.ledger.segments_behind(head.segment - 2, 1).await?;
        let Some(before) = before.first().filter(|own| own.segment == head.segment - 1) else { return Ok(()) };
        chain = Chain::behind(before.number, &before.hash, None);
    }
    match chain.follow(&content, journal.keys()) {
        // Where the key was changed, the old one need not be at hand to go on.
        Err(fault) if fault.what != Flaw::OtherKey => Err(faulty(journal, &chain, head.segment, &fault).into()),
        _ => Ok(()),
    }
}

pub(super) fn gone(journal: &Journal, segment: i64) -> JournalError {
    strange(journal, format!("segment {segment}, which was written, is missing"))
}

pub(super) fn strange(journal: &Journal, what: String) -> JournalError {
    JournalError::Strange { place: journal.place().shown().to_owned(), what }
}

fn undecided(journal: &Journal, what: String) -> JournalError {
    JournalError::Undecided { place: journal.place().shown().to_owned(), what }
}
