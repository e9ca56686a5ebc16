//! How the patches of a picture look to an encoder.

use super::raster::Raster;
use crate::domain::Homography;

/// How the patches of a picture look, in 8 bits: 0.45 MB for 46 x 26 patches of 384 numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchGrid {
    pub(super) raster: Raster,
    /// By rows; each patch has unit length times [`UNIT`], or is all zeros where nothing is shown.
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
        Some(Self { raster: Raster { picture, columns, rows, patch_px }, looks })
    }

    /// Patches across and down.
    pub fn sides(&self) -> [usize; 2] {
        [self.raster.columns, self.raster.rows]
    }

    /// Numbers of a patch.
    pub fn length(&self) -> usize {
        self.looks.len() / self.raster.len().max(1)
    }

    /// The patches in the middle quarter of the picture, together: where the vector points counts.
    pub fn middle(&self) -> Vec<f32> {
        let [columns, rows] = self.sides();
        let mut sum = vec![0.0; self.length()];
        for at in
            (rows / 4..rows - rows / 4).flat_map(|y| (columns / 4..columns - columns / 4).map(move |x| y * columns + x))
        {
            sum.iter_mut().zip(self.look(at)).for_each(|(sum, value)| *sum += f32::from(*value));
        }
        sum
    }

    pub(super) fn look(&self, at: usize) -> &[i8] {
        let length = self.length();
        &self.looks[at * length..][..length]
    }

    /// The patches of this reference picture, laid onto a frame: each patch of the frame has the one that lies at its spot, and
    /// zeros where the reference picture does not show it.
    #[must_use]
    pub fn laid_onto(&self, frame: &Self, homography: &Homography) -> Self {
        let nothing = vec![0; self.length()];
        let spot = |at: usize| frame.raster.spot(at, &self.raster, homography);
        let looks = (0..frame.raster.len()).flat_map(|at| spot(at).map_or(&*nothing, |at| self.look(at))).copied();
        Self { raster: frame.raster.clone(), looks: looks.collect() }
    }

    /// All patches as a graph takes them: one plane for each number of a patch, by rows, each patch of unit length or zeros.
    pub fn planes(&self) -> Vec<f32> {
        let (patches, length) = (self.raster.len(), self.length());
        let mut planes = vec![0.0; patches * length];
        for at in 0..patches {
            let look = self.look(at);
            let norm = look.iter().map(|value| f32::from(*value).powi(2)).sum::<f32>().sqrt().max(1.0);
            look.iter().enumerate().for_each(|(plane, value)| planes[plane * patches + at] = f32::from(*value) / norm);
        }
        planes
    }
}

pub(super) fn likeness(a: &[i8], b: &[i8]) -> f32 {
    let sum: i32 = a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
    sum as f32 / (UNIT * UNIT)
}
