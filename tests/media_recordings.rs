//! One suite that every source of recordings passes: frames in order and complete, wall time from the
//! declared start, nothing older than wanted, a clear end.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its set-up too")]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use xunjie::{
    clock::SystemClock,
    domain::{DecodeMode, SourceUrl, Stream, StreamId, Transport, WallSource, WallTime},
    media::{FrameSource, MediaError, SourceSpec, Want, pictures::PictureSource, sources::Sources},
};

const ORIGIN: WallTime = WallTime::from_millis(1_790_000_000_000);

/// What a recording holds.
struct Holds {
    frames: usize,
    interval: Duration,
}

fn spec(path: &Path) -> SourceSpec {
    let url = if path.is_dir() { url::Url::from_directory_path(path) } else { url::Url::from_file_path(path) };
    let stream = Stream {
        id: StreamId::fresh(),
        code: "44030500001320000001".into(),
        name: "录像".into(),
        source: SourceUrl::parse(url.unwrap().as_str()).unwrap(),
        transport: Transport::Auto,
        location: None,
        area: None,
        enabled: true,
        registered_at: WallTime::from_millis(0),
    };
    SourceSpec { stream, credential: None }
}

fn want(decode: DecodeMode, after: Duration) -> Want {
    Want { decode, not_before: ORIGIN.plus(after), until: Instant::now() + Duration::from_secs(8) }
}

/// The suite.
fn conforms(source: &dyn FrameSource, spec: &SourceSpec, holds: &Holds) {
    frames_come_in_order_and_end(source, spec, holds);
    nothing_older_than_wanted_is_handed_out(source, spec, holds);
    a_rate_thins_evenly(source, spec, holds);
}

fn frames_come_in_order_and_end(source: &dyn FrameSource, spec: &SourceSpec, holds: &Holds) {
    let mut session = source.open(spec).unwrap();
    for i in 0..holds.frames {
        let frame = session.frame(&want(DecodeMode::All, Duration::ZERO)).unwrap_or_else(|e| panic!("frame {i}: {e}"));
        let expected = ORIGIN.plus(holds.interval * i as u32).millis();
        assert!((frame.meta.wall.millis() - expected).abs() <= 2, "frame {i} at {}", frame.meta.wall);
        assert_eq!((frame.meta.wall_source, frame.meta.skew_ms), (WallSource::Recording, None));
    }
    for _ in 0..2 {
        let end = session.frame(&want(DecodeMode::All, Duration::ZERO)).map(|frame| frame.meta);
        assert!(matches!(end, Err(MediaError::Ended(_))), "{end:?}");
    }
}

fn nothing_older_than_wanted_is_handed_out(source: &dyn FrameSource, spec: &SourceSpec, holds: &Holds) {
    let mut session = source.open(spec).unwrap();
    let mut last = None;
    for step in [2, 3, 2] {
        let after = holds.interval * (holds.frames as u32 / 5) * step + Duration::from_millis(1);
        let meta = session.frame(&want(DecodeMode::All, after)).unwrap().meta;
        assert!(meta.wall >= ORIGIN.plus(after), "{} is too old", meta.wall);
        assert!(last.is_none_or(|last| meta.pts > last), "it went back");
        if step > 2 || last.is_none() {
            assert!(meta.wall.since(ORIGIN.plus(after)) <= holds.interval, "{} is too new", meta.wall);
        }
        last = Some(meta.pts);
    }
    let beyond = session.frame(&want(DecodeMode::All, holds.interval * (holds.frames as u32 + 1))).map(|f| f.meta);
    assert!(matches!(beyond, Err(MediaError::Ended(_))), "{beyond:?}");
}

fn a_rate_thins_evenly(source: &dyn FrameSource, spec: &SourceSpec, holds: &Holds) {
    let mut session = source.open(spec).unwrap();
    let fps = 0.25 / holds.interval.as_secs_f32();
    let rate = DecodeMode::Rate { fps };
    let all: Vec<_> =
        std::iter::from_fn(|| session.frame(&want(rate, Duration::ZERO)).ok()).map(|frame| frame.meta.pts).collect();
    assert_eq!(all.len(), holds.frames.div_ceil(4));
}

#[test]
fn a_folder_of_pictures_conforms() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..20_u8 {
        let extension = if i % 2 == 0 { "png" } else { "JPG" };
        let picture = image::RgbImage::from_pixel(32, 24, image::Rgb([i * 10, 0, 0]));
        picture.save(folder.path().join(format!("{i:03}.{extension}"))).unwrap();
    }
    std::fs::write(folder.path().join("notes.txt"), "no picture").unwrap();
    let pictures = || PictureSource::new(Duration::from_secs(1), Arc::new(SystemClock)).recording_from(ORIGIN);
    let holds = Holds { frames: 20, interval: Duration::from_secs(1) };
    conforms(&pictures(), &spec(folder.path()), &holds);
    let sources = Sources::new(pictures(), None);
    conforms(&sources, &spec(folder.path()), &holds);
    let file = spec(&folder.path().join("000.png"));
    assert!(matches!(sources.open(&file).err(), Some(MediaError::Framework(why)) if why.contains("GStreamer")));
    let nowhere = spec(&folder.path().join("none"));
    assert!(matches!(pictures().open(&nowhere).err(), Some(MediaError::NotFound(_))));
}

