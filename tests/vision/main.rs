//! What the rooms that look at pixels do on real surveillance frames. Needs `ffmpeg` and Debian's `opencv-doc`
//! (its clip `vtest.avi`); a missing one fails the tests and is never skipped.

mod appearance;
mod drawing;
mod frames;
mod view_match;
