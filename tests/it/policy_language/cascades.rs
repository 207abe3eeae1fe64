//! What the database deletes or empties of its own accord when rows are deleted: allowed where it is of the same client.

use lethe::domain::sweep::SweepKind;
use lethe::worker::retention::look;
use lethe::worker::sweep::{Mode, SweepError};

use super::support::{assert_changes, list, outcomes, policy, problems};
use crate::common::Company;
use crate::common::place::{either, is_on_postgres};

const CUSTOMERS: &str = r#"
    tables.customers.columns.no.class = "non-personal"
    tables.customers.columns.name = { class = "personal", replace = "Client" }
    tables.customers.columns.household = { class = "non-personal" }
"#;

const HOUSEHOLDS: &str = r#"
    [tables."house holds"]
    client = { column = "id", equals = "household" }
    rows = "delete"
"#;

/// Two customers of one household, in a region.
fn households(region: &str, household: &str) -> String {
    format!(
        "CREATE TABLE regions (id INTEGER PRIMARY KEY, name TEXT);
         CREATE TABLE \"house holds\" (id INTEGER PRIMARY KEY, region BIGINT REFERENCES regions {region}, street TEXT);
         CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, household BIGINT REFERENCES \"house holds\" {household});
         INSERT INTO regions VALUES (1, 'North');
         INSERT INTO \"house holds\" VALUES (1, 1, 'Main Street');
         INSERT INTO customers VALUES ('A', 'Ann', 1), ('B', 'Bob', 1), ('C', 'Cid', NULL);"
    )
}

fn with_households() -> String {
    policy(&format!("{CUSTOMERS}\n{HOUSEHOLDS}\n[tables.regions]\nfree = \"regions of the country\"\n"))
}

/// Asserts that there is one problem, and that it says all of this.
async fn assert_one(schema: &str, policy: &str, parts: &[&str]) {
    let found = problems(schema, policy).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(parts.iter().all(|part| found[0].contains(part)), "{found:#?}");
}

#[tokio::test]
async fn no_client_is_deleted_or_changed_with_rows_of_another() {
    let place = "tables.house holds.rows";
    let cascade = households("", "ON DELETE CASCADE");
    assert_one(&cascade, &with_households(), &[place, "`customers`", "(household)", "ON DELETE CASCADE"]).await;
    let null = households("", "ON DELETE SET NULL");
    assert_one(&null, &with_households(), &[place, "empties `household`", "`customers`"]).await;
    let cleared = with_households()
        .replace("household = { class = \"non-personal\" }", "household = { class = \"personal\", clear = true }");
    assert_one(&null, &cleared, &[place, "empties `household`", "`customers`"]).await;
}

#[tokio::test]
async fn a_client_who_refers_to_a_row_of_its_own_may_lose_it_where_the_policy_says_so() {
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
        CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, street TEXT);
        ALTER TABLE customers ADD COLUMN household BIGINT REFERENCES addresses ON DELETE SET NULL;";
    let addresses = "\n[tables.addresses]\nclient = \"customer_no\"\nrows = \"delete\"\n";
    let kept = policy(&format!("{CUSTOMERS}{addresses}"));
    assert_one(schema, &kept, &["tables.addresses.rows", "empties `household`", "`customers`"]).await;
    let cleared =
        kept.replace("household = { class = \"non-personal\" }", "household = { class = \"personal\", clear = true }");
    assert_eq!(problems(schema, &cleared).await, Vec::<String>::new(), "{cleared}");
}

