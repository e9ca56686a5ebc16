//! The graph that reads one line: as free text, or spelled by the alphabets of what is known to stand there.

use super::{
    super::{
        InferError,
        manifest::{CharsetSource, Manifest, TextRecognitionSpec},
        pool::Device,
    },
    sessions::{Answer, Graph, shape_of},
};
use crate::{
    analysis::{
        decode::{Charset, Output, Spelling, line, spelled},
        tensor,
        warp::upright,
    },
    domain::{FrameSpace, Picture, Quad, Score, TextLine},
};

/// A reader of lines.
pub(super) struct LineReader {
    spec: TextRecognitionSpec,
    graph: Graph,
    charset: Charset,
    /// The input tensor, kept between runs.
    tensor: Vec<f32>,
}

/// Widths of lines are rounded up to a multiple of this, so that the runtime meets few shapes.
const WIDTH_STEP_PX: usize = 32;
/// The narrowest line that is shown to the graph, in heights: it was taught on lines padded to more than this.
const NARROWEST_HEIGHTS: usize = 4;

impl LineReader {
    /// Loads the graph, checks it against its manifest and runs it once.
    ///
    /// # Errors
    /// [`InferError`].
    pub(super) fn load(manifest: &Manifest, weights: &[u8], device: Device) -> Result<Self, InferError> {
        let spec = manifest.text_recognition()?.clone();
        let mut graph = Graph::load(manifest, weights, device, &spec.input, &[&spec.output])?;
        let charset = charset(manifest, &spec, &mut graph)?;
        Ok(Self { spec, graph, charset, tensor: Vec::new() })
    }

    /// Nothing below is believed.
    pub(super) fn floor(&self) -> Score {
        self.spec.score_floor
    }

    /// The text inside of `quad`, whatever it scores.
    ///
    /// # Errors
    /// [`InferError::Run`].
    pub(super) fn read(&mut self, picture: &Picture, quad: &Quad<FrameSpace>) -> Result<TextLine, InferError> {
        self.ask(picture, quad, |charset, name, output| {
            let read = charset.read(name, output).map_err(|error| error.to_string())?;
            let (text, score) = line(&read);
            Ok(TextLine { quad: *quad, text: text.into(), score })
        })
    }

    /// The likeliest spelling by each of `forms`, which lists the characters that may stand at each place.
    ///
    /// # Errors
    /// [`InferError::Run`].
    pub(super) fn spell(
        &mut self,
        picture: &Picture,
        quad: &Quad<FrameSpace>,
        forms: &[Vec<Vec<char>>],
        separators: &[char],
    ) -> Result<Vec<Option<Spelling>>, InferError> {
        self.ask(picture, quad, |charset, name, output| {
            let one = |form: &Vec<Vec<char>>| spelled(charset, name, output, form, separators);
            forms.iter().map(one).collect::<Result<_, _>>().map_err(|error| error.to_string())
        })
    }

    fn ask<T>(
        &mut self,
        picture: &Picture,
        quad: &Quad<FrameSpace>,
        answer: impl FnOnce(&Charset, &str, &Output<'_>) -> Result<T, String>,
    ) -> Result<T, InferError> {
        let Self { spec, graph, charset, tensor } = self;
        let format = &spec.input.format;
        let (height, widest) = (format.height as usize, format.width as usize);
        let ratio = quad.width() / quad.height().max(1.0);
        let width = ((ratio * height as f32).round() as usize).clamp(height / 2, widest);
        let shown = width.max(NARROWEST_HEIGHTS * height).next_multiple_of(WIDTH_STEP_PX).min(widest.max(width));
        let pixels = upright(picture, quad, width as u32, height as u32);
        tensor.clear();
        let pixel = |x: usize, y: usize| (x < width).then(|| pixels[y * width + x]);
        tensor::append(format, [shown, height], pixel, tensor);
        graph.run(shape_of(format.layout, shown, height), tensor, |answers| {
            let [Answer { shape, data }] = answers else { return Err("it gave no line".to_owned()) };
            answer(charset, &spec.output, &Output { shape: shape.get(1..).unwrap_or_default(), data })
        })
    }
}

/// The characters, from the manifest or the graph's metadata, fitted to what the graph answers on a grey line.
fn charset(manifest: &Manifest, spec: &TextRecognitionSpec, graph: &mut Graph) -> Result<Charset, InferError> {
    let fault = |text: String| InferError::Model(manifest.name.clone(), text);
    let (width, height) = (spec.input.format.width.min(320) as usize, spec.input.format.height as usize);
    let mut grey = Vec::new();
    tensor::append(&spec.input.format, [width, height], |_, _| None, &mut grey);
    let classes = graph.run(shape_of(spec.input.format.layout, width, height), &grey, |answers| match answers {
        [Answer { shape, .. }] if shape.len() == 3 => Ok(shape[2]),
        other => {
            let shapes: Vec<_> = other.iter().map(|answer| &answer.shape).collect();
            Err(format!("output {} has the shape {shapes:?}, lines are [pictures, steps, characters]", spec.output))
        }
    });
    let classes = classes.map_err(|error| fault(error.to_string()))?;
    let list = match &spec.charset {
        CharsetSource::Listed(list) => list.clone(),
        CharsetSource::Metadata(key) => {
            let text = graph.metadata(key).ok_or_else(|| fault(format!("the graph's metadata has no key {key}")))?;
            text.lines().map(str::to_owned).collect()
        }
    };
    Charset::new(list.iter().map(String::as_str), spec.blank_index as usize, classes)
        .map_err(|error| fault(error.to_string()))
}
