//! What none of the trades' systems has whole, the statements B, on the shipped companies.
//!
//! B4 and B9 have their own suites: approval by a second person, and notices by webhook.

use super::np_retail::shop;
use super::snapshot::text;
use super::trade::{Trade, ago, months_ago};
use crate::common::place::{Place, either};
use crate::common::words::refuses;

/// The e-mail address of a client where nothing is changed: it fails.
pub(super) const EMAIL_IN_METADATA: &str =
    "UPDATE customers SET metadata = '{\"login\": \"oscar.petit@mail9.example\"}' WHERE reference = 'CUST-0307'";

/// The billing company, its policy rehearsed and a backup acknowledged.
async fn billing() -> Trade {
    let trade = Trade::of("proabono").await;
    trade.json(&["sweep", "requests", "--rehearse"]);
    trade.json(&["backup", "acknowledge"]);
    trade
}

#[tokio::test]
async fn b01_no_former_value_is_left_or_the_client_is_rolled_back_and_reported() {
    let trade = billing().await;
    trade.execute(EMAIL_IN_METADATA).await;
    let before = trade.snapshot().await;
    trade.json(&["sweep", "requests", "--wait"]);
    let after = trade.snapshot().await;
    // In free text where the policy allows it, the value is blanked, with the text around it.
    let line = "inv-100601,2";
    assert_eq!(before.text("invoice_lines", line, "label"), "Set-up for customer1060@mail0.example");
    assert_eq!(after.text("invoice_lines", line, "label"), "");
    // In JSON where it does not, everything of that client is as it was, and the place is named.
    let told = trade.outcome("CUST-0307");
    assert_eq!(told, "failed: residue:customers.metadata");
    assert_eq!(after.row("customers", "CUST-0307"), before.row("customers", "CUST-0307"));
    for (key, row) in after.table("customers") {
        let (former, is_gone) = (before.text("customers", key, "email"), row["anonymized"] == 1);
        if is_gone && former.contains('@') {
            assert!(after.mentions(&former).is_empty(), "{key}");
        }
    }
}

/// A copy of the company's database, as a backup is one.
async fn backup(trade: &Trade) -> Place {
    trade.place.quiet().await;
    trade.place.copied(trade.folder.path(), "backup.db").await
}

const JOURNAL: &str = "[journal]\nplace = \"journal\"\n";

#[tokio::test]
async fn b02_after_a_restore_clients_anonymized_since_are_anonymized_again_first() {
    let mut trade = shop().await;
    std::fs::create_dir(trade.path("journal")).unwrap();
    trade.configure(JOURNAL);
    trade.json(&["sweep", "nightly-due", "--limit", "5", "--wait"]);
    let copy = backup(&trade).await;
    trade.json(&["sweep", "nightly-due", "--wait"]);
    let gone = "SELECT customer_no, name, anonymized_date FROM customers WHERE anonymized = 1 ORDER BY 1";
    let once = trade.rows(gone).await;
    trade.place = copy;
    trade.configure(JOURNAL);
    assert!(trade.rows(gone).await.len() < once.len(), "the backup has names again");
    // It is in another place, so an operator has to confirm that it is the company's own.
    let live = ["sweep", "--due", "--filter", "customer_posting_group=NONE", "--wait"];
    assert!(trade.run(&live).err.contains("lethe journal adopt"));
    trade.json(&["journal", "adopt"]);
    // No client is due in this sweep, and yet all of them go once more before it.
    trade.json(&["sweep", "--due", "--filter", "customer_posting_group=NONE", "--wait"]);
    assert_eq!(trade.rows(gone).await, once);
    for segment in std::fs::read_dir(trade.path("journal")).unwrap() {
        let segment = std::fs::read_to_string(segment.unwrap().path()).unwrap();
        assert!(!segment.contains("Fiete") && !segment.contains("Bulk Customer"), "the journal names no client");
    }
}

