//! People are told of what needs them, once for each event, and of no client.

use std::sync::Arc;
use std::time::Duration;

use crate::common::place::either;
use crate::common::post::{Monitor, Post};
use crate::common::receiver::Receiver;
use crate::common::searched::start;
use crate::common::{Company, context, in_the_end, lethe, limits};
use lethe::domain::job::{Brake, Job};
use lethe::domain::sweep::SweepKind;
use lethe::ledger::Beginning;
use lethe::outside::{Event, Mailer, Secret, Sender, Webhook};
use lethe::worker::deliver::alerts::Alerts;
use lethe::worker::deliver::{Targets, deliver_now};
use lethe::worker::sweep::open;
use lethe::worker::watch::{look, overdue};
use lethe::worker::{Context, Request, scheduler};

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE, held INTEGER NOT NULL DEFAULT 0, kind TEXT);
INSERT INTO customers (no, name, due) VALUES ('A1', 'Ann Archer', '2026-01-01'), ('B2', 'Bob Baker', '2026-01-01');
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[filters]
kind = "kind"
[[guards]]
name = "held"
reason = "is held"
where = "held = 1"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
due = { class = "non-personal" }
held = { class = "non-personal" }
kind = { class = "non-personal" }
"#;

const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// A company that tells by webhook, by mail and by signs of life.
struct Watched {
    company: Company,
    receiver: Receiver,
    post: Post,
    monitor: Monitor,
}

impl Watched {
    async fn new(ping: &str, more: &[&str]) -> Self {
        Self::answering(ping, more, &[]).await
    }

    async fn answering(ping: &str, more: &[&str], says: &[u16]) -> Self {
        let mut company = Company::new(SCHEMA, POLICY).await;
        let (receiver, monitor) = (Receiver::new(&[]).await, Monitor::new(says).await);
        let post = Post::new(&[&["plain"], more].concat());
        let server = format!("smtp://127.0.0.1:{}", post.port);
        let time = Duration::from_secs(5);
        let mailer =
            Mailer::new(&server, None, "Lethe <lethe@shop.example>", "ops@shop.example, dpo@shop.example", time);
        let webhook = Webhook {
            url: receiver.url.parse().unwrap(),
            secrets: vec![Secret::of_bytes(b"a secret").unwrap()],
            events: [Event::Alert].into(),
            hashed: None,
            most_clients: 100,
        };
        company.context.targets = Arc::new(Targets {
            webhooks: [("chat".to_owned(), webhook)].into(),
            sender: Sender::new(time),
            alerts: Alerts {
                mailer: Some(mailer.unwrap()),
                ping: Some(format!("{}{ping}", monitor.url)),
                ping_failed: Some(format!("{}{ping}/fail", monitor.url)),
                overdue: WEEK,
            },
            attempts: 3,
            retry_after: Duration::from_secs(60),
            ..Targets::default()
        });
        Self { company, receiver, post, monitor }
    }

    fn context(&self) -> &Context {
        &self.company.context
    }

    /// Looks, and delivers; twice, as nothing is told twice.
    async fn look(&self, jobs: &[Job]) {
        for _ in 0..2 {
            look(self.context(), jobs).await.unwrap();
            deliver_now(self.context()).await.unwrap();
        }
    }

    async fn sweep(&self, job: &str) {
        let request = Request { job: Some(job.to_owned()), ..self.company.request(SweepKind::Due) };
        self.company.sweep(&request).await.unwrap();
    }

    /// What the webhook was told: kind and text of each alert.
    fn told(&self) -> Vec<String> {
        let all = self.receiver.got();
        all.iter()
            .map(|own| format!("{}: {}", own.body["data"]["kind"], own.body["data"]["text"]).replace('"', ""))
            .collect()
    }
}

fn nightly() -> Job {
    Job::parse("nightly", "schedule = \"0 30 1 * * *\"\ntime_zone = \"UTC\"\nsweep = \"due\"\n").unwrap()
}