#[tokio::test]
async fn a_cascade_through_several_tables_is_followed_to_its_end() {
    let schema = households("ON DELETE CASCADE", "ON DELETE CASCADE")
        + "CREATE TABLE visits (id INTEGER PRIMARY KEY, region BIGINT REFERENCES regions, no TEXT, seen_on DATE);
           ALTER TABLE regions ADD COLUMN visit BIGINT REFERENCES visits ON DELETE CASCADE;";
    let policy = policy(&format!(
        "{CUSTOMERS}
        tables.regions.free = \"regions of the country\"
        tables.\"house holds\".free = \"addresses without names\"
        [tables.visits]
        client = \"no\"
        columns.id.class = \"non-personal\"
        columns.region.class = \"non-personal\"
        columns.no.class = \"non-personal\"
        columns.seen_on.class = \"non-personal\"
        retention = {{ length = \"1 year\", date = \"seen_on\", rows = \"delete\" }}"
    ));
    let found = problems(&schema, &policy).await;
    let says = |part: &str| found.iter().any(|own| own.contains("tables.visits.retention") && own.contains(part));
    assert!(found.len() == 3 && says("rows of `house holds` also deletes rows of `customers`"), "{found:#?}");
    assert!(says("also deletes rows of `regions`") && says("also deletes rows of `house holds`"), "{found:#?}");
}

#[tokio::test]
async fn rows_of_a_table_that_is_free_of_client_data_are_not_deleted_along() {
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers);
        CREATE TABLE invoices (id INTEGER PRIMARY KEY, order_id BIGINT REFERENCES orders {action}, amount INTEGER);";
    let customers = CUSTOMERS.replace("tables.customers.columns.household = { class = \"non-personal\" }", "");
    let orders = "[tables.orders]\nclient = \"customer_no\"\nrows = \"delete\"\n[tables.invoices]\n";
    let free = policy(&format!("{customers}\n{orders}free = \"amounts alone\"\n"));
    let cascade = schema.replace("{action}", "ON DELETE CASCADE");
    assert_one(&cascade, &free, &["tables.orders.rows", "`invoices`", "`free`"]).await;
    let said = "client = { column = \"order_id\", through = \"orders\" }\nrows = \"delete\"\n";
    let deleted = policy(&format!("{customers}\n{orders}{said}"));
    assert_eq!(problems(&cascade, &deleted).await, Vec::<String>::new());
    let emptied = schema.replace("{action}", "ON DELETE SET NULL");
    assert_eq!(problems(&emptied, &free).await, Vec::<String>::new());
}

const TICKETS: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, household TEXT);
    CREATE TABLE tickets (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, subject TEXT);
    CREATE TABLE replies (ticket BIGINT REFERENCES tickets {action}, author TEXT REFERENCES customers, body TEXT);
    INSERT INTO customers VALUES ('A', 'Ann'), ('B', 'Bob');
    INSERT INTO tickets VALUES (1, 'A', 'help');
    INSERT INTO replies VALUES (1, 'A', 'me'), (1, 'B', 'me too'), (NULL, NULL, 'nobody');
";

/// Tickets that are deleted, and replies with this link and what is said of their columns.
fn tickets(link: &str, replies: &str) -> String {
    policy(&format!(
        "{CUSTOMERS}\n[tables.tickets]\nclient = \"customer_no\"\nrows = \"delete\"\n[tables.replies]\nclient = {link}\n{replies}"
    ))
}

const KEPT: &str = r#"
    columns.ticket.class = "non-personal"
    columns.author.class = "non-personal"
    columns.body = { class = "personal", keep = "bookkeeping law" }
"#;

#[tokio::test]
async fn rows_that_may_be_of_other_clients_or_that_the_policy_keeps_are_not_deleted_along() {
    let schema = TICKETS.replace("('A', 'Ann'), ('B', 'Bob')", "('A', 'Ann', 'h'), ('B', 'Bob', 'h')");
    let (cascade, null) =
        (schema.replace("{action}", "ON DELETE CASCADE"), schema.replace("{action}", "ON DELETE SET NULL"));
    let through = r#"{ column = "ticket", through = "tickets" }"#;
    let replaced = KEPT.replace("keep = \"bookkeeping law\"", "replace = \"-\"");
    let refused = ["tables.tickets.rows", "`replies`"];
    assert_one(&cascade, &tickets("\"author\"", &replaced), &refused).await;
    assert_one(&cascade, &tickets("\"author\"", "rows = \"delete\""), &refused).await;
    assert_one(&cascade, &tickets(&format!("[\"author\", {through}]"), &replaced), &refused).await;
    assert_one(&cascade, &tickets(through, KEPT), &["tables.tickets.rows", "the policy keeps"]).await;
    assert_one(&null, &tickets("\"author\"", &replaced), &["tables.tickets.rows", "empties `ticket`"]).await;
    for good in [tickets(through, &replaced), tickets(through, "rows = \"delete\"")] {
        assert_eq!(problems(&cascade, &good).await, Vec::<String>::new(), "{good}");
        assert_eq!(problems(&null, &good).await, Vec::<String>::new(), "{good}");
    }
}

