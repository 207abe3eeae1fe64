//! The day on which a client is to be anonymized can be set, seen and cleared.

use crate::common::place::either;
use crate::common::{Company, lethe};

const SCHEMA: &str = "
CREATE TABLE customers (shop TEXT, no BIGINT, name TEXT, due DATE, PRIMARY KEY (shop, no));
INSERT INTO customers VALUES ('it''s, \"A\"/é', 7, 'Ann Archer', NULL), ('B', 7, 'Bob Baker', '2026-01-01'), ('C', 1, 'Cid Cook', NULL);
";

const POLICY: &str = r#"
[client]
table = "customers"
key = ["shop", "no"]
to_anonymize_on = "due"
[tables.customers.columns]
shop = { class = "non-personal" }
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
due = { class = "non-personal" }
"#;

/// The first client's key, as the ledger has it.
const ODD: &str = r#"["it's, \"A\"/é",7]"#;

/// What the program says to these arguments: stdout, or what is wrong.
fn said(company: &Company, args: &[&str]) -> Result<String, String> {
    let folder = company.folder.path();
    let config = format!(
        "database = \"{}\"\n[sweep]\nbrake_share = 1.0\nrehearsal = false\n[backup]\nrequired = false\n",
        company.place.setting()
    );
    std::fs::write(folder.join("lethe.toml"), config).unwrap();
    let done = lethe(folder).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim_end().to_owned();
    if done.status.success() { Ok(text(done.stdout)) } else { Err(text(done.stderr)) }
}

fn set(company: &Company, key: &str, day: &str) -> Result<String, String> {
    said(company, &["client", key, "--to-anonymize-on", day])
}

async fn days(company: &Company) -> Vec<String> {
    company
        .rows(either(
            "SELECT shop, due FROM customers ORDER BY shop",
            "SELECT shop, due::text FROM customers ORDER BY shop COLLATE \"C\"",
        ))
        .await
}

#[tokio::test]
async fn a_day_is_set_seen_obeyed_and_cleared_with_a_record_of_who_said_so() {
    let company = Company::new(SCHEMA, POLICY).await;
    let told = set(&company, ODD, "2026-01-02").unwrap();
    assert!(told.ends_with("is to be anonymized on 2026-01-02, or in the first sweep after it."), "{told}");
    assert_eq!(set(&company, "C,1", "2027-01-31").map(drop), Ok(()));
    assert_eq!(
        set(&company, "B,7", "never").unwrap(),
        "Client [\"B\",7] no longer has a date on which it is to be anonymized."
    );
    assert_eq!(days(&company).await, ["B|NULL", "C|2027-01-31", "it's, \"A\"/é|2026-01-02"]);
    let shown = said(&company, &["client", "C,1"]).unwrap();
    let who = whoami::username().unwrap();
    assert!(shown.contains(&format!("To be anonymized on 2027-01-31, set by {who} on ")), "{shown}");
    let recorded = company.rows("SELECT client_key, day, before, set_by FROM lethe_dates ORDER BY id").await;
    let odd = format!("{ODD}|2026-01-02|NULL|{who}");
    let (c, b) = (format!("[\"C\",1]|2027-01-31|NULL|{who}"), format!("[\"B\",7]|NULL|2026-01-01|{who}"));
    assert_eq!(recorded, [odd, c, b]);
    // The night goes by it.
    assert_eq!(company.due().await.anonymized, 1);
    let names = company
        .rows(either(
            "SELECT name FROM customers ORDER BY shop",
            "SELECT name FROM customers ORDER BY shop COLLATE \"C\"",
        ))
        .await;
    assert_eq!(names, ["Bob Baker", "Cid Cook", "Anonymized client"]);
    // Who is gone needs no day.
    let refused = set(&company, ODD, "2027-01-01").unwrap_err();
    assert!(refused.starts_with("error: client `") && refused.contains("was anonymized"), "{refused}");
    assert_eq!(days(&company).await[2], "it's, \"A\"/é|2026-01-02");
    assert_eq!(company.rows("SELECT count(*) FROM lethe_dates").await, ["3"]);
}

#[tokio::test]
async fn what_is_no_day_and_who_is_no_client_is_refused() {
    let company = Company::new(SCHEMA, POLICY).await;
    let before = company.dump().await;
    for day in [
        "31.01.2027",
        "2027-1-31",
        "2027-02-30",
        "+12027-01-01",
        "1899-12-31",
        "",
        "tomorrow",
        "2027-01-31T00:00",
        "Never",
    ] {
        let refused = set(&company, "C,1", day).unwrap_err();
        assert!(
            refused.contains("is not a day") && refused.contains("hint: write it as `2027-01-31`"),
            "{day}: {refused}"
        );
    }
    assert!(set(&company, "C,2", "2027-01-31").unwrap_err().contains("client `C,2` not found"));
    assert!(set(&company, "C", "2027-01-31").unwrap_err().contains("2 parts"));
    assert_eq!(company.dump().await, before);
    assert_eq!(company.rows("SELECT count(*) FROM lethe_dates").await, ["0"]);
}

#[tokio::test]
async fn a_policy_without_a_column_for_it_and_a_column_that_cannot_be_empty_say_so() {
    let without =
        POLICY.replace("to_anonymize_on = \"due\"\n", "") + "[period]\nlength = \"6 years\"\notherwise = \"due\"\n";
    let company = Company::new(SCHEMA, &without).await;
    let refused = set(&company, "C,1", "2027-01-31").unwrap_err();
    assert!(refused.contains("names no column for the day") && refused.contains("`to_anonymize_on`"), "{refused}");
    let company =
        Company::new(&SCHEMA.replace("due DATE", "due DATE NOT NULL").replace("NULL)", "'2099-01-01')"), POLICY).await;
    let refused = set(&company, "C,1", "never").unwrap_err();
    assert!(refused.contains("`customers.due` cannot be empty"), "{refused}");
    assert!(set(&company, "C,1", "2098-01-01").is_ok());
}
