//! What is taken for what at the operating threshold: boxes are matched without regard to their class.

use serde::Serialize;

use super::{Scene, overlap};

/// Rows are labelled classes, columns found ones. The last row is nothing labelled (false alarms), the last column
/// nothing found (misses).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confusion(pub Vec<Vec<usize>>);

/// Counts over all pictures. Best score first; a detection takes the free box that it overlaps most, whatever its
/// class. What lies in an ignored region and has no box counts nowhere.
pub fn confusion(scenes: &[Scene], classes: usize, score_min: f32, iou_min: f64) -> Confusion {
    let mut table = vec![vec![0; classes + 1]; classes + 1];
    for scene in scenes {
        let mut found: Vec<_> = scene.found.iter().filter(|f| f.score >= score_min).collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut taken = vec![false; scene.truths.len()];
        for found in found {
            let overlaps = scene.truths.iter().map(|truth| overlap(&found.bbox, truth)).enumerate();
            let reached: Vec<(usize, f64)> = overlaps.filter(|(_, overlap)| *overlap >= iou_min).collect();
            let free = reached.iter().filter(|(index, _)| !taken[*index] && !scene.truths[*index].ignored);
            match free.max_by(|a, b| a.1.total_cmp(&b.1)) {
                Some(&(index, _)) => {
                    taken[index] = true;
                    table[scene.truths[index].class][found.class] += 1;
                }
                None if reached.iter().any(|(index, _)| scene.truths[*index].ignored) => {}
                None => table[classes][found.class] += 1,
            }
        }
        for (truth, _) in scene.truths.iter().zip(taken).filter(|(truth, taken)| !taken && !truth.ignored) {
            table[truth.class][classes] += 1;
        }
    }
    Confusion(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::score::{Found, Truth},
        domain::BBox,
    };

    #[test]
    fn every_box_lands_in_one_cell() {
        let at = |x: f32| BBox::from([x, 0.0, x + 10.0, 10.0]);
        let truth = |class, x, ignored| Truth { class, bbox: at(x), ignored };
        let found = |class, score, x| Found { class, score, bbox: at(x) };
        let scene = Scene {
            truths: vec![truth(0, 0.0, false), truth(0, 20.0, false), truth(1, 40.0, false), truth(1, 60.0, true)],
            found: vec![
                found(0, 0.9, 0.0),
                found(1, 0.8, 20.0),
                found(1, 0.7, 60.0),
                found(0, 0.6, 0.0),
                found(1, 0.1, 40.0),
            ],
        };
        let Confusion(table) = confusion(&[scene], 2, 0.5, 0.5);
        assert_eq!(table, [[1, 1, 0], [0, 0, 1], [1, 0, 0]]);
    }
}
