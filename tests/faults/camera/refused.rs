//! Cameras that answer and refuse, and addresses where nobody answers.

use std::{io::Read, net::TcpListener, thread, time::Duration};

use super::{Case, Eye, H264, short, town};
use crate::street::clip;

const LOGIN: [&str; 4] = ["--user", "admin", "--password", "first"];

#[test]
fn a_wrong_password_is_tried_once_and_the_right_one_at_once() {
    let eye = Eye::street(&clip(), "127.0.0.1:0", &LOGIN);
    let case = Case::register("wrong-password", &eye.address.replace("//", "//admin:wr0ng@"), &[]);
    case.lost("用户名或密码");
    // Cameras lock out who tries too often: it is left alone however often the view is due.
    thread::sleep(Duration::from_secs(8));
    let refused = case.town.deployment.log();
    let tries = refused.lines().filter(|l| l.contains("source lost") && l.contains("wrong-password")).count();
    assert_eq!(tries, 1, "a refused password must not be tried again and again");
    assert!(!refused.contains("wr0ng"), "the log tells no password");
    case.sign_in("first");
    case.recovered("wrong password", case.seen(), "无画面：拒绝了用户名或密码; one try, back when it was mended");
}

#[test]
fn a_password_that_was_changed_at_the_camera_is_changed_here_without_a_restart() {
    let mut eye = Eye::street(&clip(), "127.0.0.1:0", &LOGIN);
    let case = Case::register("rotated", &eye.address.replace("//", "//admin:first@"), &[]);
    case.seen();
    eye.tell("password second");
    let noticed = case.lost("用户名或密码");
    case.sign_in("second");
    let seen = format!("noticed after {noticed:.1} s: 无画面：拒绝了用户名或密码");
    case.recovered("credentials rotated", case.seen(), &seen);
}

#[test]
fn a_path_that_the_camera_does_not_have_is_named() {
    let eye = Eye::street(&clip(), "127.0.0.1:0", &[]);
    let case = Case::register("not-found", &eye.address.replace("/cam", "/other"), &[]);
    case.lost("没有这个码流");
    case.set(&["--url", &eye.address]);
    case.recovered("404", case.seen(), "无画面：没有这个码流");
}

#[test]
fn a_codec_that_is_not_supported_is_named_and_the_camera_is_back_when_it_is_set_right() {
    let vp8 = short("short.ivf", &["-c:v", "libvpx", "-deadline", "realtime", "-g", "10"]);
    let mut eye = Eye::street(&vp8, "127.0.0.1:0", &[]);
    let case = Case::register("vp8", &eye.address, &[]);
    case.lost("VP8");
    eye.tell(&format!("clip {}", short("short.h264", &H264).display()));
    case.recovered("unsupported codec", case.seen(), "无画面：编码（VP8）不受支持");
}

#[test]
fn a_name_that_nobody_knows_is_named() {
    let eye = Eye::street(&clip(), "127.0.0.1:0", &[]);
    let case = Case::register("dns", "rtsp://no-such-camera.invalid/cam", &[]);
    case.lost("域名无法解析");
    case.set(&["--url", &eye.address]);
    case.recovered("DNS failure", case.seen(), "无画面：域名无法解析");
}

#[test]
fn a_refused_connection_is_named_and_the_camera_is_back_by_itself() {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|held| held.local_addr()).expect("a free port").to_string();
    let case = Case::register("refused", &format!("rtsp://{closed}/cam"), &[]);
    case.lost("拒绝连接");
    let _eye = Eye::street(&clip(), &closed, &[]);
    case.recovered("connection refused", case.seen(), "无画面：对方拒绝连接");
}

/// Two cities of cameras know 302; where they send is theirs to choose, so nothing is sent there: no request, and above
/// all no password.
#[test]
fn a_redirect_is_not_followed_and_the_other_host_hears_nothing() {
    let trap = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let to = format!("rtsp://{}/cam", trap.local_addr().expect("it is bound"));
    let town = town();
    let (told, heard) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for mut caught in trap.incoming().flatten() {
            let mut bytes = [0; 256];
            let count = caught.read(&mut bytes).unwrap_or(0);
            let _ = told.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
        }
    });
    for transport in ["tcp", "udp"] {
        let eye = Eye::hostile("redirect", "127.0.0.1:0", &["--to", &to]);
        let (host, address) = (eye.host(), eye.address.replace("//", "//admin:s3cret@"));
        let case = Case::register(&format!("redirect-{transport}"), &address, &["--transport", transport]);
        case.lost("转到另一个地址");
        assert!(heard.try_iter().all(|words| words.is_empty()), "the other host was spoken to");
        drop(eye);
        let _eye = Eye::street(&clip(), &host, &[]);
        case.recovered(&format!("302 to another host ({transport})"), case.seen(), "无画面：它要求转到另一个地址");
    }
    drop(town);
}

#[test]
fn a_camera_with_too_many_clients_is_named() {
    let eye = Eye::hostile("busy", "127.0.0.1:0", &[]);
    let case = Case::register("busy", &eye.address, &[]);
    case.lost("连接数已满");
    let host = eye.host();
    drop(eye);
    let _eye = Eye::street(&clip(), &host, &[]);
    case.recovered("503 too many clients", case.seen(), "无画面：它的连接数已满");
}
