//! Hop 5, the comparison: what is new in a frame beside the view's reference picture. Asked only in looks for a matter that
//! is about that. What cannot be compared now says nothing: such matters are left out of the look, and no place of theirs is
//! seen, missed or cleared.

use std::collections::BTreeMap;

use super::{
    scenes::Scene,
    seen::Judgeable,
    spine::Spine,
};
use crate::{
    analysis::newness::{NewnessMap, PatchGrid, passes},
    domain::{BBox, Detection, Frame, Homography, Matter, MatterKey, Newness, Reference, ReferenceSpace},
    infer::{InferError, Lane},
};

/// The patches of a view's reference picture, and who passed when it was taken. Made anew for each version and weights;
/// 0.45 MB a view that is compared.
pub(super) struct Before {
    of: (u32, String),
    grid: PatchGrid,
    passed: Vec<BBox<ReferenceSpace>>,
}

/// The matters of a look that can be judged by its latest frame: without a comparison none that is about what is new.
pub(super) fn judged(matters: BTreeMap<MatterKey, Matter>, last: Option<&Judgeable>) -> BTreeMap<MatterKey, Matter> {
    let is_compared = last.is_some_and(Judgeable::is_compared);
    matters.into_iter().filter(|(_, matter)| is_compared || matter.newness.is_none()).collect()
}

impl Spine {
    /// What is new in the frame, for the first matter that asks: all name one model, which `engine` sees to.
    pub(super) fn compare(
        &self,
        scene: &mut Scene,
        matters: &BTreeMap<MatterKey, Matter>,
        (frame, homography): (&Frame, &Homography),
        detections: &[Detection],
    ) -> Option<NewnessMap> {
        let (matter, newness) = matters.values().find_map(|matter| Some((matter, matter.newness.as_ref()?)))?;
        let view = scene.view.id;
        match self.compared(scene, (matter, newness), (frame, homography), detections) {
            Ok(map) => map,
            Err(error) => {
                tracing::warn!(%view, model = newness.model, %error, "the view was not compared with its reference picture; the next look tries again");
                None
            }
        }
    }

    fn compared(
        &self,
        scene: &mut Scene,
        (matter, newness): (&Matter, &Newness),
        (frame, homography): (&Frame, &Homography),
        detections: &[Detection],
    ) -> Result<Option<NewnessMap>, InferError> {
        let Some(reference) = scene.view.reference.clone() else { return Ok(None) };
        let sha256 = self.seer(&newness.model)?.model().sha256;
        let of = (reference.version, sha256);
        let before = match scene.before.take().filter(|before| before.of == of) {
            Some(before) => before,
            None => self.before(&reference, of, matter, newness)?,
        };
        let now = self.patches(newness, frame)?;
        let passing: Vec<_> = detections.iter().filter(|one| passes(one)).map(|one| one.bbox).collect();
        let map = NewnessMap::of(&now, &passing, &before.grid, &before.passed, homography);
        scene.before = Some(before);
        Ok(map)
    }

    fn before(
        &self,
        reference: &Reference,
        of: (u32, String),
        matter: &Matter,
        newness: &Newness,
    ) -> Result<Before, InferError> {
        let failed = |error: &dyn std::fmt::Display| InferError::Run(newness.model.clone(), error.to_string());
        let picture = self.scenes.reference_picture(reference).map_err(|error| failed(&error))?;
        let (width, height) = (picture.width(), picture.height());
        let inspected = self.seer(&newness.model)?.inspect_in(Lane::Visit, &picture)?;
        let grid = inspected.patches.ok_or_else(|| failed(&"it said nothing of patches"))?;
        let seen = self.seer(&matter.model)?.detect_in(Lane::Visit, &picture)?;
        let passed = seen.iter().filter(|one| passes(one));
        let passed = passed.map(|one| Homography::IDENTITY.to_reference(&one.bbox, width, height)).collect();
        Ok(Before { of, grid, passed })
    }

    fn patches(&self, newness: &Newness, frame: &Frame) -> Result<PatchGrid, InferError> {
        let inspected = self.seer(&newness.model)?.inspect_in(Lane::Visit, &frame.picture)?;
        inspected.patches.ok_or_else(|| InferError::Run(newness.model.clone(), "it said nothing of patches".to_owned()))
    }
}

#[cfg(test)]
#[path = "newness_tests.rs"]
mod tests;
