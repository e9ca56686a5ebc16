//! What if: a draft of zones, hours and matters tried out on what the last looks of a view saw. Nothing is stored.

use std::collections::BTreeSet;

pub use crate::analysis::what_if::{Difference, Judged, Why};

use super::{Faults, NewZone, Service, ServiceError, Want};
use crate::{
    analysis::{
        lawful::Civil,
        what_if::{Rulebook, differences},
    },
    domain::{LookId, MatterKey, Observed, ViewId, WallTime, ZoneId},
};

/// Looks that a draft is tried on.
const LOOKS_MAX: u32 = 200;
/// Zones of a draft at most.
const ZONES_MAX: usize = 100;
/// Size of a picture whose view has no reference any more; only the ratio of its sides counts.
const SIZE_WITHOUT_REFERENCE: (u32, u32) = (1920, 1080);

/// A zone of a draft.
#[derive(Clone, Debug)]
pub struct DraftZone {
    /// The zone that it would change; `None` for a new one.
    pub id: Option<ZoneId>,
    /// How it would be.
    pub zone: NewZone,
}

/// How a view would be judged.
#[derive(Clone, Debug)]
pub struct Draft {
    /// All its zones: one that is not named would be gone.
    pub zones: Vec<DraftZone>,
    /// What would be looked for; `None` leaves it.
    pub matters: Option<Vec<String>>,
}

/// What a draft would have changed.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// How many looks it was tried on.
    pub looks: usize,
    /// The earliest and the latest of them.
    pub span: Option<(WallTime, WallTime)>,
    /// Texts in them that a person had permitted: lawful under any draft, and in no difference.
    pub permitted: usize,
    /// What would have been judged differently, latest look first.
    pub differences: Vec<Difference>,
}

impl Service {
    /// What the latest looks of a view saw, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such view.
    pub fn observed(&self, view: ViewId, limit: u32) -> Result<Vec<(LookId, Observed)>, ServiceError> {
        self.view(view)?;
        Ok(self.store.observed(view, limit.min(LOOKS_MAX))?)
    }

    /// Tries a draft on what the last looks of a view saw.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault of the draft; [`ServiceError::Store`] where there is no such view.
    pub fn what_if(&self, view: ViewId, draft: &Draft) -> Result<WhatIf, ServiceError> {
        let (view, _, present) = self.view(view)?;
        let mut faults = Faults::default();
        if draft.zones.len() > ZONES_MAX {
            Faults::one("zones", &draft.zones.len().to_string(), Want::Zones { most: ZONES_MAX }).none()?;
        }
        let mut zones = Vec::new();
        for (i, drafted) in draft.zones.iter().enumerate() {
            let mut of_zone = Faults::default();
            let id = drafted.id.unwrap_or_else(ZoneId::fresh);
            zones.extend(self.check_zone(&mut of_zone, id, view.id, &drafted.zone));
            faults.0.extend(of_zone.0.into_iter().map(|mut fault| {
                fault.field = format!("zones[{i}].{}", fault.field);
                fault
            }));
        }
        let wanted = match &draft.matters {
            Some(keys) => faults.matters("matters", keys, |key| self.config.matters.contains_key(key)),
            None => view.matters.clone(),
        };
        faults.none()?;

        let looks = self.store.observed(view.id, LOOKS_MAX)?;
        let (now, then): (BTreeSet<MatterKey>, BTreeSet<MatterKey>) =
            (view.matters.into_iter().collect(), wanted.into_iter().collect());
        let size = view.reference.map_or(SIZE_WITHOUT_REFERENCE, |reference| (reference.width, reference.height));
        let is_holiday = |day| self.config.city.is_holiday(day);
        let civil = Civil { offset: self.config.city.utc_offset(), is_holiday: &is_holiday };
        let differences = differences(
            &self.config.matters,
            Rulebook { zones: &present, matters: &now },
            Rulebook { zones: &zones, matters: &then },
            &looks,
            size,
            civil,
        );
        let moments = looks.iter().map(|(_, observed)| observed.at);
        let span = moments.clone().min().zip(moments.max());
        let permitted = looks.iter().flat_map(|(_, seen)| &seen.detections).filter(|one| one.permitted).count();
        Ok(WhatIf { looks: looks.len(), span, permitted, differences })
    }
}
