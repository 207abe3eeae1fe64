//! A real mail server on this machine (aiosmtpd), and a monitor that takes signs of life.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use serde_json::Value;

/// A mail server, and the letters that it got.
pub struct Post {
    child: Child,
    pub port: u16,
    letters: Arc<Mutex<Vec<Value>>>,
}

impl Post {
    pub fn new(arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/common/post.py");
        let mut child = Command::new("/usr/bin/python3")
            .arg(script)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Debian's python3 with python3-aiosmtpd, which tests/run installs");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
        let port = lines.next().and_then(|line| line.parse().ok()).expect("python3-aiosmtpd, which tests/run installs");
        let letters = Arc::new(Mutex::new(Vec::new()));
        let got = Arc::clone(&letters);
        std::thread::spawn(move || {
            lines.for_each(|line| got.lock().unwrap().push(serde_json::from_str(&line).expect("a letter")));
        });
        Self { child, port, letters }
    }

    /// A server for 0.0.0.0, which is this machine and is not called so, and for `localhost`.
    pub fn with_certificate(way: &str, folder: &Path) -> (Self, PathBuf) {
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=post", "-addext", "subjectAltName=DNS:localhost,IP:0.0.0.0"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-out")
            .arg(&certificate)
            .arg("-keyout")
            .arg(&key)
            .stderr(Stdio::null())
            .status();
        assert!(made.expect("openssl").success());
        let post = Self::new(&[way, &certificate.to_string_lossy(), &key.to_string_lossy()]);
        (post, certificate)
    }

    pub fn letters(&self) -> Vec<Value> {
        self.letters.lock().unwrap().clone()
    }

    /// The subjects of the letters that it got, once there are so many.
    pub async fn subjects(&self, count: usize) -> Vec<String> {
        for _ in 0..3_000 {
            if self.letters().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.letters().iter().map(|own| own["subject"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A monitor: notes what it is asked for, and says these things first and then that all is fine.
#[derive(Clone, Default)]
pub struct Monitor {
    asked: Arc<Mutex<Vec<String>>>,
    says: Arc<Mutex<VecDeque<u16>>>,
    pub url: String,
}

impl Monitor {
    pub async fn new(says: &[u16]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let monitor = Self { url, says: Arc::new(Mutex::new(says.iter().copied().collect())), ..Self::default() };
        let router = Router::new().fallback(ask).with_state(monitor.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        monitor
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn ask(State(monitor): State<Monitor>, method: Method, uri: Uri) -> StatusCode {
    monitor.asked.lock().unwrap().push(format!("{method} {}", uri.path()));
    let says = monitor.says.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(says).unwrap()
}
