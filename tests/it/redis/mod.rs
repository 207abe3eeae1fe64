//! The program with Redis as the carrier of its batches, and with a Redis that
//! is emptied, away, wrong or full.

mod away;
mod wrong;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::program::{Program, ended, signal};
use crate::common::server::Server;
use sqlx::sqlite::SqliteJournalMode;
use tokio::time::sleep;

const RUNNING: &str = "SELECT count(*) FROM lethe_sweeps WHERE state = 'running'";
const DONE: &str = "SELECT count(*) FROM lethe_batches WHERE state = 'done'";
const AWAY: &str = "batches are claimed from the ledger until Redis is back";
const BACK: &str = "carries the batches again";

async fn company(clients: usize, batch_size: usize) -> Program {
    Program::new(clients, batch_size, SqliteJournalMode::Wal).await
}

/// `lethe run`, and what it has logged.
struct Service {
    child: Option<Child>,
    log: Arc<Mutex<String>>,
}

impl Service {
    fn start(program: &Program, set: &[(&str, &str)]) -> Self {
        Self::of_role("run", program, set)
    }

    fn of_role(role: &str, program: &Program, set: &[(&str, &str)]) -> Self {
        let mut command = program.command(&[role]);
        let mut child = with(&mut command, set).stderr(Stdio::piped()).spawn().expect("the program starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, written) = (BufReader::new(child.stderr.take().expect("its log")).lines(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                written.lock().expect("the log").push_str(&(line + "\n"));
            }
        });
        Self { child: Some(child), log }
    }

    fn of(program: &Program, server: &Server) -> Self {
        Self::start(program, &[("LETHE_REDIS__URL", server.url().as_str())])
    }

    fn log(&self) -> String {
        self.log.lock().expect("the log").clone()
    }

    /// Waits until the log has this.
    async fn says(&self, text: &str) {
        let waiting = async {
            while !self.log().contains(text) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let said = tokio::time::timeout(Duration::from_secs(120), waiting).await;
        assert!(said.is_ok(), "no `{text}` in:\n{}", self.log());
    }

    fn stop(mut self) -> String {
        let child = self.child.take().expect("it runs");
        signal(&child, "TERM");
        assert!(ended(child).success());
        std::thread::sleep(Duration::from_millis(500));
        self.log.lock().expect("the log").clone()
    }
}

impl Drop for Service {
    /// None outlives a test that failed.
    fn drop(&mut self) {
        self.child.iter_mut().for_each(|child| drop(child.kill()));
    }
}

fn with<'a>(command: &'a mut Command, set: &[(&str, &str)]) -> &'a mut Command {
    command.envs(set.iter().copied())
}

