//! Files and folders: one claim's worth of one root.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};

use super::{AT_A_TIME, Context, POLL, SweepError};
use crate::domain::policy::FileKind;
use crate::ledger::{Delivery, Tried};
use crate::outside::{FileFault, Removed};
use crate::sql::files::spare_claimed;

/// Deletes what can be claimed in a root, and returns how much that was.
///
/// Asks the rows once more before it deletes anything: one that came since, of
/// another client, may name a file of the same name.
pub(super) async fn round(context: &Context, name: &str) -> Result<usize, SweepError> {
    let mut all = 0;
    for kind in [FileKind::File, FileKind::Folder] {
        let (lease, claimed) = context.ledger.claim_deliveries(kind.as_str(), name, AT_A_TIME).await?;
        all += claimed.len();
        if !claimed.is_empty() {
            let done = delete(context, name, kind, &lease, claimed).await?;
            context.ledger.tried(&lease, kind.as_str(), name, &done).await?;
        }
    }
    Ok(all)
}

async fn delete(
    context: &Context,
    name: &str,
    kind: FileKind,
    lease: &str,
    mut claimed: Vec<Delivery>,
) -> Result<Vec<(Delivery, Tried)>, SweepError> {
    let begun = Instant::now();
    let later = |claimed: Vec<Delivery>, why: &str| {
        let later = |own: Delivery| {
            let tried = Tried::Later(context.targets.pause(own.attempts).max(POLL), why.to_owned());
            (own, tried)
        };
        claimed.into_iter().map(later).collect()
    };
    let Ok(loaded) = context.planner.plan(&context.store).await else {
        return Ok(later(claimed, "waits for a policy that is a plan, to know what rows still name"));
    };
    let today = context.ledger.clock().now().date_naive();
    let spare = spare_claimed(&loaded.plan, today, name);
    if spare.is_empty() {
        return Ok(later(claimed, "the policy says of no column any more that it names files of this root"));
    }
    let left = context.ledger.spare_named(lease, &spare, kind.as_str(), name).await?;
    claimed.retain(|own| left.contains(&own.id));
    let Some(root) = context.targets.roots.get(name) else { return Ok(Vec::new()) };
    let lease = context.ledger.lease();
    let one = async |own: Delivery| {
        // Whoever holds the lease next may be at work already when this one has run out.
        if begun.elapsed() > lease / 2 {
            return (own, Tried::Later(Duration::ZERO, "its turn has not come".to_owned()));
        }
        let tried = match root.delete(&own.body, kind).await {
            Ok(Removed::Deleted) => Tried::Through("deleted"),
            Ok(Removed::Missing) => Tried::Through("missing"),
            Err(FileFault::Refused(why)) => Tried::Failed(why.to_owned()),
            Err(FileFault::Unavailable(why)) => context.targets.again(&own, why),
        };
        (own, tried)
    };
    Ok(stream::iter(claimed).map(one).buffer_unordered(root.at_a_time()).collect().await)
}
