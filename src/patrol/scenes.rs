//! What the patrol remembers of each view between looks: its place book, its matcher, its zones. Loaded
//! from the store when first needed, so that a restart files nothing twice.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sha2::{Digest, Sha256};

use super::{newness::Before, second_look::Baseline, trails::Driven};
use crate::{
    analysis::place_book::PlaceBook,
    domain::{
        Detection, Explanation, Frame, Homography, Look, Matter, MatterKey, Picture, PlaceId, PlatePolicy, Purpose,
        Reference, ReferenceDetection, Stream, StreamId, Thing, View, ViewId, ViewMatch, ViewState, WallTime, Zone,
    },
    media::{
        draw, jpeg,
        view_match::{UnusableReference, ViewMatcher},
    },
    store::{Registry, Store, StoreError},
};

/// A view as a look needs it.
pub struct Scene {
    /// The stream that shows it.
    pub stream: Stream,
    /// The view.
    pub view: View,
    /// Its zones.
    pub zones: Vec<Zone>,
    /// Its memory.
    pub book: PlaceBook,
    /// How its reference picture looks to a verifier.
    pub baseline: Baseline,
    /// What newness is measured against.
    pub(super) before: Option<Before>,
    /// What was seen when it was last compared.
    pub(super) stood: Vec<ReferenceDetection>,
    /// Where vehicles drove lately.
    pub(super) trails: Driven,
    /// When matters with an interval of their own were last judged.
    pub judged: BTreeMap<MatterKey, WallTime>,
    /// When whole-view models last scanned it.
    pub scanned: BTreeMap<String, WallTime>,
    /// Places that were seen last in a look with a scan. Forgotten at a restart: then any look can miss them.
    pub(super) by_scan: BTreeSet<PlaceId>,
    /// When new models were last shown a frame of it.
    pub shadowed: BTreeMap<String, WallTime>,
    /// The version of the reference picture whose text is known.
    pub(super) signs_read: Option<u32>,
    matcher: Option<(u32, ViewMatcher)>,
    /// The version of the reference picture whose masked copy is there.
    masked: Option<u32>,
}

/// What is registered, with the places of its rows.
#[derive(Default)]
struct Indexed {
    registry: Arc<Registry>,
    views: HashMap<ViewId, usize>,
    streams: HashMap<StreamId, usize>,
    zones: HashMap<ViewId, Vec<usize>>,
}

impl Indexed {
    fn new(registry: Arc<Registry>) -> Self {
        let views = registry.views.iter().enumerate().map(|(at, view)| (view.id, at)).collect();
        let streams = registry.streams.iter().enumerate().map(|(at, stream)| (stream.id, at)).collect();
        let mut zones: HashMap<ViewId, Vec<usize>> = HashMap::new();
        registry.zones.iter().enumerate().for_each(|(at, zone)| zones.entry(zone.view).or_default().push(at));
        Self { registry, views, streams, zones }
    }
    fn view(&self, id: ViewId) -> Option<&View> {
        self.views.get(&id).map(|at| &self.registry.views[*at])
    }
    fn stream(&self, id: StreamId) -> Option<&Stream> {
        self.streams.get(&id).map(|at| &self.registry.streams[*at])
    }
    fn zones(&self, view: ViewId) -> Vec<Zone> {
        let rows = self.zones.get(&view).into_iter().flatten();
        rows.map(|at| self.registry.zones[*at].clone()).collect()
    }
}

/// The scenes of all views.
pub struct Scenes {
    store: Arc<dyn Store>,
    references: PathBuf,
    registry: Mutex<Arc<Indexed>>,
    scenes: Mutex<HashMap<ViewId, Arc<Mutex<Option<Scene>>>>>,
}

impl Scenes {
    /// Scenes over what the store holds; reference pictures live below `data`.
    pub fn new(store: Arc<dyn Store>, data: &Path) -> Self {
        Self { store, references: data.to_path_buf(), registry: Mutex::default(), scenes: Mutex::new(HashMap::new()) }
    }

    /// Takes in what is registered now. Scenes follow when they are next entered. Returns the streams whose sessions
    /// are of no more use: they were removed, or changed.
    pub fn sync(&self, registry: Arc<Registry>) -> Vec<StreamId> {
        let indexed = Arc::new(Indexed::new(registry));
        lock(&self.scenes).retain(|id, _| indexed.views.contains_key(id));
        let before = std::mem::replace(&mut *lock(&self.registry), indexed.clone());
        let streams = before.registry.streams.iter();
        streams.filter(|old| indexed.stream(old.id) != Some(*old)).map(|old| old.id).collect()
    }

