//! Feeds `checks/words.rs` with what libFuzzer thinks of.
#![no_main]

#[path = "../checks/words.rs"]
mod words;

libfuzzer_sys::fuzz_target!(|data: &[u8]| words::check(data));
