//! The figures as JSON. Holds no time, no machine and no absolute path, so the same input gives the same file.

use serde::Serialize;

use super::{LeftOut, cascade::Touched, classes::Pairing, rounded, run::Measured};
use crate::{
    analysis::score::{
        Scene, Truth,
        alarms::{self, CleanAlarms},
        calibration::{Calibration, calibration},
        confusion::{Confusion, confusion},
        curve::{self, Curve},
        matching::matched,
    },
    domain::ModelRef,
};

/// Version of the JSON's shape.
pub const FORMAT: u32 = 1;
/// Overlap at which a detection is right, for everything but AP50-95.
pub const IOU: f64 = 0.5;

/// A model that took part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Took {
    /// Name and weights.
    #[serde(flatten)]
    pub model: ModelRef,
    /// SHA-256 of its manifest.
    pub manifest_sha256: String,
}

/// How it was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// Overlap at which a detection is right.
    pub iou: f64,
    /// The operating threshold.
    pub threshold: f32,
    /// Nothing below was looked at.
    pub floor: f32,
    /// Which classes were measured by which.
    pub classes: Vec<Pairing>,
    /// What the second stage did not look at because it scored below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify_floor: Option<f32>,
    /// The teacher's detections counted from this score on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher_threshold: Option<f32>,
    /// How boxes were matched.
    pub matching: &'static str,
    /// How AP was taken.
    pub average_precision: &'static str,
}

/// The data.
#[derive(Clone, Debug, Serialize)]
pub struct Data {
    /// `yolo`, `coco` or `none`.
    pub labels: &'static str,
    /// Pictures listed.
    pub listed: usize,
    /// Pictures judged.
    pub judged: usize,
    /// Pictures without a label file or annotation.
    pub unlabelled: usize,
    /// Pictures whose bytes are those of an earlier one; they were judged all the same.
    pub repeated: usize,
    /// SHA-256 over names, pictures and labels.
    pub sha256: String,
    /// Label classes that no class of the model stands for.
    pub unmeasured_classes: Vec<String>,
}

/// What did not count.
#[derive(Clone, Debug, Serialize)]
pub struct NotCounted {
    /// Pictures.
    pub pictures: usize,
    /// Labels.
    pub labels: usize,
    /// Labels of classes that are not measured.
    pub labels_of_unmeasured_classes: usize,
    /// Labels that count but were cut at the border.
    pub labels_clipped: usize,
    /// Each picture and why.
    pub picture_list: Vec<LeftOut>,
    /// Each label and why.
    pub label_list: Vec<LeftOut>,
}

/// One class.
#[derive(Clone, Debug, Serialize)]
pub struct OfClass {
    /// Name in the labels.
    pub name: String,
    /// Labelled boxes.
    pub truths: usize,
    /// Ignored regions.
    pub ignored: usize,
    /// Detections at the floor and above.
    pub found: usize,
    /// AP at overlap 0.5.
    pub ap50: Option<f64>,
    /// Mean AP at 0.50, 0.55, .. 0.95.
    pub ap50_95: Option<f64>,
    /// AP of whole pictures.
    pub ap_image: Option<f64>,
    /// At the operating threshold.
    pub precision: Option<f64>,
    /// At the operating threshold.
    pub recall: Option<f64>,
    /// Expected calibration error.
    pub ece: Option<f64>,
    /// Precision at recall 0.00, 0.01, .. 1.00, overlap 0.5.
    pub precision_at_recall: Vec<f64>,
}

/// Means over the classes that have labelled boxes.
#[derive(Clone, Debug, Serialize)]
pub struct Mean {
    /// Classes in the mean.
    pub classes: usize,
    /// AP at overlap 0.5.
    pub ap50: Option<f64>,
    /// Mean AP at 0.50 to 0.95.
    pub ap50_95: Option<f64>,
    /// AP of whole pictures.
    pub ap_image: Option<f64>,
}

/// What the second stage had to do.
#[derive(Clone, Debug, Serialize)]
pub struct Cascade {
    /// The second stage.
    pub verifier: Took,
    /// Crops that it looked at, and pictures with at least one.
    #[serde(flatten)]
    pub touched: Touched,
    /// Share of the judged pictures.
    pub pictures_share: Option<f64>,
}

