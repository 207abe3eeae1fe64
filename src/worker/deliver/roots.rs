//! Recognizes the roots in which files are deleted. One that is empty where it
//! was never seen otherwise, or that is not the folder it was, is unavailable: a
//! volume that is not mounted must not pass for files that are deleted.

use ulid::Ulid;

use super::{Context, SweepError};
use crate::ledger::Root as Seen;
use crate::outside::{FileFault, MARKER, OpenFolder, OpenRoot};

/// Opens a root for a number of deletions.
pub(super) async fn open(context: &Context, name: &str) -> Result<Result<OpenRoot, FileFault>, SweepError> {
    let Some(root) = context.targets.roots.get(name) else {
        return Ok(Err(FileFault::Unavailable("`lethe.toml` does not declare the root".to_owned())));
    };
    let open = match root.open().await {
        Ok(open) => open,
        Err(fault) => return Ok(Err(fault)),
    };
    let seen = context.ledger.root(name).await?;
    let found = match &open {
        OpenRoot::Folder(folder) => recognized(folder, seen.as_ref()),
        OpenRoot::Bucket { bucket, is_empty } => {
            let found = Seen { mark: None, location: bucket.url().to_owned() };
            if *is_empty && seen.as_ref() != Some(&found) { Err(empty()) } else { Ok(found) }
        }
    };
    match found {
        Ok(found) => {
            if seen.as_ref() != Some(&found) {
                context.ledger.see_root(name, &found).await?;
            }
            Ok(Ok(open))
        }
        Err(fault) => Ok(Err(fault)),
    }
}

/// An operator says that a root is the right one, though it is empty or another than before.
///
/// # Errors
///
/// [`FileFault`] if it cannot be opened; [`SweepError`] if the database is away.
pub async fn accept(context: &Context, name: &str) -> Result<Result<(), FileFault>, SweepError> {
    let Some(root) = context.targets.roots.get(name) else {
        return Ok(Err(FileFault::Unavailable("`lethe.toml` does not declare the root".to_owned())));
    };
    let accepted = match root.open().await {
        Ok(OpenRoot::Folder(folder)) => marked(&folder),
        Ok(OpenRoot::Bucket { bucket, .. }) => Ok(Seen { mark: None, location: bucket.url().to_owned() }),
        Err(fault) => Err(fault),
    };
    match accepted {
        Ok(seen) => Ok(Ok(context.ledger.see_root(name, &seen).await?)),
        Err(fault) => Ok(Err(fault)),
    }
}

fn recognized(folder: &OpenFolder, seen: Option<&Seen>) -> Result<Seen, FileFault> {
    let device = folder.device().to_string();
    match (seen, folder.mark()?) {
        (Some(Seen { mark: Some(known), .. }), Some(mark)) if *known != mark => Err(another("holds another mark")),
        (_, Some(mark)) => Ok(Seen { mark: Some(mark), location: device }),
        (Some(Seen { mark: Some(_), .. }), None) => Err(another("is missing")),
        (_, None) if folder.is_empty()? => Err(empty()),
        (Some(seen), None) if seen.location == device => Ok(seen.clone()),
        (Some(_), None) => Err(FileFault::Unavailable("the root is on another file system than before".to_owned())),
        (None, None) => marked(folder),
    }
}

/// The root with a marker, where one can be written.
fn marked(folder: &OpenFolder) -> Result<Seen, FileFault> {
    let mut mark = folder.mark()?;
    if mark.is_none() {
        let new = Ulid::new().to_string();
        mark = folder.write_mark(&new)?.then_some(new);
    }
    Ok(Seen { mark, location: folder.device().to_string() })
}

fn another(how: &str) -> FileFault {
    FileFault::Unavailable(format!("the root is not the folder that it was: its file `{MARKER}` {how}"))
}

fn empty() -> FileFault {
    FileFault::Unavailable("the root is empty, as it is where a volume is not mounted".to_owned())
}
