//! Matters (事项): the catalogue kinds of violation and the parameters by which one is found.
//! Values of this kind are made by `config` from `pipelines/*.toml`, checked there.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{DecodeMode, Detection, Score, Shadow};

/// Short name of a matter: the file name in `pipelines/`, lower-case letters, digits and `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MatterKey(String);

/// The text cannot be a matter's key.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no matter key; keys are 1 to 64 of a-z, 0-9 and _")]
pub struct BadMatterKey(String);

impl MatterKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for MatterKey {
    type Error = BadMatterKey;
    fn try_from(text: String) -> Result<Self, BadMatterKey> {
        let sane = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if sane { Ok(Self(text)) } else { Err(BadMatterKey(text.chars().take(64).collect())) }
    }
}
impl std::str::FromStr for MatterKey {
    type Err = BadMatterKey;
    fn from_str(text: &str) -> Result<Self, BadMatterKey> {
        Self::try_from(text.to_owned())
    }
}
impl From<MatterKey> for String {
    fn from(key: MatterKey) -> Self {
        key.0
    }
}
impl fmt::Display for MatterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for MatterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Codes of a matter in the two generations of the standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatterCodes {
    /// GB/T 47678.5-2026: 5 digits, 大类 2 and 小类 3.
    pub code_2026: String,
    /// GB/T 30428.2-2013: `04-09`, where the matter existed.
    pub code_2013: Option<String>,
}

/// A part of a composition: which classes count and how sure the model must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Class names of the model.
    pub classes: Vec<String>,
    /// The least score.
    pub score_min: Score,
}

impl Part {
    /// Whether a detection is one of these.
    pub fn counts(&self, detection: &Detection) -> bool {
        self.is_of(&detection.class) && detection.score >= self.score_min
    }
    /// Whether it names the class.
    pub fn is_of(&self, class: &str) -> bool {
        self.classes.iter().any(|known| known == class)
    }
}

/// What must be seen for a candidate of the matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Composition {
    /// What stays and gives the place its box.
    pub anchor: Part,
    /// What must also stand nearby, if anything.
    pub companion: Option<Companion>,
    /// Anchors whose gap is at most this many heights of the higher one are one thing; `None`: each is by itself.
    pub gather_max: Option<f32>,
}

/// Something that must be near the anchor.
#[derive(Clone, Debug, PartialEq)]
pub struct Companion {
    /// What.
    pub part: Part,
    /// The gap between the two boxes, in heights of the companion's box.
    pub distance_max: f32,
    /// In what share of the looks that saw the anchor it must have been there.
    pub share_min: f32,
    /// So many anchors of the detector's classes together do without it; `None`: none do.
    pub or_anchors: Option<u32>,
    /// It must have been there in the look before, too: who passes by keeps nobody company.
    pub stays: bool,
}

/// How a box is tested against a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ZoneTest {
    /// The middle of the bottom edge lies inside.
    BottomCentre,
    /// At least this share of the box lies inside.
    Overlap(f32),
}

/// When a place counts as a violation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dwell {
    /// From the first to the latest sighting.
    pub time: Duration,
    /// At least so many sightings.
    pub sightings_min: u32,
    /// Seen in this share of the looks in which the place was visible.
    pub seen_share_min: f32,
}

/// When a violation counts as gone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clearing {
    /// So many looks in a row that saw the spot and nothing on it.
    pub looks: u32,
    /// And over so much time.
    pub over: Duration,
}

/// How sightings are matched to places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matching {
    /// Least overlap (IoU) in reference coordinates.
    pub iou_min: f32,
    /// Least likeness of appearance after a gap, -1..=1.
    pub likeness_min: f32,
    /// A gap longer than this asks for the likeness as well as the overlap.
    pub gap_max: Duration,
}

/// What finding a matter rests on: how much its incidents can be trusted before anybody measured them here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grounds {
    /// A model was trained for it and measured.
    Trained,
    /// A few examples stand for it.
    FewShot,
    /// It is put together from things that a general model knows; an aid for a person's eyes.
    Composed,
}

/// How a place is looked at again by a second model before it is reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Verify {
    /// The verifier.
    pub model: String,
    /// Its classes that stand for the matter.
    pub classes: Vec<std::sync::Arc<str>>,
    /// Least fused score.
    pub accept_min: Score,
    /// A refused place is asked about again after so long.
    pub again_after: Duration,
    /// Least newness against the view's reference picture, 0..=2; nothing is refused for it when `None`.
    pub newness_min: Option<f32>,
    /// From where on an exemplar is a look-alike.
    pub likeness: Likeness,
    /// What a head says is new at the place lifts the fused score or lowers it: not at all at `from`.
    pub newness: Option<Newness>,
}

/// Cosines of appearances from which on an exemplar is a look-alike.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Likeness {
    /// Wherever it lies.
    pub min: f32,
    /// Where the exemplar's thing lay in the same view: what repeats itself stands still. At most `min`.
    pub here_min: f32,
}

/// A slow look of a second model at the whole view.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The model.
    pub model: String,
    /// At most that often.
    pub every: Duration,
    /// The view is shown in squares that overlap, of this share of its shorter side; `None`: all of it at once.
    pub square: Option<f32>,
}

impl Scan {
    /// The scan that serves this matter and another one that names the same model: as often and as close as the more exacting one asks.
    pub fn join(&mut self, other: &Self) {
        self.every = self.every.min(other.every);
        self.square = match (self.square, other.square) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
    }
}