#[tokio::test]
async fn a_trigger_that_deletes_rows_of_other_clients_is_refused_like_a_foreign_key() {
    let schema =
        TICKETS.replace("('A', 'Ann'), ('B', 'Bob')", "('A', 'Ann', 'h'), ('B', 'Bob', 'h')").replace("{action}", "")
            + either(
                "CREATE TRIGGER tidy AFTER DELETE ON tickets BEGIN DELETE FROM \"replies\" WHERE ticket = OLD.id; END;",
                "CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               DELETE FROM public.\"replies\" WHERE ticket = OLD.id; RETURN OLD; END $$;
             CREATE TRIGGER tidy BEFORE DELETE ON tickets FOR EACH ROW EXECUTE FUNCTION tidy();",
            );
    assert_one(
        &schema,
        &tickets("\"author\"", "rows = \"delete\""),
        &["tables.tickets.rows", "`replies`", "trigger `tidy`"],
    )
    .await;
    let through = r#"{ column = "ticket", through = "tickets" }"#;
    assert_eq!(problems(&schema, &tickets(through, "rows = \"delete\"")).await, Vec::<String>::new());
}

/// SQLite has no functions.
#[tokio::test]
async fn a_function_that_a_trigger_calls_is_followed_to_the_rows_that_it_deletes() {
    if !is_on_postgres() {
        return;
    }
    let schema = TICKETS.replace("('A', 'Ann'), ('B', 'Bob')", "('A', 'Ann', 'h'), ('B', 'Bob', 'h')").replace("{action}", "")
        + "CREATE FUNCTION tidied(was BIGINT) RETURNS void LANGUAGE sql AS 'DELETE FROM replies WHERE ticket = was';
           CREATE PROCEDURE tidy_up(was BIGINT) LANGUAGE plpgsql AS $$ BEGIN PERFORM public.tidied(was); END $$;
           CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN CALL \"tidy_up\" (OLD.id); RETURN OLD; END $$;
           CREATE TRIGGER tidy BEFORE DELETE ON tickets FOR EACH ROW EXECUTE FUNCTION tidy();";
    assert_one(
        &schema,
        &tickets("\"author\"", "rows = \"delete\""),
        &["tables.tickets.rows", "`replies`", "trigger `tidy`"],
    )
    .await;
    let through = r#"{ column = "ticket", through = "tickets" }"#;
    assert_eq!(problems(&schema, &tickets(through, "rows = \"delete\"")).await, Vec::<String>::new());
}

#[test]
fn an_answer_to_a_deleted_message_stays_without_it() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY);
         CREATE TABLE messages (id INTEGER PRIMARY KEY, answers BIGINT REFERENCES messages ON DELETE SET NULL, author TEXT);
         INSERT INTO customers VALUES ('A'), ('B');
         INSERT INTO messages VALUES (1, NULL, 'A'), (2, 1, 'B');",
        &policy("tables.customers.columns.no.class = \"non-personal\"\n[tables.messages]\nclient = \"author\"\nrows = \"delete\""),
        &["A"],
        &["- messages: 1|NULL|A", "- messages: 2|1|B", "+ messages: 2|NULL|B"],
    );
}

/// Customers of whom a change of the name deletes the others of the household.
async fn moving() -> Company {
    let schema = households("", "").replace(
        "INSERT INTO regions",
        either(
            "CREATE TRIGGER moved AFTER UPDATE OF name ON customers BEGIN
               DELETE FROM customers WHERE household = OLD.household AND no <> OLD.no; END;
             INSERT INTO regions",
            "CREATE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               DELETE FROM customers WHERE household = OLD.household AND no <> OLD.no; RETURN NULL; END $$;
             CREATE TRIGGER moved AFTER UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION moved();
             INSERT INTO regions",
        ),
    );
    let free = "tables.\"house holds\".free = \"addresses\"\n tables.regions.free = \"regions\"";
    Company::new(&schema, &policy(&format!("{CUSTOMERS}\n{free}"))).await
}

