//! The shipped rules in a real Prometheus that scrapes a real `lethe run`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::common::project::{read, root};
use crate::common::{Place, lethe, searched, service};
use crate::http::office::{JOB, POLICY, SCHEMA};

/// A program that is ended when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().expect("it is killed");
        self.0.wait().expect("it ends");
    }
}

/// A company of which one client is refused and the others are anonymized; its job `monthly` was braked.
async fn company() -> (TempDir, Running, String, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path(), SCHEMA).await;
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    std::fs::create_dir(folder.path().join("jobs")).expect("a folder");
    write("policy.toml", POLICY);
    write("jobs/monthly.toml", &JOB.replace("share = 1.0", "clients = 1"));
    write("jobs/nightly.toml", JOB);
    let config =
        "[sweep]\nrehearsal = false\nbrake_share = 1.0\n[backup]\nrequired = false\n[http]\nlisten = \"127.0.0.1:0\"\n";
    write("lethe.toml", &format!("database = \"{}\"\n{config}", place.setting()));
    let run = |args: &[&str]| lethe(folder.path()).args(args).output().expect("it runs");
    assert!(!run(&["sweep", "monthly"]).status.success(), "it is braked");
    assert!(run(&["sweep", "nightly", "--wait"]).status.success());
    let token = run(&["token", "add", "prometheus", "--right", "read", "--json"]).stdout;
    let token = serde_json::from_slice::<Value>(&token).expect("JSON")["token"].as_str().expect("a token").to_owned();
    let (running, line) = searched::start_until(&mut service(folder.path(), "run"), "listening");
    (folder, Running(running), searched::url(&line), token)
}

fn promtool(args: &[&str], file: &Path) {
    let output = Command::new("promtool").args(args).arg(file).output().expect("promtool: tests/run installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A Prometheus with the shipped configuration, and its URL.
fn prometheus(folder: &Path, lethe: &str, token: &str) -> (Running, String) {
    let shipped = root().join("deploy/prometheus");
    let token_file = folder.join("lethe-token");
    std::fs::write(&token_file, token).expect("a file");
    std::fs::copy(shipped.join("alerts.yaml"), folder.join("alerts.yaml")).expect("a file");
    let config = read(&shipped.join("prometheus.yaml"))
        .replace("/etc/prometheus/lethe-token", &token_file.display().to_string())
        .replace("lethe.example:8080", lethe.trim_start_matches("http://"));
    let config = format!("global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n{config}");
    std::fs::write(folder.join("prometheus.yaml"), config).expect("a file");
    promtool(&["check", "config"], &folder.join("prometheus.yaml"));
    let port = TcpListener::bind("127.0.0.1:0").and_then(|own| own.local_addr()).expect("a port").port();
    let child = Command::new("prometheus")
        .arg(format!("--config.file={}", folder.join("prometheus.yaml").display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("series").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus: tests/run installs it");
    (Running(child), format!("http://127.0.0.1:{port}"))
}

async fn get(url: &str) -> Option<Value> {
    let response = reqwest::get(url).await.ok()?;
    serde_json::from_str(&response.text().await.ok()?).ok()
}

/// The series that a query finds, each with its labels and its value.
async fn series(prometheus: &str, query: &str) -> Vec<(Value, String)> {
    let url =
        reqwest::Url::parse_with_params(&format!("{prometheus}/api/v1/query"), [("query", query)]).expect("a URL");
    let found = get(url.as_str()).await.unwrap_or_default();
    let result = found["data"]["result"].as_array().cloned().unwrap_or_default();
    result.iter().map(|own| (own["metric"].clone(), own["value"][1].as_str().unwrap_or_default().to_owned())).collect()
}

#[tokio::test]
async fn an_alert_names_the_job_that_it_is_about_and_refused_clients_are_not_overdue() {
    promtool(&["check", "rules"], &root().join("deploy/prometheus/alerts.yaml"));
    promtool(&["test", "rules"], &root().join("deploy/prometheus/alerts_test.yaml"));
    let (folder, _lethe, url, token) = company().await;
    let (_prometheus, prometheus) = prometheus(folder.path(), &url, &token);
    let mut firing = Vec::new();
    for _ in 0..600 {
        let alerts = get(&format!("{prometheus}/api/v1/alerts")).await.unwrap_or_default();
        firing = alerts["data"]["alerts"].as_array().cloned().unwrap_or_default();
        if firing.iter().any(|own| own["state"] == "firing") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    firing.retain(|own| own["state"] == "firing");
    assert_eq!(firing.len(), 1, "{firing:#?}");
    let labels = &firing[0]["labels"];
    assert_eq!((&labels["alertname"], &labels["job"]), (&"LetheSweepStopped".into(), &"monthly".into()));
    assert_eq!(firing[0]["annotations"]["summary"], "The last sweep of monthly was braked");

    let value =
        async |query: &str| series(&prometheus, query).await.into_iter().map(|(_, value)| value).collect::<Vec<_>>();
    // A scrape that took too long leaves no series until the next.
    for _ in 0..600 {
        if value("up{job=\"lethe\"}").await == ["1"] && value("lethe_clients_due").await == ["1"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(value("up{job=\"lethe\"}").await, ["1"]);
    assert_eq!(value("lethe_clients_due").await, ["1"], "the refused client is due");
    assert_eq!(value("lethe_clients_overdue{days=\"30\"}").await, ["0"], "and no operator has to look at it");
    for (labels, _) in series(&prometheus, "{__name__=~\"lethe_.*\"}").await {
        assert!(labels["exported_job"].is_null(), "{labels}");
    }
}

/// The metrics that the operations page lists, each with its labels.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let page = read(&root().join("docs/operations.md"));
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = page.lines().filter(|line| line.starts_with("| `lethe_")).filter_map(|line| {
        let cells: Vec<&str> = line.split('|').collect();
        (cells.len() == 5).then(|| (quoted(cells[1]), quoted(cells[2])))
    });
    rows.flat_map(|(names, labels)| names.into_iter().map(move |name| (name, labels.iter().cloned().collect())))
        .collect()
}

#[tokio::test]
async fn every_metric_has_the_labels_that_the_operations_page_lists() {
    let (_folder, _lethe, url, token) = company().await;
    let client = reqwest::Client::new();
    let ask = async || {
        let response = client.get(format!("{url}/metrics")).bearer_auth(&token).send().await.expect("it responds");
        response.text().await.expect("a text")
    };
    ask().await;
    let text = ask().await;
    let documented = documented();
    assert!(documented.len() > 15, "{documented:?}");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (sample, _) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
        let is_of = |end: &str| name.strip_suffix(end).filter(|own| documented.contains_key(*own));
        let name = ["_bucket", "_sum", "_count"].into_iter().find_map(is_of).unwrap_or(name);
        let labels = labels.trim_end_matches('}').split("\",").filter_map(|own| own.split_once('='));
        let labels: BTreeSet<String> = labels.map(|(label, _)| label.to_owned()).filter(|own| own != "le").collect();
        let listed = documented.get(name).unwrap_or_else(|| panic!("`{name}` is not on the operations page"));
        assert_eq!(&labels, listed, "{name}");
    }
}
