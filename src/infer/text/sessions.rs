//! One graph with one input and outputs of 32-bit floats, and what is asked of it.

use ort::{session::Session, value::TensorRef};

use super::super::{
    InferError, library,
    manifest::{Manifest, PictureInput},
    onnx,
    pool::Device,
};
use crate::analysis::letterbox::TensorLayout;

/// A graph that answers one tensor with others.
pub(super) struct Graph {
    name: String,
    input: String,
    outputs: Vec<String>,
    session: Session,
}

impl Graph {
    /// Loads `weights` (already proved to be the manifest's) and checks that the graph has this input and these outputs.
    ///
    /// # Errors
    /// [`InferError::Library`] without ONNX Runtime, [`InferError::Model`] for a graph that is not what the manifest says
    /// or a device that this build lacks.
    pub(super) fn load(
        manifest: &Manifest,
        weights: &[u8],
        device: Device,
        input: &PictureInput,
        outputs: &[&str],
    ) -> Result<Self, InferError> {
        let fault = |text: String| InferError::Model(manifest.name.clone(), text);
        if device != Device::Cpu {
            return Err(fault(format!("this build cannot run on {device:?}; set the device to cpu")));
        }
        let environment = library::environment()?;
        let session = onnx::open(&environment, weights)
            .map_err(|error| fault(format!("{} is no graph that runs here: {error}", manifest.file)))?;
        let names = |outlets: &[ort::value::Outlet]| {
            outlets.iter().map(|outlet| outlet.name().to_owned()).collect::<Vec<_>>().join(", ")
        };
        let found = session.inputs().iter().find(|outlet| outlet.name() == input.name).ok_or_else(|| {
            fault(format!(
                "the graph has no input {}, which input.name names; it has {}",
                input.name,
                names(session.inputs())
            ))
        })?;
        let shape = onnx::floats(found).map_err(fault)?;
        if session.inputs().len() != 1 || shape.len() != 4 {
            let inputs = names(session.inputs());
            return Err(fault(format!("the graph takes {inputs} of shape {shape:?}, want one picture of four axes")));
        }
        for output in outputs {
            let outlet = session.outputs().iter().find(|outlet| outlet.name() == *output).ok_or_else(|| {
                fault(format!("the graph has no output {output}; it has {}", names(session.outputs())))
            })?;
            onnx::floats(outlet).map_err(fault)?;
        }
        let outputs = outputs.iter().map(|output| (*output).to_owned()).collect();
        Ok(Self { name: manifest.name.clone(), input: input.name.clone(), outputs, session })
    }

    /// A text of the graph's metadata.
    pub(super) fn metadata(&self, key: &str) -> Option<String> {
        self.session.metadata().ok()?.custom(key)
    }

    /// One run; `answer` sees the outputs in the order in which they were named, whole.
    ///
    /// # Errors
    /// [`InferError::Run`] of the run, or of what `answer` says is wrong.
    pub(super) fn run<T>(
        &mut self,
        shape: [usize; 4],
        tensor: &[f32],
        answer: impl FnOnce(&[Answer<'_>]) -> Result<T, String>,
    ) -> Result<T, InferError> {
        let Self { name, input, outputs, session } = self;
        let failed = |text: String| InferError::Run(name.clone(), text);
        let tensor = TensorRef::from_array_view((shape, tensor)).map_err(|error| failed(error.to_string()))?;
        let said = session.run(ort::inputs![input.as_str() => tensor]).map_err(|error| failed(error.to_string()))?;
        let mut answers = Vec::with_capacity(outputs.len());
        for output in outputs.iter() {
            let value = said.get(output.as_str()).ok_or_else(|| failed(format!("output {output} did not come")))?;
            let (shape, data) = value.try_extract_tensor::<f32>().map_err(|error| failed(error.to_string()))?;
            let shape = shape.iter().map(|side| usize::try_from(*side).unwrap_or(0)).collect();
            answers.push(Answer { shape, data });
        }
        answer(&answers).map_err(failed)
    }
}

/// One output of a run.
pub(super) struct Answer<'a> {
    /// Size of each axis, the batch first.
    pub(super) shape: Vec<usize>,
    /// The numbers.
    pub(super) data: &'a [f32],
}

/// The shape of one picture.
pub(super) fn shape_of(layout: TensorLayout, width: usize, height: usize) -> [usize; 4] {
    match layout {
        TensorLayout::Nchw => [1, 3, height, width],
        TensorLayout::Nhwc => [1, height, width, 3],
    }
}
