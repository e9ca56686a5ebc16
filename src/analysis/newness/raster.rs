//! How a picture is divided into patches. They are counted by rows.

use crate::domain::{BBox, FrameSpace, Homography};

/// A picture's patches.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Raster {
    /// Width and height of the picture in pixels.
    pub(super) picture: [u32; 2],
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Width and height of a patch in pixels of the picture.
    pub(super) patch_px: [f32; 2],
}

impl Raster {
    /// How many patches there are.
    pub(super) fn len(&self) -> usize {
        self.columns * self.rows
    }

    /// Where a patch lies.
    pub(super) fn patch(&self, at: usize) -> BBox<FrameSpace> {
        let [w, h] = self.patch_px;
        let (x, y) = ((at % self.columns) as f32 * w, (at / self.columns) as f32 * h);
        BBox::new(x, y, x + w, y + h)
    }

    /// The patches that touch a box, those just beside it perhaps among them.
    pub(super) fn touching(&self, bbox: &BBox<FrameSpace>) -> impl Iterator<Item = usize> + use<> {
        let range = |low: f32, high: f32, patch: f32, count: usize| {
            let first = ((low / patch).floor() - 1.0).clamp(0.0, count as f32) as usize;
            first..((high / patch).ceil() + 1.0).clamp(0.0, count as f32) as usize
        };
        let (across, columns) = (range(bbox.x0(), bbox.x1(), self.patch_px[0], self.columns), self.columns);
        range(bbox.y0(), bbox.y1(), self.patch_px[1], self.rows)
            .flat_map(move |row| across.clone().map(move |column| row * columns + column))
    }

    /// The patch of the reference picture that lies where the middle of one of this frame's does; `None` where the reference
    /// picture does not show the spot.
    pub(super) fn spot(&self, at: usize, reference: &Self, homography: &Homography) -> Option<usize> {
        let [w, h] = self.picture.map(f64::from);
        let centre = self.patch(at).centre();
        let (x, y) = homography.apply(f64::from(centre.x) / w, f64::from(centre.y) / h);
        reference.at(x, y)
    }

    /// The patch of a position given in fractions of the picture; `None` outside.
    fn at(&self, x: f64, y: f64) -> Option<usize> {
        let index = |share: f64, side: u32, patch: f32, count: usize| {
            let at = share * f64::from(side) / f64::from(patch);
            (at >= 0.0 && at < count as f64).then_some(at as usize)
        };
        let [w, h] = self.picture;
        let (column, row) = (index(x, w, self.patch_px[0], self.columns)?, index(y, h, self.patch_px[1], self.rows)?);
        Some(row * self.columns + column)
    }

    /// A patch and the up to eight around it.
    pub(super) fn nine(&self, at: usize) -> impl Iterator<Item = usize> + use<> {
        let (column, row, columns) = (at % self.columns, at / self.columns, self.columns);
        let near = |middle: usize, count: usize| middle.saturating_sub(1)..=(middle + 1).min(count - 1);
        let across = near(column, columns);
        near(row, self.rows).flat_map(move |row| across.clone().map(move |column| row * columns + column))
    }

    /// Groups of the given patches, each reached from the first by neighbours.
    pub(super) fn hanging_together(&self, patches: &[usize]) -> Vec<Vec<usize>> {
        let mut open = vec![false; self.len()];
        patches.iter().for_each(|at| open[*at] = true);
        let mut groups = Vec::new();
        for first in patches {
            if !std::mem::replace(&mut open[*first], false) {
                continue;
            }
            let (mut group, mut next) = (vec![*first], 0);
            while let Some(&at) = group.get(next) {
                next += 1;
                group.extend(self.nine(at).filter(|other| std::mem::replace(&mut open[*other], false)));
            }
            groups.push(group);
        }
        groups
    }
}
