//! What comparisons say of each patch: by the cosine, and by a head for each of its classes.

use std::{collections::VecDeque, sync::Arc};

use super::{grid::PatchGrid, raster::Raster};
use crate::domain::{BBox, FrameSpace, NewnessHead};

/// A patch of which at least this share lies in a box shows what is there.
const IN_BOX_MIN: f32 = 0.2;

/// How likely each patch of a frame shows something new of each class, as a head says.
#[derive(Clone, Debug, PartialEq)]
pub struct Likelihoods {
    pub(super) classes: Vec<Arc<str>>,
    /// By classes; each by rows.
    pub(super) layers: Vec<Vec<f32>>,
}

impl Likelihoods {
    /// `numbers` has a layer of `patches` likelihoods for each class.
    ///
    /// `None` where that does not divide, or a number is no likelihood.
    pub fn new(classes: Vec<Arc<str>>, patches: usize, numbers: &[f32]) -> Option<Self> {
        let is_whole = patches > 0 && numbers.len() == patches * classes.len();
        if !is_whole || !numbers.iter().all(|number| (0.0..=1.0).contains(number)) {
            return None;
        }
        Some(Self { classes, layers: numbers.chunks(patches).map(<[f32]>::to_vec).collect() })
    }

    /// How likely something that a head is asked for is new at a box of the frame that `frame` are the patches of: the highest
    /// of the patches of which [`IN_BOX_MIN`] lies in the box, and of the one in its middle; in each that of the likeliest of the
    /// classes, times that it shows none of who and what passes. `None` for a box outside of the frame.
    pub fn highest(&self, frame: &PatchGrid, bbox: &BBox<FrameSpace>, asked: &NewnessHead) -> Option<f32> {
        let (raster, middle) = (&frame.raster, bbox.centre());
        let likeliest = |classes: &[Arc<str>], at: usize| {
            let of = self.classes.iter().zip(&self.layers).filter(|(class, _)| classes.contains(class));
            of.filter_map(|(_, layer)| layer.get(at).copied()).reduce(f32::max)
        };
        let is_in_box = |at: &usize| {
            let patch = raster.patch(*at);
            let holds_middle =
                patch.x0() <= middle.x && middle.x < patch.x1() && patch.y0() <= middle.y && middle.y < patch.y1();
            holds_middle || patch.covered_by(bbox) >= IN_BOX_MIN
        };
        let of_patch =
            |at: usize| Some(likeliest(&asked.classes, at)? * (1.0 - likeliest(&asked.passes, at).unwrap_or(0.0)));
        raster.touching(bbox).filter(is_in_box).filter_map(of_patch).reduce(f32::max)
    }

    /// The likelihoods of each class, by rows, in the order of the head's classes.
    pub fn layers(&self) -> impl Iterator<Item = &[f32]> {
        self.layers.iter().map(Vec::as_slice)
    }
}

/// The layer of the cosine; behind it are those of the head's classes, where one was asked.
pub(super) const COSINE: usize = 0;

/// What one comparison says, by patches.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    /// Whether the cosine can say anything: nobody passes there, now or in the reference picture, and that shows the spot.
    pub(super) known: Vec<bool>,
    /// Whether the reference picture shows the spot: a head knows by itself who passes.
    pub(super) shown: Vec<bool>,
    pub(super) layers: Vec<Vec<f32>>,
}

impl Said {
    pub(super) fn of(&self, layer: usize, at: usize) -> Option<f32> {
        let can_say = if layer == COSINE { &self.known } else { &self.shown };
        self.layers.get(layer).filter(|_| can_say[at]).map(|layer| layer[at])
    }

    /// The same on the patches of another picture: `spots` says for each which patch of this one lies there.
    pub(super) fn at(&self, spots: &[Option<usize>]) -> Self {
        let flags = |flags: &[bool]| spots.iter().map(|spot| spot.is_some_and(|at| flags[at])).collect();
        let layer = |layer: &Vec<f32>| spots.iter().map(|spot| spot.map_or(0.0, |at| layer[at])).collect();
        Self { known: flags(&self.known), shown: flags(&self.shown), layers: self.layers.iter().map(layer).collect() }
    }

    /// The same by the patches of the reference picture: `spots` says for each patch of this frame which it is.
    pub(super) fn on(&self, reference: &Raster, spots: &[Option<usize>]) -> Self {
        let mut back = vec![None; reference.len()];
        for (at, spot) in spots.iter().enumerate() {
            if let Some(spot) = spot {
                back[*spot] = Some(at);
            }
        }
        self.at(&back)
    }
}

/// The latest comparisons of a view, by patches of its reference picture.
#[derive(Debug, Default)]
pub struct Recent {
    rounds: VecDeque<Said>,
}

/// So many comparisons are remembered.
const ROUNDS_MAX: usize = 3;
/// Nothing is said of a patch that fewer of them could say something about.
pub(super) const ROUNDS_MIN: usize = 2;

impl Recent {
    /// Remembers a comparison and forgets the oldest.
    pub(super) fn remember(&mut self, said: Said) -> impl Iterator<Item = &Said> {
        self.rounds.push_back(said);
        if self.rounds.len() > ROUNDS_MAX {
            self.rounds.pop_front();
        }
        self.rounds.iter()
    }
}