/// One class on pictures that show nothing of any class.
#[derive(Clone, Debug, Serialize)]
pub struct CleanClass {
    /// Name in the labels.
    pub name: String,
    /// The score that finds [`IMAGE_RECALL`] of the labelled pictures; `None` where that many are not found at all.
    pub threshold: Option<f64>,
    /// Clean pictures with at least one detection at that score.
    pub alarmed_pictures: Option<usize>,
    /// Detections at that score.
    pub alarms: Option<usize>,
    /// Alarmed pictures a hundred clean ones.
    pub alarmed_per_100: Option<f64>,
}

/// A folder of pictures that are known to be clean.
#[derive(Clone, Debug, Serialize)]
pub struct CleanSet {
    /// Pictures judged.
    pub pictures: usize,
    /// SHA-256 over names and pictures.
    pub sha256: String,
    /// Pictures that could not be judged.
    pub left_out: Vec<LeftOut>,
    /// Share of the labelled pictures that the thresholds find.
    pub image_recall: f64,
    /// By class.
    pub classes: Vec<CleanClass>,
    /// What the second stage had to do there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touched: Option<Touched>,
}

/// Share of the labelled pictures that the threshold for clean pictures must find.
pub const IMAGE_RECALL: f64 = 0.9;

/// What the clean pictures of `measured` cost at the thresholds that `scenes` give.
pub fn clean_set(classes: &[Pairing], scenes: &[Scene], measured: &Measured, verified: bool) -> CleanSet {
    let pictures = measured.scenes.len();
    let of = |(index, pairing): (usize, &Pairing)| {
        let threshold = alarms::threshold_at(scenes, index, IMAGE_RECALL);
        let counted = threshold.map(|threshold| alarms::of_class(&measured.scenes, index, threshold));
        CleanClass {
            name: pairing.label.clone(),
            threshold: threshold.map(|threshold| rounded(f64::from(threshold))),
            alarmed_pictures: counted.map(|(pictures, _)| pictures),
            alarms: counted.map(|(_, alarms)| alarms),
            alarmed_per_100: counted
                .filter(|_| pictures > 0)
                .map(|(alarmed, _)| rounded(alarmed as f64 * 100.0 / pictures as f64)),
        }
    };
    CleanSet {
        pictures,
        sha256: measured.data_sha256.clone(),
        left_out: measured.pictures_left_out.clone(),
        image_recall: IMAGE_RECALL,
        classes: classes.iter().enumerate().map(of).collect(),
        touched: verified.then_some(measured.touched),
    }
}

/// All figures of a run over pictures.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Version of this shape.
    pub format: u32,
    /// `accuracy` against labels, `agreement` with a teacher.
    pub measure: &'static str,
    /// What was measured.
    pub model: Took,
    /// The second stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cascade: Option<Cascade>,
    /// What stood in for labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher: Option<Took>,
    /// On what.
    pub data: Data,
    /// How.
    pub settings: Settings,
    /// SHA-256 over model, teacher, data and settings.
    pub input_sha256: String,
    /// What did not count.
    pub left_out: NotCounted,
    /// Over all classes.
    pub mean: Mean,
    /// By class; those with neither a labelled box nor a detection at the threshold are named below.
    pub classes: Vec<OfClass>,
    /// Classes with neither.
    pub classes_without_any: Vec<String>,
    /// Pictures in which none of the measured classes is labelled.
    pub clean: CleanAlarms,
    /// Pictures of another folder, all of them clean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clean_set: Option<CleanSet>,
    /// All classes together, overlap 0.5.
    pub calibration: Calibration,
    /// Names of the rows and columns of `confusion`, without the last one.
    pub confusion_classes: Vec<String>,
    /// Rows labelled, columns found; last row false alarms, last column misses.
    pub confusion: Confusion,
}

/// Which models took part.
#[derive(Clone, Debug)]
pub struct Models {
    /// What is measured.
    pub model: Took,
    /// Its second stage.
    pub verifier: Option<Took>,
    /// What stood in for labels.
    pub teacher: Option<Took>,
}

