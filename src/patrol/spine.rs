//! The spine: one look from the camera to the record, hops 2 to 8 on this page. Hop 1 is `planner.rs`;
//! hop 9 happens when a reviewer decides (`service`), hop 10 in `courier.rs`.
//!
//! | hop | in -> out | when full |
//! |---|---|---|
//! | 2 capture | `Look` -> `Frame` | keep newest; counted |
//! | 3 register | `Frame` x reference -> `ViewMatch` | a moved or blind view mutes the rules and is shown |
//! | 4 detect | `Frame` -> `Detection`s | refuse the oldest waiting; counted |
//! | 5 describe | boxes -> appearance | only for candidates |
//! | 6 judge | sightings x places -> `IncidentChange`s | pure |
//! | 7 prove | `IncidentChange` -> evidence files | back-pressure |
//! | - | durability line: left of it loss is allowed and counted, right of it never | |
//! | 8 record | changes + evidence -> rows, one transaction | back-pressure |

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    analysis::{
        lawful::Civil,
        place_book::{Answer, BookChanges, Spot},
        scene::{self, Rules},
    },
    clock::Clock,
    config::Config,
    domain::{
        Detection, Frame, IncidentChange, Look, LookReport, Matter, MatterKey, Place, Purpose, Sighting, Unable,
        Verification, ViewState, WallTime,
    },
    infer::{ComparisonHead, Detector, Lane, text::Plates},
    media::{
        Clip, MediaError, MediaSession, Want,
        jpeg::JpegError,
        sessions::{Lease, LeaseError, SessionPool},
    },
    store::{
        LookOutcome, Store, StoreError,
        evidence::{BundleDraft, EvidenceError, EvidenceFolder, Prepared},
    },
    telemetry::{Signal, emit},
};

use super::{
    keep::Keep,
    newness,
    scenes::{Scene, Scenes, lock},
    second_look::{Asking, Verifier},
    seen::{Judgeable, Seen},
    shadow::{Judged, ShadowBench},
    trails,
};

/// Everything that a look needs.
pub struct Spine {
    /// City, settings, and the matters that can be judged here.
    pub config: Arc<Config>,
    /// Those that cannot: no look looks for them, and what is known of their places stays as it is.
    pub unable: Vec<Unable>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Rows.
    pub store: Arc<dyn Store>,
    /// Evidence files.
    pub evidence: Arc<EvidenceFolder>,
    /// Open streams.
    pub sessions: SessionPool,
    /// Detectors by the name that matters call them by.
    pub detectors: BTreeMap<String, Arc<dyn Detector>>,
    /// Verifiers by the name that matters call them by.
    pub verifiers: BTreeMap<String, Verifier>,
    /// Heads that say what is new, by the name that matters call them by.
    pub heads: BTreeMap<String, Arc<dyn ComparisonHead>>,
    /// New models that are tried beside the matters' own; `None` where none is.
    pub shadow: Option<ShadowBench>,
    /// Readers of plates by the name that matters call them by.
    pub plates: BTreeMap<String, Plates>,
    /// What is remembered of each view.
    pub scenes: Scenes,
    /// Frames of candidates.
    pub keep: Keep,
    /// Sessions of views with at most this revisit target stay open between looks.
    pub keep_open_max: Duration,
    /// Nanoseconds that all looks together have spent in decoders; the planner's budget reads it.
    pub decode_ns: AtomicU64,
    /// Continuous looks are held to key frames now; the planner says so when the budget is short.
    pub thinned: AtomicBool,
    /// Bundles are chained: one is sealed and recorded at a time.
    pub chain: Mutex<()>,
}

/// Why a look left nothing behind.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The record was refused or failed; the next look of the view begins again from what was recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No session was free: our own limit, not the camera's fault. The view is looked at again when it is next due.
    #[error(transparent)]
    Crowded(LeaseError),
    /// The patrol is stopping, and the camera had not sent a frame yet.
    #[error("the patrol is stopping")]
    Stopping,
    /// Evidence could not be written; nothing was recorded.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A picture could not be encoded; nothing was recorded.
    #[error("a picture of the evidence failed: {0}")]
    Picture(#[from] JpegError),
}

