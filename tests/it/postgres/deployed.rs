//! The server as companies run it: search paths, poolers, failovers, encodings, replication, views.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lethe::database::{Postgres, Settings, Store};
use lethe::domain::sweep::SweepKind;
use lethe::ledger::State;
use lethe::worker::sweep::open;
use lethe::worker::{Request, wait_for};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Row};
use tokio_util::sync::CancellationToken;

use crate::common::{Company, Place};
use crate::policy_language::support::{assert_refused, outcomes, policy};

const NAMED: &str = r#"
    [tables.customers.columns]
    no.class = "non-personal"
    name = { class = "personal", replace = "Client", identifying = true }
"#;

fn url(place: &Place) -> url::Url {
    let Place::Server(url) = place else { panic!("this suite runs on a server") };
    url::Url::parse(url).expect("a URL")
}

async fn open_at(place: &Place, url: url::Url) -> Result<Store, lethe::database::StoreError> {
    let Settings::Postgres(own) = place.settings() else { panic!("this suite runs on a server") };
    Store::open(Settings::Postgres(Postgres { url, ..own })).await
}

#[tokio::test]
async fn the_roles_own_search_path_stays_in_force() {
    super::on_postgres();
    let place = Place::on_server(
        "CREATE SCHEMA app; CREATE SCHEMA helpers;
         CREATE FUNCTION helpers.folded(own TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$ SELECT lower(own) $$;
         CREATE TABLE app.customers (no TEXT PRIMARY KEY, name TEXT, folded TEXT);
         INSERT INTO app.customers VALUES ('A', 'Ann Archer', 'ann archer');
         CREATE FUNCTION app.fold() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN NEW.folded := folded(NEW.name); RETURN NEW; END $$;
         CREATE TRIGGER fold BEFORE UPDATE ON app.customers FOR EACH ROW EXECUTE FUNCTION app.fold();
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = app, public, helpers', current_database()); END $$;",
    )
    .await;
    let folder = tempfile::tempdir().unwrap();
    let kept = "folded = { class = \"personal\", keep = \"the trigger fills it\", residue = \"keep\" }";
    std::fs::write(folder.path().join("policy.toml"), policy(&format!("{NAMED}{kept}"))).unwrap();
    let company = Company::open(folder, place).await;
    assert_eq!(outcomes(&company, &["A"]).await, ["A anonymized"]);
    assert_eq!(company.rows("SELECT name, folded FROM app.customers").await, ["Client|client"]);
}

#[tokio::test]
async fn a_role_without_a_search_path_reads_tables_by_their_whole_names() {
    super::on_postgres();
    let place = Place::on_server(
        "CREATE TABLE customers (no TEXT PRIMARY KEY);
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = ''''', current_database()); END $$;",
    )
    .await;
    // Before there is a ledger, no schema is the current one.
    let store = open_at(&place, url(&place)).await.unwrap();
    let schema = store.schema().await.unwrap();
    assert_eq!(schema.tables.keys().collect::<Vec<_>>(), ["public.customers"]);
}

#[tokio::test]
async fn tables_called_like_the_ledgers_in_a_schema_found_before_it_are_refused() {
    super::on_postgres();
    let place = Place::on_server("CREATE TABLE lethe_migrations (version BIGINT)").await;
    let error = open_at(&place, url(&place)).await.expect_err("another ledger's tables would be taken for ours");
    assert!(error.to_string().contains("`public`"), "{error}");
}

#[tokio::test]
async fn sessions_read_what_is_committed_whatever_the_role_says() {
    super::on_postgres();
    let place = Place::on_server(
        "CREATE TABLE customers (no TEXT PRIMARY KEY);
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$;",
    )
    .await;
    let store = open_at(&place, url(&place)).await.unwrap();
    let mut writer = store.writer().await.unwrap();
    let mut transaction = writer.begin().await.unwrap();
    let level: String =
        lethe::database::query_scalar("SHOW transaction_isolation").fetch_one(&mut *transaction).await.unwrap();
    assert_eq!(level, "read committed");
}

#[tokio::test]
async fn a_database_that_is_not_in_utf_8_is_refused_by_name() {
    super::on_postgres();
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let server = Place::Server(crate::common::place::server());
        let name = format!("test_{}", ulid::Ulid::new().to_string().to_lowercase());
        server.execute(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")).await;
        let mut own = url(&server);
        own.set_path(&name);
        let error = open_at(&server, own).await.expect_err("its texts have other characters");
        assert!(error.to_string().contains(encoding), "{error}");
    }
}

/// A pooler in front of the server, stopped when dropped.
struct Pooler(Child, u16, #[expect(dead_code, reason = "its folder stays as long as it runs")] tempfile::TempDir);

impl Pooler {
    fn start(server: &url::Url, mode: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={} user={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = {mode}\ndefault_pool_size = 20\n\
             ignore_startup_parameters = extra_float_digits\nlogfile = /dev/null\n",
            server.port().expect("a port"),
            server.username(),
        );
        std::fs::write(folder.path().join("pooler.ini"), settings).expect("the settings are written");
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).expect("others may read it");
        // It refuses to run as root.
        let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
        let mut command = Command::new(if is_root { "setpriv" } else { "/usr/sbin/pgbouncer" });
        if is_root {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "/usr/sbin/pgbouncer"]);
        }
        command.arg(folder.path().join("pooler.ini")).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("pgbouncer starts"), port, folder)
    }

    async fn url(&self, server: &url::Url) -> url::Url {
        let mut url = server.clone();
        url.set_port(Some(self.1)).expect("a port");
        let began = Instant::now();
        while PgConnection::connect(url.as_str()).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "the pooler does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        url
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_pooler_that_shares_connections_is_named_at_once_and_nothing_is_set_on_them() {
    super::on_postgres();
    let place = Place::on_server("CREATE TABLE customers (no TEXT PRIMARY KEY)").await;
    let pooler = Pooler::start(&url(&place), "transaction");
    let through = pooler.url(&url(&place)).await;
    let error = open_at(&place, through.clone()).await.expect_err("temporary tables would be on other connections");
    assert!(error.to_string().contains("pooler"), "{error}");
    assert!(error.hint().to_string().contains("pool_mode = session"), "{}", error.hint());
    for _ in 0..5 {
        let mut other = PgConnection::connect(through.as_str()).await.unwrap();
        let seen = "SELECT current_setting('lock_timeout') || current_setting('jit') || current_setting('search_path')";
        let seen = sqlx::raw_sql(seen).fetch_one(&mut other).await.unwrap();
        assert_eq!(seen.get::<String, _>(0), "0on\"$user\", public");
    }
}

#[tokio::test]
async fn a_pooler_that_keeps_a_connection_for_a_client_is_as_good_as_the_server() {
    super::on_postgres();
    let place = Place::on_server(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT); INSERT INTO customers VALUES ('A', 'Ann Archer')",
    )
    .await;
    let pooler = Pooler::start(&url(&place), "session");
    let through = Place::Server(pooler.url(&url(&place)).await.to_string());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("policy.toml"), policy(NAMED)).unwrap();
    let company = Company::open(folder, through).await;
    assert_eq!(outcomes(&company, &["A"]).await, ["A anonymized"]);
}

const DUE: &str = r#"
    client = { table = "customers", key = "no", to_anonymize_on = "due" }
    [tables.customers.columns]
    no.class = "non-personal"
    name = { class = "personal", replace = "Client", identifying = true }
    due.class = "non-personal"
"#;

/// Has sessions that are open, and later ones, write again or not.
async fn read_only(company: &Company, word: &str) {
    let mut own = PgConnection::connect(&company.place.setting()).await.unwrap();
    let name = url(&company.place).path().trim_start_matches('/').to_owned();
    for sql in [
        "SET default_transaction_read_only = off".to_owned(),
        format!("ALTER DATABASE {name} SET default_transaction_read_only = {word}"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut own).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_lead_to_a_former_primary_are_replaced() {
    super::on_postgres();
    let company = Company::new(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE); INSERT INTO customers VALUES ('A', 'Ann Archer', '2026-01-01')",
        DUE,
    )
    .await;
    let store = &company.context.store;
    assert!(!store.is_read_only().await.unwrap());
    // As a server that was demoted under its connections: they go on, and write no more.
    read_only(&company, "on").await;
    let mut writers = Vec::new();
    for _ in 0..store.writers() {
        let mut writer = company.context.ledger.writer().await;
        writer.run_script("SET default_transaction_read_only = on").await.unwrap();
        writers.push(writer);
    }
    drop(writers);
    let mut readers = Vec::new();
    for _ in 0..4 {
        let mut reader = store.readers().acquire().await.unwrap();
        reader.run_script("SET default_transaction_read_only = on").await.unwrap();
        readers.push(reader);
    }
    drop(readers);
    assert!(store.is_read_only().await.unwrap(), "`/health/ready` asks this");
    // Now the name leads to the new primary.
    read_only(&company, "off").await;
    assert!(!store.is_read_only().await.unwrap(), "a connection that reads was kept");
    assert_eq!(company.due().await.anonymized, 1, "a connection that writes was kept");
}

/// Sessions of an application that lock an order and then its client, and what the server told them.
async fn application(place: String, until: Instant, seed: u64) -> Vec<String> {
    let mut own = PgConnection::connect(&place).await.expect("the server answers");
    let mut errors = Vec::new();
    let mut number = seed;
    while Instant::now() < until {
        number = (number * 1_103_515_245 + 12_345) % 2_147_483_648;
        let client = number % 2_000 + 1;
        let sql = format!(
            "BEGIN; UPDATE orders SET status = status WHERE no = {client}; UPDATE customers SET due = due WHERE no = 'C{client}'; COMMIT"
        );
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut own).await {
            errors.push(
                error
                    .as_database_error()
                    .and_then(sqlx::error::DatabaseError::code)
                    .map_or_else(String::new, |code| code.to_string()),
            );
            let _ = sqlx::raw_sql("ROLLBACK").execute(&mut own).await;
        }
    }
    errors
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_is_never_the_victim_of_a_deadlock_with_a_sweep() {
    super::on_postgres();
    let mut company = Company::new(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE);
         CREATE TABLE orders (no INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, status TEXT, note TEXT);
         INSERT INTO customers SELECT 'C' || n, 'Person ' || n, '2026-01-01' FROM generate_series(1, 2000) AS n;
         INSERT INTO orders SELECT n, 'C' || n, 'open', 'note ' || n FROM generate_series(1, 2000) AS n;
         CREATE INDEX orders_customer ON orders (customer_no);",
        &format!(
            "{DUE}\n[tables.orders]\nclient = \"customer_no\"\ncolumns.no.class = \"non-personal\"\n\
             columns.customer_no.class = \"non-personal\"\ncolumns.status.class = \"non-personal\"\n\
             columns.note = {{ class = \"personal\", clear = true }}"
        ),
    )
    .await;
    company.context.limits.batch_size = 200;
    let until = Instant::now() + Duration::from_secs(6);
    let sessions: Vec<_> =
        (1..=4).map(|seed| tokio::spawn(application(company.place.setting(), until, seed))).collect();
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let (context, stop) = (company.context.clone(), CancellationToken::new());
    let stopped = stop.clone();
    let working = tokio::spawn(async move { wait_for(&context, id, stopped, &mut |_, _| {}).await });
    for session in sessions {
        assert_eq!(session.await.unwrap(), [""; 0], "the application was refused something");
    }
    company.set_clock("2026-01-02T13:00:00Z");
    let ended = company.patient(working).await.unwrap().unwrap().unwrap();
    assert_eq!(ended.state, State::Done);
    assert_eq!(company.rows("SELECT count(*) FROM customers WHERE name <> 'Client'").await, ["0"]);
}

#[tokio::test]
async fn locks_are_waited_for_a_quarter_of_what_deadlocks_are_looked_for_after_at_most() {
    super::on_postgres();
    let place = Place::on_server(
        "CREATE TABLE customers (no TEXT PRIMARY KEY);
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = 3600', current_database()); END $$;",
    )
    .await;
    let store = open_at(&place, url(&place)).await.unwrap();
    let mut writer = store.writer().await.unwrap();
    let shown = "SHOW lock_timeout";
    let mut transaction = writer.begin().await.unwrap();
    let at_first: String = lethe::database::query_scalar(shown).fetch_one(&mut *transaction).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let when_old: String = lethe::database::query_scalar(shown).fetch_one(&mut *transaction).await.unwrap();
    transaction.rollback().await.unwrap();
    let mut transaction = writer.begin().await.unwrap();
    let in_the_next: String = lethe::database::query_scalar(shown).fetch_one(&mut *transaction).await.unwrap();
    assert_eq!([at_first, when_old, in_the_next], ["900ms", "1ms", "900ms"]);
}

#[tokio::test]
async fn the_last_lock_is_waited_for_no_longer() {
    super::on_postgres();
    let place = Place::on_server(
        "CREATE TABLE customers (no TEXT PRIMARY KEY);
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = 40', current_database()); END $$;",
    )
    .await;
    let store = open_at(&place, url(&place)).await.unwrap();
    let mut writer = store.writer().await.unwrap();
    let mut transaction = writer.begin().await.unwrap();
    let lock = "SELECT CAST(pg_temp.lethe_close(ARRAY['LOCK TABLE customers IN SHARE MODE'], 100) AS TEXT)";
    let _: String = lethe::database::query_scalar(lock).fetch_one(&mut *transaction).await.unwrap();
    let waits: String = lethe::database::query_scalar("SHOW lock_timeout").fetch_one(&mut *transaction).await.unwrap();
    let waits: u32 = waits.trim_end_matches("ms").parse().expect("milliseconds");
    assert!((1..=10).contains(&waits), "{waits} ms");
}

const VIEWS: &str = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE);
    INSERT INTO customers VALUES ('A', 'Ann Archer', '2026-01-01');
    CREATE MATERIALIZED VIEW z_names AS SELECT name FROM customers;
    CREATE VIEW seen AS SELECT upper(name) AS name FROM z_names;
    CREATE MATERIALIZED VIEW a_upper AS SELECT name FROM seen;";

#[tokio::test]
async fn materialized_views_are_refreshed_behind_those_that_they_show() {
    super::on_postgres();
    let company = Company::new(VIEWS, &format!("{DUE}\n[after]\nrefresh = [\"a_upper\", \"z_names\"]")).await;
    assert_eq!(company.due().await.anonymized, 1);
    assert_eq!(company.rows("SELECT name FROM a_upper").await, ["CLIENT"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_view_that_stays_stale_is_named_until_it_is_refreshed() {
    super::on_postgres();
    let company = Company::new(VIEWS, &format!("{DUE}\n[after]\nrefresh = [\"z_names\", \"a_upper\"]")).await;
    // A dump, say.
    let mut dump = PgConnection::connect(&company.place.setting()).await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM z_names").execute(&mut dump).await.unwrap();
    let id = open(&company.context, &company.request(SweepKind::Due)).await.unwrap().unwrap();
    let (sweep, _) = company.work(id).await;
    let note = sweep.note.unwrap_or_default();
    assert!(note.contains("`z_names`") && note.contains("`a_upper`"), "{note}");
    assert_eq!(lethe::worker::views::all_stale(&company.context).await.unwrap(), ["a_upper", "z_names"]);
    sqlx::raw_sql("ROLLBACK").execute(&mut dump).await.unwrap();
    company.due().await;
    assert_eq!(lethe::worker::views::all_stale(&company.context).await.unwrap(), [""; 0]);
    assert_eq!(company.rows("SELECT name FROM a_upper").await, ["CLIENT"]);
}

#[test]
fn a_key_in_a_table_and_in_one_that_inherits_from_it_is_refused_with_both_named() {
    super::on_postgres();
    assert_refused(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
         CREATE TABLE companies (PRIMARY KEY (no)) INHERITS (customers);
         INSERT INTO customers VALUES ('A', 'Ann'); INSERT INTO companies VALUES ('A', 'Archer Ltd');",
        &policy(&format!(
            "{NAMED}\n[tables.companies]\nclient = {{ column = \"no\", equals = \"no\" }}\ncolumns.no.class = \"non-personal\"\n\
             columns.name = {{ class = \"personal\", replace = \"Client\" }}"
        )),
        "client.key",
        "`companies` and in `customers`",
    );
}

#[test]
fn a_key_that_is_twice_in_a_table_that_inherits_without_an_index_is_refused() {
    super::on_postgres();
    assert_refused(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
         CREATE TABLE companies () INHERITS (customers);
         INSERT INTO customers VALUES ('A', 'Ann'); INSERT INTO companies VALUES ('B', 'Baker Ltd'), ('B', 'Other Ltd');",
        &policy(&format!(
            "{NAMED}\n[tables.companies]\nclient = {{ column = \"no\", equals = \"no\" }}\ncolumns.no.class = \"non-personal\"\n\
             columns.name = {{ class = \"personal\", replace = \"Client\" }}"
        )),
        "client.key",
        "`companies` twice",
    );
}

#[tokio::test]
async fn a_moment_is_compared_as_a_day_of_the_jobs_time_zone() {
    super::on_postgres();
    // In Tokyo both are moments of 3 January; the second is one of the 2nd in UTC, which is today.
    let company = Company::new(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due TIMESTAMPTZ);
         INSERT INTO customers VALUES ('A', 'Ann', '2026-01-03 00:00+09'), ('B', 'Bob', '2026-01-02 23:59+09'),
           ('C', 'Cid', '2026-01-02 20:00+00');",
        DUE,
    )
    .await;
    let request = Request { zone: chrono_tz::Tz::Asia__Tokyo, ..company.request(SweepKind::Due) };
    company.sweep(&request).await.unwrap();
    assert_eq!(company.rows("SELECT no FROM customers WHERE name = 'Client'").await, ["B"]);
    company.due().await;
    assert_eq!(company.rows("SELECT no FROM customers WHERE name = 'Client' ORDER BY no").await, ["A", "B", "C"]);
}

#[tokio::test]
async fn a_guard_compares_moments_with_the_day_of_the_jobs_time_zone() {
    super::on_postgres();
    let company = Company::new(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE, seen TIMESTAMPTZ);
         INSERT INTO customers VALUES ('A', 'Ann', '2026-01-01', '2026-01-01 20:00+00'), ('B', 'Bob', '2026-01-01', '2026-01-01 14:00+00');",
        &format!("{DUE}\nseen.class = \"non-personal\"\n[[guards]]\nname = \"seen\"\nreason = \"was seen today\"\nwhere = \"seen >= {{today}}\""),
    )
    .await;
    let request = Request { zone: chrono_tz::Tz::Asia__Tokyo, ..company.request(SweepKind::Due) };
    company.sweep(&request).await.unwrap();
    assert_eq!(company.rows("SELECT no FROM customers WHERE name = 'Client'").await, ["B"]);
}

#[tokio::test]
async fn subqueries_and_rules_compare_moments_with_the_day_of_the_jobs_time_zone() {
    super::on_postgres();
    // 2 January begins in Auckland at eleven in the morning of the first, UTC.
    let company = Company::new(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE, seen TIMESTAMPTZ, remark TEXT);
         CREATE TABLE visits (customer TEXT, at TIMESTAMPTZ);
         INSERT INTO customers VALUES ('A', 'Ann', '2026-01-01', NULL, 'hello'), ('B', 'Bob', '2026-01-02', '2026-01-01 10:00+00', 'hello'),
           ('C', 'Cid', '2026-01-01', '2026-01-01 20:00+00', 'hello');
         INSERT INTO visits VALUES ('A', '2026-01-01 20:00+00'), ('B', '2026-01-01 10:00+00');",
        &format!(
            "{DUE}\nseen.class = \"non-personal\"\n\
             remark = {{ class = \"personal\", clear = true, where = \"seen < {{today}}\" }}\n\
             [tables.visits]\nfree = \"moments alone\"\n[[guards]]\nname = \"visited\"\nreason = \"visited today\"\n\
             where = \"due <= {{today}} AND EXISTS (SELECT 1 FROM visits AS v WHERE v.customer = no AND v.at >= {{today}})\""
        ),
    )
    .await;
    let request = Request { zone: chrono_tz::Pacific::Auckland, ..company.request(SweepKind::Due) };
    let tally = company.sweep(&request).await.unwrap();
    assert_eq!((tally.anonymized, tally.refused), (2, 1));
    let left = company.rows("SELECT no, name, remark FROM customers ORDER BY no").await;
    assert_eq!(left, ["A|Ann|hello", "B|Client|NULL", "C|Client|hello"]);
}

#[test]
fn statements_that_the_database_rewrites_or_fires_upon_are_listed() {
    super::on_postgres();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let notes = runtime.block_on(async {
        let company = Company::new(
            "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT);
             CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER new_ones BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION f();
             CREATE TRIGGER off BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION f();
             ALTER TABLE customers DISABLE TRIGGER off;
             CREATE TRIGGER stamp BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION f();
             CREATE RULE kept AS ON DELETE TO customers DO INSTEAD NOTHING;",
            &policy(NAMED),
        )
        .await;
        company.context.planner.plan(&company.context.store).await.unwrap().plan.notes.clone()
    });
    assert!(
        notes.contains(&"triggers fire where rows of `customers` are changed or deleted: `kept`, `stamp`".to_owned()),
        "{notes:?}"
    );
}
