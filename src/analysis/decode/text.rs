//! A map of text likelihood (Differentiable Binarization, arXiv 1911.08947): pixels that are text, joined to regions.
//! One number a pixel of the picture that was looked at, so nothing is mapped back here. Pure.

use crate::{
    analysis::rectangle::least_rectangle,
    domain::{FrameSpace, Point, Quad, Score},
};

/// How a map is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextMapRule {
    /// A pixel is text from here on.
    pub pixel_min: f32,
    /// A region counts from this mean likelihood on.
    pub score_min: Score,
    /// The map shows text shrunk: a region grows outwards by this factor times its area over its circumference.
    pub unclip: f32,
    /// At most so many regions, the likeliest.
    pub regions_max: usize,
}

/// Likelihood of text, row-major, one number a pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct TextMap {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

/// A region that holds text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextRegion {
    /// Where.
    pub quad: Quad<FrameSpace>,
    /// Mean likelihood inside of the region before it grows.
    pub score: Score,
}

/// Regions whose shorter side is less before they grow are specks.
const SPECK_PX: f32 = 3.0;

impl TextMap {
    /// A map on which nothing is text.
    pub fn blank(width: usize, height: usize) -> Self {
        Self { width, height, values: vec![0.0; width * height] }
    }

    /// Puts a rectangle of another map's rows (`row_px` numbers each) to `to`; what reaches beyond is left out.
    pub fn paste(&mut self, from: &[f32], row_px: usize, source: [usize; 2], to: [usize; 2], size: [usize; 2]) {
        let columns = size[0].min(self.width.saturating_sub(to[0])).min(row_px.saturating_sub(source[0]));
        for row in 0..size[1].min(self.height.saturating_sub(to[1])) {
            let begin = (source[1] + row) * row_px + source[0];
            let at = (to[1] + row) * self.width + to[0];
            let (values, place) = (from.get(begin..begin + columns), self.values.get_mut(at..at + columns));
            let Some((values, place)) = values.zip(place) else { return };
            place.copy_from_slice(values);
        }
    }

    /// The regions, likeliest first. Pixels that touch by an edge or a corner belong together.
    pub fn regions(&self, rule: &TextMapRule) -> Vec<TextRegion> {
        let mut seen = vec![false; self.values.len()];
        let mut found = Vec::new();
        for start in 0..self.values.len() {
            if seen[start] || self.values[start].is_nan() || self.values[start] <= rule.pixel_min {
                continue;
            }
            let mut border = self.gather(start, rule.pixel_min, &mut seen);
            found.extend(self.region(&mut border, rule));
        }
        found.sort_by(|a, b| {
            let corner = |region: &TextRegion| region.quad.0[0];
            (b.score.cmp(&a.score)).then(corner(a).y.total_cmp(&corner(b).y)).then(corner(a).x.total_cmp(&corner(b).x))
        });
        found.truncate(rule.regions_max);
        found
    }

    /// Marks the component of `start` and returns the centres of its pixels that have a neighbour outside.
    fn gather(&self, start: usize, least: f32, seen: &mut [bool]) -> Vec<Point<FrameSpace>> {
        let (width, height) = (self.width, self.height);
        let mut border = Vec::new();
        let mut waiting = vec![start];
        seen[start] = true;
        while let Some(at) = waiting.pop() {
            let (x, y) = (at % width, at / width);
            let mut inside = 0;
            for ny in y.saturating_sub(1)..(y + 2).min(height) {
                for nx in x.saturating_sub(1)..(x + 2).min(width) {
                    let next = ny * width + nx;
                    if self.values[next] > least {
                        inside += 1;
                        if !seen[next] {
                            seen[next] = true;
                            waiting.push(next);
                        }
                    }
                }
            }
            if inside < 9 {
                border.push(Point::new(x as f32 + 0.5, y as f32 + 0.5));
            }
        }
        border
    }

    fn region(&self, border: &mut Vec<Point<FrameSpace>>, rule: &TextMapRule) -> Option<TextRegion> {
        let tight = least_rectangle(border, 0.0)?;
        let (width, height) = (tight.width(), tight.height());
        if width.min(height) < SPECK_PX {
            return None;
        }
        let score = self.mean_inside(&tight)?;
        if score < rule.score_min {
            return None;
        }
        let margin = width * height * rule.unclip / (2.0 * (width + height));
        Some(TextRegion { quad: least_rectangle(border, margin)?, score })
    }

