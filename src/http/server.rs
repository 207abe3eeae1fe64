//! Accepts connections, and closes those that are too slow.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::extract::Request;
use axum::http::header::{self, HeaderValue};
use axum::{Router, middleware};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::set_header::SetResponseHeaderLayer;

use super::connections::Connections;
use super::deadlines::{TimedBody, TimedStream};
use super::eligible::Eligible;
use super::limits::{self, Limiter, OnlyHealth};
use super::metrics::{self, Metrics};
use super::unknown_callers::UnknownCallers;
use super::{App, Inner, Settings, api, page};
use crate::service::Service;
use crate::service::failure::{Failure, Kind};
use crate::service::shared::Shared;

/// How long a client has to send the head of its first request.
const HEAD: Duration = Duration::from_secs(10);
/// How long it has for each further one, and so how long a connection is kept open between two: longer than clients and
/// proxies keep theirs, since a request can be lost on a connection that both ends close at the same moment.
const IDLE: Duration = Duration::from_secs(100);
/// How long answers in hand are waited for at the end.
const DRAIN: Duration = Duration::from_secs(10);

/// A server that listens and has not begun to answer.
pub struct Listening {
    listener: TcpListener,
    router: Router,
}

/// Takes the address and port.
pub async fn listen(service: Service, settings: Settings) -> Result<Listening, Failure> {
    let address = settings.listen;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let what = format!("could not bind to {address}: {}", crate::domain::reading::trouble(error.kind()));
        Failure::new(what, "`http.listen` in `lethe.toml` names the address and port; is another `lethe` there?")
            .of(Kind::Unavailable)
    })?;
    let limiter = Limiter::new(settings.rate);
    let (metrics, status, ready) = (Metrics::default(), Shared::default(), Shared::default());
    let app = App(Arc::new(Inner {
        service,
        settings,
        limiter,
        unknown_callers: UnknownCallers::default(),
        eligible: Eligible::default(),
        metrics,
        status,
        previews: page::Previews::default(),
        ready,
    }));
    Ok(Listening { listener, router: router(app) })
}

fn router(app: App) -> Router {
    let header = |name: header::HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    api::router()
        .merge(page::router())
        .layer(middleware::from_fn_with_state(app.clone(), limits::limit))
        .layer(middleware::from_fn(page::explain_errors))
        .layer(middleware::from_fn_with_state(app.clone(), metrics::count))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
        .with_state(app)
}

impl Listening {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Answers until told to stop, and then what is in hand.
    pub async fn serve(self, stop: CancellationToken) {
        let connections = Arc::new(Connections::default());
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            let Ok((stream, address)) = accepted else {
                // Too many open files, or one that was gone at once: others may do better.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let Some(peer) = connections.admit(address.ip()) else { continue };
            let (router, own) = (self.router.clone(), Arc::clone(&peer));
            let service = tower::service_fn(move |mut request: Request<hyper::body::Incoming>| {
                request.extensions_mut().insert(ConnectInfo(address));
                request.extensions_mut().insert(OnlyHealth(own.only_health));
                own.has_asked.store(true, Ordering::Relaxed);
                let (router, peer) = (router.clone(), Arc::clone(&own));
                async move {
                    let request = request.map(|body| axum::body::Body::new(TimedBody::new(body, Arc::clone(&peer))));
                    let answer = tower::ServiceExt::oneshot(router, request).await;
                    peer.answered.fetch_add(1, Ordering::Relaxed);
                    peer.is_answered.store(false, Ordering::Relaxed);
                    answer
                }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(64 << 10);
            let connection =
                builder.serve_connection(TokioIo::new(TimedStream::new(stream)), TowerToHyperService::new(service));
            let connection = graceful.watch(connection);
            let connections = Arc::clone(&connections);
            tokio::spawn(async move {
                let mut connection = pin!(peer.leave.run_until_cancelled(connection));
                let ended = tokio::time::timeout(HEAD, &mut connection).await.is_ok();
                if !ended && peer.has_asked.load(Ordering::Relaxed) {
                    connection.await;
                }
                connections.left(&peer);
            });
        }
        let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
    }
}
