//! Bad inputs about the server: one thing is wrong, the real program runs, and
//! what it says is read aloud. None prints a password.

use insta::assert_snapshot;

use crate::common::{Company, lethe};

const SCHEMA: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE);
    CREATE INDEX due ON customers (due);
    INSERT INTO customers VALUES ('A', 'Ann Archer', '2026-01-01');
";

const POLICY: &str = r#"
    client = { table = "customers", key = "no", to_anonymize_on = "due" }
    [tables.customers.columns]
    no.class = "non-personal"
    name = { class = "personal", replace = "Client" }
    due.class = "non-personal"
"#;

const CHECK: &[&str] = &["policy", "check"];
const SWEEP: &[&str] = &["sweep", "--due"];

/// What the program says of a company whose URL is made from that of the right one: as `role`, at
/// `host`, in `database`, with a password in it.
struct Wrong {
    company: Company,
    url: url::Url,
    more: String,
}

async fn wrong() -> Wrong {
    let company = Company::new(SCHEMA, POLICY).await;
    std::fs::create_dir(company.folder.path().join("jobs")).expect("a folder for jobs");
    let mut url = url::Url::parse(&company.place.setting()).expect("a URL");
    url.set_password(Some("open-sesame")).expect("a password");
    Wrong { company, url, more: String::new() }
}

impl Wrong {
    fn at(mut self, change: impl FnOnce(&mut url::Url)) -> Self {
        change(&mut self.url);
        self
    }

    fn more(mut self, config: &str) -> Self {
        config.clone_into(&mut self.more);
        self
    }

    /// As a role of its own, after this was run in the company's database.
    async fn of_role(mut self, rights: &str) -> Self {
        let role = format!("role_{}", ulid::Ulid::new().to_string().to_lowercase());
        self.company.execute(&rights.replace("{role}", &role)).await;
        self.url.set_username(&role).expect("a role");
        self
    }

    fn says(&self, args: &[&str]) -> String {
        self.says_of(self.url.as_ref(), args)
    }

    fn says_of(&self, url: &str, args: &[&str]) -> String {
        let folder = self.company.folder.path();
        let config = format!(
            "database = \"{url}\"\n[sweep]\nrehearsal = false\nbrake_share = 1.0\n[backup]\nrequired = false\n{}",
            self.more
        );
        std::fs::write(folder.join("lethe.toml"), config).expect("the configuration is written");
        let output = lethe(folder).args(args).env("LETHE_LOG", "debug").output().expect("the program runs");
        let said = String::from_utf8(output.stderr).expect("text") + &String::from_utf8(output.stdout).expect("text");
        assert!(!said.contains("sesame"), "the password: {said}");
        assert_eq!(output.status.code(), Some(1), "{said}");
        let right = url::Url::parse(&self.company.place.setting()).expect("a URL");
        let server = format!("{}:{}", right.host_str().unwrap_or_default(), right.port().unwrap_or(5432));
        said.replace(right.path().trim_start_matches('/'), "company")
            .replace(&server, "server")
            .replace(&format!("{}@", self.url.username()), "role@")
            .replace(&format!("TO \"{}\"", self.url.username()), "TO \"role\"")
    }
}

