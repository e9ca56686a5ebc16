//! Finds how the frame lies on the reference: a coarse shift, then tile by tile, then the map that most tiles agree on.
//! Works on local contrast, so light does not matter; counts tiles, so walkers and lorries do not matter while
//! less than about half of the textured picture is theirs. Never trusts a single large correlation.

use super::{
    fit::{self, Pair, product},
    plain,
    plane::{Plane, Tile},
};
use crate::domain::Homography;

/// Pixels around the expected place in which a tile is searched: first, and when that fails.
const RADIUS: isize = 4;
const RADIUS_WIDE: isize = 9;
/// A tile that correlates less than this was not found.
const FOUND_MIN: f32 = 0.35;
/// So many tiles, and this share of those that can be seen, must agree. Unrelated pictures reach about 0.15
/// by chance (the best of all maps through two of 48 tiles).
const AGREEING_MIN: usize = 5;
const SUPPORT_MIN: f32 = 0.3;
/// A map that bends corners by more than this many pixels beyond a shift is measured again after warping.
const BEND_MAX_PX: f64 = 1.5;
/// And at most so many times.
const REFINEMENTS_MAX: usize = 3;
/// With this much support where the frame lay before, nothing else is tried.
const SETTLED_MIN: f32 = 0.6;
/// A coarse shift beyond this share of the picture cannot be told from chance.
const SHIFT_SHARE_MAX: f64 = 0.4;
/// Turns in degrees and scales that are tried when nothing agrees: a knocked or zoomed camera.
const TURNS: [f64; 7] = [0.0, -5.0, 5.0, -10.0, 10.0, -15.0, 15.0];
const SCALES: [f64; 7] = [1.0, 0.9, 1.12, 0.8, 1.25, 0.7, 1.4];
/// So many of the best turns and scales are measured tile by tile.
const STARTS_MAX: usize = 3;

/// Whole shifts of a tile, first and last in each direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShiftRange {
    pub(super) x0: isize,
    pub(super) x1: isize,
    pub(super) y0: isize,
    pub(super) y1: isize,
}

/// How the frame lies on the reference.
#[derive(Clone, Debug)]
pub(super) struct Alignment {
    /// Frame to reference, in pixels of the small picture from its upper left corner.
    pub(super) map: Homography,
    /// Share of the visible textured tiles that agree, 0..=1.
    pub(super) support: f32,
    /// Mean correlation of the agreeing tiles, 0..=1.
    pub(super) correlation: f32,
}

/// The reference's side of the comparison.
#[derive(Debug)]
pub(super) struct Aligner {
    contrast: Plane,
    half: Plane,
    tiles: Vec<Tile>,
}

impl Aligner {
    pub(super) fn new(contrast: Plane, tiles: Vec<Tile>) -> Self {
        let half = contrast.halved();
        Self { contrast, half, tiles }
    }

    /// How `frame` (local contrast) lies on the reference; `hint` is a map that fitted before. `None` when nothing agrees.
    ///
    /// From cheap to dear: where it lay before (a fixed camera hardly moves, so this is nearly always the end), where the
    /// whole picture's shift puts it, around the unmoved place, and turned or zoomed.
    pub(super) fn align(&self, frame: &Plane, hint: Option<&Homography>) -> Option<Alignment> {
        let before = hint.map_or(Homography::IDENTITY, |map| self.snapped(map));
        let settled = self.measure(frame, &before, RADIUS);
        if let Some(found) = &settled
            && found.support >= SETTLED_MIN
        {
            return Some(self.refined(frame, found.clone(), &before));
        }
        let shifted = translation(self.trusted(ops::coarse_shift(&self.contrast, frame).0));
        let near = [(shifted, RADIUS), (Homography::IDENTITY, RADIUS_WIDE)].into_iter();
        let found = settled
            .map(|found| (found, before))
            .into_iter()
            .chain(near.filter_map(|(start, radius)| self.measure(frame, &start, radius).map(|found| (found, start))));
        let best =
            |a: (Alignment, Homography), b: (Alignment, Homography)| if b.0.support > a.0.support { b } else { a };
        let (found, start) = found.reduce(best).or_else(|| {
            let starts = self.wide_starts(frame);
            starts.into_iter().find_map(|start| Some((self.measure(frame, &start, RADIUS_WIDE)?, start)))
        })?;
        Some(self.refined(frame, found, &start))
    }

    fn trusted(&self, shift: [f64; 2]) -> [f64; 2] {
        let within = |v: f64, size: usize| v.abs() <= size as f64 * SHIFT_SHARE_MAX;
        let sane = within(shift[0], self.contrast.width) && within(shift[1], self.contrast.height);
        if sane { shift.map(f64::round) } else { [0.0, 0.0] }
    }

