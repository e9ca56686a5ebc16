//! Heads that say what is new in a frame, by the patches of the frame and of the view's reference picture.

#[cfg(feature = "onnx")]
pub(super) mod session;

#[cfg(test)]
#[cfg(feature = "onnx")]
mod tests;

use super::{InferError, Lane, pool::Pool};
use crate::{
    analysis::newness::{Likelihoods, PatchGrid},
    domain::ModelRef,
};

/// The patches of two pictures, as many of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Of the frame.
    pub now: PatchGrid,
    /// Of the reference picture, laid onto the frame.
    pub before: PatchGrid,
}

/// The seam: says what is new. Shared by all looks; an implementation brings its own threads.
pub trait ComparisonHead: Send + Sync {
    /// Which weights answer.
    fn model(&self) -> ModelRef;
    /// How likely each patch of the frame shows something new, by the head's classes.
    ///
    /// # Errors
    /// [`InferError`].
    fn compare(&self, lane: Lane, pair: Pair) -> Result<Likelihoods, InferError>;
}

impl ComparisonHead for Pool<Pair, Likelihoods> {
    fn model(&self) -> ModelRef {
        Self::model(self)
    }

    fn compare(&self, lane: Lane, pair: Pair) -> Result<Likelihoods, InferError> {
        self.ask(lane, pair)
    }
}