    /// The slot of a view; locking it makes the view the caller's alone.
    pub fn slot(&self, view: ViewId) -> Arc<Mutex<Option<Scene>>> {
        lock(&self.scenes).entry(view).or_default().clone()
    }

    /// Loads the scene into its slot if it is not there, and brings it up to what is registered.
    ///
    /// # Errors
    /// [`StoreError`]; `Missing` when the view is not registered any more.
    pub fn refresh<'s>(
        &self,
        view: ViewId,
        slot: &'s mut MutexGuard<'_, Option<Scene>>,
    ) -> Result<&'s mut Scene, StoreError> {
        let registry = lock(&self.registry).clone();
        let missing = || StoreError::Missing { what: Thing::View, id: view.to_string() };
        let registered = registry.view(view).ok_or_else(missing)?;
        let stream = registry.stream(registered.stream).ok_or_else(missing)?;
        if slot.is_none() {
            let book = PlaceBook::new(view, self.store.places(view)?);
            **slot = Some(Scene {
                stream: stream.clone(),
                view: registered.clone(),
                zones: vec![],
                book,
                baseline: Baseline::default(),
                before: None,
                stood: Vec::new(),
                trails: Driven::default(),
                judged: BTreeMap::new(),
                scanned: BTreeMap::new(),
                by_scan: BTreeSet::new(),
                shadowed: BTreeMap::new(),
                signs_read: None,
                matcher: None,
                masked: None,
            });
        }
        let scene = slot.as_mut().expect("it was filled above");
        // A reference that this process took itself is newer than the registry it last read.
        let newest =
            scene.view.reference.take().into_iter().chain(registered.reference.clone()).max_by_key(|r| r.version);
        scene.view = View { reference: newest, ..registered.clone() };
        scene.stream = stream.clone();
        scene.zones = registry.zones(view);
        Ok(scene)
    }

    /// Takes `frame` as the view's reference picture: file first, then the row. A frame that is too dark or shows
    /// nothing to compare with is refused, and what was the reference stays.
    ///
    /// Returns why it was refused.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn take_reference(&self, scene: &mut Scene, frame: &Frame) -> Result<Option<Explanation>, StoreError> {
        let matcher = match ViewMatcher::new(&frame.picture) {
            Ok(matcher) => matcher,
            Err(UnusableReference::Dark) => {
                return Ok(Some(Explanation::new(
                    "画面过暗，不能作为基准图",
                    "the picture is too dark to be a reference",
                )));
            }
            Err(UnusableReference::Featureless(_)) => {
                let zh = "画面缺少可以比对的内容，不能作为基准图";
                return Ok(Some(Explanation::new(
                    zh,
                    "the picture shows nothing to compare with and cannot be a reference",
                )));
            }
        };
        let version = scene.view.reference.as_ref().map_or(0, |reference| reference.version) + 1;
        let bytes = jpeg::encode(&frame.picture).map_err(|error| StoreError::Failed(error.to_string()))?;
        let file = format!("references/{}/{version}.jpg", scene.view.id);
        let path = self.references.join(&file);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, &bytes));
        written.map_err(|error| StoreError::Unwritable(format!("{}: {error}", path.display())))?;
        let reference = Reference {
            version,
            file,
            sha256: hex::encode(Sha256::digest(&bytes)),
            width: frame.picture.width(),
            height: frame.picture.height(),
            taken_at: frame.meta.judged_at(),
        };
        self.store.put_reference(scene.view.id, &reference, "system")?;
        scene.matcher = Some((version, matcher));
        scene.view.reference = Some(reference);
        Ok(None)
    }

    /// Hop 3, register: how the frame stands against the view's reference picture, and why in words if it does not.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when the reference picture's file is gone or damaged.
    pub fn register(&self, scene: &mut Scene, frame: &Frame) -> Result<(ViewMatch, Option<Explanation>), StoreError> {
        let Some(reference) = &scene.view.reference else {
            let unreferenced =
                ViewMatch { state: ViewState::Unreferenced, homography: Homography::IDENTITY, likeness: 0.0 };
            return Ok((unreferenced, Some(Explanation::new("没有基准图", "there is no reference picture"))));
        };
        if scene.matcher.as_ref().is_none_or(|(version, _)| *version != reference.version) {
            let picture = self.reference_picture(reference)?;
            let matcher = ViewMatcher::new(&picture).map_err(|error| StoreError::Unusable(error.to_string()))?;
            scene.matcher = Some((reference.version, matcher));
        }
        // By our clock: a camera that repeats its picture may repeat its clock too.
        let (_, matcher) = scene.matcher.as_mut().expect("it was filled above");
        Ok(matcher.compare(&frame.picture, frame.meta.judged_at()))
    }

    /// Makes the masked copy of the reference picture, once for each version: the only one that people see who may not
    /// see what is not masked. `frame` is one in which `detections` were found; `detect` is asked where the reference is
    /// an older one.
    ///
    /// # Errors
    /// [`StoreError`]; the next look tries again.
    pub fn mask_reference(
        &self,
        scene: &mut Scene,
        frame: &Frame,
        detections: &[Detection],
        detect: impl FnOnce(&Frame) -> Option<Vec<Detection>>,
    ) -> Result<(), StoreError> {
        let Some(reference) = scene.view.reference.as_ref().filter(|one| scene.masked != Some(one.version)) else {
            return Ok(());
        };
        let path = self.references.join(reference.masked_file());
        if !path.exists() {
            let copy = if reference.taken_at == frame.meta.judged_at() {
                draw::hidden(&frame.picture, detections, None, PlatePolicy::MaskAll)
            } else {
                let older = Frame { meta: frame.meta, picture: self.reference_picture(reference)? };
                let Some(detections) = detect(&older) else { return Ok(()) };
                draw::hidden(&older.picture, &detections, None, PlatePolicy::MaskAll)
            };
            let bytes = jpeg::encode(&copy).map_err(|error| StoreError::Failed(error.to_string()))?;
            let part = path.with_extension("part");
            let written = fs::write(&part, &bytes).and_then(|()| fs::rename(&part, &path));
            written.map_err(|error| StoreError::Unwritable(format!("{}: {error}", path.display())))?;
        }
        scene.masked = Some(reference.version);
        Ok(())
    }

    /// The reference picture's pixels, read again each time.
    pub(super) fn reference_picture(&self, reference: &Reference) -> Result<Picture, StoreError> {
        let path = self.references.join(&reference.file);
        jpeg::open(&path).map_err(|error| {
            StoreError::Unusable(format!("the reference picture is gone or damaged ({error}); take it again"))
        })
    }
}

