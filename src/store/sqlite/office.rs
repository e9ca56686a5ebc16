//! The second half of the seam over SQLite.

use chrono::NaiveDate;

use super::{SqliteStore, coverage, observed, reconciliations, registry, statistics};
use crate::{
    domain::{
        Callback, Case, CaseId, Incident, IncidentFacts, IncidentId, LookId, MatterKey, Observed, ViewId, WallTime,
    },
    store::{
        CaseFacts, CoverageCount, IncidentFilter, OfficeStore, Page, PlatformCounts, Reconciliation, Rows, StoreError,
        StreamEntry, TimeSpan,
    },
};

impl OfficeStore for SqliteStore {
    fn import_streams(&self, entries: &[StreamEntry], at: WallTime, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| {
            for StreamEntry { stream, credential, view } in entries {
                registry::put_stream(tx, stream, credential.as_ref(), at, actor)?;
                view.as_ref().map_or(Ok(()), |view| registry::put_view(tx, view, at, actor))?;
            }
            Ok(())
        })
    }
    fn observed(&self, view: ViewId, limit: u32) -> Result<Vec<(LookId, Observed)>, StoreError> {
        self.connections.read(|tx| observed::of_view(tx, view, limit))
    }
    fn incident_facts(
        &self,
        span: TimeSpan,
        matter: Option<&MatterKey>,
        each: &mut dyn FnMut(&IncidentFacts<'_>),
    ) -> Result<(), StoreError> {
        self.connections.read(|tx| statistics::facts(tx, span, matter, each))
    }
    fn incidents_counted(&self, span: TimeSpan, filter: &IncidentFilter) -> Result<u64, StoreError> {
        self.connections.read(|tx| statistics::counted(tx, span, filter))
    }
    fn incidents_found(
        &self,
        span: TimeSpan,
        filter: &IncidentFilter,
        after: Option<(WallTime, IncidentId)>,
        limit: u32,
    ) -> Result<Vec<(Incident, Option<CaseFacts>)>, StoreError> {
        self.connections.read(|tx| statistics::found(tx, span, filter, after, limit))
    }
    fn add_coverage(&self, day: NaiveDate, count: CoverageCount) -> Result<(), StoreError> {
        self.connections.write(|tx| coverage::add(tx, day, count))
    }
    fn coverage_counted(&self, from: NaiveDate, until: NaiveDate) -> Result<CoverageCount, StoreError> {
        self.connections.read(|tx| coverage::sum(tx, from, until))
    }
    fn cases_opened(&self, span: TimeSpan) -> Result<Vec<(Case, bool)>, StoreError> {
        self.connections.read(|tx| reconciliations::cases_opened(tx, span))
    }
    fn callbacks_of(&self, case: CaseId) -> Result<Vec<(Callback, WallTime)>, StoreError> {
        self.connections.read(|tx| reconciliations::callbacks_of(tx, case))
    }
    fn platform_counts(&self, since: WallTime) -> Result<PlatformCounts, StoreError> {
        self.connections.read(|tx| reconciliations::counts(tx, since))
    }
    fn put_reconciliation(&self, reconciliation: &Reconciliation, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| reconciliations::put(tx, reconciliation, actor))
    }
    fn reconciliation(&self, day: NaiveDate) -> Result<Option<Reconciliation>, StoreError> {
        self.connections.read(|tx| reconciliations::one(tx, day))
    }
    fn reconciliations(&self, page: &Page) -> Result<Rows<Reconciliation>, StoreError> {
        self.connections.read(|tx| reconciliations::list(tx, page))
    }
}
