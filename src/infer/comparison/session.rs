//! A head on ONNX Runtime. A graph that is not what its manifest says is refused at load, never at the first pair.

use ort::{
    session::Session,
    value::{Outlet, TensorRef},
};

use super::{
    super::{
        InferError, library,
        manifest::{ComparisonSpec, Manifest},
        onnx,
        pool::{Device, Engine},
    },
    Pair,
};
use crate::analysis::newness::{Likelihoods, PatchGrid};

/// One session of a head.
pub struct HeadSession {
    name: String,
    spec: ComparisonSpec,
    session: Session,
    /// Numbers of a patch.
    length: usize,
}

/// Columns and rows of the pairs that a graph is tried with: it must take any.
const TRIED: [[usize; 2]; 2] = [[3, 2], [5, 4]];

impl HeadSession {
    /// Loads `weights` (already proved to be the manifest's), checks the graph against the manifest and runs it on two pairs
    /// of unlike sizes.
    ///
    /// # Errors
    /// [`InferError::Library`] without ONNX Runtime, [`InferError::Model`] for a graph that is not what the manifest says
    /// or a device that this build lacks.
    pub fn load(manifest: &Manifest, weights: &[u8], device: Device) -> Result<Self, InferError> {
        let spec = manifest.comparison()?.clone();
        let fault = |text: String| InferError::Model(manifest.name.clone(), text);
        if device != Device::Cpu {
            return Err(fault(format!("this build cannot run on {device:?}; set the device to cpu")));
        }
        let environment = library::environment()?;
        let session = onnx::open(&environment, weights)
            .map_err(|error| fault(format!("{} is no graph that runs here: {error}", manifest.file)))?;
        let length = check_graph(&session, &spec).map_err(fault)?;
        let mut head = Self { name: manifest.name.clone(), spec, session, length };
        for sides in TRIED {
            let patch: Vec<f32> = (0..length).map(|n| 1.0 + (n % 3) as f32).collect();
            let grid = |patch: Vec<f32>| {
                let grid = PatchGrid::new([60, 40], sides, [10.0, 10.0], &vec![patch; sides[0] * sides[1]]);
                grid.ok_or_else(|| fault("the graph takes patches without numbers".to_owned()))
            };
            // The reference picture shows nothing of the frame.
            let tried = head.run_once(&Pair { now: grid(patch)?, before: grid(vec![0.0; length])? });
            tried.map_err(|error| fault(format!("the first run failed: {error}")))?;
        }
        Ok(head)
    }

    /// Numbers of a patch that it takes.
    pub fn length(&self) -> usize {
        self.length
    }

    fn run_once(&mut self, Pair { now, before }: &Pair) -> Result<Likelihoods, InferError> {
        let Self { name, spec, session, length } = self;
        let failed = |text: String| InferError::Run(name.clone(), text);
        if (now.sides(), now.length()) != (before.sides(), before.length()) {
            return Err(failed("the two pictures have unlike patches".to_owned()));
        }
        if now.length() != *length {
            let has = now.length();
            return Err(failed(format!(
                "it takes patches of {length} numbers, those of {} have {has}",
                spec.patches_of
            )));
        }
        let [columns, rows] = now.sides();
        let (shape, planes) = ([1, *length, rows, columns], [now.planes(), before.planes()]);
        let now = TensorRef::from_array_view((shape, planes[0].as_slice())).map_err(|e| failed(e.to_string()))?;
        let before = TensorRef::from_array_view((shape, planes[1].as_slice())).map_err(|e| failed(e.to_string()))?;
        let outputs = session
            .run(ort::inputs![spec.now.as_str() => now, spec.before.as_str() => before])
            .map_err(|error| failed(error.to_string()))?;
        let value =
            outputs.get(spec.output.as_str()).ok_or_else(|| failed(format!("output {} did not come", spec.output)))?;
        let (shape, data) = value.try_extract_tensor::<f32>().map_err(|error| failed(error.to_string()))?;
        let want = [1, spec.classes.len(), rows, columns].map(|side| side as i64);
        if shape.to_vec() != want {
            let (output, shape) = (&spec.output, shape.to_vec());
            return Err(failed(format!(
                "output {output} has the shape {shape:?} for {columns} x {rows} patches, want {want:?}"
            )));
        }
        let said = Likelihoods::new(spec.classes.clone(), columns * rows, data);
        said.ok_or_else(|| failed(format!("output {} has numbers that are no likelihoods from 0 to 1", spec.output)))
    }
}

impl Engine<Pair, Likelihoods> for HeadSession {
    fn run(&mut self, asked: &[Pair]) -> Result<Vec<Likelihoods>, InferError> {
        asked.iter().map(|pair| self.run_once(pair)).collect()
    }
}

/// Checks names, element types and shapes. Returns the numbers of a patch that the graph takes.
fn check_graph(session: &Session, spec: &ComparisonSpec) -> Result<usize, String> {
    let names = |outlets: &[Outlet]| outlets.iter().map(|o| o.name().to_owned()).collect::<Vec<_>>().join(", ");
    let inputs = session.inputs();
    if inputs.len() != 2 {
        return Err(format!("the graph takes {} inputs, want two: {}", inputs.len(), names(inputs)));
    }
    let mut lengths = Vec::new();
    for (key, wanted) in [("now", &spec.now), ("before", &spec.before)] {
        let input = inputs.iter().find(|input| input.name() == wanted).ok_or_else(|| {
            format!("the graph has no input {wanted}, which comparison.{key} names; it has {}", names(inputs))
        })?;
        let shape = onnx::floats(input)?;
        let any_size = |side: &i64| *side == -1;
        if shape.len() != 4 || !matches!(shape[0], 1 | -1) || shape[1] < 1 || !shape[2..].iter().all(any_size) {
            return Err(format!("input {wanted} has the shape {shape:?}, want [1, numbers of a patch, any, any]"));
        }
        lengths.push(shape[1]);
    }
    if lengths[0] != lengths[1] {
        return Err(format!("the graph's inputs take patches of {} and of {} numbers", lengths[0], lengths[1]));
    }
    let output = session.outputs().iter().find(|output| output.name() == spec.output).ok_or_else(|| {
        format!(
            "the graph has no output {}, which comparison.output names; it has {}",
            spec.output,
            names(session.outputs())
        )
    })?;
    let (shape, classes) = (onnx::floats(output)?, spec.classes.len());
    if shape.len() != 4 || !(shape[1] == -1 || shape[1] == classes as i64) {
        return Err(format!(
            "output {} has the shape {shape:?}, want [1, {classes}, any, any] for the classes {}",
            spec.output,
            spec.classes.join(", ")
        ));
    }
    usize::try_from(lengths[0]).map_err(|error| error.to_string())
}
