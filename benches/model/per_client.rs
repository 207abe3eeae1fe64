//! What a worker does that takes one client after the other: the script's
//! statements, prepared once, for one client in one transaction.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use crate::server::SCRIPT;

/// Whoever is due, in the order of their keys.
const DUE: &str = "SELECT customer_no FROM customers WHERE anonymized = 0 AND to_anonymize_on > '1900-01-01' \
     AND to_anonymize_on < '2026-01-02' ORDER BY customer_no LIMIT $1";

/// Whether the client is still due, and what keeps it: one row if it is.
const LOOK: &str = "SELECT concat_ws(',',
    CASE WHEN EXISTS (SELECT FROM sales_headers WHERE sell_to_customer_no = $1 AND status <> 'Archived')
        OR EXISTS (SELECT FROM sales_headers WHERE bill_to_customer_no = $1 AND status <> 'Archived')
        THEN '\"open-documents\"' END,
    CASE WHEN EXISTS (SELECT FROM cust_ledger_entries WHERE customer_no = $1 AND open = 1) THEN '\"open-entries\"' END,
    CASE WHEN EXISTS (SELECT FROM gen_journal_lines WHERE account_type = 'Customer' AND account_no = $1)
        OR EXISTS (SELECT FROM gen_journal_lines WHERE bal_account_type = 'Customer' AND bal_account_no = $1)
        THEN '\"journal-lines\"' END,
    CASE WHEN EXISTS (SELECT FROM memberships WHERE customer_no = $1) THEN '\"membership\"' END,
    CASE WHEN EXISTS (SELECT FROM customers WHERE bill_to_customer_no = $1 AND anonymized = 0
        AND customer_no <> bill_to_customer_no) THEN '\"pays-for-others\"' END)
    FROM customers WHERE customer_no = $1 AND anonymized = 0 AND to_anonymize_on > '1900-01-01'
        AND to_anonymize_on < '2026-01-02' FOR UPDATE";

/// Contacts who serve nobody that stays.
const CONTACTS: &str = "SELECT contact_no FROM contact_business_relations AS r WHERE customer_no = $1 AND NOT EXISTS (
    SELECT FROM contact_business_relations AS other JOIN customers AS c ON c.customer_no = other.customer_no
    WHERE other.contact_no = r.contact_no AND c.anonymized = 0 AND c.customer_no <> $1)";

const RECORD: &str = "INSERT INTO lethe_outcomes (client_key, sweep, outcome, reasons, at, last_sweep, last_at, digest) \
     VALUES ($1, 1, $2, $3, '2026-01-01T00:30:00.000Z', 1, '2026-01-01T00:30:00.000Z', '')";

/// Takes one client after the other, and returns how many were looked at.
pub async fn work(connection: &mut PgConnection, clients: i64) -> u64 {
    let due: Vec<String> = sqlx::query_scalar(DUE).bind(clients).fetch_all(&mut *connection).await.expect("clients");
    let changes = changes();
    for client in &due {
        let mut transaction = connection.begin().await.expect("a transaction");
        let look = sqlx::query_scalar(LOOK).bind(client).fetch_optional(&mut *transaction);
        let Some(reasons): Option<String> = look.await.expect("a look") else { continue };
        if reasons.is_empty() {
            let contacts = sqlx::query_scalar(CONTACTS).bind(client).fetch_all(&mut *transaction);
            let contacts: Vec<String> = contacts.await.expect("contacts");
            for (change, of) in &changes {
                let query = sqlx::query(AssertSqlSafe(change.as_str()));
                let query = match of {
                    Of::Client => query.bind(client),
                    Of::Both => query.bind(client).bind(&contacts),
                    Of::Contacts if contacts.is_empty() => continue,
                    Of::Contacts => query.bind(&contacts),
                };
                query.execute(&mut *transaction).await.expect("the change is made");
            }
        }
        let record = sqlx::query(RECORD).bind(client);
        let record = match reasons.as_str() {
            "" => record.bind("anonymized").bind(None::<String>),
            reasons => record.bind("refused").bind(format!("[{reasons}]")),
        };
        record.execute(&mut *transaction).await.expect("the outcome is written");
        transaction.commit().await.expect("it commits");
    }
    due.len() as u64
}

/// Whose rows a change is about, and with that its parameters.
enum Of {
    Client,
    Contacts,
    Both,
}

/// The changes of the script, each for one client.
fn changes() -> Vec<(String, Of)> {
    let (client, contact) = ("IN (SELECT customer_no FROM taken)", "IN (SELECT contact_no FROM own_contacts)");
    let begin = SCRIPT.find("-- What goes whole.").expect("the script changes rows");
    let end = SCRIPT.find("-- What became").expect("the script ends with the outcomes");
    let statements = SCRIPT[begin..end].split_inclusive(';').map(str::trim).filter(|sql| !sql.is_empty());
    statements
        .map(|sql| match (sql.contains(client), sql.contains(contact)) {
            (true, false) => (sql.replace(client, "= $1"), Of::Client),
            (false, _) => (sql.replace(contact, "= ANY ($1)"), Of::Contacts),
            (true, true) => (sql.replace(client, "= $1").replace(contact, "= ANY ($2)"), Of::Both),
        })
        .collect()
}
