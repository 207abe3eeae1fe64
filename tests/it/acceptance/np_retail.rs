//! A shop's ERP, the statements N on who is taken, when, and by whom: `policies/np-retail`.
//!
//! Who may start it (N1) is in `asked.rs`, what becomes of the rows in `np_retail_rows.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command};
use std::time::Duration;

use super::trade::{Trade, ago, today, years_ago, zone};
use crate::common::place::either;
use crate::common::{searched, service};

/// The shop with its rows, its policy rehearsed and its backup acknowledged.
pub(super) async fn shop() -> Trade {
    let trade = unrehearsed().await;
    trade.json(&["sweep", "nightly-due", "--rehearse"]);
    trade.json(&["backup", "acknowledge"]);
    trade
}

async fn unrehearsed() -> Trade {
    let trade = Trade::of("np-retail").await;
    let rows = include_str!("np_retail.sql")
        .replace("{six}", &years_ago(6).to_string())
        .replace("{over}", &(years_ago(6) - chrono::Days::new(1)).to_string());
    trade.execute(&format!("BEGIN;\n{}\n{rows}\nCOMMIT;", lethe::demo::days(today()))).await;
    trade
}

/// The account that runs the tests, as the operating system calls it.
pub(super) fn account() -> String {
    let told = Command::new("id").arg("-un").output().expect("an account");
    String::from_utf8(told.stdout).expect("a name").trim().to_owned()
}

/// Who was anonymized today, of those whose numbers begin like this.
async fn gone(trade: &Trade, prefix: &str) -> Vec<String> {
    let sql = "SELECT customer_no FROM customers WHERE anonymized_date = '{today}' AND customer_no LIKE '{prefix}%' ORDER BY 1";
    trade.rows(&sql.replace("{prefix}", prefix)).await
}

/// The outcomes that the ledger has, with their reasons, as a preview lists them.
async fn outcomes(trade: &Trade) -> BTreeMap<String, String> {
    let keys = trade.rows("SELECT client_key FROM lethe_outcomes").await;
    keys.into_iter().map(|key| (trade.outcome(&key), key)).map(|(outcome, key)| (key, outcome)).collect()
}

#[tokio::test]
async fn n02_clients_whose_date_has_come_are_taken_whatever_their_last_transaction() {
    let trade = shop().await;
    trade.json(&["sweep", "nightly-due", "--wait"]);
    assert_eq!(gone(&trade, "D").await, ["D1", "D2", "D6"], "today, yesterday, and a 29 February");
    let of_bulk = "SELECT customer_no FROM customers AS c WHERE customer_no LIKE 'B%' AND to_anonymize_on <= '{today}'
        AND NOT EXISTS (SELECT 1 FROM cust_ledger_entries AS e WHERE e.customer_no = c.customer_no AND open = 1) ORDER BY 1";
    let expected = trade.rows(of_bulk).await;
    assert_eq!(expected.len(), 45);
    assert_eq!(gone(&trade, "B").await, expected);
    // All of them had transactions within the last two years, and who had none for longer stays without a date.
    let recent = "SELECT count(DISTINCT customer_no) FROM cust_ledger_entries WHERE customer_no IN
        (SELECT customer_no FROM customers WHERE anonymized_date = '{today}' AND customer_no LIKE 'B%') AND posting_date > '{then}'";
    assert_eq!(trade.count(&recent.replace("{then}", &ago(730).to_string())).await, 45);
    assert!(gone(&trade, "E").await.is_empty() && gone(&trade, "P").await.is_empty());
}

