//! Work waits for replicas that are too far behind.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lethe::domain::sweep::SweepKind;
use lethe::worker::sweep::open;
use lethe::worker::{Role, hindrance, run};

use crate::common::journal::binary;
use crate::common::{Company, Place};

const SCHEMA: &str = "CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, due DATE);
    INSERT INTO customers VALUES ('A', 'Ann Archer', '2026-01-01'), ('B', 'Bob Baker', NULL);
    CREATE TABLE filler (bytes TEXT)";

const POLICY: &str = r#"
[client]
table = "customers"
key = "no"
to_anonymize_on = "due"
[tables.customers.columns]
no = { class = "non-personal" }
name = { class = "personal", replace = "Anonymized client" }
due = { class = "non-personal" }
"#;

/// A receiver of what the server writes, killed when dropped.
struct Replica(Child);

impl Replica {
    fn of(url: &str, folder: &std::path::Path) -> Self {
        let receiver = Command::new(binary("pg_receivewal"))
            .args(["--no-password", "--synchronous", "--status-interval", "1", "--dbname", url, "--directory"])
            .arg(folder)
            .stderr(Stdio::null())
            .spawn()
            .expect("pg_receivewal starts");
        Self(receiver)
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn nothing_is_worked_on_while_a_replica_is_too_far_behind() {
    super::on_postgres();
    let mut company = Company::new(SCHEMA, POLICY).await;
    let Place::Server(url) = &company.place else { panic!("this suite runs on a server") };
    let folder = tempfile::tempdir().unwrap();
    let replica = Replica::of(url, folder.path());
    let there = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND flush_lsn IS NOT NULL";
    while company.rows(there).await == ["0"] {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    replica.signal("STOP");
    company.execute("INSERT INTO filler SELECT repeat(md5(n::text), 40) FROM generate_series(1, 40000) AS n").await;
    assert_eq!(hindrance(&company.context).await, None, "it is not configured");
    company.context.limits.replica_lag = Some(16 << 20);
    let why = hindrance(&company.context).await.unwrap();
    assert!(why.contains("MiB behind, and 16 are allowed"), "{why}");

    open(&company.context, &company.request(SweepKind::Due)).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let (context, told) = (company.context.clone(), stop.clone());
    let working = tokio::spawn(async move { run(&context, Role::Both(Vec::new()), told).await });
    tokio::time::sleep(Duration::from_secs(3)).await;
    let name = "SELECT name FROM customers WHERE no = 'A'";
    assert_eq!(company.rows(name).await, ["Ann Archer"]);

    replica.signal("CONT");
    for _ in 0..600 {
        if company.rows(name).await == ["Anonymized client"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(company.rows(name).await, ["Anonymized client"]);
    stop.cancel();
    working.await.unwrap().unwrap();
}
