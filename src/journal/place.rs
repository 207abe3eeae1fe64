//! Where the segments are: a folder, or a bucket of an object store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use super::JournalError;
use crate::bucket::{Bucket, words};
use crate::domain::reading::trouble;

/// How long one request may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// A folder, or a bucket of an object store.
#[derive(Debug)]
pub struct Place {
    shown: String,
    at: At,
}

#[derive(Debug)]
enum At {
    Folder(PathBuf),
    Bucket(Bucket),
}

impl Place {
    /// A folder. It must be there: one that is made anew where another was
    /// would look like a journal that lost everything.
    #[must_use]
    pub fn folder(folder: PathBuf) -> Self {
        Self { shown: folder.display().to_string(), at: At::Folder(folder) }
    }

    /// A bucket of an object store.
    #[must_use]
    pub fn bucket(bucket: Bucket) -> Self {
        Self { shown: bucket.url().to_owned(), at: At::Bucket(bucket) }
    }

    /// Where it is, for people.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    fn open(&self) -> Result<(Arc<dyn ObjectStore>, Path), JournalError> {
        match &self.at {
            At::Folder(folder) => {
                let store =
                    object_store::local::LocalFileSystem::new_with_prefix(folder).map_err(|e| self.error(&e))?;
                Ok((Arc::new(store.with_fsync(true)), Path::default()))
            }
            At::Bucket(bucket) => Ok((Arc::clone(bucket.store()), bucket.prefix().clone())),
        }
    }

    /// Writes a segment, if there is none of this number. Returns whether there was none.
    pub async fn put(&self, segment: i64, content: Vec<u8>) -> Result<bool, JournalError> {
        let (store, prefix) = self.open()?;
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let path = prefix.join(name(segment));
        let put = store.put_opts(&path, content.into(), options);
        match self.answered(put).await? {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.error(&error)),
        }
    }

    /// What a segment holds; `None` if there is none of this number.
    pub async fn get(&self, segment: i64) -> Result<Option<Vec<u8>>, JournalError> {
        let (store, prefix) = self.open()?;
        let path = prefix.join(name(segment));
        // Collected in chunks: the allocator keeps, thread by thread, whole segments that other threads let go.
        let get = async {
            let mut content = Vec::new();
            let mut chunks = store.get(&path).await?.into_stream();
            while let Some(chunk) = chunks.try_next().await? {
                content.extend_from_slice(&chunk);
            }
            Ok(content)
        };
        match self.answered(get).await? {
            Ok(content) => Ok(Some(content)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.error(&error)),
        }
    }

    /// The numbers of the segments from this one on, in order.
    pub async fn from(&self, first: i64) -> Result<Vec<i64>, JournalError> {
        let mut numbers: Vec<i64> = match &self.at {
            At::Folder(folder) => {
                let folder = folder.clone();
                let listed = tokio::task::spawn_blocking(move || in_folder(&folder, first));
                let listed =
                    self.answered(listed).await?.unwrap_or_else(|_| Err(std::io::ErrorKind::Interrupted.into()));
                listed.map_err(|error| self.away(format!("cannot be used: {}", trouble(error.kind()))))?
            }
            At::Bucket(bucket) => {
                let behind = name((first - 1).max(0));
                let listed = self.answered(bucket.beginning(BEGINNING, &behind)).await?;
                let listed = listed.map_err(|error| self.error(&error))?;
                listed.iter().filter_map(|own| number(own.filename()?)).filter(|own| *own >= first.max(1)).collect()
            }
        };
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The last segment's number; 0 if there is none.
    pub async fn last(&self) -> Result<i64, JournalError> {
        Ok(self.from(1).await?.last().copied().unwrap_or(0))
    }

    async fn answered<T>(&self, asked: impl Future<Output = T>) -> Result<T, JournalError> {
        tokio::time::timeout(ANSWERED_WITHIN, asked).await.map_err(|_| self.away("does not respond".to_owned()))
    }

    fn error(&self, error: &object_store::Error) -> JournalError {
        self.away(words(error))
    }

    fn away(&self, what: String) -> JournalError {
        JournalError::Away { place: self.shown.clone(), what }
    }
}

/// The segments in a folder. Nothing else in it is opened: names that are not UTF-8, folders that only another account
/// may read (`lost+found` of a disk), links that lead around in a circle.
fn in_folder(folder: &std::path::Path, first: i64) -> std::io::Result<Vec<i64>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let number = entry.file_name().to_str().and_then(number).filter(|number| *number >= first.max(1));
        // A link to a segment is one.
        numbers.extend(number.filter(|_| entry.path().is_file()));
    }
    Ok(numbers)
}

/// What a segment's name begins with.
const BEGINNING: &str = "segment-";

/// A segment's name: numbers in front of each other sort as texts, too.
fn name(segment: i64) -> String {
    format!("{BEGINNING}{segment:010}.jsonl")
}

/// The number of the segment with this name, and with no other spelling of it.
fn number(own: &str) -> Option<i64> {
    let number = own.strip_prefix(BEGINNING)?.strip_suffix(".jsonl")?.parse().ok()?;
    (name(number) == own).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_one_name() {
        assert_eq!(number("segment-0000000002.jsonl"), Some(2));
        assert_eq!(number("segment-12345678901.jsonl"), Some(12_345_678_901));
        for other in [
            "segment-2.jsonl",
            "segment-00000000002.jsonl",
            "segment-+000000002.jsonl",
            "segment-0000000002.jsonl#1",
            "copy of segment-0000000002.jsonl",
            "segment-.jsonl",
        ] {
            assert_eq!(number(other), None, "{other}");
        }
    }
}
