//! Non-maximum suppression: of boxes of one class that overlap too much only the best stays. Pure and
//! deterministic: equal scores are ordered by class and place, never by the order in which they came.

use super::detected::Scored;

/// At most so many boxes are compared, the best ones; a model that fires everywhere must not cost seconds.
pub const BOXES_MAX: usize = 2000;

/// The boxes that stay, best first, at most `keep_max`. A box goes when a better one of its class overlaps it by
/// more than `iou_max` (IoU). Boxes without area go.
pub fn suppress<S>(mut boxes: Vec<Scored<S>>, iou_max: f32, keep_max: usize) -> Vec<Scored<S>> {
    boxes.retain(|b| b.bbox.area() > 0.0);
    if boxes.len() > BOXES_MAX {
        boxes.select_nth_unstable_by(BOXES_MAX, Scored::best_first);
        boxes.truncate(BOXES_MAX);
    }
    boxes.sort_unstable_by(Scored::best_first);
    let mut kept: Vec<Scored<S>> = Vec::with_capacity(boxes.len().min(keep_max));
    for candidate in boxes {
        if kept.len() >= keep_max {
            break;
        }
        if !kept.iter().any(|k| k.class == candidate.class && k.bbox.iou(&candidate.bbox) > iou_max) {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{BBox, Score, TensorSpace};

    fn scored(class: usize, score: f32, bbox: [f32; 4]) -> Scored<TensorSpace> {
        Scored { class, score: Score::new(score).unwrap(), bbox: BBox::from(bbox) }
    }

    #[test]
    fn the_best_of_a_class_stays_and_classes_do_not_touch_each_other() {
        let boxes = vec![
            scored(2, 0.5, [0.0, 0.0, 10.0, 10.0]),
            scored(2, 0.9, [1.0, 0.0, 11.0, 10.0]),
            scored(7, 0.4, [0.0, 0.0, 10.0, 10.0]),
            scored(2, 0.3, [50.0, 0.0, 60.0, 10.0]),
            scored(2, 0.8, [5.0, 5.0, 5.0, 9.0]),
        ];
        let kept = suppress(boxes, 0.6, 10);
        assert_eq!(kept.iter().map(|k| (k.class, k.score.value())).collect::<Vec<_>>(), [(2, 0.9), (7, 0.4), (2, 0.3)]);
    }

    #[test]
    fn a_model_that_fires_everywhere_is_cut_to_the_best() {
        let boxes = (0..5000).map(|i| {
            let (x, y) = ((i % 100) as f32 * 4.0, (i / 100) as f32 * 4.0);
            scored(0, i as f32 / 5000.0, [x, y, x + 3.0, y + 3.0])
        });
        let kept = suppress(boxes.collect(), 0.5, 100);
        assert_eq!((kept.len(), kept[0].score.value()), (100, 4999.0 / 5000.0));
    }

    fn any_box() -> impl Strategy<Value = Scored<TensorSpace>> {
        (0_usize..3, 0_u8..=10, prop::array::uniform4(0_u8..20))
            .prop_map(|(class, score, b)| scored(class, f32::from(score) / 10.0, b.map(f32::from)))
    }

    proptest! {
        #[test]
        fn what_stays_is_sorted_apart_explains_what_went_and_ignores_the_order(
            boxes in prop::collection::vec(any_box(), 0..40), iou in 0.0_f32..1.0,
        ) {
            let kept = suppress(boxes.clone(), iou, usize::MAX);
            prop_assert!(kept.windows(2).all(|w| w[0].score >= w[1].score));
            for (i, a) in kept.iter().enumerate() {
                prop_assert!(kept[..i].iter().all(|b| a.class != b.class || a.bbox.iou(&b.bbox) <= iou));
            }
            for gone in boxes.iter().filter(|b| !kept.contains(b) && b.bbox.area() > 0.0) {
                let better = |k: &&Scored<TensorSpace>| k.class == gone.class && k.score >= gone.score;
                prop_assert!(kept.iter().filter(better).any(|k| k.bbox.iou(&gone.bbox) > iou));
            }
            let reversed = suppress(boxes.into_iter().rev().collect(), iou, usize::MAX);
            prop_assert_eq!(kept, reversed);
        }
    }
}
