//! Real RTSP cameras on loopback: every promise of the GStreamer source, kept by real processes.
#![cfg(feature = "gstreamer")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its set-up too")]

use std::{
    io::{BufRead, BufReader, Write},
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
        probe::probe,
        sessions::{LeaseError, PoolConfig, SessionPool},
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
    let program = folder.join("examples/street_camera");
    assert!(program.is_file(), "run `cargo build --example street_camera` first (`cargo test` does by itself)");
    program
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
        area: None,
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

fn with(mut spec: SourceSpec, username: &str, password: &str) -> SourceSpec {
    spec.credential = Some(Credential { username: username.into(), password: Secret::new(password) });
    spec
}

#[test]
fn a_look_over_tcp_gets_key_frames_with_times_and_costs_one_packet_each() {
    let camera = Camera::start(&clip("street.h264"), &[]);
    let mut session = source().open(&camera.spec(Transport::Tcp)).unwrap();
    let mut frames: Vec<Frame> = Vec::new();
    let begun = Instant::now();
    while frames.last().is_none_or(|f| f.meta.wall_source != WallSource::SenderReport) {
        assert!(begun.elapsed() < Duration::from_secs(9), "no sender report came");
        let frame = key(session.as_mut()).unwrap();
        assert_eq!((frame.picture.width(), frame.picture.height(), frame.meta.key), (640, 360, true));
        let delay = SystemClock.now().since(frame.meta.arrived);
        assert!(delay < Duration::from_millis(400), "the decoder held it back for {delay:?}");
        if let Some(last) = frames.last() {
            // The jitter buffer smooths the camera's clock, so a second is one within a tenth.
            let step = frame.meta.pts.since(last.meta.pts);
            assert!(step.abs_diff(Duration::from_secs(1)) < Duration::from_millis(100), "{step:?}");
        }
        frames.push(frame);
    }
    let skew_ms = frames.last().unwrap().meta.skew_ms.unwrap();
    assert!(skew_ms.abs() < 500, "same machine, yet {skew_ms} ms apart");
    assert!(frames.len() >= 2);
    let facts = session.facts();
    assert_eq!((facts.decoded, facts.size), (frames.len() as u64, Some((640, 360))));
    assert!(facts.packets > 40 && facts.transport == Some(Transport::Tcp), "{facts:?}");
}

#[test]
fn udp_is_used_when_asked_for_and_when_the_camera_refuses_tcp() {
    let camera = Camera::start(&clip("street.h264"), &["--udp-only"]);
    for transport in [Transport::Udp, Transport::Auto] {
        let mut session = source().open(&camera.spec(transport)).unwrap();
        assert!(key(session.as_mut()).is_ok(), "{transport:?}");
        assert_eq!(session.facts().transport, Some(Transport::Udp));
    }
    let mut session = source().open(&camera.spec(Transport::Tcp)).unwrap();
    assert!(matches!(key(session.as_mut()), Err(MediaError::Unreachable(..))));
}

#[test]
fn basic_and_digest_let_the_right_password_in_and_no_error_tells_it() {
    for auth in ["basic", "digest"] {
        let asks = ["--user", "admin", "--password", SECRET, "--auth", auth];
        let camera = Camera::start(&clip("street.h264"), &asks);
        let spec = camera.spec(Transport::Tcp);
        let mut session = source().open(&with(spec.clone(), "admin", SECRET)).unwrap();
        assert!(key(session.as_mut()).is_ok(), "{auth}");
        for wrong in [with(spec.clone(), "admin", "wr0ng/pw"), spec] {
            let error = key(source().open(&wrong).unwrap().as_mut()).unwrap_err();
            assert!(matches!(error, MediaError::Unauthorised(_)), "{auth}: {error}");
            assert!(!format!("{error} {error:?}").contains("wr0ng"), "{error}");
        }
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let camera = Camera::start(&clip("street.h264"), &[]);
    let fails = |spec: &SourceSpec| key(source().open(spec).unwrap().as_mut()).unwrap_err();
    let path = spec(&format!("rtsp://127.0.0.1:{}/other", camera.port), Transport::Tcp);
    assert!(matches!(fails(&path), MediaError::NotFound(_)));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for transport in [Transport::Auto, Transport::Tcp, Transport::Udp] {
        let error = fails(&spec(&format!("rtsp://127.0.0.1:{closed}/cam"), transport));
        assert!(matches!(error, MediaError::Unreachable(..)), "{transport:?}: {error}");
    }
    let foreign = Camera::start(&clip("street.ivf"), &[]);
    let error = fails(&foreign.spec(Transport::Auto));
    assert!(matches!(&error, MediaError::Unsupported(_, codec) if codec == "VP8"), "{error}");
}

#[test]
fn h265_is_decoded_and_cut_like_h264() {
    let camera = Camera::start(&clip("street.h265"), &[]);
    let mut session = source().open(&camera.spec(Transport::Auto)).unwrap();
    for _ in 0..2 {
        assert_eq!(key(session.as_mut()).unwrap().picture.width(), 640);
    }
    assert_eq!(session.facts().codec.as_deref(), Some("video/x-h265"));
    pause(500);
    assert_eq!(codec_of_clip(session.as_mut()), "hevc");
}

#[test]
fn the_decode_mode_changes_without_a_reconnect() {
    let camera = Camera::start(&clip("street.h264"), &[]);
    let mut session = source().open(&camera.spec(Transport::Tcp)).unwrap();
    // Packets come several at a time: none of them is too old for the look that waits for all.
    let every = want(DecodeMode::All, 10);
    let all: Vec<_> = (0..30).map(|_| session.frame(&every).unwrap().meta).collect();
    assert!(all[0].key, "opening the gate starts at a key frame");
    // A machine that is too busy to take each of the 25 frames a second leaves some out, and says how many.
    let steps_ms = all.windows(2).map(|pair| pair[1].pts.since(pair[0].pts).as_millis() as u64);
    let missing: u64 = steps_ms.map(|step_ms| (step_ms + 20) / 40).map(|frames| frames.saturating_sub(1)).sum();
    assert!(missing <= session.facts().skipped, "{missing} frames are missing without being counted");
    assert!(key(session.as_mut()).unwrap().meta.key);
    let before = session.facts().decoded;
    for _ in 0..2 {
        let meta = key(session.as_mut()).unwrap().meta;
        assert_eq!((meta.key, meta.session), (true, all[0].session));
    }
    assert_eq!(session.facts().decoded - before, 2);
    let rate = DecodeMode::Rate { fps: 5.0 };
    let thinned: Vec<_> = (0..8).map(|_| session.frame(&want(rate, 6)).unwrap().meta.pts).collect();
    let span = thinned[7].since(thinned[0]).as_secs_f32();
    assert!((1.2..=1.6).contains(&span), "8 frames at 5 a second took {span} s");
}

#[test]
fn an_open_session_that_nobody_looks_at_decodes_nothing_and_still_has_a_clip() {
    let camera = Camera::start(&clip("street.h264"), &["--tcp-only"]);
    let mut session = source().open(&camera.spec(Transport::Tcp)).unwrap();
    pause(3200);
    let facts = session.facts();
    assert!(facts.packets >= 60, "{facts:?}");
    assert_eq!((facts.decoded, facts.decoder), (0, None));
    let earlier =
        Want { not_before: SystemClock.now().minus(Duration::from_millis(1500)), ..want(DecodeMode::KeyFrames, 1) };
    let begun = Instant::now();
    assert!(session.frame(&earlier).is_ok());
    assert!(begun.elapsed() < Duration::from_millis(500), "a key frame was at hand");
    assert_eq!(session.facts().decoded, 1);
    assert_eq!(codec_of_clip(session.as_mut()), "h264");
}

/// Cuts a clip and asks ffprobe what it holds.
fn codec_of_clip(session: &mut dyn MediaSession) -> String {
    let clip = session.clip(Duration::from_secs(10)).unwrap().expect("packets came");
    let told = clip.to.since(clip.from).as_secs_f32();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&clip.mp4).unwrap();
    let probed = Command::new("ffprobe")
        .args(["-v", "error", "-count_packets", "-show_entries"])
        .args(["stream=codec_name,nb_read_packets:format=duration", "-of", "default=nk=1:nw=1"])
        .arg(file.path())
        .output()
        .unwrap();
    assert!(probed.stderr.is_empty(), "{}", String::from_utf8_lossy(&probed.stderr));
    let text = String::from_utf8(probed.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let (packets, seconds): (u32, f32) = (lines[1].parse().unwrap(), lines[2].parse().unwrap());
    assert!(packets >= 20 && (seconds - told).abs() < 0.3, "{packets} packets, {seconds} s, told {told} s");
    lines[0].to_owned()
}

#[test]
fn a_killed_camera_is_noticed_and_found_again_by_the_pool() {
    let camera = Camera::start(&clip("street.h264"), &[]);
    let (port, spec) = (camera.port, camera.spec(Transport::Tcp));
    let config = PoolConfig { backoff_first: Duration::from_millis(200), ..PoolConfig::default() };
    let pool = SessionPool::new(Arc::new(source()), config, Arc::new(SystemClock));
    let mut lease = pool.lease(&spec, true).unwrap();
    let first = key(&mut lease).unwrap().meta.session;
    drop(camera);
    let begun = Instant::now();
    let error = key(&mut lease).unwrap_err();
    assert!(matches!(error, MediaError::Stalled(..)) && begun.elapsed() < Duration::from_secs(1), "{error}");
    drop(lease);
    assert!(matches!(pool.lease(&spec, true), Err(LeaseError::BackingOff { .. })));
    let _again = Camera::start_on(port, &clip("street.h264"), &[]);
    let back = loop {
        assert!(begun.elapsed() < Duration::from_secs(8), "it did not come back");
        match pool.lease(&spec, true).map(|mut lease| key(&mut lease)) {
            Ok(Ok(frame)) => break frame,
            _ => pause(50),
        }
    };
    assert_eq!(pool.open_count(), 1);
    assert!(back.meta.session > first);
}

#[test]
fn a_frozen_camera_is_noticed_by_our_watchdog_and_touches_no_other() {
    let (frozen, sound) = (Camera::start(&clip("street.h264"), &[]), Camera::start(&clip("street.h264"), &[]));
    let source = source();
    let mut lost = source.open(&frozen.spec(Transport::Tcp)).unwrap();
    let mut kept = source.open(&sound.spec(Transport::Tcp)).unwrap();
    assert!(key(lost.as_mut()).is_ok() && key(kept.as_mut()).is_ok());
    frozen.signal("-STOP");
    let begun = Instant::now();
    // What had arrived before may still come out; nothing comes after it.
    let error = (0..100).find_map(|_| lost.frame(&want(DecodeMode::All, 6)).err()).unwrap();
    let noticed = begun.elapsed();
    assert!(matches!(error, MediaError::Stalled(..)), "{error}");
    assert!((1000..3000).contains(&noticed.as_millis()), "{noticed:?}");
    for _ in 0..2 {
        assert!(key(kept.as_mut()).is_ok());
    }
    frozen.signal("-CONT");
    // The backlog that comes now is the past; a session that saw the silence never hands it out.
    assert_eq!(lost.frame(&want(DecodeMode::All, 1)).unwrap_err(), error);
}

#[test]
fn a_session_that_slept_through_a_freeze_hands_out_no_backlog() {
    let camera = Camera::start(&clip("street.h264"), &[]);
    let mut session = source().open(&camera.spec(Transport::Tcp)).unwrap();
    assert!(key(session.as_mut()).is_ok());
    camera.signal("-STOP");
    pause(2500);
    camera.signal("-CONT");
    pause(700);
    assert!(matches!(key(session.as_mut()), Err(MediaError::Stalled(..))));
}

#[test]
fn the_probe_tells_what_a_camera_gives_and_why_it_cannot_be_used() {
    let asks = ["--user", "admin", "--password", SECRET, "--udp-only"];
    let camera = Camera::start(&clip("street.h264"), &asks);
    let spec = camera.spec(Transport::Auto);
    let right = probe(&with(spec.clone(), "admin", SECRET), &source(), Duration::from_secs(8));
    assert!(right.usable && right.explanation.zh.contains("可以使用"), "{right:?}");
    assert_eq!((right.transport, right.width, right.auth_needed), (Some(Transport::Udp), Some(640), Some(true)));
    assert!(right.key_interval_ms.is_some_and(|ms| (900..1100).contains(&ms)), "{right:?}");
    assert!(right.fps.is_some_and(|fps| (24.0..26.0).contains(&fps)), "{right:?}");
    assert_eq!(right.attempts.len(), 2);
    let wrong = probe(&with(spec, "admin", "wr0ng/pw"), &source(), Duration::from_secs(8));
    assert!(!wrong.usable && wrong.explanation.zh.contains("用户名或密码"), "{wrong:?}");
    let text = serde_json::to_string(&[right, wrong]).unwrap();
    assert!(!text.contains(SECRET) && !text.contains("wr0ng"), "{text}");
}
