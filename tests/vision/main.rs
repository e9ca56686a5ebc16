//! What the rooms that look at pixels do on real surveillance frames. Needs `ffmpeg` and Debian's `opencv-doc`
//! (its clip `vtest.avi`); a missing one fails the tests and is never skipped.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail by panicking and print what it measured"
)]

mod appearance;
mod cost;
mod drawing;
mod frames;
mod view_match;
