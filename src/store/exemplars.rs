//! The part of the seam that teaching needs: what verifiers said, and what people said about it.

use crate::domain::{
    Areas, Exemplar, ExemplarId, IncidentId, MatterKey, Scope, Verification, ViewId, WallTime, ZoneId,
};

use super::StoreError;

/// Which exemplars to list.
#[derive(Clone, Debug, Default)]
pub struct ExemplarFilter {
    /// Only of views of these areas.
    pub areas: Areas,
    /// Only those seen in this view.
    pub view: Option<ViewId>,
    /// Only of this matter.
    pub matter: Option<MatterKey>,
    /// Only those that count at this time.
    pub counting_at: Option<WallTime>,
}

/// What teaching asks of the store. Every method is one transaction. Exemplars of verdicts are made by
/// [`Store::decide`](super::Store::decide) and go with [`ReviewStore::undo`](super::ReviewStore::undo).
pub trait ExemplarStore: Send + Sync {
    /// What a verifier said about the place of an incident, newest first. Rows are kept for 45 days.
    fn verifications(&self, incident: IncidentId) -> Result<Vec<Verification>, StoreError>;
    /// What verifiers said since `from`, newest first, of one view or of all, at most `limit`.
    fn verifications_since(
        &self,
        view: Option<ViewId>,
        from: WallTime,
        limit: u32,
    ) -> Result<Vec<Verification>, StoreError>;
    /// One exemplar.
    fn exemplar(&self, id: ExemplarId) -> Result<Exemplar, StoreError>;
    /// Exemplars, newest first, at most `limit`.
    fn exemplars(&self, filter: &ExemplarFilter, limit: u32) -> Result<Vec<Exemplar>, StoreError>;
    /// Those that count at `now` for a place of the matter in the view and the zone; the newest 2,000.
    fn teaching(
        &self,
        view: ViewId,
        zone: ZoneId,
        matter: &MatterKey,
        now: WallTime,
    ) -> Result<Vec<Exemplar>, StoreError>;
    /// Keeps what a person drew by hand; the same box a second time replaces it. The oldest of the view make room.
    fn put_exemplar(&self, exemplar: &Exemplar) -> Result<(), StoreError>;
    /// Makes an exemplar count in its own view, in its own zone or everywhere.
    fn rescope_exemplar(&self, id: ExemplarId, scope: Scope, at: WallTime, actor: &str) -> Result<(), StoreError>;
    /// Takes an exemplar back; the verdict stays. A second time changes nothing.
    fn undo_exemplar(&self, id: ExemplarId, at: WallTime, actor: &str) -> Result<(), StoreError>;
}
