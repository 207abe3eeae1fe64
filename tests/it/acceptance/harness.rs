//! What the other tests rely on: a trade's company is made, worked on, and compared.

use super::trade::Trade;

#[tokio::test]
async fn a_company_of_a_trade_is_made_and_every_change_in_it_is_seen() {
    let trade = Trade::of("np-retail").await;
    trade
        .execute(
            "INSERT INTO customer_posting_groups VALUES ('RETAIL', 'Customers of the shops', '2310');
             INSERT INTO gen_bus_posting_groups VALUES ('DOMESTIC', 'Denmark', 'DOMESTIC');
             INSERT INTO customers (customer_no, name, customer_posting_group, gen_bus_posting_group, created_on, to_anonymize_on)
             VALUES ('C1', 'Ann O''Hara | 😀', 'RETAIL', 'DOMESTIC', '2020-01-01', '{today}'),
                    ('C2', 'Bob', 'RETAIL', 'DOMESTIC', '2020-01-01', NULL);
             INSERT INTO memberships (membership_no, customer_no, membership_code, status, valid_from)
             VALUES ('M1', 'C2', 'GOLD', 'Active', '2020-01-01');",
        )
        .await;
    let before = trade.snapshot().await;
    let ended = trade.sweep(&["--due"]);
    assert_eq!(ended["progress"]["anonymized"], 1, "{ended}");
    let after = trade.snapshot().await;
    assert!(after.touched_since(&before).contains("customers.name"));
    assert!(after.changes_since(&before).iter().all(|change| change.row == "C1"));
    assert_eq!(after.text("customers", "C1", "name"), "Anonymized customer");
    assert_eq!((before.mentions("O'Hara").len(), after.mentions("O'Hara").len()), (1, 0));
    assert_eq!(trade.outcome("C1"), "anonymized");
    assert_eq!(trade.forget(&["C2"])["refusals"]["membership"], 1);
    assert_eq!(trade.outcome("C2"), "refused: membership");
    assert_eq!(trade.snapshot().await, after, "a client that is refused is left as it was");
    trade.execute("DELETE FROM memberships").await;
    assert_eq!(trade.snapshot().await.touched_since(&after).into_iter().collect::<Vec<_>>(), ["memberships.-"]);
}
