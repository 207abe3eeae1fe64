//! Where files of clients lie: a folder, or a bucket's prefix.

use std::path::Path;
use std::sync::Arc;

use super::files::{FileFault, Folder, OpenFolder, Removed};
use super::objects;
use crate::bucket::{Bucket, overlap};
use crate::policy::FileKind;

/// A place with files of clients; nothing outside of it is ever deleted.
#[derive(Debug, Clone)]
pub enum Root {
    Folder(Folder),
    /// A bucket of an object store, below its prefix.
    Bucket(Bucket),
}

impl Root {
    /// A root in this folder, which need not be there yet.
    pub fn folder(folder: &Path) -> Result<Self, &'static str> {
        Folder::new(folder).map(Self::Folder)
    }

    /// Where it is, for people.
    pub fn shown(&self) -> String {
        match self {
            Self::Folder(folder) => folder.path().display().to_string(),
            Self::Bucket(bucket) => bucket.url().to_owned(),
        }
    }

    /// Whether one of the two lies in the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Folder(own), Self::Folder(other)) => own.overlaps(other),
            (Self::Bucket(own), Self::Bucket(other)) => overlap(own.url(), other.url()),
            _ => false,
        }
    }

    /// Whether what is at a path or at a bucket's URL lies in it, or it in that.
    pub fn holds(&self, place: &str) -> bool {
        match self {
            Self::Folder(folder) => Folder::new(Path::new(place)).is_ok_and(|other| folder.overlaps(&other)),
            Self::Bucket(bucket) => overlap(bucket.url(), place),
        }
    }

    /// Opens it, for a number of deletions.
    pub async fn open(&self) -> Result<OpenRoot, FileFault> {
        match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                let opened = blocking(move || folder.open().and_then(|folder| Ok((folder.is_empty()?, folder))));
                let (is_empty, folder) = opened.await?;
                Ok(OpenRoot { at: At::Folder(Arc::new(folder)), is_empty })
            }
            Self::Bucket(bucket) => {
                Ok(OpenRoot { is_empty: objects::is_empty(bucket).await?, at: At::Bucket(bucket.clone()) })
            }
        }
    }
}

#[derive(Debug, Clone)]
pub struct OpenRoot {
    at: At,
    is_empty: bool,
}

#[derive(Debug, Clone)]
enum At {
    Folder(Arc<OpenFolder>),
    Bucket(Bucket),
}

impl OpenRoot {
    /// Whether nothing but the marker was in it when it was opened.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// The file system that it is on, or the bucket's URL.
    pub fn location(&self) -> String {
        match &self.at {
            At::Folder(folder) => folder.device.to_string(),
            At::Bucket(bucket) => bucket.url().to_owned(),
        }
    }

    /// What its marker holds; `None` if there is none.
    pub async fn mark(&self) -> Result<Option<String>, FileFault> {
        match &self.at {
            At::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(move || folder.mark()).await
            }
            At::Bucket(bucket) => objects::mark(bucket).await,
        }
    }

    /// Writes a marker if there is none; `false` if nothing may be created in the root itself.
    ///
    /// # Errors
    ///
    /// [`FileFault::Unavailable`] if it cannot be written for another reason.
    pub async fn write_mark(&self, mark: &str) -> Result<bool, FileFault> {
        match &self.at {
            At::Folder(folder) => {
                let (folder, mark) = (Arc::clone(folder), mark.to_owned());
                blocking(move || folder.write_mark(&mark)).await
            }
            At::Bucket(bucket) => objects::write_mark(bucket, mark).await,
        }
    }

    /// How many files are deleted at a time: a network is waited for.
    pub fn at_a_time(&self) -> usize {
        if matches!(self.at, At::Folder(_)) { 1 } else { 16 }
    }

    /// Deletes a file below the root, or a folder in it with everything that it holds.
    ///
    /// # Errors
    ///
    /// [`FileFault`] if it must not or cannot be deleted; a folder may then be
    /// emptied in part.
    pub async fn delete(&self, path: &str, kind: FileKind) -> Result<Removed, FileFault> {
        match &self.at {
            At::Folder(folder) => {
                let (folder, path) = (Arc::clone(folder), path.to_owned());
                blocking(move || folder.delete(&path, kind)).await
            }
            At::Bucket(bucket) => objects::delete(bucket, path, kind).await,
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FileFault> + Send + 'static,
) -> Result<T, FileFault> {
    let done = tokio::task::spawn_blocking(work);
    done.await.unwrap_or_else(|_| Err(FileFault::Unavailable("the work in the root broke off".to_owned())))
}
