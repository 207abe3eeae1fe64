//! `/metrics`: metrics for Prometheus, read from the ledger when asked, so
//! that any process can be asked and all say the same. No personal data.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::App;
use super::eligible::eligible;
use super::problem::Problem;
use crate::domain::access::Right;
use crate::domain::outcome::Outcome;
use crate::ledger::{Halt, parse_moment};
use crate::report::{Overdue, overdue};
use crate::service::Service;
use crate::service::failure::Failure;
use crate::service::jobs::job_status;
use crate::traces::Span;
use crate::worker::gate;

const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// How long the number of overdue clients stands: counting them reads many rows.
pub(super) const STANDS: Duration = Duration::from_secs(600);
/// Bounds of the times to answer, in seconds.
const SECONDS: [f64; 8] = [0.005, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

type Labels = Vec<(&'static str, String)>;

/// What this process counts itself.
pub(super) struct Metrics {
    requests: Family<Labels, Counter>,
    seconds: Histogram,
    overdue: Mutex<Option<(Instant, Vec<Overdue>)>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { requests: Family::default(), seconds: Histogram::new(SECONDS), overdue: Mutex::default() }
    }
}

/// A method that HTTP knows; a client can send anything else.
fn method(own: &Method) -> &str {
    let known =
        [&Method::GET, &Method::HEAD, &Method::POST, &Method::PUT, &Method::PATCH, &Method::DELETE, &Method::OPTIONS];
    if known.contains(&own) { own.as_str() } else { "_OTHER" }
}

/// Counts requests and how long they take.
pub(super) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = method(request.method()).to_owned();
    // The path as it was declared: a client's key is no label.
    let path = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let span = Span::of_request(format!("{method} {path}"));
    let response = next.run(request).await;
    let status = response.status();
    let span = span
        .with("http.request.method", method.clone())
        .with("http.route", path.clone())
        .with("http.response.status_code", i64::from(status.as_u16()));
    drop(span.failed(status.is_server_error()));
    let labels = vec![("method", method), ("path", path), ("status", status.as_u16().to_string())];
    app.0.metrics.requests.get_or_create(&labels).inc();
    app.0.metrics.seconds.observe(begun.elapsed().as_secs_f64());
    response
}

/// Metrics for Prometheus, in the text form of `OpenMetrics`.
#[utoipa::path(get, path = "/metrics", tag = "state", operation_id = "get_metrics",
    responses((status = 200, content_type = "application/openmetrics-text", body = String)))]
pub(super) async fn metrics(State(app): State<App>, service: Service) -> Result<Response, Problem> {
    service.allow(Right::Read, "read metrics").await?;
    let registry = registry(&app, &service).await?;
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|_| Failure::new("the metrics cannot be written", "ask again"))?;
    Ok(([(header::CONTENT_TYPE, FORMAT)], text).into_response())
}

