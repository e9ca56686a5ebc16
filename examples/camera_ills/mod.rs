//! What a street camera can be made to suffer from while it plays, one line on standard input each:
//!
//! | line | what happens |
//! |---|---|
//! | `freeze on`, `freeze off` | the latest key frame again and again, time stamps running |
//! | `keys off`, `keys on` | no key frames are sent any more |
//! | `garbage on`, `garbage off` | half of the RTP packets carry random bytes |
//! | `loss 5` | so many percent of the RTP packets are not sent |
//! | `clock 3600` | sender reports tell a clock so many seconds ahead |
//! | `clip FILE` | plays another clip; one of another codec ends the sessions, as a camera does that is set anew |
//! | `password WORD` | wants another password, and ends the sessions |

use std::{
    io::BufRead,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use gstreamer_rtsp_server as rtsp;
use gstreamer_rtsp_server::{glib, gst, prelude::*};

/// What the camera suffers from now.
pub(super) struct Ills {
    fps: u64,
    frozen: AtomicBool,
    keyless: AtomicBool,
    garbage: AtomicBool,
    loss_percent: AtomicU32,
    clock_s: AtomicI64,
    clips: Mutex<Vec<gst::Element>>,
}

/// What one mount has sent since its media was made. Each camera counts for itself: time that several counted together would
/// pass as many times too fast.
#[derive(Default)]
struct Run {
    units: AtomicU64,
    latest_key: Mutex<Option<gst::Buffer>>,
}

impl Ills {
    /// A healthy camera with so many frames a second.
    pub(super) fn new(fps: u64) -> Self {
        Self {
            fps,
            frozen: AtomicBool::new(false),
            keyless: AtomicBool::new(false),
            garbage: AtomicBool::new(false),
            loss_percent: AtomicU32::new(0),
            clock_s: AtomicI64::new(0),
            clips: Mutex::default(),
        }
    }

    /// Has the media's pads follow what is told. Also gives each access unit its time by counting, so that time runs on
    /// evenly over the loop's seam.
    pub(super) fn infect(self: &Arc<Self>, media: &rtsp::RTSPMedia) {
        let Ok(bin) = media.element().downcast::<gst::Bin>() else { return };
        if let Some(clip) = bin.by_name("clip") {
            let mut clips = self.clips.lock().unwrap_or_else(PoisonError::into_inner);
            clips.retain(|clip| clip.parent().is_some());
            clips.push(clip);
        }
        if let Some(pad) = bin.by_name("parse").and_then(|parse| parse.static_pad("src")) {
            let (ills, run) = (Arc::clone(self), Run::default());
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| match &mut info.data {
                Some(gst::PadProbeData::Buffer(unit)) => ills.unit(&run, unit),
                _ => gst::PadProbeReturn::Ok,
            });
        }
        if let Some(pad) = bin.by_name("pay0").and_then(|payloader| payloader.static_pad("src")) {
            let ills = Arc::clone(self);
            pad.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST, move |_, info| {
                ills.packets(&mut info.data)
            });
        }
        let ills = Arc::clone(self);
        media.connect_prepared(move |media| {
            let pipeline = media.element().parent().and_then(|parent| parent.downcast::<gst::Bin>().ok());
            for element in pipeline.iter().flat_map(GstBinExtManual::iterate_elements).flatten() {
                if element.factory().is_some_and(|factory| factory.name() == "rtpbin") {
                    ills.turn_clock(&element);
                }
            }
        });
    }

    fn unit(&self, run: &Run, unit: &mut gst::Buffer) -> gst::PadProbeReturn {
        let is_key = !unit.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let n = run.units.fetch_add(1, Relaxed);
        {
            let mut latest = run.latest_key.lock().unwrap_or_else(PoisonError::into_inner);
            if self.frozen.load(Relaxed) {
                if let Some(key) = &*latest {
                    *unit = key.copy();
                }
            } else if is_key {
                *latest = Some(unit.copy());
            }
        }
        let at = |n: u64| gst::ClockTime::from_nseconds(n * 1_000_000_000 / self.fps);
        let unit = unit.make_mut();
        unit.set_pts(at(n));
        unit.set_dts(at(n));
        unit.set_duration(at(1));
        if is_key && self.keyless.load(Relaxed) { gst::PadProbeReturn::Drop } else { gst::PadProbeReturn::Ok }
    }

    fn packets(&self, data: &mut Option<gst::PadProbeData<'_>>) -> gst::PadProbeReturn {
        let is_lost = || fastrand::u32(0..100) < self.loss_percent.load(Relaxed);
        match data {
            Some(gst::PadProbeData::Buffer(packet)) => {
                if is_lost() {
                    return gst::PadProbeReturn::Drop;
                }
                self.spoil(packet.make_mut());
            }
            Some(gst::PadProbeData::BufferList(packets)) => {
                let mut kept = gst::BufferList::new();
                for mut packet in packets.iter_owned().filter(|_| !is_lost()) {
                    self.spoil(packet.make_mut());
                    kept.make_mut().add(packet);
                }
                if kept.is_empty() {
                    return gst::PadProbeReturn::Drop;
                }
                *packets = kept;
            }
            _ => {}
        }
        gst::PadProbeReturn::Ok
    }

    /// Random bytes behind the RTP header of every second packet.
    fn spoil(&self, packet: &mut gst::BufferRef) {
        if self.garbage.load(Relaxed) && fastrand::bool() {
            const RTP_HEADER: usize = 12;
            let size = packet.size().saturating_sub(RTP_HEADER);
            let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(size).collect();
            // A packet that cannot be spoilt is sent as it is.
            let _ = packet.copy_from_slice(RTP_HEADER, &noise);
        }
    }

    /// Adds the seconds to the NTP time of every sender report that leaves.
    fn turn_clock(self: &Arc<Self>, rtpbin: &gst::Element) {
        let reports = rtpbin.pads().into_iter().filter(|pad| pad.name().starts_with("send_rtcp_src"));
        for pad in reports {
            let ills = Arc::clone(self);
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
                if let Some(gst::PadProbeData::Buffer(report)) = &mut info.data {
                    ills.turn(report.make_mut());
                }
                gst::PadProbeReturn::Ok
            });
        }
    }

    fn turn(&self, report: &mut gst::BufferRef) {
        const SENDER_REPORT: u8 = 200;
        let Ok(mut bytes) = report.map_writable() else { return };
        let shift = self.clock_s.load(Relaxed);
        if bytes.get(1) == Some(&SENDER_REPORT)
            && let Some(seconds) = bytes.get_mut(8..12)
        {
            let told = u32::from_be_bytes([seconds[0], seconds[1], seconds[2], seconds[3]]);
            let turned = u32::try_from((i64::from(told) + shift).rem_euclid(1 << 32)).unwrap_or(told);
            seconds.copy_from_slice(&turned.to_be_bytes());
        }
    }
}

