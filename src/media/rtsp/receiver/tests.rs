use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
};

use super::*;
use crate::{
    domain::{Credential, Secret, SourceUrl},
    media::rtsp::Video,
};

const SDP: &str =
    "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 sprop-parameter-sets=Z2Q=,aOs=\r\n";

/// What a session was told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Offered(Video),
    Unit(Unit),
    Ended(Refusal),
}

struct Listener(Mutex<mpsc::Sender<Told>>);

impl Listener {
    fn tell(&self, told: Told) {
        let _ = self.0.lock().unwrap().send(told);
    }
}

impl Taker for Listener {
    fn offered(&self, video: Video) {
        self.tell(Told::Offered(video));
    }
    fn unit(&self, unit: Unit) {
        self.tell(Told::Unit(unit));
    }
    fn ended(&self, why: Refusal) {
        self.tell(Told::Ended(why));
    }
}

/// A camera that answers each request by its script; `None` closes the connection. Returns its address and the
/// requests that it hears.
fn camera(script: impl Fn(&str, &mut TcpStream) -> Option<()> + Send + 'static) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtsp://{}/ch1", listener.local_addr().unwrap());
    let (heard_in, heard) = mpsc::channel();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut text = Vec::new();
            let mut byte = [0];
            while socket.read(&mut byte).is_ok_and(|size| size == 1) {
                text.push(byte[0]);
                if text.ends_with(b"\r\n\r\n") {
                    let request = String::from_utf8(std::mem::take(&mut text)).unwrap();
                    let goes_on = script(&request, &mut socket);
                    let _ = heard_in.send(request);
                    if goes_on.is_none() {
                        break;
                    }
                }
            }
        }
    });
    (url, heard)
}

fn answer(request: &str, socket: &mut TcpStream, status: &str, more: &str, body: &str) -> Option<()> {
    let number = request.lines().find_map(|line| line.strip_prefix("CSeq: ")).unwrap();
    let size = body.len();
    let text = format!("RTSP/1.0 {status}\r\nCSeq: {number}\r\n{more}Content-Length: {size}\r\n\r\n{body}");
    socket.write_all(text.as_bytes()).ok()
}

/// Answers as a sound camera does; `play` follows the answer to PLAY.
fn sound(request: &str, socket: &mut TcpStream, play: impl Fn(&mut TcpStream)) -> Option<()> {
    match request.split(' ').next().unwrap() {
        "DESCRIBE" => answer(request, socket, "200 OK", "", SDP),
        "SETUP" => {
            let more = "Session: 77;timeout=4\r\nTransport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n";
            answer(request, socket, "200 OK", more, "")
        }
        "PLAY" => {
            answer(request, socket, "200 OK", "", "")?;
            play(socket);
            Some(())
        }
        _ => answer(request, socket, "200 OK", "Public: OPTIONS, GET_PARAMETER\r\n", ""),
    }
}

fn open(url: &str, credential: Option<(&str, &str)>) -> (Connection, mpsc::Receiver<Told>) {
    let (sender, told) = mpsc::channel();
    let request = Request {
        url: SourceUrl::parse(url).unwrap(),
        credential: credential
            .map(|(username, password)| Credential { username: username.into(), password: Secret::new(password) }),
        within: Duration::from_secs(5),
        unit_max: 100_000,
    };
    let receiver = Receiver::start().unwrap();
    (receiver.open(request, Arc::new(Listener(Mutex::new(sender)))).unwrap(), told)
}

fn next(told: &mpsc::Receiver<Told>) -> Told {
    told.recv_timeout(Duration::from_secs(20)).unwrap()
}

fn ending(script: impl Fn(&str, &mut TcpStream) -> Option<()> + Send + 'static) -> Refusal {
    let (url, _heard) = camera(script);
    let (_connection, told) = open(&url, Some(("admin", "pw")));
    loop {
        if let Told::Ended(why) = next(&told) {
            return why;
        }
    }
}

/// An interleaved frame with one RTP packet of one NAL unit.
fn frame(number: u16, ticks: u32, nal: &[u8]) -> Vec<u8> {
    let mut rtp = vec![0x80, 96 | 0x80];
    rtp.extend(number.to_be_bytes());
    rtp.extend(ticks.to_be_bytes());
    rtp.extend([0, 0, 0, 1]);
    rtp.extend(nal);
    let mut frame = vec![b'$', 2];
    frame.extend(u16::try_from(rtp.len()).unwrap().to_be_bytes());
    frame.extend(rtp);
    frame
}

