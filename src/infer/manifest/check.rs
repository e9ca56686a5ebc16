//! Raw manifest to manifest: pure, all faults at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    ops::RangeInclusive,
    path::Path,
    sync::Arc,
};

use super::{
    Calibrations, CharsetSource, ComparisonSpec, DetectorSpec, FewShotSpec, Manifest, ModelKind, PatchesSpec,
    PictureInput, PlateDetectionSpec, TextDetectionSpec, TextRecognitionSpec,
    raw::{
        RawComparison, RawDetector, RawFewShot, RawInput, RawManifest, RawNanoDet, RawPatches, RawPlateDetection,
        RawTextDetection, RawTextRecognition, RawVerify, RawYolox,
    },
};
use crate::{
    analysis::{
        decode::{Corners, Decoder, Grid, NanoDet, Yolox},
        letterbox::{ColourOrder, Placement, TensorFormat, TensorLayout},
        verify::Fusion,
    },
    config::{Checker, Faults},
    domain::Score,
};

const KINDS: &str = "detector, comparison, few_shot, text_detection, text_recognition or plate_detection";
/// Largest side of an input tensor in pixels.
const SIDE_MAX: u32 = 4096;

/// A manifest that could not be read.
pub(super) fn unreadable(shown: &str, error: &dyn Display) -> Faults {
    let mut faults = Vec::new();
    Checker::new(shown, &mut faults).fault("", error, "a readable manifest in UTF-8");
    Faults(faults)
}

/// Checks the text of a manifest of the folder `name`.
pub(super) fn manifest(folder: &Path, name: &str, shown: &str, text: &str) -> Result<Manifest, Faults> {
    let mut faults = Vec::new();
    let mut check = Checker::new(shown, &mut faults);
    let raw: RawManifest = check.toml(text);
    let said = check.text("name", raw.name.clone(), "the name of the folder");
    if said != name {
        check.fault("name", format!("{said:?}"), format!("{name:?}, the name of the folder"));
    }
    let file = check.text("file", raw.file.clone(), "the name of the weight file in the same folder");
    if file.contains(['/', '\\']) || matches!(file.as_str(), "." | "..") {
        check.fault("file", format!("{file:?}"), "a file name without a folder");
    }
    let weights_of = raw.weights_of.clone();
    if let Some(neighbour) = weights_of.as_deref().filter(|name| !is_plain(name)) {
        check.fault("weights_of", format!("{neighbour:?}"), "the name of a folder beside this one, without any path");
    }
    let sha256 = check.text("sha256", raw.sha256.clone(), HASH);
    if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        check.fault("sha256", format!("{sha256:?}"), HASH);
    }
    let licence = check.text("licence", raw.licence.clone(), "the SPDX name of the weights' licence");
    let origin = check.text("origin", raw.origin.clone(), "where the weights come from");
    let kind = kind(raw, &mut check);
    match kind {
        Some(kind) if faults.is_empty() => {
            Ok(Manifest { name: said, folder: folder.to_path_buf(), file, weights_of, sha256, licence, origin, kind })
        }
        _ => Err(Faults(faults)),
    }
}

/// The name of one folder: it can lead nowhere else.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

const HASH: &str = "64 lower-case hexadecimal digits";