async fn registry(app: &App, service: &Service) -> Result<Registry, Problem> {
    let (context, ledger) = (&service.context, &service.context.ledger);
    let mut registry = Registry::with_prefix("lethe");
    let own = &app.0.metrics;
    registry.register("http_requests", "Requests answered by this process", own.requests.clone());
    let help = "How long this process took to answer";
    registry.register_with_unit("http_request_duration", help, Unit::Seconds, own.seconds.clone());
    let work = ledger.work().await?;
    let clients: Family<Labels, Counter> = Family::default();
    for outcome in Outcome::ALL {
        clients.get_or_create(&vec![("outcome", outcome.to_string())]).inc_by(work.done.of(outcome));
    }
    registry.register("clients", "Clients processed by all sweeps so far", clients);
    let mut gauge = |name: &str, help: &str, values: Vec<(Labels, f64)>| {
        let family: Family<Labels, Gauge<f64, AtomicU64>> = Family::default();
        for (labels, value) in values {
            family.get_or_create(&labels).set(value);
        }
        registry.register(name, help, family);
    };
    let now = ledger.clock().now();
    let age = |at: Option<&str>| {
        at.and_then(parse_moment).map_or(0.0, |at| seconds((now - at).num_milliseconds().max(0)) / 1_000.0)
    };
    let one = |value: f64| vec![(Labels::new(), value)];
    let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
    gauge("build_info", "The program's version; always 1", vec![(version, 1.0)]);
    gauge("batches_open", "Batches not yet over", one(seconds(work.open_batches)));
    let help = "How long the oldest batch that a worker could claim has waited; workers that live claim within seconds";
    gauge("batch_waiting_seconds", help, one(age(work.waiting_since.as_deref())));
    let running = ledger.running_sweeps().await?.len();
    gauge("sweeps_running", "Sweeps that are open", one(seconds(i64::try_from(running).unwrap_or(i64::MAX))));

    let mut ended = Vec::new();
    let mut states = Vec::new();
    for last in ledger.last_of_jobs().await? {
        let job = ("job", last.job);
        if let Some(at) = last.done_at.as_deref().and_then(parse_moment) {
            ended.push((vec![job.clone()], seconds(at.timestamp())));
        }
        states.push((vec![job, ("state", last.state)], 1.0));
    }
    gauge("job_last_done_timestamp_seconds", "When a sweep of the job was last done", ended);
    gauge("job_last_state", "State of the job's last sweep; always 1", states);
    let jobs = job_status(ledger, &service.jobs).await?;
    let next = jobs.iter().filter_map(|own| {
        let at = own.next.as_deref().and_then(parse_moment)?;
        Some((vec![("job", own.job.clone())], seconds(at.timestamp())))
    });
    gauge("job_next_tick_timestamp_seconds", "When the job runs next", next.collect());
    let paused = jobs
        .iter()
        .filter(|own| own.error.is_none())
        .map(|own| (vec![("job", own.job.clone())], f64::from(u8::from(own.paused.is_some()))));
    gauge("job_paused", "1 while the job is paused, by itself or with all work", paused.collect());

    let standing = ledger.standing().await?;
    let count = |clients: u64| seconds(i64::try_from(clients).unwrap_or(i64::MAX));
    gauge("clients_failed", "Clients that failed when they were last processed", one(count(standing.failed)));
    gauge("clients_refused", "Clients refused when they were last processed", one(count(standing.refused)));
    gauge("clients_on_hold", "Clients on hold", one(count(standing.on_hold)));
    let mut due = Vec::new();
    let mut late = Vec::new();
    for own in waiting(app, service).await? {
        due.push((vec![("by", own.by.to_owned())], count(own.clients)));
        late.extend(own.longer.iter().map(|longer| {
            (vec![("by", own.by.to_owned()), ("days", longer.days.to_string())], count(longer.unrefused))
        }));
    }
    gauge("clients_due", "Clients that are due, including those that a guard refuses; up to ten minutes old", due);
    let help = "Clients that have been due for more than this many days, without those refused when last checked; \
                up to ten minutes old";
    gauge("clients_overdue", help, late);
    let each = eligible(app).into_iter().map(|own| (vec![("job", own.job)], count(own.clients)));
    let help = "Clients that the job would anonymize now, by its filters and length and after all guards; up to ten \
                minutes old";
    gauge("clients_to_anonymize", help, each.collect());

    let deliveries = ledger.outstanding(None).await?;
    let mut by_target: HashMap<(String, String), (i64, i64)> = HashMap::new();
    for own in deliveries {
        let sum = by_target.entry((own.kind, own.target)).or_default();
        (sum.0, sum.1) = (sum.0 + own.open, sum.1 + own.failed);
    }
    let of = |pick: fn(&(i64, i64)) -> i64| {
        let each = by_target.iter().map(|((kind, target), sum)| {
            (vec![("kind", kind.clone()), ("target", target.clone())], seconds(pick(sum)))
        });
        each.collect::<Vec<_>>()
    };
    gauge("deliveries_open", "Files to delete and messages to send", of(|sum| sum.0));
    gauge("deliveries_given_up", "Files and messages that were abandoned", of(|sum| sum.1));
    if let Some(head) = ledger.journal().await? {
        let backlog = ledger.backlog().await?;
        gauge("journal_waiting", "Outcomes that wait to be written to the journal", one(seconds(backlog.records)));
        gauge("journal_waiting_seconds", "How long the oldest of them has waited", one(age(backlog.since.as_deref())));
        gauge("journal_records", "The number of the journal's last record", one(seconds(head.number)));
        let ahead = f64::from(u8::from(head.restored_at.is_some()));
        gauge("journal_ahead", "1 while the database is older than the journal, and live sweeps wait", one(ahead));
        let halted = Halt::ALL.map(|why| {
            let waits = head.halted_at.is_some() && head.halted_for == Some(why);
            (vec![("reason", why.as_str().to_owned())], f64::from(u8::from(waits)))
        });
        let help = "1 while live sweeps wait for an operator because of the journal";
        gauge("journal_halted", help, halted.to_vec());
    }
    let backup = gate::last_backup(context).await.map_err(Failure::from)?;
    let backup = backup.map(|at| (Labels::new(), seconds(at.timestamp())));
    gauge("backup_timestamp_seconds", "When the last acknowledged backup was taken", backup.into_iter().collect());
    let may_run = f64::from(u8::from(context.planner.plan_checked(&context.store).await.is_ok()));
    gauge("policy_complete", "1 if the policy is valid for the current schema", one(may_run));
    Ok(registry)
}

/// A whole number as a gauge has it. Those beyond 2^53 lose their last digits.
#[allow(clippy::cast_precision_loss)]
fn seconds(number: i64) -> f64 {
    number as f64
}

/// Who waits, as it was counted in the last ten minutes.
pub(super) async fn waiting(app: &App, service: &Service) -> Result<Vec<Overdue>, Problem> {
    let kept = app.0.metrics.overdue.lock().ok().and_then(|kept| kept.clone());
    if let Some((_, waiting)) = kept.filter(|(at, _)| at.elapsed() < STANDS) {
        return Ok(waiting);
    }
    let context = &service.context;
    let Ok(loaded) = context.planner.plan(&context.store).await else { return Ok(Vec::new()) };
    let waiting = overdue(context, &loaded.plan, service.today()).await?;
    if let Ok(mut kept) = app.0.metrics.overdue.lock() {
        *kept = Some((Instant::now(), waiting.clone()));
    }
    Ok(waiting)
}
