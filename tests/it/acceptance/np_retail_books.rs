//! A shop's ERP, the statements N on what the tables beyond card, invoices and ledger add: further posted documents,
//! archives, sales at the till, goods that moved, companies and their persons, and what other systems report.

use std::collections::BTreeSet;

use super::own_data::shop;
use super::trade::{Trade, ago, years_ago};
use crate::common::place::either;

/// The columns of a sales document that say who bought and who paid.
const SIDES: &str = "sell_to_customer_no, sell_to_name, sell_to_name_2, sell_to_address, sell_to_address_2, sell_to_city, \
    sell_to_post_code, sell_to_country, sell_to_contact, sell_to_email, sell_to_phone_no, bill_to_customer_no, bill_to_name, \
    bill_to_address, bill_to_city, bill_to_post_code, bill_to_country, bill_to_contact, vat_registration_no, ship_to_name, \
    ship_to_address, ship_to_city, ship_to_post_code, ship_to_country, your_reference, external_document_no";

fn sides(sell_to: &str, bill_to: &str) -> String {
    format!(
        "'{sell_to}', 'Søld O''Name', 'c/o', 'Sellvej 1', 'tv.', 'Sellby', '1111', 'DK', 'Sell Contact', 'sell@shop.example', \
         '11 11 11 11', '{bill_to}', 'Billed \"Name\"', 'Billvej 2', 'Billby', '2222', 'DK', 'Bill Contact', 'DK22222222', \
         'Shipped Name', 'Shipvej 3', 'Shipby', '3333', 'DK', 'Ref of Søld', 'for Firm One'"
    )
}

/// The customers who are due by period.
fn due(trade: &Trade) -> BTreeSet<String> {
    trade.preview(&["--period"]).into_iter().filter(|(_, what)| what == "anonymized").map(|(key, _)| key).collect()
}

fn keys<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

#[tokio::test]
async fn n10_n11_credit_memos_shipments_and_return_receipts_lose_the_side_that_is_anonymized_and_no_other() {
    let trade = shop().await;
    let tables = [
        (
            "posted_sales_credit_memos",
            "applies_to_document_no, customer_posting_group, amount, amount_including_vat",
            "'PSI-1', 'RETAIL', 80, 100",
        ),
        ("posted_sales_shipments", "order_no, package_tracking_no", "'SO-1', 'TRACK-1'"),
        ("posted_return_receipts", "return_order_no", "'SR-1'"),
    ];
    for (table, more, values) in tables {
        for (no, sell_to, bill_to) in [("D1", "K1", "K1"), ("D2", "K2", "K1"), ("D3", "K1", "K2")] {
            let sides = sides(sell_to, bill_to);
            let sql = format!(
                "INSERT INTO {table} (document_no, {more}, posting_date, {SIDES}) VALUES ('{no}', {values}, '2020-02-29', {sides})"
            );
            trade.execute(&sql).await;
        }
    }
    let before = trade.snapshot().await;
    assert_eq!(trade.forget(&["K1"])["progress"]["anonymized"], 1);
    let after = trade.snapshot().await;
    let sold = "sell_to_name sell_to_name_2 sell_to_address sell_to_address_2 sell_to_city sell_to_post_code sell_to_contact \
        sell_to_email sell_to_phone_no ship_to_name ship_to_address ship_to_city ship_to_post_code your_reference";
    let billed = "bill_to_name bill_to_address bill_to_city bill_to_post_code bill_to_contact vat_registration_no";
    for (table, ..) in tables {
        let changed = |no: &str| -> BTreeSet<String> {
            let all = after.changes_since(&before).into_iter();
            all.filter(|own| own.table == table && own.row == no).map(|own| own.column).collect()
        };
        let mut sold: BTreeSet<String> = sold.split_whitespace().map(str::to_owned).collect();
        if table == "posted_sales_shipments" {
            sold.insert("package_tracking_no".to_owned());
        }
        let billed: BTreeSet<String> = billed.split_whitespace().map(str::to_owned).collect();
        // The customer's name is in the external number of all documents that it is a side of.
        let external = keys(["external_document_no"]);
        assert_eq!(changed("D1"), &(&sold | &billed) | &external, "{table}");
        assert_eq!(changed("D2"), &billed | &external, "{table}: another bought, and keeps name and address");
        assert_eq!(changed("D3"), &sold | &external, "{table}: another paid, and keeps name and address");
        assert_eq!(after.text(table, "D1", "sell_to_name"), "Anonymized customer");
    }
}

