//! Model manifests: what a folder below `models/` says about its weights, checked. A manifest never makes
//! weights trustworthy by itself: they are used only when their SHA-256 is the manifest's.

mod calibration;
mod check;
mod comparison;
mod patches;
mod raw;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

pub use calibration::Calibrations;
pub use comparison::ComparisonSpec;
pub use patches::PatchesSpec;

use super::InferError;
use crate::{
    analysis::{
        ads,
        decode::{Corners, DecodeError, Decoder, Output},
        letterbox::{Letterbox, TensorFormat},
        nms,
        verify::Fusion,
    },
    config::Faults,
    domain::{Detection, Matter, ModelRef, NEW_THING, PERSON_CLASS, Score, Verify, new_class},
};

/// A model: its weights, where they come from and what goes in and out.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Name of the folder.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// Name of the weight file in the folder.
    pub file: String,
    /// The neighbour folder that holds the weight file, where it is not the model's own: inputs of several sizes
    /// share one file.
    pub weights_of: Option<String>,
    /// Lower-case hexadecimal SHA-256 of the weight file.
    pub sha256: String,
    /// SPDX name of the weights' licence.
    pub licence: String,
    /// Where the weights come from.
    pub origin: String,
    /// What it is for.
    pub kind: ModelKind,
}

/// What a model is for, with all that running it needs.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelKind {
    /// Finds boxes of classes.
    Detector(DetectorSpec),
    /// Says what is new by the patches of two pictures.
    Comparison(ComparisonSpec),
    /// Tells classes of a thing apart by how a few examples look.
    FewShot(FewShotSpec),
    /// Finds lines of text.
    TextDetection(TextDetectionSpec),
    /// Reads a line of text.
    TextRecognition(TextRecognitionSpec),
    /// Finds number plates.
    PlateDetection(PlateDetectionSpec),
}

impl ModelKind {
    /// The word in the manifest.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Detector(_) => "detector",
            Self::Comparison(_) => "comparison",
            Self::FewShot(_) => "few_shot",
            Self::TextDetection(_) => "text_detection",
            Self::TextRecognition(_) => "text_recognition",
            Self::PlateDetection(_) => "plate_detection",
        }
    }
}

/// The picture that a graph takes.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureInput {
    /// Name of the graph's input.
    pub name: String,
    /// How the tensor is made.
    pub format: TensorFormat,
}

/// A detector.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorSpec {
    /// What goes in.
    pub input: PictureInput,
    /// How the outputs are read.
    pub decoder: Decoder,
    /// Class names by number.
    pub classes: Vec<Arc<str>>,
    /// Nothing below leaves the model.
    pub score_floor: Score,
    /// Largest overlap (IoU) of two boxes of a class.
    pub nms_iou: f32,
    /// At most so many detections a picture.
    pub detections_max: usize,
    /// Name of the output `[1, numbers]` that says how the middle of the picture looks.
    pub appearance: Option<String>,
    /// Where it says how each patch of the picture looks.
    pub patches: Option<PatchesSpec>,
    /// What raw scores of each class are worth; the floor is a raw score.
    pub calibrations: Calibrations,
    /// How its score joins that of a proposal, where it may verify.
    pub fusion: Option<Fusion>,
}