#[tokio::test]
async fn b03_a_new_column_or_a_new_table_stops_live_sweeps_until_it_is_classified() {
    let trade = billing().await;
    let before = trade.snapshot().await;
    trade.execute(&format!("CREATE TABLE {} (wish_id INTEGER PRIMARY KEY, customer_reference TEXT NOT NULL REFERENCES customers (reference), wish TEXT)", either("wishes", "public.wishes"))).await;
    let stopped = |by: &str| {
        let answer = trade.run(&["sweep", "requests", "--wait"]);
        assert!(answer.code == 1 && answer.err.contains(by), "{}", answer.err);
    };
    stopped("wishes");
    let policy = std::fs::read_to_string(trade.path("policy.toml")).unwrap();
    trade.write("policy.toml", &(policy + "\n[tables.wishes]\nclient = \"customer_reference\"\nrows = \"delete\"\n"));
    stopped("rehears");
    trade.execute("ALTER TABLE customers ADD COLUMN nickname TEXT").await;
    stopped("nickname");
    trade.amend_policy(
        "language           = {",
        "nickname = { class = \"personal\", clear = true }\nlanguage           = {",
    );
    let after = trade.snapshot().await;
    assert!(
        after.changes_since(&before).iter().all(|change| change.column == "nickname"),
        "nothing was done meanwhile"
    );
    trade.json(&["sweep", "requests", "--rehearse"]);
    assert!(trade.json(&["sweep", "requests", "--wait"])["progress"]["anonymized"].as_u64() > Some(50));
}

#[tokio::test]
async fn b05_a_hold_is_placed_seen_and_released_and_the_client_is_due_again_by_itself() {
    let trade = billing().await;
    trade.json(&["hold", "add", "CUST-0012", "--reason", "lawsuit"]);
    assert!(trade.run(&["hold", "list"]).out.contains("CUST-0012"));
    trade.json(&["sweep", "requests", "--wait"]);
    assert_eq!(trade.outcome("CUST-0012"), "refused: hold");
    trade.json(&["hold", "release", "CUST-0012"]);
    assert!(!trade.run(&["hold", "list"]).out.contains("CUST-0012"));
    let next = trade.json(&["sweep", "requests", "--wait"]);
    assert_eq!((&next["progress"]["anonymized"], trade.outcome("CUST-0012")), (&1.into(), "anonymized".to_owned()));
}

#[tokio::test]
async fn b06_a_sweep_that_would_take_more_than_a_number_or_a_share_stops_and_asks() {
    let trade = billing().await;
    trade.execute(EMAIL_IN_METADATA).await;
    let before = trade.snapshot().await;
    let job = std::fs::read_to_string(trade.path("jobs/requests.toml")).unwrap();
    for (from, to) in [("clients = 500", "clients = 79"), ("share   = 0.33", "share   = 0.2")] {
        assert_eq!(job.matches(from).count(), 1);
        trade.write("jobs/requests.toml", &job.replace(from, to));
        let answer = trade.run(&["sweep", "requests", "--wait"]);
        assert!(answer.code == 1 && answer.err.contains("would anonymize 80 clients"), "{}", answer.err);
    }
    assert_eq!(trade.snapshot().await, before);
    assert_eq!(trade.rows("SELECT state FROM lethe_sweeps").await, ["braked", "braked"]);
    trade.write("jobs/requests.toml", &job.replace("clients = 500", "clients = 80"));
    // One of them turns out to hold a former value, and stays.
    assert_eq!(trade.json(&["sweep", "requests", "--wait"])["progress"]["anonymized"], 79);
}