/// A look that was recorded.
#[derive(Clone, Debug)]
pub struct LookDone {
    /// What it was.
    pub report: LookReport,
    /// What it changed.
    pub changes: Vec<IncidentChange>,
    /// What a verifier said in it.
    pub verifications: Vec<Verification>,
}

impl Spine {
    /// One look, whole. A view that cannot be judged is a recorded look too: lost coverage is shown, never silent.
    ///
    /// # Errors
    /// [`LookError`]: nothing was recorded, and nothing is remembered that was not recorded.
    pub fn look(&self, look: &Look) -> Result<LookDone, LookError> {
        let slot = self.scenes.slot(look.view);
        let mut slot = lock(&slot);
        let began = self.begin();
        let done = self.scenes.refresh(look.view, &mut slot).map_err(LookError::from).and_then(|scene| {
            let matters = scene.due(look, &self.config.matters, began.0);
            let mut seen = Seen::nothing();
            let mut lease = self.see(look, scene, &matters, &mut seen)?; // hops 2 to 5
            let matters = newness::judged(matters, seen.last.as_ref());
            if seen.last.is_some() {
                scene.have_judged(&matters, began.0);
            }
            let done = self.conclude(look, scene, &matters, &seen, lease.as_mut(), began); // hops 6 to 8
            if !self.keeps_open(scene) {
                scene.rest();
            }
            done
        });
        if done.is_err() {
            // The book may be ahead of the store; it is loaded again.
            *slot = None;
        }
        done
    }

    /// Hops 2 to 5: takes the frames that the look wants and gathers what they show.
    fn see(
        &self,
        look: &Look,
        scene: &mut Scene,
        matters: &BTreeMap<MatterKey, Matter>,
        seen: &mut Seen,
    ) -> Result<Option<Lease>, LookError> {
        let until = Instant::now() + look.time_max;
        let want = Want { decode: look.decode, not_before: self.clock.now(), until };
        let mut lease = match self.lease(scene) {
            Ok(lease) => lease,
            Err(LeaseError::Media(error) | LeaseError::BackingOff { because: error, .. }) => {
                seen.lost(&error);
                return Ok(None);
            }
            Err(crowded @ (LeaseError::Busy(_) | LeaseError::Full(_))) => return Err(LookError::Crowded(crowded)),
        };
        let decoded_before = lease.facts().decode_time;
        for _ in 0..look.frames_max.unwrap_or(1) {
            match lease.frame(&want) {
                Ok(frame) => self.take_in(frame, None, look, scene, matters, seen)?,
                Err(_) if seen.frames == 0 && self.sessions.is_closing() => return Err(LookError::Stopping),
                Err(error) => {
                    seen.lost(&error);
                    break;
                }
            }
        }
        self.count_decoding(&lease, decoded_before);
        Ok(Some(lease))
    }

