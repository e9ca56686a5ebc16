//! Permitted signs: what text a view's reference picture shows, and what of it may stay. Nothing here touches an incident:
//! the next look finds what is permitted now lawful.

use super::{Service, ServiceError};
use crate::domain::{Sign, SignId, ViewId};

impl Service {
    /// Signs of a view, from top to bottom; none before a look read its reference picture.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such view.
    pub fn signs(&self, view: ViewId) -> Result<Vec<Sign>, ServiceError> {
        self.view(view)?;
        Ok(self.store.signs(view)?)
    }

    /// Lets signs stay, or takes that back; the signs as they stand then.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such view, or one of the signs is not on it: then nothing changes.
    pub fn permit_signs(
        &self,
        view: ViewId,
        signs: &[SignId],
        permitted: bool,
        actor: &str,
    ) -> Result<Vec<Sign>, ServiceError> {
        self.view(view)?;
        if !signs.is_empty() {
            self.store.permit_signs(view, signs, permitted, self.now(), actor)?;
        }
        self.signs(view)
    }
}
