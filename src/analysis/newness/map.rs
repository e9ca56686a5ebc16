//! A frame beside the reference picture, patch by patch, for all matters of a look.

use std::sync::Arc;

use super::{
    Asked, Likelihoods, PatchGrid, Recent,
    grid::likeness,
    passes,
    raster::Raster,
    said::{COSINE, ROUNDS_MIN, Said},
    taken,
};
use crate::{
    analysis::verify::Square,
    domain::{BBox, Detection, FrameSpace, Homography, Newness, ReferenceSpace},
};

/// The comparing model names nothing below this score.
const KNOWN_SCORE_MIN: f32 = 0.3;
/// At most so many squares of a frame are looked at closely.
const SQUARES_MAX: usize = 6;
/// The least side of such a square, in shares of the picture's shorter side: a person in it is large enough for a detector.
pub const CLOSE_SHARE: f32 = 0.5;
/// Of the squares that the reference picture is looked at in, so much lies in the next one too.
pub const CLOSE_OVERLAP: f32 = 1.0 / 3.0;
/// A thing of which so much lies in a square already, with some room around it, needs none of its own.
const IN_SQUARE_MIN: f32 = 0.95;
/// That room, in shares of the thing's sides.
const ROOM: f32 = 0.5;

/// What is said of how new each patch of a frame is; what of that is new depends on what a matter asks.
#[derive(Clone, Debug, PartialEq)]
pub struct NewnessMap {
    pub(super) raster: Raster,
    /// The head's classes, where one was asked.
    pub(super) classes: Vec<Arc<str>>,
    /// What this comparison says, or the latest ones on the patches of this frame.
    pub(super) rounds: Vec<Said>,
    /// Nothing is said of a patch that fewer of them could say something about.
    pub(super) rounds_min: usize,
    /// Who passes.
    pub(super) passing: Vec<BBox<FrameSpace>>,
    /// What has a name and is none of the matter.
    pub(super) known: Vec<BBox<FrameSpace>>,
    /// Who stood there when the reference picture was taken.
    pub(super) stood: Vec<BBox<FrameSpace>>,
    /// What was seen on a closer look.
    pub(super) closer: Vec<Detection>,
}

impl NewnessMap {
    /// Compares a frame with the reference picture. `passing` are the boxes of who passes in the frame, `passed` of who did
    /// when the reference picture was taken. A patch is as new as the likest of the nine around its spot lets it be: a
    /// shaking camera makes nothing new. `None` where the two are of unlike encoders.
    pub fn of(
        now: &PatchGrid,
        passing: &[BBox<FrameSpace>],
        before: &PatchGrid,
        passed: &[BBox<ReferenceSpace>],
        homography: &Homography,
    ) -> Option<Self> {
        if now.length() != before.length() {
            return None;
        }
        let (raster, picture) = (&now.raster, before.raster.picture);
        let stood = passed.iter().map(|bbox| homography.to_frame(bbox, raster.picture[0], raster.picture[1])).collect();
        let passed: Vec<_> =
            passed.iter().map(|bbox| Homography::IDENTITY.to_frame(bbox, picture[0], picture[1])).collect();
        let newness = |at: usize| {
            if taken(&raster.patch(at), passing) {
                return None;
            }
            let spot = raster.spot(at, &before.raster, homography)?;
            if taken(&before.raster.patch(spot), &passed) {
                return None;
            }
            let likest = before.raster.nine(spot).map(|other| likeness(now.look(at), before.look(other)));
            Some(1.0 - likest.fold(-1.0_f32, f32::max))
        };
        let patches: Vec<Option<f32>> = (0..raster.len()).map(newness).collect();
        let mut known: Vec<f32> = patches.iter().flatten().copied().collect();
        known.sort_by(f32::total_cmp);
        let middle = known.get(known.len() / 2).copied().unwrap_or(0.0);
        let said = Said {
            known: patches.iter().map(Option::is_some).collect(),
            shown: (0..raster.len()).map(|at| raster.spot(at, &before.raster, homography).is_some()).collect(),
            layers: vec![patches.iter().map(|newness| newness.map_or(0.0, |newness| newness - middle)).collect()],
        };
        Some(Self {
            raster: raster.clone(),
            classes: Vec::new(),
            rounds: vec![said],
            rounds_min: 1,
            passing: passing.to_vec(),
            known: Vec::new(),
            stood,
            closer: Vec::new(),
        })
    }

