//! The part of the seam that the reviewers' desk needs: the queue, undoing, locks, second reviews.

use std::collections::BTreeSet;

use crate::domain::{
    AccountId, Appearance, Areas, Delivery, Incident, IncidentId, IncidentLock, Level, MatterKey, SecondReview,
    Undoable, ViewId, WallTime,
};

use super::{Page, StoreError};

/// Which waiting incidents to list.
#[derive(Clone, Debug, Default)]
pub struct QueueFilter {
    /// Only of this matter.
    pub matter: Option<MatterKey>,
    /// Only of this view.
    pub view: Option<ViewId>,
    /// Only of these areas.
    pub areas: Areas,
    /// Levels of matters; one that is not named is [`Level::NORMAL`].
    pub levels: Vec<(MatterKey, Level)>,
}

/// A page of the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// The most urgent first: by the minute in which they opened, then level, then score, both falling.
    pub rows: Vec<Incident>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
    /// How many wait under the same filter.
    pub waiting: u64,
}

/// Who asks for the next incident, and which it shall not be.
#[derive(Clone, Debug)]
pub struct HandOut {
    /// Which incidents count.
    pub filter: QueueFilter,
    /// Behind this one in the order of the queue, and from its front where none is left there.
    pub after: Option<IncidentId>,
    /// None of these.
    pub but: BTreeSet<IncidentId>,
    /// Whose lock it gets.
    pub holder: AccountId,
    /// How people call them.
    pub name: String,
    /// When the lock ends by itself.
    pub until: WallTime,
}

/// What was handed out.
#[derive(Clone, Debug, PartialEq)]
pub struct HandedOut {
    /// The incident, locked now; `None` where none is left.
    pub incident: Option<Incident>,
    /// How many wait under the same filter.
    pub waiting: u64,
    /// How many of them colleagues have open.
    pub held: u64,
}

/// A decided incident from which a second review may be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Which.
    pub incident: IncidentId,
    /// Who decided.
    pub by: String,
}

/// What the reviewers' desk asks of the store. Every method is one transaction.
pub trait ReviewStore: Send + Sync {
    /// Incidents that wait for a reviewer, the most urgent first.
    fn queue(&self, filter: &QueueFilter, page: &Page) -> Result<Queue, StoreError>;
    /// The most urgent incidents that wait, with how each looked latest; those whose place is forgotten are left out.
    fn waiting_looks(&self, filter: &QueueFilter, limit: u32) -> Result<Vec<(Incident, Appearance)>, StoreError>;

    /// The verdict about an incident that may be undone at `now`, if there is one.
    fn undoable(&self, incident: IncidentId, now: WallTime) -> Result<Option<Undoable>, StoreError>;
    /// Takes the latest verdict back: its case and deliveries go, the incident waits again, audit and feed tell of it.
    fn undo(&self, incident: IncidentId, reviewer: &str, at: WallTime) -> Result<Incident, StoreError>;
    /// Asked before a message leaves the house: `true` when it may leave, and from then on its case stays; `false`
    /// when it was taken back or is not pending any more.
    fn begin_delivery(&self, delivery: &Delivery, at: WallTime) -> Result<bool, StoreError>;

    /// Picks the next incident that nobody else has open and locks it: of many who ask at once each gets another one.
    fn hand_out(&self, wish: &HandOut, now: WallTime) -> Result<HandedOut, StoreError>;
    /// Takes or renews a lock; it ends at its `until`. Refused while somebody else has it at `now`.
    fn lock(&self, lock: &IncidentLock, now: WallTime) -> Result<(), StoreError>;
    /// Gives a lock back; nothing where somebody else has it or nobody.
    fn unlock(&self, lock: &IncidentLock, now: WallTime) -> Result<(), StoreError>;
    /// All locks that hold at `now`: at most one a reviewer's open screen.
    fn locks(&self, now: WallTime) -> Result<Vec<IncidentLock>, StoreError>;
    /// The lock on one incident that holds at `now`.
    fn lock_on(&self, incident: IncidentId, now: WallTime) -> Result<Option<IncidentLock>, StoreError>;

    /// Confirmed and rejected incidents of those areas that nobody judged twice and `but` did not decide, the latest
    /// verdict not after `before` first.
    fn judged(&self, areas: &Areas, but: &str, before: WallTime, limit: u32) -> Result<Vec<Judged>, StoreError>;
    /// Records a second review. Refused where there is one already, or its reviewer decided the incident.
    fn put_second_review(&self, review: &SecondReview) -> Result<(), StoreError>;
    /// Second reviews of a time about incidents of those areas, newest first, at most `limit`.
    fn second_reviews(
        &self,
        areas: &Areas,
        from: WallTime,
        until: WallTime,
        limit: u32,
    ) -> Result<Vec<SecondReview>, StoreError>;
}
