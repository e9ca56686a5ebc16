//! A continuous look: the same hops without an end. Frames are judged as they come, a tracker steadies the
//! boxes, and once a revisit target the tracks are taken as one look's sightings.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use crate::{
    analysis::tracker::Tracker,
    domain::{DecodeMode, Detection, Frame, Look, LookId},
    infer::Lane,
    media::{MediaError, MediaSession, Want, sessions::LeaseError},
    telemetry::{Signal, emit},
};

use super::{
    newness,
    plates::PlateVotes,
    scenes::lock,
    spine::{LookDone, LookError, Seen, Spine},
};

impl Spine {
    /// Watches until `stop` is set, the stream is lost or an error occurs. `done` hears of each recorded part.
    ///
    /// # Errors
    /// [`LookError`], as for a look; what was recorded before stays.
    pub fn watch(&self, look: &Look, stop: &AtomicBool, mut done: impl FnMut(LookDone)) -> Result<(), LookError> {
        let slot = self.scenes.slot(look.view);
        let (mut tracker, mut votes) = (Tracker::new(), PlateVotes::default());
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
            let mut guard = lock(&slot);
            let scene = self.scenes.refresh(look.view, &mut guard)?;
            let matters = scene.due(look, &self.config.matters, self.clock.now());
            drop(guard);
            let period = matters.values().map(|matter| matter.revisit).min().unwrap_or(PART_MAX).min(PART_MAX);
            let part_ends = self.clock.now().plus(period);
            let mut seen = Seen::nothing();
            let mut latest: Option<(Frame, Vec<Detection>)> = None;
            let (mut judged, mut lost, mut thinned, mut waits_since) = (0_u32, false, false, Instant::now());
            while self.clock.now() < part_ends && !stop.load(Ordering::Relaxed) && !lost {
                let is_thinned = self.thinned.load(Ordering::Relaxed);
                thinned |= is_thinned;
                let decode = if is_thinned { DecodeMode::KeyFrames } else { look.decode };
                let want = Want { decode, not_before: self.clock.now(), until: Instant::now() + WAIT_STEP };
                let frame = lease.frame(&want);
                if matches!(frame, Err(MediaError::Timeout(..))) && waits_since.elapsed() < look.time_max {
                    continue;
                }
                waits_since = Instant::now();
                match frame {
                    Ok(frame) => match self.detect(&frame, &matters, Lane::Watch) {
                        Ok(detections) => {
                            judged += 1;
                            let tracks = tracker.update(frame.meta.pts, &detections);
                            if let Err(error) = self.read_plates(&matters, &frame, &tracks, &mut votes) {
                                seen.unjudged(&error);
                            }
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
                if let Some((frame, detections)) = latest {
                    self.take_in(frame, Some(detections), look, scene, &matters, &mut seen)?;
                    seen.frames = judged;
                }
                let matters = newness::judged(matters, seen.last.as_ref());
                if seen.last.is_some() {
                    scene.have_judged(&matters, began.0);
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
}

/// Waiting for a frame looks up so often, to see whether the look should end.
const WAIT_STEP: Duration = Duration::from_millis(500);
/// A part of a continuous look is recorded at least this often.
const PART_MAX: Duration = Duration::from_secs(10);

/// A part has an id of its own, so that each is recorded once.
fn part_of(look: &Look, part: u64) -> Look {
    Look { id: LookId::derived(&[b"part", look.id.as_bytes(), &part.to_be_bytes()]), ..look.clone() }
}
