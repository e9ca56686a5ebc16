//! L1, pure: what pictures, model outputs and detections mean. Nothing here awaits, reads a clock, touches a file
//! or knows an adapter; everything is a function of its arguments, so every judgement can be replayed.

pub mod ads;
pub mod appearance;
pub mod compose;
pub mod decode;
pub mod detected;
pub mod exemplar;
pub mod few_shot;
pub mod lawful;
pub mod letterbox;
pub mod lines;
pub mod newness;
pub mod nms;
pub mod permit;
pub mod place_book;
pub mod plate;
mod rectangle;
mod resample;
pub mod scene;
pub mod score;
pub mod shadow;
pub mod statistics;
pub mod tensor;
pub mod tiles;
pub mod tracker;
pub mod trail;
pub mod verify;
pub mod warp;
pub mod what_if;

#[cfg(test)]
pub(crate) mod fixtures;
