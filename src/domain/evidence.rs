//! Evidence: the files that prove an incident, and the manifest that binds them.

use serde::{Deserialize, Serialize};

use super::{
    BBox, EvidenceId, FrameSpace, IncidentId, Location, MatterKey, ModelRef, Polygon, Pts, Score, WallSource, WallTime,
    ZoneId,
};

/// Why a bundle was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// The incident opened.
    Opening,
    /// The incident reopened.
    Reopening,
    /// The spot was found clear.
    Clearing,
    /// 核查: the look after the platform reported the case as handled.
    Recheck,
}

/// What a file in a bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// A frame as decoded, JPEG: the first of the stay.
    First,
    /// The frame nearest to the middle of the stay.
    Middle,
    /// The latest frame.
    Latest,
    /// A frame with the box and the zone drawn on it.
    Annotated,
    /// A frame with heads and plates made unreadable and the box drawn: the only picture that is sent to the platform.
    Masked,
    /// The same with nothing drawn on it: what reviewers see, whose screen draws the box.
    MaskedPlain,
    /// A clip of the camera's own packets, not re-encoded.
    Clip,
}

impl FileRole {
    /// Whether heads and plates are unreadable in it, so that it may be shown to whoever may see the incident.
    pub fn is_masked(self) -> bool {
        match self {
            Self::Masked | Self::MaskedPlain => true,
            Self::First | Self::Middle | Self::Latest | Self::Annotated | Self::Clip => false,
        }
    }
}

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceFile {
    /// Name in the bundle's folder, without any folder.
    pub name: String,
    /// What it is.
    pub role: FileRole,
    /// Lower-case hexadecimal SHA-256.
    pub sha256: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// When the camera saw the frame.
    pub wall: Option<WallTime>,
    /// How that is known.
    pub wall_source: Option<WallSource>,
    /// When it reached us.
    pub arrived: Option<WallTime>,
    /// The camera's clock minus ours in milliseconds.
    pub skew_ms: Option<i64>,
    /// Media time in the session.
    pub pts: Option<Pts>,
    /// Where the thing is in the frame, in pixels.
    pub bbox: Option<BBox<FrameSpace>>,
}

/// The rule that an incident broke, as it stood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRef {
    /// The matter.
    pub matter: MatterKey,
    /// SHA-256 of the matter's pipeline file: thresholds, dwell, tests.
    pub pipeline_sha256: String,
    /// Least score of the anchor.
    pub score_min: Score,
    /// Dwell in seconds.
    pub dwell_s: u64,
    /// The zone.
    pub zone: ZoneId,
    /// The zone's version.
    pub zone_version: u32,
    /// The zone's outline, when it was known.
    pub zone_polygon: Option<Polygon>,
}

/// `manifest.json` of a bundle. Its own SHA-256 is what the next manifest names as `previous`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this layout, 1.
    pub format: u32,
    /// Identity.
    pub evidence: EvidenceId,
    /// The incident.
    pub incident: IncidentId,
    /// Why it was made.
    pub kind: EvidenceKind,
    /// When it was made.
    pub made_at: WallTime,
    /// The camera's code.
    pub stream_code: String,
    /// Where it looks.
    pub location: Option<Location>,
    /// Name of the view.
    pub view_name: String,
    /// The weights that judged.
    pub model: ModelRef,
    /// The weights that looked again at a crop, where a second model did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<ModelRef>,
    /// The weights that compared the view with its reference picture: the model of the patches, and the head where one did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compared: Vec<ModelRef>,
    /// What was read on the thing, telephone numbers and plates masked: a manifest is shown to whoever may see the masked pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// The rule.
    pub rule: RuleRef,
    /// The files.
    pub files: Vec<EvidenceFile>,
    /// SHA-256 of the manifest recorded before this one; `None` for the first of a data folder.
    pub previous: Option<String>,
}

/// What the store keeps of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// Identity.
    pub id: EvidenceId,
    /// The incident.
    pub incident: IncidentId,
    /// Why it was made.
    pub kind: EvidenceKind,
    /// When it was made.
    pub made_at: WallTime,
    /// Folder below the evidence folder.
    pub folder: String,
    /// SHA-256 of `manifest.json`.
    pub manifest_sha256: String,
    /// SHA-256 of the manifest recorded before.
    pub previous: Option<String>,
    /// Kept whatever the retention says.
    pub legal_hold: bool,
    /// When retention removed its files; the row stays.
    pub purged_at: Option<WallTime>,
}