#[test]
fn pictures_are_read_as_they_are_and_a_broken_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    image::RgbImage::from_pixel(8, 4, image::Rgb([200, 10, 20])).save(folder.path().join("a.png")).unwrap();
    std::fs::write(folder.path().join("b.png"), "broken").unwrap();
    let source = PictureSource::new(Duration::from_secs(1), Arc::new(SystemClock)).recording_from(ORIGIN);
    let mut session = source.open(&spec(folder.path())).unwrap();
    let picture = session.frame(&want(DecodeMode::KeyFrames, Duration::ZERO)).unwrap().picture;
    assert_eq!((picture.width(), picture.height(), picture.rgb_at(3, 3)), (8, 4, [200, 10, 20]));
    let error = session.frame(&want(DecodeMode::KeyFrames, Duration::ZERO)).unwrap_err();
    assert!(error.to_string().contains("b.png"), "{error}");
}

#[cfg(feature = "gstreamer")]
mod files {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        path::PathBuf,
        process::Command,
    };

    use xunjie::media::gst::{GstConfig, GstSource};

    use super::*;

    const HOLDS: Holds = Holds { frames: 100, interval: Duration::from_millis(40) };

    fn source() -> GstSource {
        GstSource::new(GstConfig::default(), Arc::new(SystemClock)).unwrap().recording_from(ORIGIN)
    }

    /// Four seconds at 25 frames a second. Red on the left, blue on the right, for the colours' sake.
    fn made(folder: &Path, name: &str, codec: &[&str]) -> PathBuf {
        let file = folder.join(name);
        let picture = "color=red:size=160x240:rate=25[l];color=blue:size=162x240:rate=25[r];[l][r]hstack";
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-f", "lavfi", "-i", picture, "-t", "4", "-pix_fmt", "yuv420p", "-c:v"])
            .args(codec)
            .arg(&file)
            .status();
        assert!(made.unwrap().success());
        file
    }

    #[test]
    fn files_of_every_usual_kind_conform() {
        let folder = tempfile::tempdir().unwrap();
        let kinds: [(&str, &[&str]); 5] = [
            ("b-frames.mp4", &["libx264", "-g", "25", "-bf", "2", "-preset", "veryfast"]),
            ("plain.mkv", &["libx264", "-g", "25", "-bf", "0", "-preset", "ultrafast"]),
            ("new.mp4", &["libx265", "-preset", "ultrafast", "-x265-params", "keyint=25:log-level=none"]),
            ("old.avi", &["mpeg4", "-g", "50"]),
            ("stills.avi", &["mjpeg"]),
        ];
        for (name, codec) in kinds {
            let file = made(folder.path(), name, codec);
            conforms(&source(), &spec(&file), &HOLDS);
            let mut session = source().open(&spec(&file)).unwrap();
            let picture = session.frame(&want(DecodeMode::KeyFrames, Duration::ZERO)).unwrap().picture;
            assert_eq!((picture.width(), picture.height()), (322, 240), "{name}");
            let (left, right) = (picture.rgb_at(40, 120), picture.rgb_at(280, 120));
            assert!(left[0] > 200 && left[2] < 60 && right[2] > 200 && right[0] < 60, "{name}: {left:?} {right:?}");
        }
    }

    #[test]
    fn looks_at_key_frames_decode_nothing_else_and_leave_a_clip() {
        let folder = tempfile::tempdir().unwrap();
        let file = made(folder.path(), "b.mp4", &["libx264", "-g", "25", "-bf", "2", "-preset", "veryfast"]);
        let mut session = source().open(&spec(&file)).unwrap();
        let keys: Vec<u64> =
            std::iter::from_fn(|| session.frame(&want(DecodeMode::KeyFrames, Duration::from_millis(900))).ok())
                .map(|frame| frame.meta.pts.0 / 1_000_000)
                .collect();
        assert_eq!((keys, session.facts().decoded), (vec![1000, 2000, 3000], 3));
        let clip = session.clip(Duration::from_secs(2)).unwrap().expect("the ring holds packets");
        assert_eq!(&clip.mp4[4..8], b"ftyp");
        assert_eq!(clip.from, ORIGIN.plus(Duration::from_secs(2)));
        // A look far into the file decodes no more than the group that it lands in.
        let mut session = source().open(&spec(&file)).unwrap();
        session.frame(&want(DecodeMode::All, Duration::from_millis(3200))).unwrap();
        assert!(session.facts().decoded <= 25, "{:?}", session.facts());
    }

    #[test]
    fn cameras_take_turns_at_a_decoder_and_each_sees_its_own_picture() {
        let folder = tempfile::tempdir().unwrap();
        // With and without pictures that come out late; key frames that are IDR pictures, and such that are CRA pictures.
        let x265 = |more: &str| format!("keyint=25:log-level=none:{more}");
        let (late, idr) = (x265("bframes=2:open-gop=1"), x265("bframes=0:open-gop=0"));
        let (late_idr, cra) = (x265("bframes=2:open-gop=0"), x265("bframes=0:open-gop=1"));
        let h265 = |more| ["libx265", "-preset", "ultrafast", "-x265-params", more];
        let kinds: [(&str, &[&str]); 5] = [
            ("h264", &["libx264", "-g", "25", "-bf", "2", "-preset", "veryfast"]),
            ("h265-late", &h265(&late)),
            ("h265-idr", &h265(&idr)),
            ("h265-late-idr", &h265(&late_idr)),
            ("h265-cra", &h265(&cra)),
        ];
        // One source, so that decoders go on to the next kind, too, whose times begin again.
        let source = source();
        for (name, codec) in kinds {
            let files = [(false, vec![]), (true, vec!["-vf", "hflip"])].map(|(turned, more)| {
                let file = made(folder.path(), &format!("{name}-{turned}.mkv"), &[codec, more.as_slice()].concat());
                (turned, file)
            });
            let mut sessions = files.map(|(turned, file)| (turned, source.open(&spec(&file)).unwrap()));
            let mut frames = Vec::new();
            let keys = DecodeMode::KeyFrames;
            for (decode, ms) in [(keys, 0), (keys, 1000), (DecodeMode::All, 2200), (keys, 3000)] {
                for (turned, session) in &mut sessions {
                    let frame = session.frame(&want(decode, Duration::from_millis(ms))).unwrap();
                    assert_eq!(frame.meta.pts.0 / 1_000_000, ms, "{name}");
                    frames.push((*turned, frame.picture));
                }
            }
            // All at the end: what was handed out stays as it was while the decoder goes on.
            for (turned, picture) in frames {
                let [left, right] = [40, 280].map(|x| picture.rgb_at(x, 120));
                let (red, blue) = if turned { (right, left) } else { (left, right) };
                assert!(red[0] > 200 && red[2] < 60 && blue[2] > 200 && blue[0] < 60, "{name}: {left:?} {right:?}");
            }
        }
    }

    #[test]
    fn what_is_no_video_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("words.mp4");
        std::fs::write(&file, "these are words and no video ".repeat(400)).unwrap();
        let error = source().open(&spec(&file)).unwrap().frame(&want(DecodeMode::All, Duration::ZERO)).unwrap_err();
        assert!(matches!(error, MediaError::Unsupported(..)), "{error}");
        let none = spec(&folder.path().join("none.mp4"));
        let error = source().open(&none).unwrap().frame(&want(DecodeMode::All, Duration::ZERO)).unwrap_err();
        assert!(matches!(error, MediaError::NotFound(_)), "{error}");
    }

    #[test]
    fn http_is_paced_like_a_live_source() {
        let folder = tempfile::tempdir().unwrap();
        let file = made(folder.path(), "p.mkv", &["libx264", "-g", "25", "-bf", "0", "-preset", "ultrafast"]);
        let port = serve(std::fs::read(&file).unwrap());
        let mut spec = spec(&file);
        spec.stream.source = SourceUrl::parse(&format!("http://127.0.0.1:{port}/p.mkv")).unwrap();
        let mut session = source().open(&spec).unwrap();
        let begun = Instant::now();
        let far_back = Want { not_before: WallTime::from_millis(0), ..want(DecodeMode::KeyFrames, Duration::ZERO) };
        let metas: Vec<_> = (0..3).map(|_| session.frame(&far_back).unwrap().meta).collect();
        assert!((1500..3000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
        assert!(metas.iter().all(|meta| meta.wall_source == WallSource::Arrival && meta.key));
        spec.stream.source = SourceUrl::parse(&format!("http://127.0.0.1:{port}/other")).unwrap();
        let error = source().open(&spec).unwrap().frame(&far_back).unwrap_err();
        assert!(matches!(error, MediaError::NotFound(_)), "{error}");
    }

    /// A web server with one file, for as long as the test runs.
    fn serve(body: Vec<u8>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let mut request = [0_u8; 2048];
                let read = client.read(&mut request).unwrap_or(0);
                let found = String::from_utf8_lossy(&request[..read]).starts_with("GET /p.mkv");
                let (status, body) = if found { ("200 OK", &body[..]) } else { ("404 Not Found", &b""[..]) };
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = client.write_all(head.as_bytes()).and_then(|()| client.write_all(body));
            }
        });
        port
    }
}
