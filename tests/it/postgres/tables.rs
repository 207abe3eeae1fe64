//! What tables can be that no other database has.

use crate::common::{Company, Place};
use crate::policy_language::support::{assert_changes, assert_refused, outcomes, policy};

#[test]
fn tables_of_other_schemas_are_called_by_schema_and_name() {
    super::on_postgres();
    assert_changes(
        "CREATE SCHEMA sales; CREATE SCHEMA crm;
         CREATE TABLE sales.customers (no TEXT PRIMARY KEY, name TEXT, open boolean NOT NULL DEFAULT false);
         CREATE TABLE crm.contacts (id bigint PRIMARY KEY, customer_no TEXT REFERENCES sales.customers, name TEXT);
         CREATE TABLE crm.letters (contact_id bigint REFERENCES crm.contacts, body TEXT);
         CREATE TABLE customers (id int, name TEXT);
         INSERT INTO sales.customers VALUES ('A', 'Ann'), ('B', 'Bob');
         INSERT INTO crm.contacts VALUES (1, 'A', 'Ann'), (2, 'B', 'Bob');
         INSERT INTO crm.letters VALUES (1, 'dear Ann'), (2, 'dear Bob');
         INSERT INTO customers VALUES (1, 'nobody');
         CREATE VIEW seen AS SELECT c.no, c.name, t.name AS contact, l.body FROM sales.customers AS c
           JOIN crm.contacts AS t ON t.customer_no = c.no LEFT JOIN crm.letters AS l ON l.contact_id = t.id;
         CREATE TABLE log (at int, line TEXT);",
        r#"
        client = { table = "sales.customers", key = "no" }
        guards = [{ name = "open", reason = "is open", where = "open" },
                  { name = "kept", reason = "is kept", table = "crm.contacts", where = '''"crm.contacts".name = 'never'''' }]
        [tables."sales.customers".columns]
        no.class = "non-personal"
        name = { class = "personal", replace = "Client {key}", identifying = true }
        open.class = "non-personal"
        [tables."crm.contacts"]
        client = "customer_no"
        columns.id.class = "non-personal"
        columns.customer_no.class = "non-personal"
        columns.name = { class = "personal", clear = true }
        [tables."crm.letters"]
        client = { column = "contact_id", through = "crm.contacts" }
        rows = "delete"
        [tables.customers]
        free = "another table of the same name"
        [tables.log]
        free = "says nothing"
        "#,
        &["A"],
        &[
            "- crm.contacts: 1|A|Ann",
            "+ crm.contacts: 1|A|NULL",
            "- crm.letters: 1|dear Ann",
            "- sales.customers: A|Ann|0",
            "+ sales.customers: A|Client A|0",
        ],
    );
}

#[test]
fn names_may_differ_in_case_alone_and_be_as_long_as_names_can_be() {
    super::on_postgres();
    let long = "x".repeat(63);
    let column = "é".repeat(31);
    assert_changes(
        &format!(
            r#"CREATE TABLE "Customers" ("No" TEXT PRIMARY KEY, no TEXT, "Name" TEXT, name TEXT, "{column}" TEXT);
               CREATE TABLE customers (no TEXT, name TEXT);
               CREATE TABLE "{long}" ("customerNo" TEXT REFERENCES "Customers", "{column}" TEXT);
               CREATE SCHEMA "{long}"; CREATE TABLE "{long}"."{long}" ("customerNo" TEXT REFERENCES "Customers", body TEXT);
               INSERT INTO "Customers" VALUES ('A', 'B', 'Ann', 'ann', 'x'), ('B', 'A', 'Bob', 'bob', 'y');
               INSERT INTO customers VALUES ('A', 'Ann');
               INSERT INTO "{long}" VALUES ('A', 'to Ann'), ('B', 'to Bob');
               INSERT INTO "{long}"."{long}" VALUES ('A', 'to Ann'), ('B', 'to Bob');"#
        ),
        &format!(
            r#"
            client = {{ table = "Customers", key = "No" }}
            [tables.Customers.columns]
            No.class = "non-personal"
            no.class = "non-personal"
            Name = {{ class = "personal", replace = "{{key}}", identifying = true, where = "\"Name\" <> ''" }}
            name = {{ class = "personal", copy = "No" }}
            "{column}" = {{ class = "personal", clear = true }}
            [tables.customers]
            free = "another table that differs in case alone"
            [tables."{long}"]
            client = "customerNo"
            columns.customerNo.class = "non-personal"
            columns."{column}" = {{ class = "personal", clear = true }}
            [tables."{long}.{long}"]
            client = "customerNo"
            columns.customerNo.class = "non-personal"
            columns.body = {{ class = "personal", clear = true }}
            "#
        ),
        &["A"],
        &[
            "- Customers: A|B|Ann|ann|x",
            "+ Customers: A|B|A|A|NULL",
            &format!("- {long}: A|to Ann"),
            &format!("+ {long}: A|NULL"),
            &format!("- {long}.{long}: A|to Ann"),
            &format!("+ {long}.{long}: A|NULL"),
        ],
    );
}

#[test]
fn partitioned_tables_are_one_table() {
    super::on_postgres();
    assert_changes(
        "CREATE TABLE customers (no TEXT, region TEXT, name TEXT, PRIMARY KEY (no, region)) PARTITION BY LIST (region);
         CREATE TABLE customers_eu PARTITION OF customers FOR VALUES IN ('eu');
         CREATE TABLE customers_us PARTITION OF customers DEFAULT;
         CREATE TABLE visits (no TEXT, region TEXT, day date, page TEXT, FOREIGN KEY (no, region) REFERENCES customers) PARTITION BY RANGE (day);
         CREATE TABLE visits_old PARTITION OF visits FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
         CREATE TABLE visits_new PARTITION OF visits FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
         INSERT INTO customers VALUES ('A', 'eu', 'Ann'), ('A', 'us', 'Abe'), ('B', 'eu', 'Bob');
         INSERT INTO visits VALUES ('A', 'eu', '2019-01-01', 'home'), ('A', 'eu', '2021-01-01', 'shop'), ('A', 'us', '2021-01-01', 'shop');",
        r#"
        client = { table = "customers", key = ["no", "region"] }
        [tables.customers.columns]
        no.class = "non-personal"
        region.class = "non-personal"
        name = { class = "personal", replace = "{key}" }
        [tables.visits]
        client = { column = ["no", "region"] }
        rows = [{ delete = "day < '2020-01-01'" }]
        columns.no.class = "non-personal"
        columns.region.class = "non-personal"
        columns.day.class = "non-personal"
        columns.page = { class = "personal", clear = true }
        "#,
        &["A,eu"],
        &[
            "- customers: A|eu|Ann",
            "+ customers: A|eu|A-eu",
            "- visits: A|eu|2019-01-01|home",
            "- visits: A|eu|2021-01-01|shop",
            "+ visits: A|eu|2021-01-01|NULL",
        ],
    );
}

#[test]
fn identity_and_generated_columns_need_no_class_and_follow() {
    super::on_postgres();
    assert_changes(
        "CREATE TABLE customers (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT, initial TEXT GENERATED ALWAYS AS (left(name, 1)) STORED);
         CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY, customer_no bigint REFERENCES customers, body TEXT);
         INSERT INTO customers (name) VALUES ('Ann'), ('Bob');
         INSERT INTO notes (customer_no, body) VALUES (1, 'x'), (2, 'y');",
        &policy(
            r#"
            [tables.customers.columns]
            no.class = "non-personal"
            name = { class = "personal", replace = "Client" }
            [tables.notes]
            client = "customer_no"
            columns.customer_no.class = "non-personal"
            columns.body = { class = "personal", clear = true }
            "#,
        ),
        &["1"],
        &["- customers: 1|Ann|A", "+ customers: 1|Client|C", "- notes: 1|1|x", "+ notes: 1|1|NULL"],
    );
}

const NAMED: &str = r#"
    tables.customers.columns.no.class = "non-personal"
    tables.customers.columns.name = { class = "personal", replace = "Client" }
"#;

#[tokio::test]
async fn a_deferred_constraint_is_found_broken_before_the_commit_and_isolates_its_client() {
    super::on_postgres();
    let company = Company::new(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
         INSERT INTO customers VALUES ('A', 'Ann'), ('B', 'Bob'), ('C', 'Cid');
         CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF new.no = 'B' THEN RAISE EXCEPTION 'Bob stays'; END IF; RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER kept AFTER UPDATE ON customers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION kept();",
        &policy(NAMED),
    )
    .await;
    let failed = r#"B failed ["error P0001 (refused by a trigger or a function)"]"#;
    assert_eq!(outcomes(&company, &["A", "B", "C"]).await, ["A anonymized", failed, "C anonymized"]);
}

#[tokio::test]
async fn a_deferred_foreign_key_is_named() {
    super::on_postgres();
    let company = Company::new(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT UNIQUE);
         CREATE TABLE fans (customer_name TEXT REFERENCES customers (name) DEFERRABLE INITIALLY DEFERRED);
         INSERT INTO customers VALUES ('A', 'Ann'), ('B', 'Bob'); INSERT INTO fans VALUES ('Bob');",
        &policy(&format!(
            "{}\ntables.fans.free = \"refers to names\"",
            NAMED.replace("\"Client\"", "\"Client {key}\"")
        )),
    )
    .await;
    let failed = r#"B failed ["a foreign key: `fans_customer_name_fkey` of `fans`"]"#;
    assert_eq!(outcomes(&company, &["A", "B"]).await, ["A anonymized", failed]);
}

