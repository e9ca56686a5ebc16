//! Follows moving objects through the frames of a continuous look (ByteTrack family: Zhang et al., "ByteTrack:
//! Multi-Object Tracking by Associating Every Detection Box", ECCV 2022; here with an alpha-beta filter and with
//! time instead of frame counts). Never used for what stands still: that is remembered as a place.

mod assignment;
mod motion;

use std::{sync::Arc, time::Duration};

use self::{assignment::assign, motion::Motion};
use crate::domain::{BBox, Detection, FrameSpace, Part, Pts, Score, TrackId};

/// Detections from this score on may begin a track and are associated first.
pub const HIGH_SCORE_MIN: f32 = 0.5;
/// Weaker detections from this score on may carry a track on; below it they are noise.
pub const LOW_SCORE_MIN: f32 = 0.1;
/// Least IoU of a predicted box with a strong detection.
pub const HIGH_IOU_MIN: f32 = 0.2;
/// Least IoU of a predicted box with a weak detection: weak boxes are loose, and a wrong one would steal the track.
pub const LOW_IOU_MIN: f32 = 0.4;
/// The IoU with a detection of another class counts this much: models waver between car and truck, not often
/// between person and car.
pub const OTHER_CLASS_FACTOR: f32 = 0.6;
/// A track is confirmed with so many detections; one or two may be a flicker.
pub const CONFIRM_HITS: u32 = 3;
/// A confirmed track that is not seen for longer is removed.
pub const LOST_MAX: Duration = Duration::from_secs(2);
/// A track that is not confirmed and not seen for longer is removed.
pub const TENTATIVE_LOST_MAX: Duration = Duration::from_millis(600);
/// At most so many tracks live; the longest unseen go first. Far above any street, far below what would be slow.
pub const TRACKS_MAX: usize = 256;

/// One moving object over frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Number, unique in the look; never used again.
    pub id: TrackId,
    /// The class that gathered the largest sum of scores.
    pub class: Arc<str>,
    /// Where it is now: the filtered box, in pixels of the frame.
    pub bbox: BBox<FrameSpace>,
    /// Score of the latest detection.
    pub score: Score,
    /// First detection.
    pub first: Pts,
    /// Latest detection.
    pub last: Pts,
    /// Detections so far.
    pub hits: u32,
    /// Whether it was detected often enough to be believed; stays true.
    pub confirmed: bool,
}

/// The tracks of one continuous look.
#[derive(Debug, Default)]
pub struct Tracker {
    tracks: Vec<Followed>,
    next_id: u64,
    now: Option<Pts>,
    trusted: Vec<Part>,
}

/// A track with what is needed to go on.
#[derive(Debug)]
struct Followed {
    track: Track,
    motion: Motion,
    votes: Vec<(Arc<str>, f32)>,
}

impl Tracker {
    /// A tracker without tracks.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on these begin tracks as well, from their own least scores on: somebody looks for them.
    pub fn trust(&mut self, trusted: Vec<Part>) {
        self.trusted = trusted;
    }

    /// Takes the detections of the frame at `pts` and returns the tracks that were seen in it, by id.
    ///
    /// Media time that runs backwards means a new session: all tracks end, and numbers go on.
    pub fn update(&mut self, pts: Pts, detections: &[Detection]) -> Vec<Track> {
        if self.now.is_some_and(|now| pts < now) {
            self.tracks.clear();
        }
        self.now = Some(pts);
        self.remove_lost(pts);
        for followed in &mut self.tracks {
            followed.motion.predict(pts);
        }
        let usable = |d: &&Detection| d.bbox.area() > 0.0;
        let (strong, weak): (Vec<_>, Vec<_>) = detections
            .iter()
            .filter(usable)
            .filter(|d| d.score.value() >= LOW_SCORE_MIN)
            .partition(|d| d.score.value() >= HIGH_SCORE_MIN || self.trusted.iter().any(|part| part.counts(d)));

        let all: Vec<usize> = (0..self.tracks.len()).collect();
        let (waiting, unclaimed) = self.associate(pts, &all, &strong, HIGH_IOU_MIN);
        // Only what was seen in the frame before can be carried on by a weak box: a long-lost track would drift onto clutter.
        let fresh: Vec<usize> =
            waiting.into_iter().filter(|&i| pts.since(self.tracks[i].track.last) <= TENTATIVE_LOST_MAX).collect();
        self.associate(pts, &fresh, &weak, LOW_IOU_MIN);
        for index in unclaimed {
            self.begin(pts, strong[index]);
        }
        self.forget_beyond_limit();
        let mut seen: Vec<Track> =
            self.tracks.iter().filter(|f| f.track.last == pts).map(|f| f.track.clone()).collect();
        seen.sort_by_key(|track| track.id);
        seen
    }

