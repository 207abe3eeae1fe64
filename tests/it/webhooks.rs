//! Other systems are told, signed, at least once, and of nothing but keys.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::common::receiver::{Got, Receiver, Say};
use crate::common::searched;
use crate::common::{Company, context, in_the_end};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use lethe::domain::sweep::SweepKind;
use lethe::outside::{Event, Secret, Sender, Webhook};
use lethe::worker::deliver::{Targets, deliver_now};
use lethe::worker::sweep::Mode;
use lethe::worker::watch::Alert;
use serde_json::Value;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE, held INTEGER NOT NULL DEFAULT 0);
INSERT INTO customers (no, name, due) VALUES ('A', 'Ann', '2026-01-01'), ('B', 'Bob', '2026-01-01'), ('C', 'Cid', '2026-01-01'),
  ('D', 'Dot', '2026-01-01'), ('\"E, é', 'Eve', '2026-01-01');
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[[guards]]
name = "held"
reason = "is held"
where = "held = 1"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
due = { class = "non-personal" }
held = { class = "non-personal" }
"#;

const OLD: &[u8] = b"the old secret of the receiver!!";
const NEW: &[u8] = b"the new secret of the receiver!!";

struct Shop {
    company: Company,
    receiver: Receiver,
}

impl Shop {
    async fn new(says: &[Say], change: impl FnOnce(&mut Webhook)) -> Self {
        let mut company = Company::new(SCHEMA, POLICY).await;
        let receiver = Receiver::new(says).await;
        let mut webhook = Webhook {
            url: receiver.url.parse().unwrap(),
            secrets: vec![Secret::of_bytes(OLD).unwrap(), Secret::of_bytes(NEW).unwrap()],
            events: [Event::Anonymized].into(),
            hashed: None,
            most_clients: 100,
        };
        change(&mut webhook);
        company.context.targets = Arc::new(targets([("crm", webhook)]));
        Self { company, receiver }
    }

    async fn deliver(&self) {
        deliver_now(&self.company.context).await.unwrap();
    }

    fn wait(&self, seconds: i64) {
        let clock = self.company.context.ledger.clock();
        clock.set(clock.now() + chrono::TimeDelta::seconds(seconds));
    }

    async fn outstanding(&self) -> Vec<String> {
        self.company.rows("SELECT state, attempts, error FROM lethe_deliveries ORDER BY id").await
    }
}

fn targets<const N: usize>(webhooks: [(&str, Webhook); N]) -> Targets {
    Targets {
        roots: BTreeMap::new(),
        webhooks: webhooks.into_iter().map(|(name, own)| (name.to_owned(), own)).collect(),
        sender: Sender::new(Duration::from_secs(5)),
        attempts: 3,
        retry_after: Duration::from_secs(60),
        ..Targets::default()
    }
}

fn signed(secret: &[u8], got: &Got) -> String {
    let mut hmac = Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
    hmac.update(format!("{}.{}.{}", got.id, got.timestamp, got.text).as_bytes());
    format!("v1,{}", STANDARD.encode(hmac.finalize().into_bytes()))
}

#[tokio::test]
async fn clients_anonymized_are_told_in_one_signed_message() {
    let shop = Shop::new(&[], |_| {}).await;
    assert_eq!(shop.company.due().await.anonymized, 5);
    let got = shop.receiver.got();
    assert_eq!(got.len(), 1);
    let now = shop.company.context.ledger.clock().now();
    assert_eq!(got[0].timestamp, now.timestamp());
    assert_eq!(got[0].signatures, [signed(OLD, &got[0]), signed(NEW, &got[0])]);
    let expected = serde_json::json!({
        "type": "client.anonymized",
        "timestamp": "2026-01-02T12:00:00.000Z",
        "data": {
            "sweep": 1, "outcome": "anonymized", "at": "2026-01-02T12:00:00.000Z",
            "clients": ["\"E, é", "A", "B", "C", "D"],
        },
    });
    assert_eq!(got[0].body, expected);
    assert_eq!(shop.outstanding().await, [""; 0]);
    assert_eq!(
        shop.company.rows("SELECT kind, target, result, deliveries FROM lethe_delivered").await,
        ["message|crm|sent|1"]
    );
    // Another night has nothing to tell.
    shop.company.due().await;
    assert_eq!(shop.receiver.got().len(), 1);
}

