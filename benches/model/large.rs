//! A night in ten million clients: what a thousand due clients cost there and
//! in a hundredth of them, and what a period sweep costs, compared with a cursor
//! over the best query one would write by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::Days;
use lethe::domain::sweep::SweepKind;
use lethe::sql::name;
use lethe::worker::Context;
use sqlx::Connection;
use url::Url;

use crate::Options;
use crate::company::{self, TODAY, context_of};
use crate::memory::{Peak, look};
use crate::postgres::{Database, INDEXES, SCHEMA, run};
use crate::speed::median;

const ROWS: &str = include_str!("large.sql");

/// Clients whose time comes in a night.
const DUE: u64 = 1_000;

/// Everybody whose period has passed and whom nothing keeps.
const CURSOR: &str = "DECLARE c NO SCROLL CURSOR FOR
SELECT customer_no FROM customers AS c
WHERE anonymized = 0
    AND NOT EXISTS (SELECT FROM cust_ledger_entries AS e WHERE e.customer_no = c.customer_no AND e.posting_date >= '2020-01-01')
    AND NOT EXISTS (SELECT FROM posted_sales_invoices AS i WHERE i.sell_to_customer_no = c.customer_no AND i.posting_date >= '2020-01-01')
    AND (created_on < '2020-01-01' OR EXISTS (SELECT FROM cust_ledger_entries AS e WHERE e.customer_no = c.customer_no)
        OR EXISTS (SELECT FROM posted_sales_invoices AS i WHERE i.sell_to_customer_no = c.customer_no))";

pub async fn measure(options: &Options, server: &Url) {
    let sizes = [options.clients / 100, options.clients];
    let mut companies = Vec::new();
    for clients in sizes {
        companies.push((clients, made(server, clients, options.fresh).await));
    }
    println!("\nPostgreSQL: a night with {DUE} clients due");
    let mut due = [Vec::new(), Vec::new()];
    for round in 0..options.rounds {
        for ((clients, database), times) in companies.iter().zip(&mut due) {
            times.push(due_night(database, *clients, options).await.as_secs_f64());
        }
        println!(
            "  round {}: {:.2} s in {} clients, {:.2} s in {}",
            round + 1,
            due[0][round],
            sizes[0],
            due[1][round],
            sizes[1]
        );
    }
    let [few, many] = due.map(median);
    println!(
        "  {} clients / {}                  {:.2}  (median of {})",
        sizes[1],
        sizes[0],
        many / few,
        options.rounds
    );

    let (clients, database) = &companies[1];
    println!("A period sweep over {clients} clients");
    let mut over_cursor = Vec::new();
    for round in 1..=options.rounds {
        let cursor = cursor(database).await;
        let (first, peak) = first_night(database, options).await;
        lapse(database, *clients, options).await;
        let busy = period(database, 2, DUE, options).await;
        println!(
            "  round {}: cursor {:.1} s, a night {:.1} s with {peak:.1} MiB of its own, and {:.1} s with {DUE} whose period ended",
            round,
            cursor.as_secs_f64(),
            first.as_secs_f64(),
            busy.as_secs_f64(),
        );
        over_cursor.push(first.as_secs_f64() / cursor.as_secs_f64());
    }
    println!("  night / cursor                        {:.2}  (median of {})", median(over_cursor), options.rounds);
}

/// The company of this size, made now or in an earlier run. It is used up night by night.
async fn made(server: &Url, clients: u64, fresh: bool) -> Database {
    let database = Database::named(server, format!("lethe_large_{clients}"));
    if !fresh && database.is_there().await {
        return database;
    }
    eprintln!("making a company of {clients} clients ...");
    let started = Instant::now();
    run(server, &format!("DROP DATABASE IF EXISTS {}", name(&database.name))).await;
    run(server, &format!("CREATE DATABASE {} TEMPLATE template0", name(&database.name))).await;
    let (tables, indexes) = SCHEMA.split_once(INDEXES).expect("the schema has two parts");
    let rows = ROWS.replace("{clients}", &clients.to_string());
    run(&database.url(), &format!("BEGIN; {tables}; {rows}; {indexes}; COMMIT")).await;
    run(&database.url(), "VACUUM (FREEZE, ANALYZE)").await;
    eprintln!("made in {:.0} s", started.elapsed().as_secs_f64());
    database
}