/// The section of the kind, and no other.
fn kind(raw: RawManifest, check: &mut Checker<'_>) -> Option<ModelKind> {
    let kind = check.text("kind", raw.kind, KINDS);
    let sections = [
        ("detector", raw.detector.is_some()),
        ("comparison", raw.comparison.is_some()),
        ("few_shot", raw.few_shot.is_some()),
        ("text_detection", raw.text_detection.is_some()),
        ("text_recognition", raw.text_recognition.is_some()),
        ("plate_detection", raw.plate_detection.is_some()),
    ];
    if !sections.iter().any(|(word, _)| *word == kind) {
        check.fault("kind", format!("{kind:?}"), KINDS);
        return None;
    }
    for (word, present) in sections {
        match (present, word == kind) {
            (true, false) => check.fault(word, "a section", format!("nothing: this is a model of kind {kind}")),
            (false, true) => check.fault(word, "nothing", format!("a section [{word}] for kind = \"{kind}\"")),
            _ => {}
        }
    }
    if raw.verify.is_some() && kind != "detector" {
        check.fault("verify", "a section", "nothing: only a detector verifies");
    }
    if matches!(kind.as_str(), "comparison" | "few_shot") {
        if raw.input.is_some() {
            check.fault("input", "a section", "nothing: what an encoder says of a picture is read, no picture");
        }
        let comparison = raw.comparison.map(|raw| ModelKind::Comparison(comparison(raw, check)));
        return comparison.or_else(|| Some(ModelKind::FewShot(few_shot(raw.few_shot?, check))));
    }
    let input = check.need("input", raw.input, "a section that says what the graph takes").map(|raw| input(raw, check));
    let input = input?;
    match kind.as_str() {
        "detector" => Some(ModelKind::Detector(detector(raw.detector?, raw.verify, input, check)?)),
        "plate_detection" => Some(ModelKind::PlateDetection(plate_detection(raw.plate_detection?, input, check))),
        "text_detection" => Some(ModelKind::TextDetection(text_detection(raw.text_detection?, input, check))),
        _ => Some(ModelKind::TextRecognition(text_recognition(raw.text_recognition?, input, check))),
    }
}

fn input(raw: RawInput, check: &mut Checker<'_>) -> PictureInput {
    let mean = check.need("input.mean", raw.mean, "three numbers").unwrap_or_default();
    let std = check.need("input.std", raw.std, "three numbers").unwrap_or([1.0; 3]);
    if !mean.iter().all(|mean| mean.is_finite()) {
        check.fault("input.mean", format!("{mean:?}"), "three finite numbers");
    }
    if !std.iter().all(|std| std.is_finite() && *std > 0.0) {
        check.fault("input.std", format!("{std:?}"), "three numbers above 0");
    }
    let scale = check.number("input.scale", Some(raw.scale.unwrap_or(1.0)), 1e-6..=1e6, "a factor");
    let layouts = [("nchw", TensorLayout::Nchw), ("nhwc", TensorLayout::Nhwc)];
    let colours = [("rgb", ColourOrder::Rgb), ("bgr", ColourOrder::Bgr)];
    let placements = [("top_left", Placement::TopLeft), ("centre", Placement::Centre)];
    PictureInput {
        name: check.text("input.name", raw.name, "the name of the graph's input"),
        format: TensorFormat {
            width: check.number("input.width", raw.width, 8..=SIDE_MAX, "pixels"),
            height: check.number("input.height", raw.height, 8..=SIDE_MAX, "pixels"),
            layout: one_of("input.layout", raw.layout, layouts, check),
            colour: one_of("input.colour", raw.colour, colours, check),
            scale,
            mean,
            std,
            pad: check.number("input.pad", raw.pad, 0.0..=255.0, "a pixel value"),
            placement: one_of("input.letterbox", raw.letterbox, placements, check),
        },
    }
}

/// The meaning of a word; the first one stands in after a fault.
fn one_of<T: Copy>(key: &str, word: Option<String>, words: [(&str, T); 2], check: &mut Checker<'_>) -> T {
    let want = format!("{:?} or {:?}", words[0].0, words[1].0);
    let word = check.text(key, word, &want);
    match words.iter().find(|(known, _)| *known == word) {
        Some((_, meaning)) => *meaning,
        None => {
            check.fault(key, format!("{word:?}"), want);
            words[0].1
        }
    }
}

