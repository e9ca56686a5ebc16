//! A detector of classes that a few examples stand for: an encoder says how the crop looks, and what was learnt of the
//! examples how likely each class is. Its weight file is a few numbers that `xunjie model teach` writes; no picture is in it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Detector, InferError, Inspection, Lane};
use crate::{
    analysis::few_shot::Discriminant,
    domain::{BBox, Detection, ModelRef, Picture},
};

/// The weight file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Weights {
    classes: Vec<String>,
    middle: Vec<f32>,
    weights: Vec<Vec<f32>>,
    offsets: Vec<f32>,
    sharpness: f32,
}

/// The weight file of what was learnt.
pub fn write(learnt: &Discriminant) -> Vec<u8> {
    let weights = Weights {
        classes: learnt.classes.iter().map(ToString::to_string).collect(),
        middle: learnt.middle.clone(),
        weights: learnt.weights.clone(),
        offsets: learnt.offsets.clone(),
        sharpness: learnt.sharpness,
    };
    serde_json::to_vec(&weights).unwrap_or_default()
}

/// Reads a weight file of `classes`.
///
/// # Errors
/// What is wrong with it, as the predicate of a sentence about the file.
pub fn read(bytes: &[u8], classes: &[Arc<str>]) -> Result<Discriminant, String> {
    let Weights { classes: known, middle, weights, offsets, sharpness } =
        serde_json::from_slice(bytes).map_err(|error| format!("is not what it should be: {error}"))?;
    let known: Vec<Arc<str>> = known.into_iter().map(Arc::from).collect();
    if known != classes {
        return Err(format!("is of the classes {}, its manifest of {}", known.join(", "), classes.join(", ")));
    }
    let is_whole = (weights.len(), offsets.len()) == (known.len(), known.len())
        && !middle.is_empty()
        && weights.iter().all(|weights| weights.len() == middle.len())
        && middle.iter().chain(weights.iter().flatten()).chain(&offsets).all(|number| number.is_finite())
        && sharpness.is_finite()
        && sharpness > 0.0;
    if !is_whole {
        return Err("has numbers missing or too many".to_owned());
    }
    if weights.iter().any(|weights| weights.iter().all(|number| *number == 0.0)) {
        return Err("has a class that lies nowhere".to_owned());
    }
    Ok(Discriminant { classes: known, middle, weights, offsets, sharpness })
}

/// Says how likely each class is of what stands in the middle of a crop. Its boxes are the whole crop.
pub struct FewShotDetector {
    model: ModelRef,
    encoder: Arc<dyn Detector>,
    learnt: Discriminant,
}

impl FewShotDetector {
    /// Over the encoder that described the examples. Its model's hash is one over that of the examples and of the encoder, as
    /// text, in this order.
    pub fn new(examples: &ModelRef, encoder: Arc<dyn Detector>, learnt: Discriminant) -> Self {
        let all = [examples.sha256.as_str(), &encoder.model().sha256].concat();
        let model = ModelRef { name: examples.name.clone(), sha256: hex::encode(Sha256::digest(all)) };
        Self { model, encoder, learnt }
    }
}

