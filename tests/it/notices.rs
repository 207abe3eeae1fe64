//! Clients who are due are notified first, and refused for a while; whatever happens in between counts.

use std::sync::Arc;
use std::time::Duration;

use crate::common::Company;
use crate::common::receiver::{Receiver, Say};
use lethe::domain::sweep::SweepKind;
use lethe::outside::{Event, Secret, Sender, Webhook};
use lethe::worker::deliver::{Targets, deliver_now};
use lethe::worker::sweep::Mode;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE, created_on DATE, held INTEGER NOT NULL DEFAULT 0);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT, ordered_on DATE);
INSERT INTO customers (no, name, due, created_on) VALUES ('A', 'Ann', '2026-01-01', '2019-01-01'), ('B', 'Bob', '2026-01-01', '2019-01-01');
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[period]
length = "6 years"
otherwise = "created_on"
activity = [{ table = "orders", date = "ordered_on" }]
[notice]
length = "14 days"
[[guards]]
name = "held"
reason = "is held"
where = "held = 1"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
due = { class = "non-personal" }
created_on = { class = "non-personal" }
held = { class = "non-personal" }
[tables.orders]
client = "customer_no"
[tables.orders.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
ordered_on = { class = "non-personal" }
"#;

struct Shop {
    company: Company,
    receiver: Receiver,
}

impl Shop {
    async fn new(says: &[Say]) -> Self {
        let mut company = Company::new(SCHEMA, POLICY).await;
        let receiver = Receiver::new(says).await;
        let webhook = Webhook {
            url: receiver.url.parse().unwrap(),
            secrets: vec![Secret::of_bytes(b"a secret").unwrap()],
            events: Event::ALL.into(),
            hashed: None,
            most_clients: 100,
        };
        company.context.planner = company.context.planner.clone().with_notice(true);
        company.context.targets = Arc::new(Targets {
            webhooks: [("crm".to_owned(), webhook)].into(),
            sender: Sender::new(Duration::from_secs(5)),
            retry_after: Duration::from_secs(60),
            ..Targets::default()
        });
        Self { company, receiver }
    }

    /// A night at noon of a day of January 2026, and what it did: anonymized, and refused.
    async fn night(&self, kind: SweepKind, day: u32) -> (u64, u64) {
        self.company.set_clock(&format!("2026-01-{day:02}T12:00:00Z"));
        let tally = self.company.sweep(&self.company.request(kind)).await.unwrap();
        (tally.anonymized, tally.refused)
    }

    async fn due(&self, day: u32) -> (u64, u64) {
        self.night(SweepKind::Due, day).await
    }

    async fn outcomes(&self) -> Vec<String> {
        self.company.rows("SELECT client_key, outcome, reasons FROM lethe_outcomes ORDER BY client_key, sweep").await
    }

    async fn notices(&self) -> Vec<String> {
        self.company.rows("SELECT client_key, until, ended_by FROM lethe_notices ORDER BY client_key, sweep").await
    }
}

#[tokio::test]
async fn a_client_is_told_first_and_anonymized_when_the_notice_is_over() {
    let shop = Shop::new(&[]).await;
    assert_eq!(shop.due(2).await, (0, 2));
    let got = shop.receiver.got();
    assert_eq!(got.len(), 1, "refusals by notice are no other news");
    let expected = serde_json::json!({
        "type": "client.notice",
        "timestamp": "2026-01-02T12:00:00.000Z",
        "data": { "sweep": 1, "at": "2026-01-02T12:00:00.000Z", "not_before": "2026-01-17", "clients": ["A", "B"] },
    });
    assert_eq!(got[0].body, expected);
    for day in 3..=16 {
        assert_eq!(shop.due(day).await, (0, 2), "day {day}");
    }
    // However many nights: one row until the notice was sent, one from then on.
    let told = ["A|refused|[\"notice\"]", "A|refused|[\"notice until 2026-01-16\"]"];
    assert_eq!(shop.outcomes().await[..2], told);
    assert_eq!(shop.outcomes().await.len(), 4);
    assert_eq!(shop.receiver.got().len(), 1);
    assert_eq!(shop.due(17).await, (2, 0));
    assert_eq!(shop.notices().await, ["A|2026-01-16|anonymized", "B|2026-01-16|anonymized"]);
    assert_eq!(shop.receiver.clients("client.anonymized"), ["A", "B"]);
}

#[tokio::test]
async fn b09_the_notice_runs_from_when_it_was_received() {
    let no = Say(503, &[], Duration::ZERO);
    let shop = Shop::new(&[no.clone(), no]).await;
    assert_eq!(shop.due(2).await, (0, 2));
    assert_eq!(shop.notices().await, ["A|NULL|NULL", "B|NULL|NULL"]);
    assert_eq!(shop.due(5).await, (0, 2));
    shop.company.set_clock("2026-01-09T12:00:00Z");
    deliver_now(&shop.company.context).await.unwrap();
    assert_eq!(shop.notices().await, ["A|2026-01-23|NULL", "B|2026-01-23|NULL"]);
    assert_eq!(shop.receiver.got().last().unwrap().body["data"]["not_before"], "2026-01-24");
    assert_eq!(shop.due(23).await, (0, 2));
    assert_eq!(shop.due(24).await, (2, 0));
}

#[tokio::test]
async fn b09_a_hold_or_a_guard_in_between_begins_the_grace_anew() {
    let shop = Shop::new(&[]).await;
    shop.due(2).await;
    shop.company.execute("UPDATE customers SET held = 1 WHERE no = 'A'").await;
    assert_eq!(shop.due(10).await, (0, 2));
    shop.company.execute("UPDATE customers SET held = 0 WHERE no = 'A'").await;
    assert_eq!(shop.due(17).await, (1, 1));
    assert_eq!(shop.receiver.clients("client.notice"), ["A", "B", "A"]);
    assert_eq!(shop.notices().await, ["A|2026-01-16|refused", "A|2026-01-31|NULL", "B|2026-01-16|anonymized"]);
    shop.company.set_clock("2026-02-01T12:00:00Z");
    assert_eq!(shop.company.due().await.anonymized, 1);
}

#[tokio::test]
async fn a_date_that_was_put_off_begins_it_anew() {
    let shop = Shop::new(&[]).await;
    shop.due(2).await;
    shop.company.execute("UPDATE customers SET due = '2026-01-16' WHERE no = 'A'").await;
    assert_eq!(shop.due(10).await, (0, 1));
    assert_eq!(shop.due(17).await, (1, 1));
    assert_eq!(shop.notices().await, ["A|2026-01-16|not_due", "A|2026-01-31|NULL", "B|2026-01-16|anonymized"]);
}

#[tokio::test]
async fn b09_activity_in_between_takes_a_client_out() {
    let shop = Shop::new(&[]).await;
    assert_eq!(shop.night(SweepKind::Period, 2).await, (0, 2));
    shop.company.execute("INSERT INTO orders (customer_no, ordered_on) VALUES ('A', '2026-01-05')").await;
    assert_eq!(shop.night(SweepKind::Period, 10).await, (0, 1));
    assert_eq!(shop.night(SweepKind::Period, 17).await, (1, 0));
    assert_eq!(shop.notices().await, ["A|2026-01-16|not_due", "B|2026-01-16|anonymized"]);
    assert_eq!(shop.company.rows("SELECT name FROM customers ORDER BY no").await, ["Ann", "Anonymized client"]);
}

#[tokio::test]
async fn a_notice_long_past_is_given_again() {
    let shop = Shop::new(&[]).await;
    shop.due(2).await;
    // Nothing ran until it had been over for longer than it was.
    assert_eq!(shop.due(31).await, (0, 2));
    assert_eq!(shop.receiver.clients("client.notice"), ["A", "B", "A", "B"]);
    assert_eq!(shop.notices().await[..2], ["A|2026-01-16|lapsed", "A|2026-02-14|NULL"]);
}

#[tokio::test]
async fn who_is_named_on_a_list_by_force_needs_no_notice() {
    let shop = Shop::new(&[]).await;
    shop.due(2).await;
    assert_eq!(shop.company.sweep(&shop.company.forced(&["A"])).await.unwrap().anonymized, 1);
    assert_eq!(shop.notices().await, ["A|2026-01-16|anonymized", "B|2026-01-16|NULL"]);
}

#[tokio::test]
async fn a_rehearsal_tries_all_clients_and_a_preview_says_who_would_be_notified() {
    let shop = Shop::new(&[]).await;
    let request = shop.company.request(SweepKind::Due);
    let rehearsed = shop.company.survey(&request, Mode::Rehearsal).await.unwrap().0;
    assert_eq!((rehearsed.tally.anonymized, rehearsed.tally.refused), (2, 0));
    let (previewed, clients) = shop.company.preview(&request).await;
    assert_eq!((previewed.tally.anonymized, previewed.tally.refused), (0, 2));
    assert_eq!(clients[0].reasons, ["notice"]);
    deliver_now(&shop.company.context).await.unwrap();
    assert!(shop.receiver.got().is_empty());
    assert_eq!(shop.notices().await, [""; 0]);
}

#[tokio::test]
async fn a_policy_that_gives_notice_needs_a_webhook_that_does() {
    let mut shop = Shop::new(&[]).await;
    shop.company.context.planner = shop.company.context.planner.clone().with_notice(false);
    let error = shop.company.sweep(&shop.company.request(SweepKind::Due)).await.unwrap_err();
    assert!(error.brief().contains("no notice would be sent: no webhook gives notice"), "{}", error.brief());
}

#[tokio::test]
async fn a_sweep_by_a_longer_period_ends_no_notice() {
    let shop = Shop::new(&[]).await;
    let policy = std::fs::read_to_string(shop.company.folder.path().join("policy.toml")).unwrap();
    let choices =
        "length = \"6 years\"\nchoices = { from = \"2 years\", to = \"6 years\", step = \"1 year\" }\notherwise";
    let policy = policy.replace("length = \"6 years\"\notherwise", choices);
    std::fs::write(shop.company.folder.path().join("policy.toml"), policy).unwrap();
    shop.company.execute("INSERT INTO orders (customer_no, ordered_on) SELECT no, '2022-02-02' FROM customers").await;
    let night = async |day: u32, length: &str| {
        shop.company.set_clock(&format!("2026-01-{day:02}T12:00:00Z"));
        let mut request = shop.company.request(SweepKind::Period);
        request.length = Some(length.parse().unwrap());
        let tally = shop.company.sweep(&request).await.unwrap();
        (tally.anonymized, tally.refused)
    };
    assert_eq!(night(2, "2 years").await, (0, 2));
    assert_eq!(night(3, "5 years").await, (0, 0), "by this one they are not due yet");
    assert_eq!(shop.notices().await, ["A|2026-01-16|NULL", "B|2026-01-16|NULL"]);
    // By a shorter one they would have been.
    shop.company.execute("INSERT INTO orders (customer_no, ordered_on) VALUES ('A', '2023-03-03')").await;
    assert_eq!(night(4, "3 years").await, (0, 1));
    assert_eq!(night(17, "2 years").await, (2, 0));
}

#[tokio::test]
async fn the_notice_runs_full_days_in_the_time_zone_of_the_sweep() {
    // The receiver has it at eight in the morning of 2 January in Auckland, and in the evening of the first in Denver.
    for (zone, at, today, until) in [
        (chrono_tz::Pacific::Auckland, "2026-01-01T19:00:00Z", "2026-01-02", "2026-01-16"),
        (chrono_tz::America::Denver, "2026-01-02T03:00:00Z", "2026-01-01", "2026-01-15"),
    ] {
        let shop = Shop::new(&[]).await;
        shop.company.set_clock(at);
        let request = shop.company.request(SweepKind::Due);
        let today = today.parse().unwrap();
        shop.company.sweep(&lethe::worker::Request { zone, today, ..request }).await.unwrap();
        assert_eq!(shop.notices().await, [format!("A|{until}|NULL"), format!("B|{until}|NULL")], "{zone}");
    }
}
