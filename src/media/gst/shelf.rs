//! What a session's streaming threads and its reader share: the ring of packets and what is known about
//! their source. The streaming threads only move buffers in here; nothing is decoded or waited for.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use gstreamer as gst;

use super::{
    GstConfig,
    choice::Codec,
    describe,
    ring::{Packet, Ring},
};
use crate::{clock::Clock, domain::Pts};

/// Seconds from 1900 (NTP) to 1970 (Unix).
const NTP_TO_UNIX_S: i64 = 2_208_988_800;

/// Stands for a camera clock of which no sender report has told yet.
const UNKNOWN: i64 = i64::MIN;

/// What the streaming threads and the session share.
pub struct Shelf {
    ring: Mutex<Ring<gst::Buffer>>,
    came: Condvar,
    caps: Mutex<Known>,
    unsupported: Mutex<Option<String>>,
    has_video: AtomicBool,
    went_silent: AtomicBool,
    stall_after: Duration,
    camera_origin_ms: AtomicI64,
    started: Instant,
    clock: Arc<dyn Clock>,
}

impl Shelf {
    /// An empty shelf.
    pub fn new(config: &GstConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            ring: Mutex::new(Ring::new(config.ring_span, config.ring_bytes)),
            came: Condvar::new(),
            caps: Mutex::new(Known::Nothing),
            unsupported: Mutex::new(None),
            has_video: AtomicBool::new(false),
            went_silent: AtomicBool::new(false),
            stall_after: config.stall_after,
            camera_origin_ms: AtomicI64::new(UNKNOWN),
            started: Instant::now(),
            clock,
        }
    }

    /// Notes a video that the source offers.
    pub fn note_offer(&self, encoding: String, is_taken: bool) {
        if is_taken {
            self.has_video.store(true, Ordering::Relaxed);
        } else {
            self.note_unsupported(encoding);
        }
    }
    /// Notes what cannot be taken, for the error that follows.
    pub fn note_unsupported(&self, what: String) {
        *self.unsupported.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
    }

    /// The ring, locked.
    pub fn ring(&self) -> MutexGuard<'_, Ring<gst::Buffer>> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Waits until a packet comes, at most so long.
    pub fn wait(&self, ring: MutexGuard<'_, Ring<gst::Buffer>>, time_max: Duration) {
        drop(self.came.wait_timeout(ring, time_max).unwrap_or_else(PoisonError::into_inner));
    }
    /// Caps of the packets.
    pub fn caps(&self) -> Option<gst::Caps> {
        let mut known = self.caps.lock().unwrap_or_else(PoisonError::into_inner);
        let caps = match &*known {
            Known::Nothing => return None,
            Known::Told(caps) => return Some(caps.clone()),
            Known::Within(codec, unit) => describe::caps_of(*codec, unit),
        };
        *known = Known::Told(caps.clone());
        Some(caps)
    }
    /// The packets from this key frame on are what it says that they are.
    pub fn describe_by(&self, codec: Codec, key_frame: gst::Buffer) {
        *self.caps.lock().unwrap_or_else(PoisonError::into_inner) = Known::Within(codec, key_frame);
    }
    /// A codec that the source offers and nobody here takes.
    pub fn unsupported(&self) -> Option<String> {
        self.unsupported.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Whether the source offers a video that is taken.
    pub fn has_video(&self) -> bool {
        self.has_video.load(Ordering::Relaxed)
    }
    /// Whether packets had stayed away longer than the watchdog allows, even if they came again: what
    /// comes then is the backlog of the past.
    pub fn went_silent(&self) -> bool {
        self.went_silent.load(Ordering::Relaxed)
    }

    /// Learns from an RTP packet how media time maps to the camera's clock. Depayloaders drop this mark,
    /// so it is read before them.
    pub fn learn_camera_clock(&self, packet: &gst::BufferRef) {
        let Some(time) = packet.pts() else { return };
        let marks = packet.iter_meta::<gst::ReferenceTimestampMeta>();
        let ntp = marks.filter(|mark| mark.reference().structure(0).is_some_and(|s| s.name() == "timestamp/x-ntp"));
        if let Some(mark) = ntp.last() {
            let camera_ms = i64::try_from(mark.timestamp().mseconds()).unwrap_or(i64::MAX) - NTP_TO_UNIX_S * 1000;
            let media_ms = i64::try_from(time.mseconds()).unwrap_or(i64::MAX);
            self.camera_origin_ms.store(camera_ms.saturating_sub(media_ms), Ordering::Relaxed);
        }
    }

    /// The camera's clock at a media time, in milliseconds since 1970, once a sender report told.
    fn camera_time(&self, time: gst::ClockTime) -> Option<i64> {
        let origin_ms = self.camera_origin_ms.load(Ordering::Relaxed);
        (origin_ms != UNKNOWN).then(|| origin_ms.saturating_add(i64::try_from(time.mseconds()).unwrap_or(i64::MAX)))
    }

    /// Puts a sample into the ring and returns the packet.
    pub fn take(&self, sample: &gst::Sample) -> Option<Packet<gst::Buffer>> {
        let mut body = sample.buffer_owned()?;
        let time = body.pts().or(body.dts());
        let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
        let running = |time: Option<gst::ClockTime>| segment.and_then(|s| s.to_running_time(time)).or(time);
        // A packet that nothing stamped gets the time since the session began.
        let unstamped = || gst::ClockTime::try_from(self.started.elapsed()).ok();
        let (pts, dts) = (running(time).or_else(unstamped)?, running(body.dts()));
        let camera_ms = time.and_then(|time| self.camera_time(time));
        {
            let body = body.make_mut();
            body.set_pts(pts);
            body.set_dts(dts);
        }
        if let Some(caps) = sample.caps_owned() {
            let mut known = self.caps.lock().unwrap_or_else(PoisonError::into_inner);
            if !matches!(&*known, Known::Told(old) if *old == caps) {
                *known = Known::Told(caps);
            }
        }
        let key = !body.flags().contains(gst::BufferFlags::DELTA_UNIT);
        Some(self.put(body, Pts(pts.nseconds()), key, camera_ms))
    }

    /// Puts a packet that just arrived into the ring and returns it.
    pub fn put(&self, body: gst::Buffer, pts: Pts, key: bool, camera_ms: Option<i64>) -> Packet<gst::Buffer> {
        let (arrived, at, size_bytes) = (self.clock.now(), Instant::now(), body.size());
        let mut packet = Packet { seq: 0, pts, key, arrived, camera_ms, at, size_bytes, body };
        let mut ring = self.ring();
        let silence = ring.last_at().map(|last_at| packet.at.saturating_duration_since(last_at));
        if silence.is_some_and(|silence| silence > self.stall_after) {
            self.went_silent.store(true, Ordering::Relaxed);
        }
        packet.seq = ring.push(packet.clone());
        drop(ring);
        self.wake();
        packet
    }

    /// Has whoever waits look again.
    pub fn wake(&self) {
        self.came.notify_all();
    }
}

/// What is known of the packets' caps.
enum Known {
    Nothing,
    Told(gst::Caps),
    /// To be read from this key frame, by the thread that first asks: a streaming thread has no time for it.
    Within(Codec, gst::Buffer),
}
