//! The part of the seam that teaching needs, over rows.

use super::{SqliteStore, verifications};
use crate::{
    domain::{IncidentId, Verification, ViewId, WallTime},
    store::{ExemplarStore, StoreError},
};

impl ExemplarStore for SqliteStore {
    fn verifications(&self, incident: IncidentId) -> Result<Vec<Verification>, StoreError> {
        self.connections.read(|tx| verifications::of_incident(tx, incident))
    }
    fn verifications_since(
        &self,
        view: Option<ViewId>,
        from: WallTime,
        limit: u32,
    ) -> Result<Vec<Verification>, StoreError> {
        self.connections.read(|tx| verifications::since(tx, view, from, limit))
    }
}