#[tokio::test]
async fn n10_n11_reminders_jobs_and_archives_lose_the_customer_and_keep_numbers_dates_and_amounts() {
    let trade = shop().await;
    let archive = "document_type, document_no, version_no, sell_to_customer_no, sell_to_name, sell_to_address, sell_to_email, \
        bill_to_customer_no, bill_to_name, bill_to_address, ship_to_name, order_date, archived_on";
    trade
        .execute(&format!(
            "INSERT INTO issued_reminders (reminder_no, customer_no, name, name_2, address, address_2, city, post_code, country, contact,
               vat_registration_no, posting_date, due_date, remaining_amount)
             VALUES ('R1', 'K1', 'Fïrm', 'Branch', 'Vej 1', '', 'Odense', '5000', 'DK', 'One Names Me', 'DK1', '2020-01-01', '2020-02-01', 0),
                    ('R2', 'K2', 'Firm Two', NULL, 'Vej 1', NULL, 'Odense', '5000', 'DK', NULL, 'DK2', '2020-01-01', '2020-02-01', 0);
             INSERT INTO jobs (job_no, description, bill_to_customer_no, bill_to_name, bill_to_name_2, bill_to_address, bill_to_address_2,
               bill_to_city, bill_to_post_code, bill_to_country, bill_to_contact, bill_to_email, organizer_email, person_responsible, status)
             VALUES ('J1', 'Party of Firm One', 'K1', 'Fïrm', 'Branch', 'Vej 1', 'st.', 'Odense', '5000', 'DK', 'Me', 'f@one.example', 'o@one.example', 'HANNE', 'Completed'),
                    ('J2', 'Refurbishment', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'HANNE', 'Open');
             INSERT INTO sales_header_archives ({archive}) VALUES
               ('Order', 'SO-1', 1, 'K1', 'Fïrm', 'Vej 1', 'f@one.example', 'K2', 'Firm Two', 'Vej 2', 'At the door', '2020-01-01', '2020-01-02'),
               ('Order', 'SO-1', 2, 'K2', 'Firm Two', 'Vej 2', 'two@two.example', 'K2', 'Firm Two', 'Vej 2', NULL, '2020-01-01', '2020-01-03')"
        ))
        .await;
    let before = trade.snapshot().await;
    assert_eq!(trade.forget(&["K1"])["progress"]["anonymized"], 1, "nothing of this is open business");
    let after = trade.snapshot().await;
    let changed: BTreeSet<(String, String)> = after
        .changes_since(&before)
        .into_iter()
        .filter(|own| ["issued_reminders", "jobs", "sales_header_archives"].contains(&own.table.as_str()))
        .map(|own| (own.row, own.column))
        .collect();
    let expected = [
        ("R1", "name name_2 address address_2 city post_code country contact vat_registration_no"),
        (
            "J1",
            "description bill_to_name bill_to_name_2 bill_to_address bill_to_address_2 bill_to_city bill_to_post_code bill_to_country \
             bill_to_contact bill_to_email organizer_email person_responsible",
        ),
        ("Order,SO-1,1", "sell_to_name sell_to_address sell_to_contact sell_to_email ship_to_name ship_to_address"),
    ];
    let expected = expected
        .iter()
        .flat_map(|(row, columns)| columns.split_whitespace().map(|column| ((*row).to_owned(), column.to_owned())));
    assert_eq!(changed, expected.collect());
    assert_eq!(after.text("jobs", "J1", "description"), "", "it named the customer");
    assert_eq!(after.text("jobs", "J2", "person_responsible"), "HANNE");
}

