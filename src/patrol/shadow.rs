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

use super::{scenes::Scene, spine::Spine};
use crate::{
    analysis::{
        lawful::Civil,
        scene::{Registered, Rules},
        shadow::{Compared, compare},
        verify::Square,
    },
    config::Config,
    domain::{
        BBox, Detection, Disagreement, DisagreementId, Frame, Homography, Look, Matter, MatterKey, ModelRef, Picture,
        PlatePolicy, ReferenceSpace, Rivals, Shadowed, Sign, ViewId, WallTime, Zone,
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

/// The thread of new models, and the queue before it. Dropping it judges what waits and joins the thread.
pub struct ShadowBench {
    models: BTreeSet<String>,
    frames: Option<Sender<Job>>,
    when_full: WhenFull,
    thread: Option<JoinHandle<()>>,
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
        models: BTreeMap<String, Arc<dyn Detector>>,
        store: Arc<dyn Store>,
        config: Arc<Config>,
        folder: PathBuf,
        when_full: WhenFull,
    ) -> io::Result<Self> {
        let (frames, waiting) = bounded(WAITING_MAX);
        let names = models.keys().cloned().collect();
        let worker = Worker { models, store, config, folder };
        let thread = thread::Builder::new().name("shadow".to_owned()).spawn(move || worker.run(&waiting))?;
        Ok(Self { models: names, frames: Some(frames), when_full, thread: Some(thread) })
    }

    /// Hands a frame over; what became of it, where it was not taken.
    fn offer(&self, job: Job) -> Result<(), Shade> {
        let Some(frames) = &self.frames else { return Err(Shade::Failed) };
        match self.when_full {
            WhenFull::Wait => frames.send(job).map_err(|_| Shade::Failed),
            WhenFull::GoOn => frames.try_send(job).map_err(|error| match error {
                TrySendError::Full(_) => Shade::Crowded,
                TrySendError::Disconnected(_) => Shade::Failed,
            }),
        }
    }
}

impl Drop for ShadowBench {
    fn drop(&mut self) {
        self.frames = None;
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
            if let Some(shadow) = matter.shadow.as_ref().filter(|shadow| bench.models.contains(&shadow.model)) {
                wanted.entry(&shadow.model).or_default().push(matter);
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
                bench.offer(self.job(model, &tried_by, scene, judged))
            };
            match taken {
                Ok(()) => drop(scene.shadowed.insert(model.to_owned(), now)),
                Err(shade) => emit(Signal::Second(SecondLook::Shadowed { model, shade })),
            }
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
    models: BTreeMap<String, Arc<dyn Detector>>,
    store: Arc<dyn Store>,
    config: Arc<Config>,
    folder: PathBuf,
}

impl Worker {
    fn run(self, waiting: &Receiver<Job>) {
        // Where the system refuses, it shares alike with the others.
        let _ = rustix::process::nice(NICE);
        if let Err(error) = self.sweep() {
            tracing::warn!(%error, "pictures of disagreements that are kept no more could not be removed");
        }
        for job in waiting {
            let began = Instant::now();
            let shade = match self.judge(&job) {
                Ok(()) => Shade::Judged { took: began.elapsed() },
                Err(why) => {
                    tracing::warn!(view = %job.view, model = job.model, why, "a new model did not judge a frame");
                    Shade::Failed
                }
            };
            emit(Signal::Second(SecondLook::Shadowed { model: &job.model, shade }));
        }
    }

    fn judge(&self, job: &Job) -> Result<(), String> {
        let detector = self.models.get(&job.model).ok_or("it was not loaded")?;
        let seen = detector.detect_in(Lane::Visit, &job.frame.picture).map_err(|error| error.to_string())?;
        let is_holiday = |day| self.config.city.is_holiday(day);
        let civil = Civil { offset: self.config.city.utc_offset(), is_holiday: &is_holiday };
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
            self.keep(job, &seen, &shadowed).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Rows first: a disagreement without a picture is one that can be judged at its place.
    fn keep(&self, job: &Job, seen: &[Detection], shadowed: &Shadowed) -> Result<(), StoreError> {
        let noted = self.store.note_shadowed(shadowed, KEPT_A_FRAME)?;
        for gone in noted.forgotten {
            remove(&picture_of(&self.folder, gone));
        }
        if noted.fresh.is_empty() {
            return Ok(());
        }
        let all: Vec<Detection> = job.detections.iter().chain(seen).cloned().collect();
        let hidden = draw::hidden(&job.frame.picture, &all, None, PlatePolicy::MaskAll);
        for (at, id) in noted.fresh {
            let Some(disagreement) = shadowed.disagreements.get(at) else { continue };
            let written = piece(&hidden, &job.homography, disagreement)
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
