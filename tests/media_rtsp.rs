//! Real RTSP cameras on loopback: every promise of the GStreamer source, kept by real processes.
#![cfg(feature = "gstreamer")]

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use xunjie::{
    clock::{Clock, SystemClock},
    domain::{Credential, DecodeMode, Frame, Secret, SourceUrl, Stream, StreamId, Transport, WallSource, WallTime},
    media::{
        FrameSource, MediaError, MediaSession, SourceSpec, Want,
        gst::{GstConfig, GstSource},
    },
};

const SECRET: &str = "s3cret/pw";

/// A camera process; killed when it goes out of scope.
struct Camera {
    child: Child,
    port: u16,
}

impl Camera {
    fn start(clip: &Path, more: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_on(port, clip, more)
    }

    fn start_on(port: u16, clip: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(program())
            .args(["--listen", &format!("127.0.0.1:{port}"), "--clip"])
            .arg(clip)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("ready rtsp://"), "{line:?}");
        Self { child, port }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn spec(&self, transport: Transport) -> SourceSpec {
        spec(&format!("rtsp://127.0.0.1:{}/cam", self.port), transport)
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The example's binary lies beside the test's own folder.
fn program() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop();
    folder.pop();
    folder.join("examples/street_camera")
}

/// Clips of six seconds, 640x360, 25 frames a second, a key frame each second; made once.
fn clip(name: &str) -> PathBuf {
    static MADE: OnceLock<()> = OnceLock::new();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).to_path_buf();
    MADE.get_or_init(|| {
        for (name, codec) in [
            ("street.h264", ["libx264", "-x264-params", "keyint=25:min-keyint=25:scenecut=0:bframes=0"]),
            ("street.h265", ["libx265", "-x265-params", "keyint=25:min-keyint=25:scenecut=0:bframes=0:log-level=none"]),
            ("street.ivf", ["libvpx", "-deadline", "realtime"]),
        ] {
            if folder.join(name).is_file() {
                continue;
            }
            // Written aside first, so that a run that was cut short leaves no half clip.
            let aside = folder.join(format!("aside-{}-{name}", std::process::id()));
            let made = Command::new("ffmpeg")
                .args(["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25", "-t", "6", "-c:v"])
                .args(codec)
                .args(["-preset", "ultrafast", "-pix_fmt", "yuv420p"])
                .arg(&aside)
                .status();
            assert!(made.unwrap().success());
            std::fs::rename(aside, folder.join(name)).unwrap();
        }
    });
    folder.join(name)
}

fn spec(url: &str, transport: Transport) -> SourceSpec {
    let stream = Stream {
        id: StreamId::fresh(),
        code: "44030500001320000001".into(),
        name: "东门".into(),
        source: SourceUrl::parse(url).unwrap(),
        transport,
        location: None,
        enabled: true,
        registered_at: WallTime::from_millis(0),
    };
    SourceSpec { stream, credential: None }
}

fn config() -> GstConfig {
    GstConfig {
        stall_after: Duration::from_millis(1500),
        connect_within: Duration::from_secs(4),
        ..GstConfig::default()
    }
}

fn source() -> GstSource {
    GstSource::new(config(), Arc::new(SystemClock)).unwrap()
}

fn want(decode: DecodeMode, seconds: u64) -> Want {
    Want { decode, not_before: SystemClock.now(), until: Instant::now() + Duration::from_secs(seconds) }
}

fn key(session: &mut dyn MediaSession) -> Result<Frame, MediaError> {
    session.frame(&want(DecodeMode::KeyFrames, 6))
}

fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

#[test]
fn a_look_over_tcp_gets_key_frames_with_times_and_costs_one_packet_each() {
    let camera = Camera::start(&clip("street.h264"), &[]);
    let mut session = source().open(&camera.spec(Transport::Tcp)).unwrap();
    let mut last: Option<Frame> = None;
    for _ in 0..9 {
        let begun = Instant::now();
        let frame = key(session.as_mut()).unwrap();
        eprintln!("{:?} after {:?}", frame.meta, begun.elapsed());
        assert_eq!((frame.picture.width(), frame.picture.height(), frame.meta.key), (640, 360, true));
        assert!(SystemClock.now().since(frame.meta.arrived) < Duration::from_millis(400), "held back");
        if let Some(last) = &last {
            // The jitter buffer smooths the clock of the camera, so a second is one within a tenth.
            assert!(frame.meta.pts.since(last.meta.pts).abs_diff(Duration::from_secs(1)) < Duration::from_millis(100));
        }
        last = Some(frame);
    }
    let facts = session.facts();
    assert_eq!((facts.decoded, facts.size, facts.key_interval), (3, Some((640, 360)), Some(Duration::from_secs(1))));
    assert!(facts.packets > 40, "{facts:?}");
    let _ = (WallSource::Arrival, Secret::new(SECRET), Option::<Credential>::None);
}
