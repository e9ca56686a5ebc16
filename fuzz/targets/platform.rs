//! Feeds `checks/platform.rs` with what libFuzzer thinks of.
#![no_main]

#[path = "../checks/platform.rs"]
mod platform;

libfuzzer_sys::fuzz_target!(|data: &[u8]| platform::check(data));
