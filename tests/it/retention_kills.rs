//! A process that deletes old rows is killed again and again: in the end the
//! same rows are gone as if nothing had happened, each once, and counted once.

use std::process::Child;
use std::time::Duration;

use crate::common::Place;
use crate::common::place::either;
use crate::common::searched::start;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

/// Old visits: forty transactions' worth.
const OLD: u32 = 200_000;

const SCHEMA: &str = "
CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE);
CREATE TABLE visits (id INTEGER PRIMARY KEY, customer_no TEXT, seen_on DATE, page TEXT);
CREATE INDEX visits_seen ON visits (seen_on);
CREATE TABLE logins (id INTEGER PRIMARY KEY, customer_no TEXT, day DATE);
CREATE TABLE gone (what TEXT, id BIGINT);
INSERT INTO customers (no, name) VALUES ('A', 'Ann'), ('B', 'Bob'), ('C', 'Cid');
INSERT INTO visits (customer_no, seen_on, page) {visits};
INSERT INTO logins (customer_no, day) SELECT customer_no, seen_on FROM visits WHERE id <= 7000 OR seen_on > '2030-01-01';
";

const SQLITE: &str = "
CREATE TRIGGER a BEFORE DELETE ON visits BEGIN INSERT INTO gone VALUES ('visit', old.id); END;
CREATE TRIGGER b BEFORE DELETE ON logins BEGIN INSERT INTO gone VALUES ('login', old.id); END;
";

const POSTGRES: &str = "
CREATE FUNCTION note() RETURNS trigger AS $$ BEGIN INSERT INTO gone VALUES (TG_ARGV[0], old.id); RETURN old; END $$ LANGUAGE plpgsql;
CREATE TRIGGER a BEFORE DELETE ON visits FOR EACH ROW EXECUTE FUNCTION note('visit');
CREATE TRIGGER b BEFORE DELETE ON logins FOR EACH ROW EXECUTE FUNCTION note('login');
";

const POLICY: &str = r#"
client = { table = "customers", key = "no", to_anonymize_on = "due" }

[tables.customers.columns]
no.class = "non-personal"
due.class = "non-personal"
name = { class = "personal", replace = "Client" }

[tables.visits]
client = "customer_no"
columns = { id.class = "non-personal", customer_no.class = "non-personal", seen_on.class = "non-personal", page.class = "non-personal" }
retention = { length = "2 years", date = "seen_on", rows = "delete" }

[tables.logins]
client = "customer_no"
columns = { id.class = "non-personal", customer_no.class = "non-personal", day.class = "non-personal" }
retention = { length = "2 years", date = "day", rows = "delete" }

[tables.gone]
free = "a test's own record"
"#;

struct Shop {
    folder: TempDir,
    place: Place,
}

