//! A shop's ERP, the statements N on what becomes of a client's rows.

use std::collections::BTreeSet;

use super::np_retail::{account, shop};
use super::snapshot::Snapshot;
use super::trade::{Trade, ago, today};
use crate::common::place::either;
use crate::common::words::{allows, refuses};

/// The shop before and after its night, F1 with a picture among those due.
async fn night() -> (Trade, Snapshot, Snapshot) {
    let trade = shop().await;
    let picture = either("x'89504e47'", "'\\x89504e47'");
    trade.execute(&format!("UPDATE customers SET picture = {picture} WHERE customer_no IN ('F1', 'L1'); UPDATE contacts SET picture = {picture}")).await;
    let before = trade.snapshot().await;
    trade.json(&["sweep", "nightly-due", "--wait"]);
    assert_eq!(trade.outcome("F1"), "anonymized");
    let after = trade.snapshot().await;
    (trade, before, after)
}

/// What columns of a row say afterwards; each must have said something else before.
fn check_row(before: &Snapshot, after: &Snapshot, table: &str, key: &str, columns: &[(&str, &str)]) {
    for (column, expected) in columns {
        let (was, is) = (before.text(table, key, column), after.text(table, key, column));
        assert_eq!(is, *expected, "{table}.{column}");
        assert_ne!(was, is, "{table}.{column} held something before");
    }
}

#[tokio::test]
async fn n10_names_and_addresses_are_replaced_the_rest_emptied_and_the_contact_likewise() {
    let (_, before, after) = night().await;
    let card = [
        ("name", "Anonymized customer"),
        ("name_2", "Anonymized"),
        ("search_name", "ANONYMIZED CUSTOMER"),
        ("contact", "Anonymized"),
        ("address", "Anonymized"),
        ("address_2", "Anonymized"),
        ("email", "anonymized-F1@anonymized.invalid"),
        ("home_page", "https://anonymized.invalid"),
        ("city", "NULL"),
        ("post_code", "NULL"),
        ("country", "NULL"),
        ("phone_no", "NULL"),
        ("mobile_phone_no", "NULL"),
        ("vat_registration_no", "NULL"),
        ("gln", "NULL"),
        ("picture", "NULL"),
        ("birth_date", "1970-01-01"),
    ];
    check_row(&before, &after, "customers", "F1", &card);
    let person = [
        ("name", "Anonymized contact"),
        ("search_name", "ANONYMIZED CONTACT"),
        ("address", "Anonymized"),
        ("address_2", "Anonymized"),
        ("job_title", "NULL"),
        ("city", "NULL"),
        ("post_code", "NULL"),
        ("country", "NULL"),
        ("phone_no", "NULL"),
        ("mobile_phone_no", "NULL"),
        ("email", "NULL"),
        ("picture", "NULL"),
    ];
    check_row(&before, &after, "contacts", "CT1", &person);
    for former in
        ["Fiete", "fiete@fuelle.example", "Fuldevej", "86 00 00 0", "DK00000001", "Alleinig", "@fee.fuelle", "Fee"]
    {
        assert!(!before.mentions(former).is_empty(), "{former} was there");
        let left = after.mentions(former);
        // Another customer's number begins alike.
        let expected = if former == "86 00 00 0" { vec!["contact_points.value"] } else { Vec::new() };
        assert_eq!(left.into_iter().collect::<Vec<_>>(), expected, "{former}");
    }
    assert_eq!(after.row("customers", "L1"), before.row("customers", "L1"));
}

