//! Incidents: the deduplicated fact at a place, and how it changes.

use serde::{Deserialize, Serialize};

use super::{
    BBox, IncidentId, MatterKey, PlaceId, ReadText, ReferenceSpace, Review, Score, ViewId, WallTime, Weights, ZoneId,
};

/// Why an incident is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseCause {
    /// The spot was seen clean long enough.
    Cleared,
    /// The zone that forbade it is gone or changed.
    RuleChanged,
}

/// Whether the thing is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "presence")]
pub enum Presence {
    /// It is there.
    Open {
        /// Since when (the opening, or the latest reopening).
        since: WallTime,
    },
    /// It is gone.
    Closed {
        /// When that was found.
        at: WallTime,
        /// Why.
        cause: CloseCause,
    },
}

/// The deduplicated fact at a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Identity: derived from the place.
    pub id: IncidentId,
    /// The place.
    pub place: PlaceId,
    /// The view.
    pub view: ViewId,
    /// The matter; a reviewer may change it.
    pub matter: MatterKey,
    /// Where, on the reference picture.
    pub bbox: BBox<ReferenceSpace>,
    /// Best score so far.
    pub score: Score,
    /// The zone and its version that forbade it when it opened.
    pub zone: (ZoneId, u32),
    /// First sighting of the first stay.
    pub first_seen: WallTime,
    /// Latest sighting.
    pub last_seen: WallTime,
    /// When it was first opened.
    pub opened_at: WallTime,
    /// Whether it is still there.
    pub presence: Presence,
    /// What reviewers said.
    pub review: Review,
    /// 反复: how often it came back after it was cleared.
    pub recurrences: u32,
    /// What was read on it when it opened; `None` from a model that does not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<ReadText>,
    /// The weights that took part when it opened; `None` where that was before they were noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<Box<Weights>>,
}

impl Incident {
    /// The incident of a place.
    pub fn id_of(place: PlaceId) -> IncidentId {
        IncidentId::derived(&[b"incident", place.as_bytes()])
    }
}

/// What a look changed about an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum IncidentChange {
    /// It persisted for the matter's dwell where and when that is forbidden.
    Opened {
        /// As it stands now.
        incident: Incident,
    },
    /// It is still there.
    Extended {
        /// Which.
        incident: IncidentId,
        /// Latest sighting.
        last_seen: WallTime,
        /// Best score so far.
        score: Score,
    },
    /// It is gone.
    Closed {
        /// Which.
        incident: IncidentId,
        /// When that was found.
        at: WallTime,
        /// Why.
        cause: CloseCause,
    },
    /// 反复: it came back within the matter's window.
    Reopened {
        /// Which.
        incident: IncidentId,
        /// Since when it is back.
        since: WallTime,
        /// When that was certain.
        at: WallTime,
    },
}

impl IncidentChange {
    /// Which incident changed.
    pub fn incident(&self) -> IncidentId {
        match self {
            Self::Opened { incident } => incident.id,
            Self::Extended { incident, .. } | Self::Closed { incident, .. } | Self::Reopened { incident, .. } => {
                *incident
            }
        }
    }
}
