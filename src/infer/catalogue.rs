//! The catalogue: every model below `models/`, and the detectors made from them. A broken manifest never hides the
//! sound ones; whoever asks for the broken one is told what is wrong.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use super::{
    Detector, InferError, Lane,
    comparison::ComparisonHead,
    few_shot::{self, FewShotDetector},
    manifest::{ComparisonSpec, FILE_NAME, FewShotSpec, Manifest, ModelKind},
    pool::PoolSettings,
    text::Plates,
};
#[cfg(feature = "onnx")]
use super::{
    comparison::{Pair, session::HeadSession},
    pool::Device,
    text::{PlateReader, TextReader},
};
#[cfg(feature = "onnx")]
use crate::analysis::newness::Likelihoods;
use crate::{
    analysis::few_shot::Discriminant,
    config::Faults,
    domain::{AdRules, ModelRef, Picture},
};

/// All models of a folder.
#[derive(Clone, Debug)]
pub struct Catalogue {
    folder: PathBuf,
    models: BTreeMap<String, Result<Manifest, Faults>>,
    /// By what rules text is told apart.
    ads: Option<AdRules>,
}

impl Catalogue {
    /// The same, with the city's rules for text: models of kind `text_detection` become detectors by them.
    #[must_use]
    pub fn with_ads(self, ads: Option<AdRules>) -> Self {
        Self { ads, ..self }
    }

    /// Reads the manifest of every folder in `models` that has one. Weights are not touched.
    ///
    /// # Errors
    /// [`InferError::Model`] when the folder cannot be read.
    pub fn load(models: &Path) -> Result<Self, InferError> {
        let unreadable = |error: io::Error| {
            InferError::Model(
                "*".into(),
                format!("{} cannot be read: {error}; name the models' folder", models.display()),
            )
        };
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(models).map_err(unreadable)? {
            let folder = entry.map_err(unreadable)?.path();
            if folder.join(FILE_NAME).is_file()
                && let Some(name) = folder.file_name()
            {
                found.insert(name.to_string_lossy().into_owned(), Manifest::load(&folder));
            }
        }
        Ok(Self { folder: models.to_path_buf(), models: found, ads: None })
    }

    /// All models by name, with what is wrong with those whose manifest is broken.
    pub fn models(&self) -> impl Iterator<Item = (&str, Result<&Manifest, &Faults>)> {
        self.models.iter().map(|(name, model)| (name.as_str(), model.as_ref()))
    }

    /// The manifest of a model.
    ///
    /// # Errors
    /// [`InferError::Model`] when there is none of that name or it is broken.
    pub fn manifest(&self, name: &str) -> Result<&Manifest, InferError> {
        match self.models.get(name) {
            Some(Ok(manifest)) => Ok(manifest),
            Some(Err(faults)) => Err(InferError::Model(name.to_owned(), faults.to_string())),
            None => {
                let names = self.models.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                let known = if names.is_empty() { "no model at all".to_owned() } else { names };
                let text = format!("is not in {}, which has {known}; name one of these", self.folder.display());
                Err(InferError::Model(name.to_owned(), text))
            }
        }
    }

    /// Proves a model: its weights are the manifest's and, for a detector, the graph is what the manifest says and runs.
    ///
    /// # Errors
    /// [`InferError`].
    pub fn verify(&self, name: &str) -> Result<(), InferError> {
        let manifest = self.manifest(name)?;
        let weights = manifest.weights()?;
        match &manifest.kind {
            ModelKind::Detector(_) => run_once(manifest, &weights),
            ModelKind::FewShot(spec) => {
                learnt(manifest, spec, &weights)?;
                self.encodes(spec)?;
                self.verify(&spec.encoder)
            }
            ModelKind::TextDetection(spec) => read_once(manifest, self.manifest(&spec.recognition)?),
            ModelKind::PlateDetection(spec) => plates_once(manifest, self.manifest(&spec.recognition)?),
            ModelKind::Comparison(spec) => {
                self.has_patches(spec)?;
                let length = numbers_of_patch(&*self.detector(&spec.patches_of, 1)?)?;
                compare_once(manifest, &weights, length)
            }
            ModelKind::TextRecognition(_) => Ok(()),
        }
    }

    /// A detector on the processor with `threads` threads; 0 means one a core.
    ///
    /// # Errors
    /// [`InferError`].
    pub fn detector(&self, name: &str, threads: usize) -> Result<Arc<dyn Detector>, InferError> {
        self.detector_with(name, PoolSettings::cpu(threads))
    }

