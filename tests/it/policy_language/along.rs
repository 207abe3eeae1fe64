//! Rows of other clients that triggers and foreign keys change along: never in silence.

use super::support::{outcomes, policy, problems};
use crate::common::Company;
use crate::common::place::{either, is_on_postgres};

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, touched TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT, note TEXT, status TEXT, UNIQUE (customer_no, status));
CREATE TABLE history (id INTEGER PRIMARY KEY, customer_no TEXT, what TEXT);
INSERT INTO customers VALUES ('A', 'Ann Archer', ''), ('B', 'Bob Baker', ''), ('C', 'Cid Carter', ''), ('D', 'Dan Dahl', '');
INSERT INTO orders VALUES (1, 'A', 'n', 'new'), (2, 'B', 'n', 'new'), (3, 'C', 'n', 'new'), (4, 'D', 'n', 'new');
";

const TABLES: &str = r#"
[tables.customers.columns]
no.class = "non-personal"
name = { class = "personal", replace = "Client" }
touched.class = "non-personal"
[tables.orders]
client = "customer_no"
non_personal = ["id", "customer_no", "status"]
columns.note = { class = "personal", clear = true }
[tables.history]
client = "customer_no"
non_personal = ["id", "customer_no", "what"]
"#;

/// A trigger that does this for each row of a table that is changed, if it is one of these.
fn trigger(table: &str, when: &str, does: &str) -> String {
    if is_on_postgres() {
        format!(
            "CREATE FUNCTION on_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; RETURN NULL; END $$; \
             CREATE TRIGGER on_{table} AFTER UPDATE OR INSERT ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION on_{table}();"
        )
    } else {
        ["UPDATE", "INSERT"]
            .map(|event| {
                format!("CREATE TRIGGER on_{table}_{event} AFTER {event} ON {table} WHEN {when} BEGIN {does}; END;")
            })
            .join(" ")
    }
}

/// What becomes of A and B, where the trigger of B's row does this, and what changed for C and D.
async fn harmed(triggers: &str) -> (Vec<String>, bool) {
    let company = Company::new(SCHEMA, &policy(TABLES)).await;
    company.execute(triggers).await;
    let others = async || {
        company.rows("SELECT c.*, o.note, o.status FROM customers c LEFT JOIN orders o ON o.customer_no = c.no WHERE c.no IN ('C', 'D') ORDER BY 1").await
    };
    let before = others().await;
    let found = outcomes(&company, &["A", "B"]).await;
    (found, others().await == before)
}

#[tokio::test]
async fn a_trigger_that_changes_rows_of_other_clients_fails_the_client_who_sets_it_off() {
    let mut cases = vec![
        "UPDATE orders SET status = 'lost' WHERE customer_no = 'C'".to_owned(),
        "DELETE FROM orders WHERE customer_no = 'D'".to_owned(),
        "UPDATE customers SET touched = 'x' WHERE no > 'B' AND touched = ''".to_owned(),
        "INSERT INTO history (customer_no, what) VALUES ('B', 'go')".to_owned(),
        "UPDATE orders SET customer_no = 'B', status = 'stolen' WHERE id = 4".to_owned(),
    ];
    if is_on_postgres() {
        cases.push("EXECUTE format('DELETE FROM %I WHERE id = 3', 'or' || 'ders')".to_owned());
        cases.push("TRUNCATE orders".to_owned());
        cases.push("UPDATE shown SET status = 'lost' WHERE id = 3".to_owned());
        cases.push(
            "BEGIN UPDATE orders SET status = 'lost' WHERE id = 3; EXCEPTION WHEN OTHERS THEN NULL; END".to_owned(),
        );
        cases
            .push("INSERT INTO orders VALUES (3, 'C', '', 'new') ON CONFLICT (id) DO UPDATE SET note = 'x'".to_owned());
    } else {
        cases.push("INSERT OR REPLACE INTO orders VALUES (3, 'C', 'x', 'new')".to_owned());
        cases.push("INSERT OR REPLACE INTO orders (customer_no, note, status) VALUES ('C', 'x', 'new')".to_owned());
        cases.push("UPDATE OR REPLACE orders SET customer_no = 'C' WHERE id = 2".to_owned());
    }
    for does in cases {
        let chained = trigger("history", "new.what = 'go'", "DELETE FROM orders WHERE id = 3");
        let view = either("", "CREATE VIEW shown AS SELECT * FROM orders;");
        let triggers = trigger("customers", "new.no = 'B' AND new.name = 'Client'", &does);
        let (found, is_unchanged) = harmed(&format!("{view} {chained} {triggers}")).await;
        assert!(is_unchanged, "{does}: {found:?}");
        assert_eq!(found[0], "A anonymized", "{does}");
        assert!(found[1].starts_with("B failed") && found[1].contains("rows of other clients in"), "{does}: {found:?}");
    }
}