#[tokio::test]
async fn b07_one_client_that_fails_stops_no_other_is_tried_a_few_times_and_stands_with_its_reason() {
    let trade = shop().await;
    trade.execute(&refuses("customers", "old.customer_no = 'F1'", "Fiete stays")).await;
    let first = trade.json(&["sweep", "nightly-due", "--wait"]);
    assert_eq!((&first["progress"]["failed"], &first["progress"]["anonymized"]), (&1.into(), &49.into()));
    let told = trade.outcome("F1");
    assert!(told.starts_with("failed: "), "{told}");
    // The next nights leave it alone, and it does not hide.
    let attempts = "SELECT COALESCE(max(attempts), 0) FROM lethe_batches";
    let tried = trade.count(attempts).await;
    assert!(tried <= 3, "{tried}");
    for _ in 0..2 {
        assert_eq!(trade.json(&["sweep", "nightly-due", "--wait"])["progress"]["anonymized"], 0);
        let failures = trade.run(&["status", "--failures"]).out;
        assert!(failures.contains("F1") && !failures.contains("Fiete"), "{failures}");
        assert_eq!(trade.outcome("F1"), told);
    }
    assert_eq!(trade.count(attempts).await, tried);
}

#[tokio::test]
async fn b08_a_value_written_back_into_any_mapped_column_is_found_and_fixed() {
    let trade = shop().await;
    let before = trade.snapshot().await;
    trade.forget(&["F1"]);
    let after = trade.snapshot().await;
    let skipped = ["anonymized", "anonymized_date"];
    let changes = after.changes_since(&before);
    let own: Vec<_> = changes
        .iter()
        .filter(|own| own.table == "customers" && own.row == "F1" && !skipped.contains(&own.column.as_str()))
        .collect();
    assert!(own.len() > 15, "{}", own.len());
    for change in own {
        let value = text(&change.before).replace('\'', "''");
        trade.execute(&format!("UPDATE customers SET {} = '{value}' WHERE customer_no = 'F1'", change.column)).await;
        assert_ne!(trade.snapshot().await, after, "{}", change.column);
        assert_eq!(trade.json(&["sweep", "--replay", "--wait"])["progress"]["anonymized"], 1, "{}", change.column);
        assert_eq!(trade.snapshot().await, after, "{}", change.column);
    }
}

#[tokio::test]
async fn b10_the_audit_names_no_client_is_chained_and_a_command_proves_it_whole() {
    let trade = shop().await;
    std::fs::create_dir(trade.path("journal")).unwrap();
    trade.configure(JOURNAL);
    trade.json(&["sweep", "nightly-due", "--wait"]);
    assert_eq!(trade.run(&["journal", "verify"]).code, 0);
    let segment = trade.path("journal/segment-0000000001.jsonl");
    let whole = std::fs::read_to_string(&segment).unwrap();
    assert!(whole.lines().count() > 60);
    assert!(["Fiete", "Bulk Customer", "@shop.example"].iter().all(|name| !whole.contains(name)));
    let records: Vec<serde_json::Value> = whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(records.windows(2).all(|two| two[1]["previous"] == two[0]["hash"] && two[0]["hash"].is_string()));
    // One letter of one outcome, and the proof fails.
    assert!(whole.contains("\"refused\""));
    std::fs::write(&segment, whole.replacen("\"refused\"", "\"refuted\"", 1)).unwrap();
    assert_eq!(trade.run(&["journal", "verify"]).code, 1);
    std::fs::write(&segment, &whole).unwrap();
    assert_eq!(trade.run(&["journal", "verify"]).code, 0);
}

#[tokio::test]
async fn b11_what_a_column_cannot_take_is_refused_before_the_night() {
    let trade = Trade::of("np-retail").await;
    let lines = [
        (
            "email                  = { class = \"personal\", replace = \"anonymized-{key}@anonymized.invalid\"",
            "email = { class = \"personal\", replace = \"nobody@anonymized.invalid\"",
            "UNIQUE",
        ),
        (
            "created_on             = { class = \"personal\", generalize = \"year\", quasi",
            "created_on = { class = \"personal\", clear = true, quasi",
            "created_on",
        ),
        ("replace = \"All\" }", "replace = \"Nothing\" }", "CHECK"),
        (
            "name_2                 = { class = \"personal\", replace = \"Anonymized\" }",
            "name_2 = { class = \"personal\", replace = \"A second name that is longer than the fifty characters it may have\" }",
            "50",
        ),
        (
            "birth_date             = { class = \"personal\", generalize = \"decade\"",
            "birth_date = { class = \"personal\", replace = \"unknown\"",
            "birth_date",
        ),
    ];
    assert_eq!(trade.run(&["policy", "check"]).code, 0);
    let whole = std::fs::read_to_string(trade.path("policy.toml")).unwrap();
    for (from, to, why) in lines {
        trade.amend_policy(from, to);
        let answer = trade.run(&["policy", "check"]);
        assert_eq!(answer.code, 1, "{to}");
        assert!(format!("{}{}", answer.out, answer.err).contains(why), "{why}: {}{}", answer.out, answer.err);
        trade.write("policy.toml", &whole);
    }
}