    /// A detector with a pool of its own.
    ///
    /// # Errors
    /// [`InferError`].
    pub fn detector_with(&self, name: &str, settings: PoolSettings) -> Result<Arc<dyn Detector>, InferError> {
        let manifest = self.manifest(name)?;
        if let ModelKind::TextDetection(spec) = &manifest.kind {
            let rules = self.ads.clone().ok_or_else(|| {
                let text = "reads text, and the city has no ads.toml that says what text means; add one to its folder";
                InferError::Model(name.to_owned(), text.to_owned())
            })?;
            return start_reader(manifest, self.manifest(&spec.recognition)?, rules, settings);
        }
        if let ModelKind::FewShot(spec) = &manifest.kind {
            self.encodes(spec)?;
            let learnt = learnt(manifest, spec, &manifest.weights()?)?;
            // Asked seldom, and each thread would hold the whole encoder: one is enough.
            let settings = PoolSettings { threads: std::num::NonZeroUsize::MIN, ..settings };
            let encoder = self.detector_with(&spec.encoder, settings)?;
            return Ok(Arc::new(FewShotDetector::new(&manifest.model(), encoder, learnt)));
        }
        manifest.detector()?;
        start(manifest, settings)
    }

    /// A head that says what is new, with a pool of its own, and `detector`, whose patches it compares.
    ///
    /// # Errors
    /// [`InferError`].
    pub fn head(
        &self,
        name: &str,
        detector: &dyn Detector,
        threads: usize,
    ) -> Result<Arc<dyn ComparisonHead>, InferError> {
        let manifest = self.manifest(name)?;
        self.has_patches(manifest.comparison()?)?;
        start_head(manifest, numbers_of_patch(detector)?, PoolSettings::cpu(threads))
    }

    /// Whether the detector whose patches a head compares is there and says how patches look.
    fn has_patches(&self, spec: &ComparisonSpec) -> Result<(), InferError> {
        if self.manifest(&spec.patches_of)?.detector()?.patches.is_some() {
            return Ok(());
        }
        let text =
            "says nothing of patches; name a detector with a section [detector.patches], as street_verifier_wide";
        Err(InferError::Model(spec.patches_of.clone(), text.to_owned()))
    }

    /// Whether the encoder that a few examples were described by is there and describes.
    fn encodes(&self, spec: &FewShotSpec) -> Result<(), InferError> {
        let encoder = self.manifest(&spec.encoder)?;
        if encoder.detector()?.appearance.is_some() {
            return Ok(());
        }
        let text = "has no appearance; name a detector with detector.appearance, as street_verifier";
        Err(InferError::Model(spec.encoder.clone(), text.to_owned()))
    }

    /// A finder and the reader that it names, for one thread.
    ///
    /// # Errors
    /// [`InferError`].
    #[cfg(feature = "onnx")]
    pub fn text_reader(&self, name: &str) -> Result<TextReader, InferError> {
        let manifest = self.manifest(name)?;
        reader_of(manifest, self.manifest(&manifest.text_detection()?.recognition)?)
    }

    /// A finder of plates and the reader that it names, shared by all looks: one frame is read at a time.
    ///
    /// # Errors
    /// [`InferError`].
    pub fn plates(&self, name: &str) -> Result<Plates, InferError> {
        let manifest = self.manifest(name)?;
        let spec = manifest.plate_detection()?;
        let side_max = spec.input.format.width.min(spec.input.format.height);
        start_plates(manifest, self.manifest(&spec.recognition)?, side_max)
    }

    /// A finder of plates and the reader that it names, for one thread.
    ///
    /// # Errors
    /// [`InferError`].
    #[cfg(feature = "onnx")]
    pub fn plate_reader(&self, name: &str) -> Result<PlateReader, InferError> {
        let manifest = self.manifest(name)?;
        plates_of(manifest, self.manifest(&manifest.plate_detection()?.recognition)?)
    }
}

