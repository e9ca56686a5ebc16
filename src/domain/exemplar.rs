//! Exemplars: how a thing looked about which a person said yes or no. Look-alikes are raised or suppressed by them, in a
//! view, a zone or the city, until they expire or are undone. An exemplar decides about no incident that exists.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Appearance, BBox, ExemplarId, IncidentId, MatterKey, ReferenceSpace, RejectReason, Verdict, ViewId, WallTime,
    ZoneId,
};

/// What an exemplar does to its look-alikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// They are surer to be reported.
    Raise,
    /// They are not reported.
    Suppress,
}

/// Where an exemplar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "scope")]
pub enum Scope {
    /// In one view.
    View {
        /// Which.
        view: ViewId,
    },
    /// In one zone.
    Zone {
        /// Which.
        zone: ZoneId,
    },
    /// Everywhere.
    City,
}

impl Scope {
    /// Whether a place of that view and zone lies in it.
    pub fn holds(&self, at_view: ViewId, at_zone: ZoneId) -> bool {
        match self {
            Self::View { view } => *view == at_view,
            Self::Zone { zone } => *zone == at_zone,
            Self::City => true,
        }
    }
}

/// A scope without what it is of, as people choose one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    /// The view that it was seen in.
    View,
    /// The zone that it was seen in.
    Zone,
    /// Everywhere.
    City,
}

impl From<Scope> for ScopeKind {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::View { .. } => Self::View,
            Scope::Zone { .. } => Self::Zone,
            Scope::City => Self::City,
        }
    }
}

/// A box that a person drew on a view's reference picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Where on the picture.
    pub bbox: BBox<ReferenceSpace>,
    /// Version of the picture.
    pub version: u32,
    /// File of the picture below the data folder.
    pub file: String,
}

/// What an exemplar comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A verdict about this incident.
    Verdict(IncidentId),
    /// A box that was drawn by hand.
    Mark(Mark),
}

/// How a thing looked, and what a person said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// Identity: derived from what it comes from.
    pub id: ExemplarId,
    /// The matter that it is about.
    pub matter: MatterKey,
    /// What it does.
    pub polarity: Polarity,
    /// Where it counts.
    pub scope: Scope,
    /// The view that it was seen in, whatever its scope.
    pub view: ViewId,
    /// The zone that it was seen in.
    pub zone: ZoneId,
    /// Where it lay on the view's reference picture.
    pub bbox: BBox<ReferenceSpace>,
    /// How it looked to the verifier.
    pub look: Appearance,
    /// SHA-256 of the verifier's weights: appearances of other weights cannot be compared.
    pub weights: String,
    /// What it comes from.
    pub origin: Origin,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: WallTime,
    /// Counts until then.
    pub expires: WallTime,
    /// Taken back by whom and when.
    pub undone: Option<(String, WallTime)>,
}

/// Exemplars of one view at most; the oldest make room.
pub const EXEMPLARS_A_VIEW: u32 = 400;
/// From this overlap on two boxes of a view lie at the same spot. A detector's boxes of one thing differ, and the thing comes back a
/// little aside.
const HERE_IOU_MIN: f32 = 0.1;
/// Exemplars count for half a year: seasons change how a street looks.
pub const EXEMPLAR_KEPT: Duration = Duration::from_secs(180 * 86_400);

impl Exemplar {
    /// The one that a verdict makes: each incident has at most one.
    pub fn of_verdict(incident: IncidentId) -> ExemplarId {
        ExemplarId::derived(&[b"exemplar of a verdict", incident.as_bytes()])
    }

    /// The one that a box makes: the same box on the same picture says one thing of a matter, the latest.
    pub fn of_mark(view: ViewId, matter: &MatterKey, mark: &Mark) -> ExemplarId {
        let sides: Vec<u8> = mark.bbox.to_array().iter().flat_map(|side| side.to_le_bytes()).collect();
        let version = mark.version.to_le_bytes();
        ExemplarId::derived(&[
            b"exemplar of a mark",
            view.as_bytes(),
            matter.as_str().as_bytes(),
            version.as_slice(),
            sides.as_slice(),
        ])
    }