    /// Measures again from the map that was found, while it bends the picture away from where the tiles were compared
    /// and more tiles agree.
    fn refined(&self, frame: &Plane, found: Alignment, start: &Homography) -> Alignment {
        let (mut best, mut compared_at) = (found, *start);
        for _ in 0..REFINEMENTS_MAX {
            if !self.bends(&product(&best.map, &compared_at.inverse().unwrap_or(Homography::IDENTITY))) {
                break;
            }
            match self.measure(frame, &best.map, RADIUS) {
                Some(again) if again.support >= best.support => (compared_at, best) = (best.map, again),
                _ => break,
            }
        }
        best
    }

    /// A map that hardly bends the picture as a shift by whole pixels, which needs no warping.
    fn snapped(&self, map: &Homography) -> Homography {
        if self.bends(map) {
            return *map;
        }
        let (w, h) = (self.contrast.width as f64 / 2.0, self.contrast.height as f64 / 2.0);
        let (x, y) = map.apply(w, h);
        translation([(w - x).round(), (h - y).round()])
    }

    /// Whether a map moves corners by other than a common shift.
    fn bends(&self, map: &Homography) -> bool {
        let moves = corners(&self.contrast).map(|[x, y]| {
            let (u, v) = map.apply(x, y);
            [u - x, v - y]
        });
        let mean = |i: usize| moves.iter().map(|c| c[i]).sum::<f64>() / 4.0;
        let (mx, my) = (mean(0), mean(1));
        moves.iter().any(|c| (c[0] - mx).hypot(c[1] - my) > BEND_MAX_PX)
    }

    /// Looks for every tile within `radius` of where `start` puts it, and takes the map that most agree on.
    fn measure(&self, frame: &Plane, start: &Homography, radius: isize) -> Option<Alignment> {
        let back = start.inverse()?;
        let shift = whole_shift(&back);
        let warped;
        let (picture, offset) = match shift {
            Some(offset) => (frame, offset),
            None => {
                warped = ops::warped(frame, start);
                (&warped, [0, 0])
            }
        };
        let (mut pairs, mut scores, mut visible) = (Vec::new(), Vec::new(), 0);
        for tile in &self.tiles {
            let [cx, cy] = tile.centre();
            let (sx, sy) = back.apply(cx, cy);
            let inside =
                |v: f64, half: usize, size: usize| v >= half as f64 / 2.0 && v <= size as f64 - half as f64 / 2.0;
            let Some(range) = self.range(tile, offset, radius) else { continue };
            if !inside(sx, tile.width, frame.width) || !inside(sy, tile.height, frame.height) {
                continue;
            }
            visible += 1;
            let all = ops::correlations(&self.contrast, picture, tile, &range);
            let Some(([dx, dy], score)) = peak(&all, &range) else { continue };
            if score >= FOUND_MIN {
                let there = if shift.is_some() { (cx + dx, cy + dy) } else { back.apply(cx + dx, cy + dy) };
                pairs.push(Pair { frame: [there.0, there.1], reference: [cx, cy] });
                scores.push(score);
            }
        }
        let agreed = fit::agree(&pairs)?;
        let count = agreed.count();
        let support = count as f32 / visible as f32;
        let sum: f32 = scores.iter().zip(&agreed.agrees).filter(|(_, agrees)| **agrees).map(|(score, _)| score).sum();
        let enough = count >= AGREEING_MIN.min(self.tiles.len()) && support >= SUPPORT_MIN;
        enough.then(|| Alignment { map: agreed.map, support, correlation: (sum / count as f32).clamp(0.0, 1.0) })
    }

    /// The shifts around `offset` at which the whole tile lies inside of the picture.
    fn range(&self, tile: &Tile, offset: [isize; 2], radius: isize) -> Option<ShiftRange> {
        let span = |at: usize, length: usize, size: usize, offset: isize| {
            let (first, last) = (-(at as isize), (size - at - length) as isize);
            ((offset - radius).max(first), (offset + radius).min(last))
        };
        let (x0, x1) = span(tile.x, tile.width, self.contrast.width, offset[0]);
        let (y0, y1) = span(tile.y, tile.height, self.contrast.height, offset[1]);
        (x1 - x0 >= 2 && y1 - y0 >= 2).then_some(ShiftRange { x0, x1, y0, y1 })
    }

