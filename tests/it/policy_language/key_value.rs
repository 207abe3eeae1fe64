//! Tables with one row a fact.

use lethe::worker::sweep::{Mode, open};

use super::support::{assert_changes, list, outcomes, policy};
use crate::common::Company;
use crate::common::place::either;

const SCHEMA: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
    CREATE TABLE meta (customer_no TEXT REFERENCES customers, meta_key TEXT, meta_value TEXT);
    INSERT INTO customers VALUES ('A', 'Ann Archer'), ('B', 'Bob Baker');
    INSERT INTO meta VALUES ('A', 'phone', '+33 1 23'), ('A', 'shoe size', '38'), ('A', 'level', 'gold'), ('A', 'allergies', 'nuts'),
      ('A', 'o''clock', '12'), ('A', 'children', '[{\"name\":\"Zoe\",\"age\":3}]'), ('A', 'phone', NULL),
      ('B', 'phone', '+33 4 56'), ('B', 'level', 'red');
";

const TABLES: &str = r#"
    tables.customers.columns.no.class = "non-personal"
    tables.customers.columns.name = { class = "personal", replace = "Client", identifying = true }
    [tables.meta]
    client = "customer_no"
    key_value = { key = "meta_key", value = "meta_value" }
    columns.customer_no.class = "non-personal"
    [tables.meta.keys]
    phone = { class = "personal", replace = "none" }
    "shoe size" = { class = "personal", generalize = { first = 1 } }
    level.class = "non-personal"
    allergies.class = "sensitive"
    "o'clock" = { class = "personal", actions = [{ where = "customer_no = 'B'", replace = "early" }, { replace = "late" }] }
    children = { class = "personal", redact = ["$[*].name"] }
"#;

#[test]
fn each_key_has_a_class_and_an_action_of_its_own() {
    assert_changes(
        SCHEMA,
        &policy(TABLES),
        &["A"],
        &[
            "- customers: A|Ann Archer",
            "+ customers: A|Client",
            "- meta: A|allergies|nuts",
            "- meta: A|children|[{\"name\":\"Zoe\",\"age\":3}]",
            "- meta: A|o'clock|12",
            "- meta: A|phone|+33 1 23",
            "- meta: A|phone|NULL",
            "- meta: A|shoe size|38",
            "+ meta: A|allergies|NULL",
            either("+ meta: A|children|[{\"age\":3}]", "+ meta: A|children|[{\"age\": 3}]"),
            "+ meta: A|o'clock|late",
            "+ meta: A|phone|none",
            "+ meta: A|phone|none",
            "+ meta: A|shoe size|3",
        ],
    );
}

const PLAIN: &str = r#"
    tables.customers.columns.no.class = "non-personal"
    tables.customers.columns.name.class = "non-personal"
    [tables.meta]
    client = "customer_no"
    key_value = { key = "meta_key", value = "meta_value" }
    columns.customer_no.class = "non-personal"
    keys.phone = { class = "personal", clear = true, identifying = true }
    keys."shoe size" = { class = "personal", clear = true }
    keys.level.class = "non-personal"
    keys.allergies.class = "sensitive"
    keys."o'clock".class = "non-personal"
    keys.children = { class = "personal", clear = true }
"#;

#[tokio::test]
async fn a_key_that_the_policy_does_not_know_refuses_every_sweep_for_all_clients() {
    let company = Company::new(SCHEMA, &policy(PLAIN)).await;
    company.execute("INSERT INTO meta VALUES ('B', 'blood_group', 'AB')").await;
    let before = company.dump().await;
    for clients in [&["A", "B"][..], &["A"]] {
        let request = list(&company, clients).await;
        for mode in [Mode::Preview, Mode::Rehearsal] {
            let refused = company.survey(&request, mode).await.unwrap_err();
            assert!(refused.brief().contains("blood_group"), "{refused}");
        }
        let refused = company.sweep(&request).await.unwrap_err();
        assert!(refused.brief().contains("blood_group"), "{refused}");
    }
    let checked = company.context.planner.plan_checked(&company.context.store).await.unwrap_err();
    assert!(checked.brief().contains("blood_group"), "{checked}");
    assert_eq!(company.dump().await, before);
}

#[tokio::test]
async fn a_key_that_appears_while_a_sweep_runs_stops_it() {
    let company = Company::new(SCHEMA, &policy(PLAIN)).await;
    let request = list(&company, &["A", "B"]).await;
    let id = open(&company.context, &request).await.unwrap().unwrap();
    company.execute("INSERT INTO meta VALUES ('B', 'blood_group', 'AB')").await;
    let before = company.dump().await;
    company.work(id).await;
    assert_eq!(company.rows("SELECT state FROM lethe_sweeps").await, ["stopped"]);
    assert!(company.rows("SELECT note FROM lethe_sweeps").await[0].contains("blood_group"));
    assert_eq!(company.dump().await, before);
}

#[tokio::test]
async fn the_former_value_of_one_key_is_looked_for_everywhere() {
    let company = Company::new(SCHEMA, &policy(PLAIN)).await;
    company
        .execute("UPDATE meta SET meta_value = '0123 456 789' WHERE meta_key = 'phone'; UPDATE customers SET name = 'call 0123-456-789' WHERE no = 'A'")
        .await;
    assert_eq!(outcomes(&company, &["A", "B"]).await, [r#"A failed ["residue:customers.name"]"#, "B anonymized"]);
}

#[test]
fn keys_can_be_numbers() {
    assert_changes(
        "CREATE TABLE customers (no INTEGER PRIMARY KEY);
         CREATE TABLE entity_varchar (entity_id INTEGER REFERENCES customers, attribute_id INTEGER, value TEXT);
         INSERT INTO customers VALUES (1), (2);
         INSERT INTO entity_varchar VALUES (1, 5, 'Ann'), (1, 12, 'gold'), (2, 5, 'Bob');",
        &policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            [tables.entity_varchar]
            client = "entity_id"
            key_value = { key = "attribute_id", value = "value" }
            columns.entity_id.class = "non-personal"
            keys.5 = { class = "personal", replace = "Client {key}" }
            keys.12.class = "non-personal"
            "#,
        ),
        &["1"],
        &["- entity_varchar: 1|5|Ann", "+ entity_varchar: 1|5|Client 1"],
    );
}
