//! Who drove over the ground of a view, for matters that ask what was left behind: tracks of a watch, boxes of a visit. What they
//! drove over is laid onto the reference picture with the next frame that is registered, and dropped where that one is not.

use std::{collections::BTreeMap, sync::Arc};

use super::scenes::Scene;
use crate::{
    analysis::{
        newness::NewnessMap,
        tracker::{LOST_MAX, Track},
        trail::{Found, Trails, Vehicle, Way},
    },
    domain::{
        BBox, Detection, Frame, FrameSpace, Homography, Look, Matter, MatterKey, Part, PlateNumber, Pts, ReadText,
        Score, TrackId, WallTime,
    },
};

/// A vehicle's boxes in frames that stand as the one after them does.
#[derive(Clone, Debug)]
pub(super) struct Drove {
    track: TrackId,
    class: Arc<str>,
    /// The best of its boxes.
    score: Score,
    plate: Option<PlateNumber>,
    /// Width and height of the frames.
    size: [u32; 2],
    steps: Vec<(WallTime, BBox<FrameSpace>)>,
}

/// The trails of a view, by the matters that ask for them.
#[derive(Debug, Default)]
pub(super) struct Driven {
    /// The version of the reference picture that they lie on.
    on: u32,
    trails: BTreeMap<MatterKey, Trails>,
}

impl Driven {
    pub(super) fn by_matter(&self) -> &BTreeMap<MatterKey, Trails> {
        &self.trails
    }
}

/// The matters of a look that ask who drove by.
pub(super) fn followed(look: &Look, scene: &Scene, all: &BTreeMap<MatterKey, Matter>) -> BTreeMap<MatterKey, Matter> {
    let mut matters = scene.matters(&look.matters, all);
    matters.retain(|_, matter| matter.trail.is_some());
    matters
}

/// Who the matters ask for.
pub(super) fn leavers(followed: &BTreeMap<MatterKey, Matter>) -> impl Iterator<Item = &Part> {
    followed.values().filter_map(|matter| matter.trail.as_ref()).map(|trail| &trail.part)
}

/// Vehicles of a visit: each box is a vehicle of its own.
pub(super) fn in_frame(frame: &Frame, detections: &[Detection]) -> Vec<Drove> {
    let size = [frame.picture.width(), frame.picture.height()];
    let one = |(number, seen): (usize, &Detection)| Drove {
        track: TrackId(number as u64),
        class: seen.class.clone(),
        score: seen.score,
        plate: None,
        size,
        steps: vec![(frame.meta.judged_at(), seen.bbox)],
    };
    detections.iter().enumerate().map(one).collect()
}

/// Tracks of a watch whose ways were not handed over yet.
#[derive(Debug, Default)]
pub(super) struct Ways(BTreeMap<TrackId, Following>);

#[derive(Debug)]
struct Following {
    drove: Drove,
    last: Pts,
    confirmed: bool,
    /// Its first step was handed over before.
    handed: bool,
}

impl Ways {
    /// Takes in the tracks of a frame that one of the matters asks for; `plate` is asked for their numbers.
    pub(super) fn follow(
        &mut self,
        followed: &BTreeMap<MatterKey, Matter>,
        frame: &Frame,
        tracks: &[Track],
        plate: impl Fn(&Track) -> Option<PlateNumber>,
    ) {
        let (now, size) = (frame.meta.pts, [frame.picture.width(), frame.picture.height()]);
        self.0.retain(|_, one| one.confirmed || (now >= one.last && now.since(one.last) <= LOST_MAX));
        for track in tracks {
            let is_asked = || leavers(followed).any(|part| part.is_of(&track.class));
            if !self.0.contains_key(&track.id) && !is_asked() {
                continue;
            }
            let one = self.0.entry(track.id).or_insert_with(|| {
                let (class, score) = (track.class.clone(), track.score);
                let drove = Drove { track: track.id, class, score, plate: None, size, steps: Vec::new() };
                Following { drove, last: now, confirmed: false, handed: false }
            });
            (one.last, one.confirmed) = (now, track.confirmed);
            one.drove.class = track.class.clone();
            one.drove.score = one.drove.score.max(track.score);
            one.drove.plate = plate(track).or(one.drove.plate.take());
            one.drove.steps.push((frame.meta.judged_at(), track.bbox));
        }
    }