#[tokio::test]
async fn composite_and_partial_unique_indexes_fail_only_the_clients_they_keep() {
    super::on_postgres();
    let company = Company::new(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, shop TEXT, name TEXT, active boolean);
         CREATE UNIQUE INDEX one_name_a_shop ON customers (shop, name);
         INSERT INTO customers VALUES ('A', 'x', 'Ann', true), ('B', 'y', 'Bob', true), ('C', 'z', 'Cid', true), ('D', 'z', 'Client', true);",
        &policy(&format!(
            "{NAMED}\ntables.customers.columns.shop.class = \"non-personal\"\ntables.customers.columns.active.class = \"non-personal\""
        )),
    )
    .await;
    let failed = r#"C failed ["a unique constraint: `one_name_a_shop` of `customers`"]"#;
    assert_eq!(outcomes(&company, &["A", "B", "C"]).await, ["A anonymized", "B anonymized", failed]);
}

#[test]
fn one_placeholder_for_all_in_a_partial_unique_index_is_refused() {
    super::on_postgres();
    assert_refused(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, active boolean);
         CREATE UNIQUE INDEX one_name ON customers (name) WHERE active;",
        &policy(&format!("{NAMED}\ntables.customers.columns.active.class = \"non-personal\"")),
        "customers.columns.name",
        "`name` is UNIQUE",
    );
}

