//! Reading text and number plates in a picture: one graph finds them, another one reads. What a line means is not decided here but by
//! the rules of `analysis`.

#[cfg(feature = "onnx")]
mod ads;
#[cfg(feature = "onnx")]
mod line_reader;
#[cfg(feature = "onnx")]
mod plates;
#[cfg(feature = "onnx")]
mod reader;
#[cfg(feature = "onnx")]
mod sessions;

#[cfg(feature = "onnx")]
pub use ads::AdsEngine;
#[cfg(feature = "onnx")]
pub use plates::{PlateReader, PlateSeen};
#[cfg(feature = "onnx")]
pub use reader::TextReader;
