//! L1, pure: what pictures and detections mean. Nothing here awaits, reads a clock or touches a file.

pub mod lawful;
pub mod place_book;

#[cfg(test)]
pub(crate) mod fixtures;
