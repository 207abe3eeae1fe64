//! What a night costs when a thousand clients are due, at several sizes
//! of the company: it should cost what is due, not what is stored. The
//! hand-written script does the same due night: what grows for it too lies with
//! the rows, which share fewer pages the more clients there are.

use std::path::Path;
use std::time::Duration;

use lethe::demo::Size;
use lethe::domain::outcome::Tally;
use lethe::domain::sweep::SweepKind;

use crate::Options;
use crate::company::{self, TODAY, company, context, copy, remove};
use crate::speed::{SCRIPT, median};

/// Clients whose time comes in the night measured.
const DUE: u64 = 1_000;

/// A second night on which the period of exactly so many clients ends: the
/// last activity of every `{nth}` client is moved to the day that leaves the
/// period, and whoever had theirs there by chance gets a later one.
const SECOND_NIGHT: &str = "
BEGIN IMMEDIATE;
UPDATE cust_ledger_entries SET posting_date = '2020-01-15' WHERE posting_date = '2020-01-01';
UPDATE posted_sales_invoices SET posting_date = '2020-01-15' WHERE posting_date = '2020-01-01';
CREATE TEMP TABLE chosen AS
SELECT customer_no FROM customers WHERE anonymized = 0 AND CAST(substr(customer_no, 2) AS INTEGER) % {nth} = 0;
UPDATE cust_ledger_entries SET posting_date = '2020-01-01'
WHERE customer_no IN (SELECT customer_no FROM chosen) AND posting_date > '2020-01-01';
UPDATE posted_sales_invoices SET posting_date = '2020-01-01'
WHERE sell_to_customer_no IN (SELECT customer_no FROM chosen) AND posting_date > '2020-01-01';
DROP TABLE chosen;
COMMIT;
PRAGMA wal_checkpoint(TRUNCATE);
";

pub async fn measure(options: &Options) {
    let sizes = options.sizes();
    println!("\nA night with {DUE} clients due");
    let mut due = vec![Vec::new(); sizes.len()];
    let mut script = due.clone();
    let mut period = due.clone();
    for round in 0..options.rounds {
        for (at, clients) in sizes.iter().copied().enumerate() {
            // Nobody is inactive or refused by chance: both would grow with the company.
            let size = Size { due: DUE, inactive_share: 0.0, refused_share: 0.0, ..Size::model(clients) };
            let made = company(&format!("night-{clients}"), &size, options.fresh && round == 0).await;
            let path = copy(&made);
            due[at].push(due_night(&path, options).await.as_secs_f64());
            remove(&path);
            let path = copy(&made);
            script[at].push(script_night(&path).await.as_secs_f64());
            remove(&path);
            let path = copy(&made);
            let (first, second) = period_nights(&path, clients, options).await;
            period[at].push(second.as_secs_f64());
            remove(&path);
            println!(
                "  round {}: {clients:>9} clients: due {:.2} s, script {:.2} s, period {:.2} s (with nobody due: {:.1} s)",
                round + 1,
                due[at][round],
                script[at][round],
                second.as_secs_f64(),
                first.as_secs_f64()
            );
        }
    }
    for (what, times) in [("due sweep", due), ("the same by script", script), ("second period sweep", period)] {
        let times: Vec<f64> = times.into_iter().map(median).collect();
        for (at, time) in times.iter().enumerate() {
            println!("  {what:<20} {:>9} clients: {time:.2} s, {:.2} times the first", sizes[at], time / times[0]);
        }
    }
}

async fn due_night(path: &Path, options: &Options) -> Duration {
    let context = context(path, company::policy(), options.batch_size).await;
    let (tally, took) = company::sweep(&context, SweepKind::Due, TODAY).await;
    assert_eq!(tally, Tally { anonymized: DUE, ..Tally::default() });
    took
}

async fn script_night(path: &Path) -> Duration {
    // The ledger's tables, for the script's outcomes; Lethe too leaves an empty log behind.
    let context = context(path, company::policy(), 1).await;
    company::script(&context.store, &format!("{SCRIPT}\nPRAGMA wal_checkpoint(TRUNCATE);")).await
}

async fn period_nights(path: &Path, clients: u64, options: &Options) -> (Duration, Duration) {
    let context = context(path, company::policy(), options.batch_size).await;
    let (tally, first) = company::sweep(&context, SweepKind::Period, TODAY).await;
    assert_eq!(tally, Tally::default(), "nobody's period has passed on the first night");
    let change = SECOND_NIGHT.replace("{nth}", &(clients / DUE).to_string());
    let mut writer = context.ledger.writer().await;
    writer.run_script(change).await.expect("the second night is prepared");
    drop(writer);
    let tomorrow = TODAY.succ_opt().expect("a day after");
    let (tally, second) = company::sweep(&context, SweepKind::Period, tomorrow).await;
    assert_eq!(tally.looked_at(), DUE, "{tally:?}");
    (first, second)
}
