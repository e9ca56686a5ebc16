//! What statistics need of an incident: a handful of values, borrowed while rows stream by.

use super::{RejectReason, ViewId, WallTime};

/// What a reviewer made of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is a violation.
    Confirmed,
    /// It is none.
    Rejected(RejectReason),
    /// It is one that is known already.
    Duplicate,
}

/// One incident as statistics count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentFacts<'a> {
    /// When it was found.
    pub opened_at: WallTime,
    /// The view that found it; it may have been removed since.
    pub view: ViewId,
    /// Key of its matter.
    pub matter: &'a str,
    /// Name of its area.
    pub area: Option<&'a str>,
    /// What a reviewer made of it and when; `None` while it waits.
    pub decided: Option<(Decision, WallTime)>,
    /// How often it came back.
    pub recurrences: u32,
    /// By when its case should be handled; `None` without a case, without a limit, and where the platform sent it back.
    pub limit_due_at: Option<WallTime>,
    /// When the platform said that it was handled.
    pub handled_at: Option<WallTime>,
}
