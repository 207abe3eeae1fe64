use super::*;

fn other_tenants(names: &[&str], client: &str) -> Vec<String> {
    let mut schema = schema("");
    for name in names {
        schema.tables.insert((*name).to_owned(), LiveTable { name: (*name).to_owned(), ..LiveTable::default() });
    }
    schema.other_tenants(client).into_iter().collect()
}

#[test]
fn tables_of_other_companies_are_strangers() {
    let names = ["A$Customer$1", "A$Sales$1", "B$Customer$1", "B$Sales$1", "B$Own$1", "User$1"];
    assert_eq!(other_tenants(&names, "A$Customer$1"), ["B$Customer$1", "B$Own$1", "B$Sales$1"]);
    let names = ["wp_customers", "wp_orders", "wp_2_customers", "wp_2_orders", "wp_10_customers"];
    assert_eq!(other_tenants(&names, "wp_customers"), ["wp_10_customers", "wp_2_customers", "wp_2_orders"]);
    assert_eq!(other_tenants(&names, "wp_2_customers"), ["wp_10_customers", "wp_customers", "wp_orders"]);
}

#[test]
fn one_company_has_no_strangers() {
    let names = ["customer", "archived_customer", "archived_order", "sales_customer", "sales_order", "order"];
    assert!(other_tenants(&names, "customer").is_empty());
    assert!(other_tenants(&names, "sales_customer").is_empty());
}

#[test]
fn copies_of_ones_own_tables_are_no_strangers() {
    let tables = ["customer", "order", "line", "visit", "note", "letter"];
    let under = |prefix: &str| tables.iter().map(|table| format!("{prefix}{table}")).collect::<Vec<_>>();
    let names = |other: &str| [under("crm_"), under(other)].concat();
    let all = |other: &str| {
        let names = names(other);
        other_tenants(&names.iter().map(String::as_str).collect::<Vec<_>>(), "crm_customer")
    };
    assert_eq!(all("shop_").len(), 6);
    assert!(all("archive_crm_").is_empty());
    assert!(all("old_").is_empty());
}

#[test]
fn what_refers_to_the_clients_is_no_stranger() {
    let schema = schema(
        "wp_customers
            id INTEGER pk
         wp_orders
            id INTEGER pk
         wp_2_customers
            id INTEGER pk
         wp_2_orders
            id INTEGER pk
            customer_id INTEGER -> wp_customers.id",
    );
    assert_eq!(schema.other_tenants("wp_customers").into_iter().collect::<Vec<_>>(), ["wp_2_customers"]);
}
