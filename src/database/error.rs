//! What a driver's error means, without quoting the data a driver may quote.

use std::sync::Arc;

use crate::domain::hint::{Act, Hint};
use crate::domain::reading::trouble;

use super::postgres::POOLED;

/// Why the company's database cannot be used, or refused a statement.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    place: Arc<str>,
    cause: Cause,
    fault: Fault,
    /// The database's own message, which can quote a row: for statements that
    /// were prepared and not run, and never logged.
    message: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// No such file, or no such database on the server.
    Missing,
    /// A file, but not a database.
    NotADatabase,
    /// The file, or its folder, cannot be written.
    ReadOnly,
    /// The file cannot be opened.
    Unopenable,
    /// A database whose pages contradict each other, or are not all there.
    Damaged,
    /// Another program holds a lock.
    Locked,
    /// The ledger was written by a later version of Lethe: its version, and the latest that this program knows.
    NewerLedger(i64, usize),
    /// A disk without room.
    Full,
    /// The server cannot be reached, or is starting or stopping.
    Unreachable,
    /// The server, or this account, has no connection left.
    NoSlot,
    /// The server does not let this account in.
    Shut,
    /// The account has no right to something; what, if the server names it.
    Forbidden(Option<String>),
    /// A stored value that is not what it should be.
    Unreadable,
    /// A database whose texts are stored in an encoding that Lethe does not read.
    Encoding(String),
    /// A pooler that gives each transaction another of the server's connections.
    Pooled,
    /// A schema that is found before the ledger's, with tables called like the ledger's.
    Shadowed(String),
    /// Several ledgers, of the clients in these tables, and no telling which of them is meant.
    Ledgers(String),
    /// Anything else.
    Other,
}

impl std::error::Error for StoreError {}

impl std::fmt::Debug for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("StoreError")
            .field("place", &self.0.place)
            .field("cause", &self.0.cause)
            .field("fault", &self.0.fault)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let place = &self.0.place;
        match &self.0.cause {
            Cause::Missing => write!(f, "there is no database at `{place}`"),
            Cause::NotADatabase => write!(f, "`{place}` is not an SQLite database"),
            Cause::ReadOnly => write!(f, "the database at `{place}` is read-only"),
            Cause::Unopenable => write!(f, "the database at `{place}` cannot be opened"),
            Cause::Damaged => write!(f, "the database at `{place}` is damaged"),
            Cause::Locked => write!(f, "the database at `{place}` is locked by another program"),
            Cause::NewerLedger(version, known) => write!(
                f,
                "the ledger in `{place}` is of a later version of Lethe ({version}, and this one knows {known})"
            ),
            Cause::Full => write!(f, "the disk of `{place}` is full"),
            Cause::Unreachable => {
                write!(f, "the database server of `{place}` cannot be reached: {}", self.0.fault.words)
            }
            Cause::NoSlot => write!(f, "the server of `{place}` has no connection left for this account"),
            Cause::Shut => write!(f, "the server of `{place}` does not let this account in"),
            Cause::Forbidden(None) => write!(f, "the account has no right to what is needed in `{place}`"),
            Cause::Forbidden(Some(what)) => {
                write!(f, "the account has no right to what is needed in `{place}`: {what}")
            }
            Cause::Unreadable => write!(f, "the database at `{place}` holds {}", self.0.fault.words),
            Cause::Encoding(own) => write!(f, "the database at `{place}` stores its texts as {own}"),
            Cause::Pooled => write!(
                f,
                "the database at `{place}` is behind a pooler that gives each transaction another connection, and Lethe \
                 needs connections that stay"
            ),
            Cause::Shadowed(schema) => write!(
                f,
                "tables of the schema `{schema}` in the database at `{place}` are called `lethe_...`, and are found before \
                 Lethe's own"
            ),
            Cause::Ledgers(tables) => write!(
                f,
                "the database at `{place}` has ledgers for the clients in {tables}, and it cannot be determined which one \
                 the policy uses"
            ),
            Cause::Other => write!(f, "the database at `{place}` answered: {}", self.0.fault),
        }
    }
}

