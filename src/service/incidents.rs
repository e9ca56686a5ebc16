//! Incidents: lists for reviewers, and everything that belongs to one.

use super::{Faults, Moment, People, Service, ServiceError, Want, timeline};
use crate::{
    domain::{
        Case, Delivery, EvidenceRow, Incident, IncidentId, LookReport, Manifest, MatterKey, Place, Stream,
        Verification, View, WallTime, Zone,
    },
    store::{AuditRow, DECIDED, IncidentFilter, Page, Rows, evidence::Fault},
};

/// An incident with all that belongs to it.
#[derive(Clone, Debug)]
pub struct IncidentDetail {
    /// The incident.
    pub incident: Incident,
    /// Name of its matter.
    pub matter_name: String,
    /// Its English name, where it has one.
    pub matter_name_en: Option<String>,
    /// Its view, while it is registered.
    pub view: Option<View>,
    /// Its stream, while it is registered.
    pub stream: Option<Stream>,
    /// Its zone, while it is registered; its version may be newer than the incident's.
    pub zone: Option<Zone>,
    /// Its place, while it is remembered.
    pub place: Option<Place>,
    /// Its bundles, oldest first, with their manifests; `None` where files were removed or are damaged.
    pub evidence: Vec<(EvidenceRow, Option<Manifest>)>,
    /// What is not as it was recorded, at most one fault a bundle, and when that bundle was made.
    pub touched: Vec<(WallTime, Fault)>,
    /// Its case, once it was confirmed.
    pub case: Option<Case>,
    /// What the platform has to be told, in order.
    pub deliveries: Vec<Delivery>,
    /// Audit log of incident and case, oldest first.
    pub audit: Vec<AuditRow>,
    /// How those who did something are called.
    pub people: People,
    /// What a verifier said about its place, newest first.
    pub verifications: Vec<Verification>,
    /// The look that saw it first, while it is among the view's latest 500.
    pub first_look: Option<LookReport>,
}

impl IncidentDetail {
    /// What happened, oldest first: look, sighting, incident, evidence, verdict, case, deliveries, receipts, callbacks.
    pub fn timeline(&self) -> Vec<Moment> {
        timeline::of(self)
    }
}

impl Service {
    /// Incidents, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for words that are none; [`ServiceError::Store`].
    pub fn incidents(&self, filter: &IncidentFilter, page: &Page) -> Result<Rows<Incident>, ServiceError> {
        check_review_word(filter)?;
        let filter = IncidentFilter { areas: self.seen_areas(&filter.areas), ..filter.clone() };
        self.store.incidents(&filter, page).map_err(|error| ServiceError::of_list(error, page))
    }

    /// One incident with all that belongs to it.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn incident(&self, id: IncidentId) -> Result<IncidentDetail, ServiceError> {
        self.seen_incident(id)?;
        let incident = self.store.incident(id)?;
        let registry = self.registry()?;
        let view = registry.views.into_iter().find(|view| view.id == incident.view);
        let stream = registry.streams.into_iter().find(|s| view.as_ref().is_some_and(|view| view.stream == s.id));
        let zone = registry.zones.into_iter().find(|zone| zone.id == incident.zone.0);
        let evidence = self.store.evidence_of(id)?;
        // Whoever decides must know of it: a reviewer's word stands on these files.
        let touched = evidence
            .iter()
            .filter(|row| row.purged_at.is_none())
            .filter_map(|row| Some((row.made_at, self.verify_evidence(row.id).ok()?.fault?)))
            .collect();
        let evidence = evidence
            .into_iter()
            .map(|row| {
                let manifest = if row.purged_at.is_some() { None } else { self.evidence.manifest(&row).ok() };
                (row, manifest)
            })
            .collect();
        let case = self.store.case_of(id)?;
        let mut audit = self.store.audit_rows(Some(&id.to_string()), 0, 500)?;
        let mut deliveries = Vec::new();
        if let Some(case) = &case {
            audit.extend(self.store.audit_rows(Some(&case.id.to_string()), 0, 500)?);
            deliveries = self.store.deliveries_of(case.id)?;
        }
        // Who looked at it is the administrator's to know.
        audit.retain(|row| !row.action.ends_with(".viewed"));
        audit.sort_by_key(|row| row.seq);
        let looks = self.store.looks(incident.view, 500)?;
        let first_look =
            looks.into_iter().find(|look| look.started <= incident.first_seen && incident.first_seen <= look.ended);
        Ok(IncidentDetail {
            matter_name: self.matter_name(&incident.matter),
            matter_name_en: self.config.matter(&incident.matter).and_then(|matter| matter.name_en.clone()),
            place: self.store.place(incident.place)?,
            incident,
            view,
            stream,
            zone,
            evidence,
            touched,
            case,
            deliveries,
            audit,
            people: self.people()?,
            verifications: self.store.verifications(id)?,
            first_look,
        })
    }

    /// Matters of the catalogue, key and name, for a reviewer who reclassifies.
    pub fn matters(&self) -> Vec<(MatterKey, String)> {
        self.config.matters.values().map(|matter| (matter.key.clone(), matter.name.clone())).collect()
    }
}

/// Refuses a word that is no state of review.
pub(super) fn check_review_word(filter: &IncidentFilter) -> Result<(), ServiceError> {
    match filter.review.as_deref() {
        None | Some("waiting" | "confirmed" | "rejected" | "duplicate" | DECIDED) => Ok(()),
        Some(word) => Faults::one("review", word, Want::ReviewState).none(),
    }
}
