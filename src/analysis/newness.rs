//! What is new in a view: the patches of a frame beside those of the view's reference picture, in the space of an encoder.
//! Pure; knows no class: what stays, who stands with it and where it is forbidden are for the scene and the place book.
//!
//! Light changes every patch a little. So the newness of the middle patch of the frame is taken off that of all: what is left
//! is what changed here and not everywhere.

use std::collections::VecDeque;

use super::verify::Square;
use crate::domain::{BBox, Detection, FrameSpace, Homography, NEW_THING, ReferenceSpace, Score, VEHICLE_CLASSES};

/// How the patches of a picture look, in 8 bits: 0.45 MB for 46 x 26 patches of 384 numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchGrid {
    /// Width and height of the picture in pixels.
    picture: [u32; 2],
    columns: usize,
    rows: usize,
    /// Width and height of a patch in pixels of the picture.
    patch_px: [f32; 2],
    /// By rows; each patch has unit length times [`UNIT`].
    looks: Vec<i8>,
}

/// What 1 is in the bytes of a grid.
const UNIT: f32 = 127.0;

impl PatchGrid {
    /// A grid of a picture. `tokens` has `columns` x `rows` patches by rows, of equally many numbers each.
    ///
    /// `None` where that does not divide, or a number is none.
    pub fn new(
        picture: [u32; 2],
        [columns, rows]: [usize; 2],
        patch_px: [f32; 2],
        tokens: &[impl AsRef<[f32]>],
    ) -> Option<Self> {
        let length = tokens.first()?.as_ref().len();
        let is_whole = tokens.len() == columns * rows && tokens.iter().all(|token| token.as_ref().len() == length);
        if !is_whole || length == 0 {
            return None;
        }
        let mut looks = Vec::with_capacity(tokens.len() * length);
        for token in tokens {
            let token = token.as_ref();
            let norm = token.iter().map(|value| value * value).sum::<f32>().sqrt();
            if !norm.is_finite() {
                return None;
            }
            looks.extend(token.iter().map(|value| (value / norm.max(1e-6) * UNIT).round() as i8));
        }
        Some(Self { picture, columns, rows, patch_px, looks })
    }

    fn length(&self) -> usize {
        self.looks.len() / (self.columns * self.rows).max(1)
    }

    fn look(&self, column: usize, row: usize) -> &[i8] {
        let length = self.length();
        &self.looks[(row * self.columns + column) * length..][..length]
    }

    fn patch(&self, column: usize, row: usize) -> BBox<FrameSpace> {
        let [w, h] = self.patch_px;
        let (x, y) = (column as f32 * w, row as f32 * h);
        BBox::new(x, y, x + w, y + h)
    }

    /// The patch of a position given in fractions of the picture; `None` outside.
    fn at(&self, x: f64, y: f64) -> Option<[usize; 2]> {
        let index = |share: f64, side: u32, patch: f32, count: usize| {
            let at = share * f64::from(side) / f64::from(patch);
            (at >= 0.0 && at < count as f64).then_some(at as usize)
        };
        let [w, h] = self.picture;
        Some([index(x, w, self.patch_px[0], self.columns)?, index(y, h, self.patch_px[1], self.rows)?])
    }
}

/// Whether the patch shows one of those who pass.
fn taken(patch: &BBox<FrameSpace>, by: &[BBox<FrameSpace>]) -> bool {
    by.iter().any(|bbox| patch.covered_by(bbox) > PASSING_SHARE_MIN)
}

/// Whether the middle of the patch lies in the box.
fn holds(bbox: &BBox<FrameSpace>, patch: &BBox<FrameSpace>) -> bool {
    let centre = patch.centre();
    bbox.x0() <= centre.x && centre.x <= bbox.x1() && bbox.y0() <= centre.y && centre.y <= bbox.y1()
}

fn likeness(a: &[i8], b: &[i8]) -> f32 {
    let sum: i32 = a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
    sum as f32 / (UNIT * UNIT)
}

/// Who and what passes through a view: where one is seen, now or in the reference picture, nothing is said about newness.
pub fn passes(detection: &Detection) -> bool {
    const OTHERS: [&str; 4] = ["person", "bicycle", "dog", "cat"];
    let class = &*detection.class;
    detection.score.value() >= PASSING_SCORE_MIN && (OTHERS.contains(&class) || VEHICLE_CLASSES.contains(&class))
}

