//! Cameras that say nothing, die, or pour rubbish into the connection.

use std::{thread, time::Duration};

use super::{Case, Eye, KERB, LONG, Town};
use crate::street::{clip, until};

/// The camera at this address becomes a healthy one.
fn mended(eye: Eye) -> Eye {
    let host = eye.host();
    drop(eye);
    Eye::street(&clip(), &host, &[])
}

#[test]
fn a_half_open_connection_is_given_up_and_called_less_and_less_often() {
    for (way, name) in [("mute", "half-open TCP"), ("mute-after-play", "silent after PLAY")] {
        let eye = Eye::hostile(way, "127.0.0.1:0", &[]);
        let case = Case::register(way, &eye.address, &["--transport", "tcp"]);
        let noticed = case.lost("没有应答");
        let before = eye.connections();
        thread::sleep(Duration::from_secs(12));
        let calls = eye.connections() - before;
        // Three seconds of patience and up to four of back-off: never a tight loop.
        assert!(calls <= 5, "{calls} calls within 12 s");
        let _eye = mended(eye);
        let seen = format!("lost after {noticed:.1} s: 没有应答, {calls} calls in 12 s");
        case.recovered(name, case.seen(), &seen);
    }
}

#[test]
fn a_killed_camera_is_lost_and_back_by_itself_over_tcp_and_udp() {
    for transport in ["tcp", "udp"] {
        let eye = Eye::street(&clip(), "127.0.0.1:0", &[]);
        let case = Case::register(&format!("killed-{transport}"), &eye.address, &["--transport", transport]);
        case.seen();
        let host = eye.host();
        drop(eye);
        let noticed = case.wait("is lost", |view| view["state"] == "lost").1;
        let _eye = Eye::street(&clip(), &host, &[]);
        let seen = format!("lost after {noticed:.1} s");
        case.recovered(&format!("server killed ({transport})"), case.seen(), &seen);
    }
}

#[test]
fn a_frozen_server_is_noticed_by_the_watchdog_and_its_backlog_is_not_judged() {
    for transport in ["tcp", "udp"] {
        let eye = Eye::street(&clip(), "127.0.0.1:0", &[]);
        let case = Case::register(&format!("stopped-{transport}"), &eye.address, &["--transport", transport]);
        case.seen();
        eye.process.signal("STOP");
        let noticed = case.lost("停止发送");
        eye.process.signal("CONT");
        let seen = format!("lost after {noticed:.1} s: 接通后停止发送");
        case.recovered(&format!("server frozen ({transport})"), case.seen(), &seen);
    }
}

/// Everything that a hostile camera can pour into us, all at once and again and again: it is refused, the neighbour is
/// looked at, and the service holds as many files, threads and bytes after many rounds as after the first.
#[test]
fn hostile_cameras_cost_no_handles_no_threads_and_no_memory() {
    let town = Town::open("hostile");
    let begun = std::time::Instant::now();
    let ways = ["junk", "cut", "flood", "no-video", "mute"];
    let eyes: Vec<Eye> = ways.iter().map(|way| Eye::hostile(way, "127.0.0.1:0", &[])).collect();
    for (way, eye) in ways.iter().zip(&eyes) {
        town.deployment.register(way, &eye.address, KERB);
    }
    let calls = || eyes.iter().map(Eye::connections).min().unwrap_or(0);
    until("each was called twice", &town.deployment, LONG, || (calls() >= 2).then_some(()));
    let before = town.holds();
    until("each was called four times more", &town.deployment, LONG * 2, || (calls() >= 6).then_some(()));
    // Sessions come and go, so the least of some moments counts.
    let moments = (0..20).map(|_| {
        thread::sleep(Duration::from_millis(250));
        town.holds()
    });
    let after = moments.reduce(|a, b| (a.0.min(b.0), a.1.min(b.1), a.2.min(b.2))).expect("there are twenty");
    println!("hostile: files, threads, MiB before {before:?}, after {after:?}");
    assert!(after.0 <= before.0 + 16 && after.1 <= before.1 + 16, "{before:?} grew to {after:?}");
    assert!(after.2 <= before.2 + 64, "memory grew from {before:?} to {after:?}");
    for way in ways {
        let view = town.view(way).expect("it is registered");
        assert_eq!(view["state"], "lost", "{view}");
        println!("hostile: {way}: {}", view["reason"]);
    }
    let (looks, late) = town.neighbours_looks(begun);
    let seconds = begun.elapsed().as_secs();
    println!(
        "recovered: hostile cameras: 0.0 s ({seconds} s of them; neighbour: {looks} looks, at most {late:.1} s late)"
    );
}

/// An answer without an end, as fast as it is taken or a byte a second: the look gives up at its time, and so does the
/// one after it.
#[test]
fn an_answer_that_never_ends_holds_up_nobody() {
    let town = Town::open("endless");
    let begun = std::time::Instant::now();
    let ways = ["length", "headers", "drip"];
    let eyes: Vec<Eye> = ways.iter().map(|way| Eye::hostile(way, "127.0.0.1:0", &[])).collect();
    let before = town.holds();
    for (way, eye) in ways.iter().zip(&eyes) {
        town.deployment.register(way, &eye.address, KERB);
    }
    until("each was called three times", &town.deployment, LONG, || {
        eyes.iter().all(|eye| eye.connections() >= 3).then_some(())
    });
    let seconds = begun.elapsed().as_secs();
    for way in ways {
        println!("endless: {way}: {}", town.view(way).expect("it is registered")["reason"]);
    }
    println!("endless: files, threads, MiB before {before:?}, now {:?}", town.holds());
    let (looks, late) = town.neighbours_looks(begun);
    println!(
        "recovered: endless answers: 0.0 s (three calls each in {seconds} s; neighbour: {looks} looks, at most {late:.1} s late)"
    );
}

/// A switch dies and takes a dozen cameras with it, more than there are workers: the camera on another switch is looked
/// at as before, because only a few of the dead are called at the same time.
#[test]
fn a_switch_that_dies_takes_no_other_camera_with_it() {
    let town = Town::open("switch");
    let dead = Eye::hostile("mute", "127.0.0.1:0", &[]);
    let codes: Vec<String> = (0..12).map(|i| format!("dead-{i}")).collect();
    for code in &codes {
        town.deployment.register(code, &dead.address, KERB);
    }
    until("all of them are lost", &town.deployment, LONG, || {
        codes.iter().all(|code| town.view(code).is_some_and(|view| view["state"] == "lost")).then_some(())
    });
    let begun = std::time::Instant::now();
    thread::sleep(Duration::from_secs(15));
    let (looks, late) = town.neighbours_looks(begun);
    let _eye = mended(dead);
    let begun = std::time::Instant::now();
    until("all of them are back", &town.deployment, LONG, || {
        codes.iter().all(|code| town.view(code).is_some_and(|view| view["coverage"] == "covered")).then_some(())
    });
    let back = begun.elapsed().as_secs_f64();
    println!(
        "recovered: switch with 12 cameras: {back:.1} s (neighbour: {looks} looks in 15 s, at most {late:.1} s late)"
    );
}
