//! Feeds `checks/rtsp.rs` with what libFuzzer thinks of.
#![no_main]

#[path = "../checks/rtsp.rs"]
mod rtsp;

libfuzzer_sys::fuzz_target!(|data: &[u8]| rtsp::check(data));