/// What a command prints and how it ends.
fn output(program: &Program, args: &[&str], set: &[(&str, &str)]) -> (bool, String) {
    let mut command = program.command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).env("LETHE_LOG", "lethe=error");
    let output = with(&mut command, set).output().expect("the program starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

/// How many warnings there are, without those of a company that was not rehearsed and has no index, and of a machine
/// that has too much to do.
fn warnings(log: &str) -> usize {
    let start = log.find(" running ").expect("it ran");
    count(&log[start..], "WARN") - count(&log[start..], "WARN renewing leases took too long")
}

/// What one undisturbed process leaves behind.
async fn undisturbed(clients: usize) -> Vec<String> {
    let program = company(clients, 100).await;
    assert!(program.ends(&["sweep", "--due", "--wait"]).success());
    program.dump().await
}

/// The sweep has ended as if nothing had happened.
async fn check(program: &Program, clients: usize) {
    program.check_laws().await;
    assert!(program.dump().await == undisturbed(clients).await);
    program.check_one_outcome_each().await;
}

/// How often the server has done something.
fn calls(server: &Server, command: &str) -> u64 {
    let stats: String = server.ask(&["INFO", "commandstats"]);
    let of = |line: &str| line.strip_prefix(&format!("cmdstat_{command}:calls="))?.split(',').next()?.parse().ok();
    stats.lines().find_map(of).unwrap_or(0)
}

#[tokio::test]
async fn batches_go_through_redis_to_several_workers() {
    let server = Server::start(&[]);
    let program = company(600, 3).await;
    let services = [Service::of(&program, &server), Service::of(&program, &server)];
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(RUNNING, 0).await;
    let empty = async {
        while !server.ask::<Vec<String>>(&["KEYS", "*"]).is_empty() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), empty).await.expect("nothing is left");
    for service in services {
        let log = service.stop();
        assert_eq!(warnings(&log), 0, "{log}");
    }
    assert!(calls(&server, "zadd") > 0 && calls(&server, "zpopmin") > 50);
    check(&program, 600).await;
    let left: Vec<String> = server.ask(&["KEYS", "*"]);
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn redis_holds_the_ids_of_batches_and_nothing_else() {
    let server = Server::start(&[]);
    let program = company(900, 3).await;
    let service =
        Service::start(&program, &[("LETHE_REDIS__URL", server.url().as_str()), ("LETHE_REDIS__PREFIX", "office.eu")]);
    assert!(program.ends(&["sweep", "--due"]).success());
    let mut seen = 0;
    while program.number(RUNNING).await > 0 {
        let keys: Vec<String> = server.ask(&["KEYS", "*"]);
        for key in &keys {
            assert_eq!(key, "lethe:{office.eu}:ready");
            let members: Vec<(String, f64)> = server.ask(&["ZRANGE", key, "0", "-1", "WITHSCORES"]);
            assert!(members.len() <= 500);
            for (member, score) in members {
                seen += 1;
                let id: i32 = member.parse().expect("an id");
                assert!((f64::from(id) - score).abs() < f64::EPSILON);
                assert_eq!(program.number(&format!("SELECT count(*) FROM lethe_batches WHERE id = {id}")).await, 1);
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert!(seen > 0, "nothing was seen");
    service.stop();
    check(&program, 900).await;
}

#[tokio::test]
async fn a_redis_that_is_emptied_again_and_again_loses_nothing() {
    let server = Server::start(&[]);
    let program = company(900, 3).await;
    let services = [Service::of(&program, &server), Service::of(&program, &server)];
    assert!(program.ends(&["sweep", "--due"]).success());
    let mut emptied = 0;
    while program.number(RUNNING).await > 0 {
        let _: String = server.ask(&["FLUSHALL"]);
        emptied += 1;
        sleep(Duration::from_millis(70)).await;
    }
    assert!(emptied > 3, "{emptied}");
    for service in services {
        let log = service.stop();
        assert_eq!(warnings(&log), 0, "{log}");
    }
    check(&program, 900).await;
}

#[tokio::test]
async fn ids_taken_by_workers_that_died_are_staged_again() {
    let server = Server::start(&[]);
    let program = company(600, 3).await;
    let service = Service::of(&program, &server);
    assert!(program.ends(&["sweep", "--due"]).success());
    let mut taken = 0;
    while program.number(RUNNING).await > 0 {
        let popped: Vec<String> = server.ask(&["ZPOPMIN", "lethe:{lethe}:ready", "5"]);
        taken += popped.len() / 2;
        sleep(Duration::from_millis(20)).await;
    }
    assert!(taken > 0);
    service.stop();
    check(&program, 600).await;
}

#[tokio::test]
async fn a_scheduler_stages_for_workers_that_only_work() {
    let server = Server::start(&[]);
    let program = company(600, 3).await;
    let url = server.url();
    let set = [("LETHE_REDIS__URL", url.as_str())];
    let services = ["scheduler", "worker", "worker"].map(|role| Service::of_role(role, &program, &set));
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(RUNNING, 0).await;
    for service in services {
        let log = service.stop();
        assert_eq!(warnings(&log), 0, "{log}");
    }
    check(&program, 600).await;
}

#[tokio::test]
async fn a_worker_finds_the_batches_that_are_not_staged() {
    let server = Server::start(&[]);
    let program = company(300, 3).await;
    let url = server.url();
    let worker = Service::of_role("worker", &program, &[("LETHE_REDIS__URL", url.as_str())]);
    // It has asked the ledger once, and goes by Redis now.
    sleep(Duration::from_secs(1)).await;
    let scheduler = Service::of_role("scheduler", &program, &[]);
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(RUNNING, 0).await;
    assert_eq!(calls(&server, "zadd"), 0);
    scheduler.stop();
    let log = worker.stop();
    assert_eq!(warnings(&log), 0, "{log}");
    check(&program, 300).await;
}

#[tokio::test]
async fn a_node_of_a_cluster_will_do_if_it_has_the_slot() {
    let server = Server::start(&["--cluster-enabled", "yes"]);
    let program = company(60, 3).await;
    let url = server.url();
    let set = [("LETHE_REDIS__URL", url.as_str())];
    let (good, doctor) = output(&program, &["doctor"], &set);
    assert!(!good && doctor.contains("answered with `CLUSTERDOWN`; it is a node of a cluster"), "{doctor}");
    let _: String = server.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    let service = Service::start(&program, &set);
    service.says(" running ").await;
    let until_good = async {
        while !output(&program, &["doctor"], &set).0 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), until_good).await.expect("the cluster is up");
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(RUNNING, 0).await;
    service.stop();
    check(&program, 60).await;
}
