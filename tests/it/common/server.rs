//! Redis servers for tests: one of a test's own, or the one that the test
//! command has started.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::{Client, Connection, FromRedisValue};
use tempfile::TempDir;
use url::Url;

/// The variable that names the server the test command has started.
const SERVER: &str = "TEST_REDIS";

/// The server that the tests share: each has a prefix of its own on it.
pub fn shared() -> Url {
    let url = std::env::var(SERVER)
        .unwrap_or_else(|_| panic!("`{SERVER}` is not set: `tests/run` starts a Redis server and sets it"));
    url.parse().expect("a URL")
}

/// A prefix that no other test has.
pub fn prefix() -> String {
    format!("test-{}", ulid::Ulid::new())
}

/// What a server answers.
pub fn ask<T: FromRedisValue>(url: &Url, command: &[&str]) -> T {
    let mut connection = connect(url).expect("the server answers");
    redis::cmd(command[0]).arg(&command[1..]).query(&mut connection).expect("an answer")
}

fn connect(url: &Url) -> redis::RedisResult<Connection> {
    Client::open(url.clone())?.get_connection_with_timeout(Duration::from_secs(20))
}

/// A server of a test's own, stopped when dropped.
pub struct Server {
    pub folder: TempDir,
    pub port: u16,
    options: Vec<String>,
    process: Option<Child>,
}

impl Server {
    /// Starts one that keeps nothing on disk.
    pub fn start(options: &[&str]) -> Self {
        let server = Self::new(options);
        server.started()
    }

    /// A free port, a folder, and no server yet.
    pub fn new(options: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, port, options: options.iter().map(|option| (*option).to_owned()).collect(), process: None }
    }

    pub fn started(mut self) -> Self {
        self.again();
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds an option for the next start.
    pub fn with(mut self, options: &[&str]) -> Self {
        self.options.extend(options.iter().map(|option| (*option).to_owned()));
        self
    }

    /// Starts it, as empty as ever.
    pub fn again(&mut self) {
        let port = self.port.to_string();
        let tls = self.options.iter().any(|option| option == "--tls-port");
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--port", if tls { "0" } else { &port }])
            .args(self.options.iter().map(|option| if option == "PORT" { port.as_str() } else { option.as_str() }))
            .current_dir(self.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        self.process = Some(child);
        for _ in 0..3_000 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server did not start");
    }

    /// Kills it, with all that it held.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it is killed");
            process.wait().expect("it has ended");
        }
    }

    /// Sends a signal to it.
    pub fn signal(&self, name: &str) {
        signal(self.process.as_ref().expect("it runs"), name);
    }

    pub fn url(&self) -> Url {
        format!("redis://127.0.0.1:{}", self.port).parse().expect("a URL")
    }

    pub fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        ask(&self.url(), command)
    }
}

fn signal(process: &Child, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", process.id())]).status().expect("a shell");
    assert!(sent.success(), "{name} is sent");
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
