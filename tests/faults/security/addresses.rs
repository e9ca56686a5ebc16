//! Requests that the service could be made to send (SSRF): through a stream's address, what its name leads to, a
//! redirect, a playlist, or the platform's redirect. Whoever is outside of the allowed networks must not even see a
//! connection.

use std::{fs, net::UdpSocket, sync::Arc, time::Duration};

use serde_json::{Value, json};
use xunjie::{
    clock::SystemClock,
    config::Networks,
    deliver::{CaseSink, Media, SinkError},
    domain::{Credential, DecodeMode, Secret, SourceUrl, Stream, StreamId, Transport, WallTime},
    media::{
        FrameSource, MediaError, SourceSpec, Want,
        gst::{GstConfig, GstSource},
    },
};

use super::{LONG, Server, Trap, serve};
use crate::{
    simulator::sink_to,
    street::{Deployment, until},
    world::World,
};

const PASSWORD: &str = "never-leaves-home";

/// Opens an address with a credential and waits for a frame.
fn opened(address: &str, transport: Transport) -> MediaError {
    let networks = Networks(vec!["127.0.0.1/32".parse().unwrap()]);
    let config = GstConfig { networks, connect_within: Duration::from_secs(4), ..GstConfig::default() };
    let source = GstSource::new(config, Arc::new(SystemClock)).unwrap();
    let stream = Stream {
        id: StreamId::fresh(),
        code: "C1".into(),
        name: "东门".into(),
        source: SourceUrl::parse(address).unwrap(),
        transport,
        location: None,
        area: None,
        enabled: true,
        registered_at: WallTime::from_millis(0),
    };
    let credential = Some(Credential { username: "admin".into(), password: Secret::new(PASSWORD) });
    let until = std::time::Instant::now() + Duration::from_secs(8);
    let want = Want { decode: DecodeMode::KeyFrames, not_before: WallTime::from_millis(0), until };
    match source.open(&SourceSpec { stream, credential }) {
        Ok(mut session) => session.frame(&want).expect_err("there is no camera"),
        Err(error) => error,
    }
}

#[test]
fn a_camera_that_sends_us_elsewhere_is_not_followed() {
    let trap = Trap::set();
    let away = trap.address.clone();
    let rtsp = Server::start(move |head| {
        let sequence = head.lines().find(|line| line.starts_with("CSeq")).unwrap_or("CSeq: 0").to_owned();
        match head.split(' ').next() {
            Some("OPTIONS") => {
                format!("RTSP/1.0 200 OK\r\n{sequence}\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n")
            }
            _ => format!("RTSP/1.0 302 Moved\r\n{sequence}\r\nLocation: rtsp://{away}/evil\r\n\r\n"),
        }
    });
    let away = trap.address.clone();
    let http =
        Server::start(move |_| format!("HTTP/1.1 302 Found\r\nLocation: http://{away}/x\r\nContent-Length: 0\r\n\r\n"));
    for (address, transport) in [
        (format!("rtsp://{}/cam", rtsp.address), Transport::Tcp),
        (format!("rtsp://{}/cam", rtsp.address), Transport::Udp),
        (format!("http://{}/cam.ts", http.address), Transport::Auto),
    ] {
        let began = std::time::Instant::now();
        let error = opened(&address, transport);
        // Where packets are received by GStreamer it is forbidden, where we receive them ourselves it is unreachable.
        assert!(matches!(error, MediaError::Forbidden(..) | MediaError::Unreachable(..)), "{address}: {error}");
        assert!(error.to_string().contains("followed") && !error.to_string().contains("evil"), "{error}");
        println!("refused: redirect of a camera: {:.2} s ({error})", began.elapsed().as_secs_f64());
    }
    assert!(rtsp.heard().contains("DESCRIBE") && http.heard().contains("GET"), "the cameras themselves were asked");
    thread_time();
    assert_eq!(trap.visits(), 0, "nobody was followed");
}

