//! From a size, a seed and a day to a database.

use chrono::NaiveDate;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::mpsc;

use super::SCHEMA;
use super::company::Company;
use super::load::{self, Chunk, Loader};
use super::size::Size;

/// The line of the schema with which the indexes begin.
const INDEXES: &str = "-- Indexes\n";

/// Settings of a bulk load: rows are right by construction, a failed load is
/// thrown away whole, and 128 MB help to sort the indexes.
const SETTINGS: &str = "PRAGMA foreign_keys = 0; PRAGMA synchronous = 0; PRAGMA cache_size = -131072;";

/// Creates the schema of the NP Retail policy in an empty database and fills it.
///
/// The same size, seed and `today` give the same rows. All dates are relative
/// to `today`. Everything happens in one transaction, in memory that does not
/// grow with the number of clients; the connection keeps the settings of a bulk
/// load. Cheapest in a fresh file that is not in WAL mode yet, since the log
/// would hold every page a second time.
pub async fn generate(
    connection: &mut SqliteConnection,
    size: &Size,
    seed: u64,
    today: NaiveDate,
) -> Result<(), sqlx::Error> {
    let (tables, indexes) = SCHEMA.split_once(INDEXES).unwrap_or((SCHEMA, ""));
    sqlx::raw_sql(SETTINGS).execute(&mut *connection).await?;
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(tables).execute(&mut *transaction).await?;
    load::set_up(&mut transaction).await?;

    let (sender, mut chunks) = mpsc::channel(2);
    let company = Company::new(size.clone(), seed, today);
    let maker = tokio::task::spawn_blocking(move || make(company, &sender));
    let loader = Loader::new(&mut transaction).await?;
    while let Some(chunk) = chunks.recv().await {
        loader.load(&mut transaction, chunk).await?;
    }
    maker.await.map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;

    sqlx::raw_sql(indexes).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// Makes one chunk after the other, a few ahead of the database.
fn make(mut company: Company, chunks: &mpsc::Sender<Chunk>) {
    for client in 0..company.size.clients {
        company.add(client);
        let is_full = (client + 1).is_multiple_of(load::CLIENTS);
        if (is_full || client + 1 == company.size.clients)
            && chunks.blocking_send(std::mem::take(&mut company.chunk)).is_err()
        {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();

    async fn company(size: &Size, seed: u64) -> SqliteConnection {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        generate(&mut connection, size, seed, TODAY).await.unwrap();
        connection
    }

    async fn number(connection: &mut SqliteConnection, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
    }

    #[test]
    fn the_same_seed_makes_the_same_rows() {
        let made = |seed, clients| {
            let mut company = Company::new(Size { clients: 1_000, due: 100, ..Size::demo() }, seed, TODAY);
            (0..clients).for_each(|client| company.add(client));
            company.chunk
        };

        assert_eq!(made(7, 600), made(7, 600));
        assert_ne!(made(7, 600), made(8, 600));
    }

    #[tokio::test]
    async fn exactly_so_many_clients_are_due_and_every_reference_holds() {
        let size = Size { clients: 1_501, due: 77, ..Size::demo() };
        let mut connection = company(&size, 7).await;

        assert_eq!(number(&mut connection, "SELECT count(*) FROM customers").await, 1_501);
        let due = "SELECT count(*) FROM customers
            WHERE anonymized = 0 AND to_anonymize_on <> '' AND to_anonymize_on <= '2026-01-01'";
        assert_eq!(number(&mut connection, due).await, 77);
        assert_eq!(number(&mut connection, "SELECT count(*) FROM pragma_foreign_key_check").await, 0);
    }

    #[tokio::test]
    async fn a_model_has_the_same_of_everything() {
        let mut connection = company(&Size::model(1_000), 7).await;

        for (sql, rows) in [
            ("SELECT count(*) FROM contact_points", 3_000),
            ("SELECT count(*) FROM posted_sales_invoices", 5_000),
            ("SELECT count(*) FROM cust_ledger_entries", 5_000),
            ("SELECT count(*) FROM customers WHERE to_anonymize_on <= '2026-01-01' AND to_anonymize_on <> ''", 100),
        ] {
            assert_eq!(number(&mut connection, sql).await, rows, "{sql}");
        }
    }
}