    /// Mean likelihood of the pixels whose centres lie inside or on the edge.
    fn mean_inside(&self, quad: &Quad<FrameSpace>) -> Option<Score> {
        /// An edge goes through the centres of its own pixels; rounding must not lose them.
        const ON_THE_EDGE_PX: f32 = 0.01;
        let around = quad.bbox();
        let range =
            |from: f32, to: f32, end: usize| (from.max(0.0) as usize)..((to.max(0.0).ceil() as usize) + 1).min(end);
        let (mut sum, mut count) = (0.0_f64, 0_u32);
        for y in range(around.y0(), around.y1(), self.height) {
            for x in range(around.x0(), around.x1(), self.width) {
                let centre = (x as f32 + 0.5, y as f32 + 0.5);
                let inside = (0..4).all(|i| {
                    let (a, b) = (quad.0[i], quad.0[(i + 1) % 4]);
                    let side = (b.x - a.x) * (centre.1 - a.y) - (b.y - a.y) * (centre.0 - a.x);
                    side >= -ON_THE_EDGE_PX * (b.x - a.x).hypot(b.y - a.y)
                });
                let value = self.values[y * self.width + x];
                if inside && value.is_finite() {
                    sum += f64::from(value);
                    count += 1;
                }
            }
        }
        (count > 0).then(|| Score::new(((sum / f64::from(count)) as f32).clamp(0.0, 1.0)).unwrap_or(Score::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule() -> TextMapRule {
        TextMapRule { pixel_min: 0.3, score_min: Score::new(0.5).unwrap(), unclip: 1.5, regions_max: 100 }
    }

    fn map(width: usize, height: usize, blocks: &[([usize; 4], f32)]) -> TextMap {
        let mut map = TextMap::blank(width, height);
        for ([x0, y0, x1, y1], value) in blocks {
            map.paste(&vec![*value; (x1 - x0) * (y1 - y0)], x1 - x0, [0, 0], [*x0, *y0], [x1 - x0, y1 - y0]);
        }
        map
    }

    #[test]
    fn two_lines_are_two_regions_that_grow_by_area_over_circumference() {
        let map = map(200, 60, &[([20, 10, 120, 20], 0.9), ([20, 35, 80, 45], 0.7)]);
        let found = map.regions(&rule());
        assert_eq!(found.iter().map(|r| (r.score.value() * 10.0).round()).collect::<Vec<_>>(), [9.0, 7.0]);
        // Centres span 99 x 9; 99 * 9 * 1.5 / 216 = 6.19.
        let grown = found[0].quad.bbox().to_array();
        let want = [20.5 - 6.1875, 10.5 - 6.1875, 119.5 + 6.1875, 19.5 + 6.1875];
        assert!(grown.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-3), "{grown:?}");
    }

    #[test]
    fn specks_faint_regions_and_numbers_that_are_none_are_left_out() {
        let mut map = map(100, 40, &[([5, 5, 7, 25], 0.9), ([30, 5, 60, 15], 0.4)]);
        map.values[3900] = f32::NAN;
        map.values[3901] = f32::INFINITY;
        assert_eq!(map.regions(&rule()), []);
    }

    #[test]
    fn tiles_put_side_by_side_are_one_region() {
        let half = vec![0.8; 50 * 20];
        let mut map = TextMap::blank(100, 40);
        map.paste(&half, 50, [0, 0], [0, 10], [50, 20]);
        map.paste(&half, 50, [10, 0], [50, 10], [40, 20]);
        map.paste(&half, 50, [0, 0], [90, 30], [50, 20]);
        let found = map.regions(&TextMapRule { unclip: 0.0, ..rule() });
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].quad.bbox().x1(), 99.5);
    }

    proptest! {
        #[test]
        fn any_numbers_give_finite_regions(
            numbers in prop::collection::vec(prop_oneof![4 => 0.0_f32..1.0, 1 => any::<f32>()], 24 * 16),
        ) {
            let mut map = TextMap::blank(24, 16);
            map.paste(&numbers, 24, [0, 0], [0, 0], [24, 16]);
            for region in map.regions(&TextMapRule { score_min: Score::ZERO, ..rule() }) {
                prop_assert!(region.quad.0.iter().all(|p| p.x.is_finite() && p.y.is_finite()));
            }
        }
    }
}
