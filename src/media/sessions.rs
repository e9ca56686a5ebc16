//! Keeps sessions open between looks, so that a look at a camera that was just seen needs no handshake.
//!
//! One look at a time has a session. Opening happens outside the lock: a camera that hangs holds up nobody
//! but itself. A source that failed is not tried again before its back-off is over; the pool says until
//! when and never sleeps; and of all that failed only a few are tried at the same time, because each may take a look its
//! whole time: a switch that dies takes its own cameras and no others. When full, the idle session that was used least
//! recently is closed and counted. A pool that is closing lets nobody wait for a camera for longer than it was told.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use super::{Clip, FrameSource, MediaError, MediaSession, SourceFacts, SourceSpec, Want};
use crate::{
    clock::Clock,
    domain::{Credential, Frame, SourceUrl, StreamId, Transport, WallTime},
    telemetry::{Signal, emit},
};

/// Waiting for a frame looks up so often, to see whether the pool is closing.
const WAIT_STEP: Duration = Duration::from_millis(250);

/// Limits of the pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolConfig {
    /// Sessions open at once, in use or idle.
    pub open_max: usize,
    /// Sources that failed when they were last tried, being tried again at the same time.
    pub retries_max: usize,
    /// Back-off after the first failure; it doubles with each further one.
    pub backoff_first: Duration,
    /// The longest back-off.
    pub backoff_max: Duration,
    /// Back-off of a source that refused the credential: cameras lock out who tries too often. A changed credential is
    /// tried at once.
    pub backoff_refused: Duration,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            open_max: 64,
            retries_max: 2,
            backoff_first: Duration::from_secs(1),
            backoff_max: Duration::from_secs(60),
            backoff_refused: Duration::from_secs(300),
        }
    }
}

/// Why no session could be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// It cannot be opened.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// It failed lately: try again at `retry_at`.
    #[error("{name} is left alone until {retry_at}, because {because}")]
    BackingOff {
        /// The stream's name.
        name: String,
        /// When it may be tried again.
        retry_at: WallTime,
        /// Its latest failure.
        because: MediaError,
    },
    /// Another look has it.
    #[error("another look is at {0}; wait until it has ended")]
    Busy(String),
    /// All sessions are in use.
    #[error("all {0} sessions are in use; raise the limit of open sessions or look less often")]
    Full(usize),
}

/// Sessions by stream.
#[derive(Clone)]
pub struct SessionPool {
    inner: Arc<Inner>,
}

struct Inner {
    source: Arc<dyn FrameSource>,
    clock: Arc<dyn Clock>,
    config: PoolConfig,
    entries: Mutex<HashMap<StreamId, Entry>>,
    /// When waiting ends for everybody, once the pool is closing.
    closing: OnceLock<Instant>,
}

/// What a session depends on; when it changes, the session is closed.
#[derive(Clone, PartialEq, Eq)]
struct Access {
    url: SourceUrl,
    transport: Transport,
    credential: Option<Credential>,
}

struct Entry {
    access: Access,
    slot: Slot,
    used: WallTime,
    failures: u32,
    hold_off: Option<(WallTime, MediaError)>,
}

enum Slot {
    Closed,
    Idle(Box<dyn MediaSession>),
    Leased,
}

impl SessionPool {
    /// An empty pool over a source.
    pub fn new(source: Arc<dyn FrameSource>, config: PoolConfig, clock: Arc<dyn Clock>) -> Self {
        Self { inner: Arc::new(Inner { source, clock, config, entries: Mutex::default(), closing: OnceLock::new() }) }
    }

