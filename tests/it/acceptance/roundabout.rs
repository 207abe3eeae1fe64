//! Statements tried on activity and links that stand elsewhere than in the shipped data.

use super::office::Office;
use super::own_data::{client, shop, with_client};
use super::trade::{Trade, ago, years_ago};

#[tokio::test]
async fn n04_a_document_on_another_customers_account_is_a_transaction_of_the_one_it_was_for() {
    let trade = shop().await;
    trade
        .execute(
            "INSERT INTO posted_sales_credit_memos (document_no, sell_to_customer_no, sell_to_name, bill_to_customer_no, bill_to_name, customer_posting_group, posting_date, amount, amount_including_vat)
             VALUES ('PCM-1', 'K1', 'Firm One', 'PAYER', 'The payer', 'RETAIL', '{today}', 1, 1);
             INSERT INTO posted_sales_shipments (document_no, sell_to_customer_no, sell_to_name, bill_to_customer_no, bill_to_name, posting_date)
             VALUES ('PSS-1', 'K2', 'Firm Two', 'PAYER', 'The payer', '{today}');
             INSERT INTO posted_return_receipts (document_no, sell_to_customer_no, sell_to_name, bill_to_customer_no, bill_to_name, posting_date)
             VALUES ('PRR-1', 'K3', 'Firm Three', 'PAYER', 'The payer', '{today}');",
        )
        .await;
    assert!(trade.preview(&["--period"]).is_empty());
    for table in ["posted_sales_credit_memos", "posted_sales_shipments", "posted_return_receipts"] {
        trade.execute(&format!("UPDATE {table} SET posting_date = '{}'", years_ago(7))).await;
    }
    assert_eq!(trade.preview(&["--period"]).len(), 3);
}

#[tokio::test]
async fn n10_n12_the_company_of_a_contact_that_stands_on_the_card_only_goes_with_its_last_customer() {
    let trade = shop().await;
    trade
        .execute(
            "INSERT INTO contacts (contact_no, type, name, created_on) VALUES ('FIRM', 'Company', 'The Firm Itself', '2010-01-01');
             INSERT INTO contacts (contact_no, name, company_no, created_on) VALUES ('COLLEAGUE', 'Colleague Names Me', 'FIRM', '2010-01-01');
             UPDATE contacts SET company_no = 'FIRM' WHERE contact_no = 'OWN';
             UPDATE customers SET contact_no = 'COLLEAGUE' WHERE customer_no = 'K2';",
        )
        .await;
    let names = "SELECT name FROM contacts WHERE contact_no IN ('FIRM', 'COLLEAGUE', 'OWN') ORDER BY contact_no";
    trade.forget(&["K3"]);
    assert_eq!(trade.rows(names).await, ["Colleague Names Me", "The Firm Itself", "Anonymized contact"]);
    trade.forget(&["K2"]);
    assert_eq!(trade.rows(names).await, vec!["Anonymized contact"; 3]);
}

#[tokio::test]
async fn p11_a_greeting_that_was_made_of_the_name_goes_as_well() {
    let trade = with_client(901, "Ophelia", "Quixot").await;
    client(&trade, 902, "Hortense", "Wimbley").await;
    trade
        .execute(
            "UPDATE clients SET long_greeting = 'Dear Mrs. Quixot' WHERE client_no = 901;
             UPDATE clients SET long_greeting = 'Dear friends of the river' WHERE client_no = 902;",
        )
        .await;
    assert_eq!(trade.list(&["901", "902"])["progress"]["anonymized"], 2);
    let greetings = "SELECT long_greeting FROM clients WHERE client_no > 900 ORDER BY client_no";
    assert_eq!(trade.rows(greetings).await, ["NULL", "Dear friends of the river"]);
}

#[tokio::test]
async fn p18_a_donation_that_leads_to_its_client_only_by_the_gift_it_was_imported_as_is_reached() {
    let trade = with_client(901, "Ophelia", "Quixot").await;
    client(&trade, 902, "Hortense", "Wimbley").await;
    trade
        .execute(
            "INSERT INTO transactions VALUES (990101, 901, 'WINTER', 'Gift', 'Card', 5, '2010-01-01', NULL), (990102, 902, 'WINTER', 'Gift', 'Card', 5, '2010-01-01', NULL);
             INSERT INTO online_donations (online_id, organization_id, client_no, transaction_id, first_name, email, amount, donated_on) VALUES
               (9301, 1, NULL, 990101, 'Ophelia', 'unknown@home.example', 5, '2010-01-01'),
               (9302, 1, 999001, 990101, 'Ophelia', NULL, 5, '2010-01-01'),
               (9303, 1, NULL, 990102, 'Hortense', NULL, 5, '2010-01-01'),
               (9304, 2, NULL, 990101, 'Another', NULL, 5, '2010-01-01');",
        )
        .await;
    trade.list(&["901"]);
    assert_eq!(trade.outcome("901"), "anonymized");
    let report = "SELECT online_id, first_name, email FROM online_donation_report WHERE online_id > 9300 ORDER BY 1";
    assert_eq!(
        trade.rows(report).await,
        ["9301|NULL|NULL", "9302|NULL|NULL", "9303|Hortense|NULL", "9304|Another|NULL"],
        "other charities number their gifts, too"
    );
}