impl DetectorSpec {
    /// What the graph's outputs of one picture say, best first, boxes in pixels of the frame that `letterbox` is of.
    ///
    /// # Errors
    /// [`DecodeError`] when the tensors are not what the manifest describes.
    pub fn read(&self, outputs: &[Output<'_>], letterbox: &Letterbox) -> Result<Vec<Detection>, DecodeError> {
        let raw = self.decoder.decode(outputs, self.score_floor)?;
        let in_frame = raw.into_iter().map(|raw| letterbox.undo(raw)).collect();
        let kept = nms::suppress(in_frame, self.nms_iou, self.detections_max);
        let named = kept.into_iter().filter_map(|scored| {
            let class = self.classes.get(scored.class)?;
            let score = self.calibrations.of(scored.class, scored.score);
            Some(Detection { class: Arc::clone(class), score, bbox: scored.bbox, text: None })
        });
        let mut found: Vec<Detection> = named.collect();
        // Classes are calibrated each by itself, which may change their order; equal scores keep theirs.
        found.sort_by_key(|detection| std::cmp::Reverse(detection.score));
        Ok(found)
    }
}

impl DetectorSpec {
    /// What a class scores at most where the model sees nothing of it.
    pub fn unseen(&self, class: &str) -> Score {
        let index = self.classes.iter().position(|known| **known == *class);
        index.map_or(self.score_floor, |index| self.calibrations.of(index, self.score_floor))
    }
}

/// Classes of a thing, by how a few examples look to an encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct FewShotSpec {
    /// Name of the detector whose appearance is compared.
    pub encoder: String,
    /// Class names, in the order of the weight file.
    pub classes: Vec<Arc<str>>,
}

/// A finder of text lines.
#[derive(Clone, Debug, PartialEq)]
pub struct TextDetectionSpec {
    /// What goes in; its sides are the largest.
    pub input: PictureInput,
    /// Name of the output, a map of text likelihood.
    pub output: String,
    /// Sides are multiples of this, in pixels.
    pub side_multiple_px: u32,
    /// A pixel of the map is text from here on.
    pub pixel_min: f32,
    /// A box counts from this mean likelihood on.
    pub score_floor: Score,
    /// How far a box grows beyond its pixels.
    pub unclip: f32,
    /// At most so many lines a picture, the likeliest.
    pub regions_max: usize,
    /// Name of the model that reads what was found.
    pub recognition: String,
}

/// A reader of text lines.
#[derive(Clone, Debug, PartialEq)]
pub struct TextRecognitionSpec {
    /// What goes in; its width is the largest.
    pub input: PictureInput,
    /// Name of the output `[1, steps, characters + blank]`.
    pub output: String,
    /// Where the characters stand.
    pub charset: CharsetSource,
    /// Index of the blank on the character axis.
    pub blank_index: u32,
    /// Nothing below leaves the model.
    pub score_floor: Score,
}

/// A finder of number plates.
#[derive(Clone, Debug, PartialEq)]
pub struct PlateDetectionSpec {
    /// What goes in; its sides are the largest.
    pub input: PictureInput,
    /// How the outputs are read.
    pub corners: Corners,
    /// Name of the model that reads what was found.
    pub recognition: String,
}

/// Where a reader's characters stand, in the order of its character axis, the blank left out.
#[derive(Clone, Debug, PartialEq)]
pub enum CharsetSource {
    /// In the graph's metadata under this key, one a line.
    Metadata(String),
    /// In the manifest.
    Listed(Vec<String>),
}

/// Name of the manifest in a model's folder.
pub const FILE_NAME: &str = "model.toml";