#[tokio::test]
async fn a_message_names_no_more_clients_than_it_may() {
    let shop = Shop::new(&[], |webhook| webhook.most_clients = 2).await;
    shop.company.due().await;
    let sizes: Vec<usize> =
        shop.receiver.got().iter().map(|got| got.body["data"]["clients"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [2, 2, 1]);
    let mut clients = shop.receiver.clients("client.anonymized");
    clients.sort();
    assert_eq!(clients, ["\"E, é", "A", "B", "C", "D"]);
}

#[tokio::test]
async fn keys_are_hashed_where_they_are_to_be() {
    let shop = Shop::new(&[], |webhook| webhook.hashed = Secret::of_bytes(NEW)).await;
    shop.company.due().await;
    let expected: Vec<String> = ["\"E, é", "A", "B", "C", "D"]
        .iter()
        .map(|key| {
            let mut hmac = Hmac::<sha2::Sha256>::new_from_slice(NEW).unwrap();
            hmac.update(key.as_bytes());
            hmac.finalize().into_bytes().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
        })
        .collect();
    assert_eq!(shop.receiver.clients("client.anonymized"), expected);
}

#[tokio::test]
async fn a_message_that_was_not_taken_is_sent_again_under_the_same_id() {
    let shop = Shop::new(&[Say(503, &[], Duration::ZERO), Say(200, &[], Duration::from_secs(60))], |_| {}).await;
    shop.company.due().await;
    assert_eq!(shop.outstanding().await, ["open|1|answered 503"]);
    shop.deliver().await;
    assert_eq!(shop.receiver.got().len(), 1, "it is not time yet");
    shop.wait(80);
    shop.deliver().await;
    assert_eq!(shop.outstanding().await, ["open|2|no answer in time"]);
    shop.wait(160);
    shop.deliver().await;
    assert_eq!(shop.outstanding().await, [""; 0]);
    let got = shop.receiver.got();
    assert_eq!(got.len(), 3);
    for again in &got[1..] {
        assert_eq!((&again.id, &again.text), (&got[0].id, &got[0].text));
        assert!(again.timestamp > got[0].timestamp && again.signatures != got[0].signatures);
        assert_eq!(again.signatures[1], signed(NEW, again));
    }
}

#[tokio::test]
async fn what_is_never_taken_is_given_up_until_an_operator_retries_it() {
    let no = Say(404, &[], Duration::ZERO);
    let shop = Shop::new(&[no.clone(), no.clone(), no.clone()], |_| {}).await;
    shop.company.due().await;
    for _ in 0..5 {
        shop.wait(3600);
        shop.deliver().await;
    }
    assert_eq!(shop.receiver.got().len(), 3);
    assert_eq!(shop.outstanding().await, ["failed|3|answered 404"]);
    let outstanding = shop.company.context.ledger.outstanding(Some(1)).await.unwrap();
    assert_eq!((outstanding.len(), outstanding[0].open, outstanding[0].failed), (1, 0, 1));
    assert_eq!(shop.company.context.ledger.retry_deliveries().await.unwrap(), 1);
    shop.deliver().await;
    assert_eq!(shop.outstanding().await, [""; 0]);
}

#[tokio::test]
async fn a_receiver_that_asks_for_a_pause_gets_it() {
    let shop = Shop::new(&[Say(429, &[("retry-after", "7200")], Duration::ZERO)], |_| {}).await;
    shop.company.due().await;
    shop.wait(7100);
    shop.deliver().await;
    assert_eq!(shop.receiver.got().len(), 1);
    shop.wait(100);
    shop.deliver().await;
    assert_eq!(shop.receiver.got().len(), 2);
    assert_eq!(shop.outstanding().await, [""; 0]);
}

#[tokio::test]
async fn a_receiver_that_wants_no_more_is_asked_once() {
    let shop = Shop::new(&[Say(410, &[], Duration::ZERO)], |_| {}).await;
    shop.company.due().await;
    assert_eq!(shop.outstanding().await, ["failed|1|answered 410"]);
    shop.wait(86_400);
    shop.deliver().await;
    assert_eq!(shop.receiver.got().len(), 1);
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let elsewhere = Receiver::new(&[]).await;
    let to: &'static str = elsewhere.url.clone().leak();
    let headers: &'static [(&str, &str)] = vec![("location", to)].leak();
    for status in [301, 302, 307, 308] {
        let shop = Shop::new(&[Say(status, headers, Duration::ZERO)], |_| {}).await;
        shop.company.due().await;
        assert_eq!(shop.outstanding().await, [format!("open|1|answered {status}")]);
    }
    assert!(elsewhere.got().is_empty());
}

#[tokio::test]
async fn a_receiver_that_is_away_costs_one_try_at_a_time() {
    let shop = Shop::new(&[], |webhook| {
        webhook.most_clients = 1;
        webhook.url = "http://127.0.0.1:9/hook".parse().unwrap();
    })
    .await;
    shop.company.due().await;
    let waiting = [
        "open|1|no connection",
        "open|0|no connection",
        "open|0|no connection",
        "open|0|no connection",
        "open|0|no connection",
    ];
    assert_eq!(shop.outstanding().await, waiting);
}

#[tokio::test]
async fn a_receiver_that_is_overloaded_is_left_alone_and_others_are_told() {
    for (say, why) in [
        (Say(429, &[], Duration::ZERO), "answered 429"),
        (Say(503, &[], Duration::ZERO), "answered 503"),
        (Say(200, &[], Duration::from_secs(60)), "no answer in time"),
    ] {
        let mut shop = Shop::new(&[say], |webhook| webhook.most_clients = 1).await;
        let other = Receiver::new(&[]).await;
        let crm = shop.company.context.targets.webhooks["crm"].clone();
        let mail = Webhook { url: other.url.parse().unwrap(), ..crm.clone() };
        shop.company.context.targets = Arc::new(targets([("crm", crm), ("mail", mail)]));
        shop.company.due().await;
        assert_eq!((shop.receiver.got().len(), other.got().len()), (1, 5), "{why}");
        let waiting = shop.company.rows("SELECT target, attempts, error FROM lethe_deliveries ORDER BY id").await;
        let later = || format!("crm|0|{why}");
        assert_eq!(waiting, [format!("crm|1|{why}"), later(), later(), later(), later()]);
    }
}

#[tokio::test]
async fn a_message_that_is_rejected_holds_up_no_other() {
    let no = Say(422, &[], Duration::ZERO);
    let shop = Shop::new(&[no], |webhook| webhook.most_clients = 1).await;
    shop.company.due().await;
    assert_eq!(shop.outstanding().await, ["open|1|answered 422"]);
    assert_eq!(shop.receiver.got().len(), 5);
}

#[tokio::test]
async fn who_is_refused_or_fails_is_told_once_and_not_each_night() {
    let shop = Shop::new(&[], |webhook| webhook.events = [Event::Refused, Event::Failed].into()).await;
    shop.company.execute("UPDATE customers SET held = 1 WHERE no IN ('A', 'B')").await;
    for day in 2..5 {
        shop.company.set_clock(&format!("2026-01-0{day}T12:00:00Z"));
        shop.company.due().await;
    }
    assert_eq!(shop.receiver.clients("client.refused"), ["A", "B"]);
    assert_eq!(shop.receiver.got().len(), 1);
}

#[tokio::test]
async fn a_preview_and_a_rehearsal_send_no_messages() {
    let shop = Shop::new(&[], |webhook| webhook.events = Event::ALL.into()).await;
    for mode in [Mode::Preview, Mode::Rehearsal] {
        shop.company.survey(&shop.company.request(SweepKind::Due), mode).await.unwrap();
        shop.deliver().await;
    }
    assert!(shop.receiver.got().is_empty());
    assert_eq!(shop.outstanding().await, [""; 0]);
}

#[tokio::test]
async fn an_alert_is_told_once_until_it_is_over() {
    let no = Say(500, &[], Duration::ZERO);
    let shop = Shop::new(&[no], |webhook| webhook.events = [Event::Alert].into()).await;
    let alert = Alert::new("x", "restored-database", "the database is older than the journal");
    shop.company.context.alert(&alert).await.unwrap();
    shop.deliver().await;
    shop.company.context.alert(&alert).await.unwrap();
    shop.wait(120);
    shop.deliver().await;
    let got = shop.receiver.got();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].id, got[1].id);
    assert_eq!(got[1].body["type"], "lethe.alert");
    let said = serde_json::json!({ "kind": "restored-database", "text": "the database is older than the journal" });
    assert_eq!(got[1].body["data"], said);
    // Only when it is over, the next one is another.
    shop.company.context.alert(&alert).await.unwrap();
    shop.deliver().await;
    assert_eq!(shop.receiver.got().len(), 2);
    shop.company.context.over("x").await.unwrap();
    shop.company.context.alert(&alert).await.unwrap();
    shop.deliver().await;
    assert_ne!(shop.receiver.got()[2].id, got[0].id);
}

