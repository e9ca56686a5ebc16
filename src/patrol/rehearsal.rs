//! A spine on a stage, for tests: one camera whose picture the test paints, scripted models, a real store and a real
//! evidence folder. Everything between the camera and the record is the real thing.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64},
    },
    time::Duration,
};

use super::{
    keep::Keep,
    scenes::{Scenes, lock},
    second_look::Verifier,
    spine::{LookDone, Spine},
};
use crate::{
    analysis::{fixtures, verify::Fusion},
    clock::{Clock, SimulatedClock},
    config::Config,
    domain::{
        BBox, Detection, Frame, FrameSpace, Look, Matter, MatterKey, Picture, Pts, Purpose, Score, View, WallTime,
        Zone, ZoneId, ZoneKind,
    },
    infer::{ComparisonHead, Detector, InferError, Inspection, ScriptedDetector},
    media::{
        Clip, FrameSource, MediaError, MediaSession, SourceSpec, Want,
        sessions::{PoolConfig, SessionPool},
    },
    store::{Store, conformance, evidence::EvidenceFolder, sqlite::SqliteStore},
};

pub(crate) const WIDTH: u32 = 640;
pub(crate) const HEIGHT: u32 = 360;
/// What matters call the head.
pub(crate) const HEAD: &str = "head";

/// The picture that the camera sees now, and what the cheap model sees in it.
#[derive(Clone)]
struct Stage {
    picture: Arc<Mutex<Picture>>,
    clock: Arc<SimulatedClock>,
}

impl FrameSource for Stage {
    fn open(&self, _: &SourceSpec) -> Result<Box<dyn MediaSession>, MediaError> {
        Ok(Box::new(self.clone()))
    }
}

impl MediaSession for Stage {
    fn frame(&mut self, _: &Want) -> Result<Frame, MediaError> {
        let mut meta = fixtures::meta(0);
        (meta.wall, meta.arrived) = (self.clock.now(), self.clock.now());
        meta.pts = Pts(u64::try_from(self.clock.now().millis()).unwrap_or(0) * 1_000_000);
        Ok(Frame { meta, picture: lock(&self.picture).clone() })
    }
    fn clip(&mut self, _: Duration) -> Result<Option<Clip>, MediaError> {
        Ok(None)
    }
}

/// What is on a thing, so that things of one colour can look unlike each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    Plain,
    Upright,
    Level,
    Slanting,
}

/// A painted thing: where, in which colour, and what the cheap model calls it with which score.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    pub at: [f32; 4],
    pub colour: [u8; 3],
    pub pattern: Pattern,
    pub score: f32,
}

impl Thing {
    pub(crate) fn bbox(&self) -> BBox<FrameSpace> {
        self.at.into()
    }
}

/// The street without anything on it, and the noise of a sensor.
fn street() -> &'static (Vec<u8>, Vec<u8>) {
    static STREET: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    STREET.get_or_init(|| {
        let mut dice = fastrand::Rng::with_seed(7);
        let (w, h) = (WIDTH as usize, HEIGHT as usize);
        let blocks: Vec<u8> = (0..(w / 16) * (h / 12)).map(|_| dice.u8(40..215)).collect();
        let rgb = (0..w * h).flat_map(|at| [blocks[(at / w / 12) * (w / 16) + (at % w) / 16]; 3]).collect();
        (rgb, (0..w * h * 3).map(|_| dice.u8(0..6)).collect())
    })
}

/// The street with things on it. The street itself never changes, and the sensor's noise of each second is its own: a
/// camera that sends the very same picture is frozen.
pub(crate) fn painted(second: i64, things: &[Thing]) -> Picture {
    let (street, noise) = street();
    let mut rgb = street.clone();
    for thing in things {
        let [x0, y0, x1, y1] = thing.at.map(|side| side as usize);
        for (x, y) in (y0..y1.min(HEIGHT as usize)).flat_map(|y| (x0..x1.min(WIDTH as usize)).map(move |x| (x, y))) {
            let (i, j) = ((x - x0) / 9, (y - y0) / 9);
            let dark = match thing.pattern {
                Pattern::Plain => false,
                Pattern::Upright => i % 2 == 0,
                Pattern::Level => j % 2 == 0,
                Pattern::Slanting => (x - x0 + y - y0) / 12 % 2 == 0,
            };
            let colour = if dark { thing.colour.map(|value| value / 3) } else { thing.colour };
            rgb[(y * WIDTH as usize + x) * 3..][..3].copy_from_slice(&colour);
        }
    }
    let from = usize::try_from(second).unwrap() * 7919 % noise.len();
    for (value, noise) in rgb.iter_mut().zip(noise[from..].iter().chain(&noise[..from])) {
        *value = value.saturating_add(*noise);
    }
    Picture::from_rgb(WIDTH, HEIGHT, rgb).unwrap()
}