    /// Adds what a session has decoded since it had decoded for `before`.
    pub(super) fn count_decoding(&self, lease: &Lease, before: Duration) {
        let spent = lease.facts().decode_time.saturating_sub(before);
        self.decode_ns.fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// When a look, or a part of one, begins: on the wall and on the process's stopwatch.
    pub(super) fn begin(&self) -> (WallTime, Instant) {
        (self.clock.now(), Instant::now())
    }

    /// Hops 3 to 5 for one frame. `detections` are given where they are known already.
    pub(super) fn take_in(
        &self,
        frame: Frame,
        detections: Option<Vec<Detection>>,
        look: &Look,
        scene: &mut Scene,
        matters: &BTreeMap<MatterKey, Matter>,
        seen: &mut Seen,
    ) -> Result<(), LookError> {
        seen.frames += 1;
        seen.skew_ms = frame.meta.skew_ms;
        let wanted = scene.view.reference.is_none() || look.purpose == Purpose::Reference;
        if wanted && let Some(refused) = self.scenes.take_reference(scene, &frame)? {
            seen.blind(ViewState::Unreferenced, refused);
        }
        let (matched, reason) = self.scenes.register(scene, &frame)?;
        if !matched.state.judges() {
            if seen.reason.is_none() {
                seen.blind(matched.state, reason.unwrap_or_default());
            }
            return Ok(());
        }
        let is_visit = detections.is_none();
        let mut detections = match detections.map_or_else(|| self.detect(&frame, matters, Lane::Visit), Ok) {
            Ok(detections) => detections,
            Err(error) => {
                seen.unjudged(&error);
                return Ok(());
            }
        };
        detections.extend(self.scan(look, scene, matters, &frame, &mut seen.scanned));
        let detect = |older: &Frame| self.detect(older, matters, Lane::Visit).ok();
        if let Err(error) = self.scenes.mask_reference(scene, &frame, &detections, detect) {
            tracing::warn!(view = %look.view, %error, "the reference picture has no masked copy yet");
        }
        let signs = self.signs(look, scene, matters, &frame, &detections)?;
        let homography = &matched.homography;
        self.shade(look, scene, matters, Judged { frame: &frame, homography, detections: &detections, signs: &signs });
        if is_visit {
            seen.drove.extend(trails::in_frame(&frame, &detections));
        }
        scene.lay_trails(look, &self.config.matters, homography, &std::mem::take(&mut seen.drove));
        let newness = self.compare(scene, matters, (&frame, homography), &detections);
        if let Some(map) = &newness {
            scene.note_ground(matters, map, (&frame, homography));
        }
        let judgeable = Judgeable::new(frame, matched.homography, detections, signs, newness);
        let is_holiday = |day| self.config.city.is_holiday(day);
        let civil = Civil { offset: self.config.city.utc_offset(), is_holiday: &is_holiday };
        let (Scene { zones, stood: before, trails, .. }, signs) = (&*scene, judgeable.signs());
        let rules =
            Rules { zones, signs, before, trails: trails.by_matter(), register: &self.config.vehicles, matters, civil };
        scene::merge(&mut seen.sightings, scene::sightings(rules, judgeable.registered()));
        if judgeable.is_compared() {
            scene.stood = judgeable.everything();
        }
        (seen.state, seen.reason, seen.last) = (ViewState::Same, None, Some(judgeable));
        Ok(())
    }

    /// Hops 6 to 8: judges, proves and records what was seen.
    pub(super) fn conclude(
        &self,
        look: &Look,
        scene: &mut Scene,
        matters: &BTreeMap<MatterKey, Matter>,
        seen: &Seen,
        lease: Option<&mut Lease>,
        began: (WallTime, Instant),
    ) -> Result<LookDone, LookError> {
        let mut verifications = Vec::new();
        let judged = match &seen.last {
            Some(last) => {
                let at = last.at();
                let Scene { book, view, baseline, by_scan, .. } = &mut *scene;
                let spot = |place: &Place| match matters.get(&place.matter) {
                    Some(matter) if by_scan.contains(&place.id) && !seen.is_scanned_for(matter) => Spot::Hidden,
                    Some(matter) => scene::spot(place, matter, last.registered()),
                    None => Spot::Hidden,
                };
                let mut asking = Asking::new(self, view, baseline, last, &seen.scanned);
                let second = |place: &Place, sighting: &Sighting| match matters.get(&place.matter) {
                    Some(matter) => asking.about(matter, place, sighting),
                    None => Answer::Unasked,
                };
                let judged = book.observe(matters, at, &seen.sightings, spot, second);
                verifications = asking.said();
                scene.note_scanned(matters, at, seen, &judged);
                judged
            }
            None => BookChanges::default(),
        };
        self.keep_frames(scene, matters, seen, &judged);
        let report = LookReport {
            id: look.id,
            view: look.view,
            purpose: look.purpose,
            due: look.due,
            started: began.0,
            ended: self.clock.now(),
            frames: seen.frames,
            state: seen.state,
            reason: seen.reason.clone(),
            skew_ms: seen.skew_ms,
        };
        let clip = lease.and_then(|lease| clip_of(lease, &judged));
        let mut outcome = LookOutcome {
            report,
            places: judged.places,
            forgotten: judged.forgotten,
            changes: judged.incidents,
            evidence: Vec::new(),
            recheck: None,
            observed: seen.last.as_ref().map(Judgeable::observed),
            verifications,
        };
        let drafts = self.drafts(look, scene, matters, seen, clip.as_ref(), &mut outcome)?; // hop 7
        self.record(&mut self.prepare(drafts)?, &mut outcome)?; // hop 8
        self.announce(&outcome, look, began, seen);
        self.forget_frames(&outcome);
        Ok(LookDone { report: outcome.report, changes: outcome.changes, verifications: outcome.verifications })
    }

    /// Hop 7's end: writes the files of the bundles, beside other looks.
    fn prepare(&self, drafts: Vec<BundleDraft>) -> Result<Vec<Prepared>, LookError> {
        let write = |draft: BundleDraft| {
            let began = Instant::now();
            let (incident, files) = (draft.incident, draft.files.len());
            let size_bytes = draft.files.iter().map(|file| file.bytes.len() as u64).sum();
            let prepared = self.evidence.prepare(draft)?;
            emit(Signal::EvidenceWritten { incident, files, size_bytes, took: began.elapsed() });
            Ok(prepared)
        };
        drafts.into_iter().map(write).collect()
    }

    /// Seals the bundles and records everything, one look at a time because bundles are chained.
    fn record(&self, bundles: &mut [Prepared], outcome: &mut LookOutcome) -> Result<(), LookError> {
        let _chained = (!bundles.is_empty()).then(|| lock(&self.chain));
        let mut tries = 0;
        loop {
            outcome.evidence.clear();
            if !bundles.is_empty() {
                let mut head = self.store.evidence_head()?;
                for bundle in &mut *bundles {
                    let (row, _) = bundle.seal(head.as_deref())?;
                    head = Some(row.manifest_sha256.clone());
                    outcome.evidence.push(row);
                }
            }
            let began = Instant::now();
            let recorded = self.store.record(outcome);
            emit(Signal::Recorded { took: began.elapsed() });
            match recorded {
                // Another process recorded a bundle in between; the chain goes on behind it.
                Err(StoreError::Conflict(_)) if !bundles.is_empty() && tries < CHAIN_TRIES => tries += 1,
                recorded => return Ok(recorded?),
            }
        }
    }

    /// Hop 2: the stream's session, opened if it is not. Sessions that are used often stay open.
    pub(super) fn lease(&self, scene: &Scene) -> Result<Lease, LeaseError> {
        let credential = self
            .store
            .credential(scene.stream.id)
            .map_err(|error| MediaError::Framework(format!("the credential cannot be read: {error}")))?;
        let spec = crate::media::SourceSpec { stream: scene.stream.clone(), credential };
        self.sessions.lease(&spec, self.keeps_open(scene))
    }

    /// Whether the view is looked at so often that its session stays open.
    fn keeps_open(&self, scene: &Scene) -> bool {
        let shortest =
            scene.view.matters.iter().filter_map(|key| self.config.matters.get(key)).map(|m| m.revisit).min();
        let revisit = scene.view.revisit_s.map(|s| Duration::from_secs(s.into())).or(shortest);
        revisit.is_some_and(|revisit| revisit <= self.keep_open_max)
    }

    fn announce(&self, outcome: &LookOutcome, look: &Look, began: (WallTime, Instant), seen: &Seen) {
        let report = &outcome.report;
        emit(Signal::LookFinished {
            look: report.id,
            view: report.view,
            purpose: &look.purpose,
            state: report.state,
            reason: report.reason.as_ref().map(|said| said.en.as_str()),
            lateness: began.0.since(look.due),
            took: began.1.elapsed(),
            frames: report.frames,
        });
        if let Some(last) = seen.last.as_ref().filter(|_| !outcome.changes.is_empty()) {
            emit(Signal::ChangeStored { took: self.clock.now().since(last.registered().frame.meta.arrived) });
        }
        for change in &outcome.changes {
            emit(Signal::IncidentChanged { incident: change.incident(), change: change.into() });
        }
    }
}

/// How often a bundle is chained anew when another process records bundles at the same time.
const CHAIN_TRIES: u32 = 5;
/// Length of an evidence clip at most.
pub(super) const CLIP_SPAN: Duration = Duration::from_secs(12);

/// The camera's own packets, for an incident that begins now. A clip that fails is a picture less, not a look less.
fn clip_of(lease: &mut Lease, judged: &BookChanges) -> Option<Clip> {
    let begins =
        |change: &IncidentChange| matches!(change, IncidentChange::Opened { .. } | IncidentChange::Reopened { .. });
    if !judged.incidents.iter().any(begins) {
        return None;
    }
    lease.clip(CLIP_SPAN).unwrap_or_else(|error| {
        tracing::warn!(%error, "the evidence goes without a clip");
        None
    })
}
