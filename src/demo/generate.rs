//! From a size, a seed and a day to a database.

use chrono::NaiveDate;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tokio::sync::mpsc;

use super::chunk::Chunk;
use super::client::Company;
use super::load::{self, Loader};
use super::size::Size;
use super::SCHEMA;

/// The line of the schema with which the indexes begin.
const INDEXES: &str = "-- Indexes\n";

/// Settings of a bulk load: rows are right by construction, a failed load is
/// thrown away whole, and 256 MB help to sort the indexes.
const SETTINGS: [(&str, i64); 3] = [("foreign_keys", 0), ("synchronous", 0), ("cache_size", -262_144)];

/// Creates the schema of the NP Retail policy in an empty database and fills it.
///
/// The same size, seed and `today` give the same rows. All dates are relative
/// to `today`. Everything happens in one transaction, in memory that does not
/// grow with the number of clients; the connection's settings are as before
/// afterwards. Cheapest in a fresh file that is not in WAL mode yet, since the
/// log would hold every page a second time.
///
/// # Errors
///
/// Whatever the database says: no space, no right to write, tables of these
/// names exist already.
pub async fn generate(connection: &mut SqliteConnection, size: &Size, seed: u64, today: NaiveDate) -> Result<(), sqlx::Error> {
    let mut before = Vec::new();
    for (name, value) in SETTINGS {
        before.push((name, sqlx::query_scalar(AssertSqlSafe(format!("PRAGMA {name}"))).fetch_one(&mut *connection).await?));
        set(connection, name, value).await?;
    }
    let filled = fill(connection, size, seed, today).await;
    for (name, value) in before {
        set(connection, name, value).await?;
    }
    filled
}

async fn set(connection: &mut SqliteConnection, name: &str, value: i64) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA {name} = {value}"))).execute(connection).await?;
    Ok(())
}

async fn fill(connection: &mut SqliteConnection, size: &Size, seed: u64, today: NaiveDate) -> Result<(), sqlx::Error> {
    let (tables, indexes) = SCHEMA.split_once(INDEXES).unwrap_or((SCHEMA, ""));
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(tables).execute(&mut *transaction).await?;
    load::set_up(&mut transaction).await?;

    let (sender, mut chunks) = mpsc::channel(2);
    let company = Company::new(size.clone(), seed, today);
    let maker = tokio::task::spawn_blocking(move || make(company, &sender));
    let mut loader = Loader::new();
    while let Some(chunk) = chunks.recv().await {
        loader.take(&mut transaction, chunk).await?;
    }
    maker.await.map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
    loader.finish(&mut transaction).await?;

    sqlx::raw_sql(indexes).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// Makes one chunk after the other, a few ahead of the database.
fn make(mut company: Company, chunks: &mpsc::Sender<Chunk>) {
    for client in 0..company.size.clients {
        company.add(client);
        let is_full = (client + 1).is_multiple_of(load::ROWS as u64);
        if (is_full || client + 1 == company.size.clients)
            && chunks.blocking_send(std::mem::take(&mut company.chunk)).is_err()
        {
            return;
        }
    }
}
