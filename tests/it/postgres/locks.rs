//! Sweeps beside other sessions: no session waits, and no client is left out.

use std::time::{Duration, Instant};

use lethe::domain::clock::Clock;
use lethe::domain::sweep::SweepKind;
use lethe::ledger::State;
use lethe::worker::sweep::open;
use lethe::worker::{Request, wait_for};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use tokio_util::sync::CancellationToken;

use crate::common::{Company, NOON, context};

const SCHEMA: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, note TEXT);
    INSERT INTO customers SELECT 'C' || lpad(n::text, 3, '0'), 'Person ' || n, '2026-01-01' FROM generate_series(1, {clients}) AS n;
    INSERT INTO orders (customer_no, note) SELECT no, 'for ' || name FROM customers;
";

const POLICY: &str = r#"
    client = { table = "customers", key = "no", to_anonymize_on = "due" }
    [tables.customers.columns]
    no.class = "non-personal"
    name = { class = "personal", replace = "Client", identifying = true }
    due.class = "non-personal"
    [tables.orders]
    client = "customer_no"
    columns.id.class = "non-personal"
    columns.customer_no.class = "non-personal"
    columns.note = { class = "personal", clear = true }
"#;

async fn company(clients: usize) -> Company {
    Company::new(&SCHEMA.replace("{clients}", &clients.to_string()), POLICY).await
}

