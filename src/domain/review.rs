//! Verdicts of reviewers. Only a confirmation opens a case: [`Confirmation`] has no other source.

use serde::{Deserialize, Serialize};

use super::{AccountId, Incident, IncidentId, MatterKey, WallTime};

/// Why a reviewer rejected an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// 识别错误: the model took something else for it.
    WrongObject,
    /// 合法: permitted, licensed or inside lawful hours.
    Lawful,
    /// 临时停留: only passing, loading or waiting.
    Passing,
    /// 区域有误: outside of the zone, or the zone is wrong.
    WrongZone,
    /// 画面不清: the pictures do not show enough.
    Unclear,
    /// Something else, said in the note.
    Other,
}

/// What a reviewer decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// It is a violation.
    Confirmed,
    /// It is none.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
    /// It is one that is known already.
    Duplicate {
        /// The other incident.
        of: IncidentId,
    },
    /// It is another matter; it goes on waiting under that matter.
    Reclassified {
        /// The right matter.
        matter: MatterKey,
    },
}

/// A verdict with who, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedVerdict {
    /// About which incident.
    pub incident: IncidentId,
    /// What.
    pub verdict: Verdict,
    /// Who; never empty.
    pub reviewer: String,
    /// When.
    pub at: WallTime,
    /// In the reviewer's words.
    pub note: String,
    /// Until when it may be undone; what it leads to leaves the house only then.
    pub undo_until: WallTime,
}

/// What reviewers have said about an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "review")]
pub enum Review {
    /// Nobody decided yet.
    Waiting,
    /// A reviewer confirmed it.
    Confirmed {
        /// Who.
        by: String,
        /// When.
        at: WallTime,
    },
    /// A reviewer rejected it.
    Rejected {
        /// Who.
        by: String,
        /// When.
        at: WallTime,
        /// Why.
        reason: RejectReason,
    },
    /// A reviewer found it to be another incident.
    Duplicate {
        /// Who.
        by: String,
        /// When.
        at: WallTime,
        /// The other incident.
        of: IncidentId,
    },
}

/// Why a verdict was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerdictRefused {
    /// Somebody decided before.
    #[error("incident {incident} was already decided by {by} at {at}")]
    Decided {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
        /// When.
        at: WallTime,
    },
    /// An incident cannot be its own duplicate.
    #[error("incident {0} cannot be a duplicate of itself")]
    OwnDuplicate(IncidentId),
    /// No reviewer named.
    #[error("a verdict needs a reviewer's name")]
    Nameless,
}

/// Why a verdict stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UndoRefused {
    /// There is none, or its time is long over.
    #[error("incident {0} has no verdict that could be undone")]
    Nothing(IncidentId),
    /// Somebody else gave it.
    #[error("the verdict about incident {incident} was given by {by}; only {by} can undo it")]
    Foreign {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
    },
    /// Its time is over.
    #[error("the verdict about incident {incident} could be undone until {until}")]
    Late {
        /// Which.
        incident: IncidentId,
        /// Until when.
        until: WallTime,
    },
    /// The platform is hearing of it.
    #[error("the case of incident {0} is on its way to the platform; ask the platform to void it")]
    OnItsWay(IncidentId),
}

/// A verdict that may still be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undoable {
    /// Who gave it.
    pub by: String,
    /// Until when.
    pub until: WallTime,
}

/// A colleague has an incident open. It binds nobody: of two verdicts the first is heard, lock or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentLock {
    /// Which.
    pub incident: IncidentId,
    /// Which account.
    pub holder: AccountId,
    /// How people call whoever holds it.
    pub name: String,
    /// It ends by itself then.
    pub until: WallTime,
}

/// Yes or no about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// It is a violation.
    Confirmed,
    /// It is none.
    Rejected,
}

/// What a second person thought of a decided incident without knowing the verdict. Changes nothing but statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondReview {
    /// Which incident.
    pub incident: IncidentId,
    /// Who decided.
    pub first_by: String,
    /// What.
    pub first: Opinion,
    /// Who judged again.
    pub second_by: String,
    /// What.
    pub second: Opinion,
    /// Why the second rejected it.
    pub reason: Option<RejectReason>,
    /// In the second's words.
    pub note: String,
    /// When.
    pub at: WallTime,
}

impl Review {
    /// Who decided.
    pub fn by(&self) -> Option<&str> {
        match self {
            Self::Waiting => None,
            Self::Confirmed { by, .. } | Self::Rejected { by, .. } | Self::Duplicate { by, .. } => Some(by),
        }
    }

    /// Who decided and what, where it was a plain yes or no.
    pub fn opinion(&self) -> Option<(&str, Opinion)> {
        match self {
            Self::Confirmed { by, .. } => Some((by, Opinion::Confirmed)),
            Self::Rejected { by, .. } => Some((by, Opinion::Rejected)),
            Self::Waiting | Self::Duplicate { .. } => None,
        }
    }
}

/// Proof that a person confirmed an incident. [`SignedVerdict::apply`] alone makes one; opening a case consumes it.
#[derive(Debug)]
pub struct Confirmation {
    incident: Incident,
    by: String,
    at: WallTime,
}

impl Confirmation {
    /// The confirmed incident.
    pub fn incident(&self) -> &Incident {
        &self.incident
    }
    /// Who confirmed.
    pub fn by(&self) -> &str {
        &self.by
    }
    /// When.
    pub fn at(&self) -> WallTime {
        self.at
    }
}

impl SignedVerdict {
    /// Applies the verdict to the incident as it stands.
    ///
    /// Returns the incident after it, and a [`Confirmation`] if the verdict confirmed it.
    ///
    /// # Errors
    /// [`VerdictRefused`]; the incident stays as it is.
    pub fn apply(&self, incident: Incident) -> Result<(Incident, Option<Confirmation>), VerdictRefused> {
        if self.reviewer.trim().is_empty() {
            return Err(VerdictRefused::Nameless);
        }
        match &incident.review {
            Review::Waiting => {}
            Review::Confirmed { by, at } | Review::Rejected { by, at, .. } | Review::Duplicate { by, at, .. } => {
                return Err(VerdictRefused::Decided { incident: incident.id, by: by.clone(), at: *at });
            }
        }
        let (by, at) = (self.reviewer.clone(), self.at);
        let mut after = incident;
        after.review = match &self.verdict {
            Verdict::Confirmed => Review::Confirmed { by, at },
            Verdict::Rejected { reason } => Review::Rejected { by, at, reason: *reason },
            Verdict::Duplicate { of } if *of == after.id => return Err(VerdictRefused::OwnDuplicate(after.id)),
            Verdict::Duplicate { of } => Review::Duplicate { by, at, of: *of },
            Verdict::Reclassified { matter } => {
                after.matter = matter.clone();
                Review::Waiting
            }
        };
        let confirmation = matches!(self.verdict, Verdict::Confirmed).then(|| Confirmation {
            incident: after.clone(),
            by: self.reviewer.clone(),
            at,
        });
        Ok((after, confirmation))
    }
}