/// A spine whose camera, models and clock the test holds in its hand.
pub(crate) struct Rehearsal {
    pub spine: Spine,
    pub store: Arc<SqliteStore>,
    pub view: View,
    pub matter: Matter,
    stage: Stage,
    seen: Arc<Mutex<Vec<Detection>>>,
    _folder: tempfile::TempDir,
}

impl Rehearsal {
    /// `matter` on one view, forbidden everywhere; `verifier` and `scan` are called so, and `scan` compares where the matter is about what is new.
    pub(crate) fn new(matter: Matter, verifier: Option<ScriptedDetector>, scan: Option<ScriptedDetector>) -> Self {
        Self::of(vec![matter], verifier, scan, None)
    }

    /// The same with several matters of one model, of which `self.matter` is the first, and the head that they ask.
    pub(crate) fn of(
        matters: Vec<Matter>,
        verifier: Option<ScriptedDetector>,
        scan: Option<ScriptedDetector>,
        head: Option<Arc<dyn ComparisonHead>>,
    ) -> Self {
        let matter = matters[0].clone();
        let keys: Vec<MatterKey> = matters.iter().map(|matter| matter.key.clone()).collect();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SimulatedClock::starting_at(WallTime::from_millis(0)));
        let mut config = Config::load(Path::new(env!("CARGO_MANIFEST_DIR")), None).unwrap();
        config.matters = matters.into_iter().map(|matter| (matter.key.clone(), matter)).collect();
        let store = Arc::new(SqliteStore::in_memory().unwrap().with_clock(clock.clone()));
        let stream = conformance::stream("31010100001320000001");
        let view = View { matters: keys.clone(), ..conformance::view(&stream, "甲") };
        store.put_stream(&stream, None, "test").unwrap();
        store.put_view(&view, clock.now(), "test").unwrap();
        let polygon = vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]].try_into().unwrap();
        let zone = Zone {
            id: ZoneId::derived(&[b"whole view"]),
            view: view.id,
            polygon,
            matters: keys,
            ..fixtures::zone(ZoneKind::Strict)
        };
        store.put_zone(&zone, clock.now(), "test").unwrap();
        let stage = Stage { picture: Arc::new(Mutex::new(painted(0, &[]))), clock: clock.clone() };
        let seen: Arc<Mutex<Vec<Detection>>> = Arc::default();
        let script = seen.clone();
        let proposer = ScriptedDetector::by_function(move |_, _| Ok(lock(&script).clone()));
        let limits = PoolConfig {
            open_max: 4,
            retries_max: 1,
            backoff_first: Duration::from_secs(1),
            backoff_max: Duration::from_secs(1),
            backoff_refused: Duration::from_secs(1),
        };
        let mut detectors: BTreeMap<String, Arc<dyn Detector>> =
            BTreeMap::from([(matter.model.clone(), Arc::new(proposer.named("proposer")) as Arc<dyn Detector>)]);
        let of_places = matter.verify.as_ref().and_then(|verify| verify.newness.as_ref());
        let newness = matter.newness.as_ref().or(of_places).map(|newness| &newness.model);
        if let (Some(scanner), Some(model)) = (scan, matter.scan.as_ref().map(|scan| &scan.model).or(newness)) {
            detectors.insert(model.clone(), Arc::new(scanner.named("scanner")));
        }
        let verifiers = verifier.zip(matter.verify.as_ref()).map(|(detector, verify)| {
            let unseen = verify.classes.iter().map(|class| (class.clone(), Score::new(0.05).unwrap())).collect();
            let fusion = Fusion { w_detector: 0.3, w_verifier: 0.7, ..Fusion::VERIFIER };
            (
                verify.model.clone(),
                Verifier { detector: Arc::new(detector.named("verifier")), fusion, unseen, tells_crops: false },
            )
        });
        let spine = Spine {
            config: Arc::new(config),
            unable: Vec::new(),
            clock: clock.clone(),
            store: store.clone(),
            evidence: Arc::new(EvidenceFolder::open(folder.path().join("evidence")).unwrap()),
            sessions: SessionPool::new(Arc::new(stage.clone()), limits, clock),
            detectors,
            verifiers: verifiers.into_iter().collect(),
            heads: head.into_iter().map(|head| (HEAD.to_owned(), head)).collect(),
            shadow: None,
            plates: BTreeMap::new(),
            scenes: Scenes::new(store.clone(), folder.path()),
            keep: Keep::new(folder.path().join("kept")),
            keep_open_max: Duration::from_secs(3600),
            decode_ns: AtomicU64::new(0),
            thinned: AtomicBool::new(false),
            chain: Mutex::new(()),
        };
        let rehearsal = Self { spine, store, view, matter, stage, seen, _folder: folder };
        // The first look takes the empty street for the reference picture.
        rehearsal.look(0, &[]);
        rehearsal
    }

    /// One look at a second, begun `late_s` after it was due.
    pub(crate) fn look_late(&self, second: i64, late_s: u64, things: &[Thing]) -> LookDone {
        *lock(&self.stage.picture) = painted(second, things);
        let detection = |thing: &Thing| Detection {
            class: "car".into(),
            score: Score::new(thing.score).unwrap(),
            bbox: thing.bbox(),
            text: None,
        };
        *lock(&self.seen) = things.iter().filter(|thing| thing.score > 0.0).map(detection).collect();
        let now = WallTime::from_millis(second * 1000);
        self.stage.clock.advance_to(now);
        self.spine.scenes.sync(Arc::new(self.store.registry().unwrap()));
        let due = now.minus(Duration::from_secs(late_s));
        let look = Look {
            id: Look::id_of(self.view.id, &Purpose::Patrol, now),
            stream: self.view.stream,
            view: self.view.id,
            purpose: Purpose::Patrol,
            due,
            decode: self.matter.decode,
            frames_max: Some(1),
            time_max: Duration::from_secs(5),
            matters: self.view.matters.clone(),
        };
        self.spine.look(&look).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Moves the clock and paints the street of that moment, in milliseconds: for a watch, whose detector is asked frame by
    /// frame. What is painted is seen in the next frame.
    pub(crate) fn painter(&self) -> impl Fn(i64, &[Thing]) + Send + Sync + use<> {
        let stage = self.stage.clone();
        move |millis, things| {
            *lock(&stage.picture) = painted(millis / 50, things);
            stage.clock.advance_to(WallTime::from_millis(millis));
        }
    }

    /// One look at a second.
    pub(crate) fn look(&self, second: i64, things: &[Thing]) -> LookDone {
        self.look_late(second, 0, things)
    }
}

/// A verifier that believes in what is red in the middle of the crop, and says how the middle looks.
pub(crate) fn believes_in_red() -> ScriptedDetector {
    ScriptedDetector::by_inspection(|_, crop| Ok(inspected(crop)))
}

/// The same, out of order while `broken` is set.
pub(crate) fn breaks(broken: Arc<AtomicBool>) -> ScriptedDetector {
    ScriptedDetector::by_inspection(move |_, crop| {
        if broken.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(InferError::Overloaded);
        }
        Ok(inspected(crop))
    })
}

fn inspected(crop: &Picture) -> Inspection {
    let (side, middle) = (crop.width() as f32, crop.width() / 2);
    let bbox: BBox<FrameSpace> = BBox::new(side * 0.3, side * 0.3, side * 0.7, side * 0.7);
    let [red, green, _] = crop.rgb_at(middle, middle);
    let is_red = u32::from(red) > 2 * u32::from(green);
    let seen = Detection { class: "waste".into(), score: Score::new(0.9).unwrap(), bbox, text: None };
    Inspection {
        detections: if is_red { vec![seen] } else { Vec::new() },
        appearance: Some(crate::analysis::appearance::describe(crop, &bbox)),
        patches: None,
    }
}
