//! What the ledger has, as fingerprints.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use crate::database::StoreError;
use crate::journal::{HASHED, Journal, Record};
use crate::ledger::{Ledger, OF_A_HOLD, PLACED};

/// Rows of the ledger read at a time.
const ROWS: u32 = 1_000;
/// The most fingerprints kept at a time, of eight bytes each. With more outcomes
/// than that the journal is read again for each further part of them.
const MOST: i64 = 3_000_000;

/// How often the journal has to be read.
pub(super) async fn passes(ledger: &Ledger, journal: &Journal) -> Result<u64, StoreError> {
    let names = i64::try_from(journal.keys().len().max(1)).unwrap_or(1);
    let fingerprints = ledger.count_outcomes().await?.saturating_mul(names);
    Ok(u64::try_from(fingerprints / MOST + 1).unwrap_or(1))
}

/// A part of what the ledger has: outcomes, and all holds.
pub(super) struct Known {
    random: RandomState,
    pass: u64,
    passes: u64,
    outcomes: Vec<u64>,
    placed: HashSet<u64>,
    /// By client, when the first hold was placed that is released.
    released: HashMap<u64, String>,
}

impl Known {
    pub(super) async fn load(ledger: &Ledger, journal: &Journal, pass: u64, passes: u64) -> Result<Self, StoreError> {
        let random = RandomState::new();
        // Grown step by step it would take twice the room.
        let count = usize::try_from(ledger.count_outcomes().await?.min(MOST)).unwrap_or(0);
        let outcomes = Vec::with_capacity(count);
        let mut own = Self { random, pass, passes, outcomes, placed: HashSet::new(), released: HashMap::new() };
        each_outcome(ledger, |client, sweep, outcome, at| {
            for name in names(journal, client) {
                let fingerprint = own.outcome(&name, sweep, outcome, at);
                if own.is_of_pass(fingerprint) {
                    own.outcomes.push(fingerprint);
                }
            }
        })
        .await?;
        own.outcomes.sort_unstable();
        let mut behind = 0;
        loop {
            let rows = ledger.holds_behind(behind, ROWS).await?;
            for (id, client, placed, released) in &rows {
                behind = *id;
                for name in names(journal, client) {
                    own.placed.insert(own.random.hash_one((&name, placed)));
                    if released.is_some() {
                        let first = own.released.entry(own.random.hash_one(&name)).or_insert_with(|| placed.clone());
                        if placed < first {
                            first.clone_from(placed);
                        }
                    }
                }
            }
            if rows.len() < ROWS as usize {
                return Ok(own);
            }
        }
    }

    /// Whether the ledger has what a record says, or another pass compares it.
    /// A hold that another one has taken the place of was released then.
    pub(super) fn has(&self, record: &Record) -> bool {
        let name = record.client_name();
        if record.kind != OF_A_HOLD {
            let fingerprint = self.outcome(&name, record.sweep, &record.outcome, &record.at);
            return !self.is_of_pass(fingerprint) || self.outcomes.binary_search(&fingerprint).is_ok();
        }
        match record.outcome.as_str() {
            PLACED => self.placed.contains(&self.random.hash_one((&name, &record.at))),
            _ => self.released.get(&self.random.hash_one(&name)).is_some_and(|placed| *placed <= record.at),
        }
    }

    fn outcome(&self, name: &str, sweep: i64, outcome: &str, at: &str) -> u64 {
        self.random.hash_one((name, sweep, outcome, at))
    }

    fn is_of_pass(&self, fingerprint: u64) -> bool {
        fingerprint % self.passes == self.pass
    }
}

/// A record that does not match the ledger.
pub(super) struct Missed {
    pub(super) number: i64,
    name: String,
    sweep: i64,
    at: String,
}

impl Missed {
    pub(super) fn of(record: &Record) -> Self {
        Self { number: record.number, name: record.client_name(), sweep: record.sweep, at: record.at.clone() }
    }
}

/// Takes out the records whose client had a later outcome in the same sweep.
pub(super) async fn replaced(ledger: &Ledger, journal: &Journal, missed: &mut Vec<Missed>) -> Result<(), StoreError> {
    if missed.iter().all(|missed| missed.sweep == 0) {
        return Ok(());
    }
    let mut later: HashMap<(String, i64), String> =
        missed.iter().map(|missed| ((missed.name.clone(), missed.sweep), String::new())).collect();
    each_outcome(ledger, |client, sweep, _, at| {
        for name in names(journal, client) {
            if let Some(last) = later.get_mut(&(name, sweep)) {
                at.clone_into(last);
            }
        }
    })
    .await?;
    missed.retain(|missed| later.get(&(missed.name.clone(), missed.sweep)).is_none_or(|at| *at <= missed.at));
    Ok(())
}

/// How the journal may name a client of the ledger. One that the database does
/// not have is known by its hash alone.
fn names(journal: &Journal, client: &str) -> Vec<String> {
    if client.starts_with(HASHED) { vec![client.to_owned()] } else { journal.names_of(client) }
}

async fn each_outcome(ledger: &Ledger, mut each: impl FnMut(&str, i64, &str, &str)) -> Result<(), StoreError> {
    let mut behind = (String::new(), 0);
    loop {
        let rows = ledger.outcomes_behind((&behind.0, behind.1), ROWS).await?;
        for (client, sweep, outcome, at) in &rows {
            each(client, *sweep, outcome, at);
        }
        match rows.last() {
            Some((client, sweep, ..)) if rows.len() == ROWS as usize => behind = (client.clone(), *sweep),
            _ => return Ok(()),
        }
    }
}