#[tokio::test]
async fn a_materialized_view_that_the_policy_names_is_refreshed() {
    super::on_postgres();
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE);
        INSERT INTO customers VALUES ('A', 'Ann Archer', '2026-01-01');
        CREATE MATERIALIZED VIEW names AS SELECT name FROM customers;";
    let policy = "[client]\ntable = \"customers\"\nkey = \"no\"\nto_anonymize_on = \"due\"\n[after]\nrefresh = [\"names\"]\n\
        [tables.customers.columns]\nno = { class = \"non-personal\" }\ndue = { class = \"non-personal\" }\n\
        name = { class = \"personal\", replace = \"Anonymized client\" }\n";
    let company = Company::new(schema, policy).await;
    assert_eq!(company.due().await.anonymized, 1);
    assert_eq!(company.rows("SELECT name FROM names").await, ["Anonymized client"]);
}

/// In a schema that is the company's, or called otherwise, the prefix stays.
#[tokio::test]
async fn views_keep_their_prefix_in_any_other_schema() {
    super::on_postgres();
    let place = Place::on_server("CREATE TABLE customers (no TEXT PRIMARY KEY)").await;
    let lethe::database::Settings::Postgres(own) = place.settings() else { panic!("no server") };
    let settings =
        lethe::database::Settings::Postgres(lethe::database::Postgres { ledger_schema: "public".to_owned(), ..own });
    let store = lethe::database::Store::open(settings).await.unwrap();
    lethe::ledger::Ledger::open(&store, &lethe::domain::clock::Clock::System).await.unwrap();
    let views = "SELECT schemaname, viewname FROM pg_views WHERE viewname LIKE 'lethe%' ORDER BY 2";
    assert_eq!(
        place.rows(views).await,
        ["public|lethe_client_status", "public|lethe_job_status", "public|lethe_sweep_status"]
    );
}

