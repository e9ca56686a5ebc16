//! A continuous look: the same hops without an end. Frames are judged as they come, a tracker steadies the
//! boxes, and once a revisit target the tracks are taken as one look's sightings.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    analysis::tracker::Tracker,
    domain::{DecodeMode, Detection, Frame, Look, LookId, Matter, MatterKey, WallTime},
    infer::Lane,
    media::{MediaError, MediaSession, Want, sessions::LeaseError},
    telemetry::{Signal, emit},
};

use super::{
    models::models_of,
    newness,
    plates::PlateVotes,
    scenes::{Scene, lock},
    seen::Seen,
    spine::{LookDone, LookError, Spine},
    trails::{self, Ways},
};

impl Spine {
    /// Watches until `stop` is set, the stream is lost or an error occurs. `done` hears of each recorded part.
    ///
    /// # Errors
    /// [`LookError`], as for a look; what was recorded before stays.
    pub fn watch(&self, look: &Look, stop: &AtomicBool, mut done: impl FnMut(LookDone)) -> Result<(), LookError> {
        let slot = self.scenes.slot(look.view);
        let (mut tracker, mut votes, mut ways) = (Tracker::new(), PlateVotes::default(), Ways::default());
        let mut taken: Option<WallTime> = None;
        let mut part = 0_u64;
        let mut lease = {
            let mut slot = lock(&slot);
            let scene = self.scenes.refresh(look.view, &mut slot)?;
            match self.lease(scene) {
                Ok(lease) => lease,
                Err(crowded @ (LeaseError::Busy(_) | LeaseError::Full(_))) => return Err(LookError::Crowded(crowded)),
                Err(LeaseError::Media(error) | LeaseError::BackingOff { because: error, .. }) => {
                    let mut seen = Seen::nothing();
                    seen.lost(&error);
                    let matters = scene.due(look, &self.config.matters, self.clock.now());
                    done(self.conclude(&part_of(look, part), scene, &matters, &seen, None, self.begin())?);
                    return Ok(());
                }
            }
        };
        while !stop.load(Ordering::Relaxed) {
            let (began, decoded_before) = (self.begin(), lease.facts().decode_time);
            let Aims { matters, followed, looking } = self.aims(look, &slot)?;
            tracker.trust(trails::leavers(&followed).cloned().collect());
            let period = matters.values().map(|matter| matter.revisit).min().unwrap_or(PART_MAX).min(PART_MAX);
            let part_ends = self.clock.now().plus(period);
            let mut seen = Seen::nothing();
            let mut latest: Option<(Frame, Vec<Detection>)> = None;
            let (mut judged, mut lost, mut thinned, mut waits_since) = (0_u32, false, false, Instant::now());
            while self.clock.now() < part_ends && !stop.load(Ordering::Relaxed) && !lost {
                let is_thinned = self.thinned.load(Ordering::Relaxed);
                thinned |= is_thinned;
                let decode = if is_thinned { DecodeMode::KeyFrames } else { look.decode };
                let (not_before, until) = (after(taken, self.clock.now()), Instant::now() + WAIT_STEP);
                let frame = lease.frame(&Want { decode, not_before, until });
                if matches!(frame, Err(MediaError::Timeout(..))) && waits_since.elapsed() < look.time_max {
                    continue;
                }
                waits_since = Instant::now();
                match frame {
                    Ok(frame) => match self.detect(&frame, &looking, Lane::Watch) {
                        Ok(detections) => {
                            judged += 1;
                            taken = Some(frame.meta.arrived);
                            let tracks = tracker.update(frame.meta.pts, &detections);
                            if let Err(error) = self.read_plates(&matters, &frame, &tracks, &mut votes) {
                                seen.unjudged(&error);
                            }
                            ways.follow(&followed, &frame, &tracks, |track| votes.of(track, &matters));
                            let steady = tracks.iter().filter(|track| track.confirmed);
                            latest = Some((frame, votes.detections(steady, &matters)));
                        }
                        Err(error) => seen.unjudged(&error),
                    },
                    Err(error) => {
                        seen.lost(&error);
                        lost = true;
                    }
                }
            }
            self.count_decoding(&lease, decoded_before);
            if thinned {
                emit(Signal::PartThinned { view: look.view });
            }
            if seen.is_empty() && latest.is_none() && stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let mut guard = lock(&slot);
            let scene = self.scenes.refresh(look.view, &mut guard)?;
            let recorded = (|| {
                let mut matters = matters;
                if let Some((frame, detections)) = latest {
                    seen.drove = ways.drove();
                    self.take_in_part((frame, detections), look, scene, &looking, &mut matters, &mut seen)?;
                    seen.frames = judged;
                }
                self.conclude(&part_of(look, part), scene, &matters, &seen, Some(&mut lease), began)
            })();
            match recorded {
                Ok(recorded) => done(recorded),
                Err(error) => {
                    *guard = None;
                    return Err(error);
                }
            }
            if lost {
                return Ok(());
            }
            part += 1;
        }
        Ok(())
    }

