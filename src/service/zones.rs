//! Zones: where and when a matter is forbidden on a view.

use super::{Faults, Service, ServiceError, Want};
use crate::{
    domain::{Hours, Polygon, Thing, ViewId, WallTime, Zone, ZoneId, ZoneKind},
    store::ZoneVersion,
};

/// What a person says about a zone.
#[derive(Clone, Debug)]
pub struct NewZone {
    /// Name for people.
    pub name: String,
    /// What it says.
    pub kind: ZoneKind,
    /// About which matters.
    pub matters: Vec<String>,
    /// Corners on the reference picture, fractions of its width and height.
    pub polygon: Vec<[f32; 2]>,
    /// When, for controlled and permitted zones.
    pub hours: Option<Hours>,
    /// Not before.
    pub valid_from: Option<WallTime>,
    /// Not at or after.
    pub valid_until: Option<WallTime>,
}

impl Service {
    /// Draws a zone on a view.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault; [`ServiceError::Store`] where there is no such view.
    pub fn add_zone(&self, view: ViewId, new: &NewZone, actor: &str) -> Result<Zone, ServiceError> {
        self.view(view)?;
        self.put_zone(ZoneId::fresh(), view, new, actor)
    }

    /// Draws a zone anew: it gets a new version, and incidents keep naming the one that they broke.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault; [`ServiceError::Store`] where there is no such zone.
    pub fn change_zone(&self, id: ZoneId, new: &NewZone, actor: &str) -> Result<Zone, ServiceError> {
        let view = self.zone(id)?.view;
        self.put_zone(id, view, new, actor)
    }

    /// One zone.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn zone(&self, id: ZoneId) -> Result<Zone, ServiceError> {
        let found = self.registry()?.zones.into_iter().find(|zone| zone.id == id);
        found.ok_or_else(|| ServiceError::missing(Thing::Zone, id))
    }

    /// Zones of a view, or all.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn zones(&self, view: Option<ViewId>) -> Result<Vec<Zone>, ServiceError> {
        let mut zones = self.registry()?.zones;
        zones.retain(|zone| view.is_none_or(|view| zone.view == view));
        Ok(zones)
    }

    /// Every version that a zone had, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such zone.
    pub fn zone_versions(&self, id: ZoneId) -> Result<Vec<ZoneVersion>, ServiceError> {
        self.zone(id)?;
        Ok(self.store.zone_versions(id)?)
    }

    /// Removes a zone; incidents that name it stay.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn remove_zone(&self, id: ZoneId, actor: &str) -> Result<(), ServiceError> {
        self.zone(id)?;
        Ok(self.store.remove_zone(id, self.now(), actor)?)
    }

    fn put_zone(&self, id: ZoneId, view: ViewId, new: &NewZone, actor: &str) -> Result<Zone, ServiceError> {
        let mut faults = Faults::default();
        let zone = self.check_zone(&mut faults, id, view, new);
        faults.none()?;
        let zone = zone.expect("without a fault there is a zone");
        Ok(self.store.put_zone(&zone, self.now(), actor)?)
    }

    /// The zone that a person draws; `None` only with a fault.
    pub(super) fn check_zone(&self, faults: &mut Faults, id: ZoneId, view: ViewId, new: &NewZone) -> Option<Zone> {
        let name = faults.name("name", &new.name, 200);
        let matters = faults.matters("matters", &new.matters, |key| self.config.matters.contains_key(key));
        if new.matters.is_empty() {
            faults.add("matters", "", Want::MatterSome);
        }
        let polygon = faults.take("polygon", "", Polygon::try_from(new.polygon.clone()));
        match (new.kind, &new.hours) {
            (ZoneKind::Permitted, None) => {
                faults.add("hours", "", Want::HoursNeeded);
            }
            (ZoneKind::Strict | ZoneKind::Exempt, Some(_)) => {
                faults.add("hours", "", Want::HoursNone);
            }
            _ => {}
        }
        if let Some(hours) = &new.hours
            && hours.weekly.iter().all(Vec::is_empty)
            && hours.on_holidays.as_ref().is_none_or(Vec::is_empty)
        {
            faults.add("hours", "", Want::HoursSome);
        }
        if let (Some(from), Some(until)) = (new.valid_from, new.valid_until)
            && until <= from
        {
            faults.add("valid_until", &until.to_string(), Want::Later { than: "valid_from" });
        }
        let polygon = polygon?;
        Some(Zone {
            id,
            view,
            version: 1,
            name,
            kind: new.kind,
            matters,
            polygon,
            hours: new.hours.clone(),
            valid_from: new.valid_from,
            valid_until: new.valid_until,
        })
    }
}
