//! What a camera sends to our own receiver: RTSP messages, session descriptions, RTP and RTCP packets. The first byte says
//! which. Nothing grows without a bound, and nothing that a camera says leads a request elsewhere or into another one.

use std::time::Duration;

use xunjie::media::rtsp::{
    Video,
    assemble::{Assembled, Assembler},
    clock::Timeline,
    sdp,
    wire::{self, Message},
};

/// Small, so that inputs of a few hundred bytes reach it.
const UNIT_MAX: usize = 512;
/// Parameter sets that the assembler may put before a picture: three of 16 KiB each, with their start codes.
const SETS_MAX: usize = 3 * ((16 << 10) + 4);
const BASE: &str = "rtsp://camera.example:554/live/1";

pub fn check(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    match which {
        b'w' => messages(rest),
        b's' => description(rest),
        b'4' => packets(Video::H264, rest),
        b'5' => packets(Video::H265, rest),
        b't' => times(rest),
        _ => {}
    }
}

/// Whatever pieces a message comes in, it is the same message, and it is never longer than what came.
fn messages(mut bytes: &[u8]) {
    while let Ok(Some((message, size))) = wire::first(bytes) {
        assert!(size > 0 && size <= bytes.len());
        for end in [size / 2, size - 1] {
            assert!(matches!(wire::first(&bytes[..end]), Ok(None)), "{message:?} is whole after {end} of {size} bytes");
        }
        if let Message::Frame { payload, .. } = message {
            assert_eq!(payload.len() + 4, size);
        }
        bytes = &bytes[size..];
    }
}

/// A description names our camera or is refused; what is asked for can be written on one line of a request.
fn description(bytes: &[u8]) {
    let Ok(track) = sdp::video_track(bytes, BASE) else { return };
    assert!(track.clock_hz > 0);
    assert!(track.sets.len() <= 16 && track.sets.iter().all(|set| !set.is_empty()));
    for address in [&track.control, &track.aggregate] {
        assert!(!address.chars().any(|c| c.is_control() || c == ' '), "{address:?} would break a request");
    }
}

/// Packets of any kind in any order: units begin with a start code, and neither they nor what waits grow beyond the bound.
fn packets(video: Video, mut bytes: &[u8]) {
    let sets = [vec![0x67, 1, 2], vec![0x68, 3]];
    let mut assembler = Assembler::new(video, 96, &sets, UNIT_MAX);
    let (mut number, mut ticks) = (0_u16, 0_u32);
    while let [how, size, rest @ ..] = bytes {
        let (payload, after) = rest.split_at(rest.len().min(usize::from(*size)));
        bytes = after;
        number = number.wrapping_add(if how & 1 == 0 { 1 } else { u16::from(*how) });
        ticks = ticks.wrapping_add(if how & 2 == 0 { 0 } else { 3_600 });
        let packet = if how & 4 == 0 { rtp(number, ticks, *how, payload) } else { payload.to_vec() };
        assembler.take(&packet, |whole| unit(&whole));
    }
    assert!(assembler.left_out() <= u64::from(u16::MAX));
}

fn unit(unit: &Assembled) {
    assert!(unit.data.starts_with(&[0, 0, 0, 1]), "{unit:?}");
    assert!(unit.data.len() <= UNIT_MAX + SETS_MAX, "{} bytes", unit.data.len());
    assert!(unit.key || !unit.sets_changed, "changed sets come with a key frame");
}

/// A packet of payload type 96; `how` may mark it, pad it and give it another source.
fn rtp(number: u16, ticks: u32, how: u8, payload: &[u8]) -> Vec<u8> {
    let padded = how & 8 != 0;
    let mut packet = vec![0x80 | (u8::from(padded) << 5), 96 | (how & 0x80)];
    packet.extend(number.to_be_bytes());
    packet.extend(ticks.to_be_bytes());
    packet.extend([0, 0, 0, how & 0x10]);
    packet.extend(payload);
    if padded {
        packet.push(1);
    }
    packet
}

/// Ticks that leap and sender reports that lie: media time neither stands still for ever nor goes below zero.
fn times(mut bytes: &[u8]) {
    let mut line = Timeline::new(90_000);
    let mut arrived = Duration::ZERO;
    while let [passed, a, b, c, d, size, rest @ ..] = bytes {
        arrived += Duration::from_millis(u64::from(*passed) * 100);
        let ticks = u32::from_be_bytes([*a, *b, *c, *d]);
        let time = line.media_time(ticks, arrived);
        // Each step of the camera's clock may be wrong by the ten seconds that are no leap.
        let steps_s = 11 * (1 + bytes.len() as u64);
        assert!(time.0 <= (arrived.as_secs() + steps_s) * 1_000_000_000, "{time:?} after {arrived:?}");
        let (report, after) = rest.split_at(rest.len().min(usize::from(*size)));
        line.learn(report);
        let _ = line.camera_ms(ticks);
        bytes = after;
    }
}