#[tokio::test]
async fn n10_texts_at_the_till_and_of_goods_that_moved_are_emptied_only_where_they_name_the_customer() {
    let trade = shop().await;
    trade
        .execute(
            "INSERT INTO customers (customer_no, name, customer_posting_group, gen_bus_posting_group, created_on)
             VALUES ('K4', 'Firm One', 'RETAIL', 'DOMESTIC', '2010-01-01');
             INSERT INTO pos_entries (entry_no, pos_store_code, document_no, customer_no, entry_date, description, amount_including_vat) VALUES
               (1, 'AAR', 'T-1', 'K1', '2012-01-01', 'Put aside for FIRM ONE', 100), (2, 'AAR', 'T-2', 'K1', '2012-01-01', 'Sale 2', 100),
               (3, 'AAR', 'T-3', NULL, '2012-01-01', 'Sale 3', 100), (4, 'AAR', 'T-4', '', '2012-01-01', 'Sale 4', 100);
             INSERT INTO item_ledger_entries (entry_no, item_no, posting_date, source_type, source_no, document_no, description, quantity) VALUES
               (1, '1301', '2012-01-01', 'Customer', 'K1', 'T-1', 'Engraved: Firm One', -1),
               (2, '1301', '2012-01-01', 'Vendor', 'K1', 'P-1', 'From the vendor Firm One', 5)",
        )
        .await;
    let before = trade.snapshot().await;
    assert_eq!(trade.forget(&["K1"])["progress"]["anonymized"], 1);
    let changes = trade.snapshot().await.changes_since(&before).into_iter();
    let found: BTreeSet<String> = changes
        .filter(|own| ["pos_entries", "item_ledger_entries"].contains(&own.table.as_str()))
        .map(|own| format!("{}.{}.{}", own.table, own.row, own.column))
        .collect();
    // The vendor has a number of its own, and a customer who stays has the same name.
    assert_eq!(found, keys(["item_ledger_entries.1.description", "pos_entries.1.description"]));
}

#[tokio::test]
async fn n08_a_membership_refuses_whatever_its_state() {
    let trade = shop().await;
    trade
        .execute(
            "INSERT INTO memberships (membership_no, customer_no, membership_code, status, valid_from, valid_until) VALUES
               ('M1', 'K1', 'GOLD', 'Expired', '2011-01-01', '2012-01-01'), ('M2', 'K2', 'GOLD', 'Cancelled', '2011-01-01', NULL),
               ('M3', 'K2', 'GOLD', 'Active', '2011-01-01', '2012-01-01')",
        )
        .await;
    let ended = trade.forget(&["K1", "K2", "K3"]);
    assert_eq!((&ended["refusals"]["membership"], &ended["progress"]["anonymized"]), (&2.into(), &1.into()));
    trade.execute("DELETE FROM memberships WHERE membership_no IN ('M1', 'M2')").await;
    assert_eq!(trade.forget(&["K1", "K2"])["progress"]["anonymized"], 1);
    assert_eq!(trade.outcome("K2"), "refused: membership");
}

#[tokio::test]
async fn n04_sales_at_the_till_and_goods_that_moved_are_activity_of_the_customer_and_of_no_vendor() {
    let trade = shop().await;
    assert_eq!(due(&trade), keys(["K1", "K2", "K3"]));
    let (edge, over) = (years_ago(6), years_ago(6) - chrono::Days::new(1));
    let till = "INSERT INTO pos_entries (entry_no, pos_store_code, document_no, customer_no, entry_date, amount_including_vat) VALUES";
    let moved = "INSERT INTO item_ledger_entries (entry_no, item_no, posting_date, source_type, source_no, document_no, quantity) VALUES";
    trade
        .execute(&format!(
            "{till} (1, 'AAR', 'T-1', NULL, '{{today}}', 100), (2, 'AAR', 'T-2', 'K1', '{over}', 100);
             {moved} (1, '1301', '{{today}}', 'Vendor', 'K1', 'P-1', 5), (2, '1301', '{over}', 'Customer', 'K1', 'T-2', -1)"
        ))
        .await;
    assert_eq!(due(&trade), keys(["K1", "K2", "K3"]), "a day too long ago, and a vendor of the same number");
    trade
        .execute(&format!(
            "{till} (3, 'AAR', 'T-3', 'K2', '{edge}', 100); {moved} (3, '1301', '{edge}', 'Customer', 'K3', 'T-4', -1)"
        ))
        .await;
    assert_eq!(due(&trade), keys(["K1"]));
}