/// A detection below this score passes nowhere.
const PASSING_SCORE_MIN: f32 = 0.25;
/// A patch of which more than this lies in the box of who passes is theirs: an encoder's patch knows its neighbours.
const PASSING_SHARE_MIN: f32 = 0.25;
/// A thing has at least so many patches that hang together, two or more each way: a stripe is light or somebody's side.
const THING_PATCHES_MIN: usize = 4;
/// Of a thing of which at least this share of the patches lies in or right beside who passes, nothing else is known.
const BESIDE_SHARE_MIN: f32 = 0.4;
/// How far beside, in patches: newness wears off around people, too.
const BESIDE_PATCHES: f32 = 0.5;
/// The comparing model names nothing below this score.
const KNOWN_SCORE_MIN: f32 = 0.3;
/// A thing that overlaps what it names by more than this (IoU) is that,
const KNOWN_IOU_MIN: f32 = 0.3;
/// and so is one of which more than this lies in it.
const KNOWN_COVERED_MIN: f32 = 0.6;
/// What is new over more than this share of the view is no thing: the light, the snow, another view.
const THING_SHARE_MAX: f32 = 0.4;
/// Patches this much as new as the newest tenth of those they hang together with are the thing, the others its surroundings.
/// Of .5, .65 and .8 with `from` .2 to .35 the middle one gave the best boxes in six composed clips (training/compose_stalls.py).
const STRONG_SHARE: f32 = 0.65;
/// The outer patches of a thing show half of it in the mean.
const RIM_SHARE: f32 = 0.5;
/// Who passes where one stood in the reference picture, by this overlap (IoU), stood there before.
const STOOD_IOU: f32 = 0.5;
/// At most so many squares of a frame are looked at closely.
const SQUARES_MAX: usize = 6;
/// The least side of such a square, in shares of the picture's shorter side: a person in it is large enough for a detector.
pub const CLOSE_SHARE: f32 = 0.5;
/// A thing of which so much lies in a square already, with some room around it, needs none of its own.
const IN_SQUARE_MIN: f32 = 0.95;
/// That room, in shares of the thing's sides.
const ROOM: f32 = 0.5;
/// A named thing that is this much less new than a patch has to be was there before.
const NAMED_SHARE: f32 = 0.5;

/// The latest comparisons of a view, by patches of its reference picture.
#[derive(Debug, Default)]
pub struct Recent {
    rounds: VecDeque<Vec<Option<f32>>>,
}

/// So many comparisons are remembered.
const ROUNDS_MAX: usize = 3;
/// Nothing is said of a patch that fewer of them could say something about.
const ROUNDS_MIN: usize = 2;

impl Recent {
    /// The middle one of what the remembered comparisons say of a patch, of two the lower.
    fn middle(&self, at: usize) -> Option<f32> {
        let mut said: Vec<f32> = self.rounds.iter().filter_map(|round| round[at]).collect();
        said.sort_by(f32::total_cmp);
        (said.len() >= ROUNDS_MIN).then(|| said[(said.len() - 1) / 2])
    }
}

