//! As much of the `WebDriver` protocol as the tests need.
//!
//! Source: W3C, `WebDriver`, <https://www.w3.org/TR/webdriver2/>.

use reqwest::{Client, Method};
use serde_json::{Value, json};

/// The name under which an element's id is sent.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

#[derive(Debug, Clone, Copy)]
pub enum Locator<'a> {
    Css(&'a str),
    LinkText(&'a str),
    XPath(&'a str),
}

impl Locator<'_> {
    fn body(self) -> Value {
        let (using, value) = match self {
            Self::Css(value) => ("css selector", value),
            Self::LinkText(value) => ("link text", value),
            Self::XPath(value) => ("xpath", value),
        };
        json!({ "using": using, "value": value })
    }
}

/// A window of a browser.
pub struct Session {
    client: Client,
    url: String,
}

impl Session {
    /// Opens a window by way of the driver at this URL.
    pub async fn open(driver: String, capabilities: Value) -> Self {
        let client = Client::new();
        let body = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let opened =
            send(&client, Method::POST, &format!("{driver}/session"), Some(body)).await.expect("Chromium starts");
        let id = opened["sessionId"].as_str().expect("a session");
        Self { client, url: format!("{driver}/session/{id}") }
    }

    pub async fn close(&self) {
        send(&self.client, Method::DELETE, &self.url, None).await.expect("it closes");
    }

    async fn get(&self, path: &str) -> Result<Value, String> {
        send(&self.client, Method::GET, &format!("{}/{path}", self.url), None).await
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        send(&self.client, Method::POST, &format!("{}/{path}", self.url), Some(body)).await
    }

    pub async fn go_to(&self, url: &str) {
        self.post("url", json!({ "url": url })).await.expect("the page opens");
    }

    /// The id of the first such element, if there is one.
    pub async fn find(&self, locator: Locator<'_>) -> Option<String> {
        let found = self.post("element", locator.body()).await.ok()?;
        Some(id(&found))
    }

    /// The id of the element that has the focus.
    pub async fn focused(&self) -> String {
        id(&self.get("element/active").await.expect("something has the focus"))
    }

    /// What an element shows, unless it is gone.
    pub async fn text(&self, element: &str) -> Result<String, String> {
        let text = self.get(&format!("element/{element}/text")).await?;
        Ok(text.as_str().expect("a text").to_owned())
    }

    /// Clicks on an element, unless it is gone.
    pub async fn click(&self, element: &str) -> Result<(), String> {
        self.post(&format!("element/{element}/click"), json!({})).await.map(drop)
    }

    pub async fn type_into(&self, element: &str, text: &str) {
        self.post(&format!("element/{element}/value"), json!({ "text": text })).await.expect("it takes text");
    }

    pub async fn resize(&self, width: u32, height: u32) {
        self.post("window/rect", json!({ "width": width, "height": height })).await.expect("a window");
    }

    pub async fn script(&self, script: &str) -> Value {
        self.post("execute/sync", json!({ "script": script, "args": [] })).await.expect("a script")
    }

    /// What the browser complained of since it was asked last.
    pub async fn log(&self) -> Value {
        self.post("se/log", json!({ "type": "browser" })).await.expect("a log")
    }
}

fn id(element: &Value) -> String {
    element[ELEMENT].as_str().expect("an element").to_owned()
}

/// The value of the driver's response, or its error.
async fn send(client: &Client, method: Method, url: &str, body: Option<Value>) -> Result<Value, String> {
    let mut request = client.request(method, url);
    if let Some(body) = body {
        request = request.body(body.to_string());
    }
    let response = request.send().await.expect("the driver responds");
    let succeeded = response.status().is_success();
    let text = response.text().await.expect("the driver responds");
    let value = serde_json::from_str::<Value>(&text).expect("JSON")["value"].take();
    if succeeded { Ok(value) } else { Err(value.to_string()) }
}
