//! How good detections are, measured against labels: matching, average precision, calibration, confusion, alarms on
//! clean pictures, incidents against a timeline. Pure and deterministic: equal scores keep the order of the pictures.

pub mod alarms;
pub mod calibration;
pub mod confusion;
pub mod curve;
pub mod incidents;
pub mod matching;
#[cfg(test)]
mod table;

use crate::domain::{BBox, FrameSpace};

/// A labelled box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truth {
    /// Index into the labels' classes.
    pub class: usize,
    /// Where.
    pub bbox: BBox<FrameSpace>,
    /// A region (COCO: `iscrowd`, `ignore`) in which a detection is neither right nor wrong.
    pub ignored: bool,
}

/// A detection, with the label class that its own class stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Index into the labels' classes.
    pub class: usize,
    /// The model's confidence, 0..=1.
    pub score: f32,
    /// Where.
    pub bbox: BBox<FrameSpace>,
}

/// One picture: what is there and what was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// What is there.
    pub truths: Vec<Truth>,
    /// What was found.
    pub found: Vec<Found>,
}

impl Scene {
    /// Nothing is labelled there, ignored regions included.
    pub fn is_clean(&self) -> bool {
        self.truths.is_empty()
    }
}

/// What COCO measures overlap with: IoU, or for an ignored region the share of the detection that lies in it.
pub fn overlap(found: &BBox<FrameSpace>, truth: &Truth) -> f64 {
    let side = |a: f32, b: f32| f64::from(b) - f64::from(a);
    let area = |b: &BBox<FrameSpace>| side(b.x0(), b.x1()) * side(b.y0(), b.y1());
    let other = &truth.bbox;
    let width = side(found.x0().max(other.x0()), found.x1().min(other.x1()));
    let height = side(found.y0().max(other.y0()), found.y1().min(other.y1()));
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let both = width * height;
    let whole = if truth.ignored { area(found) } else { area(found) + area(other) - both };
    if whole > 0.0 { both / whole } else { 0.0 }
}
