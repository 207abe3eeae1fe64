//! Spans of what Lethe does, for a collector that speaks `OpenTelemetry`.
//!
//! Without a collector nothing is made and nothing is sent. A span has ids, counts, names of jobs and
//! kinds, and nothing else: no client's key, no value, no statement. Imports nothing of ours.

mod sending;

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    FutureExt, Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId,
    TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, Sampler, SdkTracer, SdkTracerProvider, Span as SdkSpan,
};
use sha2::{Digest, Sha256};

pub use sending::{Fault, Settings};

/// How long the last spans have at the end to be sent.
const LAST: Duration = Duration::from_secs(3);

static RUNNING: OnceLock<Running> = OnceLock::new();

struct Running {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    counts: Arc<sending::Counts>,
}

/// Sends spans from now on. Only the first call of a process does something.
pub fn begin(settings: &Settings, client: reqwest::Client) -> Result<(), Fault> {
    if RUNNING.get().is_some() {
        return Ok(());
    }
    let (processor, counts) = sending::processor(settings, client)?;
    let resource = Resource::builder();
    let is_named = ["OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|own| *name == "OTEL_SERVICE_NAME" || own.contains("service.name=")));
    let resource = if is_named { resource } else { resource.with_service_name("lethe") };
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        // By the trace's id alone, so that every process takes the same sweeps.
        .with_sampler(Sampler::TraceIdRatioBased(settings.sample))
        .with_id_generator(Ids)
        .with_resource(resource.with_attribute(version).build())
        .build();
    let tracer = provider.tracer("lethe");
    let _ = RUNNING.set(Running { provider, tracer, counts });
    Ok(())
}

/// Sends what is left, for three seconds at most, and says how many spans were lost.
pub fn end() {
    if let Some(running) = RUNNING.get() {
        let _ = running.provider.shutdown_with_timeout(LAST);
        running.counts.say_at_end();
    }
}

/// Whether spans are sent.
pub fn is_on() -> bool {
    RUNNING.get().is_some()
}

/// The ids of a span that several processes know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    trace: TraceId,
    span: SpanId,
}

impl Shared {
    /// The same ids for the same text, in any process.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let (mut trace, mut span) = ([0; 16], [0; 8]);
        trace.copy_from_slice(&digest[..16]);
        span.copy_from_slice(&digest[16..24]);
        Self { trace: TraceId::from_bytes(trace), span: SpanId::from_bytes(span) }
    }

    fn as_parent(self) -> Context {
        let own = SpanContext::new(self.trace, self.span, TraceFlags::SAMPLED, true, TraceState::default());
        Context::new().with_remote_span_context(own)
    }
}

thread_local! {
    /// The ids of the span that is begun next in this thread.
    static NEXT: Cell<Option<Shared>> = const { Cell::new(None) };
}

/// Ids by chance, but for a span that several processes know.
#[derive(Debug)]
struct Ids;

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        NEXT.get().map_or_else(|| RandomIdGenerator::default().new_trace_id(), |own| own.trace)
    }

    fn new_span_id(&self) -> SpanId {
        NEXT.get().map_or_else(|| RandomIdGenerator::default().new_span_id(), |own| own.span)
    }
}

/// A span that lasts until it is dropped, or nothing where none are sent.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct Span(Option<SdkSpan>);

impl Span {
    fn begin(name: impl Into<Cow<'static, str>>, kind: SpanKind, since: Option<SystemTime>, parent: &Context) -> Self {
        Self(RUNNING.get().map(|running| {
            let mut builder = SpanBuilder::from_name(name).with_kind(kind);
            builder.start_time = since;
            running.tracer.build_with_context(builder, parent)
        }))
    }

    /// A span with no other above it.
    pub fn root(name: &'static str, since: Option<SystemTime>) -> Self {
        Self::begin(name, SpanKind::Internal, since, &Context::new())
    }

    /// A span for a request that is answered here.
    pub fn of_request(name: String) -> Self {
        Self::begin(name, SpanKind::Server, None, &Context::new())
    }

    /// A span below one that several processes know, begun at `since`.
    pub fn below(name: &'static str, parent: impl FnOnce() -> Shared, since: Option<SystemTime>) -> Self {
        if !is_on() {
            return Self(None);
        }
        Self::begin(name, SpanKind::Internal, since, &parent().as_parent())
    }

    /// The span that several processes know. The process that sees its end sends it.
    pub fn shared(name: &'static str, own: Shared, since: Option<SystemTime>) -> Self {
        NEXT.set(Some(own));
        let span = Self::begin(name, SpanKind::Internal, since, &Context::new());
        NEXT.set(None);
        span
    }

    /// A step of the work that is [within](Self::around) a span; nothing elsewhere.
    pub fn step(name: &'static str) -> Self {
        let current = Context::current();
        if is_on() && current.has_active_span() {
            Self::begin(name, SpanKind::Internal, None, &current)
        } else {
            Self(None)
        }
    }

    /// Adds an id, a count or a name that the configuration gives. Never anything of a client.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(name, value));
        }
        self
    }

    /// Marks it as gone wrong; why stands in the log and the ledger.
    pub fn failed(mut self, is_so: bool) -> Self {
        if let (true, Some(span)) = (is_so, &mut self.0) {
            span.set_status(Status::error(""));
        }
        self
    }

    /// Does work whose [steps](Self::step) are below this span, and ends with it.
    pub async fn around<F: Future>(self, work: F) -> F::Output {
        let context = self.0.map_or_else(Context::current, Context::current_with_span);
        work.with_context(context).await
    }
}

/// Adds a count to the span [around](Span::around) this.
pub fn note(name: &'static str, count: u64) {
    if is_on() {
        Context::current().span().set_attribute(KeyValue::new(name, number(count)));
    }
}

/// A count as an attribute.
pub fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