#[tokio::test]
async fn a_trigger_may_change_the_clients_own_rows_and_write_new_ones() {
    let own = [
        "UPDATE customers SET touched = 'x' WHERE no = new.no AND touched = ''",
        "UPDATE orders SET status = 'old' WHERE customer_no = new.no",
        "DELETE FROM orders WHERE customer_no = new.no AND id = 2",
        "INSERT INTO history SELECT 1 + COALESCE(max(id), 0), 'C', 'seen' FROM history; UPDATE history SET what = 'read' WHERE what = 'seen'",
        either(
            "INSERT OR IGNORE INTO orders VALUES (3, 'C', 'x', 'new')",
            "INSERT INTO orders VALUES (3, 'C', 'x', 'new') ON CONFLICT DO NOTHING",
        ),
        either(
            "INSERT OR REPLACE INTO orders VALUES (2, 'B', NULL, 'new')",
            "INSERT INTO orders VALUES (2, 'B', '', 'x') ON CONFLICT (id) DO UPDATE SET status = 'x'",
        ),
    ];
    for does in own {
        let (found, is_unchanged) = harmed(&trigger("customers", "new.name = 'Client'", does)).await;
        assert_eq!((found, is_unchanged), (vec!["A anonymized".to_owned(), "B anonymized".to_owned()], true), "{does}");
    }
}

#[tokio::test]
async fn what_the_policy_accepts_is_not_watched() {
    let accepted = format!("{TABLES}\n[[accepted]]\ntable = \"orders\"\nreason = \"renumbered every night\"\n");
    let company = Company::new(SCHEMA, &policy(&accepted)).await;
    company.execute(&trigger("customers", "new.no = 'B'", "UPDATE orders SET status = 'lost' WHERE id = 3")).await;
    assert_eq!(outcomes(&company, &["A", "B"]).await, ["A anonymized", "B anonymized"]);
}

#[tokio::test]
async fn a_foreign_key_that_empties_rows_of_others_when_a_column_changes_fails_the_client() {
    for (action, expected) in [("SET NULL", "A failed"), ("CASCADE", "A anonymized")] {
        let schema = format!(
            "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT UNIQUE, touched TEXT);
             CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT, note TEXT, status TEXT REFERENCES customers (name) ON UPDATE {action});
             CREATE TABLE history (id INTEGER PRIMARY KEY, customer_no TEXT, what TEXT);
             INSERT INTO customers VALUES ('A', 'Ann Archer', ''), ('B', 'Bob Baker', ''), ('C', 'Cid Carter', '');
             INSERT INTO orders VALUES (1, 'C', 'n', 'Ann Archer');"
        );
        let company = Company::new(&schema, &policy(&TABLES.replace("\"Client\"", "\"Client {key}\""))).await;
        let found = outcomes(&company, &["A", "B"]).await;
        assert!(found[0].starts_with(expected) && found[1] == "B anonymized", "{action}: {found:?}");
    }
}

/// Whether the database may act on what the rules write, as the plan sees it.
async fn reacts(schema: &str, tables: &str) -> bool {
    let company = Company::new(schema, &policy(tables)).await;
    company.context.planner.plan(&company.context.store).await.expect("a plan").plan.reacts
}

#[tokio::test]
async fn a_foreign_key_on_a_changed_column_and_a_deletion_are_what_the_database_reacts_to() {
    assert!(!reacts(SCHEMA, TABLES).await);
    for (referenced, expected) in [("no", false), ("name", true)] {
        let schema = SCHEMA.replace("name TEXT,", "name TEXT UNIQUE,")
            + &format!(
                "CREATE TABLE mail (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers ({referenced}));"
            );
        let mail = format!(
            "{}\n[tables.mail]\nnon_personal = [\"id\", \"customer_no\"]\nclient = {{ column = \"customer_no\", equals = \"{referenced}\" }}\n",
            TABLES.replace("\"Client\"", "\"Client {key}\"")
        );
        assert_eq!(reacts(&schema, &mail).await, expected, "{referenced}");
    }
    let kept = "non_personal = [\"id\", \"customer_no\", \"what\"]";
    assert!(reacts(SCHEMA, &TABLES.replace(kept, "rows = \"delete\"")).await);
}

#[tokio::test]
async fn placeholders_that_collide_together_are_refused() {
    let born = |unique: &str, rules: &str| {
        let schema = format!("CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, born DATE{unique});");
        let rules = format!(
            "[tables.customers.columns]\nno.class = \"non-personal\"\nname = {{ class = \"personal\", replace = \"Client\" }}\nborn = {rules}\n"
        );
        (schema, policy(&rules))
    };
    let same = "{ class = \"personal\", replace = \"1900-01-01\" }";
    let empty = "{ class = \"personal\", clear = true }";
    let mut cases = vec![
        (", UNIQUE (name, born)", same, true),
        (", UNIQUE (name, born)", empty, false),
        (", UNIQUE (name, born)", "{ class = \"non-personal\" }", false),
        (", UNIQUE (no, name, born)", same, false),
        (", code TEXT GENERATED ALWAYS AS (name || 'x') STORED, UNIQUE (code, born)", same, true),
    ];
    if is_on_postgres() {
        cases.push((", UNIQUE NULLS NOT DISTINCT (name, born)", empty, true));
        cases.push((", UNIQUE NULLS NOT DISTINCT (born)", empty, true));
        cases.push((", EXCLUDE USING btree (name WITH =, born WITH =)", same, true));
        cases.push((", EXCLUDE USING btree (lower(name) WITH =)", empty, true));
        cases.push((", EXCLUDE USING gist (daterange(born, NULL) WITH &&)", same, true));
    }
    for (unique, rule, is_refused) in cases {
        let (schema, policy) = born(unique, rule);
        let policy = if unique.contains("code") { policy + "code.class = \"non-personal\"\n" } else { policy };
        let found = problems(&schema, &policy).await;
        let is_about = found.iter().any(|own| own.contains("UNIQUE"));
        assert_eq!((is_about, found.len()), (is_refused, usize::from(is_refused)), "{unique} {rule}: {found:?}");
    }
}
