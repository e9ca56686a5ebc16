//! Shadow: a new model that judges the same frames as a matter's own and reports nothing. Kept is where the two differ,
//! with what they agree on as a count, so that a person can say who is right before the models are exchanged: they say what
//! is there, and who was right follows.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{BBox, DisagreementId, MatterKey, ModelRef, ReferenceSpace, Score, ViewId, WallTime, ZoneId};

/// How a matter's new models are tried beside its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Shadow {
    /// A new model beside the one that proposes.
    pub model: Option<String>,
    /// A new verifier beside the one that looks again: it is asked about the same places.
    pub verifier: Option<String>,
    /// A view is shown to the new model at most that often.
    pub every: Duration,
}

/// Who alone saw a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeenBy {
    /// The matter's own model.
    Own,
    /// The new one.
    Shadow,
}

impl SeenBy {
    /// The other one of the two.
    pub fn other(self) -> Self {
        match self {
            Self::Own => Self::Shadow,
            Self::Shadow => Self::Own,
        }
    }
}

/// What is at the spot of a disagreement, as a person sees it in its picture. Nobody is asked for a model's name: whoever
/// saw something is right where something is there, and the other one where nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// The matter's thing is there.
    Something,
    /// It is not.
    Nothing,
    /// Nobody can say: counted, and nobody was right.
    Unclear,
}

impl Truth {
    /// Who was right about a thing that this one alone saw.
    pub fn right(self, seen_by: SeenBy) -> Option<SeenBy> {
        match self {
            Self::Something => Some(seen_by),
            Self::Nothing => Some(seen_by.other()),
            Self::Unclear => None,
        }
    }
}

/// What somebody said of a disagreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What is there.
    pub truth: Truth,
    /// Who says so.
    pub by: String,
    /// Since when.
    pub at: WallTime,
}

/// The two models that are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rivals {
    /// The matter's own.
    pub own: ModelRef,
    /// The new one.
    pub shadow: ModelRef,
}

/// A thing in a zone of the matter that one of the two saw and the other did not. Of two verifiers: a place that one of
/// them passes and the other does not, with their fused scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// Who saw it.
    pub seen_by: SeenBy,
    /// As what.
    pub class: Arc<str>,
    /// The zone that forbids it.
    pub zone: ZoneId,
    /// Where, on the view's reference picture.
    pub bbox: BBox<ReferenceSpace>,
    /// How sure whoever saw it was.
    pub score: Score,
    /// What the other one scored there: less than the matter asks for, or `None` where it has no box at all.
    pub other: Option<Score>,
}

/// What the two saw in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Shadowed {
    /// The view.
    pub view: ViewId,
    /// The matter.
    pub matter: MatterKey,
    /// When.
    pub at: WallTime,
    /// Who.
    pub rivals: Rivals,
    /// Things that both saw.
    pub both: u32,
    /// Things that one of them saw, the surest first.
    pub disagreements: Vec<Disagreement>,
}

impl Shadowed {
    /// How many things this one alone saw.
    pub fn alone(&self, seen_by: SeenBy) -> u32 {
        let alone = self.disagreements.iter().filter(|one| one.seen_by == seen_by).count();
        u32::try_from(alone).unwrap_or(u32::MAX)
    }
}

/// A disagreement as it is kept: the same spot in later looks is the same one.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptDisagreement {
    /// Identity.
    pub id: DisagreementId,
    /// The view.
    pub view: ViewId,
    /// The matter.
    pub matter: MatterKey,
    /// Who was compared.
    pub rivals: Rivals,
    /// As it was where whoever saw it was surest.
    pub what: Disagreement,
    /// First seen then.
    pub first: WallTime,
    /// And last then.
    pub latest: WallTime,
    /// In so many looks.
    pub looks: u32,
    /// What a person said of it; it stays so when the spot is seen again.
    pub judgement: Option<Judgement>,
}

impl KeptDisagreement {
    /// Who was right; `None` while nobody said, and where nobody can.
    pub fn right(&self) -> Option<SeenBy> {
        self.judgement.as_ref()?.truth.right(self.what.seen_by)
    }
}

/// Kept disagreements by what people said of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgements {
    /// The matter's own model was right.
    pub own_right: u64,
    /// The new one was.
    pub shadow_right: u64,
    /// Nobody can say.
    pub unclear: u64,
    /// Nobody said yet.
    pub waiting: u64,
}

/// How often two models agreed on a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The view.
    pub view: ViewId,
    /// The matter.
    pub matter: MatterKey,
    /// Who was compared.
    pub rivals: Rivals,
    /// Counted since the begin of this day, UTC.
    pub since: WallTime,
    /// Frames that both judged; of two verifiers, places that both were asked about.
    pub looks: u64,
    /// Things that both saw.
    pub both: u64,
    /// Things that the matter's own model alone saw.
    pub only_own: u64,
    /// Things that the new one alone saw.
    pub only_shadow: u64,
    /// What people said of the disagreements that are kept.
    pub judged: Judgements,
}

/// Disagreements and counts are kept for so long: a model is tried for weeks, not for seasons.
pub const SHADOW_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Disagreements of one view that wait for a judgement at most; the ones that were not seen for longest go first. One that
/// was judged waits no more: it makes room for none, and goes by its time alone.
pub const DISAGREEMENTS_A_VIEW: u32 = 200;
/// From this overlap on (IoU) two boxes are about one thing.
pub const SAME_SPOT_IOU: f32 = 0.5;