    /// Hands over what confirmed tracks drove since the last time. The latest step of each stays: the next one begins there.
    pub(super) fn drove(&mut self) -> Vec<Drove> {
        let mut handed = Vec::new();
        for one in self.0.values_mut().filter(|one| one.confirmed && (!one.handed || one.drove.steps.len() > 1)) {
            handed.push(one.drove.clone());
            one.handed = true;
            one.drove.steps.drain(..one.drove.steps.len().saturating_sub(1));
        }
        let now = self.0.values().map(|one| one.last).max();
        self.0.retain(|_, one| now.is_some_and(|now| now.since(one.last) <= LOST_MAX));
        handed
    }
}

impl Scene {
    /// Lays onto the reference picture what was driven over.
    pub(super) fn lay_trails(
        &mut self,
        look: &Look,
        all: &BTreeMap<MatterKey, Matter>,
        homography: &Homography,
        drove: &[Drove],
    ) {
        for (key, matter) in followed(look, self, all) {
            let Some(asked) = &matter.trail else { continue };
            let is_asked = |one: &&Drove| one.score >= asked.part.score_min && asked.part.is_of(&one.class);
            for one in drove.iter().filter(is_asked) {
                let [width, height] = one.size;
                let step =
                    |(at, bbox): &(WallTime, BBox<FrameSpace>)| (*at, homography.to_reference(bbox, width, height));
                let way = Way {
                    vehicle: Vehicle { look: look.id, track: one.track },
                    plate: one.plate.as_ref().map(|number| ReadText::new(number.reveal())),
                    steps: one.steps.iter().map(step).collect(),
                };
                self.trails_of(&key).lay(&way, asked.within);
            }
        }
    }

    /// Notes which ground the comparison found clear, for matters that ask for trails.
    pub(super) fn note_ground(
        &mut self,
        matters: &BTreeMap<MatterKey, Matter>,
        map: &NewnessMap,
        (frame, homography): (&Frame, &Homography),
    ) {
        let (width, height) = (frame.picture.width(), frame.picture.height());
        for matter in matters.values().filter(|matter| matter.trail.is_some()) {
            let Some(asked) = &matter.newness else { continue };
            let said = map.asked(asked);
            let grown = |ground: &BBox<_>, by: f32| homography.to_frame(&ground.grown(by), width, height);
            let found = |ground: &BBox<_>| {
                if said.in_box(&grown(ground, GROUND_GROWN))? >= asked.from {
                    return Some(Found::New);
                }
                let highest = said.highest_in_box(&grown(ground, DOUBT_GROWN))?;
                Some(if highest < asked.from * DOUBT_SHARE { Found::Clear } else { Found::Doubtful })
            };
            self.trails_of(&matter.key).compared(frame.meta.judged_at(), found);
        }
    }

    /// A new reference picture begins anew: what was clear on the old one says nothing about it.
    fn trails_of(&mut self, key: &MatterKey) -> &mut Trails {
        let version = self.view.reference.as_ref().map_or(0, |reference| reference.version);
        if self.trails.on != version {
            self.trails = Driven { on: version, trails: BTreeMap::new() };
        }
        self.trails.trails.entry(key.clone()).or_default()
    }
}

/// A piece of ground is judged with half of its neighbours: it is smaller than a patch of an encoder.
const GROUND_GROWN: f32 = 0.5;
/// It is clear only where nothing is new on it and right beside it: the edge of what lies there is new in one comparison and not in
/// the next.
const DOUBT_GROWN: f32 = 1.0;
/// Nor in any one of the latest comparisons, by this share of what is asked for: what came shortly before a lorry is not new in most of
/// them yet.
const DOUBT_SHARE: f32 = 0.5;

#[cfg(test)]
#[path = "trails_tests.rs"]
mod tests;
