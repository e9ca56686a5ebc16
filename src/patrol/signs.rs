//! Reads a view's reference picture once, so that a person can say which of its signs may stay. Permits nothing itself, and
//! never delays the record: a picture that cannot be read now is read in a later look.

use std::collections::BTreeMap;

use super::{
    scenes::Scene,
    spine::{LookError, Spine},
};
use crate::{
    analysis::permit::is_permitted,
    domain::{
        BBox, Detection, Frame, Homography, Look, Matter, MatterKey, PHONE_NUMBER, ReadText, Reference, Sign, ViewId,
        WallTime,
    },
    infer::Lane,
    store::StoreError,
};

/// What is taken from one reference picture at most, the surest.
const SIGNS_MAX: usize = 100;

impl Spine {
    /// The view's signs, for a frame in which text was read; none for any other frame.
    ///
    /// # Errors
    /// [`LookError::Store`].
    pub(super) fn signs(
        &self,
        look: &Look,
        scene: &mut Scene,
        matters: &BTreeMap<MatterKey, Matter>,
        frame: &Frame,
        detections: &[Detection],
    ) -> Result<Vec<Sign>, LookError> {
        if !detections.iter().any(Detection::is_text) {
            return Ok(Vec::new());
        }
        let known = self.store.signs(look.view)?;
        let Some(reference) = scene.view.reference.clone().filter(|one| scene.signs_read != Some(one.version)) else {
            return Ok(known);
        };
        if self.store.signs_read(look.view)? != Some(reference.version) {
            let found = if reference.taken_at == frame.meta.judged_at() {
                Ok(detections.to_vec())
            } else {
                self.read_again(scene, matters, frame, &reference)
            };
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(view = %look.view, %error, "the signs of the reference picture are not known yet");
                    return Ok(known);
                }
            };
            let signs = signs_of(look.view, &reference, &found, &known, self.clock.now());
            self.store.propose_signs(look.view, reference.version, &signs)?;
        }
        scene.signs_read = Some(reference.version);
        Ok(self.store.signs(look.view)?)
    }

    /// What stands on the reference picture, by the models that read.
    fn read_again(
        &self,
        scene: &Scene,
        matters: &BTreeMap<MatterKey, Matter>,
        frame: &Frame,
        reference: &Reference,
    ) -> Result<Vec<Detection>, StoreError> {
        let picture = self.scenes.reference_picture(reference)?;
        debug_assert_eq!(scene.view.reference.as_ref().map(|one| one.version), Some(reference.version));
        let older = Frame { meta: frame.meta, picture };
        self.detect(&older, matters, Lane::Visit).map_err(|error| StoreError::Failed(error.to_string()))
    }
}

/// The texts of a reference picture; what is permitted already needs no person again.
fn signs_of(view: ViewId, reference: &Reference, found: &[Detection], known: &[Sign], read_at: WallTime) -> Vec<Sign> {
    let one = |detection: &Detection| {
        let text = ReadText::new(detection.text.as_deref()?);
        let bbox: BBox<_> = Homography::IDENTITY.to_reference(&detection.bbox, reference.width, reference.height);
        let id = Sign::id_of(view, reference.version, &text, &bbox);
        Some(Sign { id, view, reference: reference.version, text, bbox, read_at, permitted: None })
    };
    let things = found.iter().filter(|one| one.is_text() && *one.class != *PHONE_NUMBER);
    things.filter_map(one).filter(|sign| !is_permitted(known, &sign.text, &sign.bbox)).take(SIGNS_MAX).collect()
}
