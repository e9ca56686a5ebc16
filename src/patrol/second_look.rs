//! Hop 5, the slow part: a verifier looks at a crop of a place that is about to be reported, once an incident and not once
//! a look; a whole-view model scans a view seldom. Neither ever delays the record: what cannot be asked now is asked in the
//! next look, counted and never lost.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use crate::{
    analysis::{
        exemplar::{Compared, Weighed, weigh},
        place_book::{Answer, BookChanges},
        verify::{Fusion, Square, lifted_by_newness, once},
    },
    domain::{
        Appearance, BBox, Detection, Frame, FrameSpace, Homography, Incident, Look, Matter, MatterKey, ModelRef,
        Newness, Picture, Place, Purpose, Refusal, RefusedWhy, Ruling, Scan, Score, Sighting, Verification, Verify,
        View, WallTime, Weights,
    },
    infer::{Detector, InferError, Inspection, Lane, text::Plates},
    telemetry::{Scanned, Second, SecondLook, Signal, emit},
};

use super::{
    place_newness::{self, Said},
    scenes::{Scene, Scenes},
    seen::{Judgeable, Seen},
    spine::Spine,
};

/// A model that looks again, with what its manifest says about its scores.
#[derive(Clone)]
pub struct Verifier {
    /// Looks at crops.
    pub detector: Arc<dyn Detector>,
    /// How its score joins the proposal's.
    pub fusion: Fusion,
    /// By class: what it scores where it sees nothing of it.
    pub unseen: BTreeMap<Arc<str>, Score>,
    /// Its answers are about what the crop is of, and have no boxes of their own.
    pub tells_crops: bool,
}

/// How crops of the view's reference picture look to a verifier. Pixels are not kept.
#[derive(Default)]
pub struct Baseline {
    /// Version of the reference and weights of the verifier that the looks are of.
    of: (u32, String),
    looks: BTreeMap<Square, Appearance>,
    /// Its patches, where a head compares.
    patches: Option<place_newness::Before>,
}

/// Crops of one view that are remembered at most; beyond that all are made again.
const LOOKS_MAX: usize = 64;

impl Baseline {
    /// The look of a crop, made by `ask` where it is not known.
    fn look<E>(
        &mut self,
        of: (u32, &str),
        square: Square,
        ask: impl FnOnce() -> Result<Appearance, E>,
    ) -> Result<Appearance, E> {
        if (self.of.0, self.of.1.as_str()) != of || self.looks.len() >= LOOKS_MAX {
            (self.of, self.looks) = ((of.0, of.1.to_owned()), BTreeMap::new());
        }
        if let Some(known) = self.looks.get(&square) {
            return Ok(known.clone());
        }
        let look = ask()?;
        self.looks.insert(square, look.clone());
        Ok(look)
    }
}

/// What asking about a place needs beside the place.
pub(super) struct Asking<'a> {
    spine: &'a Spine,
    view: &'a View,
    baseline: &'a mut Baseline,
    last: &'a Judgeable,
    /// Models that scanned the view in this look.
    scanned: &'a [String],
    /// How often the verifier was asked.
    asked: u32,
    /// What a head said of the frame.
    new: Option<Said>,
    /// What was said, to be recorded.
    said: Vec<Verification>,
}

/// What the verifier saw of a place.
pub(super) struct Looked {
    pub(super) verified: Score,
    look: Appearance,
}

impl<'a> Asking<'a> {
    /// Begins to ask about the places of a look.
    pub(super) fn new(
        spine: &'a Spine,
        view: &'a View,
        baseline: &'a mut Baseline,
        last: &'a Judgeable,
        scanned: &'a [String],
    ) -> Self {
        Self { spine, view, baseline, last, scanned, asked: 0, new: None, said: Vec::new() }
    }

    /// What was said, to be recorded.
    pub(super) fn said(self) -> Vec<Verification> {
        if self.asked > 0 {
            emit(Signal::Second(SecondLook::LookVerified));
        }
        self.said
    }

