//! The thread of new models: judges what was judged, compares, and keeps what differs with its masked picture.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use crossbeam_channel::Receiver;

use super::{Asked, Job, Tried, Work};
use crate::{
    analysis::{
        lawful::Civil,
        scene::{Registered, Rules},
        shadow::{Compared, compare},
        verify::Square,
    },
    config::Config,
    domain::{
        BBox, Detection, Disagreement, DisagreementId, Homography, Picture, PlatePolicy, ReferenceSpace, Rivals, Score,
        SeenBy, Shadowed,
    },
    infer::Lane,
    media::{draw, jpeg},
    store::{Store, StoreError},
    telemetry::{SecondLook, Shade, Signal, emit},
};

/// Disagreements of one frame of a matter that are kept at most, the surest: a model that sees things everywhere is
/// recognised by fewer.
const KEPT_A_FRAME: usize = 16;
/// Width of a kept picture in pixels at most.
const PICTURE_PX_MAX: u32 = 480;
/// By how much its thread stands behind all others, of 19.
const NICE: i32 = 19;

pub(super) struct Worker {
    pub(super) tried: Tried,
    pub(super) store: Arc<dyn Store>,
    pub(super) config: Arc<Config>,
    pub(super) folder: PathBuf,
}

impl Worker {
    pub(super) fn run(self, waiting: &Receiver<Work>) {
        // Where the system refuses, it shares alike with the others.
        let _ = rustix::process::nice(NICE);
        if let Err(error) = self.sweep() {
            tracing::warn!(%error, "pictures of disagreements that are kept no more could not be removed");
        }
        for work in waiting {
            let began = Instant::now();
            let done = match &work {
                Work::Frame(job) => self.judge(job),
                Work::Place(asked) => self.verify(asked),
            };
            let shade = match done {
                Ok(()) => Shade::Judged { took: began.elapsed() },
                Err(why) => {
                    tracing::warn!(model = work.model(), why, "a new model did not judge what the old one did");
                    Shade::Failed
                }
            };
            emit(Signal::Second(SecondLook::Shadowed { model: work.model(), shade }));
        }
    }

    fn judge(&self, job: &Job) -> Result<(), String> {
        let detector = self.tried.detectors.get(&job.model).ok_or("it was not loaded")?;
        let seen = detector.detect_in(Lane::Visit, &job.frame.picture).map_err(|error| error.to_string())?;
        let is_holiday = |day| self.config.city.is_holiday(day);
        let civil = Civil { offset: self.config.city.utc_offset(), is_holiday: &is_holiday };
        let all: Vec<Detection> = job.detections.iter().chain(&seen).cloned().collect();
        for (matter, own) in &job.matters {
            let matters = BTreeMap::from([(matter.key.clone(), matter.clone())]);
            let register = &self.config.vehicles;
            let (zones, signs, trails) = (&job.zones, &job.signs, &BTreeMap::new());
            let rules = Rules { zones, signs, before: &[], trails, register, matters: &matters, civil };
            let registered = Registered {
                frame: &job.frame,
                homography: &job.homography,
                detections: &job.detections,
                newness: None,
            };
            let Compared { both, disagreements } = compare(rules, &matter.key, registered, &seen);
            let shadowed = Shadowed {
                view: job.view,
                matter: matter.key.clone(),
                at: job.frame.meta.judged_at(),
                rivals: Rivals { own: own.clone(), shadow: detector.model() },
                both,
                disagreements,
            };
            self.keep(Registered { detections: &all, ..registered }, &shadowed).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Whether the new verifier would pass the place, by the scores alone: what was taught is of the old one's weights.
    fn verify(&self, asked: &Asked) -> Result<(), String> {
        let verifier = self.tried.verifiers.get(&asked.model).ok_or("it was not loaded")?;
        let looked = verifier.look_at(&asked.frame.picture, &asked.bbox, &asked.verify);
        let verified = looked.map_err(|error| error.to_string())?.verified;
        let (own, new) = (asked.what.score, verifier.fusion.of(asked.proposed, verified));
        let passes = |fused: Score| fused >= asked.verify.accept_min;
        let what = |seen_by, score, other| Disagreement { seen_by, score, other: Some(other), ..asked.what.clone() };
        let (both, disagreements) = match (passes(own), passes(new)) {
            (true, true) => (1, Vec::new()),
            (true, false) => (0, vec![what(SeenBy::Own, own, new)]),
            (false, true) => (0, vec![what(SeenBy::Shadow, new, own)]),
            (false, false) => (0, Vec::new()),
        };
        let shadowed = Shadowed {
            view: asked.view,
            matter: asked.matter.clone(),
            at: asked.frame.meta.judged_at(),
            rivals: Rivals { own: asked.own.clone(), shadow: verifier.detector.model() },
            both,
            disagreements,
        };
        let seen = Registered {
            frame: &asked.frame,
            homography: &asked.homography,
            detections: &asked.detections,
            newness: None,
        };
        self.keep(seen, &shadowed).map_err(|error| error.to_string())
    }

    /// Rows first: a disagreement without a picture is one that can be judged at its place. `seen` has all that is hidden.
    fn keep(&self, seen: Registered<'_>, shadowed: &Shadowed) -> Result<(), StoreError> {
        let noted = self.store.note_shadowed(shadowed, KEPT_A_FRAME)?;
        for gone in noted.forgotten {
            remove(&picture_of(&self.folder, gone));
        }
        if noted.fresh.is_empty() {
            return Ok(());
        }
        let hidden = draw::hidden(&seen.frame.picture, seen.detections, None, PlatePolicy::MaskAll);
        for (at, id) in noted.fresh {
            let Some(disagreement) = shadowed.disagreements.get(at) else { continue };
            let written = piece(&hidden, seen.homography, disagreement)
                .and_then(|jpeg| write(&picture_of(&self.folder, id), &jpeg).map_err(|error| error.to_string()));
            if let Err(why) = written {
                tracing::warn!(disagreement = %id, why, "a disagreement has no picture");
            }
        }
        Ok(())
    }

    /// Removes the pictures that no row names: of a process that was killed, and of removed views.
    fn sweep(&self) -> Result<(), StoreError> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Ok(()) };
        let kept = self.store.disagreement_ids()?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let id = path.file_stem().and_then(|stem| stem.to_str()?.parse::<DisagreementId>().ok());
            if !id.is_some_and(|id| kept.contains(&id)) {
                remove(&path);
            }
        }
        Ok(())
    }
}

/// Where the picture of a disagreement lies, below the folder of a [`ShadowBench`](super::ShadowBench).
pub fn picture_of(folder: &Path, id: DisagreementId) -> PathBuf {
    folder.join(format!("{id}.jpg"))
}

/// The piece of a masked picture around a disagreement, with its box drawn on it.
fn piece(hidden: &Picture, homography: &Homography, disagreement: &Disagreement) -> Result<Vec<u8>, String> {
    let bbox: &BBox<ReferenceSpace> = &disagreement.bbox;
    let bbox = homography.to_frame(bbox, hidden.width(), hidden.height());
    let square = Square::around(&bbox, hidden.width(), hidden.height()).ok_or("it lies outside of the picture")?;
    jpeg::thumbnail(&square.of(&draw::framed(hidden, &bbox)), PICTURE_PX_MAX).map_err(|error| error.to_string())
}

fn write(path: &Path, jpeg: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = path.with_extension("part");
    fs::write(&part, jpeg)?;
    fs::rename(&part, path)
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(file = %path.display(), %error, "a picture of a disagreement could not be removed");
    }
}