fn detector(
    raw: RawDetector,
    verify: Option<RawVerify>,
    input: PictureInput,
    check: &mut Checker<'_>,
) -> Option<DetectorSpec> {
    let classes = classes("detector.classes", raw.classes, check);
    let score_floor = score("detector.score_floor", raw.score_floor, check);
    let nms_iou = check.number("detector.nms_iou", raw.nms_iou, 0.05..=1.0, "an overlap");
    let detections_max = Some(raw.detections_max.unwrap_or(100));
    let detections_max = check.number("detector.detections_max", detections_max, 1..=1000, "detections") as usize;
    let appearance = raw.appearance.map(|name| {
        check.text("detector.appearance", Some(name), "the name of the output that says how the middle looks")
    });
    let patches = raw.patches.map(|raw| patches(raw, &input.format, check));
    let calibrations = calibrations(&raw.calibration, &classes, check);
    let fusion = verify.map(|raw| fusion(&raw, check));
    let decoder = match (raw.nanodet, raw.yolox) {
        (Some(raw), None) => Some(nanodet(raw, &input.format, classes.len(), check)),
        (None, Some(raw)) => Some(yolox(raw, &input.format, classes.len(), check)),
        (None, None) => {
            check.fault("detector", "no family", "a section [detector.nanodet] or [detector.yolox]");
            None
        }
        (Some(_), Some(_)) => {
            check.fault("detector", "two families", "one of [detector.nanodet] and [detector.yolox]");
            None
        }
    };
    Some(DetectorSpec {
        input,
        decoder: decoder?,
        classes,
        score_floor,
        nms_iou,
        detections_max,
        appearance,
        patches,
        calibrations,
        fusion,
    })
}

fn patches(raw: RawPatches, format: &TensorFormat, check: &mut Checker<'_>) -> PatchesSpec {
    let patch_px = check.number("detector.patches.patch_px", raw.patch_px, 1..=SIDE_MAX, "pixels");
    multiples("detector.patches.patch_px", patch_px, format, check);
    if format.placement != Placement::TopLeft {
        check.fault("input.letterbox", "\"centre\"", "\"top_left\": patches are counted from there");
    }
    PatchesSpec {
        tensor: check.text("detector.patches.tensor", raw.tensor, "the name of a tensor inside of the graph"),
        patch_px: patch_px.max(1),
        leading_tokens: check.number("detector.patches.leading_tokens", raw.leading_tokens, 0..=64, "tokens"),
    }
}

/// Largest number in a calibration or a fusion: beyond it every score would be 0 or 1.
const LOGIT_MAX: f32 = 50.0;

fn calibrations(raw: &BTreeMap<String, [f32; 2]>, classes: &[Arc<str>], check: &mut Checker<'_>) -> Calibrations {
    for (class, [a, b]) in raw {
        let key = format!("detector.calibration.{class}");
        if !classes.iter().any(|known| **known == **class) {
            check.fault(&key, "a class that the model does not have", format!("one of {}", classes.join(", ")));
        }
        // A factor of 0 or below would turn the order of scores round.
        check.number(&key, Some(*a), 0.01..=LOGIT_MAX, "a factor");
        check.number(&key, Some(*b), -LOGIT_MAX..=LOGIT_MAX, "an offset");
    }
    Calibrations::new(classes.iter().map(|class| raw.get(&**class).copied()).collect())
}

fn fusion(raw: &RawVerify, check: &mut Checker<'_>) -> Fusion {
    let (sure_from, sure_gain) = match (raw.sure_from, raw.sure_gain) {
        (None, None) => (Some(0.0), Some(0.0)),
        both => both,
    };
    Fusion {
        w_detector: check.number("verify.w_detector", raw.w_detector, 0.0..=LOGIT_MAX, "a weight"),
        w_verifier: check.number("verify.w_verifier", raw.w_verifier, 0.0..=LOGIT_MAX, "a weight"),
        bias: check.number("verify.bias", raw.bias, -LOGIT_MAX..=LOGIT_MAX, "a number"),
        sure_from: check.number("verify.sure_from", sure_from, -LOGIT_MAX..=LOGIT_MAX, "log odds"),
        sure_gain: check.number("verify.sure_gain", sure_gain, 0.0..=LOGIT_MAX, "a factor"),
    }
}

