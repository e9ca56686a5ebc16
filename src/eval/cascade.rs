//! A cascade over pictures: every proposal of the cheap model is looked at again on a crop by the verifier, and the fused
//! score counts. What the cheap model scores below the floor was never proposed and counts as not found.

use std::sync::Arc;

use serde::Serialize;

use super::classes::ClassMap;
use crate::{
    analysis::{
        score::Found,
        verify::{Fusion, Square},
    },
    domain::{Picture, Score},
    infer::{Detector, manifest::DetectorSpec},
};

/// The second stage.
pub struct Verifier<'a> {
    /// Looks at crops.
    pub detector: &'a dyn Detector,
    /// How both scores become one.
    pub fusion: Fusion,
    /// For each measured class: the verifier's classes that stand for it, and what it scores where it sees none of them.
    pub classes: Vec<(Vec<Arc<str>>, Score)>,
    /// Proposals below are dropped.
    pub floor: Score,
}

/// How much the verifier had to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Touched {
    /// Crops that it looked at.
    pub crops: usize,
    /// Pictures with at least one.
    pub pictures: usize,
}

impl<'a> Verifier<'a> {
    /// For the classes of `map`, which is of this verifier's class names.
    pub fn new(detector: &'a dyn Detector, spec: &DetectorSpec, fusion: Fusion, map: &ClassMap, floor: Score) -> Self {
        let of = |names: &[String]| {
            let classes: Vec<Arc<str>> = names.iter().map(|name| Arc::from(name.as_str())).collect();
            let unseen = classes.iter().map(|class| spec.unseen(class)).max().unwrap_or(spec.score_floor);
            (classes, unseen)
        };
        Self { detector, fusion, classes: map.pairings.iter().map(|pairing| of(&pairing.model)).collect(), floor }
    }

    /// The proposals with their fused scores.
    ///
    /// # Errors
    /// The verifier's, in words.
    pub fn rescore(&self, picture: &Picture, proposals: Vec<Found>) -> Result<(Vec<Found>, Touched), String> {
        let mut touched = Touched::default();
        let mut kept = Vec::new();
        for mut proposal in proposals.into_iter().filter(|proposal| proposal.score >= self.floor.value()) {
            let square = Square::around(&proposal.bbox, picture.width(), picture.height());
            let (Some(square), Some((classes, unseen))) = (square, self.classes.get(proposal.class)) else { continue };
            touched.crops += 1;
            let seen = self.detector.detect(&square.of(picture)).map_err(|error| error.to_string())?;
            let verified = square.score(&proposal.bbox, classes, &seen, *unseen);
            let proposed = Score::new(proposal.score).map_err(|error| error.to_string())?;
            proposal.score = self.fusion.of(proposed, verified).value();
            kept.push(proposal);
        }
        touched.pictures = usize::from(touched.crops > 0);
        Ok((kept, touched))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{BBox, Detection},
        infer::scripted::ScriptedDetector,
    };

    #[test]
    fn proposals_above_the_floor_are_looked_at_again_and_the_rest_is_gone() {
        let score = |value| Score::new(value).unwrap();
        // Sees garbage in the middle of a crop that is bright there.
        let verifier = ScriptedDetector::by_function(move |_, crop: &Picture| {
            let bright = crop.luma_at(crop.width() / 2, crop.height() / 2) > 100;
            let side = crop.width() as f32;
            let bbox = BBox::new(side * 0.3, side * 0.3, side * 0.7, side * 0.7);
            Ok(if bright {
                vec![Detection { class: "waste".into(), score: score(0.9), bbox, text: None }]
            } else {
                Vec::new()
            })
        });
        let rgb = (0..200 * 100).flat_map(|at| [if at % 200 < 100 { 200 } else { 20 }; 3]).collect();
        let picture = Picture::from_rgb(200, 100, rgb).unwrap();
        let stage = Verifier {
            detector: &verifier,
            fusion: Fusion::VERIFIER,
            classes: vec![(vec!["waste".into()], score(0.1))],
            floor: score(0.2),
        };
        let found = |score, x: f32| Found { class: 0, score, bbox: BBox::new(x, 30.0, x + 40.0, 70.0) };
        let (kept, touched) =
            stage.rescore(&picture, vec![found(0.5, 20.0), found(0.8, 140.0), found(0.1, 30.0)]).unwrap();
        let scores: Vec<f32> = kept.iter().map(|one| (one.score * 100.0).round()).collect();
        assert_eq!((scores, touched), (vec![90.0, 10.0], Touched { crops: 2, pictures: 1 }));
        assert_eq!(verifier.asked(), 2);
        assert_eq!(stage.rescore(&picture, vec![found(0.1, 0.0)]).unwrap().1, Touched::default());
    }
}
