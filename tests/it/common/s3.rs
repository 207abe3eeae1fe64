//! An object store of the test's own: a real S3 server over a folder, which can
//! be killed and brought back.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

pub const ACCESS_KEY: &str = "tester";
pub const SECRET_KEY: &str = "the secret of the tester";

/// The server, with one bucket called `bucket`.
pub struct Server {
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Server {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("bucket")).expect("a bucket");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|own| own.local_addr()).expect("a port").port();
        let mut server = Self { folder, port, child: None };
        server.start();
        server
    }

    /// Starts it, and waits until it listens.
    pub fn start(&mut self) {
        assert!(self.child.is_none(), "it runs");
        let child = Command::new("s3s-fs")
            .args(["--host", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`s3s-fs` starts: `tests/run` installs it");
        self.child = Some(child);
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the server does not listen");
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it is killed");
        child.wait().expect("it is gone");
    }

    /// The variables by which a program finds it.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "eu-north-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ]
    }

    /// The file that an object is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("bucket").join(name)
    }

    pub fn write(&self, name: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, "a picture").expect("an object");
    }

    /// The names of all objects.
    pub fn objects(&self) -> Vec<String> {
        let bucket = self.path("");
        let mut all = Vec::new();
        let mut folders = vec![bucket.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
                if entry.is_dir() {
                    folders.push(entry);
                } else {
                    all.push(below(&entry, &bucket));
                }
            }
        }
        all.sort();
        all
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}

fn below(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).expect("below it").to_string_lossy().into_owned()
}
