//! The reader on ONNX Runtime: finds lines tile by tile at the picture's own scale, makes each upright and reads it. One
//! thread runs both graphs; it never decides what a line means.

use std::ops::Range;

use super::{
    super::{
        InferError,
        manifest::{CharsetSource, Manifest, TextDetectionSpec, TextRecognitionSpec},
        pool::Device,
    },
    sessions::Graph,
};
use crate::{
    analysis::{
        decode::{Charset, Output, TextMap, TextMapRule, TextRegion, line},
        letterbox::TensorLayout,
        lines, tensor,
        tiles::{Stretch, stretches},
        warp::upright,
    },
    domain::{FrameSpace, Picture, Quad, TextLine},
};

/// A finder and a reader of lines.
pub struct TextReader {
    name: String,
    finding: TextDetectionSpec,
    reading: TextRecognitionSpec,
    finder: Graph,
    reader: Graph,
    charset: Charset,
    /// The input tensor, kept between runs.
    tensor: Vec<f32>,
}

/// Neighbouring tiles overlap by this much: letters at a border are seen whole by one of both.
const OVERLAP_PX: usize = 128;
/// A picture that needs more tiles is refused: it is no camera's.
const TILES_MAX: usize = 40;
/// Text that is so much higher than wide is read turned by a quarter.
const TALL_RATIO: f32 = 1.5;
/// Widths of lines are rounded up to a multiple of this, so that the runtime meets few shapes.
const WIDTH_STEP_PX: usize = 32;
/// The narrowest line that is shown to the reader, in heights: it was taught on lines padded to more than this.
const NARROWEST_HEIGHTS: usize = 4;

impl TextReader {
    /// Loads both graphs, checks them against their manifests and runs each once.
    ///
    /// # Errors
    /// [`InferError`]: no ONNX Runtime, or a graph that is not what its manifest says.
    pub fn load(
        (finder, finder_weights): (&Manifest, &[u8]),
        (reader, reader_weights): (&Manifest, &[u8]),
        device: Device,
    ) -> Result<Self, InferError> {
        let finding = finder.text_detection()?.clone();
        let reading = reader.text_recognition()?.clone();
        let find = Graph::load(finder, finder_weights, device, &finding.input, &finding.output)?;
        let mut read = Graph::load(reader, reader_weights, device, &reading.input, &reading.output)?;
        let charset = charset(reader, &reading, &mut read)?;
        let name = finder.name.clone();
        let mut reader = Self { name, finding, reading, finder: find, reader: read, charset, tensor: Vec::new() };
        let grey = Picture::from_rgb(64, 64, vec![128; 64 * 64 * 3])
            .map_err(|error| InferError::Model(reader.name.clone(), error.to_string()))?;
        reader
            .read(&grey)
            .map_err(|error| InferError::Model(reader.name.clone(), format!("the first run failed: {error}")))?;
        Ok(reader)
    }

    /// All lines at or above the reader's floor, surest first; pieces of one line are put together.
    ///
    /// # Errors
    /// [`InferError::Run`] for a failed run, and for a picture that would need more than 40 tiles.
    pub fn read(&mut self, picture: &Picture) -> Result<Vec<TextLine>, InferError> {
        let picture = packed(picture);
        let mut read = Vec::new();
        for region in self.regions(&picture)? {
            read.extend(self.line(&picture, &region.quad)?);
        }
        Ok(lines::joined(lines::without_twins(read)))
    }

    /// Where text stands, likeliest first. `picture` is packed RGB.
    fn regions(&mut self, picture: &Picture) -> Result<Vec<TextRegion>, InferError> {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let format = &self.finding.input.format;
        let columns = stretches(width, format.width as usize, OVERLAP_PX);
        let rows = stretches(height, format.height as usize, OVERLAP_PX);
        if columns.len() * rows.len() > TILES_MAX {
            let tiles = columns.len() * rows.len();
            let text =
                format!("{width}x{height} px would need {tiles} tiles, at most {TILES_MAX} are looked at; shrink it");
            return Err(InferError::Run(self.name.clone(), text));
        }
        let mut map = TextMap::blank(width, height);
        for row in &rows {
            for column in &columns {
                self.find(picture, column, row, &mut map)?;
            }
        }
        let TextDetectionSpec { pixel_min, score_floor, unclip, regions_max, .. } = self.finding;
        Ok(map.regions(&TextMapRule { pixel_min, score_min: score_floor, unclip, regions_max }))
    }

