//! Rows of a picture at another size: blocks of whole source pixels are averaged first (so a 1080p frame does not
//! alias in a 416 tensor), what remains, less than a factor of two, is interpolated. Pure; walks source rows once.

/// 8-bit samples, row by row; `channels` of them interleaved.
#[derive(Clone, Copy)]
pub(crate) struct Plane<'a> {
    /// First byte is the first sample of the first row.
    pub bytes: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// A plane of `C` interleaved channels, read as rows of another size.
pub(crate) struct Channels<'a, const C: usize> {
    plane: Plane<'a>,
    /// Source pixels averaged into one, in x and y.
    block: [usize; 2],
    /// For each target column: left neighbour (in samples), right neighbour, weight of the right one.
    columns: Vec<(usize, usize, f32)>,
    /// Target rows.
    rows: usize,
    /// Two rows of averaged blocks, and which they are.
    averaged: [Vec<f32>; 2],
    held: [usize; 2],
    /// Column sums of the block row being averaged.
    sums: Vec<u16>,
    blended: Vec<f32>,
    out: Vec<f32>,
}

/// No row is held yet.
const NONE: usize = usize::MAX;
/// So many rows of 255 fit into the 16-bit sums.
const BLOCK_MAX: usize = 256;

impl<'a, const C: usize> Channels<'a, C> {
    /// Reads `plane` as `width` x `rows` pixels; no side is 0.
    pub fn new(plane: Plane<'a>, width: usize, rows: usize) -> Self {
        let block = [(plane.width / width).clamp(1, BLOCK_MAX), (plane.height / rows).clamp(1, BLOCK_MAX)];
        let blocks = plane.width.div_ceil(block[0]);
        let columns = (0..width)
            .map(|x| {
                let (left, right, weight) = neighbours(x, width, plane.width, block[0]);
                (left * C, right * C, weight)
            })
            .collect();
        let row = || vec![0.0; blocks * C];
        Self {
            plane,
            block,
            columns,
            rows,
            averaged: [row(), row()],
            held: [NONE; 2],
            sums: vec![0; plane.width * C],
            blended: row(),
            out: vec![0.0; width * C],
        }
    }

    /// Target row `y` below the number of rows, `width * C` samples in 0..=255. Cheapest in rising order.
    pub fn row(&mut self, y: usize) -> &[f32] {
        let (upper, lower, weight) = neighbours(y, self.rows, self.plane.height, self.block[1]);
        if self.held[1] == upper {
            self.averaged.swap(0, 1);
            self.held.swap(0, 1);
        }
        for (slot, wanted) in [(0, upper), (1, lower)] {
            if self.held[slot] != wanted {
                self.average(slot, wanted);
            }
        }
        let [above, below] = &self.averaged;
        for ((to, a), b) in self.blended.iter_mut().zip(above).zip(below) {
            *to = a + (b - a) * weight;
        }
        for (to, &(left, right, weight)) in self.out.chunks_exact_mut(C).zip(&self.columns) {
            let (a, b) = (&self.blended[left..left + C], &self.blended[right..right + C]);
            for c in 0..C {
                to[c] = a[c] + (b[c] - a[c]) * weight;
            }
        }
        &self.out
    }

    /// Averages block row `index` into `slot`.
    fn average(&mut self, slot: usize, index: usize) {
        let Plane { bytes, stride, width, height } = self.plane;
        let first = index * self.block[1];
        let last = (first + self.block[1]).min(height);
        self.held[slot] = index;
        let source = |y: usize| &bytes[y * stride..y * stride + width * C];
        if self.block == [1, 1] {
            for (to, byte) in self.averaged[slot].iter_mut().zip(source(first)) {
                *to = f32::from(*byte);
            }
            return;
        }
        for (sum, byte) in self.sums.iter_mut().zip(source(first)) {
            *sum = u16::from(*byte);
        }
        for y in first + 1..last {
            for (sum, byte) in self.sums.iter_mut().zip(source(y)) {
                // At most BLOCK_MAX rows of 255 are added, so nothing wraps; saying so lets this run in vectors.
                *sum = sum.wrapping_add(u16::from(*byte));
            }
        }
        let rows = last - first;
        let (sums, to) = (&self.sums, &mut self.averaged[slot]);
        // Shrinking 720p to 4K frames into a tensor of about 400 pixels meets these; the compiler unrolls them.
        match self.block[0] {
            1 => average_columns::<C>(sums, to, 1, rows),
            2 => average_columns::<C>(sums, to, 2, rows),
            3 => average_columns::<C>(sums, to, 3, rows),
            4 => average_columns::<C>(sums, to, 4, rows),
            5 => average_columns::<C>(sums, to, 5, rows),
            other => average_columns::<C>(sums, to, other, rows),
        }
    }
}