#[tokio::test]
async fn a_good_night_gives_a_sign_of_life_and_alerts_no_one() {
    let shop = Watched::new("/ping/lethe-{job}", &[]).await;
    shop.sweep("nightly").await;
    shop.look(&[]).await;
    assert_eq!(shop.monitor.asked(), ["GET /ping/lethe-nightly"]);
    shop.company.due().await;
    shop.look(&[]).await;
    assert_eq!(shop.monitor.asked().len(), 1, "a sweep without a job is no night's work");
    assert_eq!((shop.told().len(), shop.post.letters().len()), (0, 0));
}

#[tokio::test]
async fn one_sign_of_life_for_all_jobs_waits_until_all_of_them_are_done() {
    let shop = Watched::new("/ping", &[]).await;
    let braked = Request {
        job: Some("second".to_owned()),
        brake: Brake { clients: Some(1), share: None },
        ..shop.company.request(SweepKind::Due)
    };
    open(shop.context(), &braked).await.unwrap_err();
    shop.sweep("first").await;
    shop.look(&[]).await;
    assert_eq!(shop.monitor.asked(), ["GET /ping/fail"]);
    shop.sweep("second").await;
    shop.look(&[]).await;
    assert_eq!(shop.monitor.asked(), ["GET /ping/fail", "GET /ping"]);
}

#[tokio::test]
async fn a_sign_of_life_that_was_not_taken_is_given_again() {
    let shop = Watched::answering("/ping", &[], &[503]).await;
    shop.sweep("nightly").await;
    shop.look(&[]).await;
    assert_eq!(
        shop.company.rows("SELECT target, state, error FROM lethe_deliveries").await,
        ["ping|open|answered 503"]
    );
    shop.company.set_clock("2026-01-02T12:05:00Z");
    shop.look(&[]).await;
    assert_eq!(shop.monitor.asked(), ["GET /ping", "GET /ping"]);
    assert_eq!(shop.company.rows("SELECT target FROM lethe_deliveries").await, [""; 0]);
}

#[tokio::test]
async fn a_sweep_that_is_stopped_or_braked_is_told_by_every_way_once() {
    let shop = Watched::new("/ping/{job}", &[]).await;
    let braked = Request {
        job: Some("nightly".to_owned()),
        brake: Brake { clients: Some(1), share: None },
        ..shop.company.request(SweepKind::Due)
    };
    open(shop.context(), &braked).await.unwrap_err();
    let id = open(shop.context(), &shop.company.request(SweepKind::Due)).await.unwrap().unwrap();
    shop.look(&[]).await;
    shop.context().ledger.stop_sweep(id, "the policy or the schema changed after the sweep was opened").await.unwrap();
    shop.look(&[]).await;
    let told = [
        "sweep-braked: sweep 1 (nightly) was braked: the sweep would anonymize 2 clients, and the brake allows 1",
        "sweep-stopped: sweep 2 (by hand) was stopped: the policy or the schema changed after the sweep was opened",
    ];
    assert_eq!(shop.told(), told);
    assert_eq!(shop.receiver.got()[0].body["data"]["job"], "nightly");
    assert_eq!(shop.receiver.got()[0].body["data"]["sweep"], 1);
    assert_eq!(shop.monitor.asked(), ["GET /ping/nightly/fail"]);
    let subjects = shop.post.subjects(4).await;
    assert_eq!(
        subjects,
        ["Lethe: sweep braked", "Lethe: sweep braked", "Lethe: sweep stopped", "Lethe: sweep stopped"]
    );
    let letter = &shop.post.letters()[0];
    assert_eq!(letter["rcpt"], serde_json::json!(["ops@shop.example"]));
    assert_eq!(shop.post.letters()[1]["rcpt"], serde_json::json!(["dpo@shop.example"]));
    assert_eq!(
        (&letter["from"], &letter["auto-submitted"]),
        (&"Lethe <lethe@shop.example>".into(), &"auto-generated".into())
    );
    assert!(letter["text"].as_str().unwrap().contains("sweep 1 (nightly) was braked"), "{letter}");
}

