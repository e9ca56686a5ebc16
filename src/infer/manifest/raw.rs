//! `models/<name>/model.toml` as written. Every key is optional here, so that checking can name all that are
//! missing at once; unknown keys are refused.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole file. Every key is needed unless it says otherwise; exactly the section named by `kind` is there.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawManifest {
    /// Name of the folder.
    pub name: Option<String>,
    /// `detector`, `comparison`, `few_shot`, `text_detection`, `text_recognition` or `plate_detection`.
    pub kind: Option<String>,
    /// Weight file in the same folder, or in that of `weights_of`.
    pub file: Option<String>,
    /// Name of the neighbour folder that holds the weight file; this one when left out.
    pub weights_of: Option<String>,
    /// SHA-256 of the weight file, 64 lower-case hexadecimal digits.
    pub sha256: Option<String>,
    /// SPDX name of the weights' licence.
    pub licence: Option<String>,
    /// Where the weights come from and how the file was made.
    pub origin: Option<String>,
    /// The picture that the graph takes; not for `comparison` and `few_shot`.
    pub input: Option<RawInput>,
    /// For `kind = "detector"`.
    pub detector: Option<RawDetector>,
    /// For a detector that may verify what another one proposes.
    pub verify: Option<RawVerify>,
    /// For `kind = "comparison"`.
    pub comparison: Option<RawComparison>,
    /// For `kind = "few_shot"`.
    pub few_shot: Option<RawFewShot>,
    /// For `kind = "text_detection"`.
    pub text_detection: Option<RawTextDetection>,
    /// For `kind = "text_recognition"`.
    pub text_recognition: Option<RawTextRecognition>,
    /// For `kind = "plate_detection"`.
    pub plate_detection: Option<RawPlateDetection>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawInput {
    /// Name of the graph's input.
    pub name: Option<String>,
    /// `nchw` or `nhwc`.
    pub layout: Option<String>,
    /// `rgb` or `bgr`.
    pub colour: Option<String>,
    /// Columns in pixels; of text, the most.
    pub width: Option<u32>,
    /// Rows in pixels; of text detection, the most.
    pub height: Option<u32>,
    /// Factor on the pixel value 0..=255, before the mean is taken off; 1 when left out.
    pub scale: Option<f32>,
    /// Mean of each channel, in the order of `colour`.
    pub mean: Option<[f32; 3]>,
    /// Deviation of each channel, in the order of `colour`.
    pub std: Option<[f32; 3]>,
    /// Pixel value of what the picture leaves free, 0..=255.
    pub pad: Option<f32>,
    /// `top_left` or `centre`.
    pub letterbox: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawDetector {
    /// Nothing below this score leaves the model.
    pub score_floor: Option<f32>,
    /// Of two boxes of a class that overlap more (IoU), the better stays.
    pub nms_iou: Option<f32>,
    /// At most so many detections a picture; 100 when left out.
    pub detections_max: Option<u32>,
    /// Class names, in the order of the graph's class axis.
    pub classes: Vec<String>,
    /// Name of the output `[1, numbers]` that says how the middle of the picture looks; none when left out.
    pub appearance: Option<String>,
    /// How each patch of the picture looks; none when left out.
    pub patches: Option<RawPatches>,
    /// By class `[a, b]`: a raw score s is worth sigmoid(a * logit(s) + b). Classes that are left out stay raw.
    pub calibration: BTreeMap<String, [f32; 2]>,
    /// A NanoDet graph. Exactly one family is there.
    pub nanodet: Option<RawNanoDet>,
    /// A YOLOX graph, undecoded.
    pub yolox: Option<RawYolox>,
}

/// Fused score: sigmoid(l + sure_gain * max(l - sure_from, 0)) of l = w_detector * logit(proposal) + w_verifier * logit(verifier) + bias.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawVerify {
    /// Weight of the proposal's score.
    pub w_detector: Option<f32>,
    /// Weight of the verifier's score.
    pub w_verifier: Option<f32>,
    /// Added to both.
    pub bias: Option<f32>,
    /// Log odds from which on both are sure; given with `sure_gain` or not at all.
    pub sure_from: Option<f32>,
    /// By how much faster the log odds rise from there on.
    pub sure_gain: Option<f32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawNanoDet {
    /// Names of the outputs `[1, cells, classes]`, one a stride.
    pub class_scores: Vec<String>,
    /// Names of the outputs `[1, cells, 4 * (reg_max + 1)]`, one a stride.
    pub boxes: Vec<String>,
    /// Pixels from cell to cell, one a level.
    pub strides: Vec<u32>,
    /// The highest bin of a distance.
    pub reg_max: Option<u32>,
    /// Where in its cell the centre lies, in strides.
    pub centre_offset: Option<f32>,
    /// Whether the graph ends in a sigmoid.
    pub scores_are_sigmoid: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawYolox {
    /// Name of the output `[1, cells of all levels, 5 + classes]`.
    pub output: Option<String>,
    /// Pixels from cell to cell, one a level.
    pub strides: Vec<u32>,
    /// Whether the graph ends in a sigmoid.
    pub scores_are_sigmoid: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPatches {
    /// Name of a tensor `[1, leading + patches, numbers]` inside of the graph that is none of its outputs, patches by rows.
    pub tensor: Option<String>,
    /// Side of a patch in pixels; width and height are multiples of it.
    pub patch_px: Option<u32>,
    /// Tokens before the patches (class token, registers).
    pub leading_tokens: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawComparison {
    /// Name of the detector with `[detector.patches]` whose patches it compares.
    pub patches_of: Option<String>,
    /// Name of the graph's input `[1, numbers of a patch, rows, columns]` of the frame, each patch of unit length.
    pub now: Option<String>,
    /// Name of the input of the reference picture, laid onto the frame; zeros where it does not show the spot.
    pub before: Option<String>,
    /// Name of the graph's output `[1, classes, rows, columns]`, likelihoods from 0 to 1.
    pub output: Option<String>,
    /// Class names, in the order of the graph's class axis.
    pub classes: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawFewShot {
    /// Name of the detector whose appearance is compared.
    pub encoder: Option<String>,
    /// Class names, in the order of the weight file.
    pub classes: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawTextDetection {
    /// Name of the output: a map of text likelihood.
    pub output: Option<String>,
    /// Width and height are multiples of this, in pixels.
    pub side_multiple_px: Option<u32>,
    /// A pixel of the map is text from here on.
    pub pixel_min: Option<f32>,
    /// A box counts from this mean likelihood on.
    pub score_floor: Option<f32>,
    /// How far a box grows beyond its pixels (DB's unclip ratio).
    pub unclip: Option<f32>,
    /// At most so many lines a picture, the likeliest; 60 when left out.
    pub regions_max: Option<u32>,
    /// Name of the model that reads what was found.
    pub recognition: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawTextRecognition {
    /// Name of the output `[1, steps, characters + blank]`.
    pub output: Option<String>,
    /// Key of the graph's metadata that lists the characters, one a line. Exactly one of this and `charset` is there.
    pub charset_metadata_key: Option<String>,
    /// The characters themselves, each once.
    pub charset: Option<String>,
    /// Index of the blank on the character axis.
    pub blank_index: Option<u32>,
    /// Nothing below this mean score leaves the model.
    pub score_floor: Option<f32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPlateDetection {
    /// Names of the outputs: boxes `[1, priors, 4]`, scores `[1, priors, 2]`, corners `[1, priors, 8]`.
    pub outputs: Option<[String; 3]>,
    /// Pixels from cell to cell, one a level.
    pub strides: Vec<u32>,
    /// Sides of the prior boxes in pixels, a list for each level.
    pub priors: Vec<Vec<f32>>,
    /// Factors on the offsets of places and of sizes.
    pub variances: Option<[f32; 2]>,
    /// Nothing below this score leaves the model.
    pub score_floor: Option<f32>,
    /// Of two boxes that overlap more (IoU), the better stays.
    pub nms_iou: Option<f32>,
    /// At most so many plates a picture; 20 when left out.
    pub things_max: Option<u32>,
    /// Name of the model that reads what was found.
    pub recognition: Option<String>,
}
