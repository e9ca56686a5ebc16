//! L2: models. Only this room names ONNX Runtime.

pub mod catalogue;
pub mod comparison;
#[cfg(test)]
mod conformance;
pub mod few_shot;
#[cfg(feature = "onnx")]
mod library;
pub mod manifest;
#[cfg(feature = "onnx")]
pub mod onnx;
pub mod pool;
pub mod scripted;
#[cfg(feature = "onnx")]
mod tap;
pub mod text;
#[cfg(test)]
#[cfg(feature = "onnx")]
pub(crate) mod tiny;

pub use catalogue::Catalogue;
pub use comparison::ComparisonHead;
pub use scripted::{ScriptedDetector, ScriptedHead};

use crate::{
    analysis::newness::PatchGrid,
    domain::{Appearance, Detection, ModelRef, Picture},
};

/// Why a model could not say anything.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InferError {
    /// The ONNX Runtime library is missing or too old.
    #[error(
        "ONNX Runtime cannot be loaded: {0}; run script/setup, or point XUNJIE_ORT_LIB to libonnxruntime.so 1.24 or newer"
    )]
    Library(String),
    /// A manifest or a weight file is missing, damaged or of another shape.
    #[error("model {0}: {1}")]
    Model(String, String),
    /// A run failed.
    #[error("model {0} failed on a picture: {1}")]
    Run(String, String),
    /// Too much was waiting; the oldest was refused.
    #[error("inference is overloaded; the oldest waiting picture was refused")]
    Overloaded,
    /// The pool was shut down.
    #[error("inference is shutting down")]
    Closed,
}

/// Whose pictures go first where inference is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// A continuous look's: they go first and are refused last.
    Watch,
    /// A visit's: what stands still can wait.
    Visit,
}

/// What one run says about a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// All detections at or above the model's floor score, best first, boxes in pixels of the picture.
    pub detections: Vec<Detection>,
    /// How the middle of the picture looks; `None` from a model that does not say.
    pub appearance: Option<Appearance>,
    /// How each patch of the picture looks; `None` from a model that does not say.
    pub patches: Option<PatchGrid>,
}

impl Inspection {
    /// How the middle of the picture looks by all that the model says: its appearance, and the patches there, which lie
    /// before what the model was trained for.
    pub fn description(&self) -> Option<Appearance> {
        let look = self.appearance.as_ref()?;
        let patches = self.patches.as_ref().map(|patches| Appearance::new(patches.middle()));
        let both = patches.into_iter().fold(look.as_slice().to_vec(), |both, of| [&both, of.as_slice()].concat());
        Some(Appearance::new(both))
    }
}

/// The seam: finds things in a picture. Shared by all looks; an implementation brings its own threads.
pub trait Detector: Send + Sync {
    /// Which weights answer.
    fn model(&self) -> ModelRef;
    /// All detections at or above the model's floor score, best first, boxes in pixels of the picture.
    ///
    /// # Errors
    /// [`InferError`].
    fn detect(&self, picture: &Picture) -> Result<Vec<Detection>, InferError>;
    /// The same in a lane; without threads of its own an implementation has only one.
    ///
    /// # Errors
    /// [`InferError`].
    fn detect_in(&self, _lane: Lane, picture: &Picture) -> Result<Vec<Detection>, InferError> {
        self.detect(picture)
    }
    /// Detections and the appearance, both of one run; without an appearance where the model has none.
    ///
    /// # Errors
    /// [`InferError`].
    fn inspect_in(&self, lane: Lane, picture: &Picture) -> Result<Inspection, InferError> {
        Ok(Inspection { detections: self.detect_in(lane, picture)?, ..Inspection::default() })
    }
}