#[tokio::test]
async fn a_letter_that_was_not_taken_is_sent_again_under_the_same_id() {
    let shop = Watched::new("/ping", &["--refuse", "1"]).await;
    let id = open(shop.context(), &shop.company.request(SweepKind::Due)).await.unwrap().unwrap();
    shop.context().ledger.stop_sweep(id, "for a test").await.unwrap();
    shop.look(&[]).await;
    // What the server said is not repeated: it can name people.
    assert_eq!(
        shop.company.rows("SELECT target, state, error FROM lethe_deliveries").await,
        ["email|open|answered 451"]
    );
    shop.company.set_clock("2026-01-02T12:05:00Z");
    shop.look(&[]).await;
    assert_eq!(shop.post.subjects(3).await.len(), 3, "the other person is notified at once");
    let letters = shop.post.letters();
    assert_eq!(letters[0]["message-id"], letters[2]["message-id"]);
    assert_eq!(letters[1]["rcpt"], serde_json::json!(["dpo@shop.example"]));
    assert!(letters[0]["message-id"].as_str().unwrap().ends_with("@shop.example>"), "{}", letters[0]);
    assert_eq!(shop.company.rows("SELECT target FROM lethe_deliveries").await, [""; 0]);
}

#[tokio::test]
async fn an_address_that_the_server_does_not_know_keeps_no_e_mail_from_other_recipients() {
    let shop = Watched::new("/ping", &["--unknown", "ops@shop.example"]).await;
    let id = open(shop.context(), &shop.company.request(SweepKind::Due)).await.unwrap().unwrap();
    shop.context().ledger.stop_sweep(id, "for a test").await.unwrap();
    for hour in 12..16 {
        shop.company.set_clock(&format!("2026-01-02T{hour}:30:00Z"));
        shop.look(&[]).await;
    }
    // It is given up, and that is an alert in turn, which the other address and the webhook get.
    assert!(shop.post.subjects(2).await.len() >= 2);
    for letter in shop.post.letters() {
        assert_eq!(letter["rcpt"], serde_json::json!(["dpo@shop.example"]));
    }
    let given_up = shop.company.rows("SELECT error FROM lethe_deliveries WHERE state = 'failed'").await;
    assert_eq!(given_up, ["answered 550"]);
    assert!(shop.told().iter().any(|own| own.contains("to `email` was abandoned: answered 550")), "{:?}", shop.told());
}

#[tokio::test]
async fn clients_that_fail_are_counted_and_told_the_first_night() {
    let shop = Watched::new("/ping/{job}", &[]).await;
    shop.company
        .execute(either(
            "CREATE TRIGGER keeper BEFORE UPDATE ON customers WHEN old.no = 'A1' BEGIN SELECT RAISE(ABORT, 'stays'); END",
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stays'; END $$; \
             CREATE TRIGGER keeper BEFORE UPDATE ON customers FOR EACH ROW WHEN (OLD.no = 'A1') EXECUTE FUNCTION keep()",
        ))
        .await;
    shop.sweep("nightly").await;
    shop.look(&[]).await;
    assert_eq!(shop.told(), ["clients-failed: 1 client of sweep 1 (nightly) failed and is as it was before"]);
    shop.company.set_clock("2026-01-03T12:00:00Z");
    shop.sweep("nightly").await;
    shop.look(&[]).await;
    assert_eq!(shop.told().len(), 1, "it is no news the second night");
    for text in shop
        .receiver
        .got()
        .iter()
        .map(|own| own.text.clone())
        .chain(shop.post.letters().iter().map(ToString::to_string))
    {
        assert!(!text.contains("A1") && !text.contains("Ann") && !text.contains("Archer"), "{text}");
    }
}

