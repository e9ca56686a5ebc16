//! What a head says is new at a place that is about to be reported: the frame's patches beside those of the view's reference
//! picture, asked once a look and only in looks in which a place is looked at again.

use super::spine::Spine;
use crate::{
    analysis::newness::{Likelihoods, PatchGrid},
    domain::{BBox, Frame, FrameSpace, Homography, ModelRef, Newness, NewnessHead, Picture, View},
    infer::{InferError, Lane, comparison::Pair},
};

/// The patches of a view's reference picture, by its version and the weights of the model; 0.45 MB.
pub(super) type Before = ((u32, String), PatchGrid);

/// What was said of a frame.
pub(super) struct Said {
    /// By which comparison.
    by: (String, NewnessHead),
    /// Which weights said it.
    pub(super) head: ModelRef,
    frame: PatchGrid,
    likelihoods: Likelihoods,
}

impl Said {
    /// How likely something of the classes that are asked for is new there; `None` outside of the frame.
    pub(super) fn at(&self, bbox: &BBox<FrameSpace>) -> Option<f32> {
        self.likelihoods.highest(&self.frame, bbox, &self.by.1)
    }

    /// Whether this answers what is asked.
    pub(super) fn answers(&self, asked: &Newness) -> bool {
        self.by.0 == asked.model && Some(&self.by.1) == asked.head.as_ref()
    }
}

impl Spine {
    /// Compares the frame with the view's reference picture, whose patches are kept in `before`. `None` where there is no
    /// reference picture, or no head is asked.
    pub(super) fn what_is_new(
        &self,
        asked: &Newness,
        view: &View,
        (frame, homography): (&Frame, &Homography),
        before: &mut Option<Before>,
    ) -> Result<Option<Said>, InferError> {
        let (Some(reference), Some(head)) = (&view.reference, &asked.head) else { return Ok(None) };
        let of = (reference.version, self.seer(&asked.model)?.model().sha256);
        let (_, grid) = match before.take().filter(|(known, _)| *known == of) {
            Some(known) => before.insert(known),
            None => {
                let picture = self.scenes.reference_picture(reference);
                let picture = picture.map_err(|error| InferError::Run(asked.model.clone(), error.to_string()))?;
                before.insert((of, self.patches_of(&asked.model, &picture)?))
            }
        };
        let now = self.patches_of(&asked.model, &frame.picture)?;
        if now.length() != grid.length() {
            return Ok(None);
        }
        let session = self.head(&head.model)?;
        let laid = grid.laid_onto(&now, homography);
        let likelihoods = session.compare(Lane::Visit, Pair { now: now.clone(), before: laid })?;
        Ok(Some(Said { by: (asked.model.clone(), head.clone()), head: session.model(), frame: now, likelihoods }))
    }

    fn patches_of(&self, model: &str, picture: &Picture) -> Result<PatchGrid, InferError> {
        let inspected = self.seer(model)?.inspect_in(Lane::Visit, picture)?;
        inspected.patches.ok_or_else(|| InferError::Run(model.to_owned(), "it said nothing of patches".to_owned()))
    }
}
