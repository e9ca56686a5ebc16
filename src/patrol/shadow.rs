//! Hop 4 once more, by a new model in the shadow of a matter's own: it judges frames of the same looks on a thread of its
//! own at the lowest priority, and what the two saw differently is kept for a person. It opens nothing, touches no place,
//! and no live look ever waits for it: a frame that finds the queue full goes without, counted.

mod worker;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
};

use crossbeam_channel::{Sender, TrySendError, bounded};

use worker::Worker;
pub use worker::picture_of;

use super::{scenes::Scene, second_look::Verifier, spine::Spine};
use crate::{
    analysis::scene::Registered,
    config::Config,
    domain::{
        BBox, Detection, Disagreement, Frame, FrameSpace, Homography, Look, Matter, MatterKey, ModelRef, Place, Score,
        SeenBy, Sighting, Sign, Verify, ViewId, WallTime, Zone,
    },
    infer::Detector,
    store::Store,
    telemetry::{SecondLook, Shade, Signal, emit},
};

/// Frames that wait at most: each is a whole picture.
const WAITING_MAX: usize = 4;

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
    Frame(Box<Job>),
    Place(Box<Asked>),
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
            // A recording is never late: its clock stands still while nobody reads.
            let taken = if bench.when_full == WhenFull::GoOn && self.gives_way(look, matters) {
                Err(Shade::Late)
            } else {
                bench.offer(Work::Frame(Box::new(self.job(model, &tried_by, scene, judged))))
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
        if let Err(shade) = bench.offer(Work::Place(Box::new(asked))) {
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

#[cfg(test)]
#[path = "shadow_tests.rs"]
mod tests;
