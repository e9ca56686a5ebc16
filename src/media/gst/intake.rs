//! Brings encoded packets in: one pipeline a session, built from elements, that ends in an appsink before
//! any decoder. Its callbacks link pads and move buffers into the bounded ring; they do nothing else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

use super::{
    GstConfig,
    choice::{self, Codec},
    shelf::Shelf,
    tether::Tether,
};
use crate::{
    clock::Clock,
    domain::{Credential, SourceUrl, Transport},
};

/// Pipelines that are being stopped.
static STOPPING: AtomicUsize = AtomicUsize::new(0);
/// With so many of them the next is waited for.
const STOPPING_MAX: usize = 64;
/// How long a look waits until its pipeline has stopped.
const STOP_WAIT: Duration = Duration::from_secs(1);

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
    /// Whether the source wanted to lead us elsewhere.
    pub tether: Arc<Tether>,
    pipeline: gst::Pipeline,
}

impl Drop for Intake {
    fn drop(&mut self) {
        // A camera that never ends its answer holds its source's thread for as long as it likes, and stopping waits for
        // that thread. The look must not, so another thread does.
        let (pipeline, (stopped, heard)) = (self.pipeline.clone(), crossbeam_channel::bounded::<()>(1));
        let stop = move || {
            STOPPING.fetch_add(1, Ordering::Relaxed);
            // A pipeline that does not stop cannot be helped from here.
            let _ = pipeline.set_state(gst::State::Null);
            STOPPING.fetch_sub(1, Ordering::Relaxed);
            drop(stopped);
        };
        if STOPPING.load(Ordering::Relaxed) >= STOPPING_MAX {
            return stop();
        }
        match std::thread::Builder::new().name("stop".to_owned()).spawn(stop) {
            // It ends with a disconnection; what takes longer is left behind.
            Ok(_) => drop(heard.recv_timeout(STOP_WAIT)),
            Err(_) => drop(self.pipeline.set_state(gst::State::Null)),
        }
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
    let intake = prepare(&source, Some(url), config, clock, false)?;
    intake.tether.keep_receipts(&source);
    move_to_shelf(&intake);
    let shelf = Arc::clone(&intake.shelf);
    source.connect("select-stream", false, move |values| {
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let told = |field: &str| caps.as_ref().and_then(|caps| caps.structure(0)?.get::<String>(field).ok());
        let (media, encoding) = (told("media").unwrap_or_default(), told("encoding-name").unwrap_or_default());
        let wanted = media == "video" && choice::depayloader(&encoding).is_some();
        if media == "video" {
            shelf.note_offer(encoding, wanted);
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
                    packets.iter().for_each(|p| shelf.learn_camera_clock(p));
                }
                _ => {}
            }
            gst::PadProbeReturn::Ok
        });
    });
}

/// Starts reading a file or an HTTP address. A file waits for its reader; HTTP is paced by its own clock
/// like a live source, because nothing tells an endless stream from a file before it ends. `host` is what the
/// server is called where the address says its number.
///
/// # Errors
/// A sentence, when an element is missing or does not start.
pub fn container(
    url: &SourceUrl,
    host: Option<&str>,
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
        let source = gst::ElementFactory::make("souphttpsrc")
            .property("location", url.url().as_str())
            .property("timeout", seconds)
            .property("retries", 0_i32)
            .property("automatic-redirect", false)
            .property("ssl-strict", true)
            .build()
            .map_err(text)?;
        if let Some(host) = host {
            source.set_property("extra-headers", gst::Structure::builder("headers").field("Host", host).build());
        }
        source
    };
    if !is_file {
        sign_in(&source, credential);
    }
    let parse = gst::ElementFactory::make("parsebin").build().map_err(text)?;
    let intake = prepare(&source, (!is_file).then_some(url), config, clock, !is_file)?;
    refuse_playlists(&parse, &intake.tether);
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

/// Lets media in and nothing that names further addresses: a playlist (HLS, DASH) or a session description would be
/// followed wherever it leads, past every check.
fn refuse_playlists(parse: &gst::Element, tether: &Arc<Tether>) {
    let tether = Arc::clone(tether);
    parse.connect("autoplug-continue", false, move |values| {
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let is_media = caps.as_ref().and_then(|caps| caps.structure(0)).is_none_or(|s| names_no_address(s.name()));
        if !is_media {
            tether.lead_away("the addresses of a list");
        }
        Some(is_media.to_value())
    });
}

fn names_no_address(media_type: &str) -> bool {
    let (family, kind) = media_type.split_once('/').unwrap_or((media_type, ""));
    !matches!(family, "application" | "text") || matches!(kind, "ogg" | "mxf" | "x-id3" | "x-apetag" | "x-3gp")
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn text(error: gst::glib::BoolError) -> String {
    error.message.to_string()
}

fn sign_in(source: &gst::Element, credential: Option<&Credential>) {
    if let Some(credential) = credential {
        source.set_property("user-id", &credential.username);
        source.set_property("user-pw", credential.password.reveal());
    }
}

fn prepare(
    source: &gst::Element,
    home: Option<&SourceUrl>,
    config: &GstConfig,
    clock: Arc<dyn Clock>,
    paced: bool,
) -> Result<Intake, String> {
    let pipeline = gst::Pipeline::new();
    // Full-policy of the sink itself: it blocks the reader of a file; a live source's callback empties it at once.
    let sink = gst_app::AppSink::builder().sync(paced).async_(false).max_buffers(4).drop(false).build();
    sink.set_enable_last_sample(false);
    pipeline.add_many([source, sink.upcast_ref()]).map_err(text)?;
    let shelf = Arc::new(Shelf::new(config, clock));
    let bus = pipeline.bus().ok_or("a pipeline without a bus")?;
    let tether = Arc::new(Tether::new(home.map(SourceUrl::url)));
    tether.watch(&bus);
    Ok(Intake { shelf, sink, bus, started: Instant::now(), tether, pipeline })
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
            shelf.note_unsupported(format!("a video that cannot be taken ({})", error.message));
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
