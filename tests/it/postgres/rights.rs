//! Roles and schemas: what the program needs a right to, and where its own tables are.

use lethe::database::{Postgres, Settings, Store};
use lethe::ledger::Ledger;
use lethe::worker::{Context, PlanLoadError};

use crate::common::{Company, Place};
use crate::policy_language::support::policy;

const SCHEMA: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE);
    CREATE TABLE notes (customer_no TEXT REFERENCES customers, body TEXT);
    INSERT INTO customers VALUES ('A', 'Ann Archer', '2026-01-01'), ('B', 'Bob Baker', '2026-01-01');
    INSERT INTO notes VALUES ('A', 'x'), ('B', 'y');
";

fn rules() -> String {
    policy(
        r#"
        [tables.customers.columns]
        no.class = "non-personal"
        name = { class = "personal", replace = "Client" }
        due.class = "non-personal"
        [tables.notes]
        client = "customer_no"
        rows = "delete"
        "#,
    )
    .replace("key = \"no\"", "key = \"no\", to_anonymize_on = \"due\"")
}

/// A company, and a new role that may do this in its database.
async fn company_and_role(rights: &str) -> (Company, String) {
    let role = format!("role_{}", ulid::Ulid::new().to_string().to_lowercase());
    let company = Company::new(SCHEMA, &rules()).await;
    company.execute(&format!("CREATE ROLE {role} LOGIN; {}", rights.replace("{role}", &role))).await;
    (company, role)
}

/// The same company, seen by a role whose ledger is in a schema.
async fn seen_by(company: &Company, role: &str, ledger_schema: &str) -> Result<Context, lethe::database::StoreError> {
    let mut url = url::Url::parse(&company.place.setting()).expect("a URL");
    url.set_username(role).expect("a role");
    let Settings::Postgres(own) = Place::Server(url.to_string()).settings() else {
        unreachable!("a server's settings")
    };
    let settings = Settings::Postgres(Postgres { ledger_schema: ledger_schema.to_owned(), ..own });
    let store = Store::open(settings).await?;
    let ledger = Ledger::open(&store, company.context.ledger.clock()).await?;
    Ok(Context { store, ledger, ..company.context.clone() })
}

async fn swept(company: Company, context: Context) -> (Company, u64) {
    let company = Company { context, ..company };
    let anonymized = company.due().await.anonymized;
    (company, anonymized)
}

const WORK: &str = "GRANT SELECT, UPDATE, DELETE ON customers, notes TO {role};";

#[tokio::test]
async fn a_role_without_the_right_to_create_schemas_uses_a_ledger_that_is_there() {
    super::on_postgres();
    let rights = format!(
        "{WORK} GRANT USAGE ON SCHEMA lethe TO {{role}}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA lethe TO {{role}}"
    );
    let (company, role) = company_and_role(&rights).await;
    let context = seen_by(&company, &role, "lethe").await.expect("the ledger is there");
    assert_eq!(swept(company, context).await.1, 2);
}

#[tokio::test]
async fn a_role_that_can_create_no_schema_is_told_what_it_has_no_right_to() {
    super::on_postgres();
    let (company, role) = company_and_role(WORK).await;
    let refused = seen_by(&company, &role, "another").await.err().expect("no right");
    let database = company.place.setting().rsplit('/').next().unwrap().to_owned();
    assert!(
        refused.to_string().ends_with(&format!(
            "lacks a right in `{}`: permission denied for database {database}",
            company.place.setting().replace("lethe@", &format!("{role}@"))
        )),
        "{refused}"
    );
    assert!(refused.hint().to_string().contains("grant the right"), "{}", refused.hint());
}

#[tokio::test]
async fn the_ledger_can_be_in_the_one_schema_that_there_is() {
    super::on_postgres();
    let (company, role) = company_and_role(&format!("{WORK} GRANT USAGE, CREATE ON SCHEMA public TO {{role}}")).await;
    let context = seen_by(&company, &role, "public").await.expect("the ledger is made");
    let (company, anonymized) = swept(company, context).await;
    assert_eq!(anonymized, 2);
    assert_eq!(company.rows("SELECT count(*) FROM public.lethe_outcomes").await, ["2"]);
    assert_eq!(company.rows("SELECT count(*) FROM lethe.lethe_outcomes").await, ["0"]);
    assert_eq!(company.rows("SELECT name FROM customers").await, ["Client", "Client"]);
}

#[tokio::test]
async fn a_role_called_like_the_ledgers_schema_finds_its_tables_where_they_are() {
    super::on_postgres();
    let rights = format!("{WORK} GRANT CREATE ON DATABASE {{database}} TO {{role}}");
    let (company, role) = company_and_role(WORK).await;
    let database = company.place.setting().rsplit('/').next().unwrap().to_owned();
    let grant = rights.replace("{role}", &role).replace("{database}", &database);
    company.execute(&grant).await;
    for _ in 0..2 {
        let context = seen_by(&company, &role, &role).await.expect("the ledger is made, and found");
        assert_eq!(context.store.schema().await.unwrap().tables.keys().collect::<Vec<_>>(), ["customers", "notes"]);
    }
    let context = seen_by(&company, &role, &role).await.unwrap();
    assert_eq!(swept(company, context).await.1, 2);
}

/// What is missing for a plan, as a role sees it.
async fn missing(rights: &str) -> Vec<String> {
    let (company, role) = company_and_role(rights).await;
    let grant = format!("GRANT USAGE ON SCHEMA lethe TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA lethe TO {role}");
    company.execute(&grant).await;
    let context = seen_by(&company, &role, "lethe").await.expect("the ledger is there");
    match context.planner.plan_checked(&context.store).await {
        Ok(_) => Vec::new(),
        Err(PlanLoadError::Plan(error)) => error.0.iter().map(|own| format!("{}: {}", own.place, own.what)).collect(),
        Err(other) => vec![other.brief()],
    }
}

#[tokio::test]
async fn a_right_that_is_missing_is_named_with_its_table() {
    super::on_postgres();
    assert_eq!(missing(WORK).await, [""; 0]);
    assert_eq!(
        missing("GRANT SELECT, UPDATE ON customers TO {role}; GRANT SELECT ON notes TO {role}").await,
        ["tables.notes: the role lacks a right that the policy needs: it lacks DELETE on `notes`"]
    );
    assert_eq!(
        missing("GRANT SELECT ON customers TO {role}; GRANT SELECT, DELETE ON notes TO {role}").await,
        ["tables.customers: the role lacks a right that the policy needs: it lacks UPDATE on `customers`"]
    );
}

#[tokio::test]
async fn a_table_whose_rows_row_level_security_hides_is_refused_by_name() {
    super::on_postgres();
    let hidden = "ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON notes USING (body <> 'y') WITH CHECK (body <> 'z')";
    assert_eq!(
        missing(&format!("{WORK} {hidden}")).await,
        ["tables.notes: row-level security hides rows of `notes` from this role, so they would not be anonymized"]
    );
    let whole = format!("{WORK} {hidden}; ALTER ROLE {{role}} BYPASSRLS");
    assert_eq!(missing(&whole).await, [""; 0]);
}