/// A session description whose track lies elsewhere, and a camera that wants its receipts (RTCP) sent elsewhere.
#[test]
fn a_camera_that_points_elsewhere_in_its_description_leads_nowhere() {
    let (trap, receipts) = (Trap::set(), UdpSocket::bind("127.0.0.2:0").unwrap());
    receipts.set_read_timeout(Some(Duration::from_millis(1500))).unwrap();
    let port = receipts.local_addr().unwrap().port();
    let camera = |control: String| {
        Server::start(move |head| {
            let header = |name: &str| head.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
            let sequence = header("CSeq");
            let sdp = format!(
                "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n\
                 a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:{control}\r\n"
            );
            let asked = header("Transport");
            let client = asked.split(';').find(|part| part.starts_with("client_port=")).unwrap_or_default().to_owned();
            let ok = format!("RTSP/1.0 200 OK\r\n{sequence}\r\nSession: 12345678\r\n");
            match head.split(' ').next().unwrap_or_default() {
                "OPTIONS" => format!("{ok}Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n"),
                "DESCRIBE" => {
                    format!("{ok}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", sdp.len())
                }
                "SETUP" => format!(
                    "{ok}Transport: RTP/AVP;unicast;{client};server_port={port}-{};source=127.0.0.2\r\n\r\n",
                    port + 1
                ),
                _ => format!("{ok}\r\n"),
            }
        })
    };
    let pointing = camera("track1".to_owned());
    let error = opened(&format!("rtsp://{}/cam", pointing.address), Transport::Udp);
    assert!(pointing.heard().contains("PLAY"), "it came as far as playing: {error}: {}", pointing.heard());
    assert!(receipts.recv_from(&mut [0; 2048]).is_err(), "receipts were sent elsewhere");

    let pointing = camera(format!("rtsp://{}/track1", trap.address));
    let error = opened(&format!("rtsp://{}/cam", pointing.address), Transport::Tcp);
    assert!(pointing.heard().contains("DESCRIBE"), "{error}");
    thread_time();
    assert_eq!(trap.visits(), 0, "{error}");
    println!("refused: a track elsewhere, receipts elsewhere: {error}");
}

/// A held connection attempt would come now, if it came at all.
fn thread_time() {
    std::thread::sleep(Duration::from_millis(500));
}

#[test]
fn a_playlist_or_a_session_description_fetches_nothing() {
    let trap = Trap::set();
    let http = |kind: &'static str, body: String| {
        Server::start(move |_| {
            format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        })
    };
    let away = &trap.address;
    let host = away.split(':').next().unwrap();
    for (what, server) in [
        (
            "HLS",
            http(
                "application/vnd.apple.mpegurl",
                format!(
                    "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-VERSION:3\n#EXTINF:2.0,\nhttp://{away}/1.ts\n#EXT-X-ENDLIST\n"
                ),
            ),
        ),
        (
            "DASH",
            http(
                "application/dash+xml",
                format!(
                    "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" mediaPresentationDuration=\"PT9S\">\
                     <BaseURL>http://{away}/</BaseURL><Period><AdaptationSet mimeType=\"video/mp4\"><Representation id=\"1\" bandwidth=\"1\">\
                     <SegmentList duration=\"2\"><Initialization sourceURL=\"i.mp4\"/><SegmentURL media=\"1.mp4\"/></SegmentList>\
                     </Representation></AdaptationSet></Period></MPD>"
                ),
            ),
        ),
        (
            "SDP",
            http(
                "application/sdp",
                format!(
                    "v=0\r\no=- 0 0 IN IP4 {host}\r\ns=x\r\nc=IN IP4 {host}\r\nt=0 0\r\na=control:rtsp://{away}/x\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
                ),
            ),
        ),
    ] {
        let error = opened(&format!("http://{}/list", server.address), Transport::Auto);
        assert!(matches!(error, MediaError::Forbidden(..)) || what == "DASH", "{what}: {error}");
        assert!(server.heard().contains("GET /list"), "{what}: the server itself was asked");
        println!("refused: {what} over HTTP: {error}");
    }
    thread_time();
    assert_eq!(trap.visits(), 0, "nothing behind the playlists was fetched");
}