#[test]
fn units_come_whole_however_their_bytes_are_cut_until_the_camera_goes() {
    let (url, _heard) = camera(|request, socket| {
        if request.starts_with("PLAY") {
            // A hasty camera: its first picture comes before the answer.
            socket.write_all(&frame(1, 0, &[0x65, 0x88])).ok()?;
        }
        sound(request, socket, |socket| {
            let bytes = [frame(2, 3600, &[0x41, 0x9a]), b"\r\n".to_vec(), frame(3, 7200, &[0x41, 0x9b])].concat();
            for piece in bytes.chunks(5) {
                socket.write_all(piece).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
        })?;
        (!request.starts_with("PLAY")).then_some(())
    });
    let (_connection, told) = open(&url, None);
    assert_eq!(next(&told), Told::Offered(Video::H264));
    for (pts_ms, key) in [(0, true), (40, false), (80, false)] {
        let Told::Unit(unit) = next(&told) else { panic!("no unit") };
        assert_eq!((unit.pts.0 / 1_000_000, unit.key, unit.sets_changed), (pts_ms, key, key));
    }
    assert_eq!(next(&told), Told::Ended(Refusal::Closed));
}

#[test]
fn what_a_camera_refuses_is_told_apart() {
    let unreachable = |refusal| matches!(refusal, Refusal::Unreachable(_));
    let described = |status: &'static str, more: &'static str| {
        ending(move |request, socket| answer(request, socket, status, more, ""))
    };
    let elsewhere = described("302 Moved", "Location: rtsp://192.0.2.1/x\r\n");
    assert_eq!(elsewhere, Refusal::Elsewhere("192.0.2.1".into()));
    assert_eq!(described("404 Not Found", ""), Refusal::Missing);
    assert_eq!(described("403 Forbidden", ""), Refusal::Login);
    assert_eq!(described("401 Unauthorized", ""), Refusal::Login, "without a challenge");
    assert_eq!(described("401 Unauthorized", "WWW-Authenticate: Basic realm=\"c\"\r\n"), Refusal::Login);
    assert!(unreachable(described("503 Busy", "")));
    assert!(matches!(described("405 No", ""), Refusal::Foreign(_)));
    let set_up = |status: &'static str| {
        ending(move |request, socket| match request.starts_with("SETUP") {
            true => answer(request, socket, status, "", ""),
            false => sound(request, socket, |_| ()),
        })
    };
    assert_eq!(set_up("461 Unsupported Transport"), Refusal::Transport);
    assert_eq!(set_up("454 Session Not Found"), Refusal::Transport);
    assert!(unreachable(ending(|_, _| None)), "closed in the middle");
    assert!(matches!(ending(|_, socket| socket.write_all(&[0; 99]).ok()), Refusal::Foreign(_)));
    assert!(matches!(ending(|_, socket| socket.write_all(&[b'A'; 99_999]).ok()), Refusal::Foreign(_)));
}

#[test]
fn garbage_between_frames_ends_the_session() {
    let broken = ending(|request, socket| sound(request, socket, |socket| socket.write_all(&[7; 99]).unwrap()));
    assert!(matches!(broken, Refusal::Broken(_)), "{broken:?}");
}

#[test]
fn the_password_goes_out_only_when_asked_for_and_never_in_the_clear_of_a_digest() {
    let (url, heard) = camera(|request, socket| match request.contains("Authorization: Digest") {
        true => sound(request, socket, |socket| socket.write_all(&frame(1, 0, &[0x65, 0x88])).unwrap()),
        false => {
            let more = "WWW-Authenticate: Digest realm=\"c\", nonce=\"n\"\r\nWWW-Authenticate: Basic realm=\"c\"\r\n";
            answer(request, socket, "401 Unauthorized", more, "")
        }
    });
    let (_connection, told) = open(&url, Some(("admin", "s3cret")));
    assert_eq!(next(&told), Told::Offered(Video::H264));
    assert!(matches!(next(&told), Told::Unit(_)));
    let requests: Vec<String> = heard.try_iter().collect();
    assert!(!requests[0].contains("Authorization") && requests[1].contains("username=\"admin\""), "{requests:?}");
    assert!(requests.iter().all(|request| !request.contains("s3cret") && !request.contains("Basic")), "{requests:?}");
}

#[test]
fn a_session_is_kept_open_and_closed_with_a_word() {
    let (url, heard) = camera(|request, socket| sound(request, socket, |_| ()));
    let (connection, told) = open(&url, None);
    assert_eq!(next(&told), Told::Offered(Video::H264));
    let mut methods = Vec::new();
    while methods.len() < 5 {
        let request = heard.recv_timeout(Duration::from_secs(20)).unwrap();
        let method = request.split(' ').next().unwrap().to_owned();
        assert!(["DESCRIBE", "SETUP"].contains(&method.as_str()) || request.contains("Session: 77\r\n"), "{request}");
        methods.push(method);
    }
    assert_eq!(methods, ["DESCRIBE", "SETUP", "PLAY", "OPTIONS", "GET_PARAMETER"]);
    drop(connection);
    assert!(heard.recv_timeout(Duration::from_secs(20)).unwrap().starts_with("TEARDOWN"));
}
