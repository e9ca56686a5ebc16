//! L2: rows and evidence files. Only this room names SQL. Pixels never enter rows.

pub mod accounts;
mod conflict;
#[cfg(test)]
pub(crate) mod conformance;
pub mod evidence;
mod exemplars;
mod office;
mod review;
mod shadow;
mod signs;
pub mod sqlite;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    conflict::Conflict,
    exemplars::{ExemplarFilter, ExemplarStore},
    office::*,
    review::{HandOut, HandedOut, Judged, Queue, QueueFilter, ReviewStore},
    shadow::{Noted, ShadowFilter, ShadowStore, SpotsFirst},
    signs::SignStore,
};
use crate::domain::{
    Area, Areas, Callback, Case, CaseId, Credential, Delivery, DeliveryId, DeliveryState, EvidenceId, EvidenceKind,
    EvidenceRow, Incident, IncidentChange, IncidentId, LookReport, MatterKey, Observed, Place, PlaceId, PlatformPause,
    Reference, SignedVerdict, Stage, Stream, StreamId, Thing, UndoRefused, VerdictRefused, Verification, View, ViewId,
    WallTime, Zone, ZoneId,
};

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The thing is not there.
    #[error("there is no {what} {id}")]
    Missing {
        /// What kind of thing.
        what: Thing,
        /// Its id or code.
        id: String,
    },
    /// It collides with what is there.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The verdict was refused.
    #[error(transparent)]
    Verdict(#[from] VerdictRefused),
    /// The verdict stays.
    #[error(transparent)]
    Undo(#[from] UndoRefused),
    /// A colleague has the incident open.
    #[error("{by} has incident {incident} open until {until}; take another one")]
    Locked {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
        /// Until when.
        until: WallTime,
    },
    /// Another process holds the store for too long.
    #[error("the store is busy: {0}; try again")]
    Busy(String),
    /// The disk is full or the folder cannot be written.
    #[error("the store cannot write: {0}; free disk space or mend the folder's rights")]
    Unwritable(String),
    /// The file is damaged or of a newer version.
    #[error("the store cannot be used: {0}")]
    Unusable(String),
    /// Anything else.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// Everything one look leaves behind, recorded in one transaction. Recording it twice changes nothing.
#[derive(Clone, Debug)]
pub struct LookOutcome {
    /// What the look was.
    pub report: LookReport,
    /// Places that are new or changed.
    pub places: Vec<Place>,
    /// Candidates that were forgotten.
    pub forgotten: Vec<PlaceId>,
    /// What happened to incidents.
    pub changes: Vec<IncidentChange>,
    /// Bundles written before.
    pub evidence: Vec<EvidenceRow>,
    /// The outcome of a re-check, if the look was one.
    pub recheck: Option<RecheckOutcome>,
    /// What was seen, where a frame could be judged.
    pub observed: Option<Observed>,
    /// What a verifier said about places that were about to be reported.
    pub verifications: Vec<Verification>,
}

/// What a re-check look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecheckOutcome {
    /// The case.
    pub case: CaseId,
    /// Whether the spot is clear; `None` when it could not be seen.
    pub cleared: Option<bool>,
    /// The bundle with the before/after pair.
    pub evidence: Option<EvidenceId>,
}

/// What is registered, as the patrol needs it. Changes whenever `revision` does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registry {
    /// Counts up with each change of streams, credentials, views, zones.
    pub revision: u64,
    /// Streams, the disabled ones included.
    pub streams: Vec<Stream>,
    /// Views.
    pub views: Vec<View>,
    /// Zones.
    pub zones: Vec<Zone>,
}

/// The word of [`IncidentFilter::review`] for every incident about which a reviewer decided, whatever it was.
pub const DECIDED: &str = "decided";

