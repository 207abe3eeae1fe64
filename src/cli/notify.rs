//! Tells systemd how a service is: `Type=notify` with a watchdog.
//!
//! Source: `sd_notify(3)`. Outside of systemd nothing is sent.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// The socket of the service manager.
pub(super) struct Notify(Option<(UnixDatagram, SocketAddr)>);

impl Notify {
    /// The socket in `NOTIFY_SOCKET`, a path or an abstract name behind `@`.
    pub(super) fn from_environment() -> Self {
        let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return Self(None) };
        let address = match name.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name),
            None => SocketAddr::from_pathname(&name),
        };
        let opened = address.and_then(|address| Ok((UnixDatagram::unbound()?, address)));
        Self(opened.inspect_err(|error| tracing::warn!(kind = ?error.kind(), "systemd cannot be notified")).ok())
    }

    fn send(&self, state: &str) {
        if let Some((socket, address)) = &self.0 {
            let _ = socket.send_to_addr(state.as_bytes(), address);
        }
    }

    /// Says that the service is ready, then that it is alive, twice as often as the watchdog asks for it, and at last
    /// that it stops.
    pub(super) async fn until(self, stop: CancellationToken) {
        self.send("READY=1");
        let microseconds =
            std::env::var("WATCHDOG_USEC").ok().and_then(|own| own.parse::<u64>().ok()).filter(|own| *own > 0);
        if let Some(microseconds) = microseconds {
            let mut ticks = tokio::time::interval(Duration::from_micros(microseconds) / 2);
            while stop.run_until_cancelled(ticks.tick()).await.is_some() {
                self.send("WATCHDOG=1");
            }
        }
        stop.cancelled().await;
        self.send("STOPPING=1");
    }
}
