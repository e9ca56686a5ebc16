//! Places: durable memories of "something of this matter, here, looking like this".

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    BBox, FrameMeta, FrameSpace, IncidentId, MatterKey, PlaceId, ReadText, ReferenceSpace, Refusal, Score, ViewId,
    WallTime, ZoneId,
};

/// A description of how a spot looks: a vector of unit length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Appearance(Vec<f32>);

impl Appearance {
    /// Scales a vector to unit length; a vector without length, or with NaN, becomes the empty appearance.
    pub fn new(mut vector: Vec<f32>) -> Self {
        let norm = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
        if !norm.is_finite() || norm < 1e-9 {
            return Self(Vec::new());
        }
        for value in &mut vector {
            *value /= norm;
        }
        Self(vector)
    }
    /// The vector.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }
    /// Cosine of the angle to `other`, -1..=1; `None` when the two cannot be compared.
    pub fn likeness(&self, other: &Self) -> Option<f32> {
        (!self.0.is_empty() && self.0.len() == other.0.len())
            .then(|| self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum::<f32>().clamp(-1.0, 1.0))
    }
    /// This appearance moved by `share` (0..=1) towards `other`.
    pub fn blended(&self, other: &Self, share: f32) -> Self {
        if self.0.len() != other.0.len() {
            return other.clone();
        }
        Self::new(self.0.iter().zip(&other.0).map(|(a, b)| a * (1.0 - share) + b * share).collect())
    }
}

/// One judged detection of a matter in a frame of a look.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// The matter.
    pub matter: MatterKey,
    /// Class of the anchor.
    pub class: Arc<str>,
    /// Score of the anchor.
    pub score: Score,
    /// Where in the frame.
    pub bbox_frame: BBox<FrameSpace>,
    /// Where on the reference picture.
    pub bbox: BBox<ReferenceSpace>,
    /// How it looks.
    pub appearance: Appearance,
    /// What was read on it, or the plate of who left it; `None` from a model that does not read.
    pub read: Option<ReadText>,
    /// Whether the companion that the matter asks for was there, or it lies on the trail that the matter asks for.
    pub accompanied: bool,
    /// The zone that forbids it here and now, with its version; `None` where it is lawful.
    pub zone: Option<(ZoneId, u32)>,
    /// The frame.
    pub frame: FrameMeta,
}

/// Where a place stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum Phase {
    /// Seen, and not yet long enough.
    Candidate,
    /// Its incident is open.
    Reported {
        /// The incident.
        incident: IncidentId,
    },
    /// It was cleared; it may return.
    Cleared {
        /// The incident.
        incident: IncidentId,
        /// When it was found clear.
        at: WallTime,
        /// Since when it is back, when it is being seen again.
        returned: Option<WallTime>,
    },
}

/// A durable memory of one matter at one spot of a view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Identity: derived from the view, the matter and the first sighting.
    pub id: PlaceId,
    /// The view.
    pub view: ViewId,
    /// The matter.
    pub matter: MatterKey,
    /// Class of the anchor.
    pub class: String,
    /// Where, on the reference picture.
    pub bbox: BBox<ReferenceSpace>,
    /// How it looks.
    pub appearance: Appearance,
    /// The zone that forbids it, with its version.
    pub zone: (ZoneId, u32),
    /// First sighting of the present stay.
    pub first_seen: WallTime,
    /// Latest sighting.
    pub last_seen: WallTime,
    /// Looks that saw it in the present stay.
    pub looks_seen: u32,
    /// Looks in which its spot was visible in the present stay.
    pub looks_visible: u32,
    /// Looks that saw it with its companion, or on a trail, in the present stay.
    pub looks_accompanied: u32,
    /// Looks in a row that saw the spot and nothing on it.
    pub clean_looks: u32,
    /// Since when the spot has been clean.
    pub clean_since: Option<WallTime>,
    /// Best score so far; the fused one once a verifier passed it.
    pub score: Score,
    /// What the surest sighting of the present stay read on it; `None` from a model that does not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<ReadText>,
    /// The verifier's latest refusal in the present stay.
    pub refused: Option<Refusal>,
    /// Where it stands.
    pub phase: Phase,
}

impl Place {
    /// The incident that the place belongs to, if it has one.
    pub fn incident(&self) -> Option<IncidentId> {
        match self.phase {
            Phase::Candidate => None,
            Phase::Reported { incident } | Phase::Cleared { incident, .. } => Some(incident),
        }
    }
}