/// Which incidents to list. Newest first.
#[derive(Clone, Debug, Default)]
pub struct IncidentFilter {
    /// Only of these areas.
    pub areas: Areas,
    /// Only those in this state of review: `waiting`, `confirmed`, `rejected`, `duplicate`, or [`DECIDED`].
    pub review: Option<String>,
    /// Only those open (`true`) or closed (`false`).
    pub open: Option<bool>,
    /// Only of this view.
    pub view: Option<ViewId>,
    /// Only of this matter.
    pub matter: Option<MatterKey>,
}

/// A page of a list: at most `limit` rows after `after`.
#[derive(Clone, Debug)]
pub struct Page {
    /// Opaque cursor from the page before.
    pub after: Option<String>,
    /// 1 to 500.
    pub limit: u32,
}

/// Rows of a page and the cursor of the next one.
#[derive(Clone, Debug)]
pub struct Rows<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// One line of the append-only audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Counts up.
    pub seq: i64,
    /// When.
    pub at: WallTime,
    /// Who: a reviewer's name, `system`, `platform`, `cli`.
    pub actor: String,
    /// What: `incident.confirmed`, `case.opened`, `stream.added`.
    pub action: String,
    /// About what: an id.
    pub subject: String,
    /// Anything more, never a secret.
    pub detail: serde_json::Value,
}

/// One change that browsers and followers hear of: `seq` is a position to go on from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedRow {
    /// Counts up.
    pub seq: i64,
    /// When.
    pub at: WallTime,
    /// `incident.opened`, `incident.reviewed`, `case.opened`, `case.stage`, `delivery.delivered`, `look.finished`...
    pub topic: String,
    /// The thing's id.
    pub subject: String,
    /// The area of the thing's stream: who may hear of it.
    #[serde(skip)]
    pub area: Option<Area>,
}

impl FeedRow {
    /// Whether those who see `areas` hear of it. What is about the house and no stream is heard by all.
    pub fn is_for(&self, areas: &Areas) -> bool {
        self.topic.starts_with("platform.") || areas.admit(self.area.as_ref())
    }
}

/// What a verdict led to.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The incident after the verdict.
    pub incident: Incident,
    /// The case, when the verdict confirmed.
    pub case: Option<Case>,
}

/// One version of a zone: what it was, since when and by whom.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneVersion {
    /// When it was drawn.
    pub at: WallTime,
    /// By whom.
    pub actor: String,
    /// The zone as it was drawn.
    pub zone: Zone,
}

/// What a callback led to.
#[derive(Clone, Debug, PartialEq)]
pub enum CallbackApplied {
    /// The case moved.
    Moved(Case),
    /// It was heard before, or lies behind where the case stands; nothing changed.
    Ignored(Case),
}

/// Makes the case from a confirmation inside the store's transaction.
pub type OpenCase<'a> = &'a dyn Fn(crate::domain::Confirmation) -> Case;

/// The seam: the truth of the house. Synchronous: callers own their threads. Every method is one transaction.
pub trait Store: OfficeStore + ReviewStore + ExemplarStore + SignStore + ShadowStore {
    // --- registry ---
    /// Changes whenever a stream, credential, view or zone does, also by another process.
    fn revision(&self) -> Result<u64, StoreError>;
    /// All that is registered.
    fn registry(&self) -> Result<Registry, StoreError>;
    /// Adds a stream or changes the one with its id. `credential`: `None` leaves it as it is.
    fn put_stream(&self, stream: &Stream, credential: Option<&Credential>, actor: &str) -> Result<(), StoreError>;
    /// The credential of a stream, for the media room alone.
    fn credential(&self, stream: StreamId) -> Result<Option<Credential>, StoreError>;
    /// Removes a stream, its views and zones; incidents and cases stay.
    fn remove_stream(&self, stream: StreamId, at: WallTime, actor: &str) -> Result<(), StoreError>;
    /// Adds a stream with its first view: both or neither.
    fn register(
        &self,
        stream: &Stream,
        credential: Option<&Credential>,
        view: &View,
        actor: &str,
    ) -> Result<(), StoreError>;
    /// Adds a view or changes the one with its id.
    fn put_view(&self, view: &View, at: WallTime, actor: &str) -> Result<(), StoreError>;
    /// Sets a view's reference picture.
    fn put_reference(&self, view: ViewId, reference: &Reference, actor: &str) -> Result<(), StoreError>;
    /// Adds a zone, or a new version of the one with its id. Returns it with its version.
    fn put_zone(&self, zone: &Zone, at: WallTime, actor: &str) -> Result<Zone, StoreError>;
    /// Every version that a zone ever had, newest first; none for a stranger.
    fn zone_versions(&self, zone: ZoneId) -> Result<Vec<ZoneVersion>, StoreError>;
    /// Removes a zone; incidents that name it stay.
    fn remove_zone(&self, zone: ZoneId, at: WallTime, actor: &str) -> Result<(), StoreError>;