/// How new each patch of a frame is, 0 for the middle one.
#[derive(Clone, Debug, PartialEq)]
pub struct NewnessMap {
    columns: usize,
    rows: usize,
    patch_px: [f32; 2],
    /// Width and height of the frame in pixels.
    frame: [u32; 2],
    /// By rows; `None` where nothing can be said.
    patches: Vec<Option<f32>>,
    /// Who passes.
    passing: Vec<BBox<FrameSpace>>,
    /// What has a name and is none of the matter.
    known: Vec<BBox<FrameSpace>>,
    /// Who stood there when the reference picture was taken.
    stood: Vec<BBox<FrameSpace>>,
    /// What was seen on a closer look.
    closer: Vec<Detection>,
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
        let [w, h] = now.picture.map(f64::from);
        let stood = passed.iter().map(|bbox| homography.to_frame(bbox, now.picture[0], now.picture[1])).collect();
        let passed: Vec<_> = passed
            .iter()
            .map(|bbox| Homography::IDENTITY.to_frame(bbox, before.picture[0], before.picture[1]))
            .collect();
        let newness = |column: usize, row: usize| {
            let patch = now.patch(column, row);
            if taken(&patch, passing) {
                return None;
            }
            let centre = patch.centre();
            let (x, y) = homography.apply(f64::from(centre.x) / w, f64::from(centre.y) / h);
            let [across, down] = before.at(x, y)?;
            if taken(&before.patch(across, down), &passed) {
                return None;
            }
            let around = |at: usize, count: usize| at.saturating_sub(1)..=(at + 1).min(count - 1);
            let likest = around(down, before.rows)
                .flat_map(|row| around(across, before.columns).map(move |column| (column, row)))
                .map(|(column_before, row_before)| {
                    likeness(now.look(column, row), before.look(column_before, row_before))
                })
                .fold(-1.0_f32, f32::max);
            Some(1.0 - likest)
        };
        let mut patches: Vec<Option<f32>> =
            (0..now.rows * now.columns).map(|at| newness(at % now.columns, at / now.columns)).collect();
        let mut known: Vec<f32> = patches.iter().flatten().copied().collect();
        known.sort_by(f32::total_cmp);
        let middle = known.get(known.len() / 2).copied().unwrap_or(0.0);
        patches.iter_mut().flatten().for_each(|newness| *newness -= middle);
        let PatchGrid { columns, rows, patch_px, picture: frame, .. } = *now;
        Some(Self {
            columns,
            rows,
            patch_px,
            frame,
            patches,
            passing: passing.to_vec(),
            known: Vec::new(),
            stood,
            closer: Vec::new(),
        })
    }

    /// Takes in what the comparing model itself has a name for, of the classes that are none of the matter: it is no thing
    /// without a name.
    pub fn knowing(mut self, seen: &[Detection], classes: &[std::sync::Arc<str>]) -> Self {
        let is_known = |one: &&Detection| classes.contains(&one.class) && one.score.value() >= KNOWN_SCORE_MIN;
        self.known.extend(seen.iter().filter(is_known).map(|one| one.bbox));
        self
    }

    /// Where to look more closely: squares around what is new and `is_wanted`, the newest first.
    pub fn squares(&self, from: f32, is_wanted: impl Fn(&BBox<FrameSpace>) -> bool) -> Vec<Square> {
        let mut things = self.things(from);
        things.retain(|thing| is_wanted(&thing.bbox));
        things.sort_by_key(|thing| std::cmp::Reverse(thing.score));
        let [width, height] = self.frame;
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

    /// Takes in what a closer look saw. Nothing is said any more where somebody or a vehicle is.
    pub fn look_closer(&mut self, seen: Vec<Detection>) {
        let passing: Vec<_> = seen.iter().filter(|one| passes(one)).map(|one| one.bbox).collect();
        for at in 0..self.patches.len() {
            if taken(&self.patch(at), &passing) {
                self.patches[at] = None;
            }
        }
        self.passing.extend(passing);
        self.closer.extend(seen);
    }

    /// What is new in most of the latest comparisons, this one among them: what passes in one look is no thing, and what
    /// somebody stands before in one look still is. Says nothing after the first comparison.
    pub fn steadied(mut self, before: &PatchGrid, homography: &Homography, recent: &mut Recent) -> Self {
        let [w, h] = self.frame.map(f64::from);
        let spot = |at: usize| {
            let centre = self.patch(at).centre();
            let (x, y) = homography.apply(f64::from(centre.x) / w, f64::from(centre.y) / h);
            before.at(x, y).map(|[column, row]| row * before.columns + column)
        };
        let spots: Vec<Option<usize>> = (0..self.patches.len()).map(spot).collect();
        let mut round = vec![None; before.columns * before.rows];
        for (spot, newness) in spots.iter().zip(&self.patches) {
            if let Some(spot) = spot {
                round[*spot] = *newness;
            }
        }
        recent.rounds.push_back(round);
        if recent.rounds.len() > ROUNDS_MAX {
            recent.rounds.pop_front();
        }
        self.patches = spots.into_iter().map(|spot| recent.middle(spot?)).collect();
        self
    }

    /// What was seen on a closer look, in pixels of the frame.
    pub fn closer(&self) -> &[Detection] {
        &self.closer
    }

    /// The mean newness in a box of the frame; `None` where nothing can be said about any patch of it.
    pub fn in_box(&self, bbox: &BBox<FrameSpace>) -> Option<f32> {
        let inside = |(at, newness): (usize, &Option<f32>)| newness.filter(|_| holds(bbox, &self.patch(at)));
        let found: Vec<f32> = self.patches.iter().enumerate().filter_map(inside).collect();
        (!found.is_empty()).then(|| found.iter().sum::<f32>() / found.len() as f32)
    }

    /// What a matter that asks for newness `from` judges of what was seen, in the whole frame and closely: named things that
    /// were not there before, new things without a name, and who passes and did not stand there before.
    pub fn judged(&self, seen: &[Detection], from: f32) -> Vec<Detection> {
        let is_new = |one: &&Detection| match passes(one) {
            true => !self.stood.iter().any(|bbox| bbox.iou(&one.bbox) >= STOOD_IOU),
            false => self.in_box(&one.bbox).is_none_or(|newness| newness >= from * NAMED_SHARE),
        };
        seen.iter().chain(&self.closer).filter(is_new).cloned().chain(self.things(from)).collect()
    }

    /// Patches of newness `from` and above that hang together, as things of the class [`NEW_THING`]. Newness wears off around a
    /// thing over two patches and joins it with its neighbours: a thing is where it is strong. The score orders things and is
    /// no likelihood: one half at `from`.
    fn things(&self, from: f32) -> Vec<Detection> {
        let is_new = |at: &usize| self.patches[*at].is_some_and(|newness| newness >= from);
        let new: Vec<usize> = (0..self.patches.len()).filter(is_new).collect();
        let mut things = Vec::new();
        for whole in self.hanging_together(&new) {
            if whole.len() as f32 > THING_SHARE_MAX * self.patches.len() as f32 {
                continue;
            }
            let mut newness: Vec<f32> = whole.iter().filter_map(|at| self.patches[*at]).collect();
            newness.sort_by(f32::total_cmp);
            let least = (STRONG_SHARE * newness[(newness.len() - 1) * 9 / 10]).max(from);
            let is_strong = |at: &usize| self.patches[*at].is_some_and(|newness| newness >= least);
            let strong: Vec<usize> = whole.into_iter().filter(is_strong).collect();
            let parts = self.hanging_together(&strong);
            things.extend(parts.iter().filter_map(|part| self.thing(part, from)));
        }
        things
    }

    /// The patches as one thing, if they are any.
    fn thing(&self, patches: &[usize], from: f32) -> Option<Detection> {
        let newness = patches.iter().filter_map(|at| self.patches[*at]).sum::<f32>() / patches.len() as f32;
        let whole = patches.iter().map(|at| self.patch(*at)).reduce(|a, b| a.union(&b))?;
        let is_stripe = whole.width() < self.patch_px[0] * 1.5 || whole.height() < self.patch_px[1] * 1.5;
        let [x, y] = self.patch_px.map(|px| px * RIM_SHARE);
        let bbox = BBox::new(whole.x0() + x, whole.y0() + y, whole.x1() - x, whole.y1() - y);
        let is_known =
            self.known.iter().any(|one| bbox.iou(one) > KNOWN_IOU_MIN || bbox.covered_by(one) > KNOWN_COVERED_MIN);
        if patches.len() < THING_PATCHES_MIN || is_stripe || is_known || self.is_beside_who_passes(&bbox) {
            return None;
        }
        let score = Score::new(newness / (newness + from)).unwrap_or(Score::ZERO);
        Some(Detection { class: NEW_THING.into(), score, bbox, text: None })
    }

    fn is_beside_who_passes(&self, bbox: &BBox<FrameSpace>) -> bool {
        let [dx, dy] = self.patch_px.map(|px| px * BESIDE_PATCHES);
        let grown = |one: &BBox<FrameSpace>| BBox::new(one.x0() - dx, one.y0() - dy, one.x1() + dx, one.y1() + dy);
        let passing: Vec<_> = self.passing.iter().map(grown).collect();
        let inside: Vec<_> =
            (0..self.patches.len()).map(|at| self.patch(at)).filter(|patch| holds(bbox, patch)).collect();
        let beside = inside.iter().filter(|patch| passing.iter().any(|one| holds(one, patch))).count();
        beside as f32 >= BESIDE_SHARE_MIN * inside.len() as f32 && beside > 0
    }

    /// Groups of the given patches, each reached from the first by neighbours.
    fn hanging_together(&self, patches: &[usize]) -> Vec<Vec<usize>> {
        let mut open = vec![false; self.patches.len()];
        patches.iter().for_each(|at| open[*at] = true);
        let mut groups = Vec::new();
        for first in patches {
            if !std::mem::replace(&mut open[*first], false) {
                continue;
            }
            let (mut group, mut next) = (vec![*first], 0);
            while let Some(&at) = group.get(next) {
                next += 1;
                group.extend(self.around(at).filter(|other| std::mem::replace(&mut open[*other], false)));
            }
            groups.push(group);
        }
        groups
    }

    fn patch(&self, at: usize) -> BBox<FrameSpace> {
        let [w, h] = self.patch_px;
        let (x, y) = ((at % self.columns) as f32 * w, (at / self.columns) as f32 * h);
        BBox::new(x, y, x + w, y + h)
    }

    /// The up to eight patches around one.
    fn around(&self, at: usize) -> impl Iterator<Item = usize> + use<> {
        let (column, row, columns) = (at % self.columns, at / self.columns, self.columns);
        let near = |middle: usize, count: usize| middle.saturating_sub(1)..=(middle + 1).min(count - 1);
        let across = near(column, columns);
        near(row, self.rows)
            .flat_map(move |row| across.clone().map(move |column| row * columns + column))
            .filter(move |other| *other != at)
    }
}

#[cfg(test)]
#[path = "newness_tests.rs"]
mod tests;