#[tokio::test]
async fn a_trigger_of_a_partition_alone_deletes_no_client() {
    super::on_postgres();
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT) PARTITION BY LIST (no);
        CREATE TABLE customers_a PARTITION OF customers FOR VALUES IN ('A');
        CREATE TABLE customers_z PARTITION OF customers DEFAULT;
        INSERT INTO customers VALUES ('A', 'Ann'), ('B', 'Bob'), ('C', 'Cid');
        CREATE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM customers WHERE no = 'B'; RETURN NULL; END $$;
        CREATE TRIGGER moved AFTER UPDATE ON customers_a FOR EACH ROW EXECUTE FUNCTION moved();";
    let policy = policy(
        r#"
        tables.customers.columns.no.class = "non-personal"
        tables.customers.columns.name = { class = "personal", replace = "Client" }
        "#,
    );
    let company = Company::new(schema, &policy).await;
    let loaded = company.context.planner.plan(&company.context.store).await.expect("a plan");
    assert!(loaded.plan.notes.iter().any(|note| note.contains("moved")), "{:#?}", loaded.plan.notes);
    let found = outcomes(&company, &["A", "C"]).await;
    assert!(found[0].starts_with("A failed") && found[0].contains("deleted a client along"), "{found:?}");
    assert_eq!(found[1], "C anonymized");
    assert_eq!(company.rows("SELECT no, name FROM customers ORDER BY no").await, ["A|Ann", "B|Bob", "C|Client"]);
}

#[tokio::test]
async fn rows_of_other_clients_in_partitions_are_watched_and_triggers_of_replicas_count_in_a_session_that_is_one() {
    super::on_postgres();
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
        CREATE TABLE visits (id BIGINT, customer_no TEXT, year INTEGER, PRIMARY KEY (id, year)) PARTITION BY LIST (year);
        CREATE TABLE visits_2020 PARTITION OF visits FOR VALUES IN (2020);
        INSERT INTO customers VALUES ('A', 'Ann'), ('B', 'Bob'), ('C', 'Cid');
        INSERT INTO visits VALUES (1, 'A', 2020), (2, 'C', 2020);
        CREATE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM visits_2020 WHERE id = 2; RETURN NULL; END $$;
        CREATE TRIGGER moved AFTER UPDATE ON customers FOR EACH ROW WHEN (old.no = 'A') EXECUTE FUNCTION moved();";
    let replica = "ALTER TABLE customers ENABLE REPLICA TRIGGER moved;
        DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica', current_database()); END $$;";
    let policy = policy(
        r#"
        tables.customers.columns.no.class = "non-personal"
        tables.customers.columns.name = { class = "personal", replace = "Client" }
        [tables.visits]
        client = "customer_no"
        non_personal = ["id", "customer_no", "year"]
        "#,
    );
    for schema in [schema.to_owned(), format!("{schema}{replica}")] {
        let company = Company::new(&schema, &policy).await;
        let found = outcomes(&company, &["A", "B"]).await;
        assert!(found[0].starts_with("A failed") && found[0].contains("rows of other clients in visits"), "{found:?}");
        assert_eq!(found[1], "B anonymized");
        assert_eq!(company.rows("SELECT id FROM visits ORDER BY id").await, ["1", "2"]);
    }
}

