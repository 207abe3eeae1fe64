//! How a database's SQL is written: one function for each difference between
//! databases, and one table of what each always says. Everything else asks this, and compares no database with another.

use std::fmt::Debug;
use std::ops::Deref;

use chrono::NaiveDate;

use super::json_path::Segment;
use super::schema::Kind;
use super::today::Today;

/// How a database is spoken to.
pub type Dialect = &'static dyn SqlDialect;

impl dyn SqlDialect {
    /// More conditions on a column that is compared with days, as ` AND …`, where
    /// nothing keeps it from holding anything else.
    pub fn and_is_day(&self, column: &str) -> String {
        if self.days_are_texts { format!(" AND {}", self.is_day(column)) } else { String::new() }
    }

    /// ` OR` that a column compared with days holds something else, where it can.
    pub fn or_is_no_day(&self, column: &str) -> String {
        if self.days_are_texts { format!(" OR NOT {}", self.is_day(column)) } else { String::new() }
    }
}

impl Deref for dyn SqlDialect {
    type Target = Constants;

    fn deref(&self) -> &Constants {
        self.constants()
    }
}

impl PartialEq for dyn SqlDialect {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl serde::Serialize for dyn SqlDialect {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// How a transaction keeps others from writing between its last look and its commit.
#[derive(Debug)]
pub struct Closing {
    /// Gives the point in time from which rows that others write are looked at again.
    pub since: &'static str,
    /// That a row was written by another session after `{since}`.
    pub written_by_others: &'static str,
    /// Gives whether it is this transaction's turn to write, which it is until it ends: of several batches, each of
    /// which would wait for the others at the end, one writes at a time.
    pub turn: &'static str,
    /// Gives whether another session waits for a lock of this one. If so, it may hold one that is wanted, and waiting
    /// for it could end that session as the victim of a deadlock.
    pub is_waited_for: &'static str,
    /// Gives each of the tables in `$1`, a JSON array, with the statement by which the account locks it, or NULL if it
    /// may not. What is not a table here is left out.
    pub lockable: &'static str,
    /// Runs such statements, `$1` as a JSON array, and with them keeps others from writing until the transaction ends. It
    /// waits `$2` milliseconds for those who are at it, for all tables together, and less if a longer wait could end one
    /// of them as the victim of a deadlock.
    pub lock: &'static str,
    /// Ends an automatic vacuum of one of the tables that such statements lock, `$1` as a JSON array, and keeps it from
    /// coming back until the transaction ends. It waits for no session that writes.
    pub end_vacuum: &'static str,
}

/// What one kind of database always says, whatever a statement is about.
#[derive(Debug)]
pub struct Constants {
    /// What it is called in data: `sqlite`, say.
    pub name: &'static str,
    /// How conditions of a policy are parsed.
    pub grammar: &'static (dyn sqlparser::dialect::Dialect + Sync),
    /// Whether a column of days can hold other texts too.
    pub days_are_texts: bool,
    /// The kinds of columns that can name files.
    pub names_files: &'static [Kind],
    /// The type of a column of a temporary table that holds values of any type as texts.
    pub any_text: &'static str,
    /// The keys in `$1`, a JSON array, as rows `j`: the place of each from 0 as `n`, and its `value`.
    pub given_keys: &'static str,
    /// That a key of [`given_keys`](Constants::given_keys) stands for the clients whose key is NULL.
    pub given_null: &'static str,
    /// Keys that the ledger writes, column `client_key`, as one JSON array of keys as JSON: of one column, and of several.
    pub keys_joined: [&'static str; 2],
    /// The pairs of texts of the JSON array in `$1` as a subquery with columns `hash` and `client`.
    pub pairs: &'static str,
    /// A random name, made anew for each row.
    pub random_name: &'static str,
    /// A join that reads the tables in the order in which they stand, as far as a database lets itself be told.
    pub then: &'static str,
    /// Keeps a column's index out of the planner's sight, written in front of it.
    pub unindexed: &'static str,
    /// Whether [`among`](SqlDialect::among) looks a single value up in an array, which is searched from the front.
    pub looks_up_in_arrays: bool,
    /// Whether a limit tempts the planner into walking along an index, row by row.
    pub is_tempted_by_limits: bool,
    /// Whether a condition may be evaluated for rows that other conditions leave out.
    pub evaluates_in_any_order: bool,
    /// Whether a row is written anew, with an entry in every index, each time it is changed.
    pub rewrites_rows: bool,
    /// Whether one transaction that writes keeps all others from writing.
    pub has_one_writer: bool,
    /// Has a query lock its rows and pass over those that another transaction has locked.
    pub skip_locked: &'static str,
    /// Has a query lock its rows, and wait for those that another transaction has locked.
    pub lock_rows: &'static str,
    /// Keeps others from recording outcomes and holds until the transaction ends.
    pub keep_others_from_recording: Option<&'static str>,
    /// Has one transaction at a time go on, of those whose batch leaves files to be deleted.
    pub one_at_a_time: Option<&'static str>,
    /// How others are kept from writing at the very end of a transaction; `None` where there is one writer.
    pub closing: Option<&'static Closing>,
    /// Has constraints that are checked at the end checked from now on.
    pub check_constraints_now: Option<&'static str>,
    /// The statements that make the ledger's tables, by version.
    pub migrations: &'static [&'static str],
    /// Has new sweeps numbered behind the highest number there is.
    pub number_sweeps: Option<&'static str>,
    /// Gives back the room of rows deleted from the temporary tables, whose names follow, where nothing else does.
    pub vacuum: Option<&'static str>,
    /// How the names of indexes of temporary tables begin.
    pub temporary_indexes: &'static str,
    /// What is made in each connection that writes batches; it goes with the connection.
    pub functions: &'static [&'static str],
    /// Counts one if the ledger has the table named by `$1`.
    pub ledger_has: &'static str,
    /// Tells sessions that listen that there are batches to claim.
    pub announce_batches: Option<&'static str>,
    /// Makes a table and proves that the account may write.
    pub write_test: &'static str,
    /// What no rule reaches, for a report's list of what is not checked.
    pub leftovers: &'static str,
}

impl Constants {
    /// The tables of a migration, temporary and empty.
    pub fn temporary(&self, migration: &str) -> String {
        let index = self.temporary_indexes;
        migration
            .replace("CREATE TABLE lethe_", "CREATE TEMP TABLE IF NOT EXISTS lethe_")
            .replace("CREATE UNIQUE INDEX lethe_", &format!("CREATE UNIQUE INDEX IF NOT EXISTS {index}"))
            .replace("CREATE INDEX lethe_", &format!("CREATE INDEX IF NOT EXISTS {index}"))
    }
}

/// The SQL of one kind of database. Expressions are SQL; names come unquoted
/// where a parameter says so, and quoted elsewhere.
pub trait SqlDialect: Debug + Send + Sync {
    fn constants(&self) -> &'static Constants;