impl StoreError {
    #[must_use]
    pub fn hint(&self) -> Hint {
        let is_server = self.0.place.contains("://");
        match &self.0.cause {
            Cause::Missing if is_server => {
                "the last part of the URL in `database` is the database's name on the server".into()
            }
            Cause::Unreachable if self.0.fault.words == UNENCRYPTED => {
                "check that the server offers TLS, and that its certificate is for this host; `sslmode` and `sslrootcert` \
                 in the URL say what is asked for"
                    .into()
            }
            Cause::Unreachable => {
                "check host and port in `database`, and that the server runs and lets this host in; nothing is half done"
                    .into()
            }
            Cause::NoSlot => {
                "raise the limit of the account, the database or the pooler: a process uses about eight connections, and one \
                 more for each further step of `postgres.concurrency`"
                    .into()
            }
            Cause::Shut => {
                "check user and password; a password can stand in a file named by `postgres.password_file`".into()
            }
            Cause::Forbidden(_) => Hint::by(|face| {
                format!("grant the right to the role; {} names what is missing", Act::Doctor.at(face))
            }),
            Cause::ReadOnly if is_server => {
                "name the primary server if this is a standby, or a role whose transactions may write; nothing was written"
                    .into()
            }
            Cause::Locked if is_server => {
                "another session holds a lock; the sweep goes on by itself when it is let go".into()
            }
            Cause::Missing => "set `database` in `lethe.toml`, or `LETHE_DATABASE`, to the database's file; \
                               a relative path counts from the configuration file"
                .into(),
            Cause::NotADatabase => "`database` should name the SQLite file itself".into(),
            Cause::ReadOnly => {
                "give the account that runs Lethe write access to the file and its folder; nothing was written".into()
            }
            Cause::Unopenable => "check the file's rights, and those of its folder".into(),
            Cause::Damaged if is_server => {
                "restore it from a backup; `pg_amcheck` lists what is wrong, and an index may only need REINDEX".into()
            }
            Cause::Damaged => "restore it from a backup; SQLite's `PRAGMA integrity_check` lists what is wrong".into(),
            Cause::Locked => {
                "close the program that writes to it, or raise `sqlite.busy_timeout`; nothing was written".into()
            }
            Cause::NewerLedger(..) => "run the version that wrote it, or a later one; nothing was written".into(),
            Cause::Full => "make room on the disk; nothing is half done, and the sweep goes on by itself".into(),
            Cause::Unreadable => "find out who wrote it; Lethe does not guess what it was".into(),
            Cause::Pooled => {
                "name the server itself in `database`, or let the pooler keep a connection for as long as it is used \
                 (`pool_mode = session` in pgbouncer) for this account; nothing was set on any connection"
                    .into()
            }
            Cause::Shadowed(_) => {
                "take that schema out of the role's `search_path`, or name it in `postgres.ledger_schema` if it is the ledger's"
                    .into()
            }
            Cause::Ledgers(_) => {
                "name an existing table in `client.table` of the policy that `policy` in `lethe.toml` names; if several of \
                 these tables were renamed, enter the new names in the table `lethe_ledgers`"
                    .into()
            }
            Cause::Encoding(_) => "only databases in UTF-8 are supported; nothing was read or written".into(),
            Cause::Other => Act::Doctor.then(" says more; nothing is half done"),
        }
    }

    /// What may be said of it: its code and, for a constraint, which.
    pub fn fault(&self) -> &Fault {
        &self.0.fault
    }

    /// Whether a later version of Lethe has changed the ledger.
    pub fn is_newer_ledger(&self) -> bool {
        matches!(self.0.cause, Cause::NewerLedger(..))
    }

    /// Whether it lies with what rows hold, so that asking again would be answered the same.
    pub fn is_of_the_rows(&self) -> bool {
        self.0.fault.kind == FaultKind::Rows
    }

    /// Whether the database's files are damaged, so that waiting does not help.
    pub fn is_damage(&self) -> bool {
        matches!(self.0.cause, Cause::Damaged | Cause::NotADatabase)
    }

    /// Whether a unique constraint refused a row that is there already.
    pub fn is_taken(&self) -> bool {
        matches!(self.0.fault.code.as_str(), "23505" | "1555" | "2067")
    }

    /// Whether nothing can be written to the database.
    pub fn is_read_only(&self) -> bool {
        self.0.cause == Cause::ReadOnly
    }

    /// Whether the account has no right to what was asked for.
    pub fn is_forbidden(&self) -> bool {
        matches!(self.0.cause, Cause::Forbidden(_))
    }

    /// Whether the server could not be reached.
    pub fn is_unreachable(&self) -> bool {
        self.0.cause == Cause::Unreachable
    }

    /// Whether it is none that an operator would expect.
    pub fn is_unexpected(&self) -> bool {
        matches!(self.0.cause, Cause::Other | Cause::Unreadable)
    }

    /// The database's own message about a statement that was prepared and not
    /// run: nothing but the policy was read on the way.
    pub(super) fn message(&self) -> String {
        self.0.message.clone().unwrap_or_else(|| self.0.fault.words.clone())
    }

    /// The database cannot be used.
    pub(super) fn of(place: &str, cause: Cause) -> Self {
        Self::new(place, cause, FaultKind::Unavailable, String::new())
    }

    fn new(place: &str, cause: Cause, kind: FaultKind, words: String) -> Self {
        let fault = Fault { code: String::new(), kind, words };
        Self(Box::new(Inner { place: place.into(), cause, fault, message: None }))
    }

    /// A stored value that cannot be read as what it should be.
    pub fn unreadable(place: &str, what: &str) -> Self {
        Self::new(place, Cause::Unreadable, FaultKind::Rows, format!("a value of `{what}` that cannot be read"))
    }

    pub(super) fn no_row(place: &str) -> Self {
        Self::new(place, Cause::Unreadable, FaultKind::Rows, "no row where one was expected".to_owned())
    }