    /// The second look at a place; without a verifier everything passes.
    pub(super) fn about(&mut self, matter: &Matter, place: &Place, sighting: &Sighting) -> Answer {
        let weights = self.spine.weights(matter, self.scanned);
        let Some(verify) = &matter.verify else {
            return Answer::Passed { score: place.score, weights: Some(weights) };
        };
        let began = Instant::now();
        let asked = self.ask(matter, verify, place, sighting, weights);
        let second = match &asked {
            Ok(said) => match said.ruling {
                Ruling::Passed => Second::Passed,
                Ruling::Refused { why } => Second::Refused(why),
            },
            Err(_) => Second::Unasked,
        };
        self.asked += 1;
        emit(Signal::Second(SecondLook::Verified { model: &verify.model, second, took: began.elapsed() }));
        let said = match asked {
            Ok(said) => said,
            Err(error) => {
                tracing::warn!(place = %place.id, %error, "the verifier could not look; it is asked in the next look");
                return Answer::Unasked;
            }
        };
        let answer = match said.ruling {
            Ruling::Passed => Answer::Passed { score: said.fused, weights: Some(said.weights.clone()) },
            Ruling::Refused { why } => {
                Answer::Refused(Refusal { at: said.at, why, score: said.fused, looked: place.appearance.clone() })
            }
        };
        self.said.push(said);
        answer
    }

    fn ask(
        &mut self,
        matter: &Matter,
        verify: &Verify,
        place: &Place,
        sighting: &Sighting,
        weights: Weights,
    ) -> Result<Verification, InferError> {
        let verifier = self.spine.verifiers.get(&verify.model).ok_or_else(|| {
            InferError::Model(verify.model.clone(), "it was not loaded; see `xunjie model list`".to_owned())
        })?;
        let seen = self.last.registered();
        let picture = &seen.frame.picture;
        let bbox = if sighting.frame == seen.frame.meta {
            sighting.bbox_frame
        } else {
            seen.homography.to_frame(&sighting.bbox, picture.width(), picture.height())
        };
        let Looked { verified, look } = verifier.look_at(picture, &bbox, verify)?;
        let model = verifier.detector.model();
        let at = seen.frame.meta.judged_at();
        let exemplars = self.spine.store.teaching(place.view, place.zone.0, &matter.key, at);
        let exemplars = exemplars.map_err(|error| InferError::Run(verify.model.clone(), error.to_string()))?;
        let compared = Compared { look: &look, weights: &model.sha256, view: place.view, bbox: Some(sighting.bbox) };
        let weighed = weigh(compared, &exemplars, verify.likeness);
        let unlifted = verifier.fusion.of(sighting.score, verified);
        self.spine.shade_place(matter, verify, place, sighting, (bbox, seen), (&model, unlifted));
        let mut fused = weighed.lifted(unlifted);
        let mut newness = None;
        if let Some(asked) = &verify.newness {
            newness = self.newly(asked, &bbox)?;
            fused = newness.map_or(fused, |likelihood| lifted_by_newness(fused, likelihood, asked.from));
        }
        let mut ruling =
            if fused >= verify.accept_min { Ruling::Passed } else { Ruling::Refused { why: RefusedWhy::Score } };
        if let (Ruling::Passed, Weighed::Suppressed(_)) = (ruling, weighed) {
            ruling = Ruling::Refused { why: RefusedWhy::Exemplar };
        }
        if let (Ruling::Passed, Some(least)) = (ruling, verify.newness_min) {
            newness = match newness {
                Some(likelihood) => Some(likelihood),
                None => self.newness(verifier, verify, sighting, &look)?,
            };
            if newness.is_some_and(|newness| newness < least) {
                ruling = Ruling::Refused { why: RefusedWhy::NotNew };
            }
        }
        let head = newness.and(self.new.as_ref()).filter(|_| verify.newness.is_some()).map(|said| said.head.clone());
        Ok(Verification {
            id: Verification::id_of(place.id, at),
            place: place.id,
            incident: Incident::id_of(place.id),
            view: place.view,
            zone: place.zone.0,
            matter: matter.key.clone(),
            bbox: Some(sighting.bbox),
            at,
            ruling,
            proposed: sighting.score,
            verified,
            fused,
            newness,
            likened: weighed.likened(),
            look,
            weights: Weights { verifier: Some(model), head: head.or(weights.head.clone()), ..weights },
        })
    }

    /// How likely something that the matter is about is new at the place. `None` where nothing can be said: that neither
    /// lifts nor lowers.
    fn newly(&mut self, asked: &Newness, bbox: &BBox<FrameSpace>) -> Result<Option<f32>, InferError> {
        if self.new.as_ref().is_none_or(|said| !said.answers(asked)) {
            let seen = self.last.registered();
            let frame = (seen.frame, seen.homography);
            self.new = self.spine.what_is_new(asked, self.view, frame, &mut self.baseline.patches)?;
        }
        Ok(self.new.as_ref().and_then(|said| said.at(bbox)))
    }