#[tokio::test]
async fn n11_names_and_addresses_on_posted_documents_go_and_numbers_dates_and_amounts_stay() {
    let (_, before, after) = night().await;
    let sold = [
        ("sell_to_name", "Anonymized customer"),
        ("sell_to_name_2", "NULL"),
        ("sell_to_address", "Anonymized"),
        ("sell_to_address_2", "NULL"),
        ("sell_to_city", "NULL"),
        ("sell_to_post_code", "NULL"),
        ("sell_to_contact", "Anonymized"),
        ("sell_to_email", "NULL"),
        ("sell_to_phone_no", "NULL"),
        ("ship_to_name", "Anonymized customer"),
        ("ship_to_address", "Anonymized"),
        ("ship_to_city", "NULL"),
        ("ship_to_post_code", "NULL"),
        ("your_reference", "NULL"),
    ];
    let billed = [
        ("bill_to_name", "Anonymized customer"),
        ("bill_to_address", "Anonymized"),
        ("bill_to_city", "NULL"),
        ("bill_to_post_code", "NULL"),
        ("bill_to_contact", "Anonymized"),
        ("vat_registration_no", "NULL"),
    ];
    let invoices = "posted_sales_invoices";
    check_row(&before, &after, invoices, "PSI-F1", &sold);
    check_row(&before, &after, invoices, "PSI-F1", &billed);
    // Where seller's and payer's are two, each side is the one whose it is.
    check_row(&before, &after, invoices, "PSI-F1-L1", &sold);
    check_row(&before, &after, invoices, "PSI-L1-F1", &billed);
    for (key, others) in [("PSI-F1-L1", &billed[..]), ("PSI-L1-F1", &sold[..])] {
        for (column, _) in others {
            assert_eq!(after.text(invoices, key, column), before.text(invoices, key, column), "{key} {column}");
        }
    }
    assert_eq!(after.row(invoices, "PSI-L1"), before.row(invoices, "PSI-L1"));
    // In the whole night nothing of the books changed but this.
    let books = ["posted_sales_invoices", "posted_invoice_lines", "cust_ledger_entries"];
    let touched: BTreeSet<String> = after
        .touched_since(&before)
        .into_iter()
        .filter(|name| books.contains(&name.split('.').next().unwrap()))
        .collect();
    let expected = sold.iter().chain(&billed).map(|(column, _)| format!("{invoices}.{column}"));
    let texts = ["cust_ledger_entries.customer_name", "posted_invoice_lines.description"].map(str::to_owned);
    assert_eq!(touched, expected.chain(texts).collect());
    assert_eq!(after.text("posted_invoice_lines", "PSI-F1,1", "description"), "Sandal");
    let entries = |at: &Snapshot| {
        at.table("cust_ledger_entries").values().filter(|row| row["customer_name"] == "Anonymized customer").count()
    };
    assert!(entries(&before) == 0 && entries(&after) > 10_000, "a client with ten thousand rows is among them");
}

#[tokio::test]
async fn n12_a_contact_shared_with_a_live_client_survives_and_goes_with_the_last_one() {
    let (trade, before, after) = night().await;
    assert_eq!(after.row("contacts", "CT2"), before.row("contacts", "CT2"), "it serves L4, too");
    assert_eq!(after.text("notes", "2", "body"), "Prefers mail");
    for (contact, why) in [("CT1", "serves no other client"), ("CT3", "serves only a client anonymized before")] {
        assert_eq!(after.text("contacts", contact, "name"), "Anonymized contact", "{why}");
    }
    trade.forget(&["L4"]);
    let last = trade.snapshot().await;
    assert_eq!(last.text("contacts", "CT2", "name"), "Anonymized contact");
    assert!(!last.table("notes").contains_key("2"));
}

#[tokio::test]
async fn n13_afterwards_the_client_is_marked_dated_and_blocked() {
    let (_, before, after) = night().await;
    let mut seen = 0;
    for (key, row) in before.table("customers") {
        let is = |column: &str| after.text("customers", key, column);
        if is("name") == "Anonymized customer" && row["anonymized"] == 0 {
            assert_eq!(
                [is("anonymized"), is("anonymized_date"), is("blocked")],
                ["1", &today().to_string(), "All"],
                "{key}"
            );
            seen += 1;
        } else {
            for column in ["anonymized", "anonymized_date", "blocked"] {
                assert_eq!(is(column), before.text("customers", key, column), "{key}");
            }
        }
    }
    assert_eq!(seen, 50);
}

