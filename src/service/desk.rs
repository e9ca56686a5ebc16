//! One incident as it lies on a reviewer's desk: all that belongs to it, the rule that it broke as that stood, what a
//! confirmation would lead to, and what whoever asks may still do.

use super::{IncidentDetail, Service, ServiceError, ShownPictures};
use crate::domain::{
    Area, Caller, EvidenceKind, IncidentId, IncidentLock, Level, Limit, MatterCodes, Review, Role, Thing, Undoable,
    WallTime, Zone,
};

/// An incident on the desk.
#[derive(Clone, Debug)]
pub struct OnDesk {
    /// All that belongs to it.
    pub detail: IncidentDetail,
    /// The area of its stream, also after that was removed.
    pub area: Option<Area>,
    /// Codes of its matter, while the catalogue knows it.
    pub codes: Option<MatterCodes>,
    /// How soon its matter wants a person.
    pub level: Level,
    /// By when it should be decided.
    pub review_due_at: WallTime,
    /// By when a case would have to be handled, if it were opened now; `None` where it does not wait.
    pub limit_preview: Option<Limit>,
    /// The zone that forbade it, in the version that did.
    pub forbade: Option<Zone>,
    /// For how long the thing had to stand, in seconds, as it was when the incident opened.
    pub dwell_s: Option<u64>,
    /// Who has it open.
    pub lock: Option<IncidentLock>,
    /// The caller's own verdict, while it may be undone.
    pub undoable: Option<Undoable>,
    /// The pictures of its latest stay.
    pub shown: ShownPictures,
}

impl Service {
    /// One incident with all that a reviewer's screen shows. Who has no other role than `platform` finds those that
    /// were confirmed.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn on_desk(&self, id: IncidentId, by: &Caller) -> Result<OnDesk, ServiceError> {
        let detail = self.incident(id)?;
        let (incident, now) = (&detail.incident, self.now());
        let sees_all = by.is_any(&[Role::Reviewer, Role::Supervisor, Role::Administrator]);
        if !sees_all && !matches!(incident.review, Review::Confirmed { .. }) {
            return Err(ServiceError::missing(Thing::Incident, id));
        }
        let codes = self.config.matter(&incident.matter).map(|matter| matter.codes.clone());
        let waits = incident.review == Review::Waiting;
        let limit_preview = codes.as_ref().filter(|_| waits).and_then(|codes| self.config.city.limit(codes, now));
        let (zone, version) = incident.zone;
        let forbade = self.store.zone_versions(zone)?.into_iter().map(|one| one.zone).find(|z| z.version == version);
        let ruled = detail.evidence.iter().rev().find_map(|(_, manifest)| manifest.as_ref().map(|m| m.rule.dwell_s));
        let dwell_s = ruled.or_else(|| self.config.matter(&incident.matter).map(|matter| matter.dwell.time.as_secs()));
        let undoable = self.store.undoable(id, now)?.filter(|undoable| undoable.by == by.name);
        Ok(OnDesk {
            area: self.store.area_of(id)?,
            codes,
            level: self.level(&incident.matter),
            review_due_at: self.review_due(incident),
            limit_preview,
            forbade,
            dwell_s,
            lock: self.store.lock_on(id, now)?,
            undoable,
            shown: self.shown_pictures(&detail.evidence),
            detail,
        })
    }

    /// The same for a second reviewer, who must not learn the verdict: as the incident stood before anybody decided.
    ///
    /// # Errors
    /// As [`Service::on_desk`].
    pub fn on_desk_blind(&self, id: IncidentId, by: &Caller) -> Result<OnDesk, ServiceError> {
        let mut desk = self.on_desk(id, by)?;
        let detail = &mut desk.detail;
        detail.incident.review = Review::Waiting;
        (detail.case, detail.deliveries, detail.audit) = (None, Vec::new(), Vec::new());
        detail.evidence.retain(|(row, _)| row.kind != EvidenceKind::Recheck);
        detail.touched.retain(|(made_at, _)| detail.evidence.iter().any(|(row, _)| row.made_at == *made_at));
        (desk.lock, desk.undoable, desk.limit_preview) = (None, None, None);
        Ok(desk)
    }
}