#[tokio::test]
async fn a_port_without_a_listener() {
    super::on_postgres();
    let wrong = wrong().await.at(|url| url.set_port(Some(1)).expect("a port"));
    assert_snapshot!(wrong.says(CHECK), @r"
    error: the database server of `postgres://role@127.0.0.1:1/company` cannot be reached: connection refused

    hint: check host and port in `database`, and that the server runs and accepts this host; nothing is half done
    ");
}

#[tokio::test]
async fn a_host_that_is_unknown() {
    super::on_postgres();
    let wrong = wrong().await.at(|url| url.set_host(Some("nowhere.invalid")).expect("a host"));
    let port = format!(":{}/", wrong.url.port().unwrap_or(5432));
    assert_snapshot!(wrong.says(CHECK).replace(&port, ":PORT/"), @r"
    error: the database server of `postgres://role@nowhere.invalid:PORT/company` cannot be reached: no such host

    hint: check host and port in `database`, and that the server runs and accepts this host; nothing is half done
    ");
}

#[tokio::test]
async fn a_database_that_is_not_there() {
    super::on_postgres();
    let wrong = wrong().await.at(|url| url.set_path("elsewhere"));
    assert_snapshot!(wrong.says(CHECK), @r"
    error: no database found at `postgres://role@server/elsewhere`

    hint: the last part of the URL in `database` is the database's name on the server
    ");
}

#[tokio::test]
async fn a_role_that_is_not_there() {
    super::on_postgres();
    let wrong = wrong().await.at(|url| url.set_username("nobody_at_all").expect("a role"));
    assert_snapshot!(wrong.says(CHECK), @r"
    error: the server of `postgres://role@server/company` rejects this account

    hint: check user and password; a password can stand in a file named by `postgres.password_file`
    ");
}

#[tokio::test]
async fn a_role_that_may_not_log_in() {
    super::on_postgres();
    assert_snapshot!(wrong().await.of_role("CREATE ROLE {role} NOLOGIN").await.says(CHECK), @r"
    error: the server of `postgres://role@server/company` rejects this account

    hint: check user and password; a password can stand in a file named by `postgres.password_file`
    ");
}

#[tokio::test]
async fn a_server_without_the_encryption_that_is_asked_for() {
    super::on_postgres();
    let wrong = wrong().await.at(|url| url.set_query(Some("sslmode=require")));
    assert_snapshot!(wrong.says(CHECK), @r"
    error: the database server of `postgres://role@server/company` cannot be reached: no secure connection

    hint: check that the server offers TLS, and that its certificate is for this host; `sslmode` and `sslrootcert` in the URL say what is asked for
    ");
}

#[tokio::test]
async fn a_session_that_may_only_read() {
    super::on_postgres();
    let wrong = wrong()
        .await
        .of_role("CREATE ROLE {role} LOGIN SUPERUSER; ALTER ROLE {role} SET default_transaction_read_only = on")
        .await;
    assert_snapshot!(wrong.says(CHECK), @r"
    error: the database at `postgres://role@server/company` is read-only

    hint: name the primary server if this is a standby, or a role whose transactions may write; nothing was written
    ");
    assert_snapshot!(wrong.says(SWEEP), @r"
    error: the database at `postgres://role@server/company` is read-only

    hint: name the primary server if this is a standby, or a role whose transactions may write; nothing was written
    ");
}

#[tokio::test]
async fn a_table_that_the_role_may_not_change() {
    super::on_postgres();
    let wrong = wrong().await.of_role("CREATE ROLE {role} LOGIN; GRANT SELECT ON customers TO {role}").await;
    assert_snapshot!(wrong.says(CHECK), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers
        the role lacks a right that the policy needs: it lacks UPDATE on `customers`
        fix: ask an administrator to run `GRANT UPDATE ("name") ON "public"."customers" TO "role";`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
    assert_snapshot!(wrong.says(SWEEP), @r"
    error: the account lacks a right in `postgres://role@server/company`: it may not use the schema of Lethe's own tables

    hint: grant the right to the role; `lethe doctor` names what is missing
    ");
}

#[tokio::test]
async fn a_table_that_the_role_may_not_read() {
    super::on_postgres();
    assert_snapshot!(wrong().await.of_role("CREATE ROLE {role} LOGIN").await.says(CHECK), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers
        the role lacks a right that the policy needs: it lacks SELECT, UPDATE on `customers`
        fix: ask an administrator to run `GRANT SELECT, UPDATE ("name") ON "public"."customers" TO "role";`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[tokio::test]
async fn a_url_of_another_database_or_of_none_or_that_is_none() {
    super::on_postgres();
    let wrong = wrong().await;
    assert_snapshot!(wrong.says_of("mysql://lethe:open-sesame@server/company", CHECK), @r"
    error: `lethe.toml`: `database` is a URL, and only `postgres://user@host/database` can be one; an SQLite database is named by its file

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
    assert_snapshot!(wrong.says_of("postgres://lethe:open-sesame@server/", CHECK), @r"
    error: `lethe.toml`: `database` names no database: `postgres://user@host/database`

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
    assert_snapshot!(wrong.says_of("postgres://lethe:open-sesame/@server:54x2/company", CHECK), @r"
    error: `lethe.toml`: `database` is a URL that cannot be read: invalid port number; a password's special characters are written as `%` and two hex digits

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}

#[tokio::test]
async fn settings_of_the_server_out_of_bounds() {
    super::on_postgres();
    let wrong = wrong().await.more("[postgres]\nconcurrency = 0");
    assert_snapshot!(wrong.says(CHECK), @r"
    error: `lethe.toml`: `postgres.concurrency` is 0, and should be from 1 to 64

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
    let wrong = wrong.more("[postgres]\nledger_schema = \"a,b\"");
    assert_snapshot!(wrong.says(CHECK), @r"
    error: `lethe.toml`: `postgres.ledger_schema` is not a valid name for a schema

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
    let wrong = wrong.more("[postgres]\npassword_file = \"not-there\"");
    assert_snapshot!(wrong.says(CHECK).replace(&wrong.company.folder.path().display().to_string(), "folder"), @r"
    error: the password file `not-there` cannot be read: file or folder not found

    hint: `postgres.password_file` names a file with the password and nothing else
    ");
    let wrong = wrong.more("[postgres]\nlock_timout = \"1s\"");
    assert_snapshot!(wrong.says(CHECK), @r"
    error: `lethe.toml`: unknown setting `postgres.lock_timout`

    hint: did you mean `lock_timeout`?
    ");
}
