//! What a driver's error means, without quoting the data a driver may quote.

use crate::domain::hint::{Act, Hint};
use crate::domain::reading::trouble;

/// Why the company's database cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No such file, or no such database on the server.
    #[error("there is no database at `{place}`")]
    Missing { place: String },
    /// A file, but not a database.
    #[error("`{place}` is not an SQLite database")]
    NotADatabase { place: String },
    /// The file, or its folder, cannot be written.
    #[error("the database at `{place}` is read-only")]
    ReadOnly { place: String },
    /// The file cannot be opened.
    #[error("the database at `{place}` cannot be opened")]
    Unopenable { place: String },
    /// A database whose pages contradict each other, or are not all there.
    #[error("the database at `{place}` is damaged")]
    Damaged { place: String },
    /// Another program holds the write lock.
    #[error("the database at `{place}` is locked by another program")]
    Locked { place: String },
    /// The ledger was written by a later version of Lethe.
    #[error("the ledger in `{place}` is of a later version of Lethe ({version}, and this one knows {known})")]
    NewerLedger {
        place: String,
        /// The ledger's version.
        version: i64,
        /// The latest that this program knows.
        known: usize,
    },
    /// No room.
    #[error("the disk of `{place}` is full")]
    Full { place: String },
    /// The server cannot be reached, or is starting or stopping.
    #[error("the database server of `{place}` cannot be reached{}", .why.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    Unreachable {
        place: String,
        /// What kind of trouble, if that is known.
        why: Option<String>,
    },
    /// The server does not let this account in.
    #[error("the server of `{place}` does not let this account in")]
    Shut { place: String },
    /// The account has no right to something.
    #[error("the account has no right to what is needed in `{place}`{}", .what.as_ref().map(|what| format!(": {what}")).unwrap_or_default())]
    Forbidden {
        place: String,
        /// What, if the server names it.
        what: Option<String>,
    },
    /// Anything else.
    #[error("the database at `{place}` answered: {fault}")]
    Other {
        place: String,
        /// What is known of it.
        fault: Fault,
    },
}

impl StoreError {
    #[must_use]
    pub fn hint(&self) -> Hint {
        match self {
            Self::Missing { place } if place.contains("://") => {
                "the last part of the URL in `database` is the database's name on the server".into()
            }
            Self::Unreachable { why: Some(why), .. } if why == UNENCRYPTED => {
                "check that the server offers TLS, and that its certificate is for this host; `sslmode` and `sslrootcert` \
                 in the URL say what is asked for"
                    .into()
            }
            Self::Unreachable { .. } => {
                "check host and port in `database`, and that the server runs and lets this host in; nothing is half done"
                    .into()
            }
            Self::Shut { .. } => "check user and password; a password can stand in a file named by `postgres.password_file`".into(),
            Self::Forbidden { .. } => Hint::by(|face| {
                format!("grant the right to the role; {} names what is missing", Act::Doctor.at(face))
            }),
            Self::ReadOnly { place } if place.contains("://") => {
                "name the primary server if this is a standby, or a role whose transactions may write; nothing was written"
                    .into()
            }
            Self::Locked { place } if place.contains("://") => {
                "another session holds a lock; the sweep goes on by itself when it is let go".into()
            }
            Self::Missing { .. } => "set `database` in `lethe.toml`, or `LETHE_DATABASE`, to the database's file; \
                                     a relative path counts from the configuration file"
                .into(),
            Self::NotADatabase { .. } => "`database` should name the SQLite file itself".into(),
            Self::ReadOnly { .. } => {
                "give the account that runs Lethe write access to the file and its folder; nothing was written"
                    .into()
            }
            Self::Unopenable { .. } => "check the file's rights, and those of its folder".into(),
            Self::Damaged { .. } => {
                "restore it from a backup; SQLite's `PRAGMA integrity_check` lists what is wrong".into()
            }
            Self::Locked { .. } => {
                "close the program that writes to it, or raise `sqlite.busy_timeout`; nothing was written".into()
            }
            Self::NewerLedger { .. } => "run the version that wrote it, or a later one; nothing was written".into(),
            Self::Full { .. } => {
                "make room on the disk; nothing is half done, and the sweep goes on by itself".into()
            }
            Self::Other { .. } => Act::Doctor.then(" says more; nothing is half done"),
        }
    }

    /// Whether it lies with what rows hold, so that asking again would be answered the same.
    #[must_use]
    pub fn is_of_the_rows(&self) -> bool {
        matches!(self, Self::Other { fault, .. } if fault.is_of_the_rows())
    }

    pub(super) fn from_driver(place: &str, error: &sqlx::Error) -> Self {
        let place = place.to_owned();
        let fault = Fault::of(error);
        if place.contains("://") {
            return Self::from_server(place, fault);
        }
        match fault.number() & 0xff {
            5 | 6 => Self::Locked { place },
            8 => Self::ReadOnly { place },
            11 => Self::Damaged { place },
            13 => Self::Full { place },
            14 => Self::Unopenable { place },
            26 => Self::NotADatabase { place },
            _ => Self::Other { place, fault },
        }
    }

    fn from_server(place: String, fault: Fault) -> Self {
        match (fault.kind, fault.code.as_str()) {
            (_, "3D000") => Self::Missing { place },
            (_, "28000" | "28P01") => Self::Shut { place },
            (_, "42501") => {
                let what = fault.words.strip_prefix("no right: ").unwrap_or(&fault.words).to_owned();
                Self::Forbidden { place, what: Some(what) }
            }
            // None of the schemas in the path that there are may be used.
            (_, "3F000") => {
                Self::Forbidden { place, what: Some("it may not use the schema of Lethe's own tables".to_owned()) }
            }
            (_, "25006") => Self::ReadOnly { place },
            (_, "53100") => Self::Full { place },
            (FaultKind::Busy, _) => Self::Locked { place },
            (FaultKind::Away, "") => Self::Unreachable { place, why: Some(fault.words) },
            (FaultKind::Away, code) if code.starts_with("08") || code.starts_with("57P") => {
                Self::Unreachable { place, why: Some(fault.words) }
            }
            _ => Self::Other { place, fault },
        }
    }
}