#[test]
fn http_by_name_asks_the_checked_number_and_tells_the_name() {
    let server = Server::start(|_| "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned());
    let port = server.address.rsplit(':').next().unwrap();
    let error = opened(&format!("http://localhost:{port}/cam.ts"), Transport::Auto);
    // Where the machine knows ::1 for localhost too, that one is outside of this test's network.
    if matches!(error, MediaError::Forbidden(..)) {
        println!("skipped: localhost is ::1 too on this machine");
        return;
    }
    assert!(server.heard().contains(&format!("Host: localhost:{port}")), "{}", server.heard());
}

#[test]
fn addresses_outside_of_the_networks_are_refused_wherever_they_come_in() {
    let trap = Trap::set();
    let deployment = Deployment::new("addresses", "[networks]\ncameras = [\"127.0.0.1/32\", \"::1/128\"]\n");
    let (_service, web) = serve(&deployment, |_| {});
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let ask = |path: &str, body: &Value| {
        let mut answer = agent
            .post(format!("{web}{path}"))
            .header("authorization", format!("Bearer {}", deployment.token()))
            .content_type("application/json")
            .send(body.to_string())
            .unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    let (_, port) = trap.address.rsplit_once(':').unwrap();
    let inside = format!("rtsp://{}/cam", trap.address);
    for address in [
        inside.clone(),
        format!("http://{}/cam", trap.address),
        format!("rtsp://[::ffff:127.0.0.2]:{port}/cam"),
        format!("rtsp://[::ffff:7f00:2]:{port}/cam"),
        format!("rtsp://2130706434:{port}/cam"),
        format!("http://0x7f000002:{port}/cam"),
        format!("http://0177.0.0.2:{port}/cam"),
        "http://169.254.169.254/latest/meta-data/".into(),
        "rtsp://[fe80::1]/cam".into(),
        "http://100.100.100.200/latest/meta-data/".into(),
        "http://0.0.0.0/".into(),
        "gopher://127.0.0.1/".into(),
    ] {
        let body = json!({"code": "C1", "name": "东门", "url": address});
        for path in ["/api/v1/streams", "/api/v1/streams/probe"] {
            let (status, answer) = ask(path, &body);
            assert_eq!(status, 422, "{path} {address}: {answer}");
        }
        let added =
            deployment.xunjie().args(["stream", "add", "--code", "C1", "--name", "x", "--url", &address]).output();
        assert!(!added.unwrap().status.success(), "stream add {address}");
        let probed =
            deployment.xunjie().args(["stream", "probe", "--time-max-s", "5", "--url", &address]).output().unwrap();
        assert!(!probed.status.success(), "stream probe {address}: {}", String::from_utf8_lossy(&probed.stdout));
    }
    for address in ["file:///etc/passwd", "FILE:/etc/passwd", " file:///dev/zero"] {
        for path in ["/api/v1/streams", "/api/v1/streams/probe"] {
            let (status, answer) = ask(path, &json!({"code": "C1", "name": "东门", "url": address}));
            assert_eq!(status, 422, "{path} {address}: {answer}");
        }
    }
    let began = std::time::Instant::now();
    let pipe = deployment.folder.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for file in ["/dev/zero".to_owned(), pipe.display().to_string()] {
        let url = format!("file://{file}");
        let probed =
            deployment.xunjie().args(["stream", "probe", "--time-max-s", "5", "--url", &url]).output().unwrap();
        let said = String::from_utf8_lossy(&probed.stdout).into_owned();
        assert!(!probed.status.success() && said.contains("neither a file nor a folder"), "{said}");
    }
    println!("refused: a pipe and a device as recordings: {:.2} s", began.elapsed().as_secs_f64());
    assert_eq!(trap.visits(), 0);
}

/// What was allowed when it was registered is checked again whenever it is opened.
#[test]
fn a_stream_is_checked_again_when_it_is_opened() {
    let trap = Trap::set();
    let deployment = Deployment::new("opened", "[networks]\ncameras = [\"127.0.0.0/8\"]\n");
    deployment.register("cam", &format!("rtsp://{}/cam", trap.address), crate::street::KERB);
    let settings = deployment.folder.join("xunjie.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("127.0.0.0/8", "127.0.0.1/32")).unwrap();
    let (_service, web) = serve(&deployment, |_| {});
    let reason = until("the view is lost", &deployment, LONG, || {
        let views = deployment.get(&web, "/api/v1/views")?;
        views.contains("不在允许的摄像机网段内").then_some(views)
    });
    assert!(reason.contains("127.0.0.2"), "{reason}");
    assert_eq!(trap.visits(), 0);
}

#[test]
fn a_platform_that_sends_us_elsewhere_is_not_followed() {
    let (world, trap) = (World::new(), Trap::set());
    let case = world.confirmed_case("car");
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let away = trap.address.clone();
        let server = Server::start(move |_| {
            format!("HTTP/1.1 {status}\r\nLocation: http://{away}/cases\r\nContent-Length: 0\r\n\r\n")
        });
        let url = url::Url::parse(&format!("http://{}/", server.address)).unwrap();
        let refused = sink_to(url, &world, Media::Inline, Duration::from_secs(5)).deliver(&world.parcel(&case, 0));
        let Err(SinkError::Unavailable(why)) = refused else { panic!("{status}: {refused:?}") };
        assert!(why.contains("platform.url"), "{why}");
    }
    assert_eq!(trap.visits(), 0);
}
