//! What the frames of a look showed: the state of the view, the sightings, and the latest frame that could be judged.

use std::cell::OnceCell;

use crate::{
    analysis::{newness::NewnessMap, permit::is_permitted, scene::Registered},
    domain::{
        Detection, Explanation, Frame, Homography, Matter, Observed, ReadText, ReferenceDetection, Sighting, Sign,
        ViewState, WallTime,
    },
    infer::InferError,
    media::{
        MediaError,
        jpeg::{self, JpegError},
    },
};

use super::trails::Drove;

/// What the frames of a look showed.
pub struct Seen {
    pub(super) state: ViewState,
    pub(super) reason: Option<Explanation>,
    pub(super) frames: u32,
    pub(super) sightings: Vec<Sighting>,
    /// Whole-view models that scanned a frame of it.
    pub(super) scanned: Vec<String>,
    /// Who drove by, and was not laid onto the reference picture yet.
    pub(super) drove: Vec<Drove>,
    /// The latest frame that could be judged.
    pub(super) last: Option<Judgeable>,
    pub(super) skew_ms: Option<i64>,
}

/// A registered frame with what the model saw in it.
pub struct Judgeable {
    frame: Frame,
    homography: Homography,
    detections: Vec<Detection>,
    signs: Vec<Sign>,
    newness: Option<NewnessMap>,
    jpeg: OnceCell<Vec<u8>>,
}

impl Judgeable {
    /// How the frame lies on the reference picture, what was seen in it, and what is new in it where that was compared.
    pub(super) fn new(
        frame: Frame,
        homography: Homography,
        detections: Vec<Detection>,
        signs: Vec<Sign>,
        newness: Option<NewnessMap>,
    ) -> Self {
        Self { frame, homography, detections, signs, newness, jpeg: OnceCell::new() }
    }

    /// Whether it was compared with the view's reference picture.
    pub(super) fn is_compared(&self) -> bool {
        self.newness.is_some()
    }

    /// What is permitted at the view.
    pub(super) fn signs(&self) -> &[Sign] {
        &self.signs
    }

    /// The frame as a JPEG file's bytes, made when it is first wanted.
    pub(super) fn jpeg(&self) -> Result<&[u8], JpegError> {
        if let Some(jpeg) = self.jpeg.get() {
            return Ok(jpeg);
        }
        let made = jpeg::encode(&self.frame.picture)?;
        Ok(self.jpeg.get_or_init(|| made))
    }

    /// When it was judged.
    pub(super) fn at(&self) -> WallTime {
        self.frame.meta.judged_at()
    }

    pub(super) fn registered(&self) -> Registered<'_> {
        Registered {
            frame: &self.frame,
            homography: &self.homography,
            detections: &self.detections,
            newness: self.newness.as_ref(),
        }
    }

    /// What was seen in the whole frame, where it stood on the reference picture.
    pub(super) fn observed(&self) -> Observed {
        Observed::new(self.at(), self.detections.iter().map(|seen| self.on_reference(seen)).collect())
    }

    /// The same with what was seen on a closer look.
    pub(super) fn everything(&self) -> Vec<ReferenceDetection> {
        self.registered().everything().map(|seen| self.on_reference(seen)).collect()
    }

    fn on_reference(&self, seen: &Detection) -> ReferenceDetection {
        let bbox = self.homography.to_reference(&seen.bbox, self.frame.picture.width(), self.frame.picture.height());
        let read = seen.text.as_deref().map(ReadText::new);
        let permitted = read.is_some_and(|read| is_permitted(&self.signs, &read, &bbox));
        ReferenceDetection { class: seen.class.clone(), score: seen.score, bbox, permitted }
    }
}

impl Seen {
    /// Before the first frame.
    pub fn nothing() -> Self {
        Self {
            state: ViewState::Lost,
            reason: None,
            frames: 0,
            sightings: Vec::new(),
            scanned: Vec::new(),
            drove: Vec::new(),
            last: None,
            skew_ms: None,
        }
    }

    /// Whether the whole-view model that the matter names looked.
    pub(super) fn is_scanned_for(&self, matter: &Matter) -> bool {
        matter.scan.as_ref().is_some_and(|scan| self.scanned.contains(&scan.model))
    }

    /// Whether no frame came and nothing is known to be wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.frames == 0 && self.reason.is_none()
    }

    pub(super) fn blind(&mut self, state: ViewState, reason: Explanation) {
        // One judged frame is enough: a later blind one does not take it back.
        if self.last.is_none() {
            (self.state, self.reason) = (state, Some(reason));
        }
    }

    /// The frame was fine and no model could judge it.
    pub(super) fn unjudged(&mut self, error: &InferError) {
        if self.last.is_none() {
            let zh = format!("画面正常，但未能判读：{error}");
            let reason = Explanation::new(zh, format!("the picture is fine and could not be judged: {error}"));
            (self.state, self.reason) = (ViewState::Same, Some(reason));
        }
    }

    pub(super) fn lost(&mut self, error: &MediaError) {
        self.blind(ViewState::Lost, error.explained());
    }
}