    /// Gives `candidates` (indices of tracks) their best detections; returns the tracks and the detections left over.
    fn associate(
        &mut self,
        pts: Pts,
        candidates: &[usize],
        detections: &[&Detection],
        iou_min: f32,
    ) -> (Vec<usize>, Vec<usize>) {
        let gain = |row: usize, column: usize| {
            let (followed, detection) = (&self.tracks[candidates[row]], detections[column]);
            let factor = if followed.track.class == detection.class { 1.0 } else { OTHER_CLASS_FACTOR };
            let overlap = followed.motion.bbox().iou(&detection.bbox) * factor;
            if overlap >= iou_min { overlap } else { 0.0 }
        };
        let pairs = assign(candidates.len(), detections.len(), gain);
        let (mut free_tracks, mut free_detections) = (vec![true; candidates.len()], vec![true; detections.len()]);
        for (row, column) in pairs {
            (free_tracks[row], free_detections[column]) = (false, false);
            self.tracks[candidates[row]].take(pts, detections[column]);
        }
        let left = |free: Vec<bool>| free.into_iter().enumerate().filter_map(|(i, free)| free.then_some(i));
        (left(free_tracks).map(|row| candidates[row]).collect(), left(free_detections).collect())
    }

    fn begin(&mut self, pts: Pts, detection: &Detection) {
        let id = TrackId(self.next_id);
        self.next_id += 1;
        let track = Track {
            id,
            class: detection.class.clone(),
            bbox: detection.bbox,
            score: detection.score,
            first: pts,
            last: pts,
            hits: 1,
            confirmed: false,
        };
        let votes = vec![(detection.class.clone(), detection.score.value())];
        self.tracks.push(Followed { track, motion: Motion::new(pts, &detection.bbox), votes });
    }

    fn remove_lost(&mut self, pts: Pts) {
        self.tracks.retain(|f| {
            let unseen = pts.since(f.track.last);
            unseen <= if f.track.confirmed { LOST_MAX } else { TENTATIVE_LOST_MAX }
        });
    }

    fn forget_beyond_limit(&mut self) {
        if self.tracks.len() > TRACKS_MAX {
            self.tracks.sort_by_key(|f| std::cmp::Reverse((f.track.last, f.track.confirmed, f.track.score)));
            self.tracks.truncate(TRACKS_MAX);
        }
    }
}

impl Followed {
    fn take(&mut self, pts: Pts, detection: &Detection) {
        self.motion.correct(&detection.bbox);
        match self.votes.iter_mut().find(|(class, _)| *class == detection.class) {
            Some((_, sum)) => *sum += detection.score.value(),
            None => self.votes.push((detection.class.clone(), detection.score.value())),
        }
        if let Some((class, _)) = self.votes.iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
            self.track.class = class.clone();
        }
        self.track.bbox = self.motion.bbox();
        self.track.score = detection.score;
        self.track.last = pts;
        self.track.hits = self.track.hits.saturating_add(1);
        self.track.confirmed |= self.track.hits >= CONFIRM_HITS;
    }
}

#[cfg(test)]
mod tests;
