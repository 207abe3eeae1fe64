//! The face for programs and people at a distance: an API, metrics for
//! monitoring, and pages.

mod api;
mod connections;
mod deadlines;
mod eligible;
mod extract;
mod idempotency;
mod limits;
mod metrics;
mod page;
mod problem;
mod rights;
mod server;
mod unknown_callers;

pub use api::document;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use url::Url;

use crate::service::Service;
use crate::service::failure::Failure;
use crate::service::shared::Shared;
use crate::service::status::Status;
use eligible::Eligible;
use limits::Limiter;
use metrics::Metrics;
use page::Previews;
use unknown_callers::UnknownCallers;

/// What the server is told.
#[derive(Debug, Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    /// The address under which people reach it, where a proxy stands before it.
    pub public_url: Option<Url>,
    /// The most requests a second of one token in force, and of one address with none.
    pub rate: NonZeroU32,
}

/// What every request is answered with.
#[derive(Clone)]
struct App(Arc<Inner>);

struct Inner {
    service: Service,
    settings: Settings,
    limiter: Limiter,
    unknown_callers: UnknownCallers,
    eligible: Eligible,
    metrics: Metrics,
    /// How everything stands, for all dashboards that ask at the same time.
    status: Shared<u32, Result<Status, Failure>>,
    /// Previews that people are reading.
    previews: Previews,
    /// Whether the process can do its work, for all probes of a second.
    ready: Shared<(), Result<(), Unready>>,
}

/// Why the process cannot do its work, and what to do about it.
type Unready = (&'static str, &'static str);

pub use server::{Listening, listen};
