//! A detector that answers from a script, for tests and for scenes replayed without a model. It keeps the promises of
//! the seam (boxes inside of the picture, best first), so that a script cannot do what no model does.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{ComparisonHead, Detector, InferError, Inspection, Lane, comparison::Pair};
use crate::{
    analysis::newness::Likelihoods,
    domain::{Detection, ModelRef, Picture},
};

type Script = Box<dyn Fn(u64, &Picture) -> Result<Inspection, InferError> + Send + Sync>;

/// Answers from a script.
pub struct ScriptedDetector {
    model: ModelRef,
    script: Script,
    asked: AtomicU64,
}

impl ScriptedDetector {
    /// Answers the n-th picture, counted from 0, with `script(n, picture)`.
    pub fn by_function(
        script: impl Fn(u64, &Picture) -> Result<Vec<Detection>, InferError> + Send + Sync + 'static,
    ) -> Self {
        Self::by_inspection(move |n, picture| {
            Ok(Inspection { detections: script(n, picture)?, ..Inspection::default() })
        })
    }

    /// The same, with how each picture looks.
    pub fn by_inspection(
        script: impl Fn(u64, &Picture) -> Result<Inspection, InferError> + Send + Sync + 'static,
    ) -> Self {
        let model = ModelRef { name: "scripted".into(), sha256: "0".repeat(64) };
        Self { model, script: Box::new(script), asked: AtomicU64::new(0) }
    }

    /// Under another name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.model.name);
        self
    }

    /// Answers the n-th picture with the n-th list; pictures beyond the end show nothing.
    pub fn by_ordinal(lists: Vec<Vec<Detection>>) -> Self {
        Self::by_function(move |n, _| {
            let list = usize::try_from(n).ok().and_then(|n| lists.get(n));
            Ok(list.cloned().unwrap_or_default())
        })
    }

    /// How many pictures were shown to it.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Detector for ScriptedDetector {
    fn model(&self) -> ModelRef {
        self.model.clone()
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<Detection>, InferError> {
        Ok(self.inspect_in(Lane::Visit, picture)?.detections)
    }

    fn inspect_in(&self, _: Lane, picture: &Picture) -> Result<Inspection, InferError> {
        let n = self.asked.fetch_add(1, Ordering::SeqCst);
        let Inspection { detections: mut found, appearance, patches } = (self.script)(n, picture)?;
        for detection in &mut found {
            detection.bbox = detection.bbox.clipped(picture.width() as f32, picture.height() as f32);
        }
        found.retain(|detection| detection.bbox.area() > 0.0);
        found.sort_by_key(|detection| std::cmp::Reverse(detection.score));
        Ok(Inspection { detections: found, appearance, patches })
    }
}

type Comparing = Box<dyn Fn(u64, &Pair) -> Result<Likelihoods, InferError> + Send + Sync>;

/// A head that answers from a script.
pub struct ScriptedHead {
    script: Comparing,
    asked: AtomicU64,
}

impl ScriptedHead {
    /// Answers the n-th pair, counted from 0, with `script(n, pair)`.
    pub fn by_function(script: impl Fn(u64, &Pair) -> Result<Likelihoods, InferError> + Send + Sync + 'static) -> Self {
        Self { script: Box::new(script), asked: AtomicU64::new(0) }
    }

    /// How many pairs were shown to it.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl ComparisonHead for ScriptedHead {
    fn model(&self) -> ModelRef {
        ModelRef { name: "scripted_head".into(), sha256: "1".repeat(64) }
    }

    fn compare(&self, _: Lane, pair: Pair) -> Result<Likelihoods, InferError> {
        (self.script)(self.asked.fetch_add(1, Ordering::SeqCst), &pair)
    }
}
