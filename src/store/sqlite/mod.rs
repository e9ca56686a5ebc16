//! The store in one SQLite file: WAL, every commit synced, one writer and a few readers; several
//! processes may share the file. Nothing outside of this folder names SQL.

mod accounts;
mod areas;
mod backup;
mod cases;
mod columns;
mod connections;
mod coverage;
mod deliveries;
mod desk;
mod door;
mod doorkeys;
mod evidence;
mod exemplars;
mod failure;
mod hand_out;
mod incidents;
mod journal;
mod locks;
mod looks;
mod observed;
mod office;
mod page;
mod places;
mod queue;
mod reconciliations;
mod refusals;
mod registry;
mod review;
mod second_reviews;
mod shadow;
mod signs;
mod statistics;
#[cfg(test)]
mod tests;
mod undo;
mod verifications;
mod vouched;
mod zones;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use self::connections::Connections;
use super::{
    AuditRow, CallbackApplied, Decided, FeedRow, IncidentFilter, LookOutcome, OpenCase, Page, Registry, Rows, Store,
    StoreError, ZoneVersion,
};
use crate::{
    clock::{Clock, SystemClock},
    domain::{
        Area, Areas, Callback, Case, CaseId, Credential, Delivery, DeliveryId, DeliveryState, EvidenceId, EvidenceRow,
        Incident, IncidentId, LookReport, Place, PlaceId, PlatformPause, Reference, SignedVerdict, Stage, Stream,
        StreamId, View, ViewId, WallTime, Zone, ZoneId,
    },
};

/// The truth of the house in one file.
pub struct SqliteStore {
    connections: Connections,
    clock: Arc<dyn Clock>,
}

