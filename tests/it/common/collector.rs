//! A collector of spans on this machine: a real HTTP server that decodes what it is sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message;

/// A span as it came.
#[derive(Debug, Clone)]
pub struct Spanned {
    pub name: String,
    pub trace: Vec<u8>,
    pub id: Vec<u8>,
    pub parent: Vec<u8>,
    pub nanoseconds: (u64, u64),
    pub failed: bool,
    pub attributes: BTreeMap<String, String>,
}

impl Spanned {
    /// An attribute that is a number; zero if it is none.
    pub fn number(&self, name: &str) -> i64 {
        self.attributes.get(name).and_then(|own| own.parse().ok()).unwrap_or(0)
    }
}

#[derive(Debug, Default)]
struct Got {
    bodies: Vec<Vec<u8>>,
    headers: Vec<HeaderMap>,
}

/// What it answers, and after how long.
type Says = (StatusCode, Duration);

#[derive(Clone)]
pub struct Collector {
    got: Arc<Mutex<Got>>,
    says: Says,
    pub url: String,
}

impl Collector {
    /// One that takes everything.
    pub fn new() -> Self {
        Self::saying(StatusCode::OK, Duration::ZERO)
    }

    /// One that answers so, after so long, in a thread of its own.
    pub fn saying(status: StatusCode, after: Duration) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("it does not block");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let collector = Self { got: Arc::default(), says: (status, after), url };
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                axum::serve(listener, router).await.expect("it serves");
            });
        });
        collector
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.got.lock().expect("what came").bodies.len()
    }

    /// Everything that came, as it came.
    pub fn bytes(&self) -> Vec<u8> {
        self.got.lock().expect("what came").bodies.concat()
    }

    /// A header of each request.
    pub fn header(&self, name: &str) -> Vec<String> {
        let got = self.got.lock().expect("what came");
        let text =
            |own: &HeaderMap| own.get(name).map_or_else(String::new, |own| own.to_str().expect("text").to_owned());
        got.headers.iter().map(text).collect()
    }

    /// The names of services that sent something.
    pub fn services(&self) -> Vec<String> {
        let mut names = Vec::new();
        for request in self.requests() {
            for own in request.resource_spans.into_iter().filter_map(|own| own.resource) {
                names.extend(
                    own.attributes.into_iter().filter(|own| own.key == "service.name").map(|own| text(own.value)),
                );
            }
        }
        names.dedup();
        names
    }

    /// All spans that came.
    pub fn spans(&self) -> Vec<Spanned> {
        let scopes = self.requests().into_iter().flat_map(|own| own.resource_spans).flat_map(|own| own.scope_spans);
        scopes
            .flat_map(|own| own.spans)
            .map(|own| Spanned {
                name: own.name,
                trace: own.trace_id,
                id: own.span_id,
                parent: own.parent_span_id,
                nanoseconds: (own.start_time_unix_nano, own.end_time_unix_nano),
                failed: own.status.is_some_and(|own| own.code == 2),
                attributes: own.attributes.into_iter().map(|own| (own.key, text(own.value))).collect(),
            })
            .collect()
    }

    /// The spans of this name.
    pub fn named(&self, name: &str) -> Vec<Spanned> {
        self.spans().into_iter().filter(|own| own.name == name).collect()
    }

    /// Waits until there are spans of this name, for half a minute at most.
    pub fn until(&self, name: &str) -> Vec<Spanned> {
        for _ in 0..2_400 {
            let named = self.named(name);
            if !named.is_empty() {
                return named;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("no span `{name}` came");
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let got = self.got.lock().expect("what came");
        got.bodies.iter().map(|own| ExportTraceServiceRequest::decode(own.as_slice()).expect("spans")).collect()
    }
}

fn text(value: Option<opentelemetry_proto::tonic::common::v1::AnyValue>) -> String {
    match value.and_then(|own| own.value) {
        Some(Value::StringValue(own)) => own,
        Some(Value::IntValue(own)) => own.to_string(),
        other => format!("{other:?}"),
    }
}

async fn take(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) -> StatusCode {
    {
        let mut got = collector.got.lock().expect("what came");
        got.bodies.push(body.to_vec());
        got.headers.push(headers);
    }
    tokio::time::sleep(collector.says.1).await;
    collector.says.0
}
