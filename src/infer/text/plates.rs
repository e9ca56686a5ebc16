//! The plate reader on ONNX Runtime: finds plates by their corners, makes each upright and spells it by the forms of
//! plates. One frame at a time; what frames say together is for `analysis::plate`.

use super::{
    super::{
        InferError,
        manifest::{Manifest, PlateDetectionSpec},
        pool::Device,
    },
    PlateSeen,
    line_reader::LineReader,
    reader::packed,
    sessions::{Graph, shape_of},
};
use crate::{
    analysis::{
        decode::{Cornered, Output},
        plate::{SEPARATORS, forms},
        tensor,
    },
    domain::{BBox, FrameSpace, Picture, Point, Quad},
};

/// A finder and a reader of plates.
pub struct PlateReader {
    name: String,
    spec: PlateDetectionSpec,
    finder: Graph,
    reader: LineReader,
    forms: Vec<Vec<Vec<char>>>,
    /// The input tensor, kept between runs.
    tensor: Vec<f32>,
}

/// Corners are found on the rim; characters near it need a little air.
const GROWN: f32 = 1.06;

impl PlateReader {
    /// Loads both graphs, checks them against their manifests and runs each once.
    ///
    /// # Errors
    /// [`InferError`]: no ONNX Runtime, or a graph that is not what its manifest says.
    pub fn load(
        (finder, finder_weights): (&Manifest, &[u8]),
        (reader, reader_weights): (&Manifest, &[u8]),
        device: Device,
    ) -> Result<Self, InferError> {
        let spec = finder.plate_detection()?.clone();
        let outputs: Vec<&str> = spec.corners.outputs.iter().map(String::as_str).collect();
        let graph = Graph::load(finder, finder_weights, device, &spec.input, &outputs)?;
        let read = LineReader::load(reader, reader_weights, device)?;
        let name = finder.name.clone();
        let mut reader = Self { name, spec, finder: graph, reader: read, forms: forms(), tensor: Vec::new() };
        let fault = |name: &str, error: &dyn std::fmt::Display| InferError::Model(name.to_owned(), error.to_string());
        let grey = Picture::from_rgb(64, 64, vec![128; 64 * 64 * 3]).map_err(|error| fault(&reader.name, &error))?;
        reader.read(&grey, None).map_err(|error| fault(&reader.name, &format!("the first run failed: {error}")))?;
        Ok(reader)
    }

    /// The plates in `part` of the picture (all of it where none is named), surest first, at the picture's own scale.
    ///
    /// # Errors
    /// [`InferError::Run`] for a failed run, and for a part that is larger than the graph takes.
    pub fn read(&mut self, picture: &Picture, part: Option<&BBox<FrameSpace>>) -> Result<Vec<PlateSeen>, InferError> {
        let whole = BBox::new(0.0, 0.0, picture.width() as f32, picture.height() as f32);
        let part = part.map_or(whole, |part| part.clipped(whole.x1(), whole.y1()));
        let (left, top) = (part.x0() as u32, part.y0() as u32);
        let (width, height) =
            ((part.x1().ceil() as u32).saturating_sub(left), (part.y1().ceil() as u32).saturating_sub(top));
        if width == 0 || height == 0 {
            return Ok(Vec::new());
        }
        let format = &self.spec.input.format;
        if width > format.width || height > format.height {
            let most = format!("{}x{}", format.width, format.height);
            let text = format!("{width}x{height} px is more than {most}; hand over the vehicle's part of the picture");
            return Err(InferError::Run(self.name.clone(), text));
        }
        let picture = packed(&picture.cropped(left, top, width, height));
        let mut seen = Vec::new();
        for Cornered { score, quad } in self.find(&picture)? {
            let reading = self.reader.spell(&picture, &grown(&quad), &self.forms, &SEPARATORS)?;
            let quad = quad.map(|p| Point::new(p.x + left as f32, p.y + top as f32));
            seen.push(PlateSeen { quad, score, reading });
        }
        Ok(seen)
    }

    fn find(&mut self, picture: &Picture) -> Result<Vec<Cornered>, InferError> {
        let (width, height) = (picture.width(), picture.height());
        let Self { spec, finder, tensor, .. } = self;
        let pixel = |x: usize, y: usize| Some(picture.rgb_at(x as u32, y as u32).map(f32::from));
        tensor.clear();
        tensor::append(&spec.input.format, [width as usize, height as usize], pixel, tensor);
        let shape = shape_of(spec.input.format.layout, width as usize, height as usize);
        finder.run(shape, tensor, |answers| {
            let outputs: Vec<Output<'_>> = answers
                .iter()
                .map(|answer| Output { shape: answer.shape.get(1..).unwrap_or_default(), data: answer.data })
                .collect();
            spec.corners.decode(&outputs, [width, height]).map_err(|error| error.to_string())
        })
    }
}

fn grown(quad: &Quad<FrameSpace>) -> Quad<FrameSpace> {
    let middle = |pick: fn(&Point<FrameSpace>) -> f32| quad.0.iter().map(pick).sum::<f32>() / 4.0;
    let (x, y) = (middle(|p| p.x), middle(|p| p.y));
    quad.map(|p| Point::new(x + (p.x - x) * GROWN, y + (p.y - y) * GROWN))
}