    // Tables and values

    /// A table by its unquoted name, where it is called by no other name: `"schema"."table"`.
    fn qualified(&self, table: &str) -> String;
    /// A column as a text, for reading and comparing texts.
    fn as_text(&self, column: &str) -> String;
    /// A text column as bytes, of which not every one holds valid characters only.
    fn text_bytes(&self, column: &str) -> String;
    /// A column of this kind and declared type, to compare with values of a filter.
    fn filtered(&self, column: &str, kind: Kind, declared: &str) -> String;
    /// A filter's value as a literal that compares as a column of this kind and
    /// declared type does; `None` if no such column can hold it.
    fn filter_value(&self, kind: Kind, declared: &str, value: &str) -> Option<String>;
    /// An expression as a value of a declared type.
    fn cast(&self, expression: &str, declared: &str) -> String;
    /// A number as a literal that fits any column of numbers or truth values.
    fn number(&self, number: &str) -> String;
    /// A text or NULL as a day of a date column.
    fn day(&self, expression: &str) -> String;
    /// The begin of a day, to compare dates and moments with, in the time zone of a sweep.
    fn begin_of(&self, today: Today, day: NaiveDate) -> String;
    /// That a text column holds a day as Lethe reads it, with or without a time behind it.
    fn is_day(&self, column: &str) -> String;
    /// A date or a moment of this declared type, cut to its `year`, `month` or
    /// `decade`; `None` where dates are texts.
    fn truncated(&self, column: &str, declared: &str, unit: &str) -> Option<String>;
    /// A JSON document without these paths. Of what cannot be read, `empty` is left.
    fn redacted(&self, column: &str, declared: &str, empty: &str, paths: &[&[Segment]]) -> String;
    /// What keeps a column from holding days: what it would have to be.
    fn date_problem(&self, kind: Kind) -> Option<&'static str>;
    /// Finds one row if a date column holds a value that is neither empty nor a
    /// day; `None` where none can.
    fn not_a_date(&self, table: &str, date: &str) -> Option<String>;