/// How many numbers the detector has for a patch: no manifest says it, so one picture is shown to it.
fn numbers_of_patch(detector: &dyn Detector) -> Result<usize, InferError> {
    let name = detector.model().name;
    let failed = |error: &dyn std::fmt::Display| InferError::Model(name.clone(), error.to_string());
    let grey = Picture::from_rgb(TRIED_PX, TRIED_PX, vec![114; (TRIED_PX * TRIED_PX * 3) as usize]);
    let inspected = detector.inspect_in(Lane::Visit, &grey.map_err(|error| failed(&error))?)?;
    let patches = inspected.patches.ok_or_else(|| failed(&"it said nothing of patches"))?;
    Ok(patches.length())
}

/// Sides of that picture.
const TRIED_PX: u32 = 64;

/// What the weight file of a few examples says, where it fits its manifest.
fn learnt(manifest: &Manifest, spec: &FewShotSpec, weights: &[u8]) -> Result<Discriminant, InferError> {
    few_shot::read(weights, &spec.classes).map_err(|why| {
        let path = manifest.weight_path();
        InferError::Model(
            manifest.name.clone(),
            format!("{} {why}; make it again with `xunjie model teach`", path.display()),
        )
    })
}

/// Which weights a reader of plates answers by: one hash over the hashes of both files, as text.
fn plates_model(finder: &Manifest, reader: &Manifest) -> ModelRef {
    let all = [&finder.sha256, &reader.sha256].map(String::as_str).concat();
    ModelRef { name: finder.name.clone(), sha256: hex::encode(Sha256::digest(all)) }
}

/// Which weights and rules a reader answers by: one hash over the hashes of both weight files and of the rules, as text,
/// in this order.
fn reader_model(finder: &Manifest, reader: &Manifest, rules: &AdRules) -> ModelRef {
    let all = [&finder.sha256, &reader.sha256, &rules.sha256].map(String::as_str).concat();
    ModelRef { name: finder.name.clone(), sha256: hex::encode(Sha256::digest(all)) }
}

#[cfg(feature = "onnx")]
fn reader_of(finder: &Manifest, reader: &Manifest) -> Result<TextReader, InferError> {
    let weights = [finder.weights()?, reader.weights()?];
    TextReader::load((finder, &weights[0]), (reader, &weights[1]), Device::Cpu)
}

#[cfg(feature = "onnx")]
fn plates_of(finder: &Manifest, reader: &Manifest) -> Result<PlateReader, InferError> {
    let weights = [finder.weights()?, reader.weights()?];
    PlateReader::load((finder, &weights[0]), (reader, &weights[1]), Device::Cpu)
}

#[cfg(feature = "onnx")]
fn start_plates(finder: &Manifest, reader: &Manifest, side_max: u32) -> Result<Plates, InferError> {
    let eye = std::sync::Mutex::new(plates_of(finder, reader)?);
    Ok(Plates::new(plates_model(finder, reader), side_max, move |picture, part| {
        // A reader that panicked holds nothing between frames but its tensor, which is filled anew.
        let mut eye = eye.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        eye.read(picture, Some(part))
    }))
}

#[cfg(not(feature = "onnx"))]
fn start_plates(finder: &Manifest, reader: &Manifest, _: u32) -> Result<Plates, InferError> {
    let _ = plates_model(finder, reader);
    Err(without_runtime(finder))
}

#[cfg(feature = "onnx")]
fn plates_once(finder: &Manifest, reader: &Manifest) -> Result<(), InferError> {
    plates_of(finder, reader).map(|_| ())
}

#[cfg(not(feature = "onnx"))]
fn plates_once(finder: &Manifest, _: &Manifest) -> Result<(), InferError> {
    Err(without_runtime(finder))
}

#[cfg(feature = "onnx")]
fn start_reader(
    finder: &Manifest,
    reader: &Manifest,
    rules: AdRules,
    settings: PoolSettings,
) -> Result<Arc<dyn Detector>, InferError> {
    use super::{
        pool::{DetectorPool, EngineMaker},
        text::AdsEngine,
    };
    let model = reader_model(finder, reader, &rules);
    // Asked seldom, and each thread would hold both graphs: one is enough.
    let settings = PoolSettings { threads: std::num::NonZeroUsize::MIN, ..settings };
    let (finder, reader) = (finder.clone(), reader.clone());
    let weights = [finder.weights()?, reader.weights()?];
    let maker: EngineMaker = Arc::new(move || {
        let reader = TextReader::load((&finder, &weights[0]), (&reader, &weights[1]), settings.device)?;
        Ok(Box::new(AdsEngine::new(reader, rules.clone())))
    });
    Ok(Arc::new(DetectorPool::start(model, settings, &maker)?))
}