#[tokio::test]
async fn n03_tomorrow_and_no_date_are_left_untouched_and_midnight_is_the_jobs() {
    let trade = shop().await;
    // A date may be blank in other ways on SQLite, where a date is a text.
    trade.execute(either("UPDATE customers SET to_anonymize_on = '' WHERE customer_no = 'D5'", "SELECT 1")).await;
    let before = trade.snapshot().await;
    trade.json(&["sweep", "nightly-due", "--wait"]);
    let after = trade.snapshot().await;
    for key in ["D3", "D4", "D5"] {
        assert_eq!(after.row("customers", key), before.row("customers", key), "{key}");
        assert_eq!(trade.outcome(key), "never looked at");
    }
    // On Kiritimati it is always another day than in Etc/GMT+12, 26 hours behind.
    let now = lethe::domain::clock::Clock::System.now();
    let there = now.with_timezone(&chrono_tz::Pacific::Kiritimati).date_naive();
    trade.execute(&format!("UPDATE customers SET to_anonymize_on = '{there}' WHERE customer_no = 'D3'")).await;
    let job = std::fs::read_to_string(trade.path("jobs/nightly-due.toml")).unwrap();
    for (zone_of_job, is_there) in [("Etc/GMT+12", false), ("Pacific/Kiritimati", true)] {
        trade.write("jobs/elsewhere.toml", &job.replace(&format!("\"{}\"", zone()), &format!("\"{zone_of_job}\"")));
        assert_eq!(trade.preview(&["elsewhere"]).iter().any(|(key, _)| key == "D3"), is_there, "{zone_of_job}");
        trade.json(&["sweep", "elsewhere", "--wait"]);
        let name = trade.value("SELECT name FROM customers WHERE customer_no = 'D3'").await;
        assert_eq!(name == "Anonymized customer", is_there, "{zone_of_job}");
    }
}

#[tokio::test]
async fn n04_by_period_goes_who_had_no_transaction_since_whatever_the_date_says() {
    let trade = shop().await;
    let ended = trade.json(&["sweep", "nightly-period", "--wait"]);
    // P1 and P4 are on the very day, P6 bought on another customer's account.
    assert_eq!(gone(&trade, "P").await, ["P2", "P3", "P5"]);
    assert_eq!(gone(&trade, "E").await.len(), 32);
    assert_eq!(ended["refusals"]["open-documents"], 8);
    assert_eq!(gone(&trade, "").await.len(), 35, "no other client, due by date or not");
    assert_eq!(trade.value("SELECT count(*) FROM cust_ledger_entries WHERE customer_no = 'P3'").await, "0");
    let dates =
        trade.rows("SELECT customer_no FROM customers WHERE to_anonymize_on > '{today}' AND anonymized = 1").await;
    assert_eq!(dates, ["P5"]);
}

#[tokio::test]
async fn n05_filters_are_and_between_each_other_and_or_between_values() {
    let trade = shop().await;
    let due = |and: &str| {
        format!(
            "SELECT customer_no FROM customers WHERE to_anonymize_on <= '{{today}}' AND anonymized = 0 AND {and} ORDER BY 1"
        )
    };
    let (retail, web, eu) =
        ("customer_posting_group=RETAIL", "customer_posting_group=WEBSHOP", "gen_bus_posting_group=EU");
    let cases: [(&[&str], &str); 4] = [
        (&[retail], "customer_posting_group = 'RETAIL'"),
        (&[eu], "gen_bus_posting_group = 'EU'"),
        (&[retail, web], "customer_posting_group IN ('RETAIL', 'WEBSHOP')"),
        (&[retail, eu, web], "customer_posting_group IN ('RETAIL', 'WEBSHOP') AND gen_bus_posting_group = 'EU'"),
    ];
    let mut sizes = BTreeSet::new();
    for (filters, and) in cases {
        let asked: Vec<&str> = ["--due"].into_iter().chain(filters.iter().flat_map(|own| ["--filter", own])).collect();
        let found: Vec<String> = trade.preview(&asked).into_iter().map(|(key, _)| key).collect();
        let expected = trade.rows(&due(and)).await;
        assert_eq!(found, expected, "{filters:?}");
        sizes.insert(found.len());
    }
    assert_eq!(sizes.len(), 4, "{sizes:?}");
    // The same from a job's file, in earnest.
    let job = std::fs::read_to_string(trade.path("jobs/nightly-due.toml")).unwrap();
    let filters = "\n[filters]\ncustomer_posting_group = [\"RETAIL\", \"WEBSHOP\"]\ngen_bus_posting_group = [\"EU\"]\n";
    trade.write("jobs/some.toml", &(job + filters));
    let expected: BTreeSet<String> = trade.rows(&due(cases[3].1)).await.into_iter().collect();
    trade.json(&["sweep", "some", "--wait"]);
    assert_eq!(outcomes(&trade).await.into_keys().collect::<BTreeSet<_>>(), expected);
    assert!(!gone(&trade, "F").await.is_empty() && gone(&trade, "D1").await.is_empty());
}