    /// 1 less the cosine of how the crop looks now and how the same crop of the reference picture does. `None` where the
    /// two cannot be compared: that says nothing against the place.
    fn newness(
        &mut self,
        verifier: &Verifier,
        verify: &Verify,
        sighting: &Sighting,
        look: &Appearance,
    ) -> Result<Option<f32>, InferError> {
        let Some(reference) = &self.view.reference else { return Ok(None) };
        let bbox = Homography::IDENTITY.to_frame(&sighting.bbox, reference.width, reference.height);
        let Some(square) = Square::around(&bbox, reference.width, reference.height) else { return Ok(None) };
        let of = (reference.version, &*verifier.detector.model().sha256);
        let scenes: &Scenes = &self.spine.scenes;
        let before = self.baseline.look(of, square, || {
            let picture = scenes.reference_picture(reference);
            let picture = picture.map_err(|error| InferError::Run(verify.model.clone(), error.to_string()))?;
            let inspected = verifier.detector.inspect_in(Lane::Visit, &square.of(&picture))?;
            Ok::<_, InferError>(inspected.appearance.unwrap_or_else(|| Appearance::new(Vec::new())))
        })?;
        Ok(look.likeness(&before).map(|cosine| 1.0 - cosine))
    }
}

impl Verifier {
    /// How a box of a picture looks to it, and the SHA-256 of its weights. Empty from a model that does not say.
    ///
    /// # Errors
    /// [`InferError`].
    pub fn describe(&self, picture: &Picture, bbox: &BBox<FrameSpace>) -> Result<(Appearance, String), InferError> {
        let nothing = || Appearance::new(Vec::new());
        let Some(square) = Square::around(bbox, picture.width(), picture.height()) else {
            return Ok((nothing(), self.detector.model().sha256));
        };
        let inspected = self.detector.inspect_in(Lane::Visit, &square.of(picture))?;
        Ok((inspected.appearance.unwrap_or_else(nothing), self.detector.model().sha256))
    }

    pub(super) fn look_at(
        &self,
        picture: &Picture,
        bbox: &BBox<FrameSpace>,
        verify: &Verify,
    ) -> Result<Looked, InferError> {
        let unseen = verify.classes.iter().filter_map(|class| self.unseen.get(class)).copied().max();
        let unseen = unseen.unwrap_or(Score::ZERO);
        // A box that drifted out of the picture shows nothing to look at.
        let Some(square) = Square::around(bbox, picture.width(), picture.height()) else {
            return Ok(Looked { verified: unseen, look: Appearance::new(Vec::new()) });
        };
        let Inspection { detections, appearance, .. } = self.detector.inspect_in(Lane::Visit, &square.of(picture))?;
        let verified = if self.tells_crops {
            let of_class = detections.iter().filter(|one| verify.classes.contains(&one.class));
            of_class.map(|one| one.score).max().unwrap_or(unseen)
        } else {
            square.score(bbox, &verify.classes, &detections, unseen)
        };
        Ok(Looked { verified, look: appearance.unwrap_or_else(|| Appearance::new(Vec::new())) })
    }
}

/// What is larger than half a square is what a model sees without squares.
const SCAN_OVERLAP: f32 = 0.5;

/// What a model sees in squares of a picture, in pixels of the picture.
pub(super) fn in_squares(
    detector: &dyn Detector,
    picture: &Picture,
    squares: &[Square],
) -> Result<Vec<Detection>, InferError> {
    let mut seen = Vec::new();
    for square in squares {
        let found = detector.detect_in(Lane::Visit, &square.of(picture))?;
        seen.extend(found.iter().filter_map(|one| square.into_frame(one, picture.width(), picture.height())));
    }
    Ok(seen)
}

/// A look that began later than this share of its revisit target is not scanned: scans go first where time is short.
const LATE_SHARE: f64 = 0.5;

impl Scene {
    /// Remembers which places a scan saw last: only a scan can miss them, for the matter's model may never have seen them.
    pub(super) fn note_scanned(
        &mut self,
        matters: &BTreeMap<MatterKey, Matter>,
        at: WallTime,
        seen: &Seen,
        judged: &BookChanges,
    ) {
        for place in judged.places.iter().filter(|place| place.last_seen == at) {
            if matters.get(&place.matter).is_some_and(|matter| seen.is_scanned_for(matter)) {
                self.by_scan.insert(place.id);
            } else {
                self.by_scan.remove(&place.id);
            }
        }
        judged.forgotten.iter().for_each(|place| _ = self.by_scan.remove(place));
    }
}