    /// Several ledgers, of the clients in these tables, of which any may be meant.
    pub fn which_ledger(place: &str, tables: &[String]) -> Self {
        let tables: Vec<String> = tables.iter().map(|table| format!("`{table}`")).collect();
        Self::of(place, Cause::Ledgers(tables.join(", ")))
    }

    /// A ledger of a later version than this program knows.
    pub fn newer_ledger(place: &str, version: i64, known: usize) -> Self {
        Self::of(place, Cause::NewerLedger(version, known))
    }

    pub(super) fn from_driver(place: &str, error: &sqlx::Error) -> Self {
        let fault = Fault::of(error);
        let cause = if place.contains("://") { Self::of_server(&fault) } else { Self::of_file(&fault) };
        let message = error.as_database_error().map(|error| error.message().to_owned());
        Self(Box::new(Inner { place: place.into(), cause, fault, message }))
    }

    fn of_file(fault: &Fault) -> Cause {
        match fault.number() & 0xff {
            5 | 6 => Cause::Locked,
            8 => Cause::ReadOnly,
            11 => Cause::Damaged,
            13 => Cause::Full,
            14 => Cause::Unopenable,
            26 => Cause::NotADatabase,
            _ => Cause::Other,
        }
    }

    fn of_server(fault: &Fault) -> Cause {
        match (fault.kind, fault.code.as_str()) {
            // With codes of all kinds, if a trigger says so.
            (FaultKind::Rows | FaultKind::Statement, code) if !matches!(code, "42501" | "3F000") => Cause::Other,
            (_, "3D000") => Cause::Missing,
            (_, "28000" | "28P01") => Cause::Shut,
            (_, "42501") => {
                Cause::Forbidden(Some(fault.words.strip_prefix("no right: ").unwrap_or(&fault.words).to_owned()))
            }
            // None of the schemas in the path that there are may be used.
            (_, "3F000") => Cause::Forbidden(Some("it may not use the schema of Lethe's own tables".to_owned())),
            (_, "25006") => Cause::ReadOnly,
            (_, "53100") => Cause::Full,
            (_, "53300") => Cause::NoSlot,
            (_, "XX001" | "XX002") => Cause::Damaged,
            _ if fault.words == NO_SLOT => Cause::NoSlot,
            _ if fault.words == POOLED => Cause::Pooled,
            (FaultKind::Busy, _) => Cause::Locked,
            (FaultKind::Unavailable, "") => Cause::Unreachable,
            (FaultKind::Unavailable, code) if code.starts_with("08") || code.starts_with("57P") => Cause::Unreachable,
            _ => Cause::Other,
        }
    }
}

/// What an error lies with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// A client's own rows, so that others may go through.
    Rows,
    /// One statement, while the database itself works: in a batch some client's rows, elsewhere it may pass.
    Statement,
    /// A lock of another session: trying again later succeeds.
    Busy,
    /// The database as a whole.
    Unavailable,
}

/// What may be said of a driver's error: its code and, for a constraint, which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `SQLite`'s extended result code, or `PostgreSQL`'s SQLSTATE; empty if
    /// the error is not the database's.
    pub code: String,
    /// What it lies with.
    pub kind: FaultKind,
    pub words: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.words)
    }
}

const NO_SLOT: &str = "no free connection in time";
/// That the two sides could not agree on encryption.
const UNENCRYPTED: &str = "no secure connection";

impl Fault {
    /// What may be said of an error.
    pub(super) fn of(error: &sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            let (kind, words) = match error {
                sqlx::Error::Io(error) => {
                    // A name that is not found has no kind of its own.
                    let is_unknown = error.to_string().starts_with("failed to lookup address");
                    let words = if is_unknown { "no such host".to_owned() } else { trouble(error.kind()) };
                    return Self { code: String::new(), kind: FaultKind::Unavailable, words };
                }
                sqlx::Error::Tls(_) => (FaultKind::Unavailable, UNENCRYPTED),
                sqlx::Error::Configuration(what) if what.to_string() == POOLED => (FaultKind::Unavailable, POOLED),
                sqlx::Error::PoolTimedOut => (FaultKind::Unavailable, NO_SLOT),
                // Text that is no UTF-8, say: SQLite itself would call it a mismatch.
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                    (FaultKind::Rows, "a value that cannot be read")
                }
                sqlx::Error::Encode(_) => (FaultKind::Statement, "a value that cannot be sent"),
                _ => (FaultKind::Unavailable, "an error of the driver"),
            };
            return Self { code: String::new(), kind, words: words.to_owned() };
        };
        match database.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
            Some(own) => super::postgres::fault(own),
            None => super::sqlite::fault(database),
        }
    }

    /// `SQLite`'s extended result code; 0 if it is none. A SQLSTATE can be all
    /// digits too, and has five.
    pub fn number(&self) -> u32 {
        if self.code.len() == 5 { 0 } else { self.code.parse().unwrap_or(0) }
    }

    /// Whether the error lies with the statement itself, which was only prepared.
    pub fn is_of_the_statement(&self) -> bool {
        if self.number() == 0 {
            self.kind == FaultKind::Rows || self.code == "42501"
        } else {
            self.number() & 0xff == 1
        }
    }
}
