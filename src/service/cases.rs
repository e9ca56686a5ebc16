//! Cases: what was opened, where it stands, and what the platform says about it.

use super::{Faults, Service, ServiceError, Want};
use crate::{
    domain::{Areas, Callback, Case, CaseId, Delivery, Incident, Stage, Thing},
    store::{AuditRow, CallbackApplied, Page, Rows},
    telemetry::{Signal, emit},
};

/// A case with all that belongs to it.
#[derive(Clone, Debug)]
pub struct CaseDetail {
    /// The case.
    pub case: Case,
    /// The incident behind it.
    pub incident: Incident,
    /// What the platform has to be told, in order.
    pub deliveries: Vec<Delivery>,
    /// Its audit log, oldest first.
    pub audit: Vec<AuditRow>,
}

impl Service {
    /// Cases of those areas, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`]; [`ServiceError::Cursor`].
    pub fn cases(&self, areas: &Areas, stage: Option<Stage>, page: &Page) -> Result<Rows<Case>, ServiceError> {
        self.store.cases(&self.seen_areas(areas), stage, page).map_err(|error| ServiceError::of_list(error, page))
    }

    /// One case with all that belongs to it.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn case(&self, id: CaseId) -> Result<CaseDetail, ServiceError> {
        let case = self.store.case(id)?;
        self.seen_with(case.incident, Thing::Case, id)?;
        Ok(CaseDetail {
            incident: self.store.incident(case.incident)?,
            deliveries: self.store.deliveries_of(id)?,
            audit: self.store.audit_rows(Some(&id.to_string()), 0, 500)?,
            case,
        })
    }

    /// Hears what the platform says about a case, once. The caller has checked its signature.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault; [`ServiceError::Store`] where there is no such case.
    pub fn callback(&self, callback: &Callback) -> Result<CallbackApplied, ServiceError> {
        let mut faults = Faults::default();
        faults.name("callback_id", &callback.callback_id, 128);
        faults.words("note", &callback.note, 2000);
        if let Some(number) = &callback.platform_number {
            faults.name("platform_number", number, 128);
        }
        if callback.stage == Stage::Filed {
            faults.add("stage", "filed", Want::Stage);
        }
        faults.none()?;
        let applied = self.store.apply_callback(callback, self.now())?;
        let (case, moved) = match &applied {
            CallbackApplied::Moved(case) => (case, true),
            CallbackApplied::Ignored(case) => (case, false),
        };
        emit(Signal::CallbackHeard { case: case.id, stage: case.stage, moved });
        Ok(applied)
    }
}
