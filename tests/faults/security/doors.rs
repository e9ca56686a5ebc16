//! Clients that hold the door: headers that never end, bodies that never come or never stop, answers that nobody
//! takes, more connections than there are places. Others must get in again within seconds, and memory must not grow.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use super::{LONG, serve};
use crate::street::{Deployment, Running, until};

fn connect(web: &str) -> TcpStream {
    let stream = TcpStream::connect(web.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

/// Everything until the server closes; empty when it just did.
fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn lives(web: &str) -> bool {
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).build().into();
    agent.get(format!("{web}/healthz")).call().is_ok()
}

fn rss_kib(service: &Running) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", service.0.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn headers_that_never_end_hold_no_place_for_long() {
    let deployment = Deployment::new("slowloris", "");
    let (service, web) = serve(&deployment, |_| {});
    assert!(lives(&web));
    let before = rss_kib(&service);
    let began = Instant::now();
    let mut held: Vec<TcpStream> = (0..700)
        .map(|_| {
            let mut stream = connect(&web);
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Never: en");
            stream
        })
        .collect();
    // Those beyond the limit are told so, or closed; those within hold their places until their time is over.
    let refused =
        held.split_off(650).into_iter().map(rest).filter(|told| told.is_empty() || told.contains("503")).count();
    assert_eq!(refused, 50, "beyond the limit nobody waits");
    let at_once = lives(&web);
    until("somebody gets in again", &deployment, LONG, || lives(&web).then_some(()));
    let took = began.elapsed().as_secs_f64();
    let metrics = deployment.get(&web, "/metrics").unwrap();
    let counted = metrics.lines().find(|line| line.starts_with("xunjie_connections_refused_total")).unwrap().to_owned();
    println!(
        "recovered: 700 connections with endless headers: {took:.1} s (others got in at once: {at_once}; {counted}; \
         RSS +{} KiB)",
        rss_kib(&service).saturating_sub(before)
    );
    drop(held);
}

#[test]
fn bodies_that_never_come_or_never_stop_are_cut_off() {
    let deployment = Deployment::new("bodies", "");
    let (service, web) = serve(&deployment, |_| {});
    let before = rss_kib(&service);
    let post = "POST /api/v1/streams HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n";

    // A piece of a body, and then nothing; and one byte after another.
    let silent = {
        let mut stream = connect(&web);
        write!(stream, "{post}Content-Length: 1000\r\n\r\n{{").unwrap();
        thread::spawn(move || (Instant::now(), rest(stream)))
    };
    let dripping = {
        let mut stream = connect(&web);
        write!(stream, "{post}Content-Length: 100000\r\n\r\n").unwrap();
        let mut writer = stream.try_clone().unwrap();
        thread::spawn(move || {
            while writer.write_all(b" ").is_ok() {
                thread::sleep(Duration::from_secs(2));
            }
        });
        thread::spawn(move || rest(stream))
    };

    // Too much, told before and told never.
    let began = Instant::now();
    let mut stream = connect(&web);
    write!(stream, "{post}Content-Length: 1000000000\r\n\r\n").unwrap();
    let told = rest(stream);
    assert!(told.contains(" 413 "), "{told}");
    let mut stream = connect(&web);
    write!(stream, "{post}Transfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 65536, " ".repeat(65536));
    let mut sent = 0_usize;
    while stream.write_all(chunk.as_bytes()).is_ok() && sent < 200 {
        sent += 1;
    }
    assert!(sent < 200, "thirteen megabytes of a body were taken");
    let mut stream = connect(&web);
    write!(stream, "POST /api/v1/callbacks HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n{}", " ".repeat(70_000))
        .unwrap();
    let told = rest(stream);
    assert!(told.contains(" 413 ") || told.contains(" 501 "), "{told}");
    let mut stream = connect(&web);
    let _ = write!(stream, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: {}\r\n\r\n", "x".repeat(2_000_000));
    let told = rest(stream);
    assert!(told.is_empty() || told.contains(" 431 "), "{told}");
    println!("refused: bodies and headers too large: {:.1} s", began.elapsed().as_secs_f64());

    let (asked, told) = silent.join().unwrap();
    assert!(told.is_empty() || told.contains(" 4") || told.contains(" 504 "), "{told}");
    println!(
        "refused: a body that stops: {:.1} s ({})",
        asked.elapsed().as_secs_f64(),
        told.lines().next().unwrap_or("closed")
    );
    let told = dripping.join().unwrap();
    assert!(told.is_empty() || told.contains(" 4") || told.contains(" 504 "), "{told}");
    println!(
        "refused: a body a byte at a time: {:.1} s ({})",
        began.elapsed().as_secs_f64(),
        told.lines().next().unwrap_or("closed")
    );
    assert!(lives(&web));
    println!("RSS +{} KiB", rss_kib(&service).saturating_sub(before));
}

#[test]
fn answers_that_nobody_takes_are_let_go() {
    let deployment = Deployment::new("stalled", "");
    let (service, web) = serve(&deployment, |_| {});
    let before = rss_kib(&service);
    let began = Instant::now();
    let ask = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(400);
    let greedy: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = connect(&web);
            stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
            let _ = stream.write_all(ask.as_bytes());
            stream
        })
        .collect();
    until("others are served meanwhile", &deployment, LONG, || lives(&web).then_some(()));
    let served = began.elapsed().as_secs_f64();
    let pid = service.0.id();
    let open = || {
        fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .flatten()
            .filter(|fd| fs::read_link(fd.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:")))
            .count()
    };
    let at_first = open();
    until("the connections are let go", &deployment, LONG, || (open() + 20 <= at_first).then_some(()));
    println!(
        "recovered: 20 clients that take no answer: {:.1} s (until they were let go; others were served within {served:.1} s; \
         RSS +{} KiB)",
        began.elapsed().as_secs_f64(),
        rss_kib(&service).saturating_sub(before)
    );
    drop(greedy);
}
