//! Areas: which there are, and in which of them a stream may be put by whoever asks.

use std::collections::BTreeMap;

use super::{Faults, Service, ServiceError, Want};
use crate::domain::{Area, Location};

/// An area and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaStreams {
    /// The area.
    pub area: Area,
    /// How many streams.
    pub streams: usize,
}

impl Service {
    /// The areas of the registered streams, by name, as far as they are seen.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn areas(&self) -> Result<Vec<AreaStreams>, ServiceError> {
        let mut counted: BTreeMap<Area, usize> = BTreeMap::new();
        for area in self.registry()?.streams.into_iter().filter_map(|stream| stream.area) {
            *counted.entry(area).or_default() += 1;
        }
        Ok(counted.into_iter().map(|(area, streams)| AreaStreams { area, streams }).collect())
    }

    /// The area that a person gives a stream. Nobody puts a stream where they cannot see it.
    pub(super) fn given_area(&self, faults: &mut Faults, name: &str) -> Option<Area> {
        let area = faults.take("area", name, name.parse::<Area>())?;
        if !self.sees(Some(&area)) {
            faults.add("area", name, Want::AreaSeen);
        }
        Some(area)
    }

    /// The area of a new stream for which none is given: the street of its grid cell, where the city's table knows it.
    pub(super) fn area_at(&self, faults: &mut Faults, location: Option<&Location>) -> Option<Area> {
        let cell = location.and_then(|location| self.config.city.grid_cell(location.grid_cell.as_deref()?));
        let area = cell.and_then(|cell| cell.street.parse::<Area>().ok());
        if !self.sees(area.as_ref()) {
            let street = area.as_ref().map_or("", Area::as_str);
            faults.add("area", street, Want::AreaNamed);
        }
        area
    }
}
