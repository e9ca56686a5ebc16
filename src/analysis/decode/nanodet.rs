//! NanoDet: for each cell, class scores and the distances from the cell's centre to the four sides, each distance a
//! distribution over bins (Generalized Focal Loss, arXiv 2006.04388: the integral of the distribution).

use super::{DecodeError, Grid, Output, expect_count, rows, score};
use crate::{
    analysis::detected::{RawDetection, Scored},
    domain::{BBox, Score},
};

/// Parameters of a NanoDet graph.
#[derive(Clone, Debug, PartialEq)]
pub struct NanoDet {
    /// Cells and classes.
    pub grid: Grid,
    /// Names of the class outputs `[cells, classes]`, one a level.
    pub class_scores: Vec<String>,
    /// Names of the box outputs `[cells, 4 * (reg_max + 1)]`, one a level.
    pub boxes: Vec<String>,
    /// The highest bin: distances reach from 0 to this many strides.
    pub reg_max: usize,
    /// Where in its cell the centre lies, in strides.
    pub centre_offset: f32,
}

impl NanoDet {
    pub(super) fn output_names(&self) -> Vec<&str> {
        self.class_scores.iter().chain(&self.boxes).map(String::as_str).collect()
    }

    pub(super) fn decode(&self, outputs: &[Output<'_>], floor: Score) -> Result<Vec<RawDetection>, DecodeError> {
        let levels = self.grid.strides.len();
        expect_count(outputs, 2 * levels)?;
        if self.class_scores.len() != levels || self.boxes.len() != levels {
            return Err(DecodeError::Count { got: self.class_scores.len() + self.boxes.len(), want: 2 * levels });
        }
        let mut found = Vec::new();
        for level in 0..levels {
            self.decode_level(level, &outputs[level], &outputs[levels + level], floor, &mut found)?;
        }
        Ok(found)
    }

    fn decode_level(
        &self,
        level: usize,
        scores: &Output<'_>,
        boxes: &Output<'_>,
        floor: Score,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), DecodeError> {
        let stride = self.grid.strides[level];
        let (columns, lines) = self.grid.cells(stride);
        let (score_name, bins) = (&self.class_scores[level], self.reg_max + 1);
        let scores = rows(score_name, scores, [columns * lines, self.grid.classes])?;
        let boxes = rows(&self.boxes[level], boxes, [columns * lines, 4 * bins])?;
        for (cell, (scores, sides)) in scores.zip(boxes).enumerate() {
            let mut bbox = None;
            for (class, &value) in scores.iter().enumerate() {
                let Some(score) = score(score_name, value, self.grid.scores_are_sigmoid, floor)? else { continue };
                let place = bbox.get_or_insert_with(|| self.bbox(cell % columns, cell / columns, stride, sides));
                if let Some(bbox) = *place {
                    found.push(Scored { class, score, bbox });
                }
            }
        }
        Ok(())
    }

    /// The box of a cell.
    ///
    /// Returns `None` when a distance is no number or the box has no area.
    fn bbox<S>(&self, column: usize, line: usize, stride: u32, sides: &[f32]) -> Option<BBox<S>> {
        let stride = stride as f32;
        let (x, y) = ((column as f32 + self.centre_offset) * stride, (line as f32 + self.centre_offset) * stride);
        let mut reach = [0.0_f32; 4];
        for (reach, logits) in reach.iter_mut().zip(sides.chunks_exact(self.reg_max + 1)) {
            *reach = expectation(logits)? * stride;
        }
        let [left, top, right, bottom] = reach;
        let bbox = BBox::new(x - left, y - top, x + right, y + bottom);
        (bbox.area() > 0.0).then_some(bbox)
    }
}

/// Mean bin under the softmax of `logits`, shifted by the largest one so that nothing overflows.
///
/// Returns `None` when a logit is no number or infinite.
fn expectation(logits: &[f32]) -> Option<f32> {
    if !logits.iter().all(|logit| logit.is_finite()) {
        return None;
    }
    let largest = logits.iter().copied().fold(f32::MIN, f32::max);
    let (mut weighted, mut total) = (0.0_f32, 0.0_f32);
    for (bin, logit) in logits.iter().enumerate() {
        let weight = (logit - largest).exp();
        weighted += weight * bin as f32;
        total += weight;
    }
    (total > 0.0).then(|| weighted / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_level() -> NanoDet {
        let grid = Grid { width: 32, height: 16, strides: vec![8], classes: 3, scores_are_sigmoid: true };
        NanoDet { grid, class_scores: vec!["c".into()], boxes: vec!["b".into()], reg_max: 4, centre_offset: 0.5 }
    }

    /// Logits that put all weight on the bins `left, top, right, bottom`.
    fn sharp(bins: [usize; 4]) -> Vec<f32> {
        bins.iter().flat_map(|bin| (0..5).map(move |b| if b == *bin { 60.0 } else { 0.0 })).collect()
    }

    #[test]
    fn a_cell_reaches_from_its_centre_by_the_mean_bin() {
        let model = one_level();
        let mut scores = vec![0.1; 8 * 3];
        scores[5 * 3 + 2] = 0.75; // cell 5: column 1, row 1, centre (12, 12)
        let mut boxes = vec![0.0; 8 * 20];
        boxes[100..120].copy_from_slice(&sharp([1, 0, 2, 4]));
        let outputs = [Output { shape: &[1, 8, 3], data: &scores }, Output { shape: &[1, 8, 20], data: &boxes }];
        let found = model.decode(&outputs, Score::new(0.5).unwrap()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].class, found[0].score.value()), (2, 0.75));
        let close = |got: [f32; 4], want: [f32; 4]| got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-3);
        assert!(close(found[0].bbox.to_array(), [4.0, 12.0, 28.0, 44.0]), "{:?}", found[0]);
        assert!((expectation(&[0.3; 5]).unwrap() - 2.0).abs() < 1e-6, "an even distribution lies in the middle");
    }

    #[test]
    fn logits_taken_for_scores_are_named_and_broken_boxes_dropped() {
        let model = one_level();
        let (mut scores, mut boxes) = (vec![0.9; 8 * 3], vec![0.0; 8 * 20]);
        boxes[3] = f32::NAN;
        let count = |scores: &[f32], boxes: &[f32]| {
            let outputs = [Output { shape: &[8, 3], data: scores }, Output { shape: &[8, 20], data: boxes }];
            model.decode(&outputs, Score::new(0.5).unwrap()).map(|found| found.len())
        };
        assert_eq!(count(&scores, &boxes), Ok(7 * 3));
        scores[4] = f32::NAN;
        assert_eq!(count(&scores, &boxes), Ok(7 * 3 - 1));
        scores[4] = 4.5;
        assert_eq!(count(&scores, &boxes), Err(DecodeError::NoScore { name: "c".into(), value: 4.5 }));
    }
}
