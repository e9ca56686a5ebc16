//! Brings encoded packets in: one pipeline a session, built from elements, that ends in an appsink before
//! any decoder. Its callbacks link pads and move buffers into the bounded ring; they do nothing else.

use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicI64, Ordering},
};
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

use super::{
    GstConfig,
    choice::{self, Codec},
    ring::{Packet, Ring},
};
use crate::{
    clock::Clock,
    domain::{Credential, Pts, SourceUrl, Transport},
};

/// Seconds from 1900 (NTP) to 1970 (Unix).
const NTP_TO_UNIX_S: i64 = 2_208_988_800;

/// Stands for a camera clock of which no sender report has told yet.
const UNKNOWN: i64 = i64::MIN;

/// What the streaming threads and the session share.
pub struct Shelf {
    ring: Mutex<Ring<gst::Buffer>>,
    came: Condvar,
    caps: Mutex<Option<gst::Caps>>,
    unsupported: Mutex<Option<String>>,
    has_video: AtomicBool,
    went_silent: AtomicBool,
    stall_after: Duration,
    camera_origin_ms: AtomicI64,
    started: Instant,
    clock: Arc<dyn Clock>,
}

impl Shelf {
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
        self.caps.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
    fn learn_camera_clock(&self, packet: &gst::BufferRef) {
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
        let mut packet = Packet {
            seq: 0,
            pts: Pts(pts.nseconds()),
            key: !body.flags().contains(gst::BufferFlags::DELTA_UNIT),
            arrived: self.clock.now(),
            camera_ms,
            at: Instant::now(),
            size_bytes: body.size(),
            body,
        };
        if let Some(caps) = sample.caps_owned() {
            let mut known = self.caps.lock().unwrap_or_else(PoisonError::into_inner);
            if known.as_ref() != Some(&caps) {
                *known = Some(caps);
            }
        }
        let mut ring = self.ring();
        let silence = ring.newest().map(|newest| packet.at.saturating_duration_since(newest.at));
        if silence.is_some_and(|silence| silence > self.stall_after) {
            self.went_silent.store(true, Ordering::Relaxed);
        }
        packet.seq = ring.push(packet.clone());
        drop(ring);
        self.came.notify_all();
        Some(packet)
    }
}

/// A running receive pipeline.
pub struct Intake {
    /// What has come in.
    pub shelf: Arc<Shelf>,
    /// Where a recording's packets wait; a live source's go to the shelf by themselves.
    pub sink: gst_app::AppSink,
    /// Messages of the pipeline.
    pub bus: gst::Bus,
    /// When it was started.
    pub started: Instant,
    pipeline: gst::Pipeline,
}

