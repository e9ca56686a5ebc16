//! Feeds `checks/model.rs` with what libFuzzer thinks of.
#![no_main]

#[path = "../checks/model.rs"]
mod model;

libfuzzer_sys::fuzz_target!(|data: &[u8]| model::check(data));
