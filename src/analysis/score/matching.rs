//! Which detection is which labelled box: COCO's greedy match. By class, best score first; a detection takes the free
//! box that it overlaps most, an ignored region only when no box is left for it.

use super::{Found, Scene, Truth, overlap};

/// At most so many detections of a class in a picture count, the best ones (COCO's largest `maxDets`).
pub const FOUND_MAX: usize = 100;

/// A detection after the match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matched {
    /// The model's confidence.
    pub score: f32,
    /// Which detection of the picture.
    pub found: usize,
    /// Which labelled box of the picture it stands for.
    pub truth: Option<usize>,
    /// It lies in an ignored region: neither right nor wrong.
    pub ignored: bool,
}

impl Matched {
    /// It stands for a labelled box that counts.
    pub fn is_right(&self) -> bool {
        self.truth.is_some() && !self.ignored
    }
}

/// The detections of `class` in the picture, best first, each with the labelled box that it stands for at an overlap
/// of at least `iou_min`.
pub fn matched(scene: &Scene, class: usize, iou_min: f64) -> Vec<Matched> {
    let mut truths: Vec<(usize, &Truth)> = scene.truths.iter().enumerate().filter(|(_, t)| t.class == class).collect();
    truths.sort_by_key(|(_, truth)| truth.ignored);
    let mut found: Vec<(usize, &Found)> = scene.found.iter().enumerate().filter(|(_, f)| f.class == class).collect();
    found.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
    found.truncate(FOUND_MAX);
    let mut taken = vec![false; truths.len()];
    let match_one = |(number, found): (usize, &Found)| {
        let mut best: Option<usize> = None;
        let mut best_overlap = iou_min.min(1.0 - 1e-10);
        for (index, (_, truth)) in truths.iter().enumerate() {
            if taken[index] && !truth.ignored {
                continue;
            }
            // Boxes that count stand before ignored regions: one of them is never given up for a region.
            if truth.ignored && best.is_some_and(|b: usize| !truths[b].1.ignored) {
                break;
            }
            let overlap = overlap(&found.bbox, truth);
            if overlap >= best_overlap {
                (best, best_overlap) = (Some(index), overlap);
            }
        }
        if let Some(index) = best {
            taken[index] = true;
        }
        Matched {
            score: found.score,
            found: number,
            truth: best.map(|index| truths[index].0),
            ignored: best.is_some_and(|index| truths[index].1.ignored),
        }
    };
    found.into_iter().map(match_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::BBox;

    fn truth(bbox: [f32; 4], ignored: bool) -> Truth {
        Truth { class: 0, bbox: BBox::from(bbox), ignored }
    }
    fn found(score: f32, bbox: [f32; 4]) -> Found {
        Found { class: 0, score, bbox: BBox::from(bbox) }
    }
    fn row(matched: &[Matched]) -> Vec<(Option<usize>, bool)> {
        matched.iter().map(|m| (m.truth, m.ignored)).collect()
    }

    #[test]
    fn the_better_score_takes_the_box_and_the_second_is_wrong() {
        let scene = Scene {
            truths: vec![truth([0.0, 0.0, 10.0, 10.0], false)],
            found: vec![found(0.5, [0.0, 0.0, 10.0, 10.0]), found(0.9, [0.0, 0.0, 10.0, 6.0])],
        };
        let matched = matched(&scene, 0, 0.5);
        assert_eq!((matched[0].found, matched[1].found), (1, 0));
        assert_eq!(row(&matched), [(Some(0), false), (None, false)]);
    }

    #[test]
    fn an_ignored_region_takes_many_and_a_box_goes_before_it() {
        let scene = Scene {
            truths: vec![truth([0.0, 0.0, 100.0, 100.0], true), truth([0.0, 0.0, 10.0, 10.0], false)],
            found: vec![
                found(0.9, [0.0, 0.0, 10.0, 11.0]),
                found(0.8, [50.0, 50.0, 60.0, 60.0]),
                found(0.7, [0.0, 0.0, 10.0, 10.0]),
                found(0.6, [95.0, 95.0, 115.0, 115.0]),
            ],
        };
        let of = matched(&scene, 0, 0.5);
        assert_eq!(row(&of), [(Some(1), false), (Some(0), true), (Some(0), true), (None, false)]);
        assert!(matched(&scene, 1, 0.5).is_empty(), "another class");
    }
}