    /// The turns and scales that correlate best as a whole, at half size, as maps of full size.
    fn wide_starts(&self, frame: &Plane) -> Vec<Homography> {
        let half = frame.halved();
        let (cx, cy) = (half.width as f64 / 2.0, half.height as f64 / 2.0);
        let mut tried = Vec::new();
        for turn in TURNS {
            for scale in SCALES {
                let (s, c) = turn.to_radians().sin_cos();
                let (c, s) = (c * scale, s * scale);
                let about = Homography([[c, -s, cx - c * cx + s * cy], [s, c, cy - s * cx - c * cy], [0.0, 0.0, 1.0]]);
                let (shift, clear) = ops::coarse_shift(&self.half, &ops::warped(&half, &about));
                tried.push((clear, product(&translation(shift), &about)));
            }
        }
        tried.sort_by(|a, b| b.0.total_cmp(&a.0));
        let double = Homography([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0]]);
        let halve = Homography([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 1.0]]);
        tried.into_iter().take(STARTS_MAX).map(|(_, map)| product(&double, &product(&map, &halve))).collect()
    }
}

/// The map frame to reference of a frame whose content lies `shift` right of and below the reference's.
fn translation([dx, dy]: [f64; 2]) -> Homography {
    Homography([[1.0, 0.0, -dx], [0.0, 1.0, -dy], [0.0, 0.0, 1.0]])
}

/// The whole shift that a map is, if it is one.
fn whole_shift(map: &Homography) -> Option<[isize; 2]> {
    let [[a, b, x], [c, d, y], [e, f, w]] = map.0;
    let is = |v: f64, wanted: f64| (v - wanted).abs() < 1e-9;
    let pure = is(a, 1.0) && is(b, 0.0) && is(c, 0.0) && is(d, 1.0) && is(e, 0.0) && is(f, 0.0) && is(w, 1.0);
    (pure && is(x, x.round()) && is(y, y.round())).then_some([x.round() as isize, y.round() as isize])
}

fn corners(plane: &Plane) -> [[f64; 2]; 4] {
    let (w, h) = (plane.width as f64, plane.height as f64);
    [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]]
}

/// The shift of the greatest correlation, to a fraction of a pixel (parabola through its neighbours), and that
/// correlation. A peak on the edge of the range is none: the tile may lie further out.
fn peak(scores: &[f32], range: &ShiftRange) -> Option<([f64; 2], f32)> {
    let columns = (range.x1 - range.x0 + 1) as usize;
    let rows = (range.y1 - range.y0 + 1) as usize;
    let (best, score) =
        scores.iter().copied().enumerate().filter(|(_, v)| v.is_finite()).max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (column, row) = (best % columns, best / columns);
    if column == 0 || row == 0 || column + 1 == columns || row + 1 == rows {
        return None;
    }
    let top = |before: f32, after: f32| {
        let bend = before - 2.0 * score + after;
        if bend < -1e-6 { f64::from(0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 }
    };
    let dx = (range.x0 + column as isize) as f64 + top(scores[best - 1], scores[best + 1]);
    let dy = (range.y0 + row as isize) as f64 + top(scores[best - columns], scores[best + columns]);
    Some(([dx, dy], score))
}

/// OpenCV where it was compiled in and does not refuse, plain Rust otherwise.
pub(super) mod ops {
    use super::{Homography, Plane, ShiftRange, Tile, plain};
    #[cfg(feature = "opencv")]
    use crate::media::view_match::cv;

    #[cfg(feature = "opencv")]
    fn refused<T>(what: &str, result: opencv::Result<T>) -> Option<T> {
        result.inspect_err(|error| tracing::warn!(what, %error, "opencv refused; plain code takes over")).ok()
    }

    pub(in super::super) fn contrast(luma: &Plane) -> Plane {
        #[cfg(feature = "opencv")]
        if let Some(plane) = refused("contrast", cv::contrast(luma)) {
            return plane;
        }
        plain::contrast(luma)
    }

    pub(super) fn coarse_shift(reference: &Plane, frame: &Plane) -> ([f64; 2], f64) {
        #[cfg(feature = "opencv")]
        if let Some(found) = refused("coarse shift", cv::coarse_shift(reference, frame)) {
            return found;
        }
        plain::coarse_shift(reference, frame)
    }

    pub(super) fn correlations(reference: &Plane, frame: &Plane, tile: &Tile, range: &ShiftRange) -> Vec<f32> {
        #[cfg(feature = "opencv")]
        if let Some(scores) = refused("tile match", cv::correlations(reference, frame, tile, range)) {
            return scores;
        }
        plain::correlations(reference, frame, tile, range)
    }

    pub(super) fn warped(plane: &Plane, map: &Homography) -> Plane {
        #[cfg(feature = "opencv")]
        if let Some(out) = refused("warp", cv::warped(plane, map)) {
            return out;
        }
        plain::warped(plane, map)
    }
}
