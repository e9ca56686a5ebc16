//! The part of the seam that teaching needs: what verifiers said, and what people said about it.

use crate::domain::{IncidentId, Verification, ViewId, WallTime};

use super::StoreError;

/// What teaching asks of the store. Every method is one transaction.
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
}
