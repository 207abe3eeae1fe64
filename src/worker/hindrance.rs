//! What keeps work from being done now: a window that is closed, a replica that
//! is too far behind.

use std::time::Duration;

use super::Context;
use crate::database::Behind;

/// How often it is asked whether work may go on.
const LOOK: Duration = Duration::from_secs(1);

/// A mebibyte.
const MIB: u64 = 1 << 20;

/// Whether the hours are those in which work is done.
pub(super) fn is_open(context: &Context) -> bool {
    context.limits.window.is_none_or(|window| window.is_open(context.ledger.clock().now()))
}

/// Why nothing is worked on just now, in words; `None` if work may be done.
pub async fn hindrance(context: &Context) -> Option<String> {
    if !is_open(context) {
        return Some("the window is closed: nothing is worked on until it opens".to_owned());
    }
    let most = context.limits.replica_lag?;
    match context.store.behind().await {
        Ok(Behind::Hidden) => Some(
            "the role may not see how far replicas are behind, so nothing is worked on: GRANT pg_read_all_stats to it, \
             or leave out `postgres.replica_lag_mib`"
                .to_owned(),
        ),
        Ok(Behind::Bytes(bytes)) if bytes > most => Some(format!(
            "a replica is {} MiB behind, and {} are allowed: nothing is worked on until it has caught up",
            bytes / MIB,
            most / MIB
        )),
        // Where the database is away, the worker finds that out, and waits.
        Ok(Behind::Bytes(_)) | Err(_) => None,
    }
}

/// Waits until work may be done, or no more.
pub(super) async fn until(context: &Context, free: bool) {
    while hindrance(context).await.is_none() != free {
        tokio::time::sleep(LOOK).await;
    }
}
