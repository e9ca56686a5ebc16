//! L3: the one measuring stick. Runs a model over labelled pictures, or judges a replayed clip by its timeline, and
//! writes JSON and a page. Never changes what is measured: no picture is cropped or turned, and whatever was left out
//! is counted with its reason. The same input gives the same JSON.

pub mod cascade;
pub mod classes;
pub mod clip;
pub mod clips;
pub mod cost;
pub mod examples;
pub mod labels;
pub mod page;
#[cfg(feature = "onnx")]
pub mod plates;
mod plots;
pub mod report;
pub mod run;
mod sheet;
pub mod side_by_side;
pub mod teach;
pub mod text;

use serde::Serialize;

/// Something that did not count, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LeftOut {
    /// File, relative to the folder that is measured.
    pub file: String,
    /// Line (YOLO) or number of the annotation (COCO).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Why.
    pub reason: String,
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A folder or file cannot be read.
    #[error("{0} cannot be read: {1}; name the right one")]
    Unreadable(String, #[source] std::io::Error),
    /// A file does not hold what it should.
    #[error("{0}: {1}")]
    Bad(String, String),
    /// The class mapping does not fit.
    #[error("class mapping: {0}")]
    Mapping(String),
    /// Nothing was left to measure.
    #[error("nothing could be measured in {0}: {1}")]
    Nothing(String, String),
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
