//! Holds after a restore: those that the journal knows of come into the ledger
//! first, as each keeps a client whom the next sweep would take.

use std::collections::{HashMap, HashSet};

use super::super::Context;
use super::super::sweep::SweepError;
use super::restore::names;
use super::standing::{chain_behind, records};
use super::verify::known;
use crate::journal::{HASHED, Journal};
use crate::ledger::{Head, Known, OF_A_HOLD};

/// Takes over what the journal has of holds behind the ledger's end, all of it
/// at once. Safe to be called again.
///
/// # Errors
///
/// [`SweepError`] if the journal is away or not whole, is not this database's,
/// or there is no plan to find the clients of hashes under.
pub(super) async fn take_over(context: &Context, journal: &Journal, head: &Head) -> Result<(), SweepError> {
    let mut told: Vec<Known> = Vec::new();
    let mut chain = chain_behind(head);
    let mut segment = head.segment + 1;
    while let Some(records) = records(journal, head, &mut chain, segment).await? {
        told.extend(records.iter().filter(|record| record.kind == OF_A_HOLD).map(known));
        segment += 1;
    }
    if told.is_empty() {
        return Ok(());
    }
    if told.iter().any(|one| one.client.starts_with(HASHED)) {
        let mut found: HashMap<String, String> = HashMap::new();
        let wanted: HashSet<String> = told.iter().map(|one| one.client.clone()).collect();
        let mut behind = None;
        loop {
            let (pairs, next) = names(context, journal, behind.as_deref()).await?;
            found.extend(pairs.into_iter().filter(|(name, _)| wanted.contains(name)));
            behind = next;
            if behind.is_none() {
                break;
            }
        }
        for one in &mut told {
            if let Some(client) = found.get(&one.client) {
                one.client.clone_from(client);
            }
        }
    }
    let changed = context.ledger.take_over_holds(&told).await?;
    if changed > 0 {
        tracing::warn!(holds = changed, "holds were placed or released again, as the journal knows them");
    }
    Ok(())
}
