use super::*;

fn strangers(names: &[&str], client: &str) -> Vec<String> {
    let mut schema = schema("");
    for name in names {
        schema.tables.insert((*name).to_owned(), LiveTable { name: (*name).to_owned(), ..LiveTable::default() });
    }
    schema.strangers(client).into_iter().collect()
}

#[test]
fn tables_of_other_companies_are_strangers() {
    let names = ["A$Customer$1", "A$Sales$1", "B$Customer$1", "B$Sales$1", "B$Own$1", "User$1"];
    assert_eq!(strangers(&names, "A$Customer$1"), ["B$Customer$1", "B$Own$1", "B$Sales$1"]);
    let names = ["wp_customers", "wp_orders", "wp_2_customers", "wp_2_orders", "wp_10_customers"];
    assert_eq!(strangers(&names, "wp_customers"), ["wp_10_customers", "wp_2_customers", "wp_2_orders"]);
    assert_eq!(strangers(&names, "wp_2_customers"), ["wp_10_customers", "wp_customers", "wp_orders"]);
}

#[test]
fn one_company_has_no_strangers() {
    let names = ["customer", "archived_customer", "archived_order", "sales_customer", "sales_order", "order"];
    assert!(strangers(&names, "customer").is_empty());
    assert!(strangers(&names, "sales_customer").is_empty());
}