    /// Exclusive use of the stream's session, opened if need be. `keep_open`: it stays open afterwards.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub fn lease(&self, spec: &SourceSpec, keep_open: bool) -> Result<Lease, LeaseError> {
        let inner = &self.inner;
        let (session, is_reconnect) = inner.reserve(spec)?;
        // From here on the slot is marked as leased, so the lease gives it back whatever happens.
        let mut lease = Lease {
            inner: Arc::clone(inner),
            access: access_of(spec),
            stream: spec.stream.id,
            session,
            keep_open,
            failure: None,
        };
        if lease.session.is_none() {
            let asked = Instant::now();
            match inner.source.open(spec) {
                Ok(session) => {
                    let (stream, took) = (lease.stream, asked.elapsed());
                    emit(Signal::SessionOpened { stream, took, again: is_reconnect });
                    lease.session = Some(session);
                }
                Err(error) => {
                    lease.failure = Some(error.clone());
                    return Err(error.into());
                }
            }
        }
        Ok(lease)
    }

    /// From now on nobody waits longer than `grace` for a frame: who still does then is told [`MediaError::Timeout`].
    pub fn close(&self, grace: Duration) {
        // Closing twice leaves the first moment.
        let _ = self.inner.closing.set(Instant::now() + grace);
    }

    /// Whether the pool is closing.
    pub fn is_closing(&self) -> bool {
        self.inner.closing.get().is_some()
    }

    /// Closes sessions that nobody used for so long; returns how many.
    pub fn close_idle(&self, older_than: Duration) -> usize {
        let now = self.inner.clock.now();
        let closed: Vec<Slot> = {
            let mut entries = self.inner.lock();
            let stale = |e: &&mut Entry| matches!(e.slot, Slot::Idle(_)) && now.since(e.used) >= older_than;
            entries.values_mut().filter(stale).map(|e| std::mem::replace(&mut e.slot, Slot::Closed)).collect()
        };
        self.inner.gauge();
        closed.len()
    }

    /// Forgets a stream that was removed: an idle session closes now, a leased one when it is given back.
    pub fn forget(&self, stream: StreamId) {
        let gone = self.inner.lock().remove(&stream);
        drop(gone);
        self.inner.gauge();
    }

    /// Sessions open now, in use or idle.
    pub fn open_count(&self) -> usize {
        self.inner.lock().values().filter(|entry| entry.is_open()).count()
    }
}