#[test]
fn a_foreign_key_of_a_partition_alone_is_followed_like_one_of_the_whole_table() {
    super::on_postgres();
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
        CREATE TABLE orders (id BIGINT PRIMARY KEY, customer_no TEXT REFERENCES customers);
        CREATE TABLE invoices (id BIGINT, order_id BIGINT, amount INTEGER) PARTITION BY RANGE (id);
        CREATE TABLE invoices_old PARTITION OF invoices FOR VALUES FROM (MINVALUE) TO (1000);
        CREATE TABLE invoices_new PARTITION OF invoices DEFAULT;
        ALTER TABLE invoices_old ADD FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE;";
    let policy = policy(
        r#"
        tables.customers.columns.no.class = "non-personal"
        tables.customers.columns.name = { class = "personal", replace = "Client" }
        tables.invoices.free = "amounts alone"
        [tables.orders]
        client = "customer_no"
        rows = "delete"
        "#,
    );
    assert_refused(schema, &policy, "tables.orders.rows", "also deletes rows of `invoices`");
}

#[tokio::test]
async fn keys_of_a_sequence_that_begins_anew_are_warned_of() {
    super::on_postgres();
    for (key, warned) in [
        ("INTEGER GENERATED BY DEFAULT AS IDENTITY (MAXVALUE 1000 CYCLE) PRIMARY KEY", true),
        ("INTEGER DEFAULT nextval('numbers') PRIMARY KEY", true),
        ("INTEGER GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", false),
    ] {
        let schema =
            format!("CREATE SEQUENCE numbers MAXVALUE 1000 CYCLE; CREATE TABLE customers (no {key}, name TEXT);");
        let policy = policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            tables.customers.columns.name = { class = "personal", replace = "Client" }
            "#,
        );
        let company = Company::new(&schema, &policy).await;
        let loaded = company.context.planner.plan(&company.context.store).await.expect("a plan");
        assert_eq!(loaded.plan.notes.iter().any(|note| note.contains("NO CYCLE")), warned, "{:#?}", loaded.plan.notes);
    }
}

#[tokio::test]
async fn texts_that_almost_name_a_client_of_another_type_are_counted() {
    super::on_postgres();
    let (one, other) = ("0b8d3d56-2d0c-4c86-9d2b-6c4ff6ad20e1", "1c8d3d56-2d0c-4c86-9d2b-6c4ff6ad20e2");
    for (declared, table, keys, letters, rows) in [
        (
            "INTEGER",
            "post.letters",
            ["7", "80"],
            ["7".to_owned(), "007".to_owned(), " 7".to_owned(), "8".to_owned(), String::new()],
            2,
        ),
        (
            "UUID",
            "letters",
            [one, other],
            [one.to_uppercase(), other.to_owned(), format!("{one} "), "x".to_owned(), "0".to_owned()],
            2,
        ),
    ] {
        let values = letters.map(|own| format!("('{own}', 'dear you')")).join(", ");
        let schema = format!(
            "CREATE SCHEMA post; CREATE TABLE customers (no {declared} PRIMARY KEY, name TEXT);
             CREATE TABLE {table} (customer TEXT, body TEXT);
             INSERT INTO customers VALUES ('{}', 'Ann'), ('{}', 'Bob');
             INSERT INTO {table} VALUES {values};",
            keys[0], keys[1]
        );
        let policy = policy(
            r#"
            tables.customers.columns.no.class = "non-personal"
            tables.customers.columns.name = { class = "personal", replace = "Client" }
            [tables.letters]
            client = "customer"
            rows = "delete"
            "#,
        );
        let policy = policy.replace("[tables.letters]", &format!("[tables.\"{table}\"]"));
        let company = Company::new(&schema, &policy).await;
        let store = &company.context.store;
        let loaded = company.context.planner.plan(store).await.expect("a plan");
        let near = store.near(&loaded.plan, &loaded.schema).await.expect("they are counted");
        assert_eq!(near.len(), 1, "{near:?}");
        assert_eq!((near[0].column.as_str(), near[0].as_texts, near[0].rows), ("customer", true, rows), "{declared}");
    }
}
