//! The catalogue: every model below `models/`, and the detectors made from them. A broken manifest never hides the
//! sound ones; whoever asks for the broken one is told what is wrong.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Detector, InferError,
    manifest::{FILE_NAME, Manifest},
    pool::PoolSettings,
};
use crate::config::Faults;

/// All models of a folder.
#[derive(Clone, Debug)]
pub struct Catalogue {
    folder: PathBuf,
    models: BTreeMap<String, Result<Manifest, Faults>>,
}

impl Catalogue {
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
        Ok(Self { folder: models.to_path_buf(), models: found })
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
        if manifest.detector().is_ok() { run_once(manifest, &weights) } else { Ok(()) }
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
        manifest.detector()?;
        start(manifest, settings)
    }
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

#[cfg(feature = "onnx")]
fn run_once(manifest: &Manifest, weights: &[u8]) -> Result<(), InferError> {
    super::onnx::OnnxDetector::load(manifest, weights, super::pool::Device::Cpu).map(|_| ())
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
