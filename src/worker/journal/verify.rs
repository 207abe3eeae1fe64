//! Proves that the journal is whole, and says the same as the ledger.
//!
//! The journal is read once, and the ledger once: its outcomes and holds are kept
//! as fingerprints of eight bytes. What does not match them is looked for in the
//! ledger a second time, as an outcome may have been replaced by a later one.

mod known;

use serde::Serialize;

use super::super::Context;
use super::super::sweep::SweepError;
use crate::journal::{Chain, Journal, OF_A_KEY, Record};
use crate::ledger::{Head, Known as KnownRecord, Segment};
use known::{Known, Missed, replaced};

/// Segments of the ledger read at a time.
const SEGMENTS: u32 = 1_000;
/// The most records that are looked for a second time.
const MOST_MISSED: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether the journal is whole and agrees with the ledger.
    pub whole: bool,
    pub segments: i64,
    /// Records that are whole, from the first one on.
    pub records: i64,
    /// The hash of the last of them.
    pub hash: String,
    /// Outcomes that wait to be written.
    pub waiting: i64,
    pub bad_record: Option<i64>,
    pub what: Option<String>,
}

/// Reads the whole journal, segment by segment.
pub async fn verify(context: &Context, journal: &Journal) -> Result<Verdict, SweepError> {
    let ledger = &context.ledger;
    let waiting = ledger.backlog().await?.records;
    let before = ledger.journal().await?;
    let segments = journal.place().from(1).await?;
    // Before the ledger's own rows: what is in the segments listed is in these, too.
    let head = ledger.journal().await?;
    let passes = known::passes(ledger, journal).await?;
    let mut reading = Reading { context, journal, head, chain: Chain::default(), segments: 0, missed: Vec::new() };
    let mut wrong = None;
    for pass in 0..passes {
        let known = Known::load(ledger, journal, pass, passes).await?;
        reading.chain = Chain::default();
        wrong = reading.all(&segments, &known).await?;
    }
    reading.missed.sort_by_key(|missed| missed.number);
    replaced(ledger, journal, &mut reading.missed).await?;
    if wrong.is_none()
        && let Some(before) = before.filter(|head| head.segment > reading.segments)
    {
        let first = reading.chain.number + 1;
        let what =
            format!("record {first} is missing, and all behind it to record {}, which were written", before.number);
        wrong = Some((first, what));
    }
    if let Some(missed) = reading.missed.first()
        && wrong.as_ref().is_none_or(|(number, _)| missed.number < *number)
    {
        wrong = Some((missed.number, format!("record {} says what the ledger does not", missed.number)));
    }
    let chain = reading.chain;
    let (bad_record, what) = wrong.map_or((None, None), |(number, what)| (Some(number), Some(what)));
    Ok(Verdict {
        whole: what.is_none(),
        segments: reading.segments,
        records: chain.number,
        hash: chain.hash,
        waiting,
        bad_record,
        what,
    })
}

struct Reading<'a> {
    context: &'a Context,
    journal: &'a Journal,
    head: Option<Head>,
    chain: Chain,
    /// The last segment that is whole.
    segments: i64,
    /// Records that do not match the ledger.
    missed: Vec<Missed>,
}

impl Reading<'_> {
    /// Reads these segments; the first bad record, and what is wrong with it.
    async fn all(&mut self, there: &[i64], known: &Known) -> Result<Option<(i64, String)>, SweepError> {
        let mut of_ledger: Vec<Segment> = Vec::new();
        for (segment, number) in (1..).zip(there) {
            let first = self.chain.number + 1;
            let content = if segment == *number { self.journal.place().get(segment).await? } else { None };
            let Some(content) = content else {
                return Ok(Some((first, format!("record {first} is missing: segment {segment} is not there"))));
            };
            let (before, missed) = (self.missed.len(), &mut self.missed);
            let followed = self.chain.each(&content, self.journal.keys(), |record| {
                if record.kind != OF_A_KEY && !known.has(&record) {
                    missed.push(Missed::of(&record));
                }
            });
            if let Err(fault) = followed {
                return Ok(Some((fault.number, fault.to_string())));
            }
            let bad = self.missed.get(before).map(|missed| missed.number);
            if of_ledger.last().is_none_or(|own| own.segment < segment) {
                of_ledger = self.context.ledger.segments_behind(segment - 1, SEGMENTS).await?;
            }
            let own = of_ledger.binary_search_by_key(&segment, |own| own.segment).ok().map(|at| &of_ledger[at]);
            if let Some(own) = own.filter(|own| (own.number, &own.hash) != (self.chain.number, &self.chain.hash)) {
                return Ok(Some(self.other_end(segment, own, bad.unwrap_or(first))));
            }
            let known_to = self.head.as_ref().map_or(0, |head| head.segment + i64::from(head.staged.is_some()));
            if segment > known_to {
                let what = format!(
                    "record {first} and those behind it are not known to the ledger: the database was restored from a backup"
                );
                return Ok(Some((first, what)));
            }
            self.segments = segment;
            if self.missed.len() > MOST_MISSED {
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn other_end(&self, segment: i64, own: &Segment, bad: i64) -> (i64, String) {
        let next = self.chain.number + 1;
        if self.chain.number < own.number {
            let what = format!("record {next} is missing: segment {segment} was written to record {}", own.number);
            return (next, what);
        }
        (bad, format!("record {bad} was not written so: segment {segment} does not end as the ledger knows"))
    }
}

pub(super) fn known(record: &Record) -> KnownRecord {
    KnownRecord {
        number: record.number,
        client: record.client_name(),
        sweep: record.sweep,
        kind: record.kind.clone(),
        outcome: record.outcome.clone(),
        at: record.at.clone(),
        digest: record.plan.clone(),
    }
}
