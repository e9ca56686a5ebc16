//! What a head that compares patches takes and says, and which matters may ask it what is new.

use std::sync::Arc;

use super::{Manifest, ModelKind};
use crate::{
    domain::{Matter, Newness, NewnessHead},
    infer::InferError,
};

/// A head that says what is new by the patches of two pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparisonSpec {
    /// The detector whose patches it compares.
    pub patches_of: String,
    /// Name of the input `[1, numbers of a patch, rows, columns]` of the frame.
    pub now: String,
    /// Name of the same of the reference picture, laid onto the frame.
    pub before: String,
    /// Name of the output `[1, classes, rows, columns]`: one likelihood a class, not exclusive.
    pub output: String,
    /// Class names, in the order of the graph's class axis.
    pub classes: Vec<Arc<str>>,
}

impl Manifest {
    /// The part of a head that compares patches.
    ///
    /// # Errors
    /// [`InferError::Model`] for a model of another kind.
    pub fn comparison(&self) -> Result<&ComparisonSpec, InferError> {
        match &self.kind {
            ModelKind::Comparison(spec) => Ok(spec),
            other => Err(self.another(other.word(), "comparison")),
        }
    }

    /// Whether the model can say what is new for the matter, by the patches that the matter names.
    ///
    /// # Errors
    /// [`InferError::Model`] when it compares another model's patches, or lacks a class that the matter names.
    pub fn tells(&self, matter: &Matter, newness: &Newness, head: &NewnessHead) -> Result<(), InferError> {
        let spec = self.comparison()?;
        let fault = |text: String| Err(InferError::Model(self.name.clone(), text));
        if spec.patches_of != newness.model {
            return fault(format!(
                "compares patches of {}, and [newness] of matter {} names {}; name {} there",
                spec.patches_of, matter.key, newness.model, spec.patches_of
            ));
        }
        for (key, classes) in [("classes", &head.classes), ("passes", &head.passes)] {
            if let Some(class) = classes.iter().find(|class| !spec.classes.contains(class)) {
                return fault(format!(
                    "has no class {class}, which [newness] {key} of matter {} names; it has {}",
                    matter.key,
                    spec.classes.join(", ")
                ));
            }
        }
        Ok(())
    }
}
