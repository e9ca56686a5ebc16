//! Detectors on ONNX Runtime: one session a detector, one thread a session (measured best on processors). A graph
//! that is not what its manifest says is refused at load, never at the first picture.

use ort::{
    session::{Session, builder::GraphOptimizationLevel},
    value::{Outlet, TensorElementType, TensorRef, ValueType},
};

use super::{
    InferError, Inspection, library,
    manifest::{DetectorSpec, Manifest},
    pool::{Device, Engine},
    tap::with_output,
};
use crate::{
    analysis::{
        decode::Output,
        letterbox::{Letterbox, TensorLayout},
    },
    domain::{Appearance, Picture},
};

/// One session of a detector.
pub struct OnnxDetector {
    name: String,
    spec: DetectorSpec,
    session: Session,
    /// The graph takes exactly one picture a run.
    single: bool,
    /// The input tensor, kept between runs.
    tensor: Vec<f32>,
}

impl OnnxDetector {
    /// Loads `weights` (already proved to be the manifest's), checks the graph against the manifest and runs it once.
    ///
    /// # Errors
    /// [`InferError::Library`] without ONNX Runtime, [`InferError::Model`] for a graph that is not what the manifest
    /// says or a device that this build lacks.
    pub fn load(manifest: &Manifest, weights: &[u8], device: Device) -> Result<Self, InferError> {
        let spec = manifest.detector()?.clone();
        let fault = |text: String| InferError::Model(manifest.name.clone(), text);
        if device != Device::Cpu {
            return Err(fault(format!("this build cannot run on {device:?}; set the device to cpu")));
        }
        let environment = library::environment()?;
        let tapped = spec.patches.as_ref().map(|patches| with_output(weights, &patches.tensor));
        let session = open(&environment, tapped.as_deref().unwrap_or(weights))
            .map_err(|error| fault(format!("{} is no graph that runs here: {error}", manifest.file)))?;
        let single = check_graph(&session, &spec).map_err(fault)?;
        let mut detector = Self { name: manifest.name.clone(), spec, session, single, tensor: Vec::with_capacity(0) };
        detector.warm_up().map_err(|error| fault(format!("the first run failed: {error}")))?;
        Ok(detector)
    }

    /// One run on a grey picture: proves the outputs' shapes and lets the runtime take its memory.
    fn warm_up(&mut self) -> Result<(), InferError> {
        let format = &self.spec.input.format;
        let (width, height) = (format.width, format.height);
        let grey = vec![114; width as usize * height as usize * 3];
        let picture = Picture::from_rgb(width, height, grey).map_err(|e| self.failed(e))?;
        self.run(&[picture]).map(|_| ())
    }

    fn failed(&self, error: impl std::fmt::Display) -> InferError {
        InferError::Run(self.name.clone(), error.to_string())
    }

    /// One run of the graph.
    fn run_once(&mut self, pictures: &[Picture]) -> Result<Vec<Inspection>, InferError> {
        let Self { name, spec, session, tensor, .. } = self;
        let failed = |text: String| InferError::Run(name.clone(), text);
        let format = &spec.input.format;
        tensor.clear();
        let mut letterboxes = Vec::with_capacity(pictures.len());
        for picture in pictures {
            let letterbox = Letterbox::new(picture.width(), picture.height(), format);
            letterbox.append(picture, format, tensor);
            letterboxes.push(letterbox);
        }
        let (w, h) = (format.width as usize, format.height as usize);
        let shape = match format.layout {
            TensorLayout::Nchw => [pictures.len(), 3, h, w],
            TensorLayout::Nhwc => [pictures.len(), h, w, 3],
        };
        let input = TensorRef::from_array_view((shape, tensor.as_slice())).map_err(|e| failed(e.to_string()))?;
        let outputs =
            session.run(ort::inputs![spec.input.name.as_str() => input]).map_err(|e| failed(e.to_string()))?;
        let mut tensors = Vec::new();
        let patches = spec.patches.as_ref().map(|patches| patches.tensor.as_str());
        for output in spec.decoder.output_names().into_iter().chain(spec.appearance.as_deref()).chain(patches) {
            let value = outputs.get(output).ok_or_else(|| failed(format!("output {output} did not come")))?;
            let (shape, data) = value.try_extract_tensor::<f32>().map_err(|e| failed(e.to_string()))?;
            let shape: Vec<usize> = shape.iter().map(|side| usize::try_from(*side).unwrap_or(0)).collect();
            if shape.first() != Some(&pictures.len()) {
                return Err(failed(format!("output {output} has the shape {shape:?} for {} pictures", pictures.len())));
            }
            tensors.push((shape, data));
        }
        let mut inspected = Vec::with_capacity(pictures.len());
        for (index, letterbox) in letterboxes.iter().enumerate() {
            let mut of_one: Vec<Output<'_>> = (tensors.iter())
                .map(|(shape, data)| {
                    let each = data.len() / pictures.len();
                    Output { shape: &shape[1..], data: &data[index * each..(index + 1) * each] }
                })
                .collect();
            let grid = spec.patches.as_ref().zip(spec.patches.as_ref().and_then(|_| of_one.pop()));
            let grid = grid.map(|(patches, output)| patches.read(&output, letterbox, format)).transpose();
            let patches = grid.map_err(|error| failed(error.to_string()))?;
            let look = spec.appearance.as_ref().and_then(|_| of_one.pop());
            if let Some(look) = look.filter(|look| look.shape.len() != 1 || look.data.is_empty()) {
                return Err(failed(format!("the appearance has the shape {:?}, want one row of numbers", look.shape)));
            }
            let appearance = look.map(|look| Appearance::new(look.data.to_vec()));
            let detections = spec.read(&of_one, letterbox).map_err(|error| failed(error.to_string()))?;
            inspected.push(Inspection { detections, appearance, patches });
        }
        Ok(inspected)
    }
}

