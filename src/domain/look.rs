//! Looks: visits to a view, the frames they take, and whether the view stood as its reference shows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CaseId, Explanation, Homography, LookId, MatterKey, Picture, Pts, StreamId, ViewId, WallSource, WallTime};

/// Why a view is visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Purpose {
    /// 轮巡: the regular visit.
    Patrol,
    /// 核查: the visit after the platform reported a case as handled.
    Recheck {
        /// The case to check.
        case: CaseId,
    },
    /// How the view stands now, out of turn, for an operator.
    Snapshot,
    /// A new reference picture, out of turn.
    Reference,
    /// A watch without an end, for matters that pass by.
    Continuous,
}

/// Which frames are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mode")]
pub enum DecodeMode {
    /// Key frames only: everything else is dropped before the decoder.
    KeyFrames,
    /// About so many frames a second (whole groups of pictures are decoded, then thinned).
    Rate {
        /// Frames a second, above 0.
        fps: f32,
    },
    /// Every frame.
    All,
}

/// One visit to one view. Carries all that a worker needs, so any node may take it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Identity: derived from the view, the purpose and the due time.
    pub id: LookId,
    /// The stream to open.
    pub stream: StreamId,
    /// The view to judge.
    pub view: ViewId,
    /// Why.
    pub purpose: Purpose,
    /// When it should have begun.
    pub due: WallTime,
    /// Which frames are decoded.
    pub decode: DecodeMode,
    /// How many frames are judged; a continuous look has no count.
    pub frames_max: Option<u32>,
    /// How long it may take, opening the stream included.
    pub time_max: Duration,
    /// What is looked for.
    pub matters: Vec<MatterKey>,
}

impl Look {
    /// The id of the look at `view` for `purpose` that is due at `due`.
    pub fn id_of(view: ViewId, purpose: &Purpose, due: WallTime) -> LookId {
        let kind: &[u8] = match purpose {
            Purpose::Patrol => b"patrol",
            Purpose::Recheck { .. } => b"recheck",
            Purpose::Snapshot => b"snapshot",
            Purpose::Reference => b"reference",
            Purpose::Continuous => b"continuous",
        };
        LookId::derived(&[b"look", view.as_bytes(), kind, &due.millis().to_be_bytes()])
    }
}

/// Facts about one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameMeta {
    /// The stream that it came from.
    pub stream: StreamId,
    /// Counts the connections of the stream since the process started.
    pub session: u64,
    /// Media time in the session.
    pub pts: Pts,
    /// When the camera saw it, as well as we know.
    pub wall: WallTime,
    /// How we know `wall`.
    pub wall_source: WallSource,
    /// When it reached us.
    pub arrived: WallTime,
    /// The camera's clock minus ours in milliseconds, where sender reports tell.
    pub skew_ms: Option<i64>,
    /// Whether it can be decoded alone.
    pub key: bool,
}

impl FrameMeta {
    /// The moment that dwell and hours are counted by: our own clock, because a camera's may jump; a
    /// recording's own time, because it has no other.
    pub fn judged_at(&self) -> WallTime {
        match self.wall_source {
            WallSource::Recording => self.wall,
            WallSource::SenderReport | WallSource::Arrival => self.arrived,
        }
    }
}

/// A decoded frame.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Facts.
    pub meta: FrameMeta,
    /// Pixels.
    pub picture: Picture,
}

/// How the view stands against its reference picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ViewState {
    /// As the reference shows it; small shakes are corrected by the homography.
    Same,
    /// The camera was turned or moved.
    Moved,
    /// Too dark to judge.
    Dark,
    /// Out of focus, fogged or smeared.
    Blurred,
    /// Something covers the lens.
    Covered,
    /// The same picture again and again while time runs.
    Frozen,
    /// No frame came.
    Lost,
    /// No reference picture yet.
    Unreferenced,
}

impl ViewState {
    /// Whether zone rules may be judged.
    pub fn judges(self) -> bool {
        self == Self::Same
    }
}

/// The outcome of comparing a frame with the reference picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ViewMatch {
    /// The decision.
    pub state: ViewState,
    /// Frame fractions to reference fractions; the identity unless `state` is `Same` or `Moved`.
    pub homography: Homography,
    /// Correlation with the reference, 0..=1; 0 where it was not computed.
    pub likeness: f32,
}

/// What one finished look was: kept for coverage and lateness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookReport {
    /// The look.
    pub id: LookId,
    /// The view.
    pub view: ViewId,
    /// Why.
    pub purpose: Purpose,
    /// When it should have begun.
    pub due: WallTime,
    /// When it began.
    pub started: WallTime,
    /// When it ended.
    pub ended: WallTime,
    /// Frames judged.
    pub frames: u32,
    /// How the view stood.
    pub state: ViewState,
    /// In words, when the view was not the same.
    pub reason: Option<Explanation>,
    /// The camera's clock minus ours in milliseconds.
    pub skew_ms: Option<i64>,
}
