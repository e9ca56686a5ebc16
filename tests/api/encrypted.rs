//! TLS in the box, with real certificates and real handshakes: what is good, what is renewed while it runs, what cannot
//! be used, who speaks something else, and who never ends a handshake.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use rcgen::{CertificateParams, KeyPair};
use rustix::process::{Resource, Rlimit};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring, pki_types::CertificateDer};
use serde_json::{Value, json};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use xunjie::{
    config::TlsFiles,
    web::{BadTls, Ports, Tls},
};

use crate::house::{House, logged};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

/// Writes a pair made out for this machine; returns its certificate.
fn pair(folder: &Path) -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    certificate.der().to_vec()
}

fn files(folder: &Path) -> TlsFiles {
    TlsFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
}

fn house(folder: &Path) -> House {
    House::start_over(false, Ports::default(), Some(Tls::open(files(folder)).unwrap()), "undo_s = 7\n")
}

/// A client that believes this certificate alone and knows no connection from before.
fn client(certificate: &[u8]) -> ureq::Agent {
    let roots = RootCerts::Specific(Arc::new(vec![Certificate::from_der(certificate).to_owned()]));
    let tls = TlsConfig::builder().root_certs(roots).build();
    let config = ureq::Agent::config_builder().tls_config(tls).http_status_as_error(false).timeout_global(Some(LONG));
    config.build().into()
}

fn is_served(house: &House, certificate: &[u8]) -> bool {
    let answer = client(certificate).get(format!("{}/healthz", house.base)).call();
    answer.is_ok_and(|answer| answer.status() == 200)
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < LONG, "{what}");
        sleep(Duration::from_millis(100));
    }
}

fn connect(house: &House) -> TcpStream {
    let stream = TcpStream::connect(house.base.trim_start_matches("https://")).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

/// Both ends of many connections lie in this process.
fn allow_many_handles() {
    let handles = rustix::process::getrlimit(Resource::Nofile);
    rustix::process::setrlimit(Resource::Nofile, Rlimit { current: handles.maximum, ..handles }).unwrap();
}

#[test]
fn the_door_says_that_it_is_encrypted_and_cookies_stay_with_this_host() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = pair(folder.path());
    let house = house(folder.path());
    let (agent, url) = (client(&certificate), |path: &str| format!("{}/api/v1/{path}", house.base));
    let mut door = agent.get(url("door")).call().unwrap();
    assert_eq!(door.headers()["strict-transport-security"], "max-age=31536000");
    let door: Value = serde_json::from_str(&door.body_mut().read_to_string().unwrap()).unwrap();
    assert_eq!(door["tls"], true);

    let secret = house.service.offer_setup().unwrap().unwrap();
    let body =
        json!({"secret": secret.reveal(), "name": "wang", "display_name": "王敏", "password": "a long password"});
    let send = agent.post(url("setup")).header("content-type", "application/json");
    let mut entered = send.send(body.to_string()).unwrap();
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().to_owned();
    let session: Value = serde_json::from_str(&entered.body_mut().read_to_string().unwrap()).unwrap();
    assert_eq!(session["undo_ms"], 7000, "{session}");
    for part in ["__Host-xunjie_session=", "; Secure", "; HttpOnly", "; Path=/", "; SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let held = cookie.split(';').next().unwrap();
    let back = agent.get(url("session")).header("cookie", held).call().unwrap();
    assert_eq!(back.status(), 200);
    let renamed = held.replace("__Host-", "");
    let weak = agent.get(url("session")).header("cookie", renamed).call().unwrap();
    assert_eq!(weak.status(), 401, "a cookie that another host could have set counts for nothing");
}

#[test]
fn a_renewed_certificate_is_taken_while_it_runs_and_half_a_pair_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = pair(folder.path());
    let house = house(folder.path());
    assert!(is_served(&house, &first));
    let second = pair(folder.path());
    until("the renewed certificate is shown", || is_served(&house, &second));
    assert!(!is_served(&house, &first), "the one before is not shown any more");

    let certificate = folder.path().join("certificate.pem");
    fs::write(&certificate, "nothing").unwrap();
    let trouble = format!("{} holds no certificate", certificate.display());
    until("what is wrong is logged", || logged().contains(&trouble));
    assert!(is_served(&house, &second), "the one before goes on");
    sleep(Duration::from_secs(5));
    assert_eq!(logged().matches(&trouble).count(), 1, "told once");
    fs::remove_file(&certificate).unwrap();
    until("what is missing is logged", || logged().contains(&format!("{} cannot be read", certificate.display())));
    let third = pair(folder.path());
    until("a whole pair is taken again", || is_served(&house, &third));
    assert!(!logged().contains("PRIVATE KEY-----"), "a key is never logged");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
    let open = || Tls::open(files(folder.path())).err().unwrap();
    let told = open().to_string();
    assert!(told.starts_with(&format!("{} cannot be read", certificate.display())), "{told}");
    pair(folder.path());
    let foreign = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let told = open().to_string();
    assert!(told.starts_with(&format!("{} cannot be read", key.display())), "{told}");

    pair(folder.path());
    let own = fs::read(&key).unwrap();
    fs::write(&key, &foreign).unwrap();
    let told = open().to_string();
    assert!(matches!(open(), BadTls::Unfit(..)), "{told}");
    assert!(told.contains("certificate.pem") && told.contains("key.pem do not fit"), "{told}");
    fs::write(&key, "nothing").unwrap();
    assert!(matches!(open(), BadTls::NoKey(file) if file == key));
    fs::write(&key, &own).unwrap();
    fs::write(&certificate, &own).unwrap();
    assert!(matches!(open(), BadTls::NoCertificate(file) if file == certificate), "a key is no certificate");
}