impl Shop {
    /// A company with old visits, three of every hundred young, and Cid's on hold.
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let columns = "substr('ABC', 1 + CAST(n / 40000 AS INTEGER) % 3, 1), {day}, 'page ' || n";
        let visits = either(
            "WITH RECURSIVE v (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM v WHERE n + 1 < {most}) SELECT {columns} FROM v",
            "SELECT {columns} FROM generate_series(0, {most} - 1) AS v (n)",
        );
        let day = either(
            "iif(n % 100 > 2, date('2018-01-01', '+' || (n % 900) || ' days'), '2031-05-05')",
            "CASE WHEN n % 100 > 2 THEN date '2018-01-01' + (n % 900) ELSE '2031-05-05' END",
        );
        let visits = visits.replace("{columns}", columns).replace("{day}", day).replace("{most}", &OLD.to_string());
        let schema = SCHEMA.replace("{visits}", &visits);
        let place = Place::new(folder.path(), &schema).await;
        place.execute(either(SQLITE, POSTGRES)).await;
        let config = format!(
            "database = \"{}\"\n[sweep]\nbrake_share = 1.0\nrehearsal = false\nlease = \"1s\"\nattempts = 50\n[backup]\nrequired = false\n",
            place.setting()
        );
        std::fs::write(folder.path().join("lethe.toml"), config).expect("the configuration is written");
        std::fs::write(folder.path().join("policy.toml"), POLICY).expect("the policy is written");
        std::fs::create_dir(folder.path().join("jobs")).expect("a folder for jobs");
        let shop = Self { folder, place };
        shop.done(&["hold", "add", "C", "--reason", "case 12"]);
        shop
    }

    fn done(&self, args: &[&str]) {
        let ended = crate::common::lethe(self.folder.path()).args(args).output().expect("the program starts");
        assert!(ended.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }

    fn run(&self) -> Child {
        start(&mut crate::common::service(self.folder.path(), "run"))
    }

    async fn number(&self, sql: &str) -> i64 {
        self.place.rows(sql).await[0].parse().expect("a number")
    }

    /// What is left, what went and how often, and what the ledger says of it.
    async fn state(&self) -> Vec<String> {
        let mut all = Vec::new();
        for sql in [
            "SELECT customer_no, count(*), sum(id), min(seen_on), max(seen_on) FROM visits GROUP BY customer_no ORDER BY 1",
            "SELECT customer_no, count(*), sum(id), min(day), max(day) FROM logins GROUP BY customer_no ORDER BY 1",
            "SELECT what, count(*), count(DISTINCT id), sum(id) FROM gone GROUP BY what ORDER BY 1",
            "SELECT state, count(*) FROM lethe_sweeps GROUP BY state",
        ] {
            all.extend(self.place.rows(sql).await);
        }
        let counted = "SELECT rows_gone FROM lethe_batches WHERE rows_gone IS NOT NULL";
        let mut tables = std::collections::BTreeMap::<String, u64>::new();
        for line in self.place.rows(counted).await {
            let rows: std::collections::BTreeMap<String, u64> = serde_json::from_str(&line).expect("counts");
            for (table, rows) in rows {
                *tables.entry(table).or_default() += rows;
            }
        }
        all.push(format!("{tables:?}"));
        all
    }
}

const LEFT: &str = "SELECT count(*) FROM visits WHERE seen_on < '2024-01-01' AND customer_no <> 'C'";
const GONE: &str = "SELECT count(*) FROM gone";
const GONE_TWICE: &str = "SELECT count(*) - count(DISTINCT what || id) FROM gone";
const RUNNING: &str = "SELECT count(*) FROM lethe_sweeps WHERE state = 'running'";

#[tokio::test]
async fn a_retention_sweep_killed_again_and_again_ends_as_if_nothing_had_happened() {
    let undisturbed = Shop::new().await;
    undisturbed.done(&["sweep", "--retention", "--wait"]);
    let wanted = undisturbed.state().await;
    assert_eq!(undisturbed.number(LEFT).await, 0, "{wanted:#?}");
    assert!(undisturbed.number(GONE).await > 100_000, "{wanted:#?}");

    let shop = Shop::new().await;
    shop.done(&["sweep", "--retention"]);
    let mut dice = ChaCha8Rng::seed_from_u64(11);
    let (mut in_the_middle, mut last) = (0, 0);
    for _ in 0..12 {
        let mut child = shop.run();
        // What was in hand when the last one was killed waits for a second.
        for _ in 0..400 {
            if shop.number(GONE).await > last || shop.number(RUNNING).await == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..60))).await;
        child.kill().expect("it is killed");
        child.wait().expect("it is gone");
        shop.place.quiet().await;
        assert_eq!(shop.number(GONE_TWICE).await, 0);
        last = shop.number(GONE).await;
        in_the_middle += usize::from(last > 0 && shop.number(LEFT).await > 0);
    }
    let mut child = shop.run();
    for _ in 0..3_000 {
        if shop.number(RUNNING).await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    child.kill().expect("it is killed");
    child.wait().expect("it is gone");
    assert_eq!(shop.state().await, wanted);
    assert!(in_the_middle > 3, "it was through after {in_the_middle} kills");
}
