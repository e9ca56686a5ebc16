//! YOLOX, undecoded: for each cell of all levels in one tensor, centre and size relative to the cell, objectness and
//! class scores (arXiv 2107.08430, anchor-free head).

use super::{DecodeError, Grid, Output, expect_count, rows, score};
use crate::{
    analysis::detected::{RawDetection, Scored},
    domain::{BBox, Score},
};

/// Parameters of a YOLOX graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Yolox {
    /// Cells and classes.
    pub grid: Grid,
    /// Name of the output `[cells of all levels, 5 + classes]`: x, y, log width, log height, objectness, classes.
    pub output: String,
}

impl Yolox {
    pub(super) fn decode(&self, outputs: &[Output<'_>], floor: Score) -> Result<Vec<RawDetection>, DecodeError> {
        expect_count(outputs, 1)?;
        let levels: Vec<(u32, usize, usize)> = (self.grid.strides.iter())
            .map(|&stride| {
                let (columns, lines) = self.grid.cells(stride);
                (stride, columns, lines)
            })
            .collect();
        let cells = levels.iter().map(|(_, columns, lines)| columns * lines).sum();
        let mut rows = rows(&self.output, &outputs[0], [cells, 5 + self.grid.classes])?;
        let mut found = Vec::new();
        for (stride, columns, lines) in levels {
            for (cell, row) in rows.by_ref().take(columns * lines).enumerate() {
                self.decode_cell(row, cell % columns, cell / columns, stride, floor, &mut found)?;
            }
        }
        Ok(found)
    }

    fn decode_cell(
        &self,
        row: &[f32],
        column: usize,
        line: usize,
        stride: u32,
        floor: Score,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), DecodeError> {
        let sigmoid = self.grid.scores_are_sigmoid;
        // No class score exceeds one, so a cell below the floor cannot rise above it.
        let Some(objectness) = score(&self.output, row[4], sigmoid, floor)? else { return Ok(()) };
        let stride = stride as f32;
        let (x, y) = ((column as f32 + row[0]) * stride, (line as f32 + row[1]) * stride);
        let (half_w, half_h) = (row[2].exp() * stride / 2.0, row[3].exp() * stride / 2.0);
        let corners = [x - half_w, y - half_h, x + half_w, y + half_h];
        let bbox = BBox::from(corners);
        if corners.iter().any(|corner| !corner.is_finite()) || !bbox.area().is_normal() {
            return Ok(());
        }
        for (class, &value) in row[5..].iter().enumerate() {
            let Some(likeness) = score(&self.output, value, sigmoid, Score::ZERO)? else { continue };
            if let Ok(score) = Score::new(objectness.value() * likeness.value())
                && score >= floor
            {
                found.push(Scored { class, score, bbox });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_all_levels_lie_one_after_the_other() {
        let grid = Grid { width: 32, height: 32, strides: vec![16, 32], classes: 2, scores_are_sigmoid: true };
        let model = Yolox { grid, output: "out".into() };
        let mut data = vec![0.0; 5 * 7];
        data[2 * 7..3 * 7].copy_from_slice(&[0.5, 0.25, 0.0, 2_f32.ln(), 0.8, 0.1, 0.5]); // level 0: column 0, row 1
        data[4 * 7..].copy_from_slice(&[0.5, 0.5, 0.0, 0.0, 1.0, 0.9, 0.0]); // level 1: its only cell
        let found = model.decode(&[Output { shape: &[1, 5, 7], data: &data }], Score::new(0.3).unwrap()).unwrap();
        let seen: Vec<_> = found.iter().map(|d| (d.class, d.score.value(), d.bbox.to_array())).collect();
        assert_eq!(seen, [(1, 0.4, [0.0, 4.0, 16.0, 36.0]), (0, 0.9, [0.0, 0.0, 32.0, 32.0])]);
    }
}
