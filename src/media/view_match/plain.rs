//! The picture operations that alignment needs, in plain Rust: what is used where OpenCV was not compiled in, and where
//! it refuses. The same results as `cv` to within rounding, slower; only [`coarse_shift`] sees less far.

use super::plane::{Plane, Tile};
use crate::domain::Homography;

/// Side of the square over which local contrast is measured, in pixels; odd.
pub(super) const WINDOW: usize = 15;
/// Added to the local deviation, in grey levels: a contrast below it is noise and stays small.
pub(super) const NOISE: f32 = 4.0;

/// Luma less its local mean, divided by its local deviation: what is left is structure, whatever the light.
pub(super) fn contrast(luma: &Plane) -> Plane {
    let smooth = smoothed(luma);
    let mean = boxed(&smooth);
    let squares = Plane::new(luma.width, luma.height, smooth.data.iter().map(|v| v * v).collect());
    let mean_square = boxed(&squares);
    let data = (0..smooth.data.len())
        .map(|i| {
            let variance = (mean_square.data[i] - mean.data[i] * mean.data[i]).max(0.0);
            (smooth.data[i] - mean.data[i]) / (variance.sqrt() + NOISE)
        })
        .collect();
    Plane::new(luma.width, luma.height, data)
}

/// By how many pixels the content of `frame` lies right of and below that of `reference`, with the peak's correlation:
/// all whole shifts up to an eighth of the picture, at a quarter of the size.
pub(super) fn coarse_shift(reference: &Plane, frame: &Plane) -> ([f64; 2], f64) {
    let (reference, frame) = (reference.halved().halved(), frame.halved().halved());
    let (reach_x, reach_y) = (reference.width / 8, reference.height / 8);
    let inner =
        Tile { x: reach_x, y: reach_y, width: reference.width - 2 * reach_x, height: reference.height - 2 * reach_y };
    let mut best = ([0.0, 0.0], f64::MIN);
    for dy in -(reach_y as isize)..=reach_y as isize {
        for dx in -(reach_x as isize)..=reach_x as isize {
            let score = f64::from(tile_correlation(&reference, &frame, &inner, dx, dy));
            if score > best.1 {
                best = ([dx as f64 * 4.0, dy as f64 * 4.0], score);
            }
        }
    }
    best
}

/// Correlations (-1..=1) of a tile of the reference with the frame at every whole shift of `range`, row by row. The
/// shifted tile must lie inside of the frame.
pub(super) fn correlations(
    reference: &Plane,
    frame: &Plane,
    tile: &Tile,
    range: &super::align::ShiftRange,
) -> Vec<f32> {
    (range.y0..=range.y1)
        .flat_map(|dy| (range.x0..=range.x1).map(move |dx| tile_correlation(reference, frame, tile, dx, dy)))
        .collect()
}

fn tile_correlation(reference: &Plane, frame: &Plane, tile: &Tile, dx: isize, dy: isize) -> f32 {
    let (mut a1, mut b1, mut aa, mut bb, mut ab) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
    for row in 0..tile.height {
        let from = (tile.y + row) * reference.width + tile.x;
        let there = (tile.y + row).wrapping_add_signed(dy) * frame.width + tile.x.wrapping_add_signed(dx);
        for (a, b) in reference.data[from..from + tile.width].iter().zip(&frame.data[there..there + tile.width]) {
            a1 += a;
            b1 += b;
            aa += a * a;
            bb += b * b;
            ab += a * b;
        }
    }
    let n = (tile.width * tile.height) as f32;
    let norm = ((aa - a1 * a1 / n) * (bb - b1 * b1 / n)).sqrt();
    if norm > 1e-6 { (ab - a1 * b1 / n) / norm } else { 0.0 }
}

/// The picture moved by `map` (its pixels to the new ones), bilinear, 0 where nothing is known.
pub(super) fn warped(plane: &Plane, map: &Homography) -> Plane {
    let back = map.inverse().unwrap_or(Homography::IDENTITY);
    let mut data = Vec::with_capacity(plane.data.len());
    for y in 0..plane.height {
        for x in 0..plane.width {
            let (sx, sy) = back.apply(x as f64 + 0.5, y as f64 + 0.5);
            data.push(bilinear(plane, sx - 0.5, sy - 0.5));
        }
    }
    Plane::new(plane.width, plane.height, data)
}

fn bilinear(plane: &Plane, x: f64, y: f64) -> f32 {
    let (x0, y0) = (x.floor(), y.floor());
    if x0 < 0.0 || y0 < 0.0 || x0 + 1.0 >= plane.width as f64 || y0 + 1.0 >= plane.height as f64 {
        return 0.0;
    }
    let (u, v) = ((x - x0) as f32, (y - y0) as f32);
    let (x0, y0) = (x0 as usize, y0 as usize);
    let upper = plane.at(x0, y0) * (1.0 - u) + plane.at(x0 + 1, y0) * u;
    let lower = plane.at(x0, y0 + 1) * (1.0 - u) + plane.at(x0 + 1, y0 + 1) * u;
    upper * (1.0 - v) + lower * v
}

/// Blended with the neighbours, 1 2 1 in both directions.
fn smoothed(plane: &Plane) -> Plane {
    let (w, h) = (plane.width, plane.height);
    let mut across = Vec::with_capacity(w * h);
    for y in 0..h {
        across.extend((0..w).map(|x| {
            0.25 * plane.at(x.saturating_sub(1), y) + 0.5 * plane.at(x, y) + 0.25 * plane.at((x + 1).min(w - 1), y)
        }));
    }
    let across = Plane::new(w, h, across);
    let mut both = Vec::with_capacity(w * h);
    for y in 0..h {
        let (above, below) = (y.saturating_sub(1), (y + 1).min(h - 1));
        both.extend((0..w).map(|x| 0.25 * across.at(x, above) + 0.5 * across.at(x, y) + 0.25 * across.at(x, below)));
    }
    Plane::new(w, h, both)
}

/// The mean over the square of [`WINDOW`] pixels around each pixel, cut at the border (sums over a summed-area table).
fn boxed(plane: &Plane) -> Plane {
    let (w, h) = (plane.width, plane.height);
    let mut table = vec![0.0_f64; (w + 1) * (h + 1)];
    for y in 0..h {
        let mut row = 0.0;
        for x in 0..w {
            row += f64::from(plane.at(x, y));
            table[(y + 1) * (w + 1) + x + 1] = table[y * (w + 1) + x + 1] + row;
        }
    }
    let reach = WINDOW / 2;
    let mut data = Vec::with_capacity(w * h);
    for y in 0..h {
        let (y0, y1) = (y.saturating_sub(reach), (y + reach + 1).min(h));
        for x in 0..w {
            let (x0, x1) = (x.saturating_sub(reach), (x + reach + 1).min(w));
            let sum = table[y1 * (w + 1) + x1] - table[y0 * (w + 1) + x1] - table[y1 * (w + 1) + x0]
                + table[y0 * (w + 1) + x0];
            data.push((sum / ((x1 - x0) * (y1 - y0)) as f64) as f32);
        }
    }
    Plane::new(w, h, data)
}
