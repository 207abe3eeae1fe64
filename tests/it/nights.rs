//! Many nights of period sweeps in random histories, compared with a model that
//! evaluates every client every night. Rows are imported with old dates and
//! activity is deleted between the nights.

use std::collections::BTreeMap;

use crate::common::Company;
use crate::common::words::refuses;
use chrono::{Days, Months, NaiveDate};
use lethe::domain::sweep::SweepKind;
use lethe::ledger::Sweep;
use lethe::worker::sweep::open;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SCHEMA: &str = "
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, made_on DATE, open INTEGER NOT NULL DEFAULT 0);
CREATE TABLE orders (order_no TEXT PRIMARY KEY, customer_id INTEGER REFERENCES customers (id));
CREATE TABLE shipments (id INTEGER PRIMARY KEY, order_no TEXT REFERENCES orders (order_no), sent_on DATE);
CREATE TABLE visits (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), on_day DATE);
CREATE TABLE stuck (id INTEGER PRIMARY KEY);
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "id"

[period]
length = "3 months"
otherwise = "made_on"
activity = [{ table = "shipments", date = "sent_on" }, { table = "visits", date = "on_day" }]

[[guards]]
name = "open"
reason = "has something open"
where = "open = 1"

[tables.customers.columns]
id = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
made_on = { class = "non-personal" }
open = { class = "non-personal" }
[tables.orders]
client = "customer_id"
[tables.orders.columns]
order_no = { class = "non-personal" }
customer_id = { class = "non-personal" }
[tables.shipments]
client = { column = "order_no", through = "orders" }
[tables.shipments.columns]
id = { class = "non-personal" }
order_no = { class = "non-personal" }
sent_on = { class = "non-personal" }
[tables.visits]
client = "customer_id"
[tables.visits.columns]
id = { class = "non-personal" }
customer_id = { class = "non-personal" }
on_day = { class = "non-personal" }
[tables.stuck]
free = "only a test's list of numbers"
"#;

#[derive(Clone, Default)]
struct Client {
    made_on: Option<NaiveDate>,
    active_on: Option<NaiveDate>,
    open: bool,
    hold: bool,
    stuck: bool,
    failed: bool,
    done: bool,
}

impl Client {
    /// No activity from the cutoff on, and some, or a beginning, before it.
    fn lapsed(&self, cutoff: NaiveDate) -> bool {
        self.active_on.or(self.made_on).is_some_and(|day| day < cutoff)
    }

    fn free(&self) -> bool {
        !self.open && !self.hold
    }
}

struct History {
    company: Company,
    dice: ChaCha8Rng,
    clients: BTreeMap<i64, Client>,
    today: NaiveDate,
}

impl History {
    async fn begin(seed: u64) -> Self {
        let company = Company::new(SCHEMA, POLICY).await;
        let stuck = "old.name <> new.name AND old.id IN (SELECT id FROM stuck)";
        company.execute(&refuses("customers", stuck, "stuck")).await;
        let today = "2026-01-02".parse().unwrap();
        let mut history = Self { company, dice: ChaCha8Rng::seed_from_u64(seed), clients: BTreeMap::new(), today };
        for _ in 0..40 {
            history.arrive().await;
        }
        for id in history.clients.keys().copied().collect::<Vec<_>>() {
            if history.dice.random_bool(0.15) {
                history.get_stuck(id).await;
            }
        }
        history
    }

    /// A new client, some of them known for long, some never active.
    async fn arrive(&mut self) {
        let id = i64::try_from(self.clients.len()).expect("few clients") * 7 + 1;
        let made_on = self.dice.random_bool(0.8).then(|| self.some_day(300));
        let value = made_on.map_or_else(|| "NULL".to_owned(), |day| format!("'{day}'"));
        self.company
            .execute(&format!("INSERT INTO customers (id, name, made_on) VALUES ({id}, 'Person {id}', {value})"))
            .await;
        self.clients.insert(id, Client { made_on, ..Client::default() });
        if self.dice.random_bool(0.7) {
            self.activity(id, 250).await;
        }
    }

    fn some_day(&mut self, ago: u64) -> NaiveDate {
        self.today - Days::new(self.dice.random_range(0..=ago))
    }

    fn cutoff(&self) -> NaiveDate {
        self.today - Months::new(3)
    }

    async fn activity(&mut self, id: i64, ago: u64) {
        let day = self.some_day(ago);
        let sql = if self.dice.random_bool(0.5) {
            format!("INSERT INTO visits (customer_id, on_day) VALUES ({id}, '{day}')")
        } else {
            format!(
                "INSERT INTO orders VALUES ('O{id}', {id}) ON CONFLICT DO NOTHING; INSERT INTO shipments (order_no, sent_on) VALUES ('O{id}', '{day}')"
            )
        };
        self.company.execute(&sql).await;
        let client = self.clients.get_mut(&id).unwrap();
        client.active_on = client.active_on.max(Some(day));
    }

    async fn lose_activity(&mut self, id: i64) {
        self.clients.get_mut(&id).unwrap().active_on = None;
        let sql = "DELETE FROM visits WHERE customer_id = {id}; DELETE FROM shipments WHERE order_no = 'O{id}'";
        self.company.execute(&sql.replace("{id}", &id.to_string())).await;
    }

