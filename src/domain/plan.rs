//! How the patrol's plan stands: what is late, what was left out and by which rule, and what a hard limit refuses.

use serde::{Deserialize, Serialize};

use super::{MatterKey, ViewId, WallTime};

/// The plan as the running patrol last wrote it down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanStatus {
    /// When.
    pub at: WallTime,
    /// Views that are looked at.
    pub views: usize,
    /// Looks that are due and have not begun.
    pub waiting: usize,
    /// How late the most late of them is, in milliseconds.
    pub late_max_ms: u64,
    /// The view that it is for.
    pub late_view: Option<ViewId>,
    /// How far the revisit targets of patrol looks are stretched, 1 when not at all.
    pub stretch: f64,
    /// Whether continuous looks are held to key frames.
    pub thinned: bool,
    /// Visits left out since the start because the next one was due already.
    pub skipped: u64,
    /// Continuous looks under way.
    pub watched: usize,
    /// Views for which a hard limit leaves no room.
    pub refused: Vec<Refused>,
    /// Matters that cannot be judged here, on whatever view.
    #[serde(default)]
    pub unable: Vec<Unable>,
}

/// A matter that cannot be judged here: a model of it, or what its model needs, is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unable {
    /// Which.
    pub matter: MatterKey,
    /// Why, in words.
    pub why: String,
}

/// A view for which a hard limit leaves no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The view.
    pub view: ViewId,
    /// Which limit.
    pub limit: HardLimit,
    /// Where it stands.
    pub max: usize,
}

/// A hard limit of the patrol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HardLimit {
    /// Continuous looks under way at once.
    ContinuousMax,
    /// Streams open at once.
    OpenSessionsMax,
}

/// The rule by which the plan gives way now. Each comes only after the one before it has done all it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Everything is looked at as often as it asks for.
    Full,
    /// Patrol looks wait, and their revisit targets stretch.
    Stretched,
    /// Besides, continuous looks are held to key frames.
    Thinned,
}

impl PlanStatus {
    /// The rule by which the plan gives way.
    pub fn policy(&self) -> Policy {
        match () {
            () if self.thinned => Policy::Thinned,
            // One late look moves the stretch by 2 %, and so does the next one back.
            () if self.stretch > 1.05 => Policy::Stretched,
            () => Policy::Full,
        }
    }
}
