//! Feeds `checks/clip.rs` with what libFuzzer thinks of.
#![no_main]

#[path = "../checks/clip.rs"]
mod clip;

libfuzzer_sys::fuzz_target!(|data: &[u8]| clip::check(data));
