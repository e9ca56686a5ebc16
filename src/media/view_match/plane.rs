//! Small grey pictures in floating point, the grid of tiles, and what can be told from brightness alone.

use crate::domain::{Picture, PixelLayout};

/// Width of the small picture in pixels. One pixel is 0.3 % of the width, and a shake is measured to a tenth of that.
pub(super) const WIDTH: usize = 320;
/// Tiles across and down.
pub(super) const TILES: (usize, usize) = (8, 6);
/// A tile's template is inset by this many pixels on each side, so that a tile at the border can be found a little
/// further out.
const INSET: usize = 4;

/// The small luma of a picture as it was scaled: a quarter of the room of its [`Plane`], and the same one each time.
#[derive(Clone, Debug)]
pub(super) struct Small {
    luma: Vec<u8>,
    height: usize,
    black: f32,
    gain: f32,
}

impl Small {
    /// `height` is fixed by the reference, so that a stream which changes its resolution, even its aspect, still compares
    /// in fractions.
    pub(super) fn of(picture: &Picture, height: usize) -> Self {
        let luma = picture.luma_scaled(WIDTH as u32, height as u32);
        let (black, gain) = match picture.layout() {
            PixelLayout::I420 { full_range: false, .. } => (16.0, 255.0 / 219.0),
            PixelLayout::I420 { .. } | PixelLayout::Rgb { .. } => (0.0, 1.0),
        };
        Self { luma, height, black, gain }
    }

    /// In floating point, black at 0.
    pub(super) fn plane(&self) -> Plane {
        let data = self.luma.iter().map(|&v| ((f32::from(v) - self.black) * self.gain).clamp(0.0, 255.0)).collect();
        Plane::new(WIDTH, self.height, data)
    }
}

/// A grey picture in floating point, row by row.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) data: Vec<f32>,
}

impl Plane {
    pub(super) fn new(width: usize, height: usize, data: Vec<f32>) -> Self {
        assert_eq!(data.len(), width * height, "a plane holds width x height values");
        Self { width, height, data }
    }

    /// The small luma of a picture, black at 0.
    pub(super) fn of(picture: &Picture, height: usize) -> Self {
        Small::of(picture, height).plane()
    }

    /// Height of the small picture for a reference of this size.
    pub(super) fn height_for(picture: &Picture) -> usize {
        let exact = f64::from(picture.height()) * WIDTH as f64 / f64::from(picture.width());
        (exact.round() as usize).clamp(96, 640)
    }

    pub(super) fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y * self.width + x]
    }

    /// Every pixel the mean of 2x2.
    pub(super) fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut data = Vec::with_capacity(width * height);
        for y in 0..height {
            let (upper, lower) = (&self.data[2 * y * self.width..], &self.data[(2 * y + 1) * self.width..]);
            data.extend((0..width).map(|x| (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]) / 4.0));
        }
        Self::new(width, height, data)
    }

    /// The mean of each cell of a grid of `columns` x `rows`.
    pub(super) fn cells(&self, columns: usize, rows: usize) -> Vec<f32> {
        let mut sums = vec![(0.0_f32, 0_u32); columns * rows];
        for y in 0..self.height {
            let row = y * rows / self.height * columns;
            for (x, value) in self.data[y * self.width..(y + 1) * self.width].iter().enumerate() {
                let cell = &mut sums[row + x * columns / self.width];
                cell.0 += value;
                cell.1 += 1;
            }
        }
        sums.into_iter().map(|(sum, n)| sum / n.max(1) as f32).collect()
    }

    /// Value below which this share of the pixels lies, and the mean of all.
    pub(super) fn light(&self) -> Light {
        let mut counts = [0_usize; 256];
        for value in &self.data {
            counts[*value as usize & 255] += 1;
        }
        let below = |share: f64| {
            let (mut seen, wanted) = (0, (self.data.len() as f64 * share) as usize);
            counts.iter().position(|count| {
                seen += count;
                seen > wanted
            })
        };
        let (low, high) = (below(0.1).unwrap_or(0), below(0.9).unwrap_or(255));
        Light { mean: self.data.iter().sum::<f32>() / self.data.len() as f32, spread: (high - low) as f32 }
    }

    /// Mean square of the Laplacian (4 neighbours) in each tile: how much fine detail it has.
    pub(super) fn detail(&self) -> Vec<f32> {
        let mut squares = vec![0.0_f32; self.width * self.height];
        for y in 1..self.height - 1 {
            let row = |y: usize| &self.data[y * self.width..(y + 1) * self.width];
            let (above, here, below) = (row(y - 1), row(y), row(y + 1));
            for x in 1..self.width - 1 {
                let bend = above[x] + below[x] + here[x - 1] + here[x + 1] - 4.0 * here[x];
                squares[y * self.width + x] = bend * bend;
            }
        }
        Self::new(self.width, self.height, squares).cells(TILES.0, TILES.1)
    }

    /// Root mean square in each tile.
    pub(super) fn strength(&self) -> Vec<f32> {
        let squares = self.data.iter().map(|v| v * v).collect();
        let cells = Self::new(self.width, self.height, squares).cells(TILES.0, TILES.1);
        cells.into_iter().map(f32::sqrt).collect()
    }
}

/// How bright a picture is, in grey levels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Light {
    pub(super) mean: f32,
    /// From the 10th to the 90th percentile.
    pub(super) spread: f32,
}

/// The rectangle of a tile's template in the small picture, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Tile {
    /// The tile with this number in the grid, counted row by row.
    pub(super) fn new(index: usize, plane: &Plane) -> Self {
        let (column, row) = (index % TILES.0, index / TILES.0);
        let (x0, x1) = (column * plane.width / TILES.0, (column + 1) * plane.width / TILES.0);
        let (y0, y1) = (row * plane.height / TILES.1, (row + 1) * plane.height / TILES.1);
        Self { x: x0 + INSET, y: y0 + INSET, width: x1 - x0 - 2 * INSET, height: y1 - y0 - 2 * INSET }
    }

    /// Centre, in pixels from the left and upper edge of the picture.
    pub(super) fn centre(&self) -> [f64; 2] {
        [self.x as f64 + self.width as f64 / 2.0, self.y as f64 + self.height as f64 / 2.0]
    }
}

/// Correlation of two lists of the same length, -1..=1; 0 when one of them is flat.
pub(super) fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len().max(1) as f32;
    let (ma, mb) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - ma, y - mb);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    let norm = (aa * bb).sqrt();
    if norm > 1e-6 { ab / norm } else { 0.0 }
}