    // Keys of clients

    /// A key's columns as JSON. A key of one column is a number, or a text as the ledger writes it.
    fn key_json(&self, columns: &[String], types: &[String]) -> String;
    /// A key's columns as the ledger writes them: a plain text, or a JSON array.
    fn key_text(&self, columns: &[String], types: &[String]) -> String;
    /// A key as JSON, or one element of it, as a value of the key's column; NULL where it cannot be one.
    fn key_part(&self, json: &str, element: Option<usize>, declared: &str) -> String;
    /// A key of one column as the ledger writes it, as a value of that column; NULL where it cannot be one.
    fn key_of_text(&self, text: &str, declared: &str) -> String;
    /// A key of [`given_keys`](Constants::given_keys) to compare with a key of one column.
    fn given_key(&self, declared: &str) -> String;
    /// The same, or an element of a key of several columns, where [`functions`](Constants::functions) are made: NULL for
    /// whatever the column could not hold.
    fn given_tried(&self, element: Option<usize>, declared: &str) -> String;
    /// What such a key means if the client table does not have it as it was read first; `None` where there is one
    /// way to read it.
    fn given_otherwise(&self, declared: &str) -> Option<String>;
    /// Keys of [`given_keys`](Constants::given_keys) of so many columns that the database holds and no statement can
    /// compare safely: the condition, and what is wrong with them.
    fn given_unreadable(&self, width: usize) -> Vec<(String, &'static str)>;
    /// A key of [`given_keys`](Constants::given_keys) as the ledger writes it.
    fn given_text(&self, width: usize) -> String;
    /// Keys in a JSON array as the ledger writes them, as a query.
    fn ledger_keys_in(&self, parameter: &str) -> String;

    // JSON

    /// The texts in a JSON array, as a query of one column `value`.
    fn texts_in(&self, json: &str) -> String;
    /// The whole numbers in a JSON array, as a query of one column `value`.
    fn numbers_in(&self, json: &str) -> String;
    /// The texts of a JSON array in a column, as a relation `r` with a column `value`.
    fn elements(&self, column: &str) -> String;
    /// The members of a JSON object of texts, as a relation `r` with columns `key` and `value`.
    fn members(&self, json: &str) -> String;
    /// All texts as one JSON array, in this order.
    fn json_list(&self, text: &str, order: &str) -> String;
    /// The objects of a JSON array as a relation `r` with these columns, whole numbers or texts.
    fn records(&self, json: &str, columns: &[(&str, bool)]) -> String;

    // Planning

    /// That a value of so many columns is among those that a query gives.
    fn among(&self, value: &str, width: usize, query: &str) -> String;
    /// What identifies a row of a table until it is changed, as JSON, by the table's unquoted name and the columns that
    /// identify it, if the database needs to be told.
    fn row_json(&self, table: &str, identity: &[String]) -> String;
    /// That a row is among those that `rows` (`FROM … WHERE … LIMIT …`) finds in the same table, by its address.
    fn row_found(&self, table: &str, identity: &[String], rows: &str) -> String;
    /// A number that changes when rows of a table are deleted in the same transaction, whatever others do meanwhile.
    fn deletions(&self, table: &str) -> String;
    /// What identifies a row by these columns, whatever else of it is changed, as a text; `of` is the table, quoted, or a
    /// row of a trigger.
    fn row_text(&self, of: &str, key: &[String]) -> String;
    /// Begins to watch for changes to rows of a table that are not in `lethe_own`, whoever makes them in this transaction.
    fn watch(&self, step: usize, table: &str, key: &[String], unique: &[Vec<String>]) -> Vec<String>;
    /// Counts what gives away that such rows were changed or deleted.
    fn harmed(&self, step: usize, table: &str, key: &[String]) -> String;
    /// Ends watching.
    fn unwatch(&self, step: usize) -> Vec<String>;
    /// That a row is among those in a JSON array of identities.
    fn row_among(&self, table: &str, identity: &[String], json: &str) -> String;

    // Locks

    /// Keeps these tables, by their unquoted names, from being altered until the transaction ends.
    fn keep_schema(&self, tables: &[&str]) -> Option<String>;
    /// Refreshes a materialized view, by its unquoted name, however long that takes.
    fn refresh(&self, view: &str) -> Vec<String>;

    // Lethe's own tables
}