    // --- looks ---
    /// All places of a view.
    fn places(&self, view: ViewId) -> Result<Vec<Place>, StoreError>;
    /// Records what a look left behind.
    fn record(&self, outcome: &LookOutcome) -> Result<(), StoreError>;
    /// The latest report of every view.
    fn latest_looks(&self) -> Result<BTreeMap<ViewId, LookReport>, StoreError>;
    /// Reports of a view, newest first.
    fn looks(&self, view: ViewId, limit: u32) -> Result<Vec<LookReport>, StoreError>;
    /// Cases that wait for a re-check look, with the view of each and since when.
    fn rechecks(&self) -> Result<Vec<(CaseId, ViewId, WallTime)>, StoreError>;

    // --- incidents and review ---
    /// One incident.
    fn incident(&self, id: IncidentId) -> Result<Incident, StoreError>;
    /// The area of an incident's stream, also after the stream was removed.
    fn area_of(&self, incident: IncidentId) -> Result<Option<Area>, StoreError>;
    /// The place of an incident, if it is still remembered.
    fn place(&self, id: PlaceId) -> Result<Option<Place>, StoreError>;
    /// A list of incidents, newest opening first.
    fn incidents(&self, filter: &IncidentFilter, page: &Page) -> Result<Rows<Incident>, StoreError>;
    /// Applies a verdict: incident, audit row, feed row and, on confirmation, case and delivery, in one transaction.
    fn decide(&self, verdict: &SignedVerdict, open_case: OpenCase<'_>) -> Result<Decided, StoreError>;

    // --- evidence ---
    /// SHA-256 of the manifest recorded last.
    fn evidence_head(&self) -> Result<Option<String>, StoreError>;
    /// Bundles of an incident, oldest first.
    fn evidence_of(&self, incident: IncidentId) -> Result<Vec<EvidenceRow>, StoreError>;
    /// One bundle.
    fn evidence(&self, id: EvidenceId) -> Result<EvidenceRow, StoreError>;
    /// Bundles in the order in which they were recorded, after one of them or from the first; [`evidence_rows`] pages.
    fn evidence_after(&self, after: Option<EvidenceId>, limit: u32) -> Result<Vec<EvidenceRow>, StoreError>;
    /// Bundles of all incidents of those areas, the one recorded last first.
    fn evidence_page(&self, areas: &Areas, page: &Page) -> Result<Rows<EvidenceRow>, StoreError>;
    /// Sets or lifts legal hold on all bundles of an incident.
    fn hold_evidence(&self, incident: IncidentId, hold: bool, at: WallTime, actor: &str) -> Result<(), StoreError>;
    /// Notes that retention removed the files of a bundle. Refused under legal hold.
    fn purge_evidence(&self, id: EvidenceId, at: WallTime) -> Result<(), StoreError>;

    // --- cases and deliveries ---
    /// One case.
    fn case(&self, id: CaseId) -> Result<Case, StoreError>;
    /// The case of an incident.
    fn case_of(&self, incident: IncidentId) -> Result<Option<Case>, StoreError>;
    /// Cases of those areas, newest first.
    fn cases(&self, areas: &Areas, stage: Option<Stage>, page: &Page) -> Result<Rows<Case>, StoreError>;
    /// Applies a callback once. A handled case gets a re-check due.
    fn apply_callback(&self, callback: &Callback, at: WallTime) -> Result<CallbackApplied, StoreError>;
    /// Pending deliveries due at `now`, oldest first, never one whose case has an earlier one that is not delivered.
    fn due_deliveries(&self, now: WallTime, limit: u32) -> Result<Vec<Delivery>, StoreError>;
    /// One delivery.
    fn delivery(&self, id: DeliveryId) -> Result<Delivery, StoreError>;
    /// Deliveries of those areas, newest first; `state`: `pending`, `delivered`, `dead`.
    fn deliveries(&self, areas: &Areas, state: Option<&str>, page: &Page) -> Result<Rows<Delivery>, StoreError>;
    /// How many deliveries the platform does not have yet, dead ones not counted.
    fn waiting_deliveries(&self) -> Result<u64, StoreError>;
    /// Deliveries of a case in order.
    fn deliveries_of(&self, case: CaseId) -> Result<Vec<Delivery>, StoreError>;
    /// Stores where a delivery stands after a try; a receipt also sets the case's platform number.
    fn set_delivery(&self, id: DeliveryId, state: &DeliveryState, at: WallTime) -> Result<(), StoreError>;
    /// Makes a dead (or pending) delivery due at once.
    fn replay_delivery(&self, id: DeliveryId, at: WallTime, actor: &str) -> Result<(), StoreError>;

    /// The pause of the platform, while it takes nothing from us.
    fn platform_pause(&self) -> Result<Option<PlatformPause>, StoreError>;
    /// Notes that the platform takes nothing from us, or (`None`) takes messages again. The begin and the end of a
    /// pause are audited and told; a further probe changes the row alone.
    fn set_platform_pause(&self, pause: Option<&PlatformPause>, at: WallTime) -> Result<(), StoreError>;

    // --- audit and feed ---
    /// Appends to the audit log.
    fn audit(
        &self,
        at: WallTime,
        actor: &str,
        action: &str,
        subject: &str,
        detail: &serde_json::Value,
    ) -> Result<(), StoreError>;
    /// The audit log of a subject (or all), oldest first, after `seq`.
    fn audit_rows(&self, subject: Option<&str>, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError>;
    /// Changes after `seq`, oldest first.
    fn feed(&self, after: i64, limit: u32) -> Result<Vec<FeedRow>, StoreError>;
    /// Position of the latest change.
    fn feed_head(&self) -> Result<i64, StoreError>;
}

/// Rows that are read at once where all of them are walked over.
const ROWS_AT_ONCE: u32 = 500;

/// Every bundle in the order in which they were recorded, read piece by piece: a million of them fit no memory.
pub fn evidence_rows(store: &dyn Store) -> impl Iterator<Item = Result<EvidenceRow, StoreError>> + '_ {
    let (mut after, mut ended) = (None, false);
    let pieces = std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let rows = store.evidence_after(after, ROWS_AT_ONCE);
        after = rows.as_ref().ok().and_then(|rows| rows.last()).map(|row| row.id);
        ended = rows.as_ref().map_or(true, |rows| rows.len() < ROWS_AT_ONCE as usize);
        Some(rows)
    });
    pieces.flat_map(|rows| match rows {
        Ok(rows) => rows.into_iter().map(Ok).collect::<Vec<_>>(),
        Err(error) => vec![Err(error)],
    })
}

/// The id of the bundle of `kind` that a look made for an incident.
pub fn evidence_id(incident: IncidentId, kind: EvidenceKind, made_at: WallTime) -> EvidenceId {
    let kind = serde_json::to_string(&kind).expect("a plain enum always serialises");
    EvidenceId::derived(&[b"evidence", incident.as_bytes(), kind.as_bytes(), &made_at.millis().to_be_bytes()])
}