/// What an error lies with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// A client's own rows, so that others may go through.
    Rows,
    /// A lock of somebody else's, so that it goes through later.
    Busy,
    /// The database as a whole.
    Away,
}

/// What may be said of a driver's error: its code and, for a constraint, which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `SQLite`'s extended result code, or `PostgreSQL`'s SQLSTATE; empty if
    /// the error is not the database's.
    pub code: String,
    /// What it lies with.
    pub kind: FaultKind,
    /// In words.
    pub words: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.words)
    }
}

/// That the two sides could not agree on encryption.
const UNENCRYPTED: &str = "no secure connection";

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
            let (kind, words) = match error {
                sqlx::Error::Io(error) => {
                    // A name that is not found has no kind of its own.
                    let is_unknown = error.to_string().starts_with("failed to lookup address");
                    let words = if is_unknown { "no such host".to_owned() } else { trouble(error.kind()) };
                    return Self { code: String::new(), kind: FaultKind::Away, words };
                }
                sqlx::Error::Tls(_) => (FaultKind::Away, UNENCRYPTED),
                sqlx::Error::PoolTimedOut => (FaultKind::Away, "no free connection in time"),
                // Text that is no UTF-8, say: SQLite itself would call it a mismatch.
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::AnyDriverError(_) => {
                    (FaultKind::Rows, "a value that cannot be read")
                }
                _ => (FaultKind::Away, "an error of the driver"),
            };
            return Self { code: String::new(), kind, words: words.to_owned() };
        };
        let code = database.code().unwrap_or_default().into_owned();
        if code.len() == 5
            && !code.starts_with(char::is_whitespace)
            && database.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some()
        {
            return Self::of_server(database, code);
        }
        let message = database.message();
        let number = code.parse().unwrap_or(1);
        let is_name_taken = message.starts_with("table ") && message.ends_with(" already exists");
        let words = if is_name_taken || NAMES_ONLY.iter().any(|opening| message.starts_with(opening)) {
            message.to_owned()
        } else {
            format!("error {number} ({})", meaning(number))
        };
        // ERROR (a function's complaint about a value), TOOBIG, CONSTRAINT, MISMATCH.
        let kind = if matches!(number & 0xff, 1 | 18 | 19 | 20) { FaultKind::Rows } else { FaultKind::Away };
        Self { code, kind, words }
    }

    /// By the classes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    fn of_server(database: &dyn sqlx::error::DatabaseError, code: String) -> Self {
        let kind = match (&code[..2], code.as_str()) {
            // Deadlock, serialization, a lock not granted in time.
            ("40", _) | (_, "55P03" | "55006") => FaultKind::Busy,
            // Connections, resources, the operator, the system, rights, read-only.
            ("08" | "53" | "57" | "58" | "XX" | "28" | "3D" | "F0", _) | (_, "42501" | "25006") => FaultKind::Away,
            _ => FaultKind::Rows,
        };
        let named = match (code.as_str(), database.table(), database.constraint()) {
            (_, Some(table), Some(constraint)) => Some(format!("`{constraint}` of `{table}`")),
            ("42501" | "42P01" | "42703" | "3F000", ..) => Some(database.message().to_owned()),
            (_, Some(table), None) => Some(format!("a column of `{table}`")),
            _ => None,
        };
        let what = state(&code);
        let words = match named {
            Some(named) => format!("{what}: {named}"),
            None => format!("error {code} ({what})"),
        };
        Self { code, kind, words }
    }

    /// `SQLite`'s extended result code; 0 if it is none. A SQLSTATE can be all
    /// digits too, and has five.
    #[must_use]
    pub fn number(&self) -> u32 {
        if self.code.len() == 5 { 0 } else { self.code.parse().unwrap_or(0) }
    }

    /// Whether the error lies with a client's own rows, so that others may go through.
    #[must_use]
    pub fn is_of_the_rows(&self) -> bool {
        self.kind == FaultKind::Rows
    }

    /// Whether the error lies with the statement itself, which was only prepared.
    #[must_use]
    pub fn is_of_the_statement(&self) -> bool {
        if self.number() == 0 {
            self.kind == FaultKind::Rows || self.code == "42501"
        } else {
            self.number() & 0xff == 1
        }
    }
}

/// `PostgreSQL`'s SQLSTATE in words.
fn state(code: &str) -> &'static str {
    match (code, code.get(..2).unwrap_or_default()) {
        ("23502", _) => "a NOT NULL constraint",
        ("23503", _) => "a foreign key",
        ("23505", _) => "a unique constraint",
        ("23514", _) => "a CHECK constraint",
        ("23P01", _) => "an exclusion constraint",
        ("22001", _) => "a text too long for its column",
        ("42501", _) => "no right",
        ("40P01", _) => "a deadlock",
        ("55P03", _) => "locked by another session",
        ("53100", _) => "disk full",
        ("53200", _) => "out of memory",
        ("53300", _) => "too many connections",
        ("57014", _) => "cancelled, or over the time limit",
        (_, "57") => "the server is stopping or starting",
        (_, "08") => "the connection is gone",
        (_, "22") => "a value that an expression cannot take",
        (_, "23") => "a constraint",
        (_, "40") => "in the way of another transaction",
        (_, "42") => "a statement that does not fit the schema",
        (_, "P0") => "refused by a trigger or a function",
        _ => "see the database's documentation",
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
