//! Review: a verdict in, and on confirmation a case with its first delivery out, in one transaction of the store.

use super::{Faults, Service, ServiceError, Want};
use crate::{
    domain::{Case, Confirmation, Incident, IncidentId, Location, MatterCodes, SignedVerdict, Verdict, VerdictRefused},
    store::{Decided, StoreError},
    telemetry::{Signal, emit},
};

impl Service {
    /// A verdict that is signed now and may be undone for a short while.
    pub fn sign(&self, incident: IncidentId, verdict: Verdict, reviewer: &str, note: &str) -> SignedVerdict {
        let at = self.now();
        let undo_until = at.plus(self.config.settings.desk.undo);
        SignedVerdict { incident, verdict, reviewer: reviewer.to_owned(), at, note: note.to_owned(), undo_until }
    }

    /// Applies a verdict.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a verdict without a name, or with a matter or an incident that is not there;
    /// [`ServiceError::Store`] where somebody decided before.
    pub fn decide(&self, verdict: &SignedVerdict) -> Result<Decided, ServiceError> {
        self.seen_incident(verdict.incident)?;
        let incident = self.store.incident(verdict.incident)?;
        let mut faults = Faults::default();
        let reviewer = faults.name("reviewer", &verdict.reviewer, 64);
        let note = faults.words("note", &verdict.note, 2000);
        match &verdict.verdict {
            Verdict::Duplicate { of } if *of == incident.id => {
                faults.add("of", &of.to_string(), Want::OriginalOther);
            }
            Verdict::Duplicate { of } => match self.seen_incident(*of) {
                Err(ServiceError::Store(StoreError::Missing { .. })) => {
                    faults.add("of", &of.to_string(), Want::OriginalSeen);
                }
                seen => seen?,
            },
            Verdict::Reclassified { matter } if !self.config.matters.contains_key(matter) => {
                faults.add("matter", matter.as_str(), Want::MatterKnown);
            }
            Verdict::Reclassified { matter } if *matter == incident.matter => {
                faults.add("matter", matter.as_str(), Want::MatterOther);
            }
            Verdict::Confirmed if !self.config.matters.contains_key(&incident.matter) => {
                faults.add("matter", incident.matter.as_str(), Want::MatterWithCodes);
            }
            _ => {}
        }
        faults.none()?;
        let signed = SignedVerdict { reviewer, note, ..verdict.clone() };
        let location = self.location_of(&incident)?;
        let decided = self.store.decide(&signed, &|confirmation| self.open_case(confirmation, location.clone()));
        match &decided {
            Ok(_) => {
                emit(Signal::VerdictGiven { incident: incident.id, verdict: &signed.verdict, by: &signed.reviewer });
            }
            Err(StoreError::Verdict(VerdictRefused::Decided { .. })) => {
                emit(Signal::VerdictRefused { incident: incident.id, by: &signed.reviewer });
            }
            Err(_) => {}
        }
        Ok(decided?)
    }

    /// Takes the latest verdict back, for the one who gave it, while its time lasts and the platform has not heard of it.
    ///
    /// # Errors
    /// [`ServiceError::Store`] says why it stays.
    pub fn undo(&self, incident: IncidentId, reviewer: &str) -> Result<Incident, ServiceError> {
        self.seen_incident(incident)?;
        let undone = self.store.undo(incident, reviewer, self.now())?;
        emit(Signal::VerdictUndone { incident, by: reviewer });
        Ok(undone)
    }

    /// The case as the city's tables make it. Runs inside the store's transaction, so it must not fail: a matter that
    /// left the catalogue since the check above goes by its key.
    fn open_case(&self, confirmation: Confirmation, location: Option<Location>) -> Case {
        let key = &confirmation.incident().matter;
        let (name, codes) = match self.config.matters.get(key) {
            Some(matter) => (matter.name.clone(), matter.codes.clone()),
            None => (key.to_string(), MatterCodes { code_2026: String::new(), code_2013: None }),
        };
        let limit = self.config.city.limit(&codes, confirmation.at());
        Case::open(confirmation, name, codes, location, limit)
    }

    /// Where the stream looks; where it was removed meanwhile, where it looked when the evidence was made.
    pub(super) fn location_of(&self, incident: &Incident) -> Result<Option<Location>, ServiceError> {
        let registry = self.registry()?;
        let stream = registry.views.iter().find(|view| view.id == incident.view).map(|view| view.stream);
        if let Some(stream) = registry.streams.iter().find(|s| Some(s.id) == stream) {
            return Ok(stream.location.clone());
        }
        let rows = self.store.evidence_of(incident.id)?;
        Ok(rows.iter().find_map(|row| self.evidence.manifest(row).ok()).and_then(|manifest| manifest.location))
    }
}
