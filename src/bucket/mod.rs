//! A bucket of an object store, and the prefix in it below which everything
//! lies. Imports `domain`.
//!
//! The [journal](crate::journal) may be in one, and files of clients may be
//! ([`outside`](crate::outside)).

mod fault;

use fault::why;
pub use fault::words;

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::{DELIMITER, Path};
use object_store::{BackoffConfig, ObjectStore, RetryConfig};

#[derive(Debug, Clone)]
pub struct Bucket {
    url: String,
    store: Arc<dyn ObjectStore>,
    lists: Arc<dyn Lists>,
    prefix: Path,
}

/// What gives the names of objects page by page.
trait Lists: PaginatedListStore + std::fmt::Debug {}

impl<T: PaginatedListStore + std::fmt::Debug> Lists for T {}

/// One store, for both.
type Built = (Arc<dyn ObjectStore>, Arc<dyn Lists>);

/// What a bucket's URL says.
struct Said<'a> {
    scheme: &'a str,
    name: &'a str,
    prefix: Path,
}

/// What is wrong with a bucket's URL, behind the name of the setting.
pub fn check(url: &str) -> Result<(), &'static str> {
    read(url).map(drop)
}

fn read(url: &str) -> Result<Said<'_>, &'static str> {
    let (scheme, rest) = url.split_once("://").ok_or("is not a valid URL")?;
    if !matches!(scheme, "s3" | "az" | "gs") {
        return Err(
            "is a URL, and only `s3://bucket/prefix`, `az://container/prefix` and `gs://bucket/prefix` can be one; \
             a folder is named by its path",
        );
    }
    if rest.contains(['@', '?', '#']) {
        return Err("has an account or options in it; those are for the environment, such as `AWS_ACCESS_KEY_ID`");
    }
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if name.is_empty() {
        return Err("names no bucket: `s3://bucket/prefix`");
    }
    if !name.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter)) {
        return Err("names no bucket: its name is of letters, digits, `-`, `_` and `.`");
    }
    let no_prefix = "has a prefix that is none: plain names with `/` between them, without `..`, `%` or `\\`";
    let prefix = Path::parse(prefix).ok().filter(|path| !path.as_ref().contains(['%', '\\'])).ok_or(no_prefix)?;
    Ok(Said { scheme, name, prefix })
}

impl Bucket {
    /// The bucket of a URL: `s3://bucket/prefix`, `az://container/prefix` or `gs://bucket/prefix`.
    ///
    /// Who we are is for the environment to say, in the variables of the provider's own tools.
    /// Nothing is asked for yet.
    pub fn open(url: &str) -> Result<Self, String> {
        let Said { scheme, name, prefix } = read(url)?;
        // What encrypts is what the database's connections are encrypted with; a second time it is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let built: Result<Built, object_store::Error> = match scheme {
            "s3" => built(AmazonS3Builder::from_env().with_bucket_name(name).with_retry(retry()).build()),
            "az" => built(MicrosoftAzureBuilder::from_env().with_container_name(name).with_retry(retry()).build()),
            _ => built(GoogleCloudStorageBuilder::from_env().with_bucket_name(name).with_retry(retry()).build()),
        };
        let (store, lists) = built.map_err(|error| format!("cannot be used with this environment: {}", why(&error)))?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), store, lists, prefix })
    }

    /// Its URL, for people: there is no secret in it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What can be asked for objects.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The objects right below its prefix whose names begin so, behind another name. Those of folders are not read: a
    /// name with an empty part, which other programs write, is none to this one.
    pub async fn beginning(&self, name: &str, behind: &str) -> object_store::Result<Vec<Path>> {
        let (within, offset) = (self.prefix.clone().join(name), self.prefix.clone().join(behind));
        let mut options = PaginatedListOptions {
            offset: Some(offset.to_string()),
            delimiter: Some(DELIMITER.into()),
            ..PaginatedListOptions::default()
        };
        let mut found = Vec::new();
        loop {
            let page = self.lists.list_paginated(Some(within.as_ref()), options.clone()).await?;
            found.extend(page.result.objects.into_iter().map(|object| object.location));
            if page.page_token.is_none() {
                return Ok(found);
            }
            options.page_token = page.page_token;
        }
    }

    /// Where its objects lie.
    #[must_use]
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }
}

/// Whether one of two URLs of buckets lies in the other.
#[must_use]
pub fn overlap(one: &str, other: &str) -> bool {
    let mut parts = one.trim_end_matches('/').split('/').zip(other.trim_end_matches('/').split('/'));
    parts.all(|(one, other)| one == other)
}

fn built<T: ObjectStore + Lists>(store: Result<T, object_store::Error>) -> Result<Built, object_store::Error> {
    let store = Arc::new(store?);
    Ok((Arc::<T>::clone(&store), store))
}

/// Who asks tries again by itself, later, and says meanwhile what is wrong.
fn retry() -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(1), base: 2.0 };
    RetryConfig { backoff, max_retries: 2, retry_timeout: Duration::from_secs(10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_lies_in_itself_and_in_the_whole_bucket_and_not_in_one_whose_name_begins_alike() {
        let photos = "s3://bucket/app/photos";
        for other in
            ["s3://bucket", "s3://bucket/", "s3://bucket/app", "s3://bucket/app/photos/", "s3://bucket/app/photos/old"]
        {
            assert!(overlap(photos, other) && overlap(other, photos), "{other}");
        }
        for other in [
            "s3://bucket/app/photos2",
            "s3://bucket/app/photo",
            "s3://other/app/photos",
            "s3://bucket2",
            "gs://bucket/app/photos",
        ] {
            assert!(!overlap(photos, other) && !overlap(other, photos), "{other}");
        }
    }

    #[test]
    fn a_url_is_plain_or_refused() {
        for good in ["s3://bucket", "s3://bucket/", "az://con-tainer/a b/c", "gs://b.u_cket/æ/"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let bad = [
            "s3:bucket",
            "S3://bucket",
            "s3a://bucket",
            "http://bucket",
            "file:///etc",
            "s3://",
            "s3:///prefix",
            "s3://anna:secret@bucket",
            "s3://bucket?x=1",
            "s3://bucket/a#b",
            "s3://bucket:9000/a",
            "s3://bu cket",
            "s3://bucket/../other",
            "s3://bucket/a/./b",
            "s3://bucket/a//b",
            "s3://bucket/%2e%2e",
            "s3://bucket/a\\b",
            "s3://bucket/a\nb",
        ];
        for url in bad {
            assert!(check(url).is_err(), "{url}");
        }
    }
}
