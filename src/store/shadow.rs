//! The part of the seam that trying a new model needs: what it and the old one saw differently, and how often they agreed.

use std::collections::BTreeSet;

use crate::domain::{Areas, Comparison, DisagreementId, KeptDisagreement, MatterKey, Shadowed, ViewId, WallTime};

use super::StoreError;

/// Which disagreements and counts to list.
#[derive(Clone, Debug, Default)]
pub struct ShadowFilter {
    /// Only of views of these areas.
    pub areas: Areas,
    /// Only of this view.
    pub view: Option<ViewId>,
    /// Only of this matter.
    pub matter: Option<MatterKey>,
}

/// What noting a frame changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// Disagreements at new spots, with their index in the frame's list.
    pub fresh: Vec<(usize, DisagreementId)>,
    /// Those that made room.
    pub forgotten: Vec<DisagreementId>,
}

/// What trying a new model asks of the store. Every method is one transaction.
pub trait ShadowStore: Send + Sync {
    /// Counts a frame and keeps the first `kept_max` of its disagreements. One at the spot of a known one (of the same view,
    /// matter, models and side) is that one again. What a view has beyond
    /// [`DISAGREEMENTS_A_VIEW`](crate::domain::DISAGREEMENTS_A_VIEW) goes, what was not seen for longest first.
    fn note_shadowed(&self, shadowed: &Shadowed, kept_max: usize) -> Result<Noted, StoreError>;
    /// Takes away what was last seen before, and the counts of the days before.
    fn forget_shadowed(&self, before: WallTime) -> Result<Vec<DisagreementId>, StoreError>;
    /// Counts by view, matter and models, those of the latest day first.
    fn comparisons(&self, filter: &ShadowFilter) -> Result<Vec<Comparison>, StoreError>;
    /// Disagreements, the ones seen in most looks first, at most `limit`.
    fn disagreements(&self, filter: &ShadowFilter, limit: u32) -> Result<Vec<KeptDisagreement>, StoreError>;
    /// One disagreement.
    fn disagreement(&self, id: DisagreementId) -> Result<KeptDisagreement, StoreError>;
    /// All that are kept.
    fn disagreement_ids(&self) -> Result<BTreeSet<DisagreementId>, StoreError>;
}
