//! Two policies over two client tables of one database, each with a ledger of its own.

use crate::reused::{LEFT, of, two};

#[tokio::test]
async fn a_second_policy_with_a_ledger_of_its_own_goes_beside_the_first() {
    super::on_postgres();
    let (folder, place) = two("[postgres]\nledger_schema = \"guests_ledger\"\n").await;
    for policy in ["customers", "guests"] {
        let (is_done, said) = of(&folder, policy, &["sweep", "--due", "--wait"]);
        assert!(is_done, "{policy}: {said}");
    }
    let left = place.rows(LEFT).await;
    assert_eq!(
        left,
        ["customer|1|Anonymized", "customer|2|Marie Delacroix", "guest|1|Guest One", "guest|2|Anonymized"]
    );
    for policy in ["customers", "guests"] {
        assert!(of(&folder, policy, &["sweep", "--replay", "--wait"]).0);
    }
    assert_eq!(place.rows(LEFT).await, left);
    let keys = "SELECT 'customers', client_key FROM lethe.lethe_outcomes UNION ALL SELECT 'guests', client_key FROM guests_ledger.lethe_outcomes ORDER BY 1";
    assert_eq!(place.rows(keys).await, ["customers|1", "guests|2"]);
}
