//! Spans arrive where they are configured, say nothing of a client, and never hold up a sweep.

use std::fmt::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::common::collector::{Collector, Spanned};
use crate::common::program::{Program, ended, running, signal};
use axum::http::StatusCode;
use sqlx::sqlite::SqliteJournalMode;

/// What the clients of the company are made of, their keys included.
const VALUES: [&str; 5] = ["Person ", "@home.example", "Street of", ", at home", "C00"];

/// A program of 1,000 clients in batches of 100, one of whom a trigger keeps, with these settings added.
async fn company(settings: &str) -> Program {
    let program = Program::new(1_000, 100, SqliteJournalMode::Wal).await;
    configure(&program, settings);
    program
}

fn configure(program: &Program, settings: &str) {
    let path = program.path().join("lethe.toml");
    let mut text = std::fs::read_to_string(&path).expect("the configuration");
    write!(text, "{settings}").expect("it is written");
    std::fs::write(path, text).expect("the configuration is written");
}

fn traces_to(collector: &Collector) -> String {
    format!("[traces]\nendpoint = \"{}\"\n", collector.url)
}

/// Runs a command to its end, with variables of the environment.
fn run(program: &Program, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command: Command = program.command(args);
    command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.output().expect("it runs")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn below<'a>(spans: &'a [Spanned], parent: &Spanned) -> Vec<&'a Spanned> {
    spans.iter().filter(|own| own.parent == parent.id && own.trace == parent.trace).collect()
}

fn check_says_nothing_of_a_client(collector: &Collector) {
    let bytes = collector.bytes();
    assert!(!bytes.is_empty(), "something came");
    for value in VALUES {
        let found = bytes.windows(value.len()).any(|own| own == value.as_bytes());
        assert!(!found, "`{value}` is in what was sent");
    }
}

#[tokio::test]
async fn a_sweep_by_hand_arrives_with_its_batches_and_their_steps() {
    let collector = Collector::new();
    let program = company(&format!("{}headers_file = \"secret\"\n", traces_to(&collector))).await;
    std::fs::write(program.path().join("secret"), "authorization: Bearer abc\n\nx-tenant: shop\n").unwrap();
    assert!(program.ends(&["sweep", "--due", "--wait"]).success());

    let spans = collector.spans();
    let sweeps = collector.named("sweep");
    assert_eq!(sweeps.len(), 1, "{sweeps:?}");
    let sweep = &sweeps[0];
    let count = async |outcome: &str| {
        program.number(&format!("SELECT count(*) FROM lethe_outcomes WHERE outcome = '{outcome}'")).await
    };
    for outcome in ["anonymized", "refused", "failed"] {
        assert!(count(outcome).await > 0, "{outcome}");
        assert_eq!(sweep.number(&format!("lethe.clients.{outcome}")), count(outcome).await, "{outcome}");
    }
    assert_eq!((sweep.number("lethe.sweep.id"), sweep.parent.len(), sweep.failed), (1, 0, false));
    let ledger = program.number("SELECT count(*) FROM lethe_batches WHERE state = 'done'").await;
    assert_eq!(sweep.number("lethe.batches"), ledger);

    let batches: Vec<&Spanned> = below(&spans, sweep).into_iter().filter(|own| own.name == "batch").collect();
    assert_eq!(batches.len(), collector.named("batch").len(), "each is below its sweep");
    assert!(batches.len() >= usize::try_from(ledger).unwrap(), "{} of {ledger}", batches.len());
    let done: i64 = batches.iter().map(|own| own.number("lethe.clients.refused")).sum();
    assert_eq!(done, count("refused").await, "no client is refused twice");
    for batch in &batches {
        assert!(batch.nanoseconds.0 >= sweep.nanoseconds.0 && batch.nanoseconds.1 <= sweep.nanoseconds.1);
        let steps = below(&spans, batch);
        assert!(steps.iter().all(|own| own.nanoseconds.1 <= batch.nanoseconds.1), "they end before it does");
        let mut names: Vec<&str> = steps.iter().map(|own| own.name.as_str()).collect();
        if batch.number("lethe.clients.anonymized") > 0 && batch.number("lethe.batch.clients") > 1 {
            names.sort_unstable();
            // The batch of the client that a trigger keeps is done twice.
            names.dedup();
            assert_eq!(
                names,
                ["commit", "former values", "guards", "last look", "last rules", "outcomes", "residue", "rules"]
            );
        } else {
            assert!(names.contains(&"guards"), "{names:?}");
        }
    }
    assert!(spans.iter().any(|own| own.name == "cut" && own.parent == sweep.id));
    check_says_nothing_of_a_client(&collector);
    assert_eq!(collector.header("authorization")[0], "Bearer abc");
    assert_eq!(collector.header("x-tenant")[0], "shop");
    assert_eq!(collector.services(), ["lethe"]);
}