#[tokio::test]
async fn a_night_that_nothing_ran_in_is_told() {
    let shop = Watched::new("/ping/{job}", &[]).await;
    let jobs = [nightly()];
    scheduler::tick(shop.context(), &jobs).await.unwrap();
    shop.company.set_clock("2026-01-03T01:40:00Z");
    shop.look(&jobs).await;
    assert_eq!(shop.told(), [""; 0], "a quarter of an hour late is not missed yet");
    shop.company.set_clock("2026-01-03T02:00:00Z");
    shop.look(&jobs).await;
    let first = "missed-tick: the tick of nightly at 2026-01-03 01:30 UTC was missed, and has not been caught up yet";
    assert_eq!(shop.told(), [first]);
    // Caught up, the same tick is no news; a later one that stands for two is.
    scheduler::tick(shop.context(), &jobs).await.unwrap();
    shop.look(&jobs).await;
    assert_eq!(shop.told(), [first]);
    shop.company.work(1).await;
    shop.company.set_clock("2026-01-06T09:00:00Z");
    scheduler::tick(shop.context(), &jobs).await.unwrap();
    shop.look(&jobs).await;
    let second =
        "missed-tick: the tick of nightly at 2026-01-06 01:30 UTC, and 2 before it was missed; sweep 2 catches up";
    assert_eq!(shop.told(), [first, second]);
}

#[tokio::test]
async fn a_journal_that_cannot_be_kept_is_told_when_it_lasts_and_again_after_it_was_well() {
    let shop = Watched::new("/ping", &[]).await;
    let ledger = &shop.context().ledger;
    let by = Beginning { ledger: "test".to_owned(), database: "here".to_owned(), key_mark: None };
    ledger.begin_journal("start", &by).await.unwrap();
    for _ in 0..2 {
        let before = shop.told().len();
        // It has other words every few minutes, and is the same problem.
        for words in ["does not respond", "cannot be used", "the folder `/journal` is read-only"] {
            let head = ledger.journal().await.unwrap().unwrap();
            ledger.journal_trouble(&head, Some(words)).await.unwrap();
            shop.look(&[]).await;
            assert_eq!(shop.told().len(), before);
            ledger.clock().set(ledger.clock().now() + chrono::TimeDelta::minutes(4));
        }
        shop.look(&[]).await;
        assert_eq!(shop.told().len(), before + 1, "{:?}", shop.told());
        let head = ledger.journal().await.unwrap().unwrap();
        ledger.journal_trouble(&head, None).await.unwrap();
        shop.look(&[]).await;
    }
    let told =
        "journal-away: the journal cannot be kept since 2026-01-02 12:00 UTC: the folder `/journal` is read-only";
    assert_eq!(shop.told()[0], told);
    ledger.notice_restore().await.unwrap();
    shop.look(&[]).await;
    assert!(shop.told()[2].starts_with("restored-database: the journal is ahead of the ledger"), "{:?}", shop.told());
}

#[tokio::test]
async fn clients_who_are_due_and_whom_no_sweep_looks_at_are_told_after_a_week() {
    let shop = Watched::new("/ping", &[]).await;
    let jobs = [nightly()];
    let count = async || {
        overdue(shop.context(), &jobs).await.unwrap();
        deliver_now(shop.context()).await.unwrap();
        shop.told().len()
    };
    shop.company.set_clock("2026-01-08T12:00:00Z");
    assert_eq!(count().await, 0, "on the seventh day");
    shop.company.set_clock("2026-01-09T12:00:00Z");
    overdue(shop.context(), &[]).await.unwrap();
    assert_eq!(count().await, 1);
    let told =
        "clients-overdue: 2 clients have been due by date for more than 7 days, and no sweep has processed them since";
    assert_eq!(shop.told(), [told]);
    assert_eq!(count().await, 1, "once");
    // One is refused every night: that is not a backlog, until nothing is checked any more.
    shop.company.execute("UPDATE customers SET held = 1 WHERE no = 'A1'").await;
    shop.sweep("nightly").await;
    assert_eq!(count().await, 1);
    shop.company.set_clock("2026-01-17T12:00:00Z");
    assert_eq!(count().await, 2, "{:?}", shop.told());
}

