//! The program with Redis as the carrier of its batches, and with a Redis that
//! is emptied, away, wrong or full.

#[allow(dead_code)]
#[path = "common/program.rs"]
mod program;
#[path = "common/server.rs"]
mod server;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use program::{Program, ended, signal};
use server::Server;
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
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Service {
    fn start(program: &Program, set: &[(&str, &str)]) -> Self {
        let mut command = program.command(&["run"]);
        let mut child = with(&mut command, set).stderr(Stdio::piped()).spawn().expect("the program starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, written) = (BufReader::new(child.stderr.take().expect("its log")).lines(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                written.lock().expect("the log").push_str(&(line + "\n"));
            }
        });
        Self { child, log }
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
        let said = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        assert!(said.is_ok(), "no `{text}` in:\n{}", self.log());
    }

    fn stop(self) -> String {
        signal(&self.child, "TERM");
        assert!(ended(self.child).success());
        std::thread::sleep(Duration::from_millis(50));
        self.log.lock().expect("the log").clone()
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

/// How many warnings there are, without those of a company that was not rehearsed and has no index.
fn warnings(log: &str) -> usize {
    let start = log.find(" running ").expect("it ran");
    count(&log[start..], "WARN")
}

/// What one process leaves behind that nobody disturbs.
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
async fn while_redis_is_stopped_the_ledger_is_the_queue_and_both_are_said_once() {
    let mut server = Server::start(&[]);
    let program = company(2_000, 3).await;
    let service = Service::of(&program, &server);
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(&format!("SELECT ({DONE}) > 5"), 1).await;
    server.stop();
    service.says(AWAY).await;
    let before = program.number(DONE).await;
    program.until(&format!("SELECT ({DONE}) > {}", before + 20), 1).await;
    sleep(Duration::from_secs(2)).await;
    server.again();
    service.says(BACK).await;
    // A second sweep goes through Redis again.
    program.until(RUNNING, 0).await;
    let popped = calls(&server, "zpopmin");
    sleep(Duration::from_millis(500)).await;
    let after = calls(&server, "zpopmin");
    let log = service.stop();
    assert!(after > popped, "{popped} {log}");
    assert_eq!((warnings(&log), count(&log, AWAY), count(&log, BACK)), (1, 1, 1), "{log}");
    check(&program, 2_000).await;
}

#[tokio::test]
async fn a_redis_that_hangs_holds_up_nobody_for_long() {
    let server = Server::start(&[]);
    let program = company(900, 3).await;
    let service = Service::of(&program, &server);
    service.says(" running ").await;
    server.signal("STOP");
    assert!(program.ends(&["sweep", "--due"]).success());
    service.says("did not answer within 2 s").await;
    program.until(RUNNING, 0).await;
    server.signal("CONT");
    service.says(BACK).await;
    let log = service.stop();
    assert_eq!(count(&log, AWAY), 1, "{log}");
    check(&program, 900).await;
}

#[tokio::test]
async fn a_restart_of_redis_between_two_sweeps_is_not_even_said() {
    let mut server = Server::start(&[]);
    let program = company(30, 3).await;
    let service = Service::of(&program, &server);
    service.says(" running ").await;
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(RUNNING, 0).await;
    // Closed from the other side, as servers do with connections that were idle for long.
    let _: i64 = server.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    sleep(Duration::from_millis(300)).await;
    let log = service.stop();
    assert_eq!(warnings(&log), 0, "{log}");
    server.stop();
}

#[tokio::test]
async fn a_full_redis_is_left_alone_until_there_is_room() {
    let server = Server::start(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]);
    let program = company(300, 3).await;
    let url = server.url();
    let set = [("LETHE_REDIS__URL", url.as_str())];
    let (good, said) = output(&program, &["doctor"], &set);
    assert!(!good && said.contains("answered with `OOM`; its memory is full"), "{said}");
    let service = Service::start(&program, &set);
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(RUNNING, 0).await;
    let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    service.says("answered with `OOM`").await;
    let log = service.stop();
    assert_eq!(count(&log, AWAY), 1, "{log}");
    check(&program, 300).await;
}

#[tokio::test]
async fn what_cannot_be_used_as_redis_is_said_once_without_the_password() {
    let with_password = Server::start(&["--requirepass", "sesame-1"]);
    let taken = Server::start(&[]);
    let _: String = taken.ask(&["SET", "lethe:{lethe}:ready", "another program's"]);
    let nobody = Server::new(&[]);
    let place = |server: &Server| format!("127.0.0.1:{}", server.port);
    for (url, said) in [
        (format!("redis://:wrong-2@{}", place(&with_password)), "refuses the user or the password"),
        (format!("redis://anna:wrong-2@{}/0", place(&with_password)), "refuses the user or the password"),
        (format!("redis://{}", place(&with_password)), "refuses the user or the password"),
        (format!("redis://:wrong-2@{}", place(&nobody)), "cannot be reached: connection refused"),
        ("redis://:wrong-2@nowhere.invalid".to_owned(), "Redis at `nowhere.invalid:6379` cannot be reached"),
        (format!("redis://{}/77", place(&taken)), "answered with `ERR`"),
        (format!("redis://{}", place(&taken)), "answered with `WRONGTYPE`"),
        (format!("rediss://{}", place(&taken)), "did not answer within 2 s"),
    ] {
        let program = company(30, 3).await;
        let set = [("LETHE_REDIS__URL", url.as_str())];
        let (good, doctor) = output(&program, &["doctor"], &set);
        assert!(!good && doctor.contains(said), "{url}: {doctor}");
        let service = Service::start(&program, &set);
        service.says(said).await;
        assert!(program.ends(&["sweep", "--due"]).success());
        program.until(RUNNING, 0).await;
        let log = service.stop();
        assert_eq!((warnings(&log), count(&log, AWAY)), (1, 1), "{url}: {log}");
        for secret in ["sesame-1", "wrong-2"] {
            assert!(!log.contains(secret) && !doctor.contains(secret), "{url}: {log} {doctor}");
        }
        check(&program, 30).await;
    }
}

