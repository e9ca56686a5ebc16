//! Verifications: what a second model said about a place when it was about to be reported.

use serde::{Deserialize, Serialize};

use super::{
    Appearance, BBox, ExemplarId, IncidentId, MatterKey, ModelRef, PlaceId, ReferenceSpace, Score, VerificationId,
    ViewId, WallTime, ZoneId,
};

/// Why a place was not reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusedWhy {
    /// The fused score is below what the matter asks for.
    Score,
    /// The same was there when the view's reference picture was taken.
    NotNew,
    /// It looks like what a reviewer rejected.
    Exemplar,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ruling")]
pub enum Ruling {
    /// It was reported.
    Passed,
    /// It was not, and is asked about again later.
    Refused {
        /// Why.
        why: RefusedWhy,
    },
}

/// The latest refusal of a place: what the place book must remember of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// When.
    pub at: WallTime,
    /// Why.
    pub why: RefusedWhy,
    /// The fused score.
    pub score: Score,
    /// How the place looked then, by the place's own kind of appearance: one that has changed is asked about at once.
    pub looked: Appearance,
}

/// The weights that took part in what became an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// The model that proposes in every look.
    pub detector: ModelRef,
    /// The model that scanned the whole view in the look that decided, or compared it with its reference picture, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<ModelRef>,
    /// The head that said by the patches of both pictures what is new, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<ModelRef>,
    /// The model that looked again at a crop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<ModelRef>,
}

/// The exemplar that weighed in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likened {
    /// Which.
    pub exemplar: ExemplarId,
    /// Cosine of the two appearances.
    pub likeness: f32,
}

/// One look of the verifier at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// Identity: derived from place and time.
    pub id: VerificationId,
    /// The place.
    pub place: PlaceId,
    /// The incident of the place; it exists only where one was reported.
    pub incident: IncidentId,
    /// The view.
    pub view: ViewId,
    /// The zone that forbade it.
    pub zone: ZoneId,
    /// The matter.
    pub matter: MatterKey,
    /// Where on the reference picture; `None` of an old one whose place is gone.
    pub bbox: Option<BBox<ReferenceSpace>>,
    /// When.
    pub at: WallTime,
    /// What came of it.
    pub ruling: Ruling,
    /// The proposal's score.
    pub proposed: Score,
    /// The verifier's score.
    pub verified: Score,
    /// Both as one, lifted where an exemplar did.
    pub fused: Score,
    /// 1 less the cosine of the crop's appearance and that of the same crop of the reference picture.
    pub newness: Option<f32>,
    /// The exemplar that weighed in.
    pub likened: Option<Likened>,
    /// How the middle of the crop looked to the verifier.
    pub look: Appearance,
    /// The weights.
    pub weights: Weights,
}

impl Verification {
    /// The verification of a place at a time.
    pub fn id_of(place: PlaceId, at: WallTime) -> VerificationId {
        VerificationId::derived(&[b"verification", place.as_bytes(), &at.millis().to_be_bytes()])
    }
}
