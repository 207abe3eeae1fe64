//! Clients a second on a `PostgreSQL` server: Lethe's due sweep with one
//! connection that writes and with two, one hand-written script in one
//! transaction, and a worker that takes one client a transaction; by turns, on
//! copies of the same database.

use lethe::demo::Size;
use lethe::domain::sweep::SweepKind;
use sqlx::Connection;
use url::Url;

use crate::Options;
use crate::company::{self, TODAY, context_of};
use crate::per_client;
use crate::postgres::{Database, clean_up, copy, differences, template};
use crate::speed::{Speeds, per_second};

pub const SCRIPT: &str = include_str!("script.postgres.sql");

/// Clients that the worker with one client a transaction takes.
const SAMPLE: i64 = 2_000;

/// One client in a thousand whose rows refuse to be changed.
const POISON: &str = "
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON customers FOR EACH ROW
    WHEN (NEW.anonymized = 1 AND hashtext(OLD.customer_no) % 1000 = 7) EXECUTE FUNCTION refuse();
";

/// What is measured, in this order.
const VARIANTS: [Variant; 6] = [
    Variant { named: "lethe, one connection", lethe: Some(1), batch_size: 1, poison: false },
    Variant { named: "script", lethe: None, batch_size: 0, poison: false },
    Variant { named: "lethe, two connections", lethe: Some(2), batch_size: 1, poison: false },
    Variant { named: "lethe, two, half batches", lethe: Some(2), batch_size: 2, poison: false },
    Variant { named: "one client a transaction", lethe: None, batch_size: 1, poison: false },
    Variant { named: "lethe, two, poison", lethe: Some(2), batch_size: 1, poison: true },
];

/// One way to do a night.
struct Variant {
    named: &'static str,
    /// Connections that write, if Lethe does it.
    lethe: Option<u16>,
    /// The part of the batch size asked for.
    batch_size: usize,
    poison: bool,
}

pub async fn measure(options: &Options, server: &Url) {
    clean_up(server).await;
    let clients = options.clients;
    let size = Size { due: clients * 3 / 10, ..Size::model(clients) };
    let template = template(server, &size, options.fresh).await;
    println!("\nPostgreSQL: a due sweep of {} in {clients} clients, batches of {}", size.due, options.batch_size);
    let mut speeds: Vec<Speeds> = VARIANTS.iter().map(|_| Speeds::default()).collect();
    let is_asked =
        |variant: &Variant| options.only.is_empty() || options.only.iter().any(|own| variant.named.contains(own));
    for round in 0..options.rounds {
        println!("  round {}", round + 1);
        let mut first = None;
        for (variant, speeds) in VARIANTS.iter().zip(&mut speeds).filter(|(variant, _)| is_asked(variant)) {
            let database = copy(server, &template).await;
            let speed = variant.run(&database, options.batch_size).await;
            println!("    {:<26} {speed:>8.0}/s", variant.named);
            speeds.0.push(speed);
            let whole = round == 0 && !variant.poison && variant.batch_size != usize::from(variant.lethe.is_none());
            match first.take() {
                Some(before) if whole => {
                    let found = differences(&before, &database).await;
                    assert!(found.is_empty(), "{} left other rows: {found:#?}", variant.named);
                    first = Some(before);
                    database.remove().await;
                }
                None if whole => first = Some(database),
                before => {
                    first = before;
                    database.remove().await;
                }
            }
        }
        if let Some(first) = first {
            println!("    all tables are the same after each, as far as everybody was taken");
            first.remove().await;
        }
    }
    let [one, script, two, half, single, poison] = speeds.as_slice() else { return };
    println!("  medians of {}", options.rounds);
    let ratios = [
        ("one connection / script", one.over(script)),
        ("two connections / script", two.over(script)),
        ("two connections / one", two.over(one)),
        ("half batches / whole ones", half.over(two)),
        ("one connection / one a transaction", one.over(single)),
        ("two connections / one a transaction", two.over(single)),
        ("one poison in a thousand / none", poison.over(two)),
    ];
    for (named, ratio) in ratios.iter().filter(|(_, ratio)| !ratio.is_nan()) {
        println!("  {named:<37} {ratio:.2}");
    }
    println!("  median clients a second: two connections {:.0}, script {:.0}", two.median(), script.median());
}

impl Variant {
    /// Clients looked at a second.
    async fn run(&self, database: &Database, batch_size: usize) -> f64 {
        if self.poison {
            let mut connection = database.connect().await;
            sqlx::raw_sql(POISON).execute(&mut connection).await.expect("the trigger is made");
            connection.close().await.expect("the connection closes");
        }
        if let Some(concurrency) = self.lethe {
            let store = database.store(concurrency).await;
            let context = context_of(store, company::policy(), (batch_size / self.batch_size).max(1)).await;
            let (tally, took) = company::sweep(&context, SweepKind::Due, TODAY).await;
            context.store.readers().close().await;
            assert_eq!(tally.failed > 0, self.poison, "{tally:?}");
            return per_second(tally.looked_at(), took);
        }
        // The ledger's tables, for the outcomes.
        let context = context_of(database.store(1).await, company::policy(), 1).await;
        if self.batch_size > 0 {
            let mut connection = database.connect().await;
            let path = "SELECT set_config('search_path', 'public, lethe', false)";
            sqlx::query(path).execute(&mut connection).await.expect("a search path");
            let started = std::time::Instant::now();
            let clients = per_client::work(&mut connection, SAMPLE).await;
            let took = started.elapsed();
            connection.close().await.expect("the connection closes");
            context.store.readers().close().await;
            return per_second(clients, took);
        }
        let took = company::script(&context.store, SCRIPT).await;
        let done: i64 = lethe::database::query_scalar("SELECT count(*) FROM lethe_outcomes")
            .fetch_one(context.store.readers())
            .await
            .expect("outcomes can be counted");
        context.store.readers().close().await;
        per_second(u64::try_from(done).unwrap_or(0), took)
    }
}
