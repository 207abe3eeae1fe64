//! From a span that ended to the collector, without anybody's waiting for it.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter as Exporting, SpanProcessor};
use tokio::runtime::Handle;
use url::Url;

/// The largest answer of a collector that is read.
const LARGEST_ANSWER: usize = 1 << 20;

/// Where spans go.
#[derive(Clone, PartialEq)]
pub struct Settings {
    /// The address that takes them.
    pub endpoint: Url,
    /// Headers that say who sends them.
    pub headers: HashMap<String, String>,
    /// The share of traces that are sent, from 0 to 1.
    pub sample: f64,
}

/// The address and the headers can hold a token.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Settings").field("sample", &self.sample).finish_non_exhaustive()
    }
}

/// Why a collector does not take spans.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("nothing can be sent with these settings")]
    Unusable,
    #[error("the collector cannot be reached")]
    Away,
    #[error("the collector does not answer in time")]
    Slow,
    #[error("the collector answers with status {0}")]
    Says(u16),
}

impl Settings {
    /// Asks the collector to take no spans at all, as it would be asked to take some.
    pub async fn check(&self, client: reqwest::Client) -> Result<(), Fault> {
        let counts = Arc::<Counts>::default();
        let exporter = exporter(self, client, &counts)?;
        exporter.export(Vec::new()).await.map_err(|_| counts.fault())
    }
}

/// How many spans ended and how many the collector has.
#[derive(Debug, Default)]
pub(super) struct Counts {
    ended: AtomicU64,
    taken: AtomicU64,
    /// Those that were refused since the collector last took some.
    refused: AtomicU64,
    /// Why the last try failed.
    fault: Mutex<Option<Fault>>,
}

impl Counts {
    fn fault(&self) -> Fault {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or(Fault::Unusable)
    }

    fn failed(&self, fault: Fault) -> HttpError {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault.clone());
        fault.into()
    }

    fn taken(&self, spans: u64) {
        self.taken.fetch_add(spans, Ordering::Relaxed);
        let lost = self.refused.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::info!(lost, "the collector takes spans again");
        }
    }

    /// Says so once, until the collector takes spans again.
    fn refused(&self, spans: u64) {
        if self.refused.fetch_add(spans, Ordering::Relaxed) == 0 {
            tracing::warn!(error = %self.fault(), "spans are lost, and nothing else; `lethe doctor` asks the collector");
        }
    }

    /// Says how many spans no collector has.
    pub(super) fn say_at_end(&self) {
        let lost = self.ended.load(Ordering::Relaxed).saturating_sub(self.taken.load(Ordering::Relaxed));
        if lost > 0 {
            tracing::warn!(lost, "spans were not sent");
        }
    }
}

/// Takes spans that ended, queues up to 2,048, and sends them in a thread of its own.
pub(super) fn processor(settings: &Settings, client: reqwest::Client) -> Result<(Counting, Arc<Counts>), Fault> {
    let counts = Arc::<Counts>::default();
    let exporter = Counted { exporter: exporter(settings, client, &counts)?, counts: Arc::clone(&counts) };
    let batches = BatchSpanProcessor::builder(exporter).build();
    Ok((Counting { batches, counts: Arc::clone(&counts) }, counts))
}

fn exporter(settings: &Settings, client: reqwest::Client, counts: &Arc<Counts>) -> Result<SpanExporter, Fault> {
    let runtime = Handle::try_current().map_err(|_| Fault::Unusable)?;
    SpanExporter::builder()
        .with_http()
        .with_http_client(Client { http: client, runtime, counts: Arc::clone(counts) })
        .with_endpoint(settings.endpoint.as_str())
        .with_headers(settings.headers.clone())
        .build()
        .map_err(|_| Fault::Unusable)
}

/// Counts what ends; what does not fit into the queue is never sent.
#[derive(Debug)]
pub(super) struct Counting {
    batches: BatchSpanProcessor,
    counts: Arc<Counts>,
}

impl SpanProcessor for Counting {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.counts.ended.fetch_add(1, Ordering::Relaxed);
        self.batches.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Counts what the collector takes.
#[derive(Debug)]
struct Counted {
    exporter: SpanExporter,
    counts: Arc<Counts>,
}

impl Exporting for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let sent = self.exporter.export(batch).await;
        if sent.is_ok() {
            self.counts.taken(spans);
        } else {
            self.counts.refused(spans);
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Sends from the program's own runtime, whichever thread asks for it.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
    counts: Arc<Counts>,
}

impl HttpClient for Client {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let client = self.http.clone();
        let sending = self.runtime.spawn(async move { send(client, request).await });
        Box::pin(async move {
            let answer = sending.await.map_err(|_| self.counts.failed(Fault::Away))?;
            let answer = answer.map_err(|fault| self.counts.failed(fault))?;
            if !answer.status().is_success() {
                let _ = self.counts.failed(Fault::Says(answer.status().as_u16()));
            }
            Ok(answer)
        })
    }
}

/// The driver's own words for what went wrong have the address in them, and are left out.
async fn send(client: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, Fault> {
    let fault = |error: reqwest::Error| if error.is_timeout() { Fault::Slow } else { Fault::Away };
    let request = reqwest::Request::try_from(request).map_err(|_| Fault::Unusable)?;
    let mut response = client.execute(request).await.map_err(fault)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(fault)? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_ANSWER {
            return Err(Fault::Away);
        }
    }
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = response.status();
    Ok(answer)
}