impl SqliteStore {
    /// Opens the file, or makes it (mode 0600, and its folder 0700 where missing), and brings it up to date.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] for a damaged file, one of another program or of a newer version;
    /// [`StoreError::Unwritable`] for a full disk or missing rights; [`StoreError::Busy`] when another process
    /// holds it for more than 5 s.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { connections: Connections::open(path)?, clock: Arc::new(SystemClock) })
    }

    /// A store that ends with the process: replay and tests.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when there is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self { connections: Connections::in_memory()?, clock: Arc::new(SystemClock) })
    }

    /// Dates those few audit rows whose calls carry no time by this clock instead of the system's.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Copies the store's file at `path`, as it stands now, into a folder, checks the copy and notes where it is.
    /// Returns the copy. Work goes on meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] names the folder; [`StoreError::Unusable`] when the file is damaged.
    pub fn backup(&self, path: &Path, into: &Path) -> Result<PathBuf, StoreError> {
        backup::backup(&self.connections, path, into, self.clock.now())
    }

    /// Reads the whole file and checks it. Takes seconds on a large one.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] names the first fault.
    pub fn check(&self) -> Result<(), StoreError> {
        self.connections.read(|tx| {
            let answer: String = tx.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if answer != "ok" {
                return Err(StoreError::Unusable(format!("the file is damaged ({answer}); restore a backup")));
            }
            let dangling = tx.prepare("PRAGMA foreign_key_check")?.exists([])?;
            let text = || "rows name others that are gone; restore a backup".to_owned();
            if dangling { Err(StoreError::Unusable(text())) } else { Ok(()) }
        })
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("connections", &self.connections).finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn revision(&self) -> Result<u64, StoreError> {
        self.connections.read(registry::revision)
    }
    fn registry(&self) -> Result<Registry, StoreError> {
        self.connections.read(registry::registry)
    }
    fn put_stream(&self, stream: &Stream, credential: Option<&Credential>, actor: &str) -> Result<(), StoreError> {
        let at = self.clock.now();
        self.connections.write(|tx| registry::put_stream(tx, stream, credential, at, actor))
    }
    fn credential(&self, stream: StreamId) -> Result<Option<Credential>, StoreError> {
        self.connections.read(|tx| registry::credential(tx, stream))
    }
    fn remove_stream(&self, stream: StreamId, at: WallTime, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| registry::remove_stream(tx, stream, at, actor))
    }
    fn register(
        &self,
        stream: &Stream,
        credential: Option<&Credential>,
        view: &View,
        actor: &str,
    ) -> Result<(), StoreError> {
        let at = self.clock.now();
        self.connections.write(|tx| {
            registry::put_stream(tx, stream, credential, at, actor)?;
            registry::put_view(tx, view, at, actor)
        })
    }
    fn put_view(&self, view: &View, at: WallTime, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| registry::put_view(tx, view, at, actor))
    }
    fn put_reference(&self, view: ViewId, reference: &Reference, actor: &str) -> Result<(), StoreError> {
        let at = self.clock.now();
        self.connections.write(|tx| registry::put_reference(tx, view, reference, at, actor))
    }
    fn put_zone(&self, zone: &Zone, at: WallTime, actor: &str) -> Result<Zone, StoreError> {
        self.connections.write(|tx| zones::put(tx, zone, at, actor))
    }
    fn zone_versions(&self, zone: ZoneId) -> Result<Vec<ZoneVersion>, StoreError> {
        self.connections.read(|tx| zones::versions(tx, zone))
    }
    fn remove_zone(&self, zone: ZoneId, at: WallTime, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| zones::remove(tx, zone, at, actor))
    }

    fn places(&self, view: ViewId) -> Result<Vec<Place>, StoreError> {
        self.connections.read(|tx| places::of_view(tx, view))
    }
    fn record(&self, outcome: &LookOutcome) -> Result<(), StoreError> {
        self.connections.write(|tx| looks::record(tx, outcome))
    }
    fn latest_looks(&self) -> Result<BTreeMap<ViewId, LookReport>, StoreError> {
        self.connections.read(looks::latest)
    }
    fn looks(&self, view: ViewId, limit: u32) -> Result<Vec<LookReport>, StoreError> {
        self.connections.read(|tx| looks::of_view(tx, view, limit))
    }
    fn rechecks(&self) -> Result<Vec<(CaseId, ViewId, WallTime)>, StoreError> {
        self.connections.read(cases::rechecks)
    }

    fn incident(&self, id: IncidentId) -> Result<Incident, StoreError> {
        self.connections.read(|tx| incidents::one(tx, id))
    }
    fn area_of(&self, incident: IncidentId) -> Result<Option<Area>, StoreError> {
        self.connections.read(|tx| areas::of_incident(tx, incident))
    }
    fn place(&self, id: PlaceId) -> Result<Option<Place>, StoreError> {
        self.connections.read(|tx| places::one(tx, id))
    }
    fn incidents(&self, filter: &IncidentFilter, page: &Page) -> Result<Rows<Incident>, StoreError> {
        self.connections.read(|tx| incidents::list(tx, filter, page))
    }
    fn decide(&self, verdict: &SignedVerdict, open_case: OpenCase<'_>) -> Result<Decided, StoreError> {
        self.connections.write(|tx| review::decide(tx, verdict, open_case))
    }

    fn evidence_head(&self) -> Result<Option<String>, StoreError> {
        self.connections.read(evidence::head)
    }
    fn evidence_of(&self, incident: IncidentId) -> Result<Vec<EvidenceRow>, StoreError> {
        self.connections.read(|tx| evidence::of_incident(tx, incident))
    }
    fn evidence(&self, id: EvidenceId) -> Result<EvidenceRow, StoreError> {
        self.connections.read(|tx| evidence::one(tx, id))
    }
    fn evidence_after(&self, after: Option<EvidenceId>, limit: u32) -> Result<Vec<EvidenceRow>, StoreError> {
        self.connections.read(|tx| evidence::after(tx, after, limit))
    }
    fn evidence_page(&self, areas: &Areas, page: &Page) -> Result<Rows<EvidenceRow>, StoreError> {
        self.connections.read(|tx| evidence::page(tx, areas, page))
    }
    fn hold_evidence(&self, incident: IncidentId, hold: bool, at: WallTime, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| evidence::hold(tx, incident, hold, at, actor))
    }
    fn purge_evidence(&self, id: EvidenceId, at: WallTime) -> Result<(), StoreError> {
        self.connections.write(|tx| evidence::purge(tx, id, at))
    }

    fn case(&self, id: CaseId) -> Result<Case, StoreError> {
        self.connections.read(|tx| cases::one(tx, id))
    }
    fn case_of(&self, incident: IncidentId) -> Result<Option<Case>, StoreError> {
        self.connections.read(|tx| cases::of_incident(tx, incident))
    }
    fn cases(&self, areas: &Areas, stage: Option<Stage>, page: &Page) -> Result<Rows<Case>, StoreError> {
        self.connections.read(|tx| cases::list(tx, areas, stage, page))
    }
    fn apply_callback(&self, callback: &Callback, at: WallTime) -> Result<CallbackApplied, StoreError> {
        self.connections.write(|tx| cases::apply_callback(tx, callback, at))
    }
    fn due_deliveries(&self, now: WallTime, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        self.connections.read(|tx| deliveries::due(tx, now, limit))
    }
    fn delivery(&self, id: DeliveryId) -> Result<Delivery, StoreError> {
        self.connections.read(|tx| deliveries::one(tx, id))
    }
    fn deliveries(&self, areas: &Areas, state: Option<&str>, page: &Page) -> Result<Rows<Delivery>, StoreError> {
        self.connections.read(|tx| deliveries::list(tx, areas, state, page))
    }
    fn waiting_deliveries(&self) -> Result<u64, StoreError> {
        self.connections.read(deliveries::waiting)
    }
    fn deliveries_of(&self, case: CaseId) -> Result<Vec<Delivery>, StoreError> {
        self.connections.read(|tx| deliveries::of_case(tx, case))
    }
    fn set_delivery(&self, id: DeliveryId, state: &DeliveryState, at: WallTime) -> Result<(), StoreError> {
        self.connections.write(|tx| deliveries::set(tx, id, state, at))
    }
    fn replay_delivery(&self, id: DeliveryId, at: WallTime, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| deliveries::replay(tx, id, at, actor))
    }
    fn platform_pause(&self) -> Result<Option<PlatformPause>, StoreError> {
        self.connections.read(deliveries::pause)
    }
    fn set_platform_pause(&self, pause: Option<&PlatformPause>, at: WallTime) -> Result<(), StoreError> {
        self.connections.write(|tx| deliveries::set_pause(tx, pause, at))
    }

    fn audit(
        &self,
        at: WallTime,
        actor: &str,
        action: &str,
        subject: &str,
        detail: &serde_json::Value,
    ) -> Result<(), StoreError> {
        self.connections.write(|tx| journal::audit(tx, at, actor, action, subject, detail))
    }
    fn audit_rows(&self, subject: Option<&str>, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.connections.read(|tx| journal::audit_rows(tx, subject, after, limit))
    }
    fn feed(&self, after: i64, limit: u32) -> Result<Vec<FeedRow>, StoreError> {
        self.connections.read(|tx| journal::feed(tx, after, limit))
    }
    fn feed_head(&self) -> Result<i64, StoreError> {
        self.connections.read(journal::feed_head)
    }
}
