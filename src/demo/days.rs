//! The days that data of a company is made of: counted from today, so that the
//! same rows are due, or not due, whenever they are loaded.

use chrono::{Days, NaiveDate};

/// How many days before today there are.
const BEFORE: i64 = 9_000;
/// How many days after today there are.
const AFTER: i64 = 400;
/// Rows of one statement.
const ROWS: usize = 500;

/// Statements that make the temporary table `days (ago, day)`, from 9,000 days ago until in 400 days.
///
/// Data of a shipped policy is read behind them on the same connection, on any
/// kind of database. A day to come has an `ago` below zero.
pub fn days(today: NaiveDate) -> String {
    let mut sql = "CREATE TEMPORARY TABLE days (ago INTEGER NOT NULL PRIMARY KEY, day DATE NOT NULL);\n".to_owned();
    let day = |ago: i64| {
        let by = Days::new(ago.unsigned_abs());
        if ago < 0 { today + by } else { today - by }
    };
    let rows: Vec<String> = (-AFTER..=BEFORE).map(|ago| format!("({ago}, '{}')", day(ago))).collect();
    for rows in rows.chunks(ROWS) {
        sql += &format!("INSERT INTO days VALUES {};\n", rows.join(", "));
    }
    sql
}