impl Manifest {
    /// Reads and checks `<folder>/model.toml`; the weights are not touched.
    ///
    /// # Errors
    /// [`Faults`]: everything that is wrong in the file.
    pub fn load(folder: &Path) -> Result<Self, Faults> {
        let path = folder.join(FILE_NAME);
        let shown = path.display().to_string();
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(folder, &name, &shown, &text),
            Err(error) => Err(check::unreadable(&shown, &error)),
        }
    }

    /// Checks a manifest's text; `shown` names the file in faults. Pure.
    ///
    /// # Errors
    /// [`Faults`]: everything that is wrong in the text.
    pub fn parse(folder: &Path, name: &str, shown: &str, text: &str) -> Result<Self, Faults> {
        check::manifest(folder, name, shown, text)
    }

    /// Which weights these are.
    pub fn model(&self) -> ModelRef {
        ModelRef { name: self.name.clone(), sha256: self.sha256.clone() }
    }

    /// The weight file.
    pub fn weight_path(&self) -> PathBuf {
        let neighbour = self.weights_of.as_ref().and_then(|name| Some(self.folder.parent()?.join(name)));
        neighbour.as_ref().unwrap_or(&self.folder).join(&self.file)
    }

    /// Reads the weight file and proves that it is the manifest's. What was proved is what is returned: the file
    /// is not read again.
    ///
    /// # Errors
    /// [`InferError::Model`] when it is missing, unreadable or another file.
    pub fn weights(&self) -> Result<Vec<u8>, InferError> {
        let path = self.weight_path();
        let fault = |text: String| InferError::Model(self.name.clone(), text);
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => fault(format!("{} is missing; restore it", path.display())),
            _ => fault(format!("{} cannot be read: {error}; restore it", path.display())),
        })?;
        let found = hex::encode(Sha256::digest(&bytes));
        if found == self.sha256 {
            return Ok(bytes);
        }
        Err(fault(format!(
            "{FILE_NAME} says sha256 {}, the weights in {} are {found}: restore the file, or correct the manifest if they were replaced on purpose",
            self.sha256,
            path.display(),
        )))
    }

    /// Whether the matter can be found by this model: it knows every class that the matter names.
    ///
    /// # Errors
    /// [`InferError::Model`] names the classes that it does not know, or the kind that is no detector.
    pub fn serves(&self, matter: &Matter) -> Result<(), InferError> {
        let classes: Vec<&str> = match &self.kind {
            ModelKind::TextDetection(_) => ads::CLASSES.to_vec(),
            _ => self.detector()?.classes.iter().map(|class| &**class).collect(),
        };
        let composition = &matter.composition;
        let companion = composition.companion.iter().flat_map(|companion| &companion.part.classes);
        let left_by = matter.trail.iter().flat_map(|trail| &trail.part.classes);
        let named = composition.anchor.classes.iter().chain(companion).chain(left_by).map(String::as_str);
        let new = new_classes(matter);
        let is_known = |name: &&str| classes.contains(name) || new.iter().any(|new| new == name);
        let unknown: Vec<&str> = named.filter(|name| !is_known(name)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let text =
            format!("has no class {}, which matter {} names; correct its pipeline", unknown.join(", "), matter.key);
        Err(InferError::Model(self.name.clone(), text))
    }

    /// Whether the model finds people, who must be hidden in the pictures of the matter that others see.
    ///
    /// # Errors
    /// [`InferError::Model`] for a model that knows none.
    pub fn hides(&self, matter: &Matter) -> Result<(), InferError> {
        let classes = self.detector().map(|spec| spec.classes.as_slice()).unwrap_or_default();
        if classes.iter().any(|class| **class == *PERSON_CLASS) {
            return Ok(());
        }
        let text = format!(
            "finds no people, whom pictures of matter {} must hide; name a model that does in hide_by of its pipeline",
            matter.key
        );
        Err(InferError::Model(self.name.clone(), text))
    }

    /// The part of a finder of text lines.
    ///
    /// # Errors
    /// [`InferError::Model`] for a model of another kind.
    pub fn text_detection(&self) -> Result<&TextDetectionSpec, InferError> {
        match &self.kind {
            ModelKind::TextDetection(spec) => Ok(spec),
            other => Err(self.another(other.word(), "text_detection")),
        }
    }

    /// The part of a reader of text lines.
    ///
    /// # Errors
    /// [`InferError::Model`] for a model of another kind.
    pub fn text_recognition(&self) -> Result<&TextRecognitionSpec, InferError> {
        match &self.kind {
            ModelKind::TextRecognition(spec) => Ok(spec),
            other => Err(self.another(other.word(), "text_recognition")),
        }
    }

    /// The part of a finder of plates.
    ///
    /// # Errors
    /// [`InferError::Model`] for a model of another kind.
    pub fn plate_detection(&self) -> Result<&PlateDetectionSpec, InferError> {
        match &self.kind {
            ModelKind::PlateDetection(spec) => Ok(spec),
            other => Err(self.another(other.word(), "plate_detection")),
        }
    }

    fn another(&self, kind: &str, wanted: &str) -> InferError {
        InferError::Model(self.name.clone(), format!("is of kind {kind}; name a model of kind {wanted}"))
    }

    /// Whether the model can look again at what the matter proposes; how its score joins the proposal's.
    ///
    /// # Errors
    /// [`InferError::Model`] names what it lacks.
    pub fn verifies(&self, matter: &Matter, verify: &Verify) -> Result<Fusion, InferError> {
        // What a few examples say is a likelihood already, of a thing that was found.
        let (classes, has_appearance, fusion) = match &self.kind {
            ModelKind::FewShot(spec) => (&spec.classes, true, Some(Fusion::VERIFIER)),
            _ => self.detector().map(|spec| (&spec.classes, spec.appearance.is_some(), spec.fusion))?,
        };
        let fault = |text: String| InferError::Model(self.name.clone(), text);
        let known = |class: &Arc<str>| classes.contains(class);
        let unknown: Vec<&str> = verify.classes.iter().filter(|class| !known(class)).map(|class| &**class).collect();
        if !unknown.is_empty() {
            let (unknown, key) = (unknown.join(", "), &matter.key);
            return Err(fault(format!(
                "has no class {unknown}, which [verify] of matter {key} names; correct its pipeline"
            )));
        }
        if verify.newness_min.is_some() && !has_appearance {
            let key = &matter.key;
            return Err(fault(format!(
                "has no appearance, which verify.newness_min of matter {key} needs; name its output in detector.appearance"
            )));
        }
        fusion.ok_or_else(|| {
            fault(format!("cannot verify for matter {}: add [verify] with w_detector, w_verifier and bias", matter.key))
        })
    }

    /// By class of a model that verifies: what it scores at most where it sees nothing of it.
    ///
    /// # Errors
    /// [`InferError::Model`] for a model that cannot verify.
    pub fn unseen(&self) -> Result<BTreeMap<Arc<str>, Score>, InferError> {
        if let ModelKind::FewShot(spec) = &self.kind {
            return Ok(spec.classes.iter().map(|class| (Arc::clone(class), Score::ZERO)).collect());
        }
        let spec = self.detector()?;
        Ok(spec.classes.iter().map(|class| (Arc::clone(class), spec.unseen(class))).collect())
    }

    /// The part of a model that tells classes apart by a few examples.
    ///
    /// # Errors
    /// [`InferError::Model`] for a model of another kind.
    pub fn few_shot(&self) -> Result<&FewShotSpec, InferError> {
        match &self.kind {
            ModelKind::FewShot(spec) => Ok(spec),
            other => Err(self.another(other.word(), "few_shot")),
        }
    }

    /// Whether the model finds something of the matter in a whole view.
    ///
    /// # Errors
    /// [`InferError::Model`] when it knows none of the anchor's classes.
    pub fn scans(&self, matter: &Matter) -> Result<(), InferError> {
        let spec = self.detector()?;
        let anchor = &matter.composition.anchor.classes;
        if anchor.iter().any(|name| spec.classes.iter().any(|class| **class == **name)) {
            return Ok(());
        }
        let text = format!(
            "has none of the classes {}, which matter {} looks for; name another model in [scan]",
            anchor.join(", "),
            matter.key
        );
        Err(InferError::Model(self.name.clone(), text))
    }

    /// The detector's part.
    ///
    /// # Errors
    /// [`InferError::Model`] for a model of another kind.
    pub fn detector(&self) -> Result<&DetectorSpec, InferError> {
        match &self.kind {
            ModelKind::Detector(spec) => Ok(spec),
            other => Err(InferError::Model(
                self.name.clone(),
                format!(
                    "is of kind {}, which cannot be run as a detector; name a model of kind detector",
                    other.word()
                ),
            )),
        }
    }
}

/// The classes of what can be new to a matter.
fn new_classes(matter: &Matter) -> Vec<String> {
    match matter.newness.as_ref().map(|newness| &newness.head) {
        None => Vec::new(),
        Some(None) => vec![NEW_THING.to_owned()],
        Some(Some(head)) => head.classes.iter().map(|class| new_class(class)).collect(),
    }
}

#[cfg(test)]
mod tests;
