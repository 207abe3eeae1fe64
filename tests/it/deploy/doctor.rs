//! The doctor names each right that the role lacks or does not need, and what
//! it prescribes fixes it.

use super::company::Company;
use crate::common::Place;

fn good(what: &str) -> Vec<(String, String, String)> {
    vec![("good".to_owned(), format!("`{{role}}` may do what the plan needs{what}"), String::new())]
}

fn told(found: &[(String, String, String)]) -> String {
    found
        .iter()
        .map(|(verdict, what, statement)| {
            format!("{verdict}: {what}\n")
                + &if statement.is_empty() { String::new() } else { format!("    {statement}\n") }
        })
        .collect()
}

#[tokio::test]
async fn what_is_missing_is_granted_by_the_doctors_own_statements() {
    let company = Company::with_role().await;
    insta::assert_snapshot!(told(&company.doctor()), @r#"
    bad: it lacks SELECT, DELETE on `addresses`
        GRANT SELECT, DELETE ON "public"."addresses" TO "{role}";
    bad: it lacks SELECT, UPDATE on `customers`
        GRANT SELECT, UPDATE ("anonymized", "anonymized_on", "email", "name") ON "public"."customers" TO "{role}";
    bad: it lacks SELECT on `orders`
        GRANT SELECT ON "public"."orders" TO "{role}";
    "#);
    company.fix().await;
    assert_eq!(company.doctor(), good(", and no more"));
    company.done(&["sweep", "--due", "--rehearse"]);
    company.done(&["sweep", "--due", "--wait"]);
    assert_eq!(company.doctor(), good(", and no more"));
    company.end().await;
}

#[tokio::test]
async fn what_is_too_much_is_revoked_by_the_doctors_own_statements() {
    let company = Company::with_role().await;
    company.fix().await;
    company
        .execute(
            "ALTER ROLE {role} CREATEDB CREATEROLE REPLICATION BYPASSRLS; GRANT pg_write_all_data, pg_read_all_data TO {role};
             GRANT ALL ON customers, orders TO {role}; GRANT TRUNCATE ON addresses TO PUBLIC;
             DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {role}', current_database()); END $$",
        )
        .await;
    let database = company.place.rows("SELECT CAST(current_database() AS TEXT)").await.remove(0);
    insta::assert_snapshot!(told(&company.doctor()).replace(&database, "{database}"), @r#"
    note: it may make databases
        ALTER ROLE "{role}" NOCREATEDB;
    note: it may make roles
        ALTER ROLE "{role}" NOCREATEROLE;
    note: it may read everything that is replicated
        ALTER ROLE "{role}" NOREPLICATION;
    note: row-level security is passed over, and no table of the plan has it
        ALTER ROLE "{role}" NOBYPASSRLS;
    note: it is a member of `pg_read_all_data`, which is more than any plan needs
        REVOKE "pg_read_all_data" FROM "{role}";
    note: it is a member of `pg_write_all_data`, which is more than any plan needs
        REVOKE "pg_write_all_data" FROM "{role}";
    note: it may make schemas, and the ledger's is there
        REVOKE CREATE ON DATABASE "{database}" FROM "{role}";
    note: the plan has no use for DELETE, INSERT, REFERENCES, TRIGGER, TRUNCATE on `customers`
        REVOKE DELETE, INSERT, REFERENCES, TRIGGER, TRUNCATE ON "public"."customers" FROM "{role}";
    note: the plan has no use for DELETE, INSERT, REFERENCES, TRIGGER, TRUNCATE, UPDATE on `orders`
        REVOKE DELETE, INSERT, REFERENCES, TRIGGER, TRUNCATE, UPDATE ON "public"."orders" FROM "{role}";
    note: the plan has no use for TRUNCATE on `addresses`
        REVOKE TRUNCATE ON "public"."addresses" FROM PUBLIC;
    good: `{role}` may do what the plan needs
    "#);
    company.fix().await;
    assert_eq!(company.doctor(), good(", and no more"));

    company.execute("GRANT SELECT ON staff TO {role}; GRANT INSERT ON customer_audit TO {role}; ALTER TABLE addresses OWNER TO {role}").await;
    insta::assert_snapshot!(told(&company.doctor()), @r#"
    note: it owns 1 of the plan's tables and could drop them; `ALTER TABLE … OWNER TO …` gives them to another role
    note: it has rights on 2 tables and views that the plan does not use; `\dp` in psql lists them, and `REVOKE ALL ON … FROM …` takes them
    good: `{role}` may do what the plan needs
    "#);
    company.execute("ALTER TABLE addresses OWNER TO current_user").await;
    company.end().await;
}

#[tokio::test]
async fn a_superuser_is_too_much_and_that_is_all_there_is_to_say() {
    let company = Company::with_role().await;
    company.execute("ALTER ROLE {role} SUPERUSER").await;
    insta::assert_snapshot!(told(&company.doctor()), @r#"
    note: it is a superuser, whom no right is refused
        ALTER ROLE "{role}" NOSUPERUSER;
    good: `{role}` may do what the plan needs
    "#);
    company.execute("ALTER ROLE {role} NOSUPERUSER").await;
    company.end().await;
}

#[tokio::test]
async fn a_schema_that_is_closed_is_not_taken_for_one_without_tables() {
    let company = Company::with_role().await;
    company.fix().await;
    company.execute("REVOKE USAGE ON SCHEMA public FROM {role}, PUBLIC").await;
    insta::assert_snapshot!(told(&company.doctor()), @r#"
    bad: it may not look into the schema `public`, where `addresses` is
        GRANT USAGE ON SCHEMA "public" TO "{role}";
    "#);
    company.fix().await;
    assert_eq!(company.doctor(), good(", and no more"));
    // Another of that name, which is not meant.
    company.execute("CREATE SCHEMA archive; CREATE TABLE archive.customers (no TEXT)").await;
    assert_eq!(company.doctor(), good(", and no more"));
    company.end().await;
}

#[tokio::test]
async fn row_level_security_is_passed_over_where_it_is_on_and_only_there() {
    let company = Company::with_role().await;
    company.fix().await;
    company.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY").await;
    insta::assert_snapshot!(told(&company.doctor()), @r#"
    bad: row-level security hides rows of `orders` from it
        ALTER ROLE "{role}" BYPASSRLS;
    "#);
    company.fix().await;
    assert_eq!(company.doctor(), good(", and no more"));
    company.end().await;
}

#[tokio::test]
async fn the_database_and_the_ledger_are_looked_at_too() {
    let company = Company::with_role().await;
    company.fix().await;
    // The function that locks tables goes with the schema; what that means is told in another test.
    let found = || company.doctor().into_iter().filter(|(_, what, _)| !what.contains("lethe_lock")).collect::<Vec<_>>();
    let database = company.place.rows("SELECT CAST(current_database() AS TEXT)").await.remove(0);
    let temporary = format!("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC, {{role}}; DROP SCHEMA lethe CASCADE");
    company.execute(&temporary).await;
    insta::assert_snapshot!(told(&found()).replace(&database, "{database}"), @r#"
    bad: it may not make temporary tables in `{database}`
        GRANT TEMPORARY ON DATABASE "{database}" TO "{role}";
    bad: the ledger's schema `lethe` is not there, and it may not make it
        CREATE SCHEMA "lethe" AUTHORIZATION "{role}";
    "#);
    company.fix().await;
    assert_eq!(found(), good(", and no more"));

    // A ledger that another role made.
    company.execute("DROP SCHEMA lethe CASCADE; CREATE SCHEMA lethe").await;
    insta::assert_snapshot!(told(&found()), @r#"
    bad: it may not make the ledger's tables in the schema `lethe`
        GRANT USAGE, CREATE ON SCHEMA "lethe" TO "{role}";
    "#);
    company.fix().await;
    company.done(&["sweep", "--due", "--rehearse"]);
    company
        .execute("REVOKE CREATE ON SCHEMA lethe FROM {role}; ALTER TABLE lethe.lethe_holds OWNER TO current_user")
        .await;
    insta::assert_snapshot!(told(&found()), @r#"
    bad: it may not read and write the ledger's `lethe_holds`
        GRANT SELECT, INSERT, UPDATE ON "lethe"."lethe_holds" TO "{role}";
    "#);
    company.fix().await;
    assert_eq!(found(), good(", and no more"));
    company.done(&["hold", "add", "C2", "--reason", "case 12"]);
    company.end().await;
}

#[tokio::test]
async fn a_condition_that_reads_another_table_needs_a_right_on_it() {
    let company = Company::with_role().await;
    let policy = std::fs::read_to_string(company.folder.path().join("policy.toml")).expect("the policy");
    let reads = policy.replace(
        "status = 'open'",
        "status = 'open' AND NOT EXISTS (SELECT 1 FROM staff WHERE staff.name = orders.customer_no)",
    );
    company.write("policy.toml", &reads);
    assert!(told(&company.doctor()).contains(r#"GRANT SELECT ON "public"."staff" TO "{role}";"#));
    company.fix().await;
    assert_eq!(company.doctor(), good(", and no more"));
    company.done(&["sweep", "--due", "--rehearse"]);
    company.end().await;
}

#[tokio::test]
async fn an_sqlite_file_has_no_roles() {
    let company = Company::with_role().await;
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT)";
    let place = Place::in_file(company.folder.path(), schema).await;
    company.write("lethe.toml", &format!("database = \"{}\"\n", place.setting()));
    assert_eq!(company.doctor(), []);
    company.end().await;
}
