//! How values go to and come from sqlx's driver for `SQLite`.

use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{Decode, Row as _, TypeInfo, ValueRef};

use super::super::native::Native;
use super::super::row::Value;

impl Native for Sqlite {
    /// Two who have read and then want to write would be in each other's way.
    const BEGIN: Option<&'static str> = Some("BEGIN IMMEDIATE");

    fn values(row: &SqliteRow) -> Result<Vec<Value>, sqlx::Error> {
        (0..row.len())
            .map(|at| {
                let value = row.try_get_raw(at)?;
                if value.is_null() {
                    return Ok(Value::Null);
                }
                let read = match value.type_info().name() {
                    "INTEGER" => <i64 as Decode<Sqlite>>::decode(value).map(Value::Integer),
                    "REAL" => <f64 as Decode<Sqlite>>::decode(value).map(Value::Real),
                    "TEXT" => <Vec<u8> as Decode<Sqlite>>::decode(value).map(|own| match String::from_utf8(own) {
                        Ok(text) => Value::Text(text),
                        Err(error) => Value::Bytes(error.into_bytes()),
                    }),
                    _ => <Vec<u8> as Decode<Sqlite>>::decode(value).map(Value::Bytes),
                };
                read.map_err(sqlx::Error::Decode)
            })
            .collect()
    }

    fn rows(done: &sqlx::sqlite::SqliteQueryResult) -> u64 {
        done.rows_affected()
    }
}