    /// The incident whose verdict made it, where one did.
    pub fn incident(&self) -> Option<IncidentId> {
        match self.origin {
            Origin::Verdict(incident) => Some(incident),
            Origin::Mark(_) => None,
        }
    }

    /// A scope of this kind around what it was seen in.
    pub fn scoped(&self, kind: ScopeKind) -> Scope {
        match kind {
            ScopeKind::View => Scope::View { view: self.view },
            ScopeKind::Zone => Scope::Zone { zone: self.zone },
            ScopeKind::City => Scope::City,
        }
    }

    /// Whether a box of that view lies where its thing lay.
    pub fn is_here(&self, view: ViewId, bbox: &BBox<ReferenceSpace>) -> bool {
        self.view == view && self.bbox.iou(bbox) >= HERE_IOU_MIN
    }

    /// Whether it counts at `now`.
    pub fn counts(&self, now: WallTime) -> bool {
        self.undone.is_none() && now < self.expires
    }
}

impl Polarity {
    /// What a verdict teaches about how a thing looks. Most reasons for a rejection are about time, place or law: the
    /// thing was what it seemed, so nothing is learnt from them.
    pub fn taught_by(verdict: &Verdict) -> Option<Self> {
        match verdict {
            Verdict::Confirmed => Some(Self::Raise),
            Verdict::Rejected { reason: RejectReason::WrongObject } => Some(Self::Suppress),
            Verdict::Rejected {
                reason:
                    RejectReason::Lawful
                    | RejectReason::Passing
                    | RejectReason::WrongZone
                    | RejectReason::Unclear
                    | RejectReason::Other,
            }
            | Verdict::Duplicate { .. }
            | Verdict::Reclassified { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_looks_teaches() {
        let rejected = |reason| Polarity::taught_by(&Verdict::Rejected { reason });
        assert_eq!(rejected(RejectReason::WrongObject), Some(Polarity::Suppress));
        assert_eq!((rejected(RejectReason::Lawful), rejected(RejectReason::Passing)), (None, None));
        assert_eq!(Polarity::taught_by(&Verdict::Confirmed), Some(Polarity::Raise));
        let of = IncidentId::derived(&[b"other"]);
        assert_eq!(Polarity::taught_by(&Verdict::Duplicate { of }), None);
    }

    #[test]
    fn the_same_box_on_the_same_picture_is_one_exemplar() {
        let view = ViewId::derived(&[b"v"]);
        let (garbage, stall) = ("exposed_garbage".parse().unwrap(), "stall".parse().unwrap());
        let mark = Mark { bbox: BBox::new(0.1, 0.2, 0.3, 0.4), version: 2, file: "references/v/2.jpg".into() };
        let id = Exemplar::of_mark(view, &garbage, &mark);
        assert_eq!(id, Exemplar::of_mark(view, &garbage, &mark.clone()));
        let moved = Mark { bbox: BBox::new(0.1, 0.2, 0.3, 0.41), ..mark.clone() };
        let newer = Mark { version: 3, ..mark.clone() };
        let others = [
            Exemplar::of_mark(view, &stall, &mark),
            Exemplar::of_mark(view, &garbage, &moved),
            Exemplar::of_mark(view, &garbage, &newer),
            Exemplar::of_mark(ViewId::derived(&[b"w"]), &garbage, &mark),
        ];
        assert!(!others.contains(&id));
    }

    #[test]
    fn a_scope_holds_its_own() {
        let (view, zone) = (ViewId::derived(&[b"v"]), ZoneId::derived(&[b"z"]));
        let (other_view, other_zone) = (ViewId::derived(&[b"w"]), ZoneId::derived(&[b"y"]));
        assert!(Scope::View { view }.holds(view, other_zone) && !Scope::View { view }.holds(other_view, zone));
        assert!(Scope::Zone { zone }.holds(other_view, zone) && !Scope::Zone { zone }.holds(view, other_zone));
        assert!(Scope::City.holds(other_view, other_zone));
    }
}
