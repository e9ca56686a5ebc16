//! What a model says about one frame.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize};

use super::{BBox, FrameSpace, ReferenceSpace, WallTime};

/// A confidence in 0..=1; never NaN.
#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Score(f32);

/// The number is no score.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{0} is no score; scores lie in 0..=1")]
pub struct BadScore(pub f32);

impl Score {
    /// Nothing is certain.
    pub const ZERO: Self = Self(0.0);
    /// Everything is certain.
    pub const ONE: Self = Self(1.0);

    /// Takes a number in 0..=1.
    ///
    /// # Errors
    /// [`BadScore`] for NaN and for anything outside.
    pub fn new(value: f32) -> Result<Self, BadScore> {
        // Adding zero takes the sign off a zero, which would be equal and yet ordered before.
        if (0.0..=1.0).contains(&value) { Ok(Self(value + 0.0)) } else { Err(BadScore(value)) }
    }
    /// The number.
    pub fn value(self) -> f32 {
        self.0
    }
    /// Natural logarithm of the odds. Finite: scores nearer to 0 or 1 than a millionth count as a millionth away.
    pub fn logit(self) -> f32 {
        const NEAREST: f32 = 1e-6;
        let share = self.0.clamp(NEAREST, 1.0 - NEAREST);
        (share / (1.0 - share)).ln()
    }
    /// The score of these log odds; no number is no odds at all, 0.
    pub fn of_logit(logit: f32) -> Self {
        let value = 1.0 / (1.0 + (-logit).exp());
        Self::new(value).unwrap_or(Self::ZERO)
    }
    /// The larger of two.
    pub fn max(self, other: Self) -> Self {
        if other.0 > self.0 { other } else { self }
    }
}
impl Eq for Score {}
impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Score {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
impl fmt::Debug for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}
impl TryFrom<f32> for Score {
    type Error = BadScore;
    fn try_from(value: f32) -> Result<Self, BadScore> {
        Self::new(value)
    }
}
impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f32::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Class name of persons, whose heads are hidden.
pub const PERSON_CLASS: &str = "person";
/// Class names of vehicles, whose plates are hidden.
pub const VEHICLE_CLASSES: [&str; 4] = ["car", "truck", "bus", "motorcycle"];

/// Class of a line with a telephone number: it is personal data, and hidden where pictures leave the house.
pub const PHONE_NUMBER: &str = "phone_number";

/// Class of a thing that stands in a view and not in its reference picture, and that no model has a name for.
pub const NEW_THING: &str = "new_thing";
/// Class of what was spilled and is not in the reference picture.
pub const NEW_SPILL: &str = "new_spill";
/// What such class names begin with; the class of the head that says what is new follows.
const NEW: &str = "new_";

/// Class of what is new and that a head calls `class`: `new_spill` for `spill`.
pub fn new_class(class: &str) -> String {
    format!("{NEW}{class}")
}

/// Whether the class is of what is new, and no name that a detector has for a thing.
pub fn is_new_class(class: &str) -> bool {
    class.starts_with(NEW)
}

/// One box in a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// The model's class name.
    pub class: Arc<str>,
    /// The model's confidence.
    pub score: Score,
    /// Where, in pixels of the frame.
    pub bbox: BBox<FrameSpace>,
    /// What was read there; `None` from a model that does not read. May hold telephone numbers.
    pub text: Option<Arc<str>>,
}

impl Detection {
    /// Whether it is text itself, and not a vehicle whose plate was read.
    pub fn is_text(&self) -> bool {
        self.text.is_some() && !VEHICLE_CLASSES.contains(&&*self.class)
    }
}

/// One box of a look, where it stood on the view's reference picture.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceDetection {
    /// The model's class name.
    pub class: Arc<str>,
    /// The model's confidence.
    pub score: Score,
    /// Where, in fractions of the reference picture.
    pub bbox: BBox<ReferenceSpace>,
    /// It is text that a person let stay there when the look saw it: lawful whatever the zones say.
    pub permitted: bool,
}

/// Boxes that are kept of one look at most: the surest.
pub const OBSERVED_MAX: usize = 64;

/// What the model saw in the latest frame of a look that could be judged, lawful or not: kept for a while, so that
/// zones and hours can be tried out on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The moment by which it was judged.
    pub at: WallTime,
    /// At most [`OBSERVED_MAX`], surest first.
    pub detections: Vec<ReferenceDetection>,
}

impl Observed {
    /// Keeps the surest of what was seen.
    pub fn new(at: WallTime, mut detections: Vec<ReferenceDetection>) -> Self {
        detections.sort_by_key(|detection| std::cmp::Reverse(detection.score));
        detections.truncate(OBSERVED_MAX);
        Self { at, detections }
    }
}

/// Which weights said it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRef {
    /// Name of the model's folder.
    pub name: String,
    /// Lower-case hexadecimal SHA-256 of the weight file.
    pub sha256: String,
}

/// Number of a track, unique in its look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u64);
