//! How long a client may take to send a body, and to read an answer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::connections::Peer;

/// How long a body may take, beside a second for each of these bytes that have come.
const BODY: Duration = Duration::from_secs(30);
const BYTES_A_SECOND: u64 = 64 << 10;
/// How long an answer may wait for a client that reads nothing.
const UNREAD: Duration = Duration::from_secs(30);

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A body did not come in time.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive in time")]
struct Late;

/// The status of a body that could not be read: `otherwise`, unless it was late.
pub(super) fn status(error: &(dyn std::error::Error + 'static), otherwise: StatusCode) -> StatusCode {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let is_late = causes.any(<dyn std::error::Error>::is::<Late>);
    if is_late { StatusCode::REQUEST_TIMEOUT } else { otherwise }
}

/// A body that comes in time, or ends as an error.
pub(super) struct TimedBody {
    body: Incoming,
    peer: Arc<Peer>,
    begun: Instant,
    received: u64,
    late: Pin<Box<Sleep>>,
}

impl TimedBody {
    pub(super) fn new(body: Incoming, peer: Arc<Peer>) -> Self {
        peer.is_answered.store(body.is_end_stream(), Ordering::Relaxed);
        Self { body, peer, begun: Instant::now(), received: 0, late: Box::pin(sleep(BODY)) }
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            ready!(self.late.as_mut().poll(cx));
            return Poll::Ready(Some(Err(Late.into())));
        };
        if let Some(Ok(frame)) = &frame {
            self.received += frame.data_ref().map_or(0, |data| data.len() as u64);
            let until = self.begun + BODY + Duration::from_secs(self.received / BYTES_A_SECOND);
            self.late.as_mut().reset(until);
        }
        self.peer.is_answered.store(frame.is_none() || self.body.is_end_stream(), Ordering::Relaxed);
        Poll::Ready(frame.map(|own| own.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that is given up where nothing more of an answer is read.
pub(super) struct TimedStream {
    stream: TcpStream,
    unread: Option<Pin<Box<Sleep>>>,
}

impl TimedStream {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, unread: None }
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        if let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(cx, bytes) {
            self.unread = None;
            return Poll::Ready(written);
        }
        let unread = self.unread.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + UNREAD)));
        ready!(unread.as_mut().poll(cx));
        Poll::Ready(Err(std::io::ErrorKind::TimedOut.into()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