#[tokio::test]
async fn n14_every_success_and_refusal_is_recorded_with_reasons_time_and_by_whom() {
    let trade = shop().await;
    let begun = lethe::domain::clock::Clock::System.now() - chrono::TimeDelta::seconds(5);
    let ended = trade.json(&["sweep", "nightly-due", "--wait"]);
    let records = "SELECT count(*) FROM lethe_outcomes WHERE sweep = ";
    let id = &ended["sweep"]["id"];
    let count = |outcome: &str| ended["progress"][outcome].as_i64().unwrap();
    assert_eq!(trade.count(&format!("{records}{id}")).await, count("anonymized") + count("refused"));
    assert!(count("anonymized") > 40 && count("refused") > 20);
    trade.forget(&["L4", "L1"]);
    let cases = [
        ("F1", "anonymized", serde_json::json!([]), Some("nightly-due")),
        ("G2", "refused", serde_json::json!(["open-documents"]), Some("nightly-due")),
        ("L4", "anonymized", serde_json::json!([]), None),
        ("L1", "refused", serde_json::json!(["open-documents"]), None),
    ];
    for (key, outcome, reasons, job) in cases {
        let shown = trade.json(&["client", key]);
        let history = shown["history"].as_array().unwrap();
        assert_eq!(history.len(), 1, "{key}");
        let record = &history[0];
        assert_eq!((&record["outcome"], &record["reasons"]), (&outcome.into(), &reasons), "{key}");
        assert_eq!((record["job"].as_str(), record["opened_by"].as_str()), (job, Some(account().as_str())), "{key}");
        let at: chrono::DateTime<chrono::Utc> = record["at"].as_str().unwrap().parse().unwrap();
        assert!(at >= begun && at <= lethe::domain::clock::Clock::System.now() + chrono::TimeDelta::seconds(5), "{at}");
        assert_eq!(shown["client"], key);
    }
}

#[tokio::test]
async fn n15_a_second_run_changes_nothing_and_the_date_stays_the_first() {
    let (trade, _, after) = night().await;
    let again = trade.json(&["sweep", "nightly-due", "--wait"]);
    assert_eq!(again["progress"]["anonymized"], 0);
    assert_eq!(trade.snapshot().await, after);
    // Not even where the rows have to be done again, since an application wrote a name back.
    let first = ago(30).to_string();
    trade
        .execute(&format!(
            "UPDATE customers SET anonymized_date = '{first}', name = 'Back Again' WHERE customer_no = 'F1'"
        ))
        .await;
    assert_eq!(trade.json(&["sweep", "--replay", "--wait"])["progress"]["anonymized"], 1);
    let third = trade.snapshot().await;
    assert_eq!(
        (third.text("customers", "F1", "name"), third.text("customers", "F1", "anonymized_date")),
        ("Anonymized customer".into(), first)
    );
    assert_eq!(third.touched_since(&after).into_iter().collect::<Vec<_>>(), ["customers.anonymized_date"]);
}

#[tokio::test]
async fn n16_a_fault_in_the_middle_of_a_client_rolls_it_back_whole_and_the_others_go_on() {
    let trade = shop().await;
    let before = trade.snapshot().await;
    let faulty = "old.document_no = 'PSI-F1'";
    trade.execute(&refuses("posted_sales_invoices", faulty, "Fiete stays")).await;
    let ended = trade.json(&["sweep", "nightly-due", "--wait"]);
    assert_eq!((&ended["progress"]["failed"], &ended["progress"]["anonymized"]), (&1.into(), &49.into()));
    assert!(trade.outcome("F1").starts_with("failed: "));
    assert!(!trade.outcome("F1").contains("Fiete") && !trade.run(&["status", "--failures"]).out.contains("Fiete"));
    // Rules before the faulty one and behind it: everything of F1 is as it was.
    let after = trade.snapshot().await;
    let mut seen = BTreeSet::new();
    for (table, rows) in &before.tables {
        for (key, row) in rows {
            if row.values().any(|value| value == "F1" || value == "CT1" || value == "PSI-F1") {
                assert_eq!(after.table(table).get(key), Some(row), "{table} {key}");
                seen.insert(table.as_str());
            }
        }
    }
    assert!(
        ["contact_points", "contacts", "customers", "notes", "posted_invoice_lines", "ship_to_addresses"]
            .iter()
            .all(|table| seen.contains(table))
    );
    trade.execute(&allows("posted_sales_invoices")).await;
    let retried = trade.run(&["retry", "F1", "--wait"]);
    assert_eq!((retried.code, trade.outcome("F1")), (0, "anonymized".to_owned()), "{}", retried.err);
}
