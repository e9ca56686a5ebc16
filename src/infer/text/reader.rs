//! The reader on ONNX Runtime: finds lines tile by tile at the picture's own scale, makes each upright and reads it. One
//! thread runs both graphs; it never decides what a line means.

use std::ops::Range;

use super::{
    super::{
        InferError,
        manifest::{Manifest, TextDetectionSpec},
        pool::Device,
    },
    line_reader::LineReader,
    sessions::{Answer, Graph, shape_of},
};
use crate::{
    analysis::{
        decode::{TextMap, TextMapRule, TextRegion},
        lines, tensor,
        tiles::{Stretch, stretches},
    },
    domain::{FrameSpace, Picture, Quad, TextLine},
};

/// A finder and a reader of lines.
pub struct TextReader {
    name: String,
    finding: TextDetectionSpec,
    finder: Graph,
    reader: LineReader,
    /// The input tensor, kept between runs.
    tensor: Vec<f32>,
}

/// Neighbouring tiles overlap by this much: letters at a border are seen whole by one of both.
const OVERLAP_PX: usize = 128;
/// A picture that needs more tiles is refused: it is no camera's.
const TILES_MAX: usize = 40;
/// Text that is so much higher than wide is read turned by a quarter.
const TALL_RATIO: f32 = 1.5;

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
        let find = Graph::load(finder, finder_weights, device, &finding.input, &[&finding.output])?;
        let read = LineReader::load(reader, reader_weights, device)?;
        let name = finder.name.clone();
        let mut reader = Self { name, finding, finder: find, reader: read, tensor: Vec::new() };
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
        self.finder.run(shape, &self.tensor, |answers| {
            let [Answer { shape, data }] = answers else { return Err("it gave no map".to_owned()) };
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
            let line = self.reader.read(picture, &quad.turned(*quarters))?;
            if best.as_ref().is_none_or(|best| line.score > best.score) {
                best = Some(line);
            }
        }
        let floor = self.reader.floor();
        Ok(best.filter(|line| line.score >= floor && line.text.chars().any(char::is_alphanumeric)))
    }
}

/// The same picture as packed RGB: planar pixels would be converted again for every sample.
pub(super) fn packed(picture: &Picture) -> Picture {
    Picture::from_rgb(picture.width(), picture.height(), picture.to_rgb()).unwrap_or_else(|_| picture.clone())
}