#[tokio::test]
async fn several_processes_send_each_message_once() {
    let shop = Shop::new(&[], |webhook| webhook.most_clients = 1).await;
    let mut rows = String::new();
    for client in 0..60 {
        rows += &format!("INSERT INTO customers (no, due) VALUES ('X{client:02}', '2026-01-01');");
    }
    shop.company.execute(&rows).await;
    let told = Arc::clone(&shop.company.context.targets);
    let mut silent = shop.company.context.clone();
    silent.targets = Arc::new(Targets { sender: None, ..(*told).clone() });
    let company = Company { context: silent, folder: tempfile::tempdir().unwrap(), place: shop.company.place.clone() };
    assert_eq!(company.due().await.anonymized, 65);
    assert!(shop.receiver.got().is_empty());
    let mut others = Vec::new();
    for _ in 0..4 {
        let clock = shop.company.context.ledger.clock().clone();
        let limits = shop.company.context.limits.clone();
        let mut other = context(shop.company.folder.path(), &shop.company.place, clock, limits).await;
        other.targets = Arc::clone(&told);
        others.push(tokio::spawn(async move { in_the_end(|| deliver_now(&other)).await }));
    }
    for other in others {
        other.await.unwrap();
    }
    let mut ids: Vec<String> = shop.receiver.got().iter().map(|got| got.id.clone()).collect();
    assert_eq!(ids.len(), 65);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 65);
}

