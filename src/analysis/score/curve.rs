//! Precision over recall and average precision, interpolated at COCO's 101 recalls.

use super::{
    Scene,
    matching::{Matched, matched},
};

/// COCO's ten overlaps for AP50-95.
pub const IOUS: [f64; 10] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
/// Recalls at which precision is read.
const STEPS: usize = 100;

/// One class at one overlap.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Labelled boxes (or pictures) that count.
    pub positives: usize,
    /// Precision at recall 0.00, 0.01, .. 1.00: the best at that recall or any higher one; 0 beyond the reach.
    pub precision: Vec<f64>,
}

impl Curve {
    /// From scores and whether each was right; in the order of the pictures, which decides between equal scores.
    pub fn new(mut judged: Vec<(f32, bool)>, positives: usize) -> Self {
        judged.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut right = 0_usize;
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(judged.len());
        for (number, (_, is_right)) in judged.iter().enumerate() {
            right += usize::from(*is_right);
            points.push((right as f64 / positives.max(1) as f64, right as f64 / (number + 1) as f64));
        }
        for index in (1..points.len()).rev() {
            points[index - 1].1 = points[index - 1].1.max(points[index].1);
        }
        let precision = (0..=STEPS).map(|step| {
            let recall = step as f64 / STEPS as f64;
            points.get(points.partition_point(|point| point.0 < recall)).map_or(0.0, |point| point.1)
        });
        Self { positives, precision: precision.collect() }
    }

    /// Average precision; `None` where nothing is labelled.
    pub fn ap(&self) -> Option<f64> {
        (self.positives > 0).then(|| self.precision.iter().sum::<f64>() / self.precision.len() as f64)
    }
}

/// The boxes of a class over all pictures.
pub fn of_boxes(scenes: &[Scene], class: usize, iou_min: f64) -> Curve {
    let counted = |scene: &Scene| scene.truths.iter().filter(|t| t.class == class && !t.ignored).count();
    let judged = scenes.iter().flat_map(|scene| matched(scene, class, iou_min)).filter(|one| !one.ignored);
    let judged = judged.map(|one| (one.score, Matched::is_right(&one)));
    Curve::new(judged.collect(), scenes.iter().map(counted).sum())
}

/// Mean AP over COCO's ten overlaps.
pub fn ap50_95(scenes: &[Scene], class: usize) -> Option<f64> {
    let each: Option<Vec<f64>> = IOUS.iter().map(|&iou| of_boxes(scenes, class, iou).ap()).collect();
    each.map(|each| each.iter().sum::<f64>() / each.len() as f64)
}

/// Whole pictures: a picture's score is that of its best detection of the class, wherever it lies; it is positive where
/// the class is labelled. A picture with nothing but ignored regions of the class is left out.
pub fn of_pictures(scenes: &[Scene], class: usize) -> Curve {
    let mut judged = Vec::with_capacity(scenes.len());
    for scene in scenes {
        let mut of_class = scene.truths.iter().filter(|t| t.class == class).peekable();
        let labelled = of_class.peek().is_some();
        let positive = of_class.any(|truth| !truth.ignored);
        if labelled && !positive {
            continue;
        }
        let best = scene.found.iter().filter(|f| f.class == class).map(|f| f.score).fold(0.0, f32::max);
        judged.push((best, positive));
    }
    let positives = judged.iter().filter(|one| one.1).count();
    judged.retain(|one| one.0 > 0.0);
    Curve::new(judged, positives)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::score::{Found, Truth},
        domain::BBox,
    };

    /// Scores with whether each was right, how many were to be found, and the average precision by hand.
    type Row = (&'static [(f32, bool)], usize, f64);

    fn ap(judged: &[(f32, bool)], positives: usize) -> f64 {
        Curve::new(judged.to_vec(), positives).ap().unwrap()
    }

    /// By hand: of two boxes, right, wrong, right gives precision 1 up to recall 0.5 (51 steps), 2/3 beyond (50 steps).
    #[test]
    fn average_precision_is_that_of_the_table() {
        let cases: [Row; 6] = [
            (&[(0.9, true), (0.8, true)], 2, 1.0),
            (&[(0.9, true), (0.8, false), (0.7, true)], 2, (51.0 + 50.0 * 2.0 / 3.0) / 101.0),
            (&[(0.9, false), (0.8, true)], 1, 0.5),
            (&[(0.9, true)], 4, 26.0 / 101.0),
            (&[], 3, 0.0),
            (&[(0.7, true), (0.9, false), (0.8, true)], 2, 2.0 / 3.0),
        ];
        for (judged, positives, want) in cases {
            assert!((ap(judged, positives) - want).abs() < 1e-12, "{judged:?}");
        }
        assert_eq!(Curve::new(vec![(0.9, false)], 0).ap(), None);
    }

    #[test]
    fn a_picture_counts_once_by_its_best_detection() {
        let bbox = BBox::from([0.0, 0.0, 10.0, 10.0]);
        let far = BBox::from([50.0, 50.0, 60.0, 60.0]);
        let truth = |ignored| Truth { class: 0, bbox, ignored };
        let found = |score, bbox| Found { class: 0, score, bbox };
        let scenes = [
            Scene { truths: vec![truth(false)], found: vec![found(0.9, far), found(0.3, bbox)] },
            Scene { truths: vec![], found: vec![found(0.8, far)] },
            Scene { truths: vec![truth(true)], found: vec![found(0.95, far)] },
            Scene { truths: vec![truth(false)], found: vec![] },
        ];
        let curve = of_pictures(&scenes, 0);
        assert_eq!(curve.positives, 2);
        assert!((curve.ap().unwrap() - 51.0 / 101.0).abs() < 1e-12);
        assert!(of_boxes(&scenes, 0, 0.5).ap().unwrap() < 0.2, "the best box lies elsewhere");
    }
}