impl Scene {
    /// The view is not looked at for a while: its matcher lets go of what it can make again.
    pub fn rest(&mut self) {
        if let Some((_, matcher)) = &mut self.matcher {
            matcher.rest();
        }
    }

    /// The matters of a look that are due at `now`: one with an interval of its own waits for it, but for a look out of
    /// turn. What waits is not judged at all, so its places are neither seen nor missed. A look without an end judges
    /// [`Scene::due_beside`] between its parts.
    pub fn due(&self, look: &Look, all: &BTreeMap<MatterKey, Matter>, now: WallTime) -> BTreeMap<MatterKey, Matter> {
        let mut matters = self.matters(&look.matters, all);
        matters.retain(|key, matter| match (look.purpose, matter.every) {
            (_, None) | (Purpose::Recheck { .. } | Purpose::Snapshot | Purpose::Reference, _) => true,
            (Purpose::Continuous, Some(_)) => false,
            (Purpose::Patrol, Some(every)) => self.is_turn_of(key, every, now),
        });
        matters
    }

    /// The matters with an interval of their own that are due at `now` on a view that is watched without an end.
    pub fn due_beside(
        &self,
        look: &Look,
        all: &BTreeMap<MatterKey, Matter>,
        now: WallTime,
    ) -> BTreeMap<MatterKey, Matter> {
        let mut matters = self.matters(&look.matters, all);
        matters.retain(|key, matter| matter.every.is_some_and(|every| self.is_turn_of(key, every, now)));
        matters
    }

    fn is_turn_of(&self, key: &MatterKey, every: Duration, now: WallTime) -> bool {
        // A clock that was set back asks at once.
        self.judged.get(key).is_none_or(|last| *last > now || now.since(*last) >= every)
    }

    /// The matters were judged at `now`.
    pub fn have_judged(&mut self, matters: &BTreeMap<MatterKey, Matter>, now: WallTime) {
        let seldom = matters.iter().filter(|(_, matter)| matter.every.is_some());
        self.judged.extend(seldom.map(|(key, _)| (key.clone(), now)));
    }

    /// The matters of a look, as configured.
    pub fn matters(&self, keys: &[MatterKey], all: &BTreeMap<MatterKey, Matter>) -> BTreeMap<MatterKey, Matter> {
        keys.iter().filter_map(|key| Some((key.clone(), all.get(key)?.clone()))).collect()
    }
}

