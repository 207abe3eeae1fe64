//! Chromium, driven by `WebDriver` as a person would use it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::webdriver::{Locator, Session};

/// How long a page is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser with a profile and a folder for downloads of its own.
pub struct Chromium {
    session: Session,
    driver: Child,
    url: String,
    folder: TempDir,
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Starts chromedriver on a port that is free. It takes the same port of both versions of IP, and ends if another program
/// has one of them.
fn driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is installed: tests/run installs it");
    let mut lines = BufReader::new(driver.stdout.take().expect("its words")).lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, port) = line.split_once("successfully on port ")?;
        port.trim_end_matches('.').parse::<u16>().ok()
    });
    let Some(port) = port else {
        driver.wait().expect("it ends");
        return None;
    };
    std::thread::spawn(move || lines.for_each(drop));
    Some((driver, port))
}

impl Chromium {
    /// Opens a browser for the pages at this address.
    pub async fn at(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (driver, port) = (0..5).find_map(|_| driver()).expect("it says where it listens");
        let options = json!({
            // As root there is no sandbox, and what it is shown comes from here.
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     format!("--user-data-dir={}", folder.path().join("profile").display())],
            "prefs": { "download.default_directory": folder.path(), "download.prompt_for_download": false },
        });
        let capabilities = json!({
            "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" },
        });
        let session = Session::open(format!("http://127.0.0.1:{port}"), capabilities).await;
        Self { session, driver, url: url.to_owned(), folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub async fn close(self) {
        self.session.close().await;
    }

    pub async fn open(&self, path: &str) {
        self.session.go_to(&format!("{}{path}", self.url)).await;
    }

    pub async fn sign_in(&self, token: &str) {
        self.open("/").await;
        self.type_into("input[name=token]", token).await;
        self.press("Sign in").await;
        self.until("h1", "Tonight").await;
    }

    /// The id of an element, which is waited for.
    async fn find(&self, locator: Locator<'_>) -> String {
        let started = Instant::now();
        loop {
            if let Some(element) = self.session.find(locator).await {
                return element;
            }
            assert!(started.elapsed() < PATIENCE, "{locator:?} is never there");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What stands in an element, as a person sees it.
    pub async fn text(&self, css: &str) -> String {
        let element = self.find(Locator::Css(css)).await;
        self.session.text(&element).await.expect("its text")
    }

    /// Waits until an element says something.
    pub async fn until(&self, css: &str, what: &str) {
        let started = Instant::now();
        loop {
            let mut text = String::new();
            if let Some(element) = self.session.find(Locator::Css(css)).await {
                // A page that was loaded anew meanwhile has another element.
                text = self.session.text(&element).await.unwrap_or_default();
            }
            if text.contains(what) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "`{css}` never says `{what}`: {text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn click(&self, css: &str) {
        self.click_on(Locator::Css(css)).await;
    }

    pub async fn click_link(&self, text: &str) {
        self.click_on(Locator::LinkText(text)).await;
    }

    /// Presses the button that says this.
    pub async fn press(&self, text: &str) {
        let button = format!("//button[normalize-space()='{text}']");
        self.click_on(Locator::XPath(&button)).await;
    }

    /// Clicks on an element, again where the page was loaded anew just then.
    async fn click_on(&self, locator: Locator<'_>) {
        let started = Instant::now();
        while let Err(why) = self.session.click(&self.find(locator).await).await {
            assert!(started.elapsed() < PATIENCE, "{locator:?}: {why}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn type_into(&self, css: &str, text: &str) {
        self.session.type_into(&self.find(Locator::Css(css)).await, text).await;
    }

    /// Presses a key, wherever the focus is.
    pub async fn key(&self, key: &str) {
        self.session.type_into(&self.session.focused().await, key).await;
    }

    pub async fn wide(&self, pixels: u32) {
        self.session.resize(pixels, 900).await;
    }

    /// What a script answers.
    pub async fn ask(&self, script: &str) -> Value {
        self.session.script(script).await
    }

    /// A file that the browser has saved whole.
    pub async fn downloaded(&self, name: &str) -> Vec<u8> {
        let started = Instant::now();
        loop {
            if let Ok(bytes) = std::fs::read(self.folder().join(name)) {
                return bytes;
            }
            assert!(started.elapsed() < PATIENCE, "{name} is never there");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the browser complained of: scripts that failed, and what the content security policy kept out.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.session.log().await;
        log.as_array().into_iter().flatten().map(|own| own["message"].to_string()).collect()
    }
}
