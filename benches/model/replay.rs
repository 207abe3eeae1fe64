//! What a replay costs where everybody was anonymized and nothing, or a hundred
//! clients, have come back: to be compared with the sweep that anonymized them.

use std::time::Duration;

use lethe::demo::Size;
use lethe::domain::sweep::SweepKind;
use lethe::worker::Context;

use crate::Options;
use crate::company::{self, TODAY, company, context, context_of, copy, remove, sweep};
use crate::postgres::{self, template};

/// Clients whose data comes back.
const BACK: u64 = 100;

const ALL_DUE: &str = "UPDATE customers SET to_anonymize_on = '2000-01-01'";
const WRITTEN_BACK: &str = "UPDATE customers SET name = 'Back' WHERE customer_no IN \
     (SELECT client_key FROM lethe_outcomes WHERE outcome = 'anonymized' ORDER BY client_key LIMIT 100)";

pub async fn measure(options: &Options) {
    let clients = options.clients;
    let size = Size { due: clients * 3 / 10, ..Size::model(clients) };
    println!("\nA replay where {clients} clients were anonymized");
    let path = copy(&company(&format!("speed-{clients}"), &size, options.fresh).await);
    measure_in(&context(&path, company::policy(), options.batch_size).await, "SQLite").await;
    remove(&path);
    if let Some(server) = postgres::server() {
        let database = postgres::copy(&server, &template(&server, &size, false).await).await;
        let store = database.store(2).await;
        measure_in(&context_of(store, company::policy(), options.batch_size).await, "PostgreSQL").await;
        database.remove().await;
    }
}

async fn measure_in(context: &Context, named: &str) {
    execute(context, ALL_DUE).await;
    let (tally, first) = sweep(context, SweepKind::Due, TODAY).await;
    let (nothing, idle) = sweep(context, SweepKind::Replay, TODAY).await;
    assert_eq!(nothing.looked_at(), 0, "nothing has come back");
    execute(context, WRITTEN_BACK).await;
    let (fixed, back) = sweep(context, SweepKind::Replay, TODAY).await;
    assert_eq!(fixed.anonymized, BACK, "all that came back is found");
    let share = |took: Duration| took.as_secs_f64() / first.as_secs_f64();
    println!(
        "  {named}: {} anonymized in {:.1} s; with nothing back {:.1} s ({:.3} of it), with {BACK} back {:.1} s ({:.3} of it)",
        tally.anonymized,
        first.as_secs_f64(),
        idle.as_secs_f64(),
        share(idle),
        back.as_secs_f64(),
        share(back)
    );
}

async fn execute(context: &Context, sql: &'static str) {
    let mut writer = context.ledger.writer().await;
    writer.run_script(sql).await.expect("the statement runs");
}