/// Follows the lines of standard input on a thread of its own, until they end.
pub(super) fn listen(
    ills: Arc<Ills>,
    server: rtsp::RTSPServer,
    factories: Vec<rtsp::RTSPMediaFactory>,
    sign: impl Fn(&str) -> Option<rtsp::RTSPAuth> + Send + 'static,
    launch: impl Fn(&Path) -> anyhow::Result<String> + Send + 'static,
) {
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            match (word, rest) {
                ("freeze", _) => ills.frozen.store(rest == "on", Relaxed),
                ("keys", _) => ills.keyless.store(rest == "off", Relaxed),
                ("garbage", _) => ills.garbage.store(rest == "on", Relaxed),
                ("loss", percent) => ills.loss_percent.store(percent.parse().unwrap_or(0), Relaxed),
                ("clock", seconds) => ills.clock_s.store(seconds.parse().unwrap_or(0), Relaxed),
                ("password", new) => {
                    server.set_auth(sign(new).as_ref());
                    end_sessions(&server);
                }
                ("clip", path) => match launch(Path::new(path)) {
                    Ok(line) => change_clip(&ills, &server, &factories, path, &line),
                    Err(error) => eprintln!("street_camera: {error:#}"),
                },
                _ => eprintln!("street_camera: {line:?} is no line that it knows"),
            }
        }
    });
}

fn change_clip(ills: &Ills, server: &rtsp::RTSPServer, factories: &[rtsp::RTSPMediaFactory], path: &str, line: &str) {
    let codec = |line: &str| line.split("parse").next().unwrap_or("").rsplit(' ').next().unwrap_or("").to_owned();
    let same = factories.iter().all(|factory| factory.launch().is_some_and(|old| codec(&old) == codec(line)));
    for factory in factories {
        factory.set_launch(line);
    }
    if same {
        for clip in &*ills.clips.lock().unwrap_or_else(PoisonError::into_inner) {
            clip.set_property("location", path);
        }
    } else {
        end_sessions(server);
    }
}

/// Every client is sent away, from the thread that serves them.
fn end_sessions(server: &rtsp::RTSPServer) {
    let server = server.clone();
    glib::MainContext::default().invoke(move || {
        server.client_filter(Some(&mut |_, _| rtsp::RTSPFilterResult::Remove));
    });
}
