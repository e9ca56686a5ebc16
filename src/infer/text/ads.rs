//! The reader as a detector: what its lines mean by a city's rules.

use super::{
    super::{InferError, Inspection, pool::Engine},
    TextReader,
};
use crate::{
    analysis::ads,
    domain::{AdRules, Picture},
};

/// One reader of a pool.
pub struct AdsEngine {
    reader: TextReader,
    rules: AdRules,
}

impl AdsEngine {
    /// Judges what `reader` reads by `rules`.
    pub fn new(reader: TextReader, rules: AdRules) -> Self {
        Self { reader, rules }
    }
}

impl Engine for AdsEngine {
    fn run(&mut self, pictures: &[Picture]) -> Result<Vec<Inspection>, InferError> {
        let one = |picture: &Picture| {
            let lines = self.reader.read(picture)?;
            let mut detections = ads::detections(&lines, picture.width(), &self.rules);
            for detection in &mut detections {
                detection.bbox = detection.bbox.clipped(picture.width() as f32, picture.height() as f32);
            }
            detections.retain(|detection| detection.bbox.area() > 0.0);
            Ok(Inspection { detections, ..Inspection::default() })
        };
        pictures.iter().map(one).collect()
    }
}
