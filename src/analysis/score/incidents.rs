//! Incidents against a timeline of what truly happened. The first incident that stands for a true one takes it, each
//! further one is a duplicate, what stands for none is false.

use serde::Serialize;

use crate::domain::{BBox, ReferenceSpace};

/// Something that truly stood there.
#[derive(Clone, Debug, PartialEq)]
pub struct TrueIncident {
    /// Key of the matter.
    pub matter: String,
    /// Where, on the reference picture.
    pub bbox: BBox<ReferenceSpace>,
    /// When it appeared, in seconds of the clip.
    pub from_s: f64,
    /// When it was gone, in seconds of the clip; infinite when it stays.
    pub until_s: f64,
}

/// An incident that was opened (or opened again).
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedIncident {
    /// Key of the matter.
    pub matter: String,
    /// Where, on the reference picture.
    pub bbox: BBox<ReferenceSpace>,
    /// When, in seconds of the clip.
    pub at_s: f64,
}

/// How well the incidents are the true ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IncidentScore {
    /// True incidents.
    pub truths: usize,
    /// Incidents opened.
    pub opened: usize,
    /// True incidents that were found.
    pub found: usize,
    /// Further incidents of a true one that was found already.
    pub duplicates: usize,
    /// Incidents that stand for nothing.
    pub wrong: usize,
    /// Share of opened incidents that stand for a true one, duplicates counted against it.
    pub precision: Option<f64>,
    /// Share of true incidents that were found.
    pub recall: Option<f64>,
    /// Duplicates a true incident that was found.
    pub duplicates_per_found: Option<f64>,
    /// False incidents an hour of the camera.
    pub wrong_per_camera_hour: Option<f64>,
    /// Seconds from appearing to opening, by true incident; `None` where it was missed.
    pub delays_s: Vec<Option<f64>>,
    /// Mean of the delays.
    pub delay_mean_s: Option<f64>,
    /// Index of the true incident of each opened one.
    pub stands_for: Vec<Option<usize>>,
}

/// Scores the incidents of a clip of `clip_s` seconds. One stands for a true incident of its matter when their boxes
/// overlap by `iou_min` and it was opened while that stood there, or at most `grace_s` later.
pub fn score(
    truths: &[TrueIncident],
    opened: &[OpenedIncident],
    clip_s: f64,
    iou_min: f32,
    grace_s: f64,
) -> IncidentScore {
    let mut order: Vec<usize> = (0..opened.len()).collect();
    order.sort_by(|&a, &b| opened[a].at_s.total_cmp(&opened[b].at_s));
    let mut delays: Vec<Option<f64>> = vec![None; truths.len()];
    let mut score = IncidentScore { truths: truths.len(), opened: opened.len(), ..IncidentScore::default() };
    score.stands_for = vec![None; opened.len()];
    for index in order {
        let one = &opened[index];
        let fits = |truth: &TrueIncident| {
            truth.matter == one.matter && (truth.from_s..=truth.until_s + grace_s).contains(&one.at_s)
        };
        let reached = truths.iter().enumerate().filter(|(_, truth)| fits(truth));
        let reached = reached.map(|(index, truth)| (index, truth.bbox.iou(&one.bbox))).filter(|r| r.1 >= iou_min);
        // One that is still to be found goes before one that was found: two that stand close are two.
        let best = reached.max_by(|a, b| delays[b.0].is_some().cmp(&delays[a.0].is_some()).then(a.1.total_cmp(&b.1)));
        score.stands_for[index] = best.map(|(truth, _)| truth);
        match best {
            Some((truth, _)) if delays[truth].is_none() => delays[truth] = Some(one.at_s - truths[truth].from_s),
            Some(_) => score.duplicates += 1,
            None => score.wrong += 1,
        }
    }
    let known: Vec<f64> = delays.iter().copied().flatten().collect();
    let share = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
    score.found = known.len();
    score.precision = share(known.len() as f64, opened.len() as f64);
    score.recall = share(known.len() as f64, truths.len() as f64);
    score.duplicates_per_found = share(score.duplicates as f64, known.len() as f64);
    score.wrong_per_camera_hour = share(score.wrong as f64 * 3600.0, clip_s);
    score.delay_mean_s = share(known.iter().sum(), known.len() as f64);
    score.delays_s = delays;
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(x: f32, from_s: f64, until_s: f64) -> TrueIncident {
        TrueIncident { matter: "parking".into(), bbox: BBox::from([x, 0.0, x + 0.1, 0.1]), from_s, until_s }
    }
    fn opened(matter: &str, x: f32, at_s: f64) -> OpenedIncident {
        OpenedIncident { matter: matter.into(), bbox: BBox::from([x, 0.0, x + 0.1, 0.1]), at_s }
    }

    #[test]
    fn the_first_takes_it_the_second_is_a_duplicate_the_rest_is_false() {
        let truths = [truth(0.0, 10.0, 100.0), truth(0.5, 0.0, f64::INFINITY), truth(0.8, 0.0, 50.0)];
        let found = [
            opened("parking", 0.0, 70.0),
            opened("parking", 0.01, 40.0),
            opened("parking", 0.5, 20.0),
            opened("stall", 0.8, 20.0),
            opened("parking", 0.8, 80.0),
        ];
        let score = score(&truths, &found, 1800.0, 0.3, 5.0);
        assert_eq!((score.found, score.duplicates, score.wrong), (2, 1, 2));
        assert_eq!(score.delays_s, [Some(30.0), Some(20.0), None]);
        assert_eq!(score.stands_for, [Some(0), Some(0), Some(1), None, None]);
        assert_eq!((score.precision, score.delay_mean_s), (Some(0.4), Some(25.0)));
        assert_eq!((score.duplicates_per_found, score.wrong_per_camera_hour), (Some(0.5), Some(4.0)));
    }

    #[test]
    fn a_clip_of_nothing_has_no_shares() {
        let score = score(&[], &[], 0.0, 0.3, 5.0);
        assert_eq!((score.precision, score.recall, score.wrong_per_camera_hour), (None, None, None));
    }
}
