//! Which classes of a model stand for which classes of the labels. Without a mapping equal names do; what has no
//! counterpart is neither right nor wrong.

use crate::{
    analysis::{detected::Scored, nms, score::Found},
    domain::Detection,
};

use super::EvalError;

/// A label class and the model's classes that stand for it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Pairing {
    /// Name in the labels.
    pub label: String,
    /// Names in the model.
    pub model: Vec<String>,
}

/// The measured classes, in the order of the labels (or of the mapping).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassMap {
    /// What is measured.
    pub pairings: Vec<Pairing>,
    /// Label classes that nothing stands for; their boxes are left out.
    pub unmeasured: Vec<String>,
}

impl ClassMap {
    /// `asked` are texts `LABEL=MODEL[,MODEL..]`; without any, equal names pair up.
    ///
    /// # Errors
    /// [`EvalError::Mapping`] for text that is no mapping, names that do not exist, or when nothing pairs up.
    pub fn new(asked: &[String], labels: &[String], model: &[String]) -> Result<Self, EvalError> {
        let fault = |text: String| Err(EvalError::Mapping(text));
        let known = |names: &[String], name: &str| names.iter().any(|one| one == name);
        let mut pairings: Vec<Pairing> = Vec::new();
        for text in asked {
            let Some((label, classes)) = text.split_once('=') else {
                return fault(format!("{text:?} is none; write LABEL=MODEL or LABEL=MODEL,MODEL"));
            };
            let classes: Vec<String> = classes.split(',').map(|name| name.trim().to_owned()).collect();
            let label = label.trim().to_owned();
            if !known(labels, &label) {
                return fault(format!("the labels have no class {label:?}; they have {}", labels.join(", ")));
            }
            if let Some(ghost) = classes.iter().find(|name| !known(model, name)) {
                return fault(format!("the model has no class {ghost:?}; it has {}", model.join(", ")));
            }
            let taken = |name: &String| pairings.iter().any(|p| p.model.contains(name));
            if pairings.iter().any(|p| p.label == label) || classes.iter().any(taken) {
                return fault(format!("{text:?} names a class a second time; name each once"));
            }
            pairings.push(Pairing { label, model: classes });
        }
        if asked.is_empty() {
            let same = labels.iter().filter(|label| known(model, label));
            pairings = same.map(|label| Pairing { label: label.clone(), model: vec![label.clone()] }).collect();
        }
        if pairings.is_empty() {
            return fault(format!(
                "no class of the labels ({}) is one of the model's ({}); pair them with --map LABEL=MODEL",
                labels.join(", "),
                model.join(", ")
            ));
        }
        let measured = |label: &&String| !pairings.iter().any(|p| p.label == **label);
        let unmeasured = labels.iter().filter(measured).cloned().collect();
        Ok(Self { pairings, unmeasured })
    }

    /// Index of a label class.
    pub fn of_label(&self, name: &str) -> Option<usize> {
        self.pairings.iter().position(|pairing| pairing.label == name)
    }

    /// Detections in the labels' classes, best first. Where several classes stand for one label, boxes of one thing
    /// that overlap by more than `nms_iou` are one, as they are within a class.
    pub fn found(&self, detections: &[Detection], nms_iou: f32) -> Vec<Found> {
        let of_model = |name: &str| self.pairings.iter().position(|p| p.model.iter().any(|class| class == name));
        let mapped = detections.iter().filter_map(|detection| {
            let class = of_model(&detection.class)?;
            Some(Scored { class, score: detection.score, bbox: detection.bbox })
        });
        let kept = nms::suppress(mapped.collect(), nms_iou, usize::MAX);
        kept.into_iter().map(|s| Found { class: s.class, score: s.score.value(), bbox: s.bbox }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BBox, Score};

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_mapping_is_understood_or_refused_with_the_names_that_exist() {
        let (labels, model) = (names(&["dump_truck", "person"]), names(&["person", "car", "truck"]));
        let map = ClassMap::new(&names(&["dump_truck=truck,car"]), &labels, &model).unwrap();
        assert_eq!((map.of_label("dump_truck"), map.unmeasured), (Some(0), names(&["person"])));
        assert_eq!(ClassMap::new(&[], &labels, &model).unwrap().pairings[0].label, "person");
        for (asked, says) in [
            (vec!["x=truck"], "no class \"x\""),
            (vec!["person=ghost"], "no class \"ghost\""),
            (vec!["person"], "write LABEL=MODEL"),
            (vec!["person=car", "dump_truck=car"], "a second time"),
        ] {
            let error = ClassMap::new(&names(&asked), &labels, &model).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        assert!(ClassMap::new(&[], &names(&["garbage"]), &model).unwrap_err().to_string().contains("--map"));
    }

    #[test]
    fn one_vehicle_seen_as_car_and_truck_is_one() {
        let map =
            ClassMap::new(&names(&["vehicle=car,truck"]), &names(&["vehicle"]), &names(&["car", "truck"])).unwrap();
        let seen = |class: &str, score, x| Detection {
            class: class.into(),
            score: Score::new(score).unwrap(),
            bbox: BBox::from([x, 0.0, x + 10.0, 10.0]),
            text: None,
        };
        let found = map.found(&[seen("car", 0.5, 0.0), seen("truck", 0.6, 1.0), seen("car", 0.4, 50.0)], 0.6);
        assert_eq!(found.iter().map(|f| f.score).collect::<Vec<_>>(), [0.6, 0.4]);
    }
}
