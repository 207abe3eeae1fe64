//! Rows that several clients share.

use super::support::{changes, difference, list, policy};
use crate::common::Company;

const SCHEMA: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, accountant TEXT);
    CREATE TABLE contacts (id TEXT PRIMARY KEY, name TEXT);
    CREATE TABLE contact_points (contact_id TEXT REFERENCES contacts, value TEXT);
    CREATE TABLE relations (contact_id TEXT REFERENCES contacts, customer_no TEXT REFERENCES customers);
    INSERT INTO customers VALUES ('A', NULL), ('B', NULL), ('C', NULL);
    INSERT INTO contacts VALUES ('own', 'Ann only'), ('shared', 'Ann and Bob'), ('free', 'nobody');
    INSERT INTO contact_points VALUES ('own', '111'), ('shared', '222'), ('free', '333');
    INSERT INTO relations VALUES ('own', 'A'), ('own', 'A'), ('shared', 'A'), ('shared', 'B');
";

const TABLES: &str = r#"
    [tables.customers.columns]
    no.class = "non-personal"
    accountant.class = "non-personal"
    [tables.relations]
    client = "customer_no"
    columns.contact_id.class = "non-personal"
    columns.customer_no.class = "non-personal"
    [tables.contacts]
    client = { column = "id", through = "relations", equals = "contact_id", exclusive = true }
    columns.id.class = "non-personal"
    columns.name = { class = "personal", clear = true }
    [tables.contact_points]
    client = { column = "contact_id", through = "contacts" }
    rows = "delete"
"#;

const OWN_GOES: [&str; 3] = ["- contact_points: own|111", "- contacts: own|Ann only", "+ contacts: own|NULL"];
const SHARED_GOES: [&str; 3] =
    ["- contact_points: shared|222", "- contacts: shared|Ann and Bob", "+ contacts: shared|NULL"];

#[tokio::test]
async fn a_row_shared_with_a_live_client_survives_and_goes_with_the_last_one() {
    let company = Company::new(SCHEMA, &policy(TABLES)).await;
    let before = company.dump().await;
    company.sweep(&list(&company, &["A"]).await).await.unwrap();
    assert_eq!(difference(&before, &company.dump().await), OWN_GOES);
    assert_eq!(changes(&company, &["B"]).await, SHARED_GOES);
}

#[tokio::test]
async fn it_makes_no_difference_who_goes_first() {
    let company = Company::new(SCHEMA, &policy(TABLES)).await;
    let before = company.dump().await;
    assert!(changes(&company, &["B"]).await.is_empty());
    company.sweep(&list(&company, &["A"]).await).await.unwrap();
    let after = difference(&before, &company.dump().await);

    let other_way = Company::new(SCHEMA, &policy(TABLES)).await;
    for client in ["A", "B"] {
        other_way.sweep(&list(&other_way, &[client]).await).await.unwrap();
    }
    assert_eq!(after, difference(&before, &other_way.dump().await));
    assert_eq!(after.len(), OWN_GOES.len() + SHARED_GOES.len());
}

#[tokio::test]
async fn a_row_shared_by_clients_of_one_batch_goes() {
    let company = Company::new(SCHEMA, &policy(TABLES)).await;
    let together = changes(&company, &["A", "B"]).await;
    assert_eq!(together.len(), OWN_GOES.len() + SHARED_GOES.len());
    assert!(SHARED_GOES.iter().all(|line| together.contains(&(*line).to_owned())));
}

#[tokio::test]
async fn a_client_of_the_batch_who_is_refused_keeps_what_it_shares() {
    let guard = "[[guards]]\nname = \"bob\"\nreason = \"is Bob\"\nwhere = \"no = 'B'\"\n";
    let company = Company::new(SCHEMA, &policy(&format!("{guard}{TABLES}"))).await;
    let before = company.dump().await;
    let tally = company.sweep(&list(&company, &["A", "B"]).await).await.unwrap();
    assert_eq!((tally.anonymized, tally.refused), (1, 1));
    assert_eq!(difference(&before, &company.dump().await), OWN_GOES);
}

#[tokio::test]
async fn a_row_that_a_live_client_has_by_another_link_survives() {
    let both = TABLES.replace(
        "client = { column = \"id\", through = \"relations\", equals = \"contact_id\", exclusive = true }",
        "client = [
           { column = \"id\", through = \"relations\", equals = \"contact_id\", exclusive = true },
           { name = \"accountant\", column = \"id\", equals = \"accountant\", exclusive = true },
         ]",
    );
    let company = Company::new(SCHEMA, &policy(&both)).await;
    company.execute("UPDATE customers SET accountant = 'own' WHERE no = 'C'").await;
    let before = company.dump().await;
    company.sweep(&list(&company, &["A"]).await).await.unwrap();
    assert!(difference(&before, &company.dump().await).is_empty());
    assert_eq!(changes(&company, &["C"]).await, OWN_GOES);
}

#[tokio::test]
async fn shared_rows_and_the_links_to_them_are_deleted_with_the_last_client() {
    let deleting = r#"
        [tables.customers.columns]
        no.class = "non-personal"
        accountant.class = "non-personal"
        [tables.relations]
        client = "customer_no"
        rows = "delete"
        [tables.contacts]
        client = { column = "id", through = "relations", equals = "contact_id", exclusive = true }
        rows = [{ delete = "name <> ''" }]
        columns.id.class = "non-personal"
        columns.name.class = "non-personal"
        [tables.contact_points]
        client = { column = "contact_id", through = "contacts" }
        rows = "delete"
    "#;
    let company = Company::new(SCHEMA, &policy(deleting)).await;
    assert_eq!(
        changes(&company, &["A"]).await,
        [
            "- contact_points: own|111",
            "- contacts: own|Ann only",
            "- relations: own|A",
            "- relations: own|A",
            "- relations: shared|A",
        ]
    );
    assert_eq!(
        changes(&company, &["B"]).await,
        ["- contact_points: shared|222", "- contacts: shared|Ann and Bob", "- relations: shared|B"]
    );
}
