//! What a live application notices of a sweep on `PostgreSQL`: how long its own
//! small transactions take without a sweep, and during one at the default
//! settings.

use std::time::{Duration, Instant};

use lethe::demo::Size;
use lethe::domain::sweep::SweepKind;
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tokio::time::MissedTickBehavior;
use url::Url;

use crate::Options;
use crate::company::{self, TODAY, context_of, sweep};
use crate::postgres::{Database, clean_up, copy, template};
use crate::speed::median;

/// Connections of the application.
const SESSIONS: i64 = 4;
/// From the beginning of a session's transaction to that of its next.
const EVERY: Duration = Duration::from_millis(20);
/// How long the application is watched, with a sweep and without.
const WATCHED: Duration = Duration::from_secs(30);
/// A batch's, as it is where nothing is configured.
const BATCH_TIME: Duration = Duration::from_millis(250);

/// What a member of staff does: looks somebody up, notes a number, writes a task.
const CHANGE: &str = "UPDATE customers SET phone_no = '+32 2 555 01 00' WHERE customer_no = $1 RETURNING name";
const WRITE: &str = "INSERT INTO tasks VALUES ($2, $1, NULL, 'call', 'Call back', 'open', '2026-01-01')";

pub async fn measure(options: &Options, server: &Url) {
    clean_up(server).await;
    let clients = options.clients;
    let size = Size { due: clients * 3 / 10, ..Size::model(clients) };
    let template = template(server, &size, options.fresh).await;
    println!("\nPostgreSQL: an application beside a due sweep of {} in {clients} clients", size.due);
    let mut ratios = Vec::new();
    for round in 0..options.rounds {
        let database = copy(server, &template).await;
        let alone = watch_apart(&database, 1).await;
        let store = database.store(options.concurrency).await;
        let mut context = context_of(store, company::policy(), options.batch_size).await;
        context.limits.batch_time = BATCH_TIME;
        let during = tokio::select! {
            during = watch_apart(&database, 2) => during,
            (tally, _) = sweep(&context, SweepKind::Due, TODAY) => {
                panic!("{} clients are through already: too few to watch", tally.looked_at())
            }
        };
        context.store.readers().close().await;
        database.remove().await;
        let ratio = during.p99 / alone.p99;
        println!("  round {}: without {alone}, during {during}, p99 {ratio:.2}", round + 1);
        ratios.push(ratio);
    }
    println!("  p99 during a sweep / without          {:.2}  (median of {})", median(ratios), options.rounds);
}

/// How long transactions took, in milliseconds.
pub struct Took {
    p50: f64,
    pub p99: f64,
}

impl Took {
    pub fn of(mut took: Vec<f64>) -> Self {
        took.sort_by(f64::total_cmp);
        let at = |share: usize| took[took.len() * share / 100];
        Self { p50: at(50), p99: at(99) }
    }
}

impl std::fmt::Display for Took {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {:.1} ms and p99 {:.1} ms", self.p50, self.p99)
    }
}

/// Runs the application on a thread of its own, as it is another program: where
/// the sweep computes, the application's answers must not wait for that.
async fn watch_apart(database: &Database, nth: i64) -> Took {
    let database = database.clone();
    let watching = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(watch(&database, nth))
    });
    watching.await.expect("the application runs")
}

/// Runs the application for a while, for the `nth` time.
async fn watch(database: &Database, nth: i64) -> Took {
    let mut connection = database.connect().await;
    let staff = "SELECT customer_no FROM customers WHERE anonymized = 0 AND to_anonymize_on IS NULL ORDER BY md5(customer_no) LIMIT 50000";
    let clients: Vec<String> = sqlx::query_scalar(staff).fetch_all(&mut connection).await.expect("clients");
    connection.close().await.expect("the connection closes");
    let mut sessions = Vec::new();
    for session in 0..SESSIONS {
        let own = clients.iter().skip(usize::try_from(session).unwrap_or(0)).step_by(4).cloned().collect();
        let first_task = (nth * SESSIONS + session) * 1_000_000_000;
        sessions.push(tokio::spawn(one_session(database.connect().await, own, first_task)));
    }
    let mut took = Vec::new();
    for session in sessions {
        took.extend(session.await.expect("the session ends"));
    }
    Took::of(took)
}

async fn one_session(mut connection: PgConnection, clients: Vec<String>, first_task: i64) -> Vec<f64> {
    let mut took = Vec::new();
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let begun = Instant::now();
    for (client, task) in clients.iter().cycle().zip(first_task..) {
        tick.tick().await;
        if begun.elapsed() > WATCHED {
            break;
        }
        let started = Instant::now();
        let mut transaction = connection.begin().await.expect("a transaction");
        sqlx::query(CHANGE).bind(client).execute(&mut *transaction).await.expect("the client is there");
        sqlx::query(WRITE).bind(client).bind(task).execute(&mut *transaction).await.expect("the task is new");
        transaction.commit().await.expect("it commits");
        took.push(started.elapsed().as_secs_f64() * 1e3);
    }
    connection.close().await.expect("the connection closes");
    took
}
