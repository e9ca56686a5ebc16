//! Cameras that go on sending, and whose pictures, clocks or packets are wrong.

use std::{thread, time::Duration};

use super::{Case, Eye, H264, short};
use crate::street::clip;

/// The picture stands still and the time stamps run, as a video platform does that repeats its last frame.
#[test]
fn a_frozen_picture_with_running_time_stamps_is_shown() {
    let mut eye = Eye::street(&clip(), "127.0.0.1:0", &[]);
    let case = Case::register("still", &eye.address, &[]);
    case.seen();
    eye.tell("freeze on");
    let noticed = case.wait("is frozen", |view| view["state"] == "frozen").1;
    eye.tell("freeze off");
    let seen = format!("画面冻结 after {noticed:.1} s");
    case.recovered("frozen picture, running time stamps", case.seen(), &seen);
}

/// Zones are drawn in fractions: the same street in another resolution is the same view.
#[test]
fn another_resolution_in_mid_stream_is_judged_on() {
    let before = short("short.h264", &H264);
    let after = short("short-small.h264", &[&["-vf", "scale=512:384"], &H264[..]].concat());
    let mut eye = Eye::street(&before, "127.0.0.1:0", &[]);
    let case = Case::register("resolution", &eye.address, &[]);
    case.seen();
    eye.tell(&format!("clip {}", after.display()));
    // The clip plays to its end first.
    thread::sleep(Duration::from_secs(10));
    let view = case.town.view("resolution").expect("it is registered");
    assert_eq!(view["state"], "same", "{view}");
    let id = view["view"]["id"].as_str().expect("a view has an id").to_owned();
    let looks = case.town.get(&format!("/api/v1/views/{id}/looks?limit=200")).expect("the service answers");
    let looks = looks["items"].as_array().expect("a list").clone();
    let blind = looks.iter().filter(|look| look["state"] != "same" && look["state"] != "unreferenced").count();
    let lost = looks.iter().filter(|look| look["state"] == "lost").count();
    case.recovered("resolution change", 0.0, &format!("正常; {blind} of {} looks blind, {lost} lost", looks.len()));
    assert!(blind <= 3, "a new resolution costs a look or two, not {blind}");
}

#[test]
fn another_codec_at_the_same_address_is_judged_on() {
    let hevc = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=10:bframes=0:log-level=none"];
    let mut eye = Eye::street(&short("short.h264", &H264), "127.0.0.1:0", &[]);
    let case = Case::register("codec", &eye.address, &[]);
    case.seen();
    eye.tell(&format!("clip {}", short("short.h265", &hevc).display()));
    let noticed = case.wait("its sessions end", |view| view["state"] == "lost").1;
    let back = case.seen();
    eye.tell(&format!("clip {}", short("short.h264", &H264).display()));
    case.wait("its sessions end", |view| view["state"] == "lost");
    let again = case.seen();
    let seen = format!("lost after {noticed:.1} s; and back to H.264 in {again:.1} s");
    case.recovered("codec change H.264 to H.265", back, &seen);
}

/// Dwell and hours are counted by our clock, so an hour more or less at the camera changes nothing but the skew shown.
#[test]
fn a_clock_that_jumps_an_hour_is_shown_and_costs_no_look() {
    let mut eye = Eye::street(&clip(), "127.0.0.1:0", &[]);
    let case = Case::register("clock", &eye.address, &[]);
    case.seen();
    case.wait("tells its clock", |view| view["skew_ms"].as_i64().is_some_and(|skew| skew.abs() < 600_000));
    let mut noticed = Vec::new();
    for jump_s in [3600_i64, -3600] {
        eye.tell(&format!("clock {jump_s}"));
        let jumped = |skew: i64| (skew - jump_s * 1000).abs() < 600_000;
        let (view, took) = case.wait("the skew is shown", |view| view["skew_ms"].as_i64().is_some_and(jumped));
        assert_eq!(view["coverage"], "covered", "{view}");
        noticed.push(format!("{jump_s} s shown after {took:.1} s"));
    }
    let log = case.town.deployment.log();
    let lost = log.lines().filter(|line| line.contains("source lost") && line.contains("clock (")).count();
    assert_eq!(lost, 0, "a clock that jumps loses no session");
    case.recovered("clock jump of an hour both ways", 0.0, &noticed.join(", "));
}

#[test]
fn garbage_in_the_stream_is_no_picture_and_the_camera_is_back_by_itself() {
    let mut eye = Eye::street(&clip(), "127.0.0.1:0", &[]);
    let case = Case::register("garbage", &eye.address, &[]);
    case.seen();
    eye.tell("garbage on");
    let (view, noticed) = case.wait("cannot be judged", |view| view["coverage"] != "covered");
    let holds = case.town.holds();
    thread::sleep(Duration::from_secs(8));
    eye.tell("garbage off");
    let seen = format!("{} after {noticed:.1} s; files, threads, MiB {holds:?}", view["reason"]);
    case.recovered("garbage in the stream", case.seen(), &seen);
}

#[test]
fn five_percent_loss_over_udp_costs_looks_and_says_so() {
    let mut eye = Eye::street(&clip(), "127.0.0.1:0", &[]);
    let case = Case::register("loss", &eye.address, &["--transport", "udp"]);
    case.seen();
    eye.tell("loss 5");
    thread::sleep(Duration::from_secs(15));
    let id = case.town.view("loss").expect("registered")["view"]["id"].as_str().expect("an id").to_owned();
    let looks = case.town.get(&format!("/api/v1/views/{id}/looks?limit=15")).expect("the service answers");
    let looks = looks["items"].as_array().expect("a list").clone();
    let good = looks.iter().filter(|look| look["state"] == "same").count();
    let states: Vec<&str> = looks.iter().filter_map(|look| look["state"].as_str()).collect();
    for look in looks.iter().filter(|look| look["state"] != "same") {
        assert!(look["state"] != "lost" || look["reason"].to_string().contains("丢包"), "{look}");
    }
    eye.tell("loss 0");
    let back = case.seen();
    println!("loss: {states:?}");
    case.recovered("5 % loss over UDP", back, &format!("{good} of the latest {} looks judged", looks.len()));
}

/// A key frame every half minute, as with "smart" codecs: the look waits its time, says so, and goes on.
#[test]
#[ignore = "run by script/soak"]
fn no_key_frame_for_half_a_minute_is_named() {
    let mut eye = Eye::street(&clip(), "127.0.0.1:0", &[]);
    let case = Case::register("keyless", &eye.address, &[]);
    case.seen();
    eye.tell("keys off");
    let noticed = case.lost("关键帧");
    thread::sleep(Duration::from_secs(30).saturating_sub(Duration::from_secs_f64(noticed)));
    eye.tell("keys on");
    let seen = format!("lost after {noticed:.1} s: 没有给出画面，缩短关键帧间隔");
    case.recovered("no key frame for 30 s", case.seen(), &seen);
}