#[tokio::test]
async fn a_user_has_its_password_in_a_file_and_needs_few_rights() {
    let server = Server::start(&[]);
    let rights = "ACL SETUSER lethe on >pass@word/1 ~lethe:* +eval +zadd +zpopmin +zremrangebyrank";
    let _: String = server.ask(&rights.split(' ').collect::<Vec<_>>());
    let program = company(60, 3).await;
    std::fs::write(program.path().join("redis.password"), "pass@word/1\n").unwrap();
    let url = format!("redis://lethe@127.0.0.1:{}", server.port);
    let set = [("LETHE_REDIS__URL", url.as_str()), ("LETHE_REDIS__PASSWORD_FILE", "redis.password")];
    let (good, doctor) = output(&program, &["doctor"], &set);
    assert!(good && doctor.contains(&format!("`127.0.0.1:{}` answers", server.port)), "{doctor}");
    let service = Service::start(&program, &set);
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(RUNNING, 0).await;
    let log = service.stop();
    assert_eq!(warnings(&log), 0, "{log}");
    assert!(calls(&server, "zpopmin") > 0);
    check(&program, 60).await;

    let _: String = server.ask(&["ACL", "SETUSER", "lethe", "-eval"]);
    let (good, doctor) = output(&program, &["doctor"], &set);
    assert!(!good && doctor.contains("answered with `NOPERM`; the user needs EVAL"), "{doctor}");
}

#[tokio::test]
async fn the_doctor_notes_a_redis_that_drops_keys_when_it_is_full() {
    let server = Server::start(&["--maxmemory-policy", "allkeys-lru"]);
    let program = company(3, 3).await;
    let url = server.url();
    let (good, doctor) = output(&program, &["doctor"], &[("LETHE_REDIS__URL", url.as_str())]);
    assert!(good && doctor.contains("`maxmemory-policy` is `allkeys-lru`"), "{doctor}");
    let left: Vec<String> = server.ask(&["KEYS", "*"]);
    assert!(left.is_empty(), "a look leaves nothing behind: {left:?}");
}

/// Runs openssl in a folder.
fn openssl(folder: &std::path::Path, args: &str) {
    let run = Command::new("openssl").args(args.split_whitespace()).current_dir(folder).output().expect("openssl");
    assert!(run.status.success(), "{args}: {}", String::from_utf8_lossy(&run.stderr));
}

/// A server with a certificate that an authority of its own has signed, for `localhost`.
fn with_tls() -> Server {
    let server = Server::new(&[]).with(&["--tls-port", "PORT", "--tls-auth-clients", "no"]).with(&[
        "--tls-cert-file",
        "server.pem",
        "--tls-key-file",
        "server.key",
        "--tls-ca-cert-file",
        "ca.pem",
    ]);
    let folder = server.path().to_owned();
    for name in ["ca", "other"] {
        openssl(
            &folder,
            &format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.pem"
            ),
        );
    }
    openssl(
        &folder,
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
    );
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n").unwrap();
    openssl(
        &folder,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
    server.started()
}

#[tokio::test]
async fn a_connection_is_secured_by_a_private_authority_and_by_no_other() {
    let server = with_tls();
    let authority = |name: &str| server.path().join(name).display().to_string();
    let url = format!("rediss://localhost:{}", server.port);
    let program = company(60, 3).await;
    let set = [("LETHE_REDIS__URL", url.as_str()), ("LETHE_REDIS__CA_FILE", &authority("ca.pem"))];
    let (good, doctor) = output(&program, &["doctor"], &set);
    assert!(good, "{doctor}");
    let service = Service::start(&program, &set);
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(RUNNING, 0).await;
    let log = service.stop();
    assert_eq!(warnings(&log), 0, "{log}");
    check(&program, 60).await;

    let address = format!("rediss://127.0.0.1:{}", server.port);
    let plain = format!("redis://localhost:{}", server.port);
    for (url, authority, said) in [
        (&url, Some(authority("other.pem")), "cannot be secured"),
        (&url, None, "cannot be secured"),
        (&address, Some(authority("ca.pem")), "cannot be secured"),
        (&plain, None, "cannot be reached: connection "),
    ] {
        let mut set = vec![("LETHE_REDIS__URL", url.as_str())];
        set.extend(authority.as_ref().map(|file| ("LETHE_REDIS__CA_FILE", file.as_str())));
        let (good, doctor) = output(&program, &["doctor"], &set);
        assert!(!good && doctor.contains(said), "{url} {authority:?}: {doctor}");
    }
}