    /// One tile: its share of the map.
    fn find(
        &mut self,
        picture: &Picture,
        column: &Stretch,
        row: &Stretch,
        map: &mut TextMap,
    ) -> Result<(), InferError> {
        let multiple = self.finding.side_multiple_px as usize;
        let whole = |range: &Range<usize>| range.len().next_multiple_of(multiple);
        let (width, height) = (whole(&column.looked_at), whole(&row.looked_at));
        let pixel = |x: usize, y: usize| {
            let inside = x < column.looked_at.len() && y < row.looked_at.len();
            inside.then(|| {
                picture.rgb_at((column.looked_at.start + x) as u32, (row.looked_at.start + y) as u32).map(f32::from)
            })
        };
        self.tensor.clear();
        tensor::append(&self.finding.input.format, [width, height], pixel, &mut self.tensor);
        let shape = shape_of(self.finding.input.format.layout, width, height);
        self.finder.run(shape, &self.tensor, |shape, data| {
            let fits = shape.ends_with(&[height, width]) && data.len() == width * height;
            if !fits {
                return Err(format!("the map has the shape {shape:?} for a picture of {width}x{height}"));
            }
            let source = [column.counts.start - column.looked_at.start, row.counts.start - row.looked_at.start];
            let to = [column.counts.start, row.counts.start];
            map.paste(data, width, source, to, [column.counts.len(), row.counts.len()]);
            Ok(())
        })
    }

    /// Reads one region; text that stands upright or lies is tried as it lies first, and the other way where that says little.
    ///
    /// Returns `None` below the floor and for text without a letter or digit.
    fn line(&mut self, picture: &Picture, quad: &Quad<FrameSpace>) -> Result<Option<TextLine>, InferError> {
        let is_tall = quad.height() > TALL_RATIO * quad.width();
        // A tall region begins at its right edge when its letters lie on their side.
        let tries: &[usize] = if is_tall { &[1, 3] } else { &[0] };
        let mut best: Option<TextLine> = None;
        for quarters in tries {
            let line = self.read_one(picture, &quad.turned(*quarters))?;
            if best.as_ref().is_none_or(|best| line.score > best.score) {
                best = Some(line);
            }
        }
        let floor = self.reading.score_floor;
        Ok(best.filter(|line| line.score >= floor && line.text.chars().any(char::is_alphanumeric)))
    }

    fn read_one(&mut self, picture: &Picture, quad: &Quad<FrameSpace>) -> Result<TextLine, InferError> {
        let format = &self.reading.input.format;
        let (height, widest) = (format.height as usize, format.width as usize);
        let ratio = quad.width() / quad.height().max(1.0);
        let width = ((ratio * height as f32).round() as usize).clamp(height / 2, widest);
        let shown = width.max(NARROWEST_HEIGHTS * height).next_multiple_of(WIDTH_STEP_PX).min(widest.max(width));
        let pixels = upright(picture, quad, width as u32, height as u32);
        self.tensor.clear();
        let pixel = |x: usize, y: usize| (x < width).then(|| pixels[y * width + x]);
        tensor::append(format, [shown, height], pixel, &mut self.tensor);
        let Self { reader, charset, reading, tensor, .. } = self;
        let shape = shape_of(reading.input.format.layout, shown, height);
        reader.run(shape, tensor, |shape, data| {
            let output = Output { shape: shape.get(1..).unwrap_or_default(), data };
            let read = charset.read(&reading.output, &output).map_err(|error| error.to_string())?;
            let (text, score) = line(&read);
            Ok(TextLine { quad: *quad, text: text.into(), score })
        })
    }
}

fn shape_of(layout: TensorLayout, width: usize, height: usize) -> [usize; 4] {
    match layout {
        TensorLayout::Nchw => [1, 3, height, width],
        TensorLayout::Nhwc => [1, height, width, 3],
    }
}

/// The same picture as packed RGB: planar pixels would be converted again for every sample.
fn packed(picture: &Picture) -> Picture {
    Picture::from_rgb(picture.width(), picture.height(), picture.to_rgb()).unwrap_or_else(|_| picture.clone())
}

/// The characters, from the manifest or the graph's metadata, fitted to what the graph answers on a grey line.
fn charset(manifest: &Manifest, spec: &TextRecognitionSpec, graph: &mut Graph) -> Result<Charset, InferError> {
    let fault = |text: String| InferError::Model(manifest.name.clone(), text);
    let (width, height) = (spec.input.format.width.min(320) as usize, spec.input.format.height as usize);
    let mut grey = Vec::new();
    tensor::append(&spec.input.format, [width, height], |_, _| None, &mut grey);
    let shape = shape_of(spec.input.format.layout, width, height);
    let classes = graph.run(shape, &grey, |shape, _| {
        shape.get(2).copied().filter(|_| shape.len() == 3).ok_or_else(|| {
            format!("output {} has the shape {shape:?}, lines are [pictures, steps, characters]", spec.output)
        })
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
