//! L1, pure: what pictures, model outputs and detections mean. Nothing here awaits, reads a clock, touches a file
//! or knows an adapter.

pub mod compose;
pub mod decode;
pub mod detected;
pub mod lawful;
pub mod letterbox;
pub mod nms;
pub mod place_book;
mod resample;

#[cfg(test)]
pub(crate) mod fixtures;