fn nanodet(raw: RawNanoDet, format: &TensorFormat, classes: usize, check: &mut Checker<'_>) -> Decoder {
    let at = "detector.nanodet";
    let grid = grid(at, raw.strides, raw.scores_are_sigmoid, format, classes, check);
    for (key, names) in [("class_scores", &raw.class_scores), ("boxes", &raw.boxes)] {
        if names.len() != grid.strides.len() || names.iter().any(|name| name.trim().is_empty()) {
            check.fault(&format!("{at}.{key}"), format!("{names:?}"), "one output name for each stride");
        }
    }
    let reg_max = check.number(&format!("{at}.reg_max"), raw.reg_max, 1..=64, "bins");
    let centre_offset = check.number(&format!("{at}.centre_offset"), raw.centre_offset, 0.0..=1.0, "strides");
    let (class_scores, boxes) = (raw.class_scores, raw.boxes);
    Decoder::NanoDet(NanoDet { grid, class_scores, boxes, reg_max: reg_max as usize, centre_offset })
}

fn yolox(raw: RawYolox, format: &TensorFormat, classes: usize, check: &mut Checker<'_>) -> Decoder {
    let at = "detector.yolox";
    let grid = grid(at, raw.strides, raw.scores_are_sigmoid, format, classes, check);
    let output = check.text("detector.yolox.output", raw.output, "the name of the graph's output");
    Decoder::Yolox(Yolox { grid, output })
}

fn grid(
    at: &str,
    strides: Vec<u32>,
    scores_are_sigmoid: Option<bool>,
    format: &TensorFormat,
    classes: usize,
    check: &mut Checker<'_>,
) -> Grid {
    let sane = |stride: &u32| (1..=format.width.min(format.height)).contains(stride);
    if strides.is_empty() || !strides.iter().all(sane) {
        check.fault(&format!("{at}.strides"), format!("{strides:?}"), "pixels from 1 to the input's side, one a level");
    }
    let key = format!("{at}.scores_are_sigmoid");
    let scores_are_sigmoid = check.need(&key, scores_are_sigmoid, "true or false").unwrap_or(true);
    Grid { width: format.width, height: format.height, strides, classes, scores_are_sigmoid }
}

fn comparison(raw: RawComparison, check: &mut Checker<'_>) -> ComparisonSpec {
    let of = "the folder below models/ of a detector with a section [detector.patches]";
    let (now, before) = ("the name of the graph's input of the frame", "the name of that of the reference picture");
    let spec = ComparisonSpec {
        patches_of: check.text("comparison.patches_of", raw.patches_of, of),
        now: check.text("comparison.now", raw.now, now),
        before: check.text("comparison.before", raw.before, before),
        output: check.text("comparison.output", raw.output, "the name of the graph's output"),
        classes: classes("comparison.classes", raw.classes, check),
    };
    if spec.now == spec.before && !spec.now.is_empty() {
        check.fault("comparison.before", format!("{:?}", spec.before), "another input than comparison.now");
    }
    spec
}

fn few_shot(raw: RawFewShot, check: &mut Checker<'_>) -> FewShotSpec {
    FewShotSpec {
        encoder: check.text(
            "few_shot.encoder",
            raw.encoder,
            "the folder below models/ of a detector with an appearance",
        ),
        classes: classes("few_shot.classes", raw.classes, check),
    }
}

fn text_detection(raw: RawTextDetection, input: PictureInput, check: &mut Checker<'_>) -> TextDetectionSpec {
    let key = "text_detection.side_multiple_px";
    let side_multiple_px = check.number(key, raw.side_multiple_px, 1..=SIDE_MAX, "pixels");
    multiples(key, side_multiple_px, &input.format, check);
    TextDetectionSpec {
        input,
        output: check.text("text_detection.output", raw.output, "the name of the graph's output"),
        side_multiple_px,
        pixel_min: check.number("text_detection.pixel_min", raw.pixel_min, SHARE, "a likelihood"),
        score_floor: score("text_detection.score_floor", raw.score_floor, check),
        unclip: check.number("text_detection.unclip", raw.unclip, 1.0..=5.0, "a ratio"),
        regions_max: check.number("text_detection.regions_max", Some(raw.regions_max.unwrap_or(60)), 1..=1000, "lines")
            as usize,
        recognition: check.text("text_detection.recognition", raw.recognition, "the model that reads the lines"),
    }
}