/// Another session, in a transaction in which it has run this.
async fn another_session(company: &Company, sql: &str) -> PgConnection {
    let mut other = PgConnection::connect(&company.place.setting()).await.expect("the server answers");
    let sql = format!("BEGIN; {sql}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut other).await.expect("the statement runs");
    other
}

const LEFT: &str = "SELECT no FROM customers WHERE name <> 'Client' ORDER BY no";

/// Works on a due sweep while another session holds a lock, until only these clients are left; then
/// the lock is let go, and no client is. Returns whether the batch was split.
async fn beside(company: Company, lock: &str, left: &[&str]) -> bool {
    let mut other = another_session(&company, lock).await;
    let began = Instant::now();
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let context = company.context.clone();
    let working = tokio::spawn(async move { wait_for(&context, id, CancellationToken::new(), &mut |_, _| {}).await });
    while company.rows(LEFT).await != left {
        assert!(began.elapsed() < Duration::from_secs(60), "the others never went through");
        assert!(!working.is_finished(), "the sweep ended without {left:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let was_split = company.rows("SELECT count(*) FROM lethe_batches WHERE state = 'split'").await != ["0"];
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert!(company.rows(waiting).await[0].parse::<u32>().unwrap() <= 1, "more than one session waits");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.expect("it lets go");
    company.set_clock("2026-01-02T13:00:00Z");
    let ended = company.patient(working).await.unwrap().unwrap().unwrap();
    assert_eq!(ended.state, State::Done);
    assert_eq!(company.rows(LEFT).await, [""; 0]);
    let outcomes = "SELECT outcome, count(*), count(DISTINCT client_key) FROM lethe_outcomes GROUP BY outcome";
    let clients = company.rows("SELECT count(*) FROM customers").await.remove(0);
    assert_eq!(company.rows(outcomes).await, [format!("anonymized|{clients}|{clients}")]);
    was_split
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_another_session_has_locked_is_passed_over_at_once_and_done_later() {
    super::on_postgres();
    let lock = "SELECT 1 FROM customers WHERE no IN ('C002', 'C005') FOR UPDATE";
    let mut company = company(7).await;
    // Were a lock waited for, it would be for longer than this test takes.
    company.context.limits.batch_size = 100;
    assert!(!beside(company, lock, &["C002", "C005"]).await, "a lock that was waited for in vain splits the batch");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_a_client_that_another_session_has_locked_holds_up_that_client_alone() {
    super::on_postgres();
    let lock = "UPDATE orders SET note = 'x' WHERE customer_no = 'C003'";
    beside(company(5).await, lock, &["C003"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_deleted_by_the_application_meanwhile_is_not_found() {
    super::on_postgres();
    let company = company(3).await;
    let mut other = another_session(
        &company,
        "DELETE FROM orders WHERE customer_no = 'C002'; DELETE FROM customers WHERE no = 'C002'",
    )
    .await;
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let context = company.context.clone();
    let working = tokio::spawn(async move { wait_for(&context, id, CancellationToken::new(), &mut |_, _| {}).await });
    while company.rows("SELECT no FROM customers WHERE name <> 'Client'").await != ["C002"] {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    sqlx::raw_sql("COMMIT").execute(&mut other).await.expect("it commits");
    company.set_clock("2026-01-02T13:00:00Z");
    company.patient(working).await.unwrap().unwrap();
    let outcomes = company.rows("SELECT client_key, outcome FROM lethe_outcomes ORDER BY client_key").await;
    assert_eq!(outcomes, ["C001|anonymized", "C002|not_found", "C003|anonymized"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_sweep_give_each_client_one_outcome() {
    super::on_postgres();
    let mut company = company(200).await;
    company.context.limits.batch_size = 7;
    let clock = Clock::fixed(NOON.parse().unwrap());
    let second = context(company.folder.path(), &company.place, clock, company.context.limits.clone()).await;
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let stop = CancellationToken::new;
    let (mut each, mut other) = (|_: &_, _: &_| {}, |_: &_, _: &_| {});
    let (a, b) =
        tokio::join!(wait_for(&company.context, id, stop(), &mut each), wait_for(&second, id, stop(), &mut other));
    assert_eq!((a.unwrap().unwrap().state, b.unwrap().unwrap().state), (State::Done, State::Done));
    let outcomes = "SELECT outcome, count(*), count(DISTINCT client_key) FROM lethe_outcomes GROUP BY outcome";
    assert_eq!(company.rows(outcomes).await, ["anonymized|200|200"]);
    assert_eq!(
        company.rows("SELECT sum(anonymized), sum(clients) FROM lethe_batches WHERE state = 'done'").await,
        ["200|200"]
    );
    assert_eq!(company.rows(LEFT).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_is_being_altered_is_waited_for_and_its_new_column_stops_the_sweep() {
    super::on_postgres();
    let company = company(3).await;
    let mut other = another_session(&company, "ALTER TABLE orders ADD COLUMN phone TEXT").await;
    let id = open(&company.context, &company.request(SweepKind::Due)).await;
    // Reading the tables' shape may itself have to wait; then nothing was opened.
    let opened = id.ok().flatten();
    sqlx::raw_sql("COMMIT").execute(&mut other).await.expect("it commits");
    if let Some(id) = opened {
        let (sweep, tally) = company.work(id).await;
        assert_eq!((sweep.state, tally.anonymized), (State::Stopped, 0));
    }
    assert!(open(&company.context, &company.request(SweepKind::Due)).await.is_err());
    assert_eq!(company.rows("SELECT count(*) FROM customers WHERE name = 'Client'").await, ["0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_with_a_limit_goes_on_beside_a_locked_client() {
    super::on_postgres();
    let mut company = company(100).await;
    company.context.limits.batch_size = 10;
    let mut other = another_session(&company, "SELECT 1 FROM customers WHERE no = 'C002' FOR UPDATE").await;
    let request = Request { cap: Some(50), ..company.request(SweepKind::Due) };
    let id = open(&company.context, &request).await.unwrap().unwrap();
    let context = company.context.clone();
    let working = tokio::spawn(async move { wait_for(&context, id, CancellationToken::new(), &mut |_, _| {}).await });
    let began = Instant::now();
    while company.rows("SELECT count(*) FROM customers WHERE name = 'Client'").await != ["50"] {
        assert!(began.elapsed() < Duration::from_secs(60), "the locked client holds the others up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The limit is used up, so nothing waits for the lock.
    let ended = company.patient(working).await.unwrap().unwrap().unwrap();
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.expect("it lets go");
    assert_eq!((ended.state, ended.capped), (State::Done, true));
    assert_eq!(company.rows("SELECT count(*) FROM customers WHERE name = 'Client'").await, ["50"], "the limit holds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_stays_locked_is_left_to_the_next_sweep() {
    super::on_postgres();
    let company = company(7).await;
    let mut other = another_session(&company, "SELECT 1 FROM customers WHERE no = 'C002' FOR UPDATE").await;
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let context = company.context.clone();
    let working = tokio::spawn(async move { wait_for(&context, id, CancellationToken::new(), &mut |_, _| {}).await });
    while company.rows(LEFT).await != ["C002"] {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // It has been put off again and again by now.
    while company.rows("SELECT count(*) FROM lethe_batches WHERE state = 'ready'").await != ["1"] {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    company.place.execute("UPDATE lethe.lethe_batches SET waits = 60 WHERE state = 'ready'").await;
    company.set_clock("2026-01-02T13:00:00Z");
    let ended = company.patient(working).await.unwrap().unwrap().unwrap();
    assert_eq!(ended.state, State::Done);
    assert!(ended.note.unwrap().starts_with("1 client was left to the next sweep"));
    assert_eq!(company.rows("SELECT count(*) FROM lethe_outcomes WHERE client_key = 'C002'").await, ["0"]);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.expect("it lets go");
    assert_eq!(company.due().await.anonymized, 1);
}
