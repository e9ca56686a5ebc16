//! Feeds `checks/evidence.rs` with what libFuzzer thinks of.
#![no_main]

#[path = "../checks/evidence.rs"]
mod evidence;

libfuzzer_sys::fuzz_target!(|data: &[u8]| evidence::check(data));