/// Puts the figures together. `data` and `settings` say what was asked; `clean` is a further folder without labels.
pub fn report(models: Models, data: Data, settings: Settings, measured: &Measured, clean: Option<&Measured>) -> Report {
    let Models { model, verifier, teacher } = models;
    let scenes = &measured.scenes;
    let threshold = settings.threshold;
    let (mut classes, mut without, mut kept, mut judged_all) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, pairing) in settings.classes.iter().enumerate() {
        let truths = scenes.iter().flat_map(|s| &s.truths).filter(|t| t.class == index);
        let (ignored, counted): (Vec<&Truth>, Vec<&Truth>) = truths.partition(|truth| truth.ignored);
        let alarmed = scenes.iter().flat_map(|s| &s.found).any(|f| f.class == index && f.score >= threshold);
        if counted.is_empty() && ignored.is_empty() && !alarmed {
            without.push(pairing.label.clone());
            continue;
        }
        let matched = scenes.iter().flat_map(|scene| matched(scene, index, IOU)).filter(|one| !one.ignored);
        let judged: Vec<(f32, bool)> = matched.map(|one| (one.score, one.is_right())).collect();
        let boxes = Curve::new(judged.clone(), counted.len());
        let at = alarms::operating(scenes, index, threshold, IOU);
        kept.push(index);
        classes.push(OfClass {
            name: pairing.label.clone(),
            truths: counted.len(),
            ignored: ignored.len(),
            found: scenes.iter().flat_map(|s| &s.found).filter(|f| f.class == index).count(),
            ap50: boxes.ap().map(rounded),
            ap50_95: curve::ap50_95(scenes, index).map(rounded),
            ap_image: curve::of_pictures(scenes, index).ap().map(rounded),
            precision: at.precision().map(rounded),
            recall: at.recall().map(rounded),
            ece: calibration(&judged).ece.map(rounded),
            precision_at_recall: boxes.precision.into_iter().map(rounded).collect(),
        });
        judged_all.extend(judged);
    }
    let table = confusion(scenes, settings.classes.len(), threshold, IOU);
    let verified = verifier.is_some();
    let clean_set = clean.map(|clean| clean_set(&settings.classes, scenes, clean, verified));
    let mut hashed = serde_json::json!([&model, &teacher, &data, &settings]);
    if let Some(list) = hashed.as_array_mut().filter(|_| verified || clean_set.is_some()) {
        list.push(serde_json::json!([&verifier, clean_set.as_ref().map(|set| &set.sha256)]));
    }
    let input = hashed.to_string();
    let cascade = verifier.map(|verifier| Cascade {
        verifier,
        touched: measured.touched,
        pictures_share: (!scenes.is_empty()).then(|| rounded(measured.touched.pictures as f64 / scenes.len() as f64)),
    });
    Report {
        format: FORMAT,
        measure: if teacher.is_some() { "agreement" } else { "accuracy" },
        input_sha256: sha256_of(input.as_bytes()),
        model,
        cascade,
        teacher,
        left_out: not_counted(measured),
        mean: mean(&classes),
        confusion_classes: classes.iter().map(|class| class.name.clone()).collect(),
        classes,
        classes_without_any: without,
        clean: on_clean(scenes, threshold),
        clean_set,
        calibration: rounded_bins(calibration(&judged_all)),
        confusion: only(&table, &kept),
        data,
        settings,
    }
}

/// Lower-case hexadecimal SHA-256.
pub fn sha256_of(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

fn not_counted(measured: &Measured) -> NotCounted {
    NotCounted {
        pictures: measured.pictures_left_out.len(),
        labels: measured.labels_left_out.len(),
        labels_of_unmeasured_classes: measured.labels_unmeasured,
        labels_clipped: measured.labels_clipped,
        picture_list: measured.pictures_left_out.clone(),
        label_list: measured.labels_left_out.clone(),
    }
}

fn mean(classes: &[OfClass]) -> Mean {
    let of = |pick: fn(&OfClass) -> Option<f64>| {
        let known: Vec<f64> = classes.iter().filter_map(pick).collect();
        (!known.is_empty()).then(|| rounded(known.iter().sum::<f64>() / known.len() as f64))
    };
    Mean {
        classes: classes.iter().filter(|class| class.truths > 0).count(),
        ap50: of(|class| class.ap50),
        ap50_95: of(|class| class.ap50_95),
        ap_image: of(|class| class.ap_image),
    }
}

fn on_clean(scenes: &[Scene], threshold: f32) -> CleanAlarms {
    let clean = alarms::on_clean(scenes, threshold);
    CleanAlarms { alarms_per_100: clean.alarms_per_100.map(rounded), ..clean }
}

fn rounded_bins(mut calibration: Calibration) -> Calibration {
    for bin in &mut calibration.bins {
        (bin.confidence, bin.right) = (rounded(bin.confidence), rounded(bin.right));
    }
    calibration.ece = calibration.ece.map(rounded);
    calibration
}

/// The rows and columns of these classes, and the last ones.
fn only(Confusion(table): &Confusion, classes: &[usize]) -> Confusion {
    let last = table.len() - 1;
    let kept: Vec<usize> = classes.iter().copied().chain([last]).collect();
    Confusion(kept.iter().map(|&row| kept.iter().map(|&column| table[row][column]).collect()).collect())
}
