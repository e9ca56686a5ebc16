//! A camera that does harm on purpose, for tests: speaks just enough RTSP to misbehave in one way. Prints
//! `ready rtsp://...` and then a line for every connection that it gets, so that a test can count them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use clap::{Parser, ValueEnum};

/// Misbehaves as an RTSP camera.
#[derive(Parser)]
struct Options {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// What it does.
    #[arg(long, value_enum)]
    way: Way,
    /// Where `redirect` sends to.
    #[arg(long, default_value = "rtsp://127.0.0.1:9/cam")]
    to: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// Accepts the connection and says nothing.
    Mute,
    /// Answers everything up to PLAY, then says nothing.
    MuteAfterPlay,
    /// Random bytes instead of answers.
    Junk,
    /// An answer of nearly 4 GiB.
    Length,
    /// Headers without an end, as fast as they are taken.
    Headers,
    /// One byte a second.
    Drip,
    /// Plays, breaks off in the middle of an interleaved packet and closes.
    Cut,
    /// Plays interleaved packets of random bytes, as fast as they are taken.
    Flood,
    /// Sends everybody elsewhere.
    Redirect,
    /// 503: too many clients already.
    Busy,
    /// A description without a video.
    NoVideo,
}

fn main() -> ExitCode {
    match serve(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hostile_camera: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &Options) -> std::io::Result<()> {
    let listener = TcpListener::bind(&options.listen)?;
    println!("ready rtsp://{}/cam", listener.local_addr()?);
    for connection in listener.incoming() {
        let (connection, way, to) = (connection?, options.way, options.to.clone());
        println!("connection");
        thread::spawn(move || {
            // The other side going away is how most of these end.
            let _ = talk(connection, way, &to);
        });
    }
    Ok(())
}

fn talk(mut to: TcpStream, way: Way, elsewhere: &str) -> std::io::Result<()> {
    match way {
        Way::Mute => return drain(to),
        Way::Junk => return pour(&mut to, noise),
        Way::Headers => {
            to.write_all(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n")?;
            return pour(&mut to, || b"X-Filler: abcdefghijklmnopqrstuvwxyz\r\n".repeat(100));
        }
        Way::Drip => {
            for byte in b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE\r\n".iter().cycle() {
                to.write_all(&[*byte])?;
                thread::sleep(Duration::from_secs(1));
            }
            return Ok(());
        }
        _ => {}
    }
    let mut requests = BufReader::new(to.try_clone()?);
    while let Some((method, url, number)) = request(&mut requests)? {
        let mut answer = |status: &str, more: &str, body: &str| {
            let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
            write!(to, "RTSP/1.0 {status}\r\nCSeq: {number}\r\n{more}{length}\r\n{body}")
        };
        match (way, method.as_str()) {
            (Way::Redirect, _) => answer("302 Moved Temporarily", &format!("Location: {elsewhere}\r\n"), "")?,
            (Way::Busy, "DESCRIBE") => answer("503 Service Unavailable", "", "")?,
            (Way::Length, "DESCRIBE") => {
                answer("200 OK", "Content-Type: application/sdp\r\nContent-Length: 4294967000\r\n", "")?;
                pour(&mut to, || vec![b'a'; 64 << 10])?;
            }
            (_, "OPTIONS") => answer("200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n", "")?,
            (_, "DESCRIBE") => {
                let head = format!("Content-Type: application/sdp\r\nContent-Base: {url}/\r\n");
                answer("200 OK", &head, if way == Way::NoVideo { AUDIO } else { VIDEO })?;
            }
            (_, "SETUP") => {
                answer("200 OK", "Session: 1234\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", "")?;
            }
            (_, "PLAY") => {
                answer("200 OK", "Session: 1234\r\n", "")?;
                match way {
                    Way::Cut => {
                        to.write_all(&[b'$', 0, 0x05, 0xDC, 0x80, 96, 0, 1])?;
                        return Ok(());
                    }
                    Way::Flood => pour(&mut to, interleaved)?,
                    _ => return drain(to),
                }
            }
            _ => answer("200 OK", "Session: 1234\r\n", "")?,
        }
    }
    Ok(())
}

const VIDEO: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=cam\r\nt=0 0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\n\
    a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track1\r\n";
const AUDIO: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=cam\r\nt=0 0\r\na=control:*\r\nm=audio 0 RTP/AVP 0\r\n\
    a=control:track1\r\n";

/// Method, address and number of the next request; `None` at the end.
fn request(lines: &mut impl BufRead) -> std::io::Result<Option<(String, String, u32)>> {
    let (mut first, mut number) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if lines.take(8192).read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if first.is_empty() {
            line.clone_into(&mut first);
        } else if line.is_empty() {
            let mut words = first.split(' ').map(str::to_owned);
            return Ok(Some((words.next().unwrap_or_default(), words.next().unwrap_or_default(), number)));
        } else if let Some(told) = line.to_ascii_lowercase().strip_prefix("cseq:") {
            number = told.trim().parse().unwrap_or(0);
        }
    }
}

/// Reads until the other side goes.
fn drain(mut from: TcpStream) -> std::io::Result<()> {
    let mut bytes = [0; 1024];
    while from.read(&mut bytes)? > 0 {}
    Ok(())
}

/// Writes for a minute, at most 8 MiB a second, so that the tester's own machine survives it.
fn pour(to: &mut TcpStream, mut what: impl FnMut() -> Vec<u8>) -> std::io::Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        let mut left = 1 << 20;
        while left > 0 {
            let bytes = what();
            to.write_all(&bytes)?;
            left -= bytes.len().min(left);
        }
        thread::sleep(Duration::from_millis(125));
    }
    Ok(())
}

fn noise() -> Vec<u8> {
    std::iter::repeat_with(|| fastrand::u8(..)).take(16 << 10).collect()
}

fn interleaved() -> Vec<u8> {
    let mut packet = vec![b'$', 0, 0x04, 0x00, 0x80, 96];
    packet.extend(std::iter::repeat_with(|| fastrand::u8(..)).take(1022));
    packet
}