#[tokio::test]
async fn n06_extracting_changes_nothing_and_equals_what_the_sweep_then_does() {
    let trade = shop().await;
    let before = trade.snapshot().await;
    let ledger = "SELECT (SELECT count(*) FROM lethe_sweeps) || ' ' || (SELECT count(*) FROM lethe_outcomes)";
    let unwritten = trade.value(ledger).await;
    for job in ["nightly-due", "nightly-period"] {
        let counted = trade.json(&["sweep", job, "--preview"]);
        let listed: BTreeMap<String, String> = trade.preview(&[job]).into_iter().collect();
        assert_eq!((trade.snapshot().await == before, trade.value(ledger).await), (true, unwritten.clone()), "{job}");
        assert!(listed.len() > 40);
        let would = listed.values().filter(|what| *what == "anonymized").count();
        assert_eq!(counted["anonymized"], would);
        // A copy of the shop is swept, so that the other job finds it as it was.
        let other = shop().await;
        let did = other.json(&["sweep", job, "--wait"]);
        assert_eq!(did["progress"]["anonymized"], would, "{job}");
        assert_eq!(outcomes(&other).await, listed, "{job}");
    }
}

#[tokio::test]
async fn n07_a_limit_counts_who_is_anonymized_and_refused_clients_block_no_others() {
    let trade = shop().await;
    let first = trade.json(&["sweep", "nightly-due", "--limit", "10", "--wait"]);
    assert_eq!(first["progress"]["anonymized"], 10);
    assert_eq!(trade.outcome("A1"), "refused: open-documents", "it comes first, and blocks no other client");
    let expected: Vec<String> = (1..=13).filter(|n| n % 4 != 0).map(|n| format!("B{n:04}")).collect();
    assert_eq!(gone(&trade, "").await, expected);
    assert_eq!(first["progress"]["refused"], 4);
    let second = trade.json(&["sweep", "nightly-due", "--limit", "10", "--wait"]);
    assert_eq!(second["progress"]["anonymized"], 10, "those refused use nothing up the second time either");
    // Without a limit all others are anonymized.
    let all = trade.preview(&["nightly-due"]).into_iter().filter(|(_, what)| what == "anonymized").count();
    assert!(all > 20);
    assert_eq!(trade.json(&["sweep", "nightly-due", "--wait"])["progress"]["anonymized"], all);
    assert!(trade.preview(&["nightly-due"]).iter().all(|(_, what)| what.starts_with("refused")));
}

#[tokio::test]
async fn n08_whatever_is_open_refuses_and_all_reasons_are_recorded() {
    let trade = shop().await;
    let before = trade.snapshot().await;
    trade.json(&["sweep", "nightly-due", "--wait"]);
    let after = trade.snapshot().await;
    let refusals = [
        ("A1", "open-documents"),
        ("G1", "open-documents"),
        ("G2", "open-documents"),
        ("G3", "open-entries"),
        ("G4", "journal-lines"),
        ("G5", "journal-lines"),
        ("G6", "membership"),
        ("G7", "membership"),
        ("G8", "pays-for-others"),
        ("G9", "open-documents, open-entries, journal-lines, membership, pays-for-others"),
    ];
    for (key, reasons) in refusals {
        assert_eq!(trade.outcome(key), format!("refused: {reasons}"));
        assert_eq!(after.row("customers", key), before.row("customers", key), "{key}");
    }
    // An archived quote, a paid entry, an account of the same number, and an anonymized customer whom one paid for,
    // keep no client.
    assert_eq!(trade.outcome("H1"), "anonymized");
}

