//! Files and folders: one claim's worth of one root.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};

use super::{AT_A_TIME, Context, POLL, SweepError, roots};
use crate::database::query_scalar;
use crate::ledger::{Delivery, Tried};
use crate::outside::{FileFault, Reading, Removed, check, readings_of_path, readings_of_value};
use crate::plan::Plan;
use crate::policy::FileKind;
use crate::sql::alike::{last_part, perhaps_alike};
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
    claimed: Vec<Delivery>,
) -> Result<Vec<(Delivery, Tried)>, SweepError> {
    let begun = Instant::now();
    let mut done: Vec<(Delivery, Tried)> = Vec::new();
    let (mut claimed, refused): (Vec<Delivery>, Vec<Delivery>) =
        claimed.into_iter().partition(|own| own.text().is_some_and(|path| check(path).is_ok()));
    done.extend(ended(refused, |own| match own.text().map(check) {
        Some(Err(fault)) => Tried::Failed(fault.to_string()),
        _ => Tried::Failed("the path is not UTF-8".to_owned()),
    }));
    let later = |own: &Delivery, why: &str| Tried::Later(context.targets.pause(own.attempts).max(POLL), why.to_owned());
    let Ok(loaded) = context.planner.plan(&context.store).await else {
        let why = "waits for a valid policy, to know what rows still name";
        done.extend(ended(claimed, |own| later(own, why)));
        return Ok(done);
    };
    let today = context.ledger.clock().now().date_naive();
    let spare = spare_claimed(&loaded.plan, today, name);
    if spare.is_empty() {
        let why = "no column of the policy names files of this root any longer";
        done.extend(ended(claimed, |own| later(own, why)));
        return Ok(done);
    }
    let left = context.ledger.spare_named(lease, &spare, kind.as_str(), name).await?;
    claimed.retain(|own| left.contains(&own.id));
    let root = match roots::open(context, name).await? {
        Ok(root) => root,
        Err(FileFault::Unavailable(why)) => {
            done.extend(ended(claimed, |own| context.targets.again(own, why.clone())));
            return Ok(done);
        }
        Err(FileFault::Refused(why)) => {
            done.extend(ended(claimed, |_| Tried::Failed(why.to_owned())));
            return Ok(done);
        }
    };
    let alike = alike(context, &loaded.plan, name, kind, &claimed).await?;
    let (spared, claimed): (Vec<Delivery>, Vec<Delivery>) =
        claimed.into_iter().partition(|own| alike.contains(&own.id));
    done.extend(ended(spared, |_| Tried::Through("alike")));
    let lease = context.ledger.lease();
    let one = async |own: Delivery| {
        // The next holder of the lease may be at work already when this one has run out.
        if context.stop.is_cancelled() || begun.elapsed() > lease / 2 {
            return (own, Tried::Later(Duration::ZERO, "its turn has not come".to_owned()));
        }
        let tried = match root.delete(own.text().expect("other paths were left out"), kind).await {
            Ok(Removed::Deleted) => Tried::Through("deleted"),
            Ok(Removed::Missing) => Tried::Through("missing"),
            Err(FileFault::Refused(why)) => Tried::Failed(why.to_owned()),
            Err(FileFault::Unavailable(why)) => context.targets.again(&own, why),
        };
        (own, tried)
    };
    done.extend(stream::iter(claimed).map(one).buffer_unordered(root.at_a_time()).collect::<Vec<_>>().await);
    Ok(done)
}

/// These deliveries, each with how it ended.
fn ended(claimed: Vec<Delivery>, how: impl Fn(&Delivery) -> Tried) -> impl Iterator<Item = (Delivery, Tried)> {
    claimed.into_iter().map(move |own| {
        let tried = how(&own);
        (own, tried)
    })
}

/// Those whose file a row may still name in another form. Row after row is read, and none kept.
async fn alike(
    context: &Context,
    plan: &Plan,
    root: &str,
    kind: FileKind,
    claimed: &[Delivery],
) -> Result<HashSet<i64>, SweepError> {
    let mut named: HashMap<String, Vec<(i64, Reading)>> = HashMap::new();
    for own in claimed {
        for reading in readings_of_path(own.text().expect("other paths were left out")) {
            named.entry(reading.name().to_owned()).or_default().push((own.id, reading));
        }
    }
    let mut alike = HashSet::new();
    if named.is_empty() {
        return Ok(alike);
    }
    let names: BTreeSet<&str> = named.keys().map(|name| last_part(name)).collect();
    let names = serde_json::json!(names).to_string();
    let today = context.ledger.clock().now().date_naive();
    let mut connection = context.store.readers().acquire().await?;
    for sql in perhaps_alike(plan, today, root, kind) {
        let mut values = query_scalar::<Vec<u8>>(sql).bind(&names).fetch(&mut connection);
        while let Some(value) = values.try_next().await? {
            for reading in readings_of_value(&value) {
                let same = named.get(reading.name()).into_iter().flatten().filter(|(_, own)| own.is_like(&reading));
                alike.extend(same.map(|(id, _)| *id));
            }
        }
    }
    Ok(alike)
}
