//! Rows into the database: those of some hundred clients at a time, each table's as one array of JSON.
//!
//! What a document copies from the customer's card (names and addresses) is
//! copied by the database, so it need not be sent.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr, SqliteConnection};

use super::names::ITEMS;

/// The clients whose rows are loaded together.
pub(super) const CLIENTS: u64 = 500;

/// The set-up of the company.
const SET_UP: &str = "
INSERT INTO customer_posting_groups VALUES
    ('RETAIL', 'Customers of the shops', '2310'), ('WEBSHOP', 'Customers of the web shop', '2310'),
    ('B2B', 'Companies', '2320'), ('STAFF', 'Staff purchases', '2330');
INSERT INTO gen_bus_posting_groups VALUES
    ('DOMESTIC', 'Denmark', 'DOMESTIC'), ('EU', 'Other member states', 'EU'), ('EXPORT', 'Other countries', 'EXPORT');
INSERT INTO notes VALUES
    (-1, 'Item', '1301', 'Strap breaks, send the new model.', 'TORBEN', '2025-03-02 09:12:44'),
    (-2, 'Item', '1402', 'At most 30 characters.', 'HANNE', '2024-11-18 16:40:03');
";

/// The tables that customers fill, in the order in which they are filled; for one whose rows the
/// database completes, the statement that does so.
const TABLES: [(&str, Option<&str>); 15] = [
    ("contacts", None),
    ("customers", None),
    ("contact_business_relations", None),
    ("contact_points", None),
    ("ship_to_addresses", None),
    ("customer_attributes", None),
    ("memberships", None),
    ("tasks", None),
    ("notes", None),
    ("sales_headers", Some(include_str!("sales_headers.sql"))),
    ("sales_lines", None),
    ("posted_sales_invoices", Some(include_str!("posted_sales_invoices.sql"))),
    ("posted_invoice_lines", None),
    ("cust_ledger_entries", Some(include_str!("cust_ledger_entries.sql"))),
    ("gen_journal_lines", None),
];

/// Rows on their way into the database, by table: objects with a field for each column that is not NULL.
pub(super) type Chunk = BTreeMap<&'static str, Vec<Json>>;

/// The statement that fills each table.
pub(super) struct Loader(Vec<(&'static str, SqlStr)>);

impl Loader {
    pub(super) async fn new(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let mut statements = Vec::new();
        for (table, completed) in TABLES {
            let sql = match completed {
                Some(sql) => sql.to_owned(),
                None => insert(connection, table).await?,
            };
            statements.push((table, AssertSqlSafe(sql).into_sql_str()));
        }
        Ok(Self(statements))
    }

    pub(super) async fn load(&self, connection: &mut SqliteConnection, mut chunk: Chunk) -> Result<(), sqlx::Error> {
        for (table, sql) in &self.0 {
            let Some(rows) = chunk.remove(table) else { continue };
            sqlx::query(sql.clone()).bind(Json::Array(rows).to_string()).execute(&mut *connection).await?;
        }
        debug_assert!(chunk.is_empty(), "each table is in the list");
        Ok(())
    }
}

/// The statement that inserts an array of rows. Pictures are written in hexadecimal, since JSON has no bytes.
async fn insert(connection: &mut SqliteConnection, table: &str) -> Result<String, sqlx::Error> {
    let columns = sqlx::query_scalar("SELECT name FROM pragma_table_info(?)").bind(table);
    let columns: Vec<String> = columns.fetch_all(connection).await?;
    let values = columns.iter().map(|column| match column.as_str() {
        "picture" => "unhex(value ->> 'picture')".to_owned(),
        column => format!("value ->> '{column}'"),
    });
    Ok(format!("INSERT INTO {table} SELECT {} FROM json_each(?1)", values.collect::<Vec<_>>().join(", ")))
}

/// Creates the groups, the items and the notes on them.
pub(super) async fn set_up(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(SET_UP).execute(&mut *connection).await?;
    for (no, description, price) in ITEMS {
        let item = sqlx::query("INSERT INTO items (item_no, description, unit_price) VALUES (?, ?, ?)");
        item.bind(*no).bind(*description).bind(*price).execute(&mut *connection).await?;
    }
    Ok(())
}
