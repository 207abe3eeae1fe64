//! Clients whose rows hold much: memory does not grow with it.

use std::process::Stdio;
use std::time::Duration;

use crate::common::place::either;
use crate::common::{Company, service};

const SCHEMA: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE DEFAULT '2026-01-01');
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers (no), contact TEXT, note TEXT);
    CREATE INDEX orders_customer ON orders (customer_no);
    INSERT INTO customers (no, name) VALUES ('A', 'José Müller'), ('B', 'Bob Baker');
";

const POLICY: &str = r#"
    client = { table = "customers", key = "no", to_anonymize_on = "due" }
    [tables.customers.columns]
    no.class = "non-personal"
    name = { class = "personal", replace = "Client", identifying = true }
    due.class = "non-personal"
    [tables.orders]
    client = "customer_no"
    columns.id.class = "non-personal"
    columns.customer_no.class = "non-personal"
    columns.contact = { class = "personal", clear = true, identifying = true }
    columns.note = { class = "non-personal" {residue} }
"#;

async fn company(residue: &str) -> Company {
    Company::new(SCHEMA, &POLICY.replace("{residue}", residue)).await
}

/// So many times the same sign, as SQL.
fn times(sign: char, count: usize) -> String {
    either("replace(hex(zeroblob({count})), '00', '{sign}')", "repeat('{sign}', {count})")
        .replace("{count}", &count.to_string())
        .replace("{sign}", &sign.to_string())
}

#[tokio::test]
async fn a_former_value_is_found_wherever_it_stands_in_a_large_text() {
    for (before, name, after, is_found) in [
        (10, " JOSÉ MÜLLER ", 900_000, true),
        (200_000, " José Müller ", 900_000, true),
        (262_138, " José Müller ", 900_000, true),
        (327_670, " Jose\u{301} Müller ", 900_000, true),
        (900_000, " José Müller", 0, true),
        (262_138, " José Müllerx", 900_000, false),
        (262_138, "José Müller ", 900_000, false),
    ] {
        let company = company("").await;
        let note = format!("{} || '{name}' || {}", times('x', before), times('y', after));
        company.execute(&format!("INSERT INTO orders VALUES (1, 'A', NULL, {note})")).await;
        let tally = company.due().await;
        assert_eq!((tally.anonymized, tally.failed == 1), (if is_found { 1 } else { 2 }, is_found), "{before} {name}");
    }
}

#[tokio::test]
async fn a_large_text_is_blanked_like_any_other() {
    let company = company(", residue = \"blank\"").await;
    let note = format!("{} || ' José Müller ' || {}", times('x', 500_000), times('y', 500_000));
    company
        .execute(&format!(
            "INSERT INTO orders VALUES (1, 'A', NULL, {note}); INSERT INTO orders VALUES (2, 'A', NULL, {});",
            times('x', 900_000)
        ))
        .await;
    assert_eq!(company.due().await.anonymized, 2);
    assert_eq!(company.rows("SELECT id, coalesce(length(note), 0) FROM orders ORDER BY id").await, ["1|0", "2|900000"]);
}

#[tokio::test]
async fn a_client_with_too_many_identifying_values_fails_and_the_others_go_through() {
    let company = company("").await;
    company
        .execute(
            "INSERT INTO orders (id, customer_no, contact) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
             WHERE i < 20005) SELECT i, 'A', 'contact ' || CAST(i AS TEXT) FROM n",
        )
        .await;
    let tally = company.due().await;
    assert_eq!((tally.anonymized, tally.failed), (1, 1));
    assert_eq!(
        company.rows("SELECT client_key, reasons FROM lethe_outcomes WHERE outcome = 'failed'").await,
        [r#"A|["more than 20,000 identifying values in the rows of one client"]"#]
    );
    // Many rows with the same few are not trouble.
    company.execute("UPDATE orders SET contact = 'Ann Archer'; UPDATE lethe_outcomes SET digest = ''").await;
    assert_eq!(company.due().await.anonymized, 1);
}

/// The most memory of its own that the program takes for a sweep, in MiB.
async fn peak(company: &Company) -> u64 {
    let config = format!(
        "database = \"{}\"\n[sqlite]\ncache_mib = 4\n[sweep]\nrehearsal = false\nbrake_share = 1.0\n[backup]\nrequired = false\n",
        company.place.setting()
    );
    std::fs::write(company.folder.path().join("lethe.toml"), config).unwrap();
    let mut program = service(company.folder.path(), "sweep");
    let mut running =
        program.args(["--due", "--over-brake", "--wait"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut most = 0;
    while running.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", running.id())).unwrap_or_default();
        let own = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let own = own.and_then(|own| own.trim().trim_end_matches(" kB").parse::<u64>().ok());
        most = most.max(own.unwrap_or(0) / 1024);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    most
}

#[tokio::test]
async fn memory_does_not_grow_with_what_the_rows_of_a_client_hold() {
    let company = company(", residue = \"blank\"").await;
    let note = format!("{} || ' José Müller ' || {}", times('x', 1_000_000), times('y', 1_000_000));
    let many = format!("{} || ' José Müller'", times('x', 100));
    company
        .execute(&format!(
            "INSERT INTO orders (id, customer_no, note) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) \
             SELECT i, 'A', {note} FROM n; \
             INSERT INTO orders (id, customer_no, note) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) \
             SELECT 100 + i, 'A', {many} FROM n;"
        ))
        .await;
    let peak = peak(&company).await;
    assert!(peak > 0 && peak < 64, "{peak} MiB");
    assert_eq!(company.rows("SELECT count(*) FROM orders WHERE note LIKE '%José%'").await, ["0"]);
    assert_eq!(company.rows("SELECT count(*) FROM lethe_outcomes WHERE outcome = 'anonymized'").await, ["2"]);
}
