//! Where the time of a due sweep goes: every statement of its batches, run as
//! the worker runs them, with the time of each added up.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::StreamExt;
use lethe::database::{Connection, query, query_scalar};
use lethe::demo::Size;
use lethe::domain::key::join;
use lethe::domain::sweep::SweepKind;
use lethe::sql::batch::{self as sql, statements};
use lethe::sql::select::{Wanted, Way, due_page};

use crate::Options;
use crate::company::{self, TODAY, company, context, copy, remove};

/// Statements shown, the most expensive first.
const SHOWN: usize = 20;

#[derive(Default)]
struct Spent(HashMap<String, (Duration, u64)>);

impl Spent {
    fn add(&mut self, what: String, began: Instant, rows: u64) {
        let spent = self.0.entry(what).or_default();
        *spent = (spent.0 + began.elapsed(), spent.1 + rows);
    }

    async fn execute(&mut self, connection: &mut Connection, what: &str, text: &str) {
        let began = Instant::now();
        let done = query(text).execute(connection).await.expect("the statement runs");
        self.add(format!("{what}: {text}"), began, done);
    }

    /// Reads texts row by row, as the worker does.
    async fn read(&mut self, connection: &mut Connection, what: &str, text: &str) {
        let began = Instant::now();
        let mut rows = query(text).fetch(connection);
        let mut read = 0;
        while rows.next().await.transpose().expect("the statement runs").is_some() {
            read += 1;
        }
        self.add(format!("{what}: {text}"), began, read);
    }
}

pub async fn measure(options: &Options) {
    let clients = options.clients;
    let size = Size { due: clients * 3 / 10, ..Size::model(clients) };
    let made = company(&format!("speed-{clients}"), &size, options.fresh).await;
    let path = copy(&made);
    let context = context(&path, company::policy(), options.batch_size).await;
    let loaded = context.planner.plan(&context.store).await.expect("a plan");
    let zone = chrono_tz::Tz::UTC;
    let wanted = Wanted { plan: &loaded.plan, filters: &[], today: TODAY, cutoff: None, zone, restored: false };
    let all = statements(&wanted, SweepKind::Due, false);
    let keys: Vec<String> = query_scalar(due_page(&wanted, Way::ByKey, false))
        .bind(None::<String>)
        .bind(i64::MAX)
        .fetch_all(context.store.readers())
        .await
        .expect("the clients due");

    let mut spent = Spent::default();
    let mut writer = context.ledger.writer().await;
    writer.make_tables(&loaded.plan).await.expect("temporary tables");
    let began = Instant::now();
    for keys in keys.chunks(options.batch_size) {
        let keys = join(keys);
        let mut batch = writer.begin().await.expect("a transaction");
        for empty in sql::empty() {
            spent.execute(&mut batch, "empty", &empty).await;
        }
        let filling = Instant::now();
        let fill = query(&all.fill).bind(&keys).bind(&loaded.plan.digest);
        fill.execute(&mut *batch).await.expect("the batch fills");
        spent.add(format!("fill: {}", all.fill), filling, 0);
        for reason in &all.reasons {
            spent.execute(&mut batch, "guard", reason).await;
        }
        let refuse = sql::refuse(loaded.plan.client.dialect);
        for (what, text) in [("refuse", refuse.as_str()), ("take", all.take.as_str()), ("done", sql::DONE)] {
            spent.execute(&mut batch, what, text).await;
        }
        for (_, text) in &all.unknown_keys {
            spent.execute(&mut batch, "unknown keys", text).await;
        }
        for text in &all.former {
            spent.read(&mut batch, "former", text).await;
        }
        for (_, text) in &all.changes {
            spent.execute(&mut batch, "change", text).await;
        }
        for search in &all.searches {
            spent.read(&mut batch, "search", &search.select).await;
        }
        for (_, text) in &all.last_changes {
            spent.execute(&mut batch, "last change", text).await;
        }
        for text in sql::LATEST {
            spent.execute(&mut batch, "latest", text).await;
        }
        let standing = Instant::now();
        let stand = query(sql::STAND).bind(1_i64).bind("2026-01-01T00:30:00.000Z").bind(&loaded.plan.digest);
        stand.execute(&mut *batch).await.expect("outcomes stand");
        spent.add(format!("stand: {}", sql::STAND), standing, 0);
        let recording = Instant::now();
        let record = query(sql::RECORD).bind(1_i64).bind("2026-01-01T00:30:00.000Z").bind(&loaded.plan.digest);
        record.execute(&mut *batch).await.expect("outcomes are written");
        spent.add(format!("record: {}", sql::RECORD), recording, 0);
        let committing = Instant::now();
        batch.commit().await.expect("it commits");
        spent.add("commit".to_owned(), committing, 0);
    }
    let whole = began.elapsed().as_secs_f64();
    drop(writer);

    println!("\nStatements: {} clients in batches of {}, {whole:.1} s", keys.len(), options.batch_size);
    let mut spent: Vec<_> = spent.0.into_iter().collect();
    spent.sort_by_key(|(_, (took, _))| std::cmp::Reverse(*took));
    for (text, (took, rows)) in spent.into_iter().take(SHOWN) {
        let text: String = text.chars().take(options.width).collect();
        println!("  {:>5.1}%  {rows:>9} rows  {text}", took.as_secs_f64() / whole * 100.0);
    }
    remove(&path);
}
