//! Clients anonymized per second: Lethe's due sweep through its real queue and
//! worker against one hand-written script in one transaction, on copies of the
//! same file, with the same settings of the connection, by turns.

use std::path::Path;

use lethe::demo::Size;
use lethe::domain::sweep::SweepKind;

use crate::Options;
use crate::company::{self, TODAY, company, context, copy, differences, remove};

pub const SCRIPT: &str = include_str!("script.sql");

/// Clients anonymized per second, run by run.
#[derive(Default)]
pub struct Speeds(pub Vec<f64>);

impl Speeds {
    pub fn median(&self) -> f64 {
        median(self.0.clone())
    }

    /// The median of the ratios of runs of the same round.
    pub fn over(&self, other: &Self) -> f64 {
        median(self.0.iter().zip(&other.0).map(|(own, other)| own / other).collect())
    }
}

/// Not a number if there are no values.
pub fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

pub async fn measure(options: &Options) {
    let clients = options.clients;
    let size = Size { due: clients * 3 / 10, ..Size::model(clients) };
    let made = company(&format!("speed-{clients}"), &size, options.fresh).await;
    println!("\nSpeed: a due sweep of {} in {clients} clients, batches of {}", size.due, options.batch_size);

    let (mut checked, mut unchecked, mut script) = (Speeds::default(), Speeds::default(), Speeds::default());
    for round in 0..options.rounds {
        let by_lethe = copy(&made);
        checked.0.push(lethe(&by_lethe, company::policy(), options.batch_size).await);
        let by_script = copy(&made);
        let without_check = copy(&made);
        script.0.push(hand_written(&by_script).await);
        unchecked.0.push(lethe(&without_check, company::policy_without_residue_check(), options.batch_size).await);
        if round == 0 {
            same_work(&by_lethe, &by_script, &without_check).await;
        }
        let speed = |speeds: &Speeds| speeds.0[round];
        println!(
            "  round {}: lethe {:>8.0}/s   script {:>8.0}/s   lethe without residue check {:>8.0}/s",
            round + 1,
            speed(&checked),
            speed(&script),
            speed(&unchecked)
        );
        for path in [by_lethe, by_script, without_check] {
            remove(&path);
        }
    }
    println!("  lethe / script                        {:.2}  (median of {})", checked.over(&script), options.rounds);
    println!("  lethe without residue check / script  {:.2}", unchecked.over(&script));
    println!("  lethe / lethe without residue check   {:.2}", checked.over(&unchecked));
    println!("  median clients a second: lethe {:.0}, script {:.0}", checked.median(), script.median());
}

#[expect(clippy::cast_precision_loss, reason = "fewer clients than an f64 counts")]
pub fn per_second(clients: u64, took: std::time::Duration) -> f64 {
    clients as f64 / took.as_secs_f64()
}

async fn lethe(path: &Path, policy: std::path::PathBuf, batch_size: usize) -> f64 {
    let context = context(path, policy, batch_size).await;
    let (tally, took) = company::sweep(&context, SweepKind::Due, TODAY).await;
    per_second(tally.anonymized, took)
}

async fn hand_written(path: &Path) -> f64 {
    // The ledger's tables, for the script's outcomes.
    let context = context(path, company::policy(), 1).await;
    let took = company::script(&context.store, SCRIPT).await;
    let done: i64 = lethe::database::query_scalar("SELECT count(*) FROM lethe_outcomes WHERE outcome = 'anonymized'")
        .fetch_one(context.store.readers())
        .await
        .expect("outcomes can be counted");
    per_second(u64::try_from(done).unwrap_or(0), took)
}

/// Ends the measurement unless all three left the same rows: comparing
/// different work would say nothing.
async fn same_work(by_lethe: &Path, by_script: &Path, without_check: &Path) {
    let mut found = differences(by_lethe, by_script).await;
    assert!(found.is_empty(), "lethe and the script left different rows: {found:#?}");
    // Without the check nobody looks into this column, and the name stays there.
    found = differences(without_check, by_script).await;
    found.retain(|difference| !difference.starts_with("\"posted_sales_invoices\".\"external_document_no\""));
    assert!(found.is_empty(), "lethe without residue check and the script left different rows: {found:#?}");
    println!("  all tables are the same after lethe and after the script");
}