#[tokio::test]
async fn p19_p22_a_page_without_a_number_goes_with_the_account_of_the_clients_other_page() {
    let trade = with_client(901, "Ophelia", "Quixot").await;
    client(&trade, 902, "Hortense", "Wimbley").await;
    trade
        .execute(
            "INSERT INTO portal_accounts VALUES (9301, 'ophelia@home.example', 'O.'), (9302, 'hortense@home.example', 'H.');
             INSERT INTO participants (participant_id, event_id, client_no, account_id, display_name) VALUES
               (9301, 1, 901, 9301, 'O.'), (9302, 1, NULL, 9301, 'O. again'), (9303, 1, 902, 9302, 'H.'), (9304, 1, NULL, 9302, 'H. again');",
        )
        .await;
    trade.list(&["901"]);
    assert_eq!(trade.outcome("901"), "anonymized");
    let pages = "SELECT participant_id, account_id, display_name, visibility FROM participants WHERE participant_id > 9300 ORDER BY 1";
    let anonymous = "NULL|Anonymous participant|private";
    assert_eq!(
        trade.rows(pages).await,
        [
            format!("9301|{anonymous}"),
            format!("9302|{anonymous}"),
            "9303|9302|H.|public".to_owned(),
            "9304|9302|H. again|public".to_owned(),
        ]
    );
}

#[tokio::test]
async fn r04_a_purchase_without_a_sale_and_a_booking_made_lately_keep_a_member() {
    let trade = Trade::of("resamania").await;
    let lately = ago(30);
    trade
        .execute(&format!(
            "INSERT INTO members (member_id, member_no, club_code, status, first_name, last_name, display_name, joined_on) VALUES
               (9001, 'LYO-9001', 'LYO', 'former', 'A', 'B', 'A B', '2001-01-01'), (9002, 'LYO-9002', 'LYO', 'former', 'C', 'D', 'C D', '2001-01-01'),
               (9003, 'LYO-9003', 'LYO', 'former', 'E', 'F', 'E F', '2001-01-01');
             INSERT INTO invoices VALUES ('I-9001', 9001, NULL, '{lately}', 'A B', NULL, 5);
             INSERT INTO subscriptions SELECT 9001, 9002, min(offer_code), '{lately}', NULL FROM offers;
             INSERT INTO bookings (booking_id, member_id, session_id, booked_on, held_on, status)
             SELECT 990001, 9003, min(session_id), '{lately}', '2001-01-01', 'booked' FROM sessions;"
        ))
        .await;
    trade.write("list.txt", "9001\n9002\n9003");
    let seen = trade.preview(&["--list", "list.txt"]);
    let expected: Vec<_> = ["9001", "9002", "9003"].map(|key| (key.to_owned(), "not_due".to_owned())).to_vec();
    assert_eq!(seen, expected);
    trade
        .execute(
            "UPDATE invoices SET issued_on = '2001-01-01' WHERE member_id = 9001;
             UPDATE subscriptions SET begins_on = '2001-01-01' WHERE member_id = 9002;
             UPDATE bookings SET booked_on = '2001-01-01' WHERE member_id = 9003;",
        )
        .await;
    assert_eq!(trade.preview(&["--list", "list.txt"]).iter().filter(|(_, own)| own == "anonymized").count(), 3);
}

#[tokio::test]
async fn n20_a_rehearsal_that_finds_what_the_policy_misses_withdraws_the_one_that_passed() {
    let trade = with_client(901, "Ophelia", "Quixotica").await;
    client(&trade, 902, "Hortense", "Wimbley").await;
    trade.write("list.txt", "901");
    trade.json(&["backup", "acknowledge"]);
    let rehearse = || trade.run(&["sweep", "--list", "list.txt", "--rehearse"]);
    assert_eq!(rehearse().code, 0);
    trade.execute("UPDATE clients SET remarks = 'a friend of Ophelia Quixotica' WHERE client_no = 902").await;
    let before = trade.snapshot().await;
    let failed = rehearse();
    assert_eq!(failed.code, 1, "{}", failed.out);
    assert!(failed.out.contains("live sweeps are refused until a rehearsal passes"), "{}", failed.out);
    let refused = trade.run(&["sweep", "--list", "list.txt", "--wait"]);
    assert!(refused.code == 1 && refused.err.contains("has not been rehearsed"), "{}{}", refused.out, refused.err);
    assert_eq!(trade.snapshot().await, before);
    trade.execute("UPDATE clients SET remarks = NULL WHERE client_no = 902").await;
    assert_eq!(rehearse().code, 0);
    assert_eq!(trade.run(&["sweep", "--list", "list.txt", "--wait"]).code, 0);
    assert_eq!(trade.outcome("901"), "anonymized");
}

#[tokio::test]
async fn n01_r09_a_request_for_clients_beyond_a_tokens_limit_is_recorded_as_refused() {
    let trade = Trade::of("resamania").await;
    let other = trade.value("SELECT CAST(min(member_id) AS TEXT) FROM members WHERE club_code = 'LIL'").await;
    let made = trade.json(&["token", "add", "lyon", "--right", "bulk", "--only", "club=LYO"]);
    let lyon = made["token"].as_str().expect("a token");
    let office = Office::open(&trade);
    for sweep in [
        serde_json::json!({ "kind": "list", "clients": [other] }),
        serde_json::json!({ "kind": "period", "filters": { "club": ["LIL"] } }),
    ] {
        let ask = serde_json::json!({ "sweep": sweep, "confirm": true });
        let (status, answer) = office.post("/api/v1/sweeps", lyon, ask).await;
        assert!(matches!(status, 403 | 404), "{status} {answer}");
    }
    let requests = trade.json(&["token", "requests"]);
    let refused = |own: &&serde_json::Value| own["asked_by"] == "lyon" && own["allowed"] == 0;
    assert!(requests.as_array().expect("a list").iter().filter(refused).count() >= 2, "{requests}");
}