#[test]
fn who_speaks_plain_http_is_told_what_to_speak() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = pair(folder.path());
    let house = house(folder.path());
    let mut stream = connect(&house);
    // More than is read before it is answered: the answer must not be lost over it.
    let long = "x".repeat(200_000);
    stream.write_all(format!("GET /api/v1/door HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n").as_bytes()).unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 400 ") && told.contains("请用 https:// 打开"), "{told}");
    assert!(!told.contains("setup_needed"), "nothing is told without TLS: {told}");
    assert!(is_served(&house, &certificate));
}

/// More peers that never end their handshake than there are places, and somebody who means it: of 601 the 512 youngest are
/// under way still. `None` where this machine was so busy that their time, not the places, may have ended some.
fn crowd(house: &House, certificate: &[u8]) -> Option<Vec<TcpStream>> {
    let began = Instant::now();
    // Some say nothing at all, some begin a record.
    let begin = |n| {
        let mut stream = connect(house);
        if n % 2 == 0 {
            stream.write_all(&[22, 3, 1, 2]).unwrap();
        }
        stream
    };
    let held: Vec<TcpStream> = (0..600).map(begin).collect();
    assert!(is_served(house, certificate), "others are served meanwhile");
    let is_open = |mut stream: &TcpStream| {
        stream.set_nonblocking(true).unwrap();
        let is_open = matches!(stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        stream.set_nonblocking(false).unwrap();
        is_open
    };
    let open: Vec<bool> = held.iter().map(is_open).collect();
    if began.elapsed() > Duration::from_secs(4) {
        return None;
    }
    let kept = open.iter().filter(|open| **open).count();
    assert!((505..=512).contains(&kept), "{kept} are under way still");
    assert!(open[..80].iter().all(|open| !open), "the oldest made room");
    assert!(open[100..].iter().all(|open| *open), "and no younger one");
    Some(held)
}

#[test]
fn handshakes_that_never_end_hold_no_place() {
    allow_many_handles();
    let folder = tempfile::tempdir().unwrap();
    let certificate = pair(folder.path());
    let house = house(folder.path());
    let began = Instant::now();
    let held = (0..20).find_map(|_| crowd(&house, &certificate)).expect("600 handshakes are under way at once");
    let ended = |mut stream: TcpStream| matches!(stream.read(&mut [0]), Ok(0) | Err(_));
    let mut held = held.into_iter();
    assert!(held.all(ended), "each is let go");
    assert!(began.elapsed() < LONG * 4, "{:?}", began.elapsed());

    let _held = connect(&house);
    sleep(Duration::from_millis(200));
    let ending = Instant::now();
    drop(house);
    assert!(ending.elapsed() < Duration::from_secs(2), "nor do they hold up the end: {:?}", ending.elapsed());
}

#[test]
fn a_connection_too_many_is_told_so_over_tls() {
    allow_many_handles();
    let folder = tempfile::tempdir().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(pair(folder.path()))).unwrap();
    let house = house(folder.path());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let open = || {
        let mut connection = ClientConnection::new(config.clone(), "127.0.0.1".try_into().unwrap()).unwrap();
        let mut stream = connect(&house);
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).unwrap();
        }
        StreamOwned::new(connection, stream)
    };
    let held: Vec<_> = (0..512).map(|_| open()).collect();
    let ask = |mut stream: StreamOwned<ClientConnection, TcpStream>| {
        let mut told = Vec::new();
        // What is refused may be closed before it has asked.
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let _ = stream.read_to_end(&mut told);
        String::from_utf8(told).unwrap()
    };
    let told = ask(open());
    assert!(told.starts_with("HTTP/1.1 503 ") && told.contains("retry-after: 2"), "{told}");
    let mut held = held.into_iter();
    let told = ask(held.next().unwrap());
    assert!(told.starts_with("HTTP/1.1 200 "), "who has a place is served: {told}");
    drop(held);
    until("somebody gets in again", || ask(open()).starts_with("HTTP/1.1 200 "));
}
