//! What dashboards notice of a sweep on `PostgreSQL`: how long 200 that read
//! `/api/v1/status` of a real `lethe run` at the same time wait for it, without
//! a sweep and during one, where nothing is configured.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lethe::demo::Size;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use crate::Options;
use crate::application::Took;
use crate::company;
use crate::postgres::{Database, clean_up, copy, template};
use crate::speed::median;

/// Dashboards, each with a connection of its own.
const READERS: u32 = 200;
/// How long they are watched, with a sweep and without.
const WATCHED: Duration = Duration::from_secs(15);
/// From the beginning of one question to that of the next: either as soon as it is answered, or once a second.
const PACES: [(&str, Duration); 2] =
    [("each again at once", Duration::ZERO), ("each once a second", Duration::from_secs(1))];

pub async fn measure(options: &Options, server: &Url) {
    clean_up(server).await;
    let clients = options.clients;
    let size = Size { due: clients * 3 / 10, ..Size::model(clients) };
    let template = template(server, &size, options.fresh).await;
    println!("\nPostgreSQL: {READERS} dashboards beside a due sweep of {} in {clients} clients", size.due);
    let mut ratios = PACES.map(|_| Vec::new());
    for round in 0..options.rounds {
        let database = copy(server, &template).await;
        let served = Served::start(&database);
        let alone = PACES.map(|(_, pace)| served.watch(pace));
        served.lethe(&["sweep", "--due"]);
        // It is opened, and at work.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let during = PACES.map(|(_, pace)| served.watch(pace));
        let sweep = served.lethe(&["status"]);
        let state = sweep["sweeps"][0]["state"].as_str().unwrap_or_default();
        assert_eq!(state, "running", "the clients are through already: too few to watch");
        drop(served);
        database.remove().await;
        for at in 0..PACES.len() {
            let ratio = during[at].p99 / alone[at].p99;
            let (pace, alone, during) = (PACES[at].0, &alone[at], &during[at]);
            println!("  round {}, {pace}: without {alone}, during {during}, p99 {ratio:.2}", round + 1);
            ratios[at].push(ratio);
        }
    }
    for ((pace, _), ratios) in PACES.iter().zip(ratios) {
        println!("  p99 during a sweep / without, {pace}   {:.2}  (median of {})", median(ratios), options.rounds);
    }
}

/// `lethe run` in a folder of its own, and a token that may read.
struct Served {
    folder: tempfile::TempDir,
    process: Child,
    address: String,
    token: String,
}

impl Served {
    fn start(database: &Database) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!(
            "database = \"{}\"\npolicy = \"{}\"\n[backup]\nrequired = false\n[sweep]\nrehearsal = false\nbrake_share = 1.0\n\
             [http]\nlisten = \"127.0.0.1:0\"\nrate = 1000000\n",
            database.url(),
            company::policy().display()
        );
        std::fs::write(folder.path().join("lethe.toml"), config).expect("a configuration");
        std::fs::create_dir(folder.path().join("jobs")).expect("a folder");
        let mut process = lethe(folder.path(), &["run"]).stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut lines = BufReader::new(process.stderr.take().expect("its log")).lines().map_while(Result::ok);
        let line = lines.by_ref().find(|line| line.contains("listening")).expect("it says where it listens");
        std::thread::spawn(move || lines.for_each(drop));
        let address = line.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next());
        let address = address.expect("an address").to_owned();
        let mut served = Self { folder, process, address, token: String::new() };
        let made = served.lethe(&["token", "add", "dashboards", "--right", "read"]);
        made["token"].as_str().expect("a token").clone_into(&mut served.token);
        served
    }

    fn lethe(&self, args: &[&str]) -> serde_json::Value {
        let ended = lethe(self.folder.path(), args).arg("--json").output().expect("the program starts");
        assert!(ended.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ended.stderr));
        serde_json::from_slice(&ended.stdout).unwrap_or_default()
    }

    /// Lets all dashboards read for a while.
    fn watch(&self, pace: Duration) -> Took {
        let question =
            format!("GET /api/v1/status HTTP/1.1\r\nHost: lethe\r\nAuthorization: Bearer {}\r\n\r\n", self.token);
        // Not within the program's own threads, where those who measure wait for what they measure.
        std::thread::scope(|scope| {
            let all = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async {
                    let reading = (0..READERS).map(|reader| {
                        let start = pace * reader / READERS;
                        tokio::spawn(read(self.address.clone(), question.clone(), start, pace))
                    });
                    let mut took = Vec::new();
                    for reader in reading.collect::<Vec<_>>() {
                        took.extend(reader.await.expect("it reads to the end"));
                    }
                    took
                })
            });
            Took::of(all.join().expect("they read to the end"))
        })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lethe(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lethe"));
    command.args(args).current_dir(folder);
    // Nothing but the folder configures it: least of all another database.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LETHE_")) {
        command.env_remove(name);
    }
    command
}

/// One dashboard. Returns how long it waited each time, in milliseconds.
async fn read(address: String, question: String, start: Duration, pace: Duration) -> Vec<f64> {
    tokio::time::sleep(start).await;
    let mut connection = TcpStream::connect(address).await.expect("it is listened");
    connection.set_nodelay(true).expect("what is asked goes out at once");
    let (mut took, begun, mut answer) = (Vec::new(), Instant::now(), Vec::new());
    while begun.elapsed() < WATCHED {
        let asked = Instant::now();
        connection.write_all(question.as_bytes()).await.expect("it is asked");
        answer.clear();
        while !is_whole(&answer) {
            assert!(connection.read_buf(&mut answer).await.expect("it answers") > 0, "the connection closes");
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
        took.push(asked.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(pace.saturating_sub(asked.elapsed())).await;
    }
    took
}

/// Whether an answer has all the bytes that its head announces.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = memchr::memmem::find(answer, b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
    answer.len() >= end + 4 + length.expect("a length")
}