impl Spine {
    /// The weights that a matter is judged by where the models `scanned` the view and nothing was looked at again.
    pub(super) fn weights(&self, matter: &Matter, scanned: &[String]) -> Weights {
        let unknown = |name: &str| ModelRef { name: name.to_owned(), sha256: String::new() };
        let of = |name: &str| self.detectors.get(name).map_or_else(|| unknown(name), |one| one.model());
        let scan = matter.scan.as_ref().filter(|scan| scanned.contains(&scan.model));
        let whole_view = scan.map(|scan| &scan.model).or(matter.newness.as_ref().map(|newness| &newness.model));
        let head = matter.newness.as_ref().and_then(|newness| newness.head.as_ref());
        let head = head.map(|head| self.heads.get(&head.model).map_or_else(|| unknown(&head.model), |one| one.model()));
        let plates = matter.plate.as_ref().and_then(|plate| self.plates.get(&plate.model));
        Weights {
            detector: of(&matter.model),
            scan: whole_view.map(|model| of(model)),
            head,
            verifier: plates.map(Plates::model),
        }
    }

    /// What whole-view models see in the frame, of those that the matters name and whose turn it is. Notes the models that
    /// looked in `scanned`.
    pub(super) fn scan(
        &self,
        look: &Look,
        scene: &mut Scene,
        matters: &BTreeMap<MatterKey, Matter>,
        frame: &Frame,
        scanned: &mut Vec<String>,
    ) -> Vec<Detection> {
        let now = frame.meta.judged_at();
        let mut wanted: BTreeMap<&str, Scan> = BTreeMap::new();
        for scan in matters.values().filter_map(|matter| matter.scan.as_ref()) {
            wanted.entry(&scan.model).and_modify(|both| both.join(scan)).or_insert_with(|| scan.clone());
        }
        // Who asks out of turn asks for all that can be seen; a handled case would wait for three scans.
        let out_of_turn = !matches!(look.purpose, Purpose::Patrol | Purpose::Continuous);
        let mut found = Vec::new();
        for (model, Scan { every, square, .. }) in wanted {
            // Turned round where the clock was set back.
            let is_due = |last: &WallTime| out_of_turn || now < *last || now.since(*last) >= every;
            if scanned.iter().any(|done| done == model) || !scene.scanned.get(model).is_none_or(is_due) {
                continue;
            }
            if self.is_late(look, matters) {
                emit(Signal::Second(SecondLook::Scanned { model, scanned: Scanned::Late }));
                continue;
            }
            let Some(detector) = self.detectors.get(model) else { continue };
            let seen = match square {
                Some(share) => {
                    let squares = Square::all_over(frame.picture.width(), frame.picture.height(), share, SCAN_OVERLAP);
                    in_squares(&**detector, &frame.picture, &squares).map(once)
                }
                None => detector.detect_in(Lane::Visit, &frame.picture),
            };
            match seen {
                Ok(detections) => {
                    emit(Signal::Second(SecondLook::Scanned { model, scanned: Scanned::Done }));
                    scene.scanned.insert(model.to_owned(), now);
                    scanned.push(model.to_owned());
                    found.extend(detections);
                }
                Err(error) => {
                    emit(Signal::Second(SecondLook::Scanned { model, scanned: Scanned::Failed }));
                    tracing::warn!(view = %look.view, model, %error, "the view was not scanned; the next look tries again");
                }
            }
        }
        found
    }

    /// Whether a look has no time for what can wait: it is late itself, or the plan holds continuous looks to key frames.
    pub(super) fn gives_way(&self, look: &Look, matters: &BTreeMap<MatterKey, Matter>) -> bool {
        self.thinned.load(Ordering::Relaxed) || self.is_late(look, matters)
    }

    fn is_late(&self, look: &Look, matters: &BTreeMap<MatterKey, Matter>) -> bool {
        let revisit = matters.values().map(|matter| matter.revisit).min().unwrap_or_default();
        look.frames_max.is_some() && self.clock.now().since(look.due).as_secs_f64() > revisit.as_secs_f64() * LATE_SHARE
    }
}

#[cfg(test)]
#[path = "second_look_tests.rs"]
mod tests;
