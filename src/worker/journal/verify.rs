//! Proves that the journal is whole, and says the same as the ledger.

use std::collections::HashSet;

use serde::Serialize;

use super::super::Context;
use super::super::sweep::SweepError;
use crate::journal::{Chain, HASHED, Journal, Record};
use crate::ledger::{Hold, Known, OF_A_HOLD, PLACED};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether the journal is whole and agrees with the ledger.
    pub whole: bool,
    /// Segments read.
    pub segments: i64,
    /// Records that are whole, from the first one on.
    pub records: i64,
    /// The hash of the last of them.
    pub hash: String,
    /// Outcomes that wait to be written.
    pub waiting: i64,
    /// The first bad record.
    pub bad_record: Option<i64>,
    pub what: Option<String>,
}

/// Reads the whole journal, segment by segment.
pub async fn verify(context: &Context, journal: &Journal) -> Result<Verdict, SweepError> {
    let waiting = context.ledger.backlog().await?.records;
    let mut chain = Chain::default();
    let mut segments = 0;
    let wrong = segments_in_order(context, journal, &mut chain, &mut segments).await?;
    let (bad_record, what) = wrong.map_or((None, None), |(number, what)| (Some(number), Some(what)));
    Ok(Verdict { whole: what.is_none(), segments, records: chain.number, hash: chain.hash, waiting, bad_record, what })
}

async fn segments_in_order(
    context: &Context,
    journal: &Journal,
    chain: &mut Chain,
    segments: &mut i64,
) -> Result<Option<(i64, String)>, SweepError> {
    let ledger = &context.ledger;
    let (head_segment, head_number) = ledger.journal().await?.map_or((0, 0), |head| (head.segment, head.number));
    let last = journal.place().last().await?;
    for number in 1..=last {
        let first = chain.number + 1;
        let Some(content) = journal.place().get(number).await? else {
            return Ok(Some((first, format!("record {first} is missing: segment {number} is not there"))));
        };
        let records = match chain.follow(&content, journal.key()) {
            Ok(records) => records,
            Err(fault) => return Ok(Some((fault.number, fault.to_string()))),
        };
        if let Some(known) = ledger.segment(number).await?
            && (known.number, &known.hash) != (chain.number, &chain.hash)
        {
            let bad = unknown(context, journal, &records).await?.unwrap_or(first);
            let what = if chain.number < known.number {
                let next = chain.number + 1;
                return Ok(Some((
                    next,
                    format!("record {next} is missing: segment {number} was written to record {}", known.number),
                )));
            } else {
                format!("record {bad} was not written so: segment {number} does not end as the ledger knows")
            };
            return Ok(Some((bad, what)));
        }
        // One that was written and not noted yet is compared as well.
        if number <= head_segment || ledger.journal().await?.is_some_and(|head| head.segment >= number) {
            if let Some(bad) = unknown(context, journal, &records).await? {
                return Ok(Some((bad, format!("record {bad} says what the ledger does not"))));
            }
        } else if ledger.journal().await?.is_none_or(|head| head.staged.is_none() || number > head.segment + 1) {
            let what = format!(
                "record {first} and those behind it are not known to the ledger: the database came back from a backup"
            );
            return Ok(Some((first, what)));
        }
        *segments = number;
    }
    if last < head_segment {
        let first = chain.number + 1;
        let what = format!("record {first} is missing, and all behind it to record {head_number}, which were written");
        return Ok(Some((first, what)));
    }
    Ok(None)
}

/// The first of these records that the ledger does not have.
async fn unknown(context: &Context, journal: &Journal, records: &[Record]) -> Result<Option<i64>, SweepError> {
    let (holds, outcomes): (Vec<&Record>, Vec<&Record>) = records.iter().partition(|record| record.kind == OF_A_HOLD);
    let mut bad = Vec::new();
    if !holds.is_empty() {
        let there = context.ledger.holds(None, true).await?;
        bad.extend(holds.iter().find(|record| !is_there(journal, &there, record)).map(|record| record.number));
    }
    let (plain, hashed): (Vec<&Record>, Vec<&Record>) =
        outcomes.into_iter().partition(|record| record.client.is_some());
    if !plain.is_empty() {
        let known: Vec<Known> = plain.into_iter().map(known).collect();
        bad.extend(context.ledger.unknown(&serde_json::to_string(&known).unwrap_or_default()).await?);
    }
    let moments = || hashed.iter().map(|record| record.at.as_str());
    if let (Some(from), Some(to)) = (moments().min(), moments().max()) {
        // What cannot be looked up by its client is looked up by its moment.
        let there: HashSet<(String, i64, String, String)> = context
            .ledger
            .outcomes_between(from, to)
            .await?
            .into_iter()
            .map(|(client, sweep, outcome, at)| {
                // A client that the database does not have is known by its hash alone.
                let name = if client.starts_with(HASHED) { client } else { journal.name_of(&client) };
                (name, sweep, outcome, at)
            })
            .collect();
        let has = |record: &&&Record| {
            let key = (record.client_name(), record.sweep, record.outcome.clone(), record.at.clone());
            !there.contains(&key)
        };
        bad.extend(hashed.iter().find(has).map(|record| record.number));
    }
    Ok(bad.into_iter().min())
}

/// Whether the ledger has what a record says of a hold. One that another has
/// taken the place of was released then.
fn is_there(journal: &Journal, holds: &[Hold], record: &Record) -> bool {
    let name = record.client_name();
    let is_theirs = |client: &str| client == name || record.client.is_none() && journal.name_of(client) == name;
    let says = |hold: &&Hold| match record.outcome.as_str() {
        PLACED => hold.placed_at == record.at,
        _ => hold.placed_at <= record.at && hold.released_at.is_some(),
    };
    holds.iter().filter(says).any(|hold| is_theirs(&hold.client_key))
}

pub(super) fn known(record: &Record) -> Known {
    Known {
        number: record.number,
        client: record.client_name(),
        sweep: record.sweep,
        kind: record.kind.clone(),
        outcome: record.outcome.clone(),
        at: record.at.clone(),
        digest: record.plan.clone(),
    }
}