#[tokio::test]
async fn clients_whom_no_job_takes_by_its_filters_are_not_told_as_overdue() {
    let shop = Watched::new("/ping", &[]).await;
    let text = "schedule = \"0 30 1 * * *\"\ntime_zone = \"UTC\"\nsweep = \"due\"\n[filters]\nkind = \"B\"\n";
    let jobs = [Job::parse("kind-b", text).unwrap()];
    shop.company.set_clock("2026-01-09T12:00:00Z");
    overdue(shop.context(), &jobs).await.unwrap();
    deliver_now(shop.context()).await.unwrap();
    assert_eq!(shop.told(), [""; 0]);
    shop.company.execute("UPDATE customers SET kind = 'B' WHERE no = 'A1'").await;
    overdue(shop.context(), &jobs).await.unwrap();
    deliver_now(shop.context()).await.unwrap();
    assert!(shop.told()[0].starts_with("clients-overdue: 1 clients have been due by date"), "{:?}", shop.told());
}

#[tokio::test]
async fn several_processes_tell_each_event_once() {
    let shop = Watched::new("/ping/{job}", &[]).await;
    for job in ["a", "b", "c"] {
        let id =
            open(shop.context(), &Request { job: Some(job.to_owned()), ..shop.company.request(SweepKind::Due) }).await;
        shop.context().ledger.stop_sweep(id.unwrap().unwrap(), "for a test").await.unwrap();
    }
    let mut all = Vec::new();
    for _ in 0..4 {
        let clock = shop.context().ledger.clock().clone();
        let mut other = context(shop.company.folder.path(), &shop.company.place, clock, limits()).await;
        other.targets = Arc::clone(&shop.context().targets);
        all.push(tokio::spawn(async move {
            in_the_end(|| look(&other, &[])).await;
            in_the_end(|| deliver_now(&other)).await;
        }));
    }
    for one in all {
        one.await.unwrap();
    }
    deliver_now(shop.context()).await.unwrap();
    // A letter to each of the two people.
    assert_eq!((shop.told().len(), shop.monitor.asked().len(), shop.post.subjects(6).await.len()), (3, 3, 6));
    let letters = shop.post.letters().into_iter();
    let told: std::collections::BTreeSet<String> =
        letters.map(|own| format!("{} {}", own["rcpt"], own["text"])).collect();
    assert_eq!(told.len(), 6, "nothing is reported twice: {told:?}");
}

