//! Feeds `checks/decoder.rs` with what libFuzzer thinks of.
#![no_main]

#[path = "../checks/decoder.rs"]
mod decoder;

libfuzzer_sys::fuzz_target!(|data: &[u8]| decoder::check(data));