    /// Takes in what a head says of the two pictures; to be done before the map is steadied. `None` where it speaks of another
    /// number of patches.
    pub fn with_head(mut self, said: Likelihoods) -> Option<Self> {
        if said.layers.iter().any(|layer| layer.len() != self.raster.len()) {
            return None;
        }
        self.classes = said.classes;
        for round in &mut self.rounds {
            round.layers.truncate(COSINE + 1);
            round.layers.extend_from_slice(&said.layers);
        }
        Some(self)
    }

    /// Takes in what the comparing model itself has a name for, of the classes that are none of the matter: it is no thing
    /// without a name.
    pub fn knowing(mut self, seen: &[Detection], classes: &[Arc<str>]) -> Self {
        let is_known = |one: &&Detection| classes.contains(&one.class) && one.score.value() >= KNOWN_SCORE_MIN;
        self.known.extend(seen.iter().filter(is_known).map(|one| one.bbox));
        self
    }

    /// What is new for who asks like this.
    pub fn asked(&self, by: &Newness) -> Asked<'_> {
        Asked::new(self, by)
    }

    /// Where to look more closely: squares around what is new to one of those who ask and `is_wanted`, the newest first.
    pub fn squares(&self, by: &[&Newness], is_wanted: impl Fn(&BBox<FrameSpace>) -> bool) -> Vec<Square> {
        let mut things = Asked::all(self, by).iter().flat_map(Asked::things).collect::<Vec<_>>();
        things.retain(|thing| is_wanted(&thing.bbox));
        things.sort_by_key(|thing| std::cmp::Reverse(thing.score));
        let [width, height] = self.raster.picture;
        let mut squares: Vec<Square> = Vec::new();
        for thing in things {
            let bbox = thing.bbox.grown(ROOM).clipped(width as f32, height as f32);
            if squares.len() < SQUARES_MAX && !squares.iter().any(|one| bbox.covered_by(&one.bbox()) >= IN_SQUARE_MIN) {
                squares.extend(Square::around_at_least(
                    &thing.bbox,
                    width.min(height) as f32 * CLOSE_SHARE,
                    width,
                    height,
                ));
            }
        }
        squares
    }

    /// Takes in what a closer look saw; to be done before the map is steadied. The cosine says nothing any more where
    /// somebody or a vehicle is.
    pub fn look_closer(&mut self, seen: Vec<Detection>) {
        let passing: Vec<_> = seen.iter().filter(|one| passes(one)).map(|one| one.bbox).collect();
        for at in 0..self.raster.len() {
            if taken(&self.raster.patch(at), &passing) {
                self.rounds.iter_mut().for_each(|round| round.known[at] = false);
            }
        }
        self.passing.extend(passing);
        self.closer.extend(seen);
    }

    /// What is new in most of the latest comparisons, this one among them: what passes in one look is no thing, and what
    /// somebody stands before in one look still is. Says nothing after the first comparison.
    pub fn steadied(mut self, before: &PatchGrid, homography: &Homography, recent: &mut Recent) -> Self {
        let spots: Vec<Option<usize>> =
            (0..self.raster.len()).map(|at| self.raster.spot(at, &before.raster, homography)).collect();
        if let Some(said) = self.rounds.pop() {
            let rounds = recent.remember(said.on(&before.raster, &spots));
            self.rounds = rounds.map(|round| round.at(&spots)).collect();
        }
        self.rounds_min = ROUNDS_MIN;
        self
    }

    /// What was seen on a closer look, in pixels of the frame.
    pub fn closer(&self) -> &[Detection] {
        &self.closer
    }

    /// The middle one of what the rounds say of a patch, of two the lower.
    pub(super) fn middle(&self, layer: usize, passes: &[usize], at: usize) -> Option<f32> {
        let mut said: Vec<f32> = self.said(layer, passes, at).collect();
        said.sort_by(f32::total_cmp);
        (said.len() >= self.rounds_min).then(|| said[(said.len() - 1) / 2])
    }

    /// What each of the rounds says of a patch; those are left out in which one of the layers `passes` is likely there.
    pub(super) fn said(&self, layer: usize, passes: &[usize], at: usize) -> impl Iterator<Item = f32> {
        let is_passing = move |round: &Said| {
            passes.iter().any(|layer| round.of(*layer, at).is_some_and(|likelihood| likelihood >= PASSING_MIN))
        };
        self.rounds.iter().filter(move |round| !is_passing(round)).filter_map(move |round| round.of(layer, at))
    }
}

/// A patch that is so likely one of those who pass is theirs.
const PASSING_MIN: f32 = 0.5;
