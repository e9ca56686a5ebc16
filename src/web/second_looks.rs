//! What second models said, as the API shows it. Appearances stay in the house: they are numbers that tell nobody anything.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{ExemplarId, Likened, ModelRef, RefusedWhy, Ruling, Score, Verification, WallTime, Weights};

/// Which weights.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelOut {
    /// Name of the model's folder.
    name: String,
    /// SHA-256 of the weight file.
    sha256: String,
}

impl ModelOut {
    pub(super) fn of(model: ModelRef) -> Self {
        let ModelRef { name, sha256 } = model;
        Self { name, sha256 }
    }
}

/// The weights that took part in what became an incident.
#[derive(Debug, Serialize, ToSchema)]
pub struct WeightsOut {
    /// The model that proposes in every look.
    detector: ModelOut,
    /// The model that scanned the whole view in the look that decided, or compared it with its reference picture.
    scan: Option<ModelOut>,
    /// The head that said by the patches of both pictures what is new.
    head: Option<ModelOut>,
    /// The model that looked again at a crop.
    verifier: Option<ModelOut>,
}

impl WeightsOut {
    pub(super) fn of(weights: Weights) -> Self {
        let Weights { detector, scan, head, verifier } = weights;
        let of = |model: Option<ModelRef>| model.map(ModelOut::of);
        Self { detector: ModelOut::of(detector), scan: of(scan), head: of(head), verifier: of(verifier) }
    }
}

/// One look of a verifier at a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationOut {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: WallTime,
    /// Why the place was not reported; `null` where it was.
    refused: Option<RefusedWhy>,
    /// The proposal's score.
    #[schema(value_type = f32)]
    proposed: Score,
    /// The verifier's score.
    #[schema(value_type = f32)]
    verified: Score,
    /// Both as one.
    #[schema(value_type = f32)]
    fused: Score,
    /// How new it is against the view's reference picture, 0 when it looks the same; `null` where nobody asked.
    newness: Option<f32>,
    /// The exemplar that weighed in.
    #[schema(value_type = Option<String>, format = "uuid")]
    exemplar: Option<ExemplarId>,
    /// How alike the exemplar is, as a cosine.
    likeness: Option<f32>,
}

impl VerificationOut {
    pub(super) fn of(said: &Verification) -> Self {
        let likened: Option<Likened> = said.likened;
        Self {
            at: said.at,
            refused: match said.ruling {
                Ruling::Passed => None,
                Ruling::Refused { why } => Some(why),
            },
            proposed: said.proposed,
            verified: said.verified,
            fused: said.fused,
            newness: said.newness,
            exemplar: likened.map(|one| one.exemplar),
            likeness: likened.map(|one| one.likeness),
        }
    }
}