#[tokio::test]
async fn n04_what_another_system_reports_is_activity_and_never_moves_backwards() {
    let trade = shop().await;
    let push = "INSERT INTO customer_activities (customer_no, source, activity_on) VALUES ('{no}', '{from}', '{day}')
        ON CONFLICT (customer_no, source) DO UPDATE SET activity_on = excluded.activity_on";
    let push = async |no: &str, from: &str, day: chrono::NaiveDate| {
        let sql = push.replace("{no}", no).replace("{from}", from).replace("{day}", &day.to_string());
        trade.execute(&sql).await;
    };
    push("K1", "gate", years_ago(6) - chrono::Days::new(1)).await;
    push("K2", "gate", years_ago(6)).await;
    push("K3", "gate", ago(3)).await;
    assert_eq!(due(&trade), keys(["K1"]));
    // Late and repeated reports, of the same system and of another, change nothing.
    push("K3", "gate", years_ago(9)).await;
    push("K3", "web shop", years_ago(8)).await;
    trade
        .execute(&format!("UPDATE customer_activities SET activity_on = '{}' WHERE customer_no = 'K2'", years_ago(7)))
        .await;
    let replace = format!("INSERT OR REPLACE INTO customer_activities VALUES ('K3', 'gate', '{}')", years_ago(9));
    trade.execute(either(&replace, "SELECT 1")).await;
    let dates =
        "SELECT customer_no, source, activity_on FROM customer_activities WHERE customer_no > 'K1' ORDER BY 1, 2";
    let expected =
        [format!("K2|gate|{}", years_ago(6)), format!("K3|gate|{}", ago(3)), format!("K3|web shop|{}", years_ago(8))];
    assert_eq!(trade.rows(dates).await, expected);
    assert_eq!(due(&trade), keys(["K1"]));
    push("K1", "gate", ago(0)).await;
    assert_eq!(due(&trade), BTreeSet::new(), "it moves forward");
    for blank in ["'1753-01-01'", either("''", "'0001-01-01'")] {
        let sql = format!("INSERT INTO customer_activities VALUES ('K1', 'other', {blank})");
        assert!(trade.refusal(&sql).await.is_some(), "a blank date would keep the customer for ever: {blank}");
    }
    // A request passes over the period, and the dates stay as numbers in the statistics.
    assert_eq!(trade.forget(&["K3"])["progress"]["anonymized"], 1);
    assert_eq!(trade.rows(dates).await, expected);
}

#[tokio::test]
async fn n12_the_company_of_a_contact_and_the_persons_of_a_company_go_with_their_last_customer_and_no_vendor_does() {
    let trade = shop().await;
    trade
        .execute(
            "INSERT INTO contacts (contact_no, type, name, company_no, other_relation, created_on) VALUES
               ('BUILD', 'Company', 'Håndværk & Søn', NULL, '', '2010-01-01'), ('BUYER', 'Person', 'Bo Buyer', 'BUILD', '', '2010-01-01'),
               ('PAYER', 'Person', 'Pia Payer', 'BUILD', '', '2010-01-01'), ('SELLS', 'Person', 'Siw Seller', NULL, 'Vendor', '2010-01-01'),
               ('CAFE', 'Company', 'Café Zoë', NULL, '', '2010-01-01'), ('CLERK', 'Person', 'Carl Clerk', 'CAFE', 'Employee', '2010-01-01'),
               ('DESK', 'Person', 'Dea Desk', 'CAFE', '', '2010-01-01'), ('GUEST', 'Person', 'Gerd Guest', 'CAFE', '', '2010-01-01');
             INSERT INTO contact_business_relations VALUES ('BUYER', 'K1', 'Purchaser'), ('SELLS', 'K1', 'Purchaser'),
               ('PAYER', 'K2', 'Accountant'), ('GUEST', 'K2', 'Purchaser'), ('CAFE', 'K3', 'Purchaser');
             UPDATE customers SET contact_no = NULL; DELETE FROM contact_business_relations WHERE contact_no = 'SHARED'",
        )
        .await;
    let left = async |key: &str| {
        assert_eq!(trade.forget(&[key])["progress"]["anonymized"], 1);
        let sql = "SELECT contact_no FROM contacts WHERE name <> 'Anonymized contact' AND contact_no NOT IN ('SHARED', 'OWN') ORDER BY 1";
        trade.rows(sql).await.join(" ")
    };
    assert_eq!(left("K1").await, "BUILD CAFE CLERK DESK GUEST PAYER SELLS", "the company of K2's contact stays");
    let after = left("K3").await;
    assert_eq!(after, "BUILD CAFE CLERK GUEST PAYER SELLS", "so does that of K2's other contact, but not its person");
    assert_eq!(left("K2").await, "CLERK SELLS");
}
