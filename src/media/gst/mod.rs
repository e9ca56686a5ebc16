//! Real streams through GStreamer: RTSP over TCP or UDP, files, HTTP.
//!
//! A session is two separate things. Its **reception** (`receive.rs`: our own receiver for RTSP over TCP, a pipeline
//! of the framework for the rest) keeps the latest encoded packets in a bounded **ring** (`ring.rs`); it never decodes. The **decoder** (`decode.rs`) is
//! handed single packets from the ring by the thread that asks for a frame. So an open session that
//! nobody looks at costs receiving and parsing only, one look at a key frame costs one decoded packet, and
//! changing the decode mode touches neither the connection nor the pipeline.

mod choice;
mod clip;
mod decode;
mod decoders;
mod describe;
pub mod equipment;
mod fault;
mod intake;
mod live;
mod log;
mod receive;
mod recording;
mod refresh;
mod ring;
mod session;
mod shelf;
mod tether;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gstreamer as gst;

use decoders::Decoders;

use super::{FrameSource, MediaError, MediaSession, SourceSpec, address, rtsp::Receiver};
use crate::{
    clock::Clock,
    config::Networks,
    domain::{StreamId, WallTime},
};

/// How sessions receive.
#[derive(Clone, Debug)]
pub struct GstConfig {
    /// How long the jitter buffer waits for a late RTP packet.
    pub latency: Duration,
    /// No packet for so long means that the source stopped sending.
    pub stall_after: Duration,
    /// A source that sends nothing within this time after opening cannot be reached.
    pub connect_within: Duration,
    /// How far a decoder of deltas may lag behind the newest packet before it skips to a newer key frame.
    pub lag_max: Duration,
    /// Media time that the ring of packets holds at most.
    pub ring_span: Duration,
    /// Bytes that the ring of packets holds at most.
    pub ring_bytes: usize,
    /// Where cameras may live; nothing else is called.
    pub networks: Networks,
}

impl Default for GstConfig {
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(200),
            stall_after: Duration::from_secs(8),
            connect_within: Duration::from_secs(8),
            lag_max: Duration::from_secs(1),
            ring_span: Duration::from_secs(12),
            ring_bytes: 8 << 20,
            networks: Networks::default(),
        }
    }
}

/// Opens RTSP, HTTP and file sources.
pub struct GstSource {
    config: GstConfig,
    clock: Arc<dyn Clock>,
    origin: Option<WallTime>,
    sessions: Mutex<HashMap<StreamId, u64>>,
    receiver: Arc<Receiver>,
    decoders: Arc<Decoders>,
}

impl GstSource {
    /// Prepares the framework.
    ///
    /// # Errors
    /// [`MediaError::Framework`] when GStreamer or the receiving thread cannot be started.
    pub fn new(config: GstConfig, clock: Arc<dyn Clock>) -> Result<Self, MediaError> {
        gst::init().map_err(|error| MediaError::Framework(error.to_string()))?;
        log::take_over();
        let receiver = Receiver::start().map_err(|error| MediaError::Framework(error.to_string()))?;
        let (receiver, decoders) = (Arc::new(receiver), Decoders::new());
        Ok(Self { config, clock, origin: None, sessions: Mutex::default(), receiver, decoders })
    }

    /// Gives every recording (file) this wall time at media time zero, instead of the moment of opening.
    #[must_use]
    pub fn recording_from(self, origin: WallTime) -> Self {
        Self { origin: Some(origin), ..self }
    }

    fn count(&self, stream: StreamId) -> u64 {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let count = sessions.entry(stream).or_default();
        *count += 1;
        *count
    }
}

/// Keeps errors and ends on a bus and nothing else: nobody reads an idle session's bus, and it has no bound.
fn keep_faults_only(bus: &gst::Bus) {
    bus.set_sync_handler(|_, message| tether::keep_fault(message));
}

impl FrameSource for GstSource {
    fn open(&self, spec: &SourceSpec) -> Result<Box<dyn MediaSession>, MediaError> {
        let session = self.count(spec.stream.id);
        let (config, clock) = (self.config.clone(), Arc::clone(&self.clock));
        let decoders = Arc::clone(&self.decoders);
        let name = fault::name_of(&spec.stream);
        let at = address::admit(&name, &spec.stream.source, &config.networks, config.connect_within)?;
        if spec.stream.source.url().scheme() == "file" {
            let origin = self.origin.unwrap_or_else(|| self.clock.now());
            return Ok(Box::new(recording::Recording::open(spec, session, origin, &config, clock, decoders)?));
        }
        let receiver = Arc::clone(&self.receiver);
        Ok(Box::new(live::Live::open(spec.clone(), at, session, config, clock, receiver, decoders)?))
    }
}
