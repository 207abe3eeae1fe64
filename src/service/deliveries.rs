//! What is to be done outside of the database.

use crate::domain::hint::Face;
use crate::ledger::Outstanding;
use crate::report::number;
use crate::worker::Context;
use crate::worker::deliver::stuck::stuck;

/// Deliveries that need a person, and since when the oldest of each kind have waited.
pub async fn attention(context: &Context, outstanding: &[Outstanding], face: Face) -> Vec<(String, String)> {
    stuck(context, outstanding).await.iter().map(|stuck| (stuck.text(face), stuck.since.clone())).collect()
}

/// So many deliveries.
#[must_use]
pub fn deliveries(count: u64) -> String {
    if count == 1 { "1 delivery".to_owned() } else { format!("{} deliveries", number(count)) }
}