#[tokio::test]
async fn a_client_of_whom_a_trigger_deletes_another_fails_and_the_other_is_still_there() {
    let company = moving().await;
    let (survey, _) = company.survey(&list(&company, &["A", "C"]).await, Mode::Rehearsal).await.unwrap();
    assert_eq!((survey.tally.anonymized, survey.tally.failed), (1, 1));
    let before = company.dump().await;
    let found = outcomes(&company, &["A", "C"]).await;
    assert!(found[0].starts_with("A failed") && found[0].contains("deleted a client along"), "{found:?}");
    assert_eq!(found[1], "C anonymized");
    let after = company.dump().await;
    assert_eq!(super::support::difference(&before, &after), ["- customers: C|Cid|NULL", "+ customers: C|Client|NULL"]);
}

#[tokio::test]
async fn two_clients_who_delete_each_other_both_fail() {
    let company = moving().await;
    let before = company.dump().await;
    let found = outcomes(&company, &["A", "B"]).await;
    assert!(found.iter().all(|own| own.contains(" failed ")), "{found:?}");
    assert_eq!(company.dump().await, before);
}

#[tokio::test]
async fn old_rows_with_which_a_trigger_deletes_clients_stay() {
    let schema = String::from(
        "CREATE TABLE customers (no TEXT PRIMARY KEY);
         CREATE TABLE visits (no TEXT, seen_on DATE);
         CREATE TABLE gone (no TEXT);
         INSERT INTO customers VALUES ('A'), ('B');
         INSERT INTO visits VALUES ('A', '2001-01-01'), ('A', '2025-12-31'), (NULL, NULL);",
    ) + either(
        "CREATE TRIGGER noted AFTER DELETE ON visits BEGIN INSERT INTO gone VALUES (OLD.no); END;
         CREATE TRIGGER cleared AFTER INSERT ON gone BEGIN DELETE FROM customers WHERE no = NEW.no; END;",
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO gone VALUES (OLD.no); RETURN OLD; END $$;
         CREATE FUNCTION cleared() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           DELETE FROM customers WHERE no = NEW.no; RETURN NEW; END $$;
         CREATE TRIGGER noted AFTER DELETE ON visits FOR EACH ROW EXECUTE FUNCTION noted();
         CREATE TRIGGER cleared AFTER INSERT ON gone FOR EACH ROW EXECUTE FUNCTION cleared();",
    );
    let policy = policy(
        r#"
        tables.customers.columns.no.class = "non-personal"
        tables.gone.free = "keys alone"
        [tables.visits]
        client = "no"
        rows = "delete"
        retention = { length = "1 year", date = "seen_on", rows = "delete" }
        "#,
    );
    let company = Company::new(&schema, &policy).await;
    let before = company.dump().await;
    let (store, planner) = (&company.context.store, &company.context.planner);
    let rehearsed = look(store, planner, Some(&company.context.ledger), company.today(), Mode::Rehearsal).await;
    assert!(matches!(rehearsed, Err(SweepError::ClientsGone { table }) if table == "visits"));
    company.sweep(&company.request(SweepKind::Retention)).await.unwrap();
    assert_eq!(company.rows("SELECT state FROM lethe_sweeps").await, ["stopped"]);
    assert!(company.rows("SELECT note FROM lethe_sweeps").await[0].contains("deletes clients"));
    assert_eq!(company.dump().await, before);
}

/// SQLite alone has it: a row that is written deletes the one that has its value.
#[tokio::test]
async fn a_client_whose_new_value_deletes_another_fails_and_the_other_is_still_there() {
    if is_on_postgres() {
        return;
    }
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, login TEXT UNIQUE ON CONFLICT REPLACE);
        INSERT INTO customers VALUES ('A', 'Ann', 'ann'), ('B', 'Bob', 'gone-A'), ('C', 'Cid', 'cid');";
    let policy = policy(
        r#"
        tables.customers.columns.no.class = "non-personal"
        tables.customers.columns.name = { class = "personal", replace = "Client" }
        tables.customers.columns.login = { class = "personal", replace = "gone-{key}" }
        "#,
    );
    let company = Company::new(schema, &policy).await;
    let found = outcomes(&company, &["A", "C"]).await;
    assert!(found[0].starts_with("A failed") && found[0].contains("deleted a client along"), "{found:?}");
    assert_eq!(found[1], "C anonymized");
    let left = company.rows("SELECT no, name, login FROM customers ORDER BY no").await;
    assert_eq!(left, ["A|Ann|ann", "B|Bob|gone-A", "C|Client|gone-C"]);
}
