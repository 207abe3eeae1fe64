//! Why the journal cannot be read or written.

use crate::bucket::words;
use crate::domain::hint::{Act, Hint};

/// Why the journal cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// It is not there, is full, or does not let us.
    #[error("the journal at `{place}` {what}")]
    Away { place: String, what: String },
    /// It is there, and is not what the ledger knows of it.
    #[error("the journal at `{place}` is not the one that this ledger has written: {what}")]
    Strange { place: String, what: String },
}

impl JournalError {
    #[must_use]
    pub fn hint(&self) -> Hint {
        match self {
            Self::Away { .. } => {
                "nothing is lost: outcomes wait in the ledger and are written as soon as the journal can be; \
                 `journal.place` in `lethe.toml` says where it is, and a folder is not made, as it may be on a disk \
                 that is not mounted"
                    .into()
            }
            Self::Strange { .. } => {
                let rest = " names what is wrong; bring the journal back from its own backup, or see \
                            `docs/operations.md` on a journal that is lost";
                Act::Journal.then(rest)
            }
        }
    }

    pub(super) fn of(place: &str, error: &object_store::Error) -> Self {
        Self::Away { place: place.to_owned(), what: words(error) }
    }

    pub(super) fn late(place: &str) -> Self {
        Self::Away { place: place.to_owned(), what: "does not answer".to_owned() }
    }
}
