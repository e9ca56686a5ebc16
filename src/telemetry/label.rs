//! The words by which metrics, logs and the API call things. A fixed set each: labels of metrics must not grow.

use super::{Change, Direction, Outcome, PacketFate, SkipReason};
use crate::domain::{HardLimit, Purpose, Stage, Verdict, ViewState};

/// The word for a view's state in metrics, logs and the API.
pub fn state_label(state: ViewState) -> &'static str {
    match state {
        ViewState::Same => "same",
        ViewState::Moved => "moved",
        ViewState::Dark => "dark",
        ViewState::Blurred => "blurred",
        ViewState::Covered => "covered",
        ViewState::Frozen => "frozen",
        ViewState::Lost => "lost",
        ViewState::Unreferenced => "unreferenced",
    }
}

pub(super) fn limit_label(limit: HardLimit) -> &'static str {
    match limit {
        HardLimit::ContinuousMax => "continuous_max",
        HardLimit::OpenSessionsMax => "open_sessions_max",
    }
}

pub(super) fn purpose_label(purpose: &Purpose) -> &'static str {
    match purpose {
        Purpose::Patrol => "patrol",
        Purpose::Recheck { .. } => "recheck",
        Purpose::Snapshot => "snapshot",
        Purpose::Reference => "reference",
        Purpose::Continuous => "continuous",
    }
}

pub(super) fn skip_label(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Overload => "overload",
        SkipReason::Superseded => "superseded",
        SkipReason::BackOff => "back_off",
        SkipReason::Unregistered => "unregistered",
        SkipReason::Stopping => "stopping",
    }
}

pub(super) fn fate_label(fate: PacketFate) -> &'static str {
    match fate {
        PacketFate::Decoded => "decoded",
        PacketFate::Skipped => "skipped",
        PacketFate::Evicted => "evicted",
        PacketFate::Damaged => "damaged",
    }
}

pub(super) fn change_label(change: Change) -> &'static str {
    match change {
        Change::Opened => "opened",
        Change::Extended => "extended",
        Change::Closed => "closed",
        Change::Reopened => "reopened",
    }
}

pub(super) fn direction_label(direction: Direction) -> &'static str {
    match direction {
        Direction::Expired => "expired",
        Direction::Orphan => "orphan",
    }
}

pub(super) fn verdict_label(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Confirmed => "confirmed",
        Verdict::Rejected { .. } => "rejected",
        Verdict::Duplicate { .. } => "duplicate",
        Verdict::Reclassified { .. } => "reclassified",
    }
}

pub(super) fn stage_label(stage: Stage) -> &'static str {
    match stage {
        Stage::Filed => "filed",
        Stage::Accepted => "accepted",
        Stage::Dispatched => "dispatched",
        Stage::Handled => "handled",
        Stage::Closed => "closed",
        Stage::Rejected => "rejected",
        Stage::Cancelled => "cancelled",
    }
}

pub(super) fn outcome_label(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "delivered",
        Outcome::Repeated => "repeated",
        Outcome::Later => "later",
        Outcome::Dead => "dead",
        Outcome::Withdrawn => "withdrawn",
    }
}