/// A matter is about what stands in a view and not in its reference picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Newness {
    /// The model whose patches compare the two.
    pub model: String,
    /// The head that says by them what is new; `None`: the cosine does.
    pub head: Option<NewnessHead>,
    /// A patch is new from here on: by the head its likelihood, else 1 less its cosine, less that of the middle patch.
    pub from: f32,
    /// Classes of the model that are none of the matter: what it knows by such a name is no thing without one.
    pub known: Vec<std::sync::Arc<str>>,
}

/// A matter is about what somebody left on the ground that they drove over: what is new counts where they drove, if it was clear
/// before.
#[derive(Clone, Debug, PartialEq)]
pub struct Trail {
    /// Who leaves it.
    pub part: Part,
    /// They drove there no longer ago than this, and the ground was found clear no longer before that.
    pub within: Duration,
    /// At least this share of what is new lies where they drove.
    pub share_min: f32,
}

/// A model that says by the patches of both pictures what is new, and what of that a matter is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewnessHead {
    /// The head.
    pub model: String,
    /// Its classes that the matter is about.
    pub classes: Vec<std::sync::Arc<str>>,
    /// Its classes of who and what passes: nothing is said of a patch that is likely one of them.
    pub passes: Vec<std::sync::Arc<str>>,
}

/// How the plates of a matter's vehicles are read.
#[derive(Clone, Debug, PartialEq)]
pub struct PlateReading {
    /// The finder of plates; its manifest names the reader.
    pub model: String,
    /// Frames that must have voted.
    pub frames_min: u32,
    /// Least share of the votes that the winner of each place must have.
    pub agreement_min: f32,
}

/// Which plates stay readable in the copy that leaves the review circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatePolicy {
    /// None.
    MaskAll,
    /// The anchor's own, because the matter is about that vehicle.
    ShowAnchor,
}

/// One matter with everything that finding it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Matter {
    /// Key.
    pub key: MatterKey,
    /// Name in the standard.
    pub name: String,
    /// Name for people who read English.
    pub name_en: Option<String>,
    /// Codes in the standard.
    pub codes: MatterCodes,
    /// The model whose classes `composition` names.
    pub model: String,
    /// The model that finds people and vehicles, to hide them in pictures, where `model` does not know them.
    pub hide_by: Option<String>,
    /// What finding it rests on.
    pub grounds: Grounds,
    /// The second look before it is reported, if there is one.
    pub verify: Option<Verify>,
    /// The slow look at the whole view, if there is one.
    pub scan: Option<Scan>,
    /// It is about what the reference picture does not show: what was there before is none, and what is new and has no name
    /// may be one.
    pub newness: Option<Newness>,
    /// What is new is one only where somebody drove shortly before.
    pub trail: Option<Trail>,
    /// A new model that is tried beside `model`, if there is one.
    pub shadow: Option<Shadow>,
    /// The matter is about vehicles by their plates: reported is what is read and not on record.
    pub plate: Option<PlateReading>,
    /// What must be seen.
    pub composition: Composition,
    /// How it is tested against zones.
    pub zone_test: ZoneTest,
    /// When it counts.
    pub dwell: Dwell,
    /// When it is gone.
    pub clearing: Clearing,
    /// Within this time after clearing the same incident reopens.
    pub reopen_within: Duration,
    /// How sightings find their place.
    pub matching: Matching,
    /// How often a view should be looked at for it.
    pub revisit: Duration,
    /// Which frames a look decodes.
    pub decode: DecodeMode,
    /// How many frames a look judges.
    pub frames: u32,
    /// Share of a short budget, 1 is normal.
    pub weight: f32,
    /// Judged at most this often, however often the view is looked at: for a model that is slow. `None`: in every look.
    pub every: Option<Duration>,
    /// Plates in the masked copy.
    pub plates: PlatePolicy,
    /// SHA-256 of the pipeline file: names the thresholds in evidence.
    pub sha256: String,
}

/// How soon a matter wants a person: the queue puts the higher one first where two are due at the same minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Level(u8);

impl Level {
    /// Weight below 1.
    pub const LOW: Self = Self(1);
    /// Weight from 1 to below 2, and of a matter that the catalogue does not know any more.
    pub const NORMAL: Self = Self(2);
    /// Weight from 2.
    pub const HIGH: Self = Self(3);

    /// 1, 2 or 3.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl Matter {
    /// What it asks about newness, in whole views and at places.
    pub fn comparisons(&self) -> impl Iterator<Item = &Newness> {
        let of_places = self.verify.as_ref().and_then(|verify| verify.newness.as_ref());
        self.newness.iter().chain(of_places)
    }

    /// Every model that it names but those that it tries; a name may come twice.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        let second = self.verify.as_ref().map(|verify| &verify.model);
        let scan = self.scan.as_ref().map(|scan| &scan.model);
        let plate = self.plate.as_ref().map(|plate| &plate.model);
        let of_one = [Some(&self.model), self.hide_by.as_ref(), second, scan, plate].into_iter().flatten();
        let heads = self.comparisons().filter_map(|newness| newness.head.as_ref()).map(|head| &head.model);
        of_one.chain(self.comparisons().map(|newness| &newness.model)).chain(heads).map(String::as_str)
    }

    /// Its level, by its weight.
    pub fn level(&self) -> Level {
        match self.weight {
            weight if weight >= 2.0 => Level::HIGH,
            weight if weight >= 1.0 => Level::NORMAL,
            _ => Level::LOW,
        }
    }
}