fn text_recognition(raw: RawTextRecognition, input: PictureInput, check: &mut Checker<'_>) -> TextRecognitionSpec {
    let charset = match (raw.charset_metadata_key, raw.charset) {
        (Some(key), None) => CharsetSource::Metadata(key),
        (None, Some(list)) => CharsetSource::Listed(characters(&list, check)),
        _ => {
            let want = "exactly one of charset_metadata_key and charset";
            check.fault("text_recognition.charset", "both or none", want);
            CharsetSource::Listed(Vec::new())
        }
    };
    TextRecognitionSpec {
        input,
        output: check.text("text_recognition.output", raw.output, "the name of the graph's output"),
        charset,
        blank_index: check.number("text_recognition.blank_index", raw.blank_index, 0..=100_000, "an index"),
        score_floor: score("text_recognition.score_floor", raw.score_floor, check),
    }
}

fn plate_detection(raw: RawPlateDetection, input: PictureInput, check: &mut Checker<'_>) -> PlateDetectionSpec {
    let at = |key: &str| format!("plate_detection.{key}");
    let outputs = check.need(&at("outputs"), raw.outputs, "the names of boxes, scores and corners").unwrap_or_default();
    let variances = check.need(&at("variances"), raw.variances, "two numbers").unwrap_or([1.0; 2]);
    if !variances.iter().all(|v| v.is_finite() && *v > 0.0) {
        check.fault(&at("variances"), format!("{variances:?}"), "two numbers above 0");
    }
    if raw.strides.is_empty() || raw.strides.contains(&0) {
        check.fault(&at("strides"), format!("{:?}", raw.strides), "pixels above 0, one a level");
    }
    let sane = |sides: &Vec<f32>| !sides.is_empty() && sides.iter().all(|side| side.is_finite() && *side > 0.0);
    if raw.priors.len() != raw.strides.len() || !raw.priors.iter().all(sane) {
        check.fault(&at("priors"), format!("{:?}", raw.priors), "a list of sides above 0 for each stride");
    }
    let corners = Corners {
        outputs,
        strides: raw.strides,
        priors: raw.priors,
        variances,
        score_floor: score(&at("score_floor"), raw.score_floor, check),
        nms_iou: check.number(&at("nms_iou"), raw.nms_iou, 0.05..=1.0, "an overlap"),
        things_max: check.number(&at("things_max"), Some(raw.things_max.unwrap_or(20)), 1..=1000, "plates") as usize,
    };
    let recognition = check.text(&at("recognition"), raw.recognition, "the model that reads the plates");
    PlateDetectionSpec { input, corners, recognition }
}

/// Each character once.
fn characters(list: &str, check: &mut Checker<'_>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = list.chars().find(|c| !seen.insert(*c)) {
        check.fault("text_recognition.charset", format!("{twice:?} twice"), "each character once");
    }
    list.chars().map(String::from).collect()
}

const SHARE: RangeInclusive<f32> = 0.01..=1.0;

fn score(key: &str, value: Option<f32>, check: &mut Checker<'_>) -> Score {
    Score::new(check.number(key, value, SHARE, "a score")).unwrap_or(Score::ONE)
}

fn classes(key: &str, names: Vec<String>, check: &mut Checker<'_>) -> Vec<Arc<str>> {
    let mut seen = BTreeSet::new();
    let twice = names.iter().find(|name| !seen.insert(name.as_str()));
    if let Some(twice) = twice {
        check.fault(key, format!("{twice:?} twice"), "each class once");
    }
    if names.is_empty() || names.iter().any(|name| name.trim().is_empty()) {
        check.fault(key, format!("{names:?}"), "the class names, in the order of the graph's class axis");
    }
    names.into_iter().map(Arc::from).collect()
}

fn multiples(key: &str, unit_px: u32, format: &TensorFormat, check: &mut Checker<'_>) {
    for (side, px) in [("input.width", format.width), ("input.height", format.height)] {
        if unit_px > 0 && px % unit_px != 0 {
            check.fault(side, px, format!("a multiple of {key} = {unit_px}"));
        }
    }
}