impl Drop for Intake {
    fn drop(&mut self) {
        // A pipeline that does not stop cannot be helped from here.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// Starts receiving from an RTSP camera.
///
/// # Errors
/// A sentence, when an element is missing or does not start.
pub fn rtsp(
    url: &SourceUrl,
    credential: Option<&Credential>,
    transport: Transport,
    config: &GstConfig,
    clock: Arc<dyn Clock>,
) -> Result<Intake, String> {
    let source = gst::ElementFactory::make("rtspsrc")
        .property("location", url.url().as_str())
        .property("latency", u32::try_from(config.latency.as_millis()).unwrap_or(u32::MAX))
        .property("tcp-timeout", u64::try_from(config.connect_within.as_micros()).unwrap_or(u64::MAX))
        .property("timeout", 0_u64)
        .property("udp-reconnect", false)
        .property("add-reference-timestamp-meta", true)
        .property_from_str("protocols", if transport == Transport::Udp { "udp" } else { "tcp" })
        .build()
        .map_err(text)?;
    sign_in(&source, credential);
    let intake = prepare(&source, config, clock, false)?;
    move_to_shelf(&intake);
    let shelf = Arc::clone(&intake.shelf);
    source.connect("select-stream", false, move |values| {
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let told = |field: &str| caps.as_ref().and_then(|caps| caps.structure(0)?.get::<String>(field).ok());
        let (media, encoding) = (told("media").unwrap_or_default(), told("encoding-name").unwrap_or_default());
        let wanted = media == "video" && choice::depayloader(&encoding).is_some();
        shelf.has_video.fetch_or(wanted, Ordering::Relaxed);
        if media == "video" && !wanted {
            *shelf.unsupported.lock().unwrap_or_else(PoisonError::into_inner) = Some(encoding);
        }
        Some(wanted.to_value())
    });
    read_camera_clock(&source, &intake.shelf);
    link_when_known(&source, &intake, |caps| {
        let encoding = caps.structure(0)?.get::<String>("encoding-name").ok()?;
        choice::depayloader(&encoding).map(|(depayloader, codec)| (Some(depayloader), codec))
    });
    start(intake)
}

/// Has every RTP packet that leaves `source` looked at for the camera's clock.
fn read_camera_clock(source: &gst::Element, shelf: &Arc<Shelf>) {
    let shelf = Arc::clone(shelf);
    source.connect_pad_added(move |_, pad| {
        let shelf = Arc::clone(&shelf);
        pad.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST, move |_, info| {
            match &info.data {
                Some(gst::PadProbeData::Buffer(packet)) => shelf.learn_camera_clock(packet),
                Some(gst::PadProbeData::BufferList(packets)) => {
                    packets.iter().for_each(|p| shelf.learn_camera_clock(p))
                }
                _ => {}
            }
            gst::PadProbeReturn::Ok
        });
    });
}

/// Starts reading a file or an HTTP address. A file waits for its reader; HTTP is paced by its own clock
/// like a live source, because nothing tells an endless stream from a file before it ends.
///
/// # Errors
/// A sentence, when an element is missing or does not start.
pub fn container(
    url: &SourceUrl,
    credential: Option<&Credential>,
    config: &GstConfig,
    clock: Arc<dyn Clock>,
) -> Result<Intake, String> {
    let is_file = url.url().scheme() == "file";
    let source = if is_file {
        let path = url.url().to_file_path().map_err(|()| "the address names no file".to_owned())?;
        gst::ElementFactory::make("filesrc").property("location", path).build().map_err(text)?
    } else {
        let seconds = u32::try_from(config.connect_within.as_secs().max(1)).unwrap_or(u32::MAX);
        gst::ElementFactory::make("souphttpsrc")
            .property("location", url.url().as_str())
            .property("timeout", seconds)
            .property("retries", 0_i32)
            .build()
            .map_err(text)?
    };
    if !is_file {
        sign_in(&source, credential);
    }
    let parse = gst::ElementFactory::make("parsebin").build().map_err(text)?;
    let intake = prepare(&source, config, clock, !is_file)?;
    intake.pipeline.add(&parse).map_err(text)?;
    source.link(&parse).map_err(text)?;
    if !is_file {
        move_to_shelf(&intake);
    }
    link_when_known(&parse, &intake, |caps| {
        let media_type = caps.structure(0)?.name();
        let is_video = media_type.starts_with("video/") || media_type.starts_with("image/");
        is_video.then(|| (None, Codec::of_media_type(media_type)))
    });
    start(intake)
}

fn text(error: gst::glib::BoolError) -> String {
    error.message.to_string()
}

fn sign_in(source: &gst::Element, credential: Option<&Credential>) {
    if let Some(credential) = credential {
        source.set_property("user-id", &credential.username);
        source.set_property("user-pw", credential.password.reveal());
    }
}

fn prepare(source: &gst::Element, config: &GstConfig, clock: Arc<dyn Clock>, paced: bool) -> Result<Intake, String> {
    let pipeline = gst::Pipeline::new();
    // Full-policy of the sink itself: it blocks the reader of a file; a live source's callback empties it at once.
    let sink = gst_app::AppSink::builder().sync(paced).async_(false).max_buffers(4).drop(false).build();
    sink.set_enable_last_sample(false);
    pipeline.add_many([source, sink.upcast_ref()]).map_err(text)?;
    let shelf = Arc::new(Shelf {
        ring: Mutex::new(Ring::new(config.ring_span, config.ring_bytes)),
        came: Condvar::new(),
        caps: Mutex::new(None),
        unsupported: Mutex::new(None),
        has_video: AtomicBool::new(false),
        went_silent: AtomicBool::new(false),
        stall_after: config.stall_after,
        camera_origin_ms: AtomicI64::new(UNKNOWN),
        started: Instant::now(),
        clock,
    });
    let bus = pipeline.bus().ok_or("a pipeline without a bus")?;
    super::keep_faults_only(&bus);
    Ok(Intake { shelf, sink, bus, started: Instant::now(), pipeline })
}

fn start(intake: Intake) -> Result<Intake, String> {
    // An immediate failure has left a message with its reason on the bus, which is read like any later one.
    let _ = intake.pipeline.set_state(gst::State::Playing);
    Ok(intake)
}

fn move_to_shelf(intake: &Intake) {
    let shelf = Arc::clone(&intake.shelf);
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        shelf.take(&sample);
        Ok(gst::FlowSuccess::Ok)
    });
    intake.sink.set_callbacks(callbacks.build());
}

