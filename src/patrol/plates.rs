//! Plates over the frames of a continuous look: crops of tracked vehicles are read at full scale, each frame votes, and a
//! vehicle has a number once enough frames agree. Only for matters that ask for plates, and never for other vehicles.

use std::collections::BTreeMap;

use super::spine::Spine;
use crate::{
    analysis::{
        plate::{FrameReading, voted},
        tracker::{LOST_MAX, Track},
    },
    domain::{BBox, Detection, Frame, FrameSpace, Matter, MatterKey, PlateNumber, PlateReading, Pts, TrackId},
    infer::InferError,
};

/// Vehicles of a frame that are read, the largest: nearer plates are sharper.
const READ_A_FRAME: usize = 2;
/// Readings that are kept of one vehicle, the latest: more agree no better.
const READINGS_MAX: usize = 15;
/// A box of a tracker lags a little: the crop is grown by this share.
const GROWN: f32 = 0.05;
/// Narrower vehicles show no plate that could be read.
const WIDTH_MIN_PX: f32 = 60.0;

/// What the plates of one look's vehicles said so far.
#[derive(Default)]
pub(super) struct PlateVotes(BTreeMap<TrackId, Votes>);

struct Votes {
    last: Pts,
    frames: Vec<FrameReading>,
}

impl PlateVotes {
    /// The number on which the frames of a track agree, by what the matter asks for.
    fn number(&self, track: TrackId, asked: &PlateReading) -> Option<PlateNumber> {
        let voted = voted(&self.0.get(&track)?.frames)?;
        let is_sure = voted.frames >= asked.frames_min as usize && voted.agreement >= asked.agreement_min;
        is_sure.then_some(voted.number)
    }

    /// The number of a track, by what the matters ask for.
    pub(super) fn of(&self, track: &Track, matters: &BTreeMap<MatterKey, Matter>) -> Option<PlateNumber> {
        asked_of(matters, &track.class).find_map(|asked| self.number(track.id, asked))
    }

    /// Tracks as detections; a vehicle that a matter asks for carries its number, where there is one.
    pub(super) fn detections<'a>(
        &self,
        tracks: impl Iterator<Item = &'a Track>,
        matters: &BTreeMap<MatterKey, Matter>,
    ) -> Vec<Detection> {
        let one = |track: &Track| Detection {
            class: track.class.clone(),
            score: track.score,
            bbox: track.bbox,
            text: self.of(track, matters).map(|number| number.reveal().into()),
        };
        tracks.map(one).collect()
    }
}

impl Spine {
    /// Reads the plates of the frame's largest vehicles that a matter asks for.
    ///
    /// # Errors
    /// [`InferError`]; what was read before stays.
    pub(super) fn read_plates(
        &self,
        matters: &BTreeMap<MatterKey, Matter>,
        frame: &Frame,
        tracks: &[Track],
        votes: &mut PlateVotes,
    ) -> Result<(), InferError> {
        let (width, height) = (frame.picture.width() as f32, frame.picture.height() as f32);
        let now = frame.meta.pts;
        votes.0.retain(|_, votes| now >= votes.last && now.since(votes.last) <= LOST_MAX);
        let mut wanted: Vec<(&Track, &PlateReading)> = tracks
            .iter()
            .filter(|track| track.confirmed && track.bbox.width() >= WIDTH_MIN_PX)
            .filter_map(|track| Some((track, asked_of(matters, &track.class).next()?)))
            .collect();
        wanted.sort_by(|a, b| b.0.bbox.area().total_cmp(&a.0.bbox.area()));
        for (track, asked) in wanted.into_iter().take(READ_A_FRAME) {
            let eye = self.plates.get(&asked.model).ok_or_else(|| {
                InferError::Model(asked.model.clone(), "it was not loaded; see `xunjie model list`".to_owned())
            })?;
            let part = track.bbox.grown(GROWN).clipped(width, height);
            let seen = eye.read(&frame.picture, &lower(&part, eye.side_max()))?;
            let Some(best) = seen.into_iter().next() else { continue };
            let of = votes.0.entry(track.id).or_insert_with(|| Votes { last: now, frames: Vec::new() });
            of.last = now;
            of.frames.push(best.reading);
            let over = of.frames.len().saturating_sub(READINGS_MAX);
            of.frames.drain(..over);
        }
        Ok(())
    }
}

/// What matters ask of the plates of a class of vehicles.
fn asked_of<'a>(matters: &'a BTreeMap<MatterKey, Matter>, class: &str) -> impl Iterator<Item = &'a PlateReading> {
    let anchors = |matter: &Matter| matter.composition.anchor.classes.iter().any(|anchor| *anchor == *class);
    matters.values().filter(move |matter| anchors(matter)).filter_map(|matter| matter.plate.as_ref())
}

/// The middle of the lowest part of a vehicle that the finder takes at full scale: plates hang low.
fn lower(part: &BBox<FrameSpace>, side_max: f32) -> BBox<FrameSpace> {
    // A box that begins within a pixel takes a pixel more once it is rounded outwards.
    let (width, height) = (part.width().min(side_max - 1.0), part.height().min(side_max - 1.0));
    let left = part.x0() + (part.width() - width) / 2.0;
    BBox::new(left, part.y1() - height, left + width, part.y1())
}

#[cfg(test)]
#[path = "plates_tests.rs"]
pub(super) mod tests;
