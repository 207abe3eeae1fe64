//! Files and folders below a bucket's prefix.
//!
//! An object's name is the prefix, `/`, and the value, letter by letter. A
//! folder is what lies behind its name and a further `/`, so that `A` is never
//! taken for the beginning of `AB`.

use futures::{StreamExt, TryStreamExt, future};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt};

use super::files::{FileFault, Removed};
use super::place::parts;
use crate::bucket::{Bucket, words};
use crate::domain::policy::FileKind;

/// How often a folder is listed before what is still in it is left to a person.
const PASSES: usize = 3;

/// Whether nothing is in the bucket; an error if it is away.
pub(super) async fn is_empty(bucket: &Bucket) -> Result<bool, FileFault> {
    let first = bucket.store().list(Some(bucket.prefix())).next().await.transpose().map_err(fault)?;
    Ok(first.is_none())
}

pub(super) async fn delete(bucket: &Bucket, path: &str, kind: FileKind) -> Result<Removed, FileFault> {
    let way = parts(path)?;
    if kind == FileKind::Folder && way.len() > 1 {
        return Err(FileFault::Refused("the folder lies deeper than in the root itself"));
    }
    let name = match bucket.prefix().as_ref() {
        "" => path.to_owned(),
        prefix => format!("{prefix}/{path}"),
    };
    let name = Path::parse(name).map_err(|_| FileFault::Refused("the path is no name of an object"))?;
    match kind {
        FileKind::File => file(bucket, &name).await,
        FileKind::Folder => folder(bucket, &name).await,
    }
}

async fn file(bucket: &Bucket, name: &Path) -> Result<Removed, FileFault> {
    match bucket.store().head(name).await {
        Ok(_) => {}
        Err(Error::NotFound { .. }) => {
            // A bucket that is away answers in the same way.
            is_empty(bucket).await?;
            return Ok(Removed::Missing);
        }
        Err(error) => return Err(fault(error)),
    }
    match bucket.store().delete(name).await {
        Ok(()) => Ok(Removed::Deleted),
        Err(Error::NotFound { .. }) => Ok(Removed::Missing),
        Err(error) => Err(fault(error)),
    }
}

async fn folder(bucket: &Bucket, name: &Path) -> Result<Removed, FileFault> {
    let (store, within) = (bucket.store(), format!("{name}/"));
    let mut all = 0;
    for _ in 0..PASSES {
        let within = within.clone();
        let listed = store.list(Some(name)).map_ok(|object| object.location);
        // The object `A/` is told as `A`, by which another object would go.
        let inside = listed.try_filter(move |own| future::ready(own.as_ref().starts_with(&within))).boxed();
        let deleted = store.delete_stream(inside).filter_map(|one| {
            let is_gone = matches!(one, Err(Error::NotFound { .. }));
            future::ready((!is_gone).then_some(one))
        });
        all += deleted.try_fold(0, |count, _| future::ready(Ok(count + 1))).await.map_err(fault)?;
        if store.list(Some(name)).next().await.transpose().map_err(fault)?.is_none() {
            return Ok(if all > 0 { Removed::Deleted } else { Removed::Missing });
        }
    }
    Err(FileFault::Unavailable(
        "something stays in the folder: an object whose name ends with `/`, or one that is written again".to_owned(),
    ))
}

fn fault(error: Error) -> FileFault {
    FileFault::Unavailable(format!("the root {}", words(&error)))
}