#[tokio::test]
async fn n09_not_found_already_done_and_not_due_are_never_wiped_and_told_apart() {
    let trade = shop().await;
    let before = trade.snapshot().await;
    trade.write("list.txt", "NOBODY\nX1\nD3\nP1\nL1\n");
    let ended = trade.json(&["sweep", "--list", "list.txt", "--wait"]);
    assert_eq!(ended["progress"]["anonymized"], 0);
    let told = ["NOBODY", "X1", "D3", "P1"].map(|key| trade.outcome(key));
    assert_eq!(told, ["not_found", "already", "not_due", "not_due"]);
    assert_eq!(trade.snapshot().await, before);
    trade.write("list.txt", "NOBODY\nX1\n");
    let forced = trade.json(&["sweep", "--list", "list.txt", "--force", "--wait"]);
    assert_eq!((&forced["progress"]["not_found"], &forced["progress"]["already"]), (&1.into(), &1.into()));
    assert_eq!(trade.snapshot().await, before);
}

/// A process of the program; it is ended when the test is.
struct Running(Child);

impl Running {
    fn new(trade: &Trade, what: &str) -> Self {
        Self(searched::start_until(&mut service(trade.folder.path(), what), " running ").0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().expect("it is killed");
        self.0.wait().expect("it ends");
    }
}

/// Waits until a query gives a number above zero, for a minute at most.
async fn until(trade: &Trade, sql: &str) {
    for _ in 0..600 {
        if trade.count(sql).await > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never came to be: {sql}");
}

#[tokio::test]
async fn n17_activity_between_selection_and_execution_refuses() {
    let trade = shop().await;
    let opened = trade.json(&["sweep", "nightly-period"]);
    let scheduler = Running::new(&trade, "scheduler");
    until(&trade, "SELECT count(*) FROM lethe_batches").await;
    drop(scheduler);
    assert_eq!(trade.count("SELECT sum(clients) FROM lethe_batches").await, 43, "all are selected, and none is done");
    trade
        .execute(
            "INSERT INTO cust_ledger_entries (entry_no, customer_no, posting_date, document_type, document_no, amount)
             VALUES (9001, 'E0001', '{today}', 'Invoice', 'PSI-9001', 5);
             INSERT INTO sales_headers (document_type, document_no, sell_to_customer_no, sell_to_name, bill_to_customer_no, bill_to_name, order_date, status)
             VALUES ('Quote', 'SQ-9002', 'E0002', 'Elder Customer 2', 'E0002', 'Elder Customer 2', '{today}', 'Open');
             UPDATE customers SET created_on = '{today}' WHERE customer_no = 'P3'",
        )
        .await;
    trade.json(&["hold", "add", "E0003", "--reason", "lawsuit"]);
    let before = trade.snapshot().await;
    let running = Running::new(&trade, "run");
    until(&trade, &format!("SELECT count(*) FROM lethe_sweeps WHERE id = {} AND state = 'done'", opened["sweep"]))
        .await;
    drop(running);
    let told = ["E0001", "E0002", "E0003", "P3", "E0004"].map(|key| trade.outcome(key));
    assert_eq!(told, ["not_due", "refused: open-documents", "refused: hold", "not_due", "anonymized"]);
    let after = trade.snapshot().await;
    for key in ["E0001", "E0002", "E0003", "P3"] {
        assert_eq!(after.row("customers", key), before.row("customers", key));
    }
}

#[tokio::test]
async fn n18_a_forced_request_passes_over_the_period_and_never_over_open_business_or_a_hold() {
    let trade = shop().await;
    let single = |key: &str, force: bool| {
        trade.write("list.txt", key);
        let args: &[&str] = if force { &["--force", "--wait"] } else { &["--wait"] };
        trade.json(&[&["sweep", "--list", "list.txt"], args].concat());
        trade.outcome(key)
    };
    assert_eq!(single("L4", false), "not_due", "a transaction three weeks ago");
    trade.json(&["hold", "add", "L4", "--reason", "lawsuit"]);
    let before = trade.snapshot().await;
    assert_eq!(single("L4", true), "refused: hold");
    assert_eq!(single("G1", true), "refused: open-documents");
    assert_eq!(single("L1", true), "refused: open-documents", "the order that another pays");
    assert_eq!(trade.snapshot().await, before);
    trade.json(&["hold", "release", "L4"]);
    assert_eq!(single("L4", true), "anonymized");
}

#[tokio::test]
async fn n19_both_modes_run_unattended_on_their_own_schedules_and_by_hand_with_the_same_parameters() {
    let trade = shop().await;
    let shown = trade.json(&["status"]);
    let next = |job: &str| {
        let own = shown["jobs"].as_array().unwrap().iter().find(|own| own["job"] == job).unwrap();
        own["next"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    };
    let apart = (next("nightly-period") - next("nightly-due")).num_minutes().rem_euclid(24 * 60);
    assert_eq!(apart, 120, "01:30 and 03:30");
    for (job, filter) in [("nightly-due", "RETAIL"), ("nightly-period", "B2B")] {
        let path = format!("jobs/{job}.toml");
        let text = std::fs::read_to_string(trade.path(&path)).unwrap();
        let often =
            |line: &str| if line.starts_with("schedule") { "schedule = \"* * * * * *\"" } else { line }.to_owned();
        let lines: Vec<String> = text.lines().map(often).collect();
        trade.write(&path, &format!("{}\n[filters]\ncustomer_posting_group = [\"{filter}\"]\n", lines.join("\n")));
    }
    let running = Running::new(&trade, "run");
    for job in ["nightly-due", "nightly-period"] {
        until(
            &trade,
            &format!("SELECT count(*) FROM lethe_sweeps WHERE job = '{job}' AND tick IS NOT NULL AND state = 'done'"),
        )
        .await;
    }
    drop(running);
    // A tick of the next second may have looked at them again before they were done.
    for key in ["D1", "P2"] {
        assert!(["anonymized", "already"].contains(&trade.outcome(key).as_str()), "{key}: {}", trade.outcome(key));
        assert_eq!(
            trade.value(&format!("SELECT name FROM customers WHERE customer_no = '{key}'")).await,
            "Anonymized customer"
        );
    }
    assert_eq!(trade.outcome("B0001"), "never looked at", "the filter is another");
    // An operator starts either now, under the same parameters.
    for job in ["nightly-due", "nightly-period"] {
        // The first ends the sweep on the same terms that the service has left running, if there is one.
        trade.json(&["sweep", job, "--wait"]);
        trade.json(&["sweep", job, "--wait"]);
        let said = format!(
            "SELECT kind || ' ' || CAST(filters AS TEXT) || ' ' || COALESCE(CAST(cap AS TEXT), '') FROM lethe_sweeps WHERE job = '{job}' GROUP BY 1"
        );
        assert_eq!(trade.rows(&said).await.len(), 1, "{job}");
        let by_hand = format!("SELECT opened_by FROM lethe_sweeps WHERE job = '{job}' AND tick IS NULL");
        assert!(trade.rows(&by_hand).await.contains(&account()), "{job}");
    }
}

#[tokio::test]
async fn n20_a_live_sweep_refuses_until_the_same_policy_was_rehearsed() {
    let trade = unrehearsed().await;
    trade.json(&["backup", "acknowledge"]);
    let before = trade.snapshot().await;
    let refuses = || {
        let answer = trade.run(&["sweep", "nightly-due", "--wait"]);
        assert_eq!(answer.code, 1);
        assert!(answer.err.contains("rehears"), "{}", answer.err);
    };
    refuses();
    trade.json(&["sweep", "nightly-due", "--rehearse"]);
    assert_eq!(trade.snapshot().await, before, "a rehearsal leaves everything as it was");
    trade.amend_policy(
        "birth_date             = { class = \"personal\", generalize = \"decade\"",
        "birth_date             = { class = \"personal\", generalize = \"year\"",
    );
    refuses();
    assert_eq!(trade.snapshot().await, before);
    trade.json(&["sweep", "nightly-due", "--rehearse"]);
    assert!(trade.json(&["sweep", "nightly-due", "--wait"])["progress"]["anonymized"].as_u64() > Some(40));
}
