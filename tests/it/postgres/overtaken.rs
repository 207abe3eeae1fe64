//! What an application commits before Lethe does counts, whatever was true when Lethe looked first.

use std::time::Duration;

use lethe::domain::key::Key;
use lethe::domain::sweep::SweepKind;
use lethe::ledger::State;
use lethe::worker::sweep::open;
use lethe::worker::wait_for;
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;

use crate::common::Company;

/// Tables that refer to no table.
const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE, anonymized INTEGER NOT NULL DEFAULT 0);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT, status TEXT, ship_to TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, customer_no TEXT, body TEXT);
CREATE TABLE visits (id INTEGER PRIMARY KEY, customer_no TEXT, day DATE);
INSERT INTO customers (no, name, due) SELECT 'C' || i, 'Ada Person' || i, '2020-01-01' FROM generate_series(1, 9) AS i;
INSERT INTO orders SELECT i, 'C' || i, 'closed', 'Harbour' FROM generate_series(1, 9) AS i;
INSERT INTO orders SELECT 100 + i, 'C' || i, 'closed', 'Somewhere' FROM generate_series(1, 9) AS i;
INSERT INTO notes SELECT i, 'C' || i, 'called twice' FROM generate_series(1, 9) AS i;
INSERT INTO visits SELECT i, 'C' || i, '2015-05-05' FROM generate_series(1, 9) AS i;
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN new; END $$;
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
anonymized = "anonymized"

[period]
length = "5 years"
activity = [{ table = "visits", date = "day" }]

[[guards]]
name = "open-orders"
reason = "has open orders"
table = "orders"
where = "status = 'open'"

