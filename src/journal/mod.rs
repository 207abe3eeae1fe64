//! The journal: the record of outcomes outside the database, which can only be
//! added to. Imports `bucket` and `domain`.
//!
//! It is a row of segments, objects named by their number, each written once
//! and never again. A segment is lines of JSON, a line is a record, and every
//! record holds the hash of the one before it.

mod chain;
mod error;
mod key;
mod place;
mod record;

pub use chain::{Chain, Fault, Flaw};
pub use error::JournalError;
pub use key::{Key, SHORTEST_KEY, check_key};
pub use place::Place;
pub use record::{HASHED, OF_A_KEY, Record, START, seal};

use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::domain::value::hex;

/// A journal, and how client keys are written in it.
#[derive(Debug, Clone)]
pub struct Journal {
    place: Arc<Place>,
    keys: Arc<[Key]>,
    /// Where this process last saw journal and ledger agree: segment and hash.
    agreed: Arc<Mutex<Option<(i64, String)>>>,
}

impl Journal {
    /// The journal at a place; with a key, client keys are written as keyed hashes.
    #[must_use]
    pub fn new(place: Place, key: Option<Key>) -> Self {
        Self { place: Arc::new(place), keys: key.into_iter().collect(), agreed: Arc::default() }
    }

    /// The same journal, which can also be read where it was sealed with these keys before.
    #[must_use]
    pub fn with_old_keys(self, old: Vec<Key>) -> Self {
        let keys = self.keys.iter().cloned().chain(old).collect();
        Self { keys, ..self }
    }

    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The keys that records may be sealed with, the configured one first.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The key that is configured, if client keys are hashed.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        self.keys.first()
    }

    /// Notes that journal and ledger agree on this end.
    pub fn agreed(&self, segment: i64, hash: &str) {
        *self.agreed.lock().unwrap_or_else(PoisonError::into_inner) = Some((segment, hash.to_owned()));
    }

    /// Whether this process last saw them agree on this very end.
    #[must_use]
    pub fn has_agreed(&self, segment: i64, hash: &str) -> bool {
        let agreed = self.agreed.lock().unwrap_or_else(PoisonError::into_inner);
        agreed.as_ref().is_some_and(|(last, of_last)| *last == segment && of_last == hash)
    }

    /// The key with this mark, to seal records with.
    ///
    /// # Errors
    ///
    /// [`JournalError::Key`] if it is not the configured one, nor an old one.
    pub fn sealing(&self, mark: Option<&str>) -> Result<Option<&Key>, JournalError> {
        let what = match (mark, self.key()) {
            (None, None) => return Ok(None),
            (Some(mark), Some(_)) => match self.keys.iter().find(|key| key.mark() == mark) {
                Some(key) => return Ok(Some(key)),
                None => "is sealed with another key than `journal.key_file` holds",
            },
            (Some(_), None) => "is sealed with a key, and `journal.key_file` names none",
            (None, Some(_)) => "was begun without a key, and `journal.key_file` names one",
        };
        Err(self.wrong_key(what))
    }

    /// What is wrong with the configured key.
    #[must_use]
    pub fn wrong_key(&self, what: &'static str) -> JournalError {
        JournalError::Key { place: self.place.shown().to_owned(), what }
    }

    /// A client's key as records of this journal can name it, under each of its keys.
    #[must_use]
    pub fn names_of(&self, client_key: &str) -> Vec<String> {
        if self.keys.is_empty() {
            return vec![client_key.to_owned()];
        }
        self.keys.iter().map(|key| format!("{HASHED}{}", key.hash(client_key))).collect()
    }

    /// A record about a client, sealed with this key, to be chained behind the one before it.
    #[must_use]
    pub fn record(client_key: &str, key: Option<&Key>) -> Record {
        Record {
            client: key.is_none().then(|| client_key.to_owned()),
            client_hash: key.map(|key| key.hash(client_key)),
            key: key.map(|key| key.mark().to_owned()),
            ..Record::default()
        }
    }
}

/// What the records of one ledger in one database have in common, and those of no other.
#[must_use]
pub fn origin(ledger: &str, database: &str) -> String {
    let digest = Sha256::new().chain_update(ledger).chain_update("\0").chain_update(database).finalize();
    hex(&digest[..8])
}
