//! `[traces]`: the collector that spans are sent to.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use url::Url;

use super::{Config, Failure, content, is_here, place};
use crate::outside::client;
use crate::traces::{Fault, Settings, begin};

const HINT: &str = "`docs/operations.md` shows how under \"Traces\"";

/// The variables that name a collector, and what each leaves to be added to its path.
const VARIABLES: [(&str, &str); 2] =
    [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""), ("OTEL_EXPORTER_OTLP_ENDPOINT", PATH)];

/// Where a collector takes spans, below its address.
const PATH: &str = "v1/traces";

/// How long a collector has to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|own| own.trim().to_owned()).filter(|own| !own.is_empty())
}

impl Config {
    /// Where spans go; `None` without a collector. Relative paths count from `folder`.
    pub fn read_traces(&self, file: &Path, folder: &Path) -> Result<Option<Settings>, Failure> {
        let own = &self.traces;
        let refused = |setting: &str, what: &str| {
            let setting = format!("traces.{setting}");
            Failure::new(format!("{}: `{setting}` {what}", place(file, &setting)), HINT)
        };
        if !(0.0..=1.0).contains(&own.sample) {
            return Err(refused("sample", &format!("is {}, and should be from 0 to 1", own.sample)));
        }
        let is = |name: &str, word: &str| variable(name).is_some_and(|own| own.eq_ignore_ascii_case(word));
        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return Ok(None);
        }
        let endpoint = if let Some(text) = &own.endpoint {
            // A collector's address alone stands for where it takes spans.
            let url = endpoint(text, "").map_err(|what| refused("endpoint", &what))?;
            let is_bare = url.path() == "/" && url.query().is_none();
            if is_bare { url.join(PATH).unwrap_or(url) } else { url }
        } else {
            let named = VARIABLES.iter().find_map(|(name, path)| Some((name, variable(name)?, path)));
            let Some((name, text, path)) = named else {
                let Some(_) = own.headers_file else { return Ok(None) };
                return Err(refused("headers_file", "is set, and `traces.endpoint` is not"));
            };
            endpoint(&text, path).map_err(|what| Failure::new(format!("`{name}` {what}"), HINT))?
        };
        let headers = match &own.headers_file {
            None => HashMap::new(),
            Some(path) => {
                if endpoint.scheme() == "http" && !is_here(&endpoint) {
                    return Err(refused("headers_file", "would be sent over `http://`, where others can read it"));
                }
                let path = folder.join(path);
                let text = content(&path, std::fs::read_to_string).map_err(|what| refused("headers_file", &what))?;
                headers(&text).map_err(|line| {
                    let what = format!("names `{}`, whose line {line} is not `name: value`", path.display());
                    refused("headers_file", &what)
                })?
            }
        };
        Ok(Some(Settings { endpoint, headers, sample: own.sample }))
    }

    /// Sends spans from now on, if there is a collector.
    pub fn begin_traces(&self) -> Result<(), Failure> {
        let Some(settings) = &self.collector else { return Ok(()) };
        let begun = client(TIMEOUT).ok_or(Fault::Unusable).and_then(|client| begin(settings, client));
        begun.map_err(|fault| Failure::new(format!("`traces.endpoint`: {fault}"), HINT))
    }

    /// Whether the collector takes spans, if there is one.
    pub async fn check_collector(&self) -> Option<Result<(), Failure>> {
        let settings = self.collector.as_ref()?;
        let answer = match client(TIMEOUT) {
            Some(client) => settings.check(client).await,
            None => Err(Fault::Unusable),
        };
        Some(answer.map_err(|fault| {
            Failure::new(fault.to_string(), "check `traces.endpoint`, and that the headers authenticate the sender")
        }))
    }
}

/// The URL can hold a token, so it is not repeated.
fn endpoint(text: &str, path: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("cannot be read: {error}; `https://collector.example.com:4318` is one"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("is not a URL that begins with `https://` or `http://`".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "has a user or a password in it; a header in `traces.headers_file` authenticates the sender".to_owned()
        );
    }
    if url.fragment().is_some() {
        return Err("has a `#` in it, and nothing after it is ever sent".to_owned());
    }
    if path.is_empty() {
        return Ok(url);
    }
    let below = format!("{}/{path}", url.path().trim_end_matches('/'));
    let mut url = url;
    url.set_path(&below);
    Ok(url)
}

/// One header a line; the first line that is none.
fn headers(text: &str) -> Result<HashMap<String, String>, usize> {
    let mut headers = HashMap::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (name, value) = line.split_once(':').ok_or(at + 1)?;
        let name = name.trim().parse::<reqwest::header::HeaderName>().map_err(|_| at + 1)?;
        let value = value.trim();
        if value.is_empty() || value.parse::<reqwest::header::HeaderValue>().is_err() {
            return Err(at + 1);
        }
        headers.insert(name.to_string(), value.to_owned());
    }
    Ok(headers)
}