/// The real program, killed when the receiver has the message and the program does not know it yet.
#[tokio::test]
async fn a_program_killed_between_sending_and_noting_sends_again_under_the_same_id() {
    let shop = Shop::new(&[Say(200, &[], Duration::from_secs(30))], |_| {}).await;
    let folder = shop.company.folder.path();
    let config = format!(
        "database = \"{}\"\n[sweep]\nbrake_share = 1.0\nrehearsal = false\nlease = \"1s\"\n[backup]\nrequired = false\n\
         [deliveries]\ntimeout = \"20s\"\n[[webhooks]]\nname = \"crm\"\nurl = \"{}\"\nsecret_file = \"secret\"\n",
        shop.company.place.setting(),
        shop.receiver.url
    );
    std::fs::write(folder.join("lethe.toml"), config).unwrap();
    std::fs::write(folder.join("secret"), format!("whsec_{}\n", STANDARD.encode(OLD))).unwrap();
    std::fs::create_dir(folder.join("jobs")).unwrap();
    crate::common::lethe(folder).args(["sweep", "--due"]).assert().success();
    let start = || searched::start(&mut crate::common::service(folder, "run"));
    let until = async |messages: usize| {
        let wait = async {
            while shop.receiver.got().len() < messages {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the message comes");
    };
    let mut killed = start();
    until(1).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(shop.outstanding().await, ["open|1|NULL"]);
    let mut again = start();
    until(2).await;
    let wait = async {
        while !shop.outstanding().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it is through");
    again.kill().unwrap();
    again.wait().unwrap();
    let got = shop.receiver.got();
    assert_eq!(got.len(), 2);
    assert_eq!((&got[0].id, &got[0].text), (&got[1].id, &got[1].text));
    assert_eq!(got[1].signatures, [signed(OLD, &got[1])]);
}

#[tokio::test]
async fn what_waits_and_what_was_given_up_is_seen_in_the_morning() {
    let shop = Shop::new(&[Say(410, &[], Duration::ZERO)], |_| {}).await;
    shop.company.due().await;
    let folder = shop.company.folder.path();
    let config = format!("database = \"{}\"\n[backup]\nrequired = false\n", shop.company.place.setting());
    std::fs::write(folder.join("lethe.toml"), &config).unwrap();
    let said = |args: &[&str]| {
        let done = crate::common::lethe(folder).args(args).assert().success();
        String::from_utf8_lossy(&done.get_output().stdout).into_owned()
    };
    let status = said(&["status"]);
    assert!(status.contains("1 delivery waits for `crm`, which `lethe.toml` does not declare"), "{status}");
    assert!(status.contains("`lethe deliveries --to crm --settled`"), "{status}");
    let declared =
        format!("{config}[[webhooks]]\nname = \"crm\"\nurl = \"{}\"\nsecret_file = \"secret\"\n", shop.receiver.url);
    std::fs::write(folder.join("lethe.toml"), declared).unwrap();
    std::fs::write(folder.join("secret"), format!("whsec_{}\n", STANDARD.encode(OLD))).unwrap();
    let status = said(&["status"]);
    let given_up = "1 delivery to `crm` was abandoned: answered 410; `lethe deliveries` lists them";
    assert!(status.contains(given_up), "{status}");
    assert!(!status.contains("which `lethe.toml` does not declare"), "{status}");
    assert!(said(&["status", "1"]).contains("messages of crm  1  abandoned"), "{}", said(&["status", "1"]));
    assert!(said(&["deliveries"]).contains("answered 410"), "{}", said(&["deliveries"]));
    let listed: Value = serde_json::from_str(&said(&["deliveries", "--json"])).unwrap();
    assert_eq!((&listed["outstanding"][0]["failed"], &listed["outstanding"][0]["target"]), (&1.into(), &"crm".into()));
    assert!(said(&["retry"]).contains("1 delivery will be retried"));
    assert_eq!(shop.outstanding().await, ["open|0|answered 410"]);
    // What waits for a webhook that is declared cannot be settled; what waits for one that is not can be.
    let settle = || {
        let mut command = crate::common::lethe(folder);
        command.args(["deliveries", "--to", "crm", "--settled"]);
        command
    };
    settle().assert().failure();
    std::fs::write(folder.join("lethe.toml"), &config).unwrap();
    settle().assert().success();
    assert_eq!(shop.outstanding().await, [""; 0]);
    assert_eq!(shop.company.rows("SELECT target, result FROM lethe_delivered").await, ["crm|settled"]);
}
