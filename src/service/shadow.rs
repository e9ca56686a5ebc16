//! New models that are tried in the shadow of the old ones: how often the two agreed, where they differed, and the picture
//! of a disagreement. A person says who is right; nothing here changes what is reported.

use std::{fs, io, path::PathBuf};

use super::{Service, ServiceError};
use crate::{
    domain::{Comparison, DisagreementId, KeptDisagreement, SHADOW_KEPT, Thing, Truth},
    store::{ShadowFilter, SpotsFirst},
};

/// Disagreements of a list at most.
pub const DISAGREEMENTS_LISTED: u32 = 500;
/// Folder of their pictures below the data folder.
pub const SHADOW_FOLDER: &str = "shadow";

impl Service {
    /// Counts by view, matter and models.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn comparisons(&self, filter: &ShadowFilter) -> Result<Vec<Comparison>, ServiceError> {
        Ok(self.store.comparisons(&self.seen_filter(filter))?)
    }

    /// Disagreements, at most [`DISAGREEMENTS_LISTED`], those that nobody judged before the others.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn disagreements(
        &self,
        filter: &ShadowFilter,
        first: SpotsFirst,
    ) -> Result<Vec<KeptDisagreement>, ServiceError> {
        Ok(self.store.disagreements(&self.seen_filter(filter), first, DISAGREEMENTS_LISTED)?)
    }

    /// Takes what somebody says is at the spot of a disagreement, or with `None` takes back what anybody said.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such disagreement, or somebody else judged it.
    pub fn judge_disagreement(
        &self,
        id: DisagreementId,
        truth: Option<Truth>,
        actor: &str,
    ) -> Result<KeptDisagreement, ServiceError> {
        self.seen_disagreement(id)?;
        Ok(self.store.judge_disagreement(id, truth, self.now(), actor)?)
    }

    /// The masked picture of a disagreement, a JPEG.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such disagreement, or none with a picture.
    pub fn disagreement_picture(&self, id: DisagreementId) -> Result<Vec<u8>, ServiceError> {
        self.seen_disagreement(id)?;
        fs::read(self.disagreement_file(id)).map_err(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(disagreement = %id, %error, "the picture of a disagreement cannot be read");
            }
            ServiceError::missing(Thing::DisagreementPicture, id)
        })
    }

    /// Where the picture of a disagreement lies, if it has one.
    pub fn disagreement_file(&self, id: DisagreementId) -> PathBuf {
        self.data().join(SHADOW_FOLDER).join(format!("{id}.jpg"))
    }

    /// Takes away what was last seen longer ago than [`SHADOW_KEPT`]; how many disagreements that were.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn forget_shadowed(&self) -> Result<usize, ServiceError> {
        let gone = self.store.forget_shadowed(self.now().minus(SHADOW_KEPT))?;
        for id in &gone {
            match fs::remove_file(self.disagreement_file(*id)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(disagreement = %id, %error, "the picture of a disagreement could not be removed");
                }
                _ => {}
            }
        }
        Ok(gone.len())
    }

    fn seen_disagreement(&self, id: DisagreementId) -> Result<(), ServiceError> {
        let kept = self.store.disagreement(id)?;
        self.view(kept.view).map(drop).map_err(|_| ServiceError::missing(Thing::Disagreement, id))
    }

    fn seen_filter(&self, filter: &ShadowFilter) -> ShadowFilter {
        ShadowFilter { areas: self.seen_areas(&filter.areas), ..filter.clone() }
    }
}
