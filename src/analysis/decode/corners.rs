//! A finder of four-cornered things: for each prior box an offset of the box, a score, and offsets of the four corners
//! (the scheme of RetinaFace, arXiv 1905.00641, with four landmarks). Pure.

use super::{DecodeError, Output, expect_count, rows, score};
use crate::domain::{BBox, FrameSpace, Point, Quad, Score};

/// Parameters of such a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Corners {
    /// Names of the outputs: boxes `[priors, 4]`, scores `[priors, 2]`, corners `[priors, 8]`.
    pub outputs: [String; 3],
    /// Pixels from one cell to the next, one a level.
    pub strides: Vec<u32>,
    /// Sides of the prior boxes in pixels, of each level.
    pub priors: Vec<Vec<f32>>,
    /// Factors on the offsets of places and of sizes.
    pub variances: [f32; 2],
    /// Nothing below is kept.
    pub score_floor: Score,
    /// Largest overlap (IoU) of two things.
    pub nms_iou: f32,
    /// At most so many, the surest.
    pub things_max: usize,
}

/// A four-cornered thing, in pixels of the picture that the graph was shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cornered {
    /// How sure.
    pub score: Score,
    /// Its corners, clockwise from the top left one.
    pub quad: Quad<FrameSpace>,
}

impl Corners {
    /// All things in a picture of `width` x `height`, surest first.
    ///
    /// # Errors
    /// [`DecodeError`] when the tensors are not what the manifest describes.
    pub fn decode(&self, outputs: &[Output<'_>], [width, height]: [u32; 2]) -> Result<Vec<Cornered>, DecodeError> {
        expect_count(outputs, 3)?;
        let priors: Vec<[f32; 3]> = self.prior_boxes(width, height);
        let [boxes, scores, corners] = [(0, 4), (1, 2), (2, 8)]
            .map(|(i, numbers): (usize, usize)| rows(&self.outputs[i], &outputs[i], [priors.len(), numbers]));
        let mut found: Vec<(BBox<FrameSpace>, Cornered)> = Vec::new();
        for (((prior, sides), scores), corners) in priors.iter().zip(boxes?).zip(scores?).zip(corners?) {
            let Some(score) = score(&self.outputs[1], scores[1], true, self.score_floor)? else { continue };
            if !sides.iter().chain(corners).all(|v| v.is_finite()) {
                continue;
            }
            let [x, y, side] = *prior;
            let reach = self.variances[0] * side;
            let place = |dx: f32, dy: f32| Point::new(x + dx * reach, y + dy * reach);
            let Point { x: cx, y: cy, .. } = place(sides[0], sides[1]);
            let half = [sides[2], sides[3]].map(|v| side * (v * self.variances[1]).min(SIZE_LOG_MAX).exp() / 2.0);
            let bbox = BBox::new(cx - half[0], cy - half[1], cx + half[0], cy + half[1]);
            let points: [Point<FrameSpace>; 4] = std::array::from_fn(|i| place(corners[2 * i], corners[2 * i + 1]));
            if bbox.area() > 0.0 && points.iter().all(|p| p.x.is_finite() && p.y.is_finite()) {
                found.push((bbox, Cornered { score, quad: from_top_left(points) }));
            }
        }
        found.sort_by_key(|(_, thing)| std::cmp::Reverse(thing.score));
        let mut kept: Vec<(BBox<FrameSpace>, Cornered)> = Vec::new();
        for (bbox, thing) in found {
            if kept.len() < self.things_max && kept.iter().all(|(other, _)| other.iou(&bbox) <= self.nms_iou) {
                kept.push((bbox, thing));
            }
        }
        Ok(kept.into_iter().map(|(_, thing)| thing).collect())
    }

    /// Centre and side of every prior box, level by level, row by row.
    fn prior_boxes(&self, width: u32, height: u32) -> Vec<[f32; 3]> {
        let mut boxes = Vec::new();
        for (stride, sides) in self.strides.iter().zip(&self.priors) {
            for row in 0..height.div_ceil(*stride) {
                for column in 0..width.div_ceil(*stride) {
                    let middle = |cell: u32| (cell as f32 + 0.5) * *stride as f32;
                    boxes.extend(sides.iter().map(|side| [middle(column), middle(row), *side]));
                }
            }
        }
        boxes
    }
}

/// A box grows by at most e to this: what is more is a broken number.
const SIZE_LOG_MAX: f32 = 8.0;

/// The corners of a thing that stands about upright, clockwise from the top left one, whatever order the graph was taught.
fn from_top_left(points: [Point<FrameSpace>; 4]) -> Quad<FrameSpace> {
    let pick = |key: fn(&Point<FrameSpace>) -> f32| {
        points.iter().copied().reduce(|a, b| if key(&b) < key(&a) { b } else { a }).unwrap_or(points[0])
    };
    Quad([pick(|p| p.x + p.y), pick(|p| p.y - p.x), pick(|p| -p.x - p.y), pick(|p| p.x - p.y)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn corners() -> Corners {
        Corners {
            outputs: ["loc", "conf", "landms"].map(str::to_owned),
            strides: vec![16],
            priors: vec![vec![20.0]],
            variances: [0.1, 0.2],
            score_floor: Score::new(0.5).unwrap(),
            nms_iou: 0.4,
            things_max: 10,
        }
    }

    fn decode(loc: &[f32], conf: &[f32], landms: &[f32]) -> Result<Vec<Cornered>, DecodeError> {
        let outputs = [
            Output { shape: &[4, 4], data: loc },
            Output { shape: &[1, 4, 2], data: conf },
            Output { shape: &[4, 8], data: landms },
        ];
        corners().decode(&outputs, [32, 20])
    }

    #[test]
    fn offsets_are_taken_from_the_prior_and_corners_put_in_order() {
        let (mut loc, mut conf, mut landms) = ([0.0; 16], [0.0; 8], [0.0; 32]);
        // The prior of column 1, row 0 stands at (24, 8); its neighbour says the same thing less surely.
        (conf[3], conf[1]) = (0.9, 0.6);
        (loc[0], loc[4]) = (8.0, 0.0);
        landms[8..16].copy_from_slice(&[5.0, 3.0, -5.0, 3.0, -5.0, -3.0, 5.0, -3.0]);
        let found = decode(&loc, &conf, &landms).unwrap();
        assert_eq!(found.len(), 1);
        let points = found[0].quad.0.map(<[f32; 2]>::from);
        assert_eq!(points, [[14.0, 2.0], [34.0, 2.0], [34.0, 14.0], [14.0, 14.0]]);
        assert_eq!(found[0].score.value(), 0.9);
    }

    #[test]
    fn another_picture_size_is_named_by_its_shape() {
        let error = decode(&[0.0; 12], &[0.0; 8], &[0.0; 32]).unwrap_err().to_string();
        assert!(error.contains("output loc") && error.contains("[4, 4]"), "{error}");
    }

    proptest! {
        #[test]
        fn any_numbers_give_finite_corners_or_an_error(
            numbers in prop::collection::vec(prop_oneof![3 => -9.0_f32..9.0, 1 => any::<f32>()], 56),
        ) {
            if let Ok(found) = decode(&numbers[..16], &numbers[16..24], &numbers[24..]) {
                prop_assert!(found.iter().all(|thing| thing.score.value() >= 0.5));
                prop_assert!(found.iter().flat_map(|thing| thing.quad.0).all(|p| p.x.is_finite() && p.y.is_finite()));
            }
        }
    }
}