#[tokio::test]
async fn a_night_of_two_processes_is_one_trace_and_requests_are_told_by_their_route() {
    let collector = Collector::new();
    let program = company(&format!("{}[http]\nlisten = \"127.0.0.1:0\"\n", traces_to(&collector))).await;
    let job = "schedule = \"* * * * * *\"\ntime_zone = \"UTC\"\nsweep = \"due\"\n";
    std::fs::write(program.path().join("jobs/nightly.toml"), job).unwrap();
    let start = |what: &str| {
        let mut command = program.command(&[what]);
        command.env("OTEL_BSP_SCHEDULE_DELAY", "100");
        command
    };
    let worker = running(&mut start("worker"));
    // Its log says where it listens.
    let log = program.path().join("log");
    let file = std::fs::File::create(&log).unwrap();
    let scheduler = start("scheduler").stderr(file).spawn().unwrap();
    let address = loop {
        let text = std::fs::read_to_string(&log).unwrap();
        if let Some((_, rest)) = text.split_once("listening address=") {
            break rest.split_whitespace().next().unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let asked = reqwest::get(format!("http://{address}/api/v1/clients/C00001?name=Person+1")).await.unwrap();
    assert_eq!(asked.status(), 401);

    let sweep = collector.until("sweep").remove(0);
    let request = collector.until("GET /api/v1/clients/{client}").remove(0);
    assert_eq!(request.attributes["http.route"], "/api/v1/clients/{client}");
    assert_eq!(request.number("http.response.status_code"), 401);
    signal(&scheduler, "TERM");
    signal(&worker, "TERM");
    assert!(ended(scheduler).success());
    assert!(ended(worker).success());
    let spans = collector.spans();
    let names: Vec<&str> = below(&spans, &sweep).iter().map(|own| own.name.as_str()).collect();
    for name in ["tick", "cut", "batch"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert_eq!(sweep.attributes["lethe.job"], "nightly");
    check_says_nothing_of_a_client(&collector);
}

#[tokio::test]
async fn a_collector_that_is_away_slow_or_full_holds_up_nothing() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut away = Collector::new();
    away.url = format!("http://{free}");
    let slow = Collector::saying(StatusCode::OK, Duration::from_secs(600));
    let full = Collector::saying(StatusCode::SERVICE_UNAVAILABLE, Duration::ZERO);
    let begun = Instant::now();
    assert!(company("").await.ends(&["sweep", "--due", "--wait"]).success());
    let alone = begun.elapsed();
    for (name, collector, fault) in [
        ("away", away, Some("the collector cannot be reached")),
        ("slow", slow, None),
        ("full", full, Some("the collector answers with status 503")),
    ] {
        let program = company(&traces_to(&collector)).await;
        let begun = Instant::now();
        // Sent again and again meanwhile.
        let done =
            run(&program, &["sweep", "--due", "--wait"], &[("OTEL_BSP_SCHEDULE_DELAY", "20"), ("LETHE_LOG", "warn")]);
        let took = begun.elapsed();
        let said = said(&done);
        assert!(done.status.success(), "{name}: {said}");
        assert!(took < alone + Duration::from_secs(120), "{name}: {took:?} where it takes {alone:?} alone");
        let failed = program.number("SELECT failed FROM lethe_batches WHERE failed > 0").await;
        assert_eq!(failed, 1, "{name}: the one that the trigger keeps");
        program.check_laws().await;
        assert_eq!(said.matches("spans are lost").count(), usize::from(fault.is_some()), "{name}: {said}");
        assert!(fault.is_none_or(|fault| said.contains(fault)), "{name}: {said}");
        let lost = said.split("lost=").nth(1).and_then(|own| own.split_whitespace().next()?.parse::<u64>().ok());
        assert!(said.contains("spans were not sent") && lost.is_some_and(|lost| lost > 20), "{name}: {said}");
        assert!(!said.contains(&collector.url), "{name}: {said}");
    }
}

#[tokio::test]
async fn nothing_is_sent_where_no_collector_is_named() {
    // Where a collector would be by default.
    let bound = || std::net::TcpListener::bind("127.0.0.1:4318").ok();
    let listener = (0..600).find_map(|_| {
        bound().or_else(|| {
            std::thread::sleep(Duration::from_millis(200));
            None
        })
    });
    let listener = listener.expect("the port is free");
    listener.set_nonblocking(true).unwrap();
    let program = company("").await;
    let named = [("OTEL_EXPORTER_OTLP_HEADERS", "a=b"), ("OTEL_EXPORTER_OTLP_ENDPOINT", " ")];
    assert!(run(&program, &["sweep", "--due", "--wait"], &named).status.success());
    let program = company("[traces]\nsample = 1.0\n").await;
    assert!(run(&program, &["sweep", "--due", "--wait"], &[]).status.success());
    let off = Collector::new();
    let program = company(&traces_to(&off)).await;
    assert!(run(&program, &["sweep", "--due", "--wait"], &[("OTEL_SDK_DISABLED", "true")]).status.success());
    let program = company(&format!("{}sample = 0.0\n", traces_to(&off))).await;
    assert!(run(&program, &["sweep", "--due", "--wait"], &[]).status.success());
    assert_eq!((off.asked(), listener.accept().is_err()), (0, true));
}

#[tokio::test]
async fn the_standard_variables_name_a_collector_too() {
    let collector = Collector::new();
    let program = company("").await;
    let endpoint = format!("{}/", collector.url);
    let named = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=shop"),
        ("OTEL_SERVICE_NAME", "lethe-shop"),
    ];
    assert!(run(&program, &["sweep", "--due", "--wait"], &named).status.success());
    assert_eq!(collector.named("sweep").len(), 1);
    assert_eq!(collector.header("x-tenant")[0], "shop");
    assert_eq!(collector.services(), ["lethe-shop"]);
}

#[tokio::test]
async fn the_doctor_asks_the_collector() {
    for (status, code, words) in [
        (StatusCode::OK, Some(0), "the collector takes spans"),
        (StatusCode::FORBIDDEN, Some(1), "the collector answers with status 403; check `traces.endpoint`"),
    ] {
        let collector = Collector::saying(status, Duration::ZERO);
        let program = company(&traces_to(&collector)).await;
        let asked = run(&program, &["doctor"], &[]);
        let said = said(&asked);
        assert_eq!((asked.status.code(), said.contains(words)), (code, true), "{said}");
        assert!(!said.contains(&collector.url), "{said}");
        assert!(collector.spans().is_empty());
    }
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_and_no_secret_is_repeated() {
    let program = Program::new(10, 100, SqliteJournalMode::Wal).await;
    let path = program.path().join("lethe.toml");
    let plain = std::fs::read_to_string(&path).unwrap();
    std::fs::write(program.path().join("bad"), "authorization: Bearer 5ecret\n5ecret\n").unwrap();
    for (settings, words) in [
        ("endpoint = \"collector:5ecret\"", "`traces.endpoint` is not a URL that begins with"),
        ("endpoint = \"5ecret\"", "`traces.endpoint` cannot be read"),
        ("endpoint = \"ftp://c/5ecret\"", "`traces.endpoint` is not a URL that begins with"),
        ("endpoint = \"https://u:5ecret@c\"", "`traces.endpoint` has a user or a password in it"),
        ("endpoint = \"https://c/v1/traces#5ecret\"", "`traces.endpoint` has a `#` in it"),
        ("sample = 1.5", "`traces.sample` is 1.5, and should be from 0 to 1"),
        ("headers_file = \"bad\"", "`traces.headers_file` is set, and `traces.endpoint` is not"),
        ("endpoint = \"https://c\"\nheaders_file = \"bad\"", "whose line 2 is not `name: value`"),
        ("endpoint = \"https://c\"\nheaders_file = \"none\"", "cannot be read: "),
        ("endpoint = \"http://c\"\nheaders_file = \"bad\"", "`traces.headers_file` would be sent over `http://`"),
        ("endpoin = \"https://c\"", "unknown setting `traces.endpoin`"),
    ] {
        std::fs::write(&path, format!("{plain}[traces]\n{settings}\n")).unwrap();
        let refused = run(&program, &["status"], &[]);
        let said = said(&refused);
        assert_eq!(refused.status.code(), Some(1), "{settings}: {said}");
        assert!(said.contains(words), "{settings}: {said}");
        assert!(said.contains("lethe.toml") && said.contains("hint: "), "{settings}: {said}");
        assert!(!said.contains("5ecret"), "{settings}: {said}");
    }
    std::fs::write(&path, plain).unwrap();
    let refused = run(&program, &["status"], &[("OTEL_EXPORTER_OTLP_ENDPOINT", "c/5ecret")]);
    let said = said(&refused);
    assert!(said.contains("`OTEL_EXPORTER_OTLP_ENDPOINT` cannot be read") && !said.contains("5ecret"), "{said}");
}
