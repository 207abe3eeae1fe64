//! Finding the clients whose rows refuse a rule without doing the whole batch
//! for each guess.
//!
//! A rule that refused once in a sweep is tried by itself at the beginning of
//! the sweep's later batches, on one part after another. Where it refuses, it is
//! tried on halves of the part, and halves of those, each time rolled back, until
//! the culprits stand alone. They go into batches of their own, whose outcome
//! alone counts: what refuses out of turn may well go through in turn.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::{BatchFault, Work};
use crate::database::{Connection, query, query_scalar};
use crate::sql::batch as sql;

/// Batches in a row in which no client refused a rule, before it is not tried by itself any more.
const QUIET_BATCHES: u32 = 16;

/// The parts of a batch that a rule is tried on first: in each the search for a culprit begins anew, and a trial
/// costs as much as it has clients. Clients who refuse a rule only together can be in different ones.
const PARTS: i64 = 8;

/// More culprits than one client in so many, and the rule cannot be tried by itself.
const MOST_CULPRITS: i64 = 20;

/// The rules that are tried by themselves, by their place among the statements of a batch.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// For each, in how many batches no client refused it since one did.
    quiet: BTreeMap<usize, u32>,
    /// Those that refuse out of turn for any client.
    hopeless: BTreeSet<usize>,
    /// Those that refused in turn what no part of the batch had refused.
    jointly: BTreeSet<usize>,
}

impl Suspects {
    /// Notes that a rule refused. Returns whether it can be tried by itself.
    pub(super) fn refused(&mut self, rule: usize) -> bool {
        if self.hopeless.contains(&rule) {
            return false;
        }
        if self.quiet.insert(rule, 0).is_some_and(|quiet| quiet > 0) {
            self.jointly.insert(rule);
        }
        true
    }

    /// The rules to try, and on how many parts of a batch first.
    pub(super) fn rules(&self) -> Vec<(usize, i64)> {
        self.quiet.keys().map(|rule| (*rule, if self.jointly.contains(rule) { 1 } else { PARTS })).collect()
    }

    /// Notes how many culprits a rule has in a batch; `None` if it cannot be tried by itself.
    pub(super) fn tried(&mut self, rule: usize, culprits: Option<usize>) {
        match culprits {
            None => {
                self.quiet.remove(&rule);
                self.hopeless.insert(rule);
            }
            Some(0) => {
                let quiet = self.quiet.entry(rule).or_default();
                *quiet += 1;
                if *quiet >= QUIET_BATCHES {
                    self.quiet.remove(&rule);
                }
            }
            Some(_) => {
                self.quiet.insert(rule, 0);
            }
        }
    }
}

/// Takes the clients whose rows refuse a rule out of those to be anonymized,
/// trying it on so many parts of them first.
/// Returns their places, or `None` if the rule cannot be tried by itself; then
/// no client is taken out.
///
/// # Errors
///
/// [`BatchFault`] if the database refuses for another reason.
pub(super) async fn set_apart(
    connection: &mut Connection,
    work: &Work<'_>,
    rule: usize,
    parts: i64,
) -> Result<Option<Vec<i64>>, BatchFault> {
    let Some(change) = work.statements.changes_in_order().nth(rule) else { return Ok(None) };
    let places: i64 = query_scalar(sql::TAKEN_PLACES).fetch_one(&mut *connection).await?;
    let mut culprits = Vec::new();
    // Ranges of places, and whether the rule is known to refuse somewhere in them.
    let bound = |part: i64| places * part / parts;
    let mut open: Vec<_> = (0..parts).rev().map(|part| (bound(part), bound(part + 1), false)).collect();
    while let Some((from, to, refuses)) = open.pop() {
        if from == to || !refuses && goes_through(connection, change, from, to).await? {
            continue;
        }
        if to - from == 1 {
            culprits.push(from);
            if i64::try_from(culprits.len()).unwrap_or(i64::MAX) > places / MOST_CULPRITS + 1 {
                return Ok(None);
            }
            continue;
        }
        let middle = from.midpoint(to);
        let front_goes_through = goes_through(connection, change, from, middle).await?;
        open.push((middle, to, front_goes_through));
        if !front_goes_through {
            open.push((from, middle, true));
        }
    }
    if !culprits.is_empty() {
        let places = crate::domain::value::json_of(&culprits);
        for apart in sql::apart(work.plan.client.dialect) {
            query(&apart).bind(&places).execute(&mut *connection).await?;
        }
    }
    Ok(Some(culprits))
}

/// Whether a rule goes through for the clients with places from `from` up to `to`. Changes nothing.
async fn goes_through(connection: &mut Connection, change: &str, from: i64, to: i64) -> Result<bool, BatchFault> {
    query("SAVEPOINT lethe_try").execute(&mut *connection).await?;
    query(sql::TAKE_ONLY).bind(from).bind(to).execute(&mut *connection).await?;
    let tried = query(change).execute(&mut *connection).await.map_err(BatchFault::from);
    connection.run_script("ROLLBACK TO SAVEPOINT lethe_try; RELEASE SAVEPOINT lethe_try").await?;
    match tried {
        Ok(_) => Ok(true),
        Err(BatchFault::Rows { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_whole_batches_refuse_is_tried_on_whole_batches() {
        let mut suspects = Suspects::default();
        assert!(suspects.refused(3));
        suspects.tried(3, Some(1));
        assert!(suspects.refused(3));
        assert_eq!(suspects.rules(), [(3, PARTS)], "a client was found in a part");
        suspects.tried(3, Some(0));
        assert!(suspects.refused(3));
        assert_eq!(suspects.rules(), [(3, 1)], "in no part, and yet it refused");
    }
}
