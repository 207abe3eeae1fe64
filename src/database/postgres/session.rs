//! How values go to and come from sqlx's driver for `PostgreSQL`.

use sqlx::postgres::{PgRow, PgTypeKind, PgValueRef, Postgres};
use sqlx::{Decode, Row as _, TypeInfo, ValueRef};

use super::super::native::Native;
use super::super::row::Value;

impl Native for Postgres {
    const BEGIN: Option<&'static str> = None;

    fn values(row: &PgRow) -> Result<Vec<Value>, sqlx::Error> {
        (0..row.len()).map(|at| value(row.try_get_raw(at)?).map_err(sqlx::Error::Decode)).collect()
    }

    fn rows(done: &sqlx::postgres::PgQueryResult) -> u64 {
        done.rows_affected()
    }
}

fn value(value: PgValueRef) -> Result<Value, sqlx::error::BoxDynError> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let declared = value.type_info().into_owned();
    Ok(match declared.name() {
        "BOOL" => Value::Boolean(<bool as Decode<Postgres>>::decode(value)?),
        "INT2" | "INT4" | "INT8" => Value::Integer(<i64 as Decode<Postgres>>::decode(value)?),
        "FLOAT4" => Value::Real(<f32 as Decode<Postgres>>::decode(value)?.into()),
        "FLOAT8" => Value::Real(<f64 as Decode<Postgres>>::decode(value)?),
        "BYTEA" => Value::Bytes(<Vec<u8> as Decode<Postgres>>::decode(value)?),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" | "JSON" | "XML" => text(value.as_bytes()?),
        "VOID" => Value::Null,
        name if name.eq_ignore_ascii_case("citext") => text(value.as_bytes()?),
        _ if matches!(declared.kind(), PgTypeKind::Enum(_)) => text(value.as_bytes()?),
        _ => Value::Unreadable,
    })
}

/// A database in `SQL_ASCII` gives any bytes as a text.
fn text(bytes: &[u8]) -> Value {
    String::from_utf8(bytes.to_vec()).map_or_else(|error| Value::Bytes(error.into_bytes()), Value::Text)
}