[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client", identifying = true }
due = { class = "non-personal" }
anonymized = { class = "non-personal" }

[tables.orders]
client = "customer_no"
[tables.orders.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
status = { class = "non-personal" }
ship_to = { class = "personal", replace = "Somewhere" }

[tables.notes]
client = "customer_no"
[tables.notes.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
body = { class = "non-personal" }

[tables.visits]
client = "customer_no"
[tables.visits.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
day = { class = "non-personal" }
"#;

/// The rules take a while.
const SLOW_RULES: &str =
    "CREATE TRIGGER slow BEFORE UPDATE ON customers FOR EACH ROW WHEN (old.no = 'C1') EXECUTE FUNCTION slow()";
/// What comes after the rules takes a while.
const SLOW_OUTCOMES: &str = "CREATE TRIGGER slow BEFORE INSERT ON lethe.lethe_outcomes FOR EACH ROW \
                             WHEN (new.client_key = 'C1') EXECUTE FUNCTION slow()";

/// What the application does while the batch is under way. It never waits for long.
async fn meanwhile(company: &Company, statements: &[&str]) {
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    for _ in 0..2_000 {
        if company.rows(asleep).await != ["0"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for sql in statements {
        company.place.execute(&format!("SET lock_timeout = '5s'; {sql}")).await;
    }
}

#[tokio::test]
async fn what_is_committed_while_the_rules_are_applied_counts() {
    Box::pin(overtaken(SLOW_RULES)).await;
}

#[tokio::test]
async fn what_is_committed_after_the_rules_counts() {
    Box::pin(overtaken(SLOW_OUTCOMES)).await;
}

async fn overtaken(slow: &str) {
    super::on_postgres();
    let company = Company::new(SCHEMA, POLICY).await;
    company.execute(slow).await;
    let application = meanwhile(
        &company,
        &[
            // Reopened where no rule has anything to do, opened anew, and a row that has a name.
            "UPDATE orders SET status = 'open' WHERE id = 102",
            "INSERT INTO orders VALUES (200, 'C3', 'open', 'Somewhere')",
            "INSERT INTO notes VALUES (200, 'C4', 'ask for Ada Person4')",
            "UPDATE notes SET body = 'Ada Person5 called' WHERE id = 5",
            "INSERT INTO orders VALUES (201, 'C6', 'closed', 'Harbour, Ada')",
            "INSERT INTO lethe.lethe_holds (client_key, reason, placed_at, placed_by) VALUES ('C7', 'court', '2026-01-02T12:00:00Z', 'legal')",
        ],
    );
    let (tally, ()) = tokio::join!(company.due(), application);
    assert_eq!(
        company.rows("SELECT no FROM customers WHERE anonymized = 1 ORDER BY no").await,
        ["C1", "C6", "C8", "C9"]
    );
    assert_eq!((tally.anonymized, tally.refused, tally.failed), (4, 3, 2), "{tally:?}");
    assert_eq!(
        company
            .rows("SELECT client_key, outcome, reasons FROM lethe_outcomes WHERE outcome <> 'anonymized' ORDER BY 1")
            .await,
        [
            r#"C2|refused|["open-orders"]"#,
            r#"C3|refused|["open-orders"]"#,
            r#"C4|failed|["residue:notes.body"]"#,
            r#"C5|failed|["residue:notes.body"]"#,
            r#"C7|refused|["hold"]"#,
        ]
    );
    assert_eq!(
        company.rows("SELECT ship_to FROM orders WHERE id = 201").await,
        ["Somewhere"],
        "it came too late to keep"
    );
}

#[tokio::test]
async fn activity_that_is_committed_before_a_batch_keeps_its_client() {
    super::on_postgres();
    let company = Company::new(SCHEMA, POLICY).await;
    company.execute(SLOW_OUTCOMES).await;
    let application = meanwhile(&company, &["INSERT INTO visits VALUES (100, 'C2', '2025-12-12')"]);
    let (tally, ()) = tokio::join!(company.period(), application);
    assert_eq!(tally.anonymized, 8, "{tally:?}");
    assert_eq!(company.rows("SELECT no FROM customers WHERE anonymized = 0").await, ["C2"]);
}

/// The guard of the policy, put otherwise.
fn guarded(guard: &str) -> String {
    let policy = POLICY.replace("table = \"orders\"\nwhere = \"status = 'open'\"", guard);
    assert_ne!(policy, POLICY);
    policy
}

#[tokio::test]
async fn a_guard_counts_whose_subquery_reads_a_table_of_which_a_rule_changes_another_column() {
    super::on_postgres();
    let open = "EXISTS (SELECT 1 FROM orders AS o WHERE o.customer_no = customers.no AND o.status = 'open')";
    let company = Company::new(SCHEMA, &guarded(&format!("where = \"{open}\""))).await;
    company.execute(SLOW_OUTCOMES).await;
    let application = meanwhile(
        &company,
        &[
            "UPDATE orders SET status = 'open' WHERE id = 102",
            "INSERT INTO orders VALUES (200, 'C3', 'open', 'Somewhere')",
        ],
    );
    let (tally, ()) = tokio::join!(company.due(), application);
    assert_eq!((tally.anonymized, tally.refused), (7, 2), "{tally:?}");
    assert_eq!(company.rows("SELECT no FROM customers WHERE anonymized = 0 ORDER BY no").await, ["C2", "C3"]);
}

#[tokio::test]
async fn activity_keeps_a_listed_client_that_is_not_due_by_its_date() {
    super::on_postgres();
    let company = Company::new(SCHEMA, POLICY).await;
    company.execute(SLOW_OUTCOMES).await;
    company.execute("UPDATE customers SET due = NULL WHERE no IN ('C2', 'C3')").await;
    let mut request = company.request(SweepKind::List);
    request.keys = (1..=9).map(|own| Key::parse(&format!("C{own}"), 1).expect("a key")).collect();
    let application = meanwhile(
        &company,
        &["INSERT INTO visits VALUES (100, 'C2', '2025-12-12')", "INSERT INTO visits VALUES (101, 'C4', '2025-12-12')"],
    );
    let (tally, ()) = tokio::join!(company.sweep(&request), application);
    let tally = tally.expect("a list sweep");
    assert_eq!((tally.anonymized, tally.not_due), (8, 1), "{tally:?}");
    assert_eq!(company.rows("SELECT no FROM customers WHERE anonymized = 0").await, ["C2"]);
}

/// Notes which tables the session has locked against writing whenever a guard is evaluated.
const WATCHED: &str = "
CREATE TABLE witness (name TEXT);
CREATE FUNCTION watched() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
  IF current_setting('transaction_read_only') = 'off' THEN
    INSERT INTO witness SELECT c.relname FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
      WHERE l.pid = pg_backend_pid() AND l.mode = 'ShareLock' AND l.granted;
  END IF;
  RETURN FALSE;
END $$;
";

/// Works on a due sweep until it is done, and returns which tables were locked when it was verified.
async fn locked(company: &Company) -> Vec<String> {
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let mut each = |_: &_, _: &_| {};
    let working = wait_for(&company.context, id, CancellationToken::new(), &mut each);
    let ended = tokio::time::timeout(Duration::from_mins(1), working).await.expect("it need not wait for long");
    assert_eq!(ended.unwrap().unwrap().state, State::Done);
    assert_eq!(company.rows("SELECT count(*) FROM customers WHERE anonymized = 1").await, ["9"]);
    company.rows("SELECT DISTINCT name FROM witness ORDER BY name").await
}

#[tokio::test]
async fn no_session_writes_to_a_table_that_decides_while_a_batch_is_verified() {
    super::on_postgres();
    // One that is read in a subquery alone is among them.
    let guard = "table = \"orders\"\nwhere = \"status IN (SELECT name FROM open_words) OR watched()\"";
    let words = "CREATE TABLE open_words (name TEXT);";
    let company = Company::new(&format!("{SCHEMA}{WATCHED}{words}"), &guarded(guard)).await;
    assert_eq!(
        locked(&company).await,
        ["customers", "lethe_holds", "notes", "open_words", "orders", "visits", "witness"]
    );
}

#[tokio::test]
async fn the_tables_behind_a_view_that_decides_are_locked_too() {
    super::on_postgres();
    let guard = "table = \"orders\"\nwhere = \"status IN (SELECT name FROM current_words) OR watched()\"";
    let views = "CREATE SCHEMA other; CREATE TABLE other.words (name TEXT); \
                 CREATE VIEW all_words AS SELECT name FROM other.words; \
                 CREATE VIEW current_words AS SELECT name FROM all_words UNION SELECT name FROM all_words;";
    let company = Company::new(&format!("{SCHEMA}{WATCHED}{views}"), &guarded(guard)).await;
    assert_eq!(locked(&company).await, ["customers", "lethe_holds", "notes", "orders", "visits", "witness", "words"]);
}

#[tokio::test]
async fn a_table_that_another_session_keeps_busy_leaves_the_others_locked() {
    super::on_postgres();
    let guard = "table = \"orders\"\nwhere = \"status = 'open' OR watched()\"";
    let company = Company::new(&format!("{SCHEMA}{WATCHED}"), &guarded(guard)).await;
    let mut other = PgConnection::connect(&company.place.setting()).await.expect("the server answers");
    sqlx::raw_sql("BEGIN; LOCK TABLE notes IN ROW EXCLUSIVE MODE").execute(&mut other).await.expect("it is locked");
    assert_eq!(locked(&company).await, ["customers", "lethe_holds", "orders", "visits", "witness"]);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.expect("it lets go");
}

#[tokio::test]
async fn a_hold_that_is_placed_while_old_rows_are_deleted_keeps_its_clients_rows() {
    super::on_postgres();
    let retention = "[tables.visits.retention]\nlength = \"6 years\"\ndate = \"day\"\nrows = \"delete\"";
    // Activity is not deleted before it has stopped counting.
    let (before, rest) = POLICY.split_once("[period]").expect("a period");
    let (_, rest) = rest.split_once("\n\n").expect("more than that");
    let company = Company::new(SCHEMA, &format!("{before}{rest}\n{retention}\n")).await;
    company
        .execute(
            "CREATE FUNCTION slow_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN old; END $$; \
             CREATE TRIGGER slow BEFORE DELETE ON visits FOR EACH ROW WHEN (old.customer_no = 'C1') EXECUTE FUNCTION slow_delete()",
        )
        .await;
    let application = meanwhile(
        &company,
        &[
            "INSERT INTO lethe.lethe_holds (client_key, reason, placed_at, placed_by) VALUES ('C7', 'court', '2026-01-02T12:00:00Z', 'legal')",
        ],
    );
    let request = company.request(SweepKind::Retention);
    let (swept, ()) = tokio::join!(company.sweep(&request), application);
    swept.expect("a retention sweep");
    assert_eq!(company.rows("SELECT customer_no FROM visits").await, ["C7"]);
}

#[tokio::test]
async fn a_table_that_a_guards_function_reads_is_locked_while_the_batch_is_verified() {
    super::on_postgres();
    let cases = "CREATE TABLE cases (no TEXT); CREATE VIEW open_cases AS SELECT no FROM cases;
        CREATE FUNCTION in_court(own TEXT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$ BEGIN RETURN is_listed(own); END $$;
        CREATE FUNCTION is_listed(own TEXT) RETURNS BOOLEAN LANGUAGE sql AS 'SELECT EXISTS (SELECT 1 FROM open_cases WHERE no = own)';";
    let policy = guarded("where = \"in_court(no)\"")
        .replace("[tables.visits]", "[tables.cases]\nfree = \"numbers\"\n[tables.visits]");
    let company = Company::new(SCHEMA, &policy).await;
    company.execute(cases).await;
    let mut other = PgConnection::connect(&company.place.setting()).await.expect("the server answers");
    sqlx::raw_sql("BEGIN; INSERT INTO cases VALUES ('C2')").execute(&mut other).await.expect("it is written");
    let application = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sqlx::raw_sql("COMMIT").execute(&mut other).await.expect("it is committed");
    };
    let (tally, ()) = tokio::join!(company.due(), application);
    assert_eq!((tally.anonymized, tally.refused), (8, 1), "{tally:?}");
}