impl Entry {
    fn is_open(&self) -> bool {
        !matches!(self.slot, Slot::Closed)
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, HashMap<StreamId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gauge(&self) {
        let open = self.lock().values().filter(|entry| entry.is_open()).count();
        emit(Signal::SessionsOpen { open });
    }

    /// Marks the stream's slot as leased and takes out its idle session. Tells whether opening it now
    /// would be a reconnect.
    fn reserve(&self, spec: &SourceSpec) -> Result<(Option<Box<dyn MediaSession>>, bool), LeaseError> {
        let (now, access, name) = (self.clock.now(), access_of(spec), spec.stream.name.clone());
        // Declared before the lock, so that what is closed is dropped after it.
        let mut closed = Vec::new();
        let mut entries = self.lock();
        let fresh = || Entry { access: access.clone(), slot: Slot::Closed, used: now, failures: 0, hold_off: None };
        let entry = entries.entry(spec.stream.id).or_insert_with(fresh);
        if matches!(entry.slot, Slot::Leased) {
            return Err(LeaseError::Busy(name));
        }
        if entry.access != access {
            closed.push(std::mem::replace(entry, fresh()).slot);
        }
        if let Some((retry_at, because)) = &entry.hold_off
            && *retry_at > now
            // Otherwise the clock was set back since, and the time to wait for says nothing.
            && entry.used <= now
        {
            return Err(LeaseError::BackingOff { name, retry_at: *retry_at, because: because.clone() });
        }
        let is_reconnect = entry.failures > 0;
        if let Slot::Idle(session) = std::mem::replace(&mut entry.slot, Slot::Closed) {
            (entry.slot, entry.used) = (Slot::Leased, now);
            return Ok((Some(session), is_reconnect));
        }
        if let Some((_, because)) = &entry.hold_off
            && is_reconnect
        {
            let because = because.clone();
            let retried = entries.values().filter(|entry| entry.failures > 0 && matches!(entry.slot, Slot::Leased));
            if retried.count() >= self.config.retries_max {
                return Err(LeaseError::BackingOff { name, retry_at: now, because });
            }
        }
        if entries.values().filter(|entry| entry.is_open()).count() >= self.config.open_max {
            let idle = entries.values_mut().filter(|entry| matches!(entry.slot, Slot::Idle(_)));
            let Some(oldest) = idle.min_by_key(|entry| entry.used) else {
                return Err(LeaseError::Full(self.config.open_max));
            };
            closed.push(std::mem::replace(&mut oldest.slot, Slot::Closed));
            emit(Signal::SessionEvicted);
        }
        if let Some(entry) = entries.get_mut(&spec.stream.id) {
            (entry.slot, entry.used) = (Slot::Leased, now);
        }
        Ok((None, is_reconnect))
    }

    /// Takes a session back after a look. What must not stay open is returned, to be dropped outside the lock.
    fn take_back(&self, lease: &mut Lease) -> Option<Box<dyn MediaSession>> {
        let now = self.clock.now();
        let mut session = lease.session.take();
        if let Some(session) = &mut session
            && lease.keep_open
        {
            session.rest();
        }
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(&lease.stream).filter(|e| e.access == lease.access) else { return session };
        entry.used = now;
        entry.slot = Slot::Closed;
        match lease.failure.take() {
            None if lease.keep_open => {
                if let Some(session) = session {
                    entry.slot = Slot::Idle(session);
                }
                return None;
            }
            // The end of a recording is no failure.
            None | Some(MediaError::Ended(_)) => {}
            Some(because) => {
                let wait = match because {
                    MediaError::Unauthorised(_) => self.config.backoff_refused,
                    _ => backoff(&self.config, entry.failures, fastrand::f64()),
                };
                emit(Signal::SessionLost { stream: lease.stream, why: &because.to_string(), retry_in: wait });
                entry.failures = entry.failures.saturating_add(1);
                entry.hold_off = Some((now.plus(wait), because));
            }
        }
        session
    }

    fn clear_failures(&self, stream: StreamId) {
        if let Some(entry) = self.lock().get_mut(&stream) {
            (entry.failures, entry.hold_off) = (0, None);
        }
    }
}

fn access_of(spec: &SourceSpec) -> Access {
    let (url, transport) = (spec.stream.source.clone(), spec.stream.transport);
    Access { url, transport, credential: spec.credential.clone() }
}

/// How long to leave a source alone after `failures` earlier failures in a row, with a jitter of a fifth
/// either way from `chance` in 0..1.
fn backoff(config: &PoolConfig, failures: u32, chance: f64) -> Duration {
    let doubled = config.backoff_first.saturating_mul(1_u32.checked_shl(failures.min(31)).unwrap_or(u32::MAX));
    doubled.min(config.backoff_max).mul_f64(0.8 + 0.4 * chance)
}

/// Exclusive use of a session; gives it back when dropped.
pub struct Lease {
    inner: Arc<Inner>,
    access: Access,
    stream: StreamId,
    session: Option<Box<dyn MediaSession>>,
    keep_open: bool,
    failure: Option<MediaError>,
}

impl MediaSession for Lease {
    fn frame(&mut self, want: &Want) -> Result<Frame, MediaError> {
        let Some(session) = &mut self.session else {
            return Err(MediaError::Framework("the session was given back".into()));
        };
        let asked = Instant::now();
        let result = loop {
            let until = self.inner.closing.get().map_or(want.until, |end| want.until.min(*end));
            let step = Want { until: until.min(Instant::now() + WAIT_STEP), ..*want };
            match session.frame(&step) {
                Err(MediaError::Timeout(name, _)) if Instant::now() >= until => {
                    break Err(MediaError::Timeout(name, asked.elapsed()));
                }
                Err(MediaError::Timeout(..)) => {}
                result => break result,
            }
        };
        match &result {
            Ok(_) => self.inner.clear_failures(self.stream),
            Err(MediaError::Timeout(..)) => {}
            Err(error) => self.failure = Some(error.clone()),
        }
        result
    }

    fn clip(&mut self, span: Duration) -> Result<Option<Clip>, MediaError> {
        self.session.as_mut().map_or(Ok(None), |session| session.clip(span))
    }

    fn rest(&mut self) {
        if let Some(session) = &mut self.session {
            session.rest();
        }
    }

    fn facts(&self) -> SourceFacts {
        self.session.as_ref().map(|session| session.facts()).unwrap_or_default()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let inner = Arc::clone(&self.inner);
        drop(inner.take_back(self));
        inner.gauge();
    }
}

#[cfg(test)]
mod tests;
