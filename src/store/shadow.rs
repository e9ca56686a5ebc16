//! The part of the seam that trying a new model needs: what it and the old one saw differently, and how often they agreed.

use std::collections::BTreeSet;

use crate::domain::{
    Areas, Comparison, DisagreementId, KeptDisagreement, MatterKey, Shadowed, Truth, ViewId, WallTime,
};

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

/// Which disagreements come first. Those that nobody judged always do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpotsFirst {
    /// Those of most looks.
    #[default]
    Often,
    /// Those that were seen last.
    Latest,
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
    /// [`DISAGREEMENTS_A_VIEW`](crate::domain::DISAGREEMENTS_A_VIEW) unjudged goes, what was not seen for longest first.
    fn note_shadowed(&self, shadowed: &Shadowed, kept_max: usize) -> Result<Noted, StoreError>;
    /// Takes away what was last seen before, judged or not, and the counts of the days before.
    fn forget_shadowed(&self, before: WallTime) -> Result<Vec<DisagreementId>, StoreError>;
    /// Counts by view, matter and models, those of the latest day first.
    fn comparisons(&self, filter: &ShadowFilter) -> Result<Vec<Comparison>, StoreError>;
    /// Disagreements, at most `limit`, those that nobody judged before the others.
    fn disagreements(
        &self,
        filter: &ShadowFilter,
        first: SpotsFirst,
        limit: u32,
    ) -> Result<Vec<KeptDisagreement>, StoreError>;
    /// One disagreement.
    fn disagreement(&self, id: DisagreementId) -> Result<KeptDisagreement, StoreError>;
    /// Notes what somebody says is there, or with `None` that nobody does any more; the disagreement as it stands then.
    /// What somebody else said is a conflict, but may be taken back.
    fn judge_disagreement(
        &self,
        id: DisagreementId,
        truth: Option<Truth>,
        at: WallTime,
        actor: &str,
    ) -> Result<KeptDisagreement, StoreError>;
    /// All that are kept.
    fn disagreement_ids(&self) -> Result<BTreeSet<DisagreementId>, StoreError>;
}
