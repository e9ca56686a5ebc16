//! What the desks of operators, supervisors and the platform's people ask of the store, beside [`super::Store`].

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{IncidentFilter, Page, Rows, StoreError};
use crate::domain::{
    Callback, Case, CaseId, Credential, Incident, IncidentFacts, IncidentId, LookId, MatterKey, Observed, Stage,
    Stream, View, ViewId, WallTime,
};

/// A stream as a sheet names it: new, or as it should stand from now on.
#[derive(Clone, Debug)]
pub struct StreamEntry {
    /// The stream.
    pub stream: Stream,
    /// Its credential; `None` leaves it as it is.
    pub credential: Option<Credential>,
    /// Its view, where that is new or changes.
    pub view: Option<View>,
}

/// A span of time: from its first moment up to, and without, its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan {
    /// The first moment.
    pub from: WallTime,
    /// The first moment after.
    pub until: WallTime,
}

/// What an export tells of a case beside its incident.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseFacts {
    /// Identity.
    pub id: CaseId,
    /// Where it stands.
    pub stage: Stage,
    /// The platform's own number.
    pub platform_number: Option<String>,
    /// By when it should be handled.
    pub limit_due_at: Option<WallTime>,
    /// When the platform said that it was handled.
    pub handled_at: Option<WallTime>,
}

/// Views that were counted, at one moment or at many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoverageCount {
    /// Those that something is looked for on.
    pub views: u64,
    /// Of them those that stood covered.
    pub covered: u64,
}

/// How the conversation with the platform stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlatformCounts {
    /// Messages that the platform does not have yet.
    pub pending: u64,
    /// Messages that were given up.
    pub dead: u64,
    /// Messages that it took since a moment.
    pub delivered_since: u64,
    /// When it took the latest.
    pub last_delivered_at: Option<WallTime>,
    /// When it told us something latest.
    pub last_callback_at: Option<WallTime>,
    /// How often it told us something.
    pub callbacks: u64,
}

/// A case that stands elsewhere at the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageDiffers {
    /// Ours.
    pub case: CaseId,
    /// Where it stands here.
    pub ours: Stage,
    /// Where it stands there, in the platform's word.
    pub theirs: String,
}

/// A case of ours that the platform does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingThere {
    /// Ours.
    pub case: CaseId,
    /// Name of its matter.
    pub matter_name: String,
    /// When it was opened.
    pub opened_at: WallTime,
}

/// What a comparison with the platform found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differences {
    /// Ours that it does not hold, those left out whose report is still on its way.
    pub missing_there: Vec<MissingThere>,
    /// Theirs that we never had, as the platform calls them.
    pub unknown_here: Vec<String>,
    /// Those that stand elsewhere.
    pub stage_differs: Vec<StageDiffers>,
}

impl Differences {
    /// Whether both sides hold the same.
    pub fn is_none(&self) -> bool {
        self.missing_there.is_empty() && self.unknown_here.is_empty() && self.stage_differs.is_empty()
    }
}

/// 对账: the cases of one day, ours against the platform's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// The day, in the city's civil time.
    pub day: NaiveDate,
    /// When they were compared.
    pub ran_at: WallTime,
    /// Why they could not be; `None` when they were.
    pub error: Option<String>,
    /// Cases of ours.
    pub ours: u64,
    /// Of them those whose report is still on its way.
    pub on_the_way: u64,
    /// Cases of theirs; `None` where it did not answer.
    pub theirs: Option<u64>,
    /// Where the two sides differ.
    pub differences: Differences,
}

/// The second half of the seam. Every method is one transaction.
pub trait OfficeStore {
    /// Adds and changes many streams with their views, all or none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where a code is taken.
    fn import_streams(&self, entries: &[StreamEntry], at: WallTime, actor: &str) -> Result<(), StoreError>;
    /// What the latest looks of a view saw that could be judged, newest first; at most 200 are kept.
    fn observed(&self, view: ViewId, limit: u32) -> Result<Vec<(LookId, Observed)>, StoreError>;
    /// Hands every incident that was found in the span to `each`, oldest first.
    fn incident_facts(
        &self,
        span: TimeSpan,
        matter: Option<&MatterKey>,
        each: &mut dyn FnMut(&IncidentFacts<'_>),
    ) -> Result<(), StoreError>;
    /// How many incidents were found in the span.
    fn incidents_counted(&self, span: TimeSpan, filter: &IncidentFilter) -> Result<u64, StoreError>;
    /// Incidents that were found in the span, newest first, with their cases: at most `limit`, those after that one.
    fn incidents_found(
        &self,
        span: TimeSpan,
        filter: &IncidentFilter,
        after: Option<(WallTime, IncidentId)>,
        limit: u32,
    ) -> Result<Vec<(Incident, Option<CaseFacts>)>, StoreError>;
    /// Adds how views stood at a moment to what is known of that day, in the city's civil time.
    fn add_coverage(&self, day: NaiveDate, count: CoverageCount) -> Result<(), StoreError>;
    /// All that was counted from that day on, up to and without the other.
    fn coverage_counted(&self, from: NaiveDate, until: NaiveDate) -> Result<CoverageCount, StoreError>;
    /// Cases that were opened in the span, oldest first, and whether the report of each is still on its way.
    fn cases_opened(&self, span: TimeSpan) -> Result<Vec<(Case, bool)>, StoreError>;
    /// What the platform said about a case, in the order in which it was heard, with when that was.
    fn callbacks_of(&self, case: CaseId) -> Result<Vec<(Callback, WallTime)>, StoreError>;
    /// How the conversation with the platform stands; messages it took are counted from `since` on.
    fn platform_counts(&self, since: WallTime) -> Result<PlatformCounts, StoreError>;
    /// Keeps a comparison; a later one of the same day replaces it.
    fn put_reconciliation(&self, reconciliation: &Reconciliation, actor: &str) -> Result<(), StoreError>;
    /// The comparison of a day.
    fn reconciliation(&self, day: NaiveDate) -> Result<Option<Reconciliation>, StoreError>;
    /// Comparisons, the latest day first.
    fn reconciliations(&self, page: &Page) -> Result<Rows<Reconciliation>, StoreError>;
}
