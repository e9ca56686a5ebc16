//! Deliveries: the duty to tell the platform, and its manual replay.

use super::{Faults, Service, ServiceError, Want};
use crate::{
    domain::{Areas, Delivery, DeliveryId, DeliveryState, PlatformPause, Thing},
    store::{Conflict, Page, Rows, StoreError},
};

impl Service {
    /// Deliveries, newest first; `state`: `pending`, `delivered` or `dead`.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for another state; [`ServiceError::Store`].
    pub fn deliveries(&self, state: Option<&str>, page: &Page) -> Result<Rows<Delivery>, ServiceError> {
        if let Some(word) = state
            && !matches!(word, "pending" | "delivered" | "dead")
        {
            Faults::one("state", word, Want::DeliveryState).none()?;
        }
        self.store
            .deliveries(&self.seen_areas(&Areas::All), state, page)
            .map_err(|error| ServiceError::of_list(error, page))
    }

    /// The pause of the platform, while it takes nothing from us; `None` too where no platform is set.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn platform_pause(&self) -> Result<Option<PlatformPause>, ServiceError> {
        match self.config.settings.platform {
            Some(_) => Ok(self.store.platform_pause()?),
            None => Ok(None),
        }
    }

    /// One delivery.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn delivery(&self, id: DeliveryId) -> Result<Delivery, ServiceError> {
        let delivery = self.store.delivery(id)?;
        self.seen_with(self.store.case(delivery.case)?.incident, Thing::Delivery, id)?;
        Ok(delivery)
    }

    /// Makes a dead or a waiting delivery due at once.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none or where the platform has it already.
    pub fn replay(&self, id: DeliveryId, actor: &str) -> Result<Delivery, ServiceError> {
        if let DeliveryState::Delivered { .. } = self.delivery(id)?.state {
            return Err(ServiceError::Store(StoreError::Conflict(Conflict::Delivered(id))));
        }
        self.store.replay_delivery(id, self.now(), actor)?;
        Ok(self.store.delivery(id)?)
    }
}
