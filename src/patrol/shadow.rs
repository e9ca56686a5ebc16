//! Hop 4 once more, by a new model in the shadow of a matter's own: it judges frames of the same looks on a thread of its
//! own at the lowest priority, and what the two saw differently is kept for a person. It opens nothing, touches no place,
//! and no live look ever waits for it: a frame that finds the queue full goes without, counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Instant,
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::{scenes::Scene, second_look::Verifier, spine::Spine};
use crate::{
    analysis::{
        lawful::Civil,
        scene::{Registered, Rules},
        shadow::{Compared, compare},
        verify::Square,
    },
    config::Config,
    domain::{
        BBox, Detection, Disagreement, DisagreementId, Frame, FrameSpace, Homography, Look, Matter, MatterKey,
        ModelRef, Picture, Place, PlatePolicy, ReferenceSpace, Rivals, Score, SeenBy, Shadowed, Sighting, Sign, Verify,
        ViewId, WallTime, Zone,
    },
    infer::{Detector, Lane},
    media::{draw, jpeg},
    store::{Store, StoreError},
    telemetry::{SecondLook, Shade, Signal, emit},
};

/// Frames that wait at most: each is a whole picture.
const WAITING_MAX: usize = 4;
/// Disagreements of one frame of a matter that are kept at most, the surest: a model that sees things everywhere is
/// recognised by fewer.
const KEPT_A_FRAME: usize = 16;
/// Width of a kept picture in pixels at most.
const PICTURE_PX_MAX: u32 = 480;
/// By how much its thread stands behind all others, of 19.
const NICE: i32 = 19;

/// What a look does with a frame that finds the queue full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// It goes on, and the frame goes without: a live look never waits.
    GoOn,
    /// It waits: a recording can.
    Wait,
}

/// The new models that are tried, by the names that matters call them by.
#[derive(Default)]
pub struct Tried {
    /// Beside those that propose.
    pub detectors: BTreeMap<String, Arc<dyn Detector>>,
    /// Beside those that look again.
    pub verifiers: BTreeMap<String, Verifier>,
}

impl Tried {
    /// Whether none is tried.
    pub fn is_empty(&self) -> bool {
        self.detectors.is_empty() && self.verifiers.is_empty()
    }
}

/// The thread of new models, and the queue before it. Dropping it judges what waits and joins the thread.
pub struct ShadowBench {
    detectors: BTreeSet<String>,
    verifiers: BTreeSet<String>,
    works: Option<Sender<Work>>,
    when_full: WhenFull,
    thread: Option<JoinHandle<()>>,
}

/// What is judged once more.
enum Work {
    Frame(Job),
    Place(Asked),
}

impl Work {
    fn model(&self) -> &str {
        match self {
            Self::Frame(job) => &job.model,
            Self::Place(asked) => &asked.model,
        }
    }
}

/// A place that was about to be reported, as the matter's verifier was asked about it.
struct Asked {
    view: ViewId,
    model: String,
    matter: MatterKey,
    verify: Verify,
    frame: Frame,
    homography: Homography,
    detections: Vec<Detection>,
    bbox: BBox<FrameSpace>,
    /// The thing as the matter's verifier scored it, proposal and crop together.
    what: Disagreement,
    proposed: Score,
    own: ModelRef,
}

/// A frame with all that judging it takes.
struct Job {
    view: ViewId,
    model: String,
    /// The matters that try the model, each with the one that it has now.
    matters: Vec<(Matter, ModelRef)>,
    frame: Frame,
    homography: Homography,
    /// What the look saw.
    detections: Vec<Detection>,
    zones: Vec<Zone>,
    signs: Vec<Sign>,
}

/// A frame of a look as it was judged.
#[derive(Clone, Copy)]
pub(super) struct Judged<'a> {
    pub frame: &'a Frame,
    pub homography: &'a Homography,
    pub detections: &'a [Detection],
    pub signs: &'a [Sign],
}

impl ShadowBench {
    /// Starts the thread. Pictures of disagreements go into `folder`; those that no row names any more are removed.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        tried: Tried,
        store: Arc<dyn Store>,
        config: Arc<Config>,
        folder: PathBuf,
        when_full: WhenFull,
    ) -> io::Result<Self> {
        let (works, waiting) = bounded(WAITING_MAX);
        let detectors = tried.detectors.keys().cloned().collect();
        let verifiers = tried.verifiers.keys().cloned().collect();
        let worker = Worker { tried, store, config, folder };
        let thread = thread::Builder::new().name("shadow".to_owned()).spawn(move || worker.run(&waiting))?;
        Ok(Self { detectors, verifiers, works: Some(works), when_full, thread: Some(thread) })
    }

    /// Hands work over; what became of it, where it was not taken.
    fn offer(&self, work: Work) -> Result<(), Shade> {
        let Some(works) = &self.works else { return Err(Shade::Failed) };
        match self.when_full {
            WhenFull::Wait => works.send(work).map_err(|_| Shade::Failed),
            WhenFull::GoOn => works.try_send(work).map_err(|error| match error {
                TrySendError::Full(_) => Shade::Crowded,
                TrySendError::Disconnected(_) => Shade::Failed,
            }),
        }
    }
}

