//! Chromium, driven by `WebDriver` as a person would use it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

/// How long a page is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with a profile and a folder for downloads of its own.
pub struct Chromium {
    client: Client,
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

/// Asks for what the browser complained of.
#[derive(Debug)]
struct Log;

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

impl Chromium {
    /// Opens a browser for the pages at this address.
    pub async fn at(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
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
        let port = port.expect("it says where it listens");
        std::thread::spawn(move || lines.for_each(drop));
        let options = json!({
            // As root there is no sandbox, and what it is shown comes from here.
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     format!("--user-data-dir={}", folder.path().join("profile").display())],
            "prefs": { "download.default_directory": folder.path(), "download.prompt_for_download": false },
        });
        let capabilities = json!({
            "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("it is an object") };
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("Chromium starts");
        Self { client, driver, url: url.to_owned(), folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub async fn close(self) {
        self.client.clone().close().await.expect("it closes");
    }

    pub async fn open(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.url)).await.expect("the page opens");
    }

    pub async fn sign_in(&self, token: &str) {
        self.open("/").await;
        self.type_into("input[name=token]", token).await;
        self.press("Sign in").await;
        self.until("h1", "Tonight").await;
    }

    async fn find(&self, locator: Locator<'_>) -> fantoccini::elements::Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(locator).await;
        found.unwrap_or_else(|error| panic!("{locator:?}: {error}"))
    }

    /// What stands in an element, as a person sees it.
    pub async fn text(&self, css: &str) -> String {
        self.find(Locator::Css(css)).await.text().await.expect("its text")
    }

    /// Waits until an element says something.
    pub async fn until(&self, css: &str, what: &str) {
        let started = Instant::now();
        loop {
            let element = self.client.find(Locator::Css(css)).await;
            let text = if let Ok(own) = element { own.text().await.unwrap_or_default() } else { String::new() };
            if text.contains(what) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "`{css}` never says `{what}`: {text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn click(&self, css: &str) {
        self.find(Locator::Css(css)).await.click().await.expect("it can be clicked");
    }

    pub async fn click_link(&self, text: &str) {
        self.find(Locator::LinkText(text)).await.click().await.expect("it can be clicked");
    }

    /// Presses the button that says this.
    pub async fn press(&self, text: &str) {
        let button = format!("//button[normalize-space()='{text}']");
        self.find(Locator::XPath(&button)).await.click().await.expect("it can be pressed");
    }

    pub async fn type_into(&self, css: &str, text: &str) {
        self.find(Locator::Css(css)).await.send_keys(text).await.expect("it takes text");
    }

    /// Presses a key, wherever the focus is.
    pub async fn key(&self, key: &str) {
        let focused = self.client.active_element().await.expect("something has the focus");
        focused.send_keys(key).await.expect("a key");
    }

    pub async fn wide(&self, pixels: u32) {
        self.client.set_window_size(pixels, 900).await.expect("a window");
    }

    /// What a script answers.
    pub async fn ask(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("a script")
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
        let log = self.client.issue_cmd(Log).await.expect("a log");
        log.as_array().into_iter().flatten().map(|own| own["message"].to_string()).collect()
    }
}
