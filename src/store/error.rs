//! What a driver's error means, without quoting the data a driver may quote.

use std::path::{Path, PathBuf};

/// Why the company's database cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No such file.
    #[error("there is no database at `{path}`")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file, but not a database.
    #[error("`{path}` is not an SQLite database")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file, or its folder, cannot be written.
    #[error("the database at `{path}` is read-only")]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened.
    #[error("the database at `{path}` cannot be opened")]
    Unopenable {
        /// The file.
        path: PathBuf,
    },
    /// A database whose pages contradict each other, or are not all there.
    #[error("the database at `{path}` is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Another program holds the write lock.
    #[error("the database at `{path}` is locked by another program")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The ledger was written by a later version of Lethe.
    #[error("the ledger in `{path}` is of a later version of Lethe ({version}, and this one knows {known})")]
    NewerLedger {
        /// The file.
        path: PathBuf,
        /// The ledger's version.
        version: i64,
        /// The latest that this program knows.
        known: usize,
    },
    /// No room.
    #[error("the disk of `{path}` is full")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Anything else.
    #[error("the database at `{path}` answered: {fault}")]
    Other {
        /// The file.
        path: PathBuf,
        /// What is known of it.
        fault: Fault,
    },
}

impl StoreError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { .. } => "set `database` in `lethe.toml`, or `LETHE_DATABASE`, to the database's file; \
                                     a relative path counts from the configuration file"
                .to_owned(),
            Self::NotADatabase { .. } => "`database` should name the SQLite file itself".to_owned(),
            Self::ReadOnly { .. } => {
                "give the account that runs Lethe write access to the file and its folder; nothing was written"
                    .to_owned()
            }
            Self::Unopenable { .. } => "check the file's rights, and those of its folder".to_owned(),
            Self::Damaged { .. } => {
                "restore it from a backup; SQLite's `PRAGMA integrity_check` lists what is wrong".to_owned()
            }
            Self::Locked { .. } => {
                "close the program that writes to it, or raise `sqlite.busy_timeout`; nothing was written".to_owned()
            }
            Self::NewerLedger { .. } => "run the version that wrote it, or a later one; nothing was written".to_owned(),
            Self::Full { .. } => {
                "make room on the disk; nothing is half done, and the sweep goes on by itself".to_owned()
            }
            Self::Other { .. } => "`lethe doctor` checks the database; nothing is half done".to_owned(),
        }
    }

    /// Whether it lies with what rows hold, so that asking again would be answered the same.
    #[must_use]
    pub fn is_of_the_rows(&self) -> bool {
        matches!(self, Self::Other { fault, .. } if fault.is_of_the_rows())
    }

    pub(super) fn from_driver(path: &Path, error: &sqlx::Error) -> Self {
        let path = path.to_owned();
        let fault = Fault::of(error);
        match fault.code & 0xff {
            5 | 6 => Self::Locked { path },
            8 => Self::ReadOnly { path },
            11 => Self::Damaged { path },
            13 => Self::Full { path },
            14 => Self::Unopenable { path },
            26 => Self::NotADatabase { path },
            _ => Self::Other { path, fault },
        }
    }
}

/// What may be said of a driver's error: its code and, for a constraint, which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// SQLite's extended result code; 0 if the error is not the database's.
    pub code: u32,
    /// In words.
    pub words: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.words)
    }
}

/// Openings of messages that name tables and columns, and never values.
const NAMES_ONLY: &[&str] = &[
    "UNIQUE constraint failed: ",
    "NOT NULL constraint failed: ",
    "CHECK constraint failed: ",
    "FOREIGN KEY constraint failed",
    "no such table: ",
    "no such column: ",
];

impl Fault {
    /// What may be said of an error.
    #[must_use]
    pub fn of(error: &sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            let (code, words) = match error {
                sqlx::Error::Io(_) => (0, "an input/output error"),
                sqlx::Error::PoolTimedOut => (0, "no free connection in time"),
                // Text that is no UTF-8, say: SQLite itself would call it a mismatch.
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => (20, "a value that cannot be read"),
                _ => (0, "an error of the driver"),
            };
            return Self { code, words: words.to_owned() };
        };
        let code = database.code().and_then(|code| code.parse().ok()).unwrap_or(1);
        let message = database.message();
        let is_name_taken = message.starts_with("table ") && message.ends_with(" already exists");
        let words = if is_name_taken || NAMES_ONLY.iter().any(|opening| message.starts_with(opening)) {
            message.to_owned()
        } else {
            format!("error {code} ({})", meaning(code))
        };
        Self { code, words }
    }

    /// Whether the error lies with a client's own rows, so that others may go through.
    #[must_use]
    pub fn is_of_the_rows(&self) -> bool {
        // ERROR (a function's complaint about a value), TOOBIG, CONSTRAINT, MISMATCH.
        matches!(self.code & 0xff, 1 | 18 | 19 | 20)
    }
}

/// SQLite's result codes in words. Source: <https://www.sqlite.org/rescode.html>.
fn meaning(code: u32) -> &'static str {
    match code & 0xff {
        1 => "a value that an expression cannot take",
        5 | 6 => "locked",
        8 => "read-only",
        10 => "input/output",
        11 => "the file is damaged",
        13 => "disk full",
        18 => "too big",
        19 if code == 1811 => "refused by a trigger",
        19 => "a constraint",
        20 => "a wrong type",
        _ => "see the database's documentation",
    }
}
