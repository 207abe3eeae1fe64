//! Files and folders below a bucket's prefix.
//!
//! An object's name is the prefix, `/`, and the value, letter by letter. A
//! folder is what lies behind its name and a further `/`, so that `A` is never
//! taken for the beginning of `AB`.

use futures::{StreamExt, TryStreamExt, future};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutMode, PutOptions};

use super::files::{FileFault, LONGEST_MARK, MARKER, Removed, mark_in};
use super::place::parts;
use crate::bucket::{Bucket, words};
use crate::policy::FileKind;

/// How often a folder is listed before what is still in it is left to a person.
const PASSES: usize = 3;

/// Whether nothing but the marker is below the prefix; an error if the bucket is away.
pub(super) async fn is_empty(bucket: &Bucket) -> Result<bool, FileFault> {
    let marker = marker(bucket);
    let mut objects = bucket.store().list(Some(bucket.prefix()));
    loop {
        match objects.try_next().await {
            Ok(None) => return Ok(true),
            // An object `photos/` that shows an empty folder is listed as `photos`.
            Ok(Some(object)) if object.location == marker || object.location == *bucket.prefix() => {}
            // Of a name that cannot be read, such as `photos//a.jpg`, it is one.
            Ok(Some(_)) | Err(Error::InvalidPath { .. }) => return Ok(false),
            Err(error) => return Err(fault(error)),
        }
    }
}

/// The object by which a root is recognized.
fn marker(bucket: &Bucket) -> Path {
    bucket.prefix().clone().join(MARKER)
}

/// What the marker holds; `None` if there is none.
pub(super) async fn mark(bucket: &Bucket) -> Result<Option<String>, FileFault> {
    let found = match bucket.store().get(&marker(bucket)).await {
        Ok(found) => found,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(fault(error)),
    };
    if !usize::try_from(found.meta.size).is_ok_and(|size| size <= LONGEST_MARK) {
        return mark_in(&[]).map(Some);
    }
    let content = found.bytes().await.map_err(fault)?;
    mark_in(&content).map(Some)
}

/// Writes the marker if there is none; `false` if the account may not.
pub(super) async fn write_mark(bucket: &Bucket, new: &str) -> Result<bool, FileFault> {
    let (store, name, content) = (bucket.store(), marker(bucket), format!("{new}\n").into_bytes());
    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    let put = match store.put_opts(&name, content.clone().into(), options).await {
        // Another process was quicker.
        Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => return Ok(true),
        Err(Error::PermissionDenied { .. } | Error::Unauthenticated { .. }) => return Ok(false),
        // Not every server knows a condition.
        Err(_) => {
            if mark(bucket).await?.is_some() {
                return Ok(true);
            }
            store.put(&name, content.into()).await
        }
        put => put,
    };
    match put {
        Ok(_) => Ok(true),
        Err(Error::PermissionDenied { .. } | Error::Unauthenticated { .. }) => Ok(false),
        Err(error) => Err(fault(error)),
    }
}

pub(super) async fn delete(bucket: &Bucket, path: &str, kind: FileKind) -> Result<Removed, FileFault> {
    let way = parts(path)?;
    if kind == FileKind::Folder && way.len() > 1 {
        return Err(FileFault::Refused("the folder is not directly in the root"));
    }
    let name = match bucket.prefix().as_ref() {
        "" => path.to_owned(),
        prefix => format!("{prefix}/{path}"),
    };
    let name = Path::parse(name).map_err(|_| FileFault::Refused("the path is not a valid object name"))?;
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
