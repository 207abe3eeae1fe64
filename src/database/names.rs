//! The names of a ledger's tables. The first ledger of a database has the names that statements are written with; the
//! tables of another one have its number in their names. See `docs/decisions/022-a-ledger-for-each-client-table.md`.

use std::sync::Arc;

use crate::domain::dialect::Dialect;

/// What the names of all tables of ledgers begin with.
const PREFIX: &str = "lethe_";

/// The ledger that the first policy of a database has.
pub const FIRST: i64 = 1;

/// Tables of the first ledger that count for all ledgers of the database: a backup is one of the whole database.
const SHARED: [&str; 2] = ["backups", "ledgers"];

/// The names of one ledger's tables and views.
#[derive(Debug, Clone, Default)]
pub struct Names(Option<Arc<Numbered>>);

#[derive(Debug)]
struct Numbered {
    number: i64,
    /// The folder of its journal, in that of the first ledger's journal.
    folder: String,
    /// Without their prefix.
    all: Vec<&'static str>,
}

impl Names {
    /// The names of the ledger with this number.
    pub(super) fn of(dialect: Dialect, number: i64, folder: &str) -> Self {
        if number == FIRST {
            return Self::default();
        }
        let made = dialect.migrations.iter().flat_map(|own| {
            ["CREATE TABLE ", "CREATE VIEW "].into_iter().flat_map(move |make| own.split(make).skip(1))
        });
        let named = made.filter_map(|own| own.strip_prefix(PREFIX)?.split(|letter| !is_of_a_name(letter)).next());
        let all = named.chain(["migrations"]).collect();
        Self(Some(Arc::new(Numbered { number, folder: folder.to_owned(), all })))
    }

    /// The ledger's number.
    pub(super) fn number(&self) -> i64 {
        self.0.as_ref().map_or(FIRST, |own| own.number)
    }

    /// The folder of its journal; `None` for the first ledger.
    pub(super) fn folder(&self) -> Option<&str> {
        self.0.as_ref().map(|own| own.folder.as_str())
    }

    /// A statement with the names of this ledger.
    pub(super) fn within(&self, sql: String) -> String {
        match &self.0 {
            None => sql,
            Some(own) => own.within(&sql, &SHARED),
        }
    }

    /// The same for a statement that makes tables: also those that are shared, as later versions change all of them.
    pub(super) fn all_within(&self, sql: &str) -> String {
        self.0.as_ref().map_or_else(|| sql.to_owned(), |own| own.within(sql, &[]))
    }
}

impl Numbered {
    fn within(&self, sql: &str, left: &[&str]) -> String {
        let mut changed = String::with_capacity(sql.len() + 64);
        let mut rest = sql;
        while let Some(at) = rest.find(PREFIX) {
            let (before, found) = rest.split_at(at);
            changed += before;
            let (word, behind) = found.split_at(found.find(|own| !is_of_a_name(own)).unwrap_or(found.len()));
            let name = word.strip_prefix(PREFIX).unwrap_or_default();
            // What is quoted is the company's.
            let begins = !changed.ends_with(|own| is_of_a_name(own) || own == '"');
            if begins && self.has(name, left) {
                changed += &format!("{PREFIX}{}_{name}", self.number);
            } else {
                changed += word;
            }
            rest = behind;
        }
        changed += rest;
        changed
    }

    /// Whether this is a table or a view, or is called after one, as indexes and constraints are.
    fn has(&self, name: &str, left: &[&str]) -> bool {
        self.all
            .iter()
            .filter(|own| !left.contains(own))
            .any(|own| name.strip_prefix(own).is_some_and(|behind| behind.is_empty() || behind.starts_with('_')))
    }
}

fn is_of_a_name(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::Names;
    use crate::database::{PostgresDialect, SqliteDialect};
    use crate::domain::dialect::Dialect;

    const BOTH: [Dialect; 2] = [&SqliteDialect, &PostgresDialect];

    #[test]
    fn statements_of_the_first_ledger_stay_as_they_are() {
        let sql = "SELECT client_key FROM lethe_outcomes AS o JOIN lethe_sweeps AS s ON s.id = o.sweep";
        for dialect in BOTH {
            let names = Names::of(dialect, 1, "");
            assert_eq!(names.within(sql.to_owned()), sql);
            assert_eq!((names.number(), names.folder()), (1, None));
        }
    }

    #[test]
    fn another_ledger_has_its_number_in_the_names_of_its_tables_alone() {
        for dialect in BOTH {
            let names = Names::of(dialect, 2, "guests");
            let within = |sql: &str| names.within(sql.to_owned());
            assert_eq!(
                within("SELECT lethe_c.a FROM lethe_batch AS b, lethe_outcomes AS o WHERE lethe_outcomes.sweep = 1"),
                "SELECT lethe_c.a FROM lethe_batch AS b, lethe_2_outcomes AS o WHERE lethe_2_outcomes.sweep = 1"
            );
            assert_eq!(within("SELECT to_regclass('lethe_holds')"), "SELECT to_regclass('lethe_2_holds')");
            assert_eq!(
                within("CREATE INDEX lethe_sweeps_job ON lethe_sweeps (job)"),
                "CREATE INDEX lethe_2_sweeps_job ON lethe_2_sweeps (job)"
            );
            assert_eq!(within("SELECT * FROM lethe_job_status"), "SELECT * FROM lethe_2_job_status");
            assert_eq!(within("SELECT version FROM lethe_migrations"), "SELECT version FROM lethe_2_migrations");
            for other in [
                "SELECT \"lethe_sweeps\", not_lethe_sweeps, lethe_sweepstake FROM shop",
                "SELECT max(made_at) FROM lethe_backups",
                "SELECT number FROM lethe_ledgers",
                "SELECT pg_temp.lethe_key('1', NULL) FROM lethe_taken AS lethe_t",
                "SELECT 1 FROM lethe_2_sweeps",
            ] {
                assert_eq!(within(other), other);
            }
            assert_eq!(names.all_within("ALTER TABLE lethe_backups"), "ALTER TABLE lethe_2_backups");
            assert_eq!((names.number(), names.folder()), (2, Some("guests")));
        }
    }

    #[test]
    fn migrations_make_nothing_that_another_ledger_has() {
        for dialect in BOTH {
            let names = Names::of(dialect, 2, "guests");
            for migration in dialect.migrations {
                for (at, _) in migration.match_indices("CREATE ") {
                    let made = migration[at..].split(['\n', '(']).next().unwrap_or_default();
                    assert!(names.all_within(made).contains("lethe_2_"), "{made}");
                }
            }
        }
    }
}