/// Locks even when a thread panicked while it held the lock: what is inside is replaced whole or not at all.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::fixtures::meta,
        domain::{BBox, Score},
        store::{conformance::registered, sqlite::SqliteStore},
    };

    /// A picture with enough in it to be compared with.
    fn frame(second: i64) -> Frame {
        let mut dice = fastrand::Rng::with_seed(7);
        let (w, h) = (320_usize, 180_usize);
        let blocks: Vec<u8> = (0..(w / 8) * (h / 6)).map(|_| dice.u8(20..235)).collect();
        let rgb = (0..w * h).flat_map(|at| [blocks[(at / w / 6) * (w / 8) + (at % w) / 8]; 3]).collect();
        Frame { meta: meta(second), picture: Picture::from_rgb(w as u32, h as u32, rgb).unwrap() }
    }

    #[test]
    fn a_matter_with_an_interval_of_its_own_waits_for_it_but_for_a_look_out_of_turn() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().unwrap());
        let view = registered(&*store);
        let scenes = Scenes::new(store.clone(), folder.path());
        scenes.sync(Arc::new(store.registry().unwrap()));
        let slot = scenes.slot(view.id);
        let mut slot = lock(&slot);
        let scene = scenes.refresh(view.id, &mut slot).unwrap();
        let often = crate::analysis::fixtures::matter();
        let seldom = Matter { key: "seldom".parse().unwrap(), every: Some(Duration::from_secs(1800)), ..often.clone() };
        let all = BTreeMap::from([(often.key.clone(), often.clone()), (seldom.key.clone(), seldom.clone())]);
        let at = |second: i64| WallTime::from_millis(second * 1000);
        let due = |scene: &Scene, purpose: Purpose, second: i64| {
            let look = Look {
                id: Look::id_of(view.id, &purpose, at(second)),
                stream: view.stream,
                view: view.id,
                purpose,
                due: at(second),
                decode: crate::domain::DecodeMode::KeyFrames,
                frames_max: Some(1),
                time_max: Duration::from_secs(10),
                matters: all.keys().cloned().collect(),
            };
            scene.due(&look, &all, at(second))
        };
        let both = due(scene, Purpose::Patrol, 100);
        assert_eq!(both.len(), 2, "never judged");
        scene.have_judged(&both, at(100));
        for (purpose, second, count) in [
            (Purpose::Patrol, 130, 1),
            (Purpose::Patrol, 1899, 1),
            (Purpose::Patrol, 1900, 2),
            (Purpose::Snapshot, 130, 2),
            (Purpose::Continuous, 9000, 1),
            (Purpose::Patrol, 50, 2),
        ] {
            assert_eq!(due(scene, purpose, second).len(), count, "{purpose:?} at {second}");
        }
    }

    #[test]
    fn the_reference_has_one_masked_copy_and_an_older_one_gets_it_too() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().unwrap());
        let view = registered(&*store);
        let scenes = Scenes::new(store.clone(), folder.path());
        scenes.sync(Arc::new(store.registry().unwrap()));
        let slot = scenes.slot(view.id);
        let mut slot = lock(&slot);
        let scene = scenes.refresh(view.id, &mut slot).unwrap();
        let person = Detection {
            class: "person".into(),
            score: Score::new(0.9).unwrap(),
            bbox: BBox::new(100.0, 20.0, 180.0, 170.0),
            text: None,
        };
        let first = frame(1);
        assert_eq!(scenes.take_reference(scene, &first).unwrap(), None);
        let never = |_: &Frame| -> Option<Vec<Detection>> { panic!("what was found in the frame is known") };
        scenes.mask_reference(scene, &first, std::slice::from_ref(&person), never).unwrap();
        let reference = scene.view.reference.clone().unwrap();
        let masked = folder.path().join(reference.masked_file());
        let head = |path: &Path| {
            let picture = jpeg::open(path).unwrap();
            let reds: Vec<u8> =
                (96..111).flat_map(|x| (16..33).map(move |y| (x, y))).map(|(x, y)| picture.rgb_at(x, y)[0]).collect();
            reds.iter().max().unwrap() - reds.iter().min().unwrap()
        };
        assert!(head(&folder.path().join(&reference.file)) > 30 && head(&masked) < 30, "the head is one block");

        // A reference from before there were masked copies: the detector is asked, once.
        fs::remove_file(&masked).unwrap();
        scene.masked = None;
        scenes.mask_reference(scene, &frame(2), &[], |_| None).unwrap();
        assert!(!masked.exists(), "without the detector nothing is shown for masked");
        scenes.mask_reference(scene, &frame(3), &[], |_| Some(vec![person.clone()])).unwrap();
        assert!(head(&masked) < 30);
        scenes.mask_reference(scene, &frame(4), &[], never).unwrap();
    }
}
