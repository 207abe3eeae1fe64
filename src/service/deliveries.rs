//! What is to be done outside of the database.

use crate::domain::hint::{Act, Face};
use crate::ledger::Outstanding;
use crate::report::number;
use crate::worker::Targets;

/// What somebody should look at: what was given up, and what waits for a place
/// that the configuration does not have.
#[must_use]
pub fn attention(outstanding: &[Outstanding], targets: &Targets, face: Face) -> Vec<String> {
    let sum = |of: fn(&Outstanding) -> i64| outstanding.iter().map(of).sum::<i64>();
    let mut all = Vec::new();
    if let Ok(failed @ 1..) = u64::try_from(sum(|own| own.failed)) {
        let be = if failed == 1 { "was" } else { "were" };
        let what = format!("{} {be} given up; {} lists them", deliveries(failed), Act::Deliveries.at(face));
        all.push(what);
    }
    let mut unknown: Vec<&str> = outstanding
        .iter()
        .filter(|own| !targets.knows(&own.kind, &own.target))
        .map(|own| own.target.as_str())
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    all.extend(
        unknown.into_iter().map(|name| format!("deliveries wait for `{name}`, which `lethe.toml` does not declare")),
    );
    all
}

/// So many deliveries.
#[must_use]
pub fn deliveries(count: u64) -> String {
    if count == 1 { "1 delivery".to_owned() } else { format!("{} deliveries", number(count)) }
}