impl Drop for ShadowBench {
    fn drop(&mut self) {
        self.works = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of new models had panicked");
        }
    }
}

impl Spine {
    /// Shows a judged frame to the new models that the matters try and whose turn it is.
    pub(super) fn shade(
        &self,
        look: &Look,
        scene: &mut Scene,
        matters: &BTreeMap<MatterKey, Matter>,
        judged: Judged<'_>,
    ) {
        let Some(bench) = &self.shadow else { return };
        let now = judged.frame.meta.judged_at();
        let mut wanted: BTreeMap<&str, Vec<&Matter>> = BTreeMap::new();
        for matter in matters.values() {
            let model = matter.shadow.as_ref().and_then(|shadow| shadow.model.as_ref());
            if let Some(model) = model.filter(|model| bench.detectors.contains(*model)) {
                wanted.entry(model).or_default().push(matter);
            }
        }
        for (model, tried_by) in wanted {
            let every = tried_by.iter().filter_map(|matter| matter.shadow.as_ref()).map(|shadow| shadow.every).min();
            let every = every.unwrap_or_default();
            // Turned round where the clock was set back.
            let is_due = |last: &WallTime| now < *last || now.since(*last) >= every;
            if !scene.shadowed.get(model).is_none_or(is_due) {
                continue;
            }
            let taken = if self.gives_way(look, matters) {
                Err(Shade::Late)
            } else {
                bench.offer(Work::Frame(self.job(model, &tried_by, scene, judged)))
            };
            match taken {
                Ok(()) => drop(scene.shadowed.insert(model.to_owned(), now)),
                Err(shade) => emit(Signal::Second(SecondLook::Shadowed { model, shade })),
            }
        }
    }

    /// Asks the new verifier that the matter tries about a place that its own was asked about: `own` is that one, and what it
    /// makes of the place without any exemplar.
    pub(super) fn shade_place(
        &self,
        matter: &Matter,
        verify: &Verify,
        place: &Place,
        sighting: &Sighting,
        (bbox, seen): (BBox<FrameSpace>, Registered<'_>),
        (own, fused): (&ModelRef, Score),
    ) {
        let Some((bench, model)) =
            self.shadow.as_ref().zip(matter.shadow.as_ref().and_then(|one| one.verifier.as_ref()))
        else {
            return;
        };
        if !bench.verifiers.contains(model) {
            return;
        }
        let asked = Asked {
            view: place.view,
            model: model.clone(),
            matter: matter.key.clone(),
            verify: verify.clone(),
            frame: seen.frame.clone(),
            homography: *seen.homography,
            detections: seen.detections.to_vec(),
            bbox,
            what: Disagreement {
                seen_by: SeenBy::Own,
                class: sighting.class.clone(),
                zone: place.zone.0,
                bbox: sighting.bbox,
                score: fused,
                other: None,
            },
            proposed: sighting.score,
            own: own.clone(),
        };
        if let Err(shade) = bench.offer(Work::Place(asked)) {
            emit(Signal::Second(SecondLook::Shadowed { model, shade }));
        }
    }

    fn job(&self, model: &str, matters: &[&Matter], scene: &Scene, judged: Judged<'_>) -> Job {
        let own = |matter: &Matter| {
            let detector = self.detectors.get(&matter.model);
            detector.map_or_else(|| ModelRef { name: matter.model.clone(), sha256: String::new() }, |one| one.model())
        };
        Job {
            view: scene.view.id,
            model: model.to_owned(),
            matters: matters.iter().map(|matter| ((*matter).clone(), own(matter))).collect(),
            frame: judged.frame.clone(),
            homography: *judged.homography,
            detections: judged.detections.to_vec(),
            zones: scene.zones.clone(),
            signs: judged.signs.to_vec(),
        }
    }
}

struct Worker {
    tried: Tried,
    store: Arc<dyn Store>,
    config: Arc<Config>,
    folder: PathBuf,
}

impl Worker {
    fn run(self, waiting: &Receiver<Work>) {
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
            let rules = Rules { zones: &job.zones, signs: &job.signs, register, matters: &matters, civil };
            let registered = Registered { frame: &job.frame, homography: &job.homography, detections: &job.detections };
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
        let seen = Registered { frame: &asked.frame, homography: &asked.homography, detections: &asked.detections };
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

/// Where the picture of a disagreement lies, below the folder of a [`ShadowBench`].
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

#[cfg(test)]
#[path = "shadow_tests.rs"]
mod tests;
