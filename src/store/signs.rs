//! The part of the seam that permitted signs need: what a view's reference picture says, and what of it may stay.

use crate::domain::{Sign, SignId, ViewId, WallTime};

use super::StoreError;

/// What reading text asks of the store. Every method is one transaction.
pub trait SignStore: Send + Sync {
    /// Signs of a view: those that may stay, and those that its newest reference picture shows, from top to bottom.
    fn signs(&self, view: ViewId) -> Result<Vec<Sign>, StoreError>;
    /// The version of the view's reference picture that was read last.
    fn signs_read(&self, view: ViewId) -> Result<Option<u32>, StoreError>;
    /// Notes what a reference picture says. Signs of earlier ones go, but for those that may stay; a sign that is there
    /// stays as it is.
    fn propose_signs(&self, view: ViewId, reference: u32, signs: &[Sign]) -> Result<(), StoreError>;
    /// Lets signs of a view stay, or takes that back: all of them or, where one is not there, none.
    fn permit_signs(
        &self,
        view: ViewId,
        signs: &[SignId],
        permitted: bool,
        at: WallTime,
        actor: &str,
    ) -> Result<(), StoreError>;
}