async fn opened(database: &Database, options: &Options) -> Context {
    context_of(database.store(options.concurrency).await, company::policy(), options.batch_size).await
}

/// Every so many clients, none of them of a night before: each night has its first somewhere else.
async fn chosen(context: &Context, clients: u64) -> String {
    let nights = "SELECT count(*) FROM lethe_sweeps";
    let nights: i64 = lethe::database::query_scalar(nights).fetch_one(context.store.readers()).await.expect("a count");
    let every = clients / DUE;
    let first = nights.unsigned_abs() * 7 % every + 1;
    format!("SELECT 'C' || lpad(i::text, 8, '0') FROM generate_series({first}, {clients}, {every}) AS i")
}

async fn due_night(database: &Database, clients: u64, options: &Options) -> Duration {
    let context = opened(database, options).await;
    let chosen = chosen(&context, clients).await;
    let due = "UPDATE customers SET to_anonymize_on = '2025-12-01' WHERE customer_no IN ({chosen}); CHECKPOINT";
    run(&database.url(), &due.replace("{chosen}", &chosen)).await;
    let (tally, took) = company::sweep(&context, SweepKind::Due, TODAY).await;
    context.store.readers().close().await;
    assert_eq!((tally.anonymized, tally.looked_at()), (DUE, DUE), "{tally:?}");
    took
}

/// Reads the keys of those whose period has passed, a thousand at a time.
async fn cursor(database: &Database) -> Duration {
    let mut connection = database.connect().await;
    let started = Instant::now();
    let mut transaction = connection.begin().await.expect("a transaction");
    sqlx::raw_sql(CURSOR).execute(&mut *transaction).await.expect("a cursor");
    loop {
        let keys: Vec<String> =
            sqlx::query_scalar("FETCH 1000 FROM c").fetch_all(&mut *transaction).await.expect("keys");
        if keys.is_empty() {
            break;
        }
    }
    transaction.commit().await.expect("it commits");
    let took = started.elapsed();
    connection.close().await.expect("the connection closes");
    took
}

/// A period sweep that finds nobody. Returns the most memory it had, in MiB.
async fn first_night(database: &Database, options: &Options) -> (Duration, f64) {
    let ended = Arc::new(AtomicBool::new(false));
    let watch = std::thread::spawn({
        let ended = Arc::clone(&ended);
        move || {
            let mut peak = Peak::default();
            while !ended.load(Ordering::Relaxed) {
                look(std::process::id(), &mut peak);
                std::thread::sleep(Duration::from_millis(5));
            }
            peak.anonymous
        }
    });
    let took = period(database, 0, 0, options).await;
    ended.store(true, Ordering::Relaxed);
    (took, watch.join().expect("the watch ends"))
}

/// A period sweep so many days later, which anonymizes so many clients.
async fn period(database: &Database, later: u64, clients: u64, options: &Options) -> Duration {
    let context = opened(database, options).await;
    let day = TODAY.checked_add_days(Days::new(later)).expect("a day");
    let (tally, took) = company::sweep(&context, SweepKind::Period, day).await;
    context.store.readers().close().await;
    assert_eq!((tally.anonymized, tally.looked_at()), (clients, clients), "{tally:?}");
    took
}

/// Moves the activity of a thousand clients to the day that leaves the period two days later.
async fn lapse(database: &Database, clients: u64, options: &Options) {
    let context = opened(database, options).await;
    let chosen = chosen(&context, clients).await;
    context.store.readers().close().await;
    let lapsing = "UPDATE cust_ledger_entries SET posting_date = '2020-01-02' WHERE customer_no IN ({chosen});
        UPDATE posted_sales_invoices SET posting_date = '2020-01-02' WHERE sell_to_customer_no IN ({chosen}); CHECKPOINT";
    run(&database.url(), &lapsing.replace("{chosen}", &chosen)).await;
}