    async fn get_stuck(&mut self, id: i64) {
        self.clients.get_mut(&id).unwrap().stuck = true;
        self.company.execute(&format!("INSERT INTO stuck VALUES ({id}) ON CONFLICT DO NOTHING")).await;
    }

    /// What can happen to a company between two nights.
    async fn a_day_goes_by(&mut self) {
        self.today = self.today + Days::new(*[1, 1, 1, 2, 5, 17].choose(&mut self.dice).unwrap());
        self.company.set_clock(&format!("{}T01:30:00Z", self.today));
        for _ in 0..self.dice.random_range(0..12) {
            let ids: Vec<i64> = self.clients.iter().filter(|(_, own)| !own.done).map(|(id, _)| *id).collect();
            let Some(&id) = ids.choose(&mut self.dice) else { return self.arrive().await };
            match self.dice.random_range(0..10) {
                0..2 => self.activity(id, 20).await,
                2 => self.lose_activity(id).await,
                3..6 => {
                    let client = self.clients.get_mut(&id).unwrap();
                    client.open = !client.open;
                    let open = i64::from(client.open);
                    self.company.execute(&format!("UPDATE customers SET open = {open} WHERE id = {id}")).await;
                }
                6..8 => {
                    let (client, ledger) = (self.clients.get_mut(&id).unwrap(), &self.company.context.ledger);
                    client.hold = !client.hold;
                    if client.hold {
                        ledger.place_hold(&id.to_string(), "a dispute", "test").await.unwrap();
                    } else {
                        ledger.release_hold(&id.to_string(), "test").await.unwrap();
                    }
                }
                8 if self.dice.random_bool(0.3) => self.get_stuck(id).await,
                _ => self.arrive().await,
            }
        }
    }

    async fn night(&mut self, cap: Option<u64>) -> Sweep {
        let mut request = self.company.request(SweepKind::Period);
        request.cap = cap;
        self.company.context.limits.batch_size = *[1, 2, 3, 7, 100].choose(&mut self.dice).unwrap();
        let id = open(&self.company.context, &request).await.expect("a period sweep").expect("no tick");
        self.company.work(id).await.0
    }

    /// Clients that a check of all would anonymize, and those it would find stuck.
    fn expected(&self) -> (Vec<i64>, Vec<i64>) {
        let due =
            self.clients.iter().filter(|(_, own)| !own.done && !own.failed && own.lapsed(self.cutoff()) && own.free());
        let (stuck, free): (Vec<_>, Vec<_>) = due.partition(|(_, own)| own.stuck);
        (free.into_iter().map(|(id, _)| *id).collect(), stuck.into_iter().map(|(id, _)| *id).collect())
    }

    /// Clients anonymized since this was last asked.
    async fn taken(&mut self) -> Vec<i64> {
        let rows = self.company.rows("SELECT id FROM customers WHERE name = 'Anonymized client' ORDER BY id").await;
        let all = rows.iter().map(|row| row.parse::<i64>().unwrap());
        let new: Vec<i64> = all.filter(|id| !self.clients[id].done).collect();
        for id in &new {
            self.clients.get_mut(id).unwrap().done = true;
        }
        new
    }

    fn note_failures(&mut self, stuck: &[i64]) {
        for id in stuck {
            self.clients.get_mut(id).unwrap().failed = true;
        }
    }
}

#[tokio::test]
async fn every_night_finds_all_clients_that_are_due_that_night() {
    for seed in 0..6 {
        let mut history = History::begin(seed).await;
        for night in 0..25 {
            let (free, stuck) = history.expected();
            history.night(None).await;
            assert_eq!(history.taken().await, free, "seed {seed}, night {night}, {}", history.today);
            history.note_failures(&stuck);
            let failures = history.company.context.ledger.failures(1000).await.unwrap();
            let failed = history.clients.values().filter(|own| own.failed).count();
            assert_eq!(failures.len(), failed, "seed {seed}, night {night}");
            history.a_day_goes_by().await;
        }
    }
}

#[tokio::test]
async fn capped_nights_take_no_client_they_must_not_and_in_the_end_all_they_must() {
    for seed in 100..116 {
        let mut history = History::begin(seed).await;
        for night in 0..30 {
            let (free, _) = history.expected();
            let cap = history.dice.random_range(1..5);
            history.night(Some(cap)).await;
            let taken = history.taken().await;
            assert!(taken.len() as u64 <= cap, "seed {seed}, night {night}: {taken:?} of at most {cap}");
            assert!(taken.iter().all(|id| free.contains(id)), "seed {seed}, night {night}: {taken:?} of {free:?}");
            if night == 12 && seed % 2 == 0 {
                // Another policy: all clients are checked again, and what failed is tried again.
                let path = history.company.folder.path().join("policy.toml");
                std::fs::write(path, POLICY.replace("has something open", "is busy")).unwrap();
            }
            history.a_day_goes_by().await;
        }
        // Quiet nights now: the first one whose cap is not used up has found the last of them.
        let mut finished = false;
        for _ in 0..80 {
            finished = !history.night(Some(3)).await.capped;
            history.taken().await;
            if finished {
                break;
            }
        }
        assert!(finished, "seed {seed}: a cap of three never comes to an end");
        assert_eq!(history.expected().0, [0; 0], "seed {seed}: passed over");
    }
}
