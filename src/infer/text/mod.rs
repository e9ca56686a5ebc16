//! Reading text in a picture: one graph finds lines, another one reads them. What a line means is not decided here but by
//! the rules of `analysis`.

#[cfg(feature = "onnx")]
mod ads;
#[cfg(feature = "onnx")]
mod reader;
#[cfg(feature = "onnx")]
mod sessions;

#[cfg(feature = "onnx")]
pub use ads::AdsEngine;
#[cfg(feature = "onnx")]
pub use reader::TextReader;
