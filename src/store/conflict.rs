//! What can collide with what is stored, in the words of whoever asked: never the other one's name where it is not seen.

use crate::domain::{CaseId, DeliveryId, DisagreementId, EvidenceId, IncidentId, Thing};

/// Why something collides with what is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Not which stream: it may lie in an area that the asker does not see.
    #[error("code {0} belongs to another stream already; use another code or change that stream")]
    CodeTaken(String),
    /// An account or a token of that name.
    #[error("{what} {name} exists already; choose another name")]
    NameTaken {
        /// Which of the two.
        what: Thing,
        /// The name.
        name: String,
    },
    /// Whoever comes in by the identity provider alone.
    #[error("{0} has no password that could be changed; invite them to set one")]
    NoPassword(String),
    /// Nobody could let anybody in any more.
    #[error("{0} is the last administrator; make another one first")]
    LastAdministrator(String),
    /// A disabled account cannot be invited.
    #[error("account {0} is disabled; enable it first")]
    Disabled(String),
    /// Every name that could be made of one is taken.
    #[error("{names} accounts are called {stem}; rename some")]
    NamesSpent {
        /// What they begin with.
        stem: String,
        /// How many.
        names: u32,
    },
    /// The platform has it.
    #[error("delivery {0} is delivered already; there is nothing to replay")]
    Delivered(DeliveryId),
    /// Not drawn for a second review.
    #[error("incident {0} is not among those to be judged again; ask for the next one")]
    NotDrawn(IncidentId),
    /// Nothing of somebody else's to be judged again.
    #[error("incident {0} has no verdict of somebody else to be judged again; ask for the next one")]
    NoOtherVerdict(IncidentId),
    /// A second review is given once.
    #[error("incident {0} was judged twice already; ask for the next one")]
    JudgedTwice(IncidentId),
    /// What a colleague said is not overwritten from a page that shows less.
    #[error("disagreement {0} was judged by somebody else already; read the list again, and take that back first")]
    JudgedAlready(DisagreementId),
    /// Two that name each other as the original would both be gone.
    #[error("incident {of} was itself found to be a duplicate of {incident}; confirm or reject {incident} instead")]
    Circle {
        /// The one that would become a duplicate.
        incident: IncidentId,
        /// Its original.
        of: IncidentId,
    },
    /// Evidence that must stay.
    #[error("evidence {0} is under legal hold; lift the hold first")]
    Held(EvidenceId),
    /// The platform means another case of its own.
    #[error("case {case} is {ours} at the platform, and the callback is about {theirs}; send it with its own case")]
    OtherNumber {
        /// Our case.
        case: CaseId,
        /// The number that is known.
        ours: String,
        /// The number that came.
        theirs: String,
    },
    /// Another bundle was recorded meanwhile.
    #[error(
        "evidence {evidence} follows manifest {previous} but the chain ends with {head}; write it again after that one"
    )]
    Chain {
        /// The bundle.
        evidence: EvidenceId,
        /// What it follows.
        previous: String,
        /// What it should follow.
        head: String,
    },
    /// A cursor of no such list.
    #[error("{0:?} is no cursor of this list; begin without one")]
    Cursor(String),
    /// A word of a filter that means nothing.
    #[error("{got:?} is no {want}")]
    Word {
        /// What came.
        got: String,
        /// What it should be, with the words to choose from.
        want: &'static str,
    },
    /// A rule of the tables themselves.
    #[error("it collides with what is stored: {0}")]
    Stored(String),
}
