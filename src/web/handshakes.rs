//! TLS handshakes that are under way. One holds no place among the connections, is given little time, and when there
//! are too many the oldest makes room: whoever means it is through within milliseconds.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::server::{FULL, Patient, place};

/// Handshakes at the same time.
const HANDSHAKES_MAX: usize = 512;
/// A handshake is through within this time.
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// How long a peer that is sent away may take to hear why.
const TOLD_TIME: Duration = Duration::from_secs(1);
/// First byte of a TLS record that begins a handshake.
const HANDSHAKE_RECORD: u8 = 22;
/// What a browser is told that speaks HTTP here.
const SPEAKS_HTTPS: &str = "\
    HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n\r\n\
    此端口只支持 HTTPS，请用 https:// 打开\nthis port speaks HTTPS alone; open it with https://\n";

/// A connection that speaks TLS and has its place.
pub(super) struct Shaken {
    pub stream: TlsStream<TcpStream>,
    pub peer: SocketAddr,
    pub place: OwnedSemaphorePermit,
}

/// Dropped, it ends all that are under way.
pub(super) struct Handshakes {
    places: Arc<Semaphore>,
    running: JoinSet<Option<Shaken>>,
    /// Oldest first; those that have ended leave when they are the first.
    begun: VecDeque<AbortHandle>,
}

impl Handshakes {
    pub fn new(places: Arc<Semaphore>) -> Self {
        Self { places, running: JoinSet::new(), begun: VecDeque::new() }
    }

    /// Begins one.
    pub fn begin(&mut self, acceptor: TlsAcceptor, stream: TcpStream, peer: SocketAddr) {
        while self.begun.front().is_some_and(AbortHandle::is_finished) {
            self.begun.pop_front();
        }
        if self.running.len() >= HANDSHAKES_MAX
            && let Some(oldest) = self.begun.pop_front()
        {
            oldest.abort();
        }
        let places = self.places.clone();
        self.begun.push_back(self.running.spawn(async move {
            let stream = timeout(HANDSHAKE_TIME, shake(acceptor, stream, peer)).await.ok()??;
            let Some(place) = place(&places) else {
                tell(stream, FULL).await;
                return None;
            };
            Some(Shaken { stream, peer, place })
        }));
    }

    /// The next that is through; `None` while none is under way.
    pub async fn next(&mut self) -> Option<Shaken> {
        while let Some(ended) = self.running.join_next().await {
            match ended {
                Ok(Some(shaken)) => return Some(shaken),
                Ok(None) => {}
                Err(error) if error.is_cancelled() => {}
                Err(error) => tracing::error!(%error, "a TLS handshake panicked"),
            }
        }
        None
    }
}

async fn shake(acceptor: TlsAcceptor, stream: TcpStream, peer: SocketAddr) -> Option<TlsStream<TcpStream>> {
    let mut first = [0];
    if stream.peek(&mut first).await.ok()? == 0 {
        return None;
    }
    if first != [HANDSHAKE_RECORD] {
        tell(stream, SPEAKS_HTTPS.as_bytes()).await;
        return None;
    }
    let shaken = acceptor.accept(stream).await;
    shaken.inspect_err(|error| tracing::debug!(%peer, %error, "a TLS handshake broke")).ok()
}

/// Tells the peer why it is sent away, and lets it end what it was sending.
async fn tell<S: AsyncRead + AsyncWrite + Unpin>(stream: S, why: &[u8]) {
    let mut stream = Patient::with(stream);
    // Who does not listen is sent away all the same.
    let _ = timeout(TOLD_TIME, async {
        stream.write_all(why).await?;
        stream.shutdown().await
    })
    .await;
}
