//! A company on the server, and a role in it that the program goes by.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::common::Place;
use crate::common::project::root;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, due DATE,
  anonymized BOOLEAN NOT NULL DEFAULT FALSE, anonymized_on DATE);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers (no), status TEXT);
CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers (no), street TEXT);
CREATE TABLE customer_audit (no TEXT, at TIMESTAMPTZ DEFAULT now());
CREATE TABLE staff (name TEXT);
INSERT INTO customers (no, name, email, due) VALUES ('C1', 'Ann Archer', 'ann@home.example', '2020-01-01'),
  ('C2', 'Bob Baker', 'bob@home.example', '2020-01-01'), ('C3', 'Cay Cook', 'cay@home.example', NULL);
INSERT INTO orders (customer_no, status) VALUES ('C1', 'closed'), ('C2', 'open');
INSERT INTO addresses (customer_no, street) VALUES ('C1', 'High Street 1'), ('C2', 'Low Street 2');
CREATE INDEX customers_due ON customers (due);
CREATE INDEX orders_customer ON orders (customer_no);
CREATE INDEX addresses_customer ON addresses (customer_no);
";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
anonymized = "anonymized"
anonymized_on = "anonymized_on"

[[guards]]
name = "open-orders"
reason = "has open orders"
table = "orders"
where = "status = 'open'"

[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client", identifying = true }
email = { class = "personal", replace = "anonymized-{key}@invalid", identifying = true }
due = { class = "non-personal" }
anonymized = { class = "non-personal" }
anonymized_on = { class = "non-personal" }

[tables.orders]
client = "customer_no"
[tables.orders.columns]
id = { class = "non-personal" }
customer_no = { class = "non-personal" }
status = { class = "non-personal" }

[tables.addresses]
client = "customer_no"
rows = "delete"
"#;

pub struct Company {
    pub folder: TempDir,
    pub place: Place,
    pub role: String,
    own: Place,
}

impl Company {
    /// A company, and a name for a role that is not there yet.
    pub async fn new() -> Self {
        let place = Place::on_server(SCHEMA).await;
        let role = format!("role_{}", ulid::Ulid::new().to_string().to_lowercase());
        let mut url = url::Url::parse(&place.setting()).expect("a URL");
        url.set_username(&role).expect("a URL with a host");
        let own = Place::Server(url.to_string());
        let folder = tempfile::tempdir().expect("a folder");
        let company = Self { folder, place, role, own };
        company.write("policy.toml", POLICY);
        let config = format!(
            "database = \"{}\"\n[sweep]\nbrake_share = 1.0\n[backup]\nrequired = false\n",
            company.own.setting()
        );
        company.write("lethe.toml", &config);
        company
    }

    /// A company with the role that `role.sql` makes.
    pub async fn with_role() -> Self {
        let company = Self::new().await;
        company.psql(&root().join("deploy/postgres/role.sql"), &[&format!("role={}", company.role)]);
        company
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("the file is written");
        path
    }

    /// Runs a script as a superuser.
    pub fn psql(&self, script: &std::path::Path, variables: &[&str]) {
        let mut command = Command::new("psql");
        command.args([&self.place.setting(), "--no-psqlrc", "--quiet", "--file"]).arg(script);
        command.args(variables.iter().map(|own| format!("--set={own}")));
        let output = command.output().expect("psql, of PostgreSQL's package for clients");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs a statement as a superuser, with the role's name for `{role}`.
    pub async fn execute(&self, sql: &str) {
        self.place.execute(&sql.replace("{role}", &self.role)).await;
    }

    /// Why the role may not do something; panics if it may.
    pub async fn refused(&self, sql: &str) -> String {
        use sqlx::Connection;
        let mut connection = sqlx::PgConnection::connect(&self.own.setting()).await.expect("the role may connect");
        let tried = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
        connection.close().await.expect("the connection closes");
        let error = tried.expect_err(sql);
        error.as_database_error().and_then(|error| error.code().map(Into::into)).unwrap_or_default()
    }

    pub fn lethe(&self, args: &[&str]) -> crate::common::Lethe {
        let mut command = crate::common::lethe(self.folder.path());
        command.args(args).timeout(std::time::Duration::from_mins(1));
        command
    }

    /// What the program prints when all is well.
    pub fn done(&self, args: &[&str]) -> String {
        let output = self.lethe(args).output().expect("the program runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// What the doctor says about the role, each with its verdict, and the statements that fix it.
    pub fn doctor(&self) -> Vec<(String, String, String)> {
        let output = self.lethe(&["doctor", "--json"]).output().expect("the program runs");
        let findings: Vec<Value> = serde_json::from_slice(&output.stdout).expect("findings");
        let text =
            |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().replace(&self.role, "{role}");
        let of_role = findings.iter().filter(|finding| finding["about"] == "role");
        of_role.map(|own| (text(own, "verdict"), text(own, "what"), text(own, "statement"))).collect()
    }

    /// Runs what the doctor prescribes, as a superuser.
    pub async fn fix(&self) {
        for (_, _, statement) in self.doctor().into_iter().filter(|(.., statement)| !statement.is_empty()) {
            self.execute(&statement).await;
        }
    }

    /// Takes database and role away, which the server would keep for all tests to come.
    pub async fn end(self) {
        let database = self.place.rows("SELECT CAST(current_database() AS TEXT)").await.remove(0);
        let server = Place::Server(crate::common::place::server());
        server.execute(&format!("DROP DATABASE {database} WITH (FORCE)")).await;
        server.execute(&format!("DROP ROLE {}", self.role)).await;
    }
}