#[tokio::test]
async fn b12_old_rows_of_a_client_who_stays_go_by_a_period_of_their_own() {
    let trade = billing().await;
    trade.amend_policy(
        "[tables.activities]\nclient = \"customer_reference\"\nrows   = \"delete\"\n",
        "[tables.activities]\nclient = \"customer_reference\"\nrows   = \"delete\"\n[tables.activities.retention]\nlength = \"3 months\"\ndate = \"happened_on\"\nrows = \"delete\"\n",
    );
    let (edge, over) = (months_ago(3), months_ago(3) - chrono::Days::new(1));
    trade
        .execute(&format!(
            "INSERT INTO activities (customer_reference, happened_on, what) VALUES ('CUST-0007', '{edge}', 'to the day'),
             ('CUST-0007', '{over}', 'a day more'), ('CUST-0007', '{}', 'today'), ('CUST-0019', '{over}', 'on hold')",
            ago(0)
        ))
        .await;
    trade.json(&["hold", "add", "CUST-0019", "--reason", "lawsuit"]);
    let before = trade.snapshot().await;
    trade.json(&["sweep", "requests", "--rehearse"]);
    trade.json(&["sweep", "--retention", "--rehearse"]);
    trade.json(&["sweep", "--retention", "--wait"]);
    let after = trade.snapshot().await;
    let left =
        trade.rows("SELECT what FROM activities WHERE customer_reference = 'CUST-0007' ORDER BY happened_on").await;
    assert_eq!(left, ["to the day", "today"]);
    assert_eq!(trade.count("SELECT count(*) FROM activities WHERE what = 'on hold'").await, 1);
    assert_eq!(after.touched_since(&before).into_iter().collect::<Vec<_>>(), ["activities.-"]);
    assert_eq!(trade.outcome("CUST-0007"), "never looked at");
}

#[tokio::test]
async fn b13_a_report_says_what_when_under_which_policy_how_many_why_not_and_what_is_not_covered() {
    let trade = billing().await;
    let ended = trade.json(&["sweep", "requests", "--wait"]);
    let id = ended["sweep"]["id"].to_string();
    let report = trade.json(&["report", "sweep", &id]);
    assert_eq!((&report["sweep"]["kind"], &report["sweep"]["job"]), (&"due".into(), &"requests".into()));
    assert_eq!(report["sweep"]["day"], super::trade::today().to_string());
    assert_eq!(report["policy"]["version"], "1");
    assert!(report["policy"]["digest"].as_str().is_some_and(|digest| digest.len() == 64));
    assert_eq!(report["clients"]["anonymized"], ended["progress"]["anonymized"]);
    let why: Vec<String> =
        report["refusals"].as_array().unwrap().iter().map(|own| own["reason"].as_str().unwrap().to_owned()).collect();
    assert!(
        ["subscriptions", "invoices", "balance"].iter().all(|reason| why.iter().any(|own| own == reason)),
        "{why:?}"
    );
    assert_eq!(report["now"]["groups"]["k"], 1);
    assert!(report["remains"]["said"].as_array().unwrap().len() > 3);
    let page = trade.run(&["report", "sweep", &id]).out;
    assert!(page.contains("recital 26"), "what it does not cover");
    assert!(!page.contains("CUST-0") && !page.contains("Lefèvre"), "it names no client");
}
