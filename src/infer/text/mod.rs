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
pub use plates::PlateReader;
#[cfg(feature = "onnx")]
pub use reader::TextReader;

use super::InferError;
use crate::{
    analysis::plate::FrameReading,
    domain::{BBox, FrameSpace, ModelRef, Picture, Quad, Score},
};

/// A plate in a frame, as far as this frame tells.
#[derive(Clone, Debug, PartialEq)]
pub struct PlateSeen {
    /// Where, in pixels of the frame.
    pub quad: Quad<FrameSpace>,
    /// How sure it is that this is a plate.
    pub score: Score,
    /// What it says, by each form of plates.
    pub reading: FrameReading,
}

type ReadPlates = Box<dyn Fn(&Picture, &BBox<FrameSpace>) -> Result<Vec<PlateSeen>, InferError> + Send + Sync>;

/// Reads the plates in a part of a picture. Shared by all looks.
pub struct Plates {
    model: ModelRef,
    side_max: u32,
    read: ReadPlates,
}

impl Plates {
    /// Reads by `read`, which takes parts of at most `side_max` pixels a side.
    pub fn new(
        model: ModelRef,
        side_max: u32,
        read: impl Fn(&Picture, &BBox<FrameSpace>) -> Result<Vec<PlateSeen>, InferError> + Send + Sync + 'static,
    ) -> Self {
        Self { model, side_max, read: Box::new(read) }
    }
    /// Which weights answer.
    pub fn model(&self) -> ModelRef {
        self.model.clone()
    }
    /// The largest side of a part, in pixels.
    pub fn side_max(&self) -> f32 {
        self.side_max as f32
    }
    /// The plates in `part` of the picture, surest first.
    ///
    /// # Errors
    /// [`InferError`].
    pub fn read(&self, picture: &Picture, part: &BBox<FrameSpace>) -> Result<Vec<PlateSeen>, InferError> {
        (self.read)(picture, part)
    }
}