impl Detector for FewShotDetector {
    fn model(&self) -> ModelRef {
        self.model.clone()
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<Detection>, InferError> {
        Ok(self.inspect_in(Lane::Visit, picture)?.detections)
    }

    fn detect_in(&self, lane: Lane, picture: &Picture) -> Result<Vec<Detection>, InferError> {
        Ok(self.inspect_in(lane, picture)?.detections)
    }

    fn inspect_in(&self, lane: Lane, picture: &Picture) -> Result<Inspection, InferError> {
        let inspected = self.encoder.inspect_in(lane, picture)?;
        let scores = inspected.description().and_then(|look| self.learnt.scores(&look)).ok_or_else(|| {
            let encoder = self.encoder.model().name;
            let text =
                format!("{encoder} describes pictures in another way now; teach it again with `xunjie model teach`");
            InferError::Run(self.model.name.clone(), text)
        })?;
        let bbox = BBox::new(0.0, 0.0, picture.width() as f32, picture.height() as f32);
        let said = |(class, score): (&Arc<str>, _)| Detection { class: Arc::clone(class), score, bbox, text: None };
        let mut detections: Vec<Detection> = self.learnt.classes.iter().zip(scores).map(said).collect();
        detections.sort_by_key(|detection| std::cmp::Reverse(detection.score));
        Ok(Inspection { detections, appearance: inspected.appearance, patches: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::{
            few_shot::{Example, teach},
            verify::Square,
        },
        domain::Appearance,
        infer::ScriptedDetector,
    };

    fn taught() -> Discriminant {
        let look = |light: f32, thing: usize| Appearance::new(vec![light, 1.0 - light, thing as f32 * 0.05, 2.0]);
        let of = |class: usize, light: f32| {
            (0..4).map(move |thing| Example { class, thing: thing.to_string(), look: look(light, thing) })
        };
        let examples: Vec<Example> = of(0, 0.1).chain(of(1, 0.9)).collect();
        teach(&["dark".into(), "bright".into()], &examples).unwrap().0
    }

    /// Describes a crop by how bright its middle is.
    fn encoder() -> Arc<dyn Detector> {
        Arc::new(ScriptedDetector::by_inspection(|_, crop| {
            let light = f32::from(crop.luma_at(crop.width() / 2, crop.height() / 2)) / 255.0;
            Ok(Inspection {
                detections: Vec::new(),
                appearance: Some(Appearance::new(vec![light, 1.0 - light, 0.1, 2.0])),
                patches: None,
            })
        }))
    }

    #[test]
    fn a_crop_is_what_its_middle_looks_like() {
        let examples = ModelRef { name: "light".into(), sha256: "1".repeat(64) };
        let detector = FewShotDetector::new(&examples, encoder(), taught());
        assert!(detector.model().sha256 != examples.sha256 && detector.model().name == "light");
        let rgb = (0..200 * 100).flat_map(|at| [if at % 200 < 100 { 230 } else { 20 }; 3]).collect();
        let picture = Picture::from_rgb(200, 100, rgb).unwrap();
        for (x, class) in [(40.0, "bright"), (140.0, "dark")] {
            let bbox = BBox::new(x, 40.0, x + 20.0, 60.0);
            let square = Square::around(&bbox, 200, 100).unwrap();
            let found = detector.detect(&square.of(&picture)).unwrap();
            assert_eq!((found.len(), &*found[0].class), (2, class));
            assert!(found[0].score.value() > 0.8, "{found:?}");
        }
    }

    #[test]
    fn the_weight_file_is_read_as_it_was_written_and_a_broken_one_is_refused() {
        let learnt = taught();
        let bytes = write(&learnt);
        assert_eq!(read(&bytes, &learnt.classes), Ok(learnt.clone()));
        let text = String::from_utf8(bytes).unwrap();
        let sharpness = format!("\"sharpness\":{:?}", learnt.sharpness);
        for (bytes, says) in [
            (text.clone(), "classes dark, bright"),
            (text.replace("\"middle\":[", "\"middle\":[1.0,"), "numbers missing"),
            (text.replace(&sharpness, "\"sharpness\":-1.0"), "numbers missing"),
            ("{}".to_owned(), "not what it should be"),
        ] {
            let classes: Vec<Arc<str>> =
                if says.starts_with("classes") { vec!["dark".into(), "dim".into()] } else { learnt.classes.clone() };
            let error = read(bytes.as_bytes(), &classes).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn an_encoder_that_describes_in_another_way_is_named() {
        let other = ScriptedDetector::by_inspection(|_, _| {
            Ok(Inspection { appearance: Some(Appearance::new(vec![1.0, 0.0])), ..Inspection::default() })
        });
        let examples = ModelRef { name: "light".into(), sha256: "1".repeat(64) };
        let detector = FewShotDetector::new(&examples, Arc::new(other), taught());
        let error = detector.detect(&Picture::from_rgb(8, 8, vec![0; 192]).unwrap()).unwrap_err();
        assert!(error.to_string().contains("xunjie model teach"), "{error}");
    }
}
