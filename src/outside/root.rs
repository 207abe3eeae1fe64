//! Where files of clients lie: a folder, or a bucket's prefix.

use std::path::Path;

use super::files::{FileFault, Folder, Removed};
use super::objects;
use crate::bucket::{Bucket, overlap};
use crate::domain::policy::FileKind;

/// A place with files of clients; nothing outside of it is ever deleted.
#[derive(Debug, Clone)]
pub enum Root {
    /// A folder.
    Folder(Folder),
    /// A bucket of an object store, below its prefix.
    Bucket(Bucket),
}

impl Root {
    /// A root in this folder, which need not be there yet.
    ///
    /// # Errors
    ///
    /// What is wrong with it: no absolute path, or the root of the whole file system.
    pub fn folder(folder: &Path) -> Result<Self, &'static str> {
        Folder::new(folder).map(Self::Folder)
    }

    /// Where it is, for people.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Folder(folder) => folder.path().display().to_string(),
            Self::Bucket(bucket) => bucket.url().to_owned(),
        }
    }

    /// Whether one of the two lies in the other.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Folder(own), Self::Folder(other)) => own.overlaps(other),
            (Self::Bucket(own), Self::Bucket(other)) => overlap(own.url(), other.url()),
            _ => false,
        }
    }

    /// Whether what is at a path or at a bucket's URL lies in it, or it in that.
    #[must_use]
    pub fn holds(&self, place: &str) -> bool {
        match self {
            Self::Folder(folder) => Folder::new(Path::new(place)).is_ok_and(|other| folder.overlaps(&other)),
            Self::Bucket(bucket) => overlap(bucket.url(), place),
        }
    }

    /// How many files are deleted at a time: a network is waited for.
    #[must_use]
    pub fn at_a_time(&self) -> usize {
        match self {
            Self::Folder(_) => 1,
            Self::Bucket(_) => 16,
        }
    }

    /// Whether it is there.
    ///
    /// # Errors
    ///
    /// [`FileFault::Unavailable`] if not.
    pub async fn look(&self) -> Result<(), FileFault> {
        match self {
            Self::Folder(folder) => folder.look(),
            Self::Bucket(bucket) => objects::look(bucket).await,
        }
    }

    /// Deletes a file below the root, or a folder in it with everything that it holds.
    ///
    /// # Errors
    ///
    /// [`FileFault`] if it must not or cannot be deleted; a folder may then be
    /// emptied in part.
    pub async fn delete(&self, path: &str, kind: FileKind) -> Result<Removed, FileFault> {
        match self {
            Self::Folder(folder) => {
                let (folder, path) = (folder.clone(), path.to_owned());
                let deleting = tokio::task::spawn_blocking(move || folder.delete(&path, kind));
                deleting.await.unwrap_or_else(|_| Err(FileFault::Unavailable("the deletion broke off".to_owned())))
            }
            Self::Bucket(bucket) => objects::delete(bucket, path, kind).await,
        }
    }
}