    /// What the next part of a watch looks for.
    fn aims(&self, look: &Look, slot: &Mutex<Option<Scene>>) -> Result<Aims, LookError> {
        let mut guard = lock(slot);
        let scene = self.scenes.refresh(look.view, &mut guard)?;
        let matters = scene.due(look, &self.config.matters, self.clock.now());
        let followed = trails::followed(look, scene, &self.config.matters);
        let looking = matters.iter().chain(&followed).map(|(key, matter)| (key.clone(), matter.clone())).collect();
        Ok(Aims { matters, followed, looking })
    }

    /// Hops 3 to 5 for the last frame of a part, for what is watched and what is judged seldom; `matters` has both then.
    /// The models of `looking` have looked at it.
    fn take_in_part(
        &self,
        (frame, mut detections): (Frame, Vec<Detection>),
        look: &Look,
        scene: &mut Scene,
        looking: &BTreeMap<MatterKey, Matter>,
        matters: &mut BTreeMap<MatterKey, Matter>,
        seen: &mut Seen,
    ) -> Result<(), LookError> {
        let asked_at = self.clock.now();
        let beside = self.look_beside(look, scene, looking, &frame, &mut detections);
        matters.extend(beside.clone());
        self.take_in(frame, Some(detections), look, scene, matters, seen)?;
        *matters = newness::judged(std::mem::take(matters), seen.last.as_ref());
        if seen.last.is_some() {
            scene.have_judged(&newness::judged(beside, seen.last.as_ref()), asked_at);
        }
        Ok(())
    }

    /// Matters that are judged seldom, on the last frame of a part: adds what their models see, but for models that the
    /// watch asks anyway, and tells which they are. Their model may take a second, and frames go by meanwhile; one that
    /// cannot look is asked in the next part.
    fn look_beside(
        &self,
        look: &Look,
        scene: &Scene,
        watched: &BTreeMap<MatterKey, Matter>,
        frame: &Frame,
        detections: &mut Vec<Detection>,
    ) -> BTreeMap<MatterKey, Matter> {
        let beside = scene.due_beside(look, &self.config.matters, self.clock.now());
        let models = models_of(&beside).difference(&models_of(watched)).copied().collect();
        match self.detect_by(&models, frame, Lane::Visit) {
            Ok(found) => {
                detections.extend(found);
                beside
            }
            Err(error) => {
                tracing::warn!(view = %look.view, %error, "what is judged seldom waits for the next part of the watch");
                BTreeMap::new()
            }
        }
    }
}

/// What a part of a watch looks for.
struct Aims {
    /// What is judged in every part.
    matters: BTreeMap<MatterKey, Matter>,
    /// What asks who drives by.
    followed: BTreeMap<MatterKey, Matter>,
    /// Both: their models look at each frame.
    looking: BTreeMap<MatterKey, Matter>,
}

/// Waiting for a frame looks up so often, to see whether the look should end.
const WAIT_STEP: Duration = Duration::from_millis(500);
/// A part of a continuous look is recorded at least this often.
const PART_MAX: Duration = Duration::from_secs(10);

/// What came after the latest frame that was taken, though it came with it or while it was judged, unless the clock was set
/// back since.
fn after(taken: Option<WallTime>, now: WallTime) -> WallTime {
    taken.map_or(now, |at| now.min(at))
}

/// A part has an id of its own, so that each is recorded once.
fn part_of(look: &Look, part: u64) -> Look {
    Look { id: LookId::derived(&[b"part", look.id.as_bytes(), &part.to_be_bytes()]), ..look.clone() }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