/// The real program, a night a second, and its mail over TLS.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_itself_gives_signs_of_life_and_writes_letters() {
    let shop = Watched::new("/ping", &[]).await;
    let folder = shop.company.folder.path();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    std::fs::create_dir(folder.join("jobs")).unwrap();
    write("jobs/nightly.toml", "schedule = \"* * * * * *\"\ntime_zone = \"UTC\"\nsweep = \"due\"\n");
    write("secret", "pass word\n");
    let (post, certificate) = Post::with_certificate("starttls", folder);
    let config = |server: &str| {
        format!(
            "database = \"{}\"\n[sweep]\nbrake_share = 1.0\nrehearsal = false\n[backup]\nrequired = false\n\
             [alerts]\noverdue = \"0s\"\nping = \"{}/ping/{{job}}\"\n[email]\nserver = \"{server}\"\npassword_file = \"secret\"\n\
             from = \"Lethe <lethe@shop.example>\"\nto = \"ops@shop.example\"\n",
            shop.company.place.setting(),
            shop.monitor.url
        )
    };
    write("lethe.toml", &config(&format!("smtp://lethe@0.0.0.0:{}", post.port)));
    let test = |trusts: &std::path::Path| lethe(folder).args(["alerts", "test"]).env("SSL_CERT_FILE", trusts).assert();
    let said = test(&certificate).success();
    let said = String::from_utf8_lossy(&said.get_output().stdout).into_owned();
    assert_eq!(said, "email            through\nping of nightly  through\n");
    assert_eq!(post.subjects(1).await, ["Lethe: test"]);
    assert_eq!((&post.letters()[0]["user"], &post.letters()[0]["tls"]), (&true.into(), &true.into()));
    // A server that is not trusted gets neither e-mail nor password.
    let failed = test(&folder.join("secret")).failure().code(1);
    let said = String::from_utf8_lossy(&failed.get_output().stdout).into_owned();
    assert!(said.contains("not through: "), "{said}");
    write("lethe.toml", &config(&format!("smtp://lethe@0.0.0.0:{}", shop.post.port)));
    test(&certificate).failure().code(1);
    assert_eq!((post.letters().len(), shop.post.letters().len()), (1, 0), "without STARTTLS nothing is sent");
    // Now the nights.
    write("lethe.toml", &config(&format!("smtp://lethe@0.0.0.0:{}", post.port)));
    shop.company.execute("UPDATE customers SET held = 1").await;
    let mut program = start(crate::common::service(folder, "run").env("SSL_CERT_FILE", &certificate));
    let before = shop.monitor.asked().len();
    let mut waited = 0;
    while shop.monitor.asked().len() < before + 2 && waited < 60 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        waited += 1;
    }
    write("policy.toml", "[client]\ntable = \"nobody\"\nkey = \"no\"\n");
    let subjects = post.subjects(2).await;
    program.kill().unwrap();
    program.wait().unwrap();
    assert!(shop.monitor.asked().len() >= before + 2, "{:?}", shop.monitor.asked());
    assert_eq!(subjects[1], "Lethe: sweep stopped");
}

#[tokio::test]
async fn deliveries_that_need_a_person_are_told_until_they_do_not() {
    let shop = Watched::new("/ping", &[]).await;
    let put = |target: &str, state: &str| {
        format!(
            "INSERT INTO lethe_deliveries (kind, target, sweep, client_key, body, message, state, run_at, error, made_at) \
             VALUES ('file', '{target}', 1, 'A', 'a.jpg', 'm', '{state}', '2999-01-01T00:00:00.000Z', 'is away', '2026-01-02T12:00:00.000Z')"
        )
    };
    // The configuration knows no root at all.
    shop.company.execute(&put("pictures", "open")).await;
    shop.look(&[]).await;
    let text = "deliveries-stuck: 1 delivery waits for `pictures`, which `lethe.toml` does not declare; declare it, or count \
                it as done with `lethe deliveries --to pictures --settled`";
    assert_eq!(shop.told(), [text]);
    shop.company.execute("DELETE FROM lethe_deliveries WHERE target = 'pictures'").await;
    shop.look(&[]).await;
    // A webhook that wants no more, and one that has been away for hours.
    let message = |state: &str| put("chat", state).replace("'file'", "'message'");
    shop.company.execute(&message("failed")).await;
    shop.look(&[]).await;
    let text = "deliveries-stuck: 1 delivery to `chat` was abandoned: is away; `lethe deliveries` lists them";
    assert_eq!(shop.told()[1], text);
    shop.company.execute("UPDATE lethe_deliveries SET state = 'open'").await;
    shop.company.set_clock("2026-01-02T14:00:00Z");
    shop.look(&[]).await;
    assert!(shop.told()[2].contains("1 delivery to `chat` waits for more than an hour"), "{:?}", shop.told());
    // A webhook that was taken out of the configuration.
    shop.company.execute(&put("old-chat", "open").replace("'file'", "'message'")).await;
    shop.look(&[]).await;
    assert!(shop.told()[3].contains("1 delivery waits for `old-chat`, which `lethe.toml` does not declare"));
}
