//! Rows into the database, some hundred a statement.
//!
//! A statement is prepared once for a full load of rows and used again. What a
//! document copies from the customer's card (names and addresses) is copied by
//! the database, so it need not be sent.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr, Sqlite, SqliteConnection};

use super::chunk::{Chunk, Table, Value};
use super::names::ITEMS;

/// The most rows of one statement; the clients of a chunk, so that each chunk's are in at once.
pub(super) const ROWS: usize = 500;

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

/// Where the rows wait until there are enough of them.
pub(super) struct Loader {
    waiting: Vec<Waiting>,
}

struct Waiting {
    table: Table,
    width: usize,
    full: SqlStr,
    values: Vec<Value>,
}

impl Loader {
    pub(super) fn new() -> Self {
        let waiting = Table::ALL.map(|table| {
            let width = statement(table).1.split(',').count();
            Waiting { table, width, full: AssertSqlSafe(insert(table, ROWS)).into_sql_str(), values: Vec::new() }
        });
        Self { waiting: waiting.into() }
    }

    /// Takes over the rows of a chunk; all of its customers are in afterwards.
    pub(super) async fn take(
        &mut self,
        connection: &mut SqliteConnection,
        mut chunk: Chunk,
    ) -> Result<(), sqlx::Error> {
        for waiting in &mut self.waiting {
            waiting.values.append(chunk.values(waiting.table));
            waiting.write_full(connection).await?;
            if waiting.table == Table::Customers {
                waiting.write_rest(connection).await?;
            }
        }
        Ok(())
    }

    /// Writes what still waits.
    pub(super) async fn finish(mut self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for waiting in &mut self.waiting {
            waiting.write_rest(connection).await?;
        }
        Ok(())
    }
}

impl Waiting {
    async fn write_full(&mut self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let load = self.width * ROWS;
        let full = self.values.len() / load * load;
        let mut values = self.values.drain(..full);
        for _ in 0..full / load {
            let query = bind(sqlx::query(self.full.clone()), values.by_ref().take(load));
            query.execute(&mut *connection).await?;
        }
        Ok(())
    }

    async fn write_rest(&mut self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if self.values.is_empty() {
            return Ok(());
        }
        let sql = insert(self.table, self.values.len() / self.width);
        bind(sqlx::query(AssertSqlSafe(sql)).persistent(false), self.values.drain(..)).execute(connection).await?;
        Ok(())
    }
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

type Insert<'q> = Query<'q, Sqlite, SqliteArguments>;

fn bind(query: Insert<'_>, values: impl Iterator<Item = Value>) -> Insert<'_> {
    values.fold(query, |query, value| match value {
        Value::Null => query.bind(None::<i64>),
        Value::Integer(value) => query.bind(value),
        Value::Number(value) => query.bind(value),
        Value::Word(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Day(value) => query.bind(value.to_string()),
        Value::Bytes(value) => query.bind(value),
    })
}

/// The text that inserts so many rows.
fn insert(table: Table, rows: usize) -> String {
    let (into, columns, select) = statement(table);
    let places = vec!["?"; columns.split(',').count()].join(", ");
    let values = vec![format!("({places})"); rows].join(",\n");
    match select {
        "" => format!("INSERT INTO {into} ({columns})\nVALUES {values}"),
        select => format!("WITH new ({columns}) AS (\nVALUES {values})\nINSERT INTO {into}\n{select}"),
    }
}

/// What a table takes: its name (with columns where they are computed), the
/// columns of a row that is sent, and how the rest is computed from them.
fn statement(table: Table) -> (&'static str, &'static str, &'static str) {
    match table {
        Table::Contacts => (
            "contacts",
            "contact_no, type, name, search_name, job_title, address, address_2, city, post_code, country, phone_no, \
             mobile_phone_no, email, picture, created_on",
            "",
        ),
        Table::Customers => (
            "customers",
            "customer_no, type, name, name_2, search_name, address, address_2, city, post_code, country, contact, \
             contact_no, phone_no, mobile_phone_no, email, home_page, vat_registration_no, gln, picture, birth_date, \
             customer_posting_group, gen_bus_posting_group, bill_to_customer_no, payment_terms_code, credit_limit, \
             blocked, to_anonymize_on, anonymized, anonymized_date, created_on, last_modified_at, attributes",
            "",
        ),
        Table::Relations => ("contact_business_relations", "contact_no, customer_no, role", ""),
        Table::ContactPoints => {
            ("contact_points", "contact_point_id, customer_no, kind, value, label, newsletter, verified_at", "")
        }
        Table::ShipTo => {
            ("ship_to_addresses", "customer_no, code, name, address, address_2, city, post_code, country, phone_no", "")
        }
        Table::Attributes => ("customer_attributes", "customer_no, attribute, value, changed_on", ""),
        Table::Memberships => (
            "memberships",
            "membership_no, customer_no, membership_code, display_name, external_card_no, status, valid_from, \
             valid_until, points",
            "",
        ),
        Table::Tasks => {
            ("tasks", "task_no, customer_no, main_contact_no, task_type, subject, status, created_on, closed_on", "")
        }
        Table::Notes => ("notes", "note_id, owner_type, owner_no, body, user_id, written_at", ""),
        Table::SalesHeaders => (
            "sales_headers",
            "kind, no, sell_to, bill_to, reference, day, status, amount",
            include_str!("sales_headers.sql"),
        ),
        Table::SalesLines => (
            "sales_lines",
            "document_type, document_no, line_no, item_no, description, quantity, unit_price, line_amount",
            "",
        ),
        Table::Invoices => (
            "posted_sales_invoices",
            "no, order_no, sell_to, bill_to, gift_name, gift_address, reference, external, posting_group, day, due, \
             currency, amount, with_vat",
            include_str!("posted_sales_invoices.sql"),
        ),
        Table::InvoiceLines => (
            "posted_invoice_lines",
            "document_no, line_no, item_no, description, quantity, unit_price, line_amount",
            "",
        ),
        Table::LedgerEntries => (
            "cust_ledger_entries",
            "entry_no, account, day, type, no, description, amount, remaining, open, due",
            include_str!("cust_ledger_entries.sql"),
        ),
        Table::JournalLines => (
            "gen_journal_lines",
            "journal_batch, line_no, account_type, account_no, bal_account_type, bal_account_no, posting_date, \
             description, amount",
            "",
        ),
    }
}