/// Means of `columns` neighbours in the column sums of `rows` rows; a rest at the end is averaged over its own size.
#[inline(always)]
fn average_columns<const C: usize>(sums: &[u16], to: &mut [f32], columns: usize, rows: usize) {
    let whole = sums.len() / (columns * C);
    let (body, rest) = sums.split_at(whole * columns * C);
    let share = 1.0 / (rows * columns) as f32;
    for (to, block) in to.chunks_exact_mut(C).zip(body.chunks_exact(columns * C)) {
        for (c, to) in to.iter_mut().enumerate() {
            let mut sum = 0_u32;
            for column in 0..columns {
                sum += u32::from(block[column * C + c]);
            }
            *to = sum as f32 * share;
        }
    }
    if !rest.is_empty() {
        let share = C as f32 / (rows * rest.len()) as f32;
        for (c, to) in to[whole * C..].iter_mut().enumerate() {
            *to = rest.iter().skip(c).step_by(C).map(|sum| f32::from(*sum)).sum::<f32>() * share;
        }
    }
}

/// Which two blocks target pixel `i` of `n` lies between, and the weight of the second one. Pixel centres are at
/// halves, as in OpenCV's linear resize.
fn neighbours(i: usize, n: usize, source: usize, block: usize) -> (usize, usize, f32) {
    let last = source.div_ceil(block) - 1;
    let at = (i as f32 + 0.5) * source as f32 / (n * block) as f32 - 0.5;
    let at = at.clamp(0.0, last as f32);
    let left = at as usize;
    (left, (left + 1).min(last), at - left as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled<const C: usize>(bytes: &[u8], width: usize, height: usize, to: (usize, usize)) -> Vec<f32> {
        let plane = Plane { bytes, stride: width * C, width, height };
        let mut rows = Channels::<C>::new(plane, to.0, to.1);
        (0..to.1).flat_map(|y| rows.row(y).to_vec()).collect()
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let bytes: Vec<u8> = (0..60).collect();
        let want: Vec<f32> = bytes.iter().map(|b| f32::from(*b)).collect();
        assert_eq!(scaled::<3>(&bytes, 5, 4, (5, 4)), want);
        assert_eq!(scaled::<1>(&bytes, 10, 6, (10, 6)), want);
    }

    #[test]
    fn a_fine_pattern_becomes_its_mean_instead_of_a_coarse_pattern() {
        let checker: Vec<u8> = (0..64 * 64).map(|i| if (i % 64 + i / 64) % 2 == 0 { 255 } else { 0 }).collect();
        for to in [(32, 32), (16, 8), (13, 13)] {
            let out = scaled::<1>(&checker, 64, 64, to);
            let worst = out.iter().map(|v| (v - 127.5).abs()).fold(0.0, f32::max);
            assert!(worst < 40.0, "{worst} at {to:?}");
        }
    }

    #[test]
    fn interpolation_is_linear_between_pixel_centres() {
        assert_eq!(scaled::<1>(&[0, 100], 2, 1, (4, 1)), [0.0, 25.0, 75.0, 100.0]);
        assert_eq!(scaled::<1>(&[10, 20, 30, 40, 50, 60], 6, 1, (2, 1)), [20.0, 50.0]);
        // Five pixels in two blocks of two and a rest of one: the rest is averaged over its own size.
        assert_eq!(scaled::<1>(&[0, 0, 0, 0, 90], 5, 1, (2, 1)).last(), Some(&33.75));
    }
}