#[cfg(feature = "onnx")]
fn read_once(finder: &Manifest, reader: &Manifest) -> Result<(), InferError> {
    reader_of(finder, reader).map(|_| ())
}

#[cfg(not(feature = "onnx"))]
fn start_reader(
    finder: &Manifest,
    reader: &Manifest,
    rules: AdRules,
    _: PoolSettings,
) -> Result<Arc<dyn Detector>, InferError> {
    let _ = reader_model(finder, reader, &rules);
    Err(without_runtime(finder))
}

#[cfg(not(feature = "onnx"))]
fn read_once(finder: &Manifest, _: &Manifest) -> Result<(), InferError> {
    Err(without_runtime(finder))
}

/// A detector of a manifest that was changed after it was read, as for measuring below its floor score.
///
/// # Errors
/// [`InferError`].
pub fn detector_of(manifest: &Manifest, settings: PoolSettings) -> Result<Arc<dyn Detector>, InferError> {
    manifest.detector()?;
    start(manifest, settings)
}

#[cfg(feature = "onnx")]
fn start(manifest: &Manifest, settings: PoolSettings) -> Result<Arc<dyn Detector>, InferError> {
    use super::{
        onnx::OnnxDetector,
        pool::{DetectorPool, EngineMaker},
    };
    let weights = manifest.weights()?;
    let (model, manifest) = (manifest.model(), manifest.clone());
    let maker: EngineMaker = Arc::new(move || Ok(Box::new(OnnxDetector::load(&manifest, &weights, settings.device)?)));
    Ok(Arc::new(DetectorPool::start(model, settings, &maker)?))
}

/// The head's session, where it takes patches of that many numbers.
#[cfg(feature = "onnx")]
fn head_of(manifest: &Manifest, weights: &[u8], length: usize, device: Device) -> Result<HeadSession, InferError> {
    let head = HeadSession::load(manifest, weights, device)?;
    if head.length() == length {
        return Ok(head);
    }
    let (of, takes) = (&manifest.comparison()?.patches_of, head.length());
    let text =
        format!("takes patches of {takes} numbers, those of {of} have {length}; name the model that it was made for");
    Err(InferError::Model(manifest.name.clone(), text))
}

#[cfg(feature = "onnx")]
fn start_head(
    manifest: &Manifest,
    length: usize,
    settings: PoolSettings,
) -> Result<Arc<dyn ComparisonHead>, InferError> {
    use super::pool::{EngineMaker, Pool};
    let weights = manifest.weights()?;
    let (model, manifest) = (manifest.model(), manifest.clone());
    let maker: EngineMaker<Pair, Likelihoods> =
        Arc::new(move || Ok(Box::new(head_of(&manifest, &weights, length, settings.device)?)));
    Ok(Arc::new(Pool::start(model, settings, &maker)?))
}

#[cfg(feature = "onnx")]
fn compare_once(manifest: &Manifest, weights: &[u8], length: usize) -> Result<(), InferError> {
    head_of(manifest, weights, length, Device::Cpu).map(|_| ())
}

#[cfg(not(feature = "onnx"))]
fn start_head(manifest: &Manifest, _: usize, _: PoolSettings) -> Result<Arc<dyn ComparisonHead>, InferError> {
    Err(without_runtime(manifest))
}

#[cfg(not(feature = "onnx"))]
fn compare_once(manifest: &Manifest, _: &[u8], _: usize) -> Result<(), InferError> {
    Err(without_runtime(manifest))
}

#[cfg(feature = "onnx")]
fn run_once(manifest: &Manifest, weights: &[u8]) -> Result<(), InferError> {
    super::onnx::OnnxDetector::load(manifest, weights, Device::Cpu).map(|_| ())
}

#[cfg(not(feature = "onnx"))]
fn start(manifest: &Manifest, _: PoolSettings) -> Result<Arc<dyn Detector>, InferError> {
    Err(without_runtime(manifest))
}

#[cfg(not(feature = "onnx"))]
fn run_once(manifest: &Manifest, _: &[u8]) -> Result<(), InferError> {
    Err(without_runtime(manifest))
}

#[cfg(not(feature = "onnx"))]
fn without_runtime(manifest: &Manifest) -> InferError {
    InferError::Model(manifest.name.clone(), "this build has no ONNX Runtime; build with the feature onnx".into())
}
