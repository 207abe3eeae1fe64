//! An object store of the test's own: Moto's S3 server, behind a connection that can be cut and brought back.
//!
//! What matters to the program is the same as when the server is killed: connections break in the middle of a request,
//! whether or not it was carried out, and new ones are refused.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// The variable that names the Python which has Moto.
const PYTHON: &str = "TEST_MOTO";

pub const ACCESS_KEY: &str = "tester";
pub const SECRET_KEY: &str = "the secret of the tester";
const REGION: &str = "eu-north-1";

/// The server, with one bucket called `bucket`.
pub struct Server {
    child: Child,
    /// The port of the server itself, behind the way that a test cuts.
    behind: u16,
    /// Where the test reads and writes objects past it.
    door: u16,
    /// Where the program finds it.
    port: u16,
    way: Option<Way>,
}

impl Server {
    pub fn new() -> Self {
        let python = std::env::var(PYTHON)
            .unwrap_or_else(|_| panic!("`{PYTHON}` is not set: `tests/run` installs Moto and sets it"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/common/s3.py");
        let mut child = Command::new(python)
            .arg(script)
            .args([ACCESS_KEY, SECRET_KEY, REGION])
            // It ends when this pipe is closed, whatever becomes of the test.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Moto starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its words")).read_line(&mut line).expect("it says where it listens");
        let mut ports = line.split_whitespace().map(|port| port.parse().expect("a port"));
        let (behind, door) = (ports.next().expect("a port"), ports.next().expect("a port"));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|own| own.local_addr()).expect("a port").port();
        let mut server = Self { child, behind, door, port, way: None };
        server.make_bucket("bucket");
        server.start();
        server
    }

    /// Lets connections through.
    pub fn start(&mut self) {
        assert!(self.way.is_none(), "it runs");
        self.way = Some(Way::open(self.port, self.behind));
    }

    /// Cuts all connections, and refuses new ones.
    pub fn kill(&mut self) {
        self.way.take().expect("it runs").cut();
    }

    /// The variables by which a program finds it.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ]
    }

    pub fn make_bucket(&self, name: &str) {
        self.ask("POST", &format!("{name}/"), "");
    }

    pub fn write(&self, name: &str) {
        self.put(name, "a picture");
    }

    pub fn put(&self, name: &str, content: &str) {
        self.ask("PUT", &object(name), content);
    }

    pub fn write_to(&self, bucket: &str, name: &str) {
        self.ask("PUT", &object_in(bucket, name), "a picture");
    }

    pub fn read(&self, name: &str) -> String {
        self.ask("GET", &object(name), "")
    }

    pub fn delete(&self, name: &str) {
        self.ask("DELETE", &object(name), "");
    }

    /// The names of all objects but the files by which Lethe recognizes a root.
    pub fn objects(&self) -> Vec<String> {
        let mut all: Vec<String> = serde_json::from_str(&self.ask("GET", "bucket/", "")).expect("names");
        all.retain(|name| !name.ends_with(".lethe-root"));
        all.sort();
        all
    }

    /// A request past the server.
    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut door = TcpStream::connect(("127.0.0.1", self.door)).expect("the door");
        let length = body.len();
        let request = format!(
            "{method} /{path} HTTP/1.1\r\nHost: door\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        door.write_all(request.as_bytes()).expect("it is sent");
        let mut response = String::new();
        door.read_to_string(&mut response).expect("a response");
        let (head, body) = response.split_once("\r\n\r\n").expect("a response");
        assert!(head.starts_with("HTTP/1.1 200 "), "{method} {path}: {head}");
        body.to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.way.is_some() {
            self.kill();
        }
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it is gone");
    }
}

/// An object's path at the door, its name in hexadecimal.
fn object(name: &str) -> String {
    object_in("bucket", name)
}

fn object_in(bucket: &str, name: &str) -> String {
    name.bytes().fold(format!("{bucket}/"), |path, byte| path + &format!("{byte:02x}"))
}

/// Connections that are let through.
struct Way {
    port: u16,
    is_cut: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    accepting: JoinHandle<()>,
}

impl Way {
    fn open(port: u16, server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("its port is free");
        let (is_cut, streams) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (cut, held) = (Arc::clone(&is_cut), Arc::clone(&streams));
        let accepting = std::thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                if cut.load(Ordering::SeqCst) {
                    return;
                }
                let server = TcpStream::connect(("127.0.0.1", server)).expect("the server listens");
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (mut from, mut to) = (from.try_clone().expect("a stream"), to.try_clone().expect("a stream"));
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
                held.lock().expect("the streams").extend([client, server]);
            }
        });
        Self { port, is_cut, streams, accepting }
    }

    fn cut(self) {
        self.is_cut.store(true, Ordering::SeqCst);
        // It wakes up, sees this, and closes its port.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.accepting.join().expect("it ends");
        for stream in self.streams.lock().expect("the streams").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