impl Engine for OnnxDetector {
    fn run(&mut self, pictures: &[Picture]) -> Result<Vec<Inspection>, InferError> {
        if !self.single {
            return self.run_once(pictures);
        }
        let mut inspected = Vec::with_capacity(pictures.len());
        for picture in pictures {
            inspected.append(&mut self.run_once(std::slice::from_ref(picture))?);
        }
        Ok(inspected)
    }
}

/// One thread, no spinning: cores belong to the pool, not to the session.
pub(super) fn open(
    environment: &ort::environment::Environment,
    weights: &[u8],
) -> Result<Session, Box<dyn std::error::Error>> {
    let mut builder = Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?;
    Ok(builder.commit_from_memory(weights)?)
}

/// Checks names, element types and the input's shape. Returns whether the graph takes exactly one picture a run; the
/// error says what the graph has and what the manifest wants.
fn check_graph(session: &Session, spec: &DetectorSpec) -> Result<bool, String> {
    let names = |outlets: &[Outlet]| outlets.iter().map(|o| o.name().to_owned()).collect::<Vec<_>>().join(", ");
    let [input] = session.inputs() else {
        return Err(format!(
            "the graph takes {} inputs, want one: {}",
            session.inputs().len(),
            names(session.inputs())
        ));
    };
    if input.name() != spec.input.name {
        return Err(format!("the graph's input is {}, input.name says {}", input.name(), spec.input.name));
    }
    let shape = floats(input)?;
    let (w, h) = (i64::from(spec.input.format.width), i64::from(spec.input.format.height));
    let want = match spec.input.format.layout {
        TensorLayout::Nchw => [3, h, w],
        TensorLayout::Nhwc => [h, w, 3],
    };
    let fits = shape.len() == 4 && shape[1..].iter().zip(want).all(|(side, want)| *side == -1 || *side == want);
    if !fits || (shape[0] != 1 && shape[0] != -1) {
        return Err(format!("the graph's input has the shape {shape:?}, the manifest means [1 or -1, {want:?}]"));
    }
    for wanted in spec.decoder.output_names() {
        let Some(output) = session.outputs().iter().find(|output| output.name() == wanted) else {
            return Err(format!("the graph has no output {wanted}; it has {}", names(session.outputs())));
        };
        floats(output)?;
    }
    if let Some(patches) = &spec.patches {
        let found = session.outputs().iter().find(|output| output.name() == patches.tensor);
        floats(found.ok_or_else(|| format!("the graph has no tensor {}", patches.tensor))?)?;
    }
    if let Some(wanted) = &spec.appearance {
        let outputs = session.outputs();
        let found = outputs.iter().find(|output| output.name() == wanted);
        let output = found.ok_or_else(|| {
            format!("the graph has no output {wanted}, which detector.appearance names; it has {}", names(outputs))
        })?;
        let shape = floats(output)?;
        // -1 stands for any size: what comes is judged by the first run.
        if shape.len() != 2 || shape[1] == 0 {
            return Err(format!("output {wanted} has the shape {shape:?}, an appearance is [pictures, numbers]"));
        }
    }
    Ok(shape[0] == 1)
}

/// The shape of a tensor of 32-bit floats; -1 stands for any size.
pub(super) fn floats(outlet: &Outlet) -> Result<Vec<i64>, String> {
    match outlet.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => Ok(shape.to_vec()),
        other => Err(format!("{} is {other}, want a tensor of 32-bit floats", outlet.name())),
    }
}