/// Links the first video pad of `source` to the sink, through what `plan` names; other pads are emptied.
fn link_when_known(
    source: &gst::Element,
    intake: &Intake,
    plan: impl Fn(&gst::Caps) -> Option<(Option<&'static str>, Codec)> + Send + Sync + 'static,
) {
    let (pipeline, sink, shelf) = (intake.pipeline.downgrade(), intake.sink.downgrade(), Arc::clone(&intake.shelf));
    let taken = AtomicBool::new(false);
    source.connect_pad_added(move |_, pad| {
        let (Some(pipeline), Some(sink)) = (pipeline.upgrade(), sink.upgrade()) else { return };
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let chosen = plan(&caps).filter(|_| !taken.swap(true, Ordering::SeqCst));
        let linked = match chosen {
            Some((depayloader, codec)) => link_video(&pipeline, &sink, pad, depayloader, codec),
            None => empty(&pipeline, pad),
        };
        if let Err(error) = linked {
            *shelf.unsupported.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.message.to_string());
        }
    });
}

fn link_video(
    pipeline: &gst::Pipeline,
    sink: &gst_app::AppSink,
    pad: &gst::Pad,
    depayloader: Option<&'static str>,
    codec: Codec,
) -> Result<(), gst::glib::BoolError> {
    let (parser, media_type) = match codec {
        Codec::H264 => (Some("h264parse"), "video/x-h264"),
        Codec::H265 => (Some("h265parse"), "video/x-h265"),
        Codec::Other => (None, ""),
    };
    let mut chain = Vec::new();
    if let Some(name) = depayloader {
        chain.push(gst::ElementFactory::make(name).build()?);
    }
    if let Some(name) = parser {
        // Parameter sets go before every key frame, so that each one can be decoded and cut alone.
        chain.push(gst::ElementFactory::make(name).property("config-interval", -1_i32).build()?);
        let caps = gst::Caps::builder(media_type).field("stream-format", "byte-stream").field("alignment", "au");
        sink.set_caps(Some(&caps.build()));
    }
    chain.push(sink.clone().upcast());
    for element in &chain {
        if element.parent().is_none() {
            pipeline.add(element)?;
        }
    }
    gst::Element::link_many(&chain)?;
    for element in chain.iter().rev() {
        element.sync_state_with_parent()?;
    }
    let entry = chain[0].static_pad("sink").ok_or_else(|| gst::glib::bool_error!("no sink pad"))?;
    pad.link(&entry).map_err(|error| gst::glib::bool_error!("the video cannot be linked: {error:?}"))?;
    Ok(())
}

fn empty(pipeline: &gst::Pipeline, pad: &gst::Pad) -> Result<(), gst::glib::BoolError> {
    let drain = gst::ElementFactory::make("fakesink").property("sync", false).property("async", false).build()?;
    pipeline.add(&drain)?;
    drain.sync_state_with_parent()?;
    let entry = drain.static_pad("sink").ok_or_else(|| gst::glib::bool_error!("no sink pad"))?;
    pad.link(&entry).map_err(|error| gst::glib::bool_error!("a side stream cannot be linked: {error:?}"))?;
    Ok(())
}
