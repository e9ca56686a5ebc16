//! Feeds `checks/reading.rs` with what libFuzzer thinks of.
#![no_main]

#[path = "../checks/reading.rs"]
mod reading;

libfuzzer_sys::fuzz_target!(|data: &[u8]| reading::check(data));
