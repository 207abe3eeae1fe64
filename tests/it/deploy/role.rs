//! The role of `role.sql` can do a night, and nothing else.

use super::company::Company;
use crate::common::project::{read, root};

/// A trigger of the application's that writes with the rights of the role that set it off.
const AUDIT: &str = "CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO customer_audit (no) VALUES (new.no); RETURN new; END $$;
CREATE TRIGGER audit AFTER UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION audit();";

#[tokio::test]
async fn the_role_of_the_template_rehearses_and_sweeps_and_may_do_nothing_else() {
    let company = Company::new().await;
    company.execute(AUDIT).await;
    // The lines for a policy like this one's stand there as comments.
    let template = read(&root().join("deploy/postgres/role.sql"));
    let examples = template.matches("\n-- GRANT ").count();
    assert!(examples >= 4, "{examples}");
    let script = company.write("role.sql", &template.replace("\n-- GRANT ", "\nGRANT "));
    let role = format!("role={}", company.role);
    company.psql(&script, &[&role]);
    // A second time is as good.
    company.psql(&script, &[&role]);

    company.done(&["policy", "check"]);
    let said = company.done(&["sweep", "--due", "--rehearse"]);
    assert!(said.contains("note: not searched, or not to the end: ") && said.contains("staff"), "{said}");
    company.done(&["sweep", "--due", "--wait"]);
    let customers = company.place.rows("SELECT no, name, email FROM customers ORDER BY no").await;
    assert_eq!(
        customers,
        ["C1|Anonymized client|anonymized-C1@invalid", "C2|Bob Baker|bob@home.example", "C3|Cay Cook|cay@home.example"]
    );
    assert_eq!(company.place.rows("SELECT customer_no FROM addresses").await, ["C2"]);
    assert_eq!(company.place.rows("SELECT no FROM customer_audit").await, ["C1"]);
    company.done(&["hold", "add", "C2", "--reason", "case 12"]);
    company.done(&["status"]);

    for forbidden in [
        "INSERT INTO customers (no, name) VALUES ('C9', 'Nobody')",
        "DELETE FROM customers",
        "UPDATE customers SET no = 'C9'",
        "UPDATE customers SET due = NULL",
        "TRUNCATE addresses",
        "UPDATE addresses SET street = 'x'",
        "DELETE FROM orders",
        "UPDATE orders SET status = 'closed'",
        "SELECT * FROM staff",
        "SELECT * FROM customer_audit",
        "DROP TABLE addresses",
        "ALTER TABLE customers ADD COLUMN x TEXT",
        "CREATE SCHEMA another",
        "CREATE ROLE another",
        "CREATE DATABASE another",
        "COPY customers TO PROGRAM 'cat'",
    ] {
        assert_eq!(company.refused(forbidden).await, "42501", "{forbidden}");
    }
    company.end().await;
}

#[tokio::test]
async fn a_right_that_is_missing_stops_the_plan_and_not_the_night() {
    let company = Company::with_role().await;
    company.fix().await;
    company.execute("REVOKE DELETE ON addresses FROM {role}; REVOKE UPDATE (email) ON customers FROM {role}").await;
    let output = company.lethe(&["policy", "check"]).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr).replace(&company.role, "{role}");
    insta::assert_snapshot!(said, @r#"
    error: the policy cannot become a plan: 2 problems to fix
      tables.addresses
        the role lacks a right that the policy needs: it lacks DELETE on `addresses`
        fix: ask an administrator to run `GRANT DELETE ON "public"."addresses" TO "{role}";`
      tables.customers
        the role lacks a right that the policy needs: it lacks UPDATE on `customers`
        fix: ask an administrator to run `GRANT UPDATE ("email") ON "public"."customers" TO "{role}";`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
    company.end().await;
}

/// Notes which tables the session has locked against writing whenever a guard is evaluated.
const WATCHED: &str = "CREATE TABLE witness (name TEXT);
CREATE FUNCTION watched() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
  IF current_setting('transaction_read_only') = 'off' THEN
    INSERT INTO witness SELECT c.relname FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
      WHERE l.pid = pg_backend_pid() AND l.mode = 'ShareLock' AND l.granted;
  END IF;
  RETURN FALSE;
END $$;";

#[tokio::test]
async fn the_role_of_the_template_keeps_others_from_writing_while_a_batch_is_verified() {
    let company = Company::with_role().await;
    company.execute(WATCHED).await;
    let policy = read(&company.folder.path().join("policy.toml"));
    company.write("policy.toml", &policy.replace("status = 'open'", "status = 'open' OR watched()"));
    company.fix().await;
    let said = company.done(&["policy", "check"]);
    assert!(!said.contains("cannot lock"), "{said}");
    company.done(&["sweep", "--due", "--rehearse"]);
    company.done(&["sweep", "--due", "--wait"]);
    let locked = company.place.rows("SELECT DISTINCT name FROM witness ORDER BY name").await;
    assert_eq!(locked, ["addresses", "customers", "lethe_holds", "orders"]);
    // Only what it may read, and for no other role.
    assert_eq!(company.refused("SELECT lethe.lethe_lock('staff')").await, "42501");
    assert_eq!(company.refused("SELECT lethe.lethe_lock('pg_catalog.pg_class')").await, "42501");

    company.execute("REVOKE EXECUTE ON FUNCTION lethe.lethe_lock(regclass) FROM {role}").await;
    let what =
        "what others write to `customers`, `orders` between the verification of a batch and its commit is not seen";
    let note = ("note".to_owned(), what.to_owned());
    let grant = "GRANT EXECUTE ON FUNCTION \"lethe\".lethe_lock(regclass) TO \"{role}\";".to_owned();
    assert!(company.doctor().contains(&(note.0, note.1, grant)), "{:?}", company.doctor());
    company.fix().await;
    assert_eq!(company.doctor().len(), 1);
    company.execute("DROP FUNCTION lethe.lethe_lock").await;
    let said = company.done(&["policy", "check"]);
    assert!(said.contains(what) && said.contains("`deploy/postgres/role.sql`"), "{said}");
    company.end().await;
}
