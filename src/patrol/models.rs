//! Hop 4, detect: which models the matters of a look name, and what all of them see in one frame.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::spine::Spine;
use crate::{
    domain::{Detection, Frame, Matter, MatterKey},
    infer::{Detector, InferError, Lane},
};

/// The models that propose for the matters, and those that find who must be hidden.
pub(super) fn models_of(matters: &BTreeMap<MatterKey, Matter>) -> BTreeSet<&String> {
    matters.values().flat_map(|matter| [Some(&matter.model), matter.hide_by.as_ref()]).flatten().collect()
}

impl Spine {
    /// All models that the matters name, over one frame.
    ///
    /// # Errors
    /// [`InferError`] of the first that cannot look, or was not loaded.
    pub(super) fn detect(
        &self,
        frame: &Frame,
        matters: &BTreeMap<MatterKey, Matter>,
        lane: Lane,
    ) -> Result<Vec<Detection>, InferError> {
        self.detect_by(&models_of(matters), frame, lane)
    }

    /// What these models see in one frame.
    ///
    /// # Errors
    /// [`InferError`] of the first that cannot look, or was not loaded.
    pub(super) fn detect_by(
        &self,
        models: &BTreeSet<&String>,
        frame: &Frame,
        lane: Lane,
    ) -> Result<Vec<Detection>, InferError> {
        let mut all = Vec::new();
        for &model in models {
            all.extend(self.seer(model)?.detect_in(lane, &frame.picture)?);
        }
        Ok(all)
    }

    /// A model by the name that matters call it by.
    ///
    /// # Errors
    /// [`InferError::Model`] where it was not loaded.
    pub(super) fn seer(&self, model: &str) -> Result<&Arc<dyn Detector>, InferError> {
        let unknown = || InferError::Model(model.to_owned(), "it was not loaded; see `xunjie model list`".to_owned());
        self.detectors.get(model).ok_or_else(unknown)
    }
}
