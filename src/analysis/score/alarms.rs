//! What the operating threshold costs and brings: precision and recall there, and alarms on pictures that show nothing.

use serde::Serialize;

use super::{
    Scene,
    matching::{Matched, matched},
};

/// A class at the operating threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Operating {
    /// Detections that stand for a labelled box.
    pub right: usize,
    /// Detections that stand for none.
    pub wrong: usize,
    /// Labelled boxes that nothing stands for.
    pub missed: usize,
}

impl Operating {
    /// Share of detections that are right; `None` without any.
    pub fn precision(&self) -> Option<f64> {
        share(self.right, self.right + self.wrong)
    }
    /// Share of labelled boxes that are found; `None` without any.
    pub fn recall(&self) -> Option<f64> {
        share(self.right, self.right + self.missed)
    }
}

/// Alarms on clean pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct CleanAlarms {
    /// Pictures in which nothing is labelled.
    pub pictures: usize,
    /// Detections in them.
    pub alarms: usize,
    /// Those of them with at least one.
    pub alarmed_pictures: usize,
    /// Detections a hundred clean pictures; `None` without any.
    pub alarms_per_100: Option<f64>,
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A class at a threshold and an overlap.
pub fn operating(scenes: &[Scene], class: usize, score_min: f32, iou_min: f64) -> Operating {
    let mut count = Operating::default();
    for scene in scenes {
        let matched: Vec<Matched> =
            matched(scene, class, iou_min).into_iter().filter(|m| m.score >= score_min).collect();
        let right = matched.iter().filter(|one| one.is_right()).count();
        count.right += right;
        count.wrong += matched.iter().filter(|one| one.truth.is_none()).count();
        count.missed += scene.truths.iter().filter(|t| t.class == class && !t.ignored).count() - right;
    }
    count
}

/// The score that finds `recall` of the pictures in which the class is labelled, by their best detection of it wherever it
/// lies. `None` without such a picture, or where so many show none.
pub fn threshold_at(scenes: &[Scene], class: usize, recall: f64) -> Option<f32> {
    let labelled = |scene: &&Scene| scene.truths.iter().any(|truth| truth.class == class && !truth.ignored);
    let mut best: Vec<f32> = scenes.iter().filter(labelled).map(|scene| best_of(scene, class)).collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let wanted = (best.len() as f64 * recall).ceil() as usize;
    best.get(wanted.checked_sub(1)?).copied().filter(|score| *score > 0.0)
}

/// Alarms of a class on pictures of which none shows it: pictures with one, and all of them.
pub fn of_class(scenes: &[Scene], class: usize, score_min: f32) -> (usize, usize) {
    let alarms = |scene: &Scene| scene.found.iter().filter(|f| f.class == class && f.score >= score_min).count();
    let counts: Vec<usize> = scenes.iter().map(alarms).collect();
    (counts.iter().filter(|count| **count > 0).count(), counts.iter().sum())
}

fn best_of(scene: &Scene, class: usize) -> f32 {
    scene.found.iter().filter(|found| found.class == class).map(|found| found.score).fold(0.0, f32::max)
}

/// Alarms of all classes on the clean pictures.
pub fn on_clean(scenes: &[Scene], score_min: f32) -> CleanAlarms {
    let mut count = CleanAlarms::default();
    for scene in scenes.iter().filter(|scene| scene.is_clean()) {
        let alarms = scene.found.iter().filter(|found| found.score >= score_min).count();
        count.pictures += 1;
        count.alarms += alarms;
        count.alarmed_pictures += usize::from(alarms > 0);
    }
    count.alarms_per_100 = share(count.alarms * 100, count.pictures);
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::score::{Found, Truth},
        domain::BBox,
    };

    #[test]
    fn the_threshold_is_that_of_the_last_picture_that_is_wanted() {
        let bbox = BBox::from([0.0, 0.0, 10.0, 10.0]);
        let shown = |scores: &[f32]| Scene {
            truths: vec![Truth { class: 0, bbox, ignored: false }],
            found: scores.iter().map(|&score| Found { class: 0, score, bbox }).collect(),
        };
        let mut scenes: Vec<Scene> = (1..=9).map(|n| shown(&[0.05, n as f32 / 10.0])).collect();
        scenes.push(shown(&[]));
        assert_eq!(threshold_at(&scenes, 0, 0.9), Some(0.1), "9 of 10 pictures");
        assert_eq!(threshold_at(&scenes, 0, 0.5), Some(0.5));
        assert_eq!((threshold_at(&scenes, 0, 0.95), threshold_at(&scenes, 1, 0.9)), (None, None));
        assert_eq!((of_class(&scenes, 0, 0.8), of_class(&scenes, 0, 0.05)), ((2, 2), (9, 18)));
    }

    #[test]
    fn alarms_count_on_clean_pictures_alone() {
        let bbox = BBox::from([0.0, 0.0, 10.0, 10.0]);
        let found = |score| Found { class: 0, score, bbox };
        let truth = Truth { class: 0, bbox, ignored: false };
        let scenes = [
            Scene { truths: vec![], found: vec![found(0.6), found(0.5), found(0.4)] },
            Scene::default(),
            Scene::default(),
            Scene { truths: vec![truth], found: vec![found(0.9), found(0.8)] },
            Scene { truths: vec![truth], found: vec![found(0.4)] },
        ];
        let clean = on_clean(&scenes, 0.5);
        assert_eq!((clean.pictures, clean.alarms, clean.alarmed_pictures), (3, 2, 1));
        assert!((clean.alarms_per_100.unwrap() - 200.0 / 3.0).abs() < 1e-9);
        let at = operating(&scenes, 0, 0.5, 0.5);
        assert_eq!((at.right, at.wrong, at.missed), (1, 3, 1));
        assert_eq!((at.precision(), at.recall()), (Some(0.25), Some(0.5)));
        assert_eq!(on_clean(&scenes[3..], 0.5).alarms_per_100, None);
    }
}
