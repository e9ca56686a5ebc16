//! Hop 5, the comparison: what is new in a frame beside the view's reference picture. Asked only in looks for a matter that
//! is about that. What cannot be compared now says nothing: such matters are left out of the look, and no place of theirs is
//! seen, missed or cleared. Around what is new the matter's own model looks once more, closely: a person of thirty pixels is
//! none to it in the whole frame.

use std::{collections::BTreeMap, sync::Arc};

use super::{scenes::Scene, second_look::in_squares, seen::Judgeable, spine::Spine};
use crate::{
    analysis::{
        newness::{CLOSE_OVERLAP, CLOSE_SHARE, NewnessMap, PatchGrid, Recent, passes},
        verify::Square,
    },
    domain::{
        BBox, Detection, Frame, FrameSpace, Homography, Matter, MatterKey, Newness, Picture, Reference, ReferenceSpace,
        Zone,
    },
    infer::{ComparisonHead, InferError, Lane, comparison::Pair},
};

/// A matter that asks what is new, and how.
type Asking<'a> = (&'a Matter, &'a Newness);

/// The patches of a view's reference picture, and who passed when it was taken. Made anew for each version and weights;
/// 0.45 MB a view that is compared.
pub(super) struct Before {
    of: (u32, String),
    grid: PatchGrid,
    passed: Vec<BBox<ReferenceSpace>>,
    recent: Recent,
}

/// The matters of a look that can be judged by its latest frame: without a comparison none that is about what is new.
pub(super) fn judged(matters: BTreeMap<MatterKey, Matter>, last: Option<&Judgeable>) -> BTreeMap<MatterKey, Matter> {
    let is_compared = last.is_some_and(Judgeable::is_compared);
    matters.into_iter().filter(|(_, matter)| is_compared || matter.newness.is_none()).collect()
}

impl Spine {
    /// What is new in the frame, for the matters that ask: all name one model and those with a head one head, which `engine`
    /// sees to.
    pub(super) fn compare(
        &self,
        scene: &mut Scene,
        matters: &BTreeMap<MatterKey, Matter>,
        (frame, homography): (&Frame, &Homography),
        detections: &[Detection],
    ) -> Option<NewnessMap> {
        let asking: Vec<Asking<'_>> =
            matters.values().filter_map(|matter| Some((matter, matter.newness.as_ref()?))).collect();
        let (_, Newness { model, .. }) = asking.first()?;
        let view = scene.view.id;
        match self.compared(scene, &asking, (frame, homography), detections) {
            Ok(map) => map,
            Err(error) => {
                tracing::warn!(%view, model, %error, "the view was not compared with its reference picture; the next look tries again");
                None
            }
        }
    }

    fn compared(
        &self,
        scene: &mut Scene,
        asking: &[Asking<'_>],
        (frame, homography): (&Frame, &Homography),
        detections: &[Detection],
    ) -> Result<Option<NewnessMap>, InferError> {
        let (Some(reference), [(matter, newness), ..]) = (scene.view.reference.clone(), asking) else {
            return Ok(None);
        };
        let of = (reference.version, self.seer(&newness.model)?.model().sha256);
        let before = match scene.before.take().filter(|before| before.of == of) {
            Some(before) => before,
            None => self.before(&reference, of, matter, newness)?,
        };
        let before = scene.before.insert(before);
        let (now, named) = self.patches(newness, &frame.picture)?;
        let passing: Vec<_> = detections.iter().filter(|one| passes(one)).map(|one| one.bbox).collect();
        let Some(mut map) = NewnessMap::of(&now, &passing, &before.grid, &before.passed, homography) else {
            return Ok(None);
        };
        // All who ask a head ask the same one, once for all.
        if let Some(head) = asking.iter().find_map(|(_, newness)| newness.head.as_ref()) {
            let laid = before.grid.laid_onto(&now, homography);
            let said = self.head(&head.model)?.compare(Lane::Visit, Pair { now, before: laid })?;
            let unfit =
                || InferError::Run(head.model.clone(), "it spoke of other patches than it was shown".to_owned());
            map = map.with_head(said).ok_or_else(unfit)?;
        }
        let mut map = map.knowing(&named, &newness.known);
        let (width, height) = (frame.picture.width(), frame.picture.height());
        let is_watched = |bbox: &BBox<FrameSpace>| {
            let bbox = homography.to_reference(bbox, width, height);
            let is_asked = |zone: &Zone| asking.iter().any(|(matter, _)| zone.matters.contains(&matter.key));
            scene.zones.iter().any(|zone| is_asked(zone) && zone.polygon.share_of(&bbox) > 0.0)
        };
        let asked: Vec<&Newness> = asking.iter().map(|(_, newness)| *newness).collect();
        map.look_closer(in_squares(&**self.seer(&matter.model)?, &frame.picture, &map.squares(&asked, is_watched))?);
        Ok(Some(map.steadied(&before.grid, homography, &mut before.recent)))
    }

    /// The reference picture is looked at closely all over: it is done once.
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
        let (grid, _) = self.patches(newness, &picture)?;
        let seer = self.seer(&matter.model)?;
        let mut seen = seer.detect_in(Lane::Visit, &picture)?;
        seen.extend(in_squares(&**seer, &picture, &Square::all_over(width, height, CLOSE_SHARE, CLOSE_OVERLAP))?);
        let passed = seen.iter().filter(|one| passes(one));
        let passed = passed.map(|one| Homography::IDENTITY.to_reference(&one.bbox, width, height)).collect();
        Ok(Before { of, grid, passed, recent: Recent::default() })
    }

    /// A head by the name that matters call it by.
    pub(super) fn head(&self, name: &str) -> Result<&Arc<dyn ComparisonHead>, InferError> {
        let unknown = || InferError::Model(name.to_owned(), "it was not loaded; see `xunjie model list`".to_owned());
        self.heads.get(name).ok_or_else(unknown)
    }

    /// How the patches of a picture look, and what the comparing model has a name for.
    fn patches(&self, newness: &Newness, picture: &Picture) -> Result<(PatchGrid, Vec<Detection>), InferError> {
        let inspected = self.seer(&newness.model)?.inspect_in(Lane::Visit, picture)?;
        let none = || InferError::Run(newness.model.clone(), "it said nothing of patches".to_owned());
        Ok((inspected.patches.ok_or_else(none)?, inspected.detections))
    }
}

#[cfg(test)]
#[path = "newness_tests.rs"]
pub(super) mod tests;
