//! Takes connections in and bounds what each may cost: how long its headers may take, how long it may take nothing of
//! an answer, how many there are. What a request may cost is the router's. Never waits for a client without an end.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::Router;
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Sleep, sleep, timeout},
};

use super::guard::Peer;
use crate::telemetry::{Signal, emit};

/// Connections at the same time; a further one is told to come later. A reviewer's browser opens six.
const CONNECTIONS_MAX: usize = 512;
/// A request's headers are here within this time, the wait for the next request of a connection included.
const HEADERS_TIME: Duration = Duration::from_secs(10);
/// A client that takes nothing of its answer for so long is let go.
const STALLED_TIME: Duration = Duration::from_secs(30);
/// Bytes of a request's headers.
const HEADERS_BYTES_MAX: usize = 32 * 1024;
/// Running requests are answered within this time after the end was asked for.
const END_TIME: Duration = Duration::from_secs(3);
/// How long, and for how many bytes, a peer that was refused may go on sending.
const LINGER_TIME: Duration = Duration::from_millis(300);
const LINGER_BYTES_MAX: usize = 1 << 20;
/// The pause after the system could not take a connection, as without a free file handle.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// What a connection too many is told.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Serves until `shutdown` ends, then answers what runs.
pub(super) async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let open = GracefulShutdown::new();
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS_TIME).max_buf_size(HEADERS_BYTES_MAX);
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            emit(Signal::ConnectionRefused { open: CONNECTIONS_MAX });
            // It is told if its buffer takes it; nobody waits for that.
            let _ = stream.try_write(FULL);
            continue;
        };
        // Small answers go out at once; where the system refuses they are late and nothing worse.
        let _ = stream.set_nodelay(true);
        let router = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            router.call(request)
        });
        let connection = open.watch(builder.serve_connection(TokioIo::new(Patient::with(stream)), service));
        tokio::spawn(async move {
            let _held_while_open = place;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
    drop(listener);
    if timeout(END_TIME, open.shutdown()).await.is_err() {
        tracing::info!("requests that still ran were let go");
    }
}

/// A connection whose peer must go on taking what it is sent, and may end what it was sending when it is refused:
/// closed at once, it would lose the refusal over its own unread bytes.
struct Patient {
    stream: TcpStream,
    stalled: Option<Pin<Box<Sleep>>>,
    lingering: Option<Pin<Box<Sleep>>>,
    lingered_bytes: usize,
}

impl Patient {
    fn with(stream: TcpStream) -> Self {
        Self { stream, stalled: None, lingering: None, lingered_bytes: 0 }
    }

    /// Lets a finished write pass; one that waits may do so for [`STALLED_TIME`].
    fn bounded<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALLED_TIME)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.bounded(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.bounded(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        ready!(self.bounded(shut, context))?;
        // What still comes is read and forgotten, until the peer ends, pauses or goes on for too long.
        while self.lingered_bytes < LINGER_BYTES_MAX {
            let mut scratch = [0; 4096];
            let mut into = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(context, &mut into) {
                Poll::Ready(Ok(())) if !into.filled().is_empty() => {
                    self.lingered_bytes += into.filled().len();
                    self.lingering = None;
                }
                Poll::Ready(_) => break,
                Poll::Pending => {
                    let lingering = self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER_TIME)));
                    ready!(lingering.as_mut().poll(context));
                    break;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}
