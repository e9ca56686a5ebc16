//! L1, pure: what pictures and model outputs mean. Nothing here awaits, reads a clock, touches a file or knows
//! an adapter.

pub mod compose;
pub mod decode;
pub mod detected;
pub mod letterbox;
pub mod nms;
mod resample;
