//! Feeds `checks/scene.rs` with what libFuzzer thinks of.
#![no_main]

#[path = "../checks/scene.rs"]
mod scene;

libfuzzer_sys::fuzz_target!(|data: &[u8]| scene::check(data));
